package sheet_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

func filed(t *testing.T, table sheet.Table) (string, error) {
	t.Helper()
	var out bytes.Buffer
	if err := sheet.WriteXLSX(&out, sheet.Book{Tables: []sheet.Table{table}}); err != nil {
		return "", err
	}
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), nil
}

func TestASheetIsFiledTheWayOfficesDo(t *testing.T) {
	table := sheet.Table{Name: "x", Title: "标题", Filing: []string{"填报单位：甲", "填报人：乙", "日期：丙"}, Notes: []string{"范围"}, Serial: "序号", Total: "合计",
		Columns: []sheet.Column{{Header: "医院"}, {Header: "患者", Kind: sheet.IntColumn}, {Header: "人次", Kind: sheet.IntColumn, Sum: true},
			{Header: "金额", Kind: sheet.MoneyColumn, Sum: true}, {Header: "减免", Kind: sheet.MoneyColumn, Sum: true}},
		Rows:   sheet.Records([]sheet.Record{{"一", 3, 4, money.Fen(150), sheet.Withheld("*")}, {"二", 5, 6, money.Fen(250), money.Fen(9)}}),
		Totals: sheet.Record{nil, 7, 10, money.Fen(400), money.Fen(99)}}
	xml, err := filed(t, table)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<mergeCell ref="A1:F1"/>`, `<mergeCell ref="A2:B2"/>`, `<mergeCell ref="C2:D2"/>`, `<mergeCell ref="A3:F3"/>`, `ySplit="4"`, `<v>1</v>`, `<v>2</v>`,
		`<f>SUM(D5:D6)</f><v>10</v>`, `<f>SUM(E5:E6)</f><v>4.00</v>`, `<v>7</v>`, `<v>0.99</v>`, `>*</t>`} {
		if !strings.Contains(xml, want) {
			t.Errorf("the sheet has no %s\n%s", want, xml)
		}
	}
	if strings.Contains(xml, "SUM(C") || strings.Contains(xml, "SUM(F") {
		t.Error("persons counted twice, or figures with a hidden one among them, are added up")
	}
	table.Totals = sheet.Record{nil, 7, 11, nil, nil}
	if _, err := filed(t, table); err == nil {
		t.Error("a total that is not the sum of its rows was written")
	}
}
