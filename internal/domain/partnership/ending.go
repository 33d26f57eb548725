package partnership

import (
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Stage is how far a partnership is from its end.
type Stage string

// The stages.
const (
	Running  Stage = "running"
	Closing  Stage = "closing"  // somebody asked for the end; everything goes on
	Closed   Stage = "closed"   // can be read only
	Archived Stage = "archived" // can be read by its auditors only
)

// Stages lists the stages.
func Stages() []Stage { return []Stage{Running, Closing, Closed, Archived} }

// Label is the message key of the stage.
func (s Stage) Label() string { return "partnership.stage." + string(s) }

// Ending is the end of a partnership.
type Ending struct {
	AskedOn    clock.Date
	AskedBy    ident.ID
	Reason     string
	ClosedOn   clock.Date
	ClosedBy   ident.ID
	ArchivedOn clock.Date
}

// Stage is where the partnership stands.
func (e Ending) Stage() Stage {
	switch {
	case !e.ArchivedOn.IsZero():
		return Archived
	case !e.ClosedOn.IsZero():
		return Closed
	case !e.AskedOn.IsZero():
		return Closing
	}
	return Running
}

// ArchiveAfter is how many days a closed partnership can be read by everybody who
// worked in it, before it may be archived.
const ArchiveAfter = 90

// Pending is something that has to be brought to its end before a partnership is
// closed, and how much of it there is.
type Pending struct {
	Kind string
	N    int
}

// Label is the message key of what is pending.
func (p Pending) Label() string { return "partnership.pending." + p.Kind }

// PendingKinds are the kinds, in the order they are shown: money first.
func PendingKinds() []string {
	return []string{"reserved", "committed", "approvals", "payments", "recoveries", "moves", "care", "bills", "referrals", "subject"}
}

// Ask looks at a wish to close.
func (e Ending) Ask(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if e.Stage() != Running {
		return reason, errs.Refuse("partnership.stage", "error.partnership.stage", nil, "refusal.next.reload")
	}
	var f errs.Fields
	switch n := utf8.RuneCountInString(reason); {
	case n < 4:
		f.Add("reason", "error.partnership.reason")
	case n > maxReason:
		f.Add("reason", "error.text.too_long", "n", maxReason)
	}
	return reason, f.Err()
}

// Confirm says whether somebody may close it: asked for by somebody else, with
// nothing pending.
func (e Ending) Confirm(by ident.ID, pending []Pending) error {
	switch {
	case e.Stage() != Closing:
		return errs.Refuse("partnership.stage", "error.partnership.stage", nil, "refusal.next.reload")
	case e.AskedBy == by:
		return errs.Refuse("partnership.two_persons", "error.partnership.own", nil, "remedy.partnership.own")
	case len(pending) > 0:
		return errs.Refuse("partnership.pending", "error.partnership.pending", errs.Args{"what": errs.Key(pending[0].Label()), "n": pending[0].N}, "remedy.partnership.pending")
	}
	return nil
}

// Archive says whether it may be put away.
func (e Ending) Archive(today clock.Date) error {
	if e.Stage() != Closed {
		return errs.Refuse("partnership.stage", "error.partnership.stage", nil, "refusal.next.reload")
	}
	if from := e.ClosedOn.AddDays(ArchiveAfter); today.Before(from) {
		return errs.Refuse("partnership.archive", "error.partnership.archive_early", errs.Args{"date": from}, "remedy.partnership.archive_early")
	}
	return nil
}
