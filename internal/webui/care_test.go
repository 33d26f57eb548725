package webui

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// hidden is a hidden value of a page's form.
func hidden(t *testing.T, a answer, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("the form has no hidden %s: %d", name, a.status)
	}
	return m[1]
}

// submit posts a form with the hidden values of the page it stood on.
func (b *browser) submit(page answer, path string, pairs ...string) answer {
	b.s.t.Helper()
	pairs = append(pairs, "_key", hidden(b.s.t, page, "_key"))
	if strings.Contains(page.body, `name="version"`) {
		pairs = append(pairs, "version", hidden(b.s.t, page, "version"))
	}
	return b.post(path, pairs...)
}

func TestARegistrarTakesACaseFromOpeningToAdmission(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	patient := "/patients/" + s.Patient(servicetest.Mountain, "向云禾").String()
	contains(t, "the page of record", b.get(patient), "向云禾", "新建病例", "低保对象")

	form := b.get(patient + "/cases/new")
	wrong := b.submit(form, patient+"/cases", "diagnosis", "右膝骨关节炎")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("without a programme: %d", wrong.status)
	}
	contains(t, "the form after it", wrong, `value="右膝骨关节炎"`)
	opened := b.submit(form, patient+"/cases", "programme", "joint", "diagnosis", "右膝骨关节炎")
	if opened.status != http.StatusSeeOther || !strings.HasPrefix(opened.location, "/cases/") {
		t.Fatalf("opening: %d %s", opened.status, opened.body)
	}
	contains(t, "the case", b.get(opened.location), "SH-2026-00001", "安排治疗", "已新建病例")
	contains(t, "the queue", b.get("/"), "安排治疗", "向云禾")

	form = b.get(opened.location + "/treatments/new")
	planned := b.submit(form, opened.location+"/treatments", "plan", "右膝全膝置换", "planned_on", "2026-11-30")
	if planned.status != http.StatusSeeOther {
		t.Fatalf("planning: %d", planned.status)
	}
	at := planned.location
	contains(t, "the treatment", b.get(at), "待核资格", at+"/steps/confirm_eligible")

	form = b.get(at + "/steps/admit_emergency")
	wrong = b.submit(form, at+"/steps/admit_emergency", "on", "2030-01-01", "admission_no", "ZY-1", "reason", "急诊")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("an admission in the future: %d", wrong.status)
	}
	contains(t, "the form after it", wrong, "日期不能晚于今天", `value="ZY-1"`, "急诊")
	want(t, "the emergency", b.submit(form, at+"/steps/admit_emergency", "on", s.Today().String(), "reason", "急诊"), http.StatusSeeOther, at)
	contains(t, "the treatment", b.get(at), "已入院", "先治后批")
	contains(t, "the timeline", b.get(patient), "急诊先入院")
}

func TestASkippedStepSaysWhyNotAndWhatWould(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	tr := s.Treatment(servicetest.Mountain, procedure.Joint, "田知夏")
	at := "/treatments/" + tr.ID.String()
	page := b.get(at + "/steps/discharge")
	contains(t, "the skipped step", page, "现在还不能办理", "待核资格")
	got := b.submit(page, at+"/steps/discharge", "on", "2026-11-01")
	if got.status != http.StatusUnprocessableEntity {
		t.Errorf("skipping: %d", got.status)
	}
	s.Exec(`update beneficiary set to_on = '2025-06-30'`)
	got = b.submit(b.get(at+"/steps/confirm_eligible"), at+"/steps/confirm_eligible")
	contains(t, "the refusal", got, "补充困难类别和有效期", "/patients/"+tr.Person.String()+"/categories")
	if n := s.Count(`select count(*) from treatment_event`); n != 1 {
		t.Errorf("%d events after refusals", n)
	}
	for _, path := range []string{at + "/steps/nonsense", "/treatments/abc", "/cases/abc", "/operations/abc", "/referrals/abc/reject"} {
		if got := b.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	other := s.clerk(user.Registrar, servicetest.MountainTwo)
	for _, path := range []string{at, at + "/steps/confirm_eligible", "/cases/" + tr.Case.String(), "/patients/" + tr.Person.String()} {
		if got := other.get(path); got.status != http.StatusNotFound || strings.Contains(got.body, "田知夏") {
			t.Errorf("another hospital, %s: %d", path, got.status)
		}
	}
}

func TestAnOperationIsLoggedInTheBrowserAndMarksAreConfirmed(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	lead := s.Doctor(servicetest.Mountain).PractitionerID.String()
	tr := s.Treatment(servicetest.Mountain, procedure.Joint, "冉松鹤", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	at := "/treatments/" + tr.ID.String()
	contains(t, "the queue", b.get("/"), "记录手术", at+"/operations/new")
	page := b.get(at + "/operations/new")
	contains(t, "the form", page, "手术指征", "麻醉方式", "医生")
	fields := []string{"kind", "TKA", "operated_on", s.Today().AddDays(-10).String(), "lead", lead, "indications", "OA", "anaesthesia", "SPINAL", "diagnoses", "M17.1"}
	wrong := b.submit(page, at+"/operations", fields...)
	if wrong.status != http.StatusUnprocessableEntity || s.Count(`select count(*) from procedure`) != 0 {
		t.Fatalf("without a side: %d", wrong.status)
	}
	contains(t, "the form after it", wrong, `value="M17.1"`, `value="TKA" selected`)
	fields = append(fields, "side", "R")
	early := b.submit(page, at+"/operations", fields...)
	contains(t, "the marks", early, "手术早于入院日期", `name="confirm"`)
	page = b.get(at + "/operations/new")
	want(t, "confirmed", b.submit(page, at+"/operations", append(fields, "confirm", "yes")...), http.StatusSeeOther, at)
	want(t, "the same form again", b.submit(page, at+"/operations", append(fields, "confirm", "yes")...), http.StatusSeeOther, at)
	if n := s.Count(`select count(*) from procedure`); n != 1 {
		t.Errorf("%d records of a form that was sent twice", n)
	}
	contains(t, "the treatment", b.get(at), "已手术", "待核对")
	list := b.get("/operations")
	contains(t, "the list", list, "冉松鹤", "右侧全膝关节置换")
	m := regexp.MustCompile(`href="(/operations/[0-9a-f-]{36})"`).FindStringSubmatch(list.body)
	if m == nil {
		t.Fatal("no operation in the list")
	}
	contains(t, "the record", b.get(m[1]), "81.54", "M17.1")
	edit := b.get(m[1] + "/edit")
	contains(t, "the correction", edit, `value="M17.1"`)
	fixed := b.submit(edit, m[1], "kind", "TKA", "side", "R", "operated_on", s.Today().String(), "lead", lead, "indications", "OA", "anaesthesia", "SPINAL")
	want(t, "correcting", fixed, http.StatusSeeOther, m[1])
	stale := b.post(m[1], "_key", "a-colleague", "version", hidden(t, edit, "version"), "kind", "TKA", "side", "R", "operated_on", s.Today().String(), "lead", lead, "indications", "OA", "anaesthesia", "GENERAL", "anaesthesia", "SPINAL", "asa", "3")
	if stale.status != http.StatusUnprocessableEntity {
		t.Errorf("correcting an old picture: %d", stale.status)
	}
	s.locked(b, m[1])
	contains(t, "the difference", stale, "处与您填写的不同", "记录现在是「空」", `value="3"`)
}

// sheet fills in the register's sheet: what cannot be is said at its field with
// everything else kept, gaps are counted, and a complete sheet can be signed.
func (s *site) sheet(writer *browser, at string) {
	t := s.t
	t.Helper()
	contains(t, "a record with gaps", writer.get(at), "还缺：")
	form := writer.get(at + "/sheet")
	contains(t, "the sheet", form, "药物抗凝", "没有就选“无”", "100 至 220 cm")
	bad := writer.submit(form, at+"/sheet", "height_cm", "17", "antibiotic", "头孢唑林 2 g", "vte_chemical", "NONE", "vte_chemical", "LMWH")
	if bad.status != http.StatusUnprocessableEntity {
		t.Errorf("a sheet that cannot be: %d", bad.status)
	}
	contains(t, "the errors", bad, "应在 100 至 220 cm 之间", "“无”不能和其他项同时选", `value="头孢唑林 2 g"`)
	fields := []string{"height_cm", "160", "weight_kg", "350"}
	for key, v := range servicetest.KneeSheet().Values {
		fields = append(fields, key, v[0])
	}
	heavy := writer.submit(writer.get(at+"/sheet"), at+"/sheet", append(fields, "weight_kg", "170.5")...)
	if heavy.status != http.StatusUnprocessableEntity {
		t.Errorf("an unlikely body: %d", heavy.status)
	}
	fields[3] = "65"
	want(t, "the whole sheet", writer.submit(writer.get(at+"/sheet"), at+"/sheet", fields...), http.StatusSeeOther, at)
	record := writer.get(at)
	contains(t, "what follows", record, "体质指数", "25.4 kg/m²", "低分子肝素")
	if strings.Contains(record.body, "还缺：") {
		t.Error("a complete sheet lacks something")
	}
}

// locked lets a visiting doctor validate the record a colleague entered; both see
// it locked, with its history in words, and a reason opens it again.
func (s *site) locked(writer *browser, at string) {
	t := s.t
	t.Helper()
	own := writer.get(at + "/validation")
	contains(t, "validating the own entry", own, "填写这份记录的人不能自己核对")
	s.sheet(writer, at)
	visitor := s.clerk(user.VisitingDoctor, servicetest.Mountain)
	page := visitor.get(at + "/validation")
	contains(t, "what is signed", page, "逐项核对", "冉松鹤")
	if got := visitor.submit(page, at+"/validation"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("locked without having looked: %d", got.status)
	}
	want(t, "validating", visitor.submit(visitor.get(at+"/validation"), at+"/validation", "checked", "yes"), http.StatusSeeOther, at)
	record := writer.get(at)
	contains(t, "the locked record", record, "已核对锁定", "修改历史", "手术日期：", at+"/unlock")
	if strings.Contains(record.body, at+"/edit") {
		t.Error("a locked record offers its correction")
	}
	unlock := writer.get(at + "/unlock")
	want(t, "unlocking", writer.submit(unlock, at+"/unlock", "reason", "批号写错"), http.StatusSeeOther, at)
	contains(t, "the history", writer.get(at), "批号写错")
}

func TestEveryProgrammeHasItsOperationForm(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	lead := s.Doctor(servicetest.Mountain).PractitionerID.String()
	for programme, fields := range map[procedure.Programme][]string{
		procedure.Cataract: {"kind", "PHACO_IOL", "side", "L", "anaesthesia", "TOPICAL", "lens_power", "+20.5", "acuity_before", "0.1", "acuity_after", "0.6"},
		procedure.Coronary: {"kind", "CAG_PCI", "syndrome", "UA", "access", "RADIAL_R", "vessels", "LAD", "stents", "1", "drug_eluting", "yes", "anaesthesia", "LOCAL_INFILTRATION"},
	} {
		tr := s.Treatment(servicetest.Mountain, programme, "白简舟"+string(programme[0]), treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
		at := "/treatments/" + tr.ID.String()
		got := b.submit(b.get(at+"/operations/new"), at+"/operations", append(fields, "operated_on", s.Today().String(), "lead", lead)...)
		want(t, string(programme), got, http.StatusSeeOther, at)
	}
	contains(t, "the list", b.get("/operations"), "左眼 OS", "白简舟")
}

func TestAJoinRequestIsAnsweredOnItsPage(t *testing.T) {
	s := newSite(t)
	person := s.Patient(servicetest.Mountain, "牟青禾")
	s.CaseOf(servicetest.Mountain, procedure.Joint, person)
	s.RegisterAt(servicetest.MountainTwo, person)
	if err := servicetest.JoinRequest(s.World, person, procedure.Joint, servicetest.MountainTwo, false); err != nil {
		t.Fatal(err)
	}
	home, joiner := s.clerk(user.Registrar, servicetest.Mountain), s.clerk(user.Registrar, servicetest.MountainTwo)
	contains(t, "the asker's page", joiner.get("/referrals?box=out"), "接受后可见")
	page := home.get("/referrals")
	contains(t, "the home's page", page, "牟青禾", "加入申请")
	m := regexp.MustCompile(`href="(/referrals/[0-9a-f-]{36})"`).FindStringSubmatch(page.body)
	if m == nil {
		t.Fatal("no request to accept")
	}
	contains(t, "the request", home.get(m[1]), "患者在本院就诊", "发出")
	if got := home.submit(home.get(m[1]+"/reject"), m[1]+"/reject"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("rejected without a reason: %d", got.status)
	}
	want(t, "accepting", home.submit(home.get(m[1]+"/accept"), m[1]+"/accept", "open_from", s.Today().String()), http.StatusSeeOther, m[1])
	contains(t, "the joined hospital's cases", joiner.get("/cases"), "牟青禾")
}

func TestACaseIsPlannedClosedAndOpenedAgainInTheBrowser(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	c := "/cases/" + s.Case(servicetest.Mountain, procedure.Joint, "谭映雪").ID.String()
	want(t, "the second side", b.submit(b.get(c+"/second"), c+"/second", "site", "knee", "side", "L", "from", "2026-12-01"), http.StatusSeeOther, c)
	contains(t, "the case", b.get(c), "左侧膝关节")
	form := b.get(c + "/close")
	got := b.submit(form, c+"/close", "closure", "completed", "closed_on", s.Today().String())
	contains(t, "closing as completed", got, "现在还不能办理", "选择其他关闭原因")
	want(t, "closing", b.submit(b.get(c+"/close"), c+"/close", "closure", "withdrawn", "closed_on", s.Today().String(), "note", "改期"), http.StatusSeeOther, c)
	contains(t, "the closed case", b.get(c), "已关闭", "患者放弃", "改期")
	contains(t, "the filter", b.get("/cases?state=closed&programme=joint"), "谭映雪")
	if got := b.get("/cases?state=registered"); strings.Contains(got.body, "谭映雪") {
		t.Error("the filter shows a closed case as registered")
	}
	want(t, "opening again", b.submit(b.get(c+"/reopen"), c+"/reopen"), http.StatusSeeOther, c)
}

// A referral goes out from the case, is accepted for a period, and is finished
// by the reply; the receiver finds patient and case without typing anything.
func TestAReferralInTheBrowser(t *testing.T) {
	s := newSite(t)
	c := s.Case(servicetest.Mountain, procedure.Joint, "单行舟")
	at := "/cases/" + c.ID.String()
	home, sea := s.clerk(user.Registrar, servicetest.Mountain), s.clerk(user.Registrar, servicetest.Sea)
	form := home.get(at + "/refer")
	wrong := home.submit(form, at+"/refer", "to", s.ID(servicetest.Sea).String(), "purpose", "second_side", "urgency", "routine", "reason", "对侧膝关节")
	if wrong.status != http.StatusUnprocessableEntity || !strings.Contains(wrong.body, "对侧膝关节") {
		t.Errorf("the other side without a side: %d", wrong.status)
	}
	sent := home.submit(form, at+"/refer", "to", s.ID(servicetest.Sea).String(), "purpose", "second_side", "site", "knee", "side", "L", "urgency", "urgent",
		"reason", "对侧膝关节置换", "summary", "右膝已置换", "documents", "X 线片 2 张")
	if sent.status != http.StatusSeeOther {
		t.Fatalf("sending: %d %s", sent.status, sent.body)
	}
	inbox := sea.get("/referrals")
	contains(t, "the inbox", inbox, "单行舟", "做另一侧", "左侧膝关节", "加急")
	m := regexp.MustCompile(`href="(/referrals/[0-9a-f-]{36})"`).FindStringSubmatch(inbox.body)
	contains(t, "the letter", sea.get(m[1]), "右膝已置换", "X 线片 2 张", "接受")
	if got := sea.get(at); got.status != http.StatusNotFound {
		t.Errorf("the case is open before it was accepted: %d", got.status)
	}
	want(t, "accepting", sea.submit(sea.get(m[1]+"/accept"), m[1]+"/accept", "open_from", s.Today().String(), "open_to", s.Today().AddDays(30).String(),
		"basis", "consent"), http.StatusSeeOther, m[1])
	contains(t, "the case", sea.get(at), "单行舟")
	contains(t, "the receiver's patients", sea.get("/patients"), "单行舟")
	if got := sea.submit(sea.get(m[1]+"/finish"), m[1]+"/finish"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("finished without a reply: %d", got.status)
	}
	want(t, "finishing", sea.submit(sea.get(m[1]+"/finish"), m[1]+"/finish", "reason", "左膝已完成，回当地随访"), http.StatusSeeOther, m[1])
	contains(t, "the reply", home.get(m[1]), "左膝已完成，回当地随访", "已完成")
	if got := sea.get(at); got.status != http.StatusNotFound {
		t.Errorf("the case is open after the referral was done: %d", got.status)
	}
}
