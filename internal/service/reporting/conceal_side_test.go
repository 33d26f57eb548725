package reporting_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// All hospitals are shown; one of them left the partnership after seven of its ten
// operations, and the side of nobody is the other three.
func TestAHospitalThatLeftMakesNoSmallSide(t *testing.T) {
	for left, hidden := range map[string]bool{"2026-01-07": true, "2026-02-28": false} {
		w := servicetest.New(t)
		for at, n := range map[servicetest.Place]int{servicetest.Mountain: 12, servicetest.MountainTwo: 10, servicetest.Sea: 9} {
			for i := range n {
				w.Treat(servicetest.Treated{Programme: measure.Joint, At: at, On: clock.MustDate(2026, 1, 1+i), Joints: 1, State: "settled", Money: measure.Layers{Basic: 900_000, Net: 100_000}})
			}
		}
		w.Run(`update partnership_member set to_on = $2 where organisation_id = $1`, w.ID(servicetest.MountainTwo), left)
		s := service(w)
		read := func(by measure.Dimension) []reporting.Group {
			o, err := s.Overview(t.Context(), w.OfficialDonor(), reporting.OverviewInput{By: by})
			if err != nil {
				t.Fatal(err)
			}
			return o.Table.Groups
		}
		if n := len(read(measure.ByHospital)); n != 3 {
			t.Errorf("%d hospitals are shown", n)
		}
		o, err := s.Overview(t.Context(), w.OfficialDonor(), reporting.OverviewInput{Filter: measure.Filter{Side: measure.Receiving}})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range o.Table.Groups { // the hospitals of a side, as long as it is shown
			if (g.Key == measure.Others) != hidden || g.Values[0].Value.Hidden() != hidden {
				t.Errorf("left on %s: %s of the receiving side hidden: %v", left, g.Key, g.Values[0].Value.Hidden())
			}
		}
		for _, g := range read(measure.BySide) {
			for _, v := range g.Values {
				if v.Value.Hidden() != hidden {
					t.Errorf("left on %s: %s of %q hidden: %v", left, v.ID, g.Key, v.Value.Hidden())
				}
			}
		}
		for _, id := range []measure.ID{"quality.signed", "all.procedures", "money.basic"} {
			d, err := s.Detail(t.Context(), w.OfficialDonor(), reporting.DetailInput{ID: id, By: measure.BySide})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range d.Parts {
				if hidden && !p.Reading.Hidden() {
					t.Errorf("left on %s: %s of %q shown", left, id, p.Key)
				}
			}
			v, err := s.Detail(t.Context(), w.OfficialDonor(), reporting.DetailInput{ID: id, Filter: measure.Filter{Side: measure.Receiving}})
			if err == nil && hidden && !v.Reading.Hidden() {
				t.Errorf("left on %s: %s of the receiving side shown", left, id)
			}
		}
	}
}
