package treatment

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// OperationInput is one operation as it was entered. Programme, hospital and
// who is a visitor follow from the treatment and the doctors, whatever is given.
type OperationInput struct {
	Treatment ident.ID
	Operation procedure.Procedure
	Version   int64  // of the record that is corrected
	Confirmed bool   // the marks were shown and looked at
	Reason    string // where the treatment had ended or was settled before
}

// RuleConfirm is the rule of the answer that shows marks to be confirmed: what
// happened is taken, but a person looks at what is unusual first.
const RuleConfirm = "operation.confirm"

// OperationForm is what the form of an operation needs.
type OperationForm struct {
	store.Treatment
	Surgeons []store.Surgeon
	Self     ident.ID // the caller's own practitioner, when one of the surgeons
	Planned  store.PlannedEntry
	Before   *procedure.Procedure // what the caller did last on this day, in this programme: the habits of the day
	Reason   bool                 // the step asks for a reason here
}

// OperationForm reads the treatment and the doctors of its hospital.
func (s *Service) OperationForm(ctx context.Context, who user.Principal, id ident.ID, on clock.Date) (OperationForm, error) {
	var v OperationForm
	if err := s.door(who, authz.ProcedureLog); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.TreatmentRead, ObjectKind: audit.ObjectTreatment, ObjectID: id})
		if v.Treatment, err = tx.TreatmentByID(id); err != nil {
			return err
		}
		if err := s.at(who, authz.ProcedureLog, v.Hospital); err != nil {
			return err
		}
		if on.IsZero() {
			on = tx.Today()
		}
		if v.Surgeons, err = tx.SurgeonsAt(v.Hospital, on); err != nil {
			return err
		}
		if v.Planned, err = tx.PlannedEntryOf(v.Case, v.Hospital, on); err != nil || who.PractitionerID == ident.Nil {
			return err
		}
		last, err := tx.ListOperations(store.OperationFilter{Lead: who.PractitionerID, From: on, To: on}, page.Request{Size: 1})
		if err == nil && len(last.Rows) > 0 && last.Rows[0].Programme == v.Programme {
			v.Before = &last.Rows[0].Procedure
		}
		return err
	})
	for _, x := range v.Surgeons {
		if x.ID == who.PractitionerID {
			v.Self = x.ID
		}
	}
	if row, ok := treatment.Find(v.Place, treatment.LogOperation); ok {
		v.Reason = row.Reason
	}
	return v, err
}

// LogOperation records an operation and moves the treatment on, in one
// transaction. An operation is never refused for being unlikely or out of order.
func (s *Service) LogOperation(ctx context.Context, who user.Principal, in OperationInput, key store.Key) (store.Operation, error) {
	var none store.Operation
	if err := s.door(who, authz.ProcedureLog); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.ProcedureLog, ObjectKind: audit.ObjectTreatment, ObjectID: in.Treatment,
		Detail: map[string]any{"kind": string(in.Operation.Kind), "side": string(in.Operation.Side)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Operation, error) {
		t, err := tx.TreatmentForUpdate(in.Treatment)
		if err != nil {
			return none, err
		}
		if err := s.at(who, authz.ProcedureLog, t.Hospital); err != nil {
			return none, err
		}
		o, judged, err := s.examine(tx, t, in)
		if err != nil {
			return none, err
		}
		o.ID = ident.New()
		return logged(tx, performed{t, o, judged, in.Reason})
	})
}

// performed is an operation that was examined and is to be written down.
type performed struct {
	treatment store.Treatment
	operation store.Operation
	judged    verdict
	reason    string
}

// logged writes an operation down and moves its treatment on.
func logged(tx *store.Tx, x performed) (store.Operation, error) {
	o, t := x.operation, x.treatment
	if err := tx.InsertOperation(o, t); err != nil {
		return o, err
	}
	if err := keepException(tx, o, t, x.judged, x.reason); err != nil {
		return o, err
	}
	t, err := tx.TreatmentOperated(t)
	if err != nil {
		return o, err
	}
	facts, err := tx.CareFactsOf(t, clock.Date{})
	if err != nil {
		return o, err
	}
	if t.Category == "" {
		t.Category = facts.Category
	}
	if _, err := tx.AdvanceTreatment(t, store.Step{Action: treatment.LogOperation, On: o.OperatedOn, Note: x.reason, Facts: facts.Facts}); err != nil {
		return o, err
	}
	if err := dropPlan(tx, t.Case, o); err != nil {
		return o, err
	}
	return tx.OperationByID(o.ID)
}

// dropPlan forgets the plan for the other side once that side is done.
func dropPlan(tx *store.Tx, id ident.ID, o store.Operation) error {
	c, err := tx.CaseForUpdate(id)
	if err != nil || c.Second == nil {
		return err
	}
	after := casefile.AfterOperation(c.Case, procedure.Recorded{Kind: o.Kind, Side: o.Side, OperatedOn: o.OperatedOn})
	if after.Second != nil {
		return nil
	}
	c.Case = after
	return tx.UpdateCase(c)
}

// CorrectOperation changes a record that is not locked. What stood there before
// is kept in its history, in the same transaction.
func (s *Service) CorrectOperation(ctx context.Context, who user.Principal, in OperationInput, key store.Key) (store.Operation, error) {
	var none store.Operation
	if err := s.door(who, authz.ProcedureEdit); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.ProcedureEdit, ObjectKind: audit.ObjectProcedure, ObjectID: in.Operation.ID}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Operation, error) {
		old, err := tx.OperationByID(in.Operation.ID)
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
		// The sheet has a form of its own; of it stays what the corrected kind asks as well.
		in.Operation.Record = registry.Fitting(in.Operation.Kind.Form(), old.Record)
		return s.saveCorrection(tx, t, old, in)
	})
}

// saveCorrection examines a changed record, stores it and keeps what stood there.
func (s *Service) saveCorrection(tx *store.Tx, t store.Treatment, old store.Operation, in OperationInput) (store.Operation, error) {
	var err error
	if in.Reason, err = reasonBefore(tx, old, in.Reason); err != nil {
		return old, err
	}
	o, judged, err := s.examine(tx, t, in)
	if err != nil {
		return o, err
	}
	o.ID, o.Version = old.ID, old.Version
	if err := tx.UpdateOperation(o); err != nil {
		return o, err
	}
	if err := keepException(tx, o, t, judged, in.Reason); err != nil {
		return o, err
	}
	if t, err = tx.TreatmentOperated(t); err != nil {
		return o, err
	}
	if err := tx.SaveTreatmentFacts(t); err != nil {
		return o, err
	}
	now, err := tx.OperationByID(o.ID)
	if err != nil {
		return o, err
	}
	return now, tx.RecordCorrection(old, now)
}

// examine completes an entered operation from the treatment and the doctors,
// checks it by the domain's rules and turns warnings into marks.
func (s *Service) examine(tx *store.Tx, t store.Treatment, in OperationInput) (store.Operation, verdict, error) {
	var judged verdict
	p := in.Operation
	p.Treatment, p.Programme, p.Hospital = t.ID, t.Programme, t.Hospital
	p.Site = p.Kind.Site()
	p = p.Completed()
	if len(p.Diagnoses) == 0 {
		p.Diagnoses = procedure.DefaultDiagnoses(p)
	}
	doctors, err := tx.SurgeonsAt(t.Hospital, p.OperatedOn)
	if err != nil {
		return store.Operation{}, judged, err
	}
	var fields errs.Fields
	known(doctors, "lead", p.Lead, &fields)
	known(doctors, "assistant", p.Assistant, &fields)
	known(doctors, "supervisor", p.Supervisor, &fields)
	o := store.Operation{Procedure: p}
	facts := procedure.Facts{Today: tx.Today(), Born: t.Birth, Died: t.Deceased, Admitted: t.AdmittedOn, Discharged: t.DischargedOn, SideTexts: []string{t.Plan}}
	if i := slices.IndexFunc(doctors, func(d store.Surgeon) bool { return d.ID == p.Lead }); i >= 0 && p.Lead != ident.Nil {
		lead := doctors[i]
		if lead.Side, err = tx.SideOf(lead.HomeOrg); err != nil {
			return o, judged, err
		}
		o.LeadVisiting, o.LeadName, facts.LeadPosted = lead.VisitingAt(t.Hospital), lead.Name, lead.Posted
		if judged, err = judgePrivilege(tx, lead.Practitioner, p); err != nil {
			return o, judged, err
		}
	}
	if facts.Recorded, err = tx.RecordedOperations(t.Person); err != nil {
		return o, judged, err
	}
	wrong, warnings := procedure.Validate(o.Procedure, facts)
	if err := append(fields, wrong...).Err(); err != nil {
		return o, judged, err
	}
	if judged.outside() {
		warnings = append(warnings, judged.warning(o))
	}
	if len(warnings) > 0 && !in.Confirmed {
		return o, judged, unconfirmed(warnings)
	}
	if judged.outside() {
		err = checkPrivilegeReason(in.Reason)
	}
	o.Marks = marks(warnings)
	return o, judged, err
}

// known notes a doctor who was never at the hospital.
func known(doctors []store.Surgeon, path string, id ident.ID, f *errs.Fields) {
	if id != ident.Nil && !slices.ContainsFunc(doctors, func(d store.Surgeon) bool { return d.ID == id }) {
		f.Add(path, "error.operation.doctor_unknown")
	}
}

// unconfirmed shows each mark beside its field and asks to look and confirm.
func unconfirmed(warnings []procedure.Warning) error {
	var f errs.Fields
	for _, w := range warnings {
		f = append(f, errs.Field{Path: w.Path, Key: w.Key(), Args: w.Args})
	}
	return &errs.Error{Kind: errs.Invalid, Key: "error.operation.confirm", Rule: RuleConfirm, Args: errs.Args{"n": len(f)}, Fields: f}
}

// marks are the rules a record is kept under until somebody looked.
func marks(warnings []procedure.Warning) []string {
	var out []string
	review := false
	for _, w := range warnings {
		if !slices.Contains(out, string(w.Rule)) {
			out = append(out, string(w.Rule))
		}
		review = review || w.Review
	}
	if review {
		out = append(out, procedure.MarkNeedsReview)
	}
	return out
}

// OperationView is one operation with what its page shows.
type OperationView struct {
	store.Operation
	Sides   map[ident.ID]user.Side
	Changes []store.OperationChange // what was done to the record, the latest first
	// Parts are what was put in, Explants what was taken out, PartChanges what was
	// done to the parts; they are changed in service/implant.
	Parts       []store.Component
	Explants    []store.Explant
	PartChanges []store.ComponentChange
	// Chain is what was done to the same joint or eye in any hospital; Readings
	// are those of the eye, Complications what came after.
	Chain         []procedure.Recorded
	Readings      []store.Reading
	Complications []store.Complication
	Deceased      clock.Date
	SeenOn        clock.Date               // the last day the person is known to have been alive: discharged, or followed up
	Edit          bool                     // the reader may correct it; not while it is locked
	Observe       bool                     // the reader may add readings and complications, locked or not
	Review        bool                     // the reader may look at alarms about its parts
	Reader        ident.ID                 // account; who wrote a part down is not its second person
	Sign          bool                     // the reader may validate it, or unlock it
	Exception     store.PrivilegeException // the id is nil when the lead was within the privileges
	// Away: the reader sees the record through the team only; the person's name
	// and the way to the case stay closed.
	Away bool
}

// Operation reads one operation.
func (s *Service) Operation(ctx context.Context, who user.Principal, id ident.ID) (OperationView, error) {
	var v OperationView
	if err := s.door(who, authz.ProcedureRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.ProcedureRead, ObjectKind: audit.ObjectProcedure, ObjectID: id})
		if v.Operation, err = tx.OperationByID(id); err != nil {
			return err
		}
		if v.Changes, err = tx.OperationChanges(id); err != nil {
			return err
		}
		if v.Parts, err = tx.ComponentsOf(id); err != nil {
			return err
		}
		if v.Explants, err = tx.ExplantsOf(id); err != nil {
			return err
		}
		if v.PartChanges, err = tx.ComponentChanges(id); err != nil {
			return err
		}
		if err := later(tx, &v); err != nil {
			return err
		}
		if v.Exception, err = tx.ExceptionOf(id); err != nil {
			return err
		}
		v.Sides, err = tx.SidesOf()
		return err
	})
	v.Edit = err == nil && !v.Signature.Locked() && s.can(who, authz.ProcedureEdit, v.Hospital)
	v.Sign = err == nil && (v.Signature.Locked() || v.Signature.EnteredBy != who.AccountID) && s.can(who, authz.ProcedureSign, v.Hospital)
	v.Observe = err == nil && v.PersonName != "" && s.door(who, authz.ObservationRecord) == nil
	v.Review, v.Reader = err == nil && s.can(who, authz.ProcedureSign, v.Hospital), who.AccountID
	v.Away = v.PersonName == ""
	v.PersonName = s.name(who, v.PersonName)
	return v, err
}

// later reads what came after an operation, for who works with the case.
func later(tx *store.Tx, v *OperationView) (err error) {
	if v.PersonName == "" {
		return nil
	}
	recorded, err := tx.RecordedOperations(v.Person)
	if err != nil {
		return err
	}
	t, err := tx.TreatmentByID(v.Treatment)
	if err != nil {
		return err
	}
	if v.SeenOn, err = tx.LastReached(v.ID); err != nil {
		return err
	}
	if v.Deceased = t.Deceased; t.DischargedOn.After(v.SeenOn) {
		v.SeenOn = t.DischargedOn
	}
	v.Chain = procedure.Chain(v.Procedure, recorded)
	if v.Complications, err = tx.ComplicationsOf(v.ID); err != nil {
		return err
	}
	if v.Site == procedure.Eye {
		all, err := tx.ReadingsOf(v.Case)
		v.Readings = slices.DeleteFunc(all, func(r store.Reading) bool { return r.Side != v.Side })
		return err
	}
	return nil
}

// OperationsInput asks for a page of operations.
type OperationsInput struct {
	Own      bool     // led by the reader, wherever
	Hospital ident.ID // nil: all of the reader's
	From, To clock.Date
	State    store.OperationState // what the record still needs; at the reader's own hospitals
	Page     page.Request
}

// OperationList is a page of operations with the side of each hospital.
type OperationList struct {
	page.Result[store.Operation]
	Sides map[ident.ID]user.Side
}

// Operations lists what was operated at the reader's hospitals, or by the reader.
func (s *Service) Operations(ctx context.Context, who user.Principal, in OperationsInput) (OperationList, error) {
	var out OperationList
	if err := s.door(who, authz.ProcedureRead); err != nil {
		return out, err
	}
	f := store.OperationFilter{Hospitals: s.hospitals(who, authz.ProcedureRead), From: in.From, To: in.To}
	if in.Hospital != ident.Nil {
		if err := s.at(who, authz.ProcedureRead, in.Hospital); err != nil {
			return out, err
		}
		f.Hospitals = []ident.ID{in.Hospital}
	}
	if in.Own {
		f.Lead = who.PractitionerID
	}
	if in.State != "" && f.Lead == ident.Nil {
		if f.State = in.State; f.Hospitals == nil {
			f.Hospitals = who.Hospitals
		}
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if in.Own && f.Lead == ident.Nil {
			tx.NoAudit("somebody who is no doctor has no operations")
			return nil
		}
		if out.Result, err = tx.ListOperations(f, in.Page); err != nil {
			return err
		}
		if out.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "operations", "rows": len(out.Rows)}})
		return nil
	})
	for i := range out.Rows {
		out.Rows[i].PersonName = s.name(who, out.Rows[i].PersonName)
	}
	return out, err
}
