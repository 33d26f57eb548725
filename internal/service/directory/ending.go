package directory

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/partnership"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// HandedCase is an open case, for delivery, which does not reach into the store.
type HandedCase = store.HandedCase

// EndingView is how far a partnership is from its end, and what would happen.
type EndingView struct {
	partnership.Ending
	Partnership partnership.Partnership
	Pending     []partnership.Pending
	Cases       page.Result[HandedCase]
	MayAsk      bool
	MayConfirm  bool // somebody else asked; whether anything is pending is said when it is tried
	MayArchive  bool
}

// Ending previews the end of the own partnership: what is pending and which cases
// would go to their home hospitals.
func (s *Service) Ending(ctx context.Context, who user.Principal, req page.Request) (v EndingView, err error) {
	if err := s.policy.Check(who, authz.PartnershipClose, authz.InPartnership(who.PartnershipID)); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		if v.Partnership, err = tx.PartnershipByID(who.PartnershipID); err != nil {
			return err
		}
		if v.Ending, err = tx.Ending(); err != nil {
			return err
		}
		if v.Pending, err = tx.Pending(); err != nil {
			return err
		}
		if v.Cases, err = tx.OpenCases(req); err != nil {
			return err
		}
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectList, Detail: map[string]any{"list": "ending", "rows": len(v.Cases.Rows)}})
		stage := v.Ending.Stage()
		v.MayAsk = stage == partnership.Running
		v.MayConfirm = stage == partnership.Closing && v.AskedBy != who.AccountID
		v.MayArchive = v.Ending.Archive(tx.Today()) == nil
		return nil
	})
	if err != nil {
		return EndingView{}, err
	}
	return v, nil
}

// AskEnding asks for the end of the own partnership; nothing changes until
// somebody else confirms it.
func (s *Service) AskEnding(ctx context.Context, who user.Principal, reason string, version int64, key string) error {
	return s.end(ctx, who, []any{"ask", reason, version}, version, key, func(tx *store.Tx, e *partnership.Ending) (err error) {
		if e.Reason, err = e.Ask(reason); err != nil {
			return err
		}
		tx.Amend("step", "ask")
		tx.Amend("reason", e.Reason)
		e.AskedOn, e.AskedBy = tx.Today(), who.AccountID
		return nil
	})
}

// DropEnding takes the wish to close back.
func (s *Service) DropEnding(ctx context.Context, who user.Principal, version int64, key string) error {
	return s.end(ctx, who, []any{"drop", version}, version, key, func(tx *store.Tx, e *partnership.Ending) error {
		if e.Stage() != partnership.Closing {
			return e.Confirm(ident.Nil, nil)
		}
		tx.Amend("step", "drop")
		*e = partnership.Ending{}
		return nil
	})
}

// ConfirmEnding closes the own partnership: every open case goes to its home
// hospital, and from then on nothing in it can be changed.
func (s *Service) ConfirmEnding(ctx context.Context, who user.Principal, version int64, key string) error {
	return s.end(ctx, who, []any{"confirm", version}, version, key, func(tx *store.Tx, e *partnership.Ending) error {
		pending, err := tx.Pending()
		if err != nil {
			return err
		}
		if err := e.Confirm(who.AccountID, pending); err != nil {
			return err
		}
		n, err := tx.HandHome(e.Reason)
		if err != nil {
			return err
		}
		tx.Amend("step", "confirm")
		tx.Amend("cases", n)
		e.ClosedOn, e.ClosedBy = tx.Today(), who.AccountID
		return nil
	})
}

// ArchiveEnding puts a closed partnership away: only its auditors read it then.
func (s *Service) ArchiveEnding(ctx context.Context, who user.Principal, version int64, key string) error {
	return s.end(ctx, who, []any{"archive", version}, version, key, func(tx *store.Tx, e *partnership.Ending) error {
		if err := e.Archive(tx.Today()); err != nil {
			return err
		}
		tx.Amend("step", "archive")
		e.ArchivedOn = tx.Today()
		return nil
	})
}

// end takes one step towards the end.
func (s *Service) end(ctx context.Context, who user.Principal, in any, version int64, key string, step func(*store.Tx, *partnership.Ending) error) error {
	if err := s.policy.Check(who, authz.PartnershipClose, authz.InPartnership(who.PartnershipID)); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (struct{}, error) {
		tx.Intend(audit.Event{Action: audit.PartnershipEnd, ObjectKind: audit.ObjectPartnership, ObjectID: who.PartnershipID})
		p, err := tx.PartnershipByID(who.PartnershipID)
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.SameVersion(p.Version, version); err != nil {
			return struct{}{}, err
		}
		e, err := tx.Ending()
		if err != nil {
			return struct{}{}, err
		}
		if err := step(tx, &e); err != nil {
			return struct{}{}, err
		}
		if err := tx.SaveEnding(e, p.Version); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.BumpPolicy(ident.Nil)
	})
	if err == nil {
		s.changed(ctx)
	}
	return err
}
