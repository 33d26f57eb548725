package visit_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

var doctor, host, home = ident.New(), ident.New(), ident.New()

func posting(from, to clock.Date) visit.Posting {
	return visit.Posting{ID: ident.New(), Practitioner: doctor, Host: host, From: from, To: to}
}

func TestBothDaysBelongToThePosting(t *testing.T) {
	p := posting(clock.MustDate(2026, 3, 1), clock.MustDate(2026, 3, 31))
	for day, want := range map[clock.Date]bool{clock.MustDate(2026, 2, 28): false, p.From: true, clock.MustDate(2026, 3, 15): true,
		p.To: true, clock.MustDate(2026, 4, 1): false, {}: false} {
		if p.Covers(day) != want {
			t.Errorf("%s: %v", day, !want)
		}
	}
	if p.Days() != 31 {
		t.Errorf("%d days", p.Days())
	}
	if (visit.Posting{}).Covers(p.From) || posting(p.To, p.From).Days() != 0 {
		t.Error("an empty posting covers something")
	}
}

func TestBandsAreFullMonths(t *testing.T) {
	from := clock.MustDate(2026, 3, 1)
	for to, want := range map[clock.Date]visit.Band{
		clock.MustDate(2026, 3, 30): visit.Short, clock.MustDate(2026, 3, 31): visit.Month,
		clock.MustDate(2026, 8, 30): visit.Month, clock.MustDate(2026, 8, 31): visit.HalfYear,
		clock.MustDate(2027, 2, 27): visit.HalfYear, clock.MustDate(2027, 2, 28): visit.Year} {
		if got := posting(from, to).Band(); got != want {
			t.Errorf("to %s: %s, want %s", to, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	from, to := clock.MustDate(2026, 3, 1), clock.MustDate(2026, 8, 31)
	if err := posting(from, to).Check(home); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*visit.Posting)
		path   string
	}{
		"nobody":       {func(p *visit.Posting) { p.Practitioner = ident.Nil }, "practitioner"},
		"nowhere":      {func(p *visit.Posting) { p.Host = ident.Nil }, "host"},
		"at home":      {func(p *visit.Posting) { p.Host = home }, "host"},
		"no start":     {func(p *visit.Posting) { p.From = clock.Date{} }, "from"},
		"no end":       {func(p *visit.Posting) { p.To = clock.Date{} }, "to"},
		"ends earlier": {func(p *visit.Posting) { p.To = from.AddDays(-1) }, "to"},
		"ten years":    {func(p *visit.Posting) { p.To = clock.MustDate(2036, 8, 31) }, "to"},
	} {
		p := posting(from, to)
		c.change(&p)
		if err := p.Check(home); !errs.Of(err).Fields.Has(c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two postings of one doctor clash exactly when some day is in both.
func TestClashMeansASharedDay(t *testing.T) {
	start := clock.MustDate(2026, 1, 1)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) visit.Posting {
			from := start.AddDays(rapid.IntRange(0, 30).Draw(t, name))
			return posting(from, from.AddDays(rapid.IntRange(0, 20).Draw(t, name+" length")))
		}
		a, b := draw("a"), draw("b")
		shared := false
		for i := range 60 {
			day := start.AddDays(i)
			shared = shared || a.Covers(day) && b.Covers(day)
		}
		if visit.Clash(a, b) != shared || visit.Clash(b, a) != shared || len(visit.Clashes(a, []visit.Posting{a, b})) == 1 != shared {
			t.Fatalf("%s–%s and %s–%s: %v", a.From, a.To, b.From, b.To, !shared)
		}
		b.Practitioner = ident.New()
		if visit.Clash(a, b) {
			t.Fatal("two doctors clash")
		}
	})
}

func TestCoveredLooksAtDoctorHostAndDay(t *testing.T) {
	day := clock.MustDate(2026, 3, 15)
	all := []visit.Posting{posting(clock.MustDate(2026, 3, 1), clock.MustDate(2026, 3, 31))}
	if !visit.Covered(all, doctor, host, day) || len(visit.ActiveOn(all, day)) != 1 {
		t.Error("the posting is not found")
	}
	if visit.Covered(all, ident.New(), host, day) || visit.Covered(all, doctor, home, day) || visit.Covered(all, doctor, host, day.AddDays(60)) {
		t.Error("another doctor, place or day is covered")
	}
}
