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
		Intake: intake.New(intake.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs, LookupCap: 50})})
	return &intakeAPI{w, t, mux, acc}
}

// as makes a token of somebody for reading and registering.
func (a *intakeAPI) as(who user.Principal) string {
	a.t.Helper()
	made, err := a.accounts.CreateTokenFor(a.t.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "client",
		Scopes: []authz.Permission{authz.PersonRead, authz.PersonRegister, authz.CaseOpen, authz.PersonLookup}})
	if err != nil {
		a.t.Fatal(err)
	}
	return made.Secret
}

// write registers with an idempotency key.
func (a *intakeAPI) write(token, key, body string, dst any) int {
	a.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/registrations", strings.NewReader(body))
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
