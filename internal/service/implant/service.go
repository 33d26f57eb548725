// Package implant is the use cases around devices: the library, what a hospital
// received, the parts of an operation and what a later one took out, the
// disputes about pieces that stand in two records, and recalls.
//
// What a part is and which rules it keeps is domain/device. A record that breaks
// a rule is taken with a reason and marked; a piece another record names is taken
// and disputed, and the store stops the money of its treatment until the office
// has decided (see treatment.DevicesUndisputed).
package implant

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
	// Part is a part as it was used.
	Part = store.Component
	// PatientPart is a part with its patient and operation.
	PatientPart = store.PatientPart
	// Change is one line of the history of an operation's parts.
	Change = store.ComponentChange
	// Explant is a part that was taken out.
	Explant = store.Explant
	// Line is a line of the library.
	Line = store.DeviceItem
	// Stock is a delivery to a hospital.
	Stock = store.StockItem
	// Dispute is one piece in two records.
	Dispute = store.Dispute
	// Operation is the operation the parts belong to.
	Operation = store.Operation
	// RecallFilter says what a recall is about.
	RecallFilter = store.RecallFilter
	// RecallCount is how many a recall concerns.
	RecallCount = store.RecallCount
)

// The states of a dispute.
const (
	DisputeOpen     = store.DisputeOpen
	DisputeResolved = store.DisputeResolved
)

// KeyOf is the key of a request with the given input.
func KeyOf(key string, input any) Key { return store.KeyOf(key, input) }

// maxText is the longest reason or note, in characters.
const maxText = 500

func (s *Service) door(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

func (s *Service) at(who user.Principal, perm authz.Permission, hospital ident.ID) error {
	return s.policy.Check(who, perm, authz.AtHospital(who.PartnershipID, hospital))
}

func (s *Service) can(who user.Principal, perm authz.Permission, hospital ident.ID) bool {
	return s.at(who, perm, hospital) == nil
}

// office asks for a permission over the whole partnership.
func (s *Service) office(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.InPartnership(who.PartnershipID))
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

func write[T any](ctx context.Context, s *Service, who user.Principal, key store.Key, event audit.Event, fn func(*store.Tx) (T, error)) (T, error) {
	return store.Once(ctx, s.db, who, key, func(tx *store.Tx) (T, error) {
		tx.Intend(event)
		return fn(tx)
	})
}

// checkReason notes a missing or too long sentence.
func checkReason(path, text string) error {
	var f errs.Fields
	switch n := len([]rune(text)); {
	case n == 0:
		f.Add(path, "form.error.missing")
	case n > maxText:
		f.Add(path, "form.error.long", "max", maxText)
	}
	return f.Err()
}
