package acuity

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	var keys []string
	for _, x := range Notations() {
		keys = append(keys, x.Label())
	}
	for _, x := range Corrections() {
		keys = append(keys, x.Label())
	}
	for _, x := range Rules() {
		keys = append(keys, x.Label())
	}
	for _, x := range Categories() {
		keys = append(keys, x.Label())
	}
	for _, x := range Stages() {
		keys = append(keys, x.Label())
	}
	i18ntest.Complete(t, keys)
}
