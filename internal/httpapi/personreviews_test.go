package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// newReviewAPI is the API with the service that decides who is who.
func newReviewAPI(t *testing.T) api {
	t.Helper()
	return apiWith(t, func(w *servicetest.World, d *httpapi.Deps) {
		blobs, err := blob.Open(t.TempDir(), w.Keys)
		if err != nil {
			t.Fatal(err)
		}
		d.Intake = intake.New(intake.Deps{DB: w.DB, Policy: w.Policy, Blobs: blobs, LookupCap: 50})
	})
}

// office is a token for judging who is who, with all else the person may read.
func (a api) office(who user.Principal) string {
	a.T.Helper()
	made, err := a.s.CreateTokenFor(a.T.Context(), authz.System("test"), who.AccountID, who.PartnershipID,
		accounts.NewToken{Name: "office", Scopes: []authz.Permission{authz.PersonRead, authz.PersonIdentity}})
	if err != nil {
		a.T.Fatal(err)
	}
	return made.Secret
}

type reviewAnswer struct {
	ID      string
	State   string
	Version int
	Person  struct{ ID, Name string }
	Other   *struct{ ID string }
	Held    []struct{ What, No string }
	Open    []string `json:"open_twice"`
	Rows    []struct{ ID, State string }
	Fields  []struct{ Path string }
}

func TestTwoRecordsAreMergedAndTakenApartThroughTheAPI(t *testing.T) {
	a := newReviewAPI(t)
	one, two := a.Case(servicetest.Mountain, procedure.Joint, "向云禾"), a.Case(servicetest.Sea, procedure.Joint, "向云禾")
	token := a.office(a.Approver())
	var asked, seen, done reviewAnswer
	ask := map[string]any{"person_id": one.Person, "other": two.No, "reason": "同名同生日"}
	if code := a.post(token, "/person-reviews", "ask", ask, &asked); code != http.StatusCreated || asked.ID == "" {
		t.Fatalf("%d %+v", code, asked)
	}
	var again reviewAnswer
	if code := a.post(token, "/person-reviews", "ask", ask, &again); code != http.StatusCreated || again.ID != asked.ID || a.Count(`select count(*) from review_item`) != 1 {
		t.Errorf("asked again under the same key: %d %+v", code, again)
	}
	path := "/person-reviews/" + asked.ID
	if code, raw := a.get(token, path); code != http.StatusOK || json.Unmarshal(raw, &seen) != nil || seen.Other == nil || seen.Other.ID != two.Person.String() || len(seen.Held) == 0 || len(seen.Open) != 1 {
		t.Fatalf("side by side: %d %+v", code, seen)
	}
	if code, raw := a.get(token, "/person-reviews?state=open"); code != http.StatusOK || json.Unmarshal(raw, &done) != nil || len(done.Rows) != 1 || done.Rows[0].ID != asked.ID {
		t.Errorf("the queue: %d %s", code, raw)
	}
	body := func(version int, reason string) map[string]any {
		return map[string]any{"version": version, "reason": reason}
	}
	var wrong reviewAnswer
	if code := a.post(token, path+"/merge", "m0", body(seen.Version, ""), &wrong); code != http.StatusUnprocessableEntity || len(wrong.Fields) != 1 || wrong.Fields[0].Path != "reason" {
		t.Errorf("without a reason: %d %+v", code, wrong)
	}
	if code := a.post(token, path+"/merge", "m1", map[string]any{"reason": "核对证件"}, nil); code < 400 || a.Count(`select count(*) from person where root_id is not null`) != 0 {
		t.Errorf("without a version: %d", code)
	}
	for range 2 { // the second time is the same request again
		if code := a.post(token, path+"/merge", "m2", body(seen.Version, "核对证件"), &done); code != http.StatusOK || done.State != "merged" || done.Version != seen.Version+1 {
			t.Fatalf("merged: %d %+v", code, done)
		}
	}
	if n := a.Count(`select count(*) from person where id = $1 and root_id = $2`, one.Person, two.Person); n != 1 {
		t.Error("the record does not count as the other one")
	}
	if code := a.post(token, path+"/unmerge", "u1", body(seen.Version, "合并错了"), nil); code != http.StatusConflict && code != http.StatusPreconditionFailed {
		t.Errorf("under the old version: %d", code)
	}
	if code := a.post(token, path+"/unmerge", "u2", body(done.Version, "合并错了"), &done); code != http.StatusOK || done.State != "open" || a.Count(`select count(*) from person where root_id is not null`) != 0 {
		t.Errorf("taken apart: %d %+v", code, done)
	}
	if code := a.post(token, path+"/distinct", "d1", body(done.Version, "两个人"), &done); code != http.StatusOK || done.State != "distinct" {
		t.Errorf("judged distinct: %d %+v", code, done)
	}
	if n := a.Count(`select count(*) from audit_event where action in ('person.merge', 'person.unmerge') and reason in ('核对证件', '合并错了')`); n != 2 {
		t.Errorf("%d audited decisions", n)
	}
}

func TestOnlyTheOfficeJudgesWhoIsWho(t *testing.T) {
	a := newReviewAPI(t)
	token := a.token(a.Registrar(servicetest.Mountain))
	r := httptest.NewRequest(http.MethodGet, "/api/v1/person-reviews/"+ident.New().String(), nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("a registrar reads the queue: %d", w.Code)
	}
	if code := a.post(token, "/person-reviews/"+ident.New().String()+"/merge", "k", map[string]any{"version": 1, "reason": "x"}, nil); code != http.StatusForbidden {
		t.Errorf("a registrar merges: %d", code)
	}
}
