package accounts

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/message"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/store"
)

// MoveInput is somebody who goes to work at another hospital.
type MoveInput struct {
	Account   ident.ID
	To        ident.ID // the organisation
	Successor ident.ID // takes over drafts and follow-ups at the old one; nil: nobody
	Version   int64
}

// Moved is what a move did.
type Moved struct {
	Roles     int // rights at the old place that ended
	FollowUps int64
	Drafts    int
}

// Move brings an account to another organisation. Its rights at the old one end at
// once and it is signed out; new rights are given by who gives rights. What it had
// begun at the old place goes to the successor, or back to everybody there.
func (s *Service) Move(ctx context.Context, who user.Principal, in MoveInput, key string) (m Moved, err error) {
	if err := s.policy.Check(who, authz.AccountCreate, authz.Platform()); err != nil {
		return m, err
	}
	var places []ident.ID // partnerships of the old place
	m.Roles, err = store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (int, error) {
		tx.Intend(audit.Event{Action: audit.AccountMove, ObjectKind: audit.ObjectAccount, ObjectID: in.Account, Detail: map[string]any{"to": in.To.String(), "successor": in.Successor.String()}})
		a, err := tx.AccountToChange(in.Account)
		if err != nil {
			return 0, err
		}
		if err := checkMove(tx, who, in, a.Account); err != nil {
			return 0, err
		}
		if places, err = partnershipsOf(tx, a.OrganisationID); err != nil {
			return 0, err
		}
		n, err := endRolesAt(tx, in.Account, a.OrganisationID)
		if err != nil {
			return 0, err
		}
		tx.Amend("from", a.OrganisationID.String())
		tx.Amend("roles", n)
		a.OrganisationID = in.To
		if err := tx.SetProfile(a.Account); err != nil {
			return 0, err
		}
		if a.PractitionerID != ident.Nil {
			if err := tx.MovePractitioner(a.PractitionerID, in.To); err != nil {
				return 0, err
			}
		}
		if err := s.endAll(tx, in.Account); err != nil {
			return 0, err
		}
		return n, tx.BumpPolicy(in.Account)
	})
	if err != nil {
		return m, err
	}
	s.out(in.Account)
	s.changed(ctx, in.Account)
	for _, p := range places {
		if err := s.handOver(ctx, p, in, &m); err != nil {
			return m, err
		}
	}
	return m, nil
}

// checkMove asks whether the move means something, and whether the successor works
// where the account worked.
func checkMove(tx *store.Tx, who user.Principal, in MoveInput, a user.Account) error {
	if a.ID == who.AccountID {
		return errs.Refuse("account.self", "error.account.own", nil, "refusal.next.other_admin")
	}
	if err := tx.SameVersion(a.Version, in.Version); err != nil {
		return err
	}
	var f errs.Fields
	if in.To == ident.Nil || in.To == a.OrganisationID {
		f.Add("to", "error.account.move_to")
	} else if o, err := tx.OrganisationByID(in.To); err != nil {
		return err
	} else if o.MergedInto != ident.Nil {
		f.Add("to", "error.account.move_to")
	}
	if in.Successor != ident.Nil {
		next, err := tx.AccountByID(in.Successor)
		if err != nil || next.Disabled || next.ID == a.ID || next.OrganisationID != a.OrganisationID {
			f.Add("successor", "error.account.successor")
		}
	}
	return f.Err()
}

func partnershipsOf(tx *store.Tx, organisation ident.ID) (out []ident.ID, err error) {
	if organisation == ident.Nil {
		return nil, nil
	}
	list, err := tx.MembershipsOf(organisation)
	seen := map[ident.ID]bool{}
	for _, m := range list {
		if !seen[m.PartnershipID] {
			seen[m.PartnershipID] = true
			out = append(out, m.PartnershipID)
		}
	}
	return out, err
}

// endRolesAt takes away what an account may do at a hospital; what it may do for a
// whole partnership or on the platform is not of the hospital and stays.
func endRolesAt(tx *store.Tx, account, organisation ident.ID) (n int, err error) {
	held, err := tx.AssignmentsOf(account)
	for _, h := range held { // a handful
		if h.ScopeKind != user.ScopeHospital || h.ScopeID != organisation {
			continue
		}
		if err := tx.RevokeAssignment(h.ID); err != nil {
			return n, err
		}
		n++
	}
	return n, err
}

// handOver gives what the account had begun in a partnership to the successor.
// Doing it again finds nothing more.
func (s *Service) handOver(ctx context.Context, partnership ident.ID, in MoveInput, m *Moved) error {
	return s.db.InTx(ctx, authz.System("move").In(partnership), func(tx *store.Tx) error {
		n, err := tx.HandFollowUps(in.Account, in.Successor)
		if err != nil {
			return err
		}
		drafts, err := tx.HandDrafts(in.Account, in.Successor)
		if err != nil {
			return err
		}
		m.FollowUps, m.Drafts = m.FollowUps+n, m.Drafts+drafts
		tx.Audit(audit.Event{Action: audit.AccountMove, ObjectKind: audit.ObjectAccount, ObjectID: in.Account, Detail: map[string]any{"followups": n, "drafts": drafts, "successor": in.Successor.String()}})
		if in.Successor == ident.Nil || n == 0 {
			return nil
		}
		return tx.Tell(message.Message{To: in.Successor, Kind: message.FollowUpsGiven, Object: message.FollowUps, Count: int(n)})
	})
}
