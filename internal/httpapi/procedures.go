package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
)

// procedureBody is an operation as it is answered. The name is empty for a
// doctor whose posting has ended.
type procedureBody struct {
	ID           ident.ID            `json:"id"`
	TreatmentID  ident.ID            `json:"treatment_id"`
	CaseNo       string              `json:"case_no"`
	Name         string              `json:"name"`
	Programme    procedure.Programme `json:"programme"`
	Kind         procedure.Kind      `json:"kind"`
	Site         procedure.Site      `json:"site"`
	Side         procedure.Side      `json:"side"`
	HospitalID   ident.ID            `json:"hospital_id"`
	Hospital     string              `json:"hospital"`
	OperatedOn   clock.Date          `json:"operated_on"`
	Operations   []string            `json:"operation_codes"`
	Diagnoses    []string            `json:"diagnosis_codes"`
	Lead         string              `json:"lead"`
	LeadVisiting bool                `json:"lead_visiting"`
	Marks        []string            `json:"marks"`
	Locked       bool                `json:"locked"`
	Version      int64               `json:"version"`
}

func procedureOf(o treatment.Operation) procedureBody {
	return procedureBody{ID: o.ID, TreatmentID: o.Treatment, CaseNo: o.CaseNo, Name: o.PersonName, Programme: o.Programme, Kind: o.Kind, Site: o.Site, Side: o.Side,
		HospitalID: o.Hospital, Hospital: o.HospitalName, OperatedOn: o.OperatedOn, Operations: codesOf(o.Operations), Diagnoses: codesOf(o.Diagnoses),
		Lead: o.LeadName, LeadVisiting: o.LeadVisiting, Marks: append([]string{}, o.Marks...), Locked: o.Signature.Locked(), Version: o.Version}
}

func codesOf(list []procedure.Code) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Code
	}
	return out
}

type procedureList struct {
	Rows []procedureBody `json:"rows"`
	Next string          `json:"next"`
}

func (s *Server) procedures(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := treatment.OperationsInput{Own: q.values.Get("own") == "true", Hospital: q.id("hospital"), From: q.day("from"), To: q.day("to"), State: treatment.OperationState(q.values.Get("state")), Page: q.page()}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Care.Operations(r.Context(), c.Who, in)
	out := procedureList{Rows: []procedureBody{}, Next: list.Next}
	for _, o := range list.Rows {
		out.Rows = append(out.Rows, procedureOf(o))
	}
	return http.StatusOK, out, err
}

func (s *Server) procedure(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Care.Operation(r.Context(), c.Who, id)
	v.Operation.PersonName = v.PersonName
	return http.StatusOK, procedureOf(v.Operation), err
}

// logBody is an operation as a client sends it. Marks come back as fields of the
// problem document and are recorded once confirm is true.
type logBody struct {
	procedure.Typed
	Confirm bool   `json:"confirm"`
	Reason  string `json:"reason"`
}

// procedure reads the body into the record of the kind's programme.
func (b logBody) procedure() (procedure.Procedure, error) {
	p, wrong := b.Typed.Procedure()
	return p, wrong.Err()
}

func (s *Server) logProcedure(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body logBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	p, err := body.procedure()
	if err != nil {
		return 0, nil, err
	}
	in := treatment.OperationInput{Treatment: id, Operation: p, Confirmed: body.Confirm, Reason: body.Reason}
	o, err := s.d.Care.LogOperation(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusCreated, procedureOf(o), err
}

// correctProcedure puts the whole record anew, under the version that was read.
func (s *Server) correctProcedure(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		logBody
		Version int64 `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	p, err := body.procedure()
	if err != nil {
		return 0, nil, err
	}
	p.ID = id
	in := treatment.OperationInput{Operation: p, Version: body.Version, Confirmed: body.Confirm, Reason: body.Reason}
	o, err := s.d.Care.CorrectOperation(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, procedureOf(o), err
}

// signProcedure validates a record as the second clinician, which locks it, or
// unlocks it with a reason.
func (s *Server) signProcedure(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64  `json:"version"`
		Locked  *bool  `json:"locked"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	if body.Locked == nil {
		var f errs.Fields
		f.Add("locked", "form.error.missing")
		return 0, nil, f.Err()
	}
	in, act := treatment.SignInput{Operation: id, Version: body.Version, Reason: body.Reason}, s.d.Care.UnlockOperation
	if *body.Locked {
		act = s.d.Care.ValidateOperation
	}
	o, err := act(r.Context(), c.Who, in, treatment.KeyOf(c.Key, body))
	return http.StatusOK, procedureOf(o), err
}
