package store

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// NamedBlob is a file some record points to.
type NamedBlob struct {
	Name    string `db:"name"` // table and id of a record that names it
	Address []byte `db:"address"`
}

// BlobsNamed lists, as owner or superuser, each file the records of all
// partnerships name, with one record that does.
func BlobsNamed(ctx context.Context, dsn string) (out []NamedBlob, err error) {
	err = withOwner(ctx, dsn, func(tx *sqlx.Tx) error {
		return mapError(ctx, tx.SelectContext(ctx, &out, `select min(name) as name, address from (
			select 'attachment ' || id as name, digest as address from attachment where partnership_id is not null
			union all select 'import_batch ' || id, file_digest from import_batch where partnership_id is not null
			union all select 'outreach_recovery ' || id, digest from outreach_recovery where partnership_id is not null) f group by address order by 1`))
	})
	return out, err
}
