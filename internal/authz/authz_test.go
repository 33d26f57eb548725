package authz

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// A small world: two partnerships, two hospitals and two funds in the first.
var (
	day                = clock.MustDate(2026, 11, 24)
	home, foreign      = id("home"), id("foreign")
	hospitalA          = id("hospital a")
	hospitalB          = id("hospital b")
	fundA, fundB       = id("fund a"), id("fund b")
	foreignHospital    = id("foreign hospital")
	allScopesAskedFor  = []Scope{Platform(), InPartnership(home), AtHospital(home, hospitalA), AtHospital(home, hospitalB), OfFund(home, fundA), OfFund(home, fundB), Anywhere(home)}
	foreignScopesAsked = []Scope{InPartnership(foreign), AtHospital(foreign, foreignHospital), AtHospital(foreign, hospitalA), Anywhere(foreign)}
)

func id(name string) ident.ID { return ident.Derive(ident.Nil, name) }

func account(role Role, kind user.ScopeKind) ident.ID {
	return id("account " + string(role) + string(kind))
}

// assign gives the role in the first hospital, fund, partnership or platform.
func assign(who ident.ID, role Role, kind user.ScopeKind) Assignment {
	a := Assignment{Account: who, Role: role, ScopeKind: kind, ScopeID: home, PartnershipID: home, From: day.AddDays(-10)}
	switch kind {
	case user.ScopePlatform:
		a.ScopeID, a.PartnershipID = ident.Nil, ident.Nil
	case user.ScopeHospital:
		a.ScopeID = hospitalA
	case user.ScopeFund:
		a.ScopeID = fundA
	}
	return a
}

type fakeLoader struct {
	assignments []Assignment
	postings    []Posting
	ended       map[ident.ID]bool
	merged      map[user.Place]ident.ID
	err         error
	loads       int
}

func (l *fakeLoader) LoadAssignments(ctx context.Context) ([]Assignment, []Posting, error) {
	l.loads++
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	return l.assignments, l.postings, l.err
}

func (l *fakeLoader) LoadMerged(context.Context) (map[user.Place]ident.ID, error) {
	return l.merged, l.err
}
func (l *fakeLoader) LoadEnded(context.Context) (map[ident.ID]bool, error) { return l.ended, l.err }

func (l *fakeLoader) LoadAssignmentsOf(ctx context.Context, accounts []ident.ID) ([]Assignment, []Posting, error) {
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	var as []Assignment
	for _, a := range l.assignments {
		if slices.Contains(accounts, a.Account) {
			as = append(as, a)
		}
	}
	var ps []Posting
	for _, p := range l.postings {
		if slices.Contains(accounts, p.Account) {
			ps = append(ps, p)
		}
	}
	return as, ps, l.err
}

// What one account lost is gone after looking at that account only, and nobody
// else's rights move.
func TestARefreshLooksAtTheAccountsThatChangedOnly(t *testing.T) {
	l := everyRole()
	p := New(l, noon())
	if err := p.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	taken, kept := l.assignments[0], l.assignments[1]
	l.assignments = l.assignments[1:]
	if err := p.Refresh(t.Context(), []ident.ID{taken.Account}); err != nil {
		t.Fatal(err)
	}
	if len(p.current.Load().assignments[taken.Account]) != 0 || len(p.current.Load().assignments[kept.Account]) != 1 || l.loads != 1 {
		t.Errorf("taken %v, kept %v, %d loads of all", p.current.Load().assignments[taken.Account], p.current.Load().assignments[kept.Account], l.loads)
	}
	l.assignments = append(l.assignments, taken)
	if err := p.Refresh(t.Context(), []ident.ID{taken.Account}); err != nil || len(p.current.Load().assignments[taken.Account]) != 1 {
		t.Errorf("given back: %v", err)
	}
	l.err = errors.New("the database is away")
	if err := p.Refresh(t.Context(), []ident.ID{kept.Account}); err == nil || p.current.Load() != nil {
		t.Error("a refresh that failed left rights in force")
	}
	l.err = nil
	if err := p.Refresh(t.Context(), []ident.ID{kept.Account}); err != nil || l.loads != 2 {
		t.Errorf("after an outage everything is compiled anew: %v, %d loads", err, l.loads)
	}
}

func noon() *clock.Fixed { return clock.NewFixed(day.Start().Add(12 * time.Hour)) }

// everyRole has one account per role and kind of scope the role may have.
func everyRole() *fakeLoader {
	l := &fakeLoader{}
	for _, r := range user.Roles() {
		for _, k := range r.ScopeKinds() {
			l.assignments = append(l.assignments, assign(account(r, k), r, k))
		}
	}
	return l
}

func loaded(t testing.TB, l Loader) *Policy {
	t.Helper()
	p := New(l, noon())
	if err := p.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	return p
}

func principal(t testing.TB, p *Policy, who, partnership ident.ID) Principal {
	t.Helper()
	pr, err := p.Principal(Principal{AccountID: who, PartnershipID: partnership})
	if err != nil {
		t.Fatal(err)
	}
	return pr
}

// casbinSays asks casbin for every place that covers the scope. What it said of
// one account and permission before stands in said: it walks all lines, and the
// wide places cover every scope.
func casbinSays(t *testing.T, p *Policy, who ident.ID, perm Permission, at Scope, said map[Scope]bool) bool {
	t.Helper()
	places := []Scope{Platform()}
	switch at.Kind {
	case user.ScopeAnywhere:
		places = append(places, InPartnership(home), AtHospital(home, hospitalA), AtHospital(home, hospitalB), OfFund(home, fundA), OfFund(home, fundB))
	case user.ScopePlatform:
	default:
		places = append(places, InPartnership(at.Partnership), at)
	}
	for _, place := range places {
		if _, known := said[place]; !known {
			ok, err := p.Enforce(who, perm, place)
			if err != nil {
				t.Fatal(err)
			}
			said[place] = ok
		}
		if said[place] {
			return true
		}
	}
	return false
}

func TestSnapshotAnswersAsCasbinForEveryRolePermissionAndScope(t *testing.T) {
	l := everyRole()
	doctor := account(user.VisitingDoctor, user.ScopeHospital)
	l.postings = []Posting{{Account: doctor, PartnershipID: home, Hospital: hospitalB, From: day, To: day}}
	p := loaded(t, l)
	asked, allowed := 0, 0
	for _, a := range l.assignments {
		pr := principal(t, p, a.Account, home)
		for _, perm := range Permissions() {
			said := map[Scope]bool{}
			for _, at := range allScopesAskedFor {
				want := casbinSays(t, p, a.Account, perm, at, said)
				if got := p.Check(pr, perm, at) == nil; got != want {
					t.Errorf("%s (%s) %s at %s: snapshot %v, casbin %v", a.Role, a.ScopeKind, perm, at.Kind, got, want)
				}
				asked++
				if want {
					allowed++
				}
			}
		}
	}
	if allowed == 0 || allowed == asked {
		t.Fatalf("%d of %d allowed: the table proves nothing", allowed, asked)
	}
}

func TestNothingIsAllowedInAnotherPartnership(t *testing.T) {
	l := everyRole()
	p := loaded(t, l)
	for _, a := range l.assignments {
		pr := principal(t, p, a.Account, home)
		for _, perm := range Permissions() {
			for _, at := range foreignScopesAsked {
				if p.Check(pr, perm, at) == nil {
					t.Errorf("%s (%s) got %s in a foreign partnership", a.Role, a.ScopeKind, perm)
				}
			}
		}
	}
}

func TestWorkingInAPartnershipWithoutAnAssignmentGivesOnlyTheOwnAccount(t *testing.T) {
	l := everyRole()
	p := loaded(t, l)
	for _, a := range l.assignments {
		pr := principal(t, p, a.Account, foreign)
		if len(pr.Hospitals) > 0 || len(pr.Funds) > 0 || pr.Wide {
			t.Errorf("%s sees rows of a foreign partnership: %+v", a.Role, pr)
		}
		for _, perm := range Permissions() {
			own := p.Holds(user.Everyone, perm) || a.ScopeKind == user.ScopePlatform && p.Holds(a.Role, perm)
			if got := p.Can(pr, perm, Anywhere(foreign)); got != own {
				t.Errorf("%s (%s) %s in a foreign partnership: %v", a.Role, a.ScopeKind, perm, got)
			}
		}
	}
}

func TestAHospitalRoleEndsAtItsHospitalAndAFundRoleAtItsFund(t *testing.T) {
	p := loaded(t, everyRole())
	registrar := principal(t, p, account(user.Registrar, user.ScopeHospital), home)
	steward := principal(t, p, account(user.FundSteward, user.ScopeFund), home)
	approver := principal(t, p, account(user.Approver, user.ScopePartnership), home)
	cases := []struct {
		name string
		pr   Principal
		perm Permission
		at   Scope
		want bool
	}{
		{"own hospital", registrar, CaseRead, AtHospital(home, hospitalA), true},
		{"other hospital", registrar, CaseRead, AtHospital(home, hospitalB), false},
		{"whole partnership", registrar, CaseRead, InPartnership(home), false},
		{"the door of the list", registrar, CaseRead, Anywhere(home), true},
		{"a permission of nobody's role here", registrar, ApprovalDecide, Anywhere(home), false},
		{"own fund", steward, LedgerRead, OfFund(home, fundA), true},
		{"other fund", steward, LedgerRead, OfFund(home, fundB), false},
		{"partnership covers hospitals", approver, ApprovalDecide, AtHospital(home, hospitalB), true},
		{"partnership covers funds", approver, FundDeposit, OfFund(home, fundB), true},
		{"partnership does not reach the platform", approver, OrganisationRead, Platform(), false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := p.Check(c.pr, c.perm, c.at)
			if c.want && err != nil || !c.want && !errs.Is(err, errs.Forbidden) {
				t.Errorf("got %v, want allowed=%v", err, c.want)
			}
		})
	}
}

func TestPostingWidensTheDoctorBetweenItsDatesOnly(t *testing.T) {
	doctor := account(user.VisitingDoctor, user.ScopeHospital)
	l := everyRole()
	l.postings = []Posting{{Account: doctor, PartnershipID: home, Hospital: hospitalB, From: day, To: day.AddDays(1)}}
	clk := noon()
	p := New(l, clk)
	if err := p.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	at := AtHospital(home, hospitalB)
	for _, c := range []struct {
		now  time.Time
		want bool
	}{
		{day.Start().Add(-time.Second), false},
		{day.Start(), true},
		{day.AddDays(2).Start().Add(-time.Second), true},
		{day.AddDays(2).Start(), false}, // midnight in Shanghai, no reload in between
	} {
		clk.Set(c.now)
		pr := principal(t, p, doctor, home)
		if got := p.Can(pr, ProcedureLog, at); got != c.want {
			t.Errorf("%s: %v", c.now.In(clock.Shanghai), got)
		}
		if got := slices.Contains(pr.Hospitals, hospitalB); got != c.want {
			t.Errorf("%s: row scope %v", c.now.In(clock.Shanghai), got)
		}
	}
}

func TestATokenIsNarrowedToItsScopes(t *testing.T) {
	p := loaded(t, everyRole())
	base := Principal{AccountID: account(user.Registrar, user.ScopeHospital), PartnershipID: home, TokenID: id("token"),
		TokenScopes: []Permission{CaseRead, ApprovalDecide}}
	pr, err := p.Principal(base)
	if err != nil {
		t.Fatal(err)
	}
	at := AtHospital(home, hospitalA)
	if err := p.Check(pr, CaseRead, at); err != nil {
		t.Error(err)
	}
	if err := p.Check(pr, CaseOpen, at); !errs.Is(err, errs.Forbidden) || errs.Of(err).Key != "error.authz.token_scope" {
		t.Errorf("outside the scopes: %v", err)
	}
	if p.Can(pr, ApprovalDecide, at) {
		t.Error("a scope gave a right the role has not")
	}
	if r := p.Reach(pr, CaseOpen); !r.None() {
		t.Errorf("reach outside the scopes: %+v", r)
	}
}

func TestReadScopesAreWhatTheUserMayReadAndNothingMore(t *testing.T) {
	p := loaded(t, everyRole())
	pr := principal(t, p, account(user.Registrar, user.ScopeHospital), home)
	got := p.ReadScopes(pr)
	for _, perm := range got {
		if !Reads(perm) || !p.Can(pr, perm, Anywhere(home)) {
			t.Errorf("%s is no read scope of a registrar", perm)
		}
	}
	for _, perm := range []Permission{CaseRead, MeasureRead, ListRead, PersonRead} {
		if !slices.Contains(got, perm) {
			t.Errorf("%s is missing", perm)
		}
	}
	if slices.Contains(got, PersonUnmask) {
		t.Error("unmasking is in the default scopes of a token")
	}
}

func TestReachListsWhereAPermissionIsHeld(t *testing.T) {
	l := everyRole()
	both := id("registrar in two hospitals")
	second := assign(both, user.Registrar, user.ScopeHospital)
	second.ScopeID = hospitalB
	l.assignments = append(l.assignments, assign(both, user.Registrar, user.ScopeHospital), second, assign(both, user.Finance, user.ScopeHospital))
	p := loaded(t, l)
	if r := p.Reach(principal(t, p, both, home), PersonRegister); r.All || !slices.Equal(r.Hospitals, []ident.ID{hospitalA, hospitalB}) {
		t.Errorf("register: %+v", r)
	}
	if r := p.Reach(principal(t, p, both, home), SettlementEnter); !slices.Equal(r.Hospitals, []ident.ID{hospitalA}) {
		t.Errorf("settle: %+v", r)
	}
	if r := p.Reach(principal(t, p, account(user.FundSteward, user.ScopeFund), home), LedgerRead); !slices.Equal(r.Funds, []ident.ID{fundA}) || r.All {
		t.Errorf("steward: %+v", r)
	}
	if r := p.Reach(principal(t, p, account(user.Official, user.ScopePartnership), home), ListRead); !r.All {
		t.Errorf("official: %+v", r)
	}
	if r := p.Reach(principal(t, p, both, home), ApprovalDecide); !r.None() {
		t.Errorf("a registrar decides: %+v", r)
	}
	if r := p.Reach(System("expiry").In(home), ApprovalRead); !r.All {
		t.Errorf("a job: %+v", r)
	}
}

func TestSystemPrincipalMayWorkInItsPartnershipOnly(t *testing.T) {
	p := loaded(t, &fakeLoader{})
	job := System("posting-end").In(home)
	if err := p.Check(job, CaseClose, AtHospital(home, hospitalA)); err != nil {
		t.Error(err)
	}
	if p.Can(job, CaseClose, AtHospital(foreign, foreignHospital)) {
		t.Error("a job reached another partnership")
	}
	if p.Can(job, Public, Platform()) {
		t.Error("public is a mark for routes, not a right")
	}
	if got, err := p.Principal(job); err != nil || !got.IsSystem() || !got.Wide {
		t.Errorf("a job was changed: %+v, %v", got, err)
	}
}

func TestAWrongPolicyOrLoadErrorClosesEverything(t *testing.T) {
	broken := map[string]func(*Policy){
		"no database":        func(p *Policy) { p.loader.(*fakeLoader).err = errors.New("connection refused") },
		"model":              func(p *Policy) { p.model = "[matchers]\nm = nonsense" },
		"empty table":        func(p *Policy) { p.table = "# nothing\n" },
		"unknown role":       func(p *Policy) { p.table += "p, r:superuser, case, read\n" },
		"unknown permission": func(p *Policy) { p.table += "p, r:registrar, case, destroy\n" },
		"no role prefix":     func(p *Policy) { p.table += "p, registrar, case, read\n" },
		"grouping in table":  func(p *Policy) { p.table += "g, u:x, r:registrar, platform\n" },
		"missing field":      func(p *Policy) { p.table += "p, r:registrar, case\n" },
		"line twice":         func(p *Policy) { p.table += "p, r:registrar, case, read\n" },
	}
	for name, breakIt := range broken {
		t.Run(name, func(t *testing.T) {
			l := everyRole()
			p := loaded(t, l)
			who := account(user.Registrar, user.ScopeHospital)
			pr := principal(t, p, who, home)
			breakIt(p)
			if err := p.Reload(context.Background()); !errs.Is(err, errs.Unavailable) {
				t.Fatalf("reload: %v", err)
			}
			if err := p.Check(pr, CaseRead, AtHospital(home, hospitalA)); !errs.Is(err, errs.Unavailable) {
				t.Errorf("check after a failed load: %v", err)
			}
			if _, err := p.Principal(Principal{AccountID: who}); !errs.Is(err, errs.Unavailable) {
				t.Errorf("principal after a failed load: %v", err)
			}
			if _, err := p.Enforce(who, CaseRead, Platform()); !errs.Is(err, errs.Unavailable) {
				t.Errorf("enforce after a failed load: %v", err)
			}
			if !p.Reach(pr, CaseRead).None() || p.Holds(user.Registrar, CaseRead) || p.Partnerships(who) != nil || p.OnPlatform(who) {
				t.Error("something is still answered after a failed load")
			}
		})
	}
}

func TestAPolicyNeverLoadedAllowsNothingAndEnsureHealsIt(t *testing.T) {
	l := everyRole()
	l.err = errors.New("starting up")
	p := New(l, noon())
	pr := Principal{AccountID: account(user.Registrar, user.ScopeHospital), PartnershipID: home,
		Grants: []Grant{{Role: user.Registrar, Kind: user.ScopePartnership, ID: home, Partnership: home}}}
	if err := p.Check(pr, CaseRead, Anywhere(home)); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("before the first load: %v", err)
	}
	if err := p.Ensure(context.Background()); err == nil {
		t.Fatal("a failed load was reported as good")
	}
	l.err = nil
	if err := p.Ensure(context.Background()); err != nil {
		t.Fatal(err)
	}
	loads := l.loads
	if err := p.Ensure(context.Background()); err != nil || l.loads != loads {
		t.Errorf("a loaded policy was loaded again: %v", err)
	}
}

func TestACallerThatGoesAwayDoesNotCloseTheHouse(t *testing.T) {
	p := loaded(t, everyRole())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Reload(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestARevokedAssignmentIsGoneAfterTheReload(t *testing.T) {
	l := everyRole()
	p := loaded(t, l)
	who := account(user.Approver, user.ScopePartnership)
	if !p.Can(principal(t, p, who, home), ApprovalDecide, InPartnership(home)) {
		t.Fatal("not allowed before")
	}
	l.assignments = slices.DeleteFunc(l.assignments, func(a Assignment) bool { return a.Account == who })
	if err := p.Reload(context.Background()); err != nil {
		t.Fatal(err)
	}
	if p.Can(principal(t, p, who, home), ApprovalDecide, InPartnership(home)) {
		t.Error("still allowed after the role was taken away")
	}
	if ok, _ := p.Enforce(who, ApprovalDecide, InPartnership(home)); ok {
		t.Error("casbin still allows it")
	}
}

func TestABadlyFormedAssignmentGivesNothingAndStopsNobodyElse(t *testing.T) {
	l := everyRole()
	who := id("registrar of everything")
	l.assignments = append(l.assignments, Assignment{Account: who, Role: user.Registrar, ScopeKind: user.ScopePartnership,
		ScopeID: home, PartnershipID: home, From: day})
	p := loaded(t, l)
	if p.Can(principal(t, p, who, home), CaseRead, Anywhere(home)) {
		t.Error("a registrar of a whole partnership was let in")
	}
	if got := p.Ignored(); len(got) != 1 || got[0].Account != who {
		t.Errorf("ignored: %+v", got)
	}
}

func TestNobodySignedInMayDoNothing(t *testing.T) {
	p := loaded(t, everyRole())
	for _, perm := range Permissions() {
		if err := p.Check(Principal{}, perm, Platform()); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s: %v", perm, err)
		}
	}
}

func TestAnAccountNamedLikeARoleGetsNothing(t *testing.T) {
	p := loaded(t, everyRole())
	pr := principal(t, p, id("someone new"), home)
	pr.Username = "r:system_admin"
	for _, perm := range Permissions() {
		if got, want := p.Can(pr, perm, Anywhere(home)), p.Holds(user.Everyone, perm); got != want {
			t.Errorf("%s: %v", perm, got)
		}
	}
}

func TestPartnershipsOfAnAccountAreThoseValidToday(t *testing.T) {
	who := id("travels")
	now, ended, later := assign(who, user.Official, user.ScopePartnership), assign(who, user.Official, user.ScopePartnership), assign(who, user.Official, user.ScopePartnership)
	ended.ScopeID, ended.PartnershipID, ended.To = foreign, foreign, day.AddDays(-1)
	later.ScopeID, later.PartnershipID, later.From = id("later"), id("later"), day.AddDays(1)
	admin := id("admin")
	p := loaded(t, &fakeLoader{assignments: []Assignment{ended, later, now, assign(admin, user.SystemAdmin, user.ScopePlatform)}})
	if got := p.Partnerships(who); !slices.Equal(got, []ident.ID{home}) || p.OnPlatform(who) {
		t.Errorf("partnerships: %v", got)
	}
	if got := p.Partnerships(admin); got != nil || !p.OnPlatform(admin) {
		t.Errorf("platform administrator: %v", got)
	}
}

func TestReadersNeverSeeAHalfLoadedPolicy(t *testing.T) {
	p := loaded(t, everyRole())
	pr := principal(t, p, account(user.Approver, user.ScopePartnership), home)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			if err := p.Reload(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
			if err := p.Check(pr, ApprovalDecide, AtHospital(home, hospitalA)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	p := loaded(b, everyRole())
	pr := principal(b, p, account(user.Registrar, user.ScopeHospital), home)
	at := AtHospital(home, hospitalA)
	for b.Loop() {
		if p.Check(pr, PersonRead, at) != nil {
			b.Fatal("refused")
		}
	}
}

func BenchmarkReload10kAccounts(b *testing.B) {
	l := &fakeLoader{}
	for i := range 10_000 {
		l.assignments = append(l.assignments, assign(ident.Derive(ident.Nil, string(rune(i))), user.Registrar, user.ScopeHospital))
	}
	p := New(l, noon())
	for b.Loop() {
		if err := p.Reload(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// A partnership that was closed is read and not written; archived, only its
// auditors read it. The platform's administrators go on.
func TestAnEndedPartnershipIsReadOnly(t *testing.T) {
	for _, archived := range []bool{false, true} {
		account := ident.New()
		loader := &fakeLoader{assignments: []Assignment{assign(account, user.Approver, user.ScopePartnership), assign(account, user.Auditor, user.ScopePartnership)}, ended: map[ident.ID]bool{home: archived}}
		p := New(loader, noon())
		if err := p.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		pr, err := p.Principal(Principal{AccountID: account, PartnershipID: home})
		if err != nil {
			t.Fatal(err)
		}
		for perm, want := range map[Permission]string{CaseRead: map[bool]string{true: "partnership.archived"}[archived], AuditRead: "", ApprovalDecide: map[bool]string{false: "partnership.closed", true: "partnership.archived"}[archived],
			SubjectDecide: "", FundOpen: map[bool]string{false: "partnership.closed", true: "partnership.archived"}[archived]} {
			err := p.Check(pr, perm, InPartnership(home))
			if want == "" && err != nil || want != "" && errs.Of(err).Rule != want {
				t.Errorf("archived %v, %s: %v", archived, perm, err)
			}
		}
		loader.ended = nil
		if err := p.Reload(t.Context()); err != nil || p.Check(pr, ApprovalDecide, InPartnership(home)) != nil {
			t.Error("one that goes on is refused")
		}
	}
	// What is left is a list somebody looked at.
	var left []string
	for _, p := range Permissions() {
		if Reading(p) && !strings.HasSuffix(string(p), ":read") {
			left = append(left, string(p))
		}
	}
	if len(left) != len(reading) {
		t.Errorf("%d permissions are left beside reading: %v", len(left), left)
	}
	for p := range archived {
		if !Reading(p) {
			t.Errorf("%s is left in an archive and not before", p)
		}
	}
}

// A hospital that became part of another one begins nothing: of what its people may
// do there, reading and what has already happened are left. Elsewhere nothing changes.
func TestAHospitalThatEndedBeginsNothing(t *testing.T) {
	account := ident.New()
	loader := &fakeLoader{}
	for _, role := range user.Roles() {
		loader.assignments = append(loader.assignments, assign(account, role, user.ScopeHospital))
	}
	p := New(loader, noon())
	look := func() map[Permission]error {
		t.Helper()
		if err := p.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		pr, err := p.Principal(Principal{AccountID: account, PartnershipID: home})
		if err != nil {
			t.Fatal(err)
		}
		out := map[Permission]error{}
		for _, perm := range Permissions() {
			out[perm] = p.Check(pr, perm, AtHospital(home, hospitalA))
			own := strings.HasPrefix(string(perm), "self:") // everybody's, wherever they are
			if reach := p.Reach(pr, perm); !own && slices.Contains(reach.Hospitals, hospitalA) != (out[perm] == nil) {
				t.Errorf("%s: %v, and it reaches %v", perm, out[perm], reach.Hospitals)
			}
		}
		return out
	}
	before := look()
	loader.merged = map[user.Place]ident.ID{{Partnership: home, Hospital: hospitalA}: hospitalB, {Partnership: foreign, Hospital: hospitalB}: hospitalA}
	begun := 0
	for perm, err := range look() {
		switch {
		case before[perm] != nil || Afterwards(perm):
			if (err == nil) != (before[perm] == nil) {
				t.Errorf("%s: %v before, %v after", perm, before[perm], err)
			}
		case errs.Of(err).Rule != "hospital.ended":
			t.Errorf("%s: %v", perm, err)
		default:
			begun++
		}
	}
	if begun == 0 {
		t.Error("nothing was to be begun before")
	}
	for perm := range afterwards { // a list somebody looked at: each is held at hospitals and is no reading
		if before[perm] != nil || Reading(perm) {
			t.Errorf("%s stays for nobody", perm)
		}
	}
	if p.Successor(home, hospitalA) != hospitalB || p.Successor(foreign, hospitalA) != hospitalA || p.Successor(home, hospitalB) != hospitalB {
		t.Error("the work goes on elsewhere")
	}
}
