package webui

import (
	"html"
	"net/http"
	"regexp"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

var (
	toastForm  = regexp.MustCompile(`(?s)<form class="toast" method="post" action="([^"]*)" data-seconds="10">(.*?)</form>`)
	toastField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// undo presses the button of the toast on a page.
func (b *browser) undo(page answer) answer {
	b.s.t.Helper()
	form := toastForm.FindStringSubmatch(page.body)
	if form == nil {
		b.s.t.Fatalf("nothing can be taken back: %d", page.status)
	}
	var pairs []string
	for _, x := range toastField.FindAllStringSubmatch(form[2], -1) {
		pairs = append(pairs, html.UnescapeString(x[1]), html.UnescapeString(x[2]))
	}
	return b.post(html.UnescapeString(form[1]), pairs...)
}

func TestAContactIsTakenBackFromItsToast(t *testing.T) {
	s := newSite(t)
	c := s.operatedKnee("苗砚秋", 45)
	b := s.clerk(user.LocalDoctor, servicetest.Mountain)
	at := "/cases/" + c.ID.String() + "/followups"
	form := b.get(b.get("/followups").link(t, at+"/new?appointment="))
	want(t, "a contact", b.submit(form, form.link(t, at+"?appointment="), "on", s.Today().String(), "evidence", "family", "reached", "yes", "informant", "女儿", "score.HSS", "84", "score.PAIN", "3"), http.StatusSeeOther, at)
	page := b.get(at)
	contains(t, "the case", page, "随访已记录", "按期完成")
	want(t, "taking it back", b.undo(page), http.StatusSeeOther, at)
	page = b.get(at)
	contains(t, "the case after it", page, "已撤回", "应随访")
	if toastForm.MatchString(page.body) {
		t.Error("the toast stands for a second time")
	}
	contains(t, "the worklist", b.get("/followups"), "苗砚秋")
	if n := s.Count(`select count(*) from audit_event where action = 'followup.withdraw'`); n != 1 {
		t.Errorf("%d events of taking a contact back", n)
	}
}

func TestAVerdictIsTakenBackFromItsToast(t *testing.T) {
	for verdict, list := range map[string]string{"merge": "merged", "distinct": "distinct"} {
		t.Run(verdict, func(t *testing.T) {
			s := newSite(t)
			none := []string{"doc_kind", "none", "doc_number", "", "sex", "female", "birth", "1958-04-07"}
			for _, at := range []servicetest.Place{servicetest.Mountain, servicetest.Sea} {
				want(t, "registering", answer{status: s.clerk(user.Registrar, at).post("/patients/register", s.typed(at, none...)...).status}, http.StatusSeeOther, "")
			}
			office := s.clerk(user.Approver, servicetest.MountainTwo)
			want(t, "looking", office.post("/review/find"), http.StatusSeeOther, "/review")
			item := regexp.MustCompile(`/review/[0-9a-f-]{36}`).FindString(office.get("/review").body)
			want(t, "the verdict", office.post(item, "_key", "v", "version", "1", "verdict", verdict, "reason", "家属确认过"), http.StatusSeeOther, "/review")
			page := office.get("/review")
			contains(t, "in its list", office.get("/review?state="+list), item)
			want(t, "taking it back", office.undo(page), http.StatusSeeOther, "/review")
			page = office.get("/review")
			contains(t, "it waits again", page, item)
			if toastForm.MatchString(page.body) {
				t.Error("taking back can be taken back")
			}
			if n := s.Count(`select count(*) from person where root_id is not null`); n != 0 {
				t.Errorf("%d records are still merged", n)
			}
		})
	}
}
