package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// What an audit package holds about paying, and the rules that were in force.

// FundRuns reads the settlement runs of a fund that were made or paid in a period,
// in the order they were made.
func (tx *Tx) FundRuns(fund ident.ID, from, to clock.Date) ([]PayRun, error) {
	var rows []payRunRow
	err := tx.list(&rows, selectPayRun+`where r.partnership_id = $1 and r.fund_id = $2 and r.created_at < $4 and (r.created_at >= $3 or r.paid_on >= $5::date)
		order by r.created_at, r.id limit 20000`, tx.Partnership(), fund, from.Start(), to.AddDays(1).Start(), from)
	return items(rows, payRunRow.run), err
}

// LinesOfRuns reads the payments of some runs.
func (tx *Tx) LinesOfRuns(runs []ident.ID) ([]PayLine, error) {
	var rows []payLineRow
	err := tx.list(&rows, selectPayLine+` from unnest($2::uuid[]) w join pay_line l on l.partnership_id = $1 and l.run_id = w order by l.run_id, l.line_no limit 100000`, tx.Partnership(), idArray(runs))
	return items(rows, payLineRow.line), err
}

// FundFindings reads the findings of a fund that were made until the end of a
// period, with what has come back.
func (tx *Tx) FundFindings(fund ident.ID, to clock.Date) ([]Recovery, error) {
	var rows []recoveryRow
	err := tx.list(&rows, selectRecovery+`where v.partnership_id = $1 and v.fund_id = $2 and v.created_at < $3 order by v.created_at, v.id limit 20000`, tx.Partnership(), fund,
		to.AddDays(1).Start())
	return items(rows, recoveryRow.recovery), err
}

// RuleInForce is a version of rules, as text.
type RuleInForce struct {
	Kind  string    `db:"kind"` // "fee_policy" or "funding_rule"
	ID    ident.ID  `db:"id"`
	No    int64     `db:"no"`
	Name  string    `db:"name"`
	From  string    `db:"from_on"`
	To    string    `db:"to_on"`
	By    ident.ID  `db:"by"`
	At    time.Time `db:"at"`
	Rules string    `db:"rules"`
}

// RulesInForce reads the versions of the rules of payment and of the numbers about
// approvals that were in force on some day of a period.
func (tx *Tx) RulesInForce(from, to clock.Date) ([]RuleInForce, error) {
	var out []RuleInForce
	err := tx.list(&out, `select 'fee_policy' as kind, v.id, v.no::bigint as no, v.name, v.from_on::text as from_on, coalesce(v.to_on::text, '') as to_on,
			v.released_by as by, v.released_at as at, v.rules::text as rules from fee_policy v
			where v.partnership_id = $1 and v.state = 'released' and v.from_on <= $3 and (v.to_on is null or v.to_on >= $2)
		union all select 'funding_rule', r.id, r.version::bigint, '', (r.created_at at time zone 'Asia/Shanghai')::date::text,
			coalesce((select min(n.created_at at time zone 'Asia/Shanghai')::date::text from funding_rule n where n.partnership_id = r.partnership_id and n.version > r.version), ''),
			r.created_by, r.created_at, jsonb_build_object('single_fen', r.single_fen, 'appeal_days', r.appeal_days, 'notice_days', r.notice_days, 'notice_cell', r.notice_cell,
				'hold_days', r.hold_days)::text from funding_rule r
			where r.partnership_id = $1 and r.created_at < $5 and not exists (select 1 from funding_rule n where n.partnership_id = r.partnership_id and n.version > r.version
				and n.created_at < $4)
		order by kind, from_on, no limit 1000`, tx.Partnership(), from, to, from.Start(), to.AddDays(1).Start())
	return out, err
}
