package treatment

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// SignInput validates or unlocks an operation record.
type SignInput struct {
	Operation ident.ID
	Version   int64
	Reason    string // unlocking only
}

// ValidateOperation locks a record in the name of a second clinician, who has
// compared it with the papers. A sheet with gaps is not signed: what nobody
// answered would read as "none" for ever.
func (s *Service) ValidateOperation(ctx context.Context, who user.Principal, in SignInput, key store.Key) (store.Operation, error) {
	return s.sign(ctx, who, in, key, "validate", func(o store.Operation) (procedure.Signature, error) {
		signed, err := o.Signature.Validated(who.AccountID)
		if missing := o.Missing(); err == nil && len(missing) > 0 {
			return o.Signature, errs.Refuse("procedure.sheet_incomplete", "error.procedure.sheet_incomplete", errs.Args{"n": len(missing)}, "procedure.remedy.sheet")
		}
		return signed, err
	})
}

// UnlockOperation opens a locked record for a correction. The reason stays in
// its history.
func (s *Service) UnlockOperation(ctx context.Context, who user.Principal, in SignInput, key store.Key) (store.Operation, error) {
	in.Reason = strings.TrimSpace(in.Reason)
	return s.sign(ctx, who, in, key, "unlock", func(o store.Operation) (procedure.Signature, error) {
		if len([]rune(in.Reason)) > maxText {
			var f errs.Fields
			f.Add("reason", "form.error.long", "max", maxText)
			return o.Signature, f.Err()
		}
		return o.Signature.Unlocked(in.Reason)
	})
}

func (s *Service) sign(ctx context.Context, who user.Principal, in SignInput, key store.Key, what string, decide func(store.Operation) (procedure.Signature, error)) (store.Operation, error) {
	var none store.Operation
	if err := s.door(who, authz.ProcedureSign); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.ProcedureSign, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation, Detail: map[string]any{"what": what}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Operation, error) {
		o, err := tx.OperationForUpdate(in.Operation)
		if err != nil {
			return none, err
		}
		if err := s.at(who, authz.ProcedureSign, o.Hospital); err != nil {
			return none, err
		}
		if err := tx.SameVersion(o.Version, in.Version); err != nil {
			return none, err
		}
		signed, err := decide(o)
		if err != nil {
			return none, err
		}
		if err := tx.SignOperation(o, signed, in.Reason); err != nil {
			return none, err
		}
		return tx.OperationByID(o.ID)
	})
}
