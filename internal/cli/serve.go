package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
)

// commands lists the subcommands, those of every day first.
func (e *env) commands() []*cobra.Command {
	return []*cobra.Command{e.serve(), e.demo(), e.migrate(), e.users(), e.tokens(), e.partnerships(), e.organisations(), e.imports(), e.export(), e.verify(), e.audits(), e.outreach(),
		e.backup(), e.restore(), e.keys(), e.database(), e.doctor(), e.config(), e.cert(), e.version()}
}

func (e *env) serve() *cobra.Command {
	return &cobra.Command{Use: "serve", Short: e.say.T("cli.serve"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			return a.Serve(ctx, func(url string) { e.announce(ctx, a, url) })
		})
	}}
}

// announce says where the service listens, and on a fresh installation how the
// first people come in.
func (e *env) announce(ctx context.Context, a *app.App, url string) {
	e.tell("cli.listening", "url", url)
	if first, err := a.Services.Accounts.FirstRun(ctx); err == nil && first {
		e.tell("cli.first_run", "url", url, "code", a.Services.Accounts.SetupCode())
	}
}

func (e *env) version() *cobra.Command {
	return &cobra.Command{Use: "version", Short: e.say.T("cli.version"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		_, err := fmt.Fprintln(e.Stdout, "shanhai", e.Version)
		return err
	}}
}

func (e *env) migrate() *cobra.Command {
	var status bool
	c := &cobra.Command{Use: "migrate", Short: e.say.T("cli.migrate"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		if status {
			level, err := app.SchemaLevel(e.ctx, e.cfg, e.options())
			if err != nil {
				return err
			}
			fmt.Fprintf(e.Stdout, "%d/%d\n", level.Have, level.Want)
			if !level.Current() {
				e.tell("cli.migrate.pending", "have", level.Have, "want", level.Want)
				return exitCode(1)
			}
			return nil
		}
		before, after, err := app.Migrate(e.ctx, e.cfg, e.options())
		if err != nil {
			return err
		}
		if before == after {
			e.tell("cli.migrate.current", "level", after.Have)
			return nil
		}
		e.tell("cli.migrate.done", "from", before.Have, "to", after.Have)
		return nil
	}}
	c.Flags().BoolVar(&status, "status", false, e.say.T("cli.flag.migrate.status"))
	return c
}

func (e *env) config() *cobra.Command {
	print := &cobra.Command{Use: "print", Short: e.say.T("cli.config.print"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.cfg.Print(e.Stdout)
	}}
	return e.group("config", print)
}
