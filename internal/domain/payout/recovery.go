package payout

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// FindingSource is where a finding came from.
type FindingSource string

// FindingSources lists where findings come from.
func FindingSources() []FindingSource {
	return []FindingSource{"audit", "inspection", "self_check", "complaint"}
}

// Label is the message key of the source's name.
func (s FindingSource) Label() string { return "payout.source." + string(s) }

// RecoveryState is where a recovery stands.
type RecoveryState string

// The states of a recovery.
const (
	RecoveryOpen       RecoveryState = "open"
	RecoveryPartly     RecoveryState = "partly"
	RecoveryDone       RecoveryState = "recovered"
	RecoveryWrittenOff RecoveryState = "written_off"
)

// RecoveryStates lists the states.
func RecoveryStates() []RecoveryState {
	return []RecoveryState{RecoveryOpen, RecoveryPartly, RecoveryDone, RecoveryWrittenOff}
}

// Label is the message key of the state's name.
func (s RecoveryState) Label() string { return "payout.recovery." + string(s) }

// How money came back for a finding.
type How string

// The ways: kept from the next payment to the hospital, or received.
const (
	Offset How = "offset"
	Refund How = "refund"
)

// Hows lists the ways.
func Hows() []How { return []How{Offset, Refund} }

// Label is the message key of the way's name.
func (h How) Label() string { return "payout.how." + string(h) }

// Recovery is money wrongly paid that is to come back.
type Recovery struct {
	Debtor    Payee
	Source    FindingSource
	Reason    string
	Amount    money.Fen
	Recovered money.Fen // by the ledger
	State     RecoveryState

	OffBy        ident.ID // asked to write it off
	OffReason    string
	OffConfirmed ident.ID
}

// Left is what is still to come.
func (r Recovery) Left() money.Fen { return r.Amount - r.Recovered }

// Check names every wrong field of a new finding; paid is what was paid and no
// other finding asks back.
func (r Recovery) Check(paid money.Fen) error {
	var f errs.Fields
	if !slices.Contains(Payees(), r.Debtor) {
		f.Add("debtor", "form.error.choice")
	}
	if !slices.Contains(FindingSources(), r.Source) {
		f.Add("source", "form.error.choice")
	}
	text(&f, "reason", r.Reason, 500)
	switch {
	case r.Amount <= 0:
		f.Add("amount", "error.fund.amount")
	case r.Amount > paid:
		f.Add("amount", "error.payout.more_than_paid", "paid", paid)
	}
	return f.Err()
}

func (r Recovery) open() error {
	if r.State == RecoveryOpen || r.State == RecoveryPartly {
		return nil
	}
	return errs.Refuse("payout.recovery_open", "error.payout.recovery_over", errs.Args{"state": errs.Key(r.State.Label())}, "payout.remedy.reload")
}

// Receive counts money that came back.
func (r Recovery) Receive(amount money.Fen) (Recovery, error) {
	if err := r.open(); err != nil {
		return r, err
	}
	if amount <= 0 || amount > r.Left() {
		var f errs.Fields
		f.Add("amount", "error.payout.more_than_left", "left", r.Left())
		return r, f.Err()
	}
	r.Recovered += amount
	return r.judged(), nil
}

// Undo takes a receipt back, because the payment it was kept from was returned.
func (r Recovery) Undo(amount money.Fen) Recovery {
	r.Recovered -= amount
	if r.State == RecoveryWrittenOff {
		return r
	}
	return r.judged()
}

func (r Recovery) judged() Recovery {
	switch {
	case r.Recovered == 0:
		r.State = RecoveryOpen
	case r.Recovered < r.Amount:
		r.State = RecoveryPartly
	default:
		r.State = RecoveryDone
	}
	return r
}

// AskWriteOff says that the rest will not come; a second person confirms it.
func (r Recovery) AskWriteOff(by ident.ID, reason string) (Recovery, error) {
	if err := r.open(); err != nil {
		return r, err
	}
	if reason == "" {
		return r, missing("reason")
	}
	r.OffBy, r.OffReason = by, reason
	return r, nil
}

// ConfirmWriteOff ends a recovery; never by who asked.
func (r Recovery) ConfirmWriteOff(by ident.ID) (Recovery, error) {
	if err := r.open(); err != nil {
		return r, err
	}
	if r.OffBy == ident.Nil {
		return r, errs.Refuse("payout.write_off_asked", "error.payout.write_off_unasked", nil, "payout.remedy.reload")
	}
	if by == r.OffBy {
		return r, errs.Refuse("payout.four_eyes", "error.payout.own_write_off", nil, "payout.remedy.second_person")
	}
	r.State, r.OffConfirmed = RecoveryWrittenOff, by
	return r, nil
}

// Due is one open recovery from a hospital, as far as no other run keeps it back.
type Due struct {
	ID   ident.ID
	Left money.Fen
}

// Kept is what one payment keeps back for one recovery.
type Kept struct {
	Recovery ident.ID
	Amount   money.Fen
}

// Offsets spreads what a hospital owes back over its payments, the oldest finding
// first. A payment is kept back for one finding only, so that each line of the
// bank's file has one reason.
func Offsets(amounts []money.Fen, due []Due) []Kept {
	out := make([]Kept, len(amounts))
	due, next := slices.Clone(due), 0
	for i, a := range amounts {
		if next == len(due) {
			break
		}
		k := min(a, due[next].Left)
		out[i] = Kept{due[next].ID, k}
		if due[next].Left -= k; due[next].Left == 0 {
			next++
		}
	}
	return out
}
