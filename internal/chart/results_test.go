package chart_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
)

var unknown = math.NaN()

func percent(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + "%" }

// wave is a repeatable number from 0 to 1.
func wave(i int) float64 { return 0.5 + 0.5*math.Sin(float64(i)*12.9898)*math.Cos(float64(i)*0.73) }

// desk is where the pictures are drawn for: its language and their width.
type desk struct {
	english bool
	width   int
}

var chinese = desk{width: 760}

// say chooses the words.
func (d desk) say(zh, en string) string {
	if d.english {
		return en
	}
	return zh
}

func (d desk) hospital(i int) string {
	return d.say(fmt.Sprintf("云岭土家族苗族自治县第%d人民医院骨科与康复医学中心（东院区）", i+1),
		fmt.Sprintf("Department of Orthopaedics and Rehabilitation, People’s Hospital No. %d of Yunling Autonomous County", i+1))
}

func (d desk) frame(id, title string) chart.Frame {
	return chart.Frame{ID: id, Title: title, Note: "登记数据，统计到 2026-06-30", Width: d.width, Blank: d.say("所选时间内没有手术，没有可以画的数据", "No operations in the chosen period, so there is nothing to draw")}
}

func (d desk) plot(id, title string) chart.Plot {
	return chart.Plot{Frame: d.frame(id, title), X: d.say("手术例数", "Operations"), Y: d.say("并发症比例", "Share with a complication within ninety days of the operation"), SayY: percent}
}

func (d desk) funnel(n int) chart.Drawing {
	f := chart.Funnel{Plot: d.plot("funnel", "一家医院的并发症比例高于 99.8% 界限"), Target: 0.08, TargetName: d.say("全部医院 8.0%", "All hospitals together 8.0%")}
	f.Heads = []string{"医院", "例数", "比例", "位置"}
	limits := statistics.BinomialFunnel{Target: 0.08}.Limits
	f.Limits = []chart.FunnelLimit{chart.LimitsOf(d.say("95% 界限（精确二项，插值）", "95% limits (exact binomial, interpolated)"), limits, statistics.WarnLevel, 400), chart.LimitsOf(d.say("99.8% 界限", "99.8% limits (exact binomial, interpolated)"), limits, statistics.ActionLevel, 400)}
	for i := range n {
		p := chart.FunnelPoint{Name: d.hospital(i), Volume: math.Round(5 + 390*wave(i)), Value: 0.08 + 0.06*(wave(3*i+1)-0.5), Style: chart.Brand, Remark: "界限内"}
		switch i % 15 {
		case 1:
			p.Value, p.Style, p.Remark = 0.19, chart.Alarm, "高于 99.8% 界限"
		case 2:
			p.Value, p.Style, p.Remark = 0.14, chart.Warn, "高于 95% 界限"
		}
		f.Points = append(f.Points, p)
	}
	return f.Draw()
}

func (d desk) control(n int) chart.Drawing {
	c := chart.Control{Plot: d.plot("control", "2026 年 3 月起连续八个月低于中心线"), Center: 0.1, CenterName: d.say("中心线 10.0%", "Centre line 10.0%"), LimitName: d.say("三倍标准差界限", "Limits of three standard deviations")}
	c.X, c.Heads = "月份", []string{"月份", "比例", "下限", "上限", "判异规则"}
	for i := range n {
		width := 0.03 + 0.03*wave(i)
		p := chart.ControlPoint{Name: fmt.Sprintf("%d-%02d", 2000+i/12, i%12+1), Value: 0.1 + 0.05*(wave(i+5)-0.5), Low: 0.1 - width, High: 0.1 + width}
		switch {
		case i%11 == 10:
			p.Value, p.Low, p.High = unknown, unknown, unknown
		case i%29 == 1:
			p.Value, p.Rule = 0.17, "超出三倍标准差"
		}
		c.Points = append(c.Points, p)
	}
	return c.Draw()
}

func (d desk) survival(n int) chart.Drawing {
	v := chart.Survival{Plot: d.plot("survival", "三年累计翻修率：髋 2.1%，膝 1.4%"), Risk: d.say("在险关节数", "Joints at risk")}
	v.X, v.Y, v.Heads = d.say("术后年数", "Years after the operation"), d.say("累计翻修率", "Cumulative share revised"), []string{"组", "年", "在险", "翻修率", "95% 区间"}
	for t := range 9 {
		v.Ticks = append(v.Ticks, float64(t))
	}
	for g, name := range []string{d.say("髋关节置换（全部固定方式与关节面组合）", "Hip replacements (every fixation and every pair of bearing surfaces)"), d.say("膝关节置换", "Knee replacements")} {
		var ss []statistics.Subject
		for i := range n {
			s := statistics.Subject{Time: math.Round(100*(0.1+7.8*wave(7*i+g))) / 100}
			if i%(9+g) == 1 {
				s.Outcome = statistics.Event
			}
			ss = append(ss, s)
		}
		c := statistics.KaplanMeier(ss, statistics.ReportBand())
		if n >= 30 {
			c = c.StopBelow(10)
		}
		v.Groups = append(v.Groups, chart.RevisionOf(name, []chart.Style{chart.Brand, chart.Sea}[g], c, v.Ticks))
	}
	return v.Draw()
}

func (d desk) cusum(n int) chart.Drawing {
	m := chart.Monitor{Plot: d.plot("cusum", "第 38 例起累计和超过界限")}
	m.X, m.Y, m.SayY, m.Heads = d.say("手术次序", "Operations in their order"), d.say("累计和", "Cumulative sum"), nil, []string{"手术", "变差", "变好", "信号"}
	var cases []statistics.Case
	for i := range n {
		cases = append(cases, statistics.Case{Risk: 0.02 + 0.1*wave(i), Event: i%7 == 1})
		m.Cases = append(m.Cases, strconv.Itoa(i+1))
	}
	for g, odds := range []float64{2, 0.5} {
		points, _ := statistics.Cusum{Odds: odds, Limit: 2.5}.Run(cases)
		line := chart.LineOf(points, 2.5, []chart.Way{chart.Up, chart.Down}[g], d.say("超过界限，请复核", "Beyond the limit: please review the cases"))
		line.Name, line.Style = []string{"变差（优势比 2）", "变好（优势比 0.5，向下画）"}[g], []chart.Style{chart.Brand, chart.Sea}[g]
		line.LimitName = []string{"界限 h = 2.5", "界限 h = 2.5（变好）"}[g]
		m.Lines = append(m.Lines, line)
	}
	return m.Draw()
}

func (d desk) vlad(n int) chart.Drawing {
	m := chart.Monitor{Plot: d.plot("vlad", "比预期少 2.4 例")}
	m.SayY, m.Heads = nil, []string{"手术", "期望减实际", "信号"}
	line := chart.MonitorLine{Name: d.say("期望减实际（向上更好）", "Expected less observed events (upwards is better)"), Style: chart.Brand, Limit: unknown}
	var cases []statistics.Case
	for i := range n {
		cases = append(cases, statistics.Case{Risk: 0.02 + 0.1*wave(i), Event: i%13 == 1})
		m.Cases = append(m.Cases, strconv.Itoa(i+1))
	}
	line.Values, _ = statistics.VLAD(cases)
	m.Lines = []chart.MonitorLine{line}
	return m.Draw()
}

func yuan2(v int64) string { return yuan(v) + " 元" }

func (d desk) sankey(n int) chart.Drawing {
	p := d.plot("sankey", "四个来源的钱分到各家医院")
	p.Format, p.Heads = yuan2, []string{"来源", "去向", "金额"}
	nodes := []chart.FlowNode{{ID: "gov", Name: d.say("财政援助资金", "Public assistance of the donor city"), Style: chart.Fund}, {ID: "char", Name: d.say("慈善总会定向捐赠", "Earmarked donations through the charity federation"), Style: chart.Net}, {ID: "pool", Name: d.say("资金池", "Fund"), Style: chart.Brand}}
	var links []chart.FlowLink
	sum := int64(0)
	for i := range n {
		amount := int64(100000 + 900000*wave(i))
		nodes = append(nodes, chart.FlowNode{ID: strconv.Itoa(i), Name: d.hospital(i), Style: chart.Mountain})
		links, sum = append(links, chart.FlowLink{From: "pool", To: strconv.Itoa(i), Amount: amount}), sum+amount
	}
	if n > 0 {
		links = append(links, chart.FlowLink{From: "gov", To: "pool", Amount: sum / 3}, chart.FlowLink{From: "char", To: "pool", Amount: sum - sum/3})
	}
	s, err := chart.NewSankey(p, nodes, links)
	if err != nil {
		panic(err)
	}
	return s.Draw()
}

func (d desk) slope(n int) chart.Drawing {
	s := chart.Slope{Plot: d.plot("slope", "膝关节评分中位数由 18 升到 38"), Before: d.say("术前", "Before the operation"), After: d.say("术后 6 个月", "Six months after the operation"), Least: 5, LeastName: d.say("最小重要变化 5 分", "Smallest change that matters: 5 points"), MedianName: d.say("中位数", "Median"), QuartileName: d.say("中间一半患者", "Middle half of the patients"),
		Reached: "达到", NotReached: "未达到"}
	s.Y, s.SayY, s.Heads = d.say("评分（0–48）", "Score of the joint (0–48)"), nil, []string{"患者", "术前", "术后", "变化", "是否达到"}
	for i := range n {
		p := chart.Pair{Name: fmt.Sprintf("P-%04d", i+1), Before: math.Round(10 + 15*wave(i)), After: math.Round(25 + 20*wave(2*i+9))}
		if i%9 == 8 {
			p.After = unknown
		}
		s.Pairs = append(s.Pairs, p)
	}
	s.Count = fmt.Sprintf("n = %d，缺少任一评分 %d", n, s.Missing())
	return s.Draw()
}

func (d desk) calendar(n int) chart.Drawing {
	c := chart.Calendar{Plot: d.plot("calendar", "手术集中在专家到访的周"), First: clock.MustDate(2025, 10, 3),
		Weekdays: [7]string{"周一", "周二", "周三", "周四", "周五", "周六", "周日"},
		Months:   [12]string{"一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "十一月", "十二月"},
		Year:     func(y int) string { return strconv.Itoa(y) + " 年" }}
	c.Heads = []string{"日期", "例数"}
	for i := range n {
		v := int64(12 * wave(i) * wave(i/7))
		if i%50 == 49 {
			v = chart.Missing
		}
		c.Counts = append(c.Counts, v)
	}
	return c.Draw()
}

func (d desk) estimates(n int) chart.Drawing {
	e := chart.Estimates{Plot: d.plot("estimates", "各医院的并发症比例都与总体相容"), Reference: 0.06, ReferenceName: d.say("全部医院 6.0%", "All hospitals together 6.0%")}
	e.X, e.SayX, e.Heads = d.say("并发症比例，95% 精确区间", "Share with a complication, exact 95% interval"), percent, []string{"医院", "比例", "95% 区间", "依据"}
	for i := range n {
		total := int(300 * wave(i))
		k := total / 17
		item := chart.Estimate{Name: d.hospital(i), Basis: fmt.Sprintf("%d/%d", k, total), Style: chart.Brand, Value: unknown, Low: unknown, High: unknown}
		if ci := statistics.ClopperPearson(k, total, 0.95); ci.Defined() {
			item.Value, item.Low, item.High = statistics.Proportion(k, total).Or(unknown), ci.Low, ci.High
		}
		e.Items = append(e.Items, item)
	}
	return e.Draw()
}

func (d desk) flowmap(n int) chart.Drawing {
	m := chart.FlowMap{Plot: d.plot("map", "澜港市两家医院接收转诊最多"), Left: chart.Place{Name: d.say("云岭区（受援地）", "Yunling District (receiving side of the pairing)"), Style: chart.Mountain}, Right: chart.Place{Name: d.say("澜港市（支援地）", "Langang City (supporting side of the pairing)"), Style: chart.Sea}}
	m.Heads = []string{"从", "到", "人次"}
	for i := range n {
		m.Left.Sites = append(m.Left.Sites, chart.Site{Name: d.hospital(i), Count: int64(100 * wave(i))})
		if i%3 == 0 {
			m.Right.Sites = append(m.Right.Sites, chart.Site{Name: fmt.Sprintf("澜港市第%d人民医院", i+1), Count: chart.Missing})
		}
	}
	for i := range n {
		m.Arcs = append(m.Arcs, chart.Arc{Left: i, Right: i % max(len(m.Right.Sites), 1), Back: i%2 == 1, Amount: int64(1 + 40*wave(i))})
	}
	return m.Draw()
}

func (d desk) bars(n int, horizontal bool) chart.Drawing {
	b := chart.Bars{Frame: d.frame("bars", "手术最多的医院"), Horizontal: horizontal, Series: []chart.Series{{Style: chart.Brand}}}
	b.Heads = []string{"医院", "例数"}
	for i := range n {
		v := int64(400 * wave(i))
		if i%17 == 16 {
			v = chart.Missing
		}
		b.Categories, b.Series[0].Values = append(b.Categories, d.hospital(i)), append(b.Series[0].Values, v)
	}
	return b.Draw()
}

func (d desk) columns(n int) chart.Drawing { return d.bars(n, false) }

func (d desk) names(n int) chart.Drawing { return d.bars(n, true) }

func (d desk) stacked(n int) chart.Drawing {
	b := chart.Bars{Frame: d.frame("stacked", "账单由谁付"), Horizontal: true, Total: "合计"}
	b.Format, b.Heads = yuan, []string{"医院", "基本医保", "资金池减免", "医院减免", "合计"}
	for s, name := range []string{d.say("基本医保统筹基金", "Basic medical insurance of the residents"), d.say("资金池减免", "Reduction from the fund"), d.say("医院减免", "Waiver of the hospital")} {
		x := chart.Series{Name: name, Style: []chart.Style{chart.Basic, chart.Fund, chart.Waiver}[s]}
		for i := range n {
			x.Values = append(x.Values, int64(9e8*wave(7*i+s)))
		}
		b.Series = append(b.Series, x)
	}
	for i := range n {
		b.Categories = append(b.Categories, d.hospital(i))
	}
	return b.Draw()
}

// waterfall has a bill and so many payers.
func (d desk) waterfall(n int) chart.Drawing {
	w := chart.Waterfall{Frame: d.frame("waterfall", "账单减到个人实付"), Start: chart.Step{Name: d.say("账单", "Bill"), Style: chart.Bill}, End: chart.Step{Name: d.say("个人实付", "Paid by the patient"), Style: chart.Net}}
	w.Format, w.Heads = yuan, []string{"层次", "依据", "金额", "剩余"}
	for i := range n {
		s := chart.Step{Name: fmt.Sprintf(d.say("第%d层补助（医疗救助与慈善）", "Benefit no. %d of medical assistance and charity"), i+1), Style: []chart.Style{chart.Basic, chart.Assistance, chart.Waiver}[i%3], Amount: int64(1e6 * wave(i))}
		w.Start.Amount, w.Steps = w.Start.Amount+s.Amount, append(w.Steps, s)
	}
	if n > 0 {
		w.Start.Amount += 50000
	}
	return w.Draw()
}

func (d desk) results() map[string]func(int) chart.Drawing {
	return map[string]func(int) chart.Drawing{"funnel": d.funnel, "control": d.control, "survival": d.survival, "cusum": d.cusum, "vlad": d.vlad, "sankey": d.sankey,
		"slope": d.slope, "calendar": d.calendar, "estimates": d.estimates, "flowmap": d.flowmap,
		"bars": d.names, "columns": d.columns, "stacked": d.stacked, "waterfall": d.waterfall}
}

var sizes = []int{0, 1, 2, 30, 300}

func TestResultsStayAsTheyWereLookedAt(t *testing.T) {
	for name, draw := range chinese.results() {
		for _, n := range sizes {
			path := filepath.Join("testdata", fmt.Sprintf("%s-%d.svg.gz", name, n))
			got := draw(n).SVG
			if *update {
				var b bytes.Buffer
				z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
				_, _ = z.Write([]byte(got))
				_ = z.Close()
				if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := golden(path); err != nil || want != got {
				t.Errorf("%s differs (%v); look at it, then run with -update", path, err)
			}
		}
	}
}

func golden(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(z)
	return string(b), err
}

// written is a text of a picture and the room it takes at 12 px: a Han letter
// 1 em, others 0.55.
type written struct {
	text       string
	x, y, w, h float64
}

var textElement = regexp.MustCompile(`<text x="([-\d.]+)" y="([-\d.]+)" text-anchor="(\w+)"[^>]*>([^<]*)</text>`)

func texts(svg string) []written {
	var ws []written
	for _, m := range textElement.FindAllStringSubmatch(svg, -1) {
		w := written{text: html.UnescapeString(m[4]), h: 12}
		w.x, _ = strconv.ParseFloat(m[1], 64)
		w.y, _ = strconv.ParseFloat(m[2], 64)
		w.y -= 10
		for _, r := range w.text {
			if r >= 0x2E80 {
				w.w += 12
			} else {
				w.w += 0.55 * 12
			}
		}
		switch m[3] {
		case "middle":
			w.x -= w.w / 2
		case "end":
			w.x -= w.w
		}
		ws = append(ws, w)
	}
	return ws
}

// unreadable says which texts cover each other or leave the picture.
func unreadable(d chart.Drawing) (faults []string) {
	ws := texts(d.SVG)
	for i, a := range ws {
		if a.x < -2 || a.x+a.w > d.Width+2 || a.y < 0 || a.y+a.h > d.Height {
			faults = append(faults, fmt.Sprintf("%q leaves the picture", a.text))
		}
		for _, b := range ws[:i] {
			if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h {
				faults = append(faults, fmt.Sprintf("%q covers %q", a.text, b.text))
			}
		}
	}
	return faults
}

// A chart drawn again for another width is the chart drawn for it, but for its id.
func TestAChartIsDrawnAgainForAPhone(t *testing.T) {
	for name, draw := range chinese.results() {
		for _, n := range sizes {
			d := draw(n)
			phone, want := d.At(304), desk{width: 304}.results()[name](n)
			if got := regexp.MustCompile(`(ch-[a-z]+)-304`).ReplaceAllString(phone.SVG, "$1"); got != want.SVG || phone.Width != 304 || phone.SVG == got {
				t.Errorf("%s with %d is not what is drawn for a phone", name, n)
			}
		}
	}
}

func TestNoTextCoversAnother(t *testing.T) {
	for _, width := range []int{304, 512, 760, 1036} { // of a phone, half a page, a page
		for _, english := range []bool{false, true} {
			for name, draw := range (desk{english, width}).results() {
				for _, n := range sizes {
					d := draw(n)
					for _, f := range unreadable(d) {
						t.Errorf("%s with %d, %d px, English %v: %s", name, n, width, english, f)
					}
					if len(texts(d.SVG)) == 0 {
						t.Errorf("%s with %d has no text", name, n)
					}
				}
			}
		}
	}
}

// TestEveryRowKeepsItsNameAndFigure: where parts stand below each other there is
// room, so leaving out a label to avoid another one would be a fault.
func TestEveryRowKeepsItsNameAndFigure(t *testing.T) {
	for _, width := range []int{304, 760} {
		for _, d := range []desk{{false, width}, {true, width}} {
			for _, n := range sizes[1:] {
				for name, x := range map[string]chart.Drawing{"bars": d.names(n), "stacked": d.stacked(n), "estimates": d.estimates(n), "waterfall": d.waterfall(n)} {
					if got := len(texts(x.SVG)); got < 2*n {
						t.Errorf("%s with %d, %d px, English %v: %d texts for %d rows", name, n, width, d.english, got, n)
					}
				}
			}
		}
	}
}

func TestResultsObeyTheHouse(t *testing.T) {
	for name, draw := range chinese.results() {
		for _, n := range sizes {
			d := draw(n)
			wellFormed(t, d.SVG)
			for _, bad := range []string{"style=", "<style", "<script", "NaN", "Inf", `fill="#`, `stroke="#`} {
				if strings.Contains(d.SVG, bad) {
					t.Errorf("%s with %d contains %s", name, n, bad)
				}
			}
			for _, part := range []string{`role="img"`, "<title id=", "<desc id=", `font-size="12"`} {
				if !strings.Contains(d.SVG, part) {
					t.Errorf("%s with %d lacks %s", name, n, part)
				}
			}
			if blank := slices.ContainsFunc(texts(d.SVG), func(w written) bool { return strings.Contains(w.text, "没有可以画的数据") }); blank != (n == 0) || blank != (len(d.Rows) == 0) {
				t.Errorf("%s with %d: says it is empty: %v, rows: %d", name, n, blank, len(d.Rows))
			}
			for _, r := range d.Rows {
				if len(d.Heads) != len(r.Cells) || strings.Contains(strings.Join(r.Cells, ""), "NaN") {
					t.Fatalf("%s with %d: %v under %v", name, n, r.Cells, d.Heads)
				}
			}
			if again := draw(n); again.SVG != d.SVG {
				t.Errorf("%s with %d is not the same twice", name, n)
			}
		}
	}
}

func TestFlowsThatDoNotAddUpAreRefused(t *testing.T) {
	nodes := []chart.FlowNode{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	link := func(from, to string, amount int64) chart.FlowLink {
		return chart.FlowLink{From: from, To: to, Amount: amount}
	}
	if _, err := chart.NewSankey(chart.Plot{}, nodes, []chart.FlowLink{link("a", "b", 100), link("b", "c", 100)}); err != nil {
		t.Error(err)
	}
	for name, links := range map[string][]chart.FlowLink{
		"a fen is lost":         {link("a", "b", 100), link("b", "c", 99)},
		"a fen appears":         {link("a", "b", 100), link("b", "c", 101)},
		"nothing flows":         {link("a", "b", 0)},
		"it flows back":         {link("a", "b", -5)},
		"a circle":              {link("a", "b", 5), link("b", "c", 5), link("c", "a", 5)},
		"to itself":             {link("a", "a", 5)},
		"to nowhere":            {link("a", "x", 5)},
		"more than can be told": {link("a", "b", math.MaxInt64), link("a", "b", 1)},
	} {
		if _, err := chart.NewSankey(chart.Plot{}, nodes, links); !errors.Is(err, chart.ErrFlow) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := chart.NewSankey(chart.Plot{}, append(nodes, chart.FlowNode{ID: "a"}), nil); !errors.Is(err, chart.ErrFlow) {
		t.Errorf("a node twice: %v", err)
	}
}

func TestTheRuleThatFiredIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		d    chart.Drawing
		want string
	}{
		"control": {chinese.control(30), "超出三倍标准差"}, "cusum": {chinese.cusum(300), "超过界限，请复核"},
		"funnel": {chinese.funnel(30), "云岭土家族苗族"}, "survival": {chinese.survival(30), "在险关节数"}, "slope": {chinese.slope(30), "n = 30，缺少任一评分 3"},
	} {
		if !slices.ContainsFunc(wellFormed(t, c.d.SVG), func(s string) bool { return strings.HasPrefix(s, c.want) }) {
			t.Errorf("%s does not say %q", name, c.want)
		}
	}
}

func TestNumbersAtRiskStandBelowTheirTicks(t *testing.T) {
	d := chinese.survival(300)
	at := map[string][]float64{}
	for _, m := range textElement.FindAllStringSubmatch(d.SVG, -1) {
		if m[3] == "middle" {
			at[m[1]] = append(at[m[1]], 1)
		}
	}
	if n := len(slices.DeleteFunc(texts(d.SVG), func(w written) bool { return w.text != "300" })); n != 2 {
		t.Errorf("at the start everybody is at risk, in both groups; %d times 300", n)
	}
	if len(at) != 9 {
		t.Errorf("texts stand at %d places, want one for each tick", len(at))
	}
	for x, ts := range at {
		if len(ts) != 3 {
			t.Errorf("at %s stand %d texts, want the tick and two numbers", x, len(ts))
		}
	}
}

func TestWhatIsUndefinedIsAGap(t *testing.T) {
	if !math.IsNaN(chart.Value(statistics.Number{})) || chart.Value(statistics.Of(2)) != 2 {
		t.Error("an undefined figure is drawn")
	}
	c := statistics.PChart([]statistics.Share{{Events: 1, Cases: 100}, {}, {Events: 30, Cases: 100}})
	points := chart.PointsOf(c, []string{"一月", "二月"}, func(r statistics.Rule) string { return strconv.Itoa(int(r)) })
	if len(points) != 3 || points[0].Name != "一月" || !math.IsNaN(points[1].Value) || points[2].Rule != "1" || points[1].Rule != "" {
		t.Errorf("%+v", points)
	}
	for p, want := range map[statistics.Position]chart.Style{statistics.Inside: chart.Brand, statistics.PositionUnknown: chart.Brand, statistics.WarnLow: chart.Warn, statistics.ActionHigh: chart.Alarm} {
		if got := chart.StyleOf(p); got != want {
			t.Errorf("%v is drawn as %s", p, got)
		}
	}
	ss := []statistics.Subject{{Time: 1, Outcome: statistics.Event}, {Time: 2, Outcome: statistics.Event}, {Time: 2}}
	g := chart.RevisionOf("g", chart.Sea, statistics.KaplanMeier(ss, statistics.ReportBand()), []float64{0, 1.5, 3})
	if !slices.Equal(g.AtRisk, []int{3, 2, 0}) || len(g.Steps) != 2 || !slices.Equal(g.Gone, []float64{2}) || !(g.Steps[0].Low < g.Steps[0].Value && g.Steps[0].Value < g.Steps[0].High) {
		t.Errorf("%+v", g)
	}
}

// TestRedIsKeptForChangesForTheWorse: a signal of the better kind keeps the shape
// of a signal.
func TestRedIsKeptForChangesForTheWorse(t *testing.T) {
	for _, calm := range []bool{false, true} {
		c := chart.Control{Center: unknown, Points: []chart.ControlPoint{{Name: "a", Value: 1, Rule: "beyond a limit", Calm: calm}, {Name: "b", Value: 2}}}
		m := chart.Monitor{Cases: []string{"a"}, Lines: []chart.MonitorLine{{Values: []float64{-4}, Limit: -4, Signals: []chart.MonitorSignal{{Name: "better"}}, Calm: calm}}}
		for _, d := range []chart.Drawing{c.Draw(), m.Draw()} {
			if strings.Contains(d.SVG, "ch-alarm") == calm || (d.Rows[0].Style == chart.Alarm) == calm || strings.Contains(d.SVG, "ch-ink") != calm {
				t.Errorf("calm %v is drawn as %q: %s", calm, d.Rows[0].Style, d.SVG)
			}
		}
	}
}

// TestTheLastDayOfAYearIsItsEnd: who is watched for a year is watched for 365
// days, and the tick of a year stands at 365.25.
func TestTheLastDayOfAYearIsItsEnd(t *testing.T) {
	ss := []statistics.Subject{{Time: 100}, {Time: 365}, {Time: 365}, {Time: 365}}
	g := chart.RevisionOf("g", chart.Sea, statistics.KaplanMeier(ss, statistics.ReportBand()), []float64{0, 182.625, 365.25, 547.875})
	if !slices.Equal(g.AtRisk, []int{4, 3, 3, 0}) {
		t.Errorf("%v", g.AtRisk)
	}
}

func TestACalendarBeginsItsWeeksOnMonday(t *testing.T) {
	c := chart.Calendar{First: clock.MustDate(2026, 6, 1), Counts: []int64{1, 1, 1, 1, 1, 1, 1, 1}} // the first is a Monday
	var cells [][2]float64
	for _, m := range regexp.MustCompile(`<rect x="([\d.]+)" y="([\d.]+)"[^>]*><title>2026`).FindAllStringSubmatch(c.Draw().SVG, -1) {
		x, _ := strconv.ParseFloat(m[1], 64)
		y, _ := strconv.ParseFloat(m[2], 64)
		cells = append(cells, [2]float64{x, y})
	}
	if len(cells) != 8 || cells[0][0] != cells[6][0] || cells[7][0] <= cells[0][0] || cells[7][1] != cells[0][1] || cells[6][1] <= cells[0][1] {
		t.Errorf("%v", cells)
	}
	leap := chart.Calendar{First: clock.MustDate(2012, 1, 1), Counts: make([]int64, 366)} // a Sunday: 54 weeks
	if d := leap.Draw(); strings.Count(d.SVG, "<title>2012-") != 366 || len(unreadable(d)) > 0 {
		t.Errorf("%d days, %v", strings.Count(d.SVG, "<title>2012-"), unreadable(d))
	}
}

// strange are values as they come from the world.
func strange() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(-1e6, 1e6), rapid.Float64Range(0, 1), rapid.Just(0.0), rapid.Just(math.NaN()), rapid.Just(math.Inf(1)), rapid.Just(1e-9))
}

func TestAnyValuesGiveAReadablePicture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		width := rapid.IntRange(320, 1100).Draw(t, "width")
		name := rapid.SampledFrom([]string{"一", "云岭区人民医院骨科与康复医学中心", "Affiliated Hospital of the Medical University", "<&\"", ""})
		p := chart.Plot{Frame: chart.Frame{ID: "x", Title: "t", Width: width, Blank: "没有数据"}, X: name.Draw(t, "x"), Y: name.Draw(t, "y")}
		v := func(what string) float64 { return strange().Draw(t, what) }
		f := chart.Funnel{Plot: p, Target: v("target")}
		c := chart.Control{Plot: p, Center: v("center"), CenterName: name.Draw(t, "centre")}
		s := chart.Slope{Plot: p, Least: v("least"), Before: name.Draw(t, "before"), After: name.Draw(t, "after")}
		e := chart.Estimates{Plot: p, Reference: v("reference"), ReferenceName: "r"}
		m := chart.Monitor{Plot: p, Lines: []chart.MonitorLine{{Name: "l", Style: chart.Sea, Limit: v("h")}}}
		k := chart.Survival{Plot: p, Risk: name.Draw(t, "risk"), Groups: []chart.Cohort{{Name: "g", Style: chart.Brand}}}
		for i := range n {
			f.Points = append(f.Points, chart.FunnelPoint{Name: name.Draw(t, "n"), Volume: v("volume"), Value: v("value"), Style: chart.Alarm})
			c.Points = append(c.Points, chart.ControlPoint{Name: name.Draw(t, "n"), Value: v("value"), Low: v("low"), High: v("high"), Rule: name.Draw(t, "rule")})
			s.Pairs = append(s.Pairs, chart.Pair{Before: v("before"), After: v("after")})
			e.Items = append(e.Items, chart.Estimate{Name: name.Draw(t, "n"), Value: v("value"), Low: v("low"), High: v("high"), Basis: "b"})
			m.Cases = append(m.Cases, strconv.Itoa(i))
			m.Lines[0].Values = append(m.Lines[0].Values, v("value"))
			m.Lines[0].Signals = append(m.Lines[0].Signals, chart.MonitorSignal{Case: i - 1, Name: name.Draw(t, "s")})
			g := &k.Groups[0]
			g.Steps, g.Gone = append(g.Steps, chart.SurvivalStep{Time: float64(i), Value: v("value"), Low: v("low"), High: v("high")}), append(g.Gone, v("gone"))
		}
		for i, d := range []chart.Drawing{f.Draw(), c.Draw(), s.Draw(), e.Draw(), m.Draw(), k.Draw()} {
			wellFormed(t, d.SVG)
			if strings.Contains(d.SVG, "NaN") || strings.Contains(d.SVG, "Inf") {
				t.Fatalf("chart %d: %s", i, d.SVG)
			}
			if bad := unreadable(d); len(bad) > 0 {
				t.Fatalf("chart %d: %v", i, bad)
			}
		}
	})
}

// One month that rests on next to nothing has limits far away; they leave the
// picture rather than pressing all others to its bottom.
func TestLimitsOfASingleMonthDoNotFlattenTheOthers(t *testing.T) {
	c := chart.Control{Plot: chinese.plot("wide", "一个月"), Center: 0.1}
	for i := range 24 {
		p := chart.ControlPoint{Name: strconv.Itoa(i), Value: 0.1 + 0.01*float64(i%2), Low: 0.05, High: 0.15}
		if i == 23 {
			p.High = 9
		}
		c.Points = append(c.Points, p)
	}
	if ticks := texts(c.Draw().SVG); slices.ContainsFunc(ticks, func(w written) bool { return w.text == "500.0%" || w.text == "1000.0%" }) {
		t.Error("the axis goes up to the one limit")
	}
}
