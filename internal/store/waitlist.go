package store

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// deriveWait stores which other side a case waits for, after an operation or a
// plan. It does not count as a change of the case: nobody edited it.
func (tx *Tx) deriveWait(id ident.ID) error {
	var r struct {
		caseRow
		Staged bool `db:"staged"`
	}
	err := tx.get(&r, `select `+caseOwnColumns+`, exists (select 1 from procedure o where o.partnership_id = $1 and o.case_id = $2 and o.live
		and o.detail ->> 'plan' = 'STAGED') as staged from casefile c where c.partnership_id = $1 and c.id = $2`, tx.Partnership(), id)
	if r, err = one(r, err, "error.case.missing"); err != nil {
		return err
	}
	done, err := tx.RecordedOperations(r.Person)
	if err != nil {
		return err
	}
	w := casefile.OtherSide(r.item().Case, done, r.Staged)
	_, err = tx.exec(`update casefile set wait_need = $3, wait_site = $4, wait_side = $5, wait_since = $6 where partnership_id = $1 and id = $2
		and (wait_need, wait_site, wait_side, wait_since) is distinct from ($3, $4, $5, $6::date)`, tx.Partnership(), id, string(w.Need), string(w.Site),
		string(w.Side), w.Since)
	return err
}

// SecondItem is a case whose other side waits.
type SecondItem struct {
	Case       ident.ID
	CaseNo     string
	Programme  procedure.Programme
	Person     ident.ID
	PersonName string
	Sex        patient.Sex
	Birth      clock.Date
	Home       ident.ID
	HomeName   string
	Wait       casefile.Wait
	// Where and when the first side was done; nil where the reader does not see it.
	FirstAt     ident.ID
	FirstAtName string
	FirstKind   procedure.Kind
	FirstSide   procedure.Side
	// Where and when the other is planned; nil and zero while open.
	PlannedAt     ident.ID
	PlannedAtName string
	PlannedOn     clock.Date
	Referral      referral.State // of the latest referral of the case; empty: none
}

type secondRow struct {
	Case      ident.ID   `db:"id"`
	CaseNo    string     `db:"case_no"`
	Programme string     `db:"programme"`
	Person    ident.ID   `db:"person_id"`
	Name      string     `db:"person_name"`
	Sex       string     `db:"sex"`
	Birth     clock.Date `db:"birth_on"`
	Home      ident.ID   `db:"home_hospital_id"`
	HomeName  string     `db:"home_name"`
	Need      string     `db:"wait_need"`
	Site      string     `db:"wait_site"`
	Side      string     `db:"wait_side"`
	Since     clock.Date `db:"wait_since"`
	FirstAt   ident.ID   `db:"first_at"`
	FirstName string     `db:"first_name"`
	FirstKind string     `db:"first_kind"`
	FirstSide string     `db:"first_side"`
	There     ident.ID   `db:"second_hospital_id"`
	ThereName string     `db:"there_name"`
	On        clock.Date `db:"second_from"`
	Referral  string     `db:"referral_state"`
}

func (r secondRow) item() SecondItem {
	return SecondItem{Case: r.Case, CaseNo: r.CaseNo, Programme: procedure.Programme(r.Programme), Person: r.Person, PersonName: r.Name, Sex: patient.Sex(r.Sex),
		Birth: r.Birth, Home: r.Home, HomeName: r.HomeName, Wait: casefile.Wait{Need: casefile.Need(r.Need), Site: procedure.Site(r.Site),
			Side: procedure.Side(r.Side), Since: r.Since}, FirstAt: r.FirstAt, FirstAtName: r.FirstName, FirstKind: procedure.Kind(r.FirstKind),
		FirstSide: procedure.Side(r.FirstSide), PlannedAt: r.There, PlannedAtName: r.ThereName, PlannedOn: r.On, Referral: referral.State(r.Referral)}
}

// SecondFilter narrows the worklist of the other side.
type SecondFilter struct {
	Hospitals []ident.ID // homes of the cases, or where the other side is planned; nil is the whole partnership
	Programme procedure.Programme
	Need      casefile.Need
}

const secondFilter = `c.wait_since is not null and (c.wait_since, c.id) > ($2, $3) and ($5 = '' or c.programme = $5) and ($6 = '' or c.wait_need = $6) and c.live
	and not exists (select 1 from person p where p.partnership_id = $1 and p.id = c.person_id and (p.deceased_on is not null or p.restricted_on is not null))`

// ListSecond is a page of cases whose other side waits, the longest wait first.
// Nobody who has died is on it.
func (tx *Tx) ListSecond(f SecondFilter, req page.Request) (page.Result[SecondItem], error) {
	since, id := clock.MustDate(1, 1, 1), ident.Nil
	if _, err := req.Cursor(&since, &id); err != nil {
		return page.Result[SecondItem]{}, err
	}
	args := []any{tx.Partnership(), since, id, req.Limit() + 1, string(f.Programme), string(f.Need)}
	from := `(select c.* from casefile c where c.partnership_id = $1 and ` + secondFilter + ` order by c.wait_since, c.id limit $4) c`
	if f.Hospitals != nil {
		from = `(select distinct on (k.wait_since, k.id) k.* from unnest($7::uuid[]) h cross join lateral (
			(select c.* from casefile c where c.partnership_id = $1 and c.home_hospital_id = h and ` + secondFilter + ` order by c.wait_since, c.id limit $4)
			union all
			(select c.* from casefile c where c.partnership_id = $1 and c.second_hospital_id = h and ` + secondFilter + ` order by c.wait_since, c.id limit $4)) k
			order by k.wait_since, k.id limit $4) c`
		args = append(args, idArray(f.Hospitals))
	}
	var rows []secondRow
	err := tx.list(&rows, `select c.id, c.case_no, c.programme, c.person_id, p.name as person_name, p.sex, p.birth_on, c.home_hospital_id, c.wait_need,
		c.wait_site, c.wait_side, c.wait_since, c.second_hospital_id, c.second_from, o.hospital_id as first_at, coalesce(o.kind, '') as first_kind,
		coalesce(o.side, '') as first_side, coalesce(r.state, '') as referral_state,
		(select coalesce(nullif(x.short_name, ''), x.name) from organisation x where x.id = c.home_hospital_id) as home_name,
		coalesce((select coalesce(nullif(x.short_name, ''), x.name) from organisation x where x.id = o.hospital_id), '') as first_name,
		coalesce((select coalesce(nullif(x.short_name, ''), x.name) from organisation x where x.id = c.second_hospital_id), '') as there_name
		from `+from+` join person p on p.partnership_id = c.partnership_id and p.id = c.person_id
		left join lateral (select o.hospital_id, o.kind, o.side from procedure o where o.partnership_id = $1 and o.case_id = c.id and o.live
			order by o.operated_on limit 1) o on true
		left join lateral (select r.state from referral r where r.partnership_id = $1 and r.case_id = c.id and r.kind = 'referral'
			order by r.created_at desc limit 1) r on true
		order by c.wait_since, c.id limit $4`, args...)
	if err != nil {
		return page.Result[SecondItem]{}, err
	}
	return page.Cut(req, items(rows, secondRow.item), func(x SecondItem) []any { return []any{x.Wait.Since, x.Case} }), nil
}
