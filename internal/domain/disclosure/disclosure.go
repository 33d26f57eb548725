// Package disclosure decides which figures may leave the house: small counts are
// hidden, and so is everything a small count could be worked out from.
//
// A [Set] holds the figures of one publication and what adds up to what, over any
// number of tables that share figures. [Set.Protect] hides in this order:
//
//   - primary: a count of few people (zeros are shown, unless they identify), and
//     money whose contributors are hidden or of whom one gave nearly all of it;
//   - secondary: where one figure of a sum is hidden alone, the smallest other one;
//   - verified: the range a reader can work out for each hidden figure must leave
//     at least three values and reach up to the threshold; else more is hidden.
//
// The reader is assumed to know the rule, every total, by how much parts overlap,
// and linear algebra. Periods are kept apart from each other by putting all of
// them into one set: months add up to quarters, quarters to years and years to
// everything. Of parts that have no counts of people but lines, [Profile.Tree]
// does the same. What a reader learns from two publications otherwise is the
// business of [Differencing]: it looks at nested populations, the case that
// subtracts.
package disclosure

import (
	"fmt"
	"slices"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// ruleVersion names the procedure. A change of it changes what files show, so it
// is recorded with every export.
const ruleVersion = "disclosure-3"

// Profile says how much is hidden.
type Profile struct {
	Name      string
	Hide      int64 // counts 1 to Hide are hidden; 0: nothing is
	Round     int64 // the others are rounded to multiples of it; 0: not
	Dominance int64 // percent of a sum of money one person may have at most
}

// The names of the profiles.
const (
	ExactName      = "exact"
	RestrictedName = "restricted"
	PublicName     = "public"
)

// Exact shows everything; it is for the oversight office and for a hospital's own
// figures.
func Exact() Profile { return Profile{Name: ExactName} }

// Restricted is for partners who work with the figures.
func Restricted() Profile { return Profile{Name: RestrictedName, Hide: 4, Dominance: 80} }

// Public is for everybody.
func Public() Profile { return Profile{Name: PublicName, Hide: 7, Round: 5, Dominance: 80} }

// Profiles are those an office works with; the thresholds of the two that hide
// are its own choice.
type Profiles struct{ Restricted, Public Profile }

// Default is what is used unless the office chose otherwise.
func Default() Profiles { return Profiles{Restricted(), Public()} }

// Check refuses thresholds that would not protect anybody.
func (p Profiles) Check() error {
	for _, x := range []Profile{p.Restricted, p.Public} {
		if x.Hide < 1 || x.Hide > 100 || x.Round < 0 || x.Round > 100 || x.Dominance < 50 || x.Dominance > 100 {
			return errs.New(errs.Invalid, "error.disclosure.profile", errs.Args{"name": x.Name})
		}
	}
	return nil
}

// Named finds a profile.
func (p Profiles) Named(name string) (Profile, error) {
	switch name {
	case ExactName:
		return Exact(), nil
	case RestrictedName:
		return p.Restricted, nil
	case PublicName:
		return p.Public, nil
	}
	var bad errs.Fields
	bad.Add("profile", "error.disclosure.unknown")
	return Profile{}, bad.Err()
}

// Names lists the profiles, the most open first.
func Names() []string { return []string{ExactName, RestrictedName, PublicName} }

// Exact reports whether nothing is hidden.
func (p Profile) Exact() bool { return p.Hide == 0 }

// Threshold is the smallest count that is shown.
func (p Profile) Threshold() int64 { return p.Hide + 1 }

// Version names procedure and thresholds, for the log.
func (p Profile) Version() string {
	if p.Exact() {
		return ruleVersion + " " + p.Name
	}
	return fmt.Sprintf("%s %s k=%d round=%d dominance=%d", ruleVersion, p.Name, p.Threshold(), p.Round, p.Dominance)
}

// Rounded is a shown count as the profile writes it. It never becomes zero: that
// would say that there is nobody.
func (p Profile) Rounded(v int64) int64 {
	if p.Round < 2 || v == 0 {
		return v
	}
	return max((v+p.Round/2)/p.Round*p.Round, p.Round)
}

// Cell is one figure.
type Cell struct {
	Value      int64
	People     int64  // behind it; of a count of people the value itself
	Identifies bool   // a zero that says something about somebody
	Money      bool   // fen
	Largest    int64  // of money: the largest part that is one person's
	Of         string // of money: the key of the count of its contributors, or empty
	Withheld   bool   // hidden in another publication already
}

// Sum says that the parts add up to the total and Extra: persons who stand in
// more than one part.
type Sum struct {
	Total string
	Parts []string
	Extra int64
}

// Set is everything that is published together. The same key is the same figure,
// in whichever table it stands.
type Set struct {
	cells map[string]int
	keys  []string
	list  []Cell
	sums  []Sum
}

// NewSet makes an empty set.
func NewSet() *Set { return &Set{cells: map[string]int{}} }

// Put enters a figure. Entered again it stays what it was.
func (s *Set) Put(key string, c Cell) {
	if _, known := s.cells[key]; known {
		return
	}
	s.cells[key] = len(s.list)
	s.keys, s.list = append(s.keys, key), append(s.list, c)
}

// Link enters a sum over figures that were put. A part that is the total itself
// says nothing and is left out.
func (s *Set) Link(total string, extra int64, parts ...string) {
	parts = slices.DeleteFunc(slices.Clone(parts), func(k string) bool { return k == total })
	if len(parts) > 0 {
		s.sums = append(s.sums, Sum{total, parts, extra})
	}
}

// GridKey is the key of a cell of a grid; -1 is the total of the row or column.
func GridKey(name string, row, col int) string { return fmt.Sprintf("%s/%d/%d", name, row, col) }

// Grid enters a table of counts with its row totals, column totals and grand
// total, which it adds up.
func (s *Set) Grid(name string, rows [][]int64) {
	count := func(r, c int, v int64) { s.Put(GridKey(name, r, c), Cell{Value: v, People: v}) }
	var grand int64
	var rowTotals, colTotals []string
	columns := make([]int64, len(rows[0]))
	for r, row := range rows {
		var sum int64
		var parts []string
		for c, v := range row {
			count(r, c, v)
			parts = append(parts, GridKey(name, r, c))
			sum, columns[c] = sum+v, columns[c]+v
		}
		count(r, -1, sum)
		s.Link(GridKey(name, r, -1), 0, parts...)
		rowTotals, grand = append(rowTotals, GridKey(name, r, -1)), grand+sum
	}
	count(-1, -1, grand)
	for c, v := range columns {
		count(-1, c, v)
		var parts []string
		for r := range rows {
			parts = append(parts, GridKey(name, r, c))
		}
		s.Link(GridKey(name, -1, c), 0, parts...)
		colTotals = append(colTotals, GridKey(name, -1, c))
	}
	s.Link(GridKey(name, -1, -1), 0, rowTotals...)
	s.Link(GridKey(name, -1, -1), 0, colTotals...)
}

// Result is what may be shown.
type Result struct {
	profile Profile
	set     *Set
	hidden  []bool
}

// Shown is a figure as it leaves the house; a hidden one has no value.
func (r Result) Shown(key string) (value int64, shown bool) {
	i, known := r.set.cells[key]
	if !known || r.hidden[i] {
		return 0, false
	}
	c := r.set.list[i]
	if c.Money {
		return c.Value, true
	}
	return r.profile.Rounded(c.Value), true
}

// Knows reports whether a figure is in the set.
func (r Result) Knows(key string) bool {
	_, known := r.set.cells[key]
	return known
}
