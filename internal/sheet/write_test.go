package sheet_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

func columns() []sheet.Column {
	return []sheet.Column{{Header: "病例号"}, {Header: "例数", Kind: sheet.IntColumn, Sum: true},
		{Header: "减免（元）", Kind: sheet.MoneyColumn, Sum: true}, {Header: "手术日期", Kind: sheet.DateColumn}, {Header: "人数", Kind: sheet.IntColumn}}
}

func ledger(rows ...sheet.Record) sheet.Table {
	return sheet.Table{Name: "减免/明细", Title: "减免明细表", Notes: []string{"填报单位：云岭区卫健委", "制表人：演示　时间：2026-11-23"},
		Columns: columns(), Rows: sheet.Records(rows), Total: "合计"}
}

func xlsx(t testing.TB, tables ...sheet.Table) (*excelize.File, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := sheet.WriteXLSX(&b, sheet.Book{Tables: tables}); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, b.Bytes()
}

func get(t testing.TB, f *excelize.File, ref string) string {
	t.Helper()
	v, err := f.GetCellValue(f.GetSheetName(0), ref)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func raw(t testing.TB, f *excelize.File, ref string) string {
	t.Helper()
	v, err := f.GetCellValue(f.GetSheetName(0), ref, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWorkbookReadsBackAsOfficeKnowsIt(t *testing.T) {
	f, _ := xlsx(t, ledger(
		sheet.Record{"500199000000000017", 2, money.Fen(848000000), clock.MustDate(2026, 11, 23), 1},
		sheet.Record{"JM-2", int64(3), money.Fen(-105), clock.Date{}, nil}))
	name := f.GetSheetName(0)
	if name != "减免_明细" {
		t.Errorf("tab = %q", name)
	}
	for ref, want := range map[string]string{"A1": "减免明细表", "A2": "填报单位：云岭区卫健委", "C4": "减免（元）", "A5": "500199000000000017",
		"B5": "2", "C5": "8,480,000.00", "D5": "2026-11-23", "C6": "-1.05", "D6": "", "E6": "", "A7": "合计", "B7": "5", "C7": "8,479,998.95", "E7": ""} {
		if got := get(t, f, ref); got != want {
			t.Errorf("%s = %q, want %q", ref, got, want)
		}
	}
	for ref, want := range map[string]excelize.CellType{"A5": excelize.CellTypeInlineString, "C5": excelize.CellTypeUnset, "D5": excelize.CellTypeUnset} {
		if got, _ := f.GetCellType(name, ref); got != want {
			t.Errorf("%s has type %v, want %v", ref, got, want)
		}
	}
	if raw(t, f, "C5") != "8480000" || raw(t, f, "D5") != "46349" {
		t.Errorf("amount and day are stored as %q and %q", raw(t, f, "C5"), raw(t, f, "D5"))
	}
	merged, _ := f.GetMergeCells(name)
	if len(merged) != 3 || merged[0].GetStartAxis() != "A1" || merged[0].GetEndAxis() != "E1" {
		t.Errorf("title and notes are not merged over the columns: %v", merged)
	}
	panes, err := f.GetPanes(name)
	if err != nil || !panes.Freeze || panes.YSplit != 4 {
		t.Errorf("the header is not frozen: %+v, %v", panes, err)
	}
	if w, _ := f.GetColWidth(name, "C"); w < 12 {
		t.Errorf("width of an amount = %v", w)
	}
}

func TestTotalsAreFormulasOnlyWhereSumsMeanSomething(t *testing.T) {
	f, _ := xlsx(t, ledger(sheet.Record{"a", 1, money.Fen(1), nil, 1}))
	for ref, want := range map[string]string{"B6": "SUM(B5:B5)", "C6": "SUM(C5:C5)", "E6": ""} {
		if got, _ := f.GetCellFormula(f.GetSheetName(0), ref); strings.TrimPrefix(got, "=") != want {
			t.Errorf("%s = %q, want %q", ref, got, want)
		}
	}
	if v, err := f.CalcCellValue(f.GetSheetName(0), "C6", excelize.Options{RawCellValue: true}); err != nil || v != "0.01" {
		t.Errorf("calculated %q, %v", v, err)
	}
	empty, _ := xlsx(t, ledger())
	if get(t, empty, "A5") != "" {
		t.Error("a table without rows has nothing to add up")
	}
}

func TestTextIsNeverAFormula(t *testing.T) {
	evil := []string{`=HYPERLINK("http://x","y")`, "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "＝1", "＋1", "－1", "＠1"}
	var rows []sheet.Record
	for _, s := range evil {
		rows = append(rows, sheet.Record{s})
	}
	table := sheet.Table{Name: "x", Columns: []sheet.Column{{Header: "=head"}}, Rows: sheet.Records(rows)}
	f, _ := xlsx(t, table)
	for i, want := range evil {
		ref, _ := excelize.CoordinatesToCellName(1, i+2)
		if formula, _ := f.GetCellFormula("x", ref); formula != "" || get(t, f, ref) != want {
			t.Errorf("%q came back as %q, formula %q", want, get(t, f, ref), formula)
		}
		style, _ := f.GetCellStyle("x", ref)
		if style != 4 {
			t.Errorf("%q has style %d: editing the cell would make it a formula", want, style)
		}
	}
	lines := readCSV(t, table)
	for i, want := range append([]string{"=head"}, evil...) {
		if lines[i][0] != "'"+strings.ReplaceAll(want, "\r", "") { // CSV cells hold no bare line end
			t.Errorf("CSV has %q for %q", lines[i][0], want)
		}
	}
}

func writeCSV(t testing.TB, table sheet.Table) string {
	t.Helper()
	var b strings.Builder
	if err := sheet.WriteCSV(&b, table); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func readCSV(t testing.TB, table sheet.Table) [][]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(writeCSV(t, table), "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestCSVIsDataWithMarkAndPlainNumbers(t *testing.T) {
	got := writeCSV(t, ledger(sheet.Record{"张,三", -2, money.Fen(-123450), clock.MustDate(2026, 3, 5), nil}))
	want := "\ufeff病例号,例数,减免（元）,手术日期,人数\r\n\"张,三\",-2,-1234.50,2026-03-05,\r\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestSameBookSameBytes(t *testing.T) {
	_, a := xlsx(t, ledger(sheet.Record{"a", 1, money.Fen(1), nil, 1}))
	_, b := xlsx(t, ledger(sheet.Record{"a", 1, money.Fen(1), nil, 1}))
	if !bytes.Equal(a, b) {
		t.Error("an export written twice differs")
	}
}

func TestTabNamesAreLegalAndDifferent(t *testing.T) {
	col := []sheet.Column{{Header: "a"}}
	long := strings.Repeat("关节", 20)
	f, _ := xlsx(t, sheet.Table{Name: long, Columns: col}, sheet.Table{Name: long, Columns: col}, sheet.Table{Name: "[a]:*?/\\", Columns: col},
		sheet.Table{Name: "", Columns: col}, sheet.Table{Name: "O'Hara <1>", Columns: col}, sheet.Table{Name: "o'hara <1>", Columns: col})
	want := []string{long[:31*3], long[:29*3] + " 2", "_a______", "1", "O'Hara <1>", "o'hara <1> 2"}
	for i, name := range f.GetSheetList() {
		if name != want[i] {
			t.Errorf("tab %d = %q, want %q", i, name, want[i])
		}
	}
}

func TestMarkedCellsKeepValueColourAndComment(t *testing.T) {
	f, data := xlsx(t, ledger(
		sheet.Record{sheet.Mark{Value: "500199", Level: sheet.MarkError, Comment: "证件号少了 <12> 位"}, 1,
			sheet.Mark{Value: "一万", Level: sheet.MarkError, Comment: "不是金额"}, sheet.Mark{Value: clock.MustDate(2026, 1, 2), Level: sheet.MarkWarning, Comment: "日期在未来"},
			sheet.Mark{Level: sheet.MarkError, Comment: "缺人数"}}))
	name := f.GetSheetName(0)
	notes, err := f.GetComments(name)
	if err != nil || len(notes) != 4 || notes[0].Cell != "A5" || notes[0].Text != "证件号少了 <12> 位" || notes[3].Cell != "E5" {
		t.Fatalf("%+v, %v", notes, err)
	}
	if get(t, f, "C5") != "一万" || get(t, f, "D5") != "2026-01-02" {
		t.Errorf("values were lost: %q %q", get(t, f, "C5"), get(t, f, "D5"))
	}
	for ref, rgb := range map[string]string{"A5": "FBEAE7", "C5": "FBEAE7", "D5": "FBF1DF", "E5": "FBEAE7"} {
		id, _ := f.GetCellStyle(name, ref)
		if _, err := f.GetStyle(id); err != nil { // loads the styles
			t.Fatal(err)
		}
		fill := f.Styles.Fills.Fill[*f.Styles.CellXfs.Xf[id].FillID].PatternFill.FgColor
		if fill == nil || !strings.HasSuffix(fill.RGB, rgb) {
			t.Errorf("%s is not coloured: %+v", ref, fill)
		}
	}
	if bytes.Count(data, []byte("vmlDrawing1.vml")) == 0 {
		t.Error("without its drawing Excel shows no comment")
	}
}

func TestWrongTypesAndRowsAreMistakesOfTheCaller(t *testing.T) {
	for _, rec := range []sheet.Record{{1, 1, nil, nil, nil}, {"a", "1", nil, nil, nil}, {"a", 1, int64(5), nil, nil}, {"a", 1, 0.5, nil, nil}, {"a"}} {
		if err := sheet.WriteCSV(io.Discard, ledger(rec)); err == nil {
			t.Errorf("%v was written", rec)
		}
		if err := sheet.WriteXLSX(io.Discard, sheet.Book{Tables: []sheet.Table{ledger(rec)}}); err == nil {
			t.Errorf("%v was written", rec)
		}
	}
	if err := sheet.WriteXLSX(io.Discard, sheet.Book{}); err == nil {
		t.Error("a workbook without a tab was written")
	}
	if err := sheet.WriteXLSX(io.Discard, sheet.Book{Tables: []sheet.Table{ledger(sheet.Record{strings.Repeat("长", 32768), nil, nil, nil, nil})}}); err == nil {
		t.Error("a text beyond Excel's limit was written")
	}
}

func TestErrorOfTheSourceComesBack(t *testing.T) {
	broken := errors.New("connection lost")
	table := ledger()
	table.Rows = func(yield func(sheet.Record, error) bool) {
		_ = yield(sheet.Record{"a", 1, nil, nil, nil}, nil) && yield(nil, broken)
	}
	if err := sheet.WriteXLSX(io.Discard, sheet.Book{Tables: []sheet.Table{table}}); !errors.Is(err, broken) {
		t.Errorf("xlsx: %v", err)
	}
	if err := sheet.WriteCSV(io.Discard, table); !errors.Is(err, broken) {
		t.Errorf("csv: %v", err)
	}
}

func TestAnyTextComesBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.StringN(1, 20, -1), rapid.SampledFrom([]string{"_x0041_", "a_x000D_b", "<&>\"'", " lead", "trail ", "🀄", "e\u0301"})).Draw(rt, "text")
		fen := money.Fen(rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(rt, "fen"))
		day := clock.MustDate(1900, 3, 1).AddDays(rapid.IntRange(0, 90000).Draw(rt, "day"))
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0xFFFE || r == 0xFFFF }) {
			text = "x"
		}
		f, _ := xlsx(t, ledger(sheet.Record{text, 1, fen, day, 1}))
		if got := get(t, f, "A5"); got != text {
			rt.Fatalf("%q came back as %q", text, got)
		}
		if back, err := money.Parse(raw(t, f, "C5")); err != nil || back != fen {
			rt.Fatalf("%d fen came back as %q", fen, raw(t, f, "C5"))
		}
		if get(t, f, "D5") != day.String() {
			rt.Fatalf("%s came back as %s", day, get(t, f, "D5"))
		}
	})
}

func TestHouseReaderReadsWhatTheHouseWrites(t *testing.T) {
	_, data := xlsx(t, ledger(sheet.Record{"=JM_x0041_1", 2, money.Fen(848000050), clock.MustDate(2026, 11, 23), nil}))
	book, err := sheet.OpenReader(bytes.NewReader(data), int64(len(data)), "x.xlsx", sheet.DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	got := map[int][]string{}
	err = book.Sheets()[0].Rows(t.Context(), func(r sheet.Row) error {
		for _, c := range r.Cells {
			got[r.Number] = append(got[r.Number], c.Text)
			if r.Number == 5 && c.Col == 3 && !c.Date {
				t.Error("the day is not read as a day")
			}
		}
		return nil
	})
	if err != nil || strings.Join(got[5], "|") != "=JM_x0041_1|2|8480000.50|46349" || strings.Join(got[6], "|") != "合计|2|8480000.50" {
		t.Errorf("%v, %v", got, err)
	}
}

func BenchmarkWriteXLSX(b *testing.B) {
	cols := make([]sheet.Column, 30)
	rec := make(sheet.Record, 30)
	for i := range cols {
		cols[i], rec[i] = sheet.Column{Header: "c"}, "云岭区人民医院"
		if i%3 == 0 {
			cols[i].Kind, rec[i] = sheet.MoneyColumn, money.Fen(123456)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		table := sheet.Table{Name: "x", Columns: cols, Rows: func(yield func(sheet.Record, error) bool) {
			for range 10000 {
				if !yield(rec, nil) {
					return
				}
			}
		}}
		if err := sheet.WriteXLSX(io.Discard, sheet.Book{Tables: []sheet.Table{table}}); err != nil {
			b.Fatal(err)
		}
	}
}
