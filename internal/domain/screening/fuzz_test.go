package screening_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/clock"
	"github.com/shanhai-health/shanhai/internal/domain/screening"
)

// The boxes of an outreach form take what is said in a village: a date, an age, a
// pressure, or an error; never both a date and an age.
func FuzzBoxes(f *testing.F) {
	for _, s := range []string{"70", "70岁", "1956-04-07", "150/90", "１５０／９０", "-1/-1", "/", "999999999999999999999/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		birth, age, err := screening.ParseBorn(s, clock.MustDate(2026, 11, 23))
		if err == nil && !birth.IsZero() && age != nil {
			t.Errorf("%q is %s and %d", s, birth, *age)
		}
		if upper, lower, err := screening.ParsePressure(s); err == nil && (upper < 0 || lower < 0 || (upper == 0) != (lower == 0)) {
			t.Errorf("%q is %d/%d", s, upper, lower)
		}
	})
}
