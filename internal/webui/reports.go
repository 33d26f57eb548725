package webui

import (
	"bytes"
	"cmp"
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	domain "github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// reportRoutes declares the reports of periods and the files made in the
// background.
func (s *Server) reportRoutes(rt *router) {
	rt.get("/reports", authz.ReportRead, s.reportsPage)
	rt.post("/reports", authz.ReportMake, s.postReport)
	rt.get("/reports/{id}/file", authz.ReportRead, s.reportFile)
	rt.get("/downloads", authz.ExportMake, s.downloadsPage)
	rt.post("/downloads", authz.ExportMake, s.postDownload)
	rt.post("/downloads/cancel", authz.ExportMake, s.postDownloadCancel)
	rt.get("/downloads/{id}/file", authz.ExportMake, s.downloadFile)
}

// reportForm asks for period, programme and profile; the last whole month is
// what is asked for most.
func reportForm(b Base, today clock.Date, exact bool) *Form {
	var kinds, programmes, profiles []Option
	for _, k := range domain.Kinds() {
		kinds = append(kinds, Option{Value: string(k), Key: k.NameKey()})
	}
	for _, p := range measure.Programmes() {
		if p != measure.All {
			programmes = append(programmes, Option{Value: string(p), Key: p.NameKey()})
		}
	}
	for _, name := range disclosure.Names() {
		if exact || name != disclosure.ExactName {
			profiles = append(profiles, Option{Value: name, Key: "disclosure.profile." + name})
		}
	}
	f := keyed(NewForm(b, today,
		Field{Name: "kind", LabelKey: "pack.kind", Kind: KindSelect, Options: kinds, Width: 6, Focus: true},
		Field{Name: "day", LabelKey: "pack.day", HintKey: "pack.day.hint", Kind: KindDate, Width: 6},
		Field{Name: "programme", LabelKey: "pack.programme", Kind: KindSelect, Optional: true, Blank: "measure.programme.all", Options: programmes, Width: 6, Break: true},
		Field{Name: "profile", LabelKey: "pack.profile", HintKey: "pack.profile.hint", Kind: KindSelect, Options: profiles, Width: 6}))
	f.Action = "/reports"
	last := clock.MustDate(today.Year(), int(today.Month()), 1).AddDays(-1)
	return f.Put("kind", string(domain.Month)).Put("day", last.String()).Put("profile", profiles[0].Value)
}

func (s *Server) reportsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showReports(w, r, c, nil)
}

func (s *Server) showReports(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	list, rights, err := s.d.Reporting.Reports(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	if f == nil {
		f = reportForm(c.Base, c.Today, rights.Exact())
	}
	s.section(c, "reports")
	v := newReportsView(c.Base, f, list.Rows)
	v.May = s.can(c, authz.ReportMake)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "report/reports", v)
}

// reportsView is the list of reports with the form for a new one.
type reportsView struct {
	Base
	Form  *Form
	May   bool // make a report
	Table Table
}

func newReportsView(b Base, f *Form, list []reporting.Report) reportsView {
	b.Title, b.Sub = b.T("nav.reports"), b.T("pack.sub")
	t := Table{Caption: b.T("pack.list"), Columns: []Column{{Key: "pack.kind", Class: "name-col"}, {Key: "pack.programme"}, {Key: "pack.profile"}, {Key: "pack.state"},
		{Key: "pack.file.pdf"}, {Key: "pack.file.docx"}, {Key: "pack.code"}, {Key: "pack.by"}, {Key: "pack.at"}}, Empty: Empty{Title: b.T("pack.empty"), Text: b.T("pack.empty.text")}}
	for _, p := range list {
		programme := measure.Programme(p.Programme)
		if programme == "" {
			programme = measure.All
		}
		kind, state, pdf, docx := "warn", b.T(p.State.Label()), TextCell(""), TextCell("")
		if p.Failed {
			kind, state = "error", b.T("pack.failed")
		}
		if p.State == reporting.ReportReady {
			href := "/reports/" + p.ID.String() + "/file?format="
			kind, pdf, docx = "ok", LinkCell(b.T("pack.file.pdf"), href+"pdf"), LinkCell(b.T("pack.file.docx"), href+"docx")
		}
		t.Rows = append(t.Rows, Cells(TextCell(b.T(p.Period.Kind.NameKey())+" "+p.Period.Label()), TextCell(b.T(programme.NameKey())), TextCell(b.T("disclosure.profile."+p.Profile)),
			TagCell(kind, state), pdf, docx, CodeCell(domain.Code(p.Digest)), TextCell(p.By), CodeCell(minute(p.At))))
	}
	return reportsView{Base: b, Form: f, Table: t}
}

func (s *Server) postReport(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, rights, err := s.d.Reporting.Reports(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	f := reportForm(c.Base, c.Today, rights.Exact())
	if err := f.Read(r); err != nil {
		return err
	}
	in := reporting.ReportInput{Kind: domain.Kind(f.Choice("kind")), Day: f.Date("day"), Programme: measure.Programme(f.Choice("programme")), Profile: f.Choice("profile")}
	if f.OK() {
		_, err := s.d.Reporting.AskReport(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("pack.asked"), Text: c.P.T("pack.asked.text")})
			return seeOther(w, r, "/reports")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showReports(w, r, c, f)
}

// reportFile writes a report from its stored figures.
func (s *Server) reportFile(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	format := cmp.Or(r.URL.Query().Get("format"), "pdf")
	write, media, known := report.Format(format)
	if !known {
		return errs.Missing("error.not_found")
	}
	snap, p, err := s.d.Reporting.FetchReport(r.Context(), c.Who, id, format)
	if err != nil {
		return err
	}
	var buf bytes.Buffer // half a report that arrives with status 200 would be believed
	if err := write(&buf, report.Compose(c.P, snap, domain.Code(p.Digest))); err != nil {
		return err
	}
	return sendFile(w, "report-"+snap.Period.Label()+"."+format, media, buf.Bytes())
}

func sendFile(w http.ResponseWriter, name, media string, content []byte) error {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	_, err := w.Write(content)
	return err
}
