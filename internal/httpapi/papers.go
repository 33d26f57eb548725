package httpapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// paperRoutes declares the marks of printed forms and their check.
func (s *Server) paperRoutes(rt *router) {
	rt.get("/approvals/{id}/form", authz.ApprovalRead, s.approvalForm)
	rt.get("/settlements/{id}/form", authz.SettlementRead, s.settlementForm)
	rt.get("/estimates/{id}/form", authz.EstimateRead, s.estimateForm)
	rt.get("/form-check", authz.ApprovalRead, s.checkForm)
	rt.post("/form-check", authz.ApprovalRead, s.checkNamedForm)
}

type figureJSON struct {
	Layer  string    `json:"layer"`
	Amount money.Fen `json:"amount_fen"`
}

func figuresOf(list []fee.Layer) []figureJSON {
	out := []figureJSON{}
	for _, l := range list {
		out = append(out, figureJSON{l.Name, l.Amount})
	}
	return out
}

// formJSON is what a program prints beside a form: the code people read out and
// the content of the QR code.
type formJSON struct {
	Kind    paper.Kind   `json:"kind"`
	Code    string       `json:"code"`
	QR      string       `json:"qr"`
	Issued  clock.Date   `json:"issued_on"`
	Figures []figureJSON `json:"figures"`
}

func formOf(m funding.Issued) formJSON {
	return formJSON{Kind: m.Kind, Code: m.Code, QR: m.Token, Issued: m.On, Figures: figuresOf(m.Figures)}
}

func (s *Server) approvalForm(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	_, mark, err := s.d.Funding.PrintApproval(r.Context(), c.Who, id)
	return http.StatusOK, formOf(mark), err
}

func (s *Server) settlementForm(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	_, mark, err := s.d.Funding.PrintSettlement(r.Context(), c.Who, id)
	return http.StatusOK, formOf(mark), err
}

func (s *Server) estimateForm(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	if _, err := s.d.Pricing.PrintEstimate(r.Context(), c.Who, id); err != nil {
		return 0, nil, err
	}
	mark, err := s.d.Funding.MarkEstimate(r.Context(), c.Who, id)
	return http.StatusOK, formOf(mark), err
}

// checkJSON is the answer about a paper. What the record holds is there only for
// who may read it.
type checkJSON struct {
	Verdict  funding.Verdict `json:"verdict"`
	Kind     paper.Kind      `json:"kind"`
	Code     string          `json:"code"`
	State    string          `json:"state"`
	Issued   *clock.Date     `json:"issued_on"`
	Current  bool            `json:"current"`
	Matches  *bool           `json:"matches"`
	Bound    bool            `json:"name_bound"`
	Name     *bool           `json:"name_matches"`
	RecordID *ident.ID       `json:"record_id"`
	Person   string          `json:"recorded_name"`
	Recorded []figureJSON    `json:"recorded"`
}

func (s *Server) checkForm(r *http.Request, c *call) (int, any, error) {
	q, err := paperQuery(r)
	if err != nil {
		return 0, nil, err
	}
	return s.checked(r, c, q)
}

// checkNamedForm checks the name as well, which has no place in an address.
func (s *Server) checkNamedForm(r *http.Request, c *call) (int, any, error) {
	var body struct {
		Text    string      `json:"text"`
		Name    string      `json:"name"`
		Figures []money.Fen `json:"figures_fen"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	q := funding.PaperQuery{Text: strings.TrimSpace(body.Text), Name: strings.TrimSpace(body.Name), Figures: body.Figures}
	var f errs.Fields
	if q.Text == "" {
		f.Add("text", "form.error.missing")
	}
	if err := f.Err(); err != nil {
		return 0, nil, err
	}
	return s.checked(r, c, q)
}

func (s *Server) checked(r *http.Request, c *call, q funding.PaperQuery) (int, any, error) {
	x, err := s.d.Funding.CheckPaper(r.Context(), c.Who, q)
	if err != nil {
		return 0, nil, err
	}
	out := checkJSON{Verdict: x.Verdict, Kind: x.Token.Kind, Code: x.Code, State: x.Token.State, Current: x.Current, Bound: x.Token.Named, Person: x.Person, Recorded: figuresOf(x.Recorded)}
	if !x.Token.Issued.IsZero() {
		out.Issued = &x.Token.Issued
	}
	if x.Entered {
		out.Matches = &x.Matches
	}
	if x.NameEntered && x.Token.Named {
		out.Name = &x.NameMatches
	}
	if x.Record != ident.Nil {
		out.RecordID = &x.Record
	}
	return http.StatusOK, out, nil
}

// paperQuery reads the text and the amounts: fen, separated by commas, in the
// order of the paper.
func paperQuery(r *http.Request) (funding.PaperQuery, error) {
	q := funding.PaperQuery{Text: strings.TrimSpace(r.URL.Query().Get("text"))}
	var f errs.Fields
	if q.Text == "" {
		f.Add("text", "form.error.missing")
	}
	if raw := r.URL.Query().Get("figures_fen"); raw != "" {
		for _, x := range strings.Split(raw, ",") {
			v, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64)
			if err != nil {
				f.Add("figures_fen", "form.error.money")
				break
			}
			q.Figures = append(q.Figures, money.Fen(v))
		}
	}
	return q, f.Err()
}
