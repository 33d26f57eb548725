package authz

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// The place of a grant and the place asked for, one by one. Check has looked at
// the partnership before; covers does not rely on it.
func TestAGrantReachesItsOwnPlaceAndWhatLiesInside(t *testing.T) {
	platform := Grant{Kind: user.ScopePlatform}
	whole := Grant{Kind: user.ScopePartnership, ID: home, Partnership: home}
	hospital := Grant{Kind: user.ScopeHospital, ID: hospitalA, Partnership: home}
	fund := Grant{Kind: user.ScopeFund, ID: fundA, Partnership: home}
	for name, c := range map[string]struct {
		grant Grant
		at    Scope
		want  bool
	}{
		"the platform everywhere":           {platform, AtHospital(foreign, foreignHospital), true},
		"the platform itself":               {platform, Platform(), true},
		"a partnership is not the platform": {whole, Platform(), false},
		"not even without a partnership":    {Grant{Kind: user.ScopePartnership}, Platform(), false},
		"a partnership":                     {whole, InPartnership(home), true},
		"a hospital inside":                 {whole, AtHospital(home, hospitalB), true},
		"another partnership":               {whole, InPartnership(foreign), false},
		"a hospital of another":             {whole, AtHospital(foreign, foreignHospital), false},
		"the own hospital":                  {hospital, AtHospital(home, hospitalA), true},
		"another hospital":                  {hospital, AtHospital(home, hospitalB), false},
		"the same hospital, elsewhere":      {hospital, AtHospital(foreign, hospitalA), false},
		"the partnership around":            {hospital, InPartnership(home), false},
		"somewhere":                         {hospital, Anywhere(home), true},
		"somewhere else":                    {hospital, Anywhere(foreign), false},
		"the own fund":                      {fund, OfFund(home, fundA), true},
		"a hospital with the fund's id":     {fund, AtHospital(home, fundA), false},
		"a fund with the hospital's id":     {hospital, OfFund(home, hospitalA), false},
	} {
		if got := covers(c.grant, c.at); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEveryPlaceHasAName(t *testing.T) {
	if got := domain(user.ScopePlatform, hospitalA); got != string(user.ScopePlatform) {
		t.Errorf("the platform is called %s", got)
	}
	if domain(user.ScopeHospital, hospitalA) == domain(user.ScopeFund, hospitalA) {
		t.Error("a hospital and a fund with one id are one place")
	}
}

func TestReachIsNothingOnlyWhenNothingIsReached(t *testing.T) {
	for name, c := range map[string]struct {
		reach Reach
		want  bool
	}{"nothing": {Reach{}, true}, "all": {Reach{All: true}, false}, "a hospital": {Reach{Hospitals: []ident.ID{hospitalA}}, false},
		"a fund": {Reach{Funds: []ident.ID{fundA}}, false}} {
		if got := c.reach.None(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAPlaceIsReachedOnce(t *testing.T) {
	who, admin := id("two roles"), id("administrator")
	p := loaded(t, &fakeLoader{assignments: []Assignment{assign(who, user.Registrar, user.ScopeHospital), assign(who, user.Finance, user.ScopeHospital),
		assign(admin, user.SystemAdmin, user.ScopePlatform)}})
	if r := p.Reach(principal(t, p, who, home), PersonRead); !slices.Equal(r.Hospitals, []ident.ID{hospitalA}) {
		t.Errorf("two roles at one hospital: %+v", r)
	}
	pr := principal(t, p, admin, home)
	for _, perm := range Permissions() {
		if p.Holds(user.SystemAdmin, perm) {
			if r := p.Reach(pr, perm); !r.All {
				t.Errorf("a role of the platform reaches %+v with %s", r, perm)
			}
		}
	}
	if got := p.Partnerships(who); !slices.Equal(got, []ident.ID{home}) {
		t.Errorf("two roles in one partnership: %v", got)
	}
}

func TestARoleOfThePlatformEnds(t *testing.T) {
	admin := id("was administrator")
	ended := assign(admin, user.SystemAdmin, user.ScopePlatform)
	ended.To = day.AddDays(-1)
	if p := loaded(t, &fakeLoader{assignments: []Assignment{ended}}); p.OnPlatform(admin) {
		t.Error("the role ended yesterday and is still held")
	}
}

func TestNobodyGetsGrantsWithoutSigningIn(t *testing.T) {
	p := loaded(t, everyRole())
	if pr, err := p.Principal(Principal{PartnershipID: home}); err != nil || len(pr.Grants) != 0 {
		t.Errorf("%+v, %v", pr.Grants, err)
	}
}

func TestWithoutAPolicyNothingIsIgnored(t *testing.T) {
	if got := New(&fakeLoader{}, noon()).Ignored(); got != nil {
		t.Errorf("%v", got)
	}
}

func TestALineOfAnotherLetterStopsTheLoad(t *testing.T) {
	if _, err := readTable("q, r:registrar, person, read\n"); err == nil {
		t.Error("a line that is not a permission is taken")
	}
}

func TestTheCompiledLinesAreThoseOfEachPlaceOnce(t *testing.T) {
	who := id("twice")
	p := loaded(t, &fakeLoader{assignments: []Assignment{assign(who, user.Official, user.ScopePartnership), assign(who, user.Official, user.ScopePartnership)}})
	lines := p.current.Load().groupings(day)
	for i, a := range lines {
		for _, b := range lines[i+1:] {
			if slices.Equal(a, b) {
				t.Errorf("%v stands twice", a)
			}
		}
	}
}

func TestALineCasbinCannotReadClosesThePolicy(t *testing.T) {
	p := New(&fakeLoader{}, noon())
	good := []string{"p", "r:registrar", "person", "read"}
	for name, c := range map[string]struct{ p, g [][]string }{"a permission": {p: [][]string{{"x", "y"}, good}}, "an assignment": {p: [][]string{good}, g: [][]string{{"u:x"}}}} {
		if _, err := newEnforcer(p.model, c.p, c.g); err == nil {
			t.Errorf("%s that says nothing is taken", name)
		}
	}
}

// A part of what a load reads cannot be read: nothing is allowed, whichever it is.
type halfLoader struct {
	*fakeLoader
	ended, merged error
}

func (l halfLoader) LoadEnded(context.Context) (map[ident.ID]bool, error) { return nil, l.ended }
func (l halfLoader) LoadMerged(context.Context) (map[user.Place]ident.ID, error) {
	return nil, l.merged
}

func TestALoadThatLacksAPartAllowsNothing(t *testing.T) {
	away := errors.New("the database is away")
	for name, l := range map[string]halfLoader{"closed partnerships": {everyRole(), away, nil}, "merged hospitals": {everyRole(), nil, away}} {
		p := New(l, noon())
		if err := p.Reload(t.Context()); !errs.Is(err, errs.Unavailable) || !errors.Is(err, away) || p.Holds(user.Registrar, CaseRead) {
			t.Errorf("without the %s: %v", name, err)
		}
	}
}

// What is badly formed is named for as long as it is stored: a refresh of its
// account looks anew, one of another account leaves it.
func TestWhatIsIgnoredIsLookedAtAnewWithItsAccount(t *testing.T) {
	bad, other := assign(id("badly formed"), user.Registrar, user.ScopeFund), assign(id("well formed"), user.Registrar, user.ScopeHospital)
	l := &fakeLoader{assignments: []Assignment{bad, other}}
	p := loaded(t, l)
	for _, c := range []struct {
		name     string
		account  ident.ID
		assigned []Assignment
		want     int
	}{
		{"of another account", other.Account, l.assignments, 1},
		{"of its account", bad.Account, l.assignments, 1},
		{"when it was put right", bad.Account, []Assignment{assign(bad.Account, user.Registrar, user.ScopeHospital), other}, 0},
	} {
		l.assignments = c.assigned
		if err := p.Refresh(t.Context(), []ident.ID{c.account}); err != nil || len(p.Ignored()) != c.want {
			t.Errorf("after a refresh %s: %v, %v", c.name, p.Ignored(), err)
		}
	}
}

// Where an account works is listed in one order, whatever order it was given in.
func TestPartnershipsComeInTheOrderOfTheirIds(t *testing.T) {
	who := id("in both")
	here, there := assign(who, user.Official, user.ScopePartnership), assign(who, user.Official, user.ScopePartnership)
	there.ScopeID, there.PartnershipID = foreign, foreign
	want := []ident.ID{home, foreign}
	slices.SortFunc(want, func(a, b ident.ID) int { return slices.Compare(a[:], b[:]) })
	for _, given := range [][]Assignment{{here, there}, {there, here}} {
		if got := loaded(t, &fakeLoader{assignments: given}).Partnerships(who); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// Without a policy it is not known what became of a hospital: it stays itself,
// and every check is refused anyway.
func TestWithoutAPolicyAHospitalHasNoSuccessor(t *testing.T) {
	if got := New(&fakeLoader{}, noon()).Successor(home, hospitalA); got != hospitalA {
		t.Errorf("%s", got)
	}
}

// Nothing but the forms of the house changes the policy: casbin, asked to save, is
// refused whatever it wants to save.
func TestCasbinWritesNothing(t *testing.T) {
	p := loaded(t, everyRole())
	e, err := p.current.Load().judge()
	if err != nil {
		t.Fatal(err)
	}
	e.EnableAutoSave(true)
	added := func() error { _, err := e.AddPolicy("r:registrar", "policy", "edit"); return err }
	removed := func() error { _, err := e.RemovePolicy("r:registrar", "case", "read"); return err }
	filtered := func() error { _, err := e.RemoveFilteredPolicy(0, "r:registrar"); return err }
	for name, save := range map[string]func() error{"all": e.SavePolicy, "a line": added, "the end of a line": removed, "the end of many": filtered} {
		if err := save(); !errors.Is(err, errReadOnly) {
			t.Errorf("%s was saved: %v", name, err)
		}
	}
}

// The judge is put together when it is first asked. When that fails, the answer is
// the fault and not a plain no.
func TestAJudgeThatCannotBePutTogetherIsNoRefusal(t *testing.T) {
	p := loaded(t, everyRole())
	p.table = "p, registrar, case, read\n"
	if ok, err := p.Enforce(account(user.Registrar, user.ScopeHospital), CaseRead, AtHospital(home, hospitalA)); err == nil || ok {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestAModelWithoutPermissionsIsNoPolicy(t *testing.T) {
	e, err := casbin.NewEnforcer()
	if err != nil {
		t.Fatal(err)
	}
	e.SetModel(model.NewModel())
	if roles, err := rolePermissions(e); err == nil {
		t.Errorf("%v", roles)
	}
}
