package store

import (
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// rateDays is the year that rates are counted over.
const rateDays = 365

// PlausibilityFacts reads what the checks may name under these rules, in the whole
// partnership, by its own job.
func (tx *Tx) PlausibilityFacts(r plausibility.Rules) (x plausibility.Facts, err error) {
	x.Today = tx.Today()
	if x.Operations, err = tx.doubtedOperations(r); err != nil {
		return x, err
	}
	if x.Phones, err = tx.sharedPhones(); err != nil {
		return x, err
	}
	if x.Hours, err = tx.plannedHours(); err != nil {
		return x, err
	}
	if x.Pieces, err = tx.doublePieces(); err != nil {
		return x, err
	}
	x.Readings, err = tx.changedSince()
	return x, err
}

// elsewhere: who works elsewhere needs a posting or a mission for the day.
const elsewhere = `q.home_organisation_id <> o.hospital_id
	and not exists (select 1 from posting s where s.practitioner_id = o.lead_id and s.partnership_id = o.partnership_id and s.organisation_id = o.hospital_id
		and o.operated_on between s.from_on and s.to_on)
	and not exists (select 1 from visit_member m join visit v on v.partnership_id = m.partnership_id and v.id = m.visit_id where m.partnership_id = o.partnership_id
		and m.practitioner_id = o.lead_id and m.hospital_id = o.hospital_id and m.live and v.state <> 'cancelled' and o.operated_on between v.from_on and v.to_on)`

// underway: who was on the way by the roster of a mission did not operate.
const underway = `d.partnership_id = o.partnership_id and d.practitioner_id = o.lead_id and d.on_date = o.operated_on and d.hospital_id = o.hospital_id and d.part = 'travel'`

// doubted are the operations a check may name: those of a surgeon's day, of a side
// and of a township that are more than the rules allow, and those of a surgeon who
// was not to be there. It may take in more, never less; the checks decide. A
// partnership may have millions that none of them can name, and those stay where
// they are.
const doubted = `with days as (
		select o.lead_id, o.operated_on, o.programme from procedure o join jsonb_each_text($2::jsonb) l on l.key = o.programme
		where o.partnership_id = $1 and o.live and o.lead_id is not null group by o.lead_id, o.operated_on, o.programme, l.value having count(*) > l.value::int),
	sides as (
		select coalesce(p.root_id, p.id) as root, o.site, o.side from procedure o join unnest($3::text[]) as k(kind) on k.kind = o.kind
		join person p on p.partnership_id = o.partnership_id and p.id = o.person_id where o.partnership_id = $1 and o.live and o.side <> '' group by coalesce(p.root_id, p.id), o.site, o.side having count(*) > 1),
	towns as (
		select r.township from procedure o join person p on p.partnership_id = o.partnership_id and p.id = o.person_id
		join registration r on r.partnership_id = o.partnership_id and r.person_id = o.person_id and r.hospital_id = o.hospital_id
		join jsonb_each_text($4::jsonb) n on n.key = r.township
		where o.partnership_id = $1 and o.live and o.operated_on > $5 and p.birth_on <= o.operated_on + 1 - make_interval(years => $6)
		group by r.township, n.value having count(*) * 1000 > $7 * n.value::bigint),
	found as (
		select o.id from days d join procedure o on o.partnership_id = $1 and o.live and o.lead_id = d.lead_id and o.operated_on = d.operated_on and o.programme = d.programme
		union select o.id from sides s join person p on p.partnership_id = $1 and coalesce(p.root_id, p.id) = s.root
			join procedure o on o.partnership_id = $1 and o.person_id = p.id and o.live and o.site = s.site and o.side = s.side join unnest($3::text[]) as k(kind) on k.kind = o.kind
		union select o.id from procedure o join registration r on r.partnership_id = o.partnership_id and r.person_id = o.person_id and r.hospital_id = o.hospital_id
			join towns t on t.township = r.township where o.partnership_id = $1 and o.live and o.operated_on > $5
		union select o.id from procedure o join practitioner q on q.id = o.lead_id where o.partnership_id = $1 and o.live and o.batch_id is null and ` + elsewhere + `
		union select o.id from visit_day d join procedure o on ` + underway + ` where d.partnership_id = $1 and o.live and o.batch_id is null)
	select o.id, o.case_id, coalesce(p.root_id, p.id) as person_id, o.hospital_id, o.programme, o.kind, o.site, o.side, o.operated_on, p.birth_on,
		coalesce(r.township, '') as township, o.lead_id, coalesce(q.name, o.lead_name) as lead_name, o.batch_id is not null as imported,
		coalesce(` + elsewhere + `, false) or exists (select 1 from visit_day d where ` + underway + `) as absent
	from found f join procedure o on o.partnership_id = $1 and o.id = f.id join person p on p.partnership_id = o.partnership_id and p.id = o.person_id
	left join (select r.partnership_id, r.person_id, r.hospital_id, r.township from registration r) r on r.partnership_id = o.partnership_id and r.person_id = o.person_id and r.hospital_id = o.hospital_id
	left join (select q.id, q.name, q.home_organisation_id from practitioner q) q on q.id = o.lead_id order by o.operated_on, o.id`

func (tx *Tx) doubtedOperations(rules plausibility.Rules) ([]plausibility.Operation, error) {
	var rows []struct {
		ID        ident.ID   `db:"id"`
		Case      ident.ID   `db:"case_id"`
		Person    ident.ID   `db:"person_id"`
		Hospital  ident.ID   `db:"hospital_id"`
		Programme string     `db:"programme"`
		Kind      string     `db:"kind"`
		Site      string     `db:"site"`
		Side      string     `db:"side"`
		On        clock.Date `db:"operated_on"`
		Birth     clock.Date `db:"birth_on"`
		Township  string     `db:"township"`
		Lead      ident.ID   `db:"lead_id"`
		Name      string     `db:"lead_name"`
		Absent    bool       `db:"absent"`
		Imported  bool       `db:"imported"`
	}
	perDay, err := json.Marshal(rules.PerDay)
	if err != nil {
		return nil, err
	}
	people := []byte("{}") // nobody entered how many live where
	if len(rules.Populations) > 0 {
		if people, err = json.Marshal(rules.Populations); err != nil {
			return nil, err
		}
	}
	recent := tx.Today().AddDays(-rateDays)
	err = tx.list(&rows, doubted, tx.Partnership(), string(perDay), textArray(primaryKinds()), string(people), recent, rules.ElderlyAge, rules.RatePerThousand)
	out := make([]plausibility.Operation, len(rows))
	for i, r := range rows {
		out[i] = plausibility.Operation{ID: r.ID, Case: r.Case, Person: r.Person, Hospital: r.Hospital, Programme: procedure.Programme(r.Programme), Kind: procedure.Kind(r.Kind),
			Site: procedure.Site(r.Site), Side: procedure.Side(r.Side), On: r.On, Township: r.Township, Recent: r.On.After(recent), Surgeon: r.Lead, SurgeonName: r.Name,
			Absent: r.Absent, Imported: r.Imported}
		if !r.Birth.IsZero() {
			out[i].Age = r.Birth.AgeOn(r.On)
		}
	}
	return out, err
}

// primaryKinds are the kinds that are done once per joint or eye.
func primaryKinds() (out []string) {
	for _, p := range procedure.Programmes() {
		for _, k := range procedure.Kinds(p) {
			if k.Primary() {
				out = append(out, string(k))
			}
		}
	}
	return out
}
