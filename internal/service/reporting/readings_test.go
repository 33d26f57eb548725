package reporting_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

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
					if !there[p.Key] && def.Kind != measure.PopulationRate && (name != "months" || i == 0 || i == len(restricted[name])-1) {
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
