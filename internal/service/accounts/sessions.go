package accounts

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// OwnSessions lists where the own account is signed in.
func (s *Service) OwnSessions(ctx context.Context, who user.Principal) (out []store.SessionItem, err error) {
	if err := s.policy.Check(who, authz.SelfRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return nil, err
	}
	if s.sessions == nil {
		return nil, nil
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("own settings")
		out, err = tx.SessionsOf(who.AccountID, s.sessions.Codec(), who.SessionID)
		return err
	})
	return out, err
}

// EndOwnSession signs the own account out of one browser. One that ended
// meanwhile is ended all the same.
func (s *Service) EndOwnSession(ctx context.Context, who user.Principal, session ident.ID) error {
	return s.endOwn(ctx, who, session, func(tx *store.Tx) error {
		_, err := tx.EndSession(who.AccountID, session)
		return err
	})
}

// EndOtherSessions signs the own account out of every other browser.
func (s *Service) EndOtherSessions(ctx context.Context, who user.Principal) error {
	if who.SessionID == "" {
		return errs.Missing("error.not_found")
	}
	return s.endOwn(ctx, who, ident.Nil, func(tx *store.Tx) error {
		_, err := tx.EndOtherSessions(who.AccountID, who.SessionID)
		return err
	})
}

func (s *Service) endOwn(ctx context.Context, who user.Principal, session ident.ID, end func(*store.Tx) error) error {
	if err := s.policy.Check(who, authz.SelfPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.SessionEnd, ObjectKind: audit.ObjectSession, ObjectID: session})
		return end(tx)
	})
	if err == nil && s.sessions != nil {
		s.sessions.Reread(who.AccountID)
	}
	return err
}

// Locked records that a person locked the screen.
func (s *Service) Locked(ctx context.Context, who user.Principal) error {
	if err := s.policy.Check(who, authz.SelfPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Audit(audit.Event{Action: audit.SessionLock, ObjectKind: audit.ObjectAccount, ObjectID: who.AccountID})
		return nil
	})
}

// Unlock compares the password of somebody whose screen is locked. The second
// factor was given at the sign-in and is not asked for again; what needs a fresh
// proof asks for its own.
func (s *Service) Unlock(ctx context.Context, who user.Principal, password string) error {
	const path = "_proof"
	if err := required(path, password); err != nil {
		return err
	}
	a, err := s.account(ctx, who.AccountID)
	if err != nil {
		return err
	}
	if err := s.checkCurrent(ctx, who, a, proof{path, audit.SessionUnlock, password}); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Audit(audit.Event{Action: audit.SessionUnlock, ObjectKind: audit.ObjectAccount, ObjectID: a.ID})
		return nil
	})
}
