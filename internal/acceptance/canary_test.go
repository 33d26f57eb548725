package acceptance

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/policies"
)

// canaries are invented people nobody else in the demonstration is called like.
// Whatever becomes of them, none of this may turn up where it has no business.
type canaries struct {
	names   []string // of patients and relatives: in pages and in columns of level 4 only
	numbers []string // of documents and telephones: nowhere in clear, not even in the files of the database
}

const (
	canaryName = "澹台雪鹭"
	canaryKin  = "澹台霜序"
)

func newCanaries() canaries {
	c := canaries{names: []string{canaryName, canaryKin, "澹台雾屿"}, numbers: []string{"19912345607", "19912345618"}}
	for i := range 4 {
		c.numbers = append(c.numbers, patient.UpgradeNumber(fmt.Sprintf("50019957031%d%03d", i, 770+i)))
	}
	return c
}

// document is the i-th identity number.
func (c canaries) document(i int) string { return c.numbers[2+i] }

// find says which canaries a text holds, as they are or as an address writes them.
func (c canaries) find(text string, names bool) (found []string) {
	want := c.numbers
	if names {
		want = slices.Concat(c.numbers, c.names)
	}
	for _, s := range want {
		for _, form := range []string{s, url.QueryEscape(s), strings.ToLower(url.QueryEscape(s)), strings.Trim(jsonText(s), `"`)} {
			if strings.Contains(text, form) && !slices.Contains(found, s) {
				found = append(found, s)
			}
		}
	}
	return found
}

// jsonText is a text as a log in JSON that keeps to ASCII would write it.
func jsonText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

// clerk sends forms like a browser and looks at everything that comes back.
type clerk struct {
	t    *testing.T
	m    *machine
	http *http.Client
	c    canaries
	seen int
}

func (o *office) clerk(t *testing.T, name string, c canaries) *clerk {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &clerk{t: t, m: o.machine, c: c, http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if status, _ := k.post("/sign-in", "username", name, "password", o.password[name]); status != http.StatusSeeOther {
		t.Fatalf("%s cannot sign in: %d", name, status)
	}
	return k
}

// errorsOf are the sentences at the fields of a form.
func errorsOf(body string) []string {
	return regexp.MustCompile(`(?s)class="error-text[^"]*"[^>]*>.*?</div>`).FindAllString(body, 9)
}

var links = regexp.MustCompile(`(?:href|src|action|formaction|data-hx-(?:get|post))="([^"]*)"`)

// do sends a request. Nothing of a canary stands in a header or in an address of
// the answer; a page that tells an error holds none either, but for a form that
// gives back what was typed into it.
func (k *clerk) do(req *http.Request) (int, string) {
	k.t.Helper()
	resp, err := k.http.Do(req)
	if err != nil {
		k.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	k.seen++
	// What somebody types into an address comes back to them in the links of the page; nobody else gets it.
	theirs, err := url.QueryUnescape(req.URL.RequestURI())
	if err != nil {
		k.t.Fatal(err)
	}
	in := func(text string) []string {
		return slices.DeleteFunc(k.c.find(text, true), func(s string) bool { return strings.Contains(theirs, s) })
	}
	where, body := fmt.Sprintf("%s %s (%d)", req.Method, req.URL.Path, resp.StatusCode), string(raw)
	for name, values := range resp.Header {
		if hit := k.c.find(strings.Join(values, " "), true); len(hit) > 0 {
			k.t.Errorf("%s: the header %s holds %v", where, name, hit)
		}
	}
	for _, m := range links.FindAllStringSubmatch(body, -1) {
		if hit := in(m[1]); len(hit) > 0 {
			k.t.Errorf("%s: the address %s holds %v", where, m[1], hit)
		}
	}
	if title, _, ok := strings.Cut(body, "</title>"); ok {
		if hit := in(title[strings.LastIndex(title, "<title>")+1:]); len(hit) > 0 {
			k.t.Errorf("%s: the title of the page holds %v", where, hit)
		}
	}
	if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusForbidden {
		if hit := in(body); len(hit) > 0 {
			k.t.Errorf("%s: the page of the error holds %v", where, hit)
		}
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		k.t.Errorf("%s\n%s", where, cut(body))
	}
	return resp.StatusCode, body
}

func (k *clerk) get(path string) (int, string) {
	k.t.Helper()
	req, err := http.NewRequest(http.MethodGet, k.m.url+path, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	return k.do(req)
}

func (k *clerk) post(path string, pairs ...string) (int, string) {
	k.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	req, err := http.NewRequest(http.MethodPost, k.m.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return k.do(req)
}

func (k *clerk) upload(path, field, file string, content []byte, pairs ...string) (int, string) {
	k.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		_ = w.WriteField(pairs[i], pairs[i+1])
	}
	part, err := w.CreateFormFile(field, file)
	if err != nil {
		k.t.Fatal(err)
	}
	_, _ = part.Write(content)
	_ = w.Close()
	req, err := http.NewRequest(http.MethodPost, k.m.url+path, &body)
	if err != nil {
		k.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	return k.do(req)
}

// Nothing of a patient turns up where it has no business: the real binary, its
// own PostgreSQL, a browser. Pages may show a name, and a number in full only where
// somebody asked for it with a reason.
func TestNothingOfAPatientLeaksInClear(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	o := openOfficeIn(t, []string{"TMPDIR=" + temp, "SHANHAI_LOG_LEVEL=debug"})
	c := newCanaries()
	hospital := o.sql(`select r.scope_id from role_assignment r join account a on a.id = r.account_id where a.username = 'registrar-ylzy' limit 1`)
	desk := o.clerk(t, "registrar-ylzy", c)
	typed := func(change ...string) []string {
		v := map[string]string{"_key": "canary-1", "doc_kind": "citizen", "doc_number": c.document(0), "name": canaryName, "hospital": hospital, "registered_on": "2026-11-20",
			"legal_basis": "statutory", "phone": c.numbers[0], "kin_name": canaryKin, "kin_phone": c.numbers[1], "township": "石坪镇", "address": canaryName + "家旁", "note": canaryKin + "陪同", "programme": "joint"}
		for i := 0; i+1 < len(change); i += 2 {
			v[change[i]] = change[i+1]
		}
		var out []string
		for name, value := range v {
			out = append(out, name, value)
		}
		return out
	}
	t.Run("the form", func(t *testing.T) {
		desk.t = t
		for name, wrong := range map[string][]string{"phone": {"phone", c.numbers[0] + "9"}, "kind": {"doc_kind", c.document(1)}, "hospital": {"hospital", c.document(1)}, "date": {"registered_on", c.document(1)},
			"nul": {"name", canaryName + "\x00"}, "basis": {"legal_basis", canaryName}} {
			if status, _ := desk.post("/patients/register", typed(append(wrong, "_key", "wrong-"+name)...)...); status < 400 || status >= 500 {
				t.Errorf("%s: %d", name, status)
			}
		}
		if status, body := desk.post("/patients/register", typed()...); status != http.StatusSeeOther {
			t.Fatalf("registering: %d\n%s", status, errorsOf(body))
		}
		if status, _ := desk.post("/patients/register", typed("_key", "canary-1", "note", "别的")...); status < 400 {
			t.Errorf("the same key for another form: %d", status)
		}
		desk.post("/patients/register", typed("_key", "canary-again")...) // the same person again
		desk.post("/patients/register/check", typed("_key", "check")...)
	})
	person := o.sql(`select id from person where name = '` + canaryName + `' limit 1`)
	t.Run("the pages", func(t *testing.T) {
		desk.t = t
		for _, path := range []string{"/patients", "/patients/" + person + "/edit", "/patients/" + person + "/identity", "/patients/" + person + "/unmask", "/cases", "/messages", "/treatments"} {
			if status, body := desk.get(path); status == http.StatusOK {
				if hit := c.find(body, false); len(hit) > 0 {
					t.Errorf("%s shows %v in full", path, hit)
				}
			}
		}
		// What somebody types into the wrong place, or has in an old link.
		for _, path := range []string{"/patients/" + c.document(0), "/patients/" + url.PathEscape(canaryName), "/cases/" + c.numbers[0] + "/edit", "/cases?sort=" + c.document(0), "/api/v1/persons/" + c.document(0)} {
			desk.get(path)
		}
		for _, q := range []string{canaryName, c.document(0), c.numbers[0], c.document(0)[14:], canaryName[:6] + " 雪鹭"} {
			desk.post("/search", "q", q)
			desk.get("/search?q=" + url.QueryEscape(q))
		}
		desk.post("/sign-in", "username", c.document(0), "password", c.document(1))
		desk.post("/sign-in", "username", canaryName, "password", c.numbers[0])
	})
	t.Run("files", func(t *testing.T) {
		desk.t = t
		picture, err := os.ReadFile(proof(t, "x.png", 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, content := range [][]byte{picture, []byte("MZ" + canaryName), append(slices.Clone(picture[:40]), c.document(0)...)} {
			desk.upload("/patients/"+person+"/attachments", "file", canaryName+c.document(0)+".png", content, "_key", fmt.Sprint(len(content)), "kind", "poverty")
		}
		office := o.clerk(t, "approver", c)
		for _, text := range []string{"姓名,性别,身份证号,手术医院,手术日期,手术方式,总费用\n澹台雾屿,女," + c.document(2) + ",云岭区中医院,2024-05-06,左膝关节置换,60000\n", canaryName + "," + c.document(2) + "\n\"", "PK\x03\x04" + c.document(2)} {
			office.upload("/imports", "file", canaryName+".csv", []byte(text), "_key", fmt.Sprint(len(text)))
		}
	})
	t.Run("the interface", func(t *testing.T) {
		api := o.client("registrar-ylzy", "person:read", "person:register", "person:lookup", "case:open")
		body := map[string]any{"hospital_id": hospital, "document_kind": "citizen", "document_number": c.document(3), "name": "澹台雾屿", "legal_basis": "statutory", "phone": c.numbers[1]}
		for i, change := range []map[string]any{{"phone": c.numbers[1] + "0"}, {"registered_on": c.document(3)}, {"hospital_id": c.document(3)}, {"name": 7, "note": canaryName}, {canaryName: c.document(3)}, {"name": "澹台雾屿\x00"}, {}, {"not_same": ""}} {
			sent := map[string]any{}
			for k, v := range body {
				sent[k] = v
			}
			for k, v := range change {
				sent[k] = v
			}
			status, raw, err := api.send("/registrations", fmt.Sprint("api-", i), sent)
			if made := len(change) == 0; err != nil || status >= 500 || made != (status < 300) {
				t.Errorf("%v: %d %s %v", change, status, raw, err)
			}
		}
	})
	t.Run("the browser", func(t *testing.T) { c.browser(t, o) })
	t.Run("what is left behind", func(t *testing.T) { c.leftBehind(t, o, temp) })
}

// browser types a patient into a real form, leaves it half filled, and looks at
// what the browser keeps.
func (c canaries) browser(t *testing.T, o *office) {
	p := o.as("registrar-ylzy")
	p.t = t
	p.open("/patients/register")
	p.fill("doc_number", c.document(1))
	p.fill("name", canaryName)
	p.fill("phone", c.numbers[0])
	p.open("/patients")
	p.eval(`(() => { (async () => { let out = JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + document.cookie + document.title + location.href;
		for (const d of await indexedDB.databases()) { const db = await new Promise(ok => { const r = indexedDB.open(d.name); r.onsuccess = () => ok(r.result) });
			for (const s of db.objectStoreNames) out += JSON.stringify(await new Promise(ok => { const r = db.transaction(s).objectStore(s).getAll(); r.onsuccess = () => ok(r.result) })) }
		for (const name of await caches.keys()) for (const q of await (await caches.open(name)).keys()) out += q.url + await (await (await caches.open(name)).match(q)).text();
		return out })().then(out => { document.body.dataset.kept = out }); return "" })()`)
	p.waitFor(`document.body.dataset.kept !== undefined`)
	kept := p.eval(`document.body.dataset.kept`)
	if hit := c.find(kept, true); len(hit) > 0 {
		t.Errorf("the browser keeps %v", hit)
	}
}

// leftBehind looks at everything the running installation has written.
func (c canaries) leftBehind(t *testing.T, o *office, temp string) {
	resp, err := http.Get(o.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	figures, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || !strings.Contains(string(figures), "http_requests") {
		t.Errorf("metrics: %v %s", err, cut(string(figures)))
	}
	if hit := c.find(string(figures), true); len(hit) > 0 {
		t.Errorf("the metrics hold %v", hit)
	}
	log := o.log.String()
	if !strings.Contains(log, "/patients/register") {
		t.Fatalf("the log says nothing of what was done:\n%s", tail(log, 800))
	}
	for line := range strings.Lines(log) {
		if hit := c.find(line, true); len(hit) > 0 {
			t.Errorf("the log holds %v: %s", hit, line)
		}
	}
	c.columns(t, o)
	o.stop()
	files, bytes := 0, int64(0)
	for _, dir := range []string{temp, o.data} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files, bytes = files+1, bytes+int64(len(raw))
			database := strings.Contains(path, "/pg") // names stand there, in columns that are for them
			if hit := c.find(path+string(raw), !database); len(hit) > 0 {
				t.Errorf("%s holds %v", path, hit)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("looked at %d lines of the log, %d files with %d bytes", strings.Count(log, "\n"), files, bytes)
}

// columns asks every column of the database. Numbers stand in none, names where
// the register says that names do.
func (c canaries) columns(t *testing.T, o *office) {
	register, err := dataclass.Parse(policies.Columns)
	if err != nil {
		t.Fatal(err)
	}
	holding := func(words []string) []string {
		pattern := strings.Join(words, "|")
		out := o.sql(`select string_agg(table_name || '.' || column_name, ' ') from (select c.table_name, c.column_name,
			(xpath('//n/text()', query_to_xml(format('select count(*) as n from %I where %s ~ %L', c.table_name,
				case when c.data_type = 'bytea' then format('encode(%I, ''escape'')', c.column_name) else format('%I::text', c.column_name) end,
				case when c.data_type = 'bytea' then '` + octal(words) + `' else '` + pattern + `' end), false, false, '')))[1]::text::int as n
			from information_schema.columns c where c.table_schema = 'public' and c.data_type in ('text', 'jsonb', 'ARRAY', 'bytea')) x where n > 0`)
		return strings.Fields(out)
	}
	for _, at := range holding(c.numbers) {
		t.Errorf("a number stands in clear in %s", at)
	}
	names := holding(c.names)
	if !slices.Contains(names, "person.name") || !slices.Contains(names, "registration.kin_name") {
		t.Errorf("the names were not found where they are kept: %v", names)
	}
	for _, at := range names {
		table, column, _ := strings.Cut(at, ".")
		if l, ok := register.Of(dataclass.Column{Table: table, Name: column}); !ok || l.Level < dataclass.Personal {
			t.Errorf("a patient's name stands in %s, which is of level %d", at, l.Level)
		}
	}
}

// octal is a pattern for words as PostgreSQL writes bytes in escape format.
func octal(words []string) string {
	var all []string
	for _, w := range words {
		var b strings.Builder
		for _, x := range []byte(w) {
			if x < 0x80 {
				b.WriteByte(x)
				continue
			}
			fmt.Fprintf(&b, `\\%03o`, x)
		}
		all = append(all, b.String())
	}
	return strings.Join(all, "|")
}
