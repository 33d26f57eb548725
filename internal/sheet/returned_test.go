package sheet_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

const legacy = "../domain/history/testdata/legacy-workbook.xlsx"

func printer(t testing.TB) i18n.Printer {
	t.Helper()
	files := fstest.MapFS{}
	for _, lang := range i18n.Langs() {
		raw, err := os.ReadFile("../../web/i18n/" + string(lang) + "/history.json")
		if err != nil {
			t.Fatal(err)
		}
		files[string(lang)+"/history.json"] = &fstest.MapFile{Data: raw}
	}
	cat, err := i18n.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return cat.Printer(i18n.Chinese)
}

func legacyBook(t testing.TB) (*sheet.Workbook, *history.Book) {
	t.Helper()
	wb, err := sheet.Open(legacy, sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := wb.Close(); err != nil {
			t.Error(err)
		}
	})
	book, err := history.Interpret(context.Background(), wb.Ledgers(), history.Options{Today: clock.MustDate(2026, 11, 23)})
	if err != nil {
		t.Fatal(err)
	}
	return wb, book
}

func TestRefusedRowsComeBackColouredWithTheirMessages(t *testing.T) {
	wb, book := legacyBook(t)
	var buf bytes.Buffer
	n, err := sheet.WriteReturned(context.Background(), &buf, wb, sheet.Refused(book, printer(t)))
	if err != nil || n != 15 {
		t.Fatalf("%d rows, %v", n, err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(buf.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"站立行动", "白内障", "冠心病介入"}, f.GetSheetList()); d != "" {
		t.Error(d)
	}
	comments, err := f.GetComments("站立行动")
	if err != nil || len(comments) != 5 {
		t.Fatalf("%d comments, %v", len(comments), err)
	}
	if c := comments[0]; c.Cell != "E5" || c.Text != "第 340 行：「身份证号码」校验位不对，请对照证件核对；年龄 60 岁与身份证号码不符（2023年5月31日应为 74 岁）" && c.Text != "第 340 行：「身份证号码」校验位不对，请对照证件核对" {
		t.Errorf("%s %q", c.Cell, c.Text)
	}
	id, err := f.GetCellStyle("站立行动", "E5")
	if err != nil {
		t.Fatal(err)
	}
	style, err := f.GetStyle(id)
	if err != nil || len(style.Fill.Color) == 0 || style.Fill.Color[0] != "FFC7CE" {
		t.Errorf("%+v %v", style, err)
	}
	if got, err := f.GetCellValue("站立行动", "E5"); got != "500199194807100761" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestAReturnedWorkbookIsRefusedForTheSameReasons(t *testing.T) {
	wb, book := legacyBook(t)
	path := filepath.Join(t.TempDir(), "returned.xlsx")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sheet.WriteReturned(context.Background(), out, wb, sheet.Refused(book, printer(t))); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := sheet.Open(path, sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := history.Interpret(context.Background(), again.Ledgers(), history.Options{Today: clock.MustDate(2026, 11, 23)})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range back.Sheets {
		var want, got []string
		for _, m := range book.Sheets[i].Rows {
			// Without its first row a repeated row is no repetition any more.
			if m.Level == history.LevelError && m.Issues[0].Key != "history.row.duplicate" {
				want = append(want, m.Issues[0].Key)
			}
		}
		for _, m := range s.Rows {
			if m.Level == history.LevelError {
				got = append(got, m.Issues[0].Key)
			}
		}
		if d := cmp.Diff(want, got); d != "" || s.Title != book.Sheets[i].Title || s.FilledOn != book.Sheets[i].FilledOn {
			t.Error(s.Sheet, d, s.Title, s.FilledOn)
		}
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestMergedCellsStayMergedOrAreFilledIn(t *testing.T) {
	f := excelize.NewFile()
	for cell, v := range map[string]any{"A1": "姓名", "A2": "甲", "B2": 1, "B3": 2, "A4": "乙", "B4": 3, "B5": 4} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range [][2]string{{"A2", "A3"}, {"A4", "A5"}} {
		if err := f.MergeCell("Sheet1", r[0], r[1]); err != nil {
			t.Fatal(err)
		}
	}
	var src, out bytes.Buffer
	if err := f.Write(&src); err != nil {
		t.Fatal(err)
	}
	wb, err := open(src.Bytes(), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows := []sheet.ReturnedRow{{Sheet: "Sheet1", Row: 1}, {Sheet: "Sheet1", Row: 3, Message: "=甲"}, {Sheet: "Sheet1", Row: 4, Message: "乙", Columns: []int{1, -1}}, {Sheet: "Sheet1", Row: 5, Message: "丙"}}
	if n, err := sheet.WriteReturned(context.Background(), &out, wb, rows); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	back, err := open(out.Bytes(), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var cells []string
	for _, r := range got {
		for _, c := range r.Cells {
			cells = append(cells, string(rune('A'+c.Col))+string(rune('0'+r.Number))+"="+c.Text)
		}
	}
	if d := cmp.Diff([]string{"A1=姓名", "A2=甲", "B2=2", "A3=乙", "B3=3", "B4=4"}, cells); d != "" {
		t.Error(d)
	}
	merges, err := back.Sheets()[0].Merges(context.Background())
	if d := cmp.Diff([]sheet.Range{{3, 4, 0, 0}}, merges); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestNothingToReturnIsSaid(t *testing.T) {
	wb, _ := legacyBook(t)
	if _, err := sheet.WriteReturned(context.Background(), &bytes.Buffer{}, wb, nil); key(err) != "error.sheet.nothing_returned" {
		t.Error(err)
	}
}

func TestEveryRefusalHasItsSentence(t *testing.T) {
	p := printer(t)
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range sources {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for part := range bytes.SplitSeq(raw, []byte(`"`)) {
			if k := string(part); strings.HasPrefix(k, "error.sheet.") && k != "error.sheet." {
				n++
				if p.T(k) == k {
					t.Errorf("no sentence for %s", k)
				}
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d refusals found", n)
	}
}
