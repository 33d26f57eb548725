package treatment_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// operated is a case with one knee done at the mountain.
func operated(t *testing.T, w *servicetest.World, s *care.Service, name string) (store.CaseItem, store.Treatment) {
	t.Helper()
	doctor := w.Doctor(mountain)
	c := w.Case(mountain, procedure.Joint, name)
	tr := w.TreatmentIn(c, mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Right, w.Today())}
	must[store.Operation](t)(s.LogOperation(t.Context(), doctor, in, store.Key{}))
	return c, must[care.TreatmentView](t)(s.Treatment(t.Context(), doctor, tr.ID)).Treatment
}

func TestADeathTakesThePersonOffTheListsAndUndoneBackOn(t *testing.T) {
	w, s := world(t)
	c, _ := operated(t, w, s, "单行舟")
	second := must[store.CaseItem](t)(s.PlanSecond(t.Context(), w.Registrar(mountain), care.SecondInput{Case: c.ID, Version: caseVersion(w, c.ID),
		Plan: casefile.SecondSide{Site: procedure.Knee, Side: procedure.Left}}, store.Key{}))
	planned := w.TreatmentIn(second, mountain, treatment.ConfirmEligible)
	w.RegisterAt(sea, c.Person)
	lists := func() (queue, waiting int) {
		q := must[care.Queue](t)(s.Queue(t.Context(), w.Registrar(mountain)))
		for _, i := range q.Items {
			if i.Person == c.Person {
				queue++
			}
		}
		return queue, len(must[care.SecondList](t)(s.Seconds(t.Context(), w.Registrar(mountain), care.SecondsInput{})).Rows)
	}
	q0, w0 := lists()
	if q0 == 0 || w0 != 1 {
		t.Fatalf("before: %d in the queue, %d waiting", q0, w0)
	}
	in := care.DeathInput{Person: c.Person, Death: patient.Death{On: w.Today(), Source: patient.DeathFamily}}
	early := in
	early.Death.On = w.Today().AddDays(-1)
	_, err := s.ReportDeath(t.Context(), w.Registrar(mountain), early, store.Key{})
	field(t, err, "died_on", "error.death.before_operation")
	r := must[store.DeathReport](t)(s.ReportDeath(t.Context(), w.Registrar(mountain), in, store.Key{}))
	if r.State != patient.DeathReported {
		t.Errorf("two hospitals know the person and the report is %s", r.State)
	}
	if q, n := lists(); q != 0 || n != 0 {
		t.Errorf("after the report: %d in the queue, %d waiting", q, n)
	}
	// Nothing is ended and nothing given back by it.
	if v := must[care.TreatmentView](t)(s.Treatment(t.Context(), w.Registrar(mountain), planned.ID)); v.Place.State != treatment.Eligible {
		t.Errorf("the planned treatment stands at %s", v.Place.State)
	}
	if _, err := s.ReportDeath(t.Context(), w.Registrar(mountain), in, store.Key{}); errs.Of(err).Rule != "death.once" {
		t.Errorf("reported twice: %v", err)
	}
	step := care.DeathStep{Report: r.ID, Version: r.Version}
	if _, err := s.SettleDeath(t.Context(), w.Registrar(mountain), step, store.Key{}); errs.Of(err).Rule != "death.second" {
		t.Errorf("the reporter confirmed itself: %v", err)
	}
	must[ident.ID](t)(s.SettleDeath(t.Context(), w.Registrar(sea), step, store.Key{}))
	step.Version, step.Undo = r.Version+1, true
	_, err = s.SettleDeath(t.Context(), w.Approver(), step, store.Key{})
	field(t, err, "reason", "error.review.reason")
	step.Reason = "同名，弄错了"
	must[ident.ID](t)(s.SettleDeath(t.Context(), w.Approver(), step, store.Key{}))
	if q, n := lists(); q != q0 || n != w0 {
		t.Errorf("after undoing: %d in the queue, %d waiting, were %d and %d", q, n, q0, w0)
	}
	if n := w.Count(`select count(*) from person where deceased_on is not null`); n != 0 {
		t.Error("the day of the death is still on the person")
	}
}

// caseVersion reads the version a page would show.
func caseVersion(w *servicetest.World, id ident.ID) (v int64) {
	w.Do(w.System(), func(tx *store.Tx) error {
		c, err := tx.CaseByID(id)
		v = c.Version
		return err
	})
	return v
}

func TestATreatmentGoesToTheRightPersonWithAllThatBelongsToIt(t *testing.T) {
	w, s := world(t)
	wrong, tr := operated(t, w, s, "单行舟")
	right := w.Case(other, procedure.Joint, "单行州")
	in := care.MoveInput{Treatment: tr.ID, Version: tr.Version, To: right.No, Reason: "同音不同字，住院号核对"}
	if _, err := s.Move(t.Context(), w.Registrar(mountain), in, store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital moved it alone: %v", err)
	}
	must[ident.ID](t)(s.Move(t.Context(), w.Approver(), in, store.Key{}))
	for _, table := range []string{"treatment", "procedure"} {
		key := map[string]string{"treatment": "id", "procedure": "treatment_id"}[table]
		if n := w.Count(`select count(*) from `+table+` where `+key+` = $1 and case_id = $2 and person_id = $3 and visible_to @> array[$4::uuid, $5::uuid] and cardinality(visible_to) = 2`,
			tr.ID, right.ID, right.Person, w.ID(mountain), w.ID(other)); n != 1 {
			t.Errorf("%s did not move as a whole", table)
		}
	}
	if n := w.Count(`select count(*) from treatment_event where treatment_id = $1 and not visible_to @> array[$2::uuid]`, tr.ID, w.ID(other)); n != 0 {
		t.Errorf("%d steps are hidden from the new home", n)
	}
	v := must[care.CaseView](t)(s.Case(t.Context(), w.Registrar(other), right.ID))
	if len(v.Treatments) != 1 || len(v.Operations) != 1 || v.State != casefile.InTreatment {
		t.Errorf("the right case: %d treatments, %d operations, %s", len(v.Treatments), len(v.Operations), v.State)
	}
	if v := must[care.CaseView](t)(s.Case(t.Context(), w.Registrar(mountain), wrong.ID)); len(v.Treatments) != 0 || v.State != casefile.Registered {
		t.Errorf("the wrong case keeps %d treatments, %s", len(v.Treatments), v.State)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'record.move' and reason <> ''`); n != 1 {
		t.Errorf("%d audited moves", n)
	}
}

func TestACaseGoesToTheRightPerson(t *testing.T) {
	w, s := world(t)
	c, _ := operated(t, w, s, "单行舟")
	taken := w.Case(mountain, procedure.Joint, "单行州")
	in := care.MoveInput{Case: c.ID, Version: caseVersion(w, c.ID), To: taken.No, Reason: "登记错人"}
	if _, err := s.Move(t.Context(), w.Approver(), in, store.Key{}); errs.Of(err).Rule != "move.one_open" {
		t.Errorf("a second open case: %v", err)
	}
	free := w.Case(mountain, procedure.Cataract, "单行洲")
	in.To = free.No
	must[ident.ID](t)(s.Move(t.Context(), w.Approver(), in, store.Key{}))
	if n := w.Count(`select count(*) from casefile c join treatment t on t.case_id = c.id join procedure o on o.case_id = c.id
		where c.id = $1 and c.person_id = $2 and t.person_id = $2 and o.person_id = $2`, c.ID, free.Person); n != 1 {
		t.Error("the case did not move as a whole")
	}
	must[care.CaseView](t)(s.Case(t.Context(), w.Registrar(mountain), c.ID))
}

func TestAProgrammeIsCorrectedBeforeAnythingWasDone(t *testing.T) {
	w, s := world(t)
	c := w.Case(mountain, procedure.Joint, "单行舟")
	w.TreatmentIn(c, mountain, treatment.ConfirmEligible)
	in := care.ProgrammeInput{Case: c.ID, Version: caseVersion(w, c.ID), Programme: procedure.Cataract, Reason: "点错了"}
	got := must[store.CaseItem](t)(s.CorrectProgramme(t.Context(), w.Registrar(mountain), in, store.Key{}))
	if got.Programme != procedure.Cataract || w.Count(`select count(*) from treatment where case_id = $1 and programme = 'cataract'`, c.ID) != 1 {
		t.Errorf("programme %s", got.Programme)
	}
	done, _ := operated(t, w, s, "顾听澜")
	in = care.ProgrammeInput{Case: done.ID, Version: caseVersion(w, done.ID), Programme: procedure.Cataract, Reason: "点错了"}
	if _, err := s.CorrectProgramme(t.Context(), w.Registrar(mountain), in, store.Key{}); errs.Of(err).Rule != "programme.nothing_done" {
		t.Errorf("after an operation: %v", err)
	}
}

func TestMishapsAreRecordedAndMarked(t *testing.T) {
	w, s := world(t)
	doctor := w.Doctor(mountain)
	tr := w.Treatment(mountain, procedure.Joint, "单行舟", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	in := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.AbandonOperation, On: w.Today()}
	if _, err := s.Step(t.Context(), doctor, in, store.Key{}); !errs.Of(err).Fields.Has("reason") {
		t.Errorf("broken off without a reason: %v", err)
	}
	in.Reason = "麻醉后血压过高，取消手术"
	got := must[store.Treatment](t)(s.Step(t.Context(), doctor, in, store.Key{}))
	if got.Place.State != treatment.Admitted || w.Count(`select count(*) from treatment_event where mark = 'operation_abandoned' and note <> ''`) != 1 {
		t.Errorf("stands at %v", got.Place)
	}
	if w.Count(`select count(*) from procedure`) != 0 {
		t.Error("a broken off operation counts as one")
	}
	_, done := operated(t, w, s, "顾听澜")
	conv := care.StepInput{Treatment: done.ID, Version: done.Version, Action: treatment.ConvertOperation, On: w.Today(), Reason: "术中改为翻修假体"}
	if got := must[store.Treatment](t)(s.Step(t.Context(), doctor, conv, store.Key{})); got.Place.State != treatment.Operated {
		t.Errorf("stands at %v", got.Place)
	}
}

func TestATransferIsADischargeAReferralAndASecondTreatment(t *testing.T) {
	w, s := world(t)
	c, tr := operated(t, w, s, "单行舟")
	in := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.TransferOut, On: w.Today(), Reason: "术后感染，需专科处理", To: w.ID(sea)}
	got := must[store.Treatment](t)(s.Step(t.Context(), w.Registrar(mountain), in, store.Key{}))
	if got.Place.State != treatment.Discharged || got.DischargedOn != w.Today() {
		t.Errorf("the first treatment: %v %v", got.Place, got.DischargedOn)
	}
	box := must[care.ReferralList](t)(s.Referrals(t.Context(), w.Registrar(sea), care.ReferralsInput{Box: care.Inbox}))
	if len(box.Rows) != 1 || box.Rows[0].Letter.Purpose != referral.ForTransfer {
		t.Fatalf("the receiver's inbox: %+v", box.Rows)
	}
	must[store.Referral](t)(s.Answer(t.Context(), w.Registrar(sea), accept(box.Rows[0], w, 14), store.Key{}))
	v := must[care.CaseView](t)(s.Case(t.Context(), w.Registrar(mountain), c.ID))
	if len(v.Treatments) != 2 || v.Treatments[1].Hospital != w.ID(sea) {
		t.Errorf("%d treatments after the transfer", len(v.Treatments))
	}
}
