package webui

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	rights "github.com/shanhai-health/shanhai/internal/service/subject"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// writeCopy writes the copy of a person's data as one file: record.json with every
// column for machines, record.xlsx with names for the person.
func writeCopy(w io.Writer, b Base, c rights.Copy) error {
	z := zip.NewWriter(w)
	part, err := z.Create("record.json")
	if err != nil {
		return err
	}
	e := json.NewEncoder(part)
	e.SetIndent("", " ")
	if err := e.Encode(c); err != nil {
		return err
	}
	if part, err = z.Create("record.xlsx"); err != nil {
		return err
	}
	if err := sheet.WriteXLSX(part, sheet.Book{Tables: []sheet.Table{copySheet(b, c)}}); err != nil {
		return err
	}
	return z.Close()
}

// copySheet has one line for each thing that is held: what kind of record, which
// of them, what it is called, what it says. Empty ones are left out.
func copySheet(b Base, c rights.Copy) sheet.Table {
	t := sheet.Table{Name: b.T("subject.file.title"), Title: b.T("subject.file.title"), Notes: []string{b.T("subject.file.on", "at", instant(c.At)), b.T("subject.file.note1"), b.T("subject.file.note2")},
		Columns: []sheet.Column{{Header: b.T("subject.file.table"), Width: 16}, {Header: b.T("subject.file.row"), Width: 6}, {Header: b.T("subject.file.column"), Width: 22}, {Header: b.T("subject.file.value"), Width: 60}}}
	t.Rows = func(yield func(sheet.Record, error) bool) {
		for _, table := range c.Tables {
			name := b.T(subject.TableLabel(table.Name))
			for i, row := range table.Rows {
				for _, column := range table.Columns(dataclass.Linked) {
					text := copyText(row[column])
					if text == "" || !subject.Readable(column) {
						continue
					}
					if !yield(sheet.Record{name, strconv.Itoa(i + 1), b.T(subject.ColumnLabel(column)), text}, nil) {
						return
					}
				}
			}
		}
	}
	return t
}

// copyText is a value as it is held; a list or a document as its text.
func copyText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool, json.Number:
		return fmt.Sprint(v)
	}
	text, err := json.Marshal(v)
	if err != nil || string(text) == "[]" || string(text) == "{}" {
		return ""
	}
	return string(text)
}
