package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
)

// proveLogs follows every chain of every log beside a running service. One line
// of stdout is one log; at a fault the last line names chain and row, and the
// exit code is 1.
func (e *env) proveLogs(files []string) error {
	var brought []audit.SignedAnchor
	for _, name := range files {
		a, err := app.ReadAnchor(name)
		if err != nil {
			return err
		}
		brought = append(brought, a)
	}
	return e.open(func(ctx context.Context, a *app.App) error {
		var rows int64
		err := a.ProveLogs(ctx, operator(), brought, func(p app.LogProof) error {
			rows += p.Report.Rows
			return e.proved(p)
		})
		if err == nil {
			e.tell("cli.audit.sound", "rows", rows)
		}
		return err
	})
}

// proved writes the line of one log.
func (e *env) proved(p app.LogProof) error {
	name := p.Code
	switch {
	case p.Partnership == ident.Nil:
		name = "platform"
	case name == "":
		name = p.Partnership.String()
	}
	r := p.Report
	if r.Fault == nil {
		speed := int64(float64(r.Rows) / max(p.Took.Seconds(), 0.001))
		e.tell("cli.audit.speed", "log", name, "seconds", strconv.FormatFloat(p.Took.Seconds(), 'f', 1, 64), "speed", speed)
		_, err := fmt.Fprintf(e.Stdout, "ok\t%s\t%d chains\t%d rows\t%d anchors\n", name, r.Chains, r.Rows, r.Anchors)
		return err
	}
	e.complain(r.Fault.Err())
	if _, err := fmt.Fprintln(e.Stdout, faultLine(name, r.Fault)); err != nil {
		return err
	}
	return exitCode(1)
}

// faultLine names log, chain, row and event of a fault. A chain is organisation
// and lane; a row is its number in the chain.
func faultLine(name string, f *oversight.Fault) string {
	row := strconv.FormatInt(f.Seq, 10)
	if f.Until > f.Seq {
		row += "-" + strconv.FormatInt(f.Until, 10)
	}
	event := "-"
	if f.Event != ident.Nil {
		event = f.Event.String()
	}
	return fmt.Sprintf("bad\t%s\tchain %s/%d\trow %s\tevent %s\t%s", name, f.Organisation, f.Lane, row, event, f.What)
}

// auditAnchor makes an anchor of every log now, for whoever takes a copy away.
func (e *env) auditAnchor() *cobra.Command {
	return &cobra.Command{Use: "anchor", Short: e.say.T("cli.audit.anchor"), Long: e.say.T("cli.audit.anchor.long"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			paths, err := a.Anchors(ctx)
			for _, p := range paths {
				if _, err := fmt.Fprintln(e.Stdout, p); err != nil {
					return err
				}
			}
			if err == nil {
				e.tell("cli.audit.anchored")
			}
			return err
		})
	}}
}

// auditReceive takes an anchor in: one of another installation is kept, an own
// one is compared with the log.
func (e *env) auditReceive() *cobra.Command {
	var partnership, key, from string
	c := &cobra.Command{Use: "receive FILE", Short: e.say.T("cli.audit.receive"), Long: e.say.T("cli.audit.receive.long"), Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		in := oversight.Offer{Origin: from}
		var err error
		if in.Text, err = e.readAll(args[0]); err != nil {
			return err
		}
		if key != "" {
			if in.Keys, err = e.readAll(key); err != nil {
				return err
			}
		}
		return e.open(func(ctx context.Context, a *app.App) error {
			place, err := a.PartnershipFor(ctx, partnership)
			if err == nil && place == ident.Nil {
				err = errs.Refuse("partnership.none", "error.cli.no_partnership", nil, "remedy.cli.partnership")
			}
			if err != nil {
				return err
			}
			r, err := a.Services.Oversight.Receive(ctx, operator().In(place), in)
			if err != nil {
				return err
			}
			if r.Own && r.Report.Fault != nil {
				e.complain(r.Report.Fault.Err())
				if _, err := fmt.Fprintln(e.Stdout, faultLine(partnership, r.Report.Fault)); err != nil {
					return err
				}
				return exitCode(1)
			}
			word := "here"
			switch {
			case r.Own:
				word = "own"
			case r.Kept:
				word = "kept"
			}
			e.tell("cli.audit.received."+word, "rows", r.Anchor.Links(), "at", r.Anchor.At.Format("2006-01-02 15:04"))
			_, err = fmt.Fprintf(e.Stdout, "%s\t%s\t%d rows\n", word, args[0], r.Anchor.Links())
			return err
		})
	}}
	e.flag(c, &key, "key", "")
	e.flag(c, &from, "from", "")
	c.Flags().StringVar(&partnership, "partnership", "", e.say.T("cli.flag.create.partnership"))
	return c
}
