package acuity

import (
	"os"
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestEveryLabelIsInBothCatalogues(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
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
	for _, key := range keys {
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, key) {
				t.Errorf("%s: no text for %q", lang, key)
			}
		}
	}
}
