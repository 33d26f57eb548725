package treatment

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// TimelineEntry is one thing that happened to a person, or is planned.
type TimelineEntry = store.TimelineEntry

// The kinds of entries.
const (
	EntryRegistered = store.EntryRegistered
	EntryOpened     = store.EntryOpened
	EntryClosed     = store.EntryClosed
	EntryStep       = store.EntryStep
	EntryOperation  = store.EntryOperation
	EntryReferral   = store.EntryReferral
	EntryMoney      = store.EntryMoney
	EntryFile       = store.EntryFile
	EntryDeath      = store.EntryDeath
	EntryPlan       = store.EntryPlan
	EntryFollowUp   = store.EntryFollowUp
)

// timelineFilter is what of a person's timeline a reader may see.
func (s *Service) timelineFilter(who user.Principal, person ident.ID) store.TimelineFilter {
	can := func(p authz.Permission) bool { return s.door(who, p) == nil }
	return store.TimelineFilter{Person: person, Care: can(authz.CaseRead), Money: can(authz.SettlementRead), Files: can(authz.AttachmentRead)}
}

// TimelineInput asks for the timeline of a person, or of one of the cases.
type TimelineInput struct {
	Person ident.ID
	Case   ident.ID // nil: everything
}

// TimelineView is the whole way of a patient through the programme.
type TimelineView struct {
	store.PersonItem
	CaseNo  string // of the one case asked for
	Entries []store.TimelineEntry
	Sides   map[ident.ID]user.Side
	Today   clock.Date
	Cut     bool // there is more than a page of record shows: the earliest are left out
}

// Timeline reads what happened to a person, whichever hospitals took part. It
// takes four statements, however long the story is.
func (s *Service) Timeline(ctx context.Context, who user.Principal, in TimelineInput) (TimelineView, error) {
	var v TimelineView
	if err := s.door(who, authz.PersonRead); err != nil {
		return v, err
	}
	f := s.timelineFilter(who, in.Person)
	f.Case = in.Case
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.AuditRead(audit.Event{Action: audit.PersonRead, ObjectKind: audit.ObjectPerson, ObjectID: in.Person, Detail: map[string]any{"page": "timeline"}})
		if v.PersonItem, err = tx.PersonByID(in.Person); err != nil {
			return err
		}
		v.Today = tx.Today()
		if in.Case != ident.Nil {
			if err := s.door(who, authz.CaseRead); err != nil {
				return err
			}
			c, err := tx.CaseByID(in.Case)
			if err != nil {
				return err
			}
			if v.CaseNo = c.No; c.Person != in.Person {
				return errs.Missing("error.case.missing")
			}
		}
		if v.Entries, err = tx.Timeline(f); err != nil {
			return err
		}
		v.Sides, err = tx.SidesOf()
		return err
	})
	v.Cut = len(v.Entries) == store.TimelineLimit
	return v, err
}
