package store

import (
	"database/sql"
	"errors"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// What the charts of the desk need beside figures and their parts. All of it is
// read from the two bases of tallies and from the bases of facts, so a chart
// cannot count what its figure does not.

// DayCount is how many operations there were on a day.
type DayCount struct {
	On clock.Date `db:"operated_on"`
	N  int64      `db:"n"`
}

// OperationsByDay counts the operations of a filter day by day; a day without one
// is not there.
func (tx *Tx) OperationsByDay(f measure.Filter) (out []DayCount, err error) {
	err = tx.planned(&out, `select x.operated_on, count(*) as n`+fromOperations+` group by x.operated_on order by x.operated_on`, tx.figureArgs(f)...)
	return out, err
}

// Crossing is how many units of a measure are of one class at one hospital, and
// what their values add up to.
type Crossing struct {
	Class    string `db:"class"`
	Hospital string `db:"place"` // its id
	N        int64  `db:"n"`
	Sum      int64  `db:"total"`
}

// CrossFacts counts the known units of a measure by class and hospital.
func (tx *Tx) CrossFacts(d measure.Definition, f FactFilter) (out []Crossing, err error) {
	query := basesOfFacts()[d.Base].from("not materialized") + `select f.class, f.place, count(*) as n, sum(f.value)::bigint as total from f
		where f.measure = $11 and f.excluded = '' and f.known group by f.class, f.place order by f.class, f.place`
	err = tx.planned(&out, query, append(tx.factArgs(f), string(d.ID))...)
	return out, err
}

// ScorePair is the function score of one joint early and a year after.
type ScorePair struct {
	CaseNo string `db:"case_no"`
	Side   string `db:"body"`
	Early  *int64 `db:"early"`
	Late   *int64 `db:"late"`
}

// ScorePairs are the scores behind the gain of a site's joints, the latest
// operation first; one that is not known is nil.
func (tx *Tx) ScorePairs(f FactFilter, site string, limit int) (out []ScorePair, err error) {
	query := basesOfFacts()[measure.JointFacts].from("not materialized") + `select r.body, r.early, r.late, coalesce(c.case_no, '') as case_no
		from (select f.* from f where f.measure = 'joint.score_gain' and f.excluded = '' and f.site = $11 order by f.operated_on desc, f.unit_id desc limit $12) r
		left join casefile c on c.partnership_id = $1 and c.id = r.case_id order by r.operated_on desc, r.unit_id desc`
	err = tx.planned(&out, query, append(tx.factArgs(f), site, limit)...)
	return out, err
}

// LatestFacts are the latest units of a list, for what is watched case by case.
func (tx *Tx) LatestFacts(l FactList, limit int) ([]FactRow, error) {
	return tx.factRows(l, lastDay, lastID, limit)
}

// DeskFilter is the filter the caller looked with last; empty: none.
func (tx *Tx) DeskFilter() (query string, err error) {
	err = tx.get(&query, `select query from desk_filter where partnership_id = $1 and id = $2`, tx.Partnership(), tx.who.AccountID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return query, err
}

// SaveDeskFilter keeps the filter the caller looks with.
func (tx *Tx) SaveDeskFilter(query string) error {
	_, err := tx.exec(`insert into desk_filter (partnership_id, id, query, noted_at) values ($1, $2, $3, $4)
		on conflict (partnership_id, id) do update set query = excluded.query, noted_at = excluded.noted_at, version = desk_filter.version + 1`,
		tx.Partnership(), tx.who.AccountID, query, tx.now)
	return err
}

// ReferenceRow is a reference value with who entered it.
type ReferenceRow struct {
	ID ident.ID
	measure.Reference
	By string
}

type referenceRow struct {
	ID     ident.ID   `db:"id"`
	Kind   string     `db:"kind"`
	Key    string     `db:"key"`
	Value  int64      `db:"value"`
	From   clock.Date `db:"from_on"`
	Source string     `db:"source"`
	Sample bool       `db:"sample"`
	By     string     `db:"made_by"`
}

func (r referenceRow) item() ReferenceRow {
	return ReferenceRow{ID: r.ID, By: r.By, Reference: measure.Reference{Kind: measure.ReferenceKind(r.Kind), Key: r.Key, Value: r.Value, From: r.From, Source: r.Source, Sample: r.Sample}}
}

// maxReferences bounds what a page of references shows: some townships and
// measures, with a handful of years each.
const maxReferences = 1000

// References are the reference values in force on a day, one for each township
// and measure.
func (tx *Tx) References(on clock.Date) (measure.References, error) {
	var rows []referenceRow
	err := tx.list(&rows, `select distinct on (r.kind, r.key) r.id, r.kind, r.key, r.value, r.from_on, r.source, r.sample, '' as made_by from reference_value r
		where r.partnership_id = $1 and r.from_on <= $2 order by r.kind, r.key, r.from_on desc, r.created_at desc, r.id desc limit $3`, tx.Partnership(), on, maxReferences)
	return items(rows, func(r referenceRow) measure.Reference { return r.item().Reference }), err
}

// ListReferences lists every reference value, also past and coming ones.
func (tx *Tx) ListReferences() ([]ReferenceRow, error) {
	var rows []referenceRow
	err := tx.list(&rows, `select r.id, r.kind, r.key, r.value, r.from_on, r.source, r.sample, coalesce((select a.display_name from account a where a.id = r.created_by), '') as made_by
		from reference_value r where r.partnership_id = $1 order by r.kind, r.key, r.from_on desc, r.created_at desc, r.id desc limit $2`, tx.Partnership(), maxReferences)
	return items(rows, referenceRow.item), err
}

// InsertReference enters a reference value.
func (tx *Tx) InsertReference(id ident.ID, r measure.Reference) error {
	_, err := tx.exec(`insert into reference_value (partnership_id, id, kind, key, value, from_on, source, sample, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, tx.Partnership(), id, string(r.Kind), r.Key, r.Value, r.From, r.Source, r.Sample, tx.now, tx.who.AccountID)
	return err
}

// HospitalDoctor is a doctor who led operations at a hospital.
type HospitalDoctor struct {
	ID      ident.ID   `db:"id"`
	Name    string     `db:"name"`
	Home    string     `db:"home"`
	Visitor bool       `db:"visitor"`
	Cases   int64      `db:"cases"`
	Last    clock.Date `db:"last_on"`
}

// Leaders are the doctors who led the operations of a filter, by the records a
// measure counts, most operations first.
func (tx *Tx) Leaders(f FactFilter, hospital ident.ID, limit int) (out []HospitalDoctor, err error) {
	query := basesOfFacts()[measure.Records].from("not materialized") + `select d.id, d.name, coalesce(nullif(o.short_name, ''), o.name, '') as home,
			d.home_organisation_id is distinct from $11::uuid as visitor, g.cases, g.last_on
		from (select f.lead_id, count(*) as cases, max(f.operated_on) as last_on from f where f.measure = 'quality.operations' and f.lead_id is not null group by f.lead_id) g
		join practitioner d on d.id = g.lead_id left join organisation o on o.id = d.home_organisation_id order by g.cases desc, d.id limit $12`
	err = tx.planned(&out, query, append(tx.factArgs(f), hospital, limit)...)
	return out, err
}
