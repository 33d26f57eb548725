// Package accounts is about who may come in: sign-in, sessions, passwords,
// people's accounts, their roles and API tokens, and the first run of a fresh
// installation.
//
// Everything that changes what somebody may do bumps the policy version in its
// own transaction; this process compiles its permissions anew at once, the
// others within the interval of [Service.Watch]. What is remembered between
// requests is believed for less than a second, so an account that was closed is
// out within one.
package accounts

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs.
type Deps struct {
	DB        *store.DB
	Policy    *authz.Policy
	Hasher    *seal.Hasher
	Sessions  *store.SessionStore // nil in commands without browser sessions
	Passwords user.PasswordPolicy
	Clock     clock.Clock
	Log       *slog.Logger
}

// Service is the use cases about accounts.
type Service struct {
	db        *store.DB
	policy    *authz.Policy
	hasher    *seal.Hasher
	sessions  *store.SessionStore
	passwords user.PasswordPolicy
	clock     clock.Clock
	log       *slog.Logger

	known  memory[ident.ID, store.AccountItem] // accounts of running sessions
	tokens memory[string, user.Token]          // by digest
	sides  memory[[2]ident.ID, user.Side]      // of an organisation in a partnership
	ghosts memory[string, user.Failures]       // wrong passwords of names that do not exist
	first  firstRun
}

// fresh is how long something read is believed.
const fresh = 800 * time.Millisecond

// New makes the service.
func New(d Deps) *Service {
	return &Service{db: d.DB, policy: d.Policy, hasher: d.Hasher, sessions: d.Sessions, passwords: d.Passwords, clock: d.Clock, log: d.Log,
		known:  memory[ident.ID, store.AccountItem]{clock: d.Clock, life: fresh},
		tokens: memory[string, user.Token]{clock: d.Clock, life: fresh},
		sides:  memory[[2]ident.ID, user.Side]{clock: d.Clock, life: time.Minute},
		ghosts: memory[string, user.Failures]{clock: d.Clock, life: 24 * time.Hour}}
}

// Policy of passwords, for the hint beside the field.
func (s *Service) Passwords() user.PasswordPolicy { return s.passwords }

// changed makes a change of roles or accounts hold in this process at once. The
// change itself is committed; when compiling fails nothing is allowed until it
// succeeds, which is the safe side. The zero id stands for several accounts.
func (s *Service) changed(ctx context.Context, account ident.ID) {
	s.known.drop(account)
	load := s.policy.Reload
	if account != ident.Nil {
		load = func(ctx context.Context) error { return s.policy.Refresh(ctx, []ident.ID{account}) }
	}
	if err := load(ctx); err != nil {
		s.log.ErrorContext(ctx, "permissions could not be compiled", "error", err)
	}
}

// out makes ended sessions of an account hold in this process at once.
func (s *Service) out(account ident.ID) {
	s.known.drop(account)
	s.tokens.clear()
	if s.sessions != nil {
		s.sessions.Forget(account)
	}
}

// platform reports whether the principal acts with a grant on the platform, or
// is a command.
func (s *Service) platform(who user.Principal, perm authz.Permission) bool {
	return s.policy.Can(who, perm, authz.Platform())
}

// checkOver asks for a permission over an account: at its organisation, or on
// the platform when it has none. Somebody whose right ends at the partnership
// reaches only organisations that are members of it. What is out of reach does
// not exist.
func (s *Service) checkOver(tx *store.Tx, who user.Principal, perm authz.Permission, organisation ident.ID) error {
	if s.platform(who, perm) {
		return nil
	}
	missing := errs.Missing("error.account.missing")
	if organisation == ident.Nil || !s.policy.Can(who, perm, authz.AtHospital(who.PartnershipID, organisation)) {
		return missing
	}
	yes, err := tx.Belong(organisation)
	if err == nil && !yes {
		return missing
	}
	return err
}

// organisations lists where a principal holds a permission over accounts; nil is
// everywhere.
func (s *Service) organisations(tx *store.Tx, who user.Principal, perm authz.Permission) ([]ident.ID, error) {
	if s.platform(who, perm) {
		return nil, nil
	}
	reach := s.policy.Reach(who, perm)
	if !reach.All {
		return append([]ident.ID{}, reach.Hospitals...), nil
	}
	members, err := tx.Members(who.PartnershipID)
	ids := make([]ident.ID, 0, len(members))
	for _, m := range members {
		ids = append(ids, m.OrganisationID)
	}
	return ids, err
}

// Choice is a partnership a person may work in.
type Choice struct {
	ID      ident.ID // nil: the platform
	Code    string
	Name    string
	Current bool
}

// Choices lists where the person may work: for people of the platform the
// platform itself and every partnership.
func (s *Service) Choices(ctx context.Context, who user.Principal) ([]Choice, error) {
	on := s.policy.OnPlatform(who.AccountID)
	mine := map[ident.ID]bool{}
	for _, id := range s.policy.Partnerships(who.AccountID) {
		mine[id] = true
	}
	if !on && len(mine) < 2 {
		return nil, nil
	}
	var all []partnership.Partnership
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("names of the own partnerships")
		var err error
		all, err = tx.ListPartnerships()
		return err
	})
	var out []Choice
	if on {
		out = append(out, Choice{Current: who.PartnershipID == ident.Nil})
	}
	for _, p := range all {
		if on || mine[p.ID] {
			out = append(out, Choice{p.ID, p.Code, p.Name, p.ID == who.PartnershipID})
		}
	}
	return out, err
}

// memory remembers values for a while. It is bounded: when full, everything is
// asked again.
type memory[K comparable, V any] struct {
	clock clock.Clock
	life  time.Duration
	mu    sync.Mutex
	m     map[K]remembered[V]
}

type remembered[V any] struct {
	v  V
	at time.Time
}

// most bounds each memory; 10,000 people are far more than an installation has
// at work in the same second.
const most = 10_000

func (m *memory[K, V]) get(k K) (V, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.m[k]
	if ok && clock.Fresh(e.at, m.clock.Now(), m.life) {
		return e.v, true
	}
	var zero V
	return zero, false
}

// put stores what was read at an instant: the age counts from before the read.
func (m *memory[K, V]) put(k K, v V, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.m == nil || len(m.m) >= most {
		m.m = map[K]remembered[V]{}
	}
	m.m[k] = remembered[V]{v, at}
}

func (m *memory[K, V]) drop(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.m, k)
}

func (m *memory[K, V]) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.m)
}
