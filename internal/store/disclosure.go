package store

import (
	"strings"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/disclosure"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Share is what the money of one part of a breakdown comes from: how many people
// have settled bills in it, and the largest part of each amount that is one
// person's.
type Share struct {
	Dimension measure.Dimension
	Key       string
	People    int64
	Largest   measure.Layers
}

type shareRow struct {
	Dimension string `db:"dim"`
	Key       string `db:"key"`
	People    int64  `db:"people"`
	layersRow
}

// countShares adds up the settled money of each person in each cell and keeps the
// largest.
func countShares(dims []measure.Dimension) string {
	return `with x as materialized (select ` + cellColumns + `, coalesce(nullif(x.category, ''), 'NONE') as category, x.visiting,
		coalesce(q.root_id, x.person_id) as person, s.bill_fen, s.basic_fen, s.critical_fen, s.assistance_fen, s.other_fen, s.fund_fen, s.waiver_fen, s.net_fen` +
		fromTreated + ` join settlement s on s.partnership_id = x.partnership_id and s.treatment_id = x.id and s.state = 'settled'
		left join person q on q.partnership_id = x.partnership_id and q.id = x.person_id` + matchTreated + `),
	own as (select k.dim, k.key, x.person, ` + sumLayers + intoCells(dims) + ` group by k.dim, k.key, x.person)
	select dim, key, count(*) as people, max(bill_fen) as bill_fen, max(basic_fen) as basic_fen, max(critical_fen) as critical_fen,
		max(assistance_fen) as assistance_fen, max(other_fen) as other_fen, max(fund_fen) as fund_fen, max(waiver_fen) as waiver_fen, max(net_fen) as net_fen
	from own group by dim, key`
}

// Shares reads who stands behind the money of a filter and of each part of the
// given dimensions.
func (tx *Tx) Shares(f measure.Filter, by ...measure.Dimension) ([]Share, error) {
	dims := append([]measure.Dimension{measure.Whole}, eachOnce(by)...)
	var rows []shareRow
	if err := tx.planned(&rows, countShares(dims), append(tx.figureArgs(f), dimensionArray(dims))...); err != nil {
		return nil, err
	}
	return items(rows, func(r shareRow) Share {
		return Share{Dimension: measure.Dimension(r.Dimension), Key: r.Key, People: r.People, Largest: r.layers()}
	}), nil
}

type releaseRow struct {
	Conditions pq.StringArray `db:"conditions"`
	From       clock.Date     `db:"from_on"`
	To         clock.Date     `db:"to_on"`
	People     int64          `db:"people"`
}

// releasesKept is how many of somebody's latest populations the next one is
// compared with.
const releasesKept = 500

// Releases are the populations the caller was given figures of with one rule, the
// latest first.
func (tx *Tx) Releases() ([]disclosure.Population, error) {
	var rows []releaseRow
	err := tx.list(&rows, `select conditions, from_on, to_on, people from disclosure_release where partnership_id = $1 and account_id = $2
		order by created_at desc, id desc limit $3`, tx.Partnership(), tx.who.AccountID, releasesKept)
	return items(rows, func(r releaseRow) disclosure.Population {
		return disclosure.Population{Conditions: r.Conditions, From: r.From, To: r.To, People: r.People}
	}), err
}

// InsertRelease notes that the caller was given figures of a population.
func (tx *Tx) InsertRelease(p disclosure.Population, rule string) error {
	_, err := tx.exec(`insert into disclosure_release (partnership_id, id, account_id, signature, conditions, from_on, to_on, people, rule, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $3)`, tx.Partnership(), ident.New(), tx.who.AccountID, p.Signature(), textArray(p.Conditions),
		p.From, p.To, p.People, strings.TrimSpace(rule), tx.now)
	return err
}
