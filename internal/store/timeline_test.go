package store_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

func TestALongStoryTakesFewStatements(t *testing.T) {
	w := servicetest.New(t)
	s := care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock})
	c := w.Case(servicetest.Mountain, procedure.Joint, "单行舟")
	tr := w.TreatmentIn(c, servicetest.Mountain, treatment.ConfirmEligible)
	w.Exec(`insert into treatment_event (partnership_id, id, treatment_id, hospital_id, visible_to, action, from_state, to_state, happened_on, created_at, created_by)
		select $1, md5('story' || i)::uuid, $2, $3, array[$3::uuid], 'estimate', 'estimated', 'estimated', $4::date - i, $5, $2 from generate_series(1, 200) i`,
		w.Partnership.ID, tr.ID, w.ID(servicetest.Mountain), w.Today(), w.Clock.Now())
	who, n := w.Registrar(servicetest.Mountain), 0
	store.Observe(w.DB, func(string, []any) { n++ })
	defer store.Observe(w.DB, nil)
	v, err := s.Timeline(t.Context(), who, care.TimelineInput{Person: c.Person, Case: c.ID})
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Entries) < 203 {
		t.Errorf("%d entries", len(v.Entries))
	}
	if n > 6 {
		t.Errorf("%d statements", n)
	}
	for i := range v.Entries[1:] {
		if a, b := v.Entries[i], v.Entries[i+1]; b.On.Before(a.On) && !b.On.IsZero() {
			t.Fatalf("out of order at %d", i)
		}
	}
}
