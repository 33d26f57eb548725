// Package payout decides what happens to money after a reduction was settled: who
// is owed, what a settlement run may hold, who may release it, what a returned
// payment means, and how much an audit finding may ask back.
//
// The ledger stays the one truth about amounts: a payable is a transfer that
// committed money and was neither reversed nor paid. Here are the papers around
// it. The functions are pure; the caller brings persons, days and amounts.
package payout

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// MaxLines is how many payments one run holds: what one person can check.
const MaxLines = 500

// Payee says who is paid.
type Payee string

// The payees. The hospital advanced the reduction when the patient left; an
// approval after the settlement finds the patient already paid.
const (
	Hospital Payee = "hospital"
	Person   Payee = "person"
)

// Payees lists the payees.
func Payees() []Payee { return []Payee{Hospital, Person} }

// Label is the message key of the payee's name.
func (p Payee) Label() string { return "payout.payee." + string(p) }

// PayeeOf is who is owed what a transfer committed.
func PayeeOf(k fund.Kind) Payee {
	if k == fund.KindReimburse {
		return Person
	}
	return Hospital
}

// RunState is where a settlement run stands.
type RunState string

// The states: made by one person, approved by another, handed to the bank, paid.
const (
	Draft     RunState = "draft"
	Approved  RunState = "approved"
	Filed     RunState = "filed" // the bank file was made
	Paid      RunState = "paid"
	Cancelled RunState = "cancelled"
)

// RunStates lists the states.
func RunStates() []RunState { return []RunState{Draft, Approved, Filed, Paid, Cancelled} }

// Label is the message key of the state's name.
func (s RunState) Label() string { return "payout.run." + string(s) }

// LineState is where one payment of a run stands.
type LineState string

// The states of a payment. A returned or dropped one leaves what it was to pay
// owed again.
const (
	LineLive     LineState = "live"
	LinePaid     LineState = "paid"
	LineReturned LineState = "returned"
	LineDropped  LineState = "dropped"
)

// LineStates lists the states.
func LineStates() []LineState {
	return []LineState{LineLive, LinePaid, LineReturned, LineDropped}
}

// Label is the message key of the state's name.
func (s LineState) Label() string { return "payout.line." + string(s) }

// Run is a settlement run with the persons who had a hand in it.
type Run struct {
	State  RunState
	Maker  ident.ID
	Second ident.ID
	Amount money.Fen // of all lines
	Offset money.Fen // kept back for findings
}

// Transferred is what the bank is told to pay.
func (r Run) Transferred() money.Fen { return r.Amount - r.Offset }

func (r Run) in(action string, states ...RunState) error {
	if slices.Contains(states, r.State) {
		return nil
	}
	return errs.Refuse("payout.run_order", "error.payout.order", errs.Args{"state": errs.Key(r.State.Label()), "action": errs.Key("payout.action." + action)}, "payout.remedy.reload")
}

// Approve releases a run; never by who made it.
func (r Run) Approve(by ident.ID) (Run, error) {
	if err := r.in("approve", Draft); err != nil {
		return r, err
	}
	if by == r.Maker {
		return r, errs.Refuse("payout.four_eyes", "error.payout.own_run", nil, "payout.remedy.second_person")
	}
	r.State, r.Second = Approved, by
	return r, nil
}

// Cancel drops a run before the bank has its file. The reason is kept.
func (r Run) Cancel(reason string) (Run, error) {
	if err := r.in("cancel", Draft, Approved); err != nil {
		return r, err
	}
	if reason == "" {
		return r, missing("opinion")
	}
	r.State = Cancelled
	return r, nil
}

// File hands an approved run to the bank. A second time gives the same file.
func (r Run) File() (Run, error) {
	if err := r.in("file", Approved, Filed, Paid); err != nil {
		return r, err
	}
	if r.State == Approved {
		r.State = Filed
	}
	return r, nil
}

// Settlement is what the bank said about a run that was paid.
type Settlement struct {
	On  clock.Date
	Ref string // 银行流水号
}

// Pay marks a run as paid. Today bounds the day: nobody is paid tomorrow.
func (r Run) Pay(s Settlement, today clock.Date) (Run, error) {
	if err := r.in("pay", Filed); err != nil {
		return r, err
	}
	var f errs.Fields
	if s.On.IsZero() {
		f.Add("on", "form.error.missing")
	} else if s.On.After(today) {
		f.Add("on", "error.payout.future")
	}
	if s.Ref == "" {
		f.Add("ref", "form.error.missing")
	}
	if err := f.Err(); err != nil {
		return r, err
	}
	r.State = Paid
	return r, nil
}

// Return says that the bank gave a payment back: only one that was paid can be.
func (s LineState) Return() (LineState, error) {
	if s != LinePaid {
		return s, errs.Refuse("payout.return_paid", "error.payout.not_paid", errs.Args{"state": errs.Key(s.Label())}, "payout.remedy.reload")
	}
	return LineReturned, nil
}

// Relation is how the holder of a card is related to the patient.
type Relation string

// Relations lists the relations, the patient first.
func Relations() []Relation {
	return []Relation{Self, "spouse", "child", "parent", "sibling", "guardian", "other"}
}

// Self is the patient.
const Self Relation = "self"

// Label is the message key of the relation's name.
func (r Relation) Label() string { return "payout.relation." + string(r) }

// Account is where money goes: holder, bank and number.
type Account struct {
	Holder string
	Bank   string
	Number string
}

// Clean takes the spaces and dashes people write into numbers out again.
func (a Account) Clean() Account {
	a.Holder, a.Bank = strings.TrimSpace(a.Holder), strings.TrimSpace(a.Bank)
	a.Number = strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '\u3000' || r == '\u00a0':
			return -1
		case r >= '０' && r <= '９': // full-width digits of a Chinese keyboard
			return r - '０' + '0'
		}
		return r
	}, a.Number)
	return a
}

// longest texts, and the length of numbers banks give out.
const (
	maxName   = 100
	minNumber = 8
	maxNumber = 32
)

// Check names every wrong field.
func (a Account) Check() error {
	var f errs.Fields
	text(&f, "holder", a.Holder, maxName)
	text(&f, "bank", a.Bank, maxName)
	switch {
	case a.Number == "":
		f.Add("number", "form.error.missing")
	case len(a.Number) < minNumber || len(a.Number) > maxNumber || strings.Trim(a.Number, "0123456789") != "":
		f.Add("number", "error.payout.number")
	}
	return f.Err()
}

// OddCard reports whether a card number looks mistyped: its length is not that of
// a card, or its check digit (Luhn) does not hold. It warns and never refuses:
// passbook numbers of rural banks have no check digit.
func (a Account) OddCard() bool { return len(a.Number) < 16 || len(a.Number) > 19 || !luhn(a.Number) }

func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// Card is an account a patient is reimbursed on.
type Card struct {
	Account
	Relation Relation
	Note     string // why a relative is paid, and the authorisation
}

// Check names every wrong field; a relative needs a reason.
func (c Card) Check() error {
	var f errs.Fields
	if err := f.Merge("", c.Account.Check()); err != nil {
		return err
	}
	if !slices.Contains(Relations(), c.Relation) {
		f.Add("relation", "form.error.choice")
	}
	if c.Relation != Self && c.Note == "" {
		f.Add("note", "error.payout.relative")
	}
	if utf8.RuneCountInString(c.Note) > 200 {
		f.Add("note", "form.error.long", "max", 200)
	}
	return f.Err()
}

// AccountState is where a hospital's account stands.
type AccountState string

// The states of an account: entered by one person, released by another.
const (
	AccountProposed AccountState = "proposed"
	AccountApproved AccountState = "approved"
	AccountRefused  AccountState = "refused"
)

// AccountStates lists the states.
func AccountStates() []AccountState {
	return []AccountState{AccountProposed, AccountApproved, AccountRefused}
}

// Label is the message key of the state's name.
func (s AccountState) Label() string { return "payout.account." + string(s) }

// Decide releases or refuses an account; never by who entered it.
func (s AccountState) Decide(approve bool, maker, by ident.ID) (AccountState, error) {
	if s != AccountProposed {
		return s, errs.Refuse("payout.account_once", "error.payout.account_over", errs.Args{"state": errs.Key(s.Label())}, "payout.remedy.reload")
	}
	if maker == by {
		return s, errs.Refuse("payout.four_eyes", "error.payout.own_account", nil, "payout.remedy.second_person")
	}
	if approve {
		return AccountApproved, nil
	}
	return AccountRefused, nil
}

func text(f *errs.Fields, path, s string, most int) {
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		f.Add(path, "form.error.missing")
	case n > most:
		f.Add(path, "form.error.long", "max", most)
	}
}

func missing(path string) error {
	var f errs.Fields
	f.Add(path, "form.error.missing")
	return f.Err()
}
