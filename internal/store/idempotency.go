package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// Key makes a write happen once: the key a client chose for it, and the request
// it belongs to. The zero Key promises nothing.
type Key struct {
	Key    string
	Digest []byte
}

// maxKey is the longest key a client may choose.
const maxKey = 200

// KeyOf is the key of a request with the given input. The input is digested, not
// kept: it may hold identity numbers. Take it before anything is filled in, such as
// the day: a request that is repeated after midnight is the same one.
func KeyOf(key string, input any) Key {
	if key == "" {
		return Key{}
	}
	raw, err := json.Marshal(input)
	if err != nil {
		panic("store: an input that cannot be encoded: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return Key{Key: key, Digest: sum[:]}
}

// at binds the key to the address of its request: the same input means something
// else elsewhere.
func (k Key) at(address string) Key {
	if k.Key == "" || address == "" { // a command or a job has no address
		return k
	}
	sum := sha256.Sum256(append([]byte(address+"\x00"), k.Digest...))
	return Key{Key: k.Key, Digest: sum[:]}
}

// Once runs fn like [DB.InTx] and keeps its answer under the key. The same key
// with the same request answers again without running fn; another request under
// the same key, by its input or by its address, is refused. The caller has checked
// the permission before.
func Once[T any](ctx context.Context, db *DB, who user.Principal, key Key, fn func(*Tx) (T, error), options ...TxOption) (T, error) {
	var answer T
	if len(key.Key) > maxKey {
		return answer, errs.New(errs.Invalid, "error.idempotency.long", nil)
	}
	key = key.at(audit.RequestFrom(ctx).Address)
	run := func(tx *Tx) error {
		if key.Key != "" {
			again, err := tx.claim(key, &answer)
			if err != nil || again {
				return err
			}
		}
		var err error
		if answer, err = fn(tx); err != nil || key.Key == "" {
			return err
		}
		return tx.keepAnswer(key, answer)
	}
	err := db.InTx(ctx, who, run, append(options, func(o *txOptions) { o.retry = key.Key != "" })...)
	if err != nil {
		var zero T
		return zero, err
	}
	return answer, nil
}

// claim takes the key, or reads the answer somebody got for it before. A request
// in progress holds the row: the second one waits for it at most the lock limit.
func (tx *Tx) claim(key Key, answer any) (bool, error) {
	n, err := tx.exec(`insert into idempotency (partnership_id, actor_id, key, digest, created_at) values ($1, $2, $3, $4, $5)
		on conflict (partnership_id, actor_id, key) do nothing`, tx.who.PartnershipID, tx.who.AccountID, key.Key, key.Digest, tx.now)
	if err != nil || n == 1 {
		return false, err
	}
	var row struct {
		Digest []byte `db:"digest"`
		Status int    `db:"status"`
		Answer []byte `db:"answer_sealed"`
	}
	err = tx.get(&row, `select digest, status, answer_sealed from idempotency where partnership_id = $1 and actor_id = $2 and key = $3`,
		tx.who.PartnershipID, tx.who.AccountID, key.Key)
	if err != nil {
		return false, err
	}
	if subtle.ConstantTimeCompare(row.Digest, key.Digest) != 1 {
		return false, errs.New(errs.Invalid, "error.idempotency.other_body", nil)
	}
	if row.Status == 0 {
		return false, errs.New(errs.Conflict, "error.idempotency.in_progress", nil)
	}
	raw, err := tx.keys.Open(row.Answer, tx.answerPlace(key))
	if err != nil {
		return false, err
	}
	tx.NoAudit("a repeated request changes nothing")
	return true, json.Unmarshal(raw, answer)
}

// keepAnswer stores the answer, sealed: it may hold personal data.
func (tx *Tx) keepAnswer(key Key, answer any) error {
	raw, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	sealed, err := tx.keys.Seal(raw, tx.answerPlace(key))
	if err != nil {
		return err
	}
	_, err = tx.exec(`update idempotency set status = 200, answer_sealed = $4 where partnership_id = $1 and actor_id = $2 and key = $3`,
		tx.who.PartnershipID, tx.who.AccountID, key.Key, sealed)
	return err
}

func (tx *Tx) answerPlace(key Key) seal.Place {
	return seal.Place{Table: "idempotency", Column: "answer_sealed", Row: ident.Derive(tx.who.AccountID, key.Key)}
}

// ForgetKeys removes keys older than a week: a client that repeats a request
// after that has long seen its answer.
func (tx *Tx) ForgetKeys() (int64, error) {
	tx.NoAudit("upkeep")
	return tx.exec(`delete from idempotency where partnership_id = $1 and created_at < $2`, tx.who.PartnershipID, tx.now.AddDate(0, 0, -7))
}
