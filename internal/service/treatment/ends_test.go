package treatment_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// requested is a treatment whose reduction waits for its decision.
func requested(w *servicetest.World, name string) store.Treatment {
	tr := w.Treatment(mountain, procedure.Joint, name, treatment.ConfirmEligible, treatment.RequestApproval)
	w.Exec(`insert into approval (partnership_id, id, treatment_id, case_id, hospital_id, visible_to, state, bill_fen, insurance_fen, requested_fen, requested_by, requested_at)
		values ($1, $2, $3, $4, $5, array[$5::uuid], 'requested', 5000000, 3000000, 1500000, $2, $6)`, w.Partnership.ID, ident.New(), tr.ID, tr.Case, w.ID(mountain), w.Clock.Now())
	return tr
}

func TestARequestWaitsForTheOfficeAndIsShownToTheHospitalAsTheirs(t *testing.T) {
	w, s := world(t)
	tr := requested(w, "覃书田")
	q := must[care.Queue](t)(s.Queue(t.Context(), w.Approver()))
	if q.Counts[care.TaskDecide] != 1 || len(q.Items) != 1 || q.Items[0].Treatment != tr.ID || q.Items[0].Amount != 1_500_000 {
		t.Errorf("the office: %+v", q)
	}
	if n := must[int](t)(s.Waiting(t.Context(), w.Approver())); n != 1 {
		t.Errorf("the counter says %d", n)
	}
	q = must[care.Queue](t)(s.Queue(t.Context(), w.Finance(mountain)))
	if q.Total() != 0 || q.Others != 1 || q.Items[0].Urgency != care.Other {
		t.Errorf("the hospital: %+v", q)
	}
	if q = must[care.Queue](t)(s.Queue(t.Context(), w.Finance(other))); len(q.Items) != 0 {
		t.Errorf("another hospital sees %d", len(q.Items))
	}
}

func TestATreatmentThatEndsTakesItsRequestBack(t *testing.T) {
	w, s := world(t)
	tr := requested(w, "顾听澜")
	in := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.Withdraw, Reason: "回家休养"}
	ended := must[store.Treatment](t)(s.Step(t.Context(), w.Registrar(mountain), in, store.Key{}))
	if ended.Place.State != treatment.Withdrawn {
		t.Errorf("state %s", ended.Place.State)
	}
	if n := w.Count(`select count(*) from approval where state = 'withdrawn'`); n != 1 {
		t.Error("the request still waits for a decision")
	}
}

func TestNobodyIsAdmittedAfterTheDeath(t *testing.T) {
	w, s := world(t)
	tr := w.Treatment(mountain, procedure.Joint, "韦山岚", treatment.ConfirmEligible, treatment.ForgoReduction)
	w.Exec(`update person set deceased_on = $2 where id = $1`, tr.Person, w.Today().AddDays(-2))
	for _, day := range []int{0, -1, -2} {
		in := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.Admit, On: w.Today().AddDays(day)}
		_, err := s.Step(t.Context(), w.Registrar(mountain), in, store.Key{})
		if day == -2 { // written down later, of a day the patient lived to see
			if err != nil {
				t.Errorf("on the day of the death: %v", err)
			}
			continue
		}
		field(t, err, "on", "error.treatment.admitted_after_death")
	}
}

func TestADeathIsOnRecordOnceAndSettledWhereItWasInCare(t *testing.T) {
	w, s := world(t)
	who := w.Registrar(mountain)
	tr := w.Treatment(mountain, procedure.Coronary, "韦山月", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	in := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.RecordDeath, On: tr.AdmittedOn.AddDays(-1)}
	_, err := s.Step(t.Context(), who, in, store.Key{})
	field(t, err, "on", "error.treatment.discharged_before_admission")
	in.On = w.Today()
	died := must[store.Treatment](t)(s.Step(t.Context(), who, in, store.Key{}))
	if died.Place.State != treatment.Discharged || died.Deceased != w.Today() || died.DischargedOn != w.Today() {
		t.Errorf("treatment = %+v", died)
	}
	events := must[care.TreatmentView](t)(s.Treatment(t.Context(), who, tr.ID)).Events
	if last := events[len(events)-1]; last.Mark != treatment.MarkDiedInCare {
		t.Errorf("mark %q", last.Mark)
	}
}

func TestTheCounterFollowsOwnWorkAtOnce(t *testing.T) {
	w, s := world(t)
	who := w.Registrar(mountain)
	tr := w.Treatment(mountain, procedure.Joint, "沈砚舟")
	count := func() int { return must[int](t)(s.Waiting(t.Context(), who)) }
	if n := count(); n != 1 {
		t.Fatalf("counter %d", n)
	}
	w.Treatment(mountain, procedure.Joint, "石青禾") // a colleague's work may lag
	in := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.Decline, Reason: "不符合手术条件"}
	must[store.Treatment](t)(s.Step(t.Context(), who, in, store.Key{}))
	if q := must[care.Queue](t)(s.Queue(t.Context(), who)); count() != q.Total() || q.Counts[care.TaskClose] != 1 {
		t.Errorf("counter %d, queue %+v", count(), q.Counts)
	}
}

// TestAnEmergencyWithoutItsPapersIsWrittenOffByTheOffice: on the last day of the
// partnership's own time limit nothing is overdue; the day after, the office
// finds it, writes it off with a reason, and the treatment can be closed.
func TestAnEmergencyWithoutItsPapersIsWrittenOffByTheOffice(t *testing.T) {
	w, s := world(t)
	w.Exec(`update partnership set late_approval_days = 10 where id = $1`, w.Partnership.ID)
	tr := w.Treatment(mountain, procedure.Coronary, "蓝溪石", treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	office := w.Approver()
	mark := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.MarkOverdue, Reason: "家属多次通知未到"}
	overdue := func() int {
		n := must[int](t)(s.Waiting(t.Context(), office))
		q := must[care.Queue](t)(s.Queue(t.Context(), office))
		if q.Counts[care.TaskOverdue] != len(q.Items) || n != len(q.Items) {
			t.Errorf("counted %d and %d, listed %d", n, q.Counts[care.TaskOverdue], len(q.Items))
		}
		return len(q.Items)
	}
	w.Clock.Advance(7 * 24 * time.Hour) // admitted three days before
	if n := overdue(); n != 0 {
		t.Errorf("%d overdue on the last day", n)
	}
	if _, err := s.Step(t.Context(), office, mark, store.Key{}); errs.Of(err).Rule == "" || !errs.Is(err, errs.Precondition) {
		t.Errorf("written off on the last day: %v", err)
	}
	w.Clock.Advance(24 * time.Hour)
	if n := overdue(); n != 1 {
		t.Errorf("%d overdue the day after", n)
	}
	if _, err := s.Step(t.Context(), w.Finance(mountain), mark, store.Key{}); err == nil {
		t.Error("the hospital writes off its own papers")
	}
	marked := must[store.Treatment](t)(s.Step(t.Context(), office, mark, store.Key{}))
	if marked.Place != tr.Place {
		t.Errorf("the treatment moved to %v", marked.Place)
	}
	if n := overdue(); n != 0 {
		t.Errorf("%d overdue after it was written off", n)
	}
	v := must[care.TreatmentView](t)(s.Treatment(t.Context(), office, tr.ID))
	if last := v.Events[len(v.Events)-1]; last.Mark != treatment.MarkException || !v.Facts.Has[treatment.ApprovalDecided] {
		t.Errorf("mark %q, decided %v", last.Mark, v.Facts.Has[treatment.ApprovalDecided])
	}
}
