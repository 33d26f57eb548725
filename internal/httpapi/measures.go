package httpapi

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// measureRoutes are the named measures and the lists behind them.
func (s *Server) measureRoutes(rt *router) {
	rt.get("/measures", authz.MeasureRead, s.listMeasures)
	rt.get("/measures/{id}", authz.MeasureRead, s.getMeasure)
	rt.get("/measures/{id}/cases", authz.ListRead, s.listMeasureCases)
}

// listMeasures answers all measures the filter fits, of one instant.
func (s *Server) listMeasures(r *http.Request, c *call) (int, any, error) {
	f, err := s.measureFilter(r)
	if err != nil {
		return 0, nil, err
	}
	values, err := s.d.Reporting.Measures(r.Context(), c.Who, f)
	return http.StatusOK, map[string]any{"measures": values}, badParameter(err)
}

// getMeasure answers one measure.
func (s *Server) getMeasure(r *http.Request, c *call) (int, any, error) {
	f, err := s.measureFilter(r)
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Reporting.Measure(r.Context(), c.Who, measure.ID(chi.URLParam(r, "id")), f)
	return http.StatusOK, v, badParameter(err)
}

// measureCase is one row of the list behind a measure. Amounts are there where
// the list is one of treatments and the treatment is settled.
type measureCase struct {
	CaseID       *ident.ID         `json:"case_id"` // null where the case is not visible
	CaseNo       string            `json:"case_no"`
	Name         string            `json:"name"` // masked unless the caller may see people
	Programme    measure.Programme `json:"programme"`
	HospitalID   ident.ID          `json:"hospital_id"`
	Hospital     string            `json:"hospital"`
	OperatedOn   clock.Date        `json:"operated_on"`
	Kind         string            `json:"kind,omitempty"`
	Side         string            `json:"side,omitempty"`
	Operations   int               `json:"operations,omitempty"`
	AmountFen    *money.Fen        `json:"amount_fen,omitempty"` // of the measure
	BillFen      *money.Fen        `json:"bill_fen,omitempty"`
	InsuranceFen *money.Fen        `json:"insurance_fen,omitempty"`
	ReductionFen *money.Fen        `json:"reduction_fen,omitempty"`
	NetFen       *money.Fen        `json:"net_fen,omitempty"`
}

// measureCases is a page of the list with the measure it belongs to.
type measureCases struct {
	Measure measure.Value `json:"measure"`
	Cases   []measureCase `json:"cases"`
	Next    *string       `json:"next"` // cursor of the next page
}

// listMeasureCases answers a page of the list behind a measure.
func (s *Server) listMeasureCases(r *http.Request, c *call) (int, any, error) {
	f, err := s.measureFilter(r, "after", "size")
	if err != nil {
		return 0, nil, err
	}
	in := reporting.ListInput{ID: measure.ID(chi.URLParam(r, "id")), Filter: f, Page: page.Request{After: r.URL.Query().Get("after")}}
	if v := r.URL.Query().Get("size"); v != "" {
		if in.Page.Size, err = strconv.Atoi(v); err != nil || in.Page.Size < 1 || in.Page.Size > page.MaxSize {
			var bad errs.Fields
			bad.Add("size", "form.error.between", "low", 1, "high", page.MaxSize)
			return 0, nil, badParameter(bad.Err())
		}
	}
	l, err := s.d.Reporting.List(r.Context(), c.Who, in)
	if err != nil {
		return 0, nil, badParameter(err)
	}
	out := measureCases{Measure: l.Value, Cases: make([]measureCase, 0, len(l.Rows))}
	for _, x := range l.Rows {
		out.Cases = append(out.Cases, newMeasureCase(l.Definition, x))
	}
	if l.Next != "" {
		out.Next = &l.Next
	}
	return http.StatusOK, out, nil
}

func newMeasureCase(d measure.Definition, x reporting.Row) measureCase {
	out := measureCase{CaseNo: x.CaseNo, Name: x.Name, Programme: x.Programme, HospitalID: x.Hospital.ID, Hospital: x.Hospital.Name,
		OperatedOn: x.On, Kind: x.Kind, Side: x.Side, Operations: x.Operations}
	if x.CaseNo != "" {
		out.CaseID = &x.CaseID
	}
	if d.List != measure.ListTreatments || !x.Settled {
		return out
	}
	amount := func(fields ...measure.Field) *money.Fen {
		sum := measure.Definition{Fields: fields}.Amount(x.Money)
		return &sum
	}
	if d.Kind == measure.SumMoney {
		out.AmountFen = amount(d.Fields...)
	}
	out.BillFen, out.NetFen, out.ReductionFen = amount(measure.Bill), amount(measure.Net), amount(measure.Reduction)
	out.InsuranceFen = amount(measure.Basic, measure.Critical, measure.Assistance)
	return out
}

// measureFilter reads the filter of a request. A parameter that does not exist
// or stands twice is named, see [httpx.OnlyParameters].
func (s *Server) measureFilter(r *http.Request, more ...string) (measure.Filter, error) {
	q := r.URL.Query()
	if err := httpx.OnlyParameters(q, append(measure.Parameters(), more...)...); err != nil {
		return measure.Filter{}, badParameter(err)
	}
	f, err := measure.ParseFilter(q, clock.Today(s.d.Clock))
	return f, badParameter(err)
}

// badParameter makes wrong input in the address a malformed request: there is no
// form to go back to.
func badParameter(err error) error {
	if !errs.Is(err, errs.Invalid) {
		return err
	}
	e := errs.Of(err)
	return &errs.Error{Kind: errs.Invalid, Key: "error.request.parameter", Args: errs.Args{"n": max(len(e.Fields), 1)}, Fields: e.Fields, Cause: err}
}
