package store

import "github.com/shanhai-health/shanhai/internal/domain/procedure"

// visitRows are the visits of visiting teams, on their first day, with the days
// served (in tenths) and what the team led at the host in that time.
const visitRows = `select v.partnership_id, true as live, v.from_on as operated_on, v.hospital_id, '' as programme, 'NONE' as category, true as visiting, v.id as unit_id,
		null::uuid as case_id, null::uuid as person_id, '' as kind, '' as body, null::uuid as lead_id, v.state, v.from_on, d.tenths, p.operations, p.handed
	from visit v
	cross join lateral (select sum(case y.part when 'full' then 10 when 'half' then 5 else 0 end) as tenths from visit_day y
		where y.partnership_id = v.partnership_id and y.visit_id = v.id) d
	cross join lateral (select count(*) as operations, bool_and(exists (select 1 from visit_handover w where w.partnership_id = v.partnership_id and w.visit_id = v.id
			and w.case_id = o.case_id)) as handed
		from visit_member m join procedure o on o.partnership_id = m.partnership_id and o.lead_id = m.practitioner_id and o.live
		where m.partnership_id = v.partnership_id and m.visit_id = v.id and m.live and o.hospital_id = v.hospital_id and o.operated_on between v.from_on and v.to_on) p
	where v.partnership_id = $1`

func visitFacts() facts {
	took := []string{`x.state = 'cancelled'`, "cancelled", `x.from_on > x.lock`, "not_begun"}
	done := unless(took...)
	return facts{rows: visitRows, says: []fact{{id: "visiting.visits", excluded: done}, {id: "visiting.days", excluded: done, value: `x.tenths`},
		{id: "visiting.per_visit", excluded: done, value: `x.operations`}, {id: "visiting.operations", excluded: done, value: `x.operations`},
		{id: "visiting.handed_over", excluded: unless(append(took, `x.state <> 'closed'`, "not_due")...), hit: `x.handed or x.operations = 0`}}}
}

// lessonRows are lectures, demonstrations, rounds and consultations.
const lessonRows = `select t.partnership_id, t.live, t.on_date as operated_on, t.hospital_id, '' as programme, 'NONE' as category, true as visiting, t.id as unit_id,
		null::uuid as case_id, null::uuid as person_id, '' as kind, '' as body, t.teacher_id as lead_id, t.kind as lesson, t.others + a.n as learners
	from teaching t cross join lateral (select count(*) as n from teaching_attendee y where y.partnership_id = t.partnership_id and y.teaching_id = t.id and y.live) a
	where t.partnership_id = $1`

func lessonFacts() facts {
	return facts{rows: lessonRows, says: []fact{{id: "visiting.lessons", class: `x.lesson`}, {id: "visiting.learners", value: `x.learners`}}}
}

// ownDoctors are those whose home is the hospital of operation o.
const ownDoctors = `array(select y.id from practitioner y where y.home_organisation_id = o.hospital_id)`

// receivingRows are all operations with the side of their hospital, whether a
// visitor stood at the table, and whether one was on site: in attendance at the
// hospital that day, or at the table of another operation of that day.
var receivingRows = outcomeRows("", `, least(coalesce(root.deceased_on, q.deceased_on), c.anything) - o.operated_on as trouble,
		 o.supervisor_id, not (o.team <@ `+ownDoctors+`) as visitor, p.side as place_side,
		exists (select 1 from visit_day y where y.partnership_id = o.partnership_id and y.hospital_id = o.hospital_id and y.on_date = o.operated_on and y.part in ('full', 'half'))
		or exists (select 1 from procedure y where y.partnership_id = o.partnership_id and y.hospital_id = o.hospital_id and y.operated_on = o.operated_on and y.live
			and not (y.team <@ `+ownDoctors+`)) as on_site,
		coalesce((select coalesce(nullif(z.short_name, ''), z.name) from practitioner y join organisation z on z.id = y.home_organisation_id where y.id = o.lead_id), '') as lead_home`,
	`cross join lateral (select max(y.side) as side from partnership_member y join organisation z on z.id = o.hospital_id
		where y.partnership_id = o.partnership_id and y.organisation_id = coalesce(z.merged_into, z.id) and y.from_on <= o.operated_on and (y.to_on is null or y.to_on >= o.operated_on)) p `)

func receivingFacts() facts {
	donor := []string{`coalesce(x.place_side, '') <> 'receiving'`, "donor_side"}
	local := `(x.lead_id is not null and not x.visiting)`
	alone := local + ` and x.supervisor_id is null`
	left := alone + ` and not x.visitor and not x.on_site`
	here := unless(donor...)
	return facts{rows: receivingRows, says: []fact{
		{id: "visiting.from", excluded: unless(append(donor, `not x.visiting`, "not_visitor")...), class: `x.lead_home`},
		{id: "visiting.led", excluded: unless(append(donor, `not x.visiting`, "not_visitor")...)}, {id: "visiting.led_share", excluded: here, hit: `x.visiting`},
		{id: "visiting.present_share", excluded: here, hit: `x.visitor or x.visiting`},
		{id: "skills.local_led", excluded: here, known: `x.lead_id is not null or x.visiting`, hit: local},
		{id: "skills.independent", excluded: here, known: `x.lead_id is not null or x.visiting`, hit: alone},
		{id: "skills.supervised", excluded: here, known: `x.lead_id is not null or x.visiting`, hit: local + ` and x.supervisor_id is not null`},
		{id: "skills.leave_behind", excluded: here, known: `x.lead_id is not null or x.visiting`, hit: left},
		event("skills.leave_behind_30", "trouble", 30, append(donor, `not (`+alone+`)`, "not_alone", `x.visitor or x.on_site`, "visitor_there")...)}}
}

// tableRows are the places at the table that local doctors had, and what they
// watched: one row for each operation and doctor.
const tableRows = `select ` + tableColumns + `, w.doctor, w.role
	from procedure o cross join lateral (values (o.lead_id, case when o.supervisor_id is null then 'independent' else 'supervised' end), (o.assistant_id, 'assisted')) w(doctor, role)
	join practitioner d on d.id = w.doctor and d.home_organisation_id = o.hospital_id
	where o.partnership_id = $1
	union all select o.partnership_id, o.live, o.operated_on, o.hospital_id, o.programme, 'NONE', o.lead_visiting, md5(s.id::text)::uuid, o.case_id, o.person_id, o.kind, o.side, s.practitioner_id,
		s.practitioner_id, 'observed'
	from skill_observation s join procedure o on o.partnership_id = s.partnership_id and o.id = s.procedure_id where s.partnership_id = $1`

const tableColumns = `o.partnership_id, o.live, o.operated_on, o.hospital_id, o.programme, 'NONE' as category, o.lead_visiting as visiting,
		md5(o.id::text || w.doctor::text)::uuid as unit_id, o.case_id, o.person_id, o.kind, o.side as body, w.doctor as lead_id`

func tableFacts() facts {
	return facts{rows: tableRows, says: []fact{{id: "skills.ladder", class: `x.role`}}}
}

// signoffFacts are the doctors signed off, on the day of the signature.
func signoffFacts() facts {
	of := func(p procedure.Programme) string {
		return ` when s.kind in ` + kindsOf(func(k procedure.Kind) bool { return k.Programme() == p }) + ` then '` + string(p) + `'`
	}
	rows := `select s.partnership_id, s.live, s.signed_on as operated_on, s.hospital_id, case` + of(procedure.Joint) + of(procedure.Cataract) + of(procedure.Coronary) + ` else '' end as programme,
			'NONE' as category, false as visiting, s.id as unit_id, null::uuid as case_id, null::uuid as person_id, s.kind, '' as body, s.practitioner_id as lead_id, s.counted
		from skill_signoff s where s.partnership_id = $1`
	return facts{rows: rows, says: []fact{{id: "skills.signed_off", class: `lower(x.kind)`}, {id: "skills.needed_cases", value: `x.counted`}}}
}
