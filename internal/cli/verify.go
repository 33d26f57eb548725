package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// verify checks a paper. With a file of public keys it needs no database and no
// network: everything it goes by is in the QR code.
func (e *env) verify() *cobra.Command {
	var key, name string
	var amounts []string
	c := &cobra.Command{Use: "verify CODE|QR-TEXT", Short: e.say.T("cli.verify"), Long: e.say.T("cli.verify.long"), Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			figures, err := readAmounts(amounts)
			if err != nil {
				return err
			}
			q := funding.PaperQuery{Text: args[0], Name: strings.TrimSpace(name), Figures: figures}
			if key == "" {
				return e.open(func(ctx context.Context, a *app.App) error {
					check, err := a.Services.Funding.CheckPaper(ctx, operator(), q)
					if err != nil {
						return err
					}
					return e.verdict(check)
				})
			}
			public, err := e.publicKeys(key)
			if err != nil {
				return err
			}
			check, err := offline(q, public)
			if err != nil {
				return err
			}
			return e.verdict(check)
		}}
	c.Flags().StringVar(&key, "key", "", e.say.T("cli.flag.verify.key"))
	c.Flags().StringVar(&name, "name", "", e.say.T("cli.flag.verify.name"))
	c.Flags().StringArrayVar(&amounts, "amount", nil, e.say.T("cli.flag.verify.amount", "names", strings.Join(fee.LayerNames(), " ")))
	return c
}

// readAmounts reads NAME=YUAN; a layer that is not named is zero.
func readAmounts(list []string) ([]money.Fen, error) {
	if len(list) == 0 {
		return nil, nil
	}
	given := map[string]string{}
	for _, x := range list {
		name, amount, _ := strings.Cut(x, "=")
		given[name] = amount
	}
	out := make([]money.Fen, len(fee.LayerNames()))
	for i, name := range fee.LayerNames() {
		text, ok := given[name]
		if !ok {
			continue
		}
		delete(given, name)
		var err error
		if out[i], err = money.Parse(text); err != nil {
			return nil, errs.New(errs.Invalid, "error.cli.amount", errs.Args{"amount": name + "=" + text})
		}
	}
	for name, text := range given {
		return nil, errs.New(errs.Invalid, "error.cli.amount", errs.Args{"amount": name + "=" + text})
	}
	return out, nil
}

// offline checks what can be checked without the records.
func offline(q funding.PaperQuery, public seal.PublicKeys) (funding.PaperCheck, error) {
	if !paper.IsToken(q.Text) {
		if _, ok := paper.ParseCode(q.Text); ok {
			return funding.PaperCheck{}, errs.New(errs.Precondition, "error.cli.verify_code", nil)
		}
		return funding.PaperCheck{Verdict: funding.PaperMistyped}, nil
	}
	t, err := paper.Parse(q.Text)
	if err != nil {
		return funding.PaperCheck{Verdict: funding.PaperForged}, nil
	}
	err = public.Verify(funding.SignPurpose, t.Payload(), seal.Signature{Key: t.Key, Bytes: t.Signature})
	if errors.Is(err, seal.ErrUnknownKey) {
		return funding.PaperCheck{}, errs.New(errs.Precondition, "error.cli.key_unknown", errs.Args{"key": t.Key})
	}
	if err != nil {
		return funding.PaperCheck{Verdict: funding.PaperForged}, nil
	}
	check := funding.PaperCheck{Verdict: funding.PaperGenuine, Token: t, Code: t.Code(), Current: true}
	check.Compare(q)
	return check, nil
}

// verdict prints one line for programs and a sentence for people; anything but
// a clean answer ends with code 1.
func (e *env) verdict(c funding.PaperCheck) error {
	word := c.Answer()
	line := []string{word}
	if c.Verdict == funding.PaperGenuine {
		line = append(line, string(c.Token.Kind), c.Token.State, c.Token.Issued.String(), c.Code)
	}
	if _, err := fmt.Fprintln(e.Stdout, strings.Join(line, "\t")); err != nil {
		return err
	}
	e.tell("verify." + word)
	e.tell("verify."+word+".text", "day", dayOf(c))
	if !c.Sound() {
		return exitCode(1)
	}
	return nil
}

func dayOf(c funding.PaperCheck) clock.Date { return c.Token.Issued }

// keyPublic writes the public keys: who has them checks forms and packages
// without us.
func (e *env) keyPublic() *cobra.Command {
	return &cobra.Command{Use: "public", Short: e.say.T("cli.key.public"), Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		public, err := e.publicKeys("")
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(e.Stdout, public.Text())
		return err
	}}
}
