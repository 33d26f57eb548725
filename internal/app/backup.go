package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The kinds of backups. Daily ones and those before a migration are kept in a
// limited number; those a person asked for are never removed.
const (
	BackupManual    = "manual"
	BackupDaily     = "daily"
	BackupMigration = "migration"
	BackupBase      = "base" // physical, in the archive of the log
)

const (
	backupFolder = "backups"
	blobFolder   = "blobs"
	backupSuffix = ".backup"
	backupStamp  = "20060102T150405Z"
)

// BackupDir is where a data directory keeps its own backups.
func BackupDir(dataDir string) string { return filepath.Join(dataDir, backupFolder) }

// Backup is a finished and checked backup.
type Backup struct {
	File     string
	Size     int64
	Manifest Manifest
}

// Backup writes a backup into a folder (empty: the data directory's own) and
// reads it again before it counts as made.
func (a *App) Backup(ctx context.Context, dir string) (Backup, error) {
	b, err := a.backup(ctx, BackupManual, dir)
	if err != nil {
		return b, err
	}
	return b, a.noteBackup(ctx, b)
}

// backupBeforeChange is the backup before the schema changes. There is nobody
// to note it with yet: the audit log may be what changes.
func (a *App) backupBeforeChange(ctx context.Context) error {
	b, err := a.backup(ctx, BackupMigration, "")
	if err != nil {
		return err
	}
	a.opt.Log.Info("backup before the migration", "file", b.File, "rows", b.Manifest.Contents.Rows())
	return pruneBackups(BackupDir(a.cfg.DataDir), BackupMigration, a.cfg.BackupKeep)
}

// noteBackup records a backup on the platform's chain.
func (a *App) noteBackup(ctx context.Context, b Backup) error {
	return a.note(ctx, audit.Event{Action: audit.BackupMake, ObjectKind: audit.ObjectBackup, ObjectID: b.Manifest.ID,
		Detail: map[string]any{"kind": b.Manifest.Kind, "bytes": b.Size, "rows": b.Manifest.Contents.Rows(), "blobs": b.Manifest.Blobs}})
}

// note writes one event of the house itself on the platform's chain.
func (a *App) note(ctx context.Context, e audit.Event) error {
	return a.DB.InTx(ctx, authz.System("operations"), func(tx *store.Tx) error {
		tx.Audit(e)
		return nil
	}, store.Background())
}

func (a *App) backup(ctx context.Context, kind, dir string) (b Backup, err error) {
	if dir == "" {
		dir = BackupDir(a.cfg.DataDir)
	}
	run, err := a.database.superTools()
	if err != nil {
		return b, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return b, writeError(err, dir)
	}
	work, err := os.CreateTemp(dir, ".making-*") // private: made with mode 0600
	if err != nil {
		return b, writeError(err, dir)
	}
	defer os.Remove(work.Name()) // gone already when it became the backup
	defer work.Close()
	if b.Manifest, err = a.writeBackup(ctx, work, kind, run); err != nil {
		return b, writeError(err, dir)
	}
	if err := errors.Join(work.Sync(), work.Close()); err != nil {
		return b, writeError(err, dir)
	}
	if _, err := readBackup(work.Name(), a.Keys, func(string, io.Reader) error { return nil }); err != nil {
		return b, err
	}
	b.File = filepath.Join(dir, fmt.Sprintf("shanhai-%s-%s%s", b.Manifest.MadeAt.UTC().Format(backupStamp), kind, backupSuffix))
	if err := publish(work.Name(), b.File); err != nil {
		return b, writeError(err, dir)
	}
	info, err := os.Stat(b.File)
	if err != nil {
		return b, writeError(err, dir)
	}
	b.Size = info.Size()
	return b, nil
}

// publish gives a finished file its name, durably, and never replaces one.
func publish(work, final string) error {
	if err := os.Link(work, final); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return errs.New(errs.Conflict, "error.backup.exists", errs.Args{"file": final})
		}
		// Some network disks have no links; the name holds the second, so a
		// file of that name would be this very backup.
		if err := os.Rename(work, final); err != nil {
			return err
		}
	}
	dir, err := os.Open(filepath.Dir(final))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// writeError turns trouble with the disk into a sentence; errors of the house
// pass.
func writeError(err error, dir string) error {
	if _, ok := errors.AsType[*errs.Error](err); ok || err == nil {
		return err
	}
	return errs.Wrap(err, errs.Unavailable, "error.backup.unwritable", errs.Args{"dir": dir, "detail": err.Error()})
}

// writeBackup writes the whole file. The database comes first: every attachment
// its rows name was on the disk before they were committed.
func (a *App) writeBackup(ctx context.Context, w io.Writer, kind string, run tools) (Manifest, error) {
	var b *backupWriter
	err := store.ReadContents(ctx, a.database.superDSN(), func(snapshot string, c store.Contents) error {
		head := BackupHead{ID: ident.New(), Kind: kind, MadeAt: a.opt.Clock.Now(), Key: a.Keys.Fingerprint(), Version: a.opt.Version, Level: c.Level}
		var err error
		if b, err = newBackupWriter(w, a.Keys, head); err != nil {
			return err
		}
		b.manifest.Contents = c
		out := b.dump()
		if err := run.dump(ctx, out, snapshot); err != nil {
			return err
		}
		return out.flush()
	})
	if err != nil {
		return Manifest{}, err
	}
	if err := addBlobs(b, filepath.Join(a.cfg.DataDir, blobFolder)); err != nil {
		return Manifest{}, err
	}
	return b.manifest, b.finish()
}

// blobName is an attachment's: hexadecimal. What an upload is still writing has
// another one.
var blobName = regexp.MustCompile(`^[0-9a-f]+$`)

// addBlobs adds the attachments. They are sealed and named by their content, so
// they never change.
func addBlobs(b *backupWriter, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() || !blobName.MatchString(d.Name()) {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path) // #nosec G122 G304 -- a folder only this service may enter; a folder only this service writes
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		b.manifest.Blobs++
		return b.add(blobsName+filepath.ToSlash(rel), info.Size(), f)
	})
}

// Kept is a backup as its name tells it.
type Kept struct {
	File   string
	Kind   string
	MadeAt time.Time
}

// ListBackups lists the backups in a folder, newest first.
func ListBackups(dir string) ([]Kept, error) {
	names, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, writeError(err, dir)
	}
	var out []Kept
	for _, n := range names {
		rest, ok := strings.CutPrefix(n.Name(), "shanhai-")
		rest, ends := strings.CutSuffix(rest, backupSuffix)
		stamp, kind, cut := strings.Cut(rest, "-")
		at, err := time.Parse(backupStamp, stamp)
		if ok && ends && cut && err == nil {
			out = append(out, Kept{filepath.Join(dir, n.Name()), kind, at})
		}
	}
	slices.SortFunc(out, func(x, y Kept) int { return cmp.Or(y.MadeAt.Compare(x.MadeAt), cmp.Compare(x.File, y.File)) })
	return out, nil
}

// pruneBackups keeps the newest of a kind.
func pruneBackups(dir, kind string, keep int) error {
	all, err := ListBackups(dir)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.Kind != kind {
			continue
		}
		if keep--; keep < 0 {
			if err := os.Remove(k.File); err != nil {
				return writeError(err, dir)
			}
		}
	}
	return nil
}

// dailyHour is when the day's backup falls due, in Shanghai: between the last
// evening clinic and the first registrar.
const dailyHour = 2

// backupDue reports whether the backup of the last two o'clock is still missing.
func backupDue(now time.Time, kept []Kept) bool {
	due := clock.DateOf(now.In(clock.Shanghai)).Start().Add(dailyHour * time.Hour)
	if due.After(now) {
		due = due.Add(-24 * time.Hour)
	}
	return len(kept) == 0 || kept[0].MadeAt.Before(due)
}

// dailyBackup makes the day's backup of a private database when it is due.
// Somebody else's server has somebody else's backups.
func (a *App) dailyBackup(ctx context.Context) error {
	if !a.cfg.Private() {
		return nil
	}
	dir := BackupDir(a.cfg.DataDir)
	kept, err := ListBackups(dir)
	if err != nil || !backupDue(a.opt.Clock.Now(), kept) {
		return err
	}
	b, err := a.backup(ctx, BackupDaily, "")
	if err != nil {
		return err
	}
	if err := a.noteBackup(ctx, b); err != nil {
		return err
	}
	a.opt.Log.InfoContext(ctx, "daily backup", "file", b.File, "bytes", b.Size)
	if !a.Keys.Confirmed(a.cfg.DataDir) {
		a.opt.Log.WarnContext(ctx, "no paper copy of the key was confirmed: without the key no backup can be opened; run shanhai key export --paper")
	}
	return pruneBackups(dir, BackupDaily, a.cfg.BackupKeep)
}
