package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// StoredAnchor is an anchor of the own log as the database keeps it.
type StoredAnchor struct {
	ID     ident.ID  `db:"id"`
	At     time.Time `db:"made_at"`
	Chains int       `db:"chains"`
	Links  int64     `db:"links"`
	Digest []byte    `db:"digest"`
	File   string    `db:"file"`
}

const anchorColumns = `id, made_at, chains, links, digest, file`

// InsertAnchor stores a signed anchor of the transaction's partnership.
func (tx *Tx) InsertAnchor(id ident.ID, a audit.SignedAnchor) error {
	_, err := tx.exec(`insert into audit_anchor (partnership_id, id, made_at, chains, links, digest, file, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.Partnership(), id, a.At, len(a.Heads), a.Links(), a.Digest(), a.File(), tx.who.AccountID)
	return err
}

// LatestAnchor is the newest anchor; without one it is not found.
func (tx *Tx) LatestAnchor() (StoredAnchor, error) {
	var a StoredAnchor
	err := tx.get(&a, `select `+anchorColumns+` from audit_anchor where partnership_id = $1 order by made_at desc, id desc limit 1`, tx.Partnership())
	return one(a, err, "error.anchor.missing")
}

// AnchorByID reads one anchor.
func (tx *Tx) AnchorByID(id ident.ID) (StoredAnchor, error) {
	var a StoredAnchor
	err := tx.get(&a, `select `+anchorColumns+` from audit_anchor where partnership_id = $1 and id = $2`, tx.Partnership(), id)
	return one(a, err, "error.anchor.missing")
}

// ListAnchors is a page of anchors without their files, the latest first.
func (tx *Tx) ListAnchors(req page.Request) (page.Result[StoredAnchor], error) {
	var at time.Time
	var id ident.ID
	more, err := req.Cursor(&at, &id)
	if err != nil {
		return page.Result[StoredAnchor]{}, err
	}
	where, args := ``, []any{tx.Partnership(), req.Limit() + 1}
	if more {
		where, args = ` and (made_at, id) < ($3, $4)`, append(args, at, id)
	}
	var rows []StoredAnchor
	if err := tx.list(&rows, `select id, made_at, chains, links, digest, '' as file from audit_anchor where partnership_id = $1`+where+
		` order by made_at desc, id desc limit $2`, args...); err != nil {
		return page.Result[StoredAnchor]{}, err
	}
	return page.Cut(req, rows, func(a StoredAnchor) []any { return []any{a.At, a.ID} }), nil
}

// anchorFiles reads every anchor, the oldest first: one a day and partnership.
func (tx *Tx) anchorFiles() (out []StoredAnchor, err error) {
	return out, tx.list(&out, `select `+anchorColumns+` from audit_anchor where partnership_id = $1 order by made_at, id`, tx.Partnership())
}

// HeldAnchor is an anchor of another installation, kept for it.
type HeldAnchor struct {
	ID         ident.ID  `db:"id"`
	Origin     string    `db:"origin"`
	OriginID   ident.ID  `db:"origin_id"`
	At         time.Time `db:"made_at"`
	Chains     int       `db:"chains"`
	Links      int64     `db:"links"`
	Digest     []byte    `db:"digest"`
	File       string    `db:"file"`
	Keys       string    `db:"keys"`
	ReceivedAt time.Time `db:"received_at"`
}

const heldColumns = `id, origin, origin_id, made_at, chains, links, digest, file, keys, received_at`

// InsertHeld keeps an anchor of another installation. It reports false for one
// that is here already.
func (tx *Tx) InsertHeld(h HeldAnchor) (bool, error) {
	n, err := tx.exec(`insert into held_anchor (partnership_id, id, origin, origin_id, made_at, chains, links, digest, file, keys, received_at, created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (partnership_id, digest) do nothing`, tx.Partnership(), h.ID, h.Origin, h.OriginID,
		h.At, h.Chains, h.Links, h.Digest, h.File, h.Keys, tx.now, tx.who.AccountID)
	return n == 1, err
}

// heldShown bounds the list of anchors that are kept for others: a year of them.
const heldShown = 400

// ListHeld lists the anchors kept for others, the latest first.
func (tx *Tx) ListHeld() (out []HeldAnchor, err error) {
	return out, tx.list(&out, `select `+heldColumns+` from held_anchor where partnership_id = $1 order by received_at desc, id desc limit $2`, tx.Partnership(), heldShown)
}

// HeldByID reads one anchor kept for another installation.
func (tx *Tx) HeldByID(id ident.ID) (HeldAnchor, error) {
	var h HeldAnchor
	err := tx.get(&h, `select `+heldColumns+` from held_anchor where partnership_id = $1 and id = $2`, tx.Partnership(), id)
	return one(h, err, "error.anchor.missing")
}

// HeldSince are the digests of anchors that came in at an instant or after it.
func (tx *Tx) HeldSince(at time.Time) ([][]byte, error) {
	var rows []struct {
		Digest []byte `db:"digest"`
	}
	err := tx.list(&rows, `select digest from held_anchor where partnership_id = $1 and received_at >= $2 order by received_at desc, id desc limit $3`, tx.Partnership(), at, heldShown)
	out := make([][]byte, 0, len(rows))
	for i := len(rows) - 1; i >= 0; i-- {
		out = append(out, rows[i].Digest)
	}
	return out, err
}
