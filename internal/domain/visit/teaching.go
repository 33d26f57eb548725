package visit

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

// Lesson is a kind of teaching.
type Lesson string

// The kinds of teaching.
const (
	Lecture       Lesson = "lecture"       // 讲座
	Demonstration Lesson = "demonstration" // 示范手术
	WardRound     Lesson = "ward_round"    // 教学查房
	Consultation  Lesson = "consultation"  // 病例讨论、会诊
)

// Lessons lists the kinds.
func Lessons() []Lesson { return []Lesson{Lecture, Demonstration, WardRound, Consultation} }

// Label is the message key of the kind.
func (l Lesson) Label() string { return "teaching.kind." + string(l) }

// Teaching is one lecture or demonstration with those who came.
type Teaching struct {
	ID        ident.ID
	Hospital  ident.ID
	Visit     ident.ID // the mission it was part of, optional
	Kind      Lesson
	Topic     string
	On        clock.Date
	Minutes   int
	Teacher   ident.ID   // practitioner
	Attendees []ident.ID // practitioners on record
	Others    int        // people without a record: nurses, trainees, village doctors
	Note      string
	Version   int64
}

const (
	maxTopic     = 100
	maxAttendees = 200
	maxOthers    = 5000
	maxMinutes   = 24 * 60
)

// Clean trims what was typed and keeps each attendee once, without the teacher.
func (t Teaching) Clean() Teaching {
	t.Topic, t.Note = strings.Join(strings.Fields(t.Topic), " "), strings.TrimSpace(t.Note)
	var once []ident.ID
	for _, id := range t.Attendees {
		if id != t.Teacher && !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	t.Attendees = once
	return t
}

// Check returns nil or the wrong fields. It has taken place: a day to come is
// refused.
func (t Teaching) Check(today clock.Date) error {
	var f errs.Fields
	checkLine(&f, "topic", t.Topic, maxTopic)
	if !slices.Contains(Lessons(), t.Kind) {
		f.Add("kind", "form.error.pick")
	}
	if t.Hospital == ident.Nil {
		f.Add("hospital", "form.error.pick")
	}
	if t.Teacher == ident.Nil {
		f.Add("teacher", "form.error.pick")
	}
	checkPast(&f, t.On, today)
	if t.Minutes < 1 || t.Minutes > maxMinutes {
		f.Add("minutes", "form.error.between", "low", 1, "high", maxMinutes)
	}
	if len(t.Attendees) > maxAttendees {
		f.Add("attendees", "error.teaching.attendees", "max", maxAttendees)
	}
	if t.Others < 0 || t.Others > maxOthers {
		f.Add("others", "form.error.between", "low", 0, "high", maxOthers)
	}
	if len(t.Attendees) == 0 && t.Others == 0 {
		f.Add("attendees", "error.teaching.nobody")
	}
	if utf8.RuneCountInString(t.Note) > maxNote {
		f.Add("note", "form.error.long", "max", maxNote)
	}
	return f.Err()
}

func checkLine(f *errs.Fields, path, text string, most int) {
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		f.Add(path, "form.error.missing")
	case n > most:
		f.Add(path, "form.error.long", "max", most)
	}
}

func checkPast(f *errs.Fields, on, today clock.Date) {
	switch {
	case on.IsZero():
		f.Add("on", "form.error.missing")
	case on.After(today):
		f.Add("on", "error.visit.day_future")
	}
}

// Gathering is a kind of meeting between the two sides.
type Gathering string

// The kinds of meetings.
const (
	JointMeeting  Gathering = "meeting"  // 联席会议
	ExchangeVisit Gathering = "exchange" // 互访
)

// Gatherings lists the kinds.
func Gatherings() []Gathering { return []Gathering{JointMeeting, ExchangeVisit} }

// Label is the message key of the kind.
func (g Gathering) Label() string { return "meeting.kind." + string(g) }

// Meeting is a joint meeting or an exchange visit, with its minutes.
type Meeting struct {
	ID        ident.ID
	Kind      Gathering
	Topic     string
	On        clock.Date
	Place     string
	Attendees int
	Minutes   string // what was said and decided
	Version   int64
}

// maxProtocol bounds the minutes of a meeting, in characters.
const maxProtocol = 10_000

// Clean trims what was typed.
func (m Meeting) Clean() Meeting {
	m.Topic, m.Place, m.Minutes = strings.Join(strings.Fields(m.Topic), " "), strings.TrimSpace(m.Place), strings.TrimSpace(m.Minutes)
	return m
}

// Check returns nil or the wrong fields. A meeting may be announced before it
// takes place; its minutes come later.
func (m Meeting) Check() error {
	var f errs.Fields
	checkLine(&f, "topic", m.Topic, maxTopic)
	checkLine(&f, "place", m.Place, maxTopic)
	if !slices.Contains(Gatherings(), m.Kind) {
		f.Add("kind", "form.error.pick")
	}
	if m.On.IsZero() {
		f.Add("on", "form.error.missing")
	}
	if m.Attendees < 0 || m.Attendees > maxOthers {
		f.Add("attendees", "form.error.between", "low", 0, "high", maxOthers)
	}
	if utf8.RuneCountInString(m.Minutes) > maxProtocol {
		f.Add("minutes", "form.error.long", "max", maxProtocol)
	}
	return f.Err()
}

// Task is a follow-up of a meeting.
type Task struct {
	ID          ident.ID
	Meeting     ident.ID
	Task        string
	Responsible string
	Due         clock.Date
	Done        clock.Date // zero: not yet
	Outcome     string
	Version     int64
}

// Check returns nil or the wrong fields.
func (t Task) Check(today clock.Date) error {
	var f errs.Fields
	checkLine(&f, "task", t.Task, maxTopic*2)
	checkLine(&f, "responsible", t.Responsible, maxTitle)
	if t.Due.IsZero() {
		f.Add("due", "form.error.missing")
	}
	if t.Done.After(today) {
		f.Add("done", "error.visit.day_future")
	}
	if utf8.RuneCountInString(t.Outcome) > maxTopic*2 {
		f.Add("outcome", "form.error.long", "max", maxTopic*2)
	}
	return f.Err()
}

// Late reports whether a follow-up is due and not done.
func (t Task) Late(today clock.Date) bool { return t.Done.IsZero() && t.Due.Before(today) }
