package webui

import (
	"encoding/hex"
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/printout"
	"github.com/shanhai-health/shanhai/internal/service/paying"
)

func runTag(b Base, s payout.RunState) Tag {
	kind := map[payout.RunState]string{payout.Draft: "warn", payout.Approved: "info", payout.Filed: "info", payout.Paid: "ok", payout.Cancelled: "plain"}[s]
	return Tag{Text: b.T(s.Label()), Kind: kind}
}

func (s *Server) payRunsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Paying.Runs(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "payables")
	b := c.Base
	b.Tabs = s.payTabs(c, "pay-runs")
	p := newPayRuns(b, list, s.can(c, authz.PayoutMake))
	p.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/list", p)
}

func newPayRuns(b Base, list page.Result[paying.Run], makes bool) payList {
	b.Title, b.Sub = b.T("payout.tab.pay-runs"), b.T("payout.runs.sub")
	if makes {
		b.Actions = []Button{{Text: b.T("payout.run.new"), Kind: "primary", Icon: "plus", Href: "/pay-runs/new"}}
	}
	t := Table{Caption: b.Title, Columns: []Column{{Key: "payout.col.run"}, {Key: "payout.col.fund", Class: "grow"}, {Key: "funding.hospital", Class: "grow"}, {Key: "payout.col.up_to"},
		{Key: "payout.col.count", Align: "right"}, {Key: "payout.col.transferred", Align: "right"}, {Key: "funding.state"}, {Key: "payout.col.paid"}},
		Empty: Empty{Title: b.T("payout.runs.empty"), Text: b.T("payout.runs.empty.text")}}
	for _, x := range list.Rows {
		where, paid := x.HospitalName, TextCell("–")
		if where == "" {
			where = b.T("payout.all_hospitals")
		}
		if x.State == payout.Paid {
			paid = Cell{Text: x.PaidOn.String(), Sub: x.BankRef, Nowrap: true}
		}
		tag := runTag(b, x.State)
		t.Rows = append(t.Rows, Cells(Cell{Text: x.No, Href: "/pay-runs/" + x.ID.String(), Sub: x.MakerName, Nowrap: true}, TextCell(x.FundName), TextCell(where), Cell{Text: x.UpTo.String(), Nowrap: true},
			TextCell(number(x.Lines)), MoneyCell(x.Transferred()), Cell{Tag: &tag}, paid))
	}
	return payList{Base: b, Tables: []Table{t}}
}

func newRunForm(b Base, today clock.Date, funds, hospitals []Option) payForm {
	p := newPayForm(b, "payout.run.new", Link{Text: b.T("payout.tab.pay-runs"), Href: "/pay-runs"}, NewForm(b, today,
		Field{Name: "fund", LabelKey: "payout.col.fund", Kind: KindSelect, Options: funds, Blank: "form.pick", Width: 6},
		Field{Name: "hospital", LabelKey: "funding.hospital", Kind: KindSelect, Options: hospitals, Blank: "payout.all_hospitals", Optional: true, Width: 6},
		Field{Name: "up_to", LabelKey: "payout.run.up_to", HintKey: "payout.run.hint", Kind: KindDate, Width: 6}))
	p.Form.Put("up_to", today.String())
	p.Form.Action = "/pay-runs/new"
	return p
}

func (s *Server) newRunForm(r *http.Request, c *Call) (payForm, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.PayoutMake)
	if err != nil {
		return payForm{}, err
	}
	all, err := s.d.Funding.Funds(r.Context(), c.Who)
	if err != nil {
		return payForm{}, err
	}
	var funds []Option
	for _, f := range all {
		funds = append(funds, Option{Value: f.ID.String(), Text: f.Name, Sub: f.Code})
	}
	s.section(c, "payables")
	p := newRunForm(c.Base, c.Today, funds, hospitals)
	p.Read = func(f *Form) payAct {
		in := paying.NewRun{Fund: f.IDOf("fund"), Hospital: offered(f, "hospital"), UpTo: f.Date("up_to")}
		return func(r *http.Request, key string) (Flash, string, error) {
			m, err := s.d.Paying.MakeRun(r.Context(), c.Who, in, key)
			say := Flash{Kind: "ok", Title: c.P.T("payout.run.made", "n", m.Lines, "amount", m.Amount)}
			if m.Unready > 0 {
				say = Flash{Kind: "warn", Title: say.Title, Text: c.P.T("payout.run.unready", "n", m.Unready)}
			}
			return say, "/pay-runs/" + m.Run.String(), err
		}
	}
	return p, nil
}

func (s *Server) payRunPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, v, err := theFirst(r, func(id ident.ID) (paying.RunView, error) { return s.d.Paying.RunOf(r.Context(), c.Who, id) })
	if err != nil {
		return err
	}
	s.section(c, "payables")
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/view", newPayRun(c.Base, v, c.Today))
}

func newPayRun(b Base, v paying.RunView, today clock.Date) payView {
	b.Title, b.Sub = b.T("payout.run.title", "no", v.No), b.T("payout.run.sub", "fund", v.FundName, "day", v.UpTo)
	b.Crumbs = []Link{{Text: b.T("nav.payables"), Href: "/payables"}, {Text: b.T("payout.tab.pay-runs"), Href: "/pay-runs"}, {Text: v.No}}
	tag := runTag(b, v.State)
	b.Badge = &tag
	p := payView{Base: b, Facts: []Def{{Label: b.T("payout.col.count"), Text: number(v.Lines)}, {Label: b.T("funding.amount.head"), Text: v.Amount.String()},
		{Label: b.T("payout.col.offset"), Text: v.Offset.String()}, {Label: b.T("payout.col.transferred"), Text: v.Transferred().String()}, {Label: b.T("payout.maker"), Text: v.MakerName}}}
	if v.SecondName != "" {
		p.Facts = append(p.Facts, Def{Label: b.T("payout.second"), Text: v.SecondName})
	}
	if v.Opinion != "" {
		p.Facts = append(p.Facts, Def{Label: b.T("funding.opinion"), Text: v.Opinion})
	}
	if v.FiledByName != "" {
		p.Facts = append(p.Facts, Def{Label: b.T("payout.filed"), Text: v.FiledByName + " " + instant(v.FiledAt)},
			Def{Label: b.T("payout.digest.csv"), Text: shortDigest(v.CSV)}, Def{Label: b.T("payout.digest.xlsx"), Text: shortDigest(v.XLSX)})
	}
	if v.State == payout.Paid {
		p.Facts = append(p.Facts, Def{Label: b.T("payout.paid_on"), Text: b.Day(v.PaidOn)}, Def{Label: b.T("payout.ref"), Text: v.BankRef})
	}
	at := "/pay-runs/" + v.ID.String()
	post := func(to, key, kind string) {
		f := keyed(NewForm(b, today)).Hide("version", strconv.FormatInt(v.Version, 10))
		f.Action = at + to
		f.ID = "f" + strconv.Itoa(len(p.Posts))
		p.Posts = append(p.Posts, payPost{f, Button{Text: b.T(key), Kind: kind}})
	}
	if v.State == payout.Draft && v.Own {
		p.Alerts = append(p.Alerts, Alert{Kind: "info", Title: b.T("payout.run.waits"), Text: b.T("payout.run.waits.text")})
	}
	if v.MayApprove {
		post("/approve", "payout.run.approve", "primary")
	}
	if v.MayFile {
		post("/file/csv", "payout.file.csv", "")
		post("/file/xlsx", "payout.file.xlsx", "")
	}
	if v.MayPay {
		p.Buttons = append(p.Buttons, Button{Text: b.T("payout.run.paid_button"), Kind: "primary", Href: at + "/paid"})
	}
	if v.MayCancel {
		p.Buttons = append(p.Buttons, Button{Text: b.T("payout.run.cancel"), Kind: "danger", Href: at + "/cancel"})
	}
	t := payTable(b, v.List, true)
	if v.MayFile {
		payActions(b, &t, v.List, true, true)
	}
	p.Tables = []Table{t}
	return p
}

// shortDigest is the beginning of a digest, enough to compare by eye.
func shortDigest(sum []byte) string { return hex.EncodeToString(sum[:min(8, len(sum))]) }

func (s *Server) approveRun(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(r.PostFormValue("version"), 10, 64) // none takes the latest
	state, err := s.d.Paying.DecideRun(r.Context(), c.Who, paying.Decision{ID: id, Approve: true, Version: version}, requestKey(r))
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T(state.Label())})
	return seeOther(w, r, "/pay-runs/"+id.String())
}

func runLink(v paying.RunView) Link { return Link{Text: v.No, Href: "/pay-runs/" + v.ID.String()} }

func newCancelForm(b Base, today clock.Date, v paying.RunView) payForm {
	p := newPayForm(b, "payout.run.cancel", runLink(v), NewForm(b, today,
		Field{Name: "opinion", LabelKey: "funding.reason", HintKey: "payout.run.cancel.hint", Kind: KindArea, Rows: 2, Max: 200, Focus: true}))
	p.Save.Kind = "danger"
	p.Form.Action = runLink(v).Href + "/cancel"
	p.Form.Hide("version", strconv.FormatInt(v.Version, 10))
	return p
}

func (s *Server) cancelRunForm(r *http.Request, c *Call) (payForm, error) {
	id, v, err := theFirst(r, func(id ident.ID) (paying.RunView, error) { return s.d.Paying.RunOf(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newCancelForm(c.Base, c.Today, v)
	p.Read = func(f *Form) payAct {
		in := paying.Decision{ID: id, Opinion: f.Text("opinion"), Version: f.Version()}
		return func(r *http.Request, key string) (Flash, string, error) {
			state, err := s.d.Paying.DecideRun(r.Context(), c.Who, in, key)
			return Flash{Kind: "ok", Title: c.P.T(state.Label())}, p.Back, err
		}
	}
	return p, nil
}

func newPaidForm(b Base, today clock.Date, v paying.RunView) payForm {
	p := newPayForm(b, "payout.run.paid_button", runLink(v), NewForm(b, today,
		Field{Name: "on", LabelKey: "payout.paid_on", Kind: KindDate, Width: 6},
		Field{Name: "ref", LabelKey: "payout.ref", HintKey: "payout.ref.hint", Max: 100, Width: 6, Focus: true}))
	p.Form.Put("on", today.String())
	p.Form.Action = runLink(v).Href + "/paid"
	p.Form.Hide("version", strconv.FormatInt(v.Version, 10))
	p.Facts = []Def{{Label: b.T("payout.col.count"), Text: number(v.Lines)}, {Label: b.T("payout.col.transferred"), Text: v.Transferred().String()}}
	return p
}

func (s *Server) paidForm(r *http.Request, c *Call) (payForm, error) {
	id, v, err := theFirst(r, func(id ident.ID) (paying.RunView, error) { return s.d.Paying.RunOf(r.Context(), c.Who, id) })
	if err != nil {
		return payForm{}, err
	}
	s.section(c, "payables")
	p := newPaidForm(c.Base, c.Today, v)
	p.Read = func(f *Form) payAct {
		in := paying.Payment{Run: id, On: f.Date("on"), Ref: f.Text("ref"), Version: f.Version()}
		return func(r *http.Request, key string) (Flash, string, error) {
			out, err := s.d.Paying.PayRun(r.Context(), c.Who, in, key)
			return Flash{Kind: "ok", Title: c.P.T("payout.run.paid_done", "n", out.Lines, "amount", out.Amount)}, p.Back, err
		}
	}
	return p, nil
}

func (s *Server) accountsOfHospitals(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Paying.Accounts(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "payables")
	b := c.Base
	b.Tabs = s.payTabs(c, "hospital-accounts")
	p := newHospitalAccounts(b, list, s.can(c, authz.PayeeEdit), s.can(c, authz.PayeeApprove))
	p.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/list", p)
}

func newHospitalAccounts(b Base, list page.Result[paying.Account], edits, decides bool) payList {
	b.Title, b.Sub = b.T("payout.tab.hospital-accounts"), b.T("payout.accounts.sub")
	if edits {
		b.Actions = []Button{{Text: b.T("payout.account.new"), Kind: "primary", Icon: "plus", Href: "/hospital-accounts/new"}}
	}
	t := Table{Caption: b.Title, Columns: []Column{{Key: "funding.hospital", Class: "grow"}, {Key: "payout.holder", Class: "grow"}, {Key: "payout.number"}, {Key: "payout.account.from"},
		{Key: "payout.maker"}, {Key: "payout.second"}, {Key: "funding.state"}, {Key: "funding.action", Hidden: true, Class: "narrow"}},
		Empty: Empty{Title: b.T("payout.accounts.empty"), Text: b.T("payout.accounts.empty.text")}}
	for _, a := range list.Rows {
		kind := map[payout.AccountState]string{payout.AccountProposed: "warn", payout.AccountApproved: "ok", payout.AccountRefused: "error"}[a.State]
		act := TextCell("")
		if decides && a.State == payout.AccountProposed {
			act = ButtonCell(Button{Text: b.T("payout.account.decide"), Href: "/hospital-accounts/" + a.ID.String()})
		}
		t.Rows = append(t.Rows, Cells(TextCell(a.HospitalName), Cell{Text: a.Holder, Sub: a.Bank}, Cell{Text: masked(a.Last4), Nowrap: true}, Cell{Text: a.From.String(), Nowrap: true},
			TextCell(a.MakerName), TextCell(orDash(a.DeciderName)), TagCell(kind, b.T(a.State.Label())), act))
	}
	return payList{Base: b, Tables: []Table{t}}
}

func recoveryLink(b Base, v paying.RecoveryView) Link {
	return Link{Text: b.T("payout.tab.recoveries"), Href: "/recoveries/" + v.ID.String()}
}

func recoveryTag(b Base, s payout.RecoveryState) Tag {
	kind := map[payout.RecoveryState]string{payout.RecoveryOpen: "error", payout.RecoveryPartly: "warn", payout.RecoveryDone: "ok", payout.RecoveryWrittenOff: "plain"}[s]
	return Tag{Text: b.T(s.Label()), Kind: kind}
}

func (s *Server) recoveriesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Paying.Recoveries(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "payables")
	b := c.Base
	b.Tabs = s.payTabs(c, "recoveries")
	p := newRecoveries(b, list)
	p.Tables[0].Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/list", p)
}

func newRecoveries(b Base, list page.Result[paying.Recovery]) payList {
	b.Title, b.Sub = b.T("payout.tab.recoveries"), b.T("payout.recoveries.sub")
	t := Table{Caption: b.Title, Columns: []Column{{Key: "funding.since"}, {Key: "funding.case"}, {Key: "payout.debtor"}, {Key: "payout.source"}, {Key: "funding.reason", Class: "grow"},
		{Key: "funding.amount.head", Align: "right"}, {Key: "payout.col.back", Align: "right"}, {Key: "funding.state"}},
		Empty: Empty{Title: b.T("payout.recoveries.empty"), Text: b.T("payout.recoveries.empty.text")}}
	for _, v := range list.Rows {
		tag := recoveryTag(b, v.State)
		t.Rows = append(t.Rows, Cells(Cell{Text: instant(v.CreatedAt), Href: "/recoveries/" + v.ID.String(), Nowrap: true}, Cell{Text: orDash(v.CaseNo), Sub: v.PersonName, Nowrap: true},
			Cell{Text: b.T(v.Debtor.Label()), Sub: v.HospitalName}, TextCell(b.T(v.Source.Label())), TextCell(v.Reason), MoneyCell(v.Amount), MoneyCell(v.Recovered), Cell{Tag: &tag}))
	}
	return payList{Base: b, Tables: []Table{t}}
}

func recoveryFacts(b Base, v paying.RecoveryView) []Def {
	out := []Def{{Label: b.T("funding.case"), Text: orDash(v.CaseNo)}, {Label: b.T("payout.debtor"), Text: b.T(v.Debtor.Label())}, {Label: b.T("funding.hospital"), Text: v.HospitalName},
		{Label: b.T("payout.col.fund"), Text: v.FundName}, {Label: b.T("payout.source"), Text: b.T(v.Source.Label())}, {Label: b.T("funding.reason"), Text: v.Reason},
		{Label: b.T("funding.amount.head"), Text: v.Amount.String()}, {Label: b.T("payout.col.back"), Text: v.Recovered.String()}, {Label: b.T("payout.left"), Text: v.Left().String()}}
	if v.OffName != "" {
		out = append(out, Def{Label: b.T("payout.write_off"), Text: v.OffName + "　" + v.OffReason})
	}
	if v.SecondName != "" {
		out = append(out, Def{Label: b.T("payout.second"), Text: v.SecondName})
	}
	return out
}

func (s *Server) recoveryPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, v, err := theFirst(r, func(id ident.ID) (paying.RecoveryView, error) { return s.d.Paying.RecoveryOf(r.Context(), c.Who, id) })
	if err != nil {
		return err
	}
	s.section(c, "payables")
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/view", newRecovery(c.Base, v))
}

func newRecovery(b Base, v paying.RecoveryView) payView {
	b.Title = b.T("payout.recovery.title", "amount", v.Amount)
	b.Crumbs = []Link{{Text: b.T("nav.payables"), Href: "/payables"}, {Text: b.T("payout.tab.recoveries"), Href: "/recoveries"}, {Text: b.Title}}
	tag := recoveryTag(b, v.State)
	b.Badge = &tag
	p := payView{Base: b, Facts: recoveryFacts(b, v)}
	at := "/recoveries/" + v.ID.String()
	if v.MayEdit {
		p.Buttons = append(p.Buttons, Button{Text: b.T("payout.refund"), Kind: "primary", Href: at + "/refund"})
		switch {
		case v.OffBy == ident.Nil:
			p.Buttons = append(p.Buttons, Button{Text: b.T("payout.write_off"), Href: at + "/write-off"})
		case v.OwnAsk:
			p.Alerts = append(p.Alerts, Alert{Kind: "info", Title: b.T("payout.write_off.waits")})
		default:
			p.Buttons = append(p.Buttons, Button{Text: b.T("payout.write_off.confirm"), Kind: "danger", Href: at + "/write-off"})
		}
	}
	t := Table{Caption: b.T("payout.receipts"), Columns: []Column{{Key: "payout.refund.on"}, {Key: "payout.col.how"}, {Key: "funding.amount.head", Align: "right"}, {Key: "payout.ref", Class: "grow"},
		{Key: "funding.voucher.head"}, {Key: "funding.ledger.by"}}, Empty: Empty{Title: b.T("payout.receipts.empty"), Text: b.T("payout.receipts.empty.text")}}
	for _, x := range v.Receipts {
		how := Cell{Text: b.T(x.How.Label())}
		if x.Undone {
			how.Sub = b.T("payout.undone")
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: x.On.String(), Nowrap: true}, how, MoneyCell(x.Amount), TextCell(x.Reference), CodeCell(x.Voucher()), TextCell(x.ByName)))
	}
	p.Tables = []Table{t}
	return p
}

// paySlipView is the printed slip of one payment, to be signed by who got it.
type paySlipView struct {
	Base
	Rows []Def
	By   string
	At   string
}

func (s *Server) paySlip(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, l, err := theFirst(r, func(id ident.ID) (paying.Line, error) { return s.d.Paying.LineOf(r.Context(), c.Who, id) })
	if err != nil {
		return err
	}
	v := newPaySlip(c.Base, l)
	v.By, v.At = c.Who.DisplayName, instant(s.d.Clock.Now())
	return s.d.Engine.Render(w, r, http.StatusOK, "paying/slip", v)
}

func newPaySlip(b Base, l paying.Line) paySlipView {
	b.Layout, b.Title = "print", b.T("payout.slip.title")
	return paySlipView{Base: b, Rows: []Def{{Label: b.T("funding.voucher.head"), Text: l.Voucher()}, {Label: b.T("funding.case"), Text: orDash(l.CaseNo)}, {Label: b.T("funding.patient"), Text: orDash(l.PersonName)},
		{Label: b.T("funding.hospital"), Text: l.HospitalName}, {Label: b.T("payout.col.fund"), Text: l.FundName}, {Label: b.T("payout.holder"), Text: l.Holder}, {Label: b.T("payout.bank"), Text: l.Bank},
		{Label: b.T("payout.number"), Text: masked(l.Last4)}, {Label: b.T("funding.amount.head"), Text: l.Transferred().String()}, {Label: b.T("payout.capital"), Text: printout.Capital(b.P, l.Transferred())},
		{Label: b.T("payout.paid_on"), Text: b.Day(l.PaidOn)}, {Label: b.T("payout.ref"), Text: l.BankRef}, {Label: b.T("payout.receipt.no"), Text: l.ReceiptNo}}}
}
