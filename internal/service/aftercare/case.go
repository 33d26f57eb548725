package aftercare

import (
	"context"
	"slices"
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

// CaseView is the follow-up of one case.
type CaseView struct {
	store.CaseItem
	FollowUps  []FollowUp
	Contacts   []Contact
	Operations []Operation // of the case, as far as the reader sees them
	Sides      map[ident.ID]user.Side
	Rules      followup.Table // the editions of windows the partnership put in force
	Died       clock.Date
	Today      clock.Date
	Record     bool  // the reader may record here
	Seen       int64 // changes with everything that changes here
}

// Open lists the appointments that are still to be done.
func (v CaseView) Open() []FollowUp {
	return slices.DeleteFunc(slices.Clone(v.FollowUps), func(f FollowUp) bool { return f.Status != followup.Open || !v.Died.IsZero() })
}

// Ended lists the appointments people ended, which can be taken up again.
func (v CaseView) Ended() []FollowUp {
	return slices.DeleteFunc(slices.Clone(v.FollowUps), func(f FollowUp) bool {
		return f.Status != followup.Lost && f.Reason != followup.Moved && f.Reason != followup.Transferred
	})
}

// FoundBy counts the appointments a contact with a lost patient took up again.
func (v CaseView) FoundBy(contact ident.ID) int {
	n := 0
	for _, f := range v.FollowUps {
		if f.FoundBy == contact && contact != ident.Nil {
			n++
		}
	}
	return n
}

// Unscheduled reports whether an operation has no appointments.
func (v CaseView) Unscheduled() bool {
	return slices.ContainsFunc(v.Operations, func(o Operation) bool {
		return !slices.ContainsFunc(v.FollowUps, func(f FollowUp) bool { return f.Procedure == o.ID })
	})
}

// Case reads the follow-up of a case.
func (s *Service) Case(ctx context.Context, who user.Principal, id ident.ID) (CaseView, error) {
	var v CaseView
	if err := s.door(who, authz.FollowUpRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.FollowUpRead, ObjectKind: audit.ObjectCase, ObjectID: id})
		v, err = s.read(tx, id)
		return err
	})
	if err != nil {
		return CaseView{}, err
	}
	s.show(who, v.FollowUps)
	for i := range v.Contacts {
		s.veil(who, &v.Contacts[i])
	}
	v.PersonName = s.name(who, v.PersonName)
	return v, nil
}

func (s *Service) read(tx *store.Tx, id ident.ID) (CaseView, error) {
	v := CaseView{Today: tx.Today()}
	var err error
	if v.CaseItem, err = tx.CaseByID(id); err != nil {
		return v, err
	}
	if v.FollowUps, err = tx.FollowUpsOfCase(id); err != nil {
		return v, err
	}
	if v.Contacts, err = tx.ContactsOf(id); err != nil {
		return v, err
	}
	list, err := tx.TreatmentsOf(id)
	if err != nil {
		return v, err
	}
	if err := partnerToday(tx, v.CaseItem, list); err != nil {
		return v, err
	}
	treatments := make([]ident.ID, len(list))
	for i, t := range list {
		treatments[i] = t.ID
	}
	if v.Operations, err = tx.OperationsOf(treatments...); err != nil {
		return v, err
	}
	v.Operations = slices.DeleteFunc(v.Operations, func(o Operation) bool { return len(followup.Schedule(o.Kind)) == 0 })
	rules, err := tx.AllFollowRules()
	if err != nil {
		return v, err
	}
	v.Rules = store.FollowTable(rules)
	for _, f := range v.FollowUps {
		v.Seen += f.Version
		v.Died = f.Died
	}
	if v.Sides, err = tx.SidesOf(); err != nil {
		return v, err
	}
	_, err = s.recorder(tx, v.ID, v.Home)
	v.Record = err == nil
	if errs.Is(err, errs.Forbidden) || errs.Is(err, errs.NotFound) {
		err = nil
	}
	return v, err
}

// partnerToday refuses a reader whose only way into a case was a referral whose
// days are over: the rows may still be open for a minute, the days are not.
func partnerToday(tx *store.Tx, c store.CaseItem, list []store.Treatment) error {
	who := tx.Who()
	mine := func(h ident.ID) bool { return slices.Contains(who.Hospitals, h) }
	if who.Wide || mine(c.Home) || slices.ContainsFunc(list, func(t store.Treatment) bool { return mine(t.Hospital) }) {
		return nil
	}
	partners, err := tx.CasePartners(c.ID)
	if err == nil && !slices.ContainsFunc(partners, mine) {
		err = errs.Missing("error.case.missing")
	}
	return err
}

// Block is the appointments of a case for its page; empty for a reader who may
// not see them.
func (s *Service) Block(ctx context.Context, who user.Principal, id ident.ID) ([]FollowUp, error) {
	if s.door(who, authz.FollowUpRead) != nil {
		return nil, nil
	}
	var out []FollowUp
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("part of the case's page, which is recorded")
		out, err = tx.FollowUpsOfCase(id)
		return err
	})
	s.show(who, out)
	return out, err
}

// recorder is the hospital in whose name the caller records in a case: the one
// that follows the patient, or any other of the caller's that takes part.
func (s *Service) recorder(tx *store.Tx, id, home ident.ID) (ident.ID, error) {
	who := tx.Who()
	err := s.at(who, authz.FollowUpRecord, home)
	if err == nil {
		return home, nil
	}
	reach := s.policy.Reach(who, authz.FollowUpRecord)
	if len(reach.Hospitals) == 0 {
		return ident.Nil, err
	}
	if at, failed := tx.PlaceIn(id, reach.Hospitals); failed != nil || at != ident.Nil {
		return at, failed
	}
	return ident.Nil, err
}

// RecordInput is one contact as it was entered: for an appointment under its
// version, or outside the schedule after an operation.
type RecordInput struct {
	FollowUp  ident.ID
	Version   int64
	Operation ident.ID
	Contact   followup.Contact
}

// subject is what a contact is about.
type subject struct {
	followUp  FollowUp // zero: outside the schedule
	operation Operation
	died      clock.Date
}

// Record writes a contact down, on time or afterwards. The day it took place
// counts; the day of the entry is kept beside it.
func (s *Service) Record(ctx context.Context, who user.Principal, in RecordInput, key Key) (Contact, error) {
	if err := s.door(who, authz.FollowUpRecord); err != nil {
		return Contact{}, err
	}
	event := audit.Event{Action: audit.FollowUpRecord, ObjectKind: audit.ObjectFollowUp, ObjectID: in.FollowUp,
		Detail: map[string]any{"on": in.Contact.On.String(), "evidence": string(in.Contact.Evidence), "reached": in.Contact.Reached}}
	if in.FollowUp == ident.Nil {
		event.ObjectKind, event.ObjectID = audit.ObjectProcedure, in.Operation
	}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Contact, error) {
		x, err := subjectOf(tx, in)
		if err != nil {
			return Contact{}, err
		}
		c := Contact{ID: ident.New(), FollowUp: in.FollowUp, Procedure: x.operation.ID}
		if c.Hospital, err = s.writer(tx, x.operation.Case); err != nil {
			return c, err
		}
		facts := followup.Facts{Programme: x.operation.Programme, Site: x.operation.Site, Operated: x.operation.OperatedOn, Died: x.died, Today: tx.Today()}
		if c.Contact, err = in.Contact.Check(facts); err != nil {
			return c, err
		}
		if in.FollowUp != ident.Nil && c.On.Before(x.followUp.From.AddDays(-followup.EarlyDays)) {
			var f errs.Fields
			f.Add("on", "error.followup.early", "from", x.followUp.From)
			return c, f.Err()
		}
		if err := tx.InsertContact(c, store.Made{}); err != nil {
			return c, err
		}
		if err := s.takeUp(tx, x, c); err != nil {
			return c, err
		}
		tx.Amend("contact", c.ID)
		return tx.ContactByID(c.ID)
	})
}

// takeUp stores what a contact means for the appointments of its case: the one it
// was about is done or was tried, and a lost patient who was reached is followed
// again.
func (s *Service) takeUp(tx *store.Tx, x subject, c Contact) error {
	if c.Reached {
		list, err := tx.FollowUpsOfCase(x.operation.Case)
		if err != nil {
			return err
		}
		// The appointment the contact is about may have been missed: it is met all the same.
		found := slices.DeleteFunc(list, func(f FollowUp) bool {
			return !f.EndedBy(c.Contact) && (f.ID != c.FollowUp || f.Status != followup.Lost)
		})
		if err := tx.FoundAgain(c, found); err != nil {
			return err
		}
		if n := len(found); n > 0 {
			tx.Amend("resumed", n)
		}
		if i := slices.IndexFunc(found, func(f FollowUp) bool { return f.ID == c.FollowUp }); i >= 0 {
			if x.followUp, err = tx.FollowUpByID(c.FollowUp); err != nil {
				return err
			}
		}
	}
	if c.FollowUp == ident.Nil {
		return nil
	}
	return tx.FollowedUp(x.followUp, c)
}

// writer is the hospital in whose name a contact of a case is written.
func (s *Service) writer(tx *store.Tx, id ident.ID) (ident.ID, error) {
	c, err := tx.CaseByID(id)
	if err != nil {
		return ident.Nil, err
	}
	list, err := tx.TreatmentsOf(id)
	if err != nil {
		return ident.Nil, err
	}
	if err := partnerToday(tx, c, list); err != nil {
		return ident.Nil, err
	}
	return s.recorder(tx, id, c.Home)
}

func subjectOf(tx *store.Tx, in RecordInput) (subject, error) {
	var x subject
	var err error
	operation := in.Operation
	if in.FollowUp != ident.Nil {
		if x.followUp, err = tx.FollowUpForUpdate(in.FollowUp); err != nil {
			return x, err
		}
		if x.followUp.Status == followup.Done {
			return x, errs.Refuse("followup.once", "error.followup.done", nil, "followup.remedy.extra")
		}
		if err := tx.SameVersion(x.followUp.Version, in.Version); err != nil {
			return x, err
		}
		operation, x.died = x.followUp.Procedure, x.followUp.Died
	}
	if x.operation, err = tx.OperationByID(operation); err != nil {
		return x, err
	}
	if x.died.IsZero() {
		p, err := tx.PersonByID(x.operation.Person)
		if err != nil {
			return x, err
		}
		x.died = p.DeceasedOn
	}
	return x, nil
}

// WithdrawInput takes a contact back that was entered wrongly.
type WithdrawInput struct {
	Contact ident.ID
	Version int64
	Reason  string
}

// Withdraw takes a contact off the record; it stays readable as withdrawn, and
// its appointment is open again.
func (s *Service) Withdraw(ctx context.Context, who user.Principal, in WithdrawInput, key Key) (Contact, error) {
	if err := s.door(who, authz.FollowUpRecord); err != nil {
		return Contact{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if err := checkReason(in.Reason); err != nil {
		return Contact{}, err
	}
	event := audit.Event{Action: audit.FollowUpWithdraw, ObjectKind: audit.ObjectFollowUp, ObjectID: in.Contact, Reason: in.Reason}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Contact, error) {
		c, err := tx.ContactForUpdate(in.Contact)
		if err != nil {
			return c, err
		}
		if err := s.at(who, authz.FollowUpRecord, c.Hospital); err != nil {
			return c, err
		}
		if !c.Live {
			return c, errs.Refuse("followup.withdrawn", "error.followup.withdrawn", nil, "fund.remedy.reload")
		}
		if err := tx.SameVersion(c.Version, in.Version); err != nil {
			return c, err
		}
		if err := tx.WithdrawContact(c, in.Reason); err != nil {
			return c, err
		}
		n, err := tx.LoseAgain(c)
		if err != nil {
			return c, err
		}
		if n > 0 {
			tx.Amend("lost_again", n)
		}
		return tx.ContactByID(c.ID)
	})
}

// Contact reads one contact.
func (s *Service) Contact(ctx context.Context, who user.Principal, id ident.ID) (Contact, error) {
	var c Contact
	if err := s.door(who, authz.FollowUpRead); err != nil {
		return c, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.FollowUpRead, ObjectKind: audit.ObjectFollowUp, ObjectID: id})
		c, err = tx.ContactByID(id)
		return err
	})
	s.veil(who, &c)
	return c, err
}

// veil takes what people said in their own words from who does not work with
// patients: names and numbers stand in it.
func (s *Service) veil(who user.Principal, c *Contact) {
	if s.door(who, authz.PersonRead) == nil {
		return
	}
	c.Informant, c.Note, c.Withdrawn = "", "", ""
	for i := range c.Complications {
		c.Complications[i].Note = ""
	}
}

func checkReason(text string) error {
	var f errs.Fields
	switch n := len([]rune(text)); {
	case n == 0:
		f.Add("reason", "form.error.missing")
	case n > followup.MaxText:
		f.Add("reason", "form.error.long", "max", followup.MaxText)
	}
	return f.Err()
}
