package chart

import (
	"math"
	"slices"
)

// Control is a trend with control limits: one point a month, the centre line,
// limits that may differ by month, and the name of the rule where one fired.
type Control struct {
	Plot       // Heads: month, value, what it rests on if points say it, lower limit, upper limit, rule
	Points     []ControlPoint
	Center     float64
	CenterName string
	LimitName  string
}

// ControlPoint is one month. Rule is the rule that fired here, in words; calm is
// one that found no change for the worse.
type ControlPoint struct {
	Name      string
	Value     float64
	Low, High float64
	Rule      string
	Calm      bool
	Basis     string // what the value rests on: 3/97
}

// Draw draws the chart.
func (c Control) Draw() Drawing {
	c.again = func(in Frame) Drawing { c.Frame = in; return c.Draw() }
	ys, any := newReach(c.Center), false
	var names []string
	for _, p := range c.Points {
		ys.cover(p.Value)
		any = any || known(p.Value)
		names = append(names, p.Name)
	}
	if !any {
		return c.blank()
	}
	c.cover(ys)
	s := c.stage()
	s.y = ys.span()
	s.legend([]entry{{c.CenterName, s.stroke(Look{Stroke: Ink, Width: 1.5})}, {c.LimitName, s.stroke(Look{Stroke: Axis, Width: 1.5, Dash: Dashed})}})
	s.axes(220, 12, nil)
	n := float64(len(c.Points))
	band := (s.right - s.left) / n
	at := func(i int) float64 { return s.left + band*(float64(i)+0.5) }
	s.categories(names, at)
	if known(c.Center) {
		s.Line(Point{s.left, s.py(c.Center)}, Point{s.right, s.py(c.Center)}, Look{Stroke: Ink, Width: 1.5})
	}
	for _, side := range []func(ControlPoint) float64{func(p ControlPoint) float64 { return p.Low }, func(p ControlPoint) float64 { return p.High }} {
		// a step for each month: the limit holds for the whole of it
		s.trace(2*len(c.Points), func(i int) (float64, float64) {
			v := side(c.Points[i/2])
			if !known(v) || v < s.y.lo || v > s.y.hi {
				return math.NaN(), 0
			}
			return s.left + band*float64(i/2+i%2), s.py(v)
		}, Look{Stroke: Axis, Width: 1.5, Dash: Dashed})
	}
	c.mark(s, at)
	return s.finish(s.under(), c.rows())
}

// cover makes room for the limits; those of a few months that rest on next to
// nothing may lie outside, or all that matters would be a line at the bottom.
func (c Control) cover(ys *reach) {
	for _, side := range []func(ControlPoint) float64{func(p ControlPoint) float64 { return p.Low }, func(p ControlPoint) float64 { return p.High }} {
		var limits []float64
		for _, p := range c.Points {
			if v := side(p); known(v) {
				limits = append(limits, v)
			}
		}
		if len(limits) == 0 {
			continue
		}
		usual := middle(limits)
		for _, v := range limits {
			if !known(c.Center) || math.Abs(v-c.Center) <= 2.5*math.Abs(usual-c.Center) {
				ys.cover(v)
			}
		}
	}
}

func (c Control) mark(s *stage, at func(int) float64) {
	s.trace(len(c.Points), func(i int) (float64, float64) {
		if !known(c.Points[i].Value) {
			return math.NaN(), 0
		}
		return at(i), s.py(c.Points[i].Value)
	}, Look{Stroke: Brand, Width: 2})
	for i, p := range c.Points {
		if !known(p.Value) {
			continue
		}
		tip := words(p.Name, s.sayY(p.Value), p.Rule)
		switch {
		case p.Rule != "":
			s.dot(Point{at(i), s.py(p.Value)}, signal(p.Calm), tip)
		case len(c.Points) <= 60:
			s.dot(Point{at(i), s.py(p.Value)}, Brand, tip)
		}
	}
	for i, p := range c.Points {
		if again := i > 0 && c.Points[i-1].Rule == p.Rule; p.Rule != "" && known(p.Value) && !again { // a run is named where it begins
			s.beside(Point{at(i), s.py(p.Value)}, Label{Text: fit(p.Rule, 180), Strong: true, Style: Ink})
		}
	}
}

// signal is how a signal is drawn: red is kept for what asks for something to be
// done, and a change for the better does not.
func signal(calm bool) Style {
	if calm {
		return Ink
	}
	return Alarm
}

func (c Control) rows() []Row {
	based := slices.ContainsFunc(c.Points, func(p ControlPoint) bool { return p.Basis != "" })
	var rows []Row
	for _, p := range c.Points {
		r := Row{Cells: []string{p.Name, c.sayY(p.Value), c.sayY(p.Low), c.sayY(p.High), p.Rule}}
		if based {
			r.Cells = slices.Insert(r.Cells, 2, p.Basis)
		}
		if p.Rule != "" && !p.Calm {
			r.Style = Alarm
		}
		rows = append(rows, r)
	}
	return rows
}
