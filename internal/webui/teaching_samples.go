package webui

import (
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
)

func teachingPages() []PageSample {
	day := sampleDay()
	choice := func(b Base) lessonChoice {
		return lessonChoice{hospitals: samplePlaces(b), doctors: []Option{{Value: ident.ID{41}.String(), Text: b.T("style.person.1")}}, visits: []Option{{Value: ident.ID{30}.String(), Text: b.T("style.visit")}}}
	}
	return []PageSample{
		{"device/list", func(b Base) View {
			return newLessonsView(titled(b, b.T("nav.visiting")), visiting.Lessons{Result: page.Result[visiting.Teaching]{Rows: []visiting.Teaching{sampleLesson(b)}}, Sides: sampleSides(), Edit: true})
		}},
		{"device/list", func(b Base) View { return newLessonsView(titled(b, b.T("nav.visiting")), visiting.Lessons{}) }},
		{"care/form", func(b Base) View {
			return careForm{Base: titled(b, b.T("teaching.new")), Form: lessonForm(b, day, choice(b))}.with(Button{Text: b.T("visit.save")}, "/teaching")
		}},
		{"care/form", func(b Base) View {
			x := choice(b)
			x.hospitals = nil
			return editLessonForm(titled(b, b.T("style.visit")), day, x, sampleLesson(b)).with(Button{Text: b.T("directory.save")}, "/teaching")
		}},
		{"care/form", func(b Base) View {
			p := careForm{Base: titled(b, b.T("style.visit")), Form: NewForm(b, day), Facts: lessonFacts(b, sampleLesson(b))}
			p.Buttons = []Button{{Text: b.T("dialog.back"), Href: "/teaching"}}
			return p
		}},
		{"device/list", func(b Base) View {
			return newMeetingsView(titled(b, b.T("nav.visiting")), visiting.Meetings{Result: page.Result[visiting.Meeting]{Rows: []visiting.Meeting{sampleMeeting(b).Meeting}}, Edit: true})
		}},
		{"device/list", func(b Base) View { return newMeetingsView(titled(b, b.T("nav.visiting")), visiting.Meetings{}) }},
		{"visiting/visit", func(b Base) View { return newMeetingPage(titled(b, b.T("style.visit")), sampleMeeting(b)) }},
		{"visiting/visit", func(b Base) View {
			v := sampleMeeting(b)
			v.Edit, v.Tasks = false, nil
			return newMeetingPage(titled(b, b.T("style.visit")), v)
		}},
		{"care/form", func(b Base) View {
			return careForm{Base: titled(b, b.T("meeting.edit")), Form: meetingForm(b, day, sampleMeeting(b).Meeting)}.with(Button{Text: b.T("visit.save")}, "/meetings")
		}},
		{"care/form", func(b Base) View {
			return careForm{Base: titled(b, b.T("meeting.task.edit")), Form: taskForm(b, day, sampleMeeting(b).Tasks[0])}.with(Button{Text: b.T("visit.save")}, "/meetings")
		}},
	}
}

func sampleLesson(b Base) visiting.Teaching {
	return visiting.Teaching{Teaching: visit.Teaching{ID: ident.ID{40}, Hospital: sampleIDs.mountain, Visit: ident.ID{30}, Kind: visit.Demonstration, Topic: b.T("style.visit"), On: sampleDay(), Minutes: 90,
		Teacher: ident.ID{41}, Attendees: []ident.ID{{41}}, Others: 6, Note: b.T("style.q.admit.why"), Version: 1}, TeacherName: b.T("style.person.1"), HospitalName: b.T("style.hospital.m1"),
		AttendeeNames: []string{b.T("style.person.1")}}
}

func sampleMeeting(b Base) visiting.MeetingView {
	m := visit.Meeting{ID: ident.ID{42}, Kind: visit.JointMeeting, Topic: b.T("style.visit"), On: sampleDay(), Place: b.T("style.place.mountain"), Attendees: 12, Minutes: b.T("style.q.admit.why"), Version: 1}
	task := visit.Task{ID: ident.ID{43}, Meeting: m.ID, Task: b.T("style.q.admit.why"), Responsible: b.T("style.person.1"), Due: sampleDay().AddDays(-3), Version: 1}
	done := task
	done.Done, done.Outcome = sampleDay(), b.T("style.q.admit.why")
	return visiting.MeetingView{Meeting: visiting.Meeting{Meeting: m, Open: 1}, Tasks: []visit.Task{task, done}, Edit: true, Today: sampleDay()}
}
