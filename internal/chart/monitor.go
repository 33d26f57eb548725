package chart

import "math"

// Monitor follows case after case: a CUSUM with its limit, a VLAD, or both ways
// of a CUSUM at once. A signal is marked and named.
type Monitor struct {
	Plot  // Heads: case, then one for each line; then the signal
	Cases []string
	Lines []MonitorLine
}

// MonitorLine is one value after each case. Limit is the height of a signal (h);
// not known: none is drawn, as for a VLAD. A calm line waits for a change for the
// better.
type MonitorLine struct {
	Name      string
	Style     Style
	Values    []float64
	Limit     float64
	LimitName string
	Signals   []MonitorSignal
	Calm      bool
}

// MonitorSignal is a case at which a line reached its limit, in words.
type MonitorSignal struct {
	Case int // position in Cases
	Name string
}

// Draw draws the chart.
func (m Monitor) Draw() Drawing {
	m.again = func(in Frame) Drawing { m.Frame = in; return m.Draw() }
	ys, any := newReach(0), false
	for _, l := range m.Lines {
		ys.cover(l.Limit)
		ys.cover(l.Values...)
		for _, v := range l.Values {
			any = any || known(v)
		}
	}
	if !any || len(m.Cases) == 0 {
		return m.blank()
	}
	s := m.stage()
	s.y = ys.span()
	dashes := []Dash{Solid, Dashed, DashDot, Dotted}
	var entries []entry
	for i, l := range m.Lines {
		entries = append(entries, entry{l.Name, s.stroke(Look{Stroke: l.Style, Width: 2.2, Dash: dashes[i%len(dashes)]})})
		if known(l.Limit) {
			entries = append(entries, entry{l.LimitName, s.stroke(Look{Stroke: signal(l.Calm), Width: 1.5, Dash: Dotted})})
		}
	}
	s.legend(entries)
	s.axes(220, 14, nil)
	n := len(m.Cases)
	at := func(i int) float64 { return s.left + (s.right-s.left)*(float64(i)+0.5)/float64(n) }
	s.categories(m.Cases, at)
	s.Line(Point{s.left, s.py(0)}, Point{s.right, s.py(0)}, Look{Stroke: Axis})
	for i, l := range m.Lines {
		if known(l.Limit) {
			s.Line(Point{s.left, s.py(l.Limit)}, Point{s.right, s.py(l.Limit)}, Look{Stroke: signal(l.Calm), Width: 1.5, Dash: Dotted})
		}
		s.trace(min(n, len(l.Values)), func(i int) (float64, float64) {
			if !known(l.Values[i]) {
				return math.NaN(), 0
			}
			return at(i), s.py(l.Values[i])
		}, Look{Stroke: l.Style, Width: 2.2, Dash: dashes[i%len(dashes)]})
		if n == 1 && known(l.Values[0]) {
			s.dot(Point{at(0), s.py(l.Values[0])}, l.Style, words(m.Cases[0], l.Name, s.sayY(l.Values[0])))
		}
	}
	m.mark(s, at)
	return s.finish(s.under(), m.rows())
}

// mark draws the signals and names the first of each line.
func (m Monitor) mark(s *stage, at func(int) float64) {
	type named struct {
		at   Point
		name string
	}
	var first []named
	for _, l := range m.Lines {
		for i, g := range l.Signals {
			if g.Case < 0 || g.Case >= min(len(m.Cases), len(l.Values)) || !known(l.Values[g.Case]) {
				continue
			}
			p := Point{at(g.Case), s.py(l.Values[g.Case])}
			s.dot(p, signal(l.Calm), words(m.Cases[g.Case], g.Name, s.sayY(l.Values[g.Case])))
			if i == 0 {
				first = append(first, named{p, g.Name})
			}
		}
	}
	for _, f := range first {
		s.beside(f.at, Label{Text: fit(f.name, 180), Strong: true, Style: Ink})
	}
}

func (m Monitor) rows() []Row {
	var rows []Row
	for i, name := range m.Cases {
		r, remark := Row{Cells: []string{name}}, ""
		for _, l := range m.Lines {
			v := math.NaN()
			if i < len(l.Values) {
				v = l.Values[i]
			}
			r.Cells = append(r.Cells, m.sayY(v))
			for _, g := range l.Signals {
				if g.Case == i {
					remark = words(remark, g.Name)
					if !l.Calm {
						r.Style = Alarm
					}
				}
			}
		}
		r.Cells = append(r.Cells, remark)
		rows = append(rows, r)
	}
	return rows
}
