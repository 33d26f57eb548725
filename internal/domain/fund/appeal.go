package fund

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// AppealState is where an appeal against a refusal stands.
type AppealState string

// The states.
const (
	AppealFiled    AppealState = "filed"
	AppealGranted  AppealState = "granted"  // the request waits again, for another approver
	AppealRejected AppealState = "rejected" // the refusal stands
)

// AppealStates lists the states.
func AppealStates() []AppealState {
	return []AppealState{AppealFiled, AppealGranted, AppealRejected}
}

// Label is the message key of the state's name.
func (s AppealState) Label() string { return "fund.appeal." + string(s) }

// Appeal is an appeal against a refusal. It has a clock of its own and is decided
// by somebody who neither refused nor appealed.
type Appeal struct {
	State   AppealState
	Reason  string
	DueOn   clock.Date
	Filer   ident.ID
	Refuser ident.ID
	Decider ident.ID
	Opinion string
}

// File makes an appeal against a refused request.
func File(state ApprovalState, a Appeal) (Appeal, error) {
	if state != ApprovalRefused {
		return a, errs.Refuse("fund.appeal_refusal", "error.fund.appeal_refusal", errs.Args{"state": errs.Key(state.Label())}, "fund.remedy.reload")
	}
	if a.Reason == "" {
		var f errs.Fields
		f.Add("reason", "form.error.missing")
		return a, f.Err()
	}
	a.State = AppealFiled
	return a, nil
}

// Answer decides an appeal.
func (a Appeal) Answer(to AppealState, by ident.ID, opinion string) (Appeal, error) {
	switch {
	case a.State != AppealFiled:
		return a, errs.Refuse("fund.appeal_once", "error.fund.appeal_decided", errs.Args{"state": errs.Key(a.State.Label())}, "fund.remedy.reload")
	case by == a.Refuser:
		return a, errs.Refuse("fund.four_eyes", "error.fund.own_refusal", nil, "fund.remedy.second_person")
	case by == a.Filer:
		return a, errs.Refuse("fund.four_eyes", "error.fund.own_appeal", nil, "fund.remedy.second_person")
	}
	var f errs.Fields
	if to != AppealGranted && to != AppealRejected {
		f.Add("decision", "form.error.choice")
	}
	if opinion == "" {
		f.Add("opinion", "form.error.missing")
	}
	if err := f.Err(); err != nil {
		return a, err
	}
	a.State, a.Decider, a.Opinion = to, by, opinion
	return a, nil
}

// Overdue reports whether the answer should have come.
func (a Appeal) Overdue(today clock.Date) bool { return a.State == AppealFiled && today.After(a.DueOn) }
