package accounts

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Resumption is what a browser session says about who acts.
type Resumption struct {
	Account     ident.ID
	Partnership ident.ID // chosen; nil: none was chosen, or the platform
	Session     string
}

// Resume makes the principal of a session. It is called for each request and
// costs a query at most once in [fresh] per account. A closed account is
// Unauthenticated: the session is over.
func (s *Service) Resume(ctx context.Context, in Resumption) (user.Principal, error) {
	a, err := s.account(ctx, in.Account)
	if err != nil {
		return user.Principal{}, err
	}
	if err := s.policy.Ensure(ctx); err != nil {
		return user.Principal{}, err
	}
	who, err := s.principal(ctx, a, s.place(a.ID, in.Partnership))
	who.SessionID = in.Session
	return who, err
}

// Bearer makes the principal of an API token.
func (s *Service) Bearer(ctx context.Context, secret string) (user.Principal, error) {
	refused := errs.New(errs.Unauthenticated, "error.token.ended", nil)
	t, err := s.token(ctx, secret)
	if err != nil {
		return user.Principal{}, err
	}
	if t.ID == ident.Nil {
		return user.Principal{}, refused
	}
	if err := t.CheckUsable(s.clock.Now()); err != nil {
		return user.Principal{}, err
	}
	a, err := s.account(ctx, t.AccountID)
	if err != nil {
		return user.Principal{}, err
	}
	if err := s.policy.Ensure(ctx); err != nil {
		return user.Principal{}, err
	}
	who, err := s.principal(ctx, a, t.PartnershipID)
	// A password that waits to be changed is the browser's business.
	who.TokenID, who.TokenScopes, who.MustChange = t.ID, t.Scopes, false
	return who, err
}

// place is the partnership to work in: the chosen one while the person may work
// there, else none for people of the platform, else the first of the own.
func (s *Service) place(account, chosen ident.ID) ident.ID {
	mine := s.policy.Partnerships(account)
	on := s.policy.OnPlatform(account)
	switch {
	case chosen != ident.Nil && (on || slices.Contains(mine, chosen)):
		return chosen
	case on || len(mine) == 0:
		return ident.Nil
	}
	return mine[0]
}

// Enter moves a person to another partnership, Nil being the platform, or
// refuses one that does not exist or where the person has nothing to do.
func (s *Service) Enter(ctx context.Context, who user.Principal, partnership ident.ID) error {
	missing := errs.Missing("error.partnership.missing")
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.SessionPartnership, ObjectKind: audit.ObjectPartnership, ObjectID: partnership})
		if s.place(who.AccountID, partnership) != partnership {
			return missing
		}
		if partnership == ident.Nil {
			return nil
		}
		if p, err := tx.PartnershipByID(partnership); err != nil || p.Scratch {
			return missing
		}
		return nil
	})
}

// principal is the account at work in a partnership.
func (s *Service) principal(ctx context.Context, a store.AccountItem, partnership ident.ID) (user.Principal, error) {
	base := user.Principal{AccountID: a.ID, Username: a.Username, DisplayName: a.DisplayName, OrganisationID: a.OrganisationID,
		Organisation: a.Organisation, PractitionerID: a.PractitionerID, PartnershipID: partnership, Language: a.Language, Theme: a.Theme,
		SecondFactor: a.SecondFactor, MustChange: a.MustChange || s.passwords.Expired(a.PasswordChangedAt, s.clock.Now())}
	side, err := s.side(ctx, partnership, a.OrganisationID)
	if err != nil {
		return user.Principal{}, err
	}
	base.Side = side
	return s.policy.Principal(base)
}

// account reads an active account.
func (s *Service) account(ctx context.Context, id ident.ID) (store.AccountItem, error) {
	a, ok := s.known.get(id)
	if !ok {
		at := s.clock.Now()
		err := s.db.InTx(ctx, user.NewSystem("session"), func(tx *store.Tx) error {
			tx.NoAudit("who a session belongs to")
			var err error
			a, err = tx.AccountByID(id)
			return err
		})
		if errs.Is(err, errs.NotFound) {
			return a, errs.New(errs.Unauthenticated, "error.unauthenticated", nil)
		}
		if err != nil {
			return a, err
		}
		s.known.put(id, a, at)
	}
	if a.Disabled {
		return a, errs.New(errs.Unauthenticated, "error.unauthenticated", nil)
	}
	return a, nil
}

// side is where the organisation stands in the partnership. It changes by a date
// in years, so it is believed for longer; it decides a colour, not a right.
func (s *Service) side(ctx context.Context, partnership, organisation ident.ID) (side user.Side, err error) {
	if partnership == ident.Nil || organisation == ident.Nil {
		return "", nil
	}
	key := [2]ident.ID{partnership, organisation}
	if side, ok := s.sides.get(key); ok {
		return side, nil
	}
	at := s.clock.Now()
	err = s.db.InTx(ctx, user.NewSystem("session").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("the side of an organisation")
		side, err = tx.SideOf(organisation)
		return err
	})
	if err == nil {
		s.sides.put(key, side, at)
	}
	return side, err
}

// token reads a token by its secret; the zero Token when there is none.
func (s *Service) token(ctx context.Context, secret string) (user.Token, error) {
	digest := seal.TokenDigest(secret)
	key := hex.EncodeToString(digest)
	if t, ok := s.tokens.get(key); ok {
		return t, nil
	}
	at := s.clock.Now()
	t, ok, err := s.db.TokenByDigest(ctx, digest)
	if err != nil || !ok {
		return user.Token{}, err
	}
	s.tokens.put(key, t, at)
	return t, nil
}
