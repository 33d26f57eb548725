package disclosure_test

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// counted makes a cube of counts from what happened in each month: months add up
// to quarters, years and everything, groups and parts to all.
func counted(months map[disclosure.At]int64) disclosure.Cube {
	out := disclosure.Cube{}
	for at, v := range months {
		if v == 0 {
			continue
		}
		year := at.Time[:4]
		quarter := fmt.Sprintf("%s-Q%d", year, (int(at.Time[5]-'0')*10+int(at.Time[6]-'0')+2)/3)
		seen := map[disclosure.At]bool{}
		for _, time := range []string{at.Time, quarter, year, ""} {
			for _, group := range []string{at.Group, ""} {
				for _, part := range []string{at.Part, ""} {
					to := disclosure.At{Time: time, Group: group, Part: part}
					if seen[to] {
						continue
					}
					seen[to] = true
					l := out[to]
					if l.Counts == nil {
						l.Counts = []disclosure.Count{{}}
					}
					l.Counts = []disclosure.Count{{Value: l.Counts[0].Value + v}}
					out[to] = l
				}
			}
		}
	}
	return out
}

func at(time, part string) disclosure.At { return disclosure.At{Time: time, Part: part} }

// shownOf writes places down: a number, or a star where it is not shown.
func shownOf(c disclosure.Cube, x disclosure.Protected, places ...disclosure.At) (out []string) {
	for _, p := range places {
		if x.Hides(p) {
			out = append(out, "*")
			continue
		}
		var n int64
		if l, any := c[p]; any {
			n = l.Counts[0].Value
		}
		out = append(out, fmt.Sprint(n))
	}
	return out
}

func TestARowHidesTheSmallCountAndTheNextSmallest(t *testing.T) {
	c := counted(map[disclosure.At]int64{at("2026-01", "a"): 12, at("2026-01", "b"): 3, at("2026-01", "c"): 9})
	got := fmt.Sprint(shownOf(c, disclosure.Restricted().Protect(c), at("", "a"), at("", "b"), at("", "c"), at("", "")))
	if got != "[12 * * 24]" {
		t.Errorf("12, 3, 9, total 24 is shown as %v", got)
	}
}

// A quarter, its other months and the year give a hidden month away, unless one
// of them is hidden with it.
func TestAHiddenMonthTakesAnotherOfItsQuarterAlong(t *testing.T) {
	of := func(months ...int64) disclosure.Cube {
		in := map[disclosure.At]int64{}
		for i, n := range months {
			in[disclosure.At{Time: fmt.Sprintf("2026-%02d", i+1)}] = n
		}
		return counted(in)
	}
	places := func(times ...string) (out []disclosure.At) {
		for _, x := range times {
			out = append(out, disclosure.At{Time: x})
		}
		return out
	}
	c := of(0, 0, 0, 0, 0, 0, 8, 7, 3, 17, 30, 41)
	got := fmt.Sprint(shownOf(c, disclosure.Restricted().Protect(c), places("2026-07", "2026-08", "2026-09", "2026-Q3", "2026-10", "2026-Q4", "")...))
	if got != "[8 * * 18 17 88 106]" {
		t.Errorf("shown %v", got)
	}
	c = of(40, 0, 0, 3, 0, 0, 8, 7, 20)
	got = fmt.Sprint(shownOf(c, disclosure.Restricted().Protect(c), places("2026-01", "2026-Q1", "2026-04", "2026-Q2", "2026-Q3", "2026-07", "")...))
	if got != "[40 40 * * * * 78]" {
		t.Errorf("a quarter of one month: shown %v", got)
	}
}

// A hospital's 3 of a month was the rest of its quarter, on the pages of the two
// other months, though each page was protected.
func TestAHospitalsHiddenMonthIsNotTheRestOfItsQuarter(t *testing.T) {
	c := counted(map[disclosure.At]int64{at("2026-01", "a"): 8, at("2026-02", "a"): 9, at("2026-03", "a"): 3,
		at("2026-01", "b"): 20, at("2026-02", "b"): 22, at("2026-03", "b"): 25})
	x := disclosure.Restricted().Protect(c)
	row := fmt.Sprint(shownOf(c, x, at("2026-01", "a"), at("2026-02", "a"), at("2026-03", "a"), at("2026-Q1", "a")))
	if row != "[* 9 * 20]" {
		t.Errorf("the months and the quarter show %v", row)
	}
	if !x.Hides(at("2026-01", "b")) || x.Hides(at("2026-01", "")) {
		t.Error("in the month that was hidden with it another hospital has to go along")
	}
}

func TestAZeroThatIdentifiesIsHidden(t *testing.T) {
	c := counted(map[disclosure.At]int64{at("2026-01", "a"): 12, at("2026-01", "b"): 8, at("2026-01", "c"): 9})
	for p, l := range c {
		l.Counts = append(l.Counts, disclosure.Count{Value: 6, Identifies: p.Part == "a"})
		if p.Part == "a" {
			l.Counts[1].Value = 0
		}
		c[p] = l
	}
	x := disclosure.Restricted().Protect(c)
	if !x.Hides(at("", "a")) || x.Hides(at("", "")) {
		t.Error("all of a part have what is counted, and it is shown")
	}
}

func TestMoneyIsHiddenWithItsPeopleAndUnderDominance(t *testing.T) {
	sums := func(people, largest int64) disclosure.Cube {
		out := counted(map[disclosure.At]int64{at("2026-01", "a"): 12, at("2026-01", "b"): 8, at("2026-01", "c"): 9})
		for p, l := range out {
			l = disclosure.Line{Money: true, Sum: l.Counts[0].Value * 100_000, People: 30, Largest: 100_000}
			if p.Part == "a" {
				l.People, l.Largest = people, largest
			}
			out[p] = l
		}
		return out
	}
	for _, x := range []struct {
		people, largest int64
		hidden          bool
	}{{30, 960_000, false}, {30, 960_001, true}, {4, 1, true}, {5, 1, false}} {
		if got := disclosure.Restricted().Protect(sums(x.people, x.largest)); got.Hides(at("", "a")) != x.hidden || got.Hides(at("", "")) {
			t.Errorf("%d people, of whom one has %d: hidden %v", x.people, x.largest, got.Hides(at("", "a")))
		}
	}
}

// happened draws what happened in some months, programmes and hospitals: much is
// empty, as in a small county.
func happened(t *rapid.T, groups int) map[disclosure.At]int64 {
	count := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 9), rapid.Int64Range(0, 40))
	out := map[disclosure.At]int64{}
	parts := rapid.IntRange(1, 4).Draw(t, "parts")
	for y := range rapid.IntRange(1, 2).Draw(t, "years") {
		for m := range rapid.IntRange(1, 7).Draw(t, "months") {
			for g := range max(groups, 1) {
				for p := range parts {
					place := disclosure.At{Time: fmt.Sprintf("%d-%02d", 2025+y, m+1), Part: fmt.Sprint("p", p)}
					if groups > 0 {
						place.Group = fmt.Sprint("g", g)
					}
					out[place] = count.Draw(t, "count")
				}
			}
		}
	}
	return out
}

// Whoever writes down every sum with the figures shown and solves the system over
// the rationals must not find a hidden figure, nor, by applying every bound to
// every equation, learn that it is small.
func TestNothingHiddenInACubeCanBeSolvedFor(t *testing.T) {
	for _, profile := range []disclosure.Profile{disclosure.Restricted(), {Name: "k3", Hide: 2, Dominance: 80}, {Name: "k8", Hide: 7, Dominance: 80}} {
		for groups := range 4 {
			scaletest.Check(t, 25, func(t *rapid.T) { attackCube(t, profile, counted(happened(t, groups))) })
		}
	}
}

func attackCube(t *rapid.T, p disclosure.Profile, c disclosure.Cube) {
	x := p.Protect(c)
	a := attack{at: map[disclosure.At]int{}}
	places := every(c)
	for _, at := range places {
		l, any := c[at]
		if any && !x.Hides(at) && l.Counts[0].Value < p.Threshold() {
			t.Fatalf("%v shows %d", at, l.Counts[0].Value)
		}
		if x.Hides(at) && !plainlyEmpty(c, x, at) {
			a.at[at] = len(a.names)
			a.names = append(a.names, at)
			least := int64(0)
			if at.Part == "" && at.Group == "" { // hidden parts are not named, so they may be empty
				least = 1
			}
			a.least = append(a.least, least)
		}
	}
	sums(places, func(total disclosure.At, parts []disclosure.At) { a.sum(c, total, parts) })
	a.eliminate()
	low, high := a.bounds()
	for i, at := range a.names {
		l, any := c[at]
		wide := high[i] == nil || new(big.Rat).Sub(high[i], low[i]).Cmp(big.NewRat(2, 1)) >= 0
		reaches := high[i] == nil || high[i].Cmp(big.NewRat(p.Threshold(), 1)) >= 0
		if !any || wide && reaches {
			continue
		}
		t.Fatalf("%v is %d; the shown figures leave %v to %v", at, l.Counts[0].Value, low[i], high[i])
	}
}

// every place of a cube, empty ones too.
func every(c disclosure.Cube) (out []disclosure.At) {
	times, groups, parts := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for at := range c {
		times[at.Time], groups[at.Group], parts[at.Part] = true, true, true
	}
	for _, time := range slices.Sorted(maps.Keys(times)) {
		for _, group := range slices.Sorted(maps.Keys(groups)) {
			for _, part := range slices.Sorted(maps.Keys(parts)) {
				out = append(out, disclosure.At{Time: time, Group: group, Part: part})
			}
		}
	}
	return out
}

// plainlyEmpty reports whether a hidden place is empty for everybody to see: a
// longer time, or all groups together, are shown as empty.
func plainlyEmpty(c disclosure.Cube, x disclosure.Protected, at disclosure.At) bool {
	if _, any := c[at]; any {
		return false
	}
	if !x.Hides(at) {
		return true
	}
	all := disclosure.At{Time: at.Time, Part: at.Part}
	if at.Group != "" && at.Part != "" && plainlyEmpty(c, x, all) {
		return true
	}
	longer := disclosure.At{Time: longerThan(at.Time), Group: at.Group, Part: at.Part}
	return at.Time != "" && plainlyEmpty(c, x, longer)
}

// longerThan is the quarter of a month, the year of a quarter, everything of a year.
func longerThan(time string) string {
	switch len(time) {
	case 4:
		return ""
	case 7:
		if time[5] == 'Q' {
			return time[:4]
		}
	}
	return fmt.Sprintf("%s-Q%d", time[:4], (int(time[5]-'0')*10+int(time[6]-'0')+2)/3)
}

// sums names every sum there is over places.
func sums(places []disclosure.At, say func(total disclosure.At, parts []disclosure.At)) {
	list := func(total disclosure.At, is func(disclosure.At) bool) {
		var parts []disclosure.At
		for _, p := range places {
			if is(p) {
				parts = append(parts, p)
			}
		}
		if len(parts) > 0 {
			say(total, parts)
		}
	}
	for _, x := range places {
		list(x, func(p disclosure.At) bool {
			return p.Time != "" && longerThan(p.Time) == x.Time && p.Group == x.Group && p.Part == x.Part
		})
		if x.Group == "" {
			list(x, func(p disclosure.At) bool { return p.Group != "" && p.Time == x.Time && p.Part == x.Part })
		}
		if x.Part == "" {
			list(x, func(p disclosure.At) bool { return p.Part != "" && p.Time == x.Time && p.Group == x.Group })
		}
	}
}

// What two dimensions have in common is decided in the same way for both, whatever
// else is in their tables: a page of one gives nothing of the other away.
func TestTimesAndProgrammesAreTheSameInEveryTable(t *testing.T) {
	scaletest.Check(t, 50, func(t *rapid.T) {
		p, months := disclosure.Restricted(), happened(t, 2)
		other := map[disclosure.At]int64{}
		for at, n := range months { // the same, by another dimension
			at.Part = "x" + at.Time[6:]
			other[at] += n
		}
		a, b := counted(months), counted(other)
		x, y := p.Protect(a), p.Protect(b)
		for at := range a {
			if at.Part == "" && x.Hides(at) != y.Hides(at) {
				t.Fatalf("%v is hidden in one table only", at)
			}
		}
	})
}

func FuzzProtect(f *testing.F) {
	f.Add([]byte{12, 3, 9, 24, 1, 0}, uint8(3), uint8(4), uint8(0))
	f.Add([]byte{1, 1, 1, 1}, uint8(2), uint8(7), uint8(5))
	f.Fuzz(func(t *testing.T, data []byte, width, hide, groups uint8) {
		if len(data) > 48 {
			return
		}
		parts, months := int(width)%6+1, map[disclosure.At]int64{}
		for i, n := range data {
			at := disclosure.At{Time: fmt.Sprintf("2026-%02d", i/parts%12+1), Part: fmt.Sprint(i % parts)}
			if k := int(groups) % 4; k > 0 {
				at.Group = fmt.Sprint(i % k)
			}
			months[at] += int64(n)
		}
		p := disclosure.Profile{Name: "fuzz", Hide: int64(hide)%12 + 1, Dominance: 80}
		c := counted(months)
		a, b := p.Protect(c), p.Protect(c)
		for at, l := range c {
			if a.Hides(at) != b.Hides(at) {
				t.Fatalf("%v differs between two runs", at)
			}
			if !a.Hides(at) && l.Counts[0].Value <= p.Hide {
				t.Fatalf("%v shows %d", at, l.Counts[0].Value)
			}
		}
	})
}

// Two months of which nearly all is one person's are one person's together: what is
// left of the row is held to the same rule as a part.
func TestWhatIsLeftOfARowIsHeldToTheRule(t *testing.T) {
	in := map[disclosure.At]int64{at("2026-01", "b"): 700, at("2026-02", "b"): 600, at("2026-03", "b"): 900}
	in[at("2026-01", "a")], in[at("2026-02", "a")], in[at("2026-03", "a")] = 1000, 100, 2000
	c := disclosure.Cube{}
	for p, l := range counted(in) {
		c[p] = disclosure.Line{Money: true, Sum: l.Counts[0].Value, People: 30, Largest: 10}
	}
	for time, largest := range map[string]int64{"2026-01": 900, "2026-02": 90} {
		l := c[at(time, "a")]
		l.Largest = largest
		c[at(time, "a")] = l
	}
	x := disclosure.Restricted().Protect(c)
	if !x.Hides(at("2026-01", "a")) || !x.Hides(at("2026-02", "a")) || !x.Hides(at("2026-03", "a")) || x.Hides(at("2026-Q1", "a")) {
		t.Error("1100, of which one has 900, is what the third month leaves of the quarter")
	}
}

// A part that says too much in all programmes together is hidden in each of them.
func TestAPartOfAllProgrammesIsHiddenInEach(t *testing.T) {
	in := map[disclosure.At]int64{}
	for _, g := range []string{"g", "h"} {
		for i, k := range []string{"a", "b", "c"} {
			in[disclosure.At{Time: "2026-01", Group: g, Part: k}] = int64(100 + 10*i)
		}
	}
	c := counted(in)
	whole := disclosure.At{Part: "a"}
	l := c[whole]
	l.Counts[0].People = 3
	c[whole] = l
	x := disclosure.Restricted().Protect(c)
	for _, g := range []string{"", "g", "h"} {
		if !x.Hides(disclosure.At{Group: g, Part: "a"}) {
			t.Errorf("shown in %q", g)
		}
	}
}

// BenchmarkProtect is ten years of a large county: forty hospitals, three
// programmes, much of it small.
func BenchmarkProtect(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	months := map[disclosure.At]int64{}
	for m := range 120 {
		for g := range 3 {
			for p := range 40 {
				at := disclosure.At{Time: fmt.Sprintf("%d-%02d", 2017+m/12, m%12+1), Group: fmt.Sprint("g", g), Part: fmt.Sprint("p", p)}
				if n := r.IntN(30) * (40 - p) / 40; n > 8 || r.IntN(3) == 0 {
					months[at] = int64(n)
				}
			}
		}
	}
	c := counted(months)
	for b.Loop() {
		disclosure.Restricted().Protect(c)
	}
}

// An amount beside the bill may be nothing in a month in which the bill is
// something: then the other month is all of the quarter.
func TestAnAmountBesideAnotherIsNotGivenAwayByAMonthWithoutIt(t *testing.T) {
	in := map[disclosure.At]int64{at("2026-01", "a"): 3, at("2026-01", "b"): 20, at("2026-01", "c"): 30, at("2026-02", "a"): 20, at("2026-02", "b"): 21, at("2026-02", "c"): 32}
	c, first := disclosure.Cube{}, map[disclosure.At]int64{}
	for p, n := range in {
		if p.Time == "2026-01" {
			first[p] = n
		}
	}
	only := counted(first)
	for p, l := range counted(in) {
		n := l.Counts[0].Value
		x := disclosure.Line{Money: true, Sum: n * 100_000, People: n, Largest: 100_000, Beside: []int64{0}}
		if l, any := only[p]; any {
			x.Beside[0] = l.Counts[0].Value * 1_000
		}
		c[p] = x
	}
	x := disclosure.Restricted().Protect(c)
	if !x.Hides(at("2026-01", "a")) || !x.Hides(at("2026-Q1", "a")) {
		t.Error("what a has in January is what it has in the quarter")
	}
}

// Of few people no amount follows from what is shown, neither the bill nor another
// one, which is nothing in the first months.
func TestAmountsOfFewCannotBeSolvedFor(t *testing.T) {
	for groups := range 4 {
		scaletest.Check(t, 25, func(t *rapid.T) {
			in, later := happened(t, groups), map[disclosure.At]int64{}
			from := fmt.Sprintf("2025-%02d", rapid.IntRange(1, 6).Draw(t, "from"))
			for p, n := range in {
				if p.Time >= from {
					later[p] = n
				}
			}
			beside, c := counted(later), disclosure.Cube{}
			for p, l := range counted(in) {
				n := l.Counts[0].Value
				c[p] = disclosure.Line{Money: true, Sum: n * 1_000, People: n, Largest: 1_000, Beside: []int64{0}}
				if b, any := beside[p]; any {
					c[p].Beside[0] = b.Counts[0].Value
				} else {
					beside[p] = disclosure.Line{Counts: []disclosure.Count{{}}}
				}
			}
			x := disclosure.Restricted().Protect(c)
			a, places := attack{at: map[disclosure.At]int{}}, every(c)
			for _, at := range places {
				if x.Hides(at) && !plainlyEmpty(c, x, at) {
					a.at[at] = len(a.names)
					a.names, a.least = append(a.names, at), append(a.least, 0)
				}
			}
			sums(places, func(total disclosure.At, parts []disclosure.At) { a.sum(beside, total, parts) })
			a.eliminate()
			low, high := a.bounds()
			for i, at := range a.names {
				if l := c[at]; l.People > 0 && l.People <= disclosure.Restricted().Hide && l.Beside[0] > 0 && high[i] != nil && low[i].Cmp(high[i]) == 0 {
					t.Fatalf("%v is %v of %d people", at, low[i], l.People)
				}
			}
		})
	}
}
