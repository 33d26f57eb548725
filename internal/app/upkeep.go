package app

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// upkeep removes what has run out: sessions, and idempotency keys and drafts of
// every partnership and of the platform.
func (a *App) upkeep(ctx context.Context) error {
	if _, err := a.Services.Accounts.Sweep(ctx); err != nil {
		return err
	}
	ids, err := a.partnerships(ctx)
	if err != nil {
		return err
	}
	for _, id := range append(ids, ident.Nil) {
		err := a.DB.InTx(ctx, authz.System("upkeep").In(id), func(tx *store.Tx) error {
			if _, err := tx.ForgetKeys(); err != nil {
				return err
			}
			_, err := tx.ForgetDrafts()
			return err
		}, store.Background())
		if err != nil {
			return err
		}
	}
	for _, id := range ids {
		if err := a.Services.Reporting.ExpireDownloads(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// turnReferrals opens and closes cases to receivers as their periods begin and
// end, in every partnership.
func (a *App) turnReferrals(ctx context.Context) error {
	return a.eachPartnership(ctx, func(id ident.ID) error {
		_, _, err := a.Services.Care.TurnReferrals(ctx, id)
		return err
	})
}

// lapseApprovals looks at signed approvals again, in every partnership.
func (a *App) lapseApprovals(ctx context.Context) error {
	return a.eachPartnership(ctx, func(id ident.ID) error {
		_, err := a.Services.Funding.LapseChanged(ctx, id)
		return err
	})
}

// checkBooks checks the books of every partnership once a night. A fault is told
// on the page of the funds and in the log; it never stops the service.
func (a *App) checkBooks(ctx context.Context) error {
	return a.nightly(ctx, func(id ident.ID) error {
		faults, _, err := a.Services.Funding.CheckBooks(ctx, id)
		if err == nil && len(faults) > 0 {
			a.opt.Log.ErrorContext(ctx, "the books do not add up", "partnership", id, "faults", len(faults), "first", faults[0].Fault, "fund", faults[0].Fund)
		}
		return err
	})
}

// foldSummaries brings the summary rows of every partnership up to date.
func (a *App) foldSummaries(ctx context.Context) error {
	return a.eachPartnership(ctx, func(id ident.ID) error { return a.Services.Reporting.FoldSummary(ctx, id) })
}

// checkSummaries compares the summary rows of every partnership with the records
// once a night. What differs is told in the log and by doctor, and made anew.
func (a *App) checkSummaries(ctx context.Context) error {
	return a.nightly(ctx, func(id ident.ID) error {
		faults, _, err := a.Services.Reporting.CheckSummary(ctx, id)
		if err == nil && len(faults) > 0 {
			a.opt.Log.ErrorContext(ctx, "the summary was not what the records say; it is made anew", "partnership", id, "parts", len(faults), "filter", faults[0].Filter,
				"by", faults[0].Dimension, "key", faults[0].Key)
		}
		return err
	})
}

// lookForDoubts looks at the records of every partnership once a night for what
// does not look right.
func (a *App) lookForDoubts(ctx context.Context) error {
	return a.nightly(ctx, func(id ident.ID) error {
		_, _, err := a.Services.Doubts.Nightly(ctx, id)
		return err
	})
}

// booksFrom is the hour in Shanghai from which the night's check may run.
const booksFrom = 1

// nightly is eachPartnership for what is looked at once a night; before that hour
// it does nothing.
func (a *App) nightly(ctx context.Context, do func(ident.ID) error) error {
	if a.opt.Clock.Now().In(clock.Shanghai).Hour() < booksFrom {
		return nil
	}
	return a.eachPartnership(ctx, do)
}

// eachPartnership does something for one partnership after the other.
func (a *App) eachPartnership(ctx context.Context, do func(ident.ID) error) error {
	ids, err := a.partnerships(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := do(id); err != nil {
			return err
		}
	}
	return nil
}
