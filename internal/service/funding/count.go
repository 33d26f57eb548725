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
// there is none, and the settlement counts as one without rules.
type counting struct {
	estimate store.Computation
	known    bool
	on       clock.Date
}

// uncounted reports whether a settlement would not count in the person's year
// although there are rules: nobody made an estimate.
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
	i := slices.IndexFunc(list, func(c store.Computation) bool { return c.Kind == store.ForEstimate })
	if i < 0 {
		return counting{}, nil
	}
	t, err := tx.TreatmentByID(in.Treatment)
	if err != nil {
		return counting{}, err
	}
	c := counting{estimate: list[i], known: true, on: t.DischargedOn}
	if c.on.IsZero() {
		c.on = in.On
	}
	return c, tx.LockYear(t.Person, c.on.Year())
}

// settled is a settlement that was written, with its treatment.
type settled struct {
	id  ident.ID
	t   store.Treatment
	sum fee.Settlement
}

// count computes the settled case by the rules in force at the discharge, keeps
// the rows beside what was really paid, and adds the case to the person's year.
// What was paid counts as it was paid, whatever the rules say.
func (c counting) count(tx *store.Tx, s settled) error {
	if !c.known {
		return nil
	}
	list, err := tx.ReleasedPolicies()
	if err != nil {
		return err
	}
	x := c.estimate.Case
	x.On, x.Other = c.on, s.sum.Other
	if !s.t.AdmittedOn.IsZero() {
		x.Admitted = s.t.AdmittedOn
	}
	x.Items = fee.Scaled(x.Items, s.sum.Bill)
	if len(s.sum.Funds) > 0 {
		x.Fund = s.sum.Funds[0].Fund
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
		return nil
	}
	opening, err := tx.YearOf(s.t.Person, x.Year())
	if err != nil {
		return err
	}
	result := fee.Compute(&v, x, opening)
	operated := s.t.OperatedOn
	if operated.IsZero() {
		operated = x.On
	}
	done := store.Computation{ID: ident.New(), Kind: store.ForSettlement, Settlement: s.id, OperatedOn: operated, Case: x, Opening: opening, Result: result,
		Counted: result.Counted(s.sum, s.t.Programme)}
	if err := tx.InsertComputation(done, s.t); err != nil {
		return err
	}
	return tx.CountYear(s.t.Person, x.Year(), done.Counted)
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
