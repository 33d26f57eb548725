package webui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func (s *Server) teachingRoutes(rt *router) {
	rt.get("/teaching", authz.TeachingRead, s.teachingPage)
	rt.get("/teaching/new", authz.TeachingEdit, s.newLessonPage)
	rt.post("/teaching", authz.TeachingEdit, s.recordLesson)
	rt.get("/teaching/{id}", authz.TeachingRead, s.lessonPage)
	rt.post("/teaching/{id}", authz.TeachingEdit, s.editLesson)
	rt.get("/meetings", authz.MeetingRead, s.meetingsPage)
	rt.get("/meetings/new", authz.MeetingEdit, s.newMeetingPage)
	rt.post("/meetings", authz.MeetingEdit, s.recordMeeting)
	rt.get("/meetings/{id}", authz.MeetingRead, s.meetingPage)
	rt.get("/meetings/{id}/edit", authz.MeetingEdit, s.editMeetingPage)
	rt.post("/meetings/{id}/edit", authz.MeetingEdit, s.editMeeting)
	rt.get("/meetings/{id}/tasks/new", authz.MeetingEdit, s.newTaskPage)
	rt.post("/meetings/{id}/tasks", authz.MeetingEdit, s.addTask)
	rt.get("/meetings/{id}/tasks/{task}", authz.MeetingEdit, s.taskPage)
	rt.post("/meetings/{id}/tasks/{task}", authz.MeetingEdit, s.editTask)
}

func (s *Server) teachingPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	list, err := s.d.Visiting.Lessons(r.Context(), c.Who, pageRequest(r))
	if err != nil {
		return err
	}
	v := newLessonsView(s.visitingBase(c, "teaching"), list)
	v.Table.Pager = NewPager(r.URL, list.Next, "")
	return s.d.Engine.Render(w, r, http.StatusOK, "device/list", v)
}

func newLessonsView(b Base, list visiting.Lessons) deviceList {
	if list.Edit {
		b.Actions = []Button{{Text: b.T("teaching.new"), Icon: "plus", Href: "/teaching/new", Kind: "primary"}}
	}
	t := Table{Caption: b.T("visiting.tab.teaching"), Quiet: true, Columns: []Column{{Key: "teaching.on"}, {Key: "teaching.topic", Class: "grow"}, {Key: "teaching.kind"}, {Key: "teaching.teacher"},
		{Key: "teaching.came", Align: "right"}, {Key: "treatment.hospital"}}, Empty: Empty{Title: b.T("teaching.none"), Text: b.T("teaching.none.text"), Buttons: b.Actions}}
	for _, x := range list.Rows {
		t.Rows = append(t.Rows, Cells(DateCell(x.On), LinkCell(x.Topic, "/teaching/"+x.ID.String()), TextCell(b.T(x.Kind.Label())), TextCell(x.TeacherName),
			Cell{Text: number(len(x.Attendees) + x.Others), Nowrap: true}, spot(sides(list.Sides).of(x.Hospital), x.HospitalName)))
	}
	return deviceList{Base: b, Table: t}
}

// lessonChoice is what the form of a lesson offers.
type lessonChoice struct {
	hospitals, doctors, visits []Option
}

func lessonForm(b Base, today clock.Date, x lessonChoice) *Form {
	fields := append(placeFields(x.hospitals),
		Field{Name: "kind", LabelKey: "teaching.kind", Kind: KindRadio, Options: optionsOf(visit.Lessons()...), Focus: true},
		Field{Name: "topic", LabelKey: "teaching.topic", Max: 100},
		Field{Name: "on", LabelKey: "teaching.on", Kind: KindDate, Width: 6},
		Field{Name: "minutes", LabelKey: "visit.minutes", Kind: KindNumber, Low: 1, High: 1440, Width: 6},
		Field{Name: "teacher", LabelKey: "teaching.teacher", Kind: KindCombo, Options: x.doctors, Width: 6},
		Field{Name: "visit", LabelKey: "teaching.visit", Kind: KindSelect, Options: x.visits, Blank: "list.none", Optional: true, Width: 6},
		Field{Name: "attendees", LabelKey: "teaching.attendees", HintKey: "teaching.attendees.hint", Kind: KindChecks, Options: x.doctors, Optional: true},
		Field{Name: "others", LabelKey: "teaching.others", HintKey: "teaching.others.hint", Kind: KindNumber, Low: 0, High: 5000, Optional: true, Width: 6},
		Field{Name: "note", LabelKey: "care.note", Kind: KindArea, Rows: 2, Max: 2000, Optional: true})
	f := keyed(NewForm(b, today, fields...)).saysIfCut("visit")
	f.Action = "/teaching"
	return f
}

func (s *Server) lessonChoice(r *http.Request, c *Call) (x lessonChoice, err error) {
	if x.hospitals, err = s.hospitalOptions(r, c, authz.TeachingRead); err != nil {
		return x, err
	}
	x.hospitals = slices.DeleteFunc(x.hospitals, func(o Option) bool {
		id, _ := ident.Parse(o.Value) // made by the page
		return !s.d.Policy.Can(c.Who, authz.TeachingEdit, authz.AtHospital(c.Who.PartnershipID, id))
	})
	if x.doctors, err = s.doctorOptions(r, c, x.hospitals); err != nil {
		return x, err
	}
	list, err := everyPage(func(at page.Request) (page.Result[visiting.Visit], error) {
		v, err := s.d.Visiting.Visits(r.Context(), c.Who, "", at)
		return v.Result, err
	})
	for _, v := range list {
		x.visits = append(x.visits, Option{Value: v.ID.String(), Text: v.Title + " " + v.HospitalName + " " + v.From.String()})
	}
	return x, err
}

func readLesson(f *Form, id ident.ID, hospital ident.ID) visit.Teaching {
	t := visit.Teaching{ID: id, Hospital: hospital, Kind: visit.Lesson(f.Choice("kind")), Topic: f.Text("topic"), On: f.Date("on"), Minutes: f.Int("minutes"), Teacher: picked(f, "teacher"),
		Visit: picked(f, "visit"), Others: f.Int("others"), Note: f.Text("note"), Version: f.Version()}
	for _, text := range f.Choices("attendees") {
		a, _ := ident.Parse(text) // offered by the page
		t.Attendees = append(t.Attendees, a)
	}
	return t
}

func (s *Server) newLesson(r *http.Request, c *Call) (careForm, lessonChoice, error) {
	x, err := s.lessonChoice(r, c)
	b := s.visitingFormBase(c, c.P.T("teaching.new"), "teaching")
	return careForm{Base: b, Form: lessonForm(b, c.Today, x).Put("on", c.Today.String())}, x, err
}

func (s *Server) newLessonPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, err := s.newLesson(r, c)
	if err != nil {
		return err
	}
	return s.showCareForm(w, r, p, Button{Text: p.T("visit.save")}, "/teaching")
}

func (s *Server) recordLesson(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, x, err := s.newLesson(r, c)
	if err != nil {
		return err
	}
	return s.submitLesson(w, r, c, p, func(f *Form) visit.Teaching { return readLesson(f, ident.Nil, placeOf(f, x.hospitals)) })
}

func (s *Server) submitLesson(w http.ResponseWriter, r *http.Request, c *Call, p careForm, read func(*Form) visit.Teaching) error {
	return s.submit(w, r, c, p, submission{Save: Button{Text: p.T("visit.save")}, Back: "/teaching", Done: "visit.saved", Read: func(f *Form) func() error {
		in := read(f)
		return func() error {
			_, err := s.d.Visiting.SaveLesson(r.Context(), c.Who, in, visiting.KeyOf(requestKey(r), in))
			return err
		}
	}})
}

func (s *Server) lessonOf(r *http.Request, c *Call) (careForm, visiting.Teaching, bool, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return careForm{}, visiting.Teaching{}, false, err
	}
	t, edit, err := s.d.Visiting.Lesson(r.Context(), c.Who, id)
	if err != nil {
		return careForm{}, t, false, err
	}
	b := s.visitingFormBase(c, t.Topic, "teaching")
	if !edit {
		return careForm{Base: b, Form: NewForm(b, c.Today), Facts: lessonFacts(b, t)}, t, false, nil
	}
	x, err := s.lessonChoice(r, c)
	x.hospitals = nil // another hospital is another lesson
	return editLessonForm(b, c.Today, x, t), t, true, err
}

func editLessonForm(b Base, today clock.Date, x lessonChoice, t visiting.Teaching) careForm {
	f := lessonForm(b, today, x)
	f.Action = "/teaching/" + t.ID.String()
	f.Hide("version", version(t.Version))
	var came []string
	for _, a := range t.Attendees {
		came = append(came, a.String())
	}
	f.Put("kind", string(t.Kind)).Put("topic", t.Topic).Put("on", t.On.String()).Put("minutes", number(t.Minutes)).Put("teacher", t.Teacher.String()).PutAll("attendees", came).
		Put("others", number(t.Others)).Put("note", t.Note)
	if t.Visit != ident.Nil {
		f.Put("visit", t.Visit.String())
	}
	return careForm{Base: b, Form: f, Facts: []Def{{Label: b.T("treatment.hospital"), Text: t.HospitalName}}}
}

func lessonFacts(b Base, t visiting.Teaching) []Def {
	return []Def{{Label: b.T("teaching.on"), Text: b.Day(t.On)}, {Label: b.T("teaching.kind"), Text: b.T(t.Kind.Label())}, {Label: b.T("treatment.hospital"), Text: t.HospitalName},
		{Label: b.T("teaching.teacher"), Text: t.TeacherName}, {Label: b.T("visit.minutes"), Text: number(t.Minutes)},
		{Label: b.T("teaching.attendees"), Text: strings.Join(t.AttendeeNames, b.T("list.separator"))}, {Label: b.T("teaching.others"), Text: number(t.Others)}, {Label: b.T("care.note"), Text: t.Note}}
}

func (s *Server) lessonPage(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, _, edit, err := s.lessonOf(r, c)
	if err != nil {
		return err
	}
	if p = p.with(Button{Text: p.T("directory.save")}, "/teaching"); !edit {
		p.Buttons = p.Buttons[1:]
	}
	return s.d.Engine.Render(w, r, p.status(), "care/form", p)
}

func (s *Server) editLesson(w http.ResponseWriter, r *http.Request, c *Call) error {
	p, t, edit, err := s.lessonOf(r, c)
	if err != nil {
		return err
	}
	if !edit {
		return seeOther(w, r, "/teaching/"+t.ID.String())
	}
	return s.submitLesson(w, r, c, p, func(f *Form) visit.Teaching { return readLesson(f, t.ID, t.Hospital) })
}
