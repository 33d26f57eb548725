// Package httpx is what pages and JSON API share at the edge: the middleware in
// its one right order, the table from error kind to status, problem documents,
// sessions and their cookie, language, limits, health and metrics.
//
// Nothing here knows a page or a record. The order of [Stack] matters: the
// request gets its number before anything can fail, the log is written after
// the recoverer has turned a panic into an answer, and whatever is refused
// (body, origin) is refused before a session is read.
package httpx

import (
	"log/slog"
	"net/http"
	"net/netip"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

// Fail answers a request that was refused before its handler, as a page or a
// problem document.
type Fail func(w http.ResponseWriter, r *http.Request, err error)

// Options is what the stack needs.
type Options struct {
	Log            *slog.Logger
	Clock          clock.Clock
	Metrics        *Metrics       // nil: none
	TrustedProxies []netip.Prefix // whose X-Forwarded-For counts
	Secure         bool           // browsers reach us over TLS: ours or a trusted proxy's
	PlainNet       bool           // plain http beyond this machine was allowed
	MaxBody        int64          // bytes; 0 means DefaultBody
	Uploads        []Upload       // routes that take more
	Fail           Fail
}

// New is a mux with the whole stack, for the composition root, which knows no
// router.
func New(o Options) *chi.Mux {
	mux := chi.NewMux()
	Stack(mux, o)
	return mux
}

// Stack puts the middleware on a mux, before any route. Sessions, language and
// the acting person follow in the rooms of pages and API.
func Stack(mux chi.Router, o Options) {
	if o.MaxBody == 0 {
		o.MaxBody = DefaultBody
	}
	mux.Use(numbered, clientIP(o.TrustedProxies), noted, accessLog(o), recoverer(o), SecurityHeaders(o.Secure, o.PlainNet), cleanPath(o.Fail))
	mux.Use(bodyLimit(mux, o), compress(), crossOrigin(o.Fail))
}

// clientIP believes X-Forwarded-For only from the named proxies; without any it
// is the peer itself.
func clientIP(trusted []netip.Prefix) func(http.Handler) http.Handler {
	if len(trusted) == 0 {
		return middleware.ClientIPFromRemoteAddr
	}
	prefixes := make([]string, len(trusted))
	for i, p := range trusted {
		prefixes[i] = p.String()
	}
	return middleware.ClientIPFromXFF(prefixes...)
}

// crossOrigin refuses writes that another site's page sends (Sec-Fetch-Site,
// Origin). Requests of scripts carry neither and pass; they have no cookie.
func crossOrigin(fail Fail) func(http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, errs.New(errs.Forbidden, "error.cross_origin", nil))
	}))
	return protection.Handler
}

// ProblemFail is the Fail of the JSON API, and of anything without pages. A
// fault of ours is logged with its cause, which the answer does not show.
func ProblemFail(cat *i18n.Catalogue, log *slog.Logger) Fail {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if errs.Is(err, errs.Internal) {
			log.ErrorContext(r.Context(), "request failed", "request", RequestID(r.Context()), "error", err)
		}
		WriteProblem(w, r, err, cat.Printer(Language(r)))
	}
}
