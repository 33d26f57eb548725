package webui

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// The form shows the finding, asks for a reason, takes the operation, and the
// hospital's administrator signs it from the queue.
func TestAnOperationOutsideOfPrivilegesIsTakenWithAReasonAndSigned(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	visitor := s.Visiting(servicetest.Mountain)
	s.Exec(`update privilege set from_on = $1, to_on = $1 where practitioner_id = $2`, s.Today().AddDays(-1), visitor.PractitionerID)
	tr := s.Treatment(servicetest.Mountain, procedure.Joint, "冉松鹤", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	at := "/treatments/" + tr.ID.String()
	fields := []string{"kind", "TKA", "side", "R", "operated_on", s.Today().String(), "lead", visitor.PractitionerID.String(), "indications", "OA", "anaesthesia", "SPINAL"}
	page := b.get(at + "/operations/new")
	asked := b.submit(page, at+"/operations", fields...)
	contains(t, "the question", asked, "权限已到期", `name="reason"`, `name="confirm"`)
	silent := b.submit(b.get(at+"/operations/new"), at+"/operations", append(fields, "confirm", "yes")...)
	contains(t, "without a reason", silent, "医务科凭此签字", `name="reason"`)
	want(t, "with a reason", b.submit(b.get(at+"/operations/new"), at+"/operations", append(fields, "confirm", "yes", "reason", "权限续批中")...), http.StatusSeeOther, at)

	admin := s.clerk(user.HospitalAdmin, servicetest.Mountain)
	home := admin.get("/")
	contains(t, "the queue of medical affairs", home, "签超权限手术")
	m := regexp.MustCompile(`/exceptions/[0-9a-f-]{36}`).FindString(home.body)
	form := admin.get(m)
	contains(t, "the exception", form, "权限续批中", "权限已到期")
	objection := admin.submit(form, m, "answer", "objected")
	if objection.status != http.StatusUnprocessableEntity {
		t.Errorf("an objection without a word: %d", objection.status)
	}
	want(t, "signing", admin.submit(admin.get(m), m, "answer", "accepted"), http.StatusSeeOther, "/exceptions")
	contains(t, "signed", admin.get("/exceptions?state=accepted"), "已认可")
}

func TestAPostingIsEndedOnItsPage(t *testing.T) {
	s := newSite(t)
	s.Visiting(servicetest.Mountain)
	b := s.clerk(user.HospitalAdmin, servicetest.Mountain)
	m := regexp.MustCompile(`/postings/[0-9a-f-]{36}`).FindString(b.get("/postings").body)
	contains(t, "the posting", b.get(m), m+"/end")
	late := b.submit(b.get(m+"/end"), m+"/end", "on", s.Today().AddDays(300).String())
	contains(t, "later than planned", late, "不能晚于原定的")
	want(t, "ending", b.submit(b.get(m+"/end"), m+"/end", "on", s.Today().String()), http.StatusSeeOther, "/postings")
	if n := s.Count(`select count(*) from posting where to_on = $1`, s.Today()); n != 1 {
		t.Errorf("%d postings end today", n)
	}
}

func TestAVisitIsRunInTheBrowser(t *testing.T) {
	s := newSite(t)
	visitor := s.Visiting(servicetest.Mountain)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	today := s.Today().String()
	want(t, "planning", b.submit(b.get("/visits/new"), "/visits", "title", "骨科支医周", "from", today, "to", today), http.StatusSeeOther, "/visits")
	at := regexp.MustCompile(`/visits/[0-9a-f-]{36}`).FindString(b.get("/visits").body)
	want(t, "roster", b.submit(b.get(at+"/members"), at+"/members", "practitioner", visitor.PractitionerID.String(), "duty", "surgeon"), http.StatusSeeOther, at)
	c := s.Case(servicetest.Mountain, procedure.Joint, "向田秀")
	wrong := b.submit(b.get(at+"/cases"), at+"/cases", "case", "SH-1999-1", "kind", "TKA", "side", "L", "on", today, "start", "9:3x")
	contains(t, "what was typed", wrong, `value="SH-1999-1"`, "写成 9:30 这样的时间")
	want(t, "the list", b.submit(b.get(at+"/cases"), at+"/cases", "case", c.No, "kind", "TKA", "side", "L", "on", today, "start", "9:30", "minutes", "90", "surgeon", visitor.PractitionerID.String()), http.StatusSeeOther, at)
	contains(t, "the visit", b.get(at), "向田秀", "09:30 起 90 分钟")
	edit := regexp.MustCompile(at + `/cases/[0-9a-f-]{36}/edit`).FindString(b.get(at).body)
	old := b.get(edit)
	want(t, "moving a case", b.submit(b.get(edit), edit, "on", today, "start", "8:00", "minutes", "60", "place", "2", "note", "先查血糖"), http.StatusSeeOther, at)
	contains(t, "moved", b.get(at), "第 2 台", "08:00 起 60 分钟", "先查血糖")
	second := b.submit(old, edit, "on", today, "start", "10:00", "minutes", "60", "place", "", "note", "")
	contains(t, "a second save on the old page", second, `value="10:00"`, "08:00", "先查血糖")
	refused := b.submit(b.get(at+"/close"), at+"/close")
	contains(t, "closing too early", refused, "既没做、也没写取消原因", "逐例登记手术")
	cancel := regexp.MustCompile(at + `/cases/[0-9a-f-]{36}/cancel`).FindString(b.get(at).body)
	want(t, "cancelling a case", b.submit(b.get(cancel), cancel, "reason", "血压高"), http.StatusSeeOther, at)
	want(t, "closing", b.submit(b.get(at+"/close"), at+"/close"), http.StatusSeeOther, at)
	contains(t, "the report", b.get(at+"/report"), "支医报告：骨科支医周", "取消 1 例", "血压高")
	if got := s.clerk(user.LocalDoctor, servicetest.MountainTwo).get(at); got.status != http.StatusNotFound {
		t.Errorf("another hospital: %d", got.status)
	}
}
