package store

import (
	"encoding/json"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

type unionRow struct {
	ID       ident.ID   `db:"id"`
	From     ident.ID   `db:"from_id"`
	Into     ident.ID   `db:"into_id"`
	On       clock.Date `db:"from_on"`
	Reason   string     `db:"reason"`
	State    string     `db:"state"`
	AskedBy  ident.ID   `db:"created_by"`
	AskedAt  time.Time  `db:"created_at"`
	DoneOn   clock.Date `db:"done_on"`
	DoneBy   ident.ID   `db:"done_by"`
	Moved    string     `db:"moved"`
	Version  int64      `db:"version"`
	FromName string     `db:"from_name"`
	IntoName string     `db:"into_name"`
}

// UnionItem is a merge of two hospitals with their names.
type UnionItem struct {
	partnership.Union
	FromName, IntoName string
}

func (r unionRow) item() (u UnionItem, err error) {
	u = UnionItem{partnership.Union{ID: r.ID, From: r.From, Into: r.Into, On: r.On, Reason: r.Reason, State: partnership.UnionState(r.State), AskedBy: r.AskedBy,
		AskedAt: r.AskedAt.UTC(), DoneOn: r.DoneOn, DoneBy: r.DoneBy, Version: r.Version}, r.FromName, r.IntoName}
	if r.Moved != "" {
		err = json.Unmarshal([]byte(r.Moved), &u.Moved)
	}
	return u, err
}

const selectUnion = `select m.id, m.from_id, m.into_id, m.from_on, m.reason, m.state, m.created_by, m.created_at, m.done_on, m.done_by, m.moved::text as moved, m.version,
	a.name as from_name, b.name as into_name
	from hospital_merge m join organisation a on a.id = m.from_id join organisation b on b.id = m.into_id `

// UnionByID reads one merge of the partnership.
func (tx *Tx) UnionByID(id ident.ID) (UnionItem, error) {
	var r unionRow
	if err := tx.get(&r, selectUnion+`where m.partnership_id = $1 and m.id = $2`, tx.Partnership(), id); err != nil {
		return one(UnionItem{}, err, "error.union.missing")
	}
	return r.item()
}

// ListUnions is a page of the merges of the partnership, the latest first.
func (tx *Tx) ListUnions(req page.Request) (page.Result[UnionItem], error) {
	id := lastID
	if _, err := req.Cursor(&id); err != nil {
		return page.Result[UnionItem]{}, err
	}
	var rows []unionRow
	if err := tx.list(&rows, selectUnion+`where m.partnership_id = $1 and m.id < $2 order by m.id desc limit $3`, tx.Partnership(), id, req.Limit()+1); err != nil {
		return page.Result[UnionItem]{}, err
	}
	out := make([]UnionItem, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.item(); err != nil {
			return page.Result[UnionItem]{}, err
		}
	}
	return page.Cut(req, out, func(u UnionItem) []any { return []any{u.ID} }), nil
}

// UnionsOf are the merges that were done in which an organisation ended or went
// on, in one partnership or (nil) all.
func (tx *Tx) UnionsOf(organisation, in ident.ID) ([]UnionItem, error) {
	var rows []unionRow
	err := tx.list(&rows, selectUnion+`where m.state = 'done' and $1::uuid in (m.from_id, m.into_id) and ($2::uuid is null or m.partnership_id = $2) order by m.done_on desc, m.id limit 100`,
		organisation, nullID(in))
	if err != nil {
		return nil, err
	}
	out := make([]UnionItem, len(rows))
	for i, r := range rows {
		if out[i], err = r.item(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// InsertUnion asks for a merge.
func (tx *Tx) InsertUnion(u partnership.Union) error {
	_, err := tx.exec(`insert into hospital_merge (partnership_id, id, from_id, into_id, from_on, reason, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.Partnership(), u.ID, u.From, u.Into, u.On, u.Reason, tx.now, tx.who.AccountID)
	return err
}

// DropUnion takes the wish back.
func (tx *Tx) DropUnion(u partnership.Union) error {
	return tx.update(`update hospital_merge set state = 'dropped', version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and state = 'asked'`,
		tx.Partnership(), u.ID, u.Version)
}

// HoldHospital waits for what is being begun at a hospital and keeps anything new
// away until the transaction ends.
func (tx *Tx) HoldHospital(id ident.ID) error {
	var got ident.ID
	return tx.get(&got, `select o.id from organisation o where o.id = $1 for update`, id)
}

// Unite makes the two hospitals one and says how much of what went over. The
// database asks again who does it and when.
func (tx *Tx) Unite(u partnership.Union) (map[string]int64, error) {
	var text string
	if err := tx.get(&text, `select merge_hospital($1, $2, $3)::text`, u.ID, tx.Today(), tx.now); err != nil {
		return nil, err
	}
	moved := map[string]int64{}
	return moved, json.Unmarshal([]byte(text), &moved)
}

type kindCount struct {
	Kind string `db:"kind"`
	N    int64  `db:"n"`
}

func counted(rows []kindCount) map[string]int64 {
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.Kind] = r.N
	}
	return out
}

// PendingAt is what has to be brought to an end at a hospital before it becomes
// part of another one.
func (tx *Tx) PendingAt(u partnership.Union) ([]partnership.Pending, error) {
	var rows []kindCount
	err := tx.list(&rows, `select 'approved' as kind, count(*) as n from treatment t where t.partnership_id = $1 and t.hospital_id = $2 and t.live and t.state = 'approved'
		union all select 'committed', count(*) from payable y join ledger_transfer l on l.partnership_id = $1 and l.id = y.transfer_id
			join treatment t on t.partnership_id = $1 and t.id = l.treatment_id where y.partnership_id = $1 and y.open and t.hospital_id = $2
		union all select 'approvals', count(*) from treatment t where t.partnership_id = $1 and t.hospital_id = $2 and t.live and (t.state = 'approval_requested'
			or exists (select 1 from approval a where a.partnership_id = $1 and a.treatment_id = t.id and a.state = 'requested'))
		union all select 'appeals', count(*) from approval_appeal a where a.partnership_id = $1 and a.hospital_id = $2 and a.state = 'filed'
		union all select 'payments', count(*) from pay_run r where r.partnership_id = $1 and r.state in ('draft', 'approved', 'filed')
			and exists (select 1 from pay_line l where l.partnership_id = $1 and l.run_id = r.id and l.hospital_id = $2)
		union all select 'recoveries', count(*) from recovery r where r.partnership_id = $1 and r.hospital_id = $2 and r.state in ('open', 'partly')
		union all select 'deposits', count(*) from fund_deposit d where d.partnership_id = $1 and d.left_fen > 0 and $2::uuid = any (d.hospitals) and not ($3::uuid = any (d.hospitals))
		union all select 'care', count(*) from treatment t where t.partnership_id = $1 and t.hospital_id = $2 and t.live and t.state in ('admitted', 'operated')
		union all select 'bills', count(*) from treatment t where t.partnership_id = $1 and t.hospital_id = $2 and t.live and t.state = 'discharged'
		union all select 'differences', count(*) from insurer_difference d where d.partnership_id = $1 and d.hospital_id = $2 and d.state in ('open', 'queried')
		union all select 'referrals', count(*) from referral r where r.partnership_id = $1 and $2::uuid in (r.from_hospital_id, r.to_hospital_id) and r.state in ('sent', 'accepted')
		union all select 'visits', count(*) from visit v where v.partnership_id = $1 and v.hospital_id = $2 and v.state = 'planned' and v.from_on < $4
		union all select 'subject', count(*) from subject_request s where s.partnership_id = $1 and s.hospital_id = $2 and s.state = 'open'`,
		tx.Partnership(), u.From, u.Into, tx.Today())
	var out []partnership.Pending
	for _, c := range partnership.Carry(partnership.UnionPendingKinds(), counted(rows)) {
		out = append(out, partnership.Pending{Kind: c.Kind, N: int(c.N)})
	}
	return out, err
}

// Carrying counts what would go over to the other hospital, and what would stay
// as history.
func (tx *Tx) Carrying(u partnership.Union) (moves, stays []partnership.Carried, err error) {
	var rows []kindCount
	err = tx.list(&rows, `select 'cases' as kind, count(*) as n from casefile c where c.partnership_id = $1 and c.home_hospital_id = $2 and c.live and c.closed_on is null
		union all select 'treatments', count(*) from treatment t where t.partnership_id = $1 and t.hospital_id = $2 and t.live and t.state in ('planned', 'eligible', 'estimated')
		union all select 'people', count(*) from registration r where r.partnership_id = $1 and r.hospital_id = $2 and r.live and not exists (select 1 from registration o
			where o.partnership_id = $1 and o.hospital_id = $3 and (o.person_id = r.person_id or o.slip_code = r.slip_code))
		union all select 'followups', count(*) from followup f where f.partnership_id = $1 and f.hospital_id = $2 and f.status = 'open' and f.live
		union all select 'visits', count(*) from visit v where v.partnership_id = $1 and v.hospital_id = $2 and v.state = 'planned' and v.from_on >= $4
		union all select 'postings', count(*) from posting g where g.partnership_id = $1 and g.organisation_id = $2 and g.to_on >= $4
		union all select 'privileges', count(*) from privilege g where g.partnership_id = $1 and g.hospital_id = $2 and g.to_on >= $4
		union all select 'stock', coalesce(sum(greatest(x.rest, 0)), 0)::bigint from (select sum(s.received) - coalesce((select sum(c.quantity) from component c
			where c.partnership_id = $1 and c.hospital_id = $2 and c.device_id = s.device_id and c.lot_key = s.lot_key and c.serial = '' and c.live), 0) as rest
			from device_stock s where s.partnership_id = $1 and s.hospital_id = $2 and s.live group by s.device_id, s.lot_key) x
		union all select 'accounts', count(*) from account a where a.organisation_id = $2 and a.disabled_at is null
		union all select 'closed', count(*) from casefile c where c.partnership_id = $1 and c.home_hospital_id = $2 and c.live and c.closed_on is not null
		union all select 'operations', count(*) from procedure o where o.partnership_id = $1 and o.hospital_id = $2 and o.live
		union all select 'settlements', count(*) from settlement s where s.partnership_id = $1 and s.hospital_id = $2 and s.state = 'settled'
		union all select 'screenings', count(*) from screening s where s.partnership_id = $1 and s.hospital_id = $2 and s.live`,
		tx.Partnership(), u.From, u.Into, tx.Today())
	n := counted(rows)
	return partnership.Carry(partnership.MovedKinds(), n), partnership.Carry(partnership.KeptKinds(), n), err
}
