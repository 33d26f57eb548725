package aftercare_test

import (
	"slices"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

const (
	mountain = servicetest.Mountain
	second   = servicetest.MountainTwo
	sea      = servicetest.Sea
)

// ward is a world in which patients are operated and followed.
type ward struct {
	*servicetest.World
	s    *aftercare.Service
	care *care.Service
	t    *testing.T
}

func newWard(t *testing.T) *ward {
	w := servicetest.New(t)
	return &ward{w, aftercare.New(aftercare.Deps{DB: w.DB, Policy: w.Policy}), care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock}), t}
}

// operated is a case with a knee operated so many days ago at a hospital.
func (w *ward) operated(p servicetest.Place, name string, daysAgo int) (store.CaseItem, store.Operation) {
	w.t.Helper()
	c := w.Case(p, procedure.Joint, name)
	return c, w.operate(c, p, procedure.Right, daysAgo)
}

func (w *ward) operate(c store.CaseItem, p servicetest.Place, side procedure.Side, daysAgo int) store.Operation {
	w.t.Helper()
	tr := w.TreatmentIn(c, p, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	doctor := w.Doctor(p)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, side, w.Today().AddDays(-daysAgo)), Confirmed: true}
	o, err := w.care.LogOperation(w.t.Context(), doctor, in, store.Key{})
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

func (w *ward) view(who user.Principal, id ident.ID) aftercare.CaseView {
	w.t.Helper()
	v, err := w.s.Case(w.t.Context(), who, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// step is one appointment of a case as the hospital that follows it reads it.
func (w *ward) step(c store.CaseItem, s followup.Step) aftercare.FollowUp {
	w.t.Helper()
	v := w.view(w.Registrar(mountain), c.ID)
	i := slices.IndexFunc(v.FollowUps, func(f aftercare.FollowUp) bool { return f.Step == s })
	if i < 0 {
		w.t.Fatalf("no appointment %s", s)
	}
	return v.FollowUps[i]
}

func (w *ward) state(c store.CaseItem, s followup.Step) followup.State {
	f := w.step(c, s)
	return f.State(w.Today(), f.Died)
}

// on are the persons on a list of a reader.
func (w *ward) on(who user.Principal, in aftercare.ListInput) []string {
	w.t.Helper()
	list, err := w.s.Worklist(w.t.Context(), who, in)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, f := range list.Rows {
		out = append(out, f.PersonName+" "+string(f.Step))
	}
	return out
}

func visit(on clock.Date) followup.Contact {
	pain := 2
	return followup.Contact{On: on, Evidence: followup.Visit, Reached: true, Results: []followup.Result{{Instrument: followup.Pain, Total: &pain}}}
}

func (w *ward) record(f aftercare.FollowUp, c followup.Contact) (aftercare.Contact, error) {
	return w.s.Record(w.t.Context(), w.Doctor(mountain), aftercare.RecordInput{FollowUp: f.ID, Version: f.Version, Contact: c}, store.Key{})
}

func refused(t *testing.T, what string, err error, rule string) {
	t.Helper()
	if err == nil || errs.Of(err).Rule != rule {
		t.Errorf("%s: %v, want the rule %s", what, err, rule)
	}
}

func TestAnOperationMakesItsAppointments(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 50)
	v := w.view(w.Registrar(mountain), c.ID)
	if len(v.FollowUps) != len(followup.Schedule(procedure.TKA)) || !v.Record || v.FollowUps[0].Due != o.OperatedOn.AddDays(42) {
		t.Fatalf("%d appointments, the first %+v", len(v.FollowUps), v.FollowUps[0])
	}
	if got := w.on(w.Registrar(mountain), aftercare.ListInput{}); !slices.Equal(got, []string{"苗砚秋 w6"}) {
		t.Errorf("due: %v", got)
	}
	if got := w.on(w.Registrar(second), aftercare.ListInput{}); len(got) != 0 {
		t.Errorf("another hospital sees %v", got)
	}
	w.Clock.Advance(21 * 24 * time.Hour)
	if got := w.on(w.Registrar(mountain), aftercare.ListInput{List: aftercare.Overdue}); !slices.Equal(got, []string{"苗砚秋 w6"}) {
		t.Errorf("overdue: %v", got)
	}
	if got := w.on(w.Official(), aftercare.ListInput{List: aftercare.Overdue}); !slices.Equal(got, []string{"苗** w6"}) && !slices.Equal(got, []string{"苗*秋 w6"}) {
		t.Errorf("an official reads %v", got)
	}
}

func TestACorrectedDayMovesTheAppointmentsAndKeepsWhatWasDone(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 80)
	if _, err := w.record(w.step(c, "w6"), visit(o.OperatedOn.AddDays(45))); err != nil {
		t.Fatal(err)
	}
	p := o.Procedure
	p.OperatedOn = o.OperatedOn.AddDays(20)
	in := care.OperationInput{Operation: p, Version: o.Version, Confirmed: true}
	if _, err := w.care.CorrectOperation(t.Context(), w.Doctor(mountain), in, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if f := w.step(c, "w6"); f.Status != followup.Done || f.Due != p.OperatedOn.AddDays(42) || f.State(w.Today(), clock.Date{}) != followup.StateEarly {
		t.Errorf("the done one: %+v", f)
	}
	if f := w.step(c, "m3"); f.Due != p.OperatedOn.AddDays(90) {
		t.Errorf("the open one is due %s", f.Due)
	}
}

func TestAVisitEnteredLateCountsOnItsDay(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 200)
	if w.state(c, "w6") != followup.StateOverdue {
		t.Fatalf("before: %s", w.state(c, "w6"))
	}
	k, err := w.record(w.step(c, "w6"), visit(o.OperatedOn.AddDays(50)))
	if err != nil || k.EnteredOn() != w.Today() || k.On != o.OperatedOn.AddDays(50) {
		t.Fatalf("%+v, %v", k, err)
	}
	if w.state(c, "w6") != followup.StateDone {
		t.Errorf("done in its window, entered later: %s", w.state(c, "w6"))
	}
	if _, err := w.record(w.step(c, "m3"), visit(w.Today())); err != nil || w.state(c, "m3") != followup.StateDoneLate {
		t.Errorf("done late: %s, %v", w.state(c, "m3"), err)
	}
}

func TestAnEarlyContactDoesNotMeetALateAppointment(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	f := w.step(c, "m12")
	_, err := w.record(f, visit(w.Today()))
	if e := errs.Of(err); !e.Fields.Has("on") {
		t.Errorf("a contact in week six meets the appointment of month twelve: %v", err)
	}
}

func TestAContactIsRecordedOnceAndOnWhatWasSeen(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	f := w.step(c, "w6")
	in := aftercare.RecordInput{FollowUp: f.ID, Version: f.Version, Contact: visit(w.Today())}
	key := store.KeyOf("once", in)
	first, err := w.s.Record(t.Context(), w.Doctor(mountain), in, key)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.s.Record(t.Context(), w.Doctor(mountain), in, key); err != nil || again.ID != first.ID {
		t.Errorf("sent twice: %v, %v", again.ID, err)
	}
	if n := w.Count(`select count(*) from followup_contact`); n != 1 {
		t.Errorf("%d contacts", n)
	}
	_, err = w.record(w.step(c, "w6"), visit(w.Today()))
	refused(t, "done already", err, "followup.once")
	stale := w.step(c, "m3")
	if _, err := w.record(stale, followup.Contact{On: w.Today(), Evidence: followup.Phone}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.record(stale, visit(w.Today())); !errs.Is(err, errs.Stale) {
		t.Errorf("on an old view: %v", err)
	}
	if got := w.step(c, "m3"); got.Attempts != 1 || got.Status != followup.Open {
		t.Errorf("nobody was reached: %+v", got)
	}
}

func TestWhatTheVillageDoctorTellsIsEvidenceOfItsOwn(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	told := visit(w.Today())
	told.Evidence, told.Informant = followup.VillageDoctor, "田医生"
	told.Complications = []complication.Complication{{Type: "DVT", Onset: w.Today().AddDays(-3), Grade: "II", Related: complication.RelatedYes}, {Type: complication.Other, Note: "夜里腿抽筋"}}
	if _, err := w.record(w.step(c, "w6"), told); err != nil {
		t.Fatal(err)
	}
	if f := w.step(c, "w6"); f.Evidence != followup.VillageDoctor {
		t.Errorf("the appointment was done by %q", f.Evidence)
	}
	k := w.view(w.Registrar(mountain), c.ID).Contacts[0]
	if k.Informant != "田医生" || len(k.Complications) != 2 || k.Complications[0].Onset != w.Today().AddDays(-3) || *k.Results[0].Total != 2 || k.Results[0].Edition == "" {
		t.Errorf("kept: %+v", k)
	}
}

func TestWhatIsToldIsOneOfTheOperationsComplicationsUntilTheContactIsWithdrawn(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 45)
	told := visit(w.Today().AddDays(-1))
	told.Complications = []complication.Complication{{Type: "DVT"}}
	k, err := w.record(w.step(c, "w6"), told)
	if err != nil {
		t.Fatal(err)
	}
	want := complication.Complication{Type: "DVT", Onset: told.On, Related: complication.RelatedUnknown, Outcome: complication.Ongoing}
	if len(k.Complications) != 1 || k.Complications[0] != want {
		t.Errorf("the contact says %+v", k.Complications)
	}
	if list := w.seen(o).Complications; len(list) != 1 || list[0].Complication != want || list[0].Contact != k.ID {
		t.Errorf("the operation's page says %+v", list)
	}
	in := aftercare.WithdrawInput{Contact: k.ID, Version: k.Version, Reason: "记错了患者"}
	if _, err := w.s.Withdraw(t.Context(), w.Doctor(mountain), in, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if list := w.seen(o).Complications; len(list) != 0 {
		t.Errorf("after the contact was withdrawn: %+v", list)
	}
	if gone := w.view(w.Registrar(mountain), c.ID).Contacts[0]; gone.Live || len(gone.Complications) != 1 {
		t.Errorf("the withdrawn contact no longer says what was told: %+v", gone)
	}
}

func TestWhatIsCorrectedAtTheOperationIsCorrectAtTheContact(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 45)
	told := visit(w.Today())
	told.Complications = []complication.Complication{{Type: "DVT"}}
	if _, err := w.record(w.step(c, "w6"), told); err != nil {
		t.Fatal(err)
	}
	x := w.seen(o).Complications[0]
	fix := care.ComplicationInput{Operation: o.ID, ID: x.ID, Version: x.Version, Complication: x.Complication}
	fix.Grade, fix.Outcome = "II", "RESOLVED"
	x, err := w.care.SaveComplication(t.Context(), w.Doctor(mountain), fix, store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	contact := func() aftercare.Contact { return w.view(w.Registrar(mountain), c.ID).Contacts[0] }
	if k := contact(); len(k.Complications) != 1 || k.Complications[0] != fix.Complication {
		t.Errorf("after the correction the contact says %+v", k.Complications)
	}
	gone := care.WithdrawInput{Of: o.ID, ID: x.ID, Version: x.Version, Reason: "并非血栓"}
	if _, err := w.care.WithdrawComplication(t.Context(), w.Doctor(mountain), gone, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if k := contact(); !k.Live || len(k.Complications) != 0 {
		t.Errorf("after it was taken back the contact says %+v", k)
	}
}

// seen is an operation as its page shows it.
func (w *ward) seen(o store.Operation) care.OperationView {
	w.t.Helper()
	v, err := w.care.Operation(w.t.Context(), w.Doctor(mountain), o.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func TestAFollowUpSettlesWhetherAnythingHappened(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 45)
	settled := func() bool {
		v := w.seen(o)
		return complication.MACEWithin(complication.Course{Operated: v.OperatedOn, Died: v.Deceased, SeenOn: v.SeenOn}, 30).Settled
	}
	extra := func(operation store.Operation, contact followup.Contact) aftercare.Contact {
		k, err := w.s.Record(t.Context(), w.Doctor(mountain), aftercare.RecordInput{Operation: operation.ID, Contact: contact}, store.Key{})
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	extra(w.operate(c, mountain, procedure.Left, 5), visit(w.Today()))
	extra(o, visit(o.OperatedOn.AddDays(29)))
	extra(o, followup.Contact{On: w.Today(), Evidence: followup.Phone})
	if settled() {
		t.Error("settled by another operation's contact, a contact before the horizon, or an attempt")
	}
	k := extra(o, visit(o.OperatedOn.AddDays(30)))
	if v := w.seen(o); !settled() || v.SeenOn != k.On {
		t.Errorf("seen on the thirtieth day: %s", v.SeenOn)
	}
	in := aftercare.WithdrawInput{Contact: k.ID, Version: k.Version, Reason: "记错了患者"}
	if _, err := w.s.Withdraw(t.Context(), w.Doctor(mountain), in, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if settled() {
		t.Error("settled by a withdrawn contact")
	}
}

func TestAContactOutsideTheScheduleIsKept(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 20)
	in := aftercare.RecordInput{Operation: o.ID, Contact: visit(w.Today())}
	if _, err := w.s.Record(t.Context(), w.Doctor(mountain), in, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if v := w.view(w.Registrar(mountain), c.ID); len(v.Contacts) != 1 || v.Contacts[0].Step != "" || v.FollowUps[0].Status != followup.Open {
		t.Errorf("%+v", v.Contacts)
	}
}

func TestADeathTakesThePersonOffEveryListAndUndoneBackOn(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "单行舟", 75) // w6 overdue, m3 open
	died := w.Today().AddDays(-5)
	lists := func() []string {
		return append(w.on(w.Registrar(mountain), aftercare.ListInput{}), w.on(w.Registrar(mountain), aftercare.ListInput{List: aftercare.Overdue})...)
	}
	before := lists()
	if len(before) != 2 {
		t.Fatalf("before: %v", before)
	}
	in := care.DeathInput{Person: c.Person, Death: patient.Death{On: died, Source: patient.DeathFamily}}
	r, err := w.care.ReportDeath(t.Context(), w.Registrar(mountain), in, store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	if got := lists(); len(got) != 0 {
		t.Errorf("after the report: %v", got)
	}
	list, err := w.s.Worklist(t.Context(), w.Registrar(mountain), aftercare.ListInput{})
	if err != nil || list.Counts.Closed[followup.Died] != 1 || list.Counts.Due+list.Counts.Overdue != 0 {
		t.Errorf("counters: %+v, %v", list.Counts, err)
	}
	calls, err := w.s.CallList(t.Context(), w.Registrar(mountain), aftercare.CallInput{})
	if err != nil || calls.Patients != 0 {
		t.Errorf("%d on the list to call by, %v", calls.Patients, err)
	}
	_, err = w.record(w.step(c, "w6"), visit(w.Today()))
	if fields := errs.Of(err).Fields; !fields.Has("on") {
		t.Errorf("followed up after the death: %v", err)
	}
	if _, err := w.record(w.step(c, "w6"), visit(o.OperatedOn.AddDays(50))); err != nil {
		t.Errorf("what was seen before is entered now: %v", err)
	}
	step := care.DeathStep{Report: r.ID, Version: r.Version, Undo: true, Reason: "同名，弄错了"}
	if _, err := w.care.SettleDeath(t.Context(), w.Registrar(mountain), step, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if got := lists(); !slices.Equal(got, []string{"单行舟 m3"}) {
		t.Errorf("after undoing: %v", got)
	}
}

func TestWhoWasLostAndDiedIsNotLookedForAnyMore(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "单行舟", 75)
	who := w.Registrar(mountain)
	if _, err := w.s.End(t.Context(), who, aftercare.EndInput{Case: c.ID, Seen: w.view(who, c.ID).Seen, End: followup.End{Reason: followup.NoContact, On: w.Today()}}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	w.Exec(`update person set deceased_on = $2 where id = $1`, c.Person, w.Today().UTC())
	list, err := w.s.Worklist(t.Context(), who, aftercare.ListInput{List: aftercare.Lost})
	if err != nil || len(list.Rows) != 0 || list.Counts.Lost != 0 || list.Counts.Closed[followup.Died] != 1 {
		t.Errorf("%d on the list of the lost, counters %+v, %v", len(list.Rows), list.Counts, err)
	}
}

func TestADeathKnownOfAMergedRecordCounts(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "单行舟", 45)
	root := w.Patient(mountain, "单行舟")
	w.Merge(c.Person, root)
	w.Exec(`update person set deceased_on = $2 where id = $1`, root, w.Today().UTC())
	if got := w.on(w.Registrar(mountain), aftercare.ListInput{}); len(got) != 0 {
		t.Errorf("still on the list: %v", got)
	}
	list, err := w.s.Worklist(t.Context(), w.Registrar(mountain), aftercare.ListInput{})
	if err != nil || list.Counts.Closed[followup.Died] != 1 {
		t.Errorf("counters: %+v, %v", list.Counts, err)
	}
}

func TestALostPatientLeavesTheListsWithAReasonAndComesBack(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 75)
	who := w.Registrar(mountain)
	v := w.view(who, c.ID)
	end := aftercare.EndInput{Case: c.ID, Seen: v.Seen, End: followup.End{Reason: followup.Unreachable, On: w.Today(), Note: "打了三次，村里也找不到"}}
	done, err := w.s.End(t.Context(), who, end, store.Key{})
	if err != nil || done.FollowUps != len(v.FollowUps) {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := w.on(who, aftercare.ListInput{List: aftercare.Overdue}); len(got) != 0 {
		t.Errorf("still overdue: %v", got)
	}
	if got := w.on(who, aftercare.ListInput{List: aftercare.Lost}); !slices.Equal(got, []string{"苗砚秋 w6"}) {
		t.Errorf("lost: %v", got)
	}
	if _, err := w.s.End(t.Context(), who, end, store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("ended again on the old view: %v", err)
	}
	end.Seen = w.view(who, c.ID).Seen
	_, err = w.s.End(t.Context(), who, end, store.Key{})
	refused(t, "ended twice", err, "followup.nothing_open")
	if _, err := w.s.Resume(t.Context(), who, aftercare.ResumeInput{Case: c.ID, Seen: w.view(who, c.ID).Seen}, store.Key{}); err != nil || w.state(c, "m6") != followup.StatePlanned {
		t.Errorf("resumed: %s, %v", w.state(c, "m6"), err)
	}
	_, err = w.s.Resume(t.Context(), who, aftercare.ResumeInput{Case: c.ID, Seen: w.view(who, c.ID).Seen}, store.Key{})
	refused(t, "resumed twice", err, "followup.nothing_ended")
}

func TestEachWayOutOfTheListsHasItsCounter(t *testing.T) {
	w := newWard(t)
	who := w.Registrar(mountain)
	moved, _ := w.operated(mountain, "苗砚秋", 45)
	gone, _ := w.operated(mountain, "田夏禾", 45)
	again, _ := w.operated(mountain, "冉木舟", 45)
	for c, r := range map[ident.ID]followup.Reason{moved.ID: followup.Moved, gone.ID: followup.Transferred} {
		if _, err := w.s.End(t.Context(), who, aftercare.EndInput{Case: c, Seen: w.view(who, c).Seen, End: followup.End{Reason: r, On: w.Today()}}, store.Key{}); err != nil {
			t.Fatal(err)
		}
	}
	w.operate(again, mountain, procedure.Right, 1)
	list, err := w.s.Worklist(t.Context(), who, aftercare.ListInput{List: aftercare.Closed})
	if n := list.Counts.Closed; err != nil || n[followup.Moved] != 1 || n[followup.Transferred] != 1 || n[followup.Reoperated] != 1 || len(list.Rows) != 3 {
		t.Errorf("counters: %+v, %v", list.Counts, err)
	}
	if got := w.on(who, aftercare.ListInput{}); !slices.Equal(got, []string{"冉木舟 w6"}) {
		t.Errorf("due: %v", got)
	}
}

func TestAClosedCaseIsFollowedAgainWhenItIsReopened(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 75)
	who := w.Registrar(mountain)
	w.Exec(`update treatment set state = 'closed', ended_on = operated_on where id = $1`, o.Treatment)
	version := func() int64 {
		v, err := w.care.Case(t.Context(), who, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		return v.Version
	}
	if _, err := w.care.CloseCase(t.Context(), who, care.CloseInput{Case: c.ID, Version: version(), Closure: casefile.Completed, On: w.Today()}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if f := w.step(c, "m3"); f.Status != followup.Closed || f.Reason != followup.CaseClosed {
		t.Errorf("closed: %+v", f.Appointment)
	}
	if _, err := w.care.ReopenCase(t.Context(), who, care.ReopenInput{Case: c.ID, Version: version()}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if f := w.step(c, "m3"); f.Status != followup.Open {
		t.Errorf("reopened: %+v", f.Appointment)
	}
}

func TestAWithdrawnContactOpensItsAppointment(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	k, err := w.record(w.step(c, "w6"), visit(w.Today()))
	if err != nil {
		t.Fatal(err)
	}
	in := aftercare.WithdrawInput{Contact: k.ID, Version: k.Version}
	if _, err := w.s.Withdraw(t.Context(), w.Doctor(mountain), in, store.Key{}); !errs.Of(err).Fields.Has("reason") {
		t.Errorf("without a reason: %v", err)
	}
	in.Reason = "记到别人名下了"
	if _, err := w.s.Withdraw(t.Context(), w.Doctor(second), in, store.Key{}); err == nil {
		t.Error("another hospital withdrew it")
	}
	gone, err := w.s.Withdraw(t.Context(), w.Doctor(mountain), in, store.Key{})
	if err != nil || gone.Live || w.state(c, "w6") != followup.StateDue {
		t.Errorf("withdrawn: %+v, %s, %v", gone, w.state(c, "w6"), err)
	}
	_, err = w.s.Withdraw(t.Context(), w.Doctor(mountain), in, store.Key{})
	refused(t, "withdrawn twice", err, "followup.withdrawn")
}

func TestTheListsFollowTheAddressTheHospitalRegistered(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	w.operated(mountain, "田夏禾", 45)
	who := w.Registrar(mountain)
	w.Do(who, func(tx *store.Tx) error {
		tx.NoAudit("test")
		list, err := tx.RegistrationsOf(c.Person)
		if err != nil {
			return err
		}
		r := list[0].Registration
		r.Township, r.Village, r.Phone = "黑溪镇", "胜利村", "13900001234"
		return tx.UpdateRegistration(r, "")
	})
	if got := w.on(who, aftercare.ListInput{Township: "黑溪镇"}); !slices.Equal(got, []string{"苗砚秋 w6"}) {
		t.Errorf("of the township: %v", got)
	}
	if got := w.on(w.Official(), aftercare.ListInput{Township: "黑溪镇", Village: "胜利村"}); len(got) != 1 {
		t.Errorf("an official of the village: %v", got)
	}
	list, err := w.s.Worklist(t.Context(), who, aftercare.ListInput{})
	if err != nil || !slices.Equal(list.Townships, []string{"黑溪镇"}) {
		t.Errorf("townships: %v, %v", list.Townships, err)
	}
	masked, err := w.s.CallList(t.Context(), who, aftercare.CallInput{ListInput: aftercare.ListInput{Township: "黑溪镇"}})
	if err != nil || masked.Numbers || masked.Villages[0].Rows[0].Phone != "" || masked.Villages[0].Rows[0].PhoneLast4 != "1234" {
		t.Fatalf("without a reason: %+v, %v", masked, err)
	}
	open, err := w.s.CallList(t.Context(), who, aftercare.CallInput{ListInput: aftercare.ListInput{Township: "黑溪镇"}, Reason: "电话随访"})
	if err != nil || !open.Numbers || open.Villages[0].Name != "胜利村" || open.Villages[0].Rows[0].Phone != "13900001234" {
		t.Errorf("with a reason: %+v, %v", open, err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'followup.call' and object_id = $1 and reason = '电话随访'`, c.Person); n != 1 {
		t.Errorf("%d records of the opened number", n)
	}
	if _, err := w.s.CallList(t.Context(), w.Doctor(mountain), aftercare.CallInput{Reason: "电话随访"}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a doctor opens numbers: %v", err)
	}
}

func TestTheHospitalNearHomeFollowsWhoWasOperatedElsewhere(t *testing.T) {
	w := newWard(t)
	c := w.Case(mountain, procedure.Joint, "苗砚秋")
	w.RegisterAt(sea, c.Person)
	w.Exec(`update registration set township = '黑溪镇' where hospital_id = $1 and person_id = $2`, w.ID(mountain), c.Person)
	w.Exec(`update casefile set visible_to = visible_to || $2::uuid where id = $1`, c.ID, w.ID(sea))
	w.Exec(`insert into case_participant (partnership_id, hospital_id, opened_on, case_id) values ($1, $2, $3, $4)`, w.Partnership.ID, w.ID(sea), c.OpenedOn.UTC(), c.ID)
	o := w.operate(c, sea, procedure.Left, 45)
	if got := w.on(w.Registrar(mountain), aftercare.ListInput{Township: "黑溪镇"}); !slices.Equal(got, []string{"苗砚秋 w6"}) {
		t.Errorf("near home: %v", got)
	}
	if got := w.on(w.Registrar(sea), aftercare.ListInput{Hospital: w.ID(sea)}); len(got) != 0 {
		t.Errorf("where it was operated: %v", got)
	}
	f := w.step(c, "w6")
	in := aftercare.RecordInput{FollowUp: f.ID, Version: f.Version, Contact: visit(w.Today())}
	k, err := w.s.Record(t.Context(), w.Doctor(sea), in, store.Key{})
	if err != nil || k.Hospital != w.ID(sea) {
		t.Errorf("the operating hospital saw the patient: %+v, %v", k, err)
	}
	if v := w.view(w.Registrar(mountain), c.ID); len(v.Contacts) != 1 || v.Contacts[0].Procedure != o.ID {
		t.Errorf("near home it is known: %+v", v.Contacts)
	}
}

func TestAReturnSlipOpensTheCaseToThoseWhoSeeIt(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	slip, err := w.s.Slip(t.Context(), w.Doctor(mountain), c.ID)
	if err != nil || len(slip.Token) != 20 || len(slip.Next) == 0 {
		t.Fatalf("%+v, %v", slip, err)
	}
	if again, err := w.s.Slip(t.Context(), w.Registrar(mountain), c.ID); err != nil || again.Token != slip.Token {
		t.Errorf("printed again: %q, %v", again.Token, err)
	}
	typed := slip.Token[:5] + "-" + slip.Token[5:10] + " " + slip.Token[10:]
	if id, err := w.s.Find(t.Context(), w.Registrar(mountain), typed); err != nil || id != c.ID {
		t.Errorf("at the desk: %v, %v", id, err)
	}
	for _, who := range []user.Principal{w.Registrar(second), w.Registrar(sea)} {
		if _, err := w.s.Find(t.Context(), who, slip.Token); !errs.Of(err).Fields.Has("token") {
			t.Errorf("%s found it: %v", who.Username, err)
		}
	}
	if _, err := w.s.Find(t.Context(), w.Finance(mountain), slip.Token); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the finance desk: %v", err)
	}
}

func TestAnOldLedgersOperationIsFollowedFromTodayOn(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 150)
	w.Exec(`delete from followup where procedure_id = $1`, o.ID)
	if v := w.view(w.Registrar(mountain), c.ID); !v.Unscheduled() {
		t.Fatal("nothing to schedule")
	}
	done, err := w.s.Schedule(t.Context(), w.Registrar(mountain), c.ID, store.Key{})
	v := w.view(w.Registrar(mountain), c.ID)
	if err != nil || done.FollowUps != len(v.FollowUps) || v.FollowUps[0].Step != "m6" {
		t.Errorf("%+v, %v: from %s", done, err, v.FollowUps[0].Step)
	}
	_, err = w.s.Schedule(t.Context(), w.Registrar(mountain), c.ID, store.Key{})
	refused(t, "scheduled twice", err, "followup.scheduled")
}

func TestNumbersAreOpenedForAnHoursCallsOnly(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	who := w.Registrar(mountain)
	ask := func() error {
		_, err := w.s.CallList(t.Context(), who, aftercare.CallInput{Reason: "电话随访"})
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	w.Exec(`insert into audit_event (partnership_id, id, organisation_id, at, actor_id, actor_name, role, action, object_kind, object_id, outcome, reason, detail, request_id, source, mac)
		select $1, gen_random_uuid(), $2, $3, $4, '', '', 'followup.call', 'person', $5, 'ok', '', '{}', '', '', '' from generate_series(1, 399)`, w.Partnership.ID, w.ID(mountain), w.Clock.Now(), who.AccountID, c.Person)
	if err := ask(); !errs.Is(err, errs.RateLimited) {
		t.Errorf("the four hundred and first number: %v", err)
	}
	w.Clock.Advance(2 * time.Hour)
	if err := ask(); err != nil {
		t.Errorf("two hours later: %v", err)
	}
}

func TestAppointmentsThatWereDroppedComeBackWithTheirKind(t *testing.T) {
	w := newWard(t)
	c, o := w.operated(mountain, "苗砚秋", 45)
	steps := func(kind procedure.Kind) int {
		w.Exec(`update procedure set kind = $2 where id = $1`, o.ID, string(kind))
		w.Do(w.Registrar(mountain), func(tx *store.Tx) error {
			tx.NoAudit("test")
			return tx.FollowOperation(o.ID, clock.Date{})
		})
		return len(w.view(w.Registrar(mountain), c.ID).FollowUps)
	}
	if n := steps(procedure.KneeExplant); n != 2 {
		t.Errorf("after a spacer: %d appointments", n)
	}
	if n := steps(procedure.TKA); n != len(followup.Schedule(procedure.TKA)) {
		t.Errorf("a knee again: %d appointments", n)
	}
}

func TestOfTwoWhoRecordAtOnceOneIsTold(t *testing.T) {
	w := newWard(t)
	c, _ := w.operated(mountain, "苗砚秋", 45)
	f := w.step(c, followup.Week6)
	people := []user.Principal{w.Doctor(mountain), w.Registrar(mountain)}
	failed := make(chan error, len(people))
	for _, who := range people {
		go func() {
			_, err := w.s.Record(t.Context(), who, aftercare.RecordInput{FollowUp: f.ID, Version: f.Version, Contact: visit(w.Today())}, store.Key{})
			failed <- err
		}()
	}
	var told int
	for range people {
		if err := <-failed; err != nil {
			if told++; errs.Of(err).Rule != "followup.once" && !errs.Is(err, errs.Stale) {
				t.Errorf("the slower one: %v", err)
			}
		}
	}
	if n := w.Count(`select count(*) from followup_contact`); told != 1 || n != 1 {
		t.Errorf("%d were told, %d contacts", told, n)
	}
}
