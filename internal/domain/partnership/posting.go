package partnership

import (
	"strings"
	"time"
	"unicode/utf8"

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
	BackFrom     clock.Date // where it was made to begin earlier afterwards: when it began before; else zero
	BackReason   string     // and why
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

// Backdate looks at a change of the first day: a posting that is made to begin in
// the past changes what operations of those days mean, so it needs a reason and
// stays marked. It answers whether such days come in.
func (p *Posting) Backdate(old Posting, today clock.Date) (earlier bool, err error) {
	p.BackReason = strings.TrimSpace(p.BackReason)
	if !p.From.Before(old.From) || !p.From.Before(today) {
		p.BackFrom, p.BackReason = old.BackFrom, old.BackReason
		if !p.BackFrom.IsZero() && !p.From.Before(p.BackFrom) { // it was moved back again
			p.BackFrom, p.BackReason = clock.Date{}, ""
		}
		return false, nil
	}
	var f errs.Fields
	switch n := utf8.RuneCountInString(p.BackReason); {
	case n < 4:
		f.Add("reason", "error.posting.backdate")
	case n > maxReason:
		f.Add("reason", "error.text.too_long", "n", maxReason)
	}
	if p.BackFrom = old.BackFrom; p.BackFrom.IsZero() {
		p.BackFrom = old.From
	}
	return true, f.Err()
}

// maxReason is the longest reason, in characters.
const maxReason = 300

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
