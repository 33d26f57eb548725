package webui

import (
	"net/http"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

// askUser is the page that asks before something is done to an account; it works
// without scripts, unlike a dialog.
func (s *Server) askUser(act string) handler {
	return func(w http.ResponseWriter, r *http.Request, c *Call) error {
		id, err := pathID(r, "id")
		if err != nil {
			return err
		}
		return s.ask(w, r, c, act, id, nil)
	}
}

// ask shows the question, with the refusal when the act was refused.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, c *Call, act string, account ident.ID, refusal error) error {
	d, err := s.d.Accounts.Get(r.Context(), c.Who, account)
	if err != nil {
		return err
	}
	self := "/users/" + account.String()
	b := s.settingsFrame(c, "account.ask."+act, Link{Text: c.P.T("settings.users"), Href: "/users"}, Link{Text: d.DisplayName, Href: self})
	b.Title, b.Sub = b.T("account.ask."+act, "name", d.DisplayName), b.T("account.ask."+act+".text")
	b.Crumbs[len(b.Crumbs)-1].Text = b.T("account.ask." + act + ".do")
	f := keyed(NewForm(b, c.Today))
	f.Action = self + "/" + act
	if refusal != nil {
		if err := refused(f, refusal); err != nil {
			return err
		}
	}
	save := Button{Text: b.T("account.ask." + act + ".do")}
	if act == "disable" {
		save.Kind = "danger"
	}
	return s.formPage(w, r, b, f, save, self)
}

func (s *Server) resetPassword(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	made, err := s.d.Accounts.ResetPassword(r.Context(), c.Who, id, requestKey(r))
	if err != nil {
		return s.ask(w, r, c, "reset", id, err)
	}
	return s.showIssued(w, r, c, made, "account.reset.done")
}

func (s *Server) disableUser(disabled bool) handler {
	act, done := "enable", "account.enabled"
	if disabled {
		act, done = "disable", "account.disabled"
	}
	return func(w http.ResponseWriter, r *http.Request, c *Call) error {
		id, err := pathID(r, "id")
		if err != nil {
			return err
		}
		if err := s.d.Accounts.SetDisabled(r.Context(), c.Who, id, disabled, requestKey(r)); err != nil {
			return s.ask(w, r, c, act, id, err)
		}
		s.flash(r, Flash{Kind: "ok", Title: c.P.T(done)})
		return seeOther(w, r, "/users/"+id.String())
	}
}

func (s *Server) signOutUser(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	n, err := s.d.Accounts.EndSessions(r.Context(), c.Who, id)
	if err != nil {
		return s.ask(w, r, c, "sign-out", id, err)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("account.signed_out", "n", int(n))})
	return seeOther(w, r, "/users/"+id.String())
}

// placeValue is the value of a place in the role form: kind, partnership, id.
func placeValue(p accounts.Place) string {
	return string(p.Kind) + "/" + p.Partnership.String() + "/" + p.ID.String()
}

func roleForm(b Base, today clock.Date, places []accounts.Place) *Form {
	var roles, where []Option
	for _, role := range user.Roles() {
		o := Option{Value: string(role), Key: string(role.Label())}
		for _, k := range role.ScopeKinds() {
			o.Sub += " " + b.T("scope."+string(k))
		}
		o.Text, o.Sub = b.T(o.Key)+"（"+strings.Join(strings.Fields(o.Sub), b.T("list.separator"))+"）", ""
		roles = append(roles, o)
	}
	for _, p := range places {
		o := Option{Value: placeValue(p), Text: p.Name, Group: p.Group}
		switch p.Kind {
		case user.ScopePlatform:
			o.Text = b.T("partnership.platform")
		case user.ScopePartnership:
			o.Text = b.T("role.whole", "name", p.Name)
		}
		where = append(where, o)
	}
	return keyed(NewForm(b, today,
		Field{Name: "role", LabelKey: "role.column", HintKey: "role.hint", Kind: KindSelect, Options: roles, Width: 6, Focus: true},
		Field{Name: "scope_id", LabelKey: "role.where", Kind: KindCombo, Options: where, Width: 6},
		Field{Name: "from", LabelKey: "period.from", Kind: KindDate, Width: 6},
		Field{Name: "to", LabelKey: "period.to", HintKey: "period.to.hint", Kind: KindDate, Optional: true, Width: 6})).Put("from", today.String())
}

// roleForm fills the choices for the caller and says whose role it is.
func (s *Server) roleForm(r *http.Request, c *Call) (*Form, accounts.Detail, error) {
	d, err := s.accountOf(r, c)
	if err != nil {
		return nil, d, err
	}
	places, err := s.d.Accounts.Places(r.Context(), c.Who)
	if err != nil {
		return nil, d, err
	}
	f := roleForm(c.Base, c.Today, places)
	f.Action = "/users/" + d.ID.String() + "/roles"
	return f, d, nil
}

func (s *Server) newRolePage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, err := s.roleForm(r, c)
	if err != nil {
		return err
	}
	return s.showRole(w, r, c, f, d)
}

func (s *Server) showRole(w http.ResponseWriter, r *http.Request, c *Call, f *Form, d accounts.Detail) error {
	self := "/users/" + d.ID.String()
	b := s.settingsFrame(c, "role.assign", Link{Text: c.P.T("settings.users"), Href: "/users"}, Link{Text: d.DisplayName, Href: self})
	b.Sub = d.DisplayName + " " + d.Username
	return s.formPage(w, r, b, f, Button{Text: b.T("role.assign.do")}, self)
}

func (s *Server) assignRole(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, d, err := s.roleForm(r, c)
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	in := accounts.AssignInput{Account: d.ID, Role: user.Role(f.Choice("role")), From: f.Date("from"), To: f.Date("to")}
	parts := strings.Split(f.Choice("scope_id"), "/")
	if f.OK() && len(parts) == 3 {
		in.Kind = user.ScopeKind(parts[0])
		in.Partnership, _ = ident.Parse(parts[1]) // a choice of the form, so well formed
		in.Scope, _ = ident.Parse(parts[2])
		_, err := s.d.Accounts.AssignRole(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("role.assigned")})
			return seeOther(w, r, "/users/"+d.ID.String())
		}
		if err = refused(f, onScopeField(err)); err != nil {
			return err
		}
	}
	return s.showRole(w, r, c, f, d)
}

// onScopeField brings what the domain says about the kind of scope to the one
// field that chooses it.
func onScopeField(err error) error {
	e := errs.Of(err)
	for i, f := range e.Fields {
		if f.Path == "scope_kind" {
			e.Fields[i].Path = "scope_id"
		}
	}
	return e
}

// held finds an assignment of the account in the address.
func (s *Server) held(r *http.Request, c *Call) (accounts.Detail, accounts.Held, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return accounts.Detail{}, accounts.Held{}, err
	}
	role, err := pathID(r, "role")
	if err != nil {
		return accounts.Detail{}, accounts.Held{}, err
	}
	d, err := s.d.Accounts.Get(r.Context(), c.Who, id)
	if err != nil {
		return d, accounts.Held{}, err
	}
	for _, h := range d.Held {
		if h.ID == role {
			return d, h, nil
		}
	}
	return d, accounts.Held{}, errs.Missing("error.role.missing")
}

func (s *Server) askRevokeRole(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, h, err := s.held(r, c)
	if err != nil {
		return err
	}
	return s.showRevokeRole(w, r, c, d, h, nil)
}

func (s *Server) showRevokeRole(w http.ResponseWriter, r *http.Request, c *Call, d accounts.Detail, h accounts.Held, refusal error) error {
	self := "/users/" + d.ID.String()
	b := s.settingsFrame(c, "role.revoke", Link{Text: c.P.T("settings.users"), Href: "/users"}, Link{Text: d.DisplayName, Href: self})
	b.Title = b.T("role.ask_revoke", "name", d.DisplayName, "role", b.T(string(h.Role.Label())))
	b.Sub = b.T("role.ask_revoke.text")
	f := keyed(NewForm(b, c.Today))
	f.Action = self + "/roles/" + h.ID.String() + "/revoke"
	if refusal != nil {
		if err := refused(f, refusal); err != nil {
			return err
		}
	}
	return s.formPage(w, r, b, f, Button{Text: b.T("role.revoke"), Kind: "danger"}, self)
}

func (s *Server) revokeRole(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, h, err := s.held(r, c)
	if err != nil {
		return err
	}
	if err := s.d.Accounts.RevokeRole(r.Context(), c.Who, h.ID, requestKey(r)); err != nil {
		return s.showRevokeRole(w, r, c, d, h, err)
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("role.revoked")})
	return seeOther(w, r, "/users/"+d.ID.String())
}
