package followup_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"pgregory.net/rapid"
)

// edition is the preset of a group as a change of it.
func edition(g followup.Group, version int64, from clock.Date) followup.Edition {
	return followup.Edition{Group: g, Version: version, From: from, Note: "会议纪要", Windows: slices.Clone(followup.Usual(g))}
}

func TestThePresetWindowsMayBePutInForceAsTheyAre(t *testing.T) {
	for _, g := range followup.Groups() {
		e, err := edition(g, 1, day).Check(day)
		if err != nil || len(e.Windows) != len(followup.Usual(g)) {
			t.Errorf("%s: %v", g, err)
		}
	}
}

func TestWindowsThatCannotBeAreRefusedAtTheirField(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*followup.Edition)
		path   string
		key    string
	}{
		"the first day is after the due day": {func(e *followup.Edition) { e.Windows[0].From = 50 }, "w6.from", "error.followup.rule_early"},
		"the last day is before the due day": {func(e *followup.Edition) { e.Windows[0].To = 30 }, "w6.to", "error.followup.rule_late"},
		"it overlaps the one before":         {func(e *followup.Edition) { e.Windows[1].From = 70 }, "m3.from", "error.followup.rule_overlap"},
		"no day at all":                      {func(e *followup.Edition) { e.Windows[0].From = 0 }, "w6.from", "form.error.between"},
		"too far away":                       {func(e *followup.Edition) { e.Windows[12].To = 9000 }, "y10.to", "form.error.between"},
		"a step of other operations":         {func(e *followup.Edition) { e.Windows[0].Step = followup.Day1 }, "windows", "error.followup.rule_step"},
		"a step twice":                       {func(e *followup.Edition) { e.Windows[1] = e.Windows[0] }, "windows", "error.followup.rule_step"},
		"nobody is followed":                 {func(e *followup.Edition) { e.Windows = nil }, "windows", "error.followup.rule_empty"},
		"in force since yesterday":           {func(e *followup.Edition) { e.From = day.AddDays(-1) }, "from", "error.followup.rule_past"},
		"from no day":                        {func(e *followup.Edition) { e.From = clock.Date{} }, "from", "form.error.missing"},
		"resting on nothing":                 {func(e *followup.Edition) { e.Note = " " }, "note", "error.followup.rule_note"},
	} {
		e := edition(followup.Joints, 1, day)
		c.change(&e)
		_, err := e.Check(day)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if !slices.ContainsFunc(errs.Of(err).Fields, func(f errs.Field) bool { return f.Path == c.path && f.Key == c.key }) {
			t.Errorf("%s: %+v", name, errs.Of(err).Fields)
		}
	}
}

func TestTheEditionOfTheOperationsDayCounts(t *testing.T) {
	table := followup.Table{edition(followup.Joints, 1, day), edition(followup.Joints, 2, day.AddDays(30)), edition(followup.Joints, 3, day.AddDays(30)), edition(followup.Cataracts, 1, day)}
	for after, want := range map[int]int64{-1: 0, 0: 1, 29: 1, 30: 3, 400: 3} {
		if got := table.InForce(followup.Joints, day.AddDays(after)).Version; got != want {
			t.Errorf("after %d days: edition %d, want %d", after, got, want)
		}
	}
	if coming := table.Coming(followup.Joints, day); len(coming) != 1 || coming[0].Version != 3 {
		t.Errorf("to come: %+v", coming)
	}
	if got := table.InForce(followup.Angiographies, day); !got.Shipped() || len(got.Windows) == 0 {
		t.Errorf("nobody changed it: %+v", got)
	}
}

// Whatever is put in force afterwards, and however the day of the operation is
// corrected: the appointments keep the distances they were made with.
func TestAppointmentsKeepTheWindowsTheyWereMadeWith(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(allKinds()).Draw(t, "kind")
		g := followup.GroupOf(kind)
		first := edition(g, 1, day)
		first.Windows[0].Due++
		table := followup.Table{}
		if rapid.Bool().Draw(t, "changed before") {
			table = append(table, first)
		}
		made := table.InForce(g, day)
		have := store(nil, table.Reconcile(nil, kind, day, clock.Date{}))
		later := edition(g, made.Version+1, day.AddDays(rapid.IntRange(0, 9).Draw(t, "since")))
		later.Windows[0].Due += 2
		table = append(table, later)
		on := day.AddDays(rapid.IntRange(-5, 40).Draw(t, "corrected to"))
		have = store(have, table.Reconcile(have, kind, on, clock.Date{}))
		for i, w := range made.Windows {
			if a := have[i]; a.Due != on.AddDays(w.Due) || a.From != on.AddDays(w.From) || a.To != on.AddDays(w.To) || a.Edition != made.Version {
				t.Fatalf("%s: %+v, made by %+v", w.Step, a, w)
			}
			if !table.Keeps(have[i], kind, day.AddDays(50)) {
				t.Fatal("it does not say that it keeps its windows")
			}
		}
		if fresh := table.Reconcile(nil, kind, day.AddDays(50), clock.Date{}); fresh.Add[0].Edition != later.Version {
			t.Fatalf("a new operation goes by edition %d", fresh.Add[0].Edition)
		}
	})
}

func TestAnotherKindOfOperationIsFollowedByTheEditionInForce(t *testing.T) {
	changed := edition(followup.Angiographies, 1, day.AddDays(-9))
	changed.Windows[0].Due = 28
	table := followup.Table{changed}
	have := store(nil, table.Reconcile(nil, procedure.PCI, day, clock.Date{}))
	have = store(have, table.Reconcile(have, procedure.CAG, day, clock.Date{}))
	if len(have) != 1 || have[0].Due != day.AddDays(28) || have[0].Edition != 1 || have[0].Group != followup.Angiographies {
		t.Errorf("%+v", have)
	}
}
