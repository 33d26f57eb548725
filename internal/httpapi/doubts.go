package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	doubts "github.com/shanhai-health/shanhai/internal/service/plausibility"
)

// doubtJSON is an alert of the board. It names nobody.
type doubtJSON struct {
	ID        ident.ID             `json:"id"`
	Check     plausibility.Check   `json:"check"`
	Rule      int                  `json:"check_version"`
	Facts     map[string]string    `json:"facts"`
	Evidence  int                  `json:"evidence_count"`
	State     plausibility.State   `json:"state"`
	Verdict   plausibility.Verdict `json:"verdict"`
	Recovery  bool                 `json:"recovery"`
	FirstSeen time.Time            `json:"first_seen"`
	LastSeen  time.Time            `json:"last_seen"`
	Version   int64                `json:"version"`
}

func doubtOf(a doubts.Alert) doubtJSON {
	return doubtJSON{a.ID, a.Found.Check, a.Rule, a.Found.Args, len(a.Found.Evidence), a.State, a.Verdict, a.Recovery, a.FirstSeen, a.LastSeen, a.Version}
}

func (s *Server) listDoubts(r *http.Request, c *call) (int, any, error) {
	q := doubts.Query{State: plausibility.Open, Check: plausibility.Check(r.URL.Query().Get("check"))}
	switch state := plausibility.State(r.URL.Query().Get("state")); state {
	case "", plausibility.Open:
	case plausibility.Closed:
		q.State = state
	default:
		var f errs.Fields
		f.Add("state", "form.error.choice")
		return 0, nil, f.Err()
	}
	board, err := s.d.Doubts.Board(r.Context(), c.Who, q, pageOf(r))
	out := struct {
		Rows   []doubtJSON                                 `json:"rows"`
		Next   string                                      `json:"next"`
		Silent map[plausibility.Check]plausibility.Silence `json:"silent"`
	}{[]doubtJSON{}, board.Next, map[plausibility.Check]plausibility.Silence{}}
	for _, a := range board.Rows {
		out.Rows = append(out.Rows, doubtOf(a))
	}
	for check, why := range board.Last.Silent {
		out.Silent[check] = why
	}
	return http.StatusOK, out, err
}

func (s *Server) lookNow(r *http.Request, c *call) (int, any, error) {
	n, err := s.d.Doubts.RunNow(r.Context(), c.Who, c.Key)
	return http.StatusOK, struct {
		Fresh int `json:"fresh"`
	}{n}, err
}

// evidenceJSON is a record an alert rests on, without the person's name: the case
// leads there for who may open it.
type evidenceJSON struct {
	Kind       string   `json:"kind"`
	ID         ident.ID `json:"id"`
	CaseNo     string   `json:"case_no"`
	HospitalID ident.ID `json:"hospital_id"`
	On         string   `json:"on"`
	Note       string   `json:"note"`
}

func (s *Server) getDoubt(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Doubts.One(r.Context(), c.Who, id)
	out := struct {
		doubtJSON
		Evidence []evidenceJSON `json:"evidence"`
	}{doubtOf(v.Alert), []evidenceJSON{}}
	for _, e := range v.Rows {
		out.Evidence = append(out.Evidence, evidenceJSON{e.Kind, e.ID, e.CaseNo, e.Evidence.Hospital, e.On.String(), e.Note})
	}
	return http.StatusOK, out, err
}

func (s *Server) judgeDoubt(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Verdict  plausibility.Verdict `json:"verdict"`
		Reason   string               `json:"reason"`
		Recovery bool                 `json:"recovery"`
		Version  int64                `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	err = s.d.Doubts.Judge(r.Context(), c.Who, doubts.JudgeInput{Alert: id, Verdict: in.Verdict, Reason: in.Reason, Recovery: in.Recovery, Version: in.Version}, c.Key)
	return http.StatusOK, created{id}, err
}

// doubtRulesJSON is the partnership's own limits; none of them is official.
type doubtRulesJSON struct {
	Rate        int                         `json:"rate_per_thousand"`
	ElderlyAge  int                         `json:"elderly_age"`
	PhonePeople int                         `json:"phone_people"`
	PerDay      map[procedure.Programme]int `json:"per_day"`
	Populations map[string]int              `json:"populations"`
	Source      string                      `json:"source"`
	Sample      bool                        `json:"sample"`
	Version     int64                       `json:"version"`
}

func (s *Server) getDoubtRules(r *http.Request, c *call) (int, any, error) {
	v, err := s.d.Doubts.Rules(r.Context(), c.Who)
	if v.Populations == nil {
		v.Populations = map[string]int{}
	}
	return http.StatusOK, doubtRulesJSON{v.RatePerThousand, v.ElderlyAge, v.PhonePeople, v.PerDay, v.Populations, v.Source, v.Sample, v.Version}, err
}

func (s *Server) saveDoubtRules(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Rate        int                         `json:"rate_per_thousand"`
		ElderlyAge  int                         `json:"elderly_age"`
		PhonePeople int                         `json:"phone_people"`
		PerDay      map[procedure.Programme]int `json:"per_day"`
		Populations map[string]int              `json:"populations"`
		Source      string                      `json:"source"`
		Version     int64                       `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	rules := plausibility.Rules{RatePerThousand: in.Rate, ElderlyAge: in.ElderlyAge, PhonePeople: in.PhonePeople, PerDay: in.PerDay, Populations: in.Populations, Source: in.Source, Version: in.Version}
	if err := s.d.Doubts.SaveRules(r.Context(), c.Who, rules, c.Key); err != nil {
		return 0, nil, renamed(err, map[string]string{"rate": "rate_per_thousand"})
	}
	return s.getDoubtRules(r, c)
}
