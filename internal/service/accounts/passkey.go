package accounts

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/passkey"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Passkeys lists the own security keys.
func (s *Service) Passkeys(ctx context.Context, who user.Principal) (out []Passkey, err error) {
	if err := s.policy.Check(who, authz.SelfRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("own settings")
		out, err = tx.PasskeysOf(who.AccountID, "")
		return err
	})
	return out, err
}

// BeginPasskey begins to set a security key up. It comes beside the codes of the
// app, never in their place: where no script runs the code is the only way in.
func (s *Service) BeginPasskey(ctx context.Context, who user.Principal, site passkey.Site) (passkey.Challenge, error) {
	p, err := s.holder(ctx, who, site)
	if err != nil {
		return passkey.Challenge{}, err
	}
	return passkey.Enrol(site, p)
}

// holder is the person with the keys under the site's name.
func (s *Service) holder(ctx context.Context, who user.Principal, site passkey.Site) (p passkey.Person, err error) {
	if err := s.policy.Check(who, authz.SelfPasskey, authz.Anywhere(who.PartnershipID)); err != nil {
		return p, err
	}
	if !who.SecondFactor {
		return p, errs.Refuse("passkey.app_first", "error.passkey.app_first", nil, "remedy.passkey.app_first")
	}
	p = passkey.Person{ID: who.AccountID, Name: who.Username, Display: who.DisplayName}
	return p, s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("own settings")
		p.Keys, err = keysOf(tx, who.AccountID, site.Host)
		return err
	})
}

func keysOf(tx *store.Tx, account ident.ID, host string) ([]passkey.Key, error) {
	rows, err := tx.PasskeysOf(account, host)
	out := make([]passkey.Key, len(rows))
	for i, r := range rows {
		out[i] = passkey.Key{ID: r.Credential, Record: r.Record}
	}
	return out, err
}

// NewPasskey is the form of a security key.
type NewPasskey struct {
	Name   string
	Site   passkey.Site
	State  []byte // what the session kept
	Answer []byte // what the browser answered
}

// maxKeyName is the length of a key's name, in characters.
const maxKeyName = 40

// AddPasskey sets a security key up.
func (s *Service) AddPasskey(ctx context.Context, who user.Principal, in NewPasskey) error {
	p, err := s.holder(ctx, who, in.Site)
	if err != nil {
		return err
	}
	name := strings.Join(strings.Fields(in.Name), " ")
	if n := utf8.RuneCountInString(name); n == 0 || n > maxKeyName {
		var f errs.Fields
		f.Add("name", "error.passkey.name", "max", maxKeyName)
		return f.Err()
	}
	key, err := passkey.Enrolled(in.Site, p, in.State, in.Answer)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.PasskeyAdd, ObjectKind: audit.ObjectAccount, ObjectID: who.AccountID})
		return tx.InsertPasskey(who.AccountID, Passkey{ID: ident.New(), Credential: key.ID, Name: name, Host: in.Site.Host, Record: key.Record})
	})
}

// RemovePasskey removes one of the own keys.
func (s *Service) RemovePasskey(ctx context.Context, who user.Principal, id ident.ID) error {
	if err := s.policy.Check(who, authz.SelfPasskey, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.PasskeyRemove, ObjectKind: audit.ObjectAccount, ObjectID: who.AccountID})
		return tx.RemovePasskey(who.AccountID, id)
	})
}

// AskPasskey asks somebody who has given the password for a security key; ok is
// false where there is none under this name of the site.
func (s *Service) AskPasskey(ctx context.Context, half Half, site passkey.Site) (c passkey.Challenge, ok bool, err error) {
	p := passkey.Person{ID: half.Account}
	err = s.db.InTx(ctx, signInPrincipal(), func(tx *store.Tx) error {
		tx.NoAudit("the sign-in is recorded with its second step")
		p.Keys, err = keysOf(tx, half.Account, site.Host)
		return err
	})
	if err != nil || len(p.Keys) == 0 {
		return c, false, err
	}
	c, err = passkey.Ask(site, p)
	return c, err == nil, err
}

// SignInPasskey is the second step of a sign-in with a security key. It counts
// and ends like the step with a code.
func (s *Service) SignInPasskey(ctx context.Context, half Half, in NewPasskey) (SignedIn, error) {
	return s.secondStep(ctx, half, func(tx *store.Tx, account ident.ID) (string, error) {
		rows, err := tx.PasskeysOf(account, in.Site.Host)
		if err != nil {
			return "", err
		}
		p := passkey.Person{ID: account}
		for _, r := range rows {
			p.Keys = append(p.Keys, passkey.Key{ID: r.Credential, Record: r.Record})
		}
		used, err := passkey.Answered(in.Site, p, in.State, in.Answer)
		if errs.Is(err, errs.Invalid) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		for _, r := range rows {
			if bytes.Equal(r.Credential, used.ID) {
				return "passkey", tx.UsePasskey(account, r.ID, used.Record)
			}
		}
		return "", nil
	})
}
