package reporting

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Who sees hidden figures asks for a calendar month, quarter or year, or for
// everything. These add up to each other like the parts of one table, and as one
// table they are protected: a month that is hidden cannot be had from the quarter
// around it and the months beside it. Any other period would be one more sum over
// the same months, and two of them subtract.

// askable refuses a filter that no hidden figures are given for.
func askable(f measure.Filter) error {
	n := len(conditionsOf(f))
	from, to := f.Period()
	if f.Plain().Month == "" && keyOf(f, measure.ByMonth) != "" { // a quarter or a year singles nobody out
		n--
	}
	if n > maxConditions {
		return errs.Refuse("disclosure.conditions", "error.disclosure.conditions", errs.Args{"max": maxConditions}, "remedy.disclosure.conditions")
	}
	if from.IsZero() && to.IsZero() {
		return nil
	}
	if p, exact := around(from, to); !exact {
		return errs.Refuse("disclosure.period", "error.disclosure.period", errs.Args{"from": p.From, "to": p.To}, "remedy.disclosure.period")
	}
	return nil
}

// around is the shortest calendar period some days lie in, or the year of the
// first where none is long enough, and whether it is those days.
func around(from, to clock.Date) (p report.Period, exact bool) {
	first, last := from, to
	if first.IsZero() {
		first = to
	}
	if last.IsZero() {
		last = from
	}
	for _, k := range report.Kinds() {
		p, _ = report.PeriodOf(k, first) // kind and day are given
		if !last.After(p.To) {
			break
		}
	}
	return p, p.From == from && p.To == to
}

// wider is a filter for the period around its own: the quarter of a month, the
// year of a quarter, everything after a year.
func wider(f measure.Filter) measure.Filter {
	p, _ := around(f.Period())
	f.From, f.To, f.Month = clock.Date{}, clock.Date{}, ""
	if i := slices.Index(report.Kinds(), p.Kind) + 1; i < len(report.Kinds()) {
		q, _ := report.PeriodOf(report.Kinds()[i], p.From) // kind and day are given
		f.From, f.To = q.From, q.To
	}
	return f
}

// inSpan are the parts of a dimension of time that begin in the period of a filter.
func inSpan(span measure.Filter, by measure.Dimension, parts []measure.Tally) []measure.Tally {
	from, to := span.Period()
	return slices.DeleteFunc(slices.Clone(parts), func(x measure.Tally) bool { return !begins(by, x.Key, from, to) })
}

// begins reports whether a month or quarter begins between two days.
func begins(by measure.Dimension, key string, from, to clock.Date) bool {
	f, err := measure.Filter{}.With(by, key)
	first, _ := f.Period()
	return err == nil && !first.Before(from) && !first.After(to)
}

// sprig is a part of a measure with what it says and where it is marked as hidden.
type sprig struct {
	disclosure.Branch
	key  string
	mark *bool
}

// bear adds the parts of one dimension.
func (s *sprig) bear(parts []*sprig) {
	var list []*disclosure.Branch
	for _, x := range parts {
		list = append(list, &x.Branch)
	}
	s.Parts = append(s.Parts, list)
}

// season are the parts of a dimension of time that begin in a quarter or year.
func season(by measure.Dimension, key string, part measure.Dimension, parts []*sprig) []*sprig {
	f, err := measure.Filter{}.With(by, key)
	from, to := f.Period()
	return slices.DeleteFunc(slices.Clone(parts), func(x *sprig) bool { return err != nil || !begins(part, x.key, from, to) })
}
