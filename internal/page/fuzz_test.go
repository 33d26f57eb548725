package page_test

import (
	"testing"
	"time"

	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/page"
)

// A cursor comes from the address and may be anything: it is a place in the list or
// an error.
func FuzzCursor(f *testing.F) {
	f.Add(page.Encode(time.Unix(0, 0).UTC(), ident.Nil))
	f.Add("WyIyMDI1LTEwLTI2Il0")
	f.Add("not base64 \x00")
	f.Fuzz(func(t *testing.T, s string) {
		var at time.Time
		var id ident.ID
		given, err := page.Request{After: s}.Cursor(&at, &id)
		if err == nil && given == (s == "") {
			t.Errorf("%q: given %v", s, given)
		}
	})
}
