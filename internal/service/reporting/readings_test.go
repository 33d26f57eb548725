package reporting_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// units walks one part of a list page by page, or takes it as a file.
func units(t *testing.T, s *reporting.Service, w *servicetest.World, in reporting.UnitsInput) []reporting.Unit {
	t.Helper()
	var all []reporting.Unit
	seen := map[string]bool{}
	for {
		u, err := s.Units(t.Context(), w.Official(), in)
		if err != nil {
			t.Fatalf("%s: %v", in.ID, err)
		}
		for _, x := range u.Rows {
			if seen[x.ID.String()] || len(all) > 0 && x.On.After(all[len(all)-1].On) {
				t.Fatalf("%s %s: %s on %s is repeated or out of order", in.ID, in.Part, x.ID, x.On)
			}
			seen[x.ID.String()] = true
			all = append(all, x)
		}
		if u.Next == "" {
			return all
		}
		in.Page.After = u.Next
	}
}

func text(t *testing.T, r measure.Reading) string {
	t.Helper()
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The promise of every measure, on random records: the tile of the desk, the
// head of its page, and what follows from the rows of its lists are one figure,
// with its interval, coverage and exclusions, and the file has the same rows.
func TestEveryReadingIsWhatItsListsSay(t *testing.T) {
	d := randomProgramme(t, 80)
	d.w.Clock.Advance(400 * 24 * time.Hour) // a year of follow-up is over
	d.w.Outcomes("a")
	s, who, r := service(d.w), d.w.Official(), rand.New(rand.NewPCG(5, 8))
	empty := 0
	for round := range 2 {
		f := measure.Filter{}
		if round > 0 {
			f = d.filter(r)
			f.Month = ""
		}
		desk, err := s.Desk(t.Context(), who, reporting.DeskInput{Filter: f})
		if err != nil || len(desk.Readings) != len(measure.Definitions()) {
			t.Fatalf("%d readings, %v", len(desk.Readings), err)
		}
		for _, tile := range desk.Readings {
			def := tile.Definition()
			if def.Tallied() || round > 0 && r.IntN(9) > 0 {
				continue
			}
			if round == 0 && tile.N() == 0 {
				empty++
				t.Logf("%s is empty", def.ID)
			}
			var again measure.Sample
			counts := map[measure.Part]int{}
			for _, p := range []measure.Part{measure.Known, measure.Unknown, measure.Left} {
				if nobody := map[measure.Part]bool{measure.Unknown: tile.Coverage().Known == tile.Coverage().Eligible, measure.Left: len(tile.Excluded()) == 0}[p]; nobody && r.IntN(4) > 0 {
					continue
				}
				rows := units(t, s, d.w, reporting.UnitsInput{ID: def.ID, Filter: f, Part: p, Page: page.Request{Size: 100}})
				counts[p] = len(rows)
				for _, x := range rows {
					if p == measure.Known || x.Fact.Part(def) == p {
						again.Add(def, x.Fact, 1, x.Fact.Value)
					}
				}
			}
			again.Population = tile.Population()
			if want := text(t, def.From(again, tile.Moment())); text(t, tile) != want {
				t.Errorf("%s %q:\n tile %s\nlists %s", def.ID, f.Query(), text(t, tile), want)
			}
			if !def.Rate() {
				continue
			}
			events, of := tile.Rate()
			hits := units(t, s, d.w, reporting.UnitsInput{ID: def.ID, Filter: f, Part: measure.Numerator, File: "csv"})
			if def.Kind == measure.PopulationRate { // set against inhabitants, who are in no list
				of = int64(counts[measure.Known])
			}
			if tile.State() == measure.Measured && (int64(len(hits)) != events || int64(counts[measure.Known]) != of) {
				t.Errorf("%s: %d of %d, the lists have %d and %d", def.ID, events, of, len(hits), counts[measure.Known])
			}
		}
	}
	if empty > 6 {
		t.Errorf("%d measures saw no case", empty)
	}
}

// What is not settled is not in a sum of money, and the figure says so wherever it
// stands: 3 of 5, and 21 of 24 of the whole.
func TestASumOfMoneySaysHowManyAreSettled(t *testing.T) {
	w := unsettled(t)
	s, who := service(w), w.Official()
	for id, want := range map[measure.ID]measure.Coverage{"all.bill_fen": {Known: 21, Eligible: 24}, "joint.net_fen": {Known: 21, Eligible: 24}, "cataract.bill_fen": {}} {
		d, err := s.Desk(t.Context(), who, reporting.DeskInput{})
		if err != nil {
			t.Fatal(err)
		}
		x, err := s.Detail(t.Context(), who, reporting.DetailInput{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Board(t.Context(), who, reporting.BoardInput{Measures: []measure.ID{id}})
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.Measure(t.Context(), who, id, measure.Filter{})
		l, err2 := s.List(t.Context(), who, reporting.ListInput{ID: id})
		if err != nil || err2 != nil || v.Coverage == nil || *v.Coverage != want || *l.Value.Coverage != want || int64(len(l.Rows)) != want.Eligible {
			t.Errorf("%s = %+v, its list of %d says %+v: %v %v", id, v.Coverage, len(l.Rows), l.Value.Coverage, err, err2)
		}
		for _, r := range append(slices.Clone(d.Readings), x.Reading, b.Details[0].Reading) {
			if r.Definition().ID == id && (r.Coverage() != want || r.N() != want.Known) {
				t.Errorf("%s rests on %d, %+v, want %+v", id, r.N(), r.Coverage(), want)
			}
		}
		sum := measure.Coverage{}
		for _, p := range x.Parts {
			sum.Known, sum.Eligible = sum.Known+p.Reading.Coverage().Known, sum.Eligible+p.Reading.Coverage().Eligible
			if p.Key == w.ID(servicetest.MountainTwo).String() && p.Reading.Coverage() != (measure.Coverage{Known: 3, Eligible: 5}) {
				t.Errorf("%s of the second hospital: %+v", id, p.Reading.Coverage())
			}
		}
		if id != "cataract.bill_fen" && (sum != want || len(x.Parts) != 2) {
			t.Errorf("%s: the parts add up to %+v", id, sum)
		}
	}
}

// How many are not settled may be few, and it is what is left of all person-times: who
// sees no small counts is not told of how many a sum is.
func TestWhoSeesNoSmallCountsIsNotToldHowManyAreSettled(t *testing.T) {
	w := unsettled(t)
	s, donor := service(w), w.OfficialDonor()
	desk, err := s.Desk(t.Context(), donor, reporting.DeskInput{})
	if err != nil {
		t.Fatal(err)
	}
	readings, shown := desk.Readings, 0
	for _, id := range []measure.ID{"all.bill_fen", "joint.net_fen"} {
		x, err := s.Detail(t.Context(), donor, reporting.DetailInput{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		b, err := s.Board(t.Context(), donor, reporting.BoardInput{Measures: []measure.ID{id}})
		if err != nil {
			t.Fatal(err)
		}
		readings = append(readings, x.Reading, b.Details[0].Reading)
		for _, p := range slices.Concat(x.Parts, x.Months, b.Details[0].Parts) {
			readings = append(readings, p.Reading)
		}
	}
	for _, r := range readings {
		if r.Definition().Kind != measure.SumMoney {
			continue
		}
		if !r.Hidden() {
			shown++
		}
		if raw := text(t, r); !r.Coverage().Hidden || r.N() != 0 || !strings.Contains(raw, `"n":null,"coverage":null`) {
			t.Errorf("%s", raw)
		}
	}
	if shown < 8 {
		t.Errorf("only %d sums of money were seen", shown)
	}
	all, err := s.Measures(t.Context(), donor, measure.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	one, err := s.Measure(t.Context(), donor, "all.bill_fen", measure.Filter{})
	if err != nil || one.Value.Int64() == 0 {
		t.Fatalf("%+v %v", one, err)
	}
	for _, x := range []reporting.OverviewInput{{}, {File: "xlsx", Profile: "public"}} {
		o, err := s.Overview(t.Context(), donor, x)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range append([]reporting.Breakdown{o.Table, o.Months}, o.Programmes...) {
			for _, g := range append(b.Groups, b.Total) {
				all = append(all, g.Values...)
			}
		}
	}
	for _, v := range append(all, one) {
		if v.Coverage != nil {
			t.Errorf("%s = %d of %+v", v.ID, v.Value.Int64(), v.Coverage)
		}
	}
}

// unsettled has 24 treatments of which 3 are not settled, 2 of them at a hospital of 5.
func unsettled(t *testing.T) *servicetest.World {
	w := servicetest.New(t)
	for i := range 24 {
		x := servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: clock.MustDate(2026, 1, 1+i), Joints: 1, State: "settled",
			Money: measure.Layers{Basic: 1_000_000, Fund: 200_000, Net: 50_000}}
		if i < 5 {
			x.At = servicetest.MountainTwo
		}
		if i == 3 || i == 4 || i == 5 {
			x.State = []string{"", "draft", "reversed"}[i-3]
		}
		w.Treat(x)
	}
	return w
}

// Parts, months and classes are the same facts again: those of what adds up make
// the whole, and each opens a list of its own.
func TestPartsMonthsAndClassesAreTheSameFacts(t *testing.T) {
	d := randomProgramme(t, 60)
	d.w.Outcomes("b")
	s, who := service(d.w), d.w.Official()
	for _, def := range measure.Definitions() {
		if def.Tallied() {
			continue
		}
		x, err := s.Detail(t.Context(), who, reporting.DetailInput{ID: def.ID, By: measure.BySurgeon})
		if err != nil {
			t.Fatal(err)
		}
		for name, list := range map[string][]reporting.Piece{"parts": x.Parts, "months": x.Months, "classes": x.Classes} {
			var eligible, known, events int64
			for _, p := range list {
				e, _ := p.Reading.Rate()
				events, known, eligible = events+e, known+p.Reading.Coverage().Known, eligible+p.Reading.Coverage().Eligible
			}
			e, _ := x.Reading.Rate()
			if whole := x.Reading.Coverage(); (name != "classes" || def.Classes != "") && (eligible != whole.Eligible || known != whole.Known || def.Kind == measure.Proportion && events != e) {
				t.Errorf("%s: %s add up to %d of %d, %d events; the whole is %+v, %d", def.ID, name, known, eligible, events, whole, e)
			}
		}
		for _, p := range x.Classes {
			rows := units(t, s, d.w, reporting.UnitsInput{ID: def.ID, Class: p.Class, Part: measure.Known, File: "csv"})
			if p.Class != "" && int64(len(rows)) != p.Reading.Coverage().Known {
				t.Errorf("%s %s has %d rows and %d units", def.ID, p.Class, len(rows), p.Reading.Coverage().Known)
			}
		}
	}
}

// Whoever was left out of the whole was left out of one of its parts, also where a
// part has nobody else; for a reader who sees no exclusions such a part is not there.
func TestExclusionsOfThePartsAreThoseOfTheWhole(t *testing.T) {
	d := randomProgramme(t, 60)
	d.w.Outcomes("x")
	s := service(d.w)
	var ids []measure.ID
	for _, def := range measure.Definitions() {
		if !def.Tallied() {
			ids = append(ids, def.ID)
		}
	}
	only := map[string]int{} // parts that have nobody else
	for _, by := range measure.Dimensions() {
		seen, err := s.Board(t.Context(), d.w.Official(), reporting.BoardInput{Measures: ids, By: by})
		if err != nil {
			t.Fatal(err)
		}
		shown, err := s.Board(t.Context(), d.w.OfficialDonor(), reporting.BoardInput{Measures: ids, By: by})
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range seen.Details {
			def := x.Definition
			lists, restricted := map[string][]reporting.Piece{"parts": x.Parts, "months": x.Months}, map[string][]reporting.Piece{"parts": shown.Details[i].Parts, "months": shown.Details[i].Months}
			if def.Classes != "" {
				lists["classes"], restricted["classes"] = x.Classes, shown.Details[i].Classes
			}
			for name, list := range lists {
				left := map[measure.Reason]int64{}
				there := map[string]bool{}
				for _, p := range list {
					for _, e := range p.Reading.Excluded() {
						left[e.Reason] += e.N
					}
					if there[p.Key] = true; p.Reading.AllLeft() {
						there[p.Key] = false
						only[name]++
					}
				}
				for _, e := range x.Reading.Excluded() {
					if left[e.Reason] != e.N {
						t.Errorf("%s by %s: %d were left out of the %s as %s, of the whole %d", def.ID, by, left[e.Reason], name, e.Reason, e.N)
					}
				}
				for i, p := range restricted[name] { // between its first and last a month stands whatever it has
					if len(p.Reading.Excluded()) > 0 {
						t.Errorf("%s by %s: a reader of hidden figures sees who was left out", def.ID, by)
					}
					if !there[p.Key] && p.Key != measure.Others && def.Kind != measure.PopulationRate && (name != "months" || i == 0 || i == len(restricted[name])-1) {
						t.Errorf("%s by %s: %s %s has nobody but who was left out, and is shown", def.ID, by, name, p.Key)
					}
				}
			}
		}
	}
	if only["parts"] == 0 || only["months"] == 0 {
		t.Errorf("the records have no such part: %v", only)
	}
}
