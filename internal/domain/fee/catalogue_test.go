package fee_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fee"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, l := range (fee.Settlement{}).Layers() {
		keys = append(keys, l.Label())
	}
	for _, x := range fee.Steps() {
		keys = append(keys, x.Label())
	}
	return append(keys, fee.Warning{Rule: fee.RuleFree}.Key())
}
