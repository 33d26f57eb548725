package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

// visitingRoutes declares the visiting programme: doctors and postings,
// privileges and exceptions, visits, teaching, meetings and the skill ladder.
func (s *Server) visitingRoutes(rt *router) {
	s.directoryRoutes(rt)
	s.endingRoutes(rt)
	rt.get("/privileges", authz.PrivilegeRead, s.privileges)
	rt.post("/privileges", authz.PrivilegeEdit, s.grantPrivilege)
	rt.get("/privileges/{id}", authz.PrivilegeRead, s.privilege)
	rt.post("/privileges/{id}", authz.PrivilegeEdit, s.editPrivilege)
	rt.get("/exceptions", authz.PrivilegeRead, s.exceptions)
	rt.get("/exceptions/{id}", authz.PrivilegeRead, s.exception)
	rt.post("/exceptions/{id}/signature", authz.PrivilegeSign, s.signException)
	s.visitRoutes(rt)
	s.teachingRoutes(rt)
	s.skillRoutes(rt)
}

// privilegeBody is what a doctor may do at a hospital; both days belong to it.
type privilegeBody struct {
	ID           ident.ID       `json:"id"`
	Practitioner ident.ID       `json:"practitioner_id"`
	Name         string         `json:"practitioner"`
	HospitalID   ident.ID       `json:"hospital_id"`
	Hospital     string         `json:"hospital"`
	Kind         procedure.Kind `json:"kind"`
	From         clock.Date     `json:"from"`
	To           clock.Date     `json:"to"`
	Basis        string         `json:"basis"`
	Version      int64          `json:"version"`
}

func privilegeOf(p visiting.Privilege) privilegeBody {
	return privilegeBody{p.ID, p.Practitioner, p.Name, p.Hospital, p.HospitalName, p.Kind, p.From, p.To, p.Basis, p.Version}
}

func (s *Server) privileges(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	on, req := q.day("on"), q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Visiting.Privileges(r.Context(), c.Who, on, req)
	return http.StatusOK, rowsOf(list.Rows, list.Next, privilegeOf), err
}

// rowList is a page of a list.
type rowList[T any] struct {
	Rows []T    `json:"rows"`
	Next string `json:"next"`
}

func rowsOf[R, T any](rows []R, next string, of func(R) T) rowList[T] {
	out := rowList[T]{Rows: make([]T, len(rows)), Next: next}
	for i, x := range rows {
		out.Rows[i] = of(x)
	}
	return out
}

func (s *Server) privilege(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	p, _, err := s.d.Visiting.Privilege(r.Context(), c.Who, id)
	return http.StatusOK, privilegeOf(p), err
}

func (s *Server) savePrivilege(r *http.Request, c *call, id ident.ID) (any, error) {
	var b struct {
		Practitioner ident.ID       `json:"practitioner_id"`
		Hospital     ident.ID       `json:"hospital_id"`
		Kind         procedure.Kind `json:"kind"`
		From         clock.Date     `json:"from"`
		To           clock.Date     `json:"to"`
		Basis        string         `json:"basis"`
		Version      int64          `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return nil, err
	}
	in := practitioner.Privilege{ID: id, Practitioner: b.Practitioner, Hospital: b.Hospital, Kind: b.Kind, From: b.From, To: b.To, Basis: b.Basis, Version: b.Version}
	p, err := s.d.Visiting.SavePrivilege(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	return privilegeOf(p), renamed(err, map[string]string{"practitioner": "practitioner_id", "hospital": "hospital_id"})
}

func (s *Server) grantPrivilege(r *http.Request, c *call) (int, any, error) {
	p, err := s.savePrivilege(r, c, ident.Nil)
	return http.StatusCreated, p, err
}

func (s *Server) editPrivilege(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	p, err := s.savePrivilege(r, c, id)
	return http.StatusOK, p, err
}

// exceptionBody is an operation outside of the privileges; it names no patient.
type exceptionBody struct {
	ID           ident.ID                    `json:"id"`
	ProcedureID  ident.ID                    `json:"procedure_id"`
	HospitalID   ident.ID                    `json:"hospital_id"`
	Hospital     string                      `json:"hospital"`
	Practitioner ident.ID                    `json:"practitioner_id"`
	Name         string                      `json:"practitioner"`
	Kind         procedure.Kind              `json:"kind"`
	OperatedOn   clock.Date                  `json:"operated_on"`
	Finding      practitioner.Finding        `json:"finding"`
	WindowFrom   clock.Date                  `json:"window_from"`
	WindowTo     clock.Date                  `json:"window_to"`
	Reason       string                      `json:"reason"`
	State        practitioner.ExceptionState `json:"state"`
	Note         string                      `json:"note"`
	Entered      string                      `json:"entered_by"`
	Decider      string                      `json:"signed_by"`
	Version      int64                       `json:"version"`
}

func exceptionOf(x visiting.Exception) exceptionBody {
	return exceptionBody{x.ID, x.Procedure, x.Hospital, x.HospitalName, x.Practitioner, x.Name, x.Kind, x.OperatedOn, x.Finding, x.WindowFrom, x.WindowTo, x.Reason, x.State,
		x.Note, x.Entered, x.Decider, x.Version}
}

func (s *Server) exceptions(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Visiting.Exceptions(r.Context(), c.Who, practitioner.ExceptionState(q.values.Get("state")), req)
	return http.StatusOK, rowsOf(list.Rows, list.Next, exceptionOf), err
}

func (s *Server) exception(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	x, err := s.d.Visiting.Exception(r.Context(), c.Who, id)
	return http.StatusOK, exceptionOf(x.Exception), err
}

func (s *Server) signException(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var b struct {
		Version int64  `json:"version"`
		Accept  bool   `json:"accept"`
		Note    string `json:"note"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	in := visiting.SignInput{Exception: id, Version: b.Version, Accept: b.Accept, Note: b.Note}
	x, err := s.d.Visiting.Sign(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	return http.StatusOK, exceptionOf(x), err
}
