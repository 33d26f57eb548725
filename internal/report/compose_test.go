package report_test

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	domain "github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/web"
)

// snapshot is a quarter with two hospitals; the figures of one are hidden.
func snapshot() domain.Snapshot {
	p, _ := domain.PeriodOf(domain.Quarter, clock.MustDate(2026, 8, 1)) // a known kind and a day
	row := func(key, name string, n int64, hidden bool) domain.Row {
		r := domain.Row{Key: key, Name: name}
		for i := range measure.Of(measure.Joint) {
			v := n * int64(i+1)
			if hidden {
				r.Figures = append(r.Figures, nil)
			} else {
				r.Figures = append(r.Figures, &v)
			}
		}
		return r
	}
	table := func(by measure.Dimension, rows ...domain.Row) domain.Table {
		t := domain.Table{By: by, Rows: rows, Total: row("", "", 1234, false)}
		for _, d := range measure.Of(measure.Joint) {
			t.Measures = append(t.Measures, d.ID)
		}
		return t
	}
	reading := func(id measure.ID, hits, known int64) measure.Reading {
		d, _ := measure.ByID(id)
		var s measure.Sample
		s.Add(d, measure.Fact{Known: true, Hit: true, Value: 20}, hits, 20*hits)
		s.Add(d, measure.Fact{Known: true, Value: 30}, known-hits, 30*(known-hits))
		return d.From(s, measure.Moment{AsOf: time.Date(2026, 10, 8, 2, 0, 0, 0, time.UTC), Lock: clock.MustDate(2026, 10, 8)})
	}
	portions := func(id measure.ID) domain.Outline {
		return domain.Outline{Measure: id, By: measure.ByHospital, Parts: []domain.Portion{{Key: "a", Name: "云岭区中医院", Reading: reading(id, 3, 40)}, {Key: "b", Name: "云岭区人民医院", Reading: reading(id, 1, 60)}}}
	}
	hidden := portions("cataract.good_618")
	hidden.Parts[0].Reading = hidden.Parts[0].Reading.Withheld()
	return domain.Snapshot{Readings: []measure.Reading{reading("joint.complication_90", 4, 100), reading("access.wait_days", 5, 50), reading("joint.death_90", 1, 9).Withheld()},
		Prior: []measure.Reading{reading("joint.complication_90", 6, 80)}, Outlines: []domain.Outline{portions("joint.complication_90"), hidden},
		Targets: map[measure.ID]domain.Target{"joint.complication_90": {Value: 5, Source: "x", Sample: true}}, Partnership: "山海协作", Unit: "云岭区帮扶办", By: "甲", At: time.Date(2026, 10, 8, 2, 0, 0, 0, time.UTC), Period: p, Programme: measure.Joint,
		Profile: disclosure.RestrictedName, Rule: "disclosure-2", Hide: 4, Programmes: []domain.Table{table(measure.Whole)}, Before: []domain.Table{table(measure.Whole)},
		Hospitals: table(measure.ByHospital, row("a", "云岭区中医院", 1200, false), row("b", "云岭区人民医院", 3, true)),
		Months:    table(measure.ByMonth, row("2026-07", "", 30, false), row("2026-08", "", 3, true), row("2026-09", "", 44, false)),
		Activity:  domain.Activity{Meetings: 14, Exchanges: 23, Pairings: 33}, Gatherings: []domain.Gathering{{On: p.From, Kind: "meeting", Topic: "联席会议", Place: "云岭", Attendees: 12}},
		Deeds: domain.Deeds{Visits: []domain.Mission{{From: p.From, To: p.From.AddDays(6), Hospital: "云岭区中医院", Title: "关节周", Doctors: 3, Days: 15}},
			Postings: []domain.Stay{{From: p.From, To: p.To, Home: "澜港市人民医院", Host: "云岭区中医院"}},
			Lessons:  []domain.Lesson{{On: p.From, Kind: "lecture", Topic: "围手术期", Hospital: "云岭区中医院", Teacher: "闻若谷", Minutes: 90, Listeners: 31}},
			Pairings: []domain.Pair{{Donor: "澜港市人民医院", Receiving: "云岭区中医院", From: p.From}}}}
}

func speaker(t *testing.T, lang i18n.Lang) i18n.Printer {
	t.Helper()
	sub, err := fs.Sub(web.FS, "i18n")
	if err != nil {
		t.Fatal(err)
	}
	c, err := i18n.Load(sub)
	if err != nil {
		t.Fatal(err)
	}
	return c.Printer(lang)
}

func written(t *testing.T, format string, lang i18n.Lang) []byte {
	t.Helper()
	write, _, known := report.Format(format)
	var out bytes.Buffer
	if !known {
		t.Fatal(format)
	}
	if err := write(&out, report.Compose(speaker(t, lang), snapshot(), "7F3A-09BC-1120")); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheSameSnapshotIsTheSameFile(t *testing.T) {
	for _, format := range []string{"pdf", "docx"} {
		for _, lang := range []i18n.Lang{i18n.Chinese, i18n.English} {
			if !bytes.Equal(written(t, format, lang), written(t, format, lang)) {
				t.Errorf("%s in %s differs from itself", format, lang)
			}
		}
	}
}

func TestAReportQuotesItsFiguresAndHidesTheHidden(t *testing.T) {
	d := report.Compose(speaker(t, i18n.English), snapshot(), "7F3A-09BC-1120")
	var text strings.Builder
	var pictures []string
	for _, b := range d.Blocks {
		switch b := b.(type) {
		case printout.Paragraph:
			text.WriteString(b.Text + "\n")
		case printout.Picture:
			pictures = append(pictures, b.Drawing.Title)
		case printout.Grid:
			text.WriteString(b.Caption + " " + b.Note + "\n")
			for _, r := range b.Rows {
				text.WriteString(strings.Join(r, "|") + "\n")
			}
		}
	}
	for _, want := range []string{"1,234 patients in 2,468 person-times", "云岭区人民医院|*|*", "联席会议|云岭|12", "云岭区中医院|关节周|3|15", "2026-09-30|*|澜港市人民医院|云岭区中医院", "Lecture|围手术期|云岭区中医院|闻若谷|90|31", "澜港市人民医院|云岭区中医院|–|2026-07-01|open", "Meetings and exchange visits 1 listed of 37", "Postings Doctors are named in exact reports only", "Joint meetings: 14; exchange visits: 23",
		"4.0% (4/100, 95% interval 1.1–9.9, outcome known 100/100); sample target ≤ 5%, reached", "|4.0%|1.1–9.9|4/100|100/100|7.5%", "|*|–|–|"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, text.String())
		}
	}
	if len(pictures) != 1 || !strings.Contains(pictures[0], "The intervals of all 2 overlap") {
		t.Errorf("charts %v; one whose part is hidden is not drawn", pictures)
	}
	for _, field := range append(d.Filters, d.Title) {
		if strings.Contains(field, "pack.") || field == "" {
			t.Errorf("%q is no sentence", field)
		}
	}
}

// drawing finds a picture of a report by a part of its finding.
func drawing(t *testing.T, d printout.Document, title string) chart.Drawing {
	t.Helper()
	for _, b := range d.Blocks {
		if p, ok := b.(printout.Picture); ok && strings.Contains(p.Drawing.Title, title) {
			return p.Drawing
		}
	}
	t.Fatalf("no picture of %q", title)
	return chart.Drawing{}
}

// The tables of measures say of one without a case that there was none, and of each
// who was left out; a chart says of how many the outcome is known.
func TestAReportSaysWhatHadNoCaseWhoWasLeftOutAndHowMuchIsKnown(t *testing.T) {
	made := func(id measure.ID, known, unknown, left int64) measure.Reading {
		d, _ := measure.ByID(id)
		var s measure.Sample
		s.Add(d, measure.Fact{Known: true, Hit: true}, known/2, 0)
		s.Add(d, measure.Fact{Known: true}, known-known/2, 0)
		s.Add(d, measure.Fact{}, unknown, 0)
		if left > 0 {
			s.Add(d, measure.Fact{Excluded: measure.TooRecent}, left, 0)
		}
		return d.From(s, measure.Moment{AsOf: time.Date(2026, 10, 8, 2, 0, 0, 0, time.UTC), Lock: clock.MustDate(2026, 10, 8)})
	}
	s := snapshot()
	s.Readings = []measure.Reading{made("joint.complication_90", 100, 20, 7), made("joint.death_90", 0, 0, 0), made("joint.death_365", 0, 0, 9), made("followup.in_window", 30, 4, 0)}
	s.Prior = []measure.Reading{made("joint.complication_90", 0, 0, 0)}
	s.Outlines = []domain.Outline{{Measure: "joint.complication_90", By: measure.ByHospital, Parts: []domain.Portion{{Key: "a", Name: "甲", Reading: made("joint.complication_90", 60, 20, 7)},
		{Key: "b", Name: "乙", Reading: made("joint.complication_90", 40, 0, 0)}, {Key: "c", Name: "丙", Reading: made("joint.complication_90", 0, 0, 3)}}},
		{Measure: "followup.in_window", By: measure.ByMonth, Parts: []domain.Portion{{Key: "2026-07", Reading: made("followup.in_window", 10, 4, 0)}, {Key: "2026-08", Reading: made("followup.in_window", 20, 0, 0)},
			{Key: "2026-09", Reading: made("followup.in_window", 0, 0, 5)}}}}
	grid := func(d printout.Document, measure string) (heads, row []string) {
		for _, b := range d.Blocks {
			if g, ok := b.(printout.Grid); ok {
				for _, r := range g.Rows {
					if r[0] == measure {
						return g.Head, r
					}
				}
			}
		}
		t.Fatalf("no row of %q", measure)
		return nil, nil
	}
	say := speaker(t, i18n.Chinese)
	name := func(id measure.ID) string { d, _ := measure.ByID(id); return say.T(d.NameKey()) }
	d := report.Compose(say, s, "7F3A")
	for id, want := range map[measure.ID]string{"joint.complication_90": "50.0%|39.8–60.2|50/100|100/120|随访期还没到 7|没有病例", "joint.death_90": "没有病例|–|0|–|–|–", "joint.death_365": "还没有可算的病例|–|0|–|随访期还没到 9|–"} {
		if heads, row := grid(d, name(id)); strings.Join(row[1:], "|") != want || len(heads) != 7 || heads[5] != "排除" {
			t.Errorf("%s: %q under %q, not %q", id, row, heads, want)
		}
	}
	if x := drawing(t, d, name("joint.complication_90")); len(x.Rows) != 2 || x.Rows[0].Cells[3] != "30/60，结局已知 60/80" {
		t.Errorf("the chart of hospitals says %v", x.Rows)
	}
	if x := drawing(t, d, name("followup.in_window")); len(x.Rows) != 2 || !strings.Contains(x.Note, "2026-07 10/14；2026-08 20/20") {
		t.Errorf("the chart of months has %d and says %q", len(x.Rows), x.Note)
	}
	for i := range s.Readings { // who may not see who was left out has no column for it
		if i != 1 {
			s.Readings[i] = s.Readings[i].Uncovered()
		}
	}
	if heads, row := grid(report.Compose(say, s, "7F3A"), name("joint.complication_90")); len(heads) != 6 || len(row) != 6 || slices.Contains(heads, "排除") {
		t.Errorf("%q under %q", row, heads)
	}
}

// A snapshot of before measures without a case were kept is written as it is.
func TestAnOlderSnapshotIsStillWritten(t *testing.T) {
	raw, digest, err := snapshot().Seal()
	if err != nil {
		t.Fatal(err)
	}
	s, err := domain.Open(raw, digest)
	if err != nil || len(s.Readings) != 3 {
		t.Fatal(len(s.Readings), err)
	}
	var first, again bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &again} {
		if err := printout.WritePDF(out, report.Compose(speaker(t, i18n.Chinese), s, "7F3A")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), again.Bytes()) || first.Len() == 0 {
		t.Error("it differs from itself")
	}
}
