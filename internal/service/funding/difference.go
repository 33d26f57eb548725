package funding

import (
	"context"
	"slices"
	"strings"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/insurer"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/store"
)

// DifferenceAct is what a person decides about a difference.
type DifferenceAct string

// The acts.
const (
	ActAccept  DifferenceAct = "accept"  // it is so; nothing is to be changed
	ActOpening DifferenceAct = "opening" // the deductible taken elsewhere is recorded, and it is so
	ActQuery   DifferenceAct = "query"   // the hospital is asked
	ActCorrect DifferenceAct = "correct" // the settlement is taken back and entered as the insurer says
)

// DifferenceActs are the acts that fit a difference.
func DifferenceActs(d Difference) []DifferenceAct {
	out := []DifferenceAct{ActAccept, ActQuery}
	if d.Kind == store.FromSheet && insurer.TakenElsewhere(d.Lines) > 0 {
		out = append(out, ActOpening)
	}
	if d.Kind == store.FromSheet && insurer.Miskeyed(d.Lines) {
		out = append(out, ActCorrect)
	}
	return out
}

// DifferenceView is a difference with what may be done about it.
type DifferenceView struct {
	Difference
	Acts []DifferenceAct // none: somebody else decides, or it is decided
}

// Differences is a page of what waits, the longest first.
func (s *Service) Differences(ctx context.Context, who user.Principal, req page.Request) (out page.Result[Difference], err error) {
	if err := s.door(who, authz.SettlementRead); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.ListRead, ObjectKind: audit.ObjectSettlement, Detail: map[string]any{"state": "difference"}})
		out, err = tx.ListDifferences(s.listed(who, authz.SettlementRead), req)
		for i := range out.Rows {
			out.Rows[i].PersonName = s.shown(who, out.Rows[i].PersonName)
		}
		return err
	})
	return out, err
}

// Difference reads one.
func (s *Service) Difference(ctx context.Context, who user.Principal, id ident.ID) (v DifferenceView, err error) {
	if err := s.door(who, authz.SettlementRead); err != nil {
		return v, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.SettlementRead, ObjectKind: audit.ObjectSettlement, ObjectID: id})
		if v.Difference, err = tx.DifferenceByID(id); err != nil {
			return err
		}
		return s.reads(who, authz.SettlementRead, []ident.ID{v.Hospital}, "error.insurer.difference_missing")
	})
	if err == nil && v.State.Waits() && s.at(who, authz.SettlementSettle, v.Hospital, "error.insurer.difference_missing") == nil {
		v.Acts = DifferenceActs(v.Difference)
	}
	v.PersonName = s.shown(who, v.PersonName)
	return v, err
}

// DifferenceDecision is what was decided, with the reason.
type DifferenceDecision struct {
	Difference ident.ID
	Act        DifferenceAct
	Note       string
	Version    int64
}

// DecideDifference does what was decided. A correction takes the settlement back
// and enters it anew, all or nothing; later cases of the person's year that come
// out otherwise after it are listed for a decision of their own and not touched.
func (s *Service) DecideDifference(ctx context.Context, who user.Principal, in DifferenceDecision, key string) (Difference, error) {
	if err := s.door(who, authz.SettlementSettle); err != nil {
		return Difference{}, err
	}
	in.Note = strings.TrimSpace(in.Note)
	var f errs.Fields
	checkText(&f, "note", in.Note, maxReason)
	if err := f.Err(); err != nil {
		return Difference{}, err
	}
	var again yearAgain
	out, err := store.Once(ctx, s.db, who, store.KeyOf(key, in), func(tx *store.Tx) (Difference, error) {
		tx.Intend(audit.Event{Action: audit.DifferenceDecide, ObjectKind: audit.ObjectSettlement, ObjectID: in.Difference, Reason: in.Note,
			Detail: map[string]any{"act": string(in.Act)}})
		d, err := tx.DifferenceByID(in.Difference)
		if err != nil {
			return d, err
		}
		if err := s.at(who, authz.SettlementSettle, d.Hospital, "error.insurer.difference_missing"); err != nil {
			return d, err
		}
		if err := tx.SameVersion(d.Version, in.Version); err != nil {
			return d, err
		}
		if !d.State.Waits() {
			return d, errs.Refuse("insurer.decided", "error.insurer.decided", nil, "fund.remedy.reload")
		}
		if !slices.Contains(DifferenceActs(d), in.Act) {
			var f errs.Fields
			f.Add("act", "form.error.choice")
			return d, f.Err()
		}
		st, _, err := tx.SettlementByID(d.Settlement)
		if err != nil {
			return d, err
		}
		if in.Act == ActCorrect {
			again = yearAgain{st.Person, countedYear(tx, st).Year()}
		}
		return s.decideDifference(tx, d, st, in)
	})
	if err == nil {
		err = s.noteAgain(ctx, who, again)
	}
	return out, err
}

func (s *Service) decideDifference(tx *store.Tx, d Difference, st store.Settlement, in DifferenceDecision) (Difference, error) {
	d.Note, d.State = in.Note, store.DifferenceAccepted
	var err error
	switch in.Act {
	case ActQuery:
		d.State = store.DifferenceQueried
	case ActOpening:
		err = openElsewhere(tx, d, st)
	case ActCorrect:
		d.State = store.DifferenceCorrected
		err = correct(tx, d, st, in.Note)
	case ActAccept:
	}
	if err != nil {
		return d, err
	}
	if err := tx.DecideDifference(d); err != nil {
		return d, err
	}
	return tx.DifferenceByID(d.ID)
}

// openElsewhere records what the insurer had taken of the year's deductible where
// the programme does not see it, beside what stood there.
func openElsewhere(tx *store.Tx, d Difference, st store.Settlement) error {
	row, err := tx.SheetRowByID(d.Row)
	if err != nil {
		return err
	}
	on := countedYear(tx, st)
	if err := tx.LockYear(st.Person, on.Year()); err != nil {
		return err
	}
	lines, err := tx.YearLines(st.Person)
	if err != nil {
		return err
	}
	line := store.YearLine{Year: on.Year(), Kind: fee.KindBasic}
	for _, l := range lines {
		if l.Year == line.Year && l.Kind == line.Kind {
			line = l
		}
	}
	line.Opening.Threshold += insurer.TakenElsewhere(d.Lines)
	line.OpenedOn, line.Source = on, row.Number
	tx.Amend("threshold_fen", int64(line.Opening.Threshold))
	return tx.SetOpening(st.Person, line)
}

// correct takes a settlement back and enters it as the insurer says: the mirror
// of every posting, then new ones, in one transaction. The reduction stays as it
// was, as far as there is cash for it.
func correct(tx *store.Tx, d Difference, st store.Settlement, reason string) error {
	row, err := tx.SheetRowByID(d.Row)
	if err != nil {
		return err
	}
	in := Settle{Treatment: st.Treatment, Settlement: reduced(row.Amounts.Settlement(), st.Funds, st.Waiver), Figures: row.Amounts.Figures(), Source: fee.SourceSheet, On: tx.Today()}
	if err := in.Check(); err != nil {
		return err
	}
	year, err := beginCounting(tx, in)
	if err != nil {
		return err
	}
	if err := holdYear(tx, st); err != nil {
		return err
	}
	t, err := tx.TreatmentForUpdate(st.Treatment)
	if err != nil {
		return err
	}
	if st, _, err = tx.SettlementByID(st.ID); err != nil {
		return err
	}
	if _, err := reverse(tx, st, t, Reversal{Settlement: st.ID, Reason: reason}); err != nil {
		return err
	}
	if t, err = tx.TreatmentForUpdate(st.Treatment); err != nil {
		return err
	}
	id := ident.New()
	if _, err := settle(tx, t, in, id); err != nil {
		return err
	}
	tx.Amend("settlement", id.String())
	return year.count(tx, settled{id: id, t: t, in: in})
}

// yearAgain is a person's year that has to be looked at again, after the
// transaction that changed an earlier case of it; the zero value is none.
type yearAgain struct {
	person ident.ID
	year   int
}

func (s *Service) noteAgain(ctx context.Context, who user.Principal, again yearAgain) error {
	if again.person == ident.Nil {
		return nil
	}
	return s.noteShifts(ctx, who.PartnershipID, again.person, again.year)
}

// correctedBefore names the year when the treatment was settled before and taken
// back: what stood on the worklist for it may be over.
func correctedBefore(tx *store.Tx, t store.Treatment, c counting) (yearAgain, error) {
	list, err := tx.ComputationsOf(t.ID)
	if !slices.ContainsFunc(list, func(x store.Computation) bool { return x.Reversed }) {
		return yearAgain{}, err
	}
	return yearAgain{t.Person, c.on.Year()}, err
}

// noteShifts lists the settled cases of a person's year that come out otherwise
// now, one entry each, and takes off the list those that do not any more. It
// looks with the programme's eyes: a later case may be another hospital's, whose
// desk then decides.
func (s *Service) noteShifts(ctx context.Context, partnership, person ident.ID, year int) error {
	return s.db.InTx(ctx, authz.System("settlements").In(partnership), func(tx *store.Tx) error {
		tx.NoAudit("entries of a worklist; what is decided about them has its own event")
		if err := tx.LockYear(person, year); err != nil {
			return err
		}
		list, err := tx.YearComputations(person, year)
		if err != nil {
			return err
		}
		versions, err := tx.ReleasedPolicies()
		if err != nil {
			return err
		}
		counted, err := tx.YearOf(person, year)
		if err != nil {
			return err
		}
		cases, opening, ok := store.Recounted(list, versions, counted)
		if !ok {
			return nil
		}
		shifts := fee.Recount(cases, opening)
		if err := tx.VoidShifts(list); err != nil {
			return err
		}
		for _, c := range list {
			i := slices.IndexFunc(shifts, func(x fee.Shift) bool { return x.Case == c.ID })
			if i < 0 {
				continue
			}
			err := tx.InsertDifference(store.Difference{ID: ident.New(), Hospital: c.Hospital, Kind: store.FromShift, Treatment: c.Treatment, Settlement: c.Settlement,
				Lines: insurer.Shifted(shifts[i])})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
