package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

func secretPlace(account ident.ID) seal.Place {
	return seal.Place{Table: "second_factor", Column: "secret_sealed", Row: account}
}

// SecondFactor reads and locks the second factor of an account; ok is false when
// none was begun. The lock makes the same code sent twice at once count once.
func (tx *Tx) SecondFactor(account ident.ID) (f user.SecondFactor, ok bool, err error) {
	var r struct {
		Secret    []byte       `db:"secret_sealed"`
		Confirmed sql.NullTime `db:"confirmed_at"`
		LastStep  int64        `db:"last_step"`
	}
	err = tx.get(&r, `select secret_sealed, confirmed_at, last_step from second_factor where account_id = $1 for no key update`, account)
	if errors.Is(err, sql.ErrNoRows) {
		return user.SecondFactor{}, false, nil
	}
	if err != nil {
		return f, false, err
	}
	f = user.SecondFactor{AccountID: account, ConfirmedAt: r.Confirmed.Time, LastStep: r.LastStep}
	f.Secret, err = tx.keys.OpenString(r.Secret, secretPlace(account))
	return f, err == nil, err
}

// BeginSecondFactor stores a secret nobody is asked for yet, in place of an
// earlier one.
func (tx *Tx) BeginSecondFactor(f user.SecondFactor) error {
	sealed, err := tx.keys.SealString(f.Secret, secretPlace(f.AccountID))
	if err != nil {
		return err
	}
	_, err = tx.exec(`insert into second_factor (account_id, secret_sealed, begun_at) values ($1, $2, $3)
		on conflict (account_id) do update set secret_sealed = $2, begun_at = $3, confirmed_at = null, last_step = 0`, f.AccountID, sealed, tx.now)
	return err
}

// SetSecondFactor stores when it came into force and which codes are used up.
func (tx *Tx) SetSecondFactor(f user.SecondFactor) error {
	var confirmed *time.Time
	if f.InForce() {
		confirmed = &f.ConfirmedAt
	}
	_, err := tx.exec(`update second_factor set confirmed_at = $2, last_step = $3 where account_id = $1`, f.AccountID, confirmed, f.LastStep)
	return err
}

// EndSecondFactor removes the second factor with its recovery codes and the
// security keys, which only stand beside it.
func (tx *Tx) EndSecondFactor(account ident.ID) error {
	if _, err := tx.exec(`delete from passkey where account_id = $1`, account); err != nil {
		return err
	}
	if _, err := tx.exec(`delete from recovery_code where account_id = $1`, account); err != nil {
		return err
	}
	_, err := tx.exec(`delete from second_factor where account_id = $1`, account)
	return err
}

// SetRecoveryCodes replaces the recovery codes of an account.
func (tx *Tx) SetRecoveryCodes(account ident.ID, codes []string) error {
	if _, err := tx.exec(`delete from recovery_code where account_id = $1`, account); err != nil {
		return err
	}
	return tx.write(`insert into recovery_code (account_id, created_at, digest) values `, `($1, $2, #)`, []any{account, tx.now}, len(codes), func(i int) ([]any, error) {
		sum, err := tx.keys.Digest(seal.PurposeRecovery, account.String()+user.FoldRecoveryCode(codes[i]))
		return []any{sum}, err
	})
}

// UseRecoveryCode takes a code that was not used yet, and reports whether there
// was one.
func (tx *Tx) UseRecoveryCode(account ident.ID, code string) (bool, error) {
	folded := user.FoldRecoveryCode(code)
	if folded == "" {
		return false, nil
	}
	sum, err := tx.keys.Digest(seal.PurposeRecovery, account.String()+folded)
	if err != nil {
		return false, err
	}
	n, err := tx.exec(`update recovery_code set used_at = $3 where account_id = $1 and digest = $2 and used_at is null`, account, sum, tx.now)
	return n == 1, err
}

// RecoveryCodesLeft counts the codes that were not used yet.
func (tx *Tx) RecoveryCodesLeft(account ident.ID) (int, error) {
	var n int
	err := tx.get(&n, `select count(*) from recovery_code where account_id = $1 and used_at is null`, account)
	return n, err
}
