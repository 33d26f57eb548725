package aftercare

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/followup"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// EndInput ends the follow-up of a case: everything that is open in it. Seen is
// the mark of the view the decision was made by.
type EndInput struct {
	Case ident.ID
	Seen int64
	End  followup.End
}

// Changed is the answer to an ending or a resumption.
type Changed struct {
	FollowUps int `json:"followups"`
}

// End records that a patient was lost, or is not to be followed here any more.
func (s *Service) End(ctx context.Context, who user.Principal, in EndInput, key Key) (Changed, error) {
	in.End.Note = strings.TrimSpace(in.End.Note)
	if len([]rune(in.End.Note)) > followup.MaxText {
		return Changed{}, tooLong("note")
	}
	event := audit.Event{Action: audit.FollowUpEnd, ObjectKind: audit.ObjectCase, ObjectID: in.Case, Reason: in.End.Note, Detail: map[string]any{"why": string(in.End.Reason)}}
	return s.change(ctx, who, event, key, func(tx *store.Tx) (Changed, error) {
		v, err := s.toChange(tx, in.Case, in.Seen)
		if err != nil {
			return Changed{}, err
		}
		open := v.Open()
		var first clock.Date
		for _, f := range v.FollowUps {
			if first.IsZero() || f.OperatedOn.Before(first) {
				first = f.OperatedOn
			}
		}
		if err := in.End.Check(first, tx.Today()); err != nil {
			return Changed{}, err
		}
		if len(open) == 0 {
			return Changed{}, errs.Refuse("followup.nothing_open", "error.followup.nothing_open", nil, "fund.remedy.reload")
		}
		return Changed{len(open)}, tx.EndFollowUps(open, in.End)
	})
}

// ResumeInput takes the follow-up of a case up again.
type ResumeInput struct {
	Case ident.ID
	Seen int64
}

// Resume opens again what was recorded as lost, moved or transferred.
func (s *Service) Resume(ctx context.Context, who user.Principal, in ResumeInput, key Key) (Changed, error) {
	event := audit.Event{Action: audit.FollowUpResume, ObjectKind: audit.ObjectCase, ObjectID: in.Case}
	return s.change(ctx, who, event, key, func(tx *store.Tx) (Changed, error) {
		v, err := s.toChange(tx, in.Case, in.Seen)
		if err != nil {
			return Changed{}, err
		}
		ended := v.Ended()
		if len(ended) == 0 {
			return Changed{}, errs.Refuse("followup.nothing_ended", "error.followup.nothing_ended", nil, "fund.remedy.reload")
		}
		return Changed{len(ended)}, tx.ResumeFollowUps(ended)
	})
}

// Schedule makes appointments for the operations of a case that have none, from
// today on: an old ledger's operations come without.
func (s *Service) Schedule(ctx context.Context, who user.Principal, id ident.ID, key Key) (Changed, error) {
	event := audit.Event{Action: audit.FollowUpSchedule, ObjectKind: audit.ObjectCase, ObjectID: id}
	return s.change(ctx, who, event, key, func(tx *store.Tx) (Changed, error) {
		v, err := s.held(tx, id)
		if err != nil {
			return Changed{}, err
		}
		if !v.Unscheduled() {
			return Changed{}, errs.Refuse("followup.scheduled", "error.followup.scheduled", nil, "fund.remedy.reload")
		}
		n, err := tx.ScheduleCase(id)
		return Changed{n}, err
	})
}

func (s *Service) change(ctx context.Context, who user.Principal, event audit.Event, key Key, fn func(*store.Tx) (Changed, error)) (Changed, error) {
	if err := s.door(who, authz.FollowUpRecord); err != nil {
		return Changed{}, err
	}
	return write(ctx, s, who, key, event, fn)
}

// toChange holds a case and reads its follow-up, which must be as the caller saw
// it when deciding: seen is the mark of that view.
func (s *Service) toChange(tx *store.Tx, id ident.ID, seen int64) (CaseView, error) {
	v, err := s.held(tx, id)
	if err != nil {
		return v, err
	}
	return v, tx.SameVersion(v.Seen, seen)
}

// held holds a case and reads its follow-up as it stands.
func (s *Service) held(tx *store.Tx, id ident.ID) (CaseView, error) {
	if _, err := tx.CaseForUpdate(id); err != nil {
		return CaseView{}, err
	}
	v, err := s.read(tx, id)
	if err != nil {
		return v, err
	}
	_, err = s.recorder(tx, id, v.Home)
	return v, err
}

// Slip is a paper the patient takes home: when to come back, and the token by
// which the desk finds the case.
type Slip struct {
	CaseView
	Token string
	Next  []FollowUp // what is open within a year or so, by day; else the next one
}

// slipDays is how far ahead a slip looks: nobody keeps paper for ten years.
const slipDays = 400

// Slip makes the return slip of a case. Its token says nothing by itself.
func (s *Service) Slip(ctx context.Context, who user.Principal, id ident.ID) (Slip, error) {
	var out Slip
	if err := s.door(who, authz.FollowUpRecord); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.Intend(audit.Event{Action: audit.FormPrint, ObjectKind: audit.ObjectCase, ObjectID: id, Detail: map[string]any{"form": "return_slip"}})
		if out.CaseView, err = s.held(tx, id); err != nil {
			return err
		}
		out.Token, err = tx.SlipToken(id)
		return err
	})
	if err != nil {
		return Slip{}, err
	}
	s.show(who, out.FollowUps)
	out.PersonName = s.name(who, out.PersonName)
	for _, f := range out.Open() {
		if len(out.Next) == 0 || !f.Due.After(out.Today.AddDays(slipDays)) {
			out.Next = append(out.Next, f)
		}
	}
	return out, nil
}

// Find opens a case by the token of a return slip. To somebody who does not see
// the case there is no such slip.
func (s *Service) Find(ctx context.Context, who user.Principal, token string) (ident.ID, error) {
	if err := s.door(who, authz.FollowUpRead); err != nil {
		return ident.Nil, err
	}
	token = ident.CleanToken(token)
	if token == "" {
		var f errs.Fields
		f.Add("token", "form.error.missing")
		return ident.Nil, f.Err()
	}
	var id ident.ID
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.PersonSearch, ObjectKind: audit.ObjectList, Detail: map[string]any{"by": "return_slip"}})
		id, err = tx.CaseOfSlip(token)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		var f errs.Fields
		f.Add("token", "error.followup.slip")
		return ident.Nil, f.Err()
	}
	return id, err
}
