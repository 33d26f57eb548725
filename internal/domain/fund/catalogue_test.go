package fund_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, v := range fund.AccountKinds() {
		keys = append(keys, v.Label())
	}
	for _, v := range fund.Kinds() {
		keys = append(keys, v.Label())
	}
	for _, v := range fund.ApprovalStates() {
		keys = append(keys, v.Label())
	}
	for _, v := range fund.Decisions() {
		keys = append(keys, v.Label())
	}
	for _, h := range []fund.HoldState{fund.HoldOpen, fund.HoldCommitted, fund.HoldReleased} {
		keys = append(keys, h.Label())
	}
	for _, v := range fund.Bounds() {
		keys = append(keys, v.Label())
	}
	keys = append(keys, fund.BoundObjection.Label())
	for _, v := range fund.Needs() {
		keys = append(keys, v.Label(), v.Label()+".next")
	}
	for _, v := range fund.Relations() {
		keys = append(keys, v.Label())
	}
	for _, v := range []fund.Lapse{fund.LapseRequeued, fund.LapseOpen, fund.LapseUpheld} {
		keys = append(keys, v.Label())
	}
	for _, v := range fund.Sources() {
		keys = append(keys, v.Label())
	}
	for _, v := range fund.Reasons() {
		keys = append(keys, v.Label(), v.Label()+".short")
	}
	for _, v := range fund.AppealStates() {
		keys = append(keys, v.Label())
	}
	for _, v := range fund.MoveKinds() {
		keys = append(keys, v.Label())
	}
	for _, v := range fund.ProjectStates() {
		keys = append(keys, v.Label())
	}
	for _, v := range fund.MoveStates() {
		keys = append(keys, v.Label())
	}
	keys = append(keys, fund.Pool.Label(), fund.History.Label())
	return keys
}
