package funding_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// These tests speak to the store below the use cases: how transfers are posted,
// listed and checked.

// post decides on the locked book of the desk's fund and posts.
func (d *desk) post(treatment ident.ID, decide func(fund.Book, fund.Stamp) (fund.Transfer, error)) (id ident.ID) {
	d.T.Helper()
	d.Clock.Advance(1_000_000_000) // one at a time, so that the lists have an order
	d.Do(d.System(), func(tx *store.Tx) error {
		books, err := tx.Books(d.fund.ID)
		if err != nil {
			return err
		}
		t, err := decide(books[d.fund.ID], fund.Stamp{ID: ident.New(), On: tx.Today()})
		if err != nil {
			return err
		}
		id = t.ID
		return tx.PostTransfer(store.Posting{Transfer: t, Fund: d.fund.ID, Treatment: treatment})
	})
	return id
}

func (d *desk) ledger(f store.LedgerFilter, req page.Request) (out page.Result[store.LedgerLine]) {
	d.T.Helper()
	d.Do(d.System(), func(tx *store.Tx) (err error) {
		out, err = tx.ListLedger(f, req)
		return err
	})
	return out
}

func TestTheLedgerSaysWhatEachTransferDid(t *testing.T) {
	d := newDesk(t, 0)
	var hold fund.Hold
	deposit := d.post(ident.Nil, func(b fund.Book, s fund.Stamp) (fund.Transfer, error) { return b.Deposit(s, 1000) })
	d.post(ident.Nil, func(b fund.Book, s fund.Stamp) (x fund.Transfer, err error) {
		x, hold, err = b.Reserve(s, 400)
		return x, err
	})
	commit := d.post(ident.Nil, func(b fund.Book, s fund.Stamp) (fund.Transfer, error) {
		x, _, err := b.Commit(s, hold, fund.Spending{Spent: 400})
		return x, err
	})
	d.post(ident.Nil, func(b fund.Book, s fund.Stamp) (x fund.Transfer, err error) {
		d.Do(d.System(), func(tx *store.Tx) error {
			p, err := tx.TransferByID(commit)
			x = p.Transfer
			return err
		})
		return b.Reverse(s, x)
	})
	type line struct {
		kind      fund.Kind
		amount    money.Fen
		change    money.Fen
		available money.Fen
		known     bool
		reversed  bool
		reverses  fund.Kind
	}
	got := func(rows []store.LedgerLine) (out []line) {
		for _, l := range rows {
			out = append(out, line{l.Kind, l.Amount, l.Change, l.Available, l.Known, l.Reversed, l.ReversesAs})
		}
		return out
	}
	want := []line{{fund.KindReversal, 400, 0, 0, false, false, fund.KindCommit}, {fund.KindCommit, 400, 0, 0, false, true, ""},
		{fund.KindReserve, 400, -400, 600, true, false, ""}, {fund.KindDeposit, 1000, 1000, 1000, true, false, ""}}
	all := d.ledger(store.LedgerFilter{Fund: d.fund.ID}, page.Request{})
	if !slices.Equal(got(all.Rows), want) || all.Next != "" {
		t.Errorf("got  %+v\nwant %+v", got(all.Rows), want)
	}
	one := d.ledger(store.LedgerFilter{Fund: d.fund.ID}, page.Request{Size: 3})
	rest := d.ledger(store.LedgerFilter{Fund: d.fund.ID}, page.Request{Size: 3, After: one.Next})
	if len(one.Rows) != 3 || len(rest.Rows) != 1 || rest.Rows[0].ID != deposit {
		t.Errorf("two pages: %d and %d rows", len(one.Rows), len(rest.Rows))
	}
	if some := d.ledger(store.LedgerFilter{Fund: d.fund.ID, Kind: fund.KindReserve}, page.Request{}); len(some.Rows) != 1 {
		t.Errorf("reservations only: %d rows", len(some.Rows))
	}
}

func TestStandingAreTheTransfersOfOneApprovalThatNothingTookBack(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr, id := d.approved(2_000_000)
	standing := func(approval ident.ID) (kinds []fund.Kind) {
		d.Do(d.System(), func(tx *store.Tx) error {
			list, err := tx.Standing(approval, tr.ID)
			for _, p := range list {
				kinds = append(kinds, p.Kind)
				if len(p.Entries) < 2 || p.Validate() != nil || p.Treatment != tr.ID || p.Fund != d.fund.ID {
					t.Errorf("read as %+v", p)
				}
			}
			return err
		})
		return kinds
	}
	if got := standing(id); !slices.Equal(got, []fund.Kind{fund.KindReserve}) {
		t.Errorf("approved: %v", got)
	}
	if _, err := d.decide(id, fund.DecideRevoke, "改期"); err != nil {
		t.Fatal(err)
	}
	second := d.requested(d.look(tr.ID), 1_000_000)
	if _, err := d.decide(second, fund.DecideApprove, ""); err != nil {
		t.Fatal(err)
	}
	if got := standing(second); !slices.Equal(got, []fund.Kind{fund.KindReserve}) {
		t.Errorf("the second approval: %v", got)
	}
	var reserve store.Posting
	d.Do(d.System(), func(tx *store.Tx) error {
		list, err := tx.Standing(second, tr.ID)
		if err != nil {
			return err
		}
		reserve = list[0]
		books, err := tx.Books(d.fund.ID)
		if err != nil {
			return err
		}
		m, err := books[d.fund.ID].Reverse(fund.Stamp{ID: ident.New(), On: tx.Today()}, reserve.Transfer)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: m, Fund: d.fund.ID, Treatment: tr.ID, Approval: second})
	})
	if got := standing(second); len(got) != 0 {
		t.Errorf("taken back: %v", got)
	}
	// However often it was posted and taken back, what stands is found.
	d.Do(d.System(), func(tx *store.Tx) error {
		books, err := tx.Books(d.fund.ID)
		if err != nil {
			return err
		}
		book := books[d.fund.ID]
		post := func(x fund.Transfer, err error) error {
			if err == nil {
				err = tx.PostTransfer(store.Posting{Transfer: x, Fund: d.fund.ID, Treatment: tr.ID, Approval: second})
			}
			if err == nil {
				book, err = book.Apply(x)
			}
			return err
		}
		stamp := func() fund.Stamp { return fund.Stamp{ID: ident.New(), On: tx.Today()} }
		for range 250 {
			x, _, err := book.Reserve(stamp(), 100)
			if err := post(x, err); err != nil {
				return err
			}
			if err := post(book.Reverse(stamp(), x)); err != nil {
				return err
			}
		}
		x, _, err := book.Reserve(stamp(), 100)
		return post(x, err)
	})
	if got := standing(second); !slices.Equal(got, []fund.Kind{fund.KindReserve}) {
		t.Errorf("after hundreds of reversals: %v", got)
	}
}

func TestATransferIsReadAsItWasWritten(t *testing.T) {
	d := newDesk(t, 1000)
	d.Do(d.System(), func(tx *store.Tx) error {
		if _, err := tx.TransferByID(ident.New()); !errs.Is(err, errs.NotFound) {
			t.Errorf("no such transfer: %v", err)
		}
		if _, err := tx.Books(d.fund.ID, ident.New()); !errs.Is(err, errs.NotFound) {
			t.Errorf("no such fund: %v", err)
		}
		books, err := tx.Books(d.fund.ID, d.fund.ID)
		if err != nil {
			return err
		}
		if b := books[d.fund.ID]; b.Balances != (fund.Balances{Source: -1000, Available: 1000}) || b.Name != d.fund.Name || len(books) != 1 {
			t.Errorf("the book is %+v", b)
		}
		look, err := tx.LookBooks(d.fund.ID)
		if err == nil && look[d.fund.ID] != books[d.fund.ID] {
			t.Errorf("looked at %+v", look)
		}
		if err := tx.PostTransfer(store.Posting{Fund: d.fund.ID}); !errs.Is(err, errs.Internal) {
			t.Errorf("an empty transfer is posted: %v", err)
		}
		return err
	})
}

// Whatever the database says no to reaches the caller: no list is empty, no
// balance zero, because a statement failed.
func TestAStatementThatFailsIsNeverAnEmptyAnswer(t *testing.T) {
	d := newDesk(t, 1000)
	id, st := ident.New(), store.Settlement{ID: ident.New(), State: store.Settled, SettledOn: d.Today()}
	lines := []store.SettlementLine{{Fund: d.fund.ID, Amount: 1}}
	first := page.Request{}
	d.Broken(func(tx *store.Tx) {
		for name, err := range map[string]error{
			"books":              second(tx.Books(d.fund.ID)),
			"reserving books":    second(tx.ReservingBooks(1, d.fund.ID)),
			"the busiest fund":   third(tx.BusiestFund(servicetest.Start(), 1)),
			"look at books":      second(tx.LookBooks(d.fund.ID)),
			"ledger":             second(tx.ListLedger(store.LedgerFilter{Fund: d.fund.ID}, first)),
			"transfer":           second(tx.TransferByID(id)),
			"standing":           second(tx.Standing(id, id)),
			"check":              second(tx.CheckLedger()),
			"save a check":       tx.SaveLedgerCheck(nil),
			"last check":         third(tx.LastLedgerCheck()),
			"fund":               second(tx.FundByID(d.fund.ID)),
			"funds":              second(tx.ListFunds()),
			"choices":            second(tx.FundChoices()),
			"open a fund":        second(tx.InsertFund(store.Fund{ID: ident.New(), Code: "X"})),
			"holds":              second(tx.HoldsOf(d.fund.ID)),
			"spent":              second(tx.SpentSince(d.fund.ID, servicetest.Start())),
			"names":              second(tx.NamesOf([]ident.ID{id})),
			"move":               second(tx.FundMoveByID(id)),
			"moves":              second(tx.ListFundMoves(nil, first)),
			"ask for a move":     tx.InsertFundMove(store.FundMove{ID: id}),
			"settlement":         third(tx.SettlementByID(id)),
			"live settlement":    third(tx.LiveSettlement(id)),
			"settlements":        second(tx.ListSettlements(store.SettlementFilter{}, first)),
			"enter a settlement": tx.InsertSettlement(st, store.Treatment{ID: id}, nil),
			"pay back":           tx.Reimbursed(st, store.Treatment{ID: id}, lines),
			"take one back":      tx.ReverseSettlement(st),
			"deposits":           second(tx.ListDeposits(store.DepositFilter{Fund: d.fund.ID}, first)),
			"drawn":              second(tx.ListDrawn(id, first)),
			"paid by deposits":   second(tx.DepositsOfApproval(id)),
			"all deposits":       second(tx.DepositStores()),
			"enter draws":        tx.WriteDraws([]store.MadeDraw{{ID: id}}),
		} {
			if err == nil || errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if names, err := tx.NamesOf(nil); err != nil || names != nil {
			t.Errorf("nobody to name: %v, %v", names, err)
		}
		if err := tx.WriteDraws(nil); err != nil {
			t.Errorf("no draws to write: %v", err)
		}
	})
	d.Do(d.System(), func(tx *store.Tx) error {
		bad := page.Request{After: "not a cursor"}
		for name, err := range map[string]error{"ledger": second(tx.ListLedger(store.LedgerFilter{}, bad)), "moves": second(tx.ListFundMoves(nil, bad)),
			"settlements": second(tx.ListSettlements(store.SettlementFilter{}, bad)), "deposits": second(tx.ListDeposits(store.DepositFilter{}, bad)),
			"drawn": second(tx.ListDrawn(ident.New(), bad))} {
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("a page of %s after nonsense: %v", name, err)
			}
		}
		return nil
	})
}

func second[T any](_ T, err error) error { return err }

func third[T, U any](_ T, _ U, err error) error { return err }

func TestAFundIsReadAsItWasOpened(t *testing.T) {
	d := newDesk(t, 0)
	f := store.Fund{ID: ident.New(), Code: "ZX-9", Name: "专项资金", Kind: fund.Pool, OpenedOn: d.Today(), EndsOn: d.Today().AddDays(30), Source: fund.Donation,
		Hospitals: []ident.ID{d.ID(servicetest.Mountain)}, Categories: []terminology.Category{terminology.CategoryDB}}
	d.Do(d.System(), func(tx *store.Tx) error {
		if _, err := tx.InsertFund(f); err != nil {
			return err
		}
		got, err := tx.FundByID(f.ID)
		if err == nil && (!slices.Equal(got.Hospitals, f.Hospitals) || !slices.Equal(got.Categories, f.Categories) || got.EndsOn != f.EndsOn || got.Source != f.Source || got.Balances != (fund.Balances{})) {
			t.Errorf("read as %+v", got)
		}
		return err
	})
	// The code is taken: the first of its statements says so, not a later one.
	err := d.DB.InTx(t.Context(), d.System(), func(tx *store.Tx) error {
		tx.NoAudit("a code that is taken")
		again := f
		again.ID = ident.New()
		_, err := tx.InsertFund(again)
		return err
	})
	if e, ok := errors.AsType[*pq.Error](err); !ok || e.Constraint != "fund_code" {
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("a code that is taken: %v", err)
		}
	}
}

func TestMovesAreListedForTheFundsTheyTouch(t *testing.T) {
	d := newDesk(t, 5_000_000)
	next, other := d.Fund(0), d.Fund(0)
	for _, to := range []ident.ID{next.ID, other.ID} {
		d.Clock.Advance(1_000_000_000)
		ask := fund.Move{Kind: fund.CarryOver, From: d.fund.ID, To: to, Amount: 100, Rule: "办法", Reason: "结转"}
		if _, err := d.s.RequestMove(t.Context(), d.Approver(), ask, ident.Token()); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		funds []ident.ID
		want  int
	}{"all": {nil, 2}, "the giver": {[]ident.ID{d.fund.ID}, 2}, "a taker": {[]ident.ID{next.ID}, 1}, "nobody's": {[]ident.ID{}, 0}} {
		d.Do(d.System(), func(tx *store.Tx) error {
			got, err := tx.ListFundMoves(c.funds, page.Request{})
			if len(got.Rows) != c.want {
				t.Errorf("%s: %d moves", name, len(got.Rows))
			}
			return err
		})
	}
	d.Do(d.System(), func(tx *store.Tx) error {
		one, err := tx.ListFundMoves(nil, page.Request{Size: 1})
		if err != nil {
			return err
		}
		rest, err := tx.ListFundMoves(nil, page.Request{Size: 1, After: one.Next})
		if err == nil && (one.Rows[0].To != other.ID || len(rest.Rows) != 1 || rest.Rows[0].To != next.ID) {
			t.Errorf("two pages: %v, %v", one.Rows, rest.Rows)
		}
		return err
	})
}

func TestSettlementsAreListedByDayAndHospital(t *testing.T) {
	d := newDesk(t, 9_000_000)
	var ids []ident.ID
	for range 2 {
		tr, _ := d.approved(1_000_000)
		out, err := d.settle(d.discharged(tr), 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, out.Settlement)
		d.Clock.Advance(24 * 3600 * 1_000_000_000)
	}
	today, yesterday := d.Today().AddDays(-1), d.Today().AddDays(-2)
	here, elsewhere := d.ID(servicetest.Mountain), d.ID(servicetest.MountainTwo)
	for name, c := range map[string]struct {
		f    store.SettlementFilter
		want []ident.ID
	}{
		"all":               {store.SettlementFilter{}, []ident.ID{ids[1], ids[0]}},
		"from today":        {store.SettlementFilter{From: today}, ids[1:]},
		"up to yesterday":   {store.SettlementFilter{To: yesterday}, ids[:1]},
		"here":              {store.SettlementFilter{Hospitals: []ident.ID{here, elsewhere}}, []ident.ID{ids[1], ids[0]}},
		"elsewhere":         {store.SettlementFilter{Hospitals: []ident.ID{elsewhere}}, nil},
		"here, from today":  {store.SettlementFilter{Hospitals: []ident.ID{here}, From: today}, ids[1:]},
		"at none of theirs": {store.SettlementFilter{Hospitals: []ident.ID{}}, nil},
	} {
		d.Do(d.System(), func(tx *store.Tx) error {
			list, err := tx.ListSettlements(c.f, page.Request{})
			var got []ident.ID
			for _, s := range list.Rows {
				got = append(got, s.ID)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
			return err
		})
	}
}

func TestASettlementHasItsFundersAndTheHospitalsPart(t *testing.T) {
	d := newDesk(t, 9_000_000)
	tr, _ := d.approved(1_000_000)
	out, err := d.settle(d.discharged(tr), 1_000_000, func(in *funding.Settle) { in.Waiver = 5; in.Settlement = in.WithNet() })
	if err != nil {
		t.Fatal(err)
	}
	d.Do(d.System(), func(tx *store.Tx) error {
		s, lines, err := tx.SettlementByID(out.Settlement)
		if err != nil {
			return err
		}
		if !slices.Equal(s.Funds, []fee.FundLine{{Fund: d.fund.ID, Amount: 1_000_000}}) || len(lines) != 2 || !s.Balances() || s.FundFen != 1_000_000 {
			t.Errorf("read as %+v, %+v", s, lines)
		}
		for _, l := range lines {
			if ours := l.Fund == ident.Nil; ours != (l.Amount == 5) || ours == (l.FundName != "") {
				t.Errorf("line %+v", l)
			}
		}
		if live, ok, err := tx.LiveSettlement(tr.ID); err != nil || !ok || live.ID != s.ID || len(live.Funds) != 1 {
			t.Errorf("live: %+v, %v, %v", live, ok, err)
		}
		if _, ok, err := tx.LiveSettlement(ident.New()); ok || err != nil {
			t.Errorf("no settlement: %v, %v", ok, err)
		}
		if _, _, err := tx.SettlementByID(ident.New()); !errs.Is(err, errs.NotFound) {
			t.Errorf("no such settlement: %v", err)
		}
		return nil
	})
}

func TestACheckWithoutFaultsIsKeptAsAnEmptyList(t *testing.T) {
	d := newDesk(t, 1000)
	d.Do(d.System(), func(tx *store.Tx) error {
		if _, ok, err := tx.LastLedgerCheck(); ok || err != nil {
			t.Errorf("before the first: %v, %v", ok, err)
		}
		return tx.SaveLedgerCheck(nil)
	})
	d.Do(d.System(), func(tx *store.Tx) error {
		got, ok, err := tx.LastLedgerCheck()
		if !ok || len(got.Faults) != 0 || got.At.IsZero() {
			t.Errorf("%+v, %v", got, ok)
		}
		return err
	})
	if n := d.Count(`select count(*) from ledger_check where detail = '[]' and faults = 0`); n != 1 {
		t.Errorf("%d empty lists kept", n)
	}
}

// A settlement is seen by who sees the treatment and by the funds that paid, not
// by the hospital's own part, which is nobody's fund.
func TestASettlementIsSeenByTheFundsThatPaid(t *testing.T) {
	d := newDesk(t, 1000)
	tr := d.Advance(d.Eligible(servicetest.Mountain), treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	s := store.Settlement{ID: ident.New(), State: store.Settled, SettledOn: d.Today(), Settlement: fee.Settlement{Bill: 10, Waiver: 3, Net: 0,
		Funds: []fee.FundLine{{Fund: d.fund.ID, Amount: 7}}}}
	d.Do(d.System(), func(tx *store.Tx) error {
		return tx.InsertSettlement(s, tr, []store.SettlementLine{{Fund: d.fund.ID, Amount: 7}, {Amount: 3}})
	})
	for _, table := range []string{"settlement where id = $1", "settlement_line where settlement_id = $1"} {
		if n := d.Count(`select count(*) from `+table+` and $2 = any(visible_to) and not $3 = any(visible_to)`, s.ID, d.fund.ID, ident.Nil); n == 0 {
			t.Errorf("%s: not seen by the fund, or by nobody's", table)
		}
	}
}
