package chart

import (
	"math"
	"strconv"
)

// Step is one step of a waterfall: an amount taken off what was left.
type Step struct {
	Name   string
	Basis  string // rule or source, for the table
	Style  Style
	Amount int64
}

// Waterfall shows how an amount shrinks step by step to what is left: a bill,
// what each payer takes over, and the patient's share. The last bar is what the
// steps leave; it is computed here, so picture and table cannot disagree.
type Waterfall struct {
	Frame // Heads: layer, basis, amount, left
	Start Step
	Steps []Step
	End   Step // Amount is ignored
}

// Left is what the steps leave of the start.
func (w Waterfall) Left() int64 {
	left := w.Start.Amount
	for _, s := range w.Steps {
		left -= s.Amount
	}
	return left
}

// Draw draws the chart.
func (w Waterfall) Draw() Drawing {
	lo, hi, left := int64(0), w.Start.Amount, w.Start.Amount
	for _, s := range w.Steps {
		left -= s.Amount
		lo, hi = min(lo, left), max(hi, left)
	}
	c, sc := w.canvas(), newScale(lo, hi).exact(lo, hi)
	const top, bottom = 22.0, 22 + plotHeight
	for _, v := range sc.ticks() {
		y := sc.at(v, bottom, top)
		c.line("grid", 0, y, w.width(), y)
	}
	n := len(w.Steps) + 2
	band := w.width() / float64(n)
	wide := math.Min(band*0.68, 72)
	y := func(v int64) float64 { return sc.at(v, bottom, top) }
	tall := 1 // lines of the longest name
	draw := func(i int, s Step, from, to int64, label int64) {
		mid := band * (float64(i) + 0.5)
		upper, lower := math.Min(y(from), y(to)), math.Max(y(from), y(to))
		if lower-upper < partLeast {
			upper = lower - partLeast
		}
		c.bar(s.Style, box{mid - wide/2, upper, wide, lower - upper}, s.Name+" "+w.say(label))
		c.text(mid, upper-6, "middle", true, w.say(label))
		names := twoLines(s.Name, band-4)
		for j, line := range names {
			c.text(mid, bottom+18+14*float64(j), "middle", false, line)
		}
		c.text(mid, bottom+20+14*float64(len(names)), "middle", false, percent(label, w.Start.Amount))
		tall = max(tall, len(names))
		if i < n-1 {
			c.line("carry", mid+wide/2, y(to), mid+band-wide/2, y(to))
		}
	}
	draw(0, w.Start, 0, w.Start.Amount, w.Start.Amount)
	rows := []Row{{Cells: []string{w.Start.Name, w.Start.Basis, w.say(w.Start.Amount), w.say(w.Start.Amount)}, Style: w.Start.Style}}
	left = w.Start.Amount
	for i, s := range w.Steps {
		draw(i+1, s, left, left-s.Amount, -s.Amount)
		left -= s.Amount
		rows = append(rows, Row{Cells: []string{s.Name, s.Basis, w.say(-s.Amount), w.say(left)}, Style: s.Style})
	}
	draw(n-1, w.End, 0, left, left)
	c.line("axis", 0, y(0), w.width(), y(0))
	rows = append(rows, Row{Cells: []string{w.End.Name, w.End.Basis, w.say(left), w.say(left)}, Style: w.End.Style, Total: true})
	return w.drawing(c, bottom+28+14*float64(tall), rows)
}

// percent is a share of the whole with one decimal, rounded half up, without
// its sign: the label above the bar has it.
func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	if part < 0 {
		part = -part
	}
	if whole < 0 {
		whole = -whole
	}
	tenths := part / whole * 1000
	tenths += (part%whole*2000 + whole) / (2 * whole)
	return strconv.FormatInt(tenths/10, 10) + "." + strconv.FormatInt(tenths%10, 10) + "%"
}
