package httpx

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// record is what is known of a request while it runs; one goroutine writes it.
type record struct {
	id    string
	actor ident.ID
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

// requestIDLength is short enough to read out on the telephone: 48 random bits.
const requestIDLength = 12

// numbered gives each request its number. A number sent by the client is not
// taken over: it would let anybody write into the log.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := ident.New().String()
		id = id[len(id)-requestIDLength:]
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), recordKey{}, &record{id: id})))
	})
}

// RequestID is the number of the request, shown on error pages and kept in log
// and audit; empty outside of a request.
func RequestID(ctx context.Context) string {
	if r := recordOf(ctx); r != nil {
		return r.id
	}
	return ""
}

// SetActor tells the access log who acts, once that is known.
func SetActor(ctx context.Context, account ident.ID) {
	if r := recordOf(ctx); r != nil {
		r.actor = account
	}
}

// ClientIP is the address of the client; empty when it cannot be trusted.
func ClientIP(ctx context.Context) string { return middleware.GetClientIP(ctx) }

// noted hands on what transactions take from the request.
func noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		ctx = audit.WithRequest(ctx, audit.Request{ID: RequestID(ctx), IP: ClientIP(ctx), Address: r.Method + " " + r.URL.Path})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// unmatched stands for addresses that are no route, so that scanning the
// service makes one line of metrics and not thousands.
const unmatched = "unmatched"

// Route is the pattern of the matched route. It is known only after the handler
// ran; the raw path is never logged because it may hold ids.
func Route(r *http.Request) string {
	if c := chi.RouteContext(r.Context()); c != nil {
		if p := c.RoutePattern(); p != "" && p != "/*" {
			return p
		}
	}
	return unmatched
}

// accessLog writes one line per request and feeds the metrics.
func accessLog(o Options) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began := o.Clock.Now()
			ww := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			done := o.Metrics.begin()
			defer func() {
				took := clock.Since(o.Clock, began)
				route, status := Route(r), ww.Status()
				if status == 0 {
					status = http.StatusOK
				}
				done(method(r), route, status, took)
				o.Log.LogAttrs(r.Context(), level(route, status), "request", attributes(r, ww, status, took)...)
			}()
			next.ServeHTTP(ww, r)
		})
	}
}

func attributes(r *http.Request, ww middleware.WrapResponseWriter, status int, took time.Duration) []slog.Attr {
	attrs := []slog.Attr{slog.String("request", RequestID(r.Context())), slog.String("method", method(r)), slog.String("route", Route(r)),
		slog.Int("status", status), slog.Int("bytes", ww.BytesWritten()), slog.Duration("took", took), slog.String("ip", ClientIP(r.Context()))}
	if rec := recordOf(r.Context()); rec != nil && rec.actor != ident.Nil {
		attrs = append(attrs, slog.String("actor", rec.actor.String()))
	}
	return attrs
}

// level keeps what a monitor asks every second out of the ordinary log.
func level(route string, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case route == "/healthz" || route == "/readyz" || route == "/metrics" || strings.HasPrefix(route, "/static/"):
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// method folds made-up methods, which would make endless metric labels.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "OTHER"
}

// recoverer turns a panic into an answer. The stack is logged, the request's
// content is not.
func recoverer(o Options) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				v := recover()
				if v == nil {
					return
				}
				if v == http.ErrAbortHandler {
					panic(v) // the server's own way to cut a connection
				}
				o.Log.ErrorContext(r.Context(), "panic", "request", RequestID(r.Context()), "route", Route(r), "panic", v, "stack", string(debug.Stack()))
				if ww, ok := w.(middleware.WrapResponseWriter); ok && ww.Status() != 0 {
					panic(http.ErrAbortHandler) // half an answer went out; the browser must see it is not whole
				}
				o.Fail(w, r, errs.New(errs.Internal, "error.internal", nil))
			}()
			next.ServeHTTP(w, r)
		})
	}
}

// cleanPath refuses addresses that have a second spelling. Permissions hang on
// the route, and a path that another layer reads differently could find one
// with another permission.
func cleanPath(fail Fail) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, raw := r.URL.Path, strings.ToLower(r.URL.EscapedPath())
			clean := path.Clean(p)
			if p != clean && p != clean+"/" || strings.Contains(raw, "%2f") || strings.Contains(raw, "%5c") || strings.ContainsAny(p, "\\\x00") {
				fail(w, r, errs.Missing("error.not_found"))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
