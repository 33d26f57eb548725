package fund_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func TestMoneyLeavesItsPurposeUnderThreeHands(t *testing.T) {
	m := fund.Move{Kind: fund.ReEarmark, From: ident.New(), To: ident.New(), Amount: 100, Rule: "资金管理办法第九条", Reason: "项目结束", State: fund.MoveRequested, Requester: ident.New()}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Sign(m.Requester, ""); errs.Of(err).Rule != "fund.four_eyes" {
		t.Errorf("who asked signs: %v", err)
	}
	first := ident.New()
	m, err := m.Sign(first, "")
	if err != nil || m.State != fund.MoveSigned {
		t.Fatalf("%s, %v", m.State, err)
	}
	if _, err := m.Sign(first, ""); errs.Of(err).Rule != "fund.two_approvers" {
		t.Errorf("one person signs twice: %v", err)
	}
	if m, err = m.Sign(ident.New(), ""); err != nil || m.State != fund.MoveDone {
		t.Fatalf("%s, %v", m.State, err)
	}
	if _, err := m.Refuse(ident.New(), "晚了"); errs.Of(err).Rule != "fund.move_over" {
		t.Errorf("refused afterwards: %v", err)
	}
}

func TestAMoveNamesTheRuleAndWhereItGoes(t *testing.T) {
	from := ident.New()
	for path, m := range map[string]fund.Move{"rule": {Kind: fund.Return, From: from, Amount: 1, Reason: "年终"}, "to": {Kind: fund.CarryOver, From: from, To: from, Amount: 1, Rule: "办法", Reason: "年终"},
		"amount": {Kind: fund.Return, From: from, Rule: "办法", Reason: "年终"}, "kind": {From: from, To: ident.New(), Amount: 1, Rule: "办法", Reason: "年终"}} {
		if err := m.Check(); !errs.Of(err).Fields.Has(path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestReservedMoneyDoesNotLeave(t *testing.T) {
	b := book(1000)
	x, _, err := b.Reserve(stamp(), 400)
	b = post(t, b, x, err)
	if _, err := b.Leave(stamp(), fund.KindReturn, 601); errs.Of(err).Rule != "fund.sufficient_move" {
		t.Errorf("more than is free leaves: %v", err)
	}
	x, err = b.Leave(stamp(), fund.KindReturn, 600)
	b = post(t, b, x, err)
	if b.Balances.Available != 0 || b.Balances.Received() != 400 {
		t.Errorf("left %+v", b.Balances)
	}
}
