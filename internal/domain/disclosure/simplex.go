package disclosure

import (
	"math/big"
	"slices"
)

// Limits of the exact ranges: a system beyond them is narrowed by its sums one by
// one, which is exact as long as no figure stands in two sums.
const (
	maxUnknowns  = 80
	maxEquations = 60
)

// combine narrows ranges to what follows from all equations together: for each
// unknown the least and the greatest value any solution gives it.
func combine(eqs []equation, ranges map[int]span) {
	var columns []int
	for _, e := range eqs {
		columns = append(columns, e.at...)
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	if len(eqs) < 2 || len(eqs) > maxEquations || len(columns) > maxUnknowns {
		return
	}
	lows := make([]int64, len(columns))
	for c, i := range columns {
		lows[c] = ranges[i].low
	}
	t := newTableau(eqs, columns, lows)
	for c, i := range columns {
		r := ranges[i]
		if v, ok := t.extreme(c, -1); ok {
			up := new(big.Int).Neg(new(big.Int).Div(new(big.Int).Neg(v.Num()), v.Denom())) // the whole number not below
			r.low = max(r.low, lows[c]+up.Int64())
		}
		if v, ok := t.extreme(c, 1); ok {
			r.high = min(r.high, lows[c]+new(big.Int).Div(v.Num(), v.Denom()).Int64())
		}
		ranges[i] = r
	}
}

// tableau is a system in the form of the simplex method: each row has a basic
// column, all unknowns are at least zero. Fractions are exact.
type tableau struct {
	rows  [][]*big.Rat // unknowns, then the right side
	basis []int
	n     int
}

// newTableau brings the equations into the form: unknowns are counted from their
// lower bounds, and a first solution is found by driving out an artificial column
// for each row.
func newTableau(eqs []equation, columns []int, lows []int64) *tableau {
	n, m := len(columns), len(eqs)
	t := &tableau{n: n + m}
	for r, e := range eqs {
		row := make([]*big.Rat, n+m+1)
		for c := range row {
			row[c] = new(big.Rat)
		}
		right := e.sum.low
		for k, i := range e.at {
			c, _ := slices.BinarySearch(columns, i)
			row[c].Add(row[c], big.NewRat(e.factor[k], 1))
			right -= e.factor[k] * lows[c]
		}
		row[n+m].SetInt64(right)
		if right < 0 {
			for _, v := range row {
				v.Neg(v)
			}
		}
		row[n+r].SetInt64(1)
		t.rows, t.basis = append(t.rows, row), append(t.basis, n+r)
	}
	goal := t.zeros()
	for c := n; c < n+m; c++ {
		goal[c].SetInt64(-1)
	}
	t.maximise(goal)
	t.settle(n)
	return t
}

func (t *tableau) zeros() []*big.Rat {
	out := make([]*big.Rat, t.n)
	for c := range out {
		out[c] = new(big.Rat)
	}
	return out
}

// settle takes the artificial columns out; a row that has no other column says
// what the rest says already.
func (t *tableau) settle(n int) {
	var rows [][]*big.Rat
	var basis []int
	for r := range t.rows {
		if t.basis[r] >= n {
			c := slices.IndexFunc(t.rows[r][:n], func(v *big.Rat) bool { return v.Sign() != 0 })
			if c < 0 {
				continue
			}
			t.pivot(r, c)
		}
		rows, basis = append(rows, t.rows[r]), append(basis, t.basis[r])
	}
	for r, row := range rows {
		rows[r] = append(row[:n:n], row[t.n])
	}
	t.rows, t.basis, t.n = rows, basis, n
}

// extreme is the greatest (sign 1) or least (sign -1) value of an unknown; not ok
// where nothing bounds it.
func (t *tableau) extreme(c int, sign int64) (*big.Rat, bool) {
	goal := t.zeros()
	goal[c].SetInt64(sign)
	if !t.maximise(goal) {
		return nil, false
	}
	if r := slices.Index(t.basis, c); r >= 0 {
		return t.rows[r][t.n], true
	}
	return new(big.Rat), true
}

// maximise moves to a best solution by Bland's rule, which cannot go in circles.
func (t *tableau) maximise(goal []*big.Rat) (bounded bool) {
	for {
		enter := -1
		for c := 0; c < t.n && enter < 0; c++ {
			if !slices.Contains(t.basis, c) && t.gain(goal, c).Sign() > 0 {
				enter = c
			}
		}
		if enter < 0 {
			return true
		}
		leave := -1
		var best *big.Rat
		for r, row := range t.rows {
			if row[enter].Sign() <= 0 {
				continue
			}
			step := new(big.Rat).Quo(row[t.n], row[enter])
			if leave < 0 || step.Cmp(best) < 0 || step.Cmp(best) == 0 && t.basis[r] < t.basis[leave] {
				leave, best = r, step
			}
		}
		if leave < 0 {
			return false
		}
		t.pivot(leave, enter)
	}
}

// gain is by how much the goal grows with a column that is not basic.
func (t *tableau) gain(goal []*big.Rat, c int) *big.Rat {
	g := new(big.Rat).Set(goal[c])
	for r, row := range t.rows {
		if b := goal[t.basis[r]]; b.Sign() != 0 && row[c].Sign() != 0 {
			g.Sub(g, new(big.Rat).Mul(b, row[c]))
		}
	}
	return g
}

func (t *tableau) pivot(r, c int) {
	inverse := new(big.Rat).Inv(t.rows[r][c])
	for _, v := range t.rows[r] {
		v.Mul(v, inverse)
	}
	for o, row := range t.rows {
		if o == r || row[c].Sign() == 0 {
			continue
		}
		times := new(big.Rat).Set(row[c])
		for i, v := range row {
			if t.rows[r][i].Sign() != 0 {
				v.Sub(v, new(big.Rat).Mul(times, t.rows[r][i]))
			}
		}
	}
	t.basis[r] = c
}
