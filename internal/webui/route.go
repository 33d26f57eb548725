package webui

import (
	"context"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

// Call is one request as a handler sees it: who acts, in which language, and
// the frame of the page it will answer with.
type Call struct {
	Who   user.Principal
	P     i18n.Printer
	Today clock.Date
	Base  Base

	counts func() map[string]MenuItem // counters of the navigation, counted once and only for a page
}

// handler answers a request or returns an error; exactly one place renders it.
type handler func(w http.ResponseWriter, r *http.Request, c *Call) error

// Route is a declared address. Every address has one permission; a test walks
// the mux and fails on one that was not declared here.
type Route struct {
	Method, Pattern string
	Permission      authz.Permission
}

// router declares addresses with their permission.
type router struct {
	mux    chi.Router
	server *Server
	routes *[]Route
}

// get declares a page.
func (rt *router) get(pattern string, perm authz.Permission, h handler) {
	rt.handle(http.MethodGet, pattern, perm, h)
}

// post declares an action.
func (rt *router) post(pattern string, perm authz.Permission, h handler) {
	rt.handle(http.MethodPost, pattern, perm, h)
}

func (rt *router) handle(method, pattern string, perm authz.Permission, h handler) {
	*rt.routes = append(*rt.routes, Route{method, pattern, perm})
	rt.mux.Method(method, pattern, rt.server.guard(perm, h))
}

// guard is the door: it finds out who acts, checks the route's permission, and
// renders whatever error comes back.
func (s *Server) guard(perm authz.Permission, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer s.forget(r)
		c, err := s.call(r)
		if err == nil {
			err = httpx.WellFormed(r)
		}
		if err == nil {
			var first string
			if first, err = s.detour(r, c); first != "" {
				http.Redirect(w, r, first, http.StatusSeeOther) // #nosec G710 -- addresses of this house, made by its own code
				return
			}
		}
		if err == nil {
			err = s.admit(c, perm)
		}
		answered := false
		if err == nil {
			answered, err = s.locked(w, r, c, perm)
		}
		if err == nil && !answered {
			answered, err = s.proving(w, r, c, perm)
		}
		if err == nil && !answered {
			if r.Method == http.MethodPost {
				sent := &sentStatus{ResponseWriter: w}
				if err = h(sent, r, c); err == nil {
					s.clearDraft(r, c, sent.status)
				}
			} else {
				err = h(w, r, c)
			}
		}
		if err != nil {
			s.noteRefusal(r, c, err)
			s.fail(w, r, c, err)
		}
	}
}

// noteRefusal leaves a trace of who was turned away from what. The answer is the
// same when that fails; the log then has it.
func (s *Server) noteRefusal(r *http.Request, c *Call, cause error) {
	if c == nil || s.d.Accounts == nil {
		return
	}
	object, _ := pathID(r, "id") // without a record there is none
	x := accounts.Refusal{Method: r.Method, Route: httpx.Route(r), Object: object, Cause: cause}
	if err := s.d.Accounts.Refused(r.Context(), c.Who, x); err != nil {
		s.d.Log.ErrorContext(r.Context(), "a refusal could not be recorded", "request", httpx.RequestID(r.Context()), "error", err)
	}
}

// forget removes the files of a large upload from the temporary directory. The
// server does that only for the request it made itself, and the middleware hands
// on copies of it, so scans of identity papers would stay there readable.
func (s *Server) forget(r *http.Request) {
	if r.MultipartForm == nil {
		return
	}
	if err := r.MultipartForm.RemoveAll(); err != nil {
		s.d.Log.ErrorContext(r.Context(), "the files of an upload could not be removed", "request", httpx.RequestID(r.Context()), "error", err)
	}
}

// admit checks the permission a route declared. Somewhere in the partnership is
// enough for the door; the service asks again about the record.
func (s *Server) admit(c *Call, perm authz.Permission) error {
	if perm == authz.Public {
		return nil
	}
	if c.Who.PartnershipID == ident.Nil {
		return s.d.Policy.Check(c.Who, perm, authz.Platform())
	}
	return s.d.Policy.Check(c.Who, perm, authz.Anywhere(c.Who.PartnershipID))
}

// can tells a page whether to offer something.
func (s *Server) can(c *Call, perm authz.Permission) bool { return s.admit(c, perm) == nil }

// pathID reads an id of the address; a malformed one does not exist.
func pathID(r *http.Request, name string) (ident.ID, error) {
	id, err := ident.Parse(chi.URLParam(r, name))
	if err != nil {
		return ident.Nil, errs.Missing("error.not_found")
	}
	return id, nil
}

// requestKey is the idempotency key a form carries, so that a double press or a
// repeated request changes things once.
func requestKey(r *http.Request) string { return r.PostFormValue("_key") }

// atVersion is the button of a record: it does something to the version its page
// showed, says so and goes on.
func (s *Server) atVersion(w http.ResponseWriter, r *http.Request, c *Call, do func(context.Context, user.Principal, ident.ID, int64, string) error, done, to string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := keyed(NewForm(c.Base, c.Today)).Hide("version", "")
	if err := f.Read(r); err != nil {
		return err
	}
	if err := do(r.Context(), c.Who, id, f.Version(), requestKey(r)); err != nil {
		return err
	}
	s.flash(r, Flash{Kind: "ok", Title: c.P.T(done)})
	return seeOther(w, r, to)
}

// seeOther sends the browser on after a successful action.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther) // #nosec G710 -- addresses of this house, made by its own code
	return nil
}
