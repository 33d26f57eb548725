package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

// visitStep is one form inside a mission.
type visitStep struct {
	title string // message key
	save  string
	done  string
	kind  string // of the button
	late  bool   // open after the end of the mission as well
	param string // names the part of the mission in the address: member, entry or supply
	form  func(b Base, v visiting.VisitView, part ident.ID) *Form
	read  func(x stepCall) func() error
}

// stepCall is a posted step: the mission, the part of it the address names, the
// form, and who acts.
type stepCall struct {
	s    *Server
	r    *http.Request
	c    *Call
	v    visiting.VisitView
	part ident.ID
	f    *Form
}

// key is the idempotency key of the step with its input.
func (x stepCall) key(in any) visiting.Key { return visiting.KeyOf(requestKey(x.r), in) }

func (s *Server) visitStep(r *http.Request, c *Call, step visitStep) (careForm, stepCall, error) {
	v, err := s.visitOf(r, c)
	if err != nil {
		return careForm{}, stepCall{}, err
	}
	part := ident.Nil
	if step.param != "" {
		if part, err = pathID(r, step.param); err == nil && !hasPart(v, part) {
			err = errs.Missing("error.not_found")
		}
		if err != nil {
			return careForm{}, stepCall{}, err
		}
	}
	b := s.visitingFormBase(c, c.P.T(step.title), "visits")
	b.Crumbs[2] = Link{Text: v.Title, Href: visitPlace(v.ID)}
	b.Crumbs = append(b.Crumbs, Link{Text: b.Title})
	f := keyed(step.form(b, v, part))
	f.Action = r.URL.Path
	return careForm{Base: b, Form: f, Facts: visitFacts(b, v)}, stepCall{s: s, r: r, c: c, v: v, part: part, f: f}, nil
}

// hasPart reports whether a member, an entry or a supply is in the mission.
func hasPart(v visiting.VisitView, id ident.ID) bool {
	return slices.ContainsFunc(v.Roster, func(m visiting.Member) bool { return m.ID == id }) ||
		slices.ContainsFunc(v.Supplies, func(x visiting.Supply) bool { return x.ID == id }) ||
		slices.ContainsFunc(v.Lines, func(l visiting.VisitLine) bool { return l.Entry != nil && l.Entry.ID == id })
}

func (s *Server) visitStepPage(step visitStep) handler {
	return func(w http.ResponseWriter, r *http.Request, c *Call) error {
		p, x, err := s.visitStep(r, c, step)
		if err != nil {
			return err
		}
		if id := r.URL.Query().Get("case"); id != "" {
			p.Form.Put("case", id)
		}
		if err := x.v.Open(); err != nil && !(step.late && x.v.Hand) {
			p.WhyNot = whyNot(p.Base, err)
		}
		return s.showCareForm(w, r, p, Button{Text: p.T(step.save), Kind: step.kind}, visitPlace(x.v.ID))
	}
}

func (s *Server) takeVisitStep(step visitStep) handler {
	return func(w http.ResponseWriter, r *http.Request, c *Call) error {
		p, x, err := s.visitStep(r, c, step)
		if err != nil {
			return err
		}
		return s.submit(w, r, c, p, submission{Save: Button{Text: p.T(step.save), Kind: step.kind}, Back: visitPlace(x.v.ID), Done: step.done,
			Read: func(*Form) func() error { return step.read(x) }})
	}
}

func editVisitStep() visitStep {
	return visitStep{title: "visit.edit", save: "directory.save", done: "directory.saved",
		form: func(b Base, v visiting.VisitView, _ ident.ID) *Form {
			f := NewForm(b, v.Today, missionFields()...)
			f.Hide("version", version(v.Version))
			return f.Put("title", v.Title).Put("from", v.From.String()).Put("to", v.To.String()).Put("note", v.Note)
		},
		read: func(x stepCall) func() error {
			in := visit.Mission{ID: x.v.ID, Title: x.f.Text("title"), From: x.f.Date("from"), To: x.f.Date("to"), Note: x.f.Text("note"), Version: x.f.Version()}
			return func() error {
				_, err := x.s.d.Visiting.SaveVisit(x.r.Context(), x.c.Who, in, x.key(in))
				return err
			}
		}}
}

func memberStep() visitStep {
	return visitStep{title: "visit.member.add", save: "visit.member.add", done: "visit.saved",
		form: func(b Base, v visiting.VisitView, _ ident.ID) *Form {
			var doctors []Option
			for _, d := range v.Doctors {
				doctors = append(doctors, Option{Value: d.ID.String(), Text: d.Name + " " + d.HomeName})
			}
			return NewForm(b, v.Today, Field{Name: "practitioner", LabelKey: "privilege.practitioner", HintKey: "privilege.practitioner.hint", Kind: KindCombo, Options: doctors, Focus: true},
				Field{Name: "duty", LabelKey: "visit.duty", Kind: KindRadio, Options: optionsOf(visit.Duties()...)})
		},
		read: func(x stepCall) func() error {
			in := visiting.MemberInput{Visit: x.v.ID, Practitioner: picked(x.f, "practitioner"), Duty: visit.Duty(x.f.Choice("duty"))}
			return func() error { return x.s.d.Visiting.ChangeRoster(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func removeMemberStep() visitStep {
	return visitStep{title: "visit.member.remove", save: "visit.member.remove", done: "visit.saved", kind: "danger", param: "member", form: emptyStep,
		read: func(x stepCall) func() error {
			in := visiting.MemberInput{Visit: x.v.ID, Remove: x.part}
			return func() error { return x.s.d.Visiting.ChangeRoster(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func emptyStep(b Base, v visiting.VisitView, _ ident.ID) *Form { return NewForm(b, v.Today) }

// surgeons of the roster, for the list.
func memberOptions(v visiting.VisitView) []Option {
	out := make([]Option, len(v.Roster))
	for i, m := range v.Roster {
		out[i] = Option{Value: m.Practitioner.String(), Text: m.Name + " " + m.HomeName}
	}
	return out
}

func planCaseStep() visitStep {
	return visitStep{title: "visit.cases", save: "visit.cases.save", done: "visit.saved",
		form: func(b Base, v visiting.VisitView, _ ident.ID) *Form {
			f := NewForm(b, v.Today, Field{Name: "case", LabelKey: "case.no", HintKey: "visit.case.hint", Max: 30, Width: 6, Focus: true},
				Field{Name: "kind", LabelKey: "operation.kind", Kind: KindSelect, Options: operationKinds(b), Width: 6},
				Field{Name: "side", LabelKey: "operation.side", HintKey: "visit.side.hint", Kind: KindRadio, Options: sideOptions(procedure.Joint), Optional: true, Width: 6},
				surgeonField(v))
			for _, x := range entryFields() {
				f.Declare(x)
			}
			return f.Put("on", laterOf(v.Today, v.From).String())
		},
		read: func(x stepCall) func() error {
			f := x.f
			in := visiting.EntryInput{Visit: x.v.ID, CaseNo: f.Text("case"), Entry: readEntry(f)}
			in.Entry.Kind, in.Entry.Side = procedure.Kind(f.Choice("kind")), procedure.Side(f.Choice("side"))
			return func() error { return x.s.d.Visiting.PlanCase(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func surgeonField(v visiting.VisitView) Field {
	return Field{Name: "surgeon", LabelKey: "operation.lead", Kind: KindSelect, Options: memberOptions(v), Blank: "list.none", Optional: true, Width: 6}
}

// entryFields are when and in which place an operation is planned.
func entryFields() []Field {
	return []Field{{Name: "on", LabelKey: "visit.planned_on", Kind: KindDate, Width: 6},
		{Name: "start", LabelKey: "visit.start", HintKey: "visit.start.hint", Max: 5, Optional: true, Width: 3},
		{Name: "minutes", LabelKey: "visit.minutes", Kind: KindNumber, Low: 1, High: 1440, Optional: true, Width: 3},
		{Name: "place", LabelKey: "visit.place", HintKey: "visit.place.hint", Kind: KindNumber, Low: 1, High: visit.MaxPlace, Optional: true, Width: 3},
		{Name: "note", LabelKey: "visit.entry.note", Kind: KindArea, Rows: 2, Max: visit.MaxNote, Optional: true}}
}

// readEntry reads what entryFields and the choice of the surgeon hold.
func readEntry(f *Form) visit.Entry {
	return visit.Entry{Surgeon: picked(f, "surgeon"), On: f.Date("on"), Start: readClock(f, "start"), Minutes: f.Int("minutes"), Place: f.Int("place"), Note: f.Text("note")}
}

// replanCaseStep changes what was planned; patient and operation stay.
func replanCaseStep() visitStep {
	return visitStep{title: "visit.entry.edit", save: "directory.save", done: "visit.saved", param: "entry",
		form: func(b Base, v visiting.VisitView, part ident.ID) *Form {
			i := slices.IndexFunc(v.Lines, func(l visiting.VisitLine) bool { return l.Entry != nil && l.Entry.ID == part })
			f := NewForm(b, v.Today, slices.Concat([]Field{{Name: "what", LabelKey: "operation.one", Kind: KindStatic, Optional: true, Width: 6}, surgeonField(v)}, entryFields())...)
			if i < 0 {
				return f
			}
			e := v.Lines[i].Entry
			what := kindName(b, e.Kind, e.Side)
			if v.Cases {
				what = b.T("care.pair", "a", v.Lines[i].Patient.Name, "b", what)
			}
			f.Put("what", what).Put("on", e.On.String()).Put("note", e.Note).Put("surgeon", "").Put("start", "").Put("minutes", "").Put("place", "")
			if e.Surgeon != ident.Nil {
				f.Put("surgeon", e.Surgeon.String())
			}
			if e.Timed() {
				f.Put("start", clockTime(e.Start)).Put("minutes", number(e.Minutes))
			}
			if e.Place > 0 {
				f.Put("place", number(e.Place))
			}
			return f.Hide("version", version(e.Version))
		},
		read: func(x stepCall) func() error {
			in := visiting.ReplanInput{Visit: x.v.ID, Entry: readEntry(x.f)}
			in.Entry.ID, in.Entry.Version = x.part, x.f.Version()
			return func() error { return x.s.d.Visiting.ReplanCase(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func laterOf(a, b clock.Date) clock.Date {
	if a.Before(b) {
		return b
	}
	return a
}

// readClock reads an hour such as 9:30 or 930.
func readClock(f *Form, name string) int {
	text := strings.NewReplacer("\uff1a", ":", ".", ":").Replace(f.Text(name))
	if text == "" {
		return 0
	}
	hours, minutes, ok := strings.Cut(text, ":")
	if !ok && len(text) >= 3 {
		hours, minutes = text[:len(text)-2], text[len(text)-2:]
	}
	h, err := strconv.Atoi(hours)
	m, err2 := strconv.Atoi("0" + minutes)
	if err != nil || err2 != nil || h < 0 || h > 23 || m > 59 {
		f.Fail(name, "error.visit.clock")
		return 0
	}
	return h*60 + m
}

func cancelCaseStep() visitStep {
	return visitStep{title: "visit.entry.cancel", save: "visit.entry.cancel", done: "visit.saved", kind: "danger", param: "entry",
		form: func(b Base, v visiting.VisitView, part ident.ID) *Form {
			f := NewForm(b, v.Today, Field{Name: "reason", LabelKey: "treatment.reason", HintKey: "visit.entry.reason", Kind: KindArea, Rows: 2, Max: 500, Focus: true})
			for _, l := range v.Lines {
				if l.Entry != nil && l.Entry.ID == part {
					f.Hide("version", version(l.Entry.Version))
				}
			}
			return f
		},
		read: func(x stepCall) func() error {
			in := visiting.CancelInput{Visit: x.v.ID, Entry: x.part, Version: x.f.Version(), Reason: x.f.Text("reason")}
			return func() error { return x.s.d.Visiting.CancelCase(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func handoverStep() visitStep {
	return visitStep{title: "visit.handover", save: "visit.handover.save", done: "visit.handed", late: true,
		form: func(b Base, v visiting.VisitView, _ ident.ID) *Form {
			var patients, doctors []Option
			seen := map[ident.ID]bool{}
			for _, l := range v.Lines {
				if l.Operation != nil && l.Case != ident.Nil && !seen[l.Case] {
					seen[l.Case] = true
					patients = append(patients, Option{Value: l.Case.String(), Text: l.Patient.CaseNo + " " + l.Patient.Name})
				}
			}
			for _, d := range v.Local() {
				doctors = append(doctors, Option{Value: d.ID.String(), Text: d.Name})
			}
			f := NewForm(b, v.Today, Field{Name: "case", LabelKey: "case.patient", Kind: KindSelect, Options: patients, Width: 6, Focus: true},
				Field{Name: "owner", LabelKey: "visit.owner", HintKey: "visit.owner.hint", Kind: KindCombo, Options: doctors, Width: 6},
				Field{Name: "on", LabelKey: "visit.handed_on", Kind: KindDate, Width: 6},
				Field{Name: "note", LabelKey: "care.note", HintKey: "visit.handover.note", Kind: KindArea, Rows: 2, Max: 500, Optional: true})
			return f.Put("on", v.Today.String())
		},
		read: func(x stepCall) func() error {
			in := visiting.HandoverInput{Visit: x.v.ID, Case: picked(x.f, "case"), Owner: picked(x.f, "owner"), On: x.f.Date("on"), Note: x.f.Text("note")}
			return func() error { return x.s.d.Visiting.HandOver(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func attendStep() visitStep {
	return visitStep{title: "visit.attend", save: "visit.attend.save", done: "visit.saved",
		form: func(b Base, v visiting.VisitView, _ ident.ID) *Form {
			f := NewForm(b, v.Today, Field{Name: "practitioner", LabelKey: "privilege.practitioner", Kind: KindSelect, Options: memberOptions(v), Width: 6, Focus: true},
				Field{Name: "on", LabelKey: "visit.day", Kind: KindDate, Width: 6},
				Field{Name: "part", LabelKey: "visit.day.part", Kind: KindRadio, Options: optionsOf(visit.DayParts()...)})
			return f.Put("on", v.Today.String())
		},
		read: func(x stepCall) func() error {
			in := visiting.DayInput{Visit: x.v.ID, Attendance: visit.Attendance{Practitioner: picked(x.f, "practitioner"), On: x.f.Date("on"), Part: visit.DayPart(x.f.Choice("part"))}}
			return func() error { return x.s.d.Visiting.Attend(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func supplyStep() visitStep {
	return visitStep{title: "visit.supply.add", save: "visit.supply.add", done: "visit.saved",
		form: func(b Base, v visiting.VisitView, _ ident.ID) *Form {
			var sources []Option
			for _, x := range visiting.SupplySources() {
				sources = append(sources, Option{Value: x, Key: "visit.supply.source." + x})
			}
			return NewForm(b, v.Today, Field{Name: "name", LabelKey: "visit.supply.name", Max: 60, Width: 6, Focus: true},
				Field{Name: "quantity", LabelKey: "visit.supply.quantity", Kind: KindNumber, Low: 1, High: 100000, Width: 3},
				Field{Name: "unit", LabelKey: "visit.supply.unit", Max: 10, Width: 3},
				Field{Name: "source", LabelKey: "visit.supply.source", Kind: KindRadio, Options: sources})
		},
		read: func(x stepCall) func() error {
			in := visiting.SupplyInput{Visit: x.v.ID, Supply: visiting.Supply{Name: x.f.Text("name"), Quantity: x.f.Int("quantity"), Unit: x.f.Text("unit"), Source: x.f.Choice("source")}}
			return func() error { return x.s.d.Visiting.UseSupplies(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func removeSupplyStep() visitStep {
	return visitStep{title: "visit.supply.remove", save: "visit.supply.remove", done: "visit.saved", kind: "danger", param: "supply", form: emptyStep,
		read: func(x stepCall) func() error {
			in := visiting.SupplyInput{Visit: x.v.ID, Remove: x.part}
			return func() error { return x.s.d.Visiting.UseSupplies(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func closeVisitStep() visitStep {
	return visitStep{title: "visit.close", save: "visit.close", done: "visit.closed",
		form: func(b Base, v visiting.VisitView, _ ident.ID) *Form {
			return NewForm(b, v.Today).Hide("version", version(v.Version))
		},
		read: func(x stepCall) func() error {
			in := visiting.End{Visit: x.v.ID, Version: x.f.Version()}
			return func() error { return x.s.d.Visiting.Close(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}

func cancelVisitStep() visitStep {
	return visitStep{title: "visit.cancel", save: "visit.cancel", done: "visit.cancelled", kind: "danger",
		form: func(b Base, v visiting.VisitView, _ ident.ID) *Form {
			f := NewForm(b, v.Today, Field{Name: "reason", LabelKey: "treatment.reason", Kind: KindArea, Rows: 2, Max: 500, Focus: true})
			return f.Hide("version", version(v.Version))
		},
		read: func(x stepCall) func() error {
			in := visiting.End{Visit: x.v.ID, Version: x.f.Version(), Reason: x.f.Text("reason")}
			return func() error { return x.s.d.Visiting.Cancel(x.r.Context(), x.c.Who, in, x.key(in)) }
		}}
}
