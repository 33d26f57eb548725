package store

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
)

// lanes of an organisation's hash chain. One chain head is a hot row; a busy
// office spreads its events over eight by the object they concern.
const lanes = 8

// Intend announces what the transaction is about to do. It is recorded as done
// when the transaction commits, and as refused when fn returns a refusal.
func (tx *Tx) Intend(e audit.Event) { tx.events = append(tx.events, tx.stamp(e)) }

// Audit records one more thing the transaction does.
func (tx *Tx) Audit(e audit.Event) { tx.events = append(tx.events, tx.stamp(e)) }

// AuditRead records that personal data was read. The event is durable before
// the answer leaves; its link in the chain is made by the sealer within a second.
func (tx *Tx) AuditRead(e audit.Event) { tx.reads = append(tx.reads, tx.stamp(e)) }

// Amend adds to the detail of the announced event what only became known later,
// such as the number that was given.
func (tx *Tx) Amend(name string, value any) {
	if len(tx.events) == 0 {
		return
	}
	d := map[string]any{}
	for k, v := range tx.events[0].Detail {
		d[k] = v
	}
	d[name] = value
	tx.events[0].Detail = d
}

// stamp fills in who, when and where from the transaction.
func (tx *Tx) stamp(e audit.Event) audit.Event {
	e.ID, e.At = ident.New(), tx.now
	e.PartnershipID, e.ActorID, e.ActorName = tx.who.PartnershipID, tx.who.AccountID, tx.who.DisplayName
	if e.OrganisationID == ident.Nil {
		e.OrganisationID = tx.who.OrganisationID
	}
	if e.Role == "" {
		e.Role = roles(tx)
	}
	if e.Outcome == "" {
		e.Outcome = audit.Done
	}
	r := audit.RequestFrom(tx.ctx)
	e.RequestID, e.SourceIP = r.ID, r.IP
	return e
}

func roles(tx *Tx) string {
	var names []string
	for _, r := range tx.who.Roles() {
		names = append(names, string(r))
	}
	return strings.Join(names, " ")
}

// writeAudit is the last thing before the commit: chain heads are locked last,
// in the order of their keys.
func (tx *Tx) writeAudit() error {
	if len(tx.events) == 0 && len(tx.reads) == 0 {
		if tx.unaudited == "" {
			return errs.New(errs.Internal, "error.internal", errs.Args{"why": "transaction without audit event"})
		}
		return nil
	}
	for _, e := range tx.reads {
		if err := tx.insertEvent(e, true); err != nil {
			return err
		}
	}
	slices.SortStableFunc(tx.events, func(a, b audit.Event) int {
		if c := slices.Compare(a.OrganisationID[:], b.OrganisationID[:]); c != 0 {
			return c
		}
		return lane(a) - lane(b)
	})
	for _, e := range tx.events {
		if err := tx.insertEvent(e, false); err != nil {
			return err
		}
	}
	return nil
}

// lane keeps the events of one object in one lane, in order.
func lane(e audit.Event) int {
	h := fnv.New32a()
	_, _ = h.Write(e.ObjectID[:])
	return int(h.Sum32() % lanes)
}

const auditColumns = `partnership_id, id, organisation_id, at, actor_id, actor_name, role, action, object_kind, object_id, outcome, reason, detail, request_id, source, mac`

// insertEvent writes one event with its MAC, and either its link or its place
// in the sealer's queue, in one round trip.
func (tx *Tx) insertEvent(e audit.Event, read bool) error {
	if err := e.Check(); err != nil {
		return err
	}
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return fmt.Errorf("store: audit detail of %s: %w", e.Action, err)
	}
	mac, err := tx.keys.MAC("audit", e.Canonical())
	if err != nil {
		return err
	}
	args := []any{e.PartnershipID, e.ID, e.OrganisationID, e.At, e.ActorID, e.ActorName, e.Role, e.Action, e.ObjectKind, e.ObjectID,
		string(e.Outcome), e.Reason, string(detail), e.RequestID, e.SourceIP, mac}
	if read {
		_, err = tx.exec(`with e as (insert into audit_event (`+auditColumns+`)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16))
			insert into audit_pending (partnership_id, event_id) values ($1, $2)`, args...)
		return err
	}
	_, err = tx.exec(`with e as (insert into audit_event (`+auditColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16))
		select chain_append($1, $3, $17, $18, $2, $16)`, append(args, lane(e), seal.Genesis(e.PartnershipID, e.OrganisationID, lane(e)))...)
	return err
}

// recordRefusal writes the announced event as refused, in a transaction of its
// own: the first one was rolled back and everything in it with it. It reports
// whether there is an event now.
func (db *DB) recordRefusal(ctx context.Context, failed *Tx, cause error) bool {
	switch errs.KindOf(cause) {
	case errs.Forbidden, errs.NotFound, errs.Precondition, errs.Conflict, errs.Stale, errs.RateLimited:
	default:
		return false
	}
	if len(failed.events) == 0 {
		return false
	}
	e := failed.events[0]
	if e.Outcome == audit.Refused { // it was the record of a refusal that failed: once is enough
		return false
	}
	e.Outcome, e.Reason = audit.Refused, errs.Of(cause).Key
	ctx = context.WithoutCancel(ctx)
	err := db.InTx(ctx, failed.who, func(tx *Tx) error {
		tx.Audit(e)
		return nil
	})
	if err != nil {
		db.log.ErrorContext(ctx, "a refusal could not be recorded", "action", e.Action, "error", err)
	}
	return err == nil
}
