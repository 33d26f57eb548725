package measure

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Side is a side of the partnership (not of the body).
type Side string

// The sides: the region that receives help and the one that gives it.
const (
	Receiving Side = "receiving"
	Donor     Side = "donor"
)

// Filter narrows a measure. The zero Filter is everything the caller may see,
// since the beginning. All conditions must hold together.
type Filter struct {
	Programme  Programme  // empty or All: no condition
	HospitalID ident.ID   // where the operation was done; ident.Nil: all
	Side       Side       // of the hospital, on the day of the operation
	From, To   clock.Date // both inclusive; zero: open
	Month      string     // 2026-11, calendar month in Shanghai
	Category   string     // beneficiary category code held on the day of the operation
	Visiting   *bool      // led by a visiting doctor; nil: all
}

// Parameters lists the query parameters a filter is read from, in canonical
// order, so that delivery can refuse a misspelt one instead of ignoring it.
func Parameters() []string {
	return []string{"programme", "hospital", "side", "from", "to", "month", "category", "surgeon"}
}

var (
	monthForm    = regexp.MustCompile(`^\d{4}-\d{2}$`)
	categoryForm = regexp.MustCompile(`^[A-Za-z0-9_]{1,40}$`)
)

// Values of the parameter surgeon.
const (
	surgeonVisiting = "visiting"
	surgeonLocal    = "local"
)

// ParseFilter reads a filter from query values (url.Values or a form). Days may
// be typed in any known spelling. Every wrong value is named at its field.
func ParseFilter(q map[string][]string, today clock.Date) (Filter, error) {
	var f Filter
	var bad errs.Fields
	get := func(name string) string { return strings.TrimSpace(url.Values(q).Get(name)) }
	if v := get("programme"); v != "" {
		f.Programme = Programme(v)
		if !f.Programme.Valid() {
			bad.Add("programme", "error.measure.programme")
		}
	}
	if v := get("hospital"); v != "" {
		id, err := ident.Parse(v)
		if err != nil {
			bad.Add("hospital", "error.measure.hospital")
		}
		f.HospitalID = id
	}
	if v := get("side"); v != "" {
		f.Side = Side(v)
		if f.Side != Receiving && f.Side != Donor {
			bad.Add("side", "error.measure.side")
		}
	}
	if v := get("category"); v != "" {
		f.Category = v
		if !categoryForm.MatchString(v) {
			bad.Add("category", "error.measure.category")
		}
	}
	f.Visiting = parseSurgeon(get("surgeon"), &bad)
	f.parsePeriod(get, today, &bad)
	return f, bad.Err()
}

func parseSurgeon(v string, bad *errs.Fields) *bool {
	visiting := v == surgeonVisiting
	if v != "" && !visiting && v != surgeonLocal {
		bad.Add("surgeon", "error.measure.surgeon")
	}
	if v == "" {
		return nil
	}
	return &visiting
}

// parsePeriod reads from, to and month. A day and a month together would leave
// open which of them wins, so that is refused.
func (f *Filter) parsePeriod(get func(string) string, today clock.Date, bad *errs.Fields) {
	day := func(name string) clock.Date {
		v := get(name)
		if v == "" {
			return clock.Date{}
		}
		d, err := clock.ParseSpelling(v, today)
		if err != nil {
			bad.Add(name, "error.measure.date")
		}
		return d
	}
	f.From, f.To = day("from"), day("to")
	if !f.From.IsZero() && !f.To.IsZero() && f.To.Before(f.From) {
		bad.Add("to", "error.measure.period", "from", f.From)
	}
	if f.Month = get("month"); f.Month == "" {
		return
	}
	switch {
	case !isMonth(f.Month):
		bad.Add("month", "error.measure.month")
	case !f.From.IsZero() || !f.To.IsZero():
		bad.Add("month", "error.measure.month_and_days")
	}
}

// isMonth reports a month of the calendar, written YYYY-MM; there is no year 0000.
func isMonth(text string) bool {
	_, err := clock.ParseDate(text + "-01")
	return err == nil && monthForm.MatchString(text)
}

// Period is the filter's days, both inclusive, with Month unfolded; a zero day
// is open.
func (f Filter) Period() (from, to clock.Date) {
	if f.Month == "" {
		return f.From, f.To
	}
	first, err := clock.ParseDate(f.Month + "-01")
	if err != nil {
		return f.From, f.To
	}
	return first, first.AddMonths(1).AddDays(-1)
}

// For binds the filter to a definition: a measure of one programme asked for
// another one is refused rather than answered with 0.
func (f Filter) For(d Definition) (Filter, error) {
	switch {
	case f.Programme == "" || f.Programme == All:
		f.Programme = d.Programme
	case d.Programme != All && d.Programme != f.Programme:
		var bad errs.Fields
		bad.Add("programme", "error.measure.other_programme", "programme", errs.Key(d.Programme.NameKey()))
		return f, bad.Err()
	}
	return f, nil
}

// Query is the filter as canonical query text, so that a figure's list, export
// and bookmark carry exactly the filter of the figure.
func (f Filter) Query() string {
	vals := map[string]string{"programme": string(f.Programme), "side": string(f.Side), "from": f.From.String(),
		"to": f.To.String(), "month": f.Month, "category": f.Category}
	if f.HospitalID != ident.Nil {
		vals["hospital"] = f.HospitalID.String()
	}
	if f.Visiting != nil {
		vals["surgeon"] = surgeonLocal
		if *f.Visiting {
			vals["surgeon"] = surgeonVisiting
		}
	}
	var parts []string
	for _, name := range Parameters() {
		if vals[name] != "" {
			parts = append(parts, name+"="+url.QueryEscape(vals[name]))
		}
	}
	return strings.Join(parts, "&")
}

// Dimension is a way to break a measure down.
type Dimension string

// The dimensions.
const (
	ByProgramme Dimension = "programme"
	ByHospital  Dimension = "hospital"
	BySide      Dimension = "side"
	ByMonth     Dimension = "month"
	ByCategory  Dimension = "category"
	BySurgeon   Dimension = "surgeon" // visiting or local

	// ByClass is a measure's own classes: reasons, funds, roles. Only measures
	// that have classes are broken down by it.
	ByClass Dimension = "class"

	// ByQuarter and ByYear are what months add up to. No page breaks down by them:
	// they are there to hide figures along the calendar.
	ByQuarter Dimension = "quarter"
	ByYear    Dimension = "year"
)

// Dimensions lists them in the order pages offer them.
func Dimensions() []Dimension {
	return []Dimension{ByProgramme, ByHospital, BySide, ByMonth, ByCategory, BySurgeon}
}

// Cross is the dimension whose parts are those of several dimensions at once; of
// none it is the whole. No page breaks down by it.
func Cross(by ...Dimension) Dimension {
	var names []string
	for _, d := range by {
		if d != Whole {
			names = append(names, string(d))
		}
	}
	return Dimension(strings.Join(names, "."))
}

// Crossed are the dimensions a dimension was made of: one, unless it is a [Cross].
func (d Dimension) Crossed() []Dimension {
	var out []Dimension
	for name := range strings.SplitSeq(string(d), ".") {
		if name != "" {
			out = append(out, Dimension(name))
		}
	}
	return out
}

// CrossSign stands between the keys of a part of crossed dimensions. Only the last
// of them may hold it itself.
const CrossSign = "|"

// NameKey is the message key of the dimension's name.
func (d Dimension) NameKey() string { return "measure.by." + string(d) }

// ParseDimension reads the query parameter "by".
func ParseDimension(s string) (Dimension, error) {
	if slices.Contains(Dimensions(), Dimension(s)) {
		return Dimension(s), nil
	}
	var bad errs.Fields
	bad.Add("by", "error.measure.dimension")
	return "", bad.Err()
}

// With narrows the filter to one cell of a breakdown, for the link from the
// cell to its list. The key must come from a breakdown by the same dimension;
// a key that does not fit leaves an Invalid error.
func (f Filter) With(d Dimension, key string) (Filter, error) {
	switch d {
	case ByProgramme:
		f.Programme = Programme(key)
	case ByHospital:
		id, err := ident.Parse(key)
		if err != nil {
			var bad errs.Fields
			bad.Add("hospital", "error.measure.hospital")
			return f, bad.Err()
		}
		f.HospitalID = id
	case BySide:
		f.Side = Side(key)
	case ByMonth:
		return f.withMonth(key)
	case ByCategory:
		f.Category = key
	case BySurgeon:
		visiting := key == surgeonVisiting
		f.Visiting = &visiting
	}
	return f, nil
}

// withMonth cuts the period down to a month: the first and last month of a
// period that starts or ends inside them stay cut.
func (f Filter) withMonth(key string) (Filter, error) {
	from, to := f.Period()
	first, last := Filter{Month: key}.Period()
	if first.IsZero() {
		var bad errs.Fields
		bad.Add("month", "error.measure.month")
		return f, bad.Err()
	}
	if from.IsZero() || from.Before(first) {
		from = first
	}
	if to.IsZero() || to.After(last) {
		to = last
	}
	f.From, f.To, f.Month = from, to, ""
	return f.Plain(), nil
}

// Plain is the filter in one spelling: days that are a month are that month, and
// all programmes are no condition.
func (f Filter) Plain() Filter {
	if f.Programme == All {
		f.Programme = ""
	}
	if f.Month != "" || f.From.IsZero() {
		return f
	}
	if month := f.From.String()[:7]; f.From.Day() == 1 && f.To == f.From.AddMonths(1).AddDays(-1) {
		f.From, f.To, f.Month = clock.Date{}, clock.Date{}, month
	}
	return f
}

// CacheKey tells filters apart for one measure; it is the canonical query with
// the measure's version.
func (d Definition) CacheKey(f Filter) string {
	return string(d.ID) + "@" + strconv.Itoa(d.Version) + "?" + f.Query()
}
