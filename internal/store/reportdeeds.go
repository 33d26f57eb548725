package store

import (
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/report"
)

// PeriodDeeds lists the visits, postings, lessons and pairings of a period, as many
// as a report has room for; named puts the names of doctors in. It looks at what
// [Tx.PeriodActivity] counts, once for a report and in the background.
func (tx *Tx) PeriodDeeds(from, to clock.Date, named bool) (d report.Deeds, err error) {
	for _, l := range []struct {
		into  any
		query string
		args  []any
	}{
		{&d.Visits, `select v.from_on, v.to_on, coalesce(nullif(h.short_name, ''), h.name) as hospital, v.title,
			(select count(*) from visit_member m where m.partnership_id = v.partnership_id and m.visit_id = v.id) as doctors,
			(select count(*) from visit_day d where d.partnership_id = v.partnership_id and d.visit_id = v.id and d.part in ('full', 'half') and d.on_date between $2 and $3) as days
			from visit v join organisation h on h.id = v.hospital_id
			where v.partnership_id = $1 and v.state <> 'cancelled' and v.from_on <= $3 and v.to_on >= $2 order by v.from_on, v.id limit $4`, nil},
		{&d.Postings, `select p.from_on, p.to_on, case when $5 then q.name else '' end as doctor, coalesce(nullif(o.short_name, ''), o.name) as home, coalesce(nullif(h.short_name, ''), h.name) as host
			from posting p join practitioner q on q.id = p.practitioner_id join organisation o on o.id = q.home_organisation_id join organisation h on h.id = p.organisation_id
			where p.partnership_id = $1 and p.from_on <= $3 and p.to_on >= $2 order by p.from_on, p.id limit $4`, []any{named}},
		{&d.Lessons, `select t.on_date, t.kind, t.topic, coalesce(nullif(h.short_name, ''), h.name) as hospital, case when $5 then q.name else '' end as teacher, t.minutes,
			t.others + (select count(*) from teaching_attendee a where a.partnership_id = t.partnership_id and a.teaching_id = t.id and a.live) as listeners
			from teaching t join organisation h on h.id = t.hospital_id join practitioner q on q.id = t.teacher_id
			where t.partnership_id = $1 and t.live and t.on_date between $2 and $3 order by t.on_date, t.id limit $4`, []any{named}},
		{&d.Pairings, `select coalesce(nullif(g.short_name, ''), g.name) as donor, coalesce(nullif(h.short_name, ''), h.name) as receiving, p.agreement_no as agreement, p.from_on, p.to_on
			from pairing p join organisation g on g.id = p.donor_id join organisation h on h.id = p.receiving_id
			where p.partnership_id = $1 and p.from_on <= $3 and (p.to_on is null or p.to_on >= $2) order by p.from_on, p.id limit $4`, nil},
	} {
		if err := tx.planned(l.into, l.query, append([]any{tx.Partnership(), from, to, report.DeedsKept}, l.args...)...); err != nil {
			return d, err
		}
	}
	return d, nil
}
