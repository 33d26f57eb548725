package webui

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

// signInView is the sign-in page.
type signInView struct {
	Base
	Form *Form
	Note *Alert
	Idle int // minutes until the session ends by itself
}

func signInForm(b Base, c *Call) *Form {
	f := NewForm(b, c.Today,
		Field{Name: "username", LabelKey: "sign_in.username", Complete: "username", Max: 80, Focus: true},
		Field{Name: "password", LabelKey: "sign_in.password", Kind: KindPassword, Complete: "current-password"})
	f.Action = "/sign-in"
	return f
}

func newSignInView(b Base, f *Form, idle int) signInView {
	b.Layout, b.Title, b.Sub = "plain", b.T("sign_in.title"), b.T("sign_in.sub")
	return signInView{Base: b, Form: f, Note: refusal(f), Idle: idle}
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	next := localPath(r.URL.Query().Get("next"), "/")
	if c.Who.SignedIn() {
		return seeOther(w, r, next)
	}
	f := signInForm(c.Base, c).Hide("next", next)
	if lang := r.URL.Query().Get("lang"); lang != "" {
		f.Hide("lang", lang)
	}
	return s.showSignIn(w, r, c, f)
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	status := f.Status()
	return s.d.Engine.Render(w, r, status, "account/signin", newSignInView(c.Base, f, int(s.d.Sessions.IdleTimeout.Minutes())))
}

// signIn opens a session. The token of the session is renewed, so that one known
// before the sign-in is worth nothing after it.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := signInForm(c.Base, c).Hide("next", "/")
	if err := f.Read(r); err != nil {
		return err
	}
	if lang := f.Raw("lang"); lang != "" {
		f.Hide("lang", lang)
	}
	in := accounts.SignInInput{Username: f.Text("username"), Password: f.Raw("password")}
	if f.Text("password"); !f.OK() { // notes a missing one; the spaces of a password are its own
		return s.showSignIn(w, r, c, f)
	}
	var signed accounts.SignedIn
	err := s.attempts.Allow(httpx.ClientKey(r))
	if err == nil {
		signed, err = s.d.Accounts.SignIn(r.Context(), in)
	}
	if errs.Is(err, errs.Unauthenticated) {
		f.errors = append(f.errors, errs.Field{Key: errs.Of(err).Key})
		err = nil
	}
	if err = refused(f, err); err != nil {
		return err
	}
	if !f.OK() {
		return s.showSignIn(w, r, c, f)
	}
	if signed.NeedsCode {
		q := url.Values{"next": {localPath(f.Raw("next"), "/")}, "lang": {f.Raw("lang")}}
		if err := s.half(r, signed.Account); err != nil {
			return err
		}
		return seeOther(w, r, "/sign-in/code?"+q.Encode())
	}
	if err := s.open(w, r, signed, f.Raw("lang")); err != nil {
		return err
	}
	if signed.MustChange {
		return seeOther(w, r, "/account/password")
	}
	return seeOther(w, r, localPath(f.Raw("next"), "/"))
}

// open binds the session to the account. The language chosen on the sign-in page
// becomes the account's; otherwise the account's is the browser's from now on.
func (s *Server) open(w http.ResponseWriter, r *http.Request, signed accounts.SignedIn, chosen string) error {
	ctx := r.Context()
	if err := s.d.Sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.d.Sessions.Put(ctx, sessionAccount, signed.Account.String())
	s.d.Sessions.Put(ctx, sessionAgent, browserName(r.UserAgent()))
	s.d.Sessions.Put(ctx, sessionProved, s.d.Clock.Now().Unix())
	who, err := s.d.Accounts.Resume(ctx, accounts.Resumption{Account: signed.Account, Partnership: ident.Nil})
	if err != nil {
		return err
	}
	httpx.SetActor(ctx, who.AccountID)
	lang := who.Language
	if chosen == string(i18n.Chinese) || chosen == string(i18n.English) {
		lang = i18n.Lang(chosen)
		if err := s.d.Accounts.SetPreferences(ctx, who, lang, nil); err != nil {
			return err
		}
	}
	httpx.SetLanguage(w, lang, s.d.Secure)
	return nil
}

// signOut ends the session. The browser's own store of half-written forms is
// kept, only its page cache goes.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request, c *Call) error {
	if err := s.d.Accounts.SignedOut(r.Context(), c.Who); err != nil {
		return err
	}
	if err := s.d.Sessions.Destroy(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return seeOther(w, r, "/sign-in")
}

// issuedView shows secrets once.
type issuedView struct {
	Base
	Note  Alert
	Items []Def
	Done  Button
}

// issued answers a POST with what was made; a redirect would have to keep the
// secret somewhere. Sending the form again shows the same, not a new one.
func (s *Server) issued(w http.ResponseWriter, r *http.Request, b Base, note Alert, done Button, items ...Def) error {
	if strings.TrimSpace(done.Kind) == "" {
		done.Kind = "primary"
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "account/issued", issuedView{Base: b, Note: note, Items: items, Done: done})
}
