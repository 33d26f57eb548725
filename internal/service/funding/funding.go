// Package funding is about the programme's money: funds and what comes in, the
// request for a reduction and its decision by a second person, and the settlement
// that pays.
//
// Each use case is one transaction. The order of locks is that of the house:
// the treatment first, then its case (by the step of the transition table), then
// the accounts of all funds involved in the order of their ids, then the audit
// chain. Balances are read under lock, domain/fund decides, the store posts, and
// the database refuses what both forgot.
package funding

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
}

// Service is the use cases about money.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New makes the service.
func New(d Deps) *Service { return &Service{db: d.DB, policy: d.Policy} }

// door asks whether the principal holds a permission anywhere in the partnership;
// the record's own place is asked about inside the transaction.
func (s *Service) door(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

// at asks for a permission at the hospital of a record. What is out of reach
// does not exist.
func (s *Service) at(who user.Principal, perm authz.Permission, hospital ident.ID, missing string) error {
	err := s.policy.Check(who, perm, authz.AtHospital(who.PartnershipID, hospital))
	if errs.Is(err, errs.Forbidden) {
		return errs.Missing(missing)
	}
	return err
}

// reads asks for a permission to read a record of a hospital. A grant for a fund
// reaches what row security shows of it: what the fund has paid for.
func (s *Service) reads(who user.Principal, perm authz.Permission, hospitals []ident.ID, missing string) error {
	reach := s.policy.Reach(who, perm)
	if reach.All || len(reach.Funds) > 0 {
		return nil
	}
	for _, h := range hospitals {
		for _, mine := range reach.Hospitals {
			if h == mine {
				return nil
			}
		}
	}
	return errs.Missing(missing)
}

// listed is where a list looks: the hospitals a permission reaches, or nil for
// everything row security shows.
func (s *Service) listed(who user.Principal, perm authz.Permission) []ident.ID {
	reach := s.policy.Reach(who, perm)
	if reach.All || len(reach.Funds) > 0 {
		return nil
	}
	return append([]ident.ID{}, reach.Hospitals...)
}

// shown is a name as the principal may read it: in full with person:read, else
// masked.
func (s *Service) shown(who user.Principal, name string) string {
	if name == "" || s.policy.Can(who, authz.PersonRead, authz.Anywhere(who.PartnershipID)) {
		return name
	}
	return patient.MaskName(name)
}

// read runs a reading transaction that shows figures only.
func (s *Service) read(ctx context.Context, who user.Principal, fn func(*store.Tx) error) error {
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("figures of funds and lists without personal detail")
		return fn(tx)
	})
}

// Voucher is the number of a transfer as papers carry it.
type Voucher struct {
	Fund     ident.ID
	FundName string
	Kind     fund.Kind
	No       string
	Amount   money.Fen
}

// longest free texts, in characters.
const (
	maxReason = 500
	maxNote   = 200
)

// checkText notes a text that is missing or too long.
func checkText(f *errs.Fields, path, text string, limit int) {
	switch n := len([]rune(text)); {
	case n == 0:
		f.Add(path, "form.error.missing")
	case n > limit:
		f.Add(path, "form.error.long", "max", limit)
	}
}
