package treatment_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

func letter() referral.Letter {
	return referral.Letter{Purpose: referral.ForSecondSide, Urgency: referral.Urgent, Site: procedure.Knee, Side: procedure.Left, Summary: "右膝已置换"}
}

// sent is a referral of a new case from the mountain to the sea.
func sent(t *testing.T, w *servicetest.World, s *care.Service, name string) (store.CaseItem, store.Referral) {
	t.Helper()
	c := w.Case(mountain, procedure.Joint, name)
	in := care.SendInput{Case: c.ID, To: w.ID(sea), Reason: "对侧膝关节置换", Letter: letter()}
	return c, must[store.Referral](t)(s.Send(t.Context(), w.Registrar(mountain), in, store.Key{}))
}

func accept(r store.Referral, w *servicetest.World, days int) care.AnswerInput {
	return care.AnswerInput{Referral: r.ID, Version: r.Version, Action: referral.Accept,
		Open: referral.Period{From: w.Today(), To: w.Today().AddDays(days)}}
}

func TestAReferralTellsWhoBeforeTheCaseIsOpen(t *testing.T) {
	w, s := world(t)
	c, r := sent(t, w, s, "单行舟")
	receiver := w.Registrar(sea)
	v := must[care.ReferralView](t)(s.Referral(t.Context(), receiver, r.ID))
	if v.PersonName != "单行舟" || v.CaseNo != "" || v.MayOpen || v.Letter.Summary != "右膝已置换" {
		t.Errorf("the letter shows %+v", v.Referral)
	}
	if _, err := s.Case(t.Context(), receiver, c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("the case before the answer: %v", err)
	}
	if _, err := s.Referral(t.Context(), w.Registrar(other), r.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("a third hospital reads the letter: %v", err)
	}
	if _, err := s.Answer(t.Context(), w.Registrar(mountain), accept(r, w, 30), store.Key{}); err == nil {
		t.Error("the sender accepted for the receiver")
	}
	in := care.SendInput{Case: c.ID, To: w.ID(sea), Reason: "再发一次", Letter: letter()}
	if _, err := s.Send(t.Context(), w.Registrar(mountain), in, store.Key{}); errs.Of(err).Rule != "referral.one_at_a_time" {
		t.Errorf("a second letter while one waits: %v", err)
	}
}

// A letter keeps the names its hospitals had on its day.
func TestALetterKeepsTheNamesOfItsDay(t *testing.T) {
	w, s := world(t)
	_, old := sent(t, w, s, "单行舟")
	called := w.Hospitals[mountain].Label()
	w.Clock.Advance(time.Hour)
	w.Do(authz.System("test").In(ident.Nil), func(tx *store.Tx) error {
		tx.NoAudit("test")
		o, err := tx.OrganisationByID(w.ID(mountain))
		if err != nil {
			return err
		}
		if err := tx.KeepName(o); err != nil {
			return err
		}
		o.Name, o.ShortName = "云岭区医疗中心", "云岭中心"
		return tx.UpdateOrganisation(o)
	})
	w.Clock.Advance(time.Hour)
	_, fresh := sent(t, w, s, "单行路")
	for id, want := range map[ident.ID]string{old.ID: called, fresh.ID: "云岭中心"} {
		if v := must[care.ReferralView](t)(s.Referral(t.Context(), w.Registrar(sea), id)); v.GiverName != want || v.JoinerName != w.Hospitals[sea].Label() {
			t.Errorf("%q to %q, want %q", v.GiverName, v.JoinerName, want)
		}
	}
}

func TestAcceptingOpensTheCaseAndRegistersThePatient(t *testing.T) {
	w, s := world(t)
	c, r := sent(t, w, s, "单行舟")
	done := w.TreatmentIn(c, mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	receiver := w.Registrar(sea)
	r = must[store.Referral](t)(s.Answer(t.Context(), receiver, accept(r, w, 30), store.Key{}))
	if r.State != referral.Accepted || r.Due != w.Today().AddDays(33) {
		t.Errorf("accepted: %v, due %v", r.State, r.Due)
	}
	if n := w.Count(`select count(*) from registration where hospital_id = $1 and person_id = $2`, w.ID(sea), c.Person); n != 1 {
		t.Errorf("%d registrations of the receiver", n)
	}
	v := must[care.CaseView](t)(s.Case(t.Context(), receiver, c.ID))
	if len(v.Treatments) != 1 || len(v.CanOpen) != 1 {
		t.Errorf("the receiver sees %d treatments, may treat at %v", len(v.Treatments), v.CanOpen)
	}
	if _, err := s.Treatment(t.Context(), w.Doctor(sea), done.ID); err != nil {
		t.Errorf("the treatment of the sender: %v", err)
	}
	// A treatment planned while the referral is open is open to the partner as well.
	later := must[store.Treatment](t)(s.OpenTreatment(t.Context(), w.Registrar(mountain), care.PlanInput{Case: c.ID, Plan: "右膝翻修"}, store.Key{}))
	if _, err := s.Treatment(t.Context(), receiver, later.ID); err != nil {
		t.Errorf("a later treatment of the sender: %v", err)
	}
}

func TestTheCaseClosesWhenThePeriodIsOver(t *testing.T) {
	w, s := world(t)
	c, r := sent(t, w, s, "单行舟")
	w.TreatmentIn(c, mountain, treatment.ConfirmEligible)
	receiver := w.Registrar(sea)
	must[store.Referral](t)(s.Answer(t.Context(), receiver, accept(r, w, 10), store.Key{}))
	turn := func() (int, int) {
		opened, closed, err := s.TurnReferrals(t.Context(), w.Partnership.ID)
		if err != nil {
			t.Fatal(err)
		}
		return opened, closed
	}
	w.Clock.Advance(10 * 24 * time.Hour)
	if _, closed := turn(); closed != 0 {
		t.Error("closed on its last day")
	}
	must[care.CaseView](t)(s.Case(t.Context(), receiver, c.ID))
	w.Clock.Advance(24 * time.Hour)
	// The days decide, before the job came by.
	if _, err := s.Case(t.Context(), receiver, c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("the case after the period: %v", err)
	}
	if _, closed := turn(); closed != 1 {
		t.Error("the job did not close it")
	}
	if _, closed := turn(); closed != 0 {
		t.Error("the job closed it twice")
	}
	if n := w.Count(`select count(*) from casefile where id = $1 and $2 = any (visible_to)`, c.ID, w.ID(sea)); n != 0 {
		t.Error("the row is still open")
	}
	late := must[care.ReferralList](t)(s.Referrals(t.Context(), w.Approver(), care.ReferralsInput{Box: care.Late}))
	if len(late.Rows) != 0 {
		t.Error("late before the reply was due")
	}
	w.Clock.Advance(7 * 24 * time.Hour)
	late = must[care.ReferralList](t)(s.Referrals(t.Context(), w.Approver(), care.ReferralsInput{Box: care.Late}))
	if len(late.Rows) != 1 || late.Counts[care.Late][""] != 1 {
		t.Errorf("the office sees %d overdue", len(late.Rows))
	}
}

func TestAPeriodThatBeginsLaterOpensThen(t *testing.T) {
	w, s := world(t)
	c, r := sent(t, w, s, "单行舟")
	receiver := w.Registrar(sea)
	in := accept(r, w, 40)
	in.Open.From = w.Today().AddDays(5)
	must[store.Referral](t)(s.Answer(t.Context(), receiver, in, store.Key{}))
	if _, err := s.Case(t.Context(), receiver, c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("open before its first day: %v", err)
	}
	w.Clock.Advance(5 * 24 * time.Hour)
	if opened, _, err := s.TurnReferrals(t.Context(), w.Partnership.ID); err != nil || opened != 1 {
		t.Fatalf("opened %d, %v", opened, err)
	}
	must[care.CaseView](t)(s.Case(t.Context(), receiver, c.ID))
	if n := w.Count(`select count(*) from registration where hospital_id = $1 and person_id = $2`, w.ID(sea), c.Person); n != 1 {
		t.Errorf("%d registrations of the receiver", n)
	}
}

func TestDoneClosesTheCaseAndLeavesTheReceiverItsOwn(t *testing.T) {
	w, s := world(t)
	c, r := sent(t, w, s, "单行舟")
	theirs := w.TreatmentIn(c, mountain, treatment.ConfirmEligible)
	receiver := w.Registrar(sea)
	r = must[store.Referral](t)(s.Answer(t.Context(), receiver, accept(r, w, 30), store.Key{}))
	own := must[store.Treatment](t)(s.OpenTreatment(t.Context(), receiver, care.PlanInput{Case: c.ID, Plan: "左膝置换"}, store.Key{}))
	in := care.AnswerInput{Referral: r.ID, Version: r.Version, Action: referral.Finish}
	_, err := s.Answer(t.Context(), receiver, in, store.Key{})
	field(t, err, "reason", "error.referral.closing")
	in.Reply = "左膝已完成，请当地随访"
	r = must[store.Referral](t)(s.Answer(t.Context(), receiver, in, store.Key{}))
	if r.State != referral.Done || r.Closing != in.Reply || r.Due != (clock.Date{}) {
		t.Errorf("done: %+v", r)
	}
	v := must[care.CaseView](t)(s.Case(t.Context(), receiver, c.ID))
	if len(v.Treatments) != 1 || v.Treatments[0].ID != own.ID {
		t.Errorf("the receiver keeps %d treatments", len(v.Treatments))
	}
	if _, err := s.Treatment(t.Context(), receiver, theirs.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("the sender's treatment afterwards: %v", err)
	}
	if v := must[care.ReferralView](t)(s.Referral(t.Context(), w.Registrar(mountain), r.ID)); v.Closing != in.Reply {
		t.Error("the sender does not read the reply")
	}
}

func TestAHandOverMakesTheReceiverTheHome(t *testing.T) {
	w, s := world(t)
	c := w.Case(mountain, procedure.Joint, "单行舟")
	old := w.TreatmentIn(c, mountain, treatment.ConfirmEligible)
	l := letter()
	l.Purpose = referral.ForTakeOver
	r := must[store.Referral](t)(s.Send(t.Context(), w.Registrar(mountain), care.SendInput{Case: c.ID, To: w.ID(sea), Reason: "患者迁居", Letter: l}, store.Key{}))
	r = must[store.Referral](t)(s.Answer(t.Context(), w.Registrar(sea), accept(r, w, 30), store.Key{}))
	must[store.Referral](t)(s.Answer(t.Context(), w.Registrar(sea), care.AnswerInput{Referral: r.ID, Version: r.Version, Action: referral.Finish, Reply: "已接手"}, store.Key{}))
	for name, who := range map[string]care.CaseView{"new home": must[care.CaseView](t)(s.Case(t.Context(), w.Registrar(sea), c.ID)),
		"old home": must[care.CaseView](t)(s.Case(t.Context(), w.Registrar(mountain), c.ID))} {
		if who.Home != w.ID(sea) || len(who.Treatments) != 1 || who.Treatments[0].ID != old.ID {
			t.Errorf("%s sees home %v and %d treatments", name, who.Home, len(who.Treatments))
		}
	}
}

func TestTheClockIsAgreedByTheOffice(t *testing.T) {
	w, s := world(t)
	list := must[[]care.AgreedClock](t)(s.Clocks(t.Context(), w.Approver()))
	if len(list) != 3 || !list[0].Sample {
		t.Fatalf("clocks %+v", list)
	}
	for i := range list {
		list[i].AnswerDays = 5
	}
	if err := s.SaveClocks(t.Context(), w.Registrar(mountain), list, store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital changed the agreement: %v", err)
	}
	if err := s.SaveClocks(t.Context(), w.Approver(), list, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveClocks(t.Context(), w.Approver(), list, store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("an old picture of the agreement: %v", err)
	}
	if _, r := sent(t, w, s, "单行舟"); r.Due != w.Today().AddDays(5) {
		t.Errorf("answer due %v", r.Due)
	}
}

// One joint here, the other there: the worklist of both hospitals shows it, with
// where the first was done, where the other is planned, and how long it waits.
func TestTheOtherSideWaitsAcrossHospitals(t *testing.T) {
	w, s := world(t)
	doctor := w.Doctor(mountain)
	c := w.Case(mountain, procedure.Joint, "单行舟")
	first := w.TreatmentIn(c, mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	right := servicetest.Joint(doctor.PractitionerID, procedure.Right, w.Today())
	right.JointPart.Plan, right.JointPart.StageNo = procedure.Staged, 1
	must[store.Operation](t)(s.LogOperation(t.Context(), doctor, care.OperationInput{Treatment: first.ID, Operation: right}, store.Key{}))
	list := func(p servicetest.Place) []care.SecondItem {
		return must[care.SecondList](t)(s.Seconds(t.Context(), w.Registrar(p), care.SecondsInput{})).Rows
	}
	rows := list(mountain)
	if len(rows) != 1 || rows[0].Wait != (casefile.Wait{Need: casefile.Likely, Site: procedure.Knee, Side: procedure.Left, Since: w.Today()}) {
		t.Fatalf("the home's list: %+v", rows)
	}
	if len(list(sea)) != 0 {
		t.Error("the sea sees a case that is not open to it")
	}
	r := must[store.Referral](t)(s.Send(t.Context(), w.Registrar(mountain), care.SendInput{Case: c.ID, To: w.ID(sea), Reason: "对侧", Letter: letter()}, store.Key{}))
	must[store.Referral](t)(s.Answer(t.Context(), w.Registrar(sea), accept(r, w, 30), store.Key{}))
	for _, p := range []servicetest.Place{mountain, sea} {
		rows := list(p)
		if len(rows) != 1 || rows[0].Wait.Need != casefile.Planned || rows[0].PlannedAt != w.ID(sea) || rows[0].FirstAt != w.ID(mountain) || rows[0].Referral != referral.Accepted {
			t.Fatalf("%s: %+v", p, rows)
		}
	}
	surgeon := w.Doctor(sea)
	second := must[store.Treatment](t)(s.OpenTreatment(t.Context(), w.Registrar(sea), care.PlanInput{Case: c.ID, Plan: "左膝置换"}, store.Key{}))
	left := servicetest.Joint(surgeon.PractitionerID, procedure.Left, w.Today())
	left.JointPart.Plan, left.JointPart.StageNo = procedure.Staged, 2
	must[store.Operation](t)(s.LogOperation(t.Context(), surgeon, care.OperationInput{Treatment: second.ID, Operation: left, Confirmed: true, Reason: "已做"}, store.Key{}))
	if len(list(mountain)) != 0 || len(list(sea)) != 0 {
		t.Error("both sides are done and the case still waits")
	}
}
