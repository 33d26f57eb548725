package sheet_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// armed are beginnings a spreadsheet may take for a formula's, in every shape of them.
var armed = []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹢", "﹣", "﹦", "﹫", "⁼", "⁺", "₊", "₌", "⩵", "'=", "''=", "'\t", "'＝"}

// U-6: whatever a cell begins with, a CSV file has it with an apostrophe where it could
// be run, a workbook as a typed text, and both give back what was put in.
func TestEveryTextComesBackAndNoneIsRun(t *testing.T) {
	tails := []string{"1+1", `cmd|' /C calc'!A0`, `HYPERLINK("http://x","y")`, "SUM(A1)", "向云", "\"", "'", ",;\t", `="5001"`}
	scaletest.Check(t, 100, func(rt *rapid.T) {
		var rows []sheet.Record
		var want []string
		for range 20 {
			text := rapid.OneOf(rapid.SampledFrom(armed), rapid.SampledFrom([]string{"", "a", "向", " ", "0", "'", "''"})).Draw(rt, "head") +
				rapid.OneOf(rapid.SampledFrom(tails), rapid.StringMatching(`[ -~]{1,8}`)).Draw(rt, "tail")
			rows, want = append(rows, sheet.Record{text, "b", "c", "d"}), append(want, text)
		}
		table := sheet.Table{Name: "x", Columns: []sheet.Column{{Header: "h"}, {Header: "b"}, {Header: "c"}, {Header: "d"}}, Rows: sheet.Records(rows)}
		plain, raws := back(t, []byte(writeCSV(t, table))), readCSV(t, table)
		f, data := xlsx(t, table)
		typed := back(t, data)
		for i, text := range want {
			// A line of a CSV file cannot hold a return, and spaces alone are nobody's text.
			line := strings.ReplaceAll(text, "\r", "")
			if beginsArmed(raws[i+1][0]) {
				rt.Fatalf("%q is written as %q, which a spreadsheet may run", text, raws[i+1][0])
			}
			if strings.TrimSpace(line) != "" && plain[i+2] != line && plain[i+2] != strings.TrimPrefix(line, "\t") && !strings.HasPrefix(line, `="`) {
				rt.Fatalf("%q comes back from CSV as %q", text, plain[i+2])
			}
			ref, _ := excelize.CoordinatesToCellName(1, i+2)
			kind, _ := f.GetCellType("x", ref)
			if formula, _ := f.GetCellFormula("x", ref); kind != excelize.CellTypeInlineString && text != "" || formula != "" || strings.TrimSpace(line) != "" && typed[i+2] != text {
				rt.Fatalf("%q is a cell of type %v, with the formula %q, and reads as %q", text, kind, formula, typed[i+2])
			}
		}
	})
}

func beginsArmed(s string) bool {
	for _, a := range armed {
		if !strings.HasPrefix(a, "'") && strings.HasPrefix(s, a) {
			return true
		}
	}
	return false
}

// back reads the first column of a file with the reader of the house, by row.
func back(t *testing.T, data []byte) map[int]string {
	t.Helper()
	name := "x.csv"
	if bytes.HasPrefix(data, []byte("PK")) {
		name = "x.xlsx"
	}
	book, err := sheet.OpenReader(bytes.NewReader(data), int64(len(data)), name, sheet.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	out := map[int]string{}
	err = book.Sheets()[0].Rows(t.Context(), func(r sheet.Row) error {
		for _, c := range r.Cells {
			if c.Col == 0 {
				out[r.Number] = c.Text
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
