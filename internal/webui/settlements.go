package webui

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// settlementsPage lists what was settled, and under its own tab what waits.
func (s *Server) settlementsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "settlements")
	b := c.Base
	b.Title, b.Sub = b.T("nav.settlements"), b.T("funding.settlements.sub")
	enters := s.can(c, authz.SettlementEnter)
	if enters && r.URL.Query().Get("state") == "waiting" {
		list, err := s.d.Funding.ToSettle(r.Context(), c.Who)
		if err != nil {
			return err
		}
		return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", toSettleView(b, list))
	}
	list, err := s.d.Funding.Settlements(r.Context(), c.Who, funding.SettlementFilter{}, pageRequest(r))
	if err != nil {
		return err
	}
	v := newSettlementsView(b, list.Rows, enters)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", v)
}

func newSettlementsView(b Base, rows []funding.Settlement, enters bool) approvalsView {
	b.Tabs = moneyTabs(b, "settled", enters)
	t := Table{Caption: b.T("funding.tab.settled"), Note: b.T("strip.unit"), Columns: []Column{{Key: "funding.patient"}, {Key: "funding.case", Class: "roomy"}, {Key: "funding.hospital", Class: "grow roomy"},
		{Key: "funding.settled_on", Class: "roomy"}, {Key: "fee.layer.bill", Align: "right"}, {Key: "funding.insurance", Align: "right", Class: "roomy"}, {Key: "funding.reduction", Align: "right"},
		{Key: "fee.layer.net", Align: "right"}, {Key: "funding.state"}},
		Empty: Empty{Title: b.T("funding.settlements.empty"), Text: b.T("funding.settlements.empty.text")}}
	for _, x := range rows {
		name := cmp.Or(x.PersonName, x.CaseNo, b.T("funding.settlement"))
		tag := settlementTag(b, x.State)
		t.Rows = append(t.Rows, Cells(Cell{Text: name, Href: "/settlements/" + x.ID.String(), Nowrap: x.PersonName == ""}, CodeCell(x.CaseNo), TextCell(x.HospitalName), DateCell(x.SettledOn),
			MoneyCell(x.Bill), MoneyCell(x.Insurance()), MoneyCell(x.FundFen+x.Waiver), MoneyCell(x.Net), Cell{Tag: &tag}))
	}
	return approvalsView{Base: b, Table: t}
}

func settlementTag(b Base, s funding.SettlementState) Tag {
	kind := "ok"
	if s == funding.StateReversed {
		kind = "plain"
	}
	return Tag{Text: b.T(s.Label()), Kind: kind}
}

func toSettleView(b Base, list []funding.Treatment) approvalsView {
	b.Tabs = moneyTabs(b, "waiting", true)
	t := Table{Caption: b.T("funding.tab.waiting"), Columns: []Column{{Key: "funding.patient"}, {Key: "funding.case"}, {Key: "funding.treatment", Class: "grow"},
		{Key: "funding.hospital"}, {Key: "funding.discharged"}, {Key: "funding.action", Hidden: true, Class: "narrow"}},
		Empty: Empty{Title: b.T("funding.waiting.empty"), Text: b.T("funding.waiting.empty.text")}}
	for _, x := range list {
		t.Rows = append(t.Rows, Cells(LinkCell(x.PersonName, "/treatments/"+x.ID.String()), CodeCell(x.CaseNo), TextCell(treatmentName(b, x)),
			TextCell(x.HospitalName), DateCell(x.DischargedOn), ButtonCell(Button{Text: b.T("funding.settle"), Href: "/treatments/" + x.ID.String() + "/settlement/new"})))
	}
	return approvalsView{Base: b, Table: t}
}

// treatmentSettlement leads from a treatment to its settlement, or to the form.
func (s *Server) treatmentSettlement(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	found, err := s.d.Funding.SettlementOf(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	if found != ident.Nil {
		return seeOther(w, r, "/settlements/"+found.String())
	}
	return seeOther(w, r, "/treatments/"+id.String()+"/settlement/new")
}

// settleForm asks for the bill and its payers; each fund that reserved has its
// own line, filled with what was approved.
func settleForm(b Base, today clock.Date, v funding.SettleView) *Form {
	amount := func(name, key string, optional bool) Field {
		return Field{Name: name, LabelKey: key, Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Optional: optional}
	}
	fields := []Field{amount("bill", "funding.bill.final", false), {Name: "on", LabelKey: "funding.settled_on", Kind: KindDate, Width: 6},
		amount("basic", "fee.layer.basic", true), amount("critical", "fee.layer.critical", true), amount("assistance", "fee.layer.assistance", true),
		amount("other", "fee.layer.other", true)}
	fields[0].Focus = true
	for i, h := range v.Holds {
		x := amount("funds."+strconv.Itoa(i)+".amount", "funding.from_fund", true)
		x.HintKey, x.HintArgs, x.Break = "funding.from_fund.hint", errs.Args{"fund": h.FundName, "held": h.Amount}, i == 0
		fields = append(fields, x)
	}
	scope, deductible := amount("scope", "insurer.scope", true), amount("deductible", "insurer.deductible", true)
	scope.HintKey, scope.Break, deductible.HintKey = "insurer.scope.hint", true, "insurer.deductible.hint"
	net := amount("net", "fee.layer.net", false)
	net.HintKey = "funding.net.hint"
	fields = append(fields, amount("waiver", "fee.layer.hospital", true), net, scope, deductible)
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/treatments/" + v.Treatment.ID.String() + "/settlement"
	f.Put("on", today.String())
	for i, h := range v.Holds {
		f.Put("funds."+strconv.Itoa(i)+".amount", h.Amount.Plain())
	}
	if v.Approval.Waiver > 0 {
		f.Put("waiver", v.Approval.Waiver.Plain())
	}
	return f
}

func (s *Server) newSettle(r *http.Request, c *Call) (careForm, funding.SettleView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, funding.SettleView{}, err
	}
	v, err := s.d.Funding.SettleForm(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	s.section(c, "settlements")
	return newSettleView(c.Base, c.Today, v), v, nil
}

func newSettleView(b Base, today clock.Date, v funding.SettleView) careForm {
	b.Title = b.T("funding.settle")
	b.Crumbs = []Link{{Text: b.T("nav.settlements"), Href: "/settlements"}, {Text: treatmentName(b, v.Treatment), Href: "/treatments/" + v.Treatment.ID.String()}, {Text: b.Title}}
	b.Sub = treatmentSub(b, v.Treatment)
	p := careForm{Base: b, Form: settleForm(b, today, v), Facts: treatmentDefs(b, v.Treatment)}
	if v.Approval.ID != ident.Nil {
		p.Facts = append(p.Facts, Def{Label: b.T("funding.application"), Text: b.T(v.Approval.State.Label()) + " " + b.Yuan(v.Approval.Approved), Href: "/approvals/" + v.Approval.ID.String()})
	}
	if v.Treatment.Programme == procedure.Cataract {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("funding.free.title"), Text: b.T("funding.free.text")})
	}
	if v.Uncounted && v.Refusal == nil {
		p.Alerts = append(p.Alerts, Alert{Kind: "warn", Title: b.T("estimate.uncounted"), Text: b.T("estimate.uncounted.text"),
			Links: []Link{{Text: b.T("estimate.title"), Href: estimateHref(v.Treatment.ID)}}})
	}
	if v.Refusal != nil {
		p.WhyNot = fundingRefusal(b, v.Refusal)
	}
	return p
}

func (s *Server) settlePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newSettle(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "care/form", p.with(Button{Text: p.T("funding.settle.send")}, "/treatments/"+v.Treatment.ID.String()))
}

// readSettle reads the form; a fund left at nothing is no line. at says which
// row of the form a line of the request came from.
func readSettle(f *Form, v funding.SettleView) (in funding.Settle, at []int) {
	in = funding.Settle{Treatment: v.Treatment.ID, On: f.Date("on"), Settlement: fee.Settlement{Bill: f.Money("bill"), Basic: f.Money("basic"),
		Critical: f.Money("critical"), Assistance: f.Money("assistance"), Other: f.Money("other"), Waiver: f.Money("waiver"), Net: f.Money("net")}}
	in.Figures = fee.Figures{Known: f.Money("scope") > 0, Scope: f.Money("scope"), Deductible: f.Money("deductible")}
	for i, h := range v.Holds {
		if amount := f.Money("funds." + strconv.Itoa(i) + ".amount"); amount > 0 {
			in.Funds = append(in.Funds, fee.FundLine{Fund: h.Fund, Amount: amount})
			at = append(at, i)
		}
	}
	return in, at
}

func (s *Server) postSettle(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newSettle(r, c)
	if err != nil {
		return err
	}
	p.WhyNot = nil
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in, at := readSettle(p.Form, v)
	if p.Form.OK() {
		out, err := s.d.Funding.Settle(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, settledFlash(p.Base, in, v.Treatment.Programme, out))
			return seeOther(w, r, "/settlements/"+out.Settlement.String())
		}
		if err = refusedFunding(&p, onRows(err, at)); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.settle.send")}, "/treatments/"+v.Treatment.ID.String())
}

// settledFlash says what was paid, and what should be looked at again.
func settledFlash(b Base, in funding.Settle, programme procedure.Programme, out funding.Settled) Flash {
	for _, x := range in.Warnings(programme) {
		return Flash{Kind: "warn", Title: b.T("funding.settled.done"), Text: b.Say(x.Key(), x.Args)}
	}
	return Flash{Kind: "ok", Title: b.T("funding.settled.done"), Text: voucherText(b, out.Vouchers)}
}

// onRows moves the errors of fund lines to the rows of the form they came from.
func onRows(err error, at []int) error {
	e := errs.Of(err)
	if e.Kind != errs.Invalid {
		return err
	}
	moved := errs.Fields{}
	for _, x := range e.Fields {
		for line := len(at) - 1; line >= 0; line-- {
			if x.Path == "funds."+strconv.Itoa(line)+".amount" {
				x.Path = "funds." + strconv.Itoa(at[line]) + ".amount"
				break
			}
		}
		if x.Path == "reduction" {
			x.Path = "waiver"
		}
		moved = append(moved, x)
	}
	out := *e
	out.Fields = moved
	return &out
}

// settlementView is one settlement: who paid, and how the bill shrank.
type settlementView struct {
	Base
	Strips  []Strip
	Chart   ChartCard
	Lines   Table
	Defs    []Def
	Buttons []Button
}

func (s *Server) settlementPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Funding.Settlement(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	s.section(c, "settlements")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/settlement", newSettlementView(c.Base, v))
}

func newSettlementView(b Base, v funding.SettlementView) settlementView {
	name := v.PersonName
	if name == "" {
		name = b.T("funding.settlement")
	}
	b.Title = b.T("funding.settlement.title", "name", name, "bill", v.Bill)
	b.Crumbs = []Link{{Text: b.T("nav.settlements"), Href: "/settlements"}, {Text: v.CaseNo}}
	if v.CaseNo == "" {
		b.Crumbs[1].Text = v.SettledOn.String()
	}
	b.Sub = b.T("funding.settlement.by", "name", v.By, "day", v.SettledOn)
	tag := settlementTag(b, v.State)
	b.Badge = &tag
	side := sides(v.Sides).of(v.Hospital)
	p := settlementView{Base: b, Strips: []Strip{{Title: treatmentName(b, v.Treatment), Note: b.T("strip.settled", "on", v.SettledOn), Side: side, Place: v.HospitalName, Bill: v.Bill,
		Shares: shares(v.Settlement.Settlement)}}}
	sheet := b.T("funding.basis.sheet")
	p.Lines = Table{Caption: b.T("funding.funders"), Columns: []Column{{Key: "funding.funder", Class: "grow"}, {Key: "funding.amount.head", Align: "right"}, {Key: "funding.voucher.head"}},
		Empty: Empty{Title: b.T("funding.funders.empty")}}
	for _, l := range v.Lines {
		who, no := l.FundName, l.Voucher()
		if l.Fund == ident.Nil {
			who, no = b.T("funding.waiver.by", "hospital", v.HospitalName), "–"
		}
		p.Lines.Rows = append(p.Lines.Rows, Cells(TextCell(who), MoneyCell(l.Amount), CodeCell(no)))
	}
	p.Chart = waterfall(b, v.Settlement.Settlement, map[string]string{"bill": sheet, "basic": sheet, "critical": sheet, "assistance": sheet, "other": sheet,
		"fund": payingFunds(b, v.Lines), "hospital": v.HospitalName, "net": b.T("funding.basis.rest")}, "settlement")
	p.Defs = treatmentDefs(b, v.Treatment)
	p.Defs[0].Text = v.PersonName
	if v.CaseNo == "" {
		p.Defs = p.Defs[3:] // what a fund's own people may know
	}
	if v.Approval.ID != ident.Nil {
		p.Buttons = append(p.Buttons, Button{Text: b.T("funding.approval.open"), Href: "/approvals/" + v.Approval.ID.String()})
	}
	p.Buttons = append(p.Buttons, Button{Text: b.T("paper.print"), Icon: "printer", Href: "/settlements/" + v.ID.String() + "/form.pdf"})
	if v.MayReverse {
		p.Buttons = append(p.Buttons, Button{Text: b.T("funding.reverse"), Kind: "danger", Href: "/settlements/" + v.ID.String() + "/reverse"})
	}
	return p
}

func (s *Server) newReverse(r *http.Request, c *Call) (careForm, funding.SettlementView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, funding.SettlementView{}, err
	}
	v, err := s.d.Funding.Settlement(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	s.section(c, "settlements")
	b := c.Base
	b.Title, b.Sub = b.T("funding.reverse"), treatmentSub(b, v.Treatment)
	b.Crumbs = []Link{{Text: b.T("nav.settlements"), Href: "/settlements"}, {Text: v.CaseNo, Href: "/settlements/" + id.String()}, {Text: b.Title}}
	f := keyed(NewForm(b, c.Today, Field{Name: "reason", LabelKey: "funding.reverse.reason", HintKey: "funding.reverse.hint", Kind: KindArea, Rows: 3, Max: 500, Focus: true}))
	f.Action = "/settlements/" + id.String() + "/reverse"
	f.Hide("version", strconv.FormatInt(v.Version, 10))
	return careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("fee.layer.bill"), Text: v.Bill.String()}, {Label: b.T("funding.reduction"), Text: v.Reduction().String()},
		{Label: b.T("fee.layer.net"), Text: v.Net.String()}}}, v, nil
}

func (s *Server) reversePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newReverse(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.reverse"), Kind: "danger"}, "/settlements/"+v.ID.String())
}

func (s *Server) postReverse(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newReverse(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := funding.Reversal{Settlement: v.ID, Reason: p.Form.Text("reason"), Version: p.Form.Version()}
	if p.Form.OK() {
		out, err := s.d.Funding.Reverse(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.reversed.done"), Text: voucherText(c.Base, out.Vouchers)})
			return seeOther(w, r, "/treatments/"+v.Treatment.ID.String()+"/settlement/new")
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.reverse"), Kind: "danger"}, "/settlements/"+v.ID.String())
}

// payingFunds are the names of the funds that paid, one after another.
func payingFunds(b Base, lines []funding.SettlementLine) string {
	var names []string
	for _, l := range lines {
		if l.Fund != ident.Nil {
			names = append(names, l.FundName)
		}
	}
	return strings.Join(names, b.T("list.separator"))
}
