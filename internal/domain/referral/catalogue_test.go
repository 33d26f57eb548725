package referral_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/referral"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, v := range referral.Kinds() {
		keys = append(keys, v.Label())
	}
	for _, v := range referral.States() {
		keys = append(keys, v.Label())
	}
	for _, v := range referral.Actions() {
		keys = append(keys, v.Label())
	}
	for _, r := range referral.Table() {
		keys = append(keys, r.By.Label())
	}
	for _, v := range referral.Purposes() {
		keys = append(keys, v.Label())
	}
	for _, v := range referral.Urgencies() {
		keys = append(keys, v.Label())
	}
	return keys
}
