package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
)

type tokenRow struct {
	ID          ident.ID     `db:"id"`
	Account     ident.ID     `db:"account_id"`
	Partnership ident.ID     `db:"partnership_id"`
	Name        string       `db:"name"`
	Digest      []byte       `db:"digest"`
	Scopes      string       `db:"scopes"`
	CreatedAt   time.Time    `db:"created_at"`
	ExpiresAt   time.Time    `db:"expires_at"`
	RevokedAt   sql.NullTime `db:"revoked_at"`
}

func (r tokenRow) token() user.Token {
	t := user.Token{ID: r.ID, AccountID: r.Account, PartnershipID: r.Partnership, Name: r.Name, Digest: r.Digest,
		Scopes: user.SplitScopes(r.Scopes), CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC()}
	if r.RevokedAt.Valid {
		t.RevokedAt = r.RevokedAt.Time.UTC()
	}
	return t
}

// #nosec G101 -- names of columns; what is kept of a token is its digest
const tokenColumns = `t.id, t.account_id, t.partnership_id, t.name, t.digest, t.scopes, t.created_at, t.expires_at, t.revoked_at`

// TokenByDigest reads a token by the digest of its secret; ok is false when
// there is none. It stands alone: nobody is known yet who could act.
func (db *DB) TokenByDigest(ctx context.Context, digest []byte) (t user.Token, ok bool, err error) {
	var r tokenRow
	err = db.getAlone(ctx, &r, `select `+tokenColumns+` from api_token t where t.digest = $1`, digest)
	if errors.Is(err, sql.ErrNoRows) {
		return user.Token{}, false, nil
	}
	return r.token(), err == nil, mapError(ctx, err)
}

// InsertToken stores a new token.
func (tx *Tx) InsertToken(t user.Token) error {
	_, err := tx.exec(`insert into api_token (id, account_id, partnership_id, name, digest, scopes, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, t.ID, t.AccountID, t.PartnershipID, t.Name, t.Digest, user.JoinScopes(t.Scopes), t.CreatedAt, t.ExpiresAt)
	return err
}

// TokensOf lists the tokens of an account, newest first.
func (tx *Tx) TokensOf(account ident.ID) ([]user.Token, error) {
	var rows []tokenRow
	err := tx.list(&rows, `select `+tokenColumns+` from api_token t where t.account_id = $1 order by t.created_at desc, t.id limit 200`, account)
	return items(rows, tokenRow.token), err
}

// TokenByID reads one token.
func (tx *Tx) TokenByID(id ident.ID) (user.Token, error) {
	var r tokenRow
	err := tx.get(&r, `select `+tokenColumns+` from api_token t where t.id = $1 for no key update`, id)
	return one(r.token(), err, "error.token.missing")
}

// RevokeToken ends a token; one that has ended stays as it is.
func (tx *Tx) RevokeToken(id ident.ID) error {
	_, err := tx.exec(`update api_token set revoked_at = $2 where id = $1 and revoked_at is null`, id, tx.now)
	return err
}

// RevokeTokensOf ends all tokens of an account and reports how many.
func (tx *Tx) RevokeTokensOf(account ident.ID) (int64, error) {
	return tx.exec(`update api_token set revoked_at = $2 where account_id = $1 and revoked_at is null`, account, tx.now)
}
