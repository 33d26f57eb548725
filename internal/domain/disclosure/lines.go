package disclosure

import "cmp"

// Line is what is said about one part of a population in one breath: counts that
// make a rate, or a sum with the number behind it. All of it is shown or none.
type Line struct {
	Counts   []Count
	Money    bool  // Sum is an amount of money
	Sum      int64 // of values, where the line has one
	Largest  int64 // of money: the largest share of one person
	Times    int64 // how often the threshold has to be met; 0: once
	Withheld bool  // hidden in another publication already
}

// Count is a number of units and of the people behind them.
type Count struct {
	Value, People int64
	Identifies    bool // a zero that says something about somebody
}

// Lines decides which parts of a population are shown beside the whole. Each
// dimension holds parts that add up to the whole. What can be worked out about
// the hidden parts of a dimension is their sum, so that is held to the same rule
// as a part: it needs two parts at least and no small count in it. A hidden whole
// hides every part.
func (p Profile) Lines(whole Line, dimensions ...[]Line) (hidden bool, parts [][]bool) {
	parts = make([][]bool, len(dimensions))
	for i, d := range dimensions {
		parts[i] = make([]bool, len(d))
	}
	if p.Exact() {
		return false, parts
	}
	hidden = p.tells(whole)
	for i, d := range dimensions {
		if !p.dimension(d, parts[i]) {
			hidden = true
		}
	}
	for _, d := range parts {
		for i := range d {
			d[i] = d[i] || hidden
		}
	}
	return hidden, parts
}

// Branch is a line with the parts that add up to it, by dimension; parts may have
// parts themselves, as years have quarters.
type Branch struct {
	Line
	Hidden bool
	Parts  [][]*Branch
}

// Tree decides what is shown of a line, its parts and theirs. Under a hidden part
// everything is hidden, so all that can be worked out is what [Profile.Lines]
// leaves over in each dimension of each part that is shown.
func (p Profile) Tree(b *Branch) {
	for p.branch(b) {
	}
}

// branch goes over a branch once, the parts first, and reports whether it hid
// anything: that may take more along elsewhere.
func (p Profile) branch(b *Branch) (more bool) {
	dimensions := make([][]Line, len(b.Parts))
	for i, d := range b.Parts {
		for _, x := range d {
			more = p.branch(x) || more
			dimensions[i] = append(dimensions[i], x.now())
		}
	}
	hide := func(x *Branch, hidden bool) {
		more = more || hidden && !x.Hidden
		x.Hidden = x.Hidden || hidden
	}
	hidden, parts := p.Lines(b.now(), dimensions...)
	hide(b, hidden)
	for i, d := range b.Parts {
		for j, x := range d {
			hide(x, parts[i][j])
		}
	}
	return more
}

// now is the line with what was decided about it.
func (b *Branch) now() Line {
	l := b.Line
	l.Withheld = l.Withheld || b.Hidden
	return l
}

// tells reports whether a line says too much about too few.
func (p Profile) tells(l Line) bool {
	least := p.Hide
	if l.Times > 1 {
		least = p.Threshold()*l.Times - 1
	}
	for _, c := range l.Counts {
		people := c.Value
		if c.People > 0 {
			people = min(people, c.People)
		}
		if c.Value != 0 && people <= least || c.Value == 0 && c.Identifies {
			return true
		}
	}
	return l.Withheld || l.Money && l.Sum != 0 && l.Largest*100 > p.Dominance*l.Sum
}

// dimension hides parts until what is left over may be known, and reports whether
// the whole may still be shown.
func (p Profile) dimension(d []Line, hidden []bool) bool {
	for i, l := range d {
		hidden[i] = p.tells(l)
	}
	for {
		rest, n := leftOver(d, hidden)
		if n == 0 || n > 1 && !p.tells(rest) {
			return true
		}
		next := smallestShown(d, hidden)
		if next < 0 {
			return n > 1 // the rest is the whole, which is judged by itself
		}
		hidden[next] = true
	}
}

// leftOver is what a reader knows of all hidden parts together.
func leftOver(d []Line, hidden []bool) (rest Line, n int) {
	for i, l := range d {
		if !hidden[i] {
			continue
		}
		n++
		rest.Money, rest.Times = l.Money, l.Times
		rest.Sum, rest.Largest = rest.Sum+l.Sum, max(rest.Largest, l.Largest)
		for j, c := range l.Counts {
			if j >= len(rest.Counts) {
				rest.Counts = append(rest.Counts, Count{})
			}
			rest.Counts[j].Value += c.Value
			rest.Counts[j].People += c.People
			rest.Counts[j].Identifies = c.Identifies
		}
	}
	return rest, n
}

// smallestShown is the part to hide next: the smallest that is not empty.
func smallestShown(d []Line, hidden []bool) int {
	best := -1
	size := func(i int) int64 {
		if len(d[i].Counts) == 0 {
			return 0
		}
		return d[i].Counts[0].Value
	}
	for i := range d {
		if hidden[i] {
			continue
		}
		empty := func(j int) int {
			if size(j) == 0 {
				return 1
			}
			return 0
		}
		if best < 0 || cmp.Or(cmp.Compare(empty(i), empty(best)), cmp.Compare(size(i), size(best))) < 0 {
			best = i
		}
	}
	return best
}
