package paying

import (
	"context"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// Finding is money that was wrongly paid and is to come back.
type Finding struct {
	Payable ident.ID
	Debtor  payout.Payee
	Source  payout.FindingSource
	Reason  string
	Amount  money.Fen
}

// OpenRecovery records a finding. From a hospital it is kept from its next
// payment, or received; from a patient it is received.
func (s *Service) OpenRecovery(ctx context.Context, who user.Principal, in Finding, key string) (ident.ID, error) {
	if err := s.door(who, authz.RecoveryEdit); err != nil {
		return ident.Nil, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	id := ident.New()
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (ident.ID, error) {
		p, err := tx.PayableByID(in.Payable)
		if err != nil {
			return ident.Nil, err
		}
		if err := s.reaches(who, authz.RecoveryEdit, p.Fund, ident.Nil, "error.payout.payable_missing"); err != nil {
			return ident.Nil, err
		}
		tx.Intend(audit.Event{Action: audit.RecoveryOpen, ObjectKind: audit.ObjectRecovery, ObjectID: id, Reason: in.Reason, Detail: map[string]any{"amount_fen": int64(in.Amount)}})
		if _, err := held(tx, p.Fund); err != nil {
			return ident.Nil, err
		}
		paid, err := tx.Paid(p.ID)
		if err != nil {
			return ident.Nil, err
		}
		v := payout.Recovery{Debtor: in.Debtor, Source: in.Source, Reason: in.Reason, Amount: in.Amount, State: payout.RecoveryOpen}
		if err := v.Check(paid); err != nil {
			return ident.Nil, err
		}
		return id, tx.InsertRecovery(store.Recovery{Recovery: v, ID: id, Payable: p.ID, Fund: p.Fund, Treatment: p.Treatment, Hospital: p.Hospital})
	})
}

// Refund is money received for a finding.
type Refund struct {
	Recovery  ident.ID
	Amount    money.Fen
	On        clock.Date // zero: today
	Reference string
	Version   int64
}

// Refunded records money that came back: the fund has it again.
func (s *Service) Refunded(ctx context.Context, who user.Principal, in Refund, key string) (payout.RecoveryState, error) {
	if err := s.door(who, authz.RecoveryEdit); err != nil {
		return "", err
	}
	in.Reference = strings.TrimSpace(in.Reference)
	asked := store.KeyOf(key, in)
	today := clock.Today(s.db.Clock())
	if in.On.IsZero() {
		in.On = today
	}
	var f errs.Fields
	if in.Reference == "" {
		f.Add("reference", "form.error.missing")
	}
	tooLong(&f, "reference", in.Reference)
	if in.On.After(today) {
		f.Add("on", "error.payout.future")
	}
	if err := f.Err(); err != nil {
		return "", err
	}
	return store.Once(ctx, s.db, who, asked, func(tx *store.Tx) (payout.RecoveryState, error) {
		tx.Intend(audit.Event{Action: audit.RecoveryReceive, ObjectKind: audit.ObjectRecovery, ObjectID: in.Recovery, Detail: map[string]any{"amount_fen": int64(in.Amount)}})
		v, book, err := s.recoveryFor(tx, who, in.Recovery, in.Version)
		if err != nil {
			return "", err
		}
		planned, err := tx.PlannedOf(v.ID)
		if err != nil {
			return "", err
		}
		if left := v.Left() - planned; in.Amount > left {
			f.Add("amount", "error.payout.more_than_left", "left", left)
			return "", f.Err()
		}
		if v.Recovery, err = v.Receive(in.Amount); err != nil {
			return "", err
		}
		t, err := book.Recover(fund.Stamp{ID: ident.New(), On: in.On}, in.Amount)
		if err != nil {
			return "", err
		}
		if err := tx.PostForCase(regained(v, t, in.Reference), false); err != nil {
			return "", err
		}
		if err := tx.InsertReceipt(store.RecoveryReceipt{Transfer: t.ID, How: payout.Refund, Amount: in.Amount, On: in.On, Reference: in.Reference}, v); err != nil {
			return "", err
		}
		return v.State, tx.SaveRecovery(v)
	})
}

// regained is money that came back for a finding. It is of the case it was wrongly
// paid for, so that the deposits which paid that case get it, as if the case had
// cost so much less: first what the fund added of its common money, then the
// deposits, the last used first.
func regained(v store.Recovery, t fund.Transfer, note string) store.Posting {
	return store.Posting{Transfer: t, Fund: v.Fund, Treatment: v.Treatment, Approval: v.Approval, Note: note}
}

// recoveryFor reads a finding with the books of its fund held: they order the
// steps of one fund.
func (s *Service) recoveryFor(tx *store.Tx, who user.Principal, id ident.ID, version int64) (v store.Recovery, book fund.Book, err error) {
	if v, err = tx.RecoveryByID(id); err != nil {
		return v, book, err
	}
	if err = s.reaches(who, authz.RecoveryEdit, v.Fund, ident.Nil, "error.payout.recovery_missing"); err != nil {
		return v, book, err
	}
	if book, err = held(tx, v.Fund); err != nil {
		return v, book, err
	}
	if v, err = tx.RecoveryByID(id); err != nil {
		return v, book, err
	}
	return v, book, tx.SameVersion(v.Version, version)
}

// WriteOff asks to give up what is left of a finding, or confirms it.
type WriteOff struct {
	Recovery ident.ID
	Confirm  bool
	Reason   string // of who asks
	Version  int64
}

// WriteOff gives up what will not come back, by two persons.
func (s *Service) WriteOff(ctx context.Context, who user.Principal, in WriteOff, key string) (payout.RecoveryState, error) {
	if err := s.door(who, authz.RecoveryEdit); err != nil {
		return "", err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	if tooLong(&f, "reason", in.Reason); f.Err() != nil {
		return "", f.Err()
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (payout.RecoveryState, error) {
		tx.Intend(audit.Event{Action: audit.RecoveryWriteOff, ObjectKind: audit.ObjectRecovery, ObjectID: in.Recovery, Reason: in.Reason, Detail: map[string]any{"confirm": in.Confirm}})
		v, _, err := s.recoveryFor(tx, who, in.Recovery, in.Version)
		if err != nil {
			return "", err
		}
		planned, err := tx.PlannedOf(v.ID)
		if err != nil {
			return "", err
		}
		if planned > 0 {
			return "", errs.Refuse("payout.write_off_unplanned", "error.payout.in_run", errs.Args{"amount": planned}, "payout.remedy.cancel_run")
		}
		if in.Confirm {
			v.Recovery, err = v.ConfirmWriteOff(who.AccountID)
		} else {
			v.Recovery, err = v.AskWriteOff(who.AccountID, in.Reason)
		}
		if err != nil {
			return "", err
		}
		return v.State, tx.SaveRecovery(v)
	})
}

// Recoveries lists the findings, the latest first.
func (s *Service) Recoveries(ctx context.Context, who user.Principal, req page.Request) (out page.Result[store.Recovery], err error) {
	if err := s.door(who, authz.RecoveryRead); err != nil {
		return out, err
	}
	var funds, hospitals []ident.ID
	if reach := s.policy.Reach(who, authz.RecoveryRead); !reach.All {
		funds, hospitals = append([]ident.ID{}, reach.Funds...), append([]ident.ID{}, reach.Hospitals...)
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.RecoveryRead, ObjectKind: audit.ObjectList})
		out, err = tx.ListRecoveries(funds, hospitals, req)
		for i := range out.Rows {
			out.Rows[i].PersonName = shown(out.Rows[i].PersonName)
		}
		return err
	})
	return out, err
}

// RecoveryView is a finding with what came back.
type RecoveryView struct {
	store.Recovery
	Receipts []store.RecoveryReceipt
	MayEdit  bool
	OwnAsk   bool // the reader asked to write it off
}

// RecoveryOf reads one finding.
func (s *Service) RecoveryOf(ctx context.Context, who user.Principal, id ident.ID) (v RecoveryView, err error) {
	if err := s.door(who, authz.RecoveryRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.RecoveryRead, ObjectKind: audit.ObjectRecovery, ObjectID: id})
		if v.Recovery, err = tx.RecoveryByID(id); err != nil {
			return err
		}
		if err := s.reaches(who, authz.RecoveryRead, v.Fund, v.Hospital, "error.payout.recovery_missing"); err != nil {
			return err
		}
		v.Receipts, err = tx.ReceiptsOf(id)
		return err
	})
	v.PersonName = shown(v.PersonName)
	v.MayEdit = (v.State == payout.RecoveryOpen || v.State == payout.RecoveryPartly) && s.reaches(who, authz.RecoveryEdit, v.Fund, ident.Nil, "") == nil
	v.OwnAsk = v.OffBy == who.AccountID
	return v, err
}
