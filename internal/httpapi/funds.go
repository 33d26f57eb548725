package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// fundRoutes declares funds and what comes in.
func (s *Server) fundRoutes(rt *router) {
	rt.get("/funds", authz.FundRead, s.listFunds)
	rt.get("/funds/{id}", authz.FundRead, s.getFund)
	rt.post("/funds", authz.FundOpen, s.openFund)
	rt.post("/funds/{id}/deposits", authz.FundDeposit, s.deposit)
	rt.get("/fund-moves", authz.LedgerRead, s.listMoves)
	rt.post("/fund-moves", authz.FundDeposit, s.requestMove)
	rt.post("/fund-moves/{id}/decision", authz.FundOpen, s.decideMove)
	s.projectRoutes(rt)
}

// fundJSON is a fund; the amounts are absent for who may only choose it.
type fundJSON struct {
	ID        ident.ID            `json:"id"`
	Code      string              `json:"code"`
	Name      string              `json:"name"`
	Programme procedure.Programme `json:"programme"`
	Kind      fund.FundKind       `json:"kind"`
	OpenedOn  clock.Date          `json:"opened_on"`
	ClosedOn  *clock.Date         `json:"closed_on"`

	Source     fund.SourceKind        `json:"source"`
	Hospitals  []ident.ID             `json:"hospital_ids"`
	Categories []terminology.Category `json:"categories"`
	EndsOn     *clock.Date            `json:"ends_on"`

	Received  *money.Fen `json:"received_fen,omitempty"`
	Committed *money.Fen `json:"committed_fen,omitempty"`
	Owed      *money.Fen `json:"owed_fen,omitempty"`
	Paid      *money.Fen `json:"paid_fen,omitempty"`
	Reserved  *money.Fen `json:"reserved_fen,omitempty"`
	Available *money.Fen `json:"available_fen,omitempty"`
}

func fundOf(f funding.FundItem, open bool) fundJSON {
	out := fundJSON{ID: f.ID, Code: f.Code, Name: f.Name, Programme: f.Programme, Kind: f.Kind, OpenedOn: f.OpenedOn, ClosedOn: dayOrNil(f.ClosedOn),
		Source: f.Source, Hospitals: append([]ident.ID{}, f.Hospitals...), Categories: append([]terminology.Category{}, f.Categories...), EndsOn: dayOrNil(f.EndsOn)}
	if open {
		b := f.Balances
		received, spent := b.Received(), b.Spent()
		out.Owed, out.Paid = &b.Committed, &b.Paid
		out.Received, out.Committed, out.Reserved, out.Available = &received, &spent, &b.Reserved, &b.Available
	}
	return out
}

type fundList struct {
	Rows []fundJSON `json:"rows"`
}

func (s *Server) listFunds(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Funding.Funds(r.Context(), c.Who)
	out := fundList{Rows: []fundJSON{}}
	for _, f := range list {
		out.Rows = append(out.Rows, fundOf(f.FundItem, f.Open))
	}
	return http.StatusOK, out, err
}

// transferJSON is a line of the ledger.
type transferJSON struct {
	ID          ident.ID   `json:"id"`
	No          string     `json:"no"`
	Kind        fund.Kind  `json:"kind"`
	EffectiveOn clock.Date `json:"effective_on"`
	PostedAt    time.Time  `json:"posted_at"`
	Note        string     `json:"note"`
	TreatmentID *ident.ID  `json:"treatment_id"`
	ApprovalID  *ident.ID  `json:"approval_id"`
	ReversesID  *ident.ID  `json:"reverses_id"`
	Amount      money.Fen  `json:"amount_fen"`
	Change      money.Fen  `json:"available_change_fen"`
}

type fundPage struct {
	fundJSON
	Transfers []transferJSON `json:"transfers"`
	Next      string         `json:"next"`
}

func (s *Server) getFund(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.Fund(r.Context(), c.Who, funding.FundQuery{Fund: id, Kind: fund.Kind(r.URL.Query().Get("kind")), Page: pageOf(r)})
	out := fundPage{fundJSON: fundOf(v.FundItem, true), Transfers: []transferJSON{}, Next: v.Lines.Next}
	for _, l := range v.Lines.Rows {
		out.Transfers = append(out.Transfers, transferJSON{ID: l.ID, No: fund.VoucherNo(l.Kind, l.ID), Kind: l.Kind, EffectiveOn: l.EffectiveOn, PostedAt: l.PostedAt,
			Note: l.Note, TreatmentID: maybeID(l.Treatment), ApprovalID: maybeID(l.Approval), ReversesID: maybeID(l.Reverses), Amount: l.Amount, Change: l.Change})
	}
	return http.StatusOK, out, err
}

type created struct {
	ID ident.ID `json:"id"`
}

func (s *Server) openFund(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Code      string              `json:"code"`
		Name      string              `json:"name"`
		Programme procedure.Programme `json:"programme"`
		OpenedOn  clock.Date          `json:"opened_on"`

		Source     fund.SourceKind        `json:"source"`
		Hospitals  []ident.ID             `json:"hospital_ids"`
		Categories []terminology.Category `json:"categories"`
		EndsOn     clock.Date             `json:"ends_on"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Funding.OpenFund(r.Context(), c.Who, funding.NewFund{Code: in.Code, Name: in.Name, Programme: in.Programme, OpenedOn: in.OpenedOn,
		Source: in.Source, Hospitals: in.Hospitals, Categories: in.Categories, EndsOn: in.EndsOn}, c.Key)
	return http.StatusCreated, created{id}, err
}

func (s *Server) deposit(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Amount money.Fen  `json:"amount_fen"`
		On     clock.Date `json:"on"`
		Note   string     `json:"note"`

		Project ident.ID    `json:"project_id"`
		Earmark earmarkJSON `json:"earmark"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.Deposit(r.Context(), c.Who, funding.Deposit{Fund: id, Amount: in.Amount, On: in.On, Note: in.Note, Project: in.Project, Earmark: in.Earmark.earmark()}, c.Key)
	return http.StatusCreated, vouchersOf([]funding.Voucher{v})[0], err
}
