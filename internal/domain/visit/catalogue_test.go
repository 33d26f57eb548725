package visit_test

import (
	"os"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/visit"
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
