package chart

import "math"

// Bars is a bar chart. Several series are stacked in their order, as money
// layers are; the label of a bar is its whole.
type Bars struct {
	Frame
	Categories []string
	Series     []Series
	Horizontal bool   // names on the left; for hospitals and long names
	Total      string // head of the table's sum column with several series; empty: none
}

// Draw draws the chart.
func (b Bars) Draw() Drawing {
	b.again = func(in Frame) Drawing { b.Frame = in; return b.Draw() }
	if len(b.Categories) == 0 || len(b.Series) == 0 {
		return b.blank()
	}
	c := b.canvas()
	top := 4.0
	if len(b.Series) > 1 {
		top = c.legend(b.width(), b.Series)
	}
	var height float64
	if b.Horizontal {
		height = b.horizontal(c, top)
	} else {
		height = b.vertical(c, top)
	}
	return b.drawing(c, height, b.rows())
}

// value is a series' value in a category; a short series is not known there.
func (s Series) value(i int) int64 {
	if i >= len(s.Values) {
		return Missing
	}
	return s.Values[i]
}

// whole is the sum of a category's known values.
func (b Bars) whole(i int) int64 {
	sum, known := int64(0), false
	for _, s := range b.Series {
		if v := s.value(i); v != Missing {
			sum, known = sum+v, true
		}
	}
	if !known {
		return Missing
	}
	return sum
}

// reach is how far the stacks go: what is above 0 and what is below stack apart.
func (b Bars) reach() (lo, hi int64) {
	for i := range b.Categories {
		var up, down int64
		for _, s := range b.Series {
			if v := s.value(i); v != Missing {
				up, down = up+max(v, 0), down+min(v, 0)
			}
		}
		lo, hi = min(lo, down), max(hi, up)
	}
	return lo, hi
}

func (b Bars) rows() []Row {
	var rows []Row
	for i, name := range b.Categories {
		cells := []string{name}
		for _, s := range b.Series {
			cells = append(cells, b.say(s.value(i)))
		}
		if len(b.Series) > 1 && b.Total != "" {
			cells = append(cells, b.say(b.whole(i)))
		}
		rows = append(rows, Row{Cells: cells})
	}
	return rows
}

// Layout of bars, px. A part of a stack keeps 2 px to the next and is at least
// 3 px long, so that a small share stays visible.
const (
	rowHeight  = 28.0
	barHeight  = 16.0
	partGap    = 2.0
	partLeast  = 3.0
	plotHeight = 200.0
)

func (b Bars) horizontal(c *canvas, top float64) float64 {
	names, labels := 0.0, 0.0
	for i, n := range b.Categories {
		names = math.Max(names, textWidth(n))
		labels = math.Max(labels, textWidth(b.say(b.whole(i))))
	}
	names, labels = math.Min(names, b.width()*0.4), math.Min(labels, b.width()*0.25)
	lo, hi := b.reach()
	sc := newScale(lo, hi).exact(lo, hi)
	left, right := names+10, b.width()-labels-18 // bold digits run a little wider than the estimate
	if sc.lo < 0 {
		left += labels + 6
	}
	bottom := top + rowHeight*float64(len(b.Categories))
	for i, name := range b.Categories {
		mid := top + rowHeight*(float64(i)+0.5)
		c.room(names, mid+4, "end", false, fit(name, names))
		place := func(s Style, from, to float64, tip string) {
			c.bar(s, box{from, mid - barHeight/2, to - from, barHeight}, tip)
		}
		lo, hi := b.stack(i, func(v int64) float64 { return sc.at(v, left, right) }, place)
		switch v := b.whole(i); {
		case v < 0 && v != Missing:
			c.room(lo-6, mid+4, "end", true, b.say(v))
		default:
			c.room(hi+6, mid+4, "start", true, b.say(v))
		}
	}
	zero := sc.at(0, left, right)
	c.line("axis", zero, top, zero, bottom)
	return bottom + 4
}

// stack places the parts of one category along an axis and returns its ends.
func (b Bars) stack(i int, at func(int64) float64, place func(s Style, from, to float64, tip string)) (lo, hi float64) {
	var up, down int64
	lo, hi = at(0), at(0)
	for _, s := range b.Series {
		v := s.value(i)
		if v == Missing || v == 0 {
			continue
		}
		tip := s.Name + " " + b.say(v)
		if v > 0 {
			from, to := math.Max(at(up), hi), math.Max(at(up+v), hi+partLeast)
			if up > 0 {
				from = math.Max(from, hi+partGap)
				to = math.Max(to, from+partLeast)
			}
			place(s.Style, from, to, tip)
			up, hi = up+v, to
			continue
		}
		from, to := math.Min(at(down), lo), math.Min(at(down+v), lo-partLeast)
		place(s.Style, to, from, tip)
		down, lo = down+v, to
	}
	return lo, hi
}

func (b Bars) vertical(c *canvas, top float64) float64 {
	sc := newScale(b.reach())
	left := b.axis(c, sc, top+16, top+16+plotHeight, b.width())
	top += 16
	bottom := top + plotHeight
	band := (b.width() - left) / float64(len(b.Categories))
	wide := math.Min(band*0.66, 56)
	every := labelEvery(b.Categories, band, 96)
	for i, name := range b.Categories {
		mid := left + band*(float64(i)+0.5)
		// The axis runs upwards: positions are mirrored for stacking.
		at := func(v int64) float64 { return -sc.at(v, bottom, top) }
		place := func(s Style, from, to float64, tip string) { c.bar(s, box{mid - wide/2, -to, wide, to - from}, tip) }
		lo, hi := b.stack(i, at, place)
		v := b.whole(i)
		if label := b.say(v); textWidth(label) <= band-4 {
			if v < 0 && v != Missing {
				c.room(mid, -lo+14, "middle", true, label)
			} else {
				c.room(mid, -hi-5, "middle", true, label)
			}
		}
		if i%every == 0 {
			c.room(mid, bottom+16, "middle", false, fit(name, band*float64(every)-8))
		}
	}
	zero := sc.at(0, bottom, top)
	c.line("axis", left, zero, b.width(), zero)
	return bottom + 24
}

// axis draws the grid and its labels and returns where the plot begins.
func (f Frame) axis(c *canvas, sc scale, top, bottom, right float64) float64 {
	left := 0.0
	for _, v := range sc.ticks() {
		left = math.Max(left, textWidth(f.tick(v)))
	}
	left += 8
	for _, v := range sc.ticks() {
		y := sc.at(v, bottom, top)
		c.line("grid", left, y, right, y)
		c.text(left-6, y+4, "end", false, f.tick(v))
	}
	return left
}

// labelEvery is how many categories share one label so that labels never touch; a
// longer one than most px is cut.
func labelEvery(names []string, band, most float64) int {
	widest := 0.0
	for _, n := range names {
		widest = math.Max(widest, textWidth(n))
	}
	widest = math.Min(widest, most) + 8
	return max(int(math.Ceil(widest/band)), 1)
}
