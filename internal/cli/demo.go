package cli

import (
	"context"
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/demo"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func (e *env) demo() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "demo", Short: e.say.T("cli.demo"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			e.tell("cli.demo.loading")
			if err := a.LoadDemo(ctx); err != nil {
				return err
			}
			if err := e.signIns(file); err != nil {
				return err
			}
			return a.Serve(ctx, func(url string) { e.announce(ctx, a, url) })
		})
	}}
	c.Flags().StringVar(&file, "accounts-json", "", e.say.T("cli.flag.demo.accounts-json"))
	return c
}

// signIns writes the table of sign-ins, and for programs the same as JSON.
func (e *env) signIns(file string) error {
	all := demo.Accounts()
	rows := [][]string{{e.say.T("cli.col.username"), e.say.T("cli.col.password"), e.say.T("cli.col.role"), e.say.T("cli.col.name"), e.say.T("cli.col.place"), e.say.T("cli.col.second_factor")}}
	for _, a := range all {
		rows = append(rows, []string{a.Username, a.Password, e.say.T(string(a.Role.Label())), a.Name, a.Place, a.Secret})
	}
	if err := table(e.Stdout, rows); err != nil || file == "" {
		return err
	}
	raw, err := json.MarshalIndent(all, "", "  ") // #nosec G117 -- the printed sign-ins of the demonstration
	if err == nil {
		err = os.WriteFile(file, append(raw, '\n'), 0o600)
	}
	return errs.Wrap(err, errs.Unavailable, "error.cli.output", errs.Args{"file": file})
}
