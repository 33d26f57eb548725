package pgtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/pgembed"
)

// layout is raised when what the cache holds changes for another reason than the
// migrations.
const layout = "2"

// keepCaches is how many contents of the migrations stay cached: branches are
// switched back and forth.
const keepCaches = 3

const templateName = "shanhai_template"

// baseDir holds, per account:
//
//	sweep.lock             held while folders are made or removed
//	cache-<key>/           a stopped, migrated cluster
//	cache-<key>.lock       shared while it is copied, exclusive while it is built
//	run-<n>/, run-<n>.lock a copy in use; the lock ends with its process
func baseDir() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("shanhai-pgtest-%d", os.Getuid()))
}

// openPrivate starts a server on a copy of the cached cluster.
func openPrivate(ctx context.Context, base string, fsys fs.FS) (*cluster, error) {
	if err := os.MkdirAll(base, 0o711); err != nil { // #nosec G301 -- test servers run as another account
		return nil, err
	}
	// The name can be guessed and the temporary folder is everybody's.
	if info, err := os.Lstat(base); err != nil || !info.IsDir() || int(info.Sys().(*syscall.Stat_t).Uid) != os.Getuid() {
		return nil, fmt.Errorf("%s belongs to another account; remove it", base)
	}
	bin, err := pgembed.FindBinaries(pgembed.Options{})
	if err != nil {
		return nil, err
	}
	key, err := contentKey(fsys, bin.Version)
	if err != nil {
		return nil, err
	}
	run, held, err := newRun(base, key)
	if err != nil {
		return nil, err
	}
	if err := copyCache(ctx, base, key, run, fsys); err != nil {
		return nil, err
	}
	heard := &said{}
	srv, err := pgembed.Start(ctx, pgembed.Options{DataDir: run, Fast: true, Log: slog.New(heard)})
	if err != nil {
		return nil, err
	}
	cleaner, err := leaveCleaner(srv, run, held.Name())
	if err != nil {
		return nil, err
	}
	stop := func() {
		_ = srv.Stop(context.Background())
		_ = os.RemoveAll(run)
		_ = os.Remove(held.Name())
		_ = held.Close()
		_ = cleaner.Close()
	}
	return &cluster{dsn: srv.DSN, template: templateName, prefix: "shanhai_", binDir: srv.BinDir(), stop: stop, said: heard}, nil
}

// contentKey names a cache: same migrations and server version, same key.
func contentKey(fsys fs.FS, version string) (string, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, layout, version)
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, name, len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// newRun sweeps what dead processes left and reserves a folder name. The
// returned lock is held until the process ends.
func newRun(base, key string) (string, *os.File, error) {
	sweep, err := flock(filepath.Join(base, "sweep.lock"), syscall.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer sweep.Close()
	sweepRuns(base)
	sweepCaches(base, key)
	f, err := os.CreateTemp(base, "run-*.lock")
	if err != nil {
		return "", nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return "", nil, err
	}
	return strings.TrimSuffix(f.Name(), ".lock"), f, nil
}

func sweepRuns(base string) {
	locks, _ := filepath.Glob(filepath.Join(base, "run-*.lock"))
	for _, name := range locks {
		f, err := flock(name, syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil {
			continue // its process lives
		}
		_ = os.RemoveAll(strings.TrimSuffix(name, ".lock"))
		_ = os.Remove(name)
		_ = f.Close()
	}
}

// sweepCaches removes all but the caches used last, and never the one wanted now.
// The small lock files stay: removing one would let two builders in.
func sweepCaches(base, key string) {
	type cache struct {
		dir  string
		used int64
	}
	var caches []cache
	dirs, _ := filepath.Glob(filepath.Join(base, "cache-????????????????"))
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && !strings.HasSuffix(dir, key) {
			caches = append(caches, cache{dir, info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(caches, func(a, b cache) int { return cmp.Compare(b.used, a.used) })
	for _, c := range caches[min(len(caches), keepCaches-1):] {
		f, err := flock(c.dir+".lock", syscall.LOCK_EX|syscall.LOCK_NB)
		if err != nil {
			continue // being copied
		}
		_ = os.RemoveAll(c.dir)
		_ = f.Close()
	}
}

// copyCache fills run from the cache, building the cache first if needed.
func copyCache(ctx context.Context, base, key, run string, fsys fs.FS) error {
	dir := filepath.Join(base, "cache-"+key)
	held, err := flock(dir+".lock", syscall.LOCK_SH)
	if err != nil {
		return err
	}
	defer func() { _ = held.Close() }()
	if _, err := os.Stat(dir); err != nil {
		_ = held.Close()
		if held, err = flock(dir+".lock", syscall.LOCK_EX); err != nil {
			return err
		}
		// Another process may have built it while we waited.
		if _, err := os.Stat(dir); err != nil {
			if err := buildCache(ctx, dir, fsys); err != nil {
				return err
			}
		}
	}
	now := clock.System{}.Now()
	_ = os.Chtimes(dir, now, now) // only the order of sweeping depends on it
	// cp keeps the owner of the files and shares blocks where the disk can.
	out, err := exec.CommandContext(ctx, "cp", "-a", "--reflink=auto", dir, run).CombinedOutput() // #nosec G204 -- folders of the test itself
	if err != nil {
		return fmt.Errorf("copying the cached cluster: %w: %s", err, out)
	}
	return nil
}

func buildCache(ctx context.Context, dir string, fsys fs.FS) error {
	work := dir + ".tmp"
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	srv, err := pgembed.Start(ctx, pgembed.Options{DataDir: work, Fast: true})
	if err != nil {
		return err
	}
	buildErr := buildTemplate(ctx, srv.DSN, templateName, fsys)
	if err := srv.StopClean(ctx); err != nil {
		return err
	}
	if buildErr != nil {
		return buildErr
	}
	return os.Rename(work, dir)
}

// leaveCleaner starts a shell that waits for the end of this process, however it
// comes (its end of the pipe closes), and then removes the copy. The server ends
// by its parent death signal.
func leaveCleaner(srv *pgembed.Server, run, lock string) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// #nosec G204 -- folders of the test itself
	cmd := exec.CommandContext(context.Background(), "/bin/sh", "-c", `read -r _
n=0; while kill -0 "$1" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
rm -rf "$2" "$3" "$4"`, "pgtest-cleaner", fmt.Sprint(srv.PID()), srv.SocketDir(), run, lock)
	cmd.Stdin = r
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt at the terminal is not for it
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = cmd.Wait() }()
	return w, nil
}

// flock opens a lock file and takes the lock; closing it lets go.
func flock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- folders of the test itself
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
