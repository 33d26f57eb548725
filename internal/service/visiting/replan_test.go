package visiting_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
)

func TestAPlannedOperationIsMovedWithoutTakingItOffTheList(t *testing.T) {
	h := newHouse(t)
	doctor, local := h.Visiting(mountain), h.Doctor(mountain)
	id := h.mission(mountain, doctor)
	for _, name := range []string{"乙", "丁"} {
		c := h.Case(mountain, procedure.Joint, name)
		e := visit.Entry{Kind: procedure.TKA, Side: procedure.Left, On: h.Today(), Surgeon: doctor.PractitionerID, Start: 540, Minutes: 90}
		if err := h.s.PlanCase(t.Context(), local, visiting.EntryInput{Visit: id, CaseNo: c.No, Entry: e}, store.Key{}); err != nil {
			t.Fatal(err)
		}
	}
	first, second := h.view(id).Lines[0].Entry, h.view(id).Lines[1].Entry
	moved := second.Entry
	moved.Start, moved.Minutes, moved.Place, moved.Note = 480, 60, 1, " 先做，糖尿病 "
	change := visiting.ReplanInput{Visit: id, Entry: moved}
	wantKind(t, "by the next hospital", h.s.ReplanCase(t.Context(), h.Doctor(near), change, store.Key{}), errs.NotFound)
	if err := h.s.ReplanCase(t.Context(), local, change, store.Key{}); err != nil {
		t.Fatal(err)
	}
	by := map[string]visiting.Entry{}
	for _, l := range h.view(id).Lines {
		by[l.Entry.ID.String()] = *l.Entry
	}
	got := by[second.ID.String()]
	if got.Start != 480 || got.Place != 1 || got.Note != "先做，糖尿病" || got.Case != second.Case || got.Kind != second.Kind || got.Version != second.Version+1 {
		t.Errorf("%+v", got)
	}
	if n := h.Count(`select count(*) from theatre_time where source_id = $1 and to_at - from_at = interval '60 minutes'`, second.ID); n != 1 {
		t.Errorf("the surgeon is bound %d times at the new hour", n)
	}
	if err := h.s.ReplanCase(t.Context(), local, change, store.Key{}); !errs.Is(err, errs.Stale) {
		t.Errorf("on an old view: %v", err)
	}
	outside := first.Entry
	outside.On = h.Today().AddDays(60)
	wantField(t, h.s.ReplanCase(t.Context(), local, visiting.ReplanInput{Visit: id, Entry: outside}, store.Key{}), "on")
	stranger := first.Entry
	stranger.Surgeon = h.Doctor(near).PractitionerID
	wantField(t, h.s.ReplanCase(t.Context(), local, visiting.ReplanInput{Visit: id, Entry: stranger}, store.Key{}), "surgeon")
	if err := h.s.CancelCase(t.Context(), local, visiting.CancelInput{Visit: id, Entry: first.ID, Version: first.Version, Reason: "发热"}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	gone := first.Entry
	gone.Version++
	if err := h.s.ReplanCase(t.Context(), local, visiting.ReplanInput{Visit: id, Entry: gone}, store.Key{}); errs.Of(err).Rule != "visit.entry_cancelled" {
		t.Errorf("what was cancelled is planned again: %v", err)
	}
	if n := h.Count(`select count(*) from audit_event where action = 'visit.edit' and detail like '%list_changed%'`); n == 0 {
		t.Error("no audited change")
	}
}
