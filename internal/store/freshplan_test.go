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
	var a asking
	store.Observe(w.DB, func(query string, args []any) {
		if strings.Contains(query, "from casefile") {
			a = asking{query: query, args: args}
		}
	})
	who := w.Registrar(servicetest.Mountain)
	w.Do(who, func(tx *store.Tx) error { return drop(tx.CasesOf(ident.New())) })
	store.Observe(w.DB, nil)
	plan := genericPlan(t, w, a)
	if strings.Count(plan, "AND (root_id = CASE") != 1 || strings.Count(plan, "AND (id = CASE") != 1 || strings.Contains(plan, "Join Filter") {
		t.Errorf("people are not looked up:\n%s", plan)
	}
}

// genericPlan is the plan of a statement that knows no value, as text.
func genericPlan(t *testing.T, w *servicetest.World, a asking) string {
	t.Helper()
	tx, err := pgtest.Open(t, w.Database.AppDSN).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range []string{"set local plan_cache_mode = force_generic_plan", "prepare q as " + a.query} {
		if _, err := tx.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := tx.Query("explain execute q(" + literals(t, a.args) + ")")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}
