package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/reporting"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// document loads the contract as clients do.
func document(t *testing.T, raw []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// bare is the API without services: enough for its routes and its contract.
func bare(t *testing.T) (*httpapi.Server, http.Handler) {
	t.Helper()
	cat, err := i18n.Load(os.DirFS("../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	mux := chi.NewRouter()
	return httpapi.Mount(mux, httpapi.Deps{Catalogue: cat}), mux
}

func contractOf(t *testing.T, h http.Handler) *openapi3.T {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.json", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return document(t, w.Body.Bytes())
}

func TestTheContractIsAValidDocument(t *testing.T) {
	_, h := bare(t)
	doc := contractOf(t, h)
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %s", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "" || op.Summary == "" || ids[op.OperationID] {
				t.Errorf("%s %s needs an operationId of its own and a summary", method, path)
			}
			ids[op.OperationID] = true
		}
	}
}

// Every route stands in the document, and nothing else does.
func TestContractAndRoutesAreTheSame(t *testing.T) {
	s, h := bare(t)
	var routes, documented []string
	for _, r := range s.Routes() {
		routes = append(routes, r.Method+" "+r.Pattern)
	}
	for path, item := range contractOf(t, h).Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	for _, r := range routes {
		if !slices.Contains(documented, r) {
			t.Errorf("%s is not in openapi.yaml", r)
		}
	}
	for _, d := range documented {
		if !slices.Contains(routes, d) {
			t.Errorf("%s is in openapi.yaml, but no such route is declared", d)
		}
	}
}

// What the document promises about every operation.
func TestEveryOperationSaysWhatTheHouseRulesAsk(t *testing.T) {
	s, h := bare(t)
	doc := contractOf(t, h)
	for _, r := range s.Routes() {
		item := doc.Paths.Value(r.Pattern)
		if item == nil || item.GetOperation(r.Method) == nil {
			continue // named by the test above
		}
		op := item.GetOperation(r.Method)
		key := op.Parameters.GetByInAndName("header", "Idempotency-Key")
		if write := r.Method != http.MethodGet; write != (key != nil && key.Required) {
			t.Errorf("%s %s: the Idempotency-Key is required on writes, and only there", r.Method, r.Pattern)
		}
		if open := op.Security != nil && len(*op.Security) == 0; open != (r.Permission == authz.Public) {
			t.Errorf("%s %s: security does not match the permission %s", r.Method, r.Pattern, r.Permission)
		}
		for _, name := range pathNames(r.Pattern) {
			if op.Parameters.GetByInAndName("path", name) == nil && item.Parameters.GetByInAndName("path", name) == nil {
				t.Errorf("%s %s: path parameter %s is not described", r.Method, r.Pattern, name)
			}
		}
		if r.Permission != authz.Public && op.Responses.Default() == nil {
			t.Errorf("%s %s does not say that it may answer with a problem", r.Method, r.Pattern)
		}
	}
}

func pathNames(pattern string) []string {
	var names []string
	for _, part := range strings.Split(pattern, "/") {
		if strings.HasPrefix(part, "{") {
			names = append(names, strings.Trim(part, "{}"))
		}
	}
	return names
}

func TestMeasureParametersAreTheFilters(t *testing.T) {
	_, h := bare(t)
	op := contractOf(t, h).Paths.Value("/measures/{id}").Get
	for _, name := range measure.Parameters() {
		if op.Parameters.GetByInAndName("query", name) == nil {
			t.Errorf("the parameter %s is not described", name)
		}
	}
}

// api is the API over a world, with a check of every answer against the contract.
type api struct {
	*servicetest.World
	handler http.Handler
	router  routers.Router
	s       *accounts.Service
}

func newAPI(t *testing.T) api {
	t.Helper()
	return apiWith(t, func(w *servicetest.World, d *httpapi.Deps) {
		d.Reporting = reporting.New(reporting.Deps{DB: w.DB, Policy: w.Policy})
	})
}

// apiWith is the API over a world, with accounts and the services that with adds.
func apiWith(t *testing.T, with func(w *servicetest.World, d *httpapi.Deps)) api {
	t.Helper()
	w := servicetest.New(t)
	rules, err := user.PasswordProfile(user.ProfileMLPS)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := i18n.Load(os.DirFS("../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	acc := accounts.New(accounts.Deps{DB: w.DB, Policy: w.Policy, Passwords: rules, Clock: w.Clock, Log: w.Log,
		Hasher: seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 4)})
	d := httpapi.Deps{Policy: w.Policy, Catalogue: cat, Log: w.Log, Clock: w.Clock, Accounts: acc}
	with(w, &d)
	mux := chi.NewRouter()
	httpapi.Mount(mux, d)
	router, err := gorillamux.NewRouter(contractOf(t, mux))
	if err != nil {
		t.Fatal(err)
	}
	return api{World: w, handler: mux, router: router, s: acc}
}

// token is a token of the principal with the scopes it gets by default.
func (a api) token(who user.Principal) string {
	a.T.Helper()
	made, err := a.s.CreateTokenFor(a.T.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "test"})
	if err != nil {
		a.T.Fatal(err)
	}
	return made.Secret
}

// get asks and holds the answer against the contract.
func (a api) get(token, path string) (int, []byte) {
	a.T.Helper()
	r := httptest.NewRequest(http.MethodGet, "/api/v1"+path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	body := w.Body.Bytes()
	route, params, err := a.router.FindRoute(r)
	if err != nil {
		a.T.Fatalf("%s: %v", path, err)
	}
	in := &openapi3filter.ResponseValidationInput{Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(body)),
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true}}
	if err := openapi3filter.ValidateResponse(a.T.Context(), in); err != nil {
		a.T.Errorf("GET %s answers %s, which breaks the contract: %v", path, body, err)
	}
	return w.Code, body
}

func decode[T any](t *testing.T, raw []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}

type gotMeasure struct {
	ID          string `json:"id"`
	Value       int64  `json:"value"`
	Denominator *int64 `json:"denominator"`
	Coverage    *struct{ Known, Eligible int64 }
}

type gotCases struct {
	Measure gotMeasure `json:"measure"`
	Cases   []struct {
		CaseNo    string `json:"case_no"`
		Name      string `json:"name"`
		AmountFen *int64 `json:"amount_fen"`
	} `json:"cases"`
	Next string `json:"next"`
}

func TestMeasuresOverTheAPI(t *testing.T) {
	a := newAPI(t)
	for i := range 5 {
		a.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: a.Today().AddDays(-i), Joints: 1, State: "settled",
			Money: measure.Layers{Fund: 200_00, Net: 500_00}})
	}
	a.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Sea, On: a.Today(), Joints: 1})
	token := a.token(a.Official())
	code, raw := a.get(token, "/measures/joint.procedures")
	if v := decode[gotMeasure](t, raw); code != 200 || v.Value != 6 || *v.Denominator != 6 || v.ID != "joint.procedures" {
		t.Errorf("%d %s", code, raw)
	}
	for _, path := range []string{"/measures/all.bill_fen", "/readings/all.bill_fen"} { // one is not settled
		code, raw = a.get(token, path)
		v := decode[struct {
			gotMeasure
			Reading *gotMeasure
		}](t, raw)
		if v.Reading == nil {
			v.Reading = &v.gotMeasure
		}
		if c := v.Reading.Coverage; code != 200 || v.Reading.Value != 5*700_00 || c == nil || c.Known != 5 || c.Eligible != 6 {
			t.Errorf("%s: %d %s", path, code, raw)
		}
	}
	q := url.Values{"hospital": {a.ID(servicetest.Mountain).String()}, "from": {a.Today().AddDays(-3).String()}, "to": {a.Today().String()}, "programme": {"joint"}}
	code, raw = a.get(token, "/measures/joint.reduction_fen?"+q.Encode())
	if v := decode[gotMeasure](t, raw); code != 200 || v.Value != 4*200_00 {
		t.Errorf("%d %s", code, raw)
	}
	q.Set("size", "3")
	code, raw = a.get(token, "/measures/joint.reduction_fen/cases?"+q.Encode())
	first := decode[gotCases](t, raw)
	if code != 200 || len(first.Cases) != 3 || first.Next == "" || first.Cases[0].Name != "向**" || *first.Cases[0].AmountFen != 200_00 {
		t.Fatalf("%d %s", code, raw)
	}
	q.Set("after", first.Next)
	if _, raw = a.get(token, "/measures/joint.reduction_fen/cases?"+q.Encode()); len(decode[gotCases](t, raw).Cases) != 1 {
		t.Errorf("second page: %s", raw)
	}
	for _, id := range []string{"joint.patients", "all.procedures"} {
		if code, raw = a.get(token, "/measures/"+id+"/cases"); code != 200 || len(decode[gotCases](t, raw).Cases) != 6 {
			t.Errorf("%s: %d %s", id, code, raw)
		}
	}
	if code, raw = a.get(token, "/measures"); code != 200 || len(decode[struct{ Measures []gotMeasure }](t, raw).Measures) != len(measure.TalliedDefinitions()) {
		t.Errorf("%d %s", code, raw)
	}
}

func TestWrongParametersAreNamed(t *testing.T) {
	a := newAPI(t)
	token := a.token(a.Official())
	for path, field := range map[string]string{"/measures/joint.patients?hospitl=x": "hospitl", "/measures/joint.patients?hospital=x": "hospital",
		"/measures?from=soon": "from", "/measures?category=ZZZ": "category", "/measures/joint.patients?category=ZZZ": "category", "/readings?category=ZZZ": "category", "/measures/joint.patients?programme=cataract": "programme", "/measures/joint.patients?from=2026-01-01&from=2026-02-01": "from",
		"/measures/joint.patients/cases?size=0": "size", "/measures/joint.patients/cases?size=many": "size", "/measures/joint.patients?size=5": "size"} {
		code, raw := a.get(token, path)
		p := decode[struct {
			Fields []struct{ Path, Detail string }
		}](t, raw)
		if code != http.StatusBadRequest || len(p.Fields) != 1 || p.Fields[0].Path != field || strings.Contains(p.Fields[0].Detail, "error.") {
			t.Errorf("%s: %d %s, want 400 at %s", path, code, raw, field)
		}
	}
	for _, query := range []string{"hospital=abc;x", "programme=joint&side=donor;", "month=0000-01"} { // a broken pair is not left out
		for _, path := range []string{"/measures", "/measures/joint.patients", "/readings/joint.patients"} {
			if code, raw := a.get(token, path+"?"+query); code != http.StatusBadRequest {
				t.Errorf("%s?%s: %d %s", path, query, code, raw)
			}
		}
	}
	if code, _ := a.get(token, "/measures/joint.patients/cases?after=%7B"); code/100 != 4 {
		t.Errorf("a broken cursor answers %d", code)
	}
	if code, _ := a.get(token, "/measures/joint.eyes"); code != http.StatusNotFound {
		t.Errorf("an unknown measure answers %d", code)
	}
}

func TestWhoMayAskForMeasures(t *testing.T) {
	a := newAPI(t)
	a.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: a.Today(), Joints: 1})
	if code, _ := a.get("", "/measures/joint.patients"); code != http.StatusUnauthorized {
		t.Errorf("nobody: %d", code)
	}
	if code, _ := a.get(ident.Token(), "/measures/joint.patients"); code != http.StatusUnauthorized {
		t.Errorf("a token nobody made: %d", code)
	}
	donor := a.token(a.OfficialDonor())
	if code, raw := a.get(donor, "/measures/joint.patients"); code != 200 || !strings.Contains(string(raw), `"value":null`) || !strings.Contains(string(raw), `"hidden":true`) {
		t.Errorf("the donor side's official: %d %s", code, raw)
	}
	if code, _ := a.get(donor, "/measures/joint.patients/cases"); code != http.StatusForbidden {
		t.Errorf("the donor side's official opened a list: %d", code)
	}
	if code, raw := a.get(a.token(a.Other.Official()), "/measures/joint.patients"); code != 200 || decode[gotMeasure](t, raw).Value != 0 {
		t.Errorf("another partnership: %d %s", code, raw)
	}
	if code, raw := a.get(a.token(a.Registrar(servicetest.MountainTwo)), "/measures/joint.patients/cases"); code != 200 || len(decode[gotCases](t, raw).Cases) != 0 {
		t.Errorf("another hospital's registrar: %d %s", code, raw)
	}
	if code, _ := a.get(a.token(a.HospitalAdmin(servicetest.Mountain)), "/measures/joint.patients"); code != http.StatusForbidden {
		t.Errorf("a hospital admin: %d", code)
	}
}
