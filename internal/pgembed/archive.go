package pgembed

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	spoolName   = "wal-spool"
	restoreName = "wal-restore"
)

// ArchiveTimeout is how long the server lets a segment with something in it stay
// open: what is lost with the disk is at most this and the moment it takes to copy
// and seal the segment, together less than a minute.
const ArchiveTimeout = 50 * time.Second

// SpoolDir is where a server with [Options.Archive] leaves finished segments.
func SpoolDir(dataDir string) string { return filepath.Join(dataDir, spoolName) }

// archiveCommand copies a segment into the spool: beside its name, forced to the
// disk, then renamed, and the folder forced as well. Only when it answers 0 may the
// server use the segment again. The same content again is no error, another one is
// never written over what is there. The server runs it in its cluster, so that no
// path of the data directory has to be quoted.
const archiveCommand = `s=../` + spoolName + `; if test -e $s/%f; then cmp -s %p $s/%f; ` +
	`else cp %p $s/%f.new && sync $s/%f.new && mv $s/%f.new $s/%f && sync $s; fi`

// restoreCommand asks for a segment and waits for the answer of [Recover]: the
// segment, that there is none (1), or that recovery must end (above 128, which the
// server takes as fatal). It gives up when the server is gone.
const restoreCommand = `d=../` + restoreName + `; : > $d/%f.want; while kill -0 $PPID 2>/dev/null; do ` +
	`if test -e $d/%f.bad; then exit 200; elif test -e $d/%f.none; then rm -f $d/%f.none; exit 1; ` +
	`elif test -e $d/%f; then mv $d/%f %p; exit; fi; sleep 0.05; done; exit 201`

// archiveSettings adds what archiving and recovery need.
func (o Options) archiveSettings(set map[string]string) {
	if o.Archive {
		set["archive_mode"], set["archive_command"] = "on", archiveCommand
		set["archive_timeout"] = strconv.Itoa(int(ArchiveTimeout.Seconds()))
	}
	if r := o.recovery; r != nil {
		set["restore_command"] = restoreCommand
		set["recovery_target_action"] = "promote"
		set["recovery_target_timeline"] = strconv.FormatUint(r.Timeline, 10)
		// Nobody reads while it recovers; without it, the server does not ask whether
		// it has as many connections as the one that wrote the log.
		set["hot_standby"] = "off"
		if !r.Until.IsZero() {
			set["recovery_target_time"] = r.Until.UTC().Format("2006-01-02 15:04:05.999999+00")
			set["recovery_target_inclusive"] = "on"
		}
	}
}

// makeSpool makes the folders the server's account writes into.
func makeSpool(opts Options, acct account) error {
	for name, wanted := range map[string]bool{spoolName: opts.Archive, restoreName: opts.recovery != nil} {
		dir := filepath.Join(opts.DataDir, name)
		if !wanted {
			continue
		}
		if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
			return fileError(err, opts.DataDir)
		}
		if err := acct.give(dir); err != nil {
			return fileError(err, opts.DataDir)
		}
	}
	return nil
}

// Cluster is who a cluster is and how its log is cut.
type Cluster struct {
	System      string // the system identifier, which a copy keeps
	SegmentSize int64  // bytes
}

// Cluster asks the running server.
func (s *Server) Cluster(ctx context.Context) (c Cluster, err error) {
	err = withDB(s.SuperDSN(SuperRole), func(db *sql.DB) error {
		return db.QueryRowContext(ctx, `select (select system_identifier::text from pg_control_system()),
			(select setting::bigint from pg_settings where name = 'wal_segment_size')`).Scan(&c.System, &c.SegmentSize)
	})
	return c, err
}

// FinishSegment makes the server close the segment of the log it writes, if there
// is anything in it, so that it is archived now and not at the timeout.
func (s *Server) FinishSegment(ctx context.Context) error {
	return withDB(s.SuperDSN(SuperRole), func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, `select pg_switch_wal()`)
		return err
	})
}

// Waiting is how many finished segments are not in the spool yet, and when the
// oldest of them was finished.
func Waiting(dataDir string) (n int, oldest time.Time) {
	status := filepath.Join(dataDir, clusterName, "pg_wal", "archive_status")
	names, err := os.ReadDir(status)
	if err != nil {
		return 0, oldest // no archiving, or a folder that is not ours to read
	}
	for _, f := range names {
		info, err := f.Info()
		if err != nil || !strings.HasSuffix(f.Name(), ".ready") {
			continue // archived meanwhile
		}
		n++
		if at := info.ModTime(); oldest.IsZero() || at.Before(oldest) {
			oldest = at
		}
	}
	return n, oldest
}
