package visit_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func TestTeachingHasATeacherAndSomebodyWhoCame(t *testing.T) {
	today := clock.MustDate(2026, 3, 5)
	good := visit.Teaching{Hospital: host, Kind: visit.Lecture, Topic: "膝关节置换", On: today, Minutes: 60, Teacher: doctor, Attendees: []ident.ID{ident.New()}}
	if err := good.Check(today); err != nil {
		t.Fatal(err)
	}
	for path, change := range map[string]func(*visit.Teaching){
		"topic": func(x *visit.Teaching) { x.Topic = "" }, "teacher": func(x *visit.Teaching) { x.Teacher = ident.Nil }, "on": func(x *visit.Teaching) { x.On = today.AddDays(1) },
		"attendees": func(x *visit.Teaching) { x.Attendees = nil }, "minutes": func(x *visit.Teaching) { x.Minutes = 0 }, "kind": func(x *visit.Teaching) { x.Kind = "party" },
		"others": func(x *visit.Teaching) { x.Others = -1 }, "hospital": func(x *visit.Teaching) { x.Hospital = ident.Nil },
	} {
		x := good
		change(&x)
		if err := x.Check(today); !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	a := ident.New()
	good.Attendees = []ident.ID{a, doctor, a}
	if got := good.Clean().Attendees; len(got) != 1 || got[0] != a {
		t.Errorf("attendees %v", got)
	}
}

func TestMeetingsAndTheirFollowUps(t *testing.T) {
	today := clock.MustDate(2026, 3, 5)
	m := visit.Meeting{Kind: visit.JointMeeting, Topic: "联席会", On: today.AddDays(20), Place: "云岭区"}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	m.Kind = ""
	if err := m.Check(); !errs.Of(err).Fields.Has("kind") {
		t.Error(err)
	}
	task := visit.Task{Task: "选派眼科医生", Responsible: "帮扶办", Due: today.AddDays(-1)}
	if err := task.Check(today); err != nil || !task.Late(today) {
		t.Errorf("%v, late %v", err, task.Late(today))
	}
	if task.Done = today; task.Late(today) {
		t.Error("what is done is late")
	}
	if task.Done = today.AddDays(1); !errs.Of(task.Check(today)).Fields.Has("done") {
		t.Error("done tomorrow")
	}
}
