package disclosure

// leastValues is how many values the range of a hidden figure must leave open.
const leastValues = 3

// moneyRoom is the share of a hidden amount, in percent, its range must be wide.
const moneyRoom = 20

// work is the state while figures are being hidden.
type work struct {
	profile Profile
	cells   []Cell
	hidden  []bool
	sums    []indexed
	of      [][]int // the sums a figure stands in
	system  []int   // which system of linked sums a figure belongs to
}

// indexed is a sum by positions: the total first, then the parts.
type indexed struct {
	members []int
	extra   int64
}

// Protect decides what is shown. The same set gives the same answer.
func (s *Set) Protect(p Profile) Result {
	r := Result{profile: p, set: s, hidden: make([]bool, len(s.list))}
	if p.Exact() {
		return r
	}
	w := &work{profile: p, cells: s.list, hidden: r.hidden, of: make([][]int, len(s.list))}
	for _, x := range s.sums {
		sum := indexed{[]int{s.cells[x.Total]}, x.Extra}
		for _, k := range x.Parts {
			sum.members = append(sum.members, s.cells[k])
		}
		for _, i := range sum.members {
			w.of[i] = append(w.of[i], len(w.sums))
		}
		w.sums = append(w.sums, sum)
	}
	w.system = w.systems()
	w.counts()
	w.settle(false)
	w.amounts(s)
	w.settle(true)
	return r
}

// systems numbers the groups of figures that hang together.
func (w *work) systems() []int {
	of := make([]int, len(w.cells))
	for i := range of {
		of[i] = i
	}
	root := func(i int) int {
		for of[i] != i {
			of[i] = of[of[i]]
			i = of[i]
		}
		return i
	}
	for _, s := range w.sums {
		for _, i := range s.members[1:] {
			of[root(i)] = root(s.members[0])
		}
	}
	for i := range of {
		of[i] = root(i)
	}
	return of
}

// counts hides counts of few people.
func (w *work) counts() {
	for i, c := range w.cells {
		people := c.People
		if people == 0 || c.Value < people {
			people = c.Value // more people than the figure counts say nothing against hiding it
		}
		w.hidden[i] = !c.Money && (c.Withheld || c.Value != 0 && people <= w.profile.Hide || c.Value == 0 && c.Identifies)
	}
}

// amounts hides money of few people, of a hidden number of them, and money that
// is nearly all one person's.
func (w *work) amounts(s *Set) {
	for i, c := range w.cells {
		if !c.Money || c.Value == 0 {
			continue
		}
		at, known := s.cells[c.Of]
		w.hidden[i] = c.Withheld || c.People > 0 && c.People <= w.profile.Hide || known && w.hidden[at] || w.dominated(c)
	}
}

// dominated reports whether one person has more of a sum than may be.
func (w *work) dominated(c Cell) bool {
	return c.Largest*100 > w.profile.Dominance*c.Value
}

// settle hides further figures of one kind until nothing hidden can be worked out.
func (w *work) settle(money bool) {
	for {
		for w.accompany(money) {
		}
		if !w.escalate(money) {
			return
		}
	}
}

// accompany hides a second figure in every sum with exactly one, and reports
// whether there was such a sum.
func (w *work) accompany(money bool) (changed bool) {
	for _, s := range w.sums {
		if w.cells[s.members[0]].Money != money {
			continue
		}
		n := 0
		for _, i := range s.members {
			if w.hidden[i] {
				n++
			}
		}
		if n != 1 {
			continue
		}
		if i := w.smallest([]indexed{s}); i >= 0 {
			w.hidden[i], changed = true, true
		}
	}
	return changed
}

// smallest is the next figure to hide in some sums: the smallest part that is not
// zero, then a total, then a zero; -1 when all are hidden.
func (w *work) smallest(sums []indexed) int {
	best := -1
	rank := func(i int, total bool) int {
		switch {
		case w.cells[i].Value == 0:
			return 2
		case total:
			return 1
		}
		return 0
	}
	bestRank := 0
	for _, s := range sums {
		for n, i := range s.members {
			if w.hidden[i] {
				continue
			}
			r := rank(i, n == 0)
			if best < 0 || r < bestRank || r == bestRank && w.cells[i].Value < w.cells[best].Value {
				best, bestRank = i, r
			}
		}
	}
	return best
}

// escalate hides one more figure where a range is too narrow, and reports whether
// it had to.
func (w *work) escalate(money bool) bool {
	for _, group := range w.groups(money) {
		ranges := w.ranges(group)
		for _, i := range group.hidden {
			if w.safe(i, ranges[i]) {
				continue
			}
			var own []indexed
			for _, s := range w.of[i] {
				own = append(own, w.sums[s])
			}
			next := w.smallest(own)
			if next < 0 {
				next = w.smallest(group.sums)
			}
			if next < 0 { // nothing of the system is shown any more
				continue
			}
			w.hidden[next] = true
			return true
		}
	}
	return false
}

// safe reports whether a range says little enough.
func (w *work) safe(i int, r span) bool {
	if w.cells[i].Money {
		return r.wide(max(leastValues-1, w.cells[i].Value/100*moneyRoom))
	}
	return r.wide(leastValues-1) && r.high >= w.profile.Threshold()
}

// group is one system with hidden figures.
type group struct {
	sums   []indexed
	hidden []int
}

// groups lists the systems of one kind that hide anything, in the order of their
// sums.
func (w *work) groups(money bool) []group {
	at := map[int]int{}
	var out []group
	for _, s := range w.sums {
		first := s.members[0]
		if w.cells[first].Money != money {
			continue
		}
		i, known := at[w.system[first]]
		if !known {
			i = len(out)
			at[w.system[first]] = i
			out = append(out, group{})
		}
		out[i].sums = append(out[i].sums, s)
	}
	for i, h := range w.hidden {
		if g, known := at[w.system[i]]; h && known {
			out[g].hidden = append(out[g].hidden, i)
		}
	}
	kept := out[:0]
	for _, g := range out {
		if len(g.hidden) > 0 {
			kept = append(kept, g)
		}
	}
	return kept
}
