package patient_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestRule7ADeathLiesBetweenTheLastOperationAndToday(t *testing.T) {
	today, born, done := clock.MustDate(2026, 11, 24), clock.MustDate(1950, 1, 1), clock.MustDate(2026, 6, 18)
	for name, x := range map[string]struct {
		on    clock.Date
		field bool
	}{"today": {today, false}, "the day of the operation": {done, false}, "the day before it": {done.AddDays(-1), true}, "tomorrow": {today.AddDays(1), true},
		"before the birth": {born.AddDays(-1), true}, "no day": {clock.Date{}, true}} {
		err := patient.Death{On: x.on, Source: patient.DeathFamily}.Check(born, done, today)
		if (err != nil) != x.field || err != nil && !errs.Of(err).Fields.Has("died_on") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (patient.Death{On: today}).Check(born, done, today); !errs.Of(err).Fields.Has("source") {
		t.Errorf("no source: %v", err)
	}
}
