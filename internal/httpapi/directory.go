package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

func (s *Server) directoryRoutes(rt *router) {
	rt.get("/practitioners", authz.PractitionerRead, s.practitioners)
	rt.post("/practitioners", authz.PractitionerEdit, s.addPractitioner)
	rt.get("/practitioners/{id}", authz.PractitionerRead, s.practitioner)
	rt.post("/practitioners/{id}", authz.PractitionerEdit, s.editPractitioner)
	rt.get("/postings", authz.PostingRead, s.postings)
	rt.post("/postings", authz.PostingEdit, s.addPosting)
	rt.get("/postings/{id}", authz.PostingRead, s.posting)
	rt.post("/postings/{id}", authz.PostingEdit, s.editPosting)
	rt.post("/postings/{id}/end", authz.PostingEdit, s.endPosting)
}

// practitionerBody is a doctor. The last day of the licence may be unknown.
type practitionerBody struct {
	ID             ident.ID                  `json:"id"`
	Name           string                    `json:"name"`
	Licence        string                    `json:"licence"`
	LicenceExpires clock.Date                `json:"licence_expires_on"`
	LicenceState   practitioner.LicenceState `json:"licence_state"`
	HomeID         ident.ID                  `json:"home_id"`
	Home           string                    `json:"home"`
	Grade          practitioner.Grade        `json:"grade"`
	Specialty      practitioner.Specialty    `json:"specialty"`
	Version        int64                     `json:"version"`
}

func (s *Server) practitionerOf(p directory.PractitionerItem) practitionerBody {
	return practitionerBody{p.ID, p.Name, p.Licence, p.LicenceExpires, p.LicenceOn(clock.Today(s.d.Clock)), p.HomeOrg, p.HomeName, p.Grade, p.Specialty, p.Version}
}

func (s *Server) practitioners(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := directory.PractitionerList{Text: q.values.Get("q"), Home: q.id("home"), Licence: q.values.Get("licence") == "soon", Page: q.page()}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Directory.Practitioners(r.Context(), c.Who, in)
	return http.StatusOK, rowsOf(list.Rows, list.Next, s.practitionerOf), err
}

func (s *Server) practitioner(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	p, _, err := s.d.Directory.Practitioner(r.Context(), c.Who, id)
	return http.StatusOK, s.practitionerOf(p), err
}

func (s *Server) savePractitioner(r *http.Request, c *call, id ident.ID) (ident.ID, error) {
	var b struct {
		Name           string                 `json:"name"`
		Licence        string                 `json:"licence"`
		LicenceExpires clock.Date             `json:"licence_expires_on"`
		HomeID         ident.ID               `json:"home_id"`
		Grade          practitioner.Grade     `json:"grade"`
		Specialty      practitioner.Specialty `json:"specialty"`
		Version        int64                  `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return id, err
	}
	p := practitioner.Practitioner{ID: id, Name: b.Name, Licence: b.Licence, LicenceExpires: b.LicenceExpires, HomeOrg: b.HomeID, Grade: b.Grade, Specialty: b.Specialty}
	id, err := s.d.Directory.SavePractitioner(r.Context(), c.Who, p, b.Version, c.Key)
	return id, renamed(err, map[string]string{"home_org": "home_id"})
}

// saved is the answer to a write that makes or changes one record.
type saved struct {
	ID ident.ID `json:"id"`
}

func (s *Server) addPractitioner(r *http.Request, c *call) (int, any, error) {
	id, err := s.savePractitioner(r, c, ident.Nil)
	return http.StatusCreated, saved{id}, err
}

func (s *Server) editPractitioner(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	id, err = s.savePractitioner(r, c, id)
	return http.StatusOK, saved{id}, err
}

// postingBody is a stay of a doctor at another hospital; both days belong to it.
type postingBody struct {
	ID           ident.ID   `json:"id"`
	Practitioner ident.ID   `json:"practitioner_id"`
	Name         string     `json:"practitioner"`
	HomeID       ident.ID   `json:"home_id"`
	Home         string     `json:"home"`
	HostID       ident.ID   `json:"host_id"`
	Host         string     `json:"host"`
	From         clock.Date `json:"from"`
	To           clock.Date `json:"to"`
	BackFrom     clock.Date `json:"backdated_from"` // where it began before it was made to begin earlier
	BackReason   string     `json:"backdated_reason"`
	Version      int64      `json:"version"`
}

func postingOf(p directory.PostingItem) postingBody {
	return postingBody{p.ID, p.Practitioner, p.Name, p.Home, p.HomeName, p.Host, p.HostName, p.From, p.To, p.BackFrom, p.BackReason, p.Version}
}

func (s *Server) postings(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := directory.PostingList{On: q.day("on"), Page: q.page()}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Directory.Postings(r.Context(), c.Who, in)
	return http.StatusOK, rowsOf(list.Rows, list.Next, postingOf), err
}

func (s *Server) posting(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	p, _, err := s.d.Directory.Posting(r.Context(), c.Who, id)
	return http.StatusOK, postingOf(p), err
}

func (s *Server) savePosting(r *http.Request, c *call, id ident.ID) (ident.ID, error) {
	var b struct {
		Practitioner ident.ID   `json:"practitioner_id"`
		Host         ident.ID   `json:"host_id"`
		From         clock.Date `json:"from"`
		To           clock.Date `json:"to"`
		Confirm      bool       `json:"confirm"`
		Reason       string     `json:"reason"`
		Version      int64      `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return id, err
	}
	p := partnership.Posting{ID: id, Practitioner: b.Practitioner, Host: b.Host, From: b.From, To: b.To, BackReason: b.Reason, Version: b.Version}
	id, err := s.d.Directory.SavePosting(r.Context(), c.Who, p, b.Confirm, c.Key)
	return id, renamed(err, map[string]string{"practitioner": "practitioner_id", "host": "host_id"})
}

func (s *Server) addPosting(r *http.Request, c *call) (int, any, error) {
	id, err := s.savePosting(r, c, ident.Nil)
	return http.StatusCreated, saved{id}, err
}

func (s *Server) editPosting(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	id, err = s.savePosting(r, c, id)
	return http.StatusOK, saved{id}, err
}

func (s *Server) endPosting(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var b struct {
		On      clock.Date `json:"on"`
		Version int64      `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, saved{id}, s.d.Directory.EndPosting(r.Context(), c.Who, directory.PostingEnd{ID: id, On: b.On, Version: b.Version}, c.Key)
}
