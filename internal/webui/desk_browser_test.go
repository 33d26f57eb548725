package webui

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// One registrar, one browser: what was typed survives a page that was lost and a
// sign-in that ended, what was thrown away comes back, keys lead through the
// pages and can be turned off, and an input method's Enter is nobody's.
func TestTheDeskInTheBrowser(t *testing.T) {
	s := newSite(t)
	s.clerk(user.Registrar, servicetest.Mountain)
	ctx := inBrowserFor(t, 4*time.Minute)
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	js := func(code string) string {
		t.Helper()
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+code+")"))
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		return got
	}
	want := func(what, code, expect string) {
		t.Helper()
		if got := js(code); !strings.Contains(got, expect) {
			t.Errorf("%s: %q, want %q", what, got, expect)
		}
	}
	press := func(code string) chromedp.Action[chromedp.Void] { return chromedp.Evaluate[chromedp.Void](code) }
	until := func(code string) chromedp.Action[chromedp.Void] { return chromedp.Poll[chromedp.Void](code) }
	signIn := func(next string) { // to a page with a form
		t.Helper()
		do("signing in", chromedp.Navigate(s.url+"/sign-in?next="+next), chromedp.SendKeys(chromedp.ID("f-username"), "registrar-mountain"),
			chromedp.SendKeys(chromedp.ID("f-password"), sitePassword), chromedp.Click(chromedp.CSS("form button.btn-primary")), chromedp.WaitVisible(chromedp.CSS("form[data-draft]")))
	}
	signIn("/patients/register")
	const state = "document.querySelector('.draft-state').textContent"

	do("typing", chromedp.SendKeys(chromedp.ID("f-name"), "向云禾\t"), chromedp.SendKeys(chromedp.ID("f-village"), "松岭村\t"), until(state+".startsWith('草稿已保存')"))
	do("the page is lost", chromedp.Navigate("about:blank"), chromedp.Navigate(s.url+"/patients/register"), chromedp.WaitVisible(chromedp.CSS(".draft-note")))
	want("nothing is filled in unasked", "document.querySelector('#f-name').value.length", "0")
	do("going on", chromedp.Click(chromedp.CSS(".draft-note a")), chromedp.WaitVisible(chromedp.CSS("form[data-restored]")), until("!!document.querySelector('.draft-state')"))
	want("the village is back", "document.querySelector('#f-village').value", "松岭村")
	want("the name is back", "document.querySelector('#f-name').value", "向云禾")
	want("and the page says of when it is", state, "的草稿写")

	do("the sign-in ends while typing", press("fetch('/sign-out', {method: 'POST'}).then(() => document.body.dataset.out = '1')"), until("document.body.dataset.out === '1'"),
		chromedp.SendKeys(chromedp.ID("f-township"), "石坪镇\t"), until(state+".includes('登录已过期')"))
	signIn("/patients/register")
	do("the draft is still there", chromedp.WaitVisible(chromedp.CSS(".draft-note")))

	do("throwing it away", chromedp.Click(chromedp.CSS(".draft-note button")), chromedp.WaitVisible(chromedp.CSS(".toast")))
	want("it is gone", "document.querySelectorAll('.draft-note').length", "0")
	do("taking it back", chromedp.Click(chromedp.CSS(".toast button")), chromedp.WaitVisible(chromedp.CSS(".draft-note")))

	enter := `(() => { const e = new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, keyCode: 13}); document.querySelector("#f-name").dispatchEvent(e); return e.defaultPrevented })()`
	want("the Enter that ends a composition does not submit", `(document.querySelector("#f-name").dispatchEvent(new CompositionEvent("compositionend", {bubbles: true})), `+enter+`)`, "true")
	do("a tick later", press("setTimeout(() => document.body.dataset.tick = '1', 5)"), until("document.body.dataset.tick === '1'"))
	want("it is an ordinary key again", enter, "false")

	blur := press("document.activeElement.blur()")
	do("g l leads to the list", blur, chromedp.KeyEvent("g"), chromedp.KeyEvent("l"), chromedp.WaitVisible(chromedp.CSS("body:not(:has(form[data-draft])) main")))
	want("that is the patients", "location.pathname", "/patients")
	do("n begins a new one", blur, chromedp.KeyEvent("n"), chromedp.WaitVisible(chromedp.CSS("form[data-draft]")), until("!!document.querySelector('.draft-state')"))
	do("keys off", blur, chromedp.KeyEvent("?"), until("document.querySelector('#dialog-keys').open"), chromedp.Click(chromedp.CSS("[data-keys-off]")), chromedp.KeyEvent(kb.Escape),
		until("!document.querySelector('#dialog-keys').open"), blur, chromedp.KeyEvent("/"))
	if got := js("document.activeElement.id"); got == "q" {
		t.Error("a key that was turned off still acts")
	}
}

// Without scripts nothing is kept while typing, but what was kept before can be
// gone on with, and is gone once the form was accepted.
func TestADraftGoesWithTheFormThatWasAccepted(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	const key = "/patients/register#form"
	keep := func() {
		t.Helper()
		if got := b.post("/drafts", sentForm, key, sentBack, "/patients/register", sentTitle, "登记患者和病例", "name", "向云禾", "version", "1"); got.status != http.StatusOK {
			t.Fatal(got.status, got.body)
		}
	}
	keep()
	contains(t, "the form", b.get("/patients/register"), "写到一半", `href="/patients/register?draft=1"`, `data-draft="/patients/register#form"`)
	contains(t, "the form gone on with", b.get("/patients/register?draft=1"), `name="_draft" value="/patients/register#form"`, `value="向云禾"`)
	contains(t, "the home page", b.get("/"), "没写完的", "向云禾")
	wrong := b.post("/patients/register", append(s.typed(servicetest.Mountain, "name", ""), draftMark, key)...)
	if wrong.status != http.StatusUnprocessableEntity || s.Count(`select count(*) from form_draft`) != 1 {
		t.Errorf("a form that was not accepted: %d, %d drafts", wrong.status, s.Count(`select count(*) from form_draft`))
	}
	contains(t, "the form as it came back", wrong, `name="_draft" value="/patients/register#form"`)
	if got := b.post("/patients/register", append(s.typed(servicetest.Mountain), draftMark, key)...); got.status != http.StatusSeeOther {
		t.Fatal(got.status)
	}
	if n := s.Count(`select count(*) from form_draft`); n != 0 {
		t.Errorf("the form was accepted and %d drafts stay", n)
	}
}

func TestSecretsHaveNoDraft(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	for _, path := range []string{"/account/password", "/account/second-factor"} {
		if got := b.get(path); got.status != http.StatusOK || strings.Contains(got.body, "data-draft=") {
			t.Errorf("%s: %d, a draft is kept of a secret", path, got.status)
		}
	}
}

// A part of the page that comes later says in its own place when it did not come,
// and is there when it did.
func TestWhatComesLaterSaysWhenItFails(t *testing.T) {
	s := newSite(t)
	s.programme()
	s.reader("song.zy", user.Official)
	back := s.outOfOrder()
	ctx := inBrowserFor(t, 2*time.Minute)
	do := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	until := func(code string) chromedp.Action[chromedp.Void] { return chromedp.Poll[chromedp.Void](code) }
	const words = "(document.querySelector('[data-later-words]') || {textContent: ''}).textContent"
	do("the brief fails", chromedp.Navigate(s.url+"/sign-in?next=/overview"), chromedp.SendKeys(chromedp.ID("f-username"), "song.zy"),
		chromedp.SendKeys(chromedp.ID("f-password"), sitePassword), chromedp.Click(chromedp.CSS("form button.btn-primary")), chromedp.WaitVisible(chromedp.CSS("[data-later]")), until(words+".includes('没有读出来')"),
		until("!document.querySelector('[aria-busy]') && !!document.querySelector('[data-later] a[href*=\"brief=1\"]')"))
	back()
	do("the brief comes", chromedp.Navigate(s.url+"/overview"), chromedp.WaitVisible(chromedp.CSS(".brief-alerts")), until("!!document.querySelector('.brief-alerts') && !document.querySelector('[data-later]')"))
}

// On a phone the filter is closed by a script; what stands below it stays where it
// was first seen.
func TestAPageOfFiguresStandsStillOnAPhone(t *testing.T) {
	s := newSite(t)
	s.programme()
	s.reader("song.zy", user.Official)
	ctx := inBrowserFor(t, 2*time.Minute)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(360, 780), chromedp.Navigate(s.url+"/sign-in?next=/overview"), chromedp.SendKeys(chromedp.ID("f-username"), "song.zy"),
		chromedp.SendKeys(chromedp.ID("f-password"), sitePassword), chromedp.Click(chromedp.CSS("form button.btn-primary")), chromedp.WaitVisible(chromedp.CSS(".brief-alerts"))); err != nil {
		t.Fatal(err)
	}
	const moved = `new Promise((done) => new PerformanceObserver((list) => done(list.getEntries().reduce((sum, e) => sum + e.value, 0))).observe({type: "layout-shift", buffered: true}) || setTimeout(() => done(0), 300))`
	for _, path := range []string{"/overview", "/measures?group=money", "/measures/joint.patients"} {
		if err := chromedp.Do(ctx, chromedp.Navigate(s.url+path), chromedp.WaitVisible(chromedp.CSS("[data-filter][data-ready]"))); err != nil {
			t.Fatal(err)
		}
		if got, err := chromedp.Run(ctx, chromedp.Evaluate[float64](moved, chromedp.EvalAwaitPromise)); err != nil || got > 0.1 {
			t.Errorf("%s moves by %.3f while it loads: %v", path, got, err)
		}
	}
}
