package chart

import (
	"html"
	"strings"
)

// Canvas is what a chart draws on: the SVG of a page, or the sheet of a printed
// report. Positions are px from the upper left corner; a canvas scales them.
type Canvas interface {
	Line(from, to Point, look Look)
	Rect(at Box, look Look)
	Circle(center Point, radius float64, look Look)
	Path(path Path, look Look)
	Text(at Point, label Label) // at is on the base line
}

// Point is a position.
type Point struct{ X, Y float64 }

// Box is a rectangle: its upper left corner, width and height.
type Box struct{ X, Y, W, H float64 }

// Look is how a shape is painted. The zero look paints nothing.
type Look struct {
	Fill, Stroke Style   // empty: none
	Alpha        float64 // of the fill; 0 is opaque
	Width        float64 // of the stroke; 0 is 1
	Dash         Dash
	Tip          string // names the shape for the pointer
}

// Dash is the pattern of a line, so that lines differ without colour.
type Dash string

// The dashes.
const (
	Solid   Dash = ""
	Dashed  Dash = "6 3"
	Dotted  Dash = "2 3"
	DashDot Dash = "8 3 2 3"
)

// Label is a text. Its size is 12 px.
type Label struct {
	Text   string
	Anchor Anchor
	Style  Style // empty: Quiet
	Strong bool
	Halo   bool // the ground shines around the letters, where they stand over shapes
}

// Anchor is the side of a text that stands at its position.
type Anchor string

// The anchors.
const (
	Start  Anchor = "start"
	Middle Anchor = "middle"
	End    Anchor = "end"
)

// Path is an outline of straight lines and cubic curves.
type Path []Segment

// Segment is one stroke of a path: M and L end at To, C is a curve to it by two
// control points, Z closes.
type Segment struct {
	Op     byte
	C1, C2 Point
	To     Point
}

// Move starts a path, or a new part of it.
func (p Path) Move(x, y float64) Path { return append(p, Segment{Op: 'M', To: Point{x, y}}) }

// To goes straight on.
func (p Path) To(x, y float64) Path { return append(p, Segment{Op: 'L', To: Point{x, y}}) }

// Curve goes on in a curve.
func (p Path) Curve(c1, c2, to Point) Path {
	return append(p, Segment{Op: 'C', C1: c1, C2: c2, To: to})
}

// Close goes back to the start of the part.
func (p Path) Close() Path { return append(p, Segment{Op: 'Z'}) }

// On draws the chart on another canvas than its SVG.
func (d Drawing) On(c Canvas) {
	for _, shape := range d.shapes {
		shape(c)
	}
}

// sketch records shapes, so that every canvas gets the same ones.
type sketch struct{ shapes []func(Canvas) }

func (s *sketch) Line(from, to Point, look Look) {
	s.shapes = append(s.shapes, func(c Canvas) { c.Line(from, to, look) })
}

func (s *sketch) Rect(at Box, look Look) {
	s.shapes = append(s.shapes, func(c Canvas) { c.Rect(at, look) })
}

func (s *sketch) Circle(center Point, radius float64, look Look) {
	s.shapes = append(s.shapes, func(c Canvas) { c.Circle(center, radius, look) })
}

func (s *sketch) Path(path Path, look Look) {
	s.shapes = append(s.shapes, func(c Canvas) { c.Path(path, look) })
}

func (s *sketch) Text(at Point, label Label) {
	s.shapes = append(s.shapes, func(c Canvas) { c.Text(at, label) })
}

// svg writes shapes as SVG.
type svg struct{ c *canvas }

func (s svg) Line(from, to Point, look Look) {
	s.c.put(`<line x1="`, px(from.X), `" y1="`, px(from.Y), `" x2="`, px(to.X), `" y2="`, px(to.Y), `"`)
	s.look("line", look)
}

func (s svg) Rect(at Box, look Look) {
	s.c.put(`<rect x="`, px(at.X), `" y="`, px(at.Y), `" width="`, px(at.W), `" height="`, px(at.H), `"`)
	s.look("rect", look)
}

func (s svg) Circle(center Point, radius float64, look Look) {
	s.c.put(`<circle cx="`, px(center.X), `" cy="`, px(center.Y), `" r="`, px(radius), `"`)
	s.look("circle", look)
}

func (s svg) Path(path Path, look Look) {
	s.c.put(`<path d="`)
	for _, g := range path {
		s.c.put(string(g.Op))
		switch g.Op {
		case 'C':
			s.c.put(px(g.C1.X), ` `, px(g.C1.Y), ` `, px(g.C2.X), ` `, px(g.C2.Y), ` `, px(g.To.X), ` `, px(g.To.Y))
		case 'M', 'L':
			s.c.put(px(g.To.X), ` `, px(g.To.Y))
		}
	}
	s.c.put(`"`)
	s.look("path", look)
}

// look writes the paint of an open element and closes it.
func (s svg) look(element string, l Look) {
	class := l.Stroke
	if class == "" {
		class = l.Fill
	}
	s.c.put(` class="ch-`, string(class), `"`)
	if element != "line" {
		fill := "none"
		if l.Fill != "" {
			fill = l.Fill.paint()
		}
		s.c.put(` fill="`, fill, `"`)
		if l.Fill != "" && l.Alpha > 0 && l.Alpha < 1 {
			s.c.put(` fill-opacity="`, decimals(l.Alpha, 2), `"`)
		}
	}
	if l.Stroke != "" {
		s.c.put(` stroke="`, l.Stroke.paint(), `"`)
		if l.Width > 0 && l.Width != 1 {
			s.c.put(` stroke-width="`, px(l.Width), `"`)
		}
		if l.Dash != Solid {
			s.c.put(` stroke-dasharray="`, string(l.Dash), `"`)
		}
	}
	if l.Tip == "" {
		s.c.put(`/>`)
		return
	}
	s.c.put(`>`)
	s.c.tip(l.Tip)
	s.c.put(`</`, element, `>`)
}

func (s svg) Text(at Point, l Label) {
	style, weight := l.Style, ""
	if style == "" {
		style = Quiet
	}
	if l.Strong {
		weight = ` font-weight="700"`
	}
	if l.Halo {
		weight += ` paint-order="stroke" stroke="` + Ground.paint() + `" stroke-width="3" stroke-linejoin="round"`
	}
	s.c.put(`<text x="`, px(at.X), `" y="`, px(at.Y), `" text-anchor="`, string(l.Anchor), `" fill="`, style.paint(), `"`, weight, `>`,
		html.EscapeString(strings.TrimSpace(l.Text)), `</text>`)
}
