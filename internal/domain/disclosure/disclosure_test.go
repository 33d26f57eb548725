package disclosure_test

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/errs"
)

func people(v int64) disclosure.Cell { return disclosure.Cell{Value: v, People: v} }

// row makes one row of counts with its total.
func row(values ...int64) *disclosure.Set {
	s := disclosure.NewSet()
	var parts []string
	var sum int64
	for i, v := range values {
		key := fmt.Sprint(i)
		s.Put(key, people(v))
		parts, sum = append(parts, key), sum+v
	}
	s.Put("total", people(sum))
	s.Link("total", 0, parts...)
	return s
}

func text(r disclosure.Result, keys ...string) (out []string) {
	for _, k := range keys {
		v, ok := r.Shown(k)
		if !ok {
			out = append(out, "*")
			continue
		}
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func TestARowHidesTheSmallCountAndTheNextSmallest(t *testing.T) {
	got := text(row(12, 3, 9).Protect(disclosure.Restricted()), "0", "1", "2", "total")
	if want := []string{"12", "*", "*", "24"}; !slices.Equal(got, want) {
		t.Errorf("12, 3, 9, total 24 is shown as %v, want %v", got, want)
	}
}

func TestWhatIsHiddenInARow(t *testing.T) {
	for _, c := range []struct {
		name    string
		profile disclosure.Profile
		values  []int64
		want    []string
	}{
		{"nothing is small", disclosure.Restricted(), []int64{5, 9, 12}, []string{"5", "9", "12", "26"}},
		{"zeros are shown and hide nothing", disclosure.Restricted(), []int64{0, 9, 12}, []string{"0", "9", "12", "21"}},
		{"the boundary is shown", disclosure.Restricted(), []int64{4, 5, 30}, []string{"*", "*", "30", "39"}},
		{"a small total is hidden with its part", disclosure.Restricted(), []int64{3, 0}, []string{"*", "0", "*"}},
		{"two that can only be small take a third along", disclosure.Restricted(), []int64{2, 1, 8}, []string{"*", "*", "*", "11"}},
		{"two with a narrow sum take a third along", disclosure.Restricted(), []int64{1, 2, 40}, []string{"*", "*", "*", "43"}},
		{"the public sees multiples of five", disclosure.Public(), []int64{8, 23, 51}, []string{"10", "25", "50", "80"}},
		{"the public does not see seven", disclosure.Public(), []int64{7, 23, 51, 60}, []string{"*", "*", "50", "60", "140"}},
		{"the office sees all", disclosure.Exact(), []int64{1, 2}, []string{"1", "2", "3"}},
	} {
		s := row(c.values...)
		keys := []string{}
		for i := range c.values {
			keys = append(keys, fmt.Sprint(i))
		}
		if got := text(s.Protect(c.profile), append(keys, "total")...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v becomes %v, want %v", c.name, c.values, got, c.want)
		}
	}
}

func TestAZeroThatIdentifiesIsHidden(t *testing.T) {
	s := disclosure.NewSet()
	s.Put("a", disclosure.Cell{Identifies: true})
	s.Put("b", people(9))
	s.Put("c", people(20))
	s.Put("total", people(29))
	s.Link("total", 0, "a", "b", "c")
	if got := text(s.Protect(disclosure.Restricted()), "a", "b", "c"); !slices.Equal(got, []string{"*", "*", "20"}) {
		t.Errorf("%v", got)
	}
}

func TestTotalsOfRowsAndColumnsGuardEachOther(t *testing.T) {
	s := disclosure.NewSet()
	s.Grid("g", [][]int64{{20, 3, 30}, {25, 40, 35}, {50, 60, 70}})
	r := s.Protect(disclosure.Restricted())
	hidden := 0
	for _, at := range [][2]int{{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}} {
		if _, ok := r.Shown(disclosure.GridKey("g", at[0], at[1])); !ok {
			hidden++
		}
	}
	if hidden != 4 { // a rectangle: two in each row and column it touches
		t.Errorf("%d cells are hidden, want the rectangle of 4", hidden)
	}
}

func TestAFigureSharedByTwoTablesIsHiddenInBoth(t *testing.T) {
	s := disclosure.NewSet()
	for k, v := range map[string]int64{"joint": 3, "eye": 40, "heart": 60, "all": 103, "a": 50, "b": 53} {
		s.Put(k, people(v))
	}
	s.Link("all", 0, "joint", "eye", "heart")
	s.Link("all", 0, "a", "b")
	r := s.Protect(disclosure.Restricted())
	if got := text(r, "joint", "eye", "heart", "all", "a", "b"); !slices.Equal(got, []string{"*", "*", "60", "103", "50", "53"}) {
		t.Errorf("%v", got)
	}
}

func TestOverlappingPersonsDoNotGiveTheHiddenOneAway(t *testing.T) {
	s := disclosure.NewSet()
	for k, v := range map[string]int64{"a": 3, "b": 30, "c": 40, "all": 70} {
		s.Put(k, people(v))
	}
	s.Link("all", 3, "a", "b", "c")
	if got := text(s.Protect(disclosure.Restricted()), "a", "b", "c", "all"); !slices.Equal(got, []string{"*", "*", "40", "70"}) {
		t.Errorf("%v", got)
	}
}

func TestMoneyIsHiddenWithItsPeopleAndUnderDominance(t *testing.T) {
	set := func(largest int64) *disclosure.Set {
		s := disclosure.NewSet()
		for k, v := range map[string]int64{"a": 3, "b": 30, "c": 40, "d": 50, "all": 123} {
			s.Put(k, people(v))
		}
		s.Link("all", 0, "a", "b", "c", "d")
		var sum int64
		for i, k := range []string{"a", "b", "c", "d"} {
			fen := int64(i+1) * 1_000_000
			c := disclosure.Cell{Value: fen, Money: true, People: 9, Of: k}
			if k == "d" {
				c.Largest = largest
			}
			s.Put("fen."+k, c)
			sum += fen
		}
		s.Put("fen.all", disclosure.Cell{Value: sum, Money: true, People: 123, Of: "all"})
		s.Link("fen.all", 0, "fen.a", "fen.b", "fen.c", "fen.d")
		return s
	}
	keys := []string{"a", "b", "fen.a", "fen.b", "fen.c", "fen.d", "fen.all"}
	if got := text(set(0).Protect(disclosure.Restricted()), keys...); !slices.Equal(got, []string{"*", "*", "*", "*", "3000000", "4000000", "10000000"}) {
		t.Errorf("hidden contributors: %v", got)
	}
	if got := text(set(3_200_000).Protect(disclosure.Restricted()), keys...); got[5] != "4000000" {
		t.Errorf("eighty percent is allowed: %v", got)
	}
	if got := text(set(3_200_001).Protect(disclosure.Restricted()), keys...); got[5] != "*" || got[6] != "10000000" {
		t.Errorf("one person has more than eighty percent: %v", got)
	}
}

func TestDifferencing(t *testing.T) {
	day := clock.MustDate
	year := disclosure.Population{Conditions: []string{"programme=joint"}, From: day(2026, 1, 1), To: day(2026, 12, 31), People: 100}
	narrower := func(people int64) disclosure.Population {
		return disclosure.Population{Conditions: []string{"hospital=x", "programme=joint"}, From: day(2026, 1, 1), To: day(2026, 11, 30), People: people}
	}
	p := disclosure.Restricted()
	given := []disclosure.Population{year}
	for people, refused := range map[int64]bool{100: false, 99: true, 96: true, 95: false, 40: false} {
		err := p.Differencing(given, narrower(people))
		if refused != errs.Is(err, errs.Precondition) {
			t.Errorf("%d of 100 people: %v", people, err)
		}
		if err := p.Differencing([]disclosure.Population{narrower(people)}, year); refused != (err != nil) {
			t.Errorf("the other way round, %d of 100 people: %v", people, err)
		}
	}
	other := disclosure.Population{Conditions: []string{"programme=cataract"}, People: 99}
	if err := p.Differencing(given, other); err != nil {
		t.Errorf("other people: %v", err)
	}
	again := year
	again.People = 101 // one was entered since
	if err := p.Differencing(given, again); err != nil {
		t.Errorf("the same question on another day: %v", err)
	}
	if err := disclosure.Exact().Differencing(given, narrower(99)); err != nil {
		t.Errorf("the office: %v", err)
	}
}

func TestProfilesThatProtectNobodyAreRefused(t *testing.T) {
	if err := disclosure.Default().Check(); err != nil {
		t.Error(err)
	}
	p := disclosure.Default()
	p.Public.Hide = 0
	if p.Check() == nil {
		t.Error("a profile that hides nothing was taken")
	}
	for _, name := range disclosure.Names() {
		if x, err := disclosure.Default().Named(name); err != nil || x.Name != name {
			t.Errorf("%s: %v %v", name, x, err)
		}
	}
	if _, err := disclosure.Default().Named("secret"); err == nil {
		t.Error("an unknown profile was taken")
	}
}

// A quarter, its other months and the year give a hidden month away, unless one
// of them is hidden with it.
func TestAHiddenMonthTakesAnotherOfItsQuarterAlong(t *testing.T) {
	s := yearOf(map[int]int64{7: 8, 8: 7, 9: 3, 10: 17, 11: 30, 12: 41})
	got := text(s.set.Protect(disclosure.Restricted()), "m7", "m8", "m9", "q3", "m10", "q4", "all")
	if want := []string{"8", "*", "*", "18", "17", "88", "106"}; !slices.Equal(got, want) {
		t.Errorf("shown %v, want %v", got, want)
	}
	s = yearOf(map[int]int64{1: 40, 4: 3, 7: 8, 8: 7, 9: 20})
	got = text(s.set.Protect(disclosure.Restricted()), "m1", "q1", "m4", "q2", "q3", "m7", "m8", "all")
	if want := []string{"40", "40", "*", "*", "*", "8", "*", "78"}; !slices.Equal(got, want) {
		t.Errorf("a quarter of one month: shown %v, want %v", got, want)
	}
}

// yearOf is the months of a year with their quarters.
func yearOf(months map[int]int64) *system {
	s := &system{set: disclosure.NewSet(), values: map[string]int64{}}
	s.years(map[string]map[int]int64{"": months})
	return s
}

// years enters months, quarters, years and all of them together.
func (s *system) years(years map[string]map[int]int64) {
	total := func(key string, parts []string) {
		var n int64
		for _, p := range parts {
			n += s.values[p]
		}
		s.put(key, n)
		s.link(key, 0, parts...)
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(years)) {
		var quarters []string
		for q := range 4 {
			var months []string
			for m := q*3 + 1; m <= q*3+3; m++ {
				if v := years[name][m]; v > 0 {
					months = append(months, fmt.Sprintf("%sm%d", name, m))
					s.put(months[len(months)-1], v)
				}
			}
			if len(months) > 0 {
				quarters = append(quarters, fmt.Sprintf("%sq%d", name, q+1))
				total(quarters[len(quarters)-1], months)
			}
		}
		if len(quarters) > 0 {
			all = append(all, name+"year")
			total(name+"year", quarters)
		}
	}
	if len(all) > 0 {
		total("all", all)
	}
}

// Whatever happened in which month: from all periods of the calendar together no
// hidden one can be worked out.
func TestNoHiddenPeriodOfTheCalendarCanBeSolvedFor(t *testing.T) {
	profile := disclosure.Restricted()
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 9), rapid.Int64Range(0, 60))
		years := map[string]map[int]int64{}
		for y := range rapid.IntRange(1, 3).Draw(t, "years") {
			months := map[int]int64{}
			for m := range 12 {
				months[m+1] = count.Draw(t, "month")
			}
			years[fmt.Sprint("y", y)] = months
		}
		s := &system{set: disclosure.NewSet(), values: map[string]int64{}}
		s.years(years)
		if len(s.values) > 0 {
			s.check(t, s.set.Protect(profile), profile.Threshold())
		}
	})
}

// system is a set with its sums, as somebody who attacks it knows them.
type system struct {
	set    *disclosure.Set
	values map[string]int64
	sums   []disclosure.Sum
}

func (s *system) put(key string, v int64) {
	if _, known := s.values[key]; !known {
		s.values[key] = v
		s.set.Put(key, people(v))
	}
}

func (s *system) link(total string, extra int64, parts ...string) {
	s.set.Link(total, extra, parts...)
	s.sums = append(s.sums, disclosure.Sum{Total: total, Parts: parts, Extra: extra})
}

// drawn makes linked tables: grids that share their grand total, and sums over
// any cells, which make the odd circles a plain table does not have.
func drawn(t *rapid.T) *system {
	s := &system{set: disclosure.NewSet(), values: map[string]int64{}}
	rows, columns := rapid.IntRange(1, 4).Draw(t, "rows"), rapid.IntRange(1, 4).Draw(t, "columns")
	count := rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64Range(0, 60))
	grid := make([][]int64, rows)
	var all []string
	for r := range grid {
		for c := range columns {
			v := count.Draw(t, "count")
			grid[r] = append(grid[r], v)
			all = append(all, fmt.Sprintf("%d/%d", r, c))
			s.put(all[len(all)-1], v)
		}
	}
	sum := func(total string, extra int64, parts []string) {
		n := -extra
		for _, p := range parts {
			n += s.values[p]
		}
		s.put(total, n)
		s.link(total, extra, parts...)
	}
	var rowTotals []string
	for r := range rows {
		sum(fmt.Sprintf("row%d", r), 0, all[r*columns:(r+1)*columns])
		rowTotals = append(rowTotals, fmt.Sprintf("row%d", r))
	}
	for c := range columns {
		var parts []string
		for r := range rows {
			parts = append(parts, all[r*columns+c])
		}
		sum(fmt.Sprintf("column%d", c), 0, parts)
	}
	sum("grand", 0, rowTotals)
	for n := range rapid.IntRange(0, 3).Draw(t, "more") {
		parts := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, len(all), rapid.ID).Draw(t, "parts")
		var most int64
		for _, p := range parts {
			most += s.values[p]
		}
		sum(fmt.Sprintf("more%d", n), rapid.Int64Range(0, most/2).Draw(t, "extra"), parts)
	}
	return s
}

// Whoever writes down every sum with the figures shown, solves the system over
// the rationals and applies every bound to every equation, must neither find a
// hidden figure nor learn that it is small.
func TestNothingHiddenCanBeSolvedFor(t *testing.T) {
	for _, profile := range []disclosure.Profile{disclosure.Restricted(), {Name: "k3", Hide: 2, Dominance: 80}, {Name: "k8", Hide: 7, Dominance: 80}} {
		rapid.Check(t, func(t *rapid.T) {
			s := drawn(t)
			r := s.set.Protect(profile)
			s.check(t, r, profile.Threshold())
		})
	}
}

func (s *system) check(t *rapid.T, r disclosure.Result, k int64) {
	a := attack{at: map[string]int{}}
	for key, v := range s.values {
		shown, ok := r.Shown(key)
		if ok && (shown != v || v > 0 && v < k) {
			t.Fatalf("%s is %d and shown as %d", key, v, shown)
		}
		if !ok {
			if v == 0 {
				a.zero = true
			}
			a.at[key] = len(a.names)
			a.names = append(a.names, key)
		}
	}
	for _, x := range s.sums {
		a.add(x, r)
	}
	a.eliminate()
	low, high := a.bounds()
	for i, name := range a.names {
		wide := high[i] == nil || new(big.Rat).Sub(high[i], low[i]).Cmp(big.NewRat(2, 1)) >= 0
		if !wide || high[i] != nil && high[i].Cmp(big.NewRat(k, 1)) < 0 {
			if s.everythingHidden(r, name) {
				continue // nothing is left to hide, and nothing is published
			}
			t.Fatalf("%s is %d; the shown figures leave %v to %v", name, s.values[name], low[i], high[i])
		}
	}
}

func (s *system) everythingHidden(r disclosure.Result, _ string) bool {
	for key := range s.values {
		if _, ok := r.Shown(key); ok {
			return false
		}
	}
	return true
}

// attack is the system of equations over the hidden figures.
type attack struct {
	at    map[string]int
	names []string
	rows  [][]*big.Rat // coefficients, then the right side
	zero  bool         // a hidden figure may be zero
}

func (a *attack) add(x disclosure.Sum, r disclosure.Result) {
	row := make([]*big.Rat, len(a.names)+1)
	for i := range row {
		row[i] = new(big.Rat)
	}
	right := row[len(a.names)]
	right.SetInt64(x.Extra)
	term := func(key string, sign int64) {
		if i, hidden := a.at[key]; hidden {
			row[i].Add(row[i], big.NewRat(sign, 1))
			return
		}
		v, _ := r.Shown(key)
		right.Sub(right, big.NewRat(sign*v, 1))
	}
	for _, p := range x.Parts {
		if p != x.Total {
			term(p, 1)
		}
	}
	term(x.Total, -1)
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
		low[i] = big.NewRat(1, 1)
		if a.zero {
			low[i] = new(big.Rat)
		}
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

// In one row every solution can be written down: each hidden figure takes at
// least three values among those that fit what is shown, one of them not small.
func TestEveryHiddenFigureOfARowHasThreeSolutions(t *testing.T) {
	profile := disclosure.Restricted()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 14), 2, 5).Draw(t, "values")
		r := row(values...).Protect(profile)
		total, ok := r.Shown("total")
		if !ok {
			return // without the total nothing bounds the parts
		}
		var hidden []int
		for i, v := range values {
			if _, ok := r.Shown(fmt.Sprint(i)); ok {
				total -= v
			} else {
				hidden = append(hidden, i)
			}
		}
		for n := range hidden {
			rest := total - int64(len(hidden)-1) // the others take at least one each
			if len(hidden) < 2 || rest < 3 || rest < profile.Threshold() {
				t.Fatalf("%v: hidden figure %d of %v has the values 1 to %d only", values, n, hidden, rest)
			}
		}
	})
}

func FuzzProtect(f *testing.F) {
	f.Add([]byte{12, 3, 9, 24, 1, 0}, uint8(3), uint8(4), uint8(0))
	f.Add([]byte{1, 1, 1, 1}, uint8(2), uint8(7), uint8(5))
	f.Fuzz(func(t *testing.T, data []byte, width, hide, round uint8) {
		if len(data) == 0 || len(data) > 48 {
			return
		}
		columns := int(width)%6 + 1
		var grid [][]int64
		for i := 0; i+columns <= len(data); i += columns {
			var line []int64
			for _, b := range data[i : i+columns] {
				line = append(line, int64(b))
			}
			grid = append(grid, line)
		}
		if len(grid) == 0 {
			return
		}
		p := disclosure.Profile{Name: "fuzz", Hide: int64(hide)%12 + 1, Round: int64(round) % 11, Dominance: 80}
		s := disclosure.NewSet()
		s.Grid("g", grid)
		a, b := s.Protect(p), s.Protect(p)
		for r := range grid {
			for c := range columns {
				key := disclosure.GridKey("g", r, c)
				v, ok := a.Shown(key)
				w, again := b.Shown(key)
				if v != w || ok != again {
					t.Fatalf("%s differs between two runs", key)
				}
				if ok && grid[r][c] > 0 && grid[r][c] <= p.Hide {
					t.Fatalf("%s shows %d", key, v)
				}
			}
		}
	})
}
