package subject

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Decide answers a request, and does what was granted in the same transaction.
func (s *Service) Decide(ctx context.Context, who user.Principal, d subject.Decision, key string) error {
	if err := s.policy.Check(who, authz.SubjectRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	d.Opinion = strings.TrimSpace(d.Opinion)
	held, err := s.held(ctx, who, d)
	if err != nil {
		return err
	}
	_, err = store.Once(ctx, s.db, who, store.KeyOf(key, d), func(tx *store.Tx) (ident.ID, error) {
		q, err := s.mine(tx, who, d.Request)
		if err != nil {
			return d.Request, err
		}
		tx.Intend(audit.Event{Action: audit.SubjectDecide, ObjectKind: audit.ObjectSubject, ObjectID: q.ID, OrganisationID: q.Hospital, Reason: d.Opinion,
			Detail: map[string]any{"kind": string(q.Kind), "granted": d.Grant, "person": q.Person.String()}})
		p, err := tx.PersonToChange(q.Person)
		if err != nil {
			return q.ID, err
		}
		decides, office := s.decides(who, q.Hospital)
		if err := q.MayDecide(who.AccountID, d.Grant, p.Hospitals, decides, office); err != nil {
			return q.ID, err
		}
		if err := answerable(q, d, held); err != nil {
			return q.ID, err
		}
		if err := tx.SameVersion(q.Version, d.Version); err != nil {
			return q.ID, err
		}
		return q.ID, s.answer(tx, q, p, d, held)
	})
	return err
}

// held is what is known of the person in all hospitals, where the decision hangs
// on it.
func (s *Service) held(ctx context.Context, who user.Principal, d subject.Decision) (c Copy, err error) {
	var q Item
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the decision that follows is recorded")
		q, err = s.mine(tx, who, d.Request)
		return err
	})
	if err != nil || !d.Grant || q.Kind != subject.Erase && q.Kind != subject.Restrict {
		return c, err
	}
	return s.gather(ctx, who.PartnershipID, q.Person)
}

// answerable says whether the answer can be given as it was written.
func answerable(q Item, d subject.Decision, held Copy) error {
	if d.Opinion == "" && (!d.Grant || q.Kind == subject.Erase || q.Field == subject.Other) {
		var f errs.Fields
		f.Add("opinion", "error.subject.opinion")
		return f.Err()
	}
	if d.Grant && held.InCare() {
		return errs.Refuse("subject.in_care", "error.subject.in_care", nil, "remedy.subject.in_care")
	}
	return nil
}

// answer stores the answer and does what it says.
func (s *Service) answer(tx *store.Tx, q Item, p store.PersonItem, d subject.Decision, held Copy) error {
	state, out := subject.Refused, subject.Outcome{Done: true}
	var until time.Time
	if d.Grant {
		state = subject.Granted
	}
	whole := held.Holdings().Whole()
	switch {
	case !d.Grant:
	case q.Kind == subject.Access:
		c, err := tx.SubjectClock()
		if err != nil {
			return err
		}
		until = tx.Now().Add(time.Duration(c.FileDays) * 24 * time.Hour)
	case q.Kind == subject.Erase && !whole:
		state = subject.Partly
	}
	if err := tx.DecideSubject(q.ID, state, d.Opinion, until, q.Version); err != nil {
		return err
	}
	if d.Grant {
		if err := s.carryOut(tx, q, p, held, &out); err != nil {
			return err
		}
	}
	tx.Amend("state", string(state))
	if err := tx.SubjectDone(q.ID, out); err != nil {
		return err
	}
	kind := message.SubjectGranted
	if !d.Grant {
		kind = message.SubjectRefused
	}
	return tx.Tell(message.Message{To: q.CreatedBy, Kind: kind, Object: message.Subject, About: q.ID, Note: d.Opinion})
}

// carryOut does what was granted.
func (s *Service) carryOut(tx *store.Tx, q Item, p store.PersonItem, held Copy, out *subject.Outcome) (err error) {
	switch q.Kind {
	case subject.Correct:
		out.Before, out.After, err = s.correct(tx, q.Request, p)
		return err
	case subject.Restrict, subject.Lift, subject.Erase:
		kept, gone, err := tx.ApplySubject(q.ID)
		if err != nil {
			return err
		}
		if q.Kind != subject.Erase {
			return nil
		}
		h := held.Holdings()
		if kept == h.Whole() { // a treatment or an amount came in between
			return errs.New(errs.Stale, "error.stale", nil)
		}
		out.Gone, out.Kept = gone, h.Keeps(tx.Today())
	}
	return nil
}

// correct changes what is wrong, on the path every correction goes: the version is
// counted, the search terms are made anew.
func (s *Service) correct(tx *store.Tx, q subject.Request, p store.PersonItem) (before, after string, err error) {
	if q.Field == subject.Other {
		return "", "", nil // put right on its own page
	}
	r, before, err := s.corrected(tx, q, p)
	if err != nil {
		return "", "", err
	}
	if !q.Field.Identity() {
		return before, q.Value, tx.UpdateRegistration(r.registration, r.note)
	}
	if err := tx.UpdatePerson(r.person); err != nil {
		return "", "", err
	}
	regs, err := tx.RegistrationsOf(q.Person)
	if err != nil {
		return "", "", err
	}
	for _, x := range regs { // a person has a handful
		if err := tx.RefreshTerms(x.ID); err != nil {
			return "", "", err
		}
	}
	return before, q.Value, nil
}

// change is a person or a registration with one field put right.
type change struct {
	person       patient.Person
	registration patient.Registration
	note         string
}

// corrected is what a correction would store, and what stands there now. It is
// asked when the request is written down too, so that a value no rule allows is
// refused while the person is there.
func (s *Service) corrected(tx *store.Tx, q subject.Request, p store.PersonItem) (c change, before string, err error) {
	if q.Kind != subject.Correct || q.Field == subject.Other {
		return c, "", nil
	}
	if q.Field.Identity() {
		c.person = p.Person
		before = setIdentity(&c.person, q.Field, q.Value)
		return c, before, wrong(c.person.Validate(tx.Today()), q.Field)
	}
	regs, err := tx.RegistrationsOf(q.Person)
	if err != nil {
		return c, "", err
	}
	for _, r := range regs {
		if r.HospitalID != q.Hospital {
			continue
		}
		c.registration, c.note = r.Registration, r.Note
		if c.registration.Phone, c.registration.KinPhone, err = tx.OpenPhones(r.ID); err != nil {
			return c, "", err
		}
		before = setContact(&c.registration, q.Field, q.Value)
		return c, before, wrong(c.registration.Validate(p.Birth, tx.Today()), q.Field)
	}
	return c, "", errs.Missing("error.registration.missing")
}

func setIdentity(p *patient.Person, f subject.Field, value string) (before string) {
	switch f {
	case subject.Name:
		before, p.Name = p.Name, value
	case subject.Sex:
		before, p.Sex = string(p.Sex), patient.Sex(value)
	case subject.Birth:
		before = p.Birth.String()
		if d, err := clock.ParseDate(value); err == nil { // it was checked when it was asked
			p.Birth, p.BirthEstimated = d, false
		}
	case subject.Ethnicity:
		before, p.Ethnicity = p.Ethnicity, value
	}
	*p = p.Normalise()
	return before
}

func setContact(r *patient.Registration, f subject.Field, value string) (before string) {
	field := map[subject.Field]*string{subject.Township: &r.Township, subject.Village: &r.Village, subject.Address: &r.Address, subject.KinName: &r.KinName}[f]
	before, *field = *field, value
	*r = r.Normalise()
	return before
}

// wrong puts what a rule says of the new value at the field it was typed in. What was
// wrong before with other fields stands in no correction's way.
func wrong(fields errs.Fields, of subject.Field) error {
	i := slices.IndexFunc(fields, func(f errs.Field) bool { return f.Path == string(of) })
	if i < 0 {
		return nil
	}
	fields[i].Path = "value"
	return fields[i : i+1].Err()
}
