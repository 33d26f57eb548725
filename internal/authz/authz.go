// Package authz decides what a principal may do. It is the only importer of
// casbin.
//
// Casbin is the language of the policy (policies/model.conf, roles.csv) and the
// judge the tests compare with. Requests are answered from a snapshot compiled
// from it: an Enforce walks every policy line, a look-up does not. The snapshot
// is swapped whole, readers never lock, and the caching enforcers of casbin are
// not used because they kept allowing what had been revoked.
//
// Everything fails closed: while no policy could be loaded, every check is
// refused as unavailable.
package authz

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casbin/casbin/v2"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/policies"
)

// reloadTimeout bounds a load; the database's own statement limit is longer.
const reloadTimeout = 10 * time.Second

// Loader reads who holds what. It returns the assignments and postings of
// active accounts, including future ones: dates are judged per request.
type Loader interface {
	LoadAssignments(ctx context.Context) ([]user.Assignment, []user.Posting, error)
	// LoadAssignmentsOf reads the same of some accounts.
	LoadAssignmentsOf(ctx context.Context, accounts []ident.ID) ([]user.Assignment, []user.Posting, error)
	// LoadEnded reads the partnerships that were closed, and whether they were archived.
	LoadEnded(ctx context.Context) (map[ident.ID]bool, error)
	// LoadMerged reads the hospitals that became part of another one, and of which.
	LoadMerged(ctx context.Context) (map[user.Place]ident.ID, error)
}

// snapshot is one compiled policy; it never changes after it was stored.
type snapshot struct {
	// judge is casbin with every grant in it. Putting a hundred thousand together
	// takes longer than a revocation may, and requests never ask it: it is made
	// when somebody does.
	judge       func() (*casbin.Enforcer, error)
	roles       map[Role]map[Permission]struct{}
	assignments map[ident.ID][]Assignment
	postings    map[ident.ID][]Posting
	ignored     []Assignment
	ended       map[ident.ID]bool // closed partnerships, by whether they were archived
	merged      map[user.Place]ident.ID
}

// Policy answers who may do what. Make one with New and call Reload before the
// first request and after each change of roles, postings or accounts.
type Policy struct {
	loader  Loader
	clock   clock.Clock
	model   string
	table   string
	current atomic.Pointer[snapshot]
	loading sync.Mutex
}

// New makes a policy over the embedded model and role table.
func New(loader Loader, clk clock.Clock) *Policy {
	return &Policy{loader: loader, clock: clk, model: policies.Model, table: policies.Roles}
}

// Reload compiles the policy anew and swaps it in. When it fails, nothing is
// allowed until a later Reload succeeds: an old snapshot might still hold a
// right that was taken away. A caller that goes away does not interrupt it.
func (p *Policy) Reload(ctx context.Context) error {
	return p.swap(ctx, func(ctx context.Context, _ *snapshot) (*snapshot, error) { return p.compile(ctx) })
}

// Refresh is Reload for a change that concerns some accounts only: its cost does
// not grow with the number of all.
func (p *Policy) Refresh(ctx context.Context, accounts []ident.ID) error {
	return p.swap(ctx, func(ctx context.Context, old *snapshot) (*snapshot, error) {
		if old == nil {
			return p.compile(ctx)
		}
		assignments, postings, err := p.loader.LoadAssignmentsOf(ctx, accounts)
		if err != nil {
			return nil, err
		}
		gone := func(a Assignment) bool { return slices.Contains(accounts, a.Account) }
		next := &snapshot{roles: old.roles, ended: old.ended, merged: old.merged, assignments: maps.Clone(old.assignments), postings: maps.Clone(old.postings),
			ignored: slices.DeleteFunc(slices.Clone(old.ignored), gone)}
		for _, id := range accounts {
			delete(next.assignments, id)
			delete(next.postings, id)
		}
		next.add(assignments, postings)
		return p.appoint(next), nil
	})
}

// swap puts the snapshot that make gives into force, or none when it fails.
func (p *Policy) swap(ctx context.Context, make func(context.Context, *snapshot) (*snapshot, error)) error {
	p.loading.Lock()
	defer p.loading.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reloadTimeout)
	defer cancel()
	next, err := make(ctx, p.current.Load())
	if err != nil {
		p.current.Store(nil)
		return errs.Wrap(err, errs.Unavailable, "error.authz.unavailable", nil)
	}
	p.current.Store(next)
	return nil
}

// Ensure reloads only when no policy is loaded, so that the first request after
// an outage heals it.
func (p *Policy) Ensure(ctx context.Context) error {
	if p.current.Load() != nil {
		return nil
	}
	return p.Reload(ctx)
}

func (p *Policy) compile(ctx context.Context) (*snapshot, error) {
	assignments, postings, err := p.loader.LoadAssignments(ctx)
	if err != nil {
		return nil, err
	}
	s := &snapshot{assignments: map[ident.ID][]Assignment{}, postings: map[ident.ID][]Posting{}}
	if s.ended, err = p.loader.LoadEnded(ctx); err != nil {
		return nil, err
	}
	if s.merged, err = p.loader.LoadMerged(ctx); err != nil {
		return nil, err
	}
	s.add(assignments, postings)
	lines, err := readTable(p.table)
	if err != nil {
		return nil, err
	}
	plain, err := newEnforcer(p.model, lines, nil)
	if err != nil {
		return nil, err
	}
	if s.roles, err = rolePermissions(plain); err != nil {
		return nil, err
	}
	return p.appoint(s), nil
}

// add puts assignments and postings to their accounts.
func (s *snapshot) add(assignments []Assignment, postings []Posting) {
	for _, a := range assignments {
		if a.Check() != nil {
			// A role this version does not know, or a role in a scope it must not
			// have: it gives nothing, and doctor names it. The other people work on.
			s.ignored = append(s.ignored, a)
			continue
		}
		s.assignments[a.Account] = append(s.assignments[a.Account], a)
	}
	for _, o := range postings {
		s.postings[o.Account] = append(s.postings[o.Account], o)
	}
}

// appoint gives a snapshot its judge.
func (p *Policy) appoint(s *snapshot) *snapshot {
	day := clock.Today(p.clock)
	s.judge = sync.OnceValues(func() (*casbin.Enforcer, error) {
		lines, err := readTable(p.table)
		if err != nil {
			return nil, err
		}
		return newEnforcer(p.model, lines, s.groupings(day))
	})
	return s
}

// Principal fills in what the account of base may do and see today in the
// partnership of base. Base carries who acts (account, names, side, session or
// token); a system principal is returned as it is.
func (p *Policy) Principal(base Principal) (Principal, error) {
	s := p.current.Load()
	if s == nil {
		return Principal{}, unavailable()
	}
	if base.IsSystem() || !base.SignedIn() {
		return base, nil
	}
	return base.WithGrants(s.assignments[base.AccountID], s.postings[base.AccountID], clock.Today(p.clock)), nil
}

// Partnerships lists where the account holds a role today, in id order. The
// platform's administrators may enter every partnership and are not in it for
// that; see OnPlatform.
func (p *Policy) Partnerships(account ident.ID) []ident.ID {
	s := p.current.Load()
	if s == nil {
		return nil
	}
	today := clock.Today(p.clock)
	var out []ident.ID
	for _, a := range s.assignments[account] {
		if a.ScopeKind != user.ScopePlatform && a.ValidOn(today) && !slices.Contains(out, a.PartnershipID) {
			out = append(out, a.PartnershipID)
		}
	}
	slices.SortFunc(out, func(a, b ident.ID) int { return slices.Compare(a[:], b[:]) })
	return out
}

// Ignored lists the stored assignments that give nothing because they are badly
// formed, for doctor.
func (p *Policy) Ignored() []Assignment {
	if s := p.current.Load(); s != nil {
		return s.ignored
	}
	return nil
}

// OnPlatform reports whether the account holds a role on the platform today.
func (p *Policy) OnPlatform(account ident.ID) bool {
	s := p.current.Load()
	if s == nil {
		return false
	}
	today := clock.Today(p.clock)
	return slices.ContainsFunc(s.assignments[account], func(a Assignment) bool {
		return a.ScopeKind == user.ScopePlatform && a.ValidOn(today)
	})
}

// Check refuses unless the principal holds the permission where it is asked
// for. The errors are Unauthenticated, Forbidden and, without a policy,
// Unavailable. A refusal says nothing about the record: callers answer NotFound
// for what the principal may not see.
func (p *Policy) Check(pr Principal, perm Permission, at Scope) error {
	s := p.current.Load()
	switch {
	case s == nil:
		return unavailable()
	case !pr.SignedIn():
		return errs.New(errs.Unauthenticated, "error.unauthenticated", nil)
	case at.Kind != user.ScopePlatform && at.Partnership != pr.PartnershipID:
		// One principal works in one partnership; a record of another one is a
		// mistake of the caller or an attack, whatever the grants say.
		return forbidden(perm)
	case pr.IsSystem():
		if perm == Public {
			return forbidden(perm)
		}
		return nil
	case pr.TokenID != ident.Nil && !slices.Contains(pr.TokenScopes, perm):
		return errs.New(errs.Forbidden, "error.authz.token_scope", errs.Args{"permission": Label(perm)})
	}
	for _, g := range pr.Grants {
		if _, ok := s.roles[g.Role][perm]; ok && covers(g, at) {
			if err := s.goneBy(perm, at); err != nil {
				return err
			}
			return s.overdue(pr, perm, g)
		}
	}
	return forbidden(perm)
}

// overdue refuses what a partnership that has ended does not do any more. The
// platform's administrators go on: they close accounts and keep the machine.
func (s *snapshot) overdue(pr Principal, perm Permission, g user.Grant) error {
	archived, ended := s.ended[pr.PartnershipID]
	switch {
	case !ended || g.Kind == user.ScopePlatform:
		return nil
	case archived && !Archival(perm):
		return errs.Refuse("partnership.archived", "error.partnership.archived", nil, "remedy.partnership.archived")
	case !Reading(perm):
		return errs.Refuse("partnership.closed", "error.partnership.closed", nil, "remedy.partnership.closed")
	}
	return nil
}

// goneBy refuses what a hospital that became part of another one does not do any
// more: its records are read, and what happened there is written down.
func (s *snapshot) goneBy(perm Permission, at Scope) error {
	if at.Kind != user.ScopeHospital || Afterwards(perm) {
		return nil
	}
	if _, gone := s.merged[user.Place{Partnership: at.Partnership, Hospital: at.ID}]; gone {
		return errs.Refuse("hospital.ended", "error.hospital.ended", nil, "remedy.hospital.ended")
	}
	return nil
}

// Successor is the hospital that goes on with the work of another one: the one it
// became part of, or itself.
func (p *Policy) Successor(partnership, hospital ident.ID) ident.ID {
	s := p.current.Load()
	for range successions {
		if s == nil {
			break
		}
		next, gone := s.merged[user.Place{Partnership: partnership, Hospital: hospital}]
		if !gone {
			break
		}
		hospital = next
	}
	return hospital
}

// successions is how many mergers in a row are followed.
const successions = 16

// Can is Check for templates: whether to offer a button.
func (p *Policy) Can(pr Principal, perm Permission, at Scope) bool {
	return p.Check(pr, perm, at) == nil
}

// Reach is where in its partnership the principal holds the permission.
func (p *Policy) Reach(pr Principal, perm Permission) Reach {
	s := p.current.Load()
	var r Reach
	if s == nil || !p.Can(pr, perm, Anywhere(pr.PartnershipID)) {
		return r
	}
	if pr.IsSystem() {
		return Reach{All: true}
	}
	for _, g := range pr.Grants {
		if _, ok := s.roles[g.Role][perm]; !ok {
			continue
		}
		switch g.Kind {
		case user.ScopePlatform, user.ScopePartnership:
			r.All = true
		case user.ScopeHospital:
			if s.goneBy(perm, AtHospital(g.Partnership, g.ID)) != nil {
				continue
			}
			r.Hospitals = addID(r.Hospitals, g.ID)
		case user.ScopeFund:
			r.Funds = addID(r.Funds, g.ID)
		}
	}
	return r
}

func addID(ids []ident.ID, id ident.ID) []ident.ID {
	if slices.Contains(ids, id) {
		return ids
	}
	return append(ids, id)
}

// Holds reports whether a role has a permission, for the policy page.
func (p *Policy) Holds(role Role, perm Permission) bool {
	s := p.current.Load()
	if s == nil {
		return false
	}
	_, ok := s.roles[role][perm]
	return ok
}

// ReadScopes lists the permissions a principal holds that only read: the
// default scopes of an API token. A full number (person:unmask) is not among
// them.
func (p *Policy) ReadScopes(pr Principal) []Permission {
	var out []Permission
	for _, perm := range Permissions() {
		if Reads(perm) && p.Can(pr, perm, Anywhere(pr.PartnershipID)) {
			out = append(out, perm)
		}
	}
	return out
}

func forbidden(perm Permission) error {
	return errs.New(errs.Forbidden, "error.authz.forbidden", errs.Args{"permission": Label(perm)})
}

func unavailable() error { return errs.New(errs.Unavailable, "error.authz.unavailable", nil) }
