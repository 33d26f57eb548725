package webui

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/glass"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/notice"
	"github.com/shanhai-health/shanhai/internal/service/oversight"
	"github.com/shanhai-health/shanhai/internal/service/plausibility"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/service/subject"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/policies"
)

const sitePassword = "Tq7-vlm4-wuoz"

// site is the pages over a world, as a browser without scripts meets them.
type site struct {
	*servicetest.World
	t        *testing.T
	url      string
	accounts *accounts.Service
	server   *Server
	blobs    *blob.Store
}

func newSite(t *testing.T) *site {
	t.Helper()
	w := servicetest.New(t)
	w.Clock.Set(clock.System{}.Now()) // the session manager has a clock of its own
	rules, err := user.PasswordProfile(user.ProfileMLPS)
	if err != nil {
		t.Fatal(err)
	}
	sessions := store.NewSessionStore(w.DB, scs.GobCodec{})
	acc := accounts.New(accounts.Deps{DB: w.DB, Policy: w.Policy, Hasher: seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 4),
		Sessions: sessions, Passwords: rules, Clock: w.Clock, Log: w.Log})
	blobs, err := blob.Open(t.TempDir(), w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	register, err := dataclass.Parse(policies.Columns)
	if err != nil {
		t.Fatal(err)
	}
	mux := chi.NewRouter()
	s := Mount(mux, Deps{Intake: intake.New(intake.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs, LookupCap: 50}), Engine: testEngine(t), Policy: w.Policy, Clock: w.Clock, Log: w.Log, Accounts: acc,
		Reporting:  reporting.New(reporting.Deps{DB: w.DB, Policy: w.Policy}),
		Funding:    funding.New(funding.Deps{DB: w.DB, Policy: w.Policy}),
		Pricing:    pricing.New(pricing.Deps{DB: w.DB, Policy: w.Policy}),
		Screenings: screening.New(screening.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs}),
		Inspection: inspection.New(inspection.Deps{DB: w.DB, Policy: w.Policy}),
		Oversight:  oversight.New(oversight.Deps{DB: w.DB, Policy: w.Policy}),
		Notices:    notice.New(notice.Deps{DB: w.DB, Policy: w.Policy}),
		Doubts:     plausibility.New(plausibility.Deps{DB: w.DB, Policy: w.Policy}),
		Inbox:      inbox.New(inbox.Deps{DB: w.DB, Policy: w.Policy}),
		Glass:      glass.New(glass.Deps{DB: w.DB, Policy: w.Policy}),
		Subjects:   subject.New(subject.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs, Register: register}),
		Sessions:   httpx.NewSessions(sessions, httpx.SessionOptions{Fail: func(w http.ResponseWriter, _ *http.Request, err error) { http.Error(w, err.Error(), 500) }}),
		Aftercare:  aftercare.New(aftercare.Deps{DB: w.DB, Policy: w.Policy}),
		Implants:   implant.New(implant.Deps{DB: w.DB, Policy: w.Policy}),
		Visiting:   visiting.New(visiting.Deps{DB: w.DB, Policy: w.Policy}),
		Care:       care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock}),
		Directory:  directory.New(directory.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock, Log: w.Log})})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return &site{w, t, srv.URL, acc, s, blobs}
}

// account makes somebody with the site's password and, when a role is given,
// that role.
func (s *site) account(name string, at servicetest.Place, roles ...user.Assignment) ident.ID {
	s.t.Helper()
	made, err := s.accounts.CreateAccount(s.t.Context(), authz.System("test"), accounts.NewAccount{Username: name, DisplayName: "测试员", Organisation: s.ID(at), Password: sitePassword}, "")
	if err != nil {
		s.t.Fatal(err)
	}
	s.Do(authz.System("test"), func(tx *store.Tx) error {
		for _, a := range roles {
			a.ID, a.Account, a.From = ident.New(), made.ID, clock.MustDate(2020, 1, 1)
			if err := tx.InsertAssignment(a); err != nil {
				return err
			}
		}
		return nil
	})
	if err := s.Policy.Reload(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return made.ID
}

// browser keeps cookies and does not follow redirects by itself.
type browser struct {
	s      *site
	client *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type answer struct {
	status   int
	location string
	body     string
	header   http.Header
}

func (b *browser) do(req *http.Request) answer {
	b.s.t.Helper()
	resp, err := b.client.Do(req)
	if err != nil {
		b.s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header.Get("Location"), string(raw), resp.Header}
}

func (b *browser) get(path string) answer {
	b.s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.s.url+path, nil)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, pairs ...string) answer {
	b.s.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequest(http.MethodPost, b.s.url+path, strings.NewReader(v.Encode()))
	if err != nil {
		b.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// search types into the search box: the answer it leads to.
func (b *browser) search(text string) answer {
	b.s.t.Helper()
	asked := b.post("/search", "q", text)
	if asked.status != http.StatusSeeOther {
		b.s.t.Fatalf("a search for %q: %d", text, asked.status)
	}
	return b.get(asked.location)
}

func (b *browser) signIn(name string) answer {
	return b.post("/sign-in", "username", name, "password", sitePassword, "next", "/settings")
}

func want(t *testing.T, what string, a answer, status int, location string) {
	t.Helper()
	if a.status != status || a.location != location {
		t.Errorf("%s: %d %q, want %d %q", what, a.status, a.location, status, location)
	}
}

func contains(t *testing.T, what string, a answer, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s does not say %q", what, text)
		}
	}
}

func TestStrangersAreLedToTheSignInPageAndBack(t *testing.T) {
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	b := s.browser()
	want(t, "a page", b.get("/settings?x=1"), http.StatusSeeOther, "/sign-in?next=%2Fsettings%3Fx%3D1")
	page := b.get("/sign-in?next=%2Fsettings%3Fx%3D1")
	contains(t, "the sign-in page", page, `name="next" value="/settings?x=1"`)
	wrong := b.post("/sign-in", "username", "zhou.lz", "password", "Wrong-0ne-77", "next", "/settings")
	if wrong.status != http.StatusUnprocessableEntity || strings.Contains(wrong.body, "Wrong-0ne-77") {
		t.Errorf("a wrong password: %d", wrong.status)
	}
	contains(t, "the page after it", wrong, `value="zhou.lz"`, `value="/settings"`, "用户名或密码不正确")
	want(t, "signing in", b.signIn("zhou.lz"), http.StatusSeeOther, "/settings")
	contains(t, "the settings", b.get("/settings"), "改密码")
	want(t, "the sign-in page once inside", b.get("/sign-in"), http.StatusSeeOther, "/")
	out := b.post("/sign-out")
	want(t, "signing out", out, http.StatusSeeOther, "/sign-in")
	if out.header.Get("Clear-Site-Data") != `"cache"` {
		t.Error("the browser keeps its cache")
	}
	want(t, "after signing out", b.get("/settings"), http.StatusSeeOther, "/sign-in?next=%2Fsettings")
}

func TestSignInGetsANewSessionAndAHardCookie(t *testing.T) {
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	b := s.browser()
	first := ""
	for _, cookie := range b.signIn("zhou.lz").header.Values("Set-Cookie") {
		if strings.HasPrefix(cookie, httpx.SessionCookie(false)+"=") {
			first = cookie
		}
	}
	if !strings.Contains(first, "HttpOnly") || !strings.Contains(first, "SameSite=Lax") {
		t.Errorf("cookie %q", first)
	}
	if n := s.Count(`select count(*) from session where account_id is not null`); n != 1 {
		t.Errorf("%d sessions bound to an account", n)
	}
	value := regexp.MustCompile(`shanhai=([^;]+)`).FindStringSubmatch(first)
	if value == nil {
		t.Fatalf("no session cookie in %q", first)
	}
	if n := s.Count(`select count(*) from session where token_hash = $1`, value[1]); n != 0 {
		t.Error("the token itself is stored")
	}
}

func TestNextLeadsOnlyInsideTheSite(t *testing.T) {
	for next, want := range map[string]string{
		"/users?q=a": "/users?q=a", "": "/", "https://evil.example/": "/", "//evil.example/": "/", `/\evil.example`: "/", "/%5cevil": "/%5cevil",
		"javascript:alert(1)": "/", "users": "/", "/sign-out": "/", "/a\r\nSet-Cookie: x": "/", "///evil.example": "/", "\t//evil.example": "/",
	} {
		if got := localPath(next, "/"); got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
	}
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	want(t, "a foreign next", s.browser().post("/sign-in", "username", "zhou.lz", "password", sitePassword, "next", "//evil.example/x"), http.StatusSeeOther, "/")
}

func TestFiveWrongPasswordsMakeThePageSayHowLongToWait(t *testing.T) {
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	b := s.browser()
	for range 5 {
		b.post("/sign-in", "username", "zhou.lz", "password", "Wrong-0ne-77")
	}
	waiting := b.signIn("zhou.lz")
	if waiting.status != http.StatusUnprocessableEntity {
		t.Errorf("during the wait: %d", waiting.status)
	}
	contains(t, "the page", waiting, "请在 30 秒后再试")
	s.Clock.Advance(31 * time.Second)
	want(t, "after the wait", b.signIn("zhou.lz"), http.StatusSeeOther, "/settings")
}

func TestFreshInstallationLeadsEveryPageToTheFirstRun(t *testing.T) {
	s := newSite(t)
	b := s.browser()
	for _, path := range []string{"/", "/sign-in", "/settings", "/users/1", "/nothing"} {
		want(t, path, b.get(path), http.StatusSeeOther, "/first-run")
	}
	contains(t, "the page", b.get("/first-run"), "设置码", "安全管理员")
	fill := []string{"system_username", "sys.chen", "system_display_name", "陈一", "security_username", "sec.li", "security_display_name", "李二",
		"audit_username", "aud.wu", "audit_display_name", "吴三"}
	wrong := b.post("/first-run", append(fill, "code", "AAAAAA-AAAAAA")...)
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", wrong.status)
	}
	contains(t, "the page after it", wrong, "设置码不对", `value="sys.chen"`)
	made := b.post("/first-run", append(fill, "code", strings.ToLower(s.accounts.SetupCode()))...)
	if made.status != http.StatusOK {
		t.Fatalf("%d %s", made.status, made.body)
	}
	passwords := regexp.MustCompile(`[a-z]{3}[2-9](-[a-z]{3}[2-9]){3}`).FindAllString(made.body, -1)
	if len(passwords) < 3 {
		t.Fatalf("%d passwords shown", len(passwords))
	}
	want(t, "the first run again", b.get("/first-run"), http.StatusSeeOther, "/")
	want(t, "the first sign-in", b.post("/sign-in", "username", "sys.chen", "password", passwords[0]), http.StatusSeeOther, "/account/password")
	want(t, "another page before the change", b.get("/settings"), http.StatusSeeOther, "/account/password")
	want(t, "changing", b.post("/account/password", "current", passwords[0], "new", sitePassword, "repeat", sitePassword), http.StatusSeeOther, "/")
	contains(t, "the settings then", b.get("/settings"), "协作对", "机构", "账号")
}

// A fresh installation must be operable to its first registrar with pages alone.
func TestThreeAdministratorsSetUpAPartnership(t *testing.T) {
	s := newSite(t)
	platform := func(role user.Role) user.Assignment {
		return user.Assignment{Role: role, ScopeKind: user.ScopePlatform}
	}
	s.account("sys.chen", servicetest.Mountain, platform(user.SystemAdmin))
	s.account("sec.li", servicetest.Mountain, platform(user.SecurityAdmin))
	sys, sec := s.browser(), s.browser()
	sys.signIn("sys.chen")
	sec.signIn("sec.li")
	made := sys.post("/partnerships", "_key", "1", "name", "新协作对", "code", "new-1", "receiving_name", "云岭区", "receiving_region", "500199", "donor_name", "澜港市",
		"donor_region", "379900", "opened_on", "2026-01-01")
	if made.status != http.StatusSeeOther || !strings.HasPrefix(made.location, "/partnerships/") {
		t.Fatalf("%d %q", made.status, made.location)
	}
	again := sys.post("/partnerships", "_key", "1", "name", "新协作对", "code", "new-1", "receiving_name", "云岭区", "receiving_region", "500199", "donor_name", "澜港市",
		"donor_region", "379900", "opened_on", "2026-01-01")
	want(t, "a double press", again, http.StatusSeeOther, made.location)
	partnership := strings.TrimPrefix(made.location, "/partnerships/")
	hospital := strings.TrimPrefix(sys.post("/organisations", "_key", "2", "name", "新医院", "code", "nh", "kind", "hospital").location, "/organisations/")
	want(t, "a member", sys.post(made.location+"/members", "_key", "3", "organisation", hospital, "side", "receiving", "from", "2026-01-01"), http.StatusSeeOther, made.location)
	contains(t, "the partnership", sys.get(made.location), "新医院", "受援方")
	account := sys.post("/users", "_key", "4", "username", "reg.sun", "display_name", "孙四", "organisation", hospital, "language", "zh-CN")
	if account.status != http.StatusOK {
		t.Fatalf("making an account: %d", account.status)
	}
	id := regexp.MustCompile(`/users/([0-9a-f-]{36})`).FindStringSubmatch(account.body)
	if id == nil {
		t.Fatal("the page does not lead to the account")
	}
	if got := sys.get("/users/" + id[1] + "/roles/new").status; got != http.StatusForbidden {
		t.Errorf("the system administrator gives roles: %d", got)
	}
	want(t, "the role", sec.post("/users/"+id[1]+"/roles", "_key", "5", "role", "registrar", "scope_id", "hospital/"+partnership+"/"+hospital, "from", "今天"),
		http.StatusSeeOther, "/users/"+id[1])
	contains(t, "the account", sec.get("/users/"+id[1]), "登记员", "新医院")
	bad := sec.post("/users/"+id[1]+"/roles", "_key", "6", "role", "official", "scope_id", "hospital/"+partnership+"/"+hospital, "from", "今天")
	if bad.status != http.StatusUnprocessableEntity {
		t.Errorf("an official of a hospital: %d", bad.status)
	}
}

func TestDisabledPersonIsOutAtOnceAndForeignPagesAreMissing(t *testing.T) {
	s := newSite(t)
	atMine := user.Assignment{Role: user.HospitalAdmin, ScopeKind: user.ScopeHospital, ScopeID: s.ID(servicetest.Mountain), PartnershipID: s.Partnership.ID}
	s.account("admin.one", servicetest.Mountain, atMine)
	mine, theirs := s.account("mine.one", servicetest.Mountain), s.account("theirs.one", servicetest.MountainTwo)
	admin, person := s.browser(), s.browser()
	admin.signIn("admin.one")
	person.signIn("mine.one")
	if got := admin.get("/users/" + theirs.String()).status; got != http.StatusNotFound {
		t.Errorf("another hospital's account: %d", got)
	}
	if got := person.get("/users").status; got != http.StatusForbidden {
		t.Errorf("the list for somebody without the right: %d", got)
	}
	if got := person.get("/settings").status; got != http.StatusOK {
		t.Fatalf("before: %d", got)
	}
	contains(t, "the question", admin.get("/users/"+mine.String()+"/disable"), "停用 测试员 的账号？")
	want(t, "disabling", admin.post("/users/"+mine.String()+"/disable", "_key", "1"), http.StatusSeeOther, "/users/"+mine.String())
	want(t, "the next page of the disabled", person.get("/settings"), http.StatusSeeOther, "/sign-in?next=%2Fsettings")
	reset := admin.post("/users/"+mine.String()+"/reset", "_key", "2")
	contains(t, "the reset", reset, "只显示这一次")
	if reset.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the password may be cached: %q", reset.header.Get("Cache-Control"))
	}
}

func TestLanguageChosenBeforeSignInBecomesTheAccounts(t *testing.T) {
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	b := s.browser()
	want(t, "switching", b.post("/preferences", "lang", "en", "back", "/sign-in?next=%2Fsettings"), http.StatusSeeOther, "/sign-in?lang=en&next=%2Fsettings")
	page := b.get("/sign-in?lang=en&next=%2Fsettings")
	contains(t, "the page", page, "Sign in", `name="lang" value="en"`)
	b.post("/sign-in", "username", "zhou.lz", "password", sitePassword, "lang", "en")
	if n := s.Count(`select count(*) from account where username = 'zhou.lz' and language = 'en'`); n != 1 {
		t.Error("the account does not know the language")
	}
	b.post("/preferences", "theme", "dark", "back", "/settings")
	contains(t, "the dark page", b.get("/settings"), `data-theme="dark"`, "Settings")
	want(t, "leading away", b.post("/preferences", "theme", "", "back", "https://evil.example"), http.StatusSeeOther, "/")
}

func TestPlatformPeopleEnterAPartnership(t *testing.T) {
	s := newSite(t)
	s.account("sys.chen", servicetest.Mountain, user.Assignment{Role: user.SystemAdmin, ScopeKind: user.ScopePlatform})
	b := s.browser()
	b.signIn("sys.chen")
	contains(t, "pairings on the platform", b.get("/pairings"), "请先进入一个")
	want(t, "entering", b.post("/partnership", "partnership", s.Partnership.ID.String()), http.StatusSeeOther, "/")
	if got := b.get("/pairings"); got.status != http.StatusOK {
		t.Errorf("pairings inside: %d", got.status)
	}
	m, d := s.ID(servicetest.Mountain).String(), s.ID(servicetest.Sea).String()
	swapped := b.post("/pairings", "_key", "1", "receiving", d, "donor", m, "from", "2026-01-01")
	if swapped.status != http.StatusUnprocessableEntity {
		t.Errorf("sides swapped: %d", swapped.status)
	}
	want(t, "pairing", b.post("/pairings", "_key", "2", "receiving", m, "donor", d, "from", "2026-01-01"), http.StatusSeeOther, "/pairings")
	contains(t, "the list", b.get("/pairings"), s.Hospitals[servicetest.Mountain].Name, s.Hospitals[servicetest.Sea].Name)
	twice := b.post("/pairings", "_key", "3", "receiving", m, "donor", d, "from", "2026-06-01")
	if twice.status != http.StatusUnprocessableEntity {
		t.Errorf("paired twice: %d", twice.status)
	}
	contains(t, "the refusal", twice, "先给原来的结对写上结束日期")
	if got := b.post("/partnership", "partnership", ident.New().String()); got.status != http.StatusNotFound {
		// The platform's people may enter every partnership that exists; this one does not.
		t.Errorf("a partnership that does not exist: %d", got.status)
	}
}

// The frame offers only what its reader may do: the search box to who sees patients or
// cases, the button to register to who registers, and not on the form itself.
func TestTheFrameOffersWhatItsReaderMayDo(t *testing.T) {
	s := newSite(t)
	at := s.ID(servicetest.Mountain)
	s.account("sys.chen", servicetest.Mountain, user.Assignment{Role: user.SystemAdmin, ScopeKind: user.ScopePlatform})
	s.account("reg.sun", servicetest.Mountain, user.Assignment{Role: user.Registrar, ScopeKind: user.ScopeHospital, ScopeID: at, PartnershipID: s.Partnership.ID})
	const box, button, key = `role="search"`, `class="btn btn-primary" href="/patients/register"`, `<kbd>n</kbd>`
	admin, desk := s.browser(), s.browser()
	admin.signIn("sys.chen")
	desk.signIn("reg.sun")
	lacks(t, "the administrator's frame", admin.get("/settings"), box, button, key)
	contains(t, "the registrar's frame", desk.get("/settings"), box, button, key)
	lacks(t, "the form to register", desk.get("/patients/register"), button, key)
}

func TestEveryAccountPageAnswersItsReader(t *testing.T) {
	s := newSite(t)
	at := s.ID(servicetest.Mountain)
	s.account("sys.chen", servicetest.Mountain, user.Assignment{Role: user.SystemAdmin, ScopeKind: user.ScopePlatform})
	s.account("admin.one", servicetest.Mountain, user.Assignment{Role: user.HospitalAdmin, ScopeKind: user.ScopeHospital, ScopeID: at, PartnershipID: s.Partnership.ID})
	s.account("off.yu", servicetest.Mountain, user.Assignment{Role: user.Official, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	s.account("sec.li", servicetest.Mountain, user.Assignment{Role: user.SecurityAdmin, ScopeKind: user.ScopePlatform})
	for name, paths := range map[string][]string{
		"sys.chen": {"/settings", "/users", "/users/new", "/organisations", "/organisations/new", "/organisations/" + at.String(), "/organisations/" + at.String() + "/edit", "/organisations/" + at.String() + "/merge",
			"/partnerships", "/partnerships/new", "/partnerships/" + s.Partnership.ID.String(), "/partnerships/" + s.Partnership.ID.String() + "/edit",
			"/partnerships/" + s.Partnership.ID.String() + "/members/new", "/practitioners", "/practitioners/new", "/account/password", "/account/tokens"},
		"admin.one": {"/settings", "/users", "/users?q=adm&state=active", "/users/new", "/organisations", "/practitioners", "/practitioners/new", "/postings", "/postings?on=今天", "/postings/new", "/pairings"},
		"off.yu":    {"/settings", "/account/tokens", "/organisations", "/partnerships", "/practitioners", "/postings", "/pairings"},
		"sec.li":    {"/settings", "/users", "/policy", "/organisations", "/partnerships"},
	} {
		b := s.browser()
		b.signIn(name)
		for _, path := range paths {
			if got := b.get(path); got.status != http.StatusOK {
				t.Errorf("%s for %s: %d", path, name, got.status)
			}
		}
	}
}

func TestPostingFormAsksAboutAClash(t *testing.T) {
	s := newSite(t)
	s.account("off.office", servicetest.Mountain, user.Assignment{Role: user.Approver, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	visiting := s.Visiting(servicetest.Mountain)
	b := s.browser()
	b.signIn("off.office")
	day := func(n int) string { return s.Today().AddDays(n).String() }
	form := []string{"practitioner", visiting.PractitionerID.String(), "host", s.ID(servicetest.MountainTwo).String(), "from", day(0), "to", day(10)}
	clash := b.post("/postings", append(form, "_key", "1")...)
	if clash.status != http.StatusUnprocessableEntity {
		t.Fatalf("a clash: %d", clash.status)
	}
	contains(t, "the question", clash, "核实后勾选")
	want(t, "confirmed", b.post("/postings", append(form, "_key", "2", "confirm", "yes")...), http.StatusSeeOther, "/postings")
	contains(t, "the list", b.get("/postings"), visiting.DisplayName)
	double := b.post("/postings", append(form, "_key", "3", "confirm", "yes")...)
	if double.status != http.StatusUnprocessableEntity {
		t.Errorf("the same host twice: %d", double.status)
	}
}

func TestTokenIsShownOnceAndCanBeRevoked(t *testing.T) {
	s := newSite(t)
	s.account("off.yu", servicetest.Mountain, user.Assignment{Role: user.Official, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	b := s.browser()
	b.signIn("off.yu")
	made := b.post("/account/tokens", "_key", "1", "name", "看板", "days", "30", "scopes", "measure:read")
	secret := regexp.MustCompile(`[A-Za-z0-9_-]{43}`).FindString(made.body)
	if made.status != http.StatusOK || secret == "" {
		t.Fatalf("%d", made.status)
	}
	if _, err := s.accounts.Bearer(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	list := b.get("/account/tokens")
	if strings.Contains(list.body, secret) {
		t.Error("the list shows the secret")
	}
	action := regexp.MustCompile(`/account/tokens/[0-9a-f-]{36}/revoke`).FindString(list.body)
	want(t, "revoking", b.post(action), http.StatusSeeOther, "/account/tokens")
	if _, err := s.accounts.Bearer(t.Context(), secret); err == nil {
		t.Error("a revoked token works")
	}
	long := b.post("/account/tokens", "_key", "2", "name", "看板", "days", "900", "scopes", "measure:read")
	if long.status != http.StatusUnprocessableEntity {
		t.Errorf("900 days: %d", long.status)
	}
}
