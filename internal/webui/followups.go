package webui

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/service/aftercare"
	care "github.com/shanhai-health/shanhai/internal/service/treatment"
)

// followUpList is the worklist with the desk's field.
type followUpList struct {
	Base
	Desk   *Form
	Find   Button
	Filter *Form
	Table  Table
	// Excluded says who is not on the lists, and why: each reason with its counter.
	Excluded string
	Take     *takeBar
}

// followFilterParts is what the filter offers beside its fixed choices.
type followFilterParts struct {
	list      aftercare.List
	hospitals []Option
	townships []string
}

func followFilter(b Base, today clock.Date, x followFilterParts) *Form {
	fields := []Field{{Name: "programme", LabelKey: "case.programme", Kind: KindSelect, Optional: true, Blank: "list.any", Options: programmeOptions(procedure.Programmes())}}
	if len(x.hospitals) > 1 {
		fields = append(fields, Field{Name: "hospital", LabelKey: "followup.hospital", Kind: KindSelect, Optional: true, Blank: "list.any", Options: x.hospitals})
	}
	var towns []Option
	for _, t := range x.townships {
		towns = append(towns, Option{Value: t, Text: t})
	}
	if x.list == aftercare.Due || x.list == aftercare.Overdue {
		fields = append(fields, Field{Name: "taken", LabelKey: "followup.taken", Kind: KindSelect, Optional: true, Blank: "list.any", Options: []Option{{Value: "mine", Key: "followup.taken.mine"}}})
	}
	fields = append(fields, Field{Name: "township", LabelKey: "followup.township", Kind: KindCombo, Optional: true, Blank: "list.any", Options: towns},
		Field{Name: "village", LabelKey: "followup.village", Max: patient.MaxPlace, Optional: true})
	f := NewForm(b, today, fields...)
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/followups"
	return f.Hide("list", string(x.list))
}

// followInput reads which list is asked for.
func (s *Server) followInput(r *http.Request, c *Call) (aftercare.ListInput, []Option, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.FollowUpRead)
	if err != nil {
		return aftercare.ListInput{}, nil, err
	}
	f := followFilter(c.Base, c.Today, followFilterParts{hospitals: hospitals})
	f.Declare(Field{Name: "township", LabelKey: "followup.township", Max: patient.MaxPlace, Optional: true}) // whatever was asked for
	f.raw = r.URL.Query()
	in := aftercare.ListInput{List: aftercare.List(r.URL.Query().Get("list")), Programme: procedure.Programme(f.Choice("programme")), Hospital: offered(f, "hospital"),
		Township: f.Text("township"), Village: f.Text("village"), Mine: r.URL.Query().Get("taken") == "mine", Page: pageRequest(r)}
	if !slices.Contains(aftercare.Lists(), in.List) {
		in.List = aftercare.Due
	}
	return in, hospitals, nil
}

// followQuery is the address of a list, without its page.
func followQuery(in aftercare.ListInput) string {
	q := url.Values{"list": {string(in.List)}}
	for name, v := range map[string]string{"programme": string(in.Programme), "township": in.Township, "village": in.Village} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if in.Hospital != (aftercare.ListInput{}).Hospital {
		q.Set("hospital", in.Hospital.String())
	}
	return q.Encode()
}

func deskForm(b Base, today clock.Date) *Form {
	f := NewForm(b, today, Field{Name: "token", LabelKey: "followup.desk", Max: 60})
	f.ID, f.Action, f.Compact = "desk", "/followups/desk", true
	return f
}

func (s *Server) followUpsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showFollowUps(w, r, c, deskForm(c.Base, c.Today))
}

func (s *Server) showFollowUps(w http.ResponseWriter, r *http.Request, c *Call, desk *Form) error {
	in, hospitals, err := s.followInput(r, c)
	if err != nil {
		return err
	}
	list, err := s.d.Aftercare.Worklist(r.Context(), c.Who, in)
	if err != nil {
		return err
	}
	if in.Township != "" && !slices.Contains(list.Townships, in.Township) {
		list.Townships = append(list.Townships, in.Township)
	}
	f := followFilter(c.Base, c.Today, followFilterParts{list: in.List, hospitals: hospitals, townships: list.Townships})
	f.raw = r.URL.Query()
	s.section(c, "followups")
	v := newFollowUpsView(c.Base, f, in, list)
	v.Desk = desk
	if list.Record && (in.List == aftercare.Due || in.List == aftercare.Overdue) && len(list.Rows) > 0 {
		colleagues, err := s.d.Aftercare.Colleagues(r.Context(), c.Who)
		if err != nil {
			return err
		}
		v.Take = newTakeBar(c.Base, c.Who.AccountID, colleagues)
	}
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, desk.Status(), "followup/list", v)
}

func newFollowUpsView(b Base, f *Form, in aftercare.ListInput, list aftercare.Worklist) followUpList {
	b.Title, b.Sub = b.T("nav.followups"), b.T("followup.sub."+string(in.List))
	count := map[aftercare.List]int{aftercare.Due: list.Counts.Due, aftercare.Overdue: list.Counts.Overdue, aftercare.Lost: list.Counts.Lost}
	for _, x := range aftercare.Lists() {
		tab := Tab{Text: b.T("followup.list." + string(x)), Href: "/followups?list=" + string(x), Current: x == in.List}
		if x != aftercare.Closed {
			tab.Count = atMost(count[x])
		}
		b.Tabs = append(b.Tabs, tab)
	}
	if list.Record && (in.List == aftercare.Due || in.List == aftercare.Overdue) && len(list.Rows) > 0 {
		q := followQuery(in)
		b.Actions = []Button{{Text: b.T("followup.calls"), Icon: "printer", Href: "/followups/calls?" + q}, {Text: b.T("followup.forms"), Icon: "printer", Href: "/followups/forms?" + q}}
	}
	b.Actions = append(b.Actions, Button{Text: b.T("followup.rules"), Icon: "gear", Href: "/followup-rules"})
	t := followTable(b, list, in.List)
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/followups?list="+string(in.List))
	}
	return followUpList{Base: b, Desk: deskForm(b, list.Today), Find: Button{Text: b.T("followup.desk.go")}, Filter: f, Table: t, Excluded: excluded(b, list.Counts)}
}

// atMost is a counter that stopped counting.
func atMost(n int) string {
	if n >= aftercare.Many {
		return strconv.Itoa(aftercare.Many) + "+"
	}
	return strconv.Itoa(n)
}

func followTable(b Base, list aftercare.Worklist, which aftercare.List) Table {
	ended := which == aftercare.Lost || which == aftercare.Closed
	window := "followup.window"
	if ended {
		window = "followup.reason"
	}
	t := Table{Caption: b.T("followup.list." + string(which)), Quiet: true, Columns: []Column{{Key: "case.patient"}, {Key: "followup.operation", Class: "grow"},
		{Key: "followup.step"}, {Key: window}, {Key: "followup.place"}, {Key: "followup.hospital"}, {Key: "care.action", Hidden: true}},
		Empty: Empty{Title: b.T("followup.none." + string(which)), Text: b.T("followup.none.text")}}
	take := list.Record && !ended
	if take {
		t.Columns = slices.Insert(t.Columns, 1, Column{Key: "followup.taken"})
	}
	for _, f := range list.Rows {
		last := windowCell(b, f, list.Today)
		if ended {
			last = Cell{Text: b.T(f.Reason.Label()), Sub: f.EndedOn.String()}
		}
		act := TextCell("")
		if take {
			act = ButtonCell(Button{Text: b.T("followup.record"), Href: recordHref(f)})
		}
		who := Cell{Text: f.PersonName, Href: caseFollowUps(f.Case.String()), Sub: identity(b, f.Sex, f.Birth, list.Today) + " " + f.CaseNo}
		cells := []Cell{who, followOperation(b, f), stepCell(b, f), last, {Text: f.Township + f.Village, Sub: maskedPhone(f)}, spot(sides(list.Sides).of(f.Hospital), f.HospitalName), act}
		if take {
			cells[0].Pick, cells[0].PickForm = f.ID.String(), "take"
			cells = slices.Insert(cells, 1, takenCell(b, f))
		}
		t.Rows = append(t.Rows, Cells(cells...))
	}
	return t
}

func caseFollowUps(id string) string { return "/cases/" + id + "/followups" }

func recordHref(f aftercare.FollowUp) string {
	return caseFollowUps(f.Case.String()) + "/new?appointment=" + f.ID.String()
}

func followOperation(b Base, f aftercare.FollowUp) Cell {
	o := care.Operation{Procedure: procedure.Procedure{Kind: f.Kind, Site: f.Site, Side: f.Side}}
	return Cell{Text: operationName(b, o), Sub: f.OperatedOn.String()}
}

// stepCell names an appointment and what it asks for.
func stepCell(b Base, f aftercare.FollowUp) Cell {
	return Cell{Text: b.T(f.Step.Label()), Sub: wantsText(b, f), Nowrap: true}
}

func wantsText(b Base, f aftercare.FollowUp) string {
	var wants []string
	for _, w := range followup.WantsOf(f.Kind, f.Step) {
		wants = append(wants, b.T(w.Label()))
	}
	return strings.Join(wants, b.T("list.separator"))
}

func windowText(b Base, f aftercare.FollowUp) string {
	return b.T("followup.from_to", "from", f.From.String(), "to", f.To.String())
}

// windowCell is the window with how it stands: what is overdue says since when.
func windowCell(b Base, f aftercare.FollowUp, today clock.Date) Cell {
	state := f.State(today, f.Died)
	c := Cell{Text: windowText(b, f), Nowrap: true}
	switch {
	case state == followup.StateOverdue:
		c.Sub, c.Bad = b.T("followup.overdue_by", "n", today.DaysSince(f.To)), true
	case f.Attempts > 0:
		c.Sub = b.T("followup.attempts", "n", f.Attempts)
	default:
		c.Sub = b.T(state.Label())
	}
	return c
}

func maskedPhone(f aftercare.FollowUp) string {
	if f.PhoneLast4 == "" {
		return ""
	}
	return MaskPhone(f.PhoneLast4)
}

// excluded puts the counters of those who left the lists into one sentence.
func excluded(b Base, n aftercare.Counts) string {
	var out []string
	for _, r := range followup.Closings() {
		out = append(out, b.T("followup.excluded.one", "reason", b.T(r.Label()), "n", atMost(n.Closed[r])))
	}
	return b.T("followup.excluded", "list", strings.Join(out, b.T("list.separator")))
}

// findSlip opens the case of a scanned or typed return slip.
func (s *Server) findSlip(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := deskForm(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	if token := f.Text("token"); f.OK() {
		id, err := s.d.Aftercare.Find(r.Context(), c.Who, token)
		if err == nil {
			return seeOther(w, r, caseFollowUps(id.String()))
		}
		if err = f.Merge(err); err != nil {
			return err
		}
	}
	return s.showFollowUps(w, r, c, f)
}
