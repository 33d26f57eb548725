package store

import (
	"crypto/subtle"
	"database/sql"
	"errors"
	"time"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

func recoveryKeyPlace(id ident.ID) seal.Place {
	return seal.Place{Table: "outreach_key", Column: "private_sealed", Row: id}
}

// OutboxKey is the key that ties the store of a browser to the account that
// acts; see [seal.Keyring.OutboxKey].
func (tx *Tx) OutboxKey(number uint16, box ident.ID) (made uint16, key []byte, err error) {
	return tx.keys.OutboxKey(number, tx.who.AccountID, box)
}

// RecoveryKey is the public half of a hospital's key for stores nobody can sign
// in to any more.
type RecoveryKey struct {
	ID     ident.ID
	Public []byte
}

// EnsureRecoveryKey reads the key of a hospital and makes it the first time.
func (tx *Tx) EnsureRecoveryKey(hospital ident.ID) (RecoveryKey, error) {
	k, err := tx.recoveryKey(hospital)
	if !errors.Is(err, sql.ErrNoRows) {
		return k, err
	}
	private, public, err := seal.NewEnvelopeKey()
	if err != nil {
		return k, err
	}
	id := ident.New()
	sealed, err := tx.keys.Seal(private, recoveryKeyPlace(id))
	if err != nil {
		return k, err
	}
	if _, err := tx.exec(`insert into outreach_key (partnership_id, id, hospital_id, public_key, private_sealed, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict (partnership_id, hospital_id) do nothing`, tx.Partnership(), id, hospital, public, sealed, tx.now, tx.who.AccountID); err != nil {
		return k, err
	}
	return tx.recoveryKey(hospital) // somebody else's, when two came at once
}

func (tx *Tx) recoveryKey(hospital ident.ID) (RecoveryKey, error) {
	var r struct {
		ID     ident.ID `db:"id"`
		Public []byte   `db:"public_key"`
	}
	err := tx.get(&r, `select id, public_key from outreach_key where partnership_id = $1 and hospital_id = $2`, tx.Partnership(), hospital)
	return RecoveryKey(r), err
}

// OpenRecovery opens an envelope that was sealed to a hospital's key.
func (tx *Tx) OpenRecovery(key, hospital ident.ID, envelope []byte, context string) ([]byte, error) {
	var sealed []byte
	err := tx.get(&sealed, `select private_sealed from outreach_key where partnership_id = $1 and id = $2 and hospital_id = $3`, tx.Partnership(), key, hospital)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, seal.ErrUnknownKey
	}
	if err != nil {
		return nil, err
	}
	private, err := tx.keys.Open(sealed, recoveryKeyPlace(key))
	if err != nil {
		return nil, err
	}
	return seal.OpenEnvelope(private, envelope, context)
}

// OutboxRecovery is a file of somebody's unsent forms that the hospital opens.
type OutboxRecovery struct {
	ID          ident.ID
	Hospital    ident.ID
	Account     ident.ID // whose forms they are
	AccountName string
	Digest      []byte // content address of the file
	Forms       int
	Photos      int
	Reason      string
	AskedAt     time.Time
	Asker       ident.ID // account; somebody else opens the file
	AskedBy     string
	DoneAt      time.Time // zero: not opened yet
	DoneBy      string
	Added       int
	Repeated    int
	Refused     int
	Version     int64
}

// Done reports whether the file was opened.
func (r OutboxRecovery) Done() bool { return !r.DoneAt.IsZero() }

type outboxRecoveryRow struct {
	ID          ident.ID     `db:"id"`
	Hospital    ident.ID     `db:"hospital_id"`
	Account     ident.ID     `db:"account_id"`
	AccountName string       `db:"account_name"`
	Digest      []byte       `db:"digest"`
	Forms       int          `db:"forms"`
	Photos      int          `db:"photos"`
	Reason      string       `db:"reason"`
	AskedAt     time.Time    `db:"created_at"`
	Asker       ident.ID     `db:"created_by"`
	AskedBy     string       `db:"asked_by"`
	DoneAt      sql.NullTime `db:"done_at"`
	DoneBy      string       `db:"done_name"`
	Added       int          `db:"added"`
	Repeated    int          `db:"repeated"`
	Refused     int          `db:"refused"`
	Version     int64        `db:"version"`
}

func (r outboxRecoveryRow) recovery() OutboxRecovery {
	return OutboxRecovery{ID: r.ID, Hospital: r.Hospital, Account: r.Account, AccountName: r.AccountName, Digest: r.Digest, Forms: r.Forms, Photos: r.Photos, Reason: r.Reason,
		AskedAt: r.AskedAt.UTC(), Asker: r.Asker, AskedBy: r.AskedBy, DoneAt: r.DoneAt.Time.UTC(), DoneBy: r.DoneBy, Added: r.Added, Repeated: r.Repeated, Refused: r.Refused, Version: r.Version}
}

const outboxRecoveryColumns = `r.id, r.hospital_id, r.account_id, r.digest, r.forms, r.photos, r.reason, r.created_at, r.created_by, r.done_at, r.added, r.repeated, r.refused, r.version,
	coalesce((select a.display_name from account a where a.id = r.account_id), '') as account_name,
	coalesce((select a.display_name from account a where a.id = r.created_by), '') as asked_by,
	coalesce((select a.display_name from account a where a.id = r.done_by), '') as done_name`

// OutboxRecoveryByID reads one recovery.
func (tx *Tx) OutboxRecoveryByID(id ident.ID) (OutboxRecovery, error) {
	var r outboxRecoveryRow
	err := tx.get(&r, `select `+outboxRecoveryColumns+` from outreach_recovery r where r.partnership_id = $1 and r.id = $2`, tx.Partnership(), id)
	return one(r.recovery(), err, "error.outreach.recovery_missing")
}

// OutboxRecoveries lists the latest recoveries of the named hospitals.
func (tx *Tx) OutboxRecoveries(hospitals []ident.ID) ([]OutboxRecovery, error) {
	var rows []outboxRecoveryRow
	err := tx.list(&rows, `select `+outboxRecoveryColumns+` from unnest($2::uuid[]) h cross join lateral
		(select x.id from outreach_recovery x where x.partnership_id = $1 and x.hospital_id = h order by x.id desc limit 50) l
		join outreach_recovery r on r.partnership_id = $1 and r.id = l.id order by r.id desc limit 50`,
		tx.Partnership(), idArray(hospitals))
	return items(rows, outboxRecoveryRow.recovery), err
}

// InsertOutboxRecovery notes that a file is to be opened.
func (tx *Tx) InsertOutboxRecovery(r OutboxRecovery) error {
	_, err := tx.exec(`insert into outreach_recovery (partnership_id, id, hospital_id, account_id, digest, forms, photos, reason, created_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, tx.Partnership(), r.ID, r.Hospital, r.Account, r.Digest, r.Forms, r.Photos, r.Reason, tx.now, tx.who.AccountID)
	return err
}

// FinishOutboxRecovery stores what became of the file. It may be opened again: what
// was added then is only repeated.
func (tx *Tx) FinishOutboxRecovery(r OutboxRecovery) error {
	return tx.update(`update outreach_recovery set done_at = $4, done_by = $5, added = added + $6, repeated = $7, refused = $8, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3`, tx.Partnership(), r.ID, r.Version, tx.now, tx.who.AccountID, r.Added, r.Repeated, r.Refused)
}

// InsertPhoto keeps the record of a photo under the id its browser made; whoever
// sees its owner sees it. The same photo again is repeated; another one under its
// id is refused.
func (tx *Tx) InsertPhoto(a Attachment) (Stored, error) {
	scope, err := tx.ScopeOfOwner(a.Owner)
	if err != nil {
		return "", err
	}
	n, err := tx.exec(`insert into attachment (partnership_id, id, hospital_id, visible_to, owner_kind, owner_id, kind, file_name, media_type,
		size_bytes, digest, rotation, created_at, created_by, case_id, procedure_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14, $15)
		on conflict (partnership_id, id) do nothing`, tx.Partnership(), a.ID, a.HospitalID, idArray(scope.VisibleTo), a.Owner.Kind, a.Owner.ID, string(a.Kind), a.FileName,
		a.Media, a.Size, a.Digest, tx.now, tx.who.AccountID, nullID(scope.Case), nullID(a.Operation))
	if err != nil || n == 1 {
		return RowCreated, err
	}
	var have []byte
	err = tx.get(&have, `select digest from attachment where partnership_id = $1 and id = $2 and owner_id = $3`, tx.Partnership(), a.ID, a.Owner.ID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return RowTaken, nil
	case err != nil:
		return "", err
	case subtle.ConstantTimeCompare(have, a.Digest) == 1:
		return RowRepeated, nil
	}
	return RowTaken, nil
}
