package practitioner_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, v := range practitioner.Grades() {
		keys = append(keys, v.Label())
	}
	for _, v := range practitioner.Specialties() {
		keys = append(keys, v.Label())
	}
	for _, v := range practitioner.LicenceStates() {
		keys = append(keys, v.Label())
	}
	for _, v := range practitioner.Findings() {
		keys = append(keys, v.Label())
	}
	for _, v := range practitioner.ExceptionStates() {
		keys = append(keys, v.Label())
	}
	for _, v := range practitioner.LadderRoles() {
		keys = append(keys, v.Label())
	}
	return keys
}
