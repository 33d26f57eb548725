package app

import (
	"bytes"
	"cmp"
	"database/sql"
	"flag"
	"fmt"
	"hash/fnv"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/registry"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/pgtest"
	"github.com/shanhai-health/shanhai/internal/scaletest"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/exchange"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/inspection"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
	"github.com/shanhai-health/shanhai/internal/webui"
	"github.com/shanhai-health/shanhai/web"
)

var update = flag.Bool("update", false, "write the table of access anew, to be reviewed as a change")

// visitor is somebody who knocks at every door.
type visitor struct {
	name    string
	who     user.Principal
	cookies *http.Client
	token   string
}

// premises is the whole service over a world: the records of one hospital (the
// first receiving one), and people of every role there, at the neighbouring
// hospital, and in another partnership.
type premises struct {
	*servicetest.World
	app      *App
	url      string
	routes   []webui.Route
	mux      chi.Routes
	objects  map[string]string // what {id} means behind a segment of an address
	nothing  map[string]string // ids of nothing that stand for them
	visitors []*visitor
	latest   string          // number of the latest request
	stored   string          // how many writes got to their end, where none is taken
	behind   *sql.DB         // behind row security; one for all, because each takes a connection
	coded    func() []string // what the database has said so far, with SQLSTATE; nil: it is not ours
}

const knock = "Kq7-vlm4-wuoz"

func openPremises(t *testing.T) *premises {
	t.Helper()
	w := servicetest.New(t)
	w.Clock.Set(clock.System{}.Now()) // the session manager has a clock of its own
	p := &premises{World: w, behind: pgtest.Open(t, w.Database.SuperDSN)}
	p.coded, _ = w.Database.Coded(t)
	cfg := external(t, w.Database, false)
	if err := w.Keys.Save(cfg.DataDir); err != nil {
		t.Fatal(err)
	}
	p.app = open(t, cfg, w.Clock)
	handler, err := p.app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	p.mux = handler.(chi.Routes)
	p.declared(t)
	p.people()
	p.records()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	p.url = srv.URL
	p.signIn()
	return p
}

// declared is every address of pages and API with its permission.
func (p *premises) declared(t *testing.T) {
	engine, err := webui.New(web.FS, "test")
	if err != nil {
		t.Fatal(err)
	}
	fail := httpx.Fail(func(http.ResponseWriter, *http.Request, error) {})
	p.routes = webui.Mount(chi.NewRouter(), p.app.pageDeps(engine, fail)).Routes()
	for _, r := range httpapi.Mount(chi.NewRouter(), p.app.apiDeps(engine)).Routes() {
		p.routes = append(p.routes, webui.Route{Method: r.Method, Pattern: "/api/v1" + r.Pattern, Permission: r.Permission})
	}
	slices.SortStableFunc(p.routes, func(a, b webui.Route) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Method, b.Method))
	})
}

func (p *premises) people() {
	const here, near = servicetest.Mountain, servicetest.MountainTwo
	money, other := p.Fund(50_000_000), p.Fund(1_000_000)
	p.objects, p.nothing = map[string]string{"funds": money.ID.String()}, map[string]string{}
	for _, v := range []visitor{
		{name: "reg", who: p.Registrar(here)}, {name: "fin", who: p.Finance(here)}, {name: "doc", who: p.Doctor(here)}, {name: "vis", who: p.Visiting(here)},
		{name: "scr", who: p.Screener(here)}, {name: "adm", who: p.HospitalAdmin(here)},
		{name: "reg2", who: p.Registrar(near)}, {name: "fin2", who: p.Finance(near)}, {name: "doc2", who: p.Doctor(near)}, {name: "vis2", who: p.Visiting(near)},
		{name: "adm2", who: p.HospitalAdmin(near)}, {name: "head", who: p.HospitalHead(here)}, {name: "hed2", who: p.HospitalHead(near)},
		{name: "appr", who: p.Approver()}, {name: "offi", who: p.Official()}, {name: "offd", who: p.OfficialDonor()}, {name: "stew", who: p.Steward(money.ID)},
		{name: "stw2", who: p.Steward(other.ID)}, {name: "ffin", who: p.FundFinance()}, {name: "aud", who: p.Auditor()},
		{name: "sys", who: p.SystemAdmin()}, {name: "sec", who: p.SecurityAdmin()}, {name: "log", who: p.AuditAdmin()},
		{name: "regF", who: p.Other.Registrar(here)}, {name: "finF", who: p.Other.Finance(here)}, {name: "docF", who: p.Other.Doctor(here)},
		{name: "aprF", who: p.Other.Approver()}, {name: "offF", who: p.Other.Official()}, {name: "audF", who: p.Other.Auditor()},
	} {
		p.visitors = append(p.visitors, &v)
	}
	must(p, "policy", p.app.Policy.Reload(p.T.Context()))
}

func must(p *premises, what string, err error) {
	p.T.Helper()
	if err != nil {
		p.T.Fatalf("%s: %v", what, err)
	}
}

// records makes one of everything at the first hospital, by the services.
func (p *premises) records() {
	ctx, s := p.T.Context(), p.app.Services
	const here, near = servicetest.Mountain, servicetest.MountainTwo
	pool, err := ident.Parse(p.objects["funds"])
	must(p, "fund", err)
	ask := func(tr store.Treatment) ident.ID {
		r, err := s.Funding.Request(ctx, p.Finance(here), funding.Request{Treatment: tr.ID, Bill: 6_000_000, Basic: 2_000_000, Critical: 500_000,
			Assistance: 800_000, Funds: []fee.FundLine{{Fund: pool, Amount: 2_000_000}}, Reason: "低保对象"}, "")
		must(p, "request", err)
		return r.Approval
	}
	waiting := p.Eligible(here)
	p.objects["approvals"] = ask(waiting).String()

	refused := ask(p.Eligible(here))
	_, err = s.Funding.Decide(ctx, p.Approver(), funding.Decision{Approval: refused, Decision: fund.DecideRefuse, Opinion: "材料不足", Version: 1}, "")
	must(p, "refusal", err)
	p.objects["messages"] = p.superText(`select id from message limit 1`) // the finance desk was told
	appeal, err := s.Funding.Appeal(ctx, p.Finance(here), funding.AppealInput{Approval: refused, Reason: "补充证明"}, "")
	must(p, "appeal", err)
	p.objects["appeals"] = appeal.String()
	move, err := s.Funding.RequestMove(ctx, p.Approver(), fund.Move{Kind: fund.Return, From: pool, Amount: 1_000, Rule: "资金管理办法", Reason: "年终退回"}, "")
	must(p, "move", err)
	p.objects["fund-moves"] = move.String()
	p.library(pool)

	done := p.Eligible(here)
	_, err = s.Funding.Decide(ctx, p.Approver(), funding.Decision{Approval: ask(done), Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: 1}, "")
	must(p, "decide", err)
	done = p.Advance(done, treatment.Admit)
	doctor := p.Doctor(here)
	op, err := s.Care.LogOperation(ctx, doctor, care.OperationInput{Treatment: done.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, p.Today())}, store.Key{})
	must(p, "operation", err)
	p.Do(p.System(), func(tx *store.Tx) (err error) { done, err = tx.TreatmentByID(done.ID); return err })
	p.Advance(done, treatment.Discharge)
	paid := fee.Settlement{Bill: 6_000_000, Basic: 2_000_000, Critical: 500_000, Assistance: 800_000, Funds: []fee.FundLine{{Fund: pool, Amount: 2_000_000}}}
	settled, err := s.Funding.Settle(ctx, p.Finance(here), funding.Settle{Treatment: done.ID, Settlement: paid.WithNet()}, "")
	must(p, "settle", err)
	p.sheets(done)

	var picture bytes.Buffer
	must(p, "png", png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))))
	file, err := s.Intake.Attach(ctx, p.Registrar(here), "", intake.AttachInput{Owner: store.Owner{Kind: store.OwnerCase, ID: done.Case},
		File: intake.File{Kind: document.Poverty, Name: "证明.png", Content: picture.Bytes()}})
	must(p, "attach", err)
	batch, err := s.Exchange.Upload(ctx, p.Approver(), exchange.File{Name: "台账.csv", Content: []byte("姓名,性别,身份证号,手术医院,手术日期,手术方式,总费用\n禾晚舟,女,,云岭区中医院,2024-05-06,左膝关节置换,60000\n")}, "")
	must(p, "upload", err)

	joined := p.Case(here, procedure.Joint, "向田秀")
	p.RegisterAt(near, joined.Person)
	must(p, "join", servicetest.JoinRequest(p.World, joined.Person, procedure.Joint, near, false))
	other := p.Case(near, procedure.Joint, "向天秀")
	review, err := s.Intake.Ask(ctx, p.Approver(), "", intake.AskInput{Person: joined.Person, Other: other.No, Reason: "同音"})
	must(p, "ask", err)
	gone := p.Patient(here, "向远山")
	death, err := s.Care.ReportDeath(ctx, p.Registrar(here), care.DeathInput{Person: gone, Death: patient.Death{On: p.Today(), Source: patient.DeathFamily}}, store.Key{})
	must(p, "death", err)
	p.devices(op.ID)
	p.outcomes(op.ID)
	p.followUps(op.ID)
	p.rules(done)
	p.visiting()
	p.screenings()
	p.notices()
	p.payments(pool, done.ID)
	pack, err := s.Inspection.Make(ctx, p.Auditor(), inspection.Order{Fund: pool, From: p.Today(), To: p.Today()})
	must(p, "package", err)
	p.objects["audit-packages"] = pack.Package.String()
	p.anchors()
	p.reports()
	p.emergency(done.Person)
	p.askedFor()
	pairing := partnership.Pairing{ID: ident.New(), DonorID: p.ID(servicetest.Sea), ReceivingID: p.ID(here), From: p.Today()}
	p.Do(p.System(), func(tx *store.Tx) error { return tx.InsertPairing(pairing) })
	union := partnership.Union{ID: ident.New(), From: p.ID(servicetest.MountainTwo), Into: p.ID(here), On: p.Today(), Reason: "县卫健委批复"}
	p.Do(p.System(), func(tx *store.Tx) error { return tx.InsertUnion(union) })
	p.objects["hospital-merges"] = union.ID.String()
	super := p.superText
	for name, value := range map[string]string{
		"patients": done.Person.String(), "persons": done.Person.String(), "cases": done.Case.String(), "treatments": done.ID.String(),
		"operations": op.ID.String(), "procedures": op.ID.String(), "settlements": settled.Settlement.String(), "attachments": file.String(), "imports": batch.String(),
		"referrals": super(`select id from referral limit 1`), "pairings": pairing.ID.String(), "figures": "joint.patients", "measures": "joint.patients", "readings": "joint.death_30", "programmes": "joint", "hospitals": p.ID(here).String(), "surgeons": doctor.PractitionerID.String(), "{programme}": "joint",
		"users": p.Registrar(here).AccountID.String(), "organisations": p.ID(here).String(), "partnerships": p.Partnership.ID.String(),
		"practitioners": doctor.PractitionerID.String(), "postings": super(`select id from posting limit 1`), "review": review.String(), "person-reviews": review.String(), "deaths": death.ID.String(),
		"tokens": ident.New().String(), "{transfer}": super(`select id from ledger_transfer where kind = 'deposit' limit 1`),
		"{role}": super(`select id from role_assignment where account_id = $1`, p.Registrar(here).AccountID), "{organisation}": p.ID(here).String(),
		"{from}": "2020-01-01", "{sheet}": "0", "{block}": "0", "{action}": "cancel", "{group}": "joint", "{format}": "csv", "{kept}": "anothers", "sessions": ident.New().String(), "passkeys": ident.New().String(),
	} {
		p.objects[name] = value
	}
}

func (p *premises) superText(query string, args ...any) string {
	p.T.Helper()
	var s string
	must(p, query, p.behind.QueryRow(query, args...).Scan(&s))
	return s
}

// address fills an address with the ids of the records, or with ids of nothing.
func (p *premises) address(pattern string, real bool) string {
	parts := strings.Split(strings.TrimSuffix(pattern, "/*"), "/")
	for i, part := range parts {
		switch {
		case part == "{id}" && real && strings.Contains(pattern, "/acuity"):
			parts[i] = p.objects["eyes"]
		case part == "{act}":
			parts[i] = "codes"
		case part == "{form}":
			parts[i] = string(registry.Cataract)
		case part == "{id}" && (real || parts[i-1] == "figures" || parts[i-1] == "measures" || parts[i-1] == "readings"):
			parts[i] = p.objects[parts[i-1]]
		case part == "{action}" && parts[1] == "referrals":
			parts[i] = "accept"
		case part == "{action}", part == "{sheet}", part == "{block}", part == "{from}", part == "{group}", part == "{section}", part == "{rule}":
			parts[i] = p.objects[part]
		case strings.HasPrefix(part, "{") && real:
			parts[i] = p.objects[part]
		case strings.HasPrefix(part, "{"):
			parts[i] = ident.New().String()
		}
		if parts[i] == "" && i > 0 && strings.HasPrefix(part, "{") {
			p.T.Errorf("%s: no record for %s", pattern, part)
		}
	}
	switch path := strings.Join(parts, "/"); {
	case strings.HasPrefix(path, "/desk/") && strings.HasSuffix(path, "/export") && path != "/desk/surgeons/export": // that one is a list
		for room, chart := range map[string]string{"/comparison": "joint-complication-90-parts", "/flows": "towns", "/surgeon": "quality-operations-trend", "/programmes": "waterfall", "/hospitals": "waterfall"} {
			if strings.Contains(path, room) {
				return path + "?format=csv&chart=" + chart
			}
		}
		return path
	case strings.HasSuffix(path, "/export"):
		return path + "?format=csv"
	default:
		return path
	}
}

// signIn gives everybody a session and a token with all they may do.
func (p *premises) signIn() {
	hash, err := seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 2).Hash(p.T.Context(), knock)
	must(p, "hash", err)
	p.Exec(`update account set password_hash = $1`, hash)
	for _, v := range p.visitors {
		p.enter(v)
	}
}

// knockAt asks for an address as a visitor and reports the status.
func (p *premises) knockAt(v *visitor, method, path string) (int, string) {
	p.T.Helper()
	var body io.Reader
	if method != http.MethodGet {
		body = strings.NewReader("")
	}
	req, err := http.NewRequest(method, p.url+path, body)
	must(p, path, err)
	client := v.cookies
	if strings.HasPrefix(path, "/api/") {
		client = &http.Client{}
		req.Header.Set("Authorization", "Bearer "+v.token)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", ident.New().String())
	} else if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := client.Do(req)
	must(p, path, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(p, path, err)
	p.latest = resp.Header.Get("X-Request-Id")
	p.headers(method+" "+path, resp.Header)
	return resp.StatusCode, string(raw)
}

// headers holds every answer of every kind of page, to everybody, to the headers of
// the house, to the letter.
func (p *premises) headers(where string, h http.Header) {
	p.T.Helper()
	for name, want := range map[string]string{"Content-Security-Policy": httpx.ContentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store"} {
		got := strings.TrimSuffix(strings.Join(h.Values(name), " | "), ` | no-cache="Set-Cookie"`) // which the sessions add
		if got == "default-src 'none'; style-src 'unsafe-inline'; sandbox" && strings.Contains(where, "/attachments/") && strings.HasSuffix(where, "/file") {
			continue // somebody else's bytes: nothing runs, nothing is fetched
		}
		if got != want {
			p.T.Errorf("%s: %s: %q", where, name, got)
		}
	}
	for _, name := range []string{"Server", "X-Powered-By", "Access-Control-Allow-Origin"} {
		if h.Get(name) != "" {
			p.T.Errorf("%s: says %s: %s", where, name, h.Get(name))
		}
	}
}

// open to strangers beside the declared addresses.
var openDoors = []string{"GET /healthz", "GET /readyz", "* /metrics", "* /static/*"}

// Who gets in where, over the real mux and one world: setting it up costs more
// than each of the questions.
func TestAccess(t *testing.T) {
	p := openPremises(t)
	for name, ask := range map[string]func(*testing.T, *premises){
		"every address of the mux declares one permission": everyAddressDeclares,
		"the table of access is the reviewed one":          tableOfAccess,
		"nobody writes through a door that is not theirs":  nobodyWrites,
		"row security alone hides other hospitals":         rowSecurityAlone,
		"nobody gets in without a session that holds":      strangers,
		"ids of others answer like ids of nothing":         foreignIDs,
		"services alone keep partnerships apart":           servicesAlone,
		"looks and refusals are in the log":                everythingIsLogged,
	} {
		t.Run(name, func(t *testing.T) {
			p.T = t
			ask(t, p)
		})
		p.T = t
	}
	// What follows writes into the world, and opens records to the neighbour.
	t.Run("states of records", func(t *testing.T) {
		p.T = t
		statesOfRecords(t, p)
	})
	p.T = t
	for name, ask := range map[string]func(*testing.T, *premises){
		"a hundred megabytes": hugeBodies, "malformed requests": malformed, "strings that break things": naughtyStrings,
		"injection into statements": injection, "names that lead out": namesThatLeadOut, "writes from another site": crossSite,
	} {
		t.Run(name, func(t *testing.T) {
			p.T = t
			ask(t, p)
		})
		p.T = t
	}
	t.Run("without the database", func(t *testing.T) {
		p.T = t
		withoutDatabase(t, p)
	})
	p.T = t
}

func everyAddressDeclares(t *testing.T, p *premises) {
	declared := map[string]int{}
	for _, r := range p.routes {
		declared[r.Method+" "+r.Pattern]++
		if r.Permission != authz.Public && !slices.Contains(authz.Permissions(), r.Permission) {
			t.Errorf("%s %s: unknown permission %q", r.Method, r.Pattern, r.Permission)
		}
	}
	n := 0
	err := chi.Walk(p.mux, func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		n++
		pattern = strings.TrimSuffix(pattern, "/")
		if pattern == "" {
			pattern = "/"
		}
		if slices.Contains(openDoors, method+" "+pattern) || slices.Contains(openDoors, "* "+pattern) {
			return nil
		}
		if declared[method+" "+pattern] != 1 {
			t.Errorf("%s %s is declared %d times", method, pattern, declared[method+" "+pattern])
		}
		delete(declared, method+" "+pattern)
		return nil
	})
	if err != nil || n < 100 {
		t.Fatalf("%d addresses: %v", n, err)
	}
	for r := range declared {
		t.Errorf("%s is declared and not served", r)
	}
	for _, r := range p.routes {
		if public := r.Permission == authz.Public; public && !slices.Contains(publicRoutes, r.Method+" "+r.Pattern) {
			t.Errorf("%s %s needs nobody signed in and is not on the list", r.Method, r.Pattern)
		}
	}
}

// publicRoutes need nobody signed in. The list is short and stays so.
var publicRoutes = []string{"GET /sign-in", "POST /sign-in", "GET /sign-in/code", "POST /sign-in/code", "POST /sign-out", "POST /preferences", "GET /first-run", "POST /first-run", "GET /verify", "POST /verify", "GET /notices", "GET /notices/{id}", "GET /notices/{id}/print", "GET /notices/{id}/notice.pdf", "POST /sign-in/passkey", "GET /notices/{id}/objection", "POST /notices/{id}/objection",
	"GET /outreach/en", "GET /outreach/en.webmanifest", "GET /outreach/theatre/en", "GET /outreach/theatre/zh-CN", "GET /outreach/worker.js", "GET /outreach/zh-CN", "GET /outreach/zh-CN.webmanifest",
	"GET /api/v1/notices", "GET /api/v1/notices/{id}", "GET /api/v1/openapi.json"}

// The table of access: who gets what answer at every address, for the records of
// one hospital. It is a file, so that a change of access is seen as one.
func tableOfAccess(t *testing.T, p *premises) {
	var out strings.Builder
	p.heading(&out)
	out.WriteString("\n")
	reviewed := reviewedRows(t, "testdata/access.txt", p)
	for _, r := range p.routes {
		if r.Permission == authz.Public || r.Method != http.MethodGet {
			continue
		}
		key := fmt.Sprintf("%-66s %-22s", r.Method+" "+r.Pattern, r.Permission)
		out.WriteString(key)
		cells := reviewed[rowKey(key)]
		for i, v := range p.visitors {
			if cells != nil && p.stands(r, v) {
				fmt.Fprintf(&out, " %4s", cells[i])
				continue
			}
			out.WriteString(" " + p.cell(r, v))
		}
		out.WriteString("\n")
	}
	golden(t, "testdata/access.txt", out.String())
}

// cell is one answer of the table of access.
func (p *premises) cell(r webui.Route, v *visitor) string {
	switch holds := p.holds(v, r.Permission); {
	case strings.HasPrefix(r.Pattern, "/api/") && v.token == "", p.elsewhere(v) && !holds:
		return "   -" // no token; or the door is closed to the role, as it is here
	case !holds && !slices.Contains(p.refused(r), v):
		return fmt.Sprintf("%4d", http.StatusForbidden) // what judge wants of everybody it sees refused
	}
	status, body := p.knockAt(v, r.Method, p.address(r.Pattern, true))
	p.judge(r, v, status, body)
	return fmt.Sprintf("%4d", status)
}

// stands: at an address that names no record everybody who may come in sees what
// they may see, and one in four of them looks. Where a record is named all do, and
// everybody does with -full. What the donor side is told depends on what it was
// told before, so it asks every time.
func (p *premises) stands(r webui.Route, v *visitor) bool {
	return (!strings.Contains(r.Pattern, "{id}") || section(r.Pattern) == "desk" || section(r.Pattern) == "readings") && p.holds(v, r.Permission) &&
		v.name != "offd" && !sampledRow(r.Method+r.Pattern+v.name, 4)
}

// heading names the columns of a table.
func (p *premises) heading(out *strings.Builder) {
	fmt.Fprintf(out, "%-66s %-22s", "address", "permission")
	for _, v := range p.visitors {
		fmt.Fprintf(out, " %4s", v.name)
	}
}

// refused are those who knock at a door that is closed to their role. One check
// stands behind every door, so two of them do for each, others at each; with
// -full everybody knocks everywhere.
func (p *premises) refused(r webui.Route) []*visitor {
	var all []*visitor
	for _, v := range p.visitors {
		if !p.holds(v, r.Permission) && !p.elsewhere(v) && (v.token != "" || !strings.HasPrefix(r.Pattern, "/api/")) {
			all = append(all, v)
		}
	}
	if len(all) <= 2 || scaletest.Full() {
		return all
	}
	h := fnv.New32a()
	fmt.Fprint(h, r.Method, r.Pattern)
	at := int(h.Sum32() % uint32(len(all)))
	return []*visitor{all[at], all[(at+len(all)/2)%len(all)]}
}

// judge checks what must hold whatever the table says.
func (p *premises) judge(r webui.Route, v *visitor, status int, body string) {
	p.T.Helper()
	holds := p.holds(v, r.Permission)
	where := fmt.Sprintf("%s %s as %s", r.Method, r.Pattern, v.name)
	switch {
	case status >= 500:
		p.T.Errorf("%s: %d\n%s", where, status, cut(body))
	case !holds && status != http.StatusForbidden:
		p.T.Errorf("%s without the permission %s: %d", where, r.Permission, status)
	case holds && status == http.StatusForbidden && !strings.Contains(r.Pattern, "{") && r.Pattern != "/search": // its service knows who may search
		p.T.Errorf("%s with the permission %s is forbidden", where, r.Permission)
	}
	foreign := v.who.PartnershipID == p.Other.Partnership.ID
	near := p.elsewhere(v) && !foreign
	if strings.Contains(r.Pattern, "{id}") && status < 400 && (foreign && !platformRecords[section(r.Pattern)] || near && hospitalRecords[section(r.Pattern)]) {
		p.T.Errorf("%s sees a record that is not theirs: %d", where, status)
	}
	// The second patient of the records asked to be seen by the neighbour too.
	if (foreign || near) && strings.Contains(body, "禾晚舟") || foreign && strings.Contains(body, "向田秀") {
		p.T.Errorf("%s reads the name of a patient", where)
	}
}

// section is the first word of an address behind the API's prefix.
func section(pattern string) string {
	return strings.Split(strings.TrimPrefix(strings.TrimPrefix(pattern, "/api/v1"), "/"), "/")[0]
}

// platformRecords belong to no partnership; figures are counted, not kept, and
// the own account is everybody's own wherever they work.
var platformRecords = map[string]bool{"account": true, "organisations": true, "practitioners": true, "figures": true, "measures": true, "readings": true}

// hospitalRecords are a hospital's own.
var hospitalRecords = map[string]bool{"patients": true, "persons": true, "cases": true, "treatments": true, "operations": true, "procedures": true,
	"approvals": true, "settlements": true, "attachments": true, "glass": true, "subject-requests": true}

func (p *premises) holds(v *visitor, perm authz.Permission) bool {
	for _, role := range append(v.who.Roles(), user.Everyone) {
		if p.app.Policy.Holds(role, perm) {
			return true
		}
	}
	return false
}

// Nobody writes to a record of another hospital or partnership, and nobody
// without the permission writes at all: whatever is sent, nothing changes.
func nobodyWrites(t *testing.T, p *premises) {
	before := p.fingerprint()
	var out strings.Builder
	p.heading(&out)
	for _, r := range p.routes {
		if r.Permission == authz.Public || r.Method == http.MethodGet {
			continue
		}
		fmt.Fprintf(&out, "\n%-66s %-22s", r.Method+" "+r.Pattern, r.Permission)
		refused := p.refused(r)
		for _, v := range p.visitors {
			foreign := v.who.PartnershipID == p.Other.Partnership.ID
			near := strings.HasSuffix(v.name, "2") && hospitalRecords[section(r.Pattern)] && strings.Contains(r.Pattern, "{id}")
			holds := p.holds(v, r.Permission)
			api := strings.HasPrefix(r.Pattern, "/api/")
			switch theirs := foreign && strings.Contains(r.Pattern, "{id}") && !platformRecords[section(r.Pattern)]; {
			case api && v.token == "":
				out.WriteString("    -")
				continue
			case holds && !near && !theirs:
				out.WriteString("  may") // theirs to use
				continue
			case !holds && !slices.Contains(refused, v):
				fmt.Fprintf(&out, " %4d", http.StatusForbidden) // the same door as for the role here
				continue
			}
			status, body := p.knockAt(v, r.Method, p.address(r.Pattern, true))
			fmt.Fprintf(&out, " %4d", status)
			where := fmt.Sprintf("%s %s as %s", r.Method, r.Pattern, v.name)
			switch {
			case status >= 500:
				t.Errorf("%s: %d\n%s", where, status, cut(body))
			case !holds && status != http.StatusForbidden:
				t.Errorf("%s without the permission %s: %d", where, r.Permission, status)
			case status < 400:
				t.Errorf("%s: %d", where, status)
			}
		}
	}
	if after := p.fingerprint(); after != before {
		t.Errorf("something was stored:\n%s\n%s", before, after)
	}
	golden(t, "testdata/access_writes.txt", strings.ReplaceAll(out.String(), " \n", "\n")+"\n")
}

// elsewhere: at the neighbouring hospital or in the other partnership.
func (p *premises) elsewhere(v *visitor) bool {
	return strings.HasSuffix(v.name, "2") || v.who.PartnershipID == p.Other.Partnership.ID
}

// fingerprint counts rows and versions of what people make.
func (p *premises) fingerprint() string {
	var out []string
	for _, table := range []string{"person", "registration", "beneficiary", "attachment", "casefile", "treatment", "procedure", "referral", "approval", "settlement",
		"fund", "import_batch", "account", "organisation", "partnership", "posting", "pairing", "practitioner", "review_item", "ledger_account", "audit_package", "download", "report_pack", "pay_run", "pay_line", "recovery", "hospital_account", "payee_card", "glass", "subject_request"} {
		var line string
		must(p, table, p.behind.QueryRow(`select '`+table+` ' || count(*) || ' ' || coalesce(sum(version), 0) from `+table).Scan(&line))
		out = append(out, line)
	}
	return strings.Join(append(out, p.superText(`select 'transfers ' || count(*) from ledger_transfer`), p.superText(`select 'roles ' || count(revoked_at) || ' ' || count(*) from role_assignment`)), ", ")
}

func cut(body string) string { return body[:min(len(body), 400)] }

// golden compares with a reviewed file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if want := string(raw); want != got {
		wants, gots := strings.Split(want, "\n"), strings.Split(got, "\n")
		for _, line := range gots {
			if !slices.Contains(wants, line) {
				t.Errorf("now:      %s", line)
			}
		}
		for _, line := range wants {
			if !slices.Contains(gots, line) {
				t.Errorf("reviewed: %s", line)
			}
		}
		t.Errorf("the table of access changed; if that is wanted, run this test with -update and have the change reviewed")
	}
}
