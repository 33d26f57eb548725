package chart

import (
	"math"

	"github.com/shanhai-health/shanhai/internal/clock"
)

// Calendar is a heat map of days: weeks side by side, Monday on top, a block for
// each year. Darker is more; a day with nothing is hollow, a day not known has
// no cell.
type Calendar struct {
	Plot     // Heads: day, count. Frame.Format says counts
	First    clock.Date
	Counts   []int64 // one for each day from First on; Missing
	Weekdays [7]string
	Months   [12]string
	Year     func(int) string // nil: digits
}

// The five shades of a count above 0, as shares of the colour.
const calendarShades = 5

// Draw draws the chart.
func (c Calendar) Draw() Drawing {
	c.again = func(in Frame) Drawing { c.Frame = in; return c.Draw() }
	most, any := int64(0), false
	for _, n := range c.Counts {
		if n != Missing {
			most, any = max(most, n), true
		}
	}
	if !any || c.First.IsZero() {
		return c.blank()
	}
	s := c.stage()
	c.legend(s, most)
	for _, d := range c.Weekdays {
		s.left = math.Max(s.left, textWidth(d))
	}
	s.left = math.Min(s.left, s.width*0.2) + 10
	for from := 0; from < len(c.Counts); {
		day := c.First.AddDays(from)
		to := min(len(c.Counts), from+clock.MustDate(day.Year()+1, 1, 1).DaysSince(day))
		c.block(s, from, to, most)
		from = to
	}
	return s.finish(s.top+4, c.rows())
}

// block draws the days of one year.
func (c Calendar) block(s *stage, from, to int, most int64) {
	year := c.First.AddDays(from).Year()
	name := decimals(float64(year), 0)
	if c.Year != nil {
		name = c.Year(year)
	}
	s.label(Point{0, s.top + 12}, Label{Text: fit(name, s.width), Anchor: Start, Strong: true})
	top := s.top + 36
	first := clock.MustDate(year, 1, 1)
	lead := (int(first.Weekday()) + 6) % 7 // Monday is 0
	const weeks = 54                       // a leap year that begins on a Sunday touches so many
	cell := math.Min((s.width-s.left)/weeks, 16)
	for i, d := range c.Weekdays {
		if cell >= 14 || i%2 == 0 { // small cells leave room for every other name
			s.label(Point{s.left - 6, top + cell*float64(i) + cell/2 + 4}, Label{Text: fit(d, s.left-6), Anchor: End})
		}
	}
	month, every := 0, labelEvery(c.Months[:], 4.3*cell, s.width) // a month left out is not missed; half of its number is another month
	for i := from; i < to; i++ {
		day := c.First.AddDays(i)
		at := lead + day.DaysSince(first)
		x, y := s.left+cell*float64(at/7), top+cell*float64(at%7)
		if day.Month() != month {
			month = day.Month()
			if (month-1)%every == 0 {
				s.inside(Point{x, top - 6}, Label{Text: c.Months[month-1], Anchor: Start})
			}
		}
		if n := c.Counts[i]; n != Missing {
			look := shade(n, most)
			look.Tip = words(day.String(), c.say(n))
			s.Rect(Box{x + 0.5, y + 0.5, cell - 1.5, cell - 1.5}, look)
		}
	}
	s.top = top + 7*cell + 10
}

// shade is the look of a count: equal steps up to the largest.
func shade(n, most int64) Look {
	if n <= 0 {
		return Look{Stroke: Grid, Width: 0.8}
	}
	step := math.Ceil(float64(n) / float64(most) * calendarShades)
	return Look{Fill: Brand, Alpha: 0.2 + 0.8*(step-1)/(calendarShades-1)}
}

// legend names the shades by the counts they stand for.
func (c Calendar) legend(s *stage, most int64) {
	entries := []entry{{c.say(0), func(at Point) { s.Rect(Box{at.X - 6, at.Y - 6, 12, 12}, shade(0, most)) }}}
	low := int64(1)
	for i := int64(1); i <= calendarShades; i++ {
		high := most * i / calendarShades
		if high < low {
			continue
		}
		name := c.say(low)
		if high > low {
			name += "–" + c.say(high)
		}
		entries = append(entries, entry{name, func(at Point) { s.Rect(Box{at.X - 6, at.Y - 6, 12, 12}, shade(high, most)) }})
		low = high + 1
	}
	s.legend(entries)
}

func (c Calendar) rows() []Row {
	var rows []Row
	for i, n := range c.Counts {
		rows = append(rows, Row{Cells: []string{c.First.AddDays(i).String(), c.say(n)}})
	}
	return rows
}
