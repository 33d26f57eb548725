package treatment

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Theatre is the day's list of a hospital, for a browser that goes where there is
// no network: the patients, the doctors, and how the reader's last case of each
// programme was done today.
type Theatre struct {
	Cases    []store.TheatreCase
	Surgeons []store.Surgeon
	Self     ident.ID // the reader among the surgeons
	Habits   map[procedure.Programme]procedure.Procedure
}

// Theatre reads the list of today.
func (s *Service) Theatre(ctx context.Context, who user.Principal, hospital ident.ID) (Theatre, error) {
	v := Theatre{Habits: map[procedure.Programme]procedure.Procedure{}}
	if err := s.door(who, authz.ProcedureLog); err != nil {
		return v, err
	}
	if hospital == ident.Nil {
		return v, missing("hospital", "form.error.pick")
	}
	if err := s.at(who, authz.ProcedureLog, hospital); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if v.Cases, err = tx.TheatreCases(hospital, tx.Today()); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, OrganisationID: hospital, Detail: map[string]any{"list": "theatre", "rows": len(v.Cases)}})
		if v.Surgeons, err = tx.SurgeonsAt(hospital, tx.Today()); err != nil || who.PractitionerID == ident.Nil {
			return err
		}
		last, err := tx.ListOperations(store.OperationFilter{Lead: who.PractitionerID, From: tx.Today(), To: tx.Today()}, page.Request{Size: 20})
		for _, o := range slices.Backward(last.Rows) { // the latest stays
			v.Habits[o.Programme] = o.Procedure
		}
		return err
	})
	if slices.ContainsFunc(v.Surgeons, func(x store.Surgeon) bool { return x.ID == who.PractitionerID }) {
		v.Self = who.PractitionerID
	}
	for i := range v.Cases {
		v.Cases[i].Name = s.name(who, v.Cases[i].Name)
	}
	return v, err
}

// KeptInput is an operation that a browser kept, under the id it made.
type KeptInput struct {
	ID        ident.ID
	Treatment ident.ID
	Hospital  ident.ID // whose store it was kept in
	Operation procedure.Procedure
	Known     []ident.ID // operations of the treatment the browser had seen
	Both      bool       // the operation somebody else wrote down was looked at: this is another one
	Reason    string     // why it was done, or written down, against a rule
	By        ident.ID   // account whose work it is, where somebody else brings it
}

// Kept is what became of it.
type Kept struct {
	Stored    store.Stored
	Operation store.Operation  // as it stands, unless another content is under the id
	Have      *store.Operation // what somebody else wrote down, or what stands under the id
}

// KeepOperation records an operation that has happened, once. It is never asked
// to be confirmed or refused for a rule it breaks: it is recorded under its marks.
// What differs from what is on record is answered, and nothing is written over.
// The permission is the one of whoever brings it.
func (s *Service) KeepOperation(ctx context.Context, who user.Principal, in KeptInput, perm authz.Permission) (Kept, error) {
	var none Kept
	if err := s.at(who, perm, in.Hospital); err != nil {
		return none, err
	}
	if in.ID == ident.Nil {
		return none, missing("id", "error.screening.id")
	}
	defer s.counts.forget(who)
	return store.Once(ctx, s.db, who, store.Key{}, func(tx *store.Tx) (Kept, error) {
		t, err := tx.TreatmentForUpdate(in.Treatment)
		if err != nil {
			return none, err
		}
		if t.Hospital != in.Hospital {
			return none, errs.Missing("error.treatment.gone")
		}
		content, err := contentOf(tx, in)
		if err != nil {
			return none, err
		}
		if k, found, err := standing(tx, in, content); found || err != nil {
			return k, err
		}
		detail := map[string]any{"kind": string(in.Operation.Kind), "side": string(in.Operation.Side), "kept": true}
		if in.By != ident.Nil {
			detail["collected_by"] = in.By
		}
		tx.Intend(audit.Event{Action: audit.ProcedureLog, ObjectKind: audit.ObjectTreatment, ObjectID: t.ID, OrganisationID: t.Hospital, Detail: detail})
		o, judged, err := s.examine(tx, t, OperationInput{Operation: in.Operation, Confirmed: true, Reason: in.Reason})
		if err != nil {
			return none, err
		}
		o.ID = in.ID
		if o, err = logged(tx, performed{t, o, judged, in.Reason}); err != nil {
			return none, err
		}
		return Kept{Stored: store.RowCreated, Operation: o}, tx.SaveReceived(o.ID, content)
	})
}

func contentOf(tx *store.Tx, in KeptInput) ([]byte, error) {
	raw, err := json.Marshal(in.Operation)
	if err != nil {
		return nil, err
	}
	return tx.OperationDigest(in.Treatment.String() + string(raw))
}

// standing finds what is on record already: the operation itself, another content
// under its id, or one that somebody else wrote down meanwhile.
func standing(tx *store.Tx, in KeptInput, content []byte) (Kept, bool, error) {
	received, taken, err := tx.ReceivedAs(in.ID)
	if err != nil {
		return Kept{}, false, err
	}
	if taken {
		tx.NoAudit("an operation that was there already")
		have, err := tx.OperationByID(in.ID)
		if err != nil {
			return Kept{}, true, err
		}
		if subtle.ConstantTimeCompare(received, content) == 1 {
			return Kept{Stored: store.RowRepeated, Operation: have}, true, nil
		}
		return Kept{Stored: store.RowTaken, Have: &have}, true, nil
	}
	if in.Both {
		return Kept{}, false, nil
	}
	list, err := tx.OperationsOf(in.Treatment)
	if err != nil {
		return Kept{}, false, err
	}
	site := in.Operation.Kind.Site()
	for _, o := range list {
		if !slices.Contains(in.Known, o.ID) && o.Site == site && o.Side == in.Operation.Side && o.OperatedOn == in.Operation.OperatedOn {
			tx.NoAudit("somebody else wrote this operation down; whoever kept it decides")
			return Kept{Stored: store.RowTaken, Have: &o}, true, nil
		}
	}
	return Kept{}, false, nil
}

// missing is one empty field as an error.
func missing(path, key string) error {
	return errs.Fields{{Path: path, Key: key}}.Err()
}
