package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// approvalRoutes declares applications for a reduction and their decision.
func (s *Server) approvalRoutes(rt *router) {
	rt.get("/approvals", authz.ApprovalRead, s.listApprovals)
	rt.get("/approvals/{id}", authz.ApprovalRead, s.getApproval)
	rt.post("/approvals", authz.ApprovalRequest, s.requestApproval)
	rt.post("/approvals/{id}/decision", authz.ApprovalDecide, s.decideApproval)
	rt.post("/approvals/{id}/withdrawal", authz.ApprovalRequest, s.withdrawApproval)
	rt.post("/approvals/{id}/appeals", authz.ApprovalRequest, s.appeal)
	rt.get("/approval-queues/lapsed", authz.ApprovalRead, s.listLapsed)
	rt.get("/approval-queues/appeals", authz.ApprovalRead, s.listAppeals)
	rt.post("/appeals/{id}/decision", authz.ApprovalDecide, s.decideAppeal)
	rt.get("/approval-rules", authz.ApprovalRead, s.getRules)
	rt.post("/approval-rules", authz.FundOpen, s.saveRules)
}

// approvalJSON is an application without the patient: the case leads there.
type approvalJSON struct {
	ID          ident.ID           `json:"id"`
	TreatmentID ident.ID           `json:"treatment_id"`
	CaseNo      string             `json:"case_no"`
	HospitalID  ident.ID           `json:"hospital_id"`
	State       fund.ApprovalState `json:"state"`
	Bill        money.Fen          `json:"bill_fen"`
	Insurance   money.Fen          `json:"insurance_fen"`
	Waiver      money.Fen          `json:"waiver_fen"`
	Requested   money.Fen          `json:"requested_fen"`
	Approved    money.Fen          `json:"approved_fen"`
	Reason      string             `json:"reason"`
	Opinion     string             `json:"opinion"`
	RequestedAt time.Time          `json:"requested_at"`
	DecidedAt   *time.Time         `json:"decided_at"`
	Lapse       fund.Lapse         `json:"lapse"`
	LapsedFacts []fund.Bound       `json:"lapsed_facts"`
	Eye         procedure.Side     `json:"eye"`
	Publication notice.Publication `json:"publication"`
	Version     int64              `json:"version"`
}

func approvalOf(a funding.Approval) approvalJSON {
	return approvalJSON{ID: a.ID, TreatmentID: a.Treatment, CaseNo: a.CaseNo, HospitalID: a.Hospital, State: a.State, Bill: a.Bill, Insurance: a.Insurance,
		Waiver: a.Waiver, Requested: a.Requested, Approved: a.Approved, Reason: a.Reason, Opinion: a.Opinion, RequestedAt: a.RequestedAt,
		DecidedAt: maybeTime(a.DecidedAt), Lapse: a.Lapse, LapsedFacts: append([]fund.Bound{}, a.LapsedFacts...), Eye: a.Eye, Publication: a.Publication, Version: a.Version}
}

type approvalList struct {
	Rows []approvalJSON `json:"rows"`
	Next string         `json:"next"`
}

func (s *Server) listApprovals(r *http.Request, c *call) (int, any, error) {
	state := fund.ApprovalState(r.URL.Query().Get("state"))
	if state == "" {
		state = fund.ApprovalRequested
	}
	known := false
	for _, x := range fund.ApprovalStates() {
		known = known || x == state
	}
	if !known {
		var f errs.Fields
		f.Add("state", "form.error.choice")
		return 0, nil, f.Err()
	}
	list, err := s.d.Funding.Approvals(r.Context(), c.Who, state, pageOf(r))
	out := approvalList{Rows: []approvalJSON{}, Next: list.Next}
	for _, a := range list.Rows {
		out.Rows = append(out.Rows, approvalOf(a))
	}
	return http.StatusOK, out, err
}

type approvalDetail struct {
	approvalJSON
	Funds    []fundLine    `json:"funds"`
	Vouchers []voucherJSON `json:"vouchers"`
	Deposits []paidByJSON  `json:"deposits"`

	Signatures []signatureJSON `json:"signatures"`
	Judged     []judgedJSON    `json:"judged_funds"`
}

// paidByJSON is a deposit with a purpose of its own that pays a reduction.
type paidByJSON struct {
	Deposit ident.ID  `json:"deposit_id"`
	Fund    ident.ID  `json:"fund_id"`
	Note    string    `json:"note"`
	Project *ident.ID `json:"project_id"`
	Amount  money.Fen `json:"amount_fen"`
}

func (s *Server) getApproval(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Funding.Approval(r.Context(), c.Who, id)
	out := approvalDetail{approvalJSON: approvalOf(v.Approval), Funds: []fundLine{}, Vouchers: vouchersOf(v.Vouchers())}
	for _, l := range v.Granted() {
		out.Funds = append(out.Funds, fundLine{l.Fund, l.Amount})
	}
	out.Deposits = []paidByJSON{}
	for _, d := range v.Deposits {
		out.Deposits = append(out.Deposits, paidByJSON{d.ID, d.Fund, d.Note, maybeID(d.Project), d.Paid})
	}
	out.Signatures, out.Judged = signaturesOf(v.Signatures), judgedOf(v.Funds)
	return http.StatusOK, out, err
}

func (s *Server) requestApproval(r *http.Request, c *call) (int, any, error) {
	var in struct {
		TreatmentID ident.ID   `json:"treatment_id"`
		Bill        money.Fen  `json:"bill_fen"`
		Basic       money.Fen  `json:"basic_fen"`
		Critical    money.Fen  `json:"critical_fen"`
		Assistance  money.Fen  `json:"assistance_fen"`
		Waiver      money.Fen  `json:"waiver_fen"`
		Funds       []fundLine `json:"funds"`
		Reason      string     `json:"reason"`

		Eye         procedure.Side     `json:"eye"`
		Publication notice.Publication `json:"publication"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Funding.Request(r.Context(), c.Who, funding.Request{Treatment: in.TreatmentID, Bill: in.Bill, Basic: in.Basic, Critical: in.Critical,
		Assistance: in.Assistance, Waiver: in.Waiver, Funds: linesOf(in.Funds), Reason: in.Reason, Eye: in.Eye, Publish: in.Publication}, c.Key)
	return http.StatusCreated, created{out.Approval}, err
}

// decidedJSON is the answer to a decision.
type decidedJSON struct {
	ID       ident.ID           `json:"id"`
	State    fund.ApprovalState `json:"state"`
	Approved money.Fen          `json:"approved_fen"`
	Vouchers []voucherJSON      `json:"vouchers"`
	Waiting  bool               `json:"waiting"`   // signed; a second person has to sign
	Away     bool               `json:"stay_away"` // the decider declared a relation
}

func (s *Server) decideApproval(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Decision fund.Decision `json:"decision"`
		Amount   *money.Fen    `json:"amount_fen"` // absent: what was asked for
		Opinion  string        `json:"opinion"`
		Relation fund.Relation `json:"relation"`
		Version  int64         `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	if err := needs("version", in.Version); err != nil {
		return 0, nil, err
	}
	if in.Decision == fund.DecideWithdraw { // has an address and a permission of its own
		in.Decision = ""
	}
	d := funding.Decision{Decision: in.Decision, Opinion: in.Opinion, Relation: in.Relation, Version: in.Version}
	if in.Amount != nil {
		if d.Amount = *in.Amount; d.Amount == 0 && d.Decision == fund.DecideApprove {
			var f errs.Fields
			f.Add("amount", "error.fund.amount")
			return 0, nil, f.Err()
		}
	}
	return s.decided(r, c, d)
}

func (s *Server) withdrawApproval(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Version int64 `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	if err := needs("version", in.Version); err != nil {
		return 0, nil, err
	}
	return s.decided(r, c, funding.Decision{Decision: fund.DecideWithdraw, Version: in.Version})
}

func (s *Server) decided(r *http.Request, c *call, in funding.Decision) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	in.Approval = id
	out, err := s.d.Funding.Decide(r.Context(), c.Who, in, c.Key)
	return http.StatusOK, decidedJSON{ID: out.Approval, State: out.State, Approved: out.Approved, Vouchers: vouchersOf(out.Vouchers), Waiting: out.Waiting, Away: out.Away}, err
}
