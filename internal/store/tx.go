package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Tx is one transaction in one partnership, with the scope of one principal.
// All methods of the aggregates hang on it. It must not outlive the closure.
type Tx struct {
	ctx       context.Context
	tx        *sqlx.Tx
	pool      *pool
	who       user.Principal
	now       time.Time
	keys      *seal.Keyring
	events    []audit.Event
	reads     []audit.Event
	unaudited string
	instant   bool // all statements read the same instant
}

// TxOption changes how a transaction runs.
type TxOption func(*txOptions)

type txOptions struct {
	jobs     bool
	retry    bool
	snapshot bool
}

// Background runs the transaction on the pool with the long limits.
func Background() TxOption { return func(o *txOptions) { o.jobs = true } }

// OneInstant lets all statements of the transaction read the same instant, for
// pages that show a figure and the list behind it. It is for reading: only read
// events may be recorded, an announced one would meet its chain head changed.
func OneInstant() TxOption { return func(o *txOptions) { o.snapshot = true } }

// retries of a transaction that may be repeated, beyond the first try.
const retries = 3

// InTx runs fn in one transaction as who, and commits when fn returns nil. It
// refuses to commit without an audit event or an explicit [Tx.NoAudit].
//
// fn must have no effect outside the database: it may run again after a
// serialization failure when the write carries an idempotency key. A refusal
// (forbidden, not found, precondition, conflict, stale) is rolled back, and the
// event fn had announced is recorded as refused in a second short transaction.
func (db *DB) InTx(ctx context.Context, who user.Principal, fn func(*Tx) error, options ...TxOption) error {
	var o txOptions
	for _, set := range options {
		set(&o)
	}
	p := db.web
	if o.jobs {
		p = db.jobs
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, webCall)
		defer cancel()
	}
	for attempt := 0; ; attempt++ {
		tx, err := db.attempt(ctx, p, who, fn, o.isolation())
		if err == nil {
			return nil
		}
		err = mapError(ctx, err)
		if o.retry && attempt < retries && repeatable(err) {
			if e := pause(ctx, attempt); e != nil {
				return mapError(ctx, e)
			}
			continue
		}
		if tx != nil && db.recordRefusal(ctx, tx, err) {
			err = errs.Recorded(err)
		}
		return err
	}
}

func (o txOptions) isolation() *sql.TxOptions {
	if o.snapshot {
		return &sql.TxOptions{Isolation: sql.LevelRepeatableRead}
	}
	return nil
}

// attempt is one try: begin, scope, fn, audit, commit.
func (db *DB) attempt(ctx context.Context, p *pool, who user.Principal, fn func(*Tx) error, level *sql.TxOptions) (_ *Tx, err error) {
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	defer p.leave()
	raw, err := p.db.BeginTxx(ctx, level)
	if err != nil {
		return nil, err
	}
	done := false
	defer func() {
		if !done { // an error, or a panic on its way up
			if e := raw.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) && err != nil {
				err = errors.Join(err, e)
			}
		}
	}()
	tx := &Tx{ctx: ctx, tx: raw, pool: p, who: who, now: db.clock.Now(), keys: db.keys, instant: level != nil}
	if err := tx.begin(); err != nil {
		return nil, err
	}
	if err := fn(tx); err != nil {
		return tx, err
	}
	if err := tx.writeAudit(); err != nil {
		return tx, err
	}
	if err := raw.Commit(); err != nil {
		return tx, commitError(err)
	}
	done = true
	return tx, nil
}

// commitError keeps a ledger transfer refused at commit a refusal: a
// distributed database reports the deferred check without its own code.
func commitError(err error) error {
	if e, ok := errors.AsType[*pq.Error](err); ok && e.Code == "XX000" {
		return errs.Wrap(err, errs.Precondition, "error.ledger.unbalanced", nil)
	}
	return err
}

func (tx *Tx) begin() error {
	var practitioner *ident.ID
	if tx.who.PractitionerID != ident.Nil {
		practitioner = &tx.who.PractitionerID
	}
	_, err := tx.exec(`select begin_scope($1, $2, $3, $4::uuid[], $5)`, tx.who.PartnershipID, tx.who.AccountID, practitioner,
		idArray(tx.who.ScopeIDs()), tx.who.Wide)
	return err
}

// Now is the one instant all rows of the transaction carry.
func (tx *Tx) Now() time.Time { return tx.now }

// Today is the day in Shanghai at that instant.
func (tx *Tx) Today() clock.Date { return clock.DateOf(tx.now.In(clock.Shanghai)) }

// Who is the principal the transaction acts as.
func (tx *Tx) Who() user.Principal { return tx.who }

// Partnership is the one partnership the transaction works in.
func (tx *Tx) Partnership() ident.ID { return tx.who.PartnershipID }

// NoAudit lets the transaction commit without an audit event. The reason is for
// the reader of the code: reads of figures, upkeep of sessions, own settings.
func (tx *Tx) NoAudit(reason string) { tx.unaudited = reason }

// get reads one row into dst; no row is sql.ErrNoRows.
func (tx *Tx) get(dst any, query string, args ...any) error {
	tx.pool.note(query, args)
	s, err := tx.stmt(query)
	if err != nil {
		return err
	}
	if s == nil {
		return tx.tx.GetContext(tx.ctx, dst, query, args...)
	}
	return s.GetContext(tx.ctx, dst, args...)
}

// list reads all rows of a bounded query into dst.
func (tx *Tx) list(dst any, query string, args ...any) error {
	tx.pool.note(query, args)
	s, err := tx.stmt(query)
	if err != nil {
		return err
	}
	if s == nil {
		return tx.tx.SelectContext(tx.ctx, dst, query, args...)
	}
	return s.SelectContext(tx.ctx, dst, args...)
}

// exec runs a statement and reports the number of rows it changed.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	s, err := tx.stmt(query)
	if err != nil {
		return 0, err
	}
	var res sql.Result
	if s == nil {
		res, err = tx.tx.ExecContext(tx.ctx, query, args...)
	} else {
		res, err = s.ExecContext(tx.ctx, args...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// once runs a statement whose text is not worth preparing (multi-row inserts of
// varying length).
func (tx *Tx) once(query string, args ...any) error {
	_, err := tx.tx.ExecContext(tx.ctx, query, args...)
	return err
}

// update runs a versioned update: no row changed means somebody was faster.
func (tx *Tx) update(query string, args ...any) error {
	n, err := tx.exec(query, args...)
	if err == nil && n == 0 {
		return errs.New(errs.Stale, "error.stale", nil)
	}
	return err
}

func (tx *Tx) stmt(query string) (*sqlx.Stmt, error) {
	s, err := tx.pool.stmt(tx.ctx, query)
	if err != nil || s == nil {
		return nil, err
	}
	return tx.tx.StmtxContext(tx.ctx, s), nil
}

// one is the usual ending of a read by key: no row is "not found".
func one[T any](v T, err error, missing string) (T, error) {
	if errors.Is(err, sql.ErrNoRows) {
		var zero T
		return zero, errs.Missing(missing)
	}
	return v, err
}

// idArray is a uuid[] parameter.
func idArray(ids []ident.ID) pq.StringArray {
	out := make(pq.StringArray, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

// textArray is a text[] parameter that is never NULL.
func textArray(s []string) pq.StringArray {
	if s == nil {
		return pq.StringArray{}
	}
	return s
}

// nullID is a uuid parameter that is NULL for the zero id.
func nullID(id ident.ID) *ident.ID {
	if id == ident.Nil {
		return nil
	}
	return &id
}

// placeholder is the number of a parameter in a query that is put together.
func placeholder(n int) string { return strconv.Itoa(n) }
