package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// correctionRoutes declares the buttons for mistakes and mishaps.
func (s *Server) correctionRoutes(rt *router) {
	rt.get("/patients/{id}/correct", authz.PersonRead, s.correctPatientPage)
	rt.get("/patients/{id}/death", authz.TreatmentAdvance, s.deathPage)
	rt.post("/patients/{id}/death", authz.TreatmentAdvance, s.reportDeath)
	rt.get("/deaths", authz.PersonRead, s.deathsPage)
	rt.post("/deaths/{id}/confirm", authz.PersonRead, s.confirmDeath)
	rt.get("/deaths/{id}/undo", authz.PersonRead, s.undoDeathPage)
	rt.post("/deaths/{id}/undo", authz.PersonRead, s.undoDeath)
	rt.get("/cases/{id}/correct", authz.CaseRead, s.correctCasePage)
	rt.get("/cases/{id}/move", authz.PersonIdentity, s.movePage)
	rt.post("/cases/{id}/move", authz.PersonIdentity, s.move)
	rt.get("/cases/{id}/programme", authz.CaseClose, s.programmePage)
	rt.post("/cases/{id}/programme", authz.CaseClose, s.correctProgramme)
	rt.get("/treatments/{id}/correct", authz.TreatmentRead, s.correctTreatmentPage)
	rt.get("/treatments/{id}/move", authz.PersonIdentity, s.moveTreatmentPage)
	rt.post("/treatments/{id}/move", authz.PersonIdentity, s.moveTreatment)
}

// correctView is the menu of corrections: what went wrong in plain words, what
// the button does, and who may press it.
type correctView struct {
	Base
	Items []correction
}

// correction is one entry; without a button its Who says whose it is.
type correction struct {
	Title  string
	Text   string
	Who    string
	Button *Button
}

// offer makes an entry: the button where the reader may, else who does it.
func offer(b Base, key, href string, may bool) correction {
	x := correction{Title: b.T("correct." + key), Text: b.T("correct." + key + ".text")}
	if may && href != "" {
		x.Button = &Button{Text: b.T("correct.go"), Href: href}
		return x
	}
	x.Who = b.T("correct." + key + ".who")
	return x
}

func (s *Server) showCorrect(w http.ResponseWriter, r *http.Request, b Base, items []correction) error {
	b.Sub = b.T("correct.sub")
	return s.d.Engine.Render(w, r, http.StatusOK, "care/correct", correctView{Base: b, Items: items})
}

func (s *Server) correctPatientPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Care.Patient(r.Context(), c.Who, id)
	if err != nil {
		return err
	}
	at := "/patients/" + id.String()
	b := s.careBase(c, "patients", c.P.T("correct.title"), Link{Text: v.Name, Href: at})
	items := []correction{offer(b, "contacts", at+"/edit", v.CanEdit), offer(b, "identity", at+"/identity", s.can(c, authz.PersonIdentity)),
		offer(b, "same", at+"/same", s.can(c, authz.PersonIdentity))}
	if v.DeceasedOn.IsZero() {
		items = append(items, offer(b, "death", at+"/death", s.can(c, authz.TreatmentAdvance)))
	} else {
		items = append(items, offer(b, "alive", "/deaths?state=confirmed", s.can(c, authz.TreatmentAdvance) || s.can(c, authz.PersonIdentity)))
	}
	return s.showCorrect(w, r, b, items)
}

func (s *Server) correctCasePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readCase(r, c)
	if err != nil {
		return err
	}
	at := "/cases/" + v.ID.String()
	b := s.careBase(c, "cases", c.P.T("correct.title"), Link{Text: v.No, Href: at})
	return s.showCorrect(w, r, b, []correction{offer(b, "case_person", at+"/move", s.can(c, authz.PersonIdentity)),
		offer(b, "programme", at+"/programme", v.CanClose), offer(b, "mistake", at+"/close", v.CanClose), offer(b, "reopen", at+"/reopen", v.CanReopen)})
}

func (s *Server) correctTreatmentPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readTreatment(r, c)
	if err != nil {
		return err
	}
	at := "/treatments/" + v.ID.String()
	b := s.careBase(c, "cases", c.P.T("correct.title"), Link{Text: v.CaseNo, Href: "/cases/" + v.Case.String()}, Link{Text: treatmentName(c.Base, v.Treatment), Href: at})
	may := map[treatment.Action]bool{}
	for _, o := range v.Offers {
		may[o.Row.Action] = true
	}
	var items []correction
	for _, a := range []treatment.Action{treatment.AbandonOperation, treatment.ConvertOperation, treatment.TransferOut, treatment.DischargeUntreated, treatment.Cancel,
		treatment.CorrectSettlement} {
		if _, here := treatment.Find(v.Place, a); here {
			items = append(items, offer(b, string(a), stepHref(v.Treatment, a), may[a]))
		}
	}
	if len(v.Operations) > 0 {
		items = append(items, offer(b, "operation", "/operations/"+v.Operations[0].ID.String()+"/edit", v.Editable))
	}
	items = append(items, offer(b, "treatment_person", at+"/move", s.can(c, authz.PersonIdentity)))
	return s.showCorrect(w, r, b, items)
}

// moveForm asks for the right person and the reason.
func moveForm(b Base, c *Call, action string, v int64) *Form {
	f := keyed(NewForm(b, c.Today, Field{Name: "other", LabelKey: "move.to", HintKey: "move.to.hint", Max: 40, Width: 6, Focus: true},
		Field{Name: "reason", LabelKey: "review.why", Kind: KindArea, Rows: 2, Max: 500, Missing: "error.review.reason"}))
	f.Hide("version", version(v))
	f.Action = action
	return f
}

// mover is a record that can be put under another person.
type mover struct {
	page careForm
	in   care.MoveInput
	back string
}

func (s *Server) caseMover(r *http.Request, c *Call) (mover, error) {
	v, err := s.readCase(r, c)
	if err != nil {
		return mover{}, err
	}
	b := s.careBase(c, "cases", c.P.T("correct.case_person"), Link{Text: v.No, Href: "/cases/" + v.ID.String()})
	b.Sub = b.T("correct.case_person.text")
	return mover{careForm{Base: b, Form: moveForm(b, c, r.URL.Path, v.Version), Facts: caseFacts(b, v, caseRights{today: c.Today})}, care.MoveInput{Case: v.ID}, "/cases/" + v.ID.String()}, nil
}

func (s *Server) treatmentMover(r *http.Request, c *Call) (mover, error) {
	v, err := s.readTreatment(r, c)
	if err != nil {
		return mover{}, err
	}
	at := "/treatments/" + v.ID.String()
	b := s.careBase(c, "cases", c.P.T("correct.treatment_person"), Link{Text: v.CaseNo, Href: "/cases/" + v.Case.String()}, Link{Text: treatmentName(c.Base, v.Treatment), Href: at})
	b.Sub = b.T("correct.treatment_person.text")
	return mover{careForm{Base: b, Form: moveForm(b, c, r.URL.Path, v.Version), Facts: treatmentFacts(b, v, caseRights{today: c.Today})}, care.MoveInput{Treatment: v.ID}, at}, nil
}

func (s *Server) movePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	m, err := s.caseMover(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, m.page, Button{Text: c.P.T("move.do"), Kind: "danger"}, m.back)
}

func (s *Server) moveTreatmentPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	m, err := s.treatmentMover(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, m.page, Button{Text: c.P.T("move.do"), Kind: "danger"}, m.back)
}

func (s *Server) move(w http.ResponseWriter, r *http.Request, c *Call) error {
	m, err := s.caseMover(r, c)
	if err != nil {
		return err
	}
	return s.doMove(w, r, c, m)
}

func (s *Server) moveTreatment(w http.ResponseWriter, r *http.Request, c *Call) error {
	m, err := s.treatmentMover(r, c)
	if err != nil {
		return err
	}
	return s.doMove(w, r, c, m)
}

func (s *Server) doMove(w http.ResponseWriter, r *http.Request, c *Call, m mover) error {
	f := m.page.Form
	if err := f.Read(r); err != nil {
		return err
	}
	m.in.Version, m.in.To, m.in.Reason = f.Version(), f.Text("other"), f.Text("reason")
	if f.OK() {
		_, err := s.d.Care.Move(r.Context(), c.Who, m.in, care.KeyOf(requestKey(r), m.in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("move.done")})
			return seeOther(w, r, m.back)
		}
		if err = refusedCare(&m.page, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, m.page, Button{Text: c.P.T("move.do"), Kind: "danger"}, m.back)
}

func programmeFields(v care.CaseView) []Field {
	var others []procedure.Programme
	for _, p := range procedure.Programmes() {
		if p != v.Programme {
			others = append(others, p)
		}
	}
	return []Field{{Name: "programme", LabelKey: "case.programme", Kind: KindRadio, Options: programmeOptions(others), Focus: true},
		{Name: "reason", LabelKey: "review.why", Kind: KindArea, Rows: 2, Max: 500, Missing: "error.review.reason"}}
}

func (s *Server) programmePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.caseForm(r, c, "correct.programme", programmeFields)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("care.save")}, "/cases/"+v.ID.String())
}

func (s *Server) correctProgramme(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.caseForm(r, c, "correct.programme", programmeFields)
	if err != nil {
		return err
	}
	return s.saveCase(w, r, caseSave{c, p, v.ID, "care.save", "care.saved"}, func(f *Form) error {
		in := care.ProgrammeInput{Case: v.ID, Version: f.Version(), Programme: procedure.Programme(f.Choice("programme")), Reason: f.Text("reason")}
		if !f.OK() {
			return nil
		}
		_, err := s.d.Care.CorrectProgramme(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		return err
	})
}

// deathForm asks for the day, how it is known, and a remark.
func (s *Server) deathForm(r *http.Request, c *Call) (careForm, ident.ID, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, id, err
	}
	v, err := s.d.Care.Patient(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, id, err
	}
	var sources, hospitals []Option
	for _, x := range patient.DeathSources() {
		sources = append(sources, Option{Value: string(x), Key: x.Label()})
	}
	b := s.careBase(c, "patients", c.P.T("correct.death"), Link{Text: v.Name, Href: "/patients/" + id.String()})
	b.Sub = b.T("death.sub")
	fields := []Field{{Name: "died_on", LabelKey: "death.on", Kind: KindDate, Width: 6, Focus: true},
		{Name: "source", LabelKey: "death.source", Kind: KindRadio, Options: sources}}
	for _, x := range v.Registrations {
		hospitals = append(hospitals, Option{Value: x.HospitalID.String(), Text: x.Hospital, Side: sides(v.Sides).of(x.HospitalID)})
	}
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Options: hospitals})
	}
	fields = append(fields, Field{Name: "note", LabelKey: "care.note", Kind: KindArea, Rows: 2, Max: 500, Optional: true})
	f := keyed(NewForm(b, c.Today, fields...))
	f.Action = r.URL.Path
	p := careForm{Base: b, Form: f}
	if v.Hospitals > 1 {
		p.Alerts = []Alert{{Kind: "info", Title: b.T("death.two")}}
	}
	return p, id, nil
}

func (s *Server) deathPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.deathForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("death.report"), Kind: "danger"}, "/patients/"+id.String())
}

func (s *Server) reportDeath(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.deathForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.DeathInput{Person: id, Hospital: offered(f, "hospital"), Death: patient.Death{On: f.Date("died_on"), Source: patient.DeathSource(f.Choice("source")), Note: f.Text("note")}}
	if f.OK() {
		done, err := s.d.Care.ReportDeath(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("death.done." + string(done.State))})
			return seeOther(w, r, "/patients/"+id.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("death.report"), Kind: "danger"}, "/patients/"+id.String())
}

// deathsView is the list of reports with their buttons.
type deathsView struct {
	Base
	Table Table
	Keys  []*Form // one form for each report that can be confirmed here
}

func (s *Server) deathsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	state := patient.DeathState(r.URL.Query().Get("state"))
	list, err := s.d.Care.Deaths(r.Context(), c.Who, state, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "patients")
	v := newDeathsView(c.Base, state, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "care/deaths", v)
}

func newDeathsView(b Base, state patient.DeathState, list care.DeathList) deathsView {
	if state == "" {
		state = patient.DeathReported
	}
	b.Title, b.Sub = b.T("death.list"), b.T("death.list.sub")
	b.Crumbs = []Link{{Text: b.T("nav.patients"), Href: "/patients"}, {Text: b.Title}}
	for _, x := range patient.DeathStates() {
		b.Tabs = append(b.Tabs, Tab{Text: b.T(x.Label()), Href: "/deaths?state=" + string(x), Current: x == state})
	}
	t := Table{Caption: b.Title, Quiet: true, Columns: []Column{{Key: "case.patient", Class: "grow"}, {Key: "death.on"}, {Key: "death.source"}, {Key: "death.by"}, {Key: "death.open", Align: "right"},
		{Key: "care.action", Hidden: true}, {Key: "care.action", Hidden: true}}, Empty: Empty{Title: b.T("death.none"), Text: b.T("death.none.text")}}
	v := deathsView{Base: b}
	for _, d := range list.Rows {
		confirm, undo := TextCell(""), TextCell("")
		if list.MayConfirm[d.ID] {
			f := keyed(NewForm(b, list.Today))
			f.ID, f.Action = "confirm-"+d.ID.String(), "/deaths/"+d.ID.String()+"/confirm"
			f.Hide("version", version(d.Version))
			v.Keys = append(v.Keys, f)
			confirm = ButtonCell(Button{Text: b.T("death.confirm"), Form: f.ID, Kind: "primary"})
		}
		if list.MaySettle && d.State != patient.DeathUndone {
			undo = ButtonCell(Button{Text: b.T("death.undo"), Href: "/deaths/" + d.ID.String() + "/undo"})
		}
		note := d.Note
		if d.UndoneReason != "" {
			note = d.UndoneReason
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: d.PersonName, Href: "/patients/" + d.Person.String(), Sub: note}, DateCell(d.On), TextCell(b.T(patient.DeathSource(d.Source).Label())),
			Cell{Text: d.HospitalName, Sub: d.ReportedBy}, Cell{Text: number(d.Open), Bad: d.Open > 0}, confirm, undo))
	}
	v.Table = t
	return v
}

func (s *Server) confirmDeath(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := NewForm(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.DeathStep{Report: id, Version: f.Version()}
	if _, err := s.d.Care.SettleDeath(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in)); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("death.done.confirmed")})
	return seeOther(w, r, "/deaths")
}

func (s *Server) undoForm(r *http.Request, c *Call) (careForm, ident.ID, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, id, err
	}
	v, err := s.d.Care.Death(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, id, err
	}
	b := s.careBase(c, "patients", c.P.T("death.undo"), Link{Text: c.P.T("death.list"), Href: "/deaths"})
	b.Sub = v.PersonName
	f := keyed(NewForm(b, c.Today, Field{Name: "reason", LabelKey: "review.why", Kind: KindArea, Rows: 2, Max: 500, Focus: true, Missing: "error.review.reason"}))
	f.Hide("version", version(v.Version))
	f.Action = r.URL.Path
	return careForm{Base: b, Form: f}, id, nil
}

func (s *Server) undoDeathPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.undoForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("death.undo")}, "/deaths")
}

func (s *Server) undoDeath(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.undoForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.DeathStep{Report: id, Version: f.Version(), Undo: true, Reason: f.Text("reason")}
	if f.OK() {
		person, err := s.d.Care.SettleDeath(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("death.done.undone")})
			return seeOther(w, r, "/patients/"+person.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("death.undo")}, "/deaths")
}
