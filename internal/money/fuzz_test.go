package money_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/money"
)

// What is read as an amount is within the bound and comes out of its own spelling
// the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"1,234.50", "￥1234", "0.1万元", "-5", "1e9", "１２３．４", "99999999999999999999", "−0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := money.Parse(s)
		if err != nil {
			return
		}
		if a > money.Max || a < -money.Max {
			t.Errorf("%q is %d", s, a)
		}
		if again, err := money.Parse(a.Plain()); err != nil || again != a {
			t.Errorf("%q is %s, read again %s: %v", s, a.Plain(), again.Plain(), err)
		}
	})
}
