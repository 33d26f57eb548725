package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// MeasureDeskPage is the measures of one group: each with its figure, interval,
// what it rests on, and the way to its list and its parts.
type MeasureDeskPage struct {
	Base
	Filter  *Form
	Groups  []Tab
	Table   Table
	Notes   []string // on paper
	Refused bool
}

// measureDesk shows the measures of a group.
func (s *Server) measureDesk(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "measures")
	in, wrong, err := deskInput(r, c, "group", "own")
	if err != nil {
		return err
	}
	read := func(in reporting.DeskInput) func() (reporting.Desk, error) {
		return func() (reporting.Desk, error) { return s.d.Reporting.Desk(r.Context(), c.Who, in) }
	}
	d, wrong, err := figures(wrong, read(in), read(reporting.DeskInput{Group: in.Group, Own: in.Own, Frame: true}), noneKept)
	if err != nil {
		return err
	}
	form := filterForm(c.Base, c.Today, d.Hospitals)
	if err := showFilter(form, in.Filter, wrong, r); err != nil {
		return err
	}
	p := newMeasureDeskPage(c.Base, d, form, in.Own)
	if c.Who.PractitionerID != ident.Nil && !in.Own && !p.Refused {
		p.Actions = append(p.Actions, Button{Text: c.P.T("measures.own"), Icon: "person", Href: "/measures?" + join("group="+string(ownGroup(in.Group)), in.Filter.Query(), "own=1")})
	}
	p.Notes = pageNotes(c, d, form)
	return s.d.Engine.Render(w, r, form.Status(), "measure/desk", p)
}

// ownGroup is the group a doctor's own measures begin with: one of units that
// somebody leads.
func ownGroup(g measure.Group) measure.Group {
	if slices.ContainsFunc(measure.InGroup(g), func(d measure.Definition) bool { return d.Base.Led() }) {
		return g
	}
	return measure.JointCare
}

// deskInput reads the group, the filter and whether only own operations are
// asked for. What is wrong with the filter comes back for the form.
func deskInput(r *http.Request, c *Call, more ...string) (in reporting.DeskInput, wrong, err error) {
	g, ok := measure.ParseGroup(r.URL.Query().Get("group"))
	if !ok {
		return in, nil, errs.Missing("error.not_found")
	}
	in = reporting.DeskInput{Group: g}
	if in.Own, err = onlyOwn(r); err != nil {
		return in, nil, err
	}
	in.Filter, wrong = figureFilter(r, c, more...)
	return in, wrong, nil
}

// newMeasureDeskPage puts the page together.
func newMeasureDeskPage(b Base, d reporting.Desk, form *Form, own bool) MeasureDeskPage {
	b.Title, b.Eyebrow = b.T(d.Group.NameKey()), b.T("nav.measures")
	form.Action = "/measures"
	form.Hide("group", string(d.Group))
	mine := ""
	if own {
		mine = "own=1"
		form.Hide("own", "1")
	}
	p := MeasureDeskPage{Base: b, Filter: form, Refused: !form.OK()}
	if p.Refused {
		return p
	}
	p.Sub = b.T("measures.sub", "at", instant(d.At.AsOf), "lock", d.At.Lock.String())
	if own {
		p.Sub = b.T("measures.own.sub", "what", p.Sub)
	}
	for _, g := range measure.Groups() {
		if own && ownGroup(g) != g {
			continue
		}
		p.Groups = append(p.Groups, Tab{Text: b.T(g.NameKey()), Href: "/measures?" + join("group="+string(g), d.Filter.Query(), mine), Current: g == d.Group})
	}
	if d.Rights.Export && !own {
		for _, format := range []string{"xlsx", "csv"} {
			p.Actions = append(p.Actions, Button{Text: b.T("report.export." + format), Icon: "download", Href: "/measures/export?" + join("group="+string(d.Group), d.Filter.Query(), "format="+format)})
		}
	}
	p.Table = deskTable(b, d, mine)
	p.Table.Caption = b.Title
	if !d.Profile.Exact() {
		p.Table.Note = profileNote(b, d.Profile)
	}
	return p
}

// deskTable is one row a measure.
func deskTable(b Base, d reporting.Desk, mine string) Table {
	t := Table{ID: "table", Columns: []Column{{Key: "measures.name", Class: "wide"}, {Key: "measures.value", Align: "right"}, {Key: "measures.interval", Align: "right"},
		{Key: "measures.rests", Align: "right"}, {Key: "measures.coverage", Align: "right"}, {Key: "measures.left", Class: "name-col"}},
		Empty: Empty{Title: b.T("measures.none.title"), Text: b.T("measures.none.text"), Buttons: []Button{{Text: b.T("filter.clear"), Href: "/measures?group=" + string(d.Group)}}}}
	for _, r := range d.Readings {
		m := r.Definition()
		name := Cell{Text: b.T(m.NameKey()), Sub: definitionText(b, m), Href: "/measures/" + string(m.ID) + "?" + join(bound(m, d.Filter).Query(), mine)}
		t.Rows = append(t.Rows, Cells(append([]Cell{name}, readingCells(b, r, unitsURL(d.Rights, m, d.Filter, mine))...)...))
	}
	return t
}

// bound is a filter without the condition a measure makes itself.
func bound(d measure.Definition, f measure.Filter) measure.Filter {
	if f.Programme == d.Programme || f.Programme == measure.All {
		f.Programme = ""
	}
	return f
}

// unitsURL is the list behind a measure, or nothing for who may open none.
func unitsURL(r reporting.Rights, d measure.Definition, f measure.Filter, more ...string) string {
	if !r.Lists {
		return ""
	}
	q := join(append([]string{bound(d, f).Query()}, more...)...)
	if q == "" {
		return "/figures/" + string(d.ID)
	}
	return "/figures/" + string(d.ID) + "?" + q
}

// readingCells are the figure and everything it may not be shown without.
func readingCells(b Base, r measure.Reading, href string) []Cell {
	v := inWords(b, r).Row()
	value := Cell{Text: v[0], Nowrap: r.State() == measure.Measured, Href: href, Strong: r.State() == measure.Measured}
	return []Cell{value, {Text: v[1], Nowrap: true}, {Text: v[2], Nowrap: true}, {Text: v[3], Nowrap: true}, TextCell(leftText(b, r))}
}

// How a reading is said stands with the reports, which say the same.

func definitionText(b Base, d measure.Definition) string { return report.DefinitionText(b, d) }

func inWords(b Base, r measure.Reading) report.Said { return report.Say(b, r) }

// wholeText is a count with its unit, which needs nothing beside it; or why there
// is none.
func wholeText(b Base, r measure.Reading) string {
	n, ok := r.Whole()
	if !ok {
		return b.T(r.State().NameKey())
	}
	return b.T("measures.with_unit", "value", countText(n), "unit", b.T(r.Definition().Unit.NameKey()))
}

func decimalText(v float64, digits int) string { return report.Decimal(v, digits) }

func short(v float64) string { return report.Short(v) }

// figureOf is a reading as the large figure of a page, and the lines that belong to it.
func figureOf(b Base, r measure.Reading, href string) (FigureLink, []Def) {
	value, unit, interval, rests, coverage := inWords(b, r).Parts()
	return FigureLink{Name: definitionText(b, r.Definition()), Href: href, Value: value, Unit: unit}, readingFacts(b, r, interval, rests, coverage)
}

// leftText says who was left out and why.
func leftText(b Base, r measure.Reading) string { return report.LeftText(b, r) }

// classText is the name of a class.
func classText(b Base, d measure.Definition, class string) string {
	if class == measure.Others {
		return b.T(measure.OthersKey)
	}
	if d.Classes == measure.ClassText || class == "" || !b.P.Has(d.Classes+class) {
		return orDash(class)
	}
	return b.T(d.Classes + class)
}

// MeasureDetailPage is one measure: its figure and definition, its parts by one
// dimension, its months and its classes.
type MeasureDetailPage struct {
	Base
	Filter  *Form
	Figure  FigureLink
	Facts   []Def
	Charts  []ChartCard
	Tables  []Table
	Notes   []string
	Refused bool
}

// measureDetail shows one measure with its parts.
func (s *Server) measureDetail(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "measures")
	by, err := figureDimension(r)
	if err != nil {
		return err
	}
	own, err := onlyOwn(r)
	if err != nil {
		return err
	}
	f, wrong := figureFilter(r, c, "by", "own")
	read := func(f measure.Filter, frame bool) func() (reporting.Detail, error) {
		in := reporting.DetailInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f, By: by, Own: own, Frame: frame}
		return func() (reporting.Detail, error) { return s.d.Reporting.Detail(r.Context(), c.Who, in) }
	}
	d, wrong, err := figures(wrong, read(f, false), read(measure.Filter{}, true), noneKept)
	if err != nil {
		return err
	}
	form := filterForm(c.Base, c.Today, d.Hospitals)
	if err := showFilter(form, f, wrong, r); err != nil {
		return err
	}
	p := newMeasureDetailPage(c.Base, d, form, own)
	p.Notes = pageNotes(c, d.Desk, form)
	return s.d.Engine.Render(w, r, form.Status(), "measure/detail", p)
}

// newMeasureDetailPage puts the page together.
func newMeasureDetailPage(b Base, d reporting.Detail, form *Form, own bool) MeasureDetailPage {
	m, mine := d.Definition, ""
	b.Title = b.T(m.NameKey())
	b.Crumbs = []Link{{Text: b.T("nav.measures"), Href: "/measures"}, {Text: b.T(m.Group.NameKey()), Href: "/measures?" + join("group="+string(m.Group), bound(m, d.Filter).Query())}, {Text: b.Title}}
	form.Action = "/measures/" + string(m.ID)
	form.Hide("by", string(d.By))
	if own {
		mine = "own=1"
		form.Hide("own", "1")
	}
	p := MeasureDetailPage{Base: b, Filter: form, Refused: !form.OK()}
	if p.Refused {
		return p
	}
	p.Sub = b.T("measures.sub", "at", instant(d.At.AsOf), "lock", d.At.Lock.String())
	p.Figure, p.Facts = figureOf(b, d.Reading, unitsURL(d.Rights, m, d.Filter, mine))
	p.Charts = measureCharts{Base: b, d: d, mine: mine}.all()
	parts := pieceTable(b, d, d.Parts, d.By, mine)
	parts.ID, parts.Caption = "table", b.T("report.table.title", "by", b.T(d.By.NameKey()))
	for _, by := range []measure.Dimension{measure.ByHospital, measure.BySide, measure.ByCategory, measure.BySurgeon, measure.ByProgramme} {
		parts.Tabs = append(parts.Tabs, Tab{Text: b.T(by.NameKey()), Href: "/measures/" + string(m.ID) + "?" + join(bound(m, d.Filter).Query(), mine, "by="+string(by)) + "#table", Current: by == d.By})
	}
	p.Tables = []Table{parts}
	if len(d.Classes) > 0 {
		classes := pieceTable(b, d, d.Classes, measure.ByClass, mine)
		classes.Caption = b.T("report.table.title", "by", b.T(measure.ByClass.NameKey()))
		p.Tables = append(p.Tables, classes)
	}
	months := pieceTable(b, d, d.Months, measure.ByMonth, mine)
	months.Caption = b.T("report.table.title", "by", b.T(measure.ByMonth.NameKey()))
	if len(d.Parts) > 0 || len(d.Months) > 0 { // one empty table says it
		p.Tables = append(p.Tables, months)
	}
	if !d.Profile.Exact() {
		for i := range p.Tables {
			p.Tables[i].Note = profileNote(b, d.Profile)
		}
	}
	return p
}

// readingFacts are what belongs to a figure, one line each.
func readingFacts(b Base, r measure.Reading, interval, rests, coverage string) []Def {
	d := r.Definition()
	out := []Def{{Label: b.T("measures.rests"), Text: rests}}
	if d.Rate() || d.Kind == measure.Median {
		out = append(out, Def{Label: b.T("measures.interval"), Text: interval})
	}
	if d.Covers() {
		out = append(out, Def{Label: b.T("measures.coverage"), Text: coverage})
	}
	if !d.Tallied() {
		out = append(out, Def{Label: b.T("measures.left"), Text: leftText(b, r)},
			Def{Label: b.T("measures.base"), Text: b.T(d.Base.DenominatorKey())}, Def{Label: b.T("measures.clock"), Text: b.T(d.Base.ClockKey())})
	}
	return append(out, Def{Label: b.T("measures.direction"), Text: b.T("measure.direction." + string(d.Direction))},
		Def{Label: b.T("measures.lock"), Text: r.Moment().Lock.String()}, Def{Label: b.T("measures.id"), Text: string(d.ID) + " v" + strconv.Itoa(d.Version)})
}

// noPieces stands in place of the parts of a measure that has none: why there is no
// figure, and who was left out.
func noPieces(b Base, r measure.Reading) Empty {
	out := Empty{Title: b.T("measure.state.no_case"), Text: b.T("measures.none.text")}
	if len(r.Excluded()) > 0 {
		out = Empty{Title: b.T(report.AbsenceKey(r)), Text: leftText(b, r)}
	}
	return out
}

// pieceTable is one row a part of a measure.
func pieceTable(b Base, d reporting.Detail, list []reporting.Piece, by measure.Dimension, mine string) Table {
	t := Table{Columns: []Column{{Key: by.NameKey(), Class: "name-col"}, {Key: "measures.value", Align: "right"}, {Key: "measures.interval", Align: "right"},
		{Key: "measures.rests", Align: "right"}, {Key: "measures.coverage", Align: "right"}, {Key: "measures.left", Class: "name-col"}}, Dense: by == measure.ByMonth,
		Empty: noPieces(b, d.Reading)}
	for _, x := range list {
		var name Cell
		more, href := "", ""
		switch {
		case by == measure.ByClass:
			name, more = TextCell(classText(b, d.Definition, x.Class)), "class="+queryEscape(x.Class)
		case x.Place != nil:
			name = hospitalCell(*x.Place)
		default:
			name = TextCell(orDash(groupText(b, by, reporting.Group{Key: x.Key})))
		}
		if x.Reading.AllLeft() { // nobody else is in its list
			more = join(more, "part="+string(measure.Left))
		}
		if x.Linked {
			href = unitsURL(d.Rights, d.Definition, x.Filter, mine, more)
		}
		t.Rows = append(t.Rows, Cells(append([]Cell{name}, readingCells(b, x.Reading, href)...)...))
	}
	return t
}

// measureExport gives the measures of a group as a file.
func (s *Server) measureExport(w http.ResponseWriter, r *http.Request, c *Call) error {
	format, err := figureFile(r)
	if err != nil {
		return err
	}
	in, wrong, err := deskInput(r, c, "group", "own", "format")
	if err != nil || wrong != nil {
		return cmpError(err, wrong)
	}
	in.File = format
	d, err := s.d.Reporting.Desk(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	notes := exportNotes(c, d.Partnership, d.At.AsOf, deskConditions(c, d, in.Own))
	if !d.Profile.Exact() {
		notes = append(notes, profileNote(c.Base, d.Profile))
	}
	return sendBook(w, fileName("measures-"+string(d.Group), d.At.AsOf, format), sheet.Book{Tables: []sheet.Table{readingSheet(c.Base, d, notes)}})
}

// deskConditions are the conditions of a file, and whose operations it is about.
func deskConditions(c *Call, d reporting.Desk, own bool) []Def {
	out := conditions(c.Base, d.Filter, d.Hospitals)
	if own {
		out = append(out, Def{Label: c.P.T("operation.lead"), Text: c.Who.DisplayName})
	}
	return out
}

func cmpError(errs ...error) error {
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}

// readingSheet is the measures of a group as a sheet: one row each, with all a
// figure may not be without.
func readingSheet(b Base, d reporting.Desk, notes []string) sheet.Table {
	text := func(key string, width int) sheet.Column { return sheet.Column{Header: b.T(key), Width: width} }
	t := sheet.Table{Name: b.T(d.Group.NameKey()), Title: b.T("nav.measures"), Notes: append(notes, b.T("measures.sub", "at", instant(d.At.AsOf), "lock", d.At.Lock.String())),
		Columns: []sheet.Column{text("report.file.id", 24), text("report.file.measure", 28), text("measures.value", 20), text("report.file.unit_of", 10), text("measures.interval", 20), text("measures.rests", 14),
			text("measures.coverage", 14), text("measures.left", 40), text("report.file.counts", 60), {Header: b.T("report.file.version"), Kind: sheet.IntColumn}}}
	var rows []sheet.Record
	for _, r := range d.Readings {
		m := r.Definition()
		row := append(sheet.Record{string(m.ID), b.T(m.NameKey())}, readingRecord(b, r)...)
		rows = append(rows, append(row, leftText(b, r), definitionText(b, m), m.Version))
	}
	t.Rows = sheet.Records(rows)
	return t
}

// readingRecord is a figure in a file: the number and its unit apart, or why there is
// none, and the interval, what it rests on and how much of that is known.
func readingRecord(b Base, r measure.Reading) sheet.Record {
	value, unit, interval, rests, coverage := inWords(b, r).Parts()
	if value == "–" {
		value, unit = unit, ""
	}
	return sheet.Record{fileValue(value), unit, fileValue(interval), fileValue(rests), fileValue(coverage)}
}

// unitKindText names an operation; units that are none have no kind.
func unitKindText(b Base, kind string) string {
	if kind == "" {
		return "–"
	}
	return b.T(procedure.Kind(kind).Label())
}

// measureDetailExport gives the parts, the months or the classes of a measure as
// a file.
func (s *Server) measureDetailExport(w http.ResponseWriter, r *http.Request, c *Call) error {
	format, err := figureFile(r)
	if err != nil {
		return err
	}
	by, err := figureDimension(r)
	if err != nil {
		return err
	}
	own, err := onlyOwn(r)
	if err != nil {
		return err
	}
	part := r.URL.Query().Get("part")
	if !slices.Contains([]string{"", "parts", "months", "classes"}, part) {
		return errs.Missing("error.not_found")
	}
	f, err := figureFilter(r, c, "by", "part", "own", "format")
	if err != nil {
		return err
	}
	d, err := s.d.Reporting.Detail(r.Context(), c.Who, reporting.DetailInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f, By: by, Own: own, File: format})
	if err != nil {
		return err
	}
	list, by := d.Parts, d.By
	switch part {
	case "months":
		list, by = d.Months, measure.ByMonth
	case "classes":
		list, by = d.Classes, measure.ByClass
	}
	notes := exportNotes(c, d.Partnership, d.At.AsOf, deskConditions(c, d.Desk, own))
	if !d.Profile.Exact() {
		notes = append(notes, profileNote(c.Base, d.Profile))
	}
	name := strings.ReplaceAll(string(d.Definition.ID), ".", "-") + "-" + string(by)
	return sendBook(w, fileName(name, d.At.AsOf, format), sheet.Book{Tables: []sheet.Table{pieceSheet(c.Base, d, list, by, notes)}})
}

// pieceSheet is the table of parts as a sheet.
func pieceSheet(b Base, d reporting.Detail, list []reporting.Piece, by measure.Dimension, notes []string) sheet.Table {
	t := sheet.Table{Name: b.T(by.NameKey()), Title: b.T(d.Definition.NameKey()), Notes: append(notes, definitionText(b, d.Definition))}
	for _, key := range []string{by.NameKey(), "measures.value", "report.file.unit_of", "measures.interval", "measures.rests", "measures.coverage", "measures.left"} {
		t.Columns = append(t.Columns, sheet.Column{Header: b.T(key), Width: 20})
	}
	var rows []sheet.Record
	for _, x := range list {
		row := append(sheet.Record{measureCharts{Base: b, d: d}.name(by, x)}, readingRecord(b, x.Reading)...)
		rows = append(rows, append(row, leftText(b, x.Reading)))
	}
	t.Rows = sheet.Records(rows)
	return t
}
