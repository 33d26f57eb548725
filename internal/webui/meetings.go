package webui

import (
	"net/http"
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func (s *Server) meetingsPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Visiting.Meetings(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newMeetingsView(s.visitingBase(c, "meetings"), list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "device/list", v)
}

func newMeetingsView(b Base, list visiting.Meetings) deviceList {
	if list.Edit {
		b.Actions = []Button{{Text: b.T("meeting.new"), Icon: "plus", Href: "/meetings/new", Kind: "primary"}}
	}
	t := Table{Caption: b.T("visiting.tab.meetings"), Quiet: true, Columns: []Column{{Key: "meeting.on"}, {Key: "meeting.topic", Class: "grow"}, {Key: "meeting.kind"}, {Key: "meeting.place"},
		{Key: "meeting.attendees", Align: "right"}, {Key: "meeting.open", Align: "right"}}, Empty: Empty{Title: b.T("meeting.none"), Text: b.T("meeting.none.text"), Buttons: b.Actions}}
	for _, m := range list.Rows {
		t.Rows = append(t.Rows, Cells(DateCell(m.On), LinkCell(m.Topic, "/meetings/"+m.ID.String()), TextCell(b.T(m.Kind.Label())), TextCell(m.Place),
			Cell{Text: number(m.Attendees), Nowrap: true}, Cell{Text: number(m.Open), Nowrap: true}))
	}
	return deviceList{Base: b, Table: t}
}

func meetingForm(b Base, today clock.Date, m visiting.Meeting) *Form {
	f := keyed(NewForm(b, today,
		Field{Name: "kind", LabelKey: "meeting.kind", Kind: KindRadio, Options: optionsOf(visit.Gatherings()...), Focus: true},
		Field{Name: "topic", LabelKey: "meeting.topic", Max: 100},
		Field{Name: "on", LabelKey: "meeting.on", Kind: KindDate, Width: 6},
		Field{Name: "place", LabelKey: "meeting.place", Max: 100, Width: 6},
		Field{Name: "attendees", LabelKey: "meeting.attendees", Kind: KindNumber, Low: 0, High: 5000, Optional: true, Width: 6},
		Field{Name: "minutes", LabelKey: "meeting.minutes", HintKey: "meeting.minutes.hint", Kind: KindArea, Rows: 10, Max: 10000, Optional: true}))
	f.Action = "/meetings"
	if m.ID == ident.Nil {
		return f.Put("on", today.String())
	}
	f.Action = "/meetings/" + m.ID.String() + "/edit"
	f.Hide("version", version(m.Version))
	return f.Put("kind", string(m.Kind)).Put("topic", m.Topic).Put("on", m.On.String()).Put("place", m.Place).Put("attendees", number(m.Attendees)).Put("minutes", m.Minutes)
}

func (s *Server) newMeeting(c *Call) careForm {
	b := s.visitingFormBase(c, c.P.T("meeting.new"), "meetings")
	return careForm{Base: b, Form: meetingForm(b, c.Today, visiting.Meeting{})}
}

func (s *Server) newMeetingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showCareForm(w, r, s.newMeeting(c), Button{Text: c.P.T("visit.save")}, "/meetings")
}

func (s *Server) recordMeeting(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.submitMeeting(w, r, c, s.newMeeting(c), ident.Nil)
}

func (s *Server) submitMeeting(w http.ResponseWriter, r *http.Request, c *Call, p careForm, id ident.ID) error {
	back := "/meetings"
	if id != ident.Nil {
		back += "/" + id.String()
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("visit.save")}, Back: back, Done: "visit.saved", Read: func(f *Form) func() error {
		in := visit.Meeting{ID: id, Kind: visit.Gathering(f.Choice("kind")), Topic: f.Text("topic"), On: f.Date("on"), Place: f.Text("place"), Attendees: f.Int("attendees"),
			Minutes: f.Text("minutes"), Version: f.Version()}
		return func() error {
			_, err := s.d.Visiting.SaveMeeting(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
			return err
		}
	}})
}

func (s *Server) meetingOf(r *http.Request, c *Call) (visiting.MeetingView, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return visiting.MeetingView{}, err
	}
	return s.d.Visiting.Meeting(r.Context(), c.Who, id)
}

func (s *Server) meetingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	v, err := s.meetingOf(r, c)
	if err != nil {
		return err
	}
	return s.d.Engine.Render(w, r, http.StatusOK, "visiting/visit", newMeetingPage(s.visitingFormBase(c, v.Topic, "meetings"), v))
}

// newMeetingPage is one meeting with its follow-ups; it has the shape of a
// mission's page.
func newMeetingPage(b Base, v visiting.MeetingView) visitPage {
	self := "/meetings/" + v.ID.String()
	if v.Edit {
		b.Actions = []Button{{Text: b.T("meeting.edit"), Icon: "edit", Href: self + "/edit"}, {Text: b.T("meeting.task.new"), Icon: "plus", Href: self + "/tasks/new", Kind: "primary"}}
	}
	p := visitPage{Base: b, Facts: []Def{{Label: b.T("meeting.on"), Text: b.DayWeek(v.On)}, {Label: b.T("meeting.kind"), Text: b.T(v.Kind.Label())}, {Label: b.T("meeting.place"), Text: v.Place},
		{Label: b.T("meeting.attendees"), Text: number(v.Attendees)}, {Label: b.T("meeting.minutes"), Text: v.Minutes}}}
	t := Table{Caption: b.T("meeting.tasks"), Columns: []Column{{Key: "meeting.task", Class: "grow"}, {Key: "meeting.responsible"}, {Key: "meeting.due"}, {Key: "meeting.done"}, {Key: "meeting.outcome"}},
		Empty: Empty{Title: b.T("meeting.tasks.none"), Text: b.T("meeting.tasks.none.text")}}
	for _, x := range v.Tasks {
		what := TextCell(x.Task)
		if v.Edit {
			what.Href = self + "/tasks/" + x.ID.String()
		}
		done := DateCell(x.Done)
		if x.Late(v.Today) {
			done = TagCell("warn", b.T("meeting.late"))
		}
		row := Cells(what, TextCell(x.Responsible), DateCell(x.Due), done, TextCell(x.Outcome))
		row.Alert = x.Late(v.Today)
		t.Rows = append(t.Rows, row)
	}
	p.Tables = []Table{t}
	return p
}

func (s *Server) editMeetingForm(r *http.Request, c *Call) (careForm, visiting.MeetingView, error) {
	v, err := s.meetingOf(r, c)
	b := s.visitingFormBase(c, c.P.T("meeting.edit"), "meetings")
	return careForm{Base: b, Form: meetingForm(b, c.Today, v.Meeting)}, v, err
}

func (s *Server) editMeetingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.editMeetingForm(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("visit.save")}, "/meetings/"+v.ID.String())
}

func (s *Server) editMeeting(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, v, err := s.editMeetingForm(r, c)
	if err != nil {
		return err
	}
	return s.submitMeeting(w, r, c, p, v.ID)
}

func taskForm(b Base, today clock.Date, t visit.Task) *Form {
	f := keyed(NewForm(b, today, Field{Name: "task", LabelKey: "meeting.task", Max: 200, Focus: true},
		Field{Name: "responsible", LabelKey: "meeting.responsible", Max: 60, Width: 6}, Field{Name: "due", LabelKey: "meeting.due", Kind: KindDate, Width: 6},
		Field{Name: "done", LabelKey: "meeting.done", HintKey: "meeting.done.hint", Kind: KindDate, Optional: true, Width: 6},
		Field{Name: "outcome", LabelKey: "meeting.outcome", Max: 200, Optional: true, Width: 6}))
	f.Action = "/meetings/" + t.Meeting.String() + "/tasks"
	if t.ID == ident.Nil {
		return f
	}
	f.Action += "/" + t.ID.String()
	f.Hide("version", version(t.Version))
	return f.Put("task", t.Task).Put("responsible", t.Responsible).Put("due", t.Due.String()).Put("done", t.Done.String()).Put("outcome", t.Outcome)
}

// taskOf is the form of a follow-up: a new one, or the one the address names.
func (s *Server) taskOf(r *http.Request, c *Call, fresh bool) (careForm, visit.Task, error) {
	v, err := s.meetingOf(r, c)
	if err != nil {
		return careForm{}, visit.Task{}, err
	}
	t := visit.Task{Meeting: v.ID}
	title := "meeting.task.new"
	if !fresh {
		id, err := pathID(r, "task")
		i := slices.IndexFunc(v.Tasks, func(x visit.Task) bool { return x.ID == id })
		if err != nil || i < 0 {
			return careForm{}, t, errs.Missing("error.not_found")
		}
		t, title = v.Tasks[i], "meeting.task.edit"
	}
	b := s.visitingFormBase(c, c.P.T(title), "meetings")
	return careForm{Base: b, Form: taskForm(b, c.Today, t), Facts: []Def{{Label: b.T("meeting.topic"), Text: v.Topic}, {Label: b.T("meeting.on"), Text: b.Day(v.On)}}}, t, nil
}

func (s *Server) showTask(w http.ResponseWriter, r *http.Request, c *Call, fresh bool) error {
	p, t, err := s.taskOf(r, c, fresh)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("visit.save")}, "/meetings/"+t.Meeting.String())
}

func (s *Server) saveTask(w http.ResponseWriter, r *http.Request, c *Call, fresh bool) error {
	p, t, err := s.taskOf(r, c, fresh)
	if err != nil {
		return err
	}
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("visit.save")}, Back: "/meetings/" + t.Meeting.String(), Done: "visit.saved", Read: func(f *Form) func() error {
		in := visit.Task{ID: t.ID, Meeting: t.Meeting, Task: f.Text("task"), Responsible: f.Text("responsible"), Due: f.Date("due"), Done: f.Date("done"), Outcome: f.Text("outcome"), Version: f.Version()}
		return func() error {
			_, err := s.d.Visiting.SaveTask(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
			return err
		}
	}})
}

func (s *Server) newTaskPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showTask(w, r, c, true)
}

func (s *Server) addTask(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.saveTask(w, r, c, true)
}

func (s *Server) taskPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.showTask(w, r, c, false)
}

func (s *Server) editTask(w http.ResponseWriter, r *http.Request, c *Call) error {
	return s.saveTask(w, r, c, false)
}
