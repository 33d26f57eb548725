package policy_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

var region = policy.Region{Code: "990101", ZH: "示例", EN: "Sample"}

func TestTheSampleKeepsItsOwnRules(t *testing.T) {
	if err := policy.Sample(region).Check(); err != nil {
		t.Fatal(err)
	}
	if !policy.SampleVersion(2026).Sample {
		t.Error("the sample says that it is one")
	}
}

// Each change breaks one rule and is named at one field.
func TestEveryWrongFieldIsNamed(t *testing.T) {
	for path, breakIt := range map[string]func(*policy.Rules){
		"basic.B1.threshold":        func(r *policy.Rules) { r.Basic[0].Threshold = -1 },
		"basic.B1.ceiling":          func(r *policy.Rules) { r.Basic[0].Ceiling = -1 },
		"basic.B1.seg0_ratio":       func(r *policy.Rules) { r.Basic[0].Segments = nil },
		"basic.B1.seg1_ratio":       func(r *policy.Rules) { r.Basic[0].Segments[1].Ratio = 10_001 },
		"basic.B1.seg1_from":        func(r *policy.Rules) { r.Basic[0].Segments[1].From = 0 },
		"basic.B1.seg0_from":        func(r *policy.Rules) { r.Basic[0].Segments[0].From = 1 },
		"basic.B1.insurance":        func(r *policy.Rules) { r.Basic[0].Insurance = "x" },
		"basic.B1.level":            func(r *policy.Rules) { r.Basic[0].Level = "9" },
		"basic.B5.insurance":        func(r *policy.Rules) { r.Basic[3].Level = "" }, // B4 now fits everybody B5 is for
		"basic.B1.id":               func(r *policy.Rules) { r.Basic[1].ID = "B1" },
		"critical.C1.categories":    func(r *policy.Rules) { r.Critical[0].Categories = []string{"XX"} },
		"relief.R1.line_cut":        func(r *policy.Rules) { r.Reliefs[0].LineCut = 10_001 },
		"relief.R1.bonus":           func(r *policy.Rules) { r.Reliefs[0].Bonus = -1 },
		"relief.R1.categories":      func(r *policy.Rules) { r.Reliefs[0].Categories = nil },
		"package.P1.price":          func(r *policy.Rules) { r.Packages[0].Price = 0 },
		"package.P1.kind":           func(r *policy.Rules) { r.Packages[0].Kind = "X" },
		"reduction.J2.share":        func(r *policy.Rules) { r.Reductions[1].Share = 0 },
		"reduction.J2.kinds":        func(r *policy.Rules) { r.Reductions[1].Kinds = []procedure.Kind{procedure.PCI} },
		"reduction.J2.funder0_kind": func(r *policy.Rules) { r.Reductions[1].Funders = nil },
		"reduction.J2.funder1_kind": func(r *policy.Rules) { r.Reductions[1].Funders[1].Kind = policy.ByFund },
		"reduction.J4.programme":    func(r *policy.Rules) { r.Put(policy.InReduction, "", named(r.Reductions[2], "J4")) },
		"package.P2.kind":           func(r *policy.Rules) { p := r.Packages[0]; p.ID = "P2"; r.Put(policy.InPackage, "", p) },
		"reduction.J1.programme":    func(r *policy.Rules) { r.Reductions[0].Programme = "x" },
		"category":                  func(r *policy.Rules) { r.Categories = r.Categories[:len(r.Categories)-1] },
		"category.DB.zh":            func(r *policy.Rules) { r.Categories[1].ZH = " " },
		"category.DB.to": func(r *policy.Rules) {
			r.Categories[1].From, r.Categories[1].To = clock.MustDate(2025, 2, 1), clock.MustDate(2025, 1, 1)
		},
		"category.lower case.code": func(r *policy.Rules) {
			r.Categories = append(r.Categories, policy.Category{Code: "lower case", ZH: "a", EN: "b"})
		},
		"tilt.T1.seg0_from":        func(r *policy.Rules) { r.Tilt[0].Segments[0].From = -1 },
		"assistance.A2.seg0_ratio": func(r *policy.Rules) { r.Assistance[1].Segments[0].Ratio = -1 },
	} {
		r := policy.Sample(region)
		breakIt(&r)
		err := r.Check()
		if !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func named(r policy.Reduction, id string) policy.Reduction { r.ID = id; return r }

func TestAHeadNeedsDatesAndARegion(t *testing.T) {
	good := policy.Head{Name: "2026", From: clock.MustDate(2026, 1, 1), Region: region}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for path, h := range map[string]policy.Head{
		"name":   {From: good.From, Region: region},
		"from":   {Name: "a", Region: region},
		"to":     {Name: "a", From: good.From, To: good.From.AddDays(-1), Region: region},
		"region": {Name: "a", From: good.From, Region: policy.Region{Code: "x", ZH: "a", EN: "b"}},
	} {
		if err := h.Check(); err == nil || !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestTheVersionInForceBeginsLast(t *testing.T) {
	v := func(no, year int, s policy.State) policy.Version {
		x := policy.SampleVersion(year)
		x.ID, x.No, x.State = ident.New(), no, s
		return x
	}
	list := []policy.Version{v(1, 2024, policy.Released), v(2, 2026, policy.Released), v(3, 2025, policy.Released), v(4, 2025, policy.Draft), v(5, 2025, policy.Released)}
	for day, want := range map[clock.Date]int{clock.MustDate(2024, 12, 31): 1, clock.MustDate(2025, 1, 1): 5, clock.MustDate(2026, 1, 1): 2, clock.MustDate(2030, 1, 1): 2} {
		if got, ok := policy.InForce(list, "", day); !ok || got.No != want {
			t.Errorf("on %s version %d", day, got.No)
		}
	}
	if _, ok := policy.InForce(list, "", clock.MustDate(2023, 12, 31)); ok {
		t.Error("nothing is in force before the first version")
	}
	if _, ok := policy.InForce(list, "110000", clock.MustDate(2026, 1, 1)); ok {
		t.Error("another region has none")
	}
	ended := v(6, 2026, policy.Released)
	ended.To = clock.MustDate(2026, 6, 30)
	if got, _ := policy.InForce(append(list, ended), "", clock.MustDate(2026, 7, 1)); got.No != 2 {
		t.Errorf("after its last day the earlier one applies again, not %d", got.No)
	}
}

func TestACategoryIsReadBySynonym(t *testing.T) {
	r := policy.Sample(region)
	for text, want := range map[string]string{"低保户": "DB", "db": "DB", "低保边缘家庭人员": "BY", " 脱贫不稳定户 ": "JC", "特困人员": "TK"} {
		if c, ok := r.ReadCategory(text); !ok || c.Code != want {
			t.Errorf("%s is read as %q", text, c.Code)
		}
	}
	if _, ok := r.ReadCategory("什么"); ok {
		t.Error("an unknown word is no category")
	}
}

func TestRulesArePutMovedAndRemoved(t *testing.T) {
	r := policy.Sample(region)
	for _, s := range policy.Sections() {
		ids := r.IDs(s)
		rule, ok := r.Rule(s, ids[len(ids)-1])
		if !ok {
			t.Fatalf("%s has no rule %s", s, ids[len(ids)-1])
		}
		r.Put(s, ids[len(ids)-1], rule)
		if len(r.IDs(s)) != len(ids) {
			t.Errorf("%s: a rule that is put again takes its own place", s)
		}
		r.First(s, ids[len(ids)-1])
		if r.IDs(s)[0] != ids[len(ids)-1] {
			t.Errorf("%s: moved to the head: %v", s, r.IDs(s))
		}
		r.Remove(s, ids[0])
		if _, still := r.Rule(s, ids[0]); still {
			t.Errorf("%s: %s was removed", s, ids[0])
		}
	}
	if got := policy.Sample(region); got.NextID(policy.InBasic) != "B6" {
		t.Error("the next id follows the highest")
	}
}
