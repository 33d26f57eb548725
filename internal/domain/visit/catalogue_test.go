package visit_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/visit"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, v := range visit.Bands() {
		keys = append(keys, v.Label())
	}
	for _, v := range visit.States() {
		keys = append(keys, v.Label())
	}
	for _, v := range visit.Duties() {
		keys = append(keys, v.Label())
	}
	for _, v := range visit.DayParts() {
		keys = append(keys, v.Label())
	}
	for _, v := range visit.Outcomes() {
		keys = append(keys, v.Label())
	}
	for _, v := range visit.Lessons() {
		keys = append(keys, v.Label())
	}
	for _, v := range visit.Gatherings() {
		keys = append(keys, v.Label())
	}
	return keys
}
