//go:build office

package report_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// office is LibreOffice converting a file. These tests are built by make
// office only.
func office(t *testing.T, name string, content []byte, to string) []byte {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "soffice", "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to", to, "--outdir", filepath.Join(dir, "out"), file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("soffice: %v\n%s", err, out)
	}
	made, err := filepath.Glob(filepath.Join(dir, "out", "*"))
	if err != nil || len(made) == 0 {
		t.Fatalf("nothing was converted: %v", err)
	}
	raw, err := os.ReadFile(made[0])
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestOfficeOpensTheWordFile(t *testing.T) {
	raw := office(t, "report.docx", written(t, "docx", i18n.Chinese), "odt")
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	pictures, text := 0, ""
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, "Pictures/") {
			pictures++
		}
		if f.Name == "content.xml" {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if _, err := b.ReadFrom(r); err != nil {
				t.Fatal(err)
			}
			text = b.String()
		}
	}
	if pictures != 2 || !strings.Contains(text, "table:table-header-rows") || !strings.Contains(text, "救治患者 1,234 人") || !strings.Contains(text, "关节周") {
		t.Errorf("%d pictures; repeated heads: %v", pictures, strings.Contains(text, "table:table-header-rows"))
	}
}

// The totals a spreadsheet program works out from the formulas are those the
// file was written with.
func TestOfficeCalculatesTheSameTotals(t *testing.T) {
	var rows []sheet.Record
	var people, sum int64
	for i := range 37 {
		rows = append(rows, sheet.Record{"SH-2026-00" + string(rune('A'+i%26)), i, money.Fen(i * 12_345), clock.MustDate(2026, 1, 1+i%28)})
		people, sum = people+int64(i), sum+int64(i*12_345)
	}
	table := sheet.Table{Name: "x", Title: "t", Filing: []string{"unit", "by", "on"}, Notes: []string{"n"}, Serial: "No.", Total: "Total",
		Columns: []sheet.Column{{Header: "case"}, {Header: "people", Kind: sheet.IntColumn, Sum: true}, {Header: "yuan", Kind: sheet.MoneyColumn, Sum: true}, {Header: "on", Kind: sheet.DateColumn}},
		Rows:    sheet.Records(rows), Totals: sheet.Record{nil, people, money.Fen(sum), nil}}
	var out bytes.Buffer
	if err := sheet.WriteXLSX(&out, sheet.Book{Tables: []sheet.Table{table}}); err != nil {
		t.Fatal(err)
	}
	raw := office(t, "book.xlsx", out.Bytes(), "csv")
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil || len(lines) < 40 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	last := lines[len(lines)-1]
	plain := func(s string) string { return strings.ReplaceAll(s, ",", "") }
	if last[0] != "Total" || plain(last[2]) != "666" || plain(last[3]) != strings.TrimRight(money.Fen(sum).Plain(), "0") {
		t.Errorf("the totals are %v, want 666 and %s", last, money.Fen(sum).Plain())
	}
}
