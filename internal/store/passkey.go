package store

import (
	"database/sql"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Passkey is a security key of an account.
type Passkey struct {
	ID         ident.ID
	Credential []byte
	Name       string
	Host       string
	Record     []byte
	CreatedAt  time.Time
	UsedAt     time.Time // zero: never
}

// maxPasskeys bounds the keys of one account.
const maxPasskeys = 20

func keyPlace(id ident.ID) seal.Place {
	return seal.Place{Table: "passkey", Column: "record_sealed", Row: id}
}

// keyText binds a sealed record to its account: a row moved to another one does
// not open.
func keyText(account ident.ID, record []byte) []byte { return append(account[:], record...) }

// PasskeysOf lists the keys of an account under a host name; without one, all.
func (tx *Tx) PasskeysOf(account ident.ID, host string) ([]Passkey, error) {
	var rows []struct {
		ID         ident.ID     `db:"id"`
		Credential []byte       `db:"credential"`
		Name       string       `db:"name"`
		Host       string       `db:"host"`
		Record     []byte       `db:"record_sealed"`
		CreatedAt  time.Time    `db:"created_at"`
		UsedAt     sql.NullTime `db:"used_at"`
	}
	err := tx.list(&rows, `select id, credential, name, host, record_sealed, created_at, used_at from passkey
		where account_id = $1 and ($2 = '' or host = $2) order by created_at, id limit $3`, account, host, maxPasskeys)
	if err != nil {
		return nil, err
	}
	out := make([]Passkey, 0, len(rows))
	for _, r := range rows {
		plain, err := tx.keys.Open(r.Record, keyPlace(r.ID))
		if err != nil || len(plain) < len(account) || ident.ID(plain[:len(account)]) != account {
			return nil, errs.Wrap(seal.ErrDamaged, errs.Internal, "error.internal", nil)
		}
		out = append(out, Passkey{r.ID, r.Credential, r.Name, r.Host, plain[len(account):], r.CreatedAt, r.UsedAt.Time})
	}
	return out, nil
}

// InsertPasskey stores a key; one that is somebody's already is a conflict.
func (tx *Tx) InsertPasskey(account ident.ID, k Passkey) error {
	var have int
	if err := tx.get(&have, `select count(*) from passkey where account_id = $1`, account); err != nil {
		return err
	}
	taken := errs.New(errs.Conflict, "error.passkey.taken", nil)
	if have >= maxPasskeys {
		return taken
	}
	sealed, err := tx.keys.Seal(keyText(account, k.Record), keyPlace(k.ID))
	if err != nil {
		return err
	}
	n, err := tx.exec(`insert into passkey (account_id, id, credential, name, host, record_sealed, created_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (credential) do nothing`, account, k.ID, k.Credential, k.Name, k.Host, sealed, tx.now)
	if err == nil && n == 0 {
		return taken
	}
	return err
}

// UsePasskey stores what a key is after it was used.
func (tx *Tx) UsePasskey(account, id ident.ID, record []byte) error {
	sealed, err := tx.keys.Seal(keyText(account, record), keyPlace(id))
	if err != nil {
		return err
	}
	_, err = tx.exec(`update passkey set record_sealed = $3, used_at = $4 where account_id = $1 and id = $2`, account, id, sealed, tx.now)
	return err
}

// RemovePasskey removes a key of an account.
func (tx *Tx) RemovePasskey(account, id ident.ID) error {
	n, err := tx.exec(`delete from passkey where account_id = $1 and id = $2`, account, id)
	if err == nil && n == 0 {
		err = errs.Missing("error.passkey.missing")
	}
	return err
}
