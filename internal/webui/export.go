package webui

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// overviewExport gives the figures of the overview as a file: the workbook has
// the measures, the table and the months as tabs; the CSV file has one line for
// each measure and part.
func (s *Server) overviewExport(w http.ResponseWriter, r *http.Request, c *Call) error {
	by, err := figureDimension(r)
	if err != nil {
		return err
	}
	format, err := figureFile(r)
	if err != nil {
		return err
	}
	f, err := figureFilter(r, c, "by", "format", "profile")
	if err != nil {
		return err
	}
	o, err := s.d.Reporting.Overview(r.Context(), c.Who, reporting.OverviewInput{Filter: f, By: by, File: format, Profile: r.URL.Query().Get("profile")})
	if err != nil {
		return err
	}
	b := overviewBook(c.Base, o, filingOf(c, o.Partnership, o.AsOf, conditions(c.Base, o.Filter, o.Hospitals)))
	if format == "csv" {
		b = sheet.Book{Tables: []sheet.Table{overviewLines(c.Base, o)}}
	}
	return sendBook(w, fileName("overview", o.AsOf, format), b)
}

// figureExport gives the whole list behind a figure as a file.
func (s *Server) figureExport(w http.ResponseWriter, r *http.Request, c *Call) error {
	format, err := figureFile(r)
	if err != nil {
		return err
	}
	if ofFacts(r) {
		return s.unitsExport(w, r, c, format)
	}
	f, err := figureFilter(r, c, "format")
	if err != nil {
		return err
	}
	l, err := s.d.Reporting.List(r.Context(), c.Who, reporting.ListInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f, File: format})
	if err != nil {
		return err
	}
	notes := filingOf(c, l.Partnership, l.AsOf(), conditions(c.Base, l.Filter, l.Hospitals))
	notes.lines = append(notes.lines, figureLines(c.Base, l)...)
	return sendBook(w, fileName(strings.ReplaceAll(string(l.Definition.ID), ".", "-"), l.AsOf(), format),
		sheet.Book{Tables: []sheet.Table{listSheet(c.Base, l, notes), definitionSheet(c.Base, notes, []measure.Definition{l.Definition}, disclosure.Exact())}})
}

// filing is what every file begins with: who reports, who made it and when, on
// one line as offices file it, and what it holds on the lines under that.
type filing struct{ line, lines []string }

func filingOf(c *Call, partnership string, at time.Time, filter []Def) filing {
	org := c.Who.Organisation
	if org == "" {
		org = partnership
	}
	return filing{line: []string{c.P.T("filing.unit", "org", org), c.P.T("filing.by", "name", c.Who.DisplayName), c.P.T("filing.on", "on", c.Today)},
		lines: exportNotes(c, partnership, at, filter)[1:]}
}

// on puts the lines above a table.
func (f filing) on(b Base, t sheet.Table) sheet.Table {
	t.Filing, t.Notes, t.Serial = f.line, append(slices.Clone(f.lines), t.Notes...), b.T("filing.serial")
	return t
}

// exportNotes are the lines every file begins with: who reports, when, who made
// the file, and under which conditions.
func exportNotes(c *Call, partnership string, at time.Time, filter []Def) []string {
	org := c.Who.Organisation
	if org == "" {
		org = partnership
	}
	notes := []string{c.P.T("report.file.unit", "org", org, "partnership", partnership), c.P.T("report.file.at", "at", instant(at), "name", c.Who.DisplayName)}
	if len(filter) == 0 {
		return append(notes, c.P.T("report.file.all"))
	}
	parts := make([]string, len(filter))
	for i, d := range filter {
		parts[i] = c.P.T("report.file.condition", "name", d.Label, "value", d.Text)
	}
	return append(notes, c.P.T("report.file.filter", "conditions", strings.Join(parts, c.P.T("report.file.and"))))
}

// fileName has no Chinese in it: old download managers lose it.
func fileName(name string, at time.Time, format string) string {
	return name + "-" + at.In(clock.Shanghai).Format("20060102-1504") + "." + format
}

// sendBook writes the file. It is made whole first: half a workbook that arrives
// with status 200 would be believed.
func sendBook(w http.ResponseWriter, name string, b sheet.Book) error {
	var buf bytes.Buffer
	write, media := sheet.WriteXLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	if strings.HasSuffix(name, ".csv") {
		media = "text/csv; charset=utf-8"
		if err := sheet.WriteCSV(&buf, b.Tables[0]); err != nil {
			return err
		}
	} else if err := write(&buf, b); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	h.Set("Cache-Control", "no-store")
	_, err := w.Write(buf.Bytes())
	return err
}

// withheld stands for a figure that may not be shown.
const withheld = sheet.Withheld("*")

// figureCells puts a value into the count or the amount column.
func figureCells(v measure.Value) (count, amount any) {
	switch {
	case v.Value.Hidden() && v.Unit == measure.Fen:
		return nil, withheld
	case v.Value.Hidden():
		return withheld, nil
	}
	if v.Unit == measure.Fen {
		return nil, money.Fen(v.Value.Int64())
	}
	return v.Value.Int64(), nil
}

// overviewBook is the workbook of the overview.
func overviewBook(b Base, o reporting.Overview, notes filing) sheet.Book {
	title := b.T("report.overview.title", "partnership", o.Partnership)
	text := func(key string, width int) sheet.Column { return sheet.Column{Header: b.T(key), Width: width} }
	totals := sheet.Table{Name: b.T("report.file.totals"), Title: title, Columns: []sheet.Column{text("report.file.measure", 28),
		{Header: b.T("report.file.count"), Kind: sheet.IntColumn}, {Header: b.T("report.file.amount"), Kind: sheet.MoneyColumn}, text("report.file.unit_of", 10),
		text("report.file.counts", 60), text("report.file.id", 24), {Header: b.T("report.file.version"), Kind: sheet.IntColumn}}}
	var rows []sheet.Record
	seen := append([]reporting.Breakdown{}, o.Programmes...)
	if len(o.Programmes) != 1 { // a single programme's tile is the total of the table
		seen = append(seen, o.Table)
	}
	for _, p := range seen {
		for i, d := range p.Definitions {
			count, amount := figureCells(p.Total.Values[i])
			rows = append(rows, sheet.Record{b.T(d.NameKey()), count, amount, b.T(d.Unit.NameKey()), b.T(d.NumeratorKey()), string(d.ID), d.Version})
		}
	}
	totals.Rows = sheet.Records(rows)
	var ds []measure.Definition
	for _, p := range seen {
		ds = append(ds, p.Definitions...)
	}
	if !o.Profile.Exact() {
		notes.lines = append(slices.Clone(notes.lines), profileNote(b, o.Profile))
	}
	return sheet.Book{Tables: []sheet.Table{notes.on(b, totals), notes.on(b, partsSheet(b, o.Table, title)), notes.on(b, partsSheet(b, o.Months, title)),
		definitionSheet(b, notes, ds, o.Profile)}}
}

// definitionSheet is the tab 说明: what each figure of the file counts, and what
// is hidden in it.
func definitionSheet(b Base, notes filing, ds []measure.Definition, p disclosure.Profile) sheet.Table {
	t := sheet.Table{Name: b.T("filing.definitions"), Title: b.T("filing.definitions.title"), Columns: []sheet.Column{{Header: b.T("report.file.measure"), Width: 28},
		{Header: b.T("report.file.unit_of"), Width: 10}, {Header: b.T("report.file.counts"), Width: 60}, {Header: b.T("filing.clock"), Width: 34},
		{Header: b.T("report.file.id"), Width: 24}, {Header: b.T("report.file.version"), Kind: sheet.IntColumn}}, Notes: []string{profileNote(b, p)}}
	var rows []sheet.Record
	for _, d := range ds {
		rows = append(rows, sheet.Record{b.T(d.NameKey()), b.T(d.Unit.NameKey()), b.T(d.NumeratorKey()), b.T("filing.clock.operated_on"), string(d.ID), d.Version})
	}
	t.Rows = sheet.Records(rows)
	return notes.on(b, t)
}

// profileNote says what is hidden in a table, and by which rule.
func profileNote(b Base, p disclosure.Profile) string {
	return b.T("disclosure.note."+p.Name, "hide", p.Hide, "k", p.Threshold(), "round", p.Round, "rule", p.Version())
}

// overviewFiles are the files of the overview. Who sees every figure chooses what
// leaves the house.
func overviewFiles(b Base, o reporting.Overview) []Button {
	query := func(format, profile string) string {
		if profile != "" {
			profile = "profile=" + profile
		}
		return "/overview/export?" + join(o.Filter.Query(), "by="+string(o.Table.Dimension), "format="+format, profile)
	}
	out := []Button{{Text: b.T("report.export.xlsx"), Icon: "download", Href: query("xlsx", "")}, {Text: b.T("report.export.csv"), Icon: "download", Href: query("csv", "")}}
	if o.Rights.Exact() {
		out = append(out, Button{Text: b.T("disclosure.export.restricted"), Icon: "download", Href: query("xlsx", disclosure.RestrictedName)})
	}
	return append(out, Button{Text: b.T("disclosure.export.public"), Icon: "download", Href: query("xlsx", disclosure.PublicName)})
}

// partsSheet is a breakdown as a tab. Its total is the counted one; where it is
// the sum of its column it is a formula as well.
func partsSheet(b Base, d reporting.Breakdown, title string) sheet.Table {
	t := sheet.Table{Name: b.T("report.table.title", "by", b.T(d.Dimension.NameKey())), Title: title, Total: b.T("report.total"), Columns: []sheet.Column{{Header: b.T(d.Dimension.NameKey()), Width: 24}}}
	for _, def := range d.Definitions {
		col := sheet.Column{Header: b.T("report.col." + suffix(def)), Kind: sheet.IntColumn}
		if def.Unit == measure.Fen {
			col.Kind, col.Header = sheet.MoneyColumn, b.T("report.col.in_yuan", "name", col.Header)
		}
		t.Columns = append(t.Columns, col)
	}
	if d.Overlap > 0 {
		t.Notes = []string{b.T("measure.distinct_note", "n", int(d.Overlap))}
	}
	line := func(name any, g reporting.Group) sheet.Record {
		row := sheet.Record{name}
		for _, v := range g.Values {
			count, amount := figureCells(v)
			if v.Unit == measure.Fen {
				count = amount
			}
			row = append(row, count)
		}
		return row
	}
	var rows []sheet.Record
	for _, g := range d.Groups {
		rows = append(rows, line(groupText(b, d.Dimension, g), g))
	}
	t.Rows, t.Totals = sheet.Records(rows), line(nil, d.Total)
	for i := range d.Definitions {
		t.Columns[i+1].Sum = addsUp(d, i)
	}
	return t
}

// addsUp reports whether the total of a column is the sum of its rows: counted
// persons may stand in two rows, rounded figures miss their total.
func addsUp(d reporting.Breakdown, i int) bool {
	var sum int64
	for _, g := range d.Groups {
		if g.Values[i].Value.Hidden() {
			return false
		}
		sum += g.Values[i].Value.Int64()
	}
	return d.Definitions[i].Additive() && sum == d.Total.Values[i].Value.Int64() && !d.Total.Values[i].Value.Hidden()
}

// overviewLines is the overview as data: one line for each measure and part.
func overviewLines(b Base, o reporting.Overview) sheet.Table {
	t := sheet.Table{Name: "overview", Columns: []sheet.Column{{Header: b.T("report.file.id")}, {Header: b.T("report.file.measure")},
		{Header: b.T("report.file.dimension")}, {Header: b.T("report.file.part")}, {Header: b.T("report.file.count"), Kind: sheet.IntColumn},
		{Header: b.T("report.file.amount"), Kind: sheet.MoneyColumn}}}
	var rows []sheet.Record
	line := func(d measure.Definition, v measure.Value, dimension, part string) {
		count, amount := figureCells(v)
		rows = append(rows, sheet.Record{string(d.ID), b.T(d.NameKey()), dimension, part, count, amount})
	}
	for _, p := range append(append([]reporting.Breakdown{}, o.Programmes...), o.Table, o.Months) {
		for i, d := range p.Definitions {
			if p.Dimension == measure.Whole {
				line(d, p.Total.Values[i], "", b.T("report.total"))
				continue
			}
			for _, g := range p.Groups {
				line(d, g.Values[i], b.T(p.Dimension.NameKey()), groupText(b, p.Dimension, g))
			}
			line(d, p.Total.Values[i], b.T(p.Dimension.NameKey()), b.T("report.total"))
		}
	}
	t.Rows = sheet.Records(rows)
	return t
}

// listSheet is the list behind a figure.
func listSheet(b Base, l reporting.List, notes filing) sheet.Table {
	columns := listColumns(l.Definition)
	t := sheet.Table{Name: b.T("report.list." + string(l.Definition.List)), Title: b.T(l.Definition.NameKey()), Total: b.T("report.total"),
		Columns: []sheet.Column{{Header: b.T("report.l.case"), Width: 20}, {Header: b.T("report.l.name"), Width: 14}}}
	for _, x := range columns {
		t.Columns = append(t.Columns, sheet.Column{Header: x.head(b), Kind: x.kind, Sum: x.kind == sheet.MoneyColumn || x.kind == sheet.IntColumn})
	}
	t.Rows = func(yield func(sheet.Record, error) bool) {
		for _, r := range l.Rows {
			if !yield(listRecord(b, r, columns), nil) {
				return
			}
		}
	}
	return notes.on(b, t)
}

// listRecord is one row of a list in a file.
func listRecord(b Base, r reporting.Row, columns []listColumn) sheet.Record {
	row := sheet.Record{r.CaseNo, r.Name}
	for _, x := range columns {
		row = append(row, x.value(b, r))
	}
	return row
}
