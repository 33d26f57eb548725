package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

const (
	crowdSize  = 1000
	think      = 8 * time.Second
	crowdWarm  = 20 * time.Second
	crowdUsual = 90 * time.Second // SHANHAI_TEST_BENCH_CROWD says another time
)

// doing is one kind of what people do, with how long each took.
type doing struct {
	name  string
	limit time.Duration

	mu     sync.Mutex
	took   []time.Duration
	failed []error
}

func (d *doing) note(took time.Duration, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.failed = append(d.failed, err)
		return
	}
	d.took = append(d.took, took)
}

// crowd is P11: a thousand people at their desks read, search and register, each
// with an account of its own and eight seconds of thought between two clicks.
func crowd(w *world, r *report) {
	span, err := time.ParseDuration(cmp.Or(os.Getenv("SHANHAI_TEST_BENCH_CROWD"), crowdUsual.String()))
	w.must(err)
	tokens := w.desks()
	read, search, write := &doing{name: "reads", limit: 500 * time.Millisecond}, &doing{name: "searches", limit: 500 * time.Millisecond}, &doing{name: "registrations", limit: time.Second}
	client := newClient(crowdSize)
	fresh, acked := counter{}, atomic.Int64{}
	fresh.n.Store(int64(w.size) + 3_000_000)
	before := memory(os.Getpid(), "VmRSS")
	var wait sync.WaitGroup
	begin := time.Now()
	for i, token := range tokens {
		wait.Go(func() {
			rng := rand.New(rand.NewPCG(11, uint64(i)))
			<-time.After(time.Duration(rng.Int64N(int64(think)))) // people do not all come in at once
			for time.Since(begin) < crowdWarm+span {
				w.click(client, token, i%clients, rng, clicks{read, search, write, &fresh, &acked, time.Since(begin) < crowdWarm})
				<-time.After(time.Duration(rng.Int64N(int64(2 * think))))
			}
		})
	}
	wait.Wait()
	client.CloseIdleConnections()
	for _, d := range []*doing{read, search, write} {
		slices.Sort(d.took)
		if len(d.took) == 0 {
			r.goal(false, "P11 "+d.name, "some", "none: %v", errors.Join(d.failed...))
			continue
		}
		p50, p95 := d.took[len(d.took)/2], d.took[len(d.took)*95/100]
		r.goal(p95 <= d.limit && len(d.failed) == 0, fmt.Sprintf("P11 %s of %d people, %s of thought", d.name, crowdSize, think), "p95 ≤ "+d.limit.String()+", none fails",
			"%.0f /s  p50 %s  p95 %s, %d failed%s", float64(len(d.took))/span.Seconds(), ms(p50), ms(p95), len(d.failed), first(d.failed))
	}
	var made, doubled int
	w.must(w.super.QueryRow(`select count(*), count(*) - count(distinct d.digest) from registration r join person_document d on d.partnership_id = r.partnership_id and d.person_id = r.person_id
		where r.village = '人海村'`).Scan(&made, &doubled))
	r.goal(int64(made) == acked.Load() && doubled == 0, "P11 registrations lost or doubled", "0, 0", "%d acknowledged, %d there, %d doubled", acked.Load(), made, doubled)
	r.note("P11 memory of service and driver together", "%.0f MB before, %.0f MB after, load %s", before, memory(os.Getpid(), "VmRSS"), quietly())
}

func first(all []error) string {
	if len(all) == 0 {
		return ""
	}
	return ": " + all[0].Error()
}

// desks gives each person of the crowd a token of one of the clients' accounts.
func (w *world) desks() []string {
	w.t.Helper()
	out := make([]string, crowdSize)
	for i := range out {
		made, err := w.app.Services.Accounts.CreateTokenFor(context.Background(), authz.System("bench"), w.who[i%clients].AccountID, w.place,
			accounts.NewToken{Name: fmt.Sprintf("desk %d", i), Life: 24 * time.Hour, Scopes: []authz.Permission{authz.PersonRead, authz.PersonRegister, authz.PersonLookup, authz.CaseRead, authz.CaseOpen, authz.TreatmentRead}})
		w.must(err)
		out[i] = made.Secret
	}
	return out
}

// clicks is where the figures of the crowd go.
type clicks struct {
	read, search, write *doing
	fresh               *counter
	acked               *atomic.Int64
	warming             bool // done, but not counted
}

// click is one thing a person does: of ten, seven reads, two searches and one
// registration.
func (w *world) click(client *http.Client, token string, worker int, rng *rand.Rand, c clicks) {
	d, path := c.read, "/api/v1/cases/"+w.caseOf(w.mine(worker, rng.IntN(w.size/hospitals)))[0]
	begin := time.Now()
	var err error
	switch n := rng.IntN(10); {
	case n == 9:
		p := invent(c.fresh.next())
		p.village = "人海村"
		d, err = c.write, w.registerAs(client, token, worker, p)
		if err == nil {
			c.acked.Add(1)
		}
	case n >= 7:
		d, path = c.search, "/api/v1/persons?q="+url.QueryEscape(string([]rune(invent(w.mine(worker, rng.IntN(w.size/hospitals))).name)[:2]))
		fallthrough
	default:
		var req *http.Request
		if req, err = http.NewRequest(http.MethodGet, w.url+path, nil); err == nil {
			_, err = ask(client, req, token, http.StatusOK)
		}
	}
	if !c.warming || err != nil {
		d.note(time.Since(begin), err)
	}
}
