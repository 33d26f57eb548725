package sheet_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/history"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/sheet"
)

// FuzzXLSX reads any bytes as a file: it must end with rows or a refusal.
func FuzzXLSX(f *testing.F) {
	raw, err := os.ReadFile(legacy)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(minimal(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row></sheetData></worksheet>`).zip(f))
	f.Add([]byte("姓名,年龄\n甲,1"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		wb, err := open(raw, sheet.Options{MaxUnzipped: 4 << 20})
		if err != nil {
			if !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.TooLarge) {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if _, err := history.Interpret(context.Background(), wb.Ledgers(), history.Options{Today: clock.MustDate(2026, 11, 23)}); err != nil {
			if _, ok := errors.AsType[*errs.Error](err); !ok {
				t.Fatalf("not a refusal: %v", err)
			}
		}
	})
}

// FuzzSheetXML holds the reader's own scanner against encoding/xml: what the
// library calls well-formed is read with the same texts.
func FuzzSheetXML(f *testing.F) {
	for _, s := range []string{
		`<worksheet><sheetData><row r="3"><c r="B3" t="str"><v>a&amp;b</v></c></row></sheetData></worksheet>`,
		`<worksheet><!-- x --><sheetData><row><c t="inlineStr"><is><t><![CDATA[>]]></t></is></c></row></sheetData></worksheet>`,
		`<x:worksheet xmlns:x='u'><x:sheetData a="1>2"><x:row/></x:sheetData></x:worksheet>`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := libraryTexts(text)
		if err != nil || strings.ContainsAny(text, "\r\x00") || strings.Contains(text, "_x") {
			return // only what the library understands can be compared
		}
		rows, err := read(minimal(text).zip(t))
		if err != nil {
			return // stricter than the library about references and order
		}
		var got []string
		for _, r := range rows {
			for _, c := range r.Cells {
				if c.Kind == sheet.Text && c.Raw != "零" && c.Raw != "一 二" && c.Raw != "a\rb" {
					got = append(got, c.Raw)
				}
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", text, d)
		}
	})
}

// libraryTexts is the inline texts of a sheet by encoding/xml.
func libraryTexts(text string) ([]string, error) {
	type cell struct {
		Type string `xml:"t,attr"`
		V    string `xml:"v"`
	}
	var doc struct {
		Rows []struct {
			Cells []cell `xml:"c"`
		} `xml:"sheetData>row"`
	}
	d := xml.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more behind the root")
	}
	var list []string
	for _, r := range doc.Rows {
		for _, c := range r.Cells {
			if c.Type == "str" && c.V != "" {
				list = append(list, c.V)
			}
		}
	}
	// Only plain documents say the same in both models: one v in a c in a row.
	for _, tag := range []string{"<is", "<t", "<f", "<x"} {
		if strings.Contains(text, tag) {
			return nil, errors.New("another model")
		}
	}
	if strings.Count(text, "<v") != len(list) || strings.Count(text, "<c") != len(list) || !bytes.Contains([]byte(text), []byte("<sheetData>")) ||
		strings.Count(text, "<sheetData") != 1 || strings.Contains(text, ":") {
		return nil, errors.New("another model")
	}
	return list, nil
}
