package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// contactView is the form of one contact.
type contactView struct {
	Base
	Form   *Form
	Alerts []Alert
	WhyNot *WhyNot
	Facts  []Def
}

// contactSubject is what a contact is recorded about.
type contactSubject struct {
	followUp  aftercare.FollowUp // zero: outside the schedule
	operation aftercare.Operation
}

func (x contactSubject) scheduled() bool { return x.followUp.ID != ident.Nil }

// subjectOf finds the appointment or the operation the address names.
func subjectOf(r *http.Request, v aftercare.CaseView) (contactSubject, error) {
	q := r.URL.Query()
	operation, _ := ident.Parse(q.Get("operation")) // none: an appointment is named
	var x contactSubject
	if id, err := ident.Parse(q.Get("appointment")); err == nil {
		i := slices.IndexFunc(v.FollowUps, func(f aftercare.FollowUp) bool { return f.ID == id })
		if i < 0 {
			return x, errs.Missing("error.followup.missing")
		}
		x.followUp, operation = v.FollowUps[i], v.FollowUps[i].Procedure
	}
	i := slices.IndexFunc(v.Operations, func(o aftercare.Operation) bool { return o.ID == operation })
	switch {
	case i >= 0:
		x.operation = v.Operations[i]
	case x.scheduled(): // operated at a hospital whose records the reader does not see
		x.operation.Procedure = procedure.Procedure{ID: operation, Programme: x.followUp.Programme, Kind: x.followUp.Kind, Site: x.followUp.Site, Side: x.followUp.Side, OperatedOn: x.followUp.OperatedOn}
	default:
		return x, errs.Missing("error.operation.missing")
	}
	return x, nil
}

// wrongRows is how many complications the form takes at once.
const wrongRows = 3

func contactForm(b Base, today clock.Date, o procedure.Procedure) *Form {
	how := []Field{{Name: "on", LabelKey: "followup.on", HintKey: "followup.on.hint", Kind: KindDate, Width: 6, Focus: true},
		{Name: "evidence", LabelKey: "followup.how", Kind: KindRadio, Options: optionsOf(followup.Evidences()...)},
		{Name: "reached", LabelKey: "followup.reached", Kind: KindRadio, Options: []Option{{Value: "yes", Key: "followup.reached.yes"}, {Value: "no", Key: "followup.reached.no"}}, Width: 6},
		{Name: "informant", LabelKey: "followup.informant", HintKey: "followup.informant.hint", Max: followup.MaxName, Optional: true, Width: 6}}
	scores, others := scoreFields(o.Site)
	wrong := wrongFields(b, o.Programme)
	note := []Field{{Name: "note", LabelKey: "followup.note", Kind: KindArea, Rows: 3, Max: followup.MaxText, Optional: true}}
	f := keyed(NewForm(b, today, slices.Concat(how, scores, others, wrong, note)...))
	f.Sections = []Section{{Key: "followup.s.how", Fields: namesOf(how)}, {Key: "followup.s.scores", Fields: namesOf(scores), Optional: true}}
	if len(others) > 0 {
		f.Sections = append(f.Sections, Section{Key: "followup.s.others", Fields: namesOf(others), Optional: true})
	}
	f.Sections = append(f.Sections, Section{Key: "followup.s.wrong", Fields: namesOf(wrong), Optional: true}, Section{Key: "followup.s.note", Fields: namesOf(note), Optional: true})
	return f
}

// scoreFields are the scores of a site: the house's own, and the licensed ones
// that are taken as totals.
func scoreFields(site procedure.Site) (own, others []Field) {
	for _, s := range followup.ScalesFor(site) {
		total := Field{Name: scoreName(s.Instrument), LabelKey: s.Instrument.Label(), Kind: KindNumber, Low: s.Min, High: s.Max, Optional: true, Width: 6}
		switch {
		case s.Instrument.Class() || s.Instrument == followup.Satisfaction:
			total.Kind, total.Options, total.Width = KindRadio, classOptions(s), 12
		case len(s.Parts) > 0:
			total.HintKey, total.Width, total.Break = "followup.total.hint", 12, true
		}
		fields := []Field{total}
		for _, p := range s.Parts {
			fields = append(fields, Field{Name: partName(s.Instrument, p), LabelKey: p.Label(), HintKey: "followup.part.max", HintArgs: errs.Args{"max": p.Max}, Kind: KindNumber, High: p.Max, Optional: true, Width: 3})
		}
		if slices.Contains([]followup.Instrument{followup.OHS, followup.OKS, followup.WOMAC, followup.FJS}, s.Instrument) {
			others = append(others, fields...)
		} else {
			own = append(own, fields...)
		}
	}
	return own, others
}

func scoreName(i followup.Instrument) string { return "score." + string(i) }

func partName(i followup.Instrument, p followup.Part) string { return scoreName(i) + "." + p.Name }

func classOptions(s followup.Scale) []Option {
	var out []Option
	for n := s.Min; n <= s.Max; n++ {
		text := strconv.Itoa(n)
		if s.Instrument.Class() {
			text = roman(n)
		}
		out = append(out, Option{Value: strconv.Itoa(n), Text: text})
	}
	return out
}

func wrongName(i int, part string) string { return "wrong." + strconv.Itoa(i) + "." + part }

// wrongFields are what went wrong, as it is told: by the types and grades of the
// operation's page.
func wrongFields(b Base, p procedure.Programme) []Field {
	types, grades := optionsOf(complication.Types(p)...), gradeOptions(b, p)
	related := optionsOf(complication.RelatedYes, complication.RelatedNo)
	var out []Field
	for i := range wrongRows {
		out = append(out, Field{Name: wrongName(i, "type"), LabelKey: "complication.type", Kind: KindSelect, Options: types, Blank: "list.none", Optional: true, Width: 3, Break: true},
			Field{Name: wrongName(i, "onset_on"), LabelKey: "complication.onset", HintKey: "complication.onset.told", Kind: KindDate, Optional: true, Width: 3})
		if len(grades) > 0 {
			out = append(out, Field{Name: wrongName(i, "grade"), LabelKey: "complication.grade", HintKey: "complication.grade.hint", Kind: KindSelect, Options: grades, Blank: "list.none", Optional: true, Width: 3})
		}
		out = append(out, Field{Name: wrongName(i, "related"), LabelKey: "complication.related", Kind: KindSelect, Options: related, Blank: complication.RelatedUnknown.Label(), Optional: true, Width: 3},
			Field{Name: wrongName(i, "note"), LabelKey: "complication.note", Max: complication.MaxNote, Optional: true})
	}
	return out
}

// contactPaths says where on the form each part of a contact stands.
type contactPaths map[string]string

// readContact reads the form; the paths lead the service's errors to the fields.
func readContact(f *Form, o procedure.Procedure) (followup.Contact, contactPaths) {
	c := followup.Contact{On: f.Date("on"), Evidence: followup.Evidence(f.Choice("evidence")), Reached: f.Choice("reached") == "yes", Informant: f.Text("informant"), Note: f.Text("note")}
	paths := contactPaths{}
	for _, s := range followup.ScalesFor(o.Site) {
		r, given := readScore(f, s)
		if !given {
			continue
		}
		prefix := "results." + strconv.Itoa(len(c.Results)) + "."
		paths[prefix+"total"], paths[prefix+"instrument"] = scoreName(s.Instrument), scoreName(s.Instrument)
		for _, p := range s.Parts {
			paths[prefix+"parts."+p.Name] = partName(s.Instrument, p)
		}
		c.Results = append(c.Results, r)
	}
	for i := range wrongRows {
		x := complication.Complication{Type: complication.Type(f.Choice(wrongName(i, "type"))), Onset: f.Date(wrongName(i, "onset_on")),
			Related: complication.Related(f.Choice(wrongName(i, "related"))), Note: f.Text(wrongName(i, "note"))}
		x.Grade = readGrade(f, wrongName(i, "grade"), x.Type, o.Programme)
		if x == (complication.Complication{}) {
			continue
		}
		for _, part := range []string{"type", "onset_on", "grade", "related", "note"} {
			paths["complications."+strconv.Itoa(len(c.Complications))+"."+part] = wrongName(i, part)
		}
		c.Complications = append(c.Complications, x)
	}
	return c, paths
}

func readScore(f *Form, s followup.Scale) (followup.Result, bool) {
	r := followup.Result{Instrument: s.Instrument}
	name := scoreName(s.Instrument)
	if f.Raw(name) != "" {
		n := 0
		if f.field(name).Kind == KindRadio {
			n, _ = strconv.Atoi(f.Choice(name)) // not offered: noted by Choice
		} else {
			n = f.Int(name)
		}
		r.Total = &n
	}
	for _, p := range s.Parts {
		if strings.TrimSpace(f.Raw(partName(s.Instrument, p))) == "" {
			continue
		}
		if r.Parts == nil {
			r.Parts = map[string]int{}
		}
		r.Parts[p.Name] = f.Int(partName(s.Instrument, p))
	}
	return r, r.Total != nil || r.Parts != nil
}

// lead gives the fields of an error the names they have on the form.
func (p contactPaths) lead(err error) error {
	e := errs.Of(err)
	if err == nil || e.Kind != errs.Invalid {
		return err
	}
	moved := *e
	moved.Fields = slices.Clone(e.Fields)
	for i, x := range moved.Fields {
		if to, ok := p[x.Path]; ok {
			moved.Fields[i].Path = to
		}
	}
	return &moved
}

func (s *Server) contactForm(r *http.Request, c *Call) (contactView, aftercare.CaseView, contactSubject, error) {
	v, err := s.readFollowUps(r, c)
	if err != nil {
		return contactView{}, v, contactSubject{}, err
	}
	x, err := subjectOf(r, v)
	if err != nil {
		return contactView{}, v, x, err
	}
	b := s.followBase(c, v, c.P.T("followup.record.title"), ofCase(c.Base, v))
	return newContactView(b, v, x), v, x, nil
}

func newContactView(b Base, v aftercare.CaseView, x contactSubject) contactView {
	self := caseFollowUps(v.ID.String())
	b.Bar = &SaveBar{Buttons: []Button{{Text: b.T("followup.save"), Kind: "primary"}, {Text: b.T("dialog.back"), Href: self}}, Key: "Ctrl+Enter"}
	f := contactForm(b, v.Today, x.operation.Procedure)
	f.Put("reached", "yes")
	f.Action = self + "?operation=" + x.operation.ID.String()
	what := Def{Label: b.T("followup.step"), Text: b.T("followup.unscheduled")}
	if x.scheduled() {
		f.Action = self + "?appointment=" + x.followUp.ID.String()
		f.Hide("version", version(x.followUp.Version))
		what.Text = b.T(x.followUp.Step.Label())
	}
	p := contactView{Base: b, Form: f, Facts: []Def{{Label: b.T("followup.operation"), Text: operationName(b, care.Operation{Procedure: x.operation.Procedure})},
		{Label: b.T("operation.on"), Text: b.Day(x.operation.OperatedOn)}, what}}
	if x.scheduled() {
		p.Facts = append(p.Facts, Def{Label: b.T("followup.window"), Text: windowText(b, x.followUp)}, Def{Label: b.T("followup.wants"), Text: wantsText(b, x.followUp)},
			Def{Label: b.T("followup.state"), HTML: b.Chip(followTag(b, x.followUp, v.Today))})
	}
	if !v.Died.IsZero() {
		p.Alerts = []Alert{{Kind: "warn", Title: b.T("followup.died", "on", v.Died), Text: b.T("followup.died.text")}}
	} else if i := slices.IndexFunc(v.FollowUps, func(f aftercare.FollowUp) bool { return f.Status == followup.Lost }); i >= 0 {
		lost := v.FollowUps[i]
		p.Alerts = []Alert{{Kind: "info", Title: b.T("followup.lost_now", "reason", b.T(lost.Reason.Label()), "on", lost.EndedOn), Text: b.T("followup.lost_now.text")}}
	}
	return p
}

func (s *Server) showContact(w http.ResponseWriter, r *http.Request, p contactView) error {
	status := p.Form.Status()
	if p.WhyNot != nil {
		status = http.StatusUnprocessableEntity
	}
	return s.d.Engine.Render(w, r, status, "followup/form", p)
}

func (s *Server) newContactPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, x, err := s.contactForm(r, c)
	if err != nil {
		return err
	}
	if x.followUp.Status == followup.Done {
		p.WhyNot = whyNot(p.Base, errs.Refuse("followup.once", "error.followup.done", nil, "followup.remedy.extra"))
	}
	return s.showContact(w, r, p)
}

func (s *Server) recordContact(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, x, err := s.contactForm(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	contact, paths := readContact(p.Form, x.operation.Procedure)
	in := aftercare.RecordInput{FollowUp: x.followUp.ID, Version: p.Form.Version(), Contact: contact}
	if !x.scheduled() {
		in.Operation = x.operation.ID
	}
	if p.Form.OK() {
		k, err := s.d.Aftercare.Record(r.Context(), c.Who, in, aftercare.KeyOf(requestKey(r), in))
		if err == nil {
			f := recordedFlash(c.Base, k)
			f.Undo, f.Seconds = "/followups/contacts/"+k.ID.String()+"/withdrawal", undoSeconds
			f.Fields = map[string]string{"reason": c.P.T("undo.reason"), "version": strconv.FormatInt(k.Version, 10), "_key": ident.New().String()}
			s.flash(r, f)
			return seeOther(w, r, caseFollowUps(v.ID.String()))
		}
		if err = p.refused(paths.lead(err)); err != nil {
			return err
		}
	}
	return s.showContact(w, r, p)
}

// refused puts a refusal where it belongs: beside the fields, above the form, or
// on to the error page.
func (p *contactView) refused(err error) error {
	x := careForm{Base: p.Base, Form: p.Form}
	err = refusedCare(&x, err)
	p.WhyNot = x.WhyNot
	return err
}

func recordedFlash(b Base, k aftercare.Contact) Flash {
	f := Flash{Kind: "ok", Title: b.T("followup.saved")}
	if !k.Reached {
		f.Title = b.T("followup.saved.attempt")
	} else if k.EnteredOn().After(k.On) {
		f.Text = b.T("followup.saved.late", "on", k.On)
	}
	return f
}
