package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/shanhai-health/shanhai/internal/app"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// exporting is the options of `export`.
type exporting struct {
	to, partnership, programme, from, until string
}

// export writes the figures, or the list behind one, as a workbook or CSV file:
// the same service, and so the same numbers, as the pages.
func (e *env) export() *cobra.Command {
	var in exporting
	c := &cobra.Command{Use: "export [MEASURE]", Short: e.say.T("cli.export"), Long: e.say.T("cli.export.long"), Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := required("to", in.to); err != nil {
				return err
			}
			format := strings.ToLower(strings.TrimPrefix(filepath.Ext(in.to), "."))
			if format != "xlsx" && format != "csv" {
				return errs.New(errs.Invalid, "error.cli.export_format", errs.Args{"file": in.to})
			}
			return e.open(func(ctx context.Context, a *app.App) error {
				table, err := e.exported(ctx, a, in, append(args, "")[0], format)
				if err == nil {
					err = saveTable(in.to, format, table)
				}
				if err == nil {
					e.tell("cli.export.done", "file", in.to)
				}
				return err
			})
		}}
	f := c.Flags()
	f.StringVar(&in.to, "to", "", e.say.T("cli.flag.export.to"))
	f.StringVar(&in.partnership, "partnership", "", e.say.T("cli.flag.create.partnership"))
	f.StringVar(&in.programme, "programme", "", e.say.T("cli.flag.export.programme"))
	f.StringVar(&in.from, "from", "", e.say.T("cli.flag.export.from"))
	f.StringVar(&in.until, "until", "", e.say.T("cli.flag.export.until"))
	return c
}

// filter reads the conditions the way the pages do.
func (in exporting) filter(today clock.Date) (measure.Filter, error) {
	q := map[string][]string{}
	for name, v := range map[string]string{"programme": in.programme, "from": in.from, "to": in.until} {
		if v != "" {
			q[name] = []string{v}
		}
	}
	return measure.ParseFilter(q, today)
}

func (e *env) exported(ctx context.Context, a *app.App, in exporting, id, format string) (sheet.Table, error) {
	place, err := a.PartnershipFor(ctx, in.partnership)
	if err == nil && place == ident.Nil {
		err = errs.Refuse("partnership.none", "error.cli.no_partnership", nil, "remedy.cli.partnership")
	}
	if err != nil {
		return sheet.Table{}, err
	}
	f, err := in.filter(clock.Today(a.DB.Clock()))
	if err != nil {
		return sheet.Table{}, err
	}
	who := operator().In(place)
	if id == "" {
		if err := a.NoteExport(ctx, place, format); err != nil {
			return sheet.Table{}, err
		}
		return e.figuresTable(ctx, a, who, f)
	}
	l, err := a.Services.Reporting.List(ctx, who, reporting.ListInput{ID: measure.ID(id), Filter: f, File: format})
	return e.listTable(l), err
}

// figuresTable has one line for each measure.
func (e *env) figuresTable(ctx context.Context, a *app.App, who user.Principal, f measure.Filter) (sheet.Table, error) {
	values, err := a.Services.Reporting.Measures(ctx, who, f)
	t := sheet.Table{Name: "figures", Columns: []sheet.Column{{Header: e.say.T("cli.col.id")}, {Header: e.say.T("cli.col.name"), Width: 30},
		{Header: e.say.T("cli.col.count"), Kind: sheet.IntColumn}, {Header: e.say.T("cli.col.yuan"), Kind: sheet.MoneyColumn}}}
	var rows []sheet.Record
	for _, v := range values {
		d, _ := measure.ByID(v.ID)
		row := sheet.Record{string(v.ID), e.say.T(d.NameKey()), v.Value.Int64(), nil}
		if v.Unit == measure.Fen {
			row[2], row[3] = nil, money.Fen(v.Value.Int64())
		}
		rows = append(rows, row)
	}
	t.Rows = sheet.Records(rows)
	return t, err
}

// listTable has one line for each case behind a figure; amounts only behind an
// amount, because a list of people or operations does not count money.
func (e *env) listTable(l reporting.List) sheet.Table {
	t := sheet.Table{Name: "list", Columns: []sheet.Column{{Header: e.say.T("cli.col.case"), Width: 20}, {Header: e.say.T("cli.col.patient")},
		{Header: e.say.T("cli.col.hospital"), Width: 24}, {Header: e.say.T("cli.col.day"), Kind: sheet.DateColumn}}}
	amounts := l.Definition.Unit == measure.Fen
	for _, name := range []string{"bill", "insurance", "reduction", "net"} {
		if amounts {
			t.Columns = append(t.Columns, sheet.Column{Header: e.say.T("cli.col." + name), Kind: sheet.MoneyColumn})
		}
	}
	var rows []sheet.Record
	for _, r := range l.Rows {
		row := sheet.Record{r.CaseNo, r.Name, r.Hospital.Name, r.On}
		if m := r.Money; amounts {
			row = append(row, m.Bill, m.Basic+m.Critical+m.Assistance, m.Of(measure.Reduction), m.Net)
		}
		rows = append(rows, row)
	}
	t.Rows = sheet.Records(rows)
	return t
}

// saveTable writes the file beside its name first: half a workbook would be
// believed.
func saveTable(file, format string, t sheet.Table) (err error) {
	work, err := os.CreateTemp(filepath.Dir(file), ".export-*")
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.cli.output", errs.Args{"file": file})
	}
	defer os.Remove(work.Name())
	write := func(w io.Writer) error { return sheet.WriteXLSX(w, sheet.Book{Tables: []sheet.Table{t}}) }
	if format == "csv" {
		write = func(w io.Writer) error { return sheet.WriteCSV(w, t) }
	}
	err = write(work)
	if e := work.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(work.Name(), file)
	}
	return errs.Wrap(err, errs.Unavailable, "error.cli.output", errs.Args{"file": file})
}
