package statistics_test

import (
	"math"
	"math/rand/v2"
	"testing"

	st "github.com/shanhai-health/shanhai/internal/domain/statistics"
)

// One event in a small hospital lies beyond an interpolated limit and is no rare
// thing: it is its chance that says where it lies.
func TestAUnitIsPlacedByItsExactChance(t *testing.T) {
	rare := st.BinomialFunnel{Target: 2.0 / 283}
	if high := rare.Limits(6, st.ActionLevel).High; !(high < 1.0/6) {
		t.Fatalf("the case is no longer the one of the fault: the limit is %v", high)
	}
	for _, c := range []struct {
		target    float64
		events, n int
		want      st.Position
	}{
		{2.0 / 283, 1, 6, st.Inside},     // P(X ≥ 1) = 4.2 %
		{2.0 / 283, 1, 3, st.WarnHigh},   // 2.1 %
		{2.0 / 283, 2, 6, st.ActionHigh}, // 0.07 %
		{2.0 / 283, 0, 6, st.Inside},
		{0.5, 1, 10, st.WarnLow},   // P(X ≤ 1) = 1.07 %
		{0.5, 2, 10, st.Inside},    // 5.5 %
		{0.5, 0, 10, st.ActionLow}, // 0.098 %
		{0.5, 9, 10, st.WarnHigh},  // by symmetry
		{0.5, 10, 10, st.ActionHigh},
		{0, 0, 5, st.Inside}, {0, 1, 5, st.ActionHigh}, {1, 5, 5, st.Inside}, {1, 4, 5, st.ActionLow},
		{0.1, 0, 0, st.PositionUnknown}, {0.1, 3, 2, st.PositionUnknown}, {0.1, -1, 2, st.PositionUnknown}, {math.NaN(), 1, 2, st.PositionUnknown},
	} {
		if got := (st.BinomialFunnel{Target: c.target}).Place(c.events, c.n); got != c.want {
			t.Errorf("%d of %d against %v lies at %v, want %v", c.events, c.n, c.target, got, c.want)
		}
	}
	for _, c := range []struct {
		observed int
		expected float64
		want     st.Position
	}{
		{1, 0.0424, st.Inside},                  // P(X ≥ 1) = 4.15 %
		{1, 0.02, st.WarnHigh},                  // 1.98 %
		{1, 0.0005, st.ActionHigh},              // 0.05 %
		{0, 3.5, st.Inside}, {0, 4, st.WarnLow}, // 3.0 %, 1.8 %
		{0, 7, st.ActionLow}, // 0.09 %
		{3, 0, st.PositionUnknown}, {-1, 1, st.PositionUnknown}, {1, math.Inf(1), st.PositionUnknown},
	} {
		if got := (st.PoissonFunnel{Target: 1}).Place(c.observed, c.expected); got != c.want {
			t.Errorf("%d of %v expected lies at %v, want %v", c.observed, c.expected, got, c.want)
		}
	}
}

// tails sums the chances from a list of single ones, as a textbook would.
func tails(k int, chances []float64) (atMost, atLeast float64) {
	for i, p := range chances {
		if i <= k {
			atMost += p
		}
		if i >= k {
			atLeast += p
		}
	}
	return atMost, atLeast
}

func placeOf(atMost, atLeast float64) st.Position {
	switch {
	case atMost < 0.001:
		return st.ActionLow
	case atLeast < 0.001:
		return st.ActionHigh
	case atMost < 0.025:
		return st.WarnLow
	case atLeast < 0.025:
		return st.WarnHigh
	}
	return st.Inside
}

// onEdge leaves out the chances that rounding could take to either side.
func onEdge(tails ...float64) bool {
	for _, p := range tails {
		if math.Abs(p-0.025) < 1e-9 || math.Abs(p-0.001) < 1e-9 {
			return true
		}
	}
	return false
}

func TestThePlaceAgreesWithTheTailOfTheChances(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	for range 400 {
		n, target := 1+r.IntN(120), math.Pow(r.Float64(), 2)
		chances := make([]float64, n+1)
		for k := range chances {
			a, _ := math.Lgamma(float64(n + 1))
			b, _ := math.Lgamma(float64(k + 1))
			c, _ := math.Lgamma(float64(n - k + 1))
			chances[k] = math.Exp(a - b - c + float64(k)*math.Log(target) + float64(n-k)*math.Log1p(-target))
		}
		for k := range chances {
			low, high := tails(k, chances)
			if got := (st.BinomialFunnel{Target: target}).Place(k, n); !onEdge(low, high) && got != placeOf(low, high) {
				t.Fatalf("%d of %d against %v: %v, but the tails are %v and %v", k, n, target, got, low, high)
			}
		}
		mean := 20 * target
		chances = make([]float64, 150)
		for k := range chances {
			b, _ := math.Lgamma(float64(k + 1))
			chances[k] = math.Exp(float64(k)*math.Log(mean) - mean - b)
		}
		for k := range 60 {
			low, high := tails(k, chances)
			if got := (st.PoissonFunnel{Target: 2}).Place(k, mean/2); !onEdge(low, high) && got != placeOf(low, high) {
				t.Fatalf("%d where %v are expected: %v, but the tails are %v and %v", k, mean, got, low, high)
			}
		}
	}
}

// Widened limits call nobody outside whom the exact chance has inside, and spare
// some whom it has outside.
func TestWidenedLimitsAreNeverStricterThanTheExactChance(t *testing.T) {
	d := st.DisperseShares(tenUnits())
	exact, spared := st.BinomialFunnel{Target: d.Target.Or(math.NaN())}, 0
	for n := 1; n < 300; n++ {
		for k := range n + 1 {
			wide, narrow := d.Place(k, n), exact.Place(k, n)
			if narrow == st.Inside && wide != st.Inside {
				t.Fatalf("%d of %d is %v by the widened limits alone", k, n, wide)
			}
			if narrow != st.Inside && wide == st.Inside {
				spared++
			}
		}
	}
	if !d.Adjusted || spared == 0 {
		t.Error("nothing was widened")
	}
	if few := st.DisperseShares(tenUnits()[:3]); few.Adjusted || few.Place(60, 200) != st.ActionHigh {
		t.Error("three hospitals have no dispersion: the chance alone judges them")
	}
	if (st.ShareDispersion{}).Place(1, 2) != st.PositionUnknown || (st.RatioDispersion{}).Place(1, 0) != st.PositionUnknown {
		t.Error("nothing has a place")
	}
}
