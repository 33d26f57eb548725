package httpapi

import (
	"bytes"
	"cmp"
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	domain "github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// reportRoutes declares reports of periods and files made in the background.
func (s *Server) reportRoutes(rt *router) {
	rt.get("/reports", authz.ReportRead, s.listReports)
	rt.post("/reports", authz.ReportMake, s.askReport)
	rt.get("/reports/{id}/file", authz.ReportRead, s.reportFile)
	rt.get("/downloads", authz.ExportMake, s.listDownloads)
	rt.post("/downloads", authz.ExportMake, s.askDownload)
	rt.post("/downloads/{id}/cancel", authz.ExportMake, s.cancelDownload)
	rt.get("/downloads/{id}/file", authz.ExportMake, s.downloadFile)
}

type reportJSON struct {
	ID        ident.ID   `json:"id"`
	Kind      string     `json:"kind"`
	From      clock.Date `json:"from"`
	To        clock.Date `json:"to"`
	Programme string     `json:"programme"`
	Profile   string     `json:"profile"`
	State     string     `json:"state"`
	Rule      string     `json:"rule"`
	Snapshot  string     `json:"snapshot"`
	MadeAt    time.Time  `json:"made_at"`
}

type reportList struct {
	Rows []reportJSON `json:"rows"`
	Next string       `json:"next"`
}

// asked is the answer to what is made in the background.
type asked struct {
	ID ident.ID `json:"id"`
}

func (s *Server) listReports(r *http.Request, c *call) (int, any, error) {
	list, _, err := s.d.Reporting.Reports(r.Context(), c.Who, pageOf(r))
	out := reportList{Rows: []reportJSON{}, Next: list.Next}
	for _, p := range list.Rows {
		state := string(p.State)
		if p.Failed {
			state = "failed"
		}
		out.Rows = append(out.Rows, reportJSON{ID: p.ID, Kind: string(p.Period.Kind), From: p.Period.From, To: p.Period.To, Programme: p.Programme, Profile: p.Profile,
			State: state, Rule: p.Rule, Snapshot: domain.Code(p.Digest), MadeAt: p.At})
	}
	return http.StatusOK, out, err
}

func (s *Server) askReport(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Kind      string     `json:"kind"`
		Day       clock.Date `json:"day"`
		Programme string     `json:"programme"`
		Profile   string     `json:"profile"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Reporting.AskReport(r.Context(), c.Who, reporting.ReportInput{Kind: domain.Kind(in.Kind), Day: in.Day, Programme: measure.Programme(in.Programme),
		Profile: in.Profile}, c.Key)
	return http.StatusAccepted, asked{id}, err
}

// reportFile answers a report in the caller's language.
func (s *Server) reportFile(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	format := cmp.Or(r.URL.Query().Get("format"), "pdf")
	write, media, known := report.Format(format)
	if !known {
		return 0, nil, errs.Missing("error.not_found")
	}
	snap, p, err := s.d.Reporting.FetchReport(r.Context(), c.Who, id, format)
	if err != nil {
		return 0, nil, err
	}
	var buf bytes.Buffer
	if err := write(&buf, report.Compose(s.d.Catalogue.Printer(httpx.Language(r)), snap, domain.Code(p.Digest))); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, rawFile{"report-" + snap.Period.Label() + "." + format, media, buf.Bytes()}, nil
}

type downloadJSON struct {
	ID        ident.ID  `json:"id"`
	Measure   string    `json:"measure"`
	Format    string    `json:"format"`
	State     string    `json:"state"`
	Rows      int64     `json:"rows"`
	Size      int64     `json:"size_bytes"`
	Done      int       `json:"done"`
	Total     int       `json:"total"`
	AskedAt   time.Time `json:"asked_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

type downloadList struct {
	Rows []downloadJSON `json:"rows"`
	Next string         `json:"next"`
}

func (s *Server) listDownloads(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Reporting.Downloads(r.Context(), c.Who, pageOf(r))
	out := downloadList{Rows: []downloadJSON{}, Next: list.Next}
	for _, d := range list.Rows {
		out.Rows = append(out.Rows, downloadJSON{ID: d.ID, Measure: d.Kind, Format: d.Format, State: string(d.State), Rows: d.Rows, Size: d.Size, Done: d.Progress,
			Total: d.Total, AskedAt: d.At, ExpiresAt: d.Expires})
	}
	return http.StatusOK, out, err
}

// askDownload takes the filter of the measure in the address, as the measure
// itself does.
func (s *Server) askDownload(r *http.Request, c *call) (int, any, error) {
	f, err := s.measureFilter(r)
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Measure string `json:"measure"`
		Format  string `json:"format"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Reporting.AskDownload(r.Context(), c.Who, reporting.DownloadInput{ID: measure.ID(in.Measure), Filter: f, Format: in.Format}, c.Key)
	return http.StatusAccepted, asked{id}, err
}

func (s *Server) cancelDownload(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, asked{id}, s.d.Reporting.CancelDownload(r.Context(), c.Who, id)
}

func (s *Server) downloadFile(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var buf bytes.Buffer
	d, err := s.d.Reporting.FetchDownload(r.Context(), c.Who, id, &buf)
	media := "text/csv; charset=utf-8"
	if d.Format == "xlsx" {
		media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	}
	return http.StatusOK, rawFile{d.Kind + "." + d.Format, media, buf.Bytes()}, err
}
