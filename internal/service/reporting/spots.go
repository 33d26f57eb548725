package reporting

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Who sees hidden figures asks for a month, quarter or year of the calendar or for
// everything, for a programme or all, and for one more condition. These are the
// cells of one table for each dimension: times down, parts across, one sheet for
// each programme. As that table they are protected, with all their sums, so that
// no page gives away what another one hides. Days that are no such period, or two
// more conditions, would be sums over the same cells that the table does not have.

// spot is a place of the table of a dimension; of none it is a place of all of
// them.
type spot struct {
	by    measure.Dimension
	at    disclosure.At
	given bool // it is in a table
}

// keyed marks the key of a group or part: an empty key is a key.
func keyed(key string) string { return "=" + key }

// spotOf is where the figures of a filter stand.
func spotOf(f measure.Filter) spot {
	f = f.Plain()
	time, given := timeOf(f)
	out := spot{at: disclosure.At{Time: time}, given: given}
	if f.Programme != "" {
		out.at.Group = keyed(string(f.Programme))
	}
	for _, by := range othersOf(f) {
		out.given = out.given && out.by == ""
		out.by, out.at.Part = by, keyed(keyOf(f, by))
	}
	return out
}

// part is where a part of a breakdown of the spot's figures stands.
func (s spot) part(by measure.Dimension, key string) spot {
	switch by {
	case measure.Whole:
		return s
	case measure.ByMonth:
		s.at.Time = key
	case measure.ByProgramme:
		s.at.Group = keyed(key)
	default:
		if s.by == measure.BySide && by == measure.ByHospital { // a side is shown where all its hospitals are
			return s
		}
		s.given = s.given && (s.by == "" || s.by == by)
		s.by, s.at.Part = by, keyed(key)
	}
	return s
}

// timeOf is the name of a filter's period in a table, and whether it has one.
func timeOf(f measure.Filter) (string, bool) {
	from, to := f.Period()
	if from.IsZero() && to.IsZero() {
		return "", true
	}
	p, exact := around(from, to)
	return p.Label(), exact
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

// askable refuses a filter that no hidden figures are given for.
func askable(f measure.Filter) error {
	if _, exact := timeOf(f); !exact {
		p, _ := around(f.Period())
		return errs.Refuse("disclosure.period", "error.disclosure.period", errs.Args{"from": p.From, "to": p.To}, "remedy.disclosure.period")
	}
	if !spotOf(f).given {
		return errs.Refuse("disclosure.conditions", "error.disclosure.conditions", nil, "remedy.disclosure.conditions")
	}
	return nil
}

// othersOf are the dimensions a filter is narrowed in beside period and programme.
func othersOf(f measure.Filter) []measure.Dimension {
	return slices.DeleteFunc(measure.Dimensions(), func(by measure.Dimension) bool {
		return by == measure.ByMonth || by == measure.ByProgramme || keyOf(f, by) == ""
	})
}

// keyOf is the key of a filter in a dimension, empty where it is not narrowed.
func keyOf(f measure.Filter, by measure.Dimension) string {
	switch by {
	case measure.ByProgramme:
		return string(f.Plain().Programme)
	case measure.ByHospital:
		if f.HospitalID != ident.Nil {
			return f.HospitalID.String()
		}
	case measure.BySide:
		return string(f.Side)
	case measure.ByCategory:
		return f.Category
	case measure.BySurgeon:
		if f.Visiting != nil {
			return map[bool]string{true: "visiting", false: "local"}[*f.Visiting]
		}
	}
	return ""
}

// populationOf is whom a filter is about.
func populationOf(f measure.Filter, people int64) disclosure.Population {
	out := disclosure.Population{People: people}
	out.From, out.To = f.Period()
	for _, by := range measure.Dimensions() {
		if key := keyOf(f, by); key != "" {
			only, _ := measure.Filter{}.With(by, key) // the key comes from a filter that was read
			out.Conditions = append(out.Conditions, only.Query())
		}
	}
	return out
}

// release refuses or notes a population.
func (s *Service) release(tx *store.Tx, p disclosure.Profile, next disclosure.Population) error {
	given, err := tx.Releases()
	if err != nil {
		return err
	}
	if err := p.Differencing(given, next); err != nil {
		return err
	}
	same := func(g disclosure.Population) bool {
		return g.Signature() == next.Signature() && g.People == next.People
	}
	if slices.ContainsFunc(given, same) {
		return nil
	}
	return tx.InsertRelease(next, p.Version())
}

// tablesOf are the dimensions whose tables some breakdowns of a filter need. A side
// of the partnership is the sum of its hospitals, which everybody can add up: it is
// shown where all hospitals are. One that joined or left in between stands on two
// sides, so the table of sides has hospitals and sides together as its parts.
func tablesOf(f measure.Filter, by []measure.Dimension) []measure.Dimension {
	out := []measure.Dimension{measure.Whole}
	for _, d := range append(othersOf(f.Plain()), by...) {
		need := []measure.Dimension{tableOf(d)}
		if d == measure.BySide {
			need = append(need, measure.ByHospital)
		}
		for _, d := range need {
			if !slices.Contains(out, d) {
				out = append(out, d)
			}
		}
	}
	return out
}

func tableOf(by measure.Dimension) measure.Dimension {
	switch by {
	case measure.ByMonth, measure.ByProgramme, measure.ByQuarter, measure.ByYear:
		return measure.Whole
	}
	return by
}

// split reports whether a part is of a hospital and a side.
func split(part string) bool { return strings.Count(part, keyed("")) > 1 }

// tables are what is hidden of one figure, by dimension.
type tables map[measure.Dimension]disclosure.Protected

// hides reports whether a spot is not shown.
func (t tables) hides(s spot) bool {
	x, known := t[tableOf(s.by)]
	switch {
	case !s.given || !known:
		return true
	case s.by == measure.BySide && !split(s.at.Part):
		all := disclosure.At{Time: s.at.Time, Group: s.at.Group}
		return x.HidesPart(all) || t[measure.ByHospital].HidesPart(all)
	}
	return x.Hides(s.at)
}

// crossings are the dimensions that fill the tables of some dimensions: every time,
// in all programmes and in each.
func crossings(times, by []measure.Dimension, programmes bool) []measure.Dimension {
	groups := []measure.Dimension{measure.Whole}
	if programmes {
		groups = append(groups, measure.ByProgramme)
	}
	var out []measure.Dimension
	for _, d := range by {
		parts := []measure.Dimension{d}
		if d == measure.BySide {
			parts = []measure.Dimension{measure.ByHospital, d}
		}
		for _, g := range groups {
			for _, t := range times {
				out = append(out, measure.Cross(append([]measure.Dimension{t, g}, parts...)...))
			}
		}
	}
	return out
}

// placed is where a part of crossed dimensions stands, and in which table.
func placed(by measure.Dimension, key string) (table measure.Dimension, at disclosure.At) {
	list := by.Crossed()
	for i, d := range list {
		own := key
		if i < len(list)-1 {
			own, key, _ = strings.Cut(key, measure.CrossSign)
		}
		switch d {
		case measure.ByMonth, measure.ByQuarter, measure.ByYear:
			at.Time = own
		case measure.ByProgramme:
			at.Group = keyed(own)
		default:
			table, at.Part = d, at.Part+keyed(own)
		}
	}
	return table, at
}
