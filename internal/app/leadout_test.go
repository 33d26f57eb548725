package app

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/webui"
)

// outside are the beginnings of files that are nobody's business here: of the machine,
// of the process, of the source, of the data directory.
func (p *premises) outside() *regexp.Regexp {
	mark := "canary-" + ident.New().String()
	for _, name := range []string{filepath.Join(p.app.cfg.DataDir, "canary.txt"), filepath.Join(filepath.Dir(p.app.cfg.DataDir), "canary.txt")} {
		must(p, name, os.WriteFile(name, []byte(mark), 0o600))
	}
	return regexp.MustCompile(`root:[x*]?:0:0|module github\.com/shanhai-health|\[fonts\]|ref: refs/heads|\[core\]|PATH=/|SHANHAI_[A-Z]+=|AGE-SECRET-KEY|BEGIN [A-Z ]*PRIVATE KEY|` + mark)
}

// Names that lead out of a folder, wherever a name is taken (static files, sheets,
// exports, helps, the name of a file that is handed in), lead nowhere: no answer has a
// file from outside, and none is a fault of ours.
func namesThatLeadOut(t *testing.T, p *premises) {
	p.Exec(takesNothing)
	p.stored = "" // the sequence is a new one
	defer p.Exec(`drop trigger zz_takes_nothing on audit_link; drop function test_takes_nothing(); drop sequence test_stored`)
	list, seen, sent := append(listed(t, "paths", "paths"), p.insideOut()...), p.outside(), map[string]int{}
	for _, file := range []string{"/etc/passwd", "../../go.mod", filepath.Join(p.app.cfg.DataDir, "canary.txt")} {
		if raw, err := os.ReadFile(file); err != nil || !seen.Match(raw) {
			t.Fatalf("%s would not be seen: %v", file, err)
		}
	}
	look := func(kind string, v *visitor, req *http.Request, text string) {
		t.Helper()
		resp, err := v.cookies.Do(req)
		must(p, text, err)
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		must(p, text, err)
		sent[kind]++
		where := fmt.Sprintf("%s %s with %s as %s", req.Method, req.URL, strconv.QuoteToASCII(text), v.name)
		if resp.StatusCode >= http.StatusInternalServerError {
			if n := p.superText(`select last_value::text || is_called::text from test_stored`); n != p.stored {
				p.stored = n
			} else {
				t.Errorf("%s: %d", where, resp.StatusCode)
			}
		}
		if found := seen.Find(raw); found != nil {
			t.Errorf("%s: %q from outside", where, found)
		}
	}
	for _, r := range p.routes {
		v := p.holder(r)
		if r.Permission == authz.Public {
			v = p.visitors[0]
		}
		if v != nil && r.Method == http.MethodGet && sampled(r, 10) {
			p.leadOut(r, list, func(kind, at, text string) { look(kind, v, p.asWritten(v, at), text) })
		}
	}
	own := list
	if !scaletest.Full() {
		own = list[:12]
	}
	for _, text := range own {
		for _, base := range []string{"/static/", "/static/dist/", "/", "/outreach/", "/help/", "/api/v1/"} {
			look("static", p.visitors[0], p.asWritten(p.visitors[0], base+text), text)
		}
	}
	p.uploads(list, look)
	if sent["name"] < 12 || sent["parameter"] < 12 || sent["static"] < 60 || sent["upload"] < 4 {
		t.Errorf("too little was asked: %v", sent)
	}
	p.nothingIsWritten()
	t.Logf("%d names; sent %v", len(list), sent)
}

// insideOut are names that lead from anywhere below the working directory to the
// canaries of this installation.
func (p *premises) insideOut() []string {
	dir := p.app.cfg.DataDir
	up := strings.Repeat("../", 12)
	return []string{dir + "/canary.txt", up + strings.TrimPrefix(dir, "/") + "/canary.txt", strings.ReplaceAll(up, "/", "%2f") + url.PathEscape(strings.TrimPrefix(dir, "/")+"/canary.txt"), "../canary.txt", "../../canary.txt"}
}

// asWritten is a request whose address goes out as it is, but for bytes no line of a
// request can have.
func (p *premises) asWritten(v *visitor, at string) *http.Request {
	p.T.Helper()
	u, err := url.Parse(p.url)
	must(p, at, err)
	var b strings.Builder
	for i := range len(at) {
		if c := at[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02x", c)
		} else {
			b.WriteByte(c)
		}
	}
	at = b.String()
	if strings.HasPrefix(at, "//") {
		at = "/" + strings.TrimLeft(at, "/") // would name another host
	}
	req := &http.Request{Method: http.MethodGet, URL: &url.URL{Scheme: u.Scheme, Host: u.Host, Opaque: at}, Header: http.Header{}, Host: u.Host}
	if strings.HasPrefix(at, "/api/") {
		req.Header.Set("Authorization", "Bearer "+v.token)
	} else {
		for _, c := range v.cookies.Jar.Cookies(u) {
			req.AddCookie(c) // the jar goes by the path, of which there is none
		}
	}
	return req
}

// leadOut puts names into each place of an address and behind its question mark.
func (p *premises) leadOut(r webui.Route, list []string, send func(kind, at, text string)) {
	base, given, _ := strings.Cut(p.address(r.Pattern, true), "?")
	parts := strings.Split(base, "/")
	for i, name := range strings.Split(r.Pattern, "/") {
		if i >= len(parts) || !strings.HasPrefix(name, "{") && i < len(parts)-1 {
			continue
		}
		for _, text := range portion(list, r.Pattern+name) {
			at := slices.Clone(parts)
			if at[i] = text; !strings.HasPrefix(name, "{") {
				at[i] = parts[i] + "/" + text
			}
			send("name", strings.Join(at, "/"), text)
		}
	}
	for _, name := range []string{"format", "chart", "lang", "form", "original", "next", "list", "part"} {
		if name != "format" && name != "chart" && !scaletest.Full() && !sampledRow(r.Pattern+name, 4) {
			continue
		}
		for _, text := range portion(list, r.Pattern+"?"+name) {
			send("parameter", base+"?"+strings.TrimPrefix(given+"&", "&")+name+"="+url.QueryEscape(text), text)
			if strings.Contains(text, "%") {
				send("parameter", base+"?"+name+"="+strings.Map(func(c rune) rune {
					if strings.ContainsRune("#&;", c) {
						return -1
					}
					return c
				}, text), text)
			}
		}
	}
}

// uploads hands in files whose names lead out, at every door that takes one.
func (p *premises) uploads(list []string, look func(string, *visitor, *http.Request, string)) {
	doors := 0
	for _, u := range webui.Uploads() {
		at := slices.IndexFunc(p.routes, func(r webui.Route) bool { return r.Method == http.MethodPost && r.Pattern == u.Pattern })
		if at < 0 {
			continue
		}
		v := p.holder(p.routes[at])
		if v == nil {
			continue
		}
		doors++
		for _, text := range portion(list, u.Pattern) {
			var body strings.Builder
			w := multipart.NewWriter(&body)
			_ = w.WriteField("_key", ident.New().String())
			_ = w.WriteField("kind", "poverty")
			part, err := w.CreateFormFile("file", text)
			must(p, text, err)
			_, _ = io.WriteString(part, "姓名,性别\n向云,女\n")
			must(p, text, w.Close())
			req, err := http.NewRequest(http.MethodPost, p.url+p.address(u.Pattern, true), strings.NewReader(body.String()))
			must(p, text, err)
			req.Header.Set("Content-Type", w.FormDataContentType())
			look("upload", v, req, text)
		}
	}
	if doors < 4 {
		p.T.Errorf("only %d doors take a file", doors)
	}
}

// nothingIsWritten: a name that leads out of the folder for files made none beside it.
func (p *premises) nothingIsWritten() {
	p.T.Helper()
	for _, dir := range []string{filepath.Dir(p.app.cfg.DataDir), "."} {
		entries, err := os.ReadDir(dir)
		must(p, dir, err)
		for _, e := range entries {
			if strings.Contains(e.Name(), "passwd") || strings.Contains(e.Name(), "win.ini") || strings.Contains(e.Name(), "..") {
				p.T.Errorf("%s was made in %s", e.Name(), dir)
			}
		}
	}
}
