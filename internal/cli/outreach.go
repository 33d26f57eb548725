package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/screening"
)

// outreach opens what somebody kept without a network who cannot sign in any
// more. The command line is one of the two persons that takes, never both.
func (e *env) outreach() *cobra.Command {
	return e.group("outreach", e.outreachRecover(), e.outreachRelease(), e.outreachList())
}

func (e *env) outreachRecover() *cobra.Command {
	var reason, partnership string
	c := &cobra.Command{Use: "recover FILE", Short: e.say.T("cli.outreach.recover"), Long: e.say.T("cli.outreach.recover.long"), Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := required("reason", reason); err != nil {
				return err
			}
			return e.inPartnership(partnership, func(ctx context.Context, a *app.App, who user.Principal) error {
				content, err := e.readAll(args[0])
				if err != nil {
					return err
				}
				r, err := a.Services.Screenings.AskRecovery(ctx, who, screening.AskInput{Content: []byte(content), Reason: reason}, "")
				if err != nil {
					return err
				}
				e.tell("cli.outreach.asked", "forms", r.Forms, "photos", r.Photos)
				_, err = fmt.Fprintln(e.Stdout, r.ID)
				return err
			})
		}}
	e.flag(c, &reason, "reason", "")
	c.Flags().StringVar(&partnership, "partnership", "", e.say.T("cli.flag.create.partnership"))
	return c
}

func (e *env) outreachRelease() *cobra.Command {
	var partnership string
	c := &cobra.Command{Use: "release ID", Short: e.say.T("cli.outreach.release"), Long: e.say.T("cli.outreach.release.long"), Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			id, err := ident.Parse(args[0])
			if err != nil {
				return errs.New(errs.Invalid, "error.cli.outreach_id", nil)
			}
			return e.inPartnership(partnership, func(ctx context.Context, a *app.App, who user.Principal) error {
				r, err := a.Services.Screenings.Recovery(ctx, who, id)
				if err != nil {
					return err
				}
				got, err := a.Services.Screenings.Recover(ctx, who, id, r.Version)
				if err != nil {
					return err
				}
				e.tell("cli.outreach.released", "created", got.Count(screening.Created), "repeated", got.Count(screening.Repeated), "refused", got.Count(screening.Refused), "photos", got.Photos)
				return nil
			})
		}}
	c.Flags().StringVar(&partnership, "partnership", "", e.say.T("cli.flag.create.partnership"))
	return c
}

func (e *env) outreachList() *cobra.Command {
	var partnership string
	c := &cobra.Command{Use: "list", Short: e.say.T("cli.outreach.list"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.inPartnership(partnership, func(ctx context.Context, a *app.App, who user.Principal) error {
			list, err := a.Services.Screenings.Recoveries(ctx, who)
			if err != nil {
				return err
			}
			rows := [][]string{{e.say.T("cli.outreach.col.id"), e.say.T("outreach.asked_at"), e.say.T("cli.outreach.col.whose"), e.say.T("cli.outreach.col.forms"), e.say.T("cli.outreach.col.by"), e.say.T("cli.col.state")}}
			for _, r := range list {
				state := "outreach.state.asked"
				if r.Done() {
					state = "outreach.state.done"
				}
				rows = append(rows, []string{r.ID.String(), r.AskedAt.In(clock.Shanghai).Format("2006-01-02 15:04"), r.AccountName, strconv.Itoa(r.Forms), r.AskedBy, e.say.T(state)})
			}
			return table(e.Stdout, rows)
		})
	}}
	c.Flags().StringVar(&partnership, "partnership", "", e.say.T("cli.flag.create.partnership"))
	return c
}

// inPartnership runs as the operator in the partnership that is named, or the only one.
func (e *env) inPartnership(code string, run func(context.Context, *app.App, user.Principal) error) error {
	return e.open(func(ctx context.Context, a *app.App) error {
		place, err := a.PartnershipFor(ctx, code)
		if err == nil && place == ident.Nil {
			err = errs.Refuse("partnership.none", "error.cli.no_partnership", nil, "remedy.cli.partnership")
		}
		if err != nil {
			return err
		}
		return run(ctx, a, operator().In(place))
	})
}
