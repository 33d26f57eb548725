package httpapi

import (
	"net/http"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
)

// personRoutes declares people and registrations.
func (s *Server) personRoutes(rt *router) {
	rt.get("/persons", authz.PersonRead, s.searchPersons)
	rt.get("/persons/{id}", authz.PersonRead, s.person)
	rt.get("/registrations", authz.PersonRead, s.registrations)
	rt.post("/registrations", authz.PersonRegister, s.register)
	rt.get("/person-reviews", authz.PersonIdentity, s.personReviews)
	rt.post("/person-reviews", authz.PersonIdentity, s.askReview)
	rt.get("/person-reviews/{id}", authz.PersonIdentity, s.personReview)
	rt.post("/person-reviews/{id}/merge", authz.PersonIdentity, s.decideReview(intake.Merge))
	rt.post("/person-reviews/{id}/distinct", authz.PersonIdentity, s.decideReview(intake.Distinct))
	rt.post("/person-reviews/{id}/unmerge", authz.PersonIdentity, s.decideReview(intake.Reopen))
}

// registrationLine is a line of a list. Numbers are masked here as everywhere.
type registrationLine struct {
	PersonID       ident.ID    `json:"person_id"`
	RegistrationID ident.ID    `json:"registration_id"`
	HospitalID     ident.ID    `json:"hospital_id"`
	Hospital       string      `json:"hospital"`
	Name           string      `json:"name"`
	Sex            patient.Sex `json:"sex"`
	Birth          clock.Date  `json:"birth"`
	DocumentKind   string      `json:"document_kind"`
	DocumentTail   string      `json:"document_tail"`
	Verified       bool        `json:"verified"`
	PhoneTail      string      `json:"phone_tail"`
	Township       string      `json:"township"`
	Village        string      `json:"village"`
	SlipCode       string      `json:"slip_code"`
	RegisteredOn   clock.Date  `json:"registered_on"`
}

func lineOf(p intake.PersonRow) registrationLine {
	return registrationLine{PersonID: p.PersonID, RegistrationID: p.RegistrationID, HospitalID: p.HospitalID, Hospital: p.Hospital, Name: p.Name, Sex: p.Sex,
		Birth: p.Birth, DocumentKind: string(p.DocKind), DocumentTail: p.DocLast4, Verified: p.DocVerified, PhoneTail: p.PhoneLast4, Township: p.Township,
		Village: p.Village, SlipCode: p.SlipCode, RegisteredOn: p.RegisteredOn}
}

type registrationList struct {
	Rows []registrationLine `json:"rows"`
	Next string             `json:"next"`
}

func (s *Server) registrations(r *http.Request, c *call) (int, any, error) {
	size, _ := strconv.Atoi(r.URL.Query().Get("size")) // not a number: the default size
	list, err := s.d.Intake.List(r.Context(), c.Who, page.Request{After: r.URL.Query().Get("after"), Size: size})
	out := registrationList{Rows: []registrationLine{}, Next: list.Next}
	for _, p := range list.Rows {
		out.Rows = append(out.Rows, lineOf(p))
	}
	return http.StatusOK, out, err
}

type personHits struct {
	Rows    []registrationLine `json:"rows"`
	CaseID  *ident.ID          `json:"case_id"`
	More    bool               `json:"more"`
	TooMany bool               `json:"too_many"`
}

func (s *Server) searchPersons(r *http.Request, c *call) (int, any, error) {
	found, err := s.d.Intake.Search(r.Context(), c.Who, r.URL.Query().Get("q"))
	out := personHits{Rows: []registrationLine{}, More: found.More, TooMany: found.TooMany}
	if found.CaseID != ident.Nil {
		out.CaseID = &found.CaseID
	}
	for _, h := range found.Hits {
		out.Rows = append(out.Rows, lineOf(h.PersonRow))
	}
	return http.StatusOK, out, err
}

type personBody struct {
	ID            ident.ID        `json:"id"`
	Name          string          `json:"name"`
	Sex           patient.Sex     `json:"sex"`
	Birth         clock.Date      `json:"birth"`
	Estimated     bool            `json:"birth_estimated"`
	Ethnicity     string          `json:"ethnicity"`
	Region        string          `json:"region"`
	Version       int             `json:"version"`
	Documents     []documentBody  `json:"documents"`
	Registrations []registered    `json:"registrations"`
	Categories    []categoryEntry `json:"categories"`
}

type documentBody struct {
	Kind     patient.DocumentKind `json:"kind"`
	Tail     string               `json:"tail"`
	Verified bool                 `json:"verified"`
}

type registered struct {
	ID           ident.ID           `json:"id"`
	HospitalID   ident.ID           `json:"hospital_id"`
	Township     string             `json:"township"`
	Village      string             `json:"village"`
	Address      string             `json:"address"`
	PhoneTail    string             `json:"phone_tail"`
	LegalBasis   patient.LegalBasis `json:"legal_basis"`
	SlipCode     string             `json:"slip_code"`
	RegisteredOn clock.Date         `json:"registered_on"`
	Version      int                `json:"version"`
}

type categoryEntry struct {
	Category terminology.Category `json:"category"`
	From     clock.Date           `json:"from"`
	To       clock.Date           `json:"to"`
	Source   string               `json:"source"`
	Evidence string               `json:"evidence"`
}

func (s *Server) person(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	p, err := s.d.Intake.Patient(r.Context(), c.Who, id)
	if err != nil {
		return 0, nil, err
	}
	out := personBody{ID: p.Person.ID, Name: p.Person.Name, Sex: p.Person.Sex, Birth: p.Person.Birth, Estimated: p.Person.BirthEstimated,
		Ethnicity: p.Person.Ethnicity, Region: p.Person.RegionCode, Version: p.Person.Version, Documents: []documentBody{}, Registrations: []registered{},
		Categories: []categoryEntry{}}
	for _, d := range p.Documents {
		out.Documents = append(out.Documents, documentBody{d.Kind, d.Last4, d.Verified})
	}
	for _, x := range p.Registrations {
		out.Registrations = append(out.Registrations, registered{ID: x.ID, HospitalID: x.HospitalID, Township: x.Township, Village: x.Village, Address: x.Address,
			PhoneTail: x.PhoneLast4, LegalBasis: x.LegalBasis, SlipCode: x.SlipCode, RegisteredOn: x.RegisteredOn, Version: x.Version})
	}
	for _, b := range p.Categories {
		out.Categories = append(out.Categories, categoryEntry{b.Category, b.From, b.To, b.Source, b.Evidence})
	}
	return http.StatusOK, out, nil
}

// registerBody is a registration as a client sends it. Decisions (same person,
// join, reasons) are asked for by fields of the problem document.
type registerBody struct {
	HospitalID     ident.ID             `json:"hospital_id"`
	DocumentKind   patient.DocumentKind `json:"document_kind"`
	DocumentNumber string               `json:"document_number"`
	DocumentReason string               `json:"document_reason"`
	Name           string               `json:"name"`
	Sex            string               `json:"sex"`
	Birth          clock.Date           `json:"birth"`
	BirthEstimated bool                 `json:"birth_estimated"`
	MismatchReason string               `json:"mismatch_reason"`
	Ethnicity      string               `json:"ethnicity"`
	Phone          string               `json:"phone"`
	Township       string               `json:"township"`
	Village        string               `json:"village"`
	Address        string               `json:"address"`
	KinName        string               `json:"kin_name"`
	KinPhone       string               `json:"kin_phone"`
	LegalBasis     patient.LegalBasis   `json:"legal_basis"`
	ConsentNote    string               `json:"consent_note"`
	Guardian       string               `json:"guardian"`
	Note           string               `json:"note"`
	RegisteredOn   clock.Date           `json:"registered_on"`
	Programme      procedure.Programme  `json:"programme"`
	Diagnosis      string               `json:"diagnosis"`
	Categories     []categoryEntry      `json:"categories"`
	NotSame        string               `json:"not_same"`
	Known          intake.Answer        `json:"known"`
	Join           intake.JoinWish      `json:"join"`
	JoinReason     string               `json:"join_reason"`
	ScreeningID    ident.ID             `json:"screening_id"` // numbers left empty are taken over from it
}

func (b registerBody) input() intake.RegisterInput {
	in := intake.RegisterInput{Hospital: b.HospitalID, DocKind: b.DocumentKind, DocNumber: b.DocumentNumber, DocReason: b.DocumentReason,
		Person: patient.Person{Name: b.Name, Birth: b.Birth, BirthEstimated: b.BirthEstimated, Ethnicity: b.Ethnicity}, MismatchReason: b.MismatchReason,
		Registration: patient.Registration{Phone: b.Phone, Township: b.Township, Village: b.Village, Address: b.Address, KinName: b.KinName, KinPhone: b.KinPhone,
			LegalBasis: b.LegalBasis, ConsentNote: b.ConsentNote, Guardian: b.Guardian, RegisteredOn: b.RegisteredOn},
		Note: b.Note, Programme: b.Programme, Diagnosis: b.Diagnosis, NotSame: b.NotSame, Known: b.Known, Join: b.Join, JoinReason: b.JoinReason, Screening: b.ScreeningID}
	if b.Sex != "" {
		in.Person.Sex, _ = patient.ParseSex(b.Sex) // an unknown word stays unknown; the service names it
	}
	for _, x := range b.Categories {
		in.Categories = append(in.Categories, patient.Beneficiary{Category: x.Category, From: x.From, To: x.To, Source: x.Source, Evidence: x.Evidence})
	}
	return in
}

type registrationMade struct {
	PersonID       ident.ID  `json:"person_id"`
	RegistrationID ident.ID  `json:"registration_id"`
	SlipCode       string    `json:"slip_code"`
	CaseID         *ident.ID `json:"case_id"`
	CaseNo         string    `json:"case_no"`
	Verified       bool      `json:"verified"`
	NumberInUse    bool      `json:"number_in_use"`
	Linked         bool      `json:"linked"`
	Join           string    `json:"join"`
}

func (s *Server) register(r *http.Request, c *call) (int, any, error) {
	var body registerBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	out, err := s.d.Intake.Register(r.Context(), c.Who, c.Key, body.input())
	if err != nil {
		return 0, nil, renamed(err, map[string]string{"doc_kind": "document_kind", "doc_number": "document_number", "doc_reason": "document_reason"})
	}
	made := registrationMade{PersonID: out.PersonID, RegistrationID: out.RegistrationID, SlipCode: out.SlipCode, CaseNo: out.CaseNo, Verified: out.Verified,
		NumberInUse: out.InUse, Linked: out.Linked, Join: out.Join}
	if out.CaseID != ident.Nil {
		made.CaseID = &out.CaseID
	}
	return http.StatusCreated, made, nil
}
