package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
)

func sampleVersion(b Base) pricing.VersionView {
	v := pricing.Version{Version: policy.SampleVersion(2026), Author: b.T("style.person.1"), CreatedAt: sampleAt(), Edition: 3}
	v.ID, v.State = ident.ID{31}, policy.Draft
	v.Reductions[2].Funders[0].Fund = ident.ID{32}
	return pricing.VersionView{Version: v, Funds: []pricing.Fund{{ID: ident.ID{32}, Name: b.T("nav.funds")}}, Edit: true, Release: true}
}

func sampleBillCase() fee.Case {
	return fee.Case{Programme: procedure.Joint, Kind: procedure.TKA, Level: "2", Insurance: policy.Resident, Referred: true, Admitted: sampleDay(), On: sampleDay(),
		Categories: []string{"DB"}, Fund: ident.ID{32}, Items: []fee.Item{{Class: "service", Amount: 28_000_33}, {Class: "implant", Amount: 22_000_00, Limit: 20_000_00, FirstPay: 1000},
			{Class: "drug", Amount: 3_000_00, Outside: true}}, Other: 500_00}
}

func sampleEstimateView(b Base, versions bool) pricing.EstimateView {
	v := pricing.EstimateView{Treatment: sampleTreatment(b), Categories: []string{"DB"}, Make: true, Funds: sampleVersion(b).Funds}
	if !versions {
		return v
	}
	x := sampleVersion(b).Version.Version
	v.Versions = []policy.Version{x}
	v.Year = fee.Year{fee.KindBasic: {Threshold: 300_00, Base: 1_200_00, Paid: 780_00}}
	v.Shifts = []pricing.ShiftedCase{{Shift: fee.Shift{Case: ident.ID{33}, After: fee.Settlement{Net: 120_00}}, OperatedOn: sampleDay()}}
	v.Lines = []pricing.YearLine{{Year: 2026, Kind: fee.KindBasic, Opening: fee.Account{Threshold: 300_00}, OpenedOn: sampleDay(), Source: b.T("year.source.example")}}
	v.Earlier = []pricing.Computation{{ID: ident.ID{33}, Kind: pricing.ForEstimate, Case: sampleBillCase(), Result: fee.Compute(&x, sampleBillCase(), nil), CreatedAt: sampleAt(), By: b.T("style.person.1")},
		{ID: ident.ID{34}, Kind: pricing.ForSettlement, Reversed: true, CreatedAt: sampleAt()}}
	return v
}

func sampleComputation(b Base, settled bool) pricing.EstimateDetail {
	v := sampleVersion(b).Version
	c := pricing.Computation{ID: ident.ID{33}, Kind: pricing.ForEstimate, Case: sampleBillCase(), Result: fee.Compute(&v.Version, sampleBillCase(), nil), CreatedAt: sampleAt(), By: b.T("style.person.1"), Note: b.T("style.m.right")}
	out := pricing.EstimateDetail{Computation: c, Version: v, Treatment: sampleTreatment(b), Funds: sampleVersion(b).Funds, Replayed: !settled}
	if settled {
		basis := fee.Basis{Case: c.Case, Rules: &v.Version}
		out.Variance, out.Settled, out.Counted = fee.Explain(basis, basis, c.Result.Sum), sampleDay(), true
		out.Actual.No = 2
	}
	return out
}

// pricingPages are the samples of the pages about rules and estimates.
func pricingPages() []PageSample {
	day := sampleDay()
	return []PageSample{
		{"device/list", func(b Base) View {
			x := sampleVersion(b)
			return newPoliciesView(titled(b, b.T("nav.policies")), pricing.VersionList{Result: page.Result[pricing.Version]{Rows: []pricing.Version{x.Version}}, InForce: map[ident.ID]bool{x.ID: true}, Edit: true})
		}},
		{"device/list", func(b Base) View { return newPoliciesView(titled(b, b.T("nav.policies")), pricing.VersionList{}) }},
		{"policy/version", func(b Base) View {
			x := sampleVersion(b)
			x.Basic[0].Threshold, x.Own = -1, true
			x.Problems = x.Check()
			return newRulesView(titled(b, x.Name), day, x, []Speaker{b.P})
		}},
		{"care/form", func(b Base) View {
			f := putHead(draftForm(b, day, []Option{{Value: "1", Text: b.T("nav.policies")}}), sampleVersion(b).Head())
			return careForm{Base: titled(b, b.T("policy.new")), Form: f}.with(Button{Text: b.T("policy.new.save")}, "/policies")
		}},
		rulePageSample(policy.InCategory), rulePageSample(policy.InPackage), rulePageSample(policy.InBasic), rulePageSample(policy.InRelief), rulePageSample(policy.InReduction),
		{"policy/estimate", func(b Base) View {
			v := sampleEstimateView(b, true)
			p := newEstimateView(titled(b, b.T("estimate.title")), day, v)
			putEstimate(p.Form, day, v)
			x := v.Versions[0]
			other := sampleBillCase()
			other.Categories = nil
			p.Result = triedResult(b, pricing.Estimate{Version: x, Case: sampleBillCase(), Result: fee.Compute(&x, sampleBillCase(), nil),
				Alternatives: []pricing.Alternative{{Name: "proof", Result: fee.Compute(&x, other, nil)}, {Name: "level", Level: "3", Result: fee.Compute(&x, other, nil)}}}, v.Funds)
			return p
		}},
		{"policy/estimate", func(b Base) View {
			return newEstimateView(titled(b, b.T("estimate.title")), day, sampleEstimateView(b, false))
		}},
		{"policy/computation", func(b Base) View {
			return newComputationView(titled(b, b.T("estimate.title")), sampleComputation(b, true))
		}},
		{"policy/sheet", func(b Base) View {
			return newEstimateSheet(b, sampleComputation(b, false), b.T("style.person.1"), "2026-11-23 10:00")
		}},
		{"care/form", func(b Base) View {
			p := careForm{Base: titled(b, b.T("year.opening")), Form: yearForm(b, day), Facts: yearFacts(b, sampleEstimateView(b, true))}
			return p.with(Button{Text: b.T("directory.save")}, "/")
		}},
		{"policy/rehearsal", func(b Base) View {
			f := rehearsalForm(b, day, ident.ID{31})
			f.Put("from", "2026-01-01").Put("to", "2026-12-31")
			x := pricing.Rehearsed{Version: sampleVersion(b).Version, Control: 1, Excluded: 4, Cut: true}
			x.Rehearsal = fee.Rehearsal{Cases: 2, Sum: fee.Settlement{Bill: 100, Net: 100}, New: fee.Settlement{Bill: 100, Net: 100}, Funds: []fee.FundCost{{Before: 100, After: 50}},
				Losers: []fee.Change{{Case: ident.ID{33}, Category: "DB", After: 100}}}
			return newRehearsalView(titled(b, b.T("rehearsal.title")), f, x)
		}},
	}
}

func rulePageSample(sec policy.Section) PageSample {
	return PageSample{"care/form", func(b Base) View {
		x := rulePlace{v: sampleVersion(b), sec: sec}
		ids := x.v.IDs(sec)
		x.id = ids[len(ids)-1]
		x.form = newRuleForm(titled(b, b.T(sec.Label())), sampleDay(), x)
		return x.form.withRule(x)
	}}
}
