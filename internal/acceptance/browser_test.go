package acceptance

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is the one browser of all journeys: starting it takes longer than
// most of their steps. Every person has a context of their own in it.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if p, err := exec.LookPath(name); err == nil && path == "" {
			path = p
		}
	}
	if path == "" {
		return nil, errText("no Chromium found. Run: sudo apt-get install -y chromium fonts-noto-cjk")
	}
	dir, err := os.MkdirTemp("", "shanhai-acceptance-browser-")
	if err != nil {
		return nil, err
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "zh-CN"), chromedp.Flag("accept-lang", "zh-CN"), chromedp.UserDataDir(dir))
	ctx, stopAll := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(ctx)
	endBrowser = func() {
		_ = chromedp.Cancel(ctx) // waits for the browser, so that its folder can be removed
		stop()
		stopAll()
		_ = os.RemoveAll(dir)
	}
	return ctx, chromedp.Do(ctx, chromedp.Navigate("about:blank"))
})

// endBrowser ends the browser that was started, if one was.
var endBrowser = func() {}

// browser is Chromium, or a failure with the command that installs it.
func browser(t *testing.T) context.Context {
	t.Helper()
	ctx, err := chromium()
	if err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	return ctx
}

// person is somebody at a browser of their own.
type person struct {
	t   *testing.T
	m   *machine
	ctx context.Context
}

// patience bounds one step of a person; nothing should take a fraction of it.
const patience = 20 * time.Second

// visit opens a window without anybody signed in.
func (m *machine) visit(t *testing.T, browser context.Context) *person {
	t.Helper()
	ctx, stop := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	p := &person{t, m, ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1366, 900)); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *person) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v\nat %s\n%s", what, err, p.address(), cut(p.text()))
	}
}

// open goes to an address; the status of the page comes back.
func (p *person) open(path string) int {
	p.t.Helper()
	return p.load("open "+path, chromedp.Navigate(p.m.url+path))
}

// load does steps that lead to another page and waits for it.
func (p *person) load(what string, steps ...chromedp.Action[chromedp.Void]) int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		p.t.Fatalf("%s: %v\nat %s\n%s", what, err, p.address(), cut(p.text()))
	}
	return int(resp.Status)
}

// search types into the box in the head of the pages.
func (p *person) search(text string) {
	p.t.Helper()
	p.open("/settings")
	p.fill("q", text)
	p.press("form.search button")
}

// signIn goes through the sign-in page.
func (p *person) signIn(name, password string) {
	p.t.Helper()
	p.open("/sign-in")
	p.fill("username", name)
	p.fill("password", password)
	if status := p.load("sign in", chromedp.Click(chromedp.CSS("main button[type=submit], form button[type=submit]"))); status != 200 || strings.Contains(p.address(), "/sign-in") {
		p.t.Fatalf("%s cannot sign in: %d\n%s", name, status, cut(p.text()))
	}
}

// fill types into a box, in place of what is there.
func (p *person) fill(name, value string) {
	p.t.Helper()
	box := chromedp.CSS(`[name="` + name + `"]`)
	p.eval(`(() => { const e = document.querySelector('[name="` + name + `"]'); if (e.value !== "") { e.value = ""; e.dispatchEvent(new Event("input", {bubbles: true})) } return "" })()`)
	if value != "" {
		p.do("fill "+name, chromedp.SendKeys(box, value))
	}
}

// pick chooses a radio button, a box to tick, or an entry of a list.
func (p *person) pick(name, value string) {
	p.t.Helper()
	p.eval(`(() => { const all = [...document.querySelectorAll('[name="` + name + `"]')];
		for (const e of all) if (e.tagName === "SELECT") { e.value = "` + value + `"; e.dispatchEvent(new Event("change", {bubbles: true})) }
			else if (e.value === "` + value + `" && !e.checked) e.click();
		return "" })()`)
	if got := p.chosen(name); got != value {
		p.t.Fatalf("%s cannot be set to %q, it is %q", name, value, got)
	}
}

// pickFirst chooses the first real entry of a list.
func (p *person) pickFirst(name string) {
	p.t.Helper()
	p.pick(name, p.eval(`[...document.querySelector('[name="`+name+`"]').options].map(o => o.value).find(v => v !== "")`))
}

// chosen is the value of a field, whatever its kind.
func (p *person) chosen(name string) string {
	p.t.Helper()
	return p.eval(`(() => { const all = [...document.querySelectorAll('[name="` + name + `"]')];
		const on = all.find(e => (e.type !== "radio" && e.type !== "checkbox") || e.checked); return on ? on.value : "" })()`)
}

// press sends the form of the page by its button.
func (p *person) press(button string) int {
	p.t.Helper()
	if button == "" {
		button = "form#form button[type=submit]"
	}
	return p.load("press "+button, chromedp.Click(chromedp.CSS(button)))
}

func (p *person) eval(js string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[string](js))
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	return got
}

// waitFor waits until an expression holds in the page.
func (p *person) waitFor(js string) {
	p.t.Helper()
	p.do("wait for "+js, func(ctx context.Context, at *chromedp.Target) (chromedp.Void, error) {
		for {
			v, err := chromedp.Poll[chromedp.Void](js)(ctx, at)
			if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "Cannot find context") {
				return v, err
			} // the page was replaced by the next one while it was asked
		}
	})
}

// text is what the page says.
func (p *person) text() string {
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`(document.querySelector("main") || document.body).innerText`))
	if err != nil {
		return err.Error()
	}
	return got
}

// address is the path the browser is at.
func (p *person) address() string {
	got, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](`location.pathname`))
	if err != nil {
		return err.Error()
	}
	return got
}

var (
	oneRecord = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	// Not walked: files, papers, the way out, and what would lock somebody out.
	notWalked = regexp.MustCompile(`^$|export|/file$|\.pdf|/print$|/slip|sign-out|/disable|/reset|/factor|/account/|/lock|/outreach|styleguide|/api|/docs|/merge|/policy$`)
)

// walk opens a page of each shape a role reaches in three steps, at most so many, and
// does something there.
func walk(p *person, most int, do func(path, shape string)) {
	seen := map[string]bool{}
	links := func() []string {
		return strings.Fields(p.eval(`[...new Set([...document.querySelectorAll("a[href^='/']")].map((a) => a.getAttribute("href").replace(/[?#].*/, "")))].join(" ")`))
	}
	next := []string{"/"}
	for range 3 {
		var found []string
		for _, path := range next {
			shape := oneRecord.ReplaceAllString(path, "{id}")
			if len(seen) >= most || seen[shape] || notWalked.MatchString(path) {
				continue
			}
			seen[shape] = true
			if status := p.open(path); status >= 500 {
				p.t.Errorf("%s answers %d", path, status)
				continue
			}
			found = append(found, links()...)
			do(path, shape)
		}
		next = found
	}
}

// says fails when the page does not say something.
func (p *person) says(texts ...string) {
	p.t.Helper()
	page := p.text()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			p.t.Errorf("%s does not say %q:\n%s", p.address(), text, cut(page))
		}
	}
}

func cut(s string) string { return s[:min(len(s), 1500)] }
