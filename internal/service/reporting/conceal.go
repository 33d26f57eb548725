package reporting

import (
	"context"
	"maps"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// profileOf is the profile of a file or page. Nobody gets more than the page
// shows.
func (s *Service) profileOf(r Rights, name string) (disclosure.Profile, error) {
	if name == "" {
		name = disclosure.RestrictedName
		if r.Exact() {
			name = disclosure.ExactName
		}
	}
	p, err := s.profiles.Named(name)
	if err == nil && p.Exact() && !r.Exact() {
		return p, errs.Refuse("disclosure.exact", "error.disclosure.exact", nil, "remedy.disclosure.exact")
	}
	return p, err
}

// concealed is one measure for a reader of hidden figures.
func (s *Service) concealed(ctx context.Context, who user.Principal, d measure.Definition, f measure.Filter) (v measure.Value, err error) {
	err = s.figures(ctx, who, func(tx *store.Tx) error {
		c, err := s.protected(tx, f, s.profiles.Restricted)
		if err != nil {
			return err
		}
		tallies, err := tx.Tallies(f)
		if err == nil {
			v = c.value(d, d.Read(tallies[0], tx.Now()), spotOf(f))
		}
		return err
	})
	return v, err
}

// concealment is what is hidden of volumes and money, in the tables that were
// asked for. All counts of a spot are shown or hidden together, and all amounts.
type concealment struct {
	profile disclosure.Profile
	counts  tables
	money   tables
	layers  tables   // of each layer of the bills by itself
	months  []string // in which anything happened

	under *concealment // what pages hide from the readers of a public file: nil elsewhere
}

// protected decides what may be shown of the figures of a filter in some breakdowns.
func (s *Service) protected(tx *store.Tx, f measure.Filter, p disclosure.Profile, by ...measure.Dimension) (concealment, error) {
	out := concealment{profile: p, counts: tables{}, money: tables{}, layers: tables{}}
	if err := askable(f); err != nil {
		return out, err
	}
	need := slices.DeleteFunc(tablesOf(f, by), func(d measure.Dimension) bool { return d == measure.ByClass }) // nothing is tallied by it
	sheets, err := sheetsOf(tx, need)
	if err != nil {
		return out, err
	}
	if p.Name == disclosure.PublicName {
		under := concealment{profile: s.profiles.Restricted, counts: tables{}, money: tables{}, layers: tables{}}
		under.protect(sheets, need)
		out.under = &under
	}
	out.protect(sheets, need)
	for at := range sheets.of(measure.Whole) {
		if at.Group == "" && isMonth(at.Time) {
			out.months = append(out.months, at.Time)
		}
	}
	slices.Sort(out.months)
	return out, nil
}

// protect decides about the tables of some dimensions. Who has a public file may read
// pages too: what they hide stays hidden in the file, or the two would subtract.
func (c *concealment) protect(s sheets, need []measure.Dimension) {
	either := func(hides ...func(disclosure.At) bool) func(disclosure.At) bool {
		return func(at disclosure.At) bool {
			return slices.ContainsFunc(hides, func(h func(disclosure.At) bool) bool { return h(at) })
		}
	}
	under := concealment{}
	if c.under != nil {
		under = *c.under
	}
	for _, d := range need {
		places := s.of(d)
		c.counts[d] = c.profile.Protect(cubeOf(places, sheet.counts, under.counts[d].Hides))
		c.money[d] = c.profile.Protect(cubeOf(places, sheet.money, either(c.counts[d].Hides, under.money[d].Hides)))
		c.layers[d] = c.profile.Protect(cubeOf(places, sheet.layers, either(c.money[d].Hides, under.layers[d].Hides)))
	}
}

// sheet is what was counted at one place of a table.
type sheet struct {
	tally  measure.Tally
	people int64 // with settled bills
	most   measure.Layers
}

// counts is what a place says in numbers. People are counted once in each place,
// so they do not add up: they are behind the line, and shown where it is.
func (x sheet) counts() disclosure.Line {
	t := x.tally
	return disclosure.Line{Counts: []disclosure.Count{{Value: t.Treatments, People: t.Persons}, {Value: t.Operations, People: t.Persons}}}
}

func (x sheet) money() disclosure.Line {
	m := x.tally.Money
	return disclosure.Line{Money: true, Sum: int64(m.Bill), Beside: each(m, amounts[1:]), People: x.people, Largest: heaviest(m, x.most, amounts)}
}

// layers is what a place says of each layer of the bills. They add up to the amounts,
// so they too are shown or hidden together: with one hidden alone, the others and an
// amount would give it.
func (x sheet) layers() disclosure.Line {
	l := x.money()
	l.Beside = each(x.tally.Money, layers) // the amounts are hidden wherever they have to be
	l.Largest = max(l.Largest, heaviest(x.tally.Money, x.most, layers))
	return l
}

// amounts are what is tallied of money, layers what it is made of.
var (
	amounts = []func(measure.Layers) money.Fen{
		func(l measure.Layers) money.Fen { return l.Bill },
		func(l measure.Layers) money.Fen { return l.Basic + l.Critical + l.Assistance },
		func(l measure.Layers) money.Fen { return l.Fund + l.Waiver },
		func(l measure.Layers) money.Fen { return l.Net },
	}
	layers = []func(measure.Layers) money.Fen{
		func(l measure.Layers) money.Fen { return l.Basic }, func(l measure.Layers) money.Fen { return l.Critical },
		func(l measure.Layers) money.Fen { return l.Assistance }, func(l measure.Layers) money.Fen { return l.Other },
		func(l measure.Layers) money.Fen { return l.Fund }, func(l measure.Layers) money.Fen { return l.Waiver },
	}
)

// each are the sums of some amounts: one of them may be nothing in a month in which
// the bill is something, and give away what the bill does not.
func each(all measure.Layers, of []func(measure.Layers) money.Fen) []int64 {
	out := make([]int64, len(of))
	for i, f := range of {
		out[i] = int64(f(all))
	}
	return out
}

// heaviest is the largest share one person has of any of some amounts, as a part of
// the bill: they are hidden together, so the worst of them decides.
func heaviest(all, largest measure.Layers, of []func(measure.Layers) money.Fen) (worst int64) {
	for _, f := range of {
		if whole := int64(f(all)); whole > 0 {
			percent := (min(int64(f(largest)), whole)*100 + whole - 1) / whole
			worst = max(worst, int64(all.Bill)*percent/100)
		}
	}
	return worst
}

// cubeOf are lines of places; withheld is what is hidden with something else.
func cubeOf(places map[disclosure.At]sheet, say func(sheet) disclosure.Line, withheld func(disclosure.At) bool) disclosure.Cube {
	out := disclosure.Cube{}
	for at, x := range places {
		l := say(x)
		l.Withheld = withheld(at)
		out[at] = l
	}
	return out
}

// sheets are the places of all tables: by the dimension of the parts, which of
// times and programmes alone there is none.
type sheets map[measure.Dimension]map[disclosure.At]sheet

// of is the table of a dimension: its parts with what they add up to.
func (s sheets) of(by measure.Dimension) map[disclosure.At]sheet {
	out := maps.Clone(s[measure.Whole])
	maps.Copy(out, s[by])
	return out
}

// sheetsOf counts the tables of some dimensions over everything the caller may see.
// Quarters are added up: of people in a quarter the most in one month are there at
// least, or those of all months less all who stand in two months of the year.
func sheetsOf(tx *store.Tx, by []measure.Dimension) (sheets, error) {
	out := sheets{measure.Whole: {}}
	enter := func(d measure.Dimension, key string, change func(*sheet)) {
		table, at := placed(d, key)
		if out[table] == nil {
			out[table] = map[disclosure.At]sheet{}
		}
		x := out[table][at]
		change(&x)
		out[table][at] = x
	}
	times := []measure.Dimension{measure.Whole, measure.ByYear, measure.ByMonth}
	bySide := func(d measure.Dimension) bool { return d == measure.BySide }
	asks := [][]measure.Dimension{slices.DeleteFunc(slices.Clone(by), bySide)}
	if slices.ContainsFunc(by, bySide) { // by itself: the summary has no sides
		asks = append(asks, []measure.Dimension{measure.BySide})
	}
	for _, ask := range asks {
		tallies, err := tx.Tallies(measure.Filter{}, crossings(times, ask, true)...)
		if err != nil {
			return nil, err
		}
		for _, t := range tallies {
			if t.Treatments != 0 || t.Operations != 0 {
				enter(t.Dimension, t.Key, func(x *sheet) { x.tally = t })
			}
		}
	}
	for _, table := range out {
		quarters(table)
	}
	shares, err := tx.Shares(measure.Filter{}, crossings(append(times, measure.ByQuarter), by, true)...)
	for _, s := range shares {
		enter(s.Dimension, s.Key, func(x *sheet) { x.people, x.most = s.People, s.Largest })
	}
	return out, err
}

// quarters adds the quarters to a table of months and years.
func quarters(table map[disclosure.At]sheet) {
	twice := map[disclosure.At]int64{} // of a year: people beyond the first month they stand in
	for at, x := range table {
		if len(at.Time) == len("2026") {
			twice[at] = -x.tally.Persons
		}
	}
	var months []disclosure.At
	for at := range table {
		if isMonth(at.Time) {
			months = append(months, at)
		}
	}
	sum := map[disclosure.At]int64{}
	for _, at := range months {
		x := table[at].tally
		year := at
		year.Time = at.Time[:4]
		twice[year] += x.Persons
		at.Time = disclosure.Around(at.Time)
		q := table[at]
		q.tally.Treatments, q.tally.Operations, q.tally.Money = q.tally.Treatments+x.Treatments, q.tally.Operations+x.Operations, q.tally.Money.Plus(x.Money, 1)
		q.tally.Persons = max(q.tally.Persons, x.Persons)
		sum[at] += x.Persons
		table[at] = q
	}
	for at, n := range sum {
		x, year := table[at], at
		year.Time = at.Time[:4]
		x.tally.Persons = max(x.tally.Persons, n-twice[year])
		table[at] = x
	}
}

// isMonth reports whether a time of a table is a month, not a quarter or longer.
func isMonth(time string) bool { return len(time) == len("2026-11") && time[5] != 'Q' }

// value is a measured value as its reader may see it.
func (c concealment) value(d measure.Definition, v measure.Value, at spot) measure.Value {
	if c.profile.Exact() {
		return v
	}
	v = v.Uncovered() // few may not be settled
	counts := c.counts.hides(at)
	switch {
	case d.Kind == measure.SumMoney && c.money.hides(at), d.Kind != measure.SumMoney && counts:
		return v.Withheld()
	case d.Kind != measure.SumMoney:
		return v.As(c.profile.Rounded(v.Value.Int64()))
	case counts:
		v.Denominator = nil
	}
	return v
}

// hide takes out of an overview what its reader may not see.
func (c concealment) hide(o *Overview) {
	o.Profile = c.profile
	if c.profile.Exact() {
		return
	}
	for i := range o.Programmes {
		c.breakdown(&o.Programmes[i])
	}
	c.breakdown(&o.Table)
	c.breakdown(&o.Months)
}

// breakdown takes hidden figures out of a table, and the names of parts of which
// nothing is shown.
func (c concealment) breakdown(b *Breakdown) {
	at := spotOf(b.Total.Filter)
	hidden := c.group(b, &b.Total, at)
	rest := Group{Key: measure.Others}
	var shown []Group
	for i := range b.Groups {
		g := &b.Groups[i]
		part := c.group(b, g, at.part(b.Dimension, g.Key))
		hidden = hidden || part
		if b.Dimension == measure.ByMonth || slices.ContainsFunc(g.Values, func(v measure.Value) bool { return !v.Value.Hidden() }) {
			shown = append(shown, *g)
			continue
		}
		rest.Values = g.Values
	}
	if len(shown) < len(b.Groups) {
		shown = append(shown, rest)
	}
	b.Groups = shown
	if hidden { // by how much the parts overlap would be one more equation
		b.Overlap = 0
	}
	if b.Dimension == measure.ByHospital { // an order by size would rank what is hidden
		name := func(g Group) string {
			if g.Place == nil {
				return ""
			}
			return g.Place.Name
		}
		slices.SortStableFunc(b.Groups, func(x, y Group) int { return last(x.Place == nil, y.Place == nil, name(x), name(y)) })
	}
}

// group hides the figures of one row and reports whether it hid any.
func (c concealment) group(b *Breakdown, g *Group, at spot) (hidden bool) {
	for i, d := range b.Definitions {
		g.Values[i] = c.value(d, g.Values[i], at)
		hidden = hidden || g.Values[i].Value.Hidden()
	}
	if c.layers.hides(at) {
		g.Layers = measure.Layers{}
	}
	return hidden
}

// span are the first and last month of a series: of everything, for the first
// month of one part says that the part is not empty in it.
func (c concealment) span(f measure.Filter) []measure.Tally { return spanOf(c.months, f) }

func spanOf(months []string, f measure.Filter) (out []measure.Tally) {
	from, to := f.Period()
	for _, m := range months {
		first, err := clock.ParseDate(m + "-01")
		if err == nil && (from.IsZero() || !first.Before(from)) && (to.IsZero() || !first.After(to)) {
			out = append(out, measure.Tally{Dimension: measure.ByMonth, Key: m})
		}
	}
	return out
}
