package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

// visitingRoutes declares the pages of the visiting programme.
func (s *Server) visitingRoutes(rt *router) {
	rt.get("/visiting", authz.VisitRead, func(w http.ResponseWriter, r *http.Request, _ *Call) error { return seeOther(w, r, "/visits") })
	s.visitRoutes(rt)
	s.teachingRoutes(rt)
	s.skillRoutes(rt)
	rt.get("/privileges", authz.PrivilegeRead, s.privilegesPage)
	rt.get("/privileges/new", authz.PrivilegeEdit, s.newPrivilegePage)
	rt.post("/privileges", authz.PrivilegeEdit, s.grantPrivilege)
	rt.get("/privileges/{id}", authz.PrivilegeRead, s.privilegePage)
	rt.post("/privileges/{id}", authz.PrivilegeEdit, s.editPrivilege)
	rt.get("/exceptions", authz.PrivilegeRead, s.exceptionsPage)
	rt.get("/exceptions/{id}", authz.PrivilegeRead, s.exceptionPage)
	rt.post("/exceptions/{id}", authz.PrivilegeSign, s.signException)
}

func (s *Server) visitRoutes(rt *router) {
	rt.get("/visits", authz.VisitRead, s.visitsPage)
	rt.get("/visits/new", authz.VisitEdit, s.newVisitPage)
	rt.post("/visits", authz.VisitEdit, s.planVisit)
	rt.get("/visits/{id}", authz.VisitRead, s.visitPage)
	rt.get("/visits/{id}/report", authz.VisitRead, s.visitReport)
	for _, x := range []struct {
		path string
		step visitStep
	}{{"edit", editVisitStep()}, {"members", memberStep()}, {"members/{member}/removal", removeMemberStep()}, {"cases", planCaseStep()},
		{"cases/{entry}/edit", replanCaseStep()}, {"cases/{entry}/cancel", cancelCaseStep()}, {"handover", handoverStep()}, {"days", attendStep()}, {"supplies", supplyStep()},
		{"supplies/{supply}/removal", removeSupplyStep()}, {"close", closeVisitStep()}, {"cancel", cancelVisitStep()}} {
		rt.get("/visits/{id}/"+x.path, authz.VisitEdit, s.visitStepPage(x.step))
		rt.post("/visits/{id}/"+x.path, authz.VisitEdit, s.takeVisitStep(x.step))
	}
}

// visitingTabs are the lists of the room with the permission each asks for.
func visitingTabs() []struct {
	id   string
	perm authz.Permission
} {
	return []struct {
		id   string
		perm authz.Permission
	}{{"visits", authz.VisitRead}, {"postings", authz.PostingRead}, {"privileges", authz.PrivilegeRead}, {"exceptions", authz.PrivilegeRead},
		{"skills", authz.SkillRead}, {"teaching", authz.TeachingRead}, {"meetings", authz.MeetingRead}, {"pairings", authz.PartnershipRead}}
}

// visitingBase is the frame of a list of this room, with its tabs.
func (s *Server) visitingBase(c *Call, current string) Base {
	s.section(c, "visiting")
	b := c.Base
	b.Title = b.T("nav.visiting")
	for _, t := range visitingTabs() {
		if s.can(c, t.perm) {
			b.Tabs = append(b.Tabs, Tab{Text: b.T("visiting.tab." + t.id), Href: "/" + t.id, Current: t.id == current})
		}
	}
	b.Sub = b.T("visiting.sub." + current)
	return b
}

// visitingFormBase is the frame of a page under one of the tabs.
func (s *Server) visitingFormBase(c *Call, title, tab string) Base {
	s.section(c, "visiting")
	b := c.Base
	b.Title = title
	b.Crumbs = []Link{{Text: b.T("nav.visiting"), Href: "/visiting"}, {Text: b.T("visiting.tab." + tab), Href: "/" + tab}, {Text: title}}
	return b
}

// submission is what a posted form does: Read takes the values and answers the
// call, which is made only when everything could be read.
type submission struct {
	Save Button
	Back string
	Done string // message key of the flash
	Next string // where to go afterwards; empty: Back
	Read func(f *Form) func() error
}

func (s *Server) submit(w http.ResponseWriter, r *http.Request, c *Call, p careForm, x submission) error {
	if err := p.Form.Read(r); err != nil {
		return err
	}
	call := x.Read(p.Form)
	if p.Form.OK() {
		err := call()
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T(x.Done)})
			if x.Next == "" {
				x.Next = x.Back
			}
			return seeOther(w, r, x.Next)
		}
		if err = refusedCare(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, x.Save, x.Back)
}

// operationKinds are all kinds of operations, by programme.
func operationKinds(b Base) []Option {
	var out []Option
	for _, p := range procedure.Programmes() {
		for _, k := range exactKinds(p) {
			out = append(out, Option{Value: string(k), Key: k.Label(), Group: b.T(p.Label())})
		}
	}
	return out
}

// placeFields is the choice of the hospital, where there is one.
func placeFields(hospitals []Option) []Field {
	if len(hospitals) < 2 {
		return nil
	}
	return []Field{{Name: "hospital", LabelKey: "case.hospital", Kind: KindSelect, Options: hospitals}}
}

// placeOf reads the hospital of a form with placeFields.
func placeOf(f *Form, hospitals []Option) ident.ID {
	if len(hospitals) == 1 {
		id, _ := ident.Parse(hospitals[0].Value) // made by the page
		return id
	}
	return offered(f, "hospital")
}

// doctorOptions are the doctors of the hospitals, each once.
func (s *Server) doctorOptions(r *http.Request, c *Call, hospitals []Option) ([]Option, error) {
	var out []Option
	seen := map[ident.ID]bool{}
	for _, h := range hospitals {
		id, _ := ident.Parse(h.Value) // made by the page
		list, err := s.d.Visiting.Doctors(r.Context(), c.Who, id)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if !seen[d.ID] {
				seen[d.ID] = true
				out = append(out, Option{Value: d.ID.String(), Text: d.Name + " " + d.HomeName})
			}
		}
	}
	return out, nil
}

func privilegesFilter(b Base, today clock.Date) *Form {
	f := NewForm(b, today, Field{Name: "on", LabelKey: "privileges.filter.on", Kind: KindDate, Optional: true})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/privileges"
	return f
}

func (s *Server) privilegesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := privilegesFilter(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	list, err := s.d.Visiting.Privileges(r.Context(), c.Who, f.Date("on"), pageRequest(r))
	if err != nil {
		return err
	}
	v := newPrivilegesView(s.visitingBase(c, "privileges"), f, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "care/list", v)
}

func newPrivilegesView(b Base, f *Form, list visiting.Privileges) careList {
	if list.Edit {
		b.Actions = []Button{{Text: b.T("privilege.new"), Icon: "plus", Href: "/privileges/new", Kind: "primary"}}
	}
	t := Table{Caption: b.T("visiting.tab.privileges"), Quiet: true, Columns: []Column{{Key: "practitioner.name"}, {Key: "practitioner.home"}, {Key: "operation.kind", Class: "grow"},
		{Key: "treatment.hospital"}, {Key: "period.from"}, {Key: "period.to"}, {Key: "account.state"}},
		Empty: Empty{Title: b.T("privilege.none"), Text: b.T("privilege.none.text"), Buttons: b.Actions}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/privileges")
	}
	for _, p := range list.Rows {
		t.Rows = append(t.Rows, Cells(nameCell(p.Name, "/privileges/"+p.ID.String()), TextCell(p.HomeName), TextCell(b.T(p.Kind.Label())),
			spot(sides(list.Sides).of(p.Hospital), p.HospitalName), DateCell(p.From), DateCell(p.To), periodCell(b, list.Today, p.From, p.To)))
	}
	return careList{Base: b, Filter: f, Table: t}
}

func privilegeForm(b Base, today clock.Date, doctors, hospitals []Option) *Form {
	fields := append(placeFields(hospitals),
		Field{Name: "practitioner", LabelKey: "privilege.practitioner", HintKey: "privilege.practitioner.hint", Kind: KindCombo, Options: doctors, Width: 6, Focus: true},
		Field{Name: "kind", LabelKey: "operation.kind", Kind: KindSelect, Options: operationKinds(b), Width: 6},
		Field{Name: "from", LabelKey: "period.from", Kind: KindDate, Width: 6},
		Field{Name: "to", LabelKey: "period.to", HintKey: "privilege.to.hint", Kind: KindDate, Width: 6},
		Field{Name: "basis", LabelKey: "privilege.basis", HintKey: "privilege.basis.hint", Max: 100, Optional: true})
	f := keyed(NewForm(b, today, fields...))
	f.Action = "/privileges"
	return f.Put("from", today.String())
}

func (s *Server) privilegeForm(r *http.Request, c *Call) (careForm, []Option, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.PrivilegeEdit)
	if err != nil {
		return careForm{}, nil, err
	}
	doctors, err := s.doctorOptions(r, c, hospitals)
	b := s.visitingFormBase(c, c.P.T("privilege.new"), "privileges")
	return careForm{Base: b, Form: privilegeForm(b, c.Today, doctors, hospitals)}, hospitals, err
}

func (s *Server) newPrivilegePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.privilegeForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("privilege.grant")}, "/privileges")
}

func (s *Server) grantPrivilege(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, hospitals, err := s.privilegeForm(r, c)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("privilege.grant")}, Back: "/privileges", Done: "privilege.granted", Read: func(f *Form) func() error {
		in := practitioner.Privilege{Hospital: placeOf(f, hospitals), Practitioner: picked(f, "practitioner"), Kind: procedure.Kind(f.Choice("kind")), From: f.Date("from"),
			To: f.Date("to"), Basis: f.Text("basis")}
		return func() error {
			_, err := s.d.Visiting.SavePrivilege(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
			return err
		}
	}})
}

// editPrivilegeForm changes the days and the paper; who, what and where are
// another privilege.
func editPrivilegeForm(b Base, today clock.Date, x visiting.Privilege, edit bool) careForm {
	f := keyed(NewForm(b, today, Field{Name: "from", LabelKey: "period.from", Kind: KindDate, Width: 6, ReadOnly: !edit},
		Field{Name: "to", LabelKey: "period.to", HintKey: "privilege.to.hint", Kind: KindDate, Width: 6, ReadOnly: !edit},
		Field{Name: "basis", LabelKey: "privilege.basis", HintKey: "privilege.basis.hint", Max: 100, Optional: true, ReadOnly: !edit}))
	f.Action = "/privileges/" + x.ID.String()
	f.Hide("version", version(x.Version))
	f.Put("from", x.From.String()).Put("to", x.To.String()).Put("basis", x.Basis)
	return careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("privilege.practitioner"), Text: x.Name + " " + x.HomeName}, {Label: b.T("treatment.hospital"), Text: x.HospitalName},
		{Label: b.T("operation.kind"), Text: b.T(x.Kind.Label())}}}
}

func (s *Server) privilegeOf(r *http.Request, c *Call) (careForm, visiting.Privilege, bool, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, visiting.Privilege{}, false, err
	}
	x, edit, err := s.d.Visiting.Privilege(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, x, false, err
	}
	return editPrivilegeForm(s.visitingFormBase(c, c.P.T("privilege.one"), "privileges"), c.Today, x, edit), x, edit, nil
}

func (s *Server) privilegePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, edit, err := s.privilegeOf(r, c)
	if err != nil {
		return err
	}
	if p = p.with(Button{Text: p.T("directory.save")}, "/privileges"); !edit {
		p.Buttons = p.Buttons[1:]
	}
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}

func (s *Server) editPrivilege(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, x, _, err := s.privilegeOf(r, c)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("directory.save")}, Back: "/privileges", Done: "directory.saved", Read: func(f *Form) func() error {
		in := practitioner.Privilege{ID: x.ID, From: f.Date("from"), To: f.Date("to"), Basis: f.Text("basis"), Version: f.Version()}
		return func() error {
			_, err := s.d.Visiting.SavePrivilege(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
			return err
		}
	}})
}

func (s *Server) exceptionsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	state := practitioner.ExceptionState(r.URL.Query().Get("state"))
	list, err := s.d.Visiting.Exceptions(r.Context(), c.Who, state, pageRequest(r))
	if err != nil {
		return err
	}
	v := newExceptionsView(s.visitingBase(c, "exceptions"), state, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "device/list", v)
}

func newExceptionsView(b Base, state practitioner.ExceptionState, list visiting.Exceptions) deviceList {
	t := Table{Caption: b.T("visiting.tab.exceptions"), Quiet: true, Columns: []Column{{Key: "operation.on"}, {Key: "operation.kind", Class: "grow"}, {Key: "operation.lead"},
		{Key: "privilege.finding"}, {Key: "treatment.reason"}, {Key: "treatment.hospital"}, {Key: "account.state"}},
		Empty: Empty{Title: b.T("privilege.exceptions.none"), Text: b.T("privilege.exceptions.none.text")}}
	for _, x := range practitioner.ExceptionStates() {
		current := x == state || state == "" && x == practitioner.ExceptionOpen
		t.Tabs = append(t.Tabs, Tab{Text: b.T(x.Label()), Href: "/exceptions?state=" + string(x), Current: current})
	}
	for _, x := range list.Rows {
		row := Cells(DateCell(x.OperatedOn), Cell{Text: b.T(x.Kind.Label()), Sub: x.CaseNo, Href: "/exceptions/" + x.ID.String()}, TextCell(x.Name), TextCell(b.T(x.Finding.Label())),
			TextCell(x.Reason), spot(sides(list.Sides).of(x.Hospital), x.HospitalName), Cell{Tag: &Tag{Text: b.T(x.State.Label()), Kind: exceptionKind(x.State)}, Sub: x.Decider})
		row.Alert = x.State == practitioner.ExceptionOpen
		t.Rows = append(t.Rows, row)
	}
	return deviceList{Base: b, Table: t}
}

func exceptionKind(s practitioner.ExceptionState) string {
	return map[practitioner.ExceptionState]string{practitioner.ExceptionOpen: "warn", practitioner.ExceptionAccepted: "ok", practitioner.ExceptionObjected: "error"}[s]
}

// newExceptionForm is the page of one exception: what happened, and the second
// signature for those who may give it.
func newExceptionForm(b Base, today clock.Date, x visiting.ExceptionView) careForm {
	f := keyed(NewForm(b, today,
		Field{Name: "answer", LabelKey: "privilege.sign.answer", Kind: KindRadio, Options: []Option{{Value: "accepted", Key: "privilege.sign.accept"}, {Value: "objected", Key: "privilege.sign.object"}}, Focus: true},
		Field{Name: "note", LabelKey: "privilege.sign.note", HintKey: "privilege.sign.note.hint", Kind: KindArea, Rows: 3, Max: 500, Optional: true}))
	if !x.Sign {
		f = NewForm(b, today)
	}
	f.Action = "/exceptions/" + x.ID.String()
	f.Hide("version", version(x.Version))
	p := careForm{Base: b, Form: f, Facts: exceptionFacts(b, x.Exception)}
	if x.Open {
		p.Facts = append(p.Facts, Def{Label: b.T("privilege.operation"), Text: b.T("link.open"), Href: "/operations/" + x.Procedure.String()})
	}
	return p
}

func exceptionFacts(b Base, x visiting.Exception) []Def {
	out := []Def{{Label: b.T("operation.on"), Text: b.DayWeek(x.OperatedOn)}, {Label: b.T("operation.kind"), Text: b.T(x.Kind.Label())}, {Label: b.T("operation.lead"), Text: x.Name},
		{Label: b.T("treatment.hospital"), Text: x.HospitalName}, {Label: b.T("privilege.finding"), Text: b.T(x.Finding.Label())}}
	if !x.WindowFrom.IsZero() {
		out = append(out, Def{Label: b.T("privilege.nearest"), Text: b.T("period.span", "from", x.WindowFrom, "to", x.WindowTo)})
	}
	out = append(out, Def{Label: b.T("treatment.reason"), Text: x.Reason}, Def{Label: b.T("privilege.entered"), Text: x.Entered}, Def{Label: b.T("account.state"), Text: b.T(x.State.Label())})
	if x.Decider != "" {
		out = append(out, Def{Label: b.T("privilege.signed_by"), Text: x.Decider})
	}
	if x.Note != "" {
		out = append(out, Def{Label: b.T("privilege.sign.note"), Text: x.Note})
	}
	return out
}

func (s *Server) exceptionOf(r *http.Request, c *Call) (careForm, visiting.ExceptionView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, visiting.ExceptionView{}, err
	}
	x, err := s.d.Visiting.Exception(r.Context(), c.Who, id)
	return newExceptionForm(s.visitingFormBase(c, c.P.T("privilege.exception.one"), "exceptions"), c.Today, x), x, err
}

func (s *Server) exceptionPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, x, err := s.exceptionOf(r, c)
	if err != nil {
		return err
	}
	if p = p.with(Button{Text: p.T("privilege.sign")}, "/exceptions"); !x.Sign {
		p.Buttons = p.Buttons[1:]
	}
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}

func (s *Server) signException(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, x, err := s.exceptionOf(r, c)
	if err != nil {
		return err
	}
	if !x.Sign { // signed by somebody else in between
		return seeOther(w, r, "/exceptions/"+x.ID.String())
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("privilege.sign")}, Back: "/exceptions", Done: "privilege.signed", Read: func(f *Form) func() error {
		in := visiting.SignInput{Exception: x.ID, Version: f.Version(), Accept: f.Choice("answer") == "accepted", Note: f.Text("note")}
		return func() error {
			_, err := s.d.Visiting.Sign(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
			return err
		}
	}})
}
