package treatment_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/treatment"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, v := range treatment.States() {
		keys = append(keys, v.Label())
	}
	for _, v := range treatment.Paths() {
		keys = append(keys, v.Label())
	}
	for _, v := range treatment.Actions() {
		keys = append(keys, v.Label())
	}
	for _, f := range treatment.AllFacts() {
		keys = append(keys, f.Label(), f.Remedy())
	}
	for _, r := range treatment.Table() {
		if r.Mark != "" {
			keys = append(keys, r.Mark.Label())
		}
	}
	return keys
}
