package webui

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

var (
	secretOnPage = regexp.MustCompile(`<strong class="mono">([A-Z2-7 ]{39})</strong>`)
	codeOnPage   = regexp.MustCompile(`<strong class="mono">([a-z2-9]{5}-[a-z2-9]{5})</strong>`)
)

// now is the code of the app at the time of the world.
func (s *site) code(secret string) string {
	s.t.Helper()
	code, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), s.Clock.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	return code
}

// enrol sets a second factor up in a browser that is signed in.
func (b *browser) enrol() (secret string, recovery []string) {
	t := b.s.t
	t.Helper()
	want(t, "beginning", b.post("/account/second-factor"), http.StatusSeeOther, "/account/second-factor/confirm")
	page := b.get("/account/second-factor/confirm")
	found := secretOnPage.FindStringSubmatch(page.body)
	if found == nil {
		t.Fatal("the page shows no secret")
	}
	contains(t, "the page", page, `<svg class="qr"`)
	wrong := b.post("/account/second-factor/confirm", "code", "12345")
	if wrong.status != http.StatusUnprocessableEntity || !strings.Contains(wrong.body, found[1]) {
		t.Errorf("a wrong first code: %d, and the secret must stay", wrong.status)
	}
	done := b.post("/account/second-factor/confirm", "code", b.s.code(found[1]))
	for _, m := range codeOnPage.FindAllStringSubmatch(done.body, -1) {
		recovery = append(recovery, m[1])
	}
	if len(recovery) != user.RecoveryCodes {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	return found[1], recovery
}

func TestSignInAsksForTheCodeOfTheApp(t *testing.T) {
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	b := s.browser()
	want(t, "without a second factor", b.signIn("zhou.lz"), http.StatusSeeOther, "/settings")
	secret, recovery := b.enrol()

	s.Clock.Advance(time.Minute)
	b = s.browser()
	half := b.signIn("zhou.lz")
	want(t, "the password alone", half, http.StatusSeeOther, "/sign-in/code?lang=&next=%2Fsettings")
	if inside := b.get("/settings"); inside.status != http.StatusSeeOther || !strings.HasPrefix(inside.location, "/sign-in?") {
		t.Errorf("half a sign-in opens a page: %d %s", inside.status, inside.location)
	}
	contains(t, "the second step", b.get(half.location), `autocomplete="one-time-code"`, `name="next" value="/settings"`)
	if wrong := b.post("/sign-in/code", "code", "000000", "next", "/settings"); wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", wrong.status)
	}
	code := s.code(secret)
	want(t, "the code", b.post("/sign-in/code", "code", code, "next", "/settings"), http.StatusSeeOther, "/settings")
	if in := b.get("/settings"); in.status != http.StatusOK {
		t.Errorf("after the code: %d", in.status)
	}

	other := s.browser()
	other.signIn("zhou.lz")
	if again := other.post("/sign-in/code", "code", code, "next", "/"); again.status != http.StatusUnprocessableEntity {
		t.Errorf("the same code opens a second session: %d", again.status)
	}
	want(t, "a recovery code", other.post("/sign-in/code", "code", strings.ToUpper(recovery[3]), "next", "/"), http.StatusSeeOther, "/")
	third := s.browser()
	third.signIn("zhou.lz")
	if again := third.post("/sign-in/code", "code", recovery[3], "next", "/"); again.status != http.StatusUnprocessableEntity {
		t.Errorf("a recovery code counts twice: %d", again.status)
	}
	contains(t, "the own page", other.get("/account/second-factor"), "还剩 9 个恢复码")
}

func TestTheCodeHasToFollowSoonAndNobodyGuessesAtLeisure(t *testing.T) {
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	b := s.browser()
	b.signIn("zhou.lz")
	secret, _ := b.enrol()
	s.Clock.Advance(time.Minute)

	late := s.browser()
	late.signIn("zhou.lz")
	s.Clock.Advance(6 * time.Minute)
	want(t, "after five minutes", late.post("/sign-in/code", "code", s.code(secret), "next", "/settings"), http.StatusSeeOther, "/sign-in?next=%2Fsettings")

	guesser := s.browser()
	guesser.signIn("zhou.lz")
	for range 8 {
		guesser.post("/sign-in/code", "code", "000000", "next", "/")
	}
	contains(t, "the right code after many wrong ones", guesser.post("/sign-in/code", "code", s.code(secret), "next", "/"), "秒")
	again := s.browser()
	contains(t, "the right password does not end the wait", again.signIn("zhou.lz"), "秒")
}

func TestWhereASecondFactorIsRequiredItComesBeforeEverythingElse(t *testing.T) {
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	s.server.d.NeedFactor = true
	b := s.browser()
	b.signIn("zhou.lz")
	want(t, "any page", b.get("/settings"), http.StatusSeeOther, "/account/second-factor")
	b.enrol()
	if in := b.get("/settings"); in.status != http.StatusOK {
		t.Errorf("once it is set up: %d", in.status)
	}
}

func TestWhatMovesMoneyOrDataAsksAgainAndKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	s.account("safe.admin", servicetest.Mountain, user.Assignment{Role: user.SecurityAdmin, ScopeKind: user.ScopePlatform})
	b := s.browser()
	want(t, "signing in", b.signIn("safe.admin"), http.StatusSeeOther, "/settings")
	target := s.account("zhou.lz", servicetest.Mountain)
	role := []string{"role", "registrar", "scope_id", "x", "from", "2026-01-01"}
	at, question := "/users/"+target.String()+"/roles", `id="f-`+proofField+`"` // not the lock of the screen, which every page has
	if fresh := b.post(at, role...); strings.Contains(fresh.body, question) {
		t.Error("right after signing in it asks again")
	}
	s.Clock.Advance(11 * time.Minute)
	asked := b.post(at, role...)
	contains(t, "the question", asked, question, `name="role" value="registrar"`, `name="from" value="2026-01-01"`)
	wrong := b.post(at, append(role, proofField, "Wrong-0ne-77")...)
	contains(t, "after a wrong password", wrong, question, `value="registrar"`)
	if strings.Contains(wrong.body, "Wrong-0ne-77") {
		t.Error("the password stands on the page")
	}
	if done := b.post(at, append(role, proofField, sitePassword)...); strings.Contains(done.body, question) {
		t.Errorf("the right password: %d", done.status)
	}
	if later := b.post(at, role...); strings.Contains(later.body, question) {
		t.Error("a proof holds for ten minutes")
	}
}

func TestAPageThatLeadsToItAsksFirst(t *testing.T) {
	s := newSite(t)
	s.account("safe.admin", servicetest.Mountain, user.Assignment{Role: user.SecurityAdmin, ScopeKind: user.ScopePlatform})
	b := s.browser()
	b.signIn("safe.admin")
	page := "/users/" + s.account("zhou.lz", servicetest.Mountain).String() + "/roles/new"
	s.Clock.Advance(11 * time.Minute)
	want(t, "a page that leads there", b.get(page), http.StatusSeeOther, "/account/prove?next="+url.QueryEscape(page))
	want(t, "the proof", b.post("/account/prove", proofField, sitePassword, "next", page), http.StatusSeeOther, page)
	if in := b.get(page); in.status != http.StatusOK {
		t.Errorf("after it: %d", in.status)
	}
}

func TestTheOwnSessionsAreListedAndEndedOneByOne(t *testing.T) {
	s := newSite(t)
	s.account("zhou.lz", servicetest.Mountain)
	here, there := s.browser(), s.browser()
	here.signIn("zhou.lz")
	there.signIn("zhou.lz")
	page := here.get("/account/sessions")
	contains(t, "the list", page, "当前设备")
	ids := regexp.MustCompile(`/account/sessions/([0-9a-f-]{36})/end`).FindAllStringSubmatch(page.body, -1)
	if len(ids) != 1 {
		t.Fatalf("%d sessions can be ended, want the other one", len(ids))
	}
	stranger := s.browser()
	s.account("other.one", servicetest.Mountain)
	stranger.signIn("other.one")
	stranger.post("/account/sessions/" + ids[0][1] + "/end")
	if still := there.get("/settings"); still.status != http.StatusOK {
		t.Fatal("somebody else ended it")
	}
	want(t, "ending it", here.post("/account/sessions/"+ids[0][1]+"/end"), http.StatusSeeOther, "/account/sessions")
	if out := there.get("/settings"); out.status != http.StatusSeeOther {
		t.Errorf("the ended session goes on: %d", out.status)
	}
	if in := here.get("/settings"); in.status != http.StatusOK {
		t.Errorf("the own session: %d", in.status)
	}
}

func TestAnAdministratorResetsALostSecondFactor(t *testing.T) {
	s := newSite(t)
	who := s.account("zhou.lz", servicetest.Mountain)
	b := s.browser()
	b.signIn("zhou.lz")
	b.enrol()
	s.account("sys.admin", servicetest.Mountain, user.Assignment{Role: user.SystemAdmin, ScopeKind: user.ScopePlatform})
	admin := s.browser()
	admin.signIn("sys.admin")
	contains(t, "the account", admin.get("/users/"+who.String()), "/factor")
	want(t, "the reset", admin.post("/users/"+who.String()+"/factor"), http.StatusSeeOther, "/users/"+who.String())
	if out := b.get("/settings"); out.status != http.StatusSeeOther {
		t.Errorf("the account is still signed in: %d", out.status)
	}
	s.Clock.Advance(time.Minute)
	want(t, "afterwards the password is enough", s.browser().signIn("zhou.lz"), http.StatusSeeOther, "/settings")
}

func TestBrowsersAreNamedAsPeopleCallThem(t *testing.T) {
	for agent, name := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/109.0.0.0 Safari/537.36":                         "Chrome · Windows",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0":                       "Edge · Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1": "Safari · iPhone",
		"curl/8.0": "",
	} {
		if got := browserName(agent); got != name {
			t.Errorf("%q, want %q", got, name)
		}
	}
}
