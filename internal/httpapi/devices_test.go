package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

type partSheet struct {
	Version  int64 `json:"procedure_version"`
	Explants []struct{ ID, Role string }
	Fields   []struct{ Path string }
}

// What was taken out is noted and taken back on the record as it is.
func TestExplantsOverTheAPIAreNotedOnTheRecordAsItIs(t *testing.T) {
	a := newCareAPI(t)
	doctor := a.Doctor(servicetest.Mountain)
	tr := a.Treatment(servicetest.Mountain, procedure.Joint, "向云禾", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	s := care.New(care.Deps{DB: a.DB, Policy: a.Policy, Clock: a.Clock})
	o, err := s.LogOperation(t.Context(), doctor, care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, a.Today()), Confirmed: true}, store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	token, at := a.worker(doctor), "/procedures/"+o.ID.String()
	sheet := func() partSheet {
		t.Helper()
		code, raw := a.get(token, at+"/parts")
		if code != http.StatusOK {
			t.Fatalf("%d %s", code, raw)
		}
		return decode[partSheet](t, raw)
	}
	var got partSheet
	body := map[string]any{"procedure_version": 0, "role": "INSERT"}
	if code := a.post(token, at+"/explants", "x-0", body, &got); code != http.StatusUnprocessableEntity || len(got.Fields) != 1 || got.Fields[0].Path != "procedure_version" {
		t.Errorf("without a version: %d %+v", code, got)
	}
	body["procedure_version"] = sheet().Version
	for range 2 { // the repeated request is the same entry
		if code := a.post(token, at+"/explants", "x-1", body, &got); code != http.StatusCreated || len(got.Explants) != 1 || got.Explants[0].Role != "INSERT" {
			t.Fatalf("noting: %d %+v", code, got)
		}
	}
	if code := a.post(token, at+"/explants", "x-2", body, nil); code != http.StatusPreconditionFailed {
		t.Errorf("on an old picture: %d", code)
	}
	now := sheet()
	if len(now.Explants) != 1 {
		t.Errorf("what was refused left a line: %+v", now)
	}
	back := at + "/explants/" + now.Explants[0].ID + "/removal"
	if code := a.post(token, back, "x-3", map[string]any{"procedure_version": body["procedure_version"]}, nil); code != http.StatusPreconditionFailed {
		t.Errorf("taking back on an old picture: %d", code)
	}
	if code := a.post(token, back, "x-4", map[string]any{"procedure_version": now.Version}, &got); code != http.StatusOK || len(got.Explants) != 0 {
		t.Errorf("taking back: %d %+v", code, got)
	}
}
