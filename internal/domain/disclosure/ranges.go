package disclosure

import "math"

// span is a range of values, both ends included.
type span struct{ low, high int64 }

// open is the end of a range nothing bounds.
const open = math.MaxInt64 / 4

func (s span) wide(room int64) bool { return s.high-s.low >= room }

// equation says that figures times their factors add up to a number. With
// rounded figures the number is a range.
type equation struct {
	at     []int
	factor []int64
	sum    span
}

// ranges are what a reader can work out about the hidden figures of a system:
// the bounds that follow from each sum, applied until nothing gets narrower, and
// then those that follow from all sums together.
func (w *work) ranges(g group) map[int]span {
	out := map[int]span{}
	for _, i := range g.hidden {
		low := int64(1)
		if w.cells[i].Money || w.cells[i].Value == 0 {
			low = 0
		}
		out[i] = span{low, open}
	}
	eqs := w.equations(g)
	for changed, rounds := true, 0; changed && rounds < maxRounds; rounds++ {
		changed = false
		for _, e := range eqs {
			changed = e.narrow(out) || changed
		}
	}
	if w.profile.Round < 2 || w.cells[g.hidden[0]].Money {
		combine(eqs, out)
	}
	return out
}

// maxRounds bounds the narrowing. Ranges only get narrower, so stopping early
// would hide too little: small systems end after a few rounds.
const maxRounds = 1000

// equations are the sums with the shown figures brought to the other side.
func (w *work) equations(g group) []equation {
	var out []equation
	for _, s := range g.sums {
		e := equation{sum: span{s.extra, s.extra}}
		for n, i := range s.members {
			sign := int64(1)
			if n == 0 {
				sign = -1
			}
			if w.hidden[i] {
				e.at, e.factor = append(e.at, i), append(e.factor, sign)
				continue
			}
			shown := w.shown(i)
			if sign < 0 {
				e.sum.low, e.sum.high = e.sum.low+shown.low, e.sum.high+shown.high
			} else {
				e.sum.low, e.sum.high = e.sum.low-shown.high, e.sum.high-shown.low
			}
		}
		if len(e.at) > 0 {
			out = append(out, e)
		}
	}
	return out
}

// shown is what a reader knows about a figure that is shown.
func (w *work) shown(i int) span {
	c, p := w.cells[i], w.profile
	if c.Money || c.Value == 0 || p.Round < 2 {
		return span{c.Value, c.Value}
	}
	r := p.Rounded(c.Value)
	return span{max(r-p.Round/2, p.Threshold()), r + (p.Round-1)/2}
}

// narrow applies an equation to the ranges and reports whether one got narrower.
func (e equation) narrow(ranges map[int]span) (changed bool) {
	for n, i := range e.at {
		rest := e.sum
		for m, j := range e.at {
			if m == n {
				continue
			}
			lo, hi := scale(ranges[j], e.factor[m])
			rest.low, rest.high = lowest(rest.low-hi), highest(rest.high-lo)
		}
		lo, hi := divide(rest, e.factor[n])
		r := ranges[i]
		if lo > r.low && lo > -open {
			r.low, changed = lo, true
		}
		if hi < r.high && hi < open {
			r.high, changed = hi, true
		}
		ranges[i] = r
	}
	return changed
}

func lowest(v int64) int64  { return max(v, -open) }
func highest(v int64) int64 { return min(v, open) }

// scale multiplies a range; what is open stays open.
func scale(s span, by int64) (low, high int64) {
	times := func(v int64) int64 {
		if v >= open || v <= -open || v > open/abs(by) || v < -open/abs(by) {
			if (v > 0) == (by > 0) {
				return open
			}
			return -open
		}
		return v * by
	}
	a, b := times(s.low), times(s.high)
	return min(a, b), max(a, b)
}

// divide is the range of whole numbers whose multiples lie in a range.
func divide(s span, by int64) (low, high int64) {
	low, high = s.low, s.high
	if by < 0 {
		low, high, by = -high, -low, -by
	}
	if low > -open {
		low = -floor(-low, by)
	}
	if high < open {
		high = floor(high, by)
	}
	return low, high
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
