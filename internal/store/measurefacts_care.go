package store

// afterOperation looks up what became of the patient of operation o: the last
// day somebody saw or spoke to the patient, the day of death of the merged
// person, other operations of the same person, and the first day of each
// complication the measures ask for. Days count from the operation.
const afterOperation = `left join person q on q.partnership_id = o.partnership_id and q.id = o.person_id
	left join person root on root.partnership_id = o.partnership_id and root.id = q.root_id
	cross join lateral (select max(k.happened_on) as day from followup_contact k where k.partnership_id = o.partnership_id and k.case_id = o.case_id
		and k.live and k.reached) asked
	cross join lateral (select max(n.operated_on) as day, max(n.operated_on) filter (where n.site = o.site and n.side <> o.side
			and (n.operated_on, n.id) < (o.operated_on, o.id)) as other_side,
		min(n.operated_on) filter (where n.site = o.site and n.side = o.side and n.id <> o.id and n.operated_on >= o.operated_on and n.kind in `

const sameOperated = `) as revised
		from (select coalesce(q.root_id, o.person_id) as id
			union all select y.id from person y where y.partnership_id = o.partnership_id and y.root_id = coalesce(q.root_id, o.person_id)) m
		join procedure n on n.partnership_id = o.partnership_id and n.person_id = m.id and n.live) again
	cross join lateral (select min(c.onset_on) as anything, min(c.onset_on) filter (where c.type = 'READMISSION') as readmitted,
		min(c.onset_on) filter (where c.type = 'RETURN_TO_THEATRE') as theatre, min(c.onset_on) filter (where c.type = 'PJI') as infected,
		min(c.onset_on) filter (where c.type = 'DISLOCATION') as dislocated, min(c.onset_on) filter (where c.type = 'ENDOPHTHALMITIS') as endophthalmitis,
		min(c.onset_on) filter (where c.type in ('MI', 'TVR', 'TLR')) as cardiac,
		min(c.onset_on) filter (where c.type in ('BLEEDING', 'ACCESS_HAEMATOMA', 'PSEUDOANEURYSM') and c.grade in ('2', '3A', '3B', '3C', '4', '5A', '5B')) as bled
		from complication c where c.partnership_id = o.partnership_id and c.procedure_id = o.id and c.live) c `

// followedColumns are what afterOperation found, in days.
const followedColumns = `, greatest(asked.day, t.discharged_on, again.day) - o.operated_on as seen, coalesce(root.deceased_on, q.deceased_on) - o.operated_on as died,
	again.revised - o.operated_on as revised, o.operated_on - again.other_side as other_side, c.anything - o.operated_on as anything,
	c.readmitted - o.operated_on as readmitted, c.theatre - o.operated_on as theatre, c.infected - o.operated_on as infected,
	c.dislocated - o.operated_on as dislocated, c.endophthalmitis - o.operated_on as endophthalmitis, c.cardiac - o.operated_on as cardiac,
	c.bled - o.operated_on as bled`

// passed is how many days have passed since the operation of row x.
// #nosec G101 -- an expression of dates
const passed = `(x.lock - x.operated_on)`

// stayRows are the treatments with an operation, with their case, settlement and
// estimate. The kind is that of the first operation.
const stayRows = `select o.partnership_id, o.live and o.operated_on is not null as live, o.operated_on, o.hospital_id, o.programme, coalesce(nullif(o.category, ''), 'NONE') as category,
		o.visiting, o.id as unit_id, o.case_id, o.person_id, coalesce(d.kind, '') as kind, coalesce(d.side, '') as body, d.lead_id,
		o.admitted_on, o.discharged_on, c.opened_on, e.operated_on as earlier, s.id is not null as settled, s.settled_on, coalesce(s.bill_fen, 0) as bill_fen,
		s.basic_fen, s.critical_fen, s.assistance_fen, s.other_fen, s.fund_fen, s.waiver_fen, s.net_fen, coalesce(m.bill_fen, nullif(o.estimate_bill_fen, 0)) as estimate_fen
	from treatment o
	left join lateral (select p.kind, p.side, p.lead_id from procedure p where p.partnership_id = o.partnership_id and p.treatment_id = o.id and p.live
		order by p.operated_on, p.id limit 1) d on true
	left join casefile c on c.partnership_id = o.partnership_id and c.id = o.case_id
	left join lateral (select max(y.operated_on) as operated_on from treatment y where y.partnership_id = o.partnership_id and y.case_id = o.case_id and y.live
		and (y.operated_on, y.id) < (o.operated_on, o.id)) e on true
	left join settlement s on s.partnership_id = o.partnership_id and s.treatment_id = o.id and s.state = 'settled'
	left join lateral (select y.bill_fen from fee_computation y where y.partnership_id = o.partnership_id and y.treatment_id = o.id and y.kind = 'estimate' and y.state = 'live'
		order by y.created_at desc, y.id desc limit 1) m on true
	where o.partnership_id = $1`

func stayFacts() facts {
	later := unless(`x.earlier is not null`, "later_stay")
	unsettled := unless(`not x.settled`, "not_settled")
	guessed := unless(`not x.settled`, "not_settled", `x.estimate_fen is null`, "no_estimate")
	sum := func(id, column string) fact {
		return fact{id: measureID(id), excluded: unsettled, value: `x.` + column}
	}
	off := `round(10000.0 * (x.bill_fen - x.estimate_fen) / x.estimate_fen)`
	wait, settling := `x.operated_on - x.opened_on`, `x.settled_on - coalesce(x.discharged_on, x.operated_on)`
	return facts{rows: stayRows, says: []fact{
		{id: "access.wait_days", excluded: later, known: `x.opened_on is not null`, value: wait},
		{id: "access.operated_90", excluded: later, known: `x.opened_on is not null`, hit: wait + ` <= 90`, value: wait},
		{id: "access.preop_days", known: `x.admitted_on is not null`, value: `x.operated_on - x.admitted_on`},
		{id: "access.stay_days", known: `x.admitted_on is not null and x.discharged_on is not null`, value: `x.discharged_on - x.admitted_on`},
		{id: "access.second_side_days", excluded: unless(`x.earlier is null`, "first_only"), value: `x.operated_on - x.earlier`},
		sum("money.basic", "basic_fen"), sum("money.critical", "critical_fen"), sum("money.assistance", "assistance_fen"), sum("money.other", "other_fen"),
		sum("money.fund", "fund_fen"), sum("money.waiver", "waiver_fen"),
		{id: "money.free_share", excluded: unsettled, hit: `x.net_fen = 0`, value: `x.net_fen`}, sum("money.net_median", "net_fen"), sum("money.bill_median", "bill_fen"),
		{id: "money.reduction_median", excluded: unsettled, value: `x.fund_fen + x.waiver_fen`},
		{id: "money.estimate_variance", excluded: guessed, value: off}, {id: "money.estimate_near", excluded: guessed, hit: `abs(` + off + `) <= 1000`, value: off},
		{id: "money.settle_days", excluded: unsettled, known: `x.settled_on is not null`, value: settling},
		{id: "money.settled_30", excluded: unless(`x.lock - coalesce(x.discharged_on, x.operated_on) < 30`, "too_recent"), hit: `x.settled and ` + settling + ` <= 30`}}}
}

// fundLineRows are the lines of settled reductions: who gave how much.
const fundLineRows = `select t.partnership_id, t.live and t.operated_on is not null as live, t.operated_on, t.hospital_id, t.programme,
		coalesce(nullif(t.category, ''), 'NONE') as category, t.visiting, md5(l.settlement_id::text || l.line_no)::uuid as unit_id, t.case_id, t.person_id, '' as kind, '' as body,
		null::uuid as lead_id, l.amount_fen, coalesce(f.name, g.name) as giver
	from settlement s join settlement_line l on l.partnership_id = s.partnership_id and l.settlement_id = s.id
	join treatment t on t.partnership_id = s.partnership_id and t.id = s.treatment_id
	left join fund f on f.partnership_id = l.partnership_id and f.id = l.fund_id left join organisation g on g.id = l.hospital_id
	where s.partnership_id = $1 and s.state = 'settled'`

func fundLineFacts() facts {
	return facts{rows: fundLineRows, says: []fact{{id: "money.by_fund", value: `x.amount_fen`, class: `x.giver`}}}
}

// letterRows are the referrals, on the day they were sent.
const letterRows = `select r.partnership_id, true as live, (r.created_at at time zone 'Asia/Shanghai')::date as operated_on, r.from_hospital_id as hospital_id,
		coalesce(nullif(r.patient_programme, ''), c.programme, '') as programme, 'NONE' as category, false as visiting, r.id as unit_id, r.case_id, c.person_id, '' as kind,
		r.side as body, null::uuid as lead_id, r.state, (r.decided_at at time zone 'Asia/Shanghai')::date - (r.created_at at time zone 'Asia/Shanghai')::date as days,
		coalesce(nullif(g.short_name, ''), g.name) as receiver
	from referral r join organisation s on s.id = r.to_hospital_id join organisation g on g.id = coalesce(s.merged_into, s.id)
	left join casefile c on c.partnership_id = r.partnership_id and c.id = r.case_id where r.partnership_id = $1`

func letterFacts() facts {
	open := unless(`x.state = 'revoked'`, "withdrawn", `x.state = 'sent'`, "unanswered")
	return facts{rows: letterRows, says: []fact{{id: "access.referrals", class: `x.state`},
		{id: "access.referral_days", excluded: open, known: `x.days is not null`, value: `x.days`},
		{id: "access.referral_accepted", excluded: open, hit: `x.state in ('accepted', 'done')`}, {id: "access.referral_to", class: `x.receiver`}}}
}

// screenedRows are the people seen at outreach days.
const screenedRows = `select s.partnership_id, s.live, s.screened_on as operated_on, s.hospital_id, s.programme, 'NONE' as category, false as visiting, s.id as unit_id, s.case_id, s.person_id,
		'' as kind, '' as body, null::uuid as lead_id, s.triage, s.answer, s.reason, exists (select 1 from procedure p where p.partnership_id = s.partnership_id and p.person_id = s.person_id
			and p.programme = s.programme and p.operated_on >= s.screened_on and p.live) as operated
	from screening s where s.partnership_id = $1`

func screenedFacts() facts {
	advised := []string{`x.triage <> 'SURGERY_ADVISED'`, "not_advised"}
	answered := unless(append(advised, `x.answer = ''`, "no_answer")...)
	return facts{rows: screenedRows, says: []fact{{id: "access.screened", class: `lower(x.triage)`},
		{id: "access.declined", excluded: answered, hit: `x.answer = 'DECLINED'`},
		{id: "access.decline_reasons", excluded: unless(append(advised, `x.answer <> 'DECLINED'`, "no_answer")...), class: `lower(x.reason)`},
		{id: "access.screened_operated", excluded: unless(advised...), hit: `x.operated`}}}
}
