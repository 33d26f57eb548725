package webui

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
)

func (s *Server) followRulesPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.d.Aftercare.Rules(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "visiting/visit", newFollowRulesView(s.careBase(c, "followups", c.P.T("followup.rules")), v))
}

// newFollowRulesView is the windows of each group, and who changed them when; it
// has the shape of a mission's page.
func newFollowRulesView(b Base, v aftercare.RulesView) visitPage {
	b.Sub = b.T("followup.rules.sub")
	p := visitPage{Base: b, Alerts: []Alert{{Kind: "info", Title: b.T("followup.rules.kept"), Text: b.T("followup.rules.kept.text")}}}
	made := Table{Caption: b.T("followup.rules.made"), Columns: []Column{{Key: "followup.rules.group"}, {Key: "followup.rules.version", Align: "right"}, {Key: "followup.rules.from"}, {Key: "followup.rules.note", Class: "grow"}, {Key: "followup.rules.by"}},
		Empty: Empty{Title: b.T("followup.rules.none"), Text: b.T("followup.rules.none.text")}}
	for _, g := range v.Groups {
		p.Tables = append(p.Tables, followRuleTable(b, g, v))
		for _, x := range g.Made {
			made.Rows = append(made.Rows, Cells(TextCell(b.T(g.Group.Label())), Cell{Text: strconv.FormatInt(x.Version, 10), Nowrap: true}, DateCell(x.From), TextCell(x.Note),
				Cell{Text: x.By, Sub: clock.DateOf(x.At.In(clock.Shanghai)).String()}))
		}
	}
	p.Tables = append(p.Tables, made)
	return p
}

// followRuleTable is the windows of a group in force and to come.
func followRuleTable(b Base, g aftercare.GroupRules, v aftercare.RulesView) Table {
	t := Table{Caption: b.T(g.Group.Label()), Columns: []Column{{Key: "followup.rules.from"}, {Key: "followup.step"}, {Key: "followup.rules.due", Align: "right"}, {Key: "followup.rules.window", Align: "right"},
		{Key: "followup.rules.wants", Class: "grow"}}}
	if v.MayEdit {
		t.Links = []Link{{Text: b.T("followup.rules.edit"), Href: "/followup-rules/" + string(g.Group)}}
	}
	rows := func(e followup.Edition, head string) {
		for i, w := range e.Windows {
			// #nosec G203 -- the text is escaped
			first := Cell{HTML: template.HTML(`<span class="vh">` + template.HTMLEscapeString(head) + `</span>`)} // shown once, said in every row
			if i == 0 {
				first = Cell{Text: head, Sub: b.T("followup.rules.edition", "n", e.Version), Nowrap: true}
				if e.Shipped() {
					first = Cell{Tag: &Tag{Text: b.T("followup.rules.shipped"), Kind: "warn"}, Nowrap: true}
				}
			}
			var wants []string
			for _, x := range w.Wants {
				wants = append(wants, b.T(x.Label()))
			}
			t.Rows = append(t.Rows, Cells(first, Cell{Text: b.T(w.Step.Label()), Nowrap: true}, Cell{Text: number(w.Due), Nowrap: true}, Cell{Text: b.T("followup.rules.days", "from", w.From, "to", w.To), Nowrap: true},
				TextCell(strings.Join(wants, b.T("list.separator")))))
		}
	}
	rows(g.Now, b.T("followup.rules.since", "on", g.Now.From))
	for _, e := range g.Coming {
		rows(e, b.T("followup.rules.coming", "on", e.From))
	}
	return t
}

// followRuleForm is the windows of a group as a form; a step left empty in all
// three boxes is not made.
func followRuleForm(b Base, g aftercare.GroupRules, v aftercare.RulesView) careForm {
	b.Title = b.T("followup.rules.title", "group", b.T(g.Group.Label()))
	b.Sub = b.T("followup.rules.form.sub")
	fields := []Field{{Name: "from", LabelKey: "followup.rules.from", HintKey: "followup.rules.from.hint", Kind: KindDate, Width: 6, Focus: true, Break: true}}
	head := Section{Key: "followup.rules.when", Fields: []string{"from", "note"}}
	sections := []Section{head}
	shown := g.Now
	if n := len(g.Coming); n > 0 { // what was planned last is what one goes on from
		shown = g.Coming[n-1]
	}
	values := map[string]string{}
	for _, w := range shown.Windows {
		for name, day := range map[string]int{".due": w.Due, ".from": w.From, ".to": w.To} {
			values[string(w.Step)+name] = number(day)
		}
	}
	fields = append(fields, Field{Name: "note", LabelKey: "followup.rules.note", HintKey: "followup.rules.note.hint", Kind: KindArea, Rows: 2, Max: followup.MaxText, Missing: "error.followup.rule_note"})
	for _, u := range followup.Usual(g.Group) {
		x := Section{Text: b.T(u.Step.Label())}
		for _, name := range []string{"due", "from", "to"} {
			f := Field{Name: string(u.Step) + "." + name, LabelKey: "followup.rules.day." + name, Of: x.Text, Kind: KindNumber, Low: 1, High: followup.MaxDay, Suffix: "unit.days", Optional: true, Width: 4}
			fields, x.Fields = append(fields, f), append(x.Fields, f.Name)
		}
		sections = append(sections, x)
	}
	f := keyed(NewForm(b, v.Today, fields...))
	f.Action, f.Sections = "/followup-rules/"+string(g.Group), sections
	f.Put("from", v.Today.AddDays(1).String())
	for name, value := range values {
		f.Put(name, value)
	}
	f.Hide("version", version(g.Latest))
	return careForm{Base: b, Form: f, Alerts: []Alert{{Kind: "info", Title: b.T("followup.rules.kept"), Text: b.T("followup.rules.kept.text")}}}
}

func (s *Server) followRuleForm(r *http.Request, c *Call) (careForm, aftercare.GroupRules, error) {
	v, err := s.d.Aftercare.Rules(r.Context(), c.Who)
	if err != nil {
		return careForm{}, aftercare.GroupRules{}, err
	}
	g, err := v.Of(followup.Group(chi.URLParam(r, "group")))
	b := s.careBase(c, "followups", c.P.T("followup.rules"), Link{Text: c.P.T("followup.rules"), Href: "/followup-rules"})
	return followRuleForm(b, g, v), g, err
}

func (s *Server) followRulePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.followRuleForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("followup.rules.save")}, "/followup-rules")
}

func (s *Server) saveFollowRule(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, g, err := s.followRuleForm(r, c)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("followup.rules.save")}, Back: "/followup-rules", Done: "followup.rules.saved", Read: func(f *Form) func() error {
		in := readFollowRule(f, g.Group)
		return func() error {
			_, err := s.d.Aftercare.SaveRule(r.Context(), c.Who, in, aftercare.KeyOf(requestKey(r), in))
			return err
		}
	}})
}

// readFollowRule reads the windows; of a step that is made every box is needed.
func readFollowRule(f *Form, g followup.Group) followup.Edition {
	e := followup.Edition{Group: g, Version: f.Version(), From: f.Date("from"), Note: f.Text("note")}
	for _, u := range followup.Usual(g) {
		name := string(u.Step)
		w := followup.Window{Step: u.Step, Due: f.Int(name + ".due"), From: f.Int(name + ".from"), To: f.Int(name + ".to")}
		empty := 0
		for _, box := range []string{".due", ".from", ".to"} {
			if f.Text(name+box) == "" {
				empty++
			}
		}
		if empty == 3 {
			continue
		}
		for _, box := range []string{".due", ".from", ".to"} {
			if f.Text(name+box) == "" {
				f.Fail(name+box, "error.followup.rule_whole")
			}
		}
		e.Windows = append(e.Windows, w)
	}
	return e
}
