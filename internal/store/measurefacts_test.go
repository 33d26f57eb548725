package store_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// sampled reads one measure of a base for the whole of a filter.
func sampled(t *testing.T, w *servicetest.World, base measure.Base) map[measure.ID]measure.Sample {
	t.Helper()
	out := map[measure.ID]measure.Sample{}
	w.Do(w.Official(), func(tx *store.Tx) error {
		list, err := tx.Samples(base, store.FactFilter{Lock: w.Today()})
		for _, x := range list {
			out[x.Measure] = x.Sample
		}
		return err
	})
	return out
}

// joint stores one knee and says what became of it, in days after the operation.
type joint struct {
	age                 int // days before today
	seen, died, trouble int // 0: never
	kind                string
	lost                bool
}

func (j joint) store(w *servicetest.World, n int) {
	on := w.Today().AddDays(-j.age)
	person := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: on, Joints: 1})
	at := func(days int) any {
		if days == 0 {
			return nil
		}
		return on.AddDays(days)
	}
	w.Run(`update treatment set discharged_on = null where partnership_id = $1 and person_id = $2`, w.Partnership.ID, person)
	w.Run(`update person set deceased_on = $3 where partnership_id = $1 and id = $2`, w.Partnership.ID, person, at(j.died))
	if j.seen > 0 {
		w.Run(`insert into followup_contact (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, happened_on, evidence, reached, created_at, created_by)
			select o.partnership_id, $3, o.id, o.treatment_id, o.case_id, o.person_id, o.hospital_id, o.visible_to, $4, 'phone', true, '2026-01-01', o.id from procedure o
			where o.partnership_id = $1 and o.person_id = $2`, w.Partnership.ID, person, ident.New(), at(j.seen))
	}
	if j.trouble > 0 {
		w.Run(`insert into complication (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, type, onset_on, grade, related, outcome, created_at, created_by)
			select o.partnership_id, $3, o.id, o.treatment_id, o.case_id, o.person_id, o.hospital_id, o.visible_to, 'PJI', $4, 'II', 'YES', 'RESOLVED', '2026-01-01', o.id from procedure o
			where o.partnership_id = $1 and o.person_id = $2`, w.Partnership.ID, person, ident.New(), at(j.trouble))
	}
	if j.lost {
		w.Run(`insert into followup (partnership_id, id, procedure_id, treatment_id, case_id, person_id, programme, hospital_id, visible_to, step, due_on, from_on, to_on, status, ended_on, created_at, created_by)
			select o.partnership_id, $3, o.id, o.treatment_id, o.case_id, o.person_id, 'joint', o.hospital_id, o.visible_to, 'm3', $4, $4, $4, 'lost', $4, '2026-01-01', o.id from procedure o
			where o.partnership_id = $1 and o.person_id = $2`, w.Partnership.ID, person, ident.New(), on.AddDays(90))
	}
	if j.kind != "" { // the same knee again, revised so many days later
		w.Run(`insert into procedure (partnership_id, id, treatment_id, case_id, person_id, programme, kind, site, side, hospital_id, visible_to, team, operated_on, operation_codes, diagnosis_codes,
				code_catalogue, detail, marks, created_at, created_by)
			select o.partnership_id, $3, o.treatment_id, o.case_id, o.person_id, 'joint', $4, 'knee', 'L', o.hospital_id, o.visible_to, '{}', o.operated_on + 100, '{}', '{}', '', '{}', '{}', '2026-01-01', o.id
			from procedure o where o.partnership_id = $1 and o.person_id = $2`, w.Partnership.ID, person, ident.New(), j.kind)
	}
	_ = n
}

// Eight knees, counted by hand. Silence is not health: who was not asked is not
// in the denominator, and who is too recent is left out even with an event.
func TestJointOutcomesAgreeWithTheHandCount(t *testing.T) {
	w := servicetest.New(t)
	for i, j := range []joint{
		{age: 400, seen: 380},                      // well after a year
		{age: 400, seen: 40},                       // known at 30 days only
		{age: 400},                                 // nobody asked
		{age: 400, seen: 10, died: 20},             // dead on day 20
		{age: 400, seen: 399, trouble: 365},        // infected on the last day of the year
		{age: 400, seen: 399, trouble: 366},        // a day too late
		{age: 20, seen: 19, died: 19, trouble: 10}, // too recent for anything
		{age: 400, seen: 50, lost: true},           // lost after day 50
		{age: 400, kind: "KNEE_REVISION"},          // revised on day 100; the revision is no first replacement
	} {
		j.store(w, i)
	}
	got := sampled(t, w, measure.JointFacts)
	for id, want := range map[measure.ID]measure.Sample{
		// The revision is an operation with outcomes of its own: not asked since, but the knee revised was seen on day 100.
		"joint.death_30":      {Known: 7, Unknown: 2, Hits: 1, Excluded: map[measure.Reason]int64{measure.TooRecent: 1}},
		"joint.infection_365": {Known: 4, Unknown: 4, Hits: 1, Excluded: map[measure.Reason]int64{measure.TooRecent: 2}},
		"joint.revision_rate": {Known: 8, Unknown: 1, Hits: 1, Sum: 400*5 + 20 + 19 + 50 + 100, Excluded: map[measure.Reason]int64{measure.NotPrimary: 1}},
	} {
		x := got[id]
		if x.Known != want.Known || x.Unknown != want.Unknown || x.Hits != want.Hits || want.Sum > 0 && x.Sum != want.Sum {
			t.Errorf("%s = %+v, want %+v", id, x, want)
		}
		for r, n := range want.Excluded {
			if x.Excluded[r] != n {
				t.Errorf("%s leaves out %v, want %v", id, x.Excluded, want.Excluded)
			}
		}
	}
}

// A revision at another hospital, of a person registered twice and merged since,
// is a revision of the same joint; the other side is not.
func TestARevisionElsewhereIsTheSameJoints(t *testing.T) {
	w := servicetest.New(t)
	on := clock.MustDate(2025, 3, 1)
	first := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: on, Joints: 1})
	again := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Sea, On: on.AddDays(60), Joints: 1})
	other := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Sea, On: on.AddDays(70), Joints: 1})
	w.Run(`update procedure set kind = 'KNEE_REVISION' where partnership_id = $1 and person_id in ($2, $3)`, w.Partnership.ID, again, other)
	w.Run(`update procedure set side = 'R' where partnership_id = $1 and person_id = $2`, w.Partnership.ID, other)
	if got := sampled(t, w, measure.JointFacts)["joint.revision_rate"]; got.Hits != 0 {
		t.Errorf("strangers' operations revised a joint: %+v", got)
	}
	w.Merge(again, first)
	w.Merge(other, first)
	got := sampled(t, w, measure.JointFacts)["joint.revision_rate"]
	if got.Hits != 1 || got.Sum != 60 || got.Known != 1 || got.Excluded[measure.NotPrimary] != 2 {
		t.Errorf("%+v", got)
	}
}

// Every base says something of exactly the measures that are defined on it, and
// leaves out for the declared reasons only.
func TestBasesAndDefinitionsAreTheSameList(t *testing.T) {
	w := servicetest.New(t)
	for i := range 24 {
		w.Treat(servicetest.Treated{Programme: measure.Programmes()[i%3], At: servicetest.Places()[i%4], On: w.Today().AddDays(-i * 31), Joints: 1 + i%2, State: []string{"settled", ""}[i%2],
			Money: measure.Layers{Basic: 100, Waiver: 5, Net: 1}})
	}
	w.Outcomes("c")
	defined := map[measure.ID]measure.Definition{}
	for _, d := range measure.Definitions() {
		defined[d.ID] = d
	}
	said := map[measure.ID]bool{}
	for _, b := range measure.Bases() {
		for id, s := range sampled(t, w, b) {
			said[id] = true
			if defined[id].Base != b {
				t.Errorf("%s says something about %s", b, id)
			}
			for r := range s.Excluded {
				if !has(defined[id].Exclusions, r) {
					t.Errorf("%s leaves out for %s, which it does not declare", id, r)
				}
			}
		}
	}
	for id, d := range defined {
		if !d.Tallied() && !said[id] {
			t.Errorf("%s is defined and no base says anything about it", id)
		}
	}
}

func has(list []measure.Reason, r measure.Reason) bool {
	for _, x := range list {
		if x == r {
			return true
		}
	}
	return false
}

// What happened to a patient of another partnership, or at a hospital the reader
// does not see, is in no figure and no list.
func TestFactsStayInsideTheReadersScope(t *testing.T) {
	w := servicetest.New(t)
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today().AddDays(-50), Joints: 1})
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.MountainTwo, On: w.Today().AddDays(-50), Joints: 1})
	w.Other.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today().AddDays(-50), Joints: 1})
	d, _ := measure.ByID("joint.death_30")
	for _, c := range []struct {
		w    *servicetest.World
		wide bool
		want int
	}{{w, true, 2}, {w, false, 1}, {w.Other, true, 1}} {
		who := c.w.Official()
		if !c.wide {
			who = c.w.Registrar(servicetest.Mountain)
		}
		c.w.Do(who, func(tx *store.Tx) error {
			list, err := tx.FactRows(store.FactList{Definition: d, Filter: store.FactFilter{Lock: w.Today()}, Part: measure.Unknown}, page.Request{})
			if len(list.Rows) != c.want {
				t.Errorf("wide %v: %d rows, want %d", c.wide, len(list.Rows), c.want)
			}
			return err
		})
	}
}

// A revision after the first year belongs to the rate of all years and not to the
// share of the first, neither as an event nor as time at risk.
func TestALaterRevisionIsNoEventOfTheFirstYear(t *testing.T) {
	w := servicetest.New(t)
	on := clock.MustDate(2024, 3, 1)
	first := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: on, Joints: 1})
	again := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: on.AddDays(400), Joints: 1})
	w.Run(`update procedure set kind = 'KNEE_REVISION' where partnership_id = $1 and person_id = $2`, w.Partnership.ID, again)
	w.Merge(again, first)
	got := sampled(t, w, measure.JointFacts)
	if x := got["joint.revision_rate"]; x.Hits != 1 || x.Sum != 400 {
		t.Errorf("all years: %+v", x)
	}
	if x := got["joint.revision_365"]; x.Hits != 0 || x.Sum != 365 || x.Known != 1 {
		t.Errorf("the first year: %+v", x)
	}
}
