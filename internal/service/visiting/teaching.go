package visiting

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// The records of teaching and meetings.
type (
	// Teaching is a lecture or demonstration.
	Teaching = store.TeachingItem
	// Meeting is a joint meeting or an exchange visit.
	Meeting = store.MeetingItem
)

// noPatient is why reading teaching and meetings leaves no trace.
const noPatient = "teaching and meetings name no patient"

// Lessons is a page of what was taught.
type Lessons struct {
	page.Result[Teaching]
	Sides map[ident.ID]user.Side
	Edit  bool
}

// Lessons lists what was taught at the reader's hospitals.
func (s *Service) Lessons(ctx context.Context, who user.Principal, req page.Request) (Lessons, error) {
	var out Lessons
	if err := s.door(who, authz.TeachingRead); err != nil {
		return out, err
	}
	out.Edit = s.door(who, authz.TeachingEdit) == nil
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit(noPatient)
		if out.Result, err = tx.ListTeaching(s.hospitals(who, authz.TeachingRead), req); err != nil {
			return err
		}
		out.Sides, err = tx.SidesOf()
		return err
	})
	return out, err
}

// Lesson reads one lecture or demonstration.
func (s *Service) Lesson(ctx context.Context, who user.Principal, id ident.ID) (t Teaching, edit bool, err error) {
	if err := s.door(who, authz.TeachingRead); err != nil {
		return t, false, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit(noPatient)
		if t, err = tx.TeachingByID(id); err != nil {
			return err
		}
		if s.at(who, authz.TeachingRead, t.Hospital) != nil {
			return errs.Missing("error.teaching.missing")
		}
		return nil
	})
	return t, err == nil && s.can(who, authz.TeachingEdit, t.Hospital), err
}

// SaveLesson records a lecture or demonstration (without an id) or changes one.
func (s *Service) SaveLesson(ctx context.Context, who user.Principal, t visit.Teaching, key Key) (Teaching, error) {
	var none Teaching
	if err := s.door(who, authz.TeachingEdit); err != nil {
		return none, err
	}
	t = t.Clean()
	fresh := t.ID == ident.Nil
	if fresh {
		t.ID = ident.New()
	}
	event := audit.Event{Action: audit.TeachingRecord, ObjectKind: audit.ObjectTeaching, ObjectID: t.ID, Detail: map[string]any{"kind": string(t.Kind), "attendees": len(t.Attendees) + t.Others}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Teaching, error) {
		if !fresh {
			old, err := tx.TeachingByID(t.ID)
			if err != nil {
				return none, err
			}
			t.Hospital = old.Hospital
		}
		if t.Hospital != ident.Nil && s.at(who, authz.TeachingEdit, t.Hospital) != nil {
			return none, errs.Missing("error.teaching.missing")
		}
		if err := t.Check(tx.Today()); err != nil {
			return none, err
		}
		if err := checkPeople(tx, t); err != nil {
			return none, err
		}
		if err := tx.SaveTeaching(t, fresh); err != nil {
			return none, err
		}
		return tx.TeachingByID(t.ID)
	})
}

// checkPeople asks that teacher and attendees are doctors of the hospital or
// posted there, and that the mission is one to the hospital.
func checkPeople(tx *store.Tx, t visit.Teaching) error {
	known, err := tx.SurgeonsAt(t.Hospital, t.On)
	if err != nil {
		return err
	}
	here := func(id ident.ID) bool {
		return slices.ContainsFunc(known, func(d store.Surgeon) bool { return d.ID == id })
	}
	var f errs.Fields
	if !here(t.Teacher) {
		f.Add("teacher", "error.privilege.doctor_unknown")
	}
	for _, a := range t.Attendees {
		if !here(a) && !f.Has("attendees") {
			f.Add("attendees", "error.privilege.doctor_unknown")
		}
	}
	if t.Visit != ident.Nil {
		v, err := tx.VisitByID(t.Visit)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if err != nil || v.Hospital != t.Hospital || !v.Has(t.On) {
			f.Add("visit", "error.teaching.visit")
		}
	}
	return f.Err()
}

// Meetings is a page of the partnership's meetings.
type Meetings struct {
	page.Result[Meeting]
	Edit bool
}

// Meetings lists joint meetings and exchange visits.
func (s *Service) Meetings(ctx context.Context, who user.Principal, req page.Request) (Meetings, error) {
	var out Meetings
	if err := s.door(who, authz.MeetingRead); err != nil {
		return out, err
	}
	out.Edit = s.door(who, authz.MeetingEdit) == nil
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit(noPatient)
		out.Result, err = tx.ListMeetings(req)
		return err
	})
	return out, err
}

// MeetingView is one meeting with its follow-ups.
type MeetingView struct {
	Meeting
	Tasks []visit.Task
	Edit  bool
	Today clock.Date
}

// Meeting reads one meeting.
func (s *Service) Meeting(ctx context.Context, who user.Principal, id ident.ID) (MeetingView, error) {
	v := MeetingView{Edit: s.door(who, authz.MeetingEdit) == nil}
	if err := s.door(who, authz.MeetingRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit(noPatient)
		v.Today = tx.Today()
		if v.Meeting, err = tx.MeetingByID(id); err != nil {
			return err
		}
		v.Tasks, err = tx.MeetingTasks(id)
		return err
	})
	return v, err
}

// SaveMeeting records a meeting (without an id) or changes one.
func (s *Service) SaveMeeting(ctx context.Context, who user.Principal, m visit.Meeting, key Key) (Meeting, error) {
	var none Meeting
	if err := s.door(who, authz.MeetingEdit); err != nil {
		return none, err
	}
	m = m.Clean()
	fresh := m.ID == ident.Nil
	if fresh {
		m.ID = ident.New()
	}
	event := audit.Event{Action: audit.MeetingRecord, ObjectKind: audit.ObjectMeeting, ObjectID: m.ID, Detail: map[string]any{"kind": string(m.Kind), "on": m.On.String()}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Meeting, error) {
		if err := m.Check(); err != nil {
			return none, err
		}
		if err := tx.SaveMeeting(m, fresh); err != nil {
			return none, err
		}
		return tx.MeetingByID(m.ID)
	})
}

// SaveTask records a follow-up of a meeting (without an id), or how it went.
func (s *Service) SaveTask(ctx context.Context, who user.Principal, t visit.Task, key Key) (visit.Task, error) {
	if err := s.door(who, authz.MeetingEdit); err != nil {
		return visit.Task{}, err
	}
	fresh := t.ID == ident.Nil
	if fresh {
		t.ID = ident.New()
	}
	event := audit.Event{Action: audit.MeetingFollow, ObjectKind: audit.ObjectMeeting, ObjectID: t.Meeting, Detail: map[string]any{"due": t.Due.String(), "done": t.Done.String()}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (visit.Task, error) {
		if _, err := tx.MeetingByID(t.Meeting); err != nil {
			return t, err
		}
		if err := t.Check(tx.Today()); err != nil {
			return t, err
		}
		return t, tx.SaveMeetingTask(t, fresh)
	})
}
