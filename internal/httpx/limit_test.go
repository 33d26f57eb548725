package httpx

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
	"github.com/go-chi/chi/v5"
	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func TestBodiesOverTheLimitAreRefused(t *testing.T) {
	e := newEdge(t, func(o *Options) {
		o.MaxBody = 1000
		o.Uploads = []Upload{{"/cases/{id}/files", 5000}, {"/api/v1/imports", 3000}}
	})
	read := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			e.o.Fail(w, r, BodyError(err))
		}
	}
	e.mux.Post("/form", read)
	e.mux.Post("/cases/{id}/files", read)
	e.mux.Route("/api/v1", func(r chi.Router) { r.Post("/imports", read) })
	for _, c := range []struct {
		path string
		size int
		want int
	}{
		{"/form", 1000, 200}, {"/form", 1001, 413}, {"/cases/1/files", 5000, 200}, {"/cases/1/files", 5001, 413},
		{"/api/v1/imports", 3000, 200}, {"/api/v1/imports", 3001, 413}, {"/cases/1/other", 1001, 413}, {"/form", 0, 200},
	} {
		for _, announced := range []bool{true, false} {
			r := httptest.NewRequest(http.MethodPost, c.path, bytes.NewReader(make([]byte, c.size)))
			if !announced {
				if c.path == "/cases/1/other" {
					continue // not a route: answered before anything is read
				}
				r.ContentLength = -1
			}
			got := e.do(r)
			if got.StatusCode != c.want {
				t.Errorf("%s %d bytes, announced %v: %d", c.path, c.size, announced, got.StatusCode)
			}
			if c.want == 413 && !strings.Contains(body(t, got), "1 MB") {
				t.Errorf("%s: the limit is not named", c.path)
			}
		}
	}
}

func TestTheBrowserGetsToReadTheRefusalOfABigUpload(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.Uploads = []Upload{{"/file", 1 << 20}} })
	e.mux.Post("/file", hello)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(e.mux, e.o.Log)
	e.clock.Set(clock.System{}.Now()) // deadlines are real here
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	resp, err := http.Post("http://"+l.Addr().String()+"/file", "application/octet-stream", bytes.NewReader(make([]byte, 8<<20)))
	if err != nil {
		t.Fatalf("the connection was cut: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", resp.StatusCode)
	}
}

func limiter() (*Limiter, *clock.Fixed) {
	c := clock.NewFixed(time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC))
	return NewLimiter(c, 6*time.Second, 10), c
}

func TestLimiterAllowsABurstThenRefillsEvenly(t *testing.T) {
	l, c := limiter()
	for i := range 10 {
		if err := l.Allow("a"); err != nil {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	err := l.Allow("a")
	if !errs.Is(err, errs.RateLimited) || errs.Of(err).Args["seconds"] != 6 {
		t.Fatalf("%v", err)
	}
	if err := l.Allow("b"); err != nil {
		t.Errorf("another client waits too: %v", err)
	}
	c.Advance(5 * time.Second)
	if err := l.Allow("a"); errs.Of(err).Args["seconds"] != 1 {
		t.Errorf("a second too early: %v", err)
	}
	c.Advance(time.Second)
	if err := l.Allow("a"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if l.Allow("a") == nil {
		t.Error("two for one wait")
	}
	c.Advance(time.Hour)
	for range 10 {
		if err := l.Allow("a"); err != nil {
			t.Fatal(err)
		}
	}
	if l.Allow("a") == nil {
		t.Error("an idle hour saved up more than the burst")
	}
}

func TestNoTimingBeatsTheLimiter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, c := limiter()
		start, allowed := c.Now(), 0
		for range rapid.IntRange(1, 200).Draw(t, "attempts") {
			c.Advance(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond)
			if l.Allow("a") == nil {
				allowed++
			}
		}
		if most := 10 + int(c.Now().Sub(start)/(6*time.Second)) + 1; allowed > most {
			t.Fatalf("%d allowed, %d are right", allowed, most)
		}
	})
}

func TestEndlessAddressesDoNotCostEndlessMemory(t *testing.T) {
	l, c := limiter()
	l.keys = 100
	for i := range 1000 {
		_ = l.Allow(fmt.Sprint("client ", i))
	}
	if len(l.buckets) > 100 {
		t.Errorf("%d buckets", len(l.buckets))
	}
	c.Advance(time.Hour)
	_ = l.Allow("new")
	if len(l.buckets) != 1 {
		t.Errorf("full buckets are kept: %d", len(l.buckets))
	}
}

func TestClientsAreToldApartByAddress(t *testing.T) {
	l, _ := limiter()
	l.burst = 1
	e := newEdge(t, nil)
	e.mux.With(l.Limit(e.o.Fail)).Post("/sign-in", hello)
	for _, c := range []struct {
		peer string
		want int
	}{
		{"192.0.2.1:1", 200}, {"192.0.2.1:2", 429}, {"192.0.2.2:1", 200},
		{"[2001:db8:1:2::1]:1", 200}, {"[2001:db8:1:2::9]:1", 429}, {"[2001:db8:1:3::1]:1", 200},
		{"unix", 200}, {"unix", 429},
	} {
		r := httptest.NewRequest(http.MethodPost, "/sign-in", nil)
		r.RemoteAddr = c.peer
		if got := e.do(r).StatusCode; got != c.want {
			t.Errorf("%s: %d, want %d", c.peer, got, c.want)
		}
	}
}

func TestAllowTimeNeedsNoRealConnection(t *testing.T) {
	AllowTime(httptest.NewRecorder(), time.Minute)
}

// The clock of the house may be pinned or moved; a connection is not cut for it.
func TestAnUploadHasItsTimeByTheMachinesClock(t *testing.T) {
	e := newEdge(t, func(o *Options) { o.Uploads = []Upload{{"/file", 1 << 20}} })
	e.clock.Advance(-24 * time.Hour)
	e.mux.Post("/file", hello)
	srv := httptest.NewServer(e.mux)
	defer srv.Close()
	resp, err := http.Post(srv.URL+"/file", "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	if resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Errorf("answered with %d", resp.StatusCode)
	}
}

// failingStore stands for a database that is not there.
type failingStore struct{ scs.Store }

func (failingStore) Find(string) ([]byte, bool, error) {
	return nil, false, errs.New(errs.Unavailable, "error.unavailable", nil)
}

func signIn(t *testing.T, s *scs.SessionManager, e *edge) *http.Cookie {
	t.Helper()
	e.mux.With(s.LoadAndSave).Post("/sign-in", func(_ http.ResponseWriter, r *http.Request) {
		if err := s.RenewToken(r.Context()); err != nil {
			t.Error(err)
		}
		s.Put(r.Context(), "account", "somebody")
	})
	e.mux.With(s.LoadAndSave).Get("/who", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, s.GetString(r.Context(), "account"))
	})
	cookies := e.do(httptest.NewRequest(http.MethodPost, "/sign-in", nil)).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%v", cookies)
	}
	return cookies[0]
}

func TestSessionCookieFollowsTheTransport(t *testing.T) {
	for secure, name := range map[bool]string{true: "__Host-shanhai", false: "shanhai"} {
		e := newEdge(t, nil)
		c := signIn(t, NewSessions(memstore.New(), SessionOptions{Secure: secure, Fail: e.o.Fail}), e)
		if c.Name != name || c.Secure != secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 0 || !c.Expires.IsZero() {
			t.Errorf("secure=%v: %s", secure, c.Raw)
		}
	}
}

func TestTheStoreNeverSeesAToken(t *testing.T) {
	e, store := newEdge(t, nil), memstore.New()
	c := signIn(t, NewSessions(store, SessionOptions{Fail: e.o.Fail}), e)
	all, err := store.All()
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	for key := range all {
		if key == c.Value {
			t.Error("the token itself is stored")
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/who", nil)
	r.AddCookie(c)
	if got := body(t, e.do(r)); got != "somebody" {
		t.Error(got)
	}
}

func TestSessionLimits(t *testing.T) {
	s := NewSessions(memstore.New(), SessionOptions{})
	if s.IdleTimeout != 15*time.Minute || s.Lifetime != 12*time.Hour || !s.HashTokenInStore {
		t.Errorf("%+v", s)
	}
	s = NewSessions(memstore.New(), SessionOptions{Idle: time.Minute, Absolute: time.Hour})
	if s.IdleTimeout != time.Minute || s.Lifetime != time.Hour {
		t.Errorf("%+v", s)
	}
}

func TestWithoutItsStoreASessionIsNotSomebodyElses(t *testing.T) {
	e := newEdge(t, nil)
	s := NewSessions(failingStore{memstore.New()}, SessionOptions{Fail: e.o.Fail})
	e.mux.With(s.LoadAndSave).Get("/who", hello)
	r := httptest.NewRequest(http.MethodGet, "/who", nil)
	r.AddCookie(&http.Cookie{Name: "shanhai", Value: "abc"})
	if got := e.do(r); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%d", got.StatusCode)
	}
}
