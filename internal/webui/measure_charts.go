package webui

import (
	"math"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/report"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
)

// measureCharts draws one measure: its months with the limits of chance, its
// parts with their intervals, the funnel of the parts, how long joints lasted,
// and its classes. A picture of what is left when months or hospitals are hidden
// would mislead, for it is the ones with events that hide: such a breakdown has
// its table only.
type measureCharts struct {
	Base
	d     reporting.Detail
	mine  string
	width int  // of a card; 0: a full one
	named bool // the measure stands in the finding: the page has several
}

// chartWidth is that of a full card.
const chartWidth = 1036

// leastInCurve is how many must be at risk for a curve to go on.
const leastInCurve = 10

func (m measureCharts) all() []ChartCard {
	var out []ChartCard
	for _, draw := range []func() (chart.Drawing, string){m.trend, m.estimates, m.funnel, m.survival, m.classes} {
		d, part := draw()
		if d.Empty() {
			continue
		}
		card := ChartCard{Title: d.Title, Note: d.Note, Picture: picture(d), Table: chartTable(m.Base, d)}
		if m.d.Rights.Export && part != "" && m.mine == "" {
			for _, format := range []string{"csv", "xlsx"} {
				card.Links = append(card.Links, Link{Text: m.T("desk.chart." + format), Href: "/measures/" + string(m.d.Definition.ID) + "/export?" +
					join(bound(m.d.Definition, m.d.Filter).Query(), "by="+string(m.d.By), "part="+part, "format="+format)})
			}
		}
		out = append(out, card)
	}
	return out
}

// chartTable is the table of a drawing without a total.
func chartTable(b Base, d chart.Drawing) Table {
	t := drawnTable(b, d, nil)
	t.Rows = t.Rows[:len(d.Rows)]
	return t
}

// say writes a value in the unit of the measure.
func (m measureCharts) say(v float64) string {
	switch m.d.Definition.Unit {
	case measure.Fen:
		return countText(int64(math.Round(v / 100)))
	case measure.Percent:
		return decimalText(v, 1) + "%"
	case measure.PerHundred, measure.PerThousand:
		return decimalText(v, 2)
	}
	return short(v)
}

// unit names an axis; one whose ticks have the percent sign needs no name.
func (m measureCharts) unit() string {
	switch m.d.Definition.Unit {
	case measure.Fen:
		return m.T("desk.yuan")
	case measure.Percent:
		return ""
	}
	return m.T(m.d.Definition.Unit.NameKey())
}

// chartID is unique among the charts of the page.
func (m measureCharts) chartID(id string) string {
	if !m.named {
		return id
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(string(m.d.Definition.ID)) + "-" + id
}

// drawn is the width charts are drawn at.
func (m measureCharts) drawn() int {
	if m.width == 0 {
		return chartWidth
	}
	return m.width
}

func (m measureCharts) plot(id, title, note, x string, heads ...string) chart.Plot {
	if m.named {
		title = m.T("board.finding", "name", m.T(m.d.Definition.NameKey()), "finding", title)
	}
	p := chart.Plot{Frame: chart.Frame{ID: m.chartID(id), Title: title, Note: note, Width: m.drawn(), Blank: m.T("report.empty.title")}, X: x, Y: m.unit(), SayY: m.say}
	for _, h := range heads {
		p.Heads = append(p.Heads, m.T(h))
	}
	return p
}

// anyHidden reports whether a part is kept from the reader.
func anyHidden(parts []reporting.Piece) bool {
	return slices.ContainsFunc(parts, func(p reporting.Piece) bool { return p.Reading.Hidden() })
}

// readingsOf are the readings of parts.
func readingsOf(parts []reporting.Piece) []measure.Reading {
	var out []measure.Reading
	for _, p := range parts {
		out = append(out, p.Reading)
	}
	return out
}

// estimateOf is a reading as a point with its interval, named and with its basis.
func estimateOf(b Base, name string, r measure.Reading, style chart.Style) chart.Estimate {
	m, row := r.ForChart(), inWords(b, r).Row()
	if r.Definition().Kind == measure.Median { // a number beside a number would not say what it is
		row[2] = b.T("board.n", "n", row[2])
	}
	return chart.Estimate{Name: name, Basis: row[2], Style: style, Value: m.Value, Low: m.Low, High: m.High, Cases: report.Compared(r)}
}

// charted is a reading as a value of a chart; NaN where there is none to show.
func charted(r measure.Reading) float64 {
	return r.ForChart().Value
}

// name is a part in words.
func (m measureCharts) name(by measure.Dimension, p reporting.Piece) string {
	switch {
	case by == measure.ByClass:
		return classText(m.Base, m.d.Definition, p.Class)
	case p.Place != nil:
		return p.Place.Name
	}
	return orDash(groupText(m.Base, by, reporting.Group{Key: p.Key}))
}

// control is the control chart of the months: shares and rates with limits that
// follow their numbers, everything else by how much it moves from month to month.
func control(d measure.Definition, months []reporting.Piece) statistics.Control {
	if d.Kind == measure.Proportion {
		var shares []statistics.Share
		for _, p := range months {
			events, of := p.Reading.Rate()
			shares = append(shares, statistics.Share{Events: int(events), Cases: int(of)})
		}
		return statistics.PChart(shares)
	}
	if d.Kind == measure.EventRate {
		var counted []statistics.Counted
		for _, p := range months {
			events, _ := p.Reading.Rate()
			counted = append(counted, statistics.Counted{Events: int(events), Exposure: p.Reading.ExposureYears().Or(0) / 100})
		}
		return statistics.UChart(counted)
	}
	var values []statistics.Number
	for _, p := range months {
		values = append(values, statistics.Of(charted(p.Reading)))
	}
	if d.Counts() {
		return statistics.XmRCounts(values)
	}
	return statistics.XmR(values)
}

func (m measureCharts) trend() (chart.Drawing, string) {
	def := m.d.Definition
	from, to := report.Drawn(readingsOf(m.d.Months))
	months := m.d.Months[max(to-maxBars, from):to]
	if def.Kind == measure.Survival || len(months) < 2 || anyHidden(months) {
		return chart.Drawing{}, ""
	}
	c, factor := control(def, months), 1.0
	if def.Kind == measure.Proportion {
		factor = 100
	}
	var names []string
	for _, p := range months {
		names = append(names, p.Key)
	}
	points := chart.PointsOf(c, names, func(r statistics.Rule) string { return m.T("desk.rule." + countText(int64(r))) })
	title, known, fired := "", 0, 0
	center := c.Center.Or(math.NaN()) * factor
	for i := range points {
		p := &points[i]
		p.Value, p.Low, p.High = p.Value*factor, p.Low*factor, p.High*factor
		row := inWords(m.Base, months[i].Reading).Row()
		p.Basis = row[2]
		if def.Kind != measure.Proportion { // nothing counted here is below zero
			p.Low = math.Max(p.Low, 0)
		}
		if !math.IsNaN(p.Value) {
			known++
		}
		if p.Rule != "" {
			p.Calm = !def.Worse(p.Value, center)
			fired++
			title = m.T("desk.trend.signal", "month", p.Name, "value", inWords(m.Base, months[i].Reading), "rule", p.Rule)
		}
	}
	if known < report.LeastMonths { // the limits of a handful say nothing: a plain line
		for i := range points {
			points[i].Low, points[i].High, points[i].Rule = math.NaN(), math.NaN(), ""
		}
		fired = 0
	}
	kind := map[measure.Kind]string{measure.Proportion: "p", measure.EventRate: "u"}[def.Kind]
	if kind == "" {
		kind = "x"
	}
	calm, note := report.Calm(m.Base, m.T("desk.trend.note."+kind, "months", known), known, c.Sparse(), def.Counts())
	if fired == 0 {
		title = calm
	}
	drawn := chart.Control{Plot: m.plot("trend", title, note, m.T(measure.ByMonth.NameKey()), measure.ByMonth.NameKey(), "measures.value", "measures.rests", "desk.low", "desk.high", "desk.rule"),
		Points: points, Center: center, CenterName: m.T("desk.center"), LimitName: m.T("desk.limits")}.Draw()
	list := readingsOf(months)
	return stated(m.Base, stated(m.Base, drawn, 3, list, saidCoverage), 2, list, saidInterval), "months"
}

func (m measureCharts) estimates() (chart.Drawing, string) {
	def := m.d.Definition
	e := chart.Estimates{Reference: charted(m.d.Reading), ReferenceName: m.T("desk.all")}
	if !def.Rate() && def.Kind != measure.Median || math.IsNaN(e.Reference) || anyHidden(m.d.Parts) {
		return chart.Drawing{}, ""
	}
	title := ""
	var list []measure.Reading
	for _, p := range m.d.Parts {
		if math.IsNaN(charted(p.Reading)) {
			continue
		}
		list = append(list, p.Reading)
		e.Items = append(e.Items, estimateOf(m.Base, m.name(m.d.By, p), p.Reading, chart.Brand))
		title = m.T("desk.estimates.one", "name", m.name(m.d.By, p), "value", inWords(m.Base, p.Reading))
	}
	if len(e.Items) == 0 {
		return chart.Drawing{}, ""
	}
	note := "desk.estimates.note"
	if def.Kind == measure.Median {
		note = "desk.estimates.median"
	}
	note = m.T(note)
	if len(e.Items) > 1 { // of one the title says it all
		title, note = report.Difference(m.Base, e.Items, m.say, def.Rate()), m.withAll(note)
	}
	e.Plot = m.plot("parts", title, note, m.unit(), m.d.By.NameKey(), "measures.value", "measures.interval", "measures.rests")
	e.SayX = m.say
	return stated(m.Base, e.Draw(), 4, list, saidCoverage), "parts"
}

// withAll is a note that says the whole of what the line of all together stands for.
func (m measureCharts) withAll(note string) string {
	return m.T("desk.all.note", "value", inWords(m.Base, m.d.Reading), "note", note)
}

// funnel compares hospitals by what chance alone would do at their volume. The
// limits are exact binomial ones around the share of all, not adjusted for the
// mix of cases. Their lines run between the counts: a hospital is marked by the
// chance of its count, not by the side of the line its point falls on.
func (m measureCharts) funnel() (chart.Drawing, string) {
	events, of := m.d.Reading.Rate()
	target := statistics.Proportion(int(events), int(of))
	if m.d.Definition.Kind != measure.Proportion || m.d.By != measure.ByHospital || m.d.Reading.State() != measure.Measured || anyHidden(m.d.Parts) {
		return chart.Drawing{}, ""
	}
	family := statistics.BinomialFunnel{Target: target.Or(0)}
	var f chart.Funnel
	var list []measure.Reading
	largest, outside := 0, 0
	for _, p := range m.d.Parts {
		hits, n := p.Reading.Rate()
		if p.Reading.State() != measure.Measured || n == 0 {
			continue
		}
		at := family.Place(int(hits), int(n))
		x := chart.FunnelPoint{Name: m.name(m.d.By, p), Volume: float64(n), Value: charted(p.Reading), Style: chart.StyleOf(at), Remark: m.T("desk.inside")}
		if line := family.Limits(int(n), statistics.WarnLevel).Times(100); at == statistics.Inside && (x.Value < line.Low || x.Value > line.High) {
			x.Remark = m.T("desk.inside.between") // the point lies beyond the line, its count does not
		}
		switch x.Style {
		case chart.Alarm:
			x.Remark = m.T("desk.outside", "level", "99.8")
			outside++
		case chart.Warn:
			x.Remark = m.T("desk.outside", "level", "95")
			outside++
		}
		largest = max(largest, int(n))
		f.Points, list = append(f.Points, x), append(list, p.Reading)
	}
	if len(f.Points) < 2 {
		return chart.Drawing{}, ""
	}
	limits := func(n int, level float64) statistics.Interval { return family.Limits(n, level).Times(100) }
	for _, l := range []struct {
		level float64
		text  string
	}{{statistics.WarnLevel, "95"}, {statistics.ActionLevel, "99.8"}} {
		f.Limits = append(f.Limits, chart.LimitsOf(m.T("desk.funnel.limit", "level", l.text), limits, l.level, largest+largest/8+1))
	}
	f.Target, f.TargetName = charted(m.d.Reading), m.T("desk.all")
	title := m.T("desk.funnel.inside", "n", len(f.Points))
	if outside > 0 {
		title = m.T("desk.funnel.outside", "n", outside, "of", len(f.Points))
	}
	f.Plot = m.plot("funnel", title, m.withAll(m.T("desk.funnel.note")), m.T("desk.funnel.volume"), measure.ByHospital.NameKey(), "desk.funnel.volume", "measures.value", "desk.remark")
	return stated(m.Base, f.Draw(), 3, list, saidInterval, saidRests, saidCoverage), "parts"
}

// survival draws the share with the event over time, for who sees every figure:
// a curve shows the day of each event.
func (m measureCharts) survival() (chart.Drawing, string) {
	if m.d.Curve.N == 0 {
		return chart.Drawing{}, ""
	}
	c := m.d.Curve.StopBelow(leastInCurve)
	if c.N < leastInCurve { // nothing of it would be drawn
		return chart.Drawing{}, ""
	}
	step := 182.625
	if m.d.Curve.Until() < 365 {
		step = 91.3125
	}
	var ticks []float64
	for t := 0.0; t <= c.Until()+step/2 && len(ticks) < 12; t += step {
		ticks = append(ticks, t)
	}
	percent := func(v float64) string { return decimalText(v*100, 1) + "%" }
	years := func(v float64) string { return decimalText(v/365.25, 1) }
	title := m.T("desk.survival.none", "n", c.N)
	if c.Events > 0 {
		title = m.T("desk.survival.title", "events", c.Events, "n", c.N, "value", inWords(m.Base, m.d.Reading).String())
	}
	v := chart.Survival{Plot: m.plot("survival", title, m.T("desk.survival.note", "least", leastInCurve), m.T("desk.survival.years"),
		"desk.survival.group", "desk.survival.years", "desk.survival.at_risk", "measures.value", "measures.interval"),
		Groups: []chart.Cohort{chart.RevisionOf(m.T("desk.survival.all"), chart.Brand, c, ticks)}, Ticks: ticks, Risk: m.T("desk.survival.at_risk")}
	v.SayX, v.SayY = years, percent
	return stated(m.Base, v.Draw(), 5, slices.Repeat([]measure.Reading{m.d.Reading}, v.Groups[0].Lines()), saidRests, saidCoverage), ""
}

// tenths keeps a decimal of the bars, whose values are whole numbers.
const tenths = 10

func (m measureCharts) sayTenths(n int64) string { return m.say(float64(n) / tenths) }

func (m measureCharts) classes() (chart.Drawing, string) {
	bars := chart.Bars{Horizontal: true, Frame: chart.Frame{ID: m.chartID("classes"), Width: m.drawn(), Format: m.sayTenths, Unknown: m.T("measures.hidden")},
		Series: []chart.Series{{Name: m.T("measures.value"), Style: chart.Brand}}}
	most := ""
	var list []measure.Reading
	for _, p := range m.d.Classes {
		if p.Reading.AllLeft() { // its row stands in the table
			continue
		}
		list = append(list, p.Reading)
		v := int64(chart.Missing)
		if x := charted(p.Reading); !math.IsNaN(x) {
			v = int64(math.Round(x * tenths))
		}
		bars.Categories, bars.Series[0].Values = append(bars.Categories, m.name(measure.ByClass, p)), append(bars.Series[0].Values, v)
		if most == "" && v != chart.Missing {
			most = m.T("desk.classes.title", "name", m.name(measure.ByClass, p), "value", inWords(m.Base, p.Reading).String())
		}
	}
	if most == "" {
		return chart.Drawing{}, ""
	}
	// Where figures are hidden the order is by name and the first is not the most; of
	// rates and medians none is named for being the highest, as of hospitals.
	if def := m.d.Definition; !m.d.Profile.Exact() || def.Rate() || def.Kind == measure.Median {
		most = m.T("report.table.title", "by", m.T(measure.ByClass.NameKey()))
	}
	if m.named {
		most = m.T("board.finding", "name", m.T(m.d.Definition.NameKey()), "finding", most)
	}
	bars.Title, bars.Note = most, m.T(m.d.Definition.NumeratorKey())
	bars.Heads = []string{m.T(measure.ByClass.NameKey()), m.T("measures.value")}
	d := bars.Draw()
	if def := m.d.Definition; def.Rate() || def.Kind == measure.Median {
		d = stated(m.Base, d, 2, list, saidInterval, saidRests, saidCoverage)
	}
	return d, "classes"
}
