package chart

import (
	"math"
	"slices"
	"strings"
)

// MaxLines is how many lines one chart may have: more cannot be told apart.
const MaxLines = 4

// Lines is a line chart over ordered categories, usually months. Series beyond
// [MaxLines] appear in the table only.
type Lines struct {
	Frame
	Categories []string
	Series     []Series
}

// Draw draws the chart.
func (l Lines) Draw() Drawing {
	if len(l.Categories) == 0 || len(l.Series) == 0 {
		return Drawing{Title: l.Title, Note: l.Note, Heads: l.Heads}
	}
	drawn := l.Series[:min(len(l.Series), MaxLines)]
	var lo, hi int64
	names := 0.0
	for _, s := range drawn {
		names = math.Max(names, math.Min(textWidth(s.Name), l.width()*0.25))
		for i := range l.Categories {
			if v := s.value(i); v != Missing {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
	}
	c, sc := l.canvas(), newScale(lo, hi)
	const top, bottom = 12.0, 12 + plotHeight
	right := l.width() - names - 22
	left := l.axis(c, sc, top, bottom, right)
	band := (right - left) / float64(len(l.Categories))
	every := labelEvery(l.Categories, band)
	for i, name := range l.Categories {
		if i%every == 0 {
			c.text(left+band*(float64(i)+0.5), bottom+18, "middle", false, fit(name, band*float64(every)))
		}
	}
	c.line("axis", left, sc.at(0, bottom, top), right, sc.at(0, bottom, top))
	var ends []lineEnd
	for _, s := range drawn {
		end := l.one(c, s, func(i int, v int64) (float64, float64) { return left + band*(float64(i)+0.5), sc.at(v, bottom, top) })
		if end.name != "" {
			ends = append(ends, end)
		}
	}
	for _, e := range spread(ends, top, bottom) {
		c.mark(e.style, right+8, e.y, "")
		c.text(right+18, e.y+4, "start", true, fit(e.name, names))
	}
	return l.drawing(c, bottom+26, l.rows())
}

// lineEnd is where a line stops and its name goes.
type lineEnd struct {
	name  string
	style Style
	y     float64
}

// one draws one line with its marks; a missing value breaks it.
func (l Lines) one(c *canvas, s Series, at func(int, int64) (float64, float64)) lineEnd {
	var path strings.Builder
	var shape Path
	var marks []func()
	end, pen := lineEnd{}, "M"
	for i := range l.Categories {
		v := s.value(i)
		if v == Missing {
			pen = "M"
			continue
		}
		x, y := at(i, v)
		path.WriteString(pen + px(x) + " " + px(y))
		shape = append(shape, Segment{Op: pen[0], To: Point{x, y}})
		pen = "L"
		end = lineEnd{s.Name, s.Style, y}
		tip := l.Categories[i] + " " + s.Name + " " + l.say(v)
		marks = append(marks, func() { c.mark(s.Style, x, y, tip) })
	}
	if path.Len() == 0 {
		return lineEnd{}
	}
	c.Path(shape, Look{Stroke: s.Style, Width: 2.2})
	c.put(`<path class="ch-`, string(s.Style), `" d="`, path.String(), `" fill="none" stroke="`, s.Style.paint(), `" stroke-width="2.2" stroke-linejoin="round"/>`)
	for _, m := range marks {
		m()
	}
	return end
}

// mark draws a point: ▲ mountain, ● sea, ■ others, so that shape tells what
// colour does.
func (c *canvas) mark(s Style, x, y float64, tip string) {
	c.dot(Point{x, y}, s)
	switch s {
	case Mountain:
		c.put(`<path d="M`, px(x), ` `, px(y-5), `l5 9h-10z"`)
	case Sea:
		c.put(`<circle cx="`, px(x), `" cy="`, px(y), `" r="4"`)
	default:
		c.put(`<path d="M`, px(x-3.5), ` `, px(y-3.5), `h7v7h-7z"`)
	}
	c.b.WriteString(` class="ch-` + string(s) + `" fill="` + s.paint() + `">`)
	c.tip(tip)
	if s == Sea {
		c.put(`</circle>`)
	} else {
		c.put(`</path>`)
	}
}

// spread moves names apart so that none covers another, keeping their order.
func spread(ends []lineEnd, top, bottom float64) []lineEnd {
	const least = 15.0
	slices.SortStableFunc(ends, func(a, b lineEnd) int {
		switch {
		case a.y < b.y:
			return -1
		case a.y > b.y:
			return 1
		}
		return 0
	})
	for i := 1; i < len(ends); i++ {
		ends[i].y = math.Max(ends[i].y, ends[i-1].y+least)
	}
	if n := len(ends); n > 0 && ends[n-1].y > bottom {
		ends[n-1].y = bottom
		for i := n - 2; i >= 0; i-- {
			ends[i].y = math.Max(math.Min(ends[i].y, ends[i+1].y-least), top)
		}
	}
	return ends
}

func (l Lines) rows() []Row {
	var rows []Row
	for i, name := range l.Categories {
		cells := []string{name}
		for _, s := range l.Series {
			cells = append(cells, l.say(s.value(i)))
		}
		rows = append(rows, Row{Cells: cells})
	}
	return rows
}
