package httpapi

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
)

// careRoutes declares cases, treatments and operations.
func (s *Server) careRoutes(rt *router) {
	rt.get("/cases", authz.CaseRead, s.cases)
	rt.post("/cases", authz.CaseOpen, s.openCase)
	rt.get("/cases/{id}", authz.CaseRead, s.caseFile)
	rt.post("/cases/{id}/close", authz.CaseClose, s.closeCase)
	rt.post("/cases/{id}/reopening", authz.CaseClose, s.reopenCase)
	rt.post("/cases/{id}/second-side", authz.CaseClose, s.planSecond)
	rt.post("/cases/{id}/treatments", authz.TreatmentOpen, s.openTreatment)
	rt.get("/treatments/{id}", authz.TreatmentRead, s.treatment)
	rt.post("/treatments/{id}/steps", authz.TreatmentRead, s.step)
	rt.get("/procedures", authz.ProcedureRead, s.procedures)
	rt.post("/treatments/{id}/procedures", authz.ProcedureLog, s.logProcedure)
	rt.get("/procedures/{id}", authz.ProcedureRead, s.procedure)
	rt.post("/procedures/{id}/correction", authz.ProcedureEdit, s.correctProcedure)
	rt.post("/procedures/{id}/signature", authz.ProcedureSign, s.signProcedure)
}

// caseBody is a case as it is answered. Names are masked for readers who do not
// work with patients.
type caseBody struct {
	ID         ident.ID            `json:"id"`
	No         string              `json:"no"`
	PersonID   ident.ID            `json:"person_id"`
	Name       string              `json:"name"`
	Programme  procedure.Programme `json:"programme"`
	HospitalID ident.ID            `json:"hospital_id"`
	Hospital   string              `json:"hospital"`
	State      casefile.State      `json:"state"`
	OpenedOn   clock.Date          `json:"opened_on"`
	ClosedOn   clock.Date          `json:"closed_on"`
	Closure    casefile.Closure    `json:"closure"`
	Diagnosis  string              `json:"diagnosis"`
	Version    int64               `json:"version"`
}

func caseOf(c treatment.CaseItem) caseBody {
	return caseBody{ID: c.ID, No: c.No, PersonID: c.Person, Name: c.PersonName, Programme: c.Programme, HospitalID: c.Home, Hospital: c.HomeName, State: c.State,
		OpenedOn: c.OpenedOn, ClosedOn: c.ClosedOn, Closure: c.Closure, Diagnosis: c.Diagnosis, Version: c.Version}
}

type caseDetail struct {
	caseBody
	Treatments []treatmentBody `json:"treatments"`
	Procedures []procedureBody `json:"procedures"`
}

type caseList struct {
	Rows []caseBody `json:"rows"`
	Next string     `json:"next"`
}

// query reads the filters of a list; a value that cannot be read is an error,
// not an empty filter.
type query struct {
	values url.Values
	wrong  errs.Fields
}

func (q *query) id(name string) ident.ID {
	text := q.values.Get(name)
	if text == "" {
		return ident.Nil
	}
	id, err := ident.Parse(text)
	if err != nil {
		q.wrong.Add(name, "form.error.choice")
	}
	return id
}

func (q *query) day(name string) clock.Date {
	var d clock.Date
	if err := d.UnmarshalText([]byte(q.values.Get(name))); err != nil {
		q.wrong.Add(name, "form.error.date")
	}
	return d
}

func (q *query) page() page.Request {
	size, _ := strconv.Atoi(q.values.Get("size")) // not a number: the default size
	return page.Request{After: q.values.Get("after"), Size: size}
}

func (s *Server) cases(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := treatment.CasesInput{Programme: procedure.Programme(q.values.Get("programme")), State: casefile.State(q.values.Get("state")), Hospital: q.id("hospital"),
		From: q.day("from"), To: q.day("to"), Page: q.page()}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Care.Cases(r.Context(), c.Who, in)
	out := caseList{Rows: []caseBody{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, caseOf(x))
	}
	return http.StatusOK, out, err
}

func (s *Server) caseFile(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Care.Case(r.Context(), c.Who, id)
	out := caseDetail{caseBody: caseOf(v.CaseItem), Treatments: []treatmentBody{}, Procedures: []procedureBody{}}
	for _, t := range v.Treatments {
		out.Treatments = append(out.Treatments, treatmentOf(t))
	}
	for _, o := range v.Operations {
		out.Procedures = append(out.Procedures, procedureOf(o))
	}
	return http.StatusOK, out, err
}

type openCaseBody struct {
	PersonID   ident.ID            `json:"person_id"`
	HospitalID ident.ID            `json:"hospital_id"`
	Programme  procedure.Programme `json:"programme"`
	Diagnosis  string              `json:"diagnosis"`
}

func (s *Server) openCase(r *http.Request, c *call) (int, any, error) {
	var body openCaseBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.OpenInput{Person: body.PersonID, Hospital: body.HospitalID, Programme: body.Programme, Diagnosis: body.Diagnosis}
	made, err := s.d.Care.OpenCase(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusCreated, caseOf(made), err
}

type closeCaseBody struct {
	Version  int64            `json:"version"`
	Closure  casefile.Closure `json:"closure"`
	ClosedOn clock.Date       `json:"closed_on"`
	Note     string           `json:"note"`
}

func (s *Server) closeCase(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body closeCaseBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.CloseInput{Case: id, Version: body.Version, Closure: body.Closure, On: body.ClosedOn, Note: body.Note}
	closed, err := s.d.Care.CloseCase(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, caseOf(closed), err
}

func (s *Server) reopenCase(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64 `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.ReopenInput{Case: id, Version: body.Version}
	opened, err := s.d.Care.ReopenCase(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, caseOf(opened), err
}

// secondSideBody plans the other side; without a side the plan is dropped.
type secondSideBody struct {
	Version    int64          `json:"version"`
	Site       procedure.Site `json:"site"`
	Side       procedure.Side `json:"side"`
	HospitalID ident.ID       `json:"hospital_id"`
	From       clock.Date     `json:"from"`
}

func (s *Server) planSecond(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body secondSideBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.SecondInput{Case: id, Version: body.Version, Plan: casefile.SecondSide{Site: body.Site, Side: body.Side, Hospital: body.HospitalID, From: body.From}}
	planned, err := s.d.Care.PlanSecond(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, caseOf(planned), err
}
