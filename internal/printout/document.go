package printout

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/chart"
)

// Document is a report as blocks, written as PDF or as Word file: the same words,
// tables and figures in both. The same document gives the same bytes.
type Document struct {
	Title   string
	Filing  []string // reporting unit, made by, date: one line under the title
	Filters []string // what it covers, one line each
	Blocks  []Block
	Foot    string                       // at the foot of every page, left
	Pages   func(page, of string) string // page n of m; Word counts by itself
	Rare    func(list string) string     // names characters no font has
	Made    time.Time
}

// Block is one part of a document.
type Block interface{ isBlock() }

// Heading begins a section; level 1 is the highest.
type Heading struct {
	Level int
	Text  string
}

// Paragraph is running text.
type Paragraph struct{ Text string }

// Grid is a table whose head repeats on every page.
type Grid struct {
	Caption string
	Head    []string
	Widths  []int // shares; empty: equal
	Left    int   // columns that are text; the others are figures
	Rows    [][]string
	Total   bool // the last row is the total
	Note    string
}

// Columns is a chart of one value for each label. Hidden values are gaps.
type Columns struct {
	Title, Note string
	Labels      []string
	Values      []int64
	Hidden      []bool
	Format      func(int64) string
}

// Picture is a chart as the pages draw it: its finding, the picture, its note.
type Picture struct{ Drawing chart.Drawing }

// Terms explains words: the definitions of the figures.
type Terms struct{ Items [][2]string }

// Signatures is the block where people sign.
type Signatures struct{ Fields []string }

func (Heading) isBlock()    {}
func (Paragraph) isBlock()  {}
func (Grid) isBlock()       {}
func (Columns) isBlock()    {}
func (Picture) isBlock()    {}
func (Terms) isBlock()      {}
func (Signatures) isBlock() {}

// widthOf is the share of a column.
func (g Grid) widthOf(i int) int {
	if i < len(g.Widths) {
		return g.Widths[i]
	}
	return 1
}

func (c Columns) hidden(i int) bool { return i < len(c.Hidden) && c.Hidden[i] }

func (c Columns) most() int64 {
	most := int64(1)
	for i, v := range c.Values {
		if !c.hidden(i) {
			most = max(most, v)
		}
	}
	return most
}

// Millimetres of a chart.
const (
	chartHeight = 58.0
	chartBase   = 7.0 // below the axis, for labels
	chartTop    = 6.0
	labelSize   = 7.0
)

// surface is what a chart is drawn on; millimetres from the upper left.
type surface interface {
	bar(x, y, w, h float64)
	rule(x1, y1, x2, y2 float64)
	label(x, y float64, text string) // centred
	extent(text string) float64
}

// draw puts the columns on a surface of a width.
func (c Columns) draw(s surface, width float64) {
	n := len(c.Values)
	if n == 0 {
		return
	}
	band := width / float64(n)
	bar := min(band*0.62, 16)
	axis := chartHeight - chartBase
	widest := 0.0
	for _, l := range c.Labels {
		widest = max(widest, s.extent(l)+2)
	}
	every := max(int(widest/band)+1, 1)
	if widest <= band {
		every = 1
	}
	for i, v := range c.Values {
		mid := (float64(i) + 0.5) * band
		if i%every == 0 && i < len(c.Labels) {
			s.label(mid, axis+2, c.Labels[i])
		}
		text := "*"
		if !c.hidden(i) {
			h := (axis - chartTop) * float64(v) / float64(c.most())
			s.bar(mid-bar/2, axis-h, bar, h)
			text = c.Format(v)
			if s.extent(text) <= band {
				s.label(mid, axis-h-4.2, text)
			}
			continue
		}
		s.label(mid, axis-4.2, text)
	}
	s.rule(0, axis, width, axis)
}
