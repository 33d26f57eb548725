package reporting_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// uneven has 12, 3 and 9 patients at three hospitals, in January.
func uneven(t *testing.T) *servicetest.World {
	w := servicetest.New(t)
	for at, n := range map[servicetest.Place]int{servicetest.Mountain: 12, servicetest.MountainTwo: 3, servicetest.Sea: 9} {
		for i := range n {
			w.Treat(servicetest.Treated{Programme: measure.Joint, At: at, On: clock.MustDate(2026, 1, 1+i), Joints: 1, State: "settled",
				Money: measure.Layers{Basic: 1_000_000, Fund: 200_000, Net: 50_000}})
		}
	}
	return w
}

func shown(b reporting.Breakdown, figure measure.ID) (out map[string]int64, hidden int) {
	out = map[string]int64{}
	for i, d := range b.Definitions {
		if !strings.HasSuffix(string(d.ID), "."+string(figure)) {
			continue
		}
		for _, g := range b.Groups {
			if g.Values[i].Value.Hidden() {
				hidden++
				if g.Place != nil || g.Linked || g.Key != measure.Others {
					hidden += 100 // a name says that there is somebody
				}
				continue
			}
			out[g.Key] = g.Values[i].Value.Int64()
		}
	}
	return out, hidden
}

func TestWhoMayNotOpenListsSeesSmallCountsHidden(t *testing.T) {
	w := uneven(t)
	s := service(w)
	o, err := s.Overview(t.Context(), w.OfficialDonor(), reporting.OverviewInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, figure := range []measure.ID{"patients", "person_times", "procedures", "bill_fen", "net_fen"} {
		left, hidden := shown(o.Table, figure)
		if _, ok := left[w.ID(servicetest.Mountain).String()]; hidden != 1 || len(left) != 1 || !ok {
			t.Errorf("%s: %v and %d hidden; the 3 and the 9 must be, as one", figure, left, hidden)
		}
	}
	if o.Table.Total.Values[0].Value.Int64() != 24 || o.Table.Overlap != 0 {
		t.Errorf("total %+v", o.Table.Total.Values[0])
	}
	if o, err = s.Overview(t.Context(), w.Official(), reporting.OverviewInput{}); err != nil {
		t.Fatal(err)
	}
	if _, hidden := shown(o.Table, "patients"); hidden != 0 || !o.Profile.Exact() {
		t.Errorf("the office sees %d hidden", hidden)
	}
}

// What is hidden in the table must not be had by asking for it alone.
func TestAHiddenPartStaysHiddenWhenAskedForAlone(t *testing.T) {
	w := uneven(t)
	s := service(w)
	for at, hidden := range map[servicetest.Place]bool{servicetest.Mountain: false, servicetest.MountainTwo: true, servicetest.Sea: true} {
		f := measure.Filter{HospitalID: w.ID(at)}
		v, err := s.Measure(t.Context(), w.OfficialDonor(), "joint.patients", f)
		if err != nil || v.Value.Hidden() != hidden {
			t.Errorf("%s: %+v %v", at, v, err)
		}
		raw, err := json.Marshal(v)
		if err != nil || strings.Contains(string(raw), `"value":null`) != hidden || strings.Contains(string(raw), `"numerator":null`) != hidden {
			t.Errorf("%s: %s %v", at, raw, err)
		}
		all, err := s.Measures(t.Context(), w.OfficialDonor(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range all {
			if v.ID == "joint.patients" && v.Value.Hidden() != hidden {
				t.Errorf("%s among all measures: %+v", at, v)
			}
		}
	}
}

// All of a quarter and its joints are two people apart. Both are answered, in any
// order: the joints are hidden with the two.
func TestTwoNearlyEqualPopulationsDoNotSubtract(t *testing.T) {
	w := uneven(t)
	s, who := service(w), w.OfficialDonor()
	for i := range 2 {
		w.Treat(servicetest.Treated{Programme: measure.Cataract, At: servicetest.Mountain, On: clock.MustDate(2026, 2, 1+i), Joints: 1})
	}
	quarter := measure.Filter{From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2026, 3, 31)}
	for id, hidden := range map[measure.ID]bool{"all.person_times": false, "joint.person_times": true, "cataract.person_times": true, "all.patients": false, "joint.patients": true} {
		if v, err := s.Measure(t.Context(), who, id, quarter); err != nil || v.Value.Hidden() != hidden {
			t.Errorf("%s: %+v, %v", id, v, err)
		}
	}
	deep := measure.Filter{Programme: measure.Joint, HospitalID: w.ID(servicetest.Mountain), Side: measure.Receiving}
	if _, err := s.Overview(t.Context(), who, reporting.OverviewInput{Filter: deep}); errs.Of(err).Rule != "disclosure.conditions" {
		t.Errorf("a hospital and a side: %v", err)
	}
}

func TestAFileSaysUnderWhichRuleItLeft(t *testing.T) {
	w := uneven(t)
	s := service(w)
	for _, x := range []struct {
		who     user.Principal
		profile string
		rule    string
		rows    int // hidden parts are one
	}{{w.Official(), "", "disclosure-4 exact", 4}, {w.Official(), "restricted", "disclosure-4 restricted k=5 round=0 dominance=80", 3},
		{w.OfficialDonor(), "", "disclosure-4 restricted k=5 round=0 dominance=80", 3}, {w.OfficialDonor(), "public", "disclosure-4 public k=8 round=5 dominance=80", 3}} {
		before := w.Count(`select count(*) from audit_event where action = 'export.make' and detail::jsonb ->> 'rule' = $1 and (detail::jsonb ->> 'rows')::int = $2`, x.rule, x.rows)
		if _, err := s.Overview(t.Context(), x.who, reporting.OverviewInput{File: "xlsx", Profile: x.profile}); err != nil {
			t.Fatal(err)
		}
		if n := w.Count(`select count(*) from audit_event where action = 'export.make' and detail::jsonb ->> 'rule' = $1 and (detail::jsonb ->> 'rows')::int = $2`, x.rule, x.rows); n != before+1 {
			t.Errorf("%q: %d events with rule %q, before %d", x.profile, n, x.rule, before)
		}
	}
	if _, err := s.Overview(t.Context(), w.OfficialDonor(), reporting.OverviewInput{File: "xlsx", Profile: "exact"}); errs.Of(err).Rule != "disclosure.exact" {
		t.Errorf("exact figures for the donor side: %v", err)
	}
}

// deaths makes joints at three hospitals of which some patients died soon.
func deaths(t *testing.T) *servicetest.World {
	w := uneven(t)
	w.Clock.Advance(500 * 24 * time.Hour)
	w.Outcomes("c")
	return w
}

// Readings are hidden like every other figure: small counts with another part,
// medians of few, and the same where a part is asked for alone.
func TestReadingsOfFewPeopleAreHidden(t *testing.T) {
	w := deaths(t)
	s, donor := service(w), w.OfficialDonor()
	desk, err := s.Desk(t.Context(), donor, reporting.DeskInput{})
	if err != nil || desk.Profile.Exact() {
		t.Fatal(desk.Profile, err)
	}
	hidden := map[measure.ID]bool{}
	for _, r := range desk.Readings {
		hidden[r.Definition().ID] = r.Hidden()
		events, of := r.Rate()
		if r.Definition().Rate() && !r.Hidden() && (few(events) || few(of-events) || few(r.N())) {
			t.Errorf("%s shows %d of %d", r.Definition().ID, events, of)
		}
		if len(r.Excluded()) > 0 {
			t.Errorf("%s says whom it left out", r.Definition().ID)
		}
	}
	if hidden["joint.patients"] || hidden["access.wait_days"] {
		t.Error("24 patients are no few")
	}
	for _, id := range []measure.ID{"joint.death_90", "joint.readmission_90", "access.stay_days", "money.fund", "joint.patients", "quality.signed"} {
		x, err := s.Detail(t.Context(), donor, reporting.DetailInput{ID: id})
		if err != nil {
			t.Fatal(id, err)
		}
		if x.Reading.Hidden() != hidden[id] {
			t.Errorf("%s: the tile and the page differ", id)
		}
		raw, err := json.Marshal(x.Parts)
		if err != nil {
			t.Fatal(err)
		}
		if last := x.Parts[len(x.Parts)-1]; last.Key != measure.Others || last.Linked || !last.Reading.Hidden() {
			t.Errorf("%s: the parts that are hidden are not taken together: %+v", id, last)
		}
		for _, at := range []servicetest.Place{servicetest.Mountain, servicetest.MountainTwo, servicetest.Sea} {
			f := measure.Filter{HospitalID: w.ID(at)}
			listed := slices.ContainsFunc(x.Parts, func(p reporting.Piece) bool { return p.Key == f.HospitalID.String() })
			v, err := s.Detail(t.Context(), donor, reporting.DetailInput{ID: id, Filter: f})
			if err != nil || v.Reading.Hidden() == listed {
				t.Errorf("%s: a part asked for alone is %v, listed %v, %v", id, v.Reading.State(), listed, err)
			}
		}
		if len(x.Parts) > 2 || strings.Contains(string(raw), `"n":3,`) {
			t.Errorf("%s: too few parts are hidden: %s", id, raw)
		}
		if _, err := s.Units(t.Context(), donor, reporting.UnitsInput{ID: id}); err == nil {
			t.Errorf("%s has a list", id)
		}
	}
	if x, err := s.Detail(t.Context(), w.Official(), reporting.DetailInput{ID: "access.stay_days"}); err != nil || x.Reading.Hidden() || len(x.Parts) != 3 || x.Parts[2].Reading.Hidden() {
		t.Errorf("the office sees every figure: %v %+v", err, x.Parts)
	}
}

func few(n int64) bool { return n > 0 && n < 5 }

func TestReadingsOfNearlyEqualPopulationsAreRefused(t *testing.T) {
	w := uneven(t)
	s, who := service(w), w.OfficialDonor()
	ask := func(to int) error {
		_, err := s.Desk(t.Context(), who, reporting.DeskInput{Group: measure.JointCare, Filter: measure.Filter{From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2026, 1, to)}})
		return err
	}
	if err := ask(31); err != nil {
		t.Fatal(err)
	}
	if err := ask(10); errs.Of(err).Rule != "disclosure.period" {
		t.Errorf("2 people less: %v", err)
	}
	if err := ask(31); err != nil {
		t.Errorf("the same again: %v", err)
	}
	deep := measure.Filter{Programme: measure.Joint, HospitalID: w.ID(servicetest.Mountain), Side: measure.Receiving}
	if _, err := s.Desk(t.Context(), who, reporting.DeskInput{Group: measure.JointCare, Filter: deep}); errs.Of(err).Rule != "disclosure.conditions" {
		t.Errorf("a hospital and a side: %v", err)
	}
}
