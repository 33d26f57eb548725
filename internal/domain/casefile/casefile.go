// Package casefile is the case: one person in one programme. Eligibility and
// closure belong to it; how far it has come is derived from its treatments and
// never stored by hand.
//
// A person has at most one open case per programme in a partnership, whichever
// hospital opened it. A hospital that meets an open case elsewhere joins it
// (package referral); two cases for one person would give two deductibles and
// two stories.
package casefile

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Case is a person in a programme.
type Case struct {
	ID        ident.ID
	Person    ident.ID // the root after a merge decides what "one person" is
	Programme procedure.Programme
	Home      ident.ID // the hospital that opened it
	OpenedOn  clock.Date
	ClosedOn  clock.Date // zero while open
	Closure   Closure
	Second    *SecondSide // the other side is planned
}

// Open reports whether the case is open.
func (c Case) Open() bool { return c.ClosedOn.IsZero() }

// State is the derived state, for lists and the head of the page.
type State string

// The states.
const (
	Registered  State = "registered"   // no treatment, or only cancelled ones
	Waiting     State = "waiting"      // a treatment is being prepared
	InTreatment State = "in_treatment" // admitted, operated, or to be settled
	FollowUp    State = "follow_up"    // all treatments ended well; being followed
	SecondDue   State = "second_side"  // one side done, the other planned
	Ended       State = "ended"        // all treatments ended before the operation; to be closed
	ClosedState State = "closed"
)

// States lists the states in the order of the work.
func States() []State {
	return []State{Registered, Waiting, InTreatment, SecondDue, FollowUp, Ended, ClosedState}
}

// Label is the message key of the state's name.
func (s State) Label() string { return "casefile.state." + string(s) }

// Derive is the state that follows from the treatments. The most pressing one
// decides: a person in hospital is in treatment whatever else is planned.
func Derive(c Case, treatments []treatment.State) State {
	has := func(states ...treatment.State) bool {
		return slices.ContainsFunc(treatments, func(s treatment.State) bool { return slices.Contains(states, s) })
	}
	switch {
	case !c.Open():
		return ClosedState
	case has(treatment.Admitted, treatment.Operated, treatment.Discharged):
		return InTreatment
	case has(treatment.Planned, treatment.Eligible, treatment.Estimated, treatment.Requested, treatment.Approved):
		return Waiting
	case has(treatment.Settled, treatment.Closed) && c.Second != nil:
		return SecondDue
	case has(treatment.Settled, treatment.Closed):
		return FollowUp
	case has(treatment.Declined, treatment.Withdrawn, treatment.Died, treatment.Lost):
		return Ended
	}
	return Registered
}

// Closure is why a case was closed.
type Closure string

// The closures.
const (
	Completed Closure = "completed"
	Declined  Closure = "declined"
	Withdrawn Closure = "withdrawn"
	Died      Closure = "died"
	Lost      Closure = "lost"
	Moved     Closure = "moved"
	Mistake   Closure = "mistake"
	Handed    Closure = "handed"   // to its home hospital, when the partnership was closed
	Imported  Closure = "imported" // an old ledger's case; reopened when the person comes again
)

// Closures lists the reasons.
func Closures() []Closure {
	return []Closure{Completed, Declined, Withdrawn, Died, Lost, Moved, Mistake, Imported}
}

// Label is the message key of the reason.
func (c Closure) Label() string { return "casefile.closure." + string(c) }

// CheckOpen refuses a second open case of a person in a programme. The cases
// are all of the person's root; where the open one belongs to another hospital,
// the way is to join it.
func CheckOpen(hospital ident.ID, programme procedure.Programme, cases []Case) error {
	if !programme.Known() {
		var f errs.Fields
		f.Add("programme", "error.procedure.programme")
		return f.Err()
	}
	for _, c := range cases {
		if !c.Open() || c.Programme != programme {
			continue
		}
		remedy := "casefile.remedy.join"
		if c.Home == hospital {
			remedy = "casefile.remedy.use_open"
		}
		return &errs.Error{Kind: errs.Conflict, Key: "error.casefile.already_open", Rule: "casefile.one_open",
			Args: errs.Args{"programme": errs.Key(programme.Label())}, Remedy: []string{remedy}}
	}
	return nil
}

// Close closes a case. Treatments that have not ended keep it open: money or a
// patient in a bed would be without an owner. "Completed" needs a treatment that
// took place, "mistake" needs none.
func Close(c Case, why Closure, on clock.Date, treatments []treatment.State) (Case, error) {
	var f errs.Fields
	if !slices.Contains(Closures(), why) {
		f.Add("closure", "error.casefile.closure")
	}
	if on.IsZero() || on.Before(c.OpenedOn) {
		f.Add("closed_on", "error.casefile.closed_on", "opened", c.OpenedOn)
	}
	if err := f.Err(); err != nil {
		return c, err
	}
	if !c.Open() {
		return c, errs.Refuse("casefile.closed_once", "error.casefile.closed", errs.Args{"date": c.ClosedOn}, "refusal.next.case_closed")
	}
	live, took := 0, false
	for _, s := range treatments {
		if !s.Final() {
			live++
		}
		took = took || s.Counted()
	}
	switch {
	case live > 0:
		return c, errs.Refuse("casefile.no_live_treatment", "error.casefile.live_treatment", errs.Args{"n": live},
			"casefile.remedy.end_treatments")
	case why == Completed && !took:
		return c, errs.Refuse("casefile.completed_needs_treatment", "error.casefile.nothing_done", nil,
			"casefile.remedy.other_closure")
	case why == Mistake && took:
		return c, errs.Refuse("casefile.mistake_needs_nothing", "error.casefile.not_a_mistake", nil,
			"casefile.remedy.other_closure")
	}
	c.ClosedOn, c.Closure = on, why
	return c, nil
}

// Reopen opens a closed case again, unless another one was opened meanwhile.
func Reopen(c Case, others []Case) (Case, error) {
	if c.Open() { // nothing would change but the version, under whoever edits it
		return c, errs.Refuse("casefile.reopen_closed", "error.casefile.open", nil, "refusal.next.case_open")
	}
	if err := CheckOpen(c.Home, c.Programme, others); err != nil {
		return c, err
	}
	c.ClosedOn, c.Closure = clock.Date{}, ""
	return c, nil
}

// SecondSide is the plan for the other joint or eye. It may be meant for
// another hospital; the date is a month or a day, and may be open.
type SecondSide struct {
	Site     procedure.Site
	Side     procedure.Side
	Hospital ident.ID // Nil = not decided
	From     clock.Date
}

// PlanSecond notes the second side. It must be a side that is not done yet.
func PlanSecond(c Case, plan SecondSide, done []procedure.Recorded) (Case, error) {
	var f errs.Fields
	if c.Programme == procedure.Cataract {
		plan.Site = procedure.Eye
	}
	switch {
	case c.Programme == procedure.Coronary:
		f.Add("side", "error.casefile.second_coronary")
	case !plan.Side.Known():
		f.Add("side", "error.procedure.side_missing")
	case c.Programme == procedure.Joint && !plan.Site.Joint():
		f.Add("site", "error.casefile.second_site")
	}
	same := func(r procedure.Recorded) bool {
		return r.Kind.Site() == plan.Site && r.Side == plan.Side && r.Kind.Primary()
	}
	if len(f) == 0 && slices.ContainsFunc(done, same) {
		f.Add("side", "error.casefile.second_done", "side", errs.Key(plan.Side.Label()))
	}
	if err := f.Err(); err != nil {
		return c, err
	}
	c.Second = &plan
	return c, nil
}

// AfterOperation drops the plan once its side is done.
func AfterOperation(c Case, done procedure.Recorded) Case {
	if c.Second != nil && done.Kind.Site() == c.Second.Site && done.Side == c.Second.Side {
		c.Second = nil
	}
	return c
}
