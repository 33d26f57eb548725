package payout_test

import (
	"os"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/payout"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"payout.action.approve", "payout.action.cancel", "payout.action.file", "payout.action.pay"}
	keys = append(keys, labels(payout.Payees()...)...)
	keys = append(keys, labels(payout.RunStates()...)...)
	keys = append(keys, labels(payout.LineStates()...)...)
	keys = append(keys, labels(payout.Relations()...)...)
	keys = append(keys, labels(payout.AccountStates()...)...)
	keys = append(keys, labels(payout.FindingSources()...)...)
	keys = append(keys, labels(payout.RecoveryStates()...)...)
	keys = append(keys, labels(payout.Hows()...)...)
	for _, key := range keys {
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, key) {
				t.Errorf("%s: no text for %q", lang, key)
			}
		}
	}
}

func labels[T interface{ Label() string }](values ...T) (keys []string) {
	for _, v := range values {
		keys = append(keys, v.Label())
	}
	return keys
}
