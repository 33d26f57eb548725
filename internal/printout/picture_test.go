package printout_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/printout"
)

// pictures is a report with a chart of every kind of shape.
func pictures(hospitals int) printout.Form {
	plot := func(title string) chart.Plot {
		return chart.Plot{Frame: chart.Frame{ID: "p", Title: title, Note: "登记数据，统计到 2026-06-30", Width: 760}, X: "手术例数", Y: "比例"}
	}
	f := chart.Funnel{Plot: plot("一家医院高于界限"), Target: 0.1, TargetName: "全部医院", Points: []chart.FunnelPoint{{Name: "云岭区人民医院", Volume: 80, Value: 0.3, Style: chart.Alarm}, {Name: "澜港市第一人民医院", Volume: 90, Value: 0.1, Style: chart.Brand}},
		Limits: []chart.FunnelLimit{{Name: "99.8% 界限", Volumes: []float64{1, 100}, Low: []float64{0, 0.02}, High: []float64{1, 0.2}}}}
	s, err := chart.NewSankey(plot("资金分到两家医院"), []chart.FlowNode{{ID: "a", Name: "资金池", Style: chart.Fund}, {ID: "b", Name: "甲医院", Style: chart.Mountain}, {ID: "c", Name: "乙医院", Style: chart.Sea}},
		[]chart.FlowLink{{From: "a", To: "b", Amount: 700}, {From: "a", To: "c", Amount: 300}})
	if err != nil {
		panic(err)
	}
	e := chart.Estimates{Plot: plot("各医院都与总体相容"), Reference: 0.1, ReferenceName: "总体"}
	for i := range hospitals {
		e.Items = append(e.Items, chart.Estimate{Name: fmt.Sprintf("第%d医院", i+1), Value: 0.1, Low: 0.05, High: 0.2, Basis: "3/30", Style: chart.Brand})
	}
	m := chart.FlowMap{Plot: plot("转诊去向"), Left: chart.Place{Name: "受援地", Style: chart.Mountain, Sites: []chart.Site{{Name: "县医院", Count: 3}}},
		Right: chart.Place{Name: "支援地", Style: chart.Sea, Sites: []chart.Site{{Name: "市医院", Count: 3}}}, Arcs: []chart.Arc{{Amount: 3}}}
	bars := chart.Waterfall{Frame: chart.Frame{Title: "账单怎样变成个人支付", Width: 760}, Start: chart.Step{Name: "账单", Style: chart.Bill, Amount: 100},
		Steps: []chart.Step{{Name: "医院减免", Style: chart.Waiver, Amount: 60}}, End: chart.Step{Name: "个人实付", Style: chart.Net}}
	return printout.Form{Title: "质量报告", Made: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Pages: func(page, of int) string { return fmt.Sprintf("第 %d 页，共 %d 页", page, of) },
		Charts: []chart.Drawing{f.Draw(), s.Draw(), e.Draw(), m.Draw(), bars.Draw()}}
}

func TestChartsArePrintedWithTheirWords(t *testing.T) {
	raw := pdf(t, pictures(3))
	if dir := os.Getenv("SHANHAI_TEST_KEEP"); dir != "" {
		_ = os.WriteFile(filepath.Join(dir, "pictures.pdf"), raw, 0o600)
	}
	text := squeezed(extracted(t, raw))
	for _, want := range []string{"一家医院高于界限", "云岭区人民医院", "99.8%界限", "资金分到两家医院", "甲医院", "700", "第2医院", "3/30", "县医院", "账单怎样变成个人支付", "医院减免", "60.0%", "统计到2026-06-30"} {
		if !strings.Contains(text, want) {
			t.Errorf("the paper lacks %q:\n%s", want, text)
		}
	}
	if !bytes.Equal(raw, pdf(t, pictures(3))) {
		t.Error("two files of one report differ")
	}
}

func TestAChartLongerThanAPageIsDrawnSmaller(t *testing.T) {
	text := extracted(t, pdf(t, pictures(120)))
	if !strings.Contains(squeezed(text), "第120医院") || !strings.Contains(squeezed(text), "第1医院") {
		t.Errorf("hospitals are lost:\n%s", text)
	}
}

// coloured is a colour operator whose three parts are not the same.
var coloured = regexp.MustCompile(`(?m)([\d.]+) ([\d.]+) ([\d.]+) (rg|RG)\b`)

func TestChartsArePrintedInGrey(t *testing.T) {
	raw, shapes := pdf(t, pictures(3)), 0
	for _, part := range bytes.Split(raw, []byte("stream\n"))[1:] {
		z, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue
		}
		content, _ := io.ReadAll(z) // the checksum is followed by the rest of the file
		shapes += bytes.Count(content, []byte(" c\n"))
		for _, m := range coloured.FindAllSubmatch(content, -1) {
			if !bytes.Equal(m[1], m[2]) || !bytes.Equal(m[2], m[3]) {
				t.Errorf("colour %s on a grey paper", m[0])
			}
		}
	}
	if shapes == 0 {
		t.Error("no curve is drawn as a curve")
	}
}
