package store

import (
	"database/sql"
	"errors"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// theatreRows is how many patients of one hospital a day's list holds.
const theatreRows = 60

// TheatreCase is a treatment that may be operated on a day: as little of it as
// somebody needs who stands at the table without a network.
type TheatreCase struct {
	Treatment ident.ID
	Programme procedure.Programme
	Patient
	Planned PlannedEntry // the zero entry: in hospital, and on no list
	Known   []ident.ID   // operations that are on record already
}

type theatreRow struct {
	Treatment ident.ID       `db:"id"`
	Programme string         `db:"programme"`
	Kind      string         `db:"plan_kind"`
	Side      string         `db:"plan_side"`
	Surgeon   ident.ID       `db:"surgeon_id"`
	Known     pq.StringArray `db:"known"`
	Patient
}

func (r theatreRow) item() (TheatreCase, error) {
	out := TheatreCase{Treatment: r.Treatment, Programme: procedure.Programme(r.Programme), Patient: r.Patient,
		Planned: PlannedEntry{Kind: procedure.Kind(r.Kind), Side: procedure.Side(r.Side), Surgeon: r.Surgeon}}
	for _, text := range r.Known {
		id, err := ident.Parse(text)
		if err != nil {
			return out, err
		}
		out.Known = append(out.Known, id)
	}
	return out, nil
}

// TheatreCases lists who may be operated at a hospital on a day: who is on the
// list of a mission, by its order, and who is in hospital, the latest first.
func (tx *Tx) TheatreCases(hospital ident.ID, on clock.Date) ([]TheatreCase, error) {
	var rows []theatreRow
	err := tx.list(&rows, `with listed as (
			select v.case_id, v.kind, v.side, v.surgeon_id, coalesce(v.place, 100) as place, v.id from visit_case v
			where v.partnership_id = $1 and v.hospital_id = $2 and v.planned_on = $3 and v.state = 'planned' order by v.place, v.id limit $4),
		ready as (
			select t.id from listed l join treatment t on t.partnership_id = $1 and t.case_id = l.case_id and t.hospital_id = $2 and t.live 
				and t.state in ('planned', 'eligible', 'estimated', 'approval_requested', 'approved', 'admitted', 'operated')
			union
			select x.id from (select t.id from treatment t where t.partnership_id = $1 and t.hospital_id = $2 and t.state = 'admitted' and t.live and `+living("t")+`
				order by t.created_at desc, t.id desc limit $4) x)
		select t.id, t.programme, coalesce(l.kind, '') as plan_kind, coalesce(l.side, '') as plan_side, l.surgeon_id, `+patientColumns+`,
			array(select o.id from procedure o where o.partnership_id = t.partnership_id and o.treatment_id = t.id and o.live order by o.id)::text[] as known
		from ready r join treatment t on t.partnership_id = $1 and t.id = r.id join casefile c on c.partnership_id = t.partnership_id and c.id = t.case_id
		join person p on p.partnership_id = t.partnership_id and p.id = t.person_id
		left join lateral (select * from listed x where x.case_id = t.case_id order by x.place, x.id limit 1) l on true
		order by l.place nulls last, t.created_at desc, t.id desc limit $4`, tx.Partnership(), hospital, on, theatreRows)
	if err != nil {
		return nil, err
	}
	out := make([]TheatreCase, len(rows))
	for i, r := range rows {
		if out[i], err = r.item(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// OperationDigest is the keyed digest of an operation as it came from a browser.
func (tx *Tx) OperationDigest(content string) ([]byte, error) {
	return tx.keys.Digest(seal.PurposeOperation, content)
}

// ReceivedAs reads under which content an operation came, if its id is taken;
// empty where it did not come from a browser.
func (tx *Tx) ReceivedAs(id ident.ID) (content []byte, taken bool, err error) {
	err = tx.get(&content, `select coalesce(o.received, '') from procedure o where o.partnership_id = $1 and o.id = $2`, tx.Partnership(), id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return content, err == nil, err
}

// SaveReceived notes the content an operation came under.
func (tx *Tx) SaveReceived(id ident.ID, content []byte) error {
	return tx.update(`update procedure set received = $3 where partnership_id = $1 and id = $2`, tx.Partnership(), id, content)
}
