package reporting_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

func service(w *servicetest.World) *reporting.Service {
	return reporting.New(reporting.Deps{DB: w.DB, Policy: w.Policy})
}

// programmeData is a world with random person-times and what a plain reading of
// the rules says about them.
type programmeData struct {
	w     *servicetest.World
	rows  []servicetest.Treated
	roots map[ident.ID]ident.ID
}

func randomProgramme(t *testing.T, n int) programmeData {
	r := rand.New(rand.NewPCG(7, 11))
	d := programmeData{w: servicetest.New(t), roots: map[ident.ID]ident.ID{}}
	var people []ident.ID
	for range n {
		x := servicetest.Treated{Programme: measure.Programmes()[r.IntN(3)], At: servicetest.Places()[r.IntN(4)],
			On: clock.MustDate(2026, 1, 1).AddDays(r.IntN(150)), Visiting: r.IntN(2) == 0, Withdrawn: r.IntN(12) == 0, Joints: []int{0, 1, 1, 1, 2}[r.IntN(5)],
			Category: []string{"", "NONE", "DB", "TK"}[r.IntN(4)], State: []string{"settled", "settled", "settled", "draft", "reversed", ""}[r.IntN(6)]}
		fen := func() money.Fen { return money.Fen(r.Int64N(3_000_000)) }
		x.Money = measure.Layers{Basic: fen(), Critical: fen(), Assistance: fen(), Other: fen(), Fund: fen(), Waiver: fen(), Net: fen()}
		if len(people) > 0 && r.IntN(3) == 0 {
			x.Person = people[r.IntN(len(people))]
		}
		x.Person = d.w.Treat(x)
		people = append(people, x.Person)
		d.rows = append(d.rows, x)
	}
	for range n / 10 { // some turn out to be one person
		from, to := people[r.IntN(len(people))], people[r.IntN(len(people))]
		if d.roots[from] == ident.Nil && d.roots[to] == ident.Nil && from != to && !d.isRoot(from) {
			d.roots[from] = to
			d.w.Merge(from, to)
		}
	}
	return d
}

func (d programmeData) isRoot(id ident.ID) bool {
	for _, root := range d.roots {
		if root == id {
			return true
		}
	}
	return false
}

func (d programmeData) root(id ident.ID) ident.ID {
	if r := d.roots[id]; r != ident.Nil {
		return r
	}
	return id
}

func (d programmeData) matches(x servicetest.Treated, f measure.Filter, on clock.Date) bool {
	from, to := f.Period()
	side := measure.Receiving
	if x.At == servicetest.Sea || x.At == servicetest.SeaTwo {
		side = measure.Donor
	}
	category := x.Category
	if category == "" {
		category = measure.NoCategory
	}
	return !x.Withdrawn && (f.Programme == "" || f.Programme == measure.All || f.Programme == x.Programme) &&
		(f.HospitalID == ident.Nil || f.HospitalID == d.w.ID(x.At)) && (f.Side == "" || f.Side == side) && (from.IsZero() || !on.Before(from)) &&
		(to.IsZero() || !on.After(to)) && (f.Category == "" || f.Category == category) && (f.Visiting == nil || *f.Visiting == x.Visiting)
}

// count is the plain reading of a definition.
func (d programmeData) count(def measure.Definition, f measure.Filter) (value, treatments int64) {
	people := map[ident.ID]bool{}
	var operations, sum int64
	for _, x := range d.rows {
		for i := range x.Joints {
			if d.matches(x, f, x.On.AddDays(i)) {
				operations++
				people[d.root(x.Person)] = true
			}
		}
		if x.Joints == 0 || !d.matches(x, f, x.On) {
			continue
		}
		treatments++
		if x.State == "settled" {
			m := x.Money
			m.Bill = m.Basic + m.Critical + m.Assistance + m.Other + m.Fund + m.Waiver + m.Net
			sum += int64(def.Amount(m))
		}
	}
	switch def.Kind {
	case measure.DistinctPersons:
		return int64(len(people)), treatments
	case measure.CountTreatments:
		return treatments, treatments
	case measure.CountProcedures:
		return operations, treatments
	}
	return sum, treatments
}

func (d programmeData) filter(r *rand.Rand) measure.Filter {
	var f measure.Filter
	if r.IntN(2) == 0 {
		f.HospitalID = d.w.ID(servicetest.Places()[r.IntN(4)])
	}
	if r.IntN(3) == 0 {
		f.Side = []measure.Side{measure.Donor, measure.Receiving}[r.IntN(2)]
	}
	switch r.IntN(4) {
	case 0:
		f.Month = fmt.Sprintf("2026-0%d", 1+r.IntN(6))
	case 1:
		f.From = clock.MustDate(2026, 1, 1).AddDays(r.IntN(100))
	case 2:
		f.From, f.To = clock.MustDate(2026, 2, 1), clock.MustDate(2026, 2, 1).AddDays(r.IntN(60))
	}
	if r.IntN(3) == 0 {
		f.Category = []string{"NONE", "DB", "TK", "JC"}[r.IntN(4)]
	}
	if r.IntN(3) == 0 {
		v := r.IntN(2) == 0
		f.Visiting = &v
	}
	return f
}

// The promise of the page: whatever is asked, the figure is what the rules say,
// and the list behind it has exactly that many rows or adds up to it to the fen.
func TestFigureIsTheLengthOfItsList(t *testing.T) {
	d := randomProgramme(t, 150)
	s, who, r := service(d.w), d.w.Official(), rand.New(rand.NewPCG(3, 5))
	for range 60 {
		def := measure.TalliedDefinitions()[r.IntN(len(measure.TalliedDefinitions()))]
		f, err := d.filter(r).For(def)
		if err != nil {
			t.Fatal(err)
		}
		want, treatments := d.count(def, f)
		v, err := s.Measure(t.Context(), who, def.ID, f)
		if err != nil || v.Value.Int64() != want || v.Denominator != nil && *v.Denominator != treatments {
			t.Fatalf("%s %q = %+v, %v; the rules say %d of %d", def.ID, f.Query(), v, err, want, treatments)
		}
		rows := walk(t, s, d.w, reporting.ListInput{ID: def.ID, Filter: f, Page: page.Request{Size: 7}})
		got := int64(len(rows))
		if def.Kind == measure.SumMoney {
			got = 0
			of := measure.Coverage{Eligible: int64(len(rows))}
			for _, x := range rows {
				got += int64(def.Amount(x.Money))
				if x.Settled {
					of.Known++
				}
			}
			if v.Coverage == nil || *v.Coverage != of {
				t.Fatalf("%s %q is of %+v, its list says of %+v", def.ID, f.Query(), v.Coverage, of)
			}
		}
		if got != want {
			t.Fatalf("%s %q is %d, its list says %d", def.ID, f.Query(), want, got)
		}
	}
}

// walk reads a list page by page and checks order and repetition on the way.
func walk(t *testing.T, s *reporting.Service, w *servicetest.World, in reporting.ListInput) []reporting.Row {
	t.Helper()
	var all []reporting.Row
	for {
		l, err := s.List(t.Context(), w.Official(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range l.Rows {
			if n := len(all); n > 0 && x.On.After(all[n-1].On) {
				t.Fatalf("%s: %s comes after %s", in.ID, x.On, all[n-1].On)
			}
			all = append(all, x)
		}
		if l.Next == "" {
			return all
		}
		in.Page.After = l.Next
	}
}

func TestEveryCellOfATableIsItsOwnFigure(t *testing.T) {
	d := randomProgramme(t, 90)
	s, who := service(d.w), d.w.Official()
	for _, by := range measure.Dimensions() {
		o, err := s.Overview(t.Context(), who, reporting.OverviewInput{Filter: measure.Filter{From: clock.MustDate(2026, 1, 20)}, By: by})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range append([]reporting.Breakdown{o.Table, o.Months}, o.Programmes...) {
			for _, g := range append(table.Groups, table.Total) {
				for i, def := range table.Definitions {
					f, err := g.Filter.For(def)
					want, _ := d.count(def, f)
					if err != nil || !g.Linked || g.Values[i].Value.Int64() != want {
						t.Errorf("by %s, %q of %s is %d; its own figure is %d (%v)", by, g.Key, def.ID, g.Values[i].Value.Int64(), want, err)
					}
				}
			}
		}
	}
}

func TestDistinctPersonsAreNotAddedUpOverHospitals(t *testing.T) {
	w := servicetest.New(t)
	person := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: clock.MustDate(2026, 1, 14), Joints: 1})
	w.Treat(servicetest.Treated{Person: person, Programme: measure.Joint, At: servicetest.Sea, On: clock.MustDate(2026, 6, 18), Joints: 1})
	o, err := service(w).Overview(t.Context(), w.Official(), reporting.OverviewInput{})
	if err != nil {
		t.Fatal(err)
	}
	if o.Table.Overlap != 1 || len(o.Table.Groups) != 2 || o.Table.Total.Values[0].Value.Int64() != 1 || o.Table.Total.Values[2].Value.Int64() != 2 {
		t.Errorf("overlap %d, total %+v", o.Table.Overlap, o.Table.Total.Values)
	}
	if len(o.Months.Groups) != 6 || o.Months.Groups[1].Key != "2026-02" || o.Months.Groups[1].Values[1].Value.Int64() != 0 {
		t.Errorf("months without an operation are missing: %+v", o.Months.Groups)
	}
}

func TestAnOperationMovesTheFigureByExactlyOne(t *testing.T) {
	w := servicetest.New(t)
	s, who := service(w), w.Official()
	at := func() int64 {
		v, err := s.Measure(t.Context(), who, "joint.procedures", measure.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		return v.Value.Int64()
	}
	before := at()
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today(), Joints: 1})
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today(), Joints: 0})
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today(), Joints: 1, Withdrawn: true})
	w.Other.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today(), Joints: 1})
	if after := at(); after != before+1 {
		t.Errorf("%d became %d", before, after)
	}
}

func TestMergedOrganisationCountsAsTheOtherOne(t *testing.T) {
	w := servicetest.New(t)
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.MountainTwo, On: w.Today(), Joints: 1})
	w.Do(w.System(), func(tx *store.Tx) error {
		o, err := tx.OrganisationsByID([]ident.ID{w.ID(servicetest.MountainTwo)})
		if err != nil {
			return err
		}
		return tx.MergeOrganisation(o[0], w.ID(servicetest.Mountain))
	})
	o, err := service(w).Overview(t.Context(), w.Official(), reporting.OverviewInput{})
	if err != nil || len(o.Table.Groups) != 1 || o.Table.Groups[0].Key != w.ID(servicetest.Mountain).String() {
		t.Fatalf("%+v %v", o.Table.Groups, err)
	}
	l, err := service(w).List(t.Context(), w.Official(), reporting.ListInput{ID: "joint.patients", Filter: o.Table.Groups[0].Filter})
	if err != nil || len(l.Rows) != 1 || l.Rows[0].Hospital.ID != w.ID(servicetest.Mountain) {
		t.Errorf("%+v %v", l.Rows, err)
	}
}

func TestWhoSeesWhichFigures(t *testing.T) {
	w := servicetest.New(t)
	s := service(w)
	for _, at := range []servicetest.Place{servicetest.Mountain, servicetest.MountainTwo, servicetest.Mountain} {
		w.Treat(servicetest.Treated{Name: "覃小满", Programme: measure.Joint, At: at, On: w.Today(), Joints: 1})
	}
	registrar, err := s.List(t.Context(), w.Registrar(servicetest.Mountain), reporting.ListInput{ID: "joint.patients"})
	if err != nil || len(registrar.Rows) != 2 || registrar.Value.Value.Int64() != 2 || registrar.Rows[0].Name != "覃小满" {
		t.Errorf("own hospital's registrar: %+v %v", registrar.Rows, err)
	}
	official, err := s.List(t.Context(), w.Official(), reporting.ListInput{ID: "joint.patients"})
	if err != nil || len(official.Rows) != 3 || official.Rows[0].Name != "覃**" || official.Rows[0].CaseNo == "" || official.Rows[0].Hospital.Name == "" {
		t.Errorf("official: %+v %v", official.Rows, err)
	}
	if v, err := s.Measure(t.Context(), w.OfficialDonor(), "joint.patients", measure.Filter{}); err != nil || !v.Value.Hidden() {
		t.Errorf("the donor side's official reads %+v %v", v, err)
	}
	if _, err := s.List(t.Context(), w.OfficialDonor(), reporting.ListInput{ID: "joint.patients"}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the donor side's official opened a list: %v", err)
	}
	if v, err := s.Measure(t.Context(), w.Other.Official(), "joint.patients", measure.Filter{}); err != nil || v.Value.Int64() != 0 {
		t.Errorf("another partnership reads %+v %v", v, err)
	}
	if _, err := s.Measure(t.Context(), w.HospitalAdmin(servicetest.Mountain), "joint.patients", measure.Filter{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital admin reads no figures: %v", err)
	}
	if _, err := s.Measure(t.Context(), w.Official(), "joint.eyes", measure.Filter{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("an unknown measure: %v", err)
	}
	if _, err := s.Measure(t.Context(), w.Steward(ident.New()), "joint.patients", measure.Filter{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a steward sees no persons, so no figure of them: %v", err)
	}
}

func TestListsAndFilesAreRecordedWithTheirRows(t *testing.T) {
	w := servicetest.New(t)
	s, who := service(w), w.Official()
	w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today(), Joints: 1, Category: string(terminology.CategoryDB)})
	f := measure.Filter{HospitalID: w.ID(servicetest.Mountain), Category: "DB"}
	if _, err := s.Measure(t.Context(), who, "joint.patients", f); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), who, reporting.ListInput{ID: "joint.patients", Filter: f}); err != nil {
		t.Fatal(err)
	}
	if l, err := s.List(t.Context(), who, reporting.ListInput{ID: "joint.patients", Filter: f, File: "xlsx"}); err != nil || len(l.Rows) != 1 {
		t.Fatal(err)
	}
	if _, err := s.Overview(t.Context(), who, reporting.OverviewInput{Filter: f, File: "csv"}); err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]int{"list.read": 1, "export.make": 2, "measure.read": 0} {
		if n := w.Count(`select count(*) from audit_event where action = $1 and (detail::jsonb ->> 'rows')::int > 0 and detail like '%"category":"DB"%'`, action); n != want {
			t.Errorf("%d events %s, want %d", n, action, want)
		}
	}
	if _, err := s.List(t.Context(), w.Registrar(servicetest.Mountain), reporting.ListInput{ID: "joint.patients", File: "csv"}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar may not export: %v", err)
	}
	if _, err := s.Overview(t.Context(), w.Registrar(servicetest.Mountain), reporting.OverviewInput{File: "csv"}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar may not export the overview: %v", err)
	}
}

func TestMeasuresOfAProgrammeLeaveTheOthersOut(t *testing.T) {
	w := servicetest.New(t)
	all, err := service(w).Measures(t.Context(), w.Official(), measure.Filter{})
	if err != nil || len(all) != len(measure.TalliedDefinitions()) {
		t.Errorf("%d measures, %v", len(all), err)
	}
	joint, err := service(w).Measures(t.Context(), w.Official(), measure.Filter{Programme: measure.Joint})
	if err != nil || len(joint) != len(measure.Of(measure.Joint))+len(measure.Of(measure.All)) {
		t.Errorf("%d measures of joints, %v", len(joint), err)
	}
}

func TestStewardSeesTreatmentsAndMoneyOnly(t *testing.T) {
	w := servicetest.New(t)
	o, err := service(w).Overview(t.Context(), w.Steward(ident.New()), reporting.OverviewInput{})
	if err != nil || len(o.Table.Definitions) != 5 || len(o.Programmes) != 3 {
		t.Fatalf("%d measures, %v", len(o.Table.Definitions), err)
	}
	for _, d := range o.Table.Definitions {
		if d.List != measure.ListTreatments {
			t.Errorf("a steward is offered %s", d.ID)
		}
	}
}

// A page reads several statements; what is stored between two of them must not
// make a figure differ from its list.
func TestFigureAndListAreOfOneInstant(t *testing.T) {
	w := servicetest.New(t)
	treat := func() {
		w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: w.Today(), Joints: 1})
	}
	treat()
	err := w.DB.InTx(t.Context(), w.Official(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		before, err := tx.Tallies(measure.Filter{})
		if err != nil {
			return err
		}
		treat()
		rows, err := tx.FigureRows(measure.ListProcedures, measure.Filter{}, page.Request{})
		if int64(len(rows.Rows)) != before[0].Operations {
			t.Errorf("figure %d, list %d", before[0].Operations, len(rows.Rows))
		}
		return err
	}, store.OneInstant())
	if err != nil {
		t.Fatal(err)
	}
}
