package statistics_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/statistics"
)

// printed fails unless got equals want to the digits want was printed with.
func printed(t *testing.T, what string, got, want float64, digits int) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > 0.5000001*math.Pow(10, -float64(digits)) {
		t.Errorf("%s = %.*f, want %.*f", what, digits+2, got, digits, want)
	}
}

// number fails unless a figure is defined, and returns it.
func number(t *testing.T, what string, n statistics.Number) float64 {
	t.Helper()
	v, ok := n.Value()
	if !ok {
		t.Fatalf("%s is undefined", what)
	}
	return v
}

func TestExactPoissonLimitsOfACount(t *testing.T) {
	for _, c := range []struct {
		count     int
		low, high float64
	}{
		{0, 0, 3.6889}, {1, 0.0253, 5.5716}, {2, 0.2422, 7.2247}, {3, 0.6187, 8.7673}, {4, 1.0899, 10.2416}, {5, 1.6235, 11.6683},
		{6, 2.2019, 13.0595}, {10, 4.7954, 18.3904}, {15, 8.3954, 24.7402}, {20, 12.2165, 30.8884}, {50, 37.1110, 65.9188}, {100, 81.3640, 121.6268},
	} {
		rate, ci := statistics.PoissonExact(c.count, 1, 0.95)
		printed(t, "low", ci.Low, c.low, 4)
		printed(t, "high", ci.High, c.high, 4)
		if number(t, "rate", rate) != float64(c.count) || ci.Method != statistics.MethodExactPoisson || ci.Level != 0.95 {
			t.Errorf("%d: rate %v, interval %+v", c.count, rate, ci)
		}
	}
}

func TestRatesPerHundredComponentYears(t *testing.T) {
	for _, c := range []struct {
		count           int
		years           float64
		rate, low, high float64
		digits          int
	}{
		{3, 32.45, 9.2450, 1.9065, 27.0178, 4},
		{6, 512.4, 1.17096, 0.42972, 2.54869, 5},
		{0, 512.4, 0, 0, 0.71992, 5}, // −ln 0.025 ÷ 5.124; with 3.6889 rounded first it would print …93
	} {
		rate, ci := statistics.PoissonExact(c.count, c.years/100, 0.95)
		printed(t, "rate", number(t, "rate", rate), c.rate, c.digits)
		printed(t, "low", ci.Low, c.low, c.digits)
		printed(t, "high", ci.High, c.high, c.digits)
	}
}

func TestProportionsHaveExactAndScoreLimits(t *testing.T) {
	for _, c := range []struct {
		k, n                   int
		low, high, wLow, wHigh float64
	}{
		{0, 86, 0, 0.041987, 0, 0.042758}, {1, 86, 0.000294, 0.063091, 0.002056, 0.062964}, {0, 225, 0, 0.016261, 0, 0.016787},
		{2, 225, 0.001078, 0.031739, 0.002441, 0.031825}, {3, 332, 0.001867, 0.026179, 0.003078, 0.026226},
		{5, 332, 0.004908, 0.034794, 0.006450, 0.034765}, {10, 100, 0.049005, 0.176223, 0.055229, 0.174366},
	} {
		cp, w := statistics.ClopperPearson(c.k, c.n, 0.95), statistics.Wilson(c.k, c.n, 0.95)
		printed(t, "Clopper–Pearson low", cp.Low, c.low, 6)
		printed(t, "Clopper–Pearson high", cp.High, c.high, 6)
		printed(t, "Wilson low", w.Low, c.wLow, 6)
		printed(t, "Wilson high", w.High, c.wHigh, 6)
	}
}

func TestPublishedWilsonAndByarLimits(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		level     float64
		low, high float64
	}{
		{65, 100, 0.95, 0.552544433, 0.736357518}, {1045, 5000, 0.95, 0.197955499, 0.220491304}, {65, 100, 0.998, 0.495494657, 0.778354061},
	} {
		w := statistics.Wilson(c.k, c.n, c.level)
		printed(t, "Wilson low", w.Low, c.low, 9)
		printed(t, "Wilson high", w.High, c.high, 9)
	}
	for _, c := range []struct {
		count     int
		level     float64
		low, high float64
	}{
		{65, 0.95, 50.163188, 82.849139}, {1045, 0.95, 982.593202, 1110.331213}, {1, 0.95, 0.013072, 5.563756}, {10, 0.998, 2.916318, 24.193725},
	} {
		_, ci := statistics.Byar(c.count, 1, c.level)
		printed(t, "Byar low", ci.Low, c.low, 6)
		printed(t, "Byar high", ci.High, c.high, 6)
	}
}

func TestNothingIsUndefinedNotZero(t *testing.T) {
	if statistics.Proportion(0, 0).Defined() || statistics.Proportion(3, 2).Defined() || statistics.Proportion(-1, 2).Defined() {
		t.Error("a share of nothing is a number")
	}
	for name, ci := range map[string]statistics.Interval{
		"no cases":        statistics.ClopperPearson(0, 0, 0.95),
		"no cases, score": statistics.Wilson(0, 0, 0.95),
		"more than all":   statistics.ClopperPearson(3, 2, 0.95),
		"level 1":         statistics.ClopperPearson(1, 2, 1),
		"level 95":        statistics.Wilson(1, 2, 95),
	} {
		if ci.Defined() || ci.Low != 0 || ci.High != 0 {
			t.Errorf("%s: %+v", name, ci)
		}
	}
	for _, exposure := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		for _, f := range []func(int, float64, float64) (statistics.Number, statistics.Interval){statistics.PoissonExact, statistics.Byar} {
			if rate, ci := f(2, exposure, 0.95); rate.Defined() || ci.Defined() {
				t.Errorf("exposure %v: %v %+v", exposure, rate, ci)
			}
		}
	}
	if statistics.Of(math.NaN()).Defined() || statistics.Of(math.Inf(-1)).Defined() || statistics.Of(math.MaxFloat64).Times(10).Defined() {
		t.Error("a value that is not finite passes for a figure")
	}
}

func TestIntervalsHoldTheirShareAndWidenWithTheLevel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 100000).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		p := float64(k) / float64(n)
		for _, f := range []func(int, int, float64) statistics.Interval{statistics.ClopperPearson, statistics.Wilson} {
			narrow, wide := f(k, n, 0.95), f(k, n, 0.998)
			if !(0 <= wide.Low && wide.Low <= narrow.Low && narrow.Low <= p+1e-15 && p <= narrow.High+1e-15 && narrow.High <= wide.High && wide.High <= 1) {
				t.Fatalf("%d/%d: %+v %+v", k, n, narrow, wide)
			}
		}
		rate, exact := statistics.PoissonExact(k, float64(n), 0.95)
		if v, _ := rate.Value(); !(exact.Low <= v && v <= exact.High) {
			t.Fatalf("%d over %d: %+v", k, n, exact)
		}
	})
}

func TestQuantilesInterpolateBetweenValues(t *testing.T) {
	q := statistics.Quantiles([]float64{7, 1, 3, 10}, 0, 0.1, 0.25, 0.5, 0.75, 1)
	for i, want := range []float64{1, 1.6, 2.5, 5, 7.75, 10} {
		printed(t, "quantile", number(t, "quantile", q[i]), want, 12)
	}
	s := statistics.MedianIQR([]float64{4})
	if s.N != 1 || s.Q1.Or(0) != 4 || s.Median.Or(0) != 4 || s.Q3.Or(0) != 4 {
		t.Errorf("one value: %+v", s)
	}
	for name, n := range map[string]statistics.Number{
		"no values":            statistics.MedianIQR(nil).Median,
		"not a number":         statistics.MedianIQR([]float64{1, math.NaN()}).Median,
		"probability beyond 1": statistics.Quantiles([]float64{1}, 1.5)[0],
		"probability unknown":  statistics.Quantiles([]float64{1}, math.NaN())[0],
	} {
		if n.Defined() {
			t.Errorf("%s: %v", name, n)
		}
	}
}
