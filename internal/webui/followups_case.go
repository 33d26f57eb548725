package webui

import (
	"net/http"
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

// caseFollowView is the follow-up of one case.
type caseFollowView struct {
	Base
	Note   *Alert
	Facts  []Def
	Keys   []*Form // the forms of the buttons
	Table  Table
	Events []Event
	Empty  Empty
}

func (s *Server) readFollowUps(r *http.Request, c *Call) (aftercare.CaseView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return aftercare.CaseView{}, err
	}
	return s.d.Aftercare.Case(r.Context(), c.Who, id)
}

// followBase is the frame of a page under the follow-up of a case.
func (s *Server) followBase(c *Call, v aftercare.CaseView, title string, crumbs ...Link) Base {
	crumbs = append([]Link{{Text: v.No, Href: "/cases/" + v.ID.String()}}, crumbs...)
	b := s.careBase(c, "followups", title, crumbs...)
	b.Sub = b.T("case.sub", "name", v.PersonName, "who", identity(b, v.Sex, v.Birth, c.Today), "programme", b.T(v.Programme.Label()))
	return b
}

func ofCase(b Base, v aftercare.CaseView) Link {
	return Link{Text: b.T("nav.followups"), Href: caseFollowUps(v.ID.String())}
}

func (s *Server) caseFollowUpsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.readFollowUps(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "followup/case", newCaseFollowView(s.followBase(c, v, c.P.T("nav.followups")), v))
}

func newCaseFollowView(b Base, v aftercare.CaseView) caseFollowView {
	self := caseFollowUps(v.ID.String())
	p := caseFollowView{Base: b, Table: caseFollowTable(b, v.FollowUps, v.Today, v.Record), Events: contactEvents(b, v), Empty: Empty{Title: b.T("followup.contacts.none"), Text: b.T("followup.contacts.none.text")}}
	for i, f := range v.FollowUps {
		if v.Rules.Keeps(f.Appointment, f.Kind, f.OperatedOn) {
			p.Table.Rows[i].Cells[3].Sub = keptText(b, f)
		}
	}
	switch {
	case len(v.Operations) == 0:
		p.Table.Empty.Text = b.T("followup.appointments.none.before")
	case v.Record && v.Unscheduled():
		p.Table.Empty.Text = b.T("followup.appointments.none.schedule")
	}
	if !v.Died.IsZero() {
		p.Note = &Alert{Kind: "warn", Title: b.T("followup.died", "on", v.Died)}
	}
	if !v.Record {
		return p
	}
	act := func(id, key, action string) {
		f := keyed(NewForm(b, v.Today))
		f.ID, f.Action = id, action
		f.Hide("seen", version(v.Seen))
		p.Keys = append(p.Keys, f)
		p.Actions = append(p.Actions, Button{Text: b.T(key), Form: id})
	}
	if len(v.Open()) > 0 {
		p.Actions = append(p.Actions, Button{Text: b.T("followup.slip"), Icon: "printer", Href: self + "/slip"}, Button{Text: b.T("followup.end"), Href: self + "/end"})
	}
	if len(v.Ended()) > 0 && v.Died.IsZero() {
		act("resume", "followup.resume", self+"/resume")
	}
	if v.Unscheduled() {
		act("schedule", "followup.schedule", self+"/schedule")
	}
	for _, o := range v.Operations {
		p.Actions = append(p.Actions, Button{Text: b.T("followup.extra", "operation", operationName(b, o)), Href: self + "/new?operation=" + o.ID.String()})
	}
	return p
}

// keptText says that an appointment stands by the windows it was made with.
func keptText(b Base, f aftercare.FollowUp) string {
	if f.Edition == 0 {
		return b.T("followup.kept.shipped")
	}
	return b.T("followup.kept", "n", f.Edition)
}

// caseFollowTable lists the appointments of a case; it stands on the case's own
// page as well.
func caseFollowTable(b Base, list []aftercare.FollowUp, today clock.Date, record bool) Table {
	t := Table{Caption: b.T("followup.appointments"), Columns: []Column{{Key: "followup.step", Class: "grow"}, {Key: "followup.operation"}, {Key: "followup.due"}, {Key: "followup.window"}, {Key: "followup.state"},
		{Key: "followup.reached"}}, Empty: Empty{Title: b.T("followup.appointments.none"), Text: b.T("followup.appointments.none.text")}}
	if record {
		t.Columns = append(t.Columns, Column{Key: "care.action", Hidden: true})
	}
	for _, f := range list {
		tag := followTag(b, f, today)
		row := Cells(stepCell(b, f), followOperation(b, f), DateCell(f.Due), Cell{Text: windowText(b, f), Nowrap: true}, Cell{Tag: &tag}, outcomeCell(b, f))
		if record {
			act := TextCell("")
			if f.Status != followup.Done && !f.From.AddDays(-followup.EarlyDays).After(today) {
				act = ButtonCell(Button{Text: b.T("followup.record"), Href: recordHref(f)})
			}
			row.Cells = append(row.Cells, act)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// nearFollowUps leaves out what is far ahead: of each operation, the appointments
// after the next one that is still to come.
func nearFollowUps(list []aftercare.FollowUp, today clock.Date) []aftercare.FollowUp {
	next := map[ident.ID]bool{}
	var out []aftercare.FollowUp
	for _, f := range list {
		planned := f.State(today, f.Died) == followup.StatePlanned
		if planned && next[f.Procedure] {
			continue
		}
		next[f.Procedure] = next[f.Procedure] || planned
		out = append(out, f)
	}
	return out
}

func followTag(b Base, f aftercare.FollowUp, today clock.Date) Tag {
	st := f.State(today, f.Died)
	kind := map[followup.State]string{followup.StateDue: "info", followup.StateWindow: "info", followup.StateOverdue: "warn", followup.StateDone: "ok", followup.StateDoneLate: "ok",
		followup.StateEarly: "ok", followup.StateLost: "error"}[st]
	if kind == "" {
		kind = "plain"
	}
	return Tag{Text: b.T(st.Label()), Kind: kind}
}

// outcomeCell is what came of an appointment: when and how it was done, why it
// was lost or closed, or how often nobody was reached.
func outcomeCell(b Base, f aftercare.FollowUp) Cell {
	switch r := f.Because(f.Died); {
	case f.Status == followup.Done:
		return Cell{Text: f.EndedOn.String(), Sub: b.T(f.Evidence.Label()), Nowrap: true}
	case r == followup.Died:
		return Cell{Text: b.T(r.Label()), Sub: f.Died.String()}
	case r != "":
		return Cell{Text: b.T(r.Label()), Sub: f.EndedOn.String()}
	case f.Attempts > 0:
		return TextCell(b.T("followup.attempts", "n", f.Attempts))
	}
	return TextCell("")
}

// contactEvents tells the contacts of a case, the latest first.
func contactEvents(b Base, v aftercare.CaseView) []Event {
	var out []Event
	for _, k := range v.Contacts {
		o := care.Operation{Procedure: procedure.Procedure{Kind: k.Kind, Site: k.Kind.Site(), Side: k.Side}}
		e := Event{Date: k.On.String(), Kind: "event", Side: sides(v.Sides).of(k.Hospital), Place: k.Place, Title: b.T("care.pair", "a", contactTitle(b, k), "b", operationName(b, o)), Note: k.Note}
		if v.Record && k.Live {
			e.Href = "/followups/contacts/" + k.ID.String() + "/withdrawal"
		}
		e.Lines = contactLines(b, k)
		if n := v.FoundBy(k.ID); n > 0 {
			e.Lines = append(e.Lines, b.T("followup.found_again", "n", n))
		}
		out = append(out, e)
	}
	return out
}

func contactTitle(b Base, k aftercare.Contact) string {
	step := b.T("followup.unscheduled")
	if k.Step != "" {
		step = b.T(k.Step.Label())
	}
	how := b.T(k.Evidence.Label())
	if k.Informant != "" {
		how = b.T("care.person", "name", how, "who", k.Informant)
	}
	if !k.Reached {
		how = b.T("care.marked", "what", how, "mark", b.T("followup.reached.no"))
	}
	return b.T("care.pair", "a", step, "b", how)
}

func contactLines(b Base, k aftercare.Contact) []string {
	var out []string
	if !k.Live {
		out = append(out, b.T("followup.withdrawn", "reason", k.Withdrawn))
	}
	for _, r := range k.Results {
		out = append(out, scoreText(b, r))
	}
	for _, x := range k.Complications {
		out = append(out, complicationText(b, x, k.Kind.Programme()))
	}
	who := b.T("followup.entered", "name", k.EnteredBy, "on", k.EnteredOn())
	if k.EnteredOn().After(k.On) {
		who = b.T("followup.entered_late", "name", k.EnteredBy, "on", k.EnteredOn())
	}
	return append(out, who)
}

// scoreText is a score with its parts and its grade.
func scoreText(b Base, r followup.Result) string {
	scale, _ := r.Instrument.Scale()
	value := strconv.Itoa(*r.Total)
	if r.Instrument.Class() {
		value = roman(*r.Total)
	}
	if g := scale.Grade(*r.Total); g != "" {
		value = b.T("care.person", "name", value, "who", b.T(g))
	}
	text := b.T("followup.pair", "name", b.T(r.Instrument.Label()), "value", value)
	var parts []string
	for _, p := range scale.Parts {
		if v, ok := r.Parts[p.Name]; ok {
			parts = append(parts, b.T(p.Label())+" "+strconv.Itoa(v))
		}
	}
	if len(parts) == 0 {
		return text
	}
	return b.T("care.pair", "a", text, "b", strings.Join(parts, b.T("list.separator")))
}

func roman(n int) string {
	return []string{"0", "I", "II", "III", "IV"}[max(0, min(n, 4))]
}

func complicationText(b Base, x complication.Complication, p procedure.Programme) string {
	out := []string{b.T(x.Type.Label()), b.T("followup.onset_on", "on", x.Onset)}
	if grade := severityText(b, x, p); grade != "" {
		out = append(out, grade)
	}
	if x.Related != complication.RelatedUnknown {
		out = append(out, b.T(x.Related.Label()))
	}
	if x.Note != "" {
		out = append(out, x.Note)
	}
	return b.T("followup.pair", "name", b.T("followup.complication"), "value", strings.Join(out, b.T("list.separator")))
}

func endFields() []Field {
	var options []Option
	for _, r := range followup.Endings() {
		options = append(options, Option{Value: string(r), Key: r.Label()})
	}
	return []Field{{Name: "reason", LabelKey: "followup.reason", Kind: KindRadio, Options: options, Focus: true},
		{Name: "on", LabelKey: "followup.end.on", Kind: KindDate, Width: 6},
		{Name: "note", LabelKey: "followup.end.note", HintKey: "followup.end.note.hint", Kind: KindArea, Rows: 3, Max: followup.MaxText, Optional: true}}
}

func (s *Server) endForm(r *http.Request, c *Call) (careForm, aftercare.CaseView, error) {
	v, err := s.readFollowUps(r, c)
	if err != nil {
		return careForm{}, v, err
	}
	b := s.followBase(c, v, c.P.T("followup.end"), ofCase(c.Base, v))
	f := keyed(NewForm(b, c.Today, endFields()...)).Hide("seen", version(v.Seen))
	f.Action = caseFollowUps(v.ID.String()) + "/end"
	p := careForm{Base: b, Form: f}
	p.Alerts = []Alert{{Kind: "warn", Title: b.T("followup.end.all", "n", len(v.Open())), Text: b.T("followup.end.death")}}
	return p, v, nil
}

func (s *Server) showEnd(w http.ResponseWriter, r *http.Request, p careForm, v aftercare.CaseView) error {
	return s.showCareForm(w, r, p, Button{Text: p.T("followup.end.save")}, caseFollowUps(v.ID.String()))
}

func (s *Server) endFollowUpPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.endForm(r, c)
	if err != nil {
		return err
	}
	p.Form.Put("on", c.Today.String())
	return s.showEnd(w, r, p, v)
}

func (s *Server) endFollowUp(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.endForm(r, c)
	if err != nil {
		return err
	}
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := aftercare.EndInput{Case: v.ID, Seen: seen(r), End: followup.End{Reason: followup.Reason(f.Choice("reason")), On: f.Date("on"), Note: f.Text("note")}}
	if f.OK() {
		done, err := s.d.Aftercare.End(r.Context(), c.Who, in, aftercare.KeyOf(requestKey(r), in))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("followup.ended", "n", done.FollowUps)})
			return seeOther(w, r, caseFollowUps(v.ID.String()))
		}
		if errs.Is(err, errs.Stale) { // somebody recorded meanwhile: the form stays, with the view as it is now
			f.raw.Del("seen")
			f.raw.Del("_key")
			f.errors = append(f.errors, errs.Field{Key: "form.overtaken.page"})
			err = nil
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showEnd(w, r, p, v)
}

// seen is the mark of the view a decision was made by.
func seen(r *http.Request) int64 {
	n, err := strconv.ParseInt(r.PostFormValue("seen"), 10, 64)
	if err != nil || n < 1 {
		return -1 // no view there is: whoever saw none decides on an old one
	}
	return n
}

func (s *Server) resumeFollowUp(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := NewForm(c.Base, c.Today).Read(r); err != nil {
		return err
	}
	in := aftercare.ResumeInput{Case: id, Seen: seen(r)}
	done, err := s.d.Aftercare.Resume(r.Context(), c.Who, in, aftercare.KeyOf(requestKey(r), in))
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("followup.resumed", "n", done.FollowUps)})
	return seeOther(w, r, caseFollowUps(id.String()))
}

func (s *Server) scheduleFollowUp(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := NewForm(c.Base, c.Today).Read(r); err != nil {
		return err
	}
	done, err := s.d.Aftercare.Schedule(r.Context(), c.Who, id, aftercare.KeyOf(requestKey(r), id))
	if err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("followup.scheduled", "n", done.FollowUps)})
	return seeOther(w, r, caseFollowUps(id.String()))
}

func (s *Server) withdrawalOfContact(r *http.Request, c *Call) (careForm, aftercare.Contact, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, aftercare.Contact{}, err
	}
	k, err := s.d.Aftercare.Contact(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, k, err
	}
	b := s.careBase(c, "followups", c.P.T("followup.contact"), Link{Text: c.P.T("followup.contacts"), Href: caseFollowUps(k.Case.String())})
	f := keyed(NewForm(b, c.Today, Field{Name: "reason", LabelKey: "followup.withdraw.reason", HintKey: "followup.withdraw.hint", Kind: KindArea, Rows: 3, Max: followup.MaxText, Focus: true}))
	f.Hide("version", version(k.Version))
	f.Action = r.URL.Path
	facts := []Def{{Label: b.T("followup.on"), Text: b.Day(k.On)}, {Label: b.T("followup.how"), Text: contactTitle(b, k)}}
	for _, line := range contactLines(b, k) {
		facts = append(facts, Def{Label: b.T("followup.found"), Text: line})
	}
	return careForm{Base: b, Form: f, Facts: facts}, k, nil
}

func (s *Server) showContactWithdrawal(w http.ResponseWriter, r *http.Request, p careForm, k aftercare.Contact) error {
	return s.showCareForm(w, r, p, Button{Text: p.T("followup.withdraw"), Kind: "danger"}, caseFollowUps(k.Case.String()))
}

func (s *Server) withdrawContactPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, k, err := s.withdrawalOfContact(r, c)
	if err != nil {
		return err
	}
	return s.showContactWithdrawal(w, r, p, k)
}

func (s *Server) withdrawContact(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, k, err := s.withdrawalOfContact(r, c)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := aftercare.WithdrawInput{Contact: k.ID, Version: p.Form.Version(), Reason: p.Form.Text("reason")}
	if p.Form.OK() {
		if _, err = s.d.Aftercare.Withdraw(r.Context(), c.Who, in, aftercare.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("followup.withdrawn.done")})
			return seeOther(w, r, caseFollowUps(k.Case.String()))
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showContactWithdrawal(w, r, p, k)
}
