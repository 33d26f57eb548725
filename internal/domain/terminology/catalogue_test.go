package terminology_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/terminology"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, x := range terminology.Categories() {
		keys = append(keys, x.Key())
	}
	return keys
}
