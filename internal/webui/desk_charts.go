package webui

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// deskCharts draws the charts of a page of the desk. What its reader may not see
// was not read, so a chart of it is not drawn.
type deskCharts struct {
	Base
	b    reporting.Board
	plan deskPlan
	mine string // the own operations of a surgeon, or those of one doctor
}

// halfWidth is that of a card that shares its line with another.
const halfWidth = 512

// of draws one measure; the chart is as wide as half a page.
func (c deskCharts) of(id measure.ID, draw func(measureCharts) (chart.Drawing, string)) deskChart {
	d, ok := c.b.Of(id)
	if !ok {
		return deskChart{}
	}
	m := measureCharts{Base: c.Base, d: d, mine: c.mine, width: halfWidth, named: true}
	drawing, part := draw(m)
	return deskChart{id: m.chartID(part), d: drawing, cases: c.listURL(d.Definition, c.b.Filter), half: true}
}

func (c deskCharts) trend(id measure.ID) deskChart {
	return c.of(id, func(m measureCharts) (chart.Drawing, string) { d, _ := m.trend(); return d, "trend" })
}

func (c deskCharts) estimates(id measure.ID) deskChart {
	return c.of(id, func(m measureCharts) (chart.Drawing, string) { d, _ := m.estimates(); return d, "parts" })
}

func (c deskCharts) funnel(id measure.ID) deskChart {
	return c.of(id, func(m measureCharts) (chart.Drawing, string) { d, _ := m.funnel(); return d, "funnel" })
}

func (c deskCharts) survival(id measure.ID) deskChart {
	return c.of(id, func(m measureCharts) (chart.Drawing, string) { d, _ := m.survival(); return d, "survival" })
}

func (c deskCharts) classes(id measure.ID) deskChart {
	return c.of(id, func(m measureCharts) (chart.Drawing, string) { d, _ := m.classes(); return d, "classes" })
}

// plot is the frame of a chart of the page's own.
func (c deskCharts) plot(id, title, note string, width int, heads ...string) chart.Plot {
	p := chart.Plot{Frame: chart.Frame{ID: id, Title: title, Note: note, Width: width, Format: countText, Blank: c.T("report.empty.title")}}
	for _, h := range heads {
		p.Heads = append(p.Heads, c.T(h))
	}
	return p
}

// programme are the charts of a programme's page.
func (c deskCharts) programme(p measure.Programme) []deskChart {
	var out []deskChart
	switch p {
	case measure.Joint:
		out = []deskChart{c.trend("joint.complication_90"), c.funnel("joint.readmission_90"), c.survival("joint.revision_365"), c.scores(), c.vlad("joint.complication_90"), c.cusum("joint.complication_90"),
			c.trend("joint.revision_rate"), c.estimates("joint.score_gain")}
	case measure.Cataract:
		out = []deskChart{c.trend("cataract.good_618"), c.funnel("cataract.good_618"), c.estimates("cataract.good_612"), c.funnel("cataract.rupture"), c.vlad("cataract.rupture"), c.cusum("cataract.rupture"),
			c.trend("cataract.second_eye_days"), c.estimates("cataract.va_loss")}
	default:
		out = []deskChart{c.trend("coronary.mace_30"), c.funnel("coronary.mace_30"), c.estimates("coronary.success"), c.estimates("coronary.radial"), c.vlad("coronary.mace_30"), c.cusum("coronary.mace_30"),
			c.trend("coronary.contrast"), c.estimates("coronary.door_wire_90")}
	}
	return append(out, c.calendar(), c.waterfall(p), c.sankey())
}

// hospital are the charts of a hospital's page.
func (c deskCharts) hospital() []deskChart {
	out := []deskChart{c.trend("all.procedures"), c.classes("quality.operations")}
	for _, id := range []measure.ID{"joint.complication_90", "cataract.rupture", "coronary.mace_30"} {
		out = append(out, c.vlad(id), c.cusum(id))
	}
	return append(out, c.trend("followup.in_window"), c.trend("quality.entered_2"), c.estimates("access.wait_days"), c.trend("money.settle_days"), c.calendar(), c.waterfall(measure.All))
}

// surgeon are the charts of a surgeon's page.
func (c deskCharts) surgeon() []deskChart {
	out := []deskChart{c.trend("quality.operations"), c.classes("quality.operations")}
	for _, id := range []measure.ID{"joint.complication_90", "cataract.rupture", "coronary.mace_30"} {
		out = append(out, c.vlad(id), c.cusum(id))
	}
	return append(out, c.survival("joint.revision_365"), c.scores(), c.trend("quality.sheet_complete"), c.trend("coronary.success"))
}

// comparison are the charts of the page that compares.
func (c deskCharts) comparison() []deskChart {
	out := []deskChart{c.estimates("joint.complication_90"), c.estimates("cataract.good_618"), c.estimates("coronary.mace_30"), c.estimates("access.wait_days"), c.estimates("followup.seen"),
		c.estimates("quality.sheet_complete"), c.curves("joint.revision_365")}
	if c.b.By == measure.ByHospital {
		out = append(out, c.funnel("joint.readmission_90"), c.funnel("cataract.good_618"), c.funnel("coronary.mace_30"))
	}
	return out
}

// flows are the charts of who goes where.
func (c deskCharts) flows() []deskChart {
	return []deskChart{c.townMap(), c.referralMap(), c.visitorMap(), c.rates()}
}

// calendarYears is how far back a calendar goes.
const calendarYears = 2

// calendar shades the days by their operations.
func (c deskCharts) calendar() deskChart {
	if len(c.b.Days) == 0 {
		return deskChart{id: "days"}
	}
	last := c.b.At.Lock
	if _, to := c.b.Filter.Period(); !to.IsZero() && to.Before(last) {
		last = to
	}
	first := clock.MustDate(last.Year()-calendarYears+1, 1, 1)
	if from, _ := c.b.Filter.Period(); from.After(first) {
		first = from
	}
	if last.Before(first) {
		return deskChart{id: "days"}
	}
	cal := chart.Calendar{First: first, Counts: make([]int64, last.DaysSince(first)+1)}
	sum, days := int64(0), []reporting.DayCount(nil)
	for _, d := range c.b.Days {
		if d.On.Before(first) || d.On.After(last) {
			continue
		}
		cal.Counts[d.On.DaysSince(first)] = d.N
		sum, days = sum+d.N, append(days, d)
	}
	if len(days) == 0 {
		return deskChart{id: "days"}
	}
	busiest := most(days, func(d reporting.DayCount) int64 { return d.N })
	title := mostTitle(c.Base, "board.calendar.title", busiest, func(d reporting.DayCount) string { return c.Day(d.On) }, "n", int(busiest[0].N))
	cal.Plot = c.plot("days", title, c.T("board.calendar.note", "from", first.String(), "to", last.String(), "days", countText(int64(len(days))), "n", countText(sum)), chartWidth, "measures.day", "board.calendar.count")
	for i := range cal.Weekdays {
		cal.Weekdays[i] = c.T("board.weekday." + strconv.Itoa(i+1))
	}
	for i := range cal.Months {
		cal.Months[i] = c.T("board.month." + strconv.Itoa(i+1))
	}
	d := cal.Draw()
	d.Rows = slices.DeleteFunc(d.Rows, func(r chart.Row) bool { return r.Cells[1] == "0" }) // a table of seven hundred days without an operation helps nobody
	cases := ""
	if m, ok := measure.ByID(measure.ID(string(programmeOf(c.b.Filter)) + ".procedures")); ok {
		cases = c.listURL(m, c.b.Filter)
	}
	return deskChart{id: "days", d: d, cases: cases}
}

func programmeOf(f measure.Filter) measure.Programme {
	if f.Programme == "" {
		return measure.All
	}
	return f.Programme
}

// scores sets the knee score a year after against the early one, joint by joint.
func (c deskCharts) scores() deskChart {
	if len(c.b.Scores) == 0 {
		return deskChart{id: "scores"}
	}
	s := chart.Slope{Before: c.T("board.scores.early"), After: c.T("board.scores.late"), Least: math.NaN(), // none is published for the knee score
		MedianName: c.T("board.scores.median"), QuartileName: c.T("board.scores.quartiles"),
		Reached: c.T("measures.yes"), NotReached: c.T("measures.no")}
	var gains []float64
	for i, p := range c.b.Scores {
		name := p.CaseNo
		if name == "" {
			name = "#" + strconv.Itoa(i+1)
		}
		x := chart.Pair{Name: name + " " + p.Side, Before: math.NaN(), After: math.NaN()}
		if p.Early != nil {
			x.Before = float64(*p.Early)
		}
		if p.Late != nil {
			x.After = float64(*p.Late)
		}
		if x.Complete() {
			gains = append(gains, x.After-x.Before)
		}
		s.Pairs = append(s.Pairs, x)
	}
	if len(gains) == 0 {
		return deskChart{id: "scores"}
	}
	spread := statistics.MedianIQR(gains)
	s.Count = c.T("board.scores.count", "n", len(gains), "missing", s.Missing())
	s.Plot = c.plot("scores", c.T("board.scores.title", "gain", signedText(spread.Median.Or(0)), "n", len(gains)), c.T("board.scores.note", "low", signedText(spread.Q1.Or(0)), "high", signedText(spread.Q3.Or(0))),
		halfWidth, "board.scores.joint", "board.scores.early", "board.scores.late", "board.scores.change", "board.scores.reached")
	s.Y, s.SayY = c.T("measure.unit.points"), short
	m, _ := measure.ByID("joint.score_gain")
	return deskChart{id: "scores", d: s.Draw(), cases: c.listURL(m, c.b.Filter), half: true}
}

// signedText writes a change with its sign.
func signedText(v float64) string {
	if v > 0 {
		return "+" + short(v)
	}
	return short(v)
}

// watching is a sequence with the words both of its charts need.
func (c deskCharts) watching(id measure.ID) (seq reporting.Sequence, m measure.Definition, cases []string, risk string, ok bool) {
	seq, ok = c.b.Sequences[id]
	m, _ = measure.ByID(id)
	if !ok || len(seq.Cases) == 0 {
		return seq, m, nil, "", false
	}
	for i, day := range seq.Days {
		cases = append(cases, c.T("board.watch.case", "n", i+1, "day", day))
	}
	key := "board.watch.risk.all"
	if seq.Target {
		key = "board.watch.risk.target"
	}
	return seq, m, cases, c.T(key, "risk", decimalText(seq.Risk*100, 2)), true
}

// against is what a sequence is held against, in a title.
func (c deskCharts) against(seq reporting.Sequence) string {
	key := "board.watch.against.all"
	if seq.Target {
		key = "board.watch.against.target"
	}
	return c.T(key, "risk", decimalText(seq.Risk*100, 2))
}

// vlad shows expected minus observed events, case after case.
func (c deskCharts) vlad(id measure.ID) deskChart {
	seq, m, cases, risk, ok := c.watching(id)
	if !ok {
		return deskChart{id: chartIDOf(id, "vlad")}
	}
	events := 0
	for _, x := range seq.Cases {
		if x.Event {
			events++
		}
	}
	end := seq.Watch.VLAD[len(seq.Watch.VLAD)-1]
	expected := end + float64(events)
	title := c.T("board.vlad.title", "name", c.T(m.NameKey()), "n", len(seq.Cases), "events", events, "expected", decimalText(expected, 1))
	note := c.T("board.vlad.note", "risk", risk)
	if len(seq.Cases) < statistics.LeastCases {
		note = c.T("board.vlad.few", "least", statistics.LeastCases, "risk", risk)
	}
	mon := chart.Monitor{Plot: c.plot(chartIDOf(id, "vlad"), title, note, halfWidth, "board.watch.cases", "board.vlad.line", "board.watch.signal"), Cases: cases,
		Lines: []chart.MonitorLine{{Name: c.T("board.vlad.line"), Style: chart.Brand, Values: seq.Watch.VLAD, Limit: math.NaN()}}}
	mon.X, mon.Y = c.T("board.watch.cases"), c.T("board.vlad.unit")
	mon.SayY = func(v float64) string { return decimalText(v, 2) }
	return deskChart{id: chartIDOf(id, "vlad"), d: mon.Draw(), cases: c.listURL(m, c.b.Filter), half: true}
}

func chartIDOf(id measure.ID, name string) string {
	return strings.NewReplacer(".", "-", "_", "-").Replace(string(id)) + "-" + name
}

// cusum looks for twice and half the odds, with limits sought by simulation. With
// few cases there is none.
func (c deskCharts) cusum(id measure.ID) deskChart {
	seq, m, cases, risk, ok := c.watching(id)
	if !ok || len(seq.Watch.Deterioration) == 0 || !seq.Worse.H.Defined() {
		return deskChart{id: chartIDOf(id, "cusum")}
	}
	worse := chart.LineOf(seq.Watch.Deterioration, seq.Worse.H.Or(math.NaN()), chart.Up, c.T("board.cusum.worse.signal"))
	worse.Name, worse.LimitName, worse.Style = c.T("board.cusum.worse"), c.T("board.cusum.limit", "h", decimalText(seq.Worse.H.Or(0), 2)), chart.Brand
	lines := []chart.MonitorLine{worse}
	heads := []string{"board.watch.cases", "board.cusum.worse"}
	if h, known := seq.Better.H.Value(); known {
		better := chart.LineOf(seq.Watch.Improvement, h, chart.Down, c.T("board.cusum.better.signal"))
		better.Name, better.LimitName, better.Style = c.T("board.cusum.better"), c.T("board.cusum.limit", "h", "−"+decimalText(h, 2)), chart.Mountain
		lines, heads = append(lines, better), append(heads, "board.cusum.better")
	}
	against := c.against(seq) // a chart beside it may hold the same cases against their own share, and find nothing
	title := c.T("board.cusum.calm", "name", c.T(m.NameKey()), "against", against, "n", len(seq.Cases))
	if n := len(worse.Signals); n > 0 {
		title = c.T("board.cusum.signal", "name", c.T(m.NameKey()), "against", against, "n", n, "day", seq.Days[worse.Signals[0].Case])
	}
	mon := chart.Monitor{Plot: c.plot(chartIDOf(id, "cusum"), title, c.T("board.cusum.note", "risk", risk, "arl", int(seq.Worse.ARL+0.5)), halfWidth, append(heads, "board.watch.signal")...), Cases: cases, Lines: lines}
	mon.X, mon.Y = c.T("board.watch.cases"), c.T("board.cusum.unit")
	mon.SayY = func(v float64) string { return decimalText(v, 2) }
	return deskChart{id: chartIDOf(id, "cusum"), d: mon.Draw(), cases: c.listURL(m, c.b.Filter), half: true}
}

// whole is a count or a sum of the board.
func (c deskCharts) whole(id measure.ID) (int64, bool) {
	d, ok := c.b.Of(id)
	if !ok {
		return 0, false
	}
	return d.Reading.Whole()
}

// waterfall shows how the bills of a programme shrink to what patients paid. It
// is drawn only when every layer may be shown and they add up to the fen.
func (c deskCharts) waterfall(p measure.Programme) deskChart {
	bill, known := c.whole(measure.ID(string(p) + ".bill_fen"))
	net, known2 := c.whole(measure.ID(string(p) + ".net_fen"))
	if !known || !known2 || bill == 0 {
		return deskChart{id: "waterfall"}
	}
	yuan := func(v int64) string { return money.Fen(v).String() }
	w := chart.Waterfall{Frame: chart.Frame{ID: "waterfall", Width: chartWidth, Format: yuan, Title: c.T("report.layers.title", "bill", money.Fen(bill), "net", money.Fen(net), "share", percentOf(money.Fen(net), money.Fen(bill))),
		Note: c.T("report.layers.note"), Heads: []string{c.T("funding.layer"), c.T("funding.basis"), c.T("funding.amount.head"), c.T("funding.left.head")}},
		Start: chart.Step{Name: c.T("report.col.bill_fen"), Style: chart.Bill, Amount: bill}, End: chart.Step{Name: c.T("report.layer.net"), Style: chart.Net}}
	for _, l := range payersOf(measure.Layers{Other: 1}) {
		if l.name == "net" {
			continue
		}
		v, ok := c.whole(measure.ID("money." + l.name))
		if !ok {
			return deskChart{id: "waterfall"}
		}
		if v != 0 || l.name != "other" {
			w.Steps = append(w.Steps, chart.Step{Name: c.T("report.layer." + l.name), Basis: percentOf(money.Fen(v), money.Fen(bill)), Style: l.style, Amount: v})
		}
	}
	if w.Left() != net {
		return deskChart{id: "waterfall"}
	}
	m, _ := measure.ByID(measure.ID(string(p) + ".bill_fen"))
	return deskChart{id: "waterfall", d: w.Draw(), cases: c.listURL(m, c.b.Filter)}
}

// sankey shows whose reductions went to which hospital.
func (c deskCharts) sankey() deskChart {
	list := c.b.Crossings["money.by_fund"]
	var nodes []chart.FlowNode
	var links []chart.FlowLink
	seen := map[string]bool{}
	node := func(id, name string, style chart.Style) {
		if !seen[id] {
			seen[id] = true
			nodes = append(nodes, chart.FlowNode{ID: id, Name: name, Style: style})
		}
	}
	sum := money.Fen(0)
	for _, x := range list {
		if x.Sum <= 0 {
			continue
		}
		h := c.place(x.Hospital)
		node("from-"+x.Class, orDash(x.Class), chart.Fund)
		node("to-"+x.Hospital, h.Name, sideStyle(h))
		links = append(links, chart.FlowLink{From: "from-" + x.Class, To: "to-" + x.Hospital, Amount: x.Sum})
		sum += money.Fen(x.Sum)
	}
	if len(links) == 0 {
		return deskChart{id: "funds"}
	}
	hospitals := len(nodes) - countOf(nodes, "from-")
	plot := c.plot("funds", c.T("board.funds.title", "amount", sum, "n", hospitals), c.T("board.funds.note"), chartWidth, "board.funds.from", "board.funds.to", "report.file.amount")
	plot.Format = func(n int64) string { return money.Fen(n).String() }
	s, err := chart.NewSankey(plot, nodes, links)
	if err != nil { // flows that do not add up are not drawn
		return deskChart{id: "funds"}
	}
	m, _ := measure.ByID("money.by_fund")
	return deskChart{id: "funds", d: s.Draw(), cases: c.listURL(m, c.b.Filter)}
}

func countOf(nodes []chart.FlowNode, prefix string) int {
	n := 0
	for _, x := range nodes {
		if strings.HasPrefix(x.ID, prefix) {
			n++
		}
	}
	return n
}

// place is a hospital of the board by its id.
func (c deskCharts) place(id string) reporting.Hospital {
	for _, h := range c.b.Hospitals {
		if h.ID.String() == id {
			return h
		}
	}
	return reporting.Hospital{Name: "–"}
}

func sideStyle(h reporting.Hospital) chart.Style {
	switch sideOf(h.Side) {
	case Mountain:
		return chart.Mountain
	case Sea:
		return chart.Sea
	}
	return chart.Neutral
}
