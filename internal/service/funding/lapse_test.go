package funding_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

func (d *desk) approval(id ident.ID) (a store.Approval) {
	d.T.Helper()
	d.Do(d.System(), func(tx *store.Tx) (err error) {
		a, err = tx.ApprovalByID(id)
		return err
	})
	return a
}

// recheck is the work of the background loop.
func (d *desk) recheck() {
	d.T.Helper()
	if _, err := d.s.LapseChanged(d.T.Context(), d.Partnership.ID); err != nil {
		d.T.Fatal(err)
	}
}

// reading is a finding taken before anybody signed.
func (d *desk) reading(t store.Treatment) (r store.Reading) {
	d.T.Helper()
	d.Do(d.System(), func(tx *store.Tx) error {
		r = store.Reading{ID: ident.New(), Case: t.Case, Hospital: t.Hospital, Side: procedure.Left, On: d.Today().AddDays(-3), Value: acuity.Value("0.70"), Raw: "4.3",
			Notation: acuity.Notation("FIVE"), Correction: acuity.Correction("CDVA")}
		return tx.InsertReading(r)
	})
	r.Version = 1
	return r
}

// changes are all facts an approval binds, each with how it changes. Those
// written by a use case are noticed in its own transaction, the others by the
// background loop.
var changes = map[fund.Bound]func(*desk, store.Treatment, store.Reading) error{
	fund.BoundCategory: func(d *desk, t store.Treatment, _ store.Reading) error {
		return d.DB.InTx(d.T.Context(), d.Registrar(servicetest.Mountain), func(tx *store.Tx) error {
			tx.NoAudit("test")
			all, err := tx.BeneficiariesOf(t.Person)
			if err != nil {
				return err
			}
			all[0].To = clock.MustDate(2026, 12, 30)
			return tx.UpdateBeneficiary(all[0])
		})
	},
	fund.BoundFinding: func(d *desk, _ store.Treatment, r store.Reading) error {
		return d.DB.InTx(d.T.Context(), d.Registrar(servicetest.Mountain), func(tx *store.Tx) error {
			tx.NoAudit("test")
			return tx.WithdrawReading(r, "看错行")
		})
	},
	fund.BoundPlan:      column("plan = '右膝全膝关节置换'"),
	fund.BoundProgramme: column("programme = 'CATARACT'"),
	fund.BoundHospital:  nil, // a treatment never changes its hospital; see below
	fund.BoundBill:      column("estimate_bill_fen = estimate_bill_fen + 1"),
	fund.BoundInsurance: column("estimate_insurance_fen = estimate_insurance_fen + 1"),
}

func column(set string) func(*desk, store.Treatment, store.Reading) error {
	return func(d *desk, t store.Treatment, _ store.Reading) error {
		d.Exec(`update treatment set `+set+` where id = $1`, t.ID)
		d.recheck()
		return nil
	}
}

func TestEachBoundFactThatChangesSendsTheApprovalBack(t *testing.T) {
	for _, b := range fund.Bounds() {
		change, known := changes[b]
		if !known {
			t.Errorf("%s is bound and not tested", b)
		}
		if change == nil {
			continue
		}
		t.Run(string(b), func(t *testing.T) {
			d := newDesk(t, 5_000_000)
			tr := d.Eligible(servicetest.Mountain)
			r := d.reading(tr)
			id := d.requested(tr, 2_000_000)
			if _, err := d.decide(id, fund.DecideApprove, ""); err != nil {
				t.Fatal(err)
			}
			d.want(5_000_000, 3_000_000, 2_000_000, 0)
			if err := change(d, tr, r); err != nil {
				t.Fatal(err)
			}
			a := d.approval(id)
			if a.State != fund.ApprovalRequested || a.Lapse != fund.LapseRequeued || len(a.LapsedFacts) != 1 || a.LapsedFacts[0] != b {
				t.Errorf("the approval is %s, %s for %v", a.State, a.Lapse, a.LapsedFacts)
			}
			if got := d.look(tr.ID).Place.State; got != treatment.Requested {
				t.Errorf("the treatment stands at %s", got)
			}
			d.want(5_000_000, 5_000_000, 0, 0)
			if b == fund.BoundProgramme { // its fund does not follow
				return
			}
			if _, err := d.decide(id, fund.DecideApprove, ""); err != nil {
				t.Errorf("it cannot be approved again: %v", err)
			}
			d.want(5_000_000, 3_000_000, 2_000_000, 0)
			if _, err := d.settle(d.discharged(d.look(tr.ID)), 1_500_000); err != nil {
				t.Errorf("nor settled: %v", err)
			}
			d.want(5_000_000, 3_500_000, 0, 1_500_000)
		})
	}
}

func TestAnUnboundFactChangesNothing(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr, id := d.approved(2_000_000)
	d.Exec(`update treatment set admission_no = 'ZY-1' where id = $1`, tr.ID)
	d.Exec(`update person set name = '禾晚洲' where id = $1`, tr.Person)
	// A reading taken after the signature is news, not a change of what was signed.
	d.Do(d.System(), func(tx *store.Tx) error {
		return tx.InsertReading(store.Reading{ID: ident.New(), Case: tr.Case, Hospital: tr.Hospital, Side: procedure.Left, On: d.Today().AddDays(1), Value: "0.10", Raw: "4.9",
			Notation: "FIVE", Correction: "CDVA"})
	})
	// A less favourable category beside the one that counts.
	d.Do(d.System(), func(tx *store.Tx) error {
		all, err := tx.BeneficiariesOf(tr.Person)
		if err != nil {
			return err
		}
		more := all[0]
		more.ID, more.Category = ident.New(), terminology.CategoryYB
		return tx.InsertBeneficiary(more)
	})
	d.recheck()
	if a := d.approval(id); a.State != fund.ApprovalApproved || a.Lapse != "" {
		t.Errorf("the approval is %s, %s for %v", a.State, a.Lapse, a.LapsedFacts)
	}
	d.want(5_000_000, 3_000_000, 2_000_000, 0)
}

func TestInCareTheMoneyStaysHeldUntilAPersonDecides(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr, id := d.approved(2_000_000)
	tr = d.Advance(tr, treatment.Admit, treatment.LogOperation, treatment.Discharge)
	if err := changes[fund.BoundCategory](d, tr, store.Reading{}); err != nil {
		t.Fatal(err)
	}
	if a := d.approval(id); a.State != fund.ApprovalApproved || a.Lapse != fund.LapseOpen {
		t.Fatalf("the approval is %s, %q", a.State, a.Lapse)
	}
	d.want(5_000_000, 3_000_000, 2_000_000, 0)
	_, err := d.settle(d.look(tr.ID), 1_500_000)
	if err == nil {
		t.Error("it is settled on changed facts")
	}
	list, err := d.s.Lapsed(t.Context(), d.Approver(), page.Request{})
	if err != nil || len(list.Rows) != 1 || list.Rows[0].ID != id {
		t.Fatalf("the priority queue: %+v, %v", list.Rows, err)
	}
	if _, err := d.decide(id, fund.DecideUphold, ""); !errs.Of(err).Fields.Has("opinion") {
		t.Errorf("upheld without a reason: %v", err)
	}
	if _, err := d.decide(id, fund.DecideUphold, "证件换新，身份未变"); err != nil {
		t.Fatal(err)
	}
	d.recheck()
	if a := d.approval(id); a.Lapse != fund.LapseUpheld {
		t.Errorf("upheld, and now %q", a.Lapse)
	}
	if _, err := d.settle(d.look(tr.ID), 1_500_000); err != nil {
		t.Error(err)
	}
	d.want(5_000_000, 3_500_000, 0, 1_500_000)
}

func TestAnApprovalTakenBackInCareLeadsOnWithoutReduction(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr, id := d.approved(2_000_000)
	tr = d.Advance(tr, treatment.Admit)
	_, err := d.decide(id, fund.DecideRevoke, "身份不符")
	refusedBy(t, err, "fund.in_care")
	if err := changes[fund.BoundCategory](d, tr, store.Reading{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.decide(id, fund.DecideRevoke, "身份不符"); err != nil {
		t.Fatal(err)
	}
	d.want(5_000_000, 5_000_000, 0, 0)
	if got := d.look(tr.ID).Place; got.Path != treatment.NoReduction || got.State != treatment.Admitted {
		t.Errorf("the treatment stands at %v", got)
	}
}

func TestAboveTheLimitTheSecondApproverReserves(t *testing.T) {
	d := newDesk(t, 9_000_000)
	rules := fund.SampleRules()
	rules.Single = 1_000_000
	if err := d.s.SaveRules(t.Context(), d.Approver(), rules, ident.Token()); err != nil {
		t.Fatal(err)
	}
	tr := d.Eligible(servicetest.Mountain)
	id := d.requested(tr, 2_000_000)
	out, err := d.decide(id, fund.DecideApprove, "同意")
	if err != nil || !out.Waiting || out.State != fund.ApprovalRequested {
		t.Fatalf("the first signature: %+v, %v", out, err)
	}
	d.want(9_000_000, 9_000_000, 0, 0)
	_, err = d.decide(id, fund.DecideApprove, "同意")
	refusedBy(t, err, "fund.two_approvers")
	second := funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Amount: 1_900_000, Version: d.Version(id)}
	if _, err := d.s.Decide(t.Context(), d.SecondApprover(), second, ""); !errs.Of(err).Fields.Has("amount") {
		t.Errorf("two amounts: %v", err)
	}
	second.Amount = 2_000_000
	if out, err := d.s.Decide(t.Context(), d.SecondApprover(), second, ""); err != nil || out.Waiting || out.State != fund.ApprovalApproved {
		t.Fatalf("the second signature: %+v, %v", out, err)
	}
	d.want(9_000_000, 7_000_000, 2_000_000, 0)
}

func TestWhoDeclaresARelationStaysAway(t *testing.T) {
	d := newDesk(t, 5_000_000)
	id := d.requested(d.Eligible(servicetest.Mountain), 1_000_000)
	in := funding.Decision{Approval: id, Decision: fund.DecideApprove, Version: d.Version(id)}
	if _, err := d.s.Decide(t.Context(), d.Approver(), in, ""); !errs.Of(err).Fields.Has("relation") {
		t.Errorf("without a declaration: %v", err)
	}
	in.Relation = fund.Related
	out, err := d.s.Decide(t.Context(), d.Approver(), in, "")
	if err != nil || !out.Away || out.State != fund.ApprovalRequested {
		t.Fatalf("the declaration: %+v, %v", out, err)
	}
	d.want(5_000_000, 5_000_000, 0, 0)
	for _, what := range []fund.Decision{fund.DecideApprove, fund.DecideRefuse} {
		_, err = d.decide(id, what, "理由")
		refusedBy(t, err, "fund.related")
	}
	in.Relation = fund.Unrelated
	if _, err := d.s.Decide(t.Context(), d.SecondApprover(), in, ""); err != nil {
		t.Error(err)
	}
}
