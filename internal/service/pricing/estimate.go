package pricing

import (
	"context"
	"slices"

	"github.com/shanhai-health/shanhai/internal/authz"
	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/store"
)

// EstimateInput is what an estimate is made from. The person's categories and
// what counted in the year are found by the service.
type EstimateInput struct {
	Treatment ident.ID
	Region    string // pooling region; empty: the one there is
	Case      fee.Case
	WhatIf    WhatIf
	Note      string
}

// WhatIf is what else the family asks about; empty fields ask nothing.
type WhatIf struct {
	Implant money.Fen // another price of the implants
	Fund    ident.ID  // another fund
}

// Alternative is the estimate with one thing otherwise.
type Alternative struct {
	Name   string // "proof", "referral", "level.2", "implant", "fund"
	Level  policy.Level
	Result fee.Result
}

// Key is the message key of the alternative's name.
func (a Alternative) Key() string {
	if a.Level != "" {
		return "estimate.whatif.level"
	}
	return "estimate.whatif." + a.Name
}

// EstimateView is what the form of an estimate starts from.
type EstimateView struct {
	Treatment  Treatment
	Versions   []policy.Version // in force on the day, one a region
	Categories []string         // held on the day of admission
	Proven     bool
	Year       fee.Year
	Lines      []YearLine
	Funds      []Fund
	Earlier    []Computation
	Shifts     []ShiftedCase // cases of the year that would come out otherwise now
	Make       bool
}

// ShiftedCase is a settled case an earlier one's correction has shifted.
type ShiftedCase struct {
	fee.Shift
	OperatedOn clock.Date
}

// Last is the latest estimate, to begin the next one from.
func (v EstimateView) Last() (Computation, bool) {
	i := slices.IndexFunc(v.Earlier, func(c Computation) bool { return c.Kind == ForEstimate })
	if i < 0 {
		return Computation{}, false
	}
	return v.Earlier[i], true
}

// day is the day of the admission as it stands: done, planned, or today.
func day(t store.Treatment, today clock.Date) clock.Date {
	switch {
	case !t.AdmittedOn.IsZero():
		return t.AdmittedOn
	case !t.PlannedOn.IsZero() && t.PlannedOn.After(today):
		return t.PlannedOn
	}
	return today
}

// EstimateForm reads what an estimate of a treatment starts from.
func (s *Service) EstimateForm(ctx context.Context, who user.Principal, id ident.ID) (out EstimateView, err error) {
	if err := s.door(who, authz.EstimateRead); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.EstimateRead, ObjectKind: audit.ObjectTreatment, ObjectID: id})
		if out.Treatment, err = tx.TreatmentByID(id); err != nil {
			return err
		}
		if err := s.reads(who, authz.EstimateRead, out.Treatment.SeenBy()); err != nil {
			return err
		}
		on := day(out.Treatment, tx.Today())
		if out.Versions, err = versionsOn(tx, on); err != nil {
			return err
		}
		if out.Categories, out.Proven, err = categories(tx, out.Treatment, on); err != nil {
			return err
		}
		if out.Year, err = tx.YearOf(out.Treatment.Person, on.Year()); err != nil {
			return err
		}
		if out.Lines, err = tx.YearLines(out.Treatment.Person); err != nil {
			return err
		}
		if out.Funds, err = serving(tx, out.Treatment); err != nil {
			return err
		}
		if out.Earlier, err = tx.ComputationsOf(id); err != nil {
			return err
		}
		// What the insurer's figures alone say is no computation anybody could open.
		out.Earlier = slices.DeleteFunc(out.Earlier, func(c Computation) bool { return c.Result.Policy == ident.Nil })
		out.Shifts, err = shifts(tx, out.Treatment.Person, on.Year(), out.Year)
		return err
	})
	out.Make = err == nil && s.at(who, authz.EstimateMake, out.Treatment.Hospital) == nil
	out.Treatment.PersonName = s.shown(who, out.Treatment.PersonName)
	return out, err
}

// shifts computes the person's year again. What the reader may not see of it
// counts as it stands, before what is seen.
func shifts(tx *store.Tx, person ident.ID, year int, counted fee.Year) ([]ShiftedCase, error) {
	list, err := tx.YearComputations(person, year)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	all, err := tx.ReleasedPolicies()
	if err != nil {
		return nil, err
	}
	cases, opening, ok := store.Recounted(list, all, counted)
	if !ok {
		return nil, nil
	}
	on := map[ident.ID]clock.Date{}
	for _, c := range list {
		on[c.ID] = c.OperatedOn
	}
	var out []ShiftedCase
	for _, x := range fee.Recount(cases, opening) {
		out = append(out, ShiftedCase{x, on[x.Case]})
	}
	return out, nil
}

func serving(tx *store.Tx, t store.Treatment) ([]Fund, error) {
	all, err := tx.FundChoices()
	asked := fund.Asked{Programme: t.Programme, Hospital: t.Hospital, Category: t.Category, On: tx.Today()}
	return slices.DeleteFunc(all, func(f Fund) bool { return len(f.Earmark().WhyNot(asked)) > 0 }), err
}

// versionsOn are the versions in force on a day, one a region.
func versionsOn(tx *store.Tx, on clock.Date) ([]policy.Version, error) {
	list, err := tx.ReleasedPolicies()
	var out []policy.Version
	for _, v := range list {
		if now, ok := policy.InForce(list, v.Region.Code, on); ok && now.ID == v.ID {
			out = append(out, v)
		}
	}
	return out, err
}

// categories are those a person holds on a day, and whether one has its proof.
func categories(tx *store.Tx, t store.Treatment, on clock.Date) ([]string, bool, error) {
	list, err := tx.BeneficiariesOf(t.Person)
	if err != nil {
		return nil, false, err
	}
	facts, err := tx.CareFactsOf(t, on)
	var out []string
	for _, c := range patient.CategoriesOn(list, on) {
		out = append(out, string(c))
	}
	return out, facts.Has[treatment.CategoryProven], err
}

// Estimate is an estimate that is not kept yet.
type Estimate struct {
	Version      policy.Version
	Case         fee.Case
	Opening      fee.Year
	Result       fee.Result
	Alternatives []Alternative
	Proven       bool
}

// Try computes an estimate with its what-ifs and keeps nothing.
func (s *Service) Try(ctx context.Context, who user.Principal, in EstimateInput) (out Estimate, err error) {
	if err := s.door(who, authz.EstimateMake); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: audit.EstimateRead, ObjectKind: audit.ObjectTreatment, ObjectID: in.Treatment})
		t, err := tx.TreatmentByID(in.Treatment)
		if err != nil {
			return err
		}
		if err := s.at(who, authz.EstimateMake, t.Hospital); err != nil {
			return err
		}
		out, err = estimate(tx, t, in)
		return err
	})
	return out, err
}

// estimate finds the version, the categories and the year, and computes.
func estimate(tx *store.Tx, t store.Treatment, in EstimateInput) (out Estimate, err error) {
	c := in.Case
	c.Programme = t.Programme
	if c.On.IsZero() {
		c.On = day(t, tx.Today())
	}
	c.Admitted = c.On
	if !t.AdmittedOn.IsZero() {
		c.Admitted = t.AdmittedOn
	}
	if err := c.Check(); err != nil {
		return out, err
	}
	list, err := tx.ReleasedPolicies()
	if err != nil {
		return out, err
	}
	v, ok := policy.InForce(list, in.Region, c.On)
	if !ok {
		return out, errs.Refuse("policy.none", "error.policy.none", errs.Args{"day": c.On}, "policy.remedy.release")
	}
	if c.Categories, out.Proven, err = categories(tx, t, c.Admitted); err != nil {
		return out, err
	}
	if out.Opening, err = others(tx, t, c.Year()); err != nil {
		return out, err
	}
	out.Version, out.Case = v, c
	out.Result = fee.Compute(&v, c, out.Opening)
	out.Alternatives = alternatives(&v, c, out.Opening, in.WhatIf)
	return out, nil
}

// others is what counted in the year but for the treatment itself, which may be
// settled already.
func others(tx *store.Tx, t store.Treatment, year int) (fee.Year, error) {
	out, err := tx.YearOf(t.Person, year)
	if err != nil {
		return nil, err
	}
	own, err := tx.ComputationsOf(t.ID)
	for _, c := range own {
		if c.Kind == ForSettlement && !c.Reversed && c.Case.Year() == year {
			out = out.Minus(c.Counted)
		}
	}
	return out, err
}

// alternatives are the usual questions: the proof does not come, no referral,
// another hospital level, and what the family asks about.
func alternatives(v *policy.Version, c fee.Case, opening fee.Year, ask WhatIf) []Alternative {
	var out []Alternative
	rules := v
	try := func(name string, level policy.Level, change func(*fee.Case)) {
		x := c
		change(&x)
		out = append(out, Alternative{name, level, fee.Compute(rules, x, opening)})
	}
	if ask.Implant > 0 {
		try("implant", "", func(x *fee.Case) { x.Items = priced(x.Items, ask.Implant) })
	}
	if ask.Fund != ident.Nil {
		rules = freed(v)
		try("fund", "", func(x *fee.Case) { x.Fund = ask.Fund })
		rules = v
	}
	if len(c.Categories) > 0 {
		try("proof", "", func(x *fee.Case) { x.Categories = nil })
	}
	if c.Referred {
		try("referral", "", func(x *fee.Case) { x.Referred = false })
	}
	for _, level := range policy.Levels() {
		if level != c.Level {
			try("level", level, func(x *fee.Case) { x.Level = level })
		}
	}
	return out
}

// freed are rules in which no reduction names a fund of its own, so that the one
// the family asks about pays.
func freed(v *policy.Version) *policy.Version {
	out := *v
	out.Reductions = slices.Clone(v.Reductions)
	for i, r := range out.Reductions {
		r.Funders = slices.Clone(r.Funders)
		for j := range r.Funders {
			r.Funders[j].Fund = ident.Nil
		}
		out.Reductions[i] = r
	}
	return &out
}

// priced gives the implants of a bill another price, with the share between
// their lines as it was.
func priced(items []fee.Item, price money.Fen) []fee.Item {
	out := slices.Clone(items)
	var at []int
	var implants []fee.Item
	for i, x := range items {
		if x.Class == "implant" {
			at, implants = append(at, i), append(implants, x)
		}
	}
	if len(at) == 0 {
		return append(out, fee.Item{Class: "implant", Amount: price})
	}
	for i, x := range fee.Scaled(implants, price) {
		out[at[i]] = x
	}
	return out
}

// Save keeps an estimate with its version, and moves a treatment that waits for
// one on to estimated.
func (s *Service) Save(ctx context.Context, who user.Principal, in EstimateInput, key Key) (Computation, error) {
	if err := s.door(who, authz.EstimateMake); err != nil {
		return Computation{}, err
	}
	if len([]rune(in.Note)) > maxText {
		var f errs.Fields
		f.Add("note", "form.error.long", "max", maxText)
		return Computation{}, f.Err()
	}
	id := ident.New()
	event := audit.Event{Action: audit.EstimateMake, ObjectKind: audit.ObjectEstimate, ObjectID: id, Detail: map[string]any{"treatment": in.Treatment.String()}}
	return write(ctx, s, who, key, event, func(tx *store.Tx) (Computation, error) {
		t, err := tx.TreatmentForUpdate(in.Treatment)
		if err != nil {
			return Computation{}, err
		}
		if err := s.at(who, authz.EstimateMake, t.Hospital); err != nil {
			return Computation{}, err
		}
		e, err := estimate(tx, t, in)
		if err != nil {
			return Computation{}, err
		}
		tx.Amend("policy", e.Version.No)
		c := Computation{ID: id, Kind: ForEstimate, OperatedOn: e.Case.On, Case: e.Case, Opening: e.Opening, Result: e.Result, Note: in.Note}
		if err := tx.InsertComputation(c, t); err != nil {
			return c, err
		}
		if err := advance(tx, t, e.Result.Sum); err != nil {
			return c, err
		}
		return tx.ComputationByID(id)
	})
}

// advance takes the step of the estimate where the treatment waits for it.
func advance(tx *store.Tx, t store.Treatment, sum fee.Settlement) error {
	t.EstimateBill, t.EstimateInsurance = sum.Bill, sum.Insurance()
	facts, err := tx.CareFactsOf(t, clock.Date{})
	if err != nil {
		return err
	}
	if _, err := treatment.Next(t.Place, treatment.Estimate, facts.Facts); err != nil {
		return nil // stands elsewhere on its way: the estimate is kept all the same
	}
	_, err = tx.AdvanceTreatment(t, store.Step{Action: treatment.Estimate, Facts: facts.Facts})
	return err
}

// EstimateDetail is a computation with its version, and for an estimate whose
// treatment was settled why the settlement came out otherwise.
type EstimateDetail struct {
	Computation
	Version   Version
	Treatment Treatment
	Funds     []Fund
	Replayed  bool // computing it again gives the stored rows
	Variance  []fee.VarianceLine
	Settled   clock.Date
	Actual    policy.Version // of the settlement
	Counted   bool           // the settlement was computed by a version too
}

// Estimate reads one computation.
func (s *Service) Estimate(ctx context.Context, who user.Principal, id ident.ID) (EstimateDetail, error) {
	return s.detail(ctx, who, id, audit.EstimateRead)
}

// PrintEstimate reads one computation for the family's paper.
func (s *Service) PrintEstimate(ctx context.Context, who user.Principal, id ident.ID) (EstimateDetail, error) {
	return s.detail(ctx, who, id, audit.FormPrint)
}

func (s *Service) detail(ctx context.Context, who user.Principal, id ident.ID, action string) (out EstimateDetail, err error) {
	if err := s.door(who, authz.EstimateRead); err != nil {
		return out, err
	}
	err = s.db.InTx(ctx, who, func(tx *store.Tx) error {
		tx.AuditRead(audit.Event{Action: action, ObjectKind: audit.ObjectEstimate, ObjectID: id})
		if out.Computation, err = tx.ComputationByID(id); err != nil {
			return err
		}
		if out.Treatment, err = tx.TreatmentByID(out.Computation.Treatment); err != nil {
			return err
		}
		if err := s.reads(who, authz.EstimateRead, out.Treatment.SeenBy()); err != nil {
			return err
		}
		if out.Version, err = tx.PolicyByID(out.Result.Policy); err != nil {
			return err
		}
		if out.Funds, err = tx.FundChoices(); err != nil {
			return err
		}
		again := fee.Compute(&out.Version.Version, out.Case, out.Opening)
		out.Replayed = slices.Equal(again.Rows, out.Result.Rows)
		if out.Kind == ForEstimate {
			return explain(tx, &out)
		}
		return nil
	})
	out.Treatment.PersonName = s.shown(who, out.Treatment.PersonName)
	return out, err
}

// explain compares an estimate with the settlement of its treatment.
func explain(tx *store.Tx, out *EstimateDetail) error {
	st, ok, err := tx.LiveSettlement(out.Treatment.ID)
	if err != nil || !ok {
		return err
	}
	basis := fee.Basis{Case: out.Case, Rules: &out.Version.Version, Opening: out.Opening}
	actual := basis
	all, err := tx.ComputationsOf(out.Treatment.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(c Computation) bool {
		return c.Kind == ForSettlement && !c.Reversed && c.Settlement == st.ID && c.Result.Policy != ident.Nil
	})
	if i >= 0 {
		v, err := tx.PolicyByID(all[i].Result.Policy)
		if err != nil {
			return err
		}
		actual = fee.Basis{Case: all[i].Case, Rules: &v.Version, Opening: all[i].Opening}
		out.Counted, out.Actual = true, v.Version
	} else {
		actual.Case.Items = fee.Scaled(actual.Case.Items, st.Bill)
	}
	out.Variance, out.Settled = fee.Explain(basis, actual, st.Settlement), st.SettledOn
	return nil
}
