package app

import (
	"context"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// startLoops begins the background work of a serving process; Close ends it.
func (a *App) startLoops(ctx context.Context) {
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.loop(ctx, time.Second, "seal reads", a.sealReads)
	a.loop(ctx, 10*time.Minute, "upkeep", a.upkeep)
	a.loop(ctx, time.Minute, "referrals", a.turnReferrals)
	a.loop(ctx, 10*time.Minute, "daily backup", a.dailyBackup)
	if a.archive != nil && a.archive.ours {
		a.loop(ctx, 2*time.Second, "archive", a.archiveLog)
		a.loop(ctx, 10*time.Second, "base backup", a.nightlyBase)
	}
	a.loop(ctx, 10*time.Minute, "approvals", a.lapseApprovals)
	a.loop(ctx, 10*time.Minute, "ledger check", a.checkBooks)
	a.loop(ctx, time.Minute, "anchors of the log", a.dailyAnchors)
	a.loop(ctx, 10*time.Minute, "plausibility", a.lookForDoubts)
	a.loop(ctx, time.Second, "summary", a.foldSummaries)
	a.loop(ctx, 10*time.Minute, "summary check", a.checkSummaries)
	queue := a.newRunner()
	a.loop(ctx, time.Second, "jobs", func(ctx context.Context) error { _, err := queue.Round(ctx); return err })
	a.loops.Go(func() { a.Services.Accounts.Watch(ctx) })
}

// loop repeats work until the context ends. A failure is logged and tried again
// at the next turn: background work must not end the service.
func (a *App) loop(ctx context.Context, every time.Duration, name string, work func(context.Context) error) {
	a.loops.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			if err := work(ctx); err != nil && ctx.Err() == nil {
				a.opt.Log.ErrorContext(ctx, "background work failed", "work", name, "error", err)
			}
		}
	})
}

// sealReads links the read events of every partnership and of the platform.
func (a *App) sealReads(ctx context.Context) error {
	ids, err := a.partnerships(ctx)
	if err != nil {
		return err
	}
	for _, id := range append(ids, ident.Nil) {
		for more := true; more; {
			err := a.DB.InTx(ctx, authz.System("sealer").In(id), func(tx *store.Tx) error {
				n, err := tx.SealReads()
				more = n > 0
				return err
			}, store.Background())
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// partnerships lists the ids of all partnerships.
func (a *App) partnerships(ctx context.Context) (ids []ident.ID, err error) {
	err = a.DB.InTx(ctx, authz.System("partnerships"), func(tx *store.Tx) error {
		tx.NoAudit("names of partnerships are no personal data")
		ids, err = tx.PartnershipIDs()
		return err
	}, store.Background())
	return ids, err
}

// demoComplete holds unless demonstration data was asked for and is not all there.
func (a *App) demoComplete(ctx context.Context) error {
	if !a.opt.Demo {
		return nil
	}
	complete := false
	err := a.DB.InTx(ctx, authz.System("readiness"), func(tx *store.Tx) (err error) {
		tx.NoAudit("a flag of the installation")
		complete, err = tx.DemoComplete()
		return err
	})
	if err == nil && !complete {
		err = errs.New(errs.Unavailable, "error.demo.incomplete", nil)
	}
	return err
}
