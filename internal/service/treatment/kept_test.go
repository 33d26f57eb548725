package treatment_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// keeper is a doctor with a telephone, and a patient in hospital.
type keeper struct {
	*servicetest.World
	s      *care.Service
	t      *testing.T
	doctor user.Principal
	in     care.KeptInput
}

func newKeeper(t *testing.T) *keeper {
	w, s := world(t)
	tr := w.Treatment(mountain, procedure.Joint, "苗砚秋", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	k := &keeper{w, s, t, w.Doctor(mountain), care.KeptInput{}}
	k.in = care.KeptInput{ID: ident.New(), Treatment: tr.ID, Hospital: w.ID(mountain), Operation: servicetest.Joint(k.doctor.PractitionerID, procedure.Right, w.Today()), Reason: "手术时没有网络"}
	return k
}

func (k *keeper) keep(in care.KeptInput) care.Kept {
	k.t.Helper()
	return must[care.Kept](k.t)(k.s.KeepOperation(k.t.Context(), k.doctor, in, authz.ProcedureLog))
}

func TestAnOperationThatWasKeptIsRecordedOnceUnderItsOwnID(t *testing.T) {
	k := newKeeper(t)
	first := k.keep(k.in)
	if first.Stored != store.RowCreated || first.Operation.ID != k.in.ID {
		t.Fatalf("%+v", first)
	}
	// Corrected at the desk meanwhile: a late repetition writes nothing over.
	fixed := first.Operation
	fixed.ASA = 4
	must[store.Operation](t)(k.s.CorrectOperation(t.Context(), k.doctor, care.OperationInput{Operation: fixed.Procedure, Version: fixed.Version, Confirmed: true}, store.Key{}))
	for range 3 {
		if again := k.keep(k.in); again.Stored != store.RowRepeated || again.Operation.ASA != 4 {
			t.Errorf("again: %s, ASA %d", again.Stored, again.Operation.ASA)
		}
	}
	if n := k.Count(`select count(*) from procedure where live`); n != 1 {
		t.Errorf("%d operations", n)
	}
	if n := k.Count(`select count(*) from audit_event where action = 'procedure.log' and outcome = 'ok'`); n != 1 {
		t.Errorf("%d events of one operation", n)
	}
	if tr := must[care.TreatmentView](t)(k.s.Treatment(t.Context(), k.doctor, k.in.Treatment)); tr.Place.State != treatment.Operated {
		t.Errorf("the treatment stands at %s", tr.Place.State)
	}
}

func TestWhatHappenedWithoutANetworkIsMarkedNotRefused(t *testing.T) {
	k := newKeeper(t)
	k.Exec(`update privilege set to_on = $1 where practitioner_id = $2`, k.Today().AddDays(-1), k.doctor.PractitionerID)
	k.in.Operation.OperatedOn = k.Today().AddDays(-400) // before the admission as well
	got := k.keep(k.in)
	if got.Stored != store.RowCreated || !slices.Contains(got.Operation.Marks, procedure.MarkNeedsReview) {
		t.Errorf("%s, marks %v", got.Stored, got.Operation.Marks)
	}
	k.in.ID, k.in.Operation.Side = ident.New(), ""
	if _, err := k.s.KeepOperation(t.Context(), k.doctor, k.in, authz.ProcedureLog); !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("side") {
		t.Errorf("what cannot be is taken: %v", err)
	}
}

func TestWhatSomebodyElseWroteDownMeanwhileStandsBesideIt(t *testing.T) {
	k := newKeeper(t)
	theirs := k.in.Operation
	theirs.ASA = 3
	o := must[store.Operation](t)(k.s.LogOperation(t.Context(), k.Visiting(mountain), care.OperationInput{Treatment: k.in.Treatment, Operation: theirs, Confirmed: true, Reason: "代记"}, store.Key{}))
	got := k.keep(k.in)
	if got.Stored != store.RowTaken || got.Have == nil || got.Have.ID != o.ID || got.Have.ASA != 3 {
		t.Fatalf("%+v", got)
	}
	seen := k.in
	seen.Known = []ident.ID{o.ID}
	seen.ID = ident.New()
	if got := k.keep(seen); got.Stored != store.RowCreated {
		t.Errorf("one the list showed before is no conflict: %s", got.Stored)
	}
	both := k.in
	both.Both = true
	if got := k.keep(both); got.Stored != store.RowCreated {
		t.Errorf("after it was looked at: %s", got.Stored)
	}
	changed := both
	changed.Operation.ASA = 5
	if got := k.keep(changed); got.Stored != store.RowTaken || got.Have == nil || got.Have.ID != both.ID || got.Have.ASA == 5 {
		t.Errorf("another content under the id: %+v", got)
	}
	if n := k.Count(`select count(*) from procedure where live`); n != 3 {
		t.Errorf("%d operations", n)
	}
}

func TestAnOperationIsKeptWhereItsBearerMayLogOne(t *testing.T) {
	k := newKeeper(t)
	for name, c := range map[string]struct {
		who  user.Principal
		at   servicetest.Place
		perm authz.Permission
		want errs.Kind
	}{
		"a registrar": {k.Registrar(mountain), mountain, authz.ProcedureLog, errs.Forbidden}, "another hospital": {k.Doctor(other), mountain, authz.ProcedureLog, errs.Forbidden},
		"a store of another hospital": {k.Doctor(other), other, authz.ProcedureLog, errs.NotFound}, "a doctor for somebody else": {k.doctor, mountain, authz.ScreeningRecover, errs.Forbidden}} {
		in := k.in
		in.Hospital = k.ID(c.at)
		if _, err := k.s.KeepOperation(t.Context(), c.who, in, c.perm); !errs.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := k.s.KeepOperation(t.Context(), k.HospitalAdmin(mountain), k.in, authz.ScreeningRecover); err != nil || got.Stored != store.RowCreated {
		t.Errorf("recovered by the hospital: %+v %v", got, err)
	}
}

func TestTheListOfTheTheatreIsTodaysAndHoldsNoNumbers(t *testing.T) {
	k := newKeeper(t)
	k.Treatment(mountain, procedure.Joint, "田映川", treatment.ConfirmEligible) // neither in hospital nor on a list
	v := must[care.Theatre](t)(k.s.Theatre(t.Context(), k.doctor, k.ID(mountain)))
	if len(v.Cases) != 1 || v.Cases[0].Treatment != k.in.Treatment || v.Cases[0].Name != "苗砚秋" || len(v.Cases[0].Known) != 0 || v.Self != k.doctor.PractitionerID {
		t.Fatalf("%+v", v.Cases)
	}
	k.keep(k.in)
	v = must[care.Theatre](t)(k.s.Theatre(t.Context(), k.doctor, k.ID(mountain)))
	if len(v.Cases) != 0 || v.Habits[procedure.Joint].Kind != procedure.TKA {
		t.Errorf("after the operation: %+v %+v", v.Cases, v.Habits)
	}
	if _, err := k.s.Theatre(t.Context(), k.Doctor(other), k.ID(mountain)); !errs.Is(err, errs.Forbidden) {
		t.Errorf("another hospital's doctor: %v", err)
	}
}
