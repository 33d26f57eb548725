package statistics_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	st "github.com/shanhai-health/shanhai/internal/domain/statistics"
)

func TestBinomialFunnelLimits(t *testing.T) {
	for _, c := range []struct {
		target                       float64
		n                            int
		low998, low95, high95, hi998 float64
	}{
		{0.02, 50, 0, 0, 0.057613, 0.096180}, {0.02, 100, 0, 0, 0.047308, 0.069783}, {0.02, 200, 0, 0.000516, 0.039173, 0.054387},
		{0.05, 100, 0, 0.006123, 0.091907, 0.124638}, {0.05, 200, 0.006542, 0.019584, 0.079708, 0.101178},
		{0.10, 50, 0, 0.013863, 0.179723, 0.240128}, {0.10, 100, 0.014179, 0.040381, 0.157719, 0.198357}, {0.10, 500, 0.059989, 0.073448, 0.126015, 0.142689},
	} {
		f := st.BinomialFunnel{Target: c.target}
		warn, action := f.Limits(c.n, st.WarnLevel), f.Limits(c.n, st.ActionLevel)
		printed(t, "0.1 %", action.Low, c.low998, 6)
		printed(t, "2.5 %", warn.Low, c.low95, 6)
		printed(t, "97.5 %", warn.High, c.high95, 6)
		printed(t, "99.9 %", action.High, c.hi998, 6)
		if warn.Method != st.MethodBinomialQuantile {
			t.Errorf("the family is %q", warn.Method)
		}
	}
	for n := 1; n < 400; n++ {
		for _, target := range []float64{0, 0.001, 0.02, 0.5, 0.999, 1} {
			i := (st.BinomialFunnel{Target: target}).Limits(n, st.ActionLevel)
			if !(0 <= i.Low && i.Low <= i.High && i.High <= 1) || (target == 0.02 || target == 0.5) && !(i.Low < target && target < i.High) {
				t.Fatalf("n=%d target=%v: %+v", n, target, i)
			}
		}
	}
}

func TestPoissonFunnelLimits(t *testing.T) {
	f := st.PoissonFunnel{Target: 1}
	for _, c := range []struct {
		expected, low, high, low998, high998 float64
	}{
		{15, 0.5596924, 1.649348, 0.3862650, 2.082907}, {20, 0.6108260, 1.544419, math.NaN(), 0}, {30, 0.6746958, 1.427562, math.NaN(), 0},
	} {
		warn, action := f.Limits(c.expected, st.WarnLevel), f.Limits(c.expected, st.ActionLevel)
		printed(t, "low", warn.Low, c.low, 7)
		printed(t, "high", warn.High, c.high, 6)
		if !math.IsNaN(c.low998) {
			printed(t, "99.8 % low", action.Low, c.low998, 7)
			printed(t, "99.8 % high", action.High, c.high998, 6)
		}
		if warn.Method != st.MethodPoissonInverted {
			t.Errorf("the family is %q", warn.Method)
		}
	}
}

func TestFunnelsOfNothingHaveNoLimits(t *testing.T) {
	for name, i := range map[string]st.Interval{
		"no cases": st.BinomialFunnel{Target: 0.1}.Limits(0, 0.95), "no target": st.BinomialFunnel{Target: math.NaN()}.Limits(10, 0.95),
		"nothing expected": st.PoissonFunnel{Target: 1}.Limits(0, 0.95), "no ratio": st.PoissonFunnel{}.Limits(10, 0.95),
		"no units": st.DisperseShares(nil).Limits(10, 0.95), "no level": st.DisperseRatios(nil).Limits(10, 0),
	} {
		if i.Defined() {
			t.Errorf("%s: %+v", name, i)
		}
	}
}

// tenUnits are ten hospitals that differ by more than chance.
func tenUnits() []st.Share {
	return []st.Share{{Events: 12, Cases: 200}, {Events: 30, Cases: 210}, {Events: 9, Cases: 150}, {Events: 44, Cases: 400}, {Events: 21, Cases: 380},
		{Events: 6, Cases: 90}, {Events: 18, Cases: 260}, {Events: 25, Cases: 300}, {Events: 40, Cases: 310}, {Events: 15, Cases: 240}}
}

func TestOverDispersionOfShares(t *testing.T) {
	d := st.DisperseShares(append(tenUnits(), st.Share{}))
	printed(t, "target", number(t, "target", d.Target), 0.086614, 6)
	for i, want := range []float64{-1.4498, 2.5757, -1.2556, 1.5736, -2.3947, -0.7128, -1.0473, -0.2038, 2.4190, -1.4267} {
		printed(t, "z", d.Z[i], want, 4)
	}
	printed(t, "winsor low", d.Bounds.Low, -1.5443, 4)
	printed(t, "winsor high", d.Bounds.High, 2.4347, 4)
	printed(t, "φ", number(t, "φ", d.Phi), 2.400077, 6)
	printed(t, "raw φ", number(t, "raw φ", d.RawPhi), 2.805721, 6)
	printed(t, "τ²", d.Tau2, 0.00166495, 8)
	if !d.Adjusted || d.Units != 10 || d.P.Or(1) > 0.01 {
		t.Errorf("%+v", d)
	}
	limits := func(d st.ShareDispersion, level, low, high float64) {
		i := d.Limits(300, level)
		printed(t, "low", i.Low, low, 6)
		printed(t, "high", i.High, high, 6)
	}
	limits(d, st.WarnLevel, 0.039767, 0.149280)
	limits(d, st.ActionLevel, 0.020669, 0.191696)
	d.Tau2 = 0
	limits(d, st.WarnLevel, 0.057498, 0.121018)
	limits(d, st.ActionLevel, 0.043259, 0.143093)
}

func TestFewUnitsAreNeverAdjusted(t *testing.T) {
	if d := st.DisperseShares(tenUnits()[:9]); d.Adjusted || d.Tau2 != 0 || !d.Phi.Defined() {
		t.Errorf("nine units are adjusted: %+v", d)
	}
	even := make([]st.Share, 12)
	for i := range even {
		even[i] = st.Share{Events: 10, Cases: 100}
	}
	if d := st.DisperseShares(even); d.Adjusted || d.Phi.Or(1) > 1e-20 {
		t.Errorf("units that do not differ are adjusted: %+v", d)
	}
	ratios := make([]st.Ratio, 12)
	for i := range ratios {
		ratios[i] = st.Ratio{Observed: 2 * i, Expected: 10}
	}
	d := st.DisperseRatios(ratios)
	plain := st.RatioDispersion{}
	if wide, narrow := d.Limits(10, 0.95), plain.Limits(10, 0.95); !d.Adjusted || !(wide.Low <= narrow.Low && wide.High > narrow.High && narrow.Low > 0) {
		t.Errorf("%+v: %+v within %+v", d, narrow, wide)
	}
}

func TestPublishedCusumWeights(t *testing.T) {
	risk := func(parsonnet float64) float64 { return 1 / (1 + math.Exp(3.68-0.077*parsonnet)) }
	printed(t, "p", risk(0), 0.024602, 6)
	printed(t, "p", risk(50), 0.542398, 6)
	for _, c := range []struct {
		odds, parsonnet float64
		died            bool
		want            float64
	}{
		{2, 0, false, -0.0243}, {2, 0, true, 0.6688}, {2, 50, false, -0.4333}, {2, 50, true, 0.2598},
		{0.5, 0, false, 0.0124}, {0.5, 0, true, -0.6808}, {0.5, 50, false, 0.3164}, {0.5, 50, true, -0.3768},
	} {
		printed(t, "weight", st.Cusum{Odds: c.odds}.Weight(st.Case{Risk: risk(c.parsonnet), Event: c.died}), c.want, 4)
	}
}

// sequence is ten cases of risk 0.02.
func sequence() []st.Case {
	cs := make([]st.Case, 10)
	for i := range cs {
		cs[i] = st.Case{Risk: 0.02, Event: i == 2 || i == 6 || i == 7}
	}
	return cs
}

func TestCusumAndVLADOfASequence(t *testing.T) {
	points, err := st.Cusum{Odds: 2, Limit: 1.95}.Run(sequence())
	if err != nil {
		t.Fatal(err)
	}
	line, err := st.VLAD(sequence())
	if err != nil {
		t.Fatal(err)
	}
	printed(t, "failure", points[2].Weight, 0.673345, 6)
	printed(t, "success", points[0].Weight, -0.019803, 6)
	for i, want := range []float64{0, 0, 0.6733, 0.6535, 0.6337, 0.6139, 1.2873, 1.9606, 1.9408, 1.9210} {
		printed(t, "C", points[i].Value, want, 4)
		if points[i].Signal != (i == 7) {
			t.Errorf("case %d: signal %v at %v", i, points[i].Signal, points[i].Value)
		}
	}
	for i, want := range []float64{0.02, 0.04, -0.94, -0.92, -0.90, -0.88, -1.86, -2.84, -2.82, -2.80} {
		printed(t, "V", line[i], want, 2)
	}
}

func TestFewCasesAreShownWithoutASignal(t *testing.T) {
	worse, better := st.Cusum{Odds: 2, Limit: 1}, st.Cusum{Odds: 0.5, Limit: 1}
	if m, err := st.Monitor(sequence(), worse, better); err != nil || len(m.VLAD) != 10 || m.Deterioration != nil || m.Improvement != nil {
		t.Errorf("ten cases: %+v %v", m, err)
	}
	if m, err := st.Monitor(append(sequence(), sequence()...), worse, better); err != nil || len(m.Deterioration) != 20 || len(m.Improvement) != 20 || !m.Deterioration[7].Signal {
		t.Errorf("twenty cases: %+v %v", m, err)
	}
	for _, risk := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := st.Monitor([]st.Case{{Risk: risk}}, worse, better); !errors.Is(err, st.ErrRisk) {
			t.Errorf("risk %v: %v", risk, err)
		}
	}
}

// falseAlarms is the average run without a change, by another simulation.
func falseAlarms(risks []float64, odds, h float64, runs int) float64 {
	random, total, chart := rand.New(rand.NewPCG(99, 99)), 0, st.Cusum{Odds: odds}
	for range runs {
		for c := 0.0; c < h; total++ {
			p := risks[random.IntN(len(risks))]
			c = max(0, c+chart.Weight(st.Case{Risk: p, Event: random.Float64() < p}))
		}
	}
	return float64(total) / float64(runs)
}

func TestTheLimitComesFromTheActualRisks(t *testing.T) {
	risks := []float64{0.01, 0.01, 0.02, 0.05, 0.2}
	for _, odds := range []float64{2, 0.5} {
		s := st.Simulation{Risks: risks, Odds: odds, ARL: 300, Seed: 7}
		found := st.LimitBySimulation(s)
		h := number(t, "h", found.H)
		if again := st.LimitBySimulation(s); again != found {
			t.Errorf("the same input gave %+v and %+v", found, again)
		}
		if real := falseAlarms(risks, odds, h, 3000); math.Abs(real-300) > 25 || found.ARL < 300 {
			t.Errorf("odds %v: at h=%v an alarm comes after %v cases, the simulation said %v ± %v", odds, h, real, found.ARL, found.SE)
		}
		s.ARL = 600
		if longer := number(t, "h", st.LimitBySimulation(s).H); longer <= h {
			t.Errorf("a longer run needs a higher limit: %v after %v", longer, h)
		}
	}
	// The first event is the first alarm as long as h is at most its weight: after 1/p cases.
	step := st.Cusum{Odds: 2}.Weight(st.Case{Risk: 0.02, Event: true})
	if h := number(t, "h", st.LimitBySimulation(st.Simulation{Risks: []float64{0.02}, Odds: 2, ARL: 40, Seed: 1}).H); h > step {
		t.Errorf("h=%v beyond one event (%v)", h, step)
	}
	if h := number(t, "h", st.LimitBySimulation(st.Simulation{Risks: []float64{0.02}, Odds: 2, ARL: 60, Seed: 1}).H); h <= step {
		t.Errorf("h=%v within one event (%v)", h, step)
	}
	for name, s := range map[string]st.Simulation{"no cases": {Odds: 2, ARL: 100}, "no change": {Risks: risks, Odds: 1, ARL: 100},
		"no length": {Risks: risks, Odds: 2}, "a risk beyond 1": {Risks: []float64{2}, Odds: 2, ARL: 100}} {
		if found := st.LimitBySimulation(s); found.H.Defined() {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

func TestIndirectStandardisation(t *testing.T) {
	for _, c := range []struct {
		observed                   int
		expected, ratio, low, high float64
	}{{6, 3.2, 1.8750, 0.6881, 4.0811}, {0, 1.4, 0, 0, 2.6349}, {12, 15.5, 0.7742, 0.4000, 1.3524}} {
		s := st.Standardise(c.observed, st.Of(c.expected), st.Of(0.1), 0.95)
		printed(t, "ratio", number(t, "ratio", s.Ratio), c.ratio, 4)
		printed(t, "low", s.CI.Low, c.low, 4)
		printed(t, "high", s.CI.High, c.high, 4)
		printed(t, "rate", number(t, "rate", s.Rate), c.ratio/10, 5)
		printed(t, "rate high", s.RateCI.High, c.high/10, 5)
	}
	e := st.Expected([]st.Stratum{{Cases: 100, Rate: 0.02}, {Cases: 20, Rate: 0.06}})
	printed(t, "expected", number(t, "expected", e), 3.2, 12)
	for name, n := range map[string]st.Number{"no cases": st.Expected(nil), "a rate beyond 1": st.Expected([]st.Stratum{{Cases: 1, Rate: 2}}),
		"nothing expected": st.Standardise(3, st.Of(0), st.Of(0.1), 0.95).Ratio, "no reference": st.Standardise(3, st.Number{}, st.Number{}, 0.95).Ratio,
		"no reference rate": st.Standardise(3, st.Of(1), st.Number{}, 0.95).Rate} {
		if n.Defined() {
			t.Errorf("%s: %v", name, n)
		}
	}
}

func TestImplantsWithTooManyRevisionsAreFlagged(t *testing.T) {
	others := st.Component{Primaries: 5000, Revised: 150, Years: 25000} // 0.6 per 100 years
	for name, c := range map[string]struct {
		component      st.Component
		flag           bool
		often, un, vol bool
	}{
		"as the others":                   {st.Component{Primaries: 100, Revised: 3, Years: 500}, false, false, false, true},
		"often, surely, enough":           {st.Component{Primaries: 100, Revised: 9, Years: 500}, true, true, true, true},
		"often, but by chance":            {st.Component{Primaries: 30, Revised: 2, Years: 150}, false, true, false, true},
		"surely, but less than twice":     {st.Component{Primaries: 1000, Revised: 50, Years: 5000}, false, false, true, true},
		"few operations, a few revised":   {st.Component{Primaries: 9, Revised: 2, Years: 20}, false, true, true, false},
		"few operations, nearly all":      {st.Component{Primaries: 4, Revised: 3, Years: 8}, true, true, true, true},
		"one operation, revised":          {st.Component{Primaries: 1, Revised: 1, Years: 1}, false, true, true, false},
		"just enough operations":          {st.Component{Primaries: 10, Revised: 2, Years: 20}, true, true, true, true},
		"no time observed, so no verdict": {st.Component{Primaries: 10}, false, false, false, false},
	} {
		o := st.ReportOutliers().Test([]st.Component{others, c.component}, 1)
		if o.Flagged != c.flag || o.Often != c.often || o.Unlikely != c.un || o.Enough != c.vol || o.Without {
			t.Errorf("%s: %+v", name, o)
		}
	}
	// Half of the group: compared with itself the rate would be 1.4 times the group's.
	big := st.ReportOutliers().Test([]st.Component{{Primaries: 100, Revised: 6, Years: 500}, {Primaries: 100, Revised: 20, Years: 500}}, 1)
	if !big.Without || !big.Flagged {
		t.Errorf("a large component hides behind itself: %+v", big)
	}
	if o := st.ReportOutliers().Test([]st.Component{others}, 3); o.Flagged || o.Rate.Defined() {
		t.Errorf("%+v", o)
	}
}
