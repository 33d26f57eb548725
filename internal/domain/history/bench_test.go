package history_test

import (
	"archive/zip"
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/history"
)

// bigLedger writes a workbook of n rows as Excel does (shared strings, styles,
// merged patient cells), streamed, so that it costs the benchmark no memory.
// Every tenth patient has two rows.
func bigLedger(t testing.TB, path string, n int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	part := func(name string, fill func(w *bufio.Writer)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		b := bufio.NewWriterSize(w, 1<<16)
		b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`)
		fill(b)
		if err := b.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	const ns = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	const rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	rels := func(lines ...string) func(w *bufio.Writer) {
		return func(w *bufio.Writer) {
			w.WriteString(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
			for i, l := range lines {
				kind, target, _ := strings.Cut(l, " ")
				fmt.Fprintf(w, `<Relationship Id="rId%d" Type="%s/%s" Target="%s"/>`, i+1, rel, kind, target)
			}
			w.WriteString(`</Relationships>`)
		}
	}
	part("_rels/.rels", rels("officeDocument xl/workbook.xml"))
	part("xl/_rels/workbook.xml.rels", rels("worksheet worksheets/sheet1.xml", "styles styles.xml", "sharedStrings sharedStrings.xml"))
	part("xl/workbook.xml", func(w *bufio.Writer) {
		fmt.Fprintf(w, `<workbook %s><sheets><sheet name="站立行动" sheetId="1" r:id="rId1"/></sheets></workbook>`, ns)
	})
	part("xl/styles.xml", func(w *bufio.Writer) {
		fmt.Fprintf(w, `<styleSheet %s><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="4"/></cellXfs></styleSheet>`, ns)
	})
	texts := []string{"站立行动台账", "填报日期：2023年5月31日"}
	head := strings.Fields("序号 姓名 性别 年龄 身份证号码 家庭住址 联系电话 困难类别 住院号 手术医院 手术日期 手术名称 部位 主刀医生 是否支医专家 总费用 基本医保报销 大病保险 医疗救助 减免金额 个人自付 备注")
	texts = append(texts, head...)
	fixed := len(texts)
	words := strings.Fields("男 女 低保对象 脱贫人口 云岭区中医院 云岭区中心医院 全膝关节置换术 全髋关节置换术 左 右 支医专家甲 本院医师丁 是 否")
	texts = append(texts, words...)
	word := map[string]int{}
	for i, w := range words {
		word[w] = fixed + i
	}
	unique := len(texts) // then name, number, address, phone, admission of every row
	part("xl/sharedStrings.xml", func(w *bufio.Writer) {
		fmt.Fprintf(w, `<sst %s>`, ns)
		for _, s := range texts {
			fmt.Fprintf(w, `<si><t>%s</t></si>`, s)
		}
		for i := range n {
			fmt.Fprintf(w, `<si><t>测%c%c</t></si><si><t>%s</t></si><si><t>云岭区某镇某村%d组</t></si><si><t>12%09d</t></si><si><t>ZY%08d</t></si>`,
				'一'+rune(i%5000), '一'+rune(i/40), citizen(strconv.Itoa(1930+i%50)+fmt.Sprintf("%02d%02d", 1+i/50%12, 1+i/600%28), i/16800), i, i, i)
		}
		w.WriteString(`</sst>`)
	})
	part("xl/worksheets/sheet1.xml", func(w *bufio.Writer) {
		fmt.Fprintf(w, `<worksheet %s><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row><row r="3">`, ns)
		for c := range head {
			fmt.Fprintf(w, `<c r="%c3" t="s"><v>%d</v></c>`, 'A'+c, 2+c)
		}
		w.WriteString(`</row>`)
		var merges []int
		for i := range n {
			row := i + 4
			second := i%11 == 10
			fmt.Fprintf(w, `<row r="%d">`, row)
			s := func(c byte, id int) { fmt.Fprintf(w, `<c r="%c%d" t="s"><v>%d</v></c>`, c, row, id) }
			num := func(c byte, style int, v string) {
				fmt.Fprintf(w, `<c r="%c%d" s="%d"><v>%s</v></c>`, c, row, style, v)
			}
			if second {
				merges = append(merges, row)
			} else {
				num('A', 0, strconv.Itoa(i+1))
				s('B', unique+5*i)
				s('C', word["男"]+i/16800%2*0+sexOf(i))
				num('D', 0, strconv.Itoa(2023-1930-i%50))
				s('E', unique+5*i+1)
				s('F', unique+5*i+2)
				s('G', unique+5*i+3)
				s('H', word["低保对象"]+i%2)
			}
			s('I', unique+5*i+4)
			s('J', word["云岭区中医院"]+i%2)
			num('K', 1, strconv.Itoa(43000+i%1000))
			s('L', word["全膝关节置换术"]+i/2%2)
			side := i % 2
			if second {
				side = 1 - (i-1)%2
			}
			s('M', word["左"]+side)
			s('N', word["支医专家甲"]+i%2)
			s('O', word["是"]+i%2)
			for c, v := range []string{"58142.56", "28489.85", "160.80", "361.80", "28647.71", "482.4000000000000003"} {
				num('P'+byte(c), 2, v)
			}
			w.WriteString(`</row>`)
		}
		fmt.Fprintf(w, `</sheetData><mergeCells>`)
		for _, row := range merges {
			for c := 'A'; c <= 'H'; c++ {
				fmt.Fprintf(w, `<mergeCell ref="%c%d:%c%d"/>`, c, row-1, c, row)
			}
		}
		w.WriteString(`</mergeCells></worksheet>`)
	})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// sexOf is the offset of the word that agrees with the number of row i: the
// 17th digit is odd for a man.
func sexOf(i int) int { return 1 - i/16800%2 }

// peakMB is the largest resident size of this process so far.
func peakMB(t testing.TB) float64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	return 0
}

// BenchmarkRead200k reads, interprets and checks a ledger of 200,000 rows. The
// bars are 5,000 rows a second and 512 MB.
func BenchmarkRead200k(b *testing.B) {
	const n = 200_000
	path := filepath.Join(b.TempDir(), "big.xlsx")
	bigLedger(b, path, n)
	for b.Loop() {
		book := interpretFile(b, path, history.Options{})
		s := book.Sheets[0]
		if s.Procedures < n*98/100 {
			b.Fatalf("%d procedures of %d rows: %v", s.Procedures, n, said(s)[:10])
		}
	}
	b.ReportMetric(n/(b.Elapsed().Seconds()/float64(b.N)), "rows/s")
	b.ReportMetric(peakMB(b), "peak-MB")
}

func TestABigLedgerIsReadRightly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.xlsx")
	bigLedger(t, path, 2000)
	s := interpretFile(t, path, history.Options{}).Sheets[0]
	if len(said(s)) > 0 || s.Procedures != 2000 || s.Patients != 2000-181 || s.TotalFen != 2000*5814256 {
		t.Errorf("%d procedures, %d patients, %v: %v", s.Procedures, s.Patients, s.TotalFen, said(s)[:min(10, len(said(s)))])
	}
}
