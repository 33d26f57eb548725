package reporting

import (
	"cmp"
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// maxConditions is how many conditions a reader of hidden figures may combine:
// each one more cuts finer, and all coarser tables are protected first.
const maxConditions = 3

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
		c, err := s.conceal(tx, f, s.profiles.Restricted)
		if err != nil {
			return err
		}
		tallies, err := tx.Tallies(f)
		if err == nil {
			v = c.value(d, d.Read(tallies[0], tx.Now()), figureAt(f))
		}
		return err
	})
	return v, err
}

// hide takes out of an overview what its reader may not see.
func (s *Service) hide(tx *store.Tx, o *Overview, p disclosure.Profile) error {
	o.Profile = p
	if p.Exact() {
		return nil
	}
	c, err := s.conceal(tx, o.Filter, p)
	if err != nil {
		return err
	}
	c.overview(o)
	return nil
}

func (c concealment) overview(o *Overview) {
	for i := range o.Programmes {
		c.breakdown(&o.Programmes[i])
	}
	c.breakdown(&o.Table)
	c.breakdown(&o.Months)
}

// concealment is what may be shown of everything a filter can be asked for.
type concealment struct {
	disclosure.Result
	people int64 // the filter is about
}

// conceal protects a filter's figures in all dimensions, and before them those of
// every coarser filter: a figure hidden there stays hidden when it is asked for
// alone. Then it refuses a population that is nearly one given out before.
func (s *Service) conceal(tx *store.Tx, f measure.Filter, p disclosure.Profile) (concealment, error) {
	c, err := s.protected(tx, f, p)
	if err != nil {
		return c, err
	}
	return c, s.release(tx, p, populationOf(f, c.people))
}

func (s *Service) protected(tx *store.Tx, f measure.Filter, p disclosure.Profile) (concealment, error) {
	f = f.Plain()
	if err := askable(f); err != nil {
		return concealment{}, err
	}
	w := concealer{tx: tx, profile: p, made: map[string]disclosure.Result{}, people: map[string]int64{}}
	r, err := w.protect(f)
	if err != nil {
		return concealment{}, err
	}
	return concealment{r, w.people[f.Query()]}, nil
}

// release refuses or notes a population.
func (s *Service) release(tx *store.Tx, p disclosure.Profile, next disclosure.Population) error {
	given, err := tx.Releases()
	if err != nil {
		return err
	}
	if err := p.Differencing(given, next); err != nil {
		return err
	}
	same := func(g disclosure.Population) bool {
		return g.Signature() == next.Signature() && g.People == next.People
	}
	if slices.ContainsFunc(given, same) {
		return nil
	}
	return tx.InsertRelease(next, p.Version())
}

// populationOf is whom a filter is about.
func populationOf(f measure.Filter, people int64) disclosure.Population {
	f = f.Plain()
	out := disclosure.Population{People: people}
	out.From, out.To = f.Period()
	for _, by := range conditionsOf(f) {
		if by != measure.ByMonth { // the period says it
			only, _ := measure.Filter{}.With(by, keyOf(f, by)) // the key comes from a filter that was read
			out.Conditions = append(out.Conditions, only.Query())
		}
	}
	return out
}

// conditionsOf are the dimensions a filter is narrowed in.
func conditionsOf(f measure.Filter) []measure.Dimension {
	var out []measure.Dimension
	for _, by := range measure.Dimensions() {
		if keyOf(f, by) != "" {
			out = append(out, by)
		}
	}
	return out
}

// keyOf is the key of a filter in a dimension, empty where it is not narrowed. Any
// period narrows it along the months.
func keyOf(f measure.Filter, by measure.Dimension) string {
	switch by {
	case measure.ByProgramme:
		return string(f.Programme)
	case measure.ByHospital:
		if f.HospitalID != ident.Nil {
			return f.HospitalID.String()
		}
	case measure.BySide:
		return string(f.Side)
	case measure.ByMonth:
		if from, to := f.Period(); !from.IsZero() || !to.IsZero() {
			return from.String() + "/" + to.String()
		}
	case measure.ByCategory:
		return f.Category
	case measure.BySurgeon:
		if f.Visiting != nil {
			return map[bool]string{true: "visiting", false: "local"}[*f.Visiting]
		}
	}
	return ""
}

// without is a filter with one condition less, or with the period around its own.
func without(f measure.Filter, by measure.Dimension) measure.Filter {
	switch by {
	case measure.ByProgramme:
		f.Programme = ""
	case measure.ByHospital:
		f.HospitalID = ident.Nil
	case measure.BySide:
		f.Side = ""
	case measure.ByMonth:
		return wider(f)
	case measure.ByCategory:
		f.Category = ""
	case measure.BySurgeon:
		f.Visiting = nil
	}
	return f
}

// concealer protects filters, the coarsest first, each once.
type concealer struct {
	tx      *store.Tx
	profile disclosure.Profile
	made    map[string]disclosure.Result
	people  map[string]int64
}

// What is counted in a cell of a breakdown. Joints and eyes are operations.
const (
	patientsFigure   = "patients"
	timesFigure      = "person_times"
	operationsFigure = "procedures"
	moneyFigure      = "money" // all amounts of a cell are shown or hidden together
)

// place is a cell of any breakdown by the filter that gives it alone; parts no
// filter can ask for are named by their table.
type place string

func figureAt(f measure.Filter) place { return place(f.Plain().Query()) }

func partAt(f measure.Filter, by measure.Dimension, key string) place {
	if narrow, err := f.With(by, key); err == nil && key != "" {
		return figureAt(narrow)
	}
	return place(string(by) + ":" + key + "|" + f.Plain().Query())
}

func (p place) of(figure string) string { return figure + "|" + string(p) }

// protect decides what is shown of a filter.
func (w *concealer) protect(f measure.Filter) (disclosure.Result, error) {
	if r, done := w.made[f.Query()]; done {
		return r, nil
	}
	var coarser []disclosure.Result
	for _, by := range conditionsOf(f) {
		r, err := w.protect(without(f, by))
		if err != nil {
			return r, err
		}
		coarser = append(coarser, r)
	}
	dimensions := append(measure.Dimensions(), measure.ByQuarter, measure.ByYear)
	tallies, err := w.tx.Tallies(f, dimensions...)
	if err != nil {
		return disclosure.Result{}, err
	}
	shares, err := w.tx.Shares(f, dimensions...)
	if err != nil {
		return disclosure.Result{}, err
	}
	b := setBuilder{set: disclosure.NewSet(), coarser: coarser, shares: map[[2]string]store.Share{}}
	for _, s := range shares {
		b.shares[[2]string{string(s.Dimension), s.Key}] = s
	}
	b.fill(f, tallies)
	w.people[f.Query()] = tallies[0].Persons
	r := b.set.Protect(w.profile)
	w.made[f.Query()] = r
	return r, nil
}

// setBuilder enters tallies into a set.
type setBuilder struct {
	set     *disclosure.Set
	coarser []disclosure.Result
	shares  map[[2]string]store.Share
}

func (b setBuilder) fill(f measure.Filter, all tallied) {
	b.enter(figureAt(f), all[0])
	for _, by := range measure.Dimensions() {
		if by != measure.ByMonth {
			b.add(f, all[0], by, all.parts(by))
		}
	}
	b.calendar(f, all)
}

// calendar enters the years of a filter, their quarters and the months of those.
func (b setBuilder) calendar(f measure.Filter, all tallied) {
	b.add(f, all[0], measure.ByYear, all.parts(measure.ByYear))
	for _, level := range [][2]measure.Dimension{{measure.ByYear, measure.ByQuarter}, {measure.ByQuarter, measure.ByMonth}} {
		for _, x := range all.parts(level[0]) {
			if span, err := f.With(level[0], x.Key); err == nil {
				b.add(span, x, level[1], inSpan(span, level[1], all.parts(level[1])))
			}
		}
	}
}

// add enters the parts of a filter in a dimension, and that they add up to the
// total.
func (b setBuilder) add(f measure.Filter, total measure.Tally, by measure.Dimension, parts []measure.Tally) {
	at := figureAt(f)
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(x, y measure.Tally) int { return cmp.Compare(x.Key, y.Key) })
	var places []place
	var persons int64
	for _, x := range parts {
		p := partAt(f, by, x.Key)
		b.enter(p, x)
		places = append(places, p)
		persons += x.Persons
	}
	for _, figure := range []string{patientsFigure, timesFigure, operationsFigure, moneyFigure} {
		var keys []string
		for _, p := range places {
			keys = append(keys, p.of(figure))
		}
		extra := int64(0)
		if figure == patientsFigure && !slices.Contains(places, at) {
			extra = persons - total.Persons
		}
		b.set.Link(at.of(figure), extra, keys...)
	}
}

// enter puts the figures of one cell.
func (b setBuilder) enter(p place, t measure.Tally) {
	put := func(figure string, c disclosure.Cell) {
		key := p.of(figure)
		for _, r := range b.coarser {
			if _, shown := r.Shown(key); r.Knows(key) && !shown {
				c.Withheld = true
			}
		}
		b.set.Put(key, c)
	}
	put(patientsFigure, disclosure.Cell{Value: t.Persons, People: t.Persons})
	put(timesFigure, disclosure.Cell{Value: t.Treatments, People: t.Persons})
	put(operationsFigure, disclosure.Cell{Value: t.Operations, People: t.Persons})
	s := b.shares[[2]string{string(t.Dimension), t.Key}]
	put(moneyFigure, disclosure.Cell{Value: int64(t.Money.Bill), Money: true, People: s.People, Of: p.of(patientsFigure), Largest: heaviest(t.Money, s.Largest)})
}

// heaviest is the largest share of any amount of a cell, as a part of the bill:
// amounts are hidden together, so the worst of them decides.
func heaviest(all, largest measure.Layers) int64 {
	worst := int64(largest.Bill)
	for _, f := range []func(measure.Layers) money.Fen{
		func(l measure.Layers) money.Fen { return l.Basic + l.Critical + l.Assistance },
		func(l measure.Layers) money.Fen { return l.Fund + l.Waiver },
		func(l measure.Layers) money.Fen { return l.Net },
	} {
		if whole := int64(f(all)); whole > 0 {
			percent := (min(int64(f(largest)), whole)*100 + whole - 1) / whole
			worst = max(worst, int64(all.Bill)*percent/100)
		}
	}
	return worst
}

// figureOf is what a definition counts.
func figureOf(d measure.Definition) string {
	switch d.Kind {
	case measure.DistinctPersons:
		return patientsFigure
	case measure.CountTreatments:
		return timesFigure
	case measure.CountProcedures:
		return operationsFigure
	}
	return moneyFigure
}

// value is a measured value as its reader may see it.
func (c concealment) value(d measure.Definition, v measure.Value, at place) measure.Value {
	key := at.of(figureOf(d))
	n, shown := c.Shown(key)
	switch {
	case !c.Knows(key) && v.Value.Int64() == 0: // a month or part in which nothing happened
		return v
	case !shown:
		return v.Withheld()
	case d.Kind == measure.SumMoney:
		if _, times := c.Shown(at.of(timesFigure)); !times {
			v.Denominator = nil
		}
		return v
	}
	if _, times := c.Shown(at.of(timesFigure)); !times {
		v.Denominator = nil
	}
	return v.As(n)
}

// breakdown takes hidden figures out of a table.
func (c concealment) breakdown(b *Breakdown) {
	hidden := false
	c.group(b, &b.Total, figureAt(b.Total.Filter), &hidden)
	for i := range b.Groups {
		g := &b.Groups[i]
		at := figureAt(g.Filter)
		if !g.Linked {
			at = partAt(b.Total.Filter, b.Dimension, g.Key)
		}
		c.group(b, g, at, &hidden)
	}
	if hidden { // by how much the parts overlap would be one more equation
		b.Overlap = 0
	}
	if b.Dimension == measure.ByHospital { // an order by size would rank what is hidden
		slices.SortStableFunc(b.Groups, func(x, y Group) int { return cmp.Compare(x.Place.Name, y.Place.Name) })
	}
}

func (c concealment) group(b *Breakdown, g *Group, at place, hidden *bool) {
	for i, d := range b.Definitions {
		g.Values[i] = c.value(d, g.Values[i], at)
		*hidden = *hidden || g.Values[i].Value.Hidden()
	}
	if _, shown := c.Shown(at.of(moneyFigure)); !shown {
		g.Layers = measure.Layers{}
	}
}
