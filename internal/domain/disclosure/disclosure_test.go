package disclosure_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestDifferencing(t *testing.T) {
	day := clock.MustDate
	year := disclosure.Population{Conditions: []string{"programme=joint"}, From: day(2026, 1, 1), To: day(2026, 12, 31), People: 100}
	narrower := func(people int64) disclosure.Population {
		return disclosure.Population{Conditions: []string{"hospital=x", "programme=joint"}, From: day(2026, 1, 1), To: day(2026, 11, 30), People: people}
	}
	p := disclosure.Restricted()
	given := []disclosure.Population{year}
	for people, refused := range map[int64]bool{100: false, 99: true, 96: true, 95: false, 40: false} {
		err := p.Differencing(given, narrower(people))
		if refused != errs.Is(err, errs.Precondition) {
			t.Errorf("%d of 100 people: %v", people, err)
		}
		if err := p.Differencing([]disclosure.Population{narrower(people)}, year); refused != (err != nil) {
			t.Errorf("the other way round, %d of 100 people: %v", people, err)
		}
	}
	other := disclosure.Population{Conditions: []string{"programme=cataract"}, People: 99}
	if err := p.Differencing(given, other); err != nil {
		t.Errorf("other people: %v", err)
	}
	again := year
	again.People = 101 // one was entered since
	if err := p.Differencing(given, again); err != nil {
		t.Errorf("the same question on another day: %v", err)
	}
	if err := disclosure.Exact().Differencing(given, narrower(99)); err != nil {
		t.Errorf("the office: %v", err)
	}
}

func TestProfilesThatProtectNobodyAreRefused(t *testing.T) {
	if err := disclosure.Default().Check(); err != nil {
		t.Error(err)
	}
	p := disclosure.Default()
	p.Public.Hide = 0
	if p.Check() == nil {
		t.Error("a profile that hides nothing was taken")
	}
	for _, name := range disclosure.Names() {
		if x, err := disclosure.Default().Named(name); err != nil || x.Name != name {
			t.Errorf("%s: %v %v", name, x, err)
		}
	}
	if _, err := disclosure.Default().Named("secret"); err == nil {
		t.Error("an unknown profile was taken")
	}
}
