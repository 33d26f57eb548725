package webui

import (
	"html/template"
	"net/http"
	"strings"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// OverviewPage is what an official opens first: filters, the programmes, the
// figures by part and by month, and where the money came from.
type OverviewPage struct {
	Base
	Filter  *Form
	Tiles   []ProgrammeTile
	Charts  []ChartCard
	Table   Table
	Nav     []Tab
	Brief   Brief
	Later   string   // where the brief is, on a page that was shown before it
	Waiting []string // names of its figures, to stand there until it comes
	Notes   []string // on paper: who reports, when, under which conditions
	Refused bool     // the filter cannot be read: no figures under a wrong question
}

// ProgrammeTile is one programme: two counts in large, the rest in rows. Each
// figure leads to its own list.
type ProgrammeTile struct {
	Name  string
	Href  string // its outcomes
	Large []FigureLink
	Rows  []FigureLink
}

// FigureLink is a figure with its name; without Href it is not to be opened.
type FigureLink struct{ Name, Value, Unit, Href string }

// ChartCard is a drawing with the table of the same numbers.
type ChartCard struct {
	ID      string // of the picture's file; empty: it is not offered
	Half    bool   // shares its line with another
	Title   string
	Note    string
	Picture template.HTML
	Table   Table
	Links   []Link // the cases behind it, and the file
}

// phoneWidth is what a chart has on a phone 360 px wide.
const phoneWidth = 304

// picture is a chart in its own width and in that of a phone; the style sheet
// shows one of them.
func picture(d chart.Drawing) template.HTML {
	phone := strings.Replace(d.At(phoneWidth).SVG, `class="chart"`, `class="chart chart-phone"`, 1)
	return template.HTML(d.SVG + phone) // #nosec G203 -- the chart escapes its texts
}

// overview shows the figures of everything the caller may see.
func (s *Server) overview(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "overview")
	by, err := figureDimension(r)
	if err != nil {
		return err
	}
	f, wrong, done, err := s.deskFilter(w, r, c, conditionsOfPage{more: []string{"by", "brief"}})
	if err != nil || done {
		return err
	}
	brief := r.URL.Query().Get("brief") != ""
	if brief && wrong == nil && IsFragment(r) {
		p := OverviewPage{Base: c.Base}
		if p.Brief, err = s.brief(r, c, f); err != nil {
			return err
		}
		return s.d.Engine.Fragment(w, r, http.StatusOK, "overview", "brief-block", p)
	}
	read := func(in reporting.OverviewInput) func() (reporting.Overview, error) {
		return func() (reporting.Overview, error) { return s.d.Reporting.Overview(r.Context(), c.Who, in) }
	}
	o, wrong, err := figures(wrong, read(reporting.OverviewInput{Filter: f, By: by}), read(reporting.OverviewInput{By: by, Frame: true}), s.keeping(r, c, f, nil))
	if err != nil {
		return err
	}
	form, err := boardForm(c.Base, c, deskFrame{Desk: reporting.Desk{Hospitals: o.Hospitals}, at: "/overview"}, f, wrong, r)
	if err != nil {
		return err
	}
	p := newOverviewPage(c.Base, o, form)
	p.Nav = s.deskTabs(c, "overview")
	switch {
	case p.Refused:
	case !brief: // most of it is counted from records: the page does not wait for it
		p.Later = "/overview?" + join(f.Query(), map[bool]string{true: "programme="}[f.Query() == ""], "by="+string(o.Table.Dimension), "brief=1")
		p.Waiting = waitingFor(c.Base, f)
	default:
		if p.Brief, err = s.brief(r, c, f); err != nil {
			return err
		}
	}
	p.Notes = pageNotes(c, reporting.Desk{Partnership: o.Partnership, At: measure.Moment{AsOf: o.AsOf}, Filter: o.Filter, Hospitals: o.Hospitals}, form)
	return s.d.Engine.Render(w, r, form.Status(), "overview", p)
}

// newOverviewPage puts the page together from what was counted.
func newOverviewPage(b Base, o reporting.Overview, form *Form) OverviewPage {
	b.Title, b.Eyebrow = b.T("report.overview.title", "partnership", o.Partnership), b.T("nav.overview")
	form.Action, form.Clear = "/overview", "/overview"+anyCondition
	form.Hide("by", string(o.Table.Dimension))
	p := OverviewPage{Base: b, Filter: form, Refused: !form.OK()}
	if p.Refused {
		return p
	}
	p.Sub = b.T("report.overview.sub", "at", instant(o.AsOf))
	if o.Rights.Export {
		p.Actions = append(p.Actions, overviewFiles(b, o)...)
	}
	t := tables{b, o}
	for _, x := range o.Programmes {
		p.Tiles = append(p.Tiles, t.tile(x))
	}
	p.Table = t.table(o.Table)
	p.Table.Caption = b.T("report.table.title", "by", b.T(o.Table.Dimension.NameKey()))
	p.Table.Tabs = t.tabs()
	for _, draw := range []func() (ChartCard, bool){t.months, t.layers} {
		if card, ok := draw(); ok {
			p.Charts = append(p.Charts, card)
		}
	}
	return p
}

// join puts parts of a query together, leaving out empty ones.
func join(parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "&")
}

// tables makes the parts of the page that show figures.
type tables struct {
	Base
	o reporting.Overview
}

func (t tables) link(d measure.Definition, g reporting.Group, i int) FigureLink {
	l := FigureLink{Name: t.T("report.col." + suffix(d)), Value: figureText(g.Values[i]), Unit: t.T(d.Unit.NameKey())}
	if t.o.Rights.Lists && g.Linked && !g.Values[i].Value.Hidden() {
		l.Href = figureURL(d, g.Filter)
	}
	return l
}

// headline are the two counts of a programme its people know by heart.
func headline(p measure.Programme) [2]string {
	switch p {
	case measure.Joint:
		return [2]string{"patients", "joints"}
	case measure.Cataract:
		return [2]string{"patients", "eyes"}
	case measure.Coronary:
		return [2]string{"person_times", "patients"}
	}
	return [2]string{"patients", "procedures"}
}

func (t tables) tile(b reporting.Breakdown) ProgrammeTile {
	var tile ProgrammeTile
	for i, d := range b.Definitions {
		l := t.link(d, b.Total, i)
		tile.Name = t.T(d.Programme.NameKey())
		if !t.o.Rights.Funds() {
			tile.Href = "/desk/programmes/" + string(d.Programme) + "?" + bound(d, t.o.Filter).Query()
		}
		if h := headline(d.Programme); suffix(d) == h[0] || suffix(d) == h[1] {
			tile.Large = append(tile.Large, l)
			continue
		}
		tile.Rows = append(tile.Rows, l)
	}
	return tile
}

// tabs switch the breakdown of the table and keep the filter.
func (t tables) tabs() []Tab {
	var out []Tab
	for _, d := range []measure.Dimension{measure.ByHospital, measure.BySide, measure.ByCategory, measure.BySurgeon, measure.ByProgramme} {
		out = append(out, Tab{Text: t.T(d.NameKey()), Href: "/overview?" + join(t.o.Filter.Query(), "by="+string(d)) + "#table", Current: d == t.o.Table.Dimension})
	}
	return out
}

// table shows every measure of the programme for each part, and the total.
func (t tables) table(b reporting.Breakdown) Table {
	out := Table{ID: "table", Columns: []Column{{Key: b.Dimension.NameKey(), Class: "name-col"}}}
	for _, d := range b.Definitions {
		head := t.T("report.col." + suffix(d))
		if d.Unit == measure.Fen {
			head = t.T("report.col.in_yuan", "name", head)
		}
		out.Columns = append(out.Columns, Column{Text: head, Align: "right"})
	}
	if len(b.Groups) == 0 {
		out.Empty = Empty{Title: t.T("report.empty.title"), Text: t.T("report.empty.text"), Buttons: []Button{{Text: t.T("filter.clear"), Href: "/overview" + anyCondition}}}
		return out
	}
	for _, g := range b.Groups {
		out.Rows = append(out.Rows, Cells(append([]Cell{t.name(b.Dimension, g)}, t.cells(b, g)...)...))
	}
	total := Cells(append([]Cell{TextCell(t.T("report.total"))}, t.cells(b, b.Total)...)...)
	total.Total = true
	out.Rows = append(out.Rows, total)
	if b.Overlap > 0 {
		out.Note = t.T("measure.distinct_note", "n", int(b.Overlap))
	}
	if !t.o.Profile.Exact() {
		out.Note = profileNote(t.Base, t.o.Profile)
	}
	return out
}

// cells are the figures of a part. A zero has no list to open.
func (t tables) cells(b reporting.Breakdown, g reporting.Group) []Cell {
	var out []Cell
	for i, d := range b.Definitions {
		l := t.link(d, g, i)
		cell := Cell{Text: l.Value, Nowrap: true}
		if g.Values[i].Value.Int64() != 0 {
			cell.Href = l.Href
		}
		out = append(out, cell)
	}
	return out
}

// name is the first cell of a part.
func (t tables) name(by measure.Dimension, g reporting.Group) Cell {
	if g.Place != nil {
		return hospitalCell(*g.Place)
	}
	if by == measure.BySide && g.Key != "" && g.Key != measure.Others {
		return PlaceCell(map[string]Side{"receiving": Mountain, "donor": Sea}[g.Key], groupText(t.Base, by, g))
	}
	return TextCell(groupText(t.Base, by, g))
}

// groupText is the name of a part in words.
func groupText(b Base, by measure.Dimension, g reporting.Group) string {
	if g.Key == measure.Others {
		return b.T(measure.OthersKey)
	}
	switch by {
	case measure.ByHospital:
		return g.Place.Name
	case measure.ByProgramme:
		return b.T(measure.Programme(g.Key).NameKey())
	case measure.BySide:
		if g.Key == "" {
			return b.T("report.side.none")
		}
		return b.T("measure.side." + g.Key)
	case measure.ByCategory:
		return b.T(categoryKey(g.Key))
	case measure.BySurgeon:
		return b.T("measure.surgeon." + g.Key)
	}
	return g.Key
}

// maxBars is how many months a chart shows; the table has them all.
const maxBars = 48

// months draws the operations of each month.
func (t tables) months() (ChartCard, bool) {
	b := t.o.Months
	at := index(b.Definitions, "procedures")
	if at < 0 { // who sees no operations sees the person-times
		at = index(b.Definitions, "person_times")
	}
	table := t.table(b)
	table.ID, table.Caption, table.Bare, table.Quiet, table.Dense = "", t.T("report.months.table"), true, true, true
	if at < 0 || len(b.Groups) == 0 {
		return ChartCard{}, false
	}
	shown := b.Groups[max(len(b.Groups)-maxBars, 0):]
	bars := chart.Bars{Frame: chart.Frame{ID: "months", Width: 1036, Format: countText}, Series: []chart.Series{{Name: t.T("report.col." + suffix(b.Definitions[at])), Style: chart.Brand}}}
	unit := t.T(b.Definitions[at].Unit.NameKey())
	for _, g := range shown {
		bars.Categories = append(bars.Categories, g.Key)
		value := g.Values[at].Value.Int64()
		if g.Values[at].Value.Hidden() {
			value = chart.Missing
		}
		bars.Series[0].Values = append(bars.Series[0].Values, value)
	}
	best := most(shown, func(g reporting.Group) int64 { return g.Values[at].Value.Int64() })
	bars.Title = mostTitle(t.Base, "report.months.title", best, func(g reporting.Group) string { return g.Key }, "count", figureText(best[0].Values[at]), "unit", unit)
	note := "report.months.note"
	if len(shown) < len(b.Groups) { // the sum is of more than is drawn
		note += ".part"
	}
	bars.Note = t.T(note, "first", b.Groups[0].Key, "from", shown[0].Key, "to", shown[len(shown)-1].Key, "count", figureText(b.Total.Values[at]), "unit", unit)
	d := bars.Draw()
	return ChartCard{Title: d.Title, Note: d.Note, Picture: picture(d), Table: table, Links: t.links(b.Definitions[at])}, true
}

// most are the largest of a list, in its order: all of them where several are equal.
func most[T any](list []T, of func(T) int64) []T {
	var best []T
	for _, x := range list {
		switch {
		case len(best) > 0 && of(x) < of(best[0]):
		case len(best) > 0 && of(x) == of(best[0]):
			best = append(best, x)
		default:
			best = []T{x}
		}
	}
	return best
}

// mostTitle names the largest; of several equal ones both, and of more how many
// they are: one of them alone would read as if it had been the only one.
func mostTitle[T any](b Base, key string, best []T, name func(T) string, pairs ...any) string {
	switch len(best) {
	case 1:
		return b.T(key, append(pairs, "name", name(best[0]))...)
	case 2:
		return b.T(key+".two", append(pairs, "name", name(best[0]), "other", name(best[1]))...)
	}
	return b.T(key+".many", append(pairs, "of", len(best))...)
}

func index(ds []measure.Definition, name string) int {
	for i, d := range ds {
		if suffix(d) == name {
			return i
		}
	}
	return -1
}

// layers draws who paid the bills of each part, in the order of every strip.
func (t tables) layers() (ChartCard, bool) {
	b := t.o.Table
	all := b.Total.Layers
	if all.Bill == 0 {
		return ChartCard{}, false
	}
	bars := chart.Bars{Horizontal: true, Total: t.T("report.col.bill_fen"), Frame: chart.Frame{ID: "layers", Width: 1036,
		Format: func(n int64) string { return money.Fen(n).String() }, Heads: []string{t.T(b.Dimension.NameKey())}}}
	kept := payersOf(all)
	for _, l := range kept {
		bars.Series = append(bars.Series, chart.Series{Name: t.T("report.layer." + l.name), Style: l.style})
		bars.Heads = append(bars.Heads, t.T("report.layer."+l.name))
	}
	for _, g := range b.Groups {
		if g.Layers.Bill == 0 {
			continue
		}
		bars.Categories = append(bars.Categories, groupText(t.Base, b.Dimension, g))
		for i, l := range kept {
			bars.Series[i].Values = append(bars.Series[i].Values, int64(l.of(g.Layers)))
		}
	}
	if len(bars.Categories) == 0 { // every part is hidden
		return ChartCard{}, false
	}
	bars.Title = t.T("report.layers.title", "bill", all.Bill, "net", all.Net, "share", percentOf(all.Net, all.Bill))
	bars.Note = t.T("report.layers.note")
	bars.Heads = append(bars.Heads, bars.Total)
	d := bars.Draw()
	card := ChartCard{Title: d.Title, Note: d.Note, Picture: picture(d), Table: drawnTable(t.Base, d, t.layerTotal(kept))}
	if at := index(b.Definitions, "bill_fen"); at >= 0 {
		card.Links = t.links(b.Definitions[at])
	}
	return card, true
}

// links stand under a chart: the cases it was drawn from, and the file.
func (t tables) links(d measure.Definition) []Link {
	var out []Link
	if t.o.Rights.Lists {
		out = append(out, Link{Text: t.T("chart.cases"), Href: figureURL(d, t.o.Filter)})
	}
	if t.o.Rights.Export {
		out = append(out, Link{Text: t.T("chart.xlsx"), Href: "/overview/export?" + join(t.o.Filter.Query(), "by="+string(t.o.Table.Dimension), "format=xlsx")})
	}
	return out
}

func (t tables) layerTotal(kept []payer) []string {
	cells := []string{t.T("report.total")}
	for _, l := range kept {
		cells = append(cells, l.of(t.o.Table.Total.Layers).String())
	}
	return append(cells, t.o.Table.Total.Layers.Bill.String())
}

// payer is one of those who pay, with the colour it has everywhere.
type payer struct {
	name  string
	style chart.Style
	of    func(measure.Layers) money.Fen
}

// payersOf are the payers of a total, in the fixed order; other payers appear only
// where there are any.
func payersOf(all measure.Layers) []payer {
	list := []payer{{"basic", chart.Basic, func(l measure.Layers) money.Fen { return l.Basic }},
		{"critical", chart.Critical, func(l measure.Layers) money.Fen { return l.Critical }},
		{"assistance", chart.Assistance, func(l measure.Layers) money.Fen { return l.Assistance }},
		{"other", chart.Neutral, func(l measure.Layers) money.Fen { return l.Other }},
		{"fund", chart.Fund, func(l measure.Layers) money.Fen { return l.Fund }},
		{"waiver", chart.Waiver, func(l measure.Layers) money.Fen { return l.Waiver }},
		{"net", chart.Net, func(l measure.Layers) money.Fen { return l.Net }}}
	var out []payer
	for _, p := range list {
		if p.name != "other" || p.of(all) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// percentOf is a part of a whole in percent with one decimal, rounded half up.
func percentOf(part, whole money.Fen) string {
	if whole <= 0 {
		return ""
	}
	tenths := (int64(part)*2000 + int64(whole)) / (2 * int64(whole))
	return countText(tenths/10) + "." + countText(tenths%10) + "%"
}

// drawnTable is the table of the numbers a chart was drawn from.
func drawnTable(b Base, d chart.Drawing, total []string) Table {
	t := Table{Caption: d.Title, Bare: true, Quiet: true, Dense: true}
	for i, h := range d.Heads {
		col := Column{Text: h, Align: "right"}
		if i == 0 {
			col.Align = ""
		}
		t.Columns = append(t.Columns, col)
	}
	line := func(cells []string, total bool) {
		row := Row{Total: total}
		for _, c := range cells {
			row.Cells = append(row.Cells, Cell{Text: c, Nowrap: true})
		}
		t.Rows = append(t.Rows, row)
	}
	for _, r := range d.Rows {
		line(r.Cells, r.Total)
	}
	line(total, true)
	return t
}
