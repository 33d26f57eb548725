package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	paper "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// proofRoutes declares what makes a person eligible: categories of need and the
// papers that prove them.
func (s *Server) proofRoutes(rt *router) {
	rt.post("/persons/{id}/categories", authz.EligibilityEdit, s.recordCategory)
	rt.post("/persons/{id}/attachments", authz.AttachmentAdd, s.addAttachment)
}

// Uploads are the addresses that take a file: base64 makes it a third longer,
// and the rest of the body is small.
func Uploads() []httpx.Upload {
	const most = paper.MaxSize/3*4 + 64<<10
	return []httpx.Upload{{Pattern: "/api/v1/persons/{id}/attachments", Max: most}, {Pattern: "/api/v1/persons/{id}/categories", Max: most},
		{Pattern: "/api/v1/sheets", Max: funding.MaxSheetBytes/3*4 + 64<<10}}
}

// fileBody is a file inside a JSON body; the content is base64.
type fileBody struct {
	Kind    paper.Kind `json:"kind"`
	Name    string     `json:"name"`
	Content []byte     `json:"content"`
}

func (b fileBody) file() intake.File {
	return intake.File{Kind: b.Kind, Name: b.Name, Content: b.Content}
}

func (s *Server) recordCategory(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		categoryEntry
		Proof *fileBody `json:"proof"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	record := intake.CategoryInput{Beneficiary: patient.Beneficiary{PersonID: id, Category: in.Category, From: in.From, To: in.To, Source: in.Source,
		Evidence: in.Evidence}}
	if in.Proof != nil {
		f := in.Proof.file()
		f.Kind = paper.Poverty
		record.Proof = &f
	}
	made, err := s.d.Intake.RecordCategory(r.Context(), c.Who, c.Key, record)
	return http.StatusCreated, created{made}, renamed(err, map[string]string{"category_from": "from", "category_to": "to"})
}

// addAttachment files a paper where it belongs, as the page does: the picture of
// a document to the number that needs one, a proof to the category without one.
func (s *Server) addAttachment(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in fileBody
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	p, err := s.d.Intake.Patient(r.Context(), c.Who, id)
	if err != nil {
		return 0, nil, err
	}
	registration := ident.Nil
	for _, x := range p.Registrations {
		if s.d.Policy.Can(c.Who, authz.AttachmentAdd, authz.AtHospital(c.Who.PartnershipID, x.HospitalID)) {
			registration = x.ID
		}
	}
	made, err := s.d.Intake.Attach(r.Context(), c.Who, c.Key, intake.AttachInput{Owner: p.OwnerFor(in.Kind, registration), File: in.file()})
	return http.StatusCreated, created{made}, err
}
