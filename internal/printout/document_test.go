package printout_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/printout"
)

func sampleDocument() printout.Document {
	var rows [][]string
	for i := range 90 {
		rows = append(rows, []string{"云岭县人民医院第" + strconv.Itoa(i) + "分院", strconv.Itoa(i), "1,234.50"})
	}
	rows = append(rows, []string{"合计", "4005", "111,105.00"})
	return printout.Document{Title: "2026年第三季度协作报告", Filing: []string{"填报单位：云岭县卫健委", "填报人：甲", "日期：2026-10-08"},
		Filters: []string{"项目：全部"}, Foot: "快照 7K3M", Made: time.Date(2026, 10, 8, 2, 0, 0, 0, time.UTC),
		Pages: func(page, of string) string { return "第 " + page + " 页，共 " + of + " 页" },
		Blocks: []printout.Block{printout.Heading{Level: 1, Text: "一、总体情况"}, printout.Paragraph{Text: "本期救治 307 人 <a & b>。"},
			printout.Grid{Caption: "各医院", Head: []string{"医院", "人次", "金额（元）"}, Widths: []int{3, 1, 2}, Left: 1, Rows: rows, Total: true, Note: "* 为小数目"},
			printout.Columns{Title: "各月手术例数", Note: "单位：例", Labels: []string{"2026-07", "2026-08", "2026-09"}, Values: []int64{12, 0, 30}, Hidden: []bool{false, true, false},
				Format: func(n int64) string { return strconv.FormatInt(n, 10) }},
			printout.Terms{Items: [][2]string{{"人次", "一次住院或日间手术"}}}, printout.Signatures{Fields: []string{"填报人", "审核人", "单位负责人"}}}}
}

func TestADocumentRepeatsItsTableHeadAndNumbersItsPages(t *testing.T) {
	var a, b bytes.Buffer
	for _, out := range []*bytes.Buffer{&a, &b} {
		if err := printout.WritePDF(out, sampleDocument()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same document gave two files")
	}
	text := strings.Join(strings.Fields(extracted(t, a.Bytes())), "")
	pages := strings.Count(text, "第1页，共")
	if pages != 1 || strings.Count(text, "医院人次金额（元）") < 3 || !strings.Contains(text, "本期救治307人<a&b>。") || !strings.Contains(text, "单位负责人") {
		t.Errorf("%d %s", strings.Count(text, "医院人次金额（元）"), text)
	}
}

func TestAWordFileIsWellFormedAndHasItsParts(t *testing.T) {
	var a, b bytes.Buffer
	for _, out := range []*bytes.Buffer{&a, &b} {
		if err := printout.WriteDOCX(out, sampleDocument()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same document gave two files")
	}
	z, err := zip.NewReader(bytes.NewReader(a.Bytes()), int64(a.Len()))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(raw)
		if strings.HasSuffix(f.Name, ".png") {
			img, err := png.Decode(bytes.NewReader(raw))
			if err != nil || img.Bounds().Dx() < 1000 {
				t.Errorf("%s: %v", f.Name, err)
			}
			continue
		}
		d := xml.NewDecoder(bytes.NewReader(raw))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	body := parts["word/document.xml"]
	for _, want := range []string{`<w:tblHeader/>`, `w:val="Heading1"`, `本期救治 307 人 &lt;a &amp; b&gt;。`, `r:embed="rIdChart1"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the body has no %s", want)
		}
	}
	for _, want := range []string{" PAGE ", " NUMPAGES ", "快照 7K3M"} {
		if !strings.Contains(parts["word/footer1.xml"], want) {
			t.Errorf("the foot has no %q: %s", want, parts["word/footer1.xml"])
		}
	}
	if fmt.Sprint(parts["word/media/chart1.png"] == "") == "true" {
		t.Error("the chart is missing")
	}
}
