package statistics

// Protection says which counts leave the house. A count of 1 to Hide points at
// people; zeros are shown.
type Protection struct {
	Hide  int // the largest count that is hidden
	Round int // the others are rounded to multiples of this; 0 and 1: exact
}

// RestrictedProtection is for readers inside the programme: 1–4 are hidden.
func RestrictedProtection() Protection { return Protection{Hide: 4} }

// PublicProtection is for what everybody may read: 1–7 are hidden and the rest
// is rounded to 5.
func PublicProtection() Protection { return Protection{Hide: 7, Round: 5} }

// Cell is a count as it may be shown. A hidden cell has no value.
type Cell struct {
	Value  int
	Hidden bool
}

// Cell is a count that stands alone. Percentages are made from its value, never
// from the count.
func (p Protection) Cell(count int) Cell {
	if p.small(count) {
		return Cell{Hidden: true}
	}
	return Cell{Value: p.rounded(count)}
}

func (p Protection) small(count int) bool { return count > 0 && count <= p.Hide }

func (p Protection) rounded(count int) int {
	if p.Round <= 1 {
		return count
	}
	return (count + p.Round/2) / p.Round * p.Round
}

// Protected is a table of counts with its totals, as it may be shown: the last
// row and the last column are the totals.
type Protected struct{ Cells [][]Cell }

// Table protects a table of counts. Hiding the small ones is not enough, since
// the totals give them away: further cells are hidden until no hidden cell can
// be computed from what is shown, or narrowed to fewer than three counts, or
// known to be a small one. The counts are not negative and the rows equally long.
func (p Protection) Table(counts [][]int) Protected {
	t := newSuppression(counts, p)
	for t.complete() || t.widen() { // each round hides one cell more
	}
	out := Protected{Cells: make([][]Cell, len(t.count))}
	for i, row := range t.count {
		for j, n := range row {
			c := Cell{Value: p.rounded(n)}
			if t.hidden[i][j] {
				c = Cell{Hidden: true}
			}
			out.Cells[i] = append(out.Cells[i], c)
		}
	}
	return out
}

// place is a cell of a table with totals.
type place struct{ row, column int }

// suppression is a table with totals being protected.
type suppression struct {
	Protection
	count  [][]int
	hidden [][]bool
}

func newSuppression(counts [][]int, p Protection) *suppression {
	t := &suppression{Protection: p}
	width := 0
	if len(counts) > 0 {
		width = len(counts[0])
	}
	totals := make([]int, width+1)
	for _, row := range counts {
		line, sum := make([]int, width+1), 0
		for j, n := range row {
			line[j], sum = n, sum+n
			totals[j] += n
		}
		line[width] = sum
		totals[width] += sum
		t.count = append(t.count, line)
	}
	t.count = append(t.count, totals)
	for _, row := range t.count {
		hidden := make([]bool, len(row))
		for j, n := range row {
			hidden[j] = p.small(n)
		}
		t.hidden = append(t.hidden, hidden)
	}
	return t
}

// lines are the rows and columns: in each the last place is the sum of the
// others.
func (t *suppression) lines() [][]place {
	var ls [][]place
	for i := range t.count {
		var l []place
		for j := range t.count[i] {
			l = append(l, place{i, j})
		}
		ls = append(ls, l)
	}
	for j := range t.count[0] {
		var l []place
		for i := range t.count {
			l = append(l, place{i, j})
		}
		ls = append(ls, l)
	}
	return ls
}

// complete hides a second cell where a line has only one hidden; it reports
// whether it did. A cell that completes a crossing line too is taken first, else
// the smallest.
func (t *suppression) complete() bool {
	for _, l := range t.lines() {
		if !t.alone(l) {
			continue
		}
		var both []place
		for _, p := range l {
			if t.alone(t.crossing(p, l)) {
				both = append(both, p)
			}
		}
		if t.hideSmallest(both) || t.hideSmallest(l) {
			return true
		}
	}
	return false
}

// crossing is the other line through a place of a line.
func (t *suppression) crossing(p place, line []place) []place {
	if line[0].row == line[len(line)-1].row && len(t.count[0]) > 1 {
		return t.lines()[len(t.count)+p.column]
	}
	return t.lines()[p.row]
}

// alone reports whether exactly one cell of a line is hidden.
func (t *suppression) alone(line []place) bool {
	n := 0
	for _, p := range line {
		if t.hidden[p.row][p.column] {
			n++
		}
	}
	return n == 1
}

// hideSmallest hides the smallest cell still shown that is not 0.
func (t *suppression) hideSmallest(line []place) bool {
	best, found := place{}, false
	for _, p := range line {
		n := t.count[p.row][p.column]
		if n > 0 && !t.hidden[p.row][p.column] && (!found || n < t.count[best.row][best.column]) {
			best, found = p, true
		}
	}
	if found {
		t.hidden[best.row][best.column] = true
	}
	return found
}

// widen hides one more cell beside a hidden one that is still exposed; it
// reports whether it did.
func (t *suppression) widen() bool {
	ranges := t.ranges()
	for i := range t.count {
		for j := range t.count[i] {
			if !t.hidden[i][j] || !t.exposed(place{i, j}, ranges[i][j]) {
				continue
			}
			var beside []place
			for k := range t.count[i] {
				beside = append(beside, place{i, k})
			}
			for k := range t.count {
				beside = append(beside, place{k, j})
			}
			if t.hideSmallest(beside) || t.hideSmallest(t.all()) {
				return true
			}
		}
	}
	return false
}

func (t *suppression) all() []place {
	var ps []place
	for i := range t.count {
		for j := range t.count[i] {
			ps = append(ps, place{i, j})
		}
	}
	return ps
}

// bounds are the counts a hidden cell may have, as a reader can work them out.
type bounds struct{ low, high int }

// exposed reports whether a reader learns too much about a hidden cell.
func (t *suppression) exposed(p place, b bounds) bool {
	return b.high-b.low < 2 || b.high <= t.Hide || t.bridge(p)
}

// ranges works out from the totals what each hidden cell may be, again and again
// until nothing becomes narrower. A hidden cell is at least 1: zeros are shown.
func (t *suppression) ranges() [][]bounds {
	const open = 1 << 40
	rs := make([][]bounds, len(t.count))
	for i, row := range t.count {
		for j, n := range row {
			b := bounds{n, n}
			if t.hidden[i][j] {
				b = bounds{1, open}
			}
			rs[i] = append(rs[i], b)
		}
	}
	for moved, rounds := true, 0; moved && rounds < 1000; rounds++ {
		moved = false
		for _, l := range t.lines() {
			moved = narrow(rs, l) || moved
		}
	}
	return rs
}

// narrow applies one line to the ranges.
func narrow(rs [][]bounds, line []place) (moved bool) {
	last := len(line) - 1
	low, high := 0, 0
	for _, p := range line[:last] {
		b := rs[p.row][p.column]
		low, high = low+b.low, high+b.high
	}
	total := &rs[line[last].row][line[last].column]
	set := func(b *bounds, low, high int) {
		if low > b.low {
			b.low, moved = low, true
		}
		if high < b.high {
			b.high, moved = high, true
		}
	}
	set(total, low, high)
	for _, p := range line[:last] {
		b := &rs[p.row][p.column]
		set(b, total.low-(high-b.high), total.high-(low-b.low))
	}
	return moved
}

// bridge reports whether a hidden cell follows from the totals: rows and columns
// are points, hidden cells the ways between them, and a way that no circle
// passes has one possible value.
func (t *suppression) bridge(p place) bool {
	rows := len(t.count)
	seen := make([]bool, rows+len(t.count[0]))
	queue := []int{p.row}
	seen[p.row] = true
	visit := func(n int) {
		if !seen[n] {
			seen[n] = true
			queue = append(queue, n)
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if n < rows {
			for j, hidden := range t.hidden[n] {
				if hidden && (place{n, j}) != p {
					visit(rows + j)
				}
			}
			continue
		}
		for i := range t.hidden {
			if t.hidden[i][n-rows] && (place{i, n - rows}) != p {
				visit(i)
			}
		}
	}
	return !seen[rows+p.column]
}

// Tells reports whether two figures about populations may not both leave: they
// differ by so few people that their difference is a figure about those. shared
// is how many are in both.
func (p Protection) Tells(first, second, shared int) bool {
	apart := first + second - 2*shared
	return apart > 0 && apart <= p.Hide
}

// dominance is the share in percent from which one contributor is the sum.
const dominance = 80

// HidesSum reports whether a sum of money must not be shown: too few gave to it,
// or one of them nearly all.
func (p Protection) HidesSum(contributions []int64) bool {
	sum, largest, n := int64(0), int64(0), 0
	for _, c := range contributions {
		if c > 0 {
			sum, largest, n = sum+c, max(largest, c), n+1
		}
	}
	return p.small(n) || n > 0 && largest/dominance > sum/100
}
