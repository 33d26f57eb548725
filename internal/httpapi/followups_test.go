package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/store"
)

type followAnswer struct {
	ID        string `json:"id"`
	Step      string `json:"step"`
	State     string `json:"state"`
	Version   int64  `json:"version"`
	Seen      int64  `json:"seen"`
	FollowUps any    `json:"followups"`
	Due       int    `json:"due"`
	Overdue   int    `json:"overdue"`
	Excluded  map[string]int
	Rows      []followAnswer
	Contacts  []followAnswer
	Results   []struct {
		Instrument string
		Total      int
	}
	Token  string `json:"token"`
	CaseID string `json:"case_id"`
	Rule   string
	Fields []struct{ Path string }
}

func TestAPatientIsFollowedOverTheAPI(t *testing.T) {
	a := newCareAPI(t)
	doctor := a.Doctor(servicetest.Mountain)
	c := a.Case(servicetest.Mountain, procedure.Joint, "向云禾")
	tr := a.TreatmentIn(c, servicetest.Mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	s := care.New(care.Deps{DB: a.DB, Policy: a.Policy, Clock: a.Clock})
	in := care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(doctor.PractitionerID, procedure.Left, a.Today().AddDays(-75)), Confirmed: true}
	o, err := s.LogOperation(t.Context(), doctor, in, store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	token := a.worker(doctor)
	code, raw := a.get(token, "/followups?list=overdue")
	list := decode[followAnswer](t, raw)
	if code != http.StatusOK || len(list.Rows) != 1 || list.Overdue != 1 || list.Due != 1 || list.Rows[0].State != "overdue" || len(list.Excluded) != 5 {
		t.Fatalf("%d %s", code, raw)
	}
	first := list.Rows[0]
	body := map[string]any{"version": first.Version, "on": a.Today().AddDays(-30), "evidence": "phone", "reached": true,
		"results": []map[string]any{{"instrument": "HSS", "parts": map[string]int{"pain": 30, "function": 22, "motion": 18, "muscle": 10, "flexion": 10}}}}
	var k, again followAnswer
	if code := a.post(token, "/followups/"+first.ID+"/contacts", "f-0", body, &k); code != http.StatusUnprocessableEntity || len(k.Fields) != 1 || k.Fields[0].Path != "results.0.parts.stability" {
		t.Errorf("a part is missing: %d %+v", code, k)
	}
	body["results"].([]map[string]any)[0]["parts"].(map[string]int)["stability"] = 8
	body["complications"] = []map[string]any{{"type": "DVT"}}
	if code := a.post(token, "/followups/"+first.ID+"/contacts", "f-1", body, &k); code != http.StatusCreated || k.Step != "w6" || len(k.Results) != 1 || k.Results[0].Total != 98 {
		t.Fatalf("%d %+v", code, k)
	}
	if code := a.post(token, "/followups/"+first.ID+"/contacts", "f-1", body, &again); code != http.StatusCreated || again.ID != k.ID {
		t.Errorf("the repeated request: %d %+v", code, again)
	}
	if code := a.post(token, "/followups/"+first.ID+"/contacts", "f-2", body, &again); again.Rule != "followup.once" {
		t.Errorf("done already: %d %+v", code, again)
	}
	if code, raw := a.get(token, "/contacts/"+k.ID); code != http.StatusOK || !strings.Contains(string(raw), `"evidence":"phone"`) ||
		!strings.Contains(string(raw), `"complications":[{"type":"DVT","onset_on":"`+a.Today().AddDays(-30).String()+`","grade":"","related":"UNKNOWN","outcome":"ONGOING","note":""}]`) {
		t.Errorf("%d %s", code, raw)
	}
	if code, raw := a.get(token, "/procedures/"+o.ID.String()+"/complications"); code != http.StatusOK || !strings.Contains(string(raw), `"contact_id":"`+k.ID+`","type":"DVT"`) {
		t.Errorf("the operation's complications: %d %s", code, raw)
	}
	at := "/cases/" + c.ID.String()
	_, raw = a.get(token, at+"/followups")
	seen := decode[followAnswer](t, raw).Seen
	var done followAnswer
	if code := a.post(token, at+"/followups/ending", "e-1", map[string]any{"seen": seen, "reason": "moved", "on": a.Today()}, &done); code != http.StatusOK || done.FollowUps != float64(12) {
		t.Errorf("ended: %d %+v", code, done)
	}
	if code := a.post(token, at+"/followups/resumption", "r-1", map[string]any{"seen": seen}, &done); code != http.StatusPreconditionFailed {
		t.Errorf("resumed on an old view: %d %+v", code, done)
	}
	if code := a.post(token, at+"/followups/resumption", "r-2", map[string]any{}, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("resumed on no view at all: %d", code)
	}
	_, raw = a.get(token, at+"/followups")
	if code := a.post(token, at+"/followups/resumption", "r-3", map[string]any{"seen": decode[followAnswer](t, raw).Seen}, &done); code != http.StatusOK || done.FollowUps != float64(12) {
		t.Errorf("resumed: %d %+v", code, done)
	}
	var slip, found followAnswer
	if code := a.post(token, at+"/slip", "s-1", "{}", &slip); code != http.StatusOK || len(slip.Token) != 20 {
		t.Errorf("slip: %d %+v", code, slip)
	}
	if code := a.post(token, "/slips/search", "s-2", map[string]any{"token": slip.Token}, &found); code != http.StatusOK || found.CaseID != c.ID.String() {
		t.Errorf("found: %d %+v", code, found)
	}
	if code := a.post(a.worker(a.Doctor(servicetest.MountainTwo)), "/slips/search", "s-3", map[string]any{"token": slip.Token}, &found); code != http.StatusUnprocessableEntity {
		t.Errorf("another hospital: %d %+v", code, found)
	}
	if code := a.post(token, "/followups/calls", "c-1", map[string]any{"list": "due"}, nil); code != http.StatusOK {
		t.Errorf("calls: %d", code)
	}
	if code := a.post(token, "/contacts/"+k.ID+"/withdrawal", "w-1", map[string]any{"version": k.Version, "reason": "记错"}, &again); code != http.StatusOK {
		t.Errorf("withdrawn: %d %+v", code, again)
	}
	if code := a.post(token, at+"/followups/schedule", "p-1", "{}", &again); again.Rule != "followup.scheduled" {
		t.Errorf("scheduled: %d %+v", code, again)
	}
}

// followWindow is a window as a caller sends it.
func followWindow(step string, due, from, to int) map[string]any {
	return map[string]any{"step": step, "due": due, "from": from, "to": to}
}

type followRules struct {
	Groups []struct {
		Group   string
		Version int64
		Now     followEdition `json:"in_force"`
		Coming  []followEdition
		Made    []followEdition `json:"editions"`
	}
}

type followEdition struct {
	Version int64
	From    string `json:"from_on"`
	Note    string
	Windows []struct {
		Step          string
		Due, From, To int
	}
}

func TestFollowUpWindowsOverTheAPI(t *testing.T) {
	a := newCareAPI(t)
	office, doctor := a.worker(a.Approver()), a.worker(a.Doctor(servicetest.Mountain))
	code, raw := a.get(doctor, "/followup-rules")
	if v := decode[followRules](t, raw); code != http.StatusOK || len(v.Groups) != 5 || v.Groups[0].Group != "joint" || v.Groups[0].Version != 0 || v.Groups[0].Now.Windows[0].Due != 42 || len(v.Groups[0].Made) != 0 {
		t.Fatalf("as shipped: %d %s", code, raw)
	}
	today := a.Today()
	const at = "/followup-rules/joint"
	body := map[string]any{"version": 0, "from_on": today, "note": "第三号", "windows": []any{followWindow("w6", 35, 28, 75), followWindow("m3", 90, 71, 135)}}
	var k followAnswer
	if code := a.post(office, at, "w-0", body, &k); code != http.StatusUnprocessableEntity || len(k.Fields) != 1 || k.Fields[0].Path != "m3.from" {
		t.Errorf("windows that overlap: %d %+v", code, k)
	}
	body["windows"] = []any{followWindow("w6", 35, 28, 70), followWindow("m3", 90, 71, 135)}
	body["from_on"] = today.AddDays(-1)
	if code := a.post(office, at, "w-1", body, &k); code != http.StatusUnprocessableEntity || len(k.Fields) != 1 || k.Fields[0].Path != "from_on" {
		t.Errorf("from a day that is over: %d %+v", code, k)
	}
	body["from_on"] = today
	if code := a.post(doctor, at, "w-2", body, nil); code != http.StatusForbidden {
		t.Errorf("a doctor: %d", code)
	}
	for _, key := range []string{"w-3", "w-3"} { // the repeated request is the same edition
		if code := a.post(office, at, key, body, &k); code != http.StatusOK || k.Version != 1 {
			t.Fatalf("saving: %d %+v", code, k)
		}
	}
	if code := a.post(office, at, "w-4", body, nil); code != http.StatusPreconditionFailed {
		t.Errorf("on an old view: %d", code)
	}
	body["version"], body["from_on"] = 1, today.AddDays(30)
	if code := a.post(office, at, "w-5", body, &k); code != http.StatusOK || k.Version != 2 {
		t.Errorf("planned for later: %d %+v", code, k)
	}
	_, raw = a.get(office, "/followup-rules")
	if g := decode[followRules](t, raw).Groups[0]; g.Version != 2 || g.Now.Version != 1 || g.Now.Note != "第三号" || len(g.Coming) != 1 || g.Coming[0].From != today.AddDays(30).String() || len(g.Made) != 2 {
		t.Errorf("%s", raw)
	}

	surgeon := a.Doctor(servicetest.Mountain)
	c := a.Case(servicetest.Mountain, procedure.Joint, "向云禾")
	tr := a.TreatmentIn(c, servicetest.Mountain, treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	s := care.New(care.Deps{DB: a.DB, Policy: a.Policy, Clock: a.Clock})
	if _, err := s.LogOperation(t.Context(), surgeon, care.OperationInput{Treatment: tr.ID, Operation: servicetest.Joint(surgeon.PractitionerID, procedure.Left, today), Confirmed: true}, store.Key{}); err != nil {
		t.Fatal(err)
	}
	if code, raw = a.get(doctor, "/cases/"+c.ID.String()+"/followups"); code != http.StatusOK || strings.Count(string(raw), `"step":`) != 2 || !strings.Contains(string(raw), today.AddDays(35).String()) {
		t.Errorf("an operation since is followed by them: %d %s", code, raw)
	}
}
