package reporting_test

import (
	"slices"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// led gives the operations at a place to a doctor.
func led(w *servicetest.World, doctor ident.ID, at servicetest.Place) {
	w.Run(`update procedure set lead_id = $3, team = array[$3::uuid] where partnership_id = $1 and hospital_id = $2`, w.Partnership.ID, w.ID(at), doctor)
}

// The page of a surgeon is for the surgeon and for the head of the hospital where
// the operations were done; everybody else is refused, also who sees everything
// else of the partnership.
func TestASurgeonsPageIsForTheSurgeonAndTheHead(t *testing.T) {
	w := servicetest.New(t)
	s := service(w)
	doctor := w.Doctor(servicetest.Mountain)
	for range 3 {
		w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today().AddDays(-10), Joints: 1})
	}
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.MountainTwo, On: w.Today().AddDays(-10), Joints: 1})
	led(w, doctor.PractitionerID, servicetest.Mountain)
	led(w, doctor.PractitionerID, servicetest.MountainTwo)
	in := reporting.BoardInput{Measures: []measure.ID{"quality.operations", "all.patients"}}
	own, theirs := in, in
	own.Own, theirs.Doctor = true, doctor.PractitionerID
	operations := func(b reporting.Board) int64 {
		d, ok := b.Of("quality.operations")
		if _, all := b.Of("all.patients"); !ok || all {
			t.Error("a surgeon's page has the figures of operations somebody led, and no others")
		}
		n, _ := d.Reading.Whole()
		return n
	}
	if b, err := s.Board(t.Context(), doctor, own); err != nil || operations(b) != 4 || !b.Surgeon.Own {
		t.Errorf("own operations: %+v %v", b.Surgeon, err)
	}
	if b, err := s.Board(t.Context(), doctor, theirs); err != nil || !b.Surgeon.Own {
		t.Errorf("asked for by the own id it is the own page: %v", err)
	}
	head := w.HospitalHead(servicetest.Mountain)
	if b, err := s.Board(t.Context(), head, theirs); err != nil || operations(b) != 3 || b.Hospital.ID != w.ID(servicetest.Mountain) {
		t.Errorf("the head sees what was done at the own hospital: %v", err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'measure.read' and detail::jsonb ->> 'doctor' = $1`, doctor.PractitionerID); n != 1 {
		t.Errorf("%d looks at a surgeon are recorded", n)
	}
	file := theirs
	file.File, file.Page, file.Rows = "csv", "surgeon", func(b reporting.Board) int { return len(b.Details) }
	if _, err := s.Board(t.Context(), head, file); err != nil {
		t.Fatal(err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'export.make' and detail::jsonb ->> 'doctor' = $1`, doctor.PractitionerID); n != 1 {
		t.Errorf("%d files of a surgeon's figures are recorded as such", n)
	}
	list := reporting.UnitsInput{ID: "quality.operations", Doctor: doctor.PractitionerID, File: "xlsx"}
	if u, err := s.Units(t.Context(), head, list); err != nil || len(u.Rows) != 3 || u.Surgeon.ID != doctor.PractitionerID || u.Surgeon.Name == "" {
		t.Errorf("the head's file of the doctor's cases: %+v %v", u.Surgeon, err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'export.make' and detail::jsonb ->> 'figure' = 'quality.operations' and detail::jsonb ->> 'rows' = '3'
		and detail::jsonb ->> 'format' = 'xlsx' and detail::jsonb ->> 'rule' = 'disclosure-4 exact' and detail::jsonb ->> 'doctor' = $1`, doctor.PractitionerID); n != 1 {
		t.Errorf("%d files of a doctor's cases are recorded as such", n)
	}
	if _, err := s.Units(t.Context(), w.Official(), list); err == nil {
		t.Error("an official got the file of one doctor")
	}
	elsewhere := theirs
	elsewhere.Hospital = w.ID(servicetest.MountainTwo)
	if _, err := s.Board(t.Context(), head, elsewhere); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the head of one hospital looked at another's: %v", err)
	}
	if _, err := s.Board(t.Context(), w.HospitalHead(servicetest.Sea), theirs); !errs.Is(err, errs.NotFound) {
		t.Errorf("the head of a hospital the doctor never operated at: %v", err)
	}
	for name, who := range map[string]reporting.BoardInput{"official": theirs} {
		for _, p := range []func() error{
			func() error { _, err := s.Board(t.Context(), w.Official(), who); return err },
			func() error { _, err := s.Board(t.Context(), w.Auditor(), who); return err },
			func() error { _, err := s.Board(t.Context(), w.Doctor(servicetest.MountainTwo), who); return err },
			func() error { _, err := s.Board(t.Context(), w.Registrar(servicetest.Mountain), who); return err },
			func() error {
				_, err := s.Units(t.Context(), w.Official(), reporting.UnitsInput{ID: "quality.operations", Doctor: doctor.PractitionerID})
				return err
			},
		} {
			if err := p(); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s and others saw a surgeon's page: %v", name, err)
			}
		}
	}
	if u, err := s.Units(t.Context(), head, reporting.UnitsInput{ID: "quality.operations", Doctor: doctor.PractitionerID}); err != nil || len(u.Rows) != 3 {
		t.Errorf("the list behind a surgeon's figure: %d rows %v", len(u.Rows), err)
	}
	if _, err := s.Surgeons(t.Context(), w.Official(), reporting.SurgeonsInput{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the official listed surgeons: %v", err)
	}
	for _, format := range []string{"", "csv"} {
		if list, err := s.Surgeons(t.Context(), head, reporting.SurgeonsInput{File: format}); err != nil || len(list.List) != 1 || list.List[0].Cases != 3 {
			t.Errorf("%q: %+v %v", format, list.List, err)
		}
	}
	if n := w.Count(`select count(*) from audit_event where action = 'export.make' and detail::jsonb @> '{"figure": "desk.surgeons", "rows": 1, "format": "csv", "rule": "disclosure-4 exact"}'`); n != 1 {
		t.Errorf("%d files of the surgeons are recorded with their rows and the rule", n)
	}
}

// A hospital's page is for its own people and for who sees the partnership.
func TestAHospitalsPageIsForItsOwn(t *testing.T) {
	w := servicetest.New(t)
	s := service(w)
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today(), Joints: 1})
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Sea, On: w.Today(), Joints: 1})
	in := reporting.BoardInput{Measures: []measure.ID{"all.procedures"}, Hospital: w.ID(servicetest.Mountain)}
	if b, err := s.Board(t.Context(), w.Official(), in); err != nil || b.Details[0].Reading.N() != 1 || b.Hospital == nil {
		t.Errorf("%v", err)
	}
	if _, err := s.Board(t.Context(), w.HospitalHead(servicetest.Mountain), in); err != nil {
		t.Errorf("the head of the hospital: %v", err)
	}
	if _, err := s.Board(t.Context(), w.HospitalHead(servicetest.Sea), in); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital's head: %v", err)
	}
}

// A board has the figures of the measures' own pages: it is one more way to the
// same numbers, for every measure and every part.
func TestABoardSaysWhatThePageOfEachMeasureSays(t *testing.T) {
	d := randomProgramme(t, 60)
	d.w.Clock.Advance(400 * 24 * time.Hour)
	d.w.Outcomes("d")
	s, who := service(d.w), d.w.Official()
	for _, f := range []measure.Filter{{}, {Programme: measure.Joint}, {HospitalID: d.w.ID(servicetest.Mountain)}} {
		var ids []measure.ID
		for _, def := range measure.Definitions() {
			if _, err := f.For(def); err == nil {
				ids = append(ids, def.ID)
			}
		}
		b, err := s.Board(t.Context(), who, reporting.BoardInput{Measures: ids, Filter: f, Crossings: []measure.ID{"access.townships", "money.by_fund"}, Days: true, Scores: "knee", Sequences: []measure.ID{"joint.complication_90"}})
		if err != nil || len(b.Details) != len(ids) {
			t.Fatalf("%d of %d, %v", len(b.Details), len(ids), err)
		}
		for i, x := range b.Details {
			if i%7 != 0 && x.Definition.Kind != measure.PopulationRate && x.Definition.Kind != measure.Survival { // each page is a question of its own
				continue
			}
			one, err := s.Detail(t.Context(), who, reporting.DetailInput{ID: x.Definition.ID, Filter: f})
			if err != nil || text(t, one.Reading) != text(t, x.Reading) {
				t.Errorf("%s %q:\nboard %s\n page %s %v", x.Definition.ID, f.Query(), text(t, x.Reading), text(t, one.Reading), err)
			}
			if x.Definition.Tallied() && x.Definition.Programme != measure.All && x.Definition.Programme != f.Programme {
				continue // its parts would be those of all programmes
			}
			if !slices.EqualFunc(one.Parts, x.Parts, func(a, b reporting.Piece) bool { return a.Key == b.Key && text(t, a.Reading) == text(t, b.Reading) }) ||
				len(one.Months) != len(x.Months) || len(one.Classes) != len(x.Classes) {
				t.Errorf("%s %q: parts differ: %d and %d, months %d and %d, classes %d and %d", x.Definition.ID, f.Query(), len(one.Parts), len(x.Parts), len(one.Months), len(x.Months), len(one.Classes), len(x.Classes))
			}
		}
		days, crossed := int64(0), int64(0)
		for _, x := range b.Days {
			days += x.N
		}
		for _, x := range b.Crossings["access.townships"] {
			crossed += x.N
		}
		whole := func(id measure.ID) int64 { x, _ := b.Of(id); n, _ := x.Reading.Whole(); return n }
		if days != whole("all.procedures") || crossed != whole("access.townships") {
			t.Errorf("%q: the calendar has %d of %d operations, the map %d of %d", f.Query(), days, whole("all.procedures"), crossed, whole("access.townships"))
		}
		if x, ok := b.Of("joint.complication_90"); ok {
			events, of := x.Reading.Rate()
			hits := int64(0)
			for _, c := range b.Sequences["joint.complication_90"].Cases {
				if c.Event {
					hits++
				}
			}
			if int64(len(b.Sequences["joint.complication_90"].Cases)) != of || hits != events {
				t.Errorf("%q: case after case %d of %d, the figure %d of %d", f.Query(), hits, len(b.Sequences["joint.complication_90"].Cases), events, of)
			}
		}
	}
}

// Who sees no single cases gets no picture made of single cases or days.
func TestABoardKeepsCasesFromWhoMayNotSeeThem(t *testing.T) {
	d := randomProgramme(t, 60)
	d.w.Outcomes("e")
	b, err := service(d.w).Board(t.Context(), d.w.OfficialDonor(), reporting.BoardInput{Measures: []measure.ID{"joint.complication_90", "joint.revision_365"}, Days: true, Scores: "knee", Sequences: []measure.ID{"joint.complication_90"}, Crossings: []measure.ID{"access.townships"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Days)+len(b.Scores)+len(b.Sequences)+len(b.Crossings) != 0 || b.Profile.Exact() {
		t.Errorf("%d days, %d scores, %d sequences, %d crossings", len(b.Days), len(b.Scores), len(b.Sequences), len(b.Crossings))
	}
	for _, x := range b.Details {
		if x.Curve.N != 0 || slices.ContainsFunc(x.Parts, func(p reporting.Piece) bool { return p.Curve.N != 0 }) {
			t.Errorf("%s shows the day of each event", x.Definition.ID)
		}
	}
}

// The filter stays with the person; what a page fixes itself does not change it.
func TestTheFilterStaysWithThePerson(t *testing.T) {
	w := servicetest.New(t)
	s, who := service(w), w.Official()
	last := func() string {
		q, err := s.LastFilter(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	keep := func(f measure.Filter, fixed ...measure.Dimension) {
		if err := s.KeepFilter(t.Context(), who, f, fixed...); err != nil {
			t.Fatal(err)
		}
	}
	if last() != "" {
		t.Errorf("a new person looks with %q", last())
	}
	keep(measure.Filter{HospitalID: w.ID(servicetest.Sea), Category: "DB"})
	keep(measure.Filter{Category: "TK"}, measure.ByHospital)
	if want := (measure.Filter{HospitalID: w.ID(servicetest.Sea), Category: "TK"}).Query(); last() != want {
		t.Errorf("kept %q, want %q", last(), want)
	}
	if q, err := s.LastFilter(t.Context(), w.Approver()); err != nil || q != "" {
		t.Errorf("somebody else looks with %q", q)
	}
	keep(measure.Filter{})
	if last() != "" {
		t.Errorf("cleared, and still %q", last())
	}
}

// Nobody invents numbers: a rate per thousand exists where the office entered how
// many elderly live there, by the number in force, and says that it is missing
// elsewhere.
func TestARatePerThousandNeedsItsPopulation(t *testing.T) {
	w := servicetest.New(t)
	s := service(w)
	for i, town := range []string{"石坪镇", "石坪镇", "松岭乡"} {
		person := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today().AddDays(-i), Joints: 1})
		w.Run(`insert into registration (partnership_id, id, person_id, hospital_id, visible_to, township, legal_basis, slip_code, registered_on, created_at, created_by)
			values ($1, $2, $3, $4, array[$4::uuid], $5, 'history', $6, '2026-01-01', '2026-01-01', $3)`, w.Partnership.ID, ident.New(), person, w.ID(servicetest.Mountain), town, town+string(rune('a'+i)))
	}
	rate := func() reporting.Detail {
		d, err := s.Detail(t.Context(), w.Official(), reporting.DetailInput{ID: "access.elderly_rate"})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := rate(); d.Reading.State() != measure.NotRecorded || len(d.Classes) != 2 || d.Classes[0].Reading.State() != measure.NotRecorded {
		t.Errorf("without any number of inhabitants: %s, %d townships", d.Reading.State(), len(d.Classes))
	}
	enter := func(town string, n int64, days int) error {
		_, err := s.EnterReference(t.Context(), w.Approver(), measure.Reference{Kind: measure.ElderlyOf, Key: town, Value: n, From: w.Today().AddDays(days), Source: "年鉴"}, "")
		return err
	}
	for _, x := range []struct {
		town string
		n    int64
		days int
	}{{"石坪镇", 500, -10}, {"石坪镇", 1000, -5}, {"石坪镇", 9, 5}, {"白石镇", 1000, -5}} {
		if err := enter(x.town, x.n, x.days); err != nil {
			t.Fatal(err)
		}
	}
	d := rate()
	events, of := d.Reading.Rate()
	if v := d.Reading.ForChart().Value; events != 2 || of != 2000 || v != 1 || len(d.Classes) != 3 || d.Classes[0].Key != "石坪镇" {
		t.Errorf("%d of %d, %d townships", events, of, len(d.Classes))
	}
	if v := d.Classes[1].Reading.ForChart().Value; d.Classes[1].Key != "白石镇" || v != 0 || d.Classes[1].Reading.State() != measure.Measured {
		t.Errorf("a township where nobody was operated on: %s %v", d.Classes[1].Key, d.Classes[1].Reading)
	}
	if x := d.Classes[2]; x.Key != "松岭乡" || x.Reading.State() != measure.NotRecorded || !slices.Equal(x.Reading.Excluded(), d.Reading.Excluded()) {
		t.Errorf("the township without a number says so: %s %+v", x.Key, x.Reading)
	}
	if x := d.Reading.Excluded(); len(x) != 1 || x[0].Reason != measure.NoPopulation || x[0].N != 1 {
		t.Errorf("the township without a number: %+v", x)
	}
	if _, err := s.EnterReference(t.Context(), w.Official(), measure.Reference{Kind: measure.ElderlyOf, Key: "石坪镇", Value: 1, From: w.Today(), Source: "x"}, ""); !errs.Is(err, errs.Forbidden) {
		t.Errorf("an official entered a number: %v", err)
	}
	if err := enter("石坪镇", 0, 0); !errs.Is(err, errs.Invalid) {
		t.Errorf("a township of nobody: %v", err)
	}
}
