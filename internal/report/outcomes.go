package report

import (
	"math"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/chart"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/report"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/printout"
)

// chartWidth is how wide charts of a report are drawn, in px: texts are then of
// the size of the notes.
const chartWidth = 760

// quoted are the measures whose figures a report puts into sentences.
func quoted() map[measure.Programme][]measure.ID {
	return map[measure.Programme][]measure.ID{
		measure.Joint:    {"joint.complication_90", "joint.readmission_90", "joint.death_90", "joint.score_gain", "joint.satisfied"},
		measure.Cataract: {"cataract.good_618", "cataract.good_612", "cataract.rupture", "cataract.endophthalmitis_42"},
		measure.Coronary: {"coronary.success", "coronary.mace_30", "coronary.death_hospital", "coronary.radial"},
		measure.All:      {"followup.seen", "access.wait_days", "skills.leave_behind", "quality.sheet_complete"},
	}
}

// outcomes are the readings of the period: in sentences, as charts, and one table
// for each chapter with the period before.
func (w writer) outcomes() []printout.Block {
	if len(w.s.Readings) == 0 {
		return nil
	}
	out := []printout.Block{printout.Heading{Level: 1, Text: w.t("pack.h.outcomes")}, printout.Paragraph{Text: w.t("pack.outcomes.how")}}
	for _, p := range []measure.Programme{measure.Joint, measure.Cataract, measure.Coronary, measure.All} {
		if text := w.sentences(quoted()[p]); text != "" {
			out = append(out, printout.Paragraph{Text: w.t("pack.outcomes.of", "programme", w.t(p.NameKey()), "text", text)})
		}
	}
	out = append(out, w.pictures()...)
	for _, g := range measure.Groups() {
		if t := w.readings(g); len(t.Rows) > 0 {
			out = append(out, printout.Heading{Level: 2, Text: w.t(g.NameKey())}, t)
		}
	}
	return out
}

// sentences quote figures with all that belongs to them.
func (w writer) sentences(ids []measure.ID) string {
	text := ""
	for _, id := range ids {
		r, ok := w.s.Reading(id)
		if !ok || r.State() != measure.Measured {
			continue
		}
		d := r.Definition()
		key := "pack.quote.rate"
		if d.Kind == measure.Median {
			key = "pack.quote.median"
		}
		said := Say(w.say, r).Row()
		text += w.t(key, "name", w.t(d.NameKey()), "value", said[0], "interval", said[1], "rests", said[2], "coverage", said[3]) + w.target(r)
	}
	return text
}

// target says how a figure stands to its target.
func (w writer) target(r measure.Reading) string {
	t, ok := w.s.Targets[r.Definition().ID]
	verdict := r.Against(t.Value)
	if !ok || verdict == measure.NoVerdict {
		return ""
	}
	key := "pack.quote.target"
	if t.Sample {
		key = "pack.quote.target.sample"
	}
	return w.t(key, "target", TargetText(w.say, r.Definition(), t.Value), "verdict", w.t("board.verdict."+string(verdict)))
}

// readings is the table of a chapter: every measure, also one without a case. Where
// the report says of nobody who was left out, it has no column for that.
func (w writer) readings(g measure.Group) printout.Grid {
	t := printout.Grid{Head: []string{w.t("pack.c.measure"), w.s.Period.Label(), w.t("measures.interval"), w.t("measures.rests"), w.t("measures.coverage"), w.t("measures.left"), w.s.Period.Before().Label()},
		Widths: []int{7, 6, 6, 6, 4, 7, 7}, Left: 1}
	const left = 5
	everybody := !slices.ContainsFunc(w.s.Readings, func(r measure.Reading) bool { return len(r.Excluded()) > 0 })
	if everybody {
		t.Head, t.Widths = slices.Delete(t.Head, left, left+1), slices.Delete(t.Widths, left, left+1)
	}
	for _, r := range w.s.Readings {
		if r.Definition().Group != g {
			continue
		}
		before := "–"
		if b, ok := w.s.PriorReading(r.Definition().ID); ok {
			before = w.before(b)
		}
		said := Say(w.say, r).Row()
		said[0] = w.absence(r, said[0])
		row := append([]string{w.t(r.Definition().NameKey())}, said[:]...)
		if !everybody {
			row = append(row, LeftText(w.say, r))
		}
		t.Rows = append(t.Rows, append(row, before))
	}
	return t
}

// before is a figure of the period before with all that belongs to it.
func (w writer) before(r measure.Reading) string { return w.absence(r, Say(w.say, r).Short()) }

// absence is the mark of a hidden figure, or the shortest words for a period without
// a case: its conditions stand in the head. Everything else is said as it is.
func (w writer) absence(r measure.Reading, said string) string {
	switch {
	case r.Hidden():
		return hidden
	case r.State() == measure.NoCase && !r.AllLeft():
		return w.t("pack.none")
	}
	return said
}

// pictures are the charts of the report. A picture of what is left when parts are
// hidden would mislead, so such a breakdown has none.
func (w writer) pictures() []printout.Block {
	var out []printout.Block
	put := func(d chart.Drawing) {
		if len(d.Rows) > 0 {
			out = append(out, printout.Picture{Drawing: d})
		}
	}
	put(w.bills())
	for _, o := range w.s.Outlines {
		d, known := measure.ByID(o.Measure)
		if !known || anyHidden(o) {
			continue
		}
		if o.By == measure.ByMonth {
			put(w.trend(d, o))
		} else {
			put(w.estimates(d, o))
		}
	}
	return out
}

func anyHidden(o report.Outline) bool {
	for _, p := range o.Parts {
		if p.Reading.Hidden() {
			return true
		}
	}
	return false
}

func (w writer) plot(id, title, note string, heads ...string) chart.Plot {
	p := chart.Plot{Frame: chart.Frame{ID: id, Title: title, Note: note, Width: chartWidth, Format: count, Blank: w.t("report.empty.title")}}
	for _, h := range heads {
		p.Heads = append(p.Heads, w.t(h))
	}
	return p
}

// basis is what a share of a chart rests on, and of how many the outcome is known: a
// chart of a report has no table beside it that says so.
func (w writer) basis(r measure.Reading) string {
	rests, coverage := restsText(w.say, r), coverageText(w.say, r)
	if coverage == none {
		return rests
	}
	return w.t("pack.basis", "rests", rests, "coverage", coverage)
}

// estimates are the hospitals with their intervals.
func (w writer) estimates(d measure.Definition, o report.Outline) chart.Drawing {
	all, ok := w.s.Reading(d.ID)
	if !ok || all.State() != measure.Measured || d.Kind != measure.Proportion {
		return chart.Drawing{}
	}
	e := chart.Estimates{Reference: all.ForChart().Value, ReferenceName: w.t("desk.all")}
	finding := ""
	for _, p := range o.Parts {
		m := p.Reading.ForChart()
		if math.IsNaN(m.Value) {
			continue
		}
		e.Items = append(e.Items, chart.Estimate{Name: p.Name, Basis: w.basis(p.Reading), Style: chart.Brand, Value: m.Value, Low: m.Low, High: m.High, Cases: Compared(p.Reading)})
		finding = w.t("desk.estimates.one", "name", p.Name, "value", Say(w.say, p.Reading))
	}
	if len(e.Items) == 0 {
		return chart.Drawing{}
	}
	if len(e.Items) > 1 {
		finding = Difference(w.say, e.Items, percent, true)
	}
	note := w.t("desk.all.note", "value", Say(w.say, all), "note", w.t("desk.estimates.note"))
	e.Plot = w.plot("e"+string(d.ID), w.t("board.finding", "name", w.t(d.NameKey()), "finding", finding), note, o.By.NameKey(), "measures.value", "measures.interval", "measures.rests")
	e.SayX = percent
	return e.Draw()
}

// trend is a share month by month; with few months there are no limits.
func (w writer) trend(d measure.Definition, o report.Outline) chart.Drawing {
	var shares []statistics.Share
	var names, coverage []string
	var months []measure.Reading
	for _, p := range o.Parts {
		months = append(months, p.Reading)
	}
	from, to := Drawn(months)
	o.Parts = o.Parts[from:to]
	for _, p := range o.Parts {
		events, of := p.Reading.Rate()
		shares, names = append(shares, statistics.Share{Events: int(events), Cases: int(of)}), append(names, p.Key)
		if c := coverageText(w.say, p.Reading); c != none {
			coverage = append(coverage, w.t("pack.month.known", "month", p.Key, "coverage", c))
		}
	}
	if d.Kind != measure.Proportion || len(shares) < 2 {
		return chart.Drawing{}
	}
	c := statistics.PChart(shares)
	points := chart.PointsOf(c, names, func(r statistics.Rule) string { return w.t("desk.rule." + count(int64(r))) })
	known := 0
	center := c.Center.Or(math.NaN()) * 100
	for i := range points {
		p := &points[i]
		p.Value, p.Low, p.High = p.Value*100, p.Low*100, p.High*100
		p.Basis = restsText(w.say, o.Parts[i].Reading)
		if !math.IsNaN(p.Value) {
			known++
		}
	}
	title, note := Calm(w.say, w.t("desk.trend.note.p", "months", known), known, c.Sparse(), d.Counts())
	for i := range points {
		p := &points[i]
		switch {
		case known < LeastMonths:
			p.Low, p.High, p.Rule = math.NaN(), math.NaN(), ""
		case p.Rule != "":
			p.Calm = !d.Worse(p.Value, center)
			title = w.t("desk.trend.signal", "month", p.Name, "value", Say(w.say, o.Parts[i].Reading), "rule", p.Rule)
		}
	}
	if len(coverage) > 0 {
		note = w.t("pack.trend.known", "note", note, "list", strings.Join(coverage, w.t("report.file.and")))
	}
	x := chart.Control{Plot: w.plot("t"+string(d.ID), w.t("board.finding", "name", w.t(d.NameKey()), "finding", title), note, measure.ByMonth.NameKey(), "measures.value", "measures.rests", "desk.low", "desk.high", "desk.rule"),
		Points: points, Center: center, CenterName: w.t("desk.center"), LimitName: w.t("desk.limits")}
	x.SayY = percent
	return x.Draw()
}

// bills is how the bills of the period shrink to what patients paid; it is drawn
// when every layer is shown and they add up to the fen.
func (w writer) bills() chart.Drawing {
	bill, _ := w.s.Hospitals.Figure("bill_fen")
	net, _ := w.s.Hospitals.Figure("net_fen")
	if bill == nil || net == nil || *bill == 0 {
		return chart.Drawing{}
	}
	f := chart.Waterfall{Frame: chart.Frame{ID: "bills", Width: chartWidth, Format: func(v int64) string { return money.Fen(v).String() }, Title: w.t("pack.chart.bills", "bill", money.Fen(*bill), "net", money.Fen(*net)),
		Note: w.t("report.layers.note"), Heads: []string{w.t("funding.layer"), w.t("funding.basis"), w.t("funding.amount.head"), w.t("funding.left.head")}},
		Start: chart.Step{Name: w.t("report.col.bill_fen"), Style: chart.Bill, Amount: *bill}, End: chart.Step{Name: w.t("report.layer.net"), Style: chart.Net}}
	for _, l := range []struct {
		name  string
		style chart.Style
	}{{"basic", chart.Basic}, {"critical", chart.Critical}, {"assistance", chart.Assistance}, {"other", chart.Neutral}, {"fund", chart.Fund}, {"waiver", chart.Waiver}} {
		r, ok := w.s.Reading(measure.ID("money." + l.name))
		n, shown := r.Whole()
		if !ok || !shown {
			return chart.Drawing{}
		}
		if n != 0 || l.name != "other" {
			f.Steps = append(f.Steps, chart.Step{Name: w.t("report.layer." + l.name), Style: l.style, Amount: n})
		}
	}
	if f.Left() != *net {
		return chart.Drawing{}
	}
	return f.Draw()
}
