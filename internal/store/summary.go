package store

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Summary rows are tallies kept beside the records, by hospital, programme and
// category or surgeon in every combination, for all time, each year and each month,
// and for each reader: one hospital, or the whole partnership. A
// changed record marks its person in its own transaction (triggers, migration
// 0034). A read takes the cells, less what they hold of the marked people, plus
// what the records say of them now; so it is exact at every instant, also for
// distinct persons, and a writer never waits. [Tx.FoldSummary] clears the marks.
//
// What no cell covers is counted from the records: the side of the partnership,
// which is a matter of dates, a period that is no month, year or all there is, a
// reader of several hospitals who names none, a fund, which does not see whose the
// treatments are, and category and surgeon together.

// maxMarked is how many marked people a read counts anew. With more, as after a
// large import, the records are counted until the folding has caught up.
const maxMarked = 5000

// The bits of a cell's mask: the conditions that bind.
const (
	maskPlace = 1 << iota
	maskProgramme
	maskCategory
	maskSurgeon
)

// unbroken are conditions no cell has together.
const unbroken = maskCategory | maskSurgeon

// maskOf are the dimensions cells are broken down by; months are spans.
var maskOf = map[measure.Dimension]int{measure.Whole: 0, measure.ByMonth: 0, measure.ByHospital: maskPlace, measure.ByProgramme: maskProgramme,
	measure.ByCategory: maskCategory, measure.BySurgeon: maskSurgeon}

// maskFor is the mask of a dimension, crossed or not, and the span its parts are
// of; empty: that of the filter. False where no cells serve it.
func maskFor(d measure.Dimension) (mask int, span string, ok bool) {
	for _, x := range d.Crossed() {
		switch bit, known := maskOf[x]; {
		case x == measure.ByMonth:
			span = "month"
		case x == measure.ByYear:
			span = "year"
		case known:
			mask |= bit
		default:
			return 0, "", false
		}
	}
	return mask, span, mask&unbroken != unbroken
}

// SummaryDimensions are the dimensions summary rows serve.
func SummaryDimensions() []measure.Dimension {
	return slices.DeleteFunc(measure.Dimensions(), func(d measure.Dimension) bool { _, ok := maskOf[d]; return !ok })
}

// cover says which cells answer a question.
type cover struct {
	counting
	span   string
	lo, hi clock.Date // days the span has
	exact  bool       // the span is the period, not only all there is in it
}

// Tallies is the whole of a filter and each part of the given dimensions: the
// same as [Tx.CountedTallies] to the last digit, from summary rows where they
// cover the filter and the transaction reads one instant.
func (tx *Tx) Tallies(f measure.Filter, by ...measure.Dimension) ([]measure.Tally, error) {
	out, ok, err := tx.summed(counting{filter: f, by: eachOnce(by)})
	if err != nil || ok {
		return out, err
	}
	return tx.CountedTallies(f, by...)
}

// summed answers from the cells; false when they do not cover the question.
func (tx *Tx) summed(c counting) ([]measure.Tally, bool, error) {
	v, ok := tx.covering(c)
	if !ok {
		return nil, false, nil
	}
	standing, err := tx.summaryStanding(v.filter.HospitalID, v.viewer)
	if err != nil || !standing.usable() {
		return nil, false, err
	}
	out := newTallySet(measure.FromSummary)
	if inside, err := tx.addCells(v, out); err != nil || !inside {
		return nil, false, err
	}
	if standing.Marked > 0 {
		if err := tx.addMarked(v, out); err != nil {
			return nil, false, err
		}
	}
	whole := out.all[0]
	parts := slices.DeleteFunc(out.all[1:], func(t measure.Tally) bool { return t.Operations == 0 && t.Treatments == 0 })
	return append([]measure.Tally{whole}, parts...), true, nil
}

// covering finds the cells for a question of this reader.
func (tx *Tx) covering(c counting) (cover, bool) {
	v := cover{counting: c}
	if !tx.instant || c.filter.Side != "" {
		return v, false
	}
	v.period()
	bound, _ := v.bound()
	for _, d := range c.dims() {
		mask, span, ok := maskFor(d)
		if !ok || (bound|mask)&unbroken == unbroken || span == "year" && !(v.exact && v.span == "all") { // a year cut short is no year
			return v, false
		}
	}
	if !tx.who.Wide {
		switch own := tx.who.Hospitals; {
		case slices.Contains(own, c.filter.HospitalID):
			v.viewer = c.filter.HospitalID
		case c.filter.HospitalID == ident.Nil && len(own) == 1 && len(tx.who.Funds) == 0 && tx.who.PractitionerID == ident.Nil: // a doctor also sees own operations elsewhere
			v.viewer = own[0]
		default:
			return v, false
		}
	}
	return v, true
}

// period chooses the shortest span around the filter's days.
func (v *cover) period() {
	from, to := v.filter.Period()
	v.span, v.lo, v.hi = "all", firstDay, lastDay
	if from.IsZero() && to.IsZero() {
		v.exact = true
		return
	}
	if from.IsZero() || to.IsZero() {
		return
	}
	first := clock.MustDate(from.Year(), from.Month(), 1)
	switch {
	case !to.After(first.AddMonths(1).AddDays(-1)):
		v.span, v.lo, v.hi = "month", first, first.AddMonths(1).AddDays(-1)
	case from.Year() == to.Year():
		v.span, v.lo, v.hi = "year", clock.MustDate(from.Year(), 1, 1), clock.MustDate(from.Year(), 12, 31)
	}
	v.exact = v.lo == from && v.hi == to
}

// standing is how the cells stand to the records.
type standing struct {
	Current bool `db:"current"` // written with the mergers of hospitals there are now
	Marked  int  `db:"marked"`
	Away    bool `db:"away"`  // the hospital asked for was merged into another
	Taken   bool `db:"taken"` // another, whose records it does not see, was merged into the reader's
}

func (s standing) usable() bool { return s.Current && s.Marked <= maxMarked && !s.Away && !s.Taken }

// placesNow names all mergers of hospitals.
const placesNow = `coalesce((select md5(string_agg(o.id::text || o.merged_into::text, ',' order by o.id)) from organisation o where o.merged_into is not null), '')`

func (tx *Tx) summaryStanding(hospital, viewer ident.ID) (s standing, err error) {
	err = tx.get(&s, `select coalesce((select s.places from summary_state s where s.partnership_id = $1 and s.kind = 'fold'), '') = `+placesNow+` as current,
		(select count(*) from (select 1 from summary_mark m where m.partnership_id = $1 limit $4) m)::int as marked,
		exists (select 1 from organisation o where o.id = $2 and o.merged_into is not null) as away, exists (select 1 from organisation o where o.merged_into = $3) as taken`,
		tx.Partnership(), hospital, viewer, maxMarked+1)
	return s, err
}

type cellRow struct {
	Programme string     `db:"programme"`
	Place     string     `db:"place"`
	Month     string     `db:"month"` // the first of the span
	Category  string     `db:"category"`
	Surgeon   string     `db:"surgeon"`
	First     clock.Date `db:"first_on"`
	Last      clock.Date `db:"last_on"`
	tallyRow
}

// row is the cell under its key in the dimension it was read for.
func (r cellRow) row() tallyRow {
	out := r.tallyRow
	var keys []string
	for _, d := range measure.Dimension(r.Dimension).Crossed() {
		keys = append(keys, map[measure.Dimension]string{measure.ByProgramme: r.Programme, measure.ByHospital: r.Place, measure.ByMonth: r.Month, measure.ByYear: r.Month[:4],
			measure.ByCategory: r.Category, measure.BySurgeon: r.Surgeon}[d])
	}
	out.Key = strings.Join(keys, measure.CrossSign)
	return out
}

// readCells reads for each part $7 the cells of mask $8 and span $9 that belong to
// readers from $10 to $11 and places from $12 to $13. With several readers those of
// the places themselves are meant. Each part goes into the index by itself (limit
// all): joined, a planner without fresh statistics reads all cells there are.
const readCells = `select k.dim, c.programme, c.place_id::text as place, to_char(c.since, 'YYYY-MM') as month, c.category, c.surgeon, c.first_on, c.last_on, c.operations, c.persons, c.treatments, c.settled,
		c.bill_fen, c.basic_fen, c.critical_fen, c.assistance_fen, c.other_fen, c.fund_fen, c.waiver_fen, c.net_fen
	from unnest($7::text[], $8::int[], $9::text[], $10::uuid[], $11::uuid[], $12::uuid[], $13::uuid[]) k(dim, mask, span, reader_from, reader_to, place_from, place_to)
	cross join lateral (select * from summary_cell c where c.partnership_id = $1 and c.mask = k.mask and c.span = k.span and c.place_id between k.place_from and k.place_to
		and c.hospital_id between k.reader_from and k.reader_to and c.since between $2 and $3 and ($4 = '' or c.programme = $4) and ($5 = '' or c.category = $5)
		and ($6 = '' or c.surgeon = $6) and (k.reader_from = k.reader_to or c.hospital_id = c.place_id) and (c.operations <> 0 or c.treatments <> 0) limit all) c`

// cellKeys are the cells of each part of a question, as columns.
type cellKeys struct {
	masks                                    []int64
	spans                                    []string
	readerFrom, readerTo, placeFrom, placeTo []ident.ID
}

func (v cover) keys() (k cellKeys) {
	bound, _ := v.bound()
	for _, d := range v.dims() {
		mask, span, _ := maskFor(d) // it was asked before
		mask, span = bound|mask, cmp.Or(span, v.span)
		reader, place := [2]ident.ID{v.viewer, v.viewer}, [2]ident.ID{}
		switch {
		case mask&maskPlace == 0:
		case v.filter.HospitalID != ident.Nil:
			place = [2]ident.ID{v.filter.HospitalID, v.filter.HospitalID}
			if v.viewer == ident.Nil {
				reader = place
			}
		default:
			place = [2]ident.ID{ident.Nil, lastID}
			if v.viewer == ident.Nil {
				reader = place
			}
		}
		k.masks, k.spans = append(k.masks, int64(mask)), append(k.spans, span)
		k.readerFrom, k.readerTo = append(k.readerFrom, reader[0]), append(k.readerTo, reader[1])
		k.placeFrom, k.placeTo = append(k.placeFrom, place[0]), append(k.placeTo, place[1])
	}
	return k
}

// addCells adds the cells of a question. It reports false when the span holds
// days outside of the period.
func (tx *Tx) addCells(v cover, out *tallySet) (inside bool, err error) {
	_, surgeon := v.bound()
	k, args := v.keys(), tx.figureArgs(v.filter) // the days stand at 1 and 2, programme and category at 3 and 6
	var rows []cellRow
	err = tx.planned(&rows, readCells, tx.Partnership(), v.lo, v.hi, args[3], args[6], surgeon, dimensionArray(v.dims()), pq.Int64Array(k.masks), textArray(k.spans),
		idArray(k.readerFrom), idArray(k.readerTo), idArray(k.placeFrom), idArray(k.placeTo))
	if err != nil {
		return false, err
	}
	for _, r := range rows {
		if r.Dimension == string(measure.Whole) && !v.exact && (r.First.Before(args[1].(clock.Date)) || r.Last.After(args[2].(clock.Date))) {
			return false, nil
		}
		out.add(r.row(), 1)
	}
	return true, nil
}

// bound is the mask of the filter's own conditions, and its surgeon.
func (v cover) bound() (mask int, surgeon string) {
	if v.filter.HospitalID != ident.Nil {
		mask |= maskPlace
	}
	if v.filter.Programme != "" && v.filter.Programme != measure.All {
		mask |= maskProgramme
	}
	if v.filter.Category != "" {
		mask |= maskCategory
	}
	if v.filter.Visiting == nil {
		return mask, ""
	}
	surgeon = "local"
	if *v.filter.Visiting {
		surgeon = "visiting"
	}
	return mask | maskSurgeon, surgeon
}

// addMarked replaces what the cells hold of the marked people by what the records
// say of them now.
func (tx *Tx) addMarked(v cover, out *tallySet) error {
	marks, err := tx.summaryMarks(maxMarked)
	if err != nil {
		return err
	}
	roots, people, err := tx.marked(marks)
	if err != nil {
		return err
	}
	args := tx.figureArgs(v.filter)
	args[1], args[2] = v.lo, v.hi
	var folded []tallyRow
	if err := tx.planned(&folded, countFolded(v.dims()), append(args, dimensionArray(v.dims()), idArray(roots), nullID(v.viewer))...); err != nil {
		return err
	}
	for _, r := range folded {
		out.add(r, -1)
	}
	now := v.counting
	now.people = people
	counted, err := tx.counted(now)
	for _, t := range counted {
		at := out.at(tallyRow{Dimension: string(t.Dimension), Key: t.Key})
		at.Operations, at.Persons, at.Treatments, at.Settled = at.Operations+t.Operations, at.Persons+t.Persons, at.Treatments+t.Treatments, at.Settled+t.Settled
		at.Money = at.Money.Plus(t.Money, 1)
	}
	return err
}

// countFolded counts what the cells hold of the roots $10 for the reader $11, in
// the parts $9. The months are those of the span, so $2 and $3 are its days.
func countFolded(dims []measure.Dimension) string {
	return `with x as materialized (select x.root_id, x.programme, x.place_id::text as hospital, to_char(x.month, 'YYYY-MM') as month, '' as side, x.category, x.visiting,
		x.operations, x.treatments, x.settled, x.bill_fen, x.basic_fen, x.critical_fen, x.assistance_fen, x.other_fen, x.fund_fen, x.waiver_fen, x.net_fen
		from summary_person x where x.partnership_id = $1 and x.root_id = any($10::uuid[]) and x.month between $2 and $3 and ($4 = '' or x.programme = $4)
		and ($5::uuid is null or x.place_id = $5) and $6 = '' and ($7 = '' or x.category = $7) and ($8::boolean is null or x.visiting = $8)
		and ($11::uuid is null or $11 = any(x.visible_to)))
	select k.dim, k.key, sum(operations)::bigint as operations, count(distinct root_id) filter (where operations > 0) as persons, sum(treatments)::bigint as treatments,
		sum(settled)::bigint as settled, ` + sumLayers + intoCells(dims) + ` group by k.dim, k.key`
}
