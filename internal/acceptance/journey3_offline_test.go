package acceptance

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// offline is the theatre without a network: the list of the day was loaded
// before, three interventions are written down with their stents and photos, the
// doctor goes to another hospital, the telephone dies, and one of them was
// recorded by a colleague meanwhile.
func (o *office) offline(t *testing.T) {
	began := time.Now()
	defer func() { t.Logf("the part without a network takes %v", time.Since(began).Round(time.Second)) }()
	names := []string{"古映岚", "古映溪", "古映川东"}
	treatments := make([]string, len(names))
	for i, name := range names {
		treatments[i] = o.arrive(t, name, 1944+i)
	}
	const who = "visiting-lgrm"
	before := atoi(t, o.sql(`select count(*) from procedure`))
	p := newPhone(t, o)
	p.signIn(who, o.password[who])
	p.do("open the page", chromedp.Navigate(p.line.url+"/outreach/theatre/zh-CN"))
	p.waitFor(`!document.querySelector("[data-hospitals]").hidden`) // a visitor is at home somewhere else
	p.eval(`(() => { const s = document.getElementById("hospital"); s.value = [...s.options].find((x) => x.text.includes("云岭人民")).value; document.querySelector("[data-begin]").click(); return "" })()`)
	p.waitFor(`navigator.serviceWorker.controller !== null`)
	listed := `[...document.querySelectorAll(".isle-case b")].filter((b) => ["` + strings.Join(names, `", "`) + `"].includes(b.textContent.split(" ")[0])).length === 3`
	p.waitFor(listed)
	p.worksAt("澜港") // the other hospital, set up while there is a network
	p.worksAt("云岭人民")
	p.waitFor(listed)

	p.line.set(lineDown)
	p.theatre() // from what was kept
	photo := village(t)
	for i, name := range names {
		p.operates(t, name, "(01)"+[]string{"09521234007005", "09521234007012", "09521234007029"}[i]+"(240)XQ-30023(17)300101(10)LEER"+strconv.Itoa(i), photo)
	}
	p.says("未上传 3 份", "照片 3 张")
	p.sealedUnless("3 false false", names[0])
	p.worksAt("澜港") // without a network, to what was set up before
	p.says("未上传 3 份")
	p.kill()
	p.start()
	p.theatre() // still no network
	p.waitFor(`document.querySelector("[data-place-name]").textContent.includes("澜港")`)
	p.says("未上传 3 份")

	colleague := o.as("doctor-ylrm")
	colleague.open(treatments[2] + "/operations/new")
	fillPCI(colleague)
	colleague.press("")
	p.line.set(lineUp)
	p.signIn(who, o.password[who])
	p.theatre()
	p.waitFor(`document.querySelectorAll('[data-list="receipts"] li').length === 4 && document.querySelector(".is-conflict table") !== null`)
	p.eval(`(document.querySelector('[data-tab="outbox"]').click(), "")`)
	p.says("未上传 1 份", "内容不一致", "左桡动脉", "右桡动脉")
	p.worksAt("云岭人民") // what differs is settled where it belongs
	p.waitFor(listed)
	p.eval(`(document.querySelector('[data-tab="outbox"]').click(), "")`)
	o.twoKept(t, p, before)
	p.eval(`([...document.querySelectorAll(".is-conflict button")].find((b) => b.textContent === "另存为新的一份").click(), "")`)
	p.waitFor(`document.querySelectorAll('[data-list="receipts"] li').length === 6 && document.body.dataset.sending === "idle"`)
	p.says("全部已上传")
	if got := o.sql(`select count(*) from procedure`); atoi(t, got) != before+4 {
		t.Errorf("both are kept: %s operations, there were %d", got, before)
	}
	if got := o.sql(`select count(*) || ' ' || count(distinct a.procedure_id) || ' ' || bool_and(a.owner_kind = 'treatment' and a.owner_id = o.treatment_id and a.size_bytes between 20000 and 409600)
		from attachment a join procedure o on o.id = a.procedure_id`); got != "4 4 true" {
		t.Errorf("photos of the theatre, their operations, and whether they are with the stays, small: %s", got)
	}
	p.open("/operations/" + o.sql(`select procedure_id from attachment where procedure_id is not null limit 1`) + "/photos")
	p.says("植入物标签", "手术室拍的")
}

// worksAt goes to another hospital on the page of the theatre.
func (p *phone) worksAt(hospital string) {
	p.t.Helper()
	p.waitFor(`!document.querySelector("[data-place]").hidden`)
	p.eval(`(document.querySelector("[data-place-change]").click(), "")`)
	p.eval(`([...document.querySelectorAll("#places li button")].find((b) => b.textContent.includes("` + hospital + `")).click(), "")`)
	p.waitFor(`document.querySelector("[data-place-name]").textContent.includes("` + hospital + `")`)
}

// twoKept compares what arrived with what was written down, and sends it three
// times more.
func (o *office) twoKept(t *testing.T, p *phone, before int) {
	t.Helper()
	count := func(when string) {
		if got := o.sql(`select count(*) || ' ' || (select count(*) from component where lot_key like 'LEER%') from procedure`); got != strconv.Itoa(before+3)+" 2" {
			t.Errorf("%s: %s operations and stents, there were %d", when, got, before)
		}
	}
	count("two of the telephone and one of the colleague")
	for range 3 {
		p.eval(`(window.again = undefined, fetch("/outreach/operations", {method: "POST", headers: {"Content-Type": "application/json"}, body: ` + strconv.Quote(string(p.line.last())) + `})
			.then((r) => r.json()).then((a) => { window.again = a.count + " " + a.created + " " + a.repeated }), "")`)
		p.waitFor(`window.again !== undefined`)
		if got := p.eval(`window.again`); got != "3 0 2" {
			t.Errorf("replayed: %s", got)
		}
	}
	count("replayed")
}

// theatre opens the page of the theatre and waits until it knows its store.
func (p *phone) theatre() {
	p.t.Helper()
	p.do("open the page", chromedp.Navigate(p.line.url+"/outreach/theatre/zh-CN"))
	p.waitFor(`document.querySelector("[data-unsent]")?.textContent !== "–" && (document.querySelectorAll(".isle-case").length > 0 || !document.querySelector('[data-empty="cases"]').hidden || !document.querySelector("[data-told]").hidden)`)
}

// operates writes an intervention down as somebody does with one hand.
func (p *phone) operates(t *testing.T, name, sticker, photo string) {
	t.Helper()
	n := atoi(t, p.unsent())
	p.eval(`([...document.querySelectorAll(".isle-case")].find((b) => b.textContent.includes("` + name + ` ")).click(), "")`)
	p.waitFor(`!document.querySelector("[data-case]").hidden`)
	p.eval(`(() => { const f = document.getElementById("form"); const v = {"coronary.kind": "PCI", "coronary.syndrome": "UA", "coronary.access": "RADIAL_L", "coronary.vessels": "LAD", "coronary.anaesthesia": "LOCAL_INFILTRATION",
			"coronary.drug_eluting": "yes"};
		for (const e of f.elements) if (e.name in v && e.value === v[e.name] && !e.checked) e.click();
		for (const [k, x] of Object.entries({"coronary.stents": "1", scans: ` + strconv.Quote(sticker) + `})) { const e = f.querySelector('[name="' + k + '"]'); e.value = x; e.dispatchEvent(new Event("input", {bubbles: true})) }
		return "" })()`)
	p.do("take a photo", chromedp.SetUploadFiles(chromedp.ID("photo"), []string{photo}))
	p.waitFor(`document.querySelectorAll(".isle-photos li").length === 1`)
	p.eval(`(document.querySelector("[data-save]").click(), "")`)
	p.waitFor(`document.querySelector('[data-count="outbox"]').textContent === "` + strconv.Itoa(n+1) + `" && document.querySelector("[data-case]").hidden`)
}
