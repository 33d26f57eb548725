package treatment

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// transfer sends the referral that goes with a patient who leaves in the middle
// of a stay. The receiver's treatment begins when it accepts.
func (s *Service) transfer(tx *store.Tx, t store.Treatment, in StepInput) error {
	c, err := tx.CaseForUpdate(t.Case)
	if err != nil {
		return err
	}
	letter := referral.Letter{Purpose: referral.ForTransfer, Urgency: referral.Urgent, Summary: t.Plan}
	r := store.Referral{ID: ident.New(), Referral: referral.Referral{Kind: referral.Refer, From: t.Hospital, To: in.To, Reason: in.Reason, Letter: letter}}
	if r.Referral, err = referral.Send(r.Referral, c.Home); err != nil {
		return err
	}
	if err := s.mayRefer(tx, c, r.Referral); err != nil {
		return err
	}
	k, err := s.clock(tx, letter.Urgency)
	if err != nil {
		return err
	}
	r.Due = k.Due(r.Referral, tx.Today())
	tx.Audit(audit.Event{Action: audit.ReferralSend, ObjectKind: audit.ObjectReferral, ObjectID: r.ID, OrganisationID: t.Hospital,
		Detail: map[string]any{"case": c.ID, "to": in.To, "purpose": string(letter.Purpose), "treatment": t.ID}})
	return tx.InsertReferral(r, c)
}

// admitTransfer plans the treatment of a patient who comes in the middle of a stay.
func (s *Service) admitTransfer(tx *store.Tx, r store.Referral) error {
	if r.Kind != referral.Refer || r.Letter.Purpose != referral.ForTransfer {
		return nil
	}
	c, err := tx.CaseByID(r.Case)
	if err != nil {
		return err
	}
	plan := r.Letter.Summary
	if plan == "" {
		plan = r.Reason
	}
	t, err := tx.OpenTreatment(store.TreatmentOpening{Case: c, Hospital: r.Receiver(), Plan: plan, PlannedOn: tx.Today()})
	if err != nil {
		return err
	}
	tx.Audit(audit.Event{Action: audit.TreatmentOpen, ObjectKind: audit.ObjectTreatment, ObjectID: t.ID, OrganisationID: r.Receiver(),
		Detail: map[string]any{"by": "transfer", "referral": r.ID}})
	return nil
}

// MoveInput puts a record under the person it belongs to.
type MoveInput struct {
	Treatment ident.ID // nil: the whole case
	Case      ident.ID // the case that moves, with Treatment nil
	Version   int64    // of the record that moves
	To        string   // case number or slip code of the right person
	Reason    string
}

// Move puts a treatment or a whole case under the right person. Only the office
// does it: two people, and perhaps two hospitals, are concerned. Money stays with
// the treatment it was held for. A whole case goes to a person without an open
// case in the programme; a treatment goes into the person's case of it.
func (s *Service) Move(ctx context.Context, who user.Principal, in MoveInput, key store.Key) (ident.ID, error) {
	if err := s.policy.Check(who, authz.PersonIdentity, authz.InPartnership(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	in.To, in.Reason = strings.ToUpper(strings.TrimSpace(in.To)), strings.TrimSpace(in.Reason)
	var f errs.Fields
	if in.To == "" {
		f.Add("other", "form.error.missing")
	}
	if in.Reason == "" {
		f.Add("reason", "error.review.reason")
	} else if len([]rune(in.Reason)) > maxText {
		f.Add("reason", "form.error.long", "max", maxText)
	}
	if err := f.Err(); err != nil {
		return ident.Nil, err
	}
	event := audit.Event{Action: audit.RecordMove, ObjectKind: audit.ObjectCase, ObjectID: in.Case, Reason: in.Reason}
	if in.Treatment != ident.Nil {
		event.ObjectKind, event.ObjectID = audit.ObjectTreatment, in.Treatment
	}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (ident.ID, error) {
		person, err := tx.PersonByCode(in.To)
		if errs.Is(err, errs.NotFound) {
			f.Add("other", "error.review.other")
			return ident.Nil, f.Err()
		}
		if err != nil {
			return ident.Nil, err
		}
		tx.Amend("to_person", person)
		if in.Treatment != ident.Nil {
			return s.moveTreatment(tx, in, person)
		}
		return s.moveCase(tx, in, person)
	})
}

func (s *Service) moveCase(tx *store.Tx, in MoveInput, person ident.ID) (ident.ID, error) {
	c, err := tx.CaseForUpdate(in.Case)
	if err != nil {
		return ident.Nil, err
	}
	if err := tx.SameVersion(c.Version, in.Version); err != nil {
		return ident.Nil, err
	}
	if person == c.Person {
		var f errs.Fields
		f.Add("other", "error.move.same")
		return ident.Nil, f.Err()
	}
	tx.Amend("from_person", c.Person)
	theirs, err := tx.CasesOf(person)
	if err != nil {
		return ident.Nil, err
	}
	if c.Open() && slices.ContainsFunc(theirs, func(x store.CaseItem) bool { return x.Open() && x.Programme == c.Programme }) {
		return ident.Nil, errs.Refuse("move.one_open", "error.move.open_case", nil, "remedy.move.treatments")
	}
	return c.ID, tx.MoveCase(c.ID, person)
}

func (s *Service) moveTreatment(tx *store.Tx, in MoveInput, person ident.ID) (ident.ID, error) {
	t, err := tx.TreatmentForUpdate(in.Treatment)
	if err != nil {
		return ident.Nil, err
	}
	if err := tx.SameVersion(t.Version, in.Version); err != nil {
		return ident.Nil, err
	}
	theirs, err := tx.CasesOf(person)
	if err != nil {
		return ident.Nil, err
	}
	i := slices.IndexFunc(theirs, func(x store.CaseItem) bool { return x.Programme == t.Programme && x.ID != t.Case && x.Person == person })
	if i < 0 {
		return ident.Nil, errs.Refuse("move.case", "error.move.no_case", errs.Args{"programme": errs.Key(t.Programme.Label())}, "remedy.move.open")
	}
	tx.Amend("from_case", t.Case)
	tx.Amend("to_case", theirs[i].ID)
	return t.ID, tx.MoveTreatment(t, store.Step{Action: treatment.CorrectPatient, Note: in.Reason}, theirs[i].ID)
}

// ProgrammeInput corrects the programme of a case.
type ProgrammeInput struct {
	Case      ident.ID
	Version   int64
	Programme procedure.Programme
	Reason    string
}

// CorrectProgramme puts a case into the programme it belongs to, as long as
// nothing was operated in it: an operation of another programme is a case of its
// own, and this one is then closed as a mistake.
func (s *Service) CorrectProgramme(ctx context.Context, who user.Principal, in ProgrammeInput, key store.Key) (store.CaseItem, error) {
	return s.changeCase(ctx, who, change{in.Case, in.Version, audit.CaseEdit, "programme"}, key, func(tx *store.Tx, c store.CaseItem) (store.CaseItem, error) {
		var f errs.Fields
		if !in.Programme.Known() || in.Programme == c.Programme {
			f.Add("programme", "error.programme.other")
		}
		if strings.TrimSpace(in.Reason) == "" {
			f.Add("reason", "error.review.reason")
		}
		if err := f.Err(); err != nil {
			return c, err
		}
		states, err := tx.TreatmentStates(c.ID)
		if err != nil {
			return c, err
		}
		if slices.ContainsFunc(states, func(st treatment.State) bool { return st.Counted() }) {
			return c, errs.Refuse("programme.nothing_done", "error.programme.done", nil, "remedy.programme.new_case")
		}
		mine, err := tx.CasesOf(c.Person)
		if err != nil {
			return c, err
		}
		var others []casefile.Case
		for _, o := range mine {
			if o.ID != c.ID {
				others = append(others, o.Case)
			}
		}
		if err := casefile.CheckOpen(c.Home, in.Programme, others); err != nil {
			return c, err
		}
		tx.Amend("from", string(c.Programme))
		tx.Amend("to", string(in.Programme))
		tx.Amend("reason", in.Reason)
		c.Programme = in.Programme
		if err := tx.SetProgramme(c); err != nil {
			return c, err
		}
		return c, tx.LapseOfCase(c.ID)
	})
}
