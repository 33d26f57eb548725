package statistics

import (
	"math"
	"slices"
)

// Quantiles are the quantiles at the probabilities ps by linear interpolation
// between order statistics (Hyndman and Fan's type 7, the default of R and of
// spreadsheets). Values need not be sorted; no values, a value that is not
// finite, or a probability outside 0–1 give an undefined quantile.
func Quantiles(values []float64, ps ...float64) []Number {
	qs := make([]Number, len(ps))
	if len(values) == 0 || slices.ContainsFunc(values, func(v float64) bool { return !Of(v).Defined() }) {
		return qs
	}
	sorted := slices.Sorted(slices.Values(values))
	for i, p := range ps {
		if p >= 0 && p <= 1 {
			qs[i] = Of(quantile(sorted, p))
		}
	}
	return qs
}

// quantile reads a quantile off sorted values.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	low := math.Floor(at)
	i := int(low)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-low)*(sorted[i+1]-sorted[i])
}

// Spread is the middle of a distribution: half of the values lie between the
// quartiles.
type Spread struct {
	N          int
	Q1, Median Number
	Q3         Number
}

// MedianIQR summarises values by their median and quartiles (type 7).
func MedianIQR(values []float64) Spread {
	q := Quantiles(values, 0.25, 0.5, 0.75)
	return Spread{N: len(values), Q1: q[0], Median: q[1], Q3: q[2]}
}
