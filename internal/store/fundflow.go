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
// project's source, all other money for the fund's. What is reversed or recovered
// counts in the period it was posted for, and there for the source it came from. Treatments out of sight keep their money and lose their name.
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
	// the case. Of a case that deposits of a project pay, each transfer is divided when
	// it is posted: the deposits count up to what the case had cost until then, the rest
	// is common money, and what a transfer changed in that is its own part. So what
	// comes back later comes back to where it came from, and a period that is over
	// stays as it was.
	err := tx.list(&rows, `with touched as materialized (select t.fund_id, l.ids, t.treatment_id, t.approval_id, m.amount
			from (select l.fund_id, array_agg(l.id) as ids from ledger_account l where l.partnership_id = $1 and l.kind in ('committed', 'paid')
				and ($4 or l.fund_id in (select unnest($5::uuid[]))) group by l.fund_id) l
			join ledger_transfer t on t.partnership_id = $1 and t.fund_id = l.fund_id and t.treatment_id is not null and t.effective_on >= $2 and t.effective_on <= $3
			cross join lateral (select sum(e.amount_fen)::bigint as amount from ledger_entry e
				where e.partnership_id = $1 and e.transfer_id = t.id and e.account_id = any(l.ids)) m where m.amount <> 0),
		given as (select b.fund_id, b.treatment_id, g.source, g.amount
			from (select distinct p.fund_id, p.ids, p.treatment_id, p.approval_id from touched p where exists (select 1 from deposit_draw x
				where x.partnership_id = $1 and x.approval_id = p.approval_id and x.fund_id = p.fund_id)) b
			cross join lateral (select h.source, h.effective_on, h.part - lag(h.part, 1, 0::numeric) over (partition by h.deposit_id order by h.posted_at, h.id) as amount
				from (select d.deposit_id, d.source, t.id, t.posted_at, t.effective_on,
						least(d.amount, greatest(t.spent + d.amount - sum(d.amount) over (partition by t.id order by d.deposit_id), 0)) as part
					from (select t.id, t.posted_at, t.effective_on, sum(m.amount) over (order by t.posted_at, t.id) as spent
						from ledger_transfer t cross join lateral (select coalesce(sum(e.amount_fen), 0) as amount from ledger_entry e
							where e.partnership_id = $1 and e.transfer_id = t.id and e.account_id = any(b.ids)) m
						where t.partnership_id = $1 and t.treatment_id = b.treatment_id and t.approval_id = b.approval_id and t.fund_id = b.fund_id) t
					cross join lateral (select x.deposit_id, j.source, coalesce(sum(x.amount_fen) filter (where (x.created_at, x.transfer_id) <= (t.posted_at, t.id)), 0) as amount
						from deposit_draw x join fund_deposit d on d.partnership_id = $1 and d.id = x.deposit_id
						join fund_project j on j.partnership_id = $1 and j.id = d.project_id
						where x.partnership_id = $1 and x.approval_id = b.approval_id and x.fund_id = b.fund_id group by x.deposit_id, j.source) d) h) g
			where g.effective_on >= $2 and g.effective_on <= $3 and g.amount <> 0),
		moved as (select p.fund_id, p.treatment_id, null as source, p.amount from touched p
			union all select g.fund_id, g.treatment_id, w.source, w.amount from given g cross join lateral (values (g.source, g.amount), (null, -g.amount)) w (source, amount)),
		ways as (select m.fund_id, m.treatment_id, coalesce(m.source, f.source) as source, sum(m.amount) as amount
			from moved m join fund f on f.partnership_id = $1 and f.id = m.fund_id group by 1, 2, 3 having sum(m.amount) <> 0)
		select w.source, w.fund_id, f.name as fund_name, coalesce(t.programme, '') as programme, t.hospital_id,
			coalesce((select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = t.hospital_id), '') as hospital_name,
			sum(w.amount)::bigint as amount, count(distinct w.treatment_id) as times
		from ways w join fund f on f.partnership_id = $1 and f.id = w.fund_id
		left join (select t.partnership_id, t.id, t.programme, t.hospital_id from treatment t) t on t.partnership_id = $1 and t.id = w.treatment_id
		group by w.source, w.fund_id, f.name, f.code, t.programme, t.hospital_id
		order by f.code, w.source, t.programme, 6, t.hospital_id limit $6`, tx.Partnership(), f.From, f.To, f.Funds == nil, idArray(f.Funds), maxFlows)
	out := make([]fund.Flow, len(rows))
	for i, r := range rows {
		out[i] = fund.Flow{Source: fund.SourceKind(r.Source), Fund: r.Fund, FundName: r.FundName, Programme: procedure.Programme(r.Programme), Hospital: r.Hospital,
			HospitalName: r.HospitalName, Amount: r.Amount, Times: r.Times}
	}
	return out, err
}
