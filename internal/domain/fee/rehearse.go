package fee

import (
	"cmp"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// Stored is a settled case as it was computed on the day.
type Stored struct {
	Past
	Opening Year // as it was then
	Result  Result
	Counted Year // what it added to the person's year, with payments as they were
	// Recorded: what counted is what the insurer said, not what the rules foretell.
	// A case without rules is always recorded.
	Recorded bool
}

// FundCost is what one fund bears under the stored rules and under others. The
// nil id is a reduction for which no fund was named.
type FundCost struct {
	Fund          ident.ID
	Before, After money.Fen
}

// Change is how much more a person pays under other rules, over all cases.
type Change struct {
	Person        ident.ID
	Case          ident.ID // the last one
	Category      string
	Before, After money.Fen
}

// More is how much more the person pays; negative: less.
func (c Change) More() money.Fen { return c.After - c.Before }

// Rehearsal is past cases computed again under other rules.
type Rehearsal struct {
	Cases   int
	Exact   int // came out to the fen as stored
	Sum     Settlement
	New     Settlement
	Funds   []FundCost
	Winners []Change // pay less, the largest difference first
	Losers  []Change // pay more
	Same    int      // persons
}

// Rehearse computes settled cases under the rules that choose gives for each.
// What a case finds counted in the year is what it found, changed by what the
// earlier cases of the rehearsal would have counted otherwise; so the rules that
// were in force reproduce every row.
func Rehearse(cases []Stored, choose func(Stored) *policy.Version) Rehearsal {
	type personYear struct {
		person ident.ID
		year   int
	}
	shift := map[personYear]Year{}
	changes, costs := map[ident.ID]*Change{}, map[ident.ID]*FundCost{}
	out := Rehearsal{Cases: len(cases)}
	for _, i := range ordered(cases) {
		c := &cases[i]
		key := personYear{c.Person, c.Case.Year()}
		now := Compute(choose(*c), c.Case, c.Opening.Plus(shift[key]).floor())
		if other := now.Added.Minus(c.Result.Added); len(other) > 0 {
			shift[key] = shift[key].Plus(other)
		}
		if slices.Equal(now.Rows, c.Result.Rows) && now.Category == c.Result.Category {
			out.Exact++
		}
		out.Sum, out.New = out.Sum.plus(c.Result.Sum), out.New.plus(now.Sum)
		x := changes[c.Person]
		if x == nil {
			x = &Change{Person: c.Person}
			changes[c.Person] = x
		}
		x.Case, x.Category = c.ID, now.Category
		x.Before += c.Result.Sum.Net
		x.After += now.Sum.Net
		bear(costs, c.Result.Sum.Funds, func(f *FundCost, a money.Fen) { f.Before += a })
		bear(costs, now.Sum.Funds, func(f *FundCost, a money.Fen) { f.After += a })
	}
	out.sort(changes, costs)
	return out
}

// floor lifts what an earlier case, settled later than the one it precedes, would
// push below zero.
func (y Year) floor() Year {
	for k, a := range y {
		y[k] = Account{max(0, a.Threshold), max(0, a.Base), max(0, a.Paid)}
	}
	return y
}

func bear(costs map[ident.ID]*FundCost, lines []FundLine, add func(*FundCost, money.Fen)) {
	for _, l := range lines {
		if costs[l.Fund] == nil {
			costs[l.Fund] = &FundCost{Fund: l.Fund}
		}
		add(costs[l.Fund], l.Amount)
	}
}

func (r *Rehearsal) sort(changes map[ident.ID]*Change, costs map[ident.ID]*FundCost) {
	for _, c := range changes {
		switch {
		case c.More() < 0:
			r.Winners = append(r.Winners, *c)
		case c.More() > 0:
			r.Losers = append(r.Losers, *c)
		default:
			r.Same++
		}
	}
	largest := func(a, b Change) int {
		return cmp.Or(cmp.Compare(max(b.More(), -b.More()), max(a.More(), -a.More())), cmp.Compare(a.Person.String(), b.Person.String()))
	}
	slices.SortFunc(r.Winners, largest)
	slices.SortFunc(r.Losers, largest)
	for _, f := range costs {
		r.Funds = append(r.Funds, *f)
	}
	slices.SortFunc(r.Funds, func(a, b FundCost) int { return cmp.Compare(a.Fund.String(), b.Fund.String()) })
}

// plus adds two settlements; the funds become one line, their sum.
func (s Settlement) plus(o Settlement) Settlement {
	funds := s.FundTotal() + o.FundTotal()
	return Settlement{Bill: s.Bill + o.Bill, Basic: s.Basic + o.Basic, Critical: s.Critical + o.Critical, Assistance: s.Assistance + o.Assistance,
		Other: s.Other + o.Other, Funds: []FundLine{{Amount: funds}}, Waiver: s.Waiver + o.Waiver, Net: s.Net + o.Net}
}
