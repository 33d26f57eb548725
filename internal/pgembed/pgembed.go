// Package pgembed runs the private PostgreSQL of one data directory: it finds
// the installed server binaries, makes the cluster, starts and stops the server
// and lets other processes of the same machine join it.
//
// What lies where, below the data directory:
//
//	pg/          the cluster, owned by the account the server runs as
//	wal-spool/   finished segments of the log on their way to an archive
//	wal-restore/ segments on their way back, while a cluster is recovered
//	pg.lock      held (flock) by the process that started the server
//	pg-run.json  where the running server listens; removed by a clean stop
//
// The server listens on a Unix socket only. A socket path ends at 107 bytes, so
// the socket lives in a short private folder (0700) outside the data directory
// and is found through pg-run.json.
//
// Sign-in is by "peer": the kernel tells the server which account connects, and
// only the account that started it may take one of the three roles. Compared
// with a password there is no secret to keep, leak into a log or rotate, and the
// system's own "postgres" account, which may run other servers, is not let in.
//
// PostgreSQL refuses to run as root. Started by root, the server runs as
// "postgres" (or "nobody"); where that account cannot walk to the data directory
// it keeps the one capability CAP_DAC_READ_SEARCH, and only there, because with
// it a superuser's COPY could read every file of the machine.
//
// When the starting process is killed, the kernel asks the server to stop
// (parent death signal); whatever is still there at the next start is recognised
// by its working directory, stopped cleanly and started again.
//
// This room is for Linux.
package pgembed

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// The names of the private server. Roles are the same on an external server.
const (
	SuperRole = "postgres"      // bootstrap superuser, for roles, backup and db shell
	OwnerRole = "shanhai_owner" // owns the database and every table; migrations only
	AppRole   = "shanhai_app"   // what the service connects as; no DDL, under row security
	Database  = "shanhai"       // the database of the service
)

// MinMajor is the oldest PostgreSQL the service runs on.
const MinMajor = 15

const (
	port = 5432 // only part of the socket's name: nothing listens on the network

	clusterName = "pg"
	lockName    = "pg.lock"
	runName     = "pg-run.json"
	initPrefix  = "pg.init-"

	// maxDataDir leaves room below PostgreSQL's own limit (1024 bytes with the
	// closing zero) for the longest path inside a cluster.
	maxDataDir = 900
)

// Options say how to run the server.
type Options struct {
	DataDir string       // the service's data directory; made when missing
	BinDir  string       // folder of the server binaries; empty: look for them
	Log     *slog.Logger // nil: silent

	MaxConnections  int // 0: 100
	SharedBuffersMB int // 0: as the memory and the database are

	// Fast trades durability for speed: no fsync, small log segments, immediate
	// stop, every role open to whoever may enter the private socket folder. For
	// databases of tests, never for data.
	Fast bool

	// Archive makes the server copy each finished segment of its log into the spool
	// (see [SpoolDir]); somebody else takes it from there.
	Archive bool

	recovery *Recovery // of Recover
}

func (o Options) withDefaults() (Options, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 100
	}
	abs, err := filepath.Abs(o.DataDir)
	if err != nil {
		return o, fileError(err, o.DataDir)
	}
	if len(abs) > maxDataDir {
		return o, pathTooLong(abs)
	}
	o.DataDir = abs
	return o, nil
}

// prepareDataDir makes the folder, or takes it as it is, and resolves symbolic
// links so that paths can be compared with those the kernel reports.
func prepareDataDir(dir string, acct account) (string, error) {
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { // #nosec G301 -- the folders above the data directory; the directory itself is closed
			return "", fileError(err, dir)
		}
		if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
			return "", fileError(err, dir)
		}
		// The server's group may pass through (not list), so that it needs no
		// capability for a folder made here.
		if acct.switched {
			if err := os.Chown(dir, 0, acct.gid); err != nil {
				return "", fileError(err, dir)
			}
			if err := os.Chmod(dir, 0o710); err != nil { // #nosec G302 -- the account of PostgreSQL enters by its group
				return "", fileError(err, dir)
			}
		}
	} else if err != nil {
		return "", fileError(err, dir)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", fileError(err, dir)
	}
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return "", fileError(syscall.ENOTDIR, dir)
	}
	return real, nil
}

// handOver gives a file made by root to the owner of the data directory, so that
// one "sudo" does not lock an ordinary user out of the own data.
func handOver(path, dataDir string) {
	if os.Geteuid() != 0 {
		return
	}
	if info, err := os.Stat(dataDir); err == nil {
		st := info.Sys().(*syscall.Stat_t)
		_ = os.Chown(path, int(st.Uid), -1) // best effort: root itself can always open it
	}
}

// ownedLike gives a file to the owner of another one, if we may.
func ownedLike(path string, other os.FileInfo) error {
	st := other.Sys().(*syscall.Stat_t)
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Lchown(path, int(st.Uid), int(st.Gid))
}
