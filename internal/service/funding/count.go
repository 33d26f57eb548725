package funding

import (
	"slices"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// counting is what a settlement adds to the person's insurance year: the case of
// the latest estimate with what is known by now. Where nobody made an estimate
// there is none, and the settlement counts with the insurer's own figures.
type counting struct {
	estimate store.Computation
	known    bool
	on       clock.Date
}

// uncounted reports whether a settlement would count in the person's year by the
// insurer's figures alone although there are rules: nobody made an estimate.
func uncounted(tx *store.Tx, treatment ident.ID) (bool, error) {
	list, err := tx.ReleasedPolicies()
	if err != nil || len(list) == 0 {
		return false, err
	}
	made, err := tx.ComputationsOf(treatment)
	return !slices.ContainsFunc(made, func(c store.Computation) bool { return c.Kind == store.ForEstimate }), err
}

// beginCounting finds the estimate and holds the person's year, before the
// treatment is held: the order of locks.
func beginCounting(tx *store.Tx, in Settle) (counting, error) {
	list, err := tx.ComputationsOf(in.Treatment)
	if err != nil {
		return counting{}, err
	}
	t, err := tx.TreatmentByID(in.Treatment)
	if err != nil {
		return counting{}, err
	}
	c := counting{on: t.DischargedOn}
	if i := slices.IndexFunc(list, func(c store.Computation) bool { return c.Kind == store.ForEstimate }); i >= 0 {
		c.estimate, c.known = list[i], true
	}
	if c.on.IsZero() {
		c.on = in.On
	}
	return c, tx.LockYear(t.Person, c.on.Year())
}

// settled is a settlement that was written, with its treatment. A settlement that
// came with a workbook of earlier years has no computation and counts by its own
// amounts (year_of adds them): the programme's yearly cap is about what funds and
// hospital really gave, and no insurer's sheet could tell that. What only the
// insurer knows of such a year, the deductible, comes with its sheet or as an
// opening balance. No rules are applied to history, so rehearsals leave it out.
type settled struct {
	id      ident.ID
	t       store.Treatment
	in      Settle
	already fee.Year // of it in the year before it is counted: history
}

// operated is the day that decides the order in a person's year.
func (s settled) operated(otherwise clock.Date) clock.Date {
	if s.t.OperatedOn.IsZero() {
		return otherwise
	}
	return s.t.OperatedOn
}

// source is who says what counts of thresholds and bases.
func (s settled) source(computed bool) fee.Source {
	switch {
	case computed && !s.in.Figures.Known:
		return fee.SourceRules
	case s.in.Source == "":
		return fee.SourceTyped
	}
	return s.in.Source
}

// openingOf is what had counted in the year before the case, in the order of the
// operations: what was settled here of later ones does not count for an earlier
// one that is settled after them.
func openingOf(tx *store.Tx, s settled, year int, operated clock.Date) (fee.Year, error) {
	out, err := tx.YearOf(s.t.Person, year)
	if err != nil {
		return nil, err
	}
	out = out.Minus(s.already)
	list, err := tx.YearComputations(s.t.Person, year)
	for _, c := range list {
		if c.OperatedOn.After(operated) {
			out = out.Minus(c.Counted)
		}
	}
	return out, err
}

// record adds a settlement that no rules were applied to with what the insurer
// says of it.
func (c counting) record(tx *store.Tx, s settled) error {
	opening, err := openingOf(tx, s, c.on.Year(), s.operated(c.on))
	if err != nil {
		return err
	}
	x := fee.Case{Programme: s.t.Programme, Admitted: s.t.AdmittedOn, On: c.on, Other: s.in.Other, Items: []fee.Item{{Class: "other", Amount: s.in.Bill}}}
	done := store.Computation{ID: ident.New(), Kind: store.ForSettlement, Settlement: s.id, OperatedOn: s.operated(c.on), Case: x, Opening: opening,
		Result: fee.Result{Sum: s.in.Settlement}, Counted: fee.Recorded(s.in.Settlement, s.in.Figures, s.t.Programme), Source: s.source(false)}
	return keep(tx, done, s.t)
}

// keep stores what a settled case counts and adds it to the person's year.
func keep(tx *store.Tx, done store.Computation, t store.Treatment) error {
	if err := tx.InsertComputation(done, t); err != nil {
		return err
	}
	return tx.CountYear(t.Person, done.Case.Year(), done.Counted)
}

// count computes the settled case by the rules in force at the discharge, keeps
// the rows beside what was really paid, and adds the case to the person's year.
// What was paid counts as it was paid, whatever the rules say.
func (c counting) count(tx *store.Tx, s settled) error {
	if !c.known {
		return c.record(tx, s)
	}
	list, err := tx.ReleasedPolicies()
	if err != nil {
		return err
	}
	x := c.estimate.Case
	x.On, x.Other = c.on, s.in.Other
	if !s.t.AdmittedOn.IsZero() {
		x.Admitted = s.t.AdmittedOn
	}
	x.Items = fee.Scaled(x.Items, s.in.Bill)
	if len(s.in.Funds) > 0 {
		x.Fund = s.in.Funds[0].Fund
	}
	held, err := tx.BeneficiariesOf(s.t.Person)
	if err != nil {
		return err
	}
	x.Categories = nil
	for _, k := range patient.CategoriesOn(held, x.Admitted) {
		x.Categories = append(x.Categories, string(k))
	}
	region := ""
	if i := slices.IndexFunc(list, func(v policy.Version) bool { return v.ID == c.estimate.Result.Policy }); i >= 0 {
		region = list[i].Region.Code
	}
	v, ok := policy.InForce(list, region, x.On)
	if !ok {
		return c.record(tx, s)
	}
	opening, err := openingOf(tx, s, x.Year(), s.operated(x.On))
	if err != nil {
		return err
	}
	result := fee.Compute(&v, x, opening)
	done := store.Computation{ID: ident.New(), Kind: store.ForSettlement, Settlement: s.id, OperatedOn: s.operated(x.On), Case: x, Opening: opening, Result: result,
		Counted: result.Counted(s.in.Settlement, s.t.Programme).Stated(s.in.Figures), Source: s.source(true)}
	return keep(tx, done, s.t)
}

// uncount takes a reversed settlement off the person's year.
func uncount(tx *store.Tx, settlement ident.ID) error {
	c, found, err := tx.ReverseComputation(settlement)
	if err != nil || !found {
		return err
	}
	return tx.CountYear(c.Person, c.Case.Year(), fee.Year{}.Minus(c.Counted))
}

// countMore adds what a late approval paid back after the settlement: it counts
// on the person's yearly cap of the programme.
func countMore(tx *store.Tx, st store.Settlement, sum money.Fen) error {
	c, found, err := computationOf(tx, st)
	if err != nil || !found {
		return err
	}
	kind := fee.ReductionKind(st.Programme)
	more := fee.Year{kind: {Paid: sum}}
	c.Counted = c.Counted.Plus(more)
	if err := tx.SetCounted(c); err != nil {
		return err
	}
	return tx.CountYear(c.Person, c.Case.Year(), more)
}

// computationOf is the computation of a settlement that stands; false: it was
// settled without rules.
func computationOf(tx *store.Tx, st store.Settlement) (store.Computation, bool, error) {
	list, err := tx.ComputationsOf(st.Treatment)
	if err != nil {
		return store.Computation{}, false, err
	}
	i := slices.IndexFunc(list, func(c store.Computation) bool { return c.Settlement == st.ID && !c.Reversed })
	if i < 0 {
		return store.Computation{}, false, nil
	}
	return list[i], true, nil
}

// holdYear holds the year a settlement counted in, before its treatment is held.
func holdYear(tx *store.Tx, st store.Settlement) error {
	c, found, err := computationOf(tx, st)
	if err != nil || !found {
		return err
	}
	return tx.LockYear(c.Person, c.Case.Year())
}
