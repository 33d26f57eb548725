package printout

import (
	"math"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/chart"
)

// sheet is a part of a page as a canvas of charts. It prints in grey: shape,
// dash and the words of a chart tell what colour tells on the screen.
type sheet struct {
	p    *pen
	x, y float64 // of the upper left corner, mm
	k    float64 // mm a px
}

// charts draws pictures below each other, each with its finding above and its
// note below, as wide as the page; one that does not fit begins a new page.
func (p *pen) charts(drawings []chart.Drawing) {
	for _, d := range drawings {
		if d.Width <= 0 || d.Height <= 0 {
			continue
		}
		title, note := p.wrap(d.Title, content, textSize), p.wrap(d.Note, content, smallSize)
		words := float64(len(title))*lineHeight(textSize) + float64(len(note))*lineHeight(smallSize) + 4
		k := min(content/d.Width, (bottom-margin-10-words)/d.Height)
		if p.y+words+k*d.Height > bottom {
			p.newPage()
		}
		for _, line := range title {
			p.strong(margin, p.y, line, textSize)
			p.y += lineHeight(textSize)
		}
		d.On(sheet{p, margin, p.y, k})
		p.y += k*d.Height + 1
		for _, line := range note {
			p.text(margin, p.y, line, smallSize)
			p.y += lineHeight(smallSize)
		}
		p.y += 3
	}
}

func (s sheet) at(q chart.Point) (x, y float64) { return s.x + s.k*q.X, s.y + s.k*q.Y }

// grey is the brightness of a style as the eye sees it.
func grey(s chart.Style) int {
	rgb, err := strconv.ParseUint(strings.TrimPrefix(s.Token().Light, "#"), 16, 32)
	if err != nil {
		return 0
	}
	return int(0.299*float64(rgb>>16) + 0.587*float64(rgb>>8&0xff) + 0.114*float64(rgb&0xff))
}

// paint sets the pen for a look, draws, and puts the pen back.
func (s sheet) paint(l chart.Look, draw func(style string)) {
	style, pdf := "", s.p.pdf
	if l.Fill != "" {
		g := grey(l.Fill)
		if l.Alpha > 0 && l.Alpha < 1 { // mixed with the paper: old printers know no transparency
			g = 255 - int(l.Alpha*float64(255-g))
		}
		pdf.SetFillColor(g, g, g)
		style = "F"
	}
	if l.Stroke != "" {
		g := grey(l.Stroke)
		pdf.SetDrawColor(g, g, g)
		pdf.SetLineWidth(s.k * math.Max(l.Width, 1))
		pdf.SetDashPattern(s.dashes(l.Dash), 0)
		style += "D"
	}
	if style == "" {
		return
	}
	draw(style)
	pdf.SetDrawColor(0, 0, 0)
	pdf.SetLineWidth(0.2)
	pdf.SetDashPattern(nil, 0)
}

func (s sheet) dashes(d chart.Dash) []float64 {
	var ds []float64
	for _, f := range strings.Fields(string(d)) {
		if v, err := strconv.ParseFloat(f, 64); err == nil {
			ds = append(ds, v*s.k)
		}
	}
	return ds
}

func (s sheet) Line(from, to chart.Point, look chart.Look) {
	look.Fill = ""
	s.paint(look, func(string) {
		x1, y1 := s.at(from)
		x2, y2 := s.at(to)
		s.p.pdf.Line(x1, y1, x2, y2)
	})
}

func (s sheet) Rect(b chart.Box, look chart.Look) {
	s.paint(look, func(style string) {
		x, y := s.at(chart.Point{X: b.X, Y: b.Y})
		s.p.pdf.Rect(x, y, s.k*b.W, s.k*b.H, style)
	})
}

func (s sheet) Circle(center chart.Point, radius float64, look chart.Look) {
	s.paint(look, func(style string) {
		x, y := s.at(center)
		s.p.pdf.Circle(x, y, s.k*radius, style)
	})
}

func (s sheet) Path(path chart.Path, look chart.Look) {
	s.paint(look, func(style string) {
		for _, g := range path {
			x, y := s.at(g.To)
			switch g.Op {
			case 'M':
				s.p.pdf.MoveTo(x, y)
			case 'L':
				s.p.pdf.LineTo(x, y)
			case 'C':
				x1, y1 := s.at(g.C1)
				x2, y2 := s.at(g.C2)
				s.p.pdf.CurveBezierCubicTo(x1, y1, x2, y2, x, y)
			case 'Z':
				s.p.pdf.ClosePath()
			}
		}
		s.p.pdf.DrawPath(style)
	})
}

func (s sheet) Text(at chart.Point, l chart.Label) {
	const px = 12.0
	size := px * s.k / pointMM
	x, y := s.at(at)
	width := s.p.width(l.Text, size)
	switch l.Anchor {
	case chart.Middle:
		x -= width / 2
	case chart.End:
		x -= width
	}
	if l.Halo {
		s.p.pdf.SetFillColor(255, 255, 255)
		s.p.pdf.Rect(x-0.3, y-s.k*10, width+0.6, s.k*12.5, "F")
	}
	y -= size * pointMM * (baseline + (leading-1)/2) // text takes its upper edge
	if l.Strong {
		s.p.strong(x, y, l.Text, size)
	} else {
		s.p.text(x, y, l.Text, size)
	}
}
