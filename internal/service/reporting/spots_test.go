package reporting_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// seasons has joints in some months of two years; of one month each there are
// three, which nobody outside of the office may know.
func seasons(t *testing.T) *servicetest.World {
	w := servicetest.New(t)
	for month, n := range map[string]int{"2024-10": 9, "2024-11": 3, "2024-12": 12, "2025-01": 20, "2025-07": 8, "2025-08": 7, "2025-09": 3, "2025-10": 17, "2025-11": 25} {
		first, err := clock.ParseDate(month + "-01")
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: first.AddDays(i), Joints: 1, State: "settled",
				Money: measure.Layers{Basic: 1_000_000, Fund: 200_000, Net: 50_000}})
		}
	}
	w.Clock.Advance(500 * 24 * time.Hour)
	w.Outcomes("c")
	return w
}

// A hidden month was had from three publications: the months, a period with it,
// and the subtraction.
func TestAHiddenMonthIsNotHadFromAPeriodAroundIt(t *testing.T) {
	w := seasons(t)
	s, donor := background(t, w), w.OfficialDonor()
	months, err := s.Detail(t.Context(), donor, reporting.DetailInput{ID: "all.person_times"})
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int64{}
	for _, m := range months.Months {
		if !m.Reading.Hidden() {
			shown[m.Key] = m.Reading.N()
		}
	}
	if _, known := shown["2025-09"]; known || shown["2025-10"] != 17 {
		t.Fatalf("the months show %v", shown)
	}
	autumn := measure.Filter{From: clock.MustDate(2025, 8, 1), To: clock.MustDate(2025, 10, 31)}
	for _, id := range []measure.ID{"all.person_times", "money.fund", "joint.death_90"} {
		if _, err := s.Detail(t.Context(), donor, reporting.DetailInput{ID: id, Filter: autumn}); errs.Of(err).Rule != "disclosure.period" {
			t.Errorf("%s of three months that are no quarter: %v", id, err)
		}
	}
	if _, err := s.Overview(t.Context(), donor, reporting.OverviewInput{Filter: autumn, File: "xlsx", Profile: "public"}); errs.Of(err).Rule != "disclosure.period" {
		t.Errorf("a file for the public: %v", err)
	}
	if x, err := s.Detail(t.Context(), w.Official(), reporting.DetailInput{ID: "all.person_times", Filter: autumn}); err != nil || x.Reading.N() != 27 {
		t.Errorf("the office: %v", err)
	}

	id, err := s.AskReport(t.Context(), donor, reporting.ReportInput{Kind: report.Quarter, Day: clock.MustDate(2025, 9, 1), Profile: "restricted"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RunReport(t.Context(), job(t, "report", id), w.Partnership.ID, quiet); err != nil {
		t.Fatal(err)
	}
	snap, _, err := s.FetchReport(t.Context(), donor, id, "pdf")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := snap.Hospitals.Figure("person_times")
	_, july := shown["2025-07"]
	_, august := shown["2025-08"]
	if n != nil && july && august {
		t.Errorf("the report shows %d and the desk %v", *n, shown)
	}
}

// A period that is refused does not come back with the next page.
func TestARefusedPeriodIsNotBroughtBack(t *testing.T) {
	w := servicetest.New(t)
	s := service(w)
	autumn := measure.Filter{From: clock.MustDate(2025, 8, 1), To: clock.MustDate(2025, 10, 31)}
	quarter := measure.Filter{From: clock.MustDate(2025, 7, 1), To: clock.MustDate(2025, 9, 30)}
	for _, x := range []struct {
		who  user.Principal
		f    measure.Filter
		back bool
	}{{w.OfficialDonor(), autumn, false}, {w.OfficialDonor(), quarter, true}, {w.Official(), autumn, true}} {
		if err := s.KeepFilter(t.Context(), x.who, x.f); err != nil {
			t.Fatal(err)
		}
		if q, err := s.LastFilter(t.Context(), x.who); err != nil || (q == x.f.Query()) != x.back || !x.back && q != "" {
			t.Errorf("%s came back as %q, %v", x.f.Query(), q, err)
		}
	}
}
