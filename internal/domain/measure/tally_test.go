package measure_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
)

func TestEveryDefinitionReadsItsOwnNumber(t *testing.T) {
	tally := measure.Tally{Operations: 5, Persons: 3, Treatments: 4, Settled: 3, Money: measure.Layers{Bill: 1000, Basic: 100, Critical: 20, Assistance: 3,
		Other: 7, Fund: 400, Waiver: 50, Net: 420}}
	asOf := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for id, want := range map[measure.ID]int64{"joint.patients": 3, "joint.person_times": 4, "joint.procedures": 5, "joint.joints": 5, "cataract.eyes": 5,
		"all.bill_fen": 1000, "all.insurance_fen": 123, "all.reduction_fen": 450, "all.net_fen": 420} {
		d, _ := measure.ByID(id)
		v := d.Read(tally, asOf)
		if v.Value.Int64() != want || v.Numerator != want || v.ID != id || !v.AsOf.Equal(asOf) {
			t.Errorf("%s = %+v, want %d", id, v, want)
		}
		if d.Denominator != "" && *v.Denominator != 4 {
			t.Errorf("%s is set against %d, want the 4 person-times", id, *v.Denominator)
		}
	}
}

// A sum of money is of the settled bills, and says of how many: in the API, as a
// reading and in what a report keeps of it. Without its coverage nothing says how many
// are settled.
func TestASumOfMoneySaysOfHowManyBills(t *testing.T) {
	at := measure.Moment{AsOf: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Lock: clock.MustDate(2026, 11, 23)}
	said := func(r any) string {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for _, tally := range []measure.Tally{{Operations: 9, Persons: 4, Treatments: 5, Settled: 3, Money: measure.Layers{Bill: 700, Net: 77}}, {Operations: 9, Persons: 4, Treatments: 5}, {}} {
		for _, d := range measure.TalliedDefinitions() {
			v, r := d.Read(tally, at.AsOf), d.FromTally(tally, at)
			if d.Kind != measure.SumMoney {
				if v.Coverage != nil || d.Covers() || r.Partial() || r.Uncovered().N() != r.N() {
					t.Errorf("%s is no sum of money: %+v", d.ID, r)
				}
				continue
			}
			want := measure.Coverage{Known: tally.Settled, Eligible: tally.Treatments}
			if v.Coverage == nil || *v.Coverage != want || r.Coverage() != want || r.N() != want.Known || !d.Covers() || r.Partial() != (want.Known < want.Eligible) || r.Behind() != (want.Eligible > 0) {
				t.Errorf("%s = %s, %s, want %+v", d.ID, said(v), said(r), want)
			}
			var kept measure.Reading
			if err := json.Unmarshal([]byte(said(r)), &kept); err != nil || kept.Coverage() != want || kept.N() != want.Known {
				t.Errorf("%s is kept as %s, %v", d.ID, said(kept), err)
			}
			for _, x := range []measure.Reading{r.Uncovered(), d.FromValue(v.Uncovered(), at)} {
				if text := said(x); !x.Coverage().Hidden || !x.Unsaid() || x.N() != 0 || x.Partial() || !strings.Contains(text, `"n":null,"coverage":null`) {
					t.Errorf("%s without its coverage is %s", d.ID, text)
				}
			}
			for _, x := range []measure.Value{v.Uncovered(), v.Withheld(), v.As(v.Value.Int64() + 5)} {
				if text := said(x); strings.Contains(text, "coverage") {
					t.Errorf("%s without its coverage is %s", d.ID, text)
				}
			}
		}
	}
}

func TestTheLayersAddUpToTheBill(t *testing.T) {
	l := measure.Layers{Bill: 1000, Basic: 100, Critical: 20, Assistance: 3, Other: 7, Fund: 400, Waiver: 50, Net: 420}
	sum := l.Of(measure.Basic) + l.Of(measure.Critical) + l.Of(measure.Assistance) + l.Of(measure.Other) + l.Of(measure.Reduction) + l.Of(measure.Net)
	if sum != l.Of(measure.Bill) || l.Of("tip") != 0 {
		t.Errorf("layers add up to %d, the bill is %d", sum, l.Bill)
	}
}

func TestCategoryCodesAreTakenInTheirOwnSpelling(t *testing.T) {
	f, err := measure.ParseFilter(map[string][]string{"category": {"DB"}}, today)
	if err != nil || f.Query() != "category=DB" {
		t.Errorf("%+v %v", f, err)
	}
}
