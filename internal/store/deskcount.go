package store

import "github.com/shanhai-health/shanhai/internal/ident"

// DeskCounts is how long the lists are that somebody looks after beside the
// queue. Each stops at a hundred a hospital, or in all for the whole partnership.
type DeskCounts struct {
	Unsigned   int `db:"unsigned"`   // operations no second clinician signed
	Incomplete int `db:"incomplete"` // operations whose sheet lacks something
	Recheck    int `db:"recheck"`    // findings that were provisional
	Second     int `db:"second"`     // patients whose other side waits
	Lapsed     int `db:"lapsed"`     // approvals whose ground changed
	Appeals    int `db:"appeals"`
	Objections int `db:"objections"`
	Reviews    int `db:"reviews"` // people who may be one
}

// deskMost ends each counter early.
const deskMost = 100

// CountDesk counts for hospitals, and with office what waits for the whole
// partnership. One index range each.
func (tx *Tx) CountDesk(hospitals []ident.ID, office bool) (DeskCounts, error) {
	var n, all DeskCounts
	operations := func(where string) string {
		return `(select count(*)::int from unnest($2::uuid[]) h cross join lateral (select 1 from procedure o where o.partnership_id = $1 and o.hospital_id = h and o.live and ` +
			where + ` limit $3) x)`
	}
	if len(hospitals) > 0 {
		err := tx.get(&n, `select `+operations(`o.validated_by is null`)+` as unsigned, `+operations(`o.sheet_missing > 0`)+` as incomplete, `+
			operations(`o.reason_status = 'PROVISIONAL'`)+` as recheck,
			(select count(*)::int from unnest($2::uuid[]) h cross join lateral (select 1 from casefile c where c.partnership_id = $1 and c.home_hospital_id = h and c.wait_since is not null
				and c.live and `+living("c")+` limit $3) x) as second`, tx.Partnership(), idArray(hospitals), deskMost)
		if err != nil {
			return n, err
		}
	}
	if office {
		err := tx.get(&all, `select (select count(*)::int from (select 1 from approval a where a.partnership_id = $1 and a.lapse = 'open' and a.state = 'approved' limit $2) x) as lapsed,
			(select count(*)::int from (select 1 from approval_appeal p where p.partnership_id = $1 and p.state = 'filed' limit $2) x) as appeals,
			(select count(*)::int from (select 1 from notice_objection b where b.partnership_id = $1 and b.state = 'received' limit $2) x) as objections,
			(select count(*)::int from (select 1 from review_item r where r.partnership_id = $1 and r.state = 'open' limit $2) x) as reviews`, tx.Partnership(), deskMost)
		if err != nil {
			return n, err
		}
		n.Lapsed, n.Appeals, n.Objections, n.Reviews = all.Lapsed, all.Appeals, all.Objections, all.Reviews
	}
	return n, nil
}
