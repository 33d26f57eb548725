package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/lib/pq"
)

// seeds are the rows the migrations themselves bring (the migration table, a
// first version number): a used database gets exactly these back.
type seeds struct {
	tables    map[string]seed
	sequences []string // already used by the migrations
}

type seed struct {
	mark string // fingerprint of all rows
	rows string // JSON array of them
}

// truncateFrom is the size in bytes from which a table is truncated: below it,
// deleting the few rows of a test is several times faster than making new files
// for the table and each of its indexes.
const truncateFrom = 64 << 10

const listTables = `
select format('%I.%I', n.nspname, c.relname), pg_relation_size(c.oid), c.reltuples > 0
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
order by 1`

const markExpr = `(select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) from %s t)`

type table struct {
	name     string
	size     int64
	analysed bool
}

func tables(ctx context.Context, db *sql.Conn) ([]table, error) {
	return collect(ctx, db, listTables, func(rows *sql.Rows, t *table) error {
		return rows.Scan(&t.name, &t.size, &t.analysed)
	})
}

func collect[T any](ctx context.Context, db *sql.Conn, query string, scan func(*sql.Rows, *T) error) ([]T, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var item T
		if err := scan(rows, &item); err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, rows.Err()
}

// readSeeds looks at a fresh clone.
func readSeeds(ctx context.Context, dsn string) (*seeds, error) {
	s := &seeds{tables: map[string]seed{}}
	err := withConn(ctx, dsn, func(db *sql.Conn) error {
		all, err := tables(ctx, db)
		if err != nil {
			return err
		}
		filled, err := withRows(ctx, db, all)
		if err != nil {
			return err
		}
		for _, t := range filled {
			var sd seed
			err := db.QueryRowContext(ctx, fmt.Sprintf(`select `+markExpr+`, (select jsonb_agg(to_jsonb(t)) from %[1]s t)`, t.name)).
				Scan(&sd.mark, &sd.rows)
			if err != nil {
				return err
			}
			s.tables[t.name] = sd
		}
		s.sequences, err = collect(ctx, db, `select format('%I.%I', schemaname, sequencename) from pg_sequences where last_value is not null`,
			func(rows *sql.Rows, name *string) error { return rows.Scan(name) })
		return err
	})
	return s, err
}

// withRows keeps the tables that have at least one row, in one round trip.
func withRows(ctx context.Context, db *sql.Conn, all []table) ([]table, error) {
	if len(all) == 0 {
		return nil, nil
	}
	parts := make([]string, len(all))
	for i, t := range all {
		parts[i] = fmt.Sprintf("select %d where exists (select from %s)", i, t.name)
	}
	return collect(ctx, db, strings.Join(parts, " union all "), func(rows *sql.Rows, t *table) error {
		var i int
		err := rows.Scan(&i)
		*t = all[i]
		return err
	})
}

// reset empties a database and puts the seeds back.
func (s *seeds) reset(ctx context.Context, dsn string) error {
	return withConn(ctx, dsn, func(db *sql.Conn) error {
		// A connection a test forgot would block the emptying.
		_, err := db.ExecContext(ctx, `select pg_terminate_backend(pid) from pg_stat_activity
			where datname = current_database() and pid <> pg_backend_pid()`)
		if err != nil {
			return err
		}
		all, err := tables(ctx, db)
		if err != nil {
			return err
		}
		if err := s.clear(ctx, db, all); err != nil {
			return err
		}
		return s.restore(ctx, db)
	})
}

// clear removes every row that is not in a table with seeds.
func (s *seeds) clear(ctx context.Context, db *sql.Conn, all []table) error {
	filled, err := withRows(ctx, db, all)
	if err != nil {
		return err
	}
	hasRows := map[string]bool{}
	for _, t := range filled {
		hasRows[t.name] = true
	}
	// Replica mode: neither the triggers that keep money and audit append-only
	// nor foreign keys stand in the way, so the order does not matter.
	script := []string{"set session_replication_role = replica", "set lock_timeout = '10s'"}
	var big []string
	for _, t := range all {
		if _, seeded := s.tables[t.name]; seeded {
			continue
		}
		switch {
		// Truncating also forgets the size a planner saw, which deleting does not.
		case t.size > truncateFrom || t.analysed:
			big = append(big, t.name)
		case hasRows[t.name]:
			script = append(script, "delete from "+t.name)
		}
	}
	if len(big) > 0 {
		script = append(script, "truncate "+strings.Join(big, ", ")+" cascade", "delete from pg_statistic where starelid >= 16384")
	}
	_, err = db.ExecContext(ctx, strings.Join(script, ";\n"))
	return err
}

// restore puts the seeds and the sequences back as they were.
func (s *seeds) restore(ctx context.Context, db *sql.Conn) error {
	for name, sd := range s.tables {
		same, err := hasMark(ctx, db, name, sd.mark)
		if err != nil {
			return err
		}
		if same {
			continue
		}
		columns, err := insertable(ctx, db, name)
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, "delete from "+name) // #nosec G202 -- names come from the catalogue of the test database
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, fmt.Sprintf(`insert into %[1]s (%[2]s) overriding system value
			select %[2]s from jsonb_populate_recordset(null::%[1]s, $1::jsonb)`, name, columns), sd.rows)
		if err != nil {
			return err
		}
		if same, err = hasMark(ctx, db, name, sd.mark); err != nil || !same {
			return fmt.Errorf("the rows of %s could not be put back: %w", name, err)
		}
	}
	_, err := db.ExecContext(ctx, `select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
		from pg_sequences where last_value is not null and format('%I.%I', schemaname, sequencename) <> all ($1::text[])`,
		pq.Array(s.sequences))
	return err
}

func hasMark(ctx context.Context, db *sql.Conn, name, mark string) (bool, error) {
	var now string
	err := db.QueryRowContext(ctx, fmt.Sprintf("select "+markExpr, name)).Scan(&now)
	return now == mark, err
}

// insertable lists the columns of a table that are not computed.
func insertable(ctx context.Context, db *sql.Conn, name string) (string, error) {
	var list string
	err := db.QueryRowContext(ctx, `select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
		where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''`, name).Scan(&list)
	return list, err
}

// withConn runs fn on one connection, whose session settings end with it.
func withConn(ctx context.Context, dsn string, fn func(*sql.Conn) error) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return fn(conn)
}
