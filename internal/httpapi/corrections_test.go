package httpapi_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
)

// A death takes a person off the lists at once, and its undoing brings the
// person back; a case in the wrong programme is put right; who has not the
// permission is refused.
func TestMistakesAreCorrectedOverTheAPI(t *testing.T) {
	a := newCareAPI(t)
	clerk := a.worker(a.Registrar(servicetest.Mountain))
	c := a.Case(servicetest.Mountain, procedure.Joint, "向归晚")
	person := c.Person.String()
	var death struct {
		ID, State string
		Version   int64
		Fields    []struct{ Path string }
	}
	report := map[string]any{"died_on": a.Today().AddDays(1), "source": "family"}
	if code := a.post(clerk, "/persons/"+person+"/death", "d-0", report, &death); code != http.StatusUnprocessableEntity || len(death.Fields) != 1 || death.Fields[0].Path != "died_on" {
		t.Errorf("a death to come: %d %+v", code, death)
	}
	report["died_on"] = a.Today()
	if code := a.post(clerk, "/persons/"+person+"/death", "d-1", report, &death); code != http.StatusCreated || death.State != "confirmed" {
		t.Fatalf("a death: %d %+v", code, death)
	}
	if code := a.post(clerk, "/persons/"+person+"/death", "d-2", report, nil); code != http.StatusConflict {
		t.Errorf("a second report: %d", code)
	}
	if _, raw := a.get(clerk, "/deaths?state=confirmed"); !bytes.Contains(raw, []byte(person)) {
		t.Errorf("the list: %s", raw)
	}
	undo := "/deaths/" + death.ID + "/undoing"
	if code := a.post(clerk, undo, "d-3", map[string]any{"version": death.Version}, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("undone without a reason: %d", code)
	}
	if code := a.post(clerk, undo, "d-4", map[string]any{"version": death.Version, "reason": "同名误报"}, nil); code != http.StatusOK {
		t.Errorf("undone: %d", code)
	}
	_, raw := a.get(clerk, "/cases/"+c.ID.String())
	version := decode[careAnswer](t, raw).Version
	at := "/cases/" + c.ID.String()
	fix := map[string]any{"version": version, "programme": "cataract", "reason": "登错项目"}
	if code := a.post(clerk, at+"/programme", "p-1", fix, nil); code != http.StatusOK {
		t.Errorf("the right programme: %d", code)
	}
	if code := a.post(clerk, at+"/programme", "p-2", fix, nil); code/100 != 4 {
		t.Errorf("twice on an old picture: %d", code)
	}
	if code := a.post(clerk, at+"/move", "m-1", map[string]any{"version": version, "other": "SH-2026-99999", "reason": "登错人"}, nil); code != http.StatusForbidden {
		t.Errorf("a clerk moves a case: %d", code)
	}
}
