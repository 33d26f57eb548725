package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgembed"
)

// Advisory locks of the test databases on an external server: one while the
// template is built or databases are swept, and one per process under which
// its databases count as in use.
const (
	lockTemplate = 0x53480001
	lockClass    = 0x5348
)

// openExternal prepares roles and a template on a server that is already there.
// The address is a superuser's.
func openExternal(ctx context.Context, address string, fsys fs.FS) (*cluster, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.User == nil {
		return nil, fmt.Errorf("%s must be postgres://superuser:password@host/", EnvExternal)
	}
	super := u.User.Username()
	dsn := func(role, db string) string {
		v := *u
		if role == pgembed.SuperRole {
			role = super
		}
		if password, has := u.User.Password(); has {
			v.User = url.UserPassword(role, password)
		} else {
			v.User = url.User(role)
		}
		v.Path = "/" + db
		q := v.Query()
		q.Set("binary_parameters", "yes")
		v.RawQuery = q.Encode()
		return v.String()
	}
	admin, err := sql.Open("postgres", dsn(pgembed.SuperRole, adminDatabase))
	if err != nil {
		return nil, err
	}
	conn, err := admin.Conn(ctx) // lives as long as the process, and its locks with it
	if err != nil {
		return nil, err
	}
	c := &cluster{dsn: dsn, stop: func() { _ = conn.Close(); _ = admin.Close() }}
	if err := c.prepareExternal(ctx, conn, u, fsys); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *cluster) prepareExternal(ctx context.Context, conn *sql.Conn, u *url.URL, fsys fs.FS) error {
	var version string
	if err := conn.QueryRowContext(ctx, "show server_version").Scan(&version); err != nil {
		return err
	}
	key, err := contentKey(fsys, version)
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock($1)", lockTemplate); err != nil {
		return err
	}
	defer conn.ExecContext(ctx, "select pg_advisory_unlock($1)", lockTemplate)
	if err := sweepExternal(ctx, conn); err != nil {
		return err
	}
	id := ident.New()
	token := int32(uint32(id[15])|uint32(id[14])<<8|uint32(id[13])<<16) + 1 // #nosec G115 -- a number for names of test databases
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock($1, $2)", lockClass, token); err != nil {
		return err
	}
	c.template, c.prefix = "shanhai_tpl_"+key, fmt.Sprintf("shanhai_t_%d_", token)
	var there bool
	err = conn.QueryRowContext(ctx, "select exists (select from pg_database where datname = $1)", c.template).Scan(&there)
	if err != nil || there {
		return err
	}
	work := c.template + "_new"
	script := []string{"drop database if exists " + work + " with (force)"}
	if err := run(ctx, conn, script...); err != nil {
		return err
	}
	if err := pgembed.EnsureRoles(ctx, c.dsn(pgembed.SuperRole, adminDatabase)); err != nil {
		return err
	}
	if password, has := u.User.Password(); has {
		err := run(ctx, conn, "alter role "+pgembed.OwnerRole+" password "+pq.QuoteLiteral(password),
			"alter role "+pgembed.AppRole+" password "+pq.QuoteLiteral(password))
		if err != nil {
			return err
		}
	}
	if err := buildTemplate(ctx, c.dsn, work, fsys); err != nil {
		return err
	}
	return run(ctx, conn, "alter database "+work+" rename to "+c.template)
}

// sweepExternal drops the databases of processes that are gone: nobody holds
// their lock.
func sweepExternal(ctx context.Context, conn *sql.Conn) error {
	names, err := collect(ctx, conn, `select datname from pg_database where datname ~ '^shanhai_t_\d+_\d+$'`,
		func(rows *sql.Rows, name *string) error { return rows.Scan(name) })
	if err != nil {
		return err
	}
	for _, name := range names {
		token := strings.Split(name, "_")[2]
		var free bool
		err := conn.QueryRowContext(ctx, "select pg_try_advisory_lock($1, $2::int)", lockClass, token).Scan(&free)
		if err != nil {
			return err
		}
		if !free {
			continue
		}
		if err := run(ctx, conn, "drop database if exists "+name+" with (force)",
			fmt.Sprintf("select pg_advisory_unlock(%d, %s)", lockClass, token)); err != nil {
			return err
		}
	}
	return nil
}

func run(ctx context.Context, conn *sql.Conn, statements ...string) error {
	for _, s := range statements {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}
