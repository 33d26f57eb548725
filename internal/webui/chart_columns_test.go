package webui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// counted is a sample of a measure: hits among the known, and some not known.
func counted(d measure.Definition, hits, known, unknown int64) measure.Sample {
	var s measure.Sample
	s.Add(d, measure.Fact{Known: true, Hit: true, Value: 200}, hits, 200*hits)
	s.Add(d, measure.Fact{Known: true, Value: 365}, known-hits, 365*(known-hits))
	s.Add(d, measure.Fact{}, unknown, 0)
	return s
}

// compared is a board of two hospitals and ten months of a measure.
func compared(t *testing.T, id measure.ID, small, large [3]int64) reporting.Board {
	t.Helper()
	d, ok := measure.ByID(id)
	if !ok {
		t.Fatalf("no measure %s", id)
	}
	at := measure.Moment{AsOf: time.Date(2026, 10, 8, 2, 0, 0, 0, time.UTC), Lock: clock.MustDate(2026, 10, 8)}
	of := func(n [3]int64) (measure.Reading, measure.Sample) {
		s := counted(d, n[0], n[1], n[2])
		return d.From(s, at), s
	}
	part := func(name string, n [3]int64) reporting.Piece {
		r, s := of(n)
		p := reporting.Piece{Key: name, Reading: r, Place: &reporting.Hospital{ID: ident.New(), Name: name}}
		if d.Kind == measure.Survival {
			p.Curve = d.Curve(s)
		}
		return p
	}
	whole, sample := of([3]int64{small[0] + large[0], small[1] + large[1], small[2] + large[2]})
	x := reporting.Detail{Definition: d, By: measure.ByHospital, Reading: whole, Parts: []reporting.Piece{part("云岭人民", small), part("云岭中医", large)}}
	if d.Kind == measure.Survival {
		x.Curve = d.Curve(sample)
	}
	for i := range 10 {
		r, _ := of([3]int64{int64(i % 2), 20, 3})
		x.Months = append(x.Months, reporting.Piece{Key: clock.MustDate(2026, 1, 1).AddMonths(i).String()[:7], Reading: r})
	}
	return reporting.Board{By: measure.ByHospital, Details: []reporting.Detail{x}}
}

// A rate in the table of a chart, and so in its file, has its interval, what it
// rests on and how much of that is known.
func TestTheTableOfAChartStatesItsRates(t *testing.T) {
	e := testEngine(t)
	for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
		b := testBase(e, lang)
		c := deskCharts{Base: b, b: compared(t, "joint.readmission_90", [3]int64{1, 6, 2}, [3]int64{1, 277, 9})}
		watched := deskCharts{Base: b, b: compared(t, "joint.revision_365", [3]int64{0, 40, 0}, [3]int64{2, 90, 0})}
		for name, x := range map[string]struct {
			d    chart.Drawing
			rows int
			cell []string
		}{
			"parts":  {c.estimates("joint.readmission_90").d, 2, []string{"16.7%", "1/6", "6/8"}},
			"funnel": {c.funnel("joint.readmission_90").d, 2, []string{"16.7%", "1/6", "6/8"}},
			"trend":  {c.trend("joint.readmission_90").d, 10, []string{"0.0%", "0/20", "20/23"}},
			"curves": {watched.curves("joint.revision_365").d, 2, []string{"0.0%", "40", "0/40", "40/40"}},
			"curve":  {watched.survival("joint.revision_365").d, 1, []string{"2/130", "130/130"}},
		} {
			for _, head := range []string{"measures.interval", "measures.rests", "measures.coverage"} {
				if !slices.Contains(x.d.Heads, b.T(head)) {
					t.Errorf("%s: no column %q in %q", name, b.T(head), x.d.Heads)
				}
			}
			if len(x.d.Rows) != x.rows {
				t.Fatalf("%s has %d rows", name, len(x.d.Rows))
			}
			for _, row := range x.d.Rows {
				if len(row.Cells) != len(x.d.Heads) {
					t.Errorf("%s: %q under %q", name, row.Cells, x.d.Heads)
				}
				if at := slices.Index(x.d.Heads, b.T("measures.interval")); !strings.Contains(row.Cells[at], "–") || row.Cells[at] == "–" {
					t.Errorf("%s: no interval in %q", name, row.Cells)
				}
			}
			for _, want := range x.cell {
				if !slices.Contains(x.d.Rows[0].Cells, want) {
					t.Errorf("%s: no %s in %q", name, want, x.d.Rows[0].Cells)
				}
			}
		}
	}
}

// One of six against two of 283 has a chance of 4 %: neither the chart nor the
// brief calls it outside, and the finding agrees with the marks.
func TestOneEventInASmallHospitalIsNotOutside(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	for _, x := range []struct {
		small, large [3]int64
		mark         chart.Style
		remark       string
		title        string
		alerts       int
	}{
		{[3]int64{1, 6, 0}, [3]int64{1, 277, 0}, chart.Brand, "按精确概率不超出", "2 家医院都在", 0},
		{[3]int64{3, 6, 0}, [3]int64{0, 277, 0}, chart.Alarm, "超出 99.8% 界限", "2 家医院中 1 家超出", 1},
	} {
		c := deskCharts{Base: b, b: compared(t, "joint.readmission_90", x.small, x.large)}
		d := c.funnel("joint.readmission_90").d
		if cells := d.Rows[0].Cells; d.Rows[0].Style != x.mark || !strings.Contains(cells[len(cells)-1], x.remark) || !strings.Contains(d.Title, x.title) || !strings.Contains(d.Note, "精确概率") {
			t.Errorf("%v: %v, %q", x.small, d.Rows[0], d.Title)
		}
		if list := c.outside(c.b.Details[0]); len(list) != x.alerts {
			t.Errorf("%v: the brief says %v", x.small, list)
		}
	}
}

// A part of which everybody was left out has its row, on the page and in the file,
// with who that was, and opens their list. Charts have nothing to draw of it, and
// months at the ends that are not followed for long enough yet are no blank stretch.
func TestAPartOfWhichEverybodyWasLeftOutHasItsRow(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	board := compared(t, "joint.readmission_90", [3]int64{1, 20, 2}, [3]int64{1, 277, 9})
	d := board.Details[0]
	d.Rights.Lists = true
	var s measure.Sample
	s.Add(d.Definition, measure.Fact{Excluded: measure.TooRecent}, 7, 0)
	left := d.Definition.From(s, d.Reading.Moment())
	d.Parts = append(d.Parts, reporting.Piece{Key: "c", Place: &reporting.Hospital{ID: ident.New(), Name: "松岭县医院"}, Linked: true, Filter: measure.Filter{HospitalID: ident.New()}, Reading: left})
	blank := reporting.Piece{Key: "2026-11", Reading: d.Definition.From(measure.Sample{}, d.Reading.Moment())}
	d.Months = append(d.Months, blank, reporting.Piece{Key: "2026-12", Reading: left})
	d.Classes = []reporting.Piece{{Class: "left", Reading: d.Reading}, {Class: "right", Reading: left}}

	row := pieceTable(b, d, d.Parts, measure.ByHospital, "").Rows[2].Cells
	if row[1].Text != "还没有可算的病例" || !strings.HasSuffix(row[1].Href, "&part=excluded") || row[3].Text != "0" || !strings.HasSuffix(row[5].Text, " 7") {
		t.Errorf("the row of the page is %+v", row)
	}
	n := 0
	for r, err := range pieceSheet(b, d, d.Parts, measure.ByHospital, nil).Rows {
		if n++; err != nil || n == 3 && (r[1] != "还没有可算的病例" || r[len(r)-1] != row[5].Text) {
			t.Errorf("the row of the file is %v %v", r, err)
		}
	}
	m := measureCharts{Base: b, d: d}
	trend, _ := m.trend()
	if len(d.Months) != 12 || len(trend.Rows) != 10 {
		t.Errorf("%d months are drawn of 10", len(trend.Rows))
	}
	if x, _ := m.estimates(); len(x.Rows) != 2 {
		t.Errorf("%d hospitals are drawn of 2", len(x.Rows))
	}
	if x, _ := m.classes(); len(x.Rows) != 1 || strings.Contains(x.SVG, "隐藏") || strings.Contains(x.Title, "最多") {
		t.Errorf("%d classes are drawn of 1, as %q: of rates none is the highest", len(x.Rows), x.Title)
	}
	c := deskCharts{Base: b, b: board}
	if cell := c.cell(d, d.Parts[2]); cell.Sub != "还没有可算的病例" {
		t.Errorf("beside other measures it says %+v", cell)
	}
	if _, known := eligibleMonth(d.Months, "2026-12"); known {
		t.Error("a month of which everybody was left out is compared")
	}
}

// What a month means against the one before follows one rule: without intervals that
// part nothing is called more or less, better or worse.
func TestAMonthIsJudgedOnlyByItsInterval(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	month := func(id measure.ID, hits, known int64) measure.Reading {
		d, _ := measure.ByID(id)
		return d.From(counted(d, hits, known, 0), measure.Moment{})
	}
	for _, x := range []struct {
		a, b measure.Reading
		want string
	}{
		{month("access.wait_days", 1, 9), month("access.wait_days", 8, 9), "中位数没有区间，不作判断"},
		{month("access.wait_days", 1, 9), month("access.wait_days", 2, 9), "没有变化"},
		{month("joint.readmission_90", 1, 90), month("joint.readmission_90", 3, 90), "区间重叠，属随机波动"},
		{month("joint.readmission_90", 1, 90), month("joint.readmission_90", 60, 90), "变差，区间已分开"},
	} {
		if _, meaning := (deskCharts{Base: b}).change(x.a, x.b); meaning.Text != x.want {
			t.Errorf("%s: %q, not %q", x.a.Definition().ID, meaning.Text, x.want)
		}
	}
}
