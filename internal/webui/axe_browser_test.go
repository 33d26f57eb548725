//go:build uifull

package webui

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// axeRun asks axe about the page in light, then about its colours in dark, where
// nothing else differs. It answers a line for each thing it names.
const axeRun = `(async () => {
	const say = (theme, r) => r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => theme + " " + v.id + ": " + n.target.join(" ") + " " + n.html.slice(0, 160)));
	const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
	const still = () => { void document.body.offsetWidth; document.getAnimations().forEach((a) => a.finish()) }; // colours that are still changing are neither
	const paper = document.documentElement.dataset.theme === "light"; // a page to be printed is never dark
	document.documentElement.dataset.theme = "light";
	still();
	const light = say("light", await axe.run(document, { runOnly: tags, resultTypes: ["violations"] }));
	if (paper) return light;
	document.documentElement.dataset.theme = "dark";
	still();
	const dark = say("dark", await axe.run(document, { runOnly: { type: "rule", values: ["color-contrast"] }, resultTypes: ["violations"] }));
	return light.concat(dark);
})()`

// samplesOnly serves every sample under its number, the language as the query.
func samplesOnly(t *testing.T) *httptest.Server {
	e := testEngine(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			e.Assets().ServeHTTP(w, r)
			return
		}
		n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
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

// A checker nobody here wrote looks at every sample in both languages, light and
// dark, on a desktop and on a phone; many samples are forms that came back with
// their errors. A thing wrong on many pages is said once.
func TestAxeNamesNothing(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(checkers(t), "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	srv := samplesOnly(t)
	ctx := inBrowserFor(t, 100*time.Minute)
	type view struct {
		lang i18n.Lang
		wide int64
	}
	faults := map[string][]string{}
	for _, pass := range [][]view{{{i18n.Chinese, 1366}, {i18n.English, 360}}, {{i18n.English, 1366}, {i18n.Chinese, 360}}} { // half of it says most of it: that half first
		for i, s := range Pages() {
			for _, v := range pass {
				if err := chromedp.Do(ctx, chromedp.EmulateViewport(v.wide, 1200), chromedp.Navigate(fmt.Sprintf("%s/%d?%s", srv.URL, i, v.lang)), chromedp.Evaluate[chromedp.Void](string(axe))); err != nil {
					t.Fatal(err)
				}
				named, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axeRun, chromedp.EvalAwaitPromise))
				if err != nil {
					t.Fatalf("%s %d %s: %v", s.Name, i, v.lang, err)
				}
				for _, n := range named {
					page := fmt.Sprintf("%s %d %s %d px", s.Name, i, v.lang, v.wide)
					if faults[n] == nil {
						t.Logf("%s: %s", page, n) // an hour is long to wait for the first
					}
					faults[n] = append(faults[n], page)
				}
			}
		}
		t.Logf("%d samples looked at", len(Pages()))
	}
	once(t, faults)
}

// pa11y, whose rules are others than axe's, looks at every sample too: in
// Chinese on a desktop and in English on a phone.
func TestPa11yNamesNothing(t *testing.T) {
	tools := checkers(t)
	srv := samplesOnly(t)
	var list strings.Builder
	for i, s := range Pages() {
		for _, view := range []string{"zh-CN 1366", "en 360"} {
			lang, _, _ := strings.Cut(view, " ")
			fmt.Fprintf(&list, "%s/%d?%s %s %s#%d\n", srv.URL, i, lang, strings.TrimPrefix(view, lang+" "), s.Name, i)
		}
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no Chromium found. Run: sudo apt-get install -y chromium fonts-noto-cjk")
	}
	cmd := exec.Command("node", filepath.Join(tools, "pa11y.js"), browser)
	cmd.Stdin = strings.NewReader(list.String())
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	raw, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, wrong.String())
	}
	faults := map[string][]string{}
	for line := range strings.Lines(string(raw)) {
		page, fault, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok {
			faults[fault] = append(faults[fault], page)
		}
	}
	if !strings.HasSuffix(string(raw), fmt.Sprintf("\nlooked at %d pages\n", 2*len(Pages()))) {
		t.Errorf("pa11y did not come to the end:\n%s", wrong.String())
	}
	once(t, faults)
}
