package funding_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/page"
	"github.com/shanhai-health/shanhai/internal/service/funding"
	"github.com/shanhai-health/shanhai/internal/service/servicetest"
	"github.com/shanhai-health/shanhai/internal/store"
)

// gives is a deposit with an earmark of its own; it answers the deposit's id.
func (d *desk) gives(amount money.Fen, note string, e fund.Earmark) ident.ID {
	d.T.Helper()
	if _, err := d.s.Deposit(d.T.Context(), d.Approver(), funding.Deposit{Fund: d.fund.ID, Amount: amount, Note: note, Earmark: e}, ident.Token()); err != nil {
		d.T.Fatal(err)
	}
	list, err := d.s.DepositsOf(d.T.Context(), d.Approver(), d.fund.ID, page.Request{})
	if err != nil {
		d.T.Fatal(err)
	}
	for _, x := range list.Rows {
		if x.Note == note {
			return x.ID
		}
	}
	d.T.Fatalf("the deposit %s has no row", note)
	return ident.Nil
}

// rest proves what is left of a deposit, and that its lines say the same.
func (d *desk) rest(id ident.ID, want money.Fen) {
	d.T.Helper()
	v, err := d.s.DepositOf(d.T.Context(), d.Approver(), id, page.Request{})
	if err != nil {
		d.T.Fatal(err)
	}
	sum := v.Amount
	for _, l := range v.Lines.Rows {
		sum -= l.Amount
	}
	if v.Left != want || sum != want {
		d.T.Errorf("%s has %s left and its lines say %s, want %s", v.Note, v.Left, sum, want)
	}
}

func TestADepositPaysOnlyWhatItWasGivenFor(t *testing.T) {
	d := newDesk(t, 1_000_000)
	eyes := d.gives(9_000_000, "光明捐款", fund.Earmark{Programme: procedure.Cataract})
	joint := d.gives(1_500_000, "关节捐款", fund.Earmark{Programme: procedure.Joint})
	_, id := d.approved(2_000_000) // all of the joint money, the rest is common
	d.rest(joint, 0)
	d.rest(eyes, 9_000_000)
	v, err := d.s.Approval(t.Context(), d.Approver(), id)
	if err != nil || len(v.Deposits) != 1 || v.Deposits[0].ID != joint || v.Deposits[0].Paid != 1_500_000 {
		t.Errorf("the approval is paid by %+v (%v)", v.Deposits, err)
	}

	x := d.Eligible(servicetest.Mountain)
	second := d.requested(x, 500_001)
	_, err = d.decide(second, fund.DecideApprove, "")
	refusedBy(t, err, "fund.deposit_earmark")
	if a := errs.Of(err).Args; a["deposit"] != "光明捐款" || a["why"] != errs.Key("fund.why.programme.short") || a["available"] != money.Fen(500_000) || a["short"] != money.Fen(1) {
		t.Errorf("the earmark is not named: %v", a)
	}
	d.want(11_500_000, 9_500_000, 2_000_000, 0)
	if _, err := d.decide(id, fund.DecideRevoke, "资料有误"); err != nil {
		t.Fatal(err)
	}
	d.rest(joint, 1_500_000)
	d.want(11_500_000, 11_500_000, 0, 0)
}

func TestASettlementGivesBackWhatItDoesNotNeedAndAReversalRestoresIt(t *testing.T) {
	d := newDesk(t, 500_000)
	here := d.gives(1_000_000, "本院捐款", fund.Earmark{Programme: procedure.Joint, Hospitals: []ident.ID{d.ID(servicetest.Mountain)}})
	low := d.gives(1_000_000, "低保捐款", fund.Earmark{Categories: []terminology.Category{terminology.CategoryDB}})
	x, _ := d.approved(2_200_000)
	d.rest(here, 0)
	d.rest(low, 0)
	s, err := d.settle(d.discharged(x), 1_300_000)
	if err != nil {
		t.Fatal(err)
	}
	d.rest(here, 0)
	d.rest(low, 700_000) // 200 000 common and 700 000 of the wider deposit came back
	if _, err := d.s.Reverse(t.Context(), d.Finance(servicetest.Mountain), funding.Reversal{Settlement: s.Settlement, Reason: "金额有误", Version: d.Version(s.Settlement)}, ident.Token()); err != nil {
		t.Fatal(err)
	}
	d.rest(here, 0)
	d.rest(low, 0)
	d.want(2_500_000, 300_000, 2_200_000, 0)
}

func TestAtOnceNoDepositIsOverdrawn(t *testing.T) {
	const asked, covered, each = 24, 11, money.Fen(2_000_000)
	d := newDesk(t, each)
	joint := d.gives(covered*each-each, "关节捐款", fund.Earmark{Programme: procedure.Joint})
	eyes := d.gives(100*each, "光明捐款", fund.Earmark{Programme: procedure.Cataract})
	waiting := make(chan ident.ID, asked)
	for range asked {
		waiting <- d.requested(d.Eligible(servicetest.Mountain), each)
	}
	close(waiting)
	office := d.Approver()
	var passed, told atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for id := range waiting {
				_, err := d.s.Decide(t.Context(), office, funding.Decision{Approval: id, Decision: fund.DecideApprove, Relation: fund.Unrelated, Version: 1}, "key-"+id.String())
				switch {
				case err == nil:
					passed.Add(1)
				case errs.Of(err).Rule == "fund.deposit_earmark":
					told.Add(1)
				default:
					t.Errorf("neither approved nor told why: %v", err)
				}
			}
		})
	}
	workers.Wait()
	if passed.Load() != covered || told.Load() != asked-covered {
		t.Errorf("%d passed, %d were told why", passed.Load(), told.Load())
	}
	d.rest(joint, 0)
	d.rest(eyes, 100*each)
}

// The database refuses what the code forgot: a posting that leaves the deposits out.
func TestMoneyOfADepositDoesNotLeaveUnnoticed(t *testing.T) {
	d := newDesk(t, 100)
	d.gives(900, "光明捐款", fund.Earmark{Programme: procedure.Cataract})
	err := d.DB.InTx(t.Context(), d.System(), func(tx *store.Tx) error {
		tx.NoAudit("test")
		books, err := tx.Books(d.fund.ID)
		if err != nil {
			return err
		}
		out, err := books[d.fund.ID].Leave(fund.Stamp{ID: ident.New(), On: tx.Today()}, fund.KindReturn, 101)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: out, Fund: d.fund.ID, Note: "x"})
	})
	if e := errs.Of(err); err == nil || e.Key != "error.fund.insufficient_now" {
		t.Errorf("%v", err)
	}
	d.want(1000, 1000, 0, 0)
}

func TestAnUnusedDepositIsTakenBackAUsedOneIsNot(t *testing.T) {
	d := newDesk(t, 3_000_000)
	joint := d.gives(1_000_000, "关节捐款", fund.Earmark{Programme: procedure.Joint})
	eyes := d.gives(1_000_000, "光明捐款", fund.Earmark{Programme: procedure.Cataract})
	d.approved(500_000)
	back := func(id ident.ID) error {
		_, err := d.s.TakeBack(t.Context(), d.Approver(), funding.TakeBack{Fund: d.fund.ID, Transfer: id, Reason: "重复登记"}, ident.Token())
		return err
	}
	refusedBy(t, back(joint), "fund.reversible")
	if err := back(eyes); err != nil {
		t.Fatal(err)
	}
	d.rest(eyes, 0)
	d.want(4_000_000, 3_500_000, 500_000, 0)
}

func TestWhatIsLeftOfADepositAtYearEndIsCarriedOverOrReturned(t *testing.T) {
	d := newDesk(t, 100_000)
	project := d.project("XM-01")
	in := funding.Deposit{Fund: d.fund.ID, Amount: 2_000_000, Note: "年度拨款", Project: project, Earmark: fund.Earmark{Programme: procedure.Joint, To: d.Today()}}
	if _, err := d.s.Deposit(t.Context(), d.Approver(), in, ident.Token()); err != nil {
		t.Fatal(err)
	}
	list, err := d.s.DepositsOf(t.Context(), d.Approver(), d.fund.ID, page.Request{})
	if err != nil || len(list.Rows) != 1 {
		t.Fatalf("%d, %v", len(list.Rows), err)
	}
	deposit, next := list.Rows[0].ID, d.Fund(0)
	d.approved(500_000)
	ask := fund.Move{Kind: fund.CarryOver, From: d.fund.ID, To: next.ID, Amount: 1_500_001, Deposit: deposit, Rule: "资金管理办法第九条", Reason: "年终结转"}
	move := func(m fund.Move) error {
		id, err := d.s.RequestMove(t.Context(), d.Approver(), m, ident.Token())
		for _, n := range []byte("12") {
			if err == nil {
				_, err = d.s.DecideMove(t.Context(), d.person(n), funding.MoveDecision{Move: id, Approve: true, Version: d.Version(id)}, ident.Token())
			}
		}
		return err
	}
	refusedBy(t, move(ask), "fund.deposit_left")
	bare := ask
	bare.Deposit = ident.Nil
	refusedBy(t, move(bare), "fund.common_money")
	ask.Amount = 1_000_000
	if err := move(ask); err != nil {
		t.Fatal(err)
	}
	back := fund.Move{Kind: fund.Return, From: d.fund.ID, Amount: 500_000, Deposit: deposit, Rule: "协议第五条", Reason: "年终退回"}
	if err := move(back); err != nil {
		t.Fatal(err)
	}
	d.rest(deposit, 0)
	there, err := d.s.DepositsOf(t.Context(), d.Approver(), next.ID, page.Request{})
	if err != nil || len(there.Rows) != 1 || there.Rows[0].Left != 1_000_000 || there.Rows[0].Project != project || there.Rows[0].Earmark.Programme != procedure.Joint ||
		!there.Rows[0].Earmark.To.IsZero() {
		t.Errorf("carried over: %+v, %v", there.Rows, err)
	}
	p, err := d.s.Project(t.Context(), d.Approver(), project, page.Request{})
	if err != nil || p.Received != 2_000_000 || p.Moved() != 500_000 || p.Held != 500_000 || p.Left != 1_000_000 || p.Committed != 0 {
		t.Errorf("the project: %+v, %v", p.FundProject, err)
	}
}

// project is a project of the library with an approved plan.
func (d *desk) project(code string) ident.ID {
	d.T.Helper()
	in := funding.SaveProject{Project: fund.Project{Code: code, Name: "关节置换协作项目", Year: 2026, Source: fund.DonorFiscal, Planned: 5_000_000, Unit: "协作办"}}
	id, err := d.s.SaveProject(d.T.Context(), d.Approver(), in, ident.Token())
	if err != nil {
		d.T.Fatal(err)
	}
	if _, err := d.s.StepProject(d.T.Context(), d.SecondApprover(), funding.StepProject{ID: id, Step: funding.ProjectApprove}, ident.Token()); err != nil {
		d.T.Fatal(err)
	}
	return id
}

func TestMoneyComesInForAProjectOnceASecondPersonApprovedItsPlan(t *testing.T) {
	d := newDesk(t, 0)
	in := funding.SaveProject{Project: fund.Project{Code: "xm-02", Name: "白内障协作项目", Year: 2026, Source: fund.Enterprise, Planned: 5_000_000, Unit: "协作办"}}
	id, err := d.s.SaveProject(t.Context(), d.Approver(), in, ident.Token())
	if err != nil {
		t.Fatal(err)
	}
	gift := funding.Deposit{Fund: d.fund.ID, Amount: 100, Note: "捐款", Project: id}
	_, err = d.s.Deposit(t.Context(), d.Approver(), gift, ident.Token())
	refusedBy(t, err, "fund.project_open")
	step := func(who user.Principal, s funding.ProjectStep) error {
		_, err := d.s.StepProject(t.Context(), who, funding.StepProject{ID: id, Step: s}, ident.Token())
		return err
	}
	refusedBy(t, step(d.Approver(), funding.ProjectApprove), "fund.four_eyes")
	if err := step(d.SecondApprover(), funding.ProjectApprove); err != nil {
		t.Fatal(err)
	}
	if _, err := d.s.Deposit(t.Context(), d.Approver(), gift, ident.Token()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.s.SaveProject(t.Context(), d.Approver(), in, ident.Token()); !errs.Of(err).Fields.Has("code") {
		t.Errorf("the code twice: %v", err)
	}
	if err := step(d.Approver(), funding.ProjectClose); err != nil {
		t.Fatal(err)
	}
	_, err = d.s.Deposit(t.Context(), d.Approver(), gift, ident.Token())
	refusedBy(t, err, "fund.project_open")
	for who, want := range map[string]int{"own": 1, "other": 0} {
		of := d.fund.ID
		if who == "other" {
			of = d.Fund(0).ID
		}
		if list, err := d.s.Projects(t.Context(), d.Steward(of), page.Request{}); err != nil || len(list.Rows) != want || want == 1 && list.Rows[0].Received != 100 {
			t.Errorf("the steward of the %s fund reads %+v, %v", who, list.Rows, err)
		}
	}
	if _, err := d.s.Project(t.Context(), d.Steward(d.Fund(0).ID), id, page.Request{}); !errs.Is(err, errs.NotFound) {
		t.Errorf("the steward of another fund reads it: %v", err)
	}
}

func TestTheFlowCountsCommittedMoneyByWhoseItWas(t *testing.T) {
	d := newDesk(t, 1_000_000)
	in := funding.Deposit{Fund: d.fund.ID, Amount: 1_200_000, Note: "企业捐款", Project: d.gift("XM-09"), Earmark: fund.Earmark{Programme: procedure.Joint}}
	if _, err := d.s.Deposit(t.Context(), d.Approver(), in, ident.Token()); err != nil {
		t.Fatal(err)
	}
	x, _ := d.approved(2_000_000)
	d.approved(100_000) // held, not committed
	flow := func(q funding.FlowQuery) map[fund.SourceKind]money.Fen {
		t.Helper()
		v, err := d.s.Flow(t.Context(), d.Approver(), q)
		if err != nil {
			t.Fatal(err)
		}
		out := map[fund.SourceKind]money.Fen{}
		for _, f := range v.Drawn {
			if f.Fund != d.fund.ID || f.Programme != procedure.Joint || f.Hospital != d.ID(servicetest.Mountain) || f.Times != 1 {
				t.Errorf("%+v", f)
			}
			out[f.Source] += f.Amount
		}
		return out
	}
	if got := flow(funding.FlowQuery{}); len(got) != 0 {
		t.Errorf("reserved money flows: %v", got)
	}
	s, err := d.settle(d.discharged(x), 1_500_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []funding.FlowQuery{{}, {Fund: d.fund.ID}, {From: d.Today(), To: d.Today()}} {
		if got := flow(q); got[fund.Enterprise] != 1_200_000 || got[fund.DonorFiscal] != 300_000 || len(got) != 2 {
			t.Errorf("%v", got)
		}
	}
	if got := flow(funding.FlowQuery{To: d.Today().AddDays(-1)}); len(got) != 0 {
		t.Errorf("before the first day: %v", got)
	}
	if v, err := d.s.Flow(t.Context(), d.Steward(d.Fund(0).ID), funding.FlowQuery{}); err != nil || len(v.Drawn) != 0 {
		t.Errorf("the steward of another fund sees %v, %v", v.Drawn, err)
	}
	if _, err := d.s.Flow(t.Context(), d.Finance(servicetest.Mountain), funding.FlowQuery{}); !errs.Is(err, errs.Forbidden) {
		t.Errorf("a hospital reads the flows: %v", err)
	}
	if _, err := d.s.Reverse(t.Context(), d.Finance(servicetest.Mountain), funding.Reversal{Settlement: s.Settlement, Reason: "金额有误", Version: d.Version(s.Settlement)}, ident.Token()); err != nil {
		t.Fatal(err)
	}
	if got := flow(funding.FlowQuery{}); len(got) != 0 {
		t.Errorf("taken back and still drawn: %v", got)
	}
}

// gift is a project an enterprise pays for.
func (d *desk) gift(code string) ident.ID {
	d.T.Helper()
	id := d.project(code)
	d.Exec(`update fund_project set source = 'enterprise' where id = $1`, id)
	return id
}

// Paying out moves money from committed to paid; where it went is the same.
func TestTheFlowIsTheSameAfterTheHospitalWasPaid(t *testing.T) {
	d := newDesk(t, 1_000_000)
	x, _ := d.approved(100_000)
	if _, err := d.settle(d.discharged(x), 100_000); err != nil {
		t.Fatal(err)
	}
	d.Do(d.Approver(), func(tx *store.Tx) error {
		books, err := tx.Books(d.fund.ID)
		if err != nil {
			return err
		}
		pay, err := books[d.fund.ID].Pay(fund.Stamp{ID: ident.New(), On: d.Today()}, 100_000)
		if err != nil {
			return err
		}
		return tx.PostTransfer(store.Posting{Transfer: pay, Fund: d.fund.ID, Treatment: x.ID})
	})
	v, err := d.s.Flow(t.Context(), d.Approver(), funding.FlowQuery{})
	if err != nil || len(v.Drawn) != 1 || v.Drawn[0].Amount != 100_000 || v.Drawn[0].Times != 1 {
		t.Errorf("%+v %v", v.Drawn, err)
	}
}

// What an audit gets back in a later month came from a deposit and from common money:
// each has its own back in that month, and the month of the payment stays as it was.
func TestWhatIsRecoveredLaterFlowsBackToWhereItCameFrom(t *testing.T) {
	d := newDesk(t, 1_000_000)
	in := funding.Deposit{Fund: d.fund.ID, Amount: 1_200_000, Note: "企业捐款", Project: d.gift("XM-10"), Earmark: fund.Earmark{Programme: procedure.Joint}}
	if _, err := d.s.Deposit(t.Context(), d.Approver(), in, ident.Token()); err != nil {
		t.Fatal(err)
	}
	x, a := d.approved(1_500_000)
	if _, err := d.settle(d.discharged(x), 1_500_000); err != nil {
		t.Fatal(err)
	}
	paid, later := d.Today(), d.Today().AddMonths(1)
	post := func(on clock.Date, move func(fund.Book, fund.Stamp) (fund.Transfer, error)) {
		t.Helper()
		d.Do(d.Approver(), func(tx *store.Tx) error {
			books, err := tx.Books(d.fund.ID)
			if err != nil {
				return err
			}
			m, err := move(books[d.fund.ID], fund.Stamp{ID: ident.New(), On: on})
			if err != nil {
				return err
			}
			return tx.PostForCase(store.Posting{Transfer: m, Fund: d.fund.ID, Treatment: x.ID, Approval: a}, false)
		})
	}
	post(paid, func(b fund.Book, s fund.Stamp) (fund.Transfer, error) { return b.Pay(s, 1_500_000) })
	post(later, func(b fund.Book, s fund.Stamp) (fund.Transfer, error) { return b.Recover(s, 700_000) })
	for name, c := range map[string]struct {
		q               funding.FlowQuery
		gift, fund      money.Fen
		drawn, returned money.Fen
	}{
		"the month of the payment": {funding.FlowQuery{To: later.AddDays(-1)}, 1_200_000, 300_000, 1_500_000, 0},
		"the month it came back":   {funding.FlowQuery{From: later, To: later}, -400_000, -300_000, 0, 700_000},
		"both":                     {funding.FlowQuery{}, 800_000, 0, 800_000, 0},
		"the fund, both":           {funding.FlowQuery{Fund: d.fund.ID, From: paid, To: later}, 800_000, 0, 800_000, 0},
		"after both":               {funding.FlowQuery{From: later.AddDays(1)}, 0, 0, 0, 0},
	} {
		v, err := d.s.Flow(t.Context(), d.Approver(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		got := map[fund.SourceKind]money.Fen{}
		for _, f := range append(v.Drawn, v.Back...) {
			got[f.Source] += f.Amount
			if f.Times != 1 {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if got[fund.Enterprise] != c.gift || got[fund.DonorFiscal] != c.fund || v.Sum() != c.drawn || v.Returned() != c.returned {
			t.Errorf("%s: %v, %s drawn, %s back", name, got, v.Sum(), v.Returned())
		}
	}
}
