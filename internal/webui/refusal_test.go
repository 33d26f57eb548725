package webui

import (
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

func TestWhoIsTurnedAwayLeavesATraceOnce(t *testing.T) {
	s := newSite(t)
	b := s.clerk(user.Registrar, servicetest.Sea)
	hidden := s.Eligible(servicetest.Mountain).ID
	noted := func(what, route, reason string, object ident.ID) {
		t.Helper()
		n := s.Count(`select count(*) from audit_event where action = 'access.refuse' and outcome = 'refused' and detail like '%"' || $1 || '"%' and reason = $2 and object_id = $3`,
			route, reason, object)
		if n != 1 {
			t.Errorf("%s: %d events", what, n)
		}
	}
	want(t, "a page of another role", b.get("/users"), http.StatusForbidden, "")
	noted("a page of another role", "/users", "error.authz.forbidden", ident.Nil)
	want(t, "an action of another role", b.post("/funds", "_key", "k", "name", "x"), http.StatusForbidden, "")
	noted("an action of another role", "/funds", "error.authz.forbidden", ident.Nil)
	want(t, "a hidden record", b.get("/treatments/"+hidden.String()), http.StatusNotFound, "")
	noted("a hidden record", "/treatments/{id}", "error.treatment.gone", hidden)
	nowhere := ident.New()
	want(t, "no record", b.get("/treatments/"+nowhere.String()), http.StatusNotFound, "")
	noted("no record", "/treatments/{id}", "error.treatment.gone", nowhere)

	before := s.Count(`select count(*) from audit_event where outcome = 'refused'`)
	want(t, "an announced action", b.post("/account/tokens/"+nowhere.String()+"/revoke", "_key", "t"), http.StatusNotFound, "")
	want(t, "no address", b.get("/nowhere"), http.StatusNotFound, "")
	want(t, "wrong input", b.post("/patients/register", "_key", "w"), http.StatusUnprocessableEntity, "")
	if n := s.Count(`select count(*) from audit_event where outcome = 'refused'`) - before; n != 1 {
		t.Errorf("an announced refusal, an unknown address and wrong input left %d events, want the first alone", n)
	}
}
