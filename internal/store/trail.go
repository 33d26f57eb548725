package store

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// AuditRow is an event as it was stored.
type AuditRow struct {
	audit.Event
	MAC []byte
}

// AuditFilter chooses events; the zero filter is everything, newest first.
type AuditFilter struct {
	Object ident.ID  // events about one object
	Actor  ident.ID  // events of one account
	Before time.Time // zero: until now
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

// plain is the event without its detail.
func (r auditRow) plain() audit.Event {
	return audit.Event{ID: r.ID, PartnershipID: r.PartnershipID, OrganisationID: r.OrganisationID, At: r.At.UTC(),
		ActorID: r.ActorID, ActorName: r.ActorName, Role: r.Role, Action: r.Action, ObjectKind: r.ObjectKind, ObjectID: r.ObjectID,
		Outcome: audit.Outcome(r.Outcome), Reason: r.Reason, RequestID: r.RequestID, SourceIP: r.Source}
}

func (r auditRow) event() (AuditRow, error) {
	e := r.plain()
	var err error
	e.Detail, err = audit.ParseDetail(r.Detail)
	return AuditRow{Event: e, MAC: r.MAC}, err
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
	if !f.Before.IsZero() {
		args = append(args, f.Before)
		where += ` and at < $` + placeholder(len(args))
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

// Sight is what one account did to one kind of object, several times.
type Sight struct {
	ActorID    ident.ID  `db:"actor_id"`
	ActorName  string    `db:"actor_name"`
	Role       string    `db:"role"`
	Action     string    `db:"action"`
	ObjectKind string    `db:"object_kind"`
	Outcome    string    `db:"outcome"`
	Times      int       `db:"times"`
	First      time.Time `db:"first_at"`
	Last       time.Time `db:"last_at"`
}

// Sights adds up the events about a few objects by account, role and act: people
// times acts, however often each was done.
func (tx *Tx) Sights(objects []ident.ID) (out []Sight, err error) {
	return out, tx.list(&out, `select actor_id, actor_name, role, action, object_kind, outcome, count(*) as times, min(at) as first_at, max(at) as last_at
		from audit_event where partnership_id = $1 and object_id = any($2::uuid[])
		group by actor_id, actor_name, role, action, object_kind, outcome`, tx.Partnership(), idArray(objects))
}

// ObjectsOfCase lists the ids a read of a case can be recorded under: the case,
// its person and what hangs on it.
func (tx *Tx) ObjectsOfCase(c ident.ID) (out []ident.ID, err error) {
	return out, tx.list(&out, `select id from casefile where partnership_id = $1 and id = $2
		union all select person_id from casefile where partnership_id = $1 and id = $2
		union all select r.id from casefile c join person p on p.partnership_id = c.partnership_id and p.id = c.person_id
			join registration r on r.partnership_id = c.partnership_id and r.hospital_id = any (p.visible_to) and r.person_id = c.person_id
			where c.partnership_id = $1 and c.id = $2
		union all select id from treatment where partnership_id = $1 and case_id = $2
		union all select id from procedure where partnership_id = $1 and case_id = $2
		union all select id from referral where partnership_id = $1 and case_id = $2
		union all select id from followup where partnership_id = $1 and case_id = $2
		union all select id from attachment where partnership_id = $1 and case_id = $2
		union all select a.id from treatment t join approval a on a.partnership_id = t.partnership_id and a.treatment_id = t.id where t.partnership_id = $1 and t.case_id = $2
		union all select s.id from treatment t join settlement s on s.partnership_id = t.partnership_id and s.treatment_id = t.id where t.partnership_id = $1 and t.case_id = $2`, tx.Partnership(), c)
}
