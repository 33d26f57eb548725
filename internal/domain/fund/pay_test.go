package fund_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/shanhai-health/shanhai/internal/domain/fund"
	"github.com/shanhai-health/shanhai/internal/errs"
	"github.com/shanhai-health/shanhai/internal/ident"
	"github.com/shanhai-health/shanhai/internal/money"
	"github.com/shanhai-health/shanhai/internal/scaletest"
)

func TestEveryKindOfTransferHasANumberOfItsOwn(t *testing.T) {
	id, seen := ident.New(), map[string]bool{}
	for _, k := range fund.Kinds() {
		no := fund.VoucherNo(k, id)
		if seen[no] || no[0] == '-' {
			t.Errorf("%s has the number %s", k, no)
		}
		seen[no] = true
	}
}

func TestOnlyASettlementMakesTheFundOwe(t *testing.T) {
	for _, k := range fund.Kinds() {
		if want := k == fund.KindCommit || k == fund.KindReimburse; k.Owes() != want {
			t.Errorf("%s owes: %v", k, !want)
		}
	}
}

// settled is a fund that owes and has paid.
func settled(available, owed, paid money.Fen) fund.Book {
	b := book(available)
	b.Balances.Committed, b.Balances.Paid, b.Balances.Source = owed, paid, -available-owed-paid
	return b
}

func TestOnlyWhatIsOwedIsPaidAndOnlyWhatIsPaidComesBack(t *testing.T) {
	for _, c := range []struct {
		asked        money.Fen
		pay, recover string // the rule that refuses
	}{
		{1, "", ""}, {200, "", ""}, {201, "", "fund.paid"}, {300, "", "fund.paid"}, {301, "fund.owed", "fund.paid"},
	} {
		b := settled(1000, 300, 200)
		x, err := b.Pay(stamp(), c.asked)
		if e := errs.Of(err); e.Rule != c.pay || c.pay != "" && (e.Args["owed"] != money.Fen(300) || e.Args["asked"] != c.asked) {
			t.Errorf("paying %s: %v", c.asked, err)
		} else if c.pay == "" {
			if got := post(t, b, x, err); x.Kind != fund.KindPay || got.Balances != settled(1000, 300-c.asked, 200+c.asked).Balances || got.Balances.Spent() != b.Balances.Spent() {
				t.Errorf("paying %s: %s %+v", c.asked, x.Kind, got.Balances)
			}
		}
		x, err = b.Recover(stamp(), c.asked)
		if e := errs.Of(err); e.Rule != c.recover || c.recover != "" && (e.Args["paid"] != money.Fen(200) || e.Args["asked"] != c.asked) {
			t.Errorf("recovering %s: %v", c.asked, err)
		} else if c.recover == "" {
			if got := post(t, b, x, err); x.Kind != fund.KindRecover || got.Balances != settled(1000+c.asked, 300, 200-c.asked).Balances {
				t.Errorf("recovering %s: %s %+v", c.asked, x.Kind, got.Balances)
			}
		}
	}
}

func TestNoPaymentOfNothing(t *testing.T) {
	b := settled(1000, 300, 200)
	for _, amount := range []money.Fen{0, -1, money.Max + 1} {
		_, e1 := b.Pay(stamp(), amount)
		_, e2 := b.Recover(stamp(), amount)
		onlyField(t, "pay "+amount.String(), e1, "amount")
		onlyField(t, "recover "+amount.String(), e2, "amount")
	}
}

// Whatever is paid, returned by the bank and recovered, in one lane or in several:
// the fund spent what it owes and what it paid, paying does not change that, and a
// returned payment is owed again.
func TestPayingMovesMoneyAndMakesNone(t *testing.T) {
	scaletest.Check(t, 100, func(rt *rapid.T) {
		b := book(5000)
		if n := rapid.IntRange(1, 4).Draw(rt, "lanes"); n > 1 {
			b = splitInto(b, n)
		}
		x, err := b.Reimburse(stamp(), money.Fen(rapid.Int64Range(1, 5000).Draw(rt, "owed")))
		b = post(rt, b, x, err)
		var payments []fund.Transfer
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			was := b.Balances
			amount := money.Fen(rapid.Int64Range(1, 3000).Draw(rt, "amount"))
			switch step := rapid.SampledFrom([]string{"pay", "recover", "returned"}).Draw(rt, "step"); {
			case step == "pay":
				x, err := b.Pay(stamp(), amount)
				if (err == nil) != (amount <= was.Committed) {
					rt.Fatalf("paying %s of %s: %v", amount, was.Committed, err)
				}
				if err == nil {
					b = post(rt, b, x, nil)
					payments = append(payments, x)
					if b.Balances.Spent() != was.Spent() || b.Balances.Paid != was.Paid+amount {
						rt.Fatalf("paying %s: %+v, then %+v", amount, was, b.Balances)
					}
				}
			case step == "recover":
				x, err := b.Recover(stamp(), amount)
				if (err == nil) != (amount <= was.Paid) {
					rt.Fatalf("recovering %s of %s: %v", amount, was.Paid, err)
				}
				if err == nil {
					b = post(rt, b, x, nil)
					if b.Balances.Spent() != was.Spent()-amount || b.Balances.Available != was.Available+amount {
						rt.Fatalf("recovering %s: %+v, then %+v", amount, was, b.Balances)
					}
				}
			case len(payments) > 0:
				last := payments[len(payments)-1]
				x, err := b.Reverse(stamp(), last)
				if err != nil { // recovered in the meantime
					continue
				}
				b, payments = post(rt, b, x, nil), payments[:len(payments)-1]
				if b.Balances.Spent() != was.Spent() || b.Balances.Committed <= was.Committed {
					rt.Fatalf("returned: %+v, then %+v", was, b.Balances)
				}
			}
			if s := b.Balances; s.Received() != 5000 || s.Available+s.Spent() != 5000 || s.Committed < 0 || s.Paid < 0 {
				rt.Fatalf("%+v", s)
			}
		}
	})
}
