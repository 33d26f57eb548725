// Package i18ntest asks the catalogues of the product whether they hold what a
// room of the domain can say. Only tests use it.
package i18ntest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/shanhai-health/shanhai/internal/i18n"
)

// Complete reports each key that has no text in one of the languages. A room
// that names no key at all has forgotten to ask.
func Complete(t *testing.T, keys []string) {
	t.Helper()
	dir := "web"
	for range 6 { // from the folder of the test upwards
		if _, err := os.Stat(filepath.Join(dir, "i18n")); err == nil {
			break
		}
		dir = filepath.Join("..", dir)
	}
	cat, err := i18n.Load(os.DirFS(filepath.Join(dir, "i18n")))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) == 0 {
		t.Error("no key was asked for")
	}
	for _, key := range keys {
		for _, lang := range i18n.Langs() {
			if !cat.Has(lang, key) {
				t.Errorf("%s: no text for %q", lang, key)
			}
		}
	}
}
