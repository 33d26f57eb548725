package device_test

import (
	"os"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range labelsOf() {
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, key) {
				t.Errorf("%s: no text for %q", lang, key)
			}
		}
	}
}

// labelsOf are the message keys the package can make.
func labelsOf() (keys []string) {
	for _, x := range device.Roles("") {
		keys = append(keys, x.Label())
	}
	for _, x := range device.Materials() {
		keys = append(keys, x.Label())
	}
	for _, x := range device.Rules() {
		keys = append(keys, x.Label(), device.Warning{Rule: x}.Key())
	}
	for _, x := range device.FaultCodes() {
		keys = append(keys, (&device.Fault{Code: x}).Key())
	}
	for _, x := range device.Outcomes() {
		keys = append(keys, x.Label())
	}
	return keys
}
