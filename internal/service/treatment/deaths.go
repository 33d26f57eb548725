package treatment

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// DeathReport is a report that a person died.
type DeathReport = store.DeathReport

// DeathInput reports a death.
type DeathInput struct {
	Person   ident.ID
	Hospital ident.ID // nil: the one hospital of the caller
	Death    patient.Death
}

// ReportDeath records that a person died. From then on the person is on no
// worklist. Treatments and money are not touched: each treatment is ended by its
// own step, so that nothing held is given back unseen. Where a second hospital
// knows the person it confirms, or the office does.
func (s *Service) ReportDeath(ctx context.Context, who user.Principal, in DeathInput, key store.Key) (store.DeathReport, error) {
	var none store.DeathReport
	hospital, err := s.home(who, authz.TreatmentAdvance, in.Hospital)
	if err != nil {
		return none, err
	}
	in.Death.Note = strings.TrimSpace(in.Death.Note)
	if len([]rune(in.Death.Note)) > maxText {
		return none, tooLong("note")
	}
	id := ident.New()
	event := audit.Event{Action: audit.DeathReport, ObjectKind: audit.ObjectPerson, ObjectID: in.Person, OrganisationID: hospital,
		Detail: map[string]any{"source": string(in.Death.Source), "on": in.Death.On.String(), "report": id}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.DeathReport, error) {
		p, err := tx.PersonToChange(in.Person)
		if err != nil {
			return none, err
		}
		if _, err := tx.DeathOf(p.ID); err == nil {
			return none, errs.Refuse("death.once", "error.death.already", nil, "remedy.death.undo")
		} else if !errs.Is(err, errs.NotFound) {
			return none, err
		}
		done, err := tx.RecordedOperations(p.ID)
		if err != nil {
			return none, err
		}
		var last clock.Date
		for _, o := range done {
			if o.OperatedOn.After(last) {
				last = o.OperatedOn
			}
		}
		if err := in.Death.Check(p.Birth, last, tx.Today()); err != nil {
			return none, err
		}
		state := patient.DeathConfirmed
		if p.Hospitals > 1 {
			state = patient.DeathReported
		}
		if err := tx.InsertDeath(id, p.ID, hospital, in.Death, state); err != nil {
			return none, err
		}
		return tx.DeathOf(p.ID)
	})
}

// DeathStep confirms or takes back a report.
type DeathStep struct {
	Report  ident.ID
	Version int64
	Undo    bool
	Reason  string // of an undo
}

// SettleDeath confirms a report as a second hospital or the office, or takes it
// back: the person is then on the lists as before.
func (s *Service) SettleDeath(ctx context.Context, who user.Principal, in DeathStep, key store.Key) (ident.ID, error) {
	if err := s.deathDoor(who); err != nil {
		return ident.Nil, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if in.Undo && in.Reason == "" {
		var f errs.Fields
		f.Add("reason", "error.review.reason")
		return ident.Nil, f.Err()
	}
	if len([]rune(in.Reason)) > maxText {
		return ident.Nil, tooLong("reason")
	}
	event := audit.Event{Action: audit.DeathConfirm, ObjectKind: audit.ObjectPerson, ObjectID: in.Report, Reason: in.Reason}
	if in.Undo {
		event.Action = audit.DeathUndo
	}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (ident.ID, error) {
		r, err := tx.DeathForUpdate(in.Report)
		if err != nil {
			return ident.Nil, err
		}
		tx.Amend("person", r.Person)
		if err := tx.SameVersion(r.Version, in.Version); err != nil {
			return ident.Nil, err
		}
		switch {
		case r.State == patient.DeathUndone || !in.Undo && r.State != patient.DeathReported:
			return ident.Nil, errs.Refuse("death.step", "error.death.settled", nil, "refusal.next.reload")
		case in.Undo:
			return r.Person, tx.UndoDeath(r, in.Reason)
		}
		second, ok := s.secondHospital(who, r)
		if !ok {
			return ident.Nil, errs.Refuse("death.second", "error.death.second", nil, "remedy.death.second")
		}
		return r.Person, tx.ConfirmDeath(r, second)
	})
}

// deathDoor admits those who move treatments on, and the office.
func (s *Service) deathDoor(who user.Principal) error {
	if s.door(who, authz.PersonIdentity) == nil {
		return nil
	}
	return s.door(who, authz.TreatmentAdvance)
}

// secondHospital is in whose name the caller confirms a report: another hospital
// than the one that reported, or (nil) the office.
func (s *Service) secondHospital(who user.Principal, r store.DeathReport) (ident.ID, bool) {
	if who.Wide && s.door(who, authz.PersonIdentity) == nil {
		return ident.Nil, true
	}
	for _, h := range who.Hospitals {
		if h != r.Hospital && s.can(who, authz.TreatmentAdvance, h) {
			return h, true
		}
	}
	return ident.Nil, false
}

// DeathList is a page of reports.
type DeathList struct {
	page.Result[store.DeathReport]
	MaySettle  bool
	MayConfirm map[ident.ID]bool // by report
	Today      clock.Date
}

// Deaths lists reports in one state: those to be confirmed, the standing ones,
// and those taken back.
func (s *Service) Deaths(ctx context.Context, who user.Principal, state patient.DeathState, req page.Request) (DeathList, error) {
	out := DeathList{MayConfirm: map[ident.ID]bool{}}
	if err := s.door(who, authz.PersonRead); err != nil {
		return out, err
	}
	if !slices.Contains(patient.DeathStates(), state) {
		state = patient.DeathReported
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		out.Today = tx.Today()
		if out.Result, err = tx.ListDeaths(state, req); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "deaths", "rows": len(out.Rows)}})
		return nil
	})
	out.MaySettle = s.deathDoor(who) == nil
	for _, r := range out.Rows {
		_, ok := s.secondHospital(who, r)
		out.MayConfirm[r.ID] = ok && r.State == patient.DeathReported
	}
	return out, err
}

// Death reads one report.
func (s *Service) Death(ctx context.Context, who user.Principal, id ident.ID) (store.DeathReport, error) {
	var out store.DeathReport
	if err := s.deathDoor(who); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.PersonRead, ObjectKind: audit.ObjectPerson, ObjectID: id, Detail: map[string]any{"page": "death"}})
		out, err = tx.DeathForUpdate(id)
		return err
	})
	return out, err
}
