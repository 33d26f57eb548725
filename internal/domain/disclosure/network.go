package disclosure

import "math"

// network is what is hidden of a table as flows: what a part has in all comes in,
// goes down its row from longer times to shorter ones, and out of every shortest
// time as its whole. At each node as much comes in as goes out, which is every sum
// there is; what is shown does not change and is left out. One solution is known,
// the truth, so the range of a figure is how much more, and how much less, can be
// sent around through its edge while nothing becomes negative. That is the range
// over all solutions (Ford and Fulkerson), not only over those that single sums
// exclude.
type network struct {
	edges []edge
	out   [][]int // of each node: the edges at it
	sent  []int64 // what was sent around beyond the truth, while one edge is looked at
	walk
}

// walk is what a search for a path remembers of each node.
type walk struct {
	by    []step
	seen  []int // the number of the search that came by
	count int
	queue []int
}

// edge is a hidden figure on its way from one node to another.
type edge struct {
	from, to int
	cell     cell // key -1: the whole of a time
	line     *Line
	value    int64 // how much less it can be
}

// ground is the node where everything comes from and goes to.
const ground = 0

func (g *grid) network() *network {
	wide := len(g.keys) + 1
	n := &network{out: make([][]int, 1+len(g.times)*wide)}
	row := func(t, k int) int { return 1 + t*wide + 1 + k } // what a part, or the whole (-1), has within a longer time
	for t := range g.times {
		last := len(g.kids[t]) == 0
		for k := range g.keys {
			if !g.hidden[t][k] {
				continue
			}
			from, to := ground, row(t, k)
			if up := g.parent[t]; up >= 0 {
				from = row(up, k)
			}
			switch {
			case last && g.free:
				to = ground
			case last:
				to = row(t, -1)
			}
			n.add(edge{from: from, to: to, cell: cell{t, k}, line: g.line[t][k]})
		}
		if g.free || !g.closed[t] {
			continue
		}
		to := ground
		if up := g.parent[t]; up >= 0 {
			to = row(up, -1)
		}
		n.add(edge{from: row(t, -1), to: to, cell: cell{t, -1}, line: &g.whole[t]})
	}
	n.sent = make([]int64, len(n.edges))
	n.walk = walk{by: make([]step, len(n.out)), seen: make([]int, len(n.out))}
	return n
}

func (n *network) add(e edge) {
	n.out[e.from] = append(n.out[e.from], len(n.edges))
	n.out[e.to] = append(n.out[e.to], len(n.edges))
	n.edges = append(n.edges, e)
}

// room is how much more, or less, a hidden figure can be, up to what is asked for.
func (n *network) room(at int, wanted int64, more bool) (found int64) {
	from, to := n.edges[at].to, n.edges[at].from
	if !more {
		from, to = to, from
		wanted = min(wanted, n.edges[at].value)
	}
	if from == to {
		return wanted
	}
	var ways []step
	for found < wanted {
		path, most := n.path(at, from, to)
		if len(path) == 0 {
			break
		}
		most = min(most, wanted-found)
		for _, s := range path {
			if s.back {
				n.sent[s.edge] -= most
			} else {
				n.sent[s.edge] += most
			}
		}
		found, ways = found+most, append(ways, path...)
	}
	for _, s := range ways {
		n.sent[s.edge] = 0
	}
	return found
}

// step goes along an edge, or back along it by making it less.
type step struct {
	edge int
	back bool
}

// path is the shortest way between two nodes without one edge, and how much can
// be sent along it.
func (n *network) path(without, from, to int) (way []step, most int64) {
	n.count++
	n.seen[from], n.queue = n.count, append(n.queue[:0], from)
	for next := 0; next < len(n.queue) && n.seen[to] != n.count; next++ {
		at := n.queue[next]
		for _, i := range n.out[at] {
			e := n.edges[i]
			there, back := e.to, false
			if e.from != at {
				there, back = e.from, true
			}
			if i == without || n.seen[there] == n.count || back && e.value+n.sent[i] <= 0 {
				continue
			}
			n.seen[there], n.by[there] = n.count, step{i, back}
			n.queue = append(n.queue, there)
		}
	}
	if n.seen[to] != n.count {
		return nil, 0
	}
	most = math.MaxInt64
	for at := to; at != from; {
		s := n.by[at]
		way = append(way, s)
		e := n.edges[s.edge]
		if at = e.from; s.back {
			at, most = e.to, min(most, e.value+n.sent[s.edge])
		}
	}
	return way, most
}
