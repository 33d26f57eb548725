package reporting_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// A category nobody knows is refused as a hospital nobody knows is: all its figures
// would be zero. One that released rules of payment add is known.
func TestACategoryNobodyKnowsIsRefused(t *testing.T) {
	w := servicetest.New(t)
	s := service(w)
	v := store.PolicyVersion{Version: policy.Version{ID: ident.New(), Name: "x", From: clock.MustDate(2020, 1, 1), Rules: policy.Rules{Categories: []policy.Category{{Code: "GZ1", ZH: "困难职工"}}}}, Edition: 1}
	w.Do(w.Approver(), func(tx *store.Tx) error { return tx.InsertPolicy(v) })
	reads := map[string]func(user.Principal, measure.Filter) error{
		"overview": func(who user.Principal, f measure.Filter) error {
			_, err := s.Overview(t.Context(), who, reporting.OverviewInput{Filter: f})
			return err
		},
		"desk": func(who user.Principal, f measure.Filter) error {
			_, err := s.Desk(t.Context(), who, reporting.DeskInput{Group: measure.JointCare, Filter: f})
			return err
		},
		"detail": func(who user.Principal, f measure.Filter) error {
			_, err := s.Detail(t.Context(), who, reporting.DetailInput{ID: "joint.readmission_90", Filter: f})
			return err
		},
		"board": func(who user.Principal, f measure.Filter) error {
			_, err := s.Board(t.Context(), who, reporting.BoardInput{Measures: []measure.ID{"all.patients"}, Filter: f})
			return err
		},
		"measure": func(who user.Principal, f measure.Filter) error {
			_, err := s.Measure(t.Context(), who, "all.patients", f)
			return err
		},
		"measures": func(who user.Principal, f measure.Filter) error {
			_, err := s.Measures(t.Context(), who, f)
			return err
		},
		"list": func(_ user.Principal, f measure.Filter) error {
			_, err := s.List(t.Context(), w.Official(), reporting.ListInput{ID: "all.patients", Filter: f})
			return err
		},
		"keeping": func(who user.Principal, f measure.Filter) error { return s.KeepFilter(t.Context(), who, f) },
	}
	want := func(when, category string, known bool) {
		t.Helper()
		for name, read := range reads {
			for _, who := range []user.Principal{w.Official(), w.OfficialDonor()} {
				err := read(who, measure.Filter{Category: category})
				if known && err != nil || !known && (!errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("category")) {
					t.Errorf("%s, %s of %s as %s: %v", when, name, category, who.DisplayName, err)
				}
			}
		}
	}
	want("always", "ZZZ", false)
	want("always", "DB", true)
	want("before the rules are released", "GZ1", false)
	w.Do(w.SecondApprover(), func(tx *store.Tx) error { return tx.ReleasePolicy(v) })
	want("after", "GZ1", true)
}

// What stands around figures has none of them, whatever was to be read.
func TestAFrameHasNoFigures(t *testing.T) {
	w := servicetest.New(t)
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today(), Joints: 1})
	s, donor := service(w), w.OfficialDonor()
	before := w.Count(`select count(*) from disclosure_release`)
	o, err := s.Overview(t.Context(), donor, reporting.OverviewInput{Frame: true, By: measure.BySide})
	if err != nil || o.Partnership == "" || len(o.Hospitals) == 0 || o.Table.Dimension != measure.BySide || len(o.Programmes)+len(o.Table.Groups)+len(o.Months.Groups) != 0 {
		t.Errorf("%+v, %v", o, err)
	}
	d, err := s.Desk(t.Context(), donor, reporting.DeskInput{Frame: true, Group: measure.JointCare})
	if err != nil || len(d.Hospitals) == 0 || len(d.Readings) != 0 {
		t.Errorf("%+v, %v", d, err)
	}
	x, err := s.Detail(t.Context(), donor, reporting.DetailInput{Frame: true, ID: "all.patients"})
	if err != nil || x.Definition.ID != "all.patients" || x.Reading.N() != 0 || len(x.Parts)+len(x.Months) != 0 {
		t.Errorf("%+v, %v", x, err)
	}
	b, err := s.Board(t.Context(), donor, reporting.BoardInput{Frame: true, Hospital: w.ID(servicetest.Mountain), Measures: []measure.ID{"all.patients"}})
	if err != nil || b.Hospital == nil || len(b.Details) != 0 {
		t.Errorf("%+v, %v", b, err)
	}
	head := w.HospitalHead(servicetest.Mountain)
	l, err := s.Surgeons(t.Context(), head, reporting.SurgeonsInput{Frame: true})
	if err != nil || l.Hospital.Name == "" || len(l.List) != 0 {
		t.Errorf("%+v, %v", l, err)
	}
	if n := w.Count(`select count(*) from disclosure_release`); n != before {
		t.Errorf("%d figures were given out", n-before)
	}
	if _, err := s.Overview(t.Context(), w.SystemAdmin(), reporting.OverviewInput{Frame: true}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a frame for who reads no figures: %v", err)
	}
}

// A filter is not brought back to a page that makes it one no figures are given for.
func TestAFilterComesBackWhereItIsAnswered(t *testing.T) {
	w := servicetest.New(t)
	s, yes := service(w), true
	f := measure.Filter{Side: measure.Receiving, Category: "DB", Visiting: &yes}
	for _, x := range []struct {
		who  user.Principal
		own  measure.Filter
		back bool
	}{{w.OfficialDonor(), measure.Filter{HospitalID: w.ID(servicetest.Mountain), Programme: measure.Joint}, false}, {w.Official(), measure.Filter{HospitalID: w.ID(servicetest.Mountain)}, true}} {
		if err := s.KeepFilter(t.Context(), x.who, f); err != nil {
			t.Fatal(err)
		}
		if q, err := s.LastFilter(t.Context(), x.who, x.own); err != nil || (q != "") != x.back {
			t.Errorf("%s: %q, %v", x.who.DisplayName, q, err)
		}
	}
}

// Files of own operations are of them, and the record says whose.
func TestAFileOfOwnOperationsSaysWhose(t *testing.T) {
	w := servicetest.New(t)
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today().AddDays(-200), Joints: 1})
	w.Outcomes("o")
	s, head := service(w), w.HospitalHead(servicetest.Mountain)
	head.PractitionerID = ident.New()
	d, err := s.Detail(t.Context(), head, reporting.DetailInput{ID: "quality.signed", Own: true, File: "csv"})
	if err != nil || d.Reading.N() != 0 {
		t.Errorf("%d operations, %v", d.Reading.N(), err)
	}
	if n := w.Count(`select count(*) from audit_event where action = 'export.make' and detail::jsonb ->> 'doctor' = $1`, head.PractitionerID.String()); n != 1 {
		t.Errorf("%d records say whose", n)
	}
}

// The operations of one doctor are in no table with those of all: of two populations
// that differ by few people the second is refused.
func TestOwnOperationsOfNearlyTheSamePeopleAreRefused(t *testing.T) {
	w := servicetest.New(t)
	for i := range 12 {
		p := measure.Joint
		if i < 2 {
			p = measure.Cataract
		}
		w.Treat(servicetest.Treated{Programme: p, At: servicetest.Mountain, On: w.Today().AddDays(-200 - i), Joints: 1})
	}
	w.Outcomes("o")
	s, doctor := service(w), w.HospitalHead(servicetest.Mountain)
	doctor.PractitionerID, doctor.TokenID, doctor.TokenScopes = ident.New(), ident.New(), []user.Permission{authz.MeasureRead}
	w.Run(`update procedure set lead_id = $2 where partnership_id = $1`, w.Partnership.ID, doctor.PractitionerID)
	ask := func(f measure.Filter) error {
		d, err := s.Detail(t.Context(), doctor, reporting.DetailInput{ID: "quality.signed", Own: true, Filter: f})
		if err == nil && d.Profile.Exact() {
			t.Error("a token without lists gets every figure")
		}
		return err
	}
	if err := ask(measure.Filter{}); err != nil {
		t.Fatal(err)
	}
	if err := ask(measure.Filter{Programme: measure.Joint}); errs.Of(err).Rule != "disclosure.differencing" {
		t.Errorf("two people less: %v", err)
	}
	if err := ask(measure.Filter{}); err != nil {
		t.Errorf("the same again: %v", err)
	}
}
