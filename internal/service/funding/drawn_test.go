package funding_test

import (
	"slices"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Which deposits pay for a case, below the use cases.

func TestADepositIsReadAsItWasGiven(t *testing.T) {
	d := newDesk(t, 1000)
	e := fund.Earmark{Programme: procedure.Joint, Hospitals: []ident.ID{d.ID(servicetest.Mountain), d.ID(servicetest.MountainTwo)},
		Categories: []terminology.Category{terminology.CategoryDB}, From: d.Today(), To: d.Today().AddDays(30)}
	v, err := d.s.DepositOf(t.Context(), d.Approver(), d.gives(900, "定向捐款", e), page.Request{})
	got := v.Earmark
	if err != nil || got.Programme != e.Programme || !slices.Equal(got.Hospitals, e.Hospitals) || !slices.Equal(got.Categories, e.Categories) || got.From != e.From || got.To != e.To ||
		v.Amount != 900 || v.Left != 900 {
		t.Errorf("read as %+v, %v", v.FundDeposit, err)
	}
	other := d.Fund(500) // without a deposit of its own all its money is common, and nothing is to be told apart
	d.Do(d.System(), func(tx *store.Tx) error {
		all, err := tx.DepositStores()
		if _, ok := all[other.ID]; ok || len(all) != 1 || all[d.fund.ID].Common != 1000 || len(all[d.fund.ID].Portions) != 1 {
			t.Errorf("the deposits of the funds: %+v", all)
		}
		return err
	})
}

func TestDepositsOfAProjectKeepToTheReadersFunds(t *testing.T) {
	d := newDesk(t, 0)
	project := d.project("XM-11")
	other := d.Fund(0)
	for _, f := range []ident.ID{d.fund.ID, other.ID} {
		if _, err := d.s.Deposit(t.Context(), d.Approver(), funding.Deposit{Fund: f, Amount: 100, Note: "项目拨款", Project: project}, ident.Token()); err != nil {
			t.Fatal(err)
		}
	}
	d.gives(900, "另一笔", fund.Earmark{Programme: procedure.Joint})
	d.Do(d.System(), func(tx *store.Tx) error {
		for name, x := range map[string]struct {
			store.DepositFilter
			want int
		}{"the project": {store.DepositFilter{Project: project}, 2}, "the project in a fund": {store.DepositFilter{Project: project, Funds: []ident.ID{other.ID}}, 1},
			"the project in no fund": {store.DepositFilter{Project: project, Funds: []ident.ID{}}, 0}, "the fund": {store.DepositFilter{Fund: d.fund.ID}, 2}} {
			list, err := tx.ListDeposits(x.DepositFilter, page.Request{})
			if err != nil || len(list.Rows) != x.want {
				t.Errorf("%s: %d deposits, want %d, %v", name, len(list.Rows), x.want, err)
			}
		}
		return nil
	})
}

// A settlement is taken back after the time of a deposit is over: the case gets
// again what it had of it, and nothing of a deposit it never had.
func TestAReversalTakesTheDepositTheCaseHadThoughItsTimeIsOver(t *testing.T) {
	d := newDesk(t, 500_000)
	had := d.gives(1_000_000, "限时捐款", fund.Earmark{To: d.Today()})
	never := d.gives(1_000_000, "光明捐款", fund.Earmark{Programme: procedure.Cataract})
	x, _ := d.approved(1_200_000)
	d.rest(had, 0)
	s, err := d.settle(d.discharged(x), 900_000)
	if err != nil {
		t.Fatal(err)
	}
	d.rest(had, 100_000) // the common 200 000 came back first
	d.Clock.Advance(48 * time.Hour)
	if _, err := d.s.Reverse(t.Context(), d.Finance(servicetest.Mountain), funding.Reversal{Settlement: s.Settlement, Reason: "金额有误", Version: d.Version(s.Settlement)}, ident.Token()); err != nil {
		t.Fatal(err)
	}
	d.rest(had, 0)
	d.rest(never, 1_000_000)
	d.want(2_500_000, 1_300_000, 1_200_000, 0)
}

// What a case needs more meets the earmark as it stands today, even of a deposit
// that pays for it already.
func TestMoreForACaseIsNotTakenFromADepositWhoseTimeIsOver(t *testing.T) {
	d := newDesk(t, 500_000)
	had := d.gives(1_000_000, "限时捐款", fund.Earmark{To: d.Today()})
	x, approval := d.approved(600_000)
	d.rest(had, 400_000)
	d.Clock.Advance(48 * time.Hour)
	more := func(again bool) error {
		return d.DB.InTx(t.Context(), d.System(), func(tx *store.Tx) error {
			tx.NoAudit("test")
			books, err := tx.Books(d.fund.ID)
			if err != nil {
				return err
			}
			m, _, err := books[d.fund.ID].Reserve(fund.Stamp{ID: ident.New(), On: tx.Today()}, 100_000)
			if err != nil {
				return err
			}
			return tx.PostForCase(store.Posting{Transfer: m, Fund: d.fund.ID, Treatment: x.ID, Approval: approval}, again)
		})
	}
	if err := more(false); err != nil {
		t.Fatal(err)
	}
	d.rest(had, 400_000)
	if err := more(true); err != nil {
		t.Fatal(err)
	}
	d.rest(had, 300_000)
}

// A transfer that is not balanced is refused before any deposit is asked.
func TestAnUnbalancedTransferDrawsOnNothing(t *testing.T) {
	d := newDesk(t, 1000)
	x, approval := d.approved(400) // of a fund without deposits
	for name, post := range map[string]func(*store.Tx) error{
		"for a case": func(tx *store.Tx) error {
			return tx.PostForCase(store.Posting{Fund: d.fund.ID, Treatment: x.ID, Approval: approval}, false)
		},
		"from a deposit": func(tx *store.Tx) error {
			return tx.PostFromDeposit(store.Posting{Fund: d.fund.ID}, fund.Draw{Deposit: ident.New(), Amount: 1})
		},
	} {
		err := d.DB.InTx(t.Context(), d.System(), func(tx *store.Tx) error {
			tx.NoAudit("test")
			return post(tx)
		})
		if !errs.Is(err, errs.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.want(1000, 600, 400, 0)
}

// A ledger that is written in one go says itself which deposits paid.
func TestDrawsOfALedgerWrittenInOneGo(t *testing.T) {
	d := newDesk(t, 1_000_000)
	joint := d.gives(1_000_000, "关节捐款", fund.Earmark{Programme: procedure.Joint, Hospitals: []ident.ID{d.ID(servicetest.MountainTwo)}})
	x, approval := d.approved(500_000) // at the other hospital: common money
	d.rest(joint, 1_000_000)
	d.Do(d.System(), func(tx *store.Tx) error {
		list, err := tx.Standing(approval, x.ID)
		if err != nil {
			return err
		}
		return tx.WriteDraws([]store.MadeDraw{{Draw: fund.Draw{Deposit: joint, Amount: 300_000}, ID: ident.New(), Fund: d.fund.ID, Transfer: list[0].ID, Approval: approval, Treatment: x.ID,
			Made: store.Made{At: d.Clock.Now(), By: d.Approver().AccountID}}})
	})
	d.rest(joint, 700_000)
}
