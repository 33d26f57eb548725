package store_test

import (
	"fmt"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// Tables counted by hand: each row is one eye or one session with what became of
// it, and the figures of each measure were counted from the rows with a pencil.

// checked compares samples with what was counted.
func checked(t *testing.T, got map[measure.ID]measure.Sample, want map[measure.ID]measure.Sample) {
	t.Helper()
	for id, w := range want {
		x := got[id]
		if x.Known != w.Known || x.Unknown != w.Unknown || x.Hits != w.Hits || w.Sum != 0 && x.Sum != w.Sum {
			t.Errorf("%s = %d known, %d unknown, %d hits, sum %d; counted %d, %d, %d, %d", id, x.Known, x.Unknown, x.Hits, x.Sum, w.Known, w.Unknown, w.Hits, w.Sum)
		}
		for r, n := range w.Excluded {
			if x.Excluded[r] != n {
				t.Errorf("%s leaves out %v, counted %v", id, x.Excluded, w.Excluded)
			}
		}
	}
}

// eye is one cataract operation: days ago, acuities by day and correction, the
// register's answers, and complications by day.
type eye struct {
	age     int
	kind    string // empty: phaco with a lens
	reads   [][3]any
	sheet   string // values of the sheet as JSON; empty: none
	trouble [][2]any
	person  ident.ID
	side    string
}

func (e eye) store(w *servicetest.World) ident.ID {
	on := w.Today().AddDays(-e.age)
	person := w.Treat(servicetest.Treated{Person: e.person, Programme: measure.Cataract, At: servicetest.Mountain, On: on, Joints: 1})
	one := `o.partnership_id = $1 and o.person_id = $2 and o.operated_on = $3`
	if e.kind != "" {
		w.Run(`update procedure o set kind = $4 where `+one, w.Partnership.ID, person, on, e.kind)
	}
	if e.side != "" {
		w.Run(`update procedure o set side = $4 where `+one, w.Partnership.ID, person, on, e.side)
	}
	if e.sheet != "" {
		w.Run(`update procedure o set detail = jsonb_build_object('record', jsonb_build_object('values', $4::jsonb)) where `+one, w.Partnership.ID, person, on, e.sheet)
	}
	for _, r := range e.reads {
		w.Run(`insert into acuity_reading (partnership_id, id, case_id, person_id, hospital_id, visible_to, side, taken_on, value, raw, notation, correction, created_at, created_by)
			select o.partnership_id, $4, o.case_id, o.person_id, o.hospital_id, o.visible_to, o.side, o.operated_on + $5::int, $6, '', '', $7, '2026-01-01', o.id from procedure o where `+one,
			w.Partnership.ID, person, on, ident.New(), r[0], r[1], r[2])
	}
	for _, c := range e.trouble {
		w.Run(`insert into complication (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, type, onset_on, grade, related, outcome, created_at, created_by)
			select o.partnership_id, $4, o.id, o.treatment_id, o.case_id, o.person_id, o.hospital_id, o.visible_to, $6, o.operated_on + $5::int, '', 'YES', 'RESOLVED', '2026-01-01', o.id from procedure o where `+one,
			w.Partnership.ID, person, on, ident.New(), c[0], c[1])
	}
	w.Run(`insert into followup_contact (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, happened_on, evidence, reached, created_at, created_by)
		select o.partnership_id, $4, o.id, o.treatment_id, o.case_id, o.person_id, o.hospital_id, o.visible_to, o.operated_on + 95, 'visit', true, '2026-01-01', o.id from procedure o where `+one+` and $5::int >= 95`,
		w.Partnership.ID, person, on, ident.New(), e.age)
	return person
}

func TestCataractMeasuresAgreeWithTheHandCount(t *testing.T) {
	w := servicetest.New(t)
	sheet := func(event, biometry, predicted, achieved string) string {
		return fmt.Sprintf(`{"intraop_event": ["%s"], "biometry_device": ["%s"], "predicted_se_d": ["%s"], "achieved_se_d": ["%s"]}`, event, biometry, predicted, achieved)
	}
	// 1: good by both thresholds, sheet complete, refraction 0.50 off.
	first := eye{age: 200, reads: [][3]any{{-1, "L1.00", "PVA"}, {7, "L0.30", "PVA"}, {40, "L0.20", "PVA"}, {40, "L0.10", "CDVA"}}, sheet: sheet("NONE", "OPTICAL", "-0.50", "0.00")}.store(w)
	for _, e := range []eye{
		// 2: exactly 6/18 (0.48): good by the old threshold only; refraction 1.25 off; capsule ruptured.
		{age: 200, reads: [][3]any{{-1, "L1.30", "PVA"}, {20, "L0.48", "PVA"}, {90, "L0.48", "PVA"}}, sheet: sheet("PCR", "ULTRASOUND", "-0.50", "0.75")},
		// 3: worse than 6/60 at the end, and three lines lost: 0.80 before, 1.10 after.
		{age: 200, reads: [][3]any{{0, "L0.80", "PVA"}, {28, "L1.10", "PVA"}}},
		// 4: counts fingers before, hand movements after: lost a step below the chart; endophthalmitis on day 42.
		{age: 200, reads: [][3]any{{0, "CF", "PVA"}, {27, "HM", "PVA"}, {60, "HM", "PVA"}}, trouble: [][2]any{{42, "ENDOPHTHALMITIS"}}},
		// 5: read on day 91 only: too late for the final reading; endophthalmitis on day 43, a day too late.
		{age: 200, reads: [][3]any{{-3, "L1.00", "PVA"}, {91, "L0.10", "PVA"}}, trouble: [][2]any{{43, "ENDOPHTHALMITIS"}}},
		// 6: fifty days old: too recent for the final reading, not for the early one.
		{age: 50, reads: [][3]any{{3, "L0.10", "PVA"}}, sheet: sheet("NONE", "NOT_DONE", "0.00", "1.00")},
		// 7: no lens was put in.
		{age: 200, kind: "PHACO", reads: [][3]any{{40, "L0.10", "PVA"}}},
		// 8: the second eye of the first patient, thirty days later; nobody measured it.
		{age: 170, person: first, side: "L"},
	} {
		e.store(w)
	}
	lens, recent := measure.NoLens, measure.TooRecent
	checked(t, sampled(t, w, measure.EyeFacts), map[measure.ID]measure.Sample{
		"cataract.good_618":           {Known: 4, Unknown: 2, Hits: 2, Excluded: map[measure.Reason]int64{lens: 1, recent: 1}}, // 1, 2 of 1 to 4
		"cataract.good_612":           {Known: 4, Unknown: 2, Hits: 1},                                                         // 1
		"cataract.poor":               {Known: 4, Unknown: 2, Hits: 2},                                                         // 3, 4
		"cataract.good_best":          {Known: 1, Unknown: 5, Hits: 1},                                                         // 1 only was measured
		"cataract.early_618":          {Known: 4, Unknown: 3, Hits: 3, Excluded: map[measure.Reason]int64{lens: 1}},            // 1, 2, 6 of 1, 2, 4, 6
		"cataract.early_612":          {Known: 4, Unknown: 3, Hits: 2},                                                         // 1, 6
		"cataract.early_poor":         {Known: 4, Unknown: 3, Hits: 1},                                                         // 4
		"cataract.va_loss":            {Known: 4, Unknown: 2, Hits: 2},                                                         // 3, 4
		"cataract.rupture":            {Known: 3, Unknown: 0, Hits: 1, Excluded: map[measure.Reason]int64{measure.NoSheet: 5}},
		"cataract.endophthalmitis_42": {Known: 7, Unknown: 1, Hits: 1},                                                // 4; nobody saw 6 after its day 42
		"cataract.complication_90":    {Known: 7, Unknown: 0, Hits: 2, Excluded: map[measure.Reason]int64{recent: 1}}, // 4, 5
		"cataract.refraction_1d":      {Known: 3, Unknown: 0, Hits: 2},                                                // 1 (0.50) and 6 (1.00), not 2 (1.25)
		"cataract.biometry":           {Known: 3, Unknown: 0, Hits: 2},                                                // not 6
		"cataract.second_eye_days":    {Known: 1, Unknown: 0, Hits: 1, Sum: 30, Excluded: map[measure.Reason]int64{measure.OnlyFirst: 7}},
	})
}

// session is one coronary session.
type session struct {
	age              int
	kind             string // empty: PCI
	access, syndrome string
	sheet, lesions   string
	out, seen, died  int // days after; out -1: still in hospital
	trouble          [][2]any
	grade            string
}

func (s session) store(w *servicetest.World) {
	on := w.Today().AddDays(-s.age)
	person := w.Treat(servicetest.Treated{Programme: measure.Coronary, At: servicetest.Mountain, On: on, Joints: 1})
	kind := s.kind
	if kind == "" {
		kind = "PCI"
	}
	w.Run(`update procedure set kind = $3, detail = jsonb_build_object('access', $4::text, 'syndrome', $5::text) || case when $6::text = '' then '{}'::jsonb
		else jsonb_build_object('record', jsonb_build_object('values', ($6::text)::jsonb, 'lesions', coalesce(nullif($7::text, ''), '[]')::jsonb)) end where partnership_id = $1 and person_id = $2`,
		w.Partnership.ID, person, kind, s.access, s.syndrome, s.sheet, s.lesions)
	day := func(n int) any {
		if n <= 0 {
			return nil
		}
		return on.AddDays(n)
	}
	w.Run(`update treatment set discharged_on = $3 where partnership_id = $1 and person_id = $2`, w.Partnership.ID, person, day(s.out))
	w.Run(`update person set deceased_on = $3 where partnership_id = $1 and id = $2`, w.Partnership.ID, person, day(s.died))
	if s.seen > 0 {
		w.Run(`insert into followup_contact (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, happened_on, evidence, reached, created_at, created_by)
			select o.partnership_id, $3, o.id, o.treatment_id, o.case_id, o.person_id, o.hospital_id, o.visible_to, $4, 'phone', true, '2026-01-01', o.id from procedure o
			where o.partnership_id = $1 and o.person_id = $2`, w.Partnership.ID, person, ident.New(), day(s.seen))
	}
	for _, c := range s.trouble {
		w.Run(`insert into complication (partnership_id, id, procedure_id, treatment_id, case_id, person_id, hospital_id, visible_to, type, onset_on, grade, related, outcome, created_at, created_by)
			select o.partnership_id, $3, o.id, o.treatment_id, o.case_id, o.person_id, o.hospital_id, o.visible_to, $5, o.operated_on + $4::int, $6, 'YES', 'RESOLVED', '2026-01-01', o.id from procedure o
			where o.partnership_id = $1 and o.person_id = $2`, w.Partnership.ID, person, ident.New(), c[0], c[1], s.grade)
	}
}

func TestCoronaryMeasuresAgreeWithTheHandCount(t *testing.T) {
	w := servicetest.New(t)
	sheet := func(urgency, contrast, egfr, door, wire, medicine string) string {
		return fmt.Sprintf(`{"urgency": ["%s"], "contrast_ml": ["%s"], "egfr": ["%s"], "air_kerma_mgy": ["900"], "fluoroscopy_min": ["12.5"], "door_at": ["2026-01-01T%s:00+08:00"],
			"wire_at": ["2026-01-01T%s:00+08:00"], "intraop_event": ["NONE"], "discharge_medicine": [%s]}`, urgency, contrast, egfr, door, wire, medicine)
	}
	const both, one = `"ASPIRIN", "P2Y12"`, `"ASPIRIN"`
	const open, tight = `[{"device": ["DES"], "stenosis_after": ["10"], "timi_after": ["3"]}]`, `[{"device": ["DES"], "stenosis_after": ["20"], "timi_after": ["3"]}]`
	for _, s := range []session{
		// 1: STEMI, 90 minutes, radial, opened, well after a year.
		{age: 400, access: "RADIAL_R", syndrome: "STEMI", sheet: sheet("EMERGENCY", "150", "60", "08:00", "09:30", both), lesions: open, out: 5, seen: 380},
		// 2: STEMI, 91 minutes, femoral, 20 % left is not opened; dead on day 4, before leaving.
		{age: 400, access: "FEMORAL", syndrome: "STEMI", sheet: sheet("EMERGENCY", "181", "60", "08:00", "09:31", one), lesions: tight, out: 4, died: 4},
		// 3: elective, contrast just at three times the eGFR; infarct on day 30, still MACE of the month.
		{age: 400, access: "DISTAL_RADIAL", syndrome: "SA", sheet: sheet("ELECTIVE", "180", "60", "08:00", "09:00", both), lesions: open, out: 3, seen: 370, trouble: [][2]any{{30, "MI"}}},
		// 4: elective, no lesion answered; infarct on day 31; bled on day 2, BARC 2.
		{age: 400, access: "RADIAL_L", syndrome: "SA", sheet: sheet("ELECTIVE", "100", "90", "08:00", "09:00", both), lesions: `[{"device": ["DES"]}]`, out: 3, seen: 370, trouble: [][2]any{{31, "MI"}, {2, "BLEEDING"}}, grade: "2"},
		// 5: a look only: no intervention; nobody asked since.
		{age: 400, kind: "CAG", access: "", syndrome: "", out: 1},
		// 6: from before the sheets; seen after 40 days only; died on day 200.
		{age: 400, access: "RADIAL_R", out: 6, seen: 40, died: 200},
		// 7: twenty days old, still in hospital.
		{age: 20, access: "FEMORAL", syndrome: "STEMI", out: -1},
	} {
		s.store(w)
	}
	pci, stemi, recent, bare := measure.NoPCI, measure.NotSTEMI, measure.TooRecent, measure.NoSheet
	checked(t, sampled(t, w, measure.Sessions), map[measure.ID]measure.Sample{
		"coronary.door_wire":         {Known: 2, Unknown: 1, Hits: 2, Sum: 181, Excluded: map[measure.Reason]int64{pci: 1, stemi: 3}}, // 1, 2; 7 has no clock
		"coronary.door_wire_90":      {Known: 2, Unknown: 1, Hits: 1},
		"coronary.radial":            {Known: 6, Unknown: 1, Hits: 4},                                             // 1, 3, 4, 6
		"coronary.success":           {Known: 3, Unknown: 3, Hits: 2, Excluded: map[measure.Reason]int64{pci: 1}}, // 1, 3 of 1, 2, 3
		"coronary.death_hospital":    {Known: 5, Unknown: 1, Hits: 1},                                             // 2; 7 has not left yet
		"coronary.death_elective":    {Known: 2, Unknown: 0, Hits: 0, Excluded: map[measure.Reason]int64{pci: 1, measure.NotElective: 4}},
		"coronary.death_30":          {Known: 5, Unknown: 0, Hits: 1, Excluded: map[measure.Reason]int64{pci: 1, recent: 1}},
		"coronary.mace_30":           {Known: 5, Unknown: 0, Hits: 2},                                                // 2, 3
		"coronary.mace_365":          {Known: 5, Unknown: 0, Hits: 4},                                                // 2, 3, 4, 6
		"coronary.bleeding_30":       {Known: 5, Unknown: 1, Hits: 1, Excluded: map[measure.Reason]int64{recent: 1}}, // 4; nobody asked 5
		"coronary.contrast":          {Known: 4, Unknown: 0, Sum: 150 + 181 + 180 + 100, Hits: 4, Excluded: map[measure.Reason]int64{bare: 3}},
		"coronary.contrast_high":     {Known: 4, Unknown: 0, Hits: 1}, // 2: 181 of at most 180
		"coronary.dose":              {Known: 4, Unknown: 0, Hits: 4, Sum: 3600},
		"coronary.fluoroscopy":       {Known: 4, Unknown: 0, Hits: 4, Sum: 500},
		"coronary.dual_antiplatelet": {Known: 4, Unknown: 0, Hits: 3}, // not 2
	})
}

// Operations of people of sixty and more count for the township their home
// hospital registered; the number of elderly is that in force on the day of the
// lock, and a township without one is left out by name.
func TestElderlyCountForTheirTownship(t *testing.T) {
	w := servicetest.New(t)
	on := w.Today().AddDays(-30)
	for i, x := range []struct{ town, birth string }{
		{"石坪镇", on.AddMonths(-60 * 12).String()},            // sixty on the day
		{"石坪镇", on.AddMonths(-60 * 12).AddDays(1).String()}, // a day younger
		{"石坪镇", "1940-01-01"}, {"北渡镇", "1940-01-01"}, {"", "1940-01-01"}, {"松岭乡", ""},
	} {
		person := w.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: on, Joints: 1})
		w.Run(`update person set birth_on = nullif($3, '')::date where partnership_id = $1 and id = $2`, w.Partnership.ID, person, x.birth)
		w.Run(`insert into registration (partnership_id, id, person_id, hospital_id, visible_to, township, legal_basis, slip_code, registered_on, created_at, created_by)
			values ($1, $2, $3, $4, array[$4::uuid], $5, 'history', $6, '2026-01-01', '2026-01-01', $3)`, w.Partnership.ID, ident.New(), person, w.ID(servicetest.Mountain), x.town, fmt.Sprint("slip", i))
	}
	for i, x := range []struct {
		town string
		from clock.Date
	}{{"石坪镇", on}, {"松岭乡", on}, {"北渡镇", w.Today().AddDays(1)}} {
		w.Run(`insert into reference_value (partnership_id, id, kind, key, value, from_on, source, created_at, created_by) values ($1, $2, 'elderly', $3, $4, $5, 'x', '2026-01-01', $2)`,
			w.Partnership.ID, ident.New(), x.town, 1000*(i+1), x.from)
	}
	checked(t, sampled(t, w, measure.Residents), map[measure.ID]measure.Sample{
		"access.townships":    {Known: 5, Hits: 5, Excluded: map[measure.Reason]int64{measure.NoPlace: 1}},
		"access.elderly_rate": {Known: 2, Unknown: 1, Hits: 2, Excluded: map[measure.Reason]int64{measure.NoPlace: 1, measure.NotElderly: 1, measure.NoPopulation: 1}},
	})
}
