package app

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"gopkg.in/yaml.v3"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/webui"
)

// EnvNaughty names a folder of larger lists of strings, one string a line, read
// beside our own: of strings that break things in the folder itself, of the other
// kinds in folders below it that are called like our own lists.
const EnvNaughty = "SHANHAI_NAUGHTY"

// naughty are strings that break things.
func naughty(t *testing.T) []string { return listed(t, "naughty", ".") }

// listed are our own list of strings of a kind, quoted as in Go, and those of the
// folder.
func listed(t *testing.T, kind, folder string) (out []string) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + kind + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := strconv.Unquote(line)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		out = append(out, s)
	}
	dir := os.Getenv(EnvNaughty)
	if dir == "" {
		return out
	}
	files, err := filepath.Glob(filepath.Join(dir, folder, "*"))
	if err != nil {
		t.Fatalf("%s=%s: %v", EnvNaughty, dir, err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")...)
	}
	return out
}

// portion are the strings one place of a request meets: so many of the list, the same
// ones each time, beginning elsewhere at each place, so that all places together
// meet all of them.
func portion(list []string, place string) []string {
	n := min(scaletest.Times(1), len(list))
	h := fnv.New32a()
	_, _ = io.WriteString(h, place)
	at := int(h.Sum32() % uint32(len(list)))
	return slices.Concat(list[at:], list[:at])[:n]
}

// chosen are the strings a form meets: one of the list, the same one each time; with
// -full all of them.
func chosen(list []string, place string) []string {
	if scaletest.Full() || os.Getenv(EnvNaughty) != "" {
		return list
	}
	h := fnv.New32a()
	_, _ = io.WriteString(h, place)
	return []string{list[int(h.Sum32()%uint32(len(list)))]}
}

// sheet is a form as a browser sees it.
type sheet struct {
	action string
	values url.Values
	typed  []string // fields somebody types into
}

// sheets are the forms of a page that are posted.
func sheetsOf(page string) (out []sheet) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil
	}
	attr := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	var fill func(*sheet, *html.Node)
	fill = func(s *sheet, n *html.Node) {
		name := attr(n, "name")
		switch kind := attr(n, "type"); {
		case n.Type != html.ElementNode || name == "" && n.Data != "form":
		case n.Data == "textarea":
			var text string
			if n.FirstChild != nil {
				text = n.FirstChild.Data
			}
			s.values.Set(name, text)
			s.typed = append(s.typed, name)
		case n.Data == "select":
			for o := n.FirstChild; o != nil; o = o.NextSibling {
				if o.Data == "option" && s.values.Get(name) == "" {
					s.values.Set(name, attr(o, "value"))
				}
			}
		case n.Data == "input" && (kind == "radio" || kind == "checkbox"):
			if s.values.Get(name) == "" {
				s.values.Set(name, attr(n, "value"))
			}
		case n.Data == "input" && kind != "file" && kind != "submit":
			s.values.Add(name, attr(n, "value"))
			if kind != "hidden" && kind != "password" {
				s.typed = append(s.typed, name)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			fill(s, c)
		}
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Data == "form" && strings.EqualFold(attr(n, "method"), "post") && attr(n, "action") != "/preferences" && attr(n, "action") != "/sign-out" {
			s := sheet{action: attr(n, "action"), values: url.Values{}}
			fill(&s, n)
			out = append(out, s)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return out
}

// holder is somebody of the first hospital, or of the partnership, who may open a door.
func (p *premises) holder(r webui.Route) *visitor {
	for _, v := range p.visitors {
		if p.holds(v, r.Permission) && !p.elsewhere(v) && (v.token != "" || !strings.HasPrefix(r.Pattern, "/api/")) {
			return v
		}
	}
	return nil
}

// Whatever is typed, every form answers: it goes in, or a page says what is wrong
// and still has what was typed, unchanged. It is never a fault of ours.
func naughtyStrings(t *testing.T, p *premises) {
	list := naughty(t)
	forms, sent := map[string]bool{}, 0
	for _, r := range p.routes {
		v := p.holder(r)
		if r.Permission == authz.Public || v == nil {
			continue
		}
		if r.Method != http.MethodGet || strings.HasPrefix(r.Pattern, "/api/") {
			continue
		}
		path := p.address(r.Pattern, true)
		status, page := p.knockAt(v, r.Method, path)
		if status != http.StatusOK {
			continue
		}
		for _, s := range sheetsOf(page) {
			place := s.action + strings.Join(s.typed, ",")
			if len(s.typed) == 0 || forms[place] || strings.HasPrefix(s.action, "/account/") || strings.Contains(s.action, "/lock") {
				continue
			}
			forms[place] = true
			for _, text := range chosen(list, place) {
				sent++
				p.typeInto(v, path, s, text)
			}
		}
	}
	if len(forms) < 60 {
		t.Errorf("only %d forms were found", len(forms))
	}
	t.Logf("%d strings, %d forms, %d times", len(list), len(forms), sent)
	p.naughtyBodies(list)
}

// typeInto fills every text field of a form with one string.
func (p *premises) typeInto(v *visitor, path string, s sheet, text string) {
	p.T.Helper()
	values := url.Values{}
	for name, list := range s.values {
		values[name] = slices.Clone(list)
	}
	values.Set("_key", ident.New().String())
	for _, name := range s.typed {
		values.Set(name, text)
	}
	action := s.action
	if action == "" {
		action = path
	}
	resp, err := v.cookies.PostForm(p.url+action, values)
	must(p, action, err)
	raw, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	must(p, action, err)
	where := "POST " + action + " as " + v.name + " with " + strconv.QuoteToASCII(text)
	if resp.StatusCode >= http.StatusInternalServerError {
		p.T.Errorf("%s: %d", where, resp.StatusCode)
	}
	if resp.StatusCode != http.StatusUnprocessableEntity {
		return
	}
	for _, back := range sheetsOf(string(raw)) {
		if back.action != s.action {
			continue
		}
		for _, name := range back.typed {
			if slices.Contains(s.typed, name) && same(back.values.Get(name), text) {
				return
			}
		}
		p.T.Errorf("%s: the form gives back %q", where, cut(back.values.Encode()))
	}
}

// same compares what came back with what was typed, as a browser would show it:
// line ends are one, and what no page may hold is left out.
func same(back, typed string) bool {
	clean := func(s string) string {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
		return strings.Map(func(r rune) rune {
			if r == 0 || r == 0xFFFD {
				return -1
			}
			return r
		}, strings.TrimSpace(strings.ToValidUTF8(s, "")))
	}
	return clean(back) == clean(typed)
}

// naughtyBodies sends them through the interface, in every text of every body.
func (p *premises) naughtyBodies(list []string) {
	bodies := readBodies(p.T)
	sent := 0
	for _, r := range p.routes {
		body, v := bodies[strings.TrimPrefix(r.Pattern, "/api/v1")], p.holder(r)
		if r.Method == http.MethodGet || body == nil || v == nil || !strings.HasPrefix(r.Pattern, "/api/") {
			continue
		}
		for _, text := range chosen(list, r.Pattern) {
			sent++
			if status, answer := p.sendText(v, r, body, text); status >= http.StatusInternalServerError {
				p.T.Errorf("%s %s as %s with %s: %d %s", r.Method, r.Pattern, v.name, strconv.QuoteToASCII(text), status, cut(answer))
			}
		}
	}
	if sent < 100 {
		p.T.Errorf("only %d bodies", sent)
	}
	p.T.Logf("%d bodies", sent)
}

func (p *premises) sendText(v *visitor, r webui.Route, body *yaml.Node, text string) (int, string) {
	raw, err := json.Marshal(replaced(p.example(body, "", true, 0), text))
	must(p, r.Pattern, err)
	req, err := http.NewRequest(r.Method, p.url+p.address(r.Pattern, true), bytes.NewReader(raw))
	must(p, r.Pattern, err)
	req.Header.Set("Authorization", "Bearer "+v.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", ident.New().String())
	resp, err := http.DefaultClient.Do(req)
	must(p, r.Pattern, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(p, r.Pattern, err)
	return resp.StatusCode, string(answer)
}

// replaced puts a text in the place of each plain text of a body.
func replaced(v any, text string) any {
	switch x := v.(type) {
	case string:
		if x == "x" {
			return text
		}
	case []any:
		for i := range x {
			x[i] = replaced(x[i], text)
		}
	case map[string]any:
		for name := range x {
			x[name] = replaced(x[name], text)
		}
	}
	return v
}

// zeros is a body without end; it counts what was read of it.
type zeros struct{ left, read int64 }

func (z *zeros) Read(b []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), z.left)
	clear(b[:n])
	z.left, z.read = z.left-n, z.read+n
	return int(n), nil
}

// A body of a hundred megabytes is refused at every door that is written through,
// before it was read: 413, whoever brings it.
func hugeBodies(t *testing.T, p *premises) {
	const size = 100 << 20
	asked := 0
	for _, r := range p.routes {
		v := p.holder(r)
		if r.Method == http.MethodGet || v == nil || r.Permission == authz.Public || !sampled(r, 4) {
			continue
		}
		api := strings.HasPrefix(r.Pattern, "/api/")
		body := &zeros{left: size}
		req, err := http.NewRequest(r.Method, p.url+p.address(r.Pattern, true), body)
		must(p, r.Pattern, err)
		req.ContentLength = size
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		client := v.cookies
		if api {
			client = http.DefaultClient
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Bearer "+v.token)
			req.Header.Set("Idempotency-Key", ident.New().String())
		}
		asked++
		resp, err := client.Do(req)
		if err != nil { // the server closed the door while we were still sending
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge || body.read > size/2 {
			t.Errorf("%s %s: %d after %d bytes", r.Method, r.Pattern, resp.StatusCode, body.read)
		}
	}
	if asked < 40 {
		t.Errorf("only %d doors", asked)
	}
	t.Logf("%d doors", asked)
}
