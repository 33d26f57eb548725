package webui

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// bookOf writes a table as Excel reads it.
func bookOf(t *testing.T, table sheet.Table) *excelize.File {
	t.Helper()
	var b bytes.Buffer
	if err := sheet.WriteXLSX(&b, sheet.Book{Tables: []sheet.Table{table}}); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// rowsOf are the cells of the first tab from the header on: as they are stored, a
// text in quotes and a formula behind its sign.
func rowsOf(t *testing.T, f *excelize.File, header string) [][]string {
	t.Helper()
	name := f.GetSheetName(0)
	rows, err := f.GetRows(name, excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for i, row := range rows {
		if len(out) == 0 && (len(row) == 0 || row[0] != header) {
			continue
		}
		var cells []string
		for j, v := range row {
			ref, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				t.Fatal(err)
			}
			kind, err := f.GetCellType(name, ref)
			if err != nil {
				t.Fatal(err)
			}
			if kind == excelize.CellTypeInlineString {
				v = `"` + v + `"`
			}
			if formula, _ := f.GetCellFormula(name, ref); formula != "" { // a cell without one
				v = "=" + formula + " " + v
			}
			cells = append(cells, v)
		}
		out = append(out, cells)
	}
	return out
}

// What a chart says in numbers are numbers in its files: without commas, with the
// minus programs read. Names, intervals and parts of a whole stay texts.
func TestTheNumbersOfAChartAreNumbersInItsFiles(t *testing.T) {
	d := chart.Drawing{Title: "图", Heads: []string{"第几例", "值", "变化", "金额", "份额", "区间", "编号"}, Rows: []chart.Row{
		{Cells: []string{"12", "1.5", "+2", "−1,234.50", "−0.5%", "0.1–2.0", "007"}},
		{Cells: []string{"13", "–", "−3.25", "20,000.00", "100.0%", "1/6", "2026-01"}},
	}}
	table := chartSheet(d, nil)
	want := [][]string{{`"第几例"`, `"值"`, `"变化"`, `"金额"`, `"份额"`, `"区间"`, `"编号"`},
		{`"12"`, "1.5", "2", "-1234.50", "-0.005", `"0.1–2.0"`, `"007"`}, {`"13"`, `"–"`, "-3.25", "20000.00", "1", `"1/6"`, `"2026-01"`}}
	if diff := cmp.Diff(want, rowsOf(t, bookOf(t, table), "第几例")); diff != "" {
		t.Error(diff)
	}
	var text bytes.Buffer
	if err := sheet.WriteCSV(&text, table); err != nil {
		t.Fatal(err)
	}
	if got := text.String(); strings.Contains(got, "−") || !strings.Contains(got, "12,1.5,2,-1234.50,-0.5%,0.1–2.0,007\r\n13,–,-3.25,20000.00,100.0%,1/6,2026-01\r\n") {
		t.Errorf("the CSV file is %q", got)
	}
}

// A list of values adds them up by a formula, decimals too; one that has no total,
// as of medians, has no row for it.
func TestAListHasATotalWhereThereIsOne(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	file := func(id measure.ID, values ...int64) [][]string {
		d, _ := measure.ByID(id)
		u := reporting.Units{Definition: d, Part: measure.Known}
		for _, v := range values {
			u.Rows = append(u.Rows, reporting.Unit{CaseNo: "L-1", Fact: measure.Fact{Known: true, Value: v}})
		}
		rows := rowsOf(t, bookOf(t, unitsSheet(b, u, nil)), b.T("report.l.case"))
		for i, row := range rows {
			rows[i] = []string{row[0], row[len(row)-1]}
		}
		return rows
	}
	value := `"` + b.T("measures.value") + `"`
	head := []string{`"` + b.T("report.l.case") + `"`, value}
	days := file("visiting.days", 25, 105, -10)
	if diff := cmp.Diff([][]string{head, {`"L-1"`, "2.5"}, {`"L-1"`, "10.5"}, {`"L-1"`, "-1.0"}, {`"` + b.T("report.total") + `"`, "=SUM(G3:G5) 12"}}, days); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]string{head, {`"L-1"`, "7"}, {`"L-1"`, "9"}}, file("access.wait_days", 7, 9)); diff != "" {
		t.Error(diff)
	}
	cell := listColumn{value: func(Base, reporting.Row) any { return sheet.Figure("-1.5") }}.cell(b, reporting.Row{})
	if cell.Text != "−1.5" {
		t.Errorf("the page says %q", cell.Text)
	}
}

// The file of a measure's parts has the number and its unit apart.
func TestTheFileOfPartsHasNumbersAndUnits(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	board := compared(t, "joint.readmission_90", [3]int64{1, 6, 2}, [3]int64{0, 0, 0})
	d := board.Details[0]
	rows := rowsOf(t, bookOf(t, pieceSheet(b, d, d.Parts, measure.ByHospital, nil)), b.T("measure.by.hospital"))
	if len(rows) != 3 || rows[0][2] != `"`+b.T("report.file.unit_of")+`"` || rows[1][1] != "0.167" || rows[1][4] != `"1/6"` {
		t.Errorf("%q", rows)
	}
	if absent := rows[2][1]; !strings.Contains(absent, b.T("measure.state.no_case")) {
		t.Errorf("without cases it says %q", absent)
	}
}
