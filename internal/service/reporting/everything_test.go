package reporting_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// atom is what no sum of the desk goes below: a month, a programme, a hospital.
type atom struct {
	month     string
	programme measure.Programme
	at        servicetest.Place
}

// county has four months of two quarters, two programmes and three hospitals. One
// of them has 8, 9 and 3 joints in the three months of a quarter.
func county(t *testing.T) (*servicetest.World, map[atom]int) {
	w := servicetest.New(t)
	joints := map[servicetest.Place][4]int{servicetest.Mountain: {8, 9, 3, 6}, servicetest.MountainTwo: {14, 0, 11, 7}, servicetest.Sea: {0, 12, 0, 9}}
	eyes := map[servicetest.Place][4]int{servicetest.Mountain: {6, 5, 7, 1}, servicetest.MountainTwo: {0, 2, 0, 3}}
	all := map[atom]int{}
	for programme, places := range map[measure.Programme]map[servicetest.Place][4]int{measure.Joint: joints, measure.Cataract: eyes} {
		for at, months := range places {
			for m, n := range months {
				first := clock.MustDate(2025, 1+m, 1)
				all[atom{first.String()[:7], programme, at}] = n
				for i := range n {
					w.Treat(servicetest.Treated{Programme: programme, At: at, On: first.AddDays(i), Joints: 1, State: "settled", Money: measure.Layers{Basic: 900_000, Net: 100_000}})
				}
			}
		}
	}
	w.Clock.Advance(400 * 24 * time.Hour)
	w.Outcomes("d")
	return w, all
}

// questions are all filters of the calendar, the programmes and the hospitals.
func questions(w *servicetest.World) (out []measure.Filter) {
	day := func(m, d int) clock.Date { return clock.MustDate(2025, m, d) }
	periods := []measure.Filter{{}, {From: day(1, 1), To: day(3, 31)}, {Month: "2025-01"}, {Month: "2025-02"}, {Month: "2025-03"}, {From: day(4, 1), To: day(6, 30)}}
	for _, f := range periods {
		for _, p := range []measure.Programme{"", measure.Joint} { // the other is what is left
			for _, at := range []servicetest.Place{"", servicetest.Mountain, servicetest.MountainTwo, servicetest.Sea} {
				f.Programme, f.HospitalID = p, ident.Nil
				if at != "" {
					f.HospitalID = w.ID(at)
				}
				out = append(out, f)
			}
		}
	}
	return out
}

// holds reports whether an atom belongs to what a filter asks for.
func (a atom) holds(w *servicetest.World, f measure.Filter) bool {
	from, to := f.Period()
	first, _ := clock.ParseDate(a.month + "-01")
	return (f.Programme == "" || f.Programme == a.programme) && (f.HospitalID == ident.Nil || f.HospitalID == w.ID(a.at)) &&
		(from.IsZero() || !first.Before(from) && !first.After(to))
}

// answers are what the desk says to a question: person-times, an amount, and how
// many operations a rate rests on. What is hidden is left out.
func answers(t *testing.T, s *reporting.Service, w *servicetest.World, f measure.Filter) map[string]int64 {
	out := map[string]int64{}
	all, err := s.Measures(t.Context(), w.OfficialDonor(), f)
	if err != nil {
		t.Fatal(f.Query(), err)
	}
	for _, v := range all {
		_, name, _ := strings.Cut(string(v.ID), ".")
		d, _ := measure.ByID(v.ID)
		if (d.Programme == measure.All && f.Programme == "" || d.Programme == f.Programme) && !v.Value.Hidden() {
			out[name] = v.Value.Int64()
		}
	}
	b, err := s.Board(t.Context(), w.OfficialDonor(), reporting.BoardInput{Filter: f, Measures: []measure.ID{"quality.signed", "money.basic"}})
	if err != nil {
		t.Fatal(f.Query(), err)
	}
	for _, d := range b.Details {
		if !d.Reading.Hidden() {
			out[string(d.Definition.ID)] = d.Reading.N()
		}
	}
	return out
}

// same are figures that are counted of the same things, so that one gives the other.
var same = map[string][]string{"counts": {"patients", "person_times", "procedures", "quality.signed"}, "money": {"bill_fen", "insurance_fen", "net_fen", "money.basic"}}

// Every question that is answered is asked, by readers who tell each other. What
// is shown is a system of equations over months, programmes and hospitals; no
// figure that is hidden may follow from it.
func TestNothingHiddenFollowsFromEverythingTheDeskShows(t *testing.T) {
	w, atoms := county(t)
	s := service(w)
	systems, hidden := map[string]*system{}, map[string][]measure.Filter{}
	for _, f := range questions(w) {
		truth := 0
		for a, n := range atoms {
			if a.holds(w, f) {
				truth += n
			}
		}
		said := answers(t, s, w, f)
		for kind, figures := range same {
			if systems[kind] == nil {
				systems[kind] = newSystem(atoms)
			}
			for _, figure := range figures {
				switch n, shown := said[figure]; {
				case shown && (n == 0) != (truth == 0):
					t.Fatalf("%s of %s is %d, and %d happened", figure, f.Query(), n, truth)
				case shown:
					systems[kind].add(func(a atom) bool { return a.holds(w, f) }, n == 0)
				case truth > 0 && !strings.Contains(figure, "."): // a rate is hidden for its events too
					hidden[kind] = append(hidden[kind], f)
				}
			}
		}
	}
	for kind, system := range systems {
		if len(hidden[kind]) < 20 {
			t.Errorf("%s: only %d figures are hidden", kind, len(hidden[kind]))
		}
		for _, f := range hidden[kind] {
			if system.gives(func(a atom) bool { return a.holds(w, f) }) {
				t.Errorf("%s of %s are hidden and follow from what is shown", kind, f.Query())
			}
		}
	}
}

// system are sums of atoms that are known, in echelon form.
type system struct {
	atoms []atom
	rows  [][]*big.Rat
}

func newSystem(atoms map[atom]int) *system {
	s := &system{}
	for a := range atoms {
		s.atoms = append(s.atoms, a)
	}
	slices.SortFunc(s.atoms, func(a, b atom) int { return slices.Compare([]byte(fmt.Sprint(a)), []byte(fmt.Sprint(b))) })
	return s
}

func (s *system) row(in func(atom) bool) []*big.Rat {
	out := make([]*big.Rat, len(s.atoms))
	for i, a := range s.atoms {
		out[i] = new(big.Rat)
		if in(a) {
			out[i].SetInt64(1)
		}
	}
	return out
}

// add takes a sum as known; where it is nothing, so is each atom of it.
func (s *system) add(in func(atom) bool, nothing bool) {
	s.insert(s.row(in))
	for _, a := range s.atoms {
		if nothing && in(a) {
			s.insert(s.row(func(x atom) bool { return x == a }))
		}
	}
}

func (s *system) insert(row []*big.Rat) {
	if s.reduce(row) {
		s.rows = append(s.rows, row)
	}
}

// reduce takes out of a row what is known, and reports whether anything is left.
func (s *system) reduce(row []*big.Rat) bool {
	for _, known := range s.rows {
		lead := slices.IndexFunc(known, func(v *big.Rat) bool { return v.Sign() != 0 })
		if row[lead].Sign() == 0 {
			continue
		}
		f := new(big.Rat).Quo(row[lead], known[lead])
		for i, v := range known {
			row[i].Sub(row[i], new(big.Rat).Mul(f, v))
		}
	}
	return slices.ContainsFunc(row, func(v *big.Rat) bool { return v.Sign() != 0 })
}

func (s *system) gives(in func(atom) bool) bool { return !s.reduce(s.row(in)) }

// Another measure of the same operations would choose another part to go along with
// the hidden one: here by operations, there by treatments.
func TestWhatIsHiddenInTheTalliesIsHiddenWhereItIsCountedAgain(t *testing.T) {
	w := servicetest.New(t)
	for at, n := range map[servicetest.Place][2]int{servicetest.Mountain: {3, 1}, servicetest.MountainTwo: {6, 2}, servicetest.Sea: {9, 1}} {
		for i := range n[0] {
			w.Treat(servicetest.Treated{Programme: measure.Joint, At: at, On: clock.MustDate(2025, 1, 1+i), Joints: n[1], State: "settled", Money: measure.Layers{Basic: 900_000, Net: 100_000}})
		}
	}
	w.Clock.Advance(400 * 24 * time.Hour)
	w.Outcomes("d")
	s := service(w)
	for at, hidden := range map[servicetest.Place]bool{servicetest.Mountain: true, servicetest.MountainTwo: true, servicetest.Sea: false} {
		for _, id := range []measure.ID{"all.procedures", "quality.signed", "joint.death_30", "access.stay_days"} {
			d, err := s.Detail(t.Context(), w.OfficialDonor(), reporting.DetailInput{ID: id, Filter: measure.Filter{HospitalID: w.ID(at)}})
			if err != nil || hidden && !d.Reading.Hidden() || id == "all.procedures" && d.Reading.Hidden() != hidden {
				t.Errorf("%s at %s is hidden: %v, %v", id, at, d.Reading.Hidden(), err)
			}
		}
	}
}

// The layers of the bills add up to the tallied amounts: with one of them hidden
// alone, the others and the amount would give it.
func TestLayersOfTheBillsAreHiddenTogether(t *testing.T) {
	w := servicetest.New(t)
	for _, at := range []servicetest.Place{servicetest.Mountain, servicetest.MountainTwo, servicetest.Sea} {
		for i := range 12 {
			m := measure.Layers{Basic: 900_000, Assistance: 50_000, Net: 100_000}
			if at == servicetest.Mountain && i == 0 {
				m.Critical = 300_000 // the only one
			}
			w.Treat(servicetest.Treated{Programme: measure.Joint, At: at, On: clock.MustDate(2025, 1, 1+i), Joints: 1, State: "settled", Money: m})
		}
	}
	s, f := service(w), measure.Filter{HospitalID: w.ID(servicetest.Mountain)}
	o, err := s.Overview(t.Context(), w.OfficialDonor(), reporting.OverviewInput{Filter: f})
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range o.Table.Definitions {
		if o.Table.Total.Values[i].Value.Hidden() {
			t.Errorf("%s is hidden", d.ID)
		}
	}
	if o.Table.Total.Layers != (measure.Layers{}) {
		t.Errorf("the layers are shown: %+v", o.Table.Total.Layers)
	}
	for _, id := range []measure.ID{"money.basic", "money.critical", "money.assistance"} {
		d, err := s.Detail(t.Context(), w.OfficialDonor(), reporting.DetailInput{ID: id, Filter: f})
		if err != nil || !d.Reading.Hidden() {
			t.Errorf("%s is shown, %v", id, err)
		}
	}
}
