package fund_test

import (
	"slices"
	"testing"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/ident"
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

func TestReservationsAreCountedInGroupsThatGrowOlder(t *testing.T) {
	if ages := fund.Ages(); len(ages) == 0 || ages[0] <= 0 || !slices.IsSorted(ages) || len(slices.Compact(slices.Clone(ages))) != len(ages) {
		t.Errorf("%v", ages)
	}
}

// An account of another kind has no id: a transfer that names it would be refused
// by the books, and never posted to one of the five.
func TestOnlyTheFiveAccountsOfAFundHaveAnId(t *testing.T) {
	a := fund.Accounts{Source: ident.New(), Available: ident.New(), Reserved: ident.New(), Committed: ident.New(), Paid: ident.New()}
	seen := map[ident.ID]bool{ident.Nil: true}
	for _, kind := range []fund.Account{fund.Source, fund.Available, fund.Reserved, fund.Committed, fund.Paid} {
		if id := a.ID(kind); seen[id] {
			t.Errorf("%s has the id of another account", kind)
		} else {
			seen[id] = true
		}
	}
	if id := a.ID("petty_cash"); id != ident.Nil {
		t.Errorf("an account that is none: %s", id)
	}
}
