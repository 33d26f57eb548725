package store

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// Ending reads how far the partnership of the transaction is from its end.
func (tx *Tx) Ending() (partnership.Ending, error) {
	var r struct {
		AskedOn    clock.Date `db:"closing_on"`
		AskedBy    ident.ID   `db:"closing_by"`
		Reason     string     `db:"closing_reason"`
		ClosedOn   clock.Date `db:"closed_on"`
		ClosedBy   ident.ID   `db:"closed_by"`
		ArchivedOn clock.Date `db:"archived_on"`
	}
	err := tx.get(&r, `select p.closing_on, p.closing_by, p.closing_reason, p.closed_on, p.closed_by, p.archived_on from partnership p where p.id = $1`, tx.Partnership())
	return one(partnership.Ending(r), err, "error.partnership.missing")
}

// SaveEnding stores a step towards the end, under the version of the partnership.
func (tx *Tx) SaveEnding(e partnership.Ending, version int64) error {
	return tx.update(`update partnership set closing_on = $3, closing_by = $4, closing_reason = $5, closed_on = $6, closed_by = $7, archived_on = $8, version = version + 1
		where id = $1 and version = $2`, tx.Partnership(), version, e.AskedOn, nullID(e.AskedBy), e.Reason, e.ClosedOn, nullID(e.ClosedBy), e.ArchivedOn)
}

// Pending is what has to be brought to an end before the partnership is closed.
func (tx *Tx) Pending() ([]partnership.Pending, error) {
	var rows []struct {
		Kind string `db:"kind"`
		N    int    `db:"n"`
	}
	err := tx.list(&rows, `select 'reserved' as kind, count(*)::int as n from ledger_account a where a.partnership_id = $1 and a.kind = 'reserved' and a.balance_fen > 0
		union all select 'committed', count(*)::int from payable y where y.partnership_id = $1 and y.open
		union all select 'approvals', count(*)::int from approval a where a.partnership_id = $1 and a.state = 'requested'
		union all select 'payments', count(*)::int from pay_run r where r.partnership_id = $1 and r.state in ('draft', 'approved', 'filed')
		union all select 'recoveries', count(*)::int from recovery r where r.partnership_id = $1 and r.state in ('open', 'partly')
		union all select 'moves', count(*)::int from fund_move m where m.partnership_id = $1 and m.state in ('requested', 'signed')
		union all select 'care', count(*)::int from treatment t where t.partnership_id = $1 and t.live and t.state in ('admitted', 'operated')
		union all select 'bills', count(*)::int from treatment t where t.partnership_id = $1 and t.live and t.state = 'discharged'
		union all select 'referrals', count(*)::int from referral r where r.partnership_id = $1 and r.state in ('sent', 'accepted')
		union all select 'subject', count(*)::int from subject_request s where s.partnership_id = $1 and s.state = 'open'`, tx.Partnership())
	if err != nil {
		return nil, err
	}
	n := map[string]int{}
	for _, r := range rows {
		n[r.Kind] = r.N
	}
	var out []partnership.Pending
	for _, kind := range partnership.PendingKinds() {
		if n[kind] > 0 {
			out = append(out, partnership.Pending{Kind: kind, N: n[kind]})
		}
	}
	return out, nil
}

// HandedCase is an open case that goes to its home hospital.
type HandedCase struct {
	ID       ident.ID   `db:"id"`
	No       string     `db:"case_no"`
	State    string     `db:"state"`
	OpenedOn clock.Date `db:"opened_on"`
	Home     string     `db:"home"`
}

// OpenCases is a page of the cases that are still open, the oldest first.
func (tx *Tx) OpenCases(req page.Request) (page.Result[HandedCase], error) {
	on, id := firstDay, ident.Nil
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[HandedCase]{}, err
	}
	var rows []HandedCase
	err := tx.list(&rows, `select c.id, c.case_no, c.state, c.opened_on, (select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = c.home_hospital_id) as home
		from casefile c where c.partnership_id = $1 and c.live and c.closed_on is null and (c.opened_on, c.id) > ($2, $3) order by c.opened_on, c.id limit $4`,
		tx.Partnership(), on, id, req.Limit()+1)
	return page.Cut(req, rows, func(c HandedCase) []any { return []any{c.OpenedOn, c.ID} }), err
}

// HandHome closes every open case as handed to its home hospital, which keeps
// what it has and goes on outside of the programme. It answers how many.
func (tx *Tx) HandHome(note string) (int64, error) {
	return tx.exec(`update casefile set state = $2, closed_on = $3, closure = $4, closure_note = $5, version = version + 1
		where partnership_id = $1 and live and closed_on is null`, tx.Partnership(), string(casefile.ClosedState), tx.Today(), string(casefile.Handed), note)
}
