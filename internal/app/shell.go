package app

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// Streams are the three of a program.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Shell runs psql as the private database's superuser, or as the user of the
// configured URL, and returns psql's exit code. That somebody looked behind row
// security is on record before psql starts; what was typed is not, because it
// may hold personal data.
func (a *App) Shell(ctx context.Context, args []string, s Streams) (int, error) {
	run, err := a.database.shellTools()
	if err != nil {
		return 0, err
	}
	path, err := run.path("psql")
	if err != nil {
		return 0, err
	}
	err = a.note(ctx, audit.Event{Action: audit.DbShell, ObjectKind: audit.ObjectDatabase, Detail: map[string]any{"arguments": len(args), "os_user": osUser()}})
	if err != nil {
		return 0, err
	}
	if terminal(s.In) {
		// Ctrl-C in a terminal is psql's own: it ends a query, not the session.
		ctx = context.WithoutCancel(ctx)
	}
	cmd := exec.CommandContext(ctx, path, append([]string{"--dbname=" + run.address}, args...)...) // #nosec G204 -- psql, as the operator asked
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.In, s.Out, s.Err
	if run.password != "" {
		cmd.Env = append(cmd.Environ(), "PGPASSWORD="+run.password)
	}
	err = cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok && ended.ExitCode() > 0 {
		return ended.ExitCode(), nil
	}
	return 0, errs.Wrap(err, errs.Unavailable, "error.ops.tool_failed", errs.Args{"program": "psql", "detail": err})
}

// shellTools connects as the superuser, or as the configured URL's own user: of
// an external server nobody is made more than he is.
func (d *Database) shellTools() (tools, error) {
	if d.Private != nil {
		return d.superTools()
	}
	return externalTools(d.AppDSN), nil
}

// osUser is the account of the machine the command runs under: the house knows
// no other name of whoever sits there.
func osUser() string {
	u, err := user.Current()
	if err != nil {
		return strconv.Itoa(os.Getuid())
	}
	return u.Username
}

func terminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
