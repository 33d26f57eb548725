package fund_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

var day = clock.MustDate(2026, 11, 20)

func stamp() fund.Stamp { return fund.Stamp{ID: ident.New(), On: day} }

// book is a fund with money in it.
func book(available money.Fen) fund.Book {
	return fund.Book{Fund: ident.New(), Name: "澜港帮扶资金", Accounts: fund.Accounts{Source: ident.New(), Available: ident.New(),
		Reserved: ident.New(), Committed: ident.New(), Paid: ident.New()}, Balances: fund.Balances{Source: -available, Available: available}}
}

type fataler interface {
	Helper()
	Fatal(...any)
}

// post applies a transfer that was decided without error.
func post(t fataler, b fund.Book, x fund.Transfer, err error) fund.Book {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	next, err := b.Apply(x)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestMoneyGoesFromDepositToCommitment(t *testing.T) {
	b := book(0)
	x, err := b.Deposit(stamp(), 50000)
	b = post(t, b, x, err)
	x, hold, err := b.Reserve(stamp(), 30000)
	b = post(t, b, x, err)
	if b.Balances != (fund.Balances{Source: -50000, Available: 20000, Reserved: 30000}) {
		t.Fatalf("after reserving: %+v", b.Balances)
	}
	x, hold, err = b.Commit(stamp(), hold, fund.Spending{Spent: 24000})
	b = post(t, b, x, err)
	if b.Balances != (fund.Balances{Source: -50000, Available: 26000, Committed: 24000}) {
		t.Fatalf("what was not needed did not come back: %+v", b.Balances)
	}
	if hold.State != fund.HoldCommitted || b.Balances.Received() != 50000 {
		t.Fatalf("hold %s, received %v", hold.State, b.Balances.Received())
	}
}

func TestAnExactCommitmentHasTwoEntries(t *testing.T) {
	b := book(50000)
	x, hold, err := b.Reserve(stamp(), 30000)
	b = post(t, b, x, err)
	x, _, err = b.Commit(stamp(), hold, fund.Spending{Spent: 30000})
	if b = post(t, b, x, err); len(x.Entries) != 2 || b.Balances.Committed != 30000 {
		t.Fatalf("%+v %+v", x.Entries, b.Balances)
	}
}

func TestARefusedReservationSaysWhyAndWhatWorks(t *testing.T) {
	_, _, err := book(12000).Reserve(stamp(), 20000)
	e := errs.Of(err)
	if e.Kind != errs.Precondition || e.Rule != "fund.sufficient" {
		t.Fatalf("got %v", err)
	}
	for name, want := range map[string]money.Fen{"asked": 20000, "available": 12000, "short": 8000} {
		if e.Args[name] != want {
			t.Errorf("%s is %v, want %v", name, e.Args[name], want)
		}
	}
	if !slices.Equal(e.Remedy, []string{"fund.remedy.reduce_to", "fund.remedy.other_fund", "fund.remedy.wait_deposit"}) {
		t.Errorf("remedies %v", e.Remedy)
	}
	_, _, err = book(0).Reserve(stamp(), 1)
	if slices.Contains(errs.Of(err).Remedy, "fund.remedy.reduce_to") {
		t.Error("an empty fund offers to ask for nothing")
	}
	if _, _, err = book(12000).Reserve(stamp(), 12000); err != nil {
		t.Errorf("the last fen is refused: %v", err)
	}
}

func TestAmountsThatCannotBe(t *testing.T) {
	for _, amount := range []money.Fen{0, -1, money.Max + 1} {
		b := book(50000)
		_, e1 := b.Deposit(stamp(), amount)
		_, _, e2 := b.Reserve(stamp(), amount)
		_, e3 := b.Reimburse(stamp(), amount)
		for _, err := range []error{e1, e2, e3, fund.Request(amount, nil)} {
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("%v: %v", amount, err)
			}
		}
	}
}

func TestSpendingMoreThanHeldNeedsASecondApprovalAndMoney(t *testing.T) {
	b := book(50000)
	x, hold, err := b.Reserve(stamp(), 30000)
	b = post(t, b, x, err)
	_, _, err = b.Commit(stamp(), hold, fund.Spending{Spent: 30001})
	if e := errs.Of(err); e.Rule != "fund.within_hold" || e.Args["more"] != money.Fen(1) {
		t.Errorf("one fen above: %v", err)
	}
	_, _, err = b.Commit(stamp(), hold, fund.Spending{Spent: 35000, TopUp: 4999})
	if errs.Of(err).Rule != "fund.within_hold" {
		t.Errorf("top-up too small: %v", err)
	}
	_, _, err = b.Commit(stamp(), hold, fund.Spending{Spent: 50001, TopUp: 20001})
	if errs.Of(err).Rule != "fund.sufficient_top_up" {
		t.Errorf("top-up beyond the fund: %v", err)
	}
	x, _, err = b.Commit(stamp(), hold, fund.Spending{Spent: 35000, TopUp: 5000})
	b = post(t, b, x, err)
	if b.Balances != (fund.Balances{Source: -50000, Available: 15000, Committed: 35000}) {
		t.Errorf("after a top-up: %+v", b.Balances)
	}
}

func TestAHoldIsUsedExactlyOnce(t *testing.T) {
	b := book(50000)
	x, open, err := b.Reserve(stamp(), 30000)
	b = post(t, b, x, err)
	_, released, err := b.Release(stamp(), open)
	if err != nil || released.State != fund.HoldReleased {
		t.Fatalf("%v %v", released, err)
	}
	_, committed, _ := b.Commit(stamp(), open, fund.Spending{Spent: 1})
	for _, used := range []fund.Hold{released, committed} {
		_, _, e1 := b.Release(stamp(), used)
		_, _, e2 := b.Commit(stamp(), used, fund.Spending{Spent: 1})
		for _, err := range []error{e1, e2} {
			if errs.Of(err).Rule != "fund.hold_once" {
				t.Errorf("%s hold used again: %v", used.State, err)
			}
		}
	}
}

func TestSpendingNothingReleases(t *testing.T) {
	b := book(50000)
	x, hold, err := b.Reserve(stamp(), 30000)
	b = post(t, b, x, err)
	x, hold, err = b.Commit(stamp(), hold, fund.Spending{})
	b = post(t, b, x, err)
	if x.Kind != fund.KindRelease || hold.State != fund.HoldReleased || b.Balances.Available != 50000 {
		t.Fatalf("%s %s %+v", x.Kind, hold.State, b.Balances)
	}
	if _, _, err := b.Commit(stamp(), fund.Hold{Amount: 1, State: fund.HoldOpen}, fund.Spending{Spent: -1}); !errs.Is(err, errs.Invalid) {
		t.Errorf("negative spending: %v", err)
	}
}

func TestLateApprovalIsPaidWithoutAHold(t *testing.T) {
	b := book(50000)
	x, err := b.Reimburse(stamp(), 20000)
	b = post(t, b, x, err)
	if x.Kind != fund.KindReimburse || b.Balances.Committed != 20000 || b.Balances.Reserved != 0 {
		t.Fatalf("%s %+v", x.Kind, b.Balances)
	}
	if _, err := b.Reimburse(stamp(), 30001); errs.Of(err).Rule != "fund.sufficient" {
		t.Errorf("beyond the fund: %v", err)
	}
}

func TestHistoryBringsItsOwnMoney(t *testing.T) {
	b := book(0)
	if _, err := b.HistoryCommit(stamp(), 100); err == nil {
		t.Error("an old ledger spends money that is not there")
	}
	x, err := b.HistoryDeposit(stamp(), 100)
	b = post(t, b, x, err)
	y, err := b.HistoryCommit(stamp(), 100)
	b = post(t, b, y, err)
	if x.Kind != fund.KindHistoryDeposit || y.Kind != fund.KindHistoryCommit || b.Balances != (fund.Balances{Source: -100, Committed: 100}) {
		t.Fatalf("%s %s %+v", x.Kind, y.Kind, b.Balances)
	}
}

func TestReversal(t *testing.T) {
	b := book(0)
	deposit, err := b.Deposit(stamp(), 50000)
	b = post(t, b, deposit, err)
	before := b
	x, hold, err := b.Reserve(stamp(), 30000)
	b = post(t, b, x, err)
	if _, err := b.Reverse(stamp(), deposit); errs.Of(err).Rule != "fund.reversible" {
		t.Errorf("a deposit in use is taken back: %v", err)
	}
	m, err := b.Reverse(stamp(), x)
	b = post(t, b, m, err)
	if b != before || m.Reverses != hold.ID || m.Kind != fund.KindReversal {
		t.Errorf("not restored: %+v", b.Balances)
	}
	if _, err := b.Reverse(stamp(), m); errs.Of(err).Rule != "fund.no_double_reversal" {
		t.Errorf("a reversal is reversed: %v", err)
	}
}

func TestTransfersThatAreNone(t *testing.T) {
	a, b := ident.New(), ident.New()
	good := fund.Transfer{ID: ident.New(), Kind: fund.KindDeposit, EffectiveOn: day, Entries: []fund.Entry{{a, -5}, {b, 5}}}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*fund.Transfer){
		"one entry":               func(x *fund.Transfer) { x.Entries = x.Entries[:1] },
		"no entry":                func(x *fund.Transfer) { x.Entries = nil },
		"a fen off":               func(x *fund.Transfer) { x.Entries = []fund.Entry{{a, -5}, {b, 6}} },
		"an empty entry":          func(x *fund.Transfer) { x.Entries = []fund.Entry{{a, -5}, {b, 5}, {ident.New(), 0}} },
		"an account twice":        func(x *fund.Transfer) { x.Entries = []fund.Entry{{a, -5}, {a, 5}} },
		"no account":              func(x *fund.Transfer) { x.Entries = []fund.Entry{{a, -5}, {ident.Nil, 5}} },
		"no id":                   func(x *fund.Transfer) { x.ID = ident.Nil },
		"no day":                  func(x *fund.Transfer) { x.EffectiveOn = clock.Date{} },
		"no kind":                 func(x *fund.Transfer) { x.Kind = "gift" },
		"a reversal of nothing":   func(x *fund.Transfer) { x.Kind = fund.KindReversal },
		"a deposit that reverses": func(x *fund.Transfer) { x.Reverses = ident.New() },
	} {
		x := good
		change(&x)
		if x.Validate() == nil {
			t.Errorf("%s is valid", name)
		}
		if _, err := book(100).Apply(x); err == nil {
			t.Errorf("%s is applied", name)
		}
	}
	if _, err := book(100).Apply(good); err == nil {
		t.Error("another fund's transfer is applied")
	}
}

func TestNoAccountGoesBelowZero(t *testing.T) {
	b := book(100)
	for _, from := range []ident.ID{b.Accounts.Available, b.Accounts.Reserved, b.Accounts.Committed, b.Accounts.Paid} {
		x := fund.Transfer{ID: ident.New(), Kind: fund.KindRelease, EffectiveOn: day, Entries: []fund.Entry{{from, -101}, {b.Accounts.Source, 101}}}
		if got, err := b.Apply(x); !errs.Is(err, errs.Precondition) || got != b {
			t.Errorf("%v, %+v", err, got.Balances)
		}
	}
}

// Random work on a fund: every transfer sums to zero, nothing goes below zero,
// the balances are the replay of the transfers, no hold is used twice, and
// reversing everything backwards leaves nothing.
func TestRandomWorkKeepsTheBooks(t *testing.T) {
	scaletest.Check(t, 100, func(t *rapid.T) {
		start := book(0)
		b := start
		var log []fund.Transfer
		var holds []fund.Hold
		keep := func(x fund.Transfer, err error) bool {
			if err != nil {
				if k := errs.KindOf(err); k != errs.Precondition && k != errs.Invalid {
					t.Fatal(err)
				}
				return false
			}
			b = post(t, b, x, nil)
			log = append(log, x)
			return true
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			amount := money.Fen(rapid.Int64Range(1, 500).Draw(t, "amount"))
			i := -1
			if len(holds) > 0 {
				i = rapid.IntRange(0, len(holds)-1).Draw(t, "hold")
			}
			switch step := rapid.SampledFrom([]string{"deposit", "reserve", "commit", "release", "reimburse", "pay", "recover"}).Draw(t, "step"); {
			case step == "deposit":
				keep(b.Deposit(stamp(), amount))
			case step == "reimburse":
				keep(b.Reimburse(stamp(), amount))
			case step == "pay":
				keep(b.Pay(stamp(), amount))
			case step == "recover":
				keep(b.Recover(stamp(), amount))
			case step == "reserve":
				x, h, err := b.Reserve(stamp(), amount)
				if keep(x, err) {
					holds = append(holds, h)
				}
			case i >= 0:
				use := b.Release
				if step == "commit" {
					top := money.Fen(rapid.Int64Range(0, 200).Draw(t, "top"))
					use = func(s fund.Stamp, h fund.Hold) (fund.Transfer, fund.Hold, error) {
						return b.Commit(s, h, fund.Spending{Spent: amount, TopUp: top})
					}
				}
				x, h, err := use(stamp(), holds[i])
				if used := holds[i].State != fund.HoldOpen; used && err == nil {
					t.Fatal("a hold was used twice")
				}
				if keep(x, err) {
					holds[i] = h
				}
			}
			checkBooks(t, start, b, log, holds)
		}
		for _, x := range slices.Backward(log) {
			m, err := b.Reverse(stamp(), x)
			b = post(t, b, m, err)
		}
		if b != start {
			t.Fatalf("reversing everything leaves %+v", b.Balances)
		}
	})
}

func checkBooks(t *rapid.T, start, b fund.Book, log []fund.Transfer, holds []fund.Hold) {
	sums := map[ident.ID]money.Fen{}
	for _, x := range log {
		if err := x.Validate(); err != nil {
			t.Fatal(err)
		}
		for _, e := range x.Entries {
			sums[e.AccountID] += e.Amount
		}
	}
	a := start.Accounts
	replay := fund.Balances{Source: sums[a.Source], Available: sums[a.Available], Reserved: sums[a.Reserved], Committed: sums[a.Committed], Paid: sums[a.Paid]}
	if replay != b.Balances {
		t.Fatalf("replay %+v, balances %+v", replay, b.Balances)
	}
	if replay.Available < 0 || replay.Reserved < 0 || replay.Committed < 0 || replay.Paid < 0 ||
		replay.Source+replay.Available+replay.Reserved+replay.Committed+replay.Paid != 0 {
		t.Fatalf("books %+v", replay)
	}
	var held money.Fen
	for _, h := range holds {
		if h.State == fund.HoldOpen {
			held += h.Amount
		}
	}
	if held != replay.Reserved {
		t.Fatalf("open holds %v, reserved %v", held, replay.Reserved)
	}
}

// 200 requests of one amount against a fund that covers 137.
func TestOnlyAsManyReservationsAsTheFundCovers(t *testing.T) {
	b := book(137 * 20000)
	passed, told := 0, 0
	for range 200 {
		x, _, err := b.Reserve(stamp(), 20000)
		if err != nil {
			told++
			continue
		}
		b = post(t, b, x, err)
		passed++
	}
	if passed != 137 || told != 63 || b.Balances.Available != 0 {
		t.Fatalf("%d passed, %d told, %v left", passed, told, b.Balances.Available)
	}
}
