// Package visit is the posting of a doctor to another hospital between two
// dates. A posting widens the doctor's view to the host hospital on these days
// and on no other; it never opens anything to the home hospital.
//
// Officials count postings in bands of duration (one month, half a year, a year
// and longer). The bands are computed from the dates and never typed.
package visit

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Posting is one stay; both days belong to it.
type Posting struct {
	ID           ident.ID
	Practitioner ident.ID
	Host         ident.ID
	From, To     clock.Date
}

// maxYears bounds a posting against a slip in the year.
const maxYears = 5

// Check returns nil or the wrong fields. home is the doctor's own hospital.
func (p Posting) Check(home ident.ID) error {
	var f errs.Fields
	if p.Practitioner == ident.Nil {
		f.Add("practitioner", "error.visit.practitioner")
	}
	switch {
	case p.Host == ident.Nil:
		f.Add("host", "error.visit.host")
	case p.Host == home:
		f.Add("host", "error.visit.own_hospital")
	}
	switch {
	case p.From.IsZero():
		f.Add("from", "error.visit.from")
	case p.To.IsZero():
		f.Add("to", "error.visit.to")
	case p.To.Before(p.From):
		f.Add("to", "error.visit.to_before_from", "from", p.From)
	case p.To.After(p.From.AddMonths(12 * maxYears)):
		f.Add("to", "error.visit.too_long", "years", maxYears)
	}
	return f.Err()
}

// Covers reports whether the day is in the posting; the first and the last are.
func (p Posting) Covers(day clock.Date) bool {
	return !day.IsZero() && !p.From.IsZero() && !day.Before(p.From) && !day.After(p.To)
}

// Days is the number of calendar days of the stay.
func (p Posting) Days() int {
	if p.To.Before(p.From) {
		return 0
	}
	return p.To.DaysSince(p.From) + 1
}

// Band is a class of duration.
type Band string

// The bands, by full calendar months.
const (
	Short    Band = "short"     // under a month
	Month    Band = "month"     // a month or longer
	HalfYear Band = "half_year" // six months or longer
	Year     Band = "year"      // a year or longer
)

// Bands lists the bands from short to long.
func Bands() []Band { return []Band{Short, Month, HalfYear, Year} }

// Label is the message key of the band's name.
func (b Band) Label() string { return "visit.band." + string(b) }

// Band is the class of the posting: 1 March to 31 March is a full month.
func (p Posting) Band() Band {
	after := p.To.AddDays(1)
	for _, x := range []struct {
		months int
		band   Band
	}{{12, Year}, {6, HalfYear}, {1, Month}} {
		if !after.Before(p.From.AddMonths(x.months)) {
			return x.band
		}
	}
	return Short
}

// ActiveOn are the postings that cover a day.
func ActiveOn(postings []Posting, day clock.Date) []Posting {
	var out []Posting
	for _, p := range postings {
		if p.Covers(day) {
			out = append(out, p)
		}
	}
	return out
}

// Covered reports whether a doctor was posted at a hospital on a day.
func Covered(postings []Posting, practitioner, host ident.ID, day clock.Date) bool {
	return slices.ContainsFunc(postings, func(p Posting) bool {
		return p.Practitioner == practitioner && p.Host == host && p.Covers(day)
	})
}

// Clash reports whether two postings put one doctor in two places, or in one
// place twice, on the same day.
func Clash(a, b Posting) bool {
	return a.Practitioner == b.Practitioner && a.ID != b.ID && !a.To.Before(b.From) && !b.To.Before(a.From)
}

// Clashes are the postings a new one clashes with. It is a warning: doctors do
// serve two hospitals in turns, but the office should know.
func Clashes(p Posting, others []Posting) []Posting {
	var out []Posting
	for _, o := range others {
		if Clash(p, o) {
			out = append(out, o)
		}
	}
	return out
}
