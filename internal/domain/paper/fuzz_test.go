package paper_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/paper"
)

// A code that is read comes out in its printed form, which reads the same; a QR
// code that is read has a signature to be checked.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "7K4M-20F9-ABCD", "SH1", "oooo-iiii-llll", "00000000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if code, ok := paper.ParseCode(s); ok {
			if again, ok := paper.ParseCode(code); !ok || again != code {
				t.Errorf("%q is %s, read again %s", s, code, again)
			}
		}
		if token, err := paper.Parse(s); err == nil && len(token.Signature) == 0 {
			t.Errorf("%q has no signature", s)
		}
	})
}
