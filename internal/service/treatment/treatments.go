package treatment

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// PlanInput plans a treatment in a case.
type PlanInput struct {
	Case      ident.ID
	Hospital  ident.ID // nil: the one hospital of the caller
	Plan      string
	PlannedOn clock.Date
}

// OpenTreatment plans a treatment at a hospital that takes part in the case.
func (s *Service) OpenTreatment(ctx context.Context, who user.Principal, in PlanInput, key store.Key) (store.Treatment, error) {
	var none store.Treatment
	hospital, err := s.home(who, authz.TreatmentOpen, in.Hospital)
	if err != nil {
		return none, err
	}
	var f errs.Fields
	if in.Plan == "" {
		f.Add("plan", "error.treatment.plan")
	} else if len([]rune(in.Plan)) > maxText {
		f.Add("plan", "form.error.long", "max", maxText)
	}
	if err := f.Err(); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.TreatmentOpen, ObjectKind: audit.ObjectCase, ObjectID: in.Case, OrganisationID: hospital}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Treatment, error) {
		c, err := tx.CaseForUpdate(in.Case)
		if err != nil {
			return none, err
		}
		part, err := tx.TakesPart(c.ID, hospital)
		if err != nil {
			return none, err
		}
		if !part {
			return none, errs.Refuse("casefile.takes_part", "error.case.no_part", nil, "casefile.remedy.join")
		}
		return tx.OpenTreatment(store.TreatmentOpening{Case: c, Hospital: hospital, Plan: in.Plan, PlannedOn: in.PlannedOn})
	})
}

// TreatmentView is a treatment with what its page shows.
type TreatmentView struct {
	store.Treatment
	Facts      store.CareFacts
	Offers     []treatment.Offer // steps the reader may take, possible and not yet possible
	Events     []store.TreatmentEvent
	Operations []store.Operation
	Bills      []store.Bill
	Sides      map[ident.ID]user.Side
	Editable   bool // the reader may correct operations here
}

// Treatment reads one treatment.
func (s *Service) Treatment(ctx context.Context, who user.Principal, id ident.ID) (TreatmentView, error) {
	var v TreatmentView
	if err := s.door(who, authz.TreatmentRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.TreatmentRead, ObjectKind: audit.ObjectTreatment, ObjectID: id})
		if v.Treatment, err = tx.TreatmentByID(id); err != nil {
			return err
		}
		if err := s.partnerToday(tx, who, v.Treatment); err != nil {
			return err
		}
		if v.Facts, err = tx.CareFactsOf(v.Treatment, clock.Date{}); err != nil {
			return err
		}
		if v.Events, err = tx.TreatmentEvents(id); err != nil {
			return err
		}
		if v.Operations, err = tx.OperationsOf(id); err != nil {
			return err
		}
		if v.Bills, err = tx.BillsOf(id); err != nil {
			return err
		}
		v.Sides, err = tx.SidesOf()
		return err
	})
	if err != nil {
		return TreatmentView{}, err
	}
	for _, o := range treatment.Offers(v.Place, v.Facts.Facts) {
		if s.can(who, o.Row.Permission, v.Hospital) {
			v.Offers = append(v.Offers, o)
		}
	}
	v.Editable = s.can(who, authz.ProcedureEdit, v.Hospital)
	v.PersonName = s.name(who, v.PersonName)
	return v, nil
}

// StepInput is one step of a treatment as the person entered it. Which of the
// values a step needs is said by [Needs].
type StepInput struct {
	Treatment   ident.ID
	Version     int64
	Action      treatment.Action
	On          clock.Date // day of admission, discharge, death; else the day of the step
	AdmittedOn  clock.Date // at a discharge, when the admission was never recorded
	AdmissionNo string
	Bill        money.Fen // estimate
	Insurance   money.Fen
	Reason      string
	To          ident.ID // at a transfer, the hospital the patient goes to
}

// Need is a value a step asks for.
type Need string

// The values.
const (
	NeedDate      Need = "on"
	NeedAdmitted  Need = "admitted_on"
	NeedNumber    Need = "admission_no"
	NeedBill      Need = "bill"
	NeedInsurance Need = "insurance"
	NeedReason    Need = "reason"
	NeedHospital  Need = "to"
)

// Needs lists what a step of this room asks for at a treatment, in the order of
// the form. False means the step belongs to another room: money to funding, the
// operation to its own form.
func Needs(t store.Treatment, row treatment.Row) ([]Need, bool) {
	var needs []Need
	switch row.Action {
	case treatment.ConfirmEligible, treatment.Close:
	case treatment.Estimate:
		needs = []Need{NeedBill, NeedInsurance}
	case treatment.Admit, treatment.AdmitEmergency:
		needs = []Need{NeedDate, NeedNumber}
	case treatment.Discharge, treatment.DischargeUntreated, treatment.AbandonOperation, treatment.ConvertOperation:
		needs = []Need{NeedDate}
	case treatment.TransferOut:
		needs = []Need{NeedDate, NeedHospital}
	case treatment.RecordDeath:
		needs = []Need{NeedDate}
	case treatment.MarkOverdue, treatment.ForgoReduction, treatment.AskReduction, treatment.Reopen, treatment.Decline, treatment.Withdraw, treatment.Lose, treatment.Cancel:
	default:
		return nil, false
	}
	if slices.Contains(row.Required, treatment.AdmissionDate) && t.AdmittedOn.IsZero() && row.Action != treatment.Admit && row.Action != treatment.AdmitEmergency {
		needs = append([]Need{NeedAdmitted}, needs...)
	}
	if row.Reason {
		needs = append(needs, NeedReason)
	}
	return needs, true
}

// Gives lists the facts a step's own form provides, so that a page does not ask
// for them before it shows the form.
func Gives(row treatment.Row) []treatment.Fact {
	switch row.Action {
	case treatment.Estimate:
		return []treatment.Fact{treatment.EstimateMade}
	case treatment.Admit, treatment.AdmitEmergency:
		return []treatment.Fact{treatment.AdmissionDate}
	case treatment.Discharge, treatment.DischargeUntreated, treatment.TransferOut:
		return []treatment.Fact{treatment.AdmissionDate, treatment.DischargeDate}
	case treatment.RecordDeath:
		return []treatment.Fact{treatment.AdmissionDate, treatment.DeathDate}
	case treatment.LogOperation:
		return []treatment.Fact{treatment.OperationLogged}
	case treatment.RequestApproval:
		return []treatment.Fact{treatment.AmountNamed, treatment.FundNamed}
	case treatment.Settle:
		return []treatment.Fact{treatment.SettlementBalances, treatment.ReductionCovered}
	}
	return nil
}

// Step takes one step by the transition table; nothing skips.
func (s *Service) Step(ctx context.Context, who user.Principal, in StepInput, key store.Key) (store.Treatment, error) {
	var none store.Treatment
	if err := s.door(who, authz.TreatmentRead); err != nil {
		return none, err
	}
	event := audit.Event{Action: audit.TreatmentAdvance, ObjectKind: audit.ObjectTreatment, ObjectID: in.Treatment,
		Detail: map[string]any{"step": string(in.Action)}}
	if in.Action == treatment.Cancel {
		event.Action = audit.TreatmentCancel
	}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Treatment, error) {
		t, err := tx.TreatmentForUpdate(in.Treatment)
		if err != nil {
			return none, err
		}
		row, known := treatment.Find(t.Place, in.Action)
		perm := authz.TreatmentAdvance
		if known {
			perm = row.Permission
		}
		if err := s.at(who, perm, t.Hospital); err != nil {
			return none, err
		}
		if err := tx.SameVersion(t.Version, in.Version); err != nil {
			return none, err
		}
		if !known { // the refusal that names the steps which lead on from here
			_, err := treatment.Next(t.Place, in.Action, treatment.With())
			return none, err
		}
		if _, mine := Needs(t, row); !mine {
			return none, errs.Refuse("treatment.own_form", "error.treatment.own_form", errs.Args{"action": errs.Key(in.Action.Label())}, "care.remedy.own_form")
		}
		return s.take(tx, t, row, in)
	})
}

// take applies the entered values and the step to a treatment that is held.
func (s *Service) take(tx *store.Tx, t store.Treatment, row treatment.Row, in StepInput) (store.Treatment, error) {
	on := in.On
	if on.IsZero() {
		on = tx.Today()
	}
	if err := enter(&t, row, in, tx.Today()); err != nil {
		return t, err
	}
	// Money that is held for a treatment which ends, or goes on without it, is
	// given back in the same step and never left behind.
	if slices.Contains(row.Required, treatment.NothingReserved) && row.Action != treatment.Close {
		if _, err := tx.ReleaseTreatment(t, in.Reason); err != nil {
			return t, err
		}
	}
	facts, err := tx.CareFactsOf(t, clock.Date{})
	if err != nil {
		return t, err
	}
	if row.To.State == treatment.Admitted && row.From.State != treatment.Admitted {
		// The category that counts is the one valid on the day of the admission.
		t.Category = facts.Category
	}
	if row.Action == treatment.RecordDeath {
		if err := tx.RecordDeath(t.Person, on); err != nil {
			return t, err
		}
	}
	if t, err = tx.AdvanceTreatment(t, store.Step{Action: in.Action, On: on, Note: in.Reason, Facts: facts.Facts.Because(in.Reason)}); err != nil {
		return t, err
	}
	if row.Action == treatment.Admit { // the day decides the category: what was signed may stand no longer
		if err := tx.LapseOfTreatment(t.ID); err != nil {
			return t, err
		}
	}
	if row.Action == treatment.TransferOut {
		if err := s.transfer(tx, t, in); err != nil {
			return t, err
		}
	}
	return tx.TreatmentByID(t.ID)
}

// enter checks the values a step asks for and puts them on the treatment.
func enter(t *store.Treatment, row treatment.Row, in StepInput, today clock.Date) error {
	var f errs.Fields
	needs, _ := Needs(*t, row)
	want := func(n Need) bool { return slices.Contains(needs, n) }
	if want(NeedAdmitted) {
		day(&f, "admitted_on", in.AdmittedOn, t.Birth, today)
		t.AdmittedOn = in.AdmittedOn
	}
	if want(NeedDate) {
		day(&f, "on", in.On, t.Birth, today)
	}
	switch row.Action {
	case treatment.Estimate:
		if in.Bill <= 0 {
			f.Add("bill", "error.treatment.estimate_bill")
		} else if in.Insurance < 0 || in.Insurance > in.Bill {
			f.Add("insurance", "error.treatment.estimate_insurance")
		}
		t.EstimateBill, t.EstimateInsurance = in.Bill, in.Insurance
	case treatment.Admit, treatment.AdmitEmergency:
		if !t.OperatedOn.IsZero() && in.On.After(t.OperatedOn) {
			f.Add("on", "error.treatment.admitted_after_operation", "date", t.OperatedOn)
		}
		if !t.Deceased.IsZero() && in.On.After(t.Deceased) { // one of the two days is wrong
			f.Add("on", "error.treatment.admitted_after_death", "date", t.Deceased)
		}
		t.AdmittedOn, t.AdmissionNo = in.On, in.AdmissionNo
	case treatment.Discharge, treatment.DischargeUntreated, treatment.RecordDeath, treatment.TransferOut:
		if !in.On.IsZero() && !t.AdmittedOn.IsZero() && in.On.Before(t.AdmittedOn) {
			f.Add("on", "error.treatment.discharged_before_admission", "date", t.AdmittedOn)
		}
		if row.To.State == treatment.Discharged {
			t.DischargedOn = in.On
		}
		if row.Action == treatment.RecordDeath {
			t.Deceased = in.On
		}
	}
	if len([]rune(in.Reason)) > maxText {
		f.Add("reason", "form.error.long", "max", maxText)
	}
	if len([]rune(in.AdmissionNo)) > treatment.MaxAdmissionNo {
		f.Add("admission_no", "form.error.long", "max", treatment.MaxAdmissionNo)
	}
	return f.Err()
}

// day checks a day on which something happened to a patient.
func day(f *errs.Fields, path string, on, born, today clock.Date) {
	switch {
	case on.IsZero():
		f.Add(path, "form.error.missing")
	case on.After(today):
		f.Add(path, "error.care.future")
	case !born.IsZero() && on.Before(born):
		f.Add(path, "error.care.before_birth", "date", born)
	}
}
