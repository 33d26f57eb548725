package webui

import (
	"net/http"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// gradeOptions are the grades of every scale a programme uses, in groups.
func gradeOptions(b Base, p procedure.Programme) []Option {
	var out []Option
	var seen []complication.Scale
	for _, x := range complication.Types(p) {
		scale := x.Scale(p)
		if scale == "" || slices.Contains(seen, scale) {
			continue
		}
		seen = append(seen, scale)
		for _, g := range scale.Grades() {
			out = append(out, Option{Value: string(scale) + ":" + g, Text: b.T(scale.GradeLabel(g)), Group: b.T(scale.Label())})
		}
	}
	return out
}

func complicationForm(b Base, today clock.Date, v care.OperationView, old care.Complication) *Form {
	grades := gradeOptions(b, v.Programme)
	fields := []Field{{Name: "type", LabelKey: "complication.type", Kind: KindSelect, Options: optionsOf(complication.Types(v.Programme)...), Width: 6, Focus: true},
		{Name: "onset_on", LabelKey: "complication.onset", Kind: KindDate, Width: 6}}
	if len(grades) > 0 {
		fields = append(fields, Field{Name: "grade", LabelKey: "complication.grade", HintKey: "complication.grade.hint", Kind: KindSelect, Options: grades, Blank: "list.none", Optional: true, Width: 6})
	}
	fields = append(fields, Field{Name: "related", LabelKey: "complication.related", Kind: KindRadio, Options: optionsOf(complication.RelatedAnswers()...), Width: 6},
		Field{Name: "outcome", LabelKey: "complication.outcome", Kind: KindRadio, Options: optionsOf(complication.Outcomes()...)},
		Field{Name: "note", LabelKey: "complication.note", Kind: KindArea, Rows: 2, Max: 500, Optional: true})
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/operations/" + v.ID.String() + "/complications"
	if old.ID != ident.Nil {
		f.Action += "/" + old.ID.String()
		f.Hide("version", version(old.Version))
		f.Put("type", string(old.Type)).Put("onset_on", old.Onset.String()).Put("related", string(old.Related)).Put("outcome", string(old.Outcome)).Put("note", old.Note)
		if old.Grade != "" {
			f.Put("grade", string(old.Type.Scale(v.Programme))+":"+old.Grade)
		}
	}
	return f
}

// readComplication reads the form.
func readComplication(f *Form, p procedure.Programme) complication.Complication {
	c := complication.Complication{Type: complication.Type(f.Choice("type")), Onset: f.Date("onset_on"), Related: complication.Related(f.Choice("related")),
		Outcome: complication.Outcome(f.Choice("outcome")), Note: f.Text("note")}
	c.Grade = readGrade(f, "grade", c.Type, p)
	return c
}

// readGrade reads a field of gradeOptions; a grade of another scale than the
// type's is refused where it was chosen.
func readGrade(f *Form, name string, t complication.Type, p procedure.Programme) string {
	if !slices.Contains(f.Names(), name) {
		return ""
	}
	scale, picked := t.Scale(p), f.Choice(name)
	for _, g := range scale.Grades() {
		if picked == string(scale)+":"+g {
			return g
		}
	}
	switch {
	case picked == "" || t == "":
	case scale == "":
		f.Fail(name, "error.complication.no_scale")
	default:
		f.Fail(name, "error.complication.grade", "scale", errs.Key(scale.Label()))
	}
	return ""
}

// severityText is a grade with its scale's words.
func severityText(b Base, c complication.Complication, p procedure.Programme) string {
	if scale := c.Type.Scale(p); scale != "" && c.Grade != "" {
		return b.T(scale.GradeLabel(c.Grade))
	}
	return ""
}

// complicationsTable lists what came after an operation.
func complicationsTable(b Base, v care.OperationView) Table {
	t := Table{Caption: b.T("complication.list"), Columns: []Column{{Key: "complication.onset"}, {Key: "complication.type", Class: "grow"}, {Key: "complication.grade"}, {Key: "complication.related"}, {Key: "complication.outcome"}, {Key: "complication.by"}}}
	for _, c := range v.Complications {
		on := DateCell(c.Onset)
		on.Sub = b.T("complication.day", "n", c.Onset.DaysSince(v.OperatedOn))
		what := TextCell(b.T(c.Type.Label()))
		if v.Observe {
			what = LinkCell(b.T(c.Type.Label()), "/operations/"+v.ID.String()+"/complications/"+c.ID.String())
		}
		what.Sub = c.Note
		if c.Type == complication.StentThrombosis {
			what.Sub = b.T(complication.TimingLabel(complication.Timing(c.Onset.DaysSince(v.OperatedOn))))
		}
		by := TextCell(c.By)
		if c.Contact != ident.Nil {
			by.Sub = b.T("complication.told")
		}
		t.Rows = append(t.Rows, Cells(on, what, TextCell(severityText(b, c.Complication, v.Programme)), TextCell(b.T(c.Related.Label())), TextCell(b.T(c.Outcome.Label())), by))
	}
	return t
}

// maceFacts is the state of an intervention at 30 days and a year, under the
// definition that is printed beside it.
func maceFacts(b Base, v care.OperationView) []Def {
	if !v.Kind.Intervention() || v.Away {
		return nil
	}
	course := complication.Course{Operated: v.OperatedOn, Died: v.Deceased, SeenOn: v.SeenOn}
	for _, c := range v.Complications {
		course.List = append(course.List, c.Complication)
	}
	var out []Def
	for _, days := range []int{30, 365} {
		m := complication.MACEWithin(course, days)
		text := b.T("complication.mace.open")
		switch {
		case m.Event != "":
			text = b.T("complication.mace.event", "n", m.Day, "what", b.T(m.Event.Label()))
		case m.Settled:
			text = b.T("complication.mace.none")
		}
		out = append(out, Def{Label: b.T("complication.mace.within", "n", days), Text: text})
	}
	return out
}

func (s *Server) complication(r *http.Request, c *Call, title string) (careForm, care.OperationView, care.Complication, error) {
	v, err := s.readOperationPage(r, c)
	if err != nil {
		return careForm{}, v, care.Complication{}, err
	}
	var old care.Complication
	if title != "complication.new" {
		id, err := pathID(r, "complication")
		if err != nil {
			return careForm{}, v, old, err
		}
		i := slices.IndexFunc(v.Complications, func(x care.Complication) bool { return x.ID == id })
		if i < 0 {
			return careForm{}, v, old, errs.Missing("error.complication.missing")
		}
		old = v.Complications[i]
	}
	b := s.careBase(c, "operations", c.P.T(title), Link{Text: operationName(c.Base, v.Operation), Href: "/operations/" + v.ID.String()})
	p := careForm{Base: b, Form: complicationForm(b, c.Today, v, old), Facts: operationFacts(b, v, c.Today)}
	return p, v, old, nil
}

func (s *Server) showComplication(w http.ResponseWriter, r *http.Request, p careForm, v care.OperationView, old care.Complication) error {
	p = p.with(Button{Text: p.T("directory.save")}, "/operations/"+v.ID.String())
	if old.ID != ident.Nil {
		p.Buttons = append(p.Buttons, Button{Text: p.T("complication.remove"), Href: "/operations/" + v.ID.String() + "/complications/" + old.ID.String() + "/withdrawal"})
	}
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}

func (s *Server) newComplicationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, old, err := s.complication(r, c, "complication.new")
	if err != nil {
		return err
	}
	return s.showComplication(w, r, p, v, old)
}

func (s *Server) editComplicationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, old, err := s.complication(r, c, "complication.edit")
	if err != nil {
		return err
	}
	return s.showComplication(w, r, p, v, old)
}

func (s *Server) addComplication(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.saveComplication(w, r, c, "complication.new")
}

func (s *Server) editComplication(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.saveComplication(w, r, c, "complication.edit")
}

func (s *Server) saveComplication(w http.ResponseWriter, r *http.Request, c *Call, title string) error {
	p, v, old, err := s.complication(r, c, title)
	if err != nil {
		return err
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := care.ComplicationInput{Operation: v.ID, ID: old.ID, Complication: readComplication(p.Form, v.Programme)}
	if old.ID != ident.Nil {
		in.Version = p.Form.Version()
	}
	if p.Form.OK() {
		if _, err = s.d.Care.SaveComplication(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T(map[bool]string{true: "complication.saved", false: "complication.corrected"}[old.ID == ident.Nil])})
			return seeOther(w, r, "/operations/"+v.ID.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showComplication(w, r, p, v, old)
}

func (s *Server) complicationToWithdraw(r *http.Request, c *Call) (careForm, care.OperationView, care.Complication, error) {
	p, v, old, err := s.complication(r, c, "complication.remove")
	if err != nil {
		return p, v, old, err
	}
	facts := []Def{{Label: p.T("complication.type"), Text: p.T(old.Type.Label())}, {Label: p.T("complication.onset"), Text: p.Day(old.Onset)}}
	p = withdrawal(p.Base, c.Today, facts, old.Version)
	p.Form.Action = r.URL.Path
	return p, v, old, nil
}

func (s *Server) withdrawComplicationPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, _, err := s.complicationToWithdraw(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("complication.remove"), Kind: "danger"}, "/operations/"+v.ID.String())
}

func (s *Server) withdrawComplication(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, old, err := s.complicationToWithdraw(r, c)
	if err != nil {
		return s.complicationWithdrawn(w, r, c, err)
	}
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := care.WithdrawInput{Of: v.ID, ID: old.ID, Version: p.Form.Version(), Reason: p.Form.Text("reason")}
	if p.Form.OK() {
		if _, err = s.d.Care.WithdrawComplication(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in)); err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("complication.removed")})
			return seeOther(w, r, "/operations/"+v.ID.String())
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("complication.remove"), Kind: "danger"}, "/operations/"+v.ID.String())
}

// complicationWithdrawn answers the same withdrawal a second time.
func (s *Server) complicationWithdrawn(w http.ResponseWriter, r *http.Request, c *Call, missing error) error {
	of, e1 := pathID(r, "id")
	id, e2 := pathID(r, "complication")
	if e1 != nil || e2 != nil {
		return missing
	}
	if err := again(r, c, missing, func(v int64, reason string) error {
		in := care.WithdrawInput{Of: of, ID: id, Version: v, Reason: reason}
		_, err := s.d.Care.WithdrawComplication(r.Context(), c.Who, in, care.KeyOf(requestKey(r), in))
		return err
	}); err != nil {
		return err
	}
	return seeOther(w, r, "/operations/"+of.String())
}
