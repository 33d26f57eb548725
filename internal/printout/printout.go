// Package printout writes the forms of the house as A4 PDF files.
//
// A [Form] is words and amounts in the order of the paper; the forms are built
// from plain values in forms.go and know nothing of records. The text in the
// file can be searched and copied, and of the fonts only the glyphs in use are
// embedded. The same form gives the same bytes.
//
// Lines are broken here and not by the library, because Chinese breaks between
// any two characters but not before a full stop, and because a name may need a
// second font in the middle of a line. A character in neither font is printed as
// 〓 and named at the foot of the page: a name never loses a letter silently.
package printout

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/shanhai-health/shanhai/internal/chart"
)

// Cell is one cell of a row.
type Cell struct {
	Text  string
	Width int  // share of the row; 0 is 1
	Head  bool // a label: grey ground
	Bold  bool // drawn with a second stroke; there is one weight of the font
	Right bool // amounts
	Tall  int  // lines the cell has at least, for signatures
}

// Row is a row of cells that stays together on a page, unless it is longer than one.
type Row []Cell

// Form is a printed form.
type Form struct {
	Title  string
	Left   string          // above the title
	Notes  []string        // below the title, spread over the line
	Tables [][]Row         // each with a gap before it
	Charts []chart.Drawing // below the tables, each with its finding and its note
	Foot   string          // remark below the last table
	Bottom []string        // at the foot of every page: left and right
	Pages  func(page, of int) string
	Code   string // the short code, already labelled
	How    string // how to check the form
	Token  string // content of the QR code; empty: none
	Rare   func(list string) string
	Made   time.Time // date of the file
}

// Millimetres of the page.
const (
	pageWidth   = 210.0
	pageHeight  = 297.0
	margin      = 15.0
	bottom      = pageHeight - 18
	content     = pageWidth - 2*margin
	pad         = 1.4
	textSize    = 9.5 // points
	smallSize   = 8.0
	titleSize   = 17.0
	pointMM     = 25.4 / 72
	leading     = 1.36
	qrSize      = 27.0
	baseline    = 0.8 // of the size, from the top of a line
	strokeShift = 0.12
)

// pen draws on a growing document.
type pen struct {
	pdf      *fpdf.Fpdf
	fonts    *fontSet
	embedded map[string]bool // fonts in the file so far
	form     Form
	y        float64
	page     int
	of       int
}

// Write writes the form as PDF.
func Write(w io.Writer, f Form) error {
	fonts, err := loadFonts()
	if err != nil {
		return err
	}
	pages := 1
	for { // the number of pages stands on each: lay out until it is right
		p, err := draw(f, fonts, pages)
		if err != nil {
			return err
		}
		if p.page == pages {
			var out bytes.Buffer
			if err := p.pdf.Output(&out); err != nil {
				return fmt.Errorf("printout: %w", err)
			}
			_, err = w.Write(out.Bytes())
			return err
		}
		pages = p.page
	}
}

// newPen begins a document.
func newPen(f Form, fonts *fontSet, pages int) *pen {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(f.Made.UTC())
	pdf.SetModificationDate(f.Made.UTC())
	pdf.SetTitle(f.Title, true)
	pdf.SetProducer("Shanhai", false)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(margin, margin, margin)
	pdf.SetLineWidth(0.2)
	p := &pen{pdf: pdf, fonts: fonts.fresh(), embedded: map[string]bool{}, form: f, of: pages}
	p.newPage()
	return p
}

func draw(f Form, fonts *fontSet, pages int) (*pen, error) {
	p := newPen(f, fonts, pages)
	if err := p.head(); err != nil {
		return nil, err
	}
	for _, table := range f.Tables {
		p.table(table)
	}
	p.charts(f.Charts)
	p.remarks()
	return p, p.pdf.Error()
}

func (p *pen) newPage() {
	p.pdf.AddPage()
	p.page++
	p.y = margin
	y := pageHeight - 12
	for i, text := range p.form.Bottom {
		x := margin
		if i > 0 {
			x = pageWidth - margin - p.width(text, smallSize)
		}
		p.text(x, y, text, smallSize)
	}
	if p.form.Pages != nil {
		text := p.form.Pages(p.page, p.of)
		p.text((pageWidth-p.width(text, smallSize))/2, y, text, smallSize)
	}
	if p.page > 1 { // whoever holds a later sheet knows where it belongs
		p.text(margin, p.y, p.form.Title, smallSize)
		p.text(pageWidth-margin-p.width(p.form.Code, smallSize), p.y, p.form.Code, smallSize)
		p.y += 7
	}
}

// head is the title with the code beside it.
func (p *pen) head() error {
	f := p.form
	room := content
	if f.Token != "" {
		room -= qrSize + 4
		if err := p.qr(pageWidth-margin-qrSize, margin, f.Token); err != nil {
			return err
		}
	}
	p.text(margin, p.y, f.Left, smallSize)
	p.y += 8
	for _, line := range p.wrap(f.Title, room, titleSize) {
		p.strong(margin+(room-p.width(line, titleSize))/2, p.y, line, titleSize)
		p.y += lineHeight(titleSize)
	}
	p.y += 1
	for _, text := range []string{f.Code, f.How} {
		for _, line := range p.wrap(text, room, smallSize) {
			p.text(margin, p.y, line, smallSize)
			p.y += lineHeight(smallSize)
		}
	}
	if f.Token != "" {
		p.y = max(p.y, margin+qrSize+2)
	}
	for i, note := range f.Notes {
		x := margin
		if n := len(f.Notes) - 1; n > 0 {
			x += float64(i) / float64(n) * (content - p.width(note, smallSize))
		}
		p.text(x, p.y, note, smallSize)
	}
	p.y += 6
	return nil
}

// table draws rows; one that does not fit begins a new page.
func (p *pen) table(rows []Row) {
	for _, row := range rows {
		cells := p.measure(row)
		height := 0.0
		for _, c := range cells {
			height = max(height, float64(max(len(c.lines), c.Tall))*lineHeight(textSize)+2*pad)
		}
		if p.y+height > bottom && height <= bottom-margin-10 {
			p.newPage()
		}
		for len(cells) > 0 { // a row longer than a page goes on over the next ones
			room := int((bottom - p.y - 2*pad) / lineHeight(textSize))
			cells = p.drawRow(cells, max(room, 1))
			if len(cells) > 0 {
				p.newPage()
			}
		}
	}
	p.y += 3
}

// measured is a cell with its place and its lines.
type measured struct {
	Cell
	x, w  float64
	lines []string
}

func (p *pen) measure(row Row) []measured {
	total := 0
	for _, c := range row {
		total += max(c.Width, 1)
	}
	x := margin
	out := make([]measured, len(row))
	for i, c := range row {
		w := content * float64(max(c.Width, 1)) / float64(total)
		out[i] = measured{c, x, w, p.wrap(c.Text, w-2*pad, textSize)}
		x += w
	}
	return out
}

// drawRow draws at most room lines of each cell and returns what is left.
func (p *pen) drawRow(cells []measured, room int) []measured {
	lines, more := 0, false
	for _, c := range cells {
		lines = max(lines, min(max(len(c.lines), c.Tall), room))
		more = more || len(c.lines) > room
	}
	height := float64(lines)*lineHeight(textSize) + 2*pad
	for i := range cells {
		c := &cells[i]
		style := "D"
		if c.Head {
			p.pdf.SetFillColor(240, 240, 238)
			style = "FD"
		}
		p.pdf.Rect(c.x, p.y, c.w, height, style)
		n := min(len(c.lines), room)
		for j, line := range c.lines[:n] {
			x := c.x + pad
			if c.Right {
				x = c.x + c.w - pad - p.width(line, textSize)
			}
			y := p.y + pad + float64(j)*lineHeight(textSize)
			if c.Bold {
				p.strong(x, y, line, textSize)
			} else {
				p.text(x, y, line, textSize)
			}
		}
		c.lines, c.Tall = c.lines[n:], 0
	}
	p.y += height
	if !more {
		return nil
	}
	return cells
}

// remarks are the note of the form and the characters no font has.
func (p *pen) remarks() {
	texts := []string{p.form.Foot}
	if rare := p.fonts.missing(); rare != "" && p.form.Rare != nil {
		texts = append(texts, p.form.Rare(rare))
	}
	for _, text := range texts {
		for _, line := range p.wrap(text, content, smallSize) {
			if p.y+lineHeight(smallSize) > bottom {
				p.newPage()
			}
			p.text(margin, p.y, line, smallSize)
			p.y += lineHeight(smallSize)
		}
	}
}

func lineHeight(size float64) float64 { return size * pointMM * leading }
