package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/text/width"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/errs"
)

// options are what every opening of the service needs.
func (e *env) options() app.Options { return app.Options{Log: e.log, Version: e.Version} }

// open opens the service for one command: it joins the running private database
// or starts it for the moment, and closes everything when the command is done.
func (e *env) open(fn func(ctx context.Context, a *app.App) error) error {
	a, err := app.Open(e.ctx, e.cfg, e.options())
	if err != nil {
		return err
	}
	defer a.Close()
	return fn(e.ctx, a)
}

// tell writes a sentence for the person at the terminal: to stderr, so that
// stdout stays what programs read.
func (e *env) tell(key string, pairs ...any) { fmt.Fprintln(e.Stderr, e.say.T(key, pairs...)) }

// group is a command that only holds others.
func (e *env) group(use string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: e.say.T("cli." + use), Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return cmd.Help()
	}}
	c.AddCommand(subs...)
	return c
}

// flag adds a text option with its catalogue text.
func (e *env) flag(c *cobra.Command, dst *string, name, def string) {
	c.Flags().StringVar(dst, name, def, e.say.T("cli.flag."+c.Name()+"."+name))
}

// table writes rows in aligned columns, the first one with the names of the
// columns. A Han letter takes two places of a terminal.
func table(w io.Writer, rows [][]string) error {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], places(cell))
		}
	}
	for _, r := range rows {
		var b strings.Builder
		for i, cell := range r {
			b.WriteString(cell)
			if i < len(r)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-places(cell)+2))
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// places is how much room a text takes in a terminal.
func places(text string) int {
	n := 0
	for _, r := range text {
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}

// required refuses empty options by name.
func required(pairs ...string) error {
	var f errs.Fields
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.TrimSpace(pairs[i+1]) == "" {
			f.Add("--"+pairs[i], "form.error.missing")
		}
	}
	return f.Err()
}

// readAll reads a file, or stdin when the name is "-".
func (e *env) readAll(name string) (string, error) {
	raw, err := readInput(name, e.Stdin)
	return string(raw), errs.Wrap(err, errs.Invalid, "error.cli.input", errs.Args{"file": name})
}
