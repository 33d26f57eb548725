//go:build uifull && pictures

package acceptance

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

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
		t.Fatal("no folder for pictures; make screenshots OUT=DIR names one")
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
		r.press("form[action='/account/unlock'] button[type=submit]")
	}
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
