package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	"github.com/shanhai-health/shanhai/internal/service/implant"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/service/treatment"
)

// newCareAPI is the API over a world with the services of care.
func newCareAPI(t *testing.T) api {
	t.Helper()
	return apiWith(t, func(w *servicetest.World, d *httpapi.Deps) {
		d.Care = treatment.New(treatment.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock})
		d.Aftercare = aftercare.New(aftercare.Deps{DB: w.DB, Policy: w.Policy})
		d.Implants = implant.New(implant.Deps{DB: w.DB, Policy: w.Policy})
	})
}

// worker is a token for reading and writing care.
func (a api) worker(who user.Principal) string {
	a.T.Helper()
	var scopes []authz.Permission
	for _, perm := range []authz.Permission{authz.PersonRead, authz.CaseRead, authz.CaseOpen, authz.CaseClose, authz.TreatmentRead, authz.TreatmentOpen,
		authz.TreatmentAdvance, authz.EligibilityEdit, authz.ApprovalRequest, authz.ProcedureRead, authz.ProcedureLog, authz.ProcedureEdit, authz.ProcedureSign,
		authz.ObservationRecord, authz.FollowUpRead, authz.FollowUpRecord, authz.FollowUpRule} {
		if a.Policy.Can(who, perm, authz.Anywhere(who.PartnershipID)) {
			scopes = append(scopes, perm)
		}
	}
	made, err := a.s.CreateTokenFor(a.T.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "care", Scopes: scopes})
	if err != nil {
		a.T.Fatal(err)
	}
	return made.Secret
}

// post sends a write and holds request and answer against the contract.
func (a api) post(token, path, key string, body any, dst any) int {
	a.T.Helper()
	raw, ok := body.(string)
	if !ok {
		encoded, err := json.Marshal(body)
		if err != nil {
			a.T.Fatal(err)
		}
		raw = string(encoded)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v1"+path, strings.NewReader(raw))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	route, params, err := a.router.FindRoute(r)
	if err != nil {
		a.T.Fatalf("%s: %v", path, err)
	}
	in := &openapi3filter.ResponseValidationInput{Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true}}
	if err := openapi3filter.ValidateResponse(a.T.Context(), in); err != nil {
		a.T.Errorf("POST %s answers %s, which breaks the contract: %v", path, w.Body, err)
	}
	if dst != nil {
		if err := json.Unmarshal(w.Body.Bytes(), dst); err != nil {
			a.T.Fatalf("POST %s: %s", path, w.Body)
		}
	}
	return w.Code
}

type careAnswer struct {
	ID      string `json:"id"`
	No      string `json:"no"`
	State   string `json:"state"`
	Path    string `json:"path"`
	Version int64  `json:"version"`
	Steps   []struct {
		Action  string
		Missing []string
	}
	Rule   string
	Fields []struct{ Path string }
}

func TestACaseIsTreatedOverTheAPI(t *testing.T) {
	a := newCareAPI(t)
	person := a.Patient(servicetest.Mountain, "向云禾")
	clerk, doctor := a.worker(a.Registrar(servicetest.Mountain)), a.worker(a.Doctor(servicetest.Mountain))
	open := map[string]any{"person_id": person, "hospital_id": a.ID(servicetest.Mountain), "programme": "joint"}
	var c, again, tr, op careAnswer
	if code := a.post(clerk, "/cases", "open-1", open, &c); code != http.StatusCreated || c.No != "SH-2026-00001" {
		t.Fatalf("%d %+v", code, c)
	}
	if code := a.post(clerk, "/cases", "open-1", open, &again); code != http.StatusCreated || again.ID != c.ID {
		t.Errorf("the repeated request: %d %+v", code, again)
	}
	if code := a.post(clerk, "/cases", "", open, nil); code != http.StatusBadRequest && code != http.StatusUnprocessableEntity {
		t.Errorf("without a key: %d", code)
	}
	if code := a.post(clerk, "/cases", "open-2", `{"person_id":"`+person.String()+`","surprise":1}`, nil); code != http.StatusBadRequest {
		t.Errorf("an unknown field: %d", code)
	}
	if code := a.post(clerk, "/cases/"+c.ID+"/treatments", "plan", map[string]any{"hospital_id": a.ID(servicetest.Mountain), "plan": "右膝置换"}, &tr); code != http.StatusCreated {
		t.Fatalf("planning: %d", code)
	}
	step := func(key, action string, more map[string]any) int {
		body := map[string]any{"action": action, "version": tr.Version}
		for k, v := range more {
			body[k] = v
		}
		return a.post(clerk, "/treatments/"+tr.ID+"/steps", key, body, &tr)
	}
	if code := step("s0", "discharge", map[string]any{"on": a.Today()}); code != http.StatusConflict && code != http.StatusPreconditionFailed && code != http.StatusUnprocessableEntity {
		t.Errorf("a skipped step: %d", code)
	}
	for i, s := range []struct {
		action string
		more   map[string]any
	}{{"confirm_eligible", nil}, {"forgo_reduction", map[string]any{"reason": "自费"}}, {"admit", map[string]any{"on": a.Today(), "admission_no": "ZY-7"}}} {
		if code := step("s"+string(rune('1'+i)), s.action, s.more); code != http.StatusOK {
			t.Fatalf("%s: %d %+v", s.action, code, tr)
		}
	}
	log := map[string]any{"kind": "TKA", "operated_on": a.Today(), "lead_id": a.Doctor(servicetest.Mountain).PractitionerID, "anaesthesia": []string{"SPINAL"}, "indications": []string{"OA"}}
	if code := a.post(doctor, "/treatments/"+tr.ID+"/procedures", "op-0", log, &op); code/100 != 4 || len(op.Fields) != 1 || op.Fields[0].Path != "side" {
		t.Errorf("without a side: %d %+v", code, op)
	}
	log["side"] = "R"
	if code := a.post(doctor, "/treatments/"+tr.ID+"/procedures", "op-1", log, &op); code != http.StatusCreated {
		t.Fatalf("logging: %d %+v", code, op)
	}
	if _, raw := a.get(doctor, "/treatments/"+tr.ID); decode[careAnswer](t, raw).State != "operated" {
		t.Errorf("the treatment: %s", raw)
	}
	for _, path := range []string{"/cases?programme=joint&from=2026-01-01", "/cases/" + c.ID, "/procedures?own=true", "/procedures/" + op.ID} {
		if code, raw := a.get(doctor, path); code != http.StatusOK || !bytes.Contains(raw, []byte("向云禾")) {
			t.Errorf("%s: %d %s", path, code, raw)
		}
	}
	log["side"], log["version"], log["asa"] = "R", op.Version, 3
	correct := "/procedures/" + op.ID + "/correction"
	if code := a.post(doctor, correct, "fix-1", log, &again); code != http.StatusOK || again.Version != op.Version+1 {
		t.Errorf("a correction: %d %+v", code, again)
	}
	if code := a.post(doctor, correct, "fix-2", log, nil); code != http.StatusPreconditionFailed {
		t.Errorf("a correction of what somebody corrected before: %d", code)
	}
	sign := "/procedures/" + op.ID + "/signature"
	if code := a.post(doctor, sign, "sign-0", map[string]any{"version": again.Version, "locked": true}, &careAnswer{}); code != http.StatusConflict {
		t.Errorf("validating the own entry: %d", code)
	}
	visitor := a.worker(a.Visiting(servicetest.Mountain))
	if code := a.post(visitor, sign, "sign-00", map[string]any{"version": again.Version, "locked": true}, &careAnswer{}); code != http.StatusConflict {
		t.Errorf("validating a record with gaps: %d", code)
	}
	a.outcomes(t, doctor, op.ID, &again)
	if code := a.post(visitor, sign, "sign-1", map[string]any{"version": again.Version, "locked": true}, &again); code != http.StatusOK {
		t.Errorf("validating: %d", code)
	}
	if code := a.post(visitor, sign, "sign-2", map[string]any{"version": again.Version, "locked": false}, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("unlocking without a reason: %d", code)
	}
	if code := a.post(visitor, sign, "sign-3", map[string]any{"version": again.Version, "locked": false, "reason": "批号写错"}, &again); code != http.StatusOK {
		t.Errorf("unlocking: %d", code)
	}
	stranger := a.worker(a.Registrar(servicetest.MountainTwo))
	if code := a.post(a.worker(a.Doctor(servicetest.MountainTwo)), correct, "fix-3", log, nil); code != http.StatusNotFound {
		t.Errorf("another hospital's correction: %d", code)
	}
	a.planned(t, clerk, c.ID)
	for _, path := range []string{"/cases/" + c.ID, "/treatments/" + tr.ID, "/procedures/" + op.ID} {
		if code, raw := a.get(stranger, path); code != http.StatusNotFound {
			t.Errorf("another hospital, %s: %d %s", path, code, raw)
		}
	}
	if code, _ := a.get(clerk, "/cases?from=soon"); code != http.StatusBadRequest && code != http.StatusUnprocessableEntity {
		t.Errorf("a filter that cannot be read: %d", code)
	}
}

// outcomes fills in the sheet and records what came later.
func (a api) outcomes(t *testing.T, doctor, op string, again *careAnswer) {
	t.Helper()
	at := "/procedures/" + op
	sheet := map[string]any{"version": again.Version, "values": map[string][]string{"blood_loss_ml": {"6000"}, "vte_chemical": {"NONE", "LMWH"}}}
	if code := a.post(doctor, at+"/sheet", "sheet-0", sheet, again); code != http.StatusUnprocessableEntity || len(again.Fields) != 2 {
		t.Errorf("a sheet that cannot be: %d %+v", code, again)
	}
	sheet["values"] = servicetest.KneeSheet().Values
	if code := a.post(doctor, at+"/sheet", "sheet-1", sheet, again); code != http.StatusOK {
		t.Fatalf("a sheet: %d %+v", code, again)
	}
	if code, raw := a.get(doctor, at+"/sheet"); code != http.StatusOK || !bytes.Contains(raw, []byte(`"missing":[]`)) {
		t.Errorf("the sheet read again: %d %s", code, raw)
	}
	if code, raw := a.get(doctor, "/registry/coronary"); code != http.StatusOK || !bytes.Contains(raw, []byte("timi_before")) {
		t.Errorf("the dictionary: %d %s", code, raw)
	}
	var x struct {
		ID      string
		Version int64
	}
	later := map[string]any{"type": "DISLOCATION", "onset_on": a.Today(), "grade": "IIIA", "related": "YES", "outcome": "RESOLVED"}
	if code := a.post(doctor, at+"/complications", "later-1", later, &x); code != http.StatusCreated || x.ID == "" {
		_, raw := a.get(doctor, at)
		t.Fatalf("a complication: %d %+v %s", code, x, raw)
	}
	later["version"], later["grade"] = x.Version, "IIIB"
	if code := a.post(doctor, at+"/complications/"+x.ID, "later-2", later, &x); code != http.StatusOK || x.Version != 2 {
		t.Errorf("a corrected complication: %d %+v", code, x)
	}
	if code := a.post(doctor, at+"/complications/"+x.ID+"/withdrawal", "later-3", map[string]any{"version": x.Version, "reason": "记错患者"}, nil); code != http.StatusOK {
		t.Errorf("taking it back: %d", code)
	}
	if _, raw := a.get(doctor, at+"/complications"); !bytes.Contains(raw, []byte(`"rows":[]`)) {
		t.Errorf("after taking it back: %s", raw)
	}
}

// planned plans the other side, drops the plan, closes the case and opens it again.
func (a api) planned(t *testing.T, clerk, id string) {
	t.Helper()
	version := func() int64 {
		_, raw := a.get(clerk, "/cases/"+id)
		return decode[careAnswer](t, raw).Version
	}
	second := "/cases/" + id + "/second-side"
	if code := a.post(clerk, second, "second-0", map[string]any{"version": version(), "site": "knee", "side": "R"}, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("planning the side that is done: %d", code)
	}
	if code := a.post(clerk, second, "second-1", map[string]any{"version": version(), "site": "knee", "side": "L"}, nil); code != http.StatusOK {
		t.Errorf("planning the other side: %d", code)
	}
	if code := a.post(clerk, second, "second-2", map[string]any{"version": version(), "side": ""}, nil); code != http.StatusOK {
		t.Errorf("dropping the plan: %d", code)
	}
	if code := a.post(clerk, "/cases/"+id+"/reopening", "reopen", map[string]any{"version": version() - 1}, nil); code != http.StatusPreconditionFailed {
		t.Errorf("opening a case that was changed meanwhile: %d", code)
	}
}
