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

// Union is a merge of two hospitals, for delivery, which does not reach into the store.
type Union = store.UnionItem

// UnionView is a merge of two hospitals and what would happen.
type UnionView struct {
	Union
	Pending    []partnership.Pending // has to be finished first
	Moves      []partnership.Carried // goes over; of a merge that was done, what went over
	Stays      []partnership.Carried // history under the old name
	MayConfirm bool                  // somebody else asked; whether anything is pending is said when it is tried
	MayDrop    bool
}

// Unions is a page of the merges of the own partnership, the latest first.
func (s *Service) Unions(ctx context.Context, who user.Principal, req page.Request) (out page.Result[Union], err error) {
	if err := s.policy.Check(who, authz.HospitalMerge, authz.InPartnership(who.PartnershipID)); err != nil {
		return out, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.ListUnions(req)
		return err
	})
	return out, err
}

// Union previews a merge: what goes over, what stays, what has to be finished.
func (s *Service) Union(ctx context.Context, who user.Principal, id ident.ID) (v UnionView, err error) {
	if err := s.policy.Check(who, authz.HospitalMerge, authz.InPartnership(who.PartnershipID)); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("counts, no patient")
		if v.Union, err = tx.UnionByID(id); err != nil {
			return err
		}
		if v.State == partnership.UnionDone {
			v.Moves = partnership.Carry(partnership.MovedKinds(), v.Moved)
			return nil
		}
		if v.Moves, v.Stays, err = tx.Carrying(v.Union.Union); err != nil {
			return err
		}
		v.Pending, err = tx.PendingAt(v.Union.Union)
		v.MayDrop = v.State == partnership.UnionAsked
		v.MayConfirm = v.MayDrop && v.AskedBy != who.AccountID
		return err
	})
	if err != nil {
		return UnionView{}, err
	}
	return v, nil
}

// AskUnion asks for one hospital to become part of another one; nothing changes
// until somebody else does it.
func (s *Service) AskUnion(ctx context.Context, who user.Principal, u partnership.Union, key string) (ident.ID, error) {
	if err := s.policy.Check(who, authz.HospitalMerge, authz.InPartnership(who.PartnershipID)); err != nil {
		return ident.Nil, err
	}
	k := store.KeyOf(key, u)
	u.ID = ident.New()
	return store.Once(ctx, s.db, who, k, func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.HospitalMerge, ObjectKind: audit.ObjectUnion, ObjectID: u.ID,
			Detail: map[string]any{"step": "ask", "from": u.From.String(), "into": u.Into.String(), "on": u.On.String()}})
		if err := checkUnion(tx, &u); err != nil {
			return ident.Nil, err
		}
		tx.Amend("reason", u.Reason)
		return u.ID, tx.InsertUnion(u)
	})
}

// checkUnion asks whether both hospitals stand, today.
func checkUnion(tx *store.Tx, u *partnership.Union) error {
	members, err := tx.Members(tx.Partnership())
	if err != nil {
		return err
	}
	var from, into partnership.Organisation
	for _, m := range members {
		switch m.OrganisationID {
		case u.From:
			from = m.Organisation
		case u.Into:
			into = m.Organisation
		}
	}
	return u.Check(from, into, plain(members), tx.Today())
}

// DropUnion takes the wish back.
func (s *Service) DropUnion(ctx context.Context, who user.Principal, id ident.ID, version int64, key string) error {
	return s.unite(ctx, who, unionStep{"drop", id, version}, key, func(tx *store.Tx, u partnership.Union) error {
		if err := u.Standing(); err != nil {
			return err
		}
		return tx.DropUnion(u)
	})
}

// ConfirmUnion makes the two hospitals one: what the one was still doing goes on
// at the other, and the one begins nothing from then on.
func (s *Service) ConfirmUnion(ctx context.Context, who user.Principal, id ident.ID, version int64, key string) error {
	return s.unite(ctx, who, unionStep{"confirm", id, version}, key, func(tx *store.Tx, u partnership.Union) error {
		if err := u.Confirm(who.AccountID, nil, tx.Today()); err != nil {
			return err
		}
		if err := tx.HoldHospital(u.From); err != nil {
			return err
		}
		pending, err := tx.PendingAt(u)
		if err != nil {
			return err
		}
		if err := u.Confirm(who.AccountID, pending, tx.Today()); err != nil {
			return err
		}
		again := u
		again.On = tx.Today()
		if err := checkUnion(tx, &again); err != nil {
			return err
		}
		moved, err := tx.Unite(u)
		tx.Amend("moved", moved)
		return err
	})
}

// unionStep is a step of a merge under the version that was read.
type unionStep struct {
	Step    string
	ID      ident.ID
	Version int64
}

// unite takes one step of a merge, in the background's time: a large hospital has
// more to carry over than a page may wait for a single statement.
func (s *Service) unite(ctx context.Context, who user.Principal, in unionStep, key string, step func(*store.Tx, partnership.Union) error) error {
	if err := s.policy.Check(who, authz.HospitalMerge, authz.InPartnership(who.PartnershipID)); err != nil {
		return err
	}
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (struct{}, error) {
		tx.Intend(audit.Event{Action: audit.HospitalMerge, ObjectKind: audit.ObjectUnion, ObjectID: in.ID, Detail: map[string]any{"step": in.Step}})
		u, err := tx.UnionByID(in.ID)
		if err != nil {
			return struct{}{}, err
		}
		if err := tx.SameVersion(u.Version, in.Version); err != nil {
			return struct{}{}, err
		}
		tx.Amend("from", u.From.String())
		tx.Amend("into", u.Into.String())
		if err := step(tx, u.Union); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, tx.BumpPolicy(ident.Nil)
	}, store.Background())
	if err == nil {
		s.changed(ctx)
	}
	return err
}
