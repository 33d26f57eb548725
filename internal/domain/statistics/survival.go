package statistics

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Outcome is how the observation of one subject ended.
type Outcome int

// The outcomes. Competing is an end that makes the event impossible, such as
// death before a revision; Kaplan–Meier counts it as censored, Aalen–Johansen
// does not.
const (
	Censored Outcome = iota
	Event
	Competing
)

// Subject is one observed unit (a joint, not a person) with the time until its
// observation ended.
type Subject struct {
	Time    float64
	Outcome Outcome
}

// Band is how the confidence band of a curve is made: [MethodPlain],
// [MethodLog] or [MethodLogLog], at a level. Only the last always stays between
// 0 and 1, so the house reports with it.
type Band struct {
	Method Method
	Level  float64
}

// ReportBand is the band of published figures: log-log, 95 %.
func ReportBand() Band { return Band{MethodLogLog, 0.95} }

// Step is the state of a curve from one observed time to the next. AtRisk is
// the number just before that time: who is censored at the time of an event
// was still at risk.
type Step struct {
	Time             float64
	AtRisk           int
	Events, Censored int      // at this very time; a competing end counts as censored
	Survival         float64  // just after this time
	SE               Number   // Greenwood; undefined once nobody is left
	CI               Interval // undefined where the band's formula is, at 1 or 0
}

// Curve is a Kaplan–Meier curve.
type Curve struct {
	N, Events int
	Band      Band
	Steps     []Step
	times     []float64 // all times, rising, for the numbers at risk
	until     float64   // the last time the curve speaks about
}

// KaplanMeier estimates the chance of having had no event. Subjects whose time
// is negative or not finite are not counted; a page that passes such has to say
// so itself.
func KaplanMeier(subjects []Subject, band Band) Curve {
	sorted := observed(subjects)
	c := Curve{N: len(sorted), Band: band}
	survival, sum := 1.0, 0.0 // sum: Greenwood's Σ d/(n(n−d))
	for i := 0; i < len(sorted); {
		s := Step{Time: sorted[i].Time, AtRisk: len(sorted) - i}
		for ; i < len(sorted) && sorted[i].Time == s.Time; i++ {
			if sorted[i].Outcome == Event {
				s.Events++
			} else {
				s.Censored++
			}
		}
		d, n := float64(s.Events), float64(s.AtRisk)
		survival *= (n - d) / n
		sum += d / (n * (n - d))
		s.Survival, s.SE, s.CI = survival, Of(survival*math.Sqrt(sum)), band.around(survival, math.Sqrt(sum))
		c.Steps, c.Events, c.until = append(c.Steps, s), c.Events+s.Events, s.Time
	}
	for _, s := range sorted {
		c.times = append(c.times, s.Time)
	}
	return c
}

// observed are the countable subjects by time.
func observed(subjects []Subject) []Subject {
	var sorted []Subject
	for _, s := range subjects {
		if s.Time >= 0 && !math.IsInf(s.Time, 1) {
			sorted = append(sorted, s)
		}
	}
	slices.SortStableFunc(sorted, func(a, b Subject) int { return cmp.Compare(a.Time, b.Time) })
	return sorted
}

// around is the band at a survival whose log has the standard error se.
func (b Band) around(survival, se float64) Interval {
	if !levelOK(b.Level) || survival <= 0 || survival >= 1 && b.Method == MethodLogLog {
		return none(b.Level)
	}
	z, i := zOf(b.Level), Interval{Level: b.Level, Method: b.Method}
	switch b.Method {
	case MethodPlain:
		i.Low, i.High = unit(survival-z*survival*se), unit(survival+z*survival*se)
	case MethodLog:
		i.Low, i.High = survival*math.Exp(-z*se), unit(survival*math.Exp(z*se))
	case MethodLogLog:
		width := math.Exp(z * se / -math.Log(survival))
		i.Low, i.High = math.Pow(survival, width), math.Pow(survival, 1/width)
	default:
		return none(b.Level)
	}
	return i
}

// AtRisk is how many subjects were still observed just before a time.
func (c Curve) AtRisk(time float64) int { return len(c.times) - sort.SearchFloat64s(c.times, time) }

// Until is the last time the curve speaks about.
func (c Curve) Until() float64 { return c.until }

// At is the state of the curve at a time; false beyond its end and before 0.
// Before the first observed end the survival is 1.
func (c Curve) At(time float64) (Step, bool) {
	if c.N == 0 || !(time >= 0 && time <= c.until) {
		return Step{}, false
	}
	at := Step{AtRisk: c.N, Survival: 1, SE: Of(0), CI: c.Band.around(1, 0)}
	for _, s := range c.Steps {
		if s.Time > time {
			break
		}
		at = s
	}
	at.Time, at.AtRisk = time, c.AtRisk(time)
	return at, true
}

// StopBelow ends the curve where fewer than least subjects are at risk: what so
// few show is chance, and may point at a person. The steps before stay as they
// are.
func (c Curve) StopBelow(least int) Curve {
	if least <= 0 || c.N == 0 {
		return c
	}
	if c.N < least {
		c.Steps, c.until = nil, 0
		return c
	}
	c.until = c.times[c.N-least]
	keep := sort.Search(len(c.Steps), func(i int) bool { return c.Steps[i].Time > c.until })
	c.Steps = c.Steps[:keep:keep]
	return c
}

// Median is the time until half have had the event, with the times at which the
// band crosses a half. An end is undefined when it is never reached.
type Median struct {
	Time, Low, High Number
}

// Median is the median time. Where the curve lies exactly at a half for a
// while, it is the middle of that stretch, as R has it.
func (c Curve) Median() Median {
	var m Median
	m.Time = c.reaches(func(s Step) Number { return Of(s.Survival) })
	m.Low = c.reaches(func(s Step) Number { return limit(s.CI, s.CI.Low) })
	m.High = c.reaches(func(s Step) Number { return limit(s.CI, s.CI.High) })
	return m
}

func limit(i Interval, v float64) Number {
	if !i.Defined() {
		return Number{}
	}
	return Of(v)
}

// reaches is the time a falling line reaches a half.
func (c Curve) reaches(line func(Step) Number) Number {
	const near = 1.5e-8 // products of fractions miss an exact half by rounding
	first := Number{}
	level := 0.0
	for _, s := range c.Steps {
		v, ok := line(s).Value()
		switch {
		case !ok || v >= 0.5+near:
		case !first.Defined():
			first, level = Of(s.Time), v
			if math.Abs(v-0.5) >= near {
				return first
			}
		case v < level:
			return Of((first.value + s.Time) / 2)
		}
	}
	return first
}

// LogRank is the comparison of groups over the whole time: how many events each
// had, and how many it would have had if the groups did not differ.
type LogRank struct {
	Observed  []int
	Expected  []float64
	ChiSquare Number // undefined when fewer than two groups can be compared
	DF        int
	P         Number
	Variance  float64 // of the first group's observed minus expected
}

// CompareSurvival runs the log-rank test over two or more groups.
func CompareSurvival(groups ...[]Subject) LogRank {
	k := len(groups)
	r := LogRank{Observed: make([]int, k), Expected: make([]float64, k)}
	cov := make([][]float64, k)
	sorted := make([][]Subject, k)
	var times []float64
	for g, subjects := range groups {
		cov[g], sorted[g] = make([]float64, k), observed(subjects)
		for _, s := range sorted[g] {
			if s.Outcome == Event {
				times = append(times, s.Time)
				r.Observed[g]++
			}
		}
	}
	slices.Sort(times)
	for _, t := range slices.Compact(times) {
		r.add(cov, sorted, t)
	}
	if k > 0 {
		r.Variance = cov[0][0]
	}
	r.test(cov)
	return r
}

// add adds the expectation and its covariance at one time of an event.
func (r *LogRank) add(cov [][]float64, sorted [][]Subject, t float64) {
	risk, n, d := make([]float64, len(sorted)), 0.0, 0.0
	for g, subjects := range sorted {
		from := sort.Search(len(subjects), func(i int) bool { return subjects[i].Time >= t })
		risk[g] = float64(len(subjects) - from)
		n += risk[g]
		for i := from; i < len(subjects) && subjects[i].Time == t; i++ {
			if subjects[i].Outcome == Event {
				d++
			}
		}
	}
	spread := 0.0
	if n > 1 {
		spread = d * (n - d) / (n - 1)
	}
	for g := range sorted {
		share := risk[g] / n
		r.Expected[g] += d * share
		for h := range sorted {
			other := -share * risk[h] / n
			if g == h {
				other += share
			}
			cov[g][h] += spread * other
		}
	}
}

// test turns the differences into χ². One group of those that expect events is
// left out: the differences add up to 0.
func (r *LogRank) test(cov [][]float64) {
	var use []int
	for g, e := range r.Expected {
		if e > 0 {
			use = append(use, g)
		}
	}
	if len(use) < 2 {
		return
	}
	use = use[1:]
	a, b := make([][]float64, len(use)), make([]float64, len(use))
	for i, g := range use {
		b[i] = float64(r.Observed[g]) - r.Expected[g]
		for _, h := range use {
			a[i] = append(a[i], cov[g][h])
		}
	}
	chi, ok := quadratic(a, b)
	if !ok {
		return
	}
	r.DF, r.ChiSquare, r.P = len(use), Of(chi), Of(chiSquareTail(chi, float64(len(use))))
}

// quadratic is b'A⁻¹b of a symmetric positive definite matrix (Cholesky); false
// when A is singular. Both are overwritten.
func quadratic(a [][]float64, b []float64) (sum float64, ok bool) {
	for i := range b {
		pivot := a[i][i]
		for k := range i {
			pivot -= a[i][k] * a[i][k]
			b[i] -= a[i][k] * b[k]
		}
		if !(pivot > 1e-12*a[i][i]) {
			return 0, false
		}
		root := math.Sqrt(pivot)
		for j := i + 1; j < len(b); j++ {
			for k := range i {
				a[j][i] -= a[i][k] * a[j][k]
			}
			a[j][i] /= root
		}
		b[i] /= root
		sum += b[i] * b[i]
	}
	return sum, true
}
