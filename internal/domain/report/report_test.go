package report_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/report"
)

func TestThePeriodOfADayAndTheOneBefore(t *testing.T) {
	for _, c := range []struct {
		kind                   report.Kind
		day                    clock.Date
		from, to, label, prior string
	}{
		{report.Month, clock.MustDate(2026, 2, 28), "2026-02-01", "2026-02-28", "2026-02", "2026-01"},
		{report.Quarter, clock.MustDate(2026, 1, 1), "2026-01-01", "2026-03-31", "2026-Q1", "2025-Q4"},
		{report.Quarter, clock.MustDate(2026, 12, 31), "2026-10-01", "2026-12-31", "2026-Q4", "2026-Q3"},
		{report.Year, clock.MustDate(2024, 2, 29), "2024-01-01", "2024-12-31", "2024", "2023"},
	} {
		p, err := report.PeriodOf(c.kind, c.day)
		if err != nil || p.From.String() != c.from || p.To.String() != c.to || p.Label() != c.label || p.Before().Label() != c.prior {
			t.Errorf("%s of %s is %+v %v", c.kind, c.day, p, err)
		}
		if p.Before().To.AddDays(1) != p.From || p.Over(p.To) || !p.Over(p.To.AddDays(1)) {
			t.Errorf("%s of %s leaves a gap", c.kind, c.day)
		}
	}
	if _, err := report.PeriodOf("week", clock.Date{}); err == nil {
		t.Error("a week without a day was taken")
	}
}
