package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// A script is a recorded transaction that can be played again as another one:
// what must differ each time are slots that are filled anew, everything else is
// as it was.
type script struct {
	calls []scripted
	slots []slot
}

type scripted struct {
	sql  string
	args []template
}

// template is one argument: fixed (parts is nil), or text put together from
// pieces and slots, or one slot of bytes.
type template struct {
	fixed any
	parts []part
}

type part struct {
	text string
	slot int // −1: text
}

// slot is a value that is new each time the script runs. The same old value is
// the same slot wherever it stands, so keys still meet.
type slot struct {
	kind  string
	old   string
	given int // index of a value the caller gives; −1: made up
}

// The kinds of values that must be new for a transaction to happen again: ids,
// digests, slip codes, case numbers, and what the duplicate check compares, or
// each run would find all earlier ones. The patterns stand in the order in which
// they are tried.
var kinds = []struct{ kind, pattern string }{
	{"uuid", `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`},
	{"case", caseCode + `-\d{4}-\d{5,}`},
	{"hex", `\b[0-9a-f]{32}\b`},
	{"birth", `\b19\d\d-\d\d-\d\d\b`},
	{"year", `k:v:19\d\d`},
	{"sound", `k:n:[^",}]+`},
	{"slip", `^(?:s:)?[2-79AC-HJKMNP-Z]{6}$`},
}

var changing = func() *regexp.Regexp {
	var all []string
	for _, k := range kinds {
		all = append(all, "("+k.pattern+")")
	}
	return regexp.MustCompile(strings.Join(all, "|"))
}()

// compile makes a script of a recording. Given are values the caller replaces at
// each run; fixed ids stay.
func compile(calls []call, given []string, fixed map[string]bool) script {
	var s script
	known := map[string]int{}
	at := func(kind, old string) int {
		key := kind + old
		i, ok := known[key]
		if !ok {
			i = len(s.slots)
			known[key] = i
			s.slots = append(s.slots, slot{kind, old, slices.Index(given, old)})
		}
		return i
	}
	for _, c := range calls {
		x := scripted{sql: c.sql}
		for _, a := range c.args {
			x.args = append(x.args, templateOf(a, at, fixed))
		}
		s.calls = append(s.calls, x)
	}
	return s
}

func templateOf(a any, at func(kind, old string) int, fixed map[string]bool) template {
	switch v := a.(type) {
	case []byte:
		return template{parts: []part{{slot: at("bytes", string(v))}}}
	case string:
		var parts []part
		last := 0
		for _, m := range changing.FindAllStringSubmatchIndex(v, -1) {
			from, kind := m[0], ""
			for k := range kinds {
				if m[2+2*k] >= 0 {
					kind = kinds[k].kind
				}
			}
			if kind == "slip" && v[from+1] == ':' {
				from += 2 // the term of the slip is the slip
			}
			if fixed[v[from:m[1]]] {
				continue
			}
			parts = append(parts, part{text: v[last:from], slot: -1}, part{slot: at(kind, v[from:m[1]])})
			last = m[1]
		}
		if parts != nil {
			return template{parts: append(parts, part{text: v[last:], slot: -1})}
		}
	}
	return template{fixed: a}
}

// fill makes the values of one run.
func (s script) fill(rng *rand.Rand, given []string) []string {
	out := make([]string, len(s.slots))
	for i, x := range s.slots {
		switch {
		case x.given >= 0:
			out[i] = given[x.given]
		case x.kind == "uuid":
			out[i] = ident.New().String()
		case x.kind == "case":
			out[i] = fmt.Sprintf("%s-1999-%012d", caseCode, rng.Int64N(1e12))
		case x.kind == "hex":
			out[i] = fmt.Sprintf("%016x%016x", rng.Uint64(), rng.Uint64())
		case x.kind == "birth":
			out[i] = fmt.Sprintf("19%02d-%02d-%02d", 35+rng.IntN(50), 1+rng.IntN(12), 1+rng.IntN(28))
		case x.kind == "year":
			out[i] = fmt.Sprintf("k:v:19%02d", 35+rng.IntN(50))
		case x.kind == "sound":
			for out[i] = sound(rng.IntN(100_000)); slices.Contains(out[:i], out[i]); {
				out[i] = sound(rng.IntN(100_000))
			}
		case x.kind == "slip":
			out[i] = ident.SlipCode()
		default:
			b := make([]byte, len(x.old))
			for j := range b {
				b[j] = byte(rng.Uint32())
			}
			out[i] = string(b)
		}
	}
	return out
}

// sound is the duplicate key of the name of an invented person, so that a floor
// meets as many candidates as the product does.
func sound(n int) string {
	return "k:" + match.Blocks(match.Fingerprint{Name: invent(n).name})[0]
}

// apply is the argument with the values of a run.
func (t template) apply(values []string) any {
	switch {
	case t.parts == nil:
		return t.fixed
	case len(t.parts) == 1:
		return []byte(values[t.parts[0].slot])
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.slot >= 0 {
			b.WriteString(values[p.slot])
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// bare is the client of the floor: one connection, prepared statements.
type bare struct {
	conn *sql.Conn
	stmt map[string]*sql.Stmt
	rng  *rand.Rand
}

// openPool opens a pool of the driver and nothing around it.
func openPool(t testing.TB, dsn string, size int) *sql.DB {
	t.Helper()
	connector, err := pq.NewConnector(dsn)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newBare takes n connections out of a pool of its own.
func newBare(t testing.TB, dsn string, n int) []*bare {
	t.Helper()
	db := openPool(t, dsn, n)
	out := make([]*bare, n)
	for i := range out {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		out[i] = &bare{conn, map[string]*sql.Stmt{}, rand.New(rand.NewPCG(uint64(i), 7))}
	}
	return out
}

// play runs a script once.
func (b *bare) play(s script, given ...string) error {
	values := s.fill(b.rng, given)
	for _, c := range s.calls {
		args := make([]any, len(c.args))
		for i, t := range c.args {
			args[i] = t.apply(values)
		}
		if err := b.do(c.sql, args); err != nil {
			_, e := b.conn.ExecContext(context.Background(), "rollback")
			return errors.Join(fmt.Errorf("%w\n%s", err, c.sql), e)
		}
	}
	return nil
}

// do runs one statement, prepared when it takes arguments, and reads its rows.
func (b *bare) do(text string, args []any) error {
	ctx := context.Background()
	if len(args) == 0 {
		_, err := b.conn.ExecContext(ctx, text)
		return err
	}
	stmt, ok := b.stmt[text]
	if !ok {
		var err error
		if stmt, err = b.conn.PrepareContext(ctx, text); err != nil {
			return err
		}
		b.stmt[text] = stmt
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}

func TestAScriptKeepsKeysTogetherAndFixedIDs(t *testing.T) {
	keep, id := ident.New().String(), ident.New().String()
	s := compile([]call{
		{"one", []any{keep, id, []byte("abcd"), "AC2345", nil}},
		{"two", []any{`{"` + id + `","` + keep + `"}`, []byte("abcd"), "s:AC2345", "k:v:1950:村"}},
	}, nil, map[string]bool{keep: true})
	v := s.fill(rand.New(rand.NewPCG(1, 1)), nil)
	one, two := s.calls[0].args, s.calls[1].args
	fresh := one[1].apply(v).(string)
	if one[0].apply(v) != keep || fresh == id || two[0].apply(v) != `{"`+fresh+`","`+keep+`"}` {
		t.Errorf("ids: %v %v", one[0].apply(v), two[0].apply(v))
	}
	if got := one[2].apply(v).([]byte); string(got) == "abcd" || string(got) != string(two[1].apply(v).([]byte)) {
		t.Errorf("bytes: %q", got)
	}
	if slip := one[3].apply(v).(string); slip == "AC2345" || two[2].apply(v) != "s:"+slip {
		t.Errorf("slip: %v %v", slip, two[2].apply(v))
	}
	if one[4].apply(v) != nil || !strings.HasSuffix(two[3].apply(v).(string), ":村") {
		t.Errorf("%v %v", one[4].apply(v), two[3].apply(v))
	}
}
