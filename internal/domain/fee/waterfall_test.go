package fee_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// rules are small round numbers, so that every expected row can be worked out on
// paper.
func rules() *policy.Version {
	return &policy.Version{ID: ident.New(), No: 1, From: clock.MustDate(2025, 1, 1), State: policy.Released, Rules: policy.Rules{
		Categories: []policy.Category{{Code: "DB"}, {Code: "BY"}, {Code: "NONE"}},
		Basic: []policy.Layer{{ID: "B1", Insurance: policy.Resident, Threshold: 1_000_00, Ceiling: 20_000_00,
			Segments: []policy.Segment{{From: 0, Ratio: 5000}, {From: 10_000_00, Ratio: 7000}}}},
		Critical: []policy.Layer{{ID: "C1", Insurance: policy.Resident, Threshold: 10_000_00, Segments: []policy.Segment{{Ratio: 6000}}}},
		Reliefs:  []policy.Relief{{ID: "R1", Categories: []string{"DB"}, LineCut: 5000, Bonus: 500}},
		Assistance: []policy.Layer{{ID: "A1", Categories: []string{"DB"}, Segments: []policy.Segment{{Ratio: 7000}}, Ceiling: 4_000_00, Referral: true},
			{ID: "A2", Categories: []string{"BY"}, Threshold: 2_000_00, Segments: []policy.Segment{{Ratio: 6000}}, Ceiling: 4_000_00, Referral: true}},
		Tilt: []policy.Layer{{ID: "T1", Categories: []string{"DB"}, Threshold: 1_000_00, Segments: []policy.Segment{{Ratio: 5000}}}},
		Reductions: []policy.Reduction{{ID: "J1", Programme: procedure.Joint, Share: 5000, CaseCap: 3_000_00, YearCap: 5_000_00,
			Funders: []policy.Funder{{Kind: policy.ByFund, Cap: 1_000_00}, {Kind: policy.ByHospital}}}},
	}}
}

func knee(day clock.Date, items ...fee.Item) fee.Case {
	return fee.Case{Programme: procedure.Joint, Kind: procedure.TKA, Level: "3", Insurance: policy.Resident, Referred: true, Admitted: day, On: day,
		Categories: []string{"DB"}, Items: items}
}

func in(fen money.Fen) fee.Item { return fee.Item{Class: "service", Amount: fen} }

var march = clock.MustDate(2025, 3, 10)

// brief is a row as a table writes it.
type brief struct {
	step            fee.Step
	rule            string
	base, threshold money.Fen
	ratio           money.BasisPoints
	left, amount    money.Fen
	capped          bool
}

func briefs(r fee.Result) (out []brief) {
	for _, x := range r.Rows {
		out = append(out, brief{x.Step, x.Rule, x.Base, x.Threshold, x.Ratio, x.Left, x.Amount, x.Capped})
	}
	return out
}

func wantRows(t *testing.T, r fee.Result, want []brief) {
	t.Helper()
	got := briefs(r)
	if !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("row %d: got %+v\nwant %+v", i, at(got, i), at(want, i))
			}
		}
	}
}

func at(l []brief, i int) any {
	if i < len(l) {
		return l[i]
	}
	return "nothing"
}

const none = fee.NoCeiling

// 30,000 of which 5,000 are outside the catalogue, 2,000 above the limit of an
// implant, and 10 % of the rest of the implant is paid first.
func TestTheRowsOfACaseAreThoseWorkedOutByHand(t *testing.T) {
	r := fee.Compute(rules(), knee(march, fee.Item{Class: "other", Amount: 5_000_00, Outside: true},
		fee.Item{Class: "implant", Amount: 12_000_00, Limit: 10_000_00, FirstPay: 1000}, in(13_000_00)), nil)
	wantRows(t, r, []brief{
		{fee.StepBill, "", 30_000_00, 0, 0, none, 30_000_00, false},
		{fee.StepOutside, "", 30_000_00, 0, 0, none, 5_000_00, false},
		{fee.StepOverLimit, "", 30_000_00, 0, 0, none, 2_000_00, false},
		{fee.StepFirstPay, "", 10_000_00, 0, 0, none, 1_000_00, false},
		{fee.StepScope, "", 30_000_00, 0, 0, none, 22_000_00, false},
		// 22,000 − 1,000 = 21,000: 10,000 at 50 %, 11,000 at 70 %.
		{fee.StepBasic, "B1", 11_000_00, 1_000_00, 5000, 20_000_00, 5_000_00, false},
		{fee.StepBasic, "B1", 11_000_00, 0, 7000, 15_000_00, 7_700_00, false},
		// 9,300 left in scope; half the line is 5,000; 4,300 at 65 %.
		{fee.StepCritical, "C1", 9_300_00, 5_000_00, 6500, none, 2_795_00, false},
		// 6,505 at 70 % would be 4,553.50: the ceiling of 4,000 cuts.
		{fee.StepAssistance, "A1", 6_505_00, 0, 7000, 4_000_00, 4_000_00, true},
		// 2,505 − 1,000 = 1,505 at half.
		{fee.StepTilt, "T1", 2_505_00, 1_000_00, 5000, none, 752_50, false},
		// 30,000 − 12,700 − 2,795 − 4,752.50 = 9,752.50; half is 4,876.25, the case's cap 3,000; the fund bears 1,000 at most.
		{fee.StepReduction, "J1", 9_752_50, 0, 5000, 3_000_00, 1_000_00, true},
		{fee.StepReduction, "J1", 9_752_50, 0, 5000, 2_000_00, 2_000_00, true},
		{fee.StepNet, "", 6_752_50, 0, 0, none, 6_752_50, false},
	})
	if r.Category != "DB" || r.Sum.Net != 6_752_50 || !r.Sum.Balances() {
		t.Errorf("category %s, net %s, off by %s", r.Category, r.Sum.Net, r.Sum.Difference())
	}
}

// The first case uses up 1,000 of threshold and 6,000 of the first segment; the
// second, in a category without relief, goes on from there.
func TestACategoryThatChangesInTheYearTakesTheAccountsAlong(t *testing.T) {
	first := fee.Compute(rules(), knee(march, in(7_000_00)), nil)
	c := knee(clock.MustDate(2025, 9, 1), in(10_000_00))
	c.Categories = []string{"BY"}
	second := fee.Compute(rules(), c, first.Added)
	// First: basic 3,000; 4,000 left, below half the critical line; assistance 2,800; 1,200 left: tilt 100 of 200.
	// Reduction: half of 1,100.
	if first.Sum.Basic != 3_000_00 || first.Sum.Critical != 0 || first.Sum.Assistance != 2_900_00 || first.Sum.Net != 550_00 {
		t.Fatalf("first case: %+v", first.Sum)
	}
	wantRows(t, second, []brief{
		{fee.StepBill, "", 10_000_00, 0, 0, none, 10_000_00, false},
		{fee.StepScope, "", 10_000_00, 0, 0, none, 10_000_00, false},
		{fee.StepBasic, "B1", 4_000_00, 0, 5000, 17_000_00, 2_000_00, false},
		{fee.StepBasic, "B1", 6_000_00, 0, 7000, 15_000_00, 4_200_00, false},
		// 3,800 left; the full line is 10,000, of which 4,000 is taken already.
		{fee.StepCritical, "C1", 3_800_00, 3_800_00, 0, none, 0, false},
		// The other category's 2,800 count on the ceiling; its own threshold was never taken.
		{fee.StepAssistance, "A2", 3_800_00, 2_000_00, 6000, 1_200_00, 1_080_00, false},
		{fee.StepTilt, "", 2_720_00, 0, 0, none, 0, false},
		// 2,720; half is 1,360: the fund 1,000, the hospital 360; of the year's cap 550 are used.
		{fee.StepReduction, "J1", 2_720_00, 0, 5000, 3_000_00, 1_000_00, true},
		{fee.StepReduction, "J1", 2_720_00, 0, 5000, 2_000_00, 360_00, false},
		{fee.StepNet, "", 1_360_00, 0, 0, none, 1_360_00, false},
	})
}

func TestACeilingReachedWithinACaseStopsThePayer(t *testing.T) {
	r := fee.Compute(rules(), knee(march, in(101_000_00)), fee.Year{fee.KindBasic: {Threshold: 1_000_00, Base: 20_000_00, Paid: 12_000_00}})
	row := r.Rows[2]
	if row.Step != fee.StepBasic || row.Left != 8_000_00 || row.Amount != 8_000_00 || !row.Capped || row.Rounding != 0 {
		t.Errorf("the ceiling has 8,000 left: %+v", row)
	}
	if got := r.Added[fee.KindBasic]; got != (fee.Account{Base: 101_000_00, Paid: 8_000_00}) {
		t.Errorf("the year: %+v", got)
	}
}

func TestTheMostFavourableCategoryIsApplied(t *testing.T) {
	c := knee(march, in(30_000_00))
	c.Categories = []string{"BY", "DB"}
	if got := fee.Compute(rules(), c, nil).Category; got != "DB" {
		t.Errorf("applied %s", got)
	}
	v := rules()
	v.Categories[0].To = clock.MustDate(2025, 2, 1) // no such category any more on the day of admission
	if got := fee.Compute(v, c, nil).Category; got != "BY" {
		t.Errorf("applied %s", got)
	}
	c.Referred = false
	c.Categories = []string{"DB"}
	if got := fee.Compute(rules(), c, nil); got.Sum.Assistance == 0 || slices.ContainsFunc(got.Rows, func(r fee.Row) bool { return r.Rule == "A1" && r.Amount > 0 }) {
		t.Error("without a referral the assistance pays nothing")
	}
}

func TestAPackagePriceLeavesTheRestWithTheHospital(t *testing.T) {
	v := rules()
	v.Packages = []policy.Package{{ID: "P1", Kind: procedure.TKA, Price: 20_000_00}}
	r := fee.Compute(v, knee(march, in(15_000_00), fee.Item{Class: "implant", Amount: 8_000_00, Outside: true}), nil)
	if r.Rows[1].Step != fee.StepPackage || r.Rows[1].Amount != 3_000_00 || r.Rows[2].Amount != 5_000_00 || r.Rows[3].Amount != 15_000_00 {
		t.Errorf("3,000 of the lines outside the catalogue stay with the hospital: %+v", r.Rows[:4])
	}
	if !r.Sum.Balances() {
		t.Error("adds up")
	}
}

// The rules change between the estimate and the discharge, the bill grows, and
// another case has counted in between: each cause has its own share.
func TestTheVarianceIsExplainedByItsCauses(t *testing.T) {
	next := rules()
	next.No, next.Basic[0].Segments = 2, []policy.Segment{{From: 0, Ratio: 6000}}
	estimate := fee.Basis{Case: knee(clock.MustDate(2024, 12, 20), in(11_000_00)), Rules: rules()}
	actual := fee.Basis{Case: knee(clock.MustDate(2025, 1, 5), in(13_000_00)), Rules: next, Opening: fee.Year{fee.KindBasic: {Threshold: 1_000_00}}}
	settled := fee.Compute(actual.Rules, actual.Case, actual.Opening).Sum
	settled.Basic -= 10_00 // the insurer paid ten yuan less
	settled = settled.WithNet()
	lines := fee.Explain(estimate, actual, settled)
	basic := lines[1]
	// Estimated 5,000. The bill adds 2,000 at 70 %: 1,400. 60 % of 12,000 is 800 more. No threshold any more: 600. The insurer: −10.
	if want := []money.Fen{1_400_00, 0, 800_00, 600_00, -10_00}; basic.Estimate != 5_000_00 || !slices.Equal(basic.By, want) || basic.Actual != 7_790_00 {
		t.Errorf("basic insurance: %+v", basic)
	}
	for _, l := range lines {
		if money.Sum(l.By...) != l.Difference() {
			t.Errorf("%s: the causes add up to %s, the difference is %s", l.Layer, money.Sum(l.By...), l.Difference())
		}
	}
}

func TestACorrectedCaseShiftsTheLaterOnes(t *testing.T) {
	v := rules()
	a := fee.Past{ID: ident.New(), OperatedOn: march, Case: knee(march, in(500_00)), Rules: v}
	b := fee.Past{ID: ident.New(), OperatedOn: march.AddDays(30), Case: knee(march.AddDays(30), in(5_000_00)), Rules: v}
	other := fee.Past{ID: ident.New(), OperatedOn: march.AddDays(400), Case: knee(march.AddDays(400), in(5_000_00)), Rules: v}
	change := a
	change.Case.Items = []fee.Item{in(1_000_00)}
	shifts := fee.Corrected([]fee.Past{b, other, a}, nil, change)
	if len(shifts) != 2 || shifts[0].Case != a.ID || shifts[1].Case != b.ID {
		t.Fatalf("the corrected case and the later one of the same year: %+v", shifts)
	}
	// 500 more of the threshold were taken: 250 more from basic insurance.
	if got := shifts[1].After.Basic - shifts[1].Before.Basic; got != 250_00 {
		t.Errorf("the later case gets %s more", got)
	}
}

func drawCase(t *rapid.T, v *policy.Version) (fee.Case, fee.Year) {
	fen := rapid.Int64Range(0, 200_000_00)
	c := knee(march)
	c.Programme = rapid.SampledFrom(procedure.Programmes()).Draw(t, "programme")
	c.Kind = rapid.SampledFrom(procedure.Kinds(c.Programme)).Draw(t, "kind")
	c.Level = rapid.SampledFrom(policy.Levels()).Draw(t, "level")
	c.Insurance = rapid.SampledFrom(policy.Insurances()).Draw(t, "insurance")
	c.Referred = rapid.Bool().Draw(t, "referred")
	c.Other = money.Fen(fen.Draw(t, "other"))
	c.Categories = nil
	for _, k := range v.Categories {
		if rapid.Bool().Draw(t, k.Code) {
			c.Categories = append(c.Categories, k.Code)
		}
	}
	for range rapid.IntRange(1, 8).Draw(t, "items") {
		c.Items = append(c.Items, fee.Item{Class: "service", Amount: money.Fen(fen.Draw(t, "amount")), Limit: money.Fen(rapid.Int64Range(0, 10_000_00).Draw(t, "limit")),
			FirstPay: money.BasisPoints(rapid.Int64Range(0, 10_000).Draw(t, "first")), Outside: rapid.Bool().Draw(t, "outside")})
	}
	year := fee.Year{}
	for _, k := range fee.Kinds() {
		year[k] = fee.Account{Threshold: money.Fen(fen.Draw(t, "taken")), Base: money.Fen(fen.Draw(t, "base")), Paid: money.Fen(fen.Draw(t, "paid"))}
	}
	return c, year
}

func sample() *policy.Version { v := policy.SampleVersion(2025); return &v }

func TestEveryCaseAddsUpAndNothingIsNegative(t *testing.T) {
	v := sample()
	scaletest.Check(t, 100, func(t *rapid.T) {
		c, year := drawCase(t, v)
		r := fee.Compute(v, c, year)
		if !r.Sum.Balances() || r.Sum.Bill != c.Bill() {
			t.Fatalf("off by %s", r.Sum.Difference())
		}
		var paid money.Fen
		for _, x := range r.Rows {
			if x.Amount < 0 || x.Base < 0 || x.Threshold < 0 || x.Left < -1 {
				t.Fatalf("negative: %+v", x)
			}
			if x.Left >= 0 && x.Amount > x.Left {
				t.Fatalf("above the ceiling: %+v", x)
			}
			if x.Payer != fee.PayerNobody {
				paid += x.Amount
			}
			// The amount of an uncapped row can be worked out from the row itself.
			if exact := int64(x.Base-x.Threshold) * int64(x.Ratio); x.Ratio > 0 && !x.Capped && x.Step != fee.StepReduction && int64(x.Amount)*10_000-exact != x.Rounding {
				t.Fatalf("the row does not explain itself: %+v", x)
			}
		}
		if paid != c.Bill() {
			t.Fatalf("the rows pay %s of %s", paid, c.Bill())
		}
	})
}

func TestTheOrderOfLinesChangesNothing(t *testing.T) {
	v := sample()
	scaletest.Check(t, 100, func(t *rapid.T) {
		c, year := drawCase(t, v)
		a := fee.Compute(v, c, year)
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		c.Items = slices.Clone(c.Items)
		rnd.Shuffle(len(c.Items), func(i, j int) { c.Items[i], c.Items[j] = c.Items[j], c.Items[i] })
		rnd.Shuffle(len(c.Categories), func(i, j int) { c.Categories[i], c.Categories[j] = c.Categories[j], c.Categories[i] })
		if b := fee.Compute(v, c, year); !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v\n%+v", a, b)
		}
	})
}

func TestTwoAdmissionsTakeTheDeductibleOfOne(t *testing.T) {
	v := sample()
	scaletest.Check(t, 100, func(t *rapid.T) {
		c, year := drawCase(t, v)
		c.Kind = procedure.TKA // no package price
		c.Programme = procedure.Joint
		at := rapid.IntRange(0, len(c.Items)).Draw(t, "cut")
		one, first, second := fee.Compute(v, c, year), c, c
		first.Items, second.Items = c.Items[:at], c.Items[at:]
		second.On, second.Admitted = c.On.AddDays(20), c.Admitted.AddDays(20)
		two := fee.Replay([]fee.Past{{ID: ident.New(), OperatedOn: second.On, Case: second, Rules: v}, {ID: ident.New(), OperatedOn: c.On, Case: first, Rules: v}},
			map[int]fee.Year{2025: year})
		if got, want := two[0].Added[fee.KindBasic].Threshold+two[1].Added[fee.KindBasic].Threshold, one.Added[fee.KindBasic].Threshold; got != want {
			t.Fatalf("two admissions take %s, one takes %s", got, want)
		}
	})
}

func TestRule11ARehearsalOfTheRulesInForceReproducesEveryRow(t *testing.T) {
	v := sample()
	scaletest.Check(t, 100, func(t *rapid.T) {
		person := ident.New()
		var stored []fee.Stored
		year := fee.Year{}
		for i := range rapid.IntRange(1, 5).Draw(t, "cases") {
			c, _ := drawCase(t, v)
			r := fee.Compute(v, c, year)
			day := march.AddDays(i - 2*rapid.IntRange(0, 3).Draw(t, "earlier")) // settled in another order than operated
			stored = append(stored, fee.Stored{Past: fee.Past{ID: ident.New(), Person: person, OperatedOn: day, Case: c}, Opening: year.Plus(nil), Result: r})
			year = year.Plus(r.Added)
		}
		same := fee.Rehearse(stored, func(fee.Stored) *policy.Version { return v })
		if same.Exact != len(stored) || same.Same != 1 || same.Sum.Net != same.New.Net {
			t.Fatalf("%+v", same)
		}
		draft := sample()
		draft.Basic = nil // nobody pays: a hard draft
		if r := fee.Rehearse(stored, func(fee.Stored) *policy.Version { return draft }); len(r.Winners) > 0 && r.Winners[0].More() >= 0 || r.New.Bill != r.Sum.Bill {
			t.Fatalf("%+v", r)
		}
	})
}

func BenchmarkCase(b *testing.B) {
	v := sample()
	c := knee(march, in(30_000_00), fee.Item{Class: "implant", Amount: 12_345_67, Limit: 10_000_00, FirstPay: 1000}, fee.Item{Class: "drug", Amount: 800_00, Outside: true})
	c.Categories = []string{"DB", "BY", "JC"}
	for b.Loop() {
		fee.Compute(v, c, nil)
	}
}

func TestAYearThatStandsIsCountedAgainToTheSame(t *testing.T) {
	v := sample()
	scaletest.Check(t, 100, func(t *rapid.T) {
		_, opening := drawCase(t, v)
		var stored []fee.Stored
		year := opening.Plus(nil)
		for i := range rapid.IntRange(1, 4).Draw(t, "cases") {
			c, _ := drawCase(t, v)
			r := fee.Compute(v, c, year)
			paid := r.Sum
			paid.Basic, paid.Other = paid.Basic/2, 0 // the insurer paid less than the rules say
			counted := r.Counted(paid, c.Programme)
			stored = append(stored, fee.Stored{Past: fee.Past{ID: ident.New(), OperatedOn: march.AddDays(i), Case: c, Rules: v}, Opening: year, Result: r, Counted: counted})
			year = year.Plus(counted)
		}
		slices.Reverse(stored)
		if shifts := fee.Recount(stored, opening); len(shifts) != 0 {
			t.Fatalf("%+v", shifts)
		}
		stored[len(stored)-1].Result.Sum.Net++ // the first stands otherwise
		if shifts := fee.Recount(stored, opening); len(shifts) != 1 {
			t.Fatalf("%d shifts", len(shifts))
		}
	})
}

// The rules change between the estimate and the discharge: the estimate of
// 20 December is by version 1, the settlement of 5 January by version 2.
func TestARuleThatChangesBeforeTheDischargeAppliesToTheSettlementOnly(t *testing.T) {
	next := rules()
	next.No, next.Basic[0].Threshold, next.Basic[0].Segments = 2, 2_000_00, []policy.Segment{{From: 0, Ratio: 6000}}
	estimate := fee.Compute(rules(), knee(clock.MustDate(2025, 12, 20), in(13_000_00)), nil)
	settled := fee.Compute(next, knee(clock.MustDate(2026, 1, 5), in(13_000_00)), nil)
	// Version 1: 13,000 − 1,000 = 12,000; 10,000 at 50 % = 5,000 and 2,000 at 70 % = 1,400.
	if estimate.No != 1 || estimate.Sum.Basic != 6_400_00 {
		t.Errorf("estimate by version %d: %s", estimate.No, estimate.Sum.Basic)
	}
	// Version 2: 13,000 − 2,000 = 11,000 at 60 % = 6,600.
	if settled.No != 2 || settled.Sum.Basic != 6_600_00 || settled.Added[fee.KindBasic].Threshold != 2_000_00 {
		t.Errorf("settlement by version %d: %s", settled.No, settled.Sum.Basic)
	}
}
