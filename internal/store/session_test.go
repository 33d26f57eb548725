package store_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// sessions is a store with one account and a clock that can be moved.
type sessions struct {
	t       *testing.T
	db      *store.DB
	clock   *clock.Fixed
	raw     *pgtest.Database
	account ident.ID
}

func newSessions(t *testing.T) sessions {
	t.Helper()
	s := sessions{t: t, raw: pgtest.DB(t), clock: clock.NewFixed(time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)), account: ident.New()}
	keys, _, err := seal.LoadOrCreate(t.TempDir(), s.clock)
	if err != nil {
		t.Fatal(err)
	}
	if s.db, err = store.Open(t.Context(), store.Options{DSN: s.raw.AppDSN, Clock: s.clock, Keys: keys, Log: slog.New(slog.DiscardHandler), Web: 2, Jobs: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	s.tx(func(tx *store.Tx) error {
		return tx.InsertAccount(user.Account{ID: s.account, Username: "zhou.lz", DisplayName: "周", Language: i18n.Chinese, PasswordHash: "x"})
	})
	return s
}

func (s sessions) tx(fn func(*store.Tx) error) {
	s.t.Helper()
	err := s.db.InTx(context.Background(), user.NewSystem("test"), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return fn(tx)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// data is a session of the account; the note makes it another one.
func (s sessions) data(note string) []byte {
	s.t.Helper()
	raw, err := scs.GobCodec{}.Encode(s.clock.Now().Add(12*time.Hour), map[string]any{"account": s.account.String(), "note": note})
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

func (s sessions) store() *store.SessionStore { return store.NewSessionStore(s.db, scs.GobCodec{}) }

func (s sessions) commit(at *store.SessionStore, note string, expires time.Time) {
	s.t.Helper()
	if err := at.CommitCtx(s.t.Context(), "hash-1", s.data(note), expires); err != nil {
		s.t.Fatal(err)
	}
}

func (s sessions) found(at *store.SessionStore) bool {
	s.t.Helper()
	_, ok, err := at.FindCtx(s.t.Context(), "hash-1")
	if err != nil {
		s.t.Fatal(err)
	}
	return ok
}

func (s sessions) stored() (n int, expires time.Time) {
	s.t.Helper()
	err := pgtest.Open(s.t, s.raw.SuperDSN).QueryRow(`select count(*), coalesce(max(expires_at), 'epoch') from session where account_id = $1`, s.account).Scan(&n, &expires)
	if err != nil {
		s.t.Fatal(err)
	}
	return n, expires.UTC()
}

func TestSessionIsBoundToItsAccountAndIdlesWithoutWrites(t *testing.T) {
	s := newSessions(t)
	st := s.store()
	first := s.clock.Now().Add(15 * time.Minute)
	s.commit(st, "a", first)
	if n, _ := s.stored(); n != 1 || !s.found(st) {
		t.Fatalf("%d sessions of the account", n)
	}
	s.clock.Advance(30 * time.Second)
	s.commit(st, "a", s.clock.Now().Add(15*time.Minute))
	if _, at := s.stored(); !at.Equal(first) {
		t.Errorf("half a minute later the limit was written: %v", at)
	}
	s.commit(st, "b", s.clock.Now().Add(15*time.Minute))
	if _, at := s.stored(); at.Equal(first) {
		t.Error("a changed session was not written")
	}
	s.clock.Advance(2 * time.Minute)
	later := s.clock.Now().Add(15 * time.Minute)
	s.commit(st, "b", later)
	if _, at := s.stored(); !at.Equal(later) {
		t.Error("the idle limit does not move")
	}
	s.clock.Advance(16 * time.Minute)
	if s.found(st) {
		t.Error("a session outlives its limit")
	}
}

func TestEndedSessionIsOverEverywhereWithinASecondAndStaysOver(t *testing.T) {
	s := newSessions(t)
	here, there := s.store(), s.store()
	s.commit(here, "a", s.clock.Now().Add(time.Hour))
	if !s.found(here) || !s.found(there) {
		t.Fatal("the session is not found")
	}
	s.tx(func(tx *store.Tx) error { _, err := tx.EndSessions(s.account); return err })
	here.Forget(s.account)
	if s.found(here) {
		t.Error("still found where it was ended")
	}
	s.clock.Advance(-24 * time.Hour)
	if s.found(there) {
		t.Error("found elsewhere for a day, because the clock was put back by one")
	}
	s.clock.Advance(24 * time.Hour)
	s.clock.Advance(time.Second)
	if s.found(there) {
		t.Error("still found elsewhere after a second")
	}
	// Requests that were under way save their session when they end.
	s.commit(here, "late", s.clock.Now().Add(time.Hour))
	s.commit(there, "late", s.clock.Now().Add(time.Hour))
	if n, _ := s.stored(); n != 0 {
		t.Error("a late request brought the session back")
	}
}

func TestSweepRemovesOnlySessionsThatAreOver(t *testing.T) {
	s := newSessions(t)
	st := s.store()
	s.commit(st, "a", s.clock.Now().Add(time.Minute))
	if err := st.Commit("hash-2", s.data("b"), s.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(2 * time.Minute)
	s.tx(func(tx *store.Tx) error {
		if n, err := tx.SweepSessions(); n != 1 || err != nil {
			t.Errorf("%d removed, %v", n, err)
		}
		return nil
	})
	if _, ok, err := st.Find("hash-2"); !ok || err != nil {
		t.Errorf("the running one: %v, %v", ok, err)
	}
	if err := st.Delete("hash-2"); err != nil {
		t.Fatal(err)
	}
	if n, _ := s.stored(); n != 0 {
		t.Errorf("%d left", n)
	}
}
