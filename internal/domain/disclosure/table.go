package disclosure

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Table is a table with the times of the calendar down and parts across. Times
// are written 2026-11, 2026-Q4 and 2026, and everything is the empty text: months
// add up to quarters, quarters to years, years to everything. Where nothing
// happened there is no line.
type Table struct {
	Whole  map[string]Line            // by time
	Hidden map[string]bool            // times whose whole is not shown
	Parts  map[string]map[string]Line // by key and time; each time adds up to its whole
}

// Cover is which cells of a table are not shown.
type Cover struct {
	keys, times map[string]int
	hidden      [][]bool // by time and key
}

// Hides reports whether a cell is not shown. In a time in which a part is hidden
// an empty part is not shown either: who knows that it is empty can subtract.
func (c Cover) Hides(time, key string) bool {
	t, happened := c.times[time]
	k, known := c.keys[key]
	return happened && known && c.hidden[t][k]
}

// Any reports whether a time has a cell that is not shown.
func (c Cover) Any(time string) bool {
	t, happened := c.times[time]
	return happened && slices.Contains(c.hidden[t], true)
}

// Keys are the parts of a table in order.
func (c Cover) Keys() []string {
	return slices.Sorted(maps.Keys(c.keys))
}

// Calendar decides which times of one figure are shown.
func (p Profile) Calendar(lines map[string]Line) map[string]bool {
	g := newGrid(p, Table{Whole: lines, Parts: map[string]map[string]Line{"": lines}})
	g.free = true
	g.protect()
	out := map[string]bool{}
	for t, time := range g.times {
		out[time] = g.hidden[t][0]
	}
	return out
}

// Table decides which parts are shown beside a whole whose own times are decided
// already. What is shown of the whole stays shown.
func (p Profile) Table(t Table) Cover {
	g := newGrid(p, t)
	out := Cover{keys: map[string]int{}, times: map[string]int{}, hidden: g.hidden}
	for i, k := range g.keys {
		out.keys[k] = i
	}
	for i, x := range g.times {
		out.times[x] = i
	}
	if p.Exact() {
		return out
	}
	if len(g.keys) == 1 { // the only part is the whole
		for i := range g.times {
			g.hidden[i][0] = g.closed[i]
		}
		return out
	}
	g.protect()
	return out
}

// Around is the time a time lies in: the quarter of a month, the year of a quarter,
// everything of a year.
func Around(time string) string {
	switch {
	case strings.Contains(time, "Q"):
		return time[:4]
	case len(time) == len("2026-11"):
		return time[:5] + "Q" + string(rune('1'+(slices.Index(monthNames, time[5:]))/3))
	}
	return ""
}

var monthNames = []string{"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"}

// grid is the state while the cells of a table are being hidden.
type grid struct {
	profile Profile
	times   []string // everything first, then years, quarters, months
	parent  []int    // of a time; -1: none
	kids    [][]int
	keys    []string
	line    [][]*Line // by time and key; nil: empty
	hidden  [][]bool
	whole   []Line
	closed  []bool // times whose whole is hidden
	free    bool   // there is no whole the parts add up to
}

func newGrid(p Profile, t Table) *grid {
	g := &grid{profile: p, keys: slices.Sorted(maps.Keys(t.Parts)), times: slices.Collect(maps.Keys(t.Whole))}
	depth := func(time string) (n int) {
		for ; time != ""; n++ {
			time = Around(time)
		}
		return n
	}
	slices.SortFunc(g.times, func(a, b string) int { return cmp.Or(cmp.Compare(depth(a), depth(b)), cmp.Compare(a, b)) })
	at := map[string]int{}
	for i, x := range g.times {
		at[x] = i
	}
	g.kids, g.parent, g.closed = make([][]int, len(g.times)), make([]int, len(g.times)), make([]bool, len(g.times))
	for i, x := range g.times {
		g.whole, g.closed[i], g.parent[i] = append(g.whole, t.Whole[x]), t.Hidden[x], -1
		if up, known := at[Around(x)]; known && x != "" {
			g.parent[i], g.kids[up] = up, append(g.kids[up], i)
		}
		row := make([]*Line, len(g.keys))
		for k, key := range g.keys {
			if l, any := t.Parts[key][x]; any {
				row[k] = &l
			}
		}
		g.line, g.hidden = append(g.line, row), append(g.hidden, make([]bool, len(g.keys)))
	}
	return g
}

// protect hides the cells that say too much, then what they could be worked out
// from, until nothing can be.
func (g *grid) protect() {
	if g.profile.Exact() {
		return
	}
	for t, row := range g.line {
		for k, l := range row {
			g.hidden[t][k] = l != nil && (g.closed[t] || g.profile.tells(*l))
		}
	}
	for {
		for g.settle() {
		}
		if !g.escalate() {
			return
		}
	}
}

// settle applies the rules to every time and row once and reports whether
// anything more was hidden.
func (g *grid) settle() (more bool) {
	for t := range g.times {
		more = g.empties(t) || more
		more = !g.free && !g.closed[t] && g.column(t) || more
		for k := range g.keys {
			more = g.row(t, k) || more
		}
	}
	return more
}

// hide hides a cell and reports whether it was shown.
func (g *grid) hide(t, k int) bool {
	was := g.hidden[t][k]
	g.hidden[t][k] = true
	return !was
}

// empties hides empty cells beside hidden ones, where nothing else shows that
// they are empty.
func (g *grid) empties(t int) (more bool) {
	if !g.closed[t] && !slices.Contains(g.hidden[t], true) {
		return false
	}
	for k, l := range g.line[t] {
		if l == nil && g.doubtful(t, k) {
			more = g.hide(t, k) || more
		}
	}
	return more
}

// doubtful reports whether an empty cell may be anything as far as its row goes.
func (g *grid) doubtful(t, k int) bool {
	up := g.parent[t]
	if g.free || up < 0 {
		return false
	}
	return g.hidden[up][k] || slices.ContainsFunc(g.kids[up], func(c int) bool { return g.line[c][k] != nil && g.hidden[c][k] })
}

// cell is a place in a grid.
type cell struct{ time, key int }

// column holds what a reader knows of all hidden parts of a time together to the
// rule for one part: two of them at least, and no small count.
func (g *grid) column(t int) (more bool) {
	cells := make([]cell, len(g.keys))
	for k := range g.keys {
		cells[k] = cell{t, k}
	}
	for !g.guarded(cells) {
		if next, any := g.smallest(cells); any {
			more = g.hide(next.time, next.key) || more
			continue
		}
		for k, l := range g.line[t] { // all there is, and nothing beside it: the row has to help
			if up := g.parent[t]; l != nil && up >= 0 {
				more = g.hide(up, k) || more
			}
		}
		return more
	}
	return more
}

// row does the same for the times within a longer one. Under a hidden part
// everything is hidden.
func (g *grid) row(t, k int) (more bool) {
	if g.line[t][k] == nil {
		return false
	}
	cells := make([]cell, len(g.kids[t]))
	for i, c := range g.kids[t] {
		cells[i] = cell{c, k}
		if g.hidden[t][k] && g.line[c][k] != nil {
			more = g.hide(c, k) || more
		}
	}
	for !g.hidden[t][k] && !g.guarded(cells) {
		next, any := g.smallest(cells)
		if !any {
			next = cell{t, k}
		}
		more = g.hide(next.time, next.key) || more
	}
	return more
}

// guarded reports whether cells that add up to something shown may be known
// together.
func (g *grid) guarded(cells []cell) bool {
	var rest Line
	n, empty := 0, true
	for _, c := range cells {
		if !g.hidden[c.time][c.key] {
			continue
		}
		n++
		if l := g.line[c.time][c.key]; l != nil {
			rest, empty = rest.plus(*l), false
		}
	}
	return empty || n > 1 && !g.profile.tells(rest)
}

// smallest is the shown cell by which the least is lost; empty ones help nobody.
func (g *grid) smallest(cells []cell) (best cell, any bool) {
	for _, c := range cells {
		l := g.line[c.time][c.key]
		if l == nil || g.hidden[c.time][c.key] {
			continue
		}
		if !any || l.size() < g.line[best.time][best.key].size() {
			best, any = c, true
		}
	}
	return best, any
}
