package funding_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Five hundred reservations, eight at a time, against the last money for a hundred;
// four times, and a hundred on request (-scale 100), by the one posting path below
// the use cases: each time exactly a hundred are held, and the accounts are never
// below zero at any instant.
func TestAnyNumberOfMorningsOnOneFund(t *testing.T) {
	const asked, covered, each = 500, 100, money.Fen(20_000_00)
	d := newDesk(t, 0)
	mornings := scaletest.Times(4)
	for morning := range mornings {
		f := d.Fund(covered*each + each/2)
		var passed, told, begun atomic.Int64
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for begun.Add(1) <= asked {
					err := d.DB.InTx(t.Context(), d.System(), func(tx *store.Tx) error {
						tx.NoAudit("a reservation of the stress test")
						return reserve(tx, f.ID, each)
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
		if passed.Load() != covered || told.Load() != asked-covered {
			t.Fatalf("morning %d: %d reserved, %d told why", morning, passed.Load(), told.Load())
		}
	}
	if n := d.Count(`select count(*) from ledger_account where kind = 'reserved' and balance_fen <> $1`, int64(covered*each)); n != 1 { // the desk's own, which is empty
		t.Errorf("%d funds hold another amount", n)
	}
	t.Logf("%d times: %d of %d reserved", mornings, covered, asked)
	d.Do(d.System(), func(tx *store.Tx) error {
		faults, err := tx.CheckLedger()
		for _, f := range faults {
			if f.Fault != store.FaultHolds { // no treatments are held for here
				t.Errorf("%+v", f)
			}
		}
		return err
	})
}

func reserve(tx *store.Tx, id ident.ID, amount money.Fen) error {
	books, err := tx.ReservingBooks(amount, id)
	if err != nil {
		return err
	}
	t, _, err := books[id].Reserve(fund.Stamp{ID: ident.New(), On: tx.Today()}, amount)
	if err != nil {
		return err
	}
	return tx.PostTransfer(store.Posting{Transfer: t, Fund: id})
}
