package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/walarchive"
)

func readInput(name string, stdin io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(name) // #nosec G304 -- the file the operator named
}

// warnPaper says, until it is confirmed, that a backup is worth nothing without
// its key.
func (e *env) warnPaper(a *app.App) {
	if !a.PaperConfirmed() {
		e.tell("cli.key.unconfirmed")
	}
}

func (e *env) backup() *cobra.Command {
	var to string
	var base bool
	c := &cobra.Command{Use: "backup", Short: e.say.T("cli.backup"), Long: e.say.T("cli.backup.long"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			if base {
				return e.backupBase(ctx, a, to)
			}
			b, err := a.Backup(ctx, to)
			if err != nil {
				return err
			}
			e.tell("cli.backup.done", "rows", b.Manifest.Contents.Rows(), "blobs", b.Manifest.Blobs, "mb", (b.Size+1<<20-1)>>20)
			if to == "" {
				e.tell("cli.backup.same_disk")
			}
			e.warnPaper(a)
			_, err = fmt.Fprintln(e.Stdout, b.File)
			return err
		})
	}}
	c.Flags().StringVar(&to, "to", "", e.say.T("cli.flag.backup.to"))
	c.Flags().BoolVar(&base, "base", false, e.say.T("cli.flag.backup.base"))
	return c
}

// backupBase adds a base backup to the archive, whose folder is an option of its own.
func (e *env) backupBase(ctx context.Context, a *app.App, to string) error {
	if to != "" {
		return errs.New(errs.Invalid, "error.cli.base_to", nil)
	}
	b, err := a.BackupBase(ctx)
	if err != nil {
		return err
	}
	e.tell("cli.backup.base.done", "at", walarchive.Moment(b.Ended), "mb", (b.Size+1<<20-1)>>20)
	e.warnPaper(a)
	_, err = fmt.Fprintln(e.Stdout, b.File)
	return err
}

func (e *env) restore() *cobra.Command {
	var in app.RestoreInput
	var paper []string
	var until string
	c := &cobra.Command{Use: "restore FILE | restore --until TIME", Short: e.say.T("cli.restore"), Long: e.say.T("cli.restore.long"), Args: cobra.MaximumNArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		if (len(args) == 1) == (until != "") {
			return errs.New(errs.Invalid, "error.cli.restore_what", nil)
		}
		var err error
		if in.Paper, err = e.readSheets(paper); err != nil {
			return err
		}
		if until != "" {
			return e.restoreUntil(app.UntilInput{Until: until, Paper: in.Paper, Trial: in.Trial})
		}
		in.File = args[0]
		out, err := app.Restore(e.ctx, e.cfg, e.options(), in)
		if err != nil {
			return err
		}
		key := "cli.restore.done"
		if in.Trial {
			key = "cli.restore.verified"
		}
		m := out.Manifest
		e.tell(key, "at", m.MadeAt.In(clock.Shanghai).Format("2006-01-02 15:04"), "rows", m.Contents.Rows(), "blobs", m.Blobs,
			"chains", len(m.Contents.Chains), "seconds", int(out.Took.Seconds()))
		if !in.Trial && in.Paper != "" {
			e.tell("cli.key.unconfirmed")
		}
		return nil
	}}
	c.Flags().BoolVar(&in.Trial, "verify", false, e.say.T("cli.flag.restore.verify"))
	c.Flags().StringArrayVar(&paper, "paper", nil, e.say.T("cli.flag.restore.paper"))
	c.Flags().StringVar(&until, "until", "", e.say.T("cli.flag.restore.until"))
	return c
}

// restoreUntil restores from the archive. What came back without some attachments
// is kept, each record is named, and the exit code says so.
func (e *env) restoreUntil(in app.UntilInput) error {
	out, err := app.RestoreUntil(e.ctx, e.cfg, e.options(), in)
	if err != nil {
		return err
	}
	key := "cli.restore.until.done"
	if in.Trial {
		key = "cli.restore.until.verified"
	}
	e.tell(key, "at", walarchive.Moment(out.Until), "base", walarchive.Moment(out.Base), "rows", out.Rows, "blobs", out.Blobs, "seconds", int(out.Took.Seconds()))
	if !in.Trial && in.Paper != "" {
		e.tell("cli.key.unconfirmed")
	}
	if len(out.Missing) == 0 {
		return nil
	}
	e.tell("cli.restore.until.missing", "n", len(out.Missing))
	for _, name := range out.Missing {
		fmt.Fprintln(e.Stdout, name)
	}
	return exitCode(1)
}

func (e *env) keys() *cobra.Command {
	return e.group("key", e.keyExport(), e.keyConfirm(), e.keyImport(), e.keyPublic())
}

func (e *env) keyExport() *cobra.Command {
	var paper bool
	var half int
	c := &cobra.Command{Use: "export", Short: e.say.T("cli.key.export"), Long: e.say.T("cli.key.export.long"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		if paper == (half != seal.Whole) || half < seal.Whole || half > 2 {
			return errs.New(errs.Invalid, "error.cli.paper_only", nil)
		}
		return e.open(func(ctx context.Context, a *app.App) error {
			text, err := a.Paper(ctx, half)
			if err != nil {
				return err
			}
			if half == seal.Whole {
				e.tell("cli.key.paper", "fingerprint", a.Keys.Fingerprint())
			} else {
				e.tell("cli.key.half", "sheet", half)
			}
			_, err = io.WriteString(e.Stdout, text)
			return err
		})
	}}
	c.Flags().BoolVar(&paper, "paper", false, e.say.T("cli.flag.key.paper"))
	c.Flags().IntVar(&half, "half", seal.Whole, e.say.T("cli.flag.key.half"))
	return c
}

func (e *env) keyConfirm() *cobra.Command {
	var holder string
	c := &cobra.Command{Use: "confirm FINGERPRINT", Short: e.say.T("cli.key.confirm"), Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			h, err := a.ConfirmPaper(ctx, args[0], holder)
			switch {
			case err != nil:
				return err
			case h.Sheet == seal.Whole:
				e.tell("cli.key.confirmed")
			default:
				e.tell("cli.key.half_confirmed", "sheet", h.Sheet, "holder", h.Holder)
			}
			return nil
		})
	}}
	c.Flags().StringVar(&holder, "holder", "", e.say.T("cli.flag.key.holder"))
	return c
}

// readSheets reads the sheets of a paper copy, one after the other.
func (e *env) readSheets(files []string) (string, error) {
	var all strings.Builder
	for _, name := range files {
		text, err := e.readAll(name)
		if err != nil {
			return "", err
		}
		all.WriteString(text + "\n")
	}
	return all.String(), nil
}

func (e *env) keyImport() *cobra.Command {
	return &cobra.Command{Use: "import FILE...", Short: e.say.T("cli.key.import"), Args: cobra.RangeArgs(1, 2), RunE: func(_ *cobra.Command, args []string) error {
		text, err := e.readSheets(args)
		if err != nil {
			return err
		}
		k, err := app.ImportPaper(e.cfg, text)
		if err == nil {
			e.tell("cli.key.imported", "fingerprint", k.Fingerprint())
		}
		return err
	}}
}

func (e *env) database() *cobra.Command {
	shell := &cobra.Command{Use: "shell [-- ...]", Short: e.say.T("cli.db.shell"), Long: e.say.T("cli.db.shell.long"), Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			return e.open(func(ctx context.Context, a *app.App) error {
				code, err := a.Shell(ctx, args, app.Streams{In: e.Stdin, Out: e.Stdout, Err: e.Stderr})
				if err == nil && code != 0 {
					return exitCode(code)
				}
				return err
			})
		}}
	return e.group("db", shell)
}

func (e *env) doctor() *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: e.say.T("cli.doctor"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		bad := 0
		marks := map[app.Grade]string{app.Good: "✓", app.Warn: "!", app.Bad: "✗"}
		for _, f := range app.Doctor(e.ctx, e.cfg, e.options()) {
			fmt.Fprintf(e.Stdout, "%s %s: %s\n", marks[f.Grade], e.say.T(f.Name), e.say.Say(f.Key, f.Args))
			if f.Remedy != "" {
				fmt.Fprintf(e.Stdout, "    → %s\n", e.say.Say(f.Remedy, f.Args))
			}
			if f.Grade == app.Bad {
				bad++
			}
		}
		if bad > 0 {
			e.tell("cli.doctor.bad", "n", bad)
			return exitCode(1)
		}
		e.tell("cli.doctor.good")
		return nil
	}}
}

func (e *env) cert() *cobra.Command {
	var dir string
	c := &cobra.Command{Use: "init NAME...", Short: e.say.T("cli.cert.init"), Long: e.say.T("cli.cert.init.long"), Args: cobra.ArbitraryArgs, RunE: func(_ *cobra.Command, args []string) error {
		if dir == "" {
			dir = filepath.Join(e.cfg.DataDir, "tls")
		}
		made, err := app.MakeCertificates(dir, args, clock.System{})
		if err != nil {
			return err
		}
		e.tell("cli.cert.done", "ca", made.Authority, "ca_key", made.AuthorityKey, "day", clock.DateOf(made.Expires.In(clock.Shanghai)))
		_, err = fmt.Fprintf(e.Stdout, "--tls-cert %s --tls-key %s\n", made.Cert, made.Key)
		return err
	}}
	c.Flags().StringVar(&dir, "dir", "", e.say.T("cli.flag.cert.dir"))
	return e.group("cert", c)
}
