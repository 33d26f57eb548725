// Package pricing is the use cases around the rules of payment: writing and
// releasing versions, estimates before an admission, why a settlement came out
// otherwise, what counted in a person's year, and the rehearsal of a draft over
// the cases of the past.
//
// What the rules are is domain/policy, what they come to domain/fee. A version is
// written by one person and released by another; an estimate keeps the version
// and the inputs it was made from, so that it can be made again to the fen.
package pricing

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
}

// Service is the use cases.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New makes the service.
func New(d Deps) *Service { return &Service{db: d.DB, policy: d.Policy} }

// The records as pages and the API meet them.
type (
	// Key makes a write happen once; see [KeyOf].
	Key = store.Key
	// Version is a version of the rules as it is stored.
	Version = store.PolicyVersion
	// Computation is a case computed by a version.
	Computation = store.Computation
	// Treatment is the treatment an estimate is for.
	Treatment = store.Treatment
	// Fund is a fund that may be named.
	Fund = store.Fund
	// YearLine is one account of a person's year.
	YearLine = store.YearLine
)

// The kinds of computations.
const (
	ForEstimate   = store.ForEstimate
	ForSettlement = store.ForSettlement
)

// KeyOf is the key of a request with the given input.
func KeyOf(key string, input any) Key { return store.KeyOf(key, input) }

// maxText is the longest note or source, in characters.
const maxText = 200

func (s *Service) door(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

// office asks for a permission over the whole partnership.
func (s *Service) office(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.InPartnership(who.PartnershipID))
}

// at asks for a permission at a hospital; what is out of reach does not exist.
func (s *Service) at(who user.Principal, perm authz.Permission, hospital ident.ID) error {
	err := s.policy.Check(who, perm, authz.AtHospital(who.PartnershipID, hospital))
	if errs.Is(err, errs.Forbidden) {
		return errs.Missing("error.treatment.gone")
	}
	return err
}

// reads asks for a permission at one of the hospitals that see a record.
func (s *Service) reads(who user.Principal, perm authz.Permission, hospitals []ident.ID) error {
	for _, h := range hospitals {
		if s.at(who, perm, h) == nil {
			return nil
		}
	}
	return errs.Missing("error.treatment.gone")
}

// shown is a name as the principal may read it.
func (s *Service) shown(who user.Principal, name string) string {
	if s.door(who, authz.PersonRead) == nil {
		return name
	}
	return patient.MaskName(name)
}

func write[T any](ctx context.Context, s *Service, who user.Principal, key store.Key, event audit.Event, fn func(*store.Tx) (T, error)) (T, error) {
	return store.Once(ctx, s.db, who, key, func(tx *store.Tx) (T, error) {
		tx.Intend(event)
		return fn(tx)
	})
}
