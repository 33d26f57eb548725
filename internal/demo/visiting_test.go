package demo_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The programme of the demonstration shows each of its pages with something on it.
func theDemonstrationHasAVisitingProgramme(t *testing.T, db *store.DB, test *pgtest.Database) {
	super := pgtest.Open(t, test.SuperDSN)
	for question, least := range map[string]int{
		`select count(*) from visit where state = 'closed'`:       1,
		`select count(*) from visit_handover`:                     1,
		`select count(*) from visit_case where state = 'planned'`: 2,
		`select count(*) from privilege_exception x join procedure o on o.id = x.procedure_id where x.state = 'open' and 'procedure.outside_privilege' = any (o.marks)`: 1,
		`select count(*) from skill_signoff where live`:                             1,
		`select count(*) from teaching`:                                             2,
		`select count(*) from meeting_task where done_on is null`:                   2,
		`select count(*) from practitioner where licence_expires_on < '2026-11-24'`: 1,
	} {
		var n int
		if err := super.QueryRow(question).Scan(&n); err != nil || n < least {
			t.Errorf("%s: %d, %v", question, n, err)
		}
	}
	var unowned int
	err := super.QueryRow(`select count(*) from visit v join visit_member m on m.visit_id = v.id join procedure o on o.hospital_id = v.hospital_id
		and o.operated_on between v.from_on and v.to_on and m.practitioner_id = any (o.team)
		where v.state = 'closed' and not exists (select 1 from visit_handover h where h.visit_id = v.id and h.case_id = o.case_id)`).Scan(&unowned)
	if err != nil || unowned != 0 {
		t.Errorf("%d patients of the closed visit have no local doctor, %v", unowned, err)
	}
}
