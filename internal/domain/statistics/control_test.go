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
	u := st.UChart([]st.Counted{{Events: 3, Exposure: 1000}, {Events: 5, Exposure: 1000}, {Exposure: 0}})
	printed(t, "rate", number(t, "centre", u.Center)*1000, 4, 12)
	printed(t, "high", number(t, "high", u.Points[1].High), 0.004+3*math.Sqrt(0.004/1000), 12)
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
