package funding

import (
	"context"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// ApplySome is how many rows one request applies: a long sheet shows how far it
// is and goes on.
const ApplySome = 100

// ApplySheet applies the next rows of a sheet, each in a transaction of its own:
// a stay that waits is settled by what the sheet says, one that is settled is set
// beside it. A row that is refused says why and keeps nobody else waiting. What
// was applied is not applied again.
func (s *Service) ApplySheet(ctx context.Context, who user.Principal, id ident.ID, key string) (Sheet, error) {
	if err := s.door(who, authz.SettlementSettle); err != nil {
		return Sheet{}, err
	}
	rows, err := s.startApplying(ctx, who, id)
	if err != nil {
		return Sheet{}, err
	}
	for _, r := range rows {
		err := s.applyRow(ctx, who, r, "sheet-"+r.ID.String())
		if e := errs.Of(err); err != nil {
			if e.Kind == errs.Unavailable || e.Kind == errs.Internal || e.Kind == errs.Forbidden {
				return Sheet{}, err
			}
			if err := s.refuseRow(ctx, who, r, e); err != nil {
				return Sheet{}, err
			}
		}
	}
	return s.countApplied(ctx, who, id, key)
}

// startApplying answers the rows that come next.
func (s *Service) startApplying(ctx context.Context, who user.Principal, id ident.ID) (rows []store.SheetRow, err error) {
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.SheetApply, ObjectKind: audit.ObjectImport, ObjectID: id})
		b, err := tx.SheetForUpdate(id)
		if err != nil {
			return err
		}
		if err := s.at(who, authz.SettlementSettle, b.Hospital, "error.insurer.sheet_missing"); err != nil {
			return err
		}
		if b.State == store.SheetUndone {
			return errs.Refuse("insurer.undone", "error.insurer.undone", nil, "insurer.remedy.again")
		}
		if rows, err = tx.SheetRowsIn(id, store.RowReady, ApplySome); err != nil || b.State != store.SheetPreviewed {
			return err
		}
		b.State = store.SheetApplying
		return tx.SaveSheet(b)
	})
	return rows, err
}

// countApplied stores how far the sheet is.
func (s *Service) countApplied(ctx context.Context, who user.Principal, id ident.ID, _ string) (b Sheet, err error) {
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("each row applied has its own event")
		if b, err = tx.SheetForUpdate(id); err != nil {
			return err
		}
		if b.Done, b.Wrong, err = tx.CountSheetRows(id); err != nil {
			return err
		}
		if b.State == store.SheetApplying && b.Done+b.Wrong >= b.Total {
			b.State = store.SheetApplied
		}
		if err := tx.SaveSheet(b); err != nil {
			return err
		}
		b, err = tx.SheetByID(id)
		return err
	})
	return b, err
}

// refuseRow keeps the sentence of a refusal at the row.
func (s *Service) refuseRow(ctx context.Context, who user.Principal, r store.SheetRow, e *errs.Error) error {
	return s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.NoAudit("the refusal has its own event")
		r.State, r.Act = store.RowWrong, store.ActNone
		r.Problems = []insurer.Problem{insurer.Refused(e)}
		return tx.SaveSheetRow(r)
	})
}

func (s *Service) applyRow(ctx context.Context, who user.Principal, r store.SheetRow, key string) error {
	id := ident.New()
	_, err := store.Once(ctx, s.db, who, store.KeyOf(key, r.ID), func(tx *store.Tx) (ident.ID, error) {
		tx.Intend(audit.Event{Action: audit.SettlementSettle, ObjectKind: audit.ObjectSettlement, ObjectID: id, Detail: map[string]any{
			"treatment": r.Treatment.String(), "sheet": r.Sheet.String(), "row": r.No, "act": string(r.Act)}})
		var err error
		switch r.Act {
		case store.ActSettle:
			r, err = s.settleRow(tx, who, r, id)
		case store.ActCompare:
			r, err = s.compareRow(tx, who, r)
		case store.ActRepeat, store.ActNone:
		}
		if err != nil {
			return id, err
		}
		r.State = store.RowApplied
		return r.Settlement, tx.SaveSheetRow(r)
	})
	return err
}

// settleRow settles a stay by the sheet, through the same path as a typed
// settlement: what is held for it pays, at most what is left in cash.
func (s *Service) settleRow(tx *store.Tx, who user.Principal, r store.SheetRow, id ident.ID) (store.SheetRow, error) {
	in := Settle{Treatment: r.Treatment, Settlement: r.Amounts.Settlement(), Figures: r.Amounts.Figures(), Source: fee.SourceSheet, On: r.SettledOn}
	if in.On.IsZero() {
		in.On = tx.Today()
	}
	year, err := beginCounting(tx, in)
	if err != nil {
		return r, err
	}
	t, err := tx.TreatmentForUpdate(r.Treatment)
	if err != nil {
		return r, err
	}
	if err := s.at(who, authz.SettlementSettle, t.Hospital, "error.treatment.missing"); err != nil {
		return r, err
	}
	if in.On.Before(t.DischargedOn) {
		in.On = t.DischargedOn
	}
	a, held, err := holds(tx, t.ID)
	if err != nil {
		return r, err
	}
	var asked []fee.FundLine
	for _, h := range held {
		asked = append(asked, fee.FundLine{Fund: h.Fund, Amount: h.Amount})
	}
	in.Settlement = reduced(in.Settlement, asked, a.Waiver)
	if err := in.Check(); err != nil {
		return r, err
	}
	if _, err := settle(tx, t, in, id); err != nil {
		return r, err
	}
	if err := year.count(tx, settled{id: id, t: t, in: in}); err != nil {
		return r, err
	}
	r.Settlement = id
	st, _, err := tx.SettlementByID(id)
	if err != nil {
		return r, err
	}
	return r, compared(tx, r, st, nil)
}

// reduced takes off a settlement what funds and hospital were to bear, at most
// what is left in cash: the last funder gives less first.
func reduced(s fee.Settlement, funds []fee.FundLine, waiver money.Fen) fee.Settlement {
	left := s.Cash()
	for _, l := range funds {
		if l.Amount = min(l.Amount, left); l.Amount > 0 {
			s.Funds = append(s.Funds, l)
			left -= l.Amount
		}
	}
	s.Waiver = min(waiver, left)
	return s.WithNet()
}

// compared sets the sheet beside the computation and, where it was entered
// before, the settlement; what does not agree goes on the worklist.
func compared(tx *store.Tx, r store.SheetRow, st store.Settlement, booked *fee.Settlement) error {
	c, found, err := computationOf(tx, st)
	if err != nil {
		return err
	}
	var computed *fee.Result
	if found && c.Result.Policy != ident.Nil {
		computed = &c.Result
	}
	lines := insurer.Compare(r.Amounts, computed, booked)
	if !insurer.Differs(lines) {
		return nil
	}
	return tx.InsertDifference(store.Difference{ID: ident.New(), Hospital: st.Hospital, Kind: store.FromSheet, Row: r.ID, Treatment: st.Treatment, Settlement: st.ID, Lines: lines})
}

// compareRow sets the sheet beside a settlement that stands. Where both say the
// same, the insurer's figures take the place of computed ones in the year; where
// they do not, nothing is changed before a person decides.
func (s *Service) compareRow(tx *store.Tx, who user.Principal, r store.SheetRow) (store.SheetRow, error) {
	st, ok, err := tx.LiveSettlement(r.Treatment)
	if err == nil && !ok {
		err = errs.Missing("error.settlement.missing")
	}
	if err != nil {
		return r, err
	}
	if err := tx.LockYear(st.Person, countedYear(tx, st).Year()); err != nil {
		return r, err
	}
	t, err := tx.TreatmentForUpdate(r.Treatment)
	if err != nil {
		return r, err
	}
	if err := s.at(who, authz.SettlementSettle, t.Hospital, "error.treatment.missing"); err != nil {
		return r, err
	}
	now, _, err := tx.LiveSettlement(r.Treatment)
	if err == nil && now.ID != st.ID {
		err = store.Again()
	}
	if err != nil {
		return r, err
	}
	r.Settlement = st.ID
	if insurer.Miskeyed(insurer.Compare(r.Amounts, nil, &now.Settlement)) {
		return r, compared(tx, r, now, &now.Settlement)
	}
	if err := compared(tx, r, now, &now.Settlement); err != nil {
		return r, err
	}
	r.Was, err = restate(tx, now, t, r.Amounts.Figures())
	return r, err
}

// countedYear is a day of the year a settlement counts in.
func countedYear(tx *store.Tx, st store.Settlement) clock.Date {
	if c, found, err := computationOf(tx, st); err == nil && found {
		return c.Case.On
	}
	return st.SettledOn
}

// restate puts the insurer's figures in the place of what counted, and answers
// what that was.
func restate(tx *store.Tx, st store.Settlement, t store.Treatment, figures fee.Figures) (*store.Was, error) {
	c, found, err := computationOf(tx, st)
	if err != nil {
		return nil, err
	}
	if !found {
		in := Settle{Treatment: t.ID, Settlement: st.Settlement, Figures: figures, Source: fee.SourceSheet, On: st.SettledOn}
		done := settled{id: st.ID, t: t, in: in}
		if t.Place.Path == treatment.History {
			done.already = fee.Recorded(st.Settlement, fee.Figures{}, st.Programme)
		}
		return &store.Was{Made: true}, counting{on: st.SettledOn}.record(tx, done)
	}
	was := &store.Was{Counted: c.Counted, Source: c.Source}
	if !figures.Known {
		return was, nil
	}
	now := c.Counted.Stated(figures)
	more := now.Minus(c.Counted)
	c.Counted, c.Source = now, fee.SourceSheet
	if err := tx.SetCounted(c); err != nil {
		return was, err
	}
	return was, tx.CountYear(c.Person, c.Case.Year(), more)
}

// UndoSheet takes back what a sheet applied, as long as nothing has built on it.
func (s *Service) UndoSheet(ctx context.Context, who user.Principal, id ident.ID, key string) (Sheet, error) {
	if err := s.door(who, authz.SettlementSettle); err != nil {
		return Sheet{}, err
	}
	return store.Once(ctx, s.db, who, store.KeyOf(key, id), func(tx *store.Tx) (Sheet, error) {
		tx.Intend(audit.Event{Action: audit.SheetUndo, ObjectKind: audit.ObjectImport, ObjectID: id})
		b, err := tx.SheetForUpdate(id)
		if err != nil {
			return b, err
		}
		if err := s.at(who, authz.SettlementSettle, b.Hospital, "error.insurer.sheet_missing"); err != nil {
			return b, err
		}
		if b.State == store.SheetUndone {
			return b, errs.Refuse("insurer.undone", "error.insurer.undone", nil, "insurer.remedy.again")
		}
		used, err := tx.SheetUsed(id)
		if err != nil {
			return b, err
		}
		if used {
			return b, errs.Refuse("insurer.used", "error.insurer.used", nil, "insurer.remedy.single")
		}
		rows, err := tx.SheetRowsIn(id, store.RowApplied, MaxSheetRows)
		if err != nil {
			return b, err
		}
		for i := len(rows) - 1; i >= 0; i-- {
			if err := undoRow(tx, rows[i]); err != nil {
				return b, err
			}
		}
		b.State = store.SheetUndone
		if err := tx.SaveSheet(b); err != nil {
			return b, err
		}
		return tx.SheetByID(id)
	})
}

func undoRow(tx *store.Tx, r store.SheetRow) error {
	r.State = store.RowUndone
	if r.Act == store.ActRepeat {
		return tx.SaveSheetRow(r)
	}
	st, _, err := tx.SettlementByID(r.Settlement)
	if err != nil {
		return err
	}
	if err := holdYear(tx, st); err != nil {
		return err
	}
	t, err := tx.TreatmentForUpdate(r.Treatment)
	if err != nil {
		return err
	}
	if err := tx.VoidDifferences(r.Treatment, r.ID); err != nil {
		return err
	}
	switch {
	case r.Act == store.ActSettle:
		_, err = reverse(tx, st, t, Reversal{Settlement: st.ID, Reason: r.Number})
	case r.Was != nil && r.Was.Made:
		err = uncount(tx, st.ID)
	case r.Was != nil:
		err = putBack(tx, st, *r.Was)
	}
	if err != nil {
		return err
	}
	return tx.SaveSheetRow(r)
}

func putBack(tx *store.Tx, st store.Settlement, was store.Was) error {
	c, found, err := computationOf(tx, st)
	if err != nil || !found {
		return err
	}
	back := was.Counted.Minus(c.Counted)
	c.Counted, c.Source = was.Counted, was.Source
	if err := tx.SetCounted(c); err != nil {
		return err
	}
	return tx.CountYear(c.Person, c.Case.Year(), back)
}
