package implant

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/store"
)

// KeepParts records the stickers a browser kept with an operation, once: where
// the record has parts already, somebody sent or wrote them down before. What is
// unusual about them is marked, never asked back. The permission is the one of
// whoever brings them.
func (s *Service) KeepParts(ctx context.Context, who user.Principal, in PartsInput, perm authz.Permission) (Added, error) {
	if err := s.door(who, perm); err != nil {
		return Added{}, err
	}
	in.Reason, in.Confirmed = strings.TrimSpace(in.Reason), true
	event := audit.Event{Action: audit.DeviceRecord, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation, Reason: in.Reason, Detail: map[string]any{"kept": true}}
	return store.Once(ctx, s.db, who, Key{}, func(tx *store.Tx) (Added, error) {
		o, err := s.held(tx, in.Operation, perm)
		if err != nil {
			return Added{}, err
		}
		recorded, err := tx.ComponentsOf(o.ID)
		if err != nil || len(recorded) > 0 {
			tx.NoAudit("parts that were there already")
			return Added{recorded}, err
		}
		tx.Intend(event)
		if _, err := o.Signature.Corrected(who.AccountID); err != nil {
			return Added{}, err
		}
		return s.add(tx, in, o, nil)
	})
}
