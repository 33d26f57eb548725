// Package subject answers what a person may ask about the data kept on them: a
// copy, a correction, a restriction or its end, a deletion.
//
// A request is written down where the person stands, with what proved who asked.
// What is known of a person lies in more hospitals than the one that was asked, so
// a decision about such a person is the office's, and what it does is done in all
// of them. A copy is made when it is handed out and kept nowhere.
package subject

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/dataclass"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/subject"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Item is a request, for delivery, which does not reach into the store.
type Item = store.SubjectItem

// Query chooses requests.
type Query = store.SubjectQuery

// Deps is what the service needs.
type Deps struct {
	DB       *store.DB
	Policy   *authz.Policy
	Blobs    *blob.Store        // of the scanned files
	Register dataclass.Register // of the columns
}

// Service is the use cases of requests.
type Service struct {
	db     *store.DB
	policy *authz.Policy
	blobs  *blob.Store
	steps  []subject.Step
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{db: d.DB, policy: d.Policy, blobs: d.Blobs, steps: subject.Reach(d.Register)}
}

// Hospitals are where the reader may write a request down.
func (s *Service) Hospitals(who user.Principal) []ident.ID {
	return s.policy.Reach(who, authz.SubjectRegister).Hospitals
}

// Person is who a request is about.
type Person struct {
	store.PersonItem
	Hospitals []ident.ID // of the reader's, where the person is registered
	Clock     subject.Clock
}

// Person reads who a request would be about.
func (s *Service) Person(ctx context.Context, who user.Principal, id ident.ID) (p Person, err error) {
	if err := s.policy.Check(who, authz.SubjectRegister, authz.Anywhere(who.PartnershipID)); err != nil {
		return p, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.PersonRead, ObjectKind: audit.ObjectPerson, ObjectID: id})
		p, err = s.person(tx, who, id)
		return err
	})
	return p, err
}

// person reads somebody who is registered at a hospital of the reader.
func (s *Service) person(tx *store.Tx, who user.Principal, id ident.ID) (p Person, err error) {
	if p.PersonItem, err = tx.PersonByID(id); err != nil {
		return p, err
	}
	regs, err := tx.RegistrationsOf(id)
	if err != nil {
		return p, err
	}
	mine := s.Hospitals(who)
	for _, r := range regs {
		if slices.Contains(mine, r.HospitalID) {
			p.Hospitals = append(p.Hospitals, r.HospitalID)
		}
	}
	if len(p.Hospitals) == 0 {
		return p, errs.Missing("error.person.missing")
	}
	p.Clock, err = tx.SubjectClock()
	return p, err
}

// Ask writes a request down. The same key writes it once.
func (s *Service) Ask(ctx context.Context, who user.Principal, q subject.Request, key string) (ident.ID, error) {
	if err := s.policy.Check(who, authz.SubjectRegister, authz.Anywhere(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	q = q.Normalise()
	return store.Once(ctx, s.db, who, store.KeyOf(key, q), func(tx *store.Tx) (ident.ID, error) {
		q.ID = ident.New()
		p, err := s.person(tx, who, q.Person)
		if err != nil {
			return ident.Nil, err
		}
		if q.Hospital == ident.Nil {
			q.Hospital = p.Hospitals[0]
		}
		tx.Intend(audit.Event{Action: audit.SubjectAsk, ObjectKind: audit.ObjectSubject, ObjectID: q.ID, OrganisationID: q.Hospital,
			Detail: map[string]any{"kind": string(q.Kind), "person": q.Person.String(), "asker": string(q.Asker)}})
		if !slices.Contains(p.Hospitals, q.Hospital) {
			return ident.Nil, errs.Missing("error.person.missing")
		}
		if err := q.Check(tx.Today(), !p.DeceasedOn.IsZero()); err != nil {
			return ident.Nil, err
		}
		if err := possible(q, p.PersonItem); err != nil {
			return ident.Nil, err
		}
		if _, _, err := s.corrected(tx, q, p.PersonItem); err != nil {
			return ident.Nil, err
		}
		q.DueOn = q.ReceivedOn.AddDays(p.Clock.Days)
		if err := tx.InsertSubject(q); err != nil {
			return ident.Nil, err
		}
		return q.ID, s.tell(tx, q, p.PersonItem.Hospitals)
	})
}

// possible says whether the request means anything of this person.
func possible(q subject.Request, p store.PersonItem) error {
	restricted := !p.RestrictedOn.IsZero()
	switch {
	case !p.ErasedOn.IsZero():
		return errs.Refuse("subject.erased", "error.subject.erased", nil, "remedy.subject.erased")
	case q.Kind == subject.Restrict && restricted:
		return errs.Refuse("subject.restricted", "error.subject.restricted_already", nil, "remedy.subject.restricted_already")
	case q.Kind == subject.Lift && !restricted:
		return errs.Refuse("subject.lift", "error.subject.not_restricted", nil, "remedy.subject.not_restricted")
	case q.Kind == subject.Correct && restricted:
		return errs.Refuse("subject.restricted", "error.subject.restricted", nil, "remedy.subject.restricted")
	}
	return nil
}

// tell leaves a message with who decides: the heads of the hospital, or the office
// where there is none or where more hospitals know the person.
func (s *Service) tell(tx *store.Tx, q subject.Request, hospitals int) error {
	var to []ident.ID
	var err error
	if hospitals == 1 {
		if to, err = tx.RoleHolders(user.HospitalHead, q.Hospital); err != nil {
			return err
		}
	}
	if len(to) == 0 {
		if to, err = tx.RoleHolders(user.Approver, ident.Nil); err != nil {
			return err
		}
	}
	for _, account := range to { // a handful of people
		if err := tx.Tell(message.Message{To: account, Kind: message.SubjectAsked, Object: message.Subject, About: q.ID, Note: q.Wish}); err != nil {
			return err
		}
	}
	return nil
}

// List is a page of requests of the reader's reach.
type List struct {
	page.Result[Item]
	Clock    subject.Clock
	MayClock bool
}

// List lists requests; waiting are those without an answer, the one due first on
// top.
func (s *Service) List(ctx context.Context, who user.Principal, q Query) (out List, err error) {
	if err := s.policy.Check(who, authz.SubjectRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return out, err
	}
	out.MayClock = s.policy.Can(who, authz.SubjectClock, authz.InPartnership(who.PartnershipID))
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if out.Result, err = tx.ListSubjects(q); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "subject", "rows": len(out.Rows)}})
		out.Clock, err = tx.SubjectClock()
		return err
	})
	return out, err
}

// View is one request, with what a decision would do.
type View struct {
	Item
	Known       int // hospitals that know the person
	Restricted  bool
	MayGrant    bool
	MayRefuse   bool
	MayWithdraw bool
	MayFile     bool
	Keeps       []subject.Kept // of a deletion, to who decides it
	Whole       bool           // nothing keeps the record
	Clock       subject.Clock
}

// One reads a request.
func (s *Service) One(ctx context.Context, who user.Principal, id ident.ID) (v View, err error) {
	if err := s.policy.Check(who, authz.SubjectRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if v.Item, err = s.mine(tx, who, id); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.SubjectRead, ObjectKind: audit.ObjectSubject, ObjectID: id, OrganisationID: v.Hospital})
		p, err := tx.PersonByID(v.Person)
		if err != nil {
			return err
		}
		v.Known, v.Restricted = p.Hospitals, !p.RestrictedOn.IsZero()
		decides, office := s.decides(who, v.Hospital)
		v.MayGrant = v.Request.MayDecide(who.AccountID, true, p.Hospitals, decides, office) == nil
		v.MayRefuse = v.Request.MayDecide(who.AccountID, false, p.Hospitals, decides, office) == nil
		v.MayWithdraw = v.State == subject.Open && s.policy.Can(who, authz.SubjectRegister, authz.AtHospital(who.PartnershipID, v.Hospital))
		v.MayFile = v.FileOpen(tx.Now()) && s.policy.Can(who, authz.SubjectFile, authz.AtHospital(who.PartnershipID, v.Hospital))
		v.Clock, err = tx.SubjectClock()
		return err
	})
	if err == nil && v.Kind == subject.Erase && v.State == subject.Open && v.MayRefuse {
		var all Copy
		if all, err = s.gather(ctx, who.PartnershipID, v.Person); err == nil {
			h := all.Holdings()
			v.Keeps, v.Whole = h.Keeps(all.On), h.Whole()
		}
	}
	if err != nil {
		return View{}, err
	}
	return v, nil
}

// decides says whether somebody decides at a hospital, and for the whole
// partnership.
func (s *Service) decides(who user.Principal, hospital ident.ID) (here, office bool) {
	return s.policy.Can(who, authz.SubjectDecide, authz.AtHospital(who.PartnershipID, hospital)), s.policy.Can(who, authz.SubjectDecide, authz.InPartnership(who.PartnershipID))
}

// mine reads a request the reader may know of; any other does not exist.
func (s *Service) mine(tx *store.Tx, who user.Principal, id ident.ID) (Item, error) {
	q, err := tx.SubjectByID(id)
	if err == nil && !s.policy.Can(who, authz.SubjectRead, authz.AtHospital(who.PartnershipID, q.Hospital)) {
		return Item{}, errs.Missing("error.subject.missing")
	}
	return q, err
}

// Withdraw ends a request that was taken back before an answer.
func (s *Service) Withdraw(ctx context.Context, who user.Principal, id ident.ID, version int64, key string) error {
	if err := s.policy.Check(who, authz.SubjectRegister, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, []any{"withdraw", id}), func(tx *store.Tx) (ident.ID, error) {
		q, err := s.mine(tx, who, id)
		if err != nil {
			return id, err
		}
		tx.Intend(audit.Event{Action: audit.SubjectWithdraw, ObjectKind: audit.ObjectSubject, ObjectID: id, OrganisationID: q.Hospital})
		switch {
		case !s.policy.Can(who, authz.SubjectRegister, authz.AtHospital(who.PartnershipID, q.Hospital)):
			return id, errs.Missing("error.subject.missing")
		case q.State != subject.Open:
			return id, errs.Refuse("subject.once", "error.subject.decided", nil, "remedy.subject.decided")
		}
		if err := tx.SameVersion(q.Version, version); err != nil {
			return id, err
		}
		return id, tx.WithdrawSubject(id, q.Version)
	})
	return err
}

// SetClock sets the days for answers from now on; requests that came in keep
// theirs.
func (s *Service) SetClock(ctx context.Context, who user.Principal, c subject.Clock, key string) error {
	if err := s.policy.Check(who, authz.SubjectClock, authz.InPartnership(who.PartnershipID)); err != nil {
		return err
	}
	c.Source = strings.TrimSpace(c.Source)
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, c), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.SubjectClock, ObjectKind: audit.ObjectRule, Detail: map[string]any{"days": c.Days, "file_days": c.FileDays, "source": c.Source, "verified": c.Verified}})
		if err := c.Check(); err != nil {
			return ident.Nil, err
		}
		return ident.Nil, tx.SaveSubjectClock(c)
	})
	return err
}
