// Package jobs runs the queue: work that goes on after the answer has left.
//
// Rows are claimed with SKIP LOCKED, so that any number of processes share the
// queue without waiting for each other. Partnerships take turns: one job each
// per round, and the round starts one further each time, so that an office with
// a hundred imports does not hold up the one with a single import. A job whose
// process died comes back when its lease has passed; handlers therefore do their
// work in one transaction, or so that doing it again is harmless.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Work is a claimed job in its partnership.
type Work struct {
	store.Job
	Partnership ident.ID
	tell        func(ctx context.Context, done, total int)
}

// Tell reports how far the work is.
func (w Work) Tell(ctx context.Context, done, total int) { w.tell(ctx, done, total) }

// Handler does the work of one kind of job.
type Handler func(ctx context.Context, w Work) error

// Deps is what a runner needs.
type Deps struct {
	DB           *store.DB
	Log          *slog.Logger
	Partnerships func(ctx context.Context) ([]ident.ID, error)
	Handlers     map[string]Handler
	Lease        time.Duration // how long a silent job stays claimed; 0: five minutes
}

// Runner takes jobs from the queue.
type Runner struct {
	Deps
	turn int
}

const (
	defaultLease = 5 * time.Minute
	maxAttempts  = 3
	retryAfter   = 10 * time.Second
)

// New makes a runner. It is for one goroutine.
func New(d Deps) *Runner {
	if d.Lease == 0 {
		d.Lease = defaultLease
	}
	return &Runner{Deps: d}
}

// Round gives every partnership one turn and reports how many jobs were done.
func (r *Runner) Round(ctx context.Context) (done int, err error) {
	ids, err := r.Partnerships(ctx)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	r.turn++
	for i := range ids {
		did, err := r.one(ctx, ids[(r.turn+i)%len(ids)])
		if err != nil {
			return done, err
		}
		if did {
			done++
		}
	}
	return done, nil
}

// one claims and does one job of a partnership, if there is one.
func (r *Runner) one(ctx context.Context, partnership ident.ID) (bool, error) {
	var job store.Job
	found := false
	err := r.queue(ctx, partnership, func(tx *store.Tx) (err error) {
		job, found, err = tx.ClaimJob(r.Lease)
		return err
	})
	if err != nil || !found {
		return false, err
	}
	return true, r.finish(ctx, partnership, job, r.run(ctx, partnership, job))
}

// queue is a short transaction about the queue itself; what a job does is
// recorded by the job.
func (r *Runner) queue(ctx context.Context, partnership ident.ID, fn func(*store.Tx) error) error {
	return r.DB.InTx(ctx, authz.System("jobs").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("upkeep of the queue")
		return fn(tx)
	}, store.Background())
}

// run does the work and keeps the job claimed meanwhile. A panic fails the job,
// not the service.
func (r *Runner) run(ctx context.Context, partnership ident.ID, job store.Job) (err error) {
	handler, ok := r.Handlers[job.Kind]
	if !ok {
		return errs.New(errs.Internal, "error.internal", errs.Args{"why": "no handler for " + job.Kind})
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("jobs: %s panicked: %v", job.Kind, p)
		}
	}()
	progress := make(chan [2]int, 1)
	beating, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.beat(beating, partnership, job.ID, progress)
	}()
	defer func() { stop(); <-done }()
	return handler(ctx, Work{Job: job, Partnership: partnership, tell: func(_ context.Context, did, total int) {
		select {
		case progress <- [2]int{did, total}:
		default: // the last report is still on its way; the next one says more
		}
	}})
}

// beat writes progress as it is reported, and renews the lease without it.
func (r *Runner) beat(ctx context.Context, partnership, job ident.ID, progress <-chan [2]int) {
	t := time.NewTicker(r.Lease / 3)
	defer t.Stop()
	at := [2]int{}
	for {
		select {
		case <-ctx.Done():
			return
		case at = <-progress:
		case <-t.C:
		}
		err := r.queue(ctx, partnership, func(tx *store.Tx) error { return tx.JobProgress(job, at[0], at[1], r.Lease) })
		if err != nil && ctx.Err() == nil {
			r.Log.ErrorContext(ctx, "progress of a job could not be noted", "job", job, "error", err)
		}
	}
}

// finish notes the result. What may work later is tried again; a refusal, or a
// fault that came back, is shown to the person who asked.
func (r *Runner) finish(ctx context.Context, partnership ident.ID, job store.Job, result error) error {
	if ctx.Err() != nil { // told to stop: the next process does it again
		ctx = context.WithoutCancel(ctx)
		return r.queue(ctx, partnership, func(tx *store.Tx) error { return tx.RetryJob(job.ID, 0) })
	}
	key := ""
	if result != nil {
		e := errs.Of(result)
		r.Log.ErrorContext(ctx, "a job failed", "job", job.ID, "kind", job.Kind, "attempt", job.Attempts, "error", result)
		if (e.Kind == errs.Unavailable || e.Kind == errs.Internal) && job.Attempts < maxAttempts {
			return r.queue(ctx, partnership, func(tx *store.Tx) error { return tx.RetryJob(job.ID, retryAfter) })
		}
		if key = e.Key; key == "" {
			key = "error." + e.Kind.String()
		}
	}
	return r.queue(ctx, partnership, func(tx *store.Tx) error { return tx.FinishJob(job.ID, key) })
}
