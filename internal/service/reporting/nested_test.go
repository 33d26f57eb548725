package reporting_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// The deaths of ninety days are those of thirty and some more: whoever sees both
// knows the some more, however large each of the two is.
func TestNestedMeasuresProtectEachOther(t *testing.T) {
	for _, c := range []struct {
		name                string
		first, second, last int // deaths until day 30, 90 and 365
		hidden90, hidden365 bool
	}{
		{"two more by day 90", 6, 2, 8, true, false},
		{"enough more each time", 6, 7, 8, false, false},
		{"nobody more by day 90", 6, 0, 8, false, false},
		{"three more by the end of the year", 6, 7, 3, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := servicetest.New(t)
			on := w.Today().AddDays(-400)
			for i := range 40 {
				person := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: on, Joints: 1})
				day := 0
				switch {
				case i < c.first:
					day = 20
				case i < c.first+c.second:
					day = 60
				case i < c.first+c.second+c.last:
					day = 200
				}
				if day > 0 {
					w.Run(`update person set deceased_on = $3 where partnership_id = $1 and id = $2`, w.Partnership.ID, person, on.AddDays(day))
				} else {
					w.Run(`update treatment set discharged_on = $3 where partnership_id = $1 and person_id = $2`, w.Partnership.ID, person, on.AddDays(380))
				}
			}
			desk, err := service(w).Desk(t.Context(), w.OfficialDonor(), reporting.DeskInput{Group: measure.JointCare})
			if err != nil {
				t.Fatal(err)
			}
			got := map[measure.ID]measure.Reading{}
			for _, r := range desk.Readings {
				got[r.Definition().ID] = r
			}
			if got["joint.death_30"].Hidden() || got["joint.death_90"].Hidden() != c.hidden90 || got["joint.death_365"].Hidden() != c.hidden365 {
				t.Errorf("hidden: %v %v %v", got["joint.death_30"].Hidden(), got["joint.death_90"].Hidden(), got["joint.death_365"].Hidden())
			}
			shown := []int64{}
			for _, id := range []measure.ID{"joint.death_30", "joint.death_90", "joint.death_365"} {
				if events, _ := got[id].Rate(); !got[id].Hidden() {
					for _, before := range shown {
						if few(events - before) {
							t.Errorf("%d and %d can be subtracted", events, before)
						}
					}
					shown = append(shown, events)
				}
			}
		})
	}
}

// Whatever the records are, no two shown measures of which one contains the other
// differ by few events, in the whole or in any part.
func TestNoPartCanBeSubtractedFromTheMeasureItIsIn(t *testing.T) {
	d := randomProgramme(t, 120)
	d.w.Outcomes("n")
	s, donor := service(d.w), d.w.OfficialDonor()
	read := map[measure.ID]reporting.Detail{}
	var ids []measure.ID
	for _, def := range measure.Definitions() {
		if len(def.Contains) > 0 {
			ids = append(append(ids, def.ID), def.Contains...)
		}
	}
	for _, by := range []measure.Dimension{measure.ByHospital, measure.BySurgeon} {
		b, err := s.Board(t.Context(), donor, reporting.BoardInput{Measures: ids, By: by})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range b.Details {
			read[x.Definition.ID] = x
		}
		for _, outer := range read {
			for _, id := range outer.Definition.Contains {
				inner := read[id]
				compare := func(where string, a, b measure.Reading) {
					x, _ := a.Rate()
					y, _ := b.Rate()
					if !a.Hidden() && !b.Hidden() && (few(x-y) || few(y-x)) {
						t.Errorf("%s and %s, %s: %d and %d", outer.Definition.ID, id, where, x, y)
					}
				}
				compare("all", outer.Reading, inner.Reading)
				for _, p := range outer.Parts {
					for _, q := range inner.Parts {
						if p.Key == q.Key {
							compare(p.Key, p.Reading, q.Reading)
						}
					}
				}
			}
		}
	}
}
