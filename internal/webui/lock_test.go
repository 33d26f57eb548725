package webui

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// A locked session answers nothing but the lock, and what was posted meanwhile is
// saved once the password was typed: also without scripts nothing is written twice.
func TestALockedScreenAnswersNothingAndLosesNothing(t *testing.T) {
	s := newSite(t)
	one := s.clerk(user.Registrar, servicetest.Mountain)
	want(t, "locking", one.post("/account/lock", "back", "/patients"), http.StatusSeeOther, "/account/lock?next=%2Fpatients")
	want(t, "a page", one.get("/patients?q=x"), http.StatusSeeOther, "/account/lock?next=%2Fpatients%3Fq%3Dx")
	want(t, "the account's own pages", one.get("/account/sessions"), http.StatusSeeOther, "/account/lock?next=%2Faccount%2Fsessions")
	page := one.get("/account/lock?next=/patients")
	contains(t, "the lock", page, "屏幕已锁定", "换人登录")
	if strings.Contains(page.body, `href="/patients"`) {
		t.Error("the lock shows the navigation")
	}
	form := s.typed(servicetest.Mountain)
	held := one.post("/patients/register", form...)
	if held.status != http.StatusOK || !strings.Contains(held.body, "屏幕已锁定") || s.Count(`select count(*) from registration`) != 0 {
		t.Fatalf("a form posted behind the lock: %d", held.status)
	}
	wrong := one.post("/patients/register", append(form, "_proof", "not the password")...)
	if wrong.status != http.StatusUnprocessableEntity || s.Count(`select count(*) from registration`) != 0 {
		t.Fatalf("a wrong password: %d", wrong.status)
	}
	contains(t, "the form behind the lock", wrong, `name="name" value="`)
	if saved := one.post("/patients/register", append(form, "_proof", sitePassword)...); saved.status != http.StatusSeeOther || s.Count(`select count(*) from registration`) != 1 {
		t.Fatalf("the right password: %d\n%s", saved.status, saved.body)
	}
	if open := one.get("/patients"); open.status != http.StatusOK {
		t.Errorf("still locked: %d", open.status)
	}
	if n := s.Count(`select count(*) from audit_event where action in ('session.lock', 'session.unlock')`); n < 2 {
		t.Errorf("%d of the acts are recorded", n)
	}
	want(t, "the next person", one.post("/sign-out"), http.StatusSeeOther, "/sign-in")
}

// Guessing at a locked screen waits like guessing at the sign-in page.
func TestTheLockIsNoPlaceToGuess(t *testing.T) {
	s := newSite(t)
	one := s.clerk(user.Registrar, servicetest.Mountain)
	one.post("/account/lock")
	var last answer
	for range 6 {
		last = one.post("/account/unlock", "_proof", "guess")
	}
	if last.status == http.StatusSeeOther || !strings.Contains(last.body, "秒") {
		t.Errorf("the sixth guess: %d", last.status)
	}
	if right := one.post("/account/unlock", "_proof", sitePassword); right.status == http.StatusSeeOther {
		t.Error("the right password opened during the wait")
	}
}

// With scripts the page stays behind the lock as it was.
func TestAHalfWrittenFormStaysBehindTheLock(t *testing.T) {
	s := newSite(t)
	s.clerk(user.Registrar, servicetest.Mountain)
	ctx := inBrowser(t)
	read := func(js string) string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string](js))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	err := chromedp.Do(ctx, chromedp.Navigate(s.url+"/sign-in?next=/patients/register"),
		chromedp.SendKeys(chromedp.ID("f-username"), "registrar-mountain"), chromedp.SendKeys(chromedp.ID("f-password"), sitePassword),
		chromedp.Click(chromedp.CSS("main button.btn-primary, form button.btn-primary")),
		chromedp.WaitVisible(chromedp.ID("f-name")), chromedp.SendKeys(chromedp.ID("f-name"), "向云禾"),
		chromedp.Click(chromedp.CSS("details.me summary")), chromedp.Click(chromedp.CSS("form[data-lock] button")),
		chromedp.WaitVisible(chromedp.ID("unlock")))
	if err != nil {
		t.Fatal(err)
	}
	if got := read(`getComputedStyle(document.querySelector(".app")).visibility + " " + location.pathname`); got != "hidden /patients/register" {
		t.Errorf("behind the lock: %s", got)
	}
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID("unlock"), "wrong\r"), chromedp.WaitVisible(chromedp.CSS("#dialog-lock .error-text:not(:empty)"))); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID("unlock"), sitePassword+"\r"), chromedp.Poll[chromedp.Void](`!document.querySelector("#dialog-lock").open`)); err != nil {
		t.Fatal(err)
	}
	if got := read(`document.querySelector("#f-name").value + "|" + document.querySelector("#dialog-lock").open`); got != "向云禾|false" {
		t.Errorf("after unlocking: %s", got)
	}
}
