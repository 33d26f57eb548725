package webui

import (
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

func fundingPages() []PageSample {
	now := decisionNow{sampleDay(), sampleInstant()}
	list := approvalsNow{sampleDay(), sampleInstant(), true}
	queue := func(rows int, state fund.ApprovalState) func(Base) View {
		return func(b Base) View {
			var all []funding.Approval
			for range rows {
				v := sampleApproval(b, state)
				all = append(all, v.Approval)
			}
			return newApprovalsView(b, all, state, list)
		}
	}
	approval := func(state fund.ApprovalState, change func(*funding.ApprovalView)) func(Base) View {
		return func(b Base) View {
			v := sampleApproval(b, state)
			change(&v)
			return newApprovalPage(b, v, now)
		}
	}
	settlements := func(rows int) func(Base) View {
		return func(b Base) View {
			var all []funding.Settlement
			for range rows {
				all = append(all, sampleSettlement(b).Settlement)
			}
			return newSettlementsView(b, all, true)
		}
	}
	return []PageSample{
		{"funding/list", queue(0, fund.ApprovalRequested)}, {"funding/list", queue(1, fund.ApprovalApproved)}, {"funding/list", queue(50, fund.ApprovalRequested)},
		{"funding/list", func(b Base) View { return toAskView(b, []funding.Treatment{sampleMoneyTreatment(b)}) }},
		{"funding/list", func(b Base) View { return toAskView(b, nil) }},
		{"funding/list", func(b Base) View { return toSettleView(b, []funding.Treatment{sampleMoneyTreatment(b)}) }},
		{"funding/list", func(b Base) View { return toSettleView(b, nil) }},
		{"funding/list", settlements(0)}, {"funding/list", settlements(50)},
		{"funding/list", func(b Base) View { return newFundsView(b, sampleFunds(b), true) }},
		{"funding/list", func(b Base) View { return newFundsView(b, nil, true) }},
		{"funding/list", func(b Base) View {
			v := newFundsView(b, sampleFunds(b), true)
			v.Alerts = append(booksAlert(b, funding.LedgerCheck{At: sampleInstant()}), booksAlert(b, funding.LedgerCheck{At: sampleInstant(), Faults: make([]funding.LedgerFault, 2)})...)
			return v
		}},
		{"funding/approval", approval(fund.ApprovalRequested, func(v *funding.ApprovalView) { v.MayDecide = true })},
		{"funding/approval", approval(fund.ApprovalRequested, sampleShort)},
		{"funding/approval", approval(fund.ApprovalRequested, func(v *funding.ApprovalView) { v.MayWithdraw = true })},
		{"funding/approval", approval(fund.ApprovalApproved, func(v *funding.ApprovalView) { v.MayRevoke = true })},
		{"funding/approval", approval(fund.ApprovalApproved, func(v *funding.ApprovalView) { v.PersonName, v.CaseNo, v.Checks, v.MaySettle = "", "", nil, true })},
		{"funding/approval", approval(fund.ApprovalRequested, func(v *funding.ApprovalView) { v.MayDecide = true; sampleLapse(v, fund.LapseRequeued) })},
		{"funding/approval", approval(fund.ApprovalApproved, func(v *funding.ApprovalView) { v.MayUphold = true; sampleLapse(v, fund.LapseOpen) })},
		{"funding/approval", approval(fund.ApprovalRefused, sampleRefused)},
		{"funding/list", func(b Base) View {
			v := sampleApproval(b, fund.ApprovalApproved)
			sampleLapse(&v, fund.LapseOpen)
			return newLapsedView(b, page.Result[funding.Approval]{Rows: []funding.Approval{v.Approval}}, list)
		}},
		{"funding/list", func(b Base) View { return newLapsedView(b, page.Result[funding.Approval]{}, list) }},
		{"funding/list", func(b Base) View {
			return newAppealsView(b, page.Result[funding.Appeal]{Rows: []funding.Appeal{sampleAppeal(b)}}, list)
		}},
		{"funding/list", func(b Base) View { return newAppealsView(b, page.Result[funding.Appeal]{}, list) }},
		{"care/form", func(b Base) View {
			return appealForm(b, sampleDay(), sampleApproval(b, fund.ApprovalRefused)).with(Button{Text: b.T("funding.appeal")}, "/")
		}},
		{"care/form", func(b Base) View {
			v := funding.AppealView{Appeal: sampleAppeal(b), Approval: sampleApproval(b, fund.ApprovalRefused)}
			return answerForm(b, sampleDay(), v).with(Button{Text: b.T("funding.appeal.answer")}, "/")
		}},
		{"care/form", func(b Base) View {
			return rulesForm(b, sampleDay(), funding.RulesView{Rules: fund.SampleRules(), MayEdit: true}).with(Button{Text: b.T("care.save")}, "/")
		}},
		{"funding/print", func(b Base) View {
			p := newPrintPage(b, printed{sampleApproval(b, fund.ApprovalApproved), funding.Issued{Code: "7K3M-9QXA-4F2T"},
				b.T("print.by", "name", b.T("style.person.1"), "org", b.T("style.hospital.m1")), now})
			p.QR, p.QRSize = "M0 0h7v1h-7z", 45
			return p
		}},
	}
}

// fundPages are the samples of settlements, funds and their moves.
func fundPages() []PageSample {
	return []PageSample{
		{"funding/settlement", func(b Base) View { return newSettlementView(b, sampleSettlement(b)) }},
		{"funding/fund", func(b Base) View { return newFundPage(b, sampleOutlook(b), "", sampleInstant()) }},
		{"funding/fund", func(b Base) View { return newFundPage(b, sampleFundView(b, 0), fund.KindReversal, sampleInstant()) }},
		{"care/form", func(b Base) View {
			return newRequestView(b, sampleDay(), sampleRequest(b)).with(Button{Text: b.T("funding.ask.send")}, "/")
		}},
		{"care/form", sampleSettleForm},
		{"care/form", func(b Base) View {
			return careForm{Base: b, Form: newFundForm(b, sampleDay(), []Option{{Value: sampleIDs.sea.String(), Text: b.T("style.hospital.s1"), Side: Sea}})}.titled("funding.fund.new").with(Button{Text: b.T("funding.fund.open")}, "/funds")
		}},
		{"funding/list", func(b Base) View {
			return newMovesView(b, page.Result[funding.FundMove]{Rows: []funding.FundMove{sampleMove(b)}}, true)
		}},
		{"funding/list", func(b Base) View { return newMovesView(b, page.Result[funding.FundMove]{}, false) }},
		{"care/form", func(b Base) View {
			return signMoveForm(b, sampleDay(), sampleMove(b)).with(Button{Text: b.T("funding.move.sign")}, "/")
		}},
		{"care/form", func(b Base) View {
			p := fundCareForm(b, sampleFundView(b, 0), "funding.move.ask")
			p.Form = fundMoveForm(p.Base, sampleDay(), sampleFundView(b, 0), sampleFunds(b), sampleDeposits(b))
			return p.with(Button{Text: b.T("funding.move.ask")}, "/")
		}},
		{"care/form", func(b Base) View {
			p := fundCareForm(b, sampleFundView(b, 0), "funding.deposit")
			p.Form = depositForm(p.Base, sampleDay(), sampleIDs.file, boundFields([]funding.FundProject{sampleProject(b).FundProject}, []Option{{Value: sampleIDs.sea.String(), Text: b.T("style.hospital.s1"), Side: Sea}}))
			return p.with(Button{Text: b.T("funding.deposit.save")}, "/funds")
		}},
		{"care/form", func(b Base) View {
			p := fundCareForm(b, sampleFundView(b, 0), "funding.takeback")
			p.Form = takeBackForm(p.Base, sampleDay(), sampleIDs.file, sampleIDs.doctor)
			return p.with(Button{Text: b.T("funding.takeback"), Kind: "danger"}, "/funds")
		}},
	}
}

func (p careForm) titled(key string) careForm { p.Base.Title = p.T(key); return p }

func sampleMoneyTreatment(b Base) funding.Treatment {
	return funding.Treatment{ID: sampleIDs.treatment, Case: sampleIDs.file, Person: sampleIDs.person, Programme: procedure.Joint, Hospital: sampleIDs.sea,
		Place: treatment.Place{State: treatment.Discharged, Path: treatment.Normal}, Plan: b.T("style.m.left"), AdmittedOn: clock.MustDate(2026, 11, 16),
		DischargedOn: clock.MustDate(2026, 11, 21), Category: terminology.CategoryDB, CaseNo: "SH-2026-00419", PersonName: b.T("style.person.1"),
		Sex: patient.Male, Birth: clock.MustDate(1963, 3, 2), HospitalName: b.T("style.hospital.s1"), EstimateBill: 6_124_080}
}

func sampleApproval(b Base, state fund.ApprovalState) funding.ApprovalView {
	at := sampleInstant().Add(-28 * time.Hour)
	line := funding.ApprovalLine{Fund: sampleIDs.file, FundName: b.T("funding.sample.pool"), Amount: 2_000_000}
	a := funding.Approval{ID: sampleIDs.doctor, Treatment: sampleIDs.treatment, Case: sampleIDs.file, Hospital: sampleIDs.sea, State: state, Bill: 6_124_080, Insurance: 3_478_775,
		Critical: 510_245, Assistance: 823_000, Waiver: 595_305, Requested: 2_000_000, Reason: b.T("funding.reason.hint"), RequestedAt: at, Requester: b.T("style.person.1"),
		CaseNo: "SH-2026-00419", Programme: procedure.Joint, Plan: b.T("style.m.left"), PersonName: b.T("style.person.1"), Sex: patient.Male,
		Birth: clock.MustDate(1963, 3, 2), HospitalName: b.T("style.hospital.s1"), Version: 1}
	if state == fund.ApprovalApproved {
		a.Approved, a.DecidedAt, a.Decider = 2_000_000, sampleInstant(), b.T("style.person.1")
		line.Transfer, line.Hold = ident.Derive(sampleIDs.file, "hold"), fund.HoldOpen
	}
	book := fund.Book{Fund: sampleIDs.file, Name: line.FundName, Balances: fund.Balances{Source: -1_050_000_000, Available: 265_764_000, Reserved: 41_236_000, Committed: 743_000_000}}
	var deposits []funding.PaidDeposit
	if state == fund.ApprovalApproved {
		deposits = []funding.PaidDeposit{{FundDeposit: sampleDeposits(b)[0], Paid: 1_500_000}}
	}
	return funding.ApprovalView{Approval: a, Lines: []funding.ApprovalLine{line}, Deposits: deposits, Treatment: sampleMoneyTreatment(b), Sides: sampleSides(),
		Paper: funding.Paper{Last4: "1834", PhoneLast4: "3406", Township: b.T("style.place.mountain"), Diagnosis: b.T("style.f.joint"), Surgeon: b.T("style.person.1"), Visiting: true},
		Books: map[ident.ID]fund.Book{sampleIDs.file: book}, Place: funding.Neighbours{Previous: sampleIDs.sea, Next: sampleIDs.mountain, Position: 3, Of: 9},
		Checks: []funding.Check{{State: "ok", Key: "funding.check.consent"},
			{State: "ok", Key: "funding.check.category", Args: errs.Args{"day": sampleDay(), "category": errs.Key(terminology.CategoryDB.Key())}},
			{State: "ok", Key: "funding.check.proof"}, {State: "ok", Key: "funding.check.within", Args: errs.Args{"net": a.Bill - a.Insurance - a.Waiver - a.Requested}},
			{State: "ok", Key: "funding.check.four_eyes"},
			{State: "ok", Key: "funding.check.covered", Args: errs.Args{"fund": line.FundName, "available": book.Balances.Available, "asked": line.Amount}}}}
}

// sampleShort is an application the fund does not cover.
func sampleShort(v *funding.ApprovalView) {
	v.MayDecide = true
	book := v.Books[sampleIDs.file]
	book.Balances.Available, book.Balances.Committed = 1_760_000, 1_007_004_000
	v.Books[sampleIDs.file] = book
	_, _, v.Blocked = book.Reserve(fund.Stamp{ID: sampleIDs.doctor, On: sampleDay()}, v.Lines[0].Amount)
	v.Checks[5] = funding.Check{State: "error", Key: "funding.check.covered.not",
		Args: errs.Args{"fund": book.Name, "available": book.Balances.Available, "asked": v.Lines[0].Amount}}
	v.Checks = append(v.Checks, funding.Check{State: "warn", Key: "funding.check.emergency"})
}

func sampleSettlement(b Base) funding.SettlementView {
	sum := fee.Settlement{Bill: 6_124_080, Basic: 2_145_530, Critical: 510_245, Assistance: 823_000, Waiver: 595_305,
		Funds: []fee.FundLine{{Fund: sampleIDs.file, Amount: 2_000_000}}}.WithNet()
	st := funding.Settlement{ID: sampleIDs.doctor, Treatment: sampleIDs.treatment, Case: sampleIDs.file, Programme: procedure.Joint, Hospital: sampleIDs.sea, Settlement: sum,
		State: funding.StateSettled, SettledOn: sampleDay(), FundFen: 2_000_000, By: b.T("style.person.1"), CaseNo: "SH-2026-00419", PersonName: b.T("style.person.1"),
		HospitalName: b.T("style.hospital.s1"), Version: 1}
	return funding.SettlementView{Settlement: st, Treatment: sampleMoneyTreatment(b), Sides: sampleSides(), MayReverse: true, Approval: funding.Approval{ID: sampleIDs.mountain},
		Lines: []funding.SettlementLine{{Fund: sampleIDs.file, FundName: b.T("funding.sample.pool"), Amount: 2_000_000, Transfer: sampleIDs.sea}, {Amount: 595_305}}}
}

func sampleFunds(b Base) []funding.FundEntry {
	x := sampleFundView(b, 0).FundItem
	closed := x
	closed.Programme, closed.Code, closed.Balances = procedure.Cataract, "GM-2026", fund.Balances{}
	return []funding.FundEntry{{FundItem: x, Open: true}, {FundItem: closed}}
}

func sampleFundView(b Base, rows int) funding.FundView {
	v := funding.FundView{FundItem: funding.FundItem{Fund: funding.Fund{ID: sampleIDs.file, Code: "ZL-2026", Name: b.T("funding.sample.pool"), Programme: procedure.Joint, Kind: fund.Pool,
		OpenedOn: clock.MustDate(2021, 5, 8)}, Balances: fund.Balances{Source: -1_050_000_000, Available: 265_764_000, Reserved: 41_236_000, Committed: 743_000_000}, Deposits: 12},
		MayLedger: true, MayDeposit: true}
	kinds := fund.Kinds()
	for i := range rows {
		k := kinds[i%len(kinds)]
		l := funding.LedgerLine{ID: ident.Derive(sampleIDs.file, string(k)), Kind: k, EffectiveOn: sampleDay(), PostedAt: sampleInstant(), PostedBy: b.T("style.person.1"),
			Amount: 2_000_000, Change: -2_000_000, Available: 265_764_000, Known: true}
		if k == fund.KindDeposit {
			l.Note, l.Change = b.T("funding.deposit.note.hint"), l.Amount
		} else {
			l.CaseNo, l.Approval = "SH-2026-00415", sampleIDs.doctor
		}
		if k == fund.KindReversal {
			l.Reverses, l.ReversesAs = sampleIDs.sea, fund.KindCommit
		}
		v.Lines.Rows = append(v.Lines.Rows, l)
	}
	v.Lines = page.Result[funding.LedgerLine]{Rows: v.Lines.Rows}
	return v
}

func sampleRequest(b Base) funding.RequestView {
	t := sampleMoneyTreatment(b)
	t.Place.State, t.AdmittedOn, t.DischargedOn = treatment.Eligible, clock.Date{}, clock.Date{}
	return funding.RequestView{Treatment: t, Funds: []funding.Fund{sampleFundView(b, 0).Fund}, Last: funding.Approval{ID: sampleIDs.doctor, State: fund.ApprovalReturned,
		Opinion: b.T("funding.check.proof.not"), Bill: 6_124_080, Insurance: 3_478_775, Critical: 510_245, Assistance: 823_000}}
}

// sampleSettleForm is a settlement that does not add up.
func sampleSettleForm(b Base) View {
	v := funding.SettleView{Treatment: sampleMoneyTreatment(b), Approval: sampleApproval(b, fund.ApprovalApproved).Approval, Holds: sampleApproval(b, fund.ApprovalApproved).Lines}
	p := newSettleView(b, sampleDay(), v)
	p.Form.Put("bill", "61,240.80").Put("basic", "21,455.30").Put("critical", "5,102.45").Put("assistance", "8,230.00").Put("net", "6,450.00")
	in, _ := readSettle(p.Form, v)
	_ = p.Form.Merge(in.Check())
	return p.with(Button{Text: b.T("funding.settle.send")}, "/")
}

// sampleLapse is an approval two persons signed, of which a fact changed.
func sampleLapse(v *funding.ApprovalView, lapse fund.Lapse) {
	v.Lapse, v.LapsedAt, v.LapsedFacts = lapse, sampleInstant(), []fund.Bound{fund.BoundCategory, fund.BoundFinding}
	facts := []fund.Fact{{Name: fund.BoundCategory, Value: string(terminology.CategoryDB) + " 2026-01-01/2026-12-31"}, {Name: fund.BoundProgramme, Value: string(procedure.Joint)},
		{Name: fund.BoundPlan, Value: v.Plan}, {Name: fund.BoundBill, Value: "61240.80"}, {Name: fund.BoundFinding, Value: "L 2026-11-02 CDVA 0.70"}}
	signed := funding.Signature{Signature: fund.Signature{Relation: fund.Unrelated, Amount: v.Requested, Digest: fund.Digest(facts)}, Facts: facts, SignedAt: sampleInstant(), By: v.Requester}
	void, away := signed, signed
	void.Void, away.Relation = true, fund.Related
	v.Signatures = []funding.Signature{away, void, signed}
	v.Now = append(slices.Clone(facts[1:4]), fund.Fact{Name: fund.BoundCategory, Value: string(terminology.CategoryDB) + " 2026-01-01/2026-10-31"})
}

// sampleRefused is a refused application under appeal, with the funds that would
// and would not pay.
func sampleRefused(v *funding.ApprovalView) {
	v.MayAppeal, v.MayDecideAppeal, v.Opinion = true, true, v.Reason
	v.Appeals = []funding.Appeal{{Appeal: fund.Appeal{State: fund.AppealFiled, Reason: v.Reason, DueOn: sampleDay()}, ID: sampleIDs.sea, Approval: v.ID, By: v.Requester}}
	pool := funding.FundItem{Fund: funding.Fund{ID: sampleIDs.file, Name: v.Lines[0].FundName, Kind: fund.Pool, OpenedOn: sampleDay()}, Balances: fund.Balances{Available: 100_000}}
	want := fund.Asked{Programme: v.Programme, Amount: v.Requested}
	args := pool.Earmark().Args(want, 100_000)
	args["deposit"], args["why"] = v.Lines[0].FundName, errs.Key(fund.WhyProgramme.Label()+".short")
	v.Funds = []funding.FundJudged{{FundItem: pool, Open: true}, {FundItem: pool, Open: true, Reasons: fund.Reasons(), Args: args}}
}

func sampleAppeal(b Base) funding.Appeal {
	return funding.Appeal{Appeal: fund.Appeal{State: fund.AppealFiled, Reason: b.T("funding.appeal.reason.hint"), DueOn: sampleDay().AddDays(-1)}, ID: sampleIDs.doctor, Approval: sampleIDs.file,
		By: b.T("style.person.1"), CaseNo: "SH-2026-00419", PersonName: b.T("style.person.1"), HospitalName: b.T("style.hospital.s1"), Requested: 2_000_000, Version: 1}
}

func sampleOutlook(b Base) funding.FundView {
	v := sampleFundView(b, 50)
	v.Source, v.EndsOn, v.Categories, v.Places = fund.DonorFiscal, clock.MustDate(2026, 12, 31), []terminology.Category{terminology.CategoryDB}, []string{b.T("style.hospital.s1")}
	v.HoldDays, v.Spent, v.DryOn = 90, 100_000_000, clock.MustDate(2027, 7, 1)
	for _, days := range []int{120, 70, 40, 3} {
		v.Holds = append(v.Holds, funding.Hold{Approval: sampleIDs.doctor, CaseNo: "SH-2026-00415", Hospital: b.T("style.hospital.s1"), Amount: 2_000_000, Since: sampleInstant().AddDate(0, 0, -days)})
	}
	return v
}

func sampleMove(b Base) funding.FundMove {
	return funding.FundMove{Move: fund.Move{Kind: fund.CarryOver, From: sampleIDs.file, To: sampleIDs.sea, Amount: 5_000_000, Rule: b.T("funding.move.rule.hint"), Reason: b.T("funding.move.to.hint"),
		State: fund.MoveSigned}, ID: sampleIDs.doctor, CreatedAt: sampleInstant(), FromName: b.T("funding.sample.pool"), ToName: b.T("funding.sample.pool"),
		RequesterName: b.T("style.person.1"), FirstName: b.T("style.person.1"), Version: 2}
}
