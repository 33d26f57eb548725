package servicetest

import (
	_ "embed"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

//go:embed outcomes.sql
var outcomesSQL string

// Outcomes gives every operation of the partnership what may become of it, by
// the chance of a seed: for tests of measures, which need many.
func (w *World) Outcomes(seed string) {
	w.T.Helper()
	w.Do(w.System(), func(tx *store.Tx) error {
		return tx.InsertPractitioner(practitioner.Practitioner{ID: ident.New(), Name: "覃望川", HomeOrg: w.ID(Mountain), Grade: practitioner.Attending})
	})
	w.Run(strings.NewReplacer(":seed", "'"+seed+"'", ":p", "'"+w.Partnership.ID.String()+"'::uuid").Replace(outcomesSQL))
}

// Run executes SQL behind row security, without triggers and foreign keys: tests
// put records where their rules of entry would not let them come.
func (w *World) Run(query string, args ...any) {
	w.T.Helper()
	tx, err := w.super.BeginTx(w.T.Context(), nil)
	if err != nil {
		w.T.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err = tx.ExecContext(w.T.Context(), "set local session_replication_role = replica"); err == nil {
		_, err = tx.ExecContext(w.T.Context(), query, args...)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		w.T.Fatal(err)
	}
}
