package store_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
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

// A page of the desk with a hospital as condition reads the partnership's hospitals
// itself; keeping the filter reads them only when it is another one.
func TestTheFilterOfADeskAsksForHospitalsOnlyWhenItIsAnotherOne(t *testing.T) {
	w := servicetest.New(t)
	s, who := reporting.New(reporting.Deps{DB: w.DB, Policy: w.Policy}), w.Official()
	f := measure.Filter{HospitalID: w.ID(servicetest.Mountain)}
	reads := 0
	store.Observe(w.DB, func(query string, _ []any) {
		if strings.Contains(query, "from partnership_member m join organisation") {
			reads++
		}
	})
	t.Cleanup(func() { store.Observe(w.DB, nil) })
	for _, most := range []int{2, 1, 1} {
		reads = 0
		if err := s.KeepFilter(t.Context(), who, f); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Board(t.Context(), who, reporting.BoardInput{Measures: []measure.ID{"quality.operations", "all.patients"}, Filter: f}); err != nil {
			t.Fatal(err)
		}
		if reads != most {
			t.Errorf("the hospitals are read %d times, not %d", reads, most)
		}
	}
}
