package statistics

import "math"

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
	Low, High Number // three sigma
	Sigma     Number
	Rules     []Rule // that fired at this point
}

// Control is a chart of a process over time. It describes what the process did;
// the limits come from the same points.
type Control struct {
	Center Number
	Points []ControlPoint
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
		}
		c.Points = append(c.Points, p)
	}
	return c.judge()
}

// XmR is the control chart of single values; sigma comes from the ranges
// between neighbours. One value has no limits.
func XmR(values []Number) Control {
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
	return c.judge()
}

func (p *ControlPoint) around(center, sigma float64) {
	p.Sigma, p.Low, p.High = Of(sigma), Of(center-3*sigma), Of(center+3*sigma)
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

// count is how many of the last so many points lie beyond so many sigmas.
func (c Control) count(at, of int, side, sigmas float64) int {
	n := 0
	for i := at; i >= 0 && i > at-of && c.Points[i].Value.defined; i-- {
		if c.beyond(i, side, sigmas) {
			n++
		}
	}
	return n
}

func (c Control) beyond(i int, side, sigmas float64) bool {
	p := c.Points[i]
	const rounding = 1e-12
	return p.Value.defined && p.Sigma.value > 0 && side*(p.Value.value-c.Center.value) > sigmas*p.Sigma.value+rounding
}
