package funding_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/user"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/service/funding"
)

// person is a further approver of the office.
func (d *desk) person(n byte) user.Principal {
	p := d.Approver()
	p.AccountID = ident.Derive(d.fund.ID, "approver "+string(n))
	return p
}

func TestMoneyMovesToAnotherFundAfterTwoSignatures(t *testing.T) {
	d := newDesk(t, 5_000_000)
	next := d.Fund(0)
	ask := fund.Move{Kind: fund.CarryOver, From: d.fund.ID, To: next.ID, Amount: 3_000_000, Rule: "资金管理办法第九条", Reason: "年终结转"}
	id, err := d.s.RequestMove(t.Context(), d.Approver(), ask, ident.Token())
	if err != nil {
		t.Fatal(err)
	}
	sign := func(who user.Principal) (fund.MoveState, error) {
		return d.s.DecideMove(t.Context(), who, funding.MoveDecision{Move: id, Approve: true, Version: d.Version(id)}, ident.Token())
	}
	_, err = sign(d.Approver())
	refusedBy(t, err, "fund.four_eyes")
	if state, err := sign(d.SecondApprover()); err != nil || state != fund.MoveSigned {
		t.Fatalf("%s, %v", state, err)
	}
	d.want(5_000_000, 5_000_000, 0, 0)
	_, err = sign(d.SecondApprover())
	refusedBy(t, err, "fund.two_approvers")
	if state, err := sign(d.person('3')); err != nil || state != fund.MoveDone {
		t.Fatalf("%s, %v", state, err)
	}
	d.want(2_000_000, 2_000_000, 0, 0)
	if b := d.balances(next.ID); b.Available != 3_000_000 {
		t.Errorf("the other fund has %s", b.Available)
	}
	_, err = sign(d.person('4'))
	refusedBy(t, err, "fund.move_over")
}

func TestReservedMoneyIsNotReturned(t *testing.T) {
	d := newDesk(t, 5_000_000)
	d.approved(2_000_000)
	ask := fund.Move{Kind: fund.Return, From: d.fund.ID, Amount: 3_000_001, Rule: "协议第五条", Reason: "年终退回"}
	_, err := d.s.RequestMove(t.Context(), d.Approver(), ask, ident.Token())
	refusedBy(t, err, "fund.sufficient_move")
	ask.Amount = 3_000_000
	id, err := d.s.RequestMove(t.Context(), d.Approver(), ask, ident.Token())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []byte("12") {
		if _, err := d.s.DecideMove(t.Context(), d.person(n), funding.MoveDecision{Move: id, Approve: true, Version: d.Version(id)}, ident.Token()); err != nil {
			t.Fatal(err)
		}
	}
	d.want(2_000_000, 0, 2_000_000, 0)
}
