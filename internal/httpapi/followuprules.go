package httpapi

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
)

// windowBody is one appointment of a schedule, in days after the operation.
type windowBody struct {
	Step  followup.Step   `json:"step"`
	Due   int             `json:"due"`
	From  int             `json:"from"`
	To    int             `json:"to"`
	Wants []followup.Want `json:"wants,omitempty"` // told, not taken
}

// editionBody is the windows of a group for operations from a day on; version 0
// is the preset.
type editionBody struct {
	Group   followup.Group `json:"group"`
	Version int64          `json:"version"`
	From    clock.Date     `json:"from_on"`
	Note    string         `json:"note"`
	Windows []windowBody   `json:"windows"`
}

func editionOf(e followup.Edition) editionBody {
	b := editionBody{Group: e.Group, Version: e.Version, From: e.From, Note: e.Note, Windows: []windowBody{}}
	for _, w := range e.Windows {
		b.Windows = append(b.Windows, windowBody{w.Step, w.Due, w.From, w.To, w.Wants})
	}
	return b
}

// groupRulesBody is the windows of one group; version is the one to change them by.
type groupRulesBody struct {
	Group   followup.Group `json:"group"`
	Version int64          `json:"version"`
	Now     editionBody    `json:"in_force"`
	Coming  []editionBody  `json:"coming"`
	Made    []editionBody  `json:"editions"`
}

func (s *Server) followRules(r *http.Request, c *call) (int, any, error) {
	v, err := s.d.Aftercare.Rules(r.Context(), c.Who)
	out := struct {
		Groups []groupRulesBody `json:"groups"`
	}{[]groupRulesBody{}}
	for _, g := range v.Groups {
		b := groupRulesBody{Group: g.Group, Version: g.Latest, Now: editionOf(g.Now), Coming: []editionBody{}, Made: []editionBody{}}
		for _, e := range g.Coming {
			b.Coming = append(b.Coming, editionOf(e))
		}
		for _, e := range g.Made {
			b.Made = append(b.Made, editionOf(e.Edition))
		}
		out.Groups = append(out.Groups, b)
	}
	return http.StatusOK, out, err
}

func (s *Server) saveFollowRule(r *http.Request, c *call) (int, any, error) {
	var body struct {
		Version int64        `json:"version"`
		From    clock.Date   `json:"from_on"`
		Note    string       `json:"note"`
		Windows []windowBody `json:"windows"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := followup.Edition{Group: followup.Group(chi.URLParam(r, "group")), Version: body.Version, From: body.From, Note: body.Note}
	for _, w := range body.Windows {
		in.Windows = append(in.Windows, followup.Window{Step: w.Step, Due: w.Due, From: w.From, To: w.To})
	}
	e, err := s.d.Aftercare.SaveRule(r.Context(), c.Who, in, aftercare.KeyOf(c.Key, in))
	if err != nil {
		return 0, nil, renamed(err, map[string]string{"from": "from_on"})
	}
	return http.StatusOK, editionOf(e), nil
}
