package sheet_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

const (
	relsNS   = "http://schemas.openxmlformats.org/package/2006/relationships"
	officeNS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
)

// parts is a workbook written by hand, so that a test can say anything.
type parts map[string]string

// minimal is the smallest workbook around one sheet's XML.
func minimal(sheetXML string) parts {
	return parts{
		"_rels/.rels":     `<Relationships xmlns="` + relsNS + `"><Relationship Id="a" Type="` + officeNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml": `<workbook xmlns:r="` + officeNS + `"><sheets><sheet name="甲&amp;乙" sheetId="1" r:id="s"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships xmlns="` + relsNS + `"><Relationship Id="s" Type="` + officeNS + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="t" Type="` + officeNS + `/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="u" Type="` + officeNS + `/styles" Target="styles.xml"/></Relationships>`,
		"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;"/><numFmt numFmtId="165" formatCode="[Red]#,##0.00&quot;day&quot;"/></numFmts>` +
			`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="58"/><xf numFmtId="20"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml":     `<sst><si><t>零</t></si><si><r><t>一</t></r><rPh><t>yi</t></rPh><r><t xml:space="preserve"> 二</t></r></si><si><t>a_x000D_b</t></si></sst>`,
		"xl/worksheets/sheet1.xml": sheetXML,
	}
}

func (p parts) zip(t testing.TB) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range p {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func open(raw []byte, opts sheet.Options) (*sheet.Workbook, error) {
	return sheet.OpenReader(bytes.NewReader(raw), int64(len(raw)), "表", opts)
}

// read returns all rows of the first sheet with the cells' slices copied.
func read(raw []byte) ([]sheet.Row, error) {
	wb, err := open(raw, sheet.Options{})
	if err != nil {
		return nil, err
	}
	var rows []sheet.Row
	err = wb.Sheets()[0].Rows(context.Background(), func(r sheet.Row) error {
		r.Cells = append([]sheet.Cell(nil), r.Cells...)
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

func key(err error) string {
	if e, ok := errors.AsType[*errs.Error](err); ok {
		return e.Key
	}
	return fmt.Sprint(err)
}

func TestCellsComeAsTheFileHasThem(t *testing.T) {
	raw := minimal(`<?xml version="1.0"?><!-- <row> --><x:worksheet xmlns:x="u"><x:sheetData>
		<x:row r="2"><x:c r="A2" t="s"><x:v>1</x:v></x:c><x:c r="C2" s="1"><x:v>44423</x:v></x:c><x:c r="D2"><x:v>7487.5400000000009</x:v></x:c>
		<x:c r="E2" t="b"><x:v>1</x:v></x:c><x:c r="F2" t="e"><x:v>#REF!</x:v></x:c><x:c t="str"><x:f>A1</x:f><x:v>甲&lt;&#20057;</x:v></x:c>
		<x:c r="H2" t="inlineStr"><x:is><x:t>a</x:t><x:rPh><x:t>no</x:t></x:rPh><x:t><![CDATA[<b>]]></x:t></x:is></x:c><x:c r="AA2" t="str"><x:f>SUM(A1)</x:f></x:c></x:row>
		<x:row/><x:row><x:c r="A4" t='s'><x:v>2</x:v></x:c><x:c r="B4" s="2"><x:v>44423.5</x:v></x:c><x:c s="3"><x:v>1.2E+17</x:v></x:c><x:c s="4"><x:v>1</x:v></x:c><x:c s="5"><x:v>1</x:v></x:c><x:c/></x:row>
		</x:sheetData><x:mergeCells><x:mergeCell ref="B3:C4"/><x:mergeCell ref="A1:A2"/></x:mergeCells></x:worksheet>`).zip(t)
	rows, err := read(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := []sheet.Row{
		{Number: 2, Cells: []sheet.Cell{{Col: 0, Kind: sheet.Text, Text: "一 二", Raw: "一 二"}, {Col: 2, Kind: sheet.Number, Text: "44423", Raw: "44423", Date: true},
			{Col: 3, Kind: sheet.Number, Text: "7487.54", Raw: "7487.5400000000009"}, {Col: 4, Kind: sheet.Bool, Text: "1", Raw: "1"},
			{Col: 5, Kind: sheet.Failure, Text: "#REF!", Raw: "#REF!"}, {Col: 6, Kind: sheet.Text, Text: "甲<乙", Raw: "甲<乙", Formula: true},
			{Col: 7, Kind: sheet.Text, Text: "a<b>", Raw: "a<b>"}, {Col: 26, Kind: sheet.Empty, Formula: true}}},
		{Number: 4, Cells: []sheet.Cell{{Col: 0, Kind: sheet.Text, Text: "a\rb", Raw: "a\rb"}, {Col: 1, Kind: sheet.Number, Text: "44423.5", Raw: "44423.5", Date: true},
			{Col: 2, Kind: sheet.Number, Text: "120000000000000000", Raw: "1.2E+17"}, {Col: 3, Kind: sheet.Number, Text: "1", Raw: "1", Date: true},
			{Col: 4, Kind: sheet.Number, Text: "1", Raw: "1"}}},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
	wb, err := open(raw, sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if name := wb.Sheets()[0].Name(); name != "甲&乙" {
		t.Errorf("name %q", name)
	}
	merges, err := wb.Sheets()[0].Merges(context.Background())
	if d := cmp.Diff([]sheet.Range{{1, 2, 0, 0}, {3, 4, 1, 2}}, merges); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestALibraryWrittenWorkbookIsReadBack(t *testing.T) {
	f := excelize.NewFile()
	for cell, v := range map[string]any{"A1": "姓名", "B1": 12.5, "C1": time.Date(2021, 3, 5, 0, 0, 0, 0, time.UTC), "A3": true} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.NewSheet("第二张"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetSheetVisible("第二张", false); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.bin")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Write(out), f.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	wb, err := sheet.Open(path, sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(wb.Sheets()); n != 2 || !wb.Sheets()[1].Hidden() || wb.Sheets()[0].Hidden() || wb.Date1904() {
		t.Errorf("%d sheets", n)
	}
	var got []string
	err = wb.Sheets()[0].Rows(context.Background(), func(r sheet.Row) error {
		for _, c := range r.Cells {
			got = append(got, fmt.Sprintf("%d %d %s %v", r.Number, c.Col, c.Text, c.Date))
		}
		return nil
	})
	if d := cmp.Diff([]string{"1 0 姓名 false", "1 1 12.5 false", "1 2 44260 true", "3 0 1 false"}, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if err := wb.Close(); err != nil {
		t.Error(err)
	}
}

func TestNumbersAreDecimalTextAndNeverFloats(t *testing.T) {
	for raw, want := range map[string]string{
		"0": "0", "58142.56": "58142.56", "160.80": "160.80", "7487.5400000000009": "7487.54", "0.30000000000000004": "0.3",
		"1234.4999999999998": "1234.5", "9.9999999999999995": "10", "5.8142560000000003": "5.814256", "1.2E+17": "120000000000000000",
		"1E-3": "0.001", "1.5e2": "150", "-7487.5400000000009": "-7487.54", "500199196001010039": "500199196001010039",
		"0.1": "0.1", "00012.50": "00012.50", "123456789012345.678": "123456789012346", "0.000E+00": "0", "-0.0E0": "0",
	} {
		if got, ok := sheet.Decimal(raw); got != want || !ok {
			t.Errorf("%s is %s (%v), want %s", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"", "abc", "1e999999999", "1E+61", "0x10", "1/3", "--1", "1.2.3", "NaN", "Inf"} {
		if got, ok := sheet.Decimal(raw); got != raw || ok {
			t.Errorf("%q becomes %q, %v", raw, got, ok)
		}
	}
}

func TestFilesNobodyCanReadAreRefusedWithWhatToDo(t *testing.T) {
	ole := "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 70000)
	var wide strings.Builder
	for _, u := range utf16.Encode([]rune("EncryptedPackage")) {
		wide.WriteByte(byte(u))
		wide.WriteByte(byte(u >> 8))
	}
	good := minimal(`<worksheet><sheetData/></worksheet>`)
	zipped := string(good.zip(t))
	with := func(name, text string) string {
		p := parts{name: text}
		for k, v := range good {
			if _, ok := p[k]; !ok {
				p[k] = v
			}
		}
		return string(p.zip(t))
	}
	for _, c := range []struct{ name, raw, want string }{
		{"old xls", ole, "error.sheet.xls"},
		{"encrypted", ole[:65530] + wide.String() + ole, "error.sheet.encrypted"},
		{"empty", "", "error.sheet.empty"},
		{"blanks", " \r\n ", "error.sheet.empty"},
		{"web page", "\ufeff <HTML><table>", "error.sheet.markup"},
		{"xml table", `<?xml version="1.0"?><Workbook>`, "error.sheet.markup"},
		{"pdf", "%PDF-1.7 abc", "error.sheet.not_workbook"},
		{"picture", "\x89PNG\r\n\x1a\n\x00\x00", "error.sheet.not_workbook"},
		{"other archive", string(parts{"a.txt": "x"}.zip(t)), "error.sheet.not_workbook"},
		{"word", with("word/document.xml", "<a/>"), "error.sheet.not_workbook"},
		{"xlsb", with("xl/workbook.bin", "x"), "error.sheet.xlsb"},
		{"ods", with("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), "error.sheet.ods"},
		{"cut off", zipped[:len(zipped)/2], "error.sheet.broken"},
		{"cut off at the end", zipped[:len(zipped)-10], "error.sheet.broken"},
		{"name of a tab no program writes", with("xl/workbook.xml", strings.Replace(good["xl/workbook.xml"], "甲", strings.Repeat("甲", 254), 1)), "error.sheet.broken"},
		{"no sheet", with("xl/workbook.xml", `<workbook><sheets/></workbook>`), "error.sheet.no_sheet"},
		{"part missing", strings.Replace(zipped, "sheet1.xml", "sheet2.xml", 2), "error.sheet.broken"},
		{"leaves its folder", with("../evil.xml", "<a/>"), "error.sheet.broken"},
		{"not well-formed", with("xl/worksheets/sheet1.xml", `<worksheet><sheetData></worksheet>`), "error.sheet.broken"},
		{"ends too early", with("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1">`), "error.sheet.broken"},
		{"document type", with("xl/worksheets/sheet1.xml", `<!DOCTYPE a [<!ENTITY x "y">]><worksheet/>`), "error.sheet.broken"},
		{"entity", with("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c t="str"><v>&x;</v></c></row></sheetData></worksheet>`), "error.sheet.broken"},
		{"string that is not there", with("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c t="s"><v>9</v></c></row></sheetData></worksheet>`), "error.sheet.broken"},
		{"rows upside down", with("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="2"/><row r="1"/></sheetData></worksheet>`), "error.sheet.broken"},
		{"too wide", with("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c r="XFE1"><v>1</v></c></row></sheetData></worksheet>`), "error.sheet.too_many_columns"},
		{"far too wide", with("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c r="AAAAAAA1"><v>1</v></c></row></sheetData></worksheet>`), "error.sheet.too_many_columns"},
		{"too long", with("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1048577"/></sheetData></worksheet>`), "error.sheet.too_many_rows"},
		{"merged nonsense", with("xl/worksheets/sheet1.xml", `<worksheet><mergeCells><mergeCell ref="B2:A1"/></mergeCells></worksheet>`), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := read([]byte(c.raw))
			if c.want == "" && err == nil {
				return
			}
			if key(err) != c.want {
				t.Errorf("refused with %v, want %s", err, c.want)
			}
		})
	}
}

func TestTooLargeAFileIsRefusedUnread(t *testing.T) {
	_, err := sheet.OpenReader(strings.NewReader(""), 51<<20, "a", sheet.Options{})
	if key(err) != "error.sheet.too_large" || !errs.Is(err, errs.TooLarge) {
		t.Error(err)
	}
}

func TestAMissingFileAndAFolderAreUnreadable(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "none.xlsx"), t.TempDir()} {
		if _, err := sheet.Open(path, sheet.Options{}); key(err) != "error.sheet.unreadable" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// zeros is a well-packing part.
func zeros(n int, head, unit, tail string) string {
	return head + strings.Repeat(unit, n/len(unit)) + tail
}

func TestBombsAreRefusedWithinASecond(t *testing.T) {
	sheetOf := func(body string) []byte { return minimal(body).zip(t) }
	strs := minimal(`<worksheet/>`)
	strs["xl/sharedStrings.xml"] = zeros(9<<20, "<sst>", "<si><t>aaaaaaaa</t></si>", "</sst>")
	repeated := minimal(`<worksheet/>`)
	repeated["xl/sharedStrings.xml"] = "<sst>" + strings.Repeat("<si><t>"+noise(20<<10)+"</t></si>", 600) + "</sst>"
	many := parts{}
	for i := range 2500 {
		many[fmt.Sprintf("xl/%d.xml", i)] = ""
	}
	for name, raw := range map[string][]byte{
		"ratio":          sheetOf(zeros(6<<20, "<worksheet><sheetData>", "<row></row>    ", "</sheetData></worksheet>")),
		"shared strings": strs.zip(t),
		"same strings":   repeated.zip(t),
		"many parts":     many.zip(t),
		"lying sizes":    lying(t, sheetOf(zeros(6<<20, "<worksheet>", "          ", "</worksheet>"))),
		"long token":     sheetOf(`<worksheet><sheetData><row><c><v>` + noise(5<<18) + `</v></c></row></sheetData></worksheet>`),
		"long tag":       sheetOf(`<worksheet a="` + noise(5<<18) + `"/>`),
		"deep":           sheetOf(strings.Repeat("<a>", 5000) + noise(200<<10)),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := read(raw)
			if k := key(err); k != "error.sheet.bomb" && k != "error.sheet.broken" {
				t.Errorf("%v", err)
			}
			if d := time.Since(start); d > time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

// noise does not pack well and has no sign of XML in it.
func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = 'a' + byte(x>>27)%26
	}
	return string(b)
}

// lying halves the unpacked sizes in the table of contents.
func lying(t *testing.T, raw []byte) []byte {
	t.Helper()
	out := bytes.Clone(raw)
	for i := 0; i+46 < len(out); i++ {
		if string(out[i:i+4]) == "PK\x01\x02" && string(out[i+46:i+46+len("xl/worksheets/sheet1.xml")]) == "xl/worksheets/sheet1.xml" {
			copy(out[i+24:i+28], []byte{0, 1, 0, 0})
		}
	}
	return out
}

func TestAnArchiveWithAMillionEntriesIsRefusedBeforeItIsListed(t *testing.T) {
	var dir bytes.Buffer
	dir.WriteString("PK\x03\x04" + strings.Repeat("\x00", 26))
	start := dir.Len()
	entry := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	for range 1_000_000 {
		dir.Write(entry)
	}
	size := dir.Len() - start
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	end[8], end[10] = 1, 1 // says one entry
	for i := range 4 {
		end[12+i], end[16+i] = byte(size>>(8*i)), byte(start>>(8*i))
	}
	dir.Write(end)
	if _, err := open(dir.Bytes(), sheet.Options{}); key(err) != "error.sheet.bomb" {
		t.Error(err)
	}
}

func TestDamagedContentIsFoundByItsChecksum(t *testing.T) {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range minimal(`<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>`) {
		h := &zip.FileHeader{Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(text)),
			CompressedSize64: uint64(len(text)), UncompressedSize64: uint64(len(text))}
		if name == "xl/styles.xml" {
			h.CRC32++
		}
		w, err := z.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := read(buf.Bytes()); key(err) != "error.sheet.broken" {
		t.Error(err)
	}
}

func TestReadingStopsWithItsContextAndItsReader(t *testing.T) {
	var body strings.Builder
	for range 5000 {
		body.WriteString(`<row><c><v>1</v></c></row>`)
	}
	wb, err := open(minimal(`<worksheet><sheetData>`+body.String()+`</sheetData></worksheet>`).zip(t), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	err = wb.Sheets()[0].Rows(ctx, func(sheet.Row) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := wb.Sheets()[0].Merges(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	mine := errors.New("mine")
	n := 0
	err = wb.Sheets()[0].Rows(context.Background(), func(sheet.Row) error { n++; return mine })
	if !errors.Is(err, mine) || n != 1 {
		t.Error(err, n)
	}
}

func TestTextFilesOfEveryEncodingAreRead(t *testing.T) {
	text := "姓名,年龄\r\n\"张,\n\"\"三\"\"\",52\n\n\t500199196001010039,=\"0012\"\n末"
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var le, be bytes.Buffer
	le.WriteString("\xFF\xFE")
	be.WriteString("\xFE\xFF")
	for _, u := range utf16.Encode([]rune(strings.ReplaceAll(text, "张,", "张，"))) {
		le.Write([]byte{byte(u), byte(u >> 8)})
		be.Write([]byte{byte(u >> 8), byte(u)})
	}
	cellsOf := func(comma string) []string {
		return []string{"1 0 姓名", "1 1 年龄", "2 0 张" + comma + "\n\"三\"", "2 1 52", "4 0 500199196001010039", "4 1 0012", "5 0 末"}
	}
	for name, c := range map[string]struct {
		raw  []byte
		want []string
	}{
		"UTF-8":           {[]byte(text), cellsOf(",")},
		"UTF-8 with mark": {[]byte("\ufeff" + text), cellsOf(",")},
		"GB18030":         {gb, cellsOf(",")},
		"UTF-16 little":   {le.Bytes(), cellsOf("，")},
		"UTF-16 big":      {be.Bytes(), cellsOf("，")},
		"tabs":            {[]byte(strings.ReplaceAll(strings.ReplaceAll(text, "\t", ""), ",", "\t")), cellsOf("\t")},
		"semicolons":      {[]byte(strings.ReplaceAll(text, ",", ";")), cellsOf(";")},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := read(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				for _, cell := range r.Cells {
					got = append(got, fmt.Sprintf("%d %d %s", r.Number, cell.Col, cell.Text))
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTextFilesHaveTheLimitsOfASheet(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"columns": {strings.Repeat("a,", 20000), "error.sheet.too_many_columns"},
		"cell":    {"a,\"" + strings.Repeat("x", 200<<10), "error.sheet.broken"},
		"rows":    {strings.Repeat("\n", sheet.MaxRows+1) + "x", "error.sheet.too_many_rows"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := read([]byte("姓名\n" + c.raw)); key(err) != c.want {
				t.Error(err)
			}
		})
	}
}

func TestATextFileKnowsNoMerging(t *testing.T) {
	wb, err := open([]byte("a,b"), sheet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := wb.Sheets()[0]
	merges, err := s.Merges(context.Background())
	if s.CanMerge() || s.Name() != "表" || len(merges) > 0 || err != nil {
		t.Error(s.CanMerge(), s.Name(), merges, err)
	}
}
