package webui

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// An auditor sets a security key up and signs in with it; the code of the app
// still does for a browser without scripts.
func TestASecurityKeyIsTheSecondStep(t *testing.T) {
	s := newSite(t)
	s.url = strings.Replace(s.url, "127.0.0.1", "localhost", 1) // a key knows names, not addresses
	s.account("auditor-key", servicetest.Mountain, user.Assignment{Role: user.Auditor, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	plain := s.browser()
	plain.signIn("auditor-key")
	if early := plain.get("/account/passkeys"); !strings.Contains(early.body, "验证器应用") || strings.Contains(early.body, "/account/passkeys/new") {
		t.Error("a key can be set up without the app: whoever loses it is locked out")
	}
	secret, recovery := plain.enrol()
	s.Clock.Advance(time.Minute) // a code counts once

	ctx := inBrowser(t)
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportUsb, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	if err != nil {
		t.Fatal(err)
	}
	password := []chromedp.Action[chromedp.Void]{chromedp.Navigate(s.url + "/sign-in?next=/account/passkeys"), chromedp.SendKeys(chromedp.ID("f-username"), "auditor-key"),
		chromedp.SendKeys(chromedp.ID("f-password"), sitePassword), chromedp.Click(chromedp.CSS("form button.btn-primary")), chromedp.WaitVisible(chromedp.ID("f-code"))}
	err = chromedp.Do(ctx, append(password, chromedp.SendKeys(chromedp.ID("f-code"), recovery[0]), chromedp.Click(chromedp.CSS("form button.btn-primary")),
		chromedp.WaitVisible(chromedp.CSS(`a[href="/account/passkeys/new"]`)), chromedp.Navigate(s.url+"/account/passkeys/new"),
		chromedp.SendKeys(chromedp.ID("f-name"), "蓝色密钥"), chromedp.Click(chromedp.CSS("form[data-passkey] button")), chromedp.WaitVisible(chromedp.CSS("main table")))...)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Count(`select count(*) from passkey where host = 'localhost' and name = '蓝色密钥' and used_at is null`); n != 1 {
		t.Fatalf("%d keys are stored", n)
	}
	if err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS("details.me summary")), chromedp.Click(chromedp.CSS(`form[action="/sign-out"] button.item`)), chromedp.WaitVisible(chromedp.ID("f-username"))); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, append(password, chromedp.Click(chromedp.CSS("form[data-passkey] button")), chromedp.WaitVisible(chromedp.CSS(`a[href="/account/passkeys/new"]`)))...); err != nil {
		t.Fatal(err)
	}
	if n := s.Count(`select count(*) from passkey where used_at is not null`); n != 1 {
		t.Error("the use is not noted")
	}
	if n := s.Count(`select count(*) from audit_event where action = 'session.sign_in' and outcome = 'ok' and detail like '%passkey%'`); n != 1 {
		t.Errorf("%d sign-ins are recorded with the key", n)
	}

	// Without scripts: the code, and no answer of the key's.
	again := s.browser()
	want(t, "the password", again.signIn("auditor-key"), http.StatusSeeOther, "/sign-in/code?lang=&next=%2Fsettings")
	contains(t, "the second step", again.get("/sign-in/code"), `data-passkey="get"`, "data-needs-script hidden")
	if forged := again.post("/sign-in/passkey", "answer", `{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{}}`); forged.status != http.StatusUnprocessableEntity {
		t.Errorf("a made-up answer: %d", forged.status)
	}
	if unasked := again.post("/sign-in/passkey"); unasked.status != http.StatusUnprocessableEntity {
		t.Errorf("an answer nobody asked for: %d", unasked.status)
	}
	want(t, "the code", again.post("/sign-in/code", "code", s.code(secret), "next", "/settings"), http.StatusSeeOther, "/settings")

	// A key set up under another name, or moved to another account, is none.
	s.Exec(`update passkey set host = 'evil.example'`)
	other := s.browser()
	other.signIn("auditor-key")
	if page := other.get("/sign-in/code"); page.status != http.StatusOK || strings.Contains(page.body, "data-passkey") {
		t.Errorf("a key of another site is asked for: %d", page.status)
	}
}
