package webui

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	rights "github.com/shanhai-health/shanhai/internal/service/subject"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// writeCopy writes the copy of a person's data as one archive: record.json with
// every column for machines, record.xlsx with names for the person, and the scanned
// files under files/. It is written on its way out, one file in memory at a time;
// nothing touches the disk. Pictures are packed already and go as they are.
func writeCopy(w io.Writer, b Base, c rights.Copy, content func(rights.CopiedFile) ([]byte, error)) error {
	z := zip.NewWriter(w)
	part := func(name string, method uint16, fill func(io.Writer) error) error {
		to, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: c.At.In(clock.Shanghai)})
		if err != nil {
			return err
		}
		return fill(to)
	}
	err := part("record.json", zip.Deflate, func(to io.Writer) error {
		e := json.NewEncoder(to)
		e.SetIndent("", " ")
		return e.Encode(c)
	})
	if err != nil {
		return err
	}
	if err := part("record.xlsx", zip.Deflate, func(to io.Writer) error {
		return sheet.WriteXLSX(to, sheet.Book{Tables: []sheet.Table{copySheet(b, c)}})
	}); err != nil {
		return err
	}
	for _, f := range c.Included() {
		raw, err := content(f)
		if err != nil {
			return err
		}
		if err := part(f.Name, zip.Store, func(to io.Writer) error { _, err := to.Write(raw); return err }); err != nil {
			return err
		}
	}
	return z.Close()
}

// fileNotes says how many scanned files go with the copy, and names those that do
// not.
func fileNotes(b Base, c rights.Copy) []string {
	out := []string{b.T("subject.file.files", "n", len(c.Included()))}
	for _, f := range c.Files {
		if f.State != rights.FileIncluded {
			out = append(out, b.T("subject.file."+string(f.State), "name", f.Name))
		}
	}
	return out
}

// copySheet has one line for each thing that is held: what kind of record, which
// of them, what it is called, what it says. Empty ones are left out.
func copySheet(b Base, c rights.Copy) sheet.Table {
	t := sheet.Table{Name: b.T("subject.file.title"), Title: b.T("subject.file.title"), Notes: append([]string{b.T("subject.file.on", "at", instant(c.At)), b.T("subject.file.note1"), b.T("subject.file.note2")}, fileNotes(b, c)...),
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
