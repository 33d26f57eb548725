package store

// elderlyAge is from what age on people count as elderly (老年人).
const elderlyAge = "60"

// residentRows are the operations with the township the patient's home hospital
// registered, the age on the day, and whether anybody entered how many elderly
// live there.
const residentRows = `select ` + unitColumns + `, coalesce(nullif(trim(r.township), ''), '') as township, b.birth_on,
		b.birth_on is not null and o.operated_on >= (b.birth_on + interval '` + elderlyAge + ` years')::date as elderly,
		exists (select 1 from reference_value v where v.partnership_id = o.partnership_id and v.kind = 'elderly' and v.key = trim(r.township) and v.from_on <= $9::date) as counted` +
	operationTreatment + `left join casefile c on c.partnership_id = o.partnership_id and c.id = o.case_id
	left join registration r on r.partnership_id = o.partnership_id and r.person_id = o.person_id and r.hospital_id = c.home_hospital_id
	left join person q on q.partnership_id = o.partnership_id and q.id = o.person_id
	left join person b on b.partnership_id = o.partnership_id and b.id = coalesce(q.root_id, o.person_id)
	where o.partnership_id = $1`

func residentFacts() facts {
	nowhere := []string{`x.township = ''`, "no_place"}
	return facts{rows: residentRows, says: []fact{{id: "access.townships", excluded: unless(nowhere...), class: `x.township`},
		{id: "access.elderly_rate", excluded: unless(append(nowhere, `x.birth_on is not null and not x.elderly`, "not_elderly", `not x.counted`, "no_population")...),
			known: `x.birth_on is not null`, class: `x.township`}}}
}
