package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sankey shows where an amount comes from and where it goes: sources on the
// left, uses on the right, the width of each band its amount.
type Sankey struct {
	plot  Plot
	nodes []sankeyNode
	links []FlowLink
}

// FlowNode is a source, a use, or something between.
type FlowNode struct {
	ID    string
	Name  string
	Style Style
}

// FlowLink is an amount going from one node to another.
type FlowLink struct {
	From, To string
	Amount   int64
}

// sankeyNode is a node with what goes through it and where it is drawn.
type sankeyNode struct {
	FlowNode
	in, out int64
	column  int
	at      Box
	used    [2]float64 // of the left and the right edge, by bands drawn so far
}

func (n sankeyNode) amount() int64 { return max(n.in, n.out) }

// ErrFlow is returned for flows that cannot be drawn truthfully.
var ErrFlow = errors.New("chart: flows do not add up")

// NewSankey checks the flows: every amount is positive, the two ends of a link
// exist, nothing flows in a circle, and what flows into a node flows out of it
// again, to the fen. Only sources have no inflow, only uses no outflow.
func NewSankey(p Plot, nodes []FlowNode, links []FlowLink) (Sankey, error) {
	s := Sankey{plot: p, links: links}
	at := map[string]int{}
	for _, n := range nodes {
		if _, twice := at[n.ID]; twice {
			return Sankey{}, fmt.Errorf("%w: node %q stands twice", ErrFlow, n.ID)
		}
		at[n.ID] = len(s.nodes)
		s.nodes = append(s.nodes, sankeyNode{FlowNode: n})
	}
	for _, l := range links {
		from, ok := at[l.From]
		to, ok2 := at[l.To]
		switch {
		case !ok || !ok2:
			return Sankey{}, fmt.Errorf("%w: no node for the link from %q to %q", ErrFlow, l.From, l.To)
		case l.Amount <= 0:
			return Sankey{}, fmt.Errorf("%w: from %q to %q goes %d", ErrFlow, l.From, l.To, l.Amount)
		case s.nodes[from].out > math.MaxInt64-l.Amount || s.nodes[to].in > math.MaxInt64-l.Amount:
			return Sankey{}, fmt.Errorf("%w: from %q to %q goes more than can be counted", ErrFlow, l.From, l.To)
		}
		s.nodes[from].out += l.Amount
		s.nodes[to].in += l.Amount
	}
	for _, n := range s.nodes {
		if n.in > 0 && n.out > 0 && n.in != n.out {
			return Sankey{}, fmt.Errorf("%w: into %q goes %d, out of it %d", ErrFlow, n.ID, n.in, n.out)
		}
	}
	return s, s.columns(at)
}

// columns puts every node behind the nodes it gets from.
func (s Sankey) columns(at map[string]int) error {
	for range s.nodes {
		moved := false
		for _, l := range s.links {
			from, to := at[l.From], at[l.To]
			if s.nodes[to].column <= s.nodes[from].column {
				s.nodes[to].column, moved = s.nodes[from].column+1, true
			}
		}
		if !moved {
			return nil
		}
	}
	if len(s.links) > 0 {
		return fmt.Errorf("%w: they go in a circle", ErrFlow)
	}
	return nil
}

const (
	sankeyBar  = 14.0
	sankeySlot = 18.0 // height a node has at least, for its name
	sankeyName = 48.0 // width a name has at least
	sankeyThin = 14.0 // a band less high than this would strike its name out: the name stands above it
)

// Draw draws the chart; its table has the links. Frame.Format says amounts.
func (s Sankey) Draw() Drawing {
	s.plot.again = func(in Frame) Drawing { s.plot.Frame = in; return s.Draw() }
	var nodes []int
	last := 0
	for i, n := range s.nodes {
		if n.amount() > 0 {
			nodes, last = append(nodes, i), max(last, n.column)
		}
	}
	if len(nodes) == 0 {
		return s.plot.blank()
	}
	drawn := s
	drawn.nodes = slices.Clone(s.nodes)
	columns := make([][]int, last+1)
	for _, i := range nodes {
		if n := &drawn.nodes[i]; n.out == 0 { // uses stand together on the right
			n.column = last
		}
		columns[drawn.nodes[i].column] = append(columns[drawn.nodes[i].column], i)
	}
	g := s.plot.stage()
	height := drawn.layout(g, columns)
	drawn.bands(g)
	for c, column := range columns {
		for _, i := range column {
			drawn.node(g, drawn.nodes[i], drawn.room(g, columns, c))
		}
	}
	return g.finish(height, s.rows())
}

// layout places the nodes: all columns share one scale, each node has room for
// its name, and a column is sorted by where its flows come from.
func (s Sankey) layout(g *stage, columns [][]int) float64 {
	tall, whole := 0, int64(0)
	for _, column := range columns {
		sum := int64(0)
		for _, i := range column {
			sum += s.nodes[i].amount()
		}
		tall, whole = max(tall, len(column)), max(whole, sum)
	}
	room := math.Max(240, float64(tall)*sankeySlot*0.6)
	scale := room / float64(whole)
	width := s.pace(g, columns)
	bottom := 0.0
	for c, column := range columns {
		if c > 0 {
			s.sort(column)
		}
		y := 8.0
		for _, i := range column {
			n := &s.nodes[i]
			h := math.Max(float64(n.amount())*scale, 1)
			slot := h + 6
			top := 3.0
			if h < sankeyThin {
				slot, top = h+sankeySlot, sankeySlot-3
			}
			n.at = Box{width * float64(c), y + top, sankeyBar, h}
			y += slot
		}
		bottom = math.Max(bottom, y)
	}
	for _, column := range columns { // shorter columns stand in the middle
		end := s.nodes[column[len(column)-1]].at
		shift := (bottom - math.Max(end.Y+end.H+3, 0)) / 2
		for _, i := range column {
			if shift > 3 {
				s.nodes[i].at.Y += shift - 3
			}
		}
	}
	return bottom + 8
}

// sort orders a column by the mean height its flows come from.
func (s Sankey) sort(column []int) {
	mean := map[int]float64{}
	for _, i := range column {
		sum := 0.0
		for _, l := range s.links {
			if l.To == s.nodes[i].ID {
				from := s.nodes[s.find(l.From)].at
				sum += float64(l.Amount) * (from.Y + from.H/2)
			}
		}
		mean[i] = sum / float64(max(s.nodes[i].in, 1))
	}
	slices.SortStableFunc(column, func(a, b int) int {
		switch {
		case mean[a] < mean[b]:
			return -1
		case mean[a] > mean[b]:
			return 1
		}
		return 0
	})
}

func (s Sankey) find(id string) int {
	return slices.IndexFunc(s.nodes, func(n sankeyNode) bool { return n.ID == id })
}

// bands draws the links, at both ends in the order of the other ends.
func (s Sankey) bands(g *stage) {
	order := func(by func(FlowLink) string) []int {
		is := make([]int, len(s.links))
		for i := range is {
			is[i] = i
		}
		slices.SortStableFunc(is, func(a, b int) int {
			return int(math.Copysign(1, s.nodes[s.find(by(s.links[a]))].at.Y-s.nodes[s.find(by(s.links[b]))].at.Y))
		})
		return is
	}
	type ends struct{ from, to, hFrom, hTo float64 }
	es := make([]ends, len(s.links))
	for _, i := range order(func(l FlowLink) string { return l.To }) {
		n := &s.nodes[s.find(s.links[i].From)]
		es[i].from, es[i].hFrom = n.at.Y+n.used[1], n.at.H*float64(s.links[i].Amount)/float64(n.amount())
		n.used[1] += es[i].hFrom
	}
	for _, i := range order(func(l FlowLink) string { return l.From }) {
		n := &s.nodes[s.find(s.links[i].To)]
		es[i].to, es[i].hTo = n.at.Y+n.used[0], n.at.H*float64(s.links[i].Amount)/float64(n.amount())
		n.used[0] += es[i].hTo
	}
	for i, l := range s.links {
		from, to, e := s.nodes[s.find(l.From)], s.nodes[s.find(l.To)], es[i]
		x1, x2 := from.at.X+sankeyBar, to.at.X
		mid := (x1 + x2) / 2
		g.Path(Path{}.Move(x1, e.from).Curve(Point{mid, e.from}, Point{mid, e.to}, Point{x2, e.to}).
			To(x2, e.to+e.hTo).Curve(Point{mid, e.to + e.hTo}, Point{mid, e.from + e.hFrom}, Point{x1, e.from + e.hFrom}).Close(),
			Look{Fill: from.Style, Alpha: 0.35, Tip: words(from.Name+" → "+to.Name, s.plot.say(l.Amount))})
	}
}

// nameRoom is where a node's name may go: beside its bar, to the left in the last
// column.
type nameRoom struct {
	width float64
	left  bool
}

// room is the room of the names in a column. The names of the last two columns
// share the gap between them: half and half, or what the other needs not. Where
// that is too little for two names, those of the last column stand to the right.
func (s Sankey) room(g *stage, columns [][]int, column int) nameRoom {
	last := len(columns) - 1
	gap, tail := s.pace(g, columns)-sankeyBar-12, s.tail(g, columns)
	switch {
	case tail > 0 && column == last:
		return nameRoom{tail - 8, false}
	case tail == 0 && last > 0 && column >= last-1:
		gap = math.Max(gap/2, gap-s.widest(columns[2*last-1-column], true)-6) - 6
	}
	return nameRoom{gap, tail == 0 && column == last && last > 0}
}

// pace is the way from one column to the next.
func (s Sankey) pace(g *stage, columns [][]int) float64 {
	return (g.width - s.tail(g, columns) - sankeyBar) / float64(max(len(columns)-1, 1))
}

// tail is what is kept free to the right of the last column for its names: as much
// as the others have, and none while two names have room between the columns.
func (s Sankey) tail(g *stage, columns [][]int) float64 {
	last := float64(len(columns) - 1)
	pace := (g.width - sankeyBar) / math.Max(last, 1)
	if last == 0 || (pace-sankeyBar-12)/2-6 >= sankeyName {
		return 0
	}
	return math.Min((pace-sankeyBar-4)*last/(last+1), s.widest(columns[len(columns)-1], false)+8)
}

// widest is the width of the longest name of a column, with its amount or alone.
func (s Sankey) widest(column []int, amount bool) float64 {
	most := 0.0
	for _, i := range column {
		name := s.nodes[i].Name
		if amount {
			name += s.said(s.nodes[i])
		}
		most = math.Max(most, textWidth(name))
	}
	return most
}

// said is the amount behind a node's name.
func (s Sankey) said(n sankeyNode) string { return " " + s.plot.say(n.amount()) }

// node draws one node with its name and amount.
func (s Sankey) node(g *stage, n sankeyNode, room nameRoom) {
	g.Rect(n.at, Look{Fill: n.Style, Tip: words(n.Name, s.plot.say(n.amount()))})
	amount := s.said(n)
	l := Label{Text: fit(n.Name, room.width-textWidth(amount)) + amount, Anchor: Start, Style: Ink, Halo: true}
	if room.width-textWidth(amount) < sankeyName { // the name stands alone, and the tip has the amount
		l.Text = fit(n.Name, room.width)
	}
	at := Point{n.at.X + sankeyBar + 6, n.at.Y + n.at.H/2 + 4}
	if n.at.H < sankeyThin {
		at.Y = n.at.Y - 3
	}
	if room.left {
		at.X, l.Anchor = n.at.X-6, End
	}
	for w := room.width; !g.label(at, l) && w > 12; w -= 12 { // rather a little of the name than nothing
		l.Text = fit(n.Name, w)
	}
}

func (s Sankey) rows() []Row {
	var rows []Row
	for _, l := range s.links {
		from, to := s.nodes[s.find(l.From)], s.nodes[s.find(l.To)]
		rows = append(rows, Row{Cells: []string{from.Name, to.Name, s.plot.say(l.Amount)}, Style: from.Style})
	}
	return rows
}
