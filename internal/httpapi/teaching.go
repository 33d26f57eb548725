package httpapi

import (
	"net/http"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/httpx"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func (s *Server) teachingRoutes(rt *router) {
	rt.get("/teaching", authz.TeachingRead, s.lessons)
	rt.post("/teaching", authz.TeachingEdit, s.recordLesson)
	rt.get("/teaching/{id}", authz.TeachingRead, s.lesson)
	rt.post("/teaching/{id}", authz.TeachingEdit, s.editLesson)
	rt.get("/meetings", authz.MeetingRead, s.meetings)
	rt.post("/meetings", authz.MeetingEdit, s.recordMeeting)
	rt.get("/meetings/{id}", authz.MeetingRead, s.meeting)
	rt.post("/meetings/{id}", authz.MeetingEdit, s.editMeeting)
	rt.post("/meetings/{id}/tasks", authz.MeetingEdit, s.addTask)
	rt.post("/meetings/{id}/tasks/{task}", authz.MeetingEdit, s.editTask)
}

// lessonBody is a lecture or demonstration; the same body is sent and answered.
type lessonBody struct {
	ID         ident.ID     `json:"id"`
	HospitalID ident.ID     `json:"hospital_id"`
	VisitID    ident.ID     `json:"visit_id"`
	Kind       visit.Lesson `json:"kind"`
	Topic      string       `json:"topic"`
	On         clock.Date   `json:"on"`
	Minutes    int          `json:"minutes"`
	TeacherID  ident.ID     `json:"teacher_id"`
	Attendees  []ident.ID   `json:"attendee_ids"`
	Others     int          `json:"others"`
	Note       string       `json:"note"`
	Version    int64        `json:"version"`
}

func lessonOf(t visiting.Teaching) lessonBody {
	return lessonBody{t.ID, t.Hospital, t.Visit, t.Kind, t.Topic, t.On, t.Minutes, t.Teacher, append([]ident.ID{}, t.Attendees...), t.Others, t.Note, t.Version}
}

func (s *Server) lessons(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Visiting.Lessons(r.Context(), c.Who, req)
	return http.StatusOK, rowsOf(list.Rows, list.Next, lessonOf), err
}

func (s *Server) lesson(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	t, _, err := s.d.Visiting.Lesson(r.Context(), c.Who, id)
	return http.StatusOK, lessonOf(t), err
}

func (s *Server) saveLesson(r *http.Request, c *call, id ident.ID) (any, error) {
	var b lessonBody
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return nil, err
	}
	in := visit.Teaching{ID: id, Hospital: b.HospitalID, Visit: b.VisitID, Kind: b.Kind, Topic: b.Topic, On: b.On, Minutes: b.Minutes, Teacher: b.TeacherID, Attendees: b.Attendees,
		Others: b.Others, Note: b.Note, Version: b.Version}
	t, err := s.d.Visiting.SaveLesson(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	return lessonOf(t), renamed(err, map[string]string{"hospital": "hospital_id", "visit": "visit_id", "teacher": "teacher_id", "attendees": "attendee_ids"})
}

func (s *Server) recordLesson(r *http.Request, c *call) (int, any, error) {
	t, err := s.saveLesson(r, c, ident.Nil)
	return http.StatusCreated, t, err
}

func (s *Server) editLesson(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	t, err := s.saveLesson(r, c, id)
	return http.StatusOK, t, err
}

// meetingBody is a joint meeting or exchange visit; sent and answered alike.
type meetingBody struct {
	ID        ident.ID        `json:"id"`
	Kind      visit.Gathering `json:"kind"`
	Topic     string          `json:"topic"`
	On        clock.Date      `json:"on"`
	Place     string          `json:"place"`
	Attendees int             `json:"attendees"`
	Minutes   string          `json:"minutes"`
	Version   int64           `json:"version"`
}

func meetingOf(m visiting.Meeting) meetingBody {
	return meetingBody{m.ID, m.Kind, m.Topic, m.On, m.Place, m.Attendees, m.Minutes, m.Version}
}

// taskBody is a follow-up of a meeting; sent and answered alike.
type taskBody struct {
	ID          ident.ID   `json:"id"`
	Task        string     `json:"task"`
	Responsible string     `json:"responsible"`
	Due         clock.Date `json:"due"`
	Done        clock.Date `json:"done"`
	Outcome     string     `json:"outcome"`
	Version     int64      `json:"version"`
}

func taskOf(t visit.Task) taskBody {
	return taskBody{t.ID, t.Task, t.Responsible, t.Due, t.Done, t.Outcome, t.Version}
}

func (s *Server) meetings(r *http.Request, c *call) (int, any, error) {
	q := query{values: r.URL.Query()}
	req := q.page()
	if err := q.wrong.Err(); err != nil {
		return 0, nil, err
	}
	list, err := s.d.Visiting.Meetings(r.Context(), c.Who, req)
	return http.StatusOK, rowsOf(list.Rows, list.Next, meetingOf), err
}

func (s *Server) meeting(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	v, err := s.d.Visiting.Meeting(r.Context(), c.Who, id)
	out := struct {
		meetingBody
		Tasks []taskBody `json:"tasks"`
	}{meetingOf(v.Meeting), []taskBody{}}
	for _, t := range v.Tasks {
		out.Tasks = append(out.Tasks, taskOf(t))
	}
	return http.StatusOK, out, err
}

func (s *Server) saveMeeting(r *http.Request, c *call, id ident.ID) (any, error) {
	var b meetingBody
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return nil, err
	}
	in := visit.Meeting{ID: id, Kind: b.Kind, Topic: b.Topic, On: b.On, Place: b.Place, Attendees: b.Attendees, Minutes: b.Minutes, Version: b.Version}
	m, err := s.d.Visiting.SaveMeeting(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	return meetingOf(m), err
}

func (s *Server) recordMeeting(r *http.Request, c *call) (int, any, error) {
	m, err := s.saveMeeting(r, c, ident.Nil)
	return http.StatusCreated, m, err
}

func (s *Server) editMeeting(r *http.Request, c *call) (int, any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return 0, nil, err
	}
	m, err := s.saveMeeting(r, c, id)
	return http.StatusOK, m, err
}

func (s *Server) saveTask(r *http.Request, c *call, task ident.ID) (any, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return nil, err
	}
	var b taskBody
	if err := httpx.DecodeJSON(r, &b); err != nil {
		return nil, err
	}
	in := visit.Task{ID: task, Meeting: id, Task: b.Task, Responsible: b.Responsible, Due: b.Due, Done: b.Done, Outcome: b.Outcome, Version: b.Version}
	t, err := s.d.Visiting.SaveTask(r.Context(), c.Who, in, visiting.KeyOf(c.Key, in))
	return taskOf(t), err
}

func (s *Server) addTask(r *http.Request, c *call) (int, any, error) {
	t, err := s.saveTask(r, c, ident.Nil)
	return http.StatusCreated, t, err
}

func (s *Server) editTask(r *http.Request, c *call) (int, any, error) {
	task, err := pathID(r, "task")
	if err != nil {
		return 0, nil, err
	}
	t, err := s.saveTask(r, c, task)
	return http.StatusOK, t, err
}
