package fund

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// MoveKind is why money leaves the purpose it was given for.
type MoveKind string

// The kinds of moves.
const (
	ReEarmark MoveKind = "re_earmark" // to another purpose
	CarryOver MoveKind = "carry_over" // to the next year's fund
	Return    MoveKind = "return"     // back to who gave it
)

// MoveKinds lists the kinds.
func MoveKinds() []MoveKind { return []MoveKind{ReEarmark, CarryOver, Return} }

// Label is the message key of the kind's name.
func (k MoveKind) Label() string { return "fund.move." + string(k) }

// MoveState is where a move stands.
type MoveState string

// The states: two persons sign, the second signature moves the money.
const (
	MoveRequested MoveState = "requested"
	MoveSigned    MoveState = "signed" // by the first of two
	MoveDone      MoveState = "done"
	MoveRefused   MoveState = "refused"
)

// MoveStates lists the states.
func MoveStates() []MoveState { return []MoveState{MoveRequested, MoveSigned, MoveDone, MoveRefused} }

// Label is the message key of the state's name.
func (s MoveState) Label() string { return "fund.move_state." + string(s) }

// Move is money that leaves its purpose: under a rule that allows it, asked by
// one person and approved by two others.
type Move struct {
	Kind      MoveKind
	From, To  ident.ID // To is nil for a return
	Deposit   ident.ID // the one deposit it concerns; nil: the common money
	Amount    money.Fen
	Rule      string // the document that allows it
	Reason    string
	State     MoveState
	Requester ident.ID
	First     ident.ID
	Second    ident.ID
	Opinion   string
}

// Check names every wrong field of a new move.
func (m Move) Check() error {
	var f errs.Fields
	if !slices.Contains(MoveKinds(), m.Kind) {
		f.Add("kind", "form.error.choice")
	}
	switch {
	case m.Kind == Return && m.To != ident.Nil:
		f.Add("to", "error.fund.move_return")
	case m.Kind != Return && (m.To == ident.Nil || m.To == m.From):
		f.Add("to", "error.fund.move_to")
	}
	if m.Amount <= 0 || m.Amount > money.Max {
		f.Add("amount", "error.fund.amount")
	}
	for path, text := range map[string]string{"rule": m.Rule, "reason": m.Reason} {
		if text == "" {
			f.Add(path, "form.error.missing")
		}
	}
	return f.Err()
}

// Sign approves a move; the second of two different persons, neither of them who
// asked, completes it.
func (m Move) Sign(by ident.ID, opinion string) (Move, error) {
	if err := m.open(by); err != nil {
		return m, err
	}
	m.Opinion = opinion
	if m.State == MoveRequested {
		m.State, m.First = MoveSigned, by
		return m, nil
	}
	if by == m.First {
		return m, errs.Refuse("fund.two_approvers", "error.fund.move_signed", nil, "fund.remedy.second_approver")
	}
	m.State, m.Second = MoveDone, by
	return m, nil
}

// Refuse ends a move with a reason.
func (m Move) Refuse(by ident.ID, opinion string) (Move, error) {
	if err := m.open(by); err != nil {
		return m, err
	}
	if opinion == "" {
		var f errs.Fields
		f.Add("opinion", "form.error.missing")
		return m, f.Err()
	}
	m.State, m.Opinion = MoveRefused, opinion
	return m, nil
}

func (m Move) open(by ident.ID) error {
	if m.State != MoveRequested && m.State != MoveSigned {
		return errs.Refuse("fund.move_over", "error.fund.move_over", errs.Args{"state": errs.Key(m.State.Label())}, "fund.remedy.reload")
	}
	if by == m.Requester {
		return errs.Refuse("fund.four_eyes", "error.fund.own_move", nil, "fund.remedy.second_person")
	}
	return nil
}

// Leave takes money out of a fund's purpose. Reserved money cannot leave: it is
// promised to a patient.
func (b Book) Leave(s Stamp, kind Kind, amount money.Fen) (Transfer, error) {
	if err := checkAmount(amount); err != nil {
		return Transfer{}, err
	}
	if err := b.cover("fund.sufficient_move", amount); err != nil {
		return Transfer{}, err
	}
	return b.move(s, kind, Available, Source, amount), nil
}

// Arrive takes it into another fund.
func (b Book) Arrive(s Stamp, amount money.Fen) (Transfer, error) {
	t, err := b.Deposit(s, amount)
	t.Kind = KindMoveIn
	return t, err
}
