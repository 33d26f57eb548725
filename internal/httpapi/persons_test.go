package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/i18n"
	"github.com/shanhai-health/shanhai/internal/seal"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/screening"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// intakeAPI is the API over a world with people and registrations.
type intakeAPI struct {
	*servicetest.World
	t        *testing.T
	mux      http.Handler
	accounts *accounts.Service
}

func newIntakeAPI(t *testing.T) *intakeAPI {
	t.Helper()
	w := servicetest.New(t)
	blobs, err := blob.Open(t.TempDir(), w.Keys)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := i18n.Load(os.DirFS("../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	acc := accounts.New(accounts.Deps{DB: w.DB, Policy: w.Policy, Hasher: seal.NewHasher(seal.HashParams{MemoryKiB: 64, Passes: 1, Lanes: 1}, 1), Clock: w.Clock, Log: w.Log})
	mux := chi.NewRouter()
	Mount(mux, Deps{Policy: w.Policy, Catalogue: cat, Log: w.Log, Accounts: acc,
		Intake: intake.New(intake.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs, LookupCap: 50}), Screenings: screening.New(screening.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs})})
	return &intakeAPI{w, t, mux, acc}
}

// as makes a token of somebody for reading and registering.
func (a *intakeAPI) as(who user.Principal) string {
	a.t.Helper()
	made, err := a.accounts.CreateTokenFor(a.t.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "client",
		Scopes: []authz.Permission{authz.PersonRead, authz.PersonRegister, authz.CaseOpen, authz.PersonLookup, authz.EligibilityEdit, authz.AttachmentAdd, authz.ScreeningRecord, authz.ScreeningRead}})
	if err != nil {
		a.t.Fatal(err)
	}
	return made.Secret
}

// write registers with an idempotency key.
func (a *intakeAPI) write(token, key, body string, dst any) int {
	a.t.Helper()
	return a.writeTo("/registrations", token, key, body, dst)
}

func (a *intakeAPI) writeTo(path, token, key, body string, dst any) int {
	a.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1"+path, strings.NewReader(body))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return a.do(token, r, dst)
}

func (a *intakeAPI) read(token, path string, dst any) int {
	a.t.Helper()
	return a.do(token, httptest.NewRequest(http.MethodGet, "/api/v1"+path, nil), dst)
}

// do sends a request and decodes the answer into dst.
func (a *intakeAPI) do(token string, r *http.Request, dst any) int {
	a.t.Helper()
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.mux.ServeHTTP(w, r)
	if dst != nil {
		if err := json.Unmarshal(w.Body.Bytes(), dst); err != nil {
			a.t.Fatalf("%s: %v in %s", r.URL, err, w.Body)
		}
	}
	return w.Code
}

type problem struct {
	Title  string
	Fields []struct{ Path, Message string }
}

func (a *intakeAPI) body(at servicetest.Place, extra string) string {
	return `{"hospital_id":"` + a.ID(at).String() + `","document_kind":"citizen","document_number":"` + servicetest.CitizenNumber("580407", 22) +
		`","name":"向云禾","legal_basis":"statutory","phone":"19900000022","programme":"joint"` + extra + `}`
}

func TestRegisteringThroughTheAPI(t *testing.T) {
	a := newIntakeAPI(t)
	token := a.as(a.Registrar(servicetest.Mountain))
	var made, again registrationMade
	if code := a.write(token, "k1", a.body(servicetest.Mountain, ""), &made); code != http.StatusCreated || made.CaseNo == "" || !made.Verified {
		t.Fatalf("%d %+v", code, made)
	}
	if code := a.write(token, "k1", a.body(servicetest.Mountain, ""), &again); code != http.StatusCreated || again.RegistrationID != made.RegistrationID {
		t.Errorf("the same key again: %d %+v", code, again)
	}
	if code := a.write(token, "", a.body(servicetest.Mountain, ""), nil); code < 400 {
		t.Errorf("without a key: %d", code)
	}
	if code := a.write(token, "k2", a.body(servicetest.Mountain, `,"naem":"x"`), nil); code != http.StatusBadRequest {
		t.Errorf("an unknown field: %d", code)
	}
	var p problem
	if code := a.write(token, "k4", `{"hospital_id":"`+a.ID(servicetest.Mountain).String()+`","document_kind":"card","name":"向云禾","legal_basis":"statutory"}`, &p); code != http.StatusUnprocessableEntity ||
		len(p.Fields) == 0 || p.Fields[0].Path != "document_kind" {
		t.Errorf("an unknown kind of document: %d %+v", code, p)
	}
	p = problem{}
	if code := a.write(token, "k3", a.body(servicetest.Mountain, ""), &p); code != http.StatusUnprocessableEntity || len(p.Fields) != 1 || p.Fields[0].Path != "not_same" {
		t.Errorf("a duplicate: %d %+v", code, p)
	}
	var person personBody
	if code := a.read(token, "/persons/"+made.PersonID.String(), &person); code != http.StatusOK || person.Name != "向云禾" || len(person.Documents) != 1 || len(person.Documents[0].Tail) != 4 {
		t.Errorf("%d %+v", code, person)
	}
	var hits personHits
	if code := a.read(token, "/persons?q=xyh", &hits); code != http.StatusOK || len(hits.Rows) != 1 || hits.Rows[0].PhoneTail != "0022" {
		t.Errorf("%d %+v", code, hits)
	}
	var list registrationList
	if code := a.read(token, "/registrations?size=1", &list); code != http.StatusOK || len(list.Rows) != 1 || list.Next != "" {
		t.Errorf("%d %+v", code, list)
	}
}

func TestTheAPIHidesAndGuardsLikeThePages(t *testing.T) {
	a := newIntakeAPI(t)
	var made registrationMade
	if code := a.write(a.as(a.Registrar(servicetest.Mountain)), "k", a.body(servicetest.Mountain, ""), &made); code != http.StatusCreated {
		t.Fatal(code)
	}
	other := a.as(a.Registrar(servicetest.Sea))
	var raw json.RawMessage
	if code := a.read(other, "/persons/"+made.PersonID.String(), &raw); code != http.StatusNotFound {
		t.Errorf("another hospital's person: %d %s", code, raw)
	}
	var hits personHits
	if code := a.read(other, "/persons?q=xyh", &hits); code != http.StatusOK || len(hits.Rows) != 0 {
		t.Errorf("%d %+v", code, hits)
	}
	if code := a.write(other, "k2", a.body(servicetest.Mountain, ""), nil); code != http.StatusForbidden {
		t.Errorf("registering for another hospital: %d", code)
	}
	var p problem
	if code := a.write(other, "k3", a.body(servicetest.Sea, ""), &p); code != http.StatusUnprocessableEntity || p.Fields[0].Path != "known" {
		t.Errorf("known elsewhere: %d %+v", code, p)
	}
	if code := a.read(other, "/persons/not-an-id", nil); code != http.StatusNotFound {
		t.Errorf("a malformed id: %d", code)
	}
	if code := a.read("nonsense", "/registrations", nil); code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", code)
	}
}

// TestProofsThroughTheAPI: a category comes with its proof, a paper goes to the
// record that still needs one, and what is no picture is refused at its field.
func TestProofsThroughTheAPI(t *testing.T) {
	a := newIntakeAPI(t)
	token := a.as(a.Registrar(servicetest.Mountain))
	var made registrationMade
	if code := a.write(token, "k1", a.body(servicetest.Mountain, ""), &made); code != http.StatusCreated {
		t.Fatal(code)
	}
	person := "/persons/" + made.PersonID.String()
	const picture, script = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==", "PHNjcmlwdD4="
	category := func(key, content string) int {
		return a.writeTo(person+"/categories", token, key, `{"category":"DB","from":"2026-01-01","source":"县民政局","evidence":"低保证","proof":{"content":"`+content+`"}}`, nil)
	}
	if code := category("c0", script); code != http.StatusUnprocessableEntity {
		t.Errorf("a page as a proof: %d", code)
	}
	if code := category("c1", picture); code != http.StatusCreated {
		t.Errorf("a category with its proof: %d", code)
	}
	if code := a.writeTo(person+"/attachments", token, "f1", `{"kind":"consent","name":"同意书.png","content":"`+picture+`"}`, nil); code != http.StatusCreated {
		t.Errorf("a consent: %d", code)
	}
	var seen personBody
	if code := a.read(token, person, &seen); code != http.StatusOK || len(seen.Categories) != 1 || seen.Categories[0].Category != "DB" {
		t.Errorf("%d %+v", code, seen.Categories)
	}
	if n := a.Count(`select count(*) from attachment where owner_kind in ('beneficiary', 'registration')`); n != 2 {
		t.Errorf("%d papers", n)
	}
	stranger := a.as(a.Registrar(servicetest.MountainTwo))
	if code := a.writeTo(person+"/categories", stranger, "x1", `{"category":"DB","from":"2026-01-01"}`, nil); code != http.StatusNotFound {
		t.Errorf("another hospital's category: %d", code)
	}
	if code := a.writeTo(person+"/attachments", stranger, "x2", `{"kind":"consent","content":"`+picture+`"}`, nil); code != http.StatusNotFound {
		t.Errorf("another hospital's paper: %d", code)
	}
}
