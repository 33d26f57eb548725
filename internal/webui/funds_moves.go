package webui

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

func newMovesView(b Base, list page.Result[funding.FundMove], signs bool) approvalsView {
	b.Title, b.Sub = b.T("funding.moves"), b.T("funding.moves.sub")
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: b.Title}}
	t := Table{Caption: b.Title, Columns: []Column{{Key: "funding.since"}, {Key: "funding.move.kind"}, {Key: "funding.move.from", Class: "grow"}, {Key: "funding.move.to", Class: "grow"},
		{Key: "funding.amount.head", Align: "right"}, {Key: "funding.move.rule"}, {Key: "funding.state"}, {Key: "funding.action", Hidden: true, Class: "narrow"}},
		Empty: Empty{Title: b.T("funding.moves.empty"), Text: b.T("funding.moves.empty.text")}}
	for _, m := range list.Rows {
		kind := map[fund.MoveState]string{fund.MoveRequested: "warn", fund.MoveSigned: "warn", fund.MoveDone: "ok", fund.MoveRefused: "error"}[m.State]
		action := TextCell("")
		if signs && (m.State == fund.MoveRequested || m.State == fund.MoveSigned) {
			action = ButtonCell(Button{Text: b.T("funding.move.sign"), Href: "/fund-moves/" + m.ID.String()})
		}
		to := m.ToName
		if to == "" {
			to = "–"
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: instant(m.CreatedAt), Sub: m.RequesterName, Nowrap: true}, TextCell(b.T(m.Kind.Label())), TextCell(m.FromName), TextCell(to), MoneyCell(m.Amount),
			TextCell(m.Rule), TagCell(kind, b.T(m.State.Label())), action))
	}
	return approvalsView{Base: b, Table: t}
}

func (s *Server) movesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Funding.Moves(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "funds")
	v := newMovesView(c.Base, list, s.can(c, authz.FundOpen))
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", v)
}

func fundMoveForm(b Base, today clock.Date, v funding.FundView, others []funding.FundEntry, deposits []funding.FundDeposit) *Form {
	var from []Option
	for _, d := range deposits {
		if d.Left > 0 {
			from = append(from, Option{Value: d.ID.String(), Text: d.Note, Sub: b.T("funding.move.left", "left", d.Left)})
		}
	}
	var to []Option
	for _, x := range others {
		if x.ID != v.ID && x.Kind == fund.Pool && x.ClosedOn.IsZero() {
			to = append(to, Option{Value: x.ID.String(), Text: x.Name, Sub: x.Code})
		}
	}
	f := keyed(NewForm(b, today,
		Field{Name: "kind", LabelKey: "funding.move.kind", Kind: KindRadio, Options: optionsOf(fund.MoveKinds()...)},
		Field{Name: "to", LabelKey: "funding.move.to", HintKey: "funding.move.to.hint", Kind: KindSelect, Options: to, Optional: true, Blank: "form.pick", Width: 6},
		Field{Name: "deposit", LabelKey: "funding.move.deposit", HintKey: "funding.move.deposit.hint", Kind: KindSelect, Options: from, Optional: true, Blank: "funding.move.common", Width: 6},
		Field{Name: "amount", LabelKey: "funding.move.amount", HintKey: "funding.move.amount.hint", Kind: KindMoney, Suffix: "unit.yuan", Width: 6},
		Field{Name: "rule", LabelKey: "funding.move.rule", HintKey: "funding.move.rule.hint", Max: 200},
		Field{Name: "reason", LabelKey: "funding.reason", Kind: KindArea, Rows: 2, Max: 200}))
	f.Action = "/funds/" + v.ID.String() + "/move"
	return f
}

// newFundMove prepares the form that asks for money to leave its purpose.
func (s *Server) newFundMove(r *http.Request, c *Call) (careForm, funding.FundView, error) {
	p, v, err := s.aboutFund(r, c, "funding.move.ask")
	if err != nil {
		return p, v, err
	}
	all, err := s.d.Funding.Funds(r.Context(), c.Who)
	if err != nil {
		return p, v, err
	}
	deposits, err := everyPage(func(at page.Request) (page.Result[funding.FundDeposit], error) {
		return s.d.Funding.DepositsOf(r.Context(), c.Who, v.ID, at)
	})
	p.Form = fundMoveForm(p.Base, c.Today, v, all, deposits)
	if at := r.URL.Query().Get("deposit"); at != "" { // from the page of a deposit, at the end of its year
		p.Form.Put("deposit", at).Put("kind", string(fund.CarryOver))
	}
	return p, v, err
}

func (s *Server) fundMovePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newFundMove(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.move.ask")}, "/funds/"+v.ID.String())
}

func (s *Server) postFundMove(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newFundMove(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := fund.Move{Kind: fund.MoveKind(f.Choice("kind")), From: v.ID, To: f.IDOf("to"), Deposit: f.IDOf("deposit"), Amount: f.Money("amount"), Rule: f.Text("rule"), Reason: f.Text("reason")}
	if f.OK() {
		_, err := s.d.Funding.RequestMove(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.move.asked")})
			return seeOther(w, r, "/fund-moves")
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.move.ask")}, "/funds/"+v.ID.String())
}

func signMoveForm(b Base, today clock.Date, m funding.FundMove) careForm {
	b.Title = b.T("funding.move.sign")
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: b.T("funding.moves"), Href: "/fund-moves"}, {Text: b.Title}}
	f := keyed(NewForm(b, today, Field{Name: "answer", LabelKey: "funding.decision", Kind: KindRadio, Options: []Option{{Value: "yes", Key: "funding.move.yes"}, {Value: "no", Key: "funding.move.no"}}},
		Field{Name: "opinion", LabelKey: "funding.opinion", HintKey: "funding.move.note", Kind: KindArea, Rows: 2, Max: 200, Optional: true}))
	f.Action = "/fund-moves/" + m.ID.String()
	f.Hide("version", strconv.FormatInt(m.Version, 10))
	facts := []Def{{Label: b.T("funding.move.kind"), Text: b.T(m.Kind.Label())}, {Label: b.T("funding.move.from"), Text: m.FromName}, {Label: b.T("funding.move.to"), Text: m.ToName},
		{Label: b.T("funding.amount.head"), Text: m.Amount.String()}, {Label: b.T("funding.move.rule"), Text: m.Rule}, {Label: b.T("funding.reason"), Text: m.Reason},
		{Label: b.T("funding.requester"), Text: m.RequesterName}, {Label: b.T("funding.state"), Text: b.T(m.State.Label())}}
	if m.DepositName != "" {
		facts = append(facts, Def{Label: b.T("funding.move.deposit"), Text: m.DepositName})
	}
	if m.FirstName != "" {
		facts = append(facts, Def{Label: b.T("funding.signature.by"), Text: m.FirstName})
	}
	return careForm{Base: b, Form: f, Facts: facts}
}

func (s *Server) readFundMove(r *http.Request, c *Call) (careForm, funding.FundMove, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, funding.FundMove{}, err
	}
	m, err := s.d.Funding.Move(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, m, err
	}
	s.section(c, "funds")
	return signMoveForm(c.Base, c.Today, m), m, nil
}

func (s *Server) signMovePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.readFundMove(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.move.sign")}, "/fund-moves")
}

func (s *Server) postSignMove(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, m, err := s.readFundMove(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := funding.MoveDecision{Move: m.ID, Approve: f.Choice("answer") == "yes", Opinion: f.Text("opinion"), Version: f.Version()}
	if f.OK() {
		state, err := s.d.Funding.DecideMove(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T(state.Label())})
			return seeOther(w, r, "/fund-moves")
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.move.sign")}, "/fund-moves")
}
