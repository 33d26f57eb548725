package acceptance

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// phone is a browser with a profile that outlives it.
type phone struct {
	*person
	profile string
	stop    context.CancelFunc
	line    *line
}

func newPhone(t *testing.T, o *office) *phone {
	t.Helper()
	l := newLine(t, o.url)
	m := *o.machine
	m.url = l.url
	profile, err := os.MkdirTemp("", "shanhai-phone-")
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{person: &person{t: t, m: &m}, profile: profile, line: l}
	p.start()
	t.Cleanup(func() {
		p.kill()
		_ = os.RemoveAll(profile) // a killed browser's children may still write; the system's own cleaning takes the rest
	})
	return p
}

func (p *phone) start() {
	p.t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		p.t.Fatal("no Chromium found. Run: sudo apt-get install -y chromium fonts-noto-cjk")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("accept-lang", "zh-CN"), chromedp.Flag("lang", "zh-CN"), chromedp.UserDataDir(p.profile))
	ctx, stopAll := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, stop := chromedp.NewContext(ctx)
	p.ctx, p.stop = ctx, func() { stop(); stopAll() }
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile)); err != nil {
		p.t.Fatalf("Chromium does not start: %v", err)
	}
	// A session ends with its browser; one that was killed may have written it down now and then.
	if _, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the browser as an empty battery does.
func (p *phone) kill() {
	if c := chromedp.FromContext(p.ctx); c != nil && c.Browser != nil && c.Browser.Process() != nil {
		_ = c.Browser.Process().Kill()
	}
	p.stop()
}

// island opens the page for outreach days and waits until it knows its store.
func (p *phone) island() {
	p.t.Helper()
	p.do("open the page", chromedp.Navigate(p.line.url+"/outreach/zh-CN"))
	p.waitFor(`document.querySelector("[data-unsent]")?.textContent !== "–"`)
}

func (p *phone) unsent() string {
	p.t.Helper()
	return p.eval(`document.querySelector('[data-count="outbox"]').textContent || "0"`)
}

// notes fills the form as somebody in a village does, and keeps it.
func (p *phone) notes(name string, photo string) {
	p.t.Helper()
	n, err := strconv.Atoi(p.unsent())
	if err != nil {
		p.t.Fatal(err)
	}
	if photo != "" {
		p.do("take a photo", chromedp.SetUploadFiles(chromedp.ID("photo"), []string{photo}))
		p.waitFor(`document.querySelectorAll(".isle-photos li").length === 1`)
	}
	p.eval(`(() => { const f = document.getElementById("form"); const v = {township: "石坪镇", village: "松岭村", name: "` + name + `", sex: "female", birth: "68", programme: "joint", site: "knee", side: "L",
			triage: "SURGERY_ADVISED", answer: "WILLING"};
		for (const e of f.elements) if (e.name in v) { if (e.type === "radio") { if (e.value === v[e.name]) e.click() } else { e.value = v[e.name]; e.dispatchEvent(new Event("input", {bubbles: true})) } }
		document.querySelector("[data-save]").click(); return "" })()`)
	p.waitFor(`document.querySelector('[data-count="outbox"]').textContent === "` + strconv.Itoa(n+1) + `" && document.querySelector("[name=name]").value === ""`)
}

// village is a photo as a telephone takes it, larger than may be kept, and with
// the place it was taken.
func village(t *testing.T) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 2400, 1800))
	seed := uint32(1)
	for y := range 1800 {
		for x := range 2400 {
			seed = seed*1664525 + 1013904223
			n := uint8(seed>>24) / 6
			img.Set(x, y, color.RGBA{uint8(x/12) + n, uint8(y/9) + n, 120 + n, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	exif := append([]byte{0xFF, 0xE1, 0, 16}, "Exif\x00\x00GPS 29,10"[:14]...)
	file := filepath.Join(t.TempDir(), "IMG_1.jpg")
	if err := os.WriteFile(file, bytes.Join([][]byte{b.Bytes()[:2], exif, b.Bytes()[2:]}, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const (
	journeyForms  = 20
	journeyPhotos = 5
)

// TestJourney5OutreachOffline: a screener signs in once, works a day in a village
// without a network, the browser dies, the line breaks at the worst moments, and
// every form and photo arrives exactly once.
func TestJourney5OutreachOffline(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	p := newPhone(t, o)
	const who = "screener-ylrm"
	p.signIn(who, o.password[who])
	p.island()
	p.waitFor(`navigator.serviceWorker.controller !== null`)
	p.waitFor(`!document.querySelector('[data-panel="form"]').hidden`)
	before := atoi(t, o.sql(`select count(*) from screening`))

	p.line.set(lineDown)
	began := time.Now()
	p.island()
	t.Logf("opens without a network in %v", time.Since(began).Round(time.Millisecond))
	photo := village(t)
	for i := range journeyForms {
		shot := ""
		if i < journeyPhotos {
			shot = photo
		}
		p.notes("村民"+string(rune('甲'+i)), shot)
	}
	p.says("未上传 20 份", "照片 5 张")
	p.sealed("村民")

	p.kill()
	p.start()
	p.island() // still no network
	p.says("未上传 20 份")
	p.line.set(lineUp)
	p.waitFor(`!document.querySelector("[data-told-link]").hidden`) // the session ended with the browser; the forms did not
	p.line.set(lineCut)
	p.signIn(who, o.password[who])
	p.island()
	p.stored(o, before+journeyForms)
	if n := p.unsent(); n != "20" {
		t.Errorf("without an answer %s are unsent", n)
	}
	p.line.set(lineHold)
	p.eval(`(document.querySelector("[data-send]").click(), "")`)
	<-p.line.held
	p.kill() // in the middle of it
	p.start()
	p.line.set(lineUp)
	p.signIn(who, o.password[who])
	p.island()
	p.receipts(journeyForms + journeyPhotos)
	p.says("全部已上传", "回执 25 份：筛查 20，照片 5")
	p.stored(o, before+journeyForms)
	p.replay(o, before+journeyForms)
	if got := o.sql(`select count(*) || ' ' || bool_and(size_bytes between 20000 and 409600) from attachment where owner_kind = 'screening' and created_at > now() - interval '10 minutes'`); got != "5 true" {
		t.Errorf("photos: %s", got)
	}
	if got := o.sql(`select string_agg(substr(name, 3), '' order by id) from screening where name like '村民%'`); got != letters() {
		t.Errorf("not in their order: %s", got)
	}
	p.conflict(o, before+journeyForms)
	p.leave(o, who)
}

func letters() string {
	var b strings.Builder
	for i := range journeyForms {
		b.WriteRune(rune('甲' + i))
	}
	return b.String()
}

// sealed fails when the store of the browser can be read.
func (p *phone) sealed(text string) { p.sealedUnless("20 false false", text) }

// sealedUnless compares how many forms there are, whether they or what lies beside
// them can be read, and whether the key shows itself.
func (p *phone) sealedUnless(want, text string) {
	p.t.Helper()
	p.eval(`(indexedDB.open("shanhai-outreach").onsuccess = (e) => { const t = e.target.result.transaction(["forms", "boxes", "meta"]);
		t.objectStore("boxes").getAll().onsuccess = (b) => t.objectStore("meta").getAll().onsuccess = (m) => t.objectStore("forms").getAll().onsuccess = (r) => {
			const text = [...r.target.result, ...m.target.result].map((f) => JSON.stringify(f) + new TextDecoder().decode(f.data ?? f.draft?.data)).join();
			const key = b.target.result[0].key;
			window.found = r.target.result.length + " " + text.includes("` + text + `") + " " + key.extractable } }, "")`)
	p.waitFor(`window.found !== undefined`)
	if got := p.eval(`window.found`); got != want {
		p.t.Errorf("forms, whether they can be read, whether the key shows itself: %s", got)
	}
}

// stored waits until the office has so many screenings, and no more.
func (p *phone) stored(o *office, want int) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	got := -1
	for got != want && time.Now().Before(deadline) {
		got = atoi(p.t, o.sql(`select count(*) from screening`))
	}
	if got != want {
		p.t.Fatalf("%d screenings, want %d", got, want)
	}
}

func (p *phone) receipts(n int) {
	p.t.Helper()
	p.waitFor(`document.querySelectorAll('[data-list="receipts"] li').length >= ` + strconv.Itoa(n) + ` && document.body.dataset.sending === "idle"`)
	p.eval(`(document.querySelector('[data-tab="receipts"]').click(), "")`)
}

// replay sends the last forms three times more.
func (p *phone) replay(o *office, want int) {
	p.t.Helper()
	for range 3 {
		p.eval(`(window.again = undefined, fetch("/outreach/forms", {method: "POST", headers: {"Content-Type": "application/json"}, body: ` + strconv.Quote(string(p.line.last())) + `})
			.then((r) => r.json()).then((a) => { window.again = a.count + " " + a.created + " " + a.repeated }), "")`)
		p.waitFor(`window.again !== undefined`)
		if got := p.eval(`window.again`); got != "20 0 20" {
			p.t.Errorf("replayed: %s", got)
		}
	}
	p.stored(o, want)
}

// conflict changes a form that had arrived without its answer: both stand side
// by side until somebody decides.
func (p *phone) conflict(o *office, have int) {
	p.t.Helper()
	p.eval(`(document.querySelector('[data-tab="form"]').click(), "")`)
	p.line.set(lineCut)
	p.notes("村民改", "")
	p.stored(o, have+1)
	p.line.set(lineDown)
	p.eval(`(document.querySelector('[data-tab="outbox"]').click(), [...document.querySelectorAll(".isle-item button")].find((b) => b.textContent === "修改").click(), "")`)
	p.waitFor(`document.querySelector("[name=name]").value === "村民改"`)
	p.eval(`(document.querySelector("[name=side][value=R]").click(), document.querySelector("[data-save]").click(), "")`)
	p.waitFor(`document.querySelector("[name=name]").value === ""`)
	p.line.set(lineUp)
	p.eval(`(document.querySelector('[data-tab="outbox"]').click(), document.querySelector("[data-send]").click(), "")`)
	p.waitFor(`document.querySelector(".is-conflict table") !== null`)
	p.says("内容不一致", "左侧", "右侧", "以服务器为准")
	p.stored(o, have+1)
	p.eval(`([...document.querySelectorAll(".is-conflict button")].find((b) => b.textContent === "另存为新的一份").click(), "")`)
	p.stored(o, have+2)
	p.receipts(journeyForms + journeyPhotos + 1)
}

// leave signs out with a form unsent: it says so, and the form waits for its
// owner.
func (p *phone) leave(o *office, who string) {
	p.t.Helper()
	p.eval(`(document.querySelector('[data-tab="form"]').click(), "")`)
	p.line.set(lineMute)
	p.notes("村民留", "")
	p.do("another page", chromedp.Navigate(p.line.url+"/screenings"))
	p.waitFor(`document.querySelector(".unsent-line")?.textContent.includes("1 份")`)
	p.eval(`(document.querySelector('form[action="/sign-out"] button').click(), "")`)
	p.waitFor(`document.querySelector("dialog[open]")?.textContent.includes("还有 1 份")`)
	p.load("leave all the same", chromedp.Click(chromedp.CSS("dialog[open] .btn:not(.btn-primary)")))
	p.line.set(lineUp)
	p.island()
	p.waitFor(`!document.querySelector("[data-told-link]").hidden`)
	if name := p.eval(`String(document.querySelector('[data-list="outbox"]').textContent.includes("村民留"))`); name != "false" {
		p.t.Error("after signing out the form can be read")
	}
	p.signIn(who, o.password[who])
	p.island()
	p.receipts(journeyForms + journeyPhotos + 2)
	if n := o.sql(`select count(*) from screening where name = '村民留'`); n != "1" {
		p.t.Errorf("%s forms of who signed out", n)
	}
}
