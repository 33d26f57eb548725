package webui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

// MeasureUnitsPage is the list behind a measure of facts: who counts, who stands
// below the line, whose outcome nobody knows, and who was left out.
type MeasureUnitsPage struct {
	Base
	Figure     FigureLink
	Facts      []Def
	Conditions []Def
	Rows       Table
	Notes      []string
}

// unitsInput reads which list to open.
func unitsInput(r *http.Request, c *Call, more ...string) (reporting.UnitsInput, error) {
	f, err := figureFilter(r, c, append(more, "part", "class", "own", "doctor")...)
	if err != nil {
		return reporting.UnitsInput{}, err
	}
	own, err := onlyOwn(r)
	if err != nil {
		return reporting.UnitsInput{}, err
	}
	q := r.URL.Query()
	in := reporting.UnitsInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f, Part: measure.Part(q.Get("part")), Class: q.Get("class"), Own: own,
		Page: page.Request{After: q.Get("after")}}
	if v := q.Get("doctor"); v != "" {
		if in.Doctor, err = ident.Parse(v); err != nil {
			return in, errs.Missing("error.not_found")
		}
	}
	if in.Part != "" && !slices.Contains(measure.Parts(), in.Part) {
		return in, errs.Missing("error.not_found")
	}
	return in, nil
}

// ofFacts reports whether a measure is read from facts; one that does not exist
// is answered by the list of figures.
func ofFacts(r *http.Request) bool {
	d, ok := measure.ByID(measure.ID(chi.URLParam(r, "id")))
	return ok && !d.Tallied()
}

// unitsList opens the list behind a measure of facts.
func (s *Server) unitsList(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "measures")
	in, err := unitsInput(r, c, "after")
	if err != nil {
		return err
	}
	u, err := s.d.Reporting.Units(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	mine := ""
	switch {
	case in.Own:
		mine = "own=1"
	case in.Doctor != ident.Nil:
		mine = "doctor=" + in.Doctor.String()
	}
	p := newMeasureUnitsPage(c.Base, u, s.can(c, authz.CaseRead), mine)
	p.Rows.Pager = NewPager(r.URL, u.Next, "")
	p.Notes = exportNotes(c, u.Partnership, u.At.AsOf, nil)[:2]
	return s.d.Engine.Render(w, r, http.StatusOK, "measure/units", p)
}

// newMeasureUnitsPage puts the page together.
func newMeasureUnitsPage(b Base, u reporting.Units, cases bool, mine string) MeasureUnitsPage {
	d := u.Definition
	f := bound(d, u.Filter)
	b.Title = b.T(d.NameKey())
	b.Crumbs = []Link{{Text: b.T("nav.measures"), Href: "/measures?group=" + string(d.Group)}, {Text: b.Title, Href: "/measures/" + string(d.ID) + "?" + join(f.Query(), mine)}, {Text: b.T("measures.list")}}
	b.Sub = b.T("measures.sub", "at", instant(u.At.AsOf), "lock", u.At.Lock.String())
	if u.Rights.Export {
		for _, format := range []string{"xlsx", "csv"} {
			b.Actions = append(b.Actions, Button{Text: b.T("report.export." + format), Icon: "download",
				Href: "/figures/" + string(d.ID) + "/export?" + join(f.Query(), mine, "part="+string(u.Part), classQuery(u.Class), "format="+format)})
		}
	}
	figure, facts := figureOf(b, u.Reading, "")
	p := MeasureUnitsPage{Base: b, Figure: figure, Facts: facts, Conditions: unitsConditions(b, u)}
	p.Rows = Table{ID: "table", Caption: b.T("measures.list"), Empty: Empty{Title: b.T("measures.nobody.title"), Text: b.T("measures.nobody.text")}}
	for _, part := range measure.Parts() {
		if part == measure.Numerator && !d.Rate() {
			continue
		}
		p.Rows.Tabs = append(p.Rows.Tabs, Tab{Text: b.T(part.NameKey()), Href: "/figures/" + string(d.ID) + "?" + join(f.Query(), mine, "part="+string(part), classQuery(u.Class)) + "#table",
			Count: partCount(u, part), Current: part == u.Part})
	}
	columns := unitColumns(u)
	for _, x := range columns {
		p.Rows.Columns = append(p.Rows.Columns, Column{Key: x.key, Class: x.class, Align: x.align})
	}
	for _, row := range u.Rows {
		p.Rows.Rows = append(p.Rows.Rows, unitRow(b, u, row, columns, cases))
	}
	return p
}

// unitsConditions are the conditions of a list, and whose cases they are.
func unitsConditions(b Base, u reporting.Units) []Def {
	out := conditions(b, u.Filter, u.Hospitals)
	if u.Surgeon.ID != ident.Nil {
		out = append(out, Def{Label: b.T("operation.lead"), Text: u.Surgeon.Name})
	}
	if u.Class != "" {
		out = append(out, Def{Label: b.T(measure.ByClass.NameKey()), Text: classText(b, u.Definition, u.Class)})
	}
	return out
}

func classQuery(class string) string {
	if class == "" {
		return ""
	}
	return "class=" + queryEscape(class)
}

// partCount is how many units a part has; a class is not counted apart.
func partCount(u reporting.Units, p measure.Part) string {
	events, of := u.Reading.Rate()
	c := u.Reading.Coverage()
	switch {
	case u.Class != "":
		return ""
	case p == measure.Numerator:
		return countText(events)
	case p == measure.Known && u.Definition.Rate() && u.Definition.Kind != measure.PopulationRate:
		return countText(of)
	case p == measure.Known:
		return countText(c.Known)
	case p == measure.Unknown:
		return countText(c.Eligible - c.Known)
	}
	var n int64
	for _, x := range u.Reading.Excluded() {
		n += x.N
	}
	return countText(n)
}

// unitColumn is one column of a list of units, the same on the page and in a file.
type unitColumn struct {
	key, class, align string
	kind              sheet.ColumnKind
	value             func(Base, reporting.Units, reporting.Unit) any
}

// unitColumns are the columns a list needs: what it does not have is not shown.
func unitColumns(u reporting.Units) []unitColumn {
	text := func(key string, value func(Base, reporting.Units, reporting.Unit) any) unitColumn {
		return unitColumn{key: key, class: "name-col", value: value}
	}
	out := []unitColumn{text("report.l.case", func(_ Base, _ reporting.Units, r reporting.Unit) any { return orDash(r.CaseNo) }),
		text("report.l.name", func(_ Base, _ reporting.Units, r reporting.Unit) any { return orDash(r.Name) }),
		text("report.l.hospital", func(_ Base, _ reporting.Units, r reporting.Unit) any { return r.Hospital.Name }),
		{key: "measures.day", kind: sheet.DateColumn, value: func(_ Base, _ reporting.Units, r reporting.Unit) any { return r.On }},
		text("report.l.kind", func(b Base, _ reporting.Units, r reporting.Unit) any { return unitKindText(b, r.Kind) }),
		text("report.l.side", func(b Base, _ reporting.Units, r reporting.Unit) any {
			v := bodySide(b, reporting.Row{Side: r.Side, Programme: r.Programme})
			if v == nil {
				return "–"
			}
			return v
		})}
	if u.Definition.Classes != "" {
		out = append(out, text("measure.by.class", func(b Base, u reporting.Units, r reporting.Unit) any { return classText(b, u.Definition, r.Fact.Class) }))
	}
	if u.Part == measure.Left {
		return append(out, text("measures.reason", func(b Base, _ reporting.Units, r reporting.Unit) any { return b.T(r.Fact.Excluded.NameKey()) }))
	}
	if u.Definition.Rate() {
		out = append(out, text("measures.counted", func(b Base, _ reporting.Units, r reporting.Unit) any { return countedText(b, r.Fact) }))
	}
	if d := u.Definition; d.Kind == measure.Median || d.Kind == measure.SumValues || d.Exposed() {
		out = append(out, unitColumn{key: "measures.value", align: "right", kind: valueColumn(d), value: func(_ Base, u reporting.Units, r reporting.Unit) any { return unitValue(u.Definition, r.Fact) }})
	}
	return out
}

func countedText(b Base, f measure.Fact) string {
	switch {
	case f.Hit:
		return b.T("measures.yes")
	case !f.Known:
		return b.T(measure.Unknown.NameKey())
	}
	return b.T("measures.no")
}

func valueColumn(d measure.Definition) sheet.ColumnKind {
	switch {
	case d.Unit == measure.Fen:
		return sheet.MoneyColumn
	case d.Decimals > 0:
		return sheet.FigureColumn
	}
	return sheet.IntColumn
}

// unitValue is a unit's value in the unit of the measure: days at risk for what
// is watched over time.
func unitValue(d measure.Definition, f measure.Fact) any {
	switch {
	case !f.Known && !d.Exposed():
		return nil
	case d.Unit == measure.Fen:
		return money.Fen(f.Value)
	case d.Decimals > 0:
		return sheet.Figure(pointed(f.Value, d.Decimals))
	}
	return int(f.Value)
}

// pointed writes a whole number with its last digits behind the point.
func pointed(n int64, digits int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	s := countText(n)
	s = strings.ReplaceAll(s, ",", "")
	for len(s) <= digits {
		s = "0" + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}

func unitRow(b Base, u reporting.Units, r reporting.Unit, columns []unitColumn, cases bool) Row {
	var cells []Cell
	for _, x := range columns {
		l := listColumn{key: x.key, value: func(b Base, _ reporting.Row) any { return x.value(b, u, r) }}
		cell := l.cell(b, reporting.Row{Hospital: r.Hospital})
		switch x.key {
		case "report.l.case":
			cell = CodeCell(orDash(r.CaseNo))
			if cases && r.CaseNo != "" {
				cell.Href = "/cases/" + r.CaseID.String()
			}
		case "report.l.hospital":
			cell = hospitalCell(r.Hospital)
		}
		cells = append(cells, cell)
	}
	return Cells(cells...)
}

// unitsExport gives the whole list as a file.
func (s *Server) unitsExport(w http.ResponseWriter, r *http.Request, c *Call, format string) error {
	in, err := unitsInput(r, c, "format")
	if err != nil {
		return err
	}
	in.File = format
	u, err := s.d.Reporting.Units(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	notes := exportNotes(c, u.Partnership, u.At.AsOf, unitsConditions(c.Base, u))
	v := inWords(c.Base, u.Reading).Row()
	notes = append(notes, c.P.T("measures.file", "name", c.P.T(u.Definition.NameKey()), "value", v[0], "interval", v[1], "rests", v[2], "coverage", v[3], "part", c.P.T(u.Part.NameKey())), definitionText(c.Base, u.Definition))
	return sendBook(w, fileName(strings.ReplaceAll(string(u.Definition.ID), ".", "-")+"-"+string(u.Part), u.At.AsOf, format), sheet.Book{Tables: []sheet.Table{unitsSheet(c.Base, u, notes)}})
}

// unitsSheet is the list of units as a sheet.
func unitsSheet(b Base, u reporting.Units, notes []string) sheet.Table {
	columns := unitColumns(u)
	t := sheet.Table{Name: b.T(u.Part.NameKey()), Title: b.T(u.Definition.NameKey()), Notes: notes}
	for _, x := range columns {
		sum := x.key == "measures.value" && u.Definition.Kind == measure.SumValues
		if sum { // medians and shares have no total
			t.Total = b.T("report.total")
		}
		t.Columns = append(t.Columns, sheet.Column{Header: b.T(x.key), Kind: x.kind, Sum: sum})
	}
	t.Rows = func(yield func(sheet.Record, error) bool) {
		for _, r := range u.Rows {
			var row sheet.Record
			for _, x := range columns {
				row = append(row, x.value(b, u, r))
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	return t
}
