package webui

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

func TestTheShellIsTheSameForEverybody(t *testing.T) {
	s := newSite(t)
	stranger, screener := s.browser(), s.clerk(user.Screener, servicetest.Mountain)
	for _, path := range []string{"/outreach/zh-CN", "/outreach/en", "/outreach/theatre/zh-CN", "/outreach/theatre/en"} {
		open, mine := stranger.get(path), screener.get(path)
		if open.status != http.StatusOK || open.body != mine.body {
			t.Errorf("%s: %d, and somebody signed in gets another one: %v", path, open.status, open.body != mine.body)
		}
		if strings.Contains(mine.body, "测试员") || strings.Contains(mine.body, s.Today().String()) {
			t.Errorf("%s names somebody or a day", path)
		}
	}
	contains(t, "without scripts", stranger.get("/outreach/zh-CN"), "<noscript>", `href="/screenings/new"`)
	if got := stranger.get("/outreach"); got.status != http.StatusSeeOther || !strings.HasPrefix(got.location, "/sign-in") {
		t.Errorf("a stranger is let in: %d %s", got.status, got.location)
	}
	want(t, "a screener", screener.get("/outreach"), http.StatusSeeOther, "/outreach/zh-CN")
	if got := s.clerk(user.Finance, servicetest.Mountain).get("/outreach/account"); got.status != http.StatusForbidden {
		t.Errorf("finance gets a store: %d", got.status)
	}
}

func TestTheWorkerKeepsTheShellAndFilesOnly(t *testing.T) {
	s := newSite(t)
	s.clerk(user.Screener, servicetest.Mountain)
	b := s.browser()
	script := b.get("/outreach/worker.js")
	var keep struct {
		Version string
		Files   []string
	}
	head, _, ok := strings.Cut(strings.TrimPrefix(script.body, "self.keep="), ";\n")
	if err := json.Unmarshal([]byte(head), &keep); err != nil || !ok || keep.Version == "" {
		t.Fatalf("%v\n%.200s", err, script.body)
	}
	for _, f := range keep.Files {
		if !regexp.MustCompile(`^/outreach/(theatre/)?(zh-CN|en)$|^/static/[a-z0-9-]+\.[0-9a-f]{12}\.(css|js|svg|png)$`).MatchString(f) {
			t.Errorf("keeps %s", f)
		}
		if got := b.get(f); got.status != http.StatusOK {
			t.Errorf("%s: %d, so nothing is kept at all", f, got.status)
		}
	}
	if again := b.get("/outreach/worker.js"); again.body != script.body {
		t.Error("the same version is another script")
	}
}

func TestATelephoneMayInstallThePage(t *testing.T) {
	s := newSite(t)
	s.clerk(user.Screener, servicetest.Mountain)
	b := s.browser()
	page := b.get("/outreach/en")
	m := regexp.MustCompile(`<link rel="manifest" href="([^"]+)">`).FindStringSubmatch(page.body)
	if m == nil {
		t.Fatal("the page has no manifest")
	}
	var v struct {
		Start   string `json:"start_url"`
		Scope   string `json:"scope"`
		Display string `json:"display"`
		Icons   []struct{ Src, Sizes, Purpose string }
	}
	if err := json.Unmarshal([]byte(b.get(m[1]).body), &v); err != nil || v.Start != "/outreach/en" || v.Scope != "/outreach/" || v.Display != "standalone" || len(v.Icons) != 3 {
		t.Fatalf("%+v %v", v, err)
	}
	for _, i := range v.Icons {
		if got := b.get(i.Src); got.status != http.StatusOK || !strings.HasPrefix(got.body, "\x89PNG") {
			t.Errorf("%s: %d", i.Src, got.status)
		}
	}
}

// Unsent forms lie in the storage of the browser.
func TestSigningOutLeavesTheStorageAlone(t *testing.T) {
	s := newSite(t)
	got := s.clerk(user.Screener, servicetest.Mountain).post("/sign-out")
	if clear := got.header.Get("Clear-Site-Data"); clear != `"cache"` {
		t.Errorf("Clear-Site-Data: %s", clear)
	}
}

func TestTheListOfTheTheatreIsForWhoLogsOperationsThere(t *testing.T) {
	s := newSite(t)
	here := "/outreach/list?hospital=" + s.ID(servicetest.Mountain).String()
	doctor := s.clerk(user.LocalDoctor, servicetest.Mountain)
	got := doctor.get(here)
	var v struct {
		Day     string
		Doctors []struct{ ID, Name string }
		Cases   []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(got.body), &v); err != nil || got.status != http.StatusOK || v.Day != s.Today().String() || v.Cases == nil {
		t.Errorf("%d %v %s", got.status, err, got.body)
	}
	if cache := got.header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("kept by somebody else: %s", cache)
	}
	for path, status := range map[string]int{"/outreach/list": http.StatusUnprocessableEntity, "/outreach/list?hospital=" + s.ID(servicetest.MountainTwo).String(): http.StatusForbidden} {
		if got := doctor.get(path); got.status != status {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	screener := s.clerk(user.Screener, servicetest.Mountain)
	if got := screener.get(here); got.status != http.StatusForbidden {
		t.Errorf("a screener: %d", got.status)
	}
	for _, lang := range i18n.Langs() { // the page the browser keeps has a language of its own
		ask, err := http.NewRequest(http.MethodPost, s.url+"/outreach/forms?lang="+string(lang), strings.NewReader(`{"hospital":"`+s.ID(servicetest.Mountain).String()+`","forms":[{"id":"`+ident.New().String()+`","body":"no form"}]}`))
		if err != nil {
			t.Fatal(err)
		}
		ask.Header.Set("Content-Type", "application/json")
		contains(t, "what is wrong, in "+string(lang), doctor.do(ask), testEngine(t).Catalogue().Printer(lang).T("error.screening.row"))
	}
	contains(t, "the account of a doctor", doctor.get("/outreach/account"), `"theatre":["`+s.ID(servicetest.Mountain).String())
	contains(t, "the account of a screener", screener.get("/outreach/account"), `"theatre":[]`)
	want(t, "the way in", doctor.get("/outreach/theatre"), http.StatusSeeOther, "/outreach/theatre/zh-CN")
}

func TestAConflictOfOperationsNamesWhatDiffers(t *testing.T) {
	b := NewBase(httptest.NewRequest(http.MethodGet, "/outreach/operations", nil), testEngine(t).Catalogue().Printer(i18n.Chinese))
	mine := procedure.Procedure{Kind: procedure.TKA, Side: procedure.Right, OperatedOn: sampleDay(), ASA: 2, Programme: procedure.Joint, JointPart: &procedure.JointPart{Indications: []procedure.Indication{"OA"}}}
	have := care.Operation{Procedure: mine.Completed()}
	have.ASA, have.Diagnoses = 3, procedure.DefaultDiagnoses(have.Procedure)
	got := operationDifferences(b, mine, have)
	if len(got) != 1 || got[0].Label != b.T("operation.asa") || got[0].Mine != "II" || got[0].Theirs != "III" {
		t.Errorf("%+v", got)
	}
}
