package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/store"
)

// external is a configuration that uses a test database as somebody else's.
func external(t *testing.T, d *pgtest.Database, admin bool) config.Config {
	t.Helper()
	flags := map[string]string{"data-dir": filepath.Join(t.TempDir(), "data"), "database-url": d.AppDSN, "second-factor": "optional"}
	if admin {
		flags["database-admin-url"] = d.OwnerDSN
	}
	if err := os.MkdirAll(flags["data-dir"], 0o700); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(func(string) string { return "" }, flags)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func options(clk clock.Clock) Options {
	return Options{Hashing: seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, Log: slog.New(slog.DiscardHandler), Version: "test", Clock: clk}
}

func open(t *testing.T, cfg config.Config, clk clock.Clock) *App {
	t.Helper()
	a, err := Open(t.Context(), cfg, options(clk))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// someone adds an account, so that there is data the keys belong to.
func someone(t *testing.T, a *App, name string) accounts.Issued {
	t.Helper()
	issued, err := a.Services.Accounts.CreateAccount(t.Context(), authz.System("test"), accounts.NewAccount{Username: name, DisplayName: "某人"}, "key-"+name)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func TestBackupOfAnExternalDatabaseIsTheOwners(t *testing.T) {
	clk := clock.NewFixed(noon)
	source := pgtest.DB(t)
	without := open(t, external(t, source, false), clk)
	if _, err := without.Backup(t.Context(), t.TempDir()); errs.Of(err).Key != "error.ops.admin_url" {
		t.Errorf("without the owner's connection: %v", err)
	}
	someone(t, without, "anna")

	cfg := external(t, source, true)
	if err := without.Keys.Save(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	a := open(t, cfg, clk)
	b, err := a.Backup(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Backup(t.Context(), filepath.Dir(b.File)); errs.Of(err).Key != "error.backup.exists" {
		t.Errorf("a backup was replaced: %v", err)
	}

	// Into a database with tables: refused. Into an empty one: whole.
	if _, err := Restore(t.Context(), cfg, options(clk), RestoreInput{File: b.File}); errs.Of(err).Key != "error.restore.database_not_empty" {
		t.Errorf("%v", err)
	}
	empty := pgtest.Empty(t)
	target := external(t, empty, true)
	out, err := Restore(t.Context(), target, options(clk), RestoreInput{File: b.File, Paper: a.Keys.Paper()})
	if err != nil {
		t.Fatal(err)
	}
	if out.Manifest.Contents.Tables["account"].Rows != 1 || len(out.Manifest.Contents.Chains) == 0 {
		t.Errorf("%+v", out.Manifest.Contents)
	}
	var known int
	if err := pgtest.Open(t, empty.SuperDSN).QueryRowContext(t.Context(), `select count(*) from pg_stats where tablename = 'account'`).Scan(&known); err != nil || known == 0 {
		t.Errorf("the planner knows nothing of a restored table: %v", err)
	}
	back := open(t, target, clk)
	if u, err := back.Services.Accounts.ByUsername(t.Context(), authz.System("test"), "anna"); err != nil || u.DisplayName != "某人" {
		t.Errorf("%v %v", u, err)
	}
}

func TestAChangedRowIsFoundByCountingAgain(t *testing.T) {
	d := pgtest.DB(t)
	a := open(t, external(t, d, true), clock.NewFixed(noon))
	someone(t, a, "anna")
	var before, after store.Contents
	contents := func(dst *store.Contents) {
		t.Helper()
		if err := store.ReadContents(t.Context(), d.SuperDSN, func(_ string, c store.Contents) error { *dst = c; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	contents(&before)
	if diff := before.Differences(before); len(diff) > 0 {
		t.Errorf("%v", diff)
	}
	if _, err := pgtest.Open(t, d.SuperDSN).ExecContext(t.Context(), `update account set display_name = 'X'`); err != nil {
		t.Fatal(err)
	}
	contents(&after)
	if diff := before.Differences(after); len(diff) != 1 || !strings.HasPrefix(diff[0], "account 1/1") {
		t.Errorf("%v", diff)
	}
	someone(t, a, "bert")
	contents(&after)
	if diff := strings.Join(before.Differences(after), " "); !strings.Contains(diff, "audit_event") || !strings.Contains(diff, "audit ") {
		t.Errorf("a new link is not seen: %s", diff)
	}
}

func TestKeysAreMadeForAnEmptyDatabaseOnly(t *testing.T) {
	clk := clock.NewFixed(noon)
	d := pgtest.DB(t)
	first := open(t, external(t, d, false), clk)
	someone(t, first, "anna")
	second := external(t, d, false) // a second machine, without the keyring
	if _, err := Open(t.Context(), second, options(clk)); errs.Of(err).Key != "error.key.lost" || len(errs.Of(err).Remedy) == 0 {
		t.Errorf("%v", err)
	}
	if seal.Exists(second.DataDir) {
		t.Fatal("a keyring was made over somebody else's data")
	}
	if _, err := ImportPaper(second, first.Keys.Paper()); err != nil {
		t.Fatal(err)
	}
	if a := open(t, second, clk); a.Keys.Fingerprint() != first.Keys.Fingerprint() {
		t.Error("other keys")
	}
}

func TestUpkeepForgetsOldRequestsAndKeepsFreshOnes(t *testing.T) {
	clk := clock.NewFixed(noon)
	d := pgtest.DB(t)
	a := open(t, external(t, d, false), clk)
	someone(t, a, "old")
	clk.Advance(8 * 24 * time.Hour)
	someone(t, a, "fresh")
	super := pgtest.Open(t, d.SuperDSN)
	if _, err := super.ExecContext(t.Context(), `insert into session (token_hash, data, created_at, expires_at) values ('gone', '', $1, $2), ('live', '', $1, $3)`,
		noon, clk.Now().Add(-time.Second), clk.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := a.upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var keys, sessions string
	err := super.QueryRowContext(t.Context(), `select (select string_agg(key, ',') from idempotency), (select string_agg(token_hash, ',') from session)`).Scan(&keys, &sessions)
	if err != nil || keys != "key-fresh" || sessions != "live" {
		t.Errorf("%q %q %v", keys, sessions, err)
	}
}

func TestDailyBackupIsOfThePrivateDatabaseOnly(t *testing.T) {
	cfg := external(t, pgtest.DB(t), true)
	a := open(t, cfg, clock.NewFixed(noon))
	if err := a.dailyBackup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept, err := ListBackups(BackupDir(cfg.DataDir)); err != nil || len(kept) > 0 {
		t.Errorf("%v %v", kept, err)
	}
	// Treated as private it makes one a day, notes it and prunes.
	private := &App{cfg: cfg, opt: a.opt, database: a.database, DB: a.DB, Keys: a.Keys}
	private.cfg.DatabaseURL, private.cfg.BackupKeep = "", 1
	clk := a.opt.Clock.(*clock.Fixed)
	for range 3 {
		for range 2 {
			if err := private.dailyBackup(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		clk.Advance(24 * time.Hour)
	}
	kept, err := ListBackups(BackupDir(cfg.DataDir))
	if err != nil || len(kept) != 1 || kept[0].Kind != BackupDaily || !kept[0].MadeAt.Equal(noon.AddDate(0, 0, 2)) {
		t.Errorf("%v %v", kept, err)
	}
	var rows []store.AuditRow
	err = a.DB.InTx(t.Context(), authz.System("test"), func(tx *store.Tx) error {
		tx.NoAudit("test")
		rows, err = tx.AuditTrail(store.AuditFilter{})
		return err
	})
	if err != nil || len(rows) != 3 {
		t.Errorf("three days, %d events: %v", len(rows), err)
	}
}

func TestBackupThatFailsLeavesNothing(t *testing.T) {
	a := open(t, external(t, pgtest.DB(t), true), clock.NewFixed(noon))
	dir := t.TempDir()
	a.database.OwnerDSN = strings.Replace(a.database.OwnerDSN, "dbname=", "dbname=nowhere_", 1)
	if _, err := a.Backup(t.Context(), dir); err == nil {
		t.Fatal("a backup of a database that does not exist")
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("%v %v", names, err)
	}
	run := tools{dir: t.TempDir()}
	if err := run.run(t.Context(), nil, io.Discard, "pg_dump"); errs.Of(err).Key != "error.ops.tool_missing" {
		t.Errorf("%v", err)
	}
}

func TestDoctorSeesClockCertificateAndOldBackup(t *testing.T) {
	d := pgtest.DB(t)
	cfg := external(t, d, true)
	clk := clock.NewFixed(noon)
	a := open(t, cfg, clk)
	someone(t, a, "anna")
	made, err := MakeCertificates(t.TempDir(), []string{"x.lan"}, clk)
	if err != nil {
		t.Fatal(err)
	}
	cfg.TLSCert, cfg.TLSKey = made.Cert, made.Key
	at := func(when time.Time) map[string]string {
		got := map[string]string{}
		for _, f := range Doctor(context.Background(), cfg, options(clock.NewFixed(when))) {
			got[f.Name[len("doctor.name."):]] = string(f.Grade) + " " + f.Key
			if f.Grade != Good && f.Remedy == "" {
				t.Errorf("%s has no remedy", f.Key)
			}
		}
		return got
	}
	for _, c := range []struct {
		when       time.Time
		name, want string
	}{
		{noon, "clock", "ok doctor.clock.ok"},
		{noon.Add(-time.Hour), "clock", "bad doctor.clock.behind"},
		{noon, "tls", "ok doctor.tls.ok"},
		{made.Expires.Add(-20 * 24 * time.Hour), "tls", "warn doctor.tls.soon"},
		{made.Expires.Add(time.Hour), "tls", "bad doctor.tls.expired"},
		{noon, "backup", "ok doctor.backup.external"},
		{noon, "role", "ok doctor.role.ok"},
	} {
		if got := at(c.when)[c.name]; got != c.want {
			t.Errorf("%s at %s: %q, want %q", c.name, c.when, got, c.want)
		}
	}
	cfg.DatabaseURL = d.OwnerDSN // serving as owner would switch row security off
	if got := at(noon)["role"]; got != "bad error.database.owner_role" {
		t.Errorf("%q", got)
	}
	cfg.DatabaseURL = strings.Replace(d.AppDSN, "dbname=", "dbname=nowhere_", 1)
	cfg.DatabaseAdminURL = ""
	if got := at(noon)["database"]; !strings.HasPrefix(got, "bad ") {
		t.Errorf("%q", got)
	}
}

func TestMetricsAnswerThisMachineOnly(t *testing.T) {
	cfg := external(t, pgtest.DB(t), false)
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	handler, err := open(t, cfg, clock.NewFixed(noon)).Handler()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, forwarded string
		want            int
	}{
		{"127.0.0.1:4000", "", http.StatusOK},
		{"[::1]:4000", "", http.StatusOK},
		{"10.0.0.9:4000", "", http.StatusNotFound},
		{"127.0.0.1:4000", "10.0.0.9", http.StatusNotFound}, // through a proxy of this machine
		{"10.0.0.9:4000", "::1", http.StatusNotFound},       // who is no proxy cannot say where it comes from
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
		r.RemoteAddr = c.from
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
