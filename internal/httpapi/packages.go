package httpapi

import (
	"encoding/hex"
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
)

// packageRoutes declares audit packages.
func (s *Server) packageRoutes(rt *router) {
	rt.get("/audit-packages", authz.AuditPackage, s.listPackages)
	rt.post("/audit-packages", authz.AuditPackage, s.askPackage)
	rt.get("/audit-packages/{id}/file", authz.AuditPackage, s.packageFile)
}

type packageJSON struct {
	ID      ident.ID   `json:"id"`
	FundID  ident.ID   `json:"fund_id"`
	From    clock.Date `json:"from"`
	To      clock.Date `json:"to"`
	State   string     `json:"state"`
	SHA256  string     `json:"sha256"`
	Size    int64      `json:"size_bytes"`
	LogRows int        `json:"log_rows"`
	MadeAt  time.Time  `json:"made_at"`
}

type packageList struct {
	Rows []packageJSON `json:"rows"`
	Next string        `json:"next"`
}

func (s *Server) listPackages(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Inspection.List(r.Context(), c.Who, pageOf(r))
	out := packageList{Rows: []packageJSON{}, Next: list.Next}
	for _, p := range list.Rows {
		state := string(p.State)
		if p.Failed {
			state = "failed"
		}
		out.Rows = append(out.Rows, packageJSON{ID: p.ID, FundID: p.Fund, From: p.From, To: p.To, State: state, SHA256: hex.EncodeToString(p.Digest),
			Size: p.Size, LogRows: p.LogRows, MadeAt: p.At})
	}
	return http.StatusOK, out, err
}

func (s *Server) askPackage(r *http.Request, c *call) (int, any, error) {
	var in struct {
		FundID ident.ID   `json:"fund_id"`
		From   clock.Date `json:"from"`
		To     clock.Date `json:"to"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Inspection.Ask(r.Context(), c.Who, inspection.Order{Fund: in.FundID, From: in.From, To: in.To}, c.Key)
	return http.StatusAccepted, struct {
		ID ident.ID `json:"id"`
	}{id}, renamed(err, map[string]string{"fund": "fund_id"})
}

func (s *Server) packageFile(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	f, err := s.d.Inspection.Download(r.Context(), c.Who, id)
	return http.StatusOK, rawFile{f.Name, "application/zip", f.Bytes}, err
}

// rawFile is an answer that is a file and not JSON.
type rawFile struct {
	name, media string
	content     []byte
}

func (f rawFile) write(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Type", f.media)
	h.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(f.content)
}
