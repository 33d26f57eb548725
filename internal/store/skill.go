package store

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// SkillCounts counts what a doctor did by kind, role and quarter, and whether
// somebody from another hospital than the doctor's own stood at the table. What
// the transaction may not see does not count.
func (tx *Tx) SkillCounts(doctor, home ident.ID) ([]practitioner.RoleCount, error) {
	var rows []struct {
		Kind    string `db:"kind"`
		Role    string `db:"role"`
		Visitor bool   `db:"visitor"`
		Year    int    `db:"year"`
		Quarter int    `db:"quarter"`
		N       int    `db:"n"`
	}
	err := tx.list(&rows, `select s.kind, s.role, s.visitor, extract(year from s.operated_on)::int as year, extract(quarter from s.operated_on)::int as quarter, count(*)::int as n
		from (select o.kind, case when o.supervisor_id is null then 'independent' else 'supervised' end as role, o.operated_on,
				not (o.team <@ array(select x.id from practitioner x where x.home_organisation_id = $3)) as visitor
			from procedure o where o.partnership_id = $1 and o.lead_id = $2 and o.live
			union all select o.kind, 'assisted', o.operated_on, not (o.team <@ array(select x.id from practitioner x where x.home_organisation_id = $3))
			from procedure o where o.partnership_id = $1 and o.assistant_id = $2 and o.live
			union all select w.kind, 'observed', w.operated_on, w.visitor from skill_observation w where w.partnership_id = $1 and w.practitioner_id = $2) s
		group by 1, 2, 3, 4, 5 order by 4 desc, 5 desc, 1, 2, 3 limit 2000`, tx.Partnership(), doctor, home)
	out := make([]practitioner.RoleCount, len(rows))
	for i, r := range rows {
		out[i] = practitioner.RoleCount{Kind: procedure.Kind(r.Kind), Role: practitioner.Role(r.Role), Visitor: r.Visitor, Year: r.Year, Quarter: r.Quarter, N: r.N}
	}
	return out, err
}

// SkillRules is how many supervised operations the sign-off of each kind needs;
// kinds the partnership did not set are not named.
func (tx *Tx) SkillRules() (map[procedure.Kind]int, error) {
	var rows []struct {
		Kind   string `db:"kind"`
		Needed int    `db:"needed"`
	}
	err := tx.list(&rows, `select r.kind, r.needed from skill_rule r where r.partnership_id = $1 order by r.kind limit 100`, tx.Partnership())
	out := make(map[procedure.Kind]int, len(rows))
	for _, r := range rows {
		out[procedure.Kind(r.Kind)] = r.Needed
	}
	return out, err
}

// SetSkillRule sets the number of one kind.
func (tx *Tx) SetSkillRule(kind procedure.Kind, needed int) error {
	_, err := tx.exec(`insert into skill_rule (partnership_id, kind, needed, created_at, created_by) values ($1, $2, $3, $4, $5)
		on conflict (partnership_id, kind) do update set needed = excluded.needed, version = skill_rule.version + 1`, tx.Partnership(), string(kind), needed, tx.now, tx.who.AccountID)
	return err
}

// SignoffItem is a sign-off with who signed.
type SignoffItem struct {
	practitioner.Signoff
	Signer string
}

type signoffRow struct {
	ID           ident.ID   `db:"id"`
	Practitioner ident.ID   `db:"practitioner_id"`
	Hospital     ident.ID   `db:"hospital_id"`
	Kind         string     `db:"kind"`
	Needed       int        `db:"needed"`
	Counted      int        `db:"counted"`
	Note         string     `db:"note"`
	On           clock.Date `db:"signed_on"`
	Version      int64      `db:"version"`
	Signer       string     `db:"signer"`
}

func (r signoffRow) item() SignoffItem {
	return SignoffItem{practitioner.Signoff{ID: r.ID, Practitioner: r.Practitioner, Hospital: r.Hospital, Kind: procedure.Kind(r.Kind), Needed: r.Needed, Counted: r.Counted,
		Note: r.Note, On: r.On, Version: r.Version}, r.Signer}
}

// SignoffsOf lists the sign-offs of some doctors that stand.
func (tx *Tx) SignoffsOf(hospitals, doctors []ident.ID) ([]SignoffItem, error) {
	var rows []signoffRow
	err := tx.list(&rows, `select s.id, s.practitioner_id, s.hospital_id, s.kind, s.needed, s.counted, s.note, s.signed_on, s.version,
		coalesce((select a.display_name from account a where a.id = s.signed_by), '') as signer
		from unnest($2::uuid[]) h cross join unnest($3::uuid[]) d join skill_signoff s on s.partnership_id = $1 and s.hospital_id = h and s.practitioner_id = d
		where s.live order by s.signed_on, s.id limit 1000`, tx.Partnership(), idArray(hospitals), idArray(doctors))
	return items(rows, signoffRow.item), err
}

// InsertSignoff stores a sign-off.
func (tx *Tx) InsertSignoff(s practitioner.Signoff) error {
	_, err := tx.exec(`insert into skill_signoff (partnership_id, id, practitioner_id, hospital_id, kind, needed, counted, note, signed_by, signed_on, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $9)`, tx.Partnership(), s.ID, s.Practitioner, s.Hospital, string(s.Kind), s.Needed, s.Counted, s.Note,
		tx.who.AccountID, tx.Today(), tx.now)
	return err
}

// RevokeSignoff takes a sign-off back, with a reason.
func (tx *Tx) RevokeSignoff(s practitioner.Signoff, reason string) error {
	return tx.update(`update skill_signoff set live = false, revoked_reason = $4, version = version + 1 where partnership_id = $1 and id = $2 and version = $3 and live`,
		tx.Partnership(), s.ID, s.Version, reason)
}

// Observe notes that a doctor watched an operation; once is enough. visitor says
// whether somebody from another hospital stood at the table.
func (tx *Tx) Observe(o Operation, t Treatment, doctor ident.ID, visitor bool) error {
	_, err := tx.exec(`insert into skill_observation (partnership_id, id, procedure_id, hospital_id, visible_to, practitioner_id, operated_on, kind, visitor, created_at, created_by)
		values ($1, $2, $3, $4, $5::uuid[], $6, $7, $8, $9, $10, $11) on conflict (partnership_id, procedure_id, practitioner_id) do nothing`, tx.Partnership(), ident.New(),
		o.ID, o.Hospital, idArray(t.SeenBy()), doctor, o.OperatedOn, string(o.Kind), visitor, tx.now, tx.who.AccountID)
	return err
}

// ObserversOf names the doctors who watched an operation.
func (tx *Tx) ObserversOf(operation ident.ID) ([]string, error) {
	var rows []struct {
		Name string `db:"name"`
	}
	err := tx.list(&rows, `select d.name from skill_observation w join practitioner d on d.id = w.practitioner_id where w.partnership_id = $1 and w.procedure_id = $2
		order by d.name_key, d.id limit 100`, tx.Partnership(), operation)
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Name
	}
	return out, err
}
