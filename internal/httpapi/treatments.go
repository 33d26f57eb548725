package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	steps "github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
)

// treatmentBody is a treatment as it is answered; amounts are fen.
type treatmentBody struct {
	ID                ident.ID             `json:"id"`
	CaseID            ident.ID             `json:"case_id"`
	CaseNo            string               `json:"case_no"`
	PersonID          ident.ID             `json:"person_id"`
	Name              string               `json:"name"`
	Programme         procedure.Programme  `json:"programme"`
	HospitalID        ident.ID             `json:"hospital_id"`
	Hospital          string               `json:"hospital"`
	State             steps.State          `json:"state"`
	Path              steps.Path           `json:"path"`
	Plan              string               `json:"plan"`
	PlannedOn         clock.Date           `json:"planned_on"`
	AdmissionNo       string               `json:"admission_no"`
	AdmittedOn        clock.Date           `json:"admitted_on"`
	OperatedOn        clock.Date           `json:"operated_on"`
	DischargedOn      clock.Date           `json:"discharged_on"`
	EndedOn           clock.Date           `json:"ended_on"`
	Category          terminology.Category `json:"category"`
	EstimateBill      money.Fen            `json:"estimate_bill_fen"`
	EstimateInsurance money.Fen            `json:"estimate_insurance_fen"`
	Version           int64                `json:"version"`
}

func treatmentOf(t treatment.Treatment) treatmentBody {
	return treatmentBody{ID: t.ID, CaseID: t.Case, CaseNo: t.CaseNo, PersonID: t.Person, Name: t.PersonName, Programme: t.Programme, HospitalID: t.Hospital,
		Hospital: t.HospitalName, State: t.Place.State, Path: t.Place.Path, Plan: t.Plan, PlannedOn: t.PlannedOn, AdmissionNo: t.AdmissionNo,
		AdmittedOn: t.AdmittedOn, OperatedOn: t.OperatedOn, DischargedOn: t.DischargedOn, EndedOn: t.EndedOn, Category: t.Category,
		EstimateBill: t.EstimateBill, EstimateInsurance: t.EstimateInsurance, Version: t.Version}
}

// stepOffer is a step the caller may take, with the facts it still lacks.
type stepOffer struct {
	Action  steps.Action `json:"action"`
	Missing []steps.Fact `json:"missing"`
}

type treatmentDetail struct {
	treatmentBody
	Steps      []stepOffer     `json:"steps"`
	Procedures []procedureBody `json:"procedures"`
}

func (s *Server) treatment(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Care.Treatment(r.Context(), c.Who, id)
	out := treatmentDetail{treatmentBody: treatmentOf(v.Treatment), Steps: []stepOffer{}, Procedures: []procedureBody{}}
	out.Name = v.PersonName
	for _, o := range v.Offers {
		out.Steps = append(out.Steps, stepOffer{o.Row.Action, append([]steps.Fact{}, o.Missing...)})
	}
	for _, o := range v.Operations {
		out.Procedures = append(out.Procedures, procedureOf(o))
	}
	return http.StatusOK, out, err
}

type openTreatmentBody struct {
	HospitalID ident.ID   `json:"hospital_id"`
	Plan       string     `json:"plan"`
	PlannedOn  clock.Date `json:"planned_on"`
}

func (s *Server) openTreatment(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body openTreatmentBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.PlanInput{Case: id, Hospital: body.HospitalID, Plan: body.Plan, PlannedOn: body.PlannedOn}
	made, err := s.d.Care.OpenTreatment(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusCreated, treatmentOf(made), err
}

type stepBody struct {
	Action      steps.Action `json:"action"`
	Version     int64        `json:"version"`
	On          clock.Date   `json:"on"`
	AdmittedOn  clock.Date   `json:"admitted_on"`
	AdmissionNo string       `json:"admission_no"`
	Bill        money.Fen    `json:"bill_fen"`
	Insurance   money.Fen    `json:"insurance_fen"`
	Reason      string       `json:"reason"`
}

func (s *Server) step(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var b stepBody
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return 0, nil, err
	}
	in := treatment.StepInput{Treatment: id, Version: b.Version, Action: b.Action, On: b.On, AdmittedOn: b.AdmittedOn, AdmissionNo: b.AdmissionNo, Bill: b.Bill,
		Insurance: b.Insurance, Reason: b.Reason}
	t, err := s.d.Care.Step(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, treatmentOf(t), err
}
