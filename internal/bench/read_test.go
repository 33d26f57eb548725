package bench

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// second opens the database once more, through the recorder.
func (w *world) second() *store.DB {
	w.t.Helper()
	db, err := store.Open(context.Background(), store.Options{DSN: w.scripts.dsn, Clock: w.app.DB.Clock(), Keys: w.app.Keys, Log: options().Log})
	w.must(err)
	w.t.Cleanup(func() { _ = db.Close() })
	return db
}

// reads is P1: a case by its id as JSON, with token, permission, row security.
func reads(w *world, r *report) {
	care := treatment.New(treatment.Deps{DB: w.second(), Policy: w.app.Policy})
	full, plain := make([]script, clients), make([]script, clients)
	for i := range clients {
		c := w.caseOf(w.mine(i, 1))
		calls, err := w.scripts.record(func() error {
			_, err := care.Case(context.Background(), w.who[i], ident.ID(parse(c[0])))
			return err
		})
		w.must(err)
		full[i], plain[i] = compile(calls, c[:], w.fixed), compile(without(calls, "insert into audit_event"), c[:], w.fixed)
	}
	r.note("P1 statements of a case read, begin and commit incl.", "%d with the audit row, %d without", len(full[0].calls), len(plain[0].calls))
	unaudited := w.unaudited()
	raw := newBare(w.t, w.dsn, clients)
	var next [clients]int
	turn := func(i int) [2]string { next[i]++; return w.caseOf(w.mine(i, next[i])) }
	product := func(base func(i int, path string) error) func(int) error {
		return func(i int) error { return base(i, "/api/v1/cases/"+turn(i)[0]) }
	}
	floor := func(s []script) func(int) error {
		return func(i int) error { c := turn(i); return raw[i].play(s[i], c[:]...) }
	}
	l := load{workers: clients, span: span, postmaster: w.pid, settle: w.sealed}
	with := func(op func(int) error) load { l := l; l.op = op; return l }
	got := rounds(turns,
		with(product(func(i int, path string) error { _, err := w.get(i, path); return err })), with(floor(full)),
		with(product(unaudited)), with(floor(plain)))
	r.pair("P1 case read over HTTP, audited", got[0], got[1], aim{0.5, 2})
	r.pair("P1 case read over HTTP, without the audit row", got[2], got[3], aim{0.5, 2})
}

func parse(text string) ident.ID {
	id, err := ident.Parse(text)
	if err != nil {
		panic(err)
	}
	return id
}

// without leaves out the statements with a piece of text.
func without(calls []call, text string) []call {
	var out []call
	for _, c := range calls {
		if !strings.Contains(c.sql, text) {
			out = append(out, c)
		}
	}
	return out
}

// unaudited serves the same read without its audit row, which the product never
// leaves out: token, permission, the same methods of the store, JSON.
func (w *world) unaudited() func(worker int, path string) error {
	w.t.Helper()
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		who, err := w.app.Services.Accounts.Bearer(r.Context(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if err == nil {
			err = w.app.Policy.Check(who, authz.CaseRead, authz.Anywhere(who.PartnershipID))
		}
		var v caseBody
		if err == nil {
			err = w.app.DB.InTx(r.Context(), who, func(tx *store.Tx) error {
				tx.NoAudit("measures what the audit row costs")
				return v.read(tx, parse(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]), who.Hospitals)
			})
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(rw).Encode(v)
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(ln) }()
	w.t.Cleanup(func() { _ = srv.Close() })
	client := newClient(clients)
	return func(i int, path string) error {
		req, err := http.NewRequest(http.MethodGet, "http://"+ln.Addr().String()+path, nil)
		if err != nil {
			return err
		}
		_, err = ask(client, req, w.tokens[i], http.StatusOK)
		return err
	}
}

// caseBody is what the product's case read fetches.
type caseBody struct {
	Case       store.CaseItem
	Treatments []store.Treatment
	Operations []store.Operation
	Bills      []store.Bill
	Referrals  []store.Referral
	TakesPart  bool
}

func (v *caseBody) read(tx *store.Tx, id ident.ID, at []ident.ID) (err error) {
	var part map[ident.ID]string
	if v.Case, part, err = tx.CaseSeenBy(id, at); err != nil {
		return err
	}
	v.TakesPart = len(part) > 0
	if v.Treatments, err = tx.TreatmentsOf(id); err != nil {
		return err
	}
	var ids []ident.ID
	for _, t := range v.Treatments {
		ids = append(ids, t.ID)
	}
	if v.Operations, err = tx.OperationsOf(ids...); err != nil {
		return err
	}
	if v.Bills, err = tx.BillsOf(ids...); err != nil {
		return err
	}
	if v.Referrals, err = tx.ReferralsOf(id); err != nil {
		return err
	}
	if _, err = tx.SidesOf(); err != nil {
		return err
	}
	return nil
}

// counter gives every caller another number.
type counter struct{ n atomic.Int64 }

func (c *counter) next() int { return int(c.n.Add(1)) }
