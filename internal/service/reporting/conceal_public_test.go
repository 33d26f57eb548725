package reporting_test

import (
	"encoding/json"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

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
			var says struct{ N, Denominator int64 }
			if err = json.Unmarshal(raw, &says); err != nil || says.N != says.Denominator {
				t.Errorf("%s of %s: %s, %v", x.Definition.ID, p.Key, raw, err)
			}
		}
	}
	if hidden == 0 {
		t.Error("no coverage is hidden")
	}
}
