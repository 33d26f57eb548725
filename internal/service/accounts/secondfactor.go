package accounts

import (
	"context"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Half is who has given the password and still owes the code.
type Half struct {
	Account ident.ID
	At      time.Time // when the password was right
}

// halfLife is how long the code may follow the password.
const halfLife = 5 * time.Minute

// SignInCode is the second step of a sign-in: the code of the app, or one of the
// recovery codes. Whoever has waited too long, or whose password was changed
// meanwhile, begins anew.
func (s *Service) SignInCode(ctx context.Context, half Half, code string) (SignedIn, error) {
	if err := required("code", code); err != nil {
		return SignedIn{}, err
	}
	return s.secondStep(ctx, half, func(tx *store.Tx, account ident.ID) (string, error) { return s.accept(tx, account, code) })
}

// secondStep ends a sign-in: accept says what was given, or nothing when it was
// wrong. An attempt counts before it is looked at.
func (s *Service) secondStep(ctx context.Context, half Half, accept func(tx *store.Tx, account ident.ID) (how string, err error)) (SignedIn, error) {
	who := signInPrincipal()
	if err := s.guess(ctx, who, half.Account); err != nil {
		return SignedIn{}, err
	}
	out := SignedIn{Account: half.Account}
	var wrong error
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		a, err := tx.AccountToChange(half.Account)
		if err != nil {
			tx.NoAudit("there is no such account")
			return err
		}
		if a.Disabled || a.PasswordChangedAt.After(half.At) || tx.Now().Sub(half.At) > halfLife {
			wrong = errs.New(errs.Unauthenticated, "error.sign_in.again", nil)
			tx.Audit(signInEvent(a.ID, audit.Refused, "error.sign_in.again"))
			return nil
		}
		how, err := accept(tx, a.ID)
		if err != nil {
			return err
		}
		if how == "" {
			wrong = user.WrongCode("code")
			tx.Audit(signInEvent(a.ID, audit.Refused, "error.second_factor.wrong"))
			return nil
		}
		done := signInEvent(a.ID, audit.Done, "")
		done.Detail = map[string]any{"second_factor": how}
		tx.Audit(done)
		out.MustChange = a.MustChange || s.passwords.Expired(a.PasswordChangedAt, tx.Now())
		return tx.SetFailures(a.ID, user.Failures{})
	})
	if err == nil {
		err = wrong
	}
	s.known.drop(half.Account)
	return out, err
}

// accept takes a code of the app or a recovery code, and says which it was;
// empty: neither.
func (s *Service) accept(tx *store.Tx, account ident.ID, code string) (how string, err error) {
	f, ok, err := tx.SecondFactor(account)
	if err != nil || !ok || !f.InForce() {
		return "", err
	}
	if next, ok := f.Accept(code, tx.Now()); ok {
		return "app", tx.SetSecondFactor(next)
	}
	if ok, err = tx.UseRecoveryCode(account, code); err != nil || !ok {
		return "", err
	}
	return "recovery_code", nil
}

// FactorState is what the own page says about the second factor.
type FactorState struct {
	InForce   bool
	CodesLeft int // recovery codes not used yet
}

// SecondFactor tells how the own account stands.
func (s *Service) SecondFactor(ctx context.Context, who user.Principal) (out FactorState, err error) {
	if err := s.policy.Check(who, authz.SelfRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("own settings")
		f, ok, err := tx.SecondFactor(who.AccountID)
		if err != nil || !ok || !f.InForce() {
			return err
		}
		out.InForce = true
		out.CodesLeft, err = tx.RecoveryCodesLeft(who.AccountID)
		return err
	})
	return out, err
}

// BeginSecondFactor makes a secret for the own app. Nobody is asked for codes of
// it before one was confirmed; beginning again makes another secret.
func (s *Service) BeginSecondFactor(ctx context.Context, who user.Principal) (user.SecondFactor, error) {
	if err := s.policy.Check(who, authz.SelfPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return user.SecondFactor{}, err
	}
	f := user.SecondFactor{AccountID: who.AccountID, Secret: user.NewSecret(seal.Entropy(), seal.Entropy())}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.FactorBegin, ObjectKind: audit.ObjectAccount, ObjectID: who.AccountID})
		old, ok, err := tx.SecondFactor(who.AccountID)
		if err != nil {
			return err
		}
		if ok && old.InForce() {
			return errs.Refuse("second_factor.in_force", "error.second_factor.in_force", nil, "refusal.next.factor_end")
		}
		return tx.BeginSecondFactor(f)
	})
	return f, err
}

// Begun is the secret that waits for its first code; ok is false when none does.
func (s *Service) Begun(ctx context.Context, who user.Principal) (f user.SecondFactor, ok bool, err error) {
	if err := s.policy.Check(who, authz.SelfPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return f, false, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("own settings")
		f, ok, err = tx.SecondFactor(who.AccountID)
		return err
	})
	return f, ok && !f.InForce(), err
}

// ConfirmSecondFactor brings the begun secret into force with a first code, and
// gives the recovery codes, to be shown once.
func (s *Service) ConfirmSecondFactor(ctx context.Context, who user.Principal, code string) ([]string, error) {
	if err := s.policy.Check(who, authz.SelfPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return nil, err
	}
	if err := required("code", code); err != nil {
		return nil, err
	}
	codes := recoveryCodes()
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.FactorConfirm, ObjectKind: audit.ObjectAccount, ObjectID: who.AccountID})
		f, ok, err := tx.SecondFactor(who.AccountID)
		if err != nil {
			return err
		}
		if !ok || f.InForce() {
			return errs.Refuse("second_factor.not_begun", "error.second_factor.not_begun", nil, "refusal.next.factor_begin")
		}
		if f, ok = f.Accept(code, tx.Now()); !ok {
			return user.WrongCode("code")
		}
		f.ConfirmedAt = tx.Now()
		if err := tx.SetSecondFactor(f); err != nil {
			return err
		}
		return tx.SetRecoveryCodes(who.AccountID, codes)
	})
	s.known.drop(who.AccountID)
	return codes, err
}

func recoveryCodes() []string {
	codes := make([]string, user.RecoveryCodes)
	for i := range codes {
		codes[i] = user.RecoveryCode(seal.Entropy())
	}
	return codes
}

// NewRecoveryCodes replaces the recovery codes; the earlier ones count no more.
func (s *Service) NewRecoveryCodes(ctx context.Context, who user.Principal, code string) ([]string, error) {
	codes := recoveryCodes()
	return codes, s.withCode(ctx, who, proof{"code", audit.FactorCodes, code}, func(tx *store.Tx) error {
		return tx.SetRecoveryCodes(who.AccountID, codes)
	})
}

// EndSecondFactor removes the own second factor.
func (s *Service) EndSecondFactor(ctx context.Context, who user.Principal, code string) error {
	return s.withCode(ctx, who, proof{"code", audit.FactorEnd, code}, func(tx *store.Tx) error { return tx.EndSecondFactor(who.AccountID) })
}

// withCode does something to the own account once its code was right. Wrong
// codes count like wrong passwords.
func (s *Service) withCode(ctx context.Context, who user.Principal, p proof, do func(*store.Tx) error) error {
	if err := s.policy.Check(who, authz.SelfPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	if err := required(p.path, p.text); err != nil {
		return err
	}
	if err := s.guess(ctx, who, who.AccountID); err != nil {
		return err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: p.action, ObjectKind: audit.ObjectAccount, ObjectID: who.AccountID})
		how, err := s.accept(tx, who.AccountID, p.text)
		if err != nil {
			return err
		}
		if how == "" {
			return user.WrongCode(p.path)
		}
		if err := tx.SetFailures(who.AccountID, user.Failures{}); err != nil {
			return err
		}
		return do(tx)
	})
	s.known.drop(who.AccountID)
	return err
}

// Prove asks somebody signed in once more who it is, before what must not happen
// on a screen left alone: with the code, or with the password where no second
// factor is in force.
func (s *Service) Prove(ctx context.Context, who user.Principal, text string) error {
	const path = "_proof"
	if err := required(path, text); err != nil {
		return err
	}
	a, err := s.account(ctx, who.AccountID)
	if err != nil {
		return err
	}
	p := proof{path, audit.SessionProve, text}
	if !a.SecondFactor {
		if err := s.checkCurrent(ctx, who, a, p); err != nil {
			return err
		}
		return s.db.InTx(ctx, who, func(tx *store.Tx) error {
			tx.Audit(audit.Event{Action: audit.SessionProve, ObjectKind: audit.ObjectAccount, ObjectID: a.ID})
			return nil
		})
	}
	return s.withCode(ctx, who, p, func(*store.Tx) error { return nil })
}

// ResetSecondFactor takes the second factor from somebody who lost phone and
// codes, and ends everything the account is signed in with. Who may reset a
// password may; the own one is ended with a code instead.
func (s *Service) ResetSecondFactor(ctx context.Context, who user.Principal, account ident.ID, key string) error {
	if err := s.policy.Check(who, authz.AccountResetPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	if account == who.AccountID {
		return errs.Refuse("second_factor.own", "error.second_factor.own", nil, "refusal.next.other_admin")
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, struct{ Factor ident.ID }{account}), func(tx *store.Tx) (struct{}, error) {
		tx.Intend(audit.Event{Action: audit.FactorReset, ObjectKind: audit.ObjectAccount, ObjectID: account})
		if _, err := s.toChange(tx, who, authz.AccountResetPassword, account); err != nil {
			return struct{}{}, err
		}
		if err := s.endAll(tx, account); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.EndSecondFactor(account)
	})
	s.out(account)
	return err
}
