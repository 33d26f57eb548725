package disclosure

// Line is what is said about one part of a population in one breath: counts that
// make a rate, or a sum with the number behind it. All of it is shown or none.
type Line struct {
	Counts   []Count
	Money    bool    // Sum is an amount of money
	Sum      int64   // of values, where the line has one
	Beside   []int64 // other sums of the same line: what is added up of one is of each
	Largest  int64   // of money: the largest share of one person
	People   int64   // the sum comes from; 0: the counts say it
	Times    int64   // how often the threshold has to be met; 0: once
	Withheld bool    // hidden in another publication already
}

// Count is a number of units and of the people behind them.
type Count struct {
	Value, People int64
	Identifies    bool // a zero that says something about somebody
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
	if l.Sum != 0 && l.People > 0 && l.People <= p.Hide {
		return true
	}
	return l.Withheld || l.Money && l.Sum != 0 && l.Largest*100 > p.Dominance*l.Sum
}

// plus is what two lines say together. That a part is hidden elsewhere says
// nothing about the two.
func (l Line) plus(o Line) Line {
	out := Line{Money: l.Money || o.Money, Sum: l.Sum + o.Sum, Largest: max(l.Largest, o.Largest), People: l.People + o.People, Times: max(l.Times, o.Times)}
	for i := range max(len(l.Beside), len(o.Beside)) {
		out.Beside = append(out.Beside, l.beside(i)+o.beside(i))
	}
	for i := range max(len(l.Counts), len(o.Counts)) {
		a, b := l.count(i), o.count(i)
		out.Counts = append(out.Counts, Count{a.Value + b.Value, a.People + b.People, a.Identifies || b.Identifies})
	}
	return out
}

func (l Line) count(i int) Count {
	if i < len(l.Counts) {
		return l.Counts[i]
	}
	return Count{}
}

func (l Line) beside(i int) int64 {
	if i < len(l.Beside) {
		return l.Beside[i]
	}
	return 0
}

// size orders lines by how much is lost where one is hidden.
func (l Line) size() int64 {
	if len(l.Counts) == 0 {
		return l.Sum
	}
	return l.Counts[0].Value
}
