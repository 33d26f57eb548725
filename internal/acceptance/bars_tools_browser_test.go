//go:build uifull

package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// misfill puts what no date, amount or number is into every box one types into.
const misfill = `(() => { const f = document.querySelector("form#form[method=post]"); if (!f || !f.querySelector("button[type=submit]:not([data-dialog])")) return "";
	const typed = [];
	for (const e of f.elements) { if (e.readOnly || e.disabled || e.type === "hidden" || !e.name) continue;
		if (/^(text|tel|search|textarea|number)$/.test(e.type)) { e.value = "？？"; typed.push(e.name) }
		if (e.type === "checkbox") e.checked = false;
		if (e.tagName === "SELECT" && [...e.options].some((o) => o.value === "")) e.value = ""; }
	sessionStorage.setItem("typed", JSON.stringify(typed));
	return "filled" })()`

// refused is what is wrong with a page that came back with errors.
const refused = `(() => { const wrong = [], f = document.querySelector("form#form"), box = document.querySelector("#problems");
	if (!/^(错误：|Error:)/.test(document.title)) wrong.push("the title does not begin with the errors: " + document.title);
	if (!box) { if (!document.querySelector("main .alert, main .whynot, main .whynot-body")) wrong.push("nothing says why"); return wrong.join("; ") } // refused as a whole, not at a field
	if (document.activeElement !== box) wrong.push("the summary has no focus");
	const said = new Set();
	for (const a of box.querySelectorAll("li a")) {
		const text = a.textContent.trim(), to = document.getElementById(a.getAttribute("href").slice(1));
		if (said.has(text)) wrong.push("said twice: " + text);
		said.add(text);
		if (!to) { wrong.push(a.getAttribute("href") + " leads nowhere"); continue }
		a.click();
		if (document.activeElement !== to && !to.contains(document.activeElement)) wrong.push("the link does not focus " + to.id);
		if (!to.closest(".bad-field, .field, td, fieldset")) wrong.push(to.id + " stands in no field"); }
	const line = document.querySelectorAll(".error-text").length;
	if (box.querySelectorAll("li a").length && !line) wrong.push("no message stands at its field");
	for (const name of JSON.parse(sessionStorage.getItem("typed"))) if (f?.elements[name]?.value === "") wrong.push(name + " lost what was typed");
	return wrong.join("; ") })()`

// axeHere asks axe about the page as it stands. Colours take axe longest and are
// those of the samples, which are looked at elsewhere.
const axeHere = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], rules: { "color-contrast": { enabled: false } }, resultTypes: ["violations"] })
	.then((r) => r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => v.id + ": " + n.target.join(" ") + " " + n.html.slice(0, 160))))`

// checker is a tool of web/checks, installed by npm ci.
func checker(t *testing.T, path ...string) string {
	t.Helper()
	file, err := filepath.Abs(filepath.Join(append([]string{"..", "..", "web", "checks", "node_modules"}, path...)...))
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		t.Fatalf("the checkers are not here, run npm ci --ignore-scripts in web/checks: %v", err)
	}
	return file
}

// B7, B13: axe names nothing on any page a role reaches, and every form on them,
// filled in wrongly, comes back with 422, its errors first, each leading to its
// field, and everything that was typed; axe names nothing on that either. Of the
// roles only those SHANHAI_TEST_ROLES_ONLY matches go.
func TestEveryFormSaysItsErrorsAndKeepsTheRest(t *testing.T) {
	axe, err := os.ReadFile(checker(t, "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	only, err := regexp.Compile(os.Getenv("SHANHAI_TEST_ROLES_ONLY"))
	if err != nil {
		t.Fatal(err)
	}
	faults := map[string]bool{}
	look := func(p *person, where string) {
		ctx, cancel := context.WithTimeout(p.ctx, 6*patience)
		defer cancel()
		named, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](string(axe)+";"+axeHere, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		for _, fault := range named {
			if !faults[fault] {
				t.Errorf("%s: %s", where, fault)
			}
			faults[fault] = true
		}
	}
	o := openOffice(t)
	done, pages, forms, taken := map[string]bool{}, 0, 0, 0
	for _, who := range []string{"registrar-ylzy", "finance-ylzy", "doctor-ylzy", "visiting-lgrm", "screener-ylrm", "admin-ylrm", "approver", "fund-finance", "auditor", "system-admin", "official", "head-ylzy", "audit-admin", "security-admin", "steward"} {
		if !only.MatchString(who) {
			continue
		}
		p := o.as(who)
		walk(p, 70, func(_, shape string) {
			pages++
			look(p, shape+" as "+who)
			if done[shape] || p.eval(misfill) == "" {
				return
			}
			done[shape] = true
			ctx, cancel := context.WithTimeout(p.ctx, patience)
			defer cancel()
			resp, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS("form#form button[type=submit]:not([data-dialog])")))
			switch {
			case err != nil:
				t.Logf("%s as %s is not sent: %v", shape, who, err)
			case resp.Status >= 500:
				t.Errorf("%s as %s answers %d", shape, who, resp.Status)
			case resp.Status == 422:
				forms++
				if wrong := p.eval(refused); wrong != "" {
					t.Errorf("%s as %s: %s", shape, who, wrong)
				}
				look(p, shape+" refused to "+who)
			default:
				taken++
			}
		})
		t.Logf("%s: %d pages looked at so far", who, pages)
	}
	t.Logf("B7: %d forms came back with their errors, %d took what was typed, of %d", forms, taken, len(done))
	if forms < 25 && only.String() == "" {
		t.Errorf("only %d forms were reached", forms)
	}
}

// cookies are what the browser of a person would send.
func (p *person) cookies() string {
	p.t.Helper()
	got, err := chromedp.Run(p.ctx, func(ctx context.Context, at *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, at, network.GetCookies, network.GetCookiesParams{})
	})
	if err != nil {
		p.t.Fatal(err)
	}
	var all []string
	for _, c := range got.Cookies {
		all = append(all, c.Name+"="+c.Value)
	}
	return strings.Join(all, "; ")
}

// calibrate times a loop of fixed length in the browser, so that a time can be
// read beside the machine it was measured on.
func calibrate(p *person) string {
	return p.eval(`(() => { const at = performance.now(); let x = 1; for (let i = 0; i < 5e7; i++) x = (x * 1664525 + 1013904223) >>> 0; return Math.round(performance.now() - at) + (x === 0 ? " " : "") + " ms" })()`)
}

// lighthouse is what the tool says of a page. It sometimes loses the recording of
// its own browser and then asks to be run again, which says nothing of the page.
func lighthouse(t *testing.T, tool, chrome, url, cookies string) ([]byte, error) {
	t.Helper()
	for again := 3; ; again-- {
		dir := t.TempDir()
		said := filepath.Join(dir, "said.json")
		args := []string{tool, url, "--quiet", "--output=json", "--output-path=" + said, "--only-categories=performance,accessibility,best-practices",
			"--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --user-data-dir=" + filepath.Join(dir, "profile")}
		if cookies != "" {
			headers, _ := json.Marshal(map[string]string{"Cookie": cookies})
			file := filepath.Join(dir, "headers.json")
			if err := os.WriteFile(file, headers, 0o600); err != nil {
				return nil, err
			}
			args = append(args, "--extra-headers="+file)
		}
		cmd := exec.Command("node", args...)
		cmd.Env = append(os.Environ(), "CHROME_PATH="+chrome)
		out, err := cmd.CombinedOutput()
		if err == nil {
			return os.ReadFile(said)
		}
		if again == 0 || !strings.Contains(string(out), "Please run Lighthouse again") {
			return nil, fmt.Errorf("%w\n%s", err, tail(string(out), 600))
		}
		t.Logf("%s: the recording was lost, once more", url)
	}
}

// B12: Lighthouse, as it comes, on ten key pages as on a phone. Accessibility and
// good practice are held; the speed is printed, for it says more of the machine.
func TestLighthouse(t *testing.T) {
	tools := checker(t, "lighthouse", "cli", "index.js")
	chrome, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no Chromium found. Run: sudo apt-get install -y chromium fonts-noto-cjk")
	}
	o := openOffice(t)
	t.Logf("calibration: %s", calibrate(o.as("registrar-ylrm")))
	for _, x := range [][2]string{{"", "/sign-in"}, {"registrar-ylrm", "/"}, {"registrar-ylrm", "/patients/register"}, {"registrar-ylrm", "/patients"}, {"registrar-ylrm", "/cases"}, {"registrar-ylrm", "/followups"},
		{"approver", "/approvals"}, {"fund-finance", "/payables"}, {"official", "/overview"}, {"official", "/measures"}} {
		cookies := ""
		if x[0] != "" {
			cookies = o.as(x[0]).cookies()
		}
		raw, err := lighthouse(t, tools, chrome, o.url+x[1], cookies)
		if err != nil {
			t.Errorf("%s: %v", x[1], err)
			continue
		}
		var got struct {
			Categories map[string]struct {
				Score     float64 `json:"score"`
				AuditRefs []struct {
					ID     string  `json:"id"`
					Weight float64 `json:"weight"`
				} `json:"auditRefs"`
			} `json:"categories"`
			Audits map[string]struct {
				Score *float64 `json:"score"`
				Shown string   `json:"displayValue"`
			} `json:"audits"`
			Environment struct {
				BenchmarkIndex float64 `json:"benchmarkIndex"`
			} `json:"environment"`
			FinalURL string `json:"finalDisplayedUrl"`
		}
		readJSON(t, string(raw), &got)
		if !strings.HasSuffix(got.FinalURL, x[1]) {
			t.Errorf("%s led to %s", x[1], got.FinalURL)
		}
		t.Logf("B12 %-20s performance %3.0f, accessibility %3.0f, best practices %3.0f; LCP %s, TBT %s, CLS %s (benchmark index %.0f)", x[1], 100*got.Categories["performance"].Score, 100*got.Categories["accessibility"].Score,
			100*got.Categories["best-practices"].Score, got.Audits["largest-contentful-paint"].Shown, got.Audits["total-blocking-time"].Shown, got.Audits["cumulative-layout-shift"].Shown, got.Environment.BenchmarkIndex)
		for name, least := range map[string]float64{"accessibility": 1, "best-practices": .95} {
			if got.Categories[name].Score >= least {
				continue
			}
			for _, ref := range got.Categories[name].AuditRefs {
				if a := got.Audits[ref.ID]; ref.Weight > 0 && a.Score != nil && *a.Score < 1 {
					t.Errorf("%s: %s has %.0f, for want of %s", x[1], name, 100*got.Categories[name].Score, ref.ID)
				}
			}
		}
	}
}

// slowly is a machine and a line: the county's computer, and a phone in a village.
type slowly struct {
	name          string
	cpu           float64
	latency, bits float64
	width, height int64
}

// B10, B11, B29: times on slow machines are printed beside a calibration loop and
// fail nothing.
func TestTimesOnSlowMachines(t *testing.T) {
	o := openOffice(t)
	p := o.as("registrar-ylrm")
	p.open("/patients")
	t.Logf("calibration: %s", calibrate(p))
	for _, s := range []slowly{{"B10 county computer", 4, 50, 10e6, 1366, 768}, {"B11 village phone", 6, 400, 400e3, 360, 740}} {
		p.do("slow down", chromedp.EmulateViewport(s.width, s.height), chromedp.Func(func(ctx context.Context, at *chromedp.Target) error {
			if _, err := cdp.Call(ctx, at, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: s.cpu}); err != nil {
				return err
			}
			if _, err := cdp.Call(ctx, at, network.ClearBrowserCache, cdp.Empty{}); err != nil {
				return err
			}
			_, err := cdp.Call(ctx, at, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
				MatchedNetworkConditions: []*network.Conditions{{Latency: s.latency, DownloadThroughput: s.bits / 8, UploadThroughput: s.bits / 8}}})
			return err
		}))
		for _, kind := range []string{"cold", "warm"} {
			p.open("/patients/register")
			p.eval(`(window.seen = {lcp: 0, cls: 0, tbt: 0}, new PerformanceObserver((l) => { for (const e of l.getEntries()) seen.lcp = Math.max(seen.lcp, e.startTime) }).observe({type: "largest-contentful-paint", buffered: true}),
				new PerformanceObserver((l) => { for (const e of l.getEntries()) seen.cls += e.value }).observe({type: "layout-shift", buffered: true}),
				new PerformanceObserver((l) => { for (const e of l.getEntries()) seen.tbt += Math.max(0, e.duration - 50) }).observe({type: "longtask", buffered: true}), "")`)
			p.eval(`(window.waited = undefined, setTimeout(() => { window.waited = 1 }, 400), "")`)
			p.waitFor(`window.waited === 1`)
			t.Logf("%s, %s: %s", s.name, kind, p.eval("`LCP ${Math.round(seen.lcp)} ms, usable ${Math.round(performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd)} ms, blocked ${Math.round(seen.tbt)} ms, shift ${seen.cls.toFixed(3)}`"))
		}
	}
	official := o.as("official")
	pdf := official.report("year", "2025-06-30")
	for _, x := range []struct{ path, begins string }{{pdf, "%PDF"}, {strings.Replace(pdf, "format=pdf", "format=docx", 1), "PK"},
		{"/figures/joint.patients/export?format=xlsx", "PK"}, {"/overview/export?by=hospital&format=xlsx&profile=exact", "PK"}, {"/overview/export?by=hospital&format=csv&profile=exact", "\ufeff"}} {
		at := time.Now()
		raw, kind := official.carry(x.path)
		t.Logf("B29 %s: %d KB in %v (%s)", x.path, len(raw)/1000, time.Since(at).Round(time.Millisecond), kind)
		if !bytes.HasPrefix(raw, []byte(x.begins)) {
			t.Errorf("%s is no file of its kind", x.path)
		}
	}
}

// Plain http from another computer: the pages work, and where the camera, the
// page without a network and security keys would be they say why they are not.
func TestPlainHTTPSaysWhatIsMissing(t *testing.T) {
	m := newMachine(t)
	m.furnish()
	m.start("demo", "--allow-plain-http=true")
	const port = "http://localhost"
	lan := *m
	lan.url = "http://shanhai.lan" + strings.TrimPrefix(m.url, port) // a name that is no local one
	dir := t.TempDir()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "zh-CN"), chromedp.Flag("accept-lang", "zh-CN"), chromedp.Flag("host-resolver-rules", "MAP shanhai.lan 127.0.0.1"), chromedp.UserDataDir(filepath.Join(dir, "profile")))
	ctx, stopAll := chromedp.NewExecAllocator(context.Background(), opts...)
	defer stopAll()
	ctx, stop := chromedp.NewContext(ctx)
	defer stop()
	p := &person{t, &lan, ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844)); err != nil {
		t.Fatalf("Chromium does not start: %v", err)
	}
	p.signIn("visiting-lgrm", "Shanhai-demo-2026")
	if got := p.eval(`String(isSecureContext) + document.body.innerText.includes("连接未加密")`); got != "falsetrue" {
		t.Errorf("secure, and whether the banner stands: %s", got)
	}
	p.open(m.sql(`select '/treatments/' || t.id || '/theatre' from treatment t join organisation o on o.id = t.hospital_id where o.code = 'YLRM' and t.programme = 'coronary' and t.state = 'admitted' order by t.id limit 1`))
	p.waitFor(`document.querySelector("form") !== null`)
	operation := m.sql(`select '/operations/' || p.id || '/parts/new' from procedure p join organisation o on o.id = p.hospital_id join practitioner d on d.id = p.lead_id where o.code = 'YLRM' and d.name = '顾听澜' and p.validated_at is null order by p.id desc limit 1`)
	if operation != "" && p.open(operation) == 200 {
		p.waitFor(`document.querySelector(".camera-bar")?.childElementCount > 0`)
		p.says("浏览器不允许用相机")
	}
	p.open("/account/passkeys")
	p.says("安全密钥")

	q := &person{t, &lan, ctx}
	q.load("leave", chromedp.Evaluate[chromedp.Void](`document.querySelector('form[action="/sign-out"]').submit()`))
	q.signIn("screener-ylrm", "Shanhai-demo-2026")
	q.open("/outreach/zh-CN")
	q.waitFor(`document.querySelector('[data-why="insecure"]')?.hidden === false`)
	q.says("这个地址不能离线登记", "请用普通筛查表")
	if status := q.open("/screenings/new"); status != 200 {
		t.Errorf("the ordinary form answers %d", status)
	}
}
