package httpapi_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/inbox"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// newMessageAPI is the API with the service of the own desk.
func newMessageAPI(t *testing.T) api {
	t.Helper()
	return apiWith(t, func(w *servicetest.World, d *httpapi.Deps) {
		d.Inbox = inbox.New(inbox.Deps{DB: w.DB, Policy: w.Policy})
	})
}

func TestOwnMessagesAreListedAndMarkedThroughTheAPI(t *testing.T) {
	a := newMessageAPI(t)
	finance, registrar := a.Finance(servicetest.Mountain), a.Registrar(servicetest.Mountain)
	token := func(who user.Principal) string {
		made, err := a.s.CreateTokenFor(t.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "desk", Scopes: []authz.Permission{authz.SelfRead}})
		if err != nil {
			t.Fatal(err)
		}
		return made.Secret
	}
	about := ident.New()
	a.Do(a.Approver(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.Tell(message.Message{To: finance.AccountID, Kind: message.ApprovalReturned, Object: message.Approval, About: about, CaseNo: "SH-2026-1", Note: "低保证已过期"})
	})
	type list struct {
		Rows []struct {
			ID, Kind, Path, Note string
			Bad, Unread          bool
		}
		Unread int
	}
	mine, theirs := token(finance), token(registrar)
	read := func(token, path string, into any) int {
		code, raw := a.get(token, path)
		if into != nil {
			if err := json.Unmarshal(raw, into); err != nil {
				t.Fatalf("%s: %v", raw, err)
			}
		}
		return code
	}
	var got, other list
	if code := read(mine, "/messages?list=unread", &got); code != http.StatusOK || got.Unread != 1 || len(got.Rows) != 1 {
		t.Fatalf("%d %+v", code, got)
	}
	if m := got.Rows[0]; m.Kind != string(message.ApprovalReturned) || m.Path != "/approvals/"+about.String() || m.Note != "低保证已过期" || !m.Bad || !m.Unread {
		t.Errorf("%+v", m)
	}
	if code := read(theirs, "/messages", &other); code != http.StatusOK || len(other.Rows) != 0 {
		t.Errorf("somebody else reads it: %d %+v", code, other)
	}
	if code := read(mine, "/messages?list=all", nil); code != http.StatusUnprocessableEntity {
		t.Errorf("an unknown list: %d", code)
	}
	ids := map[string]any{"ids": []string{got.Rows[0].ID}}
	var done struct{ Changed int }
	if code := a.post(theirs, "/messages/read", "1", ids, &done); code != http.StatusOK || done.Changed != 0 {
		t.Errorf("somebody else marks it: %d %+v", code, done)
	}
	if code := a.post(mine, "/messages/read", "1", ids, &done); code != http.StatusOK || done.Changed != 1 {
		t.Errorf("marking: %d %+v", code, done)
	}
	if code := a.post(mine, "/messages/read", "2", ids, &done); code != http.StatusOK || done.Changed != 0 {
		t.Errorf("marking again: %d %+v", code, done)
	}
	if code := read(mine, "/messages?list=unread", &got); code != http.StatusOK || got.Unread != 0 || len(got.Rows) != 0 {
		t.Errorf("after it: %d %+v", code, got)
	}
	ids["unread"] = true
	if code := a.post(mine, "/messages/read", "3", ids, &done); code != http.StatusOK || done.Changed != 1 {
		t.Errorf("unread again: %d %+v", code, done)
	}
	if code := a.post(mine, "/messages/read", "4", map[string]any{"ids": []string{}}, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("nothing to mark: %d", code)
	}
}
