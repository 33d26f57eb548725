package bench

import (
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// The size of the longest file somebody takes away.
const (
	exportRows    = 100_000
	exportColumns = 30
)

// exports is P7: a file of 100,000 rows and 30 columns is written as workbook and
// as CSV.
func exports(w *world, r *report) {
	for _, x := range []struct {
		name  string
		write func(io.Writer, sheet.Table) error
	}{{"workbook", func(out io.Writer, t sheet.Table) error {
		return sheet.WriteXLSX(out, sheet.Book{Tables: []sheet.Table{t}})
	}}, {"CSV", sheet.WriteCSV}} {
		debug.FreeOSMemory()
		forgetPeak()
		before, begin := memory(os.Getpid(), "VmRSS"), time.Now()
		w.must(x.write(io.Discard, longTable()))
		took, peak := time.Since(begin), memory(os.Getpid(), "VmHWM")
		r.goal(took <= 6*time.Second, "P7 write 100,000 rows of 30 columns as "+x.name, "≤ 6 s", "%.1f s", took.Seconds())
		r.goal(peak-before <= 150, "P7 memory for it, above what the process held", "≤ 150 MB", "%.0f MB (%.0f → %.0f)", peak-before, before, peak)
	}
}

// longTable is a table whose rows are made as they are asked for.
func longTable() sheet.Table {
	t := sheet.Table{Name: "export", Title: "export", Filing: []string{"unit", "by", "on"}, Serial: "no", Total: "total"}
	for i := range exportColumns {
		t.Columns = append(t.Columns, sheet.Column{Header: "column", Kind: sheet.ColumnKind(i % 4), Sum: i%4 == int(sheet.MoneyColumn)})
	}
	day := clock.MustDate(2026, 1, 1)
	t.Rows = func(yield func(sheet.Record, error) bool) {
		row := make(sheet.Record, exportColumns)
		for n := range exportRows {
			for i := range row {
				switch sheet.ColumnKind(i % 4) {
				case sheet.IntColumn:
					row[i] = n
				case sheet.MoneyColumn:
					row[i] = money.Fen(n * 137)
				case sheet.DateColumn:
					row[i] = day.AddDays(n % 700)
				default:
					row[i] = "SH-2026-00419"
				}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
	return t
}
