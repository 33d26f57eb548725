package aftercare_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// referred sends a case from the mountain to the sea, and the sea accepts it for
// so many days.
func (w *ward) referred(c store.CaseItem, purpose referral.Purpose, days int) {
	w.t.Helper()
	letter := referral.Letter{Purpose: purpose, Urgency: referral.Routine, Summary: "右膝已置换，请就近随访"}
	r, err := w.care.Send(w.t.Context(), w.Registrar(mountain), care.SendInput{Case: c.ID, To: w.ID(sea), Reason: "就近随访", Letter: letter}, store.Key{})
	if err != nil {
		w.t.Fatal(err)
	}
	in := care.AnswerInput{Referral: r.ID, Version: r.Version, Action: referral.Accept, Open: referral.Period{From: w.Today(), To: w.Today().AddDays(days)}}
	if _, err := w.care.Answer(w.t.Context(), w.Registrar(sea), in, store.Key{}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAPartnerFollowsAsLongAsTheReferralIsOpen(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	w.referred(c, referral.ForFollowUp, 10)
	f := w.step(c, followup.Week6)
	k, err := w.s.Record(t.Context(), w.Doctor(sea), aftercare.RecordInput{FollowUp: f.ID, Version: f.Version, Contact: visit(w.Today())}, store.Key{})
	if err != nil || k.Hospital != w.ID(sea) {
		t.Fatalf("%+v, %v", k, err)
	}
	if got := w.on(w.Registrar(sea), aftercare.ListInput{List: aftercare.Due}); len(got) != 0 {
		t.Errorf("the list of the partner has the home's patients: %v", got)
	}
	w.Clock.Advance(11 * 24 * time.Hour) // the days are over, the rows still open
	f = w.step(c, followup.Mon3)
	if _, err := w.s.Record(t.Context(), w.Doctor(sea), aftercare.RecordInput{FollowUp: f.ID, Version: f.Version, Contact: visit(w.Today())}, store.Key{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("recorded after the period: %v", err)
	}
	if _, err := w.s.Case(t.Context(), w.Doctor(sea), c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("read after the period: %v", err)
	}
	if _, _, err := w.care.TurnReferrals(t.Context(), w.Partnership.ID); err != nil {
		t.Fatal(err)
	}
	if v := w.view(w.Registrar(mountain), c.ID); len(v.Contacts) != 1 {
		t.Errorf("the home lost what the partner recorded: %+v", v.Contacts)
	}
}

func TestWhoTakesACaseOverFollowsItsPatient(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	w.Exec(`update registration set township = '黑溪镇' where person_id = $1`, c.Person)
	w.referred(c, referral.ForTakeOver, 0)
	if got := w.on(w.Registrar(sea), aftercare.ListInput{}); len(got) != 1 {
		t.Errorf("the new home's list: %v", got)
	}
	if got := w.on(w.Registrar(mountain), aftercare.ListInput{Hospital: w.ID(mountain)}); len(got) != 0 {
		t.Errorf("the old home's list: %v", got)
	}
	list, err := w.s.Worklist(t.Context(), w.Approver(), aftercare.ListInput{Township: "黑溪镇"})
	if err != nil || len(list.Rows) != 0 {
		t.Errorf("the address of the old home stayed: %+v, %v", list.Rows, err)
	}
}

func TestAMovedTreatmentIsFollowedWhereItBelongs(t *testing.T) {
	w := newWard(t)
	wrong, o := w.operated(mountain, "单行舟", 45)
	right := w.Case(second, procedure.Joint, "单行洲")
	tr := func() store.Treatment {
		var x store.Treatment
		w.Do(w.Approver(), func(tx *store.Tx) (err error) {
			tx.NoAudit("test")
			x, err = tx.TreatmentByID(o.Treatment)
			return err
		})
		return x
	}()
	w.Do(w.Approver(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.MoveTreatment(tr, store.Step{Action: "correct_patient", On: w.Today(), Note: "登错了人"}, right.ID)
	})
	if got := w.on(w.Registrar(mountain), aftercare.ListInput{}); len(got) != 0 {
		t.Errorf("under the wrong case: %v", got)
	}
	if got := w.on(w.Registrar(second), aftercare.ListInput{}); len(got) != 1 || got[0] != "单行洲 w6" {
		t.Errorf("under the right one: %v", got)
	}
	if v := w.view(w.Registrar(mountain), wrong.ID); len(v.FollowUps) != 0 {
		t.Errorf("%d appointments stayed", len(v.FollowUps))
	}
}
