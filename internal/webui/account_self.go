package webui

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

func passwordForm(b Base, today clock.Date, rules user.PasswordPolicy) *Form {
	hint := "password.hint.mlps"
	if rules.Classes == 0 {
		hint = "password.hint.asvs"
	}
	f := NewForm(b, today,
		Field{Name: "current", LabelKey: "password.current", Kind: KindPassword, Complete: "current-password", Focus: true},
		Field{Name: "new", LabelKey: "password.new", HintKey: hint, HintArgs: errs.Args{"min": rules.Min, "classes": rules.Classes, "reuse": rules.Reuse},
			Kind: KindPassword, Complete: "new-password"},
		Field{Name: "repeat", LabelKey: "password.repeat", Kind: KindPassword, Complete: "new-password"})
	f.Action = "/account/password"
	return f
}

func (s *Server) passwordPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showPassword(w, r, c, passwordForm(c.Base, c.Today, s.d.Accounts.Passwords()))
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	status := f.Status()
	return s.d.Engine.Render(w, r, status, "directory/form", newPasswordView(s.settingsFrame(c, "password.title"), f, c.Who.MustChange))
}

// newPasswordView has no way back while the password has to be changed.
func newPasswordView(b Base, f *Form, must bool) directoryForm {
	v := newDirectoryForm(b, f, Button{Text: b.T("password.save")}, "/settings")
	if must {
		v.Buttons = v.Buttons[:1]
		v.Menu, v.Bottom, v.Register, v.Crumbs = nil, nil, nil, nil
		if v.Note != nil {
			return v
		}
		v.Note = &Alert{Kind: "warn", Icon: "lock", Title: b.T("password.must.title"), Text: b.T("password.must.text")}
	}
	return v
}

// password changes the own password. All sessions of the account end with it,
// so this one goes on under a new token.
func (s *Server) password(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := passwordForm(c.Base, c.Today, s.d.Accounts.Passwords())
	if err := f.Read(r); err != nil {
		return err
	}
	in := accounts.ChangePasswordInput{Current: f.Raw("current"), New: f.Raw("new"), Repeat: f.Raw("repeat")}
	err := s.d.Accounts.ChangePassword(r.Context(), c.Who, in)
	if err == nil {
		if err := s.d.Sessions.RenewToken(r.Context()); err != nil {
			return err
		}
		s.flash(r, Flash{Kind: "ok", Title: c.P.T("password.done")})
		return seeOther(w, r, "/")
	}
	if err = refused(f, err); err != nil {
		return err
	}
	return s.showPassword(w, r, c, f)
}

// settingsView is the hub: a card for each thing the person may look after.
type settingsView struct {
	Base
	Groups []settingsGroup
}

type settingsGroup struct {
	Title string
	Cards []settingsCard
}

type settingsCard struct{ Icon, Href, Title, Text string }

// settingsPlan is the whole hub. Inside says that a card needs a partnership.
func settingsPlan() []struct {
	group string
	cards []settingsEntry
} {
	return []struct {
		group string
		cards []settingsEntry
	}{
		{"people", []settingsEntry{{"users", "person", "/users", authz.AccountRead, false}, {"policy", "check", "/policy", authz.PolicyRead, false}}},
		{"directory", []settingsEntry{{"organisations", "folder", "/organisations", authz.OrganisationRead, false},
			{"partnerships", "swap", "/partnerships", authz.PartnershipRead, false}, {"pairings", "link", "/pairings", authz.PartnershipRead, true},
			{"practitioners", "stethoscope", "/practitioners", authz.PractitionerRead, false}, {"postings", "calendar", "/postings", authz.PostingRead, true}}},
		{"trust", []settingsEntry{{"audit", "eye", "/audit", authz.AuditRead, false}, {"lookups", "search", "/lookups", authz.LookupReview, true},
			{"outboxes", "download", "/screenings/outboxes", authz.ScreeningRecover, true}}},
		{"own", []settingsEntry{{"password", "lock", "/account/password", authz.SelfPassword, false},
			{"factor", "check", "/account/second-factor", authz.SelfRead, false}, {"passkeys", "lock", "/account/passkeys", authz.SelfRead, false}, {"sessions", "exit", "/account/sessions", authz.SelfRead, false}, {"tokens", "file", "/account/tokens", authz.TokenCreate, false}}},
	}
}

type settingsEntry struct {
	id, icon, href string
	perm           authz.Permission
	inside         bool
}

func (s *Server) settingsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	s.section(c, "settings")
	inside := len(c.Base.Choices) < 2 || c.Who.PartnershipID != [16]byte{}
	v := newSettingsView(c.Base, func(e settingsEntry) bool { return s.can(c, e.perm) && (inside || !e.inside) && s.hasRoute(e.href) })
	return s.d.Engine.Render(w, r, http.StatusOK, "account/settings", v)
}

// hasRoute reports whether an address is served.
func (s *Server) hasRoute(pattern string) bool {
	for _, r := range s.routes {
		if r.Method == http.MethodGet && r.Pattern == pattern {
			return true
		}
	}
	return false
}

func newSettingsView(b Base, offered func(settingsEntry) bool) settingsView {
	b.Title, b.Sub = b.T("nav.settings"), b.T("settings.sub")
	v := settingsView{Base: b}
	for _, g := range settingsPlan() {
		group := settingsGroup{Title: b.T("settings.group." + g.group)}
		for _, e := range g.cards {
			if offered(e) {
				group.Cards = append(group.Cards, settingsCard{e.icon, e.href, b.T("settings." + e.id), b.T("settings." + e.id + ".text")})
			}
		}
		if len(group.Cards) > 0 {
			v.Groups = append(v.Groups, group)
		}
	}
	return v
}

// policyPage is the table of roles and permissions.
func (s *Server) policyPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	rows, err := s.d.Accounts.PolicyTable(c.Who)
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.policy")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", newPolicyView(b, rows))
}

func newPolicyView(b Base, rows []accounts.PolicyRow) directoryList {
	b.Sub = b.T("policy.sub")
	t := Table{Caption: b.T("settings.policy"), Dense: true, Columns: []Column{{Key: "policy.permission", Class: "grow"}}}
	roles := append([]user.Role{user.Everyone}, user.Roles()...)
	for _, role := range roles {
		t.Columns = append(t.Columns, Column{Key: string(role.Label()), Align: "centre"})
	}
	for _, row := range rows {
		cells := []Cell{TextCell(b.T(string(authz.Label(row.Permission))))}
		for _, role := range roles {
			text := ""
			if row.Roles[role] {
				text = b.T("policy.yes")
			}
			cells = append(cells, TextCell(text))
		}
		t.Rows = append(t.Rows, Cells(cells...))
	}
	return directoryList{Base: b, Table: t}
}

func tokenForm(b Base, today clock.Date, reads, others []authz.Permission) *Form {
	var options []Option
	for i, perm := range append(append([]authz.Permission{}, reads...), others...) {
		o := Option{Value: string(perm), Key: string(authz.Label(perm))}
		if i >= len(reads) {
			o.Sub = b.T("token.writes")
		}
		options = append(options, o)
	}
	f := keyed(NewForm(b, today,
		Field{Name: "name", LabelKey: "token.name", HintKey: "token.name.hint", Max: 60, Width: 8},
		Field{Name: "days", LabelKey: "token.days", Kind: KindNumber, Low: 1, High: int(user.MaxTokenLife.Hours() / 24), Width: 4},
		Field{Name: "scopes", LabelKey: "token.scopes", Kind: KindChecks, Options: options}))
	f.Action = "/account/tokens"
	f.Put("days", "90")
	values := make([]string, len(reads))
	for i, perm := range reads {
		values[i] = string(perm)
	}
	return f.PutAll("scopes", values)
}

// tokensView is the own tokens and the form of a new one.
type tokensView struct {
	Base
	Table   Table
	Form    *Form // nil for who may not make tokens
	Buttons []Button
	Revoke  []string // ids of the tokens that can still be ended
}

func (s *Server) tokensPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	var f *Form
	if s.can(c, authz.TokenCreate) {
		reads, others := s.d.Accounts.TokenScopes(c.Who)
		f = tokenForm(c.Base, c.Today, reads, others)
	}
	return s.showTokens(w, r, c, f)
}

func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	tokens, err := s.d.Accounts.Tokens(r.Context(), c.Who)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if f != nil {
		status = f.Status()
	}
	return s.d.Engine.Render(w, r, status, "account/tokens", newTokensView(s.settingsFrame(c, "settings.tokens"), tokens, f, s.d.Clock.Now()))
}

func newTokensView(b Base, tokens []user.Token, f *Form, now time.Time) tokensView {
	b.Sub = b.T("token.sub")
	t := Table{Caption: b.T("token.list"), Columns: []Column{{Key: "token.name"}, {Key: "token.scopes", Class: "grow"}, {Key: "token.expires"}, {Key: "token.state"}, {Key: "list.action", Hidden: true}},
		Empty: Empty{Title: b.T("token.empty"), Text: b.T("token.empty.text")}}
	if f == nil {
		t.Empty.Text = b.T("token.empty.not_yours")
	}
	v := tokensView{Base: b, Form: f, Buttons: []Button{{Text: b.T("token.create"), Kind: "primary"}}}
	for _, x := range tokens {
		state, action := TagCell("ok", b.T("token.state.live")), ButtonCell(Button{Text: b.T("token.revoke"), Form: "revoke-" + x.ID.String()})
		if !x.RevokedAt.IsZero() || !now.Before(x.ExpiresAt) {
			state, action = TagCell("plain", b.T("token.state.ended")), TextCell("")
		} else {
			v.Revoke = append(v.Revoke, x.ID.String())
		}
		t.Rows = append(t.Rows, Cells(TextCell(x.Name), TextCell(b.T("token.scopes.n", "n", len(x.Scopes))), DateCell(clock.DateOf(x.ExpiresAt.In(clock.Shanghai))), state, action))
	}
	v.Table = t
	return v
}

func (s *Server) createToken(w http.ResponseWriter, r *http.Request, c *Call) error {
	reads, others := s.d.Accounts.TokenScopes(c.Who)
	f := tokenForm(c.Base, c.Today, reads, others)
	if err := f.Read(r); err != nil {
		return err
	}
	in := accounts.NewToken{Name: f.Text("name"), Life: time.Duration(f.Int("days")) * 24 * time.Hour}
	for _, scope := range f.Choices("scopes") {
		in.Scopes = append(in.Scopes, authz.Permission(scope))
	}
	if !f.OK() {
		return s.showTokens(w, r, c, f)
	}
	made, err := s.d.Accounts.CreateToken(r.Context(), c.Who, in, requestKey(r))
	if err != nil {
		if err = refused(f, err); err != nil {
			return err
		}
		return s.showTokens(w, r, c, f)
	}
	b := s.settingsFrame(c, "token.made", Link{Text: c.P.T("settings.tokens"), Href: "/account/tokens"})
	return s.issued(w, r, b, Alert{Kind: "warn", Icon: "lock", Title: b.T("issued.once"), Text: b.T("token.made.text")},
		Button{Text: b.T("issued.done"), Href: "/account/tokens"}, Def{Label: in.Name, Text: made.Secret})
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := s.d.Accounts.RevokeToken(r.Context(), c.Who, id); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("token.revoked")})
	return seeOther(w, r, "/account/tokens")
}
