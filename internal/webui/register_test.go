package webui

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	doc "github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// clerk signs somebody in with one role at a hospital.
func (s *site) clerk(role user.Role, at servicetest.Place) *browser {
	s.t.Helper()
	name := strings.ReplaceAll(string(role), "_", "-") + "-" + string(at)
	a := user.Assignment{Role: role, ScopeKind: user.ScopeHospital, ScopeID: s.ID(at), PartnershipID: s.Partnership.ID}
	if role == user.Approver {
		a.ScopeKind, a.ScopeID = user.ScopePartnership, s.Partnership.ID
	}
	s.account(name, at, a)
	b := s.browser()
	if got := b.signIn(name); got.status != http.StatusSeeOther {
		s.t.Fatalf("sign-in of %s: %d", name, got.status)
	}
	return b
}

// send posts a form with a file, as a browser does.
func (b *browser) send(path, field, file string, content []byte, pairs ...string) answer {
	b.s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		if err := w.WriteField(pairs[i], pairs[i+1]); err != nil {
			b.s.t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile(field, file)
	if err != nil {
		b.s.t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		b.s.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.s.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, b.s.url+path, &body)
	if err != nil {
		b.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return b.do(req)
}

// typed is a complete form; later pairs win over earlier ones in post, which
// adds, so callers replace by name.
func (s *site) typed(at servicetest.Place, change ...string) []string {
	v := map[string]string{"_key": ident.New().String(), "doc_kind": "citizen", "doc_number": servicetest.CitizenNumber("580407", 22), "name": "向云禾",
		"hospital": s.ID(at).String(), "registered_on": "今天", "legal_basis": "statutory", "phone": "19900000022", "township": "石坪镇", "village": "松岭村"}
	for i := 0; i+1 < len(change); i += 2 {
		v[change[i]] = change[i+1]
	}
	var out []string
	for k, x := range v {
		out = append(out, k, x)
	}
	return out
}

func TestRegisteringLeadsToThePatientAndIntoTheList(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	contains(t, "the form", b.get("/patients/register"), "登记患者和病例", `name="doc_number"`, `data-hx-post="/patients/register/check"`, s.Hospitals[servicetest.Mountain].Name)
	got := b.post("/patients/register", s.typed(servicetest.Mountain, "programme", "joint")...)
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.location, "/patients/") {
		t.Fatalf("%d %s", got.status, got.location)
	}
	list := b.get("/patients")
	contains(t, "the list", list, "向云禾", "**************0", "*******0022", "已建病例 SH-2026-")
	if strings.Contains(list.body, servicetest.CitizenNumber("580407", 22)) || strings.Contains(list.body, "19900000022") {
		t.Error("a full number stands in the list")
	}
	contains(t, "the search", b.search("xyh"), "找到 1 人", "首字母")
	if x := b.search("sh-2026-00001"); x.status != http.StatusSeeOther || !strings.HasPrefix(x.location, "/cases/") {
		t.Errorf("a case number leads to %d %s", x.status, x.location)
	}
	contains(t, "no hit", b.search("没有"), "没有找到")
	contains(t, "nothing to search by", b.search("??"), "没有找到")
	next := b.post("/patients/register", s.typed(servicetest.Mountain, "doc_number", servicetest.CitizenNumber("610101", 31), "name", "田大山", "phone", "", "then", "another")...)
	if next.status != http.StatusSeeOther || !strings.Contains(next.location, "township=") {
		t.Fatalf("%d %s", next.status, next.location)
	}
	contains(t, "the next form", b.get(next.location), `value="石坪镇"`, "已登记：田大山")
}

func TestWhoIsLookedForStandsInNoAddress(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	b.post("/patients/register", s.typed(servicetest.Mountain)...)
	asked := b.post("/search", "q", "向云禾")
	if asked.status != http.StatusSeeOther || !strings.HasPrefix(asked.location, "/search/") || strings.Contains(asked.location, url.PathEscape("向云禾")) {
		t.Fatalf("%d %s", asked.status, asked.location)
	}
	for range 2 { // again after a reload, and back from a patient
		contains(t, "the answer", b.get(asked.location), "找到 1 人", `value="向云禾"`, `action="/search"`)
	}
	if other := s.clerk(user.Registrar, servicetest.MountainTwo).get(asked.location); other.status != http.StatusNotFound || strings.Contains(other.body, "向云禾") {
		t.Errorf("another account reads the search: %d", other.status)
	}
	if damaged := b.get(asked.location + "x"); damaged.status != http.StatusNotFound {
		t.Errorf("a damaged address answers %d", damaged.status)
	}
	want(t, "nothing typed", b.post("/search", "q", "  "), http.StatusSeeOther, "/search")
	want(t, "the address without a search", b.get("/search?q=xyh"), http.StatusSeeOther, "/patients")
	long := b.search(strings.Repeat("禾", 5000))
	contains(t, "an endless text", long, "没有找到")
}

func TestWhatIsWrongStandsAtItsFieldAndNothingTypedIsLost(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	got := b.post("/patients/register", s.typed(servicetest.Mountain, "phone", "1990000123", "birth", "2026-02-30", "address", `"><script>alert(1)</script>`)...)
	if got.status != http.StatusUnprocessableEntity {
		t.Fatalf("%d", got.status)
	}
	contains(t, "the form", got, "还有 2 处要改", `href="#f-phone"`, "少 1 位，应为 11 位", "没有这一天", `value="向云禾"`, `value="1990000123"`, `value="2026-02-30"`, "&#34;&gt;&lt;script&gt;",
		"由证号得出", "云岭区 500199")
	bad := []byte(servicetest.CitizenNumber("580407", 22))
	bad[17] = map[bool]byte{true: '1', false: '2'}[bad[17] != '1']
	contains(t, "the check digit", b.post("/patients/register", s.typed(servicetest.Mountain, "doc_number", string(bad), "sex", "female", "birth", "1958-04-07")...), "校验位不对")
	contains(t, "the future", b.post("/patients/register", s.typed(servicetest.Mountain, "doc_kind", "none", "doc_number", "", "sex", "male", "birth", "2031-01-01")...), "出生日期不能晚于今天")
	if n := s.Count(`select count(*) from person`); n != 0 {
		t.Errorf("%d persons were stored", n)
	}
	if n := s.Count(`select count(*) from person_lookup where found`); n != 0 {
		t.Errorf("%d found look-ups", n)
	}
}

func TestARefusedFormKeepsTheCountsOfTheNavigation(t *testing.T) {
	s := newSite(t)
	s.operatedKnee("苗砚秋", 75)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	refused := b.post("/patients/register", s.typed(servicetest.Mountain, "phone", "1990000123")...)
	if refused.status != http.StatusUnprocessableEntity {
		t.Fatalf("%d", refused.status)
	}
	counted := regexp.MustCompile(`href="/followups"[^>]*>(?s:.*?)</a>`)
	if now, before := counted.FindString(refused.body), counted.FindString(b.get("/patients/register").body); !strings.Contains(before, "count") || now != before {
		t.Errorf("the navigation counts %s, on the refused form %s", before, now)
	}
}

func TestTheBannerShowsWhoMayBeMeantAndAsksWhatToDo(t *testing.T) {
	s := newSite(t)
	one, two := s.clerk(user.Registrar, servicetest.Mountain), s.clerk(user.Registrar, servicetest.MountainTwo)
	if got := one.post("/patients/register", s.typed(servicetest.Mountain, "programme", "joint")...); got.status != http.StatusSeeOther {
		t.Fatal(got.body)
	}
	again := one.post("/patients/register", s.typed(servicetest.Mountain)...)
	if again.status != http.StatusUnprocessableEntity {
		t.Fatalf("%d", again.status)
	}
	contains(t, "the own hospital", again, "可能已经登记过：向云禾", "证件号码相同", `href="#f-not_same"`, `id="f-not_same"`, "打开已有登记")
	live := two.post("/patients/register/check", s.typed(servicetest.MountainTwo, "programme", "joint")...)
	contains(t, "the other hospital", live, "这个证件号已在协作范围内登记：向云禾", "女，1958 年出生", `name="known"`, `name="join"`)
	if strings.Contains(live.body, "<html") || strings.Contains(live.body, s.Hospitals[servicetest.Mountain].Name) {
		t.Error("the answer is a page, or tells the hospital")
	}
	if got := two.post("/patients/register", s.typed(servicetest.MountainTwo, "programme", "joint")...); got.status != http.StatusUnprocessableEntity {
		t.Errorf("%d", got.status)
	} else {
		contains(t, "the decision", got, `href="#f-known"`, `id="f-known"`)
	}
	done := two.post("/patients/register", s.typed(servicetest.MountainTwo, "programme", "joint", "known", "same", "join", "request", "join_reason", "第二侧在本院做")...)
	if done.status != http.StatusSeeOther {
		t.Fatal(done.body)
	}
	contains(t, "the list", two.get("/patients"), "已向首诊医院申请参与病例")
	admin := s.clerk(user.HospitalAdmin, servicetest.MountainTwo)
	contains(t, "the look-ups", admin.get("/lookups"), "外院已登记", "registrar-mountain-two")
	home := s.clerk(user.HospitalAdmin, servicetest.Mountain)
	contains(t, "the home hospital", home.get("/lookups?of=patients"), "registrar-mountain-two", "向**")
}

func TestALargeUploadIsRefusedInTheFormWithTheRestKept(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	got := b.send("/patients/register", "proof", "低保证.jpg", make([]byte, 60<<20), s.typed(servicetest.Mountain, "category", "DB", "category_from", "2026-01-01")...)
	if got.status != http.StatusRequestEntityTooLarge {
		t.Fatalf("%d", got.status)
	}
	contains(t, "the form", got, "文件超过 10 MB", `value="向云禾"`, `value="2026-01-01"`)
	if n := s.Count(`select (select count(*) from person) + (select count(*) from attachment)`); n != 0 {
		t.Error("something was stored")
	}
}

// Beyond 4 MB the parts of a form are files; a scan of a paper must not stay
// where anybody of the machine reads it.
func TestNoUploadStaysInTheTemporaryDirectory(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Mountain)
	jpeg := append([]byte{0xFF, 0xD8, 0xFF, 0xE0}, make([]byte, 6<<20)...)
	made := b.send("/patients/register", "proof", "低保证.jpg", jpeg, s.typed(servicetest.Mountain, "category", "DB", "category_from", "2026-01-01", "category_to", "2026-12-31")...)
	if made.status != http.StatusSeeOther {
		t.Fatalf("%d %s", made.status, made.body)
	}
	refused := b.send("/patients/register", "proof", "低保证.jpg", make([]byte, 12<<20), s.typed(servicetest.Mountain)...)
	if refused.status != http.StatusRequestEntityTooLarge {
		t.Fatalf("%d %s", refused.status, refused.body)
	}
	if left, err := filepath.Glob(filepath.Join(temporary, "multipart-*")); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
}

var patientLink = regexp.MustCompile(`/patients/([0-9a-f-]{36})`)

func TestPagesOfAPatientWorkAndAreClosedToOtherHospitals(t *testing.T) {
	s := newSite(t)
	b, other := s.clerk(user.Registrar, servicetest.Mountain), s.clerk(user.Registrar, servicetest.Sea)
	jpeg := append([]byte{0xFF, 0xD8, 0xFF, 0xE0}, make([]byte, 500)...)
	made := b.send("/patients/register", "proof", "低保证.jpg", jpeg, s.typed(servicetest.Mountain, "category", "DB", "category_from", "2026-01-01", "category_to", "2026-12-31")...)
	if made.status != http.StatusSeeOther {
		t.Fatalf("%d %s", made.status, made.body)
	}
	person := "/patients/" + patientLink.FindStringSubmatch(made.location)[1]
	for _, page := range []string{"/edit", "/identity", "/unmask", "/categories", "/attachments"} {
		if got := b.get(person + page); got.status != http.StatusOK {
			t.Errorf("%s: %d", page, got.status)
		}
		if got := other.get(person + page); got.status != http.StatusNotFound {
			t.Errorf("%s of another hospital's patient: %d", page, got.status)
		}
	}
	categories := b.get(person + "/categories")
	contains(t, "categories", categories, "低保对象", "有效", "低保证.jpg")
	file := regexp.MustCompile(`/attachments/[0-9a-f-]{36}`).FindString(categories.body)
	contains(t, "the preview", b.get(file), "rotate(0 50 50)")
	want(t, "turning", b.post(file+"/rotate", "turn", "left"), http.StatusSeeOther, file)
	contains(t, "the turned preview", b.get(file), "rotate(270 50 50)")
	raw := b.get(file + "/file")
	if raw.status != http.StatusOK || raw.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(raw.header.Get("Content-Security-Policy"), "sandbox") ||
		!strings.HasPrefix(raw.header.Get("Content-Disposition"), "inline") || raw.header.Get("Content-Type") != doc.JPEG {
		t.Errorf("%d %v", raw.status, raw.header)
	}
	if got := other.get(file + "/file"); got.status != http.StatusNotFound {
		t.Errorf("another hospital opens the file: %d", got.status)
	}
	if got := b.send(file+"/replace", "file", "x.svg", []byte("<svg onload=alert(1)>"), "kind", "poverty"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an SVG is taken: %d", got.status)
	}
	number := regexp.MustCompile(`value="(d:[0-9a-f-]{36})"`).FindStringSubmatch(b.get(person + "/unmask").body)[1]
	shown := b.post(person+"/unmask", "number", number, "reason", "打印审批表")
	contains(t, "unmasking", shown, servicetest.CitizenNumber("580407", 22))
	if got := b.post(person+"/unmask", "number", number, "reason", ""); got.status != http.StatusUnprocessableEntity || strings.Contains(got.body, servicetest.CitizenNumber("580407", 22)) {
		t.Errorf("without a reason: %d", got.status)
	}
	edit := b.post(person+"/edit", "version", "1", "township", "北渡镇", "legal_basis", "statutory")
	want(t, "editing", edit, http.StatusSeeOther, person)
	second := b.post(person+"/edit", "version", "1", "township", "南渡镇", "legal_basis", "statutory")
	if second.status != http.StatusUnprocessableEntity {
		t.Errorf("editing what somebody edited before: %d", second.status)
	}
	contains(t, "the difference", second, "有 1 处与您填写的不同", "记录现在是「北渡镇」", `value="南渡镇"`, `name="version" value="2"`)
	if saved := b.submit(second, person+"/edit", "township", "北渡镇", "legal_basis", "statutory"); saved.status != http.StatusSeeOther {
		t.Errorf("saving on top of it: %d %s", saved.status, saved.body)
	}
	want(t, "the identity", b.post(person+"/identity", "version", "1", "name", "向云和", "sex", "female", "birth", "1958-04-07", "doc_kind", "citizen", "reason", "与户口簿一致"),
		http.StatusSeeOther, person)
	contains(t, "the list", b.get("/patients"), "向云和", "北渡镇")
	contains(t, "more categories", b.get(b.submit(b.get(person+"/categories"), person+"/categories", "category", "TK", "category_from", "2025-01-01").location), "特困人员", "待补证明")
}

func TestTheOfficeJudgesWhoIsWho(t *testing.T) {
	s := newSite(t)
	none := []string{"doc_kind", "none", "doc_number", "", "sex", "female", "birth", "1958-04-07"}
	for _, at := range []servicetest.Place{servicetest.Mountain, servicetest.Sea} {
		if got := s.clerk(user.Registrar, at).post("/patients/register", s.typed(at, none...)...); got.status != http.StatusSeeOther {
			t.Fatal(got.body)
		}
	}
	office := s.clerk(user.Approver, servicetest.MountainTwo)
	contains(t, "an empty queue", office.get("/review"), "没有要处理的")
	want(t, "looking", office.post("/review/find"), http.StatusSeeOther, "/review")
	queue := office.get("/review")
	contains(t, "the queue", queue, "新找到 1 对", "两院疑似同一人", s.Hospitals[servicetest.Sea].ShortName)
	item := regexp.MustCompile(`/review/[0-9a-f-]{36}`).FindString(queue.body)
	contains(t, "the comparison", office.get(item), "各自的记录", "是同一人，合并")
	if got := office.post(item, "version", "1", "verdict", "merge"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("merged without a reason: %d", got.status)
	}
	want(t, "merging", office.post(item, "version", "1", "verdict", "merge", "reason", "家属确认是同一人"), http.StatusSeeOther, "/review")
	contains(t, "the merged ones", office.get("/review?state=merged"), "撤回")
	if n := s.Count(`select count(*) from person where root_id is not null`); n != 1 {
		t.Errorf("%d merged", n)
	}
	want(t, "taking back", office.post(item, "version", "2", "verdict", "reopen", "reason", "合并错了"), http.StatusSeeOther, "/review")
	if got := s.clerk(user.Finance, servicetest.Mountain).get("/review"); got.status != http.StatusForbidden {
		t.Errorf("finance opens the queue: %d", got.status)
	}
}
