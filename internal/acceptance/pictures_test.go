//go:build uifull

package acceptance

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// picture is a page as one role sees it. The record shown is the first one that
// list links to under link; more is what follows the record's address. A list
// beginning with @ is a question to the database that answers the address.
type picture struct{ who, name, list, link, more string }

// keyPages are the pages people judge the product by, as whoever works there.
func keyPages() []picture {
	return []picture{
		{"", "sign-in", "/sign-in", "", ""},
		{"registrar-ylrm", "queue-registrar", "/", "", ""},
		{"registrar-ylrm", "register", "/patients/register", "", ""},
		{"registrar-ylrm", "patients", "/patients", "", ""},
		{"registrar-ylrm", "search", "/search?q=%E7%BD%97", "", ""},
		{"registrar-ylrm", "patient", "/patients", "/patients/", ""},
		{"registrar-ylrm", "patient-edit", "/patients", "/patients/", "/edit"},
		{"registrar-ylrm", "patient-timeline", "/patients", "/patients/", "/timeline"},
		{"registrar-ylrm", "patient-attachments", "/patients", "/patients/", "/attachments"},
		{"registrar-ylrm", "patient-identity", "/patients", "/patients/", "/identity"},
		{"registrar-ylrm", "cases", "/cases", "", ""},
		{"registrar-ylrm", "case", "/cases", "/cases/", ""},
		{"registrar-ylrm", "case-followups", "/cases", "/cases/", "/followups"},
		{"registrar-ylrm", "second-sides", "/second-sides", "", ""},
		{"registrar-ylrm", "referrals", "/referrals", "", ""},
		{"registrar-ylrm", "referral", "@select '/referrals/' || r.id from referral r join organisation o on o.id in (r.from_hospital_id, r.to_hospital_id) where o.code = 'YLRM' order by r.id limit 1", "", ""},
		{"registrar-ylrm", "referral-clock", "/referrals/clock", "", ""},
		{"registrar-ylrm", "followups", "/followups", "", ""},
		{"registrar-ylrm", "followup-calls", "/followups/calls", "", ""},
		{"registrar-ylrm", "followup-forms", "/followups/forms", "", ""},
		{"registrar-ylrm", "followup-rules", "/followup-rules", "", ""},
		{"registrar-ylrm", "deaths", "/deaths", "", ""},
		{"registrar-ylrm", "estimate", "/approvals", "/approvals/", ""},
		{"registrar-ylrm", "messages", "/messages", "", ""},
		{"registrar-ylrm", "settings", "/settings", "", ""},
		{"registrar-ylrm", "security-keys", "/account/passkeys", "", ""},
		{"registrar-ylrm", "second-factor", "/account/second-factor", "", ""},
		{"registrar-ylrm", "sessions", "/account/sessions", "", ""},
		{"registrar-ylrm", "access-tokens", "/account/tokens", "", ""},
		{"registrar-ylrm", "password", "/account/password", "", ""},
		{"registrar-ylrm", "help", "/help", "", ""},
		{"registrar-ylrm", "not-found", "/nowhere", "", ""},
		{"doctor-ylzy", "operations", "/operations", "", ""},
		{"doctor-ylzy", "operation", "/operations", "/operations/", ""},
		{"doctor-ylzy", "operation-photos", "/operations", "/operations/", "/photos"},
		{"doctor-ylzy", "treatment", "@select '/treatments/' || t.id from treatment t join organisation o on o.id = t.hospital_id where o.code = 'YLZY' and t.state = 'discharged'", "", ""},
		{"doctor-ylzy", "devices", "/devices", "", ""},
		{"doctor-ylzy", "device", "/devices", "/devices/", ""},
		{"doctor-ylzy", "stock", "/stock", "", ""},
		{"doctor-ylzy", "recall", "/recall", "", ""},
		{"doctor-ylzy", "alarms", "/alarms", "", ""},
		{"doctor-ylzy", "teaching", "/teaching", "", ""},
		{"visiting-lgrm", "queue-visiting", "/", "", ""},
		{"visiting-lgrm", "theatre", "@select '/treatments/' || t.id || '/theatre' from treatment t join organisation o on o.id = t.hospital_id where o.code = 'YLRM' and t.programme = 'coronary' and t.state = 'admitted' order by t.id limit 1", "", ""},
		{"visiting-lgrm", "operation-new", "@select '/treatments/' || t.id || '/operations/new' from treatment t join organisation o on o.id = t.hospital_id where o.code = 'YLRM' and t.programme = 'coronary' and t.state = 'admitted' order by t.id limit 1", "", ""},
		{"visiting-lgrm", "visits", "/visits", "", ""},
		{"visiting-lgrm", "visit", "/visits", "/visits/", ""},
		{"visiting-lgrm", "visit-report", "/visits", "/visits/", "/report"},
		{"admin-ylrm", "postings", "/postings", "", ""},
		{"visiting-lgrm", "skills", "/skills", "", ""},
		{"visiting-lgrm", "skill", "/skills", "/skills/", ""},
		{"screener-ylrm", "screenings", "/screenings", "", ""},
		{"screener-ylrm", "screening-new", "/screenings/new", "", ""},
		{"screener-ylrm", "screening", "/screenings", "/screenings/", ""},
		{"screener-ylrm", "screening-handover", "/screenings/handover", "", ""},
		{"screener-ylrm", "outreach", "/outreach/zh-CN", "", ""},
		{"admin-ylrm", "outreach-recovery", "/screenings/outboxes", "", ""},
		{"admin-ylrm", "privileges", "/privileges", "", ""},
		{"admin-ylrm", "exceptions", "/exceptions", "", ""},
		{"approver", "meetings", "/meetings", "", ""},
		{"admin-ylrm", "practitioners", "/practitioners", "", ""},
		{"admin-ylrm", "users", "/users", "", ""},
		{"approver", "imports", "/imports", "", ""},
		{"finance-ylzy", "queue-finance", "/", "", ""},
		{"finance-ylzy", "settlements", "/settlements", "", ""},
		{"finance-ylzy", "settlement", "/settlements", "/settlements/", ""},
		{"approver", "queue-approver", "/", "", ""},
		{"approver", "approvals", "/approvals", "", ""},
		{"approver", "approval", "/approvals", "/approvals/", ""},
		{"approver", "funds", "/funds", "", ""},
		{"approver", "policies", "/policies", "", ""},
		{"fund-finance", "payables", "/payables", "", ""},
		{"official", "overview", "/overview", "", ""},
		{"official", "programme", "/desk/programmes/joint", "", ""},
		{"official", "comparison", "/desk/comparison", "", ""},
		{"official", "flows", "/desk/flows", "", ""},
		{"official", "references", "/desk/references", "", ""},
		{"official", "measures", "/measures", "", ""},
		{"official", "reports", "/reports", "", ""},
		{"head-ylzy", "surgeons", "/desk/surgeons", "", ""},
		{"head-ylzy", "surgeon", "/desk/surgeons", "/desk/surgeons/", ""},
		{"auditor", "packages", "/audit-packages", "", ""},
		{"auditor", "alerts", "/alerts", "", ""},
		{"audit-admin", "audit", "/audit", "", ""},
		{"auditor", "audit-case", "@select '/audit/cases/' || id from casefile order by id limit 1", "", ""},
		{"audit-admin", "anchors", "/audit/anchors", "", ""},
		{"system-admin", "organisations", "/organisations", "", ""},
		{"registrar-ylrm", "styleguide", "/styleguide", "", ""},
	}
}

// screens are the sizes a page is taken in.
var screens = []struct {
	name          string
	width, height int64
}{{"desktop", 1366, 768}, {"phone", 360, 740}}

// TestPictures takes every key page into the folder of SHANHAI_TEST_PICTURES:
// make screenshots OUT=DIR. SHANHAI_TEST_PICTURES_ONLY is a part of the names to
// take again.
func TestPictures(t *testing.T) {
	out := os.Getenv("SHANHAI_TEST_PICTURES")
	if out == "" {
		t.Skip("no folder for pictures; make screenshots OUT=DIR names one")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	c := &camera{office: openOffice(t), out: out}
	only := os.Getenv("SHANHAI_TEST_PICTURES_ONLY")
	for _, s := range keyPages() {
		if !strings.Contains(s.name, only) {
			continue
		}
		p := c.person(t, s.who)
		path := c.path(t, p, s)
		if path == "" {
			t.Errorf("%s: %s leads nobody to %s", s.name, s.list, s.link)
			continue
		}
		for _, size := range screens {
			p.do("hold the screen", chromedp.EmulateViewport(size.width, size.height))
			c.take(p, path, s.name+"-"+size.name)
		}
		p.do("hold the screen", chromedp.EmulateViewport(1366, 768))
	}
	c.others(t, only)
}

// camera takes pages of the demonstration into a folder.
type camera struct {
	*office
	out    string
	nobody *person
}

func (c *camera) person(t *testing.T, who string) *person {
	if who != "" {
		return c.as(who)
	}
	if c.nobody == nil {
		c.nobody = c.visit(t, c.browser)
	}
	return c.nobody
}

// path is where a picture is taken.
func (c *camera) path(t *testing.T, p *person, s picture) string {
	t.Helper()
	if query, ok := strings.CutPrefix(s.list, "@"); ok {
		return c.sql(query)
	}
	if s.link == "" {
		return s.list
	}
	p.open(s.list)
	found := p.eval(`(([...document.querySelectorAll("main a")].map((a) => a.getAttribute("href") || "").find((h) => /^[0-9a-f]{8}-/.test(h.slice(` + strconv.Itoa(len(s.link)) + `)) && h.startsWith("` + s.link + `"))) || "")`)
	if found == "" {
		return ""
	}
	const uuid = 36
	return found[:len(s.link)+uuid] + s.more
}

// take writes the whole page as a picture. A page wider than the screen fails.
func (c *camera) take(p *person, path, name string) {
	p.t.Helper()
	status := p.open(path)
	if strings.HasPrefix(path, "/outreach") {
		p.waitFor(`document.querySelector('[data-panel="form"]')?.hidden === false`)
	}
	if status >= 400 && !strings.HasPrefix(name, "not-found") {
		p.t.Errorf("%s: %s answers %d", name, path, status)
	}
	if wide := p.eval(`document.documentElement.scrollWidth > innerWidth ? String(document.documentElement.scrollWidth) : ""`); wide != "" {
		p.t.Errorf("%s is %s pixels wide", name, wide)
	}
	c.whole(p, name)
}

// whole makes the screen as high as the page, so that what stands at its foot
// does, and takes it.
func (c *camera) whole(p *person, name string) {
	p.t.Helper()
	width, high, _ := strings.Cut(p.eval(`innerWidth + " " + Math.max(innerHeight, document.documentElement.scrollHeight)`), " ")
	p.do("unroll the page", chromedp.EmulateViewport(int64(atoi(p.t, width)), int64(atoi(p.t, high))))
	c.write(p, name+".png", chromedp.CaptureScreenshot())
}

func (c *camera) write(p *person, name string, shot chromedp.Action[[]byte]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 4*patience)
	defer cancel()
	raw, err := chromedp.Run(ctx, shot)
	if err != nil {
		p.t.Fatalf("%s: %v", name, err)
	}
	if err := os.WriteFile(filepath.Join(c.out, name), raw, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// others are English, dark and printed pages, and the locked screen.
func (c *camera) others(t *testing.T, only string) {
	t.Helper()
	if !strings.Contains("others", only) {
		return
	}
	p := c.as("official")
	desk := func(p *person) { p.do("a desktop", chromedp.EmulateViewport(1366, 768)) }
	p.do("dark", media("", "dark"))
	for _, x := range [][2]string{{"/overview", "overview-dark"}, {"/desk/flows", "flows-dark"}} {
		desk(p)
		c.take(p, x[0], x[1])
	}
	p.do("light", media("", ""))
	for _, path := range []string{"/overview", "/desk/programmes/joint"} {
		p.open(path)
		c.write(p, "print-"+filepath.Base(path)+".pdf", printed)
	}

	r := c.as("registrar-ylrm")
	r.do("dark", media("", "dark"))
	for _, x := range [][2]string{{"/", "queue-dark"}, {"/patients/register", "register-dark"}, {"/followups/calls", "followup-calls-dark"}} {
		desk(r)
		c.take(r, x[0], x[1])
	}
	r.do("light", media("", ""))
	calls := c.path(t, r, picture{list: "/patients", link: "/patients/"})
	desk(r)
	r.open(calls)
	c.write(r, "print-patient.pdf", printed)
	r.open("/patients/register")
	r.press("form#form button[value=open]")
	c.whole(r, "register-refused-desktop")
	r.do("hold a phone", chromedp.EmulateViewport(360, 740))
	c.whole(r, "register-refused-phone")

	r.speak("en")
	for _, x := range [][2]string{{"/", "queue-en"}, {"/patients/register", "register-en"}, {"/messages", "messages-en"}, {"/followups", "followups-en"}, {"/help", "help-en"}} {
		for _, size := range screens {
			r.do("hold the screen", chromedp.EmulateViewport(size.width, size.height))
			c.take(r, x[0], x[1]+"-"+size.name)
		}
	}
	r.speak("zh-CN")
	for _, size := range screens {
		r.do("hold the screen", chromedp.EmulateViewport(size.width, size.height))
		r.open("/patients")
		r.eval(`(document.querySelector("form[data-lock]").requestSubmit(), "")`)
		r.waitFor(`document.querySelector("#dialog-lock[open]") !== null || location.pathname === "/account/lock"`)
		c.write(r, "lock-"+size.name+".png", chromedp.CaptureScreenshot())
		r.open("/account/lock")
		c.write(r, "lock-page-"+size.name+".png", chromedp.CaptureScreenshot())
		r.fill("_proof", c.password["registrar-ylrm"])
		r.press("form[action='/account/unlock'] button")
	}
}

// speak changes the language of a person who is signed in.
func (p *person) speak(lang string) {
	p.t.Helper()
	p.eval(`(window.spoken = undefined, fetch("/preferences", {method: "POST", body: new URLSearchParams({lang: "` + lang + `", back: "/"})}).then(() => { window.spoken = 1 }), "")`)
	p.waitFor(`window.spoken === 1`)
}

// media says what the screen is: its kind, and whether it is dark.
func media(kind, scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, at *chromedp.Target) error {
		_, err := cdp.Call(ctx, at, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind,
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	})
}

// printed is the page as the browser prints it on A4.
func printed(ctx context.Context, at *chromedp.Target) ([]byte, error) {
	r, err := cdp.Call(ctx, at, page.PrintToPDF, page.PrintToPDFParams{PrintBackground: new(true), PreferCSSPageSize: new(true), PaperWidth: 8.27, PaperHeight: 11.69})
	return r.Data, err
}
