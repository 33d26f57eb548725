package store

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
)

// The one place that counts. A figure, a table, a list, an export and the API
// read through the two bases below, so they cannot count differently. Summary
// rows (summary.go) are these counts kept beside the records; the same statements
// count what changed since they were written.
//
// Operations are the live rows of procedure; person-times and money are the live
// treatments that have a day of first operation, with their settled settlement.
// An organisation that was merged counts as the one it was merged into. The side
// is the hospital's own in the partnership on the day. Parameters $1 to $8 are
// those of [figureArgs].

// hospitalFilter holds for the rows of the hospital asked for and of those merged into it.
const hospitalFilter = ` and ($5::uuid is null or x.hospital_id in (select f.id from organisation f where f.id = $5 or f.merged_into = $5))`

// sideOf is the side of the hospital of row x on the day of the operation.
const sideOf = `(select max(m.side) from partnership_member m where m.partnership_id = $1 and m.organisation_id = coalesce(h.merged_into, h.id)
	and m.from_on <= x.operated_on and (m.to_on is null or m.to_on >= x.operated_on))`

const inPeriod = ` where x.partnership_id = $1 and x.live and x.operated_on between $2 and $3 and ($4 = '' or x.programme = $4)` + hospitalFilter +
	` and ($6 = '' or ` + sideOf + ` = $6)`

// fromOperations are the operations a filter matches: x with its hospital h, its
// treatment t and its person q. Treatment and person may be hidden from somebody
// who sees the operation as a member of its team.
const fromOperations = ` from procedure x join organisation h on h.id = x.hospital_id
	left join treatment t on t.partnership_id = x.partnership_id and t.id = x.treatment_id
	left join person q on q.partnership_id = x.partnership_id and q.id = x.person_id` + inPeriod + `
	and ($7 = '' or coalesce(nullif(t.category, ''), 'NONE') = $7) and ($8::boolean is null or x.lead_visiting = $8)`

// fromTreated are treatments x with their hospital h; matchTreated says which of
// them a filter matches. Between the two stands the settlement, where it counts.
const fromTreated = ` from treatment x join organisation h on h.id = x.hospital_id`

const matchTreated = inPeriod + `
	and ($7 = '' or coalesce(nullif(x.category, ''), 'NONE') = $7) and ($8::boolean is null or x.visiting = $8)`

// joinSettled adds the settled settlement s of treatment x; there is at most one.
const joinSettled = ` left join settlement s on s.partnership_id = x.partnership_id and s.treatment_id = x.id and s.state = 'settled'`

// cellColumns are the keys of a row in every dimension; the side is looked up
// only where a breakdown asks for it.
const cellColumns = `x.programme, coalesce(h.merged_into, h.id)::text as hospital, to_char(x.operated_on, 'YYYY-MM') as month,
	case when exists (select 1 from unnest($9::text[]) d where d = 'side' or d like '%.side') then coalesce(` + sideOf + `, '') else '' end as side`

// intoCells hands each row x to its part in each dimension asked for.
func intoCells(dims []measure.Dimension) string {
	return ` from x cross join lateral (values ` + cellKeysOf(dims, cellKey) + `) k(dim, key)
	where k.dim = any($9::text[])`
}

// cellKeysOf writes the dimensions with the key a row has in each; of crossed
// dimensions the keys stand one after the other.
func cellKeysOf(dims []measure.Dimension, key func(measure.Dimension) string) string {
	rows := make([]string, len(dims))
	for i, d := range dims {
		var keys []string
		for _, x := range d.Crossed() {
			keys = append(keys, key(x))
		}
		if len(keys) == 0 {
			keys = []string{"''"}
		}
		rows[i] = "('" + string(d) + "', " + strings.Join(keys, " || '"+measure.CrossSign+"' || ") + ")"
	}
	return strings.Join(rows, ", ")
}

// cellKey is the key of a row x in a dimension.
func cellKey(d measure.Dimension) string {
	switch d {
	case measure.ByQuarter:
		return `left(x.month, 5) || 'Q' || (right(x.month, 2)::int + 2) / 3`
	case measure.ByYear:
		return `left(x.month, 4)`
	case measure.BySurgeon:
		return `case when x.visiting then 'visiting' else 'local' end`
	}
	return "x." + string(d)
}

// ofWhom narrows a count to the records of some people and to what one reader
// sees; see [counting].
const ofWhom = ` and ($10::uuid[] is null or x.person_id = any($10::uuid[])) and ($11::uuid is null or $11 = any(x.visible_to))`

// countOperations counts operations and distinct persons of each cell. Persons
// are folded before they are counted: one hash instead of one sort per cell.
func countOperations(dims []measure.Dimension) string {
	return `with x as materialized (select ` + cellColumns + `, coalesce(nullif(t.category, ''), 'NONE') as category,
		x.lead_visiting as visiting, coalesce(q.root_id, x.person_id) as person` + fromOperations + ofWhom + `),
	folded as (select k.dim, k.key, x.person, count(*) as n` + intoCells(dims) + ` group by k.dim, k.key, x.person)
	select dim, key, sum(n)::bigint as operations, count(*) as persons from folded group by dim, key`
}

// countTreatments counts person-times and those that are settled, and adds up their
// settled money. Whose settlement the reader does not see is not settled to them.
func countTreatments(dims []measure.Dimension) string {
	return `with x as materialized (select ` + cellColumns + `, coalesce(nullif(x.category, ''), 'NONE') as category, x.visiting,
		s.id, s.bill_fen, s.basic_fen, s.critical_fen, s.assistance_fen, s.other_fen, s.fund_fen, s.waiver_fen, s.net_fen` + fromTreated + joinSettled + matchTreated + ofWhom + `)
	select k.dim, k.key, count(*) as treatments, count(x.id) as settled, ` + sumLayers + intoCells(dims) + ` group by k.dim, k.key`
}

const sumLayers = `coalesce(sum(bill_fen), 0)::bigint as bill_fen, coalesce(sum(basic_fen), 0)::bigint as basic_fen,
	coalesce(sum(critical_fen), 0)::bigint as critical_fen, coalesce(sum(assistance_fen), 0)::bigint as assistance_fen,
	coalesce(sum(other_fen), 0)::bigint as other_fen, coalesce(sum(fund_fen), 0)::bigint as fund_fen,
	coalesce(sum(waiver_fen), 0)::bigint as waiver_fen, coalesce(sum(net_fen), 0)::bigint as net_fen`

type layersRow struct {
	Bill       money.Fen `db:"bill_fen"`
	Basic      money.Fen `db:"basic_fen"`
	Critical   money.Fen `db:"critical_fen"`
	Assistance money.Fen `db:"assistance_fen"`
	Other      money.Fen `db:"other_fen"`
	Fund       money.Fen `db:"fund_fen"`
	Waiver     money.Fen `db:"waiver_fen"`
	Net        money.Fen `db:"net_fen"`
}

func (r layersRow) layers() measure.Layers {
	return measure.Layers{Bill: r.Bill, Basic: r.Basic, Critical: r.Critical, Assistance: r.Assistance, Other: r.Other, Fund: r.Fund,
		Waiver: r.Waiver, Net: r.Net}
}

type tallyRow struct {
	Dimension  string `db:"dim"`
	Key        string `db:"key"`
	Operations int64  `db:"operations"`
	Persons    int64  `db:"persons"`
	Treatments int64  `db:"treatments"`
	Settled    int64  `db:"settled"`
	layersRow
}

// counting is what to count: a filter and the dimensions it is broken down by,
// of everybody the reader sees, or of some people and one of the reader's
// hospitals only.
type counting struct {
	filter measure.Filter
	by     []measure.Dimension
	people []ident.ID // nil: everybody
	viewer ident.ID   // nil: whatever row security lets through
}

// eachOnce are the dimensions without the whole, which is always there, and each named
// once: cells are added up, and one read twice would count twice.
func eachOnce(by []measure.Dimension) (out []measure.Dimension) {
	for _, d := range by {
		if d != measure.Whole && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}

// dims are the whole and the dimensions of the breakdown.
func (c counting) dims() []measure.Dimension {
	return append([]measure.Dimension{measure.Whole}, c.by...)
}

// dimensionArray is a list of dimensions as an array of text.
func dimensionArray(dims []measure.Dimension) any {
	return textArray(items(dims, func(d measure.Dimension) string { return string(d) }))
}

// CountedTallies counts the whole of a filter and each part of the given
// dimensions from the records. The whole is always there; a part without a row is
// not. Run it in a transaction of [OneInstant]: it is two statements.
func (tx *Tx) CountedTallies(f measure.Filter, by ...measure.Dimension) ([]measure.Tally, error) {
	return tx.counted(counting{filter: f, by: eachOnce(by)})
}

func (tx *Tx) counted(c counting) ([]measure.Tally, error) {
	args := append(tx.figureArgs(c.filter), dimensionArray(c.dims()), nil, nullID(c.viewer))
	if c.people != nil {
		args[9] = idArray(c.people)
	}
	s := newTallySet(measure.FromRecords)
	for i, query := range []string{countOperations(c.dims()), countTreatments(c.dims())} {
		var rows []tallyRow
		if err := tx.planned(&rows, query, args...); err != nil {
			return nil, err
		}
		for _, r := range rows {
			t := s.at(r)
			if i == 0 {
				t.Operations, t.Persons = r.Operations, r.Persons
			} else {
				t.Treatments, t.Settled, t.Money = r.Treatments, r.Settled, r.layers()
			}
		}
	}
	return s.all, nil
}

// tallySet finds tallies by their part; the whole is the first and always there.
type tallySet struct {
	path  measure.Path
	all   []measure.Tally
	index map[[2]string]int
}

func newTallySet(path measure.Path) *tallySet {
	return &tallySet{path: path, all: []measure.Tally{{Path: path}}, index: map[[2]string]int{{"", ""}: 0}}
}

// at is the tally of a row's part.
func (s *tallySet) at(r tallyRow) *measure.Tally {
	i, ok := s.index[[2]string{r.Dimension, r.Key}]
	if !ok {
		i = len(s.all)
		s.index[[2]string{r.Dimension, r.Key}] = i
		s.all = append(s.all, measure.Tally{Dimension: measure.Dimension(r.Dimension), Key: r.Key, Path: s.path})
	}
	return &s.all[i]
}

// add adds n times a row to its part.
func (s *tallySet) add(r tallyRow, n int64) {
	t := s.at(r)
	t.Operations, t.Persons, t.Treatments, t.Settled = t.Operations+n*r.Operations, t.Persons+n*r.Persons, t.Treatments+n*r.Treatments, t.Settled+n*r.Settled
	t.Money = t.Money.Plus(r.layers(), n)
}

// planned runs a query that is planned for its values each time: under a plan
// for any value, a filter that is not given would still keep the index of one
// that is from being used.
func (tx *Tx) planned(dst any, query string, args ...any) error {
	return tx.tx.SelectContext(tx.ctx, dst, query, args...)
}

var (
	firstDay = clock.MustDate(1, 1, 1)
	lastDay  = clock.MustDate(9999, 12, 31)
)

// figureArgs are the parameters $1 to $8 of both bases.
func (tx *Tx) figureArgs(f measure.Filter) []any {
	from, to := f.Period()
	if from.IsZero() {
		from = firstDay
	}
	if to.IsZero() {
		to = lastDay
	}
	programme := f.Programme
	if programme == measure.All {
		programme = ""
	}
	return []any{tx.Partnership(), from, to, string(programme), nullID(f.HospitalID), string(f.Side), f.Category, f.Visiting}
}

// FigureRow is one row of the list behind a figure: a person with the latest
// matching operation, a treatment, or an operation. What the reader of the
// figure may not see of the case or person is empty.
type FigureRow struct {
	ID           ident.ID // of the person, treatment or operation
	Case         ident.ID
	CaseNo       string
	PersonName   string
	Programme    measure.Programme
	Kind         string // of the operation
	Side         string // of the body
	HospitalID   ident.ID
	HospitalName string
	On           clock.Date
	Operations   int // matching ones
	Settled      bool
	Money        measure.Layers
}

type figureRow struct {
	ID           ident.ID   `db:"id"`
	Case         ident.ID   `db:"case_id"`
	CaseNo       string     `db:"case_no"`
	Name         string     `db:"person_name"`
	Programme    string     `db:"programme"`
	Kind         string     `db:"kind"`
	Side         string     `db:"side"`
	HospitalID   ident.ID   `db:"hospital_id"`
	HospitalName string     `db:"hospital_name"`
	On           clock.Date `db:"operated_on"`
	Operations   int        `db:"operations"`
	Settled      bool       `db:"settled"`
	layersRow
}

func (r figureRow) row() FigureRow {
	return FigureRow{ID: r.ID, Case: r.Case, CaseNo: r.CaseNo, PersonName: r.Name, Programme: measure.Programme(r.Programme), Kind: r.Kind, Side: r.Side,
		HospitalID: r.HospitalID, HospitalName: r.HospitalName, On: r.On, Operations: r.Operations, Settled: r.Settled, Money: r.layers()}
}

// figureLook adds the names to the rows r of a list, after they were cut to a page.
const figureLook = ` left join casefile c on c.partnership_id = $1 and c.id = r.case_id left join person p on p.partnership_id = $1 and p.id = r.person_id
	join organisation o on o.id = r.hospital_id order by r.operated_on desc, r.id desc`

// A person under restriction counts and is not named: the list stays as long as the
// figure says.
const figureNames = `, case when p.restricted_on is null then coalesce(c.case_no, '') else '' end as case_no, case when p.restricted_on is null then coalesce(p.name, '') else '' end as person_name, o.id as hospital_id,
	coalesce(nullif(o.short_name, ''), o.name) as hospital_name `

const figureColumns = `x.case_id, x.person_id, x.programme, coalesce(h.merged_into, h.id) as hospital_id, x.operated_on`

// listPersons: one row a person; $9 and $10 are the key of the last row seen, $11 the limit.
const listPersons = `select r.id, r.case_id, r.programme, r.operated_on, r.operations` + figureNames + `from (select v.* from (
		select distinct on (u.id) u.* from (select coalesce(q.root_id, x.person_id) as id, x.id as operation_id, ` + figureColumns + `,
			count(*) over (partition by coalesce(q.root_id, x.person_id)) as operations` + fromOperations + `) u
			order by u.id, u.operated_on desc, u.operation_id desc) v
		where (v.operated_on, v.id) < ($9, $10) order by v.operated_on desc, v.id desc limit $11) r` + figureLook

const listTreatments = `select r.id, r.case_id, r.programme, r.operated_on, s.id is not null as settled,
	coalesce(s.bill_fen, 0) as bill_fen, coalesce(s.basic_fen, 0) as basic_fen, coalesce(s.critical_fen, 0) as critical_fen,
	coalesce(s.assistance_fen, 0) as assistance_fen, coalesce(s.other_fen, 0) as other_fen, coalesce(s.fund_fen, 0) as fund_fen,
	coalesce(s.waiver_fen, 0) as waiver_fen, coalesce(s.net_fen, 0) as net_fen` + figureNames + `from (
		select x.id, ` + figureColumns + fromTreated + matchTreated + ` and (x.operated_on, x.id) < ($9, $10) order by x.operated_on desc, x.id desc limit $11) r
	left join settlement s on s.partnership_id = $1 and s.treatment_id = r.id and s.state = 'settled'` + figureLook

const listOperations = `select r.id, r.case_id, r.programme, r.operated_on, r.kind, r.side, 1 as operations` + figureNames + `from (
		select x.id, x.kind, x.side, ` + figureColumns + fromOperations + ` and (x.operated_on, x.id) < ($9, $10)
		order by x.operated_on desc, x.id desc limit $11) r` + figureLook

func figureList(kind measure.ListKind) string {
	switch kind {
	case measure.ListPersons:
		return listPersons
	case measure.ListProcedures:
		return listOperations
	default:
		return listTreatments
	}
}

// FigureRows is a page of the list behind a figure, the latest operation first.
func (tx *Tx) FigureRows(kind measure.ListKind, f measure.Filter, req page.Request) (page.Result[FigureRow], error) {
	on, id := lastDay, lastID
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[FigureRow]{}, err
	}
	rows, err := tx.figureRows(kind, f, on, id, req.Limit()+1)
	return page.Cut(req, rows, func(r FigureRow) []any { return []any{r.On, r.ID} }), err
}

// MaxFigureRows is how many rows a list may have to leave as one file.
const MaxFigureRows = 200_000

// AllFigureRows is the whole list, for an export.
func (tx *Tx) AllFigureRows(kind measure.ListKind, f measure.Filter) ([]FigureRow, error) {
	rows, err := tx.figureRows(kind, f, lastDay, lastID, MaxFigureRows+1)
	if err == nil && len(rows) > MaxFigureRows {
		return nil, errs.New(errs.TooLarge, "error.export.rows", errs.Args{"max": MaxFigureRows})
	}
	return rows, err
}

func (tx *Tx) figureRows(kind measure.ListKind, f measure.Filter, on clock.Date, id ident.ID, limit int) ([]FigureRow, error) {
	var rows []figureRow
	err := tx.planned(&rows, figureList(kind), append(tx.figureArgs(f), on, id, limit)...)
	return items(rows, figureRow.row), err
}
