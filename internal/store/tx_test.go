package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// open gives a store on an empty database, its log, and its test database.
func open(t *testing.T) (*store.DB, *pgtest.Database, *bytes.Buffer) {
	t.Helper()
	test := pgtest.DB(t)
	fixed := clock.NewFixed(time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC))
	keys, err := seal.Create(t.TempDir(), fixed)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	db, err := store.Open(context.Background(), store.Options{DSN: test.AppDSN, Clock: fixed, Keys: keys, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, test, &log
}

func event() audit.Event {
	return audit.Event{Action: audit.FundOpen, ObjectKind: "fund", ObjectID: ident.New()}
}

func TestATransactionWithoutAuditIsRefused(t *testing.T) {
	db, _, _ := open(t)
	err := db.InTx(t.Context(), user.NewSystem("test"), func(*store.Tx) error { return nil })
	if !errs.Is(err, errs.Internal) {
		t.Fatalf("commit without an audit event: %v", err)
	}
	if err := db.InTx(t.Context(), user.NewSystem("test"), func(tx *store.Tx) error { tx.NoAudit("test"); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestARefusalIsRolledBackAndRecorded(t *testing.T) {
	db, _, log := open(t)
	refused := errs.Refuse("fund.cover", "error.fund.insufficient", nil)
	err := db.InTx(t.Context(), user.NewSystem("test"), func(tx *store.Tx) error {
		tx.Intend(event())
		return refused
	})
	if !errs.Is(err, errs.Precondition) {
		t.Fatal(err)
	}
	var got []store.AuditRow
	err = db.InTx(t.Context(), user.NewSystem("test"), func(tx *store.Tx) (err error) {
		tx.NoAudit("test")
		got, err = tx.AuditTrail(store.AuditFilter{})
		return err
	})
	if err != nil || len(got) != 1 || got[0].Outcome != audit.Refused || got[0].Reason != "error.fund.insufficient" {
		t.Fatalf("trail = %+v, %v, log %s", got, err, log)
	}
}

func TestTheSameKeyAnswersOnceAndAnotherRequestIsRefused(t *testing.T) {
	db, _, _ := open(t)
	runs := 0
	at := func(address, input string) (string, error) {
		ctx := audit.WithRequest(t.Context(), audit.Request{Address: address})
		return store.Once(ctx, db, user.NewSystem("test"), store.KeyOf("k1", input), func(tx *store.Tx) (string, error) {
			tx.Intend(event())
			runs++
			return "answer to " + input, nil
		})
	}
	const place = "POST /cases/1/close"
	for range 3 {
		if got, err := at(place, "a"); err != nil || got != "answer to a" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if runs != 1 {
		t.Fatalf("ran %d times", runs)
	}
	if _, err := at(place, "b"); !errs.Is(err, errs.Invalid) {
		t.Fatalf("another body under the same key: %v", err)
	}
	if _, err := at("POST /cases/1/reopen", "a"); !errs.Is(err, errs.Invalid) {
		t.Fatalf("the same body under the same key at another address: %v", err)
	}
}

func TestReadsAreLinkedByTheSealer(t *testing.T) {
	db, _, _ := open(t)
	who := user.NewSystem("test")
	for range 5 {
		if err := db.InTx(t.Context(), who, func(tx *store.Tx) error { tx.AuditRead(event()); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	sealed := 0
	if err := db.InTx(t.Context(), who, func(tx *store.Tx) (err error) { sealed, err = tx.SealReads(); return err }); err != nil || sealed != 5 {
		t.Fatalf("sealed %d, %v", sealed, err)
	}
	if err := db.InTx(t.Context(), who, func(tx *store.Tx) error { tx.NoAudit("test"); return tx.VerifyChain() }); err != nil {
		t.Fatal(err)
	}
}
