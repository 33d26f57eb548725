package store

import (
	"database/sql"
	"errors"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// Installation says what this database is for.
type Installation struct {
	Demo     bool `db:"demo"`
	Complete bool `db:"demo_complete"`
	Exists   bool `db:"-"`
}

// Installation reads the one row; a fresh database has none.
func (tx *Tx) Installation() (Installation, error) {
	var i Installation
	err := tx.get(&i, `select demo, demo_complete from installation`)
	if errors.Is(err, sql.ErrNoRows) {
		return i, nil
	}
	i.Exists = err == nil
	return i, err
}

// SetInstallation writes the one row.
func (tx *Tx) SetInstallation(demo, complete bool) error {
	_, err := tx.exec(`insert into installation (demo, demo_complete, created_at) values ($1, $2, $3)
		on conflict (only_row) do update set demo = excluded.demo, demo_complete = excluded.demo_complete`, demo, complete, tx.now)
	return err
}

// DemoComplete reports whether all demonstration data is there.
func (tx *Tx) DemoComplete() (bool, error) {
	i, err := tx.Installation()
	return i.Demo && i.Complete, err
}

// PartnershipIDs lists all partnerships that are not scratch.
func (tx *Tx) PartnershipIDs() ([]ident.ID, error) {
	var ids []ident.ID
	err := tx.list(&ids, `select id from partnership where not scratch order by id limit 1000`)
	return ids, err
}
