package store_test

import (
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// A person and those merged with it are looked up by index, also by a plan made before
// the database has looked at its tables, which is kept until then.
func TestMergedPeopleAreLookedUpByIndex(t *testing.T) {
	w := servicetest.New(t)
	a := asking{who: w.Registrar(servicetest.Mountain)}
	store.Observe(w.DB, func(query string, args []any) {
		if strings.Contains(query, "from casefile") {
			a.query, a.args = query, args
		}
	})
	w.Do(a.who, func(tx *store.Tx) error { return drop(tx.CasesOf(ident.New())) })
	store.Observe(w.DB, nil)
	plan := string(planOf(t, pgtest.Open(t, w.Database.AppDSN), a, "force_generic_plan", "costs off"))
	if strings.Count(plan, "AND (root_id = CASE") != 1 || strings.Count(plan, "AND (id = CASE") != 1 || strings.Contains(plan, "Join Filter") {
		t.Errorf("people are not looked up:\n%s", plan)
	}
}
