package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/money"
)

// How a reading is said, the same on a page, in a file and in a report.

// Measured is the figure and its unit; where there is none, a dash and the
// sentence that says why.
func Measured(say Speaker, r measure.Reading) (value, unit string) {
	d := r.Definition()
	v, ok := r.Value().Value()
	if r.State() != measure.Measured || !ok {
		return "–", say.T(r.State().NameKey())
	}
	unit = say.T(d.Unit.NameKey())
	switch n, whole := r.Whole(); {
	case d.Unit == measure.Fen:
		return money.Fen(math.Round(v)).String(), unit
	case whole:
		return count(n), unit
	case d.Unit == measure.Percent:
		return Decimal(v, 1) + unit, ""
	case perPeople(d):
		return Decimal(v, 2), unit
	}
	return Short(v), unit
}

// perPeople reports whether a rate is small enough to need two decimals.
func perPeople(d measure.Definition) bool {
	return d.Unit == measure.PerHundred || d.Unit == measure.PerThousand
}

// MeasuredText is the figure with its unit, or the sentence in its place.
func MeasuredText(say Speaker, r measure.Reading) string {
	value, unit := Measured(say, r)
	switch {
	case r.State() != measure.Measured:
		return unit
	case unit == "":
		return value
	}
	return say.T("measures.with_unit", "value", value, "unit", unit)
}

// Decimal writes a value with so many digits behind the point.
func Decimal(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

// Short leaves out what is 0 behind the point.
func Short(v float64) string { return strings.TrimSuffix(Decimal(v, 1), ".0") }

// IntervalText is the confidence interval of a rate or the quartiles of a median.
func IntervalText(say Speaker, r measure.Reading) string {
	d := r.Definition()
	digits := 1
	if perPeople(d) {
		digits = 2
	}
	switch {
	case r.State() != measure.Measured:
		return "–"
	case d.Rate():
		ci := r.Interval()
		return say.T("measures.ci", "low", Decimal(ci.Low, digits), "high", Decimal(ci.High, digits))
	case d.Kind == measure.Median:
		q := r.Quartiles()
		text := Short
		if d.Unit == measure.Fen {
			text = func(v float64) string { return money.Fen(math.Round(v)).String() }
		}
		return say.T("measures.iqr", "low", text(q.Q1.Or(0)), "high", text(q.Q3.Or(0)))
	}
	return "–"
}

// RestsText is what the figure rests on: events and denominator, or how many.
func RestsText(say Speaker, r measure.Reading) string {
	events, of := r.Rate()
	switch d := r.Definition(); {
	case r.Hidden():
		return "–"
	case r.State() != measure.Measured:
		return count(r.N())
	case d.Kind == measure.EventRate:
		return say.T("measures.exposure", "events", count(events), "years", Decimal(r.ExposureYears().Or(0), 1))
	case d.Rate():
		return count(events) + "/" + count(of)
	}
	return count(r.N())
}

// CoverageText is of how many the outcome is known.
func CoverageText(say Speaker, r measure.Reading) string {
	c := r.Coverage()
	if c.Hidden {
		return say.T("measures.hidden")
	}
	if r.Definition().Tallied() || c.Eligible == 0 {
		return "–"
	}
	return count(c.Known) + "/" + count(c.Eligible)
}

// DefinitionText says what is counted, of what, and how long one has to wait.
func DefinitionText(say Speaker, d measure.Definition) string {
	text := say.T(d.NumeratorKey())
	if d.Rate() {
		text = say.T("measures.of", "what", text, "base", say.T(d.DenominatorKey()))
	}
	if d.MinFollow > 0 {
		text = say.T("measures.followed", "what", text, "days", d.MinFollow)
	}
	return text
}
