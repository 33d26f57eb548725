package acceptance

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestJourney6Auditor: log and ledger are proved, the package of one fund is made
// on the page, made again with the same bytes, checked on a machine that has
// nothing but the public keys, and a paper is checked by somebody who may see
// nothing else.
func TestJourney6Auditor(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	auditor := o.as("auditor")
	auditor.open("/audit-packages")
	auditor.press(`form[action="/audit-packages/proof"] button[type=submit]`)
	auditor.says("日志链完整，台账平衡")
	auditor.pickFirst("fund")
	auditor.fill("from", "2020-01-01")
	auditor.press("")
	auditor.says("已开始制作")
	link := ""
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for range 60 { // the queue looks every second
		auditor.open("/audit-packages")
		if link = auditor.eval(`(document.querySelector('a[href$="/file"]') || {getAttribute() { return '' }}).getAttribute('href')`); link != "" {
			break
		}
		<-again.C
	}
	if link == "" {
		t.Fatal("the package is not made")
	}
	dir := t.TempDir()
	fund := o.sql(`select f.code from audit_package p join fund f on f.id = p.fund_id limit 1`)
	first, second, keys := filepath.Join(dir, "first.zip"), filepath.Join(dir, "second.zip"), filepath.Join(dir, "keys.txt")
	o.run("audit", "package", "--fund", fund, "--from", "2020-01-01", "--to", "2026-12-31", "--out", first)
	o.run("audit", "package", "--cut", first, "--out", second)
	one, err1 := os.ReadFile(first)
	two, err2 := os.ReadFile(second)
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Errorf("two makings of one package differ: %d and %d bytes, %v %v", len(one), len(two), err1, err2)
	}
	if err := os.WriteFile(keys, []byte(o.run("key", "public")), 0o600); err != nil {
		t.Fatal(err)
	}
	laptop := newMachine(t)
	laptop.run("audit", "verify", "--package", second, "--key", keys)

	finance := o.as("finance-ylrm")
	settlement := o.sql(`select s.id from settlement s join organisation h on h.id = s.hospital_id where h.code = 'YLRM' and s.state = 'settled' order by s.settled_on desc limit 1`)
	name := o.sql(`select p.name from settlement s join person p on p.id = s.person_id where s.id = '` + settlement + `'`)
	finance.open("/settlements/" + settlement)
	status := finance.eval(`(() => { const x = new XMLHttpRequest(); x.open('GET', '/settlements/` + settlement + `/form.pdf', false); x.send(); return String(x.status) })()`)
	if status != "200" {
		t.Fatalf("the settlement prints as %s", status)
	}
	code := o.sql(`select code from form_print where object_id = '` + settlement + `'`)
	stranger := o.visit(t, browser(t))
	stranger.open("/verify?code=" + code)
	stranger.says("表单是真的", "费用结算单")
	if bytes.Contains([]byte(stranger.text()), []byte(name)) {
		t.Error("a stranger reads the patient's name")
	}
	stranger.fill("name", name)
	stranger.press("")
	stranger.says("表单是真的，姓名一致")
	stranger.fill("name", name+"某")
	stranger.press("")
	stranger.says("姓名不一致")
	stranger.fill("name", name)
	for field, amount := range map[string]string{"bill": "1", "basic": "0", "critical": "0", "assistance": "0", "fund": "0", "hospital": "0", "net": "1"} {
		stranger.fill(field, amount)
	}
	stranger.press("")
	stranger.says("金额不一致")
}
