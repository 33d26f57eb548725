package webui

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

func (s *Server) fundsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Funding.Funds(r.Context(), c.Who)
	if err != nil {
		return err
	}
	s.section(c, "funds")
	v := newFundsView(c.Base, list, s.can(c, authz.FundOpen))
	check, made, err := s.d.Funding.Books(r.Context(), c.Who)
	if err != nil {
		return err
	}
	if made {
		v.Alerts = booksAlert(c.Base, check)
	}
	if v.Flow, err = s.flowOf(r, c, ident.Nil); err != nil {
		return err
	}
	if s.can(c, authz.LedgerRead) {
		v.Actions = append([]Button{{Text: c.P.T("funding.projects"), Href: "/fund-projects"}}, v.Actions...)
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", v)
}

func newFundsView(b Base, list []funding.FundEntry, opens bool) approvalsView {
	b.Title, b.Sub = b.T("nav.funds"), b.T("funding.funds.sub")
	t := Table{Caption: b.T("nav.funds"), Note: b.T("strip.unit"), Columns: []Column{{Key: "funding.fund.name", Class: "grow"}, {Key: "fund.account.available", Align: "right"},
		{Key: "funding.code", Class: "roomy"}, {Key: "funding.purpose", Class: "roomy"},
		{Key: "funding.received", Align: "right"}, {Key: "fund.account.committed", Align: "right"}, {Key: "fund.account.reserved", Align: "right"}}, Empty: Empty{Title: b.T("funding.funds.empty"), Text: b.T("funding.funds.empty.text")}}
	if opens {
		open := Button{Text: b.T("funding.fund.new"), Kind: "primary", Icon: "plus", Href: "/funds/new"}
		b.Actions, t.Empty.Buttons = []Button{{Text: b.T("funding.moves"), Href: "/fund-moves"}, open}, []Button{open}
		if len(list) == 0 {
			b.Actions = nil
		}
	}
	for _, f := range list {
		row := Cells(TextCell(f.Name), TextCell("–"), CodeCell(f.Code), TextCell(purpose(b, f.Fund)))
		if f.Open {
			row.Cells[0], row.Cells[1] = LinkCell(f.Name, "/funds/"+f.ID.String()), MoneyCell(f.Balances.Available)
			for _, x := range []money.Fen{f.Balances.Received(), f.Balances.Spent(), f.Balances.Reserved} {
				row.Cells = append(row.Cells, MoneyCell(x))
			}
		} else { // for choosing only
			row.Cells = append(row.Cells, TextCell("–"), TextCell("–"), TextCell("–"))
		}
		t.Rows = append(t.Rows, row)
	}
	if len(list) > 0 && !slices.ContainsFunc(list, func(f funding.FundEntry) bool { return f.Open }) { // no balance to show: names only
		t.Note, t.Columns = "", append(t.Columns[:1], Column{Key: "funding.code"}, Column{Key: "funding.purpose"})
		for i, row := range t.Rows {
			t.Rows[i] = Cells(row.Cells[0], row.Cells[2], row.Cells[3])
		}
	}
	return approvalsView{Base: b, Table: t}
}

// booksAlert tells what the last check of the books found.
func booksAlert(b Base, c funding.LedgerCheck) []Alert {
	if len(c.Faults) == 0 {
		return []Alert{{Kind: "ok", Title: b.T("funding.books.ok"), Text: b.T("funding.books.at", "at", instant(c.At))}}
	}
	return []Alert{{Kind: "error", Title: b.T("funding.books.bad", "n", len(c.Faults)), Text: b.T("funding.books.bad.text", "at", instant(c.At))}}
}

// purpose is what a fund may pay for.
func purpose(b Base, f funding.Fund) string {
	switch {
	case f.Kind == fund.History:
		return b.T(f.Kind.Label())
	case f.Programme == "":
		return b.T("funding.purpose.any")
	}
	return b.T(f.Programme.Label())
}

// fundPageView is one fund: its state as a sum, and its transfers.
type fundPageView struct {
	Base
	Alerts   []Alert
	Equation Equation
	Facts    []Def
	Holds    *Table // reservations by age
	Flow     *ChartCard
	Deposits *Table // those with an earmark or a project of their own
	Ledger   *Table
}

// fundTabs are the kinds of transfers the list can be narrowed to.
func fundTabs(b Base, id ident.ID, current fund.Kind) []Tab {
	href := "/funds/" + id.String()
	out := []Tab{{Text: b.T("funding.ledger.all"), Href: href, Current: current == ""}}
	for _, k := range []fund.Kind{fund.KindDeposit, fund.KindReserve, fund.KindCommit, fund.KindPay, fund.KindRecover, fund.KindMoveOut, fund.KindMoveIn, fund.KindReversal} {
		out = append(out, Tab{Text: b.T(k.Label()), Href: href + "?kind=" + string(k), Current: current == k})
	}
	return out
}

func (s *Server) fundPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	kind := fund.Kind(r.URL.Query().Get("kind"))
	v, err := s.d.Funding.Fund(r.Context(), c.Who, funding.FundQuery{Fund: id, Kind: kind, Page: pageRequest(r)})
	if err != nil {
		return err
	}
	s.section(c, "funds")
	p := newFundPage(c.Base, v, kind, s.d.Clock.Now())
	if p.Ledger != nil {
		p.Ledger.Pager = NewPager(r.URL, v.Lines.Next, "")
		if p.Flow, err = s.flowOf(r, c, id); err != nil {
			return err
		}
		if p.Deposits, err = s.boundDeposits(r, c, id); err != nil {
			return err
		}
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/fund", p)
}

func newFundPage(b Base, v funding.FundView, kind fund.Kind, now time.Time) fundPageView {
	b.Title, b.Sub = v.Name, b.T("funding.fund.sub", "code", v.Code, "purpose", purpose(b, v.Fund), "day", v.OpenedOn)
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: v.Name}}
	if v.MayDeposit && v.Kind == fund.Pool && v.ClosedOn.IsZero() {
		b.Actions = []Button{{Text: b.T("funding.move.ask"), Href: "/funds/" + v.ID.String() + "/move"}, {Text: b.T("funding.deposit"), Kind: "primary", Icon: "plus", Href: "/funds/" + v.ID.String() + "/deposits/new"}}
	}
	x := v.Balances
	received, deposits := x.Received(), b.T("funding.deposits", "n", v.Deposits)
	if v.Kind == fund.History {
		deposits = "" // one for each line of the old ledger says nothing
	}
	of := func(k fund.Kind) string {
		if !v.MayLedger {
			return ""
		}
		return "/funds/" + v.ID.String() + "?kind=" + string(k)
	}
	spent := b.T("funding.committed.note.split", "paid", x.Paid, "owed", x.Committed)
	if v.Kind == fund.History {
		spent = b.T("funding.committed.note.history") // before this house kept the books: nobody is owed it
	}
	p := fundPageView{Base: b, Equation: Equation{Terms: []Term{{Name: b.T("funding.received"), Amount: received, Note: deposits, Href: of(fund.KindDeposit)},
		{Op: "−", Name: b.T("fund.account.committed"), Amount: x.Spent(), Note: spent, Href: of(fund.KindCommit)},
		{Op: "−", Name: b.T("fund.account.reserved"), Amount: x.Reserved, Note: b.T("funding.reserved.note"), Href: of(fund.KindReserve)},
		{Op: "=", Name: b.T("fund.account.available"), Amount: x.Available, Note: b.T("funding.available.note"), Result: true}},
		Bar:  FundBar{Label: b.T("fund.account.available"), Amount: x.Available, Parts: barParts(b, x, 0)},
		Left: b.T("funding.committed.share", "share", share(x.Spent(), received)), Right: b.T("funding.rest.share", "reserved", share(x.Reserved, received), "available", share(x.Available, received))}}
	p.Facts = fundFacts(b, v)
	if v.MayLedger {
		p.Alerts, p.Holds = outlook(b, v, clock.DateOf(now.In(clock.Shanghai)))
		t := ledgerTable(b, v)
		t.Tabs = fundTabs(b, v.ID, kind)
		p.Ledger = &t
	}
	return p
}

// ledgerReason leads to what a transfer was for: the application, or for an old
// ledger's money, which nobody applied for here, the treatment.
func ledgerReason(b Base, l funding.LedgerLine) Cell {
	c := Cell{Text: l.CaseNo, Sub: l.Note, Nowrap: true}
	switch {
	case l.Approval != ident.Nil:
		c.Text, c.Href = cmp.Or(l.CaseNo, b.T("funding.application")), "/approvals/"+l.Approval.String()
	case l.CaseNo != "" && l.Treatment != ident.Nil:
		c.Href = "/treatments/" + l.Treatment.String()
	case l.CaseNo == "":
		c = Cell{Text: l.Note}
	}
	return c
}

func ledgerTable(b Base, v funding.FundView) Table {
	t := Table{Caption: b.T("funding.ledger"), Note: b.T("funding.ledger.note"), Columns: []Column{{Key: "funding.ledger.at"}, {Key: "funding.voucher.head"}, {Key: "funding.ledger.kind"},
		{Key: "funding.ledger.why", Class: "grow"}, {Key: "funding.ledger.amount", Align: "right"}, {Key: "funding.ledger.change", Align: "right"},
		{Key: "funding.ledger.balance", Align: "right"}, {Key: "funding.ledger.by"}},
		Empty: Empty{Title: b.T("funding.ledger.empty"), Text: b.T("funding.ledger.empty.text")}}
	if v.MayDeposit {
		t.Columns = append(t.Columns, Column{Key: "funding.action", Hidden: true, Class: "narrow"})
	}
	for _, l := range v.Lines.Rows {
		kind := map[fund.Kind]string{fund.KindDeposit: "ok", fund.KindReserve: "warn", fund.KindCommit: "info", fund.KindReimburse: "info", fund.KindReversal: "error"}[l.Kind]
		why := ledgerReason(b, l)
		if l.Kind == fund.KindReversal {
			why.Sub = b.T("funding.ledger.reverses", "no", fund.VoucherNo(l.ReversesAs, l.Reverses))
		}
		balance := TextCell("–")
		if l.Known {
			balance = MoneyCell(l.Available)
		}
		row := Cells(Cell{Text: instant(l.PostedAt), Nowrap: true}, CodeCell(fund.VoucherNo(l.Kind, l.ID)), TagCell(kind, b.T(l.Kind.Label())), why,
			MoneyCell(l.Amount), Cell{Text: signed(l.Change), Nowrap: true}, balance, Cell{Text: cmp.Or(l.PostedBy, b.T("funding.by_system")), Nowrap: true})
		if v.MayDeposit {
			act := TextCell("")
			if l.Kind == fund.KindDeposit && !l.Reversed {
				act = ButtonCell(Button{Text: b.T("funding.takeback"), Kind: "text", Href: "/funds/" + v.ID.String() + "/transfers/" + l.ID.String() + "/reverse"})
			}
			row.Cells = append(row.Cells, act)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// signed is a change with its sign.
func signed(f money.Fen) string {
	if f > 0 {
		return "+" + f.String()
	}
	return f.String()
}

func newFundForm(b Base, today clock.Date, hospitals []Option) *Form {
	fields := []Field{
		{Name: "name", LabelKey: "funding.fund.name", Max: 60, Width: 8, Focus: true},
		{Name: "code", LabelKey: "funding.code", HintKey: "funding.code.hint", Max: 20, Width: 4},
		{Name: "source", LabelKey: "funding.source", Kind: KindSelect, Options: optionsOf(fund.Sources()...), Width: 6},
		{Name: "programme", LabelKey: "funding.purpose", HintKey: "funding.purpose.hint", Kind: KindSelect, Options: programmeOptions(procedure.Programmes()),
			Blank: "funding.purpose.any", Optional: true, Width: 6},
		{Name: "opened_on", LabelKey: "funding.opened_on", Kind: KindDate, Width: 6},
		{Name: "ends_on", LabelKey: "funding.ends_on", HintKey: "funding.ends_on.hint", Kind: KindDate, Optional: true, Width: 6},
		{Name: "categories", LabelKey: "funding.categories", HintKey: "funding.categories.hint", Kind: KindChecks, Options: categoryOptions(), Optional: true}}
	if len(hospitals) > 0 {
		fields = append(fields, Field{Name: "hospitals", LabelKey: "funding.hospitals", HintKey: "funding.hospitals.hint", Kind: KindChecks, Options: hospitals, Optional: true})
	}
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/funds"
	f.Put("opened_on", today.String()).Put("source", string(fund.DonorFiscal))
	return f
}

func (s *Server) newFund(r *http.Request, c *Call) (careForm, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.FundOpen)
	if err != nil {
		return careForm{}, err
	}
	s.section(c, "funds")
	b := c.Base
	b.Title = b.T("funding.fund.new")
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: b.Title}}
	return careForm{Base: b, Form: newFundForm(b, c.Today, hospitals)}, nil
}

func (s *Server) newFundPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.newFund(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.fund.open")}, "/funds")
}

func (s *Server) postFund(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.newFund(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := funding.NewFund{Code: f.Text("code"), Name: f.Text("name"), Programme: procedure.Programme(f.Choice("programme")), OpenedOn: f.Date("opened_on"),
		Source: fund.SourceKind(f.Choice("source")), EndsOn: f.Date("ends_on")}
	for _, x := range f.Choices("categories") {
		in.Categories = append(in.Categories, terminology.Category(x))
	}
	if slices.Contains(f.Names(), "hospitals") {
		for _, x := range f.Choices("hospitals") {
			if id, err := ident.Parse(x); err == nil {
				in.Hospitals = append(in.Hospitals, id)
			}
		}
	}
	if f.OK() {
		id, err := s.d.Funding.OpenFund(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.fund.opened", "fund", in.Name)})
			return seeOther(w, r, "/funds/"+id.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.fund.open")}, "/funds")
}

func depositForm(b Base, today clock.Date, id ident.ID, bound []Field) *Form {
	f := keyed(NewForm(b, today, append([]Field{
		{Name: "amount", LabelKey: "funding.deposit.amount", Kind: KindMoney, Suffix: "unit.yuan", Width: 6, Focus: true},
		{Name: "on", LabelKey: "funding.deposit.on", Kind: KindDate, Width: 6},
		{Name: "note", LabelKey: "funding.deposit.note", HintKey: "funding.deposit.note.hint", Max: 200}}, bound...)...))
	f.Action = "/funds/" + id.String() + "/deposits"
	f.Put("on", today.String())
	return f
}

// newDeposit prepares a form about a fund, with the fund's state beside it.
func (s *Server) aboutFund(r *http.Request, c *Call, title string) (careForm, funding.FundView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, funding.FundView{}, err
	}
	v, err := s.d.Funding.Fund(r.Context(), c.Who, funding.FundQuery{Fund: id})
	if err != nil {
		return careForm{}, v, err
	}
	s.section(c, "funds")
	return fundCareForm(c.Base, v, title), v, nil
}

func fundCareForm(b Base, v funding.FundView, title string) careForm {
	b.Title = b.T(title)
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: v.Name, Href: "/funds/" + v.ID.String()}, {Text: b.Title}}
	return careForm{Base: b, Facts: []Def{{Label: b.T("funding.fund"), Text: v.Name}, {Label: b.T("funding.received"), Text: v.Balances.Received().String()},
		{Label: b.T("fund.account.available"), Text: v.Balances.Available.String()}}}
}

func (s *Server) depositPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.aboutFund(r, c, "funding.deposit")
	if err != nil {
		return err
	}
	bound, err := s.boundOf(r, c)
	if err != nil {
		return err
	}
	p.Form = depositForm(p.Base, c.Today, v.ID, bound)
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.deposit.save")}, "/funds/"+v.ID.String())
}

func (s *Server) postDeposit(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.aboutFund(r, c, "funding.deposit")
	if err != nil {
		return err
	}
	bound, err := s.boundOf(r, c)
	if err != nil {
		return err
	}
	p.Form = depositForm(p.Base, c.Today, v.ID, bound)
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := funding.Deposit{Fund: v.ID, Amount: f.Money("amount"), On: f.Date("on"), Note: f.Text("note")}
	readBound(f, &in)
	if f.OK() {
		out, err := s.d.Funding.Deposit(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.deposit.done"), Text: voucherText(c.Base, []funding.Voucher{out})})
			return seeOther(w, r, "/funds/"+v.ID.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.deposit.save")}, "/funds/"+v.ID.String())
}

func takeBackForm(b Base, today clock.Date, id, transfer ident.ID) *Form {
	f := keyed(NewForm(b, today, Field{Name: "reason", LabelKey: "funding.takeback.reason", HintKey: "funding.takeback.hint", Max: 200, Focus: true}))
	f.Action = "/funds/" + id.String() + "/transfers/" + transfer.String() + "/reverse"
	return f
}

func (s *Server) takeBackPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.aboutFund(r, c, "funding.takeback")
	if err != nil {
		return err
	}
	transfer, err := pathID(r, "transfer")
	if err != nil {
		return err
	}
	p.Form = takeBackForm(p.Base, c.Today, v.ID, transfer)
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.takeback"), Kind: "danger"}, "/funds/"+v.ID.String())
}

func (s *Server) postTakeBack(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.aboutFund(r, c, "funding.takeback")
	if err != nil {
		return err
	}
	transfer, err := pathID(r, "transfer")
	if err != nil {
		return err
	}
	p.Form = takeBackForm(p.Base, c.Today, v.ID, transfer)
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := funding.TakeBack{Fund: v.ID, Transfer: transfer, Reason: p.Form.Text("reason")}
	if p.Form.OK() {
		out, err := s.d.Funding.TakeBack(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.takeback.done"), Text: out.No})
			return seeOther(w, r, "/funds/"+v.ID.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.takeback"), Kind: "danger"}, "/funds/"+v.ID.String())
}
