package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/httpapi"
	"github.com/shanhai-health/shanhai/internal/service/accounts"
	"github.com/shanhai-health/shanhai/internal/service/directory"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
)

// newVisitingAPI is the API over a world with the services of the programme.
func newVisitingAPI(t *testing.T) (api, *care.Service) {
	t.Helper()
	var s *care.Service
	a := apiWith(t, func(w *servicetest.World, d *httpapi.Deps) {
		s = care.New(care.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock})
		d.Care, d.Visiting = s, visiting.New(visiting.Deps{DB: w.DB, Policy: w.Policy})
		d.Directory = directory.New(directory.Deps{DB: w.DB, Policy: w.Policy, Clock: w.Clock, Log: w.Log})
	})
	return a, s
}

// staff is a token for the visiting programme.
func (a api) staff(who user.Principal) string {
	a.T.Helper()
	var scopes []authz.Permission
	for _, perm := range authz.Permissions() {
		switch perm {
		case authz.PractitionerRead, authz.PractitionerEdit, authz.PostingRead, authz.PostingEdit, authz.PrivilegeRead, authz.PrivilegeEdit, authz.PrivilegeSign, authz.VisitRead,
			authz.VisitEdit, authz.TeachingRead, authz.TeachingEdit, authz.MeetingRead, authz.MeetingEdit, authz.SkillRead, authz.SkillSign, authz.SkillEdit, authz.ProcedureEdit,
			authz.CaseRead, authz.PersonRead:
			if a.Policy.Can(who, perm, authz.Anywhere(who.PartnershipID)) {
				scopes = append(scopes, perm)
			}
		}
	}
	made, err := a.s.CreateTokenFor(a.T.Context(), authz.System("test"), who.AccountID, who.PartnershipID, accounts.NewToken{Name: "staff", Scopes: scopes})
	if err != nil {
		a.T.Fatal(err)
	}
	return made.Secret
}

type made struct {
	ID      string `json:"id"`
	Version int64  `json:"version"`
	State   string `json:"state"`
}

// ok posts and fails the test unless the answer has the status.
func (a api) ok(status int, token, path string, body any) made {
	a.T.Helper()
	var m made
	if code := a.post(token, path, path+token[:6], body, &m); code != status {
		a.T.Fatalf("POST %s: %d", path, code)
	}
	return m
}

// The whole programme by token: posting, privilege, visit, teaching, meeting and
// ladder. Every answer is held against the contract.
func TestTheVisitingProgrammeOverTheAPI(t *testing.T) {
	a, s := newVisitingAPI(t)
	visitor, local := a.Visiting(servicetest.Mountain), a.Doctor(servicetest.Mountain)
	admin, doctor, office := a.staff(a.HospitalAdmin(servicetest.Mountain)), a.staff(local), a.staff(a.Approver())
	host, today := a.ID(servicetest.Mountain).String(), a.Today().String()
	taught := servicetest.Joint(local.PractitionerID, procedure.Left, a.Today())
	taught.Supervisor = visitor.PractitionerID
	tr := a.Treatment(servicetest.Mountain, procedure.Joint, "甲", treatment.ConfirmEligible, treatment.ForgoReduction, treatment.Admit)
	o, err := s.LogOperation(t.Context(), local, care.OperationInput{Treatment: tr.ID, Operation: taught}, store.Key{})
	if err != nil {
		t.Fatal(err)
	}
	new1 := a.ok(http.StatusCreated, admin, "/practitioners", map[string]any{"name": "新来医生", "home_id": host, "licence_expires_on": "2027-01-31"})
	for _, path := range []string{"/practitioners", "/practitioners/" + new1.ID, "/postings", "/privileges", "/exceptions", "/skills"} {
		if code, raw := a.get(admin, path); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, raw)
		}
	}
	grant := a.ok(http.StatusCreated, admin, "/privileges", map[string]any{"practitioner_id": new1.ID, "hospital_id": host, "kind": "TKA", "from": today, "to": "2026-12-31"})
	a.get(admin, "/privileges/"+grant.ID)
	visit := a.ok(http.StatusCreated, doctor, "/visits", map[string]any{"hospital_id": host, "title": "支医周", "from": today, "to": today})
	self := "/visits/" + visit.ID
	a.ok(http.StatusOK, doctor, self+"/members", map[string]any{"practitioner_id": visitor.PractitionerID, "duty": "surgeon"})
	a.ok(http.StatusOK, doctor, self+"/days", map[string]any{"practitioner_id": visitor.PractitionerID, "on": today, "part": "full"})
	a.ok(http.StatusOK, doctor, self+"/supplies", map[string]any{"name": "骨水泥", "quantity": 1, "unit": "袋", "source": "host"})
	var refused struct{ Rule string }
	if code := a.post(doctor, self+"/closure", "early", map[string]any{"version": 1}, &refused); code != http.StatusUnprocessableEntity && code != http.StatusConflict && code != http.StatusPreconditionFailed {
		t.Errorf("closed with a patient nobody owns: %d", code)
	}
	a.ok(http.StatusOK, doctor, self+"/handovers", map[string]any{"case_id": o.Case, "owner_id": local.PractitionerID, "on": today})
	code, raw := a.get(doctor, self)
	if v := decode[struct {
		Days  int `json:"service_days"`
		Lines []struct{ Outcome, Owner string }
	}](t, raw); code != 200 || v.Days != 1 || len(v.Lines) != 1 || v.Lines[0].Outcome != "unplanned" || v.Lines[0].Owner != local.DisplayName {
		t.Errorf("%d %s", code, raw)
	}
	a.ok(http.StatusOK, doctor, self+"/closure", map[string]any{"version": 1})
	lesson := a.ok(http.StatusCreated, doctor, "/teaching", map[string]any{"hospital_id": host, "kind": "lecture", "topic": "讲座", "on": today, "minutes": 60, "teacher_id": visitor.PractitionerID, "others": 4})
	a.get(doctor, "/teaching/"+lesson.ID)
	meeting := a.ok(http.StatusCreated, office, "/meetings", map[string]any{"kind": "meeting", "topic": "联席会", "on": today, "place": "云岭区"})
	a.ok(http.StatusCreated, office, "/meetings/"+meeting.ID+"/tasks", map[string]any{"task": "选派", "responsible": "帮扶办", "due": today})
	a.get(office, "/meetings/"+meeting.ID)
	a.ok(http.StatusOK, office, "/skill-rules", map[string]any{"needed": map[string]int{"TKA": 1}})
	signed := a.ok(http.StatusCreated, a.staff(visitor), "/skills/"+local.PractitionerID.String()+"/signoffs", map[string]any{"kind": "TKA"})
	if code, raw = a.get(office, "/skills/"+local.PractitionerID.String()); code != 200 || signed.ID == "" {
		t.Errorf("%d %s", code, raw)
	}
	for _, path := range []string{"/visits", "/teaching", "/meetings", "/skill-rules"} {
		if code, raw := a.get(office, path); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, raw)
		}
	}
}

type plannedLine struct {
	EntryID string `json:"entry_id"`
	Start   int    `json:"start_minute"`
	Minutes int
	Place   int
	Note    string
	Version int64
}

// onlyLine is the one operation of a visit.
func onlyLine(t *testing.T, a api, token, visit string) plannedLine {
	t.Helper()
	code, raw := a.get(token, visit)
	v := decode[struct{ Lines []plannedLine }](t, raw)
	if code != http.StatusOK || len(v.Lines) != 1 {
		t.Fatalf("%d %s", code, raw)
	}
	return v.Lines[0]
}

// A planned operation is changed on the list as it is; a change on an older one
// is refused and overwrites nothing.
func TestAPlannedOperationIsChangedOverTheAPI(t *testing.T) {
	a, _ := newVisitingAPI(t)
	visitor := a.Visiting(servicetest.Mountain)
	doctor, near := a.staff(a.Doctor(servicetest.Mountain)), a.staff(a.Doctor(servicetest.MountainTwo))
	today := a.Today().String()
	self := "/visits/" + a.ok(http.StatusCreated, doctor, "/visits", map[string]any{"hospital_id": a.ID(servicetest.Mountain).String(), "title": "支医周", "from": today, "to": today}).ID
	a.ok(http.StatusOK, doctor, self+"/members", map[string]any{"practitioner_id": visitor.PractitionerID, "duty": "surgeon"})
	c := a.Case(servicetest.Mountain, procedure.Joint, "向田秀")
	a.ok(http.StatusOK, doctor, self+"/cases", map[string]any{"case_no": c.No, "kind": "TKA", "side": "L", "surgeon_id": visitor.PractitionerID, "on": today, "start_minute": 570, "minutes": 90})
	line := onlyLine(t, a, doctor, self)
	at := self + "/cases/" + line.EntryID + "/change"
	change := map[string]any{"version": line.Version, "surgeon_id": visitor.PractitionerID, "on": today, "start_minute": 480, "minutes": 60, "place": 2, "note": "先查血糖"}
	if code := a.post(near, at, "c-0", change, nil); code != http.StatusNotFound {
		t.Errorf("another hospital: %d", code)
	}
	for range 2 { // the repeated request changes it once
		if code := a.post(doctor, at, "c-1", change, nil); code != http.StatusOK {
			t.Fatalf("changing: %d", code)
		}
	}
	moved := plannedLine{line.EntryID, 480, 60, 2, "先查血糖", line.Version + 1}
	if got := onlyLine(t, a, doctor, self); got != moved {
		t.Errorf("%+v, want %+v", got, moved)
	}
	change["start_minute"], change["note"] = 600, ""
	if code := a.post(doctor, at, "c-2", change, nil); code != http.StatusPreconditionFailed {
		t.Errorf("on an older list: %d", code)
	}
	var refused struct{ Fields []struct{ Path string } }
	change["version"] = 0
	if code := a.post(doctor, at, "c-3", change, &refused); code != http.StatusUnprocessableEntity || len(refused.Fields) != 1 || refused.Fields[0].Path != "version" {
		t.Errorf("without a version: %d %+v", code, refused)
	}
	change["version"], change["on"] = moved.Version, a.Today().AddDays(60).String()
	if code := a.post(doctor, at, "c-4", change, &refused); code != http.StatusUnprocessableEntity || len(refused.Fields) != 1 || refused.Fields[0].Path != "on" {
		t.Errorf("outside of the visit: %d %+v", code, refused)
	}
	if got := onlyLine(t, a, doctor, self); got != moved {
		t.Errorf("a refused change left %+v", got)
	}
}
