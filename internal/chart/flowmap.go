package chart

import (
	"math"
	"strings"
)

// FlowMap is a schematic map of two places and what goes between their
// hospitals: no coast lines, no county borders, only who is on which side. The
// table is the list of hospitals and of the ways between them.
type FlowMap struct {
	Plot        // Heads: from, to, amount. Frame.Format says amounts
	Left, Right Place
	Arcs        []Arc
}

// Place is one side: a city with its hospitals.
type Place struct {
	Name  string
	Style Style
	Sites []Site
}

// Site is a hospital. Count is said behind its name; [Missing]: nothing is.
type Site struct {
	Name  string
	Count int64
}

// Arc is what goes between two hospitals, by their positions; Back is from the
// right side to the left.
type Arc struct {
	Left, Right int
	Back        bool
	Amount      int64
}

const siteSlot = 22.0

// Draw draws the chart.
func (m FlowMap) Draw() Drawing {
	m.again = func(in Frame) Drawing { m.Frame = in; return m.Draw() }
	if len(m.Left.Sites)+len(m.Right.Sites) == 0 {
		return m.blank()
	}
	s := m.stage()
	s.legend([]entry{
		{m.Left.Name, func(at Point) { s.dot(at, m.Left.Style, "") }},
		{m.Right.Name, func(at Point) { s.dot(at, m.Right.Style, "") }},
	})
	height := math.Max(siteSlot*float64(max(len(m.Left.Sites), len(m.Right.Sites))), 120)
	top := s.top + 6
	left := m.side(s, m.Left, box{s.width * 0.34, top, -1, height})
	right := m.side(s, m.Right, box{s.width * 0.66, top, 1, height})
	most := int64(1)
	for _, a := range m.Arcs {
		most = max(most, a.Amount)
	}
	for _, a := range m.Arcs {
		if a.Amount <= 0 || a.Left < 0 || a.Left >= len(left) || a.Right < 0 || a.Right >= len(right) {
			continue
		}
		m.arc(s, a, [2]Point{left[a.Left], right[a.Right]}, math.Max(1, 8*float64(a.Amount)/float64(most)))
	}
	m.sites(s, m.Left, left, End)
	m.sites(s, m.Right, right, Start)
	return s.finish(top+height+8, m.rows())
}

// side places the hospitals of one side on a bow, bent away from the other (w is
// the direction), so that arcs do not lie on each other.
func (m FlowMap) side(s *stage, p Place, at box) []Point {
	var ps []Point
	n := float64(len(p.Sites))
	for i := range p.Sites {
		part := (float64(i) + 0.5) / n
		bend := 26 * math.Sin(math.Pi*part)
		ps = append(ps, Point{at.x + at.w*(bend-26), at.y + at.h*part})
	}
	if len(ps) > 1 {
		path := Path{}.Move(ps[0].X, ps[0].Y)
		for _, q := range ps[1:] {
			path = path.To(q.X, q.Y)
		}
		s.Path(path, Look{Stroke: p.Style, Width: 1.2, Dash: Dotted})
	}
	return ps
}

// arc draws one way; its arrow stands where it arrives, and the two directions
// swing apart.
func (m FlowMap) arc(s *stage, a Arc, ends [2]Point, width float64) {
	from, to, style, names := ends[0], ends[1], m.Left.Style, m.Left.Sites[a.Left].Name+" → "+m.Right.Sites[a.Right].Name
	swing := -18.0
	if a.Back {
		from, to, style, names = ends[1], ends[0], m.Right.Style, m.Right.Sites[a.Right].Name+" → "+m.Left.Sites[a.Left].Name
		swing = 18
	}
	third := (to.X - from.X) / 3
	c2 := Point{to.X - third, to.Y + swing}
	dash := Solid
	if a.Back {
		dash = Dashed
	}
	dx, dy := to.X-c2.X, to.Y-c2.Y
	long := math.Max(math.Hypot(dx, dy), 1e-9)
	dx, dy = dx/long, dy/long
	size := 6 + width
	tip := Point{to.X - 6*dx, to.Y - 6*dy}
	back := Point{tip.X - size*dx, tip.Y - size*dy} // the line ends where the arrow begins
	s.Path(Path{}.Move(from.X, from.Y).Curve(Point{from.X + third, from.Y + swing}, c2, back), Look{Stroke: style, Width: width, Dash: dash, Tip: words(names, m.say(a.Amount))})
	half := 3 + width*0.75
	s.Path(Path{}.Move(tip.X, tip.Y).To(back.X-half*dy, back.Y+half*dx).To(back.X+half*dy, back.Y-half*dx).Close(), Look{Fill: style})
}

// sites draws the hospitals with their names on the outer side.
func (m FlowMap) sites(s *stage, p Place, at []Point, anchor Anchor) {
	for i, site := range p.Sites {
		count := ""
		if site.Count != Missing {
			count = " " + m.say(site.Count)
		}
		s.dot(at[i], p.Style, words(site.Name, strings.TrimSpace(count)))
		x, room := at[i].X+10, s.width-at[i].X-14
		if anchor == End {
			x, room = at[i].X-10, at[i].X-14
		}
		s.label(Point{x, at[i].Y + 4}, Label{Text: fit(site.Name, math.Max(room-textWidth(count), 12)) + count, Anchor: anchor, Style: Ink})
	}
}

func (m FlowMap) rows() []Row {
	var rows []Row
	seen := map[string]bool{}
	for _, a := range m.Arcs {
		if a.Left < 0 || a.Left >= len(m.Left.Sites) || a.Right < 0 || a.Right >= len(m.Right.Sites) {
			continue
		}
		left, right, style := m.Left.Sites[a.Left].Name, m.Right.Sites[a.Right].Name, m.Left.Style
		seen["l"+left], seen["r"+right] = true, true
		if a.Back {
			left, right, style = right, left, m.Right.Style
		}
		rows = append(rows, Row{Cells: []string{left, right, m.say(a.Amount)}, Style: style})
	}
	return append(append(rows, m.alone(m.Left, "l", seen)...), m.alone(m.Right, "r", seen)...)
}

// alone are the hospitals no way leads to; they are on the map all the same.
func (m FlowMap) alone(p Place, side string, seen map[string]bool) []Row {
	var rows []Row
	for _, site := range p.Sites {
		if !seen[side+site.Name] {
			rows = append(rows, Row{Cells: []string{site.Name, "", m.say(Missing)}, Style: p.Style})
		}
	}
	return rows
}
