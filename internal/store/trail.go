package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// AuditRow is an event as it was stored.
type AuditRow struct {
	audit.Event
	MAC []byte
}

// AuditFilter chooses events; the zero filter is everything, newest first.
type AuditFilter struct {
	Object ident.ID // events about one object
	Actor  ident.ID // events of one account
	Page   page.Request
}

type auditRow struct {
	PartnershipID  ident.ID  `db:"partnership_id"`
	ID             ident.ID  `db:"id"`
	OrganisationID ident.ID  `db:"organisation_id"`
	At             time.Time `db:"at"`
	ActorID        ident.ID  `db:"actor_id"`
	ActorName      string    `db:"actor_name"`
	Role           string    `db:"role"`
	Action         string    `db:"action"`
	ObjectKind     string    `db:"object_kind"`
	ObjectID       ident.ID  `db:"object_id"`
	Outcome        string    `db:"outcome"`
	Reason         string    `db:"reason"`
	Detail         string    `db:"detail"`
	RequestID      string    `db:"request_id"`
	Source         string    `db:"source"`
	MAC            []byte    `db:"mac"`
}

func (r auditRow) event() (AuditRow, error) {
	detail, err := audit.ParseDetail(r.Detail)
	return AuditRow{Event: audit.Event{ID: r.ID, PartnershipID: r.PartnershipID, OrganisationID: r.OrganisationID, At: r.At.UTC(),
		ActorID: r.ActorID, ActorName: r.ActorName, Role: r.Role, Action: r.Action, ObjectKind: r.ObjectKind, ObjectID: r.ObjectID,
		Outcome: audit.Outcome(r.Outcome), Reason: r.Reason, Detail: detail, RequestID: r.RequestID, SourceIP: r.Source}, MAC: r.MAC}, err
}

// AuditTrail reads a page of events of the transaction's partnership.
func (tx *Tx) AuditTrail(f AuditFilter) ([]AuditRow, error) {
	where, args := ` where partnership_id = $1`, []any{tx.Partnership()}
	if f.Object != ident.Nil {
		args = append(args, f.Object)
		where += ` and object_id = $2`
	} else if f.Actor != ident.Nil {
		args = append(args, f.Actor)
		where += ` and actor_id = $2`
	}
	var at time.Time
	var id ident.ID
	more, err := f.Page.Cursor(&at, &id)
	if err != nil {
		return nil, err
	}
	if more {
		where += ` and (at, id) < ($` + placeholder(len(args)+1) + `, $` + placeholder(len(args)+2) + `)`
		args = append(args, at, id)
	}
	args = append(args, f.Page.Limit()+1)
	var rows []auditRow
	if err := tx.list(&rows, `select `+auditColumns+` from audit_event`+where+` order by at desc, id desc limit $`+placeholder(len(args)), args...); err != nil {
		return nil, err
	}
	out := make([]AuditRow, len(rows))
	for i, r := range rows {
		if out[i], err = r.event(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// verifyBatch is how many links are checked per round trip.
const verifyBatch = 1000

type linkRow struct {
	auditRow
	Lane int    `db:"lane"`
	Seq  int64  `db:"seq"`
	Hash []byte `db:"hash"`
}

// VerifyChain follows every chain of the transaction's partnership from its
// beginning: each link must hold the hash of the one before and the MAC of an
// event whose columns still give that MAC. The error names the first bad row.
func (tx *Tx) VerifyChain() error {
	var organisation ident.ID
	lane, seq := -1, int64(0)
	head := []byte(nil)
	for {
		var rows []linkRow
		err := tx.list(&rows, `select l.organisation_id, l.lane, l.seq, l.hash, l.event_id as id, e.partnership_id, e.at, e.actor_id, e.actor_name, e.role,
				e.action, e.object_kind, e.object_id, e.outcome, e.reason, e.detail, e.request_id, e.source, e.mac
			from audit_link l join audit_event e on e.partnership_id = l.partnership_id and e.id = l.event_id
			where l.partnership_id = $1 and (l.organisation_id, l.lane, l.seq) > ($2, $3, $4)
			order by l.organisation_id, l.lane, l.seq limit $5`, tx.Partnership(), organisation, lane, seq, verifyBatch)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if r.OrganisationID != organisation || r.Lane != lane || head == nil {
				organisation, lane, seq, head = r.OrganisationID, r.Lane, 0, seal.Genesis(tx.Partnership(), r.OrganisationID, r.Lane)
			}
			if head, err = tx.verifyLink(r, seq+1, head); err != nil {
				return err
			}
			seq = r.Seq
		}
		if len(rows) < verifyBatch {
			return tx.verifyEnds()
		}
	}
}

// verifyEnds finds what following the links cannot: a chain cut off at its end,
// a link whose event is gone, an event that was never linked. Each question is
// one statement, so writers in between do not disturb the answer.
func (tx *Tx) verifyEnds() error {
	for _, q := range []struct{ what, query string }{
		{"audit.chain.gap", `select h.organisation_id, h.lane, h.seq from audit_head h
			where h.partnership_id = $1 and not exists (select 1 from audit_link l where l.partnership_id = h.partnership_id
				and l.organisation_id = h.organisation_id and l.lane = h.lane and l.seq = h.seq and l.hash = h.hash) limit 1`},
		{"audit.chain.broken", `select l.organisation_id, l.lane, l.seq from audit_link l
			where l.partnership_id = $1 and not exists (select 1 from audit_head h where h.partnership_id = l.partnership_id
				and h.organisation_id = l.organisation_id and h.lane = l.lane and h.seq >= l.seq) limit 1`},
		{"audit.chain.gap", `select l.organisation_id, l.lane, l.seq, l.event_id as id from audit_link l
			where l.partnership_id = $1 and not exists (select 1 from audit_event e where e.partnership_id = l.partnership_id and e.id = l.event_id) limit 1`},
		{"audit.chain.gap", `select e.organisation_id, 0 as lane, 0 as seq, e.id from audit_event e
			where e.partnership_id = $1 and not exists (select 1 from audit_link l where l.partnership_id = e.partnership_id and l.event_id = e.id)
			and not exists (select 1 from audit_pending p where p.partnership_id = e.partnership_id and p.event_id = e.id) limit 1`},
	} {
		var bad []linkRow
		if err := tx.list(&bad, q.query, tx.Partnership()); err != nil {
			return err
		}
		if len(bad) > 0 {
			return chainFault(q.what, bad[0])
		}
	}
	return nil
}

// chainFault names the first bad link.
func chainFault(what string, r linkRow) error {
	return errs.New(errs.Precondition, "error.audit.chain", errs.Args{"what": errs.Key(what), "organisation": r.OrganisationID,
		"lane": r.Lane, "seq": r.Seq, "event": r.ID})
}

// verifyLink checks one link against the head before it and returns the new head.
func (tx *Tx) verifyLink(r linkRow, want int64, head []byte) ([]byte, error) {
	if r.Seq != want {
		return nil, chainFault("audit.chain.gap", r)
	}
	e, err := r.event()
	if err != nil || tx.keys.VerifyMAC("audit", e.Canonical(), e.MAC) != nil {
		return nil, chainFault("audit.chain.changed", r)
	}
	next := seal.Link(head, e.MAC)
	if string(next) != string(r.Hash) {
		return nil, chainFault("audit.chain.broken", r)
	}
	return next, nil
}
