package measure_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
	"github.com/shanhai-health/shanhai/internal/ident"
)

var today = clock.MustDate(2026, 11, 23)

func TestFixedIDsExistWithTheirUnit(t *testing.T) {
	for id, unit := range map[measure.ID]measure.Unit{
		"joint.patients": measure.Persons, "joint.procedures": measure.Operations, "joint.reduction_fen": measure.Fen,
		"joint.joints": measure.Joints, "cataract.patients": measure.Persons, "cataract.eyes": measure.Eyes, "cataract.net_fen": measure.Fen,
		"coronary.person_times": measure.PersonTimes, "coronary.procedures": measure.Operations, "coronary.patients": measure.Persons,
		"all.patients": measure.Persons, "all.bill_fen": measure.Fen, "all.insurance_fen": measure.Fen,
	} {
		d, ok := measure.ByID(id)
		if !ok || d.Unit != unit || d.Version < 1 || d.Clock != "operated_on" {
			t.Errorf("%s = %+v, %v", id, d, ok)
		}
	}
	if _, ok := measure.ByID("joint.eyes"); ok {
		t.Error("eyes belong to the cataract programme only")
	}
}

func TestEveryDefinitionIsWhole(t *testing.T) {
	seen := map[measure.ID]bool{}
	for _, d := range measure.TalliedDefinitions() {
		if seen[d.ID] {
			t.Errorf("%s is defined twice", d.ID)
		}
		seen[d.ID] = true
		if !strings.HasPrefix(string(d.ID), string(d.Programme)+".") || !d.Programme.Valid() {
			t.Errorf("%s does not name its programme", d.ID)
		}
		if (d.Kind == measure.SumMoney) != (len(d.Fields) > 0) || (d.Kind == measure.SumMoney) != (d.Unit == measure.Fen) {
			t.Errorf("%s: money needs fields and the unit fen, counts neither", d.ID)
		}
		if d.Denominator != "" {
			if n, ok := measure.ByID(d.Denominator); !ok || n.Programme != d.Programme || n.Kind != measure.CountTreatments {
				t.Errorf("%s: denominator %s is not the person-times of its programme", d.ID, d.Denominator)
			}
		}
		if (d.DenominatorKey() == "") != (d.Denominator == "") || d.NumeratorKey() == "" {
			t.Errorf("%s: keys do not match what it is set against", d.ID)
		}
	}
	if n := len(measure.Of(measure.Joint)); n != 8 {
		t.Errorf("joint has %d measures", n)
	}
}

func TestListHasTheGrainOfTheCount(t *testing.T) {
	want := map[measure.Kind]measure.ListKind{measure.DistinctPersons: measure.ListPersons, measure.CountTreatments: measure.ListTreatments,
		measure.CountProcedures: measure.ListProcedures, measure.SumMoney: measure.ListTreatments}
	for _, d := range measure.TalliedDefinitions() {
		if d.List != want[d.Kind] {
			t.Errorf("%s lists %s", d.ID, d.List)
		}
	}
}

func TestInsuranceIsAllThreeLayers(t *testing.T) {
	d, _ := measure.ByID("all.insurance_fen")
	if !slices.Equal(d.Fields, []measure.Field{measure.Basic, measure.Critical, measure.Assistance}) {
		t.Errorf("fields = %v", d.Fields)
	}
}

func TestDefinitionsCannotBeChangedFromOutside(t *testing.T) {
	measure.Definitions()[0].Version = 99
	if measure.Definitions()[0].Version == 99 {
		t.Error("the registry was changed through its copy")
	}
}

func value(t *testing.T, id measure.ID, n int64) measure.Value {
	t.Helper()
	d, ok := measure.ByID(id)
	if !ok {
		t.Fatalf("no measure %s", id)
	}
	return d.Value(measure.Result{Value: n, Denominator: 40, Settled: 30, AsOf: time.Date(2026, 11, 23, 1, 2, 3, 0, time.UTC)})
}

func TestDistinctPersonsAreNeverAddedUp(t *testing.T) {
	p, q := value(t, "joint.patients", 3), value(t, "joint.procedures", 5)
	if _, err := measure.Sum(p.Value, p.Value); !errs.Is(err, errs.Precondition) {
		t.Errorf("two figures of distinct persons were added: %v", err)
	}
	if _, err := measure.Sum(q.Value, p.Value); err == nil {
		t.Error("a figure of distinct persons was added to another")
	}
	if s, err := measure.Sum(q.Value, q.Value); err != nil || s.Int64() != 10 {
		t.Errorf("procedures add up: %v, %v", s, err)
	}
}

func TestOverlapNamesPersonsCountedTwice(t *testing.T) {
	b := measure.Breakdown{Dimension: measure.ByHospital, Total: value(t, "joint.patients", 5),
		Cells: []measure.Cell{{Key: "a", Value: value(t, "joint.patients", 3)}, {Key: "b", Value: value(t, "joint.patients", 4)}}}
	if b.Overlap() != 2 {
		t.Errorf("overlap = %d", b.Overlap())
	}
}

func TestValueAsTheAPIPrintsIt(t *testing.T) {
	for id, want := range map[measure.ID]string{
		"joint.patients":      `{"id":"joint.patients","version":1,"value":307,"unit":"persons","numerator":307,"denominator":null,"as_of":"2026-11-23T01:02:03Z"}`,
		"joint.reduction_fen": `{"id":"joint.reduction_fen","version":1,"value":307,"unit":"fen","numerator":307,"denominator":40,"coverage":{"known":30,"eligible":40},"as_of":"2026-11-23T01:02:03Z"}`,
	} {
		if got, err := json.Marshal(value(t, id, 307)); err != nil || string(got) != want {
			t.Errorf("%s\n got %s\nwant %s (%v)", id, got, want, err)
		}
	}
}

func TestParseFilter(t *testing.T) {
	id := ident.New()
	q, _ := url.ParseQuery("programme=joint&hospital=" + id.String() + "&side=donor&from=2026.3.1&to=2026-03-31&category=dibao&surgeon=visiting")
	f, err := measure.ParseFilter(q, today)
	if err != nil {
		t.Fatal(err)
	}
	if f.Programme != measure.Joint || f.HospitalID != id || f.Side != measure.Donor || f.From.String() != "2026-03-01" ||
		f.To.String() != "2026-03-31" || f.Category != "dibao" || f.Visiting == nil || !*f.Visiting {
		t.Errorf("%+v", f)
	}
	if f, err := measure.ParseFilter(nil, today); err != nil || f != (measure.Filter{}) {
		t.Errorf("no parameter must mean everything: %+v, %v", f, err)
	}
	if f, _ := measure.ParseFilter(url.Values{"surgeon": {"local"}}, today); f.Visiting == nil || *f.Visiting {
		t.Error("local is not the same as all")
	}
}

func TestWrongFilterIsNamedAtItsField(t *testing.T) {
	for query, field := range map[string]string{
		"programme=hip": "programme", "hospital=1": "hospital", "side=left": "side", "from=soon": "from", "to=2026-02-30": "to",
		"from=2026-03-02&to=2026-03-01": "to", "month=2026-13": "month", "month=2026-3": "month", "month=2026-03&from=2026-03-01": "month",
		"category=a'b": "category", "surgeon=yes": "surgeon",
	} {
		q, _ := url.ParseQuery(query)
		_, err := measure.ParseFilter(q, today)
		if e := errs.Of(err); err == nil || e.Kind != errs.Invalid || !e.Fields.Has(field) || len(e.Fields) != 1 {
			t.Errorf("%s: %v, want one message at %s", query, err, field)
		}
	}
	if _, err := measure.ParseFilter(url.Values{"side": {"x"}, "surgeon": {"y"}}, today); len(errs.Of(err).Fields) != 2 {
		t.Error("all wrong fields are named at once")
	}
}

func TestMonthIsItsDays(t *testing.T) {
	from, to := measure.Filter{Month: "2028-02"}.Period()
	if from.String() != "2028-02-01" || to.String() != "2028-02-29" {
		t.Errorf("%s to %s", from, to)
	}
}

func TestProgrammeOfTheMeasureRules(t *testing.T) {
	joint, _ := measure.ByID("joint.patients")
	all, _ := measure.ByID("all.patients")
	if _, err := (measure.Filter{Programme: measure.Cataract}).For(joint); !errs.Of(err).Fields.Has("programme") {
		t.Errorf("a joint measure asked for cataracts: %v", err)
	}
	if f, err := (measure.Filter{}).For(joint); err != nil || f.Programme != measure.Joint {
		t.Errorf("%+v %v", f, err)
	}
	if f, err := (measure.Filter{Programme: measure.Cataract}).For(all); err != nil || f.Programme != measure.Cataract {
		t.Errorf("all narrowed to one programme: %+v %v", f, err)
	}
}

func TestQueryGivesTheSameFilterBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := measure.Filter{Programme: rapid.SampledFrom(append(measure.Programmes(), "")).Draw(t, "p"),
			Side:     rapid.SampledFrom([]measure.Side{"", measure.Donor, measure.Receiving}).Draw(t, "side"),
			Category: rapid.StringMatching(`([a-z0-9_]{1,40})?`).Draw(t, "category")}
		if rapid.Bool().Draw(t, "hospital") {
			f.HospitalID = ident.Derive(ident.Nil, rapid.String().Draw(t, "name"))
		}
		if rapid.Bool().Draw(t, "lead") {
			v := rapid.Bool().Draw(t, "visiting")
			f.Visiting = &v
		}
		switch rapid.IntRange(0, 2).Draw(t, "period") {
		case 1:
			f.Month = "2026-0" + rapid.StringMatching(`[1-9]`).Draw(t, "month")
		case 2:
			f.From = today.AddDays(-rapid.IntRange(0, 900).Draw(t, "from"))
		}
		q, err := url.ParseQuery(f.Query())
		if err != nil {
			t.Fatal(err)
		}
		for name := range q {
			if !slices.Contains(measure.Parameters(), name) {
				t.Fatalf("parameter %s is not declared", name)
			}
		}
		back, err := measure.ParseFilter(q, today)
		if err != nil || back.Query() != f.Query() {
			t.Fatalf("%q came back as %q (%v)", f.Query(), back.Query(), err)
		}
	})
}

func TestCellLeadsToItsList(t *testing.T) {
	id := ident.New()
	base := measure.Filter{From: clock.MustDate(2026, 3, 10)}
	for _, c := range []struct {
		by        measure.Dimension
		key, want string
	}{
		{measure.ByProgramme, "joint", "programme=joint&from=2026-03-10"}, {measure.ByHospital, id.String(), "hospital=" + id.String() + "&from=2026-03-10"},
		{measure.BySide, "donor", "side=donor&from=2026-03-10"}, {measure.ByMonth, "2026-04", "month=2026-04"},
		{measure.ByMonth, "2026-03", "from=2026-03-10&to=2026-03-31"}, {measure.ByCategory, "dibao", "from=2026-03-10&category=dibao"},
		{measure.BySurgeon, "local", "from=2026-03-10&surgeon=local"},
	} {
		if f, err := base.With(c.by, c.key); err != nil || f.Query() != c.want {
			t.Errorf("%s %s = %q, %v; want %q", c.by, c.key, f.Query(), err, c.want)
		}
	}
	for by, key := range map[measure.Dimension]string{measure.ByHospital: "x", measure.ByMonth: "spring"} {
		if _, err := base.With(by, key); !errs.Is(err, errs.Invalid) {
			t.Errorf("key %q of %s was taken", key, by)
		}
	}
}

func TestDimensions(t *testing.T) {
	for _, d := range measure.Dimensions() {
		if got, err := measure.ParseDimension(string(d)); err != nil || got != d {
			t.Errorf("%s: %v", d, err)
		}
	}
	if _, err := measure.ParseDimension("village"); !errs.Of(err).Fields.Has("by") {
		t.Error("an unknown dimension was taken")
	}
}

func TestEveryMeasureIsNamedInBothLanguages(t *testing.T) {
	var keys []string
	for _, d := range measure.Definitions() {
		keys = append(keys, d.NameKey(), d.NumeratorKey(), d.Unit.NameKey(), d.Programme.NameKey())
		if k := d.DenominatorKey(); k != "" {
			keys = append(keys, k)
		}
	}
	for _, d := range measure.Dimensions() {
		keys = append(keys, d.NameKey())
	}
	i18ntest.Complete(t, keys)
}

func TestVersionIsPartOfTheCacheKey(t *testing.T) {
	d, _ := measure.ByID("joint.patients")
	f := measure.Filter{Month: "2026-11"}
	old := d.CacheKey(f)
	d.Version++
	if d.CacheKey(f) == old {
		t.Error("a new version must not find the old figure")
	}
}
