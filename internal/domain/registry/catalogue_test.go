package registry

import (
	"os"
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

func TestEveryQuestionAndAnswerIsInBothCatalogues(t *testing.T) {
	cat, err := i18n.Load(os.DirFS("../../../web/i18n"))
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, f := range Forms() {
		keys = append(keys, f.Label())
		seen := map[string]bool{}
		for _, x := range append(Fields(f), RowFields(f)...) {
			if seen[x.Key] {
				t.Errorf("%s asks %s twice", f, x.Key)
			}
			seen[x.Key] = true
			keys = append(keys, x.Label(), x.SectionLabel())
			for _, o := range x.Options {
				keys = append(keys, x.OptionLabel(o))
			}
		}
	}
	for _, k := range DerivedKeys() {
		keys = append(keys, Derived{Key: k}.Label())
	}
	for _, key := range keys {
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, key) {
				t.Errorf("%s: no text for %q", lang, key)
			}
		}
	}
}
