package webui

import (
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// treatmentView is the page of one treatment: its next steps first.
type treatmentView struct {
	Base
	Facts      []Def
	Checks     *Checks
	Next       []Button
	More       []Button
	Operations Table
	Strips     []Strip
	Events     []Event
}

func (s *Server) readTreatment(r *http.Request, c *Call) (care.TreatmentView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return care.TreatmentView{}, err
	}
	return s.d.Care.Treatment(r.Context(), c.Who, id)
}

func (s *Server) treatmentPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readTreatment(r, c)
	if err != nil {
		return err
	}
	b := s.careBase(c, "cases", treatmentName(c.Base, v.Treatment), Link{Text: v.CaseNo, Href: "/cases/" + v.Case.String()})
	return s.d.Engine.Render(w, r, http.StatusOK, "care/treatment", newTreatmentView(b, v, caseRights{patient: s.can(c, authz.PersonRead), today: c.Today, estimates: s.can(c, authz.EstimateRead)}))
}

func newTreatmentView(b Base, v care.TreatmentView, x caseRights) treatmentView {
	b.Sub = b.T("case.sub", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, x.today), "programme", b.T(v.Programme.Label()))
	tag := stateTag(b, v.Place)
	b.Badge = &tag
	if len(v.Offers) > 0 || v.Editable {
		b.Actions = []Button{{Text: b.T("correct.title"), Icon: "undo", Href: "/treatments/" + v.ID.String() + "/correct"}}
	}
	if x.estimates {
		b.Actions = append(b.Actions, Button{Text: b.T("estimate.title"), Icon: "yuan", Href: estimateHref(v.ID)})
	}
	p := treatmentView{Base: b, Facts: treatmentFacts(b, v, x), Strips: strips(b, []care.Treatment{v.Treatment}, v.Bills, v.Sides), Checks: stepChecks(b, v)}
	p.Next, p.More = stepButtons(b, v)
	p.Operations = operationsTable(b, v.Operations, v.Sides, x.today, false)
	p.Operations.Caption, p.Operations.Quiet = b.T("nav.operations"), false
	p.Events = stepEvents(b, v.Events, v.Treatment, v.Sides)
	return p
}

func treatmentFacts(b Base, v care.TreatmentView, x caseRights) []Def {
	who := Def{Label: b.T("case.patient"), Text: v.PersonName}
	if x.patient {
		who.Href = "/patients/" + v.Person.String()
	}
	out := []Def{who, {Label: b.T("treatment.hospital"), HTML: b.Place(sides(v.Sides).of(v.Hospital), v.HospitalName)},
		{Label: b.T("treatment.path"), Text: b.T(v.Place.Path.Label())}}
	add := func(key, text string) {
		if text != "" {
			out = append(out, Def{Label: b.T(key), Text: text})
		}
	}
	add("treatment.planned_on", v.PlannedOn.String())
	add("treatment.admitted_on", v.AdmittedOn.String())
	add("treatment.admission_no", v.AdmissionNo)
	add("treatment.operated_on", v.OperatedOn.String())
	add("treatment.discharged_on", v.DischargedOn.String())
	if v.Category != "" {
		add("treatment.category", b.T(v.Category.Key()))
	}
	if v.EstimateBill > 0 {
		add("treatment.estimate", b.T("treatment.estimate.value", "bill", v.EstimateBill, "insurance", v.EstimateInsurance))
	}
	if v.Facts.State != "" {
		add("treatment.approval", b.T(v.Facts.State.Label()))
	}
	add("treatment.ended_reason", v.EndedReason)
	return out
}

// mainSteps are the steps of the way; the others are its exceptions.
func mainStep(a treatment.Action) bool {
	return slices.Contains([]treatment.Action{treatment.ConfirmEligible, treatment.Estimate, treatment.RequestApproval, treatment.Approve, treatment.Admit,
		treatment.LogOperation, treatment.Discharge, treatment.Settle, treatment.Close}, a)
}

// stepButtons are the steps the reader may take: those of the way as buttons,
// the first as the main one, exceptions behind.
func stepButtons(b Base, v care.TreatmentView) (next, more []Button) {
	for _, o := range onward(v.Offers) {
		href := stepHref(v.Treatment, o.Row.Action)
		if href == "" {
			continue
		}
		x := Button{Text: b.T(o.Row.Action.Label()), Href: href}
		late := o.Row.Action == treatment.LogOperation && o.Row.Mark != ""
		if mainStep(o.Row.Action) && !late {
			if len(next) == 0 {
				x.Kind = "primary"
			}
			next = append(next, x)
			continue
		}
		more = append(more, x)
	}
	return next, more
}

// onward puts steps that lead on before those that add to where the treatment
// stands: after the first operation the discharge comes first.
func onward(offers []treatment.Offer) []treatment.Offer {
	out := slices.Clone(offers)
	slices.SortStableFunc(out, func(a, b treatment.Offer) int {
		switch {
		case a.Row.Stays() == b.Row.Stays():
			return 0
		case b.Row.Stays():
			return -1
		}
		return 1
	})
	return out
}

// stepChecks shows what the next step of the way needs, whoever takes it.
func stepChecks(b Base, v care.TreatmentView) *Checks {
	for _, row := range treatment.From(v.Place) {
		if !mainStep(row.Action) || row.Action == treatment.Estimate || row.Stays() && row.Action != treatment.RequestApproval {
			continue
		}
		card := &Checks{Title: b.T("treatment.checks", "action", b.T(row.Action.Label()))}
		missing := row.Missing(v.Facts.Facts)
		for _, f := range row.Required {
			if slices.Contains(care.Gives(row), f) { // the step's own form asks for it
				continue
			}
			c := Check{State: "ok", Text: b.T(f.Label())}
			if slices.Contains(missing, f) {
				c.State, c.Source = "warn", b.T(f.Remedy())
			}
			card.Items = append(card.Items, c)
		}
		if len(card.Items) == 0 {
			return nil
		}
		return card
	}
	return nil
}

// stepEvents are the steps that were taken, as a timeline.
func stepEvents(b Base, list []care.Event, t care.Treatment, at sides) []Event {
	out := make([]Event, len(list))
	for i, e := range list {
		x := Event{Date: e.On.String(), Title: b.T(e.Action.Label()), Kind: "event", Side: at.of(t.Hospital), Note: e.By} // the place is that of the page
		if e.Action == treatment.LogOperation {
			x.Kind = "operation"
		}
		if e.Mark != "" {
			x.Title = b.T("care.marked", "what", x.Title, "mark", b.T(e.Mark.Label()))
		}
		if e.Note != "" {
			x.Note = b.T("care.by", "who", e.By, "note", e.Note)
		}
		out[i] = x
	}
	return out
}

// stepForm is the form of one step at a treatment: exactly the values it needs.
func stepForm(b Base, today clock.Date, v care.TreatmentView, row treatment.Row, hospitals ...Option) *Form {
	needs, _ := care.Needs(v.Treatment, row)
	var fields []Field
	for _, n := range needs {
		fields = append(fields, map[care.Need]Field{
			care.NeedDate:      {Name: "on", LabelKey: stepDay(row), Kind: KindDate, Width: 6},
			care.NeedAdmitted:  {Name: "admitted_on", LabelKey: "treatment.admitted_on", Kind: KindDate, Width: 6},
			care.NeedNumber:    {Name: "admission_no", LabelKey: "treatment.admission_no", Optional: true, Max: treatment.MaxAdmissionNo, Width: 6},
			care.NeedBill:      {Name: "bill", LabelKey: "treatment.bill", Kind: KindMoney, Suffix: "unit.yuan", Width: 6},
			care.NeedInsurance: {Name: "insurance", LabelKey: "treatment.insurance", Kind: KindMoney, Suffix: "unit.yuan", Optional: true, Width: 6},
			care.NeedHospital:  {Name: "to", LabelKey: "referral.to", Kind: KindCombo, Options: hospitals, Width: 6},
			care.NeedReason:    {Name: "reason", LabelKey: "treatment.reason", Kind: KindArea, Rows: 2, Max: 500},
		}[n])
	}
	if len(fields) > 0 {
		fields[0].Focus = true
	}
	f := keyed(NewForm(b, today, fields...))
	f.Hide("version", version(v.Version))
	f.Action = "/treatments/" + v.ID.String() + "/steps/" + string(row.Action)
	return f
}

// stepDay is what the day of a step is called.
func stepDay(row treatment.Row) string {
	if row.Stays() {
		return "treatment.on.mishap"
	}
	return "treatment.on." + string(row.To.State)
}

// step prepares the page of one step: the form, or why it cannot be taken.
func (s *Server) step(r *http.Request, c *Call) (careForm, care.TreatmentView, treatment.Row, error) {
	v, err := s.readTreatment(r, c)
	if err != nil {
		return careForm{}, v, treatment.Row{}, err
	}
	action := treatment.Action(chi.URLParam(r, "action"))
	if !slices.Contains(treatment.Actions(), action) {
		return careForm{}, v, treatment.Row{}, errs.Missing("error.not_found")
	}
	b := s.careBase(c, "cases", c.P.T(action.Label()), Link{Text: v.CaseNo, Href: "/cases/" + v.Case.String()},
		Link{Text: treatmentName(c.Base, v.Treatment), Href: "/treatments/" + v.ID.String()})
	b.Sub = b.T("case.sub", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, c.Today), "programme", b.T(v.Programme.Label()))
	row, known := treatment.Find(v.Place, action)
	if !known { // not from here: the form shows what the step would ask elsewhere, and why not
		row = treatment.Row{Action: action, From: v.Place, To: v.Place}
		if i := slices.IndexFunc(treatment.Table(), func(x treatment.Row) bool { return x.Action == action }); i >= 0 {
			row.To.State = treatment.Table()[i].To.State
		}
	}
	var hospitals []Option
	if row.Action == treatment.TransferOut {
		list, err := s.d.Care.Partners(r.Context(), c.Who)
		if err != nil {
			return careForm{}, v, row, err
		}
		for _, h := range list {
			if h.ID != v.Hospital {
				hospitals = append(hospitals, Option{Value: h.ID.String(), Text: h.Name, Side: sideOf(h.Side)})
			}
		}
	}
	p := careForm{Base: b, Form: stepForm(b, c.Today, v, row, hospitals...)}
	facts := treatment.With(care.Gives(row)...).Because("given in the form")
	for f, ok := range v.Facts.Has {
		facts.Has[f] = facts.Has[f] || ok
	}
	if released(row) { // given back in the step itself
		facts.Has[treatment.NothingReserved] = true
	}
	if _, err := treatment.Next(v.Place, action, facts); err != nil {
		p.WhyNot = whyNot(b, err)
		s.remedyLinks(p.WhyNot, v, err)
	}
	return p, v, row, nil
}

// released reports whether a step gives back the held money by itself.
func released(row treatment.Row) bool {
	return row.Action != treatment.Close && slices.Contains(row.Required, treatment.NothingReserved)
}

// remedyLinks gives the remedies the way to where they are done.
func (s *Server) remedyLinks(card *WhyNot, v care.TreatmentView, err error) {
	if card == nil {
		return
	}
	patient := "/patients/" + v.Person.String()
	to := map[string]string{treatment.ConsentRecorded.Remedy(): patient + "/edit", treatment.CategoryValid.Remedy(): patient + "/categories", treatment.CategoryProven.Remedy(): patient + "/categories",
		treatment.OperationLogged.Remedy(): stepHref(v.Treatment, treatment.LogOperation)}
	for _, o := range v.Offers { // the refusal of an order names the steps that lead on
		to[o.Row.Action.Label()] = stepHref(v.Treatment, o.Row.Action)
	}
	for i, key := range errs.Of(err).Remedy {
		if href := to[key]; href != "" {
			card.Remedies[i].Button = &Button{Text: card.Remedies[i].Text, Href: href, Small: true, Kind: "text"}
			card.Remedies[i].Text = ""
		}
	}
}

func (s *Server) stepPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, row, err := s.step(r, c)
	if err != nil {
		return err
	}
	if href := stepHref(v.Treatment, row.Action); href != r.URL.Path && href != "" {
		return seeOther(w, r, href)
	}
	if slices.Contains(p.Form.Names(), "on") {
		p.Form.Put("on", c.Today.String())
	}
	p.Facts = treatmentFacts(p.Base, v, caseRights{today: c.Today})
	status := http.StatusOK
	return s.d.Engine.Render(w, r, status, "care/form", s.stepButtonsOf(p, v, row))
}

func (s *Server) stepButtonsOf(p careForm, v care.TreatmentView, row treatment.Row) careForm {
	save := Button{Text: p.T(row.Action.Label())}
	if row.To.State.Final() && row.Action != treatment.Close {
		save.Kind = "danger"
	}
	return p.with(save, "/treatments/"+v.ID.String())
}

func (s *Server) takeStep(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, row, err := s.step(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	p.WhyNot = nil // the service decides; what the page thought before is not an answer
	in := readStep(f, v, row)
	if f.OK() {
		_, err = s.d.Care.Step(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("treatment.stepped", "action", c.P.T(row.Action.Label()))})
			return seeOther(w, r, "/treatments/"+v.ID.String())
		}
		cause := err
		if err = refusedCare(&p, err); err != nil {
			return err
		}
		s.remedyLinks(p.WhyNot, v, cause)
	}
	p.Facts = treatmentFacts(p.Base, v, caseRights{today: c.Today})
	p = s.stepButtonsOf(p, v, row)
	return s.d.Engine.Render(w, r, http.StatusUnprocessableEntity, "care/form", p)
}

// readStep reads the values the step asked for.
func readStep(f *Form, v care.TreatmentView, row treatment.Row) care.StepInput {
	in := care.StepInput{Treatment: v.ID, Version: f.Version(), Action: row.Action}
	needs, _ := care.Needs(v.Treatment, row)
	dates := map[care.Need]*clock.Date{care.NeedDate: &in.On, care.NeedAdmitted: &in.AdmittedOn}
	texts := map[care.Need]*string{care.NeedNumber: &in.AdmissionNo, care.NeedReason: &in.Reason}
	sums := map[care.Need]*money.Fen{care.NeedBill: &in.Bill, care.NeedInsurance: &in.Insurance}
	for _, n := range needs {
		switch {
		case dates[n] != nil:
			*dates[n] = f.Date(string(n))
		case texts[n] != nil:
			*texts[n] = f.Text(string(n))
		case sums[n] != nil:
			*sums[n] = f.Money(string(n))
		case n == care.NeedHospital:
			in.To = f.IDOf(string(n))
		}
	}
	return in
}
