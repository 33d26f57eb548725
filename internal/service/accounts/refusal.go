package accounts

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Refusal is a request that was turned away.
type Refusal struct {
	Method, Route string   // the pattern, never the address
	Object        ident.ID // the id in the address, nil without one
	Cause         error
}

// Refused notes a refusal nobody else noted: of a permission, or of a record
// that does not exist or is hidden, which is what trying out addresses looks
// like. Wrong input is not a refusal, and an address without a record names
// nothing.
func (s *Service) Refused(ctx context.Context, who user.Principal, r Refusal) error {
	hidden := errs.Is(r.Cause, errs.NotFound) && r.Object != ident.Nil
	if !who.SignedIn() || errs.IsRecorded(r.Cause) || !hidden && !errs.Is(r.Cause, errs.Forbidden) {
		return nil
	}
	return s.db.InTx(context.WithoutCancel(ctx), who, func(tx *store.Tx) error {
		tx.Audit(audit.Event{Action: audit.AccessRefuse, ObjectID: r.Object, Outcome: audit.Refused, Reason: errs.Of(r.Cause).Key,
			Detail: map[string]any{"method": r.Method, "route": r.Route}})
		return nil
	})
}
