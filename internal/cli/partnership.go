package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/service/directory"
)

func (e *env) partnerships() *cobra.Command {
	return e.group("partnership", e.partnershipCreate(), e.partnershipList())
}

func (e *env) partnershipCreate() *cobra.Command {
	var p partnership.Partnership
	var opened string
	c := &cobra.Command{Use: "create CODE", Short: e.say.T("cli.partnership.create"), Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		var err error
		p.Code = args[0]
		if p.OpenedOn, err = day(opened); err != nil {
			return err
		}
		return e.open(func(ctx context.Context, a *app.App) error {
			if _, err := a.Services.Directory.SavePartnership(ctx, operator(), p, ""); err != nil {
				return optionNames(err)
			}
			e.tell("cli.partnership.created", "code", p.Normalise().Code)
			return nil
		})
	}}
	f := c.Flags()
	f.StringVar(&p.Name, "name", "", e.say.T("cli.flag.partnership.name"))
	f.StringVar(&p.ReceivingRegion, "receiving-region", "", e.say.T("cli.flag.partnership.receiving-region"))
	f.StringVar(&p.ReceivingName, "receiving-name", "", e.say.T("cli.flag.partnership.receiving-name"))
	f.StringVar(&p.DonorRegion, "donor-region", "", e.say.T("cli.flag.partnership.donor-region"))
	f.StringVar(&p.DonorName, "donor-name", "", e.say.T("cli.flag.partnership.donor-name"))
	f.StringVar(&opened, "opened", "", e.say.T("cli.flag.partnership.opened"))
	return c
}

// day reads a date option; empty is today.
func day(text string) (clock.Date, error) {
	today := clock.Today(clock.System{})
	if text == "" {
		return today, nil
	}
	return clock.ParseSpelling(text, today)
}

// optionNames calls wrong inputs by the option a person typed.
func optionNames(err error) error {
	e := errs.Of(err)
	if err == nil || len(e.Fields) == 0 {
		return err
	}
	named := *e
	named.Fields = nil
	for _, f := range e.Fields {
		option := "--" + f.Path
		for from, to := range map[string]string{"receiving_region": "--receiving-region", "receiving_name": "--receiving-name", "donor_region": "--donor-region",
			"donor_name": "--donor-name", "opened_on": "--opened", "code": "CODE", "region_code": "--region", "short_name": "--short-name"} {
			if f.Path == from {
				option = to
			}
		}
		f.Path = option
		named.Fields = append(named.Fields, f)
	}
	return &named
}

func (e *env) partnershipList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: e.say.T("cli.partnership.list"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			all, err := a.Services.Directory.Partnerships(ctx, operator())
			if err != nil {
				return err
			}
			rows := [][]string{{e.say.T("cli.col.code"), e.say.T("cli.col.name"), e.say.T("cli.col.receiving"), e.say.T("cli.col.donor"), e.say.T("cli.col.opened")}}
			for _, p := range all {
				rows = append(rows, []string{p.Code, p.Name, p.ReceivingName + " " + p.ReceivingRegion, p.DonorName + " " + p.DonorRegion, p.OpenedOn.String()})
			}
			return table(e.Stdout, rows)
		})
	}}
}

func (e *env) organisations() *cobra.Command {
	return e.group("organisation", e.organisationCreate(), e.organisationList())
}

// membership is where a new organisation joins at once.
type membership struct{ partnership, side, from string }

func (e *env) organisationCreate() *cobra.Command {
	var o partnership.Organisation
	var m membership
	var kind string
	c := &cobra.Command{Use: "create CODE", Short: e.say.T("cli.organisation.create"), Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		o.Code, o.Kind = args[0], partnership.Kind(kind)
		return e.open(func(ctx context.Context, a *app.App) error {
			if err := createOrganisation(ctx, a, o, m); err != nil {
				return optionNames(err)
			}
			e.tell("cli.organisation.created", "code", o.Normalise().Code)
			return nil
		})
	}}
	f := c.Flags()
	f.StringVar(&o.Name, "name", "", e.say.T("cli.flag.organisation.name"))
	f.StringVar(&o.ShortName, "short-name", "", e.say.T("cli.flag.organisation.short-name"))
	f.StringVar(&kind, "kind", string(partnership.Hospital), e.say.T("cli.flag.organisation.kind"))
	f.StringVar(&o.RegionCode, "region", "", e.say.T("cli.flag.organisation.region"))
	f.StringVar(&m.partnership, "partnership", "", e.say.T("cli.flag.create.partnership"))
	f.StringVar(&m.side, "side", "", e.say.T("cli.flag.organisation.side"))
	f.StringVar(&m.from, "from", "", e.say.T("cli.flag.organisation.from"))
	return c
}

// createOrganisation adds it and, with a side, makes it a member. The
// partnership is looked for first: a wrong code leaves nothing behind.
func createOrganisation(ctx context.Context, a *app.App, o partnership.Organisation, m membership) error {
	if m.side == "" {
		_, err := a.Services.Directory.SaveOrganisation(ctx, operator(), o, "")
		return err
	}
	from, err := day(m.from)
	if err != nil {
		return err
	}
	place, err := a.PartnershipFor(ctx, m.partnership)
	if err != nil {
		return err
	}
	member := partnership.Member{PartnershipID: place, OrganisationID: place, Side: user.Side(m.side), From: from}
	if err := partnership.CheckMember(member, nil); err != nil {
		return err
	}
	if member.OrganisationID, err = a.Services.Directory.SaveOrganisation(ctx, operator(), o, ""); err != nil {
		return err
	}
	return a.Services.Directory.AddMember(ctx, operator(), member, "")
}

func (e *env) organisationList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: e.say.T("cli.organisation.list"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		return e.open(func(ctx context.Context, a *app.App) error {
			rows := [][]string{{e.say.T("cli.col.code"), e.say.T("cli.col.name"), e.say.T("cli.col.kind"), e.say.T("cli.col.region")}}
			in := directory.OrganisationList{}
			for {
				found, err := a.Services.Directory.Organisations(ctx, operator(), in)
				if err != nil {
					return err
				}
				for _, o := range found.Rows {
					rows = append(rows, []string{o.Code, o.Name, e.say.T(string(o.Kind.Label())), o.RegionCode})
				}
				if found.Next == "" {
					return table(e.Stdout, rows)
				}
				in.Page.After = found.Next
			}
		})
	}}
}
