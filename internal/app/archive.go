package app

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/walarchive"
)

// archiver is the archive of the private database's log, as this process knows it.
type archiver struct {
	*walarchive.Archive
	cluster pgembed.Cluster
	ours    bool // this process runs the server, so it seals what the server finished
}

// openArchive finds out which cluster's archive is ours to fill.
func (a *App) openArchive(ctx context.Context) (*archiver, error) {
	if a.cfg.ArchiveDir == "" || a.database.Private == nil {
		return nil, nil
	}
	cluster, err := a.database.Private.Cluster(ctx)
	if err != nil {
		return nil, err
	}
	own := &archiver{walarchive.Open(a.cfg.ArchiveDir, cluster.System, a.Keys), cluster, !a.database.Private.Attached()}
	if own.ours {
		own.Sweep()
	}
	return own, nil
}

// archiveLog seals what waits in the spool, the attachments its records may name
// first. What is in the archive leaves the spool; the rest stays for the next turn.
func (a *App) archiveLog(ctx context.Context) error {
	waiting, err := walarchive.Spooled(pgembed.SpoolDir(a.cfg.DataDir))
	if err != nil || len(waiting) == 0 {
		return err
	}
	if err := a.archive.Mirror(filepath.Join(a.cfg.DataDir, blobFolder)); err != nil {
		return err
	}
	for _, file := range waiting {
		if err := a.archive.Put(file); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil {
			return writeError(err, a.cfg.DataDir)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// lastSegments seals what a server of ours finished while it stopped: then the
// archive has everything.
func (a *App) lastSegments() {
	if a.archive == nil || !a.archive.ours {
		return
	}
	if err := a.archiveLog(context.Background()); err != nil {
		a.opt.Log.Error("the last of the log is not in the archive; the next start goes on with it", "error", err)
	}
}

// Base is a finished and checked base backup.
type Base struct {
	File  string
	Size  int64
	Ended time.Time
}

// BackupBase copies the private database as it lies on the disk into the archive of
// its log, reads the copy again, and removes what is older than what is kept. It
// and the log lead to every moment after it.
func (a *App) BackupBase(ctx context.Context) (b Base, err error) {
	if a.archive == nil {
		return b, errs.Refuse("archive.none", "error.archive.none", nil, "remedy.archive.dir")
	}
	dir, err := a.archive.BaseDir()
	if err != nil {
		return b, err
	}
	if err := a.archive.Mirror(filepath.Join(a.cfg.DataDir, blobFolder)); err != nil {
		return b, err
	}
	work, err := os.CreateTemp(dir, ".making-*") // private: made with mode 0600
	if err != nil {
		return b, writeError(err, dir)
	}
	defer os.Remove(work.Name()) // gone already when it became the backup
	defer work.Close()
	m, err := a.writeBase(ctx, work)
	if err != nil {
		return b, writeError(err, dir)
	}
	if err := errors.Join(work.Sync(), work.Close()); err != nil {
		return b, writeError(err, dir)
	}
	first, last, err := checkBase(work.Name(), a.Keys, a.archive.cluster.SegmentSize)
	if err != nil {
		return b, err
	}
	b.File, b.Ended = filepath.Join(dir, walarchive.BaseName(first, last, m.Base.Ended)), m.Base.Ended
	if err := publish(work.Name(), b.File); err != nil {
		return b, writeError(err, dir)
	}
	info, err := os.Stat(b.File)
	if err != nil {
		return b, writeError(err, dir)
	}
	b.Size = info.Size()
	if err := a.noteBackup(ctx, Backup{File: b.File, Size: b.Size, Manifest: m}); err != nil {
		return b, err
	}
	return b, a.archive.Prune(a.cfg.BackupKeep)
}

// writeBase writes the whole file. The server checks the sum of each page it reads
// and adds a manifest with a SHA-256 of each file and the log of the time it took.
func (a *App) writeBase(ctx context.Context, w io.Writer) (Manifest, error) {
	run, err := a.database.superTools()
	if err != nil {
		return Manifest{}, err
	}
	head := BackupHead{ID: ident.New(), Kind: BackupBase, MadeAt: a.opt.Clock.Now(), Key: a.Keys.Fingerprint(), Version: a.opt.Version}
	b, err := newBackupWriter(w, a.Keys, head)
	if err != nil {
		return Manifest{}, err
	}
	out := b.dump()
	packed, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return Manifest{}, err
	}
	err = run.run(ctx, nil, packed, "pg_basebackup", "--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast",
		"--manifest-checksums=SHA256", "--label="+head.ID.String())
	if err != nil {
		return Manifest{}, err
	}
	if err := errors.Join(packed.Close(), out.flush()); err != nil {
		return Manifest{}, err
	}
	b.manifest.Base = &BaseState{System: a.archive.System(), Ended: a.opt.Clock.Now().UTC().Truncate(time.Millisecond)}
	return b.manifest, b.finish()
}

// readBase opens a base backup and hands its tar archive to use.
func readBase(file string, keys *seal.Keyring, use func(io.Reader) error) (Manifest, error) {
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		packed, err := gzip.NewReader(in)
		if err == nil {
			err = use(packed)
		}
		if err == nil {
			// #nosec G110 -- sealed by this house and read to nowhere
			_, err = io.Copy(io.Discard, packed) // the padding after the last member
		}
		_ = in.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // a writer must not wait for a reader that is gone
		done <- err
	}()
	m, err := readBackup(file, keys, func(name string, r io.Reader) error {
		if !strings.HasPrefix(name, databaseName) {
			return errs.New(errs.Invalid, "error.backup.not_one", errs.Args{"file": file})
		}
		_, err := io.Copy(out, r)
		return err
	})
	_ = out.CloseWithError(err) // nil: the end
	used := <-done
	if _, ours := errors.AsType[*errs.Error](used); ours {
		return m, used // the reading failed because of it
	}
	if err == nil && used != nil {
		err = damaged(file, used)
	}
	if err == nil && m.Base == nil {
		err = errs.New(errs.Invalid, "error.backup.not_one", errs.Args{"file": file})
	}
	return m, err
}

// checkBase reads a base backup to its end and answers the first and the last
// segment of the log it was made in.
func checkBase(file string, keys *seal.Keyring, segment int64) (first, last string, err error) {
	var ranges []logRange
	_, err = readBase(file, keys, func(r io.Reader) (err error) {
		ranges, err = rangesOf(tar.NewReader(r))
		return err
	})
	if err != nil {
		return "", "", err
	}
	if len(ranges) == 0 {
		return "", "", damaged(file, errors.New("no range of the log"))
	}
	begin, end := ranges[0], ranges[len(ranges)-1]
	if first, err = segmentAt(begin.Timeline, begin.Start, 0, segment); err == nil {
		last, err = segmentAt(end.Timeline, end.End, 1, segment)
	}
	if err != nil {
		return "", "", damaged(file, err)
	}
	return first, last, nil
}

// logRange is a part of the log as PostgreSQL's manifest names it.
type logRange struct {
	Timeline uint32 `json:"Timeline"`
	Start    string `json:"Start-LSN"`
	End      string `json:"End-LSN"`
}

// rangesOf goes through the tar archive of a base backup to the manifest in it.
func rangesOf(t *tar.Reader) (ranges []logRange, err error) {
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return ranges, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Name != "backup_manifest" {
			continue
		}
		var m struct {
			Ranges []logRange `json:"WAL-Ranges"`
		}
		if err := json.NewDecoder(t).Decode(&m); err != nil {
			return nil, err
		}
		ranges = m.Ranges
	}
}

// segmentAt names the segment a position of the log, less some bytes, lies in.
func segmentAt(timeline uint32, position string, less, segment int64) (string, error) {
	high, low, ok := strings.Cut(position, "/")
	h, herr := strconv.ParseInt(high, 16, 33)
	l, lerr := strconv.ParseInt(low, 16, 33)
	if err := errors.Join(herr, lerr); err != nil || !ok || segment <= 0 {
		return "", errors.Join(err, fmt.Errorf("%q is no position", position))
	}
	n, perLog := (h<<32|l-less)/segment, (int64(1)<<32)/segment
	return fmt.Sprintf("%08X%08X%08X", timeline, n/perLog, n%perLog), nil
}

// nightlyBase makes a base backup when it is due: there is none, the night's is
// missing, the log has a gap since the newest, or the database was restored to an
// earlier moment and goes on from there.
func (a *App) nightlyBase(ctx context.Context) error {
	c, err := a.archive.List()
	if err != nil || !baseDue(a.opt.Clock.Now(), c) {
		return err
	}
	b, err := a.BackupBase(ctx)
	if err == nil {
		a.opt.Log.InfoContext(ctx, "base backup", "file", b.File, "bytes", b.Size)
	}
	return err
}

func baseDue(now time.Time, c walarchive.Contents) bool {
	var kept []Kept
	for _, b := range c.Bases {
		kept = append(kept, Kept{File: b.File, Kind: BackupBase, MadeAt: b.At})
	}
	if backupDue(now, kept) {
		return true
	}
	newest := c.Bases[0]
	for _, s := range c.Segments {
		if s.Timeline > newest.Timeline() {
			return true
		}
	}
	_, missing := c.Reach(newest)
	return missing != ""
}

// backlog is how many segments are on their way into the archive and how long the
// oldest has waited.
func backlog(dataDir string, clk clock.Clock) (n int, waited time.Duration) {
	n, oldest := pgembed.Waiting(dataDir)
	spooled, _ := walarchive.Spooled(pgembed.SpoolDir(dataDir))
	for _, file := range spooled {
		info, err := os.Stat(file)
		if err != nil {
			continue // sealed meanwhile
		}
		n++
		if at := info.ModTime(); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	if n == 0 {
		return 0, 0
	}
	return n, clk.Now().Sub(oldest)
}

// archiveFigures adds to the metrics what an operator wants to be woken for.
func (a *App) archiveFigures(registry *prometheus.Registry) {
	if a.archive == nil {
		return
	}
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "shanhai_archive_waiting_segments", Help: "Finished segments of the log that are not in the archive yet."},
			func() float64 { n, _ := backlog(a.cfg.DataDir, a.opt.Clock); return float64(n) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "shanhai_archive_lag_seconds", Help: "How long the oldest of them has waited."},
			func() float64 { _, waited := backlog(a.cfg.DataDir, a.opt.Clock); return waited.Seconds() }),
	)
}
