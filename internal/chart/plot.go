package chart

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Plot is what the charts of results have in common. Their values are
// measurements, so they are floating point; a value that is not a number is not
// known: a gap in the picture and Unknown in the table. All words come from the
// caller.
type Plot struct {
	Frame        // Format and Tick are not used
	X, Y  string // names of the axes, with their units
	SayX  func(float64) string
	SayY  func(float64) string // nil: plain digits
}

// known reports whether a value can be drawn.
func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// decimals writes a value with at most so many decimals and a true minus.
func decimals(v float64, most int) string {
	factor := math.Pow(10, float64(most))
	s := strconv.FormatFloat(math.Round(v*factor)/factor, 'f', -1, 64)
	if s == "-0" {
		return "0"
	}
	return strings.Replace(s, "-", "−", 1)
}

func (p Plot) sayX(v float64) string { return p.sayBy(p.SayX, v) }
func (p Plot) sayY(v float64) string { return p.sayBy(p.SayY, v) }

func (p Plot) sayBy(say func(float64) string, v float64) string {
	switch {
	case !known(v):
		return p.say(Missing)
	case say == nil:
		return decimals(v, 4)
	}
	return say(v)
}

// blank is the drawing of no data: a picture that says so, never an empty box.
func (f Frame) blank() Drawing {
	if f.Blank == "" {
		return Drawing{Title: f.Title, Note: f.Note, Heads: f.Heads}
	}
	s := Plot{Frame: f}.stage()
	const height = 64.0
	s.Rect(Box{0.5, 0.5, s.width - 1, height - 1}, Look{Stroke: Grid, Dash: Dashed})
	lines := twoLines(f.Blank, s.width-16)
	for i, line := range lines {
		s.label(Point{s.width / 2, height/2 + 4 + 16*(float64(i)-float64(len(lines)-1)/2)}, Label{Text: line, Anchor: Middle})
	}
	return s.finish(height, nil)
}

// stage is a chart being drawn: the shapes so far, the places taken by texts,
// and where the axes run.
type stage struct {
	Plot
	sketch
	texts
	marks       []Box // by points; a name keeps clear of them while it can
	loud        []Box // by points that signal; no name ever covers them
	lines       []Box // by the axis and lines across the plot; a name avoids them first
	x, y        span
	left, right float64
	top, bottom float64
}

func (p Plot) stage() *stage {
	return &stage{Plot: p, texts: texts{width: p.Frame.width()}, top: 4}
}

func (s *stage) finish(height float64, rows []Row) Drawing {
	c := s.Frame.canvas()
	c.sketch = s.sketch
	for _, shape := range s.shapes {
		shape(svg{c})
	}
	return s.drawing(c, height, rows)
}

// span is a range of values with round steps.
type span struct{ lo, hi, step float64 }

// newSpan covers two values with about four round steps.
func newSpan(lo, hi float64) span {
	if !(lo < hi) {
		switch {
		case lo > 0:
			lo = 0
		case lo < 0:
			hi = 0
		default:
			lo, hi = 0, 1
		}
	}
	rough := (hi - lo) / 4
	step := math.Pow(10, math.Floor(math.Log10(rough)))
	switch {
	case rough > step*5:
		step *= 10
	case rough > step*2:
		step *= 5
	case rough > step:
		step *= 2
	}
	return span{math.Floor(lo/step+1e-9) * step, math.Ceil(hi/step-1e-9) * step, step}
}

// reach is the smallest range of the known values and what else it shall cover.
type reach struct{ lo, hi float64 }

func newReach(vs ...float64) *reach {
	r := &reach{math.Inf(1), math.Inf(-1)}
	r.cover(vs...)
	return r
}

func (r *reach) cover(vs ...float64) {
	for _, v := range vs {
		if known(v) {
			r.lo, r.hi = math.Min(r.lo, v), math.Max(r.hi, v)
		}
	}
}

func (r *reach) span() span {
	if r.lo > r.hi {
		return newSpan(0, 1)
	}
	return newSpan(r.lo, r.hi)
}

func (p span) ticks() []float64 {
	var ts []float64
	for i := 0; i <= int(math.Round((p.hi-p.lo)/p.step)); i++ {
		v := p.lo + float64(i)*p.step
		ts = append(ts, math.Round(v/p.step)*p.step)
	}
	return ts
}

func (p span) at(v, a, b float64) float64 { return a + (b-a)*(v-p.lo)/(p.hi-p.lo) }

func (s *stage) px(v float64) float64 { return s.x.at(v, s.left, s.right) }
func (s *stage) py(v float64) float64 {
	return s.y.at(math.Min(math.Max(v, s.y.lo), s.y.hi), s.bottom, s.top)
}

// wide is a careful estimate of a width: fonts differ, and narrow signs may be
// as wide as others.
func wide(s string) float64 {
	w := 0.0
	for _, r := range s {
		if r >= 0x2E80 {
			w += 12
		} else {
			w += 6.6
		}
	}
	return math.Max(w, textWidth(s))
}

// place is the room a text takes, with a little air.
func place(at Point, l Label) Box {
	w := wide(l.Text)
	if l.Strong {
		w = math.Max(w, textWidth(l.Text)*1.06)
	}
	b := Box{at.X, at.Y - 10, w, 13}
	switch l.Anchor {
	case Middle:
		b.X -= w / 2
	case End:
		b.X -= w
	}
	return b
}

func (b Box) meets(o Box) bool {
	return b.X < o.X+o.W && o.X < b.X+b.W && b.Y < o.Y+o.H && o.Y < b.Y+b.H
}

// texts are the places taken by the texts of a picture of a width.
type texts struct {
	width float64
	taken []Box
}

// take reserves the place of a text; there is none where it would cover another
// one or leave the picture.
func (t *texts) take(at Point, l Label) bool {
	if strings.TrimSpace(l.Text) == "" {
		return false
	}
	b := place(at, l)
	if b.Y < 0 || b.X < -0.5 || b.X+b.W > t.width+0.5 {
		return false
	}
	b.X, b.W = b.X-2, b.W+4
	if slices.ContainsFunc(t.taken, b.meets) {
		return false
	}
	t.taken = append(t.taken, b)
	return true
}

// into moves a text sideways into the picture.
func (t *texts) into(at Point, l Label) Point {
	b := place(at, l)
	switch {
	case b.X < 0:
		at.X -= b.X
	case b.X+b.W > t.width:
		at.X -= b.X + b.W - t.width
	}
	return at
}

// label writes a text if it has a place; the table has what is left out.
func (s *stage) label(at Point, l Label) bool {
	ok := s.take(at, l)
	if ok {
		s.Text(at, l)
	}
	return ok
}

// inside is label with the text moved sideways into the picture first.
func (s *stage) inside(at Point, l Label) bool { return s.label(s.into(at, l), l) }

// beside tries the places around a mark until a text has room, first clear of
// lines and the other marks, then over lines, then over quiet marks.
func (s *stage) beside(at Point, l Label) {
	l.Halo = true
	for _, clear := range [][]Box{slices.Concat(s.lines, s.marks), s.marks, nil} {
		for _, try := range []struct {
			dx, dy float64
			anchor Anchor
		}{{9, 4, Start}, {-9, 4, End}, {0, -10, Middle}, {0, 19, Middle}, {8, -9, Start}, {-8, -9, End}, {8, 18, Start}, {-8, 18, End}, {0, -22, Middle}} {
			l.Anchor = try.anchor
			to := Point{at.X + try.dx, at.Y + try.dy}
			meets := place(to, l).meets
			if slices.ContainsFunc(clear, meets) || slices.ContainsFunc(s.loud, meets) {
				continue
			}
			if s.label(to, l) {
				return
			}
		}
	}
}

// entry is a line of the legend: a drawn mark and its name.
type entry struct {
	name string
	mark func(at Point) // draws within 18 × 10 px around the point
}

// legend writes the entries above the plot.
func (s *stage) legend(entries []entry) {
	x, y, any := 0.0, s.top+10, false
	for _, e := range entries {
		if e.name == "" {
			continue
		}
		name := fit(e.name, s.width-40)
		w := 24 + textWidth(name) + 18
		if x > 0 && x+w-18 > s.width {
			x, y = 0, y+20
		}
		e.mark(Point{x + 9, y - 4})
		s.label(Point{x + 24, y}, Label{Text: name, Anchor: Start})
		x, any = x+w, true
	}
	if any {
		s.top = y + 10
	}
}

// stroke is a legend mark of a line.
func (s *stage) stroke(look Look) func(Point) {
	return func(at Point) { s.Line(Point{at.X - 9, at.Y}, Point{at.X + 9, at.Y}, look) }
}

// axes draws both axes of a plot of a height, with the names. The ticks of x are
// given; where not every label has room, every second or third is written. right
// is the room to leave there.
func (s *stage) axes(height, right float64, ticks []float64) {
	if s.Y != "" {
		s.label(Point{0, s.top + 10}, Label{Text: fit(s.Y, s.width), Anchor: Start})
		s.top += 20
	}
	s.top += 6
	s.bottom, s.right = s.top+height, s.width-right
	for _, v := range s.y.ticks() {
		s.left = math.Max(s.left, textWidth(s.sayY(v)))
	}
	s.left += 10
	for _, v := range s.y.ticks() {
		y := s.py(v)
		s.Line(Point{s.left, y}, Point{s.right, y}, Look{Stroke: Grid})
		s.label(Point{s.left - 6, y + 4}, Label{Text: s.sayY(v), Anchor: End})
	}
	s.Line(Point{s.left, s.bottom}, Point{s.right, s.bottom}, Look{Stroke: Axis})
	for _, v := range ticks {
		s.Line(Point{s.px(v), s.bottom}, Point{s.px(v), s.bottom + 4}, Look{Stroke: Axis})
	}
	s.tickNames(ticks)
	s.bottomName()
}

// tickNames writes the values of the ticks of x, every second or third of them
// where not all have room.
func (s *stage) tickNames(ticks []float64) {
	every := s.tickEvery(ticks)
	for i := 0; i < len(ticks); i += every {
		s.inside(Point{s.px(ticks[i]), s.bottom + 18}, Label{Text: s.sayX(ticks[i]), Anchor: Middle})
	}
}

// tickEvery is how many ticks share one label, so that each of them has room.
func (s *stage) tickEvery(ticks []float64) int {
	room := func(v float64) Box {
		at, l := Point{s.px(v), s.bottom + 18}, Label{Text: s.sayX(v), Anchor: Middle}
		b := place(s.into(at, l), l)
		b.X, b.W = b.X-2, b.W+4
		return b
	}
	for every := 1; ; every++ {
		meet := false
		for i := every; i < len(ticks); i += every {
			meet = meet || room(ticks[i-every]).meets(room(ticks[i]))
		}
		if !meet {
			return every
		}
	}
}

// bottomName writes the name of the x axis below its labels.
func (s *stage) bottomName() {
	if s.X != "" {
		s.label(Point{s.right, s.bottom + 34}, Label{Text: fit(s.X, s.right), Anchor: End})
	}
}

// under is where the picture ends below the axis.
func (s *stage) under() float64 {
	if s.X != "" {
		return s.bottom + 42
	}
	return s.bottom + 25
}

// categories draws the names of ordered categories, as many as have room; the last
// is among them, for it is the one that is looked for.
func (s *stage) categories(names []string, at func(int) float64) {
	band := (s.right - s.left) / float64(max(len(names), 1))
	every, last := labelEvery(names, band, 140), len(names)-1
	name := func(i int) {
		s.inside(Point{at(i), s.bottom + 18}, Label{Text: fit(names[i], math.Max(band*float64(every)-6, 24)), Anchor: Middle})
	}
	if last >= 0 {
		name(last)
	}
	for i := 0; i <= last-every; i += every {
		name(i)
	}
}

// trace is a line through known points; what is not known breaks it.
func (s *stage) trace(n int, at func(int) (x, y float64), look Look) {
	var path Path
	pen := false
	for i := range n {
		x, y := at(i)
		switch {
		case !known(x) || !known(y):
			pen = false
			continue
		case pen:
			path = path.To(x, y)
		default:
			path = path.Move(x, y)
		}
		pen = true
	}
	if len(path) > 0 {
		s.Path(path, look)
	}
}

// dot draws a point as its style's shape: ▲ mountain, ● sea, ■ brand, ◆ alarm,
// warn and ink, ○ others, so that shape tells what colour does.
func (s *stage) dot(at Point, style Style, tip string) {
	look := Look{Fill: style, Tip: tip}
	room := Box{at.X - 5, at.Y - 5, 10, 10}
	if s.marks = append(s.marks, room); style == Alarm || style == Warn || style == Ink {
		s.loud = append(s.loud, room)
	}
	s.sketch.mark(at, look)
}

// mark draws a point in the shape of its style.
func (s *sketch) mark(at Point, look Look) {
	style := look.Fill
	switch style {
	case Mountain:
		s.Path(Path{}.Move(at.X, at.Y-5).To(at.X+5, at.Y+4).To(at.X-5, at.Y+4).Close(), look)
	case Sea:
		s.Circle(at, 4, look)
	case Brand:
		s.Rect(Box{at.X - 3.5, at.Y - 3.5, 7, 7}, look)
	case Alarm, Warn, Ink:
		look.Stroke = style
		if style == Warn { // hollow
			look.Fill, look.Width = Ground, 1.8
		}
		s.Path(Path{}.Move(at.X, at.Y-6).To(at.X+6, at.Y).To(at.X, at.Y+6).To(at.X-6, at.Y).Close(), look)
	default:
		s.Circle(at, 3.5, Look{Fill: Ground, Stroke: style, Width: 1.6, Tip: look.Tip})
	}
}

// words joins what is known about a mark for its tip.
func words(parts ...string) string {
	var ws []string
	for _, p := range parts {
		if p != "" {
			ws = append(ws, p)
		}
	}
	return strings.Join(ws, " · ")
}
