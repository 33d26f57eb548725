package report

import (
	"math"

	"github.com/shanhai-health/shanhai/internal/chart"
)

// Extremes is the finding of a chart of estimates: which is lowest and which
// highest, without their values, which stand in the chart beside what they rest on.
// Of rates it says too whether the intervals of the two overlap; the quartiles of
// medians are no intervals of an estimate. As is how a value is written: what reads
// the same is called equal. The items must hold one value at least.
func Extremes(say Speaker, items []chart.Estimate, as func(float64) string, rates bool) string {
	low, high := items[0], items[0]
	for _, i := range items {
		if i.Value < low.Value {
			low = i
		}
		if i.Value > high.Value {
			high = i
		}
	}
	key := "desk.estimates.title"
	switch {
	case as(low.Value) == as(high.Value):
		return say.T("desk.estimates.same", "n", len(items))
	case !rates || math.IsNaN(low.High) || math.IsNaN(high.Low):
	case low.High >= high.Low:
		key = "desk.estimates.overlap"
	default:
		key = "desk.estimates.apart"
	}
	return say.T(key, "low", low.Name, "high", high.Name)
}
