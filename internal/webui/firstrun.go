package webui

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

// firstRunView is the page of a fresh installation.
type firstRunView struct {
	Base
	Form *Form
	Save Button
}

// firstRunDuties are the three people in the order of the form.
func firstRunDuties() []struct {
	prefix string
	role   user.Role
} {
	return []struct {
		prefix string
		role   user.Role
	}{{"system_", user.SystemAdmin}, {"security_", user.SecurityAdmin}, {"audit_", user.AuditAdmin}}
}

func firstRunForm(b Base, c *Call) *Form {
	fields := []Field{{Name: "code", LabelKey: "first_run.code", HintKey: "first_run.code.hint", Max: 40, Focus: true}}
	sections := []Section{{Key: "first_run.section.code", Fields: []string{"code"}}}
	for _, d := range firstRunDuties() {
		fields = append(fields,
			Field{Name: d.prefix + "username", LabelKey: "account.username", Width: 6, Max: 40},
			Field{Name: d.prefix + "display_name", LabelKey: "account.display_name", Width: 6, Max: 60})
		sections = append(sections, Section{Key: "first_run.section." + string(d.role), Fields: []string{d.prefix + "username", d.prefix + "display_name"}})
	}
	f := NewForm(b, c.Today, fields...)
	f.Action, f.Sections = "/first-run", sections
	return f
}

func newFirstRunView(b Base, f *Form) firstRunView {
	b.Layout, b.Title, b.Sub = "plain", b.T("first_run.title"), b.T("first_run.sub")
	return firstRunView{Base: b, Form: f, Save: Button{Text: b.T("first_run.save"), Kind: "primary"}}
}

func (s *Server) firstRunPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	open, err := s.d.Accounts.FirstRun(r.Context())
	if err != nil {
		return err
	}
	if !open {
		return seeOther(w, r, "/")
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "account/firstrun", newFirstRunView(c.Base, firstRunForm(c.Base, c)))
}

func (s *Server) firstRun(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := firstRunForm(c.Base, c)
	if err := f.Read(r); err != nil {
		return err
	}
	one := func(prefix string) accounts.Administrator {
		return accounts.Administrator{Username: f.Text(prefix + "username"), DisplayName: f.Text(prefix + "display_name")}
	}
	in := accounts.FirstAdministrators{Code: f.Text("code"), System: one("system_"), Security: one("security_"), Audit: one("audit_"), Language: c.P.Lang()}
	if f.OK() {
		made, err := s.d.Accounts.CreateFirstAdministrators(r.Context(), c.Who, in)
		if err == nil {
			return s.firstRunDone(w, r, c, made)
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.d.Engine.Render(w, r, f.Status(), "account/firstrun", newFirstRunView(c.Base, f))
}

func (s *Server) firstRunDone(w http.ResponseWriter, r *http.Request, c *Call, made []accounts.Issued) error {
	b, items := firstRunResult(c.Base, made)
	return s.issued(w, r, b, Alert{Kind: "warn", Icon: "lock", Title: b.T("issued.once"), Text: b.T("first_run.done.text")},
		Button{Text: b.T("sign_in.title"), Href: "/sign-in"}, items...)
}

func firstRunResult(b Base, made []accounts.Issued) (Base, []Def) {
	b.Layout, b.Title, b.Sub = "plain", b.T("first_run.done.title"), b.T("first_run.done.sub")
	var items []Def
	for i, d := range firstRunDuties() {
		if i < len(made) {
			items = append(items, Def{Label: b.T(string(d.role.Label())) + " " + made[i].Username, Text: made[i].Password})
		}
	}
	return b, items
}
