package pricing_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/audit"
	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/domain/policy"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/intake"
	"github.com/shanhai-health/shanhai/internal/service/pricing"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

const here = servicetest.Mountain

// desk is a world with the service under test, the settlement desk beside it, and
// a fund.
type desk struct {
	*servicetest.World
	s    *pricing.Service
	desk *funding.Service
	fund store.Fund
}

func newDesk(t *testing.T) *desk {
	w := servicetest.New(t)
	return &desk{w, pricing.New(pricing.Deps{DB: w.DB, Policy: w.Policy}), funding.New(funding.Deps{DB: w.DB, Policy: w.Policy}), w.Fund(10_000_000)}
}

func must[T any](d *desk) func(T, error) T {
	return func(v T, err error) T {
		d.T.Helper()
		if err != nil {
			d.T.Fatal(err)
		}
		return v
	}
}

func head(from clock.Date) policy.Head {
	return policy.Head{Name: "示例规则", Sample: true, From: from, Region: policy.Region{Code: "990101", ZH: "示例统筹区", EN: "Sample region"}}
}

func (d *desk) draft(from clock.Date, base ident.ID) pricing.Version {
	d.T.Helper()
	return must[pricing.Version](d)(d.s.Draft(d.T.Context(), d.Approver(), pricing.DraftInput{Head: head(from), From: base}, pricing.Key{}))
}

func (d *desk) release(v pricing.Version) pricing.Version {
	d.T.Helper()
	return must[pricing.Version](d)(d.s.Release(d.T.Context(), d.SecondApprover(), pricing.Standing{Policy: v.ID, Edition: v.Edition}, pricing.Key{}))
}

func (d *desk) change(v pricing.Version, in pricing.Change) (pricing.Version, error) {
	in.Policy, in.Edition = v.ID, v.Edition
	return d.s.Change(d.T.Context(), d.Approver(), in, pricing.Key{})
}

func (d *desk) ask(t store.Treatment, items ...fee.Item) pricing.EstimateInput {
	return pricing.EstimateInput{Treatment: t.ID, Case: fee.Case{Kind: procedure.TKA, Level: "2", Insurance: policy.Resident, Referred: true, Items: items, Fund: d.fund.ID}}
}

func (d *desk) save(in pricing.EstimateInput) pricing.Computation {
	d.T.Helper()
	return must[pricing.Computation](d)(d.s.Save(d.T.Context(), d.Registrar(here), in, pricing.Key{}))
}

func bill(fen money.Fen) fee.Item { return fee.Item{Class: "service", Amount: fen} }

func refusedBy(t *testing.T, err error, rule string) {
	t.Helper()
	if e := errs.Of(err); err == nil || e.Rule != rule || len(e.Remedy) == 0 {
		t.Errorf("want a refusal by %s with a way out, got %v", rule, err)
	}
}

func TestAVersionIsReleasedByASecondPersonAndThenStays(t *testing.T) {
	d := newDesk(t)
	v := d.draft(clock.MustDate(2026, 1, 1), ident.Nil)
	if v.No != 1 || !v.Sample || v.State != policy.Draft {
		t.Fatalf("%+v", v.Version)
	}
	_, err := d.s.Release(t.Context(), d.Approver(), pricing.Standing{Policy: v.ID, Edition: v.Edition}, pricing.Key{})
	refusedBy(t, err, "policy.second_person")
	// The database says the same to whoever gets past the service.
	d.T = t
	err = d.DB.InTx(t.Context(), d.Approver(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		return tx.ReleasePolicy(v)
	})
	if errs.Of(err).Key != "error.policy.same_person" {
		t.Errorf("the author released it: %v", err)
	}
	v = d.release(v)
	if v.State != policy.Released || v.Releaser == "" {
		t.Errorf("%+v", v)
	}
	_, err = d.change(v, pricing.Change{Head: &policy.Head{Name: "x"}})
	refusedBy(t, err, "policy.frozen")
	for _, who := range []user.Principal{d.Registrar(here), d.Official(), d.Auditor()} {
		if _, err := d.s.Draft(t.Context(), who, pricing.DraftInput{Head: head(d.Today())}, pricing.Key{}); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%s writes rules: %v", who.Username, err)
		}
	}
	list := must[pricing.VersionList](d)(d.s.Versions(t.Context(), d.Finance(here), page.Request{}))
	if len(list.Rows) != 1 || !list.InForce[v.ID] || list.Edit {
		t.Errorf("%+v", list)
	}
}

// A clerk adds a category and a ratio from the first of January; both apply from
// that day, and the new category can be recorded for a patient.
func TestACategoryAndARatioAreAddedWithoutARestart(t *testing.T) {
	d := newDesk(t)
	first := d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	next := d.draft(clock.MustDate(2027, 1, 1), first.ID)
	if next.No != 2 {
		t.Errorf("number %d", next.No)
	}
	next = must[pricing.Version](d)(d.change(next, pricing.Change{Section: policy.InCategory, Rule: policy.Category{Code: "GZ1", ZH: "困难职工", EN: "Worker in need"}}))
	next = must[pricing.Version](d)(d.change(next, pricing.Change{Section: policy.InAssistance, Rule: policy.Layer{Categories: []string{"GZ1"}, Segments: []policy.Segment{{Ratio: 6500}}}}))
	if id := next.Assistance[len(next.Assistance)-1].ID; id != "A5" {
		t.Errorf("the new rule is %s", id)
	}
	if _, err := d.change(next, pricing.Change{Section: policy.InCategory, Rule: policy.Category{Code: "TK", ZH: "a", EN: "b"}}); !errs.Of(err).Fields.Has("code") {
		t.Errorf("a code that is taken: %v", err)
	}
	tr := d.Eligible(here)
	desk := intake.New(intake.Deps{DB: d.DB, Policy: d.Policy})
	record := func() error {
		_, err := desk.RecordCategory(t.Context(), d.Registrar(here), "", intake.CategoryInput{Beneficiary: patient.Beneficiary{PersonID: tr.Person, Category: "GZ1", From: clock.MustDate(2026, 6, 1)}})
		return err
	}
	if err := record(); !errs.Of(err).Fields.Has("category") {
		t.Errorf("a category of a draft: %v", err)
	}
	d.release(next)
	if err := record(); err != nil {
		t.Fatal(err)
	}
	if local := must[[]policy.Category](d)(desk.LocalCategories(t.Context(), d.Registrar(here))); len(local) != 1 || local[0].Code != "GZ1" {
		t.Errorf("%+v", local)
	}
	in := d.ask(tr, bill(2_000_000))
	in.Case.On = clock.MustDate(2026, 12, 31)
	if e := must[pricing.Estimate](d)(d.s.Try(t.Context(), d.Registrar(here), in)); e.Version.No != 1 || e.Result.Category != "DB" {
		t.Errorf("in December version %d, category %s", e.Version.No, e.Result.Category)
	}
	in.Case.On = clock.MustDate(2027, 1, 1) // the other category has ended
	if e := must[pricing.Estimate](d)(d.s.Try(t.Context(), d.Registrar(here), in)); e.Version.No != 2 || e.Result.Category != "GZ1" {
		t.Errorf("in January version %d, category %s", e.Version.No, e.Result.Category)
	}
}

func TestADraftThatDoesNotFitTogetherIsNotReleased(t *testing.T) {
	d := newDesk(t)
	v := d.draft(clock.MustDate(2026, 1, 1), ident.Nil)
	v = must[pricing.Version](d)(d.change(v, pricing.Change{Section: policy.InCategory, ID: "DB"})) // rules still name it
	_, err := d.s.Release(t.Context(), d.SecondApprover(), pricing.Standing{Policy: v.ID, Edition: v.Edition}, pricing.Key{})
	refusedBy(t, err, "policy.whole")
	if _, err := d.change(v, pricing.Change{Section: policy.InBasic, Rule: policy.Layer{}}); !errs.Of(err).Fields.Has("seg0_ratio") {
		t.Errorf("a rule without a ratio: %v", err)
	}
	stale := v
	stale.Edition--
	if _, err := d.change(stale, pricing.Change{Section: policy.InCategory, ID: "GE"}); !errs.Is(err, errs.Stale) {
		t.Errorf("somebody wrote in between: %v", err)
	}
}

func TestAnEstimateIsKeptAndMovesTheTreatmentOn(t *testing.T) {
	d := newDesk(t)
	tr := d.Eligible(here)
	_, err := d.s.Try(t.Context(), d.Registrar(here), d.ask(tr, bill(3_000_000)))
	refusedBy(t, err, "policy.none")
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	in := d.ask(tr, bill(3_000_000), fee.Item{Class: "implant", Amount: 1_500_000})
	other := ident.New()
	in.WhatIf = pricing.WhatIf{Implant: 2_500_000, Fund: other}
	e := must[pricing.Estimate](d)(d.s.Try(t.Context(), d.Registrar(here), in))
	names := map[string]fee.Result{}
	for _, a := range e.Alternatives {
		names[a.Name+string(a.Level)] = a.Result
	}
	if f := names["fund"].Sum.Funds; len(f) != 1 || f[0].Fund != other {
		t.Errorf("the other fund pays: %+v", f)
	}
	if len(names) != 6 || names["implant"].Sum.Bill != 5_500_000 || names["proof"].Category != policy.NoCategory || names["referral"].Sum.Assistance != 0 ||
		names["level3"].Sum.Basic >= e.Result.Sum.Basic {
		t.Errorf("%+v", names)
	}
	c := d.save(in)
	d.Do(d.System(), func(tx *store.Tx) error {
		got, err := tx.TreatmentByID(tr.ID)
		if got.Place.State != treatment.Estimated || got.EstimateBill != 4_500_000 || got.EstimateInsurance != c.Result.Sum.Insurance() {
			t.Errorf("%+v", got)
		}
		return err
	})
	out := must[pricing.EstimateDetail](d)(d.s.Estimate(t.Context(), d.Finance(here), c.ID))
	if !out.Replayed || out.Version.No != 1 || len(out.Variance) != 0 {
		t.Errorf("%+v", out)
	}
	if _, err := d.s.Estimate(t.Context(), d.Registrar(servicetest.MountainTwo), c.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital reads it: %v", err)
	}
	if _, err := d.s.EstimateForm(t.Context(), d.Official(), tr.ID); !errs.Is(err, errs.Forbidden) {
		t.Errorf("an official reads estimates: %v", err)
	}
}

// settled settles a treatment as the estimate says, but for what change does.
func (d *desk) settled(t store.Treatment, c pricing.Computation, change func(*fee.Settlement)) funding.Settled {
	d.T.Helper()
	t = d.Advance(t, treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	sum := c.Result.Sum
	sum.Funds, sum.Waiver = nil, 0
	if change != nil {
		change(&sum)
	}
	return must[funding.Settled](d)(d.desk.Settle(d.T.Context(), d.Finance(here), funding.Settle{Treatment: t.ID, Settlement: sum.WithNet()}, ident.Token()))
}

func (d *desk) year(person ident.ID) (y fee.Year) {
	d.T.Helper()
	d.Do(d.System(), func(tx *store.Tx) (err error) {
		y, err = tx.YearOf(person, 2026)
		return err
	})
	return y
}

func TestASettlementCountsInTheYearOnceAndAReversalTakesItOff(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	tr := d.Eligible(here)
	must[pricing.YearLine](d)(d.s.SetOpening(t.Context(), d.Finance(here), pricing.OpeningInput{Treatment: tr.ID, Kind: fee.KindBasic, Account: fee.Account{Threshold: 100_00},
		On: clock.MustDate(2026, 3, 1), Source: "医保局结算单"}, pricing.Key{}))
	c := d.save(d.ask(tr, bill(3_000_000)))
	if row := c.Result.Rows[2]; row.Step != fee.StepBasic || row.Threshold != 200_00 {
		t.Errorf("the opening balance has taken 100 of 300: %+v", row)
	}
	done := d.settled(tr, c, func(s *fee.Settlement) { s.Basic -= 1_000 })
	y := d.year(tr.Person)
	if y[fee.KindBasic].Threshold != 300_00 || y[fee.KindBasic].Paid != c.Result.Sum.Basic-1_000 {
		t.Errorf("thresholds as the rules say, payments as they were: %+v", y[fee.KindBasic])
	}
	out := must[pricing.EstimateDetail](d)(d.s.Estimate(t.Context(), d.Finance(here), c.ID))
	if basic := out.Variance[1]; !out.Counted || basic.Difference() != -1_000 || basic.By[4] != -1_000 {
		t.Errorf("the insurer paid ten yuan less: %+v", basic)
	}
	// A second treatment of the same year pays no deductible any more.
	second := d.save(d.ask(d.again(tr), bill(1_000_000)))
	if second.Result.Rows[2].Threshold != 0 {
		t.Errorf("the deductible is taken once a year: %+v", second.Result.Rows[2])
	}
	// The first is taken back while the second stands: the second comes out otherwise now.
	later := d.settledAgain(second)
	must[funding.Settled](d)(d.desk.Reverse(t.Context(), d.Finance(here), funding.Reversal{Settlement: done.Settlement, Reason: "录错", Version: d.Version(done.Settlement)}, ident.Token()))
	v := must[pricing.EstimateView](d)(d.s.EstimateForm(t.Context(), d.Finance(here), tr.ID))
	if len(v.Shifts) != 1 || v.Shifts[0].Net() <= 0 {
		t.Errorf("the later case pays the deductible now: %+v", v.Shifts)
	}
	must[funding.Settled](d)(d.desk.Reverse(t.Context(), d.Finance(here), funding.Reversal{Settlement: later.Settlement, Reason: "录错", Version: d.Version(later.Settlement)}, ident.Token()))
	if y := d.year(tr.Person); y[fee.KindBasic] != (fee.Account{Threshold: 100_00}) || len(y) != 1 {
		t.Errorf("only the opening balance is left: %+v", y)
	}
}

// An emergency is approved after its settlement: what the fund gives back counts
// on the person's cap of the programme, and leaves it with the reversal.
func TestALateApprovalCountsOnTheYearlyCap(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	tr := d.Eligible(here)
	done := d.settled(tr, d.save(d.ask(tr, bill(3_000_000))), nil)
	paid := func() money.Fen { return d.year(tr.Person)[fee.ReductionKind(procedure.Joint)].Paid }
	if paid() != 0 {
		t.Fatalf("%s before the approval", paid())
	}
	asked := must[funding.Requested](d)(d.desk.Request(t.Context(), d.Finance(here), funding.Request{Treatment: tr.ID, Bill: 3_000_000, Basic: 1_000_000,
		Funds: []fee.FundLine{{Fund: d.fund.ID, Amount: 50_000}}, Reason: "补办"}, ident.Token()))
	must[funding.Decided](d)(d.desk.Decide(t.Context(), d.Approver(), funding.Decision{Approval: asked.Approval, Decision: fund.DecideApprove, Opinion: "补办", Relation: fund.Unrelated, Version: d.Version(asked.Approval)}, ident.Token()))
	if paid() != 50_000 {
		t.Errorf("%s after it", paid())
	}
	must[funding.Settled](d)(d.desk.Reverse(t.Context(), d.Finance(here), funding.Reversal{Settlement: done.Settlement, Reason: "录错", Version: d.Version(done.Settlement)}, ident.Token()))
	if paid() != 0 {
		t.Errorf("%s after the reversal", paid())
	}
}

// A treatment that was recorded under the wrong person takes what it counted
// along.
func TestAMovedTreatmentTakesItsYearAlong(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	wrong, right := d.Eligible(here), d.Eligible(here)
	d.settled(wrong, d.save(d.ask(wrong, bill(3_000_000))), nil)
	before := d.year(wrong.Person)
	d.Do(d.Approver(), func(tx *store.Tx) error {
		tx.Intend(audit.Event{Action: audit.RecordMove, ObjectKind: audit.ObjectTreatment, ObjectID: wrong.ID})
		held, err := tx.TreatmentForUpdate(wrong.ID)
		if err != nil {
			return err
		}
		return tx.MoveTreatment(held, store.Step{Action: treatment.CorrectPatient, Note: "登错人"}, right.Case)
	})
	if len(d.year(wrong.Person)) != 0 || len(before) == 0 || d.year(right.Person)[fee.KindBasic] != before[fee.KindBasic] {
		t.Errorf("before %+v, left %+v, taken along %+v", before, d.year(wrong.Person), d.year(right.Person))
	}
}

// settledAgain settles the treatment of an estimate.
func (d *desk) settledAgain(c pricing.Computation) funding.Settled {
	d.T.Helper()
	var t store.Treatment
	d.Do(d.System(), func(tx *store.Tx) (err error) { t, err = tx.TreatmentByID(c.Treatment); return err })
	return d.settled(t, c, nil)
}

// again is another treatment of the same case.
func (d *desk) again(tr store.Treatment) (out store.Treatment) {
	d.T.Helper()
	d.Do(d.Registrar(here), func(tx *store.Tx) error {
		c, err := tx.CaseByID(tr.Case)
		if err != nil {
			return err
		}
		out, err = tx.OpenTreatment(store.TreatmentOpening{Case: c, Hospital: d.ID(here), Plan: "右膝"})
		return err
	})
	return out
}

// Two records of one person, merged: the year is counted over both, whoever may
// see only one of them.
func TestMergedRecordsShareTheYear(t *testing.T) {
	d := newDesk(t)
	a, b := d.Eligible(here), d.Eligible(servicetest.MountainTwo)
	must[pricing.YearLine](d)(d.s.SetOpening(t.Context(), d.Finance(servicetest.MountainTwo), pricing.OpeningInput{Treatment: b.ID, Kind: fee.KindBasic,
		Account: fee.Account{Paid: 500_00}, On: clock.MustDate(2026, 3, 1), Source: "结算单"}, pricing.Key{}))
	d.Merge(b.Person, a.Person)
	v := must[pricing.EstimateView](d)(d.s.EstimateForm(t.Context(), d.Finance(here), a.ID))
	if v.Year[fee.KindBasic].Paid != 500_00 || len(v.Lines) != 0 {
		t.Errorf("the amount without the place: %+v, %+v", v.Year, v.Lines)
	}
}

func TestARehearsalComparesADraftWithWhatWasSettled(t *testing.T) {
	d := newDesk(t)
	first := d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	for range 3 {
		tr := d.Eligible(here)
		d.settled(tr, d.save(d.ask(tr, bill(3_000_000))), nil)
	}
	plain := d.Eligible(here) // nobody made an estimate: history without rules
	d.settled(plain, pricing.Computation{Result: fee.Result{Sum: fee.Settlement{Bill: 100_00, Net: 100_00}}}, nil)
	in := pricing.RehearseInput{Policy: first.ID, From: clock.MustDate(2026, 1, 1), To: clock.MustDate(2026, 12, 31)}
	same := must[pricing.Rehearsed](d)(d.s.Rehearse(t.Context(), d.Approver(), in))
	if same.Cases != 3 || same.Excluded != 1 || same.Exact != 3 || same.Control != 3 || same.Same != 3 {
		t.Errorf("%+v", same)
	}
	next := d.draft(clock.MustDate(2027, 1, 1), first.ID)
	next = must[pricing.Version](d)(d.change(next, pricing.Change{Section: policy.InBasic, ID: "B2", Rule: policy.Layer{Insurance: policy.Resident, Level: "2", Segments: []policy.Segment{{Ratio: 9000}}}}))
	in.Policy = next.ID
	better := must[pricing.Rehearsed](d)(d.s.Rehearse(t.Context(), d.Approver(), in))
	if better.Exact != 0 || better.Control != 3 || len(better.Winners) != 3 || len(better.Losers) != 0 || better.New.Basic <= better.Sum.Basic {
		t.Errorf("%+v", better)
	}
	if f := better.Rehearsal.Funds; len(f) != 1 || f[0].After >= f[0].Before {
		t.Errorf("the funds bear less: %+v", f)
	}
	if _, err := d.s.Rehearse(t.Context(), d.Registrar(here), in); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a registrar rehearses: %v", err)
	}
}

func TestTheSameEstimateIsKeptOnce(t *testing.T) {
	d := newDesk(t)
	d.release(d.draft(clock.MustDate(2026, 1, 1), ident.Nil))
	tr := d.Eligible(here)
	in := d.ask(tr, bill(3_000_000))
	key := pricing.KeyOf("k1", in)
	a := must[pricing.Computation](d)(d.s.Save(t.Context(), d.Registrar(here), in, key))
	b := must[pricing.Computation](d)(d.s.Save(t.Context(), d.Registrar(here), in, key))
	if a.ID != b.ID || d.Count(`select count(*) from fee_computation`) != 1 {
		t.Errorf("kept twice: %s, %s", a.ID, b.ID)
	}
}
