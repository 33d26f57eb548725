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

// lines are the hidden parts of one measure, by place: the figure, or only how
// many outcomes are known.
type lines struct{ figures, coverage map[place]bool }

// covering decides what of some measures may be shown for a filter, in every part
// there is. It notes what it gives out, and refuses a population that is nearly
// one given out before.
func (s *Service) covering(a asker, p disclosure.Profile, defs []measure.Definition) (cover, error) {
	out, err := s.covered(a, p, defs)
	if err != nil || p.Exact() {
		return out, err
	}
	var lead []string
	if a.filter.Lead != ident.Nil {
		lead = []string{"lead=" + a.filter.Lead.String()}
	}
	if out.tally != nil {
		if err := s.release(a.tx, p, populationOf(a.filter.Filter, out.tally.people)); err != nil {
			return out, err
		}
	}
	for _, b := range bases(defs) {
		if b == "" {
			continue
		}
		f := ofBase(b, a.filter.Filter)
		people, err := s.units(a, b, f)
		if err != nil {
			return out, err
		}
		next := populationOf(f, people)
		next.Conditions = append(append(next.Conditions, "base="+string(b)), lead...)
		if err := s.release(a.tx, p, next); err != nil {
			return out, err
		}
	}
	return out, nil
}

// covered is [Service.covering] without the notes: for a report, which is made
// once for everybody.
func (s *Service) covered(a asker, p disclosure.Profile, defs []measure.Definition) (cover, error) {
	out := cover{profile: p, facts: map[measure.ID]lines{}, filter: a.filter.Filter}
	if p.Exact() {
		return out, nil
	}
	if err := askable(a.filter.Filter); err != nil {
		return out, err
	}
	w := factConcealer{asker: a, profile: p, made: map[string]map[measure.ID]lines{}}
	for _, b := range bases(defs) {
		if b == "" {
			c, err := s.protected(a.tx, a.filter.Filter, p)
			if err != nil {
				return out, err
			}
			out.tally = &c
			continue
		}
		made, err := w.protect(b, ofBase(b, a.filter.Filter))
		if err != nil {
			return out, err
		}
		for id, l := range made {
			out.facts[id] = l
		}
	}
	return out, nil
}

// units are how many units a base has under a filter.
func (s *Service) units(a asker, b measure.Base, f measure.Filter) (n int64, err error) {
	list, err := a.tx.BehindFacts(b, store.FactFilter{Filter: f, Lock: a.filter.Lock, Lead: a.filter.Lead})
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
	i := slices.IndexFunc(measure.Definitions(), func(d measure.Definition) bool { return d.Base == b })
	if d := measure.Definitions()[i]; f.Programme == measure.All || f.Programme == d.Programme {
		f.Programme = ""
	}
	return f
}

// pieceAt is a part of a measure.
func pieceAt(f measure.Filter, by measure.Dimension, key string) place {
	switch by {
	case measure.Whole:
		return figureAt(f)
	case measure.ByClass:
		return place("class:" + key + "|" + f.Plain().Query())
	}
	return partAt(f, by, key)
}

// factConcealer protects filters, the coarsest first, each once.
type factConcealer struct {
	asker
	profile disclosure.Profile
	made    map[string]map[measure.ID]lines
}

// protect decides what is shown of the measures of a base.
func (w *factConcealer) protect(b measure.Base, f measure.Filter) (map[measure.ID]lines, error) {
	f = f.Plain()
	name := string(b) + "?" + f.Query()
	if made, done := w.made[name]; done {
		return made, nil
	}
	var coarser []map[measure.ID]lines
	for _, by := range conditionsOf(f) {
		made, err := w.protect(b, without(f, by))
		if err != nil {
			return nil, err
		}
		coarser = append(coarser, made)
	}
	list, err := w.tx.BehindFacts(b, store.FactFilter{Filter: f, Lock: w.filter.Lock, Lead: w.filter.Lead}, append(measure.Dimensions(), measure.ByQuarter, measure.ByYear, measure.ByClass)...)
	if err != nil {
		return nil, err
	}
	of := map[measure.ID][]store.Behind{}
	for _, x := range list {
		of[x.Measure] = append(of[x.Measure], x)
	}
	out := map[measure.ID]lines{}
	for _, id := range inside(slices.Sorted(maps.Keys(of))) {
		d, _ := measure.ByID(id)
		t := table{d: d, filter: f, profile: w.profile}
		for _, c := range coarser {
			t.coarser = append(t.coarser, c[id])
		}
		for _, part := range d.Contains {
			t.within = append(t.within, nested{t.stand(of[part]), out[part]})
		}
		out[id] = t.protect(of[id])
	}
	w.made[name] = out
	return out, nil
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
	parts []*stood
	lines lines
}

// more is how many events one measure has beyond a nested one in the same part:
// whoever sees both can subtract them. Where the nested one is hidden there is
// nothing to subtract.
func (n nested) more(s *stood) disclosure.Line {
	i := slices.IndexFunc(n.parts, func(x *stood) bool { return x.at == s.at })
	if i < 0 || n.lines.figures[s.at] {
		return disclosure.Line{}
	}
	d := s.hits.Value - n.parts[i].hits.Value
	return disclosure.Line{Counts: []disclosure.Count{{Value: max(d, -d)}}}
}

// table protects one measure in all its dimensions.
type table struct {
	d       measure.Definition
	filter  measure.Filter
	profile disclosure.Profile
	coarser []lines
	within  []nested
}

// stood is what stands behind one part.
type stood struct {
	at                 place
	all, known, rest   disclosure.Count // every unit; eligible ones of known and of unknown outcome
	hits, misses       disclosure.Count
	sum, largest       int64
	dimension          measure.Dimension
	key                string
	hidden, noCoverage bool
}

func add(c *disclosure.Count, x store.Behind) {
	c.Value, c.People = c.Value+x.N, c.People+x.People
}

// stand sorts what stands behind a measure into its parts.
func (t table) stand(rows []store.Behind) []*stood {
	var parts []*stood
	at := map[[2]string]*stood{}
	for _, x := range rows {
		if x.Dimension == measure.ByClass && t.d.Classes == "" {
			continue
		}
		key := [2]string{string(x.Dimension), x.Key}
		if at[key] == nil {
			at[key] = &stood{at: pieceAt(t.filter, x.Dimension, x.Key), dimension: x.Dimension, key: x.Key}
			parts = append(parts, at[key])
		}
		at[key].add(t.d, x)
	}
	slices.SortFunc(parts, func(a, b *stood) int { return slices.Compare([]byte(a.at), []byte(b.at)) })
	return parts
}

func (t table) protect(rows []store.Behind) lines {
	parts := t.stand(rows)
	t.hide(parts, func(s *stood) (disclosure.Line, *bool) { // the same parts of every measure of the base
		return disclosure.Line{Counts: []disclosure.Count{s.all}}, &s.hidden
	})
	figure := func(s *stood) (disclosure.Line, *bool) { return t.figure(s), &s.hidden }
	t.hide(parts, figure)
	for _, n := range t.within {
		t.hide(parts, func(s *stood) (disclosure.Line, *bool) {
			l := n.more(s)
			l.Withheld = s.hidden
			return l, &s.hidden
		})
		t.hide(parts, figure) // what it hid must not be worked out from the rest
	}
	t.hide(parts, func(s *stood) (disclosure.Line, *bool) {
		return disclosure.Line{Counts: []disclosure.Count{s.rest}, Withheld: s.noCoverage || s.hidden || t.known(s.at, true)}, &s.noCoverage
	})
	out := lines{map[place]bool{}, map[place]bool{}}
	for _, s := range parts {
		out.figures[s.at], out.coverage[s.at] = out.figures[s.at] || s.hidden, out.coverage[s.at] || s.noCoverage
	}
	return out
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

// known reports whether a coarser publication hides a place.
func (t table) known(at place, coverage bool) bool {
	return slices.ContainsFunc(t.coarser, func(l lines) bool { return l.figures[at] || coverage && l.coverage[at] })
}

// figure is what a figure says. All of a group with a bad outcome is said of each
// of them, however many they are.
func (t table) figure(s *stood) disclosure.Line {
	l := disclosure.Line{Counts: []disclosure.Count{s.known}, Withheld: s.hidden || t.known(s.at, false)}
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

// hide applies the rule to one kind of line and marks what it hides.
func (t table) hide(parts []*stood, say func(*stood) (disclosure.Line, *bool)) {
	in := map[measure.Dimension][]*sprig{}
	for _, s := range parts {
		l, mark := say(s)
		in[s.dimension] = append(in[s.dimension], &sprig{disclosure.Branch{Line: l, Hidden: *mark}, s.key, mark})
	}
	whole := in[measure.Whole][0]
	for _, by := range append(measure.Dimensions(), measure.ByClass) {
		if by != measure.ByMonth {
			whole.bear(in[by])
		}
	}
	whole.bear(in[measure.ByYear])
	for _, level := range [][2]measure.Dimension{{measure.ByYear, measure.ByQuarter}, {measure.ByQuarter, measure.ByMonth}} {
		for _, x := range in[level[0]] {
			x.bear(season(level[0], x.key, level[1], in[level[1]]))
		}
	}
	t.profile.Tree(&whole.Branch)
	for _, list := range in {
		for _, x := range list {
			*x.mark = x.Hidden
		}
	}
}

// reading is a figure as its reader may see it, made again from the counts that
// are left.
func (c cover) reading(d measure.Definition, by measure.Dimension, key string, s measure.Sample, at measure.Moment) measure.Reading {
	if c.profile.Exact() {
		return d.From(s, at)
	}
	where := pieceAt(ofBase(d.Base, c.filter), by, key)
	l := c.facts[d.ID]
	if l.figures[where] {
		return d.From(s, at).Withheld()
	}
	s.Excluded = nil // how many were left out says who they are by subtraction
	s.Known, s.Unknown = c.profile.Rounded(s.Known), c.profile.Rounded(s.Unknown)
	s.Hits = min(c.profile.Rounded(s.Hits), s.Known+s.Unknown)
	r := d.From(s, at)
	if l.coverage[where] {
		r = r.Uncovered()
	}
	return r
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
	where := figureAt(f)
	if by != measure.Whole {
		where = partAt(f, by, key)
	}
	v := c.tally.value(d, d.Read(t, at.AsOf), where)
	switch {
	case v.Value.Hidden():
		return r.Withheld()
	case v.Denominator == nil && d.Denominator != "":
		return d.FromValue(v, at).Uncovered()
	}
	return d.FromValue(v, at)
}
