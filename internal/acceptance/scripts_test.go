package acceptance

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// scripts are texts that become elements or scripts in a careless page: our own list, and
// those of the folder that SHANHAI_NAUGHTY names.
func scripts(t *testing.T) (out []string) {
	t.Helper()
	files := []string{"testdata/scripts.txt"}
	if dir := os.Getenv("SHANHAI_NAUGHTY"); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "scripts", "*"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(strings.ToValidUTF8(string(raw), "")) {
			if line = strings.TrimRight(strings.ReplaceAll(line, "\x00", ""), "\r\n"); line != "" && !strings.HasPrefix(line, "# ") {
				out = append(out, line)
			}
		}
	}
	return out
}

// plant puts the texts behind every free text of every table and of every document of
// JSON, whatever services and triggers say: free is a column where the demonstration has
// words. What a constraint refuses stays. It gives the columns that took some.
func (o *office) plant(t *testing.T, list []string) []string {
	t.Helper()
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = "$xss$" + s + "$xss$"
	}
	out := o.sql(`set session_replication_role = replica;
		create temp table planted (at text);
		do $do$ declare c record; list text[] := array[` + strings.Join(quoted, ",") + `]; n bigint;
		begin
			for c in select x.table_name as t, x.column_name as f, x.data_type as d from information_schema.columns x join information_schema.tables b using (table_schema, table_name)
				where x.table_schema = 'public' and b.table_type = 'BASE TABLE' and x.data_type in ('text', 'jsonb', 'ARRAY') and x.is_generated = 'NEVER' order by 1, 2
			loop
				begin
					if c.d = 'text' then
						execute format('update %1$I set %2$I = $1[1 + abs(hashtext(ctid::text || %2$L)::bigint) %% array_length($1, 1)] where %2$I ~ ''[一-龥]''', c.t, c.f) using list;
					elsif c.d = 'ARRAY' then
						execute format('update %1$I set %2$I = $1[1:3] where %2$I::text ~ ''[一-龥]''', c.t, c.f) using list;
					else
						execute format('update %1$I set %2$I = regexp_replace(%2$I::text, ''(: *)"[^"]*[一-龥][^"]*"'', ''\1'' || replace(to_jsonb($1[1 + abs(hashtext(ctid::text)::bigint) %% array_length($1, 1)])::text, ''\'', ''\\''), ''g'')::jsonb
							where %2$I::text ~ ''[一-龥]''', c.t, c.f) using list;
					end if;
					get diagnostics n = row_count;
					if n > 0 then insert into planted values (c.t || '.' || c.f || '=' || n); end if;
				exception when others then null;
				end;
			end loop;
		end $do$;
		select string_agg(at, ' ') from planted;`)
	var columns []string
	for _, word := range strings.Fields(out) {
		if strings.Contains(word, ".") {
			columns = append(columns, word)
		}
	}
	return columns
}

// watched counts what must not happen in a browser: a dialog, and what the page itself
// notes of violations of its policy.
func (p *person) watched() func() int {
	var mu sync.Mutex
	dialogs := 0
	err := chromedp.Listen(p.ctx, func(ev any) {
		if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
			mu.Lock()
			dialogs++
			mu.Unlock()
			go func() { _, _ = chromedp.Call(p.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}) }()
		}
	})
	if err == nil {
		_, err = chromedp.Call(p.ctx, page.Enable, page.EnableParams{})
	}
	if err == nil {
		_, err = chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `window.violations = []; document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.effectiveDirective + " " + e.blockedURI + " " + e.sample), true)`})
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return dialogs
	}
}

// gotThrough is what of the texts became more than text in the page that is open.
const gotThrough = `(() => { const bad = [...window.violations];
	if (window.xsscanary && !(window.xsscanary instanceof Node)) bad.push("a script ran");
	const look = (root) => { for (const e of root.querySelectorAll("*")) {
		if (e.localName.includes("xsscanary")) bad.push("<" + e.localName + ">");
		for (const a of e.attributes) {
			if (a.name.includes("xsscanary")) bad.push(e.localName + " has the attribute " + a.name);
			if (a.name.startsWith("on")) bad.push(e.localName + " has the handler " + a.name + "=" + a.value);
			if (/^(href|src|action|formaction|data|xlink:href)$/.test(a.name) && /^\s*j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*:|^\s*data:text/i.test(a.value)) bad.push(e.localName + " leads to " + a.value);
		}
		if (e.shadowRoot) look(e.shadowRoot);
		if (e.localName === "template") look(e.content);
	} };
	look(document);
	return bad.slice(0, 5).join("; ") })()`

// I-2: texts that would be elements or scripts stand in every free text of the database; on
// every page that shows them they are text and nothing else: no dialog, no element, no
// attribute, no violation of the policy.
func TestNoTextBecomesAPartOfThePage(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	list := scripts(t)
	columns := o.plant(t, list)
	if len(columns) < 40 {
		t.Fatalf("only %d columns took a text: %v", len(columns), columns)
	}
	who, most := []string{"registrar-ylzy", "approver"}, scaletest.Times(9)
	if scaletest.Full() {
		who = []string{"registrar-ylzy", "screener-ylzy", "finance-ylzy", "doctor-ylzy", "visiting-lgrm", "admin-ylzy", "head-ylzy", "registrar-lgzy", "approver", "approver-2", "fund-finance", "official", "steward", "auditor",
			"system-admin", "security-admin", "audit-admin"}
	}
	pages, shown := 0, 0
	for _, name := range who {
		p := o.as(name)
		p.t = t
		dialogs := p.watched()
		walk(p, most, func(path, _ string) {
			pages++
			if bad := p.eval(gotThrough); bad != "" {
				t.Errorf("%s as %s: %s", path, name, bad)
			}
			if n := dialogs(); n > 0 {
				t.Errorf("%s as %s: %d dialogs", path, name, n)
			}
			if strings.Contains(p.text(), "xsscanary") {
				shown++
			}
		})
	}
	p := o.as(who[0])
	p.eval(`(() => { document.body.insertAdjacentHTML("beforeend", "<xsscanary></xsscanary><b onclick=x></b><a href='javascript:x'></a>"); return "" })()`)
	if bad := p.eval(gotThrough); strings.Count(bad, ";") < 2 {
		t.Errorf("what gets through is not seen: %q", bad)
	}
	if shown < pages/4 || pages < most {
		t.Errorf("the texts stand on %d of %d pages only", shown, pages)
	}
	t.Logf("%d texts in %d columns, on %d of %d pages of %d roles", len(list), len(columns), shown, pages, len(who))
}
