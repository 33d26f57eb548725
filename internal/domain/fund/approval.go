package fund

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// ApprovalState is where a request for a reduction stands.
type ApprovalState string

// The states.
const (
	ApprovalRequested ApprovalState = "requested"
	ApprovalApproved  ApprovalState = "approved"
	ApprovalRefused   ApprovalState = "refused"
	ApprovalReturned  ApprovalState = "returned"  // to be corrected and asked again
	ApprovalWithdrawn ApprovalState = "withdrawn" // by who asked
	ApprovalRevoked   ApprovalState = "revoked"   // approved, then taken back before it was used
)

// ApprovalStates lists the states.
func ApprovalStates() []ApprovalState {
	return []ApprovalState{ApprovalRequested, ApprovalApproved, ApprovalRefused, ApprovalReturned, ApprovalWithdrawn, ApprovalRevoked}
}

// Live reports whether the request still binds the treatment; a treatment has
// at most one live request.
func (s ApprovalState) Live() bool { return s == ApprovalRequested || s == ApprovalApproved }

// Label is the message key of the state's name.
func (s ApprovalState) Label() string { return "fund.approval." + string(s) }

// Decision is what is done with a request.
type Decision string

// The decisions.
const (
	DecideApprove  Decision = "approve"
	DecideRefuse   Decision = "refuse"
	DecideReturn   Decision = "return"
	DecideWithdraw Decision = "withdraw"
	DecideRevoke   Decision = "revoke"
	DecideUphold   Decision = "uphold" // after a fact changed while the patient was in care
)

// Decisions lists the decisions.
func Decisions() []Decision {
	return []Decision{DecideApprove, DecideRefuse, DecideReturn, DecideWithdraw, DecideRevoke, DecideUphold}
}

// Label is the message key of the decision, as a verb.
func (d Decision) Label() string { return "fund.decision." + string(d) }

// approvalRow is one line of the table of decisions.
type approvalRow struct {
	from     ApprovalState
	decision Decision
	to       ApprovalState
	fourEyes bool // by somebody who neither asked nor registered
	reason   bool
}

func approvalTable() []approvalRow {
	return []approvalRow{
		{ApprovalRequested, DecideApprove, ApprovalApproved, true, false},
		{ApprovalRequested, DecideRefuse, ApprovalRefused, true, true},
		{ApprovalRequested, DecideReturn, ApprovalReturned, true, true},
		{ApprovalRequested, DecideWithdraw, ApprovalWithdrawn, false, false},
		{ApprovalApproved, DecideRevoke, ApprovalRevoked, true, true},
		{ApprovalApproved, DecideUphold, ApprovalApproved, true, true},
	}
}

// Approval is a request for a reduction of one treatment.
type Approval struct {
	State     ApprovalState
	Amount    money.Fen // asked for
	Requester ident.ID  // account
	Registrar ident.ID  // account that registered the treatment
	Decider   ident.ID
	Opinion   string
	Lapse     Lapse
}

// Lapse is what became of an approval after a fact it rests on changed.
type Lapse string

// The ends of a lapse. Before the admission the request goes back to the queue;
// afterwards the money stays reserved until a person has decided.
const (
	LapseRequeued Lapse = "requeued"
	LapseOpen     Lapse = "open"
	LapseUpheld   Lapse = "upheld"
)

// Label is the message key of the lapse.
func (l Lapse) Label() string { return "fund.lapse." + string(l) }

// FourEyes refuses a decider who asked for the money or registered the patient.
// One account may hold both roles in a small office; the rule looks at the
// person, not at the role.
func FourEyes(decider, requester, registrar ident.ID) error {
	key := ""
	switch {
	case decider == ident.Nil:
		key = "error.fund.decider_missing"
	case decider == requester:
		key = "error.fund.own_request"
	case decider == registrar:
		key = "error.fund.own_registration"
	default:
		return nil
	}
	return errs.Refuse("fund.four_eyes", key, nil, "fund.remedy.second_person")
}

// Decide takes a decision on a request.
func Decide(a Approval, d Decision, by ident.ID, opinion string) (Approval, error) {
	table := approvalTable()
	i := slices.IndexFunc(table, func(r approvalRow) bool { return r.from == a.State && r.decision == d })
	if i < 0 {
		return a, errs.Refuse("fund.approval_order", "error.fund.approval_order",
			errs.Args{"decision": errs.Key(d.Label()), "state": errs.Key(a.State.Label())}, "fund.remedy.reload")
	}
	row := table[i]
	if d == DecideUphold && a.Lapse != LapseOpen {
		return a, errs.Refuse("fund.nothing_lapsed", "error.fund.nothing_lapsed", nil, "fund.remedy.reload")
	}
	if row.fourEyes {
		if err := FourEyes(by, a.Requester, a.Registrar); err != nil {
			return a, err
		}
	}
	if row.reason && opinion == "" {
		var f errs.Fields
		f.Add("opinion", "error.fund.opinion", "decision", errs.Key(d.Label()))
		return a, f.Err()
	}
	a.State, a.Decider, a.Opinion = row.to, by, opinion
	return a, nil
}

// Request checks a new request against the earlier ones of the treatment: one
// live reduction per treatment, shared by any number of funds.
func Request(amount money.Fen, earlier []ApprovalState) error {
	if err := checkAmount(amount); err != nil {
		return err
	}
	if slices.ContainsFunc(earlier, ApprovalState.Live) {
		return &errs.Error{Kind: errs.Conflict, Key: "error.fund.request_live", Rule: "fund.one_live_request",
			Remedy: []string{"fund.remedy.decide_first"}}
	}
	return nil
}
