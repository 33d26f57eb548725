package fund

import (
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// HoldState says whether a hold can still be used.
type HoldState string

// The states of a hold: open once, then one of two ends.
const (
	HoldOpen      HoldState = "open"
	HoldCommitted HoldState = "committed"
	HoldReleased  HoldState = "released"
)

// Label is the message key of the state's name.
func (s HoldState) Label() string { return "fund.hold." + string(s) }

// Hold is what one fund keeps for one treatment.
type Hold struct {
	ID     ident.ID // the reserving transfer
	Amount money.Fen
	State  HoldState
}

// Deposit records money received.
func (b Book) Deposit(s Stamp, amount money.Fen) (Transfer, error) {
	if err := checkAmount(amount); err != nil {
		return Transfer{}, err
	}
	return b.move(s, KindDeposit, Source, Available, amount), nil
}

// Reserve holds an amount for a treatment, or says why the fund cannot.
func (b Book) Reserve(s Stamp, amount money.Fen) (Transfer, Hold, error) {
	if err := checkAmount(amount); err != nil {
		return Transfer{}, Hold{}, err
	}
	if err := b.cover("fund.sufficient", amount); err != nil {
		return Transfer{}, Hold{}, err
	}
	return b.move(s, KindReserve, Available, Reserved, amount), Hold{s.ID, amount, HoldOpen}, nil
}

// Release gives a hold back whole.
func (b Book) Release(s Stamp, h Hold) (Transfer, Hold, error) {
	if err := h.once(); err != nil {
		return Transfer{}, h, err
	}
	h.State = HoldReleased
	return b.move(s, KindRelease, Reserved, Available, h.Amount), h, nil
}

// once refuses a hold that has been used: money leaves a hold exactly one time,
// whoever presses twice.
func (h Hold) once() error {
	if h.State == HoldOpen {
		return nil
	}
	return errs.Refuse("fund.hold_once", "error.fund.hold_used",
		errs.Args{"amount": h.Amount, "state": errs.Key(h.State.Label())}, "fund.remedy.reload")
}

// Spending is what the settlement takes from a hold.
type Spending struct {
	Spent money.Fen
	// TopUp is what a second approval added beyond the hold; without it a
	// settlement above the hold is refused.
	TopUp money.Fen
}

// Commit pays out of a hold. Less than held gives the rest back in the same
// transfer; more needs an approved top-up and money available. Nothing spent is
// a release.
func (b Book) Commit(s Stamp, h Hold, sp Spending) (Transfer, Hold, error) {
	if err := h.once(); err != nil {
		return Transfer{}, h, err
	}
	if sp.Spent == 0 {
		return b.Release(s, h)
	}
	if err := checkAmount(sp.Spent); err != nil {
		return Transfer{}, h, err
	}
	more := sp.Spent - h.Amount
	if more > sp.TopUp {
		return Transfer{}, h, errs.Refuse("fund.within_hold", "error.fund.above_hold",
			errs.Args{"spent": sp.Spent, "held": h.Amount, "more": more - max(sp.TopUp, 0)},
			"fund.remedy.approve_more", "fund.remedy.lower_reduction")
	}
	if more > 0 {
		if err := b.cover("fund.sufficient_top_up", more); err != nil {
			return Transfer{}, h, err
		}
	}
	t := Transfer{ID: s.ID, Kind: KindCommit, EffectiveOn: s.On,
		Entries: b.entries(Balances{Available: -more, Reserved: -h.Amount, Committed: sp.Spent})}
	h.State = HoldCommitted
	return t, h, nil
}

// Reimburse pays a late approval after the settlement, without a hold before.
func (b Book) Reimburse(s Stamp, amount money.Fen) (Transfer, error) {
	if err := checkAmount(amount); err != nil {
		return Transfer{}, err
	}
	if err := b.cover("fund.sufficient", amount); err != nil {
		return Transfer{}, err
	}
	return b.move(s, KindReimburse, Available, Committed, amount), nil
}

// HistoryDeposit records that an old ledger's money had come in.
func (b Book) HistoryDeposit(s Stamp, amount money.Fen) (Transfer, error) {
	t, err := b.Deposit(s, amount)
	t.Kind = KindHistoryDeposit
	return t, err
}

// HistoryCommit records that it went out. It needs the deposit before it, so an
// old ledger cannot use up living money.
func (b Book) HistoryCommit(s Stamp, amount money.Fen) (Transfer, error) {
	t, err := b.Reimburse(s, amount)
	t.Kind = KindHistoryCommit
	return t, err
}

// Mirror is the reversal of a transfer: the same entries, the other way round.
func Mirror(s Stamp, t Transfer) (Transfer, error) {
	if t.Kind == KindReversal {
		return Transfer{}, errs.Refuse("fund.no_double_reversal", "error.fund.reverse_reversal", nil, "fund.remedy.enter_again")
	}
	m := Transfer{ID: s.ID, Kind: KindReversal, EffectiveOn: s.On, Reverses: t.ID}
	for _, e := range t.Entries {
		m.Entries = append(m.Entries, Entry{e.AccountID, -e.Amount})
	}
	return m, nil
}

// Reverse is Mirror checked against the balances: a deposit that is already
// spent cannot be taken back. In a split fund the money may have gone to another
// lane since; the same amounts are then taken from where they are.
func (b Book) Reverse(s Stamp, t Transfer) (Transfer, error) {
	m, err := Mirror(s, t)
	if err != nil {
		return Transfer{}, err
	}
	_, err = b.Apply(m)
	if errs.Is(err, errs.Precondition) {
		m.Entries = b.entries(b.total(m))
		_, err = b.Apply(m)
	}
	if err != nil {
		if errs.Is(err, errs.Precondition) {
			return Transfer{}, errs.Refuse("fund.reversible", "error.fund.not_reversible",
				errs.Args{"fund": b.Name, "kind": errs.Key(t.Kind.Label())}, "fund.remedy.reverse_later_first")
		}
		return Transfer{}, err
	}
	return m, nil
}
