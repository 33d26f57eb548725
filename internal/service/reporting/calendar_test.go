package reporting_test

import (
	"fmt"
	"strings"
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

// Every figure of every period of the calendar is read; where a sum of periods
// lacks one figure only, that one is known.
func TestThePeriodsOfTheCalendarGiveNoHiddenFigureAway(t *testing.T) {
	w := seasons(t)
	s, donor := service(w), w.OfficialDonor()
	truth, given := figuresOf{}, figuresOf{}
	for period, f := range calendarOf(2024, 2025) {
		w.Run(`truncate disclosure_release`) // readers who never asked before, and tell each other
		office, outside := asking{s, w.Official(), period, f}, asking{s, donor, period, f}
		truth.desk(t, office)
		given.desk(t, outside)
		for _, profile := range []string{"restricted", "public"} {
			truth.overview(t, office, "exact", profile)
			given.overview(t, outside, profile, profile)
		}
	}
	hidden := 0
	for figure, all := range truth {
		known := given[figure]
		if known == nil {
			continue
		}
		lacks := len(all) - len(known)
		hidden += lacks
		before := len(known)
		deduce(all, known)
		if len(known) > before {
			t.Errorf("%s: %d of %d hidden figures can be worked out", figure, len(known)-before, lacks)
		}
	}
	if hidden == 0 {
		t.Error("nothing was hidden")
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

// figuresOf are the shown figures by name and period.
type figuresOf map[string]map[string]int64

func (x figuresOf) note(figure, period string, v int64) {
	if x[figure] == nil {
		x[figure] = map[string]int64{}
	}
	x[figure][period] = v
}

// asking is who asks for which period.
type asking struct {
	service *reporting.Service
	who     user.Principal
	period  string
	filter  measure.Filter
}

// desk notes the numbers and events of the measures of joints.
func (x figuresOf) desk(t *testing.T, a asking) {
	desk, err := a.service.Desk(t.Context(), a.who, reporting.DeskInput{Group: measure.JointCare, Filter: a.filter})
	if err != nil {
		t.Fatal(a.period, err)
	}
	for _, r := range desk.Readings {
		if d := r.Definition(); d.Rate() && !r.Hidden() {
			events, of := r.Rate()
			x.note(string(d.ID)+" events", a.period, events)
			x.note(string(d.ID)+" of", a.period, of)
		}
	}
}

// overview notes the totals of a file made with a profile; what the public sees of
// counts is rounded and does not add up.
func (x figuresOf) overview(t *testing.T, a asking, profile, as string) {
	o, err := a.service.Overview(t.Context(), a.who, reporting.OverviewInput{Filter: a.filter, File: "xlsx", Profile: profile})
	if err != nil {
		t.Fatal(a.period, err)
	}
	for i, d := range o.Table.Definitions {
		if v := o.Table.Total.Values[i].Value; !v.Hidden() && (as == "restricted" || d.Kind == measure.SumMoney) {
			x.note(string(d.ID)+" "+as, a.period, v.Int64())
		}
	}
}

// calendarOf are the periods of some years by name: 2025-09, 2025-Q3, 2025 and all.
func calendarOf(years ...int) map[string]measure.Filter {
	out := map[string]measure.Filter{"all": {}}
	for _, y := range years {
		for m := 1; m <= 12; m++ {
			for _, k := range report.Kinds() {
				p, _ := report.PeriodOf(k, clock.MustDate(y, m, 1))
				out[p.Label()] = measure.Filter{From: p.From, To: p.To}
			}
		}
	}
	return out
}

// deduce adds to the known figures what the sums of the calendar give for the others.
func deduce(all, known map[string]int64) {
	parent := func(period string) string {
		switch {
		case period == "all":
			return ""
		case len(period) == 4:
			return "all"
		case strings.Contains(period, "Q"):
			return period[:4]
		}
		var m int
		_, _ = fmt.Sscanf(period[5:], "%d", &m) // the test made the names
		return fmt.Sprintf("%s-Q%d", period[:4], (m+2)/3)
	}
	for more := true; more; {
		more = false
		for whole := range all {
			missing := []string{}
			for p := range all {
				if _, ok := known[p]; !ok && (p == whole || parent(p) == whole) {
					missing = append(missing, p)
				}
			}
			month := len(whole) == 7 && !strings.Contains(whole, "Q")
			if len(missing) == 1 && !month {
				known[missing[0]], more = all[missing[0]], true
			}
		}
	}
}
