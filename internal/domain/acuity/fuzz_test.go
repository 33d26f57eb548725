package acuity_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/acuity"
)

// Whatever a chart is said to read, in any notation, is a value or an error.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"4.5", "0.3", "6/18", "20/60", "LogMAR: 0.48", "CF/30cm", "指数", "6/0", "-0.1", "９"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, n := range acuity.Notations() {
			if v, err := acuity.Parse(s, n); err != nil && v != "" {
				t.Errorf("%q in %s: %q and %v", s, n, v, err)
			}
		}
	})
}
