package measure_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
)

func keptSample(d measure.Definition, n int64) measure.Sample {
	s := measure.Sample{Population: 2000}
	for i := range n {
		s.Add(d, measure.Fact{Known: true, Hit: i%3 == 0, Value: 40 + 17*i}, 1, 40+17*i)
	}
	s.Add(d, measure.Fact{}, n/4, 0)
	for i, r := range d.Exclusions {
		s.Add(d, measure.Fact{Excluded: r}, int64(i+1), 0)
	}
	return s
}

// What a report keeps of a reading is all of it: read back it says the same, and
// so do its interval, its coverage and how it stands to a target.
func TestAKeptReadingSaysTheSame(t *testing.T) {
	at := measure.Moment{AsOf: time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), Lock: clock.MustDate(2026, 11, 23)}
	for _, d := range measure.Definitions() {
		for _, n := range []int64{0, 1, 40} {
			r := d.From(keptSample(d, n), at)
			if d.Tallied() {
				r = d.FromTally(measure.Tally{Operations: n, Persons: n, Treatments: n, Settled: n / 2}, at)
			}
			for _, x := range []measure.Reading{r, r.Withheld(), r.Uncovered()} {
				raw, err := json.Marshal(x)
				if err != nil {
					t.Fatal(err)
				}
				var back measure.Reading
				if err := json.Unmarshal(raw, &back); err != nil {
					t.Fatalf("%s: %v\n%s", d.ID, err, raw)
				}
				again, err := json.Marshal(back)
				if err != nil || string(again) != string(raw) {
					t.Errorf("%s:\n%s\n%s", d.ID, raw, again)
				}
				a, ok := x.Whole()
				b, ok2 := back.Whole()
				if a != b || ok != ok2 || x.Against(50) != back.Against(50) || x.Hidden() != back.Hidden() || x.Coverage() != back.Coverage() {
					t.Errorf("%s: %d %d, %s %s", d.ID, a, b, x.Against(50), back.Against(50))
				}
			}
		}
	}
}

// No rate comes back without what it may not be shown without.
func TestABareRateIsNotReadBack(t *testing.T) {
	d, _ := measure.ByID("joint.death_90")
	raw, err := json.Marshal(d.From(keptSample(d, 30), measure.Moment{Lock: clock.MustDate(2026, 11, 23)}))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"numerator", "denominator", "interval", "value"} {
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		delete(m, field)
		bare, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var r measure.Reading
		if err := json.Unmarshal(bare, &r); !errors.Is(err, measure.ErrBare) {
			t.Errorf("without its %s it was read: %v", field, err)
		}
	}
	var r measure.Reading
	if err := json.Unmarshal([]byte(strings.Replace(string(raw), "joint.death_90", "joint.gone", 1)), &r); err == nil {
		t.Error("a measure nobody knows was read")
	}
}

// A target is missed when the interval does not reach it either.
func TestHowAFigureStandsToItsTarget(t *testing.T) {
	up, _ := measure.ByID("cataract.good_618")
	down, _ := measure.ByID("joint.complication_90")
	for _, c := range []struct {
		d           measure.Definition
		hits, known int64
		target      float64
		want        measure.Verdict
	}{
		{up, 85, 100, 80, measure.Reached}, {up, 78, 100, 80, measure.Near}, {up, 60, 100, 80, measure.Missed}, {up, 0, 0, 80, measure.NoVerdict},
		{down, 4, 100, 5, measure.Reached}, {down, 7, 100, 5, measure.Near}, {down, 20, 100, 5, measure.Missed},
	} {
		var s measure.Sample
		s.Add(c.d, measure.Fact{Known: true, Hit: true}, c.hits, 0)
		s.Add(c.d, measure.Fact{Known: true}, c.known-c.hits, 0)
		if got := c.d.From(s, measure.Moment{}).Against(c.target); got != c.want {
			t.Errorf("%s %d of %d against %v: %q, want %q", c.d.ID, c.hits, c.known, c.target, got, c.want)
		}
	}
}
