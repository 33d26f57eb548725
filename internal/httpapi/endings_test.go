package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

type counted struct {
	Kind  string
	Count int
}

type endAnswer struct {
	ID, Stage, State, Rule string
	Version                int
	Pending, Moves, Stays  []counted
	Cases                  []struct{ Home string }
	Rows                   []struct{ ID, State string }
	MayConfirm             bool   `json:"may_confirm"`
	DoneOn                 string `json:"done_on"`
	Fields                 []struct{ Path string }
}

// closer is a token of the office for the end of things.
func (a api) closer(who user.Principal) string {
	a.T.Helper()
	made, err := a.s.CreateTokenFor(a.T.Context(), authz.System("test"), who.AccountID, who.PartnershipID,
		accounts.NewToken{Name: "end", Scopes: []authz.Permission{authz.PartnershipClose, authz.HospitalMerge}})
	if err != nil {
		a.T.Fatal(err)
	}
	return made.Secret
}

func newEndingAPI(t *testing.T) api {
	return apiWith(t, func(w *servicetest.World, d *httpapi.Deps) {
		d.Directory = directory.New(directory.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock, Log: w.Log})
	})
}

func (a api) end(want int, token, key, path string, body any) (out endAnswer) {
	a.T.Helper()
	if body == nil {
		status, raw := a.get(token, path)
		if status != want {
			a.T.Fatalf("%s: %d %s", path, status, raw)
		}
		if err := json.Unmarshal(raw, &out); err != nil {
			a.T.Fatal(err)
		}
		return out
	}
	if status := a.post(token, path, key, body, &out); status != want {
		a.T.Fatalf("%s: %d %+v", path, status, out)
	}
	return out
}

func TestAPartnershipEndsOverTheAPIByTheSameRules(t *testing.T) {
	a := newEndingAPI(t)
	a.Case(servicetest.Mountain, procedure.Cataract, "向晚舟")
	first, second := a.closer(a.Approver()), a.closer(a.SecondApprover())
	if got := a.end(http.StatusUnprocessableEntity, first, "1", "/partnership-ending", map[string]any{"step": "ask", "reason": "到", "version": 1}); len(got.Fields) != 1 || got.Fields[0].Path != "reason" {
		t.Errorf("%+v", got)
	}
	a.end(http.StatusOK, first, "2", "/partnership-ending", map[string]any{"step": "ask", "reason": "协作协议期满", "version": 1})
	seen := a.end(http.StatusOK, second, "", "/partnership-ending", nil)
	if seen.Stage != "closing" || !seen.MayConfirm || len(seen.Pending) != 0 || len(seen.Cases) != 1 || seen.Version != 2 {
		t.Fatalf("%+v", seen)
	}
	confirm := map[string]any{"step": "confirm", "version": 2}
	if got := a.end(http.StatusConflict, first, "3", "/partnership-ending", confirm); got.Rule != "partnership.two_persons" {
		t.Errorf("alone: %+v", got)
	}
	a.end(http.StatusOK, second, "4", "/partnership-ending", confirm)
	a.end(http.StatusOK, second, "4", "/partnership-ending", confirm) // the same request again
	if got := a.end(http.StatusOK, first, "", "/partnership-ending", nil); got.Stage != "closed" || len(got.Cases) != 0 {
		t.Errorf("%+v", got)
	}
	if got := a.end(http.StatusConflict, first, "5", "/partnership-ending", map[string]any{"step": "archive", "version": 3}); got.Rule != "partnership.archive" {
		t.Errorf("archived at once: %+v", got)
	}
	if status, _ := a.get(a.worker(a.Registrar(servicetest.Mountain)), "/partnership-ending"); status != http.StatusForbidden {
		t.Errorf("a registrar: %d", status)
	}
}

func TestTwoHospitalsBecomeOneOverTheAPI(t *testing.T) {
	a := newEndingAPI(t)
	a.Case(servicetest.MountainTwo, procedure.Cataract, "向晚舟")
	first, second := a.closer(a.Approver()), a.closer(a.SecondApprover())
	ask := map[string]any{"from_id": a.ID(servicetest.MountainTwo), "into_id": a.ID(servicetest.Sea), "on": a.Today().String(), "reason": "县卫健委批复"}
	if got := a.end(http.StatusUnprocessableEntity, first, "1", "/hospital-merges", ask); len(got.Fields) != 1 || got.Fields[0].Path != "into_id" {
		t.Errorf("the other side: %+v", got)
	}
	ask["into_id"] = a.ID(servicetest.Mountain)
	id := a.end(http.StatusCreated, first, "2", "/hospital-merges", ask).ID
	path := "/hospital-merges/" + id
	seen := a.end(http.StatusOK, second, "", path, nil)
	if !seen.MayConfirm || seen.State != "asked" || len(seen.Moves) < 2 || seen.Moves[0] != (counted{"cases", 1}) {
		t.Fatalf("%+v", seen)
	}
	confirm := map[string]any{"step": "confirm", "version": seen.Version}
	if got := a.end(http.StatusConflict, first, "3", path, confirm); got.Rule != "union.two_persons" {
		t.Errorf("alone: %+v", got)
	}
	a.end(http.StatusOK, second, "4", path, confirm)
	if got := a.end(http.StatusOK, first, "", path, nil); got.State != "done" || got.DoneOn != a.Today().String() {
		t.Errorf("%+v", got)
	}
	if got := a.end(http.StatusOK, first, "", "/hospital-merges", nil); len(got.Rows) != 1 || got.Rows[0].State != "done" {
		t.Errorf("%+v", got)
	}
	if status := a.post(a.worker(a.Registrar(servicetest.Mountain)), path, "5", confirm, nil); status != http.StatusForbidden {
		t.Errorf("a registrar: %d", status)
	}
}
