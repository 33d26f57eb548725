package fund_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
)

func request() fund.Approval {
	return fund.Approval{State: fund.ApprovalRequested, Amount: 20000, Requester: ident.New(), Registrar: ident.New()}
}

func TestDecisionsFollowTheTable(t *testing.T) {
	want := map[fund.ApprovalState]map[fund.Decision]fund.ApprovalState{
		fund.ApprovalRequested: {fund.DecideApprove: fund.ApprovalApproved, fund.DecideRefuse: fund.ApprovalRefused,
			fund.DecideReturn: fund.ApprovalReturned, fund.DecideWithdraw: fund.ApprovalWithdrawn},
		fund.ApprovalApproved: {fund.DecideRevoke: fund.ApprovalRevoked, fund.DecideUphold: fund.ApprovalApproved},
	}
	for _, s := range fund.ApprovalStates() {
		for _, d := range fund.Decisions() {
			a := request()
			a.State, a.Lapse = s, fund.LapseOpen
			got, err := fund.Decide(a, d, ident.New(), "理由")
			to, ok := want[s][d]
			if ok && (err != nil || got.State != to || got.Decider == ident.Nil) {
				t.Errorf("%s of %s: %v, %v", d, s, got.State, err)
			}
			if !ok && (errs.Of(err).Rule != "fund.approval_order" || got.State != s) {
				t.Errorf("%s of %s: %v, %v", d, s, got.State, err)
			}
		}
	}
}

func TestNobodyDecidesOnTheirOwnCase(t *testing.T) {
	a := request()
	for key, by := range map[string]ident.ID{"error.fund.own_request": a.Requester, "error.fund.own_registration": a.Registrar,
		"error.fund.decider_missing": ident.Nil} {
		for _, d := range []fund.Decision{fund.DecideApprove, fund.DecideRefuse, fund.DecideReturn} {
			_, err := fund.Decide(a, d, by, "理由")
			if e := errs.Of(err); e.Rule != "fund.four_eyes" || e.Key != key {
				t.Errorf("%s: %v", d, err)
			}
		}
	}
	if _, err := fund.Decide(a, fund.DecideWithdraw, a.Requester, ""); err != nil {
		t.Errorf("the requester cannot withdraw: %v", err)
	}
	if err := fund.FourEyes(ident.New(), a.Requester, a.Registrar); err != nil {
		t.Errorf("a third person: %v", err)
	}
}

func TestANoNeedsAReason(t *testing.T) {
	for _, d := range []fund.Decision{fund.DecideRefuse, fund.DecideReturn} {
		if _, err := fund.Decide(request(), d, ident.New(), ""); !errs.Of(err).Fields.Has("opinion") {
			t.Errorf("%s: %v", d, err)
		}
	}
	if _, err := fund.Decide(request(), fund.DecideApprove, ident.New(), ""); err != nil {
		t.Errorf("a yes needs none: %v", err)
	}
}

func TestATreatmentHasOneLiveRequest(t *testing.T) {
	for _, s := range fund.ApprovalStates() {
		err := fund.Request(20000, []fund.ApprovalState{fund.ApprovalRefused, s})
		if live := s == fund.ApprovalRequested || s == fund.ApprovalApproved; live != errs.Is(err, errs.Conflict) || !live && err != nil {
			t.Errorf("beside %s: %v", s, err)
		}
	}
}
