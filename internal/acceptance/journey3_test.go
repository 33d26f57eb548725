package acceptance

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/clock"
)

// mostTaps is what logging one intervention may cost a visiting doctor on a phone.
const mostTaps = 12

// TestJourney3TheatreOnAPhone: a visiting doctor logs five interventions of one
// day on a phone, each in a dozen taps. When the privilege has ended, the next
// one is recorded all the same, with a reason, and waits for a second signature.
func TestJourney3TheatreOnAPhone(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	doctor := o.as("visiting-lgrm")
	doctor.do("hold a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch))
	before := o.sql(`select count(*) from procedure where kind = 'PCI'`)
	var last string
	for i, name := range []string{"古映山", "古映川", "古映霞", "古映月", "古映泉", "古映松"} {
		treatment := o.arrive(t, name, 1950+i)
		if i < 2 { // with a thumb, on the page for one hand
			taps := o.byThumb(t, doctor, treatment, i == 0)
			t.Logf("case %d takes %d taps", i+1, taps)
			if taps > mostTaps {
				t.Errorf("the intervention of %s takes %d taps", name, taps)
			}
		} else if i < 5 {
			if taps := o.pci(t, doctor, treatment); taps > mostTaps {
				t.Errorf("the intervention of %s takes %d taps", name, taps)
			}
			if wide := doctor.eval(`String(document.documentElement.scrollWidth > innerWidth)`); wide == "true" {
				t.Error("the page of the treatment scrolls sideways on a phone")
			}
		}
		last = treatment
	}
	if after := o.sql(`select count(*) from procedure where kind = 'PCI'`); atoi(t, after) != atoi(t, before)+5 {
		t.Errorf("%s interventions, there were %s", after, before)
	}
	o.offline(t)
	o.outside(t, doctor, last)
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// arrive registers a patient and takes them to the day of admission.
func (o *office) arrive(t *testing.T, name string, born int) string {
	t.Helper()
	p := o.as("registrar-ylrm")
	p.open("/patients/register")
	p.pick("doc_kind", "none")
	p.fill("name", name)
	p.pick("sex", "male")
	p.fill("birth", strconv.Itoa(born)+"-03-15")
	p.pick("programme", "coronary")
	p.fill("diagnosis", "冠心病")
	if status := p.press("form#form button[value=open]"); status != 200 || !strings.HasPrefix(p.address(), "/patients/") {
		t.Fatalf("registering %s: %d at %s\n%s", name, status, p.address(), cut(p.text()))
	}
	p.open("/cases/" + o.sql(`select c.id from casefile c join person p on p.id = c.person_id where p.name = '`+name+`'`) + "/treatments/new")
	p.fill("plan", "冠脉支架")
	p.press("")
	treatment := p.address()
	p.open(treatment + "/steps/admit_emergency")
	p.fill("reason", "胸痛加重，急诊入院")
	p.press("")
	p.says("已入院")
	return treatment
}

// fillPCI answers what the form asks about an intervention and counts the taps:
// two for a list, one for a button or a box.
func fillPCI(p *person) int {
	taps := 0
	for _, x := range [][2]string{{"kind", "PCI"}, {"syndrome", "UA"}, {"access", "RADIAL_R"}, {"vessels", "LAD"}, {"anaesthesia", "LOCAL_INFILTRATION"}} {
		p.pick(x[0], x[1])
		taps++
		if p.eval(`document.querySelector('[name="`+x[0]+`"]').tagName`) == "SELECT" {
			taps++
		}
	}
	p.fill("stents", "1")
	p.do("drug-eluting", chromedp.Click(chromedp.CSS(`[name="drug_eluting"]`)))
	return taps + 2
}

// pci logs an intervention from the doctor's list of work.
func (o *office) pci(t *testing.T, doctor *person, treatment string) int {
	t.Helper()
	doctor.open(treatment + "/operations/new") // one tap on the list of work
	taps := 1 + fillPCI(doctor)
	if status := doctor.press(""); status != 200 || doctor.address() != treatment {
		t.Fatalf("the intervention: %d at %s\n%s", status, doctor.address(), cut(doctor.text()))
	}
	doctor.says("已手术")
	return taps + 1
}

// tap touches what a selector finds, where a thumb would. Everything that is
// touched is at least 48 pixels high.
func (p *person) tap(selector string) {
	p.t.Helper()
	if h := p.eval(`(() => { const e = document.querySelector(` + strconv.Quote(selector) + `); e.scrollIntoView({block: "center"}); return String(Math.round(e.getBoundingClientRect().height)) })()`); atoi(p.t, h) < 48 {
		p.t.Errorf("%s is %s pixels high", selector, h)
	}
	p.do("tap "+selector, chromedp.Tap(chromedp.CSS(selector)))
}

// byThumb records an intervention with one hand: what is done and how is there
// from the day's last case, once there is one. Nothing is typed.
func (o *office) byThumb(t *testing.T, doctor *person, treatment string, first bool) int {
	t.Helper()
	doctor.open(treatment + "/theatre") // one tap on the list of work
	taps := 1
	tap := func(selector string) {
		doctor.tap(selector)
		taps++
	}
	answer := func(name, value string) { tap(`label:has(> [name="` + name + `"][value="` + value + `"])`) }
	if first {
		answer("kind", "PCI")
		answer("access", "RADIAL_R")
		answer("anaesthesia", "LOCAL_INFILTRATION")
	} else if got := doctor.chosen("kind") + " " + doctor.chosen("access") + " " + doctor.chosen("anaesthesia"); got != "PCI RADIAL_R LOCAL_INFILTRATION" {
		t.Errorf("the second case of the day begins with %q", got)
	}
	answer("syndrome", "UA")
	answer("vessels", "LAD")
	if wide := doctor.eval(`String(document.documentElement.scrollWidth > innerWidth)`); wide == "true" {
		t.Error("the page for one hand scrolls sideways")
	}
	if status := doctor.load("save", chromedp.Tap(chromedp.CSS(".isle-bar button"))); status != 200 || !strings.HasSuffix(doctor.address(), "/parts/new") {
		t.Fatalf("the intervention: %d at %s\n%s", status, doctor.address(), cut(doctor.text()))
	}
	taps++
	doctor.waitFor(`document.querySelector(".camera-bar")?.childElementCount > 0`) // the camera, or why there is none
	if first {
		o.sticker(t, doctor)
	}
	return taps
}

// sticker photographs the labels: small, and without where that was.
func (o *office) sticker(t *testing.T, doctor *person) {
	t.Helper()
	doctor.open(strings.TrimSuffix(doctor.address(), "/parts/new") + "/photos")
	doctor.do("take a photo", chromedp.SetUploadFiles(chromedp.CSS(`[name="file"]`), []string{village(t)}))
	doctor.waitFor(`document.querySelector('[name="file"]').dataset.ready > 0`)
	if status := doctor.load("keep it", chromedp.Tap(chromedp.CSS(".isle-bar button"))); status != 200 {
		t.Fatalf("the photo: %d\n%s", status, cut(doctor.text()))
	}
	doctor.says("植入物标签")
	if got := o.sql(`select media_type || ' ' || (size_bytes between 20000 and 409600) from attachment where kind = 'sticker'`); got != "image/jpeg true" {
		t.Errorf("the photo of the stickers: %s", got)
	}
}

// outside ends the privilege at last midnight; the operation of today is taken,
// marked, and signed by somebody else.
func (o *office) outside(t *testing.T, doctor *person, treatment string) {
	t.Helper()
	yesterday := clock.Today(clock.System{}).AddDays(-1).String()
	privilege := o.sql(`select v.id from privilege v join account a on a.practitioner_id = v.practitioner_id join organisation h on h.id = v.hospital_id
		where a.username = 'visiting-lgrm' and h.code = 'YLRM' and v.kind = 'PCI' and v.to_on >= '` + yesterday + `'`)
	admin := o.as("admin-ylrm")
	if status := admin.open("/privileges/" + privilege); status != 200 {
		t.Fatalf("the privilege: %d", status)
	}
	admin.fill("to", yesterday)
	if status := admin.press(""); status != 200 {
		t.Fatalf("ending the privilege: %d\n%s", status, cut(admin.text()))
	}
	doctor.open(treatment + "/operations/new")
	fillPCI(doctor)
	if status := doctor.press(""); status != 422 {
		t.Errorf("an operation outside of the privilege is taken without a word: %d", status)
	}
	doctor.says("权限已到期")
	doctor.do("look at the mark", chromedp.Click(chromedp.CSS(`[name="confirm"]`)))
	doctor.fill("reason", "夜间急诊")
	if status := doctor.press(""); status != 200 || doctor.address() != treatment {
		t.Fatalf("the operation outside of the privilege: %d at %s\n%s", status, doctor.address(), cut(doctor.text()))
	}
	admin.open("/exceptions")
	admin.says("冠脉介入治疗", "权限已到期", "夜间急诊", "待签")
}
