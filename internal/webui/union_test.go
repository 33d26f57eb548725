package webui

import (
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

func TestTwoHospitalsBecomeOneOnThePages(t *testing.T) {
	s := newSite(t)
	office := user.Assignment{Role: user.Approver, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID}
	s.account("office.yu", servicetest.Mountain, office)
	s.account("office.lin", servicetest.Mountain, office)
	bed := s.Treatment(servicetest.MountainTwo, procedure.Joint, "向云禾")
	s.Exec(`update treatment set state = 'admitted', admitted_on = $2 where id = $1`, bed.ID, s.Today())
	from, into := s.Hospitals[servicetest.MountainTwo], s.Hospitals[servicetest.Mountain]
	b := s.browser()
	b.signIn("office.yu")
	contains(t, "the list", b.get("/hospital-merges"), "没有医院合并", from.Name)
	wrong := b.post("/hospital-merges", "_key", "1", "from", from.ID.String(), "into", from.ID.String(), "on", s.Today().String(), "reason", "县卫健委批复")
	if wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("into itself: %d", wrong.status)
	}
	asked := b.post("/hospital-merges", "_key", "2", "from", from.ID.String(), "into", into.ID.String(), "on", s.Today().String(), "reason", "县卫健委批复")
	if asked.status != http.StatusSeeOther {
		t.Fatalf("%d %s", asked.status, asked.body)
	}
	path := asked.location
	contains(t, "for who asked", b.get(path), "撤销申请", "正在住院的患者", "请先办理出院")
	second := s.browser()
	second.signIn("office.lin")
	contains(t, "for another person", second.get(path), "不能撤销")
	refused := second.post(path, "_key", "3", "version", "1", "step", "confirm")
	if refused.status != http.StatusUnprocessableEntity {
		t.Errorf("with somebody in bed: %d", refused.status)
	}
	contains(t, "the refusal", refused, "合并前还有1项未办结", "请先办理出院")
	s.Exec(`update treatment set state = 'closed' where id = $1`, bed.ID)
	want(t, "done", second.post(path, "_key", "4", "version", "1", "step", "confirm"), http.StatusSeeOther, path)
	contains(t, "afterwards", second.get(path), "起为"+into.Name, "已转到")
	contains(t, "the page of the hospital", second.get("/organisations/"+from.ID.String()), "起为"+into.Name)
	contains(t, "the page of the other one", second.get("/organisations/"+into.ID.String()), "并入："+from.Name)
}
