package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/glass"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	emergency "github.com/shanhai-health/shanhai/internal/service/glass"
)

// glassRoutes declares emergencies.
func (s *Server) glassRoutes(rt *router) {
	rt.get("/glass", authz.GlassRead, s.listGlass)
	rt.post("/glass", authz.GlassBreak, s.breakGlass)
	rt.get("/glass/{id}", authz.GlassRead, s.getGlass)
	rt.post("/glass/{id}/close", authz.GlassBreak, s.closeGlass)
	rt.post("/glass/{id}/verdict", authz.GlassJudge, s.judgeGlass)
}

// glassJSON is a broken glass. It names no patient.
type glassJSON struct {
	ID         ident.ID      `json:"id"`
	HospitalID ident.ID      `json:"hospital_id"`
	AccountID  ident.ID      `json:"account_id"`
	Reason     string        `json:"reason"`
	OpenedAt   time.Time     `json:"opened_at"`
	UntilAt    time.Time     `json:"until_at"`
	Reads      int           `json:"reads"`
	DueAt      time.Time     `json:"due_at"`
	State      glass.State   `json:"state"`
	Verdict    glass.Verdict `json:"verdict"`
	Opinion    string        `json:"opinion"`
	Version    int64         `json:"version"`
}

func glassOf(g emergency.Item, state glass.State) glassJSON {
	return glassJSON{g.ID, g.Hospital, g.Account, g.Reason, g.OpenedAt, g.UntilAt, g.Reads, g.DueAt, state, g.Verdict, g.Opinion, g.Version}
}

func (s *Server) listGlass(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Glass.List(r.Context(), c.Who, r.URL.Query().Get("waiting") == "true", pageOf(r))
	out := struct {
		Rows []glassJSON `json:"rows"`
		Next string      `json:"next"`
	}{[]glassJSON{}, list.Next}
	for _, g := range list.Rows {
		out.Rows = append(out.Rows, glassOf(g, g.StateAt(list.Now)))
	}
	return http.StatusOK, out, err
}

func (s *Server) breakGlass(r *http.Request, c *call) (int, any, error) {
	var in struct {
		HospitalID     ident.ID             `json:"hospital_id"`
		DocumentKind   patient.DocumentKind `json:"document_kind"`
		DocumentNumber string               `json:"document_number"`
		Reason         string               `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Glass.Break(r.Context(), c.Who, emergency.Input{Hospital: in.HospitalID, DocKind: in.DocumentKind, DocNumber: in.DocumentNumber, Reason: in.Reason}, c.Key)
	return http.StatusCreated, created{id}, renamed(err, map[string]string{"hospital": "hospital_id", "doc_kind": "document_kind", "doc_number": "document_number"})
}

func (s *Server) getGlass(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Glass.One(r.Context(), c.Who, id)
	return http.StatusOK, struct {
		glassJSON
		Record *glass.Record `json:"record"`
	}{glassOf(v.Item, v.State), v.Record}, err
}

func (s *Server) closeGlass(r *http.Request, c *call) (int, any, error) {
	return atVersion(r, c, s.d.Glass.Close)
}

func (s *Server) judgeGlass(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Verdict glass.Verdict `json:"verdict"`
		Opinion string        `json:"opinion"`
		Version int64         `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, created{id}, s.d.Glass.Judge(r.Context(), c.Who, emergency.Judgement{Glass: id, Verdict: in.Verdict, Opinion: in.Opinion, Version: in.Version}, c.Key)
}
