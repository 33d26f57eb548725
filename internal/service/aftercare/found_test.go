package aftercare_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/store"
)

// lost is a patient of the first hospital who was lost today, 75 days after the
// operation: the window of the sixth week has passed.
func (w *ward) lost(name string) store.CaseItem {
	w.t.Helper()
	c, _ := w.operated(mountain, name, 75)
	end := aftercare.EndInput{Case: c.ID, Seen: w.view(w.Registrar(mountain), c.ID).Seen, End: followup.End{Reason: followup.Unreachable, On: w.Today(), Note: "打了三次"}}
	if _, err := w.s.End(w.t.Context(), w.Registrar(mountain), end, store.Key{}); err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *ward) takeBack(k aftercare.Contact) {
	w.t.Helper()
	in := aftercare.WithdrawInput{Contact: k.ID, Version: w.contact(k).Version, Reason: "记错了患者"}
	if _, err := w.s.Withdraw(w.t.Context(), w.Doctor(mountain), in, store.Key{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *ward) contact(k aftercare.Contact) aftercare.Contact {
	w.t.Helper()
	got, err := w.s.Contact(w.t.Context(), w.Doctor(mountain), k.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func (w *ward) wantStates(what string, c store.CaseItem, want map[followup.Step]followup.State) {
	w.t.Helper()
	for step, state := range want {
		if got := w.state(c, step); got != state {
			w.t.Errorf("%s: %s is %s, want %s", what, step, got, state)
		}
	}
}

func TestReachingALostPatientTakesUpWhatIsToCome(t *testing.T) {
	w := newWard(t)
	c := w.lost("苗砚秋")
	if _, err := w.record(w.step(c, "m3"), followup.Contact{On: w.Today(), Evidence: followup.Phone}); err != nil {
		t.Fatal(err)
	}
	w.wantStates("an attempt", c, map[followup.Step]followup.State{"m3": followup.StateLost, "m6": followup.StateLost})
	k, err := w.record(w.step(c, "m3"), visit(w.Today()))
	if err != nil {
		t.Fatal(err)
	}
	found := map[followup.Step]followup.State{"w6": followup.StateLost, "m3": followup.StateDone, "m6": followup.StatePlanned, "y10": followup.StatePlanned}
	w.wantStates("reached", c, found)
	v := w.view(w.Registrar(mountain), c.ID)
	if n := v.FoundBy(k.ID); n != len(v.FollowUps)-1 { // all but the sixth week, which was missed
		t.Errorf("the contact says that it took up %d", n)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'followup.record' and detail like '%resumed%'`); n != 1 {
		t.Errorf("%d audited", n)
	}
	w.takeBack(k)
	w.wantStates("the contact withdrawn", c, map[followup.Step]followup.State{"w6": followup.StateLost, "m3": followup.StateLost, "m6": followup.StateLost, "y10": followup.StateLost})
	f := w.step(c, "m6")
	if f.Reason != followup.Unreachable || f.Note != "打了三次" || f.EndedOn != w.Today() || w.view(w.Registrar(mountain), c.ID).FoundBy(k.ID) != 0 {
		t.Errorf("lost otherwise than before: %+v", f)
	}
}

func TestAContactOutsideTheScheduleFindsALostPatientToo(t *testing.T) {
	w := newWard(t)
	c := w.lost("苗砚秋")
	k, err := w.s.Record(t.Context(), w.Doctor(mountain), aftercare.RecordInput{Operation: w.step(c, "m3").Procedure, Contact: visit(w.Today())}, store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates("reached", c, map[followup.Step]followup.State{"w6": followup.StateLost, "m3": followup.StateWindow, "m6": followup.StatePlanned})
	w.takeBack(k)
	w.wantStates("withdrawn", c, map[followup.Step]followup.State{"m3": followup.StateLost, "m6": followup.StateLost})
}

func TestAWithdrawnContactLeavesWhatAnotherOneFoundOut(t *testing.T) {
	w := newWard(t)
	c := w.lost("苗砚秋")
	first, err := w.record(w.step(c, "m3"), visit(w.Today()))
	if err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(70 * 24 * time.Hour) // the window of the third month has passed
	second, err := w.record(w.step(c, "m6"), visit(w.Today()))
	if err != nil {
		t.Fatal(err)
	}
	w.takeBack(first)
	w.wantStates("reached since", c, map[followup.Step]followup.State{"m3": followup.StateLost, "m6": followup.StateDone, "m12": followup.StatePlanned})
	if w.step(c, "m12").FoundBy != second.ID {
		t.Error("the other contact does not say that it took up the rest")
	}
	w.takeBack(second)
	w.wantStates("nobody reached the patient", c, map[followup.Step]followup.State{"m6": followup.StateLost, "m12": followup.StateLost})
}

func TestWhatIsKnownFromBeforeTheLossDoesNotEndIt(t *testing.T) {
	w := newWard(t)
	c := w.lost("苗砚秋")
	if _, err := w.s.Record(t.Context(), w.Doctor(mountain), aftercare.RecordInput{Operation: w.step(c, "m3").Procedure, Contact: visit(w.Today().AddDays(-9))}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	w.wantStates("entered late", c, map[followup.Step]followup.State{"m3": followup.StateLost, "m6": followup.StateLost})
}
