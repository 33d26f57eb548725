//go:build uifull

package webui

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// numbered is a sample and its place in the list, by which it is named.
type numbered struct {
	PageSample
	no int
}

func (n numbered) String() string { return fmt.Sprintf("%s#%d", n.Name, n.no) }

// chosenPages are all samples, or those whose name and number ("patient/list#12")
// the expression in SHANHAI_TEST_PAGES_ONLY matches: for looking again at a few.
func chosenPages(t *testing.T) []numbered {
	t.Helper()
	only, err := regexp.Compile(os.Getenv("SHANHAI_TEST_PAGES_ONLY"))
	if err != nil {
		t.Fatal(err)
	}
	var chosen []numbered
	for i, s := range Pages() {
		if n := (numbered{s, i}); only.MatchString(n.String()) {
			chosen = append(chosen, n)
		}
	}
	if len(chosen) == 0 {
		t.Fatalf("no page is named like %s", only)
	}
	return chosen
}

// samplesOnly serves every sample under its number, the language as the query.
func samplesOnly(t *testing.T) *httptest.Server {
	e := testEngine(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			e.Assets().ServeHTTP(w, r)
			return
		}
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil { // what a page asks for in the background
			http.NotFound(w, r)
			return
		}
		s := Pages()[n]
		b := testBase(e, i18n.Lang(r.URL.RawQuery))
		b.Bell, b.Unread = true, 3
		if err := e.Render(w, r, http.StatusOK, s.Name, s.Make(b)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// Two checkers nobody here wrote, axe and pa11y, look at every sample in both
// languages, light and dark, on a desktop and on a phone, with every dialog and
// menu opened; many samples are forms that came back with their errors. A thing
// wrong on many pages is said once.
func TestAxeAndPa11yNameNothing(t *testing.T) {
	tools := checkers(t)
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no Chromium found. Run: sudo apt-get install -y chromium fonts-noto-cjk")
	}
	srv := samplesOnly(t)
	var list strings.Builder
	views := 0
	for _, s := range chosenPages(t) {
		for _, lang := range i18n.Langs() {
			views++
			fmt.Fprintf(&list, "%s/%d?%s %s-%s\n", srv.URL, s.no, lang, s, lang)
		}
	}
	cmd := exec.Command("node", filepath.Join(tools, "look.js"), browser)
	cmd.Stdin = strings.NewReader(list.String())
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	faults, last := map[string][]string{}, ""
	for lines := bufio.NewScanner(said); lines.Scan(); {
		page, fault, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			last = page
			t.Log(page)
			continue
		}
		if faults[fault] == nil {
			t.Logf("%s: %s", page, fault) // half an hour is long to wait for the first
		}
		faults[fault] = append(faults[fault], page)
	}
	if err := cmd.Wait(); err != nil || last != fmt.Sprintf("looked at %d of %d pages", views, views) {
		t.Errorf("the checkers did not come to the end: %v\n%s", err, wrong.String())
	}
	t.Logf("checked by axe and pa11y: %d pages in two languages, findings of %d kinds", views/2, len(faults))
	once(t, faults)
}
