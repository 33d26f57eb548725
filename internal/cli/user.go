package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
)

// operator is who acts when a command does: whoever may run it on the machine
// of the data may do anything with it, so it is named, not restricted.
func operator() user.Principal { return authz.System("command") }

func (e *env) users() *cobra.Command {
	return e.group("user", e.userCreate(), e.userList(), e.userReset(), e.userSwitch("disable", true), e.userSwitch("enable", false))
}

// newUser is the options of `user create`.
type newUser struct {
	name, language                            string
	role, partnership, hospital, organisation string
}

func (e *env) userCreate() *cobra.Command {
	var in newUser
	c := &cobra.Command{Use: "create NAME", Short: e.say.T("cli.user.create"), Long: e.say.T("cli.user.create.long"), Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return e.open(func(ctx context.Context, a *app.App) error {
				issued, err := createUser(ctx, a, args[0], in)
				if err != nil {
					return err
				}
				e.tell("cli.user.created", "name", issued.Username)
				_, err = fmt.Fprintf(e.Stdout, "%s\t%s\n", issued.Username, issued.Password)
				return err
			})
		}}
	e.flag(c, &in.name, "display-name", "")
	e.flag(c, &in.language, "ui-language", string(i18n.Chinese))
	e.flag(c, &in.role, "role", "")
	e.flag(c, &in.partnership, "partnership", "")
	e.flag(c, &in.hospital, "hospital", "")
	e.flag(c, &in.organisation, "organisation", "")
	return c
}

// createUser makes the account and gives it its role. The role is checked
// before, so that a misspelt one leaves no account behind.
func createUser(ctx context.Context, a *app.App, username string, in newUser) (accounts.Issued, error) {
	if in.name == "" {
		in.name = username
	}
	if in.organisation == "" {
		in.organisation = in.hospital
	}
	role, err := in.assignment(ctx, a)
	if err != nil {
		return accounts.Issued{}, err
	}
	org, err := a.OrganisationFor(ctx, in.organisation)
	if err != nil {
		return accounts.Issued{}, err
	}
	issued, err := a.Services.Accounts.CreateAccount(ctx, operator(), accounts.NewAccount{Username: username, DisplayName: in.name,
		Organisation: org.ID, Language: i18n.Lang(in.language)}, "")
	if err != nil || in.role == "" {
		return issued, err
	}
	role.Account = issued.ID
	_, err = a.Services.Accounts.AssignRole(ctx, operator(), role, "")
	return issued, err
}

// assignment reads where the role is to hold: at the hospital that was named,
// else the widest place the role may be given.
func (in newUser) assignment(ctx context.Context, a *app.App) (accounts.AssignInput, error) {
	out := accounts.AssignInput{From: clock.Today(a.DB.Clock())}
	if in.role == "" {
		return out, nil
	}
	var err error
	if out.Role, err = user.ParseRole(in.role); err != nil {
		return out, err
	}
	kinds := out.Role.ScopeKinds()
	if in.partnership == "" && in.hospital == "" && slices.Contains(kinds, user.ScopePlatform) {
		out.Kind = user.ScopePlatform
		return out, nil
	}
	if out.Partnership, err = a.PartnershipFor(ctx, in.partnership); err != nil {
		return out, err
	}
	switch {
	case out.Partnership == ident.Nil:
		return out, errs.Refuse("partnership.none", "error.cli.no_partnership", nil, "remedy.cli.partnership")
	case slices.Contains(kinds, user.ScopeHospital):
		if err := required("hospital", in.hospital); err != nil {
			return out, err
		}
		out.Kind = user.ScopeHospital
		o, err := a.OrganisationFor(ctx, in.hospital)
		out.Scope = o.ID
		return out, err
	case slices.Contains(kinds, user.ScopePartnership):
		out.Kind = user.ScopePartnership
		return out, nil
	}
	return out, errs.Refuse("user.fund_role", "error.cli.fund_role", errs.Args{"role": out.Role.Label()})
}

func (e *env) userList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: e.say.T("cli.user.list"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			rows := [][]string{{e.say.T("cli.col.username"), e.say.T("cli.col.name"), e.say.T("cli.col.organisation"), e.say.T("cli.col.roles"), e.say.T("cli.col.state")}}
			in := accounts.ListInput{}
			for {
				found, err := a.Services.Accounts.List(ctx, operator(), in)
				if err != nil {
					return err
				}
				for _, u := range found.Rows {
					rows = append(rows, []string{u.Username, u.DisplayName, u.Organisation, roleNames(u.Roles), e.state(u.Disabled)})
				}
				if found.Next == "" {
					return table(e.Stdout, rows)
				}
				in.Page.After = found.Next
			}
		})
	}}
}

// roleNames are the stable names, because lists are read by programs too.
func roleNames(roles []user.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}

func (e *env) state(disabled bool) string {
	if disabled {
		return e.say.T("cli.state.disabled")
	}
	return e.say.T("cli.state.active")
}

func (e *env) userReset() *cobra.Command {
	return &cobra.Command{Use: "reset-password NAME", Short: e.say.T("cli.user.reset"), Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			u, err := a.Services.Accounts.ByUsername(ctx, operator(), args[0])
			if err != nil {
				return err
			}
			issued, err := a.Services.Accounts.ResetPassword(ctx, operator(), u.ID, "")
			if err != nil {
				return err
			}
			e.tell("cli.user.was_reset", "name", issued.Username)
			_, err = fmt.Fprintf(e.Stdout, "%s\t%s\n", issued.Username, issued.Password)
			return err
		})
	}}
}

func (e *env) userSwitch(use string, disabled bool) *cobra.Command {
	return &cobra.Command{Use: use + " NAME", Short: e.say.T("cli.user." + use), Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			u, err := a.Services.Accounts.ByUsername(ctx, operator(), args[0])
			if err == nil {
				err = a.Services.Accounts.SetDisabled(ctx, operator(), u.ID, disabled, "")
			}
			if err == nil {
				e.tell("cli.user."+use+"d", "name", u.Username)
			}
			return err
		})
	}}
}

func (e *env) tokens() *cobra.Command {
	var name, label, code string
	var scopes []string
	var days int
	c := &cobra.Command{Use: "create", Short: e.say.T("cli.token.create"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		if err := required("user", name); err != nil {
			return err
		}
		return e.open(func(ctx context.Context, a *app.App) error {
			u, err := a.Services.Accounts.ByUsername(ctx, operator(), name)
			if err != nil {
				return err
			}
			place := ident.Nil
			if code != "" {
				if place, err = a.PartnershipFor(ctx, code); err != nil {
					return err
				}
			}
			token, err := a.Services.Accounts.CreateTokenFor(ctx, operator(), u.ID, place,
				accounts.NewToken{Name: label, Scopes: permissions(scopes), Life: time.Duration(days) * 24 * time.Hour})
			if err != nil {
				return err
			}
			e.tell("cli.token.created", "name", u.Username, "day", clock.DateOf(token.ExpiresAt.In(clock.Shanghai)))
			_, err = fmt.Fprintln(e.Stdout, token.Secret)
			return err
		})
	}}
	c.Flags().StringVar(&name, "user", "", e.say.T("cli.flag.token.user"))
	c.Flags().StringVar(&label, "name", "shanhai token create", e.say.T("cli.flag.token.name"))
	c.Flags().StringVar(&code, "partnership", "", e.say.T("cli.flag.create.partnership"))
	c.Flags().StringSliceVar(&scopes, "scopes", nil, e.say.T("cli.flag.token.scopes"))
	c.Flags().IntVar(&days, "days", int(user.DefaultTokenLife/(24*time.Hour)), e.say.T("cli.flag.token.days"))
	return e.group("token", c)
}

// permissions are scopes as they were typed; the service names an unknown one.
func permissions(names []string) []user.Permission {
	var out []user.Permission
	for _, n := range names {
		out = append(out, user.Permission(n))
	}
	return out
}
