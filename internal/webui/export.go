package webui

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/clock"
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
	f, err := figureFilter(r, c)
	if err != nil {
		return err
	}
	o, err := s.d.Reporting.Overview(r.Context(), c.Who, reporting.OverviewInput{Filter: f, By: by, File: format})
	if err != nil {
		return err
	}
	b := overviewBook(c.Base, o, exportNotes(c, o.Partnership, o.AsOf, conditions(c.Base, o.Filter, o.Hospitals)))
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
	f, err := figureFilter(r, c)
	if err != nil {
		return err
	}
	l, err := s.d.Reporting.List(r.Context(), c.Who, reporting.ListInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f, File: format})
	if err != nil {
		return err
	}
	notes := exportNotes(c, l.Partnership, l.AsOf(), conditions(c.Base, l.Filter, l.Hospitals))
	notes = append(notes, c.P.T("report.file.figure", "name", c.P.T(l.Definition.NameKey()), "value", figureText(l.Value),
		"unit", c.P.T(l.Definition.Unit.NameKey()), "counts", c.P.T(l.Definition.NumeratorKey())))
	return sendBook(w, fileName(strings.ReplaceAll(string(l.Definition.ID), ".", "-"), l.AsOf(), format),
		sheet.Book{Tables: []sheet.Table{listSheet(c.Base, l, notes)}})
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

// figureCells puts a value into the count or the amount column.
func figureCells(v measure.Value) (count, amount any) {
	if v.Unit == measure.Fen {
		return nil, money.Fen(v.Value.Int64())
	}
	return v.Value.Int64(), nil
}

// overviewBook is the workbook of the overview.
func overviewBook(b Base, o reporting.Overview, notes []string) sheet.Book {
	title := b.T("report.overview.title", "partnership", o.Partnership)
	text := func(key string, width int) sheet.Column { return sheet.Column{Header: b.T(key), Width: width} }
	totals := sheet.Table{Name: b.T("report.file.totals"), Title: title, Notes: notes, Columns: []sheet.Column{text("report.file.measure", 28),
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
	return sheet.Book{Tables: []sheet.Table{totals, partsSheet(b, o.Table, title, notes), partsSheet(b, o.Months, title, notes)}}
}

// partsSheet is a breakdown as a tab. Its total is the counted one, written as a
// row: a sum of the column would count some persons twice.
func partsSheet(b Base, d reporting.Breakdown, title string, notes []string) sheet.Table {
	t := sheet.Table{Name: b.T("report.table.title", "by", b.T(d.Dimension.NameKey())), Title: title, Notes: notes, Columns: []sheet.Column{{Header: b.T(d.Dimension.NameKey()), Width: 24}}}
	for _, def := range d.Definitions {
		col := sheet.Column{Header: b.T("report.col." + suffix(def)), Kind: sheet.IntColumn}
		if def.Unit == measure.Fen {
			col.Kind, col.Header = sheet.MoneyColumn, b.T("report.col.in_yuan", "name", col.Header)
		}
		t.Columns = append(t.Columns, col)
	}
	if d.Overlap > 0 {
		t.Notes = append(append([]string{}, notes...), b.T("measure.distinct_note", "n", int(d.Overlap)))
	}
	var rows []sheet.Record
	line := func(name string, g reporting.Group) {
		row := sheet.Record{name}
		for _, v := range g.Values {
			count, amount := figureCells(v)
			if v.Unit == measure.Fen {
				count = amount
			}
			row = append(row, count)
		}
		rows = append(rows, row)
	}
	for _, g := range d.Groups {
		line(groupText(b, d.Dimension, g), g)
	}
	line(b.T("report.total"), d.Total)
	t.Rows = sheet.Records(rows)
	return t
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
func listSheet(b Base, l reporting.List, notes []string) sheet.Table {
	columns := listColumns(l.Definition)
	t := sheet.Table{Name: b.T("report.list." + string(l.Definition.List)), Title: b.T(l.Definition.NameKey()), Notes: notes, Total: b.T("report.total"),
		Columns: []sheet.Column{{Header: b.T("report.l.case"), Width: 20}, {Header: b.T("report.l.name"), Width: 14}}}
	for _, x := range columns {
		t.Columns = append(t.Columns, sheet.Column{Header: x.head(b), Kind: x.kind, Sum: x.kind == sheet.MoneyColumn || x.kind == sheet.IntColumn})
	}
	t.Rows = func(yield func(sheet.Record, error) bool) {
		for _, r := range l.Rows {
			row := sheet.Record{r.CaseNo, r.Name}
			for _, x := range columns {
				row = append(row, x.value(b, r))
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	return t
}
