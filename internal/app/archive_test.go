package app

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/lib/pq" // the superuser's own connection

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/store"
)

// archived is a service with a private database and an archive of its log.
type archived struct {
	t       *testing.T
	app     *App
	archive string
	paper   string
}

// private is a configuration with a database of its own in a fresh folder.
func private(t *testing.T, archive string) config.Config {
	t.Helper()
	cfg, err := config.Load(func(string) string { return "" }, map[string]string{"data-dir": filepath.Join(t.TempDir(), "data"), "archive-dir": archive, "second-factor": "optional"})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func newArchived(t *testing.T) *archived {
	t.Helper()
	s := &archived{t: t, archive: filepath.Join(t.TempDir(), "other disk")}
	s.app = open(t, private(t, s.archive), clock.System{})
	s.paper = s.app.Keys.Paper()
	return s
}

func (s *archived) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// super does something as the superuser, beside the service.
func (s *archived) super(query string) {
	s.t.Helper()
	db, err := sql.Open("postgres", s.app.database.superDSN())
	s.must(err)
	defer db.Close()
	_, err = db.ExecContext(s.t.Context(), query)
	s.must(err)
}

// now is a moment between two commits.
func (s *archived) now() time.Time {
	s.t.Helper()
	<-time.NewTimer(5 * time.Millisecond).C
	defer func() { <-time.NewTimer(5 * time.Millisecond).C }()
	return clock.System{}.Now()
}

// settle waits until everything written so far is in the archive.
func (s *archived) settle() {
	s.t.Helper()
	s.must(s.app.database.Private.FinishSegment(s.t.Context()))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		s.must(s.app.archiveLog(s.t.Context()))
		if n, _ := backlog(s.app.cfg.DataDir, clock.System{}); n == 0 {
			return
		}
		<-tick.C
	}
	s.t.Fatal("the log did not reach the archive")
}

// contents counts and sums every table.
func contentsOf(t *testing.T, dsn string) (c store.Contents) {
	t.Helper()
	if err := store.ReadContents(context.Background(), dsn, func(_ string, got store.Contents) error { c = got; return nil }); err != nil {
		t.Fatal(err)
	}
	return c
}

// restore restores into a new data directory.
func (s *archived) restore(until string) (config.Config, RestoredUntil, error) {
	s.t.Helper()
	cfg := private(s.t, s.archive)
	out, err := RestoreUntil(s.t.Context(), cfg, options(clock.System{}), UntilInput{Until: until, Paper: s.paper})
	return cfg, out, err
}

// doctorSays wants a finding about the archive.
func (s *archived) doctorSays(key string) {
	s.t.Helper()
	d := &doctor{cfg: s.app.cfg, opt: options(clock.System{})}
	d.archive(s.app.Keys)
	if len(d.findings) != 1 || d.findings[0].Key != key || d.findings[0].Remedy == "" {
		s.t.Errorf("doctor says %+v, want %s", d.findings, key)
	}
}

// refusedAs tries a moment, or a damage, and wants it refused with a sentence and
// nothing left behind.
func (s *archived) refusedAs(key, until string) errs.Args {
	s.t.Helper()
	cfg, _, err := s.restore(until)
	if errs.Of(err) == nil || errs.Of(err).Key != key {
		s.t.Errorf("until %s: %v, want %s", until, err, key)
		return nil
	}
	if _, err := os.Stat(cfg.DataDir); !errors.Is(err, os.ErrNotExist) {
		s.t.Errorf("until %s: something was left behind", until)
	}
	return errs.Of(err).Args
}

// segments lists the archive's full segments, oldest first.
func (s *archived) segments() (files []string) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.archive, s.app.archive.System(), "wal", strings.Repeat("[0-9A-F]", 24)+".2*.wal"))
	s.must(err)
	return files
}

// The drill of a bad day: somebody deletes everything, and the house goes back to
// the moment before. Then the archive itself is damaged.
func TestTheDatabaseComesBackAsItWasJustBeforeTheDamage(t *testing.T) {
	s := newArchived(t)
	someone(t, s.app, "anna")
	s.refusedAs("error.archive.no_base", Latest)
	s.doctorSays("doctor.archive.no_base")
	files, err := blob.Open(s.app.cfg.DataDir, s.app.Keys)
	s.must(err)
	paper, err := files.Put([]byte("a consent form"))
	s.must(err)
	base, err := s.app.BackupBase(t.Context())
	s.must(err)

	someone(t, s.app, "bert")
	late, err := files.Put([]byte("a discharge letter"))
	s.must(err)
	for _, address := range [][]byte{paper, late} {
		s.super(fmt.Sprintf(`set session_replication_role = replica;
			insert into import_batch (partnership_id, id, file_name, file_digest, state, totals, created_at, created_by)
			values (gen_random_uuid(), gen_random_uuid(), 'a', '\x%x', 'previewed', '', now(), gen_random_uuid())`, address))
	}
	noted, before := contentsOf(t, s.app.database.superDSN()), s.now()
	when := before.In(clock.Shanghai).Format("2006-01-02 15:04:05.999999")
	s.settle()
	s.nothingLater(when, noted.Rows())
	s.super(`drop table account cascade`)
	s.settle()
	s.super(`create table later (n int)`)
	s.settle()
	s.doctorSays("doctor.archive.same_disk") // the folders of a test lie beside each other
	s.damages(when)
	s.attachmentGone(when, late)

	cfg, out, err := s.restore(when)
	s.must(err)
	if out.Blobs != 2 || len(out.Missing) > 0 || !out.Base.Equal(base.Ended) {
		t.Errorf("%+v", out)
	}
	if c, err := s.app.archive.List(); err != nil || !baseDue(clock.System{}.Now(), c) {
		t.Errorf("after a restore a new base is not due: %v", err)
	}
	again := open(t, cfg, clock.System{})
	got := contentsOf(t, again.database.superDSN())
	for log, more := range map[string]int64{"audit_event": 1, "audit_link": 1, "audit_head": 0} { // the restore noted itself
		if got.Tables[log].Rows != noted.Tables[log].Rows+more {
			t.Errorf("%s: %d rows, had %d", log, got.Tables[log].Rows, noted.Tables[log].Rows)
		}
		noted.Tables[log] = got.Tables[log]
	}
	noted.Chains = got.Chains
	if diff := noted.Differences(got); len(diff) > 0 {
		t.Errorf("differs: %v", diff)
	}
	someone(t, again, "carl") // people work on
	s.fenced(again)
}

// fenced sees the restored database as a node sees a new primary: it is admitted,
// and the one it was restored from is not any more.
func (s *archived) fenced(again *App) {
	s.t.Helper()
	seen := filepath.Join(s.t.TempDir(), "timeline")
	for i, a := range []*App{s.app, again, s.app} {
		db, err := store.Open(s.t.Context(), store.Options{DSN: a.database.AppDSN, Clock: clock.System{}, Keys: a.Keys, Log: a.opt.Log, History: seen})
		if err == nil {
			err = db.Close()
		}
		if refused := err != nil && errs.Of(err).Key == "error.database.older_history"; refused != (i == 2) || err != nil && !refused {
			s.t.Errorf("look %d: %v", i, err)
		}
	}
}

// nothingLater tries a moment after which nothing was committed yet: PostgreSQL
// finds no end then, and all of the log is the answer.
func (s *archived) nothingLater(when string, rows int64) {
	s.t.Helper()
	out, err := RestoreUntil(s.t.Context(), private(s.t, s.archive), options(clock.System{}), UntilInput{Until: when, Paper: s.paper, Trial: true})
	if err != nil || out.Rows != rows || out.Blobs != 2 {
		s.t.Errorf("%+v %v, want %d rows", out, err, rows)
	}
}

// attachmentGone takes one attachment out of the archive: a trial is refused and
// names the record.
func (s *archived) attachmentGone(when string, address []byte) {
	name := fmt.Sprintf("%x", address)
	file := filepath.Join(s.app.archive.BlobDir(), name[:2], name)
	raw, err := os.ReadFile(file)
	s.must(err)
	s.must(os.Remove(file))
	cfg := private(s.t, s.archive)
	_, err = RestoreUntil(s.t.Context(), cfg, options(clock.System{}), UntilInput{Until: when, Paper: s.paper, Trial: true})
	if errs.Of(err) == nil || errs.Of(err).Key != "error.restore.attachments" || errs.Of(err).Args["n"] != 1 {
		s.t.Errorf("%v", err)
	}
	s.must(os.WriteFile(file, raw, 0o600))
}

// damages spoils one thing after the other in the archive, and mends it again.
func (s *archived) damages(when string) {
	s.refusedAs("error.restore.future", "2100-01-01 00:00:00")
	s.refusedAs("error.restore.moment", "yesterday")
	s.refusedAs("error.archive.too_early", "2026-01-01 00:00:00")
	all := s.segments()
	needed := all[len(all)-3] // what was written up to the moment is in it
	raw, err := os.ReadFile(needed)
	s.must(err)
	missing, _, _ := strings.Cut(filepath.Base(needed), ".")
	for at := 20; at < len(raw); at += len(raw) / 40 {
		bad := bytes.Clone(raw)
		bad[at] ^= 1
		s.must(os.WriteFile(needed, bad, 0o600))
		if err := s.app.archive.Get(missing, io.Discard); !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Precondition) {
			s.t.Errorf("byte %d of %d was changed: %v", at, len(raw), err)
		}
	}
	s.refusedAs("error.archive.damaged", when) // as the last one left it
	s.must(os.Remove(needed))
	if args := s.refusedAs("error.archive.gap", when); args["segment"] != missing {
		s.t.Errorf("the gap is %v, want %s", args["segment"], missing)
	}
	c, err := s.app.archive.List()
	s.must(err)
	if !baseDue(clock.System{}.Now(), c) {
		s.t.Error("after a gap a new base is not due")
	}
	s.doctorSays("doctor.archive.gap")
	s.must(os.WriteFile(needed, raw, 0o600))
	other := newKeys(s.t)
	_, err = RestoreUntil(s.t.Context(), private(s.t, s.archive), options(clock.System{}), UntilInput{Until: c.Bases[0].At.Format(time.RFC3339Nano), Paper: other.Paper()})
	if errs.Of(err).Key != "error.backup.other_key" {
		s.t.Errorf("another key: %v", err)
	}
}
