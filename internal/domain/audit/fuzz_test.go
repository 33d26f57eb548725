package audit_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/audit"
)

// The detail of an event is what somebody wrote into a row: facts or an error.
func FuzzParseDetail(f *testing.F) {
	for _, s := range []string{`{"rows":3}`, `{"a":{"b":[1,null]}}`, `[]`, `{`, "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if facts, err := audit.ParseDetail(s); err != nil && facts != nil {
			t.Errorf("%q: %v and %v", s, facts, err)
		}
	})
}
