package accounts

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// ChangePasswordInput is the form of the own password.
type ChangePasswordInput struct {
	Current string
	New     string
	Repeat  string
}

// ChangePassword replaces the own password and ends all sessions of the account;
// the browser that asked goes on with a new session.
func (s *Service) ChangePassword(ctx context.Context, who user.Principal, in ChangePasswordInput) error {
	if err := s.policy.Check(who, authz.SelfPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	if err := required("current", in.Current, "new", in.New, "repeat", in.Repeat); err != nil {
		return err
	}
	a, err := s.account(ctx, who.AccountID)
	if err != nil {
		return err
	}
	if err := s.checkCurrent(ctx, who, a, proof{"current", audit.SelfPassword, in.Current}); err != nil {
		return err
	}
	if err := s.checkNew(ctx, a, in); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, in.New)
	if err != nil {
		return err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.SelfPassword, ObjectKind: audit.ObjectAccount, ObjectID: a.ID})
		now, err := tx.AccountToChange(a.ID)
		if err != nil {
			return err
		}
		if now.PasswordHash != a.PasswordHash {
			return errs.New(errs.Stale, "error.stale", nil)
		}
		if _, err := tx.EndSessions(a.ID); err != nil {
			return err
		}
		return tx.SetPassword(now.Account, hash, false)
	})
	s.out(a.ID)
	return err
}

// proof is a password or code typed again by somebody signed in.
type proof struct {
	path   string // of its field
	action string // what it is asked for, as recorded
	text   string
}

// checkCurrent compares the current password. Wrong ones count like wrong
// sign-ins, so that a borrowed session is no place to guess at leisure.
func (s *Service) checkCurrent(ctx context.Context, who user.Principal, a store.AccountItem, p proof) error {
	if err := s.guess(ctx, who, a.ID); err != nil {
		return err
	}
	ok, _, err := s.hasher.Verify(ctx, p.text, a.PasswordHash)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if ok {
			tx.NoAudit("the change is recorded with its outcome")
			return tx.SetFailures(a.ID, user.Failures{})
		}
		tx.Intend(audit.Event{Action: p.action, ObjectKind: audit.ObjectAccount, ObjectID: a.ID})
		var f errs.Fields
		f.Add(p.path, "error.password.current")
		return f.Err()
	})
}

// guess counts one attempt of somebody who is known, or refuses it during the
// wait. Whoever is right afterwards takes the count back.
func (s *Service) guess(ctx context.Context, who user.Principal, account ident.ID) error {
	var wait error
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the attempt is recorded with its outcome")
		now, err := tx.AccountToChange(account)
		if err != nil {
			return err
		}
		if wait = now.Failures.Check(tx.Now()); wait != nil {
			return nil
		}
		return tx.SetFailures(account, now.Failures.Failed(tx.Now()))
	})
	if err == nil {
		err = wait
	}
	return err
}

// checkNew asks the policy, and that none of the last passwords comes back.
func (s *Service) checkNew(ctx context.Context, a store.AccountItem, in ChangePasswordInput) error {
	var f errs.Fields
	if err := s.passwords.Check(in.New, a.Username, a.DisplayName, a.Organisation); err != nil {
		for _, x := range errs.Of(err).Fields {
			f = append(f, errs.Field{Path: "new", Key: x.Key, Args: x.Args})
		}
	}
	if in.Repeat != in.New {
		f.Add("repeat", "error.password.differs")
	}
	if err := f.Err(); err != nil {
		return err
	}
	earlier := []string{a.PasswordHash}
	err := s.db.InTx(ctx, user.NewSystem("password"), func(tx *store.Tx) error {
		tx.NoAudit("the change is recorded with its outcome")
		old, err := tx.EarlierPasswords(a.ID, max(0, s.passwords.Reuse-1))
		earlier = append(earlier, old...)
		return err
	})
	if err != nil {
		return err
	}
	for _, hash := range earlier {
		used, _, err := s.hasher.Verify(ctx, in.New, hash)
		if err != nil {
			return err
		}
		if used {
			f.Add("new", "error.password.reused")
			return f.Err()
		}
	}
	return nil
}

// Issued is a password that was made for somebody, to be shown once.
type Issued struct {
	ID       ident.ID
	Username string
	Password string
}

// issue makes a temporary password and its hash.
func (s *Service) issue(ctx context.Context) (password, hash string, err error) {
	password = user.TemporaryPassword(seal.Entropy())
	hash, err = s.hasher.Hash(ctx, password)
	return password, hash, err
}

// ResetPassword gives an account a temporary password, which has to be changed
// at the next sign-in, and ends its sessions and tokens.
func (s *Service) ResetPassword(ctx context.Context, who user.Principal, account ident.ID, key string) (Issued, error) {
	if err := s.policy.Check(who, authz.AccountResetPassword, authz.Anywhere(who.PartnershipID)); err != nil {
		return Issued{}, err
	}
	password, hash, err := s.issue(ctx)
	if err != nil {
		return Issued{}, err
	}
	out, err := store.Once(ctx, s.db, who, store.KeyOf(key, struct{ Reset ident.ID }{account}), func(tx *store.Tx) (Issued, error) {
		tx.Intend(audit.Event{Action: audit.AccountResetPassword, ObjectKind: audit.ObjectAccount, ObjectID: account})
		a, err := s.toChange(tx, who, authz.AccountResetPassword, account)
		if err != nil {
			return Issued{}, err
		}
		if err := s.endAll(tx, account); err != nil {
			return Issued{}, err
		}
		return Issued{account, a.Username, password}, tx.SetPassword(a.Account, hash, true)
	})
	s.out(account)
	return out, err
}

// endAll ends everything an account is signed in with.
func (s *Service) endAll(tx *store.Tx, account ident.ID) error {
	if _, err := tx.EndSessions(account); err != nil {
		return err
	}
	_, err := tx.RevokeTokensOf(account)
	return err
}

// SetPreferences stores the own language and theme; empty values stay as they are.
func (s *Service) SetPreferences(ctx context.Context, who user.Principal, lang i18n.Lang, theme *string) error {
	if !who.SignedIn() || who.IsSystem() {
		return nil
	}
	a, err := s.account(ctx, who.AccountID)
	if err != nil {
		return err
	}
	for _, known := range i18n.Langs() {
		if lang == known {
			a.Language = lang
		}
	}
	if theme != nil && (*theme == "" || *theme == "light" || *theme == "dark") {
		a.Theme = *theme
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("own settings")
		return tx.SetPreferences(a.ID, a.Language, a.Theme)
	})
	s.known.drop(a.ID)
	return err
}
