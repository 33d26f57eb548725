package i18n_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// These tests read the whole house: every text a person can meet stands in the
// catalogues, in both languages, and everything the code asks for is there.

const root = "../.."

func house(t *testing.T) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.Load(os.DirFS(root + "/web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	keyShape    = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+)+(#one)?$`)
	placeholder = regexp.MustCompile(`\{([a-z_0-9]+)\}`)
	halfWidth   = regexp.MustCompile(`\p{Han}[,;?!()]|[,;?!()]\p{Han}`)
	fullWidth   = regexp.MustCompile(`[\p{Han}，。；：？！（）「」、]`)
)

func placeholders(text string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	c := house(t)
	if len(c.Keys(i18n.Chinese)) < 500 {
		t.Fatalf("only %d keys found", len(c.Keys(i18n.Chinese)))
	}
	for _, key := range c.Keys(i18n.Chinese) {
		if !keyShape.MatchString(key) {
			t.Errorf("key %q is badly formed", key)
		}
		if !c.Has(i18n.English, key) {
			t.Errorf("%s has no English text", key)
			continue
		}
		if strings.HasSuffix(key, "#one") {
			continue // the singular of English may say one in a word
		}
		zh, en := placeholders(c.Raw(i18n.Chinese, key)), placeholders(c.Raw(i18n.English, key))
		if !slices.Equal(zh, en) {
			t.Errorf("%s: placeholders %v in Chinese, %v in English", key, zh, en)
		}
	}
	for _, key := range c.Keys(i18n.English) {
		base, one := strings.CutSuffix(key, "#one")
		if !c.Has(i18n.Chinese, base) {
			t.Errorf("%s has no Chinese text", key)
		}
		if !one {
			continue
		}
		many := placeholders(c.Raw(i18n.English, base))
		for _, p := range placeholders(c.Raw(i18n.English, key)) {
			if !slices.Contains(many, p) {
				t.Errorf("%s: placeholder %s is not one of its plural", key, p)
			}
		}
	}
}

func TestTextsKeepTheHouseStyle(t *testing.T) {
	c := house(t)
	// Examples of what a person types, and names of the two languages, stand as they are.
	quotes := regexp.MustCompile(`“[^”]*”|"[^"]*"|「[^」]*」|『[^』]*』`)
	for _, key := range c.Keys(i18n.Chinese) {
		zh := c.Raw(i18n.Chinese, key)
		switch {
		case strings.TrimSpace(zh) == "" && key != "list.separator":
			t.Errorf("%s is empty", key)
		case strings.ContainsAny(zh, "！!"):
			t.Errorf("%s calls out: %s", key, zh)
		case halfWidth.MatchString(quotes.ReplaceAllString(zh, "")):
			t.Errorf("%s has half-width punctuation: %s", key, zh)
		case strings.Contains(zh, "你"):
			t.Errorf("%s says 你: %s", key, zh)
		}
	}
	for _, key := range c.Keys(i18n.English) {
		if en := c.Raw(i18n.English, key); fullWidth.MatchString(quotes.ReplaceAllString(en, "")) && !slices.Contains(ownNames, key) {
			t.Errorf("%s: Chinese in the English text: %s", key, en)
		}
	}
}

// ownNames are texts that name a thing in its own language.
var ownNames = []string{"language.zh"}

// goFiles parses the Go files of the house that make it up: no tests, no
// packages that only tests import.
func goFiles(t *testing.T, visit func(path string, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	n := 0
	for _, dir := range []string{"internal", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && slices.Contains([]string{"testdata", "servicetest", "pgtest", "archtest", "matchtest"}, d.Name()) {
				if err == nil {
					err = filepath.SkipDir
				}
				return err
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			n++
			visit(strings.TrimPrefix(filepath.ToSlash(path), root+"/"), fset, f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 100 {
		t.Fatalf("only %d Go files found", n)
	}
}

// text is the value of a string literal.
func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// asked collects the keys a Go file names: literals that begin like an error's
// sentence, arguments of T, Say and errs.Key, and fields whose name ends in Key.
func asked(f *ast.File, found func(key string, pos token.Pos, prefix bool)) {
	take := func(e ast.Expr) {
		if s, ok := text(e); ok && s != "" {
			found(s, e.Pos(), false)
		}
		if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.ADD {
			if s, ok := text(b.X); ok && strings.Contains(s, ".") {
				found(s, b.Pos(), true)
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr: // a prefix and what is put behind it, not a key
			if s, ok := text(n.X); ok && n.Op == token.ADD && strings.HasPrefix(s, "error.") {
				found(s, n.Pos(), true)
				return false
			}
		case *ast.BasicLit:
			if s, ok := text(n); ok && strings.HasPrefix(s, "error.") {
				found(s, n.Pos(), false)
			}
		case *ast.CallExpr:
			sel, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || len(n.Args) == 0 {
				return true
			}
			pkg, _ := sel.X.(*ast.Ident)
			if sel.Sel.Name == "T" || sel.Sel.Name == "Say" || pkg != nil && pkg.Name == "errs" && sel.Sel.Name == "Key" {
				take(n.Args[0])
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && strings.HasSuffix(id.Name, "Key") && id.Name != "Key" {
				take(n.Value)
			}
		}
		return true
	})
}

func TestEveryKeyTheCodeNamesExists(t *testing.T) {
	c := house(t)
	keys := c.Keys(i18n.Chinese)
	seen := 0
	goFiles(t, func(path string, fset *token.FileSet, f *ast.File) {
		asked(f, func(key string, pos token.Pos, prefix bool) {
			seen++
			known := c.Has(i18n.Chinese, key)
			if (prefix || strings.HasSuffix(key, ".")) && !known {
				known = slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, key) })
			}
			if !known {
				t.Errorf("%s:%d: no text for %s", path, fset.Position(pos).Line, key)
			}
		})
	})
	if seen < 500 {
		t.Errorf("only %d uses found", seen)
	}
}

// spoken finds keys in templates: T "key", and keys handed to parts.
var (
	spoken  = regexp.MustCompile(`\bT\s+"([^"]+)"`)
	spliced = regexp.MustCompile(`\bT\s+\(printf\s+"([^"%]+)%`)
)

func templates(t *testing.T, visit func(path, text string)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root+"/web/templates", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".html") {
			return err
		}
		raw, err := os.ReadFile(path)
		n++
		visit(strings.TrimPrefix(filepath.ToSlash(path), root+"/"), string(raw))
		return err
	})
	if err != nil || n < 20 {
		t.Fatalf("%d templates: %v", n, err)
	}
}

func TestEveryKeyATemplateNamesExists(t *testing.T) {
	c := house(t)
	keys := c.Keys(i18n.Chinese)
	templates(t, func(path, text string) {
		for _, m := range spoken.FindAllStringSubmatch(text, -1) {
			if !c.Has(i18n.Chinese, m[1]) {
				t.Errorf("%s: no text for %s", path, m[1])
			}
		}
		for _, m := range spliced.FindAllStringSubmatch(text, -1) {
			if !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, m[1]) }) {
				t.Errorf("%s: no text begins with %s", path, m[1])
			}
		}
	})
}

var (
	action    = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	skipped   = regexp.MustCompile(`(?s)<!--.*?-->|<(script|style|svg|code|kbd)\b.*?</(script|style|svg|code|kbd)>`)
	labels    = regexp.MustCompile(`\b(?:title|alt|placeholder|aria-label|aria-description|content|value)="([^"]*)"`)
	tag       = regexp.MustCompile(`(?s)<[^>]*>`)
	technical = regexp.MustCompile(`^(width=device-width.*|light dark|zh-CN|[a-z0-9_:#/.%-]*|#[0-9A-Fa-f]+)$`)
	written   = regexp.MustCompile(`^(中文|English|[a-z-]+="[^"]*".*)$`) // the switch of languages; attributes a part adds
)

// A sentence written into a template would be shown in one language to all.
func TestTemplatesHoldNoTextOfTheirOwn(t *testing.T) {
	templates(t, func(path, text string) {
		if strings.HasSuffix(path, "styleguide.html") {
			return // shows the parts with samples, and no visitor is led to it
		}
		bare := action.ReplaceAllString(skipped.ReplaceAllString(action.ReplaceAllStringFunc(text, func(s string) string {
			if strings.Contains(s, "/*") {
				return ""
			}
			return "{{}}"
		}), ""), "")
		for _, m := range labels.FindAllStringSubmatch(bare, -1) {
			if !technical.MatchString(strings.TrimSpace(m[1])) {
				t.Errorf("%s: attribute text %q", path, m[1])
			}
		}
		for line := range strings.Lines(tag.ReplaceAllString(bare, "\n")) {
			if line = strings.TrimSpace(line); strings.IndexFunc(line, unicode.IsLetter) >= 0 && !written.MatchString(line) {
				t.Errorf("%s: text %q", path, line)
			}
		}
	})
}

// spokenInGo are the files whose Chinese is data of the trade, not a sentence to
// somebody: names of regions and peoples, readings of surnames, words to be
// recognised in ledgers and inputs, the names in the sample of the rules of payment, and
// how a date is written.
var spokenInGo = []string{
	"internal/domain/terminology/", "internal/domain/match/", "internal/domain/history/", "internal/sheet/", "internal/demo/",
	"internal/bench/", "internal/clock/", "internal/money/", "internal/i18n/", "internal/domain/patient/", "internal/domain/insurer/", "internal/domain/user/password.go",
	"internal/domain/procedure/parse.go", "internal/domain/acuity/parse.go", "internal/domain/policy/sample.go",
}

// samples fill the pages for the test that renders each of them.
const samples = "_samples.go"

func TestSentencesStandInTheCatalogueNotInGo(t *testing.T) {
	goFiles(t, func(path string, fset *token.FileSet, f *ast.File) {
		if slices.ContainsFunc(spokenInGo, func(p string) bool { return strings.HasPrefix(path, p) }) || strings.HasSuffix(path, samples) {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if e, ok := n.(*ast.BasicLit); ok {
				if s, ok := text(e); ok && strings.IndexFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) >= 0 {
					t.Errorf("%s:%d: %q", path, fset.Position(e.Pos()).Line, s)
				}
			}
			return true
		})
	})
}
