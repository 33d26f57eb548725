package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	rights "github.com/shanhai-health/shanhai/internal/service/subject"
)

// subjectRoutes declares what people ask about the data kept on them. The copy
// itself leaves by the page only, to somebody who proves once more who it is.
func (s *Server) subjectRoutes(rt *router) {
	rt.get("/subject-requests", authz.SubjectRead, s.listSubjects)
	rt.post("/subject-requests", authz.SubjectRegister, s.askSubject)
	rt.get("/subject-requests/{id}", authz.SubjectRead, s.getSubject)
	rt.post("/subject-requests/{id}/answer", authz.SubjectDecide, s.answerSubject)
	rt.post("/subject-requests/{id}/withdraw", authz.SubjectRegister, s.withdrawSubject)
}

type subjectJSON struct {
	ID         ident.ID      `json:"id"`
	HospitalID ident.ID      `json:"hospital_id"`
	PersonID   ident.ID      `json:"person_id"`
	Kind       subject.Kind  `json:"kind"`
	Asker      subject.Asker `json:"asker"`
	Field      subject.Field `json:"field"`
	ReceivedOn clock.Date    `json:"received_on"`
	DueOn      clock.Date    `json:"due_on"`
	State      subject.State `json:"state"`
	Opinion    string        `json:"opinion"`
	FileUntil  *time.Time    `json:"file_until"`
	FetchedAt  *time.Time    `json:"fetched_at"`
	Version    int64         `json:"version"`
}

func subjectOf(q rights.Item) subjectJSON {
	out := subjectJSON{ID: q.ID, HospitalID: q.Hospital, PersonID: q.Person, Kind: q.Kind, Asker: q.Asker, Field: q.Field, ReceivedOn: q.ReceivedOn, DueOn: q.DueOn, State: q.State, Opinion: q.Opinion, Version: q.Version}
	if !q.FileUntil.IsZero() {
		out.FileUntil = &q.FileUntil
	}
	if !q.FetchedAt.IsZero() {
		out.FetchedAt = &q.FetchedAt
	}
	return out
}

func (s *Server) listSubjects(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Subjects.List(r.Context(), c.Who, rights.Query{Waiting: r.URL.Query().Get("waiting") == "true", Page: pageOf(r)})
	out := struct {
		Rows []subjectJSON `json:"rows"`
		Next string        `json:"next"`
	}{[]subjectJSON{}, list.Next}
	for _, q := range list.Rows {
		out.Rows = append(out.Rows, subjectOf(q))
	}
	return http.StatusOK, out, err
}

func (s *Server) askSubject(r *http.Request, c *call) (int, any, error) {
	var in struct {
		HospitalID ident.ID      `json:"hospital_id"`
		PersonID   ident.ID      `json:"person_id"`
		Kind       subject.Kind  `json:"kind"`
		Asker      subject.Asker `json:"asker"`
		AskerName  string        `json:"asker_name"`
		Proof      string        `json:"proof"`
		Wish       string        `json:"wish"`
		Field      subject.Field `json:"field"`
		Value      string        `json:"value"`
		ReceivedOn clock.Date    `json:"received_on"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Subjects.Ask(r.Context(), c.Who, subject.Request{Hospital: in.HospitalID, Person: in.PersonID, Kind: in.Kind, Asker: in.Asker, AskerName: in.AskerName, Proof: in.Proof, Wish: in.Wish,
		Field: in.Field, Value: in.Value, ReceivedOn: in.ReceivedOn}, c.Key)
	return http.StatusCreated, created{id}, err
}

func (s *Server) getSubject(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Subjects.One(r.Context(), c.Who, id)
	return http.StatusOK, subjectOf(v.Item), err
}

func (s *Server) answerSubject(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Grant   bool   `json:"grant"`
		Opinion string `json:"opinion"`
		Version int64  `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, created{id}, s.d.Subjects.Decide(r.Context(), c.Who, subject.Decision{Request: id, Grant: in.Grant, Opinion: in.Opinion, Version: in.Version}, c.Key)
}

func (s *Server) withdrawSubject(r *http.Request, c *call) (int, any, error) {
	return atVersion(r, c, s.d.Subjects.Withdraw)
}
