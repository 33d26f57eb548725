//go:build uifull

package webui

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// axeRun asks axe about the page in light, then about its colours in dark. It
// answers a line for each thing it names.
const axeRun = `(async (both) => {
	const say = (theme, r) => r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => theme + " " + v.id + ": " + n.target.join(" ") + " " + n.html.slice(0, 160)));
	const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
	document.documentElement.dataset.theme = "light";
	const light = say("light", await axe.run(document, { runOnly: tags, resultTypes: ["violations"] }));
	if (!both) return light;
	document.documentElement.dataset.theme = "dark";
	void document.body.offsetWidth;
	document.getAnimations().forEach((a) => a.finish()); // colours that are still changing are neither
	const dark = say("dark", await axe.run(document, { runOnly: { type: "rule", values: ["color-contrast"] }, resultTypes: ["violations"] }));
	return light.concat(dark);
})`

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
// dark. It is fetched by "npm ci" in web/checks, so this is no part of make test:
// make test-ui-full runs it.
func TestAxeNamesNothing(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join("..", "..", "web", "checks", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatalf("axe-core is not here, run npm ci in web/checks: %v", err)
	}
	srv := samplesOnly(t)
	ctx := inBrowserFor(t, 25*time.Minute)
	for i, s := range Pages() {
		for _, lang := range i18n.Langs() {
			dark := fmt.Sprint(lang == i18n.Chinese) // colours are the same in both languages
			if err := chromedp.Do(ctx, chromedp.Navigate(fmt.Sprintf("%s/%d?%s", srv.URL, i, lang)), chromedp.Evaluate[chromedp.Void](string(axe))); err != nil {
				t.Fatal(err)
			}
			named, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axeRun+"("+dark+")", chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatalf("%s %d %s: %v", s.Name, i, lang, err)
			}
			for _, n := range named {
				t.Errorf("%s %d %s: %s", s.Name, i, lang, n)
			}
		}
	}
}
