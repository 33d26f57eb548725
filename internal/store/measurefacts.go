package store

import (
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// A base of facts is one select over records, one row for each unit of analysis,
// and a list that says of each row what it means for each measure. The figure,
// its breakdown, its series and the list behind it are this one select, counted
// or filtered, so they cannot differ. Parameters $1 to $8 are those of
// [figureArgs], $9 is the data lock: what happened later is not looked at.

// facts is a base: rows selects the units with their day, place and person, and
// says lists the measures.
type facts struct {
	rows string
	says []fact
}

// fact is what a row x says about one measure, as expressions.
type fact struct {
	id       measure.ID
	excluded string // reason, '' for none; empty: never
	known    string // empty: always
	hit      string // empty: always
	value    string // empty: 0
	class    string // empty: none
}

// row is the fact as a row of VALUES.
func (f fact) row() string {
	or := func(text, blank string) string {
		if text == "" {
			return blank
		}
		return "coalesce(" + text + ", " + blank + ")"
	}
	known, hit := "true", "true"
	if f.known != "" {
		known = or(f.known, "false")
	}
	if f.hit != "" {
		hit = or(f.hit, "false")
	}
	return "('" + string(f.id) + "'::text, " + or(f.excluded, "''") + ", " + known + ", " + hit + ", " + or(f.value, "0") + "::bigint, " + or(f.class, "''") + "::text)"
}

// unless names the first reason whose condition holds: pairs of condition and
// reason.
func unless(pairs ...string) string {
	text := "case"
	for i := 0; i+1 < len(pairs); i += 2 {
		text += " when " + pairs[i] + " then '" + pairs[i+1] + "'"
	}
	return text + " else '' end"
}

// kindsOf writes the kinds of operations that have a property as a list of SQL.
func kindsOf(has func(procedure.Kind) bool) string {
	var out []string
	for _, p := range procedure.Programmes() {
		for _, k := range procedure.Kinds(p) {
			if has(k) {
				out = append(out, "'"+string(k)+"'")
			}
		}
	}
	return "(" + strings.Join(out, ", ") + ")"
}

// unitColumns are the common columns of a base whose unit is an operation o
// of a treatment t.
const unitColumns = `o.partnership_id, o.live, o.operated_on, o.hospital_id, o.programme, coalesce(nullif(t.category, ''), 'NONE') as category,
	o.lead_visiting as visiting, o.id as unit_id, o.case_id, o.person_id, o.kind, o.side as body, o.lead_id`

const operationTreatment = ` from procedure o left join treatment t on t.partnership_id = o.partnership_id and t.id = o.treatment_id `

// basesOfFacts are all bases.
func basesOfFacts() map[measure.Base]facts {
	return map[measure.Base]facts{measure.JointFacts: jointFacts(), measure.EyeFacts: eyeFacts(), measure.Sessions: heartFacts(), measure.Stays: stayFacts(),
		measure.FundLines: fundLineFacts(), measure.Referrals: letterFacts(), measure.Screened: screenedFacts(), measure.Due: dueFacts(), measure.Records: recordFacts(),
		measure.Visits: visitFacts(), measure.Lessons: lessonFacts(), measure.AtReceiving: receivingFacts(), measure.AtTable: tableFacts(), measure.Signoffs: signoffFacts(), measure.Residents: residentFacts()}
}

// from is the base with the filter, up to the facts f of each row x and measure.
func (b facts) from(materialized string) string {
	says := make([]string, len(b.says))
	for i, f := range b.says {
		says[i] = f.row()
	}
	return `with x as ` + materialized + ` (select x.*, coalesce(h.merged_into, h.id)::text as place, $9::date as lock from (` + b.rows + `) x
		join organisation h on h.id = x.hospital_id` + inPeriod + ` and ($7 = '' or x.category = $7) and ($8::boolean is null or x.visiting = $8)
		and ($10::uuid is null or x.lead_id = $10)),
	f as (select x.*, m.* from x cross join lateral (values ` + strings.Join(says, ",\n\t\t") + `) m(measure, excluded, known, hit, value, class)) `
}

// countFacts counts the facts of a base; $11 are the dimensions, $12 the
// measures whose values are needed one by one.
func (b facts) count(dims []measure.Dimension) string {
	return b.from("materialized") + `select f.measure, k.dim, k.key, f.excluded, f.known, f.hit, case when f.measure = any($12::text[]) then f.value end as value,
		count(*) as n, sum(f.value)::bigint as total ` + partsOfFacts(dims) + ` group by 1, 2, 3, 4, 5, 6, 7`
}

// behind counts who stands behind the facts: in each part the units, the people,
// the sum of the values and the largest share of one person. A unit without a
// person is its own.
func (b facts) behind(dims []measure.Dimension) string {
	return b.from("materialized") + `select g.measure, g.dim, g.key, g.excluded, g.known, g.hit, sum(g.n)::bigint as n, count(*) as people,
		sum(g.total)::bigint as total, max(g.total)::bigint as largest
		from (select f.measure, k.dim, k.key, f.excluded <> '' as excluded, f.known, f.hit, coalesce(f.person_id, f.unit_id) as person, count(*) as n, sum(f.value) as total
			` + partsOfFacts(dims) + ` group by 1, 2, 3, 4, 5, 6, 7) g group by 1, 2, 3, 4, 5, 6`
}

// Behind is who stands behind some facts of one measure in one part.
type Behind struct {
	Measure   measure.ID        `db:"measure"`
	Dimension measure.Dimension `db:"dim"`
	Key       string            `db:"key"`
	Excluded  bool              `db:"excluded"`
	Known     bool              `db:"known"`
	Hit       bool              `db:"hit"`
	N         int64             `db:"n"`
	People    int64             `db:"people"`
	Sum       int64             `db:"total"`
	Largest   int64             `db:"largest"`
}

// BehindFacts counts who stands behind some measures of a base, for the whole of
// a filter and for the parts of the given dimensions, in one statement.
func (tx *Tx) BehindFacts(base measure.Base, of []measure.ID, f FactFilter, by ...measure.Dimension) ([]Behind, error) {
	dims := append([]measure.Dimension{measure.Whole}, eachOnce(by)...)
	b := basesOfFacts()[base]
	b.says = slices.DeleteFunc(b.says, func(x fact) bool { return !slices.Contains(of, x.id) })
	if len(b.says) == 0 {
		return nil, nil
	}
	var rows []Behind
	err := tx.planned(&rows, b.behind(dims), append(tx.factArgs(f), dimensionArray(dims))...)
	return rows, err
}

type sampledRow struct {
	Measure  string `db:"measure"`
	Dim      string `db:"dim"`
	Key      string `db:"key"`
	Excluded string `db:"excluded"`
	Known    bool   `db:"known"`
	Hit      bool   `db:"hit"`
	Value    *int64 `db:"value"`
	N        int64  `db:"n"`
	Total    int64  `db:"total"`
}

// FactFilter narrows facts beyond the filter of a page.
type FactFilter struct {
	measure.Filter
	Lead ident.ID   // operations led by one doctor; nil: all
	Lock clock.Date // the last day that is looked at
}

func (tx *Tx) factArgs(f FactFilter) []any {
	return append(tx.figureArgs(f.Filter), f.Lock, nullID(f.Lead))
}

// Samples counts every measure of a base for the whole of a filter and for the
// parts of the given dimensions, in one statement.
func (tx *Tx) Samples(base measure.Base, f FactFilter, by ...measure.Dimension) ([]measure.Sampled, error) {
	dims := append([]measure.Dimension{measure.Whole}, eachOnce(by)...)
	defs := map[measure.ID]measure.Definition{}
	var spread []string
	for _, d := range measure.Definitions() {
		defs[d.ID] = d
		if d.Base == base && d.Distribution() {
			spread = append(spread, string(d.ID))
		}
	}
	var rows []sampledRow
	if err := tx.planned(&rows, basesOfFacts()[base].count(dims), append(tx.factArgs(f), dimensionArray(dims), textArray(spread))...); err != nil {
		return nil, err
	}
	var out []measure.Sampled
	at := map[[3]string]int{}
	for _, r := range rows {
		key := [3]string{r.Measure, r.Dim, r.Key}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, measure.Sampled{Measure: measure.ID(r.Measure), Dimension: measure.Dimension(r.Dim), Key: r.Key})
		}
		x := measure.Fact{Excluded: measure.Reason(r.Excluded), Known: r.Known, Hit: r.Hit}
		if r.Value != nil {
			x.Value = *r.Value
		}
		out[i].Sample.Add(defs[out[i].Measure], x, r.N, r.Total)
	}
	return out, nil
}

// partsOfFacts are the facts f in every part k of the dimensions $11.
func partsOfFacts(dims []measure.Dimension) string {
	return `from f join organisation h on h.id = f.hospital_id cross join lateral (values ` + cellKeysOf(dims, factKey) + `) k(dim, key)
		where k.dim = any($11::text[])`
}

// factKey is the key of a fact f in a dimension.
func factKey(d measure.Dimension) string {
	switch d {
	case measure.ByHospital:
		return `f.place`
	case measure.BySide:
		return `coalesce(` + strings.ReplaceAll(sideOf, "x.", "f.") + `, '')`
	case measure.ByMonth:
		return `to_char(f.operated_on, 'YYYY-MM')`
	case measure.ByQuarter:
		return `to_char(f.operated_on, 'YYYY-"Q"Q')`
	case measure.ByYear:
		return `to_char(f.operated_on, 'YYYY')`
	case measure.BySurgeon:
		return `case when f.visiting then 'visiting' else 'local' end`
	}
	return "f." + string(d)
}

// listFacts is a page of the units of one measure, the latest first: $11 the
// measure, $12 the part, $13 the class, $14 and $15 the key of the last row seen,
// $16 the limit, $17 whether every eligible unit is in the denominator.
func (b facts) list() string {
	return b.from("not materialized") + `select r.unit_id, r.case_id, r.programme, r.kind, r.body, r.operated_on, r.excluded, r.known, r.hit, r.value, r.class,
		coalesce(c.case_no, '') as case_no, case when p.restricted_on is null then coalesce(p.name, '') else '' end as person_name, o.id as hospital_id, coalesce(nullif(o.short_name, ''), o.name) as hospital_name
		from (select f.* from f where f.measure = $11 and ($13 = '' or f.class = $13) and case $12::text when 'excluded' then f.excluded <> '' when 'unknown' then f.excluded = '' and not f.known
			when 'numerator' then f.excluded = '' and (f.known or $17) and f.hit else f.excluded = '' and (f.known or $17) end
			and (f.operated_on, f.unit_id) < ($14::date, $15::uuid) order by f.operated_on desc, f.unit_id desc limit $16) r
		left join lateral (select y.name, y.restricted_on from person y where y.partnership_id = $1 and y.id = r.person_id) p on true
		left join lateral (select y.case_no from casefile y where y.partnership_id = $1 and y.id = r.case_id and p.restricted_on is null) c on true
		join organisation s on s.id = r.hospital_id join organisation o on o.id = coalesce(s.merged_into, s.id)
		order by r.operated_on desc, r.unit_id desc`
}

// FactRow is one unit of the list behind a measure.
type FactRow struct {
	ID           ident.ID   `db:"unit_id"`
	Case         *ident.ID  `db:"case_id"`
	CaseNo       string     `db:"case_no"`
	PersonName   string     `db:"person_name"`
	Programme    string     `db:"programme"`
	Kind         string     `db:"kind"`
	Side         string     `db:"body"`
	HospitalID   ident.ID   `db:"hospital_id"`
	HospitalName string     `db:"hospital_name"`
	On           clock.Date `db:"operated_on"`
	Excluded     string     `db:"excluded"`
	Known        bool       `db:"known"`
	Hit          bool       `db:"hit"`
	Value        int64      `db:"value"`
	Class        string     `db:"class"`
}

// Fact is what the row says.
func (r FactRow) Fact() measure.Fact {
	return measure.Fact{Excluded: measure.Reason(r.Excluded), Known: r.Known, Hit: r.Hit, Value: r.Value, Class: r.Class}
}

// FactList says which units of a measure to list.
type FactList struct {
	Definition measure.Definition
	Filter     FactFilter
	Part       measure.Part
	Class      string
}

// FactRows is a page of the list behind a measure.
func (tx *Tx) FactRows(l FactList, req page.Request) (page.Result[FactRow], error) {
	on, id := lastDay, lastID
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[FactRow]{}, err
	}
	rows, err := tx.factRows(l, on, id, req.Limit()+1)
	return page.Cut(req, rows, func(r FactRow) []any { return []any{r.On, r.ID} }), err
}

// AllFactRows is the whole list, for an export.
func (tx *Tx) AllFactRows(l FactList) ([]FactRow, error) {
	rows, err := tx.factRows(l, lastDay, lastID, MaxFigureRows+1)
	if err == nil && len(rows) > MaxFigureRows {
		return nil, errs.New(errs.TooLarge, "error.export.rows", errs.Args{"max": MaxFigureRows})
	}
	return rows, err
}

func (tx *Tx) factRows(l FactList, on clock.Date, id ident.ID, limit int) ([]FactRow, error) {
	var rows []FactRow
	args := append(tx.factArgs(l.Filter), string(l.Definition.ID), string(l.Part), l.Class, on, id, limit, l.Definition.Exposed())
	err := tx.planned(&rows, basesOfFacts()[l.Definition.Base].list(), args...)
	return rows, err
}
