package visit_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func mission() visit.Mission {
	return visit.Mission{ID: ident.New(), Hospital: host, Title: "骨科支医周", From: clock.MustDate(2026, 3, 2), To: clock.MustDate(2026, 3, 6), State: visit.Planned}
}

func TestCheckOfAMission(t *testing.T) {
	if err := mission().Check(); err != nil {
		t.Fatal(err)
	}
	for path, change := range map[string]func(*visit.Mission){
		"title": func(m *visit.Mission) { m.Title = "" }, "hospital": func(m *visit.Mission) { m.Hospital = ident.Nil }, "from": func(m *visit.Mission) { m.From = clock.Date{} },
		"to": func(m *visit.Mission) { m.To = m.From.AddDays(visit.MaxDays) },
	} {
		m := mission()
		change(&m)
		if err := m.Check(); !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAnEntryStandsWithinTheMission(t *testing.T) {
	m := mission()
	e := visit.Entry{Case: ident.New(), Kind: procedure.TKA, Side: procedure.Left, On: m.To, Start: 540, Minutes: 90}
	if err := e.Check(m); err != nil {
		t.Fatal(err)
	}
	for path, change := range map[string]func(*visit.Entry){
		"case": func(e *visit.Entry) { e.Case = ident.Nil }, "kind": func(e *visit.Entry) { e.Kind = "" }, "side": func(e *visit.Entry) { e.Side = "" },
		"on": func(e *visit.Entry) { e.On = m.To.AddDays(1) }, "minutes": func(e *visit.Entry) { e.Minutes = 0 },
	} {
		x := e
		change(&x)
		if err := x.Check(m); !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAMissionDoesNotCloseWhileAPatientHasNoLocalOwner(t *testing.T) {
	m := mission()
	first, second := ident.New(), ident.New()
	done := []visit.Done{{Case: first, Kind: procedure.TKA}, {Case: second, Kind: procedure.TKA}, {Case: second, Kind: procedure.THA}}
	lines := visit.Reconcile(nil, done)
	owners := map[ident.ID]ident.ID{first: ident.New()}
	err := m.Close(lines, owners, m.To)
	if e := errs.Of(err); err == nil || e.Rule != "visit.handover" || e.Args["n"] != 1 || len(e.Remedy) == 0 {
		t.Errorf("one patient is nobody's: %v", err)
	}
	owners[second] = ident.New()
	if err := m.Close(lines, owners, m.To); err != nil {
		t.Errorf("all are handed over: %v", err)
	}
	if err := m.Close(lines, owners, m.From.AddDays(-1)); errs.Of(err).Rule != "visit.not_begun" {
		t.Errorf("before it began: %v", err)
	}
	open := visit.Reconcile([]visit.Entry{{Case: ident.New(), Kind: procedure.TKA}}, nil)
	if err := m.Close(open, nil, m.To); errs.Of(err).Rule != "visit.list_open" {
		t.Errorf("an entry nobody spoke of: %v", err)
	}
	m.State = visit.Closed
	if err := m.Close(nil, nil, m.To); errs.Of(err).Rule != "visit.ended" {
		t.Errorf("twice: %v", err)
	}
}

func TestNewDaysLeaveNobodyOut(t *testing.T) {
	m := mission()
	lines := visit.Reconcile([]visit.Entry{{Case: ident.New(), Kind: procedure.TKA, On: m.To}, {Case: ident.New(), Kind: procedure.TKA, On: m.To, Cancelled: true}},
		[]visit.Done{{Case: ident.New(), Kind: procedure.TKA, On: m.From}})
	if err := m.Keeps(lines); err != nil {
		t.Error(err)
	}
	short := m
	short.From, short.To = m.From.AddDays(1), m.To.AddDays(-1)
	if err := short.Keeps(lines); !errs.Of(err).Fields.Has("from") || !errs.Of(err).Fields.Has("to") {
		t.Error(err)
	}
}

func TestAMissionWithOperationsIsNotCancelled(t *testing.T) {
	if err := mission().Cancel(nil); err != nil {
		t.Error(err)
	}
	if err := mission().Cancel([]visit.Done{{Case: ident.New()}}); errs.Of(err).Rule != "visit.has_operations" {
		t.Error(err)
	}
}

func TestTheListIsJoinedWithWhatWasDone(t *testing.T) {
	a, b := ident.New(), ident.New()
	planned := []visit.Entry{{Case: a, Kind: procedure.TKA, Side: procedure.Left}, {Case: a, Kind: procedure.TKA, Side: procedure.Right},
		{Case: b, Kind: procedure.THA, Side: procedure.Left, Cancelled: true}}
	done := []visit.Done{{Case: a, Kind: procedure.UKAMedial, Side: procedure.Right}, {Case: b, Kind: procedure.TKA, Side: procedure.Left}}
	lines := visit.Reconcile(planned, done)
	want := []visit.Outcome{visit.OutcomeOpen, visit.OutcomeDone, visit.OutcomeCancelled, visit.OutcomeUnplanned}
	for i, l := range lines {
		if l.Outcome != want[i] {
			t.Errorf("line %d: %s, want %s", i, l.Outcome, want[i])
		}
	}
	if len(lines) != len(want) || lines[1].Done == nil || lines[1].Done.Kind != procedure.UKAMedial {
		t.Errorf("%+v", lines)
	}
}

// Every operation stands in exactly one line, and every entry in one.
func TestReconcileLosesNothing(t *testing.T) {
	cases := []ident.ID{ident.New(), ident.New(), ident.New()}
	rapid.Check(t, func(t *rapid.T) {
		kinds, sides := []procedure.Kind{procedure.TKA, procedure.THA}, procedure.Sides()
		var planned []visit.Entry
		for range rapid.IntRange(0, 5).Draw(t, "planned") {
			planned = append(planned, visit.Entry{ID: ident.New(), Case: rapid.SampledFrom(cases).Draw(t, "c"), Kind: rapid.SampledFrom(kinds).Draw(t, "k"),
				Side: rapid.SampledFrom(sides).Draw(t, "s"), Cancelled: rapid.Bool().Draw(t, "x")})
		}
		var done []visit.Done
		for range rapid.IntRange(0, 5).Draw(t, "done") {
			done = append(done, visit.Done{Procedure: ident.New(), Case: rapid.SampledFrom(cases).Draw(t, "c"), Kind: rapid.SampledFrom(kinds).Draw(t, "k"), Side: rapid.SampledFrom(sides).Draw(t, "s")})
		}
		entries, operations := map[ident.ID]int{}, map[ident.ID]int{}
		for _, l := range visit.Reconcile(planned, done) {
			if l.Entry != nil {
				entries[l.Entry.ID]++
			}
			if l.Done != nil {
				operations[l.Done.Procedure]++
				if l.Entry != nil && l.Entry.Case != l.Done.Case {
					t.Fatal("an operation stands at another patient")
				}
			}
		}
		if len(entries) != len(planned) || len(operations) != len(done) {
			t.Fatalf("%d of %d entries, %d of %d operations", len(entries), len(planned), len(operations), len(done))
		}
		for _, n := range operations {
			if n != 1 {
				t.Fatal("an operation stands twice")
			}
		}
	})
}

func TestOneSurgeonAtTwoHospitalsAtOnceIsAClash(t *testing.T) {
	at := func(org ident.ID, from, to int) visit.Busy {
		day := clock.MustDate(2026, 3, 2).Start()
		return visit.Busy{Practitioner: doctor, Organisation: org, Source: ident.New(), From: day.Add(time.Duration(from) * time.Minute), To: day.Add(time.Duration(to) * time.Minute)}
	}
	slot := at(host, 540, 600)
	for name, c := range map[string]struct {
		other visit.Busy
		want  int
	}{
		"the same hour elsewhere":          {at(home, 570, 630), 1},
		"the same hour, the same hospital": {at(host, 570, 630), 0},
		"right afterwards elsewhere":       {at(home, 600, 660), 0},
		"right before elsewhere":           {at(home, 480, 540), 0},
		"the whole day elsewhere":          {at(home, 0, 1440), 1},
		"a stay elsewhere is no case":      {visit.Busy{Practitioner: doctor, Organisation: home, Source: ident.New(), From: slot.From, To: slot.To, Exact: true}, 0},
	} {
		if got := slot.Clashes([]visit.Busy{c.other, slot}); len(got) != c.want {
			t.Errorf("%s: %d", name, len(got))
		}
	}
	stranger := at(home, 540, 600)
	stranger.Practitioner = ident.New()
	if len(slot.Clashes([]visit.Busy{stranger})) != 0 {
		t.Error("two surgeons clash")
	}
}

func TestADayOfTravelIsNoDayOfService(t *testing.T) {
	day := clock.MustDate(2026, 3, 2)
	days := []visit.Attendance{{doctor, day, visit.TravelDay}, {doctor, day.AddDays(1), visit.FullDay}, {doctor, day.AddDays(1), visit.HalfDay}, {doctor, day.AddDays(2), visit.HalfDay},
		{doctor, day.AddDays(3), visit.NoDay}, {ident.New(), day.AddDays(4), visit.FullDay}}
	if got := visit.ServiceDays(days, doctor); got != 2 {
		t.Errorf("%d days", got)
	}
}
