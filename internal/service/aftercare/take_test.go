package aftercare_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// takeable is a ward with two appointments whose windows are open.
func takeable(t *testing.T) (*ward, aftercare.TakeInput) {
	w := newWard(t)
	for _, name := range []string{"苗砚秋", "向云禾"} {
		w.operated(mountain, name, 40)
	}
	list, err := w.s.Worklist(t.Context(), w.Doctor(mountain), aftercare.ListInput{List: aftercare.Due})
	if err != nil || len(list.Rows) != 2 {
		t.Fatalf("%d appointments, %v", len(list.Rows), err)
	}
	return w, aftercare.TakeInput{FollowUps: []ident.ID{list.Rows[0].ID, list.Rows[1].ID}}
}

func TestAppointmentsAreGivenAndTakenBack(t *testing.T) {
	w, in := takeable(t)
	doctor, other := w.Doctor(mountain), w.Registrar(mountain)
	in.To = other.AccountID
	v, err := w.s.PreviewTake(t.Context(), doctor, in)
	if err != nil || len(v.Rows) != len(in.FollowUps) || w.Count(`select count(*) from followup where taken_by is not null`) != 0 {
		t.Fatalf("%d rows, %v: a preview changed something", len(v.Rows), err)
	}
	done, err := w.s.Take(t.Context(), doctor, in, store.Key{})
	if err != nil || done.Count != len(in.FollowUps) {
		t.Fatal(done, err)
	}
	if n := w.Count(`select count(*) from message where account_id = $1 and kind = 'followup.given' and count = $2`, other.AccountID, done.Count); n != 1 {
		t.Error("nobody told the colleague")
	}
	list, err := w.s.Worklist(t.Context(), other, aftercare.ListInput{List: aftercare.Due, Mine: true})
	if err != nil || len(list.Rows) != done.Count || list.Rows[0].TakenBy != other.AccountID {
		t.Errorf("the colleague's own list has %d, %v", len(list.Rows), err)
	}
	if again, err := w.s.Take(t.Context(), doctor, in, store.Key{}); err != nil || again.Count != 0 {
		t.Errorf("given twice: %+v, %v", again, err)
	}
	if back, err := w.s.Restore(t.Context(), doctor, done.Before, store.Key{}); err != nil || back.FollowUps != done.Count {
		t.Errorf("undone %+v, %v", back, err)
	}
	if n := w.Count(`select count(*) from followup where taken_by is not null`); n != 0 {
		t.Errorf("%d are still taken after the undo", n)
	}
}

func TestAppointmentsAreGivenOnlyToOwnColleaguesAndByWhoMayRecord(t *testing.T) {
	w, in := takeable(t)
	in.To = w.Doctor(servicetest.MountainTwo).AccountID
	if _, err := w.s.Take(t.Context(), w.Doctor(mountain), in, store.Key{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("given to another hospital: %v", err)
	}
	stranger := w.Doctor(servicetest.MountainTwo)
	in.To = stranger.AccountID
	if v, err := w.s.PreviewTake(t.Context(), stranger, in); err != nil || len(v.Rows) != 0 || v.Gone != len(in.FollowUps) {
		t.Errorf("another hospital takes %d of ours, %v", len(v.Rows), err)
	}
	if _, err := w.s.Take(t.Context(), w.Auditor(), in, store.Key{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("an auditor gives work: %v", err)
	}
	in.FollowUps = nil
	if _, err := w.s.Take(t.Context(), w.Doctor(mountain), in, store.Key{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("nothing was ticked: %v", err)
	}
}
