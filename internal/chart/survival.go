package chart

import (
	"math"
	"strings"
)

// MaxLines is how many lines one chart may have: more cannot be told apart.
const MaxLines = 4

// Survival shows step curves over time, such as the cumulative percent of
// revisions, with their bands, ticks where subjects left, and how many were
// still at risk below the ticks of the axis.
type Survival struct {
	Plot            // Heads: group, time, at risk, value, band
	Groups []Cohort // at most [MaxLines] are drawn
	Ticks  []float64
	Risk   string // head of the rows of numbers at risk
	First  float64
}

// Cohort is the curve of one group.
type Cohort struct {
	Name   string
	Style  Style
	Steps  []SurvivalStep
	End    float64       // the curve goes on to here after its last step
	Gone   []float64     // times of censoring
	AtRisk []int         // at each of the Ticks; missing ones are not shown
	Last   *SurvivalStep // how it stands at the end, for the table of a curve without a step
}

// Lines is how many rows of the table are of the cohort.
func (g Cohort) Lines() int {
	if len(g.Steps) == 0 && g.End > 0 { // nothing happened to anybody: that is a result too
		return 1
	}
	return len(g.Steps)
}

// SurvivalStep is the value from a time on.
type SurvivalStep struct {
	Time      float64
	AtRisk    int
	Value     float64
	Low, High float64 // not known: no band here
}

// Draw draws the chart.
func (v Survival) Draw() Drawing {
	v.again = func(in Frame) Drawing { v.Frame = in; return v.Draw() }
	xs, ys, any := newReach(0), newReach(0, v.First), false
	drawn := v.Groups[:min(len(v.Groups), MaxLines)]
	for _, g := range drawn {
		any = any || len(g.Steps) > 0 || g.End > 0
		xs.cover(g.End)
		for _, p := range g.Steps {
			xs.cover(p.Time)
			ys.cover(p.Value, p.Low, p.High)
		}
	}
	if !any {
		return v.blank()
	}
	s := v.stage()
	s.x, s.y = xs.span(), ys.span()
	if len(v.Ticks) > 0 {
		xs.cover(v.Ticks...)
		s.x = span{xs.lo, math.Max(xs.hi, xs.lo+1e-9), 1}
	}
	ticks := v.Ticks
	if len(ticks) == 0 {
		ticks = s.x.ticks()
	}
	names := 0.0
	var entries []entry
	for i, g := range drawn {
		if v.Risk != "" {
			names = math.Max(names, textWidth(g.Name))
		}
		entries = append(entries, entry{g.Name, s.stroke(v.look(i, g))})
	}
	if len(drawn) > 1 {
		s.legend(entries)
	}
	if v.Risk != "" { // the rows below need room for their names
		s.left = math.Min(names+12, s.width*0.25)
	}
	s.axes(240, 16, ticks)
	for i, g := range drawn {
		v.band(s, g)
		v.curve(s, g, v.look(i, g))
	}
	return s.finish(v.risk(s, drawn, ticks), v.rows())
}

// look tells the curves apart by dash as well as by colour.
func (v Survival) look(i int, g Cohort) Look {
	return Look{Stroke: g.Style, Width: 2.2, Dash: []Dash{Solid, Dashed, DashDot, Dotted}[i%MaxLines]}
}

func (v Survival) curve(s *stage, g Cohort, look Look) {
	path, last := Path{}.Move(s.px(0), s.py(v.First)), v.First
	value := func(t float64) float64 {
		at := v.First
		for _, p := range g.Steps {
			if p.Time <= t && known(p.Value) {
				at = p.Value
			}
		}
		return at
	}
	end := g.End
	for _, p := range g.Steps {
		if known(p.Value) && known(p.Time) {
			path = path.To(s.px(p.Time), s.py(last)).To(s.px(p.Time), s.py(p.Value))
			last, end = p.Value, math.Max(end, p.Time)
		}
	}
	s.Path(path.To(s.px(end), s.py(last)), look)
	for _, t := range g.Gone {
		if known(t) && t <= end {
			x, y := s.px(t), s.py(value(t))
			s.Line(Point{x, y - 4}, Point{x, y + 4}, Look{Stroke: g.Style, Width: 1.4})
		}
	}
}

// band fills between the limits; where they are not known there is none.
func (v Survival) band(s *stage, g Cohort) {
	for i, p := range g.Steps {
		if !known(p.Low) || !known(p.High) {
			continue
		}
		to := math.Max(g.End, p.Time)
		if i+1 < len(g.Steps) {
			to = g.Steps[i+1].Time
		}
		if w := s.px(to) - s.px(p.Time); w > 0 {
			s.Rect(Box{s.px(p.Time), s.py(p.High), w, s.py(p.Low) - s.py(p.High)}, Look{Fill: g.Style, Alpha: 0.16})
		}
	}
}

// risk writes the numbers at risk below the ticks and returns the height.
func (v Survival) risk(s *stage, groups []Cohort, ticks []float64) float64 {
	y := s.under()
	if v.Risk == "" {
		return y
	}
	y += 12
	s.label(Point{0, y}, Label{Text: fit(v.Risk, s.width), Anchor: Start, Strong: true})
	for _, g := range groups {
		y += 18
		s.label(Point{0, y}, Label{Text: fit(g.Name, s.left-22), Anchor: Start})
		for i, t := range ticks {
			if i < len(g.AtRisk) {
				s.inside(Point{s.px(t), y}, Label{Text: decimals(float64(g.AtRisk[i]), 0), Anchor: Middle})
			}
		}
	}
	return y + 10
}

func (v Survival) rows() []Row {
	var rows []Row
	for _, g := range v.Groups {
		steps := g.Steps
		if len(steps) < g.Lines() {
			steps = []SurvivalStep{{Time: g.End, AtRisk: -1, Value: v.First, Low: math.NaN(), High: math.NaN()}}
			if g.Last != nil {
				steps[0] = *g.Last
			}
		}
		for _, p := range steps {
			rows = append(rows, v.row(g, p))
		}
	}
	return rows
}

func (v Survival) row(g Cohort, p SurvivalStep) Row {
	band, risk := v.say(Missing), v.say(Missing)
	if known(p.Low) && known(p.High) {
		band = v.sayY(p.Low) + "–" + v.sayY(p.High)
	}
	if p.AtRisk >= 0 {
		risk = decimals(float64(p.AtRisk), 0)
	}
	return Row{Cells: []string{strings.TrimSpace(g.Name), v.sayX(p.Time), risk, v.sayY(p.Value), band}, Style: g.Style}
}
