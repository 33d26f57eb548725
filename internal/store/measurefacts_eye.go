package store

import (
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
)

// eyeReadings are the acuity of the operated eye before, provisionally (up to
// day 27) and finally (days 28 to 90), presenting and best corrected.
const eyeReadings = `cross join lateral (select
		(array_agg(r.value order by r.taken_on desc, r.id desc) filter (where r.day <= 0 and r.presenting))[1] as before,
		(array_agg(r.value order by r.taken_on desc, r.id desc) filter (where r.day <= 0 and not r.presenting))[1] as before_best,
		(array_agg(r.value order by r.taken_on desc, r.id desc) filter (where r.day between 1 and 27 and r.presenting))[1] as early,
		(array_agg(r.value order by r.taken_on desc, r.id desc) filter (where r.day between 28 and 90 and r.presenting))[1] as late,
		(array_agg(r.value order by r.taken_on desc, r.id desc) filter (where r.day between 28 and 90 and not r.presenting))[1] as late_best
		from (select a.id, a.value, a.taken_on, a.taken_on - o.operated_on as day, a.correction in ('PVA', 'UDVA') as presenting from acuity_reading a
			where a.partnership_id = o.partnership_id and a.case_id = o.case_id and a.side = o.side and a.live) r) v `

// sheetValues is the register's sheet of operation o, null before there was one.
const sheetValues = `, o.detail -> 'record' -> 'values' as sheet, o.detail`

// logMAR is an acuity in hundredths; a sign stands beyond the chart.
func logMAR(column string) string {
	return `(case when ` + column + ` like 'L%' then round(substr(` + column + `, 2)::numeric * 100)::int when ` + column + ` = 'CF' then 301 when ` + column + ` = 'HM' then 302
		when ` + column + ` = 'LP' then 303 when ` + column + ` = 'NLP' then 304 end)`
}

// lost is a loss of vision: three lines on the chart, any step below it.
func lost(before, after string) string {
	b, a := logMAR(before), logMAR(after)
	return `case when ` + b + ` <= 300 and ` + a + ` <= 300 then ` + a + ` - ` + b + ` >= 30 else ` + a + ` > ` + b + ` end`
}

// choice is the first answer of a question on the sheet of row x.
func choice(key string) string { return `(x.sheet -> '` + key + `' ->> 0)` }

func eyeFacts() facts {
	noLens := []string{`x.kind not in ` + kindsOf(procedure.Kind.Lens), string(measure.NoLens)}
	final := unless(append(noLens, passed+` < 90`, string(measure.TooRecent))...)
	early := unless(append(noLens, passed+` < 27`, string(measure.TooRecent))...)
	noSheet := []string{`x.sheet is null`, string(measure.NoSheet)}
	both := unless(append(noLens, noSheet...)...)
	seen := func(id measure.ID, excluded, column, hit string) fact {
		return fact{id: id, excluded: excluded, known: `x.` + column + ` is not null`, hit: logMAR("x."+column) + hit, value: logMAR("x." + column)}
	}
	return facts{rows: outcomeRows("cataract", sheetValues+`, v.before, v.before_best, v.early, v.late, v.late_best`, eyeReadings), says: []fact{
		seen("cataract.good_618", final, "late", ` <= 48`), seen("cataract.good_612", final, "late", ` <= 30`), seen("cataract.poor", final, "late", ` > 100`),
		seen("cataract.good_best", final, "late_best", ` <= 30`), seen("cataract.early_618", early, "early", ` <= 48`), seen("cataract.early_612", early, "early", ` <= 30`),
		seen("cataract.early_poor", early, "early", ` > 100`),
		{id: "cataract.va_loss", excluded: final, known: `x.before_best is not null and x.late_best is not null or x.before is not null and x.late is not null`,
			hit: `case when x.before_best is not null and x.late_best is not null then ` + lost("x.before_best", "x.late_best") + ` else ` + lost("x.before", "x.late") + ` end`},
		{id: "cataract.rupture", excluded: unless(noSheet...), known: `jsonb_array_length(x.sheet -> 'intraop_event') > 0`,
			hit: `x.sheet -> 'intraop_event' ?| array['PCR', 'PCR_VITREOUS', 'ZONULE_VITREOUS']`},
		event("cataract.endophthalmitis_42", "endophthalmitis", 42), event("cataract.complication_90", "anything", 90),
		{id: "cataract.refraction_1d", excluded: both, known: choice("achieved_se_d") + ` is not null and ` + choice("predicted_se_d") + ` is not null`,
			hit:   `abs(` + choice("achieved_se_d") + `::numeric - ` + choice("predicted_se_d") + `::numeric) <= 1`,
			value: `round(100 * (` + choice("achieved_se_d") + `::numeric - ` + choice("predicted_se_d") + `::numeric))`},
		{id: "cataract.second_eye_days", excluded: unless(`x.other_side is null`, string(measure.OnlyFirst)), value: `x.other_side`},
		{id: "cataract.biometry", excluded: both, known: choice("biometry_device") + ` is not null`, hit: choice("biometry_device") + ` <> 'NOT_DONE'`}}}
}
