package demo_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/demo"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/paying"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
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
	if _, err := demo.Load(t.Context(), db, hasher, files); err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded in %v", time.Since(began))
	if err := store.Analyze(t.Context(), test.OwnerDSN); err != nil { // as the one does who serves it
		t.Fatal(err)
	}
	return db, test
}

// TestDemonstration loads it once, which takes long with the race detector, and
// looks at it from all sides; the last look takes an operation away.
func TestDemonstration(t *testing.T) {
	db, test := load(t)
	for _, x := range []struct {
		name string
		look func(*testing.T, *store.DB, *pgtest.Database)
	}{
		{"the demonstration has the published figures", theDemonstrationHasThePublishedFigures},
		{"the demonstration follows its patients", theDemonstrationFollowsItsPatients},
		{"no measure of the demonstration is empty", noMeasureOfTheDemonstrationIsEmpty},
		{"the demonstration pays what it owes", theDemonstrationPaysWhatItOwes},
		{"the demonstration has a visiting programme", theDemonstrationHasAVisitingProgramme},
		{"measures count the demonstration and nothing else", measuresCountTheDemonstrationAndNothingElse},
	} {
		t.Run(x.name, func(t *testing.T) { x.look(t, db, test) })
	}
}

func measuresCountTheDemonstrationAndNothingElse(t *testing.T, db *store.DB, test *pgtest.Database) {
	policy := authz.New(db, db.Clock())
	if err := policy.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	figures := reporting.New(reporting.Deps{DB: db, Policy: policy})
	read := func(id measure.ID) int64 {
		t.Helper()
		v, err := figures.Measure(t.Context(), demo.System(), id, measure.Filter{})
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		return v.Value.Int64()
	}
	for id, want := range map[measure.ID]int64{"joint.patients": 307, "joint.procedures": 332, "joint.reduction_fen": 848_000_000,
		"cataract.patients": 86, "cataract.net_fen": 0, "coronary.person_times": 225, "coronary.procedures": 225} {
		if got := read(id); got != want {
			t.Errorf("%s = %d, want %d", id, got, want)
		}
	}
	// One operation withdrawn behind the program's back: a figure that was
	// written down somewhere, or that asked for the demo flag, would not move.
	super := pgtest.Open(t, test.SuperDSN)
	if _, err := super.Exec(`update procedure set live = false where id = (select p.id from procedure p where p.programme = 'joint'
		and (select count(*) from procedure o where o.person_id = p.person_id) = 1 order by p.id limit 1)`); err != nil {
		t.Fatal(err)
	}
	if _, err := super.Exec(`update installation set demo = false, demo_complete = false`); err != nil {
		t.Fatal(err)
	}
	if got := read("joint.patients"); got != 306 {
		t.Errorf("patients after one was withdrawn: %d", got)
	}
	if got := read("joint.procedures"); got != 331 {
		t.Errorf("procedures after one was withdrawn: %d", got)
	}
}

func theDemonstrationHasThePublishedFigures(t *testing.T, db *store.DB, test *pgtest.Database) {
	super := pgtest.Open(t, test.SuperDSN)
	for query, want := range map[string]int64{
		`select count(distinct person_id) from procedure where programme = 'joint'`:                         307,
		`select count(*) from procedure where programme = 'joint'`:                                          332,
		`select sum(fund_fen + waiver_fen) from settlement where programme = 'joint' and state = 'settled'`: 848_000_000,
		// The fund's own accounts, as its page shows them, and what hospitals let off.
		`select (select sum(a.balance_fen) from ledger_account a join fund f on f.id = a.fund_id where f.programme = 'joint' and a.kind in ('committed', 'paid'))
			+ (select sum(waiver_fen) from settlement where programme = 'joint' and state = 'settled')`: 848_000_000,
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

// Whoever looks at the demonstration finds every kind of follow-up.
func theDemonstrationFollowsItsPatients(t *testing.T, db *store.DB, test *pgtest.Database) {
	super := pgtest.Open(t, test.SuperDSN)
	for what, query := range map[string]string{
		"done in time": `status = 'done' and ended_on between from_on and to_on`, "done late": `status = 'done' and ended_on > to_on`,
		"overdue": `status = 'open' and to_on < '2026-11-24'`, "due": `status = 'open' and from_on <= '2026-11-24' and to_on >= '2026-11-24'`, "to come": `status = 'open' and from_on > '2026-11-24'`,
		"lost": `status = 'lost'`, "moved": `reason = 'moved'`, "of closed cases": `reason = 'case_closed'`, "told by a village doctor": `status = 'done' and evidence = 'village_doctor'`,
		"of a township": `status = 'open' and township <> ''`,
		"entered later": `exists (select 1 from followup_contact k where k.followup_id = f.id and (k.created_at at time zone 'Asia/Shanghai')::date > k.happened_on)`,
		"with scores":   `exists (select 1 from followup_contact k join followup_score s on s.contact_id = k.id where k.followup_id = f.id and s.instrument = 'HSS')`,
		"complicated":   `exists (select 1 from followup_contact k join complication x on x.contact_id = k.id where k.followup_id = f.id)`,
	} {
		var n int
		if err := super.QueryRow(`select count(*) from followup f where f.live and ` + query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		t.Log(what, n)
		if n == 0 {
			t.Errorf("nothing %s", what)
		}
	}
}

// Whoever looks at the demonstration finds a figure for every measure.
func noMeasureOfTheDemonstrationIsEmpty(t *testing.T, db *store.DB, test *pgtest.Database) {
	policy := authz.New(db, db.Clock())
	if err := policy.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	desk, err := reporting.New(reporting.Deps{DB: db, Policy: policy}).Desk(t.Context(), demo.System(), reporting.DeskInput{})
	if err != nil || len(desk.Readings) != len(measure.Definitions()) {
		t.Fatalf("%d readings, %v", len(desk.Readings), err)
	}
	for _, r := range desk.Readings {
		whole, err := json.Marshal(r)
		t.Logf("%s, %v", whole, err)
		if r.State() != measure.Measured || r.N() == 0 {
			t.Errorf("%s is empty: %s", r.Definition().ID, r.State())
		}
	}
}

// Most of what was settled was paid by runs; every way a payment can go is there,
// and the bank's file of an old run is the one whose digest is kept.
func theDemonstrationPaysWhatItOwes(t *testing.T, db *store.DB, test *pgtest.Database) {
	super := pgtest.Open(t, test.SuperDSN)
	for what, query := range map[string]string{
		"owed": `from payable where open`, "paid": `from pay_line where state = 'paid'`, "returned": `from pay_line where state = 'returned'`,
		"a draft": `from pay_run where state = 'draft'`, "approved": `from pay_run where state = 'approved'`, "open recovery": `from recovery where state = 'open'`,
		"a waiting account": `from hospital_account where state = 'proposed'`, "open differences": `from insurer_difference where state = 'open'`,
		"returned and in a run again": `from pay_line l join pay_line a using (partnership_id, payable_id) where l.state = 'returned' and a.state = 'live'`,
	} {
		var n int
		if err := super.QueryRow(`select count(*) ` + query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		t.Log(what, n)
		if n == 0 || what == "owed" && n > 60 {
			t.Errorf("%s: %d", what, n)
		}
	}
	var wrong int
	if err := super.QueryRow(`select count(*) from payable p where p.open <> (not exists (select 1 from pay_line l where l.partnership_id = p.partnership_id
		and l.payable_id = p.transfer_id and l.state in ('live', 'paid')))`).Scan(&wrong); err != nil || wrong > 0 {
		t.Errorf("%d payables stand wrong: %v", wrong, err)
	}
	say, err := demo.Counter()
	if err != nil {
		t.Fatal(err)
	}
	err = db.InTx(t.Context(), demo.System(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		faults, err := tx.CheckLedger()
		if err != nil || len(faults) > 0 {
			t.Errorf("faults %+v, %v", faults, err)
		}
		runs, err := tx.ListPayRuns(nil, page.Request{})
		if err != nil {
			return err
		}
		n := 0
		for _, r := range runs.Rows {
			if r.State != payout.Paid {
				continue
			}
			n++
			lines, err := tx.OpenLines(r.ID)
			if err != nil {
				return err
			}
			csv, xlsx, err := paying.BankFiles(say, r, lines)
			one, two := sha256.Sum256(csv), sha256.Sum256(xlsx)
			if err != nil || !bytes.Equal(one[:], r.CSV) || !bytes.Equal(two[:], r.XLSX) {
				t.Errorf("the file of %s is another: %v", r.No, err)
			}
		}
		if n == 0 {
			t.Error("no run is paid")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
