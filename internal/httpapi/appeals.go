package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// signatureJSON is a signature with the facts it binds.
type signatureJSON struct {
	Relation fund.Relation `json:"relation"`
	Amount   money.Fen     `json:"amount_fen"`
	Digest   string        `json:"digest"`
	Facts    []fund.Fact   `json:"facts"`
	SignedAt time.Time     `json:"signed_at"`
	Void     bool          `json:"void"`
}

func signaturesOf(list []funding.Signature) []signatureJSON {
	out := make([]signatureJSON, len(list))
	for i, x := range list {
		out[i] = signatureJSON{x.Relation, x.Amount, x.Digest, append([]fund.Fact{}, x.Facts...), x.SignedAt, x.Void}
	}
	return out
}

// judgedJSON is a fund with the conditions under which it would not pay.
type judgedJSON struct {
	FundID  ident.ID      `json:"fund_id"`
	Reasons []fund.Reason `json:"reasons"`
}

func judgedOf(list []funding.FundJudged) []judgedJSON {
	out := make([]judgedJSON, len(list))
	for i, x := range list {
		out[i] = judgedJSON{x.ID, append([]fund.Reason{}, x.Reasons...)}
	}
	return out
}

func (s *Server) listLapsed(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Funding.Lapsed(r.Context(), c.Who, pageOf(r))
	out := approvalList{Rows: []approvalJSON{}, Next: list.Next}
	for _, a := range list.Rows {
		out.Rows = append(out.Rows, approvalOf(a))
	}
	return http.StatusOK, out, err
}

// appealJSON is an appeal without the patient: the application leads there.
type appealJSON struct {
	ID         ident.ID         `json:"id"`
	ApprovalID ident.ID         `json:"approval_id"`
	HospitalID ident.ID         `json:"hospital_id"`
	State      fund.AppealState `json:"state"`
	Reason     string           `json:"reason"`
	DueOn      clock.Date       `json:"due_on"`
	Opinion    string           `json:"opinion"`
	Version    int64            `json:"version"`
}

type appealList struct {
	Rows []appealJSON `json:"rows"`
	Next string       `json:"next"`
}

func (s *Server) listAppeals(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Funding.Appeals(r.Context(), c.Who, pageOf(r))
	out := appealList{Rows: []appealJSON{}, Next: list.Next}
	for _, a := range list.Rows {
		out.Rows = append(out.Rows, appealJSON{a.ID, a.Approval, a.Hospital, a.State, a.Reason, a.DueOn, a.Opinion, a.Version})
	}
	return http.StatusOK, out, err
}

func (s *Server) appeal(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Reason string `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.Appeal(r.Context(), c.Who, funding.AppealInput{Approval: id, Reason: in.Reason}, c.Key)
	return http.StatusCreated, created{out}, err
}

func (s *Server) decideAppeal(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		State   fund.AppealState `json:"state"`
		Opinion string           `json:"opinion"`
		Version int64            `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	if err := needs("version", in.Version); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.DecideAppeal(r.Context(), c.Who, funding.AppealDecision{Appeal: id, State: in.State, Opinion: in.Opinion, Version: in.Version}, c.Key)
	return http.StatusOK, created{out}, err
}

// rulesJSON is the partnership's numbers about approvals; sample says that
// nobody has set them yet.
type rulesJSON struct {
	Single     money.Fen `json:"single_fen"`
	AppealDays int       `json:"appeal_days"`
	NoticeDays int       `json:"notice_days"`
	NoticeCell int       `json:"notice_cell"`
	HoldDays   int       `json:"hold_days"`
	Sample     bool      `json:"sample"`
	Version    int64     `json:"version"`
}

func (s *Server) getRules(r *http.Request, c *call) (int, any, error) {
	v, err := s.d.Funding.Rules(r.Context(), c.Who)
	return http.StatusOK, rulesJSON{v.Single, v.AppealDays, v.NoticeDays, v.NoticeCell, v.HoldDays, v.Sample, v.Version}, err
}

func (s *Server) saveRules(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Single     money.Fen `json:"single_fen"`
		AppealDays int       `json:"appeal_days"`
		NoticeDays int       `json:"notice_days"`
		NoticeCell int       `json:"notice_cell"`
		HoldDays   int       `json:"hold_days"`
		Version    int64     `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	rules := fund.Rules{Single: in.Single, AppealDays: in.AppealDays, NoticeDays: in.NoticeDays, NoticeCell: in.NoticeCell, HoldDays: in.HoldDays, Version: in.Version}
	if err := s.d.Funding.SaveRules(r.Context(), c.Who, rules, c.Key); err != nil {
		return 0, nil, err
	}
	return s.getRules(r, c)
}
