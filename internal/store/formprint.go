package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/paper"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// FormPrint is a form as it was printed.
type FormPrint struct {
	ID     ident.ID
	Code   string
	Kind   paper.Kind
	Object ident.ID
	Token  string
	At     time.Time
}

type formPrintRow struct {
	ID     ident.ID  `db:"id"`
	Code   string    `db:"code"`
	Kind   string    `db:"kind"`
	Object ident.ID  `db:"object_id"`
	Token  string    `db:"token"`
	At     time.Time `db:"created_at"`
}

func (r formPrintRow) print() FormPrint {
	return FormPrint{ID: r.ID, Code: r.Code, Kind: paper.Kind(r.Kind), Object: r.Object, Token: r.Token, At: r.At.UTC()}
}

const formPrintColumns = `select p.id, p.code, p.kind, p.object_id, p.token, p.created_at from form_print p `

// PrintByCode finds a printed form by its short code.
func (tx *Tx) PrintByCode(code string) (FormPrint, error) {
	var r formPrintRow
	err := tx.get(&r, formPrintColumns+`where p.partnership_id = $1 and p.code = $2`, tx.Partnership(), code)
	return one(r.print(), err, "error.paper.unknown")
}

// LastPrint is the latest print of a record, if there is one.
func (tx *Tx) LastPrint(kind paper.Kind, object ident.ID) (FormPrint, bool, error) {
	var r formPrintRow
	err := tx.get(&r, formPrintColumns+`where p.partnership_id = $1 and p.kind = $2 and p.object_id = $3 order by p.created_at desc limit 1`,
		tx.Partnership(), string(kind), object)
	if errors.Is(err, sql.ErrNoRows) {
		return FormPrint{}, false, nil
	}
	return r.print(), err == nil, err
}

// InsertPrint notes a print. Two people who print the same form at once write
// the same token once.
func (tx *Tx) InsertPrint(p FormPrint) error {
	_, err := tx.exec(`insert into form_print (partnership_id, id, code, kind, object_id, token, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (partnership_id, code) do nothing`,
		tx.Partnership(), p.ID, p.Code, string(p.Kind), p.Object, p.Token, tx.now, tx.who.AccountID)
	return err
}

// Keys is the keyring the database's rows are sealed with.
func (db *DB) Keys() *seal.Keyring { return db.keys }
