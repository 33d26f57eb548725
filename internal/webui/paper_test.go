package webui

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

var codeOnPaper = regexp.MustCompile(`校验码 ([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})`)

func TestAPrintedFormIsCheckedByAnybodyAndShownToWhoMaySeeIt(t *testing.T) {
	s, clerk, office := moneySite(t)
	fund := s.Fund(5_000_000)
	tr := s.Eligible(servicetest.Mountain)
	asked := clerk.post("/treatments/"+tr.ID.String()+"/approvals", "_key", "a", "bill", "60000", "basic", "20000", "funds.0.fund", fund.ID.String(), "funds.0.amount", "30000", "reason", "低保对象")
	want(t, "approved", office.post(asked.location+"/decide", "_key", "z", "decision", "approve", "relation", "none", "amount", "30000", "opinion", "同意", "version", "1"), http.StatusSeeOther, asked.location)
	paper := clerk.get(asked.location + "/print")
	contains(t, "the paper form", paper, "sheet-code")
	found := codeOnPaper.FindStringSubmatch(paper.body)
	if found == nil {
		t.Fatal("no code on the paper")
	}
	file := clerk.get(asked.location + "/form.pdf")
	if file.status != http.StatusOK || !strings.HasPrefix(file.body, "%PDF-") {
		t.Errorf("the PDF answers %d", file.status)
	}

	stranger := s.browser()
	contains(t, "the empty page", stranger.get("/verify"), "核对表单", "校验码")
	public := stranger.get("/verify?code=" + found[1])
	contains(t, "the public answer", public, "表单是真的", "已批准", "医疗费用减免审批表")
	lacks(t, "the public answer", public, tr.PersonName, "60,000.00", asked.location, tr.CaseNo)
	amounts := []string{"code", found[1], "bill", "60000", "basic", "20000", "critical", "0", "assistance", "0", "fund", "30000", "hospital", "0", "net", "10000"}
	contains(t, "some amounts only", stranger.post("/verify", "code", found[1], "net", "10000"), "没有的填 0")
	contains(t, "the true amounts", stranger.post("/verify", amounts...), "表单是真的，金额一致")
	contains(t, "the true name", stranger.post("/verify", "code", found[1], "name", tr.PersonName), "表单是真的，姓名一致")
	contains(t, "the true name and amounts", stranger.post("/verify", append(slices.Clone(amounts), "name", tr.PersonName)...), "姓名和金额都一致")
	contains(t, "another name", stranger.post("/verify", append(slices.Clone(amounts), "name", tr.PersonName+"某")...), "姓名不一致")
	amounts[len(amounts)-1] = "10001"
	contains(t, "one digit changed", stranger.post("/verify", amounts...), "金额不一致")
	contains(t, "all changed", stranger.post("/verify", append(slices.Clone(amounts), "name", "某某")...), "姓名和金额都不一致")
	lacks(t, "a name in the address is not read", stranger.get("/verify?code="+found[1]+"&name="+tr.PersonName), "姓名一致")
	contains(t, "a mistyped code", stranger.get("/verify?code=0000-0000-0001"), "校验码有误")
	contains(t, "a code nobody printed", stranger.get("/verify?code=0000-0000-0000"), "查无此表单")
	contains(t, "another QR code", stranger.get("/verify?code=https://example.org/0000000000000000000000"), "不是本系统的表单")
	contains(t, "the clerk", clerk.get("/verify?code="+found[1]), "系统中的金额", "60,000.00", "系统中的姓名", tr.PersonName, asked.location)
}

func lacks(t *testing.T, what string, a answer, texts ...string) {
	t.Helper()
	for _, x := range texts {
		if x != "" && strings.Contains(a.body, x) {
			t.Errorf("%s shows %q", what, x)
		}
	}
}

func TestAnAuditorMakesAPackageOnThePage(t *testing.T) {
	s, clerk, _ := moneySite(t)
	fund := s.Fund(5_000_000)
	s.account("sun.sj", servicetest.Mountain, user.Assignment{Role: user.Auditor, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	auditor := s.browser()
	auditor.signIn("sun.sj")
	contains(t, "the page", auditor.get("/audit-packages"), "制作审计包", fund.Name, "还没有审计包")
	want(t, "a proof", auditor.post("/audit-packages/proof"), http.StatusSeeOther, "/audit-packages")
	contains(t, "the proof", auditor.get("/audit-packages"), "日志链完整，台账平衡")
	wrong := auditor.post("/audit-packages", "_key", "p0", "fund", fund.ID.String(), "from", "2026-12-31", "to", "2026-01-01")
	want(t, "a period that ends before it begins", wrong, http.StatusUnprocessableEntity, "")
	contains(t, "the refusal", wrong, "结束日期不能早于开始日期", `value="2026-12-31"`)
	want(t, "asked", auditor.post("/audit-packages", "_key", "p1", "fund", fund.ID.String(), "from", "2020-01-01", "to", "今天"), http.StatusSeeOther, "/audit-packages")
	contains(t, "while it waits", auditor.get("/audit-packages"), "制作中")
	svc := s.server.d.Inspection
	list, err := svc.List(t.Context(), s.Auditor(), page.Request{})
	if err != nil || len(list.Rows) != 1 {
		t.Fatalf("%d packages: %v", len(list.Rows), err)
	}
	path := "/audit-packages/" + list.Rows[0].ID.String() + "/file"
	if a := auditor.get(path); a.status != http.StatusConflict && a.status != http.StatusPreconditionFailed {
		t.Errorf("a package that is not made yet answers %d", a.status)
	}
	job := inspection.Job{Kind: inspection.JobPackage, Payload: []byte(`{"package":"` + list.Rows[0].ID.String() + `"}`)}
	if err := svc.RunJob(t.Context(), job, s.Partnership.ID, func(context.Context, int, int) {}); err != nil {
		t.Fatal(err)
	}
	contains(t, "once it is made", auditor.get("/audit-packages"), path, "可下载")
	if a := auditor.get(path); a.status != http.StatusOK || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("the file answers %d", a.status)
	}
	if a := clerk.get("/audit-packages"); a.status != http.StatusForbidden {
		t.Errorf("a finance desk sees packages: %d", a.status)
	}
	if s.Policy.Holds(user.Approver, authz.AuditPackage) {
		t.Error("who decides about money packs its audit")
	}
}
