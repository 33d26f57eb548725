package pgembed

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// ensureCluster makes the cluster when there is none. initdb works in a sibling
// folder that becomes pg/ by one rename, so that a crash half-way leaves nothing
// but a folder the next start removes. The caller holds the lock.
func ensureCluster(ctx context.Context, opts Options, bin Binaries, acct account) error {
	cluster := filepath.Join(opts.DataDir, clusterName)
	leftovers, _ := filepath.Glob(filepath.Join(globEscape(opts.DataDir), initPrefix+"*"))
	for _, dir := range leftovers {
		if err := os.RemoveAll(dir); err != nil {
			return fileError(err, opts.DataDir)
		}
	}
	if clusterMajor(cluster) != 0 {
		return nil
	}
	// An empty folder is in nobody's way; anything else is not ours to delete.
	if err := os.Remove(cluster); err != nil && !os.IsNotExist(err) {
		return errs.Wrap(err, errs.Precondition, "error.pg.foreign", errs.Args{"dir": cluster})
	}
	work, err := os.MkdirTemp(opts.DataDir, initPrefix)
	if err != nil {
		return fileError(err, opts.DataDir)
	}
	defer os.RemoveAll(work)
	if err := acct.give(work); err != nil {
		return fileError(err, opts.DataDir)
	}
	if err := initdb(ctx, opts, bin, acct, work); err != nil {
		return err
	}
	if err := os.Rename(work, cluster); err != nil {
		return fileError(err, opts.DataDir)
	}
	return syncDir(opts.DataDir)
}

func initdb(ctx context.Context, opts Options, bin Binaries, acct account, dir string) error {
	// C.UTF-8 and not plain C: C does not know Han letters, so lower(), regular
	// expressions and word limits would treat them as punctuation.
	args := []string{"--pgdata=" + dir, "--username=" + SuperRole, "--auth=reject", "--encoding=UTF8",
		"--locale=C.UTF-8", "--lc-messages=C", "--data-checksums", "--no-instructions"}
	if opts.Fast {
		args = append(args, "--no-sync", "--wal-segsize=1")
	}
	opts.Log.Info("making the database cluster", "dir", opts.DataDir, "version", bin.Version)
	out, err := acct.command(ctx, bin.Path("initdb"), args...).CombinedOutput()
	if err != nil {
		if ctx.Err() != nil {
			return errs.Wrap(ctx.Err(), errs.Canceled, "error.pg.start_canceled", nil)
		}
		return outputError(fmt.Errorf("initdb: %w: %s", err, out), string(out), "error.pg.init_failed", opts.DataDir)
	}
	return nil
}

// writeAccess says who may sign in; rewritten at every start, since the account
// that starts the server may have changed.
func writeAccess(opts Options, acct account) error {
	how := "peer map=shanhai"
	if opts.Fast {
		how = "trust"
	}
	// "all" is every database; a base backup asks for replication, which is none.
	hba := fmt.Sprintf("local all all %[1]s\nlocal replication all %[1]s\n", how)
	var ident strings.Builder
	// Every pair is named: "all" as a role is only understood from version 16 on.
	for _, role := range []string{SuperRole, OwnerRole, AppRole} {
		fmt.Fprintf(&ident, "shanhai %q %s\n", accountName(os.Geteuid()), role)
	}
	for name, text := range map[string]string{"pg_hba.conf": hba, "pg_ident.conf": ident.String()} {
		path := filepath.Join(opts.DataDir, clusterName, name)
		if err := writeFile(path, text); err != nil {
			return fileError(err, opts.DataDir)
		}
		if err := acct.give(path); err != nil {
			return fileError(err, opts.DataDir)
		}
	}
	return nil
}

// settings are given on the command line, so that they hold whatever a restored
// or older cluster has in its file. Sizes other than these may be tuned with
// ALTER SYSTEM.
func settings(opts Options, socketDir string) []string {
	set := map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": socketDir,
		"unix_socket_permissions": "0700",
		"port":                    strconv.Itoa(port),
		"max_connections":         strconv.Itoa(opts.MaxConnections),
		"shared_buffers":          strconv.Itoa(sharedBuffersMB(opts)) + "MB",
		// A backup or a reset touches every table in one transaction.
		"max_locks_per_transaction": "256",
		// Short statements by index: compiling them costs more than they do.
		"jit":              "off",
		"random_page_cost": "1.1",
		"timezone":         "UTC",
		"log_timezone":     "UTC",
		// Our logger adds the time. DETAIL lines and failed statements carry
		// names and numbers of patients: they stay out of the log.
		"logging_collector":       "off",
		"log_destination":         "stderr",
		"log_line_prefix":         "",
		"log_error_verbosity":     "terse",
		"log_min_error_statement": "panic",
		"fsync":                   "on",
		"full_page_writes":        "on",
		"synchronous_commit":      "on",
		"wal_compression":         "on",
	}
	if opts.Fast {
		for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit", "autovacuum"} {
			set[name] = "off"
		}
		if !opts.Archive {
			set["wal_level"], set["max_wal_senders"] = "minimal", "0"
		}
		set["min_wal_size"], set["max_wal_size"] = "2MB", "256MB"
	}
	opts.archiveSettings(set)
	args := make([]string, 0, 2*len(set))
	for name, value := range set {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

func writeFile(path, text string) error {
	work := path + ".new"
	if err := os.WriteFile(work, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(work, path)
}

// syncDir makes a rename inside dir survive a power cut.
func syncDir(dir string) error {
	f, err := os.Open(dir) // #nosec G304 -- files of the data directory
	if err != nil {
		return fileError(err, dir)
	}
	defer f.Close()
	return fileError(f.Sync(), dir)
}

// globEscape keeps a data directory named "a[1]" from being read as a pattern.
func globEscape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
