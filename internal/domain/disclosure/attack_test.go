package disclosure_test

import (
	"math/big"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
)

// attack is the system of equations over the hidden figures.
type attack struct {
	at    map[disclosure.At]int
	names []disclosure.At
	least []int64      // of each, as far as the reader knows
	rows  [][]*big.Rat // coefficients, then the right side
}

// sum adds the equation that places add up to another; what is not hidden is known.
func (a *attack) sum(c disclosure.Cube, total disclosure.At, parts []disclosure.At) {
	row := make([]*big.Rat, len(a.names)+1)
	for i := range row {
		row[i] = new(big.Rat)
	}
	term := func(at disclosure.At, sign int64) {
		if i, hidden := a.at[at]; hidden {
			row[i].Add(row[i], big.NewRat(sign, 1))
		} else if l, any := c[at]; any {
			row[len(a.names)].Sub(row[len(a.names)], big.NewRat(sign*l.Counts[0].Value, 1))
		}
	}
	for _, p := range parts {
		term(p, 1)
	}
	term(total, -1)
	a.rows = append(a.rows, row)
}

// eliminate adds the rows of the reduced echelon form, by Gauss and Jordan.
func (a *attack) eliminate() {
	m := make([][]*big.Rat, len(a.rows))
	for i, row := range a.rows {
		for _, v := range row {
			m[i] = append(m[i], new(big.Rat).Set(v))
		}
	}
	lead := 0
	for r := 0; r < len(m) && lead < len(a.names); lead++ {
		p := slices.IndexFunc(m[r:], func(row []*big.Rat) bool { return row[lead].Sign() != 0 })
		if p < 0 {
			continue
		}
		m[r], m[r+p] = m[r+p], m[r]
		d := new(big.Rat).Set(m[r][lead])
		for _, v := range m[r] {
			v.Quo(v, d)
		}
		for o := range m {
			if f := new(big.Rat).Set(m[o][lead]); o != r && f.Sign() != 0 {
				for i, v := range m[o] {
					v.Sub(v, new(big.Rat).Mul(f, m[r][i]))
				}
			}
		}
		r++
	}
	a.rows = append(a.rows, m...)
}

// bounds narrows the ranges of the unknowns until nothing changes; nil is open.
func (a *attack) bounds() (low, high []*big.Rat) {
	low, high = make([]*big.Rat, len(a.names)), make([]*big.Rat, len(a.names))
	for i := range low {
		low[i] = big.NewRat(a.least[i], 1)
	}
	for changed, n := true, 0; changed && n < 40; n++ { // fractions may creep for ever
		changed = false
		for _, row := range a.rows {
			for i := range a.names {
				if row[i].Sign() != 0 && a.narrow(row, i, low, high) {
					changed = true
				}
			}
		}
	}
	return low, high
}

// narrow solves a row for one unknown with the ranges of the others.
func (a *attack) narrow(row []*big.Rat, i int, low, high []*big.Rat) (changed bool) {
	least, most := new(big.Rat).Set(row[len(a.names)]), new(big.Rat).Set(row[len(a.names)])
	for j := range a.names {
		if j == i || row[j].Sign() == 0 {
			continue
		}
		from, to := low[j], high[j]
		if row[j].Sign() < 0 {
			from, to = to, from
		}
		if to == nil {
			least = nil
		} else if least != nil {
			least.Sub(least, new(big.Rat).Mul(row[j], to))
		}
		if from == nil {
			most = nil
		} else if most != nil {
			most.Sub(most, new(big.Rat).Mul(row[j], from))
		}
	}
	if row[i].Sign() < 0 {
		least, most = most, least
	}
	if least != nil {
		if v := new(big.Rat).Quo(least, row[i]); v.Cmp(low[i]) > 0 {
			low[i], changed = v, true
		}
	}
	if most != nil {
		if v := new(big.Rat).Quo(most, row[i]); high[i] == nil || v.Cmp(high[i]) < 0 {
			high[i], changed = v, true
		}
	}
	return changed
}
