package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

const (
	holders     = 100_000 // accounts with an assignment each
	revocations = 20
	asked       = 2_000_000 // permission checks
)

// permissions is P9: what a check costs with a hundred thousand assignments in the
// snapshot, how long the snapshot takes to compile, and how soon a right that was
// taken away at one node is gone at another.
func permissions(w *world, r *report) {
	people := w.hold()
	var loads []time.Duration
	for range again {
		begin := time.Now()
		w.must(w.app.Policy.Reload(context.Background()))
		loads = append(loads, time.Since(begin))
	}
	r.note(fmt.Sprintf("P9 snapshot of %d assignments compiled in", holders), "%s", ms(middle(loads)))
	w.checks(r, people)
	w.revoked(r, people)
}

// hold makes the accounts by COPY: they are the crowd, not what is measured.
func (w *world) hold() []ident.ID {
	w.t.Helper()
	accs := table("account", "id", "username", "display_name", "organisation_id", "password_hash", "password_changed_at", "created_at")
	roles := table("role_assignment", "id", "account_id", "role", "scope_kind", "scope_id", "partnership_id", "from_on", "created_at", "created_by")
	now, out := time.Now().UTC(), make([]ident.ID, holders)
	for i := range out {
		out[i] = ident.New()
		org := w.orgs[i%hospitals]
		accs.add(out[i].String(), fmt.Sprintf("holder-%06d", i), "登记员", org.String(), "none", now, now)
		roles.add(ident.New().String(), out[i].String(), string(user.Registrar), string(user.ScopeHospital), org.String(), w.place.String(), "2020-01-01", now, w.who[0].AccountID.String())
	}
	w.write([]*filler{accs, roles})
	_, err := w.super.Exec(`analyze account, role_assignment`)
	w.must(err)
	return out
}

// checks asks the snapshot as a request does: who is this, and may they do it here.
func (w *world) checks(r *report, people []ident.ID) {
	w.t.Helper()
	rng, known := rand.New(rand.NewPCG(1, 9)), make([]user.Principal, 4096)
	for i := range known {
		var err error
		n := rng.IntN(len(people))
		known[i], err = w.app.Policy.Principal(user.Principal{AccountID: people[n], PartnershipID: w.place, OrganisationID: w.orgs[n%hospitals]})
		w.must(err)
	}
	allowed, begin := 0, time.Now()
	for i := range asked {
		p := known[i%len(known)]
		if w.app.Policy.Can(p, authz.CaseRead, authz.AtHospital(w.place, p.OrganisationID)) {
			allowed++
		}
	}
	each := time.Since(begin) / asked
	if allowed != asked {
		w.t.Errorf("%d of %d were allowed", allowed, asked)
	}
	r.goal(each <= 2*time.Microsecond, fmt.Sprintf("P9 permission check at %d assignments", holders), "≤ 2 µs", "%d ns", each.Nanoseconds())
	begin = time.Now()
	for i := range asked / 10 {
		_, err := w.app.Policy.Principal(user.Principal{AccountID: people[i%len(people)], PartnershipID: w.place})
		w.must(err)
	}
	r.note("P9 grants of a principal from the snapshot", "%d ns", (time.Since(begin) / (asked / 10)).Nanoseconds())
}

// revoked takes a role away at one node and asks the other until it refuses.
func (w *world) revoked(r *report, people []ident.ID) {
	w.t.Helper()
	ctx := context.Background()
	other, err := app.Open(ctx, quiet(w.t, w.dir), options())
	w.must(err)
	serving, stop := context.WithCancel(ctx)
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- other.Serve(serving, func(url string) { ready <- url }) }()
	url := <-ready
	client := newClient(1)
	defer func() { stop(); <-done; other.Close() }()
	office := authz.System("bench")
	var took []time.Duration
	for i := range revocations {
		id := people[i*hospitals]
		made, err := w.app.Services.Accounts.CreateTokenFor(ctx, office, id, w.place, accounts.NewToken{Name: "bench", Life: time.Hour, Scopes: []authz.Permission{authz.CaseRead}})
		w.must(err)
		ask := func() int {
			req, err := http.NewRequest(http.MethodGet, url+"/api/v1/cases", nil)
			w.must(err)
			req.Header.Set("Authorization", "Bearer "+made.Secret)
			resp, err := client.Do(req)
			w.must(err)
			_ = resp.Body.Close()
			return resp.StatusCode
		}
		if status := ask(); status != http.StatusOK {
			w.t.Fatalf("before the revocation: %d", status)
		}
		var role string
		w.must(w.super.QueryRow(`select id from role_assignment where account_id = $1`, id.String()).Scan(&role))
		w.must(w.app.Services.Accounts.RevokeRole(ctx, office, parse(role), ""))
		for begin := time.Now(); ; {
			if ask() != http.StatusOK {
				took = append(took, time.Since(begin))
				break
			}
			if time.Since(begin) > 30*time.Second {
				w.t.Fatal("a right that was taken away stays")
			}
		}
	}
	slices.Sort(took)
	worst := took[len(took)-1]
	r.goal(worst <= time.Second, fmt.Sprintf("P9 revocation at another node, %d times at %d assignments", revocations, holders), "≤ 1 s", "at most %s, median %s", ms(worst), ms(middle(took)))
}
