package webui

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// policy is the header all pages are served with: scripts that need more fail here.
const securityPolicy = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

type dateVectors struct {
	Today  string            `json:"today"`
	OK     map[string]string `json:"ok"`
	NoSuch []string          `json:"nosuch"`
	Unread []string          `json:"unread"`
}

func vectors(t *testing.T, name string, into any) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "web", "ts", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The same vectors bind the server's reading of dates and, below, the browser's.
func TestDateVectorsHoldOnTheServer(t *testing.T) {
	var v dateVectors
	vectors(t, "date.json", &v)
	today, err := clock.ParseDate(v.Today)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range v.OK {
		if got, err := clock.ParseSpelling(in, today); err != nil || got.String() != want {
			t.Errorf("%q read as %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range v.NoSuch {
		if _, err := clock.ParseSpelling(in, today); !errors.Is(err, clock.ErrNoSuchDay) {
			t.Errorf("%q: %v, want no such day", in, err)
		}
	}
	for _, in := range v.Unread {
		if _, err := clock.ParseSpelling(in, today); !errors.Is(err, clock.ErrSpelling) {
			t.Errorf("%q: %v, want no spelling", in, err)
		}
	}
}

type idVectors struct {
	Today string `json:"today"`
	OK    []struct {
		In, Value, Birth, Region string
		Male                     bool
	} `json:"ok"`
	Check, Date, Chars, Short, Empty []string
}

// The browser's reading of identity numbers is bound to the server's rules.
func TestIdentityVectorsHoldOnTheServer(t *testing.T) {
	var v idVectors
	vectors(t, "idcard.json", &v)
	today, err := clock.ParseDate(v.Today)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range v.OK {
		n, err := patient.ParseCitizenNumber(c.In, today)
		if err != nil || n.Number != c.Value || n.Birth.String() != c.Birth || n.RegionCode != c.Region || (n.Sex == patient.Male) != c.Male {
			t.Errorf("%q read as %s %s %s, %v", c.In, n.Birth, n.RegionCode, n.Sex, err)
		}
	}
	for want, list := range map[string][]string{"error.identity.check_digit": v.Check, "error.identity.birth": v.Date, "error.identity.characters": v.Chars,
		"error.identity.too_": v.Short, "error.identity.required": v.Empty} {
		for _, in := range list {
			if _, err := patient.ParseCitizenNumber(in, today); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %s", in, err, want)
			}
		}
	}
}

// trial serves the style guide's form and notes what is posted.
func trial(t *testing.T) (*httptest.Server, *atomic.Int32, *atomic.Pointer[url.Values]) {
	e := testEngine(t)
	var posts atomic.Int32
	var last atomic.Pointer[url.Values]
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			e.Assets().ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodPost {
			_ = r.ParseMultipartForm(1 << 20)
			form := r.PostForm
			last.Store(&form)
			posts.Add(1)
			w.WriteHeader(http.StatusNoContent) // the page stays, as with a slow server: the person presses again
			return
		}
		b := testBase(e, i18n.Chinese)
		p := StyleguidePage(b)
		w.Header().Set("Content-Security-Policy", securityPolicy)
		if err := e.Render(w, r, http.StatusOK, "styleguide", p); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv, &posts, &last
}

func TestScriptsReadNumbersAndDatesLikeTheServer(t *testing.T) {
	var dates dateVectors
	var ids idVectors
	var forms struct{ Cases []struct{} } // the server's side of it is tested with the domain
	dateText, idText, formText := vectors(t, "date.json", &dates), vectors(t, "idcard.json", &ids), vectors(t, "screening.json", &forms)
	dir, err := filepath.Abs(filepath.Join("..", "..", "web", "ts"))
	if err != nil {
		t.Fatal(err)
	}
	r := api.Build(api.BuildOptions{Bundle: true, Format: api.FormatIIFE, Stdin: &api.StdinOptions{ResolveDir: dir, Loader: api.LoaderTS, Contents: `
		import { parseDay, iso, toDay } from "./date"; import { readID } from "./idcard"; import { check } from "./screening";
		(globalThis as any).wrong = (dates: any, ids: any, forms: any) => {
			const bad: string[] = [], today = toDay(dates.today);
			const say = (d: any) => d === null ? "unread" : d === "nosuch" ? d : iso(d);
			const want = (text: string, w: string) => { const g = say(parseDay(text, today)); if (g !== w) bad.push("date " + text + " = " + g + ", want " + w); };
			for (const k in dates.ok) want(k, dates.ok[k]);
			for (const k of dates.nosuch) want(k, "nosuch");
			for (const k of dates.unread) want(k, "unread");
			for (const v of ids.ok) { const g: any = readID(v.in, today);
				if (g.state !== "ok" || g.value !== v.value || iso(g.birth) !== v.birth || g.male !== v.male || g.region !== v.region) bad.push("id " + v.in + " = " + JSON.stringify(g)); }
			for (const s of ["check", "date", "chars", "short", "empty"]) for (const v of ids[s]) { const g: any = readID(v, today); if (g.state !== s) bad.push("id " + v + " = " + g.state + ", want " + s); }
			for (const c of forms.cases) { const g = check(c.values, toDay(forms.today)).map((w) => w.name).sort().join(), w = c.wrong.slice().sort().join();
				if (g !== w) bad.push("screening " + c.name + ": wrong are " + g + ", want " + w); }
			return bad;
		};`}})
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors[0].Text)
	}
	ctx := inBrowser(t)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Evaluate[chromedp.Void](string(r.OutputFiles[0].Contents))); err != nil {
		t.Fatal(err)
	}
	wrong, err := chromedp.Run(ctx, chromedp.Evaluate[[]string]("wrong("+dateText+","+idText+","+formText+")"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}

func TestFormsInTheBrowser(t *testing.T) {
	srv, posts, last := trial(t)
	ctx := inBrowser(t)
	text := func(js string) string {
		got, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+js+")"))
		if err != nil {
			t.Fatalf("%s: %v", js, err)
		}
		return got
	}
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	empty := func(id string) chromedp.Action[chromedp.Void] {
		return chromedp.Evaluate[chromedp.Void]("document.getElementById('" + id + "').value = ''")
	}
	want := func(what, js, expect string) {
		t.Helper()
		if got := text(js); got != expect {
			t.Errorf("%s: %q, want %q", what, got, expect)
		}
	}

	do(chromedp.Navigate(srv.URL), chromedp.WaitVisible(chromedp.CSS(".combo")))
	want("the error summary is focused when the page loads", "document.activeElement.id", "problems")
	want("the number is masked outside of its field", "document.querySelector('.mask').textContent", "**************002X")
	do(empty("f-document"), chromedp.SendKeys(chromedp.ID("f-document"), "５００１９９19600229013x"))
	want("facts follow the number", "document.querySelector('[data-facts] dl').textContent", "性别男出生1960年2月29日年龄66 岁地区云岭区 500199")
	do(empty("f-document"), chromedp.SendKeys(chromedp.ID("f-document"), "500199196002290131"))
	want("a wrong check digit is named", "document.querySelector('#f-document-line [data-echo]').textContent", "校验位不对，对照证件再核对一遍")
	want("no facts from a wrong number", "document.querySelectorAll('[data-facts]').length", "0")

	do(empty("f-seen"), chromedp.SendKeys(chromedp.ID("f-seen"), "-3"))
	want("the date is said back", "document.querySelector('#f-seen-line').textContent", "2026年11月20日 周五")
	do(chromedp.SendKeys(chromedp.ID("f-phone"), "4"))
	want("a mended field is no longer marked", "document.querySelector('#f-phone').closest('.bad-field')", "null")

	do(chromedp.Focus(chromedp.ID("f-side")), chromedp.KeyEvent("2"))
	want("a digit picks the option", "document.querySelector('[name=side]:checked').value", "R")
	do(chromedp.Focus(chromedp.ID("f-nation")), chromedp.KeyEvent("mz"), chromedp.KeyEvent(kb.Enter))
	want("type-ahead finds pinyin initials and Enter takes the first", "document.querySelector('select[name=nation]').value", "06")
	if n := posts.Load(); n != 0 {
		t.Fatalf("Enter in the type-ahead submitted the form")
	}

	compose := func(extra string) string {
		return `(() => { const e = new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, ` + extra + `}); document.querySelector("#f-name").dispatchEvent(e); return e.defaultPrevented })()`
	}
	want("Enter of an input method does not submit", compose("isComposing: true"), "true")
	want("nor with the old code", compose("keyCode: 229"), "true")
	want("a plain Enter is left alone", compose("keyCode: 13"), "false")

	do(chromedp.Evaluate[chromedp.Void]("document.activeElement.blur()"), chromedp.KeyEvent("?"))
	want("? opens the shortcuts", "document.querySelector('#dialog-keys').open", "true")
	do(chromedp.KeyEvent(kb.Escape), chromedp.Poll[chromedp.Void]("!document.querySelector('#dialog-keys').open"), chromedp.KeyEvent("/"))
	want("/ goes to the search", "document.activeElement.id", "q")
	want("and does so before the closed dialog has let go of the focus", "(() => { const d = document.querySelector('#dialog-keys'); document.activeElement.blur(); d.showModal(); d.close(); const b = d.querySelector('button'); b.dispatchEvent(new KeyboardEvent('keydown', {key: '/', bubbles: true, cancelable: true})); return document.activeElement.id })()", "q")
	want("keys typed into the search are text", "(() => { const e = new KeyboardEvent('keydown', {key: '?', bubbles: true, cancelable: true}); document.activeElement.dispatchEvent(e); return e.defaultPrevented })()", "false")

	do(chromedp.Evaluate[chromedp.Void](`(() => { const b = document.querySelector('.save .btn:nth-child(2)'); b.click(); b.click(); document.querySelector('.save .btn').click() })()`),
		chromedp.Poll[chromedp.Void]("document.querySelector('.save .btn:nth-child(2)').textContent === '正在保存…'"))
	for posts.Load() == 0 {
		do(chromedp.Evaluate[chromedp.Void]("1"))
	}
	do(chromedp.Evaluate[chromedp.Void]("document.querySelector('.save .btn').click()"))
	if got := *last.Load(); posts.Load() != 1 || got.Get("next") != "yes" || got.Get("side") != "R" || got.Get("document") != "500199196002290131" {
		t.Errorf("%d posts; the first was %v", posts.Load(), got)
	}
}

// htmx runs under the policy, asks for a block, and what it brings in is alive.
func TestHtmxSwapsABlockThatWorks(t *testing.T) {
	e := miniature(t, `{{define "main"}}<h1>x</h1><button data-hx-get="/bit" data-hx-target="#place">go</button><div id="place"></div>{{end}}
		{{define "bit"}}{{field .Form "on"}}{{end}}`)
	var asked atomic.Pointer[http.Request]
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			e.Assets().ServeHTTP(w, r)
			return
		}
		p := miniPage{Base: testBase(e, i18n.Chinese)}
		p.Swaps = true
		p.Form = NewForm(p.Base, sampleDay(), Field{Name: "on", LabelKey: "style.f.seen", Kind: KindDate})
		w.Header().Set("Content-Security-Policy", securityPolicy)
		var err error
		if IsFragment(r) {
			asked.Store(r)
			err = e.Fragment(w, r, http.StatusUnprocessableEntity, "mini", "bit", p)
		} else {
			err = e.Render(w, r, http.StatusOK, "mini", p)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	defer srv.Close()
	ctx := inBrowser(t)
	got, err := "", chromedp.Do(ctx, chromedp.Navigate(srv.URL), chromedp.Click(chromedp.CSS("main button")), chromedp.WaitVisible(chromedp.ID("f-on")),
		chromedp.SendKeys(chromedp.ID("f-on"), "今天"))
	if err == nil {
		got, err = chromedp.Run(ctx, chromedp.Evaluate[string]("document.querySelector('#f-on-line').textContent"))
	}
	if err != nil || got != "2026年11月23日 周一" {
		t.Errorf("the swapped field says %q, %v", got, err)
	}
	if r := asked.Load(); r == nil || r.URL.Path != "/bit" {
		t.Error("the request did not say that it wants a block")
	}
}

// 320 px is a small phone, and a desktop at 400 %: nothing may need sideways
// scrolling but a wide table inside its own box. English has the long words: each
// template is looked at in English, every fourth in Chinese; with -full all are
// in both, and two more samples of each in English.
func TestPagesDoNotScrollSideways(t *testing.T) {
	e, pages := testEngine(t), Pages()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/static/") {
			e.Assets().ServeHTTP(w, r)
			return
		}
		n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		s := pages[n]
		w.Header().Set("Content-Security-Policy", securityPolicy)
		if err := e.Render(w, r, http.StatusOK, s.Name, s.Make(testBase(e, i18n.Lang(r.URL.RawQuery)))); err != nil {
			t.Error(err)
		}
	}))
	defer srv.Close()
	ctx := inBrowserFor(t, 8*time.Minute)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(320, 640)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for i, s := range pages {
		var langs []i18n.Lang
		switch seen[s.Name]++; {
		case seen[s.Name] == 1 && (scaletest.Full() || len(seen)%4 == 0):
			langs = i18n.Langs()
		case seen[s.Name] == 1, seen[s.Name] <= 3 && scaletest.Full():
			langs = []i18n.Lang{i18n.English}
		}
		for _, lang := range langs {
			if err := chromedp.Do(ctx, chromedp.Navigate(fmt.Sprintf("%s/%d?%s", srv.URL, i, lang))); err != nil {
				t.Fatal(err)
			}
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.documentElement.scrollWidth <= 320 ? "" :
				[...document.querySelectorAll("main *")].filter((x) => x.getBoundingClientRect().right > 321 && !x.closest(".scroll, .tabs")).slice(0, 3).map((x) => x.outerHTML.slice(0, 120)).join("; ") || "the frame"`))
			if err != nil || wide != "" {
				t.Errorf("%s %d %s is wider than the screen: %s %v", s.Name, i, lang, wide, err)
			}
		}
	}
}

// The browser reads labels as the server does: the same file of labels binds both.
func TestScriptsReadLabelsLikeTheServer(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "domain", "device", "testdata", "labels.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(filepath.Join("..", "..", "web", "ts"))
	if err != nil {
		t.Fatal(err)
	}
	r := api.Build(api.BuildOptions{Bundle: true, Format: api.FormatIIFE, Stdin: &api.StdinOptions{ResolveDir: dir, Loader: api.LoaderTS, Contents: `
		import { parse, readAll } from "./udi";
		const names = ["di", "ref", "lot", "serial", "expiry", "produced", "quantity"];
		const same = (l: any, v: any) => names.every((k) => (l[k] || "") === (v[k] || ""));
		(globalThis as any).wrong = (labels: any) => {
			const bad: string[] = [];
			for (const v of labels.ok) { const l: any = parse(v.in, labels.today); if (l.fault || l.scheme !== v.scheme || !same(l, v)) bad.push(v.name + " = " + JSON.stringify(l)); }
			for (const v of labels.bad) { const l: any = parse(v.in, labels.today); if (l.fault !== v.fault) bad.push(v.name + " = " + JSON.stringify(l) + ", want " + v.fault); }
			for (const v of labels.groups) { const got = readAll(v.in, labels.today);
				const ok = got.length === v.out.length && got.every((g: any, i: number) => JSON.stringify(g.lines) === JSON.stringify(v.out[i].lines) &&
					(g.fault ? g.fault.fault === v.out[i].fault : !v.out[i].fault && same(g.label, v.out[i])));
				if (!ok) bad.push(v.name + " = " + JSON.stringify(got)); }
			return bad;
		};`}})
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors[0].Text)
	}
	ctx := inBrowser(t)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Evaluate[chromedp.Void](string(r.OutputFiles[0].Contents))); err != nil {
		t.Fatal(err)
	}
	wrong, err := chromedp.Run(ctx, chromedp.Evaluate[[]string]("wrong("+string(raw)+")"))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
}
