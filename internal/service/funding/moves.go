package funding

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// RequestMove asks for money to leave its purpose: to another fund, into the next
// year, or back to who gave it. Nothing moves before two others have signed.
func (s *Service) RequestMove(ctx context.Context, who user.Principal, in fund.Move, key string) (ident.ID, error) {
	if err := s.ofFund(who, authz.FundDeposit, in.From); err != nil {
		return ident.Nil, err
	}
	in.Rule, in.Reason = strings.TrimSpace(in.Rule), strings.TrimSpace(in.Reason)
	var f errs.Fields
	if err := f.Merge("", in.Check()); err != nil {
		return ident.Nil, err
	}
	for path, text := range map[string]string{"rule": in.Rule, "reason": in.Reason} {
		if len([]rune(text)) > maxNote {
			f.Add(path, "form.error.long", "max", maxNote)
		}
	}
	if err := f.Err(); err != nil {
		return ident.Nil, err
	}
	in.State = fund.MoveRequested
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.FundMove, ObjectKind: audit.ObjectFund, ObjectID: in.From, Detail: map[string]any{"kind": string(in.Kind), "amount_fen": int64(in.Amount)}})
		for _, f := range []ident.ID{in.From, in.To} {
			if f == ident.Nil {
				continue
			}
			if err := openPool(tx, f); err != nil {
				return ident.Nil, err
			}
		}
		books, err := tx.LookBooks(in.From)
		if err != nil {
			return ident.Nil, err
		}
		if _, err := books[in.From].Leave(fund.Stamp{ID: ident.New(), On: tx.Today()}, fund.KindMoveOut, in.Amount); err != nil {
			return ident.Nil, err
		}
		if _, err := taken(tx, in); err != nil {
			return ident.Nil, err
		}
		if err := arrives(tx, in); err != nil {
			return ident.Nil, err
		}
		return id, tx.InsertFundMove(store.FundMove{Move: in, ID: id})
	})
}

func openPool(tx *store.Tx, id ident.ID) error {
	item, err := tx.FundByID(id)
	if err == nil && (item.Kind != fund.Pool || !item.ClosedOn.IsZero()) {
		err = errs.Refuse("funding.open_pool", "error.funding.not_open", errs.Args{"fund": item.Name}, "fund.remedy.other_fund")
	}
	return err
}

// MoveDecision is a signature under a move, or its refusal.
type MoveDecision struct {
	Move    ident.ID
	Approve bool
	Opinion string
	Version int64
}

// DecideMove signs or refuses a move. The second signature moves the money, out of
// the one fund and into the other in one transaction.
func (s *Service) DecideMove(ctx context.Context, who user.Principal, in MoveDecision, key string) (fund.MoveState, error) {
	if err := s.policy.Check(who, authz.FundOpen, authz.InPartnership(who.PartnershipID)); err != nil {
		return "", err
	}
	in.Opinion = strings.TrimSpace(in.Opinion)
	if len([]rune(in.Opinion)) > maxNote {
		var f errs.Fields
		f.Add("opinion", "form.error.long", "max", maxNote)
		return "", f.Err()
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (fund.MoveState, error) {
		m, err := tx.FundMoveByID(in.Move)
		if err != nil {
			return "", err
		}
		tx.Intend(audit.Event{Action: audit.FundMoveDecide, ObjectKind: audit.ObjectFund, ObjectID: m.From, Detail: map[string]any{"approve": in.Approve, "amount_fen": int64(m.Amount)}})
		if err := tx.SameVersion(m.Version, in.Version); err != nil {
			return "", err
		}
		if in.Approve {
			m.Move, err = m.Sign(who.AccountID, in.Opinion)
		} else {
			m.Move, err = m.Refuse(who.AccountID, in.Opinion)
		}
		if err == nil && m.State == fund.MoveDone {
			err = carryOut(tx, &m)
		}
		if err != nil {
			return "", err
		}
		return m.State, tx.DecideFundMove(m)
	})
}

// carryOut posts a move, both funds locked in one go.
func carryOut(tx *store.Tx, m *store.FundMove) error {
	funds, kind := []ident.ID{m.From}, fund.KindReturn
	if m.To != ident.Nil {
		funds, kind = append(funds, m.To), fund.KindMoveOut
	}
	books, err := tx.Books(funds...)
	if err != nil {
		return err
	}
	out, err := books[m.From].Leave(fund.Stamp{ID: ident.New(), On: tx.Today()}, kind, m.Amount)
	if err != nil {
		return err
	}
	m.Out = out.ID
	draw, err := taken(tx, m.Move)
	if err == nil {
		err = arrives(tx, m.Move)
	}
	if err != nil {
		return err
	}
	posting := store.Posting{Transfer: out, Fund: m.From, Note: m.Rule}
	if m.Deposit == ident.Nil {
		err = tx.PostTransfer(posting)
	} else {
		err = tx.PostFromDeposit(posting, draw)
	}
	if err != nil || m.To == ident.Nil {
		return err
	}
	in, err := books[m.To].Arrive(fund.Stamp{ID: ident.New(), On: tx.Today()}, m.Amount)
	if err != nil {
		return err
	}
	m.In = in.ID
	if err := tx.PostTransfer(store.Posting{Transfer: in, Fund: m.To, Note: m.Rule}); err != nil || m.Deposit == ident.Nil {
		return err
	}
	return carried(tx, *m)
}

// Moves lists the moves, the latest first; for a fund's own people those of their
// fund.
func (s *Service) Moves(ctx context.Context, who user.Principal, req page.Request) (out page.Result[store.FundMove], err error) {
	if err := s.door(who, authz.LedgerRead); err != nil {
		return out, err
	}
	var funds []ident.ID
	if reach := s.policy.Reach(who, authz.LedgerRead); !reach.All {
		funds = append([]ident.ID{}, reach.Funds...)
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		out, err = tx.ListFundMoves(funds, req)
		return err
	})
	return out, err
}

// Move reads one move for who signs it.
func (s *Service) Move(ctx context.Context, who user.Principal, id ident.ID) (m store.FundMove, err error) {
	if err := s.policy.Check(who, authz.FundOpen, authz.InPartnership(who.PartnershipID)); err != nil {
		return m, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		m, err = tx.FundMoveByID(id)
		return err
	})
	return m, err
}
