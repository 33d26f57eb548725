package payout_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	keys := []string{"payout.action.approve", "payout.action.cancel", "payout.action.file", "payout.action.pay"}
	keys = append(keys, labels(payout.Payees()...)...)
	keys = append(keys, labels(payout.RunStates()...)...)
	keys = append(keys, labels(payout.LineStates()...)...)
	keys = append(keys, labels(payout.Relations()...)...)
	keys = append(keys, labels(payout.AccountStates()...)...)
	keys = append(keys, labels(payout.FindingSources()...)...)
	keys = append(keys, labels(payout.RecoveryStates()...)...)
	keys = append(keys, labels(payout.Hows()...)...)
	i18ntest.Complete(t, keys)
}

func labels[T interface{ Label() string }](values ...T) (keys []string) {
	for _, v := range values {
		keys = append(keys, v.Label())
	}
	return keys
}
