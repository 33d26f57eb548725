package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func (s *Server) visitRoutes(rt *router) {
	rt.get("/visits", authz.VisitRead, s.visits)
	rt.post("/visits", authz.VisitEdit, s.planVisit)
	rt.get("/visits/{id}", authz.VisitRead, s.visit)
	rt.post("/visits/{id}", authz.VisitEdit, s.editVisit)
	rt.post("/visits/{id}/members", authz.VisitEdit, s.addVisitMember)
	rt.post("/visits/{id}/members/{member}/removal", authz.VisitEdit, s.removeVisitMember)
	rt.post("/visits/{id}/cases", authz.VisitEdit, s.planVisitCase)
	rt.post("/visits/{id}/cases/{entry}/change", authz.VisitEdit, s.replanVisitCase)
	rt.post("/visits/{id}/cases/{entry}/cancellation", authz.VisitEdit, s.cancelVisitCase)
	rt.post("/visits/{id}/handovers", authz.VisitEdit, s.handOver)
	rt.post("/visits/{id}/days", authz.VisitEdit, s.attend)
	rt.post("/visits/{id}/supplies", authz.VisitEdit, s.useSupplies)
	rt.post("/visits/{id}/supplies/{supply}/removal", authz.VisitEdit, s.removeSupplies)
	rt.post("/visits/{id}/closure", authz.VisitEdit, s.closeVisit)
	rt.post("/visits/{id}/cancellation", authz.VisitEdit, s.cancelVisit)
}

type visitBody struct {
	ID         ident.ID    `json:"id"`
	HospitalID ident.ID    `json:"hospital_id"`
	Hospital   string      `json:"hospital"`
	Title      string      `json:"title"`
	From       clock.Date  `json:"from"`
	To         clock.Date  `json:"to"`
	State      visit.State `json:"state"`
	Reason     string      `json:"reason"`
	Note       string      `json:"note"`
	Members    int         `json:"members_count"`
	Cases      int         `json:"planned_count"`
	Version    int64       `json:"version"`
}

func visitOf(v visiting.Visit) visitBody {
	return visitBody{v.ID, v.Hospital, v.HospitalName, v.Title, v.From, v.To, v.State, v.Reason, v.Note, v.Members, v.Cases, v.Version}
}

type memberBody struct {
	ID           ident.ID   `json:"id"`
	Practitioner ident.ID   `json:"practitioner_id"`
	Name         string     `json:"practitioner"`
	Home         string     `json:"home"`
	Duty         visit.Duty `json:"duty"`
	Days         int        `json:"service_days"`
}

// lineBody is a line of the list: what was planned, and the operation that came
// of it. Without the right to see patients the case is empty.
type visitLineBody struct {
	EntryID     ident.ID       `json:"entry_id"`
	CaseID      ident.ID       `json:"case_id"`
	CaseNo      string         `json:"case_no"`
	Name        string         `json:"name"`
	On          clock.Date     `json:"on"`
	Kind        procedure.Kind `json:"kind"`
	Side        procedure.Side `json:"side"`
	Start       int            `json:"start_minute"`
	Minutes     int            `json:"minutes"`
	Place       int            `json:"place"` // in the list of the day; 0: none
	Note        string         `json:"note"`
	Outcome     visit.Outcome  `json:"outcome"`
	Reason      string         `json:"reason"`
	ProcedureID ident.ID       `json:"procedure_id"`
	OwnerID     ident.ID       `json:"owner_id"`
	Owner       string         `json:"owner"`
	Version     int64          `json:"version"`
}

type supplyBody struct {
	ID       ident.ID `json:"id"`
	Name     string   `json:"name"`
	Quantity int      `json:"quantity"`
	Unit     string   `json:"unit"`
	Source   string   `json:"source"`
}

// clashBody says that a member is bound elsewhere at the same time, not where.
type clashBody struct {
	Name string `json:"practitioner"`
	From string `json:"from"`
	To   string `json:"to"`
}

type visitDetail struct {
	visitBody
	Roster   []memberBody    `json:"members"`
	Lines    []visitLineBody `json:"lines"`
	Supplies []supplyBody    `json:"supplies"`
	Clashes  []clashBody     `json:"clashes"`
	Unowned  int             `json:"not_handed_over"`
	Days     int             `json:"service_days"`
}

func visitDetailOf(v visiting.VisitView) visitDetail {
	out := visitDetail{visitBody: visitOf(v.Visit), Roster: []memberBody{}, Lines: []visitLineBody{}, Supplies: []supplyBody{}, Clashes: []clashBody{}, Unowned: v.Unowned, Days: v.ServiceDays()}
	for _, m := range v.Roster {
		out.Roster = append(out.Roster, memberBody{m.ID, m.Practitioner, m.Name, m.HomeName, m.Duty, visit.ServiceDays(v.Days, m.Practitioner)})
	}
	for _, l := range v.Lines {
		out.Lines = append(out.Lines, visitLineOf(l))
	}
	for _, x := range v.Supplies {
		out.Supplies = append(out.Supplies, supplyBody(x))
	}
	for _, x := range v.Clashes {
		const stamp = "2006-01-02T15:04:05Z07:00"
		out.Clashes = append(out.Clashes, clashBody{x.Name, x.Busy.From.In(clock.Shanghai).Format(stamp), x.Busy.To.In(clock.Shanghai).Format(stamp)})
	}
	return out
}

func visitLineOf(l visiting.VisitLine) visitLineBody {
	b := visitLineBody{CaseID: l.Case, CaseNo: l.Patient.CaseNo, Name: l.Patient.Name, Outcome: l.Outcome}
	if e := l.Entry; e != nil {
		b.EntryID, b.On, b.Kind, b.Side, b.Start, b.Minutes, b.Reason, b.Version = e.ID, e.On, e.Kind, e.Side, e.Start, e.Minutes, e.Reason, e.Version
		b.Place, b.Note = e.Place, e.Note
	}
	if o := l.Operation; o != nil {
		b.ProcedureID, b.On, b.Kind, b.Side = o.Procedure, o.On, o.Kind, o.Side
	}
	if l.Owner != nil {
		b.OwnerID, b.Owner = l.Owner.Owner, l.Owner.OwnerName
	}
	return b
}

func (s *Server) visits(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Visiting.Visits(r.Context(), c.Who, visit.State(q.values.Get("state")), req)
	return http.StatusOK, rowsOf(list.Rows, list.Next, visitOf), err
}

func (s *Server) visit(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Visiting.Visit(r.Context(), c.Who, id)
	return http.StatusOK, visitDetailOf(v), err
}

func (s *Server) saveVisit(r *http.Request, c *call, id ident.ID) (ident.ID, error) {
	var b struct {
		Hospital ident.ID   `json:"hospital_id"`
		Title    string     `json:"title"`
		From     clock.Date `json:"from"`
		To       clock.Date `json:"to"`
		Note     string     `json:"note"`
		Version  int64      `json:"version"`
	}
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return id, err
	}
	in := visit.Mission{ID: id, Hospital: b.Hospital, Title: b.Title, From: b.From, To: b.To, Note: b.Note, Version: b.Version}
	id, err := s.d.Visiting.SaveVisit(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	return id, renamed(err, map[string]string{"hospital": "hospital_id"})
}

func (s *Server) planVisit(r *http.Request, c *call) (int, any, error) {
	id, err := s.saveVisit(r, c, ident.Nil)
	return http.StatusCreated, saved{id}, err
}

func (s *Server) editVisit(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	id, err = s.saveVisit(r, c, id)
	return http.StatusOK, saved{id}, err
}

// visitStep is one change inside a visit: the body is read into b, act makes the
// change, and the answer is the id of the visit.
func (s *Server) visitStep(r *http.Request, b any, act func(id ident.ID) error) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	if err := httpx.DecodeJSON(r, b); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, saved{id}, act(id)
}

func (s *Server) addVisitMember(r *http.Request, c *call) (int, any, error) {
	var b struct {
		Practitioner ident.ID   `json:"practitioner_id"`
		Duty         visit.Duty `json:"duty"`
	}
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.MemberInput{Visit: id, Practitioner: b.Practitioner, Duty: b.Duty}
		return renamed(s.d.Visiting.ChangeRoster(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in)), map[string]string{"practitioner": "practitioner_id"})
	})
}

func (s *Server) removeVisitMember(r *http.Request, c *call) (int, any, error) {
	member, err := pathID(r, "member")
	if err != nil {
		return 0, nil, err
	}
	return s.visitStep(r, &struct{}{}, func(id ident.ID) error {
		in := visiting.MemberInput{Visit: id, Remove: member}
		return s.d.Visiting.ChangeRoster(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	})
}

func (s *Server) planVisitCase(r *http.Request, c *call) (int, any, error) {
	var b struct {
		CaseNo  string         `json:"case_no"`
		Kind    procedure.Kind `json:"kind"`
		Side    procedure.Side `json:"side"`
		Surgeon ident.ID       `json:"surgeon_id"`
		On      clock.Date     `json:"on"`
		Start   int            `json:"start_minute"`
		Minutes int            `json:"minutes"`
		Place   int            `json:"place"`
		Note    string         `json:"note"`
	}
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.EntryInput{Visit: id, CaseNo: b.CaseNo, Entry: visit.Entry{Kind: b.Kind, Side: b.Side, Surgeon: b.Surgeon, On: b.On, Start: b.Start, Minutes: b.Minutes, Place: b.Place, Note: b.Note}}
		return renamed(s.d.Visiting.PlanCase(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in)), map[string]string{"case": "case_no", "surgeon": "surgeon_id"})
	})
}

// replanVisitCase changes a planned operation; patient and operation stay.
func (s *Server) replanVisitCase(r *http.Request, c *call) (int, any, error) {
	entry, err := pathID(r, "entry")
	if err != nil {
		return 0, nil, err
	}
	var b struct {
		Version int64      `json:"version"`
		Surgeon ident.ID   `json:"surgeon_id"`
		On      clock.Date `json:"on"`
		Start   int        `json:"start_minute"`
		Minutes int        `json:"minutes"`
		Place   int        `json:"place"`
		Note    string     `json:"note"`
	}
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.ReplanInput{Visit: id, Entry: visit.Entry{ID: entry, Surgeon: b.Surgeon, On: b.On, Start: b.Start, Minutes: b.Minutes, Place: b.Place, Note: b.Note, Version: b.Version}}
		return renamed(s.d.Visiting.ReplanCase(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in)), map[string]string{"surgeon": "surgeon_id"})
	})
}

func (s *Server) cancelVisitCase(r *http.Request, c *call) (int, any, error) {
	entry, err := pathID(r, "entry")
	if err != nil {
		return 0, nil, err
	}
	var b struct {
		Version int64  `json:"version"`
		Reason  string `json:"reason"`
	}
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.CancelInput{Visit: id, Entry: entry, Version: b.Version, Reason: b.Reason}
		return s.d.Visiting.CancelCase(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	})
}

func (s *Server) handOver(r *http.Request, c *call) (int, any, error) {
	var b struct {
		Case  ident.ID   `json:"case_id"`
		Owner ident.ID   `json:"owner_id"`
		On    clock.Date `json:"on"`
		Note  string     `json:"note"`
	}
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.HandoverInput{Visit: id, Case: b.Case, Owner: b.Owner, On: b.On, Note: b.Note}
		return renamed(s.d.Visiting.HandOver(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in)), map[string]string{"case": "case_id", "owner": "owner_id"})
	})
}

func (s *Server) attend(r *http.Request, c *call) (int, any, error) {
	var b struct {
		Practitioner ident.ID      `json:"practitioner_id"`
		On           clock.Date    `json:"on"`
		Part         visit.DayPart `json:"part"`
	}
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.DayInput{Visit: id, Attendance: visit.Attendance{Practitioner: b.Practitioner, On: b.On, Part: b.Part}}
		return renamed(s.d.Visiting.Attend(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in)), map[string]string{"practitioner": "practitioner_id"})
	})
}

func (s *Server) useSupplies(r *http.Request, c *call) (int, any, error) {
	var b struct {
		Name     string `json:"name"`
		Quantity int    `json:"quantity"`
		Unit     string `json:"unit"`
		Source   string `json:"source"`
	}
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.SupplyInput{Visit: id, Supply: visiting.Supply{Name: b.Name, Quantity: b.Quantity, Unit: b.Unit, Source: b.Source}}
		return s.d.Visiting.UseSupplies(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	})
}

func (s *Server) removeSupplies(r *http.Request, c *call) (int, any, error) {
	supply, err := pathID(r, "supply")
	if err != nil {
		return 0, nil, err
	}
	return s.visitStep(r, &struct{}{}, func(id ident.ID) error {
		in := visiting.SupplyInput{Visit: id, Remove: supply}
		return s.d.Visiting.UseSupplies(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	})
}

// endBody closes or cancels a visit.
type endBody struct {
	Version int64  `json:"version"`
	Reason  string `json:"reason"`
}

func (s *Server) closeVisit(r *http.Request, c *call) (int, any, error) {
	var b endBody
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.End{Visit: id, Version: b.Version}
		return s.d.Visiting.Close(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	})
}

func (s *Server) cancelVisit(r *http.Request, c *call) (int, any, error) {
	var b endBody
	return s.visitStep(r, &b, func(id ident.ID) error {
		in := visiting.End{Visit: id, Version: b.Version, Reason: b.Reason}
		return s.d.Visiting.Cancel(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	})
}
