package accounts

import (
	"context"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/store"
)

// watchEvery is the interval at which the policy version is asked for: with the
// time to compile it keeps a change of roles effective everywhere within a second.
const watchEvery = 500 * time.Millisecond

// Watch compiles the permissions anew whenever another process changed roles,
// postings or accounts. It returns when ctx ends.
func (s *Service) Watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var seen int64
	for {
		if v, err := s.refresh(ctx, seen); err == nil {
			seen = v
		} else if ctx.Err() == nil {
			s.log.WarnContext(ctx, "the policy version could not be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// refresh reloads the policy when its version is not the one seen.
func (s *Service) refresh(ctx context.Context, seen int64) (int64, error) {
	v, err := s.db.PolicyVersion(ctx)
	if err != nil || v.Number == seen {
		return seen, err
	}
	s.known.clear()
	s.tokens.clear()
	if accounts, ok := v.Since(seen); ok {
		return v.Number, s.policy.Refresh(ctx, accounts)
	}
	return v.Number, s.policy.Reload(ctx)
}

// Sweep removes sessions that ended by themselves, for the upkeep job.
func (s *Service) Sweep(ctx context.Context) (removed int64, err error) {
	err = s.db.InTx(ctx, user.NewSystem("upkeep"), func(tx *store.Tx) error {
		removed, err = tx.SweepSessions()
		return err
	}, store.Background())
	return removed, err
}
