package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// Observe tells fn of every read, before it runs, with its parameters.
func Observe(db *DB, fn func(query string, args []any)) { db.web.observe, db.jobs.observe = fn, fn }

// FactListQuery is the first page of the list behind a measure, for its plan.
func (tx *Tx) FactListQuery(l FactList) (string, []any) {
	return basesOfFacts()[l.Definition.Base].list(), append(tx.factArgs(l.Filter), string(l.Definition.ID), string(l.Part), l.Class, lastDay, lastID, 21, l.Definition.Exposed())
}

// WithdrawForTest withdraws a person's operations without any of the steps that
// lead there.
func (tx *Tx) WithdrawForTest(person ident.ID) error {
	return tx.once(`update procedure set live = false where partnership_id = $1 and person_id = $2`, tx.Partnership(), person)
}

// LintIn looks for flaws inside a transaction, where some can be planted.
func LintIn(ctx context.Context, tx *sqlx.Tx) ([]Flaw, error) { return lintCatalogue(ctx, tx) }
