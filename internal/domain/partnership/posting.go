package partnership

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// maxPostingDays bounds a posting: the programme sends doctors for weeks to two
// years; a longer one is a typing mistake in the year.
const maxPostingDays = 3 * 366

// Posting sends a doctor to a host hospital between two days, both included. It
// always has an end: what a doctor may see ends with it by itself.
type Posting struct {
	ID           ident.ID
	Practitioner ident.ID
	Host         ident.ID // organisation
	From, To     clock.Date
	CreatedAt    time.Time
	Version      int64
}

// ValidOn reports whether the posting counts on a day.
func (p Posting) ValidOn(day clock.Date) bool { return !day.Before(p.From) && !day.After(p.To) }

// Check names every wrong field. Home is the doctor's own organisation.
func (p Posting) Check(home ident.ID) error {
	var f errs.Fields
	if p.Practitioner == ident.Nil {
		f.Add("practitioner", "form.error.pick")
	}
	switch {
	case p.Host == ident.Nil:
		f.Add("host", "form.error.pick")
	case p.Host == home:
		f.Add("host", "error.posting.own_hospital")
	}
	if p.From.IsZero() {
		f.Add("from", "form.error.missing")
	}
	switch {
	case p.To.IsZero():
		f.Add("to", "error.posting.end_missing")
	case p.To.Before(p.From):
		f.Add("to", "error.period.reversed")
	case p.To.DaysSince(p.From) > maxPostingDays:
		f.Add("to", "error.posting.too_long")
	}
	return f.Err()
}

// Clash is another posting of the same doctor on the same days. At the same host
// it is a double entry and refused; at another host it may be right (two
// hospitals of one county share a surgeon), so it asks to be confirmed.
func (p Posting) Clash(others []Posting, confirmed bool) error {
	for _, o := range others {
		if o.ID == p.ID || o.Practitioner != p.Practitioner || !overlap(o.From, o.To, p.From, p.To) {
			continue
		}
		if o.Host == p.Host {
			return errs.Refuse("posting.double", "error.posting.exists", errs.Args{"from": o.From, "to": o.To}, "remedy.posting.change_dates")
		}
		if !confirmed {
			var f errs.Fields
			f.Add("confirm", "error.posting.clash", "from", o.From, "to", o.To)
			return f.Err()
		}
	}
	return nil
}
