package treatment_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// logged is a knee of the doctor's, entered by the doctor.
func logged(t *testing.T, w *servicetest.World, s *care.Service, doctor user.Principal) store.Operation {
	t.Helper()
	tr := w.Treatment(mountain, procedure.Joint, "苗砚秋", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Right, w.Today()), Confirmed: true}
	return must[store.Operation](t)(s.LogOperation(t.Context(), doctor, in, store.Key{}))
}

func TestASecondClinicianLocksARecordAndUnlockingKeepsItsReason(t *testing.T) {
	w, s := world(t)
	doctor, visitor := w.Doctor(mountain), w.Visiting(mountain)
	o := logged(t, w, s, doctor)
	refused := func(what, rule string, err error) {
		t.Helper()
		if errs.Of(err).Rule != rule || !errs.Is(err, errs.Precondition) {
			t.Errorf("%s: %v", what, err)
		}
	}
	sign := care.SignInput{Operation: o.ID, Version: o.Version}
	_, err := s.ValidateOperation(t.Context(), doctor, sign, store.Key{})
	refused("validating the own entry", "procedure.second_clinician", err)
	if _, err = s.ValidateOperation(t.Context(), w.Doctor(other), sign, store.Key{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital's doctor: %v", err)
	}
	if _, err = s.ValidateOperation(t.Context(), w.Registrar(mountain), sign, store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar: %v", err)
	}
	locked := must[store.Operation](t)(s.ValidateOperation(t.Context(), visitor, sign, store.Key{}))
	if !locked.Signature.Locked() || locked.ValidatedAt.IsZero() || locked.Validator == "" {
		t.Fatalf("%+v", locked)
	}
	fix := care.OperationInput{Operation: locked.Procedure, Version: locked.Version, Confirmed: true}
	_, err = s.CorrectOperation(t.Context(), doctor, fix, store.Key{})
	refused("correcting a locked record", "procedure.locked", err)
	if v := must[care.OperationView](t)(s.Operation(t.Context(), doctor, o.ID)); v.Edit || !v.Sign {
		t.Errorf("the page of a locked record offers correcting %v, unlocking %v", v.Edit, v.Sign)
	}
	sign.Version = o.Version
	if _, err = s.UnlockOperation(t.Context(), doctor, sign, store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("unlocking an old picture: %v", err)
	}
	sign.Version = locked.Version
	_, err = s.UnlockOperation(t.Context(), doctor, sign, store.Key{})
	field(t, err, "reason", "form.error.missing")
	sign.Reason = "批号与标签不符"
	open := must[store.Operation](t)(s.UnlockOperation(t.Context(), doctor, sign, store.Key{}))
	fix.Version, fix.Operation.ASA = open.Version, 3
	fixed := must[store.Operation](t)(s.CorrectOperation(t.Context(), visitor, fix, store.Key{}))
	_, err = s.ValidateOperation(t.Context(), visitor, care.SignInput{Operation: o.ID, Version: fixed.Version}, store.Key{})
	refused("validating the own correction", "procedure.second_clinician", err)
	must[store.Operation](t)(s.ValidateOperation(t.Context(), doctor, care.SignInput{Operation: o.ID, Version: fixed.Version}, store.Key{}))
	history(t, must[care.OperationView](t)(s.Operation(t.Context(), doctor, o.ID)).Changes)
}

// history is validated, corrected, unlocked, validated, the latest first.
func history(t *testing.T, list []store.OperationChange) {
	t.Helper()
	want := []store.ChangeAction{store.RecordValidated, store.RecordCorrected, store.RecordUnlocked, store.RecordValidated}
	if len(list) != len(want) {
		t.Fatalf("%d changes", len(list))
	}
	for i, h := range list {
		if h.Action != want[i] || h.By == "" {
			t.Errorf("line %d: %+v", i, h)
		}
	}
	if list[2].Reason != "批号与标签不符" {
		t.Errorf("the reason is %q", list[2].Reason)
	}
	if c := list[1]; c.Before.ASA != 2 || c.After.ASA != 3 || c.Before.Side != procedure.Right || c.After.LeadName == "" || c.After.PersonName != "" {
		t.Errorf("from %+v to %+v", c.Before, c.After)
	}
}

// TestTheDatabaseRefusesOneHandUnderBothNames: with the service out of the way
// nobody validates the own entry, and a history is not rewritten.
func TestTheDatabaseRefusesOneHandUnderBothNames(t *testing.T) {
	w, s := world(t)
	doctor := w.Doctor(mountain)
	o := logged(t, w, s, doctor)
	err := w.DB.InTx(t.Context(), doctor, func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.SignOperation(o, procedure.Signature{EnteredBy: doctor.AccountID, ValidatedBy: doctor.AccountID}, "")
	})
	if err == nil {
		t.Error("the database took it")
	}
}
