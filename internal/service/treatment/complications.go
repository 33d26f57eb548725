package treatment

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// ComplicationInput is a complication as it was entered; ID and Version are set
// for a correction.
type ComplicationInput struct {
	Operation ident.ID
	ID        ident.ID
	Version   int64
	complication.Complication
}

// SaveComplication records or corrects what went wrong after an operation. It
// is taken whether the record is signed or not: the event came later.
func (s *Service) SaveComplication(ctx context.Context, who user.Principal, in ComplicationInput, key store.Key) (store.Complication, error) {
	var none store.Complication
	if err := s.door(who, authz.ObservationRecord); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.ComplicationRecord, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation, Detail: map[string]any{"type": string(in.Type), "what": verb(in.ID)}}
	in.Note = strings.TrimSpace(in.Note)
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Complication, error) {
		o, err := tx.OperationByID(in.Operation)
		if err != nil {
			return none, err
		}
		if o.PersonName == "" { // seen through the team only
			return none, errs.Missing("error.operation.missing")
		}
		t, err := tx.TreatmentByID(o.Treatment)
		if err != nil {
			return none, err
		}
		facts := complication.Facts{Programme: o.Programme, Operated: o.OperatedOn, Died: t.Deceased, Today: tx.Today()}
		if in.ID != ident.Nil {
			old, err := s.complication(tx, who, o.ID, in.ID, in.Version)
			if err != nil {
				return none, err
			}
			facts.Told = old.Contact != ident.Nil
		}
		if err := in.Check(facts).Err(); err != nil {
			return none, err
		}
		c := store.Complication{ID: in.ID, Procedure: o.ID, Complication: in.Complication, Version: in.Version}
		if in.ID == ident.Nil {
			c.ID = ident.New()
			if c.Hospital, err = s.place(tx, o.Case, o.Hospital); err != nil {
				return none, err
			}
			err = tx.InsertComplication(c)
		} else {
			err = tx.UpdateComplication(c)
		}
		if err != nil {
			return none, err
		}
		return tx.ComplicationByID(c.ID)
	})
}

func verb(id ident.ID) string {
	if id == ident.Nil {
		return "new"
	}
	return "correct"
}

// complication is one of an operation's that the reader may change, in the
// version the reader saw.
func (s *Service) complication(tx *store.Tx, who user.Principal, operation, id ident.ID, version int64) (store.Complication, error) {
	old, err := tx.ComplicationByID(id)
	if err != nil {
		return old, err
	}
	if old.Procedure != operation {
		return old, errs.Missing("error.complication.missing")
	}
	if err := s.at(who, authz.ObservationRecord, old.Hospital); err != nil {
		return old, err
	}
	return old, tx.SameVersion(old.Version, version)
}

// WithdrawComplication takes a record that was made by mistake back.
func (s *Service) WithdrawComplication(ctx context.Context, who user.Principal, in WithdrawInput, key store.Key) (store.Complication, error) {
	var none store.Complication
	if err := s.door(who, authz.ObservationRecord); err != nil {
		return none, err
	}
	if err := in.check(); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.ComplicationRecord, ObjectKind: audit.ObjectComplication, ObjectID: in.ID, Detail: map[string]any{"what": "withdraw"}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Complication, error) {
		c, err := s.complication(tx, who, in.Of, in.ID, in.Version)
		if err != nil {
			return none, err
		}
		return c, tx.WithdrawComplication(c, in.Reason)
	})
}
