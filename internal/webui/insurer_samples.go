package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// sheetPages are the samples of the insurers' sheets and their differences.
func sheetPages() []PageSample {
	day := sampleDay()
	sheet := func(b Base) funding.Sheet {
		return funding.Sheet{ID: ident.ID{91}, Hospital: sampleIDs.mountain, File: "2026-11.xlsx", State: "previewed", Total: 3, Wrong: 1, CreatedAt: sampleInstant(),
			HospitalName: b.T("style.hospital.m1"), By: b.T("style.person.1")}
	}
	return []PageSample{
		{"funding/sheet", func(b Base) View {
			return newSheetsView(b, page.Result[funding.Sheet]{Rows: []funding.Sheet{sheet(b)}}, insurerForm(b, day), true)
		}},
		{"funding/sheet", func(b Base) View { return newSheetsView(b, page.Result[funding.Sheet]{}, nil, false) }},
		{"funding/sheet", func(b Base) View { return newInsurerView(b, day, sampleInsurerSheet(b, sheet(b))) }},
		{"funding/list", func(b Base) View { return newDifferencesView(b, []funding.Difference{sampleDifference(b)}, true) }},
		{"funding/list", func(b Base) View { return newDifferencesView(b, nil, true) }},
		{"funding/sheet", func(b Base) View {
			return newDifferenceView(b, day, funding.DifferenceView{Difference: sampleDifference(b), Acts: funding.DifferenceActs(sampleDifference(b))})
		}},
		{"funding/sheet", func(b Base) View {
			d := sampleDifference(b)
			d.Kind, d.State, d.Note, d.DecidedBy = "shift", "accepted", b.T("insurer.do.accept"), b.T("style.person.1")
			return newDifferenceView(b, day, funding.DifferenceView{Difference: d})
		}},
	}
}

func sampleAmounts() insurer.Amounts {
	return insurer.Amounts{insurer.Bill: 42_000_00, insurer.Scope: 38_000_00, insurer.Deductible: 0, insurer.Basic: 20_000_00, insurer.Critical: 4_000_00, insurer.Assistance: 6_000_00,
		insurer.Cash: 12_000_00}
}

func sampleInsurerSheet(b Base, x funding.Sheet) funding.SheetView {
	row := funding.SheetRow{No: 3, Number: "SETL-20261120-001", CaseNo: "QJ-2026-00012", PersonName: b.T("style.person.1"), Amounts: sampleAmounts(), Act: "settle", State: "ready",
		Drifts: []insurer.Drift{{Rule: "scope", Column: insurer.Bill, Sum: 42_000_01, Stated: 42_000_00}}}
	done := row
	done.No, done.Act, done.State, done.Drifts = 4, "compare", "applied", nil
	wrong := row
	wrong.No, wrong.State, wrong.Act, wrong.Drifts = 5, "wrong", "none", nil
	wrong.Problems = []insurer.Problem{{Column: insurer.CaseNo, Key: "error.insurer.no_stay"}, {Column: insurer.Basic, Key: "error.insurer.amount", Args: map[string]string{"text": "12,x"}}}
	return funding.SheetView{Sheet: x, Rows: page.Result[funding.SheetRow]{Rows: []funding.SheetRow{row, done, wrong}}, MayApply: true, MayUndo: true}
}

func sampleDifference(b Base) funding.Difference {
	computed := fee.Result{Sum: fee.Settlement{Bill: 42_000_00, Basic: 19_850_00, Critical: 4_000_00, Assistance: 6_000_00}, Added: fee.Year{fee.KindBasic: {Threshold: 300_00, Base: 37_700_00}}}
	booked := fee.Settlement{Bill: 42_000_00, Basic: 19_850_00, Critical: 4_000_00, Assistance: 6_000_00}
	return funding.Difference{ID: ident.ID{92}, Hospital: sampleIDs.mountain, Kind: "sheet", Settlement: ident.ID{93}, Lines: insurer.Compare(sampleAmounts(), &computed, &booked), State: "open",
		CreatedAt: sampleInstant(), CaseNo: "QJ-2026-00012", PersonName: b.T("style.person.1"), HospitalName: b.T("style.hospital.m1")}
}
