package paying_test

import (
	"slices"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// These tests speak to the store below the use cases, as one who sees everything:
// what a filter leaves out is left out by the filter, not by row security.

// book is what two funds owe two hospitals: the first fund both, and a day later
// the second fund the first hospital.
type book struct {
	*office
	one, two    store.Fund
	a, b, c     ident.ID // first fund to the first hospital, to the second, second fund
	here, there ident.ID
	first       paying.PayableFilter // what was settled on the first day
}

func newBook(t *testing.T) book {
	o := newOffice(t, 10_000_000)
	b := book{office: o, one: o.fund, two: o.Fund(10_000_000), here: o.ID(servicetest.Mountain), there: o.ID(servicetest.MountainTwo)}
	o.account(servicetest.Mountain)
	o.account(servicetest.MountainTwo)
	b.a, b.b = o.owe(servicetest.Mountain, 100_000, false), o.owe(servicetest.MountainTwo, 200_000, false)
	b.first.Until = o.Today()
	o.Clock.Advance(24 * time.Hour)
	b.maker, b.second = o.Refresh(o.maker), o.Refresh(o.second)
	o.fund = b.two
	b.c = o.owe(servicetest.Mountain, 400_000, false)
	return b
}

// filters are ways to ask, each with what it leaves.
func (b book) filters() map[string]struct {
	store.PayableFilter
	want []ident.ID
} {
	type f = struct {
		store.PayableFilter
		want []ident.ID
	}
	return map[string]f{
		"everything":                {store.PayableFilter{}, []ident.ID{b.a, b.b, b.c}},
		"a fund":                    {store.PayableFilter{Fund: b.two.ID}, []ident.ID{b.c}},
		"a hospital":                {store.PayableFilter{Hospital: b.there}, []ident.ID{b.b}},
		"a fund at a hospital":      {store.PayableFilter{Fund: b.one.ID, Hospital: b.here}, []ident.ID{b.a}},
		"the reader's hospitals":    {store.PayableFilter{Hospitals: []ident.ID{b.here}}, []ident.ID{b.a, b.c}},
		"no hospital":               {store.PayableFilter{Hospitals: []ident.ID{}}, nil},
		"a hospital of the reader":  {store.PayableFilter{Hospital: b.here, Hospitals: []ident.ID{b.here}}, []ident.ID{b.a, b.c}},
		"a hospital of another":     {store.PayableFilter{Hospital: b.there, Hospitals: []ident.ID{b.here}}, nil},
		"a fund at the reader's":    {store.PayableFilter{Fund: b.two.ID, Hospitals: []ident.ID{b.here, b.there}}, []ident.ID{b.c}},
		"a fund owing nothing here": {store.PayableFilter{Fund: b.two.ID, Hospital: b.there}, nil},
	}
}

// same compares what a list holds, whatever its order.
func same(got, want []ident.ID) bool {
	less := func(a, b ident.ID) int { return slices.Compare(a[:], b[:]) }
	return slices.Equal(slices.SortedFunc(slices.Values(got), less), slices.SortedFunc(slices.Values(want), less))
}

func TestEachFilterNarrowsWhatIsOwed(t *testing.T) {
	b := newBook(t)
	asked := b.filters()
	asked["until a day"] = struct {
		store.PayableFilter
		want []ident.ID
	}{b.first, []ident.ID{b.a, b.b}}
	b.Do(b.System(), func(tx *store.Tx) error {
		for name, f := range asked {
			list, err := tx.ListPayables(f.PayableFilter, page.Request{})
			if err != nil {
				return err
			}
			ready, unready, err := tx.Collect(f.PayableFilter)
			if err != nil {
				return err
			}
			ids := func(list []store.Payable) (out []ident.ID) {
				for _, p := range list {
					out = append(out, p.ID)
				}
				return out
			}
			if !same(ids(list.Rows), f.want) || !same(ids(ready), f.want) || unready != 0 {
				t.Errorf("%s: %d listed, %d to be paid, want %d", name, len(list.Rows), len(ready), len(f.want))
			}
			sums, err := tx.SumPayables(f.PayableFilter)
			if err != nil {
				return err
			}
			n := 0
			for _, s := range sums {
				n += s.Count
			}
			if n != len(f.want) {
				t.Errorf("%s: %d summed up, want %d", name, n, len(f.want))
			}
		}
		return nil
	})
}

func TestEachFilterNarrowsPaymentsRunsAndFindings(t *testing.T) {
	b := newBook(t)
	runs := map[ident.ID]ident.ID{}
	for _, f := range []store.Fund{b.one, b.two} {
		b.fund = f
		runs[f.ID] = b.run()
		b.pay(runs[f.ID])
	}
	found := map[ident.ID]ident.ID{}
	for _, payable := range []ident.ID{b.a, b.b, b.c} {
		v, err := b.s.OpenRecovery(t.Context(), b.maker, paying.Finding{Payable: payable, Debtor: payout.Hospital, Source: "audit", Reason: "多付", Amount: 1}, "")
		b.ok(err)
		found[payable] = v
	}
	b.Do(b.System(), func(tx *store.Tx) error {
		for name, f := range b.filters() {
			list, err := tx.PaidLines(f.PayableFilter, page.Request{})
			if err != nil {
				return err
			}
			var got []ident.ID
			for _, l := range list.Rows {
				got = append(got, l.Payable)
			}
			if !same(got, f.want) {
				t.Errorf("%s: %d payments, want %d", name, len(got), len(f.want))
			}
		}
		for name, x := range map[string]struct{ funds, want []ident.ID }{
			"all": {nil, []ident.ID{runs[b.one.ID], runs[b.two.ID]}}, "of a fund": {[]ident.ID{b.two.ID}, []ident.ID{runs[b.two.ID]}}, "of no fund": {[]ident.ID{}, nil},
		} {
			list, err := tx.ListPayRuns(x.funds, page.Request{})
			if err != nil {
				return err
			}
			var got []ident.ID
			for _, r := range list.Rows {
				got = append(got, r.ID)
			}
			if !same(got, x.want) {
				t.Errorf("runs %s: %d, want %d", name, len(got), len(x.want))
			}
		}
		for name, x := range map[string]struct{ funds, hospitals, of []ident.ID }{
			"all": {nil, nil, []ident.ID{b.a, b.b, b.c}}, "of a fund": {[]ident.ID{b.two.ID}, nil, []ident.ID{b.c}}, "of a hospital": {nil, []ident.ID{b.there}, []ident.ID{b.b}},
			"of no fund": {[]ident.ID{}, nil, nil}, "of no hospital": {nil, []ident.ID{}, nil}, "of no fund but a hospital": {[]ident.ID{}, []ident.ID{b.here}, []ident.ID{b.a, b.c}},
		} {
			list, err := tx.ListRecoveries(x.funds, x.hospitals, page.Request{})
			if err != nil {
				return err
			}
			var got, want []ident.ID
			for _, v := range list.Rows {
				got = append(got, v.ID)
			}
			for _, p := range x.of {
				want = append(want, found[p])
			}
			if !same(got, want) {
				t.Errorf("findings %s: %d, want %d", name, len(got), len(want))
			}
		}
		return nil
	})
}

func TestWhatStandsInARunIsBeingPaid(t *testing.T) {
	o := newOffice(t, 10_000_000)
	o.account(servicetest.Mountain)
	in := o.owe(servicetest.Mountain, 100_000, false)
	being := func(ids ...ident.ID) (yes bool) {
		o.Do(o.System(), func(tx *store.Tx) (err error) {
			yes, err = tx.BeingPaid(ids)
			return err
		})
		return yes
	}
	if being(in) {
		t.Error("before the run it is being paid")
	}
	run := o.run()
	if !being(in) || !being(ident.New(), in) || being(ident.New()) {
		t.Error("what stands in the run is not told from what does not")
	}
	if l := o.lines(run)[0]; l.Voucher() != "" {
		t.Errorf("a payment that was not made has the voucher %s", l.Voucher())
	}
	// Somebody else decided meanwhile: who comes late changes nothing, neither the run nor its lines.
	err := o.DB.InTx(t.Context(), o.System(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.DecidePayRun(store.PayRun{ID: run, Version: o.Version(run) - 1, Run: payout.Run{State: payout.Cancelled}})
	})
	if err == nil {
		t.Error("a run was dropped under an old version")
	}
	if l := o.lines(run)[0]; l.State != payout.LineLive || !being(in) {
		t.Errorf("the line became %s", l.State)
	}
}

func TestAnAccountNumberThatCannotBeOpenedStopsTheBankFile(t *testing.T) {
	o := newOffice(t, 10_000_000)
	o.account(servicetest.Mountain)
	o.owe(servicetest.Mountain, 100_000, false)
	run := o.run()
	_, err := o.s.DecideRun(t.Context(), o.second, paying.Decision{ID: run, Approve: true, Version: o.Version(run)}, "")
	o.ok(err)
	if _, err := pgtest.Open(t, o.Database.SuperDSN).Exec(`set session_replication_role = replica; update pay_line set number_sealed = decode('00', 'hex')`); err != nil {
		t.Fatal(err)
	}
	if _, err := o.s.BankFile(t.Context(), o.maker, run, "csv"); err == nil {
		t.Error("a bank's file was made without the number")
	}
}

// Whatever the database says no to reaches the caller, and so does a place in a
// list that is none.
func TestAStatementAboutPaymentsThatFailsIsNeverAnEmptyAnswer(t *testing.T) {
	o := newOffice(t, 0)
	id, all, start := ident.New(), store.PayableFilter{}, page.Request{}
	o.Broken(func(tx *store.Tx) {
		_, _, collected := tx.Collect(all)
		for name, err := range map[string]error{
			"payables": second(tx.ListPayables(all, start)), "what a run may hold": collected, "payable": second(tx.PayableByID(id)), "sums": second(tx.SumPayables(all)),
			"paid": second(tx.Paid(id)), "being paid": second(tx.BeingPaid([]ident.ID{id})), "run": second(tx.PayRunByID(id)), "runs": second(tx.ListPayRuns(nil, start)),
			"lines": second(tx.LinesOfRun(id)), "open lines": second(tx.OpenLines(id)), "line": second(tx.PayLineByID(id)), "lines of a payable": second(tx.LinesOfPayable(id)),
			"make a run": tx.InsertPayRun(store.PayRun{ID: id}, nil), "drop a run": tx.DecidePayRun(store.PayRun{ID: id, Run: payout.Run{State: payout.Cancelled}}),
			"payments": second(tx.PaidLines(all, start)), "finding": second(tx.RecoveryByID(id)), "findings": second(tx.ListRecoveries(nil, nil, start)),
			"due": second(tx.DueOf(id, id)), "planned": second(tx.PlannedOf(id)), "receipts": second(tx.ReceiptsOf(id)),
		} {
			if err == nil || errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	o.Do(o.System(), func(tx *store.Tx) error {
		bad := page.Request{After: "not a cursor"}
		for name, err := range map[string]error{"payables": second(tx.ListPayables(all, bad)), "runs": second(tx.ListPayRuns(nil, bad)), "payments": second(tx.PaidLines(all, bad)),
			"findings": second(tx.ListRecoveries(nil, nil, bad))} {
			if !errs.Is(err, errs.Invalid) {
				t.Errorf("a page of %s after nonsense: %v", name, err)
			}
		}
		return nil
	})
}
