package chart_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/money"
)

var update = flag.Bool("update", false, "rewrite the golden pictures")

func yuan(v int64) string { return money.Fen(v).String() }

func layers() chart.Bars {
	return chart.Bars{
		Frame: chart.Frame{ID: "layers", Title: "澜港市减免最多", Note: "按医院，单位元", Width: 760, Format: yuan,
			Heads: []string{"医院", "基本医保", "大病保险", "医疗救助", "资金池减免", "医院减免", "个人实付", "合计"}},
		Categories: []string{"云岭区人民医院", "云岭区中医医院", "澜港市第一人民医院骨科与康复医学中心（东院区）"},
		Series: []chart.Series{
			{Name: "基本医保", Style: chart.Basic, Values: []int64{2145530, 900000, 3100000}},
			{Name: "大病保险", Style: chart.Critical, Values: []int64{510245, 0, 20}},
			{Name: "医疗救助", Style: chart.Assistance, Values: []int64{823000, 120000, chart.Missing}},
			{Name: "资金池减免", Style: chart.Fund, Values: []int64{2000000, 500000, 2500000}},
			{Name: "医院减免", Style: chart.Waiver, Values: []int64{595305, 40000, 0}},
			{Name: "个人实付", Style: chart.Net, Values: []int64{50000, 0, 1}},
		},
		Horizontal: true, Total: "合计",
	}
}

func months() []string {
	var ms []string
	for i := range 24 {
		ms = append(ms, fmt.Sprintf("%d-%02d", 2025+i/12, i%12+1))
	}
	return ms
}

func monthly() chart.Bars {
	b := chart.Bars{Frame: chart.Frame{ID: "m", Title: "10 月最多", Note: "例数，n=332"}, Categories: months(),
		Series: []chart.Series{{Name: "例数", Style: chart.Brand}}}
	for i := range 24 {
		b.Series[0].Values = append(b.Series[0].Values, int64(i*i%37))
	}
	return b
}

func bill() chart.Waterfall {
	return chart.Waterfall{
		Frame: chart.Frame{ID: "w", Title: "账单 61,240.80 元，减免后个人付 500.00 元", Note: "三层保险救助付 56.8%", Width: 820, Format: yuan, Heads: []string{"层次", "依据", "金额", "剩余"}},
		Start: chart.Step{Name: "账单", Basis: "费用表", Style: chart.Bill, Amount: 6124080},
		Steps: []chart.Step{{Name: "基本医保", Style: chart.Basic, Amount: 2145530}, {Name: "大病保险", Style: chart.Critical, Amount: 510245},
			{Name: "医疗救助", Style: chart.Assistance, Amount: 823000}, {Name: "资金池减免", Style: chart.Fund, Amount: 2000000},
			{Name: "医院减免", Style: chart.Waiver, Amount: 595305}},
		End: chart.Step{Name: "个人实付", Style: chart.Net}}
}

func drawings() map[string]chart.Drawing {
	vertical := layers()
	vertical.Horizontal, vertical.Categories = false, []string{"关节", "白内障", "冠脉"}
	return map[string]chart.Drawing{"bars-stacked": layers().Draw(), "bars-vertical": monthly().Draw(), "bars-stacked-vertical": vertical.Draw(),
		"waterfall": bill().Draw()}
}

func TestPicturesStayAsTheyWereLookedAt(t *testing.T) {
	for name, d := range drawings() {
		path := filepath.Join("testdata", name+".svg")
		if *update {
			if err := os.WriteFile(path, []byte(d.SVG), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || string(want) != d.SVG {
			t.Errorf("%s differs from %s (%v); look at it, then run with -update", name, path, err)
		}
	}
}

// TestNothingHasNoBar: a step that changes nothing keeps its words alone.
func TestNothingHasNoBar(t *testing.T) {
	w := bill()
	w.Steps = append(w.Steps, chart.Step{Name: "其他支付方", Style: chart.Neutral})
	for _, width := range []int{1040, 360} { // side by side, and below each other
		w.Width = width
		d := w.Draw()
		if n := strings.Count(d.SVG, "<title>"); n != len(d.Rows)-1 {
			t.Errorf("%d wide: %d bars of %d steps", width, n, len(d.Rows))
		}
		if !slices.Contains(wellFormed(t, d.SVG), "0.00") && !strings.Contains(d.SVG, "0.00  0.0%") {
			t.Errorf("%d wide: the step has lost its amount", width)
		}
	}
}

// wellFormed reads the picture as XML and returns its texts.
func wellFormed(t interface{ Fatalf(string, ...any) }, svg string) []string {
	var texts []string
	dec, inText := xml.NewDecoder(strings.NewReader(svg)), false
	for {
		tok, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF):
			return texts
		case err != nil:
			t.Fatalf("not well formed: %v", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			inText = tok.Name.Local == "text"
		case xml.CharData:
			if inText {
				texts = append(texts, string(tok))
			}
		case xml.EndElement:
			inText = false
		}
	}
}

func TestPicturesObeyTheHouse(t *testing.T) {
	for name, d := range drawings() {
		wellFormed(t, d.SVG)
		if strings.Contains(d.SVG, "style=") || strings.Contains(d.SVG, "<style") || strings.Contains(d.SVG, "<script") {
			t.Errorf("%s: the content security policy forbids inline styles", name)
		}
		for _, part := range []string{`role="img"`, "<title id=", "<desc id=", "aria-labelledby=", `font-size="12"`} {
			if !strings.Contains(d.SVG, part) {
				t.Errorf("%s lacks %s", name, part)
			}
		}
		if m := regexp.MustCompile(`(fill|stroke)="#[0-9A-F]`).FindString(d.SVG); m != "" {
			t.Errorf("%s: %s is not a token, so dark theme and print cannot change it", name, m)
		}
		if d.Title == "" || len(d.Rows) == 0 {
			t.Errorf("%s has no title or no table", name)
		}
	}
}

func TestEveryNumberOfThePictureIsInItsTable(t *testing.T) {
	d := bill().Draw()
	want := [][]string{{"账单", "费用表", "61,240.80", "61,240.80"}, {"基本医保", "", "−21,455.30", "39,785.50"}, {"大病保险", "", "−5,102.45", "34,683.05"},
		{"医疗救助", "", "−8,230.00", "26,453.05"}, {"资金池减免", "", "−20,000.00", "6,453.05"}, {"医院减免", "", "−5,953.05", "500.00"}, {"个人实付", "", "500.00", "500.00"}}
	texts := wellFormed(t, d.SVG)
	for i, row := range d.Rows {
		if !slices.Equal(row.Cells, want[i]) {
			t.Errorf("row %d = %v, want %v", i, row.Cells, want[i])
		}
		if !slices.Contains(texts, row.Cells[2]) || !slices.Contains(texts, row.Cells[0]) {
			t.Errorf("%v is not labelled in the picture", row.Cells)
		}
	}
	for _, share := range []string{"100.0%", "35.0%", "8.3%", "13.4%", "32.7%", "9.7%", "0.8%"} {
		if !slices.Contains(texts, share) {
			t.Errorf("share %s is missing", share)
		}
	}
	if !d.Rows[6].Total || bill().Left() != 50000 {
		t.Error("the last row is what is left")
	}
}

func TestStackTableHasTheWhole(t *testing.T) {
	d := layers().Draw()
	if got := d.Rows[0].Cells; got[7] != "61,240.80" || len(got) != len(d.Heads) {
		t.Errorf("%v", got)
	}
	if got := d.Rows[2].Cells; got[3] != "–" || got[7] != "56,000.21" {
		t.Errorf("a missing part is shown as missing: %v", got)
	}
}

func TestMissingIsAGapNotZero(t *testing.T) {
	b := chart.Bars{Frame: chart.Frame{Unknown: "未上报"}, Categories: []string{"a"}, Series: []chart.Series{{Style: chart.Brand}}}
	if got := b.Draw(); got.Rows[0].Cells[1] != "未上报" || strings.Contains(got.SVG, "ch-brand") {
		t.Errorf("%+v", got)
	}
}

func TestWordsCannotBreakOut(t *testing.T) {
	evil := `</text><script>alert(1)</script>"&`
	for _, d := range []chart.Drawing{
		chart.Bars{Frame: chart.Frame{ID: `"><x`, Title: evil, Note: evil, Width: 2000}, Horizontal: true, Categories: []string{evil}, Series: []chart.Series{{Name: evil, Values: []int64{1}}, {Name: evil, Values: []int64{1}}}}.Draw(),
		chart.Waterfall{Frame: chart.Frame{Title: evil, Width: 2000}, Start: chart.Step{Name: evil, Amount: 5}, End: chart.Step{Name: evil}}.Draw(),
	} {
		wellFormed(t, d.SVG)
		if strings.Contains(d.SVG, "<script") || strings.Contains(d.SVG, `"><x`) {
			t.Error(d.SVG)
		}
	}
}

func TestNothingToDraw(t *testing.T) {
	if !(chart.Bars{}).Draw().Empty() || !(chart.Funnel{}).Draw().Empty() || !(chart.Waterfall{}).Draw().Empty() || layers().Draw().Empty() {
		t.Error("without data and without a sentence that says so there is a picture: an empty box")
	}
	if d := (chart.Waterfall{Start: chart.Step{Name: "a"}, Steps: []chart.Step{{Name: "b", Amount: 5}}}).Draw(); d.Empty() || strings.Contains(d.SVG, "NaN") || strings.Contains(d.SVG, "Inf") {
		t.Error("a bill of 0 must not divide by it")
	}
}

var rect = regexp.MustCompile(`<rect class="ch-brand" x="([-\d.]+)" y="[-\d.]+" width="([-\d.]+)"`)

// TestLongerBarIsLargerNumber holds the one promise of a bar chart.
func TestLongerBarIsLargerNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := rapid.SliceOfN(rapid.Int64Range(1, 1e14), 1, 12).Draw(t, "values")
		b := chart.Bars{Frame: chart.Frame{ID: "x", Width: rapid.IntRange(300, 1200).Draw(t, "width"), Format: func(int64) string { return "v" }}, Horizontal: true, Series: []chart.Series{{Style: chart.Brand, Values: vs}}}
		for range vs {
			b.Categories = append(b.Categories, "医院")
		}
		d := b.Draw()
		wellFormed(t, d.SVG)
		var widths []float64
		for _, m := range rect.FindAllStringSubmatch(d.SVG, -1) {
			x, _ := strconv.ParseFloat(m[1], 64)
			w, _ := strconv.ParseFloat(m[2], 64)
			if x < 0 || x+w > float64(b.Width)+0.1 || w < 3 {
				t.Fatalf("bar from %v, %v wide, leaves a drawing of %d", x, w, b.Width)
			}
			widths = append(widths, w)
		}
		for i := range vs {
			for j := range vs {
				if vs[i] < vs[j] && widths[i] > widths[j]+0.1 {
					t.Fatalf("%d is drawn longer than %d", vs[i], vs[j])
				}
			}
		}
	})
}

func TestNegativeValuesStandBeyondZero(t *testing.T) {
	b := chart.Bars{Frame: chart.Frame{ID: "n", Width: 600}, Horizontal: true, Categories: []string{"a", "b"}, Series: []chart.Series{{Style: chart.Brand, Values: []int64{-5, 10}}}}
	m := rect.FindAllStringSubmatch(b.Draw().SVG, -1)
	minus, _ := strconv.ParseFloat(m[0][1], 64)
	plus, _ := strconv.ParseFloat(m[1][1], 64)
	if minus >= plus {
		t.Errorf("−5 starts at %v, 10 at %v", minus, plus)
	}
	b.Horizontal = false
	wellFormed(t, b.Draw().SVG)
}

func TestAxisStepsAreRoundAndReachTheValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(1, 1e14).Draw(t, "v")
		l := chart.Bars{Frame: chart.Frame{Format: func(n int64) string { return strconv.FormatInt(n, 10) }}, Categories: []string{"c"}, Series: []chart.Series{{Values: []int64{v}}}}
		var ticks []int64
		for _, m := range regexp.MustCompile(`text-anchor="end"[^>]*>(\d+)<`).FindAllStringSubmatch(l.Draw().SVG, -1) {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			ticks = append(ticks, n)
		}
		if len(ticks) < 2 || len(ticks) > 8 || ticks[0] != 0 || ticks[len(ticks)-1] < v {
			t.Fatalf("ticks for %d: %v", v, ticks)
		}
		if !regexp.MustCompile(`^[125]0*$`).MatchString(strconv.FormatInt(ticks[1], 10)) {
			t.Fatalf("step %d is not round", ticks[1])
		}
	})
}

func TestEveryStyleHasItsToken(t *testing.T) {
	for _, tok := range chart.Tokens() {
		if !strings.HasPrefix(tok.Name, "--") || len(tok.Light) != 7 || len(tok.Dark) != 7 {
			t.Errorf("%+v", tok)
		}
	}
}
