package webui

import (
	"net/http"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// The office puts windows in force from a day on; what is wrong is said at its
// box with everything kept; operations since then are followed by them, and
// appointments that exist stay.
func TestFollowUpWindowsAreChangedOnTheirPage(t *testing.T) {
	s := newSite(t)
	office := s.clerk(user.Approver, servicetest.Mountain)
	before := s.operatedKnee("苗砚秋", 20)
	const at = "/followup-rules/joint"
	contains(t, "the windows", office.get("/followup-rules"), "系统预设，非官方标准", "28 至 70", "没有改动过", at)
	form := office.get(at)
	contains(t, "the form starts with what is in force", form, `name="w6.due"`, `value="42"`, "只用于生效日起做的手术")

	today := s.Today().String()
	typed := []string{"from", today, "note", "随访工作会议第三号", "w6.due", "35", "w6.from", "28", "w6.to", "75", "m3.due", "90", "m3.from", "71", "m3.to", "135"}
	wrong := office.submit(form, at, typed...)
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("windows that overlap: %d", wrong.status)
	}
	contains(t, "windows that overlap", wrong, "与上一次随访的窗口重叠：上一次到第 75 天为止", `href="#f-m3.from"`, `value="75"`, "随访工作会议第三号")
	typed[9] = "" // w6.to is empty, its neighbours are not
	contains(t, "half a window", office.submit(form, at, typed...), "三项要填就填全", "随访工作会议第三号")
	typed[9], typed[1] = "70", s.Today().AddDays(-1).String()
	contains(t, "a day that is over", office.submit(form, at, typed...), "只能从今天", typed[1])
	if n := s.Count(`select count(*) from followup_rule`); n != 0 {
		t.Fatalf("%d editions were made by refused forms", n)
	}

	typed[1] = today
	second := office.get(at) // somebody else opened the page as well
	want(t, "saving", office.submit(form, at, typed...), http.StatusSeeOther, "/followup-rules")
	want(t, "the same form again", office.submit(form, at, typed...), http.StatusSeeOther, "/followup-rules")
	if n := s.Count(`select count(*) from followup_rule`); n != 1 {
		t.Errorf("%d editions of a form sent twice", n)
	}
	contains(t, "the list", office.get("/followup-rules"), "第 1 版", "随访工作会议第三号", "28 至 70")
	typed[5] = "49"
	contains(t, "a save on the older page", office.submit(second, at, typed...), "别人已修改这条记录", "记录现在是「35」", `value="49"`)

	after := s.operatedKnee("冉听雪", 0)
	doctor := s.clerk(user.LocalDoctor, servicetest.Mountain)
	contains(t, "an operation since", doctor.get("/cases/"+after.ID.String()+"/followups"), s.Today().AddDays(35).String())
	contains(t, "one from before", doctor.get("/cases/"+before.ID.String()+"/followups"), s.Today().AddDays(22).String())

	list := doctor.get("/followup-rules")
	if list.status != http.StatusOK || strings.Contains(list.body, at) {
		t.Errorf("a doctor reads them (%d) and is offered no change", list.status)
	}
	if got := doctor.get(at); got.status != http.StatusForbidden {
		t.Errorf("a doctor opens the form: %d", got.status)
	}
	if got := doctor.post(at, append(typed, "_key", "k", "version", "1")...); got.status != http.StatusForbidden {
		t.Errorf("a doctor changes them: %d", got.status)
	}
	if got := office.get("/followup-rules/knee"); got.status != http.StatusNotFound {
		t.Errorf("a group that is none: %d", got.status)
	}
}
