package report

import (
	"math"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
)

// LeastCompared is how many cases a unit needs before a finding sets it against
// another: of one case the share is 0 or all, whatever the hospital does.
const LeastCompared = 10

// Difference is the finding of a chart of estimates. It is no ranking: of rates it
// names two units where the interval of one lies wholly below that of the other, and
// says of all others that their intervals overlap, for who is lowest among them is
// chance. Units of fewer cases than [LeastCompared] are not compared. It says no
// values, which stand in the chart beside what they rest on. As is how a value is
// written: what reads the same is called equal. Medians have no such interval, their
// quartiles are the spread of the cases: of them nothing is concluded.
func Difference(say Speaker, items []chart.Estimate, as func(float64) string, rates bool) string {
	var list []chart.Estimate
	for _, i := range items {
		if i.Cases >= LeastCompared {
			list = append(list, i)
		}
	}
	if len(list) < 2 {
		return say.T("desk.estimates.few", "least", LeastCompared)
	}
	value := func(i chart.Estimate) float64 { return i.Value }
	low, high := utmost(list, value)
	if as(low.Value) == as(high.Value) && len(list) == len(items) {
		return say.T("desk.estimates.same", "n", len(items))
	}
	if !rates {
		return say.T("desk.estimates.medians", "n", len(list))
	}
	low, _ = utmost(list, func(i chart.Estimate) float64 { return i.High })
	_, high = utmost(list, func(i chart.Estimate) float64 { return i.Low })
	switch {
	case low.High < high.Low:
		return say.T("desk.estimates.apart", "low", low.Name, "high", high.Name)
	case len(list) < len(items):
		return say.T("desk.estimates.overlap.some", "n", len(list), "least", LeastCompared)
	}
	return say.T("desk.estimates.overlap", "n", len(list))
}

// utmost are the items with the least and the greatest of a value; one that is not
// known is neither.
func utmost(items []chart.Estimate, of func(chart.Estimate) float64) (low, high chart.Estimate) {
	low, high = items[0], items[0]
	for _, i := range items {
		if of(i) < of(low) || math.IsNaN(of(low)) {
			low = i
		}
		if of(i) > of(high) || math.IsNaN(of(high)) {
			high = i
		}
	}
	return low, high
}

// Compared is how many cases a reading rests on where it is set against another: of
// a share the denominator.
func Compared(r measure.Reading) int64 {
	if _, of := r.Rate(); r.Definition().Rate() {
		return of
	}
	return r.N()
}

// Drawn are the months a chart goes from and to. At the ends a month of which every
// unit was left out stands in the table only: those that were not followed for a year
// yet would be an empty stretch of each chart, and a count of none of them a signal.
func Drawn(months []measure.Reading) (from, to int) {
	blank := func(r measure.Reading) bool {
		return !r.Definition().Tallied() && !r.Hidden() && r.Coverage() == measure.Coverage{}
	}
	for to = len(months); to > 0 && blank(months[to-1]); to-- {
	}
	for from < to && blank(months[from]) {
		from++
	}
	return from, to
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
