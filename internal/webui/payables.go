package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/paying"
)

// payRoutes declares the pages about paying out: what is owed, runs, accounts,
// recoveries.
func (s *Server) payRoutes(rt *router) {
	rt.get("/payables", authz.PayableRead, s.payablesPage)
	rt.get("/payables/{id}", authz.PayableRead, s.payablePage)
	s.payForm(rt, "/payables/{id}/card", authz.PayeeEdit, s.cardForm)
	s.payForm(rt, "/payables/{id}/recovery", authz.RecoveryEdit, s.findingForm)
	rt.get("/payments", authz.PayableRead, s.paymentsPage)
	s.payForm(rt, "/payments/{id}/receipt", authz.PayableReceipt, s.receiptForm)
	s.payForm(rt, "/payments/{id}/return", authz.PayoutPay, s.returnForm)
	rt.get("/payments/{id}/slip", authz.PayableRead, s.paySlip)
	rt.get("/pay-runs", authz.PayoutRead, s.payRunsPage)
	s.payForm(rt, "/pay-runs/new", authz.PayoutMake, s.newRunForm)
	rt.get("/pay-runs/{id}", authz.PayoutRead, s.payRunPage)
	rt.post("/pay-runs/{id}/approve", authz.PayoutApprove, s.approveRun)
	s.payForm(rt, "/pay-runs/{id}/cancel", authz.PayoutApprove, s.cancelRunForm)
	rt.post("/pay-runs/{id}/file/{format}", authz.PayoutPay, s.bankFile)
	s.payForm(rt, "/pay-runs/{id}/paid", authz.PayoutPay, s.paidForm)
	rt.get("/hospital-accounts", authz.PayeeRead, s.accountsOfHospitals)
	s.payForm(rt, "/hospital-accounts/new", authz.PayeeEdit, s.newAccountForm)
	s.payForm(rt, "/hospital-accounts/{id}", authz.PayeeApprove, s.decideAccountForm)
	rt.get("/recoveries", authz.RecoveryRead, s.recoveriesPage)
	rt.get("/recoveries/{id}", authz.RecoveryRead, s.recoveryPage)
	s.payForm(rt, "/recoveries/{id}/refund", authz.RecoveryEdit, s.refundForm)
	s.payForm(rt, "/recoveries/{id}/write-off", authz.RecoveryEdit, s.writeOffForm)
}

// payForm is a form about paying: Read takes the fields and gives back what to do
// with them, which answers with what to say and where to go on.
type payForm struct {
	careForm
	Save Button
	Back string
	Read func(f *Form) payAct
}

type payAct func(r *http.Request, key string) (Flash, string, error)

// payForm declares a form's page and its action at one address.
func (s *Server) payForm(rt *router, pattern string, perm authz.Permission, open func(*http.Request, *Call) (payForm, error)) {
	rt.get(pattern, perm, func(w http.ResponseWriter, r *http.Request, c *Call) error {
		p, err := open(r, c)
		if err != nil {
			return err
		}
		return s.showCareForm(w, r, p.careForm, p.Save, p.Back)
	})
	rt.post(pattern, perm, func(w http.ResponseWriter, r *http.Request, c *Call) error {
		p, err := open(r, c)
		if err != nil {
			return err
		}
		if err := p.Form.Read(r); err != nil {
			return err
		}
		if act := p.Read(p.Form); p.Form.OK() {
			say, to, err := act(r, requestKey(r))
			if err == nil {
				s.flash(r, say)
				return seeOther(w, r, to)
			}
			if err = refusedFunding(&p.careForm, err); err != nil {
				return err
			}
		}
		return s.showCareForm(w, r, p.careForm, p.Save, p.Back)
	})
}

// newPayForm is the frame of such a form.
func newPayForm(b Base, title string, back Link, f *Form) payForm {
	b.Title = b.T(title)
	b.Crumbs = []Link{{Text: b.T("nav.payables"), Href: "/payables"}, back, {Text: b.Title}}
	return payForm{careForm: careForm{Base: b, Form: keyed(f)}, Save: Button{Text: b.T(title)}, Back: back.Href}
}

func done(b Base, key string) Flash { return Flash{Kind: "ok", Title: b.T(key)} }

// payTabs lead between the lists about paying.
func (s *Server) payTabs(c *Call, current string) []Tab {
	var out []Tab
	for _, x := range []struct {
		id   string
		perm authz.Permission
	}{{"payables", authz.PayableRead}, {"payments", authz.PayableRead}, {"pay-runs", authz.PayoutRead}, {"recoveries", authz.RecoveryRead}, {"hospital-accounts", authz.PayeeRead}} {
		if s.can(c, x.perm) {
			out = append(out, Tab{Text: c.P.T("payout.tab." + x.id), Href: "/" + x.id, Current: x.id == current})
		}
	}
	return out
}

// payList is a list about paying.
type payList struct {
	Base
	Alerts []Alert
	Tables []Table
}

// payView is one payable, run or recovery: its facts, its tables, and what can be
// done with it.
type payView struct {
	Base
	Alerts  []Alert
	Facts   []Def
	Tables  []Table
	Buttons []Button
	Posts   []payPost
}

// payPost is a button that acts at once.
type payPost struct {
	Form   *Form
	Button Button
}

func (s *Server) payablesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	q := r.URL.Query()
	f := paying.PayableFilter{Fund: maybe(q.Get("fund")), Hospital: maybe(q.Get("hospital"))}
	v, err := s.d.Paying.Payables(r.Context(), c.Who, f, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "payables")
	b := c.Base
	b.Tabs = s.payTabs(c, "payables")
	p := newPayables(b, v, c.Today)
	p.Tables[1].Pager = NewPager(r.URL, v.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/list", p)
}

// maybe reads an id of a link; a malformed one narrows to nothing on purpose.
func maybe(text string) ident.ID {
	id, err := ident.Parse(text)
	if err != nil && text != "" {
		return ident.New()
	}
	return id
}

func newPayables(b Base, v paying.Owed, today clock.Date) payList {
	b.Title, b.Sub = b.T("nav.payables"), b.T("payout.payables.sub")
	if v.MayMake {
		b.Actions = []Button{{Text: b.T("payout.run.new"), Kind: "primary", Icon: "plus", Href: "/pay-runs/new"}}
	}
	sums := Table{Caption: b.T("payout.sums"), Note: b.T("strip.unit"), Columns: []Column{{Key: "funding.hospital", Class: "grow"}, {Key: "payout.col.fund", Class: "grow"},
		{Key: "payout.col.count", Align: "right", Class: "roomy"}, {Key: "funding.amount.head", Align: "right"}, {Key: "payout.col.oldest", Align: "right"}},
		Empty: Empty{Title: b.T("payout.empty"), Text: b.T("payout.empty.text")}}
	var all money.Fen
	n := 0
	for _, x := range v.Sums {
		all, n = all+x.Amount, n+x.Count
		sums.Rows = append(sums.Rows, Cells(LinkCell(x.HospitalName, "/payables?hospital="+x.Hospital.String()+"&fund="+x.Fund.String()), TextCell(x.FundName), TextCell(number(x.Count)),
			MoneyCell(x.Amount), TextCell(b.T("payout.days", "n", today.DaysSince(x.Oldest)))))
	}
	if len(v.Sums) > 1 {
		total := Cells(TextCell(b.T("report.total")), TextCell(""), TextCell(number(n)), MoneyCell(all), TextCell(""))
		total.Total = true
		sums.Rows = append(sums.Rows, total)
	}
	t := Table{Caption: b.T("payout.each"), Columns: []Column{{Key: "funding.case"}, {Key: "funding.patient"}, {Key: "payout.col.payee", Class: "roomy"}, {Key: "payout.col.fund", Class: "grow roomy"},
		{Key: "payout.col.settled", Class: "roomy"}, {Key: "payout.col.age", Align: "right", Class: "roomy"}, {Key: "funding.amount.head", Align: "right"}, {Key: "payout.col.ready"}},
		Empty: Empty{Title: b.T("payout.empty"), Text: b.T("payout.empty.text")}}
	for _, x := range v.Rows {
		case_, payee := x.CaseNo, Cell{Text: x.HospitalName}
		if case_ == "" {
			case_ = fund.VoucherNo(x.Kind, x.ID)
		}
		if x.Payee() == payout.Person {
			payee = Cell{Text: b.T(x.Payee().Label()), Sub: x.HospitalName}
		}
		ready := TagCell("ok", b.T("payout.ready"))
		if !x.Ready {
			ready = TagCell("warn", b.T("payout.unready."+string(x.Payee())))
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: case_, Href: "/payables/" + x.ID.String(), Sub: fund.VoucherNo(x.Kind, x.ID), Nowrap: true}, TextCell(orDash(x.PersonName)), payee,
			TextCell(x.FundName), Cell{Text: b.Day(x.On), Nowrap: true}, Cell{Text: b.T("payout.days", "n", today.DaysSince(x.On)), Nowrap: true}, MoneyCell(x.Amount), ready))
	}
	if !v.MayCard && !v.MayMake { // who only reads does not see whether an account is known
		t.Columns = t.Columns[:7]
		for i := range t.Rows {
			t.Rows[i].Cells = t.Rows[i].Cells[:7]
		}
	}
	return payList{Base: b, Tables: []Table{sums, t}}
}

func (s *Server) payablePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Paying.Payable(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	s.section(c, "payables")
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/view", newPayable(c.Base, v))
}

func newPayable(b Base, v paying.PayableView) payView {
	b.Title = b.T("payout.payable", "no", fund.VoucherNo(v.Kind, v.ID))
	b.Crumbs = []Link{{Text: b.T("nav.payables"), Href: "/payables"}, {Text: b.Title}}
	p := payView{Base: b, Facts: []Def{{Label: b.T("funding.case"), Text: orDash(v.CaseNo)}, {Label: b.T("funding.patient"), Text: orDash(v.PersonName)},
		{Label: b.T("funding.hospital"), Text: v.HospitalName}, {Label: b.T("payout.col.fund"), Text: v.FundName}, {Label: b.T("payout.col.payee"), Text: b.T(v.Payee().Label())},
		{Label: b.T("funding.amount.head"), Text: v.Amount.String()}, {Label: b.T("payout.col.settled"), Text: b.Day(v.On)}}}
	if v.HasCard {
		p.Facts = append(p.Facts, Def{Label: b.T("payout.card"), Text: v.Card.Holder + " " + b.T(v.Card.Relation.Label()) + " " + v.Card.Bank + " " + masked(v.Card.Last4)})
		if v.Card.Note != "" {
			p.Facts = append(p.Facts, Def{Label: b.T("payout.card.note"), Text: v.Card.Note})
		}
	}
	at := "/payables/" + v.ID.String()
	if v.MayCard {
		p.Buttons = append(p.Buttons, Button{Text: b.T("payout.card.enter"), Kind: "primary", Href: at + "/card"})
	}
	paid := false
	for _, l := range v.Lines {
		paid = paid || l.State == payout.LinePaid
	}
	if v.MayRecover && paid {
		p.Buttons = append(p.Buttons, Button{Text: b.T("payout.finding"), Href: at + "/recovery"})
	}
	p.Tables = []Table{payTable(b, v.Lines, false)}
	return p
}

// masked is a number of which only the end may be seen.
func masked(last4 string) string { return "**** " + last4 }

// payTable lists payments; numbered is for a run, where the order is that of the
// bank's file.
func payTable(b Base, lines []paying.Line, numbered bool) Table {
	t := Table{Caption: b.T("payout.lines"), Columns: []Column{{Key: "payout.col.no"}, {Key: "funding.case"}, {Key: "payout.col.holder", Class: "grow"}, {Key: "funding.amount.head", Align: "right"},
		{Key: "funding.state"}, {Key: "funding.voucher.head"}, {Key: "payout.col.receipt"}, {Key: "funding.action", Hidden: true, Class: "narrow"}},
		Empty: Empty{Title: b.T("payout.lines.empty"), Text: b.T("payout.lines.empty.text")}}
	if numbered {
		t.Columns[0].Key, t.Columns[0].Class = "payout.col.line", "narrow"
	}
	for _, l := range lines {
		kind := map[payout.LineState]string{payout.LineLive: "warn", payout.LinePaid: "ok", payout.LineReturned: "error"}[l.State]
		no := Cell{Text: orDash(l.RunNo), Nowrap: true} // a hospital does not see the runs
		if numbered {
			no = TextCell(strconv.Itoa(l.No))
		}
		voucher, receipt, act := CodeCell(orDash(l.Voucher())), Cell{Text: orDash(l.ReceiptNo)}, TextCell("")
		if !l.ReceiptOn.IsZero() {
			receipt.Sub = l.ReceiptOn.String()
		}
		amount, state := MoneyCell(l.Amount), TagCell(kind, b.T(l.State.Label()))
		if l.Offset != 0 {
			amount.Sub = b.T("payout.kept", "amount", l.Offset)
		}
		switch l.State {
		case payout.LinePaid:
			state.Sub = l.PaidOn.String()
			act = ButtonCell(Button{Text: b.T("payout.slip"), Kind: "text", Href: "/payments/" + l.ID.String() + "/slip"})
		case payout.LineReturned:
			state.Sub = l.ReturnOn.String() + " " + l.Why
		}
		t.Rows = append(t.Rows, Cells(no, Cell{Text: orDash(l.CaseNo), Sub: l.PersonName, Nowrap: true}, Cell{Text: l.Holder, Sub: l.Bank + " " + masked(l.Last4)}, amount, state, voucher, receipt, act))
	}
	return t
}

func (s *Server) paymentsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	q := r.URL.Query()
	list, err := s.d.Paying.Payments(r.Context(), c.Who, paying.PayableFilter{Fund: maybe(q.Get("fund")), Hospital: maybe(q.Get("hospital"))}, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "payables")
	b := c.Base
	b.Tabs = s.payTabs(c, "payments")
	p := newPayments(b, list, s.can(c, authz.PayableReceipt), s.can(c, authz.PayoutPay))
	p.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/list", p)
}

func newPayments(b Base, list page.Result[paying.Line], receipts, returns bool) payList {
	b.Title, b.Sub = b.T("payout.tab.payments"), b.T("payout.payments.sub")
	t := payTable(b, list.Rows, false)
	payActions(b, &t, list.Rows, receipts, returns)
	return payList{Base: b, Tables: []Table{t}}
}

// payActions puts the steps a payment allows beside it.
func payActions(b Base, t *Table, lines []paying.Line, receipts, returns bool) {
	for i, l := range lines {
		if l.State != payout.LinePaid {
			continue
		}
		at, last := "/payments/"+l.ID.String(), len(t.Rows[i].Cells)-1
		if receipts && l.ReceiptNo == "" {
			t.Rows[i].Cells[last-1] = ButtonCell(Button{Text: b.T("payout.receipt"), Href: at + "/receipt"})
		}
		if returns {
			t.Rows[i].Cells = append(t.Rows[i].Cells, ButtonCell(Button{Text: b.T("payout.return"), Kind: "text", Href: at + "/return"}))
		}
	}
	if !returns {
		return
	}
	t.Columns = append(t.Columns, Column{Key: "payout.return", Hidden: true, Class: "narrow"})
	for i := range t.Rows {
		if len(t.Rows[i].Cells) < len(t.Columns) {
			t.Rows[i].Cells = append(t.Rows[i].Cells, TextCell(""))
		}
	}
}
