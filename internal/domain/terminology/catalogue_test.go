package terminology_test

import (
	"os"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/terminology"
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
	for _, x := range terminology.Categories() {
		keys = append(keys, x.Key())
	}
	return keys
}
