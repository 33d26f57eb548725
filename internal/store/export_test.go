package store

// Observe tells fn of every read, before it runs, with its parameters.
func Observe(db *DB, fn func(query string, args []any)) { db.web.observe, db.jobs.observe = fn, fn }
