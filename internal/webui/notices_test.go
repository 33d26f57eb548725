package webui

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// Everything the pages for everybody send is searched for what must not be there.
func TestTheNoticeOnThePagesTellsNothingMore(t *testing.T) {
	s, clerk, office := moneySite(t)
	s.account("luo.sp", servicetest.Mountain, user.Assignment{Role: user.Approver, ScopeKind: user.ScopePartnership, ScopeID: s.Partnership.ID, PartnershipID: s.Partnership.ID})
	second := s.browser()
	second.signIn("luo.sp")
	var names, secrets []string
	var last ident.ID
	for i := range 6 {
		tr := s.Treatment(servicetest.Mountain, procedure.Joint, fmt.Sprintf("向%c花", rune('一'+i)))
		last = ident.New()
		s.Exec(`update registration set township = '石门乡', village = '临江村', phone_last4 = '3406' where person_id = $1`, tr.Person)
		s.Exec(`insert into approval (partnership_id, id, treatment_id, case_id, hospital_id, visible_to, state, bill_fen, insurance_fen, requested_fen, approved_fen, requested_by, requested_at,
			decided_by, decided_at, publication) values ($1, $2, $3, $4, $5, array[$5::uuid], 'approved', 6000000, 0, 1234500, 1234500, $2, $6, $3, $6, 'given')`, s.Partnership.ID, last, tr.ID,
			tr.Case, s.ID(servicetest.Mountain), s.Clock.Now())
		names = append(names, tr.PersonName)
		secrets = append(secrets, tr.CaseNo, tr.Case.String(), tr.Person.String(), tr.ID.String(), last.String())
	}
	secrets = append(secrets, "临江村", "3406", "12345", "12,345", s.ID(servicetest.Mountain).String())
	want(t, "settings", office.post("/notice-rules", "_key", "r", "office", "帮扶办", "bands.0", "10000", "bands.1", "20000", "version", "0"), http.StatusSeeOther, "/public-notices")
	drawn := office.post("/public-notices", "_key", "n", "title", "十一月公示", "from", s.Today().String(), "to", s.Today().String())
	want(t, "drawn up", drawn, http.StatusSeeOther, drawn.location)
	own := office.post(drawn.location+"/step", "_key", "p", "step", "publish", "version", "1")
	want(t, "published by who drew it up", own, http.StatusUnprocessableEntity, "")
	contains(t, "the refusal", own, "编制人不能发布", "请另一位工作人员办理")
	want(t, "published", second.post(drawn.location+"/step", "_key", "p", "step", "publish", "version", "1"), http.StatusSeeOther, drawn.location)

	stranger := s.browser()
	at := strings.Replace(drawn.location, "/public-notices/", "/notices/", 1)
	id := strings.TrimPrefix(at, "/notices/")
	contains(t, "the board", stranger.get("/notices"), "十一月公示", at)
	contains(t, "the notice", stranger.get(at), "石门乡", "10,000 元以上至 20,000 元", "向**", "帮扶办")
	numbers := regexp.MustCompile(`\d{11,}`)
	for _, path := range []string{"/notices", at, at + "/print", at + "/objection"} {
		page := strings.ReplaceAll(stranger.get(path).body, id, "")
		for _, secret := range append(names, secrets...) {
			if secret != "" && strings.Contains(page, secret) {
				t.Errorf("%s tells %q", path, secret)
			}
		}
		keyless := regexp.MustCompile(`name="_key" value="[^"]*"|"/static/[^"]*"`).ReplaceAllString(page, "") // nor the digest in an asset's address
		if n := numbers.FindString(keyless); n != "" {
			t.Errorf("%s has the number %s", path, n)
		}
	}
	contains(t, "an empty objection", stranger.post(at+"/objection", "_key", "o1", "text", ""), "异议内容")
	contains(t, "the receipt", stranger.post(at+"/objection", "_key", "o2", "no", "1", "text", "此人有两套房", "contact", "13900001234"), "回执号")
	queue := office.get("/objections")
	contains(t, "the queue", queue, "此人有两套房")
	// One consent is taken back: the entry is gone.
	want(t, "consent taken back", clerk.post("/approvals/"+last.String()+"/publication", "_key", "c", "publication", "revoked"), http.StatusSeeOther, "/approvals/"+last.String())
	contains(t, "after that", stranger.get(at), "公示内容（5 条）")
	for i := range 12 {
		answer := stranger.post(at+"/objection", "_key", fmt.Sprint("f", i), "text", "x")
		if answer.status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("objections are not limited")
}
