package accounts

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// SignInInput is what the sign-in page asks for.
type SignInInput struct {
	Username string
	Password string
}

// SignedIn is who came in.
type SignedIn struct {
	Account    ident.ID
	MustChange bool // the password has to be changed before anything else
	NeedsCode  bool // nobody is in yet: the code of the second factor is still missing
}

// SignIn checks a name and a password. Unknown names, wrong passwords and closed
// accounts get one answer, after the same work; each attempt is audited on the
// chain of the platform.
//
// An attempt counts as a failure before the password is looked at, in its own
// transaction: guesses sent at the same time wait for each other's count, and no
// database connection waits for the slow hash.
func (s *Service) SignIn(ctx context.Context, in SignInInput) (SignedIn, error) {
	name := user.NormalizeUsername(in.Username)
	if err := required("username", name, "password", in.Password); err != nil {
		return SignedIn{}, err
	}
	a, known, err := s.attempt(ctx, name)
	if err != nil {
		return SignedIn{}, err
	}
	if !known {
		if err := s.hasher.VerifyNobody(ctx, in.Password); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, s.refuseSignIn(ctx, ident.Nil)
	}
	ok, rehash, err := s.hasher.Verify(ctx, in.Password, a.PasswordHash)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok || a.CheckActive() != nil {
		return SignedIn{}, s.refuseSignIn(ctx, a.ID)
	}
	return s.admit(ctx, a, in.Password, rehash)
}

// attempt counts one attempt and refuses it during the wait.
func (s *Service) attempt(ctx context.Context, name string) (a store.AccountItem, known bool, err error) {
	var wait error
	err = s.db.InTx(ctx, signInPrincipal(), func(tx *store.Tx) error {
		tx.NoAudit("the attempt is recorded with its outcome")
		if a, known, err = tx.AccountToSignIn(name); err != nil {
			return err
		}
		failures := a.Failures
		if !known {
			failures, _ = s.ghosts.get(name)
		}
		if wait = failures.Check(tx.Now()); wait != nil {
			tx.Audit(signInEvent(a.ID, audit.Refused, "error.sign_in.wait"))
			return nil
		}
		failures = failures.Failed(tx.Now())
		if !known {
			s.ghosts.put(name, failures, tx.Now())
			return tx.Touch() // an unknown name costs the same as a known one
		}
		return tx.SetFailures(a.ID, failures)
	})
	if err == nil {
		err = wait
	}
	return a, known, err
}

func (s *Service) refuseSignIn(ctx context.Context, account ident.ID) error {
	err := s.db.InTx(ctx, signInPrincipal(), func(tx *store.Tx) error {
		tx.Audit(signInEvent(account, audit.Refused, "error.sign_in.wrong"))
		return nil
	})
	if err != nil {
		return err
	}
	return user.WrongPassword()
}

// admit ends the run of failures and records the sign-in. The account is read
// again: it may have been closed while the password was compared.
func (s *Service) admit(ctx context.Context, seen store.AccountItem, password string, rehash bool) (SignedIn, error) {
	var better string
	if rehash {
		var err error
		if better, err = s.hasher.Hash(ctx, password); err != nil {
			return SignedIn{}, err
		}
	}
	out := SignedIn{Account: seen.ID}
	err := s.db.InTx(ctx, signInPrincipal(), func(tx *store.Tx) error {
		a, err := tx.AccountToChange(seen.ID)
		if err != nil {
			tx.Intend(signInEvent(seen.ID, audit.Done, ""))
			return err
		}
		if out.NeedsCode = a.SecondFactor; out.NeedsCode {
			tx.NoAudit("the sign-in is recorded with its second step")
		} else {
			tx.Intend(signInEvent(seen.ID, audit.Done, ""))
		}
		if a.Disabled || a.PasswordHash != seen.PasswordHash {
			return errs.New(errs.Stale, "error.sign_in.wrong", nil)
		}
		out.MustChange = a.MustChange || s.passwords.Expired(a.PasswordChangedAt, tx.Now())
		if better != "" {
			if err := tx.Rehash(a.ID, better); err != nil {
				return err
			}
		}
		if out.NeedsCode {
			return nil // the attempt counts until the code is right: a known password is no leave to guess codes
		}
		return tx.SetFailures(a.ID, user.Failures{})
	})
	if errs.Is(err, errs.Stale) {
		return SignedIn{}, user.WrongPassword()
	}
	s.known.drop(seen.ID)
	return out, err
}

// SignedOut records that a person left.
func (s *Service) SignedOut(ctx context.Context, who user.Principal) error {
	if !who.SignedIn() {
		return nil
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Audit(audit.Event{Action: audit.SessionSignOut, ObjectKind: audit.ObjectAccount, ObjectID: who.AccountID})
		return nil
	})
}

func signInPrincipal() user.Principal { return user.NewSystem("sign-in") }

// signInEvent names the account, never what was typed: people type passwords
// into the wrong box.
func signInEvent(account ident.ID, outcome audit.Outcome, reason string) audit.Event {
	var detail map[string]any
	if account == ident.Nil {
		detail = map[string]any{"known": false}
	}
	return audit.Event{Action: audit.SessionSignIn, ObjectKind: audit.ObjectAccount, ObjectID: account, Outcome: outcome, Reason: reason, Detail: detail}
}

// required notes the empty ones of pairs of field and value.
func required(pairs ...string) error {
	var f errs.Fields
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			f.Add(pairs[i], "form.error.missing")
		}
	}
	return f.Err()
}
