package statistics_test

import (
	"math"
	"slices"
	"testing"

	st "github.com/shanhai-health/shanhai/internal/domain/statistics"
)

func TestLimitsFollowTheCasesOfEachMonth(t *testing.T) {
	c := st.PChart([]st.Share{{Events: 2, Cases: 100}, {Events: 8, Cases: 100}, {}, {Events: 10, Cases: 200}})
	printed(t, "centre", number(t, "centre", c.Center), 0.05, 12)
	printed(t, "high at 100", number(t, "high", c.Points[0].High), 0.05+3*math.Sqrt(0.05*0.95/100), 12)
	printed(t, "high at 200", number(t, "high", c.Points[3].High), 0.05+3*math.Sqrt(0.05*0.95/200), 12)
	if c.Points[0].Low.Or(-1) != 0 || c.Points[2].Value.Defined() || c.Points[2].Low.Defined() {
		t.Errorf("%+v", c.Points)
	}
	u := st.UChart([]st.Counted{{Events: 30, Exposure: 10000}, {Events: 50, Exposure: 10000}, {Exposure: 0}})
	printed(t, "rate", number(t, "centre", u.Center)*1000, 4, 12)
	printed(t, "high", number(t, "high", u.Points[1].High), 0.004+3*math.Sqrt(0.004/10000), 12)
	if u.Points[2].Value.Defined() {
		t.Error("a month without exposure has a rate")
	}
	x := st.XmR([]st.Number{st.Of(10), st.Of(12), st.Of(11), {}, st.Of(15)})
	printed(t, "mean", number(t, "centre", x.Center), 12, 12)
	printed(t, "high", number(t, "high", x.Points[0].High), 12+3*1.5/1.128, 12)
	if one := st.XmR([]st.Number{st.Of(10)}); one.Points[0].High.Defined() || one.Center.Or(0) != 10 {
		t.Errorf("one value has limits: %+v", one)
	}
	if none := st.PChart(nil); none.Center.Defined() || st.UChart(nil).Center.Defined() || st.XmR(nil).Center.Defined() {
		t.Errorf("%+v", none)
	}
}

func TestEachRuleFiresAtItsPointAndIsNamed(t *testing.T) {
	// centre 0 and sigma 1 by construction: a long even stretch, then the pattern
	chart := func(tail ...float64) []st.Rule {
		var vs []st.Number
		for i := range 400 {
			vs = append(vs, st.Of(0.564*float64(1-2*(i%2)))) // ranges of 1.128
		}
		for _, v := range tail {
			vs = append(vs, st.Of(v))
		}
		p := st.XmR(vs).Points
		return p[len(p)-1].Rules
	}
	for name, c := range map[string]struct {
		tail []float64
		want []st.Rule
	}{
		"within":               {[]float64{0.5}, nil},
		"beyond three":         {[]float64{3.4}, []st.Rule{st.RuleBeyond}},
		"beyond three, low":    {[]float64{-3.4}, []st.Rule{st.RuleBeyond}},
		"two of three":         {[]float64{2.3, 0.1, 2.3}, []st.Rule{st.RuleTwoOfThree}},
		"not on both sides":    {[]float64{2.3, 0.1, -2.3}, nil},
		"four of five":         {[]float64{1.3, 1.3, 0.1, 1.3, 1.3}, []st.Rule{st.RuleFourOfFive}},
		"eight in a row":       {[]float64{-0.9, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4}, []st.Rule{st.RuleEightInRow}},
		"seven in a row":       {[]float64{-0.9, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4}, nil},
		"what fired earlier":   {[]float64{3.4, 0.1}, nil},
		"a gap breaks the run": {[]float64{2.3, math.NaN(), 2.3}, nil},
	} {
		if got := chart(c.tail...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	flat := st.PChart([]st.Share{{Events: 0, Cases: 10}, {Events: 0, Cases: 10}})
	if len(flat.Points[1].Rules) != 0 {
		t.Error("a process without events signals")
	}
}

// TestRareEventsAreJudgedByExactLimitsAlone: with 0.2 events expected in a month,
// months on end without one are what chance does. Limits: qpois(pnorm(c(-3, 3)),
// 0.2) and qbinom(pnorm(c(-3, 3)), 20, 0.9525) of R.
func TestRareEventsAreJudgedByExactLimitsAlone(t *testing.T) {
	var rare []st.Counted
	for i := range 40 {
		rare = append(rare, st.Counted{Events: map[bool]int{true: 1}[i%5 == 4 && i < 20], Exposure: 100})
	}
	rare[39].Events = 4 // all in one month
	c := st.UChart(rare)
	for i, p := range c.Points {
		if want := i == 39; (len(p.Rules) > 0) != want || !p.Sparse {
			t.Errorf("month %d with %d events: %v, sparse %v", i, rare[i].Events, p.Rules, p.Sparse)
		}
	}
	if p := c.Points[0]; p.Low.Or(-1) != 0 || math.Abs(p.High.Or(-1)-0.02) > 1e-15 || c.Sparse() != 40 {
		t.Errorf("limits %v to %v, want 0 to 2 events; %d sparse months", p.Low, p.High, c.Sparse())
	}
	var shares []st.Share
	for i := range 20 {
		shares = append(shares, st.Share{Events: 20 - i%3, Cases: 20}) // nearly all: as few without the event
	}
	p := st.PChart(shares).Points[0]
	if !p.Sparse || p.High.Or(-1) != 1 || math.Abs(p.Low.Or(-1)-0.75) > 1e-15 {
		t.Errorf("of a share near the whole: %+v", p)
	}
	// A run neither ends in a sparse month nor goes through one.
	mixed := slices.Repeat([]st.Share{{Events: 12, Cases: 100}}, 12)
	for i := range 4 { // four of five beyond one sigma, with one month between them
		if i == 2 {
			mixed = append(mixed, st.Share{Events: 0, Cases: 10})
		}
		mixed = append(mixed, st.Share{Events: 6, Cases: 100})
	}
	for _, q := range st.PChart(mixed).Points[12:] {
		if len(q.Rules) > 0 {
			t.Errorf("a run goes through a month with one event expected: %+v", q)
		}
	}
}

// TestFewAMonthMakeNoRuns: of one operation a month, five months without one are
// what chance does; a month far beyond the limits is not.
func TestFewAMonthMakeNoRuns(t *testing.T) {
	counts := []float64{2, 1, 3, 2, 1, 2, 3, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0}
	values := func(add, last float64) (vs []st.Number) {
		for _, n := range counts {
			vs = append(vs, st.Of(n+add))
		}
		return append(vs, st.Of(last))
	}
	fired := func(c st.Control) (rules []st.Rule) {
		for _, p := range c.Points {
			rules = append(rules, p.Rules...)
		}
		return rules
	}
	if got := fired(st.XmRCounts(values(0, 1))); got != nil {
		t.Errorf("about one a month: %v", got)
	}
	if got := fired(st.XmRCounts(values(0, 9))); !slices.Equal(got, []st.Rule{st.RuleBeyond}) {
		t.Errorf("nine in one month: %v", got)
	}
	if got, want := fired(st.XmRCounts(values(10, 11))), fired(st.XmR(values(10, 11))); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("eleven a month: %v, want as of any value %v", got, want)
	}
	if one := st.XmRCounts([]st.Number{st.Of(1), {}}); fired(one) != nil || one.Sparse() != 0 {
		t.Errorf("one month has limits: %+v", one)
	}
}
