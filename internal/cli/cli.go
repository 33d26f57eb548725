// Package cli is the command line: one file per subcommand, all of them thin.
// What a command prints for machines goes to stdout, everything else to stderr.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/config"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

// Process is what the command line needs of the process it runs in.
type Process struct {
	Args           []string
	Version        string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// exitCode lets a command end with a code of its own, for example psql's.
type exitCode int

// Error makes exitCode an error; it is never shown.
func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// env is what every subcommand works with once the options are read.
type env struct {
	Process
	ctx context.Context
	cfg config.Config
	log *slog.Logger
	say i18n.Printer
}

// Run executes the command line and returns the exit code: 0 done, 1 refused or
// failed, 2 wrong usage.
func Run(ctx context.Context, p Process) int {
	catalogue, err := app.Catalogue()
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	e := &env{Process: p, ctx: ctx, say: catalogue.Printer(spoken(p.Args)), log: slog.New(slog.NewTextHandler(p.Stderr, nil))}
	root := e.root()
	root.SetArgs(p.Args)
	err = root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if code, ok := errors.AsType[exitCode](err); ok {
		return int(code)
	}
	if _, ok := errors.AsType[*errs.Error](err); !ok { // the command line itself did not understand
		e.tell("error.cli.usage", "detail", err)
		return 2
	}
	e.complain(err)
	return 1
}

// spoken is the language before the options are read: help is written in it.
func spoken(args []string) i18n.Lang {
	lang := i18n.Lang(config.Getenv("SHANHAI_LANGUAGE"))
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--language="); ok {
			lang = i18n.Lang(v)
		} else if a == "--language" && i+1 < len(args) {
			lang = i18n.Lang(args[i+1])
		}
	}
	return lang
}

// complain writes an error for a person: the sentence, the fields, the remedies.
func (e *env) complain(err error) {
	x := errs.Of(err)
	fmt.Fprintln(e.Stderr, "shanhai:", e.say.Error(x))
	for _, f := range x.Fields {
		fmt.Fprintf(e.Stderr, "  %s: %s\n", f.Path, e.say.Say(f.Key, f.Args))
	}
	for _, key := range x.Remedy {
		fmt.Fprintln(e.Stderr, "  →", e.say.Say(key, x.Args))
	}
	if x.Kind == errs.Internal && x.Cause != nil {
		fmt.Fprintln(e.Stderr, "  ", x.Cause)
	}
}

// root is the command with all subcommands and the options every one takes.
func (e *env) root() *cobra.Command {
	root := &cobra.Command{
		Use: "shanhai", Short: e.say.T("cli.root"), Version: e.Version, SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return e.load(cmd) },
	}
	root.SetIn(e.Stdin)
	root.SetOut(e.Stdout)
	root.SetErr(e.Stderr)
	for _, name := range config.FlagNames() {
		root.PersistentFlags().String(name, "", e.say.T("cli.flag."+name))
	}
	root.AddCommand(e.commands()...)
	e.translate(root)
	return root
}

// load reads the options: flags that were really given, environment, file.
func (e *env) load(cmd *cobra.Command) error {
	flags := map[string]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if cmd.Root().PersistentFlags().Lookup(f.Name) != nil {
			flags[f.Name] = f.Value.String()
		}
	})
	cfg, err := config.Load(config.Getenv, flags)
	if err != nil {
		return err
	}
	if err := config.Unknown(config.Environ()); err != nil {
		return err
	}
	e.cfg = cfg
	e.log = app.Logger(cfg, e.Stderr)
	catalogue, err := app.Catalogue()
	if err != nil {
		return err
	}
	e.say = catalogue.Printer(cfg.Language)
	return nil
}
