// Package chart draws figures as SVG, each with the table of the same numbers.
//
// A chart is made from plain numbers and words the caller has already put into
// the reader's language; nothing is read or looked up here, so the same input
// gives the same bytes. Colours are the custom properties of the style sheet
// with the light value as fallback: dark theme and print follow the page, and a
// downloaded picture still has its colours. There are no style attributes: the
// content security policy of the house forbids them.
//
// Counts and money stay integers ([Frame]); only what statistics computes is
// floating point ([Plot]). Every chart draws on a [Canvas], so a printed report
// has the same picture as the page.
package chart

import (
	"html"
	"math"
	"strconv"
	"strings"
)

// Missing marks a value that is not known; it is drawn as a gap, never as 0.
const Missing = math.MinInt64

// Frame is what all charts have in common.
type Frame struct {
	ID      string // unique on the page: letters, digits, dashes
	Title   string // the finding, as a sentence
	Note    string // numbers, denominator, limits of the claim
	Width   int    // drawn width in px; 0: 520. On a phone draw narrower, do not shrink
	Heads   []string
	Format  func(int64) string // a value as people read it; nil: plain digits
	Tick    func(int64) string // a value on the axis; nil: Format
	Unknown string             // what the table shows for Missing; empty: –
	Blank   string             // the sentence in the place of a picture without data; empty: there is no picture

	again func(Frame) Drawing // draws the chart in another frame
}

// Drawing is a finished chart: the picture and the table behind it.
type Drawing struct {
	SVG   string // escaped, safe to put into a page as it is
	Title string
	Note  string
	Heads []string
	Rows  []Row

	Width, Height float64 // of what [Drawing.On] draws, in px
	shapes        []func(Canvas)
	frame         Frame
}

// At draws the same chart for another width, as for a phone: shrunk, its words
// could not be read. Both may stand on one page.
func (d Drawing) At(width int) Drawing {
	if d.frame.again == nil {
		return d
	}
	f := d.frame
	f.ID, f.Width = f.ID+"-"+strconv.Itoa(width), width
	return f.again(f)
}

// Empty reports whether there is no picture: no data, and no sentence that says so.
func (d Drawing) Empty() bool { return d.SVG == "" }

// Row is one row of the table: the first cell names it, the others are numbers
// or remarks. Style is the colour of its mark, if it has one.
type Row struct {
	Cells []string
	Style Style
	Total bool
}

// Series is one set of values, one for each category.
type Series struct {
	Name   string
	Style  Style
	Values []int64
}

func (f Frame) width() float64 {
	if f.Width <= 0 {
		return 520
	}
	return float64(max(f.Width, 240))
}

func (f Frame) say(v int64) string {
	switch {
	case v == Missing && f.Unknown == "":
		return "–"
	case v == Missing:
		return f.Unknown
	case f.Format == nil:
		return strings.Replace(strconv.FormatInt(v, 10), "-", "−", 1)
	}
	return f.Format(v)
}

func (f Frame) tick(v int64) string {
	if f.Tick != nil {
		return f.Tick(v)
	}
	return f.say(v)
}

// id keeps the identifier to what is safe in an attribute and a url().
func (f Frame) id() string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, "ch-"+f.ID)
}

// drawing puts the finished canvas and the table together.
func (f Frame) drawing(c *canvas, height float64, rows []Row) Drawing {
	id := f.id()
	var b strings.Builder
	b.WriteString(`<svg class="chart" xmlns="http://www.w3.org/2000/svg" width="` + px(f.width()) + `" height="` + px(height) +
		`" viewBox="0 0 ` + px(f.width()) + ` ` + px(height) + `" role="img" aria-labelledby="` + id + `-t ` + id + `-d" font-size="12">` +
		`<title id="` + id + `-t">` + html.EscapeString(f.Title) + `</title><desc id="` + id + `-d">` + html.EscapeString(f.Note) + `</desc>`)
	if c.hatched {
		b.WriteString(`<defs><pattern id="` + id + `-h" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
			`<rect width="6" height="6" fill="` + Assistance.paint() + `"/><rect width="3.4" height="6" fill="` + Waiver.paint() + `"/></pattern></defs>`)
	}
	b.WriteString(c.b.String() + `</svg>`)
	return Drawing{SVG: b.String(), Title: f.Title, Note: f.Note, Heads: f.Heads, Rows: rows, Width: f.width(), Height: height, shapes: c.shapes, frame: f}
}

// canvas writes the shapes of one chart, and keeps them for other canvases.
type canvas struct {
	b strings.Builder
	sketch
	texts
	id      string
	hatched bool
}

func (f Frame) canvas() *canvas { return &canvas{id: f.id(), texts: texts{width: f.width()}} }

// px writes a position with at most one decimal.
func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func (c *canvas) put(parts ...string) {
	for _, p := range parts {
		c.b.WriteString(p)
	}
}

// box is a rectangle: its upper left corner, width and height.
type box struct{ x, y, w, h float64 }

// bar draws a rectangle in a style; Bill is hollow, Waiver hatched, and the
// palest layer has an outline because its fill alone is too light.
func (c *canvas) bar(s Style, b box, tip string) {
	fill, extra := s.paint(), ""
	switch s {
	case Bill:
		fill, extra = "none", ` stroke="`+ink+`" stroke-width="1.5"`
	case Waiver:
		c.hatched, fill = true, `url(#`+c.id+`-h)`
	case Assistance:
		extra = ` stroke="` + Critical.paint() + `"`
	}
	look := Look{Fill: s}
	switch s {
	case Bill:
		look = Look{Stroke: Ink, Width: 1.5}
	case Assistance:
		look.Stroke = Critical
	}
	c.Rect(Box{b.x, b.y, b.w, b.h}, look)
	if s == Waiver { // without colours the outline tells it from its neighbours
		c.Rect(Box{b.x, b.y, b.w, b.h}, Look{Stroke: Ink, Dash: Dotted})
	}
	c.put(`<rect class="ch-`, string(s), `" x="`, px(b.x), `" y="`, px(b.y), `" width="`, px(b.w), `" height="`, px(b.h), `" fill="`, fill, `"`, extra, `>`)
	c.tip(tip)
	c.put(`</rect>`)
}

// tip names a shape for the pointer and for screen readers that look inside.
func (c *canvas) tip(s string) {
	if s != "" {
		c.put(`<title>`, html.EscapeString(s), `</title>`)
	}
}

// line draws a straight rule of a kind: grid, axis or carry.
func (c *canvas) line(kind string, x1, y1, x2, y2 float64) {
	colour, dash := "var(--line,#D6DFDC)", ""
	switch kind {
	case "axis":
		colour = "var(--line-strong,#738784)"
	case "carry":
		colour, dash = "var(--line-strong,#738784)", ` stroke-dasharray="2 3"`
	}
	look := Look{Stroke: Grid}
	if kind != "grid" {
		look.Stroke = Axis
	}
	if kind == "carry" {
		look.Dash = Dotted
	}
	c.Line(Point{x1, y1}, Point{x2, y2}, look)
	c.put(`<line class="ch-`, kind, `" x1="`, px(x1), `" y1="`, px(y1), `" x2="`, px(x2), `" y2="`, px(y2), `" stroke="`, colour, `"`, dash, `/>`)
}

const (
	ink    = "var(--ink,#14252A)"
	inkTwo = "var(--ink-2,#42565A)"
)

// text writes a label; anchor is start, middle or end.
func (c *canvas) text(x, y float64, anchor string, strong bool, s string) {
	colour, weight := inkTwo, ""
	if strong {
		colour, weight = ink, ` font-weight="700"`
	}
	c.Text(Point{x, y}, Label{Text: s, Anchor: Anchor(anchor), Strong: strong})
	c.put(`<text x="`, px(x), `" y="`, px(y), `" text-anchor="`, anchor, `" fill="`, colour, `"`, weight, `>`, html.EscapeString(s), `</text>`)
}

// room writes a label as text does, moved sideways into the picture and left out
// where it would cover another one: the table has it.
func (c *canvas) room(x, y float64, anchor string, strong bool, s string) {
	l := Label{Text: s, Anchor: Anchor(anchor), Strong: strong}
	if at := c.into(Point{x, y}, l); c.take(at, l) {
		c.text(at.X, at.Y, anchor, strong, s)
	}
}

// textWidth estimates a width at 12 px: Han letters and full-width signs are
// square, others a little over half.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case r >= 0x2E80:
			w += 12
		case r == ',' || r == '.' || r == ' ' || r == '\'':
			w += 3.6
		default:
			w += 7
		}
	}
	return w
}

// fit shortens a label to a width; the table has it whole. Where not one letter
// has room nothing is left: a lone … says nothing.
func fit(s string, width float64) string {
	if textWidth(s) <= width {
		return s
	}
	rs := []rune(s)
	for len(rs) > 0 && textWidth(string(rs))+12 > width {
		rs = rs[:len(rs)-1]
	}
	if len(rs) == 0 {
		return ""
	}
	return string(rs) + "…"
}

// twoLines breaks a label that is wider than a width at the last space or hyphen
// that leaves its first line within it; a label without one stays on one line.
// Either line is shortened where it is still too wide.
func twoLines(s string, width float64) []string {
	if textWidth(s) > width {
		for i := len(s) - 1; i > 0; i-- {
			if first := strings.TrimSuffix(s[:i], " "); (s[i-1] == ' ' || s[i-1] == '-') && textWidth(first) <= width {
				return []string{first, fit(s[i:], width)}
			}
		}
	}
	return []string{fit(s, width)}
}

// scale is a value axis: round steps that cover the values and 0.
type scale struct {
	lo, hi, step int64
}

// newScale finds about four round steps.
func newScale(lo, hi int64) scale {
	lo, hi = min(lo, 0), max(hi, 0)
	if lo == hi {
		hi = 1
	}
	rough, step := max((hi-lo)/4, 1), int64(1)
	for step*10 <= rough {
		step *= 10
	}
	switch {
	case rough > step*5:
		step *= 10
	case rough > step*2:
		step *= 5
	case rough > step:
		step *= 2
	}
	up := (hi + step - 1) / step * step
	down := -((-lo + step - 1) / step * step)
	return scale{down, up, step}
}

// exact ends the axis at the values themselves, where it carries no labels and
// the room is better used by the bars.
func (s scale) exact(lo, hi int64) scale {
	if lo < hi {
		s.lo, s.hi = lo, hi
	}
	return s
}

// at maps a value to a position between a and b.
func (s scale) at(v int64, a, b float64) float64 {
	return a + (b-a)*(float64(v)-float64(s.lo))/(float64(s.hi)-float64(s.lo))
}

func (s scale) ticks() []int64 {
	var ts []int64
	for v := s.lo / s.step * s.step; v <= s.hi; v += s.step {
		ts = append(ts, v)
	}
	return ts
}

// legend draws the names of series that cannot be labelled directly, in the
// order of the marks, and returns the height used.
func (c *canvas) legend(width float64, series []Series) float64 {
	x, y := 0.0, 12.0
	for _, s := range series {
		w := 16 + textWidth(s.Name) + 16
		if x > 0 && x+w > width {
			x, y = 0, y+20
		}
		c.bar(s.Style, box{x + 0.5, y - 10, 10, 10}, "")
		c.text(x+16, y, "start", false, s.Name)
		x += w
	}
	return y + 12
}
