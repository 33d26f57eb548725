// Package httpapi is the JSON API under /api/v1: the same service methods the
// pages call, with bearer tokens instead of cookies and problem documents
// instead of pages. It has no rules of its own; openapi.yaml is its contract and
// a test holds the two equal.
package httpapi

import (
	"context"
	_ "embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/glass"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/notice"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/plausibility"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/subject"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

//go:embed openapi.yaml
var document []byte

// Deps is everything the API needs.
type Deps struct {
	Policy    *authz.Policy
	Catalogue *i18n.Catalogue
	Log       *slog.Logger
	Clock     clock.Clock

	Accounts   *accounts.Service
	Care       *treatment.Service
	Reporting  *reporting.Service
	Intake     *intake.Service
	Funding    *funding.Service
	Implants   *implant.Service
	Aftercare  *aftercare.Service
	Pricing    *pricing.Service
	Visiting   *visiting.Service
	Directory  *directory.Service
	Screenings *screening.Service
	Inspection *inspection.Service
	Notices    *notice.Service
	Doubts     *plausibility.Service
	Paying     *paying.Service
	Glass      *glass.Service
	Subjects   *subject.Service
	Inbox      *inbox.Service
}

// Route is a declared address with its one permission.
type Route struct {
	Method, Pattern string
	Permission      authz.Permission
}

// Server serves the API.
type Server struct {
	d      Deps
	routes []Route
}

// call is one request: who acts, in which language errors are said, and the
// idempotency key of a write.
type call struct {
	Who user.Principal
	P   i18n.Printer
	Key string
}

// handler answers with a status and a value to encode, or an error.
type handler func(r *http.Request, c *call) (int, any, error)

type router struct {
	mux    chi.Router
	server *Server
}

// Mount declares the API under /api/v1.
func Mount(mux chi.Router, d Deps) *Server {
	s := &Server{d: d}
	mux.Route("/api/v1", func(inner chi.Router) {
		rt := &router{mux: inner, server: s}
		rt.get("/openapi.json", authz.Public, s.openAPI)
		s.personRoutes(rt)
		s.glassRoutes(rt)
		s.subjectRoutes(rt)
		s.proofRoutes(rt)
		s.screeningRoutes(rt)
		s.careRoutes(rt)
		s.referralRoutes(rt)
		s.outcomeRoutes(rt)
		s.correctionRoutes(rt)
		s.deviceRoutes(rt)
		s.followUpRoutes(rt)
		s.messageRoutes(rt)
		s.pricingRoutes(rt)
		s.visitingRoutes(rt)
		s.measureRoutes(rt)
		s.readingRoutes(rt)
		s.fundRoutes(rt)
		s.approvalRoutes(rt)
		s.settlementRoutes(rt)
		s.payRoutes(rt)
		s.sheetRoutes(rt)
		s.paperRoutes(rt)
		s.noticeRoutes(rt)
		s.packageRoutes(rt)
		s.reportRoutes(rt)
		inner.NotFound(s.guard(authz.Public, false, func(*http.Request, *call) (int, any, error) {
			return 0, nil, errs.Missing("error.not_found")
		}))
	})
	return s
}

// Routes lists the declared addresses.
func (s *Server) Routes() []Route { return s.routes }

func (rt *router) get(pattern string, perm authz.Permission, h handler) {
	rt.handle(http.MethodGet, pattern, perm, h)
}

func (rt *router) post(pattern string, perm authz.Permission, h handler) {
	rt.handle(http.MethodPost, pattern, perm, h)
}

func (rt *router) handle(method, pattern string, perm authz.Permission, h handler) {
	rt.server.routes = append(rt.server.routes, Route{method, pattern, perm})
	rt.mux.Method(method, pattern, rt.server.guard(perm, method != http.MethodGet, h))
}

// guard authenticates, checks the route's permission, asks writes for their
// idempotency key, and encodes the answer.
func (s *Server) guard(perm authz.Permission, write bool, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{P: s.d.Catalogue.Printer(httpx.Language(r)), Key: r.Header.Get("Idempotency-Key")}
		status, body, err := s.answer(r, c, h, perm, write)
		if err != nil {
			s.noteRefusal(r, c, err)
			if errs.Is(err, errs.Internal) {
				s.d.Log.ErrorContext(r.Context(), "request failed", "request", httpx.RequestID(r.Context()), "error", err)
			}
			httpx.WriteProblem(w, r, err, c.P)
			return
		}
		if f, ok := body.(rawFile); ok {
			f.write(w, status)
			return
		}
		writeJSON(w, status, body)
	}
}

// noteRefusal leaves a trace of who was turned away from what, as the pages do.
func (s *Server) noteRefusal(r *http.Request, c *call, cause error) {
	if s.d.Accounts == nil {
		return
	}
	object, _ := pathID(r, "id") // without a record there is none
	x := accounts.Refusal{Method: r.Method, Route: httpx.Route(r), Object: object, Cause: cause}
	if err := s.d.Accounts.Refused(r.Context(), c.Who, x); err != nil {
		s.d.Log.ErrorContext(r.Context(), "a refusal could not be recorded", "request", httpx.RequestID(r.Context()), "error", err)
	}
}

func (s *Server) answer(r *http.Request, c *call, h handler, perm authz.Permission, write bool) (int, any, error) {
	if perm != authz.Public {
		who, err := s.authenticate(r)
		if err != nil {
			return 0, nil, err
		}
		c.Who = who
		at := authz.Anywhere(who.PartnershipID)
		if who.PartnershipID == ident.Nil {
			at = authz.Platform()
		}
		if err := s.d.Policy.Check(who, perm, at); err != nil {
			return 0, nil, err
		}
	}
	if err := httpx.WellFormed(r); err != nil {
		return 0, nil, err
	}
	if write && c.Key == "" {
		return 0, nil, errs.New(errs.Invalid, "error.idempotency.missing", nil)
	}
	return h(r, c)
}

// openAPI is the contract, readable by anybody: it holds no data.
func (s *Server) openAPI(*http.Request, *call) (int, any, error) {
	v, err := contract()
	return http.StatusOK, v, err
}

// needs refuses a change that does not say which version it was made on: it
// could overwrite what nobody had seen.
func needs(name string, version int64) error {
	var f errs.Fields
	if version < 1 {
		f.Add(name, "error.version.missing")
	}
	return f.Err()
}

// pathID reads an id of the address; a malformed one does not exist.
func pathID(r *http.Request, name string) (ident.ID, error) {
	id, err := ident.Parse(chi.URLParam(r, name))
	if err != nil {
		return ident.Nil, errs.Missing("error.not_found")
	}
	return id, nil
}

// atVersion is a step of a record whose body is no more than the version it was
// read in.
func atVersion(r *http.Request, c *call, do func(context.Context, user.Principal, ident.ID, int64, string) error) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var in struct {
		Version int64 `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &in); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, created{id}, do(r.Context(), c.Who, id, in.Version, c.Key)
}

// writeJSON encodes before it writes, so that a failure is still a clean 500. What is
// JSON already goes out as it is.
func writeJSON(w http.ResponseWriter, status int, body any) {
	raw, ready := body.(json.RawMessage)
	if !ready {
		made, err := json.Marshal(body)
		if err != nil {
			http.Error(w, `{"title":"internal"}`, http.StatusInternalServerError)
			return
		}
		raw = append(made, '\n')
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // #nosec G705 -- JSON, and told to be nothing else: no browser draws it
}

// renamed gives the fields of a refusal the names of the body: the service knows
// them as the form does.
func renamed(err error, names map[string]string) error {
	if err == nil || errs.Of(err).Kind != errs.Invalid {
		return err
	}
	e := *errs.Of(err)
	e.Fields = slices.Clone(e.Fields)
	for i, f := range e.Fields {
		if name, ok := names[f.Path]; ok {
			e.Fields[i].Path = name
		}
	}
	return &e
}
