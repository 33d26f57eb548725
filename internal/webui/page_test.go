package webui

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sort"
	"strings"
	"testing"
	"text/template/parse"

	"golang.org/x/net/html"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/web"
)

// listener speaks like a printer and notes every key it does not know.
type listener struct {
	i18n.Printer
	cat     *i18n.Catalogue
	missing map[string]bool
}

func (l listener) note(key string) {
	if !l.cat.Has(l.Lang(), key) {
		l.missing[key] = true
	}
}

func (l listener) T(key string, pairs ...any) string { l.note(key); return l.Printer.T(key, pairs...) }
func (l listener) Say(key string, args errs.Args) string {
	l.note(key)
	return l.Printer.Say(key, args)
}

var _ Speaker = listener{}
var _ Speaker = i18n.Printer{}

// Every page is drawn with its samples in every language: a typo in a template,
// a missing message and HTML that a screen reader trips over all fail here.
func TestEveryPageRendersInEveryLanguage(t *testing.T) {
	e := testEngine(t)
	sampled := map[string]bool{}
	for i, s := range Pages() {
		sampled[s.Name] = true
		for _, lang := range i18n.Langs() {
			t.Run(fmt.Sprintf("%s/%d/%s", s.Name, i, lang), func(t *testing.T) {
				b := testBase(e, lang)
				ear := listener{e.Catalogue().Printer(lang), e.Catalogue(), map[string]bool{}}
				b.P = ear
				w := httptest.NewRecorder()
				if err := e.Render(w, nil, http.StatusOK, s.Name, s.Make(b)); err != nil {
					t.Fatal(err)
				}
				for key := range ear.missing {
					t.Errorf("message %q is missing in %s", key, lang)
				}
				for _, fault := range htmlFaults(w.Body.String()) {
					t.Error(fault)
				}
				if body := w.Body.String(); strings.Contains(body, " data-hx-") != strings.Contains(body, e.Assets().URL("htmx.js")) {
					t.Error("htmx belongs to the pages that fetch a block, and to no other")
				}
			})
		}
	}
	for _, name := range e.Names() {
		if !sampled[name] {
			t.Errorf("page %q has no sample in Pages()", name)
		}
	}
}

// htmlFaults are the mistakes a checker would name: the ones our templates could make.
func htmlFaults(page string) []string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	c := &htmlCheck{ids: map[string]int{}, labels: map[string]bool{}}
	c.walk(root)
	return c.report()
}

type htmlCheck struct {
	ids      map[string]int
	labels   map[string]bool
	targets  []string
	controls []*html.Node
	h1       int
	faults   []string
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (c *htmlCheck) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		c.element(n)
	}
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		c.walk(k)
	}
}

func (c *htmlCheck) element(n *html.Node) {
	for _, a := range n.Attr {
		switch {
		case a.Key == "style", strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-"):
			c.faults = append(c.faults, fmt.Sprintf("<%s> has the attribute %s", n.Data, a.Key))
		case a.Key == "id":
			c.ids[a.Val]++
		case a.Key == "href" && strings.HasPrefix(a.Val, "#") && len(a.Val) > 1, a.Key == "aria-describedby" || a.Key == "aria-labelledby":
			c.targets = append(c.targets, strings.Fields(strings.TrimPrefix(a.Val, "#"))...) // aria attributes hold lists
		}
	}
	switch n.Data {
	case "h1":
		c.h1++
	case "label":
		c.labels[attr(n, "for")] = true
	case "input", "select", "textarea":
		if attr(n, "type") != "hidden" {
			c.controls = append(c.controls, n)
		}
	case "th":
		if attr(n, "scope") == "" {
			c.faults = append(c.faults, "a table head has no scope")
		}
	case "img":
		c.faults = append(c.faults, "an image: pages draw with SVG")
	case "script":
		if attr(n, "src") == "" && attr(n, "type") != "application/json" {
			c.faults = append(c.faults, "an inline script")
		}
	case "a", "button":
		if strings.TrimSpace(textOf(n)) == "" && attr(n, "aria-label") == "" {
			c.faults = append(c.faults, fmt.Sprintf("<%s href=%q> has no words", n.Data, attr(n, "href")))
		}
	}
}

func (c *htmlCheck) report() []string {
	if c.h1 != 1 {
		c.faults = append(c.faults, fmt.Sprintf("%d h1 elements, want 1", c.h1))
	}
	for id, n := range c.ids {
		if n > 1 {
			c.faults = append(c.faults, fmt.Sprintf("id %q stands %d times", id, n))
		}
	}
	for _, id := range c.targets {
		if c.ids[id] == 0 {
			c.faults = append(c.faults, fmt.Sprintf("nothing has the id %q that is pointed at", id))
		}
	}
	for _, n := range c.controls {
		inside := false
		for p := n.Parent; p != nil; p = p.Parent {
			inside = inside || p.Data == "label"
		}
		if !inside && !c.labels[attr(n, "id")] && attr(n, "aria-label") == "" {
			c.faults = append(c.faults, fmt.Sprintf("control %q has no label", attr(n, "name")))
		}
	}
	sort.Strings(c.faults)
	return c.faults
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		b.WriteString(textOf(k))
	}
	return b.String()
}

func TestTheHTMLCheckFindsWhatItShould(t *testing.T) {
	for page, want := range map[string]string{
		`<h1>a</h1><h1>b</h1>`:                                "2 h1",
		`<h1>a</h1><p id=x><p id=x>`:                          `id "x" stands 2`,
		`<h1>a</h1><input name=q>`:                            `"q" has no label`,
		`<h1>a</h1><p style="color:red">`:                     "attribute style",
		`<h1>a</h1><p onclick="x()">`:                         "attribute onclick",
		`<h1>a</h1><p hx-get="/">`:                            "attribute hx-get",
		`<h1>a</h1><a href="#gone">x</a>`:                     `"gone"`,
		`<h1>a</h1><script>1</script>`:                        "inline script",
		`<h1>a</h1><button><svg></svg></button>`:              "no words",
		`<h1>a</h1><table><tr><th>x</table>`:                  "no scope",
		`<h1>a</h1><label for=f>x</label><input id=f><p>y`:    "",
		`<h1>a</h1><label>x <input name=z type=radio>`:        "",
		`<h1>a</h1><script type="application/json"></script>`: "",
	} {
		got := strings.Join(htmlFaults(page), "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: found %q, want %q", page, got, want)
		}
	}
}

// Branches that no sample reaches still name their messages: the keys written in
// the templates are looked up without drawing them.
func TestMessagesNamedInTemplatesExist(t *testing.T) {
	cat := testEngine(t).Catalogue()
	err := fs.WalkDir(web.FS, "templates", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(web.FS, name)
		if err != nil {
			return err
		}
		for _, key := range namedKeys(t, name, string(src)) {
			for _, lang := range i18n.Langs() {
				if !cat.Has(lang, key) {
					t.Errorf("%s: message %q is missing in %s", name, key, lang)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var quotedKey = regexp.MustCompile(`\.T "([^"]+)"`)

// namedKeys parses a file, to be sure that it is one template language, and
// lists the constant keys in it.
func namedKeys(t *testing.T, name, src string) []string {
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(src, "", "", map[string]*parse.Tree{}); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	var keys []string
	for _, m := range quotedKey.FindAllStringSubmatch(src, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

// Words belong into the catalogues: a template has no Chinese text of its own,
// but for the names of the languages in the language switch.
func TestTemplatesHoldNoWords(t *testing.T) {
	han := regexp.MustCompile(`\p{Han}+`)
	_ = fs.WalkDir(web.FS, "templates", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(web.FS, name)
		for _, word := range han.FindAllString(string(src), -1) {
			if word != "中文" {
				t.Errorf("%s contains the word %s", name, word)
			}
		}
		return err
	})
}

func TestScriptTextsExistInBothLanguages(t *testing.T) {
	cat := testEngine(t).Catalogue()
	used := map[string]bool{}
	for _, k := range scriptKeys() {
		used[k] = true
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, k) {
				t.Errorf("message %q is missing in %s", k, lang)
			}
		}
	}
	for _, k := range cat.Keys(i18n.Chinese) {
		if strings.HasPrefix(k, "js.") && !used[k] {
			t.Errorf("message %q is for scripts but is not sent to them", k)
		}
	}
}

func TestMenuShowsWhatTheRoleMayOpen(t *testing.T) {
	e := testEngine(t)
	b := NewBase(httptest.NewRequest(http.MethodGet, "/funds", nil), e.Catalogue().Printer(i18n.Chinese))
	b.SetMenu("funds", func(id string) bool { return id == "queue" || id == "funds" }, map[string]MenuItem{"queue": {Count: 3, Due: true}})
	if len(b.Menu) != 2 || b.Menu[0].Head != "" || b.Menu[1].Head != "钱" || !b.Menu[1].Items[0].Current || !b.Menu[0].Items[0].Due {
		t.Errorf("menu %+v", b.Menu)
	}
	if last := b.Bottom[len(b.Bottom)-1]; len(b.Bottom) != 2 || last.ID != "more" || !last.Current {
		t.Errorf("the phone's bar is %+v; a page that is not on it belongs to more", b.Bottom)
	}
	b.Register = &Link{Href: "/r"}
	b.SetMenu("queue", func(string) bool { return true }, nil)
	var ids []string
	for _, it := range b.Bottom {
		ids = append(ids, it.ID)
	}
	if got := strings.Join(ids, " "); got != "queue patients register overview more" {
		t.Errorf("the registrar's phone bar is %s", got)
	}
}

func TestUserWithoutNameStillHasAChip(t *testing.T) {
	if got := (User{}).Initial(); got != "–" {
		t.Errorf("initial %q", got)
	}
	if got := (User{Name: "周岚舟"}).Initial(); got != "周" {
		t.Errorf("initial %q", got)
	}
}

func TestChipsBeginWithACapital(t *testing.T) {
	b := testBase(testEngine(t), i18n.English)
	for text, shown := range map[string]string{"waits for approval": ">Waits for approval<", "élan": ">Élan<", "已付": ">已付<", "2nd side": ">2nd side<", "": "><"} {
		if got := string(b.Chip(Tag{Text: text})); !strings.Contains(got, shown) {
			t.Errorf("%q is shown as %s", text, got)
		}
	}
}

func TestPagesFitTheBudget(t *testing.T) {
	e := testEngine(t)
	w := httptest.NewRecorder()
	if err := e.Render(w, nil, http.StatusOK, "styleguide", StyleguidePage(testBase(e, i18n.Chinese))); err != nil {
		t.Fatal(err)
	}
	z, err := gzipped(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	a := e.Assets()
	total := len(z) + a.Size("app.css") + a.Size("app.js") + a.Size("htmx.js")
	t.Logf("page %d, moved %d bytes gzipped", len(z), total)
	if total > 60_000 {
		t.Errorf("a page with every part moves %d bytes, the budget is 60,000", total)
	}
}

func TestSampleDayIsTheDayOfThePictures(t *testing.T) {
	if sampleDay() != clock.MustDate(2026, 11, 23) {
		t.Error("samples must not depend on the day the tests run")
	}
}
