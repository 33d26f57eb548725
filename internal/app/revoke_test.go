package app

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// taking is one way to shut somebody out.
type taking struct {
	name string
	do   func(context.Context, *App, user.Principal, ident.ID) error
}

func takings() []taking {
	office := authz.System("test")
	return []taking{
		{"the account is shut", func(ctx context.Context, at *App, who user.Principal, _ ident.ID) error {
			return at.Services.Accounts.SetDisabled(ctx, office, who.AccountID, true, "")
		}},
		{"the sessions are ended", func(ctx context.Context, at *App, who user.Principal, _ ident.ID) error {
			_, err := at.Services.Accounts.EndSessions(ctx, office, who.AccountID)
			return err
		}},
		{"the role is taken", func(ctx context.Context, at *App, _ user.Principal, role ident.ID) error {
			return at.Services.Accounts.RevokeRole(ctx, office, role, "")
		}},
	}
}

// Three processes serve one database. Whoever is shut out, or loses a role, or is
// signed out at the first is refused at each of them. Half a second later is usual;
// how long the slowest took is told, and no reason to fail on a busy machine.
// -scale is the number of trials; each is somebody else, by the next of three ways.
func TestWhatIsTakenAwayIsGoneOnEveryNode(t *testing.T) {
	w := servicetest.New(t)
	w.Clock.Set(clock.System{}.Now())
	cfg := external(t, w.Database, false)
	if err := w.Keys.Save(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	var nodes [3]*App
	var urls [3]string
	for i := range nodes {
		nodes[i], urls[i] = serving(t, cfg)
	}
	hash, err := seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 2).Hash(t.Context(), knock)
	if err != nil {
		t.Fatal(err)
	}
	slowest, late := map[string]time.Duration{}, 0
	trials := scaletest.Times(len(takings()))
	for n := range trials {
		way := takings()[n%len(takings())]
		who, role := newcomer(w, n, hash)
		for _, node := range nodes {
			if err := node.Policy.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		client := signedIn(t, urls[1], who.Username)
		for _, url := range urls {
			if page := patients(t, client, url); page != http.StatusOK {
				t.Fatalf("trial %d, before: %d", n, page)
			}
		}
		if err := way.do(t.Context(), nodes[0], who, role); err != nil {
			t.Fatal(err)
		}
		took := refusedEverywhere(t, client, urls[:])
		slowest[way.name] = max(slowest[way.name], took)
		if took > time.Second {
			late++
		}
	}
	t.Logf("%d trials at %d nodes, %d of them later than a second; the slowest of each way: %v", trials, len(nodes), late, slowest)
}

// serving is a process with the watch of its own.
func serving(t *testing.T, cfg config.Config) (*App, string) {
	t.Helper()
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

// newcomer is one more registrar, with the role that may be taken.
func newcomer(w *servicetest.World, n int, hash string) (user.Principal, ident.ID) {
	w.T.Helper()
	a := user.Account{ID: ident.New(), Username: fmt.Sprintf("newcomer-%d", n), DisplayName: "登记员", OrganisationID: w.ID(servicetest.Mountain), Language: i18n.Chinese,
		PasswordHash: hash}
	held := user.Assignment{ID: ident.New(), Account: a.ID, Role: user.Registrar, ScopeKind: user.ScopeHospital, ScopeID: w.ID(servicetest.Mountain),
		PartnershipID: w.Partnership.ID, From: clock.MustDate(2020, 1, 1)}
	w.Do(w.System().In(ident.Nil), func(tx *store.Tx) error {
		if err := tx.InsertAccount(a); err != nil {
			return err
		}
		return tx.InsertAssignment(held)
	})
	return user.Principal{AccountID: a.ID, Username: a.Username}, held.ID
}

func signedIn(t *testing.T, node, name string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range 10 { // from one address so many attempts are taken, then one every two seconds
		signed, err := client.PostForm(node+"/sign-in", url.Values{"username": {name}, "password": {knock}})
		if err != nil {
			t.Fatal(err)
		}
		_ = signed.Body.Close()
		if signed.StatusCode == http.StatusSeeOther {
			return client
		}
		<-time.After(time.Second)
	}
	t.Fatalf("%s does not come in", name)
	return nil
}

func patients(t *testing.T, client *http.Client, node string) int {
	t.Helper()
	resp, err := client.Get(node + "/patients")
	if err != nil {
		t.Error(err)
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// refusedEverywhere asks all nodes at once, again and again, and says when the last
// one refused.
func refusedEverywhere(t *testing.T, client *http.Client, nodes []string) time.Duration {
	t.Helper()
	began, took := time.Now(), make([]time.Duration, len(nodes))
	var wait sync.WaitGroup
	for i, node := range nodes {
		wait.Go(func() {
			for patients(t, client, node) == http.StatusOK && took[i] < 10*time.Second {
				took[i] = time.Since(began)
			}
			took[i] = time.Since(began)
		})
	}
	wait.Wait()
	slowest := slices.Max(took)
	if slowest > 10*time.Second {
		t.Fatal("never refused")
	}
	return slowest.Round(time.Millisecond)
}
