package funding_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/acuity"
	"github.com/shanhai-health/shanhai/internal/domain/document"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/notice"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// eyes is a desk whose fund helps cataract patients, and one of them.
func eyes(t *testing.T, steps ...treatment.Action) (*desk, store.Treatment) {
	d := newDesk(t, 50_000_000)
	d.Exec(`update fund set programme = $1`, string(procedure.Cataract))
	return d, d.Treatment(servicetest.Mountain, procedure.Cataract, "苗清越", append([]treatment.Action{treatment.ConfirmEligible}, steps...)...)
}

// read records a reading of the left eye by somebody.
func (d *desk) read(who user.Principal, t store.Treatment) (r store.Reading) {
	d.T.Helper()
	d.Do(who, func(tx *store.Tx) error {
		r = store.Reading{ID: ident.New(), Case: t.Case, Hospital: t.Hospital, Side: procedure.Left, On: d.Today().AddDays(-1), Value: "L0.70", Raw: "4.3", Notation: acuity.FivePoint,
			Correction: acuity.Presenting, Version: 1}
		return tx.InsertReading(r)
	})
	return r
}

func (d *desk) askEye(t store.Treatment, eye procedure.Side) (ident.ID, error) {
	in := d.ask(t, 100_000)
	in.Eye = eye
	out, err := d.s.Request(d.T.Context(), d.Finance(servicetest.Mountain), in, ident.Token())
	return out.Approval, err
}

func (d *desk) checked(id ident.ID, key string) (state string) {
	d.T.Helper()
	v, err := d.s.Approval(d.T.Context(), d.Approver(), id)
	if err != nil {
		d.T.Fatal(err)
	}
	for _, c := range v.Checks {
		if c.Key == key {
			state = c.State
		}
	}
	return state
}

func TestACataractApplicationNeedsTwoPeoplesReadings(t *testing.T) {
	d, tr := eyes(t)
	_, err := d.askEye(tr, "")
	wrongAt(t, err, "eye", "error.fund.eye")
	_, err = d.askEye(tr, procedure.Left)
	refusedBy(t, err, "fund.necessity")
	d.read(d.Doctor(servicetest.Mountain), tr)
	d.read(d.Doctor(servicetest.Mountain), tr)
	_, err = d.askEye(tr, procedure.Left)
	refusedBy(t, err, "fund.necessity")
	form, err := d.s.RequestForm(t.Context(), d.Finance(servicetest.Mountain), tr.ID)
	if err != nil || len(form.Eyes) != 2 || form.Eyes[1].Missing != fund.NeedSecond || form.Eyes[0].Missing != fund.NeedReading {
		t.Errorf("the form says %+v, %v", form.Eyes, err)
	}
	second := d.read(d.Registrar(servicetest.Mountain), tr)
	id, err := d.askEye(tr, procedure.Left)
	if err != nil {
		t.Fatal(err)
	}
	if d.checked(id, "funding.check.sight") != "ok" {
		t.Error("the approver does not see that two people read the eye")
	}
	// Taken off the record before the decision: not approved any more.
	d.Do(d.System(), func(tx *store.Tx) error { return tx.WithdrawReading(second, "测错了眼") })
	_, err = d.decide(id, fund.DecideApprove, "")
	refusedBy(t, err, "fund.necessity")
}

func TestOneReadingAndThePhotoIsFlagged(t *testing.T) {
	d, tr := eyes(t)
	d.read(d.Doctor(servicetest.Mountain), tr)
	d.Do(d.System(), func(tx *store.Tx) error {
		return tx.InsertAttachment(store.Attachment{ID: ident.New(), HospitalID: tr.Hospital, Owner: store.Owner{Kind: store.OwnerCase, ID: tr.Case}, Case: tr.Case, Kind: document.Chart,
			FileName: "视力表.jpg", Media: document.JPEG, Size: 3, Digest: []byte{1}}, []ident.ID{tr.Hospital})
	})
	id, err := d.askEye(tr, procedure.Left)
	if err != nil {
		t.Fatal(err)
	}
	if d.checked(id, "funding.check.sight.photo") != "warn" {
		t.Error("the photo is not flagged")
	}
	// A reading entered after the approval is told to who looks at it.
	if _, err := d.decide(id, fund.DecideApprove, ""); err != nil {
		t.Fatal(err)
	}
	d.read(d.Registrar(servicetest.Mountain), tr)
	d.Exec(`update approval set state = 'approved', decided_at = '2026-01-01', signed_on = $1 where id = $2`, d.Today(), id) // it lapsed; as if it had been decided earlier
	if d.checked(id, "funding.check.sight.changed") != "warn" {
		t.Error("a reading entered after the approval is not flagged")
	}
}

func TestAnEmergencyIsMarkedAndNeverRefused(t *testing.T) {
	d, tr := eyes(t, treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	id, err := d.askEye(tr, procedure.Left)
	if err != nil {
		t.Fatal(err)
	}
	if d.checked(id, fund.NeedReading.Label()) != "warn" {
		t.Error("what is missing is not marked")
	}
	if _, err := d.decide(id, fund.DecideApprove, ""); err != nil {
		t.Error(err)
	}
}

func TestOnlyCataractApplicationsNameAnEye(t *testing.T) {
	d := newDesk(t, 5_000_000)
	_, err := d.askEye(d.Eligible(servicetest.Mountain), procedure.Left)
	wrongAt(t, err, "eye", "error.fund.eye_other")
}

// Nothing waits for a notice, and who refuses to be named gets what everybody gets.
func TestRefusingToBeNamedChangesNoReduction(t *testing.T) {
	d := newDesk(t, 10_000_000)
	for _, answer := range []notice.Publication{notice.NotAsked, notice.Given, notice.Refused} {
		// An emergency: treated and settled, the papers come later.
		tr := d.Advance(d.Eligible(servicetest.Mountain), treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
		if _, err := d.settle(tr, 0); err != nil {
			t.Fatalf("%q: %v", answer, err)
		}
		in := d.ask(tr, 2_000_000)
		in.Publish = answer
		r, err := d.s.Request(t.Context(), d.Finance(servicetest.Mountain), in, ident.Token())
		if err != nil {
			t.Fatalf("%q: %v", answer, err)
		}
		out, err := d.decide(r.Approval, fund.DecideApprove, "")
		if err != nil || out.Approved != 2_000_000 || out.Vouchers[0].Kind != fund.KindReimburse {
			t.Errorf("%q: %+v, %v", answer, out, err)
		}
	}
	in := d.ask(d.Eligible(servicetest.Mountain), 1_000_000)
	in.Publish = notice.Revoked
	_, err := d.s.Request(t.Context(), d.Finance(servicetest.Mountain), in, ident.Token())
	if !errs.Is(err, errs.Invalid) {
		t.Errorf("a consent that was never given was taken back: %v", err)
	}
}

// An objection that was upheld is decided by a person: upholding keeps the money.
func TestAnUpheldObjectionIsDecidedByAPerson(t *testing.T) {
	d := newDesk(t, 5_000_000)
	_, id := d.approved(2_000_000)
	d.Do(d.System(), func(tx *store.Tx) error {
		a, err := tx.ApprovalByID(id)
		if err != nil {
			return err
		}
		return tx.AskAgain(a)
	})
	d.recheck()
	d.want(5_000_000, 3_000_000, 2_000_000, 0)
	if _, err := d.s.Decide(t.Context(), d.SecondApprover(), funding.Decision{Approval: id, Decision: fund.DecideUphold, Opinion: "已核实", Relation: fund.Unrelated, Version: d.Version(id)}, "u"); err != nil {
		t.Fatal(err)
	}
	if a := d.approval(id); a.Lapse != fund.LapseUpheld {
		t.Errorf("%+v", a)
	}
	d.want(5_000_000, 3_000_000, 2_000_000, 0)
}
