package webui

import (
	"net/http"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// moneySite is a site with a finance clerk and the programme office signed in.
func moneySite(t *testing.T) (s *site, clerk, office *browser) {
	s = newSite(t)
	s.account("qian.cw", servicetest.Mountain, user.Assignment{Role: user.Finance, ScopeKind: user.ScopeHospital, ScopeID: s.ID(servicetest.Mountain), PartnershipID: s.Partnership.ID})
	s.account("cheng.sp", servicetest.Mountain, user.Assignment{Role: user.Approver, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	clerk, office = s.browser(), s.browser()
	clerk.signIn("qian.cw")
	office.signIn("cheng.sp")
	return s, clerk, office
}

func TestMoneyFromTheDepositToTheSettlementOnThePages(t *testing.T) {
	s, clerk, office := moneySite(t)
	opened := office.post("/funds", "_key", "f", "name", "站立行动资金池", "code", "zl-1", "source", "donor_fiscal", "programme", "joint", "opened_on", "2026-01-01")
	fund := strings.TrimPrefix(opened.location, "/funds/")
	want(t, "opening a fund", opened, http.StatusSeeOther, "/funds/"+fund)
	wrong := office.post("/funds/"+fund+"/deposits", "_key", "d", "amount", "3000.005", "on", "今天", "note", "协作财政资金")
	want(t, "a third decimal", wrong, http.StatusUnprocessableEntity, "")
	contains(t, "the refused deposit", wrong, "最多两位小数", "3000.005", "协作财政资金")
	want(t, "a deposit", office.post("/funds/"+fund+"/deposits", "_key", "d", "amount", "30,000", "on", "今天", "note", "协作财政资金"), http.StatusSeeOther, "/funds/"+fund)
	contains(t, "the fund", office.get("/funds/"+fund), "30,000.00", "协作财政资金", "登记到账")

	tr := s.Eligible(servicetest.Mountain)
	home := "/treatments/" + tr.ID.String()
	contains(t, "what waits for an application", clerk.get("/approvals?state=ask"), tr.PersonName, home+"/approvals/new")
	contains(t, "the form", clerk.get(home+"/approvals/new"), "站立行动资金池", "预计总费用")
	asked := clerk.post(home+"/approvals", "_key", "a", "bill", "60000", "basic", "20000", "funds.0.fund", fund, "funds.0.amount", "32000", "reason", "低保对象")
	approval := asked.location
	want(t, "an application", asked, http.StatusSeeOther, approval)
	want(t, "from the treatment to its application", clerk.get(home+"/approval"), http.StatusSeeOther, approval)
	contains(t, "the queue", office.get("/approvals"), approval, tr.PersonName, "32,000.00")
	contains(t, "the decision", office.get(approval), "现在还不能办理", "还差 2,000.00 元", "把申请金额降到 30,000.00 元")
	short := office.post(approval+"/decide", "_key", "x", "decision", "approve", "relation", "none", "amount", "32000", "version", "1")
	want(t, "more than the fund has", short, http.StatusUnprocessableEntity, "")
	contains(t, "the refusal", short, "还差 2,000.00 元")
	silent := office.post(approval+"/decide", "_key", "y", "decision", "return", "relation", "none", "amount", "32000", "version", "1")
	want(t, "returned without a word", silent, http.StatusUnprocessableEntity, "")
	nothing := office.post(approval+"/decide", "_key", "n", "decision", "approve", "relation", "none", "amount", "0.00", "opinion", "同意", "version", "1")
	want(t, "nothing approved", nothing, http.StatusUnprocessableEntity, "") // it once approved all that was asked for
	contains(t, "the field", nothing, "填写大于零的金额")
	want(t, "approved", office.post(approval+"/decide", "_key", "z", "decision", "approve", "relation", "none", "amount", "30000", "opinion", "同意", "version", "1"), http.StatusSeeOther, approval)
	contains(t, "after the approval", office.get(approval), "已批准", "Y-", approval+"/print")
	contains(t, "the paper form", clerk.get(approval+"/print"), "医疗费用减免审批表", "人民币叁万元整", "Y-")

	s.Advance(tr, treatment.Admit, treatment.LogOperation, treatment.Discharge)
	contains(t, "what waits for a settlement", clerk.get("/settlements?state=waiting"), home+"/settlement/new")
	want(t, "to the form", clerk.get(home+"/settlement"), http.StatusSeeOther, home+"/settlement/new")
	bill := []string{"_key", "s", "on", "今天", "bill", "60000", "basic", "20000", "critical", "3000", "assistance", "2000", "funds.0.amount", "30000", "waiver", "4500"}
	off := clerk.post(home+"/settlement", append(bill, "net", "499.97")...)
	want(t, "three fen short", off, http.StatusUnprocessableEntity, "")
	contains(t, "the difference", off, "个人实付少了 0.03 元，应为 500.00 元", `value="499.97"`, `value="4500"`)
	settled := clerk.post(home+"/settlement", append(bill, "net", "500")...)
	want(t, "settled", settled, http.StatusSeeOther, settled.location)
	if !strings.HasPrefix(settled.location, "/settlements/") {
		t.Fatal(settled.status, settled.location)
	}
	contains(t, "the settlement", clerk.get(settled.location), "逐分对平", "30,000.00", "C-")
	contains(t, "the list", clerk.get("/settlements"), settled.location, "34,500.00")
	want(t, "reversed without a reason", clerk.post(settled.location+"/reverse", "_key", "r", "reason", "", "version", "1"), http.StatusUnprocessableEntity, "")
	want(t, "reversed", clerk.post(settled.location+"/reverse", "_key", "r", "reason", "清单更正", "version", "1"), http.StatusSeeOther, home+"/settlement/new")
	contains(t, "the ledger", office.get("/funds/"+fund), "冲销", "结算支付", "预留")
}

func TestAnotherHospitalMeetsNoMoneyPage(t *testing.T) {
	s, clerk, _ := moneySite(t)
	tr := s.Eligible(servicetest.MountainTwo)
	for _, path := range []string{"/treatments/" + tr.ID.String() + "/approvals/new", "/treatments/" + tr.ID.String() + "/settlement/new", "/approvals/" + tr.ID.String(),
		"/treatments/" + tr.ID.String() + "/approval", "/settlements/nonsense", "/funds/" + s.Fund(5).ID.String()} {
		if a := clerk.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, a.status)
		}
	}
	if a := clerk.get("/funds/new"); a.status != http.StatusForbidden {
		t.Errorf("a hospital opens funds: %d", a.status)
	}
}

func TestAmountsInCapitals(t *testing.T) {
	b := testBase(testEngine(t), "zh-CN")
	for fen, text := range map[money.Fen]string{0: "零元整", 50_000: "伍佰元整", 2_455_200: "贰万肆仟伍佰伍拾贰元整", 2_000_000: "贰万元整", 10_050_000: "壹拾万零伍佰元整",
		100_000_000_05: "壹亿元零伍分", 1_001_000: "壹万零壹拾元整", 12_345_67: "壹万贰仟叁佰肆拾伍元陆角柒分", 30_010: "叁佰元壹角", 1_000_000_100: "壹仟万零壹元整"} {
		if got := capital(b, fen); got != text {
			t.Errorf("%s is spelt %s, want %s", fen, got, text)
		}
	}
}
