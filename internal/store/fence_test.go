package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/pgtest"
)

func TestAnOlderHistoryIsRefusedAlsoAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "timeline")
	for _, c := range []struct {
		system   string
		timeline int64
		refused  bool
	}{{"a", 1, false}, {"a", 1, false}, {"a", 3, false}, {"a", 2, true}, {"a", 0, false}, {"a", 3, false}, {"b", 1, false}, {"b", 1, false}} {
		f, err := newFence(file) // as after a restart
		if err != nil {
			t.Fatal(err)
		}
		err = f.admit(c.system, c.timeline)
		if (errs.Of(err) != nil && errs.Of(err).Key == "error.database.older_history") != c.refused || (err != nil) != c.refused {
			t.Errorf("%s %d: %v", c.system, c.timeline, err)
		}
	}
	if err := os.WriteFile(file, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newFence(file); !errs.Is(err, errs.Precondition) {
		t.Errorf("an unreadable file: %v", err)
	}
}

// An old primary that wakes up is refused, and the connections to it that were
// open all the while are not used again.
func TestAServerThatWasLeftBehindTakesNoWrite(t *testing.T) {
	test, file := pgtest.DB(t), filepath.Join(t.TempDir(), "timeline")
	open := func() (*DB, error) {
		return Open(t.Context(), Options{DSN: test.AppDSN, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), History: file})
	}
	db, err := open()
	if err != nil {
		t.Fatal(err)
	}
	idle := func() error {
		return db.InTx(t.Context(), user.NewSystem("test"), func(tx *Tx) error { tx.NoAudit("test"); return nil })
	}
	if err := idle(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var system string
	var timeline int64
	if _, err := fmt.Sscan(string(raw), &system, &timeline); err != nil || timeline < 1 || strings.Trim(system, "0123456789") != "" {
		t.Fatalf("%q: %v", raw, err)
	}
	if err := db.fence.admit(system, timeline+1); err != nil { // the new primary was seen
		t.Fatal(err)
	}
	if err := idle(); !errs.Is(err, errs.Unavailable) || errs.Of(err).Key != "error.database.older_history" {
		t.Errorf("the old primary took a write: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, err := open(); !errs.Is(err, errs.Unavailable) || errs.Of(err).Key != "error.database.older_history" {
		t.Errorf("after a restart: %v", err)
	}
	if err := errors.Join(os.Remove(file)); err != nil {
		t.Fatal(err)
	}
	if db, err = open(); err != nil { // somebody decided for it
		t.Fatal(err)
	}
	_ = db.Close()
}
