package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// careRoutes declares the pages about cases, treatments and operations.
func (s *Server) careRoutes(rt *router) {
	rt.get("/", authz.SelfRead, s.homePage)
	rt.get("/patients/{id}", authz.PersonRead, s.patientPage)
	rt.get("/patients/{id}/timeline", authz.PersonRead, s.timelinePage)
	rt.get("/patients/{id}/cases/new", authz.CaseOpen, s.newCasePage)
	rt.post("/patients/{id}/cases", authz.CaseOpen, s.openCase)

	rt.get("/cases", authz.CaseRead, s.casesPage)
	rt.get("/cases/{id}", authz.CaseRead, s.casePage)
	rt.get("/cases/{id}/close", authz.CaseClose, s.closeCasePage)
	rt.post("/cases/{id}/close", authz.CaseClose, s.closeCase)
	rt.get("/cases/{id}/reopen", authz.CaseClose, s.reopenCasePage)
	rt.post("/cases/{id}/reopen", authz.CaseClose, s.reopenCase)
	rt.get("/cases/{id}/second", authz.CaseClose, s.secondSidePage)
	rt.post("/cases/{id}/second", authz.CaseClose, s.planSecondSide)
	rt.get("/cases/{id}/treatments/new", authz.TreatmentOpen, s.newTreatmentPage)
	rt.post("/cases/{id}/treatments", authz.TreatmentOpen, s.openTreatment)

	rt.get("/treatments/{id}", authz.TreatmentRead, s.treatmentPage)
	rt.get("/treatments/{id}/steps/{action}", authz.TreatmentRead, s.stepPage)
	rt.post("/treatments/{id}/steps/{action}", authz.TreatmentRead, s.takeStep)
	rt.get("/treatments/{id}/operations/new", authz.ProcedureLog, s.newOperationPage)
	rt.post("/treatments/{id}/operations", authz.ProcedureLog, s.logOperation)

	rt.get("/operations", authz.ProcedureRead, s.operationsPage)
	rt.get("/operations/{id}", authz.ProcedureRead, s.operationPage)
	rt.get("/operations/{id}/edit", authz.ProcedureEdit, s.editOperationPage)
	rt.post("/operations/{id}", authz.ProcedureEdit, s.correctOperation)
	rt.get("/operations/{id}/sheet", authz.ProcedureEdit, s.sheetPage)
	rt.post("/operations/{id}/sheet", authz.ProcedureEdit, s.saveSheet)
	rt.get("/operations/{id}/complications/new", authz.ObservationRecord, s.newComplicationPage)
	rt.post("/operations/{id}/complications", authz.ObservationRecord, s.addComplication)
	rt.get("/operations/{id}/complications/{complication}", authz.ObservationRecord, s.editComplicationPage)
	rt.post("/operations/{id}/complications/{complication}", authz.ObservationRecord, s.editComplication)
	rt.get("/operations/{id}/complications/{complication}/withdrawal", authz.ObservationRecord, s.withdrawComplicationPage)
	rt.post("/operations/{id}/complications/{complication}/withdrawal", authz.ObservationRecord, s.withdrawComplication)
	rt.get("/cases/{id}/acuity", authz.ProcedureRead, s.acuityPage)
	rt.post("/cases/{id}/acuity", authz.ObservationRecord, s.recordAcuity)
	rt.get("/cases/{id}/acuity/{reading}/withdrawal", authz.ObservationRecord, s.withdrawReadingPage)
	rt.post("/cases/{id}/acuity/{reading}/withdrawal", authz.ObservationRecord, s.withdrawReading)
	rt.get("/operations/{id}/validation", authz.ProcedureSign, s.validationPage)
	rt.post("/operations/{id}/validation", authz.ProcedureSign, s.validateOperation)
	rt.get("/operations/{id}/unlock", authz.ProcedureSign, s.unlockPage)
	rt.post("/operations/{id}/unlock", authz.ProcedureSign, s.unlockOperation)
	s.theatreRoutes(rt)
}

// careForm is a page with one form in a card, and above it the facts it is about.
type careForm struct {
	Base
	Form    *Form
	Facts   []Def
	Alerts  []Alert
	WhyNot  *WhyNot
	Buttons []Button
}

// showCareForm renders a form with its button and the way back.
func (s *Server) showCareForm(w http.ResponseWriter, r *http.Request, p careForm, save Button, back string) error {
	return s.d.Engine.Render(w, r, p.status(), "care/form", p.with(save, back))
}

func (p careForm) with(save Button, back string) careForm {
	if save.Kind == "" {
		save.Kind = "primary"
	}
	p.Buttons = []Button{save, {Text: p.T("dialog.back"), Href: back}}
	return p
}

// status is 422 when the step was refused or the input has to be mended.
func (p careForm) status() int {
	if p.WhyNot != nil {
		return http.StatusUnprocessableEntity
	}
	return p.Form.Status()
}

// careBase is the frame of a page of this room.
func (s *Server) careBase(c *Call, section, title string, crumbs ...Link) Base {
	s.section(c, section)
	b := c.Base
	b.Title = title
	b.Crumbs = append([]Link{{Text: b.T("nav." + section), Href: "/" + section}}, crumbs...)
	b.Crumbs = append(b.Crumbs, Link{Text: title})
	return b
}

// whyNot is the card of a refusal: what kept the step from being taken, and for
// each what would work. Nil when the error is no refusal of a rule.
func whyNot(b Base, err error) *WhyNot {
	e := errs.Of(err)
	if e.Kind != errs.Precondition && e.Kind != errs.Conflict {
		return nil
	}
	v := &WhyNot{Title: b.T("care.whynot"), Reason: b.Say(e.Key, e.Args)}
	for _, key := range e.Remedy {
		v.Remedies = append(v.Remedies, Remedy{Text: b.Say(key, e.Args)})
	}
	return v
}

// identity is "sex, age" of a person on a day.
func identity(b Base, sex patient.Sex, birth, today clock.Date) string {
	text := b.T(sex.Key())
	if !birth.IsZero() {
		text += " " + b.T("care.age", "n", birth.AgeOn(today))
	}
	return text
}

// sides gives places their glyph.
type sides map[ident.ID]user.Side

func (x sides) of(id ident.ID) Side { return sideOf(x[id]) }

// spot is a place in a table that stays in one line: on a phone the table scrolls.
func spot(side Side, name string) Cell {
	c := PlaceCell(side, name)
	c.Nowrap = true
	return c
}

// stateTag is a treatment's state as a tag.
func stateTag(b Base, at treatment.Place) Tag {
	kind := "info"
	switch {
	case at.State == treatment.Settled || at.State == treatment.Closed:
		kind = "ok"
	case at.State.Final():
		kind = "plain"
	case at.State == treatment.Requested || at.State == treatment.Discharged:
		kind = "warn"
	}
	return Tag{Text: b.T(at.State.Label()), Kind: kind}
}

// stepHref is where a step is taken: money and operations have forms of their own.
func stepHref(t care.Treatment, a treatment.Action) string {
	base := "/treatments/" + t.ID.String()
	switch a {
	case treatment.LogOperation:
		return base + "/operations/new"
	case treatment.RequestApproval:
		return base + "/approvals/new"
	case treatment.Settle:
		return base + "/settlement/new"
	case treatment.CorrectSettlement:
		return base + "/settlement"
	case treatment.Approve, treatment.Refuse, treatment.ReturnRequest, treatment.WithdrawRequest, treatment.RevokeApproval, treatment.Reimburse:
		return base + "/approval"
	case treatment.CorrectPatient:
		return base + "/move"
	case treatment.ImportHistory, treatment.ReverseImport, treatment.LapseApproval:
		return ""
	}
	return base + "/steps/" + string(a)
}
