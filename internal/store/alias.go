package store

import (
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
)

// fen is an amount read as a plain number.
func fen(n int64) money.Fen { return money.Fen(n) }

// Alias is a spelling of an organisation in old ledgers.
type Alias struct {
	Text         string   `db:"alias"`
	Organisation ident.ID `db:"organisation_id"`
}

// Aliases lists the spellings the partnership has learned; a partnership has a
// few dozen. One of a merged organisation means the one it was merged into.
func (tx *Tx) Aliases() ([]Alias, error) {
	var rows []Alias
	err := tx.list(&rows, `select a.alias, coalesce(o.merged_into, o.id) as organisation_id from organisation_alias a
		join organisation o on o.id = a.organisation_id where a.partnership_id = $1 order by a.alias limit 5000`, tx.Partnership())
	return rows, err
}
