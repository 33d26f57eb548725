package accounts

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// AssignInput gives an account a role somewhere between two days.
type AssignInput struct {
	Account     ident.ID
	Role        user.Role
	Kind        user.ScopeKind
	Partnership ident.ID // nil for the platform
	Scope       ident.ID // hospital or fund; not needed for a partnership
	From, To    clock.Date
}

// assignment is the input as the domain knows it.
func (in AssignInput) assignment() user.Assignment {
	a := user.Assignment{ID: ident.New(), Account: in.Account, Role: in.Role, ScopeKind: in.Kind, ScopeID: in.Scope, PartnershipID: in.Partnership,
		From: in.From, To: in.To}
	switch in.Kind {
	case user.ScopePlatform:
		a.ScopeID, a.PartnershipID = ident.Nil, ident.Nil
	case user.ScopePartnership:
		a.ScopeID = in.Partnership
	}
	return a
}

// AssignRole gives a role. Who gives roles gives none to the own account.
func (s *Service) AssignRole(ctx context.Context, who user.Principal, in AssignInput, key string) (ident.ID, error) {
	a := in.assignment()
	if err := s.checkAssigner(who, authz.RoleAssign, a); err != nil {
		return ident.Nil, err
	}
	if err := a.Check(); err != nil {
		return ident.Nil, err
	}
	if err := s.checkScope(ctx, a); err != nil {
		return ident.Nil, err
	}
	id, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.RoleAssign, ObjectKind: audit.ObjectAccount, ObjectID: a.Account, Detail: assignmentDetail(a)})
		if a.Account == who.AccountID {
			return ident.Nil, errs.Refuse("role.self", "error.role.own", nil, "remedy.role.other_admin")
		}
		if _, err := tx.AccountToChange(a.Account); err != nil { // two roles at once wait for each other
			return ident.Nil, err
		}
		held, err := tx.AssignmentsOf(a.Account)
		if err != nil {
			return ident.Nil, err
		}
		if err := user.CheckAssign(held, a); err != nil {
			return ident.Nil, err
		}
		if err := tx.InsertAssignment(a); err != nil {
			return ident.Nil, err
		}
		return a.ID, tx.BumpPolicy(a.Account)
	})
	if err == nil {
		s.changed(ctx, a.Account)
	}
	return id, err
}

// RevokeRole takes a role away and ends the sessions of the account, so that no
// page it has open goes on with the old rights.
func (s *Service) RevokeRole(ctx context.Context, who user.Principal, assignment ident.ID, key string) error {
	if err := s.policy.Check(who, authz.RoleAssign, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	account, err := store.Once(ctx, s.db, who, store.KeyOf(key, assignment), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.RoleRevoke, ObjectKind: audit.ObjectRole, ObjectID: assignment})
		a, err := tx.AssignmentByID(assignment)
		if err != nil {
			return ident.Nil, err
		}
		tx.Amend("account", a.Account.String())
		tx.Amend("role", string(a.Role))
		if s.checkAssigner(who, authz.RoleAssign, a) != nil {
			return ident.Nil, errs.Missing("error.role.missing")
		}
		if a.Account == who.AccountID {
			return ident.Nil, errs.Refuse("role.self", "error.role.own", nil, "remedy.role.other_admin")
		}
		if err := tx.RevokeAssignment(assignment); err != nil {
			return ident.Nil, err
		}
		if _, err := tx.EndSessions(a.Account); err != nil {
			return ident.Nil, err
		}
		return a.Account, tx.BumpPolicy(a.Account)
	})
	if err == nil {
		s.out(account)
		s.changed(ctx, account)
	}
	return err
}

// checkAssigner asks for the right to give roles where the role would hold. A
// security administrator of the platform gives roles in every partnership.
func (s *Service) checkAssigner(who user.Principal, perm authz.Permission, a user.Assignment) error {
	if s.platform(who, perm) {
		return nil
	}
	return s.policy.Check(who, perm, authz.Scope{Kind: a.ScopeKind, ID: a.ScopeID, Partnership: a.PartnershipID})
}

// checkScope asks whether the place exists: a hospital that is a member of the
// partnership, or a fund of it.
func (s *Service) checkScope(ctx context.Context, a user.Assignment) error {
	if a.ScopeKind == user.ScopePlatform {
		return nil
	}
	found := false
	err := s.db.InTx(ctx, user.NewSystem("roles").In(a.PartnershipID), func(tx *store.Tx) error {
		tx.NoAudit("whether a place exists")
		p, err := tx.PartnershipByID(a.PartnershipID)
		if err != nil || p.Scratch {
			return err
		}
		switch a.ScopeKind {
		case user.ScopePartnership:
			found = true
		case user.ScopeHospital:
			members, err := tx.Members(a.PartnershipID)
			found = slices.ContainsFunc(members, func(m store.Member) bool {
				return m.OrganisationID == a.ScopeID && m.Organisation.Kind == partnership.Hospital && m.Organisation.MergedInto == ident.Nil
			})
			return err
		case user.ScopeFund:
			funds, err := tx.FundChoices()
			found = slices.ContainsFunc(funds, func(f store.Fund) bool { return f.ID == a.ScopeID })
			return err
		}
		return nil
	})
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if !found {
		var f errs.Fields
		f.Add("scope_id", "error.role.scope_unknown")
		return f.Err()
	}
	return nil
}

func assignmentDetail(a user.Assignment) map[string]any {
	return map[string]any{"role": string(a.Role), "scope_kind": string(a.ScopeKind), "scope_id": a.ScopeID.String(),
		"partnership": a.PartnershipID.String(), "from": a.From.String(), "to": a.To.String()}
}

// Held is an assignment with the names of its places.
type Held struct {
	user.Assignment
	PartnershipName string
	ScopeName       string // of the hospital or fund
	Now             bool   // counts today
	MayRevoke       bool
}

// held names the places of assignments.
func (s *Service) held(ctx context.Context, who user.Principal, assignments []user.Assignment) ([]Held, error) {
	out := make([]Held, 0, len(assignments))
	if len(assignments) == 0 {
		return out, nil
	}
	names, err := s.names(ctx, assignments)
	if err != nil {
		return nil, err
	}
	today := clock.Today(s.clock)
	for _, a := range assignments {
		h := Held{Assignment: a, PartnershipName: names[a.PartnershipID], Now: a.ValidOn(today)}
		if a.ScopeKind != user.ScopePartnership {
			h.ScopeName = names[a.ScopeID]
		}
		h.MayRevoke = a.Account != who.AccountID && s.checkAssigner(who, authz.RoleAssign, a) == nil
		out = append(out, h)
	}
	return out, nil
}

// names looks up partnerships, hospitals and funds. Funds belong to a
// partnership, so each partnership with one is asked by itself; an account has
// one or two.
func (s *Service) names(ctx context.Context, assignments []user.Assignment) (map[ident.ID]string, error) {
	names := map[ident.ID]string{}
	var hospitals, withFunds []ident.ID
	for _, a := range assignments {
		switch {
		case a.ScopeKind == user.ScopeHospital:
			hospitals = append(hospitals, a.ScopeID)
		case a.ScopeKind == user.ScopeFund && !slices.Contains(withFunds, a.PartnershipID):
			withFunds = append(withFunds, a.PartnershipID)
		}
	}
	err := s.db.InTx(ctx, user.NewSystem("roles"), func(tx *store.Tx) error {
		tx.NoAudit("names of places")
		all, err := tx.ListPartnerships()
		if err != nil {
			return err
		}
		for _, p := range all {
			names[p.ID] = p.Name
		}
		organisations, err := tx.OrganisationsByID(hospitals)
		for _, o := range organisations {
			names[o.ID] = o.Name
		}
		return err
	})
	for _, id := range withFunds {
		if err != nil {
			return nil, err
		}
		var funds []store.Fund
		if funds, err = s.funds(ctx, id); err != nil {
			return nil, err
		}
		for _, f := range funds {
			names[f.ID] = f.Name
		}
	}
	return names, err
}

func (s *Service) funds(ctx context.Context, partnership ident.ID) (funds []store.Fund, err error) {
	err = s.db.InTx(ctx, user.NewSystem("roles").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("names of funds")
		funds, err = tx.FundChoices()
		return err
	})
	return funds, err
}

// Place is somewhere a role can be given.
type Place struct {
	Kind        user.ScopeKind
	Partnership ident.ID
	ID          ident.ID
	Name        string
	Group       string // name of the partnership
}

// maxPlaces bounds the choice of the form; beyond it the partnership is entered
// first, which narrows the choice to it.
const maxPlaces = 40

// Places lists where the caller may give roles: in the partnership it works in,
// or, from the platform, everywhere.
func (s *Service) Places(ctx context.Context, who user.Principal) ([]Place, error) {
	if err := s.policy.Check(who, authz.RoleAssign, authz.Anywhere(who.PartnershipID)); err != nil {
		return nil, err
	}
	var all []partnership.Partnership
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of places")
		var err error
		all, err = tx.ListPartnerships()
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []Place
	if s.platform(who, authz.RoleAssign) {
		out = append(out, Place{Kind: user.ScopePlatform})
	}
	for i, p := range all {
		if who.PartnershipID != ident.Nil && p.ID != who.PartnershipID || i >= maxPlaces {
			continue
		}
		more, err := s.placesIn(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

func (s *Service) placesIn(ctx context.Context, p partnership.Partnership) ([]Place, error) {
	out := []Place{{Kind: user.ScopePartnership, Partnership: p.ID, ID: p.ID, Name: p.Name, Group: p.Name}}
	err := s.db.InTx(ctx, user.NewSystem("roles").In(p.ID), func(tx *store.Tx) error {
		tx.NoAudit("names of places")
		members, err := tx.Members(p.ID)
		if err != nil {
			return err
		}
		for _, m := range members {
			if m.Organisation.Kind == partnership.Hospital && m.Organisation.MergedInto == ident.Nil {
				out = append(out, Place{user.ScopeHospital, p.ID, m.OrganisationID, m.Organisation.Name, p.Name})
			}
		}
		funds, err := tx.FundChoices()
		for _, f := range funds {
			out = append(out, Place{user.ScopeFund, p.ID, f.ID, f.Name, p.Name})
		}
		return err
	})
	return out, err
}

// PolicyRow is one permission of the policy page and the roles that have it.
type PolicyRow struct {
	Permission authz.Permission
	Roles      map[user.Role]bool
}

// PolicyTable is the whole table of roles and permissions.
func (s *Service) PolicyTable(who user.Principal) ([]PolicyRow, error) {
	if err := s.policy.Check(who, authz.PolicyRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return nil, err
	}
	var rows []PolicyRow
	for _, perm := range authz.Permissions() {
		row := PolicyRow{perm, map[user.Role]bool{}}
		for _, role := range append(user.Roles(), user.Everyone) {
			row.Roles[role] = s.policy.Holds(role, perm)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
