// Package inbox is what lies on an account's own desk: messages of the programme
// and forms begun and not sent. Everything here belongs to the account that is
// signed in; nobody reads somebody else's.
//
// Messages are left by the services that did what they tell about, in the same
// transaction ([store.Tx.Tell]); here they are read.
package inbox

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Names of the stored records, for delivery, which does not reach into the store.
type (
	Message = store.MessageItem
	Draft   = store.Draft
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
}

// Service is the use cases of the own desk.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New makes the service.
func New(d Deps) *Service { return &Service{db: d.DB, policy: d.Policy} }

// own asks whether anybody is at the desk; outside of a partnership there is none.
func (s *Service) own(who user.Principal) error {
	if who.PartnershipID == ident.Nil {
		return errs.Missing("error.not_found")
	}
	return s.policy.Check(who, authz.SelfRead, authz.Anywhere(who.PartnershipID))
}

// Glance is what the frame of every page shows of the desk.
type Glance struct {
	Unread int
	Drafts []Draft
}

// Glance reads the number beside the bell and the forms that wait.
func (s *Service) Glance(ctx context.Context, who user.Principal) (g Glance, err error) {
	if s.own(who) != nil { // no desk, nothing on it
		return g, nil
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("what the reader wrote, and a number")
		if g.Unread, err = tx.CountUnread(); err != nil {
			return err
		}
		g.Drafts, err = tx.OwnDrafts()
		return err
	})
	return g, err
}

// List is a page of own messages.
type List struct {
	page.Result[Message]
	Unread int
}

// Messages lists the own messages, the latest first.
func (s *Service) Messages(ctx context.Context, who user.Principal, unread bool, req page.Request) (out List, err error) {
	if err := s.own(who); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if out.Result, err = tx.ListMessages(unread, req); err != nil {
			return err
		}
		out.Unread, err = tx.CountUnread()
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "messages", "rows": len(out.Rows)}})
		return err
	})
	return out, err
}

// Open marks a message as read and answers what it is about.
func (s *Service) Open(ctx context.Context, who user.Principal, id ident.ID) (m Message, err error) {
	if err := s.own(who); err != nil {
		return m, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.MessageRead, ObjectKind: audit.ObjectMessage, ObjectID: id})
		if m, err = tx.OwnMessage(id); err != nil {
			return err
		}
		_, err = tx.ReadMessages([]ident.ID{id})
		return err
	})
	return m, err
}

// most bounds what one press marks.
const most = page.MaxSize

// Mark makes own messages read, or unread again, and answers how many changed.
func (s *Service) Mark(ctx context.Context, who user.Principal, ids []ident.ID, read bool) (n int64, err error) {
	if err := s.own(who); err != nil {
		return 0, err
	}
	var f errs.Fields
	if len(ids) == 0 || len(ids) > most {
		f.Add("ids", "error.message.pick")
		return 0, f.Err()
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.MessageRead, ObjectKind: audit.ObjectMessage, Detail: map[string]any{"count": len(ids), "read": read}})
		if read {
			n, err = tx.ReadMessages(ids)
		} else {
			n, err = tx.UnreadMessages(ids)
		}
		return err
	})
	return n, err
}

// Path is the address of what a message is about; a page and the API name their
// records alike.
func Path(m message.Message) string {
	switch m.Object {
	case message.Approval:
		return "/approvals/" + m.About.String()
	case message.Glass:
		return "/glass/" + m.About.String()
	case message.Subject:
		return "/subject-requests/" + m.About.String()
	case message.Outbox:
		return "/screenings/outboxes/" + m.About.String()
	case message.Referral:
		return "/referrals/" + m.About.String()
	}
	return "/followups?taken=mine"
}
