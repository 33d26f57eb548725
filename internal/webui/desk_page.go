package webui

import (
	"net/http"
	"strings"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// BoardPage is a page of the desk: figures as tiles, charts with their tables,
// and what each figure means.
type BoardPage struct {
	Base
	Filter  *Form
	Nav     []Tab
	Tiles   []MeasureTile
	Charts  []ChartCard
	Tables  []Table
	Terms   []Def // what the figures mean, for the print and for who wants to read all
	Notes   []string
	Empty   *Empty
	Refused bool
}

// MeasureTile is one figure with everything it may not be shown without.
type MeasureTile struct {
	ID       string
	Name     string
	Detail   string // the page of the measure
	Value    string
	Unit     string
	Href     string // the list behind it
	Interval string
	Rests    string
	Coverage *Coverage
	Target   *Tag
	Meaning  string // shown on hover, focus and print
	Lock     string
}

// deskFrame is what a page of the desk knows before anything is read.
type deskFrame struct {
	reporting.Desk
	at    string // its address
	fixed []measure.Dimension
}

// deskPlan is one page of the desk: what it reads and what it makes of it.
type deskPlan struct {
	page   string // as files and records name it
	at     string
	tab    string // of the navigation of the desk
	fixed  []measure.Dimension
	tiles  []measure.ID
	input  reporting.BoardInput
	charts func(deskCharts) []deskChart
	tables func(deskCharts) []Table
	head   func(*Base, reporting.Board)
}

// deskChart is a chart of a page: id in its file's address, and where the cases
// behind it are.
type deskChart struct {
	id    string
	d     chart.Drawing
	cases string
	half  bool
}

// board shows a page of the desk.
func (s *Server) board(w http.ResponseWriter, r *http.Request, c *Call, plan deskPlan) error {
	s.section(c, "overview")
	f, wrong, done, err := s.deskFilter(w, r, c, plan.conditions("by"))
	if err != nil || done {
		return err
	}
	if r.URL.Query().Get("by") != "" {
		if plan.input.By, err = figureDimension(r); err != nil {
			return err
		}
	}
	read := func(f measure.Filter, frame bool) func() (reporting.Board, error) {
		plan.input.Filter, plan.input.Frame = plan.bind(f), frame
		in := plan.input
		return func() (reporting.Board, error) { return s.d.Reporting.Board(r.Context(), c.Who, in) }
	}
	b, wrong, err := figures(wrong, read(f, false), read(measure.Filter{}, true), s.keeping(r, c, f, plan.fixed))
	if err != nil {
		return err
	}
	form, err := boardForm(c.Base, c, deskFrame{Desk: b.Desk, at: plan.at, fixed: plan.fixed}, f, wrong, r)
	if err != nil {
		return err
	}
	p := newBoardPage(c.Base, plan, b, form)
	p.Nav = s.deskTabs(c, plan.tab)
	p.Notes = pageNotes(c, b.Desk, form)
	return s.d.Engine.Render(w, r, form.Status(), "desk/board", p)
}

// bind adds the conditions a page makes itself.
func (p deskPlan) bind(f measure.Filter) measure.Filter {
	if p.input.Filter.Programme != "" {
		f.Programme = p.input.Filter.Programme
	}
	return f
}

// conditions are those a reader may choose on the page.
func (p deskPlan) conditions(more ...string) conditionsOfPage {
	own := p.bind(measure.Filter{})
	own.HospitalID = p.input.Hospital
	return conditionsOfPage{fixed: p.fixed, own: own, more: more}
}

// pageNotes are the lines on paper: a page without figures was made under no conditions.
func pageNotes(c *Call, d reporting.Desk, form *Form) []string {
	notes := exportNotes(c, d.Partnership, d.At.AsOf, conditions(c.Base, d.Filter, d.Hospitals))
	if !form.OK() {
		return notes[:2]
	}
	return notes
}

// boardExport gives the numbers of one chart of a page as a file.
func (s *Server) boardExport(w http.ResponseWriter, r *http.Request, c *Call, plan deskPlan) error {
	format, err := figureFile(r)
	if err != nil {
		return err
	}
	f, err := plan.conditions("by", "chart", "format").read(r.URL.Query(), c)
	if err != nil {
		return err
	}
	id := r.URL.Query().Get("chart")
	var found *deskChart
	plan.input.Filter, plan.input.File, plan.input.Page = plan.bind(f), format, plan.page
	if r.URL.Query().Get("by") != "" {
		if plan.input.By, err = figureDimension(r); err != nil {
			return err
		}
	}
	plan.input.Rows = func(b reporting.Board) int {
		for _, x := range plan.charts(deskCharts{Base: c.Base, b: b, plan: plan}) {
			if x.id == id {
				found = &x
				return len(x.d.Rows)
			}
		}
		return 0
	}
	b, err := s.d.Reporting.Board(r.Context(), c.Who, plan.input)
	if err != nil {
		return err
	}
	if found == nil {
		return errs.Missing("error.not_found")
	}
	notes := exportNotes(c, b.Partnership, b.At.AsOf, conditions(c.Base, b.Filter, b.Hospitals))
	if !b.Profile.Exact() {
		notes = append(notes, profileNote(c.Base, b.Profile))
	}
	name := "desk-" + strings.ReplaceAll(plan.page, ".", "-") + "-" + id
	return sendBook(w, fileName(name, b.At.AsOf, format), sheet.Book{Tables: []sheet.Table{chartSheet(found.d, notes)}})
}

// chartSheet is the table of a drawing as a sheet.
func chartSheet(d chart.Drawing, notes []string) sheet.Table {
	t := sheet.Table{Name: "1", Title: d.Title, Notes: append(notes, d.Note)}
	for _, h := range d.Heads {
		t.Columns = append(t.Columns, sheet.Column{Header: h, Width: 22})
	}
	var rows []sheet.Record
	for _, r := range d.Rows {
		rows = append(rows, fileRow(r.Cells))
	}
	t.Rows = sheet.Records(rows)
	return t
}

// newBoardPage puts a page together.
func newBoardPage(b Base, plan deskPlan, board reporting.Board, form *Form) BoardPage {
	plan.head(&b, board)
	p := BoardPage{Base: b, Filter: form, Refused: !form.OK()}
	if p.Refused {
		return p
	}
	c := deskCharts{Base: b, b: board, plan: plan}
	if p.Sub == "" {
		p.Sub = b.T("measures.sub", "at", instant(board.At.AsOf), "lock", board.At.Lock.String())
	}
	switch {
	case board.Surgeon.Own:
		c.mine = "own=1"
	case board.Surgeon.ID != ident.Nil:
		c.mine = "doctor=" + board.Surgeon.ID.String()
	}
	for _, id := range plan.tiles {
		if d, ok := board.Of(id); ok {
			p.Tiles = append(p.Tiles, c.tile(d))
		}
	}
	for _, x := range plan.charts(c) {
		if !x.d.Empty() {
			p.Charts = append(p.Charts, c.card(x))
		}
	}
	if plan.tables != nil {
		p.Tables = plan.tables(c)
	}
	p.Terms = c.terms()
	if !c.any() {
		p.Charts, p.Tables = nil, nil
		p.Empty = &Empty{Title: b.T("report.empty.title"), Text: b.T("report.empty.text"), Buttons: []Button{{Text: b.T("filter.clear"), Href: plan.at + anyCondition}}}
	}
	return p
}

// any reports whether anything at all was found: a page of charts without data
// would look broken.
func (c deskCharts) any() bool {
	for _, d := range c.b.Details {
		if d.Reading.Hidden() || d.Reading.Behind() {
			return true
		}
	}
	return len(c.b.Details) == 0
}

// tile is the figure of a measure.
func (c deskCharts) tile(d reporting.Detail) MeasureTile {
	m := d.Definition
	t := MeasureTile{ID: strings.NewReplacer(".", "-", "_", "-").Replace(string(m.ID)), Name: c.T(m.NameKey()), Meaning: definitionText(c.Base, m),
		Lock: c.T("board.lock", "lock", d.Reading.Moment().Lock.String(), "id", string(m.ID), "version", m.Version)}
	value, unit, interval, rests, coverage := inWords(c.Base, d.Reading).Parts()
	t.Value, t.Unit = value, unit
	if c.b.Surgeon.ID == ident.Nil || c.b.Surgeon.Own {
		t.Detail = "/measures/" + string(m.ID) + "?" + join(bound(m, c.b.Filter).Query(), c.mine)
	}
	if d.Reading.State() == measure.Measured && !d.Reading.Hidden() {
		t.Href = c.listURL(m, c.b.Filter)
		if m.Rate() || m.Kind == measure.Median {
			key := "board.interval"
			if m.Kind == measure.Median {
				key = "board.quartiles"
			}
			t.Interval = c.T(key, "interval", interval)
		}
		t.Rests = c.rests(d.Reading, rests)
	}
	if d.Reading.State() == measure.NoCase && len(d.Reading.Excluded()) > 0 {
		t.Rests = leftText(c.Base, d.Reading)
	}
	if x := d.Reading.Coverage(); m.Covers() && !x.Hidden && x.Eligible > 0 && m.Kind != measure.CountUnits {
		t.Coverage = &Coverage{Have: int(x.Known), Want: int(x.Eligible), Low: x.Known*100 < x.Eligible*leastCoverage, Text: coverage}
	}
	t.Target = c.target(d.Reading)
	return t
}

// leastCoverage is from what percent of known outcomes on a bar is not marked.
const leastCoverage = 80

// rests says what a figure rests on.
func (c deskCharts) rests(r measure.Reading, said string) string {
	d := r.Definition()
	switch {
	case d.Rate():
		return said
	case d.Kind == measure.Median:
		return c.T("board.n", "n", countText(r.N()))
	}
	return ""
}

// target says how a figure stands to its target.
func (c deskCharts) target(r measure.Reading) *Tag {
	target, ref, ok := c.b.References.Target(r.Definition())
	verdict := r.Against(target)
	if !ok || verdict == measure.NoVerdict {
		return nil
	}
	key := "board.target"
	if ref.Sample {
		key = "board.target.sample"
	}
	text := c.T(key, "target", report.TargetText(c, r.Definition(), target), "verdict", c.T("board.verdict."+string(verdict)))
	return &Tag{Text: text, Kind: map[measure.Verdict]string{measure.Reached: "ok", measure.Near: "plain", measure.Missed: "warn"}[verdict]}
}

// listURL is the list behind a figure.
func (c deskCharts) listURL(m measure.Definition, f measure.Filter) string {
	switch {
	case !c.b.Rights.Lists:
		return ""
	case m.Tallied():
		return figureURL(m, f)
	}
	return unitsURL(c.b.Rights, m, f, c.mine)
}

// card is a chart with its table and the ways to its cases and files.
func (c deskCharts) card(x deskChart) ChartCard {
	card := ChartCard{ID: x.id, Half: x.half, Title: x.d.Title, Note: x.d.Note, Picture: picture(x.d), Table: chartTable(c.Base, x.d)}
	if x.cases != "" && c.b.Rights.Lists {
		card.Links = append(card.Links, Link{Text: c.T("chart.cases"), Href: x.cases})
	}
	if c.b.Rights.Export {
		for _, format := range []string{"xlsx", "csv"} {
			by := ""
			if c.b.By != measure.ByHospital && c.b.By != "" {
				by = "by=" + string(c.b.By)
			}
			card.Links = append(card.Links, Link{Text: c.T("desk.chart." + format), Href: c.plan.at + "/export?" + join(c.query(), by, "chart="+x.id, "format="+format)})
		}
	}
	return card
}

// query is the filter without what the page fixes itself.
func (c deskCharts) query() string {
	return keepOnly(c.b.Filter.Query(), parametersWithout(c.plan.fixed))
}

// terms explain every figure of the page once.
func (c deskCharts) terms() []Def {
	var out []Def
	for _, d := range c.b.Details {
		m := d.Definition
		out = append(out, Def{Label: c.T(m.NameKey()), Text: c.T("board.term", "what", definitionText(c.Base, m), "id", string(m.ID), "version", m.Version)})
	}
	return out
}

// deskTabs lead through the desk.
func (s *Server) deskTabs(c *Call, current string) []Tab {
	b := c.Base
	tabs := []Tab{{Text: b.T("board.tab.overview"), Href: "/overview", Current: current == "overview"}}
	for _, p := range []measure.Programme{measure.Joint, measure.Cataract, measure.Coronary} {
		tabs = append(tabs, Tab{Text: b.T("board.tab." + string(p)), Href: "/desk/programmes/" + string(p), Current: current == string(p)})
	}
	tabs = append(tabs, Tab{Text: b.T("board.tab.compare"), Href: "/desk/comparison", Current: current == "compare"},
		Tab{Text: b.T("board.tab.flows"), Href: "/desk/flows", Current: current == "flows"})
	if c.Who.PractitionerID != ident.Nil {
		tabs = append(tabs, Tab{Text: b.T("board.tab.own"), Href: "/desk/surgeon", Current: current == "own"})
	}
	if s.heads(c) {
		tabs = append(tabs, Tab{Text: b.T("board.tab.surgeons"), Href: "/desk/surgeons", Current: current == "surgeons"})
	}
	return tabs
}
