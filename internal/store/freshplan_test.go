package store_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/match"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
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

// documentsFromIndex: which document a search and the list of patients show beside a
// name, and what row security asks of it, can be read from its index. A planner that may
// not look at rows finds a way; whether it takes it by itself depends on how many people
// there are.
func documentsFromIndex(t *testing.T, w *servicetest.World) {
	who := w.Registrar(servicetest.MountainTwo)
	for name, read := range map[string]func(*store.Tx) error{
		"search": func(tx *store.Tx) error {
			return drop(tx.SearchRegistrations(who.Hospitals, match.ParseQuery("张三")))
		},
		"list": func(tx *store.Tx) error { return drop(tx.ListRegistrations(who.Hospitals, page.Request{})) },
	} {
		a := asking{who: who}
		store.Observe(w.DB, func(query string, args []any) {
			if strings.Contains(query, "as doc_last4") {
				a.query, a.args = query, args
			}
		})
		w.Do(who, read)
		store.Observe(w.DB, nil)
		const rowless = "force_generic_plan; set local enable_indexscan = off; set local enable_bitmapscan = off; set local enable_seqscan = off"
		plan := string(planOf(t, pgtest.Open(t, w.Database.AppDSN), a, rowless, "costs off"))
		if !regexp.MustCompile(`"Node Type": "Index Only Scan",[^{}]*"Index Name": "person_document_person"`).MatchString(plan) {
			t.Errorf("%s: the index is not enough:\n%s", name, plan)
		}
	}
}
