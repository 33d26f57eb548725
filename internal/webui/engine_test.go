package webui

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/web"
)

// parsed is the one engine of all tests: it is never changed, and parsing every
// template takes longer than most of what is asked of it.
var parsed = sync.OnceValues(func() (*Engine, error) { return New(web.FS, "test") })

func testEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// testBase is the frame of a signed-in registrar.
func testBase(e *Engine, lang i18n.Lang) Base {
	b := NewBase(httptest.NewRequest(http.MethodGet, "/styleguide?x=1", nil), e.Catalogue().Printer(lang))
	b.User = &User{Name: "周岚舟", Role: "登记员", Org: "云岭区中医院", Side: Mountain}
	b.Demo, b.PlainNet = true, true
	b.Title = b.T("app.name") // where the handler, not the sample, knows better
	b.Choices = []Choice{{ID: "1", Name: "云岭–澜港", Current: true}, {ID: "2", Name: "云岭–东屿"}}
	b.Register = &Link{Text: b.T("nav.register"), Href: "/patients/register"}
	b.SetMenu("patients", func(string) bool { return true }, map[string]MenuItem{"queue": {Count: 8, Due: true}, "followups": {Count: 14}})
	return b
}

// miniature is a tree with one page of a test's own beside the real layouts.
func miniature(t testing.TB, page string) *Engine {
	t.Helper()
	tree := fstest.MapFS{"templates/page/mini.html": {Data: []byte(page)}}
	err := fs.WalkDir(web.FS, "templates", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, "templates/page/") {
			return err
		}
		raw, err := fs.ReadFile(web.FS, name)
		tree[name] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	whole := testEngine(t) // texts, styles and scripts are the real ones: only templates are parsed
	e := &Engine{cat: whole.cat, assets: whole.assets, version: whole.version, sets: map[string]*set{}}
	if err := e.parse(tree); err != nil {
		t.Fatal(err)
	}
	return e
}

type miniPage struct {
	Base
	Word string
	Form *Form
}

func TestRenderWritesWholePagesThatNobodyKeeps(t *testing.T) {
	e := miniature(t, `{{define "main"}}<h1>{{.Word}}</h1>{{end}}`)
	w := httptest.NewRecorder()
	p := miniPage{Base: testBase(e, i18n.Chinese), Word: "<b>"}
	p.Title = "题目"
	if err := e.Render(w, nil, http.StatusOK, "mini", p); err != nil {
		t.Fatal(err)
	}
	body := w.Body.String()
	for _, want := range []string{"<title>题目 – 山海</title>", "<h1>&lt;b&gt;</h1>", `lang="zh-CN"`, e.Assets().URL("app.css"), e.Assets().URL("app.js")} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Vary") != "HX-Request" {
		t.Errorf("a cache may keep the page: %v", w.Header())
	}
}

func TestErrorsAreSaidFirstInTheTitle(t *testing.T) {
	e := miniature(t, `{{define "main"}}<h1>x</h1>{{end}}`)
	for lang, want := range map[i18n.Lang]string{i18n.Chinese: "<title>错误：题目 – ", i18n.English: "<title>Error: 题目 – "} {
		w := httptest.NewRecorder()
		p := miniPage{Base: testBase(e, lang)}
		p.Title = "题目"
		if err := e.Render(w, nil, http.StatusUnprocessableEntity, "mini", p); err != nil {
			t.Fatal(err)
		}
		if w.Code != 422 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: status %d without %q", lang, w.Code, want)
		}
	}
}

func TestABrokenPageWritesNothing(t *testing.T) {
	e := miniature(t, `{{define "main"}}before {{.Nonsense}}{{end}}{{define "bit"}}{{field .Form "ghost"}}{{end}}`)
	w := httptest.NewRecorder()
	p := miniPage{Base: testBase(e, i18n.Chinese)}
	if err := e.Render(w, nil, http.StatusOK, "mini", p); err == nil || w.Body.Len() != 0 {
		t.Errorf("half a page left: %v, %d bytes", err, w.Body.Len())
	}
	p.Form = NewForm(p.Base, clock.Date{})
	if err := e.Fragment(w, nil, http.StatusOK, "mini", "bit", p); err == nil || !strings.Contains(err.Error(), "ghost") {
		t.Errorf("an undeclared field was drawn: %v", err)
	}
	if err := e.Render(w, nil, http.StatusOK, "nowhere", p); err == nil {
		t.Error("an unknown page rendered")
	}
	if err := e.Fragment(w, nil, http.StatusOK, "nowhere", "x", p); err == nil {
		t.Error("a block of an unknown page rendered")
	}
}

func TestFragmentIsTheSameBlockWithoutTheFrame(t *testing.T) {
	e := miniature(t, `{{define "main"}}<h1>x</h1>{{template "bit" .}}{{end}}{{define "bit"}}<p>{{.Word}} {{template "alert" (on . .Alert)}}</p>{{end}}`)
	w := httptest.NewRecorder()
	p := struct {
		miniPage
		Alert Alert
	}{miniPage{Base: testBase(e, i18n.Chinese), Word: "只有这段"}, Alert{Kind: "warn", Title: "留意"}}
	if err := e.Fragment(w, nil, http.StatusOK, "mini", "bit", p); err != nil {
		t.Fatal(err)
	}
	if got := w.Body.String(); !strings.HasPrefix(got, "<p>只有这段 ") || strings.Contains(got, "<html") || !strings.Contains(got, "alert-warn") {
		t.Errorf("fragment is %q", got)
	}
}

func TestOnlyHtmxAskingForABlockIsAFragment(t *testing.T) {
	for name, c := range map[string]struct {
		header map[string]string
		want   bool
	}{
		"browser": {nil, false},
		"htmx":    {map[string]string{"HX-Request": "true"}, true},
		"boosted": {map[string]string{"HX-Request": "true", "HX-Boosted": "true"}, false},
		"full":    {map[string]string{"HX-Request": "true", "HX-Request-Type": "full"}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		if got := IsFragment(r); got != c.want {
			t.Errorf("%s: fragment %v, want %v", name, got, c.want)
		}
	}
}

func TestBrokenTreesAreRefusedAtStart(t *testing.T) {
	for name, tree := range map[string]fstest.MapFS{
		"no assets":   {},
		"bad page":    {"templates/page/x.html": {Data: []byte(`{{define "main"}}{{nofunc}}{{end}}`)}},
		"bad part":    {"templates/part/x.html": {Data: []byte(`{{define "p"}}{{if}}{{end}}`)}, "templates/page/x.html": {Data: nil}},
		"bad message": {"i18n/zh-CN/x.json": {Data: []byte(`{`)}},
	} {
		if name != "no assets" {
			for _, f := range assetSources() {
				tree[f] = &fstest.MapFile{Data: []byte("x")}
			}
		}
		if _, err := New(tree, ""); err == nil {
			t.Errorf("%s: the engine started", name)
		}
	}
}

func TestDataAttributesAreEscapedAndNothingElseIsAllowed(t *testing.T) {
	got, err := attributes(map[string]string{"hx-get": `/x?a=1&b="2"`, "a1": "<"})
	if err != nil || string(got) != ` data-a1="&lt;" data-hx-get="/x?a=1&amp;b=&#34;2&#34;"` {
		t.Errorf("attributes %q, %v", got, err)
	}
	for _, bad := range []string{"", "on click", `x"`, "a=b", "X"} {
		if _, err := attributes(map[string]string{bad: "1"}); err == nil {
			t.Errorf("the name %q was written", bad)
		}
	}
}

func TestMasksKeepFourCharactersWhateverComes(t *testing.T) {
	for in, want := range map[string]string{"": "", "002X": "**************002X", "50019919580407002X": "**************002X", "7": "*****************7"} {
		if got := MaskID(in); got != want {
			t.Errorf("MaskID(%q) = %q, want %q", in, got, want)
		}
	}
	if got := MaskPhone("13900003406"); got != "*******3406" {
		t.Errorf("MaskPhone = %q", got)
	}
}

func TestPlacesCarryTheirSideInWords(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	if got := string(b.Place(Sea, "<澜>")); !strings.Contains(got, "支援地") || !strings.Contains(got, "i-sea") || !strings.Contains(got, "&lt;澜&gt;") {
		t.Errorf("place %s", got)
	}
	if got := string(b.Place(NoSide, "别处")); got != `<span class="place">别处</span>` {
		t.Errorf("a place without side is %s", got)
	}
}

func TestErrorPageSaysTheRefusalAndWhatWouldWork(t *testing.T) {
	b := testBase(testEngine(t), i18n.Chinese)
	p := NewErrorPage(b, 503, errs.Of(errors.New("socket torn")), "7K4M")
	if p.Error.Title != b.T("fault.title") || len(p.Error.Steps) != 2 || p.Error.Ref != "7K4M" {
		t.Errorf("a fault of ours reads %+v", p.Error)
	}
	e := errs.Refuse("R-1", "form.error.date", nil, "form.error.pick", "form.error.file")
	p = NewErrorPage(b, 409, e, "")
	if p.Error.Title != b.T("form.error.date") || len(p.Error.Steps) != 2 || p.Error.Steps[0] != b.T("form.error.pick") {
		t.Errorf("a refusal reads %+v", p.Error)
	}
	if p := NewErrorPage(b, 404, errs.Missing(""), ""); p.Title != b.T("fault.missing.title") {
		t.Errorf("not found reads %q", p.Title)
	}
}
