package store_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Each transaction takes one place. Were it two, as many transactions as there
// are places, begun together, would wait for each other until they time out.
func TestAllPlacesOfThePoolCanBeTakenAtOnce(t *testing.T) {
	const places = 16 // the fewest there are
	db, err := store.Open(t.Context(), store.Options{DSN: pgtest.DB(t).AppDSN, Clock: clock.System{}, Web: places})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	inside := make(chan struct{}, places)
	all := make(chan struct{})
	g, ctx := errgroup.WithContext(ctx)
	for range places {
		g.Go(func() error {
			return db.InTx(ctx, user.NewSystem("test"), func(tx *store.Tx) error {
				tx.NoAudit("test")
				if inside <- struct{}{}; len(inside) == places {
					close(all)
				}
				select {
				case <-all:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		})
	}
	if err := g.Wait(); err != nil {
		t.Errorf("the pool of %d did not hold %d transactions: %v", places, places, err)
	}
}
