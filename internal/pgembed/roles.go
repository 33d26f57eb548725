package pgembed

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// rolesSQL makes the two roles, or brings them back to what they must be: the
// application is not the owner and cannot step around row security.
const rolesSQL = `
do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'shanhai_owner') then
    create role shanhai_owner;
  end if;
  if not exists (select from pg_catalog.pg_roles where rolname = 'shanhai_app') then
    create role shanhai_app;
  end if;
end $$;
alter role shanhai_owner login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role shanhai_app   login nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
-- A harmless placeholder on plain PostgreSQL; on Citus it carries SET LOCAL to the workers.
alter role shanhai_app set citus.propagate_set_commands = 'local';
`

// EnsureRoles makes the owner and the application role on a server, private or
// not. It is for a superuser and may be repeated.
func EnsureRoles(ctx context.Context, superDSN string) error {
	return withDB(superDSN, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, rolesSQL)
		return err
	})
}

// EnsureDatabase makes a database that belongs to the owner and that only the
// application role may enter besides. It is for a superuser and may be repeated.
func EnsureDatabase(ctx context.Context, superDSN, name string) error {
	return withDB(superDSN, func(db *sql.DB) error {
		var there bool
		err := db.QueryRowContext(ctx, `select exists (select from pg_catalog.pg_database where datname = $1)`, name).Scan(&there)
		if err != nil {
			return err
		}
		id := pq.QuoteIdentifier(name)
		if !there {
			_, err := db.ExecContext(ctx, fmt.Sprintf(`create database %s owner %s template template0
				encoding 'UTF8' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'`, id, OwnerRole))
			if err != nil {
				return err
			}
		}
		_, err = db.ExecContext(ctx, fmt.Sprintf(`revoke all on database %[1]s from public;
			grant connect on database %[1]s to %[2]s`, id, AppRole))
		return err
	})
}

// Prepare makes the roles and the service's database on this server.
func (s *Server) Prepare(ctx context.Context) error {
	if err := EnsureRoles(ctx, s.SuperDSN(SuperRole)); err != nil {
		return err
	}
	return EnsureDatabase(ctx, s.SuperDSN(SuperRole), Database)
}

func withDB(dsn string, fn func(*sql.DB) error) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return errs.Wrap(fn(db), errs.Unavailable, "error.pg.prepare_failed", nil)
}
