package fund_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

// What was committed is never released: whatever was spent of the hold, and
// whatever the fund did since.
func TestAHoldIsNotReleasedAfterItCommitted(t *testing.T) {
	scaletest.Check(t, 100, func(t *rapid.T) {
		fen := func(name string, most int) money.Fen { return money.Fen(rapid.IntRange(1, most).Draw(t, name)) }
		b := book(5_000_000)
		held := fen("held", 1_000_000)
		x, h, err := b.Reserve(stamp(), held)
		b = post(t, b, x, err)
		spent := fen("spent", 2*int(held))
		x, h, err = b.Commit(stamp(), h, fund.Spending{Spent: spent, TopUp: max(spent-held, 0)})
		b = post(t, b, x, err)
		for range rapid.IntRange(0, 5).Draw(t, "later") {
			switch rapid.SampledFrom([]string{"deposit", "pay", "reserve"}).Draw(t, "step") {
			case "deposit":
				x, err = b.Deposit(stamp(), fen("amount", 1_000_000))
			case "pay":
				if b.Balances.Committed == 0 {
					continue
				}
				x, err = b.Pay(stamp(), fen("amount", int(b.Balances.Committed)))
			case "reserve":
				x, _, err = b.Reserve(stamp(), fen("amount", 100_000))
			}
			b = post(t, b, x, err)
		}
		for name, again := range map[string]func() error{
			"released":  func() error { _, _, err := b.Release(stamp(), h); return err },
			"committed": func() error { _, _, err := b.Commit(stamp(), h, fund.Spending{Spent: 1}); return err },
			"given up":  func() error { _, _, err := b.Commit(stamp(), h, fund.Spending{}); return err },
		} {
			if e := errs.Of(again()); e == nil || e.Rule != "fund.hold_once" {
				t.Fatalf("a committed hold was %s: %v", name, e)
			}
		}
	})
}
