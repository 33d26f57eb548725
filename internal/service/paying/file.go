package paying

import (
	"bytes"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/sheet"
	"github.com/shanhai-health/shanhai/internal/store"
)

// bankFiles are the two forms of the file the bank is given. The columns are those
// its counter expects, in the language it reads; a payment that was wholly kept
// back is none of the bank's business. Nothing in the file depends on when it is
// made, so the second download has the bytes of the first.
func bankFiles(r store.PayRun, lines []store.PayLine) (csv, xlsx []byte, err error) {
	t := sheet.Table{Name: "付款清单", Title: "付款清单 " + r.No, Notes: []string{r.FundName + "　截至 " + r.UpTo.String()}, Columns: []sheet.Column{
		{Header: "序号", Kind: sheet.TextColumn, Width: 8}, {Header: "收款户名", Width: 24}, {Header: "收款账号", Width: 24}, {Header: "开户行", Width: 28},
		{Header: "金额", Kind: sheet.MoneyColumn}, {Header: "用途/附言", Width: 36}}}
	var rows []sheet.Record
	var sum money.Fen
	for _, l := range lines {
		if l.Transferred() == 0 {
			continue
		}
		sum += l.Transferred()
		rows = append(rows, sheet.Record{strconv.Itoa(len(rows) + 1), l.Holder, l.Number, l.Bank, l.Transferred(), l.Purpose})
	}
	rows = append(rows, sheet.Record{"合计", "", "", "", sum, strconv.Itoa(len(rows)) + " 笔"})
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
