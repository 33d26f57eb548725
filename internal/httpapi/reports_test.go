package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

func TestReportsAndDownloadsOverTheAPI(t *testing.T) {
	a := newAPI(t)
	a.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: a.Today(), Joints: 1})
	who := a.Official()
	made, err := a.s.CreateTokenFor(t.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "office",
		Scopes: []user.Permission{authz.MeasureRead, authz.ListRead, authz.ExportMake, authz.ReportRead, authz.ReportMake}})
	if err != nil {
		t.Fatal(err)
	}
	var asked struct {
		ID ident.ID `json:"id"`
	}
	ask := map[string]any{"kind": "month", "day": a.Today().String(), "profile": "restricted"}
	if code := a.post(made.Secret, "/reports", "report-1", ask, &asked); code != http.StatusAccepted {
		t.Fatalf("a report was asked for: %d", code)
	}
	first := asked.ID
	if code := a.post(made.Secret, "/reports", "report-1", ask, &asked); code != http.StatusAccepted || asked.ID != first {
		t.Errorf("the same request made another report: %d", code)
	}
	if code := a.post(made.Secret, "/downloads?programme=joint", "download-1", map[string]any{"measure": "joint.patients", "format": "csv"}, &asked); code != http.StatusAccepted {
		t.Fatalf("a file was asked for: %d", code)
	}
	if code := a.post(made.Secret, "/downloads/"+asked.ID.String()+"/cancel", "cancel-1", map[string]any{}, &asked); code != http.StatusOK {
		t.Errorf("cancelled: %d", code)
	}
	for path, want := range map[string]string{"/reports": `"state":"waiting"`, "/downloads": `"state":"cancelled"`} {
		if code, raw := a.get(made.Secret, path); code != http.StatusOK || !strings.Contains(string(raw), want) {
			t.Errorf("%s: %d %s", path, code, raw)
		}
	}
}
