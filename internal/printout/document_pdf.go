package printout

import (
	"fmt"
	"io"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/chart"
)

// WritePDF writes a document as A4 PDF.
func WritePDF(w io.Writer, d Document) error {
	fonts, err := loadFonts()
	if err != nil {
		return err
	}
	f := Form{Title: d.Title, Bottom: []string{d.Foot}, Made: d.Made, Rare: d.Rare}
	if d.Pages != nil {
		f.Pages = func(page, of int) string { return d.Pages(strconv.Itoa(page), strconv.Itoa(of)) }
	}
	for pages := 1; ; { // the number of pages stands on each: lay out until it is right
		p := newPen(f, fonts, pages)
		p.cover(d)
		for _, b := range d.Blocks {
			p.block(b)
		}
		p.remarks()
		if err := p.pdf.Error(); err != nil {
			return fmt.Errorf("printout: %w", err)
		}
		if p.page == pages {
			if err := p.pdf.Output(w); err != nil {
				return fmt.Errorf("printout: %w", err)
			}
			return nil
		}
		pages = p.page
	}
}

func (p *pen) cover(d Document) {
	p.y += 4
	for _, line := range p.wrap(d.Title, content, titleSize) {
		p.strong(margin+(content-p.width(line, titleSize))/2, p.y, line, titleSize)
		p.y += lineHeight(titleSize)
	}
	p.y += 2
	for i, text := range d.Filing {
		x := margin
		if n := len(d.Filing) - 1; n > 0 {
			x += float64(i) / float64(n) * (content - p.width(text, smallSize))
		}
		p.text(x, p.y, text, smallSize)
	}
	p.y += lineHeight(smallSize) + 1
	for _, text := range d.Filters {
		p.lines(text, smallSize)
	}
	p.y += 2
}

// lines writes text over the width of the page.
func (p *pen) lines(text string, size float64) {
	for _, line := range p.wrap(text, content, size) {
		p.room(lineHeight(size))
		p.text(margin, p.y, line, size)
		p.y += lineHeight(size)
	}
}

// room begins a new page unless so much is left on this one.
func (p *pen) room(height float64) {
	if p.y+height > bottom {
		p.newPage()
	}
}

func (p *pen) block(b Block) {
	switch b := b.(type) {
	case Heading:
		size := 14.0 - 1.5*float64(b.Level)
		p.room(lineHeight(size) + 24) // a heading does not end a page
		p.y += 3
		for _, line := range p.wrap(b.Text, content, size) {
			p.strong(margin, p.y, line, size)
			p.y += lineHeight(size)
		}
		p.y += 1.5
	case Paragraph:
		p.lines(b.Text, textSize)
		p.y += 2
	case Grid:
		p.grid(b)
	case Columns:
		p.chart(b)
	case Picture:
		p.charts([]chart.Drawing{b.Drawing})
	case Terms:
		rows := make([]Row, len(b.Items))
		for i, x := range b.Items {
			rows[i] = Row{{Text: x[0], Width: 3, Head: true}, {Text: x[1], Width: 7}}
		}
		p.table(rows)
	case Signatures:
		row := make(Row, 0, 2*len(b.Fields))
		for _, f := range b.Fields {
			row = append(row, Cell{Text: f, Width: 2, Head: true}, Cell{Width: 3, Tall: 3})
		}
		p.room(24)
		p.table([]Row{row})
	}
}

// grid draws a table with its head on every page.
func (p *pen) grid(g Grid) {
	head := make(Row, len(g.Head))
	for i, h := range g.Head {
		head[i] = Cell{Text: h, Width: g.widthOf(i), Head: true, Right: i >= g.Left, Bold: true}
	}
	p.room(lineHeight(textSize) + p.tall(head) + 10)
	if g.Caption != "" {
		p.strong(margin, p.y, g.Caption, textSize)
		p.y += lineHeight(textSize) + 0.5
	}
	p.put(head)
	for n, cells := range g.Rows {
		row := make(Row, len(cells))
		for i, text := range cells {
			row[i] = Cell{Text: text, Width: g.widthOf(i), Right: i >= g.Left, Bold: g.Total && n == len(g.Rows)-1}
		}
		if p.y+p.tall(row) > bottom {
			p.newPage()
			p.put(head)
		}
		p.put(row)
	}
	p.y += 1
	if g.Note != "" {
		p.lines(g.Note, smallSize)
	}
	p.y += 3
}

func (p *pen) tall(row Row) float64 {
	height := 0.0
	for _, c := range p.measure(row) {
		height = max(height, float64(max(len(c.lines), c.Tall))*lineHeight(textSize)+2*pad)
	}
	return height
}

// put draws a row, over several pages when it is longer than one.
func (p *pen) put(row Row) {
	cells := p.measure(row)
	for len(cells) > 0 {
		cells = p.drawRow(cells, max(int((bottom-p.y-2*pad)/lineHeight(textSize)), 1))
		if len(cells) > 0 {
			p.newPage()
		}
	}
}

func (p *pen) chart(c Columns) {
	p.room(chartHeight + 2*lineHeight(textSize))
	p.strong(margin, p.y, c.Title, textSize)
	p.y += lineHeight(textSize) + 1
	c.draw(paperSurface{p, p.y}, content)
	p.y += chartHeight
	if c.Note != "" {
		p.lines(c.Note, smallSize)
	}
	p.y += 3
}

// paperSurface draws a chart on the page.
type paperSurface struct {
	*pen
	top float64
}

func (s paperSurface) bar(x, y, w, h float64) {
	s.pdf.SetFillColor(36, 92, 79)
	s.pdf.Rect(margin+x, s.top+y, w, h, "F")
}

func (s paperSurface) rule(x1, y1, x2, y2 float64) {
	s.pdf.Line(margin+x1, s.top+y1, margin+x2, s.top+y2)
}

func (s paperSurface) label(x, y float64, text string) {
	s.text(margin+x-s.extent(text)/2, s.top+y, text, labelSize)
}

func (s paperSurface) extent(text string) float64 { return s.width(text, labelSize) }
