package reporting_test

import (
	"encoding/json"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// A public file hides more people, so it would choose another part to go with them:
// what pages hide would stand in it, to the last fen.
func TestAPublicFileShowsNothingThatPagesHide(t *testing.T) {
	w := servicetest.New(t)
	for at, n := range map[servicetest.Place]struct{ all, settled, bill int }{servicetest.Mountain: {12, 3, 1_000_000}, servicetest.MountainTwo: {12, 6, 10_000_000}, servicetest.Sea: {20, 20, 1_000_000}} {
		for i := range n.all {
			x := servicetest.Treated{Programme: measure.Joint, At: at, On: clock.MustDate(2026, 1, 1+i), Joints: 1}
			if i < n.settled {
				x.State, x.Money = "settled", measure.Layers{Basic: money.Fen(n.bill)}
			}
			w.Treat(x)
		}
	}
	s, hidden := service(w), map[string]map[string]bool{}
	for _, profile := range []string{"restricted", "public"} {
		o, err := s.Overview(t.Context(), w.OfficialDonor(), reporting.OverviewInput{File: "csv", Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		shown := map[string]bool{}
		for _, g := range o.Table.Groups {
			shown[g.Key] = !g.Values[3].Value.Hidden()
		}
		hidden[profile] = map[string]bool{}
		for _, at := range []servicetest.Place{servicetest.Mountain, servicetest.MountainTwo, servicetest.Sea} {
			hidden[profile][string(at)] = !shown[w.ID(at).String()]
		}
		if !hidden[profile][string(servicetest.Mountain)] || o.Table.Total.Values[3].Value.Hidden() {
			t.Errorf("%s hides the bills of %v", profile, hidden[profile])
		}
	}
	for at, h := range hidden["restricted"] {
		if h && !hidden["public"][at] {
			t.Errorf("the bills of %s are hidden on the page and stand in the public file", at)
		}
	}
}

// Who paid is hidden where one person has nearly all of one layer, though the amounts
// are shown.
func TestLayersOfBillsAreHiddenByThemselves(t *testing.T) {
	w := servicetest.New(t)
	for at, n := range map[servicetest.Place]int{servicetest.Mountain: 12, servicetest.MountainTwo: 14, servicetest.Sea: 16} {
		for i := range n {
			m := measure.Layers{Basic: 900_000, Fund: 100_000, Net: 50_000, Waiver: 10_000}
			if at == servicetest.Mountain {
				m.Waiver = 0
				if i == 0 {
					m.Waiver = 20_000
				}
			}
			w.Treat(servicetest.Treated{Programme: measure.Joint, At: at, On: clock.MustDate(2026, 1, 1+i), Joints: 1, State: "settled", Money: m})
		}
	}
	o, err := service(w).Overview(t.Context(), w.OfficialDonor(), reporting.OverviewInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range o.Table.Groups {
		if g.Place != nil && g.Place.ID == w.ID(servicetest.Mountain) && (g.Layers != measure.Layers{} || g.Values[3].Value.Hidden()) {
			t.Errorf("one person has all that is waived: %+v, bill hidden %v", g.Layers, g.Values[3].Value.Hidden())
		}
	}
	if o.Table.Total.Layers.Bill == 0 {
		t.Error("all hospitals together are hidden")
	}
}

// How many are known stands beside all that are watched: where the coverage is hidden
// the two must not give it again.
func TestWhatAFigureRestsOnIsNotItsCoverage(t *testing.T) {
	d := randomProgramme(t, 150)
	d.w.Outcomes("n")
	b, err := service(d.w).Board(t.Context(), d.w.OfficialDonor(), reporting.BoardInput{Measures: []measure.ID{"joint.revision_365", "joint.revision_rate"}})
	if err != nil {
		t.Fatal(err)
	}
	hidden := 0
	for _, x := range b.Details {
		for _, p := range append(x.Parts, x.Months...) {
			if p.Reading.Hidden() || !p.Reading.Coverage().Hidden {
				continue
			}
			hidden++
			raw, err := json.Marshal(p.Reading)
			if err != nil {
				t.Fatal(err)
			}
			var says struct{ N, Denominator int64 }
			if err := json.Unmarshal(raw, &says); err != nil || says.N != says.Denominator {
				t.Errorf("%s of %s: %s, %v", x.Definition.ID, p.Key, raw, err)
			}
		}
	}
	if hidden == 0 {
		t.Error("no coverage is hidden")
	}
}
