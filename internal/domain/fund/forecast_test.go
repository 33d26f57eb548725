package fund_test

import (
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/money"
)

func TestAFundRunsDryAtThePaceOfTheLastDays(t *testing.T) {
	for _, c := range []struct {
		available, spent money.Fen
		days             int
		known            bool
	}{{9000, 9000, 90, true}, {4500, 9000, 45, true}, {0, 9000, 0, true}, {9000, 0, 0, false}, {9000, -1, 0, false}, {9_000_000, 9000, 0, false}} {
		got, known := fund.RunsDry(c.available, c.spent, 90, day)
		if known != c.known || known && got != day.AddDays(c.days) {
			t.Errorf("%s at %s in 90 days: %s, %v", c.available, c.spent, got, known)
		}
	}
}
