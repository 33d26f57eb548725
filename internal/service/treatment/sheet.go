package treatment

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// SheetInput is the register's sheet of an operation as it was filled in.
type SheetInput struct {
	Operation ident.ID
	Version   int64
	Sheet     registry.Record // as typed
	Confirmed bool            // the alerts were shown and looked at
}

// SaveSheet stores the sheet of an operation. It is a correction of the record:
// it keeps history, is refused while the record is locked, and marks what a
// second person should look at.
func (s *Service) SaveSheet(ctx context.Context, who user.Principal, in SheetInput, key store.Key) (store.Operation, error) {
	var none store.Operation
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.ProcedureEdit, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation, Detail: map[string]any{"what": "sheet"}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Operation, error) {
		old, err := tx.OperationByID(in.Operation)
		if err != nil {
			return none, err
		}
		if err := s.at(who, authz.ProcedureEdit, old.Hospital); err != nil {
			return none, err
		}
		t, err := tx.TreatmentForUpdate(old.Treatment)
		if err != nil {
			return none, err
		}
		if _, err := old.Signature.Corrected(who.AccountID); err != nil {
			return none, err
		}
		if err := tx.SameVersion(old.Version, in.Version); err != nil {
			return none, err
		}
		typed := in.Sheet
		typed.Syndrome = old.Sheet().Syndrome
		sheet, wrong := registry.Read(old.Kind.Form(), typed, old.OperatedOn)
		if err := wrong.Err(); err != nil {
			return none, err
		}
		changed := OperationInput{Treatment: t.ID, Operation: old.Procedure, Version: in.Version, Confirmed: in.Confirmed}
		changed.Operation.Record = sheet
		if !in.Confirmed {
			if alerts := fresh(old.Record, sheet); len(alerts) > 0 {
				return none, alerts.confirm()
			}
		}
		changed.Confirmed = true // the marks the record has already were looked at when it was logged
		return s.saveCorrection(tx, t, old, changed)
	})
}

type alerts []registry.Alert

// fresh are the alerts of a sheet that its former state did not raise.
func fresh(before, after registry.Record) alerts {
	known := map[registry.Alert]bool{}
	for _, a := range registry.Alerts(before) {
		known[a] = true
	}
	var out alerts
	for _, a := range registry.Alerts(after) {
		if !known[a] {
			out = append(out, a)
		}
	}
	return out
}

// confirm shows the alerts beside their fields and asks to look.
func (list alerts) confirm() error {
	var f errs.Fields
	for _, a := range list {
		f.Add(a.Path, "warning.procedure."+a.Name, "value", a.Value)
	}
	return &errs.Error{Kind: errs.Invalid, Key: "error.operation.confirm", Rule: RuleConfirm, Args: errs.Args{"n": len(f)}, Fields: f}
}
