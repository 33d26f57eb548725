package webui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// accountRoutes declares the addresses about accounts and the directory.
func (s *Server) accountRoutes(rt *router) {
	rt.get("/sign-in", authz.Public, s.signInPage)
	rt.post("/sign-in", authz.Public, s.signIn)
	rt.post("/sign-out", authz.Public, s.signOut)
	rt.post("/preferences", authz.Public, s.preferences)
	rt.post("/partnership", authz.SelfSignOut, s.choosePartnership)
	rt.get("/first-run", authz.Public, s.firstRunPage)
	rt.post("/first-run", authz.Public, s.firstRun)
	rt.get("/account/password", authz.SelfPassword, s.passwordPage)
	rt.post("/account/password", authz.SelfPassword, s.password)
	s.secondFactorRoutes(rt)
	s.lockRoutes(rt)
	rt.get("/account/prove", authz.SelfRead, s.provePage)
	rt.post("/account/prove", authz.SelfRead, s.prove)
	rt.get("/account/sessions", authz.SelfRead, s.sessionsPage)
	rt.post("/account/sessions/others", authz.SelfPassword, s.endOtherSessions)
	rt.post("/account/sessions/{id}/end", authz.SelfPassword, s.endSession)
	rt.get("/account/tokens", authz.SelfRead, s.tokensPage)
	rt.post("/account/tokens", authz.TokenCreate, s.createToken)
	rt.post("/account/tokens/{id}/revoke", authz.SelfRead, s.revokeToken)
	rt.get("/settings", authz.SelfRead, s.settingsPage)
	rt.get("/policy", authz.PolicyRead, s.policyPage)
	s.userRoutes(rt)
	s.directoryRoutes(rt)
}

func (s *Server) userRoutes(rt *router) {
	rt.get("/users", authz.AccountRead, s.usersPage)
	rt.get("/users/new", authz.AccountCreate, s.newUserPage)
	rt.post("/users", authz.AccountCreate, s.createUser)
	rt.get("/users/{id}", authz.AccountRead, s.userPage)
	rt.get("/users/{id}/reset", authz.AccountResetPassword, s.askUser("reset"))
	rt.post("/users/{id}/reset", authz.AccountResetPassword, s.resetPassword)
	rt.get("/users/{id}/factor", authz.AccountResetPassword, s.askUser("factor"))
	rt.post("/users/{id}/factor", authz.AccountResetPassword, s.resetFactor)
	rt.get("/users/{id}/move", authz.AccountCreate, s.moveUserPage)
	rt.post("/users/{id}/move", authz.AccountCreate, s.moveUser)
	rt.get("/users/{id}/disable", authz.AccountDisable, s.askUser("disable"))
	rt.post("/users/{id}/disable", authz.AccountDisable, s.disableUser(true))
	rt.get("/users/{id}/enable", authz.AccountDisable, s.askUser("enable"))
	rt.post("/users/{id}/enable", authz.AccountDisable, s.disableUser(false))
	rt.get("/users/{id}/sign-out", authz.AccountDisable, s.askUser("sign-out"))
	rt.post("/users/{id}/sign-out", authz.AccountDisable, s.signOutUser)
	rt.get("/users/{id}/roles/new", authz.RoleAssign, s.newRolePage)
	rt.post("/users/{id}/roles", authz.RoleAssign, s.assignRole)
	rt.get("/users/{id}/roles/{role}/revoke", authz.RoleAssign, s.askRevokeRole)
	rt.post("/users/{id}/roles/{role}/revoke", authz.RoleAssign, s.revokeRole)
}

func (s *Server) directoryRoutes(rt *router) {
	rt.get("/organisations", authz.OrganisationRead, s.organisationsPage)
	rt.get("/organisations/new", authz.OrganisationEdit, s.newOrganisationPage)
	rt.post("/organisations", authz.OrganisationEdit, s.createOrganisation)
	rt.get("/organisations/{id}", authz.OrganisationRead, s.organisationPage)
	rt.get("/organisations/{id}/edit", authz.OrganisationEdit, s.editOrganisationPage)
	rt.post("/organisations/{id}/edit", authz.OrganisationEdit, s.editOrganisation)
	rt.get("/organisations/{id}/merge", authz.OrganisationEdit, s.mergeOrganisationPage)
	rt.post("/organisations/{id}/merge", authz.OrganisationEdit, s.mergeOrganisation)
	rt.get("/partnerships", authz.PartnershipRead, s.partnershipsPage)
	rt.get("/partnerships/new", authz.PartnershipCreate, s.newPartnershipPage)
	rt.post("/partnerships", authz.PartnershipCreate, s.createPartnership)
	rt.get("/partnerships/{id}", authz.PartnershipRead, s.partnershipPage)
	rt.get("/partnerships/{id}/edit", authz.PartnershipEdit, s.editPartnershipPage)
	rt.post("/partnerships/{id}/edit", authz.PartnershipEdit, s.editPartnership)
	rt.get("/partnerships/{id}/members/new", authz.PartnershipEdit, s.newMemberPage)
	rt.post("/partnerships/{id}/members", authz.PartnershipEdit, s.addMember)
	rt.get("/partnerships/{id}/members/{organisation}/{from}", authz.PartnershipEdit, s.endMemberPage)
	rt.post("/partnerships/{id}/members/{organisation}/{from}", authz.PartnershipEdit, s.endMember)
	rt.get("/pairings", authz.PartnershipRead, s.pairingsPage)
	rt.get("/pairings/new", authz.PairingEdit, s.newPairingPage)
	rt.post("/pairings", authz.PairingEdit, s.createPairing)
	rt.get("/pairings/{id}", authz.PairingEdit, s.pairingPage)
	rt.post("/pairings/{id}", authz.PairingEdit, s.editPairing)
	rt.get("/practitioners", authz.PractitionerRead, s.practitionersPage)
	rt.get("/practitioners/new", authz.PractitionerEdit, s.newPractitionerPage)
	rt.post("/practitioners", authz.PractitionerEdit, s.createPractitioner)
	rt.get("/practitioners/{id}", authz.PractitionerRead, s.practitionerPage)
	rt.post("/practitioners/{id}", authz.PractitionerEdit, s.editPractitioner)
	rt.get("/postings", authz.PostingRead, s.postingsPage)
	rt.get("/postings/new", authz.PostingEdit, s.newPostingPage)
	rt.post("/postings", authz.PostingEdit, s.createPosting)
	rt.get("/postings/{id}", authz.PostingRead, s.postingPage)
	rt.post("/postings/{id}", authz.PostingEdit, s.editPosting)
	rt.get("/postings/{id}/end", authz.PostingEdit, s.endPostingPage)
	rt.post("/postings/{id}/end", authz.PostingEdit, s.endPosting)
}

// detour is where a request has to go first: to the first-run page while there
// is no account at all, to the own password while it has to be changed, and to
// the second factor where everybody needs one.
func (s *Server) detour(r *http.Request, c *Call) (string, error) {
	path := r.URL.Path
	if path == "/preferences" || path == "/sign-out" {
		return "", nil
	}
	if !c.Who.SignedIn() {
		if path == "/first-run" {
			return "", nil
		}
		open, err := s.d.Accounts.FirstRun(r.Context())
		if err != nil || !open {
			return "", err
		}
		return "/first-run", nil
	}
	if c.Who.MustChange && path != "/account/password" {
		return "/account/password", nil
	}
	if s.owesFactor(c) && !c.Who.MustChange && !strings.HasPrefix(path, "/account/second-factor") {
		return "/account/second-factor", nil
	}
	return "", nil
}

// choices fills the switch of partnerships in the header.
func (s *Server) choices(r *http.Request, c *Call) error {
	choices, err := s.d.Accounts.Choices(r.Context(), c.Who)
	if err != nil {
		return err
	}
	for _, p := range choices {
		x := Choice{Name: p.Name, Current: p.Current}
		if p.ID == ident.Nil {
			x.Name = c.P.T("partnership.platform")
		} else {
			x.ID = p.ID.String()
		}
		c.Base.Choices = append(c.Base.Choices, x)
	}
	return nil
}

// preferences stores language and theme: in the account, and for people who are
// not signed in in a cookie.
func (s *Server) preferences(w http.ResponseWriter, r *http.Request, c *Call) error {
	if err := r.ParseForm(); err != nil {
		return httpx.BodyError(err)
	}
	lang := i18n.Lang(r.PostFormValue("lang"))
	if lang == i18n.Chinese || lang == i18n.English {
		httpx.SetLanguage(w, lang, s.d.Secure)
	}
	var theme *string
	if r.PostForm.Has("theme") {
		v := r.PostFormValue("theme")
		theme = &v
	}
	if err := s.d.Accounts.SetPreferences(r.Context(), c.Who, lang, theme); err != nil {
		return err
	}
	back := localPath(r.PostFormValue("back"), "/")
	if !c.Who.SignedIn() && lang != "" && strings.HasPrefix(back, "/sign-in") {
		// Chosen on the sign-in page: it becomes the account's language.
		u, _ := url.Parse(back) // localPath read it before
		q := u.Query()
		q.Set("lang", string(lang))
		back = address(u.Path, q)
	}
	return seeOther(w, r, back)
}

// choosePartnership changes where the person works.
func (s *Server) choosePartnership(w http.ResponseWriter, r *http.Request, c *Call) error {
	id := ident.Nil
	if text := r.PostFormValue("partnership"); text != "" {
		var err error
		if id, err = ident.Parse(text); err != nil {
			return errs.Missing("error.partnership.missing")
		}
	}
	if err := s.d.Accounts.Enter(r.Context(), c.Who, id); err != nil {
		return err
	}
	s.d.Sessions.Put(r.Context(), sessionPartnership, id.String())
	// The page that was open may show a record of the other partnership.
	return seeOther(w, r, "/")
}

// localPath keeps an address inside this site: an absolute path, nothing a
// browser could read as another host, and none of the pages that lead round in
// a circle.
func localPath(next, otherwise string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") ||
		strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(next, "//") || u.Path == "/sign-out" {
		return otherwise
	}
	return next
}

// refused shows a refusal of a rule in the form that caused it, with what would
// work instead; other errors go on to the error page.
func refused(f *Form, err error) error {
	e := errs.Of(err)
	if e.Key == "error.idempotency.other_body" || slices.ContainsFunc(e.Fields, func(x errs.Field) bool { return x.Key == "error.screening.taken" }) {
		f.raw.Del("_key") // what was saved under it stands; saving again is another act
	}
	if e.Key == "error.idempotency.other_body" {
		f.errors = append(f.errors, errs.Field{Key: "form.error.sent_before"})
		return nil
	}
	if err = f.Merge(err); err == nil {
		return nil
	}
	if e.Kind == errs.Stale && f.overtaken() {
		return nil
	}
	if e.Kind != errs.Precondition && e.Kind != errs.Conflict && e.Kind != errs.RateLimited {
		return err
	}
	f.errors = append(f.errors, errs.Field{Key: e.Key, Args: e.Args})
	for _, key := range e.Remedy {
		f.errors = append(f.errors, errs.Field{Key: key, Args: e.Args})
	}
	return nil
}

// keyed gives a form the key that makes its action happen once.
func keyed(f *Form) *Form { return f.Hide("_key", ident.New().String()) }

// pageRequest reads the cursor of a list.
func pageRequest(r *http.Request) page.Request {
	return page.Request{After: r.URL.Query().Get("after")}
}

// directoryList is a list with its filter.
type directoryList struct {
	Base
	Filter *Form
	Table  Table
	Note   *Alert
}

// directoryForm is a form in one card.
type directoryForm struct {
	Base
	Form    *Form
	Buttons []Button
	Note    *Alert
}

// formPage renders a form with its own button and the way back.
func (s *Server) formPage(w http.ResponseWriter, r *http.Request, b Base, f *Form, save Button, back string) error {
	status := f.Status()
	return s.d.Engine.Render(w, r, status, "directory/form", newDirectoryForm(b, f, save, back))
}

func newDirectoryForm(b Base, f *Form, save Button, back string) directoryForm {
	if save.Kind == "" {
		save.Kind = "primary"
	}
	return directoryForm{Base: b, Form: f, Note: refusal(f), Buttons: []Button{save, {Text: b.T("dialog.back"), Href: back}}}
}

// refusal takes what belongs to no field out of a form's problems: a rule said
// no, nothing in the boxes is wrong. The first sentence says why, the others what
// would work.
func refusal(f *Form) *Alert {
	var note *Alert
	var rest errs.Fields
	for _, e := range f.errors {
		switch {
		case e.Path != "":
			rest = append(rest, e)
		case note == nil:
			note = &Alert{Kind: "error", Title: f.P.Say(e.Key, e.Args)}
		default:
			note.Text += f.P.Say(e.Key, e.Args)
		}
	}
	f.errors = rest
	return note
}

// settingsFrame is the frame of a page below the settings.
func (s *Server) settingsFrame(c *Call, title string, crumbs ...Link) Base {
	s.section(c, "settings")
	b := c.Base
	b.Title = b.T(title)
	b.Crumbs = append([]Link{{Text: b.T("nav.settings"), Href: "/settings"}}, crumbs...)
	b.Crumbs = append(b.Crumbs, Link{Text: b.Title})
	return b
}

// nameCell leads to a person or place. A usual name stays on one line, the table
// scrolls instead; a very long one may break.
func nameCell(name, href string) Cell {
	return Cell{Text: name, Href: href, Nowrap: utf8.RuneCountInString(name) <= 12}
}
