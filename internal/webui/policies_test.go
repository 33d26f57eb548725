package webui

import (
	"net/http"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// A clerk of the office adds a category and a ratio from the first of January, a
// second person releases them, and the desk of a hospital meets both at once.
func TestRulesFromTheDraftToAFamilysPaperOnThePages(t *testing.T) {
	s, clerk, office := moneySite(t)
	s.account("luo.sp", servicetest.Mountain, user.Assignment{Role: user.Approver, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	s.account("zhou.dj", servicetest.Mountain, user.Assignment{Role: user.Registrar, ScopeKind: user.ScopeHospital, ScopeID: s.ID(servicetest.Mountain), PartnershipID: s.Partnership.ID})
	second, desk := s.browser(), s.browser()
	second.signIn("luo.sp")
	desk.signIn("zhou.dj")
	contains(t, "no rules yet", clerk.get("/policies"), "还没有支付规则")

	head := []string{"_key", "a", "name", "2026 年规则", "from", "2026-01-01", "region", "990101", "region_zh", "示例区", "region_en", "Sample"}
	wrong := office.post("/policies", "_key", "a", "name", "2026 年规则", "from", "2026-01-01", "to", "2025-01-01", "region", "99", "region_zh", "示例区", "region_en", "Sample")
	want(t, "a wrong head", wrong, http.StatusUnprocessableEntity, "")
	contains(t, "its fields", wrong, "统筹区代码是 6 位数字", "结束日期早于开始日期", "2026 年规则")
	draft := office.post("/policies", head...)
	at := draft.location
	want(t, "a draft", draft, http.StatusSeeOther, at)
	contains(t, "the draft", office.get(at), "示例规则", "城乡居民医保、二级医院：年度起付线 300.00 元", "Resident insurance, Secondary hospital: yearly threshold 300.00 yuan", "编写人不能发布自己写的规则")

	rules := at + "/rules/"
	contains(t, "the form of a rule", office.get(rules+"basic/B2"), `value="300.00"`, `value="65"`)
	bad := office.post(rules+"category/new", "_key", "b", "code", "困难", "zh", "困难职工", "en", "Worker in need", "version", "1")
	want(t, "a code in words", bad, http.StatusUnprocessableEntity, "")
	contains(t, "the field of the code", bad, "代码用 2–12 位大写字母和数字", "困难职工")
	want(t, "a category", office.post(rules+"category/new", "_key", "b2", "code", "gz1", "zh", "困难职工", "en", "Worker in need", "version", "1"), http.StatusSeeOther, at+"#section-category")
	high := office.post(rules+"assistance/new", "_key", "c", "categories", "GZ1", "seg0_ratio", "165", "version", "2")
	want(t, "a ratio above the whole", high, http.StatusUnprocessableEntity, "")
	contains(t, "the field of the ratio", high, "比例在 0 到 100% 之间", `value="165"`)
	want(t, "a ratio", office.post(rules+"assistance/new", "_key", "c2", "categories", "GZ1", "seg0_ratio", "66.5", "ceiling", "40000", "version", "2"), http.StatusSeeOther, at+"#section-assistance")
	contains(t, "in words", office.get(at), "困难职工：不设起付线，支付 66.5%，年度封顶 40,000.00 元。")
	want(t, "a rule added meanwhile", office.post(rules+"tilt/new", "_key", "c4", "categories", "GZ1", "seg0_ratio", "50", "version", "1"), http.StatusSeeOther, at+"#section-tilt")
	want(t, "somebody else's form", office.post(rules+"basic/B2", "_key", "c3", "insurance", "resident", "seg0_ratio", "60", "version", "1"), http.StatusUnprocessableEntity, "")

	want(t, "the author's release", office.post(at+"/release", "_key", "d", "version", "4"), http.StatusUnprocessableEntity, "")
	want(t, "the second person's", second.post(at+"/release", "_key", "e", "version", "4"), http.StatusSeeOther, at)
	contains(t, "in force", clerk.get("/policies"), "现行", "第 1 版 2026 年规则")
	frozen := office.get(rules + "basic/B2")
	want(t, "an edit after the release", frozen, http.StatusUnprocessableEntity, "")
	contains(t, "the way out", frozen, "不能再改", "以它为底稿新建一个版本")

	tr := s.Eligible(servicetest.Mountain)
	home := "/treatments/" + tr.ID.String()
	contains(t, "the new category at the desk", desk.get("/patients/"+tr.Person.String()+"/categories"), "困难职工")
	contains(t, "from the case", clerk.get("/cases/"+tr.Case.String()), home+"/estimate")
	contains(t, "the form", clerk.get(home+"/estimate"), "低保对象", "二级医院", "示例规则")
	ask := []string{"kind", "TKA", "on", "2026-12-01", "level", "2", "insurance", "resident", "referred", "yes", "item0_class", "service", "item0_amount", "30000",
		"item1_class", "implant", "item1_amount", "20000", "item1_limit", "18000", "item1_first", "10", "if_implant", "30000"}
	tried := clerk.post(home+"/estimate", append(ask, "_key", "f", "do", "try")...)
	contains(t, "the estimate", tried, "先扣年度起付线 300.00 元", "超过医保限价的部分", "植入物换价", "证明没有办下来", "到三级医院做", "没有规范转诊")
	empty := clerk.post(home+"/estimate", "_key", "g", "kind", "TKA", "on", "2026-12-01", "level", "2", "insurance", "resident", "do", "try")
	want(t, "an empty bill", empty, http.StatusUnprocessableEntity, "")
	contains(t, "its field", empty, "填写医疗总费用")
	kept := clerk.post(home+"/estimate", append(ask, "_key", "h", "do", "save")...)
	if file := clerk.get(kept.location + "/form.pdf"); file.status != http.StatusOK || !strings.HasPrefix(file.body, "%PDF-") {
		t.Errorf("the family's slip answers %d", file.status)
	}
	if !strings.HasPrefix(kept.location, "/estimates/") {
		t.Fatalf("%d %s", kept.status, kept.location)
	}
	contains(t, "the kept estimate", clerk.get(kept.location), "逐步计算", "第 1 版", "B2")
	contains(t, "the family's paper", clerk.get(kept.location+"/print"), "住院费用测算单", "仅供参考", "示例规则", "人民币")
	contains(t, "the application begins with it", clerk.get(home+"/approvals/new"), `value="50000.00"`, `value="31130.00"`)
	contains(t, "the estimate in the treatment", clerk.get(home), "50,000.00")

	opening := clerk.post(home+"/year", "_key", "i", "kind", "basic", "threshold", "300", "on", "2026-03-01", "source", "")
	want(t, "a balance without a source", opening, http.StatusUnprocessableEntity, "")
	want(t, "a balance", clerk.post(home+"/year", "_key", "i2", "kind", "basic", "threshold", "300", "on", "2026-03-01", "source", "结算单 17 号"), http.StatusSeeOther, home+"/estimate")
	contains(t, "the year", clerk.get(home+"/estimate"), "结算单 17 号", "300.00")
	contains(t, "computed after it", clerk.post(home+"/estimate", append(ask, "_key", "j", "do", "try")...), "起付线本年已扣足或不设")
	other := s.Advance(s.Eligible(servicetest.Mountain), treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	contains(t, "a settlement nobody estimated", clerk.get("/treatments/"+other.ID.String()+"/settlement/new"), "还没有费用测算", "/treatments/"+other.ID.String()+"/estimate")
	contains(t, "the rehearsal", office.get(at+"/rehearsal?from=2026-01-01&to=2026-12-31"), "没有可重算的病例")
	want(t, "a rehearsal of no time", office.get(at+"/rehearsal?from=2026-12-31&to=2026-01-01"), http.StatusUnprocessableEntity, "")
}

func TestAnotherHospitalMeetsNoEstimate(t *testing.T) {
	s, clerk, _ := moneySite(t)
	tr := s.Eligible(servicetest.MountainTwo)
	for _, path := range []string{"/treatments/" + tr.ID.String() + "/estimate", "/treatments/" + tr.ID.String() + "/year", "/estimates/" + tr.ID.String(), "/policies/" + tr.ID.String()} {
		if a := clerk.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, a.status)
		}
	}
	if a := clerk.get("/policies/new"); a.status != http.StatusForbidden {
		t.Errorf("a hospital writes rules: %d", a.status)
	}
}
