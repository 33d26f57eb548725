package visiting_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
)

const (
	mountain = servicetest.Mountain
	near     = servicetest.MountainTwo
)

// house is the services over a world.
type house struct {
	*servicetest.World
	s    *visiting.Service
	care *care.Service
}

func newHouse(t *testing.T) *house {
	w := servicetest.New(t)
	return &house{w, visiting.New(visiting.Deps{DB: w.DB, Policy: w.Policy}), care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock})}
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

func wantKind(t *testing.T, what string, err error, kind errs.Kind) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("%s: %v, want %s", what, err, kind)
	}
}

func wantField(t *testing.T, err error, path string) {
	t.Helper()
	if !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has(path) {
		t.Errorf("%v, want a note at %s", err, path)
	}
}

// admitted is a treatment that waits for its operation.
func (h *house) admitted(p servicetest.Place, name string) store.Treatment {
	return h.Treatment(p, procedure.Joint, name, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
}

// windowed leaves a visitor exactly one privilege: knees at the hospital.
func (h *house) windowed(doctor user.Principal, from, to clock.Date) ident.ID {
	h.T.Helper()
	h.Exec(`delete from privilege where practitioner_id = $1`, doctor.PractitionerID)
	p := practitioner.Privilege{Practitioner: doctor.PractitionerID, Hospital: h.ID(mountain), Kind: procedure.TKA, From: from, To: to, Basis: "医务〔2026〕7号"}
	made, err := h.s.SavePrivilege(h.T.Context(), h.HospitalAdmin(mountain), p, store.Key{})
	if err != nil {
		h.T.Fatal(err)
	}
	return made.ID
}

func (h *house) log(doctor user.Principal, name string, confirmed bool, reason string) (store.Operation, error) {
	tr := h.admitted(mountain, name)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, h.Today()), Confirmed: confirmed, Reason: reason}
	return h.care.LogOperation(h.T.Context(), doctor, in, store.Key{})
}

// The same form is taken without a word on the last day, and goes to the queue
// of exceptions after midnight in the hospital's time zone.
func TestTheLastDayIsAcceptedAndTheNextDayIsAnException(t *testing.T) {
	h := newHouse(t)
	doctor := h.Visiting(mountain)
	h.windowed(doctor, h.Today().AddDays(-10), h.Today())
	h.Clock.Set(h.Today().AddDays(1).Start().Add(-1e9)) // 23:59:59 in Shanghai
	last := must[store.Operation](t)(h.log(doctor, "甲", false, ""))
	if len(last.Marks) != 0 {
		t.Errorf("the last day is marked: %v", last.Marks)
	}
	h.Clock.Advance(2e9) // the next day there, still the same day in London
	_, err := h.log(doctor, "乙", false, "")
	wantField(t, err, "lead")
	if errs.Of(err).Rule != care.RuleConfirm {
		t.Errorf("the question: %v", err)
	}
	_, err = h.log(doctor, "乙", true, "")
	wantField(t, err, "reason")
	next := must[store.Operation](t)(h.log(doctor, "乙", true, "急诊，权限续批中"))
	if next.Marks[0] != string(procedure.RuleOutsidePrivilege) {
		t.Errorf("the next day: %v", next.Marks)
	}
	open := must[visiting.Exceptions](t)(h.s.Exceptions(t.Context(), h.HospitalAdmin(mountain), "", page.Request{}))
	queue := must[care.Queue](t)(h.care.Queue(t.Context(), h.HospitalAdmin(mountain)))
	if queue.Counts[care.TaskException] != 1 || len(queue.Items) != 1 || queue.Items[0].Exception != open.Rows[0].ID || queue.Items[0].PersonName != "" {
		t.Errorf("what waits for medical affairs: %+v", queue)
	}
	if len(open.Rows) != 1 || open.Rows[0].Procedure != next.ID || open.Rows[0].Finding != practitioner.TooLate || open.Rows[0].Reason != "急诊，权限续批中" {
		t.Fatalf("the queue: %+v", open.Rows)
	}
}

func TestAnExceptionIsSignedByAnotherPersonOfTheHospital(t *testing.T) {
	h := newHouse(t)
	doctor := h.Visiting(mountain)
	h.windowed(doctor, h.Today().AddDays(-10), h.Today().AddDays(-1))
	o := must[store.Operation](t)(h.log(doctor, "甲", true, "急诊"))
	admin := h.HospitalAdmin(mountain)
	x := must[visiting.Exceptions](t)(h.s.Exceptions(t.Context(), admin, "", page.Request{})).Rows[0]
	in := visiting.SignInput{Exception: x.ID, Version: x.Version, Accept: true}
	_, err := h.s.Sign(t.Context(), doctor, in, store.Key{})
	wantKind(t, "the surgeon", err, errs.Forbidden)
	_, err = h.s.Sign(t.Context(), h.HospitalAdmin(near), in, store.Key{})
	wantKind(t, "another hospital", err, errs.NotFound)
	h.Exec(`update privilege_exception set entered_by = $1`, admin.AccountID)
	_, err = h.s.Sign(t.Context(), admin, in, store.Key{})
	wantKind(t, "who logged it", err, errs.Precondition)
	if _, err := h.s.Sign(t.Context(), h.Approver(), visiting.SignInput{Exception: x.ID, Version: x.Version}, store.Key{}); err == nil {
		t.Error("an objection without a word")
	}
	signed := must[visiting.Exception](t)(h.s.Sign(t.Context(), h.Approver(), in, store.Key{}))
	if signed.State != practitioner.ExceptionAccepted || signed.Decider == "" {
		t.Errorf("%+v", signed)
	}
	_, err = h.s.Sign(t.Context(), h.Approver(), visiting.SignInput{Exception: x.ID, Version: signed.Version, Accept: true}, store.Key{})
	wantKind(t, "twice", err, errs.Precondition)
	v := must[care.OperationView](t)(h.care.Operation(t.Context(), h.Doctor(mountain), o.ID))
	if v.Exception.ID != x.ID || v.Exception.State != practitioner.ExceptionAccepted {
		t.Errorf("the record does not show its exception: %+v", v.Exception)
	}
	if n := h.Count(`select count(*) from audit_event where action = 'privilege.sign' and outcome = 'ok'`); n != 1 {
		t.Errorf("%d signatures in the log", n)
	}
}

// A correction takes the exception along: signed again when what was signed
// changed, out of the queue when nothing is left of it.
func TestACorrectionReopensOrVoidsTheException(t *testing.T) {
	h := newHouse(t)
	doctor := h.Visiting(mountain)
	h.windowed(doctor, h.Today().AddDays(-1), h.Today().AddDays(-1))
	o := must[store.Operation](t)(h.log(doctor, "甲", true, "急诊"))
	x := must[visiting.Exceptions](t)(h.s.Exceptions(t.Context(), h.Approver(), "", page.Request{})).Rows[0]
	must[visiting.Exception](t)(h.s.Sign(t.Context(), h.Approver(), visiting.SignInput{Exception: x.ID, Version: x.Version, Accept: true}, store.Key{}))
	correct := func(day clock.Date) {
		t.Helper()
		now := must[care.OperationView](t)(h.care.Operation(t.Context(), doctor, o.ID))
		p := servicetest.Joint(doctor.PractitionerID, procedure.Left, day)
		p.ID = o.ID
		must[store.Operation](t)(h.care.CorrectOperation(t.Context(), doctor, care.OperationInput{Operation: p, Version: now.Version, Confirmed: true}, store.Key{}))
	}
	state := func() practitioner.ExceptionState {
		t.Helper()
		return must[care.OperationView](t)(h.care.Operation(t.Context(), doctor, o.ID)).Exception.State
	}
	correct(h.Today())
	if got := state(); got != practitioner.ExceptionAccepted {
		t.Errorf("nothing changed, and the signature is %s", got)
	}
	correct(h.Today().AddDays(-2))
	if got := state(); got != practitioner.ExceptionOpen {
		t.Errorf("another day: %s", got)
	}
	correct(h.Today().AddDays(-1))
	if got := state(); got != practitioner.ExceptionVoid {
		t.Errorf("within the privilege: %s", got)
	}
}

func TestPrivilegesAreGrantedByTheHospitalToItsDoctors(t *testing.T) {
	h := newHouse(t)
	doctor := h.Visiting(mountain)
	p := practitioner.Privilege{Practitioner: doctor.PractitionerID, Hospital: h.ID(mountain), Kind: procedure.THA, From: h.Today(), To: h.Today().AddDays(30)}
	_, err := h.s.SavePrivilege(t.Context(), h.Doctor(mountain), p, store.Key{})
	wantKind(t, "a doctor", err, errs.Forbidden)
	_, err = h.s.SavePrivilege(t.Context(), h.HospitalAdmin(near), p, store.Key{})
	wantKind(t, "another hospital", err, errs.NotFound)
	stranger := p
	stranger.Practitioner = h.Doctor(near).PractitionerID
	_, err = h.s.SavePrivilege(t.Context(), h.HospitalAdmin(mountain), stranger, store.Key{})
	wantField(t, err, "practitioner")
	made := must[visiting.Privilege](t)(h.s.SavePrivilege(t.Context(), h.HospitalAdmin(mountain), p, store.Key{}))
	change := practitioner.Privilege{ID: made.ID, From: made.From, To: h.Today().AddDays(3), Version: made.Version}
	ended := must[visiting.Privilege](t)(h.s.SavePrivilege(t.Context(), h.HospitalAdmin(mountain), change, store.Key{}))
	if ended.To != h.Today().AddDays(3) || ended.Practitioner != doctor.PractitionerID {
		t.Errorf("%+v", ended)
	}
	_, err = h.s.SavePrivilege(t.Context(), h.HospitalAdmin(mountain), change, store.Key{})
	wantKind(t, "an older picture", err, errs.Stale)
	_, _, err = h.s.Privilege(t.Context(), h.HospitalAdmin(near), made.ID)
	wantKind(t, "reading another hospital's", err, errs.NotFound)
}
