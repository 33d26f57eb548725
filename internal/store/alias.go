package store

import (
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
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

// CategoryAliases lists the spellings of beneficiary categories the partnership
// has learned; a partnership has a few dozen.
func (tx *Tx) CategoryAliases() (map[string]terminology.Category, error) {
	var rows []struct {
		Text     string `db:"alias"`
		Category string `db:"category"`
	}
	err := tx.list(&rows, `select alias, category from category_alias where partnership_id = $1 order by alias limit 5000`, tx.Partnership())
	out := make(map[string]terminology.Category, len(rows))
	for _, r := range rows {
		out[r.Text] = terminology.Category(r.Category)
	}
	return out, err
}

// PutCategoryAlias makes a spelling mean a category.
func (tx *Tx) PutCategoryAlias(alias string, c terminology.Category) error {
	_, err := tx.exec(`insert into category_alias (partnership_id, alias, category, created_at, created_by) values ($1, $2, $3, $4, $5)
		on conflict (partnership_id, alias) do update set category = excluded.category`,
		tx.Partnership(), alias, string(c), tx.now, tx.who.AccountID)
	return err
}
