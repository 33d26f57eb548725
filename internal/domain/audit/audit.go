// Package audit defines what an audit event is, its vocabulary, and the exact
// bytes its MAC covers. Writing, chaining and verifying are done in store with
// seal; nothing here touches a key.
//
// An event says who did what to which object and with what outcome. It names
// the fields that changed and never holds the values of personal data: the log
// is read by people who may not read the records.
package audit

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Outcome says whether the act happened.
type Outcome string

// The outcomes. A refusal is as much an event as a success.
const (
	Done    Outcome = "ok"
	Refused Outcome = "refused"
)

// Label is the message key of the outcome.
func (o Outcome) Label() errs.Key { return errs.Key("audit.outcome." + string(o)) }

// Event is one row of the audit log. The nil PartnershipID is the platform; the
// nil OrganisationID is the partnership's own chain.
type Event struct {
	ID             ident.ID
	PartnershipID  ident.ID
	OrganisationID ident.ID // whose chain the event is in
	At             time.Time
	ActorID        ident.ID
	ActorName      string // as it was then; accounts are renamed
	Role           string // the roles held then, separated by spaces
	Action         string // one of Actions
	ObjectKind     string // one of ObjectKinds, or empty
	ObjectID       ident.ID
	Outcome        Outcome
	Reason         string // what the person gave as reason, or the message key of the refusal
	Detail         map[string]any
	RequestID      string
	SourceIP       string
}

// LogValue keeps reasons and details out of logs.
func (e Event) LogValue() slog.Value {
	return slog.StringValue(e.Action + " " + e.ObjectKind + ":" + e.ObjectID.String() + " " + string(e.Outcome))
}

// canonicalVersion is the first byte of the canonical form. Another form gets
// another number, so that old rows can still be verified.
const canonicalVersion = 1

// Canonical is what the MAC covers: every column, each with its length before
// it, so that no two events have the same bytes. Times count in microseconds,
// as the database keeps them; the detail is JSON with sorted names.
func (e Event) Canonical() []byte { return e.canonical(canonicalDetail(e.Detail)) }

// CanonicalAsStored is Canonical with the detail as it stands in the database.
// What was written in sorted order, which is nearly everything, needs no parsing
// to be verified; a detail written otherwise gives other bytes, and then only
// Canonical can tell.
func (e Event) CanonicalAsStored(detail string) []byte { return e.canonical(detail) }

func (e Event) canonical(detail string) []byte {
	b := make([]byte, 0, 256+len(detail))
	b = append(b, canonicalVersion)
	for _, id := range []ident.ID{e.ID, e.PartnershipID, e.OrganisationID, e.ActorID, e.ObjectID} {
		b = append(b, id[:]...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
	for _, s := range []string{e.ActorName, e.Role, e.Action, e.ObjectKind, string(e.Outcome), e.Reason, detail, e.RequestID, e.SourceIP} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s))) // #nosec G115 -- texts of an event are shorter than 4 GB: the database takes no longer ones
		b = append(b, s...)
	}
	return b
}

// canonicalDetail is the same for a detail before it was stored and after it
// was read back: numbers keep their digits, an absent detail equals an empty one.
func canonicalDetail(detail map[string]any) string {
	if len(detail) == 0 {
		return "{}"
	}
	raw, err := json.Marshal(detail)
	if err == nil {
		var back map[string]any
		if back, err = ParseDetail(string(raw)); err == nil {
			raw, err = json.Marshal(back)
		}
	}
	if err != nil {
		// Not storable either: the insert fails on it and names the action.
		return "!" + err.Error()
	}
	return string(raw)
}

// ParseDetail reads the stored detail. Numbers stay as they are written, so
// that the canonical form of a large amount does not change.
func ParseDetail(text string) (map[string]any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var detail map[string]any
	if err := d.Decode(&detail); err != nil {
		return nil, fmt.Errorf("audit: detail: %w", err)
	}
	return detail, nil
}

// Same reports whether two events are the same row.
func (e Event) Same(o Event) bool { return bytes.Equal(e.Canonical(), o.Canonical()) }

// Check refuses an event that would be useless later: an unknown action or
// object, nobody acting, a detail with something personal in it.
func (e Event) Check() error {
	switch {
	case !known(Actions(), e.Action):
		return fmt.Errorf("audit: action %q is not in the vocabulary", e.Action)
	case e.ObjectKind != "" && !known(ObjectKinds(), e.ObjectKind):
		return fmt.Errorf("audit: object kind %q is not in the vocabulary", e.ObjectKind)
	case e.Outcome != Done && e.Outcome != Refused:
		return fmt.Errorf("audit: outcome %q", e.Outcome)
	case e.ActorID == ident.Nil || e.ActorName == "":
		return fmt.Errorf("audit: %s by nobody", e.Action)
	}
	if name := personal(e.Detail); name != "" {
		return fmt.Errorf("audit: detail %q of %s holds personal data", name, e.Action)
	}
	return nil
}

func known(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// Request is what a transaction takes from the request that caused it. Its events
// keep number and client; the address (method and path) is not kept, since it may
// hold ids: the key that makes a write happen once is bound to it.
type Request struct {
	ID      string
	IP      string
	Address string
}

type requestKey struct{}

// WithRequest notes the request for what is written under ctx.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom is the noted request; empty for jobs and commands.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}
