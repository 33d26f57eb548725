package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func (s *Server) skillRoutes(rt *router) {
	rt.get("/skills", authz.SkillRead, s.skillsPage)
	rt.get("/skills/{id}", authz.SkillRead, s.ladderPage)
	rt.get("/skills/{id}/signoffs/new", authz.SkillSign, s.newSignoffPage)
	rt.post("/skills/{id}/signoffs", authz.SkillSign, s.signOff)
	rt.get("/skills/{id}/signoffs/{signoff}/revoke", authz.SkillSign, s.revokeSignoffPage)
	rt.post("/skills/{id}/signoffs/{signoff}/revoke", authz.SkillSign, s.revokeSignoff)
	rt.get("/skill-rules", authz.SkillEdit, s.skillRulesPage)
	rt.post("/skill-rules", authz.SkillEdit, s.setSkillRules)
	rt.get("/operations/{id}/observers", authz.ProcedureEdit, s.observersPage)
	rt.post("/operations/{id}/observers", authz.ProcedureEdit, s.observe)
}

func (s *Server) skillsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Visiting.Learners(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newLearnersView(s.visitingBase(c, "skills"), list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "device/list", v)
}

func newLearnersView(b Base, list visiting.Learners) deviceList {
	if list.Rules {
		b.Actions = []Button{{Text: b.T("skill.rules"), Icon: "gear", Href: "/skill-rules"}}
	}
	t := Table{Caption: b.T("visiting.tab.skills"), Quiet: true, Columns: []Column{{Key: "practitioner.name"}, {Key: "practitioner.home"}, {Key: "practitioner.grade"}, {Key: "practitioner.specialty"},
		{Key: "skill.signed", Class: "grow"}}, Empty: Empty{Title: b.T("practitioners.empty"), Text: b.T("practitioners.empty.text")}}
	for _, x := range list.Rows {
		var kinds []string
		for _, k := range x.Signed {
			kinds = append(kinds, b.T(k.Kind.Label()))
		}
		t.Rows = append(t.Rows, Cells(nameCell(x.Name, "/skills/"+x.ID.String()), TextCell(x.HomeName), TextCell(gradeText(b, x.Grade)), TextCell(specialtyText(b, x.Specialty)),
			TextCell(strings.Join(kinds, b.T("list.separator")))))
	}
	return deviceList{Base: b, Table: t}
}

func (s *Server) ladderOf(r *http.Request, c *Call) (visiting.LadderView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return visiting.LadderView{}, err
	}
	return s.d.Visiting.Ladder(r.Context(), c.Who, id)
}

func (s *Server) ladderPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.ladderOf(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "visiting/visit", newLadderPage(s.visitingFormBase(c, v.Doctor.Name, "skills"), v))
}

// newLadderPage is a doctor's ladder: the rungs by kind, and how they came about
// over time.
func newLadderPage(b Base, v visiting.LadderView) visitPage {
	p := visitPage{Base: b, Facts: []Def{{Label: b.T("practitioner.name"), Text: v.Doctor.Name}, {Label: b.T("practitioner.home"), Text: v.Doctor.HomeName},
		{Label: b.T("practitioner.grade"), Text: gradeText(b, v.Doctor.Grade)}, {Label: b.T("practitioner.specialty"), Text: specialtyText(b, v.Doctor.Specialty)}}}
	p.Tables = []Table{rungsTable(b, v), quartersTable(b, v)}
	return p
}

func rungsTable(b Base, v visiting.LadderView) Table {
	self := "/skills/" + v.Doctor.ID.String()
	t := Table{Caption: b.T("skill.ladder"), Note: b.T("skill.ladder.note"), Columns: []Column{{Key: "operation.kind", Class: "grow"}},
		Empty: Empty{Title: b.T("skill.none"), Text: b.T("skill.none.text")}}
	for _, role := range practitioner.LadderRoles() {
		t.Columns = append(t.Columns, Column{Key: role.Label(), Align: "right"})
	}
	t.Columns = append(t.Columns, Column{Key: "skill.level"}, Column{Key: "care.action", Hidden: true})
	for _, l := range v.Ladders {
		row := Cells(TextCell(b.T(l.Kind.Label())))
		for _, role := range practitioner.LadderRoles() {
			cell := Cell{Text: number(l.Count(role)), Nowrap: true}
			if n := l.Visitor[role]; n > 0 {
				cell.Sub = b.T("skill.with_visitor", "n", n)
			}
			row.Cells = append(row.Cells, cell)
		}
		level, action := Cell{}, TextCell("")
		switch l.Level() {
		case practitioner.Independent:
			level = Cell{Tag: &Tag{Text: b.T("skill.independent"), Kind: "ok"}, Sub: l.Signoff.On.String()}
			if v.Sign {
				action = ButtonCell(Button{Text: b.T("skill.revoke"), Href: self + "/signoffs/" + l.Signoff.ID.String() + "/revoke"})
			}
		default:
			level.Text, level.Sub = b.T(l.Level().Label()), b.T("skill.progress", "n", l.Counted(), "needed", l.Needed)
			if v.Sign && l.Ready() && !v.Outside[l.Kind] {
				action = ButtonCell(Button{Text: b.T("skill.sign"), Href: self + "/signoffs/new?kind=" + string(l.Kind)})
			}
		}
		row.Cells = append(row.Cells, level, action)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// quartersTable shows the counts over time, with visitors at the table and without.
func quartersTable(b Base, v visiting.LadderView) Table {
	t := Table{Caption: b.T("skill.quarters"), Columns: []Column{{Key: "skill.quarter"}, {Key: "operation.kind", Class: "grow"}, {Key: "skill.role"}, {Key: "skill.alone", Align: "right"},
		{Key: "skill.visitor", Align: "right"}}, Empty: Empty{Title: b.T("skill.none"), Text: b.T("skill.none.text")}}
	type at struct {
		year, quarter int
		kind          procedure.Kind
		role          practitioner.Role
	}
	var order []at
	counts := map[at][2]int{}
	for _, x := range v.Counts {
		k := at{x.Year, x.Quarter, x.Kind, x.Role}
		n, seen := counts[k]
		if !seen {
			order = append(order, k)
		}
		if x.Visitor {
			n[1] += x.N
		} else {
			n[0] += x.N
		}
		counts[k] = n
	}
	for _, k := range order {
		t.Rows = append(t.Rows, Cells(TextCell(b.T("skill.quarter.name", "year", strconv.Itoa(k.year), "q", k.quarter)), TextCell(b.T(k.kind.Label())), TextCell(b.T(k.role.Label())),
			Cell{Text: number(counts[k][0]), Nowrap: true}, Cell{Text: number(counts[k][1]), Nowrap: true}))
	}
	return t
}

func signoffForm(b Base, today clock.Date, v visiting.LadderView) careForm {
	var kinds []Option
	for _, l := range v.Ladders {
		if l.Signoff == nil && !v.Outside[l.Kind] {
			kinds = append(kinds, Option{Value: string(l.Kind), Key: l.Kind.Label()})
		}
	}
	f := keyed(NewForm(b, today, Field{Name: "kind", LabelKey: "operation.kind", Kind: KindSelect, Options: kinds, Focus: true},
		Field{Name: "note", LabelKey: "privilege.sign.note", Kind: KindArea, Rows: 3, Max: 500, Optional: true}))
	f.Action = "/skills/" + v.Doctor.ID.String() + "/signoffs"
	return careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("practitioner.name"), Text: v.Doctor.Name}, {Label: b.T("practitioner.home"), Text: v.Doctor.HomeName}}}
}

func (s *Server) signoffForm(r *http.Request, c *Call) (careForm, visiting.LadderView, error) {
	v, err := s.ladderOf(r, c)
	return signoffForm(s.visitingFormBase(c, c.P.T("skill.sign"), "skills"), c.Today, v), v, err
}

func (s *Server) newSignoffPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.signoffForm(r, c)
	if err != nil {
		return err
	}
	p.Form.Put("kind", r.URL.Query().Get("kind"))
	return s.showCareForm(w, r, p, Button{Text: p.T("skill.sign")}, "/skills/"+v.Doctor.ID.String())
}

func (s *Server) signOff(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.signoffForm(r, c)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("skill.sign")}, Back: "/skills/" + v.Doctor.ID.String(), Done: "skill.signed.done", Read: func(f *Form) func() error {
		in := visiting.SignoffInput{Doctor: v.Doctor.ID, Kind: procedure.Kind(f.Choice("kind")), Note: f.Text("note")}
		return func() error {
			_, err := s.d.Visiting.SignOff(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
			return err
		}
	}})
}

func revokeForm(b Base, today clock.Date, v visiting.LadderView, x visiting.Signoff) careForm {
	f := keyed(NewForm(b, today, Field{Name: "reason", LabelKey: "treatment.reason", Kind: KindArea, Rows: 2, Max: 500, Focus: true}))
	f.Action = "/skills/" + v.Doctor.ID.String() + "/signoffs/" + x.ID.String() + "/revoke"
	f.Hide("version", version(x.Version))
	return careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("practitioner.name"), Text: v.Doctor.Name}, {Label: b.T("operation.kind"), Text: b.T(x.Kind.Label())},
		{Label: b.T("skill.signed_on"), Text: b.Day(x.On)}, {Label: b.T("privilege.signed_by"), Text: x.Signer}, {Label: b.T("skill.counted"), Text: number(x.Counted)}}}
}

func (s *Server) revokeForm(r *http.Request, c *Call) (careForm, visiting.LadderView, visiting.Signoff, error) {
	v, err := s.ladderOf(r, c)
	if err != nil {
		return careForm{}, v, visiting.Signoff{}, err
	}
	id, err := pathID(r, "signoff")
	i := slices.IndexFunc(v.Signed, func(x visiting.Signoff) bool { return x.ID == id })
	if err != nil || i < 0 {
		return careForm{}, v, visiting.Signoff{}, errs.Missing("error.skill.missing")
	}
	return revokeForm(s.visitingFormBase(c, c.P.T("skill.revoke"), "skills"), c.Today, v, v.Signed[i]), v, v.Signed[i], nil
}

func (s *Server) revokeSignoffPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, _, err := s.revokeForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("skill.revoke"), Kind: "danger"}, "/skills/"+v.Doctor.ID.String())
}

func (s *Server) revokeSignoff(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, x, err := s.revokeForm(r, c)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("skill.revoke"), Kind: "danger"}, Back: "/skills/" + v.Doctor.ID.String(), Done: "skill.revoked", Read: func(f *Form) func() error {
		in := visiting.RevokeInput{Doctor: v.Doctor.ID, Signoff: x.ID, Version: f.Version(), Reason: f.Text("reason")}
		return func() error { return s.d.Visiting.Revoke(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in)) }
	}})
}

func skillRulesForm(b Base, today clock.Date, rules map[procedure.Kind]int) *Form {
	var fields []Field
	for _, p := range procedure.Programmes() {
		for _, k := range exactKinds(p) {
			fields = append(fields, Field{Name: string(k), LabelKey: k.Label(), Kind: KindNumber, Low: 1, High: practitioner.MaxNeeded, Width: 4})
		}
	}
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/skill-rules"
	for _, x := range fields {
		f.Put(x.Name, number(rules[procedure.Kind(x.Name)]))
	}
	return f
}

func (s *Server) skillRulesForm(r *http.Request, c *Call) (careForm, error) {
	rules, err := s.d.Visiting.Rules(r.Context(), c.Who)
	b := s.visitingFormBase(c, c.P.T("skill.rules"), "skills")
	b.Sub = b.T("skill.rules.sub")
	return careForm{Base: b, Form: skillRulesForm(b, c.Today, rules)}, err
}

func (s *Server) skillRulesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.skillRulesForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("directory.save")}, "/skills")
}

func (s *Server) setSkillRules(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, err := s.skillRulesForm(r, c)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("directory.save")}, Back: "/skills", Done: "directory.saved", Read: func(f *Form) func() error {
		in := map[procedure.Kind]int{}
		for _, name := range f.Names() {
			in[procedure.Kind(name)] = f.Int(name)
		}
		return func() error {
			return s.d.Visiting.SetRules(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
		}
	}})
}

func observersForm(b Base, today clock.Date, v visiting.Observers) careForm {
	var doctors []Option
	for _, d := range v.Doctors {
		doctors = append(doctors, Option{Value: d.ID.String(), Text: d.Name + " " + d.HomeName})
	}
	f := keyed(NewForm(b, today, Field{Name: "doctors", LabelKey: "skill.observers", HintKey: "skill.observers.hint", Kind: KindChecks, Options: doctors}))
	f.Action = "/operations/" + v.Operation.ID.String() + "/observers"
	return careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("operation.one"), Text: operationName(b, v.Operation)}, {Label: b.T("operation.on"), Text: b.Day(v.Operation.OperatedOn)},
		{Label: b.T("operation.lead"), Text: v.Operation.LeadName}, {Label: b.T("skill.observed"), Text: strings.Join(v.Names, b.T("list.separator"))}}}
}

func (s *Server) observersForm(r *http.Request, c *Call) (careForm, ident.ID, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, id, err
	}
	v, err := s.d.Visiting.Observers(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, id, err
	}
	b := s.careBase(c, "operations", c.P.T("skill.observers"), Link{Text: operationName(c.Base, v.Operation), Href: "/operations/" + id.String()})
	return observersForm(b, c.Today, v), id, nil
}

func (s *Server) observersPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.observersForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("visit.save")}, "/operations/"+id.String())
}

func (s *Server) observe(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, id, err := s.observersForm(r, c)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("visit.save")}, Back: "/operations/" + id.String(), Done: "visit.saved", Read: func(f *Form) func() error {
		in := visiting.ObserveInput{Operation: id}
		for _, text := range f.Choices("doctors") {
			d, _ := ident.Parse(text) // offered by the page
			in.Doctors = append(in.Doctors, d)
		}
		return func() error { return s.d.Visiting.Observe(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in)) }
	}})
}
