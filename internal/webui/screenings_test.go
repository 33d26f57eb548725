package webui

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// villager is a posted form of a screening; later pairs win.
func (s *site) villager(at servicetest.Place, change ...string) []string {
	v := map[string]string{"_key": ident.New().String(), "hospital": s.ID(at).String(), "screened_on": "今天", "township": "石坪镇", "village": "松岭村", "name": "向云禾",
		"doc_number": servicetest.CitizenNumber("580407", 22), "phone": "19900000022", "programme": "joint", "site": "knee", "side": "L", "pain": "0", "triage": "SURGERY_ADVISED",
		"answer": "WILLING", "legal_basis": "statutory"}
	for i := 0; i+1 < len(change); i += 2 {
		v[change[i]] = change[i+1]
	}
	var out []string
	for k, x := range v {
		out = append(out, k, x)
	}
	return out
}

var registerLink = regexp.MustCompile(`/patients/register\?screening=[0-9a-f-]{36}`)

func TestAScreenerNotesOneAfterTheOther(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Screener, servicetest.Mountain)
	want(t, "the first page", b.get("/"), http.StatusSeeOther, "/screenings")
	first := s.villager(servicetest.Mountain)
	got := b.post("/screenings", first...)
	to, err := url.Parse(got.location)
	if err != nil || got.status != http.StatusSeeOther || to.Path != "/screenings/new" {
		t.Fatalf("%d %s", got.status, got.location)
	}
	if q := to.Query(); q.Get("township") != "石坪镇" || q.Get("village") != "松岭村" || q.Get("screened_on") != s.Today().String() || strings.Contains(got.location, url.QueryEscape("向云禾")) {
		t.Errorf("the next form begins with %v", q)
	}
	next := b.get(got.location)
	contains(t, "the next form", next, "已保存：向云禾", "当天已筛查 1 人", `name="village" value="松岭村"`, `name="name" value=""`)
	b.post("/screenings", first...) // the same press again
	contains(t, "the list", b.get("/screenings"), "筛查 1 人", "左侧膝关节", "疼痛 0 分", "愿意手术")
	contains(t, "somebody alike", b.get(b.post("/screenings", s.villager(servicetest.Mountain, "doc_number", "", "birth", "68", "sex", "female")...).location), "可能是同一人")
}

func TestAWrongScreeningKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Screener, servicetest.Mountain)
	got := b.post("/screenings", s.villager(servicetest.Mountain, "side", "", "phone", "1399", "birth", "老", "doc_number", "", "answer", "DECLINED", "programme", "coronary", "pressure", "高")...)
	if got.status != http.StatusUnprocessableEntity {
		t.Fatalf("%d %s", got.status, got.location)
	}
	contains(t, "the form", got, "向云禾", "请填年龄", "血压写成", `value="1399"`, `value="高"`)
	if s.Count(`select count(*) from screening`) != 0 {
		t.Error("it was stored")
	}
}

func TestARegistrationFromAScreeningShowsNoNumberAndTakesItOver(t *testing.T) {
	s := newSite(t)
	s.clerk(user.Screener, servicetest.Mountain).post("/screenings", s.villager(servicetest.Mountain)...)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	list := b.get("/screenings?answer=WILLING&open=yes")
	from := registerLink.FindString(list.body)
	if from == "" {
		t.Fatal("the list has no way to register")
	}
	page := b.get(from)
	number := servicetest.CitizenNumber("580407", 22)
	contains(t, "the form", page, `value="向云禾"`, `value="1958-04-07"`, `value="松岭村"`, number[14:], "0022", "不填则沿用")
	if strings.Contains(page.body, number) || strings.Contains(page.body, "19900000022") {
		t.Error("a number left the store")
	}
	id := from[len(from)-36:]
	fields := s.typed(servicetest.Mountain, "doc_number", "", "phone", "", "sex", "female", "birth", "1958-04-07", "programme", "joint", "screening", id)
	if banner := b.post("/patients/register/check", fields...); banner.status != http.StatusOK || strings.Contains(banner.body, number) {
		t.Errorf("the banner: %d", banner.status)
	}
	got := b.post("/patients/register", fields...)
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.location, "/patients/") {
		t.Fatalf("%d %s", got.status, got.location)
	}
	contains(t, "the patient", b.get(got.location), number[14:], "0022")
	contains(t, "the screening", b.get("/screenings/"+id), "已登记", got.location, "SH-2026-")
	want(t, "registering again", b.get(from), http.StatusSeeOther, "/screenings/"+id)
	again := b.post("/patients/register", s.typed(servicetest.Mountain, "name", "冉听雪", "doc_number", servicetest.CitizenNumber("610203", 31), "phone", "19900007777", "sex", "", "screening", id)...)
	contains(t, "a second registration", again, "这份筛查已经登记过")
	other := s.clerk(user.Registrar, servicetest.MountainTwo)
	if got := other.get(from); got.status != http.StatusNotFound {
		t.Errorf("another hospital: %d", got.status)
	}
}

func TestAScreenedPatientIsLinkedFromTheBanner(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	patient := b.post("/patients/register", s.typed(servicetest.Mountain)...).location
	b.post("/screenings", s.villager(servicetest.Mountain)...)
	from := registerLink.FindString(b.get("/screenings").body)
	id := from[len(from)-36:]
	got := b.post("/patients/register", s.typed(servicetest.Mountain, "doc_number", "", "phone", "", "screening", id)...)
	contains(t, "the form", got, "可能已经登记过", "筛查的就是此人")
	m := regexp.MustCompile(`formaction="([^"]+)" name="registration" value="([^"]+)"`).FindStringSubmatch(got.body)
	if m == nil {
		t.Fatal("no way to link")
	}
	want(t, "linking", b.post(m[1], "registration", m[2]), http.StatusSeeOther, patient)
	contains(t, "the screening", b.get("/screenings/"+id), "已登记", patient)
}
