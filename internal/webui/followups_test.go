package webui

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

// operatedKnee is a case with a knee operated so many days ago at the mountain.
func (s *site) operatedKnee(name string, daysAgo int) store.CaseItem {
	s.t.Helper()
	c := s.Case(servicetest.Mountain, procedure.Joint, name)
	s.Exec(`update registration set township = '黑溪镇', village = '胜利村' where person_id = $1`, c.Person)
	tr := s.TreatmentIn(c, servicetest.Mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	doctor := s.Doctor(servicetest.Mountain)
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Right, s.Today().AddDays(-daysAgo)), Confirmed: true}
	service := care.New(care.Deps{DB: s.DB, Policy: s.Policy, Clock: s.Clock})
	if _, err := service.LogOperation(s.t.Context(), doctor, in, store.Key{}); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// link finds the first address on a page that begins in a way.
func (a answer) link(t *testing.T, begins string) string {
	t.Helper()
	m := regexp.MustCompile(`(?:href|action)="(` + regexp.QuoteMeta(begins) + `[^"]*)"`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no link that begins with %s: %d", begins, a.status)
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

func TestAFollowUpIsRecordedFromTheWorklist(t *testing.T) {
	s := newSite(t)
	c := s.operatedKnee("苗砚秋", 45)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	at := "/cases/" + c.ID.String() + "/followups"
	list := b.get("/followups")
	contains(t, "the worklist", list, "苗砚秋", "术后6周", "应随访", "黑溪镇胜利村", "已去世 0", at+"/new?appointment=")
	contains(t, "of the township", b.get("/followups?list=due&township=%E9%BB%91%E6%BA%AA%E9%95%87"), "苗砚秋")
	contains(t, "of another one", b.get("/followups?list=due&township=%E9%92%9F%E5%A4%9A"), "清除条件")
	contains(t, "the case", b.get("/cases/"+c.ID.String()), "随访安排", "术后6周", at)

	form := b.get(list.link(t, at+"/new?appointment="))
	to := form.link(t, at+"?appointment=")
	wrong := b.submit(form, to, "on", s.Today().String(), "evidence", "family", "reached", "yes", "score.HSS.pain", "31", "score.HSS.function", "20", "score.PAIN", "3",
		"wrong.0.type", "OTHER", "note", "走路还有点跛")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("wrong input: %d", wrong.status)
	}
	contains(t, "the form after it", wrong, "走路还有点跛", `value="31"`)
	wrong = b.submit(form, to, "on", s.Today().String(), "evidence", "family", "reached", "yes", "score.HSS.pain", "30", "score.HSS.function", "20", "score.PAIN", "3",
		"wrong.0.type", "OTHER", "note", "走路还有点跛")
	contains(t, "the rules speak at the fields", wrong, "分项要填就填全", "请写明是谁说的", "请写明是什么情况", `href="#f-score.HSS.motion"`, `href="#f-wrong.0.note"`)
	done := b.submit(form, to, "on", s.Today().String(), "evidence", "family", "reached", "yes", "informant", "女儿", "score.HSS", "84", "score.PAIN", "3", "wrong.0.type", "DVT",
		"wrong.0.onset_on", s.Today().AddDays(-9).String(), "wrong.0.grade", "clavien_dindo:II", "note", "走路还有点跛")
	want(t, "saving", done, http.StatusSeeOther, at)
	page := b.get(at)
	contains(t, "the follow-up", page, "随访已记录", "按期完成", "家属代报（女儿）", "84（良）", "深静脉血栓", "走路还有点跛")
	contains(t, "the worklist after it", b.get("/followups"), "目前没有要随访的患者")
	contains(t, "the operation", b.get(b.get("/cases/"+c.ID.String()).link(t, "/operations/")), "深静脉血栓", "Ⅱ 药物或输血", "不确定", "治疗中", "随访时得知")
	contains(t, "the timeline", b.get("/patients/"+c.Person.String()+"/timeline"), "随访：术后6周", "家属代报")

	gone := b.get(page.link(t, "/followups/contacts/"))
	to = gone.link(t, "/followups/contacts/")
	want(t, "withdrawing", b.submit(gone, to, "reason", "记到别人名下了"), http.StatusSeeOther, at)
	contains(t, "withdrawn", b.get(at), "已撤回：记到别人名下了", "应随访")
}

func TestALostPatientIsEndedAndTakenUpAgain(t *testing.T) {
	s := newSite(t)
	c := s.operatedKnee("苗砚秋", 75)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	at := "/cases/" + c.ID.String() + "/followups"
	contains(t, "overdue", b.get("/followups?list=overdue"), "苗砚秋", "已逾期 5 天")
	if n := regexp.MustCompile(`href="/followups"[^>]*>(?s:.*?)</a>`).FindString(b.get("/").body); !strings.Contains(n, "2") {
		t.Errorf("the navigation counts %s", n)
	}
	form := b.get(at + "/end")
	seen := hidden(t, form, "seen")
	wrong := b.submit(form, at+"/end", "seen", seen, "on", s.Today().String())
	contains(t, "without a reason", wrong, "没有选，请选一项")
	want(t, "ending", b.submit(form, at+"/end", "seen", seen, "on", s.Today().String(), "reason", "unreachable"), http.StatusSeeOther, at)
	contains(t, "the lost list", b.get("/followups?list=lost"), "苗砚秋", "多次联系不上")
	page := b.get(at)
	contains(t, "the case", page, "失访", "恢复随访")
	want(t, "resuming", b.submit(page, at+"/resume", "seen", hidden(t, page, "seen")), http.StatusSeeOther, at)
	contains(t, "overdue again", b.get("/followups?list=overdue"), "苗砚秋")
}

func TestTheReturnSlipOpensTheCaseAtTheDesk(t *testing.T) {
	s := newSite(t)
	c := s.operatedKnee("苗砚秋", 45)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	slip := b.get("/cases/" + c.ID.String() + "/followups/slip")
	contains(t, "the slip", slip, "术后复诊单", "苗砚秋", `<svg class="qr"`, "术后3个月")
	code := regexp.MustCompile(`[2-9A-Z]{5}(?:-[2-9A-Z]{5}){3}`).FindString(slip.body)
	if code == "" {
		t.Fatal("no code on the slip")
	}
	want(t, "at the desk", b.post("/followups/desk", "token", strings.ToLower(code)), http.StatusSeeOther, "/cases/"+c.ID.String()+"/followups")
	miss := s.clerk(user.Registrar, servicetest.MountainTwo).post("/followups/desk", "token", code)
	if miss.status != http.StatusUnprocessableEntity {
		t.Errorf("another hospital: %d", miss.status)
	}
	contains(t, "another hospital", miss, "没有查到这张复诊单", code)
}

func TestTheCallListOpensNumbersOnlyWithAReason(t *testing.T) {
	s := newSite(t)
	c := s.operatedKnee("苗砚秋", 45)
	s.Do(s.Registrar(servicetest.Mountain), func(tx *store.Tx) error {
		tx.NoAudit("test")
		list, err := tx.RegistrationsOf(c.Person)
		if err != nil {
			return err
		}
		r := list[0].Registration
		r.Phone = "13900001234"
		return tx.UpdateRegistration(r, "")
	})
	b := s.clerk(user.Registrar, servicetest.Mountain)
	sheet := b.get("/followups/calls?list=due")
	contains(t, "the list", sheet, "黑溪镇胜利村", "苗砚秋", "1234")
	if strings.Contains(sheet.body, "13900001234") {
		t.Error("the number is open without a reason")
	}
	if a := b.post("/followups/calls?list=due", "reason", ""); a.status != http.StatusUnprocessableEntity || strings.Contains(a.body, "13900001234") {
		t.Errorf("an empty reason: %d", a.status)
	}
	contains(t, "with a reason", b.post("/followups/calls?list=due", "reason", "电话随访"), "13900001234")
	contains(t, "for the village doctor", b.get("/followups/forms?list=due"), "村医随访单", "苗砚秋", "□ 深静脉血栓")
	doctor := s.clerk(user.LocalDoctor, servicetest.Mountain)
	if a := doctor.post("/followups/calls?list=due", "reason", "电话随访"); a.status != http.StatusForbidden {
		t.Errorf("a doctor: %d", a.status)
	}
	if a := b.get("/cases/" + ident.New().String() + "/followups"); a.status != http.StatusNotFound {
		t.Errorf("no such case: %d", a.status)
	}
}
