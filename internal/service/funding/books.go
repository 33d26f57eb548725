package funding

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
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
		return tx.SaveLedgerCheck(faults)
	}, store.Background())
	return faults, looked, err
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
