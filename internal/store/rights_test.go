package store

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/ident"
)

// A node that missed more changes than are kept, or one that may concern anybody,
// looks at everybody again.
func TestWhoseRightsChangedSince(t *testing.T) {
	a, b := ident.New(), ident.New()
	v := RightsVersion{Number: 10, recent: []ident.ID{a, b, ident.Nil, a}}
	for _, c := range []struct {
		seen int64
		want int
		ok   bool
	}{{9, 1, true}, {8, 2, true}, {7, 0, false}, {10, 0, true}, {5, 0, false}, {0, 0, false}, {11, 0, false}} {
		got, ok := v.Since(c.seen)
		if ok != c.ok || ok && len(got) != c.want {
			t.Errorf("since %d: %v %v", c.seen, got, ok)
		}
	}
}
