package store

import (
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

// treatedLesions are the lesions of a session that were treated, and whether all
// of them were opened: less than 20 % left, and full flow.
const treatedLesions = `cross join lateral (select count(*) as treated, bool_and(l ->'stenosis_after' ->> 0 is not null and l -> 'timi_after' ->> 0 is not null) as answered,
		bool_and((l -> 'stenosis_after' ->> 0)::numeric < 20 and l -> 'timi_after' ->> 0 = '3') as opened
		from jsonb_array_elements(coalesce(o.detail -> 'record' -> 'lesions', '[]')) l where l ? 'device' and not l -> 'device' ? 'NONE') l `

func heartFacts() facts {
	noPCI := []string{`x.kind not in ` + kindsOf(procedure.Kind.Intervention), string(measure.NoPCI)}
	noSheet := []string{`x.sheet is null`, string(measure.NoSheet)}
	stemi := unless(append(noPCI, `coalesce(x.detail ->> 'syndrome', '') <> 'STEMI'`, string(measure.NotSTEMI))...)
	minutes := `round(extract(epoch from ` + choice("wire_at") + `::timestamptz - ` + choice("door_at") + `::timestamptz) / 60)`
	clocked := choice("wire_at") + ` is not null and ` + choice("door_at") + ` is not null`
	inHouse := `coalesce(x.died <= x.left_after, false) or coalesce(x.sheet -> 'intraop_event' ? 'DEATH', false)`
	ended := `x.left_after is not null or x.died is not null`
	elective := unless(append(noPCI, `coalesce(`+choice("urgency")+`, '') <> 'ELECTIVE'`, string(measure.NotElective))...)
	median := func(id measure.ID, value, key string) fact {
		return fact{id: id, excluded: unless(noSheet...), known: choice(key) + ` is not null`, value: value}
	}
	mace := func(id measure.ID, days int) fact { return event(id, "mace", days, noPCI...) }
	return facts{rows: outcomeRows("coronary", sheetValues+`, l.treated, l.answered, l.opened, t.discharged_on - o.operated_on as left_after,
		least(coalesce(root.deceased_on, q.deceased_on), c.cardiac) - o.operated_on as mace`, treatedLesions), says: []fact{
		{id: "coronary.door_wire", excluded: stemi, known: clocked, value: minutes}, {id: "coronary.door_wire_90", excluded: stemi, known: clocked, hit: minutes + ` <= 90`, value: minutes},
		{id: "coronary.radial", known: `coalesce(x.detail ->> 'access', '') <> ''`, hit: `x.detail ->> 'access' in ('RADIAL_R', 'RADIAL_L', 'DISTAL_RADIAL')`},
		{id: "coronary.success", excluded: unless(noPCI...), known: `x.treated > 0 and x.answered`, hit: `x.opened`},
		{id: "coronary.death_hospital", excluded: unless(noPCI...), known: ended, hit: inHouse}, {id: "coronary.death_elective", excluded: elective, known: ended, hit: inHouse},
		event("coronary.death_30", "died", 30, noPCI...), mace("coronary.mace_30", 30), mace("coronary.mace_365", 365), event("coronary.bleeding_30", "bled", 30),
		median("coronary.contrast", `round(`+choice("contrast_ml")+`::numeric)`, "contrast_ml"),
		{id: "coronary.contrast_high", excluded: unless(noSheet...), known: choice("contrast_ml") + ` is not null and ` + choice("egfr") + `::numeric > 0`,
			hit: choice("contrast_ml") + `::numeric > 3 * ` + choice("egfr") + `::numeric`, value: `round(` + choice("contrast_ml") + `::numeric)`},
		median("coronary.dose", `round(`+choice("air_kerma_mgy")+`::numeric)`, "air_kerma_mgy"), median("coronary.fluoroscopy", `round(10 * `+choice("fluoroscopy_min")+`::numeric)`, "fluoroscopy_min"),
		{id: "coronary.dual_antiplatelet", excluded: unless(append(noPCI, noSheet...)...), known: `jsonb_array_length(x.sheet -> 'discharge_medicine') > 0`,
			hit: `x.sheet -> 'discharge_medicine' ?& array['ASPIRIN', 'P2Y12']`}}}
}
