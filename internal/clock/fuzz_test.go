package clock_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
)

// Whatever is typed as a day is a day that is written and read back the same, or
// an error.
func FuzzParseSpelling(f *testing.F) {
	for _, s := range []string{"2026-11-23", "2026年11月23日", "20261123", "11-23", "今天", "-3", "２０２６．２．３０", "99999-1-1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := clock.ParseSpelling(s, clock.MustDate(2026, 11, 23))
		if err != nil {
			return
		}
		if again, err := clock.ParseDate(d.String()); err != nil || again != d {
			t.Errorf("%q is %s, read again %s: %v", s, d, again, err)
		}
	})
}
