package app

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/net/html"
	"gopkg.in/yaml.v3"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/webui"
)

// slow is how long an answer takes where a string that waits five seconds was run.
const slow = 4 * time.Second

// probe sends strings into every place of every request.
type probe struct {
	*premises
	list   []string
	nobody *visitor
	query  map[string][]string // by address: what its links, forms and the contract put behind the question mark
	words  []string            // every name the code of pages and interface looks for there
	sent   map[string]int      // by kind of place
	status map[int]int
}

// Whatever is put into an address, a form, a body or a header, none of it becomes part
// of a statement: the database never meets one it cannot read, nothing waits, and no
// answer is a fault of ours. No write is taken, so that all meet the same records.
func injection(t *testing.T, p *premises) {
	p.Exec(takesNothing)
	p.stored = "" // the sequence is a new one
	defer p.Exec(`drop trigger zz_takes_nothing on audit_link; drop function test_takes_nothing(); drop sequence test_stored`)
	x := &probe{premises: p, list: listed(t, "injection", "injection"), nobody: &visitor{name: "nobody", cookies: &http.Client{CheckRedirect: p.visitors[0].cookies.CheckRedirect}},
		query: map[string][]string{}, sent: map[string]int{}, status: map[int]int{}}
	before := x.control()
	x.names()
	bodies, forms := readBodies(t), map[string]bool{}
	for _, r := range p.routes {
		v := p.holder(r)
		if r.Permission == authz.Public {
			v = x.nobody
		}
		if v == nil || !sampled(r, 24) {
			continue
		}
		x.path(v, r)
		switch body := bodies[strings.TrimPrefix(r.Pattern, "/api/v1")]; {
		case r.Method == http.MethodGet:
			x.parameters(v, r)
			x.forms(v, r, forms)
		case body != nil && v.token != "":
			x.body(v, r, body)
		}
	}
	x.headers()
	x.judge(before, len(forms))
}

// control sees to it that a statement nobody can read would be noticed, and gives how
// much the database has said until then.
func (x *probe) control() int {
	x.T.Helper()
	if x.coded == nil {
		return 0
	}
	if _, err := x.behind.Exec(`select from '`); err == nil {
		x.T.Fatal("this was a statement")
	}
	for range 100 { // the log is read while the server writes it
		if said := x.coded(); len(said) > 0 && strings.HasPrefix(said[len(said)-1], "42601") {
			return len(said)
		}
		<-time.After(20 * time.Millisecond)
	}
	x.T.Fatalf("the log says nothing of a statement that cannot be read: %q", x.coded())
	return 0
}

// judge is what must hold in the end.
func (x *probe) judge(before, forms int) {
	x.T.Helper()
	if x.coded != nil {
		for _, line := range x.coded()[before:] {
			if strings.HasPrefix(line, "42") {
				x.T.Errorf("the database met a statement it cannot read: %s", line)
			}
		}
	}
	for _, v := range x.visitors {
		if status, _ := x.knockAt(v, http.MethodGet, "/account/sessions"); status != http.StatusOK {
			x.T.Errorf("%s was signed out on the way: %d", v.name, status)
		}
	}
	if x.sent["query"] < 40 || x.sent["form"] < 20 || x.sent["body"] < 30 || x.sent["path"] < 15 || x.status[http.StatusOK] < 40 {
		x.T.Errorf("too little was asked: %v, answers %v", x.sent, x.status)
	}
	x.T.Logf("%d strings; sent %v, to %d forms; answers %v", len(x.list), x.sent, forms, x.status)
}

// fire sends a request with a string in it and holds the answer to the rules. A slow
// answer is asked for again: the machine may have been busy.
func (x *probe) fire(kind string, v *visitor, build func() (*http.Request, error), where, text string) {
	x.T.Helper()
	for try := 0; ; try++ {
		req, err := build()
		if err != nil {
			return // a string no request can have in that place
		}
		client := v.cookies
		if strings.HasPrefix(req.URL.Path, "/api/") {
			client = &http.Client{CheckRedirect: v.cookies.CheckRedirect}
		}
		began := time.Now()
		resp, err := client.Do(req)
		if err != nil {
			x.T.Fatalf("%s with %s: %v", where, strconv.QuoteToASCII(text), err)
		}
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		must(x.premises, where, err)
		took := time.Since(began)
		x.sent[kind]++
		x.status[resp.StatusCode]++
		if resp.StatusCode >= http.StatusInternalServerError {
			if n := x.superText(`select last_value::text || is_called::text from test_stored`); n != x.stored {
				x.stored = n // it would have been stored
			} else {
				x.T.Errorf("%s as %s with %s: %d %s", where, v.name, strconv.QuoteToASCII(text), resp.StatusCode, cut(string(raw)))
			}
		}
		if took < slow || !strings.Contains(text, "sleep") {
			return
		}
		if try == 2 {
			x.T.Errorf("%s as %s with %s: answered after %v, three times", where, v.name, strconv.QuoteToASCII(text), took)
			return
		}
	}
}

// request is one as a visitor sends it.
func (x *probe) request(v *visitor, method, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequest(method, x.url+path, body)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(path, "/api/") {
		if v.token != "" {
			req.Header.Set("Authorization", "Bearer "+v.token)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", ident.New().String())
	} else if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return req, nil
}

// path puts strings in the place of each name of an address.
func (x *probe) path(v *visitor, r webui.Route) {
	names := strings.Split(r.Pattern, "/")
	base, _, _ := strings.Cut(x.address(r.Pattern, true), "?")
	parts := strings.Split(base, "/")
	for i, name := range names {
		if !strings.HasPrefix(name, "{") && name != "*" || i >= len(parts) {
			continue
		}
		where := r.Method + " " + r.Pattern + " " + name
		for _, text := range portion(x.list, where) {
			x.fire("path", v, func() (*http.Request, error) {
				at := slices.Clone(parts)
				at[i] = url.PathEscape(text)
				return x.request(v, r.Method, strings.Join(at, "/"), nil)
			}, where, text)
		}
	}
}

// parameters puts strings behind each name a page or list is asked with, one at a
// time, and once behind every name there is.
func (x *probe) parameters(v *visitor, r webui.Route) {
	base, given, _ := strings.Cut(x.address(r.Pattern, true), "?")
	ask := func(names []string, where, text string) {
		x.fire("query", v, func() (*http.Request, error) {
			values, err := url.ParseQuery(given)
			must(x.premises, base, err)
			for _, name := range names {
				values.Set(name, text)
			}
			return x.request(v, r.Method, base+"?"+values.Encode(), nil)
		}, where, text)
	}
	own := slices.Concat(x.query[r.Pattern], []string{"sort", "after", "size"})
	if scaletest.Full() {
		own = slices.Concat(own, x.words)
	}
	slices.Sort(own)
	for _, name := range slices.Compact(own) {
		where := r.Method + " " + r.Pattern + "?" + name
		for _, text := range portion(x.list, where) {
			ask([]string{name}, where, text)
		}
	}
	for _, text := range portion(x.list, r.Pattern) {
		ask(x.words, r.Method+" "+r.Pattern+"?everything", text)
	}
	where := r.Method + " " + r.Pattern + "?name"
	for _, text := range portion(x.list, where) {
		ask([]string{text}, where, text)
	}
}

// forms puts strings into each field of the forms of a page, one at a time; the others
// stay as the page has them.
func (x *probe) forms(v *visitor, r webui.Route, seen map[string]bool) {
	if strings.HasPrefix(r.Pattern, "/api/") {
		return
	}
	path := x.address(r.Pattern, true)
	req, err := x.request(v, http.MethodGet, path, nil)
	must(x.premises, path, err)
	resp, err := v.cookies.Do(req)
	must(x.premises, path, err)
	page, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	must(x.premises, path, err)
	if resp.StatusCode != http.StatusOK {
		return
	}
	for _, s := range sheetsOf(string(page)) {
		names := slices.Sorted(maps.Keys(s.values))
		action := s.action
		if action == "" {
			action = path
		}
		key := action + strings.Join(names, ",")
		if seen[key] || strings.HasPrefix(action, "/account/") || strings.Contains(action, "/lock") {
			continue
		}
		seen[key] = true
		for _, name := range names {
			where := "POST " + action + " " + name
			for _, text := range portion(x.list, where) {
				x.fire("form", v, func() (*http.Request, error) {
					values := maps.Clone(s.values)
					values.Set("_key", ident.New().String())
					values.Set(name, text)
					return x.request(v, http.MethodPost, action, strings.NewReader(values.Encode()))
				}, where, text)
			}
		}
	}
}

// body puts strings in the place of each value of a body of the interface, whatever
// its kind, and of each name.
func (x *probe) body(v *visitor, r webui.Route, schema *yaml.Node) {
	for _, at := range leaves(x.example(schema, "", true, 0), nil) {
		where := fmt.Sprint(r.Method, " ", r.Pattern, " ", at)
		for i, text := range slices.Concat(portion(x.list, where), portion(x.list, where+" name")) {
			x.fire("body", v, func() (*http.Request, error) {
				raw, err := json.Marshal(instead(x.example(schema, "", true, 0), at, text, i >= min(scaletest.Times(1), len(x.list))))
				must(x.premises, where, err)
				return x.request(v, r.Method, x.address(r.Pattern, true), strings.NewReader(string(raw)))
			}, where, text)
		}
	}
}

// leaves are the ways to the values of a body.
func leaves(v any, way []any) (out [][]any) {
	switch x := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(x)) {
			out = append(out, leaves(x[name], append(slices.Clone(way), name))...)
		}
	case []any:
		for i := range x {
			out = append(out, leaves(x[i], append(slices.Clone(way), i))...)
		}
	default:
		out = append(out, way)
	}
	return out
}

// instead puts a text in the place of the value at the end of a way, or of its name.
func instead(v any, way []any, text string, name bool) any {
	if len(way) == 0 {
		return text
	}
	switch x := v.(type) {
	case map[string]any:
		key := way[0].(string)
		if last := len(way) == 1; last && name {
			x[text] = x[key]
			delete(x, key)
			return x
		}
		x[key] = instead(x[key], way[1:], text, name)
	case []any:
		at := way[0].(int)
		x[at] = instead(x[at], way[1:], text, name)
	}
	return v
}

// headers puts strings into what else a request says.
func (x *probe) headers() {
	v := x.visitors[0]
	for _, at := range []struct{ method, path, body string }{
		{http.MethodGet, "/patients", ""}, {http.MethodGet, "/sign-in", ""}, {http.MethodPost, "/search", "q=a"}, {http.MethodGet, "/api/v1/cases", ""}, {http.MethodPost, "/api/v1/persons", `{"name":"a"}`},
	} {
		for _, name := range []string{"Cookie", "Authorization", "Accept-Language", "Accept", "User-Agent", "Referer", "Origin", "X-Forwarded-For", "X-Real-Ip", "X-Request-Id", "If-None-Match", "If-Match",
			"Idempotency-Key", "Hx-Request", "Hx-Target", "Hx-Current-Url", "Content-Type", "Range"} {
			where := at.method + " " + at.path + " " + name
			for _, text := range portion(x.list, where) {
				if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
					continue // no header
				}
				x.fire("header", v, func() (*http.Request, error) {
					req, err := x.request(v, at.method, at.path, strings.NewReader(at.body))
					if err == nil {
						value := map[string]string{"Cookie": "shanhai=" + text, "Authorization": "Bearer " + text}[name]
						if value == "" {
							value = text
						}
						req.Header.Set(name, value)
					}
					return req, err
				}, where, text)
			}
		}
	}
}

var (
	readNames  = regexp.MustCompile(`(?:Get|Has|FormValue|query|id|day|text|flag|number|one)\("([a-z][a-z_]*)"`)
	filterName = regexp.MustCompile(`Name:\s*"([a-z][a-z_]*)"`)
)

// names finds what may stand behind the question mark: of each address in the links and
// forms of the pages and in the contract, and every name in the code that reads them.
func (x *probe) names() {
	for _, dir := range []string{"webui", "httpapi", "httpx"} {
		files, err := filepath.Glob("../" + dir + "/*.go")
		must(x.premises, dir, err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			must(x.premises, file, err)
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range slices.Concat(readNames.FindAllStringSubmatch(string(raw), -1), filterName.FindAllStringSubmatch(string(raw), -1)) {
				x.words = append(x.words, m[1])
			}
		}
	}
	slices.Sort(x.words)
	x.words = slices.Compact(x.words)
	if len(x.words) < 60 {
		x.T.Fatalf("only %d names were found in the code", len(x.words))
	}
	x.contract()
	for _, r := range x.routes {
		if v := x.holder(r); v != nil && r.Method == http.MethodGet && r.Permission != authz.Public && !strings.HasPrefix(r.Pattern, "/api/") && sampled(r, 24) {
			if status, page := x.knockAt(v, r.Method, x.address(r.Pattern, true)); status == http.StatusOK {
				x.links(r.Pattern, page)
			}
		}
	}
}

// contract adds the parameters of the interface.
func (x *probe) contract() {
	raw, err := os.ReadFile("../httpapi/openapi.yaml")
	must(x.premises, "contract", err)
	var doc yaml.Node
	must(x.premises, "contract", yaml.Unmarshal(raw, &doc))
	paths, shared := at(doc.Content[0], "paths"), at(doc.Content[0], "components", "parameters")
	for i := 0; i+1 < len(paths.Content); i += 2 {
		list := at(paths.Content[i+1], "get", "parameters")
		if list == nil {
			continue
		}
		for _, n := range list.Content {
			if ref := word(at(n, "$ref")); ref != "" {
				n = at(shared, ref[strings.LastIndex(ref, "/")+1:])
			}
			if word(at(n, "in")) == "query" {
				x.add("/api/v1"+paths.Content[i].Value, word(at(n, "name")))
			}
		}
	}
}

func (x *probe) add(pattern, name string) {
	if name != "" && !slices.Contains(x.query[pattern], name) {
		x.query[pattern] = append(x.query[pattern], name)
	}
}

// links adds what the links and asking forms of a page have, at the addresses they
// lead to.
func (x *probe) links(pattern, page string) {
	root, err := html.Parse(strings.NewReader(page))
	must(x.premises, pattern, err)
	own := pattern
	to := func(href string) (string, url.Values) {
		u, err := url.Parse(href)
		if err != nil || u.IsAbs() {
			return "", nil
		}
		route := chi.NewRouteContext()
		switch {
		case u.Path == "":
			return own, u.Query()
		case x.mux.Match(route, http.MethodGet, u.Path):
			return route.RoutePattern(), u.Query()
		}
		return "", nil
	}
	var walk func(n *html.Node, asks string)
	walk = func(n *html.Node, asks string) {
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		for _, name := range []string{"href", "data-hx-get"} {
			if at, values := to(attr[name]); attr[name] != "" && at != "" {
				for key := range values {
					x.add(at, key)
				}
			}
		}
		if n.Data == "form" {
			asks = ""
			if !strings.EqualFold(attr["method"], "post") {
				asks, _ = to(attr["action"])
			}
		}
		if asks != "" && attr["name"] != "" {
			x.add(asks, attr["name"])
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, asks)
		}
	}
	walk(root, "")
}
