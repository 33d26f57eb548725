package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// working gives a store with one partnership and a system principal in it.
func working(t *testing.T) (*store.DB, *pgtest.Database, user.Principal) {
	t.Helper()
	db, test, _ := open(t)
	id := ident.New()
	if _, err := pgtest.Open(t, test.SuperDSN).Exec(`insert into partnership (id, code, name, donor_region, donor_name, receiving_region, receiving_name, opened_on, created_at)
		values ($1, 'SH', '', '', '', '', '', '2020-01-01', '2020-01-01')`, id); err != nil {
		t.Fatal(err)
	}
	return db, test, user.NewSystem("test").In(id)
}

// openFund writes one business row, so that a test can see what stayed.
func openFund(tx *store.Tx, code string) error {
	_, err := tx.InsertFund(store.Fund{ID: ident.New(), Code: code, Name: "资金池", Kind: fund.Pool, OpenedOn: clock.MustDate(2026, 1, 1)})
	return err
}

func rows(t *testing.T, test *pgtest.Database, query string, args ...any) (n int) {
	t.Helper()
	if err := pgtest.Open(t, test.SuperDSN).QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// state is a failure of PostgreSQL with a code.
func state(code string) error {
	return &pq.Error{Code: pqerror.Code(code), Message: "made by the test"}
}

func TestWithoutAuditNothingOfTheTransactionStays(t *testing.T) {
	db, test, who := working(t)
	if err := db.InTx(t.Context(), who, func(tx *store.Tx) error { return openFund(tx, "A") }); !errs.Is(err, errs.Internal) {
		t.Fatal(err)
	}
	if n := rows(t, test, `select count(*) from fund`); n != 0 {
		t.Fatal("a row stayed without its audit event")
	}
	err := db.InTx(t.Context(), who, func(tx *store.Tx) error {
		tx.Intend(event())
		return openFund(tx, "A")
	})
	if err != nil || rows(t, test, `select count(*) from fund`) != 1 || rows(t, test, `select count(*) from audit_event where outcome = 'ok'`) != 1 {
		t.Fatal(err)
	}
}

// An event the vocabulary does not know, or with personal data in its detail,
// takes the whole transaction with it: a log that may not be read is no log.
func TestAnUnfitEventTakesTheTransactionWithIt(t *testing.T) {
	db, test, who := working(t)
	for _, e := range []audit.Event{
		{Action: "invented", ObjectKind: "fund", ObjectID: ident.New()},
		{Action: audit.FundOpen, ObjectKind: "invented", ObjectID: ident.New()},
		{Action: audit.FundOpen, ObjectKind: "fund", ObjectID: ident.New(), Detail: map[string]any{"phone": "13900000000"}},
	} {
		err := db.InTx(t.Context(), who, func(tx *store.Tx) error {
			tx.Intend(e)
			return openFund(tx, "A")
		})
		if err == nil || rows(t, test, `select count(*) from fund`) != 0 || rows(t, test, `select count(*) from audit_event`) != 0 {
			t.Errorf("%+v: %v", e, err)
		}
	}
}

func TestAPanicLeavesNothingAndNoConnectionBehind(t *testing.T) {
	db, test, who := working(t)
	for range 40 { // more often than the pool has connections
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic was swallowed")
				}
			}()
			_ = db.InTx(t.Context(), who, func(tx *store.Tx) error {
				tx.Intend(event())
				if err := openFund(tx, "A"); err != nil {
					return err
				}
				panic("in the closure")
			})
		}()
	}
	if n := rows(t, test, `select count(*) from fund`); n != 0 {
		t.Error("a row stayed")
	}
	if n := rows(t, test, `select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`); n != 0 {
		t.Errorf("%d transactions are still open", n)
	}
}

// A refusal leaves a trace and nothing else; a fault of ours or wrong input
// leaves none: nobody was refused anything.
func TestWhichFailuresAreRecordedAsRefused(t *testing.T) {
	db, test, who := working(t)
	recorded := map[errs.Kind]bool{errs.Forbidden: true, errs.NotFound: true, errs.Precondition: true, errs.Conflict: true, errs.Stale: true, errs.RateLimited: true,
		errs.Internal: false, errs.Invalid: false, errs.Unavailable: false, errs.TooLarge: false, errs.Unauthenticated: false, errs.Canceled: false}
	for kind, want := range recorded {
		before := rows(t, test, `select count(*) from audit_event where outcome = 'refused' and reason = 'error.fund.code_taken'`)
		err := db.InTx(t.Context(), who, func(tx *store.Tx) error {
			tx.Intend(event())
			if err := openFund(tx, "R"); err != nil {
				return err
			}
			return errs.New(kind, "error.fund.code_taken", nil)
		})
		if !errs.Is(err, kind) {
			t.Errorf("%s came back as %v", kind, err)
		}
		if got := rows(t, test, `select count(*) from audit_event where outcome = 'refused' and reason = 'error.fund.code_taken'`) - before; (got == 1) != want {
			t.Errorf("%s: %d refusals recorded", kind, got)
		}
	}
	if rows(t, test, `select count(*) from fund`) != 0 {
		t.Error("a refused transaction stored something")
	}
	if err := db.InTx(t.Context(), who, func(tx *store.Tx) error { return errs.New(errs.Forbidden, "error.forbidden", nil) }); !errs.Is(err, errs.Forbidden) {
		t.Error(err)
	}
}

func TestARefusalIsRecordedAfterTheCallerWentAway(t *testing.T) {
	db, test, who := working(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(event())
		cancel()
		return errs.New(errs.Forbidden, "error.forbidden", nil)
	})
	if !errs.Is(err, errs.Forbidden) || rows(t, test, `select count(*) from audit_event where outcome = 'refused'`) != 1 {
		t.Fatal(err)
	}
}

// A victim of the database's own housekeeping is run again, but only under an
// idempotency key: without one the caller cannot know what the first run did.
func TestOnlyKeyedWritesAreRepeated(t *testing.T) {
	db, _, who := working(t)
	again := []error{state("40001"), state("40P01"), state("57P01"), state("57P02"), state("57P03"), driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, sql.ErrConnDone}
	never := []error{state("55P03"), state("57014"), state("23505"), state("23514"), state("53300"), state("42501"), errors.New("a fault"),
		errs.New(errs.Conflict, "error.conflict", nil), errs.New(errs.Precondition, "error.ledger.unbalanced", nil)}
	try := func(cause error, key store.Key) (runs int, err error) {
		_, err = store.Once(t.Context(), db, who, key, func(tx *store.Tx) (int, error) {
			tx.NoAudit("test")
			if runs++; runs < 3 {
				return 0, cause
			}
			return runs, nil
		})
		return runs, err
	}
	for i, cause := range again {
		if runs, err := try(cause, store.KeyOf(fmt.Sprint("again", i), i)); err != nil || runs != 3 {
			t.Errorf("%v under a key: %d runs, %v", cause, runs, err)
		}
		if runs, err := try(cause, store.Key{}); err == nil || runs != 1 || !errs.Is(err, errs.Unavailable) {
			t.Errorf("%v without a key: %d runs, %v", cause, runs, err)
		}
	}
	for i, cause := range never {
		if runs, err := try(cause, store.KeyOf(fmt.Sprint("never", i), i)); err == nil || runs != 1 {
			t.Errorf("%v: %d runs, %v", cause, runs, err)
		}
	}
}

func TestRepeatingEnds(t *testing.T) {
	db, _, who := working(t)
	runs := 0
	_, err := store.Once(t.Context(), db, who, store.KeyOf("k", 1), func(*store.Tx) (int, error) { runs++; return 0, state("40001") })
	if !errs.Is(err, errs.Unavailable) || runs != 4 {
		t.Errorf("%d runs, %v", runs, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	runs = 0
	_, err = store.Once(ctx, db, who, store.KeyOf("gone", 1), func(*store.Tx) (int, error) { runs++; cancel(); return 0, state("40001") })
	if err == nil || runs != 1 {
		t.Errorf("the caller is gone and it ran %d times: %v", runs, err)
	}
}

// The server really ends the connection in the middle of a write.
func TestAKeyedWriteSurvivesTheEndOfItsConnection(t *testing.T) {
	db, test, who := working(t)
	super := pgtest.Open(t, test.SuperDSN)
	runs := 0
	got, err := store.Once(t.Context(), db, who, store.KeyOf("k", 1), func(tx *store.Tx) (string, error) {
		tx.Intend(event())
		if err := openFund(tx, "A"); err != nil {
			return "", err
		}
		if runs++; runs == 1 {
			if _, err := super.Exec(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'shanhai_app' and state like 'idle in tr%'`); err != nil {
				return "", err
			}
		}
		return "done", openFund(tx, "B")
	})
	if err != nil || got != "done" || runs != 2 {
		t.Fatalf("%q after %d runs: %v", got, runs, err)
	}
	if n := rows(t, test, `select count(*) from fund`); n != 2 {
		t.Errorf("%d funds, wanted those of one run", n)
	}
	if n := rows(t, test, `select count(*) from audit_event`); n != 1 {
		t.Errorf("%d events of one write", n)
	}
}

// Twenty clients press the same button: one write, twenty equal answers.
func TestTheSameKeyAtTheSameTimeWritesOnce(t *testing.T) {
	db, test, who := working(t)
	var runs atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			got, err := store.Once(t.Context(), db, who, store.KeyOf("k", "body"), func(tx *store.Tx) (string, error) {
				tx.Intend(event())
				runs.Add(1)
				return "answer", openFund(tx, "A")
			})
			if err != nil || got != "answer" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if runs.Load() != 1 || rows(t, test, `select count(*) from fund`) != 1 || rows(t, test, `select count(*) from audit_event`) != 1 {
		t.Errorf("ran %d times", runs.Load())
	}
}

func TestAKeyInProgressOfAnotherIsAConflictAndARefusalFreesIt(t *testing.T) {
	db, test, who := working(t)
	key := store.KeyOf("k", "body")
	if _, err := pgtest.Open(t, test.SuperDSN).Exec(`insert into idempotency (partnership_id, actor_id, key, digest, created_at) values ($1, $2, 'k', $3, '2026-01-01')`,
		who.PartnershipID, who.AccountID, key.Digest); err != nil {
		t.Fatal(err)
	}
	write := func(key store.Key, fail error) error {
		_, err := store.Once(t.Context(), db, who, key, func(tx *store.Tx) (int, error) { tx.NoAudit("test"); return 1, fail })
		return err
	}
	if err := write(key, nil); !errs.Is(err, errs.Conflict) || errs.Of(err).Key != "error.idempotency.in_progress" {
		t.Errorf("in progress: %v", err)
	}
	free := store.KeyOf("free", "body")
	if err := write(free, errs.New(errs.Precondition, "error.stale", nil)); !errs.Is(err, errs.Precondition) {
		t.Fatal(err)
	}
	if err := write(free, nil); err != nil {
		t.Errorf("a refused request holds its key: %v", err)
	}
}

func TestKeysBelongToTheirActorAndPartnership(t *testing.T) {
	db, test, who := working(t)
	other := user.NewSystem("another").In(who.PartnershipID)
	for i, p := range []user.Principal{who, other, user.NewSystem("test")} {
		got, err := store.Once(t.Context(), db, p, store.KeyOf("k", i), func(tx *store.Tx) (int, error) { tx.NoAudit("test"); return i, nil })
		if err != nil || got != i {
			t.Errorf("%s: %d, %v", p.Username, got, err)
		}
	}
	// The answer may hold personal data: it is not readable in the table.
	secret := "禾晚舟 500199195804071234"
	_, err := store.Once(t.Context(), db, who, store.KeyOf("secret", 1), func(tx *store.Tx) (string, error) { tx.NoAudit("test"); return secret, nil })
	if err != nil || rows(t, test, `select count(*) from idempotency where position($1::bytea in answer_sealed) > 0`, []byte("500199195804071234")) != 0 {
		t.Error("an answer is kept in the clear", err)
	}
}

// chain is one hash chain as an outsider reads it from the tables.
type chain struct{ organisation, lane string }

func TestTheChainIsWhatSealSaysAndEveryTamperingShows(t *testing.T) {
	db, test, who := working(t)
	organisation := ident.New()
	for range 30 {
		err := db.InTx(t.Context(), who, func(tx *store.Tx) error {
			e := event()
			e.OrganisationID = organisation
			tx.Intend(e)
			tx.Audit(event())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	super := pgtest.Open(t, test.SuperDSN)
	links, err := super.Query(`select l.organisation_id, l.lane, l.seq, l.hash, e.mac from audit_link l
		join audit_event e on e.partnership_id = l.partnership_id and e.id = l.event_id order by l.organisation_id, l.lane, l.seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer links.Close()
	heads, next, n := map[chain][]byte{}, map[chain]int64{}, 0
	for links.Next() {
		var org ident.ID
		var lane int
		var seq int64
		var hash, mac []byte
		if err := links.Scan(&org, &lane, &seq, &hash, &mac); err != nil {
			t.Fatal(err)
		}
		c := chain{org.String(), fmt.Sprint(lane)}
		if heads[c] == nil {
			heads[c] = seal.Genesis(who.PartnershipID, org, lane)
		}
		next[c]++
		heads[c] = seal.Link(heads[c], mac)
		if seq != next[c] || !slices.Equal(hash, heads[c]) {
			t.Fatalf("chain %v, link %d", c, seq)
		}
		n++
	}
	if n != 60 || len(heads) < 8 {
		t.Fatalf("%d links in %d chains", n, len(heads))
	}
	verify := func() error {
		return db.InTx(t.Context(), who, func(tx *store.Tx) error { tx.NoAudit("test"); return tx.VerifyChain() })
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	last := `(l.organisation_id, l.lane, l.seq) in (select organisation_id, lane, seq from audit_head)`
	for name, tamper := range map[string]string{
		"a changed column":   `update audit_event set actor_name = 'nobody' where id in (select event_id from audit_link where seq = 2 limit 1)`,
		"a changed detail":   `update audit_event set detail = '{"n":1}' where id in (select event_id from audit_link where seq = 1 limit 1)`,
		"an exchanged MAC":   `update audit_event set mac = (select mac from audit_event order by id desc limit 1) where id = (select id from audit_event order by id limit 1)`,
		"a link taken out":   `delete from audit_link where seq = 2`,
		"the last link gone": `delete from audit_link l where ` + last,
		"a whole chain gone": `delete from audit_link where lane = (select min(lane) from audit_head)`,
		"an event gone":      `delete from audit_event where id in (select event_id from audit_link where seq = 2 limit 1)`,
		"the last event gone, link and all": `with l as (delete from audit_link l where ` + last + ` returning event_id)
			delete from audit_event where id in (select event_id from l)`,
		"an event without a link": `insert into audit_event select partnership_id, '00000000-0000-4000-8000-000000000001', organisation_id, at, actor_id, actor_name, role, action,
			object_kind, object_id, outcome, reason, detail, request_id, source, mac from audit_event limit 1`,
	} {
		t.Run(name, func(t *testing.T) {
			restore := snapshot(t, super, "audit_event", "audit_link", "audit_head")
			defer restore()
			tx, err := super.Begin()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []string{"set local session_replication_role = replica", tamper} {
				if _, err := tx.Exec(s); err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := verify(); !errs.Is(err, errs.Precondition) {
				t.Errorf("not found out: %v", err)
			}
		})
	}
	if err := verify(); err != nil {
		t.Error("after putting everything back:", err)
	}
}

// snapshot keeps rows as JSON and returns what puts them back.
func snapshot(t *testing.T, db *sql.DB, tables ...string) func() {
	t.Helper()
	kept := map[string]string{}
	for _, table := range tables {
		var raw string
		if err := db.QueryRow(`select coalesce(json_agg(x), '[]') from ` + table + ` x`).Scan(&raw); err != nil || !json.Valid([]byte(raw)) {
			t.Fatal(err)
		}
		kept[table] = raw
	}
	return func() {
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		if _, err := tx.Exec("set local session_replication_role = replica"); err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			if _, err := tx.Exec("delete from " + table); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec("insert into "+table+" select * from json_populate_recordset(null::"+table+", $1::json)", kept[table]); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneInstantReadsOneState(t *testing.T) {
	db, _, who := working(t)
	err := db.InTx(t.Context(), who, func(tx *store.Tx) error {
		tx.NoAudit("test")
		first, err := tx.FundChoices()
		if err != nil {
			return err
		}
		if err := db.InTx(t.Context(), who, func(inner *store.Tx) error { inner.Intend(event()); return openFund(inner, "A") }); err != nil {
			return err
		}
		second, err := tx.FundChoices()
		if len(first) != len(second) {
			t.Errorf("one page saw %d funds, then %d", len(first), len(second))
		}
		return err
	}, store.OneInstant())
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheOwnersRoleIsRefused(t *testing.T) {
	test := pgtest.DB(t)
	for _, dsn := range []string{test.OwnerDSN, test.SuperDSN} {
		db, err := store.Open(t.Context(), store.Options{DSN: dsn, Clock: clock.System{}})
		if err == nil {
			_ = db.Close()
		}
		if !errs.Is(err, errs.Precondition) || errs.Of(err).Key != "error.database.owner_role" {
			t.Errorf("opened as owner: %v", err)
		}
	}
}
