package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/pgembed"
)

// tools runs psql, pg_dump and pg_restore against one database.
type tools struct {
	dir      string // folder of the programs; empty: the search path
	address  string // for libpq, without the password
	password string // goes through the environment: arguments are everybody's to read
}

// superTools connects as the one who may do everything: the private database's
// superuser, or the configured owner of an external one.
func (d *Database) superTools() (tools, error) {
	if d.Private != nil {
		return tools{dir: d.Private.BinDir(), address: d.Private.ToolDSN(pgembed.SuperRole, pgembed.Database)}, nil
	}
	if d.OwnerDSN == "" {
		return tools{}, errs.Refuse("database.admin_url", "error.ops.admin_url", nil)
	}
	return externalTools(d.OwnerDSN), nil
}

// superDSN is the same connection for the store.
func (d *Database) superDSN() string {
	if d.Private != nil {
		return d.Private.SuperDSN(pgembed.Database)
	}
	return d.OwnerDSN
}

func externalTools(dsn string) tools {
	t := tools{}
	if bin, err := pgembed.FindBinaries(pgembed.Options{}); err == nil {
		t.dir = bin.Dir
	}
	t.address, t.password = splitPassword(dsn)
	return t
}

var (
	dsnPassword = regexp.MustCompile(`(?i)(^|\s)password\s*=\s*('((?:[^'\\]|\\.)*)'|\S+)`)
	dsnBinary   = regexp.MustCompile(`(?i)(^|\s)binary_parameters\s*=\s*\S+`)
)

// splitPassword takes the password and what only lib/pq understands out of an
// address in URL or keyword form.
func splitPassword(dsn string) (address, password string) {
	if u, err := url.Parse(dsn); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		q := u.Query()
		if q.Has("password") {
			password = q.Get("password")
			q.Del("password")
		}
		q.Del("binary_parameters")
		u.RawQuery = q.Encode()
		if p, ok := u.User.Password(); ok {
			password = p
			u.User = url.User(u.User.Username())
		}
		return u.String(), password
	}
	if m := dsnPassword.FindStringSubmatch(dsn); m != nil {
		password = m[2]
		if strings.HasPrefix(password, "'") {
			password = strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(m[3])
		}
	}
	return strings.TrimSpace(dsnBinary.ReplaceAllString(dsnPassword.ReplaceAllString(dsn, ""), "")), password
}

// path is where a program is, or the sentence that says how to get it.
func (t tools) path(program string) (string, error) {
	name := program
	if t.dir != "" {
		name = filepath.Join(t.dir, program)
	}
	found, err := exec.LookPath(name)
	return found, errs.Wrap(err, errs.Precondition, "error.ops.tool_missing",
		errs.Args{"program": program, "command": pgembed.InstallCommand()})
}

// quiet is the environment of a program that talks to nobody: nothing of the
// caller's PG* settings may change where it connects or what it does.
func (t tools) quiet() []string {
	env := []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8"}
	if t.password != "" {
		env = append(env, "PGPASSWORD="+t.password)
	}
	return env
}

// run runs a program between a reader and a writer. Its complaint becomes the
// cause of the error.
func (t tools) run(ctx context.Context, in io.Reader, out io.Writer, program string, args ...string) error {
	path, err := t.path(program)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--no-password", "--dbname=" + t.address}, args...)...) // #nosec G204 -- PostgreSQL's own programs, found by the operator's settings
	cmd.Env, cmd.Dir = t.quiet(), "/"
	cmd.Stdin, cmd.Stdout = in, out
	cmd.WaitDelay = 5 * time.Second
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	err = cmd.Run()
	if err != nil && ctx.Err() != nil {
		return errs.Wrap(ctx.Err(), errs.Canceled, "error.canceled", nil)
	}
	if err != nil {
		said := lastLine(complaint.String())
		return errs.Wrap(errors.Join(err, errors.New(said)), errs.Unavailable, "error.ops.tool_failed",
			errs.Args{"program": program, "detail": said})
	}
	return nil
}

// dump writes the state of a snapshot. Who changes the schema meanwhile waits for
// the reader that exported the snapshot, and pg_dump would wait behind them for
// ever, which nobody could see from inside the database: it gives up after a few
// seconds, and the backup is made later.
func (t tools) dump(ctx context.Context, out io.Writer, snapshot string) error {
	return t.run(ctx, nil, out, "pg_dump", "--format=custom", "--compress=6", "--lock-wait-timeout=5s", "--snapshot="+snapshot)
}

// lastLine is the line a program ended with.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}
