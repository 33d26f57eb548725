package webui

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

func usersFilter(b Base, today clock.Date) *Form {
	f := NewForm(b, today,
		Field{Name: "q", LabelKey: "users.filter.text", Optional: true, Max: 60},
		Field{Name: "state", LabelKey: "users.filter.state", Kind: KindSelect, Optional: true, Blank: "list.any",
			Options: []Option{{Value: "active", Key: "account.state.active"}, {Value: "disabled", Key: "account.state.disabled"}}})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/users"
	return f
}

func (s *Server) usersPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := usersFilter(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	list, err := s.d.Accounts.List(r.Context(), c.Who, accounts.ListInput{Text: f.Text("q"), State: f.Choice("state"), Page: pageRequest(r)})
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.users")
	if s.can(c, authz.AccountCreate) {
		b.Actions = []Button{{Text: b.T("users.new"), Icon: "plus", Href: "/users/new", Kind: "primary"}}
	}
	v := newUsersView(b, f, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "directory/list", v)
}

func newUsersView(b Base, f *Form, list page.Result[accounts.AccountItem]) directoryList {
	b.Sub = b.T("users.sub")
	t := Table{Caption: b.T("settings.users"), Quiet: true, Columns: []Column{{Key: "account.display_name"}, {Key: "account.username"}, {Key: "account.organisation"},
		{Key: "account.roles"}, {Key: "account.state"}}, Empty: Empty{Title: b.T("users.empty"), Text: b.T("users.empty.text")}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/users")
	}
	for _, a := range list.Rows {
		t.Rows = append(t.Rows, Cells(nameCell(a.DisplayName, "/users/"+a.ID.String()), CodeCell(a.Username), TextCell(a.Organisation),
			TextCell(rolesText(b, a)), stateCell(b, a.Disabled, a.MustChange)))
	}
	return directoryList{Base: b, Filter: f, Table: t}
}

// nothingMatches is the empty state of a filtered list.
func nothingMatches(b Base, all string) Empty {
	return Empty{Title: b.T("list.nothing"), Text: b.T("list.nothing.text"), Buttons: []Button{{Text: b.T("filter.clear"), Href: all}}}
}

func rolesText(b Base, a accounts.AccountItem) string {
	var names []string
	for _, role := range a.Roles {
		names = append(names, b.T(string(role.Label())))
	}
	if len(names) == 0 {
		return b.T("account.no_role")
	}
	return strings.Join(names, b.T("list.separator"))
}

func stateCell(b Base, disabled, mustChange bool) Cell {
	switch {
	case disabled:
		return TagCell("plain", b.T("account.state.disabled"))
	case mustChange:
		return TagCell("warn", b.T("account.state.must_change"))
	}
	return TagCell("ok", b.T("account.state.active"))
}

func userForm(b Base, today clock.Date, organisations, doctors []Option, anybody bool) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "display_name", LabelKey: "account.display_name", Max: 60, Width: 6, Focus: true},
		Field{Name: "username", LabelKey: "account.username", HintKey: "account.username.hint", Max: 40, Width: 6},
		Field{Name: "organisation", LabelKey: "account.organisation", HintKey: "account.organisation.hint", Kind: KindCombo, Options: organisations,
			Optional: anybody, Width: 6},
		Field{Name: "practitioner", LabelKey: "account.practitioner", HintKey: "account.practitioner.hint", Kind: KindCombo, Options: doctors,
			Blank: "account.practitioner.none", Optional: true, Width: 6},
		Field{Name: "language", LabelKey: "me.language", Kind: KindRadio, Options: []Option{{Value: string(i18n.Chinese), Key: "language.zh"},
			{Value: string(i18n.English), Key: "language.en"}}}))
	f.Action = "/users"
	return f.Put("language", string(i18n.Chinese))
}

// userForm fills the choices for the caller. Somebody who works on the platform
// may add people of no organisation.
func (s *Server) userForm(r *http.Request, c *Call) (*Form, error) {
	organisations, err := s.organisationChoice(r, c)
	if err != nil {
		return nil, err
	}
	var doctors []Option
	if s.can(c, authz.PractitionerRead) {
		if doctors, err = s.practitionerChoice(r, c); err != nil {
			return nil, err
		}
	}
	f := userForm(c.Base, c.Today, organisations, doctors, s.d.Policy.Can(c.Who, authz.AccountCreate, authz.Platform())).saysIfCut("organisation").saysIfCut("practitioner")
	if len(c.Who.Hospitals) == 1 {
		f.Put("organisation", c.Who.Hospitals[0].String())
	}
	return f, nil
}

func (s *Server) newUserPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, err := s.userForm(r, c)
	if err != nil {
		return err
	}
	return s.showNewUser(w, r, c, f)
}

func (s *Server) showNewUser(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	b := s.settingsFrame(c, "users.new", Link{Text: c.P.T("settings.users"), Href: "/users"})
	b.Sub = b.T("users.new.sub")
	return s.formPage(w, r, b, f, Button{Text: b.T("users.create")}, "/users")
}

func (s *Server) createUser(w http.ResponseWriter, r *http.Request, c *Call) error {
	f, err := s.userForm(r, c)
	if err != nil {
		return err
	}
	if err := f.Read(r); err != nil {
		return err
	}
	in := accounts.NewAccount{Username: f.Text("username"), DisplayName: f.Text("display_name"), Organisation: f.IDOf("organisation"),
		Practitioner: f.IDOf("practitioner"), Language: i18n.Lang(f.Choice("language"))}
	if f.OK() {
		made, err := s.d.Accounts.CreateAccount(r.Context(), c.Who, in, requestKey(r))
		if err == nil {
			return s.showIssued(w, r, c, made, "users.created")
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showNewUser(w, r, c, f)
}

// showIssued shows a temporary password once.
func (s *Server) showIssued(w http.ResponseWriter, r *http.Request, c *Call, made accounts.Issued, title string) error {
	b := s.settingsFrame(c, title, Link{Text: c.P.T("settings.users"), Href: "/users"})
	return s.issued(w, r, b, Alert{Kind: "warn", Icon: "lock", Title: b.T("issued.once"), Text: b.T("issued.password")},
		Button{Text: b.T("issued.to_account"), Href: "/users/" + made.ID.String()},
		Def{Label: b.T("account.username"), Text: made.Username}, Def{Label: b.T("issued.temporary"), Text: made.Password})
}

// userView is the page of one account.
type userView struct {
	Base
	Facts []Def
	Roles *Table
	Do    []Button
}

// accountOf is the account of the address.
func (s *Server) accountOf(r *http.Request, c *Call) (accounts.Detail, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return accounts.Detail{}, err
	}
	return s.d.Accounts.Get(r.Context(), c.Who, id)
}

func (s *Server) userPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	d, err := s.accountOf(r, c)
	if err != nil {
		return err
	}
	b := s.settingsFrame(c, "settings.users")
	return s.d.Engine.Render(w, r, http.StatusOK, "account/user", newUserView(b, d, s.d.Clock.Now()))
}

func newUserView(b Base, d accounts.Detail, now time.Time) userView {
	self := "/users/" + d.ID.String()
	b.Crumbs = []Link{{Text: b.T("nav.settings"), Href: "/settings"}, {Text: b.T("settings.users"), Href: "/users"}, {Text: d.DisplayName}}
	b.Title, b.Sub = d.DisplayName, d.Username
	state := stateCell(b, d.Disabled, d.MustChange)
	b.Badge = state.Tag
	v := userView{Base: b}
	v.Facts = []Def{{Label: b.T("account.username"), Text: d.Username}, {Label: b.T("account.organisation"), Text: orNone(b, d.Organisation)}}
	if d.Doctor != "" {
		v.Facts = append(v.Facts, Def{Label: b.T("account.practitioner"), Text: d.Doctor})
	}
	v.Facts = append(v.Facts, Def{Label: b.T("account.password_changed"), Text: b.Day(clock.DateOf(d.PasswordChangedAt.In(clock.Shanghai)))},
		Def{Label: b.T("settings.factor"), Text: factorState(b, d.SecondFactor)}, Def{Label: b.T("account.sessions"), Text: strconv.Itoa(d.Sessions)})
	if wait := d.Failures.Until().Sub(now); wait > 0 {
		v.Facts = append(v.Facts, Def{Label: b.T("account.waiting"), Text: b.T("account.waiting.text", "n", int(wait.Seconds())+1)})
	}
	if d.May.Reset {
		v.Do = append(v.Do, Button{Text: b.T("account.reset"), Icon: "lock", Href: self + "/reset"})
		if d.SecondFactor {
			v.Do = append(v.Do, Button{Text: b.T("account.factor"), Icon: "lock", Href: self + "/factor"})
		}
	}
	if d.May.Disable && d.Sessions > 0 {
		v.Do = append(v.Do, Button{Text: b.T("account.sign_out"), Icon: "exit", Href: self + "/sign-out"})
	}
	if d.May.Move && !d.Disabled {
		v.Do = append(v.Do, Button{Text: b.T("account.move"), Icon: "swap", Href: self + "/move"})
	}
	if d.May.Disable && d.Disabled {
		v.Do = append(v.Do, Button{Text: b.T("account.enable"), Href: self + "/enable"})
	} else if d.May.Disable {
		v.Do = append(v.Do, Button{Text: b.T("account.disable"), Kind: "danger", Href: self + "/disable"})
	}
	if d.May.SeeRoles {
		t := rolesTable(b, d, self)
		v.Roles = &t
	}
	return v
}

func factorState(b Base, on bool) string {
	if on {
		return b.T("second_factor.on")
	}
	return b.T("second_factor.off")
}

func orNone(b Base, text string) string {
	if text == "" {
		return b.T("list.none")
	}
	return text
}

func rolesTable(b Base, d accounts.Detail, self string) Table {
	t := Table{Caption: b.T("account.roles"), Columns: []Column{{Key: "role.column"}, {Key: "role.where", Class: "grow"}, {Key: "period.from"}, {Key: "period.to"}, {Key: "account.state"}, {Key: "list.action", Hidden: true}},
		Empty: Empty{Title: b.T("account.no_role"), Text: b.T("account.no_role.text")}}
	if d.May.Assign {
		t.Links = []Link{{Text: b.T("role.assign"), Href: self + "/roles/new"}}
	}
	for _, h := range d.Held {
		state := TagCell("plain", b.T("role.state.later"))
		if h.Now {
			state = TagCell("ok", b.T("role.state.now"))
		}
		action := TextCell("")
		if h.MayRevoke {
			action = ButtonCell(Button{Text: b.T("role.revoke"), Href: self + "/roles/" + h.ID.String() + "/revoke"})
		}
		to := DateCell(h.To)
		if h.To.IsZero() {
			to = TextCell(b.T("period.open"))
		}
		t.Rows = append(t.Rows, Cells(TextCell(b.T(string(h.Role.Label()))), whereCell(b, h), DateCell(h.From), to, state, action))
	}
	return t
}

// whereCell says where a role holds: the hospital or fund, and its partnership.
func whereCell(b Base, h accounts.Held) Cell {
	switch {
	case h.PartnershipID == ident.Nil:
		return TextCell(b.T("partnership.platform"))
	case h.ScopeName == "":
		return TextCell(h.PartnershipName)
	}
	return Cell{Text: h.ScopeName, Sub: h.PartnershipName}
}
