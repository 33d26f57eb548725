// Package message is what the programme tells an account about a record: what
// became of an application, who answered a referral, what was given to do. It
// takes the place of a telephone call, never of the record itself.
package message

import (
	"time"

	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Kind is what happened.
type Kind string

// The kinds. The note of the first group is the reason the other person wrote.
const (
	ApprovalApproved Kind = "approval.approved"
	ApprovalRefused  Kind = "approval.refused"
	ApprovalReturned Kind = "approval.returned" // papers are missing
	ApprovalRevoked  Kind = "approval.revoked"
	ApprovalLapsed   Kind = "approval.lapsed" // what it rested on changed
	AppealGranted    Kind = "appeal.granted"
	AppealRejected   Kind = "appeal.rejected"
	ReferralAccepted Kind = "referral.accepted"
	ReferralRejected Kind = "referral.rejected"
	ReferralRevoked  Kind = "referral.revoked"
	FollowUpsGiven   Kind = "followup.given" // count appointments were given to the account
	GlassBroken      Kind = "glass.broken"   // somebody of the hospital opened a record in an emergency; to be judged
	GlassJustified   Kind = "glass.justified"
	GlassUnjustified Kind = "glass.unjustified"
	SubjectAsked     Kind = "subject.asked" // a person asked for something the account decides
	SubjectGranted   Kind = "subject.granted"
	SubjectRefused   Kind = "subject.refused"
	OutboxAsked      Kind = "outbox.asked"    // a colleague's unsent forms wait for a second person
	OutboxOpened     Kind = "outbox.released" // they were opened and recorded: to who asked for it, and to whose they are
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{ApprovalApproved, ApprovalRefused, ApprovalReturned, ApprovalRevoked, ApprovalLapsed, AppealGranted, AppealRejected,
		ReferralAccepted, ReferralRejected, ReferralRevoked, FollowUpsGiven, GlassBroken, GlassJustified, GlassUnjustified, SubjectAsked, SubjectGranted, SubjectRefused, OutboxAsked, OutboxOpened}
}

// Label is the message key of the sentence.
func (k Kind) Label() errs.Key { return errs.Key("message.kind." + string(k)) }

// Bad reports whether the account has to do something about it.
func (k Kind) Bad() bool {
	switch k {
	case ApprovalRefused, ApprovalReturned, ApprovalRevoked, ApprovalLapsed, AppealRejected, ReferralRejected, ReferralRevoked, GlassBroken, GlassUnjustified, SubjectAsked, SubjectRefused, OutboxAsked:
		return true
	}
	return false
}

// Object is the kind of record a message leads to.
type Object string

// The records.
const (
	Approval  Object = "approval"
	Referral  Object = "referral"
	FollowUps Object = "followups" // the account's own worklist
	Glass     Object = "glass"
	Subject   Object = "subject"
	Outbox    Object = "outbox" // a file of unsent forms
)

// Message is one message to an account.
type Message struct {
	ID      ident.ID
	To      ident.ID
	Kind    Kind
	Object  Object
	About   ident.ID // nil for a list
	CaseNo  string
	Note    string
	Count   int
	At      time.Time
	By      ident.ID
	ReadAt  time.Time // zero: unread
	Version int64
}

// Unread reports whether nobody opened it yet.
func (m Message) Unread() bool { return m.ReadAt.IsZero() }
