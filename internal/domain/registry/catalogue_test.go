package registry

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n/i18ntest"
)

func TestEveryQuestionAndAnswerIsInBothCatalogues(t *testing.T) {
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
	i18ntest.Complete(t, keys)
}
