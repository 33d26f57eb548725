package chart

import (
	"math"
	"slices"
)

// Slope compares two scores of the same subjects, before and after: a line for
// each, the medians, and how large a change the least important one is.
type Slope struct {
	Plot          // Heads: subject, before, after, change, reached
	Before, After string
	Pairs         []Pair
	Least         float64 // the smallest change that matters (MCID); negative when lower is better; not known: none
	LeastName     string
	MedianName    string
	QuartileName  string // of the band that takes the place of more than [MaxSlopes] lines
	Count         string // n and how many miss a score, in words
	Reached       string // words of the table
	NotReached    string
}

// MaxSlopes is how many subjects have a line each; more are drawn as the middle
// half of them.
const MaxSlopes = 60

// Pair is one subject; a score that is not known is missing.
type Pair struct {
	Name          string
	Before, After float64
}

// Complete reports whether both scores are known.
func (p Pair) Complete() bool { return known(p.Before) && known(p.After) }

// Missing is how many subjects lack a score.
func (s Slope) Missing() int {
	n := 0
	for _, p := range s.Pairs {
		if !p.Complete() {
			n++
		}
	}
	return n
}

// reached reports whether a subject changed by at least what matters.
func (s Slope) reached(p Pair) bool {
	if !known(s.Least) || !p.Complete() {
		return false
	}
	if s.Least < 0 {
		return p.After-p.Before <= s.Least
	}
	return p.After-p.Before >= s.Least
}

// Draw draws the chart.
func (s Slope) Draw() Drawing {
	s.again = func(in Frame) Drawing { s.Frame = in; return s.Draw() }
	ys := newReach()
	var before, after []float64
	for _, p := range s.Pairs {
		if p.Complete() {
			before, after = append(before, p.Before), append(after, p.After)
			ys.cover(p.Before, p.After)
		}
	}
	if len(before) == 0 {
		return s.blank()
	}
	from, to := middle(before), middle(after)
	if known(s.Least) {
		ys.cover(from + s.Least)
	}
	g := s.stage()
	g.y = ys.span()
	least := Look{Fill: Net, Alpha: 0.25}
	entries := []entry{{s.MedianName, g.stroke(Look{Stroke: Brand, Width: 3})}}
	if known(s.Least) {
		entries = append(entries, entry{s.LeastName, func(at Point) { g.Rect(Box{at.X - 9, at.Y - 5, 18, 10}, least) }})
	}
	quartiles := Look{Fill: Brand, Alpha: 0.2}
	if len(before) > MaxSlopes {
		entries = append(entries, entry{s.QuartileName, func(at Point) { g.Rect(Box{at.X - 9, at.Y - 5, 18, 10}, quartiles) }})
	}
	g.legend(entries)
	g.axes(240, 84, nil)
	left, right := g.left+24, g.right-8
	for _, x := range []float64{left, right} {
		g.Line(Point{x, g.top}, Point{x, g.bottom}, Look{Stroke: Axis})
	}
	g.inside(Point{left, g.bottom + 18}, Label{Text: fit(s.Before, g.width/2-20), Anchor: Middle})
	g.inside(Point{right, g.bottom + 18}, Label{Text: fit(s.After, g.width/2-20), Anchor: Middle})
	if known(s.Least) {
		g.Path(Path{}.Move(left, g.py(from)).To(right, g.py(from)).To(right, g.py(from+s.Least)).Close(), least)
	}
	if len(before) > MaxSlopes {
		g.Path(Path{}.Move(left, g.py(part(before, 0.25))).To(right, g.py(part(after, 0.25))).To(right, g.py(part(after, 0.75))).To(left, g.py(part(before, 0.75))).Close(), quartiles)
	}
	for _, p := range s.Pairs {
		if p.Complete() && len(before) <= MaxSlopes {
			look := Look{Stroke: Neutral, Width: 1, Dash: Dotted, Tip: words(p.Name, s.sayY(p.Before)+" → "+s.sayY(p.After))}
			if s.reached(p) {
				look.Stroke, look.Dash = Mountain, Solid
			}
			g.Line(Point{left, g.py(p.Before)}, Point{right, g.py(p.After)}, look)
		}
	}
	g.Line(Point{left, g.py(from)}, Point{right, g.py(to)}, Look{Stroke: Brand, Width: 3})
	g.dot(Point{left, g.py(from)}, Brand, words(s.MedianName, s.sayY(from)))
	g.dot(Point{right, g.py(to)}, Brand, words(s.MedianName, s.sayY(to)))
	g.label(Point{right + 10, g.py(to) + 4}, Label{Text: fit(s.sayY(to), 70), Anchor: Start, Strong: true, Style: Ink})
	g.label(Point{0, g.bottom + 38}, Label{Text: fit(s.Count, g.width), Anchor: Start})
	return g.finish(g.bottom+48, s.rows())
}

// middle is the median of at least one value.
func middle(vs []float64) float64 { return part(vs, 0.5) }

// part is a quantile of at least one value, between two values by their share.
func part(vs []float64, p float64) float64 {
	vs = slices.Sorted(slices.Values(vs))
	at := p * float64(len(vs)-1)
	i := int(at)
	return vs[i] + (at-float64(i))*(vs[min(i+1, len(vs)-1)]-vs[i])
}

func (s Slope) rows() []Row {
	var rows []Row
	for _, p := range s.Pairs {
		verdict := s.say(Missing)
		switch {
		case s.reached(p):
			verdict = s.Reached
		case p.Complete() && known(s.Least):
			verdict = s.NotReached
		}
		change := math.NaN()
		if p.Complete() {
			change = p.After - p.Before
		}
		rows = append(rows, Row{Cells: []string{p.Name, s.sayY(p.Before), s.sayY(p.After), s.sayY(change), verdict}})
	}
	return rows
}
