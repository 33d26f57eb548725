package procedure_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/procedure"
	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	i18ntest.Complete(t, labels())
}

// labels are the message keys the package can make.
func labels() (keys []string) {
	for _, p := range procedure.Programmes() {
		keys = append(keys, p.Label())
		for _, k := range procedure.Kinds(p) {
			keys = append(keys, k.Label())
		}
		for _, a := range procedure.AnaesthesiaFor(p) {
			keys = append(keys, a.Label())
		}
	}
	for _, s := range procedure.Sites() {
		keys = append(keys, s.Label())
		for _, v := range procedure.Indications(s) {
			keys = append(keys, v.Label())
		}
	}
	for _, s := range procedure.Sides() {
		keys = append(keys, s.Label(), s.EyeLabel())
	}
	for _, r := range procedure.Rules() {
		keys = append(keys, procedure.Warning{Rule: r}.Key())
	}
	for _, v := range procedure.Fixations() {
		keys = append(keys, v.Label())
	}
	for _, v := range procedure.Plans() {
		keys = append(keys, v.Label())
	}
	for _, v := range procedure.Syndromes() {
		keys = append(keys, v.Label())
	}
	for _, v := range procedure.Accesses() {
		keys = append(keys, v.Label())
	}
	for _, v := range procedure.Vessels() {
		keys = append(keys, v.Label())
	}
	return keys
}
