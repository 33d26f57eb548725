package funding

import (
	"context"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// CheckBooks holds a partnership's books against their rules once a day and keeps
// the outcome. It reports the faults it found, and whether it looked at all: the
// first call of a day does.
func (s *Service) CheckBooks(ctx context.Context, partnership ident.ID) (faults []store.LedgerFault, looked bool, err error) {
	err = s.db.InTx(ctx, authz.System("ledger check").In(partnership), func(tx *store.Tx) error {
		last, ok, err := tx.LastLedgerCheck()
		if err != nil {
			return err
		}
		if ok && clock.DateOf(last.At.In(clock.Shanghai)) == tx.Today() {
			tx.NoAudit("nothing was looked at")
			return nil
		}
		if faults, err = tx.CheckLedger(); err != nil {
			return err
		}
		looked = true
		tx.Audit(audit.Event{Action: audit.LedgerVerify, ObjectKind: audit.ObjectPartnership, ObjectID: partnership, Detail: map[string]any{"faults": len(faults)}})
		if err := tx.SaveLedgerCheck(faults); err != nil || len(faults) > 0 {
			return err
		}
		return splitBusiest(tx)
	}, store.Background())
	return faults, looked, err
}

// splitBusiest gives the fund with the busiest day lanes, so that its reservations
// do not wait for one row any more. Nothing anybody sees of the fund changes.
func splitBusiest(tx *store.Tx) error {
	id, busy, err := tx.BusiestFund(tx.Now().Add(-24*time.Hour), fund.BusyDay)
	if err != nil || !busy {
		return err
	}
	tx.Audit(audit.Event{Action: audit.FundEdit, ObjectKind: audit.ObjectFund, ObjectID: id, Detail: map[string]any{"lanes": fund.MaxLanes}})
	if err := tx.SplitFund(id, fund.MaxLanes); err != nil {
		return err
	}
	books, err := tx.Books(id)
	if err != nil {
		return err
	}
	t, err := books[id].Spread(fund.Stamp{ID: ident.New(), On: tx.Today()})
	if errs.Is(err, errs.Precondition) { // nothing to spread: the next deposit is
		return nil
	}
	if err != nil {
		return err
	}
	return tx.PostTransfer(store.Posting{Transfer: t, Fund: id})
}

// Books is the latest check of the books, for who sees balances; false when none
// was made or the reader sees none.
func (s *Service) Books(ctx context.Context, who user.Principal) (c store.LedgerCheck, ok bool, err error) {
	if err := s.door(who, authz.FundRead); err != nil {
		return c, false, err
	}
	if reach := s.policy.Reach(who, authz.FundRead); !reach.All {
		return c, false, nil
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		c, ok, err = tx.LastLedgerCheck()
		return err
	})
	return c, ok, err
}
