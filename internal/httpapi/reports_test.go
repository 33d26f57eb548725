package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/measure"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

func TestReportsAndDownloadsOverTheAPI(t *testing.T) {
	a := newAPI(t)
	a.Treat(servicetest.Treated{Programme: measure.Joint, At: servicetest.Mountain, On: a.Today(), Joints: 1})
	token := a.token(a.Official())
	if code, raw := a.get(token, "/reports"); code != http.StatusOK {
		t.Errorf("reports: %d %s", code, raw)
	}
	if code, raw := a.get(token, "/downloads"); code != http.StatusOK {
		t.Errorf("downloads: %d %s", code, raw)
	}
}
