package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	outreach "github.com/shanhai-health/shanhai/internal/service/screening"
)

// screeningRoutes declares the screenings of outreach days.
func (s *Server) screeningRoutes(rt *router) {
	rt.get("/screening-terms", authz.ScreeningRead, s.screeningTerms)
	rt.get("/screenings", authz.ScreeningRead, s.screenings)
	rt.post("/screenings", authz.ScreeningRecord, s.recordScreenings)
	rt.get("/screenings/{id}", authz.ScreeningRead, s.screening)
	rt.post("/screenings/{id}/registration", authz.PersonRegister, s.linkScreening)
	rt.post("/screenings/{id}/withdrawal", authz.ScreeningRecord, s.withdrawScreening)
}

// screeningRow is one row of a batch. Age counts where the birth date is not
// known; acuity comes in any notation, pressure in mmHg.
type screeningRow struct {
	ID             string               `json:"id"`
	ScreenedOn     clock.Date           `json:"screened_on"`
	Township       string               `json:"township"`
	Village        string               `json:"village"`
	Name           string               `json:"name"`
	Sex            string               `json:"sex"`
	Birth          clock.Date           `json:"birth"`
	Age            *int                 `json:"age"`
	DocumentKind   patient.DocumentKind `json:"document_kind"`
	DocumentNumber string               `json:"document_number"`
	Phone          string               `json:"phone"`
	Programme      procedure.Programme  `json:"programme"`
	Site           procedure.Site       `json:"site"`
	Side           screening.Side       `json:"side"`
	Pain           *int                 `json:"pain"`
	Walking        screening.Walking    `json:"walking"`
	AcuityRight    string               `json:"acuity_right"`
	AcuityLeft     string               `json:"acuity_left"`
	ChestPain      screening.ChestPain  `json:"chest_pain"`
	Systolic       int                  `json:"systolic"`
	Diastolic      int                  `json:"diastolic"`
	Triage         screening.Triage     `json:"triage"`
	Answer         screening.Answer     `json:"answer"`
	Reason         screening.Reason     `json:"reason"`
	ReasonText     string               `json:"reason_text"`
	Note           string               `json:"note"`
	LegalBasis     patient.LegalBasis   `json:"legal_basis"`
	ConsentNote    string               `json:"consent_note"`
	Guardian       string               `json:"guardian"`
}

func (b screeningRow) row() outreach.Row {
	row := outreach.Row{Draft: screening.Draft{On: b.ScreenedOn, Township: b.Township, Village: b.Village, Name: b.Name, Birth: b.Birth, Age: b.Age, DocKind: b.DocumentKind,
		DocNumber: b.DocumentNumber, Phone: b.Phone, Programme: b.Programme, Site: b.Site, Side: b.Side, Pain: b.Pain, Walking: b.Walking, AcuityRight: b.AcuityRight,
		AcuityLeft: b.AcuityLeft, ChestPain: b.ChestPain, Systolic: b.Systolic, Diastolic: b.Diastolic, Triage: b.Triage, Answer: b.Answer, Reason: b.Reason,
		ReasonText: b.ReasonText, Note: b.Note, LegalBasis: b.LegalBasis, ConsentNote: b.ConsentNote, Guardian: b.Guardian}}
	row.ID, _ = ident.Parse(b.ID) // no id: the service names it
	if b.Sex != "" {
		row.Sex, _ = patient.ParseSex(b.Sex) // an unknown word stays unknown; the rules name it
	}
	return row
}

// readRow decodes one row by itself, so that a row that cannot be read does not
// stop the others.
func readRow(raw json.RawMessage) (screeningRow, errs.Fields) {
	var b screeningRow
	var wrong errs.Fields
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(&b)
	if err == nil {
		return b, nil
	}
	path := ""
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		path = e.Field
	}
	wrong.Add(path, "error.screening.row")
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &named) // without an id the receipt has its place in the list only
	return screeningRow{ID: named.ID}, wrong
}

// receiptBody answers one row; its id is the one that was sent.
type receiptBody struct {
	ID      string           `json:"id"`
	Outcome outreach.Outcome `json:"outcome"`
	Alike   int              `json:"alike"`
	Fields  []fieldBody      `json:"fields"`
}

type fieldBody struct {
	Path   string `json:"path"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// rowNames gives fields of the form the names of a row.
var rowNames = map[string]string{"doc_number": "document_number", "pressure": "systolic"}

func fieldsOf(list errs.Fields, p i18n.Printer) []fieldBody {
	out := make([]fieldBody, len(list))
	for i, f := range list {
		path := f.Path
		if name, ok := rowNames[path]; ok {
			path = name
		}
		out[i] = fieldBody{path, f.Key, p.Say(f.Key, f.Args)}
	}
	return out
}

func (s *Server) recordScreenings(r *http.Request, c *call) (int, any, error) {
	var body struct {
		HospitalID ident.ID          `json:"hospital_id"`
		Rows       []json.RawMessage `json:"rows"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := outreach.Batch{Hospital: body.HospitalID}
	ids := make([]string, len(body.Rows))
	for i, raw := range body.Rows {
		b, wrong := readRow(raw)
		row := b.row()
		row.Wrong, ids[i] = wrong, b.ID
		in.Rows = append(in.Rows, row)
	}
	got, err := s.d.Screenings.Record(r.Context(), c.Who, in, outreach.KeyOf(c.Key, in))
	if err != nil {
		return 0, nil, renamed(err, map[string]string{"hospital": "hospital_id"})
	}
	out := struct {
		Rows []receiptBody `json:"rows"`
	}{Rows: make([]receiptBody, len(got))}
	for i, x := range got {
		out.Rows[i] = receiptBody{ids[i], x.Outcome, x.Alike, fieldsOf(x.Fields, c.P)}
	}
	return http.StatusOK, out, nil
}

// screeningBody is a screening as it may be shown.
type screeningBody struct {
	ID             ident.ID             `json:"id"`
	HospitalID     ident.ID             `json:"hospital_id"`
	ScreenedOn     clock.Date           `json:"screened_on"`
	Township       string               `json:"township"`
	Village        string               `json:"village"`
	Name           string               `json:"name"`
	Sex            patient.Sex          `json:"sex"`
	Birth          clock.Date           `json:"birth"`
	BirthEstimated bool                 `json:"birth_estimated"`
	DocumentKind   patient.DocumentKind `json:"document_kind"`
	DocumentTail   string               `json:"document_tail"`
	PhoneTail      string               `json:"phone_tail"`
	Programme      procedure.Programme  `json:"programme"`
	Finding        screening.Finding    `json:"finding"`
	Triage         screening.Triage     `json:"triage"`
	Answer         screening.Answer     `json:"answer"`
	Reason         screening.Reason     `json:"reason"`
	ReasonText     string               `json:"reason_text"`
	Note           string               `json:"note"`
	LegalBasis     patient.LegalBasis   `json:"legal_basis"`
	Alike          int                  `json:"alike"`
	PersonID       *ident.ID            `json:"person_id"`
	RegistrationID *ident.ID            `json:"registration_id"`
	CaseID         *ident.ID            `json:"case_id"`
	RecordedAt     time.Time            `json:"recorded_at"`
	Version        int64                `json:"version"`
}

func screeningOf(x outreach.Screening) screeningBody {
	b := screeningBody{ID: x.ID, HospitalID: x.Hospital, ScreenedOn: x.On, Township: x.Place.Township, Village: x.Place.Village, Name: x.Name, Sex: x.Sex, Birth: x.Birth,
		BirthEstimated: x.BirthEstimated, DocumentKind: x.DocKind, DocumentTail: x.DocLast4, PhoneTail: x.PhoneLast4, Programme: x.Programme, Finding: x.Finding, Triage: x.Triage,
		Answer: x.Answer, Reason: x.Reason, ReasonText: x.ReasonText, Note: x.Note, LegalBasis: x.LegalBasis, Alike: x.Alike, RecordedAt: x.CreatedAt, Version: x.Version}
	if x.Converted() {
		b.PersonID, b.RegistrationID = &x.Person, &x.Registration
	}
	if x.Case != ident.Nil {
		b.CaseID = &x.Case
	}
	return b
}

func (s *Server) screenings(r *http.Request, c *call) (int, any, error) {
	q := r.URL.Query()
	size, _ := strconv.Atoi(q.Get("size")) // not a number: the default size
	in := outreach.ListInput{Place: screening.Place{Township: q.Get("township"), Village: q.Get("village")}, Triage: screening.Triage(q.Get("triage")),
		Answer: screening.Answer(q.Get("answer")), Open: q.Get("open") == "true", Page: page.Request{After: q.Get("after"), Size: size}}
	var f errs.Fields
	if text := q.Get("on"); text != "" {
		var err error
		if in.On, err = clock.ParseDate(text); err != nil {
			f.Add("on", "form.error.date")
		}
	}
	if text := q.Get("hospital_id"); text != "" {
		var err error
		if in.Hospital, err = ident.Parse(text); err != nil {
			f.Add("hospital_id", "form.error.choice")
		}
	}
	if err := f.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Screenings.List(r.Context(), c.Who, in)
	out := struct {
		Rows []screeningBody `json:"rows"`
		Next string          `json:"next"`
	}{Rows: []screeningBody{}, Next: list.Next}
	for _, x := range list.Rows {
		out.Rows = append(out.Rows, screeningOf(x))
	}
	return http.StatusOK, out, err
}

func (s *Server) screening(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Screenings.Screening(r.Context(), c.Who, id)
	return http.StatusOK, screeningOf(v.Screening), err
}

// linkScreening notes that the screened person is registered already.
func (s *Server) linkScreening(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		RegistrationID ident.ID `json:"registration_id"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	if _, err := s.d.Intake.LinkScreening(r.Context(), c.Who, c.Key, intake.LinkInput{Screening: id, Registration: body.RegistrationID}); err != nil {
		return 0, nil, err
	}
	v, err := s.d.Screenings.Screening(r.Context(), c.Who, id)
	return http.StatusOK, screeningOf(v.Screening), err
}

func (s *Server) withdrawScreening(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64  `json:"version"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := outreach.WithdrawInput{ID: id, Version: body.Version, Reason: body.Reason}
	x, err := s.d.Screenings.Withdraw(r.Context(), c.Who, in, outreach.KeyOf(c.Key, in))
	return http.StatusOK, screeningOf(x), err
}

// termBody is one value of a list with its names.
type termBody struct {
	Value string `json:"value"`
	Zh    string `json:"zh"`
	En    string `json:"en"`
}

// screeningTerms are the lists of the form, so that a client without a network
// shows the same words.
func (s *Server) screeningTerms(*http.Request, *call) (int, any, error) {
	zh, en := s.d.Catalogue.Printer(i18n.Chinese), s.d.Catalogue.Printer(i18n.English)
	out := struct {
		Triage    []termBody `json:"triage"`
		Answer    []termBody `json:"answer"`
		Reason    []termBody `json:"reason"`
		Side      []termBody `json:"side"`
		Walking   []termBody `json:"walking"`
		ChestPain []termBody `json:"chest_pain"`
	}{termsOf(zh, en, screening.Triages()), termsOf(zh, en, screening.Answers()), termsOf(zh, en, screening.Reasons()), termsOf(zh, en, screening.Sides()),
		termsOf(zh, en, screening.Walkings()), termsOf(zh, en, screening.ChestPains())}
	return http.StatusOK, out, nil
}

func termsOf[T interface {
	~string
	Label() string
}](zh, en i18n.Printer, list []T) []termBody {
	out := make([]termBody, len(list))
	for i, x := range list {
		out[i] = termBody{string(x), zh.T(x.Label()), en.T(x.Label())}
	}
	return out
}
