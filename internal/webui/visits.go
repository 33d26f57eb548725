package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func visitsFilter(b Base, today clock.Date) *Form {
	f := NewForm(b, today, Field{Name: "state", LabelKey: "account.state", Kind: KindSelect, Optional: true, Blank: "list.any", Options: optionsOf(visit.States()...)})
	f.ID, f.Get, f.Compact, f.Action = "filter", true, true, "/visits"
	return f
}

func (s *Server) visitsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	f := visitsFilter(c.Base, c.Today)
	if err := f.Read(r); err != nil {
		return err
	}
	list, err := s.d.Visiting.Visits(r.Context(), c.Who, visit.State(f.Choice("state")), pageRequest(r))
	if err != nil {
		return err
	}
	v := newVisitsView(s.visitingBase(c, "visits"), f, list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, f.Status(), "care/list", v)
}

func newVisitsView(b Base, f *Form, list visiting.Visits) careList {
	if list.Edit {
		b.Actions = []Button{{Text: b.T("visit.new"), Icon: "plus", Href: "/visits/new", Kind: "primary"}}
	}
	t := Table{Caption: b.T("visiting.tab.visits"), Quiet: true, Columns: []Column{{Key: "visit.title", Class: "grow"}, {Key: "treatment.hospital"}, {Key: "period.from"}, {Key: "period.to"},
		{Key: "visit.members", Align: "right"}, {Key: "visit.planned", Align: "right"}, {Key: "account.state"}},
		Empty: Empty{Title: b.T("visit.none"), Text: b.T("visit.none.text"), Buttons: b.Actions}}
	if f.Chosen() != "" {
		t.Empty = nothingMatches(b, "/visits")
	}
	for _, v := range list.Rows {
		tag := visitTag(b, v.Mission, list.Today)
		t.Rows = append(t.Rows, Cells(LinkCell(v.Title, "/visits/"+v.ID.String()), spot(sides(list.Sides).of(v.Hospital), v.HospitalName), DateCell(v.From), DateCell(v.To),
			Cell{Text: number(v.Members), Nowrap: true}, Cell{Text: number(v.Cases), Nowrap: true}, Cell{Tag: &tag}))
	}
	return careList{Base: b, Filter: f, Table: t}
}

// visitTag says where a mission stands; one that is over and not closed is named.
func visitTag(b Base, m visit.Mission, today clock.Date) Tag {
	switch {
	case m.State == visit.Closed:
		return Tag{Text: b.T(m.State.Label()), Kind: "ok"}
	case m.State == visit.Cancelled:
		return Tag{Text: b.T(m.State.Label()), Kind: "plain"}
	case today.Before(m.From):
		return Tag{Text: b.T("period.state.later"), Kind: "info"}
	case today.After(m.To):
		return Tag{Text: b.T("visit.to_close"), Kind: "warn"}
	}
	return Tag{Text: b.T(m.State.Label()), Kind: "info"}
}

func visitForm(b Base, today clock.Date, hospitals []Option) *Form {
	f := keyed(NewForm(b, today, append(placeFields(hospitals), missionFields()...)...))
	f.Action = "/visits"
	return f
}

func missionFields() []Field {
	return []Field{{Name: "title", LabelKey: "visit.title", HintKey: "visit.title.hint", Max: 60, Focus: true},
		{Name: "from", LabelKey: "period.from", Kind: KindDate, Width: 6}, {Name: "to", LabelKey: "period.to", Kind: KindDate, Width: 6},
		{Name: "note", LabelKey: "visit.note", HintKey: "visit.note.hint", Kind: KindArea, Rows: 4, Max: 2000, Optional: true}}
}

func (s *Server) visitForm(r *http.Request, c *Call) (careForm, []Option, error) {
	hospitals, err := s.hospitalOptions(r, c, authz.VisitEdit)
	b := s.visitingFormBase(c, c.P.T("visit.new"), "visits")
	return careForm{Base: b, Form: visitForm(b, c.Today, hospitals)}, hospitals, err
}

func (s *Server) newVisitPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.visitForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("visit.save")}, "/visits")
}

func (s *Server) planVisit(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, hospitals, err := s.visitForm(r, c)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("visit.save")}, Back: "/visits", Done: "visit.saved", Read: func(f *Form) func() error {
		in := visit.Mission{Hospital: placeOf(f, hospitals), Title: f.Text("title"), From: f.Date("from"), To: f.Date("to"), Note: f.Text("note")}
		return func() error {
			_, err := s.d.Visiting.SaveVisit(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
			return err
		}
	}})
}

// visitPage is one mission with everything in it.
type visitPage struct {
	Base
	Alerts []Alert
	Facts  []Def
	Tables []Table
}

func (s *Server) visitOf(r *http.Request, c *Call) (visiting.VisitView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return visiting.VisitView{}, err
	}
	return s.d.Visiting.Visit(r.Context(), c.Who, id)
}

func (s *Server) visitPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.visitOf(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "visiting/visit", newVisitPage(s.visitingFormBase(c, v.Title, "visits"), v))
}

func newVisitPage(b Base, v visiting.VisitView) visitPage {
	self := "/visits/" + v.ID.String()
	tag := visitTag(b, v.Mission, v.Today)
	b.Badge = &tag
	b.Actions = []Button{{Text: b.T("visit.report"), Icon: "file", Href: self + "/report"}}
	if v.Edit {
		b.Actions = append(b.Actions, Button{Text: b.T("visit.edit"), Icon: "edit", Href: self + "/edit"}, Button{Text: b.T("visit.cancel"), Href: self + "/cancel"},
			Button{Text: b.T("visit.close"), Icon: "check", Href: self + "/close", Kind: "primary"})
	}
	p := visitPage{Base: b, Facts: visitFacts(b, v), Alerts: visitAlerts(b, v)}
	p.Tables = []Table{linesTable(b, v), rosterTable(b, v), suppliesTable(b, v)}
	if len(v.Teaching) > 0 {
		p.Tables = append(p.Tables, newLessonsView(Base{P: b.P}, visiting.Lessons{Result: page.Result[visiting.Teaching]{Rows: v.Teaching}, Sides: v.Sides}).Table)
		p.Tables[len(p.Tables)-1].Quiet = false
	}
	return p
}

func visitFacts(b Base, v visiting.VisitView) []Def {
	out := []Def{{Label: b.T("treatment.hospital"), HTML: b.Place(sides(v.Sides).of(v.Hospital), v.HospitalName)}, {Label: b.T("visit.days"), Text: b.T("period.span", "from", v.From, "to", v.To)},
		{Label: b.T("visit.service_days"), Text: number(v.ServiceDays())}, {Label: b.T("visit.counts"), Text: b.T("visit.counts.text", "done", v.Count(visit.OutcomeDone)+v.Count(visit.OutcomeUnplanned),
			"open", v.Count(visit.OutcomeOpen), "cancelled", v.Count(visit.OutcomeCancelled))}}
	if v.Reason != "" {
		out = append(out, Def{Label: b.T("treatment.reason"), Text: v.Reason})
	}
	if v.ClosedBy != "" {
		out = append(out, Def{Label: b.T("visit.closed_by"), Text: v.ClosedBy})
	}
	if v.Note != "" {
		out = append(out, Def{Label: b.T("visit.note"), Text: v.Note})
	}
	return out
}

func visitAlerts(b Base, v visiting.VisitView) []Alert {
	var out []Alert
	if v.Unowned > 0 && v.State != visit.Cancelled {
		a := Alert{Kind: "warn", Title: b.T("visit.unowned", "n", v.Unowned), Text: b.T("visit.unowned.text")}
		if v.Hand {
			a.Buttons = []Button{{Text: b.T("visit.handover"), Href: "/visits/" + v.ID.String() + "/handover"}}
		}
		out = append(out, a)
	}
	for _, x := range v.Clashes {
		text := b.T("visit.clash.hours", "from", minute(x.Busy.From), "to", minute(x.Busy.To))
		if x.Roster {
			text = b.T("visit.clash.days", "from", clock.DateOf(x.Busy.From.In(clock.Shanghai)), "to", clock.DateOf(x.Busy.To.In(clock.Shanghai)).AddDays(-1))
		}
		out = append(out, Alert{Kind: "warn", Title: b.T("visit.clash", "name", x.Name), Text: text})
	}
	return out
}

func linesTable(b Base, v visiting.VisitView) Table {
	self := "/visits/" + v.ID.String()
	t := Table{Caption: b.T("visit.list"), Columns: []Column{{Key: "operation.on"}, {Key: "operation.one", Class: "grow"}, {Key: "operation.lead"}, {Key: "visit.outcome"}, {Key: "visit.owner"}, {Key: "care.action", Hidden: true}},
		Empty: Empty{Title: b.T("visit.list.none"), Text: b.T("visit.list.none.text")}}
	if v.Cases {
		t.Columns = slices.Insert(t.Columns, 1, Column{Key: "case.patient"})
	}
	if v.Edit {
		t.Columns = append(t.Columns, Column{Key: "visit.entry.edit", Hidden: true})
		t.Links = []Link{{Text: b.T("visit.cases"), Href: self + "/cases"}, {Text: b.T("visit.handover"), Href: self + "/handover"}}
	}
	for _, l := range v.Lines {
		on, kind, side, lead := clock.Date{}, procedure.Kind(""), procedure.Side(""), ""
		what := Cell{}
		if l.Entry != nil {
			on, kind, side, lead = l.Entry.On, l.Entry.Kind, l.Entry.Side, l.Entry.SurgeonName
		}
		if l.Operation != nil {
			on, kind, side, lead = l.Operation.On, l.Operation.Kind, l.Operation.Side, l.Operation.LeadName
			what.Href = "/operations/" + l.Operation.Procedure.String()
		}
		if !v.Cases {
			what.Href = ""
		}
		what.Text = kindName(b, kind, side)
		if l.Entry != nil && l.Entry.Timed() {
			what.Sub = b.T("visit.hour", "at", clockTime(l.Entry.Start), "n", l.Entry.Minutes)
		}
		if l.Entry != nil && l.Entry.Place > 0 {
			what.Sub = strings.TrimSpace(b.T("visit.placed", "n", l.Entry.Place) + " " + what.Sub)
		}
		if l.Entry != nil && l.Entry.Note != "" {
			what.Sub = strings.TrimSpace(what.Sub + " " + l.Entry.Note)
		}
		outcome := Cell{Tag: &Tag{Text: b.T(l.Outcome.Label()), Kind: outcomeKind(l.Outcome)}}
		if l.Entry != nil {
			outcome.Sub = l.Entry.Reason
		}
		owner, change, action := TextCell(""), TextCell(""), TextCell("")
		if l.Owner != nil {
			owner = Cell{Text: l.Owner.OwnerName, Sub: l.Owner.On.String()}
		}
		switch {
		case v.Hand && l.Operation != nil:
			action = ButtonCell(Button{Text: b.T("visit.handover"), Href: self + "/handover?case=" + l.Case.String()})
		case v.Edit && l.Outcome == visit.OutcomeOpen:
			entry := self + "/cases/" + l.Entry.ID.String()
			change, action = ButtonCell(Button{Text: b.T("visit.entry.edit"), Href: entry + "/edit"}), ButtonCell(Button{Text: b.T("visit.entry.cancel"), Href: entry + "/cancel"})
		}
		day := DateCell(on)
		if on.IsZero() {
			day = TextCell("–") // the head of a row says something
		}
		row := Cells(day, what, TextCell(lead), outcome, owner, action)
		if v.Edit {
			row.Cells = slices.Insert(row.Cells, 5, change)
		}
		if v.Cases {
			row.Cells = slices.Insert(row.Cells, 1, Cell{Text: l.Patient.Name, Sub: l.Patient.CaseNo, Nowrap: true})
		}
		row.Alert = l.Operation != nil && l.Owner == nil && v.State != visit.Cancelled
		t.Rows = append(t.Rows, row)
	}
	return t
}

func outcomeKind(o visit.Outcome) string {
	return map[visit.Outcome]string{visit.OutcomeDone: "ok", visit.OutcomeUnplanned: "ok", visit.OutcomeOpen: "warn"}[o]
}

// kindName is a kind with its side.
func kindName(b Base, kind procedure.Kind, side procedure.Side) string {
	if !side.Known() {
		return b.T(kind.Label())
	}
	if kind.Site() == procedure.Eye {
		return b.T("operation.name.eye", "side", b.T(side.EyeLabel()), "kind", b.T(kind.Label()))
	}
	return b.T("operation.name", "side", b.T(side.Label()), "kind", b.T(kind.Label()))
}

func rosterTable(b Base, v visiting.VisitView) Table {
	self := "/visits/" + v.ID.String()
	t := Table{Caption: b.T("visit.roster"), Columns: []Column{{Key: "practitioner.name", Class: "grow"}, {Key: "practitioner.home"}, {Key: "visit.duty"}, {Key: "visit.service_days", Align: "right"}, {Key: "care.action", Hidden: true}},
		Empty: Empty{Title: b.T("visit.roster.none"), Text: b.T("visit.roster.none.text")}}
	if v.Edit {
		t.Links = []Link{{Text: b.T("visit.member.add"), Href: self + "/members"}, {Text: b.T("visit.attend"), Href: self + "/days"}}
	}
	for _, m := range v.Roster {
		action := TextCell("")
		if v.Edit {
			action = ButtonCell(Button{Text: b.T("visit.member.remove"), Href: self + "/members/" + m.ID.String() + "/removal"})
		}
		t.Rows = append(t.Rows, Cells(TextCell(m.Name), TextCell(m.HomeName), TextCell(b.T(m.Duty.Label())), Cell{Text: number(visit.ServiceDays(v.Days, m.Practitioner)), Nowrap: true}, action))
	}
	return t
}

func suppliesTable(b Base, v visiting.VisitView) Table {
	self := "/visits/" + v.ID.String()
	t := Table{Caption: b.T("visit.supplies"), Columns: []Column{{Key: "visit.supply.name", Class: "grow"}, {Key: "visit.supply.quantity", Align: "right"}, {Key: "visit.supply.unit"}, {Key: "visit.supply.source"}, {Key: "care.action", Hidden: true}},
		Empty: Empty{Title: b.T("visit.supplies.none"), Text: b.T("visit.supplies.none.text")}}
	if v.Edit {
		t.Links = []Link{{Text: b.T("visit.supply.add"), Href: self + "/supplies"}}
	}
	for _, x := range v.Supplies {
		action := TextCell("")
		if v.Edit {
			action = ButtonCell(Button{Text: b.T("visit.supply.remove"), Href: self + "/supplies/" + x.ID.String() + "/removal"})
		}
		t.Rows = append(t.Rows, Cells(TextCell(x.Name), Cell{Text: number(x.Quantity), Nowrap: true}, TextCell(x.Unit), TextCell(b.T("visit.supply.source."+x.Source)), action))
	}
	return t
}

// clockTime writes minutes after midnight as an hour.
func clockTime(minutes int) string {
	return string([]byte{'0' + byte(minutes/600), '0' + byte(minutes/60%10), ':', '0' + byte(minutes%60/10), '0' + byte(minutes%10)}) // #nosec G115 -- digits of a time of day
}

// visitPlace is the address a step inside a mission returns to.
func visitPlace(id ident.ID) string { return "/visits/" + id.String() }
