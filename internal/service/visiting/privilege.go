package visiting

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Privileges is a page of privileges, with the side of each hospital and where
// the reader may grant some.
type Privileges struct {
	page.Result[Privilege]
	Sides map[ident.ID]user.Side
	Edit  bool
	Today clock.Date
}

// Privileges lists what was granted at the reader's hospitals, or what counts
// there on a day.
func (s *Service) Privileges(ctx context.Context, who user.Principal, on clock.Date, req page.Request) (Privileges, error) {
	var out Privileges
	if err := s.door(who, authz.PrivilegeRead); err != nil {
		return out, err
	}
	out.Edit = s.door(who, authz.PrivilegeEdit) == nil
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("what doctors may do names no patient")
		out.Today = tx.Today()
		if out.Result, err = tx.ListPrivileges(s.hospitals(who, authz.PrivilegeRead), on, req); err != nil {
			return err
		}
		out.Sides, err = tx.SidesOf()
		return err
	})
	return out, err
}

// Privilege reads one privilege.
func (s *Service) Privilege(ctx context.Context, who user.Principal, id ident.ID) (p Privilege, edit bool, err error) {
	if err := s.door(who, authz.PrivilegeRead); err != nil {
		return p, false, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("what doctors may do names no patient")
		if p, err = tx.PrivilegeByID(id); err != nil {
			return err
		}
		if s.at(who, authz.PrivilegeRead, p.Hospital) != nil {
			return errs.Missing("error.privilege.missing")
		}
		return nil
	})
	return p, err == nil && s.can(who, authz.PrivilegeEdit, p.Hospital), err
}

// Doctors lists the doctors who may work at a hospital: its own and those posted
// there, those of today first.
func (s *Service) Doctors(ctx context.Context, who user.Principal, hospital ident.ID) (out []store.Surgeon, err error) {
	if err := s.at(who, authz.PractitionerRead, hospital); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of doctors")
		out, err = tx.SurgeonsAt(hospital, tx.Today())
		return err
	})
	return out, err
}

// SavePrivilege grants a privilege (without an id) or changes the days and the
// paper of one. A privilege that was used is ended, never taken back: what was
// done under it stays within it.
func (s *Service) SavePrivilege(ctx context.Context, who user.Principal, p practitioner.Privilege, key Key) (Privilege, error) {
	var none Privilege
	if err := s.door(who, authz.PrivilegeEdit); err != nil {
		return none, err
	}
	p.Basis = strings.TrimSpace(p.Basis)
	action, fresh := audit.PrivilegeEdit, p.ID == ident.Nil
	if fresh {
		p.ID, action = ident.New(), audit.PrivilegeGrant
	}
	event := audit.Event{Action: action, ObjectKind: audit.ObjectPrivilege, ObjectID: p.ID,
		Detail: map[string]any{"kind": string(p.Kind), "from": p.From.String(), "to": p.To.String()}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Privilege, error) {
		if !fresh {
			old, err := tx.PrivilegeByID(p.ID)
			if err != nil {
				return none, err
			}
			p.Practitioner, p.Hospital, p.Kind = old.Practitioner, old.Hospital, old.Kind // another one is another privilege
		}
		if p.Hospital != ident.Nil && s.at(who, authz.PrivilegeEdit, p.Hospital) != nil {
			return none, errs.Missing("error.privilege.missing")
		}
		if err := p.Check(); err != nil {
			return none, err
		}
		if err := s.checkDoctor(tx, p.Practitioner, p.Hospital); err != nil {
			return none, err
		}
		var err error
		if fresh {
			err = tx.InsertPrivilege(p)
		} else {
			err = tx.UpdatePrivilege(p)
		}
		if err != nil {
			return none, err
		}
		return tx.PrivilegeByID(p.ID)
	})
}

// checkDoctor asks that a doctor belongs to the hospital or was ever posted there.
func (s *Service) checkDoctor(tx *store.Tx, doctor, hospital ident.ID) error {
	known, err := tx.SurgeonsAt(hospital, tx.Today())
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(known, func(d store.Surgeon) bool { return d.ID == doctor }) {
		var f errs.Fields
		f.Add("practitioner", "error.privilege.doctor_unknown")
		return f.Err()
	}
	return nil
}

// Exceptions is a page of operations outside of the privileges.
type Exceptions struct {
	page.Result[Exception]
	Sides  map[ident.ID]user.Side
	Sign   bool     // the reader may sign somewhere
	Reader ident.ID // account
	Open   bool     // the reader may open operations
}

// Exceptions lists the operations outside of the privileges in a state.
func (s *Service) Exceptions(ctx context.Context, who user.Principal, state practitioner.ExceptionState, req page.Request) (Exceptions, error) {
	out := Exceptions{Reader: who.AccountID}
	if err := s.door(who, authz.PrivilegeRead); err != nil {
		return out, err
	}
	if !slices.Contains(practitioner.ExceptionStates(), state) {
		state = practitioner.ExceptionOpen
	}
	out.Sign, out.Open = s.door(who, authz.PrivilegeSign) == nil, s.door(who, authz.ProcedureRead) == nil
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if out.Result, err = tx.ListExceptions(s.hospitals(who, authz.PrivilegeRead), state, req); err != nil {
			return err
		}
		tx.AuditRead(listRead("privilege_exceptions", len(out.Rows)))
		out.Sides, err = tx.SidesOf()
		return err
	})
	return out, err
}

// ExceptionView is one exception with what the reader may do.
type ExceptionView struct {
	Exception
	Sign bool // the reader may sign it
	Open bool // the reader may open the operation
}

// Exception reads one exception.
func (s *Service) Exception(ctx context.Context, who user.Principal, id ident.ID) (ExceptionView, error) {
	var v ExceptionView
	if err := s.door(who, authz.PrivilegeRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectException, ObjectID: id})
		if v.Exception, err = tx.ExceptionByID(id); err != nil {
			return err
		}
		if s.at(who, authz.PrivilegeRead, v.Hospital) != nil {
			return errs.Missing("error.privilege.exception_missing")
		}
		return nil
	})
	v.Sign = err == nil && v.State == practitioner.ExceptionOpen && s.can(who, authz.PrivilegeSign, v.Hospital)
	v.Open = err == nil && s.can(who, authz.ProcedureRead, v.Hospital)
	return v, err
}

// SignInput is a second signature: accepted, or objected with a note.
type SignInput struct {
	Exception ident.ID
	Version   int64
	Accept    bool
	Note      string
}

// Sign puts the second signature under an operation outside of the privileges.
// The operation stays on record whatever is signed.
func (s *Service) Sign(ctx context.Context, who user.Principal, in SignInput, key Key) (Exception, error) {
	var none Exception
	if err := s.door(who, authz.PrivilegeSign); err != nil {
		return none, err
	}
	in.Note = strings.TrimSpace(in.Note)
	var f errs.Fields
	checkText(&f, "note", in.Note, !in.Accept)
	if err := f.Err(); err != nil {
		return none, err
	}
	state := practitioner.ExceptionObjected
	if in.Accept {
		state = practitioner.ExceptionAccepted
	}
	event := audit.Event{Action: audit.PrivilegeSign, ObjectKind: audit.ObjectException, ObjectID: in.Exception, Detail: map[string]any{"state": string(state)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Exception, error) {
		x, err := tx.ExceptionByID(in.Exception)
		if err != nil {
			return none, err
		}
		if s.at(who, authz.PrivilegeSign, x.Hospital) != nil {
			return none, errs.Missing("error.privilege.exception_missing")
		}
		err = practitioner.Signing{State: x.State, EnteredBy: x.EnteredBy, Lead: x.Practitioner, Account: who.AccountID, Self: who.PractitionerID}.MaySign()
		if err != nil {
			return none, err
		}
		if err := tx.SameVersion(x.Version, in.Version); err != nil {
			return none, err
		}
		x.State, x.Note = state, in.Note
		if err := tx.SignException(x); err != nil {
			return none, err
		}
		return tx.ExceptionByID(x.ID)
	})
}
