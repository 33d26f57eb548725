package acceptance

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
)

// account is a line of the file demo writes for programs.
type account struct{ Username, Password string }

// office is the demonstration with a browser for everybody.
type office struct {
	*machine
	browser  context.Context
	password map[string]string
	people   map[string]*person
}

func openOffice(t *testing.T) *office {
	t.Helper()
	return openOfficeIn(t, nil)
}

// openOfficeIn is openOffice with more of an environment.
func openOfficeIn(t *testing.T, env []string) *office {
	t.Helper()
	m := newMachine(t)
	m.furnish()
	m.env = env
	file := filepath.Join(t.TempDir(), "accounts.json")
	shown := m.start("demo", "--accounts-json", file)
	o := &office{machine: m, browser: browser(t), password: map[string]string{}, people: map[string]*person{}}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []account
	readJSON(t, string(raw), &all)
	for _, a := range all {
		o.password[a.Username] = a.Password
		if !strings.Contains(shown, a.Username) {
			t.Errorf("the table of sign-ins leaves out %s", a.Username)
		}
	}
	return o
}

// as is a person of the demonstration, signed in.
func (o *office) as(name string) *person {
	o.t.Helper()
	if o.people[name] == nil {
		p := o.visit(o.t, o.browser)
		p.signIn(name, o.password[name])
		o.people[name] = p
	}
	return o.people[name]
}

// stored counts what a wrong input must not change.
func (o *office) stored() string {
	o.t.Helper()
	return o.sql(`select (select count(*) from person) || ' ' || (select count(*) from registration) || ' ' || (select count(*) from casefile) || ' ' ||
		(select count(*) from treatment) || ' ' || (select count(*) from treatment_event) || ' ' || (select count(*) from settlement) || ' ' || (select count(*) from ledger_transfer)`)
}

// proof is a small picture of a certificate.
func proof(t *testing.T, name string, size int64) string {
	t.Helper()
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 16, 16))
	img.SetGray(3, 3, color.Gray{Y: 200})
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if size > 0 {
		if err := os.Truncate(file, size); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

// The invented patient of the journey: region 500199 was never given out.
const (
	patientName  = "禾晚舟"
	patientBirth = "1961-03-15"
)

func patientNumber() string { return patient.UpgradeNumber("500199610315028") }

// joints is the official's number of joint operations, as the page says it.
func (o *office) joints() (string, *person) {
	o.t.Helper()
	official := o.as("official")
	if status := official.open("/overview?programme=joint"); status != 200 {
		o.t.Fatalf("the overview: %d", status)
	}
	return official.eval(`document.querySelector('a[href^="/figures/joint.procedures"]').innerText`), official
}

var digits = regexp.MustCompile(`\d+`)

func TestJourney1MainLine(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	before, _ := o.joints()
	if digits.FindString(before) != "332" {
		t.Errorf("the demonstration begins with %q joint operations", before)
	}
	caseNo, treatment := o.register(t), ""
	treatment = o.plan(t, caseNo)
	o.approve(t, treatment)
	o.operate(t, treatment)
	o.settle(t, treatment)
	o.review(t, caseNo)
	o.keptApart(t, treatment)
}

// register enters the patient, after every mistake a tired registrar makes.
func (o *office) register(t *testing.T) string {
	p := o.as("registrar-ylzy")
	before := o.stored()
	fillIn := func() {
		p.open("/patients/register")
		p.fill("doc_number", patientNumber()+"\t")
		p.waitFor(`document.querySelector('[name="birth"]').value !== ""`)
		p.fill("name", patientName)
		p.pick("programme", "joint")
		p.fill("diagnosis", "左膝骨关节炎")
		p.fill("township", "北渡镇")
	}
	fillIn()
	if birth, sex := p.chosen("birth"), p.chosen("sex"); birth != patientBirth || sex != "female" {
		t.Errorf("the number filled in birth %q and sex %q", birth, sex)
	}
	kept := func(what string, status int, says ...string) {
		t.Helper()
		if status != 422 && status != 413 {
			t.Errorf("%s: status %d", what, status)
		}
		p.says(says...)
		if p.chosen("township") != "北渡镇" || p.chosen("diagnosis") != "左膝骨关节炎" || p.chosen("programme") != "joint" {
			t.Errorf("%s: the other input is lost", what)
		}
		if now := o.stored(); now != before {
			t.Errorf("%s stored something: %s, was %s", what, now, before)
		}
	}
	number := patientNumber()
	wrong := number[:17] + string('0'+(number[17]-'0'+1)%10)
	p.fill("doc_number", wrong)
	kept("a wrong check digit", p.press(""), "校验")
	if p.chosen("doc_number") != wrong {
		t.Error("the wrong number is not shown again")
	}
	p.pick("doc_kind", "none")
	p.fill("doc_number", "")
	p.fill("birth", clock.Today(clock.System{}).AddDays(30).String())
	kept("a birth date in the future", p.press(""))

	fillIn()
	p.fill("name", "禾'; drop table person;--")
	kept("SQL in a name", p.press(""), "姓名")
	if p.chosen("name") != "禾'; drop table person;--" {
		t.Error("the name is not shown as typed")
	}
	fillIn()
	p.do("choose a large file", chromedp.SetUploadFiles(chromedp.CSS(`[name="proof"]`), []string{proof(t, "large.png", 60<<20)}))
	kept("60 MB", p.press(""))

	fillIn()
	p.fill("phone", "13900001111")
	p.fill("village", "临江村")
	p.pick("category", "DB")
	p.fill("category_from", "2026-01-01")
	p.fill("category_to", "2027-12-31")
	p.do("choose the proof", chromedp.SetUploadFiles(chromedp.CSS(`[name="proof"]`), []string{proof(t, "proof.png", 0)}))
	if status := p.press("form#form button[value=open]"); status != 200 || !strings.HasPrefix(p.address(), "/patients/") {
		t.Fatalf("the registration: %d at %s\n%s", status, p.address(), cut(p.text()))
	}
	p.says(patientName, "已登记")
	caseNo := regexp.MustCompile(`[A-Z]+-\d{4}-\d{5}`).FindString(p.text())

	p.open("/patients/register") // the same person again: seen while typing
	p.fill("doc_number", patientNumber()+"\t")
	p.fill("name", patientName+"\t")
	p.waitFor(`document.querySelector("#slot-duplicates .alert") !== null`)
	p.says("可能已经登记过", patientName)
	return caseNo
}

// plan opens the treatment, confirms who pays, and finds that no step is skipped.
func (o *office) plan(t *testing.T, caseNo string) string {
	p := o.as("registrar-ylzy")
	p.search(caseNo)
	if !strings.HasPrefix(p.address(), "/cases/") {
		t.Fatalf("the case number leads to %s", p.address())
	}
	p.open(p.address() + "/treatments/new")
	p.fill("plan", "左膝全膝关节置换")
	p.press("")
	treatment := p.address()
	if !strings.HasPrefix(treatment, "/treatments/") {
		t.Fatalf("no treatment: %s\n%s", treatment, cut(p.text()))
	}
	p.open(treatment + "/steps/confirm_eligible")
	p.press("")
	p.says("资格已确认")
	before := o.stored()
	p.open(treatment + "/steps/admit")
	p.says("现在还不能办理", "申请减免")
	if status := p.press(""); status < 400 || status >= 500 {
		t.Errorf("a skipped state answers %d", status)
	}
	if now := o.stored(); now != before {
		t.Errorf("a skipped state stored something: %s, was %s", now, before)
	}
	return treatment
}

func (o *office) approve(t *testing.T, treatment string) {
	p := o.as("finance-ylzy")
	p.open(treatment + "/approvals/new")
	for name, value := range map[string]string{"bill": "60000", "basic": "20000", "critical": "5000", "assistance": "8000", "funds.0.amount": "20000", "reason": "低保对象，无力承担"} {
		p.fill(name, value)
	}
	p.pickFirst("funds.0.fund")
	p.press("")
	approval := p.address()
	if !strings.HasPrefix(approval, "/approvals/") {
		t.Fatalf("no application: %s\n%s", approval, cut(p.text()))
	}
	// Who asks does not decide.
	if p.eval(`String(document.querySelectorAll("button[value=approve]").length)`) != "0" {
		t.Error("the applicant is offered the decision")
	}
	approver := o.as("approver")
	approver.open(approval)
	approver.says(patientName, "20,000.00")
	approver.pick("relation", "none")
	approver.press("button[value=approve]")
	approver.says("已批准")
}

func (o *office) operate(t *testing.T, treatment string) {
	registrar := o.as("registrar-ylzy")
	registrar.open(treatment + "/steps/admit")
	registrar.fill("admission_no", "ZY-2026-1")
	registrar.press("")
	registrar.says("已入院")
	doctor := o.as("doctor-ylzy")
	doctor.open(treatment + "/operations/new")
	for name, value := range map[string]string{"kind": "TKA", "side": "L", "indications": "OA", "fixation": "CEMENTED", "anaesthesia": "SPINAL", "asa": "2"} {
		doctor.pick(name, value)
	}
	if status := doctor.press(""); status != 200 || doctor.address() != treatment {
		t.Fatalf("the operation: %d at %s\n%s", status, doctor.address(), cut(doctor.text()))
	}
	doctor.says("左侧全膝关节置换", "已手术")
	registrar.open(treatment + "/steps/discharge")
	registrar.press("")
	registrar.says("已出院")
}

func (o *office) settle(t *testing.T, treatment string) {
	p := o.as("finance-ylzy")
	before := o.stored()
	p.open(treatment + "/settlement/new")
	for name, value := range map[string]string{"bill": "61000", "basic": "20000", "critical": "5000", "assistance": "8000", "net": "8000.01"} {
		p.fill(name, value)
	}
	if status := p.press(""); status != 422 {
		t.Errorf("a net that does not add up: %d", status)
	}
	p.says("个人实付多了 0.01 元")
	if p.chosen("bill") != "61000" && p.chosen("bill") != "61000.00" || !strings.HasPrefix(p.chosen("assistance"), "8000") {
		t.Errorf("the other input is lost: bill %q, assistance %q", p.chosen("bill"), p.chosen("assistance"))
	}
	if now := o.stored(); now != before {
		t.Errorf("a net that does not add up stored something: %s, was %s", now, before)
	}
	p.fill("net", "8000")
	if status := p.press(""); status != 200 || !strings.HasPrefix(p.address(), "/settlements/") {
		t.Fatalf("the settlement: %d at %s\n%s", status, p.address(), cut(p.text()))
	}
	p.says("已结算", "逐分对平", "8,000.00")
}

// review is the official's: the figure moved by one, and its list has the case.
func (o *office) review(t *testing.T, caseNo string) {
	after, official := o.joints()
	if digits.FindString(after) != "333" {
		t.Errorf("the official's figure is %q", after)
	}
	official.says("8,500,000.00") // 8,480,000.00 and the 20,000.00 of this patient
	official.load("open the list", chromedp.Click(chromedp.CSS(`a[href^="/figures/joint.procedures"]`)))
	list := official.text()
	if !strings.Contains(list, caseNo) || !strings.Contains(list, "333") {
		t.Errorf("the list does not have %s:\n%s", caseNo, cut(list))
	}
	if strings.Contains(list, patientName) || !strings.Contains(list, "禾**") {
		t.Error("the official reads the full name")
	}
	donor := o.as("official-donor")
	if status := donor.open("/overview?programme=joint"); status != 200 || !strings.Contains(donor.text(), "333") {
		t.Errorf("the donor's official: %d", status)
	}
	if status := donor.open("/figures/joint.procedures"); status != 403 {
		t.Errorf("the donor's official opens a list: %d", status)
	}
}

// keptApart: the other hospital is told that there is nothing.
func (o *office) keptApart(t *testing.T, treatment string) {
	other := o.as("registrar-ylrm")
	for _, path := range []string{treatment, treatment + "/steps/cancel"} {
		if status := other.open(path); status != 404 {
			t.Errorf("another hospital's registrar opens %s: %d", path, status)
		}
	}
	other.search(patientName)
	if strings.Contains(other.text(), "1961") {
		t.Error("another hospital finds the patient by name")
	}
}
