// Package referral is how a second hospital comes into a case: the home hospital
// refers the patient, or the receiving hospital meets an open case and asks to
// join it. Both are one thing with one table of steps; they differ in who asks.
//
// An emergency joins at once and the home hospital is told: a bed does not wait
// for an answer. Whoever had a treatment in the case keeps seeing it; a partner
// without one sees it only while the referral is accepted and its period runs.
//
// Every step has a clock ([Clock]): a request is to be answered, an accepted one
// to be replied to. What is late is marked and shown to the office; it never
// falls back by itself, because the patient may be on the way. Done needs the
// reply to the sender: a patient nobody reported back on is not done.
package referral

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Kind tells who asked.
type Kind string

// The kinds.
const (
	Refer Kind = "referral" // the hospital of the case sends the patient
	Join  Kind = "join"     // the receiver asks to join
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Refer, Join} }

// Label is the message key of the kind's name.
func (k Kind) Label() string { return "referral.kind." + string(k) }

// State is where it stands.
type State string

// The states.
const (
	Sent     State = "sent"
	Accepted State = "accepted"
	Rejected State = "rejected"
	Revoked  State = "revoked"
	Done     State = "done"
)

// States lists the states.
func States() []State { return []State{Sent, Accepted, Rejected, Revoked, Done} }

// Open reports whether the partner may see the case through it.
func (s State) Open() bool { return s == Accepted }

// Final reports whether nothing more can follow.
func (s State) Final() bool { return s == Rejected || s == Revoked || s == Done }

// Label is the message key of the state's name.
func (s State) Label() string { return "referral.state." + string(s) }

// Action is a step.
type Action string

// The actions.
const (
	Accept Action = "accept"
	Reject Action = "reject"
	Revoke Action = "revoke"
	Finish Action = "finish"
)

// Actions lists the actions.
func Actions() []Action { return []Action{Accept, Reject, Revoke, Finish} }

// Label is the message key of the action, as a verb.
func (a Action) Label() string { return "referral.action." + string(a) }

// Party is who may take a step.
type Party string

// The parties.
const (
	Asker    Party = "asker"    // the hospital that sent the request
	Answerer Party = "answerer" // the hospital it was sent to
	Receiver Party = "receiver" // the hospital that comes in, whoever asked
	Either   Party = "either"
)

// Label is the message key of the party.
func (p Party) Label() string { return "referral.party." + string(p) }

// Row is one line of the table.
type Row struct {
	From       State
	Action     Action
	To         State
	By         Party
	Reason     bool
	Permission user.Permission
}

// Table is the one table of steps.
func Table() []Row {
	const ask, answer user.Permission = "case:join", "case:accept"
	return []Row{
		{Sent, Accept, Accepted, Answerer, false, answer},
		{Sent, Reject, Rejected, Answerer, true, answer},
		{Sent, Revoke, Revoked, Asker, false, ask},
		{Accepted, Revoke, Revoked, Either, true, ask},
		{Accepted, Finish, Done, Receiver, true, ask},
	}
}

// Referral is one request between two hospitals about a case. It goes from the
// asker to the answerer, whichever of the two owns the case.
type Referral struct {
	Kind      Kind
	State     State
	From, To  ident.ID // asking and answering hospital
	Emergency bool
	Reason    string
	SentOn    clock.Date
	Letter    Letter
	Open      Period     // while it is accepted the case is open to the receiver in these days
	Due       clock.Date // by when the next step is expected; zero when none is
}

// Receiver is the hospital that comes in: the one a patient is sent to, or the
// one that asked to join.
func (r Referral) Receiver() ident.ID {
	if r.Kind == Join {
		return r.From
	}
	return r.To
}

// Late reports whether the next step is overdue on a day.
func (r Referral) Late(today clock.Date) bool {
	return !r.State.Final() && !r.Due.IsZero() && r.Due.Before(today)
}

// Steps lists what a hospital may do now, in the order of the table.
func (r Referral) Steps(hospital ident.ID) []Row {
	var out []Row
	for _, row := range Table() {
		if row.From == r.State && r.may(row.By, hospital) {
			out = append(out, row)
		}
	}
	return out
}

func (r Referral) may(p Party, hospital ident.ID) bool {
	switch p {
	case Asker:
		return hospital == r.From
	case Answerer:
		return hospital == r.To
	case Receiver:
		return hospital == r.Receiver()
	}
	return hospital == r.From || hospital == r.To
}

// Send starts a request. In an emergency a receiver is in at once; the home
// hospital finds the request among its news instead of its decisions.
func Send(r Referral, caseHome ident.ID) (Referral, error) {
	var f errs.Fields
	if !slices.Contains(Kinds(), r.Kind) {
		f.Add("kind", "error.referral.kind")
	}
	if r.To == ident.Nil || r.To == r.From {
		f.Add("to", "error.referral.hospital")
	}
	if r.Reason == "" {
		f.Add("reason", "error.referral.reason")
	}
	if err := f.Err(); err != nil {
		return r, err
	}
	if r.Kind == Refer {
		if err := r.Letter.Check(); err != nil {
			return r, err
		}
	}
	if r.Kind == Join && r.To != caseHome {
		return r, errs.Refuse("referral.to_home", "error.referral.not_home", nil, "referral.remedy.to_home")
	}
	r.State = Sent
	if r.Emergency && r.Kind == Join {
		r.State = Accepted
	}
	return r, nil
}

// Next takes a step on behalf of a hospital.
func Next(r Referral, action Action, hospital ident.ID, reason string) (Referral, error) {
	table := Table()
	i := slices.IndexFunc(table, func(row Row) bool { return row.From == r.State && row.Action == action })
	if i < 0 {
		return r, errs.Refuse("referral.order", "error.referral.order",
			errs.Args{"action": errs.Key(action.Label()), "state": errs.Key(r.State.Label())}, "referral.remedy.send_again")
	}
	row := table[i]
	if !r.may(row.By, hospital) {
		return r, errs.Refuse("referral.party", "error.referral.party",
			errs.Args{"action": errs.Key(action.Label()), "party": errs.Key(row.By.Label())}, "referral.remedy.other_party")
	}
	if row.Reason && reason == "" {
		var f errs.Fields
		key := "error.referral.reason"
		if action == Finish {
			key = "error.referral.closing"
		}
		f.Add("reason", key)
		return r, f.Err()
	}
	r.State = row.To
	return r, nil
}
