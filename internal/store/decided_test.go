package store

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/domain/treatment"
)

// An emergency is closed when its application was approved or refused, or written off
// as an exception: what came back to who asked is no decision.
func TestOnlyADecisionOrAnExceptionDecidesALateApproval(t *testing.T) {
	for _, c := range []struct {
		state    fund.ApprovalState
		excepted bool
		decided  bool
	}{
		{"", false, false}, {fund.ApprovalRequested, false, false}, {fund.ApprovalReturned, false, false}, {fund.ApprovalWithdrawn, false, false}, {fund.ApprovalRevoked, false, false},
		{fund.ApprovalApproved, false, true}, {fund.ApprovalRefused, false, true}, {"", true, true}, {fund.ApprovalWithdrawn, true, true},
	} {
		f := careFactsRow{State: string(c.state), Excepted: c.excepted}.facts(Treatment{}, clock.MustDate(2026, 11, 1))
		if got := f.Has[treatment.ApprovalDecided]; got != c.decided {
			t.Errorf("%q, exception %t: decided %t", c.state, c.excepted, got)
		}
	}
}
