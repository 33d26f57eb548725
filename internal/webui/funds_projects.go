package webui

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

func projectTag(b Base, s fund.ProjectState) Cell {
	return TagCell(map[fund.ProjectState]string{fund.ProjectDraft: "warn", fund.ProjectApproved: "ok"}[s], b.T(s.Label()))
}

func newProjectsView(b Base, list page.Result[funding.FundProject], edits bool) approvalsView {
	b.Title, b.Sub = b.T("funding.projects"), b.T("funding.projects.sub")
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: b.Title}}
	t := Table{Caption: b.Title, Note: b.T("strip.unit"), Columns: []Column{{Key: "funding.project.name", Class: "grow"}, {Key: "funding.project.year"}, {Key: "funding.source"},
		{Key: "funding.project.planned", Align: "right"}, {Key: "funding.received", Align: "right"}, {Key: "funding.deposit.used", Align: "right"},
		{Key: "funding.project.left", Align: "right"}, {Key: "funding.state"}},
		Empty: Empty{Title: b.T("funding.projects.empty"), Text: b.T("funding.projects.empty.text")}}
	if edits {
		open := Button{Text: b.T("funding.project.new"), Kind: "primary", Icon: "plus", Href: "/fund-projects/new"}
		if t.Empty.Buttons = []Button{open}; len(list.Rows) > 0 {
			b.Actions = []Button{open}
		}
	}
	for _, p := range list.Rows {
		name := LinkCell(p.Name, "/fund-projects/"+p.ID.String())
		name.Sub = p.Code
		t.Rows = append(t.Rows, Cells(name, TextCell(strconv.Itoa(p.Year)), TextCell(b.T(p.Source.Label())), MoneyCell(p.Planned), MoneyCell(p.Received), MoneyCell(p.Used()),
			MoneyCell(p.Left), projectTag(b, p.State)))
	}
	return approvalsView{Base: b, Table: t}
}

func (s *Server) projectsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Funding.Projects(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "funds")
	v := newProjectsView(c.Base, list, s.can(c, authz.FundOpen))
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/list", v)
}

func (s *Server) projectPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Funding.Project(r.Context(), c.Who, id, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "funds")
	p := newProjectPage(c.Base, v)
	p.Ledger.Pager = NewPager(r.URL, v.Deposits.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/fund", p)
}

func newProjectPage(b Base, v funding.ProjectView) fundPageView {
	b.Title, b.Sub = v.Name, b.T("funding.project.sub", "code", v.Code, "year", v.Year, "state", b.T(v.State.Label()))
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: b.T("funding.projects"), Href: "/fund-projects"}, {Text: v.Name}}
	at := "/fund-projects/" + v.ID.String()
	if v.MayEdit && v.State != fund.ProjectClosed {
		b.Actions = []Button{{Text: b.T("funding.project.edit"), Href: at + "/edit"}}
		switch {
		case v.MaySign:
			b.Actions = append(b.Actions, Button{Text: b.T("funding.project.approve"), Kind: "primary", Icon: "check", Href: at + "/step"})
		case v.State == fund.ProjectApproved:
			b.Actions = append(b.Actions, Button{Text: b.T("funding.project.close"), Href: at + "/step"})
		}
	}
	terms := []Term{{Name: b.T("funding.received"), Amount: v.Received, Note: b.T("funding.project.of_plan", "share", share(v.Received, v.Planned))},
		{Op: "−", Name: b.T("fund.account.committed"), Amount: v.Committed, Note: b.T("funding.project.times", "n", v.Times)},
		{Op: "−", Name: b.T("fund.account.reserved"), Amount: v.Held, Note: b.T("funding.reserved.note")}}
	if v.Moved() != 0 {
		terms = append(terms, Term{Op: "−", Name: b.T("funding.project.moved"), Amount: v.Moved(), Note: b.T("funding.project.moved.note")})
	}
	terms = append(terms, Term{Op: "=", Name: b.T("funding.project.left"), Amount: v.Left, Note: b.T("funding.project.left.note"), Result: true})
	p := fundPageView{Base: b, Equation: Equation{Terms: terms, Bar: FundBar{Label: b.T("funding.project.left"), Amount: v.Left,
		Parts: barParts(b, fund.Balances{Available: v.Left, Reserved: v.Held, Committed: v.Committed}, 0)},
		Left: b.T("funding.committed.share", "share", share(v.Committed, v.Received)), Right: b.T("funding.project.planned_of", "planned", v.Planned)}}
	p.Facts = []Def{{Label: b.T("funding.project.planned"), Text: v.Planned.String()}, {Label: b.T("funding.source"), Text: b.T(v.Source.Label())},
		{Label: b.T("funding.project.unit"), Text: v.Unit}, {Label: b.T("funding.project.listed"), Text: b.Day(v.ListedOn)}, {Label: b.T("funding.project.planner"), Text: v.PlannerName}}
	if v.SecondName != "" {
		p.Facts = append(p.Facts, Def{Label: b.T("funding.project.second"), Text: v.SecondName + b.T("list.separator") + instant(v.ApprovedAt)})
	}
	t := depositTable(b, v.Deposits, true)
	p.Ledger = &t
	return p
}

func projectForm(b Base, today clock.Date, p funding.FundProject) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "name", LabelKey: "funding.project.name", Max: 100, Width: 8, Focus: true},
		Field{Name: "code", LabelKey: "funding.code", HintKey: "funding.code.hint", Max: 20, Width: 4},
		Field{Name: "year", LabelKey: "funding.project.year", Kind: KindNumber, Low: 2000, High: 2100, Width: 4},
		Field{Name: "source", LabelKey: "funding.source", Kind: KindSelect, Options: optionsOf(fund.Sources()...), Width: 4},
		Field{Name: "planned", LabelKey: "funding.project.planned", HintKey: "funding.project.planned.hint", Kind: KindMoney, Suffix: "unit.yuan", Width: 4},
		Field{Name: "unit", LabelKey: "funding.project.unit", Max: 100}))
	f.Action = "/fund-projects"
	f.Put("year", strconv.Itoa(today.Year())).Put("source", string(fund.DonorFiscal))
	if p.ID != ident.Nil {
		f.Action += "/" + p.ID.String()
		f.Put("name", p.Name).Put("code", p.Code).Put("year", strconv.Itoa(p.Year)).Put("source", string(p.Source)).Put("planned", p.Planned.String()).Put("unit", p.Unit)
		f.Hide("version", strconv.FormatInt(p.Version, 10))
	}
	return f
}

// projectCareForm is a form about a project.
func projectCareForm(b Base, title string) careForm {
	b.Title = b.T(title)
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: b.T("funding.projects"), Href: "/fund-projects"}, {Text: b.Title}}
	return careForm{Base: b}
}

// aboutProject prepares a form about the project of the address.
func (s *Server) aboutProject(r *http.Request, c *Call, title string) (careForm, funding.ProjectView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, funding.ProjectView{}, err
	}
	v, err := s.d.Funding.Project(r.Context(), c.Who, id, page.Request{})
	if err != nil {
		return careForm{}, v, err
	}
	s.section(c, "funds")
	return projectCareForm(c.Base, title), v, nil
}

func (s *Server) newProjectPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "funds")
	p := projectCareForm(c.Base, "funding.project.new")
	p.Form = projectForm(p.Base, c.Today, funding.FundProject{})
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.project.save")}, "/fund-projects")
}

func (s *Server) editProjectPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.aboutProject(r, c, "funding.project.edit")
	if err != nil {
		return err
	}
	p.Form = projectForm(p.Base, c.Today, v.FundProject)
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.project.save")}, "/fund-projects/"+v.ID.String())
}

func (s *Server) postNewProject(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "funds")
	return s.saveProject(w, r, c, projectCareForm(c.Base, "funding.project.new"), funding.FundProject{})
}

func (s *Server) postProject(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.aboutProject(r, c, "funding.project.edit")
	if err != nil {
		return err
	}
	return s.saveProject(w, r, c, p, v.FundProject)
}

func (s *Server) saveProject(w http.ResponseWriter, r *http.Request, c *Call, p careForm, old funding.FundProject) error {
	p.Form = projectForm(p.Base, c.Today, old)
	f := p.Form
	if err := f.Read(r); err != nil {
		return err
	}
	in := funding.SaveProject{ID: old.ID, Project: fund.Project{Code: f.Text("code"), Name: f.Text("name"), Year: f.Int("year"), Source: fund.SourceKind(f.Choice("source")),
		Planned: f.Money("planned"), Unit: f.Text("unit")}}
	if old.ID != ident.Nil {
		in.Version = f.Version()
	}
	if f.OK() {
		id, err := s.d.Funding.SaveProject(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("funding.project.saved")})
			return seeOther(w, r, "/fund-projects/"+id.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("funding.project.save")}, "/fund-projects")
}

// projectStepForm is the second person's approval of a plan, or the end of a project.
func projectStepForm(b Base, today clock.Date, v funding.ProjectView) careForm {
	title, step := "funding.project.approve", funding.ProjectApprove
	if v.State == fund.ProjectApproved {
		title, step = "funding.project.close", funding.ProjectClose
	}
	p := projectCareForm(b, title)
	p.Form = keyed(NewForm(p.Base, today))
	p.Form.Action = "/fund-projects/" + v.ID.String() + "/step"
	p.Form.Hide("version", strconv.FormatInt(v.Version, 10))
	p.Form.Hide("step", string(step))
	p.Facts = []Def{{Label: b.T("funding.project.name"), Text: v.Name}, {Label: b.T("funding.code"), Text: v.Code}, {Label: b.T("funding.project.planned"), Text: v.Planned.String()},
		{Label: b.T("funding.source"), Text: b.T(v.Source.Label())}, {Label: b.T("funding.project.unit"), Text: v.Unit}, {Label: b.T("funding.project.planner"), Text: v.PlannerName},
		{Label: b.T("funding.state"), Text: b.T(v.State.Label())}}
	return p
}

func (s *Server) stepProjectPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, v, err := s.aboutProject(r, c, "funding.project.approve")
	if err != nil {
		return err
	}
	p := projectStepForm(c.Base, c.Today, v)
	return s.showCareForm(w, r, p, Button{Text: p.Title}, "/fund-projects/"+v.ID.String())
}

func (s *Server) postStepProject(w http.ResponseWriter, r *http.Request, c *Call) error {
	_, v, err := s.aboutProject(r, c, "funding.project.approve")
	if err != nil {
		return err
	}
	p := projectStepForm(c.Base, c.Today, v)
	if err := p.Form.Read(r); err != nil {
		return err
	}
	in := funding.StepProject{ID: v.ID, Step: funding.ProjectStep(p.Form.Raw("step")), Version: p.Form.Version()}
	if p.Form.OK() {
		state, err := s.d.Funding.StepProject(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T(state.Label())})
			return seeOther(w, r, "/fund-projects/"+v.ID.String())
		}
		if err = refusedFunding(&p, err); err != nil {
			return err
		}
	}
	return s.showCareForm(w, r, p, Button{Text: p.Title}, "/fund-projects/"+v.ID.String())
}

// earmarkText is what a deposit is for, in words.
func earmarkText(b Base, e fund.Earmark, places []string) string {
	var parts []string
	if e.Programme != "" {
		parts = append(parts, b.T(e.Programme.Label()))
	}
	switch {
	case len(places) > 0:
		parts = append(parts, strings.Join(places, b.T("list.separator")))
	case len(e.Hospitals) > 0:
		parts = append(parts, b.T("funding.deposit.hospitals", "n", len(e.Hospitals)))
	}
	for _, c := range e.Categories {
		parts = append(parts, b.T(c.Key()))
	}
	if !e.From.IsZero() {
		parts = append(parts, b.T("report.period.from", "from", e.From.String()))
	}
	if !e.To.IsZero() {
		parts = append(parts, b.T("report.period.to", "to", e.To.String()))
	}
	if len(parts) == 0 {
		return b.T("funding.deposit.as_fund")
	}
	return strings.Join(parts, b.T("list.separator"))
}

// depositTable lists deposits with an earmark or a project; on a project's page
// each names its fund.
func depositTable(b Base, list page.Result[funding.FundDeposit], ofProject bool) Table {
	t := Table{Caption: b.T("funding.deposits.bound"), Note: b.T("funding.deposits.order"), Columns: []Column{{Key: "funding.deposit.on"}, {Key: "funding.deposit.note", Class: "grow"}, {Key: "funding.project"},
		{Key: "funding.deposit.for"}, {Key: "funding.amount.head", Align: "right"}, {Key: "funding.project.left", Align: "right"}},
		Empty: Empty{Title: b.T("funding.deposits.empty"), Text: b.T("funding.deposits.empty.text")}}
	if ofProject {
		t.Columns[2].Key = "funding.fund"
	}
	for _, d := range list.Rows {
		of := d.ProjectName
		if ofProject {
			of = d.FundName
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: b.Day(d.Received), Nowrap: true}, LinkCell(d.Note, "/fund-deposits/"+d.ID.String()), TextCell(of),
			TextCell(earmarkText(b, d.Earmark, nil)), MoneyCell(d.Amount), MoneyCell(d.Left)))
	}
	return t
}

func (s *Server) fundDepositPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	v, err := s.d.Funding.DepositOf(r.Context(), c.Who, id, pageRequest(r))
	if err != nil {
		return err
	}
	s.section(c, "funds")
	p := newDepositPage(c.Base, v)
	p.Ledger.Pager = NewPager(r.URL, v.Lines.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "funding/fund", p)
}

func newDepositPage(b Base, v funding.DepositView) fundPageView {
	b.Title, b.Sub = v.Note, b.T("funding.deposit.sub", "fund", v.FundName, "day", b.Day(v.Received))
	b.Crumbs = []Link{{Text: b.T("nav.funds"), Href: "/funds"}, {Text: v.FundName, Href: "/funds/" + v.Fund.String()}, {Text: v.Note}}
	if v.MayMove {
		b.Actions = []Button{{Text: b.T("funding.deposit.year_end"), Href: "/funds/" + v.Fund.String() + "/move?deposit=" + v.ID.String()}}
	}
	used := v.Amount - v.Left
	p := fundPageView{Base: b, Equation: Equation{Terms: []Term{{Name: b.T("funding.received"), Amount: v.Amount, Note: b.Day(v.Received)}, {Op: "−", Name: b.T("funding.deposit.used"), Amount: used, Note: b.T("funding.deposit.used.note")},
		{Op: "=", Name: b.T("funding.project.left"), Amount: v.Left, Note: b.T("funding.project.left.note"), Result: true}},
		Bar:  FundBar{Label: b.T("funding.project.left"), Amount: v.Left, Parts: barParts(b, fund.Balances{Available: v.Left, Committed: used}, 0)},
		Left: b.T("funding.deposit.share", "share", share(used, v.Amount))}}
	p.Facts = []Def{{Label: b.T("funding.deposit.for"), Text: earmarkText(b, v.Earmark, v.Places)}, {Label: b.T("funding.fund"), Text: v.FundName}}
	if v.ProjectName != "" {
		p.Facts = append(p.Facts, Def{Label: b.T("funding.project"), Text: v.ProjectName})
	}
	t := Table{Caption: b.T("funding.drawn"), Note: b.T("funding.drawn.note"), Columns: []Column{{Key: "funding.ledger.at"}, {Key: "funding.voucher.head"}, {Key: "funding.ledger.kind"},
		{Key: "funding.case", Class: "grow"}, {Key: "funding.ledger.amount", Align: "right"}}, Empty: Empty{Title: b.T("funding.drawn.empty"), Text: b.T("funding.drawn.empty.text")}}
	for _, l := range v.Lines.Rows {
		why := TextCell("–")
		if l.Approval != ident.Nil {
			name := l.CaseNo
			if name == "" {
				name = b.T("funding.application")
			}
			why = LinkCell(name, "/approvals/"+l.Approval.String())
		}
		t.Rows = append(t.Rows, Cells(Cell{Text: instant(l.At), Nowrap: true}, CodeCell(fund.VoucherNo(l.Kind, l.Transfer)), TextCell(b.T(l.Kind.Label())), why,
			Cell{Text: signed(-l.Amount), Nowrap: true}))
	}
	p.Ledger = &t
	return p
}

// boundFields are the fields of a deposit about its project and its earmark.
func boundFields(projects []funding.FundProject, hospitals []Option) []Field {
	var options []Option
	for _, p := range projects {
		options = append(options, Option{Value: p.ID.String(), Text: p.Name, Sub: p.Code})
	}
	fields := []Field{
		{Name: "project", LabelKey: "funding.project", HintKey: "funding.deposit.project.hint", Kind: KindSelect, Options: options, Optional: true, Blank: "funding.deposit.no_project", Width: 6},
		{Name: "programme", LabelKey: "funding.purpose", HintKey: "funding.deposit.for.hint", Kind: KindSelect, Options: programmeOptions(procedure.Programmes()), Blank: "funding.deposit.as_fund",
			Optional: true, Width: 6},
		{Name: "from_on", LabelKey: "funding.deposit.from_on", Kind: KindDate, Optional: true, Width: 6},
		{Name: "to_on", LabelKey: "funding.deposit.to_on", Kind: KindDate, Optional: true, Width: 6},
		{Name: "categories", LabelKey: "funding.categories", Kind: KindChecks, Options: categoryOptions(), Optional: true}}
	if len(hospitals) > 0 {
		fields = append(fields, Field{Name: "hospitals", LabelKey: "funding.hospitals", Kind: KindChecks, Options: hospitals, Optional: true})
	}
	return fields
}

// readBound reads them.
func readBound(f *Form, in *funding.Deposit) {
	in.Project = f.IDOf("project")
	in.Earmark = fund.Earmark{Programme: procedure.Programme(f.Choice("programme")), From: f.Date("from_on"), To: f.Date("to_on")}
	for _, x := range f.Choices("categories") {
		in.Earmark.Categories = append(in.Earmark.Categories, terminology.Category(x))
	}
	if slices.Contains(f.Names(), "hospitals") {
		for _, x := range f.Choices("hospitals") {
			if id, err := ident.Parse(x); err == nil {
				in.Earmark.Hospitals = append(in.Earmark.Hospitals, id)
			}
		}
	}
}

// boundOf prepares those fields.
func (s *Server) boundOf(r *http.Request, c *Call) ([]Field, error) {
	projects, err := s.d.Funding.OpenProjects(r.Context(), c.Who)
	if err != nil {
		return nil, err
	}
	hospitals, err := s.hospitalOptions(r, c, authz.FundOpen)
	return boundFields(projects, hospitals), err
}

// boundDeposits is the table of a fund's deposits with an earmark or a project; nil
// where there are none.
func (s *Server) boundDeposits(r *http.Request, c *Call, id ident.ID) (*Table, error) {
	list, err := s.d.Funding.DepositsOf(r.Context(), c.Who, id, page.Request{After: r.URL.Query().Get("deposits")})
	if err != nil || len(list.Rows) == 0 {
		return nil, err
	}
	t := depositTable(c.Base, list, false)
	if list.Next != "" { // the table of the transfers below has the page's own address
		q := r.URL.Query()
		q.Set("deposits", list.Next)
		t.Pager = &Pager{Next: address(r.URL.Path, q)}
	}
	return &t, nil
}
