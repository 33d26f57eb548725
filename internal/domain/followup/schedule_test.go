package followup_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
	"pgregory.net/rapid"
)

var day = clock.MustDate(2026, 1, 10)

func allKinds() []procedure.Kind {
	var out []procedure.Kind
	for _, p := range procedure.Programmes() {
		out = append(out, procedure.Kinds(p)...)
	}
	return out
}

func stepsOf(k procedure.Kind) []followup.Step {
	var out []followup.Step
	for _, w := range followup.Schedule(k) {
		out = append(out, w.Step)
	}
	return out
}

func TestEveryKindOfOperationHasASchedule(t *testing.T) {
	for _, c := range []struct {
		kind  procedure.Kind
		first []followup.Step
		all   int
	}{
		{procedure.TKA, []followup.Step{"w6", "m3", "m6", "m12", "y2"}, 13},
		{procedure.HipRevision, []followup.Step{"w6", "m3", "m6", "m12", "y2"}, 13},
		{procedure.KneeExplant, []followup.Step{"w6", "m3"}, 2},
		{procedure.PhacoIOL, []followup.Step{"d1", "w1", "w6", "m3"}, 4},
		{procedure.CAG, []followup.Step{"d30"}, 1},
		{procedure.PCI, []followup.Step{"d30", "m6", "m12"}, 3},
	} {
		got := stepsOf(c.kind)
		if len(got) != c.all || !slices.Equal(got[:len(c.first)], c.first) {
			t.Errorf("%s: %v", c.kind, got)
		}
	}
	for _, k := range allKinds() {
		if len(followup.Schedule(k)) == 0 {
			t.Errorf("%s has no schedule", k)
		}
	}
	if followup.Schedule("ELBOW") != nil {
		t.Error("an unknown kind has a schedule")
	}
}

// A contact on one day counts for one appointment at the most.
func TestWindowsOfASchedulesDoNotOverlap(t *testing.T) {
	for _, k := range allKinds() {
		last := 0
		for _, w := range followup.Schedule(k) {
			if w.From <= last || w.Due < w.From || w.Due > w.To || len(w.Wants) == 0 {
				t.Errorf("%s %s: %d to %d, due %d, after a window that ends on %d", k, w.Step, w.From, w.To, w.Due, last)
			}
			last = w.To
		}
	}
}

func TestAnAppointmentMovesThroughItsWindow(t *testing.T) {
	a := followup.Schedule(procedure.TKA)[0].On(day) // 28 to 70, due 42
	for _, c := range []struct {
		after int
		want  followup.State
	}{{0, followup.StatePlanned}, {27, followup.StatePlanned}, {28, followup.StateWindow}, {41, followup.StateWindow}, {42, followup.StateDue},
		{70, followup.StateDue}, {71, followup.StateOverdue}, {900, followup.StateOverdue}} {
		if got := a.State(day.AddDays(c.after), clock.Date{}); got != c.want {
			t.Errorf("after %d days: %s, want %s", c.after, got, c.want)
		}
	}
	for _, c := range []struct {
		after int
		want  followup.State
	}{{27, followup.StateEarly}, {28, followup.StateDone}, {70, followup.StateDone}, {71, followup.StateDoneLate}} {
		done := a
		done.Status, done.EndedOn = followup.Done, day.AddDays(c.after)
		if got := done.State(day.AddDays(2000), clock.Date{}); got != c.want {
			t.Errorf("done after %d days: %s, want %s", c.after, got, c.want)
		}
	}
}

func TestADeathClosesWhatIsOpenAndLeavesWhatWasDone(t *testing.T) {
	a := followup.Schedule(procedure.TKA)[0].On(day)
	died := day.AddDays(80)
	if a.State(died, died) != followup.StateClosed || a.Because(died) != followup.Died {
		t.Errorf("open: %s because %q", a.State(died, died), a.Because(died))
	}
	if a.State(died, clock.Date{}) != followup.StateOverdue || a.Because(clock.Date{}) != "" {
		t.Error("a death that was taken back still counts")
	}
	a.Status, a.EndedOn = followup.Done, day.AddDays(40)
	if a.State(died, died) != followup.StateDone || a.Because(died) != "" {
		t.Errorf("done: %s", a.State(died, died))
	}
	a.Status, a.Reason = followup.Lost, followup.Refused
	if a.State(died, died) != followup.StateLost || a.Because(died) != followup.Refused {
		t.Errorf("lost: %s", a.State(died, died))
	}
}

func TestReasonsSayWhetherAPatientWasLostOrIsNotToBeFollowed(t *testing.T) {
	for _, r := range followup.Losses() {
		if r.Status() != followup.Lost {
			t.Errorf("%s: %s", r, r.Status())
		}
	}
	for _, r := range followup.Closings() {
		if r.Status() != followup.Closed {
			t.Errorf("%s: %s", r, r.Status())
		}
	}
	today := day.AddDays(100)
	for name, c := range map[string]struct {
		end  followup.End
		path string
	}{
		"a death is reported elsewhere": {followup.End{Reason: followup.Died, On: today}, "reason"},
		"no reason":                     {followup.End{On: today}, "reason"},
		"another reason without a word": {followup.End{Reason: followup.OtherLoss, On: today}, "note"},
		"no day":                        {followup.End{Reason: followup.Moved}, "on"},
		"tomorrow":                      {followup.End{Reason: followup.Moved, On: today.AddDays(1)}, "on"},
		"before the operation":          {followup.End{Reason: followup.Moved, On: day.AddDays(-1)}, "on"},
	} {
		if !fieldsOf(c.end.Check(day, today)).Has(c.path) {
			t.Errorf("%s: %v", name, c.end.Check(day, today))
		}
	}
	if err := (followup.End{Reason: followup.Moved, On: today}).Check(day, today); err != nil {
		t.Errorf("a good end: %v", err)
	}
}

// store applies a difference as the database does.
func store(have []followup.Appointment, d followup.Diff) []followup.Appointment {
	var out []followup.Appointment
	for _, a := range have {
		if slices.ContainsFunc(d.Drop, func(x followup.Appointment) bool { return x.Step == a.Step }) {
			continue
		}
		if i := slices.IndexFunc(d.Move, func(x followup.Appointment) bool { return x.Step == a.Step }); i >= 0 {
			a = d.Move[i]
		}
		out = append(out, a)
	}
	return append(out, d.Add...)
}

func TestACorrectedOperationMovesItsAppointments(t *testing.T) {
	have := store(nil, followup.Table(nil).Reconcile(nil, procedure.PhacoIOL, day, clock.Date{}))
	have[0].Status, have[0].EndedOn = followup.Done, day.AddDays(1)
	d := followup.Table(nil).Reconcile(have, procedure.PhacoIOL, day.AddDays(3), clock.Date{})
	if len(d.Move) != 4 || len(d.Add)+len(d.Drop) != 0 || d.Move[0].State(day.AddDays(9), clock.Date{}) != followup.StateEarly {
		t.Errorf("another day: %+v", d)
	}
	d = followup.Table(nil).Reconcile(have, procedure.CAG, day, clock.Date{})
	if len(d.Drop) != 3 || len(d.Add) != 1 || len(d.Move) != 0 {
		t.Errorf("another kind: %+v", d)
	}
}

func TestNobodyIsRemindedOfWhatPassedBeforeTheProgrammeFollowed(t *testing.T) {
	d := followup.Table(nil).Reconcile(nil, procedure.PCI, day, day.AddDays(100))
	if len(d.Add) != 2 || d.Add[0].Step != followup.Mon6 {
		t.Errorf("added: %+v", d.Add)
	}
}

func TestAPatientIsFollowedFromTheLaterOperationOn(t *testing.T) {
	have := store(nil, followup.Table(nil).Reconcile(nil, procedure.PCI, day, clock.Date{}))
	have[1].Status, have[1].EndedOn = followup.Done, day.AddDays(170)
	later := day.AddDays(60)
	want := []followup.Reason{"", "", followup.Reoperated}
	for i, a := range have {
		got := a.Settled(later, clock.Date{})
		if got.Reason != want[i] {
			t.Errorf("%s: %s because %q", a.Step, got.Status, got.Reason)
		}
		if back := got.Settled(clock.Date{}, clock.Date{}); back != a {
			t.Errorf("%s: the later operation was a mistake: %+v", a.Step, back)
		}
	}
}

func TestOnlyALaterOperationAtTheSamePlaceTakesOver(t *testing.T) {
	first := procedure.Recorded{Kind: procedure.TKA, Side: procedure.Left, OperatedOn: day}
	at := func(k procedure.Kind, s procedure.Side, after int) procedure.Recorded {
		return procedure.Recorded{Kind: k, Side: s, OperatedOn: day.AddDays(after)}
	}
	all := []procedure.Recorded{first, at(procedure.TKA, procedure.Right, 30), at(procedure.THA, procedure.Left, 40), at(procedure.KneeRevision, procedure.Left, 500),
		at(procedure.KneeExplant, procedure.Left, 400), at(procedure.TKA, procedure.Left, -10), at(procedure.PFA, procedure.Left, 0)}
	if got := followup.Later(first, all); got != day.AddDays(400) {
		t.Errorf("the next one at the left knee: %s", got)
	}
	if got := followup.Later(first, all[:3]); !got.IsZero() {
		t.Errorf("another side or joint: %s", got)
	}
}

func TestAClosedCaseIsNotFollowedUntilItIsOpenedAgain(t *testing.T) {
	a := followup.Schedule(procedure.TKA)[0].On(day)
	closed := a.Settled(clock.Date{}, day.AddDays(90))
	if closed.Status != followup.Closed || closed.Reason != followup.CaseClosed || closed.EndedOn != day.AddDays(90) {
		t.Errorf("closed: %+v", closed)
	}
	if got := closed.Settled(clock.Date{}, clock.Date{}); got != a {
		t.Errorf("opened again: %+v", got)
	}
	a.Status, a.Reason = followup.Lost, followup.Refused
	if got := a.Settled(clock.Date{}, day.AddDays(90)); got != a {
		t.Errorf("lost before: %+v", got)
	}
}

// Whatever was done, lost or corrected in between: what the record asks for is
// there once, what was done stays, and asking again changes nothing.
func TestAppointmentsFollowTheirRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := allKinds()
		var have []followup.Appointment
		done := map[followup.Step]bool{}
		for range rapid.IntRange(1, 5).Draw(t, "corrections") {
			kind, on := rapid.SampledFrom(kinds).Draw(t, "kind"), day.AddDays(rapid.IntRange(-400, 400).Draw(t, "on"))
			d := followup.Table(nil).Reconcile(have, kind, on, clock.Date{})
			have = store(have, d)
			if again := followup.Table(nil).Reconcile(have, kind, on, clock.Date{}); !again.Empty() {
				t.Fatalf("asked again: %+v", again)
			}
			seen := map[followup.Step]int{}
			for _, a := range have {
				seen[a.Step]++
			}
			for _, w := range followup.Schedule(kind) {
				if seen[w.Step] != 1 {
					t.Fatalf("%s %s is there %d times", kind, w.Step, seen[w.Step])
				}
			}
			for step := range done {
				if seen[step] != 1 {
					t.Fatalf("%s was done and is gone", step)
				}
			}
			i := rapid.IntRange(0, len(have)-1).Draw(t, "which")
			have[i].Status = rapid.SampledFrom([]followup.Status{followup.Done, followup.Lost, followup.Open}).Draw(t, "status")
			have[i].EndedOn = on.AddDays(rapid.IntRange(0, 900).Draw(t, "ended"))
			delete(done, have[i].Step)
			if have[i].Status == followup.Done {
				done[have[i].Step] = true
			}
		}
	})
}

// An appointment never goes back: as days pass it is planned, open, due, overdue.
func TestTimeRunsForward(t *testing.T) {
	order := []followup.State{followup.StatePlanned, followup.StateWindow, followup.StateDue, followup.StateOverdue}
	rapid.Check(t, func(t *rapid.T) {
		windows := followup.Schedule(rapid.SampledFrom(allKinds()).Draw(t, "kind"))
		a := rapid.SampledFrom(windows).Draw(t, "window").On(day)
		n, m := rapid.IntRange(0, 4000).Draw(t, "n"), rapid.IntRange(0, 4000).Draw(t, "m")
		before, after := a.State(day.AddDays(min(n, m)), clock.Date{}), a.State(day.AddDays(max(n, m)), clock.Date{})
		if slices.Index(order, before) > slices.Index(order, after) {
			t.Fatalf("%s, then %s", before, after)
		}
	})
}

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, x := range followup.Steps() {
		keys = append(keys, x.Label())
	}
	for _, x := range followup.Groups() {
		keys = append(keys, x.Label())
	}
	for _, x := range followup.Wants() {
		keys = append(keys, x.Label())
	}
	for _, x := range followup.States() {
		keys = append(keys, x.Label())
	}
	for _, x := range slices.Concat(followup.Losses(), followup.Closings()) {
		keys = append(keys, x.Label())
	}
	for _, x := range followup.Evidences() {
		keys = append(keys, x.Label())
	}
	for _, s := range followup.Scales() {
		keys = append(keys, s.Instrument.Label())
		for _, p := range s.Parts {
			keys = append(keys, p.Label())
		}
		for _, b := range s.Bands {
			keys = append(keys, s.Grade(b.From))
		}
	}
	return keys
}
