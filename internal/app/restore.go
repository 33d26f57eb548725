package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// RestoreInput says what to restore.
type RestoreInput struct {
	File  string
	Paper string // text of the paper copy; empty: the keyring of the data directory
	// Trial restores beside the data, checks everything and removes it again.
	Trial bool
}

// Restored is what came back, counted again.
type Restored struct {
	Manifest Manifest
	Took     time.Duration
}

// Restore brings a backup into an empty data directory (or an empty external
// database) and proves it: rows and a sum over every table, the ledger, and each
// link of the audit chains. What does not agree is removed again and refused.
func Restore(ctx context.Context, cfg config.Config, opt Options, in RestoreInput) (out Restored, err error) {
	opt = opt.withDefaults()
	started := opt.Clock.Now()
	keys, err := restoreKeys(cfg, in.Paper)
	if err != nil {
		return out, err
	}
	// The whole file is read and checked before anything is touched.
	if out.Manifest, err = readBackup(in.File, keys, func(string, io.Reader) error { return nil }); err != nil {
		return out, err
	}
	if out.Manifest.Base != nil {
		return out, errs.Refuse("restore.base", "error.restore.is_base", errs.Args{"file": in.File}, "remedy.restore.until")
	}
	if in.Trial {
		cfg = trialOf(cfg)
	}
	r := &restorer{cfg: cfg, opt: opt, in: in, keys: keys, manifest: out.Manifest}
	if err := r.checkTarget(ctx); err != nil {
		return out, err
	}
	err = r.run(ctx)
	if in.Trial || err != nil {
		r.remove()
	}
	out.Took = opt.Clock.Now().Sub(started)
	return out, err
}

// restoreKeys are the keys of the paper copy, or those of the data directory.
func restoreKeys(cfg config.Config, paper string) (*seal.Keyring, error) {
	if paper != "" {
		return seal.ParsePaper(paper)
	}
	keys, err := seal.Load(cfg.DataDir)
	if errs.Is(err, errs.NotFound) {
		err = errs.Refuse("backup.key", "error.backup.no_key", errs.Args{"dir": cfg.DataDir}, "remedy.backup.key")
	}
	return keys, err
}

// trialOf is the same configuration beside the data, with a database of its own
// that adds nothing to the archive.
func trialOf(cfg config.Config) config.Config {
	cfg.DataDir = filepath.Join(cfg.DataDir, ".trial-"+ident.Token()[:12])
	cfg.DatabaseURL, cfg.DatabaseAdminURL, cfg.ArchiveDir = "", "", ""
	return cfg
}

type restorer struct {
	cfg      config.Config
	opt      Options
	in       RestoreInput
	keys     *seal.Keyring
	manifest Manifest

	madeDir, madeKeys bool
}

// unfinished marks a data directory a restore is writing into.
const unfinished = "restore-unfinished"

// clusterThere reports whether a data directory has a private database.
func clusterThere(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, "pg", "PG_VERSION"))
	return err == nil
}

// checkTarget refuses a target with data in it: a restore never overwrites.
func (r *restorer) checkTarget(ctx context.Context) error {
	dir := r.cfg.DataDir
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		r.madeDir = true
	}
	if names, err := os.ReadDir(filepath.Join(dir, blobFolder)); err == nil && len(names) > 0 {
		return notEmpty(dir)
	}
	if r.cfg.Private() {
		if clusterThere(dir) {
			return notEmpty(dir)
		}
		return nil
	}
	if r.cfg.DatabaseAdminURL == "" {
		return errs.Refuse("database.admin_url", "error.ops.admin_url", nil)
	}
	s, err := store.StateOf(ctx, r.cfg.DatabaseAdminURL)
	if err == nil && s.Tables > 0 {
		err = errs.Refuse("restore.empty", "error.restore.database_not_empty", nil)
	}
	return err
}

func notEmpty(dir string) error {
	return errs.Refuse("restore.empty", "error.restore.not_empty", errs.Args{"dir": dir}, "remedy.restore.other_dir")
}

func (r *restorer) run(ctx context.Context) error {
	if err := r.fill(ctx); err != nil {
		return err
	}
	// From here on it is an ordinary data directory; opening brings an older
	// backup up to this binary's schema.
	a, err := Open(ctx, r.cfg, r.opt)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.verifyChains(ctx); err != nil {
		return err
	}
	return a.note(ctx, audit.Event{Action: audit.BackupRestore, ObjectKind: audit.ObjectBackup, ObjectID: r.manifest.ID,
		Detail: map[string]any{"made": r.manifest.MadeAt.UTC().Format(time.RFC3339), "rows": r.manifest.Contents.Rows(), "blobs": r.manifest.Blobs}})
}

// fill writes database, attachments and keys, and counts the database again.
func (r *restorer) fill(ctx context.Context) error {
	d, err := OpenDatabase(ctx, r.cfg, r.opt.Log)
	if err != nil {
		return err
	}
	defer d.Close(context.WithoutCancel(ctx))
	mark := filepath.Join(r.cfg.DataDir, unfinished)
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		return writeError(err, r.cfg.DataDir)
	}
	if err := r.load(ctx, d); err != nil {
		return err
	}
	analyze(ctx, d.superDSN(), r.opt.Log)
	if err := r.count(ctx, d); err != nil {
		return err
	}
	if err := r.saveKeys(); err != nil {
		return err
	}
	return writeError(os.Remove(mark), r.cfg.DataDir)
}

// analyze makes what follows fast; what failed here, autovacuum does later.
func analyze(ctx context.Context, dsn string, log *slog.Logger) {
	if err := store.Analyze(ctx, dsn); err != nil {
		log.Warn("the planner does not know yet what was loaded", "error", err)
	}
}

// saveKeys leaves the keys where the service looks for them.
func (r *restorer) saveKeys() error {
	if seal.Exists(r.cfg.DataDir) {
		return nil
	}
	r.madeKeys = true
	return r.keys.Save(r.cfg.DataDir)
}

// load streams the file once: parts of the dump into pg_restore, attachments
// onto the disk.
func (r *restorer) load(ctx context.Context, d *Database) error {
	run, err := d.superTools()
	if err != nil {
		return err
	}
	args := []string{"--single-transaction", "--exit-on-error"}
	if d.Private == nil {
		args = append(args, "--no-owner") // everything belongs to the owner who connects
	}
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run.run(ctx, in, nil, "pg_restore", args...)
		_ = in.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // a writer must not wait for a program that is gone
		done <- err
	}()
	_, err = readBackup(r.in.File, r.keys, func(name string, m io.Reader) error {
		if strings.HasPrefix(name, databaseName) {
			_, err := io.Copy(out, m)
			return err
		}
		_ = out.Close() // the dump is complete
		return r.blob(name, m)
	})
	_ = out.CloseWithError(err)
	if failed := <-done; failed != nil {
		return failed // the reading failed because of it, if it did
	}
	return err
}

// blob writes one attachment back to its place.
func (r *restorer) blob(name string, m io.Reader) error {
	if r.in.Trial {
		return nil // its digest was compared; there is nobody to read it
	}
	path := filepath.Join(r.cfg.DataDir, blobFolder, filepath.FromSlash(strings.TrimPrefix(name, blobsName)))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return writeError(err, r.cfg.DataDir)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- a folder only this service writes
	if err != nil {
		return writeError(err, r.cfg.DataDir)
	}
	_, err = io.Copy(f, m)
	return writeError(errors.Join(err, f.Sync(), f.Close()), r.cfg.DataDir)
}

// count holds the restored database against what the backup says it was.
func (r *restorer) count(ctx context.Context, d *Database) error {
	return store.ReadContents(ctx, d.superDSN(), func(_ string, c store.Contents) error {
		if diff := r.manifest.Contents.Differences(c); len(diff) > 0 {
			slices.Sort(diff)
			return errs.New(errs.Precondition, "error.restore.differs", errs.Args{"what": strings.Join(diff, ", ")})
		}
		return soundBooks(c)
	})
}

// soundBooks refuses a ledger out of balance.
func soundBooks(c store.Contents) error {
	if c.Ledger.OffByAny > 0 || c.Ledger.Unequal > 0 {
		return errs.New(errs.Precondition, "error.restore.ledger", errs.Args{"accounts": c.Ledger.OffByAny, "transfers": c.Ledger.Unequal})
	}
	return nil
}

// verifyChains follows every audit chain with the keys at hand.
func (a *App) verifyChains(ctx context.Context) error {
	ids, err := a.partnerships(ctx)
	if err != nil {
		return err
	}
	for _, id := range append(ids, ident.Nil) {
		err := a.DB.InTx(ctx, authz.System("restore").In(id), func(tx *store.Tx) error {
			tx.NoAudit("the result is recorded as the restore")
			return tx.VerifyChain()
		}, store.Background())
		if err != nil {
			return err
		}
	}
	return nil
}

// remove takes back what a failed or a trial restore wrote.
func (r *restorer) remove() {
	if r.in.Trial || r.madeDir {
		r.clean(r.cfg.DataDir)
		return
	}
	if r.cfg.Private() {
		for _, name := range []string{"pg", "wal-spool", "wal-restore"} {
			r.clean(filepath.Join(r.cfg.DataDir, name))
		}
	}
	r.clean(filepath.Join(r.cfg.DataDir, blobFolder))
	r.clean(filepath.Join(r.cfg.DataDir, unfinished))
	if r.madeKeys {
		r.clean(filepath.Dir(seal.Path(r.cfg.DataDir)))
	}
}

func (r *restorer) clean(path string) {
	if err := os.RemoveAll(path); err != nil {
		r.opt.Log.Warn("could not be removed", "path", path, "error", err)
	}
}

// withDefaults fills in what tests set and people do not.
func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	return o
}
