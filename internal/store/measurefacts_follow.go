package store

import (
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

func measureID(id string) measure.ID { return measure.ID(id) }

// dueRows are the appointments of follow-up, on the day they were due.
const dueRows = `select f.partnership_id, f.live, f.due_on as operated_on, f.hospital_id, f.programme, coalesce(nullif(t.category, ''), 'NONE') as category,
		coalesce(o.lead_visiting, false) as visiting, f.id as unit_id, f.case_id, f.person_id, coalesce(o.kind, '') as kind, coalesce(o.side, '') as body, o.lead_id,
		f.status, f.from_on, f.to_on, f.ended_on, f.evidence, k.days
	from followup f left join procedure o on o.partnership_id = f.partnership_id and o.id = f.procedure_id
	left join treatment t on t.partnership_id = f.partnership_id and t.id = f.treatment_id
	left join lateral (select (y.created_at at time zone 'Asia/Shanghai')::date - y.happened_on as days from followup_contact y
		where y.partnership_id = f.partnership_id and y.followup_id = f.id and y.live and y.reached order by y.happened_on, y.id limit 1) k on true
	where f.partnership_id = $1`

func dueFacts() facts {
	over := []string{`x.status = 'closed'`, "ended", `x.to_on >= x.lock`, "not_due"}
	due, seen := unless(over...), unless(append(over, `x.status <> 'done'`, "not_seen")...)
	return facts{rows: dueRows, says: []fact{{id: "followup.seen", excluded: due, hit: `x.status = 'done'`},
		{id: "followup.in_window", excluded: due, hit: `x.status = 'done' and x.ended_on between x.from_on and x.to_on`},
		{id: "followup.lost", excluded: due, hit: `x.status = 'lost'`}, {id: "followup.overdue", excluded: due, hit: `x.status = 'open'`},
		{id: "followup.in_person", excluded: seen, hit: `x.evidence = 'visit'`}, {id: "followup.sources", excluded: seen, class: `x.evidence`},
		{id: "followup.entry_days", excluded: seen, known: `x.days is not null`, value: `x.days`}}}
}

// recordRows are the operations as records.
const recordRows = `select ` + unitColumns + sheetValues + `, o.sheet_missing, o.batch_id is not null as imported,
		(o.validated_at at time zone 'Asia/Shanghai')::date - o.operated_on as sign_days, (o.created_at at time zone 'Asia/Shanghai')::date - o.operated_on as entry_days,
		exists (select 1 from component c where c.partnership_id = o.partnership_id and c.procedure_id = o.id and c.live) as implants,
		a.before and a.after as pair` + operationTreatment + `
	cross join lateral (select bool_or(r.taken_on <= o.operated_on) as before, bool_or(r.taken_on > o.operated_on) as after from acuity_reading r
		where r.partnership_id = o.partnership_id and r.case_id = o.case_id and r.side = o.side and r.live) a
	where o.partnership_id = $1`

func recordFacts() facts {
	imported, early := unless(`x.imported`, "imported"), unless(passed+` < 30`, "too_recent")
	prosthesis := kindsOf(func(k procedure.Kind) bool {
		return k.Programme() == procedure.Joint && (k.Primary() || k.Revision())
	})
	return facts{rows: recordRows, says: []fact{{id: "quality.operations", class: `lower(x.kind)`},
		{id: "quality.sheet_complete", excluded: unless(`x.sheet is null`, "no_sheet"), known: `x.sheet_missing is not null`, hit: `x.sheet_missing = 0`, value: `x.sheet_missing`},
		{id: "quality.signed", excluded: early, hit: `x.sign_days is not null`}, {id: "quality.sign_days", known: `x.sign_days is not null`, value: `x.sign_days`},
		{id: "quality.entry_days", excluded: imported, value: `x.entry_days`}, {id: "quality.entered_2", excluded: imported, hit: `x.entry_days <= 2`, value: `x.entry_days`},
		{id: "quality.implants", excluded: unless(`x.kind not in `+prosthesis, "not_joint"), hit: `x.implants`},
		{id: "quality.acuity_pairs", excluded: unless(`x.programme <> 'cataract'`, "not_eye", passed+` < 90`, "too_recent"), hit: `x.pair`},
		{id: "quality.heart_clock", excluded: unless(`coalesce(x.detail ->> 'syndrome', '') <> 'STEMI'`, "not_stemi"),
			hit: choice("door_at") + ` is not null and ` + choice("wire_at") + ` is not null`}}}
}
