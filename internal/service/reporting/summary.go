package reporting

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// How many marks are folded into the summary at a time: few as they come in, many
// when there is a heap of them, because people of one month share their cells.
const (
	foldFew  = 500
	foldHeap = 20_000
)

// inSummary runs fn as the background work that keeps the summary of a
// partnership.
func (s *Service) inSummary(ctx context.Context, partnership ident.ID, fn func(*store.Tx) error, options ...store.TxOption) error {
	return s.db.InTx(ctx, authz.System("summary").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("figures without personal data")
		return fn(tx)
	}, append(options, store.Background())...)
}

// FoldSummary brings the summary of a partnership up to date. Figures are exact
// before and after; with fewer changes to look at they are faster.
func (s *Service) FoldSummary(ctx context.Context, partnership ident.ID) error {
	for batch, full := foldFew, true; full; batch = foldHeap {
		err := s.inSummary(ctx, partnership, func(tx *store.Tx) error {
			n, err := tx.FoldSummary(batch)
			full = n == batch
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckSummary compares the summary of a partnership with the records once a
// day. It lists what differs, and whether it looked at all; after a difference
// the summary is made anew and figures are counted from the records meanwhile.
func (s *Service) CheckSummary(ctx context.Context, partnership ident.ID) (faults []store.SummaryFault, looked bool, err error) {
	if err := s.FoldSummary(ctx, partnership); err != nil {
		return nil, false, err
	}
	err = s.inSummary(ctx, partnership, func(tx *store.Tx) error {
		last, ok, err := tx.LastSummaryCheck()
		if err != nil || ok && clock.DateOf(last.At.In(clock.Shanghai)) == tx.Today() {
			return err
		}
		faults, looked, err = tx.CompareSummary()
		return err
	}, store.OneInstant())
	if err != nil || !looked {
		return nil, false, err
	}
	err = s.inSummary(ctx, partnership, func(tx *store.Tx) error {
		if len(faults) > 0 {
			if err := tx.ResetSummary(); err != nil {
				return err
			}
		}
		return tx.SaveSummaryCheck(faults)
	})
	return faults, true, err
}
