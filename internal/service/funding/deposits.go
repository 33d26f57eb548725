package funding

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// bound reports whether the money carries anything of its own; without it, it is
// the fund's common money.
func (d Deposit) bound() bool {
	e := d.Earmark
	return d.Project != ident.Nil || e.Programme != "" || len(e.Hospitals) > 0 || len(e.Categories) > 0 || !e.From.IsZero() || !e.To.IsZero()
}

func (d Deposit) checkEarmark(f *errs.Fields) {
	if p := d.Earmark.Programme; p != "" && !slices.Contains(procedure.Programmes(), p) {
		f.Add("programme", "form.error.choice")
	}
	known := terminology.Categories()
	if slices.ContainsFunc(d.Earmark.Categories, func(c terminology.Category) bool { return !slices.Contains(known, c) }) {
		f.Add("categories", "form.error.choice")
	}
}

// bindable holds a deposit's earmark against its fund's, and its project against
// the library.
func bindable(tx *store.Tx, in Deposit, f store.FundItem) error {
	if !in.bound() {
		return nil
	}
	if err := in.Earmark.Within(f.Earmark()); err != nil {
		return err
	}
	if err := tx.OfPartnership("hospitals", in.Earmark.Hospitals...); err != nil {
		return err
	}
	if in.Project == ident.Nil {
		return nil
	}
	p, err := tx.ProjectByID(in.Project, nil)
	if err != nil {
		return err
	}
	tx.Amend("project", p.Code)
	return p.Takes()
}

// postTakeBack takes a deposit back whole, where nothing of it was used.
func postTakeBack(tx *store.Tx, posted store.Posting, m store.Posting) error {
	s, err := tx.DepositStore(m.Fund, ident.Nil)
	if err != nil {
		return err
	}
	amount := money.Fen(0)
	for _, e := range posted.Entries {
		amount = max(amount, e.Amount)
	}
	if _, err := tx.DepositByID(posted.ID); errs.Is(err, errs.NotFound) {
		if err := s.Spare(amount); err != nil {
			return err
		}
		return tx.PostTransfer(m)
	} else if err != nil {
		return err
	}
	d, err := s.TakeFrom(posted.ID, amount)
	if err != nil {
		return errs.Refuse("fund.reversible", "error.fund.not_reversible", errs.Args{"fund": s.Name, "kind": errs.Key(posted.Kind.Label())}, "fund.remedy.reverse_later_first")
	}
	return tx.PostFromDeposit(m, d)
}

// arrives refuses to carry a deposit into a fund that could never use it.
func arrives(tx *store.Tx, m fund.Move) error {
	if m.Deposit == ident.Nil || m.Kind != fund.CarryOver {
		return nil
	}
	d, err := tx.DepositByID(m.Deposit)
	if err != nil {
		return err
	}
	to, err := tx.FundByID(m.To)
	if err != nil {
		return err
	}
	d.Earmark.From, d.Earmark.To = clock.Date{}, clock.Date{}
	if d.Earmark.Within(to.Earmark()) != nil {
		var f errs.Fields
		f.Add("to", "error.fund.deposit_outside")
		return f.Err()
	}
	return nil
}

// taken holds a move against the deposits of its fund: it takes what is left of
// the one it names, or common money.
func taken(tx *store.Tx, m fund.Move) (fund.Draw, error) {
	s, err := tx.DepositStore(m.From, ident.Nil)
	if err != nil {
		return fund.Draw{}, err
	}
	if m.Deposit == ident.Nil {
		return fund.Draw{}, s.Spare(m.Amount)
	}
	return s.TakeFrom(m.Deposit, m.Amount)
}

// carried keeps project and earmark of a deposit whose rest goes on in another
// fund. Its period is over: that of the new fund counts. Another purpose drops
// the earmark and keeps the project.
func carried(tx *store.Tx, m store.FundMove) error {
	d, err := tx.DepositByID(m.Deposit)
	if err != nil {
		return err
	}
	d.ID, d.Fund, d.Received, d.Amount = m.In, m.To, tx.Today(), m.Amount
	if m.Kind != fund.CarryOver {
		d.Earmark = fund.Earmark{Kind: fund.Pool}
	}
	d.Earmark.From, d.Earmark.To = clock.Date{}, clock.Date{}
	return tx.InsertDeposit(d)
}

// DepositView is one deposit with what it paid.
type DepositView struct {
	store.FundDeposit
	Places  []string
	Lines   page.Result[store.Drawn]
	MayMove bool
}

// DepositsOf is a page of the deposits of a fund that carry an earmark or belong to
// a project.
func (s *Service) DepositsOf(ctx context.Context, who user.Principal, fundID ident.ID, req page.Request) (out page.Result[store.FundDeposit], err error) {
	if err := s.ofFund(who, authz.LedgerRead, fundID); err != nil {
		return out, err
	}
	err = s.read(ctx, who, func(tx *store.Tx) error {
		if _, err := tx.FundByID(fundID); err != nil {
			return err
		}
		out, err = tx.ListDeposits(store.DepositFilter{Fund: fundID}, req)
		return err
	})
	return out, err
}

// DepositOf reads one deposit with a page of what it paid: whose money paid which
// case.
func (s *Service) DepositOf(ctx context.Context, who user.Principal, id ident.ID, req page.Request) (v DepositView, err error) {
	if err := s.door(who, authz.LedgerRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.LedgerRead, ObjectKind: audit.ObjectTransfer, ObjectID: id})
		if v.FundDeposit, err = tx.DepositByID(id); err != nil {
			return err
		}
		if err := s.ofFund(who, authz.LedgerRead, v.Fund); err != nil {
			return errs.Missing("error.fund.deposit_missing")
		}
		if v.Places, err = tx.NamesOf(v.Earmark.Hospitals); err != nil {
			return err
		}
		v.Lines, err = tx.ListDrawn(id, req)
		return err
	})
	v.MayMove = v.Left > 0 && s.policy.Can(who, authz.FundDeposit, authz.OfFund(who.PartnershipID, v.Fund))
	return v, err
}
