package authz

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/casbin/casbin/v2/persist"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Prefixes keep names apart: without them an account called like a role would
// get the role's rights.
const (
	userPrefix = "u:"
	rolePrefix = "r:"
)

// Label is the message key of a permission's name.
func Label(perm Permission) errs.Key {
	return errs.Key("permission." + strings.ReplaceAll(string(perm), ":", "."))
}

// Reads reports whether a permission changes nothing and opens no masked value.
func Reads(perm Permission) bool { return strings.HasSuffix(string(perm), ":read") }

// ParsePermission reads a known permission, for token scopes.
func ParsePermission(s string) (Permission, error) {
	if perm := Permission(s); slices.Contains(Permissions(), perm) {
		return perm, nil
	}
	return "", errs.New(errs.Invalid, "error.authz.permission", errs.Args{"permission": s})
}

// readTable parses roles.csv. A line that is not exactly "p, r:<role>, object,
// action" with a known role and permission stops the load: a typing mistake in
// a policy must not pass as a missing right or, worse, as another one.
func readTable(table string) ([][]string, error) {
	r := csv.NewReader(strings.NewReader(table))
	r.Comment, r.TrimLeadingSpace, r.FieldsPerRecord = '#', true, 4
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("authz: roles.csv: %w", err)
	}
	seen := map[string]bool{}
	for _, l := range lines {
		text := strings.Join(l, ", ")
		role, prefixed := strings.CutPrefix(l[1], rolePrefix)
		if l[0] != "p" || !prefixed {
			return nil, fmt.Errorf("authz: roles.csv: %q is not a permission of a role", text)
		}
		if _, err := user.ParseRole(role); err != nil && Role(role) != user.Everyone {
			return nil, fmt.Errorf("authz: roles.csv: %q names an unknown role", text)
		}
		if _, err := ParsePermission(l[2] + ":" + l[3]); err != nil {
			return nil, fmt.Errorf("authz: roles.csv: %q names an unknown permission", text)
		}
		if seen[text] {
			return nil, fmt.Errorf("authz: roles.csv: %q stands twice", text)
		}
		seen[text] = true
	}
	if len(lines) == 0 {
		return nil, errors.New("authz: roles.csv is empty")
	}
	return lines, nil
}

// groupings are the g lines of all accounts: every grant of every partnership
// the account works in, as WithGrants gives it on that day.
func (s *snapshot) groupings(day clock.Date) [][]string {
	var out [][]string
	for account, assignments := range s.assignments {
		var places []ident.ID
		for _, a := range assignments {
			places = addID(places, a.PartnershipID)
		}
		seen := map[[2]string]bool{}
		for _, place := range places {
			pr := Principal{AccountID: account, PartnershipID: place}.WithGrants(assignments, s.postings[account], day)
			for _, g := range pr.Grants {
				line := [2]string{rolePrefix + string(g.Role), domain(g.Kind, g.ID)}
				if !seen[line] {
					seen[line] = true
					out = append(out, []string{userPrefix + account.String(), line[0], line[1]})
				}
			}
		}
	}
	return out
}

// lineAdapter hands compiled lines to casbin and never writes: casbin's own
// SavePolicy would rewrite everything.
type lineAdapter struct{ p, g [][]string }

var errReadOnly = errors.New("authz: the policy is changed through its own forms only")

// LoadPolicy implements persist.Adapter.
func (a lineAdapter) LoadPolicy(m model.Model) error {
	for _, l := range a.p {
		if err := persist.LoadPolicyArray(l, m); err != nil {
			return err
		}
	}
	for _, l := range a.g {
		if err := persist.LoadPolicyArray(append([]string{"g"}, l...), m); err != nil {
			return err
		}
	}
	return nil
}

// SavePolicy implements persist.Adapter by refusing.
func (lineAdapter) SavePolicy(model.Model) error { return errReadOnly }

// AddPolicy implements persist.Adapter by refusing.
func (lineAdapter) AddPolicy(string, string, []string) error { return errReadOnly }

// RemovePolicy implements persist.Adapter by refusing.
func (lineAdapter) RemovePolicy(string, string, []string) error { return errReadOnly }

// RemoveFilteredPolicy implements persist.Adapter by refusing.
func (lineAdapter) RemoveFilteredPolicy(string, string, int, ...string) error { return errReadOnly }

func newEnforcer(text string, p, g [][]string) (*casbin.Enforcer, error) {
	m, err := model.NewModelFromString(text)
	if err != nil {
		return nil, err
	}
	e, err := casbin.NewEnforcer(m, lineAdapter{p, g})
	if err != nil {
		return nil, err
	}
	e.EnableAutoSave(false)
	return e, nil
}

// rolePermissions compiles the p lines to sets.
func rolePermissions(e *casbin.Enforcer) (map[Role]map[Permission]struct{}, error) {
	lines, err := e.GetPolicy()
	if err != nil {
		return nil, err
	}
	out := map[Role]map[Permission]struct{}{}
	for _, l := range lines {
		role := Role(strings.TrimPrefix(l[0], rolePrefix))
		if out[role] == nil {
			out[role] = map[Permission]struct{}{}
		}
		out[role][Permission(l[1]+":"+l[2])] = struct{}{}
	}
	return out, nil
}

// Enforce asks casbin itself whether an account holds a permission in one exact
// place, wider places not counted. It walks all lines: for tests and for
// explaining the policy, not for requests. An error is never a plain "no".
func (p *Policy) Enforce(account ident.ID, perm Permission, at Scope) (bool, error) {
	s := p.current.Load()
	if s == nil {
		return false, unavailable()
	}
	judge, err := s.judge()
	if err != nil {
		return false, err
	}
	object, action, _ := strings.Cut(string(perm), ":")
	return judge.Enforce(userPrefix+account.String(), domain(at.Kind, at.ID), object, action)
}
