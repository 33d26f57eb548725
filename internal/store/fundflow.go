package store

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// FlowFilter says of which funds and which days; both days count.
type FlowFilter struct {
	Funds    []ident.ID // nil: all
	From, To clock.Date // zero: without a bound
}

// maxFlows bounds the ways money can take: sources by funds by programmes by
// hospitals that occur.
const maxFlows = 2000

// Flows adds up the committed money of a period by source, fund, programme and
// hospital, in one statement. What a deposit of a project paid counts for the
// project's source, all other money for the fund's. A reversal counts in the period
// it was posted for. Treatments out of sight keep their money and lose their name.
func (tx *Tx) Flows(f FlowFilter) ([]fund.Flow, error) {
	if f.From.IsZero() {
		f.From = clock.MustDate(1900, 1, 1)
	}
	if f.To.IsZero() {
		f.To = clock.MustDate(9999, 12, 31)
	}
	var rows []struct {
		Source       string    `db:"source"`
		Fund         ident.ID  `db:"fund_id"`
		FundName     string    `db:"fund_name"`
		Programme    string    `db:"programme"`
		Hospital     ident.ID  `db:"hospital_id"`
		HospitalName string    `db:"hospital_name"`
		Amount       money.Fen `db:"amount"`
		Times        int       `db:"times"`
	}
	// Paying out moves money from committed to paid: both together are what went to
	// the case. A case's deposits are counted up to that in the period;
	// the rest of the amount is common money.
	err := tx.list(&rows, `with paid as materialized (select t.fund_id, t.treatment_id, t.approval_id, sum(e.amount_fen)::bigint as amount
			from ledger_account l join ledger_transfer t on t.partnership_id = l.partnership_id and t.fund_id = l.fund_id and t.treatment_id is not null
				and t.effective_on >= $2 and t.effective_on <= $3
			join ledger_entry e on e.partnership_id = t.partnership_id and e.transfer_id = t.id and e.account_id = l.id
			where l.partnership_id = $1 and l.kind in ('committed', 'paid') and ($4 or l.fund_id in (select unnest($5::uuid[])))
			group by 1, 2, 3 having sum(e.amount_fen) <> 0),
		given as (select p.fund_id, p.treatment_id, w.source, least(w.amount, greatest(p.amount - w.before, 0))::bigint as amount, p.approval_id
			from paid p cross join lateral (select j.source, sum(x.amount_fen) as amount, sum(sum(x.amount_fen)) over (order by x.deposit_id) - sum(x.amount_fen) as before
				from deposit_draw x join fund_deposit d on d.partnership_id = x.partnership_id and d.id = x.deposit_id
				join fund_project j on j.partnership_id = d.partnership_id and j.id = d.project_id
				where x.partnership_id = $1 and x.approval_id = p.approval_id and x.fund_id = p.fund_id group by x.deposit_id, j.source having sum(x.amount_fen) > 0) w
			where p.amount > 0),
		ways as (select fund_id, treatment_id, source, amount from given where amount > 0
			union all select p.fund_id, p.treatment_id, f.source, p.amount - coalesce((select sum(g.amount) from given g
				where g.fund_id = p.fund_id and g.treatment_id = p.treatment_id and g.approval_id = p.approval_id), 0)
			from paid p join fund f on f.partnership_id = $1 and f.id = p.fund_id)
		select w.source, w.fund_id, f.name as fund_name, coalesce(t.programme, '') as programme, t.hospital_id,
			coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = t.hospital_id), '') as hospital_name,
			sum(w.amount)::bigint as amount, count(distinct w.treatment_id) as times
		from ways w join fund f on f.partnership_id = $1 and f.id = w.fund_id
		left join (select t.partnership_id, t.id, t.programme, t.hospital_id from treatment t) t on t.partnership_id = $1 and t.id = w.treatment_id
		where w.amount <> 0 group by w.source, w.fund_id, f.name, f.code, t.programme, t.hospital_id
		order by f.code, w.source, t.programme, 6, t.hospital_id limit $6`, tx.Partnership(), f.From, f.To, f.Funds == nil, idArray(f.Funds), maxFlows)
	out := make([]fund.Flow, len(rows))
	for i, r := range rows {
		out[i] = fund.Flow{Source: fund.SourceKind(r.Source), Fund: r.Fund, FundName: r.FundName, Programme: procedure.Programme(r.Programme), Hospital: r.Hospital,
			HospitalName: r.HospitalName, Amount: r.Amount, Times: r.Times}
	}
	return out, err
}
