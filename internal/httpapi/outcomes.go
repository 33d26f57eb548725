package httpapi

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
)

// outcomeRoutes declares the register's sheets, acuity and complications.
func (s *Server) outcomeRoutes(rt *router) {
	rt.get("/registry/{form}", authz.ProcedureRead, s.dictionary)
	rt.get("/procedures/{id}/sheet", authz.ProcedureRead, s.sheet)
	rt.post("/procedures/{id}/sheet", authz.ProcedureEdit, s.saveSheet)
	rt.get("/procedures/{id}/complications", authz.ProcedureRead, s.complications)
	rt.post("/procedures/{id}/complications", authz.ObservationRecord, s.addComplication)
	rt.post("/procedures/{id}/complications/{complication}", authz.ObservationRecord, s.correctComplication)
	rt.post("/procedures/{id}/complications/{complication}/withdrawal", authz.ObservationRecord, s.withdrawComplication)
	rt.get("/cases/{id}/acuity", authz.ProcedureRead, s.readings)
	rt.post("/cases/{id}/acuity", authz.ObservationRecord, s.addReading)
	rt.post("/cases/{id}/acuity/{reading}/withdrawal", authz.ObservationRecord, s.withdrawReading)
}

// questionBody is one question of a register's sheet. Bounds of a number are in
// units of its last place.
type questionBody struct {
	Key     string        `json:"key"`
	Section string        `json:"section"`
	Type    registry.Type `json:"type"`
	Options []string      `json:"options"`
	Min     int           `json:"min"`
	Max     int           `json:"max"`
	Places  int           `json:"places"`
	Unit    string        `json:"unit"`
	Needed  bool          `json:"needed"`
}

type dictionaryBody struct {
	Form    registry.Form  `json:"form"`
	Fields  []questionBody `json:"fields"`
	Lesions []questionBody `json:"lesion_fields"`
}

func questionsOf(list []registry.Field) []questionBody {
	out := make([]questionBody, len(list))
	for i, x := range list {
		out[i] = questionBody{x.Key, x.Section, x.Type, append([]string{}, x.Options...), x.Min, x.Max, x.Places, x.Unit, x.Needed}
	}
	return out
}

func (s *Server) dictionary(r *http.Request, _ *call) (int, any, error) {
	form := registry.Form(chi.URLParam(r, "form"))
	fields := registry.Fields(form)
	if fields == nil {
		return 0, nil, errs.Missing("error.registry.form")
	}
	return http.StatusOK, dictionaryBody{form, questionsOf(fields), questionsOf(registry.RowFields(form))}, nil
}

// answersBody is the sheet of an operation; the figures follow from the answers.
type answersBody struct {
	ProcedureID ident.ID           `json:"procedure_id"`
	Form        registry.Form      `json:"form"`
	Values      registry.Answers   `json:"values"`
	Lesions     []registry.Answers `json:"lesions"`
	Missing     []string           `json:"missing"`
	Derived     []derivedBody      `json:"derived"`
	Marks       []string           `json:"marks"`
	Version     int64              `json:"version"`
}

type derivedBody struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	Unit  string `json:"unit"`
	Over  bool   `json:"over"`
}

func answersOf(o treatment.Operation) answersBody {
	b := answersBody{ProcedureID: o.ID, Form: o.Kind.Form(), Values: o.Record.Values, Lesions: append([]registry.Answers{}, o.Record.Lesions...), Missing: append([]string{}, o.Missing()...),
		Derived: []derivedBody{}, Marks: append([]string{}, o.Marks...), Version: o.Version}
	if b.Values == nil {
		b.Values = registry.Answers{}
	}
	for _, d := range registry.Derive(o.Sheet()) {
		b.Derived = append(b.Derived, derivedBody{d.Key, d.Value, d.Unit, d.Over})
	}
	return b
}

func (s *Server) sheet(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Care.Operation(r.Context(), c.Who, id)
	return http.StatusOK, answersOf(v.Operation), err
}

func (s *Server) saveSheet(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64              `json:"version"`
		Values  registry.Answers   `json:"values"`
		Lesions []registry.Answers `json:"lesions"`
		Confirm bool               `json:"confirm"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.SheetInput{Operation: id, Version: body.Version, Sheet: registry.Record{Values: body.Values, Lesions: body.Lesions}, Confirmed: body.Confirm}
	o, err := s.d.Care.SaveSheet(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, answersOf(o), err
}

// complicationBody is what went wrong after an operation; day counts from it.
type complicationBody struct {
	ID         ident.ID             `json:"id"`
	HospitalID ident.ID             `json:"hospital_id"`
	ContactID  *ident.ID            `json:"contact_id"` // at which it was told
	Type       complication.Type    `json:"type"`
	OnsetOn    clock.Date           `json:"onset_on"`
	Grade      string               `json:"grade"`
	Related    complication.Related `json:"related"`
	Outcome    complication.Outcome `json:"outcome"`
	Note       string               `json:"note"`
	Version    int64                `json:"version"`
}

func complicationOf(c treatment.Complication) complicationBody {
	b := complicationBody{c.ID, c.Hospital, nil, c.Type, c.Onset, c.Grade, c.Related, c.Outcome, c.Note, c.Version}
	if c.Contact != ident.Nil {
		b.ContactID = &c.Contact
	}
	return b
}

func (s *Server) complications(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Care.Operation(r.Context(), c.Who, id)
	out := struct {
		Rows []complicationBody `json:"rows"`
	}{Rows: []complicationBody{}}
	for _, x := range v.Complications {
		out.Rows = append(out.Rows, complicationOf(x))
	}
	return http.StatusOK, out, err
}

type complicationInput struct {
	Type    complication.Type    `json:"type"`
	OnsetOn clock.Date           `json:"onset_on"`
	Grade   string               `json:"grade"`
	Related complication.Related `json:"related"`
	Outcome complication.Outcome `json:"outcome"`
	Note    string               `json:"note"`
	Version int64                `json:"version"`
}

func (s *Server) saveComplication(r *http.Request, c *call, of ident.ID) (treatment.Complication, error) {
	var none treatment.Complication
	id, err := pathID(r, "id")
	if err != nil {
		return none, err
	}
	var body complicationInput
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return none, err
	}
	in := treatment.ComplicationInput{Operation: id, ID: of, Version: body.Version, Complication: complication.Complication{Type: body.Type, Onset: body.OnsetOn, Grade: body.Grade,
		Related: body.Related, Outcome: body.Outcome, Note: body.Note}}
	return s.d.Care.SaveComplication(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
}

func (s *Server) addComplication(r *http.Request, c *call) (int, any, error) {
	x, err := s.saveComplication(r, c, ident.Nil)
	return http.StatusCreated, complicationOf(x), err
}

func (s *Server) correctComplication(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "complication")
	if err != nil {
		return 0, nil, err
	}
	x, err := s.saveComplication(r, c, id)
	return http.StatusOK, complicationOf(x), err
}

// withdrawal reads the body that takes a finding back.
func withdrawal(r *http.Request, name string) (treatment.WithdrawInput, error) {
	var in treatment.WithdrawInput
	var err error
	if in.Of, err = pathID(r, "id"); err != nil {
		return in, err
	}
	if in.ID, err = pathID(r, name); err != nil {
		return in, err
	}
	var body struct {
		Version int64  `json:"version"`
		Reason  string `json:"reason"`
	}
	err = httpx.DecodeJSON(r, &body)
	in.Version, in.Reason = body.Version, body.Reason
	return in, err
}

func (s *Server) withdrawComplication(r *http.Request, c *call) (int, any, error) {
	in, err := withdrawal(r, "complication")
	if err != nil {
		return 0, nil, err
	}
	x, err := s.d.Care.WithdrawComplication(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, complicationOf(x), err
}

// readingBody is one reading of one eye: the stored value, and the same in the
// notations of the charts.
type readingBody struct {
	ID         ident.ID          `json:"id"`
	HospitalID ident.ID          `json:"hospital_id"`
	Side       procedure.Side    `json:"side"`
	TakenOn    clock.Date        `json:"taken_on"`
	Raw        string            `json:"raw"`
	Notation   acuity.Notation   `json:"notation"`
	Correction acuity.Correction `json:"correction"`
	LogMAR     string            `json:"logmar"`
	FivePoint  string            `json:"five_point"`
	Decimal    string            `json:"decimal"`
	Snellen    string            `json:"snellen"`
	Note       string            `json:"note"`
	RecordedAt time.Time         `json:"recorded_at"`
	Version    int64             `json:"version"`
}

func readingOf(x treatment.Reading) readingBody {
	return readingBody{x.ID, x.Hospital, x.Side, x.On, x.Raw, x.Notation, x.Correction, x.Value.In(acuity.LogMAR), x.Value.FivePoint(), x.Value.Decimal(), x.Value.Snellen(6), x.Note, x.CreatedAt, x.Version}
}

func (s *Server) readings(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Care.Readings(r.Context(), c.Who, id)
	out := struct {
		Rows []readingBody `json:"rows"`
	}{Rows: []readingBody{}}
	for _, x := range v.Readings {
		out.Rows = append(out.Rows, readingOf(x))
	}
	return http.StatusOK, out, err
}

func (s *Server) addReading(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Side       procedure.Side    `json:"side"`
		TakenOn    clock.Date        `json:"taken_on"`
		Value      string            `json:"value"`
		Notation   acuity.Notation   `json:"notation"`
		Correction acuity.Correction `json:"correction"`
		Note       string            `json:"note"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := treatment.ReadingInput{Case: id, Side: body.Side, On: body.TakenOn, Text: body.Value, Notation: body.Notation, Correction: body.Correction, Note: body.Note}
	x, err := s.d.Care.RecordReading(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusCreated, readingOf(x), err
}

func (s *Server) withdrawReading(r *http.Request, c *call) (int, any, error) {
	in, err := withdrawal(r, "reading")
	if err != nil {
		return 0, nil, err
	}
	x, err := s.d.Care.WithdrawReading(r.Context(), c.Who, in, treatment.KeyOf(c.Key, in))
	return http.StatusOK, readingOf(x), err
}
