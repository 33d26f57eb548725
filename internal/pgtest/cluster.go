package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"runtime"
	"sync"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"

	"github.com/shanhai-health/shanhai/internal/pgembed"
)

// cluster is a server with a migrated template, and the databases cloned from it.
type cluster struct {
	dsn      func(role, db string) string
	template string
	prefix   string // of the names of our databases
	binDir   string
	stop     func()
	said     *said // what the server says; nil: it is not ours

	cloning sync.Mutex // PostgreSQL refuses to copy a template twice at a time
	seq     int
	seeds   *seeds

	pool sync.Mutex
	idle []*Database
}

// take hands out an idle database, emptied, or a new clone. It never waits for
// another test to finish, so a test may hold several.
func (c *cluster) take(ctx context.Context) (*Database, error) {
	if d := c.pop(); d != nil {
		if !d.used {
			return d, nil
		}
		if err := c.seeds.reset(ctx, d.SuperDSN); err == nil {
			return d, nil
		}
		// What cannot be emptied (a test changed the schema) is made anew.
		if err := c.drop(ctx, d); err != nil {
			return nil, err
		}
	}
	return c.clone(ctx)
}

func (c *cluster) pop() *Database {
	c.pool.Lock()
	defer c.pool.Unlock()
	if len(c.idle) == 0 {
		return nil
	}
	d := c.idle[len(c.idle)-1]
	c.idle = c.idle[:len(c.idle)-1]
	return d
}

// give takes a database back. As many are kept as tests can run at a time.
func (c *cluster) give(ctx context.Context, d *Database) error {
	c.pool.Lock()
	keep := !d.broken && len(c.idle) < runtime.GOMAXPROCS(0)
	if keep {
		d.used = true
		c.idle = append(c.idle, d)
	}
	c.pool.Unlock()
	if keep {
		return nil
	}
	return c.drop(ctx, d)
}

func (c *cluster) clone(ctx context.Context) (*Database, error) {
	c.cloning.Lock()
	defer c.cloning.Unlock()
	d := c.next()
	err := c.admin(ctx, fmt.Sprintf(`create database %s owner %s template %s strategy file_copy`,
		pq.QuoteIdentifier(d.Name), pgembed.OwnerRole, pq.QuoteIdentifier(c.template)))
	if err != nil {
		return nil, err
	}
	// Rights on a database are not copied from its template.
	if err := pgembed.EnsureDatabase(ctx, c.dsn(pgembed.SuperRole, adminDatabase), d.Name); err != nil {
		return nil, err
	}
	if c.seeds == nil {
		if c.seeds, err = readSeeds(ctx, d.SuperDSN); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (c *cluster) empty(ctx context.Context) (*Database, error) {
	c.cloning.Lock()
	defer c.cloning.Unlock()
	d := c.next()
	d.broken = true
	return d, pgembed.EnsureDatabase(ctx, c.dsn(pgembed.SuperRole, adminDatabase), d.Name)
}

// next names a new database; the caller holds cloning.
func (c *cluster) next() *Database {
	c.seq++
	name := fmt.Sprintf("%s%d", c.prefix, c.seq)
	return &Database{
		Name:     name,
		OwnerDSN: c.dsn(pgembed.OwnerRole, name),
		AppDSN:   c.dsn(pgembed.AppRole, name),
		SuperDSN: c.dsn(pgembed.SuperRole, name),
	}
}

func (c *cluster) drop(ctx context.Context, d *Database) error {
	return c.admin(ctx, "drop database if exists "+pq.QuoteIdentifier(d.Name)+" with (force)")
}

// adminDatabase is where statements about other databases are sent from.
const adminDatabase = "postgres"

func (c *cluster) admin(ctx context.Context, statement string) error {
	return execute(ctx, c.dsn(pgembed.SuperRole, adminDatabase), statement)
}

func (c *cluster) close() { c.stop() }

func execute(ctx context.Context, dsn, statement string) error {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// buildTemplate makes roles and the migrated template on a server.
func buildTemplate(ctx context.Context, dsn func(role, db string) string, name string, fsys fs.FS) error {
	super := dsn(pgembed.SuperRole, adminDatabase)
	if err := pgembed.EnsureRoles(ctx, super); err != nil {
		return err
	}
	if err := pgembed.EnsureDatabase(ctx, super, name); err != nil {
		return err
	}
	return migrate(ctx, dsn(pgembed.OwnerRole, name), fsys)
}

// migrate is the plain form of what the store does, which cannot be used here:
// the store's own tests stand on this package.
func migrate(ctx context.Context, ownerDSN string, fsys fs.FS) error {
	db, err := sql.Open("postgres", ownerDSN)
	if err != nil {
		return err
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, fsys)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
