package pricing_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
)

// Nobody made an estimate: what the insurer says of the case counts in the year,
// once, and a later estimate goes on from there.
func TestASettlementWithoutAnEstimateCountsByTheInsurersFigures(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	tr := d.Advance(d.Eligible(here), treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	in := funding.Settle{Treatment: tr.ID, Settlement: fee.Settlement{Bill: 20_000_00, Basic: 9_000_00, Critical: 500_00, Assistance: 700_00}.WithNet(),
		Figures: fee.Figures{Known: true, Scope: 18_000_00, Deductible: 200_00}}
	key := ident.Token()
	first := must[funding.Settled](d)(d.desk.Settle(t.Context(), d.Finance(here), in, key))
	must[funding.Settled](d)(d.desk.Settle(t.Context(), d.Finance(here), in, key)) // the same request counts once
	y := d.year(tr.Person)
	if y[fee.KindBasic] != (fee.Account{Threshold: 200_00, Base: 17_800_00, Paid: 9_000_00}) || y[fee.KindCritical].Paid != 500_00 || y[fee.KindAssistance].Paid != 700_00 {
		t.Fatalf("the year: %+v", y)
	}
	later := d.save(d.ask(d.again(tr), bill(10_000_00)))
	if row := later.Result.Rows[2]; row.Step != fee.StepBasic || row.Threshold != 100_00 {
		t.Errorf("100 of the deductible of 300 are left: %+v", row)
	}
	if v := must[pricing.EstimateView](d)(d.s.EstimateForm(t.Context(), d.Finance(here), tr.ID)); len(v.Shifts) != 0 || len(v.Earlier) != 0 {
		t.Errorf("nothing is computed of it, so nothing shifts: %+v", v)
	}
	must[funding.Settled](d)(d.desk.Reverse(t.Context(), d.Finance(here), funding.Reversal{Settlement: first.Settlement, Reason: "录错", Version: d.Version(first.Settlement)}, ident.Token()))
	if y := d.year(tr.Person); len(y) != 0 {
		t.Errorf("taken back: %+v", y)
	}
}

// With an estimate the insurer's deductible and base stand in place of the
// computed ones.
func TestTheInsurersFiguresStandInPlaceOfComputedOnes(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	tr := d.ready(here, 3_000_000)
	must[funding.Settled](d)(d.desk.Settle(t.Context(), tr.clerk, funding.Settle{Treatment: tr.ID, Settlement: tr.sum.WithNet(),
		Figures: fee.Figures{Known: true, Scope: 30_000_00}}, ident.Token()))
	if a := d.year(tr.Person)[fee.KindBasic]; a.Threshold != 0 || a.Base != 30_000_00 || a.Paid != tr.sum.Basic {
		t.Errorf("the insurer took no deductible: %+v", a)
	}
	if v := must[pricing.EstimateView](d)(d.s.EstimateForm(t.Context(), tr.clerk, tr.ID)); len(v.Shifts) != 0 {
		t.Errorf("the case itself stands as it was computed: %+v", v.Shifts)
	}
}

// More than the rules would give is approved with a reason only.
func TestWhoApprovesMoreThanTheRulesGiveSaysWhy(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	tr := d.Eligible(here)
	most := d.save(d.ask(tr, bill(3_000_000))).Result.Sum.Reduction()
	asked := must[funding.Requested](d)(d.desk.Request(t.Context(), d.Finance(here), funding.Request{Treatment: tr.ID, Bill: 3_000_000, Basic: 1_000_000,
		Funds: []fee.FundLine{{Fund: d.fund.ID, Amount: most + 1}}, Reason: "困难"}, ident.Token()))
	in := funding.Decision{Approval: asked.Approval, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: d.Version(asked.Approval)}
	_, err := d.desk.Decide(t.Context(), d.Approver(), in, ident.Token())
	if e := errs.Of(err); len(e.Fields) != 1 || e.Fields[0].Path != "opinion" || e.Fields[0].Key != "error.insurer.above_rules" {
		t.Errorf("approved without a reason: %v", err)
	}
	in.Opinion = "家中另有重病"
	must[funding.Decided](d)(d.desk.Decide(t.Context(), d.Approver(), in, ident.Token()))
}

func TestFiguresThatCannotBeAreRefusedAtTheirField(t *testing.T) {
	s := fee.Settlement{Bill: 100_00, Basic: 60_00}
	for field, x := range map[string]fee.Figures{"scope": {Known: true, Scope: 101_00}, "deductible": {Known: true, Scope: 70_00, Deductible: 71_00},
		"basic": {Known: true, Scope: 70_00, Deductible: 11_00}} {
		if e := errs.Of(x.Check(s)); len(e.Fields) != 1 || e.Fields[0].Path != field {
			t.Errorf("%s: %+v", field, e)
		}
	}
	if err := (fee.Figures{Known: true, Scope: 70_00, Deductible: 10_00}).Check(s); err != nil {
		t.Error(err)
	}
}
