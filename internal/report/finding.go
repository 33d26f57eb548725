package report

import (
	"math"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
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

// LeastMonths is how many months limits of control need.
const LeastMonths = 6

// Calm is what is said of a trend without a signal, and the note of one with or
// without: how many of its months are judged by exact limits because they expect too
// few events, and of fewer than [LeastMonths] that they have no limits at all. Of a
// count all months are sparse, or none.
func Calm(say Speaker, note string, months, sparse int, counts bool) (title, noted string) {
	if months < LeastMonths {
		return say.T("desk.trend.few", "months", months), say.T("desk.trend.few.note", "least", LeastMonths)
	}
	if sparse == 0 {
		return say.T("desk.trend.calm", "months", months), note
	}
	finding, limits := "desk.trend.calm.sparse", "desk.trend.note.sparse"
	switch {
	case counts:
		finding, limits = "desk.trend.calm.sparse.counts", "desk.trend.note.sparse.counts"
	case sparse >= months:
		finding = "desk.trend.calm.sparse.all"
	}
	return say.T(finding, "months", months, "sparse", sparse), say.T(limits, "note", note, "least", statistics.EnoughEvents)
}
