package followup

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Status is how an appointment stands in the record. What day it is, and whether
// the person lives, is not part of it: see [Appointment.State].
type Status string

// The statuses.
const (
	Open   Status = "open"
	Done   Status = "done"
	Lost   Status = "lost"   // the patient could not be followed; the reason says why
	Closed Status = "closed" // by rule: nobody is to be followed here any more
)

// Reason is why an appointment was lost or closed.
type Reason string

// The reasons of a loss, then those of a closing. Died is never stored: whoever
// is recorded as dead leaves the lists, and is back when that is taken back.
const (
	Unreachable Reason = "unreachable" // called and visited in vain
	NoContact   Reason = "no_contact"  // no number and no address that is right
	Refused     Reason = "refused"     // the patient does not want it
	TooFar      Reason = "too_far"     // cannot come, and cannot be reached otherwise
	TooIll      Reason = "too_ill"
	OtherLoss   Reason = "other"

	Died        Reason = "died"
	Moved       Reason = "moved"       // moved away for good
	Transferred Reason = "transferred" // another institution follows the patient
	Reoperated  Reason = "reoperated"  // followed from the later operation on
	CaseClosed  Reason = "case_closed"
)

// Losses lists the reasons of a loss.
func Losses() []Reason {
	return []Reason{Unreachable, NoContact, Refused, TooFar, TooIll, OtherLoss}
}

// Closings lists the reasons of a closing, each with a counter on the worklist.
func Closings() []Reason { return []Reason{Died, Moved, Transferred, Reoperated, CaseClosed} }

// Endings lists the reasons people give; the others follow from other records.
func Endings() []Reason { return append(Losses(), Moved, Transferred) }

// Status is what an appointment becomes for this reason.
func (r Reason) Status() Status {
	if slices.Contains(Losses(), r) {
		return Lost
	}
	return Closed
}

// Label is the message key of the reason's name.
func (r Reason) Label() string { return "followup.reason." + string(r) }

// State is how an appointment stands on a day.
type State string

// The states.
const (
	StatePlanned  State = "planned" // its window has not begun
	StateWindow   State = "window"  // may be done, not due yet
	StateDue      State = "due"     // the day has come, the window is open
	StateOverdue  State = "overdue" // the window has passed
	StateDone     State = "done"    // in the window
	StateEarly    State = "done_early"
	StateDoneLate State = "done_late" // after the window
	StateLost     State = "lost"
	StateClosed   State = "closed"
)

// States lists the states.
func States() []State {
	return []State{StatePlanned, StateWindow, StateDue, StateOverdue, StateDone, StateEarly, StateDoneLate, StateLost, StateClosed}
}

// Label is the message key of the state's name.
func (s State) Label() string { return "followup.state." + string(s) }

// Appointment is one time a patient should be seen after an operation.
type Appointment struct {
	ID            ident.ID
	Step          Step
	Due, From, To clock.Date
	Status        Status
	Reason        Reason     // of a loss or closing
	EndedOn       clock.Date // the day of the contact, of the loss, of the closing
	Group         Group      // of the table it was made by; empty: from before there were editions
	Edition       int64      // of that table; 0 is what the house ships
}

// State is how the appointment stands on a day, for a person who died on the
// day given (zero: lives).
func (a Appointment) State(today, died clock.Date) State {
	switch {
	case a.Status == Done && a.EndedOn.Before(a.From):
		return StateEarly
	case a.Status == Done && a.EndedOn.After(a.To):
		return StateDoneLate
	case a.Status == Done:
		return StateDone
	case a.Status == Lost:
		return StateLost
	case a.Status == Closed || !died.IsZero():
		return StateClosed
	case today.Before(a.From):
		return StatePlanned
	case today.Before(a.Due):
		return StateWindow
	case today.After(a.To):
		return StateOverdue
	}
	return StateDue
}

// Ended reports whether the appointment was lost or closed.
func (a Appointment) Ended() bool { return a.Status == Lost || a.Status == Closed }

// Because is why nobody is to be followed here: the stored reason, or the death.
func (a Appointment) Because(died clock.Date) Reason {
	if a.Status == Open && !died.IsZero() {
		return Died
	}
	return a.Reason
}

// Diff is what has to be stored so that the appointments of an operation follow
// its record.
type Diff struct {
	Add, Move, Drop []Appointment
}

// Empty reports whether nothing has to be stored.
func (d Diff) Empty() bool { return len(d.Add)+len(d.Move)+len(d.Drop) == 0 }

// Later is the day of the next operation at the same place after the one given;
// zero when there is none.
func Later(o procedure.Recorded, all []procedure.Recorded) clock.Date {
	var next clock.Date
	for _, x := range all {
		same := x.Kind.Site() == o.Kind.Site() && x.Side == o.Side
		if same && x.OperatedOn.After(o.OperatedOn) && (next.IsZero() || x.OperatedOn.Before(next)) {
			next = x.OperatedOn
		}
	}
	return next
}

// Settled is the appointment as it stands beside other records: after a later
// operation at the same place the patient is followed from that one on, and in a
// closed case nobody is. Both are taken back with what they follow from; what
// people recorded stays as they recorded it.
func (a Appointment) Settled(later, caseClosed clock.Date) Appointment {
	if a.Status != Open && a.Reason != Reoperated && a.Reason != CaseClosed {
		return a
	}
	a.Status, a.Reason, a.EndedOn = Open, "", clock.Date{}
	switch {
	case !later.IsZero() && a.Due.After(later):
		a.Status, a.Reason, a.EndedOn = Closed, Reoperated, later
	case !caseClosed.IsZero():
		a.Status, a.Reason, a.EndedOn = Closed, CaseClosed, caseClosed
	}
	return a
}

// End is that a patient cannot, or need not, be followed any more.
type End struct {
	Reason Reason
	On     clock.Date
	Note   string
}

// Check names what cannot be: no reason people give, or a day that has not come
// or lies before the operation.
func (e End) Check(operated, today clock.Date) error {
	var f errs.Fields
	if !slices.Contains(Endings(), e.Reason) {
		f.Add("reason", "form.error.pick")
	}
	if e.Reason == OtherLoss && e.Note == "" {
		f.Add("note", "error.followup.other_note")
	}
	checkDay(&f, e.On, operated, today)
	return f.Err()
}

func checkDay(f *errs.Fields, on, operated, today clock.Date) {
	switch {
	case on.IsZero():
		f.Add("on", "form.error.missing")
	case on.After(today):
		f.Add("on", "error.care.future")
	case on.Before(operated):
		f.Add("on", "error.followup.before_operation", "date", operated)
	}
}

// EndedBy reports whether a contact with the patient ends the loss of an
// appointment: the patient was reached since, and the last day of the window had
// not passed. What was missed stays missed.
func (a Appointment) EndedBy(c Contact) bool {
	return a.Status == Lost && c.Reached && !c.On.Before(a.EndedOn) && !a.To.Before(c.On)
}
