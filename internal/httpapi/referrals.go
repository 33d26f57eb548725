package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
)

// referralRoutes declares the requests between hospitals.
func (s *Server) referralRoutes(rt *router) {
	rt.get("/second-sides", authz.CaseRead, s.seconds)
	rt.get("/referrals", authz.CaseRead, s.referrals)
	rt.get("/referrals/{id}", authz.CaseRead, s.referral)
	rt.post("/referrals/{id}/steps", authz.CaseRead, s.answerReferral)
	rt.post("/cases/{id}/referrals", authz.CaseJoin, s.sendReferral)
}

// referralBody is a request between two hospitals. The case number is empty for
// a receiver the case is not open to.
type referralBody struct {
	ID         ident.ID            `json:"id"`
	CaseID     ident.ID            `json:"case_id"`
	CaseNo     string              `json:"case_no"`
	Kind       referral.Kind       `json:"kind"`
	State      referral.State      `json:"state"`
	FromID     ident.ID            `json:"from_id"`
	From       string              `json:"from"`
	ToID       ident.ID            `json:"to_id"`
	To         string              `json:"to"`
	Name       string              `json:"name"`
	Programme  procedure.Programme `json:"programme"`
	Purpose    referral.Purpose    `json:"purpose"`
	Urgency    referral.Urgency    `json:"urgency"`
	Emergency  bool                `json:"emergency"`
	Site       procedure.Site      `json:"site"`
	Side       procedure.Side      `json:"side"`
	Reason     string              `json:"reason"`
	Summary    string              `json:"summary"`
	Documents  string              `json:"documents"`
	Reply      string              `json:"reply"`
	Closing    string              `json:"closing"`
	SentOn     clock.Date          `json:"sent_on"`
	DueOn      clock.Date          `json:"due_on"`
	OpenFrom   clock.Date          `json:"open_from"`
	OpenTo     clock.Date          `json:"open_to"`
	LeftOn     clock.Date          `json:"left_on"`
	Version    int64               `json:"version"`
	NextSteps  []referral.Action   `json:"next_steps"`
	IsOverdue  bool                `json:"overdue"`
	CaseIsOpen bool                `json:"case_open"`
}

func referralOf(r treatment.Referral, today clock.Date) referralBody {
	return referralBody{ID: r.ID, CaseID: r.Case, CaseNo: r.CaseNo, Kind: r.Kind, State: r.State, FromID: r.Giver, From: r.GiverName, ToID: r.Joiner,
		To: r.JoinerName, Name: r.PersonName, Programme: r.Programme, Purpose: r.Letter.Purpose, Urgency: r.Letter.Urgency, Emergency: r.Emergency,
		Site: r.Letter.Site, Side: r.Letter.Side, Reason: r.Reason, Summary: r.Letter.Summary, Documents: r.Letter.Documents, Reply: r.Reply,
		Closing: r.Closing, SentOn: r.SentOn, DueOn: r.Due, OpenFrom: r.Open.From, OpenTo: r.Open.To, LeftOn: r.LeftOn, Version: r.Version,
		NextSteps: []referral.Action{}, IsOverdue: r.Late(today), CaseIsOpen: r.Opened(today)}
}

type referralList struct {
	Rows []referralBody `json:"rows"`
	Next string         `json:"next"`
}

func (s *Server) referrals(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := treatment.ReferralsInput{Box: treatment.Inbox, State: referral.State(q.values.Get("state")), Page: q.page()}
	switch box := q.values.Get("box"); box {
	case "", string(treatment.Inbox):
	case string(treatment.Outbox):
		in.Box = treatment.Outbox
	case string(treatment.Late):
		in.Box = treatment.Late
	default:
		q.wrong.Add("box", "form.error.choice")
	}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Care.Referrals(r.Context(), c.Who, in)
	out := referralList{Rows: []referralBody{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, referralOf(x, list.Today))
	}
	return http.StatusOK, out, err
}

func (s *Server) referral(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Care.Referral(r.Context(), c.Who, id)
	out := referralOf(v.Referral, v.Today)
	for _, row := range v.Steps {
		out.NextSteps = append(out.NextSteps, row.Action)
	}
	return http.StatusOK, out, err
}

type sendReferralBody struct {
	FromID    ident.ID         `json:"from_id"`
	ToID      ident.ID         `json:"to_id"`
	Purpose   referral.Purpose `json:"purpose"`
	Urgency   referral.Urgency `json:"urgency"`
	Site      procedure.Site   `json:"site"`
	Side      procedure.Side   `json:"side"`
	Reason    string           `json:"reason"`
	Summary   string           `json:"summary"`
	Documents string           `json:"documents"`
}

func (s *Server) sendReferral(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body sendReferralBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.SendInput{Case: id, From: body.FromID, To: body.ToID, Reason: body.Reason, Letter: referral.Letter{Purpose: body.Purpose,
		Urgency: body.Urgency, Site: body.Site, Side: body.Side, Summary: body.Summary, Documents: body.Documents}}
	sent, err := s.d.Care.Send(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusCreated, referralOf(sent, sent.SentOn), err
}

type answerReferralBody struct {
	Version  int64              `json:"version"`
	Action   referral.Action    `json:"action"`
	Reply    string             `json:"reply"`
	OpenFrom clock.Date         `json:"open_from"`
	OpenTo   clock.Date         `json:"open_to"`
	Basis    patient.LegalBasis `json:"legal_basis"`
}

func (s *Server) answerReferral(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body answerReferralBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	if !knownStep(body.Action) {
		var f errs.Fields
		f.Add("action", "form.error.choice")
		return 0, nil, f.Err()
	}
	in := treatment.AnswerInput{Referral: id, Version: body.Version, Action: body.Action, Reply: body.Reply,
		Open: referral.Period{From: body.OpenFrom, To: body.OpenTo}, Basis: body.Basis}
	done, err := s.d.Care.Answer(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, referralOf(done, done.SentOn), err
}

func knownStep(a referral.Action) bool {
	for _, x := range referral.Actions() {
		if x == a {
			return true
		}
	}
	return false
}
