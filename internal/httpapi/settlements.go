package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// settlementRoutes declares settlements.
func (s *Server) settlementRoutes(rt *router) {
	rt.get("/settlements", authz.SettlementRead, s.listSettlements)
	rt.get("/settlements/{id}", authz.SettlementRead, s.getSettlement)
	rt.post("/settlements", authz.SettlementSettle, s.settle)
	rt.post("/settlements/{id}/reversal", authz.SettlementSettle, s.reverseSettlement)
}

type settlementJSON struct {
	ID          ident.ID                `json:"id"`
	TreatmentID ident.ID                `json:"treatment_id"`
	CaseNo      string                  `json:"case_no"`
	HospitalID  ident.ID                `json:"hospital_id"`
	Programme   procedure.Programme     `json:"programme"`
	State       funding.SettlementState `json:"state"`
	SettledOn   clock.Date              `json:"settled_on"`
	Bill        money.Fen               `json:"bill_fen"`
	Basic       money.Fen               `json:"basic_fen"`
	Critical    money.Fen               `json:"critical_fen"`
	Assistance  money.Fen               `json:"assistance_fen"`
	Other       money.Fen               `json:"other_fen"`
	Fund        money.Fen               `json:"fund_fen"`
	Waiver      money.Fen               `json:"waiver_fen"`
	Net         money.Fen               `json:"net_fen"`
	Version     int64                   `json:"version"`
}

func settlementOf(x funding.Settlement) settlementJSON {
	return settlementJSON{ID: x.ID, TreatmentID: x.Treatment, CaseNo: x.CaseNo, HospitalID: x.Hospital, Programme: x.Programme, State: x.State, SettledOn: x.SettledOn,
		Bill: x.Bill, Basic: x.Basic, Critical: x.Critical, Assistance: x.Assistance, Other: x.Other, Fund: x.FundFen, Waiver: x.Waiver, Net: x.Net, Version: x.Version}
}

type settlementList struct {
	Rows []settlementJSON `json:"rows"`
	Next string           `json:"next"`
}

func (s *Server) listSettlements(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Funding.Settlements(r.Context(), c.Who, funding.SettlementFilter{}, pageOf(r))
	out := settlementList{Rows: []settlementJSON{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, settlementOf(x))
	}
	return http.StatusOK, out, err
}

type settlementDetail struct {
	settlementJSON
	Funds []fundLine `json:"funds"`
}

func (s *Server) getSettlement(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.Settlement(r.Context(), c.Who, id)
	out := settlementDetail{settlementJSON: settlementOf(v.Settlement), Funds: []fundLine{}}
	for _, l := range v.Funds {
		out.Funds = append(out.Funds, fundLine{l.Fund, l.Amount})
	}
	return http.StatusOK, out, err
}

// settledJSON is the answer to a settlement or its reversal.
type settledJSON struct {
	ID       ident.ID      `json:"id"`
	Vouchers []voucherJSON `json:"vouchers"`
}

func (s *Server) settle(r *http.Request, c *call) (int, any, error) {
	var in struct {
		TreatmentID ident.ID   `json:"treatment_id"`
		On          clock.Date `json:"on"`
		Bill        money.Fen  `json:"bill_fen"`
		Basic       money.Fen  `json:"basic_fen"`
		Critical    money.Fen  `json:"critical_fen"`
		Assistance  money.Fen  `json:"assistance_fen"`
		Other       money.Fen  `json:"other_fen"`
		Waiver      money.Fen  `json:"waiver_fen"`
		Net         money.Fen  `json:"net_fen"`
		Scope       money.Fen  `json:"scope_fen"`      // within the insurer's scope; 0: not known
		Deductible  money.Fen  `json:"deductible_fen"` // of the year, taken by this case
		Funds       []fundLine `json:"funds"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.Settle(r.Context(), c.Who, funding.Settle{Treatment: in.TreatmentID, On: in.On, Settlement: fee.Settlement{Bill: in.Bill, Basic: in.Basic,
		Critical: in.Critical, Assistance: in.Assistance, Other: in.Other, Waiver: in.Waiver, Net: in.Net, Funds: linesOf(in.Funds)},
		Figures: fee.Figures{Known: in.Scope > 0, Scope: in.Scope, Deductible: in.Deductible}}, c.Key)
	return http.StatusCreated, settledJSON{out.Settlement, vouchersOf(out.Vouchers)}, err
}

func (s *Server) reverseSettlement(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Reason  string `json:"reason"`
		Version int64  `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	if err := needs("version", in.Version); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.Reverse(r.Context(), c.Who, funding.Reversal{Settlement: id, Reason: in.Reason, Version: in.Version}, c.Key)
	return http.StatusOK, settledJSON{out.Settlement, vouchersOf(out.Vouchers)}, err
}
