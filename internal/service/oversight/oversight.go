// Package oversight is about watching the watchers: reading the log, seeing who
// saw a case, proving that the log is as it was written, and the anchors that
// leave the house so that the proof does not rest on the house alone.
//
// An anchor is made once a day and partnership. It is worth what its copies are
// worth: the database has one, the data directory has one, and the other region
// has one when its auditor took it. Anchors of another installation are kept here
// for it, and the next own anchor names them: from then on neither side can deny
// what it was given.
package oversight

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Names of the stored records, for delivery, which does not reach into the store.
type (
	Entry  = store.AuditRow
	Anchor = store.StoredAnchor
	Held   = store.HeldAnchor
	Report = store.ChainReport
	Fault  = store.ChainFault
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
}

// Service is the use cases of watching.
type Service struct {
	db     *store.DB
	policy *authz.Policy
}

// New makes the service.
func New(d Deps) *Service { return &Service{d.DB, d.Policy} }

// LogQuery chooses events; the zero query is everything, newest first.
type LogQuery struct {
	Object ident.ID
	Actor  ident.ID
	Until  clock.Date // this day and before
	Page   page.Request
}

// Log is a page of the log of the partnership the reader works in, or of the
// platform. Who watches one fund reads what was done to that fund. Reading the
// log is itself in the log.
func (s *Service) Log(ctx context.Context, who user.Principal, q LogQuery) (out page.Result[Entry], err error) {
	reach, err := s.reach(who, authz.AuditRead)
	if err != nil {
		return out, err
	}
	if !reach.All {
		if !slices.Contains(reach.Funds, q.Object) {
			q.Object = reach.Funds[0]
		}
		q.Actor = ident.Nil
	}
	f := store.AuditFilter{Object: q.Object, Actor: q.Actor, Page: q.Page}
	if !q.Until.IsZero() {
		f.Before = q.Until.AddDays(1).Start()
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.AuditRead, ObjectKind: audit.ObjectChain})
		rows, err := tx.AuditTrail(f)
		out = page.Cut(f.Page, rows, func(r Entry) []any { return []any{r.At, r.ID} })
		return err
	})
	return out, err
}

// reach is where the reader holds a permission over the log; nowhere is refused.
func (s *Service) reach(who user.Principal, perm authz.Permission) (authz.Reach, error) {
	if err := s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID)); err != nil {
		return authz.Reach{}, err
	}
	reach := s.policy.Reach(who, perm)
	if !reach.All && len(reach.Funds) == 0 {
		return reach, errs.New(errs.Forbidden, "error.authz.forbidden", errs.Args{"permission": authz.Label(perm)})
	}
	return reach, nil
}

// Act is one kind of act of a person on one kind of object.
type Act struct {
	Action string
	Kind   string
	Times  int
}

// Reader is somebody who saw or changed something of a case.
type Reader struct {
	Account     ident.ID
	Name        string
	Roles       []user.Role
	System      bool // a job or command of the house itself
	Acts        []Act
	Times       int
	Refused     int
	First, Last time.Time
}

// Readers is everybody who was at a case.
type Readers struct {
	Case    ident.ID
	No      string
	Readers []Reader
}

// FindCase finds a case by its number, for the question who saw it.
func (s *Service) FindCase(ctx context.Context, who user.Principal, no string) (id ident.ID, err error) {
	err = s.aboutCase(ctx, who, func(tx *store.Tx) (store.CaseItem, error) { return tx.CaseByNo(strings.ToUpper(strings.TrimSpace(no))) },
		func(_ *store.Tx, c store.CaseItem) error { id = c.ID; return nil })
	return id, err
}

// WhoSaw answers who saw or changed a case, its person, and everything that
// hangs on it. Lists in which it stood beside others are recorded as lists and
// are not in the answer.
func (s *Service) WhoSaw(ctx context.Context, who user.Principal, id ident.ID) (out Readers, err error) {
	err = s.aboutCase(ctx, who, func(tx *store.Tx) (store.CaseItem, error) { return tx.CaseByID(id) }, func(tx *store.Tx, c store.CaseItem) error {
		objects, err := tx.ObjectsOfCase(c.ID)
		if err != nil {
			return err
		}
		sights, err := tx.Sights(objects)
		out = Readers{Case: c.ID, No: c.No, Readers: gather(sights)}
		return err
	})
	if err != nil {
		return Readers{}, err
	}
	return out, s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.AuditRead, ObjectKind: audit.ObjectCase, ObjectID: out.Case})
		return nil
	})
}

// aboutCase reads a case for somebody who watches the whole partnership. That
// person need not see the case to ask who did, so it is read by the house.
// Whoever watches a fund sees no cases, and gets no answer about one.
func (s *Service) aboutCase(ctx context.Context, who user.Principal, find func(*store.Tx) (store.CaseItem, error), fn func(*store.Tx, store.CaseItem) error) error {
	reach, err := s.reach(who, authz.AuditRead)
	if err != nil {
		return err
	}
	if !reach.All || who.PartnershipID == ident.Nil {
		return errs.Missing("error.case.missing")
	}
	return s.db.InTx(ctx, authz.System("oversight").In(who.PartnershipID), func(tx *store.Tx) error {
		tx.NoAudit("recorded with its answer, in the name of who asked")
		c, err := find(tx)
		if err != nil {
			return err
		}
		return fn(tx, c)
	})
}

// gather adds up what each person did, the latest first.
func gather(sights []store.Sight) []Reader {
	at := map[ident.ID]int{}
	var out []Reader
	for _, x := range sights {
		i, known := at[x.ActorID]
		if !known {
			i = len(out)
			at[x.ActorID] = i
			out = append(out, Reader{Account: x.ActorID, Name: x.ActorName, System: strings.HasPrefix(x.ActorName, "system:"), First: x.First})
		}
		r := &out[i]
		r.Times += x.Times
		if x.First.Before(r.First) {
			r.First = x.First
		}
		if x.Last.After(r.Last) {
			r.Last, r.Name = x.Last, x.ActorName
		}
		for name := range strings.FieldsSeq(x.Role) {
			if role := user.Role(name); role != user.Everyone && !slices.Contains(r.Roles, role) {
				r.Roles = append(r.Roles, role)
			}
		}
		if audit.Outcome(x.Outcome) == audit.Refused {
			r.Refused += x.Times
			continue
		}
		r.add(Act{x.Action, x.ObjectKind, x.Times})
	}
	for i := range out {
		slices.SortFunc(out[i].Acts, func(a, b Act) int {
			return cmp.Or(b.Times-a.Times, strings.Compare(a.Action, b.Action), strings.Compare(a.Kind, b.Kind))
		})
	}
	slices.SortStableFunc(out, func(a, b Reader) int { return b.Last.Compare(a.Last) })
	return out
}

func (r *Reader) add(a Act) {
	for i := range r.Acts {
		if r.Acts[i].Action == a.Action && r.Acts[i].Kind == a.Kind {
			r.Acts[i].Times += a.Times
			return
		}
	}
	r.Acts = append(r.Acts, a)
}
