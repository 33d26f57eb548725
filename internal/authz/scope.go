package authz

import (
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Names of the pure types, so that services need one import. They live in
// domain/user because the store, which may not import authz, knows them too.
type (
	Principal  = user.Principal
	Assignment = user.Assignment
	Posting    = user.Posting
	Grant      = user.Grant
	Role       = user.Role
)

// System is the principal of a named job or command. Use its In method to work
// inside a partnership.
func System(name string) Principal { return user.NewSystem(name) }

// Scope is where a permission is asked for.
type Scope struct {
	Kind        user.ScopeKind
	ID          ident.ID
	Partnership ident.ID
}

// Platform asks for a permission over what belongs to no partnership.
func Platform() Scope { return Scope{Kind: user.ScopePlatform} }

// InPartnership asks for a permission over the whole partnership.
func InPartnership(partnership ident.ID) Scope {
	return Scope{Kind: user.ScopePartnership, ID: partnership, Partnership: partnership}
}

// AtHospital asks for a permission over the records of one hospital.
func AtHospital(partnership, hospital ident.ID) Scope {
	return Scope{Kind: user.ScopeHospital, ID: hospital, Partnership: partnership}
}

// OfFund asks for a permission over one fund.
func OfFund(partnership, fund ident.ID) Scope {
	return Scope{Kind: user.ScopeFund, ID: fund, Partnership: partnership}
}

// Anywhere asks whether the permission is held somewhere in the partnership.
// It guards the door of a route or list; the service asks again with the
// record's own scope.
func Anywhere(partnership ident.ID) Scope {
	return Scope{Kind: user.ScopeAnywhere, Partnership: partnership}
}

// covers reports whether a grant reaches the scope asked for. A wider grant
// covers the narrower places inside it, never the other way round; nothing but
// a platform grant crosses partnerships.
func covers(g Grant, at Scope) bool {
	if g.Kind == user.ScopePlatform {
		return true
	}
	if at.Kind == user.ScopePlatform || g.Partnership != at.Partnership {
		return false
	}
	return at.Kind == user.ScopeAnywhere || g.Kind == user.ScopePartnership || g.Kind == at.Kind && g.ID == at.ID
}

// domain is the scope as casbin knows it. Kinds are spelled out so that a
// hospital and a fund with one id stay two places.
func domain(kind user.ScopeKind, id ident.ID) string {
	if kind == user.ScopePlatform {
		return string(kind)
	}
	return string(kind) + "-" + id.String()
}

// Reach is where a principal holds a permission: everywhere in the partnership,
// or at the listed hospitals and funds. Lists put it into their WHERE.
type Reach struct {
	All       bool
	Hospitals []ident.ID
	Funds     []ident.ID
}

// None reports whether nothing is reached.
func (r Reach) None() bool { return !r.All && len(r.Hospitals) == 0 && len(r.Funds) == 0 }
