package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// moveJSON is money that leaves its purpose.
type moveJSON struct {
	ID      ident.ID       `json:"id"`
	Kind    fund.MoveKind  `json:"kind"`
	From    ident.ID       `json:"from_fund_id"`
	To      *ident.ID      `json:"to_fund_id"`
	Deposit *ident.ID      `json:"deposit_id"`
	Amount  money.Fen      `json:"amount_fen"`
	Rule    string         `json:"rule"`
	Reason  string         `json:"reason"`
	State   fund.MoveState `json:"state"`
	Opinion string         `json:"opinion"`
	Version int64          `json:"version"`
}

type moveList struct {
	Rows []moveJSON `json:"rows"`
	Next string     `json:"next"`
}

func (s *Server) listMoves(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Funding.Moves(r.Context(), c.Who, pageOf(r))
	out := moveList{Rows: []moveJSON{}, Next: list.Next}
	for _, m := range list.Rows {
		out.Rows = append(out.Rows, moveJSON{m.ID, m.Kind, m.From, maybeID(m.To), maybeID(m.Deposit), m.Amount, m.Rule, m.Reason, m.State, m.Opinion, m.Version})
	}
	return http.StatusOK, out, err
}

func (s *Server) requestMove(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Kind    fund.MoveKind `json:"kind"`
		From    ident.ID      `json:"from_fund_id"`
		To      ident.ID      `json:"to_fund_id"`
		Deposit ident.ID      `json:"deposit_id"`
		Amount  money.Fen     `json:"amount_fen"`
		Rule    string        `json:"rule"`
		Reason  string        `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Funding.RequestMove(r.Context(), c.Who, fund.Move{Kind: in.Kind, From: in.From, To: in.To, Deposit: in.Deposit, Amount: in.Amount, Rule: in.Rule, Reason: in.Reason}, c.Key)
	return http.StatusCreated, created{id}, err
}

// moveState is what became of a move.
type moveState struct {
	State fund.MoveState `json:"state"`
}

func (s *Server) decideMove(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Approve bool   `json:"approve"`
		Opinion string `json:"opinion"`
		Version int64  `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	if err := needs("version", in.Version); err != nil {
		return 0, nil, err
	}
	state, err := s.d.Funding.DecideMove(r.Context(), c.Who, funding.MoveDecision{Move: id, Approve: in.Approve, Opinion: in.Opinion, Version: in.Version}, c.Key)
	return http.StatusOK, moveState{state}, err
}
