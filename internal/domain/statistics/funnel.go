package statistics

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mathext"
)

// Two families of exact funnel limits are in use, and they differ. Which one a
// page shows is the type it uses and the method of every interval it gets.
const (
	MethodBinomialQuantile  Method = "binomial-quantile"    // [BinomialFunnel]
	MethodPoissonInverted   Method = "poisson-inverted"     // [PoissonFunnel]
	MethodArcsineDispersion Method = "arcsine-additive"     // [ShareDispersion]
	MethodRootDispersion    Method = "square-root-additive" // [RatioDispersion]
)

// WarnLevel and ActionLevel are the levels of the two pairs of limits: outside
// the inner one a look is worth it, outside the outer one somebody has to act.
const (
	WarnLevel   = 0.95
	ActionLevel = 0.998
)

// BinomialFunnel has the predictive limits of a share around a target: where the
// share of a unit of that volume falls with the level's probability. Between
// two counts the limit is interpolated (Spiegelhalter 2005), so that it does
// not jump from one volume to the next. That is for drawing only: a single event
// in a small unit can lie a hair beyond an interpolated limit and yet be no rare
// thing. Whether a unit lies outside is what [BinomialFunnel.Place] says.
type BinomialFunnel struct {
	Target float64 // the share in all units together
}

// Limits are the limits for a unit with n cases.
func (f BinomialFunnel) Limits(n int, level float64) Interval {
	if n <= 0 || !(f.Target >= 0 && f.Target <= 1) || !levelOK(level) {
		return none(level)
	}
	tail := (1 - level) / 2
	return Interval{Low: f.limit(n, tail), High: f.limit(n, 1-tail), Level: level, Method: MethodBinomialQuantile}
}

func (f BinomialFunnel) limit(n int, p float64) float64 {
	r := sort.Search(n, func(r int) bool { return binomialUpTo(r, n, f.Target) >= p })
	below, at := binomialUpTo(r-1, n, f.Target), binomialUpTo(r, n, f.Target)
	part := 0.0
	if at > below {
		part = (at - p) / (at - below)
	}
	return unit((float64(r) - part) / float64(n))
}

// binomialUpTo is the chance of at most r events in n.
func binomialUpTo(r, n int, p float64) float64 {
	switch {
	case r < 0:
		return 0
	case r >= n || p <= 0:
		return 1
	case p >= 1:
		return 0
	}
	return mathext.RegIncBeta(float64(n-r), float64(r+1), 1-p)
}

// binomialAtLeast is the chance of r events or more in n. It works on the upper
// tail, so a small chance loses no digits.
func binomialAtLeast(r, n int, p float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r > n || p <= 0:
		return 0
	case p >= 1:
		return 1
	}
	return mathext.RegIncBeta(float64(r), float64(n-r+1), p)
}

// Place judges a unit by the exact chance of so many events or more, and of so
// few or less, had it the share of the target.
func (f BinomialFunnel) Place(events, n int) Position {
	if n <= 0 || events < 0 || events > n || !(f.Target >= 0 && f.Target <= 1) {
		return PositionUnknown
	}
	return placed(binomialUpTo(events, n, f.Target), binomialAtLeast(events, n, f.Target))
}

// PoissonFunnel has the limits of a ratio of observed to expected events: the
// exact Poisson interval of the expected number, inverted around the target.
type PoissonFunnel struct {
	Target float64 // 1 when the reference is all units together
}

// Limits are the limits for a unit with that many expected events.
func (f PoissonFunnel) Limits(expected, level float64) Interval {
	if !(expected > 0) || math.IsInf(expected, 1) || !(f.Target > 0) || !levelOK(level) {
		return none(level)
	}
	tail := (1 - level) / 2
	return Interval{Low: f.Target * gammaLow(tail, expected) / expected, High: f.Target * gammaHigh(tail, expected+1) / expected,
		Level: level, Method: MethodPoissonInverted}
}

// Place judges a unit by the exact Poisson chance of so many events or more, and
// of so few or less, where the target times the expected ones are the mean. The
// limits are inverted around the target and would let a count just beyond them
// pass for a rare one.
func (f PoissonFunnel) Place(observed int, expected float64) Position {
	if observed < 0 || !(expected > 0) || math.IsInf(expected, 1) || !(f.Target > 0) {
		return PositionUnknown
	}
	mean := f.Target * expected
	return placed(mathext.GammaIncRegComp(float64(observed+1), mean), poissonAtLeast(observed, mean))
}

// Position says where a unit lies in a funnel.
type Position int

// The positions. Below the limits may be good or bad; the page knows which.
const (
	PositionUnknown Position = iota // no limits
	Inside
	WarnLow
	WarnHigh
	ActionLow
	ActionHigh
)

// nearer is the milder of two judgements of one unit; of two that contradict each
// other nothing is left.
func (p Position) nearer(q Position) Position {
	rank := map[Position]int{WarnLow: -1, ActionLow: -2, WarnHigh: 1, ActionHigh: 2}
	switch a, b := rank[p], rank[q]; {
	case a*b <= 0:
		return Inside
	case a*a <= b*b:
		return p
	}
	return q
}

// placed judges by the chances of so little and of so much: a level leaves half of
// the rest in each tail. A chance that is just that of the tail is inside.
func placed(atMost, atLeast float64) Position {
	const warn, action = (1 - WarnLevel) / 2, (1 - ActionLevel) / 2
	switch {
	case math.IsNaN(atMost) || math.IsNaN(atLeast):
		return PositionUnknown
	case atMost < action:
		return ActionLow
	case atLeast < action:
		return ActionHigh
	case atMost < warn:
		return WarnLow
	case atLeast < warn:
		return WarnHigh
	}
	return Inside
}

// within compares a value with the two pairs of limits. On a limit is inside. It
// is for limits widened on a normal scale, which have no counts to be exact about.
func within(value float64, warn, action Interval) Position {
	switch {
	case !warn.Defined() || !action.Defined() || math.IsNaN(value):
		return PositionUnknown
	case value < action.Low:
		return ActionLow
	case value > action.High:
		return ActionHigh
	case value < warn.Low:
		return WarnLow
	case value > warn.High:
		return WarnHigh
	}
	return Inside
}

// LeastUnits is how many units it takes before over-dispersion is estimated:
// the variance between three hospitals means nothing.
const LeastUnits = 10

// Dispersion is how much more units differ than chance explains.
type Dispersion struct {
	Units    int
	Z        []float64 // how far each unit is from the target, in its own standard errors
	Bounds   Interval  // where Z was winsorised; method empty with no units
	RawPhi   Number    // mean of Z² as it is
	Phi      Number    // and winsorised
	P        Number    // of so much dispersion by chance
	Tau2     float64   // the variance between units used in limits; 0 when not adjusted
	Adjusted bool      // there were enough units and more dispersion than chance
}

// methodWinsor marks bounds that are no confidence interval.
const methodWinsor Method = "winsorised"

// disperse estimates the variance between units from their scores and the
// standard errors of the transformed values.
func disperse(z, se []float64) Dispersion {
	d := Dispersion{Units: len(z), Z: z}
	if len(z) == 0 {
		return d
	}
	q := Quantiles(z, 0.1, 0.9)
	low, high := q[0].value, q[1].value
	d.Bounds = Interval{Low: low, High: high, Level: 0.8, Method: methodWinsor}
	raw, sum := 0.0, 0.0
	for _, v := range z {
		raw += v * v
		v = math.Min(math.Max(v, low), high)
		sum += v * v
	}
	units := float64(len(z))
	d.RawPhi, d.Phi, d.P = Of(raw/units), Of(sum/units), Of(chiSquareTail(sum, units))
	if len(z) < LeastUnits || sum <= units-1 {
		return d
	}
	w, w2 := 0.0, 0.0
	for _, s := range se {
		w, w2 = w+1/(s*s), w2+1/(s*s*s*s)
	}
	if room := w - w2/w; room > 0 {
		d.Tau2 = math.Max(0, (sum-(units-1))/room)
		d.Adjusted = d.Tau2 > 0
	}
	return d
}

// ShareDispersion widens the limits of shares on the arcsine scale.
type ShareDispersion struct {
	Dispersion
	Target Number
}

// Share is one unit's count of events and cases.
type Share struct{ Events, Cases int }

// DisperseShares measures the dispersion of shares; units without cases do not
// take part.
func DisperseShares(units []Share) ShareDispersion {
	events, cases := 0, 0
	var used []Share
	for _, u := range units {
		if Proportion(u.Events, u.Cases).Defined() {
			used, events, cases = append(used, u), events+u.Events, cases+u.Cases
		}
	}
	d := ShareDispersion{Target: Proportion(events, cases)}
	centre := math.Asin(math.Sqrt(d.Target.value))
	z, se := make([]float64, len(used)), make([]float64, len(used))
	for i, u := range used {
		se[i] = 1 / (2 * math.Sqrt(float64(u.Cases)))
		z[i] = (math.Asin(math.Sqrt(float64(u.Events)/float64(u.Cases))) - centre) / se[i]
	}
	d.Dispersion = disperse(z, se)
	return d
}

// Limits are the limits for a unit with n cases; without adjustment they are
// the normal ones on the arcsine scale.
func (d ShareDispersion) Limits(n int, level float64) Interval {
	if n <= 0 || !d.Target.Defined() || !levelOK(level) {
		return none(level)
	}
	centre := math.Asin(math.Sqrt(d.Target.value))
	half := zOf(level) * math.Sqrt(1/(4*float64(n))+d.Tau2)
	back := func(y float64) float64 { s := math.Sin(math.Min(math.Max(y, 0), math.Pi/2)); return s * s }
	return Interval{Low: back(centre - half), High: back(centre + half), Level: level, Method: MethodArcsineDispersion}
}

// Place judges a unit by the widened limits and, whatever they say, by the exact
// chance too: units that differ by more than chance make nothing outside that chance
// alone would do, and on the arcsine scale a small count can pass a limit too soon.
func (d ShareDispersion) Place(events, n int) Position {
	exact := BinomialFunnel{Target: d.Target.Or(math.NaN())}.Place(events, n)
	if !d.Adjusted || exact == PositionUnknown {
		return exact
	}
	return exact.nearer(within(float64(events)/float64(n), d.Limits(n, WarnLevel), d.Limits(n, ActionLevel)))
}

// RatioDispersion widens the limits of ratios on the square-root scale, which
// has a value for 0 events too.
type RatioDispersion struct{ Dispersion }

// Ratio is one unit's observed and expected events.
type Ratio struct {
	Observed int
	Expected float64
}

// DisperseRatios measures the dispersion of ratios around 1; units that expect
// nothing do not take part.
func DisperseRatios(units []Ratio) RatioDispersion {
	var z, se []float64
	for _, u := range units {
		if u.Observed >= 0 && u.Expected > 0 && !math.IsInf(u.Expected, 1) {
			s := 1 / (2 * math.Sqrt(u.Expected))
			z, se = append(z, (math.Sqrt(float64(u.Observed)/u.Expected)-1)/s), append(se, s)
		}
	}
	return RatioDispersion{disperse(z, se)}
}

// Limits are the limits for a unit with that many expected events.
func (d RatioDispersion) Limits(expected, level float64) Interval {
	if !(expected > 0) || math.IsInf(expected, 1) || !levelOK(level) {
		return none(level)
	}
	half := zOf(level) * math.Sqrt(1/(4*expected)+d.Tau2)
	low := math.Max(0, 1-half)
	return Interval{Low: low * low, High: (1 + half) * (1 + half), Level: level, Method: MethodRootDispersion}
}

// Place judges a unit by the widened limits and by the exact chance, as
// [ShareDispersion.Place] does.
func (d RatioDispersion) Place(observed int, expected float64) Position {
	exact := PoissonFunnel{Target: 1}.Place(observed, expected)
	if !d.Adjusted || exact == PositionUnknown {
		return exact
	}
	return exact.nearer(within(float64(observed)/expected, d.Limits(expected, WarnLevel), d.Limits(expected, ActionLevel)))
}
