// Package pgtest gives tests a migrated, empty PostgreSQL database of their own.
//
//	func TestSomething(t *testing.T) {
//		db := pgtest.DB(t)
//		… db.OwnerDSN, db.AppDSN, db.SuperDSN …
//	}
//
// It is made to be cheap. A cluster with the migrated template is built once per
// content of the migrations and kept in the temporary folder; each test process
// copies it, starts a server of its own on the copy (no fsync), and clones
// databases from the template as tests ask for them. A database that comes back
// is emptied and given to the next test. Nothing is left behind: the server dies
// with the process, and a small watcher then removes the copy. No TestMain is
// needed.
//
// Where PostgreSQL is missing the test fails and names the command that installs
// it. SHANHAI_TEST_DATABASE_URL (a superuser's postgres:// address) makes the
// tests use another server instead.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"sync"
	"testing"

	_ "github.com/lib/pq" // the driver of Open

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/pgembed"
	"github.com/shanhai-health/shanhai/migrations"
)

// EnvExternal names the server to use instead of a private one.
const EnvExternal = "SHANHAI_TEST_DATABASE_URL"

// Database is one database of a test. The texts are for lib/pq.
type Database struct {
	Name     string
	OwnerDSN string // shanhai_owner: owns the tables
	AppDSN   string // shanhai_app: no owner, under row security
	SuperDSN string // superuser, to look behind row security

	used   bool // handed out before, so it must be emptied first
	broken bool // not to be handed out again
}

// Discard keeps the database from being used again: for tests that change the
// schema, settings or grants, which emptying does not undo.
func (d *Database) Discard() { d.broken = true }

// process is the one server of this test process: starting a server per test
// would cost more than the tests. Nothing else of this package outlives a test.
var process struct {
	once    sync.Once
	cluster *cluster
	err     error
}

func server() (*cluster, error) {
	process.once.Do(func() {
		if url := os.Getenv(EnvExternal); url != "" {
			process.cluster, process.err = openExternal(context.Background(), url, migrations.FS)
			return
		}
		process.cluster, process.err = openPrivate(context.Background(), baseDir(), migrations.FS)
	})
	return process.cluster, process.err
}

// DB gives a migrated database without rows other than those the migrations
// bring. It is taken back when the test ends.
func DB(t testing.TB) *Database {
	t.Helper()
	return take(t, (*cluster).take)
}

// Empty gives a database without any table, for tests of the migrations. Roles
// and database rights are as in production.
func Empty(t testing.TB) *Database {
	t.Helper()
	return take(t, (*cluster).empty)
}

func take(t testing.TB, from func(*cluster, context.Context) (*Database, error)) *Database {
	t.Helper()
	c, err := server()
	if err != nil {
		t.Fatal(explain(err))
	}
	d, err := from(c, t.Context())
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := c.give(context.Background(), d); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return d
}

// explain adds the remedy that the error's catalogue text would name.
func explain(err error) string {
	text := "pgtest: " + err.Error()
	if e, ok := errors.AsType[*errs.Error](err); ok && e.Args["command"] != nil {
		return text + "\nThe tests need a PostgreSQL server, 15 or newer. Run: " + pgembed.InstallCommand()
	}
	return text
}

// Open opens a pool that is closed when the test ends.
func Open(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// BinDir is the folder of psql, pg_dump and the other programs of the private
// server; empty when an external server is used.
func BinDir(t testing.TB) string {
	t.Helper()
	c, err := server()
	if err != nil {
		t.Fatal(explain(err))
	}
	return c.binDir
}

// Main runs the tests and removes the server before the process ends, a moment
// earlier than it would go by itself. Using it is optional.
func Main(m *testing.M) {
	code := m.Run()
	if process.cluster != nil {
		process.cluster.close()
	}
	os.Exit(code)
}
