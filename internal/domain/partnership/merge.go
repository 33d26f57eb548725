package partnership

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// UnionState is how far two hospitals are from being one.
type UnionState string

// The states.
const (
	UnionAsked   UnionState = "asked"
	UnionDropped UnionState = "dropped"
	UnionDone    UnionState = "done"
)

// Label is the message key of the state.
func (s UnionState) Label() string { return "union.state." + string(s) }

// Union makes one hospital of two inside a partnership (医院合并): From ends and
// begins nothing from then on, Into goes on with what From was still doing. One person asks,
// another does it, on the agreed day or later.
type Union struct {
	ID      ident.ID
	From    ident.ID
	Into    ident.ID
	On      clock.Date // the agreed day
	Reason  string
	State   UnionState
	AskedBy ident.ID
	AskedAt time.Time
	DoneOn  clock.Date // since when From is Into; zero before
	DoneBy  ident.ID
	Moved   map[string]int64 // how much of what went over
	Version int64
}

// Carried is how much of something goes over, or stays as history.
type Carried struct {
	Kind string
	N    int64
}

// Label is the message key of what goes over.
func (c Carried) Label() string { return "union.part." + c.Kind }

// MovedKinds are what goes over to the hospital that goes on.
func MovedKinds() []string {
	return []string{"cases", "treatments", "people", "followups", "visits", "postings", "privileges", "stock", "accounts"}
}

// KeptKinds are what stays under the name of the hospital that ends.
func KeptKinds() []string { return []string{"closed", "operations", "settlements", "screenings"} }

// UnionPendingKinds are what has to be brought to its end at the hospital before.
func UnionPendingKinds() []string {
	return []string{"approved", "committed", "approvals", "appeals", "payments", "recoveries", "deposits", "care", "bills", "differences", "referrals", "visits", "subject"}
}

// Carry lists counts in the order of kinds, without what there is none of.
func Carry(kinds []string, n map[string]int64) (out []Carried) {
	for _, k := range kinds {
		if n[k] > 0 {
			out = append(out, Carried{k, n[k]})
		}
	}
	return out
}

// unionAhead is how many days ahead a merge may be agreed.
const unionAhead = 366

// Check looks at a wish to make one hospital of two, among the members of the
// partnership.
func (u *Union) Check(from, into Organisation, members []Member, today clock.Date) error {
	u.Reason = strings.TrimSpace(u.Reason)
	var f errs.Fields
	side := func(o Organisation) (s Member, ok bool) {
		for _, m := range members {
			if m.OrganisationID == o.ID && m.ValidOn(today) && o.Kind == Hospital && !o.Provisional && o.MergedInto == ident.Nil {
				return m, true
			}
		}
		return s, false
	}
	a, ok := side(from)
	if !ok {
		f.Add("from", "form.error.pick")
	}
	b, also := side(into)
	switch {
	case !also || from.ID == into.ID:
		f.Add("into", "form.error.pick")
	case ok && a.Side != b.Side:
		f.Add("into", "error.union.side")
	}
	switch {
	case u.On.IsZero():
		f.Add("on", "form.error.missing")
	case u.On.Before(today):
		f.Add("on", "error.union.past")
	case u.On.After(today.AddDays(unionAhead)):
		f.Add("on", "error.union.ahead")
	}
	switch n := utf8.RuneCountInString(u.Reason); {
	case n < 4:
		f.Add("reason", "error.union.reason")
	case n > maxReason:
		f.Add("reason", "error.text.too_long", "n", maxReason)
	}
	return f.Err()
}

// Standing refuses a step on what is not asked for any more.
func (u Union) Standing() error {
	if u.State != UnionAsked {
		return errs.Refuse("union.state", "error.union.state", nil, "refusal.next.reload")
	}
	return nil
}

// Confirm says whether somebody may make the two one: asked for by somebody else,
// the day has come, and nothing is pending.
func (u Union) Confirm(by ident.ID, pending []Pending, today clock.Date) error {
	if err := u.Standing(); err != nil {
		return err
	}
	switch {
	case u.AskedBy == by:
		return errs.Refuse("union.two_persons", "error.partnership.own", nil, "remedy.partnership.own")
	case today.Before(u.On):
		return errs.Refuse("union.early", "error.union.early", errs.Args{"date": u.On}, "remedy.union.early")
	case len(pending) > 0:
		return errs.Refuse("union.pending", "error.union.pending", errs.Args{"what": errs.Key(pending[0].Label()), "n": pending[0].N},
			"remedy.union."+pending[0].Kind)
	}
	return nil
}
