// Package visiting is the use cases of the visiting programme: what doctors may
// do where, the second signature on operations outside of it, missions with
// their planned list and the handover of every patient, teaching, meetings of
// the partnership, and the ladder on which local doctors learn an operation.
//
// The rules are in domain/practitioner (privileges, ladder) and domain/visit
// (missions, teaching, meetings). That an operation is compared with the
// privileges when it is logged is service/treatment's business.
package visiting

import (
	"context"
	"unicode/utf8"

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
	// Privilege is a privilege with names.
	Privilege = store.PrivilegeItem
	// Exception is an operation outside of the privileges.
	Exception = store.PrivilegeException
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

// listRead is the event of reading a list.
func listRead(name string, rows int) audit.Event {
	return audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": name, "rows": rows}}
}

// checkText notes a sentence that is missing or too long.
func checkText(f *errs.Fields, path, text string, required bool) {
	switch n := utf8.RuneCountInString(text); {
	case n == 0 && required:
		f.Add(path, "form.error.missing")
	case n > maxText:
		f.Add(path, "form.error.long", "max", maxText)
	}
}
