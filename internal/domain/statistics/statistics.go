// Package statistics computes what the programme says about its own results:
// proportions and rates with their uncertainty, survival of implants, limits
// for comparing hospitals, and charts that signal a change.
//
// It is pure arithmetic on plain numbers and depends on no other room: a count
// or a time comes in, a figure goes out. Three rules hold everywhere:
//   - A figure that cannot be computed is an undefined [Number] or an
//     [Interval] without a method, never NaN, never an infinite value and never
//     a silent 0.
//   - An interval names its level and its method, so that a page can say how
//     it was made and two kinds are not compared by mistake.
//   - The same input gives the same bits: nothing here reads a clock, and what
//     simulates takes a seed.
//
// The results are compared with R in testdata/reference.R; R is not needed to
// run the tests.
package statistics

import "math"

// Number is a computed figure, or the statement that there is none. The zero
// Number is undefined.
type Number struct {
	value   float64
	defined bool
}

// Of makes a number; what is not finite is undefined.
func Of(v float64) Number {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Number{}
	}
	return Number{v, true}
}

// Value returns the figure and whether there is one.
func (n Number) Value() (v float64, defined bool) { return n.value, n.defined }

// Defined reports whether there is a figure.
func (n Number) Defined() bool { return n.defined }

// Or is the figure, or the given one where there is none.
func (n Number) Or(v float64) float64 {
	if n.defined {
		return n.value
	}
	return v
}

// Times is the figure in another unit, for example in percent.
func (n Number) Times(factor float64) Number {
	if !n.defined {
		return n
	}
	return Of(n.value * factor)
}

// Method names how an interval was made.
type Method string

// The methods. Undefined is the method of an interval that does not exist.
const (
	Undefined          Method = ""
	MethodExactBinom   Method = "clopper-pearson"
	MethodWilson       Method = "wilson"
	MethodExactPoisson Method = "poisson-exact"
	MethodByar         Method = "byar"
	MethodPlain        Method = "plain"
	MethodLog          Method = "log"
	MethodLogLog       Method = "log-log"
)

// Interval is a confidence interval, both ends known.
type Interval struct {
	Low, High float64
	Level     float64 // 0.95 for 95 %
	Method    Method  // [Undefined]: there is no interval
}

// Defined reports whether there is an interval.
func (i Interval) Defined() bool { return i.Method != Undefined }

// Times is the interval in another unit; the factor is positive.
func (i Interval) Times(factor float64) Interval {
	if !i.Defined() {
		return i
	}
	i.Low, i.High = i.Low*factor, i.High*factor
	return i
}

// none is the interval that does not exist.
func none(level float64) Interval { return Interval{Level: level} }

// levelOK reports whether a level lies strictly between 0 and 1; NaN does not.
func levelOK(level float64) bool { return level > 0 && level < 1 }

// unit keeps a probability between 0 and 1 against rounding.
func unit(v float64) float64 { return math.Min(math.Max(v, 0), 1) }
