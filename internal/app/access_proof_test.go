package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/internal/webui"
)

// sampled picks one of n routes, the same ones each time; with -full all of them.
func sampled(r webui.Route, n uint32) bool {
	h := fnv.New32a()
	fmt.Fprint(h, r.Method, r.Pattern)
	return scaletest.Full() || h.Sum32()%n == 0
}

// enter signs somebody in, with a token for all they may do where they may have one.
func (p *premises) enter(v *visitor) {
	p.T.Helper()
	jar, err := cookiejar.New(nil)
	must(p, "jar", err)
	v.cookies = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := v.cookies.PostForm(p.url+"/sign-in", url.Values{"username": {v.who.Username}, "password": {knock}})
	must(p, "sign in", err)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") == "/sign-in" {
		p.T.Fatalf("%s cannot sign in: %d", v.name, resp.StatusCode)
	}
	who, err := p.app.Policy.Principal(v.who)
	must(p, "principal", err)
	reads, others := p.app.Services.Accounts.TokenScopes(who)
	if who.PartnershipID == ident.Nil || len(reads) == 0 {
		return
	}
	issued, err := p.app.Services.Accounts.CreateTokenFor(p.T.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "test", Scopes: append(reads, others...)})
	if err == nil {
		v.token = issued.Secret
	}
}

// Nobody gets past the door without a session or token that holds: not a stranger,
// not an account that was disabled, not a session or token that has run out.
func strangers(t *testing.T, p *premises) {
	hash := p.superText(`select password_hash from account where id = $1`, p.visitors[0].who.AccountID)
	gone, late := &visitor{name: "disabled", who: p.Doctor(servicetest.Sea)}, &visitor{name: "expired", who: p.Registrar(servicetest.Sea)}
	must(p, "policy", p.app.Policy.Reload(t.Context()))
	for _, v := range []*visitor{gone, late} {
		p.Exec(`update account set password_hash = $2 where id = $1`, v.who.AccountID, hash)
		p.enter(v)
		if status, _ := p.knockAt(v, http.MethodGet, "/account/sessions"); status != http.StatusOK {
			t.Fatalf("%s, before: %d", v.name, status)
		}
		if status, _ := p.knockAt(v, http.MethodGet, "/api/v1/cases"); status == http.StatusUnauthorized || v.token == "" {
			t.Fatalf("%s, before, with a token: %d", v.name, status)
		}
	}
	must(p, "disable", p.app.Services.Accounts.SetDisabled(t.Context(), authz.System("test"), gone.who.AccountID, true, ""))
	p.Exec(`update session set expires_at = '2020-01-01' where account_id = $1`, late.who.AccountID)
	p.Exec(`update api_token set expires_at = '2020-01-01' where account_id = $1`, late.who.AccountID)
	p.Clock.Advance(time.Minute) // a session is believed for a moment after it was read
	nobody := &visitor{name: "anonymous", cookies: &http.Client{CheckRedirect: gone.cookies.CheckRedirect}}
	cells := 0
	for _, r := range p.routes {
		if r.Permission == authz.Public {
			continue
		}
		for i, v := range []*visitor{nobody, gone, late} {
			if i > 0 && !sampled(r, 12) {
				continue
			}
			cells++
			status, body := p.knockAt(v, r.Method, p.address(r.Pattern, true))
			want := http.StatusSeeOther // to the sign-in page
			if r.Method != http.MethodGet || strings.HasPrefix(r.Pattern, "/api/") {
				want = http.StatusUnauthorized
			}
			if status != want || strings.Contains(body, "禾晚舟") {
				t.Errorf("%s %s as %s: %d", r.Method, r.Pattern, v.name, status)
			}
		}
	}
	t.Logf("%d cells of strangers", cells)
}

var (
	anyID     = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	requestNo = regexp.MustCompile(`\b[0-9a-f]{12}\b|\b[0-9A-Z]{4}-[0-9A-Z]{4}\b`)
)

// faceless is an answer without what differs from request to request.
func faceless(body string) string {
	return requestNo.ReplaceAllString(anyID.ReplaceAllString(body, "ID"), "NO")
}

// ownAffairs are written without a record of others: what is in their bodies is only
// looked at, or is about the writer's own partnership.
var ownAffairs = map[string]bool{"/api/v1/form-check": true, "/api/v1/labels": true, "/api/v1/messages/read": true, "/api/v1/public-notices": true, "/api/v1/skill-rules": true}

// A record that is somebody else's answers exactly like one that does not exist, in
// the address and in the body of a write: who tries ids learns nothing.
func foreignIDs(t *testing.T, p *premises) {
	bodies := readBodies(t)
	tried := 0
	for _, r := range p.routes {
		id := strings.Contains(r.Pattern, "{id}")
		body := bodies[strings.TrimPrefix(r.Pattern, "/api/v1")]
		if r.Permission == authz.Public || !id && (r.Method == http.MethodGet || body == nil) {
			continue
		}
		n := 0
		for _, v := range p.visitors {
			foreign := v.who.PartnershipID == p.Other.Partnership.ID
			theirs := foreign && !platformRecords[section(r.Pattern)] || strings.HasSuffix(v.name, "2") && hospitalRecords[section(r.Pattern)]
			if !theirs || !p.holds(v, r.Permission) || strings.HasPrefix(r.Pattern, "/api/") && v.token == "" {
				continue
			}
			if n++; n > 1 && !scaletest.Full() || !sampled(r, 3) {
				break
			}
			tried++
			p.knockAt(v, http.MethodGet, "/account/sessions") // a message of the answer before is shown once
			real, realBody := p.send(v, r, true, body)
			none, noneBody := p.send(v, r, false, body)
			if real != none || faceless(realBody) != faceless(noneBody) {
				t.Errorf("%s %s as %s: %d for a record of others, %d for none\n%s\n%s", r.Method, r.Pattern, v.name, real, none, apart(faceless(realBody), faceless(noneBody)), apart(faceless(noneBody), faceless(realBody)))
			}
			if real < 300 && r.Method != http.MethodGet && !ownAffairs[r.Pattern] {
				t.Errorf("%s %s as %s: %d: written with what is not theirs", r.Method, r.Pattern, v.name, real)
			}
		}
	}
	if tried < 60 {
		t.Errorf("only %d pairs were tried", tried)
	}
	t.Logf("%d pairs of requests", tried)
}

// apart is a text from shortly before where it differs from another.
func apart(text, other string) string {
	n := 0
	for n < min(len(text), len(other)) && text[n] == other[n] {
		n++
	}
	return cut(strings.ToValidUTF8(text[max(0, n-60):], "?"))
}

// send asks with the ids of the records, or with ids of nothing.
func (p *premises) send(v *visitor, r webui.Route, real bool, body *yaml.Node) (int, string) {
	p.T.Helper()
	path := p.address(r.Pattern, real)
	if r.Method == http.MethodGet || body == nil || v.token == "" || !strings.HasPrefix(path, "/api/") {
		return p.knockAt(v, r.Method, path)
	}
	raw, err := json.Marshal(p.example(body, "", real, 0))
	must(p, path, err)
	return p.call(v, r.Method, path, raw)
}

// call sends a JSON body with a visitor's token.
func (p *premises) call(v *visitor, method, path string, raw []byte) (int, string) {
	p.T.Helper()
	req, err := http.NewRequest(method, p.url+path, bytes.NewReader(raw))
	must(p, path, err)
	req.Header.Set("Authorization", "Bearer "+v.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", ident.New().String())
	resp, err := http.DefaultClient.Do(req)
	must(p, path, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	must(p, path, err)
	return resp.StatusCode, string(answer)
}

// readBodies are the schemas of what the contract takes, by path.
func readBodies(t testing.TB) map[string]*yaml.Node {
	t.Helper()
	raw, err := os.ReadFile("../httpapi/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	contract := doc.Content[0]
	schemas = at(contract, "components", "schemas")
	out := map[string]*yaml.Node{}
	paths := at(contract, "paths")
	for i := 0; i+1 < len(paths.Content); i += 2 {
		if s := at(paths.Content[i+1], "post", "requestBody", "content", "application/json", "schema"); s != nil {
			out[paths.Content[i].Value] = s
		}
	}
	return out
}

// schemas are the named ones of the contract.
var schemas *yaml.Node

func at(n *yaml.Node, path ...string) *yaml.Node {
	for _, name := range path {
		var next *yaml.Node
		for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return n
}

func word(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	return n.Value
}

// example is a body of a schema, whose ids are those of the records or of nothing.
func (p *premises) example(s *yaml.Node, name string, real bool, depth int) any {
	if ref := word(at(s, "$ref")); ref != "" {
		return p.example(at(schemas, ref[strings.LastIndex(ref, "/")+1:]), name, real, depth)
	}
	if values := at(s, "enum"); values != nil {
		for _, v := range values.Content {
			if v.Value != "" {
				return v.Value
			}
		}
	}
	kind := at(s, "type")
	if kind != nil && kind.Kind == yaml.SequenceNode {
		kind = kind.Content[0]
	}
	switch format := word(at(s, "format")); {
	case format == "uuid":
		return p.idFor(name, real)
	case format == "date":
		return p.Today().String()
	case word(kind) == "integer":
		return 1
	case word(kind) == "boolean":
		return true
	case word(kind) == "array" && depth < 4:
		return []any{p.example(at(s, "items"), strings.TrimSuffix(name, "s"), real, depth+1)}
	case word(kind) == "object" && depth < 4:
		out := map[string]any{}
		if props := at(s, "properties"); props != nil {
			for i := 0; i+1 < len(props.Content); i += 2 {
				out[props.Content[i].Value] = p.example(props.Content[i+1], props.Content[i].Value, real, depth+1)
			}
		}
		return out
	}
	return "x"
}

// idFor is the id of a record of the first hospital that a field would name, or one
// of nothing that stands for it: the same for the same record. What belongs to no
// partnership is there for everybody.
func (p *premises) idFor(name string, real bool) string {
	record, base := "cases", strings.TrimSuffix(strings.TrimSuffix(name, "_id"), "s")
	for _, key := range []string{base + "s", base, map[string]string{"person": "persons", "hospital": "hospitals", "to_hospital": "hospitals", "practitioner": "practitioners", "surgeon": "practitioners", "procedure": "procedures"}[base]} {
		if p.objects[key] != "" {
			record = key
			break
		}
	}
	if real || platformRecords[record] || record == "hospitals" {
		return p.objects[record]
	}
	if p.nothing[record] == "" {
		p.nothing[record] = ident.New().String()
	}
	return p.nothing[record]
}

// With every check of the services switched off, row security alone still hides
// what is another hospital's: the visitor acts as a principal that may do
// everything, with the scope of its own hospital.
func rowSecurityAlone(t *testing.T, p *premises) {
	ctx, s := t.Context(), p.app.Services
	id := func(name string) ident.ID {
		v, err := ident.Parse(p.objects[name])
		must(p, name, err)
		return v
	}
	for _, who := range []user.Principal{p.Registrar(servicetest.MountainTwo), p.Finance(servicetest.MountainTwo), p.Doctor(servicetest.MountainTwo),
		p.Steward(ident.New()), p.Other.Approver(), p.Other.Registrar(servicetest.Mountain)} {
		who.System = "unchecked"
		if err := p.app.Policy.Check(who, authz.PersonIdentity, authz.InPartnership(who.PartnershipID)); err != nil {
			t.Fatal("the check is not off:", err)
		}
		seen := map[string]func() (int, error){
			"case":       func() (int, error) { _, err := s.Care.Case(ctx, who, id("cases")); return 1, err },
			"treatment":  func() (int, error) { _, err := s.Care.Treatment(ctx, who, id("treatments")); return 1, err },
			"operation":  func() (int, error) { _, err := s.Care.Operation(ctx, who, id("operations")); return 1, err },
			"patient":    func() (int, error) { _, err := s.Care.Patient(ctx, who, id("patients")); return 1, err },
			"intake":     func() (int, error) { _, err := s.Intake.Patient(ctx, who, id("patients")); return 1, err },
			"attachment": func() (int, error) { _, _, err := s.Intake.AttachmentFile(ctx, who, id("attachments")); return 1, err },
			"approval":   func() (int, error) { _, err := s.Funding.Approval(ctx, who, id("approvals")); return 1, err },
			"settlement": func() (int, error) { _, err := s.Funding.Settlement(ctx, who, id("settlements")); return 1, err },
			"settle": func() (int, error) {
				_, err := s.Funding.Settle(ctx, who, funding.Settle{Treatment: id("treatments"), Settlement: fee.Settlement{Bill: 100}.WithNet()}, "")
				return 1, err
			},
			"decide": func() (int, error) {
				_, err := s.Funding.Decide(ctx, who, funding.Decision{Approval: id("approvals"), Decision: fund.DecideRefuse, Opinion: "不符合", Version: 1}, "")
				return 1, err
			},
			"close": func() (int, error) {
				_, err := s.Care.CloseCase(ctx, who, care.CloseInput{Case: id("cases")}, store.Key{})
				return 1, err
			},
		}
		for name, look := range seen {
			if _, err := look(); err == nil {
				t.Errorf("%s of %s: row security lets the %s through", who.Username, who.Organisation, name)
			}
		}
		cases, err := s.Care.Cases(ctx, who, care.CasesInput{})
		if err == nil {
			for _, c := range cases.Result.Rows {
				if c.ID == id("cases") {
					t.Errorf("%s: the case is in the list", who.Username)
				}
			}
		}
		for _, text := range []string{"禾晚舟", "hwz"} {
			if found, err := s.Intake.Search(ctx, who, text); err == nil && len(found.Hits) > 0 {
				t.Errorf("%s finds %s", who.Username, text)
			}
		}
	}
}

func (p *premises) rowSecurity(how string) {
	p.T.Helper()
	p.Exec(`do $$ declare t text; begin for t in select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and exists
		(select from pg_policy p where p.polrelid = pg_class.oid) loop execute format('alter table %I ` + how + ` row level security', t); end loop; end $$`)
}

// With row security switched off in the database, the services and their queries
// still answer nobody of another partnership, and nobody of another hospital.
func servicesAlone(t *testing.T, p *premises) {
	p.rowSecurity("disable")
	defer p.rowSecurity("enable")
	asked := map[bool]int{}
	for _, r := range p.routes {
		if r.Permission == authz.Public || r.Method != http.MethodGet || platformRecords[section(r.Pattern)] {
			continue
		}
		record := strings.Contains(r.Pattern, "{id}")
		n := map[bool]int{}
		for _, v := range p.visitors {
			foreign := v.who.PartnershipID == p.Other.Partnership.ID
			near := strings.HasSuffix(v.name, "2") && (hospitalRecords[section(r.Pattern)] || !record && v.name != "stw2")
			if !foreign && !near || !p.holds(v, r.Permission) || strings.HasPrefix(r.Pattern, "/api/") && v.token == "" {
				continue
			}
			if n[foreign]++; n[foreign] > 1 && !scaletest.Full() || (foreign || !record) && !sampled(r, 2) {
				continue
			}
			asked[foreign]++
			status, body := p.knockAt(v, r.Method, p.address(r.Pattern, true))
			if record && status < 400 || status >= 500 || strings.Contains(body, "禾晚舟") || foreign && strings.Contains(body, "向田秀") {
				t.Errorf("%s %s as %s: %d", r.Method, r.Pattern, v.name, status)
			}
		}
	}
	if asked[true] < 40 || asked[false] < 40 {
		t.Errorf("only %d and %d questions", asked[true], asked[false])
	}
	t.Logf("without row security %d questions of other partnerships, %d of the neighbouring hospital", asked[true], asked[false])
}

// Each refusal at a door and each look at a record of a patient is in the log, under
// the number of its request; there is no way to look that leaves none.
func everythingIsLogged(t *testing.T, p *premises) {
	asked := map[string]string{} // request, what it was
	for _, r := range p.routes {
		// The page of a proof shows its picture, and that look is the one in the log.
		if r.Permission == authz.Public || !sampled(r, 3) || r.Pattern == "/attachments/{id}" {
			continue
		}
		for _, v := range p.visitors {
			if p.elsewhere(v) || strings.HasPrefix(r.Pattern, "/api/") && v.token == "" {
				continue
			}
			holds := p.holds(v, r.Permission)
			if holds && (r.Method != http.MethodGet || !hospitalRecords[section(r.Pattern)] || !strings.Contains(r.Pattern, "{id}")) {
				continue
			}
			status, _ := p.knockAt(v, r.Method, p.address(r.Pattern, true))
			if what := fmt.Sprintf("%s %s as %s: %d", r.Method, r.Pattern, v.name, status); holds && status == http.StatusOK || !holds && status == http.StatusForbidden {
				asked[p.latest] = what
			}
			if !holds {
				break // one of those who are refused
			}
		}
	}
	t.Logf("%d looks and refusals", len(asked))
	for _, request := range strings.Fields(p.superText(`select coalesce(string_agg(distinct request_id, ' '), '') from audit_event`)) {
		delete(asked, request)
	}
	for _, what := range asked {
		t.Errorf("not in the log: %s", what)
	}
}

// Where nobody can be asked who somebody is and what they may do, nobody gets in:
// not by what a process remembers, and not by an error that is taken for a yes.
func withoutDatabase(t *testing.T, p *premises) {
	const limit = `alter database "%s" connection limit %d`
	p.Exec(fmt.Sprintf(limit, p.Database.Name, 0))
	defer p.Exec(fmt.Sprintf(limit, p.Database.Name, -1))
	p.Exec(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'shanhai_app'`)
	p.Clock.Advance(time.Minute) // longer than anything is believed
	asked, later := 0, 0
	for _, r := range p.routes {
		if r.Permission == authz.Public || !sampled(r, 24) {
			continue
		}
		for _, v := range p.visitors {
			if p.elsewhere(v) || !p.holds(v, r.Permission) || strings.HasPrefix(r.Pattern, "/api/") && v.token == "" {
				continue
			}
			asked++
			status, body := p.knockAt(v, r.Method, p.address(r.Pattern, true))
			if status == http.StatusServiceUnavailable {
				later++
			}
			if status < 400 || status == http.StatusInternalServerError || strings.Contains(body, "禾晚舟") {
				t.Errorf("%s %s as %s: %d", r.Method, r.Pattern, v.name, status)
			}
			break
		}
	}
	if asked < 10 || later < asked/2 {
		t.Errorf("%d questions, %d are told to come later", asked, later)
	}
	t.Logf("%d questions without the database", asked)
}
