package store

import (
	"cmp"
	"slices"
	"strings"

	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// pendingEvent is a read event without its link.
type pendingEvent struct {
	EventID        ident.ID `db:"event_id"`
	OrganisationID ident.ID `db:"organisation_id"`
	ObjectID       ident.ID `db:"object_id"`
	MAC            []byte   `db:"mac"`
}

// chain names one hash chain of a partnership.
type chain struct {
	organisation ident.ID
	lane         int
}

func (p pendingEvent) chain() chain {
	return chain{p.OrganisationID, lane(audit.Event{ObjectID: p.ObjectID})}
}

// SealReads links up to a thousand waiting read events of the transaction's
// partnership and reports how many it did. The links are computed here and
// written together: one by one they cost as much as the reads themselves. Rows
// another sealer holds are left to it.
func (tx *Tx) SealReads() (int, error) {
	tx.NoAudit("links of events that are written already")
	var rows []pendingEvent
	err := tx.list(&rows, `select p.event_id, e.organisation_id, e.object_id, e.mac
		from audit_pending p join audit_event e on e.partnership_id = p.partnership_id and e.id = p.event_id
		where p.partnership_id = $1 order by p.event_id limit 1000 for update of p skip locked`, tx.Partnership())
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	slices.SortFunc(rows, func(a, b pendingEvent) int {
		return cmp.Or(slices.Compare(a.OrganisationID[:], b.OrganisationID[:]), a.chain().lane-b.chain().lane, slices.Compare(a.EventID[:], b.EventID[:]))
	})
	chains := items(rows, pendingEvent.chain)
	heads, err := tx.lockHeads(slices.Compact(slices.Clone(chains)))
	if err != nil {
		return 0, err
	}
	err = tx.write(`insert into audit_link (partnership_id, organisation_id, lane, seq, event_id, hash) values `, `($1, #, #, #, #, #)`,
		[]any{tx.Partnership()}, len(rows), func(i int) ([]any, error) {
			h := heads[chains[i]]
			h.Seq++
			h.Hash = seal.Link(h.Hash, rows[i].MAC)
			return []any{h.Organisation, h.Lane, h.Seq, rows[i].EventID, h.Hash}, nil
		})
	if err != nil {
		return 0, err
	}
	if err := tx.moveHeads(heads); err != nil {
		return 0, err
	}
	_, err = tx.exec(`delete from audit_pending where partnership_id = $1 and event_id = any($2::uuid[])`, tx.Partnership(),
		idArray(items(rows, func(p pendingEvent) ident.ID { return p.EventID })))
	return len(rows), err
}

type chainHead struct {
	Organisation ident.ID `db:"organisation_id"`
	Lane         int      `db:"lane"`
	Seq          int64    `db:"seq"`
	Hash         []byte   `db:"hash"`
}

// lockHeads locks the heads of chains, which come in the order of their keys. A
// chain without a link gets a head at 0, where chain_append would begin as well.
func (tx *Tx) lockHeads(chains []chain) (map[chain]*chainHead, error) {
	var q strings.Builder
	q.WriteString(`insert into audit_head (partnership_id, organisation_id, lane, seq, hash) values `)
	args := []any{tx.Partnership()}
	for i, c := range chains {
		if i > 0 {
			q.WriteByte(',')
		}
		numberRow(&q, `($1, #, #, 0, #)`, len(args))
		args = append(args, c.organisation, c.lane, seal.Genesis(tx.Partnership(), c.organisation, c.lane))
	}
	q.WriteString(` on conflict (partnership_id, organisation_id, lane) do update set seq = audit_head.seq returning organisation_id, lane, seq, hash`)
	var rows []chainHead
	if err := tx.tx.SelectContext(tx.ctx, &rows, q.String(), args...); err != nil {
		return nil, err
	}
	heads := make(map[chain]*chainHead, len(rows))
	for i := range rows {
		heads[chain{rows[i].Organisation, rows[i].Lane}] = &rows[i]
	}
	return heads, nil
}

// moveHeads stores where the locked heads are now.
func (tx *Tx) moveHeads(heads map[chain]*chainHead) error {
	var organisations []ident.ID
	var lanes, seqs pq.Int64Array
	var hashes pq.ByteaArray
	for _, h := range heads {
		organisations, lanes, seqs, hashes = append(organisations, h.Organisation), append(lanes, int64(h.Lane)), append(seqs, h.Seq), append(hashes, h.Hash)
	}
	_, err := tx.exec(`update audit_head h set seq = v.seq, hash = v.hash
		from unnest($2::uuid[], $3::int[], $4::bigint[], $5::bytea[]) as v(organisation_id, lane, seq, hash)
		where h.partnership_id = $1 and h.organisation_id = v.organisation_id and h.lane = v.lane`, tx.Partnership(), idArray(organisations), lanes, seqs, hashes)
	return err
}
