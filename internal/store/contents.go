package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/errs"
)

// Contents is what a database holds, in figures that two copies of it must
// share: a backup writes them down, a restore counts again.
type Contents struct {
	Level  int64                 `json:"level"` // of the schema
	Tables map[string]TableCount `json:"tables"`
	Ledger LedgerCount           `json:"ledger"`
	Chains []ChainHead           `json:"chains"`
}

// TableCount is the rows of a table and a sum over a hash of each, so that a
// changed cell is seen as well as a missing row.
type TableCount struct {
	Rows int64  `json:"rows"`
	Sum  string `json:"sum"`
}

// LedgerCount is the state of the books over all partnerships.
type LedgerCount struct {
	HeldFen   int64 `json:"held_fen"`   // what the accounts inside hold together
	Transfers int64 `json:"transfers"`  //
	OffByAny  int64 `json:"off_by_any"` // accounts whose balance is not the sum of their entries
	Unequal   int64 `json:"unequal"`    // transfers that do not sum to zero
}

// ChainHead is the end of one audit chain.
type ChainHead struct {
	Partnership  string `json:"partnership"`
	Organisation string `json:"organisation"`
	Lane         int    `json:"lane"`
	Seq          int64  `json:"seq"`
	Hash         string `json:"hash"`
}

// ReadContents reads the contents in one transaction and calls fn while it is open.
// The id lets pg_dump read exactly the same state. It needs a role above row
// security: the private database's superuser, or the owner.
func ReadContents(ctx context.Context, dsn string, fn func(id string, c Contents) error) error {
	return withOwner(ctx, dsn, func(tx *sqlx.Tx) error {
		var id string
		if err := tx.GetContext(ctx, &id, `select pg_export_snapshot()`); err != nil {
			return mapError(ctx, err)
		}
		c, err := contents(ctx, tx)
		if err != nil {
			return mapError(ctx, err)
		}
		return fn(id, c)
	})
}

// Analyze lets the planner count what is there: after a restore, or a load of many
// rows at once, it knows nothing until autovacuum comes by, and reads whole tables.
func Analyze(ctx context.Context, dsn string) error {
	db, err := ownerPool(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, `analyze`)
	return mapError(ctx, err)
}

// ownerPool connects as owner or superuser, beside the application's role.
func ownerPool(dsn string) (*sqlx.DB, error) {
	connector, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.database.dsn", nil)
	}
	return sqlx.NewDb(sql.OpenDB(connector), "postgres"), nil
}

// withOwner runs fn in one repeatable-read transaction that changes nothing.
func withOwner(ctx context.Context, dsn string, fn func(*sqlx.Tx) error) error {
	db, err := ownerPool(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.database.unreachable", nil)
	}
	defer func() { _ = tx.Rollback() }() // nothing was changed
	return fn(tx)
}

const listTables = `select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by c.relname`

func contents(ctx context.Context, tx *sqlx.Tx) (Contents, error) {
	c := Contents{Tables: map[string]TableCount{}}
	var names []string
	if err := tx.SelectContext(ctx, &names, listTables); err != nil {
		return c, err
	}
	for _, name := range names {
		var row struct {
			Rows int64  `db:"rows"`
			Sum  string `db:"sum"`
		}
		// One statement per table of the schema, not per row of anything.
		query := fmt.Sprintf(`select count(*) as rows, coalesce(sum(hashtextextended(t::text, 0)), 0)::text as sum from %s t`, pq.QuoteIdentifier(name))
		if err := tx.GetContext(ctx, &row, query); err != nil {
			return c, err
		}
		c.Tables[name] = TableCount{row.Rows, row.Sum}
	}
	if len(names) == 0 {
		return c, nil
	}
	if err := tx.GetContext(ctx, &c.Level, `select coalesce(max(version_id), 0) from goose_db_version`); err != nil {
		return c, err
	}
	if err := ledgerCount(ctx, tx, &c.Ledger); err != nil {
		return c, err
	}
	return c, chainHeads(ctx, tx, &c)
}

func ledgerCount(ctx context.Context, tx *sqlx.Tx, l *LedgerCount) error {
	row := tx.QueryRowxContext(ctx, `
		select (select coalesce(sum(balance_fen), 0) from ledger_account where kind <> 'source' and partnership_id is not null),
			(select count(*) from ledger_transfer where partnership_id is not null),
			(select count(*) from ledger_account a where a.balance_fen <> (select coalesce(sum(e.amount_fen), 0) from ledger_entry e
				where e.partnership_id = a.partnership_id and e.account_id = a.id)),
			(select count(*) from (select e.partnership_id from ledger_entry e group by e.partnership_id, e.transfer_id having sum(e.amount_fen) <> 0) u)`)
	return row.Scan(&l.HeldFen, &l.Transfers, &l.OffByAny, &l.Unequal)
}

func chainHeads(ctx context.Context, tx *sqlx.Tx, c *Contents) error {
	rows, err := tx.QueryxContext(ctx, `select partnership_id, organisation_id, lane, seq, hash from audit_head order by partnership_id, organisation_id, lane`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var h ChainHead
		var hash []byte
		if err := rows.Scan(&h.Partnership, &h.Organisation, &h.Lane, &h.Seq, &hash); err != nil {
			return err
		}
		h.Hash = hex.EncodeToString(hash)
		c.Chains = append(c.Chains, h)
	}
	return rows.Err()
}

// Differences names what two databases do not share, for a person: tables by
// name, "ledger", "audit".
func (c Contents) Differences(o Contents) []string {
	var out []string
	if c.Level != o.Level {
		out = append(out, fmt.Sprintf("schema %d/%d", c.Level, o.Level))
	}
	for name, t := range c.Tables {
		if u := o.Tables[name]; t != u {
			out = append(out, fmt.Sprintf("%s %d/%d", name, t.Rows, u.Rows))
		}
	}
	for name := range o.Tables {
		if _, ok := c.Tables[name]; !ok {
			out = append(out, name)
		}
	}
	if c.Ledger != o.Ledger {
		out = append(out, fmt.Sprintf("ledger %d/%d", c.Ledger.HeldFen, o.Ledger.HeldFen))
	}
	same := len(c.Chains) == len(o.Chains)
	for i := 0; same && i < len(c.Chains); i++ {
		same = c.Chains[i] == o.Chains[i]
	}
	if !same {
		out = append(out, fmt.Sprintf("audit %d/%d", len(c.Chains), len(o.Chains)))
	}
	return out
}

// Rows is the number of rows in all tables.
func (c Contents) Rows() (n int64) {
	for _, t := range c.Tables {
		n += t.Rows
	}
	return n
}

// State is what can be said of a database before the service opens it.
type State struct {
	Tables   int       // 0: nothing was ever set up
	Accounts bool      // somebody may sign in: there is data sealed with the keys
	LastSeen time.Time // when the newest audit event was written
	Summary  SummaryState
}

// SummaryState is what the latest comparisons of summary rows with the records
// found, of all partnerships together.
type SummaryState struct {
	Faults int        `db:"faults"` // parts that differed
	At     *time.Time `db:"at"`     // nil: never
}

// StateOf looks at a database as owner or superuser.
func StateOf(ctx context.Context, dsn string) (s State, err error) {
	err = withOwner(ctx, dsn, func(tx *sqlx.Tx) error {
		var names []string
		if err := tx.SelectContext(ctx, &names, listTables); err != nil {
			return mapError(ctx, err)
		}
		if s.Tables = len(names); !slices.Contains(names, "account") || !slices.Contains(names, "audit_event") {
			return nil
		}
		var last sql.NullTime
		row := tx.QueryRowxContext(ctx, `select exists (select from account), (select max(at) from audit_event where partnership_id is not null)`)
		if err := row.Scan(&s.Accounts, &last); err != nil {
			return mapError(ctx, err)
		}
		s.LastSeen = last.Time
		if !slices.Contains(names, "summary_state") {
			return nil
		}
		return mapError(ctx, tx.GetContext(ctx, &s.Summary, `select coalesce(sum(faults), 0) as faults, max(at) as at from summary_state
			where kind = 'check' and partnership_id is not null`))
	})
	return s, err
}
