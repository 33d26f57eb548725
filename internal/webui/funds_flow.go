package webui

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// fundFlowView is where committed money went in a period.
type fundFlowView struct {
	Base
	Notes  []string // for the printed page
	Filter *Form
	Flow   *ChartCard
	Empty  Empty
}

func flowFilter(b Base, today clock.Date, funds []funding.FundEntry) *Form {
	var options []Option
	for _, f := range funds {
		if f.Open {
			options = append(options, Option{Value: f.ID.String(), Text: f.Name, Sub: f.Code})
		}
	}
	f := NewForm(b, today, Field{Name: "fund", LabelKey: "funding.fund", Kind: KindSelect, Optional: true, Blank: "funding.flow.all", Options: options},
		Field{Name: "from", LabelKey: "funding.flow.from", Kind: KindDate, Optional: true}, Field{Name: "to", LabelKey: "funding.flow.to", Kind: KindDate, Optional: true})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/fund-flow"
	return f
}

// flowQuery reads the filter of the address.
func (s *Server) flowQuery(r *http.Request, c *Call) (*Form, funding.FlowQuery, error) {
	all, err := s.d.Funding.Funds(r.Context(), c.Who)
	if err != nil {
		return nil, funding.FlowQuery{}, err
	}
	form := flowFilter(c.Base, c.Today, all)
	if err := form.Read(r); err != nil {
		return nil, funding.FlowQuery{}, err
	}
	return form, funding.FlowQuery{Fund: form.IDOf("fund"), From: form.Date("from"), To: form.Date("to")}, nil
}

func (s *Server) fundFlowPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	form, q, err := s.flowQuery(r, c)
	if err != nil {
		return err
	}
	var v funding.FlowView
	if form.OK() {
		if v, err = s.d.Funding.Flow(r.Context(), c.Who, q); err != nil {
			if err = form.Merge(err); err != nil {
				return err
			}
		}
	}
	s.section(c, "funds")
	p := newFundFlow(c.Base, v, form)
	p.Notes = exportNotes(c, c.Who.Organisation, s.d.Clock.Now(), flowConditions(c.Base, v))
	return s.d.Engine.Render(w, r, form.Status(), "funding/flow", p)
}

func newFundFlow(b Base, v funding.FlowView, form *Form) fundFlowView {
	b.Title, b.Sub = b.T("funding.flow"), b.T("funding.flow.sub")
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: b.Title}}
	p := fundFlowView{Base: b, Filter: form, Empty: Empty{Title: b.T("funding.flow.empty"), Text: b.T("funding.flow.empty.text")}}
	if form.OK() {
		p.Flow = flowCard(b, v)
	}
	return p
}

// flowConditions says the filter in words.
func flowConditions(b Base, v funding.FlowView) (out []Def) {
	if v.FundName != "" {
		out = append(out, Def{Label: b.T("funding.fund"), Text: v.FundName})
	}
	if !v.From.IsZero() {
		out = append(out, Def{Label: b.T("funding.flow.from"), Text: b.Day(v.From)})
	}
	if !v.To.IsZero() {
		out = append(out, Def{Label: b.T("funding.flow.to"), Text: b.Day(v.To)})
	}
	return out
}

// flowNames are the names of the places of a flow.
func flowNames(b Base, f fund.Flow) [4]string {
	out := [4]string{b.T(f.Source.Label()), f.FundName, b.T("funding.flow.hidden"), b.T("funding.flow.hidden")}
	if f.Programme != "" {
		out[2] = b.T(f.Programme.Label())
	}
	if f.HospitalName != "" {
		out[3] = f.HospitalName
	}
	return out
}

// flowCard draws the ways of the money; nil when nothing was committed.
func flowCard(b Base, v funding.FlowView) *ChartCard {
	if len(v.Drawn) == 0 {
		return nil
	}
	styles := [4]chart.Style{chart.Neutral, chart.Fund, chart.Brand, chart.Mountain}
	at := func(n fund.FlowNode) string { return string(n.End) + "-" + n.Key }
	var nodes []chart.FlowNode
	seen, hospitals := map[fund.FlowNode]bool{}, map[ident.ID]bool{}
	for _, f := range v.Drawn {
		names := flowNames(b, f)
		hospitals[f.Hospital] = true
		for i, n := range f.Nodes() {
			if !seen[n] {
				seen[n] = true
				style := styles[i]
				if n.End == fund.EndHospital && sideOf(v.Sides[f.Hospital]) == Sea {
					style = chart.Sea
				}
				nodes = append(nodes, chart.FlowNode{ID: at(n), Name: names[i], Style: style})
			}
		}
	}
	var links []chart.FlowLink
	for _, s := range v.Steps() {
		links = append(links, chart.FlowLink{From: at(s.From), To: at(s.To), Amount: int64(s.Amount)})
	}
	title := b.T("funding.flow.title", "amount", v.Sum(), "n", len(hospitals))
	note := b.T("funding.flow.note")
	if back := v.Returned(); back > 0 {
		note = b.T("funding.flow.back", "amount", back) + " " + note
	}
	s, err := chart.NewSankey(chart.Plot{Frame: chart.Frame{ID: "flow", Width: 1036, Title: title, Note: note, Format: func(n int64) string { return money.Fen(n).String() },
		Blank: b.T("funding.flow.empty")}}, nodes, links)
	card := &ChartCard{Title: title, Note: note, Table: flowTable(b, v)}
	if err == nil { // flows that do not add up are not drawn; the table still says what was counted
		card.Picture = picture(s.Draw())
	}
	if v.MayFile {
		for _, format := range []string{"csv", "xlsx"} {
			card.Links = append(card.Links, Link{Text: b.T("chart." + format), Href: "/fund-flow/export?" + join(flowAddress(v), "format="+format)})
		}
	}
	return card
}

// flowAddress is the filter as it stands in an address.
func flowAddress(v funding.FlowView) string {
	q := ""
	if v.Fund != ident.Nil {
		q = join(q, "fund="+v.Fund.String())
	}
	if !v.From.IsZero() {
		q = join(q, "from="+v.From.String())
	}
	if !v.To.IsZero() {
		q = join(q, "to="+v.To.String())
	}
	return q
}

func flowTable(b Base, v funding.FlowView) Table {
	t := Table{Caption: b.T("funding.flow.table"), Note: b.T("strip.unit"), Bare: true, Quiet: true, Dense: true, Columns: []Column{{Key: "funding.source"}, {Key: "funding.fund"}, {Key: "funding.flow.programme"},
		{Key: "funding.hospital", Class: "grow"}, {Key: "funding.flow.times", Align: "right"}, {Key: "fund.account.committed", Align: "right"}}}
	total := money.Fen(0)
	for _, list := range [][]fund.Flow{v.Drawn, v.Back} {
		for _, f := range list {
			n := flowNames(b, f)
			t.Rows = append(t.Rows, Cells(TextCell(n[0]), TextCell(n[1]), TextCell(n[2]), TextCell(n[3]), TextCell(number(f.Times)), MoneyCell(f.Amount)))
			total += f.Amount
		}
	}
	row := Cells(TextCell(b.T("report.total")), TextCell(""), TextCell(""), TextCell(""), TextCell(""), MoneyCell(total))
	row.Total = true
	t.Rows = append(t.Rows, row)
	return t
}

// fundFlowExport gives the table as a file.
func (s *Server) fundFlowExport(w http.ResponseWriter, r *http.Request, c *Call) error {
	format, err := figureFile(r)
	if err != nil {
		return err
	}
	form, q, err := s.flowQuery(r, c)
	if err != nil {
		return err
	}
	if !form.OK() {
		return errs.Missing("error.not_found")
	}
	q.File = format
	v, err := s.d.Funding.Flow(r.Context(), c.Who, q)
	if err != nil {
		return err
	}
	now := s.d.Clock.Now()
	return sendBook(w, fileName("fund-flow", now, format), flowBook(c, v, now))
}

func flowBook(c *Call, v funding.FlowView, now time.Time) sheet.Book {
	t := sheet.Table{Name: c.P.T("funding.flow"), Title: c.P.T("funding.flow"), Notes: exportNotes(c, c.Who.Organisation, now, flowConditions(c.Base, v)), Columns: []sheet.Column{
		{Header: c.P.T("funding.source"), Width: 18}, {Header: c.P.T("funding.fund"), Width: 24}, {Header: c.P.T("funding.flow.programme"), Width: 18}, {Header: c.P.T("funding.hospital"), Width: 24},
		{Header: c.P.T("funding.flow.times"), Kind: sheet.IntColumn}, {Header: c.P.T("fund.account.committed"), Kind: sheet.MoneyColumn, Sum: true}}}
	var rows []sheet.Record
	for _, list := range [][]fund.Flow{v.Drawn, v.Back} {
		for _, f := range list {
			n := flowNames(c.Base, f)
			rows = append(rows, sheet.Record{n[0], n[1], n[2], n[3], int64(f.Times), f.Amount})
		}
	}
	t.Rows = sheet.Records(rows)
	return sheet.Book{Tables: []sheet.Table{t}}
}

// flowOf is the card of the flows for a page about funds; nil for who sees none.
func (s *Server) flowOf(r *http.Request, c *Call, fundID ident.ID) (*ChartCard, error) {
	if !s.can(c, authz.LedgerRead) {
		return nil, nil
	}
	v, err := s.d.Funding.Flow(r.Context(), c.Who, funding.FlowQuery{Fund: fundID})
	if err != nil {
		return nil, err
	}
	card := flowCard(c.Base, v)
	if card != nil {
		card.Links = append([]Link{{Text: c.P.T("funding.flow.open"), Href: "/fund-flow?" + flowAddress(v)}}, card.Links...)
	}
	return card, nil
}
