package patient_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/patient"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, x := range patient.DocumentKinds() {
		keys = append(keys, x.Key())
	}
	for _, x := range patient.DeathSources() {
		keys = append(keys, x.Label())
	}
	for _, x := range patient.DeathStates() {
		keys = append(keys, x.Label())
	}
	for _, x := range []patient.Sex{patient.Male, patient.Female, patient.SexUnknown} {
		keys = append(keys, x.Key())
	}
	for _, x := range []patient.LegalBasis{patient.BasisStatutory, patient.BasisConsent, patient.BasisHistory} {
		keys = append(keys, x.Key())
	}
	return keys
}
