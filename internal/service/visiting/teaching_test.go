package visiting_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/visiting"
	"github.com/shanhai-health/shanhai/internal/store"
)

func TestTeachingIsRecordedWithThoseWhoCame(t *testing.T) {
	h := newHouse(t)
	doctor, local := h.Visiting(mountain), h.Doctor(mountain)
	mission := h.mission(mountain, doctor)
	in := visit.Teaching{Hospital: h.ID(mountain), Visit: mission, Kind: visit.Demonstration, Topic: "膝关节置换示范", On: h.Today(), Minutes: 90, Teacher: doctor.PractitionerID,
		Attendees: []ident.ID{local.PractitionerID}, Others: 6}
	save := func(x visit.Teaching) error {
		_, err := h.s.SaveLesson(t.Context(), local, x, store.Key{})
		return err
	}
	stranger := in
	stranger.Attendees = []ident.ID{h.Doctor(near).PractitionerID}
	wantField(t, save(stranger), "attendees")
	early := in
	early.On = h.Today().AddDays(-20)
	wantField(t, save(early), "visit")
	elsewhere := in
	elsewhere.Hospital = h.ID(near)
	wantKind(t, "another hospital's", save(elsewhere), errs.NotFound)
	made := must[visiting.Teaching](t)(h.s.SaveLesson(t.Context(), local, in, store.Key{}))
	if len(made.AttendeeNames) != 1 || made.AttendeeNames[0] != local.DisplayName || made.TeacherName != doctor.DisplayName {
		t.Errorf("%+v", made)
	}
	change := made.Teaching
	change.Attendees = nil
	changed := must[visiting.Teaching](t)(h.s.SaveLesson(t.Context(), local, change, store.Key{}))
	if len(changed.Attendees) != 0 || changed.Others != 6 {
		t.Errorf("%+v", changed)
	}
	wantKind(t, "an older picture", save(change), errs.Stale)
	if v := h.view(mission); len(v.Teaching) != 1 {
		t.Error("the visit does not know what was taught in it")
	}
	if list := must[visiting.Lessons](t)(h.s.Lessons(t.Context(), h.Doctor(near), page.Request{})); len(list.Rows) != 0 {
		t.Errorf("listed elsewhere: %+v", list.Rows)
	}
}

func TestMeetingsBelongToTheWholePartnershipAndKeepTheirFollowUps(t *testing.T) {
	h := newHouse(t)
	office := h.Approver()
	m := must[visiting.Meeting](t)(h.s.SaveMeeting(t.Context(), office, visit.Meeting{Kind: visit.JointMeeting, Topic: "第一次联席会议", On: h.Today(), Place: "云岭区", Attendees: 12}, store.Key{}))
	_, err := h.s.SaveMeeting(t.Context(), h.Official(), visit.Meeting{Kind: visit.JointMeeting, Topic: "x", On: h.Today(), Place: "x"}, store.Key{})
	wantKind(t, "an official records", err, errs.Forbidden)
	task := visit.Task{Meeting: m.ID, Task: "选派眼科医生", Responsible: "帮扶办", Due: h.Today().AddDays(-1)}
	made := must[visit.Task](t)(h.s.SaveTask(t.Context(), office, task, store.Key{}))
	v := must[visiting.MeetingView](t)(h.s.Meeting(t.Context(), h.Official(), m.ID))
	if len(v.Tasks) != 1 || !v.Tasks[0].Late(v.Today) || v.Open != 1 || v.Edit {
		t.Errorf("%+v", v)
	}
	made.Version, made.Done, made.Outcome = v.Tasks[0].Version, h.Today(), "已到岗"
	must[visit.Task](t)(h.s.SaveTask(t.Context(), office, made, store.Key{}))
	if v := must[visiting.MeetingView](t)(h.s.Meeting(t.Context(), h.HospitalAdmin(mountain), m.ID)); v.Open != 0 || v.Tasks[0].Outcome != "已到岗" {
		t.Errorf("%+v", v)
	}
	_, err = h.s.Meeting(t.Context(), h.Other.Official(), m.ID)
	wantKind(t, "another partnership", err, errs.NotFound)
}
