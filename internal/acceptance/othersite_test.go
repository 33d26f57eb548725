package acceptance

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// lure is a page of another site: it sends everything a page can, to addresses that
// write, with the cookie of whoever opens it.
func lure(target string) string {
	var b strings.Builder
	b.WriteString(`<!doctype html><title>lure</title><body>`)
	for i, path := range []string{"/sign-out", "/preferences", "/patients/register", "/messages/read", "/api/v1/persons"} {
		fmt.Fprintf(&b, `<iframe name=f%[1]d></iframe><form id=a%[1]d target=f%[1]d method=post action="%[2]s%[3]s"><input name=lang value=en><input name=name value="x"></form>
			<iframe name=g%[1]d></iframe><form id=b%[1]d target=g%[1]d method=post enctype=text/plain action="%[2]s%[3]s"><input name='{"name":"a","x":"' value='"}'></form>
			<iframe name=h%[1]d></iframe><form id=c%[1]d target=h%[1]d method=get action="%[2]s%[3]s"><input name=_method value=POST><input name=lang value=en></form>`, i, target, path)
	}
	fmt.Fprintf(&b, `<script>(async () => {
		for (const f of document.forms) f.submit();
		for (const path of ["/sign-out", "/preferences", "/patients/register", "/api/v1/persons"]) for (const type of ["text/plain", "application/x-www-form-urlencoded"])
			for (const method of ["POST", "GET"]) try { await fetch(%q + path, {method, mode: "no-cors", credentials: "include", headers: {"Content-Type": type}, body: method === "GET" ? undefined : "lang=en&name=x"}) } catch (e) {}
		navigator.sendBeacon(%q + "/preferences", new URLSearchParams({lang: "en"}));
		try { await fetch(%q + "/api/v1/persons", {method: "POST", credentials: "include", headers: {"Content-Type": "application/json", "Idempotency-Key": "x"}, body: "{}"}) } catch (e) {}
		setTimeout(() => { document.title = "sent" }, 500);
	})()</script>`, target, target, target)
	return b.String()
}

// H-6: who is signed in opens a page of another site, and of another service of the same
// machine, whose requests the browser sends our cookie with: nothing is written, nobody is
// signed out, no setting changes.
func TestAnotherSiteWritesNothing(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(lure(o.url)))
	}))
	defer other.Close()
	at, err := url.Parse(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := o.as("registrar-ylzy")
	p.t = t
	p.open("/settings")
	lang, before := p.eval(`document.documentElement.lang`), o.stored()
	for _, site := range []string{"http://127.0.0.1:" + at.Port(), "http://localhost:" + at.Port()} { // we are localhost: another site, and a neighbour of ours
		p.do("open the lure", chromedp.Navigate(site))
		p.waitFor(`document.title === "sent"`)
		if status := p.open("/settings"); status != 200 || p.address() != "/settings" {
			t.Errorf("%s signs out: %d at %s", site, status, p.address())
		}
		if now := p.eval(`document.documentElement.lang`); now != lang {
			t.Errorf("%s changes the language to %s", site, now)
		}
		if now := o.stored(); now != before {
			t.Errorf("%s stores something: %s, was %s", site, now, before)
		}
	}
	log := o.log.String()
	refused := 0
	for line := range strings.Lines(log) {
		if strings.Contains(line, "POST") && strings.Contains(line, "403") {
			refused++
		}
	}
	if refused < 16 {
		t.Errorf("only %d requests were refused:\n%s", refused, tail(log, 2000))
	}
	t.Logf("%d requests refused", refused)
}
