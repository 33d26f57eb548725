package webui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/web"
)

var update = flag.Bool("update", false, "write the built files and goldens")

func TestAssetsAreCurrent(t *testing.T) {
	dir := filepath.Join("..", "..", "web")
	built, err := BuildAssets(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range built {
		file := filepath.Join(dir, "static", "dist", name)
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what its sources build; run go generate ./web", name)
		}
	}
}

func TestBuildFailsOnABrokenSource(t *testing.T) {
	dir := t.TempDir()
	for _, sub := range []string{"static/css", "ts"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range append(styleOrder(), "field", "sheet") {
		if err := os.WriteFile(filepath.Join(dir, "static/css", name+".css"), []byte("a { color: red; }"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"ts/app.ts": "let x: = 1", "ts/scan.ts": "let y = 1", "ts/field.ts": "let v = 1", "ts/outreach.ts": "let z = 1", "ts/theatre.ts": "let w = 1", "ts/worker.ts": "let u = 1"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := BuildAssets(dir); err == nil || !strings.Contains(err.Error(), "app.ts:1") {
		t.Errorf("a script that does not parse built: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ts/app.ts"), []byte("let x = 1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "static/css/form.css"), []byte("a { color: "), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := BuildAssets(dir); err == nil || !strings.Contains(err.Error(), "styles") {
		t.Errorf("a style that does not parse built: %v", err)
	}
}

// htmx is pinned by content: its major versions differ in what an error answer does.
func TestVendoredHtmxIsThePinnedFile(t *testing.T) {
	want, err := fs.ReadFile(web.FS, "static/vendor/htmx-4.0.1.sha256")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := fs.ReadFile(web.FS, "static/vendor/htmx-4.0.1.min.js")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	const pinned = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
	if got := hex.EncodeToString(sum[:]); got != pinned || !strings.HasPrefix(string(want), pinned) {
		t.Errorf("htmx has digest %s, pinned is %s, recorded %s", got, pinned, want)
	}
	if licence, err := fs.ReadFile(web.FS, "static/vendor/htmx-LICENSE.txt"); err != nil || !bytes.Contains(licence, []byte("Zero-Clause BSD")) {
		t.Errorf("the licence of htmx is missing: %v", err)
	}
}

func TestAssetsStayWithinTheBudget(t *testing.T) {
	a := testEngine(t).Assets()
	scripts := a.Size("app.js") + a.Size("htmx.js")
	t.Logf("gzipped: app.js %d, htmx.js %d, app.css %d", a.Size("app.js"), a.Size("htmx.js"), a.Size("app.css"))
	if scripts > 30_000 {
		t.Errorf("scripts move %d bytes, the budget is 30,000", scripts)
	}
	if a.Size("scan.js") > 5_000 {
		t.Errorf("the scanner's script moves %d bytes, the budget is 5,000", a.Size("scan.js"))
	}
	if n := a.Size("outreach.js"); n > 15_000 {
		t.Errorf("the script of the page without a network moves %d bytes, the budget is 15,000", n)
	}
	if n := a.Size("theatre.js"); n > 15_000 {
		t.Errorf("the script of the theatre without a network moves %d bytes, the budget is 15,000", n)
	}
	if n := a.Size("theatre.js") + a.Size("app.js") + a.Size("scan.js") + a.Size("field.js"); n > 30_000 {
		t.Errorf("the scripts of the theatre without a network move %d bytes, the budget is 30,000", n)
	}
	if n := a.Size("field.js"); n > 3_000 {
		t.Errorf("the script of the theatre moves %d bytes, the budget is 3,000", n)
	}
	if n := a.Size("worker.js"); n > 1_500 {
		t.Errorf("the worker moves %d bytes, the budget is 1,500", n)
	}
	if n := a.Size("field.css"); n > 4_000 {
		t.Errorf("the style of the field pages moves %d bytes, the budget is 4,000", n)
	}
	if n := a.Size("sheet.css"); n > 2_000 {
		t.Errorf("the style of papers moves %d bytes, the budget is 2,000", n)
	}
	if a.Size("app.css") > 14_000 {
		t.Errorf("the style moves %d bytes, the budget is 14,000", a.Size("app.css"))
	}
}

// What a first visit moves: the page and all it asks for, compressed.
func TestPagesStayWithinTheirWeight(t *testing.T) {
	e := testEngine(t)
	heaviest, at := 0, ""
	for i, s := range Pages() {
		for _, lang := range i18n.Langs() {
			w := httptest.NewRecorder()
			if err := e.Render(w, nil, http.StatusOK, s.Name, s.Make(testBase(e, lang))); err != nil {
				t.Fatal(err)
			}
			page, err := gzipped(w.Body.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			n, most := len(page)+e.Assets().Size("app.css")+e.Assets().Size("favicon.svg"), 120_000
			for _, script := range []string{"app.js", "htmx.js", "scan.js"} {
				if strings.Contains(w.Body.String(), e.Assets().URL(script)) {
					n += e.Assets().Size(script)
				}
			}
			if s.Name == "intake/register" {
				most = 60_000
				t.Logf("registration %d %s: %d bytes", i, lang, n)
			}
			if n > most {
				t.Errorf("%s %d %s moves %d bytes, the budget is %d", s.Name, i, lang, n, most)
			}
			if n > heaviest {
				heaviest, at = n, s.Name
			}
		}
	}
	t.Logf("the heaviest page is %s with %d bytes", at, heaviest)
}

func TestAssetsAreServedCompressedAndForEver(t *testing.T) {
	a := testEngine(t).Assets()
	url := a.URL("app.css")
	readers := map[string]func(io.Reader) io.Reader{
		"":     func(r io.Reader) io.Reader { return r },
		"gzip": func(r io.Reader) io.Reader { z, _ := gzip.NewReader(r); return z },
		"br":   func(r io.Reader) io.Reader { return brotli.NewReader(r) },
	}
	for coding, open := range readers {
		r := httptest.NewRequest(http.MethodGet, url, nil)
		r.Header.Set("Accept-Encoding", coding)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != coding {
			t.Fatalf("%q: status %d, coding %q", coding, w.Code, w.Header().Get("Content-Encoding"))
		}
		body, err := io.ReadAll(open(w.Body))
		if err != nil || !bytes.Contains(body, []byte("--brand")) {
			t.Errorf("%q: the style does not unpack: %v", coding, err)
		}
		if cc := w.Header().Get("Cache-Control"); !strings.Contains(cc, "immutable") {
			t.Errorf("Cache-Control %q lets the browser ask again", cc)
		}
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest(http.MethodHead, url, nil))
	if w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD: status %d with %d bytes", w.Code, w.Body.Len())
	}
	for _, missing := range []string{"/static/app.css", a.URL("nothing.js"), "/static/../go.mod"} {
		r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
		r.URL.Path = missing
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", missing, w.Code)
		}
	}
}

// The page's policy forbids eval and styles in attributes; our own scripts and
// styles must never need either.
func TestScriptsKeepThePolicy(t *testing.T) {
	for _, name := range []string{"static/dist/app.js", "static/dist/scan.js", "static/dist/field.js", "static/dist/outreach.js", "static/dist/theatre.js", "static/dist/worker.js"} {
		raw, err := fs.ReadFile(web.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"eval(", "new Function", ".style.", "setAttribute(\"style\"", "document.write", "http://", "https://"} {
			if strings.Contains(strings.ReplaceAll(string(raw), "http://www.w3.org/2000/svg", ""), bad) {
				t.Errorf("%s contains %q", name, bad)
			}
		}
	}
}

// newer is what browsers learned after Chromium 109 and Safari 15.
var newer = regexp.MustCompile(`\.(toSorted|toReversed|toSpliced|findLast|findLastIndex|groupBy|withResolvers|fromAsync|canParse|startViewTransition|showPopover|requestIdleCallback|isSubsetOf|union|intersection)\(|\b(navigation|scheduler|Iterator|Temporal)\.`)

// B16: the scripts and styles are in the language of old browsers already, and
// use nothing younger without asking for it first.
func TestOldBrowsersKnowWhatTheScriptsUse(t *testing.T) {
	files, err := fs.Glob(web.FS, "static/dist/*.js")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	for _, name := range files {
		raw, err := fs.ReadFile(web.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		as := func(engines []api.Engine) string {
			r := api.Transform(string(raw), api.TransformOptions{MinifyWhitespace: true, Charset: api.CharsetUTF8, Engines: engines, LegalComments: api.LegalCommentsNone})
			if len(r.Errors) > 0 {
				t.Fatalf("%s: %s", name, r.Errors[0].Text)
			}
			return string(r.Code)
		}
		if as(engines()) != as(nil) {
			t.Errorf("%s has syntax that old browsers do not read", name)
		}
		if strings.HasSuffix(name, "htmx.js") {
			continue // asks for what it uses
		}
		if found := newer.FindString(string(raw)); found != "" {
			t.Errorf("%s uses %s, which old browsers do not have", name, found)
		}
	}
	want := []api.Engine{{Name: api.EngineChrome, Version: "109"}, {Name: api.EngineSafari, Version: "15"}}
	if !slices.Equal(engines(), want) {
		t.Errorf("the scripts are made for %v", engines())
	}
}
