// Package glass lets a doctor break the glass for the patient in front of him, and
// somebody else judge it.
//
// It asks for the full number of a document, a reason and (at the door) a fresh
// proof of who it is; it opens one record of one person to one account for an hour,
// tells the head of the hospital and the auditors, and the hospitals that know the
// patient see it among the look-ups of their patients.
package glass

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/glass"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Item is a broken glass, for delivery, which does not reach into the store.
type Item = store.GlassItem

// An account breaks so many a day, and asks for so many numbers: more is no emergency.
const (
	daily = 5
	tries = 20
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
}

// Service is the use cases of emergencies.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New makes the service.
func New(d Deps) *Service { return &Service{db: d.DB, policy: d.Policy} }

// Input is an emergency.
type Input struct {
	Hospital  ident.ID // where the patient is; may be left out by who works at one
	DocKind   patient.DocumentKind
	DocNumber string
	Reason    string
}

// Hospitals are where the person may break the glass.
func (s *Service) Hospitals(who user.Principal) []ident.ID {
	return s.policy.Reach(who, authz.GlassBreak).Hospitals
}

// Break opens the record of a patient to the person who asks. The same key opens
// the same once.
func (s *Service) Break(ctx context.Context, who user.Principal, in Input, key string) (ident.ID, error) {
	if err := s.policy.Check(who, authz.GlassBreak, authz.Anywhere(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	if at := s.Hospitals(who); in.Hospital == ident.Nil && len(at) == 1 {
		in.Hospital = at[0]
	}
	parsed, err := s.read(who, in)
	if err != nil {
		return ident.Nil, err
	}
	person, err := s.find(ctx, who, in.Hospital, parsed.Document)
	if err != nil {
		return ident.Nil, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		now := tx.Now()
		b := glass.Breaking{ID: ident.New(), Hospital: in.Hospital, Person: person, Reason: in.Reason, OpenedAt: now, UntilAt: now.Add(glass.Window), DueAt: now.Add(glass.JudgeWithin)}
		tx.Intend(audit.Event{Action: audit.GlassBreak, ObjectKind: audit.ObjectGlass, ObjectID: b.ID, OrganisationID: b.Hospital, Reason: b.Reason,
			Detail: map[string]any{"person": person.String()}})
		n, err := tx.GlassesSince(now.Add(-24 * time.Hour))
		if err != nil {
			return ident.Nil, err
		}
		if n >= daily {
			return ident.Nil, errs.New(errs.RateLimited, "error.glass.limit", errs.Args{"n": daily})
		}
		if err := tx.InsertGlass(b); err != nil {
			return ident.Nil, err
		}
		return b.ID, s.tell(tx, b)
	})
}

// find answers whose number it is. Each number asked for is recorded as a look-up,
// whether or not anybody is known by it, so that nobody tries numbers here.
func (s *Service) find(ctx context.Context, who user.Principal, hospital ident.ID, d patient.Document) (person ident.ID, err error) {
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		known, found, err := tx.FindPerson(d, "")
		if err != nil {
			return err
		}
		n, err := tx.RecordLookup(d, hospital, found) // the hospitals that know the patient are told
		if err != nil {
			return err
		}
		tx.Audit(audit.Event{Action: audit.PersonLookup, ObjectKind: audit.ObjectPerson, ObjectID: known.PersonID, OrganisationID: hospital, Detail: map[string]any{"found": found, "today": n, "glass": true}})
		if person = known.PersonID; n > tries {
			person = ident.Nil
		}
		return nil
	})
	if err == nil && person == ident.Nil {
		var f errs.Fields
		f.Add("doc_number", "error.glass.nobody")
		err = f.Err()
	}
	return person, err
}

// read checks what was typed.
func (s *Service) read(who user.Principal, in Input) (patient.Parsed, error) {
	var f errs.Fields
	if !slices.Contains(s.Hospitals(who), in.Hospital) {
		f.Add("hospital", "form.error.choice")
	}
	if err := glass.CheckReason(in.Reason); err != nil {
		f = append(f, errs.Of(err).Fields...)
	}
	parsed, err := patient.ParseDocument(in.DocKind, in.DocNumber, clock.Today(s.db.Clock()))
	if err != nil {
		e := errs.Of(err)
		if e.Kind != errs.Invalid {
			return parsed, err
		}
		for _, x := range e.Fields {
			if x.Path = "doc_number"; x.Key == "error.document.kind" {
				x.Path = "doc_kind"
			}
			f = append(f, x)
		}
	}
	if parsed.Number == "" && len(f) == 0 {
		f.Add("doc_number", "error.glass.number")
	}
	return parsed, f.Err()
}

// tell leaves a message with who has to know.
func (s *Service) tell(tx *store.Tx, b glass.Breaking) error {
	heads, err := tx.RoleHolders(user.HospitalHead, b.Hospital)
	if err != nil {
		return err
	}
	auditors, err := tx.RoleHolders(user.Auditor, ident.Nil)
	if err != nil {
		return err
	}
	for _, to := range append(heads, auditors...) { // a handful of people
		if err := tx.Tell(message.Message{To: to, Kind: message.GlassBroken, Object: message.Glass, About: b.ID, Note: b.Reason}); err != nil {
			return err
		}
	}
	return nil
}

// View is one broken glass, with the record while it is open to the reader.
type View struct {
	Item
	State    glass.State
	Overdue  bool
	Record   *glass.Record // nil: not open, or not to the reader
	MayClose bool
	MayJudge bool
}

// One reads a broken glass. To who broke it, it answers the record while it is
// open, and each reading is in the log.
func (s *Service) One(ctx context.Context, who user.Principal, id ident.ID) (v View, err error) {
	if err := s.policy.Check(who, authz.GlassRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if v.Item, err = s.mine(tx, who, id); err != nil {
			return err
		}
		now := tx.Now()
		v.State, v.Overdue = v.StateAt(now), v.Breaking.Overdue(now)
		own := v.Account == who.AccountID
		v.MayClose = own && v.OpenAt(now)
		v.MayJudge = !own && v.Verdict == "" && !v.OpenAt(now) && s.policy.Can(who, authz.GlassJudge, authz.AtHospital(who.PartnershipID, v.Hospital))
		if !v.MayClose {
			tx.AuditRead(audit.Event{Action: audit.GlassRead, ObjectKind: audit.ObjectGlass, ObjectID: id, OrganisationID: v.Hospital})
			return nil
		}
		tx.Intend(audit.Event{Action: audit.GlassUse, ObjectKind: audit.ObjectPerson, ObjectID: v.Person, OrganisationID: v.Hospital, Reason: v.Reason, Detail: map[string]any{"glass": id.String()}})
		record, err := tx.GlassRecord(id)
		v.Record = &record
		return err
	})
	if err != nil {
		return View{}, err
	}
	return v, nil
}

// mine reads a glass the reader may know of: the own, or one of a hospital where
// the reader judges. Any other does not exist.
func (s *Service) mine(tx *store.Tx, who user.Principal, id ident.ID) (Item, error) {
	g, err := tx.GlassByID(id)
	if err == nil && g.Account != who.AccountID && !s.watches(who, authz.AtHospital(who.PartnershipID, g.Hospital)) {
		return Item{}, errs.Missing("error.glass.missing")
	}
	return g, err
}

// watches reports whether somebody knows of the emergencies of others: who judges
// them, and who reads for the whole partnership.
func (s *Service) watches(who user.Principal, at authz.Scope) bool {
	return s.policy.Can(who, authz.GlassJudge, at) || s.policy.Can(who, authz.GlassRead, authz.InPartnership(who.PartnershipID))
}

// List is a page of broken glasses: the own, or (for who judges) all of the reach.
type List struct {
	page.Result[Item]
	Judge    bool // the reader judges or watches others
	MayBreak bool
	Now      time.Time
}

// List lists them; waiting are those nobody has judged, the one due first on top.
func (s *Service) List(ctx context.Context, who user.Principal, waiting bool, req page.Request) (out List, err error) {
	if err := s.policy.Check(who, authz.GlassRead, authz.Anywhere(who.PartnershipID)); err != nil {
		return out, err
	}
	out.Judge = s.watches(who, authz.Anywhere(who.PartnershipID))
	out.MayBreak = len(s.Hospitals(who)) > 0
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		out.Now = tx.Now()
		out.Result, err = tx.ListGlass(store.GlassQuery{Mine: !out.Judge, Waiting: waiting, Page: req})
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "glass", "rows": len(out.Rows)}})
		return err
	})
	return out, err
}

// Close ends the own glass before its time.
func (s *Service) Close(ctx context.Context, who user.Principal, id ident.ID, version int64, key string) error {
	if err := s.policy.Check(who, authz.GlassBreak, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, []any{"close", id}), func(tx *store.Tx) (ident.ID, error) {
		g, err := tx.GlassByID(id)
		if err == nil && g.Account != who.AccountID {
			err = errs.Missing("error.glass.missing")
		}
		if err != nil {
			return id, err
		}
		tx.Intend(audit.Event{Action: audit.GlassClose, ObjectKind: audit.ObjectGlass, ObjectID: id, OrganisationID: g.Hospital})
		if err := tx.SameVersion(g.Version, version); err != nil {
			return id, err
		}
		return id, tx.CloseGlass(id, g.Version)
	})
	return err
}

// Judgement is what the second person says of it.
type Judgement struct {
	Glass   ident.ID
	Verdict glass.Verdict
	Opinion string
	Version int64
}

// Judge records whether breaking the glass was right. Nobody judges the own, and
// nobody before the hour is over.
func (s *Service) Judge(ctx context.Context, who user.Principal, in Judgement, key string) error {
	if err := s.policy.Check(who, authz.GlassJudge, authz.Anywhere(who.PartnershipID)); err != nil {
		return err
	}
	in.Opinion = strings.TrimSpace(in.Opinion)
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		g, err := s.mine(tx, who, in.Glass)
		if err != nil {
			return in.Glass, err
		}
		tx.Intend(audit.Event{Action: audit.GlassJudge, ObjectKind: audit.ObjectGlass, ObjectID: g.ID, OrganisationID: g.Hospital, Reason: in.Opinion, Detail: map[string]any{"verdict": string(in.Verdict)}})
		switch {
		case g.Account == who.AccountID:
			return g.ID, errs.Refuse("glass.second_person", "error.glass.own", nil, "remedy.glass.own")
		case !s.policy.Can(who, authz.GlassJudge, authz.AtHospital(who.PartnershipID, g.Hospital)):
			return g.ID, errs.Missing("error.glass.missing")
		case g.OpenAt(tx.Now()):
			return g.ID, errs.Refuse("glass.open", "error.glass.open", nil, "remedy.glass.open")
		case g.Verdict != "":
			return g.ID, errs.Refuse("glass.once", "error.glass.judged", nil, "remedy.glass.judged")
		}
		var f errs.Fields
		if !slices.Contains(glass.Verdicts(), in.Verdict) {
			f.Add("verdict", "form.error.choice")
		}
		if in.Opinion == "" {
			f.Add("opinion", "error.glass.opinion")
		}
		if err := f.Err(); err != nil {
			return g.ID, err
		}
		if err := tx.SameVersion(g.Version, in.Version); err != nil {
			return g.ID, err
		}
		if err := tx.JudgeGlass(g.ID, in.Verdict, in.Opinion, g.Version); err != nil {
			return g.ID, err
		}
		return g.ID, tx.Tell(message.Message{To: g.Account, Kind: judged(in.Verdict), Object: message.Glass, About: g.ID, Note: in.Opinion})
	})
	return err
}

func judged(v glass.Verdict) message.Kind {
	if v == glass.Unjustified {
		return message.GlassUnjustified
	}
	return message.GlassJustified
}
