package funding

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// SettleView is what the form of a settlement starts from.
type SettleView struct {
	Treatment store.Treatment
	Approval  store.Approval // the live one; zero when there is none
	Holds     []store.ApprovalLine
	Refusal   error // why a settlement is not possible now
	// Uncounted: there are rules of payment, but no estimate of this treatment, so
	// that of the person's year only what the insurer says will count.
	Uncounted bool
}

// SettleForm reads what the form needs.
func (s *Service) SettleForm(ctx context.Context, who user.Principal, id ident.ID) (v SettleView, err error) {
	if err := s.door(who, authz.SettlementEnter); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.TreatmentRead, ObjectKind: audit.ObjectTreatment, ObjectID: id})
		if v.Treatment, err = tx.TreatmentByID(id); err != nil {
			return err
		}
		if err := s.at(who, authz.SettlementEnter, v.Treatment.Hospital, "error.treatment.missing"); err != nil {
			return err
		}
		facts, err := moneyFacts(tx, id, treatment.SettlementBalances, treatment.ReductionCovered, treatment.ReductionZero)
		if err != nil {
			return err
		}
		_, v.Refusal = treatment.Next(v.Treatment.Place, treatment.Settle, facts)
		if v.Approval, v.Holds, err = holds(tx, id); err != nil {
			return err
		}
		v.Treatment.PersonName = s.shown(who, v.Treatment.PersonName)
		v.Uncounted, err = uncounted(tx, id)
		return err
	})
	return v, err
}

// holds are the live approval of a treatment and what is still held for it.
func holds(tx *store.Tx, id ident.ID) (store.Approval, []store.ApprovalLine, error) {
	a, live, err := tx.LiveApproval(id)
	if err != nil || !live {
		return store.Approval{}, nil, err
	}
	lines, err := tx.ApprovalLines(a.ID)
	return a, slices.DeleteFunc(lines, func(l store.ApprovalLine) bool { return l.Hold != fund.HoldOpen }), err
}

// Settle is the settlement of one treatment: the bill and who pays it.
type Settle struct {
	Treatment ident.ID
	fee.Settlement
	Figures fee.Figures // what basic insurance itself says, where it is known
	Source  fee.Source  // of the figures; empty: typed
	On      clock.Date  // zero: today
}

// Settled is the answer to a settlement.
type Settled struct {
	Settlement ident.ID      `json:"settlement"`
	Vouchers   []Voucher     `json:"vouchers"`
	Warnings   []fee.Warning `json:"-"`
}

// Settle writes the settlement, pays out of what was reserved, gives back the
// rest, and takes the treatment to its next state: all or nothing.
func (s *Service) Settle(ctx context.Context, who user.Principal, in Settle, key string) (Settled, error) {
	if err := s.door(who, authz.SettlementSettle); err != nil {
		return Settled{}, err
	}
	asked := store.KeyOf(key, in)
	today := clock.Today(s.db.Clock())
	if in.On.IsZero() {
		in.On = today
	}
	var f errs.Fields
	if in.On.After(today) {
		f.Add("on", "error.funding.future")
	}
	if err := f.Merge("", in.Check()); err != nil {
		return Settled{}, err
	}
	if err := f.Merge("", in.Figures.Check(in.Settlement)); err != nil {
		return Settled{}, err
	}
	if err := f.Err(); err != nil {
		return Settled{}, err
	}
	id := ident.New()
	var again yearAgain
	out, err := store.Once(ctx, s.db, who, asked, func(tx *store.Tx) (Settled, error) {
		tx.Intend(audit.Event{Action: audit.SettlementSettle, ObjectKind: audit.ObjectSettlement, ObjectID: id, Detail: map[string]any{
			"treatment": in.Treatment.String(), "bill_fen": int64(in.Bill), "reduction_fen": int64(in.Reduction()), "net_fen": int64(in.Net)}})
		year, err := beginCounting(tx, in)
		if err != nil {
			return Settled{}, err
		}
		t, err := tx.TreatmentForUpdate(in.Treatment)
		if err != nil {
			return Settled{}, err
		}
		if err := s.at(who, authz.SettlementSettle, t.Hospital, "error.treatment.missing"); err != nil {
			return Settled{}, err
		}
		out, err := settle(tx, t, in, id)
		if err != nil {
			return out, err
		}
		if err := year.count(tx, settled{id: id, t: t, in: in}); err != nil {
			return out, err
		}
		again, err = correctedBefore(tx, t, year)
		return out, err
	})
	if err == nil {
		err = s.noteAgain(ctx, who, again)
	}
	return out, err
}

func settle(tx *store.Tx, t store.Treatment, in Settle, id ident.ID) (Settled, error) {
	out := Settled{Settlement: id, Warnings: in.Warnings(t.Programme)}
	if !t.DischargedOn.IsZero() && in.On.Before(t.DischargedOn) {
		var f errs.Fields
		f.Add("on", "error.funding.before_discharge", "day", t.DischargedOn)
		return out, f.Err()
	}
	a, held, err := holds(tx, t.ID)
	if err != nil {
		return out, err
	}
	if err := covered(in.Funds, held); err != nil {
		return out, err
	}
	facts, err := moneyFacts(tx, t.ID, treatment.SettlementBalances, treatment.ReductionCovered)
	if err != nil {
		return out, err
	}
	facts.Has[treatment.ReductionZero] = in.Reduction() == 0
	if t, err = tx.AdvanceTreatment(t, store.Step{Action: treatment.Settle, On: in.On, Facts: facts}); err != nil {
		return out, err
	}
	lines, vouchers, err := pay(tx, a, held, in)
	if err != nil {
		return out, err
	}
	out.Vouchers = vouchers
	if in.Waiver > 0 {
		lines = append(lines, store.SettlementLine{Amount: in.Waiver})
	}
	return out, tx.InsertSettlement(store.Settlement{ID: id, Settlement: in.Settlement, State: store.Settled, SettledOn: in.On}, t, lines)
}

// moneyFacts are the given facts, whether a piece used in the treatment stands in
// another record as well, and whether the approval still rests on what was
// signed: every step that holds or pays money asks for them.
func moneyFacts(tx *store.Tx, id ident.ID, given ...treatment.Fact) (treatment.Facts, error) {
	facts := treatment.With(given...)
	undisputed, err := tx.DevicesUndisputed(id)
	if err != nil {
		return facts, err
	}
	stands, err := tx.ApprovalStands(id)
	facts.Has[treatment.DevicesUndisputed], facts.Has[treatment.ApprovalStands] = undisputed, stands
	return facts, err
}

// covered holds each fund line to what was reserved for it.
func covered(lines []fee.FundLine, held []store.ApprovalLine) error {
	var f errs.Fields
	for i, l := range lines {
		path := "funds." + strconv.Itoa(i) + ".amount"
		j := slices.IndexFunc(held, func(h store.ApprovalLine) bool { return h.Fund == l.Fund })
		switch {
		case j < 0:
			f.Add(path, "error.funding.no_hold")
		case l.Amount > held[j].Amount:
			f.Add(path, "error.fund.above_hold", "spent", l.Amount, "held", held[j].Amount, "more", l.Amount-held[j].Amount)
		}
	}
	return f.Err()
}

// pay commits each hold with what the settlement takes of it; what it does not
// take goes back in the same transfer, and a hold it does not use is released.
func pay(tx *store.Tx, a store.Approval, held []store.ApprovalLine, in Settle) ([]store.SettlementLine, []Voucher, error) {
	if len(held) == 0 {
		return nil, nil, nil
	}
	books, err := tx.Books(fundsOf(held)...)
	if err != nil {
		return nil, nil, err
	}
	var lines []store.SettlementLine
	var vouchers []Voucher
	for _, h := range held {
		spent := fee.FundLine{Fund: h.Fund}
		if i := slices.IndexFunc(in.Funds, func(l fee.FundLine) bool { return l.Fund == h.Fund }); i >= 0 {
			spent = in.Funds[i]
		}
		t, after, err := books[h.Fund].Commit(fund.Stamp{ID: ident.New(), On: in.On}, h.Holding(), fund.Spending{Spent: spent.Amount})
		if err != nil {
			return nil, nil, err
		}
		if err := tx.PostForCase(store.Posting{Transfer: t, Fund: h.Fund, Treatment: in.Treatment, Approval: a.ID}, false); err != nil {
			return nil, nil, err
		}
		h.Hold = after.State
		if err := tx.SetHold(a.ID, h); err != nil {
			return nil, nil, err
		}
		vouchers = append(vouchers, Voucher{Fund: h.Fund, FundName: h.FundName, Kind: t.Kind, No: fund.VoucherNo(t.Kind, t.ID), Amount: spent.Amount})
		if spent.Amount > 0 {
			lines = append(lines, store.SettlementLine{Fund: h.Fund, Amount: spent.Amount, Transfer: t.ID})
		}
	}
	return lines, vouchers, nil
}

// Reversal takes a settlement back, so that it can be entered again.
type Reversal struct {
	Settlement ident.ID
	Reason     string
	Version    int64
}

// Reverse posts the mirror of everything the settlement moved, so that the money
// is reserved again as it was approved, and takes the treatment back to where it
// is settled anew.
func (s *Service) Reverse(ctx context.Context, who user.Principal, in Reversal, key string) (Settled, error) {
	if err := s.door(who, authz.SettlementSettle); err != nil {
		return Settled{}, err
	}
	in.Reason = strings.TrimSpace(in.Reason)
	var f errs.Fields
	checkText(&f, "reason", in.Reason, maxReason)
	if err := f.Err(); err != nil {
		return Settled{}, err
	}
	var again yearAgain
	out, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Settled, error) {
		tx.Intend(audit.Event{Action: audit.SettlementReverse, ObjectKind: audit.ObjectSettlement, ObjectID: in.Settlement, Reason: in.Reason})
		st, _, err := tx.SettlementByID(in.Settlement)
		if err != nil {
			return Settled{}, err
		}
		if err := s.at(who, authz.SettlementSettle, st.Hospital, "error.settlement.missing"); err != nil {
			return Settled{}, err
		}
		if err := holdYear(tx, st); err != nil {
			return Settled{}, err
		}
		t, err := tx.TreatmentForUpdate(st.Treatment)
		if err != nil {
			return Settled{}, err
		}
		if st, _, err = tx.SettlementByID(in.Settlement); err != nil {
			return Settled{}, err
		}
		if err := tx.SameVersion(st.Version, in.Version); err != nil {
			return Settled{}, err
		}
		again = yearAgain{st.Person, countedYear(tx, st).Year()}
		return reverse(tx, st, t, in)
	})
	if err == nil {
		err = s.noteAgain(ctx, who, again)
	}
	return out, err
}

func reverse(tx *store.Tx, st store.Settlement, t store.Treatment, in Reversal) (Settled, error) {
	out := Settled{Settlement: st.ID}
	if st.State != store.Settled {
		return out, errs.Refuse("funding.reverse_once", "error.funding.reversed_already", nil, "fund.remedy.reload")
	}
	facts := treatment.With(treatment.SettlementReversed)
	if _, err := tx.AdvanceTreatment(t, store.Step{Action: treatment.CorrectSettlement, Note: in.Reason, Facts: facts}); err != nil {
		return out, err
	}
	if err := tx.ReverseSettlement(st); err != nil {
		return out, err
	}
	if err := uncount(tx, st.ID); err != nil {
		return out, err
	}
	a, live, err := tx.LiveApproval(t.ID)
	if err != nil || !live || a.State != fund.ApprovalApproved {
		return out, err
	}
	out.Vouchers, err = unpay(tx, a, in.Reason)
	return out, err
}

// unpay mirrors what the settlement posted for an approval and holds the money
// again. A reimbursement had no hold before it: one is made, so that the new
// settlement can use what was approved.
func unpay(tx *store.Tx, a store.Approval, reason string) ([]Voucher, error) {
	lines, err := tx.ApprovalLines(a.ID)
	if err != nil {
		return nil, err
	}
	lines = slices.DeleteFunc(lines, func(l store.ApprovalLine) bool { return l.Hold == "" || l.Hold == fund.HoldOpen })
	if len(lines) == 0 {
		return nil, nil
	}
	standing, err := tx.Standing(a.ID, a.Treatment)
	if err != nil {
		return nil, err
	}
	books, err := tx.Books(fundsOf(lines)...)
	if err != nil {
		return nil, err
	}
	if err := unpaid(tx, standing); err != nil {
		return nil, err
	}
	var out []Voucher
	for _, l := range lines {
		book := books[l.Fund]
		post := func(t fund.Transfer, decided error) error {
			if decided != nil {
				return decided
			}
			if err := tx.PostForCase(store.Posting{Transfer: t, Fund: l.Fund, Treatment: a.Treatment, Approval: a.ID, Note: reason}, true); err != nil {
				return err
			}
			out = append(out, Voucher{Fund: l.Fund, FundName: l.FundName, Kind: t.Kind, No: fund.VoucherNo(t.Kind, t.ID), Amount: l.Amount})
			book, err = book.Apply(t)
			return err
		}
		// What an earlier approval of the request held and gave back is over.
		from := max(0, slices.IndexFunc(standing, func(p store.Posting) bool { return p.ID == l.Transfer }))
		for _, p := range standing[from:] {
			if p.Fund != l.Fund || p.Kind == fund.KindReserve {
				continue
			}
			if err := post(book.Reverse(fund.Stamp{ID: ident.New(), On: tx.Today()}, p.Transfer)); err != nil {
				return nil, err
			}
			if p.Kind == fund.KindReimburse {
				t, _, err := book.Reserve(fund.Stamp{ID: ident.New(), On: tx.Today()}, l.Amount)
				if err := post(t, err); err != nil {
					return nil, err
				}
				l.Transfer = t.ID
			}
		}
		l.Hold = fund.HoldOpen
		if err := tx.SetHold(a.ID, l); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unpaid refuses to take back what stands in a settlement run or was paid out: the
// payment is dropped, returned or recovered first.
func unpaid(tx *store.Tx, standing []store.Posting) error {
	ids := make([]ident.ID, len(standing))
	for i, p := range standing {
		ids[i] = p.ID
	}
	paying, err := tx.BeingPaid(ids)
	if err == nil && paying {
		err = errs.Refuse("funding.reverse_unpaid", "error.payout.paid_already", nil, "payout.remedy.return_first", "payout.remedy.recover")
	}
	return err
}

// SettlementView is a settlement with its funders.
type SettlementView struct {
	store.Settlement
	Lines      []store.SettlementLine
	Treatment  store.Treatment
	Approval   store.Approval
	Sides      map[ident.ID]user.Side
	MayReverse bool
}

// Settlement reads one settlement.
func (s *Service) Settlement(ctx context.Context, who user.Principal, id ident.ID) (v SettlementView, err error) {
	if err := s.door(who, authz.SettlementRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.SettlementRead, ObjectKind: audit.ObjectSettlement, ObjectID: id})
		if v.Settlement, v.Lines, err = tx.SettlementByID(id); err != nil {
			return err
		}
		if v.Treatment, err = tx.TreatmentByID(v.Settlement.Treatment); err != nil {
			return err
		}
		if err := s.reads(who, authz.SettlementRead, v.Treatment.SeenBy(), "error.settlement.missing"); err != nil {
			return err
		}
		if v.Sides, err = tx.SidesOf(); err != nil {
			return err
		}
		v.Approval, _, err = tx.LiveApproval(v.Settlement.Treatment)
		return err
	})
	v.MayReverse = v.State == store.Settled && v.Treatment.Place.State == treatment.Settled &&
		s.policy.Can(who, authz.SettlementSettle, authz.AtHospital(who.PartnershipID, v.Hospital))
	v.PersonName = s.shown(who, v.PersonName)
	return v, err
}

// Settlements is a page of settlements, the latest first.
func (s *Service) Settlements(ctx context.Context, who user.Principal, f store.SettlementFilter, req page.Request) (out page.Result[store.Settlement], err error) {
	if err := s.door(who, authz.SettlementRead); err != nil {
		return out, err
	}
	f.Hospitals = s.listed(who, authz.SettlementRead) // never what the caller says
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectSettlement})
		out, err = tx.ListSettlements(f, req)
		for i := range out.Rows {
			out.Rows[i].PersonName = s.shown(who, out.Rows[i].PersonName)
		}
		return err
	})
	return out, err
}
