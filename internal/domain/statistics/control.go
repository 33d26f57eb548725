package statistics

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Rule is a rule of a control chart that calls a point special (Western
// Electric). One side of the centre line counts at a time.
type Rule int

// The rules.
const (
	RuleBeyond     Rule = iota + 1 // one point beyond three sigma
	RuleTwoOfThree                 // two of three in a row beyond two sigma
	RuleFourOfFive                 // four of five in a row beyond one sigma
	RuleEightInRow                 // eight in a row on one side
)

// ControlPoint is one month of a control chart. Value, and with it everything
// else, is undefined where there was nothing to count; such a month breaks a
// run.
type ControlPoint struct {
	Value     Number
	Low, High Number // three sigma; of a sparse month the exact limits
	Sigma     Number
	Sparse    bool   // see [EnoughEvents]: no run counts this month
	Rules     []Rule // that fired at this point
}

// EnoughEvents is how many events a month must expect, and how many cases
// without one, for its share or rate to vary evenly around the centre. With
// fewer, most months lie below the centre by chance (of 0.2 expected events, four
// in five months have none), so a run on one side means nothing and three sigma
// are passed far too often. Such a month has the exact limits with the same
// chance beyond each of them, its value is judged by these alone, and no run goes
// through it: Benneyan, Design, Use, and Performance of Statistical Control
// Charts for Clinical Process Improvement (2001), on minimum subgroup sizes
// (np of at least 5) and probability limits; Montgomery, Introduction to
// Statistical Quality Control, on charts for nonconformities.
const EnoughEvents = 5

// threeSigmaTail is the chance of a normal value beyond three sigma on one side.
const threeSigmaTail = 0.0013498980316301

// Control is a chart of a process over time. It describes what the process did;
// the limits come from the same points.
type Control struct {
	Center Number
	Points []ControlPoint
}

// Sparse is how many months expect too few events for the rules of runs.
func (c Control) Sparse() int {
	n := 0
	for _, p := range c.Points {
		if p.Sparse {
			n++
		}
	}
	return n
}

// PChart is the control chart of shares; the limits follow each month's cases.
func PChart(months []Share) Control {
	events, cases := 0, 0
	for _, m := range months {
		if Proportion(m.Events, m.Cases).Defined() {
			events, cases = events+m.Events, cases+m.Cases
		}
	}
	c := Control{Center: Proportion(events, cases)}
	for _, m := range months {
		p := ControlPoint{Value: Proportion(m.Events, m.Cases)}
		if p.Value.defined {
			p.around(c.Center.value, math.Sqrt(c.Center.value*(1-c.Center.value)/float64(m.Cases)))
			p.Low, p.High = Of(unit(p.Low.value)), Of(unit(p.High.value))
			center, cases := c.Center.value, float64(m.Cases)
			p.exact(math.Min(center, 1-center)*cases, cases, func(k int) float64 { return binomialUpTo(k, m.Cases, center) })
		}
		c.Points = append(c.Points, p)
	}
	return c.judge()
}

// Counted is a number of events over an exposure, for example per 1,000 days.
type Counted struct {
	Events   int
	Exposure float64
}

// UChart is the control chart of events per exposure.
func UChart(months []Counted) Control {
	events, exposure := 0, 0.0
	rate := func(m Counted) Number {
		r, _ := PoissonExact(m.Events, m.Exposure, WarnLevel)
		return r
	}
	for _, m := range months {
		if rate(m).defined {
			events, exposure = events+m.Events, exposure+m.Exposure
		}
	}
	var c Control
	if exposure > 0 {
		c.Center = Of(float64(events) / exposure)
	}
	for _, m := range months {
		p := ControlPoint{Value: rate(m)}
		if p.Value.defined {
			p.around(c.Center.value, math.Sqrt(c.Center.value/m.Exposure))
			p.Low = Of(math.Max(0, p.Low.value))
			expected := c.Center.value * m.Exposure
			p.exact(expected, m.Exposure, func(k int) float64 { return poissonUpTo(k, expected) })
		}
		c.Points = append(c.Points, p)
	}
	return c.judge()
}

// XmR is the control chart of single values; sigma comes from the ranges
// between neighbours. One value has no limits.
func XmR(values []Number) Control { return moving(values).judge() }

// XmRCounts is [XmR] of counts. Where the months have fewer than [EnoughEvents] on
// average they pile up at zero, most lie on one side of the mean by chance, and
// neighbours move too little for three sigma to hold what chance does: as of shares
// and rates, no run counts then, and the upper limit is the exact one (Poisson)
// unless what comes in batches moves more.
func XmRCounts(values []Number) Control {
	c := moving(values)
	for i := range c.Points {
		p := &c.Points[i]
		if high := p.High.value; p.High.defined {
			p.exact(c.Center.value, 1, func(k int) float64 { return poissonUpTo(k, c.Center.value) })
			p.High = Of(math.Max(high, p.High.value))
		}
	}
	return c.judge()
}

func moving(values []Number) Control {
	const d2 = 1.128 // mean range of two normal values, in sigmas
	sum, n, moves, ranges := 0.0, 0, 0.0, 0
	last := Number{}
	for _, v := range values {
		if v.defined {
			sum, n = sum+v.value, n+1
			if last.defined {
				moves, ranges = moves+math.Abs(v.value-last.value), ranges+1
			}
		}
		last = v
	}
	var c Control
	if n > 0 {
		c.Center = Of(sum / float64(n))
	}
	for _, v := range values {
		p := ControlPoint{Value: v}
		if v.defined && ranges > 0 {
			p.around(c.Center.value, moves/float64(ranges)/d2)
		}
		c.Points = append(c.Points, p)
	}
	return c
}

func (p *ControlPoint) around(center, sigma float64) {
	p.Sigma, p.Low, p.High = Of(sigma), Of(center-3*sigma), Of(center+3*sigma)
}

// exact replaces the limits where fewer than enough events are expected; upTo is
// the chance of at most so many, size what their number is divided by.
func (p *ControlPoint) exact(expected, size float64, upTo func(int) float64) {
	if p.Sparse = expected < EnoughEvents; !p.Sparse {
		return
	}
	quantile := func(chance float64) Number {
		k := 0
		for upTo(k) < chance {
			k++
		}
		return Of(float64(k) / size)
	}
	p.Low, p.High = quantile(threeSigmaTail), quantile(1-threeSigmaTail)
}

// poissonUpTo is the chance of at most r events where so many are expected.
func poissonUpTo(r int, expected float64) float64 {
	if expected <= 0 {
		return 1
	}
	return mathext.GammaIncRegComp(float64(r+1), expected)
}

// judge runs the rules over the points.
func (c Control) judge() Control {
	for i := range c.Points {
		for _, r := range []struct {
			rule     Rule
			need, of int
			beyond   float64
		}{{RuleBeyond, 1, 1, 3}, {RuleTwoOfThree, 2, 3, 2}, {RuleFourOfFive, 4, 5, 1}, {RuleEightInRow, 8, 8, 0}} {
			for _, side := range []float64{1, -1} {
				if c.beyond(i, side, r.beyond) && c.count(i, r.of, side, r.beyond) >= r.need {
					c.Points[i].Rules = append(c.Points[i].Rules, r.rule)
				}
			}
		}
	}
	return c
}

// count is how many of the last so many points lie beyond so many sigmas; a month
// without a value ends a run, and so does a sparse one.
func (c Control) count(at, of int, side, sigmas float64) int {
	n := 0
	for i := at; i >= 0 && i > at-of && c.Points[i].Value.defined && (of == 1 || !c.Points[i].Sparse); i-- {
		if c.beyond(i, side, sigmas) {
			n++
		}
	}
	return n
}

func (c Control) beyond(i int, side, sigmas float64) bool {
	p := c.Points[i]
	const rounding = 1e-12
	switch {
	case !p.Value.defined:
		return false
	case p.Sparse && side < 0:
		return p.Value.value < p.Low.value-rounding
	case p.Sparse:
		return p.Value.value > p.High.value+rounding
	}
	return p.Sigma.value > 0 && side*(p.Value.value-c.Center.value) > sigmas*p.Sigma.value+rounding
}
