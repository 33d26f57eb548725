package accounts

import (
	"context"
	"slices"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// NewToken is the form of an API token.
type NewToken struct {
	Name   string
	Scopes []authz.Permission // empty: what the person may read
	Life   time.Duration      // 0: 90 days
}

// IssuedToken is a token with its secret, to be shown once.
type IssuedToken struct {
	ID        ident.ID
	Secret    string
	ExpiresAt time.Time
	Scopes    []authz.Permission
}

// CreateToken makes a token of the own account in the partnership the person
// works in.
func (s *Service) CreateToken(ctx context.Context, who user.Principal, in NewToken, key string) (IssuedToken, error) {
	if err := s.policy.Check(who, authz.TokenCreate, authz.Anywhere(who.PartnershipID)); err != nil {
		return IssuedToken{}, err
	}
	return s.createToken(ctx, who, who, in, key)
}

// CreateTokenFor makes a token of somebody else's account: only a command on the
// machine itself may. Without a partnership it is the first of the account's.
func (s *Service) CreateTokenFor(ctx context.Context, command user.Principal, account, partnership ident.ID, in NewToken) (IssuedToken, error) {
	if !command.IsSystem() {
		return IssuedToken{}, errs.New(errs.Forbidden, "error.forbidden", errs.Args{"permission": authz.Label(authz.TokenCreate)})
	}
	if err := s.policy.Ensure(ctx); err != nil {
		return IssuedToken{}, err
	}
	a, err := s.account(ctx, account)
	if err != nil {
		return IssuedToken{}, err
	}
	place := s.place(a.ID, partnership)
	if partnership != ident.Nil && place != partnership {
		return IssuedToken{}, errs.Missing("error.partnership.missing")
	}
	owner, err := s.principal(ctx, a, place)
	if err != nil {
		return IssuedToken{}, err
	}
	return s.createToken(ctx, command.In(place), owner, in, "")
}

func (s *Service) createToken(ctx context.Context, who, owner user.Principal, in NewToken, key string) (IssuedToken, error) {
	may := s.may(owner)
	if len(in.Scopes) == 0 {
		in.Scopes = s.policy.ReadScopes(owner)
	}
	if in.Life == 0 {
		in.Life = user.DefaultTokenLife
	}
	secret, now := ident.Token(), s.clock.Now()
	t := user.Token{ID: ident.New(), AccountID: owner.AccountID, PartnershipID: owner.PartnershipID, Name: in.Name, Digest: seal.TokenDigest(secret),
		Scopes: in.Scopes, CreatedAt: now, ExpiresAt: now.Add(in.Life)}
	if err := user.CheckToken(t, may); err != nil {
		return IssuedToken{}, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (IssuedToken, error) {
		tx.Intend(audit.Event{Action: audit.TokenCreate, ObjectKind: audit.ObjectToken, ObjectID: t.ID, OrganisationID: owner.OrganisationID,
			Detail: map[string]any{"account": owner.AccountID.String(), "scopes": user.JoinScopes(t.Scopes), "expires": t.ExpiresAt.Format(time.RFC3339)}})
		return IssuedToken{t.ID, secret, t.ExpiresAt, t.Scopes}, tx.InsertToken(t)
	})
}

// may lists everything the person may do where it works.
func (s *Service) may(who user.Principal) []authz.Permission {
	var out []authz.Permission
	for _, perm := range authz.Permissions() {
		if s.policy.Can(who, perm, authz.Anywhere(who.PartnershipID)) {
			out = append(out, perm)
		}
	}
	return out
}

// TokenScopes lists what a token of the person can be given, the ones of a plain
// reading token first.
func (s *Service) TokenScopes(who user.Principal) (reads, others []authz.Permission) {
	reads = s.policy.ReadScopes(who)
	for _, perm := range s.may(who) {
		if !slices.Contains(reads, perm) {
			others = append(others, perm)
		}
	}
	return reads, others
}

// Tokens lists the own tokens.
func (s *Service) Tokens(ctx context.Context, who user.Principal) (out []user.Token, err error) {
	if err := s.policy.Check(who, authz.SelfRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("own tokens")
		out, err = tx.TokensOf(who.AccountID)
		return err
	})
	return out, err
}

// RevokeToken ends a token: the own one, or anybody's with the permission.
func (s *Service) RevokeToken(ctx context.Context, who user.Principal, id ident.ID) error {
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.TokenRevoke, ObjectKind: audit.ObjectToken, ObjectID: id})
		t, err := tx.TokenByID(id)
		if err != nil {
			return err
		}
		if t.AccountID != who.AccountID && !s.platform(who, authz.TokenRevoke) {
			return errs.Missing("error.token.missing")
		}
		return tx.RevokeToken(id)
	})
	s.tokens.clear()
	return err
}
