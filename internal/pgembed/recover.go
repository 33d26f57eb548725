package pgembed

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Recovery says where a cluster unpacked from a base backup is brought to.
type Recovery struct {
	Until    time.Time // changes committed at this moment are in; zero: all there are
	Timeline uint64    // the history to follow
	// Fetch writes one file of the log. NotFound means that there is no such file,
	// which ends recovery; every other error stops it.
	Fetch func(name string, w io.Writer) error
}

// Unpack makes a cluster from the tar archive of pg_basebackup and compares each
// file with the sum its manifest has of it. As with a new cluster, it becomes pg/ by
// one rename.
func Unpack(ctx context.Context, opts Options, r io.Reader) error {
	opts, acct, err := ready(opts)
	if err != nil {
		return err
	}
	held, err := lock(opts.DataDir)
	if err != nil {
		return err
	}
	defer held.Close()
	if Exists(opts.DataDir) {
		return errs.New(errs.Precondition, "error.pg.foreign", errs.Args{"dir": filepath.Join(opts.DataDir, clusterName)})
	}
	work, err := os.MkdirTemp(opts.DataDir, initPrefix)
	if err != nil {
		return fileError(err, opts.DataDir)
	}
	defer os.RemoveAll(work)
	if err := unpack(tar.NewReader(r), work, acct); err != nil {
		return err
	}
	if err := verify(ctx, opts, acct, work); err != nil {
		return err
	}
	return fileError(os.Rename(work, filepath.Join(opts.DataDir, clusterName)), opts.DataDir)
}

// PrepareDataDir makes the data directory as the server needs it, or takes it as it
// is.
func PrepareDataDir(opts Options) error {
	_, _, err := ready(opts)
	return err
}

// unpack writes the folders and files of a cluster; a base backup of ours holds
// nothing else. PostgreSQL forces them to the disk before it recovers.
func unpack(t *tar.Reader, dir string, acct account) error {
	if err := acct.give(dir); err != nil {
		return fileError(err, dir)
	}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		if !fs.ValidPath(name) || h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir {
			return errs.Wrap(fmt.Errorf("%q is out of place", h.Name), errs.Invalid, "error.pg.base_damaged", errs.Args{"detail": h.Name})
		}
		if err := unpackOne(t, h, filepath.Join(dir, filepath.FromSlash(name)), acct); err != nil {
			return err
		}
	}
}

func unpackOne(t *tar.Reader, h *tar.Header, to string, acct account) error {
	if h.Typeflag == tar.TypeDir {
		if err := os.Mkdir(to, 0o700); err != nil && !os.IsExist(err) {
			return fileError(err, to)
		}
		return fileError(acct.give(to), to)
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- files of the data directory
	if err != nil {
		return fileError(err, to)
	}
	if _, err := io.Copy(f, t); err != nil { // of the stream, or of the disk
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return fileError(err, to)
	}
	return fileError(acct.give(to), to)
}

// verify lets PostgreSQL compare the files with the backup's own manifest.
func verify(ctx context.Context, opts Options, acct account, dir string) error {
	bin, err := searchPlaces(opts.BinDir).find(clusterMajor(dir))
	if err != nil {
		return err
	}
	if err := acct.allowPath(opts.DataDir); err != nil {
		return err
	}
	out, err := acct.command(ctx, bin.Path("pg_verifybackup"), "--no-parse-wal", "--exit-on-error", dir).CombinedOutput()
	if err != nil && ctx.Err() != nil {
		return errs.Wrap(ctx.Err(), errs.Canceled, "error.pg.start_canceled", nil)
	}
	return errs.Wrap(err, errs.Invalid, "error.pg.base_damaged", errs.Args{"detail": lastWords(string(out))})
}

// endedEarly is what the server says when the log ends before the moment asked for.
// Nothing was committed after it then: all of the log is what it was at that moment.
const endedEarly = "recovery ended before configured recovery target was reached"

// Recover brings an unpacked cluster to a moment and answers the server, which
// takes writes on a timeline of its own.
func Recover(ctx context.Context, opts Options, r Recovery) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := askForRecovery(filepath.Join(opts.DataDir, clusterName)); err != nil {
		return nil, fileError(err, opts.DataDir)
	}
	serving := serveLog(ctx, filepath.Join(opts.DataDir, restoreName), r.Fetch)
	opts.recovery = &r
	s, err := Start(ctx, opts)
	if err != nil && serving.failure() == nil && !r.Until.IsZero() && strings.Contains(err.Error(), endedEarly) {
		all := r
		all.Until = time.Time{}
		opts.recovery = &all
		s, err = Start(ctx, opts)
	}
	failed := serving.end()
	if failed != nil && err != nil {
		return nil, failed // the server gave up because of it
	}
	return s, err
}

// askForRecovery leaves the file that makes the server recover; it removes it when
// it is done.
func askForRecovery(cluster string) error {
	info, err := os.Stat(cluster)
	if err != nil {
		return err
	}
	signal := filepath.Join(cluster, "recovery.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		return err
	}
	return ownedLike(signal, info)
}

// logServer answers the restore_command of a server that recovers.
type logServer struct {
	dir   string
	fetch func(name string, w io.Writer) error
	quit  chan struct{}
	over  chan struct{}

	mu  sync.Mutex
	err error
}

func serveLog(ctx context.Context, dir string, fetch func(string, io.Writer) error) *logServer {
	l := &logServer{dir: dir, fetch: fetch, quit: make(chan struct{}), over: make(chan struct{})}
	go func() {
		defer close(l.over)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-l.quit:
				return
			case <-tick.C:
				l.round()
			}
		}
	}()
	return l
}

// end stops answering, removes the folder and answers what went wrong.
func (l *logServer) end() error {
	close(l.quit)
	<-l.over
	return errors.Join(l.failure(), os.RemoveAll(l.dir))
}

func (l *logServer) failure() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// round answers what was asked for.
func (l *logServer) round() {
	wanted, _ := filepath.Glob(filepath.Join(globEscape(l.dir), "*.want"))
	for _, want := range wanted {
		_ = os.Remove(want)
		final := strings.TrimSuffix(want, ".want")
		err := l.answer(final)
		mark := ".none"
		switch {
		case err == nil:
			continue
		case !errs.Is(err, errs.NotFound):
			mark = ".bad"
			l.mu.Lock()
			l.err = errors.Join(l.err, err)
			l.mu.Unlock()
		}
		// #nosec G306 -- an empty mark that the account of PostgreSQL reads
		_ = os.WriteFile(final+mark, nil, 0o644) // without it the server goes on waiting, which the context ends
	}
}

// answer puts a file of the log where the server fetches it, as its own.
func (l *logServer) answer(final string) error {
	work := final + ".part"
	f, err := os.OpenFile(work, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // #nosec G304 -- files of the data directory
	if err != nil {
		return fileError(err, l.dir)
	}
	defer os.Remove(work)
	err = l.fetch(filepath.Base(final), f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	info, err := os.Stat(l.dir)
	if err != nil {
		return fileError(err, l.dir)
	}
	if err := ownedLike(work, info); err != nil {
		return fileError(err, l.dir)
	}
	return fileError(os.Rename(work, final), l.dir)
}
