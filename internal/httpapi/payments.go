package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/paying"
)

// payRoutes declares what is owed, paid, returned and recovered.
func (s *Server) payRoutes(rt *router) {
	rt.get("/payables", authz.PayableRead, s.listPayables)
	rt.post("/payables/{id}/card", authz.PayeeEdit, s.saveCard)
	rt.post("/payables/{id}/recovery", authz.RecoveryEdit, s.openRecovery)
	rt.get("/payments", authz.PayableRead, s.listPayments)
	rt.post("/payments/{id}/receipt", authz.PayableReceipt, s.receivePayment)
	rt.post("/payments/{id}/return", authz.PayoutPay, s.returnPayment)
	rt.get("/pay-runs", authz.PayoutRead, s.listRuns)
	rt.post("/pay-runs", authz.PayoutMake, s.makeRun)
	rt.get("/pay-runs/{id}", authz.PayoutRead, s.getRun)
	rt.post("/pay-runs/{id}/decision", authz.PayoutApprove, s.decideRun)
	rt.post("/pay-runs/{id}/file", authz.PayoutPay, s.runFile)
	rt.post("/pay-runs/{id}/payment", authz.PayoutPay, s.payRun)
	rt.get("/hospital-accounts", authz.PayeeRead, s.listHospitalAccounts)
	rt.post("/hospital-accounts", authz.PayeeEdit, s.proposeAccount)
	rt.post("/hospital-accounts/{id}/decision", authz.PayeeApprove, s.decideAccount)
	rt.get("/recoveries", authz.RecoveryRead, s.listRecoveries)
	rt.post("/recoveries/{id}/refund", authz.RecoveryEdit, s.refundRecovery)
	rt.post("/recoveries/{id}/write-off", authz.RecoveryEdit, s.writeOffRecovery)
}

type payableJSON struct {
	ID         ident.ID     `json:"id"`
	Voucher    string       `json:"voucher"`
	FundID     ident.ID     `json:"fund_id"`
	HospitalID ident.ID     `json:"hospital_id"`
	Payee      payout.Payee `json:"payee"`
	SettledOn  clock.Date   `json:"settled_on"`
	Amount     money.Fen    `json:"amount_fen"`
	CaseNo     string       `json:"case_no"`
	Name       string       `json:"name"`
	Ready      bool         `json:"ready"`
}

type payableList struct {
	Rows []payableJSON `json:"rows"`
	Next string        `json:"next"`
}

func payFilter(r *http.Request) paying.PayableFilter {
	var f paying.PayableFilter
	for name, id := range map[string]*ident.ID{"fund": &f.Fund, "hospital": &f.Hospital} {
		if text := r.URL.Query().Get(name); text != "" {
			if parsed, err := ident.Parse(text); err == nil {
				*id = parsed
			} else {
				*id = ident.New() // narrows to nothing
			}
		}
	}
	return f
}

func (s *Server) listPayables(r *http.Request, c *call) (int, any, error) {
	v, err := s.d.Paying.Payables(r.Context(), c.Who, payFilter(r), pageOf(r))
	out := payableList{Rows: []payableJSON{}, Next: v.Next}
	for _, x := range v.Rows {
		out.Rows = append(out.Rows, payableJSON{x.ID, fund.VoucherNo(x.Kind, x.ID), x.Fund, x.Hospital, x.Payee(), x.On, x.Amount, x.CaseNo, x.PersonName, x.Ready})
	}
	return http.StatusOK, out, err
}

type paymentJSON struct {
	ID         ident.ID         `json:"id"`
	RunID      ident.ID         `json:"run_id"`
	PayableID  ident.ID         `json:"payable_id"`
	FundID     ident.ID         `json:"fund_id"`
	HospitalID ident.ID         `json:"hospital_id"`
	Payee      payout.Payee     `json:"payee"`
	Holder     string           `json:"holder"`
	Bank       string           `json:"bank"`
	Last4      string           `json:"number_last4"`
	Purpose    string           `json:"purpose"`
	Amount     money.Fen        `json:"amount_fen"`
	Offset     money.Fen        `json:"offset_fen"`
	State      payout.LineState `json:"state"`
	Voucher    string           `json:"voucher"`
	PaidOn     *clock.Date      `json:"paid_on"`
	ReturnedOn *clock.Date      `json:"returned_on"`
	Reason     string           `json:"return_reason"`
	ReceiptNo  string           `json:"receipt_no"`
	Version    int64            `json:"version"`
}

type paymentList struct {
	Rows []paymentJSON `json:"rows"`
	Next string        `json:"next"`
}

func paymentOf(l paying.Line) paymentJSON {
	return paymentJSON{l.ID, l.Run, l.Payable, l.Fund, l.Hospital, l.Payee, l.Holder, l.Bank, l.Last4, l.Purpose, l.Amount, l.Offset, l.State, l.Voucher(), dayOrNil(l.PaidOn), dayOrNil(l.ReturnOn),
		l.Why, l.ReceiptNo, l.Version}
}

func (s *Server) listPayments(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Paying.Payments(r.Context(), c.Who, payFilter(r), pageOf(r))
	out := paymentList{Rows: []paymentJSON{}, Next: list.Next}
	for _, l := range list.Rows {
		out.Rows = append(out.Rows, paymentOf(l))
	}
	return http.StatusOK, out, err
}

// withBody reads the id of the address and the body of a write.
func withBody(r *http.Request, in any) (ident.ID, error) {
	id, err := pathID(r, "id")
	if err == nil {
		err = httpx.DecodeJSON(r, in)
	}
	return id, err
}

func (s *Server) saveCard(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Holder   string          `json:"holder"`
		Bank     string          `json:"bank"`
		Number   string          `json:"number"`
		Relation payout.Relation `json:"relation"`
		Note     string          `json:"note"`
	}
	id, err := withBody(r, &in)
	if err != nil {
		return 0, nil, err
	}
	out, err := s.d.Paying.SaveCard(r.Context(), c.Who, paying.CardInput{Payable: id, Card: payout.Card{Account: payout.Account{Holder: in.Holder, Bank: in.Bank, Number: in.Number},
		Relation: in.Relation, Note: in.Note}}, c.Key)
	return http.StatusCreated, out, err
}

func (s *Server) openRecovery(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Debtor payout.Payee         `json:"debtor"`
		Source payout.FindingSource `json:"source"`
		Reason string               `json:"reason"`
		Amount money.Fen            `json:"amount_fen"`
	}
	id, err := withBody(r, &in)
	if err != nil {
		return 0, nil, err
	}
	id, err = s.d.Paying.OpenRecovery(r.Context(), c.Who, paying.Finding{Payable: id, Debtor: in.Debtor, Source: in.Source, Reason: in.Reason, Amount: in.Amount}, c.Key)
	return http.StatusCreated, created{id}, err
}

func (s *Server) receivePayment(r *http.Request, c *call) (int, any, error) {
	var in struct {
		No      string     `json:"no"`
		On      clock.Date `json:"on"`
		Version int64      `json:"version"`
	}
	id, err := withBody(r, &in)
	if err != nil {
		return 0, nil, err
	}
	version, err := s.d.Paying.Receive(r.Context(), c.Who, paying.Received{Line: id, No: in.No, On: in.On, Version: in.Version}, c.Key)
	return http.StatusOK, payVersion{version}, err
}

type payVersion struct {
	Version int64 `json:"version"`
}

// payState is what became of something.
type payState struct {
	State string `json:"state"`
}

func (s *Server) returnPayment(r *http.Request, c *call) (int, any, error) {
	var in struct {
		On      clock.Date `json:"on"`
		Reason  string     `json:"reason"`
		Version int64      `json:"version"`
	}
	id, err := withBody(r, &in)
	if err != nil {
		return 0, nil, err
	}
	state, err := s.d.Paying.ReturnLine(r.Context(), c.Who, paying.Return{Line: id, On: in.On, Reason: in.Reason, Version: in.Version}, c.Key)
	return http.StatusOK, payState{string(state)}, err
}

type runJSON struct {
	ID         ident.ID        `json:"id"`
	No         string          `json:"no"`
	FundID     ident.ID        `json:"fund_id"`
	HospitalID *ident.ID       `json:"hospital_id"`
	UpTo       clock.Date      `json:"up_to"`
	State      payout.RunState `json:"state"`
	Lines      int             `json:"lines"`
	Amount     money.Fen       `json:"amount_fen"`
	Offset     money.Fen       `json:"offset_fen"`
	PaidOn     *clock.Date     `json:"paid_on"`
	Reference  string          `json:"reference"`
	Version    int64           `json:"version"`
}

type runList struct {
	Rows []runJSON `json:"rows"`
	Next string    `json:"next"`
}

func runOf(x paying.Run) runJSON {
	return runJSON{x.ID, x.No, x.Fund, maybeID(x.Hospital), x.UpTo, x.State, x.Lines, x.Amount, x.Offset, dayOrNil(x.PaidOn), x.BankRef, x.Version}
}

func (s *Server) listRuns(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Paying.Runs(r.Context(), c.Who, pageOf(r))
	out := runList{Rows: []runJSON{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, runOf(x))
	}
	return http.StatusOK, out, err
}

func (s *Server) makeRun(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Fund     ident.ID   `json:"fund_id"`
		Hospital *ident.ID  `json:"hospital_id"`
		UpTo     clock.Date `json:"up_to"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	n := paying.NewRun{Fund: in.Fund, UpTo: in.UpTo}
	if in.Hospital != nil {
		n.Hospital = *in.Hospital
	}
	out, err := s.d.Paying.MakeRun(r.Context(), c.Who, n, c.Key)
	return http.StatusCreated, out, err
}

// runFull is a run with its payments.
type runFull struct {
	Run      runJSON       `json:"run"`
	Payments []paymentJSON `json:"payments"`
}

func (s *Server) getRun(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Paying.RunOf(r.Context(), c.Who, id)
	out := runFull{Run: runOf(v.PayRun), Payments: []paymentJSON{}}
	for _, l := range v.List {
		out.Payments = append(out.Payments, paymentOf(l))
	}
	return http.StatusOK, out, err
}

// decision is the second person's word.
func decision(r *http.Request) (paying.Decision, error) {
	var in struct {
		Approve bool   `json:"approve"`
		Opinion string `json:"opinion"`
		Version int64  `json:"version"`
	}
	id, err := withBody(r, &in)
	return paying.Decision{ID: id, Approve: in.Approve, Opinion: in.Opinion, Version: in.Version}, err
}

func (s *Server) decideRun(r *http.Request, c *call) (int, any, error) {
	in, err := decision(r)
	if err != nil {
		return 0, nil, err
	}
	state, err := s.d.Paying.DecideRun(r.Context(), c.Who, in, c.Key)
	return http.StatusOK, payState{string(state)}, err
}

// bankFileJSON is the file for the bank, in base 64.
type bankFileJSON struct {
	Name   string `json:"name"`
	Digest string `json:"sha256"`
	Body   []byte `json:"body"`
}

func (s *Server) runFile(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Format string `json:"format"`
	}
	id, err := withBody(r, &in)
	if err != nil {
		return 0, nil, err
	}
	f, err := s.d.Paying.BankFile(r.Context(), c.Who, id, in.Format)
	return http.StatusOK, bankFileJSON{f.Name, f.Digest, f.Body}, err
}

func (s *Server) payRun(r *http.Request, c *call) (int, any, error) {
	var in struct {
		On        clock.Date `json:"on"`
		Reference string     `json:"reference"`
		Version   int64      `json:"version"`
	}
	id, err := withBody(r, &in)
	if err != nil {
		return 0, nil, err
	}
	out, err := s.d.Paying.PayRun(r.Context(), c.Who, paying.Payment{Run: id, On: in.On, Ref: in.Reference, Version: in.Version}, c.Key)
	return http.StatusOK, out, err
}

type hospitalAccountJSON struct {
	ID         ident.ID            `json:"id"`
	HospitalID ident.ID            `json:"hospital_id"`
	Holder     string              `json:"holder"`
	Bank       string              `json:"bank"`
	Last4      string              `json:"number_last4"`
	From       clock.Date          `json:"from"`
	State      payout.AccountState `json:"state"`
	Version    int64               `json:"version"`
}

type hospitalAccountList struct {
	Rows []hospitalAccountJSON `json:"rows"`
	Next string                `json:"next"`
}

func (s *Server) listHospitalAccounts(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Paying.Accounts(r.Context(), c.Who, pageOf(r))
	out := hospitalAccountList{Rows: []hospitalAccountJSON{}, Next: list.Next}
	for _, a := range list.Rows {
		out.Rows = append(out.Rows, hospitalAccountJSON{a.ID, a.Hospital, a.Holder, a.Bank, a.Last4, a.From, a.State, a.Version})
	}
	return http.StatusOK, out, err
}

func (s *Server) proposeAccount(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Hospital ident.ID   `json:"hospital_id"`
		Holder   string     `json:"holder"`
		Bank     string     `json:"bank"`
		Number   string     `json:"number"`
		From     clock.Date `json:"from"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Paying.ProposeAccount(r.Context(), c.Who, paying.AccountInput{Hospital: in.Hospital, From: in.From,
		Account: payout.Account{Holder: in.Holder, Bank: in.Bank, Number: in.Number}}, c.Key)
	return http.StatusCreated, out, err
}

func (s *Server) decideAccount(r *http.Request, c *call) (int, any, error) {
	in, err := decision(r)
	if err != nil {
		return 0, nil, err
	}
	state, err := s.d.Paying.DecideAccount(r.Context(), c.Who, in, c.Key)
	return http.StatusOK, payState{string(state)}, err
}

type recoveryJSON struct {
	ID         ident.ID             `json:"id"`
	PayableID  ident.ID             `json:"payable_id"`
	FundID     ident.ID             `json:"fund_id"`
	HospitalID ident.ID             `json:"hospital_id"`
	Debtor     payout.Payee         `json:"debtor"`
	Source     payout.FindingSource `json:"source"`
	Reason     string               `json:"reason"`
	Amount     money.Fen            `json:"amount_fen"`
	Recovered  money.Fen            `json:"recovered_fen"`
	State      payout.RecoveryState `json:"state"`
	Version    int64                `json:"version"`
}

type recoveryList struct {
	Rows []recoveryJSON `json:"rows"`
	Next string         `json:"next"`
}

func (s *Server) listRecoveries(r *http.Request, c *call) (int, any, error) {
	list, err := s.d.Paying.Recoveries(r.Context(), c.Who, pageOf(r))
	out := recoveryList{Rows: []recoveryJSON{}, Next: list.Next}
	for _, v := range list.Rows {
		out.Rows = append(out.Rows, recoveryJSON{v.ID, v.Payable, v.Fund, v.Hospital, v.Debtor, v.Source, v.Reason, v.Amount, v.Recovered, v.State, v.Version})
	}
	return http.StatusOK, out, err
}

func (s *Server) refundRecovery(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Amount    money.Fen  `json:"amount_fen"`
		On        clock.Date `json:"on"`
		Reference string     `json:"reference"`
		Version   int64      `json:"version"`
	}
	id, err := withBody(r, &in)
	if err != nil {
		return 0, nil, err
	}
	state, err := s.d.Paying.Refunded(r.Context(), c.Who, paying.Refund{Recovery: id, Amount: in.Amount, On: in.On, Reference: in.Reference, Version: in.Version}, c.Key)
	return http.StatusOK, payState{string(state)}, err
}

func (s *Server) writeOffRecovery(r *http.Request, c *call) (int, any, error) {
	var in struct {
		Confirm bool   `json:"confirm"`
		Reason  string `json:"reason"`
		Version int64  `json:"version"`
	}
	id, err := withBody(r, &in)
	if err != nil {
		return 0, nil, err
	}
	state, err := s.d.Paying.WriteOff(r.Context(), c.Who, paying.WriteOff{Recovery: id, Confirm: in.Confirm, Reason: in.Reason, Version: in.Version}, c.Key)
	return http.StatusOK, payState{string(state)}, err
}
