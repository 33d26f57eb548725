package fee_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

func TestSettlementsOnTheBorderAreTaken(t *testing.T) {
	for name, s := range map[string]fee.Settlement{
		"insurers pay everything":     {Bill: 100, Basic: 100},
		"the hospital waives it all":  {Bill: 100, Waiver: 100},
		"as much money as there is":   {Bill: money.Max, Basic: money.Max},
		"the patient pays everything": {Bill: 1, Net: 1},
	} {
		if err := s.Check(); err != nil || !s.Balances() {
			t.Errorf("%s: %v", name, err)
		}
		if s.Net++; s.Balances() {
			t.Errorf("%s: a fen off is noticed by nobody", name)
		}
	}
}

func TestACaseTheRulesCannotWorkWithIsNamed(t *testing.T) {
	good := knee(march, in(1_000_00))
	for name, c := range map[string]struct {
		change    func(*fee.Case)
		path, key string
	}{
		"as it should be":          {func(*fee.Case) {}, "", ""},
		"no operation known yet":   {func(c *fee.Case) { c.Kind = "" }, "", ""},
		"no day":                   {func(c *fee.Case) { c.On = clock.Date{} }, "on", "error.policy.day_missing"},
		"no programme":             {func(c *fee.Case) { c.Programme = "dental" }, "kind", "error.policy.kind"},
		"no programme, no kind":    {func(c *fee.Case) { c.Programme, c.Kind = "dental", "" }, "kind", "error.policy.kind"},
		"another programme's kind": {func(c *fee.Case) { c.Programme = procedure.Cataract }, "kind", "error.policy.kind"},
		"no level":                 {func(c *fee.Case) { c.Level = "" }, "level", "error.policy.level"},
		"no insurance":             {func(c *fee.Case) { c.Insurance = "" }, "insurance", "error.policy.insurance"},
		"negative charity":         {func(c *fee.Case) { c.Other = -1 }, "other", "error.fee.negative"},
		"200 lines":                {func(c *fee.Case) { c.Items = slices.Repeat(c.Items, 200) }, "", ""},
		"201 lines":                {func(c *fee.Case) { c.Items = slices.Repeat(c.Items, 201) }, "items", "error.policy.too_many"},
		"a class nobody knows":     {func(c *fee.Case) { c.Items[0].Class = "food" }, "items.0.class", "form.error.choice"},
		"a negative line":          {func(c *fee.Case) { c.Items = append(c.Items, in(-1)) }, "items.1.amount", "error.fee.negative"},
		"a negative limit":         {func(c *fee.Case) { c.Items[0].Limit = -1 }, "items.0.limit", "error.fee.negative"},
		"nothing paid first":       {func(c *fee.Case) { c.Items[0].FirstPay = 0 }, "", ""},
		"all of it paid first":     {func(c *fee.Case) { c.Items[0].FirstPay = 10_000 }, "", ""},
		"less than nothing first":  {func(c *fee.Case) { c.Items[0].FirstPay = -1 }, "items.0.first_pay", "error.policy.ratio"},
		"more than all of it":      {func(c *fee.Case) { c.Items[0].FirstPay = 10_001 }, "items.0.first_pay", "error.policy.ratio"},
		"no lines":                 {func(c *fee.Case) { c.Items = nil }, "items", "error.fee.bill_missing"},
		"lines of nothing":         {func(c *fee.Case) { c.Items[0].Amount = 0 }, "items", "error.fee.bill_missing"},
		"all the money":            {func(c *fee.Case) { c.Items[0].Amount = money.Max }, "", ""},
		"more than all the money":  {func(c *fee.Case) { c.Items = []fee.Item{in(money.Max), in(1)} }, "items", "error.fee.too_large"},
	} {
		x := good
		x.Items = slices.Clone(good.Items)
		c.change(&x)
		err := x.Check()
		if c.path == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e := errs.Of(err); len(e.Fields) != 1 || e.Fields[0].Path != c.path || e.Fields[0].Key != c.key {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// alike are rules under which the categories X and Y are treated the same.
func alike() *policy.Version {
	return &policy.Version{ID: ident.New(), Rules: policy.Rules{Categories: []policy.Category{{Code: "X"}, {Code: "Y"}},
		Basic: []policy.Layer{{ID: "B1", Segments: []policy.Segment{{Ratio: 5000}}}}}}
}

func TestTheCategoryIsTheBestAndOfEqualOnesTheFirst(t *testing.T) {
	c := knee(march, in(30_000_00))
	c.Categories = []string{"DB", "BY"}
	v := rules()
	slices.Reverse(v.Categories) // the better one stands last
	if got := fee.Compute(v, c, nil).Category; got != "DB" {
		t.Errorf("the better category stands last: %s", got)
	}
	c.Categories = []string{"Y", "X"}
	if got := fee.Compute(alike(), c, nil).Category; got != "X" {
		t.Errorf("of two alike: %s", got)
	}
	c.Categories = nil
	if got := fee.Compute(alike(), c, nil); got.Category != policy.NoCategory || got.Sum.Net != 15_000_00 {
		t.Errorf("without a category: %s, %s", got.Category, got.Sum.Net)
	}
	// Whoever holds a category is not in that of nobody, not even to his advantage.
	v = alike()
	v.Categories = append(v.Categories, policy.Category{Code: policy.NoCategory})
	v.Reductions = []policy.Reduction{{ID: "J1", Programme: procedure.Joint, Categories: []string{policy.NoCategory}, Free: true, Funders: []policy.Funder{{Kind: policy.ByHospital}}}}
	c.Categories = []string{"X", policy.NoCategory}
	if got := fee.Compute(v, c, nil).Category; got != "X" {
		t.Errorf("holding one and none: %s", got)
	}
}

// stepsOf are the rows of one step.
func stepsOf(r fee.Result, s fee.Step) (out []brief) {
	for _, x := range briefs(r) {
		if x.step == s {
			out = append(out, x)
		}
	}
	return out
}

// reducedBy is a knee of 1,000 that no insurer pays for, under one reduction.
func reducedBy(r policy.Reduction, year fee.Year) fee.Result {
	r.ID, r.Programme = "J1", procedure.Joint
	v := &policy.Version{ID: ident.New(), Rules: policy.Rules{Reductions: []policy.Reduction{r}}}
	c := knee(march, in(1_000_00))
	c.Fund = named
	return fee.Compute(v, c, year)
}

var named, second = ident.New(), ident.New()

func TestAReductionIsSharedAmongItsFunders(t *testing.T) {
	hospital, fund := policy.Funder{Kind: policy.ByHospital}, policy.Funder{Kind: policy.ByFund}
	row := func(left, amount money.Fen, capped bool) brief {
		return brief{fee.StepReduction, "J1", 1_000_00, 0, 5000, left, amount, capped}
	}
	free := func(amount money.Fen) brief {
		return brief{fee.StepReduction, "J1", 1_000_00, 200_00, 0, none, amount, false}
	}
	used := fee.Year{fee.ReductionKind(procedure.Joint): {Paid: 100_00}}
	for name, c := range map[string]struct {
		rule  policy.Reduction
		year  fee.Year
		rows  []brief
		funds []fee.FundLine
	}{
		"no bound":                       {policy.Reduction{Share: 5000, Funders: []policy.Funder{hospital}}, nil, []brief{row(none, 500_00, false)}, nil},
		"a share asks for no fixed part": {policy.Reduction{Share: 5000, PatientPay: 200_00, Funders: []policy.Funder{hospital}}, nil, []brief{row(none, 500_00, false)}, nil},
		"by the named fund":              {policy.Reduction{Share: 5000, Funders: []policy.Funder{fund}}, nil, []brief{row(none, 500_00, false)}, []fee.FundLine{{Fund: named, Amount: 500_00}}},
		"by a fixed fund":                {policy.Reduction{Share: 5000, Funders: []policy.Funder{{Kind: policy.ByFund, Fund: second}}}, nil, []brief{row(none, 500_00, false)}, []fee.FundLine{{Fund: second, Amount: 500_00}}},
		"one bears it all":               {policy.Reduction{Share: 5000, Funders: []policy.Funder{fund, hospital}}, nil, []brief{row(none, 500_00, false)}, []fee.FundLine{{Fund: named, Amount: 500_00}}},
		"two without a bound":            {policy.Reduction{Share: 5000, Funders: []policy.Funder{{Kind: policy.ByFund, Cap: 200_00}, hospital}}, nil, []brief{row(none, 200_00, true), row(none, 300_00, false)}, []fee.FundLine{{Fund: named, Amount: 200_00}}},
		"one fund twice, after another": {policy.Reduction{Share: 5000, Funders: []policy.Funder{{Kind: policy.ByFund, Fund: second, Cap: 100_00}, {Kind: policy.ByFund, Cap: 200_00}, {Kind: policy.ByFund, Fund: second}}}, nil,
			[]brief{row(none, 100_00, true), row(none, 200_00, true), row(none, 200_00, false)}, byID(fee.FundLine{Fund: named, Amount: 200_00}, fee.FundLine{Fund: second, Amount: 300_00})},
		"one fund twice, at once": {policy.Reduction{Share: 5000, Funders: []policy.Funder{{Kind: policy.ByFund, Cap: 200_00}, fund}}, nil, []brief{row(none, 200_00, true), row(none, 300_00, false)}, []fee.FundLine{{Fund: named, Amount: 500_00}}},
		"the case's cap":          {policy.Reduction{Share: 5000, CaseCap: 499_99, Funders: []policy.Funder{hospital}}, nil, []brief{row(499_99, 499_99, true)}, nil},
		"just the case's cap":     {policy.Reduction{Share: 5000, CaseCap: 500_00, Funders: []policy.Funder{hospital}}, nil, []brief{row(500_00, 500_00, false)}, nil},
		"the year's cap":          {policy.Reduction{Share: 5000, YearCap: 300_00, Funders: []policy.Funder{hospital}}, used, []brief{row(200_00, 200_00, true)}, nil},
		"the year's, not the case's": {policy.Reduction{Share: 5000, CaseCap: 400_00, YearCap: 300_00, Funders: []policy.Funder{hospital}}, used,
			[]brief{row(200_00, 200_00, true)}, nil},
		"the case's, not the year's": {policy.Reduction{Share: 5000, CaseCap: 400_00, YearCap: 900_00, Funders: []policy.Funder{hospital}}, used,
			[]brief{row(400_00, 400_00, true)}, nil},
		"a year used up":          {policy.Reduction{Share: 5000, YearCap: 50_00, Funders: []policy.Funder{fund, hospital}}, used, []brief{row(0, 0, true)}, nil},
		"free but for 200":        {policy.Reduction{Free: true, PatientPay: 200_00, Funders: []policy.Funder{hospital}}, nil, []brief{free(800_00)}, nil},
		"free with a capped fund": {policy.Reduction{Free: true, PatientPay: 200_00, Funders: []policy.Funder{{Kind: policy.ByFund, Cap: 800_00}}}, nil, []brief{free(800_00)}, []fee.FundLine{{Fund: named, Amount: 800_00}}},
	} {
		r := reducedBy(c.rule, c.year)
		if got := stepsOf(r, fee.StepReduction); !slices.Equal(got, c.rows) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, c.rows)
		}
		if !slices.Equal(r.Sum.Funds, c.funds) || !r.Sum.Balances() {
			t.Errorf("%s: funds %v, want %v", name, r.Sum.Funds, c.funds)
		}
	}
}

func byID(lines ...fee.FundLine) []fee.FundLine {
	slices.SortFunc(lines, func(a, b fee.FundLine) int { return strings.Compare(a.Fund.String(), b.Fund.String()) })
	return lines
}

func TestWhatIsNotReducedCountsForNothing(t *testing.T) {
	v := alike()
	if r := fee.Compute(v, knee(march, in(1_000_00)), nil); len(r.Added) != 1 || len(stepsOf(r, fee.StepReduction)) != 0 {
		t.Errorf("without a rule: %v", r.Added)
	}
	v.Basic[0].Segments[0].Ratio = 10_000 // nothing is left to reduce
	v.Reductions = []policy.Reduction{{ID: "J1", Programme: procedure.Joint, Share: 5000, Funders: []policy.Funder{{Kind: policy.ByFund}}}}
	r := fee.Compute(v, knee(march, in(1_000_00)), nil)
	if _, counted := r.Added[fee.ReductionKind(procedure.Joint)]; counted || len(r.Sum.Funds) != 0 || len(stepsOf(r, fee.StepReduction)) != 1 {
		t.Errorf("nothing left: %v, %v", r.Added, r.Sum.Funds)
	}
}

func TestOtherPayersComeLastAndNeverPayTooMuch(t *testing.T) {
	for other, want := range map[money.Fen][]brief{
		0:        nil,
		100_00:   {{fee.StepOther, "", 500_00, 0, 0, none, 100_00, false}},
		500_00:   {{fee.StepOther, "", 500_00, 0, 0, none, 500_00, false}},
		1_000_00: {{fee.StepOther, "", 500_00, 0, 0, none, 500_00, true}},
	} {
		c := knee(march, in(1_000_00))
		c.Other = other
		r := fee.Compute(alike(), c, nil)
		if got := stepsOf(r, fee.StepOther); !slices.Equal(got, want) || r.Sum.Net != 500_00-min(other, 500_00) {
			t.Errorf("%s from others: %+v, net %s", other, got, r.Sum.Net)
		}
	}
}

func TestABillUpToThePackagePriceIsNotCut(t *testing.T) {
	v := alike()
	v.Packages = []policy.Package{{ID: "P1", Kind: procedure.TKA, Price: 1_000_00}}
	for bill, cut := range map[money.Fen]int{999_99: 0, 1_000_00: 0, 1_000_01: 1} {
		if got := stepsOf(fee.Compute(v, knee(march, in(bill)), nil), fee.StepPackage); len(got) != cut {
			t.Errorf("a bill of %s: %+v", bill, got)
		}
	}
}

func TestTheScopeIsShownEvenWhenItIsNothing(t *testing.T) {
	r := fee.Compute(alike(), knee(march, fee.Item{Class: "other", Amount: 100, Outside: true}), nil)
	if got := stepsOf(r, fee.StepScope); len(got) != 1 || got[0].amount != 0 {
		t.Errorf("%+v", got)
	}
}

func TestARuleThatWaitsForAReferralIsNamed(t *testing.T) {
	c := knee(march, in(5_000_00))
	c.Referred = false
	if got := stepsOf(fee.Compute(rules(), c, nil), fee.StepAssistance); len(got) != 1 || got[0].rule != "A1" || got[0].amount != 0 {
		t.Errorf("%+v", got)
	}
}

func TestACeilingThatIsJustReachedCutsNothing(t *testing.T) {
	v := alike()
	v.Basic[0].Ceiling = 500_00
	if got := stepsOf(fee.Compute(v, knee(march, in(1_000_00)), nil), fee.StepBasic); got[0].capped || got[0].amount != 500_00 {
		t.Errorf("%+v", got)
	}
	if got := stepsOf(fee.Compute(v, knee(march, in(1_000_02)), nil), fee.StepBasic); !got[0].capped || got[0].amount != 500_00 {
		t.Errorf("one fen more: %+v", got)
	}
}

func TestAReliefMayLiftTheCeiling(t *testing.T) {
	v := alike()
	v.Basic = nil
	v.Critical = []policy.Layer{{ID: "C1", Segments: []policy.Segment{{Ratio: 5000}}, Ceiling: 100_00}}
	v.Reliefs = []policy.Relief{{ID: "R1", Categories: []string{"X"}, NoCeiling: true}}
	for category, want := range map[string]money.Fen{"X": 500_00, "Y": 100_00} {
		c := knee(march, in(1_000_00))
		c.Categories = []string{category}
		if got := fee.Compute(v, c, nil).Sum.Critical; got != want {
			t.Errorf("%s gets %s, want %s", category, got, want)
		}
	}
}

// storedCase is a settled knee of a person, computed by rules.
func storedCase(person ident.ID, day clock.Date, v *policy.Version, items ...fee.Item) fee.Stored {
	c := knee(day, items...)
	c.Categories, c.Fund = []string{"X", "Y"}, named
	r := fee.Compute(v, c, nil)
	return fee.Stored{Past: fee.Past{ID: ident.New(), Person: person, OperatedOn: day, Case: c, Rules: v}, Result: r, Counted: r.Counted(r.Sum, c.Programme)}
}

func TestARehearsalSaysWhoWinsWhoLosesAndWhoBearsIt(t *testing.T) {
	v, draft := alike(), alike()
	v.Reductions = []policy.Reduction{{ID: "J1", Programme: procedure.Joint, Share: 2000, Funders: []policy.Funder{{Kind: policy.ByFund}}}}
	// The draft pays 60 % of the first thousand and nothing above; the fund gives less.
	draft.Basic[0].Segments = []policy.Segment{{Ratio: 6000}, {From: 1_000_00, Ratio: 0}}
	draft.Reductions = []policy.Reduction{{ID: "J1", Programme: procedure.Joint, Share: 1000, Funders: []policy.Funder{{Kind: policy.ByFund}}}}
	small, smaller, large, larger, still := ident.New(), ident.New(), ident.New(), ident.New(), ident.New()
	twice := []fee.Stored{storedCase(large, march, v, in(2_000_00)), storedCase(large, march.AddDays(400), v, in(2_000_00))}
	cases := []fee.Stored{twice[1], storedCase(small, march, v, in(1_000_00)), storedCase(smaller, march, v, in(100_00)), twice[0], storedCase(larger, march, v, in(9_000_00)), storedCase(still, march, v, in(0))}
	got := fee.Rehearse(cases, func(fee.Stored) *policy.Version { return draft })
	// Net before is 40 % of the bill. After: 36 % of the first thousand, 90 % of the rest.
	change := func(who ident.ID, last fee.Stored, before, after money.Fen) fee.Change {
		return fee.Change{Person: who, Case: last.ID, Category: "X", Before: before, After: after}
	}
	if want := []fee.Change{change(small, cases[1], 400_00, 360_00), change(smaller, cases[2], 40_00, 36_00)}; !slices.Equal(got.Winners, want) {
		t.Errorf("winners %+v\nwant %+v", got.Winners, want)
	}
	if want := []fee.Change{change(larger, cases[4], 3_600_00, 7_560_00), change(large, cases[0], 1_600_00, 2_520_00)}; !slices.Equal(got.Losers, want) {
		t.Errorf("losers %+v\nwant %+v", got.Losers, want)
	}
	if got.Same != 1 || got.Cases != 6 || got.Exact != 0 {
		t.Errorf("%d same, %d cases, %d exact", got.Same, got.Cases, got.Exact)
	}
	// A tenth of the bill before; after 4 % of the first thousand and 10 % of the rest.
	if want := []fee.FundCost{{Fund: named, Before: 1_410_00, After: 40_00 + 4_00 + 2*140_00 + 840_00}}; !slices.Equal(got.Funds, want) {
		t.Errorf("the fund bears %+v, want %+v", got.Funds, want)
	}
}

func TestACaseIsExactWhenRowsAndCategoryAre(t *testing.T) {
	v, turned, other := alike(), alike(), alike()
	slices.Reverse(turned.Categories) // the same rows by the other category
	other.Basic[0].Segments[0].Ratio = 4000
	c := []fee.Stored{storedCase(ident.New(), march, v, in(1_000_00))}
	for name, x := range map[string]struct {
		v     *policy.Version
		exact int
	}{"the same": {v, 1}, "another category": {turned, 0}, "other rows": {other, 0}} {
		if got := fee.Rehearse(c, func(fee.Stored) *policy.Version { return x.v }).Exact; got != x.exact {
			t.Errorf("%s: %d exact", name, got)
		}
	}
}

func TestTheCorrectedCaseComesFirstAndTheOthersKeepTheirOrder(t *testing.T) {
	v := alike()
	v.Basic[0].Segments = nil // every 900 of the year are paid at a higher ratio
	for i := range 8 {
		v.Basic[0].Segments = append(v.Basic[0].Segments, policy.Segment{From: money.Fen(i) * 900_00, Ratio: money.BasisPoints(1000 * (i + 1))})
	}
	past := make([]fee.Past, 5)
	for i := range past {
		day := march.AddDays(i)
		past[i] = fee.Past{ID: ident.New(), OperatedOn: day, Case: knee(day, in(900_00)), Rules: v}
	}
	change := past[0]
	change.Case.Items = []fee.Item{in(1_000_00)}
	list := []fee.Past{past[3], past[1], past[0], past[4], past[2]}
	want := []ident.ID{past[0].ID, past[3].ID, past[1].ID, past[4].ID, past[2].ID}
	var got []ident.ID
	for _, s := range fee.Corrected(list, nil, change) {
		got = append(got, s.Case)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestARecountNoticesEveryAmountThatStandsOtherwise(t *testing.T) {
	v := alike()
	v.Reductions = []policy.Reduction{{ID: "J1", Programme: procedure.Joint, Share: 5000, Funders: []policy.Funder{{Kind: policy.ByFund}}}}
	for name, change := range map[string]func(*fee.Settlement){
		"bill": func(s *fee.Settlement) { s.Bill++ }, "basic": func(s *fee.Settlement) { s.Basic++ }, "critical": func(s *fee.Settlement) { s.Critical++ },
		"assistance": func(s *fee.Settlement) { s.Assistance++ }, "other": func(s *fee.Settlement) { s.Other++ }, "waiver": func(s *fee.Settlement) { s.Waiver++ },
		"net": func(s *fee.Settlement) { s.Net++ }, "funds": func(s *fee.Settlement) { s.Funds = nil },
	} {
		c := storedCase(ident.New(), march, v, in(1_000_00))
		change(&c.Result.Sum)
		if got := fee.Recount([]fee.Stored{c}, nil); len(got) != 1 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatCountsInTheYearIsWhatWasPaid(t *testing.T) {
	r := fee.Compute(rules(), knee(march, in(7_000_00)), nil)
	paid := r.Sum
	paid.Basic, paid.Critical = 2_000_00, 0
	got := r.Counted(paid, procedure.Joint)
	want := fee.Year{fee.KindBasic: {Threshold: 1_000_00, Base: 6_000_00, Paid: 2_000_00}, fee.KindCritical: {Threshold: 4_000_00},
		fee.KindAssistance: {Base: 4_000_00, Paid: 2_800_00}, fee.KindTilt: {Threshold: 1_000_00, Base: 200_00, Paid: 100_00},
		fee.ReductionKind(procedure.Joint): {Base: 1_100_00, Paid: 550_00}}
	if !maps.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	// Nothing computed and nothing paid is no account at all.
	if got := (fee.Result{}).Counted(fee.Settlement{Basic: 5}, procedure.Joint); !maps.Equal(got, fee.Year{fee.KindBasic: {Paid: 5}}) {
		t.Errorf("%v", got)
	}
}
