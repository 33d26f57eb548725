package app

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// Two processes serve one database. Whoever is shut out, or loses a role, or is
// signed out at the first is refused at the second too. Half a second
// later is usual; how long it took is told, and no reason to fail on a busy machine.
func TestWhatIsTakenAwayIsGoneOnEveryNode(t *testing.T) {
	w := servicetest.New(t)
	w.Clock.Set(clock.System{}.Now())
	cfg := external(t, w.Database, false)
	if err := w.Keys.Save(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	node := func() (*App, string) {
		a := open(t, cfg, clock.System{})
		handler, err := a.Handler()
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { a.Services.Accounts.Watch(ctx); close(done) }()
		srv := httptest.NewServer(handler)
		t.Cleanup(func() { srv.Close(); stop(); <-done })
		return a, srv.URL
	}
	first, _ := node()
	second, url2 := node()
	hash, err := seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 2).Hash(t.Context(), knock)
	if err != nil {
		t.Fatal(err)
	}
	office := authz.System("test")
	ways := map[string]func(user.Principal) error{
		"the account is shut": func(p user.Principal) error {
			return first.Services.Accounts.SetDisabled(t.Context(), office, p.AccountID, true, "")
		},
		"the sessions are ended": func(p user.Principal) error {
			_, err := first.Services.Accounts.EndSessions(t.Context(), office, p.AccountID)
			return err
		},
		"the role is taken": func(p user.Principal) error {
			role, err := ident.Parse(text(t, w, `select id from role_assignment where account_id = $1 and revoked_at is null`, p.AccountID))
			if err == nil {
				err = first.Services.Accounts.RevokeRole(t.Context(), office, role, "")
			}
			return err
		},
	}
	places := servicetest.Places() // somebody else each time
	for name, take := range ways {
		place := places[0]
		places = places[1:]
		t.Run(name, func(t *testing.T) {
			who := w.Registrar(place)
			w.Exec(`update account set password_hash = $1 where id = $2`, hash, who.AccountID)
			if err := second.Policy.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := first.Policy.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			signed, err := client.PostForm(url2+"/sign-in", url.Values{"username": {who.Username}, "password": {knock}})
			if err != nil {
				t.Fatal(err)
			}
			_ = signed.Body.Close()
			ask := func() int {
				t.Helper()
				resp, err := client.Get(url2 + "/patients")
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				return resp.StatusCode
			}
			if page := ask(); page != http.StatusOK {
				t.Fatalf("before: %d", page)
			}
			if err := take(who); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			for ask() == http.StatusOK {
				if time.Since(began) > 5*time.Second {
					t.Fatal("never refused")
				}
			}
			t.Logf("%s: refused after %v", name, time.Since(began).Round(time.Millisecond))
		})
	}
}

func text(t *testing.T, w *servicetest.World, query string, args ...any) string {
	t.Helper()
	p := premises{World: w, behind: pgtest.Open(t, w.Database.SuperDSN)}
	p.T = t
	return p.superText(query, args...)
}
