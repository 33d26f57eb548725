package chart

import (
	"math"
	"slices"
	"strconv"
	"strings"
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

// Draw draws the chart: the steps side by side while every label has room, else
// below each other.
func (w Waterfall) Draw() Drawing {
	w.again = func(in Frame) Drawing { w.Frame = in; return w.Draw() }
	if w.Start.Amount == 0 && len(w.Steps) == 0 {
		return w.blank()
	}
	c, falls := w.canvas(), w.falls()
	lo, hi := int64(0), int64(0)
	for _, f := range falls {
		lo, hi = min(lo, f.to), max(hi, f.from, f.to)
	}
	sc := newScale(lo, hi).exact(lo, hi)
	if w.abreast(falls) {
		return w.drawing(c, w.columns(c, sc, falls), w.rows(falls))
	}
	return w.drawing(c, w.lines(c, sc, falls), w.rows(falls))
}

// fall is a step as it is drawn: from what there was to what it leaves.
type fall struct {
	Step
	from, to int64
	label    int64 // what the step changes; the first and the last have what there is
}

// falls are the start, the steps and what they leave.
func (w Waterfall) falls() []fall {
	left := w.Start.Amount
	list := []fall{{w.Start, 0, left, left}}
	for _, s := range w.Steps {
		list = append(list, fall{s, left, left - s.Amount, -s.Amount})
		left -= s.Amount
	}
	return append(list, fall{w.End, 0, left, left})
}

func (w Waterfall) rows(falls []fall) []Row {
	var rows []Row
	for i, f := range falls {
		rows = append(rows, Row{Cells: []string{f.Name, f.Basis, w.say(f.label), w.say(f.to)}, Style: f.Style, Total: i == len(falls)-1})
	}
	return rows
}

// abreast reports whether every label has room in a column.
func (w Waterfall) abreast(falls []fall) bool {
	band := w.width() / float64(len(falls))
	return !slices.ContainsFunc(falls, func(f fall) bool {
		return 1.06*textWidth(w.say(f.label)) > band-4 || slices.ContainsFunc(twoLines(f.Name, band-4), func(line string) bool { return strings.HasSuffix(line, "…") })
	})
}

// columns draws the steps side by side and returns the height.
func (w Waterfall) columns(c *canvas, sc scale, falls []fall) float64 {
	const top, bottom = 22.0, 22 + plotHeight
	for _, v := range sc.ticks() {
		y := sc.at(v, bottom, top)
		c.line("grid", 0, y, w.width(), y)
	}
	y := func(v int64) float64 { return sc.at(v, bottom, top) }
	band := w.width() / float64(len(falls))
	wide := math.Min(band*0.68, 72)
	tall := 1 // lines of the longest name
	for i, f := range falls {
		mid := band * (float64(i) + 0.5)
		upper, lower := math.Min(y(f.from), y(f.to)), math.Max(y(f.from), y(f.to))
		if lower-upper < partLeast {
			upper = lower - partLeast
		}
		if f.label != 0 { // a bar of nothing would be read as a little
			c.bar(f.Style, box{mid - wide/2, upper, wide, lower - upper}, f.Name+" "+w.say(f.label))
		}
		c.room(mid, upper-6, "middle", true, w.say(f.label))
		names := twoLines(f.Name, band-4)
		for j, line := range names {
			c.room(mid, bottom+18+14*float64(j), "middle", false, line)
		}
		c.room(mid, bottom+20+14*float64(len(names)), "middle", false, percent(f.label, w.Start.Amount))
		tall = max(tall, len(names))
		if i < len(falls)-1 {
			c.line("carry", mid+wide/2, y(f.to), mid+band-wide/2, y(f.to))
		}
	}
	c.line("axis", 0, y(0), w.width(), y(0))
	return bottom + 28 + 14*float64(tall)
}

// lines draws the steps below each other, the amounts in a column of their own at
// the right, and returns the height.
func (w Waterfall) lines(c *canvas, sc scale, falls []fall) float64 {
	names, labels := 0.0, 0.0
	said := func(f fall) string { return w.say(f.label) + "  " + percent(f.label, w.Start.Amount) }
	for _, f := range falls {
		names, labels = math.Max(names, textWidth(f.Name)), math.Max(labels, 1.06*wide(said(f)))
	}
	names = math.Min(names, w.width()*0.34)
	left, right := names+10, w.width()-math.Min(labels, w.width()*0.45)-10
	x := func(v int64) float64 { return sc.at(v, left, right) }
	for i, f := range falls {
		mid := rowHeight * (float64(i) + 0.5)
		from, to := math.Min(x(f.from), x(f.to)), math.Max(x(f.from), x(f.to))
		c.room(names, mid+4, "end", false, fit(f.Name, names))
		if f.label != 0 {
			c.bar(f.Style, box{from, mid - barHeight/2, math.Max(to-from, partLeast), barHeight}, f.Name+" "+w.say(f.label))
		}
		c.room(w.width(), mid+4, "end", true, said(f))
		if i < len(falls)-1 {
			c.line("carry", x(f.to), mid+barHeight/2, x(f.to), mid+rowHeight-barHeight/2)
		}
	}
	bottom := rowHeight * float64(len(falls))
	c.line("axis", x(0), 0, x(0), bottom)
	return bottom + 4
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
