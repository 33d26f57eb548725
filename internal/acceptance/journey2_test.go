package acceptance

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestJourney2TwoHospitals: one knee was done in the district, the other is done
// in the donor city. It stays one case of one person with two operations, two
// hospitals and one story.
func TestJourney2TwoHospitals(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	home, there := o.as("registrar-ylrm"), o.as("registrar-lgzy")
	patients, operations := o.figure("joint.patients"), o.figure("joint.procedures")

	// The worklist of the other side leads to a case nobody has referred yet.
	home.open("/second-sides?programme=joint")
	caseID := o.sql(`select c.id from casefile c join organisation h on h.id = c.home_hospital_id where h.code = 'YLRM' and c.wait_need = 'planned' and c.second_side <> ''
		and not exists (select 1 from referral r where r.case_id = c.id) order by c.case_no limit 1`)
	caseNo := o.sql(`select case_no from casefile where id = '` + caseID + `'`)
	person := o.sql(`select person_id from casefile where id = '` + caseID + `'`)
	side := o.sql(`select second_side from casefile where id = '` + caseID + `'`)
	home.says(caseNo)
	if status := there.open("/cases/" + caseID); status != 404 {
		t.Errorf("before the referral the other hospital opens the case: %d", status)
	}
	referral := o.refer(t, home, caseID)
	o.accept(t, there, referral, caseID)
	there.open("/patients/" + person + "/attachments") // the family shows its certificate
	there.pick("kind", "poverty")
	there.do("choose the proof", chromedp.SetUploadFiles(chromedp.CSS(`[name="file"]`), []string{proof(t, "低保证.png", 0)}))
	there.press("")
	there.says("低保证.png")
	o.otherSide(t, there, caseID, side)
	there.open("/patients/" + person + "/timeline") // one story for both while the request is open
	there.says("云岭人民", "澜港中医", "左侧全膝关节置换", "右侧全膝关节置换")
	there.open(referral + "/finish")
	there.fill("reason", "第二侧手术顺利，请当地随访")
	there.press("")
	there.says("已完成")
	home.open(referral)
	home.says("第二侧手术顺利")

	if after := o.figure("joint.patients"); after != patients {
		t.Errorf("the person counts again: %s, was %s", after, patients)
	}
	if after := o.figure("joint.procedures"); after == operations {
		t.Error("the second operation is not counted")
	}
	if n := o.sql(`select count(*) from casefile where person_id = '` + person + `' and programme = 'joint'`); n != "1" {
		t.Errorf("%s cases", n)
	}
	home.open("/second-sides?programme=joint")
	if strings.Contains(home.text(), caseNo) {
		t.Error("the case still waits for its other side")
	}
	home.open("/patients/" + person + "/timeline")
	home.says("云岭人民", "澜港中医", "左侧全膝关节置换", "右侧全膝关节置换")
	there.open("/patients/" + person + "/timeline") // the request has ended: the own part stays
	there.says("第二侧全膝关节置换", "转诊回复并结束")
	if strings.Contains(there.text(), "左侧全膝关节置换") && strings.Contains(there.text(), "右侧全膝关节置换") {
		t.Error("after the end the receiver still reads the home's operation")
	}
}

// figure is a number of the official's overview.
func (o *office) figure(id string) string {
	o.t.Helper()
	official := o.as("official")
	official.open("/overview?programme=joint")
	return digits.FindString(official.eval(`document.querySelector('a[href^="/figures/` + id + `"]').innerText`))
}

// refer sends the patient to the donor city's hospital for the other side.
func (o *office) refer(t *testing.T, home *person, caseID string) string {
	home.open("/cases/" + caseID + "/refer")
	home.pick("to", o.sql(`select id from organisation where code = 'LGZY'`))
	home.pick("purpose", "second_side")
	if status := home.press(""); status != 422 {
		t.Errorf("a referral without a reason: %d", status)
	}
	home.fill("reason", "家属希望由协作城市的专家做第二侧")
	home.press("")
	if !strings.HasPrefix(home.address(), "/referrals/") {
		t.Fatalf("no referral: %s\n%s", home.address(), cut(home.text()))
	}
	return home.address()
}

// accept opens the case to the receiver for a period.
func (o *office) accept(t *testing.T, there *person, referral, caseID string) {
	there.open("/referrals")
	there.says("做另一侧")
	there.open(referral + "/accept")
	there.eval(`(() => { const all = document.querySelectorAll('[name="basis"]'); if (all.length && ![...all].some(e => e.checked)) all[0].click(); return "" })()`)
	if status := there.press(""); status != 200 || there.address() != referral {
		t.Fatalf("accepting: %d at %s\n%s", status, there.address(), cut(there.text()))
	}
	there.says("已接受")
	if status := there.open("/cases/" + caseID); status != 200 {
		t.Fatalf("the accepted case does not open: %d", status)
	}
}

// otherSide takes the second treatment at the receiver from its plan to the discharge.
func (o *office) otherSide(t *testing.T, there *person, caseID, side string) {
	there.open("/cases/" + caseID + "/treatments/new")
	there.fill("plan", "第二侧全膝关节置换")
	there.press("")
	treatment := there.address()
	if !strings.HasPrefix(treatment, "/treatments/") {
		t.Fatalf("no treatment: %s\n%s", treatment, cut(there.text()))
	}
	there.open(treatment + "/steps/confirm_eligible")
	there.press("")
	there.says("资格已确认")
	there.open(treatment + "/steps/forgo_reduction")
	there.fill("reason", "第二侧由商业保险支付")
	there.press("")
	there.open(treatment + "/steps/admit")
	there.press("")
	there.says("已入院")
	doctor := o.as("doctor-lgzy")
	doctor.open(treatment + "/operations/new")
	for name, value := range map[string]string{"kind": "TKA", "side": side, "indications": "OA", "anaesthesia": "SPINAL"} {
		doctor.pick(name, value)
	}
	status := doctor.press("")
	if doctor.eval(`String(document.querySelectorAll('[name="confirm"]').length)`) != "0" { // what is unusual was shown and is looked at
		doctor.do("confirm the marks", chromedp.Click(chromedp.CSS(`[name="confirm"]`)))
		status = doctor.press("")
	}
	if status != 200 || doctor.address() != treatment {
		t.Fatalf("the operation: %d at %s\n%s", status, doctor.address(), cut(doctor.text()))
	}
	there.open(treatment + "/steps/discharge")
	there.press("")
	there.says("已出院")
}
