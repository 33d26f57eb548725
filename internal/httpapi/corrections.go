package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
)

// correctionRoutes declares what puts mistakes right: deaths and their undoing,
// records under the wrong person, cases in the wrong programme.
func (s *Server) correctionRoutes(rt *router) {
	rt.get("/deaths", authz.PersonRead, s.deaths)
	rt.post("/persons/{id}/death", authz.TreatmentAdvance, s.reportDeath)
	rt.post("/deaths/{id}/confirmation", authz.PersonRead, s.confirmDeath)
	rt.post("/deaths/{id}/undoing", authz.PersonRead, s.undoDeath)
	rt.post("/cases/{id}/move", authz.PersonIdentity, s.moveCase)
	rt.post("/treatments/{id}/move", authz.PersonIdentity, s.moveTreatment)
	rt.post("/cases/{id}/programme", authz.CaseClose, s.correctProgramme)
}

// deathBody is a report that a person died.
type deathBody struct {
	ID         ident.ID           `json:"id"`
	PersonID   ident.ID           `json:"person_id"`
	HospitalID ident.ID           `json:"hospital_id"`
	Name       string             `json:"name"`
	DiedOn     clock.Date         `json:"died_on"`
	Source     string             `json:"source"`
	Note       string             `json:"note"`
	State      patient.DeathState `json:"state"`
	OpenCare   int                `json:"open_treatments"`
	Version    int64              `json:"version"`
}

func deathOf(r treatment.DeathReport) deathBody {
	return deathBody{r.ID, r.Person, r.Hospital, r.PersonName, r.On, r.Source, r.Note, r.State, r.Open, r.Version}
}

func (s *Server) deaths(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Care.Deaths(r.Context(), c.Who, patient.DeathState(q.values.Get("state")), req)
	out := struct {
		Rows []deathBody `json:"rows"`
		Next string      `json:"next"`
	}{Rows: []deathBody{}, Next: list.Next}
	for _, d := range list.Rows {
		out.Rows = append(out.Rows, deathOf(d))
	}
	return http.StatusOK, out, err
}

func (s *Server) reportDeath(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		HospitalID ident.ID            `json:"hospital_id"`
		DiedOn     clock.Date          `json:"died_on"`
		Source     patient.DeathSource `json:"source"`
		Note       string              `json:"note"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.DeathInput{Person: id, Hospital: body.HospitalID, Death: patient.Death{On: body.DiedOn, Source: body.Source, Note: body.Note}}
	d, err := s.d.Care.ReportDeath(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusCreated, deathOf(d), err
}

// personRef is whose record a step changed.
type personRef struct {
	PersonID ident.ID `json:"person_id"`
}

func (s *Server) settleDeath(r *http.Request, c *call, undo bool) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64  `json:"version"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.DeathStep{Report: id, Version: body.Version, Undo: undo, Reason: body.Reason}
	person, err := s.d.Care.SettleDeath(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, personRef{person}, err
}

func (s *Server) confirmDeath(r *http.Request, c *call) (int, any, error) {
	return s.settleDeath(r, c, false)
}

func (s *Server) undoDeath(r *http.Request, c *call) (int, any, error) {
	return s.settleDeath(r, c, true)
}

// move reads the body that puts a record under the right person.
func (s *Server) move(r *http.Request, c *call, whole bool) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64  `json:"version"`
		Other   string `json:"other"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.MoveInput{Treatment: id, Version: body.Version, To: body.Other, Reason: body.Reason}
	if whole {
		in.Treatment, in.Case = ident.Nil, id
	}
	moved, err := s.d.Care.Move(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, struct {
		CaseID ident.ID `json:"case_id"`
	}{moved}, err
}

func (s *Server) moveCase(r *http.Request, c *call) (int, any, error) { return s.move(r, c, true) }

func (s *Server) moveTreatment(r *http.Request, c *call) (int, any, error) {
	return s.move(r, c, false)
}

func (s *Server) correctProgramme(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version   int64               `json:"version"`
		Programme procedure.Programme `json:"programme"`
		Reason    string              `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.ProgrammeInput{Case: id, Version: body.Version, Programme: body.Programme, Reason: body.Reason}
	k, err := s.d.Care.CorrectProgramme(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, caseOf(k), err
}
