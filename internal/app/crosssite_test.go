package app

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/webui"
)

// foreign is a way another site's page, which the browser sends our cookie along with,
// may write.
type foreign struct {
	name   string
	header map[string]string
}

// strangeWays are those a browser has. It says where a request comes from by one of two
// headers, which no page can leave out or change.
func strangeWays() []foreign {
	const form, text = "application/x-www-form-urlencoded", "text/plain"
	return []foreign{
		{"a form", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example", "Content-Type": form}},
		{"a form from a frame without origin", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null", "Content-Type": form}},
		{"fetch with plain text", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Origin": "https://evil.example", "Content-Type": text}},
		{"a file", map[string]string{"Sec-Fetch-Site": "cross-site", "Content-Type": "multipart/form-data; boundary=x"}},
		{"a neighbouring name", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://other.shanhai.example", "Content-Type": form}},
		{"an older browser", map[string]string{"Origin": "https://evil.example", "Content-Type": form}},
		{"an older browser without origin", map[string]string{"Origin": "null", "Content-Type": form}},
		{"our name at another port", map[string]string{"Origin": "http://127.0.0.1:1", "Content-Type": form}},
		{"JSON", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example", "Content-Type": "application/json"}},
		{"a method in a header", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example", "X-HTTP-Method-Override": http.MethodPost, "Content-Type": form}},
	}
}

// No page of another site writes with the cookie of somebody who is signed in here: every
// address that is written to refuses every way a browser has, before it looks at anything;
// asking never writes, whatever method it claims to be; and the interface takes no cookie.
func crossSite(t *testing.T, p *premises) {
	before, asked, doors, ways := p.fingerprint()+p.sessions(), 0, 0, strangeWays()
	for _, r := range p.routes {
		if r.Method == http.MethodGet {
			continue
		}
		v := p.holder(r)
		if v == nil {
			v = p.visitors[0]
		}
		doors++
		for i, way := range ways {
			if !scaletest.Full() && i != doors%len(ways) {
				continue
			}
			asked++
			status, body := p.strange(v, r.Method, p.address(r.Pattern, true), way.header)
			if status != http.StatusForbidden || !strings.Contains(body, "其他网站") && !strings.Contains(body, "another site") {
				t.Errorf("%s %s by %s: %d %s", r.Method, r.Pattern, way.name, status, cut(body))
			}
		}
		if sampled(r, 8) {
			p.overridden(v, r, &asked)
		}
	}
	if doors < 200 {
		t.Errorf("only %d doors are written through", doors)
	}
	if after := p.fingerprint() + p.sessions(); after != before {
		t.Errorf("something was stored:\n%s\n%s", before, after)
	}
	p.cookies()
	// The same request from our own page is refused for other reasons, or done.
	if _, body := p.strange(p.visitors[0], http.MethodPost, "/search", map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}); strings.Contains(body, "其他网站") {
		t.Error("our own form is taken for another site's")
	}
	t.Logf("%d addresses that are written to, %d requests", doors, asked)
}

// overridden asks where something is written: by a method that only reads, with the
// cookie alone, as a link, a picture or a script of another site does.
func (p *premises) overridden(v *visitor, r webui.Route, asked *int) {
	p.T.Helper()
	path := p.address(r.Pattern, true)
	for _, ask := range []string{path + "?_method=POST", path + "?_method=DELETE&confirm=1", path} {
		*asked++
		status, body := p.strange(v, http.MethodGet, ask, map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "X-HTTP-Method-Override": r.Method, "X-Method-Override": r.Method})
		if status >= http.StatusInternalServerError {
			p.T.Errorf("GET %s: %d %s", ask, status, cut(body))
		}
	}
	if strings.HasPrefix(path, "/api/") { // whoever asks from our own origin: a cookie opens nothing there
		*asked++
		if status, body := p.strange(v, r.Method, path, map[string]string{"Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}); status != http.StatusUnauthorized {
			p.T.Errorf("%s %s with the cookie alone: %d %s", r.Method, r.Pattern, status, cut(body))
		}
	}
}

// strange sends a request with somebody's cookie and no token.
func (p *premises) strange(v *visitor, method, path string, header map[string]string) (int, string) {
	p.T.Helper()
	var body io.Reader
	if method != http.MethodGet {
		body = strings.NewReader("_key=" + ident.New().String() + "&confirm=1&reason=x")
	}
	req, err := http.NewRequest(method, p.url+path, body)
	must(p, path, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := v.cookies.Do(req)
	must(p, path, err)
	raw, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	must(p, path, err)
	return resp.StatusCode, string(raw)
}

// sessions counts what a strange page would end or begin.
func (p *premises) sessions() string {
	return p.superText(`select ', sessions ' || count(*) from session where account_id is not null`) + p.superText(`select ', tokens ' || count(*) || ' ' || count(revoked_at) from api_token`)
}

// cookies: what is set is for this site's own pages alone, and out of reach of scripts.
func (p *premises) cookies() {
	p.T.Helper()
	for path, form := range map[string]url.Values{"/sign-in": {"username": {p.visitors[0].who.Username}, "password": {knock}}, "/preferences": {"lang": {"en"}}} {
		client := &http.Client{CheckRedirect: p.visitors[0].cookies.CheckRedirect}
		resp, err := client.PostForm(p.url+path, form)
		must(p, path, err)
		_ = resp.Body.Close()
		if len(resp.Cookies()) == 0 {
			p.T.Errorf("%s sets no cookie", path)
		}
		for _, c := range resp.Cookies() {
			if c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode || !c.HttpOnly || c.Domain != "" {
				p.T.Errorf("%s sets %s", path, c)
			}
		}
	}
}
