package sheet

import (
	"encoding/csv"
	"io"
	"strings"
)

// byteOrderMark makes Excel read the file as UTF-8.
const byteOrderMark = "\ufeff"

// WriteCSV writes header and rows as UTF-8 CSV with a byte order mark and CRLF,
// row by row. Title, notes and totals are left out: a CSV file is data. Text a
// spreadsheet could take for a formula gets a leading apostrophe; numbers and
// dates are ours and stay as they are.
func WriteCSV(w io.Writer, t Table) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	line := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		line[i] = neutral(c.Header)
	}
	if err := out.Write(line); err != nil {
		return err
	}
	err := t.records(func(_ int, cells []outCell) error {
		for i, c := range cells {
			switch line[i] = c.text; c.kind {
			case TextColumn:
				line[i] = neutral(c.text)
			case percentCell:
				line[i] += "%"
			}
		}
		return out.Write(line)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// neutral disarms a text for spreadsheets. A text that already begins as a disarmed
// one gets another apostrophe, so that reading it gives the text back.
func neutral(s string) string {
	s = strings.ReplaceAll(s, "\r", "") // a line of CSV cannot hold it
	if dangerous(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

// original is the text that [neutral] was given.
func original(s string) string {
	if rest, quoted := strings.CutPrefix(s, "'"); quoted && dangerous(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return s
}
