package demo_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/demo"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// load gives a database with the demonstration in it.
func load(t *testing.T) (*store.DB, *pgtest.Database) {
	t.Helper()
	test := pgtest.DB(t)
	at := clock.NewFixed(time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC))
	keys, err := seal.Create(t.TempDir(), at)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{DSN: test.AppDSN, Clock: at, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	hasher := seal.NewHasher(seal.DefaultHashParams(), 2)
	files, err := blob.Open(t.TempDir(), keys)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := demo.Load(t.Context(), db, hasher, files); err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded in %v", time.Since(began))
	return db, test
}

func TestTheDemonstrationHasThePublishedFigures(t *testing.T) {
	_, test := load(t)
	super := pgtest.Open(t, test.SuperDSN)
	for query, want := range map[string]int64{
		`select count(distinct person_id) from procedure where programme = 'joint'`:                                                                      307,
		`select count(*) from procedure where programme = 'joint'`:                                                                                       332,
		`select sum(fund_fen + waiver_fen) from settlement where programme = 'joint' and state = 'settled'`:                                              848_000_000,
		`select count(distinct person_id) from procedure where programme = 'cataract'`:                                                                   86,
		`select max(net_fen) from settlement where programme = 'cataract' and state = 'settled'`:                                                         0,
		`select count(distinct treatment_id) from procedure where programme = 'coronary'`:                                                                225,
		`select count(*) from procedure where programme = 'coronary'`:                                                                                    225,
		`select count(*) from ledger_account where kind <> 'source' and balance_fen < 0`:                                                                 0,
		`select count(*) from ledger_account a where balance_fen <> (select coalesce(sum(amount_fen), 0) from ledger_entry e where e.account_id = a.id)`: 0,
	} {
		var got int64
		if err := super.QueryRow(query).Scan(&got); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if got != want {
			t.Errorf("%s = %d, want %d", query, got, want)
		}
	}
}
