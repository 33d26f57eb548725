package paying

import (
	"bytes"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/sheet"
	"github.com/shanhai-health/shanhai/internal/store"
)

// BankFiles are the two forms of the file the bank is given. The columns are those
// its counter expects, in the language it reads; a payment that was wholly kept
// back is none of the bank's business. Nothing in the file depends on when it is
// made, so the second download has the bytes of the first.
func BankFiles(say i18n.Printer, r store.PayRun, lines []store.PayLine) (csv, xlsx []byte, err error) {
	t := sheet.Table{Name: say.T("payout.file.title"), Title: say.T("payout.file.title") + " " + r.No, Notes: []string{say.T("payout.file.note", "fund", r.FundName, "day", r.UpTo)},
		Columns: []sheet.Column{{Header: say.T("payout.file.no"), Kind: sheet.TextColumn, Width: 8}, {Header: say.T("payout.file.holder"), Width: 24},
			{Header: say.T("payout.file.number"), Width: 24}, {Header: say.T("payout.file.bank"), Width: 28}, {Header: say.T("payout.file.amount"), Kind: sheet.MoneyColumn},
			{Header: say.T("payout.file.purpose"), Width: 36}}}
	var rows []sheet.Record
	var sum money.Fen
	for _, l := range lines {
		if l.Transferred() == 0 {
			continue
		}
		sum += l.Transferred()
		rows = append(rows, sheet.Record{strconv.Itoa(len(rows) + 1), l.Holder, l.Number, l.Bank, l.Transferred(), l.Purpose})
	}
	rows = append(rows, sheet.Record{say.T("payout.file.total"), "", "", "", sum, say.T("payout.file.count", "n", len(rows))})
	t.Rows = sheet.Records(rows)
	var plain, book bytes.Buffer
	if err := sheet.WriteCSV(&plain, t); err != nil {
		return nil, nil, err
	}
	if err := sheet.WriteXLSX(&book, sheet.Book{Tables: []sheet.Table{t}}); err != nil {
		return nil, nil, err
	}
	return plain.Bytes(), book.Bytes(), nil
}
