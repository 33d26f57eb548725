package aftercare_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/store"
)

// joints are the preset windows of joints with another first one.
func joints(w *ward, version int64, due int) followup.Edition {
	windows := slices.Clone(followup.Usual(followup.Joints))
	windows[0].Due, windows[0].From = due, due-10
	return followup.Edition{Group: followup.Joints, Version: version, From: w.Today(), Note: "随访工作会议", Windows: windows}
}

func TestChangedWindowsCountForOperationsFromTheirDayOn(t *testing.T) {
	w := newWard(t)
	before, old := w.operated(mountain, "苗砚秋", 20)
	made, err := w.s.SaveRule(t.Context(), w.Approver(), joints(w, 0, 35), store.Key{})
	if err != nil || made.Version != 1 {
		t.Fatalf("%+v, %v", made, err)
	}
	if f := w.step(before, "w6"); f.Due != old.OperatedOn.AddDays(42) || f.Edition != 0 {
		t.Errorf("an appointment that was agreed moved: %+v", f.Appointment)
	}
	earlier, late := w.operated(mountain, "单行舟", 1) // entered now, operated before the windows began
	if f := w.step(earlier, "w6"); f.Due != late.OperatedOn.AddDays(42) {
		t.Errorf("operated before: %+v", f.Appointment)
	}
	after, now := w.operated(mountain, "冉听雪", 0)
	if f := w.step(after, "w6"); f.Due != now.OperatedOn.AddDays(35) || f.Edition != 1 {
		t.Errorf("operated since: %+v", f.Appointment)
	}
	if _, err := w.s.SaveRule(t.Context(), w.Approver(), joints(w, 1, 40), store.Key{}); err != nil {
		t.Fatal(err)
	}
	v := w.view(w.Registrar(mountain), after.ID)
	if f := v.FollowUps[0]; f.Due != now.OperatedOn.AddDays(35) || !v.Rules.Keeps(f.Appointment, f.Kind, f.OperatedOn) {
		t.Errorf("it does not say that it keeps its window: %+v", f.Appointment)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'followup.rule' and reason = '随访工作会议'`); n != 2 {
		t.Errorf("%d audited changes", n)
	}
}

func TestOnlyTheOfficePutsWindowsInForceAndNotOnAnOldView(t *testing.T) {
	w := newWard(t)
	if _, err := w.s.SaveRule(t.Context(), w.Doctor(mountain), joints(w, 0, 35), store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a doctor changes them: %v", err)
	}
	in := joints(w, 0, 35)
	key := store.KeyOf("once", in)
	for range 2 { // the second time is the same request again
		if e, err := w.s.SaveRule(t.Context(), w.Approver(), in, key); err != nil || e.Version != 1 {
			t.Fatalf("%+v, %v", e, err)
		}
	}
	if _, err := w.s.SaveRule(t.Context(), w.Approver(), joints(w, 0, 36), store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("on an old view: %v", err)
	}
	wrong := joints(w, 1, 35)
	wrong.Windows[1].From = wrong.Windows[0].To
	if _, err := w.s.SaveRule(t.Context(), w.Approver(), wrong, store.Key{}); !errs.Of(err).Fields.Has("m3.from") {
		t.Errorf("windows that overlap: %v", err)
	}
	v, err := w.s.Rules(t.Context(), w.Doctor(mountain))
	if err != nil || v.MayEdit || v.Groups[0].Now.Version != 1 || !v.Groups[1].Now.Shipped() || len(v.Groups[0].Made) != 1 {
		t.Errorf("%+v, %v", v.Groups, err)
	}
	if _, err := v.Of("knee"); !errs.Is(err, errs.NotFound) {
		t.Errorf("a group that is none: %v", err)
	}
}
