package webui

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// FigurePage is the list behind a figure: what is counted, under which
// conditions, and every row of it.
type FigurePage struct {
	Base
	Value      FigureLink
	Counts     string
	Conditions []Def
	Rows       Table
	Notes      []string // on paper
}

// figureList opens the list behind a figure.
func (s *Server) figureList(w http.ResponseWriter, r *http.Request, c *Call) error {
	if ofFacts(r) {
		return s.unitsList(w, r, c)
	}
	s.section(c, "overview")
	f, err := figureFilter(r, c, "after")
	if err != nil {
		return err
	}
	in := reporting.ListInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f, Page: page.Request{After: r.URL.Query().Get("after")}}
	l, err := s.d.Reporting.List(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	p := newFigurePage(c.Base, l, s.can(c, authz.CaseRead))
	p.Rows.Pager = NewPager(r.URL, l.Next, c.P.T("report.list.all", "count", listCount(l)))
	p.Notes = exportNotes(c, l.Partnership, l.AsOf(), nil)[:2] // the conditions stand on the page
	return s.d.Engine.Render(w, r, http.StatusOK, "figure_list", p)
}

// newFigurePage puts the page together. Cases are linked where they may be opened.
func newFigurePage(b Base, l reporting.List, cases bool) FigurePage {
	d := l.Definition
	b.Title = b.T(d.NameKey())
	b.Crumbs = []Link{{Text: b.T("nav.overview"), Href: "/overview"}, {Text: b.Title}}
	b.Sub = b.T("report.overview.sub", "at", instant(l.AsOf()))
	if l.Rights.Export {
		for _, format := range []string{"xlsx", "csv"} {
			b.Actions = append(b.Actions, Button{Text: b.T("report.export." + format), Icon: "download",
				Href: "/figures/" + string(d.ID) + "/export?" + join(l.Filter.Query(), "format="+format)})
		}
		b.Actions = append(b.Actions, Button{Text: b.T("download.background"), Icon: "download", Href: "/downloads?" + join("figure="+string(d.ID), l.Filter.Query())})
	}
	p := FigurePage{Base: b, Counts: b.T(d.NumeratorKey()), Conditions: append(conditions(b, l.Filter, l.Hospitals), covered(b, l.Value)...)}
	p.Value = FigureLink{Name: b.Title, Value: figureText(l.Value), Unit: b.T(d.Unit.NameKey())}
	p.Rows = Table{Caption: b.T("report.list." + string(d.List)), Columns: []Column{{Key: "report.l.case"}, {Key: "report.l.name", Class: "name-col"}}, Empty: Empty{
		Title: b.T("report.empty.title"), Text: b.T("report.empty.text"), Buttons: []Button{{Text: b.T("report.back"), Href: "/overview"}}}}
	columns := listColumns(d)
	for _, x := range columns {
		p.Rows.Columns = append(p.Rows.Columns, Column{Text: x.head(b), Align: x.align(), Class: x.class()})
	}
	for _, r := range l.Rows {
		p.Rows.Rows = append(p.Rows.Rows, listRow(b, r, columns, cases))
	}
	return p
}

// covered says of how many a sum of money is.
func covered(b Base, v measure.Value) []Def {
	if v.Coverage == nil {
		return nil
	}
	return []Def{{Label: b.T("measures.coverage"), Text: countText(v.Coverage.Known) + "/" + countText(v.Coverage.Eligible)}}
}

// figureLines say at the head of a file what figure its list stands behind.
func figureLines(b Base, l reporting.List) []string {
	d := l.Definition
	out := []string{b.T("report.file.figure", "name", b.T(d.NameKey()), "value", figureText(l.Value), "unit", b.T(d.Unit.NameKey()), "counts", b.T(d.NumeratorKey()))}
	for _, x := range covered(b, l.Value) {
		out = append(out, b.T("report.file.condition", "name", x.Label, "value", x.Text))
	}
	return out
}

// listCount is how many rows the whole list has.
func listCount(l reporting.List) string {
	if l.Definition.Kind == measure.SumMoney && l.Value.Denominator != nil {
		return countText(*l.Value.Denominator)
	}
	return figureText(l.Value)
}

// listColumn is one column of a list, the same on the page and in a file.
type listColumn struct {
	key    string
	kind   sheet.ColumnKind
	figure bool // its sum is the figure
	value  func(Base, reporting.Row) any
}

// head is the column's name; amounts name their unit there.
func (x listColumn) head(b Base) string {
	if x.kind == sheet.MoneyColumn {
		return b.T("report.col.in_yuan", "name", b.T(x.key))
	}
	return b.T(x.key)
}

// listColumns are the columns of a measure's list after case number and name.
func listColumns(d measure.Definition) []listColumn {
	text := func(key string, value func(Base, reporting.Row) any) listColumn {
		return listColumn{key: key, value: value}
	}
	out := []listColumn{text("report.l.hospital", func(_ Base, r reporting.Row) any { return r.Hospital.Name })}
	if d.Programme == measure.All {
		out = append(out, text("report.l.programme", func(b Base, r reporting.Row) any { return b.T(r.Programme.NameKey()) }))
	}
	if d.List == measure.ListProcedures {
		out = append(out, text("report.l.kind", func(b Base, r reporting.Row) any { return b.T(procedure.Kind(r.Kind).Label()) }), text("report.l.side", bodySide))
	}
	on := map[measure.ListKind]string{measure.ListPersons: "report.l.last", measure.ListTreatments: "report.l.first", measure.ListProcedures: "report.l.on"}
	out = append(out, listColumn{key: on[d.List], kind: sheet.DateColumn, value: func(_ Base, r reporting.Row) any { return r.On }})
	switch d.List {
	case measure.ListPersons:
		out = append(out, listColumn{key: "report.l.operations", kind: sheet.IntColumn, value: func(_ Base, r reporting.Row) any { return r.Operations }})
	case measure.ListTreatments:
		out = append(out, moneyColumns(d)...)
	}
	return out
}

// moneyColumns are the measures of money of a programme, so that a list shows
// the same words as the figures. A treatment that is not settled has no amounts.
func moneyColumns(d measure.Definition) []listColumn {
	var out []listColumn
	for _, m := range measure.Of(d.Programme) {
		if m.Kind == measure.SumMoney {
			out = append(out, listColumn{key: "report.col." + suffix(m), kind: sheet.MoneyColumn, figure: m.ID == d.ID, value: func(_ Base, r reporting.Row) any {
				if !r.Settled {
					return nil
				}
				return m.Amount(r.Money)
			}})
		}
	}
	return out
}

// bodySide names the side of the body, as eye doctors do for eyes.
func bodySide(b Base, r reporting.Row) any {
	side := procedure.Side(r.Side)
	switch {
	case side == "":
		return nil
	case r.Programme == measure.Cataract:
		return b.T(side.EyeLabel())
	}
	return b.T(side.Label())
}

// cell is a value as the page shows it.
func (x listColumn) cell(b Base, r reporting.Row) Cell {
	var c Cell
	switch v := x.value(b, r).(type) {
	case nil:
		c = TextCell("–")
		if x.key == "report.col.bill_fen" { // said once a row
			c.Text = b.T("report.unsettled")
		}
	case string:
		c = TextCell(v)
	case money.Fen:
		c = MoneyCell(v)
	case sheet.Figure:
		c = TextCell(strings.Replace(string(v), "-", "−", 1))
	case clock.Date:
		c = DateCell(v)
	default:
		c = TextCell(fmt.Sprint(v))
	}
	if x.key == "report.l.hospital" {
		c = hospitalCell(r.Hospital)
	}
	c.Strong = x.figure
	return c
}

func (x listColumn) align() string {
	if x.kind == sheet.MoneyColumn || x.kind == sheet.IntColumn {
		return "right"
	}
	return ""
}

// class keeps a name from being broken after every letter on a phone.
func (x listColumn) class() string {
	if x.kind == sheet.TextColumn {
		return "name-col"
	}
	return ""
}

func listRow(b Base, r reporting.Row, columns []listColumn, cases bool) Row {
	no := CodeCell(orDash(r.CaseNo))
	if cases && r.CaseNo != "" {
		no.Href = "/cases/" + r.CaseID.String()
	}
	cells := []Cell{no, TextCell(orDash(r.Name))}
	for _, x := range columns {
		cells = append(cells, x.cell(b, r))
	}
	return Cells(cells...)
}

// orDash marks what the reader may not see.
func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
