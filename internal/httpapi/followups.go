package httpapi

import (
	"net/http"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/complication"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
)

// followUpRoutes declares follow-up: worklists, contacts, losses, and the tokens
// of return slips.
func (s *Server) followUpRoutes(rt *router) {
	rt.get("/followups", authz.FollowUpRead, s.followUps)
	rt.post("/followups/calls", authz.FollowUpRecord, s.followUpCalls)
	rt.post("/followups/{id}/contacts", authz.FollowUpRecord, s.recordFollowUp)
	rt.post("/procedures/{id}/contacts", authz.FollowUpRecord, s.recordExtra)
	rt.get("/contacts/{id}", authz.FollowUpRead, s.contact)
	rt.post("/contacts/{id}/withdrawal", authz.FollowUpRecord, s.withdrawContact)
	rt.get("/cases/{id}/followups", authz.FollowUpRead, s.caseFollowUps)
	rt.post("/cases/{id}/followups/ending", authz.FollowUpRecord, s.endFollowUps)
	rt.post("/cases/{id}/followups/resumption", authz.FollowUpRecord, s.resumeFollowUps)
	rt.post("/cases/{id}/followups/schedule", authz.FollowUpRecord, s.scheduleFollowUps)
	rt.post("/cases/{id}/slip", authz.FollowUpRecord, s.slip)
	rt.post("/slips/search", authz.FollowUpRead, s.findSlip)
	rt.get("/followup-rules", authz.FollowUpRead, s.followRules)
	rt.post("/followup-rules/{group}", authz.FollowUpRule, s.saveFollowRule)
}

// followUpBody is an appointment. The contact data are those of the hospital
// that follows the patient, and empty for everybody else.
type followUpBody struct {
	ID          ident.ID            `json:"id"`
	CaseID      ident.ID            `json:"case_id"`
	ProcedureID ident.ID            `json:"procedure_id"`
	HospitalID  ident.ID            `json:"hospital_id"`
	CaseNo      string              `json:"case_no"`
	Name        string              `json:"name"`
	Programme   procedure.Programme `json:"programme"`
	Kind        procedure.Kind      `json:"kind"`
	Side        procedure.Side      `json:"side"`
	OperatedOn  clock.Date          `json:"operated_on"`
	Step        followup.Step       `json:"step"`
	Wants       []followup.Want     `json:"wants"`
	Due         clock.Date          `json:"due_on"`
	From        clock.Date          `json:"from_on"`
	To          clock.Date          `json:"to_on"`
	State       followup.State      `json:"state"`
	Reason      followup.Reason     `json:"reason"`
	EndedOn     clock.Date          `json:"ended_on"`
	Evidence    followup.Evidence   `json:"evidence"`
	Attempts    int                 `json:"attempts"`
	Township    string              `json:"township"`
	Village     string              `json:"village"`
	PhoneLast4  string              `json:"phone_last4"`
	Phone       string              `json:"phone,omitempty"`
	KinPhone    string              `json:"kin_phone,omitempty"`
	Edition     int64               `json:"edition"`  // of the windows it was made by; 0 is the preset
	FoundBy     *ident.ID           `json:"found_by"` // contact by which a lost patient was found again
	Version     int64               `json:"version"`
}

func followUpsOf(list []aftercare.FollowUp, today clock.Date) []followUpBody {
	out := make([]followUpBody, len(list))
	for i, f := range list {
		out[i] = followUpBody{ID: f.ID, CaseID: f.Case, ProcedureID: f.Procedure, HospitalID: f.Hospital, CaseNo: f.CaseNo, Name: f.PersonName, Programme: f.Programme, Kind: f.Kind,
			Side: f.Side, OperatedOn: f.OperatedOn, Step: f.Step, Wants: append([]followup.Want{}, followup.WantsOf(f.Kind, f.Step)...), Due: f.Due, From: f.From, To: f.To,
			State: f.State(today, f.Died), Reason: f.Because(f.Died), EndedOn: f.EndedOn, Evidence: f.Evidence, Attempts: f.Attempts, Township: f.Township, Village: f.Village,
			PhoneLast4: f.PhoneLast4, Phone: f.Phone, KinPhone: f.KinPhone, Edition: f.Edition, Version: f.Version}
		if f.FoundBy != ident.Nil {
			out[i].FoundBy = &f.FoundBy
		}
	}
	return out
}

type followUpList struct {
	Rows     []followUpBody          `json:"rows"`
	Next     string                  `json:"next"`
	Due      int                     `json:"due"`
	Overdue  int                     `json:"overdue"`
	Lost     int                     `json:"lost"`
	Excluded map[followup.Reason]int `json:"excluded"`
}

func (s *Server) followUps(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	in := aftercare.ListInput{List: aftercare.List(q.values.Get("list")), Hospital: q.id("hospital"), Programme: procedure.Programme(q.values.Get("programme")),
		Step: followup.Step(q.values.Get("step")), Township: q.values.Get("township"), Village: q.values.Get("village"), Page: q.page()}
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Aftercare.Worklist(r.Context(), c.Who, in)
	out := followUpList{Rows: followUpsOf(list.Rows, list.Today), Next: list.Next, Due: list.Counts.Due, Overdue: list.Counts.Overdue, Lost: list.Counts.Lost,
		Excluded: map[followup.Reason]int{}}
	for _, reason := range followup.Closings() {
		out.Excluded[reason] = list.Counts.Closed[reason]
	}
	return http.StatusOK, out, err
}

type villageBody struct {
	Hospital string         `json:"hospital"`
	Township string         `json:"township"`
	Village  string         `json:"village"`
	Rows     []followUpBody `json:"rows"`
}

// followUpCalls is a write because it opens telephone numbers, which is recorded.
func (s *Server) followUpCalls(r *http.Request, c *call) (int, any, error) {
	var body struct {
		List      aftercare.List      `json:"list"`
		Hospital  ident.ID            `json:"hospital_id"`
		Programme procedure.Programme `json:"programme"`
		Township  string              `json:"township"`
		Village   string              `json:"village"`
		Reason    string              `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Aftercare.CallList(r.Context(), c.Who, aftercare.CallInput{Reason: body.Reason,
		ListInput: aftercare.ListInput{List: body.List, Hospital: body.Hospital, Programme: body.Programme, Township: body.Township, Village: body.Village}})
	out := struct {
		Villages []villageBody `json:"villages"`
	}{[]villageBody{}}
	for _, v := range list.Villages {
		out.Villages = append(out.Villages, villageBody{v.Hospital, v.Township, v.Name, followUpsOf(v.Rows, list.Today)})
	}
	return http.StatusOK, out, err
}

// contactBody is a contact on record. Other records refer to its id.
type contactBody struct {
	ID            ident.ID                    `json:"id"`
	FollowUpID    *ident.ID                   `json:"followup_id"`
	ProcedureID   ident.ID                    `json:"procedure_id"`
	CaseID        ident.ID                    `json:"case_id"`
	HospitalID    ident.ID                    `json:"hospital_id"`
	Step          followup.Step               `json:"step"`
	On            clock.Date                  `json:"on"`
	EnteredAt     time.Time                   `json:"entered_at"`
	EnteredBy     string                      `json:"entered_by"`
	Evidence      followup.Evidence           `json:"evidence"`
	Reached       bool                        `json:"reached"`
	Informant     string                      `json:"informant"`
	Note          string                      `json:"note"`
	Results       []followup.Result           `json:"results"`
	Complications []complication.Complication `json:"complications"`
	Live          bool                        `json:"live"`
	Withdrawn     string                      `json:"withdrawn_reason"`
	Version       int64                       `json:"version"`
}

func contactOf(k aftercare.Contact) contactBody {
	b := contactBody{ID: k.ID, ProcedureID: k.Procedure, CaseID: k.Case, HospitalID: k.Hospital, Step: k.Step, On: k.On, EnteredAt: k.EnteredAt, EnteredBy: k.EnteredBy,
		Evidence: k.Evidence, Reached: k.Reached, Informant: k.Informant, Note: k.Note, Results: append([]followup.Result{}, k.Results...),
		Complications: append([]complication.Complication{}, k.Complications...), Live: k.Live, Withdrawn: k.Withdrawn, Version: k.Version}
	if k.FollowUp != ident.Nil {
		b.FollowUpID = &k.FollowUp
	}
	return b
}

// recordBody is a contact as it is entered. A total follows from all its parts.
type recordBody struct {
	Version       int64                       `json:"version"`
	On            clock.Date                  `json:"on"`
	Evidence      followup.Evidence           `json:"evidence"`
	Reached       bool                        `json:"reached"`
	Informant     string                      `json:"informant"`
	Note          string                      `json:"note"`
	Results       []followup.Result           `json:"results"`
	Complications []complication.Complication `json:"complications"`
}

func (b recordBody) contact() followup.Contact {
	return followup.Contact{On: b.On, Evidence: b.Evidence, Reached: b.Reached, Informant: b.Informant, Note: b.Note, Results: b.Results, Complications: b.Complications}
}

func (s *Server) recordFollowUp(r *http.Request, c *call) (int, any, error) {
	return s.record(r, c, func(id ident.ID, b recordBody) aftercare.RecordInput {
		return aftercare.RecordInput{FollowUp: id, Version: b.Version, Contact: b.contact()}
	})
}

func (s *Server) recordExtra(r *http.Request, c *call) (int, any, error) {
	return s.record(r, c, func(id ident.ID, b recordBody) aftercare.RecordInput {
		return aftercare.RecordInput{Operation: id, Contact: b.contact()}
	})
}

func (s *Server) record(r *http.Request, c *call, input func(ident.ID, recordBody) aftercare.RecordInput) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body recordBody
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := input(id, body)
	k, err := s.d.Aftercare.Record(r.Context(), c.Who, in, aftercare.KeyOf(c.Key, in))
	return http.StatusCreated, contactOf(k), err
}

func (s *Server) contact(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	k, err := s.d.Aftercare.Contact(r.Context(), c.Who, id)
	return http.StatusOK, contactOf(k), err
}

func (s *Server) withdrawContact(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Version int64  `json:"version"`
		Reason  string `json:"reason"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	in := aftercare.WithdrawInput{Contact: id, Version: body.Version, Reason: body.Reason}
	k, err := s.d.Aftercare.Withdraw(r.Context(), c.Who, in, aftercare.KeyOf(c.Key, in))
	return http.StatusOK, contactOf(k), err
}

func (s *Server) caseFollowUps(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Aftercare.Case(r.Context(), c.Who, id)
	out := struct {
		FollowUps []followUpBody `json:"followups"`
		Contacts  []contactBody  `json:"contacts"`
		Seen      int64          `json:"seen"`
	}{followUpsOf(v.FollowUps, v.Today), []contactBody{}, v.Seen}
	for _, k := range v.Contacts {
		out.Contacts = append(out.Contacts, contactOf(k))
	}
	return http.StatusOK, out, err
}

func (s *Server) endFollowUps(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Seen   int64           `json:"seen"`
		Reason followup.Reason `json:"reason"`
		On     clock.Date      `json:"on"`
		Note   string          `json:"note"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	if err := needs("seen", body.Seen); err != nil {
		return 0, nil, err
	}
	in := aftercare.EndInput{Case: id, Seen: body.Seen, End: followup.End{Reason: body.Reason, On: body.On, Note: body.Note}}
	done, err := s.d.Aftercare.End(r.Context(), c.Who, in, aftercare.KeyOf(c.Key, in))
	return http.StatusOK, done, err
}

func (s *Server) resumeFollowUps(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	var body struct {
		Seen int64 `json:"seen"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	if err := needs("seen", body.Seen); err != nil {
		return 0, nil, err
	}
	in := aftercare.ResumeInput{Case: id, Seen: body.Seen}
	done, err := s.d.Aftercare.Resume(r.Context(), c.Who, in, aftercare.KeyOf(c.Key, in))
	return http.StatusOK, done, err
}

func (s *Server) scheduleFollowUps(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	done, err := s.d.Aftercare.Schedule(r.Context(), c.Who, id, aftercare.KeyOf(c.Key, id))
	return http.StatusOK, done, err
}

// slip is a write because the token is made the first time, and the print is
// recorded.
func (s *Server) slip(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Aftercare.Slip(r.Context(), c.Who, id)
	return http.StatusOK, struct {
		Token string         `json:"token"`
		Next  []followUpBody `json:"next"`
	}{v.Token, followUpsOf(v.Next, v.Today)}, err
}

// findSlip takes the token in the body: an address would stay in logs.
func (s *Server) findSlip(r *http.Request, c *call) (int, any, error) {
	var body struct {
		Token string `json:"token"`
	}
	if err := httpx.DecodeJSON(r, &body); err != nil {
		return 0, nil, err
	}
	id, err := s.d.Aftercare.Find(r.Context(), c.Who, body.Token)
	return http.StatusOK, struct {
		CaseID ident.ID `json:"case_id"`
	}{id}, err
}
