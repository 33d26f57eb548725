package webui

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
)

// sessionLocked marks a session whose screen was locked: nothing is answered
// until the password was typed again.
const sessionLocked = "locked"

// lockRoutes declares the lock of a shared screen.
func (s *Server) lockRoutes(rt *router) {
	rt.get("/account/lock", authz.SelfRead, s.lockPage)
	rt.post("/account/lock", authz.SelfPassword, s.lock)
	rt.post("/account/unlock", authz.SelfPassword, s.unlock)
}

// locked stands before everything of a locked session but the lock itself
// and signing out. A form that was half-written in another tab is not lost: it is
// carried along until the password was typed, and then saved. It reports whether
// it answered the request.
func (s *Server) locked(w http.ResponseWriter, r *http.Request, c *Call, perm authz.Permission) (answered bool, err error) {
	if perm == authz.Public || !c.Who.SignedIn() || !s.d.Sessions.GetBool(r.Context(), sessionLocked) {
		return false, nil
	}
	if r.URL.Path == "/account/lock" || r.URL.Path == "/account/unlock" {
		return false, nil
	}
	if r.Method == http.MethodGet {
		return true, seeOther(w, r, "/account/lock?next="+url.QueryEscape(r.URL.RequestURI()))
	}
	f := unlockForm(c)
	f.Action = r.URL.RequestURI()
	open, err := s.carry(r, f, func(text string) error { return s.d.Accounts.Unlock(r.Context(), c.Who, text) })
	if err != nil {
		return false, err
	}
	if open {
		s.d.Sessions.Remove(r.Context(), sessionLocked)
		return false, nil
	}
	return true, s.d.Engine.Render(w, r, f.Status(), "account/lock", newLockView(c.Base, f))
}

func unlockForm(c *Call) *Form {
	return NewForm(c.Base, c.Today, Field{Name: proofField, LabelKey: "sign_in.password", Kind: KindPassword, Complete: "current-password", Focus: true})
}

// lockView is the locked screen: whose it is, and the way back in or on.
type lockView struct {
	Base
	Form *Form
	Note *Alert
}

func newLockView(b Base, f *Form) lockView {
	who := ""
	if b.User != nil {
		who = b.User.Name
	}
	b.Layout, b.Title, b.User = "plain", b.T("lock.title"), nil
	b.Sub = b.T("lock.who", "name", who)
	return lockView{Base: b, Form: f, Note: refusal(f)}
}

func (s *Server) lockPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	next := localPath(r.URL.Query().Get("next"), "/")
	if !s.d.Sessions.GetBool(r.Context(), sessionLocked) {
		return seeOther(w, r, next)
	}
	f := unlockForm(c).Hide("next", next)
	f.Action = "/account/unlock"
	return s.d.Engine.Render(w, r, http.StatusOK, "account/lock", newLockView(c.Base, f))
}

// lock closes the screen. With scripts the page stays behind the lock as it is,
// half-written form and all.
func (s *Server) lock(w http.ResponseWriter, r *http.Request, c *Call) error {
	if err := s.d.Accounts.Locked(r.Context(), c.Who); err != nil {
		return err
	}
	s.d.Sessions.Put(r.Context(), sessionLocked, true)
	if quiet(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return seeOther(w, r, "/account/lock?next="+url.QueryEscape(localPath(r.PostFormValue("back"), "/")))
}

// unlock opens the screen again. A script is told in one line what was wrong.
func (s *Server) unlock(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := unlockForm(c).Hide("next", "/")
	f.Action = "/account/unlock"
	if err := f.Read(r); err != nil {
		return err
	}
	if f.Text(proofField); f.OK() {
		err := s.d.Accounts.Unlock(r.Context(), c.Who, f.Raw(proofField))
		if err == nil {
			s.d.Sessions.Remove(r.Context(), sessionLocked)
			if quiet(r) {
				w.WriteHeader(http.StatusNoContent)
				return nil
			}
			return seeOther(w, r, localPath(f.Raw("next"), "/"))
		}
		if err = refused(f, err); err != nil {
			return err
		}
	}
	if quiet(r) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(f.Status())
		_, err := io.WriteString(w, errorText(c, f))
		return err
	}
	return s.d.Engine.Render(w, r, f.Status(), "account/lock", newLockView(c.Base, f))
}

// quiet reports whether a script asks, which keeps the page it is on.
func quiet(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "text/plain")
}

// errorText is everything wrong with a form in one line.
func errorText(c *Call, f *Form) string {
	var out []string
	for _, x := range f.errors {
		out = append(out, c.P.Say(x.Key, x.Args))
	}
	return strings.Join(out, " ")
}

// carry reads a proof out of a request that wanted something else, and puts
// everything that was posted into the form, so that nothing is written twice. It
// reports whether the proof was right.
func (s *Server) carry(r *http.Request, f *Form, prove func(text string) error) (bool, error) {
	if err := r.ParseForm(); err != nil {
		return false, err
	}
	if _, tried := r.PostForm[proofField]; tried {
		err := prove(r.PostFormValue(proofField))
		if err == nil {
			r.PostForm.Del(proofField)
			r.Form.Del(proofField)
			return true, nil
		}
		if err = refused(f, err); err != nil {
			return false, err
		}
	}
	for name, values := range r.PostForm {
		for _, v := range values {
			if name != proofField {
				f.Hide(name, v)
			}
		}
	}
	return false, nil
}
