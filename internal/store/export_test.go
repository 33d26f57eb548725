package store

// Observe tells fn of every read, before it runs, with its parameters.
func Observe(db *DB, fn func(query string, args []any)) { db.web.observe, db.jobs.observe = fn, fn }

// FactListQuery is the first page of the list behind a measure, for its plan.
func (tx *Tx) FactListQuery(l FactList) (string, []any) {
	return basesOfFacts()[l.Definition.Base].list(), append(tx.factArgs(l.Filter), string(l.Definition.ID), string(l.Part), l.Class, lastDay, lastID, 21, l.Definition.Exposed())
}
