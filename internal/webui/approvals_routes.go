package webui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// fundingRoutes declares the pages about money: applications and their decision,
// settlements, funds.
func (s *Server) fundingRoutes(rt *router) {
	rt.get("/approvals", authz.ApprovalRead, s.approvalsPage)
	rt.get("/approvals/{id}", authz.ApprovalRead, s.approvalPage)
	rt.get("/approvals/{id}/print", authz.ApprovalRead, s.approvalPrint)
	rt.post("/approvals/{id}/decide", authz.ApprovalDecide, s.decideApproval)
	rt.post("/approvals/{id}/withdraw", authz.ApprovalRequest, s.withdrawApproval)
	rt.get("/approvals/{id}/appeal", authz.ApprovalRequest, s.appealPage)
	rt.post("/approvals/{id}/appeal", authz.ApprovalRequest, s.postAppeal)
	rt.get("/appeals/{id}", authz.ApprovalDecide, s.appealAnswerPage)
	rt.post("/appeals/{id}", authz.ApprovalDecide, s.postAnswer)
	rt.get("/approval-rules", authz.FundOpen, s.fundingRulesPage)
	rt.post("/approval-rules", authz.FundOpen, s.postRules)
	rt.get("/treatments/{id}/approval", authz.ApprovalRead, s.treatmentApproval)
	rt.get("/treatments/{id}/approvals/new", authz.ApprovalRequest, s.requestPage)
	rt.post("/treatments/{id}/approvals", authz.ApprovalRequest, s.postRequest)
	rt.get("/settlements", authz.SettlementRead, s.settlementsPage)
	rt.get("/settlements/{id}", authz.SettlementRead, s.settlementPage)
	rt.get("/settlements/{id}/reverse", authz.SettlementSettle, s.reversePage)
	rt.post("/settlements/{id}/reverse", authz.SettlementSettle, s.postReverse)
	rt.get("/treatments/{id}/settlement", authz.SettlementRead, s.treatmentSettlement)
	rt.get("/treatments/{id}/settlement/new", authz.SettlementEnter, s.settlePage)
	rt.post("/treatments/{id}/settlement", authz.SettlementSettle, s.postSettle)
	rt.get("/funds", authz.FundRead, s.fundsPage)
	rt.get("/funds/new", authz.FundOpen, s.newFundPage)
	rt.post("/funds", authz.FundOpen, s.postFund)
	rt.get("/funds/{id}", authz.FundRead, s.fundPage)
	rt.get("/funds/{id}/move", authz.FundDeposit, s.fundMovePage)
	rt.post("/funds/{id}/move", authz.FundDeposit, s.postFundMove)
	rt.get("/fund-flow", authz.LedgerRead, s.fundFlowPage)
	rt.get("/fund-flow/export", authz.LedgerRead, s.fundFlowExport)
	rt.get("/fund-projects", authz.LedgerRead, s.projectsPage)
	rt.get("/fund-projects/new", authz.FundOpen, s.newProjectPage)
	rt.post("/fund-projects", authz.FundOpen, s.postNewProject)
	rt.get("/fund-projects/{id}", authz.LedgerRead, s.projectPage)
	rt.get("/fund-projects/{id}/edit", authz.FundOpen, s.editProjectPage)
	rt.post("/fund-projects/{id}", authz.FundOpen, s.postProject)
	rt.get("/fund-projects/{id}/step", authz.FundOpen, s.stepProjectPage)
	rt.post("/fund-projects/{id}/step", authz.FundOpen, s.postStepProject)
	rt.get("/fund-deposits/{id}", authz.LedgerRead, s.fundDepositPage)
	rt.get("/fund-moves", authz.LedgerRead, s.movesPage)
	rt.get("/fund-moves/{id}", authz.FundOpen, s.signMovePage)
	rt.post("/fund-moves/{id}", authz.FundOpen, s.postSignMove)
	rt.get("/funds/{id}/deposits/new", authz.FundDeposit, s.depositPage)
	rt.post("/funds/{id}/deposits", authz.FundDeposit, s.postDeposit)
	rt.get("/funds/{id}/transfers/{transfer}/reverse", authz.FundDeposit, s.takeBackPage)
	rt.post("/funds/{id}/transfers/{transfer}/reverse", authz.FundDeposit, s.postTakeBack)
}

// shares are the payers of a settlement in the fixed order of strips; other
// payers only where there are any, as in the waterfall below.
func shares(f fee.Settlement) []Share {
	all := []Share{{Layer: LayerBasic, Amount: f.Basic}, {Layer: LayerCritical, Amount: f.Critical}, {Layer: LayerAid, Amount: f.Assistance},
		{Layer: LayerOther, Amount: f.Other}, {Layer: LayerFund, Amount: f.FundTotal()}, {Layer: LayerWaiver, Amount: f.Waiver}, {Layer: LayerSelf, Amount: f.Net}}
	return slices.DeleteFunc(all, func(x Share) bool { return x.Layer == LayerOther && x.Amount == 0 })
}

// waterfall draws how a bill shrinks to the patient's share, with the table of
// the same numbers. basis says for each layer what it rests on.
func waterfall(b Base, f fee.Settlement, basis map[string]string, id string) ChartCard {
	styles := map[string]chart.Style{"basic": chart.Basic, "critical": chart.Critical, "assistance": chart.Assistance, "other": chart.Neutral,
		"fund": chart.Fund, "hospital": chart.Waiver}
	w := chart.Waterfall{Frame: chart.Frame{ID: id, Width: 748, Format: func(v int64) string { return money.Fen(v).String() },
		Title: b.T("funding.chart.title", "bill", f.Bill, "net", f.Net),
		Note: b.T("funding.chart.note", "insurance", f.Insurance(), "insured", share(f.Insurance(), f.Bill), "reduction", f.Reduction(),
			"reduced", share(f.Reduction(), f.Bill), "own", share(f.Net, f.Bill)),
		Heads: []string{b.T("funding.layer"), b.T("funding.basis"), b.T("funding.amount.head"), b.T("funding.left.head")}},
		Start: chart.Step{Name: b.T("fee.layer.bill"), Basis: basis["bill"], Style: chart.Bill, Amount: int64(f.Bill)},
		End:   chart.Step{Name: b.T("fee.layer.net"), Basis: basis["net"], Style: chart.Net}}
	for _, l := range f.Layers() {
		if l.Name == "bill" || l.Name == "net" || l.Name == "other" && l.Amount == 0 {
			continue
		}
		w.Steps = append(w.Steps, chart.Step{Name: b.T(l.Label()), Basis: basis[l.Name], Style: styles[l.Name], Amount: int64(l.Amount)})
	}
	d := w.Draw()
	t := Table{Caption: d.Title, Bare: true, Quiet: true, Dense: true}
	for i, h := range d.Heads {
		col := Column{Text: h}
		switch {
		case i == 1:
			col.Class = "roomy"
		case i > 1:
			col.Align = "right"
		}
		t.Columns = append(t.Columns, col)
	}
	for _, r := range d.Rows {
		row := Row{Total: r.Total}
		for i, c := range r.Cells {
			row.Cells = append(row.Cells, Cell{Text: c, Nowrap: i != 1})
		}
		t.Rows = append(t.Rows, row)
	}
	return ChartCard{Title: d.Title, Note: d.Note, Picture: picture(d), Table: t}
}

// share is a part of the whole in percent with one decimal, rounded half up.
func share(part, whole money.Fen) string {
	if whole <= 0 {
		return "0.0%"
	}
	tenths := (int64(part)*2000 + int64(whole)) / (2 * int64(whole))
	return strconv.FormatInt(tenths/10, 10) + "." + strconv.FormatInt(tenths%10, 10) + "%"
}

// approvalTag is the state of an application.
func approvalTag(b Base, s fund.ApprovalState) Tag {
	kind := map[fund.ApprovalState]string{fund.ApprovalRequested: "warn", fund.ApprovalApproved: "ok", fund.ApprovalRefused: "error", fund.ApprovalReturned: "warn"}[s]
	return Tag{Text: b.T(s.Label()), Kind: kind}
}

// voucherText names the vouchers of an action, for the message after it.
func voucherText(b Base, list []funding.Voucher) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = b.T("funding.voucher", "no", v.No, "fund", v.FundName, "amount", v.Amount)
	}
	return strings.Join(parts, b.T("list.separator"))
}

// fundingRefusal is the card of a refusal with the decisive half in bold where
// a fund does not cover an amount.
func fundingRefusal(b Base, err error) *WhyNot {
	v := whyNot(b, err)
	if e := errs.Of(err); v != nil && e.Rule == "fund.sufficient" {
		v.Strong = b.Say("funding.short", e.Args)
		v.Reason = b.Say("funding.covers", e.Args)
	}
	return v
}

// capital spells an amount the way Chinese papers do.
func capital(b Base, f money.Fen) string { return printout.Capital(b.P, f) }

// fundOptions are the funds a form offers.
func fundOptions(list []funding.Fund) []Option {
	out := make([]Option, len(list))
	for i, f := range list {
		out[i] = Option{Value: f.ID.String(), Text: f.Name, Sub: f.Code}
	}
	return out
}

// fundLines reads the rows "funds.N.fund" and "funds.N.amount" of a form; rows
// left empty are none. The rows keep their numbers, so that a refusal finds its
// way back to the field: an empty row before a filled one is closed up.
func fundLines(f *Form, rows int) []fee.FundLine {
	var out []fee.FundLine
	for i := range rows {
		at := "funds." + strconv.Itoa(i)
		id, amount := f.IDOf(at+".fund"), f.Money(at+".amount")
		if id == ident.Nil && amount == 0 && i > 0 {
			continue
		}
		out = append(out, fee.FundLine{Fund: id, Amount: amount})
	}
	return out
}
