package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// refusedCare sorts the error of a care form: wrong input goes beside its field,
// a refusal of a rule becomes the card that says what would work, and everything
// else is returned for the error page.
func refusedCare(p *careForm, err error) error {
	if err = p.Form.Merge(err); err == nil {
		return nil
	}
	if errs.Is(err, errs.Stale) && p.Form.overtaken() {
		return nil
	}
	if p.WhyNot = whyNot(p.Base, err); p.WhyNot != nil {
		return nil
	}
	return err
}

func newCaseForm(b Base, today clock.Date, person string, open []procedure.Programme, hospitals []Option) *Form {
	fields := []Field{{Name: "programme", LabelKey: "case.programme", Kind: KindRadio, Options: programmeOptions(open), Focus: true}}
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Options: hospitals})
	}
	fields = append(fields, Field{Name: "diagnosis", LabelKey: "case.diagnosis", HintKey: "case.diagnosis.hint", Optional: true, Max: 500})
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/patients/" + person + "/cases"
	return f
}

// newCase prepares the form of a new case for a patient.
func (s *Server) newCase(r *http.Request, c *Call) (careForm, care.PatientView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, care.PatientView{}, err
	}
	v, err := s.d.Care.Patient(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, v, err
	}
	b := s.careBase(c, "patients", c.P.T("case.open"), Link{Text: v.Name, Href: "/patients/" + id.String()})
	var hospitals []Option
	for _, x := range v.Registrations {
		hospitals = append(hospitals, Option{Value: x.HospitalID.String(), Text: x.Hospital, Side: sides(v.Sides).of(x.HospitalID)})
	}
	p := careForm{Base: b, Form: newCaseForm(b, c.Today, id.String(), v.CanOpenCase, hospitals)}
	return p, v, nil
}

func (s *Server) newCasePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newCase(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("case.open")}, "/patients/"+v.ID.String())
}

func (s *Server) openCase(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.newCase(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := care.OpenInput{Person: v.ID, Programme: procedure.Programme(p.Form.Choice("programme")), Hospital: offered(p.Form, "hospital"),
		Diagnosis: p.Form.Text("diagnosis")}
	if in.Hospital == ident.Nil && len(v.Registrations) == 1 {
		in.Hospital = v.Registrations[0].HospitalID
	}
	if p.Form.OK() {
		opened, err := s.d.Care.OpenCase(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("case.opened", "no", opened.No)})
			return seeOther(w, r, "/cases/"+opened.ID.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("case.open")}, "/patients/"+v.ID.String())
}

// caseForm prepares a form about a case; fields depends on the case.
func (s *Server) caseForm(r *http.Request, c *Call, title string, fields func(care.CaseView) []Field) (careForm, care.CaseView, error) {
	v, err := s.readCase(r, c)
	if err != nil {
		return careForm{}, v, err
	}
	b := s.careBase(c, "cases", c.P.T(title), Link{Text: v.No, Href: "/cases/" + v.ID.String()})
	b.Sub = b.T("case.sub", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, c.Today), "programme", b.T(v.Programme.Label()))
	f := keyed(NewForm(b, c.Today, fields(v)...))
	f.Hide("version", version(v.Version))
	f.Action = r.URL.Path
	return careForm{Base: b, Form: f}, v, nil
}

func closeFields(v care.CaseView) []Field {
	var reasons []Option
	for _, x := range casefile.Closures() {
		if x != casefile.Imported {
			reasons = append(reasons, Option{Value: string(x), Key: x.Label()})
		}
	}
	return []Field{{Name: "closure", LabelKey: "case.closure", Kind: KindSelect, Options: reasons, Width: 6, Focus: true},
		{Name: "closed_on", LabelKey: "case.closed_on", Kind: KindDate, Width: 6},
		{Name: "note", LabelKey: "care.note", Kind: KindArea, Optional: true, Max: 500}}
}

func (s *Server) closeCasePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.caseForm(r, c, "case.close", closeFields)
	if err != nil {
		return err
	}
	p.Form.Put("closed_on", c.Today.String())
	return s.showCareForm(w, r, p, Button{Text: p.T("case.close")}, "/cases/"+v.ID.String())
}

func (s *Server) closeCase(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.caseForm(r, c, "case.close", closeFields)
	if err != nil {
		return err
	}
	return s.saveCase(w, r, caseSave{c, p, v.ID, "case.close", "case.closed"}, func(f *Form) error {
		in := care.CloseInput{Case: v.ID, Version: f.Version(), Closure: casefile.Closure(f.Choice("closure")), On: f.Date("closed_on"), Note: f.Text("note")}
		if !f.OK() {
			return nil
		}
		_, err := s.d.Care.CloseCase(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		return err
	})
}

// caseSave is what saving a form about a case has in common.
type caseSave struct {
	c            *Call
	p            careForm
	id           ident.ID
	button, done string // message keys
}

// saveCase reads the form, lets fn ask the service, and answers.
func (s *Server) saveCase(w http.ResponseWriter, r *http.Request, x caseSave, fn func(*Form) error) error {
	if err := x.p.Form.Read(r); err != nil {
		return err
	}
	err := fn(x.p.Form)
	if err == nil && x.p.Form.OK() {
		s.flash(r, Flash{Kind: "ok", Title: x.c.P.T(x.done)})
		return seeOther(w, r, "/cases/"+x.id.String())
	}
	if err != nil {
		if err = refusedCare(&x.p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, x.p, Button{Text: x.p.T(x.button)}, "/cases/"+x.id.String())
}

func noFields(care.CaseView) []Field { return nil }

func (s *Server) reopenCasePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.caseForm(r, c, "case.reopen", noFields)
	if err != nil {
		return err
	}
	p.Facts = caseFacts(p.Base, v, caseRights{today: c.Today})
	return s.showCareForm(w, r, p, Button{Text: p.T("case.reopen")}, "/cases/"+v.ID.String())
}

func (s *Server) reopenCase(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.caseForm(r, c, "case.reopen", noFields)
	if err != nil {
		return err
	}
	return s.saveCase(w, r, caseSave{c, p, v.ID, "case.reopen", "case.reopened"}, func(f *Form) error {
		in := care.ReopenInput{Case: v.ID, Version: f.Version()}
		_, err := s.d.Care.ReopenCase(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		return err
	})
}

// secondFields: joints name the joint and side, eyes only the side. The empty
// side drops the plan.
func secondFields(v care.CaseView, hospitals []Option) []Field {
	var out []Field
	side := Field{Name: "side", LabelKey: "operation.side", Kind: KindRadio, Optional: true, Width: 6}
	if v.Programme == procedure.Joint {
		out = append(out, Field{Name: "site", LabelKey: "operation.site", Kind: KindRadio, Width: 6, Optional: true,
			Options: []Option{{Value: string(procedure.Knee), Key: procedure.Knee.Label()}, {Value: string(procedure.Hip), Key: procedure.Hip.Label()}}})
		side.Options = sideOptions(procedure.Joint)
	} else {
		side.Options = sideOptions(procedure.Cataract)
	}
	side.Options = append(side.Options, Option{Value: "none", Key: "case.second.none"})
	return append(out, side, Field{Name: "hospital", LabelKey: "case.second.hospital", Kind: KindCombo, Options: hospitals, Optional: true, Width: 6},
		Field{Name: "from", LabelKey: "case.second.from", Kind: KindDate, Optional: true, Width: 6})
}

func sideOptions(p procedure.Programme) []Option {
	var out []Option
	for _, x := range procedure.Sides() {
		key := x.Label()
		if p == procedure.Cataract {
			key = x.EyeLabel()
		}
		out = append(out, Option{Value: string(x), Key: key})
	}
	return out
}

// secondForm prepares the plan of the other side: any hospital of the
// partnership may be meant for it.
func (s *Server) secondForm(r *http.Request, c *Call) (careForm, care.CaseView, error) {
	list, err := s.d.Care.Partners(r.Context(), c.Who)
	if err != nil {
		return careForm{}, care.CaseView{}, err
	}
	var hospitals []Option
	for _, h := range list {
		hospitals = append(hospitals, Option{Value: h.ID.String(), Text: h.Name, Side: sideOf(h.Side)})
	}
	return s.caseForm(r, c, "case.second", func(v care.CaseView) []Field { return secondFields(v, hospitals) })
}

func (s *Server) secondSidePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.secondForm(r, c)
	if err != nil {
		return err
	}
	if v.Second != nil {
		p.Form.Put("side", string(v.Second.Side)).Put("from", v.Second.From.String())
		if v.Second.Hospital != ident.Nil {
			p.Form.Put("hospital", v.Second.Hospital.String())
		}
		if v.Programme == procedure.Joint {
			p.Form.Put("site", string(v.Second.Site))
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("care.save")}, "/cases/"+v.ID.String())
}

func (s *Server) planSecondSide(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.secondForm(r, c)
	if err != nil {
		return err
	}
	return s.saveCase(w, r, caseSave{c, p, v.ID, "care.save", "care.saved"}, func(f *Form) error {
		in := care.SecondInput{Case: v.ID, Version: f.Version()}
		side := f.Choice("side")
		if side == "" {
			f.Fail("side", "form.error.pick")
		}
		in.Plan.From, in.Plan.Hospital = f.Date("from"), f.IDOf("hospital")
		if v.Programme == procedure.Joint {
			in.Plan.Site = procedure.Site(f.Choice("site"))
		}
		if side != "none" {
			in.Plan.Side = procedure.Side(side)
		}
		if !f.OK() {
			return nil
		}
		_, err := s.d.Care.PlanSecond(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		return err
	})
}

func planFields(v care.CaseView) []Field {
	fields := []Field{{Name: "plan", LabelKey: "treatment.plan", HintKey: "treatment.plan.hint", Max: 500, Focus: true},
		{Name: "planned_on", LabelKey: "treatment.planned_on", Kind: KindDate, Optional: true, Width: 6}}
	if len(v.CanOpen) > 1 {
		var at []Option
		for _, h := range v.CanOpen {
			at = append(at, Option{Value: h.String(), Text: v.HospitalNames[h], Side: sides(v.Sides).of(h)})
		}
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Options: at, Width: 6})
	}
	return fields
}

// treatmentForm prepares the form of a new treatment; without a hospital of the
// reader in the case there is none.
func (s *Server) treatmentForm(r *http.Request, c *Call) (careForm, care.CaseView, error) {
	p, v, err := s.caseForm(r, c, "case.treat", planFields)
	if err != nil {
		return p, v, err
	}
	if len(v.CanOpen) == 0 {
		return p, v, errs.Refuse("casefile.takes_part", "error.case.cannot_treat", nil, "refusal.next.join")
	}
	p.Form.Action = "/cases/" + v.ID.String() + "/treatments"
	return p, v, nil
}

func (s *Server) newTreatmentPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.treatmentForm(r, c)
	if err != nil {
		return err
	}
	if v.Second != nil {
		p.Form.Put("plan", p.T("treatment.plan.second", "site", siteText(p.Base, v.Second.Site, v.Second.Side)))
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("case.treat")}, "/cases/"+v.ID.String())
}

func (s *Server) openTreatment(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.treatmentForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.PlanInput{Case: v.ID, Plan: f.Text("plan"), PlannedOn: f.Date("planned_on"), Hospital: offered(f, "hospital")}
	if in.Hospital == ident.Nil {
		in.Hospital = v.CanOpen[0]
	}
	if f.OK() {
		t, err := s.d.Care.OpenTreatment(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("treatment.opened")})
			return seeOther(w, r, "/treatments/"+t.ID.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("case.treat")}, "/cases/"+v.ID.String())
}
