package funding_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// desk is a world with the service under test and one fund.
type desk struct {
	*servicetest.World
	s    *funding.Service
	fund store.Fund
}

func newDesk(t *testing.T, inFund money.Fen) *desk {
	w := servicetest.New(t)
	return &desk{w, funding.New(funding.Deps{DB: w.DB, Policy: w.Policy}), w.Fund(inFund)}
}

// ask is an application for an amount from the desk's fund.
func (d *desk) ask(t store.Treatment, amount money.Fen) funding.Request {
	return funding.Request{Treatment: t.ID, Bill: 6_000_000, Basic: 2_000_000, Critical: 500_000, Assistance: 800_000,
		Funds: []fee.FundLine{{Fund: d.fund.ID, Amount: amount}}, Reason: "低保对象，无力承担"}
}

// requested is an application that was filed by the finance desk.
func (d *desk) requested(t store.Treatment, amount money.Fen) ident.ID {
	d.T.Helper()
	r, err := d.s.Request(d.T.Context(), d.Finance(servicetest.Mountain), d.ask(t, amount), ident.Token())
	if err != nil {
		d.T.Fatal(err)
	}
	return r.Approval
}

func (d *desk) decide(id ident.ID, what fund.Decision, opinion string) (funding.Decided, error) {
	return d.s.Decide(d.T.Context(), d.Approver(), funding.Decision{Approval: id, Decision: what, Opinion: opinion, Relation: fund.Unrelated, Version: d.Version(id)}, ident.Token())
}

// approved is a treatment with an amount reserved for it.
func (d *desk) approved(amount money.Fen) (store.Treatment, ident.ID) {
	d.T.Helper()
	t := d.Eligible(servicetest.Mountain)
	id := d.requested(t, amount)
	if _, err := d.decide(id, fund.DecideApprove, ""); err != nil {
		d.T.Fatal(err)
	}
	return d.look(t.ID), id
}

// discharged is the same treatment when the bill can be settled.
func (d *desk) discharged(t store.Treatment) store.Treatment {
	d.T.Helper()
	return d.Advance(t, treatment.Admit, treatment.LogOperation, treatment.Discharge)
}

func (d *desk) look(id ident.ID) (t store.Treatment) {
	d.T.Helper()
	d.Do(d.System(), func(tx *store.Tx) (err error) {
		t, err = tx.TreatmentByID(id)
		return err
	})
	return t
}

// balances reads the fund and proves on the way that every balance of the
// partnership is the sum of its entries.
func (d *desk) balances(id ident.ID) (b fund.Balances) {
	d.T.Helper()
	d.Do(d.System(), func(tx *store.Tx) error {
		f, err := tx.FundByID(id)
		if err != nil {
			return err
		}
		b = f.Balances
		faults, err := tx.CheckLedger()
		if len(faults) > 0 {
			d.T.Errorf("balances differ from their entries: %+v", faults)
		}
		return err
	})
	if sum := b.Source + b.Available + b.Reserved + b.Committed; sum != 0 {
		d.T.Errorf("the four accounts sum to %s", sum)
	}
	return b
}

func (d *desk) want(received, available, reserved, committed money.Fen) {
	d.T.Helper()
	if b := d.balances(d.fund.ID); b != (fund.Balances{Source: -received, Available: available, Reserved: reserved, Committed: committed}) {
		d.T.Errorf("received %s, available %s, reserved %s, committed %s", b.Received(), b.Available, b.Reserved, b.Committed)
	}
}

func (d *desk) settle(t store.Treatment, fromFund money.Fen, change ...func(*funding.Settle)) (funding.Settled, error) {
	in := funding.Settle{Treatment: t.ID, Settlement: fee.Settlement{Bill: 6_000_000, Basic: 2_000_000, Critical: 500_000, Assistance: 800_000}}
	if fromFund > 0 {
		in.Funds = []fee.FundLine{{Fund: d.fund.ID, Amount: fromFund}}
	}
	in.Settlement = in.Settlement.WithNet()
	for _, f := range change {
		f(&in)
	}
	return d.s.Settle(d.T.Context(), d.Finance(servicetest.Mountain), in, ident.Token())
}

func refusedBy(t *testing.T, err error, rule string) {
	t.Helper()
	if e := errs.Of(err); err == nil || e.Rule != rule || len(e.Remedy) == 0 {
		t.Errorf("want a refusal by %s with remedies, got %v", rule, err)
	}
}

func wrongAt(t *testing.T, err error, path, key string) {
	t.Helper()
	for _, f := range errs.Of(err).Fields {
		if f.Path == path && f.Key == key {
			return
		}
	}
	t.Errorf("want %s at %s, got %v", key, path, err)
}

func TestFromApplicationToSettlement(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr := d.Eligible(servicetest.Mountain)
	id := d.requested(tr, 2_000_000)
	d.want(5_000_000, 5_000_000, 0, 0)
	if got := d.look(tr.ID); got.Place.State != treatment.Requested || got.EstimateBill != 6_000_000 {
		t.Errorf("after the application the treatment stands at %v with an estimate of %s", got.Place, got.EstimateBill)
	}
	out, err := d.decide(id, fund.DecideApprove, "同意")
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Vouchers) != 1 || out.Vouchers[0].No[:2] != "Y-" || out.Approved != 2_000_000 {
		t.Errorf("the approval answers %+v", out)
	}
	d.want(5_000_000, 3_000_000, 2_000_000, 0)
	tr = d.discharged(d.look(tr.ID))
	settled, err := d.settle(tr, 1_800_000, func(in *funding.Settle) { in.Waiver = 400_000; in.Settlement = in.WithNet() })
	if err != nil {
		t.Fatal(err)
	}
	d.want(5_000_000, 3_200_000, 0, 1_800_000)
	v, err := d.s.Settlement(t.Context(), d.Finance(servicetest.Mountain), settled.Settlement)
	if err != nil {
		t.Fatal(err)
	}
	if v.Net != 500_000 || !v.Balances() || len(v.Lines) != 2 || v.Treatment.Place.State != treatment.Settled {
		t.Errorf("settled %+v with lines %+v at %v", v.Settlement.Settlement, v.Lines, v.Treatment.Place)
	}
	for _, action := range []string{"approval.request", "approval.decide", "settlement.settle"} {
		if n := d.Count(`select count(*) from audit_event where action = $1 and outcome = 'ok'`, action); n != 1 {
			t.Errorf("%d events of %s", n, action)
		}
	}
}

func TestWhoAskedOrRegisteredDoesNotDecide(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr := d.Eligible(servicetest.Mountain)
	id := d.requested(tr, 1_000_000)
	for _, who := range []user.Principal{d.Finance(servicetest.Mountain), d.Registrar(servicetest.Mountain)} {
		both := d.Approver() // one person of a small office, holding both roles
		both.AccountID = who.AccountID
		_, err := d.s.Decide(t.Context(), both, funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: d.Version(id)}, "")
		refusedBy(t, err, "fund.four_eyes")
		if v, err := d.s.Approval(t.Context(), both, id); err != nil || v.Blocked == nil {
			t.Errorf("the page does not say it beforehand: %v, %v", v.Blocked, err)
		}
	}
	d.want(5_000_000, 5_000_000, 0, 0)
	if _, err := d.s.Decide(t.Context(), d.Finance(servicetest.Mountain), funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: d.Version(id)}, ""); !errs.Is(err, errs.Forbidden) {
		t.Errorf("finance decides: %v", err)
	}
}

func TestAFundThatDoesNotCoverSaysWhyAndStoresNothing(t *testing.T) {
	d := newDesk(t, 1_000_000)
	id := d.requested(d.Eligible(servicetest.Mountain), 1_200_000)
	_, err := d.decide(id, fund.DecideApprove, "")
	refusedBy(t, err, "fund.sufficient")
	args := errs.Of(err).Args
	if args["short"] != money.Fen(200_000) || args["available"] != money.Fen(1_000_000) {
		t.Errorf("told %v", args)
	}
	d.want(1_000_000, 1_000_000, 0, 0)
	v, err := d.s.Approval(t.Context(), d.Approver(), id)
	if err != nil || v.State != fund.ApprovalRequested || errs.Of(v.Blocked).Rule != "fund.sufficient" {
		t.Errorf("%v %v %v", v.State, v.Blocked, err)
	}
	if n := d.Count(`select count(*) from audit_event where action = 'approval.decide' and outcome = 'refused'`); n != 1 {
		t.Errorf("%d refusals recorded", n)
	}
	// Less than was asked for is possible.
	out, err := d.s.Decide(t.Context(), d.Approver(), funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Amount: 1_000_000, Version: v.Version}, "")
	if err != nil || out.Approved != 1_000_000 {
		t.Fatal(out, err)
	}
	d.want(1_000_000, 0, 1_000_000, 0)
}

func TestAnApplicationIsHeldToItsRules(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr := d.Eligible(servicetest.Mountain)
	clerk := d.Finance(servicetest.Mountain)
	for name, c := range map[string]struct {
		change    func(*funding.Request)
		path, key string
	}{
		"no bill":        {func(r *funding.Request) { r.Bill = 0 }, "bill", "error.fee.bill_missing"},
		"beyond cash":    {func(r *funding.Request) { r.Waiver = 1_700_001 }, "funds.0.amount", "error.fee.reduction_exceeds_cash"},
		"no fund":        {func(r *funding.Request) { r.Funds = nil }, "funds.0.fund", "error.fee.fund_missing"},
		"twice one fund": {func(r *funding.Request) { r.Funds = append(r.Funds, r.Funds[0]) }, "funds.1.fund", "error.fee.fund_twice"},
		"unknown fund":   {func(r *funding.Request) { r.Funds[0].Fund = ident.New() }, "funds.0.fund", "error.funding.other_purpose"},
		"no reason":      {func(r *funding.Request) { r.Reason = " " }, "reason", "form.error.missing"},
	} {
		t.Run(name, func(t *testing.T) {
			in := d.ask(tr, 1_000_000)
			c.change(&in)
			_, err := d.s.Request(t.Context(), clerk, in, "")
			wrongAt(t, err, c.path, c.key)
		})
	}
	first := d.requested(tr, 1_000_000)
	if _, err := d.s.Request(t.Context(), clerk, d.ask(tr, 1_000_000), ""); errs.Of(err).Rule != "fund.one_live_request" {
		t.Errorf("a second live application: %v", err)
	}
	if _, err := d.decide(first, fund.DecideReturn, ""); err == nil {
		t.Error("returned without saying why")
	}
	if _, err := d.decide(first, fund.DecideReturn, "请补困难证明"); err != nil {
		t.Fatal(err)
	}
	form, err := d.s.RequestForm(t.Context(), clerk, tr.ID)
	if err != nil || form.Refusal != nil || form.Last.Opinion != "请补困难证明" || len(form.LastLines) != 1 || len(form.Funds) != 1 {
		t.Errorf("%+v, %v", form, err)
	}
	second := d.requested(tr, 900_000)
	if _, err := d.s.Decide(t.Context(), clerk, funding.Decision{Approval: second, Decision: fund.DecideWithdraw, Version: d.Version(second)}, ""); err != nil {
		t.Error(err)
	}
	if got := d.look(tr.ID); got.Place.State != treatment.Eligible {
		t.Errorf("after withdrawing the treatment stands at %v", got.Place)
	}
}

func TestSettlementMustAddUpAndStayWithinTheHold(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr, _ := d.approved(2_000_000)
	if _, err := d.settle(tr, 2_000_000); errs.Of(err).Rule != "treatment.order" {
		t.Errorf("settled before the discharge: %v", err)
	}
	tr = d.discharged(tr)
	_, err := d.settle(tr, 2_000_000, func(in *funding.Settle) { in.Net -= 3 })
	wrongAt(t, err, "net", "error.fee.net_too_small")
	if f := errs.Of(err).Fields[0]; f.Args["difference"] != money.Fen(3) {
		t.Errorf("the difference is told as %v", f.Args)
	}
	_, err = d.settle(tr, 2_000_001)
	wrongAt(t, err, "funds.0.amount", "error.fund.above_hold")
	_, err = d.settle(tr, 100, func(in *funding.Settle) { in.Funds[0].Fund = d.Fund(1_000).ID })
	wrongAt(t, err, "funds.0.amount", "error.funding.no_hold")
	_, err = d.settle(tr, 0, func(in *funding.Settle) { in.On = d.Today().AddDays(1) })
	wrongAt(t, err, "on", "error.funding.future")
	d.want(5_000_000, 3_000_000, 2_000_000, 0)
	if n := d.Count(`select count(*) from settlement`); n != 0 {
		t.Errorf("%d settlements stored", n)
	}
	// Nothing from the fund: the whole hold goes back.
	if _, err := d.settle(tr, 0); err != nil {
		t.Fatal(err)
	}
	d.want(5_000_000, 5_000_000, 0, 0)
}

func TestAReversedSettlementCanBeEnteredAgain(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr, _ := d.approved(2_000_000)
	tr = d.discharged(tr)
	first, err := d.settle(tr, 1_500_000)
	if err != nil {
		t.Fatal(err)
	}
	clerk := d.Finance(servicetest.Mountain)
	if _, err := d.s.Reverse(t.Context(), clerk, funding.Reversal{Settlement: first.Settlement, Version: d.Version(first.Settlement)}, ""); err == nil {
		t.Error("reversed without a reason")
	}
	if _, err := d.s.Reverse(t.Context(), clerk, funding.Reversal{Settlement: first.Settlement, Reason: "医保结算单更正", Version: d.Version(first.Settlement)}, ""); err != nil {
		t.Fatal(err)
	}
	d.want(5_000_000, 3_000_000, 2_000_000, 0)
	_, err = d.s.Reverse(t.Context(), clerk, funding.Reversal{Settlement: first.Settlement, Reason: "再来一次", Version: d.Version(first.Settlement)}, "")
	refusedBy(t, err, "funding.reverse_once")
	if _, err := d.settle(d.look(tr.ID), 2_000_000); err != nil {
		t.Fatal(err)
	}
	d.want(5_000_000, 3_000_000, 0, 2_000_000)
	if n := d.Count(`select count(*) from settlement where state = 'settled'`); n != 1 {
		t.Errorf("%d live settlements", n)
	}
}

func TestALateApprovalIsPaidBackToThePatient(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr := d.Advance(d.Eligible(servicetest.Mountain), treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	settled, err := d.settle(tr, 0)
	if err != nil {
		t.Fatal(err)
	}
	id := d.requested(d.look(tr.ID), 2_500_000)
	out, err := d.s.Decide(t.Context(), d.Approver(), funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Amount: 2_400_000, Version: d.Version(id)}, "")
	if err != nil {
		t.Fatal(err)
	}
	if out.Vouchers[0].Kind != fund.KindReimburse {
		t.Errorf("posted as %s", out.Vouchers[0].Kind)
	}
	d.want(5_000_000, 2_600_000, 0, 2_400_000)
	clerk := d.Finance(servicetest.Mountain)
	v, err := d.s.Settlement(t.Context(), clerk, settled.Settlement)
	if err != nil || v.Net != 300_000 || v.FundTotal() != 2_400_000 || !v.Balances() {
		t.Errorf("%+v %v", v.Settlement.Settlement, err)
	}
	if _, err := d.s.Reverse(t.Context(), clerk, funding.Reversal{Settlement: settled.Settlement, Reason: "更正", Version: d.Version(settled.Settlement)}, ""); err != nil {
		t.Fatal(err)
	}
	d.want(5_000_000, 2_600_000, 2_400_000, 0)
	if _, err := d.settle(d.look(tr.ID), 2_400_000); err != nil {
		t.Fatal(err)
	}
	d.want(5_000_000, 2_600_000, 0, 2_400_000)
}

func TestNoMoreIsPaidBackThanThePatientPaid(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr := d.Advance(d.Eligible(servicetest.Mountain), treatment.AdmitEmergency, treatment.LogOperation, treatment.Discharge)
	if _, err := d.settle(tr, 0, func(in *funding.Settle) { in.Waiver = 2_600_000; in.Settlement = in.WithNet() }); err != nil {
		t.Fatal(err)
	}
	_, err := d.decide(d.requested(d.look(tr.ID), 2_000_000), fund.DecideApprove, "")
	wrongAt(t, err, "amount", "error.funding.above_net")
	d.want(5_000_000, 5_000_000, 0, 0)
}

func TestMoneyComesBackWhenATreatmentEndsOrAnApprovalIsRevoked(t *testing.T) {
	d := newDesk(t, 5_000_000)
	tr, first := d.approved(2_000_000)
	if _, err := d.decide(first, fund.DecideRevoke, "患者改期"); err != nil {
		t.Fatal(err)
	}
	d.want(5_000_000, 5_000_000, 0, 0)
	if got := d.look(tr.ID); got.Place.State != treatment.Eligible {
		t.Errorf("after revoking the treatment stands at %v", got.Place)
	}
	second := d.requested(d.look(tr.ID), 1_000_000)
	if _, err := d.decide(second, fund.DecideApprove, ""); err != nil {
		t.Fatal(err)
	}
	d.Do(d.Registrar(servicetest.Mountain), func(tx *store.Tx) error {
		held, err := tx.TreatmentForUpdate(tr.ID)
		if err != nil {
			return err
		}
		back, err := tx.ReleaseTreatment(held, "患者放弃")
		if back != 1_000_000 {
			t.Errorf("%s given back", back)
		}
		return err
	})
	d.want(5_000_000, 5_000_000, 0, 0)
	if v, err := d.s.Approval(t.Context(), d.Approver(), second); err != nil || v.State != fund.ApprovalRevoked {
		t.Errorf("%v %v", v.State, err)
	}
}

func TestTwoFundsShareOneReduction(t *testing.T) {
	d := newDesk(t, 1_000_000)
	other := d.Fund(1_000_000)
	tr := d.Eligible(servicetest.Mountain)
	in := d.ask(tr, 800_000)
	in.Funds = append(in.Funds, fee.FundLine{Fund: other.ID, Amount: 700_000})
	r, err := d.s.Request(t.Context(), d.Finance(servicetest.Mountain), in, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.s.Decide(t.Context(), d.Approver(), funding.Decision{Approval: r.Approval, Decision: fund.DecideApprove, Relation: fund.Unrelated, Amount: 1_100_000, Version: d.Version(r.Approval)}, ""); err != nil {
		t.Fatal(err)
	}
	first, second := d.balances(d.fund.ID).Reserved, d.balances(other.ID).Reserved
	if first+second != 1_100_000 || min(first, second) < 300_000 {
		t.Errorf("held %s and %s", first, second)
	}
	tr = d.discharged(d.look(tr.ID))
	if _, err := d.settle(tr, first, func(in *funding.Settle) {
		in.Funds = append(in.Funds, fee.FundLine{Fund: other.ID, Amount: second - 1})
		in.Settlement = in.WithNet()
	}); err != nil {
		t.Fatal(err)
	}
	if b := d.balances(other.ID); b.Reserved != 0 || b.Committed != second-1 || b.Available != 1_000_000-second+1 {
		t.Errorf("%+v", b)
	}
}

func TestWhoSeesWhichMoney(t *testing.T) {
	d := newDesk(t, 5_000_000)
	other := d.Fund(100)
	_, id := d.approved(2_000_000)
	waiting := d.requested(d.Eligible(servicetest.Mountain), 1_000)
	stranger := d.Finance(servicetest.MountainTwo)
	if _, err := d.s.Approval(t.Context(), stranger, id); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital: %v", err)
	}
	if _, err := d.s.RequestForm(t.Context(), stranger, d.look(d.Eligible(servicetest.Mountain).ID).ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("another hospital's form: %v", err)
	}
	if list, err := d.s.Approvals(t.Context(), stranger, fund.ApprovalApproved, page.Request{}); err != nil || len(list.Rows) != 0 {
		t.Errorf("another hospital's list: %v %v", list.Rows, err)
	}
	if _, err := d.s.Approval(t.Context(), d.Other.Approver(), id); !errs.Is(err, errs.NotFound) {
		t.Errorf("another partnership: %v", err)
	}
	steward := d.Steward(d.fund.ID)
	v, err := d.s.Approval(t.Context(), steward, id)
	if err != nil || v.PersonName != "" || v.Approved != 2_000_000 || len(v.Lines) != 1 || len(v.Checks) != 0 {
		t.Errorf("the steward sees %+v, %v", v.Approval, err)
	}
	if _, err := d.s.Approval(t.Context(), steward, waiting); !errs.Is(err, errs.NotFound) {
		t.Errorf("the steward sees what the fund has not reserved for: %v", err)
	}
	if _, err := d.s.Fund(t.Context(), steward, funding.FundQuery{Fund: other.ID}); !errs.Is(err, errs.NotFound) {
		t.Errorf("another fund: %v", err)
	}
	if f, err := d.s.Fund(t.Context(), steward, funding.FundQuery{Fund: d.fund.ID}); err != nil || len(f.Lines.Rows) != 2 || f.MayDeposit {
		t.Errorf("own fund: %+v, %v", f, err)
	}
	if list, err := d.s.Funds(t.Context(), steward); err != nil || len(list) != 1 {
		t.Errorf("%v %v", list, err)
	}
	list, err := d.s.Funds(t.Context(), d.Finance(servicetest.Mountain))
	if err != nil || len(list) != 2 || list[0].Open || list[0].Balances != (fund.Balances{}) {
		t.Errorf("a hospital sees more than names: %+v, %v", list, err)
	}
	if _, err := d.s.Fund(t.Context(), d.Finance(servicetest.Mountain), funding.FundQuery{Fund: d.fund.ID}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a hospital opens a fund: %v", err)
	}
	if f, err := d.s.Fund(t.Context(), d.Official(), funding.FundQuery{Fund: d.fund.ID}); err != nil || f.MayLedger || len(f.Lines.Rows) != 0 {
		t.Errorf("an official: %+v, %v", f, err)
	}
	if a, err := d.s.Approval(t.Context(), d.Auditor(), id); err != nil || a.PersonName != "禾**" {
		t.Errorf("an auditor reads %q, %v", a.PersonName, err)
	}
}

func TestDepositsAreRecordedOnceAndTakenBackOnlyWhileUnspent(t *testing.T) {
	d := newDesk(t, 0)
	office := d.Approver()
	in := funding.Deposit{Fund: d.fund.ID, Amount: 300_000_00, Note: "澜港市慈善总会 2026 年第 4 批"}
	first, err := d.s.Deposit(t.Context(), office, in, "same")
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.s.Deposit(t.Context(), office, in, "same")
	if err != nil || again != first {
		t.Errorf("repeated: %+v %+v %v", first, again, err)
	}
	d.want(300_000_00, 300_000_00, 0, 0)
	wrong := in
	wrong.Amount, wrong.On, wrong.Note = 0, d.Today().AddDays(1), ""
	_, err = d.s.Deposit(t.Context(), office, wrong, "")
	for path, key := range map[string]string{"amount": "error.fund.amount", "on": "error.funding.future", "note": "form.error.missing"} {
		wrongAt(t, err, path, key)
	}
	view, err := d.s.Fund(t.Context(), office, funding.FundQuery{Fund: d.fund.ID})
	if err != nil || len(view.Lines.Rows) != 1 || !view.Lines.Rows[0].Known || view.Lines.Rows[0].Available != 300_000_00 {
		t.Fatalf("%+v %v", view.Lines.Rows, err)
	}
	back := funding.TakeBack{Fund: d.fund.ID, Transfer: view.Lines.Rows[0].ID, Reason: "重复登记"}
	_, id := d.approved(1_000)
	_, err = d.s.TakeBack(t.Context(), office, back, "")
	refusedBy(t, err, "fund.reversible")
	if _, err := d.decide(id, fund.DecideRevoke, "腾出"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.s.TakeBack(t.Context(), office, back, ""); err != nil {
		t.Fatal(err)
	}
	d.want(0, 0, 0, 0)
	if _, err := d.s.TakeBack(t.Context(), office, back, ""); !errs.Is(err, errs.Precondition) && !errs.Is(err, errs.Conflict) {
		t.Errorf("taken back twice: %v", err)
	}
	if _, err := d.s.Deposit(t.Context(), d.Finance(servicetest.Mountain), in, ""); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital deposits: %v", err)
	}
}

// Who keeps funds for a whole partnership keeps none for a hospital of another one.
func TestMoneyIsForHospitalsOfThePartnership(t *testing.T) {
	d := newDesk(t, 1_000)
	for _, stranger := range []ident.ID{d.Other.ID(servicetest.Mountain), ident.New()} {
		both := []ident.ID{d.ID(servicetest.Mountain), stranger}
		_, err := d.s.OpenFund(t.Context(), d.Approver(), funding.NewFund{Code: "ZL-02", Name: "专项", Hospitals: both}, "")
		wrongAt(t, err, "hospitals", "error.organisation.not_member")
		_, err = d.s.Deposit(t.Context(), d.Approver(), funding.Deposit{Fund: d.fund.ID, Amount: 100, Note: "捐款", Earmark: fund.Earmark{Hospitals: both}}, "")
		wrongAt(t, err, "hospitals", "error.organisation.not_member")
	}
}

func TestOpeningAFund(t *testing.T) {
	d := newDesk(t, 0)
	office := d.Approver()
	id, err := d.s.OpenFund(t.Context(), office, funding.NewFund{Code: " zl-01 ", Name: "站立行动"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if b := d.balances(id); b != (fund.Balances{}) {
		t.Errorf("a new fund holds %+v", b)
	}
	_, err = d.s.OpenFund(t.Context(), office, funding.NewFund{Code: "ZL-01", Name: "又一个"}, "")
	wrongAt(t, err, "code", "error.fund.code_taken")
	_, err = d.s.OpenFund(t.Context(), office, funding.NewFund{Code: "站立", Name: "", Programme: "dental", OpenedOn: d.Today().AddDays(1)}, "")
	for path, key := range map[string]string{"code": "error.funding.code", "name": "form.error.missing", "programme": "form.error.choice", "opened_on": "error.funding.future"} {
		wrongAt(t, err, path, key)
	}
	if _, err := d.s.OpenFund(t.Context(), d.Finance(servicetest.Mountain), funding.NewFund{Code: "X1", Name: "x"}, ""); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital opens a fund: %v", err)
	}
	// A fund for eyes does not pay for joints.
	eyes, err := d.s.OpenFund(t.Context(), office, funding.NewFund{Code: "GM-01", Name: "光明行动", Programme: "cataract"}, "")
	if err != nil {
		t.Fatal(err)
	}
	in := d.ask(d.Eligible(servicetest.Mountain), 100)
	in.Funds[0].Fund = eyes
	_, err = d.s.Request(t.Context(), d.Finance(servicetest.Mountain), in, "")
	wrongAt(t, err, "funds.0.fund", "error.funding.other_purpose")
}

func TestADecisionSaysWhichVersionItWasMadeOn(t *testing.T) {
	d := newDesk(t, 5_000_000)
	id := d.requested(d.Eligible(servicetest.Mountain), 1_000_000)
	in := funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated}
	if _, err := d.s.Decide(t.Context(), d.Approver(), in, ""); !errs.Is(err, errs.Invalid) || !errs.Of(err).Fields.Has("version") {
		t.Errorf("without a version: %v", err)
	}
	in.Version = d.Version(id) + 1
	if _, err := d.s.Decide(t.Context(), d.Approver(), in, ""); !errs.Is(err, errs.Stale) {
		t.Errorf("on another version: %v", err)
	}
	in.Version = d.Version(id)
	if _, err := d.s.Decide(t.Context(), d.Approver(), in, ""); err != nil {
		t.Error(err)
	}
}

// The fund's line of a settlement has the number of the transfer that paid it, the
// hospital's own waiver has none: nothing was posted for it. The fund's page shows
// under that number what was settled, not what was held.
func TestALineOfASettlementHasTheNumberOfItsTransfer(t *testing.T) {
	d := newDesk(t, 4_000_000)
	tr, _ := d.approved(2_000_000)
	out, err := d.settle(d.discharged(tr), 1_800_000, func(in *funding.Settle) { in.Waiver = 400_000; in.Settlement = in.WithNet() })
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.s.Settlement(t.Context(), d.Finance(servicetest.Mountain), out.Settlement)
	if err != nil || len(v.Lines) != 2 {
		t.Fatalf("%+v, %v", v.Lines, err)
	}
	paid := store.LedgerLine{}
	book, err := d.s.Fund(t.Context(), d.Approver(), funding.FundQuery{Fund: d.fund.ID})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range book.Lines.Rows {
		if l.Kind == fund.KindCommit {
			paid = l
		}
	}
	for _, l := range v.Lines {
		want := ""
		if l.Fund != ident.Nil {
			want = fund.VoucherNo(fund.KindCommit, paid.ID)
		}
		if l.Voucher() != want {
			t.Errorf("%s of %v has the number %q, want %q", l.Amount, l.Fund, l.Voucher(), want)
		}
	}
	if paid.Amount != 1_800_000 || paid.Change != 200_000 {
		t.Errorf("the fund's page says %s moved, %s available again", paid.Amount, paid.Change)
	}
	if _, err := d.s.Reverse(t.Context(), d.Finance(servicetest.Mountain), funding.Reversal{Settlement: out.Settlement, Reason: "更正", Version: d.Version(out.Settlement)}, ""); err != nil {
		t.Fatal(err)
	}
	if book, err = d.s.Fund(t.Context(), d.Approver(), funding.FundQuery{Fund: d.fund.ID}); err != nil || book.Lines.Rows[0].Kind != fund.KindReversal || book.Lines.Rows[0].Amount != 1_800_000 {
		t.Errorf("taken back: %+v, %v", book.Lines.Rows, err)
	}
}

// Somebody sends a deposit just before midnight, gets no answer and sends it again
// just after: it is the same request, although the day it is entered for by default
// has changed.
func TestARequestRepeatedAfterMidnightIsTheSameRequest(t *testing.T) {
	d := newDesk(t, 0)
	in := funding.Deposit{Fund: d.fund.ID, Amount: 700_000, Note: "到账"}
	first, err := d.s.Deposit(t.Context(), d.Approver(), in, "k")
	if err != nil {
		t.Fatal(err)
	}
	d.Clock.Advance(24 * time.Hour)
	again, err := d.s.Deposit(t.Context(), d.Approver(), in, "k")
	if err != nil || again.No != first.No {
		t.Errorf("%+v and %+v: %v", first, again, err)
	}
}
