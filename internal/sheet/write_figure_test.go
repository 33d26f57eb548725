package sheet_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/shanhai-health/shanhai/internal/sheet"
)

// A number is a number for Excel, in its own column with a total, in a column of
// texts as what it is; no digit of it goes through a float.
func TestNumbersOfAnyKindAreNumbers(t *testing.T) {
	table := sheet.Table{Name: "x", Total: "合计", Columns: []sheet.Column{{Header: "谁"}, {Header: "天", Kind: sheet.FigureColumn, Sum: true}, {Header: "说法"}},
		Rows: sheet.Records([]sheet.Record{{"a", sheet.Figure("0.1"), sheet.Figure("-1234.50")}, {"b", sheet.Figure("-12.25"), sheet.Percent("-0.5")}, {"c", nil, sheet.Figure("12345")},
			{"d", sheet.Figure("100"), sheet.Percent("133.25")}, {"e", nil, sheet.Figure("0.12345678901234567890")}, {"f", nil, "–"}})}
	f, _ := xlsx(t, table)
	for ref, want := range map[string]string{"B2": "0.1", "B3": "-12.25", "C2": "-1234.50", "C3": "-0.005", "C4": "12345", "C5": "1.3325", "C6": "0.12345678901234567890", "C7": "–", "B8": "87.85"} {
		if got := raw(t, f, ref); got != want {
			t.Errorf("%s = %q, want %q", ref, got, want)
		}
	}
	for ref, want := range map[string]string{"C2": "-1,234.50", "C3": "-0.5%", "C4": "12,345", "C5": "133.3%"} {
		if got := get(t, f, ref); got != want {
			t.Errorf("%s shows %q, want %q", ref, got, want)
		}
	}
	for _, ref := range []string{"B2", "C2", "C3", "C4"} {
		if kind, _ := f.GetCellType(f.GetSheetName(0), ref); kind != excelize.CellTypeUnset {
			t.Errorf("%s is stored as %v", ref, kind)
		}
	}
	if got, _ := f.GetCellFormula(f.GetSheetName(0), "B8"); strings.TrimPrefix(got, "=") != "SUM(B2:B7)" {
		t.Errorf("the total is %q", got)
	}
	if v, err := f.CalcCellValue(f.GetSheetName(0), "B8", excelize.Options{RawCellValue: true}); err != nil || v != "87.85" {
		t.Errorf("calculated %q, %v", v, err)
	}
	var text bytes.Buffer
	if err := sheet.WriteCSV(&text, table); err != nil || !strings.Contains(text.String(), "a,0.1,-1234.50\r\nb,-12.25,-0.5%\r\n") {
		t.Errorf("%q, %v", text.String(), err)
	}
}

func TestWhatIsNoNumberIsRefused(t *testing.T) {
	for _, v := range []any{sheet.Figure(""), sheet.Figure("1,000"), sheet.Figure("+1"), sheet.Figure("−1"), sheet.Figure("1."), sheet.Figure("007"), sheet.Figure("1e3"), sheet.Percent("5%"), sheet.Percent("x")} {
		table := sheet.Table{Name: "x", Columns: []sheet.Column{{Header: "a"}}, Rows: sheet.Records([]sheet.Record{{v}})}
		if err := sheet.WriteXLSX(&bytes.Buffer{}, sheet.Book{Tables: []sheet.Table{table}}); err == nil {
			t.Errorf("%T %q was written", v, v)
		}
		table.Columns[0].Kind = sheet.IntColumn
		table.Rows = sheet.Records([]sheet.Record{{sheet.Figure("1")}})
		if err := sheet.WriteCSV(&bytes.Buffer{}, table); err == nil {
			t.Error("a decimal stands among counts")
		}
	}
}
