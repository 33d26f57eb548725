package user

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func firstField(err error) string {
	if e := errs.Of(err); len(e.Fields) > 0 {
		return e.Fields[0].Key
	}
	return errs.Of(err).Key
}

func TestUsernames(t *testing.T) {
	for in, want := range map[string]string{
		"registrar-yunling": "registrar-yunling", "  Official ": "official", "ｏｆｆｉｃｉａｌ": "official", "a.b_c-1": "a.b_c-1",
	} {
		if got, err := ParseUsername(in); got != want || err != nil {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for in, key := range map[string]string{
		"": "error.username.missing", "ab": "error.username.length", strings.Repeat("a", 41): "error.username.length",
		"1abc": "error.username.characters", "a b c": "error.username.characters", "王小明一": "error.username.characters",
		"r:admin": "error.username.characters", "a;drop table": "error.username.characters", "System": "error.username.reserved",
	} {
		if _, err := ParseUsername(in); err == nil || firstField(err) != key {
			t.Errorf("%q: %v, want %s", in, err, key)
		}
	}
}

func TestAUsernameStaysTheSameWhenNormalisedAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, err := ParseUsername(rapid.String().Draw(t, "name"))
		if err != nil {
			return
		}
		if again, err := ParseUsername(name); err != nil || again != name {
			t.Fatalf("%q became %q, %v", name, again, err)
		}
	})
}

func TestDisplayNames(t *testing.T) {
	if got, err := ParseDisplayName("  林  小满 "); got != "林 小满" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for in, key := range map[string]string{
		" ": "error.display_name.missing", strings.Repeat("山", 61): "error.display_name.length",
		"林\u202e小": "error.display_name.characters", "a\x00b": "error.display_name.characters",
	} {
		if _, err := ParseDisplayName(in); err == nil || firstField(err) != key {
			t.Errorf("%q: %v, want %s", in, err, key)
		}
	}
}

func TestPasswordProfiles(t *testing.T) {
	words := []string{"registrar-yunling", "云岭区人民医院", "林小满"}
	cases := []struct{ profile, password, key string }{
		{ProfileMLPS, "kV7-mossy-fern", ""},
		{ProfileMLPS, "short-7K", "error.password.short"},
		{ProfileMLPS, "onlylowercaseletters", "error.password.classes"},
		{ProfileMLPS, "lower1234567", "error.password.classes"},
		{ProfileMLPS, "Password2026!", "error.password.common"},
		{ProfileMLPS, "P@ssw0rd!!99", "error.password.common"},
		{ProfileMLPS, "Aa123456789!", "error.password.common"},
		{ProfileMLPS, "Qwertyuiop1!", "error.password.common"},
		{ProfileMLPS, "Aaaaaaaaaaa1", "error.password.common"},
		{ProfileMLPS, "Registrar-77", "error.password.names"},
		{ProfileMLPS, "Yunling2026!", "error.password.names"},
		{ProfileMLPS, "云岭区人民医院Aa12", "error.password.names"},
		{ProfileMLPS, "Registrar-mossy-fern-77", ""},
		{ProfileMLPS, "kV7-mossy\x00fern", "error.password.characters"},
		{ProfileMLPS, strings.Repeat("kV7-", 33), "error.password.long"},
		{ProfileASVS, "mossy fern by the river", ""},
		{ProfileASVS, "kV7-mossy-fern", "error.password.short"},
		{ProfileASVS, "passwordpassword", "error.password.common"},
	}
	for _, c := range cases {
		policy, err := PasswordProfile(c.profile)
		if err != nil {
			t.Fatal(err)
		}
		err = policy.Check(c.password, words...)
		if c.key == "" && err != nil || c.key != "" && (err == nil || firstField(err) != c.key) {
			t.Errorf("%s %q: %v, want %q", c.profile, c.password, err, c.key)
		}
	}
	if _, err := PasswordProfile("none"); !errs.Is(err, errs.Invalid) {
		t.Errorf("unknown profile: %v", err)
	}
}

func TestPasswordsExpireOnlyUnderTheProfileThatAsksForIt(t *testing.T) {
	mlps, _ := PasswordProfile(ProfileMLPS)
	asvs, _ := PasswordProfile(ProfileASVS)
	changed := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if mlps.Expired(changed, changed.AddDate(0, 0, 90)) || !mlps.Expired(changed, changed.AddDate(0, 0, 91)) {
		t.Error("mlps: 90 days")
	}
	if asvs.Expired(changed, changed.AddDate(50, 0, 0)) {
		t.Error("asvs never expires")
	}
}

func TestTemporaryPasswordsFulfilEveryProfile(t *testing.T) {
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		entropy := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "entropy"))
		password := TemporaryPassword(entropy)
		if len(password) != 19 || strings.ContainsAny(password, "01oil") {
			t.Fatalf("%q", password)
		}
		for _, profile := range []string{ProfileMLPS, ProfileASVS} {
			p, _ := PasswordProfile(profile)
			if len(password) < p.Min || classes(password) < p.Classes {
				t.Fatalf("%q does not fulfil %s", password, profile)
			}
		}
		seen[password] = true
	})
	if len(seen) < 50 {
		t.Errorf("only %d different passwords", len(seen))
	}
}

func TestLockoutGrowsAndEndsByItself(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	var f Failures
	want := []time.Duration{0, 0, 0, 0, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute}
	for i, d := range want {
		f = f.Failed(now)
		err := f.Check(now)
		if d == 0 && err != nil || d > 0 && !errs.Is(err, errs.RateLimited) {
			t.Errorf("failure %d: %v", i+1, err)
		}
		if d > 0 && errs.Of(err).Args["seconds"] != int(d/time.Second) {
			t.Errorf("failure %d: %v, want %v", i+1, errs.Of(err).Args, d)
		}
		if err := f.Check(now.Add(d)); err != nil {
			t.Errorf("failure %d still locked after %v: %v", i+1, d, err)
		}
	}
	if err := (Failures{Count: 1_000_000, Last: now}).Check(now.Add(longestDelay)); err != nil {
		t.Errorf("locked for good: %v", err)
	}
	if again := f.Failed(now.Add(forgetAfter + time.Hour)); again.Count != 1 {
		t.Errorf("a quiet day did not start anew: %+v", again)
	}
}

func TestDelayNeverShrinks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5000).Draw(t, "failures")
		if Delay(n+1) < Delay(n) || Delay(n) > longestDelay {
			t.Fatalf("%d: %v then %v", n, Delay(n), Delay(n+1))
		}
	})
}

func TestADisabledAccountReadsAsAWrongPassword(t *testing.T) {
	if err := (Account{Disabled: true}).CheckActive(); errs.Of(err).Key != errs.Of(WrongPassword()).Key {
		t.Errorf("%v", err)
	}
	if err := (Account{}).CheckActive(); err != nil {
		t.Error(err)
	}
	a := Account{ID: ident.New(), Username: "secret-name", PasswordHash: "secret-hash"}
	if s := a.LogValue().String(); strings.Contains(s, "secret") {
		t.Errorf("log shows %s", s)
	}
}

var (
	today = clock.MustDate(2026, 11, 24)
	pair  = ident.Derive(ident.Nil, "pair")
	place = ident.Derive(ident.Nil, "place")
	who   = ident.Derive(ident.Nil, "who")
)

func given(role Role, kind ScopeKind) Assignment {
	a := Assignment{Account: who, Role: role, ScopeKind: kind, ScopeID: place, PartnershipID: pair, From: today}
	switch kind {
	case ScopePlatform:
		a.ScopeID, a.PartnershipID = ident.Nil, ident.Nil
	case ScopePartnership:
		a.ScopeID = pair
	}
	return a
}

func TestAnAdministratorHoldsNoOtherRole(t *testing.T) {
	for _, held := range Roles() {
		for _, add := range Roles() {
			a, b := given(held, held.ScopeKinds()[0]), given(add, add.ScopeKinds()[0])
			err := CheckAssign([]Assignment{a}, b)
			switch {
			case held == add:
				if !errs.Is(err, errs.Conflict) {
					t.Errorf("%s twice: %v", held, err)
				}
			case held.Administers() || add.Administers():
				if !errs.Is(err, errs.Precondition) || errs.Of(err).Rule != "role.separation" {
					t.Errorf("%s and %s together: %v", held, add, err)
				}
			case err != nil:
				t.Errorf("%s and %s: %v", held, add, err)
			}
		}
	}
}

func TestAdministratorRolesMayFollowEachOtherInTime(t *testing.T) {
	old, next := given(SystemAdmin, ScopePlatform), given(AuditAdmin, ScopePlatform)
	old.To = today.AddDays(9)
	next.From = today.AddDays(9)
	if CheckAssign([]Assignment{old}, next) == nil {
		t.Error("both on one day")
	}
	next.From = today.AddDays(10)
	if err := CheckAssign([]Assignment{old}, next); err != nil {
		t.Errorf("one after the other: %v", err)
	}
}

func TestAssignmentsMustFitTheirRole(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Assignment)
		path   string
	}{
		"unknown role":               {func(a *Assignment) { a.Role = "superuser" }, "role"},
		"everyone is not assignable": {func(a *Assignment) { a.Role = Everyone }, "role"},
		"wrong kind of scope":        {func(a *Assignment) { a.ScopeKind, a.ScopeID = ScopePartnership, pair }, "scope_kind"},
		"no hospital":                {func(a *Assignment) { a.ScopeID = ident.Nil }, "scope_id"},
		"no partnership":             {func(a *Assignment) { a.PartnershipID = ident.Nil }, "scope_id"},
		"no first day":               {func(a *Assignment) { a.From = clock.Date{} }, "from"},
		"ends before it begins":      {func(a *Assignment) { a.To = today.AddDays(-1) }, "to"},
	} {
		a := given(Registrar, ScopeHospital)
		c.change(&a)
		if err := a.Check(); !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has(c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := given(Official, ScopePartnership)
	bad.ScopeID = place
	if bad.Check() == nil {
		t.Error("a partnership scope with another id passed")
	}
	for _, r := range Roles() {
		for _, k := range r.ScopeKinds() {
			if err := given(r, k).Check(); err != nil {
				t.Errorf("%s at %s: %v", r, k, err)
			}
		}
		if got, err := ParseRole(string(r)); got != r || err != nil {
			t.Errorf("%s: %v", r, err)
		}
	}
	if _, err := ParseRole("everyone"); err == nil {
		t.Error("everyone was read as an assignable role")
	}
}

func TestGrantsDecideRowScope(t *testing.T) {
	other := ident.Derive(ident.Nil, "other pair")
	stranger, gone, elsewhere := given(Official, ScopePartnership), given(Approver, ScopePartnership), given(Approver, ScopePartnership)
	stranger.Account = ident.New()
	gone.From, gone.To = today.AddDays(-9), today.AddDays(-1)
	elsewhere.PartnershipID, elsewhere.ScopeID = other, other
	base := Principal{AccountID: who, PartnershipID: pair}
	for _, c := range []struct {
		name             string
		assignments      []Assignment
		hospitals, funds int
		wide             bool
	}{
		{"registrar", []Assignment{given(Registrar, ScopeHospital), given(Finance, ScopeHospital)}, 1, 0, false},
		{"steward", []Assignment{given(FundSteward, ScopeFund)}, 0, 1, false},
		{"auditor of a fund", []Assignment{given(Auditor, ScopeFund)}, 0, 1, false},
		{"auditor of the partnership", []Assignment{given(Auditor, ScopePartnership)}, 0, 0, true},
		{"official", []Assignment{given(Official, ScopePartnership)}, 0, 0, true},
		{"system administrator", []Assignment{given(SystemAdmin, ScopePartnership)}, 0, 0, false},
		{"audit administrator", []Assignment{given(AuditAdmin, ScopePartnership)}, 0, 0, false},
		{"other people, other days, other partnerships", []Assignment{stranger, gone, elsewhere}, 0, 0, false},
	} {
		p := base.WithGrants(c.assignments, nil, today)
		if len(p.Hospitals) != c.hospitals || len(p.Funds) != c.funds || p.Wide != c.wide || len(p.ScopeIDs()) != c.hospitals+c.funds {
			t.Errorf("%s: %+v", c.name, p)
		}
	}
	roles := base.WithGrants([]Assignment{given(Finance, ScopeHospital), given(Registrar, ScopeHospital)}, nil, today).Roles()
	if !slices.Equal(roles, []Role{Registrar, Finance}) {
		t.Errorf("roles: %v", roles)
	}
}

func TestAPostingGivesNothingWithoutTheVisitingRole(t *testing.T) {
	host := ident.New()
	posting := []Posting{{Account: who, PartnershipID: pair, Hospital: host, From: today}}
	base := Principal{AccountID: who, PartnershipID: pair}
	if p := base.WithGrants([]Assignment{given(LocalDoctor, ScopeHospital)}, posting, today); slices.Contains(p.Hospitals, host) {
		t.Error("a local doctor was widened")
	}
	p := base.WithGrants([]Assignment{given(VisitingDoctor, ScopeHospital)}, posting, today)
	if !slices.Contains(p.Hospitals, host) || !p.Grants[len(p.Grants)-1].Posted {
		t.Errorf("%+v", p)
	}
	posting[0].Account = ident.New()
	if p := base.WithGrants([]Assignment{given(VisitingDoctor, ScopeHospital)}, posting, today); slices.Contains(p.Hospitals, host) {
		t.Error("somebody else's posting counted")
	}
}

func TestSystemPrincipals(t *testing.T) {
	a, b := NewSystem("backup"), NewSystem("backup")
	if a.AccountID != b.AccountID || a.AccountID == NewSystem("import").AccountID || !a.SignedIn() || !a.IsSystem() {
		t.Errorf("%+v", a)
	}
	if p := a.In(pair); p.PartnershipID != pair || !p.Wide {
		t.Errorf("in a partnership: %+v", p)
	}
	if p := a.In(ident.Nil); p.Wide {
		t.Error("wide on the platform")
	}
	if p := (Principal{AccountID: who}).In(pair); p.Wide || p.PartnershipID != ident.Nil {
		t.Error("a person was widened")
	}
	if (Principal{}).SignedIn() {
		t.Error("nobody is signed in")
	}
}

func TestTokens(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	good := Token{Name: "报表", Scopes: []Permission{"case:read"}, CreatedAt: now, ExpiresAt: now.Add(DefaultTokenLife)}
	may := []Permission{"case:read", "list:read"}
	if err := CheckToken(good, may); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		change func(*Token)
		path   string
	}{
		"no name":       {func(x *Token) { x.Name = " " }, "name"},
		"no scope":      {func(x *Token) { x.Scopes = nil }, "scopes"},
		"scope too far": {func(x *Token) { x.Scopes = []Permission{"case:open"} }, "scopes"},
		"too long":      {func(x *Token) { x.ExpiresAt = now.Add(MaxTokenLife + time.Hour) }, "expires"},
		"already over":  {func(x *Token) { x.ExpiresAt = now }, "expires"},
	} {
		x := good
		c.change(&x)
		if err := CheckToken(x, may); !errs.Of(err).Fields.Has(c.path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := good.CheckUsable(now); err != nil {
		t.Error(err)
	}
	revoked := good
	revoked.RevokedAt = now
	for name, err := range map[string]error{"revoked": revoked.CheckUsable(now), "expired": good.CheckUsable(good.ExpiresAt)} {
		if !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := SplitScopes(JoinScopes(may)); !slices.Equal(got, may) || SplitScopes("") != nil {
		t.Errorf("scopes: %v", got)
	}
}
