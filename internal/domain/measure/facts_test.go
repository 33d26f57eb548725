package measure_test

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestEveryGroupHasItsMeasures(t *testing.T) {
	if n := len(measure.Definitions()); n < 40 {
		t.Fatalf("%d measures", n)
	}
	for _, g := range measure.Groups() {
		if n := len(measure.InGroup(g)); n < 8 {
			t.Errorf("%s has %d measures", g, n)
		}
	}
}

func TestEveryMeasureOfFactsIsWholeAndNamed(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	seen := map[measure.ID]bool{}
	for _, d := range measure.Definitions() {
		if seen[d.ID] {
			t.Errorf("%s is defined twice", d.ID)
		}
		seen[d.ID] = true
		if d.Tallied() {
			continue
		}
		if d.Version < 1 || d.List != measure.ListFacts || !slices.Contains(measure.Bases(), d.Base) || !slices.Contains(measure.Groups(), d.Group) || !d.Programme.Valid() {
			t.Errorf("%+v", d)
		}
		if (d.MinFollow > 0) != slices.Contains(d.Exclusions, measure.TooRecent) {
			t.Errorf("%s: who is too recent is left out, and only then", d.ID)
		}
		if d.Programme != measure.All && !strings.HasPrefix(string(d.ID), string(d.Programme)+".") {
			t.Errorf("%s does not name its programme", d.ID)
		}
		keys = append(keys, d.Base.ClockKey(), "measure.direction."+string(d.Direction))
		for _, r := range d.Exclusions {
			keys = append(keys, r.NameKey())
		}
	}
	for _, p := range measure.Parts() {
		keys = append(keys, p.NameKey())
	}
	for _, g := range measure.Groups() {
		keys = append(keys, g.NameKey())
	}
	for _, s := range []measure.State{measure.Measured, measure.NoCase, measure.NoneKnown, measure.NotReached} {
		keys = append(keys, s.NameKey())
	}
	for _, k := range append(keys, measure.ByClass.NameKey()) {
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, k) {
				t.Errorf("%s lacks %s", lang, k)
			}
		}
	}
}

func at() measure.Moment {
	return measure.Moment{AsOf: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC), Lock: clock.MustDate(2026, 11, 23)}
}

func definition(t *testing.T, id measure.ID) measure.Definition {
	t.Helper()
	d, ok := measure.ByID(id)
	if !ok {
		t.Fatalf("no measure %s", id)
	}
	return d
}

// A rate without its denominator, interval and coverage cannot be written down:
// the fields of a reading are closed, and what is undefined says why.
func TestRule13ARateComesWithAllThatBelongsToIt(t *testing.T) {
	for i := range reflect.TypeFor[measure.Reading]().NumField() {
		if f := reflect.TypeFor[measure.Reading]().Field(i); f.IsExported() {
			t.Errorf("%s of a reading can be set from outside", f.Name)
		}
	}
	d := definition(t, "joint.death_30")
	var s measure.Sample
	s.Add(d, measure.Fact{Known: true, Hit: true}, 3, 0)
	s.Add(d, measure.Fact{Known: true}, 329, 0)
	s.Add(d, measure.Fact{}, 40, 0)
	s.Add(d, measure.Fact{Excluded: measure.TooRecent, Known: true, Hit: true}, 5, 0)
	r := d.From(s, at())
	events, of := r.Rate()
	ci := r.ForChart()
	if r.State() != measure.Measured || events != 3 || of != 332 || math.Abs(ci.Low-0.1867) > 0.001 || math.Abs(ci.High-2.6179) > 0.001 {
		t.Errorf("%d of %d, %+v", events, of, ci)
	}
	if r.Coverage() != (measure.Coverage{Known: 332, Eligible: 372}) || !slices.Equal(r.Excluded(), []measure.Excluded{{Reason: measure.TooRecent, N: 5}}) {
		t.Errorf("%+v %+v", r.Coverage(), r.Excluded())
	}
	var m map[string]any
	raw, err := json.Marshal(r)
	if err != nil || json.Unmarshal(raw, &m) != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"numerator", "denominator", "interval", "coverage", "excluded", "data_lock", "min_follow_up_days", "version"} {
		if m[k] == nil {
			t.Errorf("the API lacks %s: %s", k, raw)
		}
	}
}

func TestWhatIsUndefinedSaysWhy(t *testing.T) {
	d := definition(t, "joint.death_30")
	var out, unknown measure.Sample
	out.Add(d, measure.Fact{Excluded: measure.TooRecent}, 3, 0)
	unknown.Add(d, measure.Fact{}, 3, 0)
	short := measure.Sample{}
	curve := definition(t, "joint.revision_365")
	short.Add(curve, measure.Fact{Known: true, Value: 100}, 4, 400)
	for name, c := range map[string]struct {
		r    measure.Reading
		want measure.State
	}{"nothing": {d.From(measure.Sample{}, at()), measure.NoCase}, "all left out": {d.From(out, at()), measure.NoCase}, "none known": {d.From(unknown, at()), measure.NoneKnown},
		"nobody watched a year": {curve.From(short, at()), measure.NotReached}, "no median": {definition(t, "access.wait_days").From(measure.Sample{}, at()), measure.NoCase}} {
		raw, err := json.Marshal(c.r)
		if c.r.State() != c.want || !math.IsNaN(c.r.ForChart().Value) || err != nil || strings.Contains(string(raw), "NaN") {
			t.Errorf("%s: %s, %s, %v", name, c.r.State(), raw, err)
		}
	}
	if n, ok := definition(t, "money.fund").From(measure.Sample{}, at()).Whole(); n != 0 || !ok {
		t.Error("a sum over nothing is 0")
	}
}

// The twelve joints of the printed example: three revised, their years known.
func TestRevisionsAgreeWithTheHandCount(t *testing.T) {
	rate, curve := definition(t, "joint.revision_rate"), definition(t, "joint.revision_365")
	var a, b measure.Sample
	for _, x := range []struct {
		days int64
		hit  bool
	}{{91, true}, {183, false}, {365, false}, {438, true}, {731, false}, {913, false}, {1096, true}, {1096, false}, {1461, false}, {1826, false}, {1826, false}, {1826, false}} {
		f := measure.Fact{Known: true, Hit: x.hit, Value: x.days}
		a.Add(rate, f, 1, x.days)
		b.Add(curve, f, 1, x.days)
	}
	if v := rate.From(a, at()).ForChart().Value; math.Abs(v-9.245) > 0.01 {
		t.Errorf("rate %v", v)
	}
	r := curve.From(b, at())
	if v := r.ForChart().Value; math.Abs(v-8.3333) > 0.001 || math.Abs(r.ForChart().High-46.1023) > 0.01 {
		t.Errorf("CPR %v %+v", v, r.ForChart())
	}
}

func TestAMedianKeepsItsQuartilesAndUnit(t *testing.T) {
	d := definition(t, "coronary.fluoroscopy")
	var s measure.Sample
	for _, v := range []int64{55, 65, 75, 85, 95} {
		s.Add(d, measure.Fact{Known: true, Value: v}, 1, v)
	}
	q := d.From(s, at()).ForChart()
	if q.Value != 7.5 || q.Low != 6.5 || q.High != 8.5 || q.Coverage.Known != 5 {
		t.Errorf("%+v", q)
	}
}

func TestWorseIsAgainstTheDirection(t *testing.T) {
	for way, want := range map[measure.Direction][2]bool{measure.Up: {false, true}, measure.Down: {true, false}, measure.Neutral: {false, false}} {
		d := measure.Definition{Direction: way}
		if got := [2]bool{d.Worse(2, 1), d.Worse(1, 2)}; got != want || d.Worse(1, 1) {
			t.Errorf("%s: more and less are worse: %v, want %v", way, got, want)
		}
	}
}
