package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/money"
)

// How a reading is said, the same on a page, in a file and in a report.

// Said is a reading in words. Its fields are closed: the figure comes only with
// its interval, with what it rests on and with how much of that is known.
type Said struct {
	value, unit               string
	interval, rests, coverage string
	measured, bare            bool   // bare: nothing belongs to it
	partial                   bool   // a sum of some of the cases only
	basis                     string // the same as rests, where it stands in a sentence
	say                       Speaker
}

// Say puts a reading into words.
func Say(say Speaker, r measure.Reading) Said {
	s := Said{interval: intervalText(say, r), rests: restsText(say, r), coverage: coverageText(say, r), measured: r.State() == measure.Measured, say: say}
	s.value, s.unit = measured(say, r)
	d := r.Definition()
	s.bare, s.basis = !d.Rate() && d.Kind != measure.Median, s.rests
	s.partial = r.Partial()
	if d.Kind == measure.Median {
		s.basis = say.T("board.n", "n", s.rests)
	}
	return s
}

// Parts are the number, its unit and all that belongs to it, each by itself. Where
// there is no figure the number is a dash and the unit the sentence that says why.
func (s Said) Parts() (number, unit, interval, rests, coverage string) {
	return s.value, s.unit, s.interval, s.rests, s.coverage
}

// Row is the figure with its unit, or the sentence in its place, and beside it the
// interval, what it rests on and the coverage: the columns of tables and files.
func (s Said) Row() [4]string { return [4]string{s.text(), s.interval, s.rests, s.coverage} }

// String is all of it in one line; a count needs nothing beside it, a sum only of how
// many it is, where that is not all.
func (s Said) String() string {
	key := "measures.said"
	if s.basis != s.rests { // a median has quartiles
		key = "measures.said.median"
	}
	switch {
	case s.measured && s.partial:
		return s.say.T("measures.said.sum", "value", s.text(), "coverage", s.coverage)
	case !s.measured || s.bare:
		return s.text()
	case s.coverage == none:
		return s.say.T(key, "value", s.text(), "rests", s.basis, "interval", s.interval)
	}
	return s.say.T(key+".known", "value", s.text(), "rests", s.basis, "interval", s.interval, "coverage", s.coverage)
}

// Short is all of it in the fewest signs, in the order of [Said.Row], for a column
// beside one that has them spelt out.
func (s Said) Short() string {
	switch {
	case s.measured && s.partial:
		return s.String()
	case !s.measured || s.bare:
		return s.text()
	}
	return s.say.T("measures.said.short", "value", s.text(), "interval", s.interval, "rests", s.rests, "coverage", s.coverage)
}

// none stands where nothing belongs.
const none = "–"

// text is the figure with its unit, or the sentence in its place.
func (s Said) text() string {
	switch {
	case !s.measured:
		return s.unit
	case s.unit == "":
		return s.value
	}
	return s.say.T("measures.with_unit", "value", s.value, "unit", s.unit)
}

// measured is the figure and its unit; where there is none, a dash and the
// sentence that says why.
func measured(say Speaker, r measure.Reading) (value, unit string) {
	d, v := r.Definition(), r.ForChart().Value
	if math.IsNaN(v) {
		return none, say.T(AbsenceKey(r))
	}
	unit = say.T(d.Unit.NameKey())
	switch n, whole := r.Whole(); {
	case d.Unit == measure.Fen:
		return money.Fen(math.Round(v)).String(), unit
	case whole:
		return count(n), unit
	case d.Unit == measure.Percent:
		return percent(v), ""
	case perPeople(d):
		return Decimal(v, 2), unit
	}
	return Short(v), unit
}

// AbsenceKey is the message that stands in place of a figure: there may be cases,
// all of them left out, and then it is not said that there is none.
func AbsenceKey(r measure.Reading) string {
	if r.State() == measure.NoCase && r.AllLeft() {
		return "measure.state.left_out"
	}
	return r.State().NameKey()
}

// percent is the one way a share becomes text.
func percent(v float64) string { return Decimal(v, 1) + "%" }

// perPeople reports whether a rate is small enough to need two decimals.
func perPeople(d measure.Definition) bool {
	return d.Unit == measure.PerHundred || d.Unit == measure.PerThousand
}

// Decimal writes a value for people with so many digits behind the point and the
// true minus, as money is signed; files and the interface have numbers.
func Decimal(v float64, digits int) string {
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Trim(text, "-0.") == "" { // what is rounded to nothing has no sign
		text = strings.TrimPrefix(text, "-")
	}
	return strings.Replace(text, "-", "−", 1)
}

// Short leaves out what is 0 behind the point.
func Short(v float64) string { return strings.TrimSuffix(Decimal(v, 1), ".0") }

// TargetText is a target with its sign and unit: ≤ 5%. Without them nobody knows
// which side of it is good.
func TargetText(say Speaker, d measure.Definition, value float64) string {
	text := Short(value)
	if d.Unit == measure.Percent {
		text += "%"
	} else {
		text = say.T("measures.with_unit", "value", text, "unit", say.T(d.Unit.NameKey()))
	}
	if sign := map[measure.Direction]string{measure.Up: "≥", measure.Down: "≤"}[d.Direction]; sign != "" {
		text = sign + " " + text
	}
	return text
}

// intervalText is the confidence interval of a rate or the quartiles of a median.
func intervalText(say Speaker, r measure.Reading) string {
	d, m := r.Definition(), r.ForChart()
	digits := 1
	if perPeople(d) {
		digits = 2
	}
	switch {
	case r.State() != measure.Measured:
		return none
	case d.Rate():
		return say.T("measures.ci", "low", Decimal(m.Low, digits), "high", Decimal(m.High, digits))
	case d.Kind == measure.Median:
		text := Short
		if d.Unit == measure.Fen {
			text = func(v float64) string { return money.Fen(math.Round(v)).String() }
		}
		return say.T("measures.iqr", "low", text(m.Low), "high", text(m.High))
	}
	return none
}

// restsText is what the figure rests on: events and denominator, or how many.
func restsText(say Speaker, r measure.Reading) string {
	events, of := r.Rate()
	switch d := r.Definition(); {
	case r.Unsaid():
		return none
	case r.State() != measure.Measured:
		return count(r.N())
	case d.Kind == measure.EventRate:
		return say.T("measures.exposure", "events", count(events), "years", Decimal(r.ExposureYears().Or(0), 1))
	case d.Rate():
		return count(events) + "/" + count(of)
	}
	return count(r.N())
}

// coverageText is of how many the outcome is known.
func coverageText(say Speaker, r measure.Reading) string {
	c := r.Coverage()
	if c.Hidden {
		return say.T("measures.hidden")
	}
	if !r.Definition().Covers() || c.Eligible == 0 {
		return none
	}
	return count(c.Known) + "/" + count(c.Eligible)
}

// LeftText says who was left out and why.
func LeftText(say Speaker, r measure.Reading) string {
	var out []string
	for _, x := range r.Excluded() {
		out = append(out, say.T("measures.left_out", "reason", say.T(x.Reason.NameKey()), "n", count(x.N)))
	}
	if len(out) == 0 {
		return none
	}
	return strings.Join(out, say.T("report.file.and"))
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
