package reporting

import (
	"cmp"
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/statistics"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Desk is the measures of one group, read at one instant.
type Desk struct {
	Group       measure.Group
	At          measure.Moment
	Partnership string
	Filter      measure.Filter
	Rights      Rights
	Profile     disclosure.Profile // how much of it is hidden
	Readings    []measure.Reading
	Hospitals   []Hospital
}

// DeskInput says what to look at. An empty group is all of them.
type DeskInput struct {
	Group  measure.Group
	Filter measure.Filter
	Own    bool   // operations the caller led
	File   string // xlsx or csv: it leaves the house and is recorded
	Frame  bool   // only what stands around the figures, for a page that says why there are none
}

// Desk reads the measures of a group.
func (s *Service) Desk(ctx context.Context, who user.Principal, in DeskInput) (out Desk, err error) {
	r, err := s.rights(who)
	if err != nil {
		return out, err
	}
	if in.File != "" && !r.Export {
		return out, errs.New(errs.Forbidden, "error.report.export", nil)
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		out = Desk{Group: in.Group, At: moment(tx), Filter: in.Filter, Rights: r}
		err := out.surroundings(tx)
		if err != nil || in.Frame {
			tx.NoAudit("no figures")
			return err
		}
		ask, err := asking(tx, who, in.Filter, in.Own)
		if err != nil {
			return err
		}
		defs := r.wanted(in)
		if out.Readings, err = s.readings(ask, r, defs); err != nil {
			return err
		}
		out.Profile = s.shownTo(r)
		if in.File == "" {
			tx.NoAudit("figures without personal data")
			return nil
		}
		tx.AuditRead(event(audit.ExportMake, "desk."+string(in.Group), in.Filter, ask.ofDoctor(map[string]any{"format": in.File, "rows": len(out.Readings), "rule": out.Profile.Version()})))
		return nil
	}, store.OneInstant())
	return out, err
}

// surroundings reads what stands around figures: whose they are and which
// hospitals can be chosen.
func (d *Desk) surroundings(tx *store.Tx) error {
	p, err := tx.PartnershipByID(tx.Partnership())
	if err != nil {
		return err
	}
	d.Partnership = p.Name
	d.Hospitals, err = hospitals(tx, d.Filter)
	return err
}

// moment is the instant of a transaction; today is the data lock.
func moment(tx *store.Tx) measure.Moment { return measure.Moment{AsOf: tx.Now(), Lock: tx.Today()} }

// wanted are the measures of a group the caller may read and the filter fits.
func (r Rights) wanted(in DeskInput) []measure.Definition {
	return slices.DeleteFunc(measure.Definitions(), func(d measure.Definition) bool {
		_, err := in.Filter.For(d)
		return err != nil || !r.offers(d) || in.Group != "" && d.Group != in.Group || in.Own && !d.Base.Led()
	})
}

// asker reads samples and tallies for one filter.
type asker struct {
	tx     *store.Tx
	filter store.FactFilter
}

func asking(tx *store.Tx, who user.Principal, f measure.Filter, own bool) (asker, error) {
	out := asker{tx, store.FactFilter{Filter: f, Lock: tx.Today()}}
	if own {
		if who.PractitionerID == ident.Nil {
			return out, errs.Refuse("measure.own", "error.measure.own", nil, "remedy.measure.own")
		}
		out.filter.Lead = who.PractitionerID
	}
	return out, nil
}

// ofDoctor adds to a record whose operations a file is about.
func (a asker) ofDoctor(detail map[string]any) map[string]any {
	if a.filter.Lead != ident.Nil {
		detail["doctor"] = a.filter.Lead.String()
	}
	return detail
}

// shownTo is how much a reader of pages sees.
func (s *Service) shownTo(r Rights) disclosure.Profile {
	if r.Exact() {
		return disclosure.Exact()
	}
	return s.profiles.Restricted
}

// readings reads measures for the whole of the filter: one statement for each
// base, and the tallies once.
func (s *Service) readings(a asker, r Rights, defs []measure.Definition) ([]measure.Reading, error) {
	c, err := s.covering(a, s.shownTo(r), defs)
	if err != nil {
		return nil, err
	}
	return a.readings(c, defs)
}

func (a asker) readings(c cover, defs []measure.Definition) ([]measure.Reading, error) {
	samples, counted, err := a.read(defs)
	if err != nil {
		return nil, err
	}
	t, at := tallied(counted), moment(a.tx)
	out := make([]measure.Reading, len(defs))
	for i, d := range defs {
		if d.Tallied() {
			out[i] = c.tallied(d, measure.Whole, "", t.programme(d.Programme), at)
		} else {
			out[i] = c.reading(d, measure.Whole, "", samples.of(d.ID, measure.Whole, ""), at)
		}
	}
	return out, nil
}

// read counts what definitions need, broken down by dimensions.
func (a asker) read(defs []measure.Definition, by ...measure.Dimension) (out sampled, counted []measure.Tally, err error) {
	for _, b := range bases(defs) {
		if b == "" {
			tally := slices.DeleteFunc(slices.Clone(by), func(d measure.Dimension) bool { return d == measure.ByClass })
			if counted, err = a.tx.Tallies(a.filter.Filter, append(tally, measure.ByProgramme)...); err != nil {
				return nil, nil, err
			}
			continue
		}
		list, err := a.tx.Samples(b, a.filter, by...)
		if err != nil {
			return nil, nil, err
		}
		if b == measure.Residents {
			if list, err = a.settled(list, by); err != nil {
				return nil, nil, err
			}
		}
		out = append(out, list...)
	}
	return out, counted, nil
}

// settled gives rates per thousand the people they are set against: all townships
// whose number is known, or the one township of a class. A township where nobody
// was operated on has a rate too.
func (a asker) settled(list []measure.Sampled, by []measure.Dimension) ([]measure.Sampled, error) {
	known, err := a.tx.References(a.filter.Lock)
	if err != nil {
		return nil, err
	}
	for _, d := range measure.Definitions() {
		if d.Kind != measure.PopulationRate {
			continue
		}
		has := func(dim measure.Dimension, key string) bool {
			return slices.ContainsFunc(list, func(x measure.Sampled) bool { return x.Measure == d.ID && x.Dimension == dim && x.Key == key })
		}
		if !has(measure.Whole, "") {
			list = append(list, measure.Sampled{Measure: d.ID})
		}
		for _, town := range known.Townships() {
			if slices.Contains(by, measure.ByClass) && !has(measure.ByClass, town) {
				list = append(list, measure.Sampled{Measure: d.ID, Dimension: measure.ByClass, Key: town})
			}
		}
		for i, x := range list {
			switch {
			case x.Measure != d.ID:
			case x.Dimension == measure.ByClass:
				list[i].Sample.Population = known.Elderly(x.Key)
			default:
				list[i].Sample.Population = known.Elderly("")
			}
		}
	}
	return list, nil
}

// bases are the bases of definitions, each once.
func bases(defs []measure.Definition) []measure.Base {
	var out []measure.Base
	for _, d := range defs {
		if !slices.Contains(out, d.Base) {
			out = append(out, d.Base)
		}
	}
	return out
}

// sampled finds a sample; what was not counted is empty.
type sampled []measure.Sampled

func (s sampled) of(id measure.ID, by measure.Dimension, key string) measure.Sample {
	for _, x := range s {
		if x.Measure == id && x.Dimension == by && x.Key == key {
			return x.Sample
		}
	}
	return measure.Sample{}
}

// keys are the keys a measure has in a dimension. A part whose units were all left
// out is one for who sees that: the exclusions of the parts are those of the whole.
func (s sampled) keys(id measure.ID, by measure.Dimension, left bool) []string {
	var out []string
	for _, x := range s {
		if x.Measure == id && x.Dimension == by && (x.Sample.Eligible() > 0 || left && len(x.Sample.Excluded) > 0 || by == measure.ByClass && x.Sample.Population > 0) {
			out = append(out, x.Key)
		}
	}
	return out
}

// Piece is the reading of one part of a breakdown or of one month of a series.
type Piece struct {
	Key     string
	Place   *Hospital      // of a breakdown by hospital
	Filter  measure.Filter // that gives the same reading again
	Class   string         // of a breakdown by class
	Linked  bool           // the filter exists
	Reading measure.Reading
	Curve   statistics.Curve // of a survival, for who sees every figure
}

// Detail is one measure with its breakdown, its months and its classes: what a
// page or a chart needs of it.
type Detail struct {
	Desk
	Definition measure.Definition
	Reading    measure.Reading
	By         measure.Dimension
	Parts      []Piece
	Months     []Piece // from the first to the last month, without gaps
	Classes    []Piece // empty where the measure has none

	// Curve is how long it took, of a survival; it shows the day of every event,
	// so only who sees every figure has it.
	Curve statistics.Curve

	cover cover
}

// DetailInput says which measure to look at.
type DetailInput struct {
	ID     measure.ID
	Filter measure.Filter
	By     measure.Dimension // empty: by hospital
	Own    bool
	File   string // xlsx or csv: it leaves the house and is recorded
	Frame  bool   // only what stands around the figure
}

// Detail reads one measure of any base with its parts.
func (s *Service) Detail(ctx context.Context, who user.Principal, in DetailInput) (out Detail, err error) {
	r, err := s.rights(who)
	if err != nil {
		return out, err
	}
	d, f, err := r.definition(in.ID, in.Filter)
	if err != nil {
		return out, err
	}
	if in.File != "" && !r.Export {
		return out, errs.New(errs.Forbidden, "error.report.export", nil)
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if in.File == "" {
			tx.NoAudit("figures without personal data")
		}
		out = Detail{Definition: d, By: cmp.Or(in.By, measure.ByHospital), Desk: Desk{Group: d.Group, At: moment(tx), Filter: f, Rights: r}}
		if err := out.surroundings(tx); err != nil || in.Frame {
			return err
		}
		ask, err := asking(tx, who, f, in.Own)
		if err != nil {
			return err
		}
		if out.cover, err = s.covering(ask, s.shownTo(r), []measure.Definition{d}, dimensionsOf(out.By, d)...); err != nil {
			return err
		}
		out.Profile = out.cover.profile
		if err := out.read(ask); err != nil || in.File == "" {
			return err
		}
		tx.AuditRead(event(audit.ExportMake, string(d.ID), f, ask.ofDoctor(map[string]any{"format": in.File, "rows": len(out.Parts) + len(out.Months) + len(out.Classes), "rule": out.Profile.Version()})))
		return nil
	}, store.OneInstant())
	return out, err
}

func (d *Detail) read(a asker) error {
	samples, counted, err := a.read([]measure.Definition{d.Definition}, dimensionsOf(d.By, d.Definition)...)
	if err == nil {
		d.take(tallied(counted), samples)
	}
	return err
}

// dimensionsOf are the dimensions details of definitions need.
func dimensionsOf(by measure.Dimension, defs ...measure.Definition) []measure.Dimension {
	dims := []measure.Dimension{by, measure.ByMonth}
	if slices.ContainsFunc(defs, func(d measure.Definition) bool { return d.Classes != "" }) {
		dims = append(dims, measure.ByClass)
	}
	return dims
}

// take fills the detail from what was counted.
func (d *Detail) take(t tallied, samples sampled) {
	d.Reading = d.at(t, samples, measure.Whole, "")
	if d.Definition.Kind == measure.Survival && d.Profile.Exact() {
		d.Curve = d.Definition.Curve(samples.of(d.Definition.ID, measure.Whole, ""))
	}
	for _, x := range t.parts(d.By) {
		if !d.Definition.Tallied() {
			break
		}
		d.Parts = append(d.Parts, Piece{Key: x.Key})
	}
	keys := func(by measure.Dimension) []string { return samples.keys(d.Definition.ID, by, d.Profile.Exact()) }
	for _, key := range keys(d.By) {
		d.Parts = append(d.Parts, Piece{Key: key})
	}
	var had []measure.Tally
	var counted []measure.Tally
	if d.Definition.Tallied() {
		counted = t.parts(measure.ByMonth)
	}
	counted = append(counted, d.cover.span(d.Definition)...)
	for _, x := range append(counted, monthTallies(keys(measure.ByMonth))...) {
		had = append(had, measure.Tally{Dimension: measure.ByMonth, Key: x.Key})
	}
	for _, x := range months(had) {
		d.Months = append(d.Months, Piece{Key: x.Key})
	}
	for _, key := range keys(measure.ByClass) {
		if d.Definition.Classes == "" { // read along with a measure that has some
			break
		}
		d.Classes = append(d.Classes, Piece{Key: key, Class: key, Filter: d.Filter, Linked: true, Reading: d.at(t, samples, measure.ByClass, key)})
	}
	d.fill(d.Parts, d.By, t, samples)
	d.fill(d.Months, measure.ByMonth, t, samples)
	slices.SortStableFunc(d.Classes, func(x, y Piece) int {
		return cmp.Or(cmp.Compare(y.Reading.ForChart().Value, x.Reading.ForChart().Value), cmp.Compare(x.Key, y.Key))
	})
	if d.By != measure.ByMonth {
		slices.SortStableFunc(d.Parts, func(x, y Piece) int {
			return cmp.Or(cmp.Compare(y.Reading.N(), x.Reading.N()), cmp.Compare(x.Key, y.Key))
		})
	}
	if !d.Profile.Exact() { // an order by size would rank what is hidden
		d.Classes = d.cover.named(d.Classes)
		if d.By != measure.ByMonth {
			d.Parts = d.cover.named(d.Parts)
		}
		byName := func(x, y Piece) int {
			return last(x.Key == measure.Others, y.Key == measure.Others, nameOf(x), nameOf(y))
		}
		slices.SortStableFunc(d.Parts, byName)
		slices.SortStableFunc(d.Classes, byName)
	}
}

// last compares by name, with one thing last.
func last(x, y bool, xName, yName string) int {
	switch {
	case x == y:
		return cmp.Compare(xName, yName)
	case x:
		return 1
	}
	return -1
}

func nameOf(p Piece) string {
	if p.Place != nil {
		return p.Place.Name
	}
	return p.Key
}

func monthTallies(keys []string) []measure.Tally {
	out := make([]measure.Tally, len(keys))
	for i, k := range keys {
		out[i] = measure.Tally{Dimension: measure.ByMonth, Key: k}
	}
	return out
}

// at is the reading of one part.
func (d *Detail) at(t tallied, s sampled, by measure.Dimension, key string) measure.Reading {
	if !d.Definition.Tallied() {
		return d.cover.reading(d.Definition, by, key, s.of(d.Definition.ID, by, key), d.At)
	}
	if by == measure.Whole {
		return d.cover.tallied(d.Definition, by, key, t.programme(d.whole()), d.At)
	}
	return d.cover.tallied(d.Definition, by, key, t.part(by, key), d.At)
}

// whole is the programme a tallied measure is read of: its own, unless the filter
// already is.
func (d *Detail) whole() measure.Programme {
	if d.Filter.Programme == d.Definition.Programme {
		return measure.All
	}
	return d.Definition.Programme
}

// fill gives parts their reading, place and filter.
func (d *Detail) fill(list []Piece, by measure.Dimension, t tallied, s sampled) {
	b := builder{hospitals: d.Hospitals}
	for i := range list {
		p := &list[i]
		p.Reading = d.at(t, s, by, p.Key)
		if d.Definition.Kind == measure.Survival && by == d.By && d.Profile.Exact() {
			p.Curve = d.Definition.Curve(s.of(d.Definition.ID, by, p.Key))
		}
		if by == measure.ByHospital {
			p.Place = b.place(p.Key)
		}
		if f, err := d.Filter.With(by, p.Key); err == nil && p.Key != "" {
			p.Filter, p.Linked = f, true
		}
	}
}
