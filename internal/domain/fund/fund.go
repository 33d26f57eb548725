// Package fund decides how the programme's money moves: double entry, decided
// here, written by the store, guarded once more by the database.
//
// Each fund has five accounts. source is the outside world the deposits come
// from and may go below zero, because it is the mirror of everything received;
// available, reserved, committed and paid never do. An approval reserves (available →
// reserved), the settlement commits (reserved → committed, what is not needed
// goes back to available), an ended treatment releases. What is committed is owed
// to a payee until it is paid (committed → paid); a payment the bank returned is
// reversed and owed again, and what an audit finds wrongly paid is recovered
// (paid → available). Nothing is ever edited:
// a mistake is reversed by its mirror. A hold is used up exactly once.
//
// Every transfer has at least two entries that sum to zero. The functions are
// pure: the caller brings the id, the day and the balances it has locked.
package fund

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Account is the kind of one of a fund's accounts.
type Account string

// The accounts.
const (
	Source    Account = "source"
	Available Account = "available"
	Reserved  Account = "reserved"
	Committed Account = "committed" // owed: settled and not paid out
	Paid      Account = "paid"      // gone to the payee
)

// AccountKinds lists the accounts in the order in which money passes through.
func AccountKinds() []Account { return []Account{Source, Available, Reserved, Committed, Paid} }

// Label is the message key of the account's name.
func (a Account) Label() string { return "fund.account." + string(a) }

// Kind is what a transfer is for.
type Kind string

// The kinds.
const (
	KindDeposit        Kind = "deposit"         // money received
	KindReserve        Kind = "reserve"         // approved, held for a treatment
	KindRelease        Kind = "release"         // a hold given back whole
	KindCommit         Kind = "commit"          // settled, paid out of a hold
	KindReimburse      Kind = "reimburse"       // late approval after the settlement
	KindHistoryDeposit Kind = "history_deposit" // an old ledger's money coming in
	KindHistoryCommit  Kind = "history_commit"  // and going out, without a hold
	KindMoveOut        Kind = "move_out"        // to another fund, by a governed change of purpose
	KindMoveIn         Kind = "move_in"         // and in there
	KindReturn         Kind = "return"          // back to who gave it
	KindSpread         Kind = "spread"          // between the sub-accounts of a split fund
	KindPay            Kind = "pay"             // paid out to the hospital or the patient
	KindRecover        Kind = "recover"         // wrongly paid and back again
	KindReversal       Kind = "reversal"        // the mirror of another transfer
)

// Kinds lists the kinds of transfers.
func Kinds() []Kind {
	return []Kind{KindDeposit, KindReserve, KindRelease, KindCommit, KindReimburse, KindHistoryDeposit, KindHistoryCommit,
		KindMoveOut, KindMoveIn, KindReturn, KindSpread, KindPay, KindRecover, KindReversal}
}

// Label is the message key of the kind's name.
func (k Kind) Label() string { return "fund.transfer." + string(k) }

// FundKind tells a living pool from a fund that holds an old ledger's money
// until a steward attributes it.
type FundKind string

// The kinds of funds.
const (
	Pool    FundKind = "pool"
	History FundKind = "history"
)

// Label is the message key of the kind's name.
func (k FundKind) Label() string { return "fund.kind." + string(k) }

// Entry is one line of a transfer: money into (positive) or out of an account.
type Entry struct {
	AccountID ident.ID
	Amount    money.Fen
}

// Transfer is one movement; it is written once and never changed.
type Transfer struct {
	ID          ident.ID
	Kind        Kind
	EffectiveOn clock.Date
	Reverses    ident.ID // reversals only
	Entries     []Entry
}

// Validate holds every transfer to the rules of double entry: at least two
// entries, each account once, no empty entry, sum zero.
func (t Transfer) Validate() error {
	var sum money.Fen
	seen := map[ident.ID]bool{}
	ok := len(t.Entries) >= 2 && t.ID != ident.Nil && !t.EffectiveOn.IsZero() && slices.Contains(Kinds(), t.Kind) &&
		(t.Kind == KindReversal) == (t.Reverses != ident.Nil)
	for _, e := range t.Entries {
		ok = ok && e.Amount != 0 && e.AccountID != ident.Nil && !seen[e.AccountID]
		seen[e.AccountID] = true
		sum += e.Amount
	}
	if !ok || sum != 0 {
		return errs.New(errs.Internal, "error.fund.unbalanced", errs.Args{"difference": sum})
	}
	return nil
}

// Stamp is what the caller adds to a decision: the new transfer's id and the day
// it counts for.
type Stamp struct {
	ID ident.ID
	On clock.Date
}

// Accounts are the ids of a fund's accounts.
type Accounts struct{ Source, Available, Reserved, Committed, Paid ident.ID }

// ID is the id of one account.
func (a Accounts) ID(kind Account) ident.ID {
	switch kind {
	case Source:
		return a.Source
	case Available:
		return a.Available
	case Reserved:
		return a.Reserved
	case Committed:
		return a.Committed
	case Paid:
		return a.Paid
	}
	return ident.Nil
}

// Balances are the amounts on the accounts; they always sum to zero.
type Balances struct{ Source, Available, Reserved, Committed, Paid money.Fen }

// Received is everything that came in: 到账 − 已承诺 − 已预留 = 可用.
func (b Balances) Received() money.Fen { return -b.Source }

// Spent is what was settled, whether it is still owed or paid out: paying changes
// where the money is, not what the fund has left.
func (b Balances) Spent() money.Fen { return b.Committed + b.Paid }

func (b *Balances) of(kind Account) *money.Fen {
	switch kind {
	case Source:
		return &b.Source
	case Available:
		return &b.Available
	case Reserved:
		return &b.Reserved
	case Paid:
		return &b.Paid
	}
	return &b.Committed
}

// Book is a fund with its accounts and their locked balances. Of a split fund the
// accounts are those of the first lane and the balances the sums over all lanes.
type Book struct {
	Fund     ident.ID
	Name     string // for the sentence of a refusal
	Accounts Accounts
	Balances Balances
	Lanes    [MaxLanes]Lane // of a split fund; empty otherwise
}

// Apply posts a transfer to the balances. It refuses an account that is not the
// fund's and a balance below zero; the book is unchanged then.
func (b Book) Apply(t Transfer) (Book, error) {
	if err := t.Validate(); err != nil {
		return b, err
	}
	next := b
	for _, e := range t.Entries {
		lane, kind := b.find(e.AccountID)
		if kind == "" {
			return b, errs.New(errs.Internal, "error.fund.other_account", nil)
		}
		*next.Balances.of(kind) += e.Amount
		if b.split() {
			*next.Lanes[lane].Balances.of(kind) += e.Amount
		}
	}
	for _, l := range next.lanes() {
		if l.Balances.Available < 0 || l.Balances.Reserved < 0 || l.Balances.Committed < 0 || l.Balances.Paid < 0 {
			return b, errs.Refuse("fund.never_negative", "error.fund.below_zero", errs.Args{"fund": b.Name}, "fund.remedy.reload")
		}
	}
	return next, nil
}

// move makes a transfer of one amount between two accounts.
func (b Book) move(s Stamp, kind Kind, from, to Account, amount money.Fen) Transfer {
	var d Balances
	*d.of(from) -= amount
	*d.of(to) += amount
	return Transfer{ID: s.ID, Kind: kind, EffectiveOn: s.On, Entries: b.entries(d)}
}

// checkAmount refuses what no movement can have.
func checkAmount(amount money.Fen) error {
	var f errs.Fields
	switch {
	case amount <= 0:
		f.Add("amount", "error.fund.amount")
	case amount > money.Max:
		f.Add("amount", "error.fund.amount_max", "max", money.Max)
	}
	return f.Err()
}

// cover refuses when the fund does not cover an amount, with all that is needed
// to understand it: what was asked, what is there, what is missing, and three
// ways on. Asking for less is only offered when there is something left.
func (b Book) cover(rule string, asked money.Fen) error {
	left := b.Balances.Available
	if asked <= left {
		return nil
	}
	remedies := []string{"fund.remedy.reduce_to", "fund.remedy.other_fund", "fund.remedy.wait_deposit"}
	if left <= 0 {
		remedies = remedies[1:]
	}
	return errs.Refuse(rule, "error.fund.insufficient", errs.Args{"fund": b.Name, "asked": asked, "available": left,
		"short": asked - left}, remedies...)
}
