package practitioner_test

import (
	"os"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/practitioner"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range labels() {
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, key) {
				t.Errorf("%s: no text for %q", lang, key)
			}
		}
	}
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
