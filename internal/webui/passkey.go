package webui

import (
	"net"
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

// sessionKey keeps what a security key was asked; one answer takes it away.
const sessionKey = "passkey"

// site is the service as the browser sees it.
func (s *Server) site(r *http.Request, c *Call) accounts.Site {
	host := r.Host
	if h, _, err := net.SplitHostPort(r.Host); err == nil {
		host = h
	}
	scheme := "http"
	if s.d.Secure {
		scheme = "https"
	}
	return accounts.Site{Host: host, Origin: scheme + "://" + r.Host, Name: c.P.T("app.name")}
}

// keyForm is a form the script of the page fills with a key's answer.
type keyForm struct {
	Action  string
	Options string // what the browser is asked, as JSON
	Hidden  [][2]string
}

// keyToSignIn offers a security key to who has given the password.
func (s *Server) keyToSignIn(r *http.Request, c *Call, f *Form) (*keyForm, error) {
	ctx := r.Context()
	account, err := ident.Parse(s.d.Sessions.GetString(ctx, sessionHalf))
	if err != nil {
		return nil, nil
	}
	half := accounts.Half{Account: account, At: time.UnixMilli(s.d.Sessions.GetInt64(ctx, sessionHalfAt))}
	ask, ok, err := s.d.Accounts.AskPasskey(ctx, half, s.site(r, c))
	if err != nil || !ok {
		return nil, err
	}
	s.d.Sessions.Put(ctx, sessionKey, string(ask.State))
	return &keyForm{Action: "/sign-in/passkey", Options: string(ask.Options), Hidden: f.Hidden()}, nil
}

// answered is the answer of the key with what it was asked, which is used up.
func (s *Server) answered(r *http.Request, c *Call) accounts.NewPasskey {
	return accounts.NewPasskey{Site: s.site(r, c), State: []byte(s.d.Sessions.PopString(r.Context(), sessionKey)), Answer: []byte(r.PostFormValue("answer"))}
}

// signInPasskey is the second step with a security key.
func (s *Server) signInPasskey(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.secondStep(w, r, c, func(half accounts.Half, _ *Form) (accounts.SignedIn, error) {
		return s.d.Accounts.SignInPasskey(r.Context(), half, s.answered(r, c))
	})
}

// passkeysView is the own security keys.
type passkeysView struct {
	Base
	Note   *Alert
	Table  Table
	Remove []string // ids of the keys
	Add    *Button
}

func (s *Server) passkeysPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	keys, err := s.d.Accounts.Passkeys(r.Context(), c.Who)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "account/passkeys", newPasskeysView(s.settingsFrame(c, "settings.passkeys"), keys, s.keyTrouble(r, c)))
}

// keyTrouble says why no key can be set up here; empty: one can.
func (s *Server) keyTrouble(r *http.Request, c *Call) string {
	host := s.site(r, c).Host
	switch {
	case !c.Who.SecondFactor:
		return "passkey.trouble.app"
	case net.ParseIP(host) != nil:
		return "passkey.trouble.host"
	case !s.d.Secure && host != "localhost":
		return "passkey.trouble.plain"
	}
	return ""
}

func newPasskeysView(b Base, keys []accounts.Passkey, trouble string) passkeysView {
	b.Sub = b.T("passkey.sub")
	t := Table{Caption: b.T("settings.passkeys"), Quiet: true, Columns: []Column{{Key: "passkey.name", Class: "grow"}, {Key: "passkey.host"}, {Key: "passkey.created"}, {Key: "passkey.used"}, {Key: "list.action", Hidden: true}},
		Empty: Empty{Title: b.T("passkey.empty"), Text: b.T("passkey.empty.text")}}
	v := passkeysView{Base: b}
	for _, k := range keys {
		used := TextCell(b.T("passkey.never"))
		if !k.UsedAt.IsZero() {
			used = CodeCell(minute(k.UsedAt))
		}
		t.Rows = append(t.Rows, Cells(TextCell(k.Name), CodeCell(k.Host), CodeCell(minute(k.CreatedAt)), used, ButtonCell(Button{Text: b.T("passkey.remove"), Form: "remove-" + k.ID.String()})))
		v.Remove = append(v.Remove, k.ID.String())
	}
	v.Table = t
	if trouble != "" {
		v.Note = &Alert{Kind: "info", Icon: "lock", Title: b.T("passkey.trouble"), Text: b.T(trouble)}
		return v
	}
	v.Add = &Button{Text: b.T("passkey.add"), Kind: "primary", Icon: "plus", Href: "/account/passkeys/new"}
	return v
}

// newPasskeyView asks for a name, and the script for the key.
type newPasskeyView struct {
	Base
	Form    *Form
	Options string
}

func passkeyForm(b Base, today clock.Date) *Form {
	f := NewForm(b, today, Field{Name: "name", LabelKey: "passkey.name", HintKey: "passkey.name.hint", Max: 40, Focus: true})
	f.Action = "/account/passkeys"
	return f
}

func (s *Server) newPasskeyPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showPasskeyForm(w, r, c, passkeyForm(c.Base, c.Today))
}

func (s *Server) showPasskeyForm(w http.ResponseWriter, r *http.Request, c *Call, f *Form) error {
	ask, err := s.d.Accounts.BeginPasskey(r.Context(), c.Who, s.site(r, c))
	if err != nil {
		return err
	}
	s.d.Sessions.Put(r.Context(), sessionKey, string(ask.State))
	b := s.settingsFrame(c, "passkey.add", Link{Text: c.P.T("settings.passkeys"), Href: "/account/passkeys"})
	return s.d.Engine.Render(w, r, f.Status(), "account/passkey", newPasskeyPageView(b, f, string(ask.Options)))
}

func newPasskeyPageView(b Base, f *Form, options string) newPasskeyView {
	b.Sub = b.T("passkey.add.sub")
	return newPasskeyView{Base: b, Form: f, Options: options}
}

func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := passkeyForm(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	in := s.answered(r, c)
	if in.Name = f.Text("name"); f.OK() {
		err := s.d.Accounts.AddPasskey(r.Context(), c.Who, in)
		if err == nil {
			s.flash(r, Flash{Kind: "ok", Title: c.P.T("passkey.added")})
			return seeOther(w, r, "/account/passkeys")
		}
		if e := errs.Of(err); e.Key == "error.passkey.refused" {
			f.errors = append(f.errors, errs.Field{Key: e.Key})
		} else if err = refused(f, err); err != nil {
			return err
		}
	}
	return s.showPasskeyForm(w, r, c, f)
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request, c *Call) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := s.d.Accounts.RemovePasskey(r.Context(), c.Who, id); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T("passkey.removed")})
	return seeOther(w, r, "/account/passkeys")
}
