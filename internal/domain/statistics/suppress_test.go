package statistics_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	st "github.com/shanhai-health/shanhai/internal/domain/statistics"
)

func TestSmallCountsAreHiddenAndZerosShown(t *testing.T) {
	for _, c := range []struct {
		p     st.Protection
		count int
		want  st.Cell
	}{
		{st.RestrictedProtection(), 0, st.Cell{}}, {st.RestrictedProtection(), 1, st.Cell{Hidden: true}}, {st.RestrictedProtection(), 4, st.Cell{Hidden: true}}, {st.RestrictedProtection(), 5, st.Cell{Value: 5}},
		{st.PublicProtection(), 7, st.Cell{Hidden: true}}, {st.PublicProtection(), 8, st.Cell{Value: 10}}, {st.PublicProtection(), 12, st.Cell{Value: 10}}, {st.PublicProtection(), 13, st.Cell{Value: 15}}, {st.PublicProtection(), 0, st.Cell{}},
	} {
		if got := c.p.Cell(c.count); got != c.want {
			t.Errorf("%d under %+v: %+v", c.count, c.p, got)
		}
	}
}

func TestASecondCellIsHiddenSoThatTheTotalGivesNothingAway(t *testing.T) {
	// the row of the specification; the second row is large enough to be shown
	got := st.RestrictedProtection().Table([][]int{{12, 3, 9}, {40, 50, 60}}).Cells
	first := got[0]
	if first[0] != (st.Cell{Value: 12}) || !first[1].Hidden || !first[2].Hidden || first[3] != (st.Cell{Value: 24}) {
		t.Errorf("%+v", first)
	}
	if !got[1][1].Hidden || !got[1][2].Hidden || got[2][3].Value != 174 {
		t.Errorf("the columns give the row away: %+v", got)
	}
	if lone := st.RestrictedProtection().Table([][]int{{3}}).Cells; !lone[0][0].Hidden || !lone[0][1].Hidden || !lone[1][1].Hidden {
		t.Errorf("a total of one small count is as small: %+v", lone)
	}
	if none := st.RestrictedProtection().Table(nil).Cells; len(none) != 1 || none[0][0] != (st.Cell{}) {
		t.Errorf("an empty table: %+v", none)
	}
}

// derivable reports whether a linear system fixes one of its unknowns: reduced
// to row echelon form, a row with a single unknown.
func derivable(system [][]*big.Rat) bool {
	pivot := 0
	for column := range system[0] {
		row := pivot
		for row < len(system) && system[row][column].Sign() == 0 {
			row++
		}
		if row == len(system) {
			continue
		}
		system[pivot], system[row] = system[row], system[pivot]
		for i := range system {
			if i != pivot && system[i][column].Sign() != 0 {
				factor := new(big.Rat).Quo(system[i][column], system[pivot][column])
				for j := range system[i] {
					system[i][j].Sub(system[i][j], new(big.Rat).Mul(factor, system[pivot][j]))
				}
			}
		}
		if pivot++; pivot == len(system) {
			break
		}
	}
	for _, row := range system {
		n := 0
		for _, v := range row {
			if v.Sign() != 0 {
				n++
			}
		}
		if n == 1 {
			return true
		}
	}
	return false
}

// equations are the totals as equations in the hidden cells.
func equations(cells [][]st.Cell) [][]*big.Rat {
	index, n := map[[2]int]int{}, 0
	for i, row := range cells {
		for j, c := range row {
			if c.Hidden {
				index[[2]int{i, j}], n = n, n+1
			}
		}
	}
	if n == 0 {
		return nil
	}
	var system [][]*big.Rat
	add := func(places [][2]int) {
		row := make([]*big.Rat, n)
		for k := range row {
			row[k] = new(big.Rat)
		}
		for k, p := range places {
			if at, ok := index[p]; ok {
				row[at].SetInt64(1)
				if k == len(places)-1 {
					row[at].SetInt64(-1)
				}
			}
		}
		system = append(system, row)
	}
	for i := range cells {
		var line [][2]int
		for j := range cells[i] {
			line = append(line, [2]int{i, j})
		}
		add(line)
	}
	for j := range cells[0] {
		var line [][2]int
		for i := range cells {
			line = append(line, [2]int{i, j})
		}
		add(line)
	}
	return system
}

func TestNoHiddenCellFollowsFromWhatIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, columns := rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 5).Draw(t, "columns")
		counts := make([][]int, rows)
		for i := range counts {
			for range columns {
				counts[i] = append(counts[i], rapid.OneOf(rapid.IntRange(0, 9), rapid.Just(0), rapid.IntRange(10, 200)).Draw(t, "count"))
			}
		}
		p := rapid.SampledFrom([]st.Protection{st.RestrictedProtection(), {Hide: 7}}).Draw(t, "protection")
		cells := p.Table(counts).Cells
		for i, row := range counts {
			for j, n := range row {
				c := cells[i][j]
				if n > 0 && n <= p.Hide && !c.Hidden || n == 0 && c.Hidden || !c.Hidden && c.Value != n || c.Hidden && c.Value != 0 {
					t.Fatalf("%d at %d,%d is shown as %+v", n, i, j, c)
				}
			}
		}
		if system := equations(cells); system != nil && derivable(system) {
			t.Fatalf("a hidden cell of %v can be computed: %+v", counts, cells)
		}
	})
}

func TestTwoFiguresThatDifferByFewPeopleTellAboutThem(t *testing.T) {
	p := st.RestrictedProtection()
	for _, c := range []struct {
		first, second, shared int
		want                  bool
	}{{100, 98, 98, true}, {100, 100, 100, false}, {100, 95, 95, false}, {100, 100, 98, true}, {100, 100, 90, false}} {
		if got := p.Tells(c.first, c.second, c.shared); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestASumThatIsOneGiftIsHidden(t *testing.T) {
	p := st.RestrictedProtection()
	for name, c := range map[string]struct {
		given []int64
		want  bool
	}{
		"few gave":             {[]int64{10, 10, 10, 10}, true},
		"enough gave":          {[]int64{10, 10, 10, 10, 10}, false},
		"one gave nearly all":  {[]int64{10, 10, 10, 10, 1_000_000}, true},
		"one gave four fifths": {[]int64{5, 5, 5, 5, 80}, false},
		"nobody gave":          {nil, false},
	} {
		if got := p.HidesSum(c.given); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
