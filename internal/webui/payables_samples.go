package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/paying"
)

func payPages() []PageSample {
	day := sampleDay()
	form := func(open func(Base) payForm) PageSample {
		return PageSample{"care/form", func(b Base) View {
			p := open(b)
			return p.with(p.Save, p.Back)
		}}
	}
	hospitals := func(b Base) []Option {
		return []Option{{Value: sampleIDs.sea.String(), Text: b.T("style.hospital.s1"), Side: Sea}}
	}
	return []PageSample{
		{"paying/list", func(b Base) View { return newPayables(b, sampleOwed(b), day) }},
		{"paying/list", func(b Base) View { return newPayables(b, paying.Owed{}, day) }},
		{"paying/view", func(b Base) View { return newPayable(b, samplePayable(b)) }},
		{"paying/list", func(b Base) View { return newPayments(b, page.Result[paying.Line]{Rows: sampleLines(b)}, true, true) }},
		{"paying/list", func(b Base) View {
			return newPayRuns(b, page.Result[paying.Run]{Rows: []paying.Run{sampleRun(b, payout.Paid).PayRun}}, true)
		}},
		{"paying/list", func(b Base) View { return newPayRuns(b, page.Result[paying.Run]{}, false) }},
		{"paying/view", func(b Base) View { return newPayRun(b, sampleRun(b, payout.Draft), day) }},
		{"paying/view", func(b Base) View { return newPayRun(b, sampleRun(b, payout.Filed), day) }},
		{"paying/list", func(b Base) View {
			return newHospitalAccounts(b, page.Result[paying.Account]{Rows: []paying.Account{sampleAccount(b)}}, true, true)
		}},
		{"paying/list", func(b Base) View {
			return newRecoveries(b, page.Result[paying.Recovery]{Rows: []paying.Recovery{sampleRecovery(b).Recovery}})
		}},
		{"paying/view", func(b Base) View { return newRecovery(b, sampleRecovery(b)) }},
		{"paying/slip", func(b Base) View { return newPaySlip(b, sampleLines(b)[1]) }},
		form(func(b Base) payForm { return newCardForm(b, day, samplePayable(b)) }),
		form(func(b Base) payForm { return newFindingForm(b, day, samplePayable(b)) }),
		form(func(b Base) payForm { return newReceiptForm(b, day, sampleLines(b)[1]) }),
		form(func(b Base) payForm { return newReturnForm(b, day, sampleLines(b)[1]) }),
		form(func(b Base) payForm { return newAccountForm(b, day, hospitals(b)) }),
		form(func(b Base) payForm { return newDecideAccountForm(b, day, sampleAccount(b)) }),
		form(func(b Base) payForm {
			return newRunForm(b, day, []Option{{Value: sampleIDs.file.String(), Text: b.T("funding.sample.pool")}}, hospitals(b))
		}),
		form(func(b Base) payForm { return newCancelForm(b, day, sampleRun(b, payout.Draft)) }),
		form(func(b Base) payForm { return newPaidForm(b, day, sampleRun(b, payout.Filed)) }),
		form(func(b Base) payForm { return newRefundForm(b, day, sampleRecovery(b)) }),
		form(func(b Base) payForm { return newWriteOffForm(b, day, sampleRecovery(b)) }),
	}
}

func sampleOwed(b Base) paying.Owed {
	p := samplePayable(b).Payable
	late := p
	late.Kind, late.Ready, late.Amount = fund.KindReimburse, false, 300_000
	sum := paying.PayableSum{Fund: p.Fund, FundName: p.FundName, Hospital: p.Hospital, HospitalName: p.HospitalName, Count: 2, Amount: p.Amount + late.Amount, Oldest: p.On}
	return paying.Owed{Result: page.Result[paying.Payable]{Rows: []paying.Payable{p, late}}, Sums: []paying.PayableSum{sum, sum}, MayMake: true, MayCard: true}
}

func samplePayable(b Base) paying.PayableView {
	return paying.PayableView{Payable: paying.Payable{ID: sampleIDs.doctor, Kind: fund.KindCommit, Fund: sampleIDs.file, FundName: b.T("funding.sample.pool"), Treatment: sampleIDs.treatment,
		Hospital: sampleIDs.sea, HospitalName: b.T("style.hospital.s1"), On: sampleDay().AddDays(-41), Amount: 2_000_000, CaseNo: "SH-2026-00419", PersonName: b.T("style.person.1"), Ready: true},
		Lines: sampleLines(b), MayCard: true, MayRecover: true, HasCard: true, Card: paying.Card{Card: payout.Card{Account: payout.Account{Holder: b.T("style.person.1"), Bank: b.T("payout.bank")},
			Relation: payout.Self, Note: b.T("payout.card.note.hint")}, Last4: "5702"}}
}

// sampleLines are a payment that came back, one that was paid, and one in a run.
func sampleLines(b Base) (out []paying.Line) {
	for _, state := range []payout.LineState{payout.LineReturned, payout.LinePaid, payout.LineLive} {
		l := paying.Line{ID: sampleIDs.doctor, Run: sampleIDs.file, No: len(out) + 1, Payee: payout.Hospital, Account: payout.Account{Holder: b.T("style.hospital.s1"), Bank: b.T("payout.bank")},
			Last4: "5702", Amount: 2_000_000, Offset: money.Fen(len(out)) * 10_000, State: state, RunNo: "JS-20261123-7K4M2F", CaseNo: "SH-2026-00419", PersonName: b.T("style.person.1"),
			FundName: b.T("funding.sample.pool"), HospitalName: b.T("style.hospital.s1"), Kind: fund.KindCommit}
		if state != payout.LineLive {
			l.Transfer, l.PaidOn, l.BankRef = sampleIDs.sea, sampleDay().AddDays(-3), "20261120-0087"
		}
		if state == payout.LineReturned {
			l.ReturnOn, l.Why = sampleDay(), b.T("payout.return.reason")
		}
		out = append(out, l)
	}
	return out
}

func sampleRun(b Base, state payout.RunState) paying.RunView {
	v := paying.RunView{PayRun: paying.Run{Run: payout.Run{State: state, Amount: 6_000_000, Offset: 30_000}, ID: sampleIDs.file, No: "JS-20261123-7K4M2F", UpTo: sampleDay(), Lines: 3,
		FundName: b.T("funding.sample.pool"), MakerName: b.T("style.person.1"), CreatedAt: sampleInstant(), Version: 1}, List: sampleLines(b), Own: state == payout.Draft, MayCancel: state == payout.Draft,
		MayApprove: state == payout.Draft, MayFile: state != payout.Draft, MayPay: state == payout.Filed}
	if state != payout.Draft {
		v.SecondName, v.FiledByName, v.FiledAt, v.CSV, v.XLSX = v.MakerName, v.MakerName, sampleInstant(), []byte("0123456789"), []byte("abcdefghij")
	}
	if state == payout.Paid {
		v.PaidOn, v.BankRef = sampleDay(), "20261123-0087"
	}
	return v
}

func sampleAccount(b Base) paying.Account {
	return paying.Account{ID: sampleIDs.doctor, Hospital: sampleIDs.sea, HospitalName: b.T("style.hospital.s1"), Account: payout.Account{Holder: b.T("style.hospital.s1"), Bank: b.T("payout.bank")},
		Last4: "5702", From: sampleDay(), State: payout.AccountProposed, MakerName: b.T("style.person.1"), CreatedAt: sampleInstant(), Version: 1}
}

func sampleRecovery(b Base) paying.RecoveryView {
	return paying.RecoveryView{Recovery: paying.Recovery{Recovery: payout.Recovery{Debtor: payout.Hospital, Source: "audit", Reason: b.T("payout.write_off.hint"), Amount: 400_000, Recovered: 100_000,
		State: payout.RecoveryPartly}, ID: sampleIDs.doctor, CreatedAt: sampleInstant(), FundName: b.T("funding.sample.pool"), HospitalName: b.T("style.hospital.s1"), CaseNo: "SH-2026-00419",
		PersonName: b.T("style.person.1"), Version: 1}, MayEdit: true, Receipts: []paying.Receipt{{Transfer: sampleIDs.sea, How: payout.Offset, Amount: 100_000, On: sampleDay(),
		Reference: "JS-20261123-7K4M2F", ByName: b.T("style.person.1"), Undone: true}}}
}
