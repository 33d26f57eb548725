package measure_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
)

func TestEveryDefinitionReadsItsOwnNumber(t *testing.T) {
	tally := measure.Tally{Operations: 5, Persons: 3, Treatments: 4, Money: measure.Layers{Bill: 1000, Basic: 100, Critical: 20, Assistance: 3,
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
