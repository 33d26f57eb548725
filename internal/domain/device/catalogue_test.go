package device_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/device"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labelsOf())
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
