package accounts_test

import (
	"sync"
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

const good = "Tq7-vlm4-wuoz"

// house is a world with the service over it. The hash is cheap: its cost is not
// what is tested.
type house struct {
	*servicetest.World
	s *accounts.Service
}

func newHouse(t *testing.T) house {
	w := servicetest.New(t)
	return house{w, service(t, w)}
}

func service(t *testing.T, w *servicetest.World) *accounts.Service {
	t.Helper()
	rules, err := user.PasswordProfile(user.ProfileMLPS)
	if err != nil {
		t.Fatal(err)
	}
	return accounts.New(accounts.Deps{DB: w.DB, Policy: w.Policy, Hasher: seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 4),
		Passwords: rules, Clock: w.Clock, Log: w.Log})
}

// person makes an account with the good password.
func (h house) person(name string, at servicetest.Place) ident.ID {
	h.T.Helper()
	made, err := h.s.CreateAccount(h.T.Context(), authz.System("test"), accounts.NewAccount{Username: name, DisplayName: "测试员", Organisation: h.ID(at), Password: good}, "")
	if err != nil {
		h.T.Fatal(err)
	}
	return made.ID
}

func (h house) signIn(name, password string) (accounts.SignedIn, error) {
	return h.s.SignIn(h.T.Context(), accounts.SignInInput{Username: name, Password: password})
}

func wantKind(t *testing.T, what string, err error, kind errs.Kind) {
	t.Helper()
	if !errs.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

func wantField(t *testing.T, err error, path, key string) {
	t.Helper()
	for _, f := range errs.Of(err).Fields {
		if f.Path == path && f.Key == key {
			return
		}
	}
	t.Errorf("%v, want field %s with %s", err, path, key)
}

func TestSignInTellsNothingAboutNamesAndIsAudited(t *testing.T) {
	h := newHouse(t)
	id := h.person("zhou.lz", servicetest.Mountain)
	in, err := h.signIn("  ZHOU.lz ", good)
	if err != nil || in.Account != id || in.MustChange {
		t.Fatalf("%+v, %v", in, err)
	}
	_, wrong := h.signIn("zhou.lz", "Wrong-0ne-77")
	_, unknown := h.signIn("nobody.here", "Wrong-0ne-77")
	if errs.Of(wrong).Key != errs.Of(unknown).Key || !errs.Is(wrong, errs.Unauthenticated) {
		t.Errorf("a wrong password says %v, an unknown name %v", wrong, unknown)
	}
	_, err = h.signIn("", "")
	wantField(t, err, "username", "form.error.missing")
	if n := h.Count(`select count(*) from audit_event where action = 'session.sign_in' and partnership_id = $1 and outcome = 'ok' and object_id = $2`, ident.Nil, id); n != 1 {
		t.Errorf("%d sign-ins recorded", n)
	}
	if n := h.Count(`select count(*) from audit_event where action = 'session.sign_in' and outcome = 'refused'`); n != 2 {
		t.Errorf("%d refusals recorded, want 2", n)
	}
	if n := h.Count(`select count(*) from audit_event where detail like '%Wrong%' or detail like '%nobody.here%'`); n != 0 {
		t.Error("what was typed is in the log")
	}
}

func TestWrongPasswordsMakeKnownAndUnknownNamesWaitAlike(t *testing.T) {
	h := newHouse(t)
	h.person("zhou.lz", servicetest.Mountain)
	for _, name := range []string{"zhou.lz", "nobody.here"} {
		for range 5 {
			_, err := h.signIn(name, "Wrong-0ne-77")
			wantKind(t, name, err, errs.Unauthenticated)
		}
		_, err := h.signIn(name, good)
		wantKind(t, name+" during the wait", err, errs.RateLimited)
	}
	h.Clock.Advance(31 * time.Second)
	if _, err := h.signIn("zhou.lz", good); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	for range 4 {
		_, err := h.signIn("zhou.lz", "Wrong-0ne-77")
		wantKind(t, "typing mistakes after a success", err, errs.Unauthenticated)
	}
	if _, err := h.signIn("zhou.lz", good); err != nil {
		t.Errorf("four mistakes cost nothing: %v", err)
	}
}

func TestParallelGuessesAreCountedOneByOne(t *testing.T) {
	h := newHouse(t)
	h.person("zhou.lz", servicetest.Mountain)
	var wg sync.WaitGroup
	var mu sync.Mutex
	looked := 0
	for range 12 {
		wg.Go(func() {
			if _, err := h.signIn("zhou.lz", "Wrong-0ne-77"); errs.Is(err, errs.Unauthenticated) {
				mu.Lock()
				looked++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if looked != 5 {
		t.Errorf("%d guesses were compared before the wait, want 5", looked)
	}
}

func TestClosedAccountIsOutWithinASecond(t *testing.T) {
	h := newHouse(t)
	id := h.person("zhou.lz", servicetest.Mountain)
	other := service(t, h.World) // another process
	resume := func(s *accounts.Service) error {
		_, err := s.Resume(t.Context(), accounts.Resumption{Account: id})
		return err
	}
	if err := resume(other); err != nil {
		t.Fatal(err)
	}
	if err := h.s.SetDisabled(t.Context(), h.SystemAdmin(), id, true, "k1"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "same process", resume(h.s), errs.Unauthenticated)
	h.Clock.Advance(-time.Hour)
	wantKind(t, "other process whose clock was put back", resume(other), errs.Unauthenticated)
	h.Clock.Advance(time.Hour + time.Second)
	wantKind(t, "other process after a second", resume(other), errs.Unauthenticated)
	_, err := h.signIn("zhou.lz", good)
	wantKind(t, "closed account signs in", err, errs.Unauthenticated)
	if err := h.s.SetDisabled(t.Context(), h.SystemAdmin(), id, false, "k2"); err != nil {
		t.Fatal(err)
	}
	if err := resume(h.s); err != nil {
		t.Errorf("opened again: %v", err)
	}
	wantKind(t, "own account", h.s.SetDisabled(t.Context(), h.SystemAdmin(), h.SystemAdmin().AccountID, true, ""), errs.Precondition)
}

func TestPasswordChangeAsksForTheOldOneAndRefusesEarlierOnes(t *testing.T) {
	h := newHouse(t)
	id := h.person("zhou.lz", servicetest.Mountain)
	who := func() user.Principal {
		p, err := h.s.Resume(t.Context(), accounts.Resumption{Account: id})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	change := func(current, next, repeat string) error {
		return h.s.ChangePassword(t.Context(), who(), accounts.ChangePasswordInput{Current: current, New: next, Repeat: repeat})
	}
	second := "Nm8+kref3-Gyp"
	wantField(t, change("Wrong-0ne-77", second, second), "current", "error.password.current")
	wantField(t, change(good, second, second+"x"), "repeat", "error.password.differs")
	wantField(t, change(good, "short", "short"), "new", "error.password.short")
	wantField(t, change(good, good, good), "new", "error.password.reused")
	if err := change(good, second, second); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Minute)
	wantField(t, change(second, good, good), "new", "error.password.reused")
	if _, err := h.signIn("zhou.lz", second); err != nil {
		t.Error(err)
	}
	_, err := h.signIn("zhou.lz", good)
	wantKind(t, "the old password", err, errs.Unauthenticated)
	h.Clock.Advance(91 * 24 * time.Hour)
	if in, err := h.signIn("zhou.lz", second); err != nil || !in.MustChange {
		t.Errorf("after 91 days: %+v, %v", in, err)
	}
}

func TestHospitalAdminLooksAfterTheOwnHospitalOnly(t *testing.T) {
	h := newHouse(t)
	admin := h.HospitalAdmin(servicetest.Mountain)
	mine, theirs := h.person("mine.one", servicetest.Mountain), h.person("theirs.one", servicetest.MountainTwo)
	out, err := h.s.ResetPassword(t.Context(), admin, mine, "key-1")
	if err != nil || out.Password == "" {
		t.Fatal(err)
	}
	again, err := h.s.ResetPassword(t.Context(), admin, mine, "key-1")
	if err != nil || again.Password != out.Password {
		t.Errorf("a repeated request gives %v, %v", again, err)
	}
	if in, err := h.signIn("mine.one", out.Password); err != nil || !in.MustChange {
		t.Errorf("with the temporary password: %+v, %v", in, err)
	}
	_, err = h.s.ResetPassword(t.Context(), admin, theirs, "")
	wantKind(t, "other hospital", err, errs.NotFound)
	_, err = h.s.Get(t.Context(), admin, theirs)
	wantKind(t, "reading the other hospital's", err, errs.NotFound)
	_, err = h.s.CreateAccount(t.Context(), admin, accounts.NewAccount{Username: "new.one", DisplayName: "新人", Organisation: h.ID(servicetest.MountainTwo)}, "")
	wantField(t, err, "organisation", "form.error.pick")
	if n := h.Count(`select count(*) from account where username = 'new.one'`); n != 0 {
		t.Error("a refusal left an account behind")
	}
	list, err := h.s.List(t.Context(), admin, accounts.ListInput{})
	if err != nil || len(list.Rows) == 0 {
		t.Fatal(err)
	}
	for _, a := range list.Rows {
		if a.OrganisationID != h.ID(servicetest.Mountain) {
			t.Errorf("the list shows %s", a.Username)
		}
	}
	_, err = h.s.List(t.Context(), h.Registrar(servicetest.Mountain), accounts.ListInput{})
	wantKind(t, "a registrar's list", err, errs.Forbidden)
}

func TestHospitalAdminCannotTakeOverWhoHoldsMoreThanTheHospital(t *testing.T) {
	h := newHouse(t)
	id := h.person("both.hats", servicetest.Mountain)
	_, err := h.s.AssignRole(t.Context(), h.SecurityAdmin(), accounts.AssignInput{Account: id, Role: user.Approver, Kind: user.ScopePartnership,
		Partnership: h.Partnership.ID, From: h.Today()}, "k")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.s.ResetPassword(t.Context(), h.HospitalAdmin(servicetest.Mountain), id, "")
	wantKind(t, "resetting an approver's password", err, errs.Precondition)
	if n := h.Count(`select count(*) from audit_event where action = 'account.reset_password' and outcome = 'refused' and object_id = $1`, id); n != 1 {
		t.Errorf("%d refusals recorded", n)
	}
}

func TestUsernameIsTakenOnce(t *testing.T) {
	h := newHouse(t)
	h.person("zhou.lz", servicetest.Mountain)
	_, err := h.s.CreateAccount(t.Context(), h.SystemAdmin(), accounts.NewAccount{Username: "ZHOU.LZ", DisplayName: "另一人"}, "")
	wantField(t, err, "username", "error.username.taken")
	doctor := h.Doctor(servicetest.Mountain)
	_, err = h.s.CreateAccount(t.Context(), h.SystemAdmin(), accounts.NewAccount{Username: "doctor.two", DisplayName: "另一人",
		Organisation: h.ID(servicetest.Mountain), Practitioner: doctor.PractitionerID}, "")
	wantField(t, err, "practitioner", "error.account.practitioner_taken")
}

func TestAccountsListIsPagedByKey(t *testing.T) {
	h := newHouse(t)
	for _, n := range []string{"p.aa", "p.bb", "p.cc", "p.dd"} {
		h.person(n, servicetest.Mountain)
	}
	in := accounts.ListInput{Text: "p.", State: "active"}
	in.Page.Size = 3
	first, err := h.s.List(t.Context(), h.SystemAdmin(), in)
	if err != nil || len(first.Rows) != 3 || first.Next == "" {
		t.Fatalf("%d rows, next %q, %v", len(first.Rows), first.Next, err)
	}
	in.Page.After = first.Next
	second, err := h.s.List(t.Context(), h.SystemAdmin(), in)
	if err != nil || len(second.Rows) != 1 || second.Rows[0].Username != "p.dd" || second.Next != "" {
		t.Errorf("%+v, %v", second, err)
	}
}

func TestRolesTakeEffectAtOnceAndEndAtOnce(t *testing.T) {
	h := newHouse(t)
	id := h.person("zhou.lz", servicetest.Mountain)
	can := func() bool {
		p, err := h.s.Resume(t.Context(), accounts.Resumption{Account: id})
		return err == nil && h.Policy.Can(p, authz.PersonRegister, authz.AtHospital(h.Partnership.ID, h.ID(servicetest.Mountain)))
	}
	if can() {
		t.Fatal("an account without a role may register")
	}
	in := accounts.AssignInput{Account: id, Role: user.Registrar, Kind: user.ScopeHospital, Partnership: h.Partnership.ID, Scope: h.ID(servicetest.Mountain), From: h.Today()}
	role, err := h.s.AssignRole(t.Context(), h.SecurityAdmin(), in, "k")
	if err != nil {
		t.Fatal(err)
	}
	if !can() {
		t.Error("the new role has no effect")
	}
	_, err = h.s.AssignRole(t.Context(), h.SecurityAdmin(), in, "other key")
	wantKind(t, "the same role twice", err, errs.Conflict)
	d, err := h.s.Get(t.Context(), h.SecurityAdmin(), id)
	if err != nil || len(d.Held) != 1 || d.Held[0].ScopeName != h.Hospitals[servicetest.Mountain].Name || !d.Held[0].MayRevoke || d.PasswordHash != "" {
		t.Errorf("%+v, %v", d, err)
	}
	if err := h.s.RevokeRole(t.Context(), h.SecurityAdmin(), role, "k3"); err != nil {
		t.Fatal(err)
	}
	if can() {
		t.Error("the role goes on after it was taken away")
	}
	if _, err := h.s.AssignRole(t.Context(), h.SecurityAdmin(), in, "k4"); err != nil {
		t.Errorf("giving it again: %v", err)
	}
}

func TestRolesAreRefusedWhereTheyDoNotBelong(t *testing.T) {
	h := newHouse(t)
	id := h.person("zhou.lz", servicetest.Mountain)
	p, hospital := h.Partnership.ID, h.ID(servicetest.Mountain)
	for name, c := range map[string]struct {
		who  user.Principal
		in   accounts.AssignInput
		kind errs.Kind
	}{
		"hospital of another partnership": {h.SecurityAdmin(), accounts.AssignInput{Role: user.Registrar, Kind: user.ScopeHospital, Scope: h.Other.ID(servicetest.Sea)}, errs.Invalid},
		"a fund that does not exist":      {h.SecurityAdmin(), accounts.AssignInput{Role: user.FundSteward, Kind: user.ScopeFund, Scope: ident.New()}, errs.Invalid},
		"registrar of a partnership":      {h.SecurityAdmin(), accounts.AssignInput{Role: user.Registrar, Kind: user.ScopePartnership}, errs.Invalid},
		"by the system administrator":     {h.SystemAdmin(), accounts.AssignInput{Role: user.Registrar, Kind: user.ScopeHospital, Scope: hospital}, errs.Forbidden},
		"by the hospital's administrator": {h.HospitalAdmin(servicetest.Mountain), accounts.AssignInput{Role: user.Registrar, Kind: user.ScopeHospital, Scope: hospital}, errs.Forbidden},
		"to oneself":                      {h.SecurityAdmin(), accounts.AssignInput{Account: h.SecurityAdmin().AccountID, Role: user.Official, Kind: user.ScopePartnership}, errs.Precondition},
	} {
		c.in.Partnership, c.in.From = p, h.Today()
		if c.in.Account == ident.Nil {
			c.in.Account = id
		}
		_, err := h.s.AssignRole(t.Context(), c.who, c.in, "")
		wantKind(t, name, err, c.kind)
	}
	if n := h.Count(`select count(*) from role_assignment where account_id = $1`, id); n != 0 {
		t.Errorf("%d roles were stored", n)
	}
}

func TestNobodyHoldsTwoOfTheThreeDutiesNotEvenBySQL(t *testing.T) {
	h := newHouse(t)
	id := h.person("zhou.lz", servicetest.Mountain)
	give := func(role user.Role) error {
		_, err := h.s.AssignRole(t.Context(), h.SecurityAdmin(), accounts.AssignInput{Account: id, Role: role, Kind: user.ScopePlatform, From: h.Today()}, "")
		return err
	}
	if err := give(user.SystemAdmin); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "a second duty", give(user.AuditAdmin), errs.Precondition)
	_, err := pgtest.Open(t, h.Database.AppDSN).Exec(`insert into role_assignment (id, account_id, role, scope_kind, scope_id, partnership_id, from_on, created_at, created_by)
		values ($1, $2, 'audit_admin', 'platform', $3, $3, '2026-01-01', now(), $2)`, ident.New(), id, ident.Nil)
	if err == nil {
		t.Error("the database took a second duty")
	}
}

func TestFirstRunMakesThreePeopleOnceWithTheCode(t *testing.T) {
	h := newHouse(t)
	if open, err := h.s.FirstRun(t.Context()); err != nil || !open {
		t.Fatalf("a fresh installation: %v, %v", open, err)
	}
	in := accounts.FirstAdministrators{Code: "WRONG", System: accounts.Administrator{Username: "sys.chen", DisplayName: "系统员"},
		Security: accounts.Administrator{Username: "sec.li", DisplayName: "安全员"}, Audit: accounts.Administrator{Username: "sys.chen", DisplayName: "审计员"}}
	_, err := h.s.CreateFirstAdministrators(t.Context(), user.Principal{}, in)
	wantField(t, err, "code", "error.first_run.code")
	in.Code = h.s.SetupCode()
	_, err = h.s.CreateFirstAdministrators(t.Context(), user.Principal{}, in)
	wantField(t, err, "audit_username", "error.account.three_people")
	in.Audit.Username = "aud.wu"
	made, err := h.s.CreateFirstAdministrators(t.Context(), user.Principal{}, in)
	if err != nil || len(made) != 3 {
		t.Fatalf("%v, %v", made, err)
	}
	for i, role := range []user.Role{user.SystemAdmin, user.SecurityAdmin, user.AuditAdmin} {
		signed, err := h.signIn(made[i].Username, made[i].Password)
		if err != nil || !signed.MustChange {
			t.Fatalf("%s: %+v, %v", role, signed, err)
		}
		p, err := h.s.Resume(t.Context(), accounts.Resumption{Account: signed.Account})
		if err != nil || !p.Has(role) || p.PartnershipID != ident.Nil || !p.MustChange {
			t.Errorf("%s: %+v, %v", role, p, err)
		}
	}
	_, err = h.s.CreateFirstAdministrators(t.Context(), user.Principal{}, in)
	wantKind(t, "a second first run", err, errs.Precondition)
	if open, _ := h.s.FirstRun(t.Context()); open {
		t.Error("the first run is still open")
	}
}

func TestTokensSpeakForTheirOwnerWithinTheirScopes(t *testing.T) {
	h := newHouse(t)
	official := h.Official()
	made, err := h.s.CreateToken(t.Context(), official, accounts.NewToken{Name: "看板"}, "k")
	if err != nil {
		t.Fatal(err)
	}
	if want := h.Clock.Now().Add(90 * 24 * time.Hour); !made.ExpiresAt.Equal(want) {
		t.Errorf("expires %v, want %v", made.ExpiresAt, want)
	}
	who, err := h.s.Bearer(t.Context(), made.Secret)
	if err != nil || who.AccountID != official.AccountID || who.PartnershipID != h.Partnership.ID {
		t.Fatalf("%+v, %v", who, err)
	}
	anywhere := authz.Anywhere(h.Partnership.ID)
	if err := h.Policy.Check(who, authz.MeasureRead, anywhere); err != nil {
		t.Error(err)
	}
	wantKind(t, "beyond the scopes", h.Policy.Check(who, authz.ExportMake, anywhere), errs.Forbidden)
	_, err = h.s.CreateToken(t.Context(), official, accounts.NewToken{Name: "x", Scopes: []authz.Permission{authz.PersonUnmask}}, "")
	wantKind(t, "a scope not held", err, errs.Invalid)
	_, err = h.s.CreateToken(t.Context(), h.Registrar(servicetest.Mountain), accounts.NewToken{Name: "x"}, "")
	wantKind(t, "a registrar's token", err, errs.Forbidden)
	wantKind(t, "somebody else's token", h.s.RevokeToken(t.Context(), h.Auditor(), made.ID), errs.NotFound)
	if err := h.s.RevokeToken(t.Context(), official, made.ID); err != nil {
		t.Fatal(err)
	}
	_, err = h.s.Bearer(t.Context(), made.Secret)
	wantKind(t, "a revoked token", err, errs.Unauthenticated)
	_, err = h.s.Bearer(t.Context(), "made up")
	wantKind(t, "a made-up token", err, errs.Unauthenticated)
	if n := h.Count(`select count(*) from api_token where encode(digest, 'escape') like $1`, "%"+made.Secret+"%"); n != 0 {
		t.Error("the secret is stored")
	}
}

func TestCommandMakesATokenForAnAccount(t *testing.T) {
	h := newHouse(t)
	r := h.Registrar(servicetest.Mountain)
	made, err := h.s.CreateTokenFor(t.Context(), authz.System("token"), r.AccountID, ident.Nil, accounts.NewToken{Name: "script"})
	if err != nil {
		t.Fatal(err)
	}
	for _, perm := range made.Scopes {
		if !authz.Reads(perm) {
			t.Errorf("the default scopes hold %s", perm)
		}
	}
	if who, err := h.s.Bearer(t.Context(), made.Secret); err != nil || !h.Policy.Can(who, authz.CaseRead, authz.Anywhere(h.Partnership.ID)) {
		t.Errorf("%+v, %v", who, err)
	}
	_, err = h.s.CreateTokenFor(t.Context(), h.SystemAdmin(), r.AccountID, ident.Nil, accounts.NewToken{Name: "script"})
	wantKind(t, "a person asking for somebody else's", err, errs.Forbidden)
	if n := h.Count(`select count(*) from audit_event where action = 'token.create' and outcome = 'ok'`); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestPeopleEnterOnlyTheirPartnerships(t *testing.T) {
	h := newHouse(t)
	r, admin := h.Registrar(servicetest.Mountain), h.SystemAdmin()
	wantKind(t, "another partnership", h.s.Enter(t.Context(), r, h.Other.Partnership.ID), errs.NotFound)
	if err := h.s.Enter(t.Context(), admin, h.Other.Partnership.ID); err != nil {
		t.Errorf("the platform's people: %v", err)
	}
	wantKind(t, "a partnership that does not exist", h.s.Enter(t.Context(), admin, ident.New()), errs.NotFound)
	p, err := h.s.Resume(t.Context(), accounts.Resumption{Account: r.AccountID, Partnership: h.Other.Partnership.ID})
	if err != nil || p.PartnershipID != h.Partnership.ID {
		t.Errorf("a chosen place that is not one's own: %v, %v", p.PartnershipID, err)
	}
	if p.Side != user.SideReceiving || p.Organisation == "" {
		t.Errorf("side %q, organisation %q", p.Side, p.Organisation)
	}
	choices, err := h.s.Choices(t.Context(), admin)
	if err != nil || len(choices) != 3 {
		t.Errorf("%+v, %v", choices, err)
	}
	if choices, _ = h.s.Choices(t.Context(), r); len(choices) != 0 {
		t.Errorf("one partnership needs no choice: %+v", choices)
	}
}
