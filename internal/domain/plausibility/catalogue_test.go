package plausibility_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/plausibility"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) { i18ntest.Complete(t, labels()) }

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, v := range plausibility.Checks() {
		keys = append(keys, v.Label())
	}
	for _, v := range plausibility.Silences() {
		keys = append(keys, v.Label())
	}
	for _, v := range plausibility.Verdicts() {
		keys = append(keys, v.Label())
	}
	for _, v := range plausibility.States() {
		keys = append(keys, v.Label())
	}
	for _, kind := range plausibility.Kinds() {
		keys = append(keys, plausibility.KindLabel(kind))
	}
	return keys
}
