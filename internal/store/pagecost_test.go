package store_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// mostReads is what opening a page of record may ask of the business tables: the
// cost of a page is its round trips, not its rows.
const mostReads = 6

var fromTable = regexp.MustCompile(`\b(?:from|join)\s+([a-z_]+)`)

// asksBusiness reports whether a read touches a table under row security. Which
// organisation stands on which side, and names, are the platform's.
func asksBusiness(query string) bool {
	for _, m := range fromTable.FindAllStringSubmatch(strings.ToLower(query), -1) {
		if _, ok := businessTables[m[1]]; ok {
			return true
		}
	}
	return false
}

// TestAPageOfRecordIsReadInSixQuestions: a case with two hundred events, its
// treatment and its patient's page cost the same few reads as one with three.
func TestAPageOfRecordIsReadInSixQuestions(t *testing.T) {
	w := servicetest.New(t)
	s := treatment.New(treatment.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock})
	follow := aftercare.New(aftercare.Deps{DB: w.DB, Policy: w.Policy})
	c := w.Case(servicetest.Mountain, procedure.Joint, "罗见山")
	for range 4 {
		w.TreatmentIn(c, servicetest.Mountain)
	}
	w.Exec(`insert into treatment_event (partnership_id, id, treatment_id, hospital_id, visible_to, action, from_state, to_state, happened_on, created_at, created_by)
		select t.partnership_id, gen_random_uuid(), t.id, t.hospital_id, t.visible_to, 'admit', 'approved', 'admitted', '2026-01-02', now(), t.created_by
		from treatment t cross join generate_series(1, 50) where t.case_id = $1`, c.ID)
	who := w.Registrar(servicetest.Mountain)
	var mu sync.Mutex
	var asked []string
	store.Observe(w.DB, func(query string, _ []any) {
		mu.Lock()
		defer mu.Unlock()
		if asksBusiness(query) {
			asked = append(asked, query)
		}
	})
	t.Cleanup(func() { store.Observe(w.DB, nil) })
	for name, open := range map[string]func() error{
		"the case": func() error {
			if _, err := s.Case(t.Context(), who, c.ID); err != nil {
				return err
			}
			_, err := follow.Block(t.Context(), who, c.ID) // stands on the same page
			return err
		},
		"the timeline": func() error {
			_, err := s.Timeline(t.Context(), who, treatment.TimelineInput{Person: c.Person, Case: c.ID})
			return err
		},
	} {
		asked = nil
		if err := open(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(asked) == 0 || len(asked) > mostReads {
			t.Errorf("%s asks the business tables %d times, at most %d:\n%s", name, len(asked), mostReads, strings.Join(asked, "\n--\n"))
		}
	}
}
