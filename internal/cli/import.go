package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
)

func (e *env) imports() *cobra.Command {
	return e.group("import", e.importWorkbook(), e.importReverse())
}

// workbook is the options of `import workbook`.
type workbook struct {
	partnership  string
	dryRun, json bool
}

func (e *env) importWorkbook() *cobra.Command {
	var in workbook
	c := &cobra.Command{Use: "workbook FILE", Short: e.say.T("cli.import.workbook"), Long: e.say.T("cli.import.workbook.long"), Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := ledgerFile(args[0])
			if err != nil {
				return err
			}
			if in.dryRun && app.Empty(e.cfg) {
				book, err := exchange.Interpret(e.ctx, f, history.Options{Today: clock.Today(clock.System{})})
				if err != nil {
					return err
				}
				return e.showBook(book, in.json)
			}
			return e.open(func(ctx context.Context, a *app.App) error { return e.takeIn(ctx, a, f, in) })
		}}
	c.Flags().StringVar(&in.partnership, "partnership", "", e.say.T("cli.flag.import.partnership"))
	c.Flags().BoolVar(&in.dryRun, "dry-run", false, e.say.T("cli.flag.import.dry-run"))
	c.Flags().BoolVar(&in.json, "json", false, e.say.T("cli.flag.import.json"))
	return c
}

// ledgerFile reads the file, which may not be larger than an upload.
func ledgerFile(path string) (exchange.File, error) {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s: directory", path)
	}
	if err != nil {
		return exchange.File{}, errs.Wrap(err, errs.Invalid, "error.sheet.unreadable", nil)
	}
	if info.Size() > exchange.MaxUpload() {
		return exchange.File{}, errs.New(errs.TooLarge, "error.sheet.too_large", errs.Args{"mb": exchange.MaxUpload() >> 20})
	}
	raw, err := os.ReadFile(path) // #nosec G304 -- the file the operator named
	return exchange.File{Name: path, Content: raw}, errs.Wrap(err, errs.Invalid, "error.sheet.unreadable", nil)
}

// takeIn checks or imports a ledger in the partnership that is meant.
func (e *env) takeIn(ctx context.Context, a *app.App, f exchange.File, in workbook) error {
	id, err := e.partnershipFor(ctx, a, in)
	if err != nil {
		return err
	}
	if in.dryRun && id == ident.Nil { // a database without a partnership: nothing to know yet
		book, err := exchange.Interpret(ctx, f, history.Options{Today: clock.Today(a.DB.Clock())})
		if err != nil {
			return err
		}
		return e.showBook(book, in.json)
	}
	who := operator().In(id)
	if in.dryRun {
		book, err := a.Services.Exchange.Check(ctx, who, f)
		if err != nil {
			return err
		}
		return e.showBook(book, in.json)
	}
	out, err := a.Services.Exchange.Import(ctx, who, f)
	if err != nil {
		return err
	}
	if err := e.showBook(out.Book, in.json); err != nil {
		return err
	}
	n := out.Figures.Added
	e.tell("cli.import.done", "persons", n.Persons, "person_times", n.PersonTimes, "procedures", n.Procedures, "known", out.Figures.Known,
		"reduction", n.Reduction, "batch", out.Batch)
	for _, name := range out.Figures.Provisional {
		e.tell("cli.import.provisional", "name", name)
	}
	return nil
}

// partnershipFor finds the partnership by its code, or the only one there is.
// Without any, an import makes one, so that the first ledger needs no set-up.
func (e *env) partnershipFor(ctx context.Context, a *app.App, in workbook) (ident.ID, error) {
	all, err := a.Services.Directory.Partnerships(ctx, operator())
	if err != nil {
		return ident.Nil, err
	}
	want := partnership.Partnership{Code: in.partnership}.Normalise().Code
	for _, p := range all {
		if p.Code == want || want == "" && len(all) == 1 {
			return p.ID, nil
		}
	}
	switch {
	case len(all) == 0 && in.dryRun:
		return ident.Nil, nil
	case len(all) == 0:
		return e.firstPartnership(ctx, a, want)
	case want == "":
		return ident.Nil, errs.Refuse("import.partnership", "error.import.which_partnership", errs.Args{"n": len(all)}, "remedy.import.partnership")
	}
	return ident.Nil, errs.Missing("error.partnership.missing")
}

// Regions of a partnership that was made without being asked: no such codes are
// given out, so that nobody takes them for real ones.
const (
	unknownReceiving = "000001"
	unknownDonor     = "000002"
)

func (e *env) firstPartnership(ctx context.Context, a *app.App, code string) (ident.ID, error) {
	if code == "" {
		code = "SH"
	}
	p := partnership.Partnership{Code: code, Name: e.say.T("cli.import.partnership.name"), ReceivingRegion: unknownReceiving, DonorRegion: unknownDonor,
		ReceivingName: e.say.T("side." + string(user.SideReceiving)), DonorName: e.say.T("side." + string(user.SideDonor)), OpenedOn: clock.Today(a.DB.Clock())}
	id, err := a.Services.Directory.SavePartnership(ctx, operator(), p, "")
	if err == nil {
		e.tell("cli.import.partnership.made", "code", code, "name", p.Name)
	}
	return id, err
}

// showBook writes the totals of the sheets and what is to say about rows.
func (e *env) showBook(book *history.Book, asJSON bool) error {
	report := exchange.ReportOf(book, e.say)
	if asJSON {
		enc := json.NewEncoder(e.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		return enc.Encode(report)
	}
	rows := [][]string{{e.say.T("exchange.col.sheet"), e.say.T("exchange.col.patients"), e.say.T("exchange.col.person_times"),
		e.say.T("exchange.col.procedures"), e.say.T("exchange.col.total"), e.say.T("exchange.col.insurance"), e.say.T("exchange.col.reduction"),
		e.say.T("exchange.col.net")}}
	for _, s := range report.Sheets {
		rows = append(rows, []string{s.Sheet, strconv.Itoa(s.Patients), strconv.Itoa(s.PersonTimes), strconv.Itoa(s.Procedures), s.Total.String(),
			s.Insurance.String(), s.Reduction.String(), s.Net.String()})
	}
	if err := table(e.Stdout, rows); err != nil {
		return err
	}
	for i, s := range report.Sheets {
		for _, n := range book.Sheets[i].Notes {
			fmt.Fprintln(e.Stdout, e.say.T("cli.import.note", "sheet", s.Sheet, "message", n.Text(e.say)))
		}
		for _, r := range s.Rows {
			if r.Level != history.LevelSkip {
				fmt.Fprintln(e.Stdout, e.say.T("cli.import.row", "sheet", s.Sheet, "row", r.Row, "level", errs.Key("history.level."+string(r.Level)), "message", r.Message))
			}
		}
	}
	return nil
}

func (e *env) importReverse() *cobra.Command {
	var code string
	c := &cobra.Command{Use: "reverse BATCH", Short: e.say.T("cli.import.reverse"), Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		batch, err := ident.Parse(args[0])
		if err != nil {
			return errs.Missing("error.import.missing")
		}
		return e.open(func(ctx context.Context, a *app.App) error {
			id, err := e.partnershipFor(ctx, a, workbook{partnership: code, dryRun: true})
			if err != nil {
				return err
			}
			stayed, err := a.Services.Exchange.Reverse(ctx, operator().In(id), batch)
			if err != nil {
				return err
			}
			e.tell("cli.import.reversed", "stayed", len(stayed))
			for _, t := range stayed {
				fmt.Fprintln(e.Stdout, t.CaseNo)
			}
			return nil
		})
	}}
	c.Flags().StringVar(&code, "partnership", "", e.say.T("cli.flag.import.partnership"))
	return c
}
