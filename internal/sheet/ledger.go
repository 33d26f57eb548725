package sheet

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

// Ledgers offers the tabs as what the history import reads.
func (w *Workbook) Ledgers() []history.Source {
	list := make([]history.Source, len(w.sheets))
	for i, s := range w.sheets {
		list[i] = ledger{s}
	}
	return list
}

// ledger is a tab seen through the port of the domain.
type ledger struct{ *Sheet }

func (l ledger) Date1904() bool { return l.book.date1904 }

func (l ledger) Merges(ctx context.Context) ([]history.Range, error) {
	merges, err := l.Sheet.Merges(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]history.Range, len(merges))
	for i, m := range merges {
		list[i] = history.Range(m)
	}
	return list, nil
}

func (l ledger) Rows(ctx context.Context, yield func(history.Row) error) error {
	var cells []history.Cell
	return l.Sheet.Rows(ctx, func(r Row) error {
		cells = cells[:0]
		for _, c := range r.Cells {
			cells = append(cells, history.Cell{Col: c.Col, Kind: history.CellKind(c.Kind), Text: c.Text, Raw: c.Raw,
				Date: c.Date, Formula: c.Formula})
		}
		return yield(history.Row{Number: r.Number, Cells: cells})
	})
}

// Refused lists what goes back to the office after an import: the titles and
// headers of every tab with refused rows, and those rows with their messages.
func Refused(book *history.Book, p i18n.Printer) []ReturnedRow {
	var rows []ReturnedRow
	for _, s := range book.Sheets {
		if s.Count(history.LevelError) == 0 {
			continue
		}
		for i, b := range s.Blocks {
			first := b.HeaderFirst
			if i == 0 {
				first = max(1, b.HeaderFirst-maxTitles)
			}
			for row := first; row <= b.HeaderLast; row++ {
				rows = append(rows, ReturnedRow{Sheet: s.Sheet, Row: row})
			}
		}
		for _, m := range s.Rows {
			if m.Level == history.LevelError {
				rows = append(rows, returnedRow(s.Sheet, m, p))
			}
		}
	}
	return rows
}

// maxTitles is how many rows above the first header are taken for titles.
const maxTitles = 20

func returnedRow(sheet string, m history.RowMessage, p i18n.Printer) ReturnedRow {
	r := ReturnedRow{Sheet: sheet, Row: m.Row}
	r.Message = p.T("history.returned.comment", "row", m.Row, "message", m.Text(p))
	for _, i := range m.Issues {
		if i.Level == history.LevelError && i.Column >= 0 {
			r.Columns = append(r.Columns, i.Column)
		}
	}
	return r
}
