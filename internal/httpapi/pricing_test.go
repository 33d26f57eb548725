package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// rules is a token for everything about rules and estimates the person may do.
func (a api) rules(who user.Principal) string {
	a.T.Helper()
	var scopes []authz.Permission
	for _, perm := range []authz.Permission{authz.RuleRead, authz.RuleEdit, authz.RuleRelease, authz.EstimateRead, authz.EstimateMake, authz.PersonRead} {
		if a.Policy.Can(who, perm, authz.Anywhere(who.PartnershipID)) {
			scopes = append(scopes, perm)
		}
	}
	made, err := a.s.CreateTokenFor(a.T.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "rules", Scopes: scopes})
	if err != nil {
		a.T.Fatal(err)
	}
	return made.Secret
}

type ruleAnswer struct {
	ID       ident.ID       `json:"id"`
	No       int            `json:"no"`
	Version  int64          `json:"version"`
	State    string         `json:"state"`
	Rules    map[string]any `json:"rules"`
	Category string         `json:"category"`
	Replayed bool           `json:"replayed"`
	Sum      struct {
		Net int64 `json:"net_fen"`
	} `json:"sum"`
	Alternatives []struct {
		Name string `json:"name"`
	} `json:"alternatives"`
	Rows []struct {
		ID     ident.ID `json:"id"`
		Amount int64    `json:"amount_fen"`
	} `json:"rows"`
}

func TestRulesAndEstimatesThroughTheAPI(t *testing.T) {
	a := newMoneyAPI(t)
	writer, second, clerk := a.rules(a.Approver()), a.rules(a.SecondApprover()), a.rules(a.Registrar(servicetest.Mountain))
	must := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Fatalf("%s answers %d, want %d", what, got, want)
		}
	}
	head := map[string]any{"name": "示例", "from": "2026-01-01", "region": map[string]any{"code": "990101", "zh": "示例", "en": "Sample"}}
	must("a clerk's draft", a.post(clerk, "/policies", "a", head, nil), http.StatusForbidden)
	var v ruleAnswer
	must("a draft", a.post(writer, "/policies", "b", head, &v), http.StatusCreated)
	path := "/policies/" + v.ID.String()
	v.Rules["basic"] = []any{}
	broken := map[string]any{"version": v.Version, "rules": map[string]any{"categories": []any{}}}
	must("rules without a category for nobody", a.post(writer, path, "c", broken, nil), http.StatusUnprocessableEntity)
	must("rules", a.post(writer, path, "d", map[string]any{"version": v.Version, "rules": v.Rules}, &v), http.StatusOK)
	must("the author's release", a.post(writer, path+"/release", "e", map[string]any{"version": v.Version}, nil), http.StatusConflict)
	must("a release", a.post(second, path+"/release", "f", map[string]any{"version": v.Version}, &v), http.StatusOK)
	if v.State != "released" {
		t.Errorf("%+v", v)
	}
	must("a change after it", a.post(writer, path, "g", map[string]any{"version": v.Version, "rules": v.Rules}, nil), http.StatusConflict)
	tr := a.Eligible(servicetest.Mountain)
	ask := map[string]any{"case": map[string]any{"kind": "TKA", "level": "2", "insurance": "resident", "referred": true, "items": []any{map[string]any{"class": "service", "amount_fen": 3_000_000}}}}
	at := "/treatments/" + tr.ID.String()
	var e ruleAnswer
	must("a trial", a.post(clerk, at+"/estimates/trial", "h", ask, &e), http.StatusOK)
	if e.Category != "DB" || len(e.Alternatives) != 4 {
		t.Errorf("%+v", e)
	}
	must("an opening balance", a.post(clerk, at+"/year", "i", map[string]any{"kind": "basic", "paid_fen": 100, "on": "2026-02-01", "source": "结算单"}, nil), http.StatusOK)
	must("one of tomorrow", a.post(clerk, at+"/year", "j", map[string]any{"kind": "basic", "on": "2026-12-24", "source": "x"}, nil), http.StatusUnprocessableEntity)
	must("an estimate", a.post(clerk, at+"/estimates", "k", ask, &e), http.StatusCreated)
	var again ruleAnswer
	must("the same", a.post(clerk, at+"/estimates", "k", ask, &again), http.StatusCreated)
	if again.ID != e.ID {
		t.Error("kept twice")
	}
	status, raw := a.get(clerk, "/estimates/"+e.ID.String())
	if got := decode[ruleAnswer](t, raw); status != http.StatusOK || !got.Replayed || got.Sum.Net != e.Sum.Net {
		t.Errorf("%d %s", status, raw)
	}
	for _, get := range []string{"/policies", path, at + "/estimates"} {
		if status, raw := a.get(clerk, get); status != http.StatusOK {
			t.Errorf("%s: %d %s", get, status, raw)
		}
	}
	if status, raw := a.get(writer, path+"/rehearsal?from=2026-01-01&to=2026-12-31"); status != http.StatusOK {
		t.Errorf("%d %s", status, raw)
	}
	if status, _ := a.get(a.rules(a.Registrar(servicetest.MountainTwo)), "/estimates/"+e.ID.String()); status != http.StatusNotFound {
		t.Errorf("another hospital reads it: %d", status)
	}
}
