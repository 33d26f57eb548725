package chart_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/clock"
)

// below are the texts at the height of the labels of an axis with their places, from
// left to right.
func below(svg, one string) (xs []float64, texts []string) {
	var y string
	all := regexp.MustCompile(`<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)<`).FindAllStringSubmatch(svg, -1)
	for _, m := range all {
		if m[3] == one {
			y = m[2]
		}
	}
	slices.SortStableFunc(all, func(a, b []string) int {
		return cmp.Compare(number(a[1]), number(b[1]))
	})
	for _, m := range all {
		if m[2] == y {
			xs, texts = append(xs, number(m[1])), append(texts, m[3])
		}
	}
	return xs, texts
}

func number(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64)
	return v
}

// TestLabelsOfAnAxisAreLeftOutEvenly: every second or third stays, never three of
// four.
func TestLabelsOfAnAxisAreLeftOutEvenly(t *testing.T) {
	for width := 200; width < 700; width += 7 {
		p := chart.Plot{Frame: chart.Frame{Width: width}, SayX: func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }}
		e := chart.Estimates{Plot: p, Items: []chart.Estimate{{Name: "云岭土家族苗族自治县人民医院", Basis: "123/4567（2 例不计）", Value: 30, Low: 10, High: 60}}}
		f := chart.Funnel{Plot: p, Points: []chart.FunnelPoint{{Name: "a", Volume: 1700, Value: 1}}}
		for name, d := range map[string]chart.Drawing{"estimates": e.Draw(), "funnel": f.Draw()} {
			_, texts := below(d.SVG, "0.0")
			step := number(texts[min(1, len(texts)-1)])
			for i, text := range texts {
				if number(text) != float64(i)*step {
					t.Errorf("%s %d wide: %v", name, width, texts)
					break
				}
			}
		}
	}
}

// TestTheLastCaseIsNamed: what a line has come to is what is looked for.
func TestTheLastCaseIsNamed(t *testing.T) {
	for n := 1; n < 60; n++ {
		m := chart.Monitor{Lines: []chart.MonitorLine{{Limit: unknown}}}
		for i := range n {
			m.Cases, m.Lines[0].Values = append(m.Cases, fmt.Sprintf("第 %d 例 2026-01-%02d", i+1, i%28+1)), append(m.Lines[0].Values, 1)
		}
		if !strings.Contains(m.Draw().SVG, fmt.Sprintf(">第 %d 例", n)) {
			t.Errorf("of %d cases the last has no name", n)
		}
	}
}

// TestNoNodeIsWithoutItsName: on the way of the money from its source to the
// hospital each place is named, on a telephone as well.
func TestNoNodeIsWithoutItsName(t *testing.T) {
	names := [][]string{{"支援方财政援助", "企业资金", "社会捐赠"}, {"站立行动资金池", "护心行动资金池", "光明行动资金池"}, {"站立行动", "冠脉造影与介入", "白内障手术"}, {"云岭中医", "澜港中医", "云岭人民", "澜港一院", "东屿人民"}}
	rapid.Check(t, func(t *rapid.T) {
		var nodes []chart.FlowNode
		var links []chart.FlowLink
		in := map[string]int64{}
		for c, column := range names {
			for i, name := range column {
				nodes = append(nodes, chart.FlowNode{ID: fmt.Sprintf("%d.%d", c, i), Name: name, Style: chart.Fund})
			}
		}
		for i := range names[0] {
			in[fmt.Sprintf("0.%d", i)] = rapid.Int64Range(1, 9).Draw(t, "amount") * []int64{1, 100, 10_000, 1_000_000}[rapid.IntRange(0, 3).Draw(t, "size")] * 1000
		}
		for c := range names[1:] {
			for i := range names[c] {
				from := fmt.Sprintf("%d.%d", c, i)
				rest := in[from]
				for j := range names[c+1] {
					to, part := fmt.Sprintf("%d.%d", c+1, j), rest/rapid.Int64Range(2, 50).Draw(t, "part")
					if j == len(names[c+1])-1 {
						part = rest
					}
					if part > 0 {
						links, rest, in[to] = append(links, chart.FlowLink{From: from, To: to, Amount: part}), rest-part, in[to]+part
					}
				}
			}
		}
		s, err := chart.NewSankey(chart.Plot{Frame: chart.Frame{Width: rapid.IntRange(300, 1100).Draw(t, "width")}}, nodes, links)
		if err != nil {
			t.Fatal(err)
		}
		d, flowing := s.Draw(), 0
		for _, n := range nodes {
			if in[n.ID] > 0 {
				flowing++
			}
		}
		if got := len(texts(d.SVG)); got != flowing {
			t.Fatalf("%d px: %d of %d nodes are named", int(d.Width), got, flowing)
		}
		if faults := unreadable(d); faults != nil {
			t.Fatal(faults)
		}
	})
}

// TestAFunnelStrikesNoNameOut: hospitals on the axis, and near the line of all,
// have their names where no line runs through them.
func TestAFunnelStrikesNoNameOut(t *testing.T) {
	for width := 300; width < 800; width += 20 {
		f := chart.Funnel{Plot: chart.Plot{Frame: chart.Frame{Width: width}, SayY: percent}, Target: 0.007, Points: []chart.FunnelPoint{
			{Name: "澜港中医", Volume: 6, Value: 0.167, Style: chart.Warn}, {Name: "云岭人民", Volume: 80, Value: 0.009}, {Name: "云岭中医", Volume: 164, Value: 0}}}
		svg := f.Draw().SVG
		across := regexp.MustCompile(`<line x1="[\d.]+" y1="([\d.]+)" x2="[\d.]+" y2="([\d.]+)" class="ch-(?:axis|ink)"`).FindAllStringSubmatch(svg, -1)
		for _, w := range texts(svg) {
			for _, line := range across {
				if y := number(line[1]); line[1] == line[2] && strings.HasPrefix(w.text, "云岭") && y > w.y && y < w.y+w.h {
					t.Errorf("%d px: a line runs through %s", width, w.text)
				}
			}
		}
	}
}

// TestAMonthIsNeverCutShort: half of the number of November is January.
func TestAMonthIsNeverCutShort(t *testing.T) {
	c := chart.Calendar{First: clock.MustDate(2026, 1, 1), Counts: make([]int64, 365)}
	for i := range c.Months {
		c.Months[i] = fmt.Sprintf("%d月", i+1)
	}
	for width := 200; width < 1100; width += 50 {
		c.Width = width
		named := 0
		for _, text := range wellFormed(t, c.Draw().SVG) {
			if strings.Contains(text, "…") {
				t.Errorf("%d wide: %s", width, text)
			}
			if slices.Contains(c.Months[:], text) {
				named++
			}
		}
		if named == 0 || width > 700 && named < 12 {
			t.Errorf("%d wide: %d months are named", width, named)
		}
	}
}
