package treatment

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// JoinsView is what other hospitals asked of ours, and what ours asked of others.
type JoinsView struct {
	Waiting   []store.Referral // to be answered here
	Emergency []store.Referral // joined at once; reported, nothing to decide
	Answered  []store.Referral // ours to others
	Sent      []store.Referral
	Sides     map[ident.ID]user.Side
	CanAnswer bool
}

// Joins lists the requests of the reader's hospitals.
func (s *Service) Joins(ctx context.Context, who user.Principal) (JoinsView, error) {
	var v JoinsView
	if err := s.door(who, authz.CaseRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		inbox, err := tx.ReferralInbox(who.Hospitals, referral.Sent, referral.Accepted)
		if err != nil {
			return err
		}
		for _, r := range inbox {
			switch {
			case r.State == referral.Sent && r.Kind == referral.Join:
				v.Waiting = append(v.Waiting, r)
			case r.Emergency && r.Kind == referral.Join:
				v.Emergency = append(v.Emergency, r)
			}
		}
		if v.Sent, err = tx.ReferralOutbox(who.Hospitals, referral.Sent); err != nil {
			return err
		}
		if v.Answered, err = tx.ReferralOutbox(who.Hospitals, referral.Accepted, referral.Rejected); err != nil {
			return err
		}
		if v.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList,
			Detail: map[string]any{"list": "joins", "rows": len(inbox) + len(v.Sent) + len(v.Answered)}})
		return nil
	})
	v.CanAnswer = s.door(who, authz.CaseAccept) == nil
	return v, err
}

// AnswerInput answers a request to join a case, or takes one back.
type AnswerInput struct {
	Referral ident.ID
	Version  int64
	Action   referral.Action
	Reply    string
}

// AnswerJoin accepts or rejects a request of another hospital, or revokes one of
// ours. An accepted one opens the case to the hospital that asked.
func (s *Service) AnswerJoin(ctx context.Context, who user.Principal, in AnswerInput, key store.Key) (store.Referral, error) {
	var none store.Referral
	perm, action := authz.CaseAccept, audit.CaseAccept
	switch in.Action {
	case referral.Reject:
		action = audit.CaseDecline
	case referral.Revoke, referral.Finish:
		perm, action = authz.CaseJoin, audit.CaseJoin
	}
	if err := s.door(who, perm); err != nil {
		return none, err
	}
	if len([]rune(in.Reply)) > maxText {
		return none, tooLong("reply")
	}
	event := audit.Event{Action: action, ObjectKind: audit.ObjectReferral, ObjectID: in.Referral, Detail: map[string]any{"step": string(in.Action)}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (store.Referral, error) {
		r, err := tx.ReferralForUpdate(in.Referral)
		if err != nil {
			return none, err
		}
		hospital := r.To
		if !s.can(who, perm, hospital) {
			hospital = r.From
		}
		if err := s.at(who, perm, hospital); err != nil {
			return none, err
		}
		if err := sameVersion(r.Version, in.Version); err != nil {
			return none, err
		}
		if r.Referral, err = referral.Next(r.Referral, in.Action, hospital, in.Reply); err != nil {
			return none, err
		}
		r.Reply = in.Reply
		if err := tx.UpdateReferral(r); err != nil {
			return none, err
		}
		return r, nil
	})
}
