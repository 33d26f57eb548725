package reporting

import (
	"maps"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// cover says what may be shown of measures of facts: nothing is hidden from who
// sees exact figures.
type cover struct {
	profile disclosure.Profile
	tally   *concealment // of tallied measures; nil: not asked for
	facts   map[measure.ID]lines
	filter  measure.Filter
}

// lines are what is hidden of one measure: of the figure, or only of how many
// outcomes are known. What is hidden for any reason is hidden.
type lines struct {
	figures, coverage []tables
	months            []string // in which it has units
}

func (l lines) hides(s spot) bool { return hidden(l.figures, s) }

func hidden(list []tables, s spot) bool {
	return slices.ContainsFunc(list, func(t tables) bool { return t.hides(s) })
}

// covering decides what of some measures may be shown for a filter in some
// breakdowns. All questions about one table are answered beside each other. Those
// about the operations of one doctor are another table: what is given out of it is
// noted, and a population is refused that is nearly one given out before.
func (s *Service) covering(a asker, p disclosure.Profile, defs []measure.Definition, by ...measure.Dimension) (cover, error) {
	out, err := s.covered(a, p, defs, by...)
	if err != nil || p.Exact() || a.filter.Lead == ident.Nil {
		return out, err
	}
	for _, b := range bases(defs) {
		if b == "" {
			continue
		}
		f := ofBase(b, a.filter.Filter)
		people, err := s.units(a, b, defs, f)
		if err != nil {
			return out, err
		}
		next := populationOf(f, people)
		next.Conditions = append(next.Conditions, "base="+string(b), "lead="+a.filter.Lead.String())
		if err := s.release(a.tx, p, next); err != nil {
			return out, err
		}
	}
	return out, nil
}

// covered is [Service.covering] without the notes: for a report, which is made
// once for everybody.
func (s *Service) covered(a asker, p disclosure.Profile, defs []measure.Definition, by ...measure.Dimension) (cover, error) {
	out := cover{profile: p, facts: map[measure.ID]lines{}, filter: a.filter.Filter}
	if p.Exact() {
		return out, nil
	}
	if err := askable(a.filter.Filter); err != nil {
		return out, err
	}
	tallied, err := s.protected(a.tx, a.filter.Filter, p, by...)
	if err != nil {
		return out, err
	}
	for _, b := range bases(defs) {
		if b == "" {
			out.tally = &tallied
			continue
		}
		asked := factTables{b, needed(b, defs), tablesOf(a.filter.Filter, by)}
		var under map[measure.ID]lines
		if tallied.under != nil {
			if under, err = asked.protect(a, *tallied.under, nil); err != nil {
				return out, err
			}
		}
		facts, err := asked.protect(a, tallied, under)
		if err != nil {
			return out, err
		}
		maps.Copy(out.facts, facts)
	}
	return out, nil
}

// units are how many units a base has under a filter.
func (s *Service) units(a asker, b measure.Base, defs []measure.Definition, f measure.Filter) (n int64, err error) {
	list, err := a.tx.BehindFacts(b, needed(b, defs), store.FactFilter{Filter: f, Lock: a.filter.Lock, Lead: a.filter.Lead})
	for _, x := range list {
		if x.Measure == list[0].Measure {
			n += x.N
		}
	}
	return n, err
}

// ofBase is a filter without the programme every unit of the base has anyway: the
// same question must have one name.
func ofBase(b measure.Base, f measure.Filter) measure.Filter {
	if f.Programme == measure.All || f.Programme == b.Programme() {
		f.Programme = ""
	}
	return f
}

// factTables are the tables of some measures of a base in some dimensions.
type factTables struct {
	base measure.Base
	ids  []measure.ID
	by   []measure.Dimension
}

// protect decides what is shown of them, over everything the caller may see, of
// nothing that is hidden under them.
func (f factTables) protect(a asker, tallied concealment, under map[measure.ID]lines) (map[measure.ID]lines, error) {
	times := []measure.Dimension{measure.Whole, measure.ByYear, measure.ByQuarter, measure.ByMonth}
	list, err := a.tx.BehindFacts(f.base, f.ids, store.FactFilter{Lock: a.filter.Lock, Lead: a.filter.Lead}, crossings(times, f.by, f.base.Programme() == measure.All)...)
	if err != nil {
		return nil, err
	}
	out := map[measure.ID]lines{}
	of := map[measure.ID][]store.Behind{}
	for _, x := range list {
		of[x.Measure] = append(of[x.Measure], x)
	}
	for _, id := range inside(slices.Sorted(maps.Keys(of))) {
		d, _ := measure.ByID(id)
		t := table{d: d, by: f.by, tallied: tallied, under: under[id]}
		for _, part := range d.Contains {
			within := nested{map[spot]*stood{}, out[part]}
			for _, s := range t.stand(of[part]) {
				within.parts[s.spot] = s
			}
			t.within = append(t.within, within)
		}
		out[id] = t.protect(of[id])
	}
	return out, nil
}

// needed are the measures of a base that are asked for, and those inside of them.
func needed(b measure.Base, defs []measure.Definition) (out []measure.ID) {
	var add func(measure.ID)
	add = func(id measure.ID) {
		d, _ := measure.ByID(id)
		if d.Base != b || slices.Contains(out, id) {
			return
		}
		out = append(out, id)
		for _, part := range d.Contains {
			add(part)
		}
	}
	for _, d := range defs {
		add(d.ID)
	}
	return out
}

// inside puts measures that others contain before those: what is shown of a year
// depends on what is shown of its first month.
func inside(ids []measure.ID) []measure.ID {
	var out []measure.ID
	var put func(measure.ID)
	put = func(id measure.ID) {
		d, _ := measure.ByID(id)
		for _, part := range d.Contains {
			put(part)
		}
		if !slices.Contains(out, id) && slices.Contains(ids, id) {
			out = append(out, id)
		}
	}
	for _, id := range ids {
		put(id)
	}
	return out
}

// nested is a measure whose events are among those of another: what stood behind
// it, and what of it is hidden.
type nested struct {
	parts map[spot]*stood
	lines lines
}

// more is how many events one measure has beyond a nested one in the same part:
// whoever sees both can subtract them.
func (n nested) more(s *stood) disclosure.Line {
	d := s.hits.Value
	if x := n.parts[s.spot]; x != nil {
		d -= x.hits.Value
	}
	return disclosure.Line{Counts: []disclosure.Count{{Value: max(d, -d)}}, Withheld: s.hidden || n.lines.hides(s.spot)}
}

// table protects one measure in some dimensions.
type table struct {
	d       measure.Definition
	by      []measure.Dimension
	tallied concealment
	under   lines // see [concealment.protect]
	within  []nested
}

// stood is what stands behind one part.
type stood struct {
	spot
	all, known, rest disclosure.Count // every unit; eligible ones of known and of unknown outcome
	hits, misses     disclosure.Count
	sum, largest     int64
	hidden           bool
}

func add(c *disclosure.Count, x store.Behind) {
	c.Value, c.People = c.Value+x.N, c.People+x.People
}

// stand sorts what stands behind a measure into its parts.
func (t table) stand(rows []store.Behind) []*stood {
	var parts []*stood
	at := map[spot]*stood{}
	for _, x := range rows {
		by, place := placed(x.Dimension, x.Key)
		if by == measure.ByClass && t.d.Classes == "" {
			continue
		}
		key := spot{by, place, true}
		if at[key] == nil {
			at[key] = &stood{spot: key}
			parts = append(parts, at[key])
		}
		at[key].add(t.d, x)
	}
	return parts
}

func (t table) protect(rows []store.Behind) (out lines) {
	parts := t.stand(rows)
	mark := func(x tables) {
		out.figures = append(out.figures, x)
		for _, s := range parts {
			s.hidden = s.hidden || x.hides(s.spot)
		}
	}
	mark(t.hide(parts, func(s *stood) disclosure.Line { // the same parts of every measure of the base
		return disclosure.Line{Counts: []disclosure.Count{s.all}, Withheld: t.known(s.spot) || t.under.hides(s.spot)}
	}))
	mark(t.hide(parts, t.figure))
	for _, n := range t.within {
		x := t.hide(parts, n.more)
		for _, s := range parts { // where the nested one is hidden there is nothing to subtract
			s.hidden = s.hidden || x.hides(s.spot) && !n.lines.hides(s.spot)
		}
		mark(t.hide(parts, t.figure)) // what it hid must not be worked out from the rest
	}
	out.coverage = []tables{t.hide(parts, func(s *stood) disclosure.Line {
		return disclosure.Line{Counts: []disclosure.Count{s.rest}, Withheld: s.hidden || hidden(t.under.coverage, s.spot)}
	})}
	for _, s := range parts {
		if s.by == measure.Whole && s.at.Group == "" && isMonth(s.at.Time) && s.known.Value+s.rest.Value > 0 {
			out.months = append(out.months, s.at.Time)
		}
	}
	slices.Sort(out.months)
	return out
}

// known reports whether a part is hidden in the tallies: the same operations and
// treatments counted again would give what was hidden there, wherever another part
// was hidden with it.
func (t table) known(s spot) bool {
	if !t.d.Base.Treated() || s.by == measure.ByClass {
		return false
	}
	if t.d.Base.Programme() != measure.All {
		s.at.Group = keyed(string(t.d.Base.Programme()))
	}
	return t.tallied.counts.hides(s) || t.d.Layer() && t.tallied.layers.hides(s)
}

func (s *stood) add(d measure.Definition, x store.Behind) {
	add(&s.all, x)
	switch {
	case x.Excluded:
		return
	case x.Known:
		add(&s.known, x)
	default:
		add(&s.rest, x)
	}
	if !x.Known && !d.Exposed() {
		return
	}
	s.sum, s.largest = s.sum+x.Sum, max(s.largest, x.Largest)
	if x.Hit {
		add(&s.hits, x)
	} else {
		add(&s.misses, x)
	}
}

// figure is what a figure says. All of a group with a bad outcome is said of each
// of them, however many they are.
func (t table) figure(s *stood) disclosure.Line {
	l := disclosure.Line{Counts: []disclosure.Count{s.known}, Withheld: s.hidden}
	switch d := t.d; {
	case d.Rate():
		s.misses.Identifies = d.Direction == measure.Down && s.hits.Value > 0
		l.Counts = append(l.Counts, s.hits, s.misses)
	case d.Kind == measure.CountUnits:
		l.Counts = []disclosure.Count{{Value: s.known.Value + s.rest.Value, People: s.known.People + s.rest.People}}
	case d.Kind == measure.Median: // the quartiles of few are their values
		l.Times = 2
	default:
		l.Money, l.Sum, l.Largest = d.Unit == measure.Fen, s.sum, s.largest
	}
	return l
}

// hide applies the rule to one kind of line in every table.
func (t table) hide(parts []*stood, say func(*stood) disclosure.Line) tables {
	out := tables{}
	for _, by := range t.by {
		if by == measure.ByClass && t.d.Classes == "" {
			continue
		}
		c := disclosure.Cube{}
		for _, s := range parts {
			if s.by == measure.Whole || s.by == by {
				c[s.at] = say(s)
			}
		}
		out[by] = t.tallied.profile.Protect(c)
	}
	return out
}

// reading is a figure as its reader may see it, made again from the counts that
// are left.
func (c cover) reading(d measure.Definition, by measure.Dimension, key string, s measure.Sample, at measure.Moment) measure.Reading {
	if c.profile.Exact() {
		return d.From(s, at)
	}
	where := spotOf(ofBase(d.Base, c.filter)).part(by, key)
	l, counted := c.facts[d.ID]
	if counted && l.hides(where) || !counted && !where.given {
		return d.From(s, at).Withheld()
	}
	s.Excluded = nil // how many were left out says who they are by subtraction
	s.Known, s.Unknown = c.profile.Rounded(s.Known), c.profile.Rounded(s.Unknown)
	s.Hits = min(c.profile.Rounded(s.Hits), s.Known+s.Unknown)
	r := d.From(s, at)
	if hidden(l.coverage, where) {
		r = r.Uncovered()
	}
	return r
}

// span are months a series of a measure runs over at least, see [concealment.span].
func (c cover) span(d measure.Definition) []measure.Tally {
	switch {
	case c.profile.Exact():
		return nil
	case !d.Tallied():
		return spanOf(c.facts[d.ID].months, c.filter)
	case c.tally == nil:
		return nil
	}
	return c.tally.span(c.filter)
}

// named takes the parts out of a breakdown whose figures are hidden, and leaves one
// in place of all of them.
func (c cover) named(list []Piece) []Piece {
	if c.profile.Exact() {
		return list
	}
	var out []Piece
	for _, x := range list {
		if !x.Reading.Hidden() {
			out = append(out, x)
		}
	}
	if i := slices.IndexFunc(list, func(x Piece) bool { return x.Reading.Hidden() }); i >= 0 {
		out = append(out, Piece{Key: measure.Others, Class: measure.Others, Reading: list[i].Reading})
	}
	return out
}

// tallied is a tallied figure as its reader may see it.
func (c cover) tallied(d measure.Definition, by measure.Dimension, key string, t measure.Tally, at measure.Moment) measure.Reading {
	r := d.FromTally(t, at)
	if c.profile.Exact() || c.tally == nil {
		return r
	}
	f, err := c.filter.For(d)
	if err != nil {
		return r.Withheld()
	}
	v := c.tally.value(d, d.Read(t, at.AsOf), spotOf(f).part(by, key))
	switch {
	case v.Value.Hidden():
		return r.Withheld()
	case d.Kind == measure.SumMoney, v.Denominator == nil && d.Denominator != "": // few may not be settled
		return d.FromValue(v, at).Uncovered()
	}
	return d.FromValue(v, at)
}
