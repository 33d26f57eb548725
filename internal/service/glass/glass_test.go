package glass_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/glass"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	emergency "github.com/shanhai-health/shanhai/internal/service/glass"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

const (
	there = servicetest.Mountain    // where the patient was operated on
	here  = servicetest.MountainTwo // where the patient lies now
)

// ward is a hospital with a patient of another one in front of it.
type ward struct {
	*servicetest.World
	s       *emergency.Service
	person  ident.ID
	number  string
	doctor  user.Principal
	head    user.Principal
	auditor user.Principal
}

func newWard(t *testing.T) *ward {
	t.Helper()
	w := &ward{World: servicetest.New(t), number: servicetest.CitizenNumber("580407", 22)}
	w.s = emergency.New(emergency.Deps{DB: w.DB, Policy: w.Policy})
	done := w.Treatment(there, procedure.Joint, "向云禾", treatment.AdmitEmergency)
	w.person = done.Person
	w.Do(w.System(), func(tx *store.Tx) error {
		parsed, err := patient.ParseDocument(patient.DocCitizen, w.number, tx.Today())
		if err != nil {
			return err
		}
		d := parsed.Document
		d.ID, d.PersonID = ident.New(), w.person
		return tx.InsertDocument(d)
	})
	w.doctor, w.head, w.auditor = w.Doctor(here), w.HospitalHead(here), w.Auditor()
	return w
}

func (w *ward) input() emergency.Input {
	return emergency.Input{DocKind: patient.DocCitizen, DocNumber: w.number, Reason: "昏迷送诊，需了解既往假体"}
}

func (w *ward) breaks(t *testing.T) ident.ID {
	t.Helper()
	id, err := w.s.Break(t.Context(), w.doctor, w.input(), "k")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (w *ward) events(action string) int {
	return w.Count(`select count(*) from audit_event where action = $1 and outcome = 'ok'`, action)
}

func TestTheRecordOpensForAnHourToWhoBrokeTheGlassAndToNobodyElse(t *testing.T) {
	w := newWard(t)
	id := w.breaks(t)
	v, err := w.s.One(t.Context(), w.doctor, id)
	if err != nil || v.Record == nil || v.Record.Person.Name != "向云禾" || len(v.Record.Cases) != 1 || len(v.Record.Stays) != 1 || !v.MayClose || v.MayJudge {
		t.Fatalf("%+v %v", v, err)
	}
	// A colleague of the same ward does not even know of it; the head does, without the record.
	if _, err := w.s.One(t.Context(), w.Visiting(here), id); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a colleague: %v", err)
	}
	for name, who := range map[string]user.Principal{"the head": w.head, "the auditor": w.auditor} {
		if v, err := w.s.One(t.Context(), who, id); err != nil || v.Record != nil || v.MayJudge || v.State != glass.Open {
			t.Errorf("%s: %+v %v", name, v, err)
		}
	}
	for name, who := range map[string]user.Principal{"the head elsewhere": w.HospitalHead(there), "another partnership": w.Other.HospitalHead(there)} {
		if _, err := w.s.One(t.Context(), who, id); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The ordinary pages stay as closed as before.
	w.Do(w.doctor, func(tx *store.Tx) error {
		tx.NoAudit("test")
		if _, err := tx.PersonByID(w.person); errs.KindOf(err) != errs.NotFound {
			t.Errorf("row security of the person: %v", err)
		}
		return nil
	})
	w.Clock.Advance(glass.Window - time.Second)
	if v, err := w.s.One(t.Context(), w.doctor, id); err != nil || v.Record == nil || v.Reads != 1 {
		t.Errorf("in the last second: %+v %v", v, err)
	}
	w.Clock.Advance(time.Second)
	if v, err := w.s.One(t.Context(), w.doctor, id); err != nil || v.Record != nil || v.State != glass.Waiting {
		t.Errorf("after the hour: %+v %v", v, err)
	}
	if n := w.events("glass.use"); n != 2 {
		t.Errorf("%d readings are in the log, wanted 2", n)
	}
}

// The service asks first; the database would have said no as well.
func TestTheDatabaseAnswersOnlyTheAccountTheGlassWasBrokenFor(t *testing.T) {
	w := newWard(t)
	id := w.breaks(t)
	refused := func(name string, who user.Principal) {
		t.Helper()
		err := w.DB.InTx(t.Context(), who, func(tx *store.Tx) error { tx.NoAudit("test"); _, err := tx.GlassRecord(id); return err })
		if err == nil {
			t.Errorf("%s reads the record", name)
		}
	}
	refused("a colleague", w.Visiting(here))
	refused("the auditor", w.auditor)
	refused("the office", w.Approver())
	refused("another partnership", w.Other.Doctor(here))
	w.Clock.Advance(glass.Window)
	refused("the doctor after the hour", w.doctor)
	for _, column := range []string{"reason", "until_at", "account_id", "person_id", "opened_at"} {
		if w.Count(`select has_column_privilege('shanhai_app', 'glass', $1, 'update')::int`, column) != 0 {
			t.Errorf("%s can be changed afterwards", column)
		}
	}
}

func TestAGlassIsBrokenWithAReasonAndAFullNumberOnly(t *testing.T) {
	w := newWard(t)
	for field, change := range map[string]func(*emergency.Input){
		"reason":     func(in *emergency.Input) { in.Reason = " 抢救 " },
		"doc_number": func(in *emergency.Input) { in.DocNumber = servicetest.CitizenNumber("580407", 24) },
		"hospital":   func(in *emergency.Input) { in.Hospital = w.ID(there) },
		"doc_kind":   func(in *emergency.Input) { in.DocKind = "" },
	} {
		in := w.input()
		change(&in)
		_, err := w.s.Break(t.Context(), w.doctor, in, "")
		e := errs.Of(err)
		if e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	in := w.input()
	in.DocNumber = w.number[:17]
	if _, err := w.s.Break(t.Context(), w.doctor, in, ""); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a part of the number: %v", err)
	}
	for _, who := range []user.Principal{w.Registrar(here), w.Finance(here), w.head, w.auditor, w.Approver(), w.HospitalAdmin(here)} {
		if _, err := w.s.Break(t.Context(), who, w.input(), ""); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("%s: %v", who.Username, err)
		}
	}
	abroad := w.input()
	if _, err := w.s.Break(t.Context(), w.Other.Doctor(here), abroad, ""); errs.KindOf(err) != errs.Invalid {
		t.Errorf("from another partnership: %v", err)
	}
	if n := w.Count(`select count(*) from glass`); n != 0 {
		t.Errorf("%d glasses are broken", n)
	}
	// The key opens once; a sixth patient within a day is no emergency.
	first := w.breaks(t)
	if again := w.breaks(t); again != first {
		t.Error("the same key broke it again")
	}
	var err error
	for range 5 {
		_, err = w.s.Break(t.Context(), w.doctor, w.input(), ident.New().String())
	}
	if errs.KindOf(err) != errs.RateLimited {
		t.Errorf("the sixth: %v", err)
	}
}

func TestWhoHasToKnowIsToldAndSomebodyElseJudges(t *testing.T) {
	w := newWard(t)
	id := w.breaks(t)
	desk := inbox.New(inbox.Deps{DB: w.DB, Policy: w.Policy})
	for name, who := range map[string]user.Principal{"the head": w.head, "the auditor": w.auditor} {
		list, err := desk.Messages(t.Context(), who, true, page.Request{})
		if err != nil || len(list.Rows) != 1 || inbox.Path(list.Rows[0].Message) != "/glass/"+id.String() {
			t.Errorf("%s was told %+v %v", name, list.Rows, err)
		}
	}
	if n := w.Count(`select count(*) from lookup_notice where hospital_id = $1`, w.ID(there)); n != 1 {
		t.Errorf("the hospital that knows the patient was told %d times", n)
	}
	judge := emergency.Judgement{Glass: id, Verdict: glass.Justified, Opinion: "急诊记录属实", Version: 1}
	if err := w.s.Judge(t.Context(), w.head, judge, ""); errs.Of(err).Rule != "glass.open" {
		t.Errorf("while it is open: %v", err)
	}
	w.Clock.Advance(glass.JudgeWithin + time.Minute)
	list, err := w.s.List(t.Context(), w.head, true, page.Request{})
	if err != nil || len(list.Rows) != 1 || !list.Rows[0].Overdue(list.Now) || !list.Judge {
		t.Fatalf("the queue: %+v %v", list, err)
	}
	for name, c := range map[string]struct {
		who    user.Principal
		change func(*emergency.Judgement)
		want   errs.Kind
	}{
		"the doctor's own":      {w.doctor, func(*emergency.Judgement) {}, errs.Forbidden},
		"an auditor":            {w.auditor, func(*emergency.Judgement) {}, errs.Forbidden},
		"a head elsewhere":      {w.HospitalHead(there), func(*emergency.Judgement) {}, errs.NotFound},
		"no opinion":            {w.head, func(j *emergency.Judgement) { j.Opinion = " " }, errs.Invalid},
		"no verdict":            {w.head, func(j *emergency.Judgement) { j.Verdict = "" }, errs.Invalid},
		"on an older picture":   {w.head, func(j *emergency.Judgement) { j.Version = 9 }, errs.Stale},
		"without the picture":   {w.head, func(j *emergency.Judgement) { j.Version = 0 }, errs.Invalid},
		"one that is not there": {w.head, func(j *emergency.Judgement) { j.Glass = ident.New() }, errs.NotFound},
	} {
		in := judge
		c.change(&in)
		if err := w.s.Judge(t.Context(), c.who, in, ""); errs.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.s.Judge(t.Context(), w.head, judge, ""); err != nil {
		t.Fatal(err)
	}
	if err := w.s.Judge(t.Context(), w.Approver(), judge, ""); errs.Of(err).Rule != "glass.once" {
		t.Errorf("a second time: %v", err)
	}
	if told, err := desk.Messages(t.Context(), w.doctor, true, page.Request{}); err != nil || len(told.Rows) != 1 || told.Rows[0].Note != "急诊记录属实" {
		t.Errorf("the doctor was told %+v %v", told.Rows, err)
	}
	if left, err := w.s.List(t.Context(), w.auditor, true, page.Request{}); err != nil || len(left.Rows) != 0 {
		t.Errorf("still waiting: %+v %v", left.Rows, err)
	}
	if n := w.Count(`select count(*) from audit_event where object_id = $1 and outcome = 'ok' and (action, reason) in (('glass.break', '昏迷送诊，需了解既往假体'), ('glass.judge', '急诊记录属实'))`, id); n != 2 {
		t.Errorf("the log has %d of the two acts with their reasons", n)
	}
	// The database holds it too.
	if _, err := pgtest.Open(t, w.Database.SuperDSN).Exec(`update glass set judged_by = account_id`); err == nil {
		t.Error("the database lets somebody judge the own")
	}
}

func TestClosingEndsItBeforeItsTime(t *testing.T) {
	w := newWard(t)
	id := w.breaks(t)
	if err := w.s.Close(t.Context(), w.Visiting(here), id, 1, ""); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a colleague closes it: %v", err)
	}
	if err := w.s.Close(t.Context(), w.doctor, id, 1, ""); err != nil {
		t.Fatal(err)
	}
	if v, err := w.s.One(t.Context(), w.doctor, id); err != nil || v.Record != nil || v.State != glass.Waiting {
		t.Errorf("%+v %v", v, err)
	}
}
