package store

import (
	"database/sql"
	"errors"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// summaryMark is a person whose records changed after the cells were written.
type summaryMark struct {
	Person ident.ID `db:"person_id"`
	Tx     int64    `db:"tx"`
	Root   ident.ID `db:"root_id"`
}

func (tx *Tx) summaryMarks(limit int) ([]summaryMark, error) {
	var out []summaryMark
	err := tx.list(&out, `select m.person_id, m.tx, m.root_id from summary_mark m where m.partnership_id = $1 order by m.person_id, m.tx limit $2`, tx.Partnership(), limit)
	return out, err
}

// marked are the roots whose cells may be out of date, and everybody who is one
// of them now.
func (tx *Tx) marked(marks []summaryMark) (roots, people []ident.ID, err error) {
	seen := map[ident.ID]bool{}
	note := func(ids ...ident.ID) {
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				roots = append(roots, id)
			}
		}
	}
	for _, m := range marks {
		note(m.Person, m.Root)
	}
	var now []ident.ID
	if err := tx.planned(&now, `select distinct q.root_id from person q where q.partnership_id = $1 and q.id = any($2::uuid[]) and q.root_id is not null`,
		tx.Partnership(), idArray(roots)); err != nil {
		return nil, nil, err
	}
	note(now...)
	err = tx.planned(&people, `select q.id from person q where q.partnership_id = $1 and q.id = any($2::uuid[]) and coalesce(q.root_id, q.id) = any($2::uuid[])
		union select q.id from person q where q.partnership_id = $1 and q.root_id = any($2::uuid[])`, tx.Partnership(), idArray(roots))
	if people == nil {
		people = []ident.ID{}
	}
	return roots, people, err
}

// FoldSummary clears up to limit marks: what the marked people stood for in the
// cells is taken out, what their records say is put in. It reports how many marks
// are gone; 0 when there is nothing to do or another process is at it. Only its
// own rows are locked, never a record.
//
// A change that commits while it works has a mark of its own that is still there
// afterwards, so whatever this sees of it is counted once more.
func (tx *Tx) FoldSummary(limit int) (int, error) {
	free, current, err := tx.holdSummary()
	if err != nil || !free {
		return 0, err
	}
	if !current {
		return 0, tx.ResetSummary()
	}
	marks, err := tx.summaryMarks(limit)
	if err != nil || len(marks) == 0 {
		return 0, err
	}
	roots, people, err := tx.marked(marks)
	if err != nil {
		return 0, err
	}
	if err := tx.refold(roots, people); err != nil {
		return 0, err
	}
	persons, txs := items(marks, func(m summaryMark) ident.ID { return m.Person }), items(marks, func(m summaryMark) int64 { return m.Tx })
	if err := tx.once(`delete from summary_mark m using unnest($2::uuid[], $3::bigint[]) as k(person_id, tx)
		where m.partnership_id = $1 and m.person_id = k.person_id and m.tx = k.tx`, tx.Partnership(), idArray(persons), pq.Int64Array(txs)); err != nil {
		return 0, err
	}
	_, err = tx.exec(`update summary_state set at = $2 where partnership_id = $1 and kind = 'fold'`, tx.Partnership(), tx.now)
	return len(marks), err
}

// holdSummary takes the row of who folds; free is false while somebody else has
// it. It is made with the first record of a partnership.
func (tx *Tx) holdSummary() (free, current bool, err error) {
	const hold = `select s.places = ` + placesNow + ` from summary_state s where s.partnership_id = $1 and s.kind = 'fold' for update of s skip locked`
	err = tx.get(&current, hold, tx.Partnership())
	if errors.Is(err, sql.ErrNoRows) {
		n, err := tx.exec(`insert into summary_state (partnership_id, kind, at) values ($1, 'fold', $2) on conflict do nothing`, tx.Partnership(), tx.now)
		if err != nil || n == 0 { // somebody else has it
			return false, false, err
		}
		return true, false, nil
	}
	return err == nil, current, err
}

// ResetSummary empties the summary of a partnership and marks everybody with a
// record, so that it is made anew; until then figures are counted from records.
func (tx *Tx) ResetSummary() error {
	var places string
	if err := tx.get(&places, `select `+placesNow); err != nil {
		return err
	}
	// First its own row: nobody folds what is being emptied.
	if _, err := tx.exec(`insert into summary_state (partnership_id, kind, at, places) values ($1, 'fold', $2, $3)
		on conflict (partnership_id, kind) do update set at = excluded.at, places = excluded.places`, tx.Partnership(), tx.now, places); err != nil {
		return err
	}
	for _, query := range []string{
		`delete from summary_cell where partnership_id = $1`, `delete from summary_person where partnership_id = $1`,
		`insert into summary_mark (partnership_id, person_id, tx, root_id) select x.partnership_id, x.person_id, 0, x.person_id
			from (select o.partnership_id, o.person_id from procedure o where o.partnership_id = $1 and o.live
				union select t.partnership_id, t.person_id from treatment t where t.partnership_id = $1 and t.live and t.operated_on is not null) x on conflict do nothing`,
	} {
		if _, err := tx.exec(query, tx.Partnership()); err != nil {
			return err
		}
	}
	return nil
}

// refold replaces the rows of some roots, and moves the cells by what that changes.
// It is planned for how many there are.
func (tx *Tx) refold(roots, people []ident.ID) error {
	return tx.once(refold, tx.Partnership(), idArray(roots), idArray(people), ident.Nil)
}

// unitOf are the common columns of a record x in summary_person.
const unitOf = `coalesce(q.root_id, x.person_id) as root_id, coalesce(h.merged_into, h.id) as place_id, date_trunc('month', x.operated_on)::date as month, x.programme`

// hospitalsOf are the hospitals that see record x; its readers may be funds as well.
const hospitalsOf = `case when cardinality(x.visible_to) = 1 then x.visible_to
	else coalesce((select array_agg(o.id order by o.id) from organisation o where o.id = any(x.visible_to)), '{}') end as visible_to`

// standsFor are what a row of summary_person says of its root.
const standsFor = `place_id, month, programme, category, visiting, visible_to, first_on, last_on, operations, treatments, settled,
	bill_fen, basic_fen, critical_fen, assistance_fen, other_fen, fund_fen, waiver_fen, net_fen`

// summarised are the rows of the people $3: operations, person-times, and how
// many of them are settled with their money, each for the hospitals that see it. Who
// sees no settlement sees no money.
// Somebody who became another person after the roots $2 were read has a mark of
// that, and is left to it.
const summarised = `select u.root_id, u.place_id, u.month, u.programme, u.category, u.visiting, u.visible_to, min(u.operated_on) as first_on, max(u.operated_on) as last_on,
			sum(u.operations)::int as operations, sum(u.treatments)::int as treatments, sum(u.settled)::int as settled, ` + sumLayers + `
		from (select x.partnership_id, ` + unitOf + `, coalesce(nullif(t.category, ''), 'NONE') as category, x.lead_visiting as visiting, ` + hospitalsOf + `, x.operated_on,
				1 as operations, 0 as treatments, 0 as settled, 0 as bill_fen, 0 as basic_fen, 0 as critical_fen, 0 as assistance_fen, 0 as other_fen, 0 as fund_fen, 0 as waiver_fen, 0 as net_fen
			from procedure x join organisation h on h.id = x.hospital_id
			left join treatment t on t.partnership_id = x.partnership_id and t.id = x.treatment_id
			left join person q on q.partnership_id = x.partnership_id and q.id = x.person_id
			where x.partnership_id = $1 and x.live and x.person_id = any($3::uuid[])
		union all select x.partnership_id, ` + unitOf + `, coalesce(nullif(x.category, ''), 'NONE'), x.visiting, ` + hospitalsOf + `, x.operated_on, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0
			from treatment x join organisation h on h.id = x.hospital_id left join person q on q.partnership_id = x.partnership_id and q.id = x.person_id
			where x.partnership_id = $1 and x.live and x.operated_on is not null and x.person_id = any($3::uuid[])
		union all select x.partnership_id, ` + unitOf + `, coalesce(nullif(x.category, ''), 'NONE'), x.visiting,
				case when cardinality(x.visible_to) = 1 and s.visible_to = x.visible_to then x.visible_to
					else coalesce((select array_agg(o.id order by o.id) from organisation o where o.id = any(x.visible_to) and o.id = any(s.visible_to)), '{}') end, x.operated_on, 0, 0, 1,
				s.bill_fen, s.basic_fen, s.critical_fen, s.assistance_fen, s.other_fen, s.fund_fen, s.waiver_fen, s.net_fen
			from treatment x join organisation h on h.id = x.hospital_id join settlement s on s.partnership_id = x.partnership_id and s.treatment_id = x.id and s.state = 'settled'
			left join person q on q.partnership_id = x.partnership_id and q.id = x.person_id
			where x.partnership_id = $1 and x.live and x.operated_on is not null and x.person_id = any($3::uuid[])) u
		where u.root_id = any($2::uuid[])
		group by u.root_id, u.place_id, u.month, u.programme, u.category, u.visiting, u.visible_to`

// viewsOf is everywhere a kind x is in: for each hospital that sees it, for the
// place itself where the place binds, else for who sees the whole partnership,
// whose id is $4. Category and surgeon never bind together.
const viewsOf = `select x.kind, v.id as viewer, m.mask, case when m.mask & 1 > 0 then x.place_id else $4::uuid end as place_id,
		case when m.mask & 2 > 0 then x.programme else '' end as programme, case when m.mask & 4 > 0 then x.category else '' end as category,
		case when m.mask & 8 = 0 then '' when x.visiting then 'visiting' else 'local' end as surgeon
	from kinds x cross join generate_series(0, 11) m(mask)
	cross join lateral (select case when m.mask & 1 > 0 then x.place_id else $4::uuid end as id union select unnest(x.visible_to)) v`

// intoSpans puts a row x of a month into the spans it is in.
const intoSpans = ` cross join lateral (values ('all', date '0001-01-01'), ('year', date_trunc('year', x.month)::date), ('month', x.month)) t(span, since)`

// signed are the sums of rows by their sign.
const signed = `sum(x.sign * x.operations)::bigint as operations, sum(x.sign * x.treatments)::bigint as treatments, sum(x.sign * x.settled)::bigint as settled,
	sum(x.sign * x.bill_fen)::bigint as bill_fen, sum(x.sign * x.basic_fen)::bigint as basic_fen, sum(x.sign * x.critical_fen)::bigint as critical_fen,
	sum(x.sign * x.assistance_fen)::bigint as assistance_fen, sum(x.sign * x.other_fen)::bigint as other_fen, sum(x.sign * x.fund_fen)::bigint as fund_fen,
	sum(x.sign * x.waiver_fen)::bigint as waiver_fen, sum(x.sign * x.net_fen)::bigint as net_fen`

// moves reports that something of a group changes: figures, or the days between
// which they lie. The days of what was there are those of the cell already.
const moves = `(sum(x.sign * x.operations), sum(x.sign * x.treatments), sum(x.sign * x.settled), sum(x.sign * x.bill_fen), sum(x.sign * x.basic_fen), sum(x.sign * x.critical_fen),
		sum(x.sign * x.assistance_fen), sum(x.sign * x.other_fen), sum(x.sign * x.fund_fen), sum(x.sign * x.waiver_fen), sum(x.sign * x.net_fen)) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	or min(x.first_on) < min(x.first_on) filter (where x.sign < 0) or max(x.last_on) > max(x.last_on) filter (where x.sign < 0) or min(x.sign) > 0`

// refold does it in one statement. "was" and "now" are the rows before and after,
// the new ones numbered on, since both are there while it runs. Rows that differ in
// nothing but person, month and figures are of one kind, and kinds are few: figures
// are added up by kind and month ("sums"), where what stays the same goes out, and
// only then go into cells.
//
// A person of a cell is counted once, however many rows put them there. In a month,
// a year or altogether most people have rows of one kind only ("plain"): they are
// in every cell of that kind once, so they too are added up by kind. Where somebody
// has several kinds ("mixed"), and only where that changes, they are counted in each
// cell. So the work grows with the rows, not with the cells they are in.
const refold = `with now as materialized (` + summarised + `),
	was as materialized (delete from summary_person p where p.partnership_id = $1 and p.root_id = any($2::uuid[]) returning p.root_id, p.no, ` + standsFor + `),
	last as (select w.root_id, max(w.no) as no from was w group by w.root_id),
	kept as (insert into summary_person (partnership_id, root_id, no, ` + standsFor + `)
		select $1, n.root_id, coalesce(l.no, 0) + row_number() over (partition by n.root_id), ` + standsFor + ` from now n left join last l on l.root_id = n.root_id),
	either as materialized (select w.root_id, ` + standsFor + `, -1 as sign from was w union all select n.root_id, ` + standsFor + `, 1 from now n),
	units as materialized (select x.root_id, x.sign, ` + standsFor + `, dense_rank() over (order by x.place_id, x.programme, x.category, x.visiting, x.visible_to) as kind from either x),
	kinds as (select distinct x.kind, x.place_id, x.programme, x.category, x.visiting, x.visible_to from units x),
	sums as materialized (select x.kind, x.month, min(x.first_on) as first_on, max(x.last_on) as last_on, ` + signed + ` from units x group by x.kind, x.month having ` + moves + `),
	persons as materialized (select x.root_id, t.span, t.since, min(x.kind) filter (where x.sign < 0) as was, max(x.kind) filter (where x.sign < 0) as was_too,
			min(x.kind) filter (where x.sign > 0) as now, max(x.kind) filter (where x.sign > 0) as now_too
		from units x` + intoSpans + ` where x.operations > 0 group by x.root_id, t.span, t.since),
	plain as (select k.kind, p.span, p.since, sum(k.n) as persons from persons p cross join lateral (values (p.was, -1), (p.now, 1)) k(kind, n)
		where coalesce(p.was = p.was_too, true) and coalesce(p.now = p.now_too, true) and p.was is distinct from p.now and k.kind is not null group by 1, 2, 3),
	mixed as (select p.root_id, p.span, p.since, x.kind, bool_or(x.sign < 0) as was, bool_or(x.sign > 0) as now
		from persons p join units x on x.root_id = p.root_id` + intoSpans + `
		where (p.was < p.was_too or p.now < p.now_too) and x.operations > 0 and t.span = p.span and t.since = p.since group by 1, 2, 3, 4),
	views as materialized (` + viewsOf + `),
	moved as (select x.kind, x.span, x.since, min(x.first_on) as first_on, max(x.last_on) as last_on, sum(x.persons) as persons, sum(x.operations) as operations, sum(x.treatments) as treatments, sum(x.settled) as settled, ` + sumLayers + `
		from (select p.kind, p.span, p.since, null::date as first_on, null::date as last_on, p.persons, 0 as operations, 0 as treatments, 0 as settled, 0 as bill_fen, 0 as basic_fen, 0 as critical_fen,
				0 as assistance_fen, 0 as other_fen, 0 as fund_fen, 0 as waiver_fen, 0 as net_fen from plain p
			union all select x.kind, t.span, t.since, x.first_on, x.last_on, 0, x.operations, x.treatments, x.settled, x.bill_fen, x.basic_fen, x.critical_fen,
				x.assistance_fen, x.other_fen, x.fund_fen, x.waiver_fen, x.net_fen from sums x` + intoSpans + `) x group by 1, 2, 3),
	once as (select c.viewer, c.mask, c.span, c.since, c.place_id, c.programme, c.category, c.surgeon, c.now::int - c.was::int as n
		from (select x.root_id, v.viewer, v.mask, x.span, x.since, v.place_id, v.programme, v.category, v.surgeon, bool_or(x.was) as was, bool_or(x.now) as now
			from (select m.root_id, m.span, m.since, m.kind, m.was, m.now, bool_or(m.was <> m.now) over (partition by m.root_id, m.span, m.since) as moves from mixed m) x join views v on v.kind = x.kind
			where x.moves group by 1, 2, 3, 4, 5, 6, 7, 8, 9) c where c.was <> c.now)
	insert into summary_cell (partnership_id, hospital_id, mask, span, since, place_id, programme, category, surgeon, first_on, last_on, operations, persons, treatments, settled,
		bill_fen, basic_fen, critical_fen, assistance_fen, other_fen, fund_fen, waiver_fen, net_fen)
	select $1, x.viewer, x.mask, x.span, x.since, x.place_id, x.programme, x.category, x.surgeon, coalesce(min(x.first_on), 'infinity'), coalesce(max(x.last_on), '-infinity'),
		sum(x.operations), sum(x.persons), sum(x.treatments), sum(x.settled), ` + sumLayers + `
	from (select v.viewer, v.mask, x.span, x.since, v.place_id, v.programme, v.category, v.surgeon, x.first_on, x.last_on, x.operations, x.persons, x.treatments, x.settled,
			x.bill_fen, x.basic_fen, x.critical_fen, x.assistance_fen, x.other_fen, x.fund_fen, x.waiver_fen, x.net_fen from moved x join views v on v.kind = x.kind
		union all select c.viewer, c.mask, c.span, c.since, c.place_id, c.programme, c.category, c.surgeon, null, null, 0, sum(c.n), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
			from once c group by 1, 2, 3, 4, 5, 6, 7, 8) x
	group by 2, 3, 4, 5, 6, 7, 8, 9
	on conflict (partnership_id, mask, span, place_id, hospital_id, since, programme, category, surgeon) do update set
		first_on = least(summary_cell.first_on, excluded.first_on), last_on = greatest(summary_cell.last_on, excluded.last_on),
		operations = summary_cell.operations + excluded.operations, persons = summary_cell.persons + excluded.persons, treatments = summary_cell.treatments + excluded.treatments,
		settled = summary_cell.settled + excluded.settled,
		bill_fen = summary_cell.bill_fen + excluded.bill_fen, basic_fen = summary_cell.basic_fen + excluded.basic_fen, critical_fen = summary_cell.critical_fen + excluded.critical_fen,
		assistance_fen = summary_cell.assistance_fen + excluded.assistance_fen, other_fen = summary_cell.other_fen + excluded.other_fen,
		fund_fen = summary_cell.fund_fen + excluded.fund_fen, waiver_fen = summary_cell.waiver_fen + excluded.waiver_fen, net_fen = summary_cell.net_fen + excluded.net_fen`
