package treatment

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// PatientView is one person with everything the reader may see of them, for the
// page of record.
type PatientView struct {
	store.PersonItem
	Documents     []store.DocumentItem
	Registrations []store.RegistrationItem
	Categories    []patient.Beneficiary
	Cases         []store.CaseItem
	Treatments    []store.Treatment
	Offers        map[ident.ID][]treatment.Offer // steps the reader may take, by treatment
	Timeline      []store.TimelineEntry
	Bills         []store.Bill
	Sides         map[ident.ID]user.Side

	CanOpenCase []procedure.Programme // without an open case the reader sees
	CanTreat    bool
	CanUnmask   bool
	CanEdit     bool
	CanAttach   bool
	HasCases    bool

	CanAskSubject bool // may write down what the person asks about the data kept on them
}

// Patient reads the page of record of one person.
func (s *Service) Patient(ctx context.Context, who user.Principal, id ident.ID) (PatientView, error) {
	var v PatientView
	if err := s.door(who, authz.PersonRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.PersonRead, ObjectKind: audit.ObjectPerson, ObjectID: id})
		if v.PersonItem, err = tx.PersonByID(id); err != nil {
			return err
		}
		if v.Documents, err = tx.DocumentsOf(id); err != nil {
			return err
		}
		if v.Registrations, err = tx.RegistrationsOf(id); err != nil {
			return err
		}
		if v.Categories, err = tx.BeneficiariesOf(id); err != nil {
			return err
		}
		if v.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		if v.Timeline, err = tx.Timeline(s.timelineFilter(who, id)); err != nil {
			return err
		}
		if s.door(who, authz.CaseRead) != nil { // a screener registers and sees no care
			return nil
		}
		return s.fillCare(tx, who, &v)
	})
	if err != nil {
		return PatientView{}, err
	}
	v.CanUnmask = s.door(who, authz.PersonUnmask) == nil
	v.CanAttach = s.door(who, authz.AttachmentAdd) == nil
	for _, r := range v.Registrations {
		v.CanEdit = v.CanEdit || s.can(who, authz.PersonEdit, r.HospitalID)
		v.CanAskSubject = v.CanAskSubject || s.can(who, authz.SubjectRegister, r.HospitalID)
	}
	return v, nil
}

// fillCare reads the cases and what stands under them.
func (s *Service) fillCare(tx *store.Tx, who user.Principal, v *PatientView) (err error) {
	v.HasCases = true
	if v.Cases, err = tx.CasesOf(v.ID); err != nil {
		return err
	}
	if v.Treatments, err = tx.TreatmentsOfPerson(v.ID); err != nil {
		return err
	}
	ids := make([]ident.ID, len(v.Treatments))
	for i, t := range v.Treatments {
		ids[i] = t.ID
	}
	if s.door(who, authz.SettlementRead) == nil {
		if v.Bills, err = tx.BillsOf(ids...); err != nil {
			return err
		}
	}
	v.Offers = s.offers(who, v.Treatments)
	v.CanTreat = s.door(who, authz.TreatmentOpen) == nil
	if s.door(who, authz.CaseOpen) == nil {
		v.CanOpenCase = without(v.Cases)
	}
	return nil
}

// offers are the steps of the table the reader may take; whether their facts
// hold is found out on the treatment's own page.
func (s *Service) offers(who user.Principal, treatments []store.Treatment) map[ident.ID][]treatment.Offer {
	out := map[ident.ID][]treatment.Offer{}
	for _, t := range treatments {
		for _, row := range treatment.From(t.Place) {
			if s.can(who, row.Permission, t.Hospital) {
				out[t.ID] = append(out[t.ID], treatment.Offer{Row: row})
			}
		}
	}
	return out
}

// without lists the programmes in which no open case is seen.
func without(cases []store.CaseItem) []procedure.Programme {
	var out []procedure.Programme
	for _, p := range procedure.Programmes() {
		open := false
		for _, c := range cases {
			open = open || c.Programme == p && c.Open()
		}
		if !open {
			out = append(out, p)
		}
	}
	return out
}
