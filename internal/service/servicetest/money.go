package servicetest

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Fund opens a fund for every programme with an amount in it.
func (w *World) Fund(amount money.Fen) store.Fund {
	w.T.Helper()
	f := store.Fund{ID: ident.New(), Code: "F-" + ident.SlipCode(), Name: "站立行动资金池", Kind: fund.Pool, OpenedOn: clock.MustDate(2020, 1, 1)}
	w.Do(w.System(), func(tx *store.Tx) error {
		if _, err := tx.InsertFund(f); err != nil {
			return err
		}
		books, err := tx.Books(f.ID)
		if err != nil || amount == 0 {
			return err
		}
		t, err := books[f.ID].Deposit(fund.Stamp{ID: ident.New(), On: w.Today()}, amount)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: t, Fund: f.ID, Note: "协作财政资金"})
	})
	return f
}

// Eligible is a treatment at a hospital whose patient is registered there, holds
// a category with its proof, and waits for the application. Everything was
// entered by the hospital's registrar.
func (w *World) Eligible(p Place) store.Treatment {
	w.T.Helper()
	registrar := w.Registrar(p)
	var t store.Treatment
	w.Do(registrar, func(tx *store.Tx) error {
		person := patient.Person{ID: ident.New(), Name: "禾晚舟", Sex: patient.Female, Birth: clock.MustDate(1958, 4, 7)}
		if err := tx.InsertPerson(person, w.ID(p)); err != nil {
			return err
		}
		r := patient.Registration{ID: ident.New(), PersonID: person.ID, HospitalID: w.ID(p), LegalBasis: patient.BasisStatutory, Township: "北渡镇",
			Village: "临江村", SlipCode: ident.SlipCode(), RegisteredOn: w.Today()}
		if err := tx.InsertRegistration(store.Source{Person: person, Registration: r}, ""); err != nil {
			return err
		}
		b := patient.Beneficiary{ID: ident.New(), PersonID: person.ID, Category: terminology.CategoryDB, From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2026, 12, 31)}
		if err := tx.InsertBeneficiary(b); err != nil {
			return err
		}
		proof := store.Attachment{ID: ident.New(), HospitalID: w.ID(p), Owner: store.Owner{Kind: store.OwnerBeneficiary, ID: b.ID}, Kind: document.Poverty,
			FileName: "证明.jpg", Media: "image/jpeg", Size: 3, Digest: []byte{1}}
		if err := tx.InsertAttachment(proof, []ident.ID{w.ID(p)}); err != nil {
			return err
		}
		c, err := tx.OpenCase(store.CaseOpening{Person: person.ID, Hospital: w.ID(p), Programme: procedure.Joint, On: w.Today(), Diagnosis: "左膝骨关节炎"})
		if err != nil {
			return err
		}
		if t, err = tx.OpenTreatment(store.TreatmentOpening{Case: c, Hospital: w.ID(p), Plan: "左膝全膝关节置换"}); err != nil {
			return err
		}
		t, err = w.step(tx, t, treatment.ConfirmEligible)
		return err
	})
	return t
}

// Advance takes steps of the transition table as a system principal, with every
// fact given: it builds a state, it does not test the way there. Admissions and
// discharges happen today.
func (w *World) Advance(t store.Treatment, steps ...treatment.Action) store.Treatment {
	w.T.Helper()
	w.Do(w.System(), func(tx *store.Tx) error {
		for _, a := range steps {
			held, err := tx.TreatmentForUpdate(t.ID)
			if err != nil {
				return err
			}
			if t, err = w.step(tx, held, a); err != nil {
				return err
			}
		}
		return nil
	})
	return t
}

func (w *World) step(tx *store.Tx, t store.Treatment, a treatment.Action) (store.Treatment, error) {
	switch a {
	case treatment.Admit, treatment.AdmitEmergency:
		t.AdmittedOn = w.Today()
	case treatment.Discharge, treatment.DischargeUntreated:
		t.DischargedOn = w.Today()
	}
	return tx.AdvanceTreatment(t, store.Step{Action: a, Note: "测试", Facts: treatment.With(treatment.AllFacts()...)})
}
