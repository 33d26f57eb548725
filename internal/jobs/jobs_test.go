package jobs_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/jobs"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// queue is a world with a runner that notes which jobs it did.
type queue struct {
	*servicetest.World
	runner *jobs.Runner
	done   []ident.ID
	fail   error
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	q := &queue{World: servicetest.New(t)}
	q.runner = jobs.New(jobs.Deps{DB: q.DB, Log: q.Log, Lease: time.Minute,
		Partnerships: func(context.Context) ([]ident.ID, error) {
			return []ident.ID{q.Partnership.ID, q.Other.Partnership.ID}, nil
		},
		Handlers: map[string]jobs.Handler{"note": func(_ context.Context, w jobs.Work) error {
			q.done = append(q.done, w.ID)
			return q.fail
		}, "panic": func(context.Context, jobs.Work) error { panic("broken") }}})
	return q
}

func (q *queue) add(w *servicetest.World, kind string) ident.ID {
	id := ident.New()
	w.Do(w.System(), func(tx *store.Tx) error {
		return tx.Enqueue(store.Job{ID: id, Kind: kind, Payload: json.RawMessage(`{}`)})
	})
	return id
}

func (q *queue) round(t *testing.T) int {
	t.Helper()
	n, err := q.runner.Round(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (q *queue) state(w *servicetest.World, id ident.ID) (j store.Job) {
	w.Do(w.System(), func(tx *store.Tx) (err error) {
		j, err = tx.JobByID(id)
		return err
	})
	return j
}

func TestPartnershipsTakeTurns(t *testing.T) {
	q := newQueue(t)
	first := q.add(q.World, "note")
	q.add(q.World, "note")
	other := q.add(q.Other, "note")
	if n := q.round(t); n != 2 {
		t.Fatalf("%d jobs in one round, want one for each partnership", n)
	}
	if q.state(q.World, first).State != store.JobDone || q.state(q.Other, other).State != store.JobDone {
		t.Error("the busy office's second job went before the other's first")
	}
	if n := q.round(t); n != 1 || len(q.done) != 3 {
		t.Errorf("%d jobs in the second round, %d in all", n, len(q.done))
	}
}

// A claim takes one job, also where the database believes that there is hardly any and
// joins the other way round: the others would run when their lease has ended.
func TestAClaimTakesOneJobOfMany(t *testing.T) {
	q := newQueue(t)
	q.add(q.World, "note")
	q.Exec(`analyze job`)
	for range 5 {
		q.add(q.World, "note")
	}
	for left := 5; left >= 0; left-- {
		if n := q.round(t); n != 1 {
			t.Fatalf("%d jobs in a round, %d wait", n, left)
		}
		if n := q.Count(`select count(*) from job where partnership_id = $1 and state = 'queued'`, q.Partnership.ID); n != left {
			t.Fatalf("%d jobs wait, want %d", n, left)
		}
	}
}

func TestARefusalIsShownAndAFaultIsTriedAgain(t *testing.T) {
	q := newQueue(t)
	q.fail = errs.Refuse("import.state", "error.import.not_previewed", nil)
	refused := q.add(q.World, "note")
	q.round(t)
	if j := q.state(q.World, refused); j.State != store.JobFailed || j.ErrorKey != "error.import.not_previewed" {
		t.Errorf("%+v", j)
	}
	q.fail = errs.New(errs.Unavailable, "error.database.unreachable", nil)
	faulty := q.add(q.World, "note")
	for range 5 {
		q.round(t)
		q.Clock.Advance(time.Minute)
	}
	if j := q.state(q.World, faulty); j.State != store.JobFailed || j.Attempts != 3 {
		t.Errorf("%+v, want three attempts", j)
	}
}

func TestAPanicFailsTheJobAndNotTheService(t *testing.T) {
	q := newQueue(t)
	id := q.add(q.World, "panic")
	for range 3 {
		q.round(t)
		q.Clock.Advance(time.Minute)
	}
	if j := q.state(q.World, id); j.State != store.JobFailed {
		t.Errorf("%+v", j)
	}
}

func TestAJobOfADeadProcessComesBack(t *testing.T) {
	q := newQueue(t)
	id := q.add(q.World, "note")
	q.Do(q.System(), func(tx *store.Tx) error {
		_, _, err := tx.ClaimJob(time.Minute) // and nobody hears of it again
		return err
	})
	if n := q.round(t); n != 0 {
		t.Error("a claimed job was taken a second time")
	}
	q.Clock.Advance(2 * time.Minute)
	if n := q.round(t); n != 1 || q.state(q.World, id).State != store.JobDone {
		t.Error("the job was lost")
	}
}
