package treatment_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

func TestASheetIsSavedUnderItsVersionAndKeepsHistory(t *testing.T) {
	w, s := world(t)
	doctor := w.Doctor(mountain)
	o := logged(t, w, s, doctor)
	sheet := servicetest.KneeSheet()
	sheet.Values["blood_loss_ml"] = []string{"250"}
	saved := must[store.Operation](t)(s.SaveSheet(t.Context(), doctor, care.SheetInput{Operation: o.ID, Version: o.Version, Sheet: sheet}, store.Key{}))
	if len(saved.Missing()) > 0 || saved.Record.Values.One("blood_loss_ml") != "250" {
		t.Fatalf("%+v", saved.Record)
	}
	if _, err := s.SaveSheet(t.Context(), doctor, care.SheetInput{Operation: o.ID, Version: o.Version, Sheet: sheet}, store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("a sheet filled in on an old picture: %v", err)
	}
	if _, err := s.SaveSheet(t.Context(), w.Doctor(other), care.SheetInput{Operation: o.ID, Version: saved.Version, Sheet: sheet}, store.Key{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital's doctor: %v", err)
	}
	v := must[care.OperationView](t)(s.Operation(t.Context(), doctor, o.ID))
	if len(v.Changes) != 1 || v.Changes[0].After.Record.Values.One("blood_loss_ml") != "250" || v.Changes[0].Before.Record.Values.One("blood_loss_ml") != "" {
		t.Errorf("history %+v", v.Changes)
	}
	// A correction of the log keeps the sheet.
	fix := care.OperationInput{Operation: saved.Procedure, Version: saved.Version, Confirmed: true}
	fix.Operation.ASA, fix.Operation.Record = 3, registry.Record{}
	if fixed := must[store.Operation](t)(s.CorrectOperation(t.Context(), doctor, fix, store.Key{})); fixed.Record.Values.One("blood_loss_ml") != "250" {
		t.Errorf("a correction lost the sheet: %+v", fixed.Record)
	}
}

func TestGapsOfASheetKeepTheRecordFromBeingSigned(t *testing.T) {
	w, s := world(t)
	doctor, visitor := w.Doctor(mountain), w.Visiting(mountain)
	o := logged(t, w, s, doctor)
	gap := servicetest.KneeSheet()
	delete(gap.Values, "vte_mechanical")
	o = must[store.Operation](t)(s.SaveSheet(t.Context(), doctor, care.SheetInput{Operation: o.ID, Version: o.Version, Sheet: gap}, store.Key{}))
	_, err := s.ValidateOperation(t.Context(), visitor, care.SignInput{Operation: o.ID, Version: o.Version}, store.Key{})
	if e := errs.Of(err); e.Rule != "procedure.sheet_incomplete" || len(e.Remedy) == 0 {
		t.Errorf("a record with a gap was signed: %v", err)
	}
	incomplete := care.OperationsInput{State: care.OperationIncomplete}
	if list := must[care.OperationList](t)(s.Operations(t.Context(), doctor, incomplete)); len(list.Rows) != 1 {
		t.Errorf("the list of gaps has %d", len(list.Rows))
	}
	o = must[store.Operation](t)(s.SaveSheet(t.Context(), doctor, care.SheetInput{Operation: o.ID, Version: o.Version, Sheet: servicetest.KneeSheet()}, store.Key{}))
	if list := must[care.OperationList](t)(s.Operations(t.Context(), doctor, incomplete)); len(list.Rows) != 0 {
		t.Errorf("the list of gaps still has %d", len(list.Rows))
	}
	must[store.Operation](t)(s.ValidateOperation(t.Context(), visitor, care.SignInput{Operation: o.ID, Version: o.Version}, store.Key{}))
	if list := must[care.OperationList](t)(s.Operations(t.Context(), doctor, care.OperationsInput{State: care.OperationUnsigned})); len(list.Rows) != 0 {
		t.Errorf("a signed record waits for its signature")
	}
}

func TestAnAlertOfTheSheetIsLookedAtAndMarked(t *testing.T) {
	w, s := world(t)
	doctor := w.Doctor(mountain)
	o := logged(t, w, s, doctor)
	sheet := servicetest.KneeSheet()
	sheet.Values["height_cm"], sheet.Values["weight_kg"] = []string{"150"}, []string{"160"}
	in := care.SheetInput{Operation: o.ID, Version: o.Version, Sheet: sheet}
	_, err := s.SaveSheet(t.Context(), doctor, in, store.Key{})
	if errs.Of(err).Rule != care.RuleConfirm {
		t.Fatalf("an unlikely body was taken without a look: %v", err)
	}
	in.Confirmed = true
	saved := must[store.Operation](t)(s.SaveSheet(t.Context(), doctor, in, store.Key{}))
	if len(saved.Marks) == 0 || saved.Marks[0] != string(procedure.RuleBMI) {
		t.Errorf("marks %v", saved.Marks)
	}
	in.Version, in.Confirmed = saved.Version, false // the same alert is not asked about twice
	must[store.Operation](t)(s.SaveSheet(t.Context(), doctor, in, store.Key{}))
}

func TestComplicationsAreAddedToASignedRecordAndCountedFromTheOperation(t *testing.T) {
	w, s := world(t)
	doctor, visitor := w.Doctor(mountain), w.Visiting(mountain)
	o := logged(t, w, s, doctor)
	must[store.Operation](t)(s.ValidateOperation(t.Context(), visitor, care.SignInput{Operation: o.ID, Version: o.Version}, store.Key{}))
	in := care.ComplicationInput{Operation: o.ID, Complication: complication.Complication{Type: complication.DeepInfection, Onset: w.Today(), Grade: "IIIB", Related: complication.RelatedYes, Outcome: "ONGOING"}}
	early := in
	early.Onset = w.Today().AddDays(-1)
	_, err := s.SaveComplication(t.Context(), doctor, early, store.Key{})
	field(t, err, "onset_on", "error.complication.before")
	c := must[store.Complication](t)(s.SaveComplication(t.Context(), w.Registrar(mountain), in, store.Key{}))
	fix := in
	fix.ID, fix.Version, fix.Outcome = c.ID, c.Version, "RESOLVED"
	c = must[store.Complication](t)(s.SaveComplication(t.Context(), doctor, fix, store.Key{}))
	if _, err := s.SaveComplication(t.Context(), doctor, fix, store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("corrected on an old picture: %v", err)
	}
	if _, err := s.SaveComplication(t.Context(), w.Registrar(other), in, store.Key{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital: %v", err)
	}
	if _, err := s.SaveComplication(t.Context(), w.Finance(mountain), in, store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a finance clerk: %v", err)
	}
	gone := care.WithdrawInput{Of: o.ID, ID: c.ID, Version: c.Version}
	_, err = s.WithdrawComplication(t.Context(), doctor, gone, store.Key{})
	field(t, err, "reason", "form.error.missing")
	gone.Reason = "记错了患者"
	must[store.Complication](t)(s.WithdrawComplication(t.Context(), doctor, gone, store.Key{}))
	if v := must[care.OperationView](t)(s.Operation(t.Context(), doctor, o.ID)); len(v.Complications) != 0 {
		t.Errorf("a complication taken back still stands: %+v", v.Complications)
	}
}

func TestAcuityIsStoredOnceAndRefusedWithItsRange(t *testing.T) {
	w, s := world(t)
	doctor, clerk := w.Doctor(mountain), w.Registrar(mountain)
	c := w.Case(mountain, procedure.Cataract, "苗清越")
	in := care.ReadingInput{Case: c.ID, Side: procedure.Right, On: w.Today(), Text: "6/18", Correction: acuity.Best}
	r := must[store.Reading](t)(s.RecordReading(t.Context(), doctor, in, store.Key{}))
	if r.Value != "L0.48" || r.Raw != "6/18" || r.Notation != acuity.Snellen6 {
		t.Errorf("%+v", r)
	}
	for text, change := range map[string]func(*care.ReadingInput){
		"value": func(x *care.ReadingInput) { x.Text = "5.6" }, "side": func(x *care.ReadingInput) { x.Side = "" },
		"taken_on": func(x *care.ReadingInput) { x.On = w.Today().AddDays(1) }, "correction": func(x *care.ReadingInput) { x.Correction = "" },
	} {
		bad := in
		change(&bad)
		_, err := s.RecordReading(t.Context(), doctor, bad, store.Key{})
		if f := errs.Of(err).Fields; !f.Has(text) {
			t.Errorf("%s: %v", text, err)
		}
	}
	by := in
	by.Text = "4.5"
	must[store.Reading](t)(s.RecordReading(t.Context(), clerk, by, store.Key{}))
	v := must[care.ReadingsView](t)(s.Readings(t.Context(), doctor, c.ID))
	if len(v.Readings) != 2 || v.Readings[0].CreatedBy == v.Readings[1].CreatedBy {
		t.Errorf("two readings by two persons: %+v", v.Readings)
	}
	if _, err := s.Readings(t.Context(), w.Doctor(other), c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital: %v", err)
	}
	must[store.Reading](t)(s.WithdrawReading(t.Context(), doctor, care.WithdrawInput{Of: c.ID, ID: r.ID, Version: r.Version, Reason: "右眼填成左眼"}, store.Key{}))
	if v = must[care.ReadingsView](t)(s.Readings(t.Context(), doctor, c.ID)); len(v.Readings) != 1 {
		t.Errorf("a withdrawn reading still stands")
	}
	knee := w.Case(mountain, procedure.Joint, "苗清平")
	in.Case = knee.ID
	if _, err := s.RecordReading(t.Context(), doctor, in, store.Key{}); errs.Of(err).Rule != "acuity.programme" {
		t.Errorf("acuity of a knee: %v", err)
	}
}

func TestRevisionChainSurvivesAHospitalChange(t *testing.T) {
	w, s := world(t)
	tr := w.Treatment(mountain, procedure.Joint, "苗念秋", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	doctor, surgeon := w.Doctor(mountain), w.Doctor(other)
	first := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Right, w.Today()), Confirmed: true}
	must[store.Operation](t)(s.LogOperation(t.Context(), doctor, first, store.Key{}))
	w.RegisterAt(other, tr.Person)
	recorded := func() (list []procedure.Recorded) {
		w.Do(surgeon, func(tx *store.Tx) (err error) { list, err = tx.RecordedOperations(tr.Person); return err })
		return list
	}
	revision := procedure.Procedure{Kind: procedure.KneeRevision, Programme: procedure.Joint, Site: procedure.Knee, Side: procedure.Right, OperatedOn: w.Today().AddDays(1)}
	found, ok := procedure.Revises(revision, recorded())
	if !ok || found.Kind != procedure.TKA || found.OperatedOn != w.Today() {
		t.Errorf("the revision at another hospital finds %+v, %v", found, ok)
	}
	revision.Side = procedure.Left
	if _, ok := procedure.Revises(revision, recorded()); ok {
		t.Error("the other knee is taken for the primary")
	}
}

// Somebody of several hospitals writes in the name of the one that takes part,
// not of the one that happens to be first.
func TestAFindingIsRecordedAtAHospitalThatTakesPart(t *testing.T) {
	w, _ := world(t)
	c := w.Case(mountain, procedure.Cataract, "苗清远")
	w.Do(w.Approver(), func(tx *store.Tx) error {
		if at, err := tx.PlaceIn(c.ID, []ident.ID{w.ID(other), w.ID(mountain)}); err != nil || at != w.ID(mountain) {
			t.Errorf("of two hospitals %v, %v", at, err)
		}
		if at, err := tx.PlaceIn(c.ID, []ident.ID{w.ID(other)}); err != nil || at != ident.Nil {
			t.Errorf("a hospital outside of the case: %v, %v", at, err)
		}
		tx.NoAudit("a test")
		return nil
	})
}
