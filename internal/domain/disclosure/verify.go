package disclosure

// leastValues is how many values the range of a hidden figure must leave open.
const leastValues = 3

// moneyRoom is the share of a hidden amount, in percent, its range must be wide.
const moneyRoom = 20

// escalate works out what a reader can work out, hides one more cell beside each
// that is known too well, and reports whether there was any to hide.
func (g *grid) escalate() (more bool) {
	for _, c := range g.known() {
		next, any := g.smallest(g.beside(c))
		if !any {
			next, any = g.smallest(g.all())
		}
		if any {
			more = g.hide(next.time, next.key) || more
		}
	}
	return more
}

// beside are the cells that share a time with one, or the row around it.
func (g *grid) beside(c cell) []cell {
	var out []cell
	if !g.free && !g.closed[c.time] {
		for k := range g.keys {
			out = append(out, cell{c.time, k})
		}
	}
	if up := g.parent[c.time]; up >= 0 {
		out = append(out, cell{up, c.key})
		for _, t := range g.kids[up] {
			out = append(out, cell{t, c.key})
		}
	}
	return out
}

func (g *grid) all() []cell {
	var out []cell
	for t := range g.times {
		for k := range g.keys {
			out = append(out, cell{t, k})
		}
	}
	return out
}

// known are the hidden cells of which some figure lies in too narrow a range.
func (g *grid) known() (out []cell) {
	n := g.network()
	if len(n.edges) == 0 {
		return nil
	}
	figures, beside := 0, 0
	for _, l := range g.whole {
		figures, beside = max(figures, len(l.Counts)), max(beside, len(l.Beside))
	}
	tight := make([]bool, len(n.edges))
	for f := range figures + 1 + beside { // after the counts the sums
		for i := range n.edges {
			n.edges[i].value = figureOf(n.edges[i].line, f, figures)
			if g.free && f == 0 && n.edges[i].value > 0 { // an empty month is shown as empty
				n.edges[i].value--
			}
		}
		for i, e := range n.edges {
			if v := figureOf(e.line, f, figures); v != 0 && e.cell.key >= 0 {
				tight[i] = tight[i] || !g.loose(n, i, v, f >= figures)
			}
		}
	}
	for i, e := range n.edges {
		if tight[i] {
			out = append(out, e.cell)
		}
	}
	return out
}

// figureOf is a count of a line, or after the counts one of its sums.
func figureOf(l *Line, f, counts int) int64 {
	switch {
	case l == nil:
		return 0
	case f == counts:
		return l.Sum
	case f > counts:
		return l.beside(f - counts - 1)
	}
	return l.count(f).Value
}

// loose reports whether what is shown leaves a hidden figure room enough.
func (g *grid) loose(n *network, edge int, v int64, sum bool) bool {
	room, reach := int64(leastValues-1), g.profile.Threshold()-v
	if sum {
		room, reach = max(room, v/100*moneyRoom), 0
	}
	up := n.room(edge, max(room, reach), true)
	return up >= reach && (up >= room || up+n.room(edge, room-up, false) >= room)
}
