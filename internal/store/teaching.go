package store

import (
	"github.com/lib/pq"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// TeachingItem is a lecture or demonstration with the names around it.
type TeachingItem struct {
	visit.Teaching
	TeacherName   string
	HospitalName  string
	AttendeeNames []string
}

type teachingRow struct {
	ID           ident.ID       `db:"id"`
	Hospital     ident.ID       `db:"hospital_id"`
	Visit        ident.ID       `db:"visit_id"`
	Kind         string         `db:"kind"`
	Topic        string         `db:"topic"`
	On           clock.Date     `db:"on_date"`
	Minutes      int            `db:"minutes"`
	Teacher      ident.ID       `db:"teacher_id"`
	Others       int            `db:"others"`
	Note         string         `db:"note"`
	Version      int64          `db:"version"`
	TeacherName  string         `db:"teacher_name"`
	HospitalName string         `db:"hospital_name"`
	Attendees    pq.StringArray `db:"attendees"`
	Names        pq.StringArray `db:"attendee_names"`
}

func (r teachingRow) item() TeachingItem {
	t := TeachingItem{Teaching: visit.Teaching{ID: r.ID, Hospital: r.Hospital, Visit: r.Visit, Kind: visit.Lesson(r.Kind), Topic: r.Topic, On: r.On, Minutes: r.Minutes,
		Teacher: r.Teacher, Others: r.Others, Note: r.Note, Version: r.Version}, TeacherName: r.TeacherName, HospitalName: r.HospitalName, AttendeeNames: r.Names}
	for _, text := range r.Attendees {
		id, _ := ident.Parse(text) // an id of the database
		t.Attendees = append(t.Attendees, id)
	}
	return t
}

const teachingColumns = `t.id, t.hospital_id, t.visit_id, t.kind, t.topic, t.on_date, t.minutes, t.teacher_id, t.others, t.note, t.version,
	coalesce((select d.name from practitioner d where d.id = t.teacher_id), '') as teacher_name,
	(select coalesce(nullif(o.short_name, ''), o.name) from organisation o where o.id = t.hospital_id) as hospital_name,
	array(select a.practitioner_id::text from teaching_attendee a join practitioner d on d.id = a.practitioner_id
		where a.partnership_id = t.partnership_id and a.teaching_id = t.id and a.live order by d.name_key, d.id) as attendees,
	array(select d.name from teaching_attendee a join practitioner d on d.id = a.practitioner_id
		where a.partnership_id = t.partnership_id and a.teaching_id = t.id and a.live order by d.name_key, d.id) as attendee_names`

// TeachingByID reads one lecture or demonstration.
func (tx *Tx) TeachingByID(id ident.ID) (TeachingItem, error) {
	var r teachingRow
	err := tx.get(&r, `select `+teachingColumns+` from teaching t where t.partnership_id = $1 and t.id = $2 and t.live`, tx.Partnership(), id)
	return one(r.item(), err, "error.teaching.missing")
}

// TeachingOf lists what was taught in a mission.
func (tx *Tx) TeachingOf(mission ident.ID) ([]TeachingItem, error) {
	var rows []teachingRow
	err := tx.list(&rows, `select `+teachingColumns+` from teaching t where t.partnership_id = $1 and t.visit_id = $2 and t.live order by t.on_date, t.id limit 200`,
		tx.Partnership(), mission)
	return items(rows, teachingRow.item), err
}

// ListTeaching is a page of what was taught, the latest first; nil hospitals are
// the whole partnership.
func (tx *Tx) ListTeaching(hospitals []ident.ID, req page.Request) (page.Result[TeachingItem], error) {
	on, id := clock.MustDate(9999, 12, 31), lastID
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[TeachingItem]{}, err
	}
	source, args := hospitalsFrom(hospitals, 5, []any{tx.Partnership(), on, id, req.Limit() + 1})
	var rows []teachingRow
	err := tx.list(&rows, `select `+teachingColumns+` from (select t.* from `+source+` cross join lateral (select t.* from teaching t where t.partnership_id = $1 and t.hospital_id = h.id
		and t.live and (t.on_date, t.id) < ($2, $3) order by t.on_date desc, t.id desc limit $4) t order by t.on_date desc, t.id desc limit $4) t
		order by t.on_date desc, t.id desc`, args...)
	if err != nil {
		return page.Result[TeachingItem]{}, err
	}
	return page.Cut(req, items(rows, teachingRow.item), func(t TeachingItem) []any { return []any{t.On, t.ID} }), nil
}

// SaveTeaching adds a lecture or demonstration, or stores it changed; fresh says
// which.
func (tx *Tx) SaveTeaching(t visit.Teaching, fresh bool) error {
	var err error
	if fresh {
		_, err = tx.exec(`insert into teaching (partnership_id, id, hospital_id, visit_id, kind, topic, on_date, minutes, teacher_id, others, note, created_at, created_by)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, tx.Partnership(), t.ID, t.Hospital, nullID(t.Visit), string(t.Kind), t.Topic, t.On, t.Minutes,
			t.Teacher, t.Others, t.Note, tx.now, tx.who.AccountID)
	} else {
		err = tx.update(`update teaching set visit_id = $4, kind = $5, topic = $6, on_date = $7, minutes = $8, teacher_id = $9, others = $10, note = $11, version = version + 1
			where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), t.ID, t.Version, nullID(t.Visit), string(t.Kind), t.Topic, t.On, t.Minutes, t.Teacher,
			t.Others, t.Note)
	}
	if err != nil {
		return err
	}
	if _, err := tx.exec(`update teaching_attendee set live = false where partnership_id = $1 and teaching_id = $2 and live and not practitioner_id = any ($3::uuid[])`,
		tx.Partnership(), t.ID, idArray(t.Attendees)); err != nil {
		return err
	}
	for _, a := range t.Attendees {
		if _, err := tx.exec(`insert into teaching_attendee (partnership_id, teaching_id, practitioner_id, hospital_id) values ($1, $2, $3, $4)
			on conflict (partnership_id, teaching_id, practitioner_id) do update set live = true`, tx.Partnership(), t.ID, a, t.Hospital); err != nil {
			return err
		}
	}
	return nil
}

// MeetingItem is a meeting with how many follow-ups wait.
type MeetingItem struct {
	visit.Meeting
	Open int // follow-ups that are not done
}

type meetingRow struct {
	ID        ident.ID   `db:"id"`
	Kind      string     `db:"kind"`
	Topic     string     `db:"topic"`
	On        clock.Date `db:"on_date"`
	Place     string     `db:"place"`
	Attendees int        `db:"attendees"`
	Minutes   string     `db:"minutes"`
	Version   int64      `db:"version"`
	Open      int        `db:"open"`
}

func (r meetingRow) item() MeetingItem {
	return MeetingItem{visit.Meeting{ID: r.ID, Kind: visit.Gathering(r.Kind), Topic: r.Topic, On: r.On, Place: r.Place, Attendees: r.Attendees, Minutes: r.Minutes, Version: r.Version}, r.Open}
}

const meetingColumns = `m.id, m.kind, m.topic, m.on_date, m.place, m.attendees, m.minutes, m.version,
	(select count(*)::int from meeting_task k where k.partnership_id = m.partnership_id and k.meeting_id = m.id and k.done_on is null) as open`

// MeetingByID reads one meeting.
func (tx *Tx) MeetingByID(id ident.ID) (MeetingItem, error) {
	var r meetingRow
	err := tx.get(&r, `select `+meetingColumns+` from meeting m where m.partnership_id = $1 and m.id = $2 and m.live`, tx.Partnership(), id)
	return one(r.item(), err, "error.meeting.missing")
}

// ListMeetings is a page of the partnership's meetings, the latest first.
func (tx *Tx) ListMeetings(req page.Request) (page.Result[MeetingItem], error) {
	on, id := clock.MustDate(9999, 12, 31), lastID
	if _, err := req.Cursor(&on, &id); err != nil {
		return page.Result[MeetingItem]{}, err
	}
	var rows []meetingRow
	err := tx.list(&rows, `select `+meetingColumns+` from (select m.* from meeting m where m.partnership_id = $1 and m.live and (m.on_date, m.id) < ($2, $3)
		order by m.on_date desc, m.id desc limit $4) m order by m.on_date desc, m.id desc`, tx.Partnership(), on, id, req.Limit()+1)
	if err != nil {
		return page.Result[MeetingItem]{}, err
	}
	return page.Cut(req, items(rows, meetingRow.item), func(m MeetingItem) []any { return []any{m.On, m.ID} }), nil
}

// SaveMeeting adds a meeting, or stores it changed; fresh says which.
func (tx *Tx) SaveMeeting(m visit.Meeting, fresh bool) error {
	if fresh {
		_, err := tx.exec(`insert into meeting (partnership_id, id, kind, topic, on_date, place, attendees, minutes, created_at, created_by)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, tx.Partnership(), m.ID, string(m.Kind), m.Topic, m.On, m.Place, m.Attendees, m.Minutes, tx.now, tx.who.AccountID)
		return err
	}
	return tx.update(`update meeting set kind = $4, topic = $5, on_date = $6, place = $7, attendees = $8, minutes = $9, version = version + 1
		where partnership_id = $1 and id = $2 and version = $3 and live`, tx.Partnership(), m.ID, m.Version, string(m.Kind), m.Topic, m.On, m.Place, m.Attendees, m.Minutes)
}

type taskRow struct {
	ID          ident.ID   `db:"id"`
	Meeting     ident.ID   `db:"meeting_id"`
	Task        string     `db:"task"`
	Responsible string     `db:"responsible"`
	Due         clock.Date `db:"due_on"`
	Done        clock.Date `db:"done_on"`
	Outcome     string     `db:"outcome"`
	Version     int64      `db:"version"`
}

// MeetingTasks lists the follow-ups of a meeting by the day they are due.
func (tx *Tx) MeetingTasks(meeting ident.ID) ([]visit.Task, error) {
	var rows []taskRow
	err := tx.list(&rows, `select k.id, k.meeting_id, k.task, k.responsible, k.due_on, k.done_on, k.outcome, k.version from meeting_task k
		where k.partnership_id = $1 and k.meeting_id = $2 order by k.due_on, k.id limit 200`, tx.Partnership(), meeting)
	return items(rows, func(r taskRow) visit.Task { return visit.Task(r) }), err
}

// SaveMeetingTask adds a follow-up, or stores it changed; fresh says which.
func (tx *Tx) SaveMeetingTask(t visit.Task, fresh bool) error {
	if fresh {
		_, err := tx.exec(`insert into meeting_task (partnership_id, id, meeting_id, task, responsible, due_on, done_on, outcome, created_at, created_by)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, tx.Partnership(), t.ID, t.Meeting, t.Task, t.Responsible, t.Due, t.Done, t.Outcome, tx.now, tx.who.AccountID)
		return err
	}
	return tx.update(`update meeting_task set task = $5, responsible = $6, due_on = $7, done_on = $8, outcome = $9, version = version + 1
		where partnership_id = $1 and id = $2 and meeting_id = $3 and version = $4`, tx.Partnership(), t.ID, t.Meeting, t.Version, t.Task, t.Responsible, t.Due, t.Done, t.Outcome)
}
