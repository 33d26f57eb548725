package chart

// Funnel compares units by their volume: hospitals or surgeons as points, the
// limits around the target as a funnel. A unit outside is named in the picture.
type Funnel struct {
	Plot       // Heads: unit, volume, value, remark
	Points     []FunnelPoint
	Target     float64
	TargetName string
	Limits     []FunnelLimit // the inner pair first
}

// FunnelPoint is one unit. Style says where it lies: [Brand] inside, [Warn]
// beyond the inner pair, [Alarm] beyond the outer one.
type FunnelPoint struct {
	Name   string
	Volume float64
	Value  float64
	Style  Style
	Remark string // the same in words
}

// FunnelLimit is one pair of limits, at rising volumes from 1 on; see
// [FunnelVolumes].
type FunnelLimit struct {
	Name               string
	Volumes, Low, High []float64
}

// FunnelVolumes are the whole volumes at which limits are worth computing: every
// one where the funnel is steep, then ever fewer.
func FunnelVolumes(largest int) []int {
	var vs []int
	for v := 1; v < largest; v += max(1, v/24) {
		vs = append(vs, v)
	}
	return append(vs, max(largest, 1))
}

// Draw draws the chart.
func (f Funnel) Draw() Drawing {
	f.again = func(in Frame) Drawing { f.Frame = in; return f.Draw() }
	var points []FunnelPoint
	xs, ys := newReach(0), newReach(0, f.Target)
	for _, p := range f.Points {
		if known(p.Volume) && known(p.Value) && p.Volume > 0 {
			points = append(points, p)
			xs.cover(p.Volume)
			ys.cover(p.Value)
		}
	}
	if len(points) == 0 {
		return f.blank()
	}
	f.cover(ys, points)
	s := f.stage()
	s.x, s.y = xs.span(), ys.span()
	dashes := []Dash{Dashed, DashDot, Dotted}
	entries := []entry{{f.TargetName, s.stroke(Look{Stroke: Ink, Width: 1.5})}}
	for i, l := range f.Limits {
		entries = append(entries, entry{l.Name, s.stroke(Look{Stroke: Axis, Width: 1.5, Dash: dashes[i%len(dashes)]})})
	}
	s.legend(entries)
	s.axes(240, 12, s.x.ticks())
	if known(f.Target) {
		s.Line(Point{s.left, s.py(f.Target)}, Point{s.right, s.py(f.Target)}, Look{Stroke: Ink, Width: 1.5})
		s.lines = append(s.lines, Box{s.left, s.py(f.Target), s.right - s.left, 0})
	}
	s.lines = append(s.lines, Box{s.left, s.bottom, s.right - s.left, 34}) // the axis and its labels below
	for i, l := range f.Limits {
		for _, side := range [][]float64{l.Low, l.High} {
			f.limit(s, l.Volumes, side, Look{Stroke: Axis, Width: 1.5, Dash: dashes[i%len(dashes)]})
		}
	}
	f.mark(s, points)
	return s.finish(s.under(), f.rows())
}

// limit draws one limit where it lies within the plot, to the very edge.
func (f Funnel) limit(s *stage, volumes, side []float64, look Look) {
	var path Path
	pen := false
	for i := 1; i < min(len(volumes), len(side)); i++ {
		x, y, out := [2]float64{volumes[i-1], volumes[i]}, [2]float64{side[i-1], side[i]}, false
		for end := range 2 { // cut what leaves above or to the right
			if !known(x[end]) || !known(y[end]) || x[0] >= s.x.hi {
				out = true
			}
		}
		if out || y[0] > s.y.hi && y[1] > s.y.hi {
			pen = false
			continue
		}
		for end := range 2 {
			if y[end] > s.y.hi {
				x[end], y[end], pen = x[end]+(x[1-end]-x[end])*(y[end]-s.y.hi)/(y[end]-y[1-end]), s.y.hi, false
			}
		}
		if x[1] > s.x.hi {
			x[1], y[1] = s.x.hi, y[0]+(y[1]-y[0])*(s.x.hi-x[0])/(x[1]-x[0])
		}
		if !pen {
			path = path.Move(s.px(x[0]), s.py(y[0]))
		}
		path, pen = path.To(s.px(x[1]), s.py(y[1])), true
	}
	if len(path) > 0 {
		s.Path(path, look)
	}
}

// cover makes room for the funnel where the middle of the points is; its wide
// mouth, at the smallest volumes, may be cut off above.
func (f Funnel) cover(ys *reach, points []FunnelPoint) {
	var volumes []float64
	for _, p := range points {
		volumes = append(volumes, p.Volume)
	}
	from := middle(volumes) / 3
	for _, l := range f.Limits {
		for i, v := range l.Volumes {
			if v >= from && i < len(l.High) {
				ys.cover(l.High[i])
				break
			}
		}
	}
}

// mark draws the points, and the names of those outside before the others.
func (f Funnel) mark(s *stage, points []FunnelPoint) {
	loud := func(p FunnelPoint) bool { return p.Style == Warn || p.Style == Alarm }
	for _, p := range points {
		s.dot(Point{s.px(p.Volume), s.py(p.Value)}, p.Style, words(p.Name, s.sayX(p.Volume), s.sayY(p.Value), p.Remark))
	}
	for _, first := range []bool{true, false} {
		for _, p := range points {
			if loud(p) == first && (first || len(points) <= 12) {
				s.beside(Point{s.px(p.Volume), s.py(p.Value)}, Label{Text: fit(p.Name, 200), Strong: first, Style: Ink})
			}
		}
	}
}

func (f Funnel) rows() []Row {
	var rows []Row
	for _, p := range f.Points {
		rows = append(rows, Row{Cells: []string{p.Name, f.sayX(p.Volume), f.sayY(p.Value), p.Remark}, Style: p.Style})
	}
	return rows
}
