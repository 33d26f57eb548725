package httpx

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func catalogue(t testing.TB) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.Load(os.DirFS("../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// edge is a mux with the whole stack and a log to read.
type edge struct {
	mux   *chi.Mux
	log   bytes.Buffer
	clock *clock.Fixed
	o     Options
}

func newEdge(t testing.TB, change func(*Options)) *edge {
	t.Helper()
	e := &edge{clock: clock.NewFixed(time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC))}
	log := slog.New(slog.NewJSONHandler(&e.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	e.o = Options{Log: log, Clock: e.clock, Metrics: NewMetrics(), Fail: ProblemFail(catalogue(t), log)}
	if change != nil {
		change(&e.o)
	}
	e.mux = New(e.o)
	return e
}

func (e *edge) do(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	e.mux.ServeHTTP(w, r)
	return w.Result()
}

func (e *edge) get(path string) *http.Response {
	return e.do(httptest.NewRequest(http.MethodGet, path, nil))
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, strings.Repeat("<p>山海</p>", 100))
}

func TestSecurityHeadersAreExactlyThese(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; " +
			"form-action 'self'; frame-ancestors 'none'",
		"X-Content-Type-Options":     "nosniff",
		"Referrer-Policy":            "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Cache-Control":              "no-store",
	}
	for _, secure := range []bool{false, true} {
		if secure {
			want["Strict-Transport-Security"] = "max-age=31536000"
		}
		e := newEdge(t, func(o *Options) { o.Secure = secure })
		e.mux.Get("/page", hello)
		for _, path := range []string{"/page", "/nothing"} {
			got := map[string]string{}
			for name := range e.get(path).Header {
				if name != "Content-Type" && name != "X-Request-Id" {
					got[name] = e.get(path).Header.Get(name)
				}
			}
			for name := range want {
				if path == "/nothing" && name == "X-Content-Type-Options" {
					continue // http.Error sets it too
				}
				if got[name] != want[name] {
					t.Errorf("%s secure=%v: %s is %q, want %q", path, secure, name, got[name], want[name])
				}
			}
			if path == "/page" && !maps.Equal(got, want) {
				t.Errorf("more or fewer headers: %v", slices.Sorted(maps.Keys(got)))
			}
		}
	}
}

// Without TLS and on another machine browsers send no Sec-Fetch-Site, and under
// no-referrer the Origin of our own forms is "null": those would be refused.
func TestFormsAreSentOverPlainHTTP(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.PlainNet = true })
	e.mux.Get("/page", hello)
	if got := e.get("/page").Header.Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("over plain http the policy is %q", got)
	}
	e = newEdge(t, func(o *Options) { o.PlainNet, o.Secure = true, true })
	e.mux.Get("/page", hello)
	if got := e.get("/page").Header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("over TLS the policy is %q", got)
	}
}

func TestOnlyTheScannerPageMayRunWebAssembly(t *testing.T) {
	e := newEdge(t, nil)
	e.mux.Get("/scan", func(w http.ResponseWriter, r *http.Request) { AllowScanner(w); hello(w, r) })
	e.mux.Get("/page", hello)
	got := e.get("/scan").Header.Get("Content-Security-Policy")
	if got != ContentPolicy+"; script-src 'self' 'wasm-unsafe-eval'" {
		t.Error(got)
	}
	if strings.Contains(e.get("/page").Header.Get("Content-Security-Policy"), "wasm") {
		t.Error("another page may too")
	}
}

func TestEveryRequestHasItsNumberInHeaderLogAndAudit(t *testing.T) {
	e := newEdge(t, nil)
	var noted audit.Request
	e.mux.Get("/page", func(w http.ResponseWriter, r *http.Request) { noted = audit.RequestFrom(r.Context()) })
	r := httptest.NewRequest(http.MethodGet, "/page", nil)
	r.Header.Set("X-Request-Id", "forged\nline")
	r.RemoteAddr = "192.0.2.7:1234"
	id := e.do(r).Header.Get("X-Request-Id")
	if len(id) != requestIDLength || noted.ID != id || noted.IP != "192.0.2.7" || !strings.Contains(e.log.String(), id) {
		t.Errorf("%q, %+v, %s", id, noted, e.log.String())
	}
	if again := e.get("/page").Header.Get("X-Request-Id"); again == id {
		t.Error("the number repeats")
	}
	if RequestID(context.Background()) != "" {
		t.Error("a number outside of a request")
	}
	SetActor(context.Background(), ident.New()) // must not need a request
}

func TestLogHoldsThePatternAndNeverThePath(t *testing.T) {
	e := newEdge(t, nil)
	actor := ident.New()
	e.mux.Get("/cases/{id}", func(w http.ResponseWriter, r *http.Request) {
		SetActor(r.Context(), actor)
		w.WriteHeader(http.StatusTeapot)
	})
	e.mux.Route("/api", func(r chi.Router) { r.Get("/persons/{id}", hello) })
	for _, path := range []string{"/cases/500199199001010017?name=secret", "/api/persons/500199199001010017", "/wp-login/500199199001010017"} {
		e.get(path)
	}
	log := e.log.String()
	if strings.Contains(log, "500199199001010017") || strings.Contains(log, "secret") {
		t.Errorf("personal data in the log: %s", log)
	}
	for _, want := range []string{`"route":"/cases/{id}"`, `"route":"/api/persons/{id}"`, `"route":"unmatched"`, `"status":418`, actor.String()} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the log: %s", want, log)
		}
	}
	w := httptest.NewRecorder()
	e.o.Metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	metrics := w.Body.String()
	if !strings.Contains(metrics, `shanhai_http_requests_total{method="GET",route="/cases/{id}",status="418"} 1`) ||
		strings.Contains(metrics, "500199199001010017") || !strings.Contains(metrics, "shanhai_http_requests_running 0") {
		t.Errorf("metrics: %s", metrics)
	}
}

func TestMadeUpMethodsAreOneLabel(t *testing.T) {
	e := newEdge(t, nil)
	e.mux.Get("/page", hello)
	e.do(httptest.NewRequest("PROPFIND", "/page", nil))
	if !strings.Contains(e.log.String(), `"method":"OTHER"`) {
		t.Error(e.log.String())
	}
}

func TestMonitoringIsNotLoggedAsTraffic(t *testing.T) {
	for route, want := range map[string]slog.Level{"/healthz": slog.LevelDebug, "/static/*": slog.LevelDebug, "/cases": slog.LevelInfo} {
		if got := level(route, 200); got != want {
			t.Errorf("%s: %v", route, got)
		}
	}
	if level("/healthz", 503) != slog.LevelError {
		t.Error("a failing check is quiet")
	}
}

func TestAPanicBecomesAnAnswerWithoutItsText(t *testing.T) {
	e := newEdge(t, nil)
	e.mux.Get("/page", func(http.ResponseWriter, *http.Request) { panic("secret detail") })
	r := e.get("/page")
	text := body(t, r)
	if r.StatusCode != http.StatusInternalServerError || strings.Contains(text, "secret detail") || !strings.Contains(text, r.Header.Get("X-Request-Id")) {
		t.Errorf("%d %s", r.StatusCode, text)
	}
	if log := e.log.String(); !strings.Contains(log, "secret detail") || !strings.Contains(log, `"status":500`) {
		t.Error(log)
	}
}

func TestAPanicInTheMiddleOfAnAnswerCutsTheConnection(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"half an answer": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); panic("late") },
		"aborted":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		e := newEdge(t, nil)
		e.mux.Get("/page", h)
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Errorf("%s: not cut", name)
				}
			}()
			e.get("/page")
		}()
	}
}

func TestClientAddressIsBelievedOnlyFromTrustedProxies(t *testing.T) {
	for _, c := range []struct{ name, trusted, peer, forwarded, want string }{
		{"no proxy, forged header", "", "192.0.2.7:1", "203.0.113.9", "192.0.2.7"},
		{"proxy", "10.0.0.0/8", "10.0.0.7:1", "203.0.113.9", "203.0.113.9"},
		{"proxy, client prepends", "10.0.0.0/8", "10.0.0.7:1", "1.2.3.4, 203.0.113.9, 10.0.0.8", "203.0.113.9"},
		{"past the proxy", "10.0.0.0/8", "192.0.2.7:1", "203.0.113.9", "192.0.2.7"},
	} {
		e := newEdge(t, func(o *Options) {
			if c.trusted != "" {
				o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(c.trusted)}
			}
		})
		var got string
		e.mux.Get("/page", func(_ http.ResponseWriter, r *http.Request) { got = ClientIP(r.Context()) })
		r := httptest.NewRequest(http.MethodGet, "/page", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", c.forwarded)
		e.do(r)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAddressesWithASecondSpellingDoNotExist(t *testing.T) {
	e := newEdge(t, nil)
	e.mux.Get("/api/cases/*", hello)
	e.mux.Get("/", hello)
	e.mux.Get("/api/funds/{id}", hello)
	for _, path := range []string{"/api/cases/1/../../funds/9", "/api/cases/1%2f..%2f..%2ffunds", "/api//cases/1", "/api/cases/..", "/api/cases/1%5c9",
		"/api/cases/1%00", "/api/./cases/1"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		u, err := r.URL.Parse("http://x" + path)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		r.URL.Path, _ = pathOf(path)
		if got := e.do(r); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	for _, path := range []string{"/", "/api/cases/1", "/api/cases/1/", "/api/cases/%E5%B1%B1"} {
		if got := e.get(path); got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

// pathOf decodes without resolving dots, as a raw client would send it.
func pathOf(p string) (string, error) {
	return strings.NewReplacer("%2f", "/", "%5c", "\\", "%00", "\x00").Replace(p), nil
}

func TestOtherSitesCannotWrite(t *testing.T) {
	e := newEdge(t, nil)
	e.mux.Post("/cases", hello)
	e.mux.Get("/cases", hello)
	for _, c := range []struct {
		method, header, value string
		want                  int
	}{
		{http.MethodPost, "Sec-Fetch-Site", "cross-site", 403},
		{http.MethodPost, "Sec-Fetch-Site", "same-site", 403},
		{http.MethodPost, "Origin", "https://evil.example", 403},
		{http.MethodPost, "Sec-Fetch-Site", "same-origin", 200},
		{http.MethodPost, "Origin", "http://example.com", 200},
		{http.MethodPost, "X-None", "script", 200},
		{http.MethodGet, "Sec-Fetch-Site", "cross-site", 200},
	} {
		r := httptest.NewRequest(c.method, "/cases", nil)
		r.Header.Set(c.header, c.value)
		if got := e.do(r).StatusCode; got != c.want {
			t.Errorf("%s %s=%s: %d", c.method, c.header, c.value, got)
		}
	}
}

func TestTextIsPackedAndDownloadsAreNot(t *testing.T) {
	e := newEdge(t, nil)
	e.mux.Get("/page", hello)
	e.mux.Get("/file", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		_, _ = io.WriteString(w, strings.Repeat("x", 2000))
	})
	e.mux.Get("/packed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, "already")
	})
	e.mux.Get("/none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	unpack := map[string]func(io.Reader) (io.Reader, error){
		"":     func(r io.Reader) (io.Reader, error) { return r, nil },
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"br":   func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	}
	for _, c := range []struct{ path, accept, want string }{
		{"/page", "gzip", "gzip"}, {"/page", "gzip, deflate, br", "br"}, {"/page", "", ""},
		{"/file", "gzip, br", ""}, {"/packed", "gzip, br", "br"}, {"/none", "gzip, br", ""},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		got := e.do(r)
		if enc := got.Header.Get("Content-Encoding"); enc != c.want {
			t.Errorf("%s accepting %q: %q", c.path, c.accept, enc)
		}
		if c.path == "/page" {
			plain, err := unpack[c.want](got.Body)
			if err != nil {
				t.Fatal(err)
			}
			if raw, err := io.ReadAll(plain); err != nil || !strings.HasPrefix(string(raw), "<p>山海") {
				t.Errorf("%s: %v", c.want, err)
			}
		}
	}
}

func TestLanguageIsChosenThenNegotiatedThenChinese(t *testing.T) {
	for _, c := range []struct {
		cookie, accept string
		want           i18n.Lang
	}{
		{"", "", i18n.Chinese}, {"", "en-GB,en;q=0.9", i18n.English}, {"", "zh-TW,en;q=0.8", i18n.Chinese},
		{"", "fr, en;q=0.3, zh;q=0.7", i18n.Chinese}, {"", "de", i18n.Chinese}, {"", "en;q=0, de", i18n.Chinese},
		{"en", "zh-CN", i18n.English}, {"zh-CN", "en", i18n.Chinese}, {"xx", "en", i18n.English}, {"", "en;q=abc", i18n.Chinese},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: languageCookie, Value: c.cookie})
		}
		if got := Language(r); got != c.want {
			t.Errorf("cookie %q, header %q: %s", c.cookie, c.accept, got)
		}
	}
	w := httptest.NewRecorder()
	SetLanguage(w, i18n.English, true)
	if got := w.Header().Get("Set-Cookie"); got != "lang=en; Path=/; Max-Age=31536000; HttpOnly; Secure; SameSite=Lax" {
		t.Error(got)
	}
}

func TestReadinessNamesWhatFailsAndNotWhy(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	good := Check{"database", func(context.Context) error { return nil }}
	bad := Check{"migrations", func(context.Context) error { return errors.New("password=secret refused") }}
	for _, c := range []struct {
		checks []Check
		status int
		want   string
	}{
		{[]Check{good}, 200, `{"checks":{"database":"ok"},"ready":true}`},
		{[]Check{good, bad}, 503, `{"checks":{"database":"ok","migrations":"failed"},"ready":false}`},
	} {
		w := httptest.NewRecorder()
		Readyz(logger, c.checks...)(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if w.Code != c.status || strings.TrimSpace(w.Body.String()) != c.want {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if !strings.Contains(log.String(), "secret") {
		t.Error("the reason is nowhere")
	}
	w := httptest.NewRecorder()
	Healthz()(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestTheServerHasAllItsLimits(t *testing.T) {
	s := NewServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if s.ReadHeaderTimeout != 5*time.Second || s.ReadTimeout != 30*time.Second || s.WriteTimeout != time.Minute ||
		s.IdleTimeout != time.Minute || s.MaxHeaderBytes != 16<<10 {
		t.Errorf("%+v", s)
	}
}

func TestWithoutMetricsTheStackStillWorks(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.Metrics = nil })
	e.mux.Get("/page", hello)
	if got := e.get("/page").StatusCode; got != 200 {
		t.Error(got)
	}
}

func decode(t testing.TB, text string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return m
}

var errPlain = errors.New("plain: secret cause")

func wrapped(kind errs.Kind) error { return errs.Wrap(errPlain, kind, "", nil) }
