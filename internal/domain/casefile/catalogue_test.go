package casefile_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/casefile"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, v := range casefile.States() {
		keys = append(keys, v.Label())
	}
	for _, v := range casefile.Closures() {
		keys = append(keys, v.Label())
	}
	for _, v := range casefile.Needs() {
		keys = append(keys, v.Label())
	}
	return keys
}
