// Package store is the only room with SQL. Each aggregate has its file; all of
// them work on a [Tx], and only services open one.
//
// Every statement runs inside [DB.InTx]: the first statement sets the scope row
// security compares with, the last ones write the audit events. Statements are
// prepared once per connection through one registry, because the cost of a
// request is the number of round trips, and an unprepared query takes two.
package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Options open a [DB].
type Options struct {
	DSN   string // keyword form, role without DDL; sslmode and binary_parameters are the caller's
	Clock clock.Clock
	Keys  *seal.Keyring
	Log   *slog.Logger
	// Web and Jobs bound the two pools; 0 means 16 and 4.
	Web, Jobs int
	// History is the file that remembers the newest history of the server that was
	// seen; empty: it is remembered until the process ends.
	History string
}

// DB is the database: a pool for people's requests with short limits, and one
// for background work with long ones. (Changes of policy are polled, so no
// third pool listens.)
type DB struct {
	web, jobs *pool
	clock     clock.Clock
	keys      *seal.Keyring
	log       *slog.Logger
	fence     *fence
}

// The limits of the two pools. A statement that takes longer than the web limit
// is a fault; background work may take its time but not forever.
const (
	webStatement  = 15 * time.Second
	webCall       = 20 * time.Second // all statements of a transaction for somebody who waits, with its repetitions
	jobStatement  = 10 * time.Minute
	lockTimeout   = 5 * time.Second
	idleInTx      = 30 * time.Second
	networkMargin = 2 * time.Second // after the server's own limit the network is to blame
)

// Open connects both pools and checks that the role may not change the schema.
func Open(ctx context.Context, o Options) (*DB, error) {
	fence, err := newFence(o.History)
	if err != nil {
		return nil, err
	}
	web, err := newPool(o.DSN, webStatement, sized(o.Web, 16), fence)
	if err != nil {
		return nil, err
	}
	jobs, err := newPool(o.DSN, jobStatement, sized(o.Jobs, 4), fence)
	if err != nil {
		_ = web.db.Close()
		return nil, err
	}
	db := &DB{web: web, jobs: jobs, clock: o.Clock, keys: o.Keys, log: o.Log, fence: fence}
	if err := db.checkRole(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// sized is the wanted number of connections, or the usual one.
func sized(wanted, usual int) int {
	if wanted <= 0 {
		return usual
	}
	return wanted
}

// Close closes the pools.
func (db *DB) Close() error {
	err := db.web.db.Close()
	if e := db.jobs.db.Close(); err == nil {
		err = e
	}
	return err
}

// checkRole refuses to serve as owner, superuser or a role above row security:
// policies would silently not apply.
func (db *DB) checkRole(ctx context.Context) error {
	var above bool
	err := db.web.db.GetContext(ctx, &above, `
		select r.rolsuper or r.rolbypassrls or exists (
			select 1 from pg_class c where c.relowner = r.oid and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace)
		from pg_roles r where r.rolname = current_user`)
	if _, ours := errors.AsType[*errs.Error](err); ours {
		return err
	}
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.database.unreachable", nil)
	}
	if above {
		return errs.New(errs.Precondition, "error.database.owner_role", nil)
	}
	return nil
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	return errs.Wrap(db.web.db.PingContext(ctx), errs.Unavailable, "error.database.unreachable", nil)
}

// Now is the clock's instant.
func (db *DB) Now() time.Time { return db.clock.Now() }

// Clock is the clock all rows are stamped with.
func (db *DB) Clock() clock.Clock { return db.clock }

// pool is one set of connections and the statements prepared on it.
type pool struct {
	db    *sqlx.DB
	slots chan struct{} // one for each transaction at a time
	mu    sync.Mutex
	stmts map[string]*sqlx.Stmt

	preparing chan struct{}                  // one spare connection, so one at a time
	observe   func(query string, args []any) // set by the test that asks the planner about every read
}

func (p *pool) note(query string, args []any) {
	if p.observe != nil {
		p.observe(query, args)
	}
}

// enter takes the place of one transaction; the caller gives it back with leave.
func (p *pool) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *pool) leave() { <-p.slots }

// maxStatements bounds the registry; queries are constants and a few filter
// shapes, so it is never reached unless somebody builds SQL from input.
const maxStatements = 600

func newPool(dsn string, statement time.Duration, size int, fence *fence) (*pool, error) {
	connectors, err := connectorsOf(withLimits(dsn, statement), deadlineDialer{limit: statement + networkMargin})
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.database.dsn", nil)
	}
	db := sqlx.NewDb(sql.OpenDB(boundConnector{connectors[0], connectors[1:], fence}), "postgres")
	// One connection more than there are transactions: a statement is prepared by
	// the pool while its transaction holds a connection, and with none to spare
	// transactions that all meet a new statement would wait for each other for ever.
	db.SetMaxOpenConns(size + 1)
	db.SetMaxIdleConns(size + 1)
	db.SetConnMaxLifetime(30 * time.Minute)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &pool{db: db, slots: make(chan struct{}, size), stmts: map[string]*sqlx.Stmt{}, preparing: make(chan struct{}, 1)}, nil
}

// withLimits adds the pool's limits to an address in keyword or URL form.
func withLimits(dsn string, statement time.Duration) string {
	limits := [][2]string{
		{"binary_parameters", "yes"}, // one round trip for an unprepared query instead of two
		{"statement_timeout", strconv.FormatInt(statement.Milliseconds(), 10)},
		{"lock_timeout", strconv.FormatInt(lockTimeout.Milliseconds(), 10)},
		{"idle_in_transaction_session_timeout", strconv.FormatInt(idleInTx.Milliseconds(), 10)},
	}
	u, err := url.Parse(dsn)
	if err == nil && u.Scheme != "" && (u.Host != "" || u.Query().Has("host")) { // the host of a socket stands in the query
		q := u.Query()
		for _, l := range limits {
			q.Set(l[0], l[1])
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	for _, l := range limits {
		dsn += " " + l[0] + "=" + l[1]
	}
	return dsn
}

// stmt is the prepared form of a query, or nil when the registry is full.
func (p *pool) stmt(ctx context.Context, query string) (*sqlx.Stmt, error) {
	if s, known := p.known(query); known {
		return s, nil
	}
	select {
	case p.preparing <- struct{}{}:
		defer func() { <-p.preparing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s, known := p.known(query); known { // somebody was faster
		return s, nil
	}
	s, err := p.db.PreparexContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stmts[query] = s
	return s, nil
}

// known looks a statement up; with a full registry every one counts as known,
// and what is not in it goes unprepared.
func (p *pool) known(query string) (*sqlx.Stmt, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.stmts[query]
	return s, ok || len(p.stmts) >= maxStatements
}

// pause waits before a retry: longer each time, never in step with the others,
// and not at all once the caller is gone.
func pause(ctx context.Context, attempt int) error {
	t := time.NewTimer(time.Duration(10<<attempt)*time.Millisecond + ident.Jitter(10*time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
