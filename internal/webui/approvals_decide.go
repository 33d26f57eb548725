package webui

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// approvalPage is one application: the facts, the sum, the decision.
type approvalPage struct {
	Base
	Facts    *Checks
	Chart    ChartCard
	Defs     []Def
	Lines    Table
	Decision *Decision
	Bars     []FundBar
	Legend   []BarPart
	WhyNot   *WhyNot
	Alerts   []Alert
	Tables   []Table // signatures, what was signed, appeals, funds
	Buttons  []Button
	Withdraw *Form
	Publish  *Form // the answer to being named in public
	Answers  []Button
}

// decisionNow is what the page depends on beside the application.
type decisionNow struct {
	today clock.Date
	at    time.Time
}

func (s *Server) readApproval(r *http.Request, c *Call) (funding.ApprovalView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return funding.ApprovalView{}, err
	}
	s.section(c, "approvals")
	return s.d.Funding.Approval(r.Context(), c.Who, id)
}

func (s *Server) approvalPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readApproval(r, c)
	if err != nil {
		return err
	}
	p := newApprovalPage(c.Base, v, decisionNow{c.Today, s.d.Clock.Now()})
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/approval", p)
}

// decideApproval answers the application; a refusal of a rule shows the page
// again with the card that says what would work.
func (s *Server) decideApproval(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readApproval(r, c)
	if err != nil {
		return err
	}
	p := newApprovalPage(c.Base, v, decisionNow{c.Today, s.d.Clock.Now()})
	if p.Decision == nil { // somebody was faster
		return errs.New(errs.Stale, "error.stale", nil)
	}
	f := p.Decision.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := funding.Decision{Approval: v.ID, Decision: fund.Decision(r.PostFormValue("decision")), Opinion: f.Text("opinion"), Relation: fund.Relation(r.PostFormValue("relation")), Version: f.Version()}
	if v.MayDecide && in.Decision == fund.DecideApprove {
		// For the service no amount means all that was asked for; a typed nought does not.
		if in.Amount = f.Money("amount"); in.Amount == 0 && f.OK() {
			f.Fail("amount", "error.fund.amount")
		}
	}
	if f.OK() {
		out, err := s.d.Funding.Decide(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T(decidedKey(in.Decision, out)), Text: voucherText(c.Base, out.Vouchers)})
			return seeOther(w, r, "/approvals/"+v.ID.String())
		}
		if err = f.Merge(err); err != nil {
			if p.WhyNot = fundingRefusal(p.Base, err); p.WhyNot == nil {
				return err
			}
		}
	}
	return s.d.Engine.Render(w, r, http.StatusUnprocessableEntity, "funding/approval", p)
}

// decidedKey names what a decision led to.
func decidedKey(d fund.Decision, out funding.Decided) string {
	switch {
	case out.Away:
		return "funding.decided.away"
	case out.Waiting:
		return "funding.decided.signed"
	}
	return "funding.decided." + string(d)
}

func newApprovalPage(b Base, v funding.ApprovalView, now decisionNow) approvalPage {
	name := v.PersonName
	if name == "" {
		name = b.T("funding.application")
	}
	no := v.CaseNo
	if no == "" {
		no = v.ID.String()[:8]
	}
	b.Title = b.T("funding.approval.title", "name", name, "amount", v.Requested)
	b.Crumbs = []Link{{Text: b.T("nav.approvals"), Href: "/approvals"}, {Text: no}}
	b.Sub = approvalSub(b, v, now)
	tag := approvalTag(b, v.State)
	b.Badge = &tag
	p := approvalPage{Base: b, Defs: approvalDefs(b, v, now), Lines: approvalLines(b, v)}
	p.Chart = waterfall(b, v.Estimate(), approvalBasis(b, v), "approval")
	if len(v.Checks) > 0 {
		p.Facts = approvalChecks(b, v.Checks)
	}
	p.Buttons = approvalButtons(b, v)
	if t := paidByTable(b, v); t != nil {
		p.Tables = append(p.Tables, *t)
	}
	p.more(v)
	p.decision(v, now)
	if v.MayWithdraw {
		p.Withdraw = keyed(NewForm(b, now.today))
		p.Withdraw.Hide("version", strconv.FormatInt(v.Version, 10))
		p.Withdraw.ID, p.Withdraw.Action = "withdraw", "/approvals/"+v.ID.String()+"/withdraw"
	}
	if v.MayConsent {
		p.publication(v, now)
	}
	if v.MayDecide && v.Blocked != nil {
		p.WhyNot = fundingRefusal(b, v.Blocked)
		if p.WhyNot != nil && errs.Of(v.Blocked).Rule == "fund.two_approvers" { // right after one's own signature that is no failure
			p.WhyNot.Title = b.T("funding.signed.first")
		}
	}
	neighbours(&p, v)
	return p
}

// publication offers what the patient can answer to being named in public. None of
// it changes the reduction, and the card says so.
func (p *approvalPage) publication(v funding.ApprovalView, now decisionNow) {
	p.Publish = keyed(NewForm(p.Base, now.today))
	p.Publish.ID, p.Publish.Action = "publication", "/approvals/"+v.ID.String()+"/publication"
	for _, x := range notice.Publications() {
		if _, err := v.Publication.Answer(x); err == nil && x != v.Publication {
			p.Answers = append(p.Answers, Button{Text: p.T("notice.publication.do." + string(x)), Name: "publication", Value: string(x)})
		}
	}
}

func approvalSub(b Base, v funding.ApprovalView, now decisionNow) string {
	var out []string
	if v.Sex != "" {
		out = append(out, identity(b, v.Sex, v.Birth, now.today))
	}
	if v.Paper.Last4 != "" {
		out = append(out, MaskID(v.Paper.Last4))
	}
	out = append(out, planText(b, v.Approval), v.HospitalName)
	if v.State == fund.ApprovalRequested {
		out = append(out, waited(b, now.at.Sub(v.RequestedAt)))
	}
	return strings.Join(out, " · ")
}

func approvalDefs(b Base, v funding.ApprovalView, now decisionNow) []Def {
	hospital := Def{Label: b.T("funding.hospital"), HTML: b.Place(sides(v.Sides).of(v.Approval.Hospital), v.HospitalName)}
	out := []Def{{Label: b.T("funding.treatment"), Text: planText(b, v.Approval)}, hospital}
	if v.CaseNo != "" {
		out[0].Href = "/treatments/" + v.Treatment.ID.String()
		out = append(out, Def{Label: b.T("funding.case"), Text: v.CaseNo, Href: "/cases/" + v.Approval.Case.String()})
	}
	out = append(out, Def{Label: b.T("funding.requester"), Text: v.Requester + " " + instant(v.RequestedAt)}, Def{Label: b.T("funding.reason"), Text: orDash(v.Reason)})
	if v.Eye != "" {
		out = append(out, Def{Label: b.T("funding.eye"), Text: b.T(v.Eye.EyeLabel())})
	}
	out = append(out, Def{Label: b.T("notice.publication"), Text: b.T(v.Publication.Label())})
	if v.Decider != "" {
		out = append(out, Def{Label: b.T("funding.decider"), Text: v.Decider + " " + instant(v.DecidedAt)})
	}
	if v.Opinion != "" {
		out = append(out, Def{Label: b.T("funding.opinion"), Text: v.Opinion})
	}
	return out
}

func approvalLines(b Base, v funding.ApprovalView) Table {
	t := Table{Caption: b.T("funding.lines"), Columns: []Column{{Key: "funding.fund", Class: "grow"}, {Key: "funding.amount.head", Align: "right"},
		{Key: "funding.hold"}, {Key: "funding.voucher.head"}}}
	for _, l := range v.Lines {
		no, state := "–", Cell{Text: "–"}
		if l.Transfer != ident.Nil {
			no = l.Voucher()
			kind := map[fund.HoldState]string{fund.HoldOpen: "info", fund.HoldCommitted: "ok"}[l.Hold]
			state = Cell{Tag: &Tag{Text: b.T(l.Hold.Label()), Kind: kind}}
		}
		t.Rows = append(t.Rows, Cells(TextCell(l.FundName), MoneyCell(l.Amount), state, CodeCell(no)))
	}
	return t
}

// paidByTable names the deposits that pay a reduction, and how much of it is
// common money; nil when no deposit with a purpose does.
func paidByTable(b Base, v funding.ApprovalView) *Table {
	if len(v.Deposits) == 0 {
		return nil
	}
	t := Table{Caption: b.T("funding.paidby"), Columns: []Column{{Key: "funding.deposit.note", Class: "grow"}, {Key: "funding.deposit.for"}, {Key: "funding.fund"},
		{Key: "funding.amount.head", Align: "right"}}}
	for _, l := range v.Granted() {
		common := l.Amount
		for _, d := range v.Deposits {
			if d.Fund == l.Fund {
				t.Rows = append(t.Rows, Cells(LinkCell(d.Note, "/fund-deposits/"+d.ID.String()), TextCell(earmarkText(b, d.Earmark, nil)), TextCell(l.FundName), MoneyCell(d.Paid)))
				common -= d.Paid
			}
		}
		if common > 0 && common < l.Amount {
			t.Rows = append(t.Rows, Cells(TextCell(b.T("funding.paidby.common")), TextCell(""), TextCell(l.FundName), MoneyCell(common)))
		}
	}
	return &t
}

func approvalBasis(b Base, v funding.ApprovalView) map[string]string {
	names := ""
	for i, l := range v.Granted() {
		if i > 0 {
			names += b.T("list.separator")
		}
		names += l.FundName
	}
	estimate := b.T("funding.basis.estimate")
	return map[string]string{"bill": estimate, "basic": estimate, "critical": estimate, "assistance": estimate, "fund": names, "hospital": v.HospitalName,
		"net": b.T("funding.basis.rest")}
}

func approvalChecks(b Base, list []funding.Check) *Checks {
	c := &Checks{Title: b.T("funding.checks"), Columns: 2, Summary: &Tag{Kind: "ok", Text: b.T("funding.checks.all", "n", len(list))}}
	bad, warn := 0, 0
	for _, x := range list {
		c.Items = append(c.Items, Check{State: x.State, Text: b.Say(x.Key, x.Args)})
		switch x.State {
		case "error":
			bad++
		case "warn":
			warn++
		}
	}
	if bad > 0 {
		c.Summary = &Tag{Kind: "error", Text: b.T("funding.checks.bad", "n", bad)}
	} else if warn > 0 {
		c.Summary = &Tag{Kind: "warn", Text: b.T("funding.checks.warn", "n", warn)}
	}
	return c
}

func approvalButtons(b Base, v funding.ApprovalView) []Button {
	var out []Button
	if v.State == fund.ApprovalApproved {
		out = append(out, Button{Text: b.T("funding.print"), Icon: "printer", Href: "/approvals/" + v.ID.String() + "/print"},
			Button{Text: b.T("paper.pdf"), Href: "/approvals/" + v.ID.String() + "/form.pdf"})
	}
	if v.Settled {
		out = append(out, Button{Text: b.T("funding.settlement.open"), Href: "/settlements/" + v.Settlement.ID.String()})
	} else if v.MaySettle {
		out = append(out, Button{Text: b.T("funding.settle"), Kind: "primary", Href: "/treatments/" + v.Treatment.ID.String() + "/settlement/new"})
	}
	return out
}

// decision fills the card of the three answers, or of the one that takes an
// approval back, and the fund's bars before and after.
func (p *approvalPage) decision(v funding.ApprovalView, now decisionNow) {
	b := p.Base
	opinion := Field{Name: "opinion", LabelKey: "funding.opinion", Placeholder: "funding.opinion.example", Kind: KindArea, Rows: 2, Max: 500, Optional: true}
	switch {
	case v.MayDecide:
		f := keyed(NewForm(b, now.today, Field{Name: "amount", LabelKey: "funding.approve.amount", HintKey: "funding.approve.hint",
			HintArgs: errs.Args{"requested": v.Requested}, Kind: KindMoney, Suffix: "unit.yuan"}, relationField(), opinion))
		f.ID, f.Action = "decide", "/approvals/"+v.ID.String()+"/decide"
		f.Put("amount", v.Requested.Plain()).Hide("version", strconv.FormatInt(v.Version, 10))
		answer := func(d fund.Decision, kind, icon string) Button {
			return Button{Text: b.T(d.Label()), Kind: kind, Icon: icon, Name: "decision", Value: string(d)}
		}
		p.Decision = &Decision{Title: b.T("funding.decision"), Form: f, Fields: []string{"amount", "relation", "opinion"},
			Buttons: []Button{answer(fund.DecideApprove, "primary", "check"), answer(fund.DecideReturn, "", ""), answer(fund.DecideRefuse, "danger", "")},
			Note:    b.T("funding.decision.note")}
		if need, have := v.Needs(), v.Signed(); need > 1 {
			p.Decision.Step = &Tag{Text: b.T("funding.decision.step", "n", have+1, "of", need), Kind: "info"}
			if need-have > 1 {
				p.Decision.Note = b.T("funding.decision.note.first")
			}
		}
		for _, l := range v.Lines {
			p.Bars = append(p.Bars, fundBars(b, v, l)...)
		}
		p.Legend = barParts(b, fund.Balances{Available: 1, Reserved: 1, Committed: 1}, 1)
	case v.MayUphold:
		opinion.Placeholder, opinion.Optional = "", false
		f := keyed(NewForm(b, now.today, relationField(), opinion))
		f.ID, f.Action = "decide", "/approvals/"+v.ID.String()+"/decide"
		f.Hide("version", strconv.FormatInt(v.Version, 10))
		p.Decision = &Decision{Title: b.T(fund.LapseOpen.Label()), Form: f, Fields: []string{"relation", "opinion"}, Buttons: []Button{
			{Text: b.T(fund.DecideUphold.Label()), Kind: "primary", Icon: "check", Name: "decision", Value: string(fund.DecideUphold)},
			{Text: b.T(fund.DecideRevoke.Label()), Kind: "danger", Name: "decision", Value: string(fund.DecideRevoke)}}, Note: b.T("funding.revoke.note")}
	case v.MayRevoke:
		opinion.LabelKey, opinion.Placeholder, opinion.Optional = "funding.revoke.reason", "", false
		f := keyed(NewForm(b, now.today, opinion))
		f.ID, f.Action = "decide", "/approvals/"+v.ID.String()+"/decide"
		f.Hide("version", strconv.FormatInt(v.Version, 10))
		p.Decision = &Decision{Title: b.T("fund.decision.revoke"), Form: f, Fields: []string{"opinion"},
			Buttons: []Button{{Text: b.T("fund.decision.revoke"), Kind: "danger", Name: "decision", Value: string(fund.DecideRevoke)}}, Note: b.T("funding.revoke.note")}
	}
}

// fundBars are one fund before and after its line is approved.
func fundBars(b Base, v funding.ApprovalView, l funding.ApprovalLine) []FundBar {
	before, after := v.After(l)
	book := v.Books[l.Fund].Balances
	now := FundBar{Label: b.T("funding.before", "fund", l.FundName), Amount: before, Parts: barParts(b, book, 0)}
	if after < 0 {
		return []FundBar{now}
	}
	book.Available = after
	return []FundBar{now, {Label: b.T("funding.after"), Amount: after, Parts: barParts(b, book, l.Amount)}}
}

func barParts(b Base, x fund.Balances, this money.Fen) []BarPart {
	return []BarPart{{Class: "committed", Text: b.T("fund.account.committed"), Amount: x.Spent()}, {Class: "reserved", Text: b.T("fund.account.reserved"), Amount: x.Reserved},
		{Class: "this", Text: b.T("funding.this"), Amount: this}, {Class: "free", Text: b.T("fund.account.available"), Amount: x.Available}}
}

// neighbours leads to the requests before and after in the queue.
func neighbours(p *approvalPage, v funding.ApprovalView) {
	if v.Place.Position > 0 {
		p.Base.Sub += " · " + p.T("funding.position", "at", v.Place.Position, "of", v.Place.Of)
	}
	if v.Place.Previous != ident.Nil {
		p.Base.Actions = append(p.Base.Actions, Button{Text: p.T("funding.previous"), Key: "k", Href: "/approvals/" + v.Place.Previous.String()})
	}
	if v.Place.Next != ident.Nil {
		p.Base.Actions = append(p.Base.Actions, Button{Text: p.T("funding.next"), Key: "j", Href: "/approvals/" + v.Place.Next.String()})
	}
}

// printPage is the paper form of an application (减免审批表).
type printPage struct {
	Base
	V        funding.ApprovalView
	No       string
	Name     string
	Sex      string
	Age      string
	Document string
	Phone    string
	Address  string
	Category string
	Plan     string
	Surgeon  string
	Left     string
	Rows     []printRow
	Net      string
	Total    string
	NetText  string
	SumText  string
	Vouchers string
	Asked    string
	Decided  string
	Today    string
	Printed  string
	By       string
	Code     string
	QR       string // path data of the code, in a square of QRSize units
	QRSize   int
}

// printed is an application with what its print adds.
type printed struct {
	funding.ApprovalView
	mark funding.Issued
	by   string
	now  decisionNow
}

// printRow is one line of the sum on paper.
type printRow struct {
	No                        int
	Name, Basis, Amount, Left string
}

func (s *Server) approvalPrint(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, mark, err := s.d.Funding.PrintApproval(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	p := newPrintPage(c.Base, printed{v, mark, s.printedBy(c), decisionNow{c.Today, s.d.Clock.Now()}})
	if p.QR, p.QRSize, err = printout.QRPath(mark.Token); err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/print", p)
}

func newPrintPage(b Base, x printed) printPage {
	v, now := x.ApprovalView, x.now
	b.Layout, b.Title = "print", b.T("funding.print.title")
	sum := v.Sum()
	p := printPage{Base: b, V: v, No: v.CaseNo, Name: v.PersonName, Document: MaskID(v.Paper.Last4), Phone: MaskPhone(v.Paper.PhoneLast4),
		Address: v.Paper.Township + v.Paper.Village + v.Paper.Address, Plan: planText(b, v.Approval), Surgeon: v.Paper.Surgeon,
		Left: v.Treatment.DischargedOn.String(), Net: sum.Net.String(), Total: sum.Reduction().String(), NetText: capital(b, sum.Net),
		SumText: capital(b, sum.Reduction()), Today: b.Day(now.today), Printed: instant(now.at), By: x.by, Code: x.mark.Code, Asked: b.Day(clock.DateOf(v.RequestedAt.In(clock.Shanghai)))}
	if v.Sex != "" {
		p.Sex = b.T(v.Sex.Key())
	}
	if !v.Birth.IsZero() {
		p.Age = b.T("care.age", "n", v.Birth.AgeOn(now.today))
	}
	if v.Treatment.Category != "" {
		p.Category = b.T(v.Treatment.Category.Key())
	}
	if v.Paper.Visiting {
		p.Surgeon = b.T("funding.visiting", "name", p.Surgeon)
	}
	if !v.DecidedAt.IsZero() {
		p.Decided = b.Day(clock.DateOf(v.DecidedAt.In(clock.Shanghai)))
	}
	for i, x := range v.Vouchers() {
		if i > 0 {
			p.Vouchers += b.T("list.separator")
		}
		p.Vouchers += x.No
	}
	p.Rows = printRows(b, sum, approvalBasis(b, v), v.Settled)
	return p
}

func printRows(b Base, sum fee.Settlement, basis map[string]string, settled bool) []printRow {
	if settled {
		basis = settledBasis(b, basis)
	}
	var out []printRow
	for i, l := range printout.Lines(b.P, sum, basis) {
		out = append(out, printRow{i + 1, l.Name, l.Basis, l.Amount.String(), l.Left.String()})
	}
	return out
}
