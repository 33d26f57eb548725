package chart

import "math"

// Estimates are horizontal bars with the whiskers of their intervals, one row
// for each hospital, and a line where all together lie.
type Estimates struct {
	Plot          // Heads: name, value, interval, basis
	Items         []Estimate
	Reference     float64 // not known: none
	ReferenceName string
}

// Estimate is one row. Basis is what it is made of, such as "3/86".
type Estimate struct {
	Name             string
	Basis            string
	Style            Style
	Value, Low, High float64
	Cases            int64 // how many it rests on, for the finding
}

// Draw draws the chart.
func (e Estimates) Draw() Drawing {
	e.again = func(in Frame) Drawing { e.Frame = in; return e.Draw() }
	if len(e.Items) == 0 {
		return e.blank()
	}
	s := e.stage()
	xs, names, basis := newReach(0, e.Reference), 0.0, 0.0
	for _, i := range e.Items {
		xs.cover(i.Value, i.Low, i.High)
		names, basis = math.Max(names, textWidth(i.Name)), math.Max(basis, 1.06*wide(e.remark(i)))
	}
	names, basis = math.Min(names, s.width*0.34), math.Min(basis, s.width*0.38)
	s.x, s.left, s.right = xs.span(), names+12, s.width-basis-14
	if known(e.Reference) {
		s.legendLine(e.ReferenceName)
	}
	s.bottom = s.top + rowHeight*float64(len(e.Items))
	for _, v := range s.x.ticks() {
		s.Line(Point{s.px(v), s.top}, Point{s.px(v), s.bottom}, Look{Stroke: Grid})
	}
	s.tickNames(s.x.ticks())
	for n, i := range e.Items {
		e.row(s, i, s.top+rowHeight*(float64(n)+0.5), names)
	}
	s.Line(Point{s.px(0), s.top}, Point{s.px(0), s.bottom}, Look{Stroke: Axis})
	if known(e.Reference) {
		s.Line(Point{s.px(e.Reference), s.top}, Point{s.px(e.Reference), s.bottom}, Look{Stroke: Ink, Width: 1.5, Dash: Dashed})
	}
	s.bottomName()
	return s.finish(s.under(), e.rows())
}

// legendLine names the reference line.
func (s *stage) legendLine(name string) {
	s.legend([]entry{{name, s.stroke(Look{Stroke: Ink, Width: 1.5, Dash: Dashed})}})
}

func (e Estimates) row(s *stage, i Estimate, mid, names float64) {
	s.label(Point{names, mid + 4}, Label{Text: fit(i.Name, names), Anchor: End})
	s.label(Point{s.right + 12, mid + 4}, Label{Text: fit(e.remark(i), (s.width-s.right-13)/1.06), Anchor: Start, Strong: true, Style: Ink})
	if !known(i.Value) {
		return
	}
	zero, at := s.px(0), s.px(i.Value)
	s.Rect(Box{math.Min(zero, at), mid - barHeight/2, math.Max(math.Abs(at-zero), 1), barHeight}, Look{Fill: i.Style, Alpha: 0.4, Tip: words(i.Name, e.interval(i), i.Basis)})
	if known(i.Low) && known(i.High) {
		low, high := s.px(i.Low), s.px(i.High)
		look := Look{Stroke: Ink, Width: 1.5}
		s.Line(Point{low, mid}, Point{high, mid}, look)
		s.Line(Point{low, mid - 5}, Point{low, mid + 5}, look)
		s.Line(Point{high, mid - 5}, Point{high, mid + 5}, look)
	}
}

// remark is what stands behind a row: the value and what it is made of.
func (e Estimates) remark(i Estimate) string {
	if i.Basis == "" {
		return e.sayX(i.Value)
	}
	return e.sayX(i.Value) + "  " + i.Basis
}

func (e Estimates) interval(i Estimate) string {
	if !known(i.Low) || !known(i.High) {
		return e.say(Missing)
	}
	return e.sayX(i.Low) + "–" + e.sayX(i.High)
}

func (e Estimates) rows() []Row {
	var rows []Row
	for _, i := range e.Items {
		rows = append(rows, Row{Cells: []string{i.Name, e.sayX(i.Value), e.interval(i), i.Basis}, Style: i.Style})
	}
	return rows
}
