package store

import (
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// SavedMapping is a header somebody has explained once.
type SavedMapping struct {
	ID      ident.ID
	Name    string
	Mapping json.RawMessage
}

// Mappings lists the saved mappings of the partnership.
func (tx *Tx) Mappings() ([]SavedMapping, error) {
	var rows []struct {
		ID      ident.ID `db:"id"`
		Name    string   `db:"name"`
		Mapping string   `db:"mapping"`
	}
	err := tx.list(&rows, `select m.id, m.name, m.mapping from import_mapping m where m.partnership_id = $1 order by m.created_at desc, m.id limit 500`,
		tx.Partnership())
	out := make([]SavedMapping, len(rows))
	for i, r := range rows {
		out[i] = SavedMapping{r.ID, r.Name, json.RawMessage(r.Mapping)}
	}
	return out, err
}

// PutMapping keeps what the columns of a header mean, for every later file.
func (tx *Tx) PutMapping(m SavedMapping, signature string) error {
	sum, err := tx.keys.Digest(seal.Purpose("import"), signature)
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into import_mapping (partnership_id, id, name, header_digest, mapping, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (partnership_id, header_digest) do update set name = excluded.name, mapping = excluded.mapping, version = import_mapping.version + 1`,
		tx.Partnership(), m.ID, m.Name, sum, string(m.Mapping), tx.now, tx.who.AccountID)
	return err
}
