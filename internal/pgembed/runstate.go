package pgembed

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// runState is pg-run.json: where the server of a data directory listens. It is
// written twice: before the server starts (so that a crash does not lose track
// of the socket folder), and with Ready once it answers.
type runState struct {
	Ready     bool   `json:"ready"`
	Postgres  int    `json:"postgres_pid"`
	Owner     int    `json:"owner_pid"` // the process that holds the lock
	SocketDir string `json:"socket_dir"`
	Port      int    `json:"port"`
	BinDir    string `json:"bin_dir"`
	Version   string `json:"version"`
	Major     int    `json:"major"`
}

func readRun(dataDir string) (runState, bool) {
	var st runState
	raw, err := os.ReadFile(filepath.Join(dataDir, runName)) // #nosec G304 -- files of the data directory
	if err != nil || json.Unmarshal(raw, &st) != nil {
		return runState{}, false
	}
	return st, true
}

func writeRun(dataDir string, st runState) error {
	raw, err := json.Marshal(st)
	if err != nil {
		return err
	}
	path := filepath.Join(dataDir, runName)
	if err := writeFile(path, string(raw)+"\n"); err != nil {
		return fileError(err, dataDir)
	}
	handOver(path, dataDir)
	return nil
}

// lock takes the data directory for this process. The kernel frees it when the
// process ends, however it ends; the server does not inherit it.
func lock(dataDir string) (*os.File, error) {
	path := filepath.Join(dataDir, lockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // #nosec G304 -- files of the data directory
	if err != nil {
		return nil, fileError(err, dataDir)
	}
	handOver(path, dataDir)
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fileError(err, dataDir)
	}
	st, _ := readRun(dataDir)
	return nil, errs.Wrap(err, errs.Conflict, "error.pg.locked", errs.Args{"dir": dataDir, "pid": st.Owner})
}

// socketDirPrefix marks the folders this room may delete.
const socketDirPrefix = "shanhai-pg-"

// socketPathMax is sizeof(sockaddr_un.sun_path) without the closing zero.
const socketPathMax = 107

// makeSocketDir makes the short private folder of the socket in the first base
// that is short enough and works.
func makeSocketDir(acct *account, bases []string) (string, error) {
	var last error
	for _, base := range bases {
		// MkdirTemp adds up to ten digits.
		name := filepath.Join(base, socketDirPrefix+"0123456789", ".s.PGSQL."+strconv.Itoa(port)+".lock")
		if len(name) > socketPathMax {
			continue
		}
		if acct.switched && len(acct.caps) == 0 && !acct.canWalk(base) {
			continue
		}
		dir, err := os.MkdirTemp(base, socketDirPrefix)
		if err == nil {
			err = acct.give(dir)
		}
		if err == nil {
			return dir, nil
		}
		last = err
	}
	return "", errs.Wrap(errors.Join(last, errors.New("no usable folder for the socket")), errs.Precondition,
		"error.pg.run_dir", errs.Args{"dirs": strings.Join(bases, " ")})
}

// socketBases prefers /run, which no tidy-up job sweeps.
func socketBases() []string { return []string{"/run", os.TempDir(), "/tmp", "/dev/shm"} }

// removeSocketDir deletes a folder named in pg-run.json, if it is one of ours.
func removeSocketDir(dir string) {
	info, err := os.Lstat(dir)
	if err == nil && info.IsDir() && strings.HasPrefix(filepath.Base(dir), socketDirPrefix) {
		_ = os.RemoveAll(dir) // a leftover in a temporary folder hurts nobody
	}
}

// postmaster is the server process the cluster's own postmaster.pid names, or 0.
func postmaster(dataDir string) int {
	raw, err := os.ReadFile(filepath.Join(dataDir, clusterName, "postmaster.pid")) // #nosec G304 -- files of the data directory
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return 0
	}
	return pid
}

// serves reports whether a process is the server of this data directory. After
// a restart of the machine the number may belong to anybody; a server is told by
// its working directory, which is always its cluster.
func serves(pid int, dataDir string) bool {
	if pid <= 0 {
		return false
	}
	cwd, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	return err == nil && cwd == filepath.Join(dataDir, clusterName)
}

// clearOrphan stops a server that outlived the process that started it, and
// removes what it left behind. The caller holds the lock, so no living process
// answers for that server.
func clearOrphan(ctx context.Context, opts Options) error {
	pid := postmaster(opts.DataDir)
	if serves(pid, opts.DataDir) {
		opts.Log.Warn("stopping a database server left over from an earlier run", "pid", pid)
		for _, step := range []struct {
			signal  syscall.Signal
			timeout time.Duration
		}{{syscall.SIGINT, 20 * time.Second}, {syscall.SIGQUIT, 5 * time.Second}, {syscall.SIGKILL, 5 * time.Second}} {
			_ = syscall.Kill(pid, step.signal)
			if err := waitGone(ctx, pid, opts.DataDir, step.timeout); err == nil {
				break
			} else if ctx.Err() != nil {
				return errs.Wrap(ctx.Err(), errs.Canceled, "error.pg.start_canceled", nil)
			}
		}
	}
	// A number that now belongs to another process of the same account would
	// stop the server from starting; it checks its shared memory all the same.
	if pid != 0 && !serves(pid, opts.DataDir) {
		_ = os.Remove(filepath.Join(opts.DataDir, clusterName, "postmaster.pid"))
	}
	if st, ok := readRun(opts.DataDir); ok {
		removeSocketDir(st.SocketDir)
		_ = os.Remove(filepath.Join(opts.DataDir, runName))
	}
	return nil
}

func waitGone(ctx context.Context, pid int, dataDir string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return poll(ctx, func() bool { return !serves(pid, dataDir) })
}

// poll asks every 10 ms until done or the context ends.
func poll(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}
