// Package screening is the use cases of outreach days: rows of screenings come
// in one by one from a form or many at a time from a client that was without a
// network, each once; they are listed, counted, and withdrawn when entered by
// mistake. Registering who was screened is intake's (see intake.Screened).
package screening

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/blob"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Deps is what the service needs.
type Deps struct {
	DB     *store.DB
	Policy *authz.Policy
	Blobs  *blob.Store
	// Theatre records operations that were kept beside screenings; without it none are taken.
	Theatre Theatre
}

// Service is the use cases.
type Service struct {
	db      *store.DB
	policy  *authz.Policy
	blobs   *blob.Store
	theatre Theatre
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{db: d.DB, policy: d.Policy, blobs: d.Blobs, theatre: d.Theatre}
}

// The records as pages and the API meet them.
type (
	// Key makes a write happen once; see [KeyOf].
	Key = store.Key
	// Screening is a screening as it may be shown.
	Screening = store.Screening
	// Count is how many were screened on a day.
	Count = store.ScreeningCount
	// DayPlace is a place of outreach with its last day.
	DayPlace = store.ScreeningPlace
	// Recovery is a file of somebody's unsent forms that the hospital opens.
	Recovery = store.OutboxRecovery
	// Attached is the record of a photo.
	Attached = store.Attachment
)

// KeyOf is the key of a request with the given input.
func KeyOf(key string, input any) Key { return store.KeyOf(key, input) }

func (s *Service) door(who user.Principal, perm authz.Permission) error {
	return s.policy.Check(who, perm, authz.Anywhere(who.PartnershipID))
}

// at asks for a permission at a hospital; where that became part of another one,
// the other one goes on with its lists.
func (s *Service) at(who user.Principal, perm authz.Permission, hospital ident.ID) error {
	return s.policy.Check(who, perm, authz.AtHospital(who.PartnershipID, s.policy.Successor(who.PartnershipID, hospital)))
}

// hospitals lists where the reader sees screenings, or the one asked for.
func (s *Service) hospitals(tx *store.Tx, one ident.ID) ([]ident.ID, error) {
	if one != ident.Nil {
		return []ident.ID{one}, s.at(tx.Who(), authz.ScreeningRead, one)
	}
	reach := s.policy.Reach(tx.Who(), authz.ScreeningRead)
	if !reach.All {
		return reach.Hospitals, nil
	}
	return members(tx)
}

// members are the hospitals and offices of the partnership.
func members(tx *store.Tx) ([]ident.ID, error) {
	list, err := tx.Members(tx.Partnership())
	var out []ident.ID
	for _, m := range list {
		out = append(out, m.OrganisationID)
	}
	return out, err
}

// ListInput narrows the list.
type ListInput struct {
	Hospital ident.ID // nil: all the reader sees
	On       clock.Date
	Place    screening.Place
	Triage   screening.Triage
	Answer   screening.Answer
	Open     bool // not yet registered
	Page     page.Request
}

// List is a page of screenings with what belongs to it.
type List struct {
	page.Result[Screening]
	Day    clock.Date // the day counted: the one asked for, or today
	Count  Count
	Places []DayPlace // of the last half year, to choose from
}

// placesBack is for how many days places are offered to choose from.
const placesBack = 180

// List reads a page of screenings, the latest day first.
func (s *Service) List(ctx context.Context, who user.Principal, in ListInput) (List, error) {
	var out List
	if err := s.door(who, authz.ScreeningRead); err != nil {
		return out, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) error {
		at, err := s.hospitals(tx, in.Hospital)
		if err != nil {
			return err
		}
		f := store.ScreeningFilter{Hospitals: at, On: in.On, Place: in.Place, Triage: in.Triage, Answer: in.Answer, Open: in.Open}
		if out.Result, err = tx.ListScreenings(f, in.Page); err != nil {
			return err
		}
		if out.Day = in.On; out.Day.IsZero() {
			out.Day = tx.Today()
		}
		if out.Count, err = tx.CountScreenings(at, out.Day); err != nil {
			return err
		}
		if out.Places, err = tx.ScreeningPlaces(at, tx.Today().AddDays(-placesBack)); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "screenings", "rows": len(out.Rows)}})
		return nil
	})
	return out, err
}

// Today counts a day at a hospital.
func (s *Service) Today(ctx context.Context, who user.Principal, hospital ident.ID, on clock.Date) (Count, error) {
	var n Count
	if err := s.at(who, authz.ScreeningRead, hospital); err != nil {
		return n, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		tx.NoAudit("a figure")
		n, err = tx.CountScreenings([]ident.ID{hospital}, on)
		return err
	})
	return n, err
}

// View is one screening with those that may be the same person.
type View struct {
	Screening
	Alike    []Screening
	Photos   []Attached
	Open     bool // the reader may open the photos
	Register bool // the reader may register the person
	Withdraw bool
}

// Screening reads one screening.
func (s *Service) Screening(ctx context.Context, who user.Principal, id ident.ID) (View, error) {
	var v View
	if err := s.door(who, authz.ScreeningRead); err != nil {
		return v, err
	}
	err := s.db.InTx(ctx, who, func(tx *store.Tx) (err error) {
		if v.Screening, err = tx.ScreeningByID(id); err != nil {
			return err
		}
		if s.at(who, authz.ScreeningRead, v.Hospital) != nil { // seen for another reason, say a posting
			return errs.Missing("error.screening.missing")
		}
		if v.Screening.Alike > 0 {
			if v.Alike, err = tx.AlikeScreenings(id); err != nil {
				return err
			}
		}
		if v.Photos, err = tx.AttachmentsOf(store.Owner{Kind: store.OwnerScreening, ID: id}); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ScreeningRead, ObjectKind: audit.ObjectScreening, ObjectID: id, OrganisationID: v.Hospital})
		return nil
	})
	v.Open = err == nil && s.at(who, authz.AttachmentRead, v.Hospital) == nil
	open := err == nil && !v.Converted()
	v.Register = open && s.at(who, authz.PersonRegister, v.Hospital) == nil
	v.Withdraw = open && s.at(who, authz.ScreeningRecord, v.Hospital) == nil
	return v, err
}

// WithdrawInput takes a screening back.
type WithdrawInput struct {
	ID      ident.ID
	Version int64
	Reason  string
}

// maxReason is the longest reason, in characters.
const maxReason = 500

// Withdraw takes a screening that was entered by mistake off the list. One that
// became a registration stays.
func (s *Service) Withdraw(ctx context.Context, who user.Principal, in WithdrawInput, key Key) (Screening, error) {
	var none Screening
	if err := s.door(who, authz.ScreeningRecord); err != nil {
		return none, err
	}
	var f errs.Fields
	in.Reason = strings.TrimSpace(in.Reason)
	switch n := len([]rune(in.Reason)); {
	case n == 0:
		f.Add("reason", "form.error.missing")
	case n > maxReason:
		f.Add("reason", "form.error.long", "max", maxReason)
	}
	if err := f.Err(); err != nil {
		return none, err
	}
	return store.Once(ctx, s.db, who, key, func(tx *store.Tx) (Screening, error) {
		x, err := tx.ScreeningByID(in.ID)
		if err != nil {
			return none, err
		}
		tx.Intend(audit.Event{Action: audit.ScreeningWithdraw, ObjectKind: audit.ObjectScreening, ObjectID: in.ID, OrganisationID: x.Hospital, Reason: in.Reason})
		if err := s.at(who, authz.ScreeningRecord, x.Hospital); err != nil {
			return none, err
		}
		if x.Converted() {
			return none, errs.Refuse("screening.registered", "error.screening.registered", nil, "remedy.screening.registered")
		}
		if err := tx.SameVersion(x.Version, in.Version); err != nil {
			return none, err
		}
		return x, tx.WithdrawScreening(x, in.Reason)
	})
}
