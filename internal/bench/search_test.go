package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/match"
)

// searchers is how many clients search at once: more on two cores would measure
// their queue.
const searchers = 4

// searches is P4: the search box as the application's role, over HTTP, beside
// the plan everybody reaches for first: trigrams on the name.
func searches(w *world, r *report) {
	_, err := w.super.Exec(`create extension if not exists pg_trgm`)
	w.must(err)
	_, err = w.super.Exec(`create index bench_trigram on person using gin (name gin_trgm_ops)`)
	w.must(err)
	_, err = w.super.Exec(`analyze person`)
	w.must(err)
	var next [clients]int
	person := func(i int) int { next[i] += 7; return w.mine(i, next[i]) }
	box := func(text func(n int) string) load {
		return load{workers: searchers, span: span, postmaster: w.pid, settle: w.sealed, op: func(i int) error {
			raw, err := w.get(i, "/api/v1/persons?q="+url.QueryEscape(text(person(i))))
			return errors.Join(err, found(raw))
		}}
	}
	trigram := newBare(w.t, w.dsn, searchers)
	begin := make([]script, searchers)
	for i := range begin {
		begin[i] = script{calls: []scripted{{sql: "begin"}, {sql: `select begin_scope($1, $2, null, $3::uuid[], false)`, args: []template{
			{fixed: w.place.String()}, {fixed: w.who[i].AccountID.String()}, {fixed: "{" + w.orgs[i].String() + "}"}}}}}
	}
	got := rounds(turns,
		box(func(n int) string { return string([]rune(invent(n).name)[:2]) }),
		box(func(n int) string { return spelling(invent(n).name) }),
		box(func(n int) string { return invent(n).number[14:] + " " + string([]rune(invent(n).name)[:1]) }),
		box(func(n int) string { return w.slipOf(n) }),
		load{workers: searchers, span: span, postmaster: w.pid, op: func(i int) error {
			if err := trigram[i].play(begin[i]); err != nil {
				return err
			}
			err := trigram[i].do(`select p.id, p.name, p.birth_on from person p where p.partnership_id = $1 and p.name like $2 order by p.name_key, p.id limit 51`,
				[]any{w.place.String(), "%" + string([]rune(invent(person(i)).name)[:2]) + "%"})
			_, e := trigram[i].conn.ExecContext(context.Background(), "commit")
			return errors.Join(err, e)
		}})
	for i, what := range []string{"two characters of a name", "full pinyin", "identity tail and surname", "slip code"} {
		x := got[i].median()
		r.slow = append(r.slow, pace{"P4 search, " + what, x.p95})
		r.goal(x.ops > 0 && x.failed == 0 && x.p95 <= 50*time.Millisecond, fmt.Sprintf("P4 search over HTTP, %s, %d clients", what, searchers), "p95 ≤ 50 ms", "%s", figures(x))
	}
	r.note("P4 trigram plan as the same role", "%s", figures(got[4].median()))
	times := got[4].ratio(got[0], func(x run) float64 { return float64(max(x.p50, 1)) })
	if w.size >= 1_000_000 { // the goal is set there: trigrams grow with the number of people, terms do not
		r.goal(times >= 50, "P4 two characters: times faster than trigrams, p50", "≥ 50x", "%.0fx", times)
	} else {
		r.note("P4 two characters: times faster than trigrams, p50", "%.1fx (the goal, 50x, is set for 1m people)", times)
	}
	w.plans(r)
	_, err = w.super.Exec(`drop index bench_trigram`)
	w.must(err)
}

// found makes an empty answer an error: every text searched for is somebody's. It reads
// no more than it must, as it runs on the cores that are measured.
func found(raw []byte) error {
	if bytes.HasPrefix(raw, []byte(`{"rows":[{"person_id":"`)) || bytes.Contains(raw, []byte(`"too_many":true`)) {
		return nil
	}
	return errors.New("nobody was found")
}

// spelling is the full pinyin of a name.
func spelling(name string) string {
	for _, t := range match.Terms(name) {
		if t.Kind == match.KindPinyin {
			return t.Text
		}
	}
	return name
}

// plans explains the search statement, as the same role and with the generic
// plan, which a prepared statement ends up with.
func (w *world) plans(r *report) {
	w.t.Helper()
	desk := w.desk()
	calls, err := w.scripts.record(func() error {
		_, err := desk.Search(context.Background(), w.who[0], string([]rune(invent(0).name)[:2]))
		return err
	})
	w.must(err)
	conn := newBare(w.t, w.dsn, 1)[0].conn
	ctx := context.Background()
	whole := ""
	for _, c := range without(calls, "insert into") {
		if len(c.args) == 0 {
			_, err := conn.ExecContext(ctx, c.sql)
			w.must(err)
			continue
		}
		text := c.sql
		if strings.Contains(c.sql, "registration_term") {
			text = "explain " + c.sql
		}
		rows, err := conn.QueryContext(ctx, text, c.args...)
		w.must(err)
		for rows.Next() {
			var l string
			if text != c.sql && rows.Scan(&l) == nil {
				whole += l + "\n"
			}
		}
		w.must(errors.Join(rows.Err(), rows.Close()))
	}
	bad := strings.Contains(whole, "Seq Scan on registration") || strings.Contains(whole, "Seq Scan on person")
	r.goal(whole != "" && !bad, "P4 plan of the search", "no sequential scan", "%d lines explained, sequential scan: %t", strings.Count(whole, "\n"), bad)
}
