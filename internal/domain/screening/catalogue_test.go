package screening_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/screening"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, x := range screening.Triages() {
		keys = append(keys, x.Label())
	}
	for _, x := range screening.Answers() {
		keys = append(keys, x.Label())
	}
	for _, x := range screening.Reasons() {
		keys = append(keys, x.Label())
	}
	for _, x := range screening.Sides() {
		keys = append(keys, x.Label())
	}
	for _, x := range screening.Walkings() {
		keys = append(keys, x.Label())
	}
	for _, x := range screening.ChestPains() {
		keys = append(keys, x.Label())
	}
	return keys
}
