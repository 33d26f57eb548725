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

func (s *Server) skillRoutes(rt *router) {
	rt.get("/skills", authz.SkillRead, s.learners)
	rt.get("/skills/{id}", authz.SkillRead, s.ladder)
	rt.post("/skills/{id}/signoffs", authz.SkillSign, s.signOff)
	rt.post("/skills/{id}/signoffs/{signoff}/revocation", authz.SkillSign, s.revokeSignoff)
	rt.get("/skill-rules", authz.SkillRead, s.skillRules)
	rt.post("/skill-rules", authz.SkillEdit, s.setSkillRules)
	rt.post("/procedures/{id}/observers", authz.ProcedureEdit, s.observe)
}

type signoffBody struct {
	ID      ident.ID       `json:"id"`
	Kind    procedure.Kind `json:"kind"`
	Needed  int            `json:"needed"`
	Counted int            `json:"counted"`
	Note    string         `json:"note"`
	On      clock.Date     `json:"signed_on"`
	Signer  string         `json:"signed_by"`
	Version int64          `json:"version"`
}

func signoffOf(x visiting.Signoff) signoffBody {
	return signoffBody{x.ID, x.Kind, x.Needed, x.Counted, x.Note, x.On, x.Signer, x.Version}
}

func signoffsOf(list []visiting.Signoff) []signoffBody {
	out := make([]signoffBody, len(list))
	for i, x := range list {
		out[i] = signoffOf(x)
	}
	return out
}

type learnerBody struct {
	ID       ident.ID      `json:"id"`
	Name     string        `json:"name"`
	HomeID   ident.ID      `json:"home_id"`
	Home     string        `json:"home"`
	Signoffs []signoffBody `json:"signoffs"`
}

func (s *Server) learners(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Visiting.Learners(r.Context(), c.Who, req)
	return http.StatusOK, rowsOf(list.Rows, list.Next, func(x visiting.Learner) learnerBody {
		return learnerBody{x.ID, x.Name, x.HomeOrg, x.HomeName, signoffsOf(x.Signed)}
	}), err
}

// rungBody is one kind of operation: the counts by role, alone and with a
// visitor at the table.
type rungBody struct {
	Kind    procedure.Kind            `json:"kind"`
	Level   practitioner.Role         `json:"level"`
	Needed  int                       `json:"needed"`
	Counted int                       `json:"counted"`
	Alone   map[practitioner.Role]int `json:"alone"`
	Visitor map[practitioner.Role]int `json:"with_visitor"`
}

type quarterBody struct {
	Kind    procedure.Kind    `json:"kind"`
	Role    practitioner.Role `json:"role"`
	Visitor bool              `json:"with_visitor"`
	Year    int               `json:"year"`
	Quarter int               `json:"quarter"`
	N       int               `json:"n"`
}

type ladderBody struct {
	learnerBody
	Rungs    []rungBody    `json:"rungs"`
	Quarters []quarterBody `json:"quarters"`
}

func ladderOf(v visiting.LadderView) ladderBody {
	out := ladderBody{learnerBody: learnerBody{v.Doctor.ID, v.Doctor.Name, v.Doctor.HomeOrg, v.Doctor.HomeName, signoffsOf(v.Signed)}, Rungs: []rungBody{}, Quarters: []quarterBody{}}
	for _, l := range v.Ladders {
		out.Rungs = append(out.Rungs, rungBody{l.Kind, l.Level(), l.Needed, l.Counted(), l.Alone, l.Visitor})
	}
	for _, x := range v.Counts {
		out.Quarters = append(out.Quarters, quarterBody(x))
	}
	return out
}

func (s *Server) ladder(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Visiting.Ladder(r.Context(), c.Who, id)
	return http.StatusOK, ladderOf(v), err
}

func (s *Server) signOff(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var b struct {
		Kind procedure.Kind `json:"kind"`
		Note string         `json:"note"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	in := visiting.SignoffInput{Doctor: id, Kind: b.Kind, Note: b.Note}
	x, err := s.d.Visiting.SignOff(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	return http.StatusCreated, signoffOf(x), err
}

func (s *Server) revokeSignoff(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	signoff, err := pathID(r, "signoff")
	if err != nil {
		return 0, nil, err
	}
	var b endBody
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	in := visiting.RevokeInput{Doctor: id, Signoff: signoff, Version: b.Version, Reason: b.Reason}
	return http.StatusOK, saved{signoff}, s.d.Visiting.Revoke(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
}

// rulesBody is how many supervised operations each kind needs.
type rulesBody struct {
	Needed map[procedure.Kind]int `json:"needed"`
}

func (s *Server) skillRules(r *http.Request, c *call) (int, any, error) {
	rules, err := s.d.Visiting.Rules(r.Context(), c.Who)
	return http.StatusOK, rulesBody{rules}, err
}

func (s *Server) setSkillRules(r *http.Request, c *call) (int, any, error) {
	var b rulesBody
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	if err := s.d.Visiting.SetRules(r.Context(), c.Who, b.Needed, visiting.KeyOf(c.Key, b)); err != nil {
		return 0, nil, err
	}
	return s.skillRules(r, c)
}

func (s *Server) observe(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var b struct {
		Doctors []ident.ID `json:"practitioner_ids"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	in := visiting.ObserveInput{Operation: id, Doctors: b.Doctors}
	err = s.d.Visiting.Observe(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	return http.StatusOK, saved{id}, renamed(err, map[string]string{"doctors": "practitioner_ids"})
}
