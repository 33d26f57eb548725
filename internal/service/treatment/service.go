// Package treatment is the care of patients: cases, their treatments with the
// one transition table, the operation log, the requests of other hospitals to
// join a case, and what waits for whom.
//
// Money is decided elsewhere (service/funding); the two meet in the store, where
// a step of a treatment and the ledger are written in one transaction.
package treatment

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
	Clock  clock.Clock
}

// Service is the use cases of care.
type Service struct {
	db     *store.DB
	policy *authz.Policy
	counts counters
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{db: d.DB, policy: d.Policy, counts: counters{clock: d.Clock, known: map[reader]counted{}}}
}

// door asks for a permission anywhere in the partnership, before anything is read.
func (s *Service) door(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

// at asks for a permission at the hospital of a record.
func (s *Service) at(who user.Principal, perm authz.Permission, hospital ident.ID) error {
	return s.policy.Check(who, perm, authz.AtHospital(who.PartnershipID, hospital))
}

// can is at as a question, for what a page offers.
func (s *Service) can(who user.Principal, perm authz.Permission, hospital ident.ID) bool {
	return s.at(who, perm, hospital) == nil
}

// hospitals lists where a permission is held; nil is the whole partnership.
func (s *Service) hospitals(who user.Principal, perm authz.Permission) []ident.ID {
	reach := s.policy.Reach(who, perm)
	if reach.All {
		return nil
	}
	return append([]ident.ID{}, reach.Hospitals...)
}

// name is a person's name as the reader may see it: whole for those who work
// with patients, its first character for everybody else.
func (s *Service) name(who user.Principal, name string) string {
	if s.door(who, authz.PersonRead) == nil {
		return name
	}
	return patient.MaskName(name)
}

// write runs fn once under the key, with the event announced so that a refusal
// is recorded as well.
func write[T any](ctx context.Context, s *Service, who user.Principal, key store.Key, event audit.Event, fn func(*store.Tx) (T, error)) (T, error) {
	defer s.counts.forget(who) // what one did oneself shows at once
	return store.Once(ctx, s.db, who, key, func(tx *store.Tx) (T, error) {
		tx.Intend(event)
		return fn(tx)
	})
}
