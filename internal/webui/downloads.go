package webui

import (
	"bytes"
	"io"
	"net/http"
	"net/url"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// downloadForm asks for the list behind a figure as a file; figure and filter
// come with the link.
func downloadForm(b Base, today clock.Date, figure, query string) *Form {
	f := keyed(NewForm(b, today, Field{Name: "format", LabelKey: "download.format", Kind: KindSelect, Focus: true,
		Options: []Option{{Value: "xlsx", Text: "Excel (.xlsx)"}, {Value: "csv", Text: "CSV"}}}))
	f.Action = "/downloads"
	return f.Hide("figure", figure).Hide("query", query).Put("format", "xlsx")
}

func (s *Server) downloadsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	var f *Form
	figure := r.URL.Query().Get("figure")
	if figure != "" {
		if _, known := measure.ByID(measure.ID(figure)); !known {
			return errs.Missing("error.not_found")
		}
		filter, err := figureFilter(r, c, "figure", "after")
		if err != nil {
			return err
		}
		f = downloadForm(c.Base, c.Today, figure, filter.Query())
	}
	return s.showDownloads(w, r, c, downloadAsk{f, figure})
}

// downloadAsk is what is being asked for on the page; a nil form is nothing.
type downloadAsk struct {
	form   *Form
	figure string
}

func (s *Server) showDownloads(w http.ResponseWriter, r *http.Request, c *Call, x downloadAsk) error {
	f, figure := x.form, x.figure
	list, err := s.d.Reporting.Downloads(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "overview")
	v := newDownloadsView(c.Base, f, figure, list.Rows)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	status := http.StatusOK
	if f != nil {
		status = f.Status()
	}
	return s.d.Engine.Render(w, r, status, "report/downloads", v)
}

// downloadsView is the list of somebody's files.
type downloadsView struct {
	Base
	Form    *Form // nil: nothing is asked for
	Asked   string
	Table   Table
	Waiting bool // a file of the list is being made and can be given up
}

func newDownloadsView(b Base, f *Form, figure string, list []reporting.Download) downloadsView {
	b.Title, b.Sub = b.T("download.title"), b.T("download.sub")
	b.Crumbs = []Link{{Text: b.T("nav.overview"), Href: "/overview"}, {Text: b.Title}}
	v := downloadsView{Base: b, Form: f}
	if f != nil {
		if d, known := measure.ByID(measure.ID(figure)); known {
			v.Asked = b.T(d.NameKey())
		}
	}
	t := Table{Caption: b.T("download.list"), Columns: []Column{{Key: "download.figure", Class: "name-col"}, {Key: "download.format"}, {Key: "download.state"}, {Key: "download.rows", Align: "right"},
		{Key: "download.size", Align: "right"}, {Key: "download.at"}, {Key: "download.expires"}, {Key: "download.stop"}},
		Empty: Empty{Title: b.T("download.empty"), Text: b.T("download.empty.text")}}
	for _, d := range list {
		def, _ := measure.ByID(measure.ID(d.Kind)) // an unknown one has no name
		name, state, rows, size, stop := TextCell(b.T(def.NameKey())), TagCell("", b.T(d.State.Label())), TextCell(""), TextCell(""), TextCell("")
		switch d.State {
		case reporting.DownloadReady:
			name = LinkCell(b.T(def.NameKey()), "/downloads/"+d.ID.String()+"/file")
			state, rows, size = TagCell("ok", b.T(d.State.Label())), CodeCell(countText(d.Rows)), CodeCell(fileSize(d.Size))
		case reporting.DownloadWaiting:
			state = TagCell("warn", b.T(d.State.Label()))
			rows = TextCell(b.T("download.progress", "done", d.Progress, "total", d.Total))
			v.Waiting = true
			stop = Cell{Button: &Button{Text: b.T("download.cancel"), Form: "cancel", Name: "id", Value: d.ID.String(), Small: true}}
		}
		t.Rows = append(t.Rows, Cells(name, CodeCell(d.Format), state, rows, size, CodeCell(minute(d.At)), CodeCell(minute(d.Expires)), stop))
	}
	v.Table = t
	return v
}

func (s *Server) postDownload(w http.ResponseWriter, r *http.Request, c *Call) error {
	if err := r.ParseForm(); err != nil {
		return errs.Missing("error.not_found")
	}
	figure, query := r.PostForm.Get("figure"), r.PostForm.Get("query")
	f := downloadForm(c.Base, c.Today, figure, query)
	if err := f.Read(r); err != nil {
		return err
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return errs.Missing("error.not_found")
	}
	filter, err := conditionsOfPage{}.read(q, c)
	if err != nil {
		return err
	}
	format := f.Choice("format")
	if f.OK() {
		_, err := s.d.Reporting.AskDownload(r.Context(), c.Who, reporting.DownloadInput{ID: measure.ID(figure), Filter: filter, Format: format}, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("download.asked"), Text: c.P.T("download.asked.text")})
			return seeOther(w, r, "/downloads")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showDownloads(w, r, c, downloadAsk{f, figure})
}

func (s *Server) postDownloadCancel(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := ident.Parse(r.PostFormValue("id"))
	if err != nil {
		return errs.Missing("error.download.missing")
	}
	if err := s.d.Reporting.CancelDownload(r.Context(), c.Who, id); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("download.cancelled")})
	return seeOther(w, r, "/downloads")
}

// downloadFile hands out a finished file. It is read whole before the first byte
// leaves: a damaged one must not arrive half with status 200.
func (s *Server) downloadFile(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	d, err := s.d.Reporting.FetchDownload(r.Context(), c.Who, id, &buf)
	if err != nil {
		return err
	}
	return sendFile(w, fileName(d.Kind, d.At, d.Format), mediaOf(d.Format), buf.Bytes())
}

func mediaOf(format string) string {
	if format == "csv" {
		return "text/csv; charset=utf-8"
	}
	return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
}

// WriteList writes the list behind a figure row by row, for the queue.
func WriteList(p Speaker) reporting.Render {
	return func(w io.Writer, l reporting.List, rows reporting.Rows, d reporting.Download) error {
		b := Base{P: p}
		notes := filing{line: []string{b.T("filing.unit", "org", l.Partnership), b.T("filing.on", "on", clock.DateOf(d.At.In(clock.Shanghai)))}}
		notes.lines = append(notes.lines, figureLines(b, l)...)
		t := listSheet(b, l, notes)
		t.Rows = pulled(b, l.Definition, rows)
		if d.Format == "csv" {
			return sheet.WriteCSV(w, t)
		}
		return sheet.WriteXLSX(w, sheet.Book{Tables: []sheet.Table{t}})
	}
}

// pulled turns rows that are handed on into rows that are asked for.
func pulled(b Base, d measure.Definition, rows reporting.Rows) func(func(sheet.Record, error) bool) {
	columns := listColumns(d)
	return func(yield func(sheet.Record, error) bool) {
		stopped := errs.New(errs.Internal, "error.internal", nil)
		err := rows(func(r reporting.Row) error {
			if !yield(listRecord(b, r, columns), nil) {
				return stopped
			}
			return nil
		})
		if err != nil && err != error(stopped) {
			yield(nil, err)
		}
	}
}
