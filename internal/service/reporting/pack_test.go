package reporting_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

func background(t *testing.T, w *servicetest.World) *reporting.Service {
	t.Helper()
	files, err := blob.Open(t.TempDir(), w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	return reporting.New(reporting.Deps{DB: w.DB, Policy: w.Policy, Files: files})
}

func quiet(context.Context, int, int) {}

func job(t *testing.T, kind string, id ident.ID) reporting.Job {
	t.Helper()
	raw, err := json.Marshal(map[string]ident.ID{kind: id})
	if err != nil {
		t.Fatal(err)
	}
	return store.Job{ID: id, Payload: raw}
}

func TestAReportKeepsTheFiguresItWasMadeWith(t *testing.T) {
	w := uneven(t)
	s, who := background(t, w), w.Official()
	in := reporting.ReportInput{Kind: report.Quarter, Day: clock.MustDate(2026, 2, 10), Profile: "exact"}
	id, err := s.AskReport(t.Context(), who, in, "one")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.AskReport(t.Context(), who, in, "one"); err != nil || again != id {
		t.Errorf("the same request made another report: %v %v", again, err)
	}
	if _, _, err := s.FetchReport(t.Context(), who, id, "pdf"); errs.Of(err).Rule != "report.ready" {
		t.Errorf("fetched before it was made: %v", err)
	}
	if err := s.RunReport(t.Context(), job(t, "report", id), w.Partnership.ID, quiet); err != nil {
		t.Fatal(err)
	}
	first, p, err := s.FetchReport(t.Context(), who, id, "pdf")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := first.Hospitals.Figure("patients"); n == nil || *n != 24 || first.Period.Label() != "2026-Q1" || len(first.Before) != 3 {
		t.Errorf("%+v", first.Hospitals.Total)
	}
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: clock.MustDate(2026, 2, 3), Joints: 1})
	if err := s.RunReport(t.Context(), job(t, "report", id), w.Partnership.ID, quiet); err != nil {
		t.Fatal(err)
	}
	second, q, err := s.FetchReport(t.Context(), who, id, "docx")
	if err != nil || !reflect.DeepEqual(first, second) || !bytes.Equal(p.Digest, q.Digest) {
		t.Errorf("the report changed with the records: %v", err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'report.fetch' and outcome = 'ok' and detail::jsonb ->> 'rule' = 'disclosure-4 exact'`); n != 2 {
		t.Errorf("%d fetches are recorded", n)
	}
	if n := w.Count(`select count(*) from report_pack where position('patients' in encode(snapshot, 'escape')) > 0`); n != 0 {
		t.Error("the figures lie open in the database")
	}
}

func TestAReportHidesWhatItsProfileHides(t *testing.T) {
	w := uneven(t)
	s := background(t, w)
	in := reporting.ReportInput{Kind: report.Month, Day: clock.MustDate(2026, 1, 31), Profile: "restricted"}
	id, err := s.AskReport(t.Context(), w.OfficialDonor(), in, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RunReport(t.Context(), job(t, "report", id), w.Partnership.ID, quiet); err != nil {
		t.Fatal(err)
	}
	snap, _, err := s.FetchReport(t.Context(), w.OfficialDonor(), id, "pdf")
	if err != nil {
		t.Fatal(err)
	}
	hidden := 0
	for _, r := range snap.Hospitals.Rows {
		if r.Figures[0] == nil && r.Key == measure.Others && r.Name == "" {
			hidden++
		}
	}
	if hidden != 1 || len(snap.Hospitals.Rows) != 2 || snap.Hide != 4 {
		t.Errorf("%d rows hidden of %+v", hidden, snap.Hospitals.Rows)
	}
	in.Profile = "exact"
	if _, err := s.AskReport(t.Context(), w.OfficialDonor(), in, ""); errs.Of(err).Rule != "disclosure.exact" {
		t.Errorf("exact for the donor side: %v", err)
	}
	exact, err := s.AskReport(t.Context(), w.Official(), in, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.FetchReport(t.Context(), w.OfficialDonor(), exact, "pdf"); !errs.Is(err, errs.NotFound) {
		t.Errorf("the donor side fetched an exact report: %v", err)
	}
	if list, _, err := s.Reports(t.Context(), w.OfficialDonor(), page.Request{}); err != nil || len(list.Rows) != 1 {
		t.Errorf("the donor side lists %d reports, %v", len(list.Rows), err)
	}
	if _, err := s.AskReport(t.Context(), w.Registrar(servicetest.Mountain), in, ""); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar made a report: %v", err)
	}
}

func TestAReportThatWasChangedIsRefused(t *testing.T) {
	raw, digest, err := report.Snapshot{Partnership: "x"}.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := report.Open(raw, digest); err != nil {
		t.Error(err)
	}
	if _, err := report.Open(bytes.Replace(raw, []byte(`"x"`), []byte(`"y"`), 1), digest); errs.Of(err).Rule != "report.same" {
		t.Errorf("a changed snapshot was taken: %v", err)
	}
}

// plain writes a list as lines of text.
func plain(w io.Writer, _ reporting.List, rows reporting.Rows, _ reporting.Download) error {
	return rows(func(r reporting.Row) error {
		_, err := io.WriteString(w, r.Name+"\n")
		return err
	})
}

func TestAFileIsMadeWithTheScopeOfWhoAskedAndGivenToNobodyElse(t *testing.T) {
	w := uneven(t)
	s := background(t, w)
	finance := w.Finance(servicetest.MountainTwo)
	in := reporting.DownloadInput{ID: "joint.patients", Format: "csv"}
	id, err := s.AskDownload(t.Context(), finance, in, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RunDownload(t.Context(), job(t, "download", id), w.Partnership.ID, quiet, plain); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	d, err := s.FetchDownload(t.Context(), finance, id, &got)
	if err != nil || d.Rows != 3 || strings.Count(got.String(), "\n") != 3 {
		t.Errorf("%d rows, %q, %v: the hospital has 3 patients", d.Rows, got.String(), err)
	}
	if _, err := s.FetchDownload(t.Context(), w.Official(), id, io.Discard); !errs.Is(err, errs.NotFound) {
		t.Errorf("somebody else fetched it: %v", err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'export.make' and (detail::jsonb ->> 'rows')::int = 3 and detail::jsonb ->> 'rule' = 'disclosure-4 exact'`); n != 1 {
		t.Errorf("%d exports are recorded", n)
	}
	if _, err := s.AskDownload(t.Context(), w.OfficialDonor(), in, ""); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the donor side asked for names: %v", err)
	}
	w.Clock.Advance(8 * 24 * time.Hour)
	if err := s.ExpireDownloads(t.Context(), w.Partnership.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FetchDownload(t.Context(), finance, id, io.Discard); errs.Of(err).Rule != "download.ready" {
		t.Errorf("an expired file: %v", err)
	}
}

func TestACancelledFileIsNotKept(t *testing.T) {
	w := uneven(t)
	s := background(t, w)
	who := w.Official()
	id, err := s.AskDownload(t.Context(), who, reporting.DownloadInput{ID: "joint.patients", Format: "csv"}, "")
	if err != nil {
		t.Fatal(err)
	}
	cancel := func(out io.Writer, l reporting.List, rows reporting.Rows, d reporting.Download) error {
		if err := s.CancelDownload(t.Context(), who, id); err != nil {
			t.Error(err)
		}
		return plain(out, l, rows, d)
	}
	if err := s.RunDownload(t.Context(), job(t, "download", id), w.Partnership.ID, quiet, cancel); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FetchDownload(t.Context(), who, id, io.Discard); errs.Of(err).Rule != "download.ready" {
		t.Errorf("a cancelled file: %v", err)
	}
	if err := s.CancelDownload(t.Context(), who, id); errs.Of(err).Rule != "download.waiting" {
		t.Errorf("cancelled twice: %v", err)
	}
	list, err := s.Downloads(t.Context(), who, page.Request{})
	if err != nil || len(list.Rows) != 1 || list.Rows[0].State != "cancelled" {
		t.Errorf("%+v %v", list.Rows, err)
	}
}

// Visits, postings, lessons and pairings of the period are listed; doctors have
// names in the exact report only.
func TestAReportListsWhatWasDoneBesideOperating(t *testing.T) {
	w := uneven(t)
	doctor, p, by := w.Doctor(servicetest.Sea), w.Partnership.ID, ident.New()
	host, home, visit := w.ID(servicetest.Mountain), w.ID(servicetest.Sea), ident.New()
	w.Run(`insert into visit (partnership_id, id, hospital_id, title, from_on, to_on, state, created_at, created_by) values ($1, $2, $3, '关节周', '2026-01-26', '2026-02-01', 'closed', now(), $4)`, p, visit, host, by)
	w.Run(`insert into visit_day (partnership_id, visit_id, practitioner_id, on_date, hospital_id, part, created_at, created_by)
		select $1, $2, $3, d, $4, 'full', now(), $5 from generate_series(date '2026-01-30', '2026-02-01', interval '1 day') d`, p, visit, doctor.PractitionerID, host, by)
	w.Run(`insert into visit (partnership_id, id, hospital_id, title, from_on, to_on, state, created_at, created_by) values ($1, $2, $3, '取消的', '2026-01-05', '2026-01-06', 'cancelled', now(), $4)`, p, ident.New(), host, by)
	for _, span := range [][2]string{{"2025-12-01", "2026-01-01"}, {"2026-02-01", "2026-03-01"}} {
		w.Run(`insert into posting (partnership_id, id, practitioner_id, organisation_id, from_on, to_on, created_at, created_by) values ($1, $2, $3, $4, $5, $6, now(), $7)`,
			p, ident.New(), doctor.PractitionerID, host, span[0], span[1], by)
	}
	w.Run(`insert into teaching (partnership_id, id, hospital_id, kind, topic, on_date, minutes, teacher_id, others, created_at, created_by) values ($1, $2, $3, 'lecture', '围手术期', '2026-01-30', 90, $4, 12, now(), $5)`,
		p, ident.New(), host, doctor.PractitionerID, by)
	w.Run(`insert into pairing (partnership_id, id, donor_id, receiving_id, agreement_no, from_on, created_at, created_by) values ($1, $2, $3, $4, '协 7', '2025-05-01', now(), $5)`, p, ident.New(), home, host, by)
	s := background(t, w)
	for _, profile := range []string{"exact", "restricted"} {
		id, err := s.AskReport(t.Context(), w.Official(), reporting.ReportInput{Kind: report.Month, Day: clock.MustDate(2026, 1, 31), Profile: profile}, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RunReport(t.Context(), job(t, "report", id), p, quiet); err != nil {
			t.Fatal(err)
		}
		snap, _, err := s.FetchReport(t.Context(), w.Official(), id, "pdf")
		if err != nil {
			t.Fatal(err)
		}
		d, a := snap.Deeds, snap.Activity
		if len(d.Visits) != 1 || d.Visits[0].Title != "关节周" || d.Visits[0].Days != 2 || int64(len(d.Visits)) != a.Missions || int64(d.Visits[0].Days) != a.ServiceDays {
			t.Errorf("%s: visits %+v, counted %+v", profile, d.Visits, a)
		}
		if len(d.Postings) != 1 || d.Postings[0].From.String() != "2025-12-01" || len(d.Lessons) != 1 || d.Lessons[0].Listeners != 12 || len(d.Pairings) != 1 || d.Pairings[0].To != nil {
			t.Errorf("%s: %+v", profile, d)
		}
		if named := d.Postings[0].Doctor != "" && d.Lessons[0].Teacher != ""; named != (profile == "exact") {
			t.Errorf("%s names doctors: %+v", profile, d)
		}
	}
}

// On random records a report says of every measure what the desk says of the same
// period, with interval, coverage and exclusions; of what had no case it says that.
func TestAReportSaysWhatTheDeskSays(t *testing.T) {
	d := randomProgramme(t, 80)
	d.w.Clock.Advance(400 * 24 * time.Hour)
	d.w.Outcomes("report")
	s, who := background(t, d.w), d.w.Official()
	in := reporting.ReportInput{Kind: report.Year, Day: d.w.Today().AddDays(-400), Profile: "exact"}
	id, err := s.AskReport(t.Context(), who, in, "desk")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RunReport(t.Context(), job(t, "report", id), d.w.Partnership.ID, quiet); err != nil {
		t.Fatal(err)
	}
	pack, _, err := s.FetchReport(t.Context(), who, id, "pdf")
	if err != nil {
		t.Fatal(err)
	}
	desk, err := s.Desk(t.Context(), who, reporting.DeskInput{Filter: measure.Filter{From: pack.Period.From, To: pack.Period.To}})
	if err != nil {
		t.Fatal(err)
	}
	counted := map[measure.ID]int64{}
	for _, table := range pack.Programmes {
		for i, m := range table.Measures {
			if n := table.Total.Figures[i]; n != nil {
				counted[m] = *n
			}
		}
	}
	said, without := 0, 0
	for _, r := range desk.Readings {
		def := r.Definition()
		kept, ok := pack.Reading(def.ID)
		n, whole := r.Whole()
		switch {
		case def.Tallied() && def.Programme != measure.All:
			if got, known := counted[def.ID]; !known || !whole || got != n {
				t.Errorf("%s is %d in the report (%v) and %d on the desk", def.ID, got, known, n)
			}
			said++
		case def.Tallied():
		case !ok || text(t, kept) != text(t, r):
			t.Errorf("%s, kept %v:\nreport %s\n  desk %s", def.ID, ok, text(t, kept), text(t, r))
		case r.State() == measure.NoCase:
			without++
		default:
			said++
		}
	}
	if said < 40 || without == 0 {
		t.Errorf("%d measures were compared, %d of them without a case", said, without)
	}
}
