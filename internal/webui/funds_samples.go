package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// projectPages are the samples of the project library, of deposits and of the flow
// of money.
func projectPages() []PageSample {
	day := sampleDay()
	return []PageSample{
		{"funding/list", func(b Base) View {
			v := sampleProject(b)
			draft := v.FundProject
			draft.State, draft.Second, draft.SecondName = fund.ProjectDraft, ident.Nil, ""
			return newProjectsView(b, page.Result[funding.FundProject]{Rows: []funding.FundProject{v.FundProject, draft}}, true)
		}},
		{"funding/list", func(b Base) View { return newProjectsView(b, page.Result[funding.FundProject]{}, true) }},
		{"funding/fund", func(b Base) View { return newProjectPage(b, sampleProject(b)) }},
		{"care/form", func(b Base) View {
			p := projectCareForm(b, "funding.project.new")
			p.Form = projectForm(p.Base, day, funding.FundProject{})
			return p.with(Button{Text: b.T("funding.project.save")}, "/fund-projects")
		}},
		{"care/form", func(b Base) View {
			v := sampleProject(b)
			v.State = fund.ProjectDraft
			return projectStepForm(b, day, v).with(Button{Text: b.T("funding.project.approve")}, "/fund-projects")
		}},
		{"funding/fund", func(b Base) View {
			v := funding.DepositView{FundDeposit: sampleDeposits(b)[0], Places: []string{b.T("style.hospital.m1")}, MayMove: true}
			v.Lines.Rows = []funding.Drawn{{ID: sampleIDs.sea, Transfer: sampleIDs.doctor, Kind: fund.KindReserve, Approval: sampleIDs.doctor, CaseNo: "SH-2026-00415", Amount: 2_000_000, At: sampleInstant()},
				{ID: sampleIDs.file, Transfer: sampleIDs.sea, Kind: fund.KindReturn, Amount: -500_000, At: sampleInstant()}}
			return newDepositPage(b, v)
		}},
		{"funding/fund", func(b Base) View {
			p := newFundPage(b, sampleFundView(b, 2), "", sampleInstant())
			t := depositTable(b, page.Result[funding.FundDeposit]{Rows: sampleDeposits(b)}, false)
			p.Deposits, p.Flow = &t, flowCard(b, sampleFlow(b))
			return p
		}},
		{"funding/flow", func(b Base) View { return newFundFlow(b, sampleFlow(b), flowFilter(b, day, sampleFunds(b))) }},
		{"funding/flow", func(b Base) View { return newFundFlow(b, funding.FlowView{}, flowFilter(b, day, nil)) }},
	}
}

func sampleProject(b Base) funding.ProjectView {
	v := funding.ProjectView{MayEdit: true, FundProject: funding.FundProject{ID: sampleIDs.sea, ListedOn: sampleDay(), Version: 1, PlannerName: b.T("style.person.1"), SecondName: b.T("style.person.1"),
		ApprovedAt: sampleInstant(), Received: 80_000_000, Left: 20_000_000, Held: 5_000_000, Committed: 50_000_000, Times: 31,
		Project: fund.Project{Code: "XM-2026-01", Name: b.T("funding.sample.project"), Year: 2026, Source: fund.DonorFiscal, Planned: 100_000_000, Unit: b.T("funding.sample.unit"),
			State: fund.ProjectApproved, Planner: sampleIDs.doctor, Second: sampleIDs.file}}}
	v.Deposits.Rows = sampleDeposits(b)
	return v
}

func sampleDeposits(b Base) []funding.FundDeposit {
	d := funding.FundDeposit{ID: sampleIDs.doctor, Fund: sampleIDs.file, Project: sampleIDs.sea, Note: b.T("funding.deposit.note.hint"), Received: sampleDay(), Amount: 80_000_000, Left: 20_000_000,
		FundName: b.T("funding.sample.pool"), ProjectName: b.T("funding.sample.project"), Earmark: fund.Earmark{Kind: fund.Pool, Programme: procedure.Joint,
			Hospitals: []ident.ID{sampleIDs.mountain}, Categories: []terminology.Category{terminology.CategoryDB}, From: sampleDay(), To: sampleDay().AddDays(30)}}
	plain := d
	plain.ID, plain.Project, plain.ProjectName, plain.Earmark = sampleIDs.file, ident.Nil, "", fund.Earmark{Kind: fund.Pool}
	return []funding.FundDeposit{d, plain}
}

func sampleFlow(b Base) funding.FlowView {
	way := func(s fund.SourceKind, p procedure.Programme, h ident.ID, name string, amount int64, times int) fund.Flow {
		return fund.Flow{Source: s, Fund: sampleIDs.file, FundName: b.T("funding.sample.pool"), Programme: p, Hospital: h, HospitalName: name, Amount: money.Fen(amount), Times: times}
	}
	m, n := b.T("style.hospital.m1"), b.T("style.hospital.s1")
	return funding.FlowView{MayFile: true, FlowMap: fund.MapOf([]fund.Flow{way(fund.DonorFiscal, procedure.Joint, sampleIDs.mountain, m, 50_000_000, 31), way(fund.DonorFiscal, procedure.Cataract, sampleIDs.mountain, m, 8_000_000, 40),
		way(fund.Donation, procedure.Joint, sampleIDs.sea, n, 12_000_000, 6), way(fund.Donation, "", ident.Nil, "", 100_000, 1), way(fund.DonorFiscal, procedure.Coronary, sampleIDs.sea, n, -2_000_000, 1)})}
}
