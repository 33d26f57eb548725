package funding_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/store"
)

// splitDesk is a desk whose fund lies in eight even lanes.
func splitDesk(t *testing.T, inFund money.Fen) *desk {
	d := newDesk(t, inFund)
	d.Do(d.System(), func(tx *store.Tx) error { return tx.SplitFund(d.fund.ID, fund.MaxLanes) })
	d.post(ident.Nil, func(b fund.Book, s fund.Stamp) (fund.Transfer, error) { return b.Spread(s) })
	return d
}

func TestASplitFundLooksAndActsLikeOne(t *testing.T) {
	d := splitDesk(t, 4_000_000)
	d.want(4_000_000, 4_000_000, 0, 0)
	tr, id := d.approved(1_800_000) // more than any lane has
	d.want(4_000_000, 2_200_000, 1_800_000, 0)
	if _, err := d.decide(id, fund.DecideRevoke, "改期"); err != nil {
		t.Fatal(err)
	}
	d.want(4_000_000, 4_000_000, 0, 0)
	second := d.requested(d.look(tr.ID), 1_500_000)
	if _, err := d.decide(second, fund.DecideApprove, ""); err != nil {
		t.Fatal(err)
	}
	out, err := d.settle(d.discharged(d.look(tr.ID)), 1_400_000)
	if err != nil {
		t.Fatal(err)
	}
	d.want(4_000_000, 2_600_000, 0, 1_400_000)
	d.approved(300_000)
	if _, err := d.s.Reverse(t.Context(), d.Finance("mountain"), funding.Reversal{Settlement: out.Settlement, Reason: "更正", Version: d.Version(out.Settlement)}, ""); err != nil {
		t.Fatal(err)
	}
	d.want(4_000_000, 2_200_000, 1_800_000, 0)
	view, err := d.s.Fund(t.Context(), d.Approver(), funding.FundQuery{Fund: d.fund.ID})
	if err != nil || view.Balances.Available != 2_200_000 {
		t.Errorf("the page says %+v, %v", view.Balances, err)
	}
	for _, l := range view.Lines.Rows {
		if l.Kind == fund.KindSpread && l.Change != 0 || l.Kind == fund.KindReserve && l.Change != -l.Amount || l.Known {
			t.Errorf("%s: moved %s, available changed by %s, known %v", l.Kind, l.Amount, l.Change, l.Known)
		}
	}
	_, err = d.decide(d.requested(d.Eligible("mountain"), 2_200_001), fund.DecideApprove, "")
	if e := errs.Of(err); e.Rule != "fund.sufficient" || e.Args["available"] != money.Fen(2_200_000) {
		t.Errorf("a fen more than all lanes have: %v", err)
	}
}

// Two reservations at the same time take two lanes: the second does not wait for
// the first.
func TestTwoReservationsAtOnceTakeTwoLanes(t *testing.T) {
	d := splitDesk(t, 800)
	first, done := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		d.Do(d.System(), func(tx *store.Tx) error {
			err := reserve(tx, d.fund.ID, 100)
			close(first)
			<-done
			return err
		})
	})
	<-first
	d.Do(d.System(), func(tx *store.Tx) error { return reserve(tx, d.fund.ID, 100) })
	close(done)
	wait.Wait()
	if n := d.Count(`select count(*) from ledger_account where fund_id = $1 and kind = 'reserved' and balance_fen = 100`, d.fund.ID); n != 2 {
		t.Errorf("%d lanes were used", n)
	}
}

// Everybody reserves at once, and more than there is: what the lanes cover
// together is given to the last fen, and no lane is ever below zero.
func TestASplitFundIsGivenOutToTheLastFen(t *testing.T) {
	const asked, each = 120, money.Fen(700)
	d := splitDesk(t, 50*each+300) // the lanes have 4,412 each: 6 of 700, and some left that only several lanes cover together
	var passed, told, begun atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for begun.Add(1) <= asked {
				err := d.DB.InTx(t.Context(), d.System(), func(tx *store.Tx) error {
					tx.NoAudit("a reservation of the stress test")
					return reserve(tx, d.fund.ID, each)
				})
				switch {
				case err == nil:
					passed.Add(1)
				case errs.Of(err).Rule == "fund.sufficient":
					told.Add(1)
				default:
					t.Errorf("neither reserved nor told why: %v", err)
				}
			}
		})
	}
	workers.Wait()
	if passed.Load() != 50 || told.Load() != asked-50 {
		t.Errorf("%d reserved, %d told why", passed.Load(), told.Load())
	}
	d.Do(d.System(), func(tx *store.Tx) error {
		look, err := tx.LookBooks(d.fund.ID)
		if b := look[d.fund.ID].Balances; b.Available != 300 || b.Reserved != 50*each {
			t.Errorf("left %+v", b)
		}
		return err
	})
	if n := d.Count(`select count(*) from ledger_entry e join ledger_account l on l.id = e.account_id where l.kind <> 'source' and e.balance_fen < 0`); n != 0 {
		t.Errorf("a lane was below zero after %d entries", n)
	}
}

// A fund that posted two thousand transfers in a day has lanes the next morning;
// one transfer less, and it has none.
func TestAFundIsSplitInTheNightAfterABusyDay(t *testing.T) {
	d := newDesk(t, 800)
	busy := func(n int) {
		t.Helper()
		d.untriggered(`insert into ledger_transfer (partnership_id, id, fund_id, kind, effective_on, posted_at, posted_by)
			select partnership_id, gen_random_uuid(), fund_id, 'deposit', effective_on, posted_at, posted_by from ledger_transfer, generate_series(1, $1)`, n)
	}
	lanes := func(check bool) int {
		t.Helper()
		d.Do(d.System(), func(tx *store.Tx) error {
			id, ok, err := tx.BusiestFund(tx.Now().Add(-24*time.Hour), fund.BusyDay)
			if ok != check || ok && id != d.fund.ID {
				t.Errorf("the busiest fund: %v, %v", id, ok)
			}
			return err
		})
		if err := d.DB.InTx(t.Context(), d.System(), func(tx *store.Tx) error { return funding.SplitBusiest(tx) }); check && err != nil {
			t.Fatal(err)
		}
		return d.Count(`select count(*) from ledger_account where fund_id = $1 and kind = 'available' and balance_fen = 100`, d.fund.ID)
	}
	busy(fund.BusyDay - 2)
	if n := lanes(false); n != 0 {
		t.Errorf("%d lanes after a quiet day", n)
	}
	d.untriggered(`insert into ledger_transfer (partnership_id, id, fund_id, kind, effective_on, posted_at, posted_by)
		select partnership_id, gen_random_uuid(), fund_id, 'deposit', effective_on, posted_at, posted_by from ledger_transfer limit $1`, 1)
	if n := lanes(true); n != fund.MaxLanes {
		t.Errorf("%d lanes with their share after a busy day", n)
	}
	if n := lanes(false); n != fund.MaxLanes {
		t.Errorf("%d lanes: split twice", n)
	}
}

// untriggered runs a statement as the superuser with the triggers off.
func (d *desk) untriggered(query string, n int) {
	d.T.Helper()
	tx, err := pgtest.Open(d.T, d.Database.SuperDSN).Begin()
	if err == nil {
		if _, err = tx.Exec(`set local session_replication_role = replica`); err == nil {
			_, err = tx.Exec(query, n)
		}
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		d.T.Fatal(err)
	}
}

func TestFundsThatShareAReservationAreLockedWhole(t *testing.T) {
	d := splitDesk(t, 800)
	other := d.Fund(500)
	d.Do(d.System(), func(tx *store.Tx) error {
		books, err := tx.ReservingBooks(10, d.fund.ID, other.ID)
		if len(books) != 2 || books[d.fund.ID].Balances.Available != 800 || books[other.ID].Balances.Available != 500 {
			t.Errorf("read %+v", books)
		}
		return err
	})
}

// whenAllLanesAreTaken lets one transaction hold every lane of a fund and another
// reserve meanwhile; it is told the book the other got, and how it ended.
func (d *desk) whenAllLanesAreTaken(amount money.Fen, first func(*store.Tx, fund.Book) error) (got fund.Book, ended error) {
	d.T.Helper()
	super := pgtest.Open(d.T, d.Database.SuperDSN)
	taken := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		<-taken
		ended = d.DB.InTx(d.T.Context(), d.System(), func(tx *store.Tx) error {
			tx.NoAudit("a reservation of the lane test")
			books, err := tx.ReservingBooks(amount, d.fund.ID)
			if err != nil {
				return err
			}
			got = books[d.fund.ID]
			_, _, err = got.Reserve(fund.Stamp{ID: ident.New(), On: tx.Today()}, amount)
			return err
		})
	})
	d.Do(d.System(), func(tx *store.Tx) error {
		books, err := tx.Books(d.fund.ID)
		close(taken)
		if err != nil {
			return err
		}
		for waiting := 0; waiting == 0; {
			if err := super.QueryRow(`select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).Scan(&waiting); err != nil {
				return err
			}
		}
		return first(tx, books[d.fund.ID])
	})
	wait.Wait()
	return got, ended
}

// Who finds every lane taken waits for one, and has that one alone.
func TestWhoFindsEveryLaneTakenWaitsForOneOfThem(t *testing.T) {
	d := splitDesk(t, 800)
	b, err := d.whenAllLanesAreTaken(50, func(*store.Tx, fund.Book) error { return nil })
	if err != nil || b.Balances != (fund.Balances{Available: 100}) || b.Name != d.fund.Name || b.Fund != d.fund.ID {
		t.Errorf("%+v, %v", b, err)
	}
}

// What it waited for is spent: then the sum of all lanes decides.
func TestWhoWaitedForALaneThatIsSpentLooksAtAllOfThem(t *testing.T) {
	d := splitDesk(t, 800)
	b, err := d.whenAllLanesAreTaken(50, func(tx *store.Tx, b fund.Book) error {
		x, _, err := b.Reserve(fund.Stamp{ID: ident.New(), On: tx.Today()}, 760)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: x, Fund: d.fund.ID})
	})
	if e := errs.Of(err); e.Rule != "fund.sufficient" || e.Args["available"] != money.Fen(40) || b.Balances.Available != 40 {
		t.Errorf("%+v, %v", b.Balances, err)
	}
}

func TestAFundThatIsNotSplitIsLockedWhole(t *testing.T) {
	d := newDesk(t, 800)
	d.Do(d.System(), func(tx *store.Tx) error {
		books, err := tx.ReservingBooks(10, d.fund.ID)
		if b := books[d.fund.ID]; b.Balances.Available != 800 || b.Accounts.Source == ident.Nil || b.Accounts.Paid == ident.Nil {
			t.Errorf("read %+v", b)
		}
		return err
	})
}
