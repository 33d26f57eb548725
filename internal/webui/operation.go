package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// operationFormView is the form of one operation.
type operationFormView struct {
	Base
	Form *Form
	Note *Alert
}

// operationView is the page of one operation.
type operationView struct {
	Base
	Note     *Alert
	Disputed *Alert
	Facts    []Def
	Sheet    *Alert // what the sheet still lacks
	Recheck  *Alert
	Death    *Alert // a complication ended in death and no death is on record
	Parts    Table
	Explants Table
	Record   []Def
	Derived  []Def
	Chain    Table
	Eye      []Def
	Readings Table
	Later    Table // complications
	MACE     []Def
	MACERule string
	Changes  []Event
}

func (s *Server) operationFormOf(r *http.Request, c *Call, id ident.ID, on clock.Date) (Base, *Form, care.OperationForm, error) {
	v, err := s.d.Care.OperationForm(r.Context(), c.Who, id, on)
	if err != nil {
		return Base{}, nil, v, err
	}
	b := s.careBase(c, "cases", c.P.T("operation.new"), Link{Text: v.CaseNo, Href: "/cases/" + v.Case.String()},
		Link{Text: treatmentName(c.Base, v.Treatment), Href: "/treatments/" + v.ID.String()})
	b.Sub = b.T("case.sub", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, c.Today), "programme", b.T(v.Programme.Label()))
	f := operationForm(b, c.Today, v)
	f.Action = "/treatments/" + v.ID.String() + "/operations"
	return b, f, v, nil
}

// showOperationForm renders the form; marks that wait for a second look get
// their box to confirm.
func (s *Server) showOperationForm(w http.ResponseWriter, r *http.Request, b Base, f *Form, confirm bool) error {
	v := operationFormView{Base: b, Form: f}
	b.Bar = &SaveBar{Buttons: []Button{{Text: b.T("operation.save"), Kind: "primary"}}, Key: "Ctrl+Enter"}
	if confirm {
		askToConfirm(f)
		v.Note = &Alert{Kind: "warn", Title: b.T("operation.marks"), Text: b.T("operation.marks.text")}
	}
	v.Base = b
	return s.d.Engine.Render(w, r, f.Status(), "care/operation_form", v)
}

// askToConfirm adds the tick box that says the marks were looked at.
func askToConfirm(f *Form) {
	f.Declare(Field{Name: "confirm", LabelKey: "operation.confirm", Kind: KindCheck, Optional: true})
	fields := []string{"confirm"}
	if !slices.Contains(f.Names(), "reason") {
		f.Declare(Field{Name: "reason", LabelKey: "treatment.reason", HintKey: "operation.privilege.reason", Kind: KindArea, Rows: 2, Max: 500, Optional: true})
		fields = append(fields, "reason")
	}
	f.Sections = append(f.Sections, Section{Key: "operation.s.confirm", Fields: fields, Optional: true})
}

func (s *Server) newOperationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	b, f, v, err := s.operationFormOf(r, c, id, clock.Date{})
	if err != nil {
		return err
	}
	f.Put("operated_on", c.Today.String())
	if v.Self != ident.Nil {
		f.Put("lead", v.Self.String())
	}
	b.Actions = append(b.Actions, Button{Text: b.T("theatre.open"), Icon: "phone", Href: "/treatments/" + id.String() + "/theatre"})
	return s.showOperationForm(w, r, b, f, false)
}

func (s *Server) logOperation(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	b, f, v, err := s.operationFormOf(r, c, id, clock.Date{})
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	in := readOperation(f, v)
	confirm, theatre := in.Confirmed, r.PostFormValue(theatreMark) == "theatre"
	if theatre {
		f.Hide(theatreMark, "theatre")
	}
	if f.OK() {
		o, err := s.d.Care.LogOperation(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("operation.saved"), Text: marksText(c.Base, o.Marks)})
			if theatre { // the next thing in hand is a scanner
				return seeOther(w, r, "/operations/"+o.ID.String()+"/parts/new")
			}
			return seeOther(w, r, "/treatments/"+v.ID.String())
		}
		confirm = confirm || errs.Of(err).Rule == care.RuleConfirm
		if err = refused(f, err); err != nil {
			return err
		}
	}
	if theatre {
		return s.d.Engine.Render(w, r, f.Status(), "care/theatre", newTheatreView(b, f, v, c.Today).asked(confirm))
	}
	return s.showOperationForm(w, r, b, f, confirm)
}

// marksText says under which rules a record was marked.
func marksText(b Base, marks []string) string {
	var out []string
	for _, m := range marks {
		if m != procedure.MarkNeedsReview {
			out = append(out, b.T("operation.mark."+strings.TrimPrefix(m, "procedure.")))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return b.T("operation.marked", "marks", strings.Join(out, b.T("list.separator")))
}

func (s *Server) readOperationPage(r *http.Request, c *Call) (care.OperationView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return care.OperationView{}, err
	}
	return s.d.Care.Operation(r.Context(), c.Who, id)
}

func (s *Server) operationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readOperationPage(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "care/operation", newOperationView(s.careBase(c, "operations", operationName(c.Base, v.Operation)), v, c.Today))
}

// operationName is the kind with its side.
func operationName(b Base, o care.Operation) string {
	if !o.Side.Known() {
		return b.T(o.Kind.Label())
	}
	if o.Site == procedure.Eye {
		return b.T("operation.name.eye", "side", b.T(o.Side.EyeLabel()), "kind", b.T(o.Kind.Label()))
	}
	return b.T("operation.name", "side", b.T(o.Side.Label()), "kind", b.T(o.Kind.Label()))
}

func newOperationView(b Base, v care.OperationView, today clock.Date) operationView {
	self, tag := "/operations/"+v.ID.String(), lockTag(b, v.Operation)
	b.Badge = &tag
	switch {
	case v.Sign && v.Signature.Locked():
		b.Actions = append(b.Actions, Button{Text: b.T("operation.unlock"), Icon: "lock", Href: self + "/unlock"})
	case v.Sign:
		b.Actions = append(b.Actions, Button{Text: b.T("operation.sign"), Icon: "lock", Href: self + "/validation"})
	}
	if v.Observe {
		b.Actions = append(b.Actions, Button{Text: b.T("complication.new"), Icon: "warning", Href: self + "/complications/new"})
		if v.Site == procedure.Eye {
			b.Actions = append(b.Actions, Button{Text: b.T("acuity.new"), Href: "/cases/" + v.Case.String() + "/acuity"})
		}
	}
	if v.Edit {
		b.Actions = append(b.Actions, Button{Text: b.T("operation.correct"), Icon: "edit", Href: self + "/edit"}, Button{Text: b.T("registry.record"), Icon: "edit", Href: self + "/sheet"})
		b.Actions = append(b.Actions, Button{Text: b.T("skill.observers"), Icon: "person", Href: self + "/observers"})
		b.Actions = append(b.Actions, Button{Text: b.T("theatre.photos"), Icon: "camera", Href: self + "/photos"}, Button{Text: b.T("device.part.new"), Icon: "scan", Href: self + "/parts/new", Kind: "primary"})
		if v.Kind.Revision() || v.Kind.Explant() {
			b.Actions = append(b.Actions, Button{Text: b.T("device.explant.new"), Icon: "undo", Href: self + "/explants/new"})
		}
	}
	p := operationView{Base: b, Facts: operationFacts(b, v, today), Record: operationRecord(b, v.Procedure), Changes: operationHistory(b, v)}
	if v.Deceased.IsZero() && slices.ContainsFunc(v.Complications, func(x care.Complication) bool { return x.Outcome == complication.Died }) {
		p.Death = &Alert{Kind: "warn", Title: b.T("complication.death"), Text: b.T("complication.death.text"), Buttons: []Button{{Text: b.T("correct.death"), Href: "/patients/" + v.Person.String() + "/death"}}}
	}
	p.Derived, p.Sheet, p.Recheck = derivedFacts(b, v.Procedure), sheetState(b, v), recheckState(b, v, today.Start())
	if len(v.Chain) > 1 {
		p.Chain = chainTable(b, v)
	}
	if !v.Away {
		p.Later = complicationsTable(b, v)
		p.MACE, p.MACERule = maceFacts(b, v), b.T("complication.mace.rule", "version", complication.MACEVersion)
	}
	if v.Site == procedure.Eye && !v.Away {
		p.Readings, p.Eye = readingsTable(b, v.Readings, v.Chain, readingRights{}), outcomeFacts(b, v.Readings, v.Chain)
	}
	p.Parts, p.Explants = partsTable(b, v.Parts, partRights{v.Edit, v.Review, v.Reader}), explantsTable(b, v.Explants)
	if slices.ContainsFunc(v.Parts, func(x care.Part) bool { return x.Claim == device.Disputed }) {
		p.Disputed = &Alert{Kind: "warn", Title: b.T("device.part.disputed"), Text: b.T("device.part.disputed.text"), Buttons: []Button{{Text: b.T("device.tab.disputes"), Href: "/disputes"}}}
	}
	if text := marksText(b, v.Marks); text != "" {
		p.Note = &Alert{Kind: "warn", Title: text}
		if v.Exception.ID != ident.Nil {
			p.Note.Text = b.T("operation.privilege.state", "reason", v.Exception.Reason, "state", b.T(v.Exception.State.Label()))
			p.Note.Links = []Link{{Text: b.T("privilege.exception.one"), Href: "/exceptions/" + v.Exception.ID.String()}}
		}
	}
	return p
}

// operationFacts are who and when of a record; the person's name only for who
// works with the case.
func operationFacts(b Base, v care.OperationView, today clock.Date) []Def {
	who := Def{Label: b.T("case.patient"), Text: b.T("operation.away")}
	if !v.Away {
		who.Text, who.Href = b.T("care.person", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, today)), "/treatments/"+v.Treatment.String()
	}
	lead := b.T("operation.local")
	if v.LeadVisiting {
		lead = b.T("operation.visiting")
	}
	out := []Def{who, {Label: b.T("operation.on"), Text: b.Day(v.OperatedOn)}, {Label: b.T("treatment.hospital"), HTML: b.Place(sides(v.Sides).of(v.Hospital), v.HospitalName)},
		{Label: b.T("operation.lead"), Text: b.T("care.person", "name", v.LeadName, "who", lead)}}
	for _, x := range []struct{ key, text string }{{"operation.assistant", v.AssistantName}, {"operation.supervisor", v.SupervisorName}, {"case.no", v.CaseNo}} {
		if x.text != "" {
			out = append(out, Def{Label: b.T(x.key), Text: x.text})
		}
	}
	if v.Signature.Locked() {
		out = append(out, Def{Label: b.T("operation.locked"), Text: b.T("operation.locked.by", "who", v.Validator, "on", clock.DateOf(v.ValidatedAt.In(clock.Shanghai)))})
	}
	return out
}

// operationRecord is what is recorded, by the programme's own words.
func operationRecord(b Base, x procedure.Procedure) []Def {
	var out []Def
	add := func(key, text string) {
		if text != "" {
			out = append(out, Def{Label: b.T(key), Text: text})
		}
	}
	said := func(labels ...string) string {
		for i, l := range labels {
			labels[i] = b.T(l)
		}
		return strings.Join(labels, b.T("list.separator"))
	}
	add("operation.codes", codesText(x.Operations))
	add("operation.diagnoses", codesText(x.Diagnoses))
	add("operation.diagnosis", x.Diagnosis)
	add("operation.anaesthesia", said(labels(x.Anaesthesia)...))
	if x.ASA > 0 {
		add("operation.asa", asaOptions()[x.ASA-1].Text)
	}
	if j := x.JointPart; j != nil {
		add("operation.indication", said(labels(j.Indications)...))
		if j.Fixation != "" {
			add("operation.fixation", b.T(j.Fixation.Label()))
		}
		if j.Plan != "" {
			add("operation.plan", b.T(j.Plan.Label()))
		}
		add("operation.unknown_primary", j.UnknownPrimary)
	}
	if e := x.EyePart; e != nil {
		if e.LensPower != nil {
			add("operation.lens_power", e.LensPower.String()+" D")
		}
		add("operation.lens_model", e.LensModel)
		add("operation.acuity_before", acuitySaid(b, e.Before))
		add("operation.acuity_after", acuitySaid(b, e.After))
	}
	if h := x.HeartPart; h != nil {
		if h.Syndrome != "" {
			add("operation.syndrome", b.T(h.Syndrome.Label()))
		}
		if h.Access != "" {
			add("operation.access", b.T(h.Access.Label()))
		}
		add("operation.vessels", said(labels(h.Vessels)...))
		add("operation.stents", number(h.Stents))
	}
	return append(out, sheetFacts(b, x)...)
}

func labels[T labelled](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.Label()
	}
	return out
}

func codesText(list []procedure.Code) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Code)
	}
	return strings.Join(out, "  ")
}

// correction prepares the form of a record that is to be corrected.
func (s *Server) correction(r *http.Request, c *Call) (Base, *Form, care.OperationForm, care.OperationView, error) {
	o, err := s.readOperationPage(r, c)
	if err != nil {
		return Base{}, nil, care.OperationForm{}, o, err
	}
	b, f, v, err := s.operationFormOf(r, c, o.Treatment, o.OperatedOn)
	if err != nil {
		return b, nil, v, o, err
	}
	b.Title = b.T("operation.correct")
	b.Crumbs[len(b.Crumbs)-1].Text = b.Title
	f.Action = "/operations/" + o.ID.String()
	f.Hide("version", version(o.Version))
	return b, f, v, o, nil
}

func (s *Server) editOperationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	b, f, _, o, err := s.correction(r, c)
	if err != nil {
		return err
	}
	putOperation(f, o.Procedure)
	return s.showOperationForm(w, r, b, f, false)
}

func (s *Server) correctOperation(w http.ResponseWriter, r *http.Request, c *Call) error {
	b, f, v, o, err := s.correction(r, c)
	if err != nil {
		return err
	}
	putOperation(f, o.Procedure) // what the record holds now, should somebody have been faster
	if err := f.Read(r); err != nil {
		return err
	}
	in := readOperation(f, v)
	in.Operation.ID, in.Version = o.ID, f.Version()
	confirm := in.Confirmed
	if f.OK() {
		fixed, err := s.d.Care.CorrectOperation(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("operation.corrected"), Text: marksText(c.Base, fixed.Marks)})
			return seeOther(w, r, "/operations/"+o.ID.String())
		}
		confirm = confirm || errs.Of(err).Rule == care.RuleConfirm
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showOperationForm(w, r, b, f, confirm)
}

func operationsFilter(b Base, today clock.Date, hospitals []Option, doctor bool) *Form {
	var fields []Field
	if doctor {
		fields = append(fields, Field{Name: "own", LabelKey: "operation.scope", Kind: KindSelect, Optional: true, Blank: "list.any",
			Options: []Option{{Value: "yes", Key: "operation.own"}}})
	}
	if len(hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Optional: true, Blank: "list.any", Options: hospitals})
	}
	fields = append(fields, Field{Name: "state", LabelKey: "operation.needs", Kind: KindSelect, Optional: true, Blank: "list.any", Options: []Option{
		{Value: string(care.OperationUnsigned), Key: "operation.needs.unsigned"}, {Value: string(care.OperationIncomplete), Key: "operation.needs.incomplete"},
		{Value: string(care.OperationRecheck), Key: "operation.needs.recheck"}}})
	fields = append(fields, Field{Name: "from", LabelKey: "care.from", Kind: KindDate, Optional: true}, Field{Name: "to", LabelKey: "care.to", Kind: KindDate, Optional: true})
	f := NewForm(b, today, fields...)
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/operations"
	return f
}

func (s *Server) operationsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	hospitals, err := s.hospitalOptions(r, c, authz.ProcedureRead)
	if err != nil {
		return err
	}
	f := operationsFilter(c.Base, c.Today, hospitals, c.Who.PractitionerID != ident.Nil)
	if err := f.Read(r); err != nil {
		return err
	}
	in := care.OperationsInput{Own: slices.Contains(f.Names(), "own") && f.Choice("own") == "yes", Hospital: offered(f, "hospital"), From: f.Date("from"),
		To: f.Date("to"), State: care.OperationState(f.Choice("state")), Page: pageRequest(r)}
	list, err := s.d.Care.Operations(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	s.section(c, "operations")
	b := c.Base
	b.Title = b.T("nav.operations")
	if s.can(c, authz.ProcedureLog) {
		b.Actions = []Button{{Text: b.T("theatre.offline"), Icon: "phone", Href: "/outreach/theatre"}}
	}
	v := careList{Base: b, Filter: f, Table: operationsTable(b, list.Rows, list.Sides, c.Today, true)}
	if f.Chosen() != "" {
		v.Table.Empty = nothingMatches(b, "/operations")
	}
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "care/list", v)
}

// operationsTable lists operations; with the patient where the list is not about one.
func operationsTable(b Base, list []care.Operation, at sides, today clock.Date, patient bool) Table {
	t := Table{Caption: b.T("nav.operations"), Quiet: true, Columns: []Column{{Key: "operation.on"}, {Key: "operation.one", Class: "grow"}},
		Empty: Empty{Title: b.T("operation.none"), Text: b.T("operation.none.text")}}
	if patient {
		t.Columns = append(t.Columns, Column{Key: "case.patient"})
	}
	t.Columns = append(t.Columns, Column{Key: "operation.lead"}, Column{Key: "treatment.hospital"}, Column{Key: "operation.state"})
	for _, o := range list {
		row := Cells(DateCell(o.OperatedOn), LinkCell(operationName(b, o), "/operations/"+o.ID.String()))
		if patient {
			who := Cell{Text: o.PersonName, Sub: identity(b, o.Sex, o.Birth, today)}
			if o.PersonName == "" {
				who = TextCell(b.T("operation.away.short"))
			}
			row.Cells = append(row.Cells, who)
		}
		lead := TextCell(o.LeadName)
		if o.LeadVisiting {
			lead.Sub = b.T("operation.visiting")
		}
		state := TextCell("")
		if o.Signature.Locked() {
			state = TagCell("ok", b.T("operation.locked"))
		}
		if slices.Contains(o.Marks, procedure.MarkNeedsReview) {
			row.Alert, state = true, TagCell("warn", b.T("operation.review"))
		}
		row.Cells = append(row.Cells, lead, spot(at.of(o.Hospital), o.HospitalName), state)
		t.Rows = append(t.Rows, row)
	}
	return t
}
