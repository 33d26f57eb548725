// Package aftercare is the use cases of follow-up: the worklists, what is
// recorded about a patient after an operation, who was lost and why, and the
// papers that go with it.
//
// When a patient should be seen, and what a contact must say, is domain/followup.
// The appointments themselves are made by the store with the operation they
// follow from, in the same transaction.
package aftercare

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
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
	// FollowUp is an appointment with its operation and person.
	FollowUp = store.FollowUp
	// Contact is one attempt to learn how a patient is.
	Contact = store.Contact
	// FollowRule is an edition of windows with who made it when.
	FollowRule = store.FollowRule
	// Counts is how many appointments stand on each list.
	Counts = store.FollowCounts
	// List is one of the lists.
	List = store.FollowList
	// Operation is an operation patients are followed after.
	Operation = store.Operation
)

// The lists.
const (
	Due     = store.FollowDue
	Overdue = store.FollowOverdue
	Lost    = store.FollowLost
	Closed  = store.FollowClosed
)

// Many is where the counters stop: there may be more.
const Many = store.FollowMany

// Lists are the lists in the order of the tabs.
func Lists() []List { return []List{Due, Overdue, Lost, Closed} }

// KeyOf is the key of a request with the given input.
func KeyOf(key string, input any) Key { return store.KeyOf(key, input) }

func (s *Service) door(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

func (s *Service) at(who user.Principal, perm authz.Permission, hospital ident.ID) error {
	return s.policy.Check(who, perm, authz.AtHospital(who.PartnershipID, hospital))
}

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

// name is a person's name as the reader may see it.
func (s *Service) name(who user.Principal, name string) string {
	if s.door(who, authz.PersonRead) == nil {
		return name
	}
	return patient.MaskName(name)
}

// show leaves a list what the reader may see: the way to reach a patient only
// to those who work with patients at the hospital that follows them.
func (s *Service) show(who user.Principal, list []FollowUp) {
	for i := range list {
		f := &list[i]
		f.PersonName = s.name(who, f.PersonName)
		if who.Wide || !s.can(who, authz.PersonRead, f.Hospital) {
			f.Address, f.PhoneLast4, f.Kin, f.KinLast4, f.Phone, f.KinPhone = "", "", "", "", "", ""
		}
	}
}

func write[T any](ctx context.Context, s *Service, who user.Principal, key store.Key, event audit.Event, fn func(*store.Tx) (T, error)) (T, error) {
	return store.Once(ctx, s.db, who, key, func(tx *store.Tx) (T, error) {
		tx.Intend(event)
		return fn(tx)
	})
}
