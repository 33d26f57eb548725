package app

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/internal/walarchive"
)

// Latest is the word for the newest moment the archive leads to.
const Latest = "latest"

// UntilInput says to which moment to restore.
type UntilInput struct {
	Until string // 2026-11-29 14:03:00 in Shanghai, RFC 3339, or latest; changes of that moment are in
	Paper string // text of the paper copy; empty: the keyring of the data directory
	Trial bool   // restore beside the data, check everything, remove it again
}

// RestoredUntil is what came back.
type RestoredUntil struct {
	Until time.Time // the moment asked for; of latest, the newest in the archive
	Base  time.Time // of the base backup it began with
	Rows  int64
	Blobs int
	Took  time.Duration

	// Missing are records whose attachments are not in the archive, or do not open.
	// Who needs the data back gets it without them; a trial is refused.
	Missing []string
}

// RestoreUntil brings the private database back to a moment, from the base backup
// before it and the log since, into an empty data directory, and proves it: the
// ledger, each link of the audit chains, and that the attachments the records name
// are there and open. What is not sound is removed again and refused.
func RestoreUntil(ctx context.Context, cfg config.Config, opt Options, in UntilInput) (out RestoredUntil, err error) {
	opt = opt.withDefaults()
	started := opt.Clock.Now()
	until, err := parseMoment(in.Until)
	switch {
	case err != nil:
		return out, err
	case cfg.ArchiveDir == "":
		return out, errs.Refuse("archive.none", "error.archive.none", nil, "remedy.archive.dir")
	case until.After(started):
		return out, errs.Refuse("restore.future", "error.restore.future", errs.Args{"until": walarchive.Moment(until), "now": walarchive.Moment(started)}, "remedy.archive.latest")
	}
	keys, err := restoreKeys(cfg, in.Paper)
	if err != nil {
		return out, err
	}
	archives, err := walarchive.All(cfg.ArchiveDir, keys)
	if err != nil {
		return out, err
	}
	plan, err := walarchive.MakePlan(archives, until)
	if err != nil {
		return out, err
	}
	if in.Trial {
		cfg = trialOf(cfg)
	}
	r := &restorer{cfg: cfg, opt: opt, in: RestoreInput{Trial: in.Trial}, keys: keys}
	if err := r.checkTarget(ctx); err != nil {
		return out, err
	}
	out = RestoredUntil{Until: until, Base: plan.Base.At}
	if until.IsZero() {
		out.Until = plan.Newest
	}
	err = r.until(ctx, plan, &out)
	if in.Trial || err != nil {
		r.remove()
	}
	out.Took = opt.Clock.Now().Sub(started)
	return out, err
}

// parseMoment reads a moment as people write it; latest is the zero time.
func parseMoment(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == Latest {
		return time.Time{}, nil
	}
	for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", time.RFC3339} {
		if t, err := time.ParseInLocation(form, text, clock.Shanghai); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errs.New(errs.Invalid, "error.restore.moment", errs.Args{"text": text})
}

// until does the work in an empty directory.
func (r *restorer) until(ctx context.Context, plan walarchive.Plan, out *RestoredUntil) error {
	if err := r.recover(ctx, plan, out); err != nil {
		return err
	}
	a, err := Open(ctx, r.cfg, r.opt)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.verifyChains(ctx); err != nil {
		return err
	}
	// Only now does the schema surely know every table that names files.
	if out.Missing, err = r.missing(ctx, a.database); err != nil {
		return err
	}
	if r.in.Trial && len(out.Missing) > 0 {
		return errs.New(errs.Precondition, "error.restore.attachments", errs.Args{"n": len(out.Missing), "names": strings.Join(out.Missing, ", ")})
	}
	return a.note(ctx, audit.Event{Action: audit.BackupRestore, ObjectKind: audit.ObjectBackup, ObjectID: r.manifest.ID,
		Detail: map[string]any{"until": out.Until.UTC().Format(time.RFC3339), "base": out.Base.UTC().Format(time.RFC3339), "rows": out.Rows, "blobs": out.Blobs}})
}

// recover unpacks the base, replays the log and counts what came back.
func (r *restorer) recover(ctx context.Context, plan walarchive.Plan, out *RestoredUntil) error {
	private := privateOptions(r.cfg, r.opt.Log)
	if err := r.unpack(ctx, private, plan); err != nil {
		return err
	}
	server, err := pgembed.Recover(ctx, private, pgembed.Recovery{Until: plan.Until, Timeline: plan.Timeline, Fetch: plan.Archive.Get})
	if err != nil {
		return err
	}
	d := &Database{Private: server}
	defer d.Close(context.WithoutCancel(ctx))
	err = store.ReadContents(ctx, d.superDSN(), func(_ string, c store.Contents) error {
		out.Rows = c.Rows()
		return soundBooks(c)
	})
	if err == nil {
		out.Blobs, err = plan.Archive.Attachments(filepath.Join(r.cfg.DataDir, blobFolder))
	}
	if err != nil {
		return err
	}
	if err := r.saveKeys(); err != nil {
		return err
	}
	return writeError(os.Remove(filepath.Join(r.cfg.DataDir, unfinished)), r.cfg.DataDir)
}

// unpack lays the base backup down, under the mark of an unfinished restore.
func (r *restorer) unpack(ctx context.Context, private pgembed.Options, plan walarchive.Plan) error {
	if err := pgembed.PrepareDataDir(private); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.cfg.DataDir, unfinished), nil, 0o600); err != nil {
		return writeError(err, r.cfg.DataDir)
	}
	var err error
	r.manifest, err = readBase(plan.Base.File, r.keys, func(tar io.Reader) error { return pgembed.Unpack(ctx, private, tar) })
	if err == nil && (r.manifest.Base.System != plan.Archive.System() || !r.manifest.Base.Ended.Equal(plan.Base.At)) {
		err = damaged(plan.Base.File, errors.New("its name is another backup's"))
	}
	return err
}

// missing opens each attachment the records name and answers those that do not
// open.
func (r *restorer) missing(ctx context.Context, d *Database) (missing []string, err error) {
	named, err := store.BlobsNamed(ctx, d.superDSN())
	if err != nil {
		return nil, err
	}
	files, err := blob.Open(r.cfg.DataDir, r.keys)
	if err != nil {
		return nil, err
	}
	for _, b := range named {
		if _, err := files.Get(b.Address); err != nil {
			missing = append(missing, b.Name)
		}
	}
	return missing, nil
}
