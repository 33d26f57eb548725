package treatment_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

const (
	mountain = servicetest.Mountain
	other    = servicetest.MountainTwo
	sea      = servicetest.Sea
)

func world(t *testing.T) (*servicetest.World, *care.Service) {
	t.Helper()
	w := servicetest.New(t)
	return w, care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock})
}

// want fails unless err carries the message key.
func want(t *testing.T, err error, key string) {
	t.Helper()
	if err == nil || errs.Of(err).Key != key {
		t.Fatalf("error = %v, want %s", err, key)
	}
}

func field(t *testing.T, err error, path, key string) {
	t.Helper()
	for _, f := range errs.Of(err).Fields {
		if f.Path == path && f.Key == key {
			return
		}
	}
	t.Fatalf("error = %v, want %s at %s", err, key, path)
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestACaseGetsItsNumberAndAPersonHasOneOpenPerProgramme(t *testing.T) {
	w, s := world(t)
	who := w.Registrar(mountain)
	person := w.Patient(mountain, "向云禾")
	c := must[store.CaseItem](t)(s.OpenCase(t.Context(), who, care.OpenInput{Person: person, Programme: procedure.Joint}, store.KeyOf("k", 1)))
	if c.No != "SH-2026-00001" || c.State != casefile.Registered || c.Home != w.ID(mountain) || c.PersonName != "向云禾" {
		t.Fatalf("case = %+v", c)
	}
	again := must[store.CaseItem](t)(s.OpenCase(t.Context(), who, care.OpenInput{Person: person, Programme: procedure.Joint}, store.KeyOf("k", 1)))
	if again.ID != c.ID {
		t.Error("the repeated request opened another case")
	}
	_, err := s.OpenCase(t.Context(), who, care.OpenInput{Person: person, Programme: procedure.Joint}, store.KeyOf("k2", 2))
	want(t, err, "error.casefile.already_open")
	if _, err = s.OpenCase(t.Context(), who, care.OpenInput{Person: person, Programme: procedure.Cataract}, store.Key{}); err != nil {
		t.Fatalf("another programme: %v", err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'case.open' and outcome = 'refused'`); n != 1 {
		t.Errorf("%d refusals on record", n)
	}
	if n := w.Count(`select count(*) from case_participant`); n != 2 {
		t.Errorf("%d participants", n)
	}
}

func TestAnOpenCaseElsewhereIsJoinedAndNotOpenedAgain(t *testing.T) {
	w, s := world(t)
	person := w.Patient(mountain, "田知夏")
	c := w.CaseOf(mountain, procedure.Joint, person)
	w.RegisterAt(other, person)
	_, err := s.OpenCase(t.Context(), w.Registrar(other), care.OpenInput{Person: person, Programme: procedure.Joint}, store.Key{})
	want(t, err, "error.casefile.already_open")
	if r := errs.Of(err).Remedy; len(r) != 1 || r[0] != "casefile.remedy.join" {
		t.Errorf("remedy = %v", r)
	}
	if _, err := s.Case(t.Context(), w.Registrar(other), c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("the other hospital reads the case: %v", err)
	}
	_, err = s.OpenCase(t.Context(), w.Registrar(other), care.OpenInput{Person: w.Patient(mountain, "白简舟"), Programme: procedure.Joint}, store.Key{})
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("a case for somebody else's patient: %v", err)
	}
}

func TestAJoinRequestOpensTheCaseOnlyWhenTheHomeAccepts(t *testing.T) {
	w, s := world(t)
	person := w.Patient(mountain, "冉松鹤")
	c := w.CaseOf(mountain, procedure.Joint, person)
	w.RegisterAt(other, person)
	joiner, home := w.Registrar(other), w.Registrar(mountain)
	ask := func(emergency bool) {
		w.Do(joiner, func(tx *store.Tx) error { return servicetest.JoinRequest(w, person, procedure.Joint, other, emergency) })
	}
	ask(false)
	inbox := must[care.ReferralList](t)(s.Referrals(t.Context(), home, care.ReferralsInput{Box: care.Inbox}))
	if len(inbox.Rows) != 1 || inbox.Rows[0].PersonName != "冉松鹤" || inbox.Counts[care.Inbox]["sent"] != 1 {
		t.Fatalf("inbox = %+v", inbox)
	}
	r := inbox.Rows[0]
	in := care.AnswerInput{Referral: r.ID, Version: r.Version}
	in.Action = "reject"
	_, err := s.Answer(t.Context(), home, in, store.Key{})
	field(t, err, "reason", "error.referral.reason")
	in.Action = "accept"
	if _, err := s.Answer(t.Context(), joiner, in, store.Key{}); err == nil {
		t.Fatal("the asker accepted its own request")
	}
	if _, err := s.Answer(t.Context(), home, in, store.Key{}); err != nil {
		t.Fatal(err)
	}
	v := must[care.CaseView](t)(s.Case(t.Context(), joiner, c.ID))
	if len(v.CanOpen) != 1 || v.CanOpen[0] != w.ID(other) {
		t.Errorf("the joined hospital cannot treat: %+v", v.CanOpen)
	}
	_, err = s.Answer(t.Context(), home, in, store.Key{})
	want(t, err, "error.stale")
}

func TestTheNormalPathSkipsNothing(t *testing.T) {
	w, s := world(t)
	who := w.Registrar(mountain)
	c := w.Case(mountain, procedure.Joint, "牟青禾")
	tr := must[store.Treatment](t)(s.OpenTreatment(t.Context(), who, care.PlanInput{Case: c.ID, Plan: "右膝置换"}, store.Key{}))
	step := func(a treatment.Action, change func(*care.StepInput)) (store.Treatment, error) {
		in := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: a}
		if change != nil {
			change(&in)
		}
		return s.Step(t.Context(), who, in, store.Key{})
	}
	if _, err := step(treatment.Admit, func(in *care.StepInput) { in.On = w.Today() }); err == nil || errs.Of(err).Key != "error.treatment.order" {
		t.Fatalf("admitted from planned: %v", err)
	}
	tr = must[store.Treatment](t)(step(treatment.ConfirmEligible, nil))
	_, err := step(treatment.Estimate, nil)
	field(t, err, "bill", "error.treatment.estimate_bill")
	tr = must[store.Treatment](t)(step(treatment.Estimate, func(in *care.StepInput) { in.Bill, in.Insurance = 5_838_640, 3_246_605 }))
	if tr.EstimateBill != money.Fen(5_838_640) || tr.Place.State != treatment.Estimated {
		t.Fatalf("estimate = %+v", tr)
	}
	if _, err := step(treatment.RequestApproval, nil); err == nil || errs.Of(err).Rule != "treatment.own_form" {
		t.Fatalf("a request without its form: %v", err)
	}
	_, err = step(treatment.AdmitEmergency, func(in *care.StepInput) { in.On = w.Today() })
	if err == nil {
		t.Fatal("emergency without a reason")
	}
	tr = must[store.Treatment](t)(step(treatment.AdmitEmergency, func(in *care.StepInput) { in.On, in.Reason = w.Today(), "急性骨折" }))
	if tr.Place != (treatment.Place{State: treatment.Admitted, Path: treatment.Emergency}) || tr.Category != "DB" {
		t.Fatalf("emergency = %+v", tr)
	}
	events := must[care.TreatmentView](t)(s.Treatment(t.Context(), who, tr.ID)).Events
	if len(events) != 4 || events[3].Mark != treatment.MarkTreatedFirst || events[3].By != "登记员" {
		t.Fatalf("events = %+v", events)
	}
	if got := must[care.CaseView](t)(s.Case(t.Context(), who, c.ID)).State; got != casefile.InTreatment {
		t.Errorf("case is %s", got)
	}
}

func TestAStepOnAnOldPictureIsRefusedAndChangesNothing(t *testing.T) {
	w, s := world(t)
	tr := w.Treatment(mountain, procedure.Joint, "谭映雪")
	in := care.StepInput{Treatment: tr.ID, Version: tr.Version + 1, Action: treatment.ConfirmEligible}
	_, err := s.Step(t.Context(), w.Registrar(mountain), in, store.Key{})
	want(t, err, "error.stale")
	if n := w.Count(`select count(*) from treatment_event where treatment_id = $1`, tr.ID); n != 1 {
		t.Errorf("%d events", n)
	}
	in.Version = tr.Version
	_, err = s.Step(t.Context(), w.Registrar(other), in, store.Key{})
	if !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital steps: %v", err)
	}
	_, err = s.Step(t.Context(), w.Finance(mountain), in, store.Key{})
	if !errs.Is(err, errs.Forbidden) {
		t.Errorf("finance confirms eligibility: %v", err)
	}
}

func TestMissingFactsAreNamedWithWhatToDo(t *testing.T) {
	w, s := world(t)
	tr := w.Treatment(mountain, procedure.Joint, "覃书田")
	w.Exec(`update beneficiary set to_on = '2026-01-31'`)
	_, err := s.Step(t.Context(), w.Registrar(mountain), care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.ConfirmEligible}, store.Key{})
	want(t, err, "error.treatment.missing")
	if r := errs.Of(err).Remedy; len(r) != 2 || r[0] != "treatment.remedy.category_valid" {
		t.Errorf("remedy = %v", r)
	}
}

func TestAnOperationIsLoggedAndMovesTheTreatmentOn(t *testing.T) {
	w, s := world(t)
	doctor := w.Visiting(mountain)
	tr := w.Treatment(mountain, procedure.Joint, "向云禾", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Right, w.Today())}
	o := must[store.Operation](t)(s.LogOperation(t.Context(), doctor, in, store.KeyOf("op", in)))
	if !o.LeadVisiting || o.LeadName != "支医专家" || o.Operations[0].Code != "81.54" || len(o.Marks) != 0 {
		t.Fatalf("operation = %+v", o)
	}
	if again := must[store.Operation](t)(s.LogOperation(t.Context(), doctor, in, store.KeyOf("op", in))); again.ID != o.ID {
		t.Error("logged twice")
	}
	v := must[care.TreatmentView](t)(s.Treatment(t.Context(), doctor, tr.ID))
	if v.Place.State != treatment.Operated || v.OperatedOn != w.Today() || !v.Visiting {
		t.Fatalf("treatment = %+v", v.Treatment)
	}
	if n := w.Count(`select cardinality(team) from procedure`); n != 1 {
		t.Errorf("team of %d", n)
	}
	// A second first replacement of the same joint is shown first, then recorded and marked.
	_, err := s.LogOperation(t.Context(), doctor, in, store.Key{})
	if errs.Of(err).Rule != care.RuleConfirm {
		t.Fatalf("second primary: %v", err)
	}
	field(t, err, "kind", "warning.procedure.second_primary")
	in.Confirmed = true
	second := must[store.Operation](t)(s.LogOperation(t.Context(), doctor, in, store.Key{}))
	if len(second.Marks) != 2 || second.Marks[1] != procedure.MarkNeedsReview {
		t.Errorf("marks = %v", second.Marks)
	}
}

func TestAnOperationInTheFutureOrByAStrangerStoresNothing(t *testing.T) {
	w, s := world(t)
	doctor := w.Doctor(mountain)
	tr := w.Treatment(mountain, procedure.Joint, "庹怀川", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, "", w.Today().AddDays(1))}
	_, err := s.LogOperation(t.Context(), doctor, in, store.Key{})
	field(t, err, "operated_on", "error.procedure.date_future")
	field(t, err, "side", "error.procedure.side_missing")
	in.Operation = servicetest.Joint(w.Doctor(other).PractitionerID, procedure.Left, w.Today())
	_, err = s.LogOperation(t.Context(), doctor, in, store.Key{})
	field(t, err, "lead", "error.operation.doctor_unknown")
	if n := w.Count(`select count(*) from procedure`); n != 0 {
		t.Errorf("%d operations stored", n)
	}
}

func TestASameJointAtAnotherHospitalIsMarked(t *testing.T) {
	w, s := world(t)
	person := w.Patient(mountain, "韦山月")
	first := w.TreatmentIn(w.CaseOf(mountain, procedure.Joint, person), mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	home := w.Doctor(mountain)
	op := func(s *care.Service, who user.Principal, id ident.ID, on clock.Date) error {
		_, err := s.LogOperation(t.Context(), who, care.OperationInput{Treatment: id, Operation: servicetest.Joint(who.PractitionerID, procedure.Left, on)}, store.Key{})
		return err
	}
	if err := op(s, home, first.ID, w.Today()); err != nil {
		t.Fatal(err)
	}
	w.RegisterAt(other, person)
	if err := servicetest.JoinRequest(w, person, procedure.Joint, other, true); err != nil {
		t.Fatal(err)
	}
	c := must[care.CaseList](t)(s.Cases(t.Context(), w.Registrar(other), care.CasesInput{})).Rows[0]
	second := w.TreatmentIn(c, other, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	err := op(s, w.Doctor(other), second.ID, w.Today())
	field(t, err, "kind", "warning.procedure.second_primary")
	v := must[care.CaseView](t)(s.Case(t.Context(), w.Registrar(other), c.ID))
	// While the request is open a partner sees the treatments of the others too.
	if len(v.Treatments) != 2 || len(v.Operations) != 1 {
		t.Errorf("the joined hospital sees %d treatments, %d operations", len(v.Treatments), len(v.Operations))
	}
	if v := must[care.CaseView](t)(s.Case(t.Context(), w.Registrar(mountain), c.ID)); len(v.Treatments) != 2 {
		t.Errorf("the home sees %d treatments", len(v.Treatments))
	}
}

func TestADoctorKeepsTheOwnOperationWithoutTheNameAfterThePosting(t *testing.T) {
	w, s := world(t)
	doctor := w.Visiting(mountain)
	tr := w.Treatment(mountain, procedure.Joint, "顾听澜", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, w.Today())}
	o := must[store.Operation](t)(s.LogOperation(t.Context(), doctor, in, store.Key{}))
	w.Clock.Advance(60 * 24 * 3600 * 1e9)
	later := w.Refresh(doctor)
	v := must[care.OperationView](t)(s.Operation(t.Context(), later, o.ID))
	if v.PersonName != "" || v.CaseNo != "" || !v.Away || v.Edit {
		t.Errorf("after the posting: %+v", v)
	}
	list := must[care.OperationList](t)(s.Operations(t.Context(), later, care.OperationsInput{Own: true}))
	if len(list.Rows) != 1 || list.Rows[0].PersonName != "" {
		t.Errorf("own list: %+v", list.Rows)
	}
	for name, in := range map[string]care.OperationsInput{"all": {}, "of the host": {Hospital: w.ID(mountain)}} {
		host, err := s.Operations(t.Context(), later, in)
		if name == "all" && len(host.Rows) != 0 || name == "of the host" && err == nil {
			t.Errorf("the host's list, %s: %d rows, %v", name, len(host.Rows), err)
		}
	}
	if cases := must[care.CaseList](t)(s.Cases(t.Context(), later, care.CasesInput{})); len(cases.Rows) != 0 {
		t.Errorf("the host's cases are still listed: %d", len(cases.Rows))
	}
	_, err := s.CorrectOperation(t.Context(), later, care.OperationInput{Operation: procedure.Procedure{ID: o.ID}, Version: o.Version}, store.Key{})
	if !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.NotFound) {
		t.Errorf("corrected after the posting: %v", err)
	}
}

func TestACorrectionReplacesTheRecordUnderItsVersion(t *testing.T) {
	w, s := world(t)
	doctor := w.Doctor(mountain)
	tr := w.Treatment(mountain, procedure.Joint, "沈砚舟", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, w.Today())}
	o := must[store.Operation](t)(s.LogOperation(t.Context(), doctor, in, store.Key{}))
	fix := care.OperationInput{Operation: o.Procedure, Version: o.Version}
	fix.Operation.OperatedOn = w.Today().AddDays(-1)
	fixed := must[store.Operation](t)(s.CorrectOperation(t.Context(), doctor, fix, store.Key{}))
	if fixed.OperatedOn != w.Today().AddDays(-1) || fixed.Version != o.Version+1 {
		t.Fatalf("fixed = %+v", fixed)
	}
	if v := must[care.TreatmentView](t)(s.Treatment(t.Context(), doctor, tr.ID)); v.OperatedOn != fixed.OperatedOn {
		t.Errorf("treatment says %s", v.OperatedOn)
	}
	_, err := s.CorrectOperation(t.Context(), doctor, fix, store.Key{})
	want(t, err, "error.stale")
}

func TestACaseIsClosedOnlyWhenNothingIsUnderWayAnywhere(t *testing.T) {
	w, s := world(t)
	who := w.Registrar(mountain)
	tr := w.Treatment(mountain, procedure.Cataract, "白简舟")
	v := must[care.CaseView](t)(s.Case(t.Context(), who, tr.Case))
	in := care.CloseInput{Case: v.ID, Version: v.Version, Closure: casefile.Withdrawn, On: w.Today()}
	_, err := s.CloseCase(t.Context(), who, in, store.Key{})
	want(t, err, "error.casefile.live_treatment")
	step := care.StepInput{Treatment: tr.ID, Version: tr.Version, Action: treatment.Withdraw, Reason: "不想做了"}
	ended := must[store.Treatment](t)(s.Step(t.Context(), who, step, store.Key{}))
	if ended.EndedReason != "不想做了" || ended.EndedOn != w.Today() {
		t.Errorf("ended = %+v", ended)
	}
	closed := must[store.CaseItem](t)(s.CloseCase(t.Context(), who, in, store.Key{}))
	if closed.State != casefile.ClosedState || closed.ClosedOn != w.Today() {
		t.Fatalf("closed = %+v", closed)
	}
	open := must[store.CaseItem](t)(s.ReopenCase(t.Context(), who, care.ReopenInput{Case: v.ID, Version: closed.Version}, store.Key{}))
	if open.State != casefile.Ended || !open.Open() {
		t.Errorf("reopened = %+v", open)
	}
}

func TestAPlannedSecondSideWaitsAndGoesWhenDone(t *testing.T) {
	w, s := world(t)
	who, doctor := w.Registrar(mountain), w.Doctor(mountain)
	tr := w.Treatment(mountain, procedure.Joint, "向云禾", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	v := must[care.CaseView](t)(s.Case(t.Context(), who, tr.Case))
	plan := care.SecondInput{Case: v.ID, Version: v.Version, Plan: casefile.SecondSide{Site: procedure.Knee, Side: procedure.Left}}
	c := must[store.CaseItem](t)(s.PlanSecond(t.Context(), who, plan, store.Key{}))
	if c.Second == nil || c.Second.Side != procedure.Left {
		t.Fatalf("plan = %+v", c.Second)
	}
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, w.Today())}
	must[store.Operation](t)(s.LogOperation(t.Context(), doctor, in, store.Key{}))
	if c := must[care.CaseView](t)(s.Case(t.Context(), who, tr.Case)); c.Second != nil {
		t.Errorf("the plan is still there: %+v", c.Second)
	}
}

func TestTheQueueShowsEachRoleItsOwnWork(t *testing.T) {
	w, s := world(t)
	w.Treatment(mountain, procedure.Joint, "甲", treatment.ConfirmEligible)
	w.Treatment(mountain, procedure.Joint, "乙")
	w.Treatment(mountain, procedure.Joint, "丙", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	w.Case(mountain, procedure.Cataract, "丁")
	w.Treatment(other, procedure.Joint, "戊")
	for _, c := range []struct {
		who   user.Principal
		tasks map[care.Task]int
	}{
		{w.Registrar(mountain), map[care.Task]int{care.TaskEligible: 1, care.TaskRequest: 1, care.TaskPlan: 1}},
		{w.Finance(mountain), map[care.Task]int{care.TaskRequest: 1}},
		{w.Doctor(mountain), map[care.Task]int{care.TaskOperate: 1}},
		{w.Registrar(other), map[care.Task]int{care.TaskEligible: 1}},
	} {
		q := must[care.Queue](t)(s.Queue(t.Context(), c.who))
		for task, n := range c.tasks {
			if q.Counts[task] != n {
				t.Errorf("%s: %d of %s, want %d", c.who.Username, q.Counts[task], task, n)
			}
		}
		total := 0
		for _, n := range c.tasks {
			total += n
		}
		if q.Total() != total || len(q.Items) != total {
			t.Errorf("%s: total %d, items %d, want %d", c.who.Username, q.Total(), len(q.Items), total)
		}
	}
	if q := must[care.Queue](t)(s.Queue(t.Context(), w.Official())); !q.None {
		t.Error("an official has a queue")
	}
}

func TestOfficialsSeeMaskedNamesAndListsAreFiltered(t *testing.T) {
	w, s := world(t)
	for i := range 3 {
		w.Case(mountain, procedure.Joint, "向云禾"+string(rune('甲'+i)))
	}
	w.Case(other, procedure.Cataract, "田知夏")
	list := must[care.CaseList](t)(s.Cases(t.Context(), w.Official(), care.CasesInput{}))
	if len(list.Rows) != 4 {
		t.Fatalf("official sees %d", len(list.Rows))
	}
	for _, c := range list.Rows {
		if []rune(c.PersonName)[1] != '*' {
			t.Errorf("name %q", c.PersonName)
		}
	}
	first := care.CasesInput{}
	first.Page.Size = 2
	who := w.Registrar(mountain)
	one := must[care.CaseList](t)(s.Cases(t.Context(), who, first))
	first.Page.After = one.Next
	two := must[care.CaseList](t)(s.Cases(t.Context(), who, first))
	if len(one.Rows) != 2 || len(two.Rows) != 1 || two.Next != "" || one.Rows[1].ID == two.Rows[0].ID {
		t.Errorf("pages %d, %d", len(one.Rows), len(two.Rows))
	}
	in := care.CasesInput{Hospital: w.ID(other)}
	if _, err := s.Cases(t.Context(), who, in); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar filters by another hospital: %v", err)
	}
	if got := must[care.CaseList](t)(s.Cases(t.Context(), w.Official(), in)); len(got.Rows) != 1 {
		t.Errorf("filter by hospital: %d", len(got.Rows))
	}
	if got := must[care.CaseList](t)(s.Cases(t.Context(), w.Other.Official(), care.CasesInput{})); len(got.Rows) != 0 {
		t.Errorf("another partnership sees %d", len(got.Rows))
	}
}

func TestThePageOfRecordIsForThoseWhoTreat(t *testing.T) {
	w, s := world(t)
	tr := w.Treatment(mountain, procedure.Joint, "向云禾")
	v := must[care.PatientView](t)(s.Patient(t.Context(), w.Registrar(mountain), tr.Person))
	if len(v.Cases) != 1 || len(v.Treatments) != 1 || len(v.Offers[tr.ID]) == 0 || len(v.CanOpenCase) != 2 || !v.CanEdit {
		t.Errorf("view = %+v", v)
	}
	if _, err := s.Patient(t.Context(), w.Registrar(other), tr.Person); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital: %v", err)
	}
	if _, err := s.Patient(t.Context(), w.Official(), tr.Person); !errs.Is(err, errs.Forbidden) {
		t.Errorf("an official: %v", err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'person.read' and outcome = 'ok'`); n != 1 {
		t.Errorf("%d reads on record", n)
	}
}

// One joint is done and the other waits: the queue names the one that waits, not
// the diagnosis, and counts its days from the first operation.
func TestTheQueueNamesTheSideThatWaits(t *testing.T) {
	w, s := world(t)
	who, doctor := w.Registrar(mountain), w.Doctor(mountain)
	tr := w.Treatment(mountain, procedure.Joint, "向云禾", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	v := must[care.CaseView](t)(s.Case(t.Context(), who, tr.Case))
	plan := casefile.SecondSide{Site: procedure.Knee, Side: procedure.Left, From: w.Today()}
	must[store.CaseItem](t)(s.PlanSecond(t.Context(), who, care.SecondInput{Case: v.ID, Version: v.Version, Plan: plan}, store.Key{}))
	must[store.Operation](t)(s.LogOperation(t.Context(), doctor, care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Right, w.Today())}, store.Key{}))
	w.Exec(`update treatment set state = 'closed' where id = $1`, tr.ID)
	w.Exec(`update casefile set state = 'second_side' where id = $1`, tr.Case)
	row := func() care.QueueItem {
		t.Helper()
		for _, i := range must[care.Queue](t)(s.Queue(t.Context(), who)).Items {
			if i.Task == care.TaskSecond && i.Case == tr.Case {
				return i
			}
		}
		t.Fatal("the other side is not in the queue")
		return care.QueueItem{}
	}
	if i := row(); i.Site != procedure.Knee || i.Side != procedure.Left || i.Urgency != care.Now || i.Referred {
		t.Errorf("the queue says %+v", i)
	}
	must[store.Referral](t)(s.Send(t.Context(), who, care.SendInput{Case: tr.Case, To: w.ID(sea), Reason: "对侧", Letter: letter()}, store.Key{}))
	if i := row(); !i.Referred || i.Urgency != care.Soon {
		t.Errorf("after a letter to another hospital it says %+v", i)
	}
}
